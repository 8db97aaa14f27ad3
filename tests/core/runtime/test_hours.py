"""Hour by hour: what was measured, drawn and received, and by which batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.control.watering_bench import (
    PUMP,
    VALVE,
    dangerous_off,
    one_circuit,
    plan,
    recipe_with,
)
from tests.core.support import START, Bench, actuator, bench_farm, sensor
from vfarm_core.control.inputs import Harvest, RunShot
from vfarm_core.farm.bindings import Danger
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import Method
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import MistCycle
from vfarm_core.runtime.hours import HOUR, Hours
from vfarm_core.twin.demo import demo_batches, demo_config, demo_farm, demo_recipes
from vfarm_core.twin.simulate import Simulation, first_checks

HOUR_S = 3600.0


def hours(bench: Bench, node: str) -> list[dict[str, Any]]:
    return [
        {**record.data, "at": record.at}
        for record in bench.journal.records
        if record.kind == HOUR and record.data["node"] == node
    ]


def test_a_reading_is_rolled_up_by_the_time_it_stood() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.report("zone.humidity", 60.0)
    bench.advance(900, sensors=False)
    bench.report("zone.humidity", 62.0)
    bench.advance(600, sensors=False)
    bench.report("zone.humidity", 64.0)
    bench.advance(600, sensors=False)
    for _ in range(3):
        bench.report("zone.humidity", 64.0)
        bench.advance(500, sensors=False)
    hour = hours(bench, "zone")[0]
    mean, low, high, covered = hour["readings"]["humidity"]
    assert mean == pytest.approx((60 * 900 + 62 * 600 + 64 * 2100) / 3600, abs=0.01)
    assert (low, high, covered) == (60.0, 65.0, 3600.0), "65 % is what it began with"
    assert (hour["since"], hour["at"]) == (START, START + HOUR_S)


def test_what_was_not_measured_is_not_made_up() -> None:
    """A probe that falls silent covers only the time it is believed."""
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(1200)
    bench.advance(2400 + HOUR_S, sensors=False)
    first, *later = hours(bench, "zone")
    assert 600 <= first["readings"]["air_temperature"][3] <= 2400
    assert all("air_temperature" not in hour.get("readings", {}) for hour in later)


def test_there_is_at_most_one_event_of_a_node_and_hour() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(26 * HOUR_S)
    for node in (bench.farm.id, *bench.farm.nodes):
        ends = [hour["at"] for hour in hours(bench, node)]
        assert len(ends) == len(set(ends)) <= 26
        assert all(at % HOUR_S == 0 for at in ends)
    assert len(hours(bench, "zone")) == 26


def test_light_and_energy_of_a_day_add_up() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(24 * HOUR_S)
    told = hours(bench, "level_1")
    level = bench.runtime.memory.levels["level_1"]
    assert sum(hour.get("light_mol_m2", 0.0) for hour in told) == pytest.approx(level.dli, rel=1e-4)
    kwh = sum(hour.get("energy_kwh", {}).get("light", 0.0) for hour in told)
    # 11.52 mol/m² in 16 h at 400 µmol/m²/s of a lamp of 180 W.
    assert kwh == pytest.approx(11.52e6 / 400 * 180 / 3.6e6, rel=0.03)
    assert all(hour["shares"] == {"batch_1": 1.0} for hour in told)


def test_an_empty_farm_tells_what_it_used_and_not_what_it_measured() -> None:
    farm = bench_farm()
    fan = actuator("zone", Role.CIRCULATION_FAN, danger=Danger.NEITHER, max_on_s=None, rating_w=50)
    others = tuple(b for b in farm.bindings if b.id != fan.id)
    bench = Bench(check(replace(farm, bindings=(*others, fan))))
    bench.advance(HOUR_S)
    assert all(record.kind != HOUR for record in bench.journal.records)
    bench.disobeys.add(fan.id)
    bench.report(fan.id, 1.0)
    bench.advance(HOUR_S)
    told = hours(bench, "zone")
    assert [(hour["energy_kwh"], hour["shares"]) for hour in told] == [({"fans": 0.05}, {})]
    assert "readings" not in told[0]


def test_each_batch_is_given_what_it_stood_there_for() -> None:
    bench = Bench(bench_farm())
    bench.start_batch(["level_1"], id="one")
    bench.advance(4 * HOUR_S + 1800)
    bench.start_batch(["level_1"], id="two", sites=9)
    bench.advance(HOUR_S)
    bench.ask(Harvest(batch="one", kg=1.0))
    bench.advance(HOUR_S)
    told = hours(bench, "level_1")
    by_shares = [tuple(sorted(hour["shares"].items())) for hour in told]
    both = (("one", 0.666667), ("two", 0.333333))
    assert list(dict.fromkeys(by_shares)) == [(("one", 1.0),), both, (("two", 1.0),)]
    starts = [hour["since"] for hour in told]
    assert starts[1:] == [hour["at"] for hour in told[:-1]], "without a gap, without an overlap"


def test_an_orderly_end_tells_of_the_hour_it_falls_into() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(1800)
    bench.runtime.flush()
    assert [hour["at"] for hour in hours(bench, "zone")] == [START + 1800]
    bench.advance(1800)
    assert [hour["since"] for hour in hours(bench, "zone")] == [START, START + 1800]


def spans(bench: Bench, node: str) -> list[tuple[float, float]]:
    return [(hour["since"] - START, hour["at"] - START) for hour in hours(bench, node)]


def kwh(bench: Bench, node: str, subsystem: str = "light") -> float:
    return sum(hour.get("energy_kwh", {}).get(subsystem, 0.0) for hour in hours(bench, node))


def test_a_crash_takes_no_sums() -> None:
    """Killed in the middle of an hour, and back soon: the hour goes on."""
    whole, killed = Bench(bench_farm()), Bench(bench_farm())
    for bench in (whole, killed):
        bench.start_batch()
        bench.advance(10 * HOUR_S + 1200)
    killed.restart(down_s=300)
    whole.advance(300)
    for bench in (whole, killed):
        bench.advance(2 * HOUR_S - 1500)
    assert spans(killed, "level_1") == spans(whole, "level_1")
    eleventh, twelfth = hours(killed, "level_1")[-2:]
    assert 300 <= eleventh["bridged_s"] <= 600
    assert "bridged_s" not in twelfth
    assert kwh(killed, "level_1") == pytest.approx(kwh(whole, "level_1"), rel=0.01)
    mean, low, high, covered = hours(killed, "zone")[-2]["readings"]["humidity"]
    assert covered < 3600.0, "readings begin anew"
    assert low <= mean <= high


def test_an_hour_that_ends_while_nobody_looks_is_told_once() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(11 * HOUR_S - 200)
    bench.restart(down_s=400)
    bench.advance(HOUR_S)
    told = spans(bench, "level_1")
    assert told[-2:] == [(10 * HOUR_S, 11 * HOUR_S), (11 * HOUR_S, 12 * HOUR_S)]
    assert len(told) == len(set(told))
    assert hours(bench, "level_1")[-1]["shares"] == {"batch_1": 1.0}


def test_what_was_told_before_a_crash_is_not_told_again() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(10 * HOUR_S)
    before = kwh(bench, "level_1")
    bench.restart(down_s=30)
    bench.runtime.flush()
    bench.restart(down_s=30)
    bench.runtime.flush()
    added = kwh(bench, "level_1") - before
    assert 0.0 < added < 0.005, "a minute of a lamp of 180 W"


def test_while_nobody_looked_for_long_nothing_is_guessed() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(10 * HOUR_S + 600)
    bench.restart(down_s=2400)
    bench.advance(600)
    eleventh = hours(bench, "level_1")[-1]
    assert "bridged_s" not in eleventh
    # Ten minutes before and ten after of a lamp that draws about 90 W.
    full = hours(bench, "level_1")[-2]["energy_kwh"]["light"]
    assert eleventh["energy_kwh"]["light"] == pytest.approx(full / 3, rel=0.35)


def test_an_hour_in_which_nothing_is_written_writes_no_sums() -> None:
    """Sums go where something is written anyway: none in an hour without a record."""
    bench = Bench(bench_farm())
    bench.advance(2 * HOUR_S)
    before = len(bench.journal.records)
    bench.advance(HOUR_S)
    assert len(bench.journal.records) == before


@pytest.mark.parametrize(
    "kept",
    [
        {"since": "x"},
        {"since": START, "until": START + 3600, "at": START + 1e9},
        {
            "since": START,
            "until": START + 3600,
            "at": START,
            "light": {},
            "told": {},
            "outputs": {"level_1.grow_light": ["a", None, 3]},
            "meters": {},
        },
    ],
)
def test_sums_that_cannot_be_read_are_begun_anew(kept: dict[str, Any]) -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.runtime._hours = Hours(kept)
    bench.advance(2 * HOUR_S)
    assert kwh(bench, "level_1") > 0


def test_a_power_meter_corrects_what_ratings_say() -> None:
    farm = bench_farm(extra=(sensor("level_1", Role.POWER),))
    bench = Bench(farm, values={"level_1.power": 0.0})
    bench.start_batch()
    bench.advance(2 * HOUR_S)
    for _ in range(18):
        bench.report("level_1.power", 45.0)
        bench.advance(200)
    told = hours(bench, "level_1")[-1]
    assert told["metered"]
    assert told["energy_kwh"] == {"light": pytest.approx(0.045, rel=0.01)}


def fans(**declared: Any) -> Bench:
    """A fan that is always on and a heater, rated 50 and 1000 W, with plants beside them."""
    farm = bench_farm(extra=(sensor("zone", Role.POWER),))
    kept = tuple(b for b in farm.bindings if b.role not in (Role.CIRCULATION_FAN, Role.HEATER))
    fan: dict[str, Any] = {"danger": Danger.NEITHER, "max_on_s": None, "rating_w": 50, **declared}
    heater = actuator("zone", Role.HEATER, rating_w=1000.0)
    extra = (actuator("zone", Role.CIRCULATION_FAN, **fan), heater)
    bench = Bench(check(replace(farm, bindings=(*kept, *extra))), values={"zone.power": 20.0})
    bench.start_batch()
    return bench


def test_a_device_with_a_meter_of_its_own_is_measured_and_the_others_are_rated() -> None:
    bench = fans(metered_by="zone.power")
    bench.advance(HOUR_S)
    bench.report("zone.heater", 1.0)
    bench.advance(2 * HOUR_S)
    told = hours(bench, "zone")
    assert all(hour["energy_kwh"]["fans"] == pytest.approx(0.02) for hour in told)
    first, *later = told
    assert first["metered"] is True, "nothing else was on"
    assert all(h.get("metered") in (True, ["fans"]) for h in later)
    assert all("power" not in hour["readings"] for hour in told), "it is no reading of the room"


def test_a_meter_of_a_device_that_falls_silent_leaves_its_rating() -> None:
    bench = fans(metered_by="zone.power")
    bench.advance(HOUR_S)
    del bench.values["zone.power"]
    bench.advance(2 * HOUR_S)
    *_, last = hours(bench, "zone")
    assert last["energy_kwh"]["fans"] == pytest.approx(0.05)
    assert "metered" not in last


def test_no_light_is_lost_when_others_come_to_grow() -> None:
    """Each time somebody comes or goes the hour is told in two parts, without a gap."""
    bench = Bench(bench_farm())
    bench.start_batch(["level_1"], id="one", sites=9)
    bench.advance(8 * HOUR_S + 30)
    before = bench.runtime.memory.levels["level_1"].dli
    for number in range(6):
        bench.start_batch(["level_2"], id=f"other_{number}", sites=2)
        bench.advance(450)
    state = bench.runtime.memory.levels["level_1"]
    bench.runtime.flush()
    told = sum(hour.get("light_mol_m2", 0.0) for hour in hours(bench, "level_1"))
    assert state.dli > before
    assert told == pytest.approx(state.dli, rel=1e-4)


def test_the_light_of_a_level_that_is_sown_in_mid_day_is_told() -> None:
    bench = Bench(bench_farm())
    bench.start_batch(["level_1"], id="one")
    bench.advance(9 * HOUR_S)
    bench.ask(Harvest(batch="one", kg=1.0))
    bench.advance(HOUR_S + 600)
    bench.start_batch(["level_1"], id="two")
    bench.advance(1500)
    assert bench.runtime.memory.levels["level_1"].dli > 0
    bench.runtime.flush()
    mine = [h for h in hours(bench, "level_1") if h["shares"] == {"two": 1.0}]
    told = sum(hour.get("light_mol_m2", 0.0) for hour in mine)
    assert told == pytest.approx(bench.runtime.memory.levels["level_1"].dli, rel=1e-4)


def test_the_meter_of_a_zone_sees_its_lamps_and_pumps_too() -> None:
    """What it sees beyond them is what the climate took; a meter that shows one device is none."""
    farm, recipes, config = demo_farm(), demo_recipes(), demo_config()
    meters = (sensor(zone.id, Role.POWER, 3) for zone in farm.zones)
    farm = check(replace(farm, bindings=(*farm.bindings, *meters)))
    by_version = {recipe.version: recipe for recipe in recipes.values()}
    batches = demo_batches(START, recipes)
    simulation = Simulation(farm, batches, by_version, start=START, config=config)
    simulation.run_until(START + 0.4 * 86400)
    simulation.runtime.flush()
    told = [event.data for event in simulation.journal.events if event.kind == HOUR]
    kwh = sum(sum(hour.get("energy_kwh", {}).values()) for hour in told)
    assert kwh == pytest.approx(sum(simulation.twin.energy_kwh.values()), rel=0.005)
    assert any(hour.get("metered") for hour in told)


def test_mists_that_nobody_is_told_of_are_in_the_hour_and_a_shot_is_not_twice() -> None:
    farm = dangerous_off(one_circuit(Method.AEROPONICS, drain_s=900.0), PUMP, VALVE, max_off_s=1200)
    bench = Bench(farm)
    cycle = MistCycle(on_s=5.0, off_s=295.0, night_on_s=5.0, night_off_s=295.0)
    recipe = recipe_with(plan(Method.AEROPONICS, events_per_day=0, duration_s=0.0, cycle=cycle))
    bench.start_batch(recipe=recipe)
    bench.advance(1900)
    bench.ask(RunShot(circuit="circuit", duration_s=60.0))
    bench.advance(2 * HOUR_S - 1900 + 60)
    told = [r.data["delivered_l"] for r in bench.journal.records if r.kind == "shot_ended"]
    assert len(told) == 1
    mists = [hour["mist_l"] for hour in hours(bench, "circuit")]
    counted = sum(litres for _, litres in bench.runtime.memory.circuits["circuit"].water_log[:2])
    assert sum(mists) == pytest.approx(counted - told[0], abs=0.05)
    assert all(litres > 5.0 for litres in mists)


def test_a_fault_of_the_sums_does_not_stop_control(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(bench_farm())
    bench.start_batch()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Hours, "watch", broken)
    bench.advance(3 * HOUR_S)
    assert bench.on("level_1.grow_light")


def test_history_holds_what_the_twin_counted() -> None:
    """The lamps, the pumps and the water of a simulated farm, within half a percent."""
    farm, recipes, config = demo_farm(), demo_recipes(), demo_config()
    batches = demo_batches(START, recipes)
    by_version = {recipe.version: recipe for recipe in recipes.values()}
    simulation = Simulation(farm, batches, by_version, start=START, config=config)
    for check_ in first_checks(farm, config):
        simulation.runtime.request(check_)
    simulation.run_until(START + 1.3 * 86400)
    simulation.runtime.flush()
    events = simulation.journal.events
    told = [event.data for event in events if event.kind == HOUR]
    counted = simulation.twin.energy_kwh
    for subsystem in ("light", "pumps"):
        kwh = sum(hour.get("energy_kwh", {}).get(subsystem, 0.0) for hour in told)
        assert kwh == pytest.approx(counted[subsystem], rel=0.005), subsystem
    litres = sum(e.data["delivered_l"] for e in events if e.kind == "shot_ended")
    assert litres == pytest.approx(simulation.twin.litres["pumped"], rel=0.005)
    for event in events:
        if event.data.get("shares"):
            assert sum(event.data["shares"].values()) == pytest.approx(1.0, abs=1e-5)
