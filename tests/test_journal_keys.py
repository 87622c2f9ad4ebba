"""What journals know requests by: the digests that version 1 wrote, which nothing may change."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from attrs import field, fields, frozen

from suno_async import ConfigurationError, ExtendMusic, GenerateMusic, SunoClient, Track
from suno_async._journal.digest import digest_of
from suno_async._wire.bodies import operation_written, written_of
from suno_async.batch import Keys
from suno_async.operations import OPERATIONS, Operation, TaskOperation
from suno_async.operations._base import WRITTEN_AS
from suno_async.operations._kinds import KINDS

if TYPE_CHECKING:
    from suno_async.testing import FakeSuno

STORED: dict[str, Any] = json.loads(Path(__file__).with_name("version_1_digests.json").read_text())
"""By the names of all operations that cost: the fields of version 1, and an example's digest."""


@pytest.mark.parametrize("name", STORED)
def test_what_was_written_down_once_keeps_its_digest(name: str) -> None:
    """Each operation, built as it stands in a journal of version 1, has the digest it had there."""
    written, digest = STORED[name]["example"], STORED[name]["digest"]
    operation = operation_written(name, written)
    assert written_of(operation) == (name, written)
    assert digest_of(*written_of(operation)) == digest


def test_each_operation_that_costs_is_held() -> None:
    """A new operation is added here, a renamed one is found here by the name it had."""
    assert {written_of_class(cls) for cls in OPERATIONS.values() if cls._costs} == STORED.keys()


def written_of_class(cls: type[Operation[Any]]) -> str:
    """The name in journals."""
    return cls._written_as or cls.__name__


@pytest.mark.parametrize("name", STORED)
def test_no_field_changes_its_name_in_journals(name: str) -> None:
    """Whatever a field is called today, `WRITTEN_AS` keeps the name that journals know it by."""
    (cls,) = (one for one in OPERATIONS.values() if written_of_class(one) == name)
    now = {one.metadata.get(WRITTEN_AS, one.name) for one in fields(cls)}
    assert set(STORED[name]["fields"]) <= now


def test_what_is_a_default_is_no_part_of_it() -> None:
    """`V5` said or left out is one request: a later default must not make two of them."""
    key = "batch:b90a980b89a19e5303d2c78caa2bec35:1"
    said = GenerateMusic("the sea", model="V5", instrumental=False, callback_url="https://a.b/c")
    assert Keys().of(GenerateMusic("the sea")) == key
    assert Keys().of(said) == key


def test_what_a_track_brings_along_is_part_of_it() -> None:
    """A song is extended with its track's model, style and title, which are written down."""
    track = Track(id="a1", task_id="t1", model="V5", title="Home", tags="Folk")
    assert written_of(ExtendMusic(track, continue_at=60, prompt="la")) == (
        "ExtendMusic",
        {
            "continue_at": 60,
            "prompt": "la",
            "audio_id": "a1",
            "model": "V5",
            "style": "Folk",
            "title": "Home",
        },
    )


@frozen(kw_only=True)
class MakeLyrics(TaskOperation[Any]):
    """What `GenerateLyrics` may be called one day."""

    written_as = "GenerateLyrics"
    path: ClassVar[str] = "/api/v1/lyrics"
    kind = KINDS["lyrics"]
    idea: str = field(metadata={WRITTEN_AS: "prompt"})


def test_renamed_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class and a field that say what they were called have the key that they had."""
    monkeypatch.setattr("suno_async._wire.bodies.OPERATIONS", {"MakeLyrics": MakeLyrics})
    stored = STORED["GenerateLyrics"]
    renamed = MakeLyrics(idea="the sea")
    assert Keys().of(renamed) == f"batch:{stored['digest']}:1"
    assert operation_written("GenerateLyrics", stored["example"]) == renamed


def test_a_callers_own_class_is_another_operation() -> None:
    """A subclass of a renamed operation does not take its keys."""

    @frozen(kw_only=True)
    class Own(MakeLyrics):
        pass

    assert written_of(Own(idea="the sea"))[0] == "Own"


SAME = [
    ("a\nb", "a \nb"),
    ("a\nb", "a\r\nb\r"),
    ("a\nb", "a\t\nb\n"),
    ("Café", unicodedata.normalize("NFD", "Café")),
    ("a", "a\r"),
]
OTHER = [("a\nb", "a b"), ("a", " a"), ("a", "A"), ("a\n\nb", "a\nb"), ("x²", "x2")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    """Blanks at the ends of lines, and how letters are composed, make no other request."""
    assert Keys().of(GenerateMusic(one)) == Keys().of(GenerateMusic(other))
    keys = Keys()
    assert keys.of(GenerateMusic(one))[-2:] == ":1"
    assert keys.of(GenerateMusic(other))[-2:] == ":2"


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_looks_different_is_another(one: str, other: str) -> None:
    """All other letters, blanks and lines count."""
    assert Keys().of(GenerateMusic(one)) != Keys().of(GenerateMusic(other))


@pytest.mark.parametrize("has_journal", [False, True])
async def test_a_key_is_for_what_looks_the_same(
    fake_suno: FakeSuno, tmp_path: Path, *, has_journal: bool
) -> None:
    """A message that comes again with other blanks at its ends is the same song, paid for once."""
    journal = tmp_path / "songs.sqlite" if has_journal else None
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        task = await suno.submit(GenerateMusic("rain on\r\na roof\r"), idempotency_key="k")
        assert (await suno.submit(GenerateMusic("rain on \na roof"), idempotency_key="k")) is task
        with pytest.raises(ConfigurationError, match="belongs to another request"):
            await suno.submit(GenerateMusic("rain on a roof"), idempotency_key="k")
    assert [entry.body["prompt"] for entry in fake_suno.ledger.accepted()] == [
        "rain on\r\na roof\r"
    ], "it is sent as it was given"


async def test_lines_edited_elsewhere_are_paid_for_once(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """A list that another system's editor has saved is the same list."""
    for ending in ("", "\r", " ", ""):
        lines = [GenerateMusic(f"Café {number // 2}{ending}") for number in range(6)]
        journal = tmp_path / "songs.sqlite"
        async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
            tokens = {outcome.task and outcome.task.token async for outcome in suno.batch(lines)}
        assert len(tokens) == 6
    assert len(fake_suno.ledger.of("generate-music")) == 6


@pytest.mark.parametrize(
    "key", ["batch:x", "batch:", "batch:0123456789abcdef0123456789abcdef:x", "tg-1", "batch:a:1:2"]
)
def test_what_a_list_does_not_name(key: str) -> None:
    """Keys of others, in whatever form, are not a list's."""
    keys = Keys()
    keys.of(GenerateMusic("a"))
    assert not keys.names(key)


def test_what_a_list_names() -> None:
    """As many songs of one line as there are such lines."""
    keys = Keys()
    first, second = (keys.of(GenerateMusic("a")) for _ in range(2))
    assert keys.names(first)
    assert keys.names(second)
    assert not keys.names(f"{first[:-1]}3")
