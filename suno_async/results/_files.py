"""Files that were uploaded."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from attrs import frozen

from ._base import FileLink, Result, Url


@frozen(kw_only=True)
class UploadedFile(Result):
    """A file on the upload host; operations take it where a URL is wanted. Kept for 3 days."""

    download_url: Url | None = None
    """Where it lies."""
    file_url: Url | None = None
    """Where it lies, in the field that other answers use."""
    file_name: str | None = None
    """Its name there."""
    file_path: str | None = None
    """Its path there."""
    file_size: int | None = None
    """Its size in bytes."""
    mime_type: str | None = None
    """Its media type, as the host sees it."""
    file_id: str | None = None
    """Its id; often missing."""
    uploaded_at: datetime | None = None
    """When it was uploaded."""
    expires_at: datetime | None = None
    """When it will be deleted; often missing, 3 days are documented."""

    def __attrs_post_init__(self) -> None:
        if self.url == "":
            raise ValueError("the file has neither a downloadUrl nor a fileUrl")

    @property
    def url(self) -> str:
        """Where it lies: `download_url`, else `file_url`."""
        return self.download_url or self.file_url or ""

    @property
    def files(self) -> tuple[FileLink, ...]:
        """The file, under its name there; as that may be used again, it has no id here."""
        name = PurePosixPath(self.file_name or urlsplit(self.url).path)
        return (FileLink(url=self.url, title=name.stem, id=None, suffix=name.suffix),)
