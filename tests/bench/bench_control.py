"""Speed and size of control: full and idle steps, their growth, and the emergency stop.

The peer of a full step is the bare arithmetic of the same formulas on plain numbers: VPD, dew
point, light integral and output of every level. The ratio says what everything around it costs.
"""

from __future__ import annotations

import gc
import json
import math
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.bench.farms import farm_of, leaf_room, reports, running
from vfarm_core.control.clock import Due, Now
from vfarm_core.control.effects import Publish, Record, Send
from vfarm_core.control.inputs import EmergencyStop, Report, Started
from vfarm_core.control.memory import Memory
from vfarm_core.control.step import Step, step
from vfarm_core.farm.codec import encode
from vfarm_core.farm.nodes import Farm
from vfarm_core.science.air import dew_point_c, humidity_for_vpd_pct, vpd_air_kpa
from vfarm_core.science.light import photons_mol_m2
from vfarm_core.twin.simulate import simulate


def main() -> None:
    """Print every row."""
    full: dict[int, float] = {}
    for levels in (10, 100, 1000):
        farm = farm_of(levels)
        times, between = _full_steps(farm, rounds=300)
        full[levels] = _percentile(times.wall, 0.5)
        bare = _percentile(_bare(farm, rounds=60).wall, 0.5)
        name = f"control_step_full_{levels}_levels"
        peer = "bare arithmetic of the same formulas"
        for suffix, values, share in (
            ("", times.wall, 0.99),
            ("_p90", times.wall, 0.9),
            ("_median", times.wall, 0.5),
            ("_cpu", times.cpu, 0.99),
            ("_cpu_median", times.cpu, 0.5),
        ):
            value = _percentile(values, share)
            _row(f"{name}{suffix}", value, f"ms p{share * 100:.0f}", peer, value / bare)
        dearest = _percentile(between.wall, 0.99)
        _row(
            f"control_step_between_{levels}_levels",
            dearest,
            f"ms p99 of {len(between.wall)}",
            "full step p99",
            dearest / _percentile(times.wall, 0.99),
        )
    exponent = math.log(full[1000] / full[10]) / math.log(100)
    _row("control_step_full_growth", exponent, "exponent of levels", "linear", exponent)
    farm = farm_of(1000)
    idle = _idle_step(farm, rounds=300).wall
    _row(
        "control_step_idle_1000_levels",
        _percentile(idle, 0.5),
        "ms p50",
        "full step",
        _percentile(idle, 0.5) / full[1000],
    )
    for row in _idle_hour(farm):
        _row(*row)
    stop, commands = _emergency_stop(farm)
    for suffix, values in (("", stop.wall), ("_cpu", stop.cpu)):
        name, unit = f"emergency_stop_1000_actuators{suffix}", f"ms until {commands} commands"
        _row(name, max(values), unit, None, None)
    for row in _memory_per_level():
        _row(*row)
    speed = _twin_speed(days=30.0)
    _row("twin_speed", speed, "simulated s per wall s, 8 levels", "real time", speed)


def _row(name: str, value: float, unit: str, peer: str | None, ratio: float | None) -> None:
    print(
        json.dumps(
            {
                "name": name,
                "value": round(value, 4),
                "unit": unit,
                "peer": peer,
                "ratio": None if ratio is None else round(ratio, 3),
            }
        ),
        flush=True,
    )


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


@dataclass(slots=True)
class _Times:
    """Milliseconds of each round: as they passed, and what the processor spent in this process.
    On a machine that others use too, the first is more than the second."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, begin: float, begin_cpu: float) -> None:
        """What began then is over."""
        self.cpu.append((time.process_time() - begin_cpu) * 1000)
        self.wall.append((time.perf_counter() - begin) * 1000)


def _timed(rounds: int, prepare: Callable[[int], Any], run: Callable[[Any], None]) -> _Times:
    """`run`, once a round. The garbage of the preparation is collected before; what `run` makes is
    collected while it runs, as in a process that goes on."""
    times = _Times()
    for number in range(rounds):
        prepared = prepare(number)
        gc.collect()
        begin, begin_cpu = time.perf_counter(), time.process_time()
        run(prepared)
        times.add(begin, begin_cpu)
    return times


def _full_steps(farm: Farm, rounds: int) -> tuple[_Times, _Times]:
    """Steps in each of which every sensor reports another value, further from the last one than its
    resolution, a minute apart: the light of every level is counted, every fifth minute it is kept
    in the journal, and every quarter of an hour the output of every lamp is planned anew. And, as
    the second, the steps between them, as a runtime makes them: what is due is looked at when it
    is, and devices obey and say so a second later. Shots start and end, all circuits in the same
    minutes."""
    memory, now = running(farm)
    result = Step(memory, (), Due())
    between = _Times()

    def prepare(number: int) -> Any:
        nonlocal now, result
        end = Now(now.farm + 60, now.mono + 60)
        while True:
            sent = {e.command.point: e.command.value for e in result.effects if isinstance(e, Send)}
            wait = _DEVICE_S if sent else _until(result.next_due, now)
            if now.mono + wait >= end.mono:
                break
            now = Now(now.farm + wait, now.mono + wait)
            told = [Report(point, value, None, now.farm) for point, value in sent.items()]
            begin, begin_cpu = time.perf_counter(), time.process_time()
            result = step(farm, result.memory, now, told)
            between.add(begin, begin_cpu)
        now = end
        shift = 1.1 + 1.5 * (number % 2)
        return reports(farm, now.farm, shift=shift, memory=result.memory, sent=sent)

    def run(inputs: Any) -> None:
        nonlocal result
        result = step(farm, result.memory, now, inputs)

    return _timed(rounds, prepare, run), between


#: A device does what it is told, and says so, after so long (s).
_DEVICE_S = 1.0


def _until(due: Due, now: Now) -> float:
    """How long it is until something is due (s), at least a tenth of a second."""
    times = [at - clock for at, clock in ((due.farm, now.farm), (due.mono, now.mono)) if at]
    return max(0.1, min(times, default=math.inf))


def _bare(farm: Farm, rounds: int) -> _Times:
    levels, zones = len(farm.levels), len(farm.zones)

    def run(shift: float) -> None:
        for _ in range(zones):
            vpd_air_kpa(23.8 + shift, 64.0)
            dew_point_c(23.8 + shift, 64.0)
            humidity_for_vpd_pct(23.8 + shift, 1.0)
        for _ in range(levels):
            dli = photons_mol_m2(200.0 + shift, 201.0, 60.0)
            min(max((11.5 - dli) * 1e6 / 36000, 40.0), 260.0) / 400

    return _timed(rounds, lambda number: number * 0.001, run)


def _idle_step(farm: Farm, rounds: int) -> _Times:
    memory, now = running(farm)
    return _timed(rounds, lambda _: None, lambda _: _discard(step(farm, memory, now, [])))


def _discard(_: object) -> None:
    """The result is not looked at."""


def _idle_hour(farm: Farm) -> list[tuple[str, float, str, str | None, float | None]]:
    """An hour in which everything is reported every minute and nothing changes, nothing growing;
    the hour before it is the start: probes warm up, what is on is closed."""
    start = 1_772_000_000.0
    now = Now(start, 0.0)
    result = step(farm, Memory(), now, [Started(), *reports(farm, now.farm)])
    writes = commands = published = 0
    shown: dict[str, Any] = {}
    for minute in range(121):
        now = Now(start + 60 * minute, 60.0 * minute)
        result = step(farm, result.memory, now, reports(farm, now.farm))
        if minute == 61:
            writes = commands = published = 0
        writes += sum(isinstance(e, Record) for e in result.effects)
        commands += sum(isinstance(e, Send) for e in result.effects)
        for effect in result.effects:
            if isinstance(effect, Publish):
                published += shown.get(effect.node, effect.snapshot) != effect.snapshot
                shown[effect.node] = effect.snapshot
    return [
        ("state_writes_idle_hour", published, "snapshots", None, None),
        ("service_calls_idle_hour", commands, "commands", None, None),
        ("journal_records_idle_hour", writes, "records", None, None),
    ]


def _emergency_stop(farm: Farm) -> tuple[_Times, int]:
    memory, now = running(farm)
    sent = 0

    def run(_: Any) -> None:
        nonlocal sent
        result = step(farm, memory, now, [EmergencyStop()])
        sent = sum(isinstance(e, Send) for e in result.effects)

    return _timed(10, lambda _: None, run), sent


def _memory_per_level() -> list[tuple[str, float, str, str | None, float | None]]:
    """What a level more costs: of a farm with its memory, by the difference of two sizes."""

    def size(levels: int) -> tuple[int, int]:
        farm = farm_of(levels)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        memory, _ = running(farm)
        gc.collect()
        used = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        kept = [encode(s) for s in (*memory.levels.values(), *memory.points.values())]
        return used, len(json.dumps(kept))

    (small, small_kept), (large, large_kept) = size(100), size(1000)
    return [
        ("memory_per_level", (large - small) / 900, "bytes in the process", None, None),
        ("memory_per_level_kept", (large_kept - small_kept) / 900, "bytes of JSON", None, None),
    ]


def _twin_speed(days: float) -> float:
    """Simulated seconds per wall second of one zone of eight levels under its controller, physics
    and sensors in steps of a minute; the start of the simulation is part of it."""
    plot = leaf_room()
    report = simulate(
        plot.farm, plot.batches, plot.recipes, days, start=plot.start, config=plot.config
    )
    return days * 86400 / report.wall_seconds


if __name__ == "__main__":
    sys.exit(main())
