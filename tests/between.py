"""What stands between the embedded API and its clients, and changes what is answered."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import web

if TYPE_CHECKING:
    from suno_async.testing import FakeSuno

Go: TypeAlias = Callable[[], Awaitable[web.StreamResponse]]


def stand_between(
    fake: FakeSuno, pass_on: Callable[[web.Request, Go], Awaitable[web.StreamResponse]]
) -> None:
    """Have each request go through this; before the fake is started."""

    @web.middleware
    async def middle(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        return await pass_on(request, lambda: handler(request))

    fake.app.middlewares.append(middle)


def said_in(response: web.StreamResponse) -> Any:
    """What an answer says."""
    body = response.body if isinstance(response, web.Response) else None
    return json.loads(body) if isinstance(body, bytes) else None
