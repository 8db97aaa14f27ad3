"""On a shared link what is written goes first, and a dead device delays nobody."""

from __future__ import annotations

import asyncio

import pytest

from vfarm_core.devices.modbus.bus import Bus, GaveWayError, Priority


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_write_overtakes_the_reads_that_wait() -> None:
    async def run() -> None:
        bus, done = Bus(), []
        gate = asyncio.Event()

        async def ask(name: str, priority: Priority) -> None:
            async def send() -> None:
                if name == "first":
                    await gate.wait()
                done.append(name)

            await bus.request(priority, send)

        names = [("first", Priority.READ)] + [(f"read{n}", Priority.READ) for n in range(3)]
        tasks = [asyncio.create_task(ask(*name)) for name in names]
        await _settle()
        tasks.append(asyncio.create_task(ask("write", Priority.WRITE)))
        await _settle()
        assert not done
        gate.set()
        await asyncio.gather(*tasks)
        assert done == ["first", "write", "read0", "read1", "read2"]

    asyncio.run(run())


def test_only_one_request_is_under_way() -> None:
    async def run() -> None:
        bus, under_way, most = Bus(), 0, 0

        async def send() -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

        asked = [bus.request(Priority(n % 3), send) for n in range(9)]
        await asyncio.gather(*asked)
        assert most == 1

    asyncio.run(run())


def test_a_look_at_a_silent_device_gives_way_to_a_write() -> None:
    async def run() -> None:
        bus, written = Bus(), asyncio.Event()

        async def never() -> None:
            await asyncio.Event().wait()

        async def write() -> None:
            written.set()

        probe = asyncio.create_task(bus.request(Priority.PROBE, never))
        await _settle()
        await asyncio.wait_for(bus.request(Priority.WRITE, write), 1)
        assert written.is_set()
        with pytest.raises(GaveWayError):
            await probe

    asyncio.run(run())


def test_a_read_does_not_end_a_look() -> None:
    async def run() -> None:
        bus, gate = Bus(), asyncio.Event()
        probe = asyncio.create_task(bus.request(Priority.PROBE, gate.wait))
        await _settle()
        read = asyncio.create_task(bus.request(Priority.READ, gate.wait))
        await _settle()
        assert not probe.done()
        gate.set()
        assert await probe is True
        assert await read is True

    asyncio.run(run())


def test_who_is_cancelled_while_waiting_holds_nobody_up() -> None:
    async def run() -> None:
        bus, gate = Bus(), asyncio.Event()
        held = asyncio.create_task(bus.request(Priority.READ, gate.wait))
        await _settle()
        waiting = asyncio.create_task(bus.request(Priority.READ, gate.wait))
        last = asyncio.create_task(bus.request(Priority.READ, gate.wait))
        await _settle()
        waiting.cancel()
        gate.set()
        assert await asyncio.gather(held, last) == [True, True]
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(run())


def test_who_is_cancelled_as_its_turn_comes_passes_it_on() -> None:
    async def run() -> None:
        bus = Bus()
        async with bus.turn(Priority.READ):
            second = asyncio.create_task(bus.request(Priority.READ, _nothing))
            third = asyncio.create_task(bus.request(Priority.READ, _nothing))
            await _settle()
        # The turn is the second one's now, which has not noticed yet.
        second.cancel()
        assert await asyncio.wait_for(third, 1) is None
        with pytest.raises(asyncio.CancelledError):
            await second

    asyncio.run(run())


@pytest.mark.parametrize("priority", list(Priority))
def test_who_cancels_a_request_gets_it_cancelled(priority: Priority) -> None:
    async def run() -> None:
        bus, ended = Bus(), []

        async def never() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        task = asyncio.create_task(bus.request(priority, never))
        await _settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _settle()
        assert ended == [True]
        assert await asyncio.wait_for(bus.request(Priority.READ, _nothing), 1) is None

    asyncio.run(run())


async def _nothing() -> None:
    return None
