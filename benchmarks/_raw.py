"""Requests by hand, with aiohttp and `json` alone: the floor of what a call can cost."""

import json
from typing import Any

import aiohttp
from attrs import frozen

KEY = "key"
"""The key that the server takes."""


@frozen
class Raw:
    """Requests by hand."""

    url: str
    """The server's address."""
    session: aiohttp.ClientSession
    """Where connections are kept, or not."""

    async def get(self, path: str, **query: str) -> Any:
        """The answer to a GET."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with self.session.get(self.url + path, params=query, headers=headers) as response:
            return json.loads(await response.read())

    async def post(self, path: str, body: dict[str, object]) -> Any:
        """The answer to a POST."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        async with self.session.post(self.url + path, data=data, headers=headers) as response:
            return json.loads(await response.read())
