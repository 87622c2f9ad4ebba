"""Through a company's proxy, whose certificate authority no system knows."""

import asyncio
import ssl

import aiohttp

from suno_async import SunoClient

PROXY = "http://proxy.example:3128"  # with a password: http://user:password@proxy.example:3128
AUTHORITY = "company.pem"


async def main() -> None:
    context = ssl.create_default_context()  # what the system knows, and one more
    context.load_verify_locations(AUTHORITY)
    connector = aiohttp.TCPConnector(ssl=context)
    async with (
        aiohttp.ClientSession(connector=connector, proxy=PROXY) as session,
        SunoClient(session=session) as suno,
    ):
        print(await suno.get_credits())


if __name__ == "__main__":
    asyncio.run(main())
