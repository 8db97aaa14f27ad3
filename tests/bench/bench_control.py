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
from collections.abc import Callable
from typing import Any

from tests.bench.farms import farm_of, reports, running
from vfarm_core.control.clock import Now
from vfarm_core.control.effects import Publish, Record, Send
from vfarm_core.control.inputs import EmergencyStop
from vfarm_core.control.step import step
from vfarm_core.farm.codec import encode
from vfarm_core.farm.nodes import Farm
from vfarm_core.science.air import dew_point_c, humidity_for_vpd_pct, vpd_air_kpa
from vfarm_core.science.light import photons_mol_m2


def main() -> None:
    """Print every row."""
    full: dict[int, float] = {}
    for levels in (10, 100, 1000):
        farm = farm_of(levels)
        times = _full_step(farm, rounds=60 if levels == 1000 else 200)
        full[levels] = _percentile(times, 0.5)
        bare = _percentile(_bare(farm, rounds=60), 0.5)
        _row(
            f"control_step_full_{levels}_levels",
            _percentile(times, 0.99),
            "ms p99",
            "bare arithmetic of the same formulas",
            full[levels] / bare,
        )
    exponent = math.log(full[1000] / full[10]) / math.log(100)
    _row("control_step_full_growth", exponent, "exponent of levels", "linear", exponent)
    farm = farm_of(1000)
    idle = _idle_step(farm, rounds=300)
    _row(
        "control_step_idle_1000_levels",
        _percentile(idle, 0.5),
        "ms median",
        "full step",
        _percentile(idle, 0.5) / full[1000],
    )
    for row in _idle_hour(farm):
        _row(*row)
    stop, commands = _emergency_stop(farm)
    _row("emergency_stop_1000_actuators", stop, f"ms until {commands} commands", None, None)
    memory, _ = running(farm)
    size = len(json.dumps([encode(s) for s in (*memory.levels.values(), *memory.points.values())]))
    _row("memory_per_level", size / 1000, "bytes of JSON", None, None)


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


def _timed(rounds: int, prepare: Callable[[int], Any], run: Callable[[Any], None]) -> list[float]:
    """Milliseconds of `run`, once a round, without the garbage of the preparation."""
    times = []
    for number in range(rounds):
        prepared = prepare(number)
        gc.collect()
        gc.disable()
        begin = time.perf_counter()
        run(prepared)
        times.append((time.perf_counter() - begin) * 1000)
        gc.enable()
    return times


def _full_step(farm: Farm, rounds: int) -> list[float]:
    memory, now = running(farm)

    def prepare(number: int) -> Any:
        later = Now(now.farm + 600, now.mono + 600)
        return later, reports(farm, later.farm, shift=1.1 + number % 2, memory=memory)

    def run(prepared: Any) -> None:
        later, inputs = prepared
        step(farm, memory, later, inputs)

    return _timed(rounds, prepare, run)


def _bare(farm: Farm, rounds: int) -> list[float]:
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


def _idle_step(farm: Farm, rounds: int) -> list[float]:
    memory, now = running(farm)
    return _timed(rounds, lambda _: None, lambda _: _discard(step(farm, memory, now, [])))


def _discard(_: object) -> None:
    """The result is not looked at."""


def _idle_hour(farm: Farm) -> list[tuple[str, float, str, str | None, float | None]]:
    """An hour in which everything is reported every minute and nothing changes, nothing growing."""
    from vfarm_core.control.inputs import Started
    from vfarm_core.control.memory import Memory

    now = Now(1_772_000_000.0, 0.0)
    result = step(farm, Memory(), now, [Started(), *reports(farm, now.farm)])
    result = step(farm, result.memory, now, [])
    writes = commands = published = 0
    shown: dict[str, Any] = {}
    for minute in range(1, 61):
        now = Now(1_772_000_000.0 + 60 * minute, 60.0 * minute)
        result = step(farm, result.memory, now, reports(farm, now.farm))
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


def _emergency_stop(farm: Farm) -> tuple[float, int]:
    memory, now = running(farm)
    sent = 0

    def run(_: Any) -> None:
        nonlocal sent
        result = step(farm, memory, now, [EmergencyStop()])
        sent = sum(isinstance(e, Send) for e in result.effects)

    return max(_timed(10, lambda _: None, run)), sent


if __name__ == "__main__":
    sys.exit(main())
