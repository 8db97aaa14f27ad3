"""A farm under the runtime in fast time: it keeps its recipe, and yields move as published."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from vfarm_core.control.clock import Due
from vfarm_core.control.effects import Command, Record
from vfarm_core.control.inputs import CommandResult
from vfarm_core.control.reasons import Reason
from vfarm_core.recipes.model import Recipe
from vfarm_core.twin.config import ZoneConfig
from vfarm_core.twin.farm import Twin
from vfarm_core.twin.faults import Fault, FaultKind
from vfarm_core.twin.ports import Collector, MemoryJournal, SimClock, TwinActuators
from vfarm_core.twin.simulate import FarmReport, Simulation, SimulationError, simulate

from .small import DAY, PUMP, START, VALVE, batch_of, lettuce, small_config, small_farm


def run(recipe: Recipe, *, days: float = 3.0, days_ago: float = 24.0, seed: int = 7) -> FarmReport:
    temperature = recipe.phases[-1].climate
    start_c = next(s.day for q, s in temperature.items() if q.value == "air_temperature")
    config = small_config(
        zones={"room": ZoneConfig(temperature_c=start_c or 22.0, humidity_pct=60, co2_ppm=800)}
    )
    return simulate(
        small_farm(),
        [batch_of(recipe, days_ago=days_ago)],
        {recipe.version: recipe},
        days,
        seed,
        start=START,
        config=config,
    )


@pytest.fixture(scope="module")
def usual() -> FarmReport:
    """Three days of the lettuce recipe as it is, then the rest of its cycle: to the harvest."""
    return run(lettuce(), days=11.5)


def test_the_controller_delivers_the_light_of_the_recipe(usual):
    (batch,) = usual.batches
    assert len(batch.light_days) >= 10
    for day in batch.light_days:
        assert day.delivered == pytest.approx(day.target, rel=0.02)
    assert batch.dli_target == pytest.approx(16.99, abs=0.01)
    assert batch.light_delivered_mol_m2 == pytest.approx(batch.light_target_mol_m2, rel=0.02)


def test_the_air_is_kept_within_the_critical_limits(usual):
    assert {limit.quantity for limit in usual.limits} == {
        "air_temperature",
        "humidity",
        "vpd",
        "co2",
    }
    for limit in usual.limits:
        assert limit.minutes_with_limits == pytest.approx(11 * 1440, abs=20)
        assert limit.minutes_outside_critical <= 30
        assert limit.minutes_outside_warning < 0.05 * limit.minutes_with_limits
    assert usual.minutes_outside_critical["air_temperature"] <= 30


def test_a_batch_is_harvested_when_its_recipe_says_so(usual):
    (batch,) = usual.batches
    assert batch.state == "harvested"
    assert batch.harvested_at == pytest.approx(START + 11 * DAY, abs=660)
    assert usual.harvested_kg == pytest.approx(batch.yield_kg)
    assert usual.events_by_kind["batch_harvested"] == 1


def test_yield_and_energy_are_those_of_a_lettuce_farm(usual):
    """science.md: about 150 g a head, 5-20 kWh/kg for the whole farm, 40-120 kg/m² a year, lighting
    most of the electricity."""
    (batch,) = usual.batches
    assert 110 < batch.fresh_g_per_plant < 200
    assert usual.kwh_per_kg is not None
    assert 5 < usual.kwh_per_kg < 20
    # Everything but what ran on after the harvest is the only batch's.
    assert batch.kwh == pytest.approx(usual.kwh_total, rel=0.01)
    assert batch.lamp_kwh_per_kg is not None
    assert 3 < batch.lamp_kwh_per_kg < usual.kwh_per_kg
    assert 40 < batch.yield_kg_m2 / 35 * 365 < 120
    assert 0.35 < usual.kwh["light"] / usual.kwh_total < 0.8


def test_every_planned_shot_is_made_and_ends_well(usual):
    # Five by day and one by night (lettuce recipe, ebb-flow).
    assert usual.shots == pytest.approx(6 * 11, abs=3)
    assert set(usual.shots_by_end) <= {"done", "volume"}
    assert usual.shot_litres == pytest.approx(usual.litres["pumped"], rel=0.1)


def test_nothing_goes_wrong_on_an_ordinary_day(usual):
    for kind in ("not_proved", "takeover", "command_failed"):
        assert kind not in usual.events_by_kind
    assert usual.events_by_kind["lights_on"] >= 11


def test_the_plants_get_water_from_the_tank(usual):
    assert usual.litres["transpired"] > 20
    assert usual.litres_per_kg is not None
    assert 1 < usual.litres_per_kg < 25
    assert usual.litres["spilled"] == 0


def test_the_report_is_plain_data(usual):
    data = asdict(usual)
    assert data["simulated_days"] == pytest.approx(11.5)
    assert data["seed"] == 7
    assert data["wall_seconds"] > 0


@pytest.fixture(scope="module")
def base() -> FarmReport:
    """Three days of a growing stand."""
    return run(lettuce())


def gained(**targets: float) -> float:
    return run(lettuce(**targets)).batches[0].gained_kg


def test_less_light_yields_less(base):
    assert gained(ppfd=180.0) < 0.85 * base.batches[0].gained_kg


def test_less_co2_yields_less(base):
    assert gained(co2=450.0) < 0.85 * base.batches[0].gained_kg


def test_heat_yields_less_than_the_recipes_temperature(base):
    assert gained(temperature=29.0) < base.batches[0].gained_kg


def test_the_same_seed_gives_the_same_run_and_another_does_not(base):
    again = run(lettuce())
    assert replace(again, wall_seconds=0.0) == replace(base, wall_seconds=0.0)
    other = run(lettuce(), seed=8)
    assert other.kwh_total != base.kwh_total
    assert other.batches[0].yield_kg == pytest.approx(base.batches[0].yield_kg, rel=0.05)


def test_progress_is_told():
    seen: list[float] = []
    recipe = lettuce()
    simulate(
        small_farm(),
        [batch_of(recipe, days_ago=24.0)],
        {recipe.version: recipe},
        0.25,
        progress=seen.append,
        config=small_config(),
    )
    assert seen == sorted(seen)
    assert seen[-1] == 0.25
    assert len(seen) >= 6


def test_a_farm_without_batches_idles():
    report = simulate(small_farm(), [], {}, 0.5, config=small_config(), start=START)
    assert report.batches == ()
    assert report.kwh["light"] == 0
    assert report.kwh_per_kg is None
    assert report.shots == 0


@pytest.mark.parametrize("days", [0.0, -3.0, 1e5])
def test_days_that_make_no_sense_are_refused(days):
    with pytest.raises(SimulationError, match="days"):
        simulate(small_farm(), [], {}, days)


def test_a_batch_that_cannot_start_is_refused_with_the_reason():
    recipe = lettuce()
    recipes = {recipe.version: recipe}
    batch = batch_of(recipe, days_ago=24.0)
    with pytest.raises(SimulationError, match="no recipe is given for Lettuce"):
        simulate(small_farm(), [batch], {}, 1.0)
    again = replace(batch, id="again")
    with pytest.raises(SimulationError) as refused:
        simulate(small_farm(), [batch, again], recipes, 1.0, config=small_config())
    assert refused.value.key == "sites_exceeded"


# -- ports -----------------------------------------------------------------------------------------


def test_both_clocks_advance_together_and_farm_time_with_its_speed():
    clock = SimClock(START, speed=60.0)
    clock.advance(2.0)
    assert clock.now().farm == START + 120
    assert clock.now().mono == 2.0
    clock.advance_to(START + 180)
    assert clock.now().mono == 3.0
    clock.advance_to(START)
    clock.advance(-5.0)
    assert clock.now().farm == START + 180
    assert clock.farm_time_of(Due(mono=5.0)) == START + 300
    assert clock.farm_time_of(Due(farm=START + 200, mono=5.0)) == START + 200
    assert clock.farm_time_of(Due()) is None
    with pytest.raises(ValueError, match="speed"):
        SimClock(START, speed=0)


def test_a_command_to_a_point_the_twin_does_not_have_comes_back_as_an_error():
    twin = Twin(small_farm(), small_config(), start=START)
    port = TwinActuators(twin)
    heard: list[object] = []
    port.feed = heard.append
    reason = Reason("shot_idle")
    valve = twin.farm.binding[VALVE]
    port.send(Command(id=1, point=VALVE, value=1.0, reason=reason), valve)
    assert heard == []
    port.send(Command(id=2, point="x", value=1.0, reason=reason), replace(valve, id="x"))
    (result,) = heard
    assert isinstance(result, CommandResult)
    assert result.error is not None
    assert port.sent == 2


def record(key: str | None, data: object) -> Record:
    return Record(kind="slice" if key else "event", key=key, data=data, at=START)


def test_the_journal_keeps_the_newest_slice_and_every_event():
    journal = MemoryJournal()
    told: list[str | None] = []
    journal.append([record("a", 1), record(None, "x"), record("a", 2), record("b", 3)], told.append)
    journal.append([record("b", None), record(None, "y")], told.append)
    assert journal.slices == {"a": 2}
    assert [r.data for r in journal.events] == ["x", "y"]
    journal.error = "disk full"
    journal.append([record("a", 9)], told.append)
    assert told == [None, None, "disk full"]
    assert journal.slices == {"a": 2}


def test_a_failing_journal_keeps_water_shut():
    recipe = lettuce()
    simulation = Simulation(
        small_farm(),
        [batch_of(recipe, days_ago=24.0)],
        {recipe.version: recipe},
        start=START,
        config=small_config(),
    )
    simulation.run_until(START + 300)
    simulation.journal.error = "disk full"
    simulation.run_until(START + 6 * 3600)
    assert simulation.twin.litres["pumped"] == 0
    assert simulation.twin.levels["level_1"].ppfd_now() > 0
    simulation.journal.error = None
    simulation.run_until(START + 12 * 3600)
    assert simulation.twin.litres["pumped"] > 0


def test_a_stuck_pump_is_noticed():
    recipe = lettuce()
    simulation = Simulation(
        small_farm(),
        [batch_of(recipe, days_ago=24.0)],
        {recipe.version: recipe},
        start=START,
        config=small_config(
            faults=(Fault(point=PUMP, kind=FaultKind.STUCK_ON, at=START + 1200.0),)
        ),
    )
    simulation.run_until(START + 2 * 3600)
    assert "not_proved" in {event.kind for event in simulation.listener.events}
    assert simulation.twin.actuators[VALVE].output == 0.0


def test_the_collector_keeps_what_it_hears():
    collector = Collector()
    collector.due_changed(Due(farm=1.0))
    assert collector.due == Due(farm=1.0)
    assert collector.events == []
