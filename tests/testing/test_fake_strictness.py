"""Where the embedded API must be neither stricter nor laxer than the service."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from shapes import as_in_the_quick_start

from suno_async import Model, SunoClient, UploadAndCover
from suno_async.errors import NotFound
from suno_async.testing import FakeSuno


async def test_a_v6_cover_needs_nothing_but_its_upload(suno: SunoClient) -> None:
    """The page of V6 requires the upload, the model and the callback URL alone."""
    cover = UploadAndCover("https://files.example/song.mp3", model=Model.V6)
    assert len(await (await suno.submit(cover))) == 2


async def test_a_track_must_be_of_the_task_that_is_named(suno: SunoClient) -> None:
    """Timestamped lyrics and personas are refused for a task that did not make the track."""
    track = (await (await suno.generate_music("the sea")))[0]
    other = await suno.generate_music("the hills")
    with pytest.raises(NotFound):
        await suno.get_timestamped_lyrics(track.id, task_id=other.id)
    with pytest.raises(NotFound):
        await suno.generate_persona(track.id, task_id=other.id, name="n", description="d")


async def test_midi_keeps_its_notes_in_the_quick_starts_shapes() -> None:
    """MIDI is newer than the quick start, and has no `response` to be put into."""
    async with (
        as_in_the_quick_start(FakeSuno()) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        track = (await (await suno.generate_music("the sea")))[0]
        stems = await (await suno.separate_vocals(track))
        assert (await (await suno.generate_midi(stems))).instruments


async def test_a_client_that_goes_away_is_no_error(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """A process killed amid its request leaves no traceback in the log of the embedded API."""
    parts = urlsplit(fake_suno.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = "POST /api/v1/generate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{{".encode())
    await writer.drain()
    await asyncio.sleep(1)
    writer.transport.abort()
    await asyncio.sleep(1)
    assert caplog.records == []
