"""A song as notes."""

from __future__ import annotations

from attrs import frozen

from ._base import Made, Result


@frozen(kw_only=True)
class MidiNote(Result):
    """One note."""

    pitch: int | None = None
    """The MIDI number of the note, 60 being the middle C."""
    start: float | None = None
    """When it begins, in seconds."""
    end: float | None = None
    """When it ends, in seconds."""
    velocity: float | None = None
    """How hard it is struck, in the figures of the service (seen: 1)."""


@frozen(kw_only=True)
class MidiInstrument(Result):
    """What one instrument plays."""

    name: str | None = None
    """The instrument, for example `Electric Bass (finger)`."""
    notes: tuple[MidiNote, ...] = ()
    """Its notes."""


@frozen(kw_only=True)
class Midi(Made):
    """The notes of a song; there may be none, though the task is complete."""

    state: str | None = None
    """The service's word for how it went, for example `complete`."""
    instruments: tuple[MidiInstrument, ...] = ()
    """The instruments; empty where the service found no notes, as seen after `split_stem`."""
    audio_id: str | None = None
    """The id of the stem that they were taken from."""
    record_task_id: int | None = None
    """A number of the service's own; -1 has been seen."""

    @property
    def is_ready(self) -> bool:
        """Whether the service has said what it found."""
        return self.state is not None or bool(self.instruments)
