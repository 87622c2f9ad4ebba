"""The names by which tests speak of operations and faults, and what the ledger holds."""

from __future__ import annotations

import re
from typing import Any

import pytest

from suno_async import SubmissionUnknown, SunoClient, TaskFailed
from suno_async.operations import OPERATIONS
from suno_async.testing import FakeSuno, Fault
from suno_async.testing._api.catalogue import ROUTES
from suno_async.testing._api.names import page_of

UPLOADS = ("UploadBase64", "UploadStream", "UploadUrl")


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in UPLOADS])
def test_the_clients_methods_name_the_operations(operation: str) -> None:
    """A method's name means the operation that the method sends."""
    known = ROUTES
    method = re.sub(r"(?<=.)(?=[A-Z])", "_", operation).lower()
    cls = OPERATIONS[operation]
    expected = known[cls._method, cls._path].name
    pages = {one.name for one in known.values()}
    assert page_of(method, pages) == page_of(expected, pages) == expected


@pytest.mark.parametrize("name", ["generate_musik", "generatemusic", "Generate-Music", "?"])
async def test_a_misspelt_operation_is_reported(name: str) -> None:
    """A fault, a script or a question about an operation that is none says what was meant."""
    fake = FakeSuno()
    for use in (
        lambda: fake.fail(Fault.NEVER, on=name),
        lambda: fake.script(name),
        lambda: fake.faults(0.5, on=(name,)),
        lambda: fake.ledger.accepted(name),
        lambda: fake.ledger.assert_charged(0, name),
    ):
        with pytest.raises(ValueError, match=r"There is no operation .*generate"):
            use()


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"txt": 15}, TypeError, "txt"),
        ({"skip": ("frist",)}, TypeError, "frist"),
        ({"skip": ("complete",)}, TypeError, "complete|NoneType"),
        ({"first": -1}, ValueError, "first"),
        ({"complete": "soon"}, TypeError, "str"),
    ],
)
def test_a_misspelt_script_is_reported(
    changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    """The error comes where it is written, and not from what the service answers later."""
    fake = FakeSuno()
    with pytest.raises(error, match=says):
        fake.script(**changes)
    fake.assert_all_played()


def test_a_misspelt_fault_is_reported() -> None:
    """A fault by name is the fault of the class; a name that is none says which there are."""
    assert Fault.called("reset_after_accept") is Fault.RESET_AFTER_ACCEPT
    with pytest.raises(ValueError, match="There is no fault 'reset'; known are reset_before_read"):
        FakeSuno().fail("reset")


async def test_faults_by_name_on_a_method(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A fault given by its name, on a method given by its name, is played."""
    fake_suno.fail("reset_after_accept", on="generate_music")
    fake_suno.script("generate_music", fail_at=10)
    with pytest.raises(AssertionError, match="fault reset_after_accept on generate-music"):
        fake_suno.assert_all_played()
    with pytest.raises(SubmissionUnknown):
        await suno.generate_music("the sea")
    fake_suno.assert_all_played()
    fake_suno.script("convert_to_wav", fail_at=10)
    with pytest.raises(AssertionError, match="script for convert-to-wav-format"):
        fake_suno.assert_all_played()


async def test_a_fault_on_all_requests_must_happen_once(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """A fault without an end has happened when it was played at all."""
    fake_suno.fail("html_502", on="get_credits", times=None)
    with pytest.raises(AssertionError, match="fault html_502 on get-remaining-credits"):
        fake_suno.assert_all_played()
    with pytest.raises(Exception, match=r"502|refused"):
        await suno.get_credits()
    fake_suno.assert_all_played()


async def test_the_ledgers_assertions(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Each holds when the ledger is so, and else shows every request and what became of it."""
    ledger = fake_suno.ledger
    ledger.assert_asked(0)
    with pytest.raises(AssertionError, match="no request came"):
        ledger.assert_asked(1)
    fake_suno.fail(Fault.envelope(402), on="generate_music")
    with pytest.raises(Exception, match="refused"):
        await suno.generate_music("the sea")
    fake_suno.script(fail_at=20)
    task = await suno.generate_music("the sea")
    with pytest.raises(TaskFailed):
        await task
    ledger.assert_asked(2, "generate_music")
    ledger.assert_accepted(1, "generate_music")
    ledger.assert_charged(1)
    ledger.assert_refused(0, code=430)
    ledger.assert_within_rate()
    with pytest.raises(AssertionError) as caught:
        ledger.assert_charged(2, "generate_music")
    title, _, lines = str(caught.value).partition("\n")
    assert title == "1 requests for generate_music were charged, not 2:"
    assert len(lines.splitlines()) == len(ledger)
    assert [line[0] for line in lines.splitlines()][:2] == [" ", ">"]
    assert "generate-music: undecided, fault envelope_402" in lines
    assert f"generate-music: accepted, 12 credits, task {task.id}" in lines
    assert repr(ledger) == f"<Ledger: {len(ledger)} requests, 1 charged>"


async def test_refusals_are_held(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A refusal counts as one, with its code, and costs nothing."""
    fake_suno.balance = 0
    with pytest.raises(Exception, match="refused"):
        await suno.generate_music("the sea")
    fake_suno.ledger.assert_refused(1, "generate_music", code=429)
    fake_suno.ledger.assert_charged(0)
    with pytest.raises(AssertionError, match="0 requests were refused with 430, not 1"):
        fake_suno.ledger.assert_refused(1, code=430)
    with pytest.raises(AssertionError, match="generate-music: refused with 429"):
        fake_suno.ledger.assert_charged(1)
