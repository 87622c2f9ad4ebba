"""How callbacks are delivered: three tries, and what can go wrong on the way."""

import asyncio

import pytest
from callback_listener import listening
from raw_client import IDEA

from suno_async.testing import CallbackFaults, Fault


async def test_a_callback_is_tried_three_times() -> None:
    """What is not answered with 200 is tried again, three times in all."""
    async with listening(callback_spacing=7.0) as (api, listener):
        listener.answer = lambda count: 200 if count == 2 else 500
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(100)
        assert listener.stages() == ["text", "text", "first", "first", "first"]
        assert listener.times[1] - listener.times[0] == pytest.approx(7, abs=0.1)
        text, first = api.fake.callbacks
        assert (len(text.tries), len(first.tries)) == (2, 3)
        assert text.delivered == pytest.approx(text.tries[1], abs=0.1)
        assert first.delivered is None


async def test_a_listener_that_is_slow_is_given_up_after_fifteen_seconds() -> None:
    """An answer has fifteen seconds."""
    async with listening() as (api, listener):
        listener.pause = 16.0
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(36)
        assert listener.times[1] - listener.times[0] == pytest.approx(20, abs=0.1)
        listener.pause = 14.0
        await asyncio.sleep(200)
        assert len(api.fake.callbacks[-1].tries) == 1


async def test_undelivered_callbacks_can_end_in_callback_exception() -> None:
    """A finished task whose callback was not delivered says CALLBACK_EXCEPTION if it is set so."""
    async with listening(unreachable="CALLBACK_EXCEPTION") as (api, listener):
        listener.answer = lambda _count: 404
        task_id = await api.song(callBackUrl=listener.url)
        unheard = await api.song(callBackUrl="http://127.0.0.1:1/")
        await asyncio.sleep(300)
        for one in (task_id, unheard):
            assert (await api.record(one))["status"] == "CALLBACK_EXCEPTION"
        fine = await api.song(callBackUrl=listener.url)
        listener.answer = lambda _count: 200
        await asyncio.sleep(300)
        assert (await api.record(fine))["status"] == "SUCCESS"


async def test_redirects_are_not_followed() -> None:
    """A redirect is no delivery."""
    async with listening() as (api, listener):
        listener.answer = lambda _count: 307
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(34)
        assert len(listener.got) == 3


async def test_nothing_is_sent_to_a_host_that_cannot_be() -> None:
    """A `.invalid` host is never contacted, and with `send_callbacks=False` no host is."""
    async with listening() as (api, _):
        await api.post("/generate", IDEA)
        await asyncio.sleep(200)
        assert api.fake.callbacks == []
    async with listening(send_callbacks=False) as (api, listener):
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(200)
        assert (listener.got, api.fake.callbacks) == ([], [])


async def test_a_script_leaves_callbacks_out_and_repeats_them() -> None:
    """Callbacks can be left out by stage, and sent more than once."""
    async with listening() as (api, listener):
        api.fake.script(callbacks=("complete",), repeat=3)
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(150)
        assert listener.stages() == ["complete"] * 3
        api.fake.script(skip=("text", "first"))
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(150)
        assert listener.stages() == ["complete"] * 4


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (CallbackFaults(lost=1.0), []),
        (CallbackFaults(duplicated=1.0), ["text"] * 2 + ["first"] * 2 + ["complete"] * 2),
        (CallbackFaults(late=1.0, late_by=(30.0, 30.0)), ["text", "first", "complete"]),
        (CallbackFaults(reordered=1.0), ["text", "complete", "first"]),
    ],
)
async def test_callbacks_go_wrong_as_asked(faults: CallbackFaults, expected: list[str]) -> None:
    """Callbacks are lost, doubled, late, or sent after the next stage."""
    async with listening() as (api, listener):
        api.fake.callback_faults(faults)
        start = asyncio.get_running_loop().time()
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(250)
        assert listener.stages() == expected
        times = [time - start for time in listener.times]
        if faults.late:
            assert times == pytest.approx([45, 66.5, 178], abs=0.1)
        if faults.reordered:
            assert times == pytest.approx([37.5, 148, 149], abs=0.1)


async def test_a_share_of_callbacks_goes_wrong() -> None:
    """Of many callbacks about the share asked for goes wrong, until `clear_faults`."""
    async with listening() as (api, listener):
        api.fake.callback_faults(CallbackFaults(lost=0.2, duplicated=0.1, seed=4))
        for _ in range(60):
            await api.song(callBackUrl=listener.url)
        await asyncio.sleep(150)
        faults = [callback.fault for callback in api.fake.callbacks]
        assert len(faults) == 180
        assert 22 <= faults.count("lost") <= 50
        assert 8 <= faults.count("duplicated") <= 30
        assert len(listener.got) == 180 - faults.count("lost") + faults.count("duplicated")
        api.fake.clear_faults()
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(150)
        assert [callback.fault for callback in api.fake.callbacks][180:] == [None] * 3


async def test_a_lost_answer_is_followed_by_its_callback() -> None:
    """A submission whose answer is lost has callbacks all the same: it was accepted."""
    async with listening() as (api, listener):
        api.fake.fail(Fault.RESET_AFTER_ACCEPT)
        with pytest.raises(OSError, match="reset"):
            await api.song(callBackUrl=listener.url)
        await asyncio.sleep(20)
        (entry,) = api.fake.ledger.accepted("generate-music")
        assert listener.got[0]["data"]["task_id"] == entry.task_id
        assert entry.callback_url == listener.url


async def test_closing_leaves_nothing_behind() -> None:
    """A fake that is closed amid its callbacks sends no more, and leaves no task."""
    async with listening() as (api, listener):
        listener.pause = 10.0
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(16)
        await api.fake.close()
        await asyncio.sleep(200)
        assert len(listener.got) == 1
