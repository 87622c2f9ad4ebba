"""`suno-async serve`: the embedded API on a port, for trying out and testing any client."""

import asyncio
import os
import time

from suno_async import ConfigurationError

_KEY = "key"


async def serve(*, port: int = 8750, speed: float = 1.0) -> None:
    """Run an imitation of the service, for trying out programs.

    Args:
        port: The port to listen on, at 127.0.0.1; 0 takes any that is free.
        speed: How many times faster than the service songs are made.
    """
    from suno_async.testing import FakeSuno, Timetable  # noqa: PLC0415 brings a server along

    if not speed > 0:
        raise ConfigurationError(f"--speed must be above 0, not {speed:g}.")
    timetable = Timetable.drawn(scale=1 / speed)
    fake = FakeSuno(api_key=_KEY, timetable=timetable, epoch=time.time())
    try:
        url = await fake.start(port=port)
    except (OSError, OverflowError) as error:
        number = error.errno if isinstance(error, OSError) else None
        why = os.strerror(number) if number else "it must be at most 65535"
        raise ConfigurationError(f"Port {port} cannot be used: {why}. Try another.") from None
    try:
        print(_HOW_TO.format(url=url, key=_KEY), flush=True)  # noqa: T201 what it is for
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        pass  # Ctrl-C is how it ends
    finally:
        await fake.close()


_HOW_TO = """\
The embedded API listens on {url} until Ctrl-C. In another terminal:

  export SUNO_BASE_URL={url} SUNO_API_KEY={key}
  suno-async generate "A calm piano tune at dusk"
"""
