"""What all tests share: time is virtual, unless a test is marked with `real_time`."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest
from hypothesis import settings

from suno_async.testing import VirtualTimeLoop

for _number, _usual in (
    (signal.SIGINT, signal.default_int_handler),  # ignored by a job in a shell's background
    (signal.SIGHUP, signal.SIG_DFL),  # ignored under nohup
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)

collect_ignore = ["programs"]  # they are run by tests, also the tests among them

pytest_plugins = [
    "pytester",
    "live.plugin",
    "callback_kit",
    "postgres_kit",
    "redis_kit",
    "task_kit",
]

settings.register_profile("quick", deadline=None, max_examples=50)
settings.register_profile(
    "ci", deadline=None, max_examples=100, derandomize=True, database=None, print_blob=True
)
settings.register_profile("brief", settings.get_profile("ci"), max_examples=50)
settings.load_profile("ci" if "CI" in os.environ else "quick")


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run each asynchronous test, and its fixtures, on a loop of its own."""
    if item.get_closest_marker("real_time"):
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": VirtualTimeLoop}
