"""Faults: each does on the wire what it says, and accepts before it only if it says so."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from raw_client import IDEA, Raw, fake_suno, raw

from suno_async.testing import TRANSIENT, Fault, FaultKind

ALL = {fault.name: fault for fault in Fault.named()}
ANSWERS = [fault for fault in ALL.values() if fault.kind is FaultKind.ANSWER]
BREAKS = [fault for fault in ALL.values() if fault.kind in (FaultKind.RESET, FaultKind.CLOSE)]


@asynccontextmanager
async def posted(api: Raw) -> AsyncGenerator[aiohttp.ClientResponse]:
    """A song asked for; redirects are not followed."""
    async with api.session.post(
        f"{api.fake.url}/api/v1/generate", json=IDEA, allow_redirects=False
    ) as response:
        yield response


def accepted(api: Raw) -> tuple[int, int]:
    """How many songs were accepted, and how many charged."""
    ledger = api.fake.ledger
    return len(ledger.accepted("generate-music")), len(ledger.charged("generate-music"))


def test_names() -> None:
    """Every fault is found by its name, and names are all different."""
    assert len(ALL) == len(Fault.named()) >= 29
    assert Fault.RESET_AFTER_ACCEPT is ALL["reset_after_accept"]
    assert len({fault.name for fault in TRANSIENT}) == len(TRANSIENT)


@pytest.mark.parametrize("fault", BREAKS, ids=lambda fault: fault.name)
async def test_broken_connections(fault: Fault) -> None:
    """A connection that breaks is an error to the client, and accepted only if it says so."""
    async with raw(fake_suno()) as api:
        api.fake.fail(fault)
        kind = (
            ConnectionResetError
            if fault.kind is FaultKind.RESET
            else aiohttp.ServerDisconnectedError
        )
        with pytest.raises((kind, aiohttp.ClientOSError)):
            async with posted(api):
                pass
        assert accepted(api) == (int(fault.accepts), int(fault.accepts))
        assert [entry.fault for entry in api.fake.ledger] == [fault.name]
        assert (await api.post("/generate", IDEA))["code"] == 200


@pytest.mark.parametrize("fault", ANSWERS, ids=lambda fault: fault.name)
async def test_other_answers(fault: Fault) -> None:
    """What is answered instead comes with its status, and accepts nothing unless it says so."""
    async with raw(fake_suno()) as api:
        api.fake.fail(fault)
        if fault is Fault.BAD_GZIP:
            with pytest.raises(aiohttp.ClientPayloadError):
                async with posted(api) as response:
                    await response.read()
        else:
            async with posted(api) as response:
                body = await response.read()
                assert response.status == fault.status
            if fault.body is not None:
                assert body == fault.body
        assert accepted(api) == (int(fault.accepts), int(fault.accepts))


@pytest.mark.parametrize("fault", ANSWERS, ids=lambda fault: fault.name)
async def test_other_answers_after_accepting(fault: Fault) -> None:
    """The same faults can come after the song was accepted and charged."""
    async with raw(fake_suno()) as api:
        api.fake.fail(fault.after_accepting())
        async with api.session.post(f"{api.fake.url}/api/v1/generate", json=IDEA) as response:
            assert response.status == fault.status
        assert accepted(api) == (1, 1)
        assert api.fake.ledger.entries[0].code == 200


async def test_headers_that_break_off() -> None:
    """The answer's headers break off after the song was accepted."""
    async with raw(fake_suno()) as api:
        api.fake.fail(Fault.CUT_HEAD)
        with pytest.raises(aiohttp.ClientError):
            async with posted(api):
                pass
        assert accepted(api) == (1, 1)


async def test_a_body_that_breaks_off() -> None:
    """Half of the answer comes, or as many bytes as were asked for."""
    async with raw(fake_suno()) as api:
        for fault in (Fault.CUT_BODY, Fault.CUT_BODY.cut_at(9)):
            api.fake.fail(fault)
            async with posted(api) as response:
                assert response.status == 200
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.read()
        assert accepted(api) == (2, 2)


@pytest.mark.parametrize("fault", [Fault.NEVER, Fault.NEVER_AFTER_ACCEPT])
async def test_no_answer_ever(fault: Fault) -> None:
    """Nothing is ever said; whether the song was accepted is what the fault says."""
    async with raw(fake_suno()) as api:
        api.fake.fail(fault)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600), posted(api):
                pass
        assert accepted(api) == (int(fault.accepts), int(fault.accepts))


async def test_answers_that_come_late() -> None:
    """A delay before accepting accepts late, one after it has accepted at once."""
    async with raw(fake_suno()) as api:
        loop = asyncio.get_running_loop()
        for fault, at_once in ((Fault.DELAY_BEFORE_ACCEPT, 0), (Fault.DELAY_AFTER_ACCEPT, 2)):
            api.fake.fail(fault.lasting(25.0))
            start = loop.time()
            answer = asyncio.create_task(api.post("/generate", IDEA))
            await asyncio.sleep(10)
            assert accepted(api)[0] == at_once
            assert (await answer)["code"] == 200
            assert loop.time() - start == pytest.approx(25, abs=0.1)
        assert accepted(api) == (2, 2)


async def test_an_answer_in_drops() -> None:
    """A slow body comes byte by byte, a second each."""
    async with raw(fake_suno()) as api:
        api.fake.fail(Fault.SLOW_BODY)
        start = asyncio.get_running_loop().time()
        answer = await api.post("/generate", IDEA)
        size = len(json.dumps(answer))
        assert asyncio.get_running_loop().time() - start == pytest.approx(size, abs=1.5)


async def test_an_answer_without_end() -> None:
    """An endless body goes on for as long as it is read."""
    async with raw(fake_suno()) as api:
        api.fake.fail(Fault.ENDLESS_BODY)
        async with posted(api) as response:
            count = 0
            async for piece in response.content.iter_any():
                count += len(piece)
                if count > 10_000_000:
                    break
        assert accepted(api) == (0, 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects(status: int) -> None:
    """A redirect leads to the same address, or to another host."""
    async with raw(fake_suno()) as api:
        api.fake.fail(Fault.redirect(status))
        api.fake.fail(Fault.redirect(status, "https://elsewhere.example/x"))
        for target in (f"{api.fake.url}/api/v1/generate", "https://elsewhere.example/x"):
            async with posted(api) as response:
                assert (response.status, response.headers["Location"]) == (status, target)
        assert accepted(api) == (0, 0)


CODES = [401, 402, 404, 405, 408, 409, 413, 422, 429, 430, 451, 455, 500, 501, 502, 503, 504]


@pytest.mark.parametrize("code", [*CODES, 505, 531])
async def test_every_code_can_be_answered(code: int) -> None:
    """Each documented code can be answered with HTTP 200 or another, and any message."""
    async with raw(fake_suno()) as api:
        api.fake.fail(Fault.envelope(code))
        answer = await api.post("/generate", IDEA)
        assert (answer["code"], answer["data"]) == (code, None)
        assert answer["msg"]
        api.fake.fail(Fault.envelope(code, "Rate limit", status=429).retry_after("7"))
        async with posted(api) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "7")
            assert (await response.json())["msg"] == "Rate limit"
        assert accepted(api) == (0, 0)


async def test_bad_gzip_is_no_gzip() -> None:
    """The body says gzip and cannot be unpacked."""
    with pytest.raises(OSError, match="gzip"):
        gzip.decompress(Fault.BAD_GZIP.body or b"")


async def test_whom_a_fault_meets() -> None:
    """Faults meet an operation, a path or all; `skip` and `times` say which requests."""
    async with raw(fake_suno()) as api:
        api.fake.fail(Fault.envelope(455), on="generate-lyrics")
        api.fake.fail(Fault.envelope(500), on="/api/v1/generate", times=2, skip=1)
        assert (await api.get("/generate/credit"))["code"] == 200
        assert [(await api.post("/generate", IDEA))["code"] for _ in range(4)] == [
            *(200, 500, 500, 200)
        ]
        assert (await api.post("/lyrics", {}))["code"] == 455
        api.fake.fail(Fault.envelope(430), times=None)
        for _ in range(5):
            assert (await api.get("/generate/credit"))["code"] == 430
        api.fake.clear_faults()
        assert (await api.get("/generate/credit"))["code"] == 200


async def test_faults_by_chance() -> None:
    """A share of the requests fails, the same ones for the same seed."""

    async def played(seed: int) -> list[str | None]:
        async with raw(fake_suno(credits=1e6)) as api:
            api.fake.faults(0.3, seed=seed, choices=(Fault.BARE_503, Fault.HTML_502))
            for _ in range(100):
                async with posted(api):
                    pass
            return [entry.fault for entry in api.fake.ledger]

    one = await played(1)
    assert 18 <= sum(name is not None for name in one) <= 42
    assert set(one) == {None, "bare_503", "html_502"}
    assert one == await played(1)
    assert one != await played(2)


async def test_chance_keeps_to_its_operations() -> None:
    """With `on` only some operations fail by chance, and files never do."""
    async with raw(fake_suno()) as api:
        api.fake.faults(1.0, choices=(Fault.BARE_503,), on=("generate-music",))
        assert (await api.get("/generate/credit"))["code"] == 200
        async with posted(api) as response:
            assert response.status == 503


async def test_a_refusal_for_rate_uses_up_no_fault() -> None:
    """The rate is judged first; the fault waits for a request that is let through."""
    async with raw(fake_suno(max_rate=1)) as api:
        await api.get("/generate/credit")
        api.fake.fail(Fault.envelope(455))
        assert (await api.get("/generate/credit"))["code"] == 430
        await asyncio.sleep(10)
        assert (await api.get("/generate/credit"))["code"] == 455


async def test_closing_ends_what_never_would() -> None:
    """The fake can be closed while requests hang, drip and never end."""
    async with raw(fake_suno()) as api:
        for fault in (Fault.NEVER, Fault.SLOW_BODY, Fault.ENDLESS_BODY):
            api.fake.fail(fault)
        hanging = [asyncio.create_task(api.post("/generate", IDEA)) for _ in range(3)]
        await asyncio.sleep(5)
        start = asyncio.get_running_loop().time()
        await api.fake.close()
        assert asyncio.get_running_loop().time() - start < 5
        results = await asyncio.gather(*hanging, return_exceptions=True)
        assert all(isinstance(result, aiohttp.ClientError) for result in results)
