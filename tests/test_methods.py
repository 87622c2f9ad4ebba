"""The client's methods: made of the operations, which they build and send, and no more."""

from __future__ import annotations

import ast
import doctest
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_type_hints

import pytest
from examples import FIELDS, example

from suno_async import ConfigurationError, ExtendMusic, SunoClient, Task, Track, _methods
from suno_async._methods import OperationMethods
from suno_async.operations import OPERATIONS, CallOperation, TaskOperation

if TYPE_CHECKING:
    from suno_async.testing import FakeSuno

R = TypeVar("R")

COMMAND = Path(__file__).parent.parent / ".ci" / "methods"
UPLOADS = {"UploadBase64", "UploadStream", "UploadUrl"}
METHODS = {
    re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower(): name
    for name in OPERATIONS
    if name not in UPLOADS
}
SUBMITTING = [name for name, cls in METHODS.items() if issubclass(OPERATIONS[cls], TaskOperation)]


def _example_of(method: str) -> str:
    """The program in its docstring, if there is one."""
    shown = doctest.DocTestParser().get_examples(inspect.getdoc(getattr(SunoClient, method)) or "")
    return "".join(one.source for one in shown)


EXAMPLES = {method: program for method in METHODS if (program := _example_of(method))}


class Recorder(OperationMethods):
    """Keeps what a method submits or calls."""

    sent: Any = None
    key: str | None = None
    timeout: float | None = None

    async def submit(
        self,
        operation: TaskOperation[R],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Task[R]:
        """Keep it."""
        self.sent, self.key, self.timeout = operation, idempotency_key, timeout
        return cast("Task[R]", None)

    async def call(
        self,
        operation: CallOperation[R],
        *,
        timeout: float | None = None,
    ) -> R:
        """Keep it."""
        self.sent, self.timeout = operation, timeout
        return cast("R", None)


def test_they_are_as_made() -> None:
    """The command would write the same again: methods and texts follow from the operations."""
    command = [sys.executable, str(COMMAND), "--check"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 ours
    assert (made.returncode, made.stdout + made.stderr) == (0, "")


def test_each_operation_has_its_method() -> None:
    """There is a method for each operation but the uploads, and for nothing else."""
    own = {name for name in vars(OperationMethods) if not name.startswith("_")}
    assert own - {"submit", "call"} == {*METHODS}


@pytest.mark.parametrize(("method", "name"), METHODS.items())
async def test_a_method_builds_what_the_class_builds(method: str, name: str) -> None:
    """Given the same fields, it sends an equal operation of the same class."""
    recorder = Recorder()
    await getattr(recorder, method)(**FIELDS[name])
    assert recorder.sent == example(name)


@pytest.mark.parametrize(("method", "name"), METHODS.items())
async def test_a_method_passes_on_what_it_is_given(
    method: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each argument reaches the field of its name, as it is and nothing else."""
    fields = inspect.signature(OPERATIONS[name])
    given = {one: object() for one in fields.parameters}
    built: list[object] = []

    def build(*args: object, **named: object) -> object:
        assert dict(fields.bind(*args, **named).arguments) == given
        built.append(object())
        return built[0]

    monkeypatch.setattr(_methods, name, build)
    recorder = Recorder()
    await getattr(recorder, method)(**given)
    assert [recorder.sent] == built


@pytest.mark.parametrize(("method", "name"), METHODS.items())
def test_a_method_takes_what_the_class_takes(method: str, name: str) -> None:
    """It has the class's fields, by position or by name as there, with the same defaults."""
    taken = dict(inspect.signature(getattr(SunoClient, method)).parameters)
    assert taken.pop("self").name == "self"
    key = taken.pop("idempotency_key", None)
    assert (key is not None) == issubclass(OPERATIONS[name], TaskOperation)
    assert taken.pop("timeout").default is None
    fields = inspect.signature(OPERATIONS[name]).parameters
    assert {one: (taken[one].kind, taken[one].default) for one in taken} == {
        one: (fields[one].kind, fields[one].default) for one in fields
    }


def test_arguments_come_in_the_order_of_thought() -> None:
    """What a song is comes first, how the service is to be called last."""
    taken = [*inspect.signature(SunoClient.generate_music).parameters]
    assert taken[1:7] == ["prompt", "style", "title", "lyrics", "instrumental", "model"]
    assert taken[taken.index("idempotency_key") :][1:3] == ["timeout", "callback_url"]
    for method in METHODS:
        parameters = inspect.signature(getattr(SunoClient, method)).parameters
        of_request = {"idempotency_key", "timeout", "callback_url", "extra"}
        last = [one for one in parameters if one in of_request]
        assert [*parameters][len(parameters) - len(last) :] == last


@pytest.mark.parametrize(("method", "name"), METHODS.items())
def test_types_are_there_at_run_time(method: str, name: str) -> None:
    """All annotations can be resolved, and an awaited method gives what the operation answers."""
    hints = get_type_hints(getattr(SunoClient, method))
    assert (
        hints.keys() - {"return"}
        == inspect.signature(getattr(Recorder(), method)).parameters.keys()
    )
    if issubclass(OPERATIONS[name], TaskOperation):
        assert hints["return"].__origin__ is Task
        assert len(get_args(hints["return"])) == 1


async def test_what_is_left_out_is_the_tracks(suno: SunoClient) -> None:
    """The task, the model and the style of a track that is given need not be."""
    track: Track = (await (await suno.generate_music("the sea", model="V4_5")))[0]
    recorder = Recorder()
    await recorder.extend_music(track, continue_at=60, prompt="and on")
    assert recorder.sent == ExtendMusic(track, continue_at=60, prompt="and on")
    assert (recorder.sent.model, recorder.sent.style) == ("V4_5", track.tags)
    await recorder.convert_to_wav(track)
    assert recorder.sent.task_id == track.task_id


async def test_a_key_names_the_submission(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A method called twice with one `idempotency_key` gives one task, which is paid for once."""
    first = await suno.generate_music("the sea", idempotency_key="tg-4711")
    assert await suno.generate_music("the sea", idempotency_key="tg-4711") is first
    fake_suno.ledger.assert_charged(1, "generate_music")
    with pytest.raises(ConfigurationError, match="tg-4711"):
        await suno.generate_music("the hills", idempotency_key="tg-4711")


@pytest.mark.parametrize("name", SUBMITTING)
async def test_every_key_is_passed_on(name: str) -> None:
    """Each method that starts a task submits it under the key that it was given."""
    recorder = Recorder()
    await getattr(recorder, name)(**FIELDS[METHODS[name]], idempotency_key="k")
    assert recorder.key == "k"


@pytest.mark.parametrize(("method", "name"), METHODS.items())
async def test_every_timeout_is_passed_on(method: str, name: str) -> None:
    """Each method gives its request the time limit that it was given."""
    recorder = Recorder()
    await getattr(recorder, method)(**FIELDS[name], timeout=7.5)
    assert recorder.timeout == 7.5


@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_runs(
    name: str, suno: SunoClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a docstring shows works as it stands, given a client, a track and a file to upload."""
    monkeypatch.chdir(tmp_path)
    Path("melody.mp3").write_bytes(b"\xff\xfb" + bytes(1000))
    (track, _) = await (await suno.generate_music("the sea"))
    ended = eval(  # noqa: S307 our own docstring
        compile(EXAMPLES[name], name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT),
        {"suno": suno, "track": track},
    )
    await ended


def test_the_most_used_have_an_example() -> None:
    """A dozen methods and more show how they are called."""
    assert len(EXAMPLES) >= 12
    assert {"generate_music", "extend_music", "generate_lyrics", "get_credits"} <= {*EXAMPLES}
