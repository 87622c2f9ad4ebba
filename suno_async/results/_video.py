"""Videos and images of songs."""

from __future__ import annotations

from attrs import frozen

from ._base import FileLink, FromTrack, Made, Url


@frozen(kw_only=True)
class MusicVideo(FromTrack):
    """A track as a video."""

    video_url: Url | None = None
    """The MP4 file."""

    @property
    def is_ready(self) -> bool:
        """Whether the file can be downloaded."""
        return self.video_url is not None

    @property
    def files(self) -> tuple[FileLink, ...]:
        """The video."""
        whose = self.music_id or self.task_id
        return (FileLink(url=self.video_url, title="Video", id=whose, suffix=".mp4"),)


@frozen(kw_only=True)
class CoverImages(Made):
    """Cover images for the songs of a task."""

    images: tuple[Url, ...] = ()
    """The images' addresses, usually two."""
    parent_task_id: str | None = None
    """The id of the task that made the songs."""

    @property
    def is_ready(self) -> bool:
        """Whether there are images."""
        return bool(self.images)

    @property
    def files(self) -> tuple[FileLink, ...]:
        """The images, numbered from 1."""
        return tuple(
            FileLink(url=url, title=f"Cover {number}", id=self.task_id, suffix=".png")
            for number, url in enumerate(self.images, 1)
        )
