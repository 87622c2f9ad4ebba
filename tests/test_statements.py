"""What the service's two first pages state, and the test that holds each statement.

`START` is the quick start (models V3_5 to V4_5), `PAGE` the reference page of generate (V4 to V5).
Their samples are in `test_samples`; what is here has no test elsewhere.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from attrs import fields, resolve_types
from callback_kit import TRACKS, callback_url, music

from suno_async import (
    GenerateMusic,
    InvalidRequest,
    Stage,
    SunoClient,
    TaskFailed,
    UploadAndCover,
)
from suno_async._wire.bodies import body_of
from suno_async._wire.refusals import api_error
from suno_async.errors import (
    AuthenticationFailed,
    BadRequest,
    InsufficientCredits,
    Maintenance,
    NotFound,
    RateLimited,
    ServerError,
    TooLong,
)
from suno_async.operations._base import Host
from suno_async.testing import FakeSuno, Timetable

if TYPE_CHECKING:
    from callback_kit import Reception

START, PAGE = "quick start", "reference page"
HERE = Path(__file__).parent

STATEMENTS: list[tuple[str, str, str]] = [
    (START, "the key is a bearer's token in each request", "::test_the_key_is_a_bearers_token"),
    (START, "the API is at https://api.sunoapi.org", "::test_the_address"),
    (START, "sample: the first song", "test_samples::test_quick_start_first_song"),
    (START, "sample: the status of a task", "test_samples::test_quick_start_task_status"),
    (START, "sample: music generation", "test_samples::test_quick_start_music_generation"),
    (START, "sample: lyrics creation", "test_samples::test_quick_start_lyrics_creation"),
    (START, "sample: audio extension", "test_samples::test_quick_start_audio_extension"),
    (START, "sample: upload and cover", "test_samples::test_quick_start_upload_and_cover"),
    (START, "sample: the workflow's song", "test_samples::test_quick_start_workflow_song"),
    (START, "sample: its extension", "test_samples::test_quick_start_workflow_extension"),
    (START, "sample: its separation", "test_samples::test_quick_start_workflow_separation"),
    (START, "sample: the workflow", "test_samples::test_quick_start_workflow_as_a_whole"),
    (START, "sample: upload and extend", "test_samples::test_quick_start_upload_and_extend"),
    (START, "sample: WAV", "test_samples::test_quick_start_wav"),
    (START, "sample: music video", "test_samples::test_quick_start_video"),
    (START, "sample: the callback endpoint", "::test_the_callback_endpoint"),
    (START, "an answer brings data.taskId", "test_wire::test_what_is_an_id"),
    (START, "a record is data.response.data[]", "test_records::test_quick_start_music_record"),
    (START, "credits are data.credits of /get-credits", "test_contradictions::test_credits"),
    (
        START,
        "the words are SUCCESS, FAILED, GENERATING",
        "test_contradictions::test_words_of_the_quick_start",
    ),
    (START, "a failed task says why", "test_samples::test_quick_start_workflow_failure"),
    (START, "stems are in vocal_removal_info", "test_contradictions::test_stems_in_a_record"),
    (
        START,
        "all kinds have one record path",
        "test_all_operations::test_the_quick_starts_records_of_other_kinds",
    ),
    (START, "a wait ends after 10 minutes", "test_task_waits::test_a_wait_is_ten_minutes_long"),
    (START, "the models are V3_5, V4, V4_5", "::test_the_models"),
    (START, "V3_5 and V4 make up to 4 minutes, V4_5 8", "::test_the_models_say_their_minutes"),
    (START, "custom mode requires style and title", "::test_what_each_mode_requires"),
    (START, "instrumental is false by default", "::test_instrumental_is_false_by_default"),
    (START, "a title has at most 80 characters", "test_contradictions::test_lengths"),
    (START, "files are kept for 15 days", "test_contradictions::test_files_are_kept_15_days"),
    (
        START,
        "links may die sooner",
        "test_download_faults::test_an_expired_link_is_renewed_by_its_record",
    ),
    (
        START,
        "transient failures are tried again",
        "test_client::test_what_costs_nothing_is_asked_again",
    ),
    (PAGE, "sample: every field of generate", "test_samples::test_reference_every_field"),
    (PAGE, "sample: a short idea", "test_samples::test_reference_short_idea"),
    (PAGE, "each request makes exactly 2 songs", "test_all_operations::test_songs"),
    (PAGE, "a stream can be played after 30 to 40 s, files after 2 to 3 min", "::test_the_times"),
    (
        PAGE,
        "at most 20 requests in 10 seconds",
        "test_limiter::test_never_more_than_20_arrive_in_any_10_seconds",
    ),
    (
        PAGE,
        "more are refused",
        "testing/test_fake_rate::test_the_twenty_first_is_refused_and_waits_ten_seconds",
    ),
    (
        PAGE,
        "instrumental: style and title; else the prompt, too; simple: the prompt alone",
        "::test_what_each_mode_requires",
    ),
    (PAGE, "the lengths of prompt, style and title by model", "test_contradictions::test_lengths"),
    (PAGE, "an idea has at most 500 characters", "test_contradictions::test_lengths"),
    (PAGE, "the simple mode leaves all else empty", "::test_the_simple_mode_takes_a_prompt_alone"),
    (PAGE, "a persona is for the custom mode", "::test_the_simple_mode_takes_a_prompt_alone"),
    (PAGE, "the models are V4, V4_5, V4_5PLUS, V4_5ALL, V5", "::test_the_models"),
    (PAGE, "the voice is m or f", "::test_the_voice_is_m_or_f"),
    (PAGE, "weights are 0 to 1 in steps of 0.01", "::test_weights"),
    (
        PAGE,
        "customMode, instrumental, callBackUrl and model are required",
        "::test_what_is_always_sent",
    ),
    (PAGE, "callBackUrl is a URI", "::test_the_callback_url_is_one"),
    (PAGE, "callbacks have the stages text, first, complete", "::test_the_stages_of_callbacks"),
    (PAGE, "sample: a callback", "test_records::test_documented_music_callback"),
    (
        PAGE,
        "the record can be polled in place of callbacks",
        "test_client::test_a_song_from_idea_to_file",
    ),
    (PAGE, "the codes and what they mean", "::test_the_codes"),
]


@cache
def names_in(name: str) -> set[str]:
    """The tests of a file."""
    tree = ast.parse((HERE / f"{name}.py").read_text())
    return {
        one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize(("page", "statement", "test"), STATEMENTS)
def test_each_statement_has_its_test(page: str, statement: str, test: str) -> None:
    """The test that is named beside a statement exists."""
    file, _, name = test.partition("::")
    assert name in names_in(file or "test_statements"), f"{page}: {statement}"


def test_each_sample_is_in_the_table() -> None:
    """No sample is held without a statement beside it."""
    named = {test.partition("::")[2] for _, _, test in STATEMENTS}
    samples = {name for name in names_in("test_samples") if name.startswith("test_")}
    assert samples <= named


async def test_the_key_is_a_bearers_token() -> None:
    """Each request has `Authorization: Bearer KEY`; the embedded API takes no other header."""
    async with FakeSuno(api_key="YOUR_API_KEY") as fake:
        async with SunoClient("YOUR_API_KEY", base_url=fake.url) as suno:
            await (await suno.generate_music("the sea"))
            await suno.get_credits()
        url = f"{fake.url}/api/v1/generate/credit"
        async with aiohttp.ClientSession() as session:
            for name, value, code in (
                ("Authorization", "Bearer YOUR_API_KEY", 200),
                ("Authorization", "YOUR_API_KEY", 401),
                ("X-API-Key", "YOUR_API_KEY", 401),
            ):
                async with session.get(url, headers={name: value}) as answer:
                    assert (await answer.json())["code"] == code


def test_the_address() -> None:
    """Nothing else being said, the service's own address is used, and its paths."""
    assert "https://api.sunoapi.org" in repr(SunoClient("YOUR_API_KEY"))
    assert GenerateMusic._path == "/api/v1/generate"


@pytest.mark.parametrize("model", ["V3_5", "V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5"])
async def test_the_models(suno: SunoClient, fake_suno: FakeSuno, model: str) -> None:
    """Each model of both pages is accepted, and sent under its name."""
    await suno.generate_music("the sea", model=model)
    (entry,) = fake_suno.ledger.accepted()
    assert entry.body["model"] == model


@pytest.mark.parametrize(("model", "minutes"), [("V3_5", 4), ("V4", 4), ("V4_5", 8)])
def test_the_models_say_their_minutes(model: str, minutes: int) -> None:
    """The list of models says how long each one's songs can be."""
    source = (HERE.parent / "suno_async" / "operations" / "_model.py").read_text()
    after = source.partition(f'{model} = "{model}"\n')[2]
    assert f"up to {minutes} minutes" in after.splitlines()[0]


@pytest.mark.parametrize("model", ["V3_5", "V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5"])
def test_what_each_mode_requires(model: str) -> None:
    """What is required is refused where it is missing, and nothing more is asked for."""
    full: dict[str, Any] = {"lyrics": "la", "style": "Folk", "title": "Home"}
    for instrumental, required in (
        (True, {"style", "title"}),
        (False, {"lyrics", "style", "title"}),
    ):
        needed: dict[str, Any] = {name: full[name] for name in required}
        GenerateMusic(**needed, custom_mode=True, instrumental=instrumental, model=model)
        for missing in required:
            rest = {name: value for name, value in needed.items() if name != missing}
            with pytest.raises(InvalidRequest, match=f"{missing} is required in custom mode"):
                GenerateMusic(**rest, custom_mode=True, instrumental=instrumental, model=model)
    for instrumental in (True, False):
        GenerateMusic("an idea", custom_mode=False, instrumental=instrumental, model=model)
        with pytest.raises(InvalidRequest, match="prompt must not be empty"):
            GenerateMusic(custom_mode=False, instrumental=instrumental, model=model)


async def test_instrumental_is_false_by_default(fake_suno: FakeSuno) -> None:
    """It is sent so, and where a sample leaves it out the embedded API reads it so."""
    cover = UploadAndCover("https://x/a.mp3", style="Jazz", title="Jazz", lyrics="la")
    printed = body_of(cover, "https://callback.invalid/")
    assert printed.pop("instrumental") is False
    headers = {"Authorization": "Bearer key"}
    url = f"{fake_suno.url}/api/v1/generate/upload-cover"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json=printed) as answer,
    ):
        assert (await answer.json())["code"] == 200


async def test_the_callback_endpoint(reception: Reception) -> None:
    """A callback is read as the sample reads it, and answered with what the sample answers."""
    async with (
        FakeSuno(send_callbacks=False) as fake,
        SunoClient("key", base_url=fake.url, callbacks=reception.receiver) as suno,
        aiohttp.ClientSession() as session,
    ):
        song = await suno.generate_music("the sea")
        async with session.post(callback_url(fake), json=music(song.id)) as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "received"})
        links = [(track.title, track.audio_url) for track in await song]
        assert links == [(track["title"], track["audio_url"]) for track in TRACKS]
        failing = await suno.generate_music("the sea")
        failed = music(failing.id, "error", data=None) | {"code": 400, "msg": "no luck"}
        async with session.post(callback_url(fake), json=failed) as answer:
            assert answer.status == 200
        with pytest.raises(TaskFailed, match="no luck"):
            await failing


def test_the_times() -> None:
    """The embedded API's times are by default those of the page."""
    times = Timetable()
    assert times.first is not None
    assert 30 <= times.first <= 40
    assert 120 <= times.complete <= 180


@pytest.mark.parametrize(
    "more",
    [
        {"title": "Home"},
        {"style": "Folk"},
        {"persona_id": "persona_123"},
        {"negative_tags": "Heavy Metal"},
        {"vocal_gender": "m"},
        {"style_weight": 0.65},
        {"weirdness_constraint": 0.65},
        {"audio_weight": 0.65},
    ],
    ids=str,
)
def test_the_simple_mode_takes_a_prompt_alone(more: dict[str, Any]) -> None:
    """Before V6, what the simple mode leaves empty is refused beside an idea."""
    (name,) = more
    with pytest.raises(InvalidRequest) as caught:
        GenerateMusic("an idea", custom_mode=False, **more)
    assert [fault.field for fault in caught.value.problems] == [name]


def song_with(**fields: Any) -> GenerateMusic:
    """A song in custom mode with these fields."""
    return GenerateMusic(style="Folk", title="Home", lyrics="la", **fields)


def test_the_voice_is_m_or_f() -> None:
    """This list is printed as closed, and kept closed."""
    for gender in ("m", "f"):
        song_with(vocal_gender=gender)
    for gender in ("M", "male", ""):
        with pytest.raises(InvalidRequest, match="vocal_gender must be 'm' or 'f'"):
            song_with(vocal_gender=gender)


@pytest.mark.parametrize("name", ["style_weight", "weirdness_constraint", "audio_weight"])
def test_weights(name: str) -> None:
    """Each hundredth from 0 to 1 is accepted, and nothing beside or between them."""
    for hundredths in range(101):
        song_with(**{name: hundredths / 100})
    for wrong in (-0.01, 1.01, 0.655):
        with pytest.raises(InvalidRequest, match=name):
            song_with(**{name: wrong})


@pytest.mark.parametrize("custom", [True, False])
def test_what_is_always_sent(*, custom: bool) -> None:
    """The four required fields are in the body, whatever the caller left out."""
    song = (
        GenerateMusic(style="Folk", title="Home", lyrics="la") if custom else GenerateMusic("idea")
    )
    sent = body_of(song, "https://api.example.com/callback")
    required = {"customMode", "instrumental", "callBackUrl", "model"}
    assert {name: sent[name] for name in required} == {
        "customMode": custom,
        "instrumental": False,
        "callBackUrl": "https://api.example.com/callback",
        "model": "V5",
    }
    names = {attribute.name for attribute in fields(resolve_types(GenerateMusic))}
    assert {"custom_mode", "instrumental", "callback_url", "model"} <= names


@pytest.mark.parametrize("url", ["", "callback", "example.com/callback", "ftp://example.com"])
def test_the_callback_url_is_one(url: str) -> None:
    """What is no address that could be posted to is refused."""
    with pytest.raises(InvalidRequest, match="callback_url must be a URL"):
        GenerateMusic("an idea", callback_url=url)


async def test_the_stages_of_callbacks(reception: Reception) -> None:
    """Three callbacks, text, first and complete, are three events in this order."""
    async with (
        FakeSuno(timetable=Timetable()) as fake,
        SunoClient("key", base_url=fake.url, callbacks=reception.receiver) as suno,
    ):
        song = await suno.generate_music("the sea")
        stages = [(event.stage, event.implied) async for event in song]
    assert stages == [(stage, False) for stage in (Stage.TEXT, Stage.FIRST, Stage.COMPLETE)]
    assert reception.answers == [200, 200, 200]


@pytest.mark.parametrize(
    ("code", "meaning", "error"),
    [
        (400, "Invalid parameters", BadRequest),
        (401, "Unauthorized access", AuthenticationFailed),
        (404, "Invalid request method or path", NotFound),
        (405, "Rate limit exceeded", RateLimited),
        (413, "Theme or prompt too long", TooLong),
        (429, "Insufficient credits", InsufficientCredits),
        (430, "Your call frequency is too high. Please try again later.", RateLimited),
        (455, "System maintenance", Maintenance),
        (500, "Server error", ServerError),
    ],
)
def test_the_codes(code: int, meaning: str, error: type[Exception]) -> None:
    """Each code but 200 is an error of its own, with the printed meaning."""
    found = api_error(Host.API, code, meaning, http_status=200)
    assert type(found) is error
    assert found.message == meaning
