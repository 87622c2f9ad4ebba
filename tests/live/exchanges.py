"""What passes between the client and the service: paid requests are counted, answers are kept."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeGuard, cast
from urllib.parse import quote

import aiohttp
from attrs import asdict, define, field, frozen

_log = logging.getLogger(__name__)
_API = "/api/"  # in the path of what is asked; files lie elsewhere
FREE = (
    "/api/file-base64-upload",
    "/api/file-stream-upload",
    "/api/file-url-upload",
    "/api/v1/voice/check-voice",
)
"""What is free though it is posted; any other POST counts as paid."""
_SLOT = 0.55  # seconds for each request: 20 in 10 s are taken
_CALLBACKS = re.compile(r"call?_?back_?url", re.IGNORECASE)
_EITHER_HEADER = 32 + zlib.MAX_WBITS  # gzip and zlib alike


class BudgetSpentError(Exception):
    """One more paid request than was allowed: it was not sent."""


@frozen
class Budget:
    """How many paid requests one run may make.

    Each is a file that only one can make, so all processes of the run count together, and a worker
    that takes the place of one that crashed goes on counting.
    """

    limit: int
    folder: Path

    def draw(self) -> None:
        """Count one more.

        Raises:
            BudgetSpentError: there is none left.
        """
        for number in range(1, self.limit + 1):
            try:
                (self.folder / f"paid-{number}").touch(exist_ok=False)
            except FileExistsError:
                continue
            return
        raise BudgetSpentError(f"--live-budget {self.limit} is spent; nothing was sent")

    @property
    def left(self) -> int:
        """How many may still be made."""
        return self.limit - len([*self.folder.glob("paid-*")])


@frozen
class Pace:
    """Lets no more requests leave than the service takes, from all processes of the run together.

    Each test has a client, and so a limiter, of its own. So time is cut into slots, and each
    request takes the next that is free, which is a file that only one can make.
    """

    folder: Path
    speed: float = 1.0
    """How fast the loop's clock runs."""

    async def wait(self) -> int:
        """Wait for a slot, and return its number."""
        length = _SLOT / self.speed
        slot = int(time.time() / length) + 1
        while not self._takes(slot):
            slot += 1
        await asyncio.sleep((slot * length - time.time()) * self.speed)
        return slot

    def _takes(self, slot: int) -> bool:
        try:
            (self.folder / f"slot-{slot}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


@frozen(kw_only=True)
class Exchange:
    """One request that was answered, without the key and the callback URL."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    """The HTTP status."""
    answer: Any
    """What the JSON holds, or the text that is none."""

    def kept_in(self, folder: Path, name: str) -> None:
        """Write it into this folder."""
        words = re.sub(r"\W+", "-", self.path).strip("-")
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (folder / f"{name}-{self.method}-{words}.json").write_text(f"{text}\n", "utf-8")


def new_session(
    budget: Budget, pace: Pace, key: str, on_exchange: Callable[[Exchange], None]
) -> aiohttp.ClientSession:
    """A session on which nothing is paid beyond the budget; `on_exchange` gets each API answer.

    What `on_exchange` raises is logged, and nothing else comes of it.
    """

    async def check(_: object, __: object, params: aiohttp.TraceRequestStartParams) -> None:
        if params.method not in {"GET", "HEAD"} and not params.url.path.endswith(FREE):
            budget.draw()
        if _API in params.url.path:
            await pace.wait()

    class Response(aiohttp.ClientResponse):
        async def start(self, connection: Any) -> aiohttp.ClientResponse:
            await super().start(connection)
            if _API in self.url.path:
                self.content = cast("aiohttp.StreamReader", _Tee(self.content, self._heard))
            return self

        def _heard(self, body: bytes) -> None:
            on_exchange(
                Exchange(
                    method=self.method,
                    path=self.url.path,
                    query=dict(self.url.query),
                    status=self.status,
                    answer=without_secrets(_read(body, self.headers), key),
                )
            )

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(check)
    return aiohttp.ClientSession(
        trust_env=True,
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=Response,
        trace_configs=[trace],
    )


@define(slots=False)
class _Tee:
    """A body that is read by the client, and reported as a whole when it has ended."""

    _content: Any
    _ended: Callable[[bytes], None]
    _body: bytearray = field(factory=bytearray)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def readany(self) -> bytes:
        chunk: bytes = await self._content.readany()
        self._body += chunk
        if not chunk:
            self._report()
        return chunk

    async def read(self, n: int = -1) -> bytes:
        chunk: bytes = await self._content.read(n)
        self._body += chunk
        if n < 0 or not chunk:
            self._report()
        return chunk

    def _report(self) -> None:
        try:
            self._ended(bytes(self._body))
        except Exception:  # noqa: BLE001 what was paid for must reach the client all the same
            _log.exception("an answer could not be kept")


def _read(body: bytes, headers: Any) -> Any:
    if headers.get("Content-Encoding"):
        body = zlib.decompress(body, _EITHER_HEADER)
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it is an object of JSON."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether it is a list of JSON."""
    return isinstance(value, list)


def without_secrets(value: Any, key: str) -> Any:
    """The same without the key, however it is written, and without callback URLs."""
    if is_object(value):
        return {
            name: "(callback URL)" if _CALLBACKS.fullmatch(name) else without_secrets(one, key)
            for name, one in value.items()
        }
    if is_list(value):
        return [without_secrets(one, key) for one in value]
    return _text_without_secrets(value, key) if isinstance(value, str) else value


def _text_without_secrets(text: str, key: str) -> str:
    if text.lstrip().startswith("{"):  # a request that is repeated as text
        try:
            return json.dumps(without_secrets(json.loads(text), key), ensure_ascii=False)
        except ValueError:
            pass
    for form in (key, quote(key, safe=""), key.replace("/", "\\/")):
        text = text.replace(form, "(key)")
    return text
