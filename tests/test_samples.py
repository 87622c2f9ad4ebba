"""Every sample of the service's two first pages, as printed: built, sent and accepted.

The quick start is of models V3_5 to V4_5, the reference page of generate of V4 to V5. Each printed
field arrives with its printed value, at the printed path. What a sample leaves out and the service
wants (`callBackUrl`, `model`, `instrumental`) is added. Ids in samples are placeholders, and so the
embedded API is asked not to look for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from shapes import as_in_the_quick_start

from suno_async import (
    ConvertToWav,
    CreateMusicVideo,
    ExtendMusic,
    GenerateLyrics,
    GenerateMusic,
    SeparateVocals,
    SunoClient,
    TaskFailed,
    UploadAndCover,
    UploadAndExtend,
)
from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from suno_async import TaskOperation

ADDED = {"callBackUrl", "model", "instrumental"}
MASKED = "e231****-****-****-****-****8cadc7dc"
SERVER = "https://your-server.com"
KEY = "YOUR_API_KEY"

Fields = dict[str, Any]


async def check(operation: TaskOperation[Any], path: str, printed: Fields) -> None:
    """Submit it, hold what arrived against what is printed, and see that it is made."""
    async with (
        FakeSuno(api_key=KEY, strict_ids=False, send_callbacks=False) as fake,
        SunoClient(KEY, base_url=fake.url) as suno,
    ):
        task = await suno.submit(operation)
        (entry,) = fake.ledger.accepted()
        assert (entry.method, entry.path) == ("POST", f"/api/v1{path}")
        assert {name: entry.body.get(name) for name in printed} == printed
        assert entry.body.keys() - printed.keys() <= ADDED
        await task


async def test_quick_start_first_song() -> None:
    """Step 1: an idea, by the oldest model."""
    printed: Fields = {
        "prompt": "A peaceful acoustic guitar melody with soft vocals, folk style",
        "customMode": False,
        "instrumental": False,
        "model": "V3_5",
        "callBackUrl": f"{SERVER}/callback",
    }
    operation = GenerateMusic(
        "A peaceful acoustic guitar melody with soft vocals, folk style",
        model="V3_5",
        callback_url=f"{SERVER}/callback",
    )
    await check(operation, "/generate", printed)


async def test_quick_start_task_status() -> None:
    """Step 2: the id of the answer is asked for by `taskId`, with the key as a bearer's token."""
    async with (
        as_in_the_quick_start(FakeSuno(api_key=KEY)) as fake,
        SunoClient(KEY, base_url=fake.url) as suno,
    ):
        task = await suno.generate_music("the sea", model="V4_5")
        track, _ = await task
        poll = fake.ledger.entries[-1]
        assert (poll.method, poll.path) == ("GET", "/api/v1/generate/record-info")
        assert poll.query == {"taskId": task.id}
        assert all((track.id, track.title, track.tags, track.duration, track.audio_url))


async def test_quick_start_music_generation() -> None:
    """Core features: a prompt with style and title, in custom mode."""
    printed: Fields = {
        "prompt": "An upbeat electronic dance track with synth leads",
        "customMode": True,
        "style": "Electronic Dance",
        "title": "Digital Dreams",
        "instrumental": False,
        "model": "V4_5",
    }
    operation = GenerateMusic(
        "An upbeat electronic dance track with synth leads",
        custom_mode=True,
        style="Electronic Dance",
        title="Digital Dreams",
        model="V4_5",
    )
    await check(operation, "/generate", printed)


async def test_quick_start_lyrics_creation() -> None:
    """Core features: lyrics."""
    about = "A song about overcoming challenges and finding inner strength"
    url = f"{SERVER}/lyrics-callback"
    printed: Fields = {"prompt": about, "callBackUrl": url}
    await check(GenerateLyrics(about, callback_url=url), "/lyrics", printed)


async def test_quick_start_audio_extension() -> None:
    """Core features: the flag, a prompt and a place, but neither style nor title."""
    printed: Fields = {
        "audioId": MASKED,
        "defaultParamFlag": True,
        "prompt": "Continue with a guitar solo",
        "continueAt": 120,
        "model": "V3_5",
    }
    operation = ExtendMusic(
        MASKED, prompt="Continue with a guitar solo", continue_at=120, model="V3_5"
    )
    await check(operation, "/generate/extend", printed)


async def test_quick_start_upload_and_cover() -> None:
    """Core features: a cover, without a model and without `instrumental`."""
    url, prompt = "https://example.com/original-audio.mp3", "Transform into smooth jazz style"
    printed: Fields = {
        "uploadUrl": url,
        "customMode": True,
        "style": "Jazz",
        "title": "Jazz Version",
        "prompt": prompt,
    }
    operation = UploadAndCover(
        url, custom_mode=True, style="Jazz", title="Jazz Version", prompt=prompt
    )
    await check(operation, "/generate/upload-cover", printed)


async def test_quick_start_workflow_song() -> None:
    """The workflow: lyrics that were written before, with style and title."""
    words = "[Verse]\nThe road goes on\n[Chorus]\nAnd on, and on"
    printed: Fields = {
        "prompt": words,
        "customMode": True,
        "style": "Folk Pop",
        "title": "Adventure Song",
        "instrumental": False,
        "model": "V4_5",
        "callBackUrl": f"{SERVER}/music-callback",
    }
    operation = GenerateMusic(
        lyrics=words,
        style="Folk Pop",
        title="Adventure Song",
        model="V4_5",
        callback_url=f"{SERVER}/music-callback",
    )
    await check(operation, "/generate", printed)


async def test_quick_start_workflow_extension() -> None:
    """The workflow: carried on from 30 seconds before the end of a track of 180.5 seconds."""
    prompt = "Continue with a beautiful instrumental outro"
    printed: Fields = {
        "audioId": "audio_123",
        "defaultParamFlag": True,
        "prompt": prompt,
        "continueAt": 180.5 - 30,
        "model": "V4_5",
    }
    operation = ExtendMusic("audio_123", prompt=prompt, continue_at=180.5 - 30, model="V4_5")
    await check(operation, "/generate/extend", printed)


async def test_quick_start_workflow_separation() -> None:
    """The workflow: a track taken apart, without a type."""
    url = f"{SERVER}/vocal-callback"
    printed: Fields = {"taskId": "suno_task_abc123", "audioId": "audio_123", "callBackUrl": url}
    operation = SeparateVocals("audio_123", task_id="suno_task_abc123", callback_url=url)
    await check(operation, "/vocal-removal/generate", printed)


async def test_quick_start_workflow_as_a_whole() -> None:
    """The workflow from credits to stems, with its shapes, its paths and its one kind of record."""
    async with (
        as_in_the_quick_start(FakeSuno(api_key=KEY)) as fake,
        SunoClient(KEY, base_url=fake.url) as suno,
    ):
        assert await suno.get_credits() == 1000
        assert fake.ledger.entries[-1].path == "/api/v1/get-credits"
        about = "A song about adventure and discovery, uplifting and inspiring"
        lyrics, *_ = await (await suno.generate_lyrics(about))
        assert lyrics.text
        made = await suno.generate_music(
            lyrics.text, custom_mode=True, style="Folk Pop", title="Adventure Song", model="V4_5"
        )
        track, _ = await made
        assert (track.title, bool(track.audio_url)) == ("Adventure Song", True)
        assert track.duration is not None
        longer = await suno.extend_music(
            track.id,
            default_param_flag=True,
            prompt="Continue with a beautiful instrumental outro",
            continue_at=track.duration - 30,
            model="V4_5",
        )
        assert (await longer)[0].audio_url
        stems = await (await suno.separate_vocals(track.id, task_id=made))
        assert stems.instrumental_url
        assert stems.vocal_url


async def test_quick_start_workflow_failure() -> None:
    """A status of FAILED is raised, with its message."""
    async with (
        as_in_the_quick_start(FakeSuno()) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        fake.script(status="FAILED", fail_at=5, error_message="no luck")
        with pytest.raises(TaskFailed, match="no luck") as caught:
            await (await suno.generate_music("the sea"))
        assert caught.value.status == "FAILED"


async def test_quick_start_upload_and_extend() -> None:
    """Advanced features: what the page sends through its `generateMusic` is this operation."""
    url, prompt = "https://example.com/my-song.mp3", "Add a rock guitar solo section"
    printed: Fields = {
        "uploadUrl": url,
        "defaultParamFlag": True,
        "prompt": prompt,
        "continueAt": 60,
        "model": "V4_5",
    }
    operation = UploadAndExtend(url, prompt=prompt, continue_at=60, model="V4_5")
    await check(operation, "/generate/upload-extend", printed)


async def test_quick_start_wav() -> None:
    """Advanced features: a WAV."""
    url = f"{SERVER}/wav-callback"
    printed: Fields = {"taskId": "original_task_id", "audioId": MASKED, "callBackUrl": url}
    operation = ConvertToWav(MASKED, task_id="original_task_id", callback_url=url)
    await check(operation, "/wav/generate", printed)


async def test_quick_start_video() -> None:
    """Advanced features: a video with its artist and site."""
    url = f"{SERVER}/video-callback"
    printed: Fields = {
        "taskId": "music_task_id",
        "audioId": MASKED,
        "author": "Artist Name",
        "domainName": "your-brand.com",
        "callBackUrl": url,
    }
    operation = CreateMusicVideo(
        MASKED,
        task_id="music_task_id",
        author="Artist Name",
        domain_name="your-brand.com",
        callback_url=url,
    )
    await check(operation, "/mp4/generate", printed)


async def test_reference_every_field() -> None:
    """The reference page: each field of generate with the example that is printed beside it."""
    printed: Fields = {
        "prompt": "A calm and relaxing piano track with soft melodies",
        "style": "Classical",
        "title": "Peaceful Piano Meditation",
        "customMode": True,
        "instrumental": True,
        "personaId": "persona_123",
        "model": "V4_5ALL",
        "negativeTags": "Heavy Metal, Upbeat Drums",
        "vocalGender": "m",
        "styleWeight": 0.65,
        "weirdnessConstraint": 0.65,
        "audioWeight": 0.65,
        "callBackUrl": "https://api.example.com/callback",
    }
    operation = GenerateMusic(
        "A calm and relaxing piano track with soft melodies",
        custom_mode=True,
        instrumental=True,
        style="Classical",
        title="Peaceful Piano Meditation",
        persona_id="persona_123",
        model="V4_5ALL",
        negative_tags="Heavy Metal, Upbeat Drums",
        vocal_gender="m",
        style_weight=0.65,
        weirdness_constraint=0.65,
        audio_weight=0.65,
        callback_url="https://api.example.com/callback",
    )
    await check(operation, "/generate", printed)


async def test_reference_short_idea() -> None:
    """The reference page: the example of the simple mode."""
    printed: Fields = {"prompt": "A short relaxing piano tune", "customMode": False}
    await check(GenerateMusic("A short relaxing piano tune"), "/generate", printed)
