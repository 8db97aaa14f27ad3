"""The Modbus benchmark measures what it says, at the end of a line that answers one at a time."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.bench import bench_modbus_96_sensors as bench
from tests.bench.modbus_line import READ_HOLDING, WRITTEN, Asked, GatewayLine, running


def asked(at: float, unit: int = 1, answered: bool = True) -> Asked:
    return Asked(at, at + 0.02 if answered else None, unit, READ_HOLDING, 0, 4)


def test_one_cycle_asks_each_unit_once_for_its_four_sensors() -> None:
    async def run(line: GatewayLine) -> None:
        async with bench.farm(line.port) as write:
            for _ in range(1000):
                if len(line.asked) >= 2 * bench.UNITS:
                    break
                await asyncio.sleep(0.01)
            await write(3)

    with running(GatewayLine(0.0005)) as line:
        asyncio.run(asyncio.wait_for(run(line), 20))
    read = Counter(a.unit for a in bench.reads(line.asked))
    assert read == dict.fromkeys(range(1, bench.UNITS + 1), 1)
    assert {a.count for a in bench.reads(line.asked)} == {bench.REGISTERS}
    assert (3, WRITTEN) in line.written


def test_a_cycle_lasts_from_its_first_request_to_its_last_answer() -> None:
    times = [0.0, 0.1, 15.0, 15.1, 15.4, 30.0, 30.2]
    found = bench.cycles([asked(at) for at in times])
    assert [len(one) for one in found] == [3, 2], (
        "the first, in which links are opened, is left out"
    )
    assert round(bench.spent(found[0]), 6) == 0.42
    assert round(bench.busy(found[0]), 6) == 0.02, "one request a unit is all there has to be"


def test_the_longest_gap_reaches_from_before_to_the_end() -> None:
    fresh = [asked(at) for at in (0.0, 15.0, 30.0)]
    lost = [asked(45.0, answered=False)]
    assert [round(gap) for gap in bench.gaps(fresh + lost, 1, 20.0, 80.0)] == [15, 50]


def test_a_write_that_is_not_done_at_the_end_counts_with_what_it_took() -> None:
    async def run() -> list[float]:
        async def never(unit: int) -> None:
            await asyncio.Event().wait()

        loop = asyncio.get_running_loop()
        return await bench.writes(never, loop.time() + 0.05)

    pause, bench.WRITES_S = bench.WRITES_S, 0.1
    try:
        (taken,) = asyncio.run(run())
    finally:
        bench.WRITES_S = pause
    assert taken >= 0.1
