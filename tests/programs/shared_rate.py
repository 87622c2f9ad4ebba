"""One key for many processes: the rate is kept in Redis, `pip install 'suno-async[redis]'`."""

import asyncio

from suno_async import SunoClient
from suno_async.redis_limiter import RedisRateLimiter


async def main() -> None:
    async with (
        RedisRateLimiter("redis://localhost:6379/0", fallback_share=0.25) as limiter,  # of 4
        SunoClient(limiter=limiter) as suno,
    ):
        print(await suno.get_credits(), "credits left")


asyncio.run(main())
