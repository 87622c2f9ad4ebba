"""Personas, and voices of your own."""

from __future__ import annotations

from attrs import frozen

from ._base import Given, Result


@frozen(kw_only=True)
class Persona(Result):
    """A persona taken from a track; operations take it as `persona_id`."""

    persona_id: str
    """Its id."""
    name: str | None = None
    """Its name."""
    description: str | None = None
    """What it is like."""


@frozen(kw_only=True)
class VoicePhrase(Result):
    """The phrase that must be sung and recorded before a voice is made."""

    task_id: str | None = None
    """The id of the task that made it; `generate_voice` takes the phrase itself instead."""
    validate_info: Given | None = None
    """The words to be sung."""
    status: str | None = None
    """The service's word, `wait_validating` until a voice was made from it."""

    @property
    def is_ready(self) -> bool:
        """Whether there is a phrase."""
        return self.validate_info is not None


@frozen(kw_only=True)
class Voice(Result):
    """A voice of your own; operations take it as `persona_id`."""

    voice_id: Given | None = None
    """Its id."""
    task_id: str | None = None
    """The id of the task that made it; `check_voice` takes the voice itself instead."""
    status: str | None = None
    """The service's word."""

    @property
    def is_ready(self) -> bool:
        """Whether there is a voice."""
        return self.voice_id is not None
