"""A farm that was exported and imported elsewhere goes on as if it had been restarted in place."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from tests.core.control.test_rollouts import FREE, NEW, OLD
from tests.core.runtime.bundles import (
    bring,
    export,
    goes_on,
    on_disk,
    slices,
    starts_again,
)
from tests.core.support import Bench, bench_farm
from tests.core.tank import Tank, tank_recipe
from vfarm_core.batches.rollout import Strategy
from vfarm_core.control.effects import Record
from vfarm_core.control.inputs import (
    CalibratePump,
    RollBackRollout,
    RunDose,
    RunShot,
    SetOverride,
    StartRollout,
)
from vfarm_core.control.keep import SLICE
from vfarm_core.farm.overrides import Override, Quantity
from vfarm_core.farm.remap import Device, Renamed
from vfarm_core.runtime.bundle import write_bundle
from vfarm_core.runtime.journal import Journal
from vfarm_core.twin.checks import first_checks
from vfarm_core.twin.load import demo_plot
from vfarm_core.twin.simulate import Simulation

HOUR = 3600.0


def both[B: Bench](bench: B, tmp_path: Path, *, rename: bool = False) -> tuple[B, B]:
    """The farm restarted in place, and the same farm from a bundle."""
    original = on_disk(bench, tmp_path / "original.db")
    file = export(bench, tmp_path / "farm.zip")
    table = {b.entity: Renamed(new=f"new.{b.id}") for b in bench.farm.bindings} if rename else {}
    place = bring(file, tmp_path / "elsewhere", table)
    here = tmp_path / "restarted.db"
    for end in ("", "-wal"):
        if (part := original.with_name(original.name + end)).exists():
            shutil.copyfile(part, here.with_name(here.name + end))
    assert slices(place.journal) == slices(here), "the same is remembered before they start"
    assert slices(here)
    return goes_on(bench, here), goes_on(bench, place.journal, farm=place.farm())


def same(a: Bench, b: Bench) -> None:
    assert a.sent == b.sent
    assert a.events == b.events
    assert a.runtime.memory == b.runtime.memory
    assert a.runtime.snapshots == b.runtime.snapshots
    assert a.state == b.state
    assert a.journal.records == b.journal.records


@pytest.mark.parametrize("rename", [False, True])
def test_after_an_import_the_same_commands_follow_the_same_inputs(
    tmp_path: Path, rename: bool
) -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(5 * HOUR)
    a, b = both(bench, tmp_path, rename=rename)
    assert (b.farm.bindings[0].entity == a.farm.bindings[0].entity) is not rename
    for one in (a, b):
        one.advance(3 * HOUR)
        one.report("zone.air_temperature", 17.0)
        one.advance(20 * HOUR)
        one.report("zone.air_temperature", 31.0)
        one.advance(2 * HOUR)
    assert {c.point for _, c in a.sent} >= {
        "level_1.grow_light",
        "pump.irrigation_pump",
        "zone.heater",
    }
    same(a, b)


def test_a_shot_that_ran_when_it_was_exported_ends_as_after_a_restart(tmp_path: Path) -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.ask(RunShot(circuit="circuit", duration_s=300))
    bench.advance(100)
    assert bench.on("pump.irrigation_pump")
    a, b = both(bench, tmp_path)
    for one in (a, b):
        assert not one.on("pump.irrigation_pump")
        assert not one.on("circuit.irrigation_valve")
        one.advance(12 * HOUR)
    ends = a.journal.of("shot_ended")
    assert ends[0]["end"] == "crash"
    assert len(ends) > 1, "later shots are given"
    same(a, b)


def test_a_dose_that_ran_when_it_was_exported_counts_in_full(tmp_path: Path) -> None:
    bench = Tank().ready()
    point = "tank.dosing_pump_ph_down"
    bench.effects[point] = -0.5
    answer = bench.ask(RunDose(point=point, ml=8))
    assert answer.refused is None, answer
    bench.advance(2)
    assert bench.on(point)
    a, b = both(bench, tmp_path)
    for one in (a, b):
        assert not one.on(point)
        one.advance(HOUR)
        one.values["tank.solution_ec"] -= 0.2
        one.advance(12 * HOUR)
    assert a.ended()[0]["end"] == "crash"
    assert sum(ml for _, ml in b.tank.dosers[point].log) >= 8
    assert any(c.point == "tank.dosing_pump_nutrient_a" and c.value for _, c in b.sent)
    same(a, b)


def test_what_people_set_goes_on_until_its_end(tmp_path: Path) -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * HOUR)
    override = Override(
        node="zone",
        quantity=Quantity.AIR_TEMPERATURE,
        value=27.0,
        expires_at=bench.clock.farm + 5 * HOUR,
        by="user",
    )
    assert bench.ask(SetOverride(override=override, by="user")).refused is None
    a, b = both(bench, tmp_path)
    assert b.runtime.memory.overrides
    for one in (a, b):
        one.advance(6 * HOUR)
    assert not b.runtime.memory.overrides
    same(a, b)


def test_a_roll_out_goes_on_where_it_was(tmp_path: Path) -> None:
    bench = Bench(bench_farm())
    bench.start_batch(recipe=OLD)
    asked = StartRollout(
        id="r1", old=OLD, new=NEW, strategy=Strategy.PHASE_BOUNDARY, ramp_s=12 * HOUR, gates=FREE
    )
    assert bench.ask(asked).refused is None
    bench.advance(40 * HOUR)
    a, b = both(bench, tmp_path)
    for one in (a, b):
        one.advance(12 * HOUR)
        assert one.runtime.memory.batches["batch_1"].recipe_version == NEW.version
        one.ask(RollBackRollout(rollout="r1", by="grower"))
        one.advance(12 * HOUR)
        assert one.runtime.memory.batches["batch_1"].recipe_version == OLD.version
    same(a, b)


def test_another_probe_and_another_pump_are_measured_anew_before_anything_is_dosed(
    tmp_path: Path,
) -> None:
    bench = Tank().ready(recipe=tank_recipe())
    point = "tank.dosing_pump_ph_down"
    ph = "tank.solution_ph"
    assert bench.ask(CalibratePump(point=point, ml=100, seconds=50)).refused is None
    on_disk(bench, tmp_path / "original.db")
    file = export(bench, tmp_path / "farm.zip")
    entity = bench.farm.binding
    table = {
        entity[point].entity: Renamed(new="switch.new_pump", device=Device.OTHER),
        entity[ph].entity: Renamed(new="sensor.new_probe", device=Device.OTHER),
        entity["tank.solution_ec"].entity: Renamed(new="sensor.same_probe"),
    }
    place = bring(file, tmp_path / "elsewhere", table)
    other = goes_on(bench, place.journal, farm=place.farm())
    assert bench.tank.dosers[point].ml_per_s == 2.0
    assert other.tank.dosers[point].ml_per_s is None
    assert other.tank.dosers[point].log == bench.tank.dosers[point].log, "what was given counts"
    assert ph in bench.tank.probes
    verified = other.tank.probes.get(ph)
    assert verified is None or verified.verified_at is None
    assert other.tank.probes["tank.solution_ec"] == bench.tank.probes["tank.solution_ec"]
    other.values[ph] = 7.2
    other.advance(6 * HOUR)
    assert not [
        c for _, c in other.sent if c.point in (point, "tank.dosing_pump_ph_up") and c.value
    ]


def simulated() -> Simulation:
    """The demo farm after half a day, the same whenever it is made."""
    plot = demo_plot()
    run = Simulation(plot.farm, plot.batches, plot.recipes, start=plot.start, config=plot.config)
    for check in first_checks(plot.farm, plot.config):
        run.runtime.request(check)
    run.run_until(plot.start + 12 * HOUR)
    return run


def test_a_whole_simulated_farm_goes_on_the_same(tmp_path: Path) -> None:
    a, b = simulated(), simulated()
    kept = [Record(SLICE, data, a.now, key) for key, data in a.journal.slices.items()]
    original = tmp_path / "original.db"
    with closing(Journal(original)) as journal:
        journal.append([*a.journal.events, *kept])
    write_bundle(tmp_path / "farm.zip", a.farm, original, made_at=a.now)
    place = bring(tmp_path / "farm.zip", tmp_path / "elsewhere")
    here = starts_again(a, a.farm, original)
    there = starts_again(b, place.farm(), place.journal)
    for one in (a, b):
        one.run_until(one.now + 10 * HOUR)
    assert len(here.commands) > 50
    assert here.commands == there.commands
    assert a.runtime.memory == b.runtime.memory
    assert a.journal.events == b.journal.events
    assert slices(original) == slices(place.journal)
