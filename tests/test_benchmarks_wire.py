"""The benchmark `wire`: every field of every operation is sent, or it says which is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen

from benchmarks import wire
from benchmarks.__main__ import main
from benchmarks._requests import Sources, families_of, plan_of, sent
from suno_async import GenerateMusic, GetCredits, SunoClient
from suno_async.operations import OPERATIONS, ReplaceSection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from suno_async.testing import FakeSuno


def test_all_is_sent_accepted_and_read(capsys: pytest.CaptureFixture[str]) -> None:
    """No request is refused, each answer is read, and each field arrives."""
    assert main(["wire"]) == 0
    shown = capsys.readouterr().out
    assert "3 of 3 targets met" in shown
    rows = [line.split()[:2] for line in shown.splitlines()]
    for name, cls in OPERATIONS.items():
        for family in families_of(cls):
            assert [name, family or "minimal"] in rows


async def test_what_excludes_each_other_is_sent_apart(suno: SunoClient) -> None:
    """A track and an upload stand in two maximal requests, and each field in one of them."""
    samples = (await Sources.made(suno, "V6")).samples("ReplaceSection", "V6")
    plan = plan_of(ReplaceSection, samples)
    assert plan.minimal == {
        *("model", "upload_url", "prompt", "tags", "title", "full_lyrics"),
        *("infill_start_s", "infill_end_s"),
    }
    assert not any({"upload_url", "audio_id"} <= names for names in plan.maximal)
    assert {"upload_url", "audio_id", "task_id"} <= frozenset[str]().union(*plan.maximal)


@frozen(kw_only=True)
class Newer(GetCredits):
    """An operation with a field that nobody has thought of yet."""

    mystery: str | None = None


async def test_a_new_field_needs_a_sample(suno: SunoClient) -> None:
    """A field without a sample value is an error that names it."""
    samples = (await Sources.made(suno, "V5")).samples("Newer", None)
    with pytest.raises(LookupError, match="Newer: no sample value for mystery"):
        plan_of(Newer, samples)


def test_a_field_that_never_arrives_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no request brings to the service is named."""

    def without_title(operation: Any, names: Iterable[str], body: Any) -> Iterator[str]:
        return (name for name in sent(operation, names, body) if name != "title")

    monkeypatch.setattr(wire, "sent", without_title)
    monkeypatch.setattr(wire, "OPERATIONS", {"GenerateMusic": GenerateMusic})
    with pytest.raises(LookupError, match=r"sent by no request: GenerateMusic\.title$"):
        next(iter(wire.run(full=False)))


async def test_a_refused_request_is_shown(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """It stands in the table as refused, with why in a note, and misses the targets."""
    samples = (await Sources.made(suno, "V5")).samples("GenerateMusic", "V5")
    fake_suno.balance = 0
    row = wire.Row("GenerateMusic", "V5", "minimal", frozenset({"prompt", "model"}))
    await wire.send_one(row, GenerateMusic, samples, fake_suno, suno)
    table = wire.Findings([row]).summary()
    assert row.cells(full=False)[-3:] == [0, "NO", "NONE"]
    assert [target.is_met for target in table.targets()] == [False, False, False]
    assert table.notes[0].startswith("GenerateMusic V5 minimal: ")
    assert "credits" in table.notes[0]
