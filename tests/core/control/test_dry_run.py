"""A day of the dry run counts when all that had to work that day was seen to work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm, film_bench
from vfarm_core.control.dry_run import Missing, missing
from vfarm_core.control.inputs import (
    Disarm,
    EmergencyStop,
    FailBatch,
    RunShot,
    SendTestAlarm,
    SetMode,
)
from vfarm_core.farm.overrides import Mode
from vfarm_core.farm.roles import Loop

DAY = 86400.0
LAMP = "level_1.grow_light"


def ready(bench: Bench | None = None) -> Bench:
    """A farm whose batch was there when the day began."""
    bench = bench or Bench(bench_farm())
    if not bench.runtime.memory.batches:
        bench.start_batch()
    bench.advance(60)
    bench.journal.records.clear()
    return bench


def of_day(bench: Bench, *, hours: float = 24.0) -> tuple[Missing, ...]:
    """What the day that ends now misses."""
    began = bench.clock.farm - hours * 3600
    events = [
        {"kind": r.kind, "at": r.at, **r.data}
        for r in bench.journal.records
        if r.key is None and r.at >= began
    ]
    return missing(bench.farm, bench.runtime.memory, events, began=began)


def watered(bench: Bench) -> Bench:
    bench.advance(6 * 3600)
    assert bench.ask(RunShot(circuit="circuit", duration_s=60.0)).refused is None
    bench.advance(DAY - 6 * 3600)
    return bench


def test_a_day_of_light_and_water_counts() -> None:
    bench = watered(ready())
    assert any(r.kind == "lights_on" for r in bench.journal.records)
    assert of_day(bench) == ()


def test_a_farm_that_only_stands_there_does_not(bench: Bench) -> None:
    bench.advance(DAY)
    assert of_day(bench) == (Missing.NO_BATCH,)


def test_the_day_on_which_the_batch_came_is_no_whole_one() -> None:
    bench = Bench(bench_farm())
    bench.advance(3600)
    bench.start_batch()
    bench.advance(DAY - 3600)
    assert Missing.NO_BATCH in of_day(bench)


@pytest.mark.parametrize(
    "happens",
    [
        lambda bench: bench.ask(SetMode(mode=Mode.HOLD)),
        lambda bench: bench.ask(EmergencyStop()),
        lambda bench: bench.ask(Disarm(loop=Loop.LIGHT)),
    ],
)
def test_a_day_on_which_control_rested_does_not(happens: Callable[[Bench], object]) -> None:
    bench = watered(ready())
    happens(bench)
    bench.advance(60)
    assert Missing.NOT_CONTROLLED in of_day(bench)


def test_a_hold_that_is_over_was_a_hold() -> None:
    bench = ready()
    bench.ask(SetMode(mode=Mode.HOLD))
    bench.ask(SetMode(mode=Mode.AUTO))
    assert of_day(watered(bench)) == (Missing.NOT_CONTROLLED,)


def test_a_grave_alarm_takes_the_day_and_a_test_alarm_does_not() -> None:
    bench = ready()
    bench.ask(SendTestAlarm())
    watered(bench)
    assert of_day(bench) == ()
    bench.report("tank.leak", 1.0)
    assert Missing.ALARM in of_day(bench)


def test_an_entity_that_is_silent_is_open() -> None:
    bench = watered(ready())
    bench.report("zone.humidity", None)
    assert of_day(bench) == (Missing.NOT_BOUND,)


def test_a_lamp_that_stayed_dark_gives_no_light() -> None:
    bench = ready()
    watered(bench)
    dark = replace(bench.runtime.memory.actuators[LAMP], reported=0.0, on_log=())
    bench.runtime.memory = replace(
        bench.runtime.memory, actuators={**bench.runtime.memory.actuators, LAMP: dark}
    )
    assert of_day(bench) == (Missing.NO_LIGHT,)


def test_without_a_shot_there_was_no_water_and_with_a_failed_one_neither() -> None:
    bench = ready()
    bench.advance(3600)
    dry = [r for r in bench.journal.records if r.kind == "shot_ended"]
    assert not dry
    assert Missing.NO_WATER in of_day(bench, hours=0.9)
    bench = watered(ready())
    shot = next(r for r in bench.journal.records if r.kind == "shot_ended")
    at = bench.journal.records.index(shot)
    bench.journal.records[at] = replace(shot, data={**shot.data, "end": "pump_failed"})
    assert of_day(bench) == (Missing.NO_WATER,)


def test_a_device_that_failed_is_not_proved() -> None:
    bench = watered(ready())
    failed = replace(bench.runtime.memory.actuators["zone.heater"], latched=True)
    bench.runtime.memory = replace(
        bench.runtime.memory, actuators={**bench.runtime.memory.actuators, "zone.heater": failed}
    )
    assert of_day(bench) == (Missing.NOT_PROVED,)


def test_water_that_circulates_needs_no_shot() -> None:
    bench = ready(film_bench())
    bench.advance(DAY)
    assert Missing.NO_WATER not in of_day(bench)


def test_a_batch_that_was_given_up_runs_nothing() -> None:
    bench = watered(ready())
    bench.ask(FailBatch(batch="batch_1", why="dry run over"))
    assert of_day(bench) == (Missing.NO_BATCH,)
