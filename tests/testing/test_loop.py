"""The loops of our own: time is saved, and nothing happens early."""

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiolimiter import AsyncLimiter

from suno_async.testing import AcceleratedLoop, VirtualTimeLoop, run_accelerated, run_virtual


@contextlib.contextmanager
def taking_less_than(seconds: float) -> Generator[None]:
    """Hold the real time that the block takes below a limit."""
    start = time.perf_counter()
    yield
    assert time.perf_counter() - start < seconds


async def test_ten_minutes_pass_in_no_time() -> None:
    """A long sleep takes its time on the loop's clock and none outside."""
    start = asyncio.get_running_loop().time()
    with taking_less_than(5):
        await asyncio.sleep(600)
    assert asyncio.get_running_loop().time() - start == pytest.approx(600)


async def test_timers_keep_their_order() -> None:
    """Timers fire by their deadlines, each at its own time, however they were set."""
    loop = asyncio.get_running_loop()
    fired: list[tuple[float, float]] = []
    delays = [30.0, 0.5, 86_400.0 * 3, 7.0, 0.0, 7.1, 1e-9]

    async def sleeper(delay: float) -> None:
        await asyncio.sleep(delay)
        fired.append((delay, loop.time() - start))

    start = loop.time()
    await asyncio.gather(*map(sleeper, delays))
    assert [delay for delay, _ in fired] == sorted(delays)
    assert [at for _, at in fired] == pytest.approx(sorted(delays), abs=1e-5)


@pytest.mark.parametrize("own_pool", [False, True])
async def test_the_clock_stands_still_while_a_thread_works(own_pool: bool) -> None:
    """What a thread finds in 50 real milliseconds comes before a timer due in 100 s."""
    loop = asyncio.get_running_loop()
    loop.call_later(100, print)
    with ThreadPoolExecutor() as pool:
        await loop.run_in_executor(pool if own_pool else None, time.sleep, 0.05)
    assert loop.time() < 1


async def test_several_threads_hold_the_clock_until_the_last() -> None:
    """The clock goes on when every thread is back, also if some of them failed."""
    loop = asyncio.get_running_loop()
    futures = [asyncio.to_thread(time.sleep, delay) for delay in (0.01, -1, 0.06)]
    done = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(one) for one in done] == [type(None), ValueError, type(None)]
    assert loop.time() < 1
    with taking_less_than(5):
        await asyncio.sleep(600)


async def test_a_thread_that_is_given_up_releases_the_clock() -> None:
    """Once no thread is under way any more, time passes again."""
    release = threading.Event()
    waiting = asyncio.create_task(asyncio.to_thread(release.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    with taking_less_than(5):
        await asyncio.sleep(600)
    release.set()


async def test_a_thread_that_waits_for_the_clock_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that itself waits for a timer of the loop does not stop everything for ever."""
    monkeypatch.setattr("suno_async.testing.loop._OUTSIDE_PATIENCE", 0.05)
    release = threading.Event()
    asyncio.get_running_loop().call_later(100, release.set)
    assert await asyncio.to_thread(release.wait, 10)


async def test_a_limiter_does_not_spin() -> None:
    """A limiter of aiolimiter waits for its place without turning for ever on a rounding error."""
    loop = asyncio.get_running_loop()
    limiter = AsyncLimiter(1, 0.5)
    start = loop.time()
    with taking_less_than(5):
        for _ in range(1_000):
            await limiter.acquire()
    assert loop.time() - start == pytest.approx(999 * 0.5, abs=0.01)


async def test_timeouts_follow_the_clock() -> None:
    """`asyncio.timeout` and `asyncio.wait_for` end after their time on the loop's clock."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            await asyncio.sleep(11)
    assert loop.time() - start == pytest.approx(10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 90)
    assert loop.time() - start == pytest.approx(100)
    assert await asyncio.wait_for(asyncio.sleep(5, "in time"), 90) == "in time"
    assert loop.time() - start == pytest.approx(105)


def test_run_virtual_gives_the_result() -> None:
    """`run_virtual` returns what the coroutine returns, and raises what it raises."""

    async def main(failure: Exception | None = None) -> float:
        await asyncio.sleep(3600)
        if failure:
            raise failure
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(3600)
    with pytest.raises(KeyError):
        run_virtual(main(KeyError("a word")))


def test_what_never_ends_is_ended() -> None:
    """A wait in vain beside a periodic timer raises in place of turning for ever."""

    async def ticking() -> None:
        while await asyncio.sleep(3600, result=True):
            pass

    with pytest.raises(RuntimeError, match="Two months"):
        run_virtual(ticking())


def test_threads_that_end_late_are_waited_for_at_the_end() -> None:
    """Closing the loop joins its threads in real time."""
    ended: list[bool] = []

    async def main() -> None:
        working = asyncio.ensure_future(asyncio.to_thread(work))
        await asyncio.sleep(0)
        working.cancel()

    def work() -> None:
        time.sleep(0.05)
        ended.append(True)

    run_virtual(main())
    assert ended == [True]


def test_a_sped_up_second_is_short() -> None:
    """Ten seconds on the loop's clock are a tenth of a real one at a speed of 100."""

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        start, real_start = loop.time(), time.monotonic()
        await asyncio.sleep(10)
        return loop.time() - start, time.monotonic() - real_start

    passed, real = run_accelerated(main(), speed=100)
    assert passed == pytest.approx(real * 100, rel=0.1)
    assert passed >= 10


@pytest.fixture
def interruptible() -> Generator[None]:
    """Heed Ctrl-C, also where the tests were started in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("factory", [VirtualTimeLoop, lambda: AcceleratedLoop(20)])
@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_either_loop(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Ctrl-C cancels the main coroutine at once, which may clean up, and raises at the end."""
    cleaned: list[bool] = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    here = threading.get_ident()
    timer = threading.Timer(0.05, signal.pthread_kill, [here, signal.SIGINT])
    timer.start()
    with (
        taking_less_than(5),
        pytest.raises(KeyboardInterrupt),
        asyncio.Runner(loop_factory=factory) as runner,
    ):
        runner.run(main())
    timer.join()
    assert cleaned == [True]
