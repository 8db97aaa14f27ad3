"""The demo farm: checked, declared, feasible, and alive for a day."""

from __future__ import annotations

from collections import Counter

import pytest

from vfarm_core.control.inputs import CalibratePump
from vfarm_core.farm.bindings import Danger
from vfarm_core.farm.build import farm_from_dict, farm_to_dict
from vfarm_core.farm.nodes import Method
from vfarm_core.farm.roles import DOSING, PROBES, Role, spec
from vfarm_core.recipes.model import ClimateQuantity
from vfarm_core.twin.checks import first_checks
from vfarm_core.twin.config import equipment_of
from vfarm_core.twin.demo import RECIPES, demo_batches, demo_config, demo_farm, demo_recipes
from vfarm_core.twin.farm import Twin
from vfarm_core.twin.simulate import FarmReport, simulate

from .small import DAY, START


def test_it_is_a_farm_of_two_rooms_four_racks_and_sixteen_levels():
    farm = demo_farm("Europe/Berlin")
    assert farm.time_zone == "Europe/Berlin"
    counts = [len(g) for g in (farm.zones, farm.racks, farm.levels, farm.reservoirs)]
    assert counts == [2, 4, 16, 2]
    assert farm_from_dict(farm_to_dict(farm)) == farm
    assert Method.EBB_FLOW in {c.method for c in farm.circuits}
    assert any(len(farm.circuits_of_pump[p.id]) == 2 for p in farm.pumps)


def test_every_entity_key_is_its_own_and_names_its_place():
    farm = demo_farm()
    keys = Counter(b.entity for b in farm.bindings)
    assert set(keys.values()) == {1}
    for b in farm.bindings:
        assert b.entity == f"demo.{b.id}"


def test_every_actuator_is_declared_and_what_is_dangerous_has_its_limit():
    farm = demo_farm()
    for b in farm.bindings:
        if not spec(b.role).is_actuator:
            continue
        declared = b.declaration
        assert declared is not None
        if declared.danger is Danger.ON:
            assert declared.max_on_s
            assert not declared.safe_on
        if b.role in (Role.IRRIGATION_PUMP, Role.IRRIGATION_VALVE, Role.CO2_VALVE, Role.HEATER):
            assert declared.danger is Danger.ON


def test_five_crops_grow_in_different_phases():
    recipes = demo_recipes()
    batches = demo_batches(START, recipes)
    assert {recipes[b.recipe_version].id for b in batches} == set(RECIPES)
    assert len({(b.crop, b.phase_index) for b in batches}) >= 6
    assert sum(len(b.levels) for b in batches if b.crop == "lettuce") >= 3
    held = Counter(level for b in batches for level in b.levels)
    assert set(held.values()) == {1}


def test_lamps_pumps_and_tanks_reach_what_the_recipes_ask():
    farm, recipes = demo_farm(), demo_recipes()
    for batch in demo_batches(START, recipes):
        recipe = recipes[batch.recipe_version]
        for phase in recipe.phases[batch.phase_index :]:
            for level_id in batch.levels:
                fixture = farm.level[level_id].fixture
                assert fixture is not None
                assert fixture.ppfd_full >= phase.light.ppfd
                circuit = farm.circuit[farm.circuit_of_level[level_id]]
                plan = phase.irrigation.get(circuit.method)
                assert plan is not None, f"{recipe.id} {phase.name} has no {circuit.method}"
                pump = farm.pump[circuit.pump]
                reservoir = farm.reservoir[pump.reservoir]
                litres = plan.duration_s / 60 * pump.flow_l_min
                assert litres < 0.5 * reservoir.capacity_l - reservoir.volume_min_l


def test_supplies_carry_their_lamps():
    farm = demo_farm()
    for supply in farm.supplies:
        fixtures = [farm.level[level].fixture for level in supply.levels]
        assert sum(f.power_w for f in fixtures if f) / 1000 <= supply.limit_kw


@pytest.mark.parametrize("zone", ["zone_a", "zone_b"])
def test_cooling_carries_the_lamps(zone):
    farm = demo_farm()
    lamps = sum(lv.fixture.power_w for lv in farm.levels_of_zone[zone] if lv.fixture)
    assert equipment_of(farm, zone).cooler_w > lamps


@pytest.fixture(scope="module")
def day() -> FarmReport:
    """The second day, from midnight of the first."""
    recipes = demo_recipes()
    return simulate(
        demo_farm(),
        demo_batches(START, recipes),
        recipes,
        1.5,
        start=START,
        config=demo_config(),
    )


def test_every_batch_grows(day):
    assert len(day.batches) == 10
    for batch in day.batches:
        assert batch.gained_kg > 0
        assert batch.yield_kg > 0


def test_every_quantity_stays_within_its_critical_limits_nearly_always(day):
    for limit in day.limits:
        assert limit.minutes_outside_critical <= 15, limit
        assert limit.minutes_outside_warning <= 0.12 * limit.minutes_with_limits, limit


def test_the_leaf_room_is_warm_by_day_and_the_berry_room_cool_by_night(day):
    air = {limit.zone: limit for limit in day.limits if limit.quantity == "air_temperature"}
    assert 21 < air["zone_a"].highest < 27
    assert air["zone_b"].lowest < 15
    assert 18 < air["zone_b"].highest < 26


def test_shots_of_both_circuits_of_a_pump_take_turns_and_end_well(day):
    assert set(day.shots_by_end) <= {"done", "volume"}
    assert day.shots >= 25
    assert "not_proved" not in day.events_by_kind
    assert day.litres["spilled"] == 0


def test_its_tanks_are_dosed_and_filled_from_the_start(day):
    told = day.events_by_kind
    assert told["dose_started"] >= 10
    assert told["dose_started"] - told["dose_ended"] in (0, 1)
    assert told["fill_started"] >= 2
    assert "dosing_inhibited" not in told
    assert "fill_inhibited" not in told


def test_every_probe_and_pump_is_checked_when_it_begins():
    farm, config = demo_farm(), demo_config()
    checked = {request.point for request in first_checks(farm, config)}
    assert checked == {b.id for b in farm.bindings if b.role in (*PROBES, *DOSING)}
    rates = {
        request.ml / request.seconds
        for request in first_checks(farm, config)
        if isinstance(request, CalibratePump)
    }
    assert rates == {p.doser_ml_s for p in config.reservoirs.values()}


def test_some_devices_have_levels():
    steps = {b.id: b.step for b in demo_farm().bindings if b.levels}
    assert steps == {"zone_a.dehumidifier": 0.25, "zone_a.cooler": 0.1, "zone_b.cooler": 0.1}


def test_the_rooms_warm_and_cool_without_alarms(day):
    assert day.events_by_kind.get("temperature_rising", 0) <= 20


def test_the_farms_electricity_is_shared_out_to_its_batches(day):
    assert sum(b.kwh for b in day.batches) == pytest.approx(day.kwh_total, rel=0.02)
    heads = next(b for b in day.batches if b.id == "lettuce-1")
    assert heads.kwh_per_kg is not None
    assert 5 < heads.kwh_per_kg < 20


def test_light_days_are_delivered(day):
    for batch in day.batches:
        for light_day in batch.light_days:
            assert light_day.delivered == pytest.approx(light_day.target, rel=0.03)


def test_its_plants_are_as_old_as_their_batches_whenever_it_starts():
    recipes = demo_recipes()
    sizes = []
    for start in (START, START + 200 * DAY):
        twin = Twin(demo_farm(), demo_config(), start=start)
        twin.set_batches(demo_batches(start, recipes), recipes)
        sizes.append([twin.harvest_kg(b.id) for b in demo_batches(start, recipes)])
    assert sizes[0] == pytest.approx(sizes[1])


def test_targets_of_a_room_suit_each_other():
    """Day targets of crops that share a room lie within 4 K."""
    farm, recipes = demo_farm(), demo_recipes()
    targets: dict[str, list[float]] = {}
    for batch in demo_batches(START, recipes):
        phase = recipes[batch.recipe_version].phases[batch.phase_index]
        target = phase.climate[ClimateQuantity.AIR_TEMPERATURE].day
        assert target is not None
        targets.setdefault(farm.zone_of_level[batch.levels[0]], []).append(target)
    for wanted in targets.values():
        assert max(wanted) - min(wanted) <= 4.0
