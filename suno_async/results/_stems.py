"""A song taken apart."""

from __future__ import annotations

from attrs import fields, frozen

from ._base import FileLink, FromTrack, Result, Url


@frozen(kw_only=True)
class StemAudio(Result):
    """The audio of one stem."""

    id: str | None = None
    """Its id; `generate_midi` takes the stem itself instead."""
    audio_url: Url | None = None
    """The file."""
    duration: float | None = None
    """Its length in seconds."""


@frozen(kw_only=True)
class Stem(StemAudio):
    """One stem, as the record lists it."""

    stem_type_group_name: str | None = None
    """What it is, for example `Vocals`."""
    extract: StemAudio | None = None
    """The stem alone; type `split_stem_advanced` only."""
    remove: StemAudio | None = None
    """The song without it; type `split_stem_advanced` only."""

    @property
    def is_ready(self) -> bool:
        """Whether there is a file."""
        parts = (self, self.extract, self.remove)
        return any(part is not None and part.audio_url is not None for part in parts)


@frozen(kw_only=True)
class Stems(FromTrack):
    """A song taken apart; what the chosen type does not make is `None`."""

    id: str | None = None
    """The separation's id; often missing."""
    origin_url: Url | None = None
    """The whole song; often missing."""
    vocal_url: Url | None = None
    """The lead voice."""
    instrumental_url: Url | None = None
    """All but the voice; type `separate_vocal` only."""
    backing_vocals_url: Url | None = None
    """The backing voices; this and all below: type `split_stem` only."""
    drums_url: Url | None = None
    """The drums."""
    bass_url: Url | None = None
    """The bass."""
    guitar_url: Url | None = None
    """The guitar."""
    piano_url: Url | None = None
    """The piano; only the sister service names one."""
    keyboard_url: Url | None = None
    """The keyboard."""
    percussion_url: Url | None = None
    """The percussion."""
    strings_url: Url | None = None
    """The strings."""
    synth_url: Url | None = None
    """The synthesizer."""
    fx_url: Url | None = None
    """The effects."""
    brass_url: Url | None = None
    """The brass."""
    woodwinds_url: Url | None = None
    """The woodwinds."""
    origin_data: tuple[Stem, ...] = ()
    """The stems with their ids; with type `split_stem_advanced` the only place where they are."""

    @property
    def urls(self) -> dict[str, str]:
        """The files that are there by the name of the stem, such as `vocal` or `drums`."""
        names = (one.name for one in fields(Stems) if one.name.endswith("_url"))
        found = {name.removesuffix("_url"): getattr(self, name) for name in names}
        return {name: url for name, url in found.items() if url is not None and name != "origin"}

    @property
    def files(self) -> tuple[FileLink, ...]:
        """The stems that are there, each once."""
        named = [(name.replace("_", " ").capitalize(), url) for name, url in self.urls.items()]
        for stem in self.origin_data:
            name = stem.stem_type_group_name or "Stem"
            parts = ((name, stem), (f"{name} alone", stem.extract), (f"No {name}", stem.remove))
            named += [(title, part.audio_url) for title, part in parts if part and part.audio_url]
        once = {url: title for title, url in reversed(named)}
        whose = self.task_id or self.id
        return tuple(
            FileLink(url=url, title=title, id=whose, suffix=".mp3")
            for url, title in reversed(once.items())
        )

    @property
    def is_ready(self) -> bool:
        """Whether there is any stem."""
        return bool(self.urls) or any(stem.is_ready for stem in self.origin_data)
