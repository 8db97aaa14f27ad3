"""Mist of aeroponics: nobody is told when it comes, everybody when it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.control.watering_bench import (
    HOUR,
    PUMP,
    VALVE,
    dangerous_off,
    one_circuit,
    order,
    recipe_with,
    seen,
)
from tests.core.control.watering_bench import plan as plan_of
from tests.core.support import Bench
from vfarm_core.control.inputs import EmergencyStop, Harvest, RunShot, SetMode, Shutdown
from vfarm_core.farm.nodes import Method
from vfarm_core.farm.overrides import Mode
from vfarm_core.recipes.model import MistCycle, Recipe

MIST = MistCycle(on_s=5.0, off_s=295.0, night_on_s=5.0, night_off_s=595.0)


def mist(cycle: MistCycle = MIST) -> Recipe:
    return recipe_with(plan_of(Method.AEROPONICS, events_per_day=0, duration_s=0.0, cycle=cycle))


def growing(cycle: MistCycle = MIST, *, dangerous: bool = False) -> Bench:
    farm = one_circuit(Method.AEROPONICS, drain_s=900.0)
    bench = Bench(farm if dangerous else dangerous_off(farm, PUMP, VALVE, max_off_s=1200.0))
    bench.start_batch(recipe=mist(cycle))
    return bench


def severities(bench: Bench, kind: str) -> list[Any]:
    return [e.severity for e in bench.events if e.kind == kind]


def test_mist_comes_at_once_valve_first_and_by_day_and_night() -> None:
    bench = growing()
    bench.advance(10)
    assert order(bench) == [(VALVE, 1.0), (PUMP, 1.0), (PUMP, 0.0), (VALVE, 0.0)]
    bench.advance(HOUR - 10)
    assert bench.commands(PUMP).count(1.0) == 7, "an hour of the night: every ten minutes"
    bench.advance(HOUR)
    assert bench.commands(PUMP).count(1.0) == pytest.approx(7 + 12, abs=1)


def test_the_journal_holds_the_cycle_and_not_each_mist() -> None:
    bench = growing()
    bench.advance(2 * HOUR)
    before = len(bench.journal.records)
    mists = bench.commands(PUMP).count(1.0)
    bench.advance(540, sensors=False)
    assert bench.commands(PUMP).count(1.0) > mists
    written = [
        r
        for r in bench.journal.records[before:]
        if "circuit" in str(r.key or r.data) or "pump" in str(r.key or r.data)
    ]
    assert len(written) <= 4, "the counts now and then, whatever the number of mists"
    slices = bench.journal.slices()
    assert slices["circuit:circuit"]["cycling"] is True  # type: ignore[index]
    kinds = bench.kinds()
    assert kinds.count("cycle_started") == 1
    assert "shot_started" not in kinds
    assert "shot_ended" not in kinds


def test_the_cycle_is_shown_as_one() -> None:
    bench = growing()
    bench.advance(3)
    assert bench.on(PUMP)
    shown = seen(bench)
    assert shown.cycling
    assert shown.stage is None
    assert shown.next_shot_at is None
    bench.advance(HOUR)
    assert seen(bench).shots_today >= 6


def test_no_mist_in_a_night_without() -> None:
    bench = growing(replace(MIST, night_on_s=0.0))
    bench.advance(HOUR - 1)
    assert bench.commands(PUMP) == []
    bench.advance(30)
    assert bench.commands(PUMP).count(1.0) == 1
    assert "mist_missed" not in bench.kinds()


def test_missed_mist_is_told_and_is_urgent_five_minutes_later() -> None:
    bench = growing()
    bench.advance(HOUR + 400)
    bench.report("tank.leak", 1.0)
    bench.advance(500)
    assert severities(bench, "mist_missed") == []
    bench.advance(150)
    assert severities(bench, "mist_missed") == ["p2"]
    assert "mist_late" in seen(bench).problems
    bench.advance(300)
    assert severities(bench, "mist_missed") == ["p2", "p1"]
    assert "mist_missed" in seen(bench).problems
    bench.advance(6 * HOUR)
    assert len(severities(bench, "mist_missed")) == 2


def test_mist_that_is_back_is_told_too() -> None:
    bench = growing()
    bench.advance(HOUR + 400)
    bench.disobeys.add(VALVE)
    bench.advance(2 * HOUR)
    assert severities(bench, "mist_missed") == ["p2", "p1"]
    bench.disobeys.clear()
    bench.report(VALVE, 0.0)
    from vfarm_core.control.inputs import ClearLatch

    bench.ask(ClearLatch(point=VALVE))
    bench.advance(400)
    assert "mist_restored" in bench.kinds()
    assert "mist_missed" not in seen(bench).problems


def test_mist_without_water_is_told_once_and_goes_on() -> None:
    bench = growing(replace(MIST, on_s=60.0, off_s=240.0))
    bench.advance(HOUR)
    tries = bench.commands(PUMP).count(1.0)
    for _ in range(720):
        bench.advance(10)
        if bench.on(PUMP):
            bench.report("pump.flow", 0.0)
    assert bench.commands(PUMP).count(1.0) > tries + 10
    assert bench.kinds().count("shot_ended") == 1
    assert severities(bench, "mist_missed") == ["p2", "p1"]
    assert seen(bench).inhibited == ""


@pytest.mark.parametrize("why", ["hold", "disk"])
def test_mist_that_plants_depend_on_goes_on(why: str) -> None:
    bench = growing()
    bench.advance(HOUR + 60)
    if why == "hold":
        bench.ask(SetMode(mode=Mode.HOLD))
    else:
        bench.journal.error = "disk full"
        bench.report("zone.air_temperature", 18.0)
    mists = bench.commands(PUMP).count(1.0)
    bench.advance(HOUR)
    assert bench.commands(PUMP).count(1.0) >= mists + 11


@pytest.mark.parametrize("why", ["hold", "disk"])
def test_mist_of_devices_that_are_dangerous_on_stops(why: str) -> None:
    bench = growing(dangerous=True)
    bench.advance(HOUR + 60)
    if why == "hold":
        bench.ask(SetMode(mode=Mode.HOLD))
    else:
        bench.journal.error = "disk full"
        bench.report("zone.air_temperature", 18.0)
    mists = bench.commands(PUMP).count(1.0)
    bench.advance(HOUR)
    assert bench.commands(PUMP).count(1.0) == mists
    assert severities(bench, "mist_missed") == ["p2", "p1"]


def test_what_is_dangerous_on_is_on_disk_before_it_opens() -> None:
    bench = growing(dangerous=True)
    bench.advance(HOUR)
    bench.journal.waits = True
    mists = bench.commands(VALVE).count(1.0)
    bench.advance(600)
    assert bench.commands(VALVE).count(1.0) == mists


def test_a_stop_ends_mist_at_once_and_a_shutdown_in_order() -> None:
    for request in (EmergencyStop(by="grower"), Shutdown()):
        bench = growing(replace(MIST, on_s=60.0, night_on_s=60.0))
        bench.advance(20)
        assert bench.on(PUMP)
        bench.ask(request)
        bench.advance(10)
        assert not bench.on(PUMP)
        assert not bench.on(VALVE)


def test_a_restart_in_the_middle_of_a_mist_leaves_nothing_open() -> None:
    bench = growing(replace(MIST, on_s=30.0, night_on_s=30.0))
    bench.advance(10)
    assert bench.on(PUMP)
    bench.restart(down_s=200)
    bench.advance(100)
    assert not bench.on(PUMP)
    assert not bench.on(VALVE)
    mists = bench.commands(PUMP).count(1.0)
    bench.advance(HOUR)
    assert bench.commands(PUMP).count(1.0) > mists


def test_a_shot_of_a_person_takes_its_turn_and_is_told() -> None:
    bench = growing()
    bench.advance(HOUR + 60)
    assert bench.ask(RunShot(circuit="circuit", by="grower")).data["duration_s"] == 5.0
    bench.advance(20)
    assert bench.kinds().count("shot_ended") == 1


def test_the_cycle_ends_with_the_harvest() -> None:
    bench = growing()
    bench.advance(HOUR)
    bench.ask(Harvest(batch="batch_1"))
    mists = bench.commands(PUMP).count(1.0)
    bench.advance(HOUR)
    assert bench.commands(PUMP).count(1.0) == mists
    assert "cycle_ended" in bench.kinds()
    assert not seen(bench).cycling


def test_monitor_mode_mists_nothing() -> None:
    bench = growing()
    bench.advance(HOUR)
    bench.ask(SetMode(mode=Mode.MONITOR))
    mists = bench.commands(PUMP).count(1.0)
    bench.advance(HOUR)
    assert bench.commands(PUMP).count(1.0) == mists
