"""One of the README's programs as a process of its own, in which time flies.

    python program_process.py NAME SPEED [PORT]

The environment's `DISCORD` is the address of Discord's HTTP.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import yarl
from program_kit import loaded, needed

from suno_async.testing import run_accelerated

if TYPE_CHECKING:
    from collections.abc import Coroutine


def program(name: str, port: list[str]) -> Coroutine[Any, Any, None]:
    """What the process runs: the program's own main, or its application under uvicorn."""
    names, runs = loaded(name)
    if runs:
        return runs[0]
    uvicorn = needed("uvicorn")
    config = uvicorn.Config(names["app"], port=int(*port), log_config=None)
    serving: Coroutine[Any, Any, None] = uvicorn.Server(config).serve()
    return serving


if __name__ == "__main__":
    _, name, speed, *port = sys.argv
    if (address := os.environ.get("DISCORD")) is not None:
        gateway = yarl.URL(f"ws{address.removeprefix('http')}/gateway")
        needed("discord.http").Route.BASE = address
        needed("discord.gateway").DiscordWebSocket.DEFAULT_GATEWAY = gateway
    run_accelerated(program(name, port), speed=float(speed))
