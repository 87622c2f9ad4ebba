"""The part of a bot that has nothing to do with a platform."""

from collections.abc import Awaitable, Callable

from suno_async import GenerateMusic, SunoClient, SunoError

Show = Callable[[str], Awaitable[None]]


async def answer(suno: SunoClient, message: str, idea: str, show: Show) -> None:
    await show("On its way.")
    try:
        async for event in await suno.submit(GenerateMusic(idea), idempotency_key=message):
            await show(f"{event.stage}: {event.result[0].title}")
    except SunoError as error:
        await show(f"Sorry: {error}")
