"""Replicas of a small service over one journal, behind a proxy that takes them in turn.

Each replica is a process of its own. It submits what is ordered under the key of the order, keeps
the files of what it made or picked up, takes callbacks and lets anybody follow any song. The proxy
goes on to the next replica only where a connection is refused, as a proxy may: what broke off later
is a 502, and whoever ordered orders again under the same key.
"""

import asyncio
import contextlib
import itertools
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import aiohttp
from aiohttp import web
from attrs import define, field

from suno_async import CallbackReceiver, GenerateMusic, SubmissionUnknown, SunoClient, SunoError
from suno_async.task import Task

_SECRET = "the secret of all replicas"  # noqa: S105 of processes that live for a benchmark
_AGAIN = 0.3  # seconds until an order is tried again


# --- a replica's process -----------------------------------------------------------------------


@define(eq=False)
class _Service:
    suno: SunoClient
    receiver: CallbackReceiver
    songs: str
    """The directory of the files, which all replicas share."""
    keeping: set[asyncio.Task[None]] = field(factory=set["asyncio.Task[None]"], init=False)

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/songs", self.order)
        app.router.add_get("/songs/{token}", self.follow)
        app.add_routes(self.receiver.routes())
        return app

    async def order(self, request: web.Request) -> web.Response:
        song = GenerateMusic((await request.json())["idea"])
        try:
            task = await self.suno.submit(song, idempotency_key=request.headers["Idempotency-Key"])
        except SubmissionUnknown as error:
            return web.Response(status=409, text=str(error))
        except SunoError as error:
            return web.Response(status=503, text=str(error))
        self.keep(task)
        return web.json_response({"song": task.token}, status=202)

    async def follow(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        async for event in self.suno.task(request.match_info["token"]):
            await answer.write(f"{event.stage}\n".encode())
        return answer

    async def pick_up(self) -> None:
        async for task in self.suno.pick_up():
            print(task.token, flush=True)
            self.keep(task)

    def keep(self, task: Task[Any]) -> None:
        keeping = asyncio.create_task(self._keep(task))
        self.keeping.add(keeping)
        keeping.add_done_callback(self.keeping.discard)

    async def _keep(self, task: Task[Any]) -> None:
        with contextlib.suppress(SunoError):
            for track in await task:
                await self.suno.download(track, self.songs)


async def _serve(suno: str, journal: str, public: str, songs: str) -> None:
    receiver = CallbackReceiver(f"{public}/suno", _SECRET)
    async with SunoClient("key", base_url=suno, journal=journal, callbacks=receiver) as client:
        service = _Service(client, receiver, songs)
        runner = web.AppRunner(service.application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await service.pick_up()


# --- the process that measures -----------------------------------------------------------------


@define(eq=False)
class Replica:
    """One replica, as the proxy sees it."""

    process: asyncio.subprocess.Process
    """Its process."""
    url: str
    """Where it listens."""
    orders: int = 0
    """How many orders are under way in it."""
    songs: list[str] = field(factory=list[str], init=False)
    """The tokens that it has answered with."""
    killed_at: float | None = None
    """The loop's time of its end."""
    reading: asyncio.Task[None] | None = field(default=None, init=False)
    """What reads its output."""


@define(eq=False)
class Replicas:
    """The replicas and their proxy."""

    suno: str
    """The address of the embedded API."""
    journal: str
    """The URL of the journal that all share."""
    songs: str
    """The directory of the files."""
    session: aiohttp.ClientSession = field(init=False)
    """What asks the proxy, and what the proxy asks with."""
    url: str = field(default="", init=False)
    """The address of the proxy."""
    members: list[Replica] = field(factory=list[Replica], init=False)
    """Those that are in turn."""
    picked_up: dict[str, float] = field(factory=dict[str, float], init=False)
    """When each token was picked up first, by the loop's time."""
    answers: Counter[int] = field(factory=Counter[int], init=False)
    """The statuses of all answers to orders."""
    _turns: "itertools.count[int]" = field(factory=itertools.count, init=False)

    async def start_one(self) -> Replica:
        """Start another replica, and have the proxy ask it, too."""
        given = (self.suno, self.journal, self.url, self.songs)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks._replicas", *given), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None  # noqa: S101 for the checkers
        port = (await process.stdout.readline()).decode().strip()
        replica = Replica(process, f"http://127.0.0.1:{port}")
        replica.reading = asyncio.create_task(self._read(process.stdout))
        self.members.append(replica)
        return replica

    async def kill(self, replica: Replica) -> None:
        """End it as `kill -9` does; the proxy notices by itself until it is taken out."""
        replica.process.send_signal(signal.SIGKILL)
        replica.killed_at = asyncio.get_running_loop().time()
        await replica.process.wait()
        self.members.remove(replica)

    async def order(self, key: str, seconds: float = 120.0) -> str | None:
        """Order a song until there is an answer: its token, or none where that is unknown."""
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    asked = self.session.post(
                        f"{self.url}/songs", json={"idea": key}, headers={"Idempotency-Key": key}
                    )
                    async with asked as answer:
                        self.answers[answer.status] += 1
                        if answer.status == 202:
                            song: str = (await answer.json())["song"]
                            return song
                        if answer.status == 409:
                            return None
                await asyncio.sleep(_AGAIN)

    async def follow(self, token: str) -> dict[str, float]:
        """When each stage of a song was seen, by the loop's time; at whichever replica."""
        seen = dict[str, float]()
        async with self.session.get(f"{self.url}/songs/{token}") as answer:
            async for line in answer.content:
                seen[line.decode().strip()] = asyncio.get_running_loop().time()
        return seen

    async def _read(self, output: asyncio.StreamReader) -> None:
        while line := await output.readline():
            now = asyncio.get_running_loop().time()
            self.picked_up.setdefault(line.decode().strip(), now)

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        for _ in range(len(self.members)):
            replica = self.members[next(self._turns) % len(self.members)]
            with contextlib.suppress(aiohttp.ClientConnectorError):
                return await self._ask(replica, request, body)
        return web.Response(status=502)

    async def _ask(self, replica: Replica, request: web.Request, body: bytes) -> web.StreamResponse:
        is_order = request.method == "POST" and request.path == "/songs"
        replica.orders += is_order
        try:
            headers: Mapping[str, str] = {
                name: request.headers[name]
                for name in ("Content-Type", "Idempotency-Key")
                if name in request.headers
            }
            asked = self.session.request(
                request.method, f"{replica.url}{request.rel_url}", data=body, headers=headers
            )
            async with asked as answer:
                if is_order:
                    whole = await answer.read()
                    if answer.status == 202:
                        replica.songs.append(json.loads(whole)["song"])
                    return web.Response(
                        status=answer.status, body=whole, content_type=answer.content_type
                    )
                passed = web.StreamResponse(status=answer.status)
                await passed.prepare(request)
                async for part in answer.content.iter_any():
                    await passed.write(part)
                return passed
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientError, ConnectionError):
            return web.Response(status=502)
        finally:
            replica.orders -= is_order


@contextlib.asynccontextmanager
async def serve_replicas(
    suno: str, journal: str, songs: str, count: int = 3
) -> AsyncGenerator[Replicas]:
    """So many replicas and a proxy before them, within the block."""
    replicas = Replicas(suno, journal, songs)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", replicas._forward)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    replicas.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    everything = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=everything, connector=connector) as replicas.session:
        try:
            await asyncio.gather(*(replicas.start_one() for _ in range(count)))
            yield replicas
        finally:
            for replica in [*replicas.members]:
                with contextlib.suppress(ProcessLookupError):
                    await replicas.kill(replica)
            await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
