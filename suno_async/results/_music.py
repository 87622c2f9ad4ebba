"""Songs, and what comes of them as files."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from ._base import FileLink, FromTrack, Given, Result, Url, expiry


@frozen(kw_only=True)
class Track(Result):
    """One song. Each task makes two, which share their title."""

    id: str
    """The audio id, a UUID; other operations take the track itself instead."""
    task_id: str | None = None
    """The id of the task that made it."""
    model: str | None = None
    """The model that was asked for; extending must use the same. See `model_name`."""
    title: str | None = None
    """The title."""
    tags: str | None = None
    """The style, as tags."""
    prompt: str | None = None
    """The words that are sung, with section tags such as `[Verse]`."""
    audio_url: Url | None = None
    """The file, once it is ready: after 2 to 3 minutes, kept for 15 days at most."""
    stream_audio_url: Url | None = None
    """A stream, playable from 30 to 40 seconds on."""
    image_url: Url | None = None
    """The cover image."""
    source_audio_url: Url | None = None
    """Where the file came from; often missing, at times the only link that is there."""
    source_stream_audio_url: Url | None = None
    """Where the stream came from; often missing."""
    source_image_url: Url | None = None
    """Where the image came from; often missing."""
    model_name: str | None = None
    """The service's own name of the engine, for example `chirp-crow`."""
    create_time: datetime | None = None
    """When it was made."""
    duration: float | None = None
    """Its length in seconds, once it is known."""
    parent_music_id: Given | None = None
    """The audio id of the track that it extends."""
    operation_type: str | None = None
    """How it was made, in the service's word, for example `upload_cover`."""

    @property
    def is_ready(self) -> bool:
        """Whether the file can be downloaded: from `audio_url`, else from `source_audio_url`."""
        return self._file is not None

    @property
    def files(self) -> tuple[FileLink, ...]:
        """The song, and its cover image; the service's sources where its own links are empty."""
        title = self.title or ""
        image = self.image_url or self.source_image_url
        return (
            FileLink(url=self._file, title=title, id=self.id, suffix=".mp3"),
            FileLink(url=image, title=title, id=self.id, suffix=".jpeg"),
        )

    @property
    def playable_url(self) -> str | None:
        """What can be heard now: the file, else the stream (from 30 to 40 seconds on)."""
        return self._file or self.stream_audio_url or self.source_stream_audio_url

    @property
    def _file(self) -> str | None:
        return self.audio_url or self.source_audio_url

    def _repr_html_(self) -> str:
        """A player, which notebooks show in the place of the fields."""
        from html import escape  # noqa: PLC0415 its table of entities is for notebooks alone

        url = self.playable_url or ""
        player = f'<audio controls preload="none" src="{escape(url)}"></audio>'
        if not url.lower().startswith(("http://", "https://")):  # a script's address is one, too
            player = "<em>nothing to hear yet</em>"
        caption = f"{escape(self.title or 'Untitled')} [{escape(self.id[:8])}]"
        return f"<figure><figcaption>{caption}</figcaption>{player}</figure>"

    @property
    def expires_at(self) -> datetime | None:
        """When the service deletes the file: 15 days after it was made, sometimes sooner."""
        return expiry(self.create_time)


@frozen(kw_only=True)
class WavFile(FromTrack):
    """A track as WAV."""

    audio_wav_url: Url | None = None
    """The file, kept for 15 days at most."""

    @property
    def is_ready(self) -> bool:
        """Whether the file can be downloaded."""
        return self.audio_wav_url is not None

    @property
    def files(self) -> tuple[FileLink, ...]:
        """The WAV."""
        whose = self.music_id or self.task_id
        return (FileLink(url=self.audio_wav_url, title="Song", id=whose, suffix=".wav"),)


@frozen(kw_only=True)
class RecoveredAudio(Result):
    """One track of a task whose audio was lost, brought back or not."""

    id: str
    """The audio id."""
    audio_url: Url | None = None
    """The file, `None` if it did not come back; it may be an `.m4a`."""
    title: str | None = None
    """The title, `None` if it did not come back."""
    status: str | None = None
    """`success` or `failed`, for this one alone."""
    error: str | None = None
    """Why it did not come back, in the service's word, for example `clip_not_complete`."""

    @property
    def is_ready(self) -> bool:
        """Whether the file can be downloaded."""
        return self.audio_url is not None

    @property
    def files(self) -> tuple[FileLink, ...]:
        """The song."""
        title = self.title or ""
        return (FileLink(url=self.audio_url, title=title, id=self.id, suffix=".mp3"),)
