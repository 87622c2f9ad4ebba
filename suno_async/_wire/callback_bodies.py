"""Reading what was posted to a callback URL: pure, without a network.

The URL was found to be genuine before. The contents still come from outside: they are bounded, and
nothing that the service would not send gets further.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import define, field

from suno_async._wire.callback_urls import CallbackPath, path_in
from suno_async._wire.records import Record, add_model, find, record_of, task_id_of
from suno_async.errors import CallbackRejected, SunoError
from suno_async.operations._kinds import KINDS, Kind

if TYPE_CHECKING:
    from suno_async.operations import TaskOperation

_DEEPEST = 32  # levels of a body; what is documented has 6
_MOST_NODES = 2_500  # values in a body; two songs have 60, and reading one may take 0.1 ms
_MOST_OF_NOTES = 50_000  # in one that lists the notes of a song
_LONGEST_ID = 200  # characters; the service's ids have 32
_LINKS = ("url", "images")  # how the names of links end
_TOO_LARGE = 413


@define(kw_only=True)
class Callback:
    """What was posted for a submission; it was read once, and can be read."""

    path: CallbackPath
    """Whose URL it came to."""
    task_id: str
    """The task that it names."""
    body: Mapping[str, Any] = field(repr=False)
    """What was posted."""
    _record: Record[Any] | None = field(default=None, init=False, repr=False)

    @property
    def kind(self) -> Kind:
        """The kind of the task."""
        return KINDS[self.path.kind]

    @property
    def submission_id(self) -> str:
        """The id of the submission."""
        return self.path.submission_id

    @property
    def token(self) -> str:
        """The token of the task."""
        return f"{self.path.kind}:{self.task_id}"

    def record(
        self, operation: TaskOperation[Any] | None = None, body: Mapping[str, Any] | None = None
    ) -> Record[Any]:
        """What it says of the task, or what another body says of the same task.

        Raises:
            SunoError: that cannot be read.
        """
        if body is not None:
            return record_of(self.kind, body, token=self.token, operation=operation)
        if self._record is None:
            self._record = record_of(self.kind, self.body, token=self.token)
        if operation is not None:
            add_model(self._record, operation)
        return self._record


def read_callback(
    path: CallbackPath, given: bytes | str | Mapping[str, Any], most: int
) -> Callback:
    """The callback that was posted to this path, as raw text or parsed.

    Raises:
        CallbackRejected: it is too large, cannot be read, or holds what the service does not send.
    """
    body = _parsed(given, most)
    _check_inside(body, _MOST_OF_NOTES if path.kind == "midi" else _MOST_NODES)
    task_id = task_id_of(body)
    if task_id is None:
        raise CallbackRejected("it names no task")
    if not task_id.isprintable() or len(task_id) > _LONGEST_ID:
        raise CallbackRejected("it names a task as the service does not")
    callback = Callback(path=path, task_id=task_id, body=body)
    try:
        callback.record()  # now, while the sender can still be answered
    except SunoError:
        raise CallbackRejected(f"what it says of a {path.kind} task is not clear") from None
    return callback


def path_in_record(record: Mapping[str, Any]) -> CallbackPath | None:
    """The path of the callback URL that a record repeats, where it repeats one of ours.

    A record keeps the request as a text, or the URL alone. The request's words are not searched:
    they may be anybody's.
    """
    param, _ = find(record, ("data.param",))
    try:
        asked = json.loads(param) if isinstance(param, str) else None
    except (ValueError, RecursionError):
        asked = None
    for body in {"data": asked}, record:
        url, _ = find(body, ("data.call_back_url", "data.callback_url"))
        if isinstance(url, str) and (path := path_in(url)) is not None:
            return path
    return None


def _parsed(given: object, most: int) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(cast("Mapping[str, Any]", given))
    if not isinstance(given, str | bytes | bytearray):
        raise CallbackRejected("the body is neither text nor an object")
    try:
        raw = given.encode() if isinstance(given, str) else bytes(given)
        if len(raw) > most:
            raise CallbackRejected(f"it is larger than {most} bytes", http_status=_TOO_LARGE)
        body: Any = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise CallbackRejected("the body is no JSON") from None
    if not isinstance(body, dict):
        raise CallbackRejected("the body is not an object")
    return cast("dict[str, Any]", body)


def _check_inside(body: dict[str, Any], most: int) -> None:
    """Hold what is believed without a poll to what the service sends.

    A link may end in somebody's browser, so it leads to the web and nowhere else.
    """
    nodes: list[tuple[Any, str, int]] = [(body, "", 1)]
    for node, name, level in nodes:
        if isinstance(node, dict | list | tuple) and len(nodes) + len(cast("Any", node)) > most:
            raise CallbackRejected(f"it holds more than {most} values", http_status=_TOO_LARGE)
        if level > _DEEPEST:
            raise CallbackRejected("it is nested too deeply")
        if isinstance(node, dict):
            inside = cast("dict[str, Any]", node)
            if not all(isinstance(key, str) for key in inside):  # pyright: ignore[reportUnnecessaryIsInstance]  what was parsed by others
                raise CallbackRejected("it is no JSON object")
            nodes += [(value, key, level + 1) for key, value in inside.items()]
        elif isinstance(node, list | tuple):
            nodes += [(value, name, level + 1) for value in cast("list[Any]", node)]
        elif isinstance(node, str) and name.lower().endswith(_LINKS) and not _is_web(node):
            raise CallbackRejected("a link in it does not lead to the web")


def _is_web(link: str) -> bool:
    return not link.strip() or link.strip().lower().startswith(("http://", "https://"))
