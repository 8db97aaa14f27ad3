"""One judge for vfarm and for plain automations: what counts, and what each of them does."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from vfarm_core.batches.model import Batch
from vfarm_core.cli import twin as command
from vfarm_core.farm.bindings import binding_id
from vfarm_core.farm.nodes import Farm, Method, Supply
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import ClimateQuantity
from vfarm_core.twin.baseline import PlainAutomations, phase_of
from vfarm_core.twin.farm import Twin
from vfarm_core.twin.load import Plot, demo_plot
from vfarm_core.twin.quality import AirQuality, QualityReport, Side, compare, judge
from vfarm_core.twin.quality_page import page
from vfarm_core.twin.simulate import SimulationError

from .small import DAY, HOUR, PUMP, START, VALVE, batch_of, lettuce, small_config, small_farm

HEATER = binding_id("room", Role.HEATER)
COOLER = binding_id("room", Role.COOLER)
CO2 = binding_id("room", Role.CO2_VALVE)
LAMP = binding_id("level_1", Role.GROW_LIGHT)


def plot(*, days_ago: float = 24.0, farm: Farm | None = None) -> Plot:
    recipe = lettuce()
    return Plot(
        farm=farm or small_farm(),
        batches=(batch_of(recipe, days_ago=days_ago),),
        recipes={recipe.version: recipe},
        config=small_config(),
        start=START,
    )


def plain(where: Plot | None = None) -> PlainAutomations:
    where = where or plot()
    return PlainAutomations(
        where.farm, where.batches, where.recipes, start=where.start, config=where.config
    )


class Abandoned:
    """A farm that nobody controls."""

    commands = 0
    shots = 0

    def __init__(self, where: Plot) -> None:
        self.twin = Twin(where.farm, where.config, start=where.start)
        self.batches: Mapping[str, Batch] = {b.id: b for b in where.batches}
        self.twin.set_batches(where.batches, where.recipes)

    def run_until(self, until: float) -> None:
        self.twin.advance(until)

    def harvest(self, batch: str, kg: float) -> None:
        raise AssertionError(f"{batch} is not to be harvested")


def air(side: Side, quantity: str) -> AirQuality:
    return next(a for a in side.air if a.quantity == quantity)


@pytest.fixture(scope="module")
def both() -> QualityReport:
    """Three days of lettuce from lights-on, the phase of its final spacing."""
    return compare(plot(), 3.0)


# -- the judge -----------------------------------------------------------------------------------


def test_a_farm_that_nobody_controls_is_judged_by_its_true_air_and_light() -> None:
    where = plot()
    side = judge(Abandoned(where), where, 2.0)
    (batch,) = side.batches
    assert batch.light_days == 4, "two complete days of each of two levels"
    assert batch.dli_delivered == 0
    assert batch.dli_deviation_pct == pytest.approx(-100.0)
    assert side.dli.days_within == 0
    assert not side.targets["dli"].met
    assert not side.targets["inside_critical"].met
    assert side.kwh["light"] == 0
    cold = air(side, "air_temperature")
    assert cold.off_target is not None
    assert cold.off_target > 2


def test_minutes_count_where_there_is_a_limit(both: QualityReport) -> None:
    lit_h = phase_of(plot().batches[0], plot().recipes).light.photoperiod_h
    for side in (both.vfarm, both.baseline):
        assert air(side, "air_temperature").minutes_with_critical == 3 * 1440
        # VPD is limited by day only. The run's first minute ends lit, its last one too.
        assert air(side, "vpd").minutes_with_critical == pytest.approx(3 * lit_h * 60, abs=1)


def test_outside_minutes_make_the_percentage_and_are_told_by_hour(both: QualityReport) -> None:
    where = plot()
    for side in (both.vfarm, both.baseline, judge(Abandoned(where), where, 0.5)):
        for a in side.air:
            assert sum(a.outside_by_hour.values()) == pytest.approx(a.minutes_outside_warning)
            if a.inside_warning_pct is not None:
                outside = 100 * a.minutes_outside_warning / a.minutes_with_warning
                assert a.inside_warning_pct == pytest.approx(100 - outside)


def test_limits_of_the_day_that_are_left_at_lights_on_belong_to_that_hour() -> None:
    where = plot()
    late = replace(where.farm.levels[0], lights_on=dt.time(3, 0))
    farm = replace(where.farm, levels=(late, replace(late, id="level_2", name="level_2")))
    side = judge(Abandoned(replace(where, farm=farm)), replace(where, farm=farm), 3.02 / 24)
    dark_h = 24 - phase_of(where.batches[0], where.recipes).light.photoperiod_h
    assert dark_h >= 3, "dark from midnight to three"
    assert set(air(side, "vpd").outside_by_hour) == {"03"}
    assert air(side, "vpd").minutes_with_warning > 0


def test_the_worst_quantity_decides_on_a_target(both: QualityReport) -> None:
    for side in (both.vfarm, both.baseline):
        known = [a.inside_warning_pct for a in side.air if a.inside_warning_pct is not None]
        assert side.targets["inside_warning"].worst == min(known)


def test_both_sides_have_the_same_plants_and_the_same_light_days(both: QualityReport) -> None:
    ours, theirs = both.vfarm.batches[0], both.baseline.batches[0]
    assert ours.yield_kg - ours.gained_kg == pytest.approx(theirs.yield_kg - theirs.gained_kg)
    assert ours.light_days == theirs.light_days == 6
    assert ours.dli_target == theirs.dli_target == pytest.approx(16.99, abs=0.01)


def test_a_run_can_be_repeated() -> None:
    def without_clock(report: QualityReport) -> str:
        still = replace(
            report,
            vfarm=replace(report.vfarm, wall_seconds=0.0),
            baseline=replace(report.baseline, wall_seconds=0.0),
        )
        return json.dumps(still.as_dict())

    assert without_clock(compare(plot(), 0.5)) == without_clock(compare(plot(), 0.5))


def test_lamps_that_ask_for_more_than_their_supply_carries_are_counted() -> None:
    farm = small_farm()
    watts = sum(level.fixture.power_w for level in farm.levels if level.fixture)
    supply = Supply(
        id="supply",
        name="Supply",
        limit_kw=watts / 1000 / 2,
        levels=tuple(level.id for level in farm.levels),
    )
    where = plot(farm=replace(farm, supplies=(supply,)))
    assert judge(plain(where), where, 0.25).lamp_overload_minutes == pytest.approx(360, abs=1)


# -- vfarm ---------------------------------------------------------------------------------------


def test_vfarm_reaches_what_control_is_to_reach(both: QualityReport) -> None:
    for name, verdict in both.vfarm.targets.items():
        assert verdict.met, f"{name}: {verdict}"


def test_vfarm_is_nearer_to_the_recipe_with_less_electricity_and_water(both: QualityReport) -> None:
    ours, theirs = both.vfarm, both.baseline
    near, far = air(ours, "air_temperature").off_target, air(theirs, "air_temperature").off_target
    assert near is not None
    assert far is not None
    assert near < 0.7 * far
    assert ours.kwh_total < theirs.kwh_total
    assert ours.litres["refilled"] < theirs.litres["refilled"]


# -- plain automations ---------------------------------------------------------------------------


def test_lamps_follow_a_timer_at_a_fixed_output() -> None:
    run = plain()
    light = phase_of(run.batches["lettuce"], run.recipes).light
    outputs = set()
    while run.twin.now < START + light.photoperiod_h * HOUR - 60:
        run.run_until(run.twin.now + 600)
        outputs.add(run.twin.actuators[LAMP].output)
    assert outputs == {light.ppfd / 350.0}
    run.run_until(START + light.photoperiod_h * HOUR + 60)
    assert run.twin.actuators[LAMP].output == 0


def test_a_fixed_output_is_exact_as_long_as_lamps_are_what_their_data_say(
    both: QualityReport,
) -> None:
    assert both.baseline.dli.worst_day_pct == pytest.approx(0.0, abs=0.01)


def test_a_thermostat_knows_no_night_and_never_heats_against_its_cooler() -> None:
    run = plain()
    climate = phase_of(run.batches["lettuce"], run.recipes).climate
    by_day = climate[ClimateQuantity.AIR_TEMPERATURE].day
    run.run_until(START + 20 * HOUR)
    seen = []
    while run.twin.now < START + DAY:
        run.run_until(run.twin.now + 60)
        seen.append(run.twin.zones["room"].air.t)
        on = {point: run.twin.actuators[point].output for point in (HEATER, COOLER, CO2)}
        assert not (on[HEATER] and on[COOLER])
        assert not on[CO2], "its timer is that of the lamps"
    assert sum(seen) / len(seen) == pytest.approx(by_day, abs=0.8)


def test_a_cooler_keeps_its_minimum_times() -> None:
    run = plain()
    cooler = run.twin.actuators[COOLER]
    changes = []
    before = cooler.output
    while run.twin.now < START + 6 * HOUR:
        run.run_until(run.twin.now + 30)
        if cooler.output != before:
            before = cooler.output
            changes.append(run.twin.now)
    assert len(changes) > 4
    assert min(b - a for a, b in pairwise(changes)) >= 150


def test_shots_follow_a_timer_with_the_valve_open_around_the_pump() -> None:
    run = plain()
    plan = phase_of(run.batches["lettuce"], run.recipes).irrigation[Method.EBB_FLOW]
    ran = 0
    while run.twin.now < START + DAY:
        run.run_until(run.twin.now + 5)
        if run.twin.actuators[PUMP].output:
            ran += 5
            assert run.twin.actuators[VALVE].output, "a pump never runs against a closed valve"
    shots = plan.events_per_day + plan.night_events
    assert run.shots == shots
    assert ran == pytest.approx(shots * plan.duration_s, abs=shots * 10)


def test_a_float_tops_up_the_tanks_between_its_two_marks() -> None:
    where = demo_plot()
    run = plain(where)
    filled = [r for r in where.farm.reservoirs if r.fill is not None]
    assert filled
    volumes: dict[str, list[float]] = {r.id: [] for r in filled}
    while run.twin.now < where.start + 6 * DAY:
        run.run_until(run.twin.now + HOUR)
        for reservoir in filled:
            volumes[reservoir.id].append(run.twin.tanks[reservoir.id].volume)
    assert sum(run.twin.tanks[r.id].refilled for r in filled) > 0
    for reservoir in filled:
        assert reservoir.fill is not None
        shares = [v / reservoir.capacity_l for v in volumes[reservoir.id]]
        # What is out on the tables comes back into the room above the upper mark.
        assert max(shares) <= 1.0
        assert min(shares[24:]) > reservoir.fill.below - 0.25


def test_nothing_to_compare_with_is_no_percentage(both: QualityReport) -> None:
    dry = replace(both.baseline, litres={**both.baseline.litres, "refilled": 0.0})
    wet = replace(both.vfarm, litres={**both.vfarm.litres, "refilled": 3.0})
    assert "water taken in: more" in page(replace(both, vfarm=wet, baseline=dry))


def test_somebody_types_in_the_values_of_a_new_phase() -> None:
    where = plot(days_ago=20.9)
    run = plain(where)
    before = run.batches["lettuce"].phase_index
    run.run_until(START + 0.2 * DAY)
    batch = run.batches["lettuce"]
    assert batch.phase_index == before + 1
    light = phase_of(batch, run.recipes).light
    assert run.twin.actuators[LAMP].output == pytest.approx(light.ppfd / 350.0)


def test_a_harvest_leaves_nothing_lit_and_nothing_watered() -> None:
    where = plot(days_ago=34.5)
    run = plain(where)
    side = judge(run, where, 1.5)
    (batch,) = side.batches
    assert batch.harvested_on_day == pytest.approx(0.5, abs=0.01)
    assert batch.yield_kg > 0
    assert run.twin.actuators[LAMP].output == 0
    shots = run.shots
    run.run_until(run.twin.now + DAY)
    assert run.shots == shots
    assert not run.twin.actuators[HEATER].output


def test_a_circuit_without_shots_is_refused() -> None:
    farm = small_farm()
    farm = replace(farm, circuits=(replace(farm.circuits[0], method=Method.NFT),))
    with pytest.raises(SimulationError, match="has no shots"):
        plain(plot(farm=farm))


# -- what people see -----------------------------------------------------------------------------


def test_the_page_tells_a_missed_target_of_either_side(both: QualityReport) -> None:
    where = plot()
    lost = judge(Abandoned(where), where, 2.0)
    assert "missed" not in page(replace(both, baseline=both.vfarm))
    assert page(replace(both, vfarm=lost)).count("missed") >= 2
    assert "nan" not in page(both)


def test_the_command_prints_one_object_with_both_sides() -> None:
    result = CliRunner().invoke(command.app, ["quality", "--days", "0.1", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["days"] == 0.1
    assert set(found) == {"days", "seed", "vfarm", "baseline"}
    assert set(found["vfarm"]) == set(found["baseline"])
    assert {b["crop"] for b in found["vfarm"]["batches"]} == {
        "lettuce",
        "basil",
        "pak_choi",
        "radish",
        "strawberry",
    }


def test_the_command_refuses_days_that_make_no_sense() -> None:
    result = CliRunner().invoke(command.app, ["quality", "--days", "0", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["key"] == "days"
