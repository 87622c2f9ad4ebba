"""`suno-async serve`: the embedded API on a port, for trying out and testing any client."""

import asyncio
import os
import sys
import time
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from suno_async import ConfigurationError
from suno_async.cli._inputs import FLAG
from suno_async.testing import Entry, FakeSuno, Timetable


async def serve(  # noqa: PLR0913 each is an option
    *,
    host: str = "127.0.0.1",
    port: int = 8750,
    speed: float = 1.0,
    api_key: str = "key",
    credits: float = 1000.0,  # noqa: A002 the option's name
    fault: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    quiet: Annotated[bool, FLAG, Parameter(name=["--quiet", "-q"])] = False,
) -> None:
    """Run an imitation of the service, for trying out programs.

    Each request is logged on stderr, with what became of it and what it cost.

    Args:
        host: The address to listen at; 0.0.0.0 is all, for other machines and containers.
        port: The port to listen on; 0 takes any that is free.
        speed: How many times faster than the service songs are made; clients are told by
            SUNO_SPEED, or SunoClient(speed=...).
        api_key: The key that is accepted.
        credits: What the account holds at first; a song costs 12.
        fault: What goes wrong with the next request, by its name, such as reset_after_accept; of
            several each is played once, in this order.
        quiet: Log no requests.
    """
    if not speed > 0:
        raise ConfigurationError(f"--speed must be above 0, not {speed:g}.")
    fake = FakeSuno(
        api_key=api_key,
        credits=credits,
        timetable=Timetable.drawn(scale=1 / speed),
        callback_spacing=5.0 / speed,
        epoch=time.time(),
        on_request=None if quiet else _log,
    )
    for name in fault:
        try:
            fake.fail(name)
        except ValueError as error:
            raise ConfigurationError(f"--fault: {error}") from None
    url = await _started(fake, host, port)
    try:
        variables = {"SUNO_BASE_URL": url, "SUNO_API_KEY": api_key}
        variables |= {"SUNO_SPEED": f"{speed:g}"} if speed != 1 else {}
        export = " ".join(f"{name}={value}" for name, value in variables.items())
        print(_HOW_TO.format(url=url, export=export), flush=True)  # noqa: T201 what it is for
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        pass  # Ctrl-C is how it ends
    finally:
        await fake.close()


async def _started(fake: FakeSuno, host: str, port: int) -> str:
    try:
        return await fake.start(host, port)
    except (OSError, OverflowError) as error:
        number = error.errno if isinstance(error, OSError) else None
        why = "it must be at most 65535" if number is None else os.strerror(number)
        if number is not None and number < 0:  # of looking up the name
            raise ConfigurationError(f"--host {host} is no address of this machine.") from None
        raise ConfigurationError(
            f"Port {port} at {host} cannot be used: {why}. Try another --port or --host."
        ) from None


def _log(entry: Entry) -> None:
    now = datetime.now()  # noqa: DTZ005 people's time
    print(f"{now:%H:%M:%S}  {entry.summary}", file=sys.stderr, flush=True)  # noqa: T201 as above


_HOW_TO = """\
The embedded API listens on {url} until Ctrl-C. In another terminal:

  export {export}
  suno-async generate "A calm piano tune at dusk"
"""
