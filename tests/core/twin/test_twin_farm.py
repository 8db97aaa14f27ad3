"""The simulated farm: points, commands, faults, cadence, determinism, and conservation of all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from vfarm_core.control.inputs import Cause, Report
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Role, RoleKind
from vfarm_core.recipes.model import PhaseKind, Regrowth
from vfarm_core.recipes.version import content_hash
from vfarm_core.twin.farm import Twin, UnknownPointError
from vfarm_core.twin.faults import Fault, FaultKind
from vfarm_core.twin.plants import raised
from vfarm_core.twin.water import ReservoirParameters

from .small import (
    DAY,
    HOUR,
    PUMP,
    START,
    VALVE,
    batch_of,
    bind,
    lettuce,
    small_config,
    small_farm,
)

LAMP = "level_1.grow_light"
TEMPERATURE = "room.air_temperature"


def twin(farm: Farm | None = None, **changes: object) -> Twin:
    return Twin(farm or small_farm(), small_config(**changes), start=START)


def planted(days_ago: float = 21.0, **changes: object) -> Twin:
    recipe = lettuce()
    made = twin(**changes)
    made.set_batches([batch_of(recipe, days_ago=days_ago)], {recipe.version: recipe})
    return made


def of(reports: list[Report], point: str) -> list[Report]:
    return [r for r in reports if r.point == point]


# -- points and commands ---------------------------------------------------------------------------


def test_every_binding_is_a_point_with_value_and_unit():
    t = twin()
    assert set(t.points) == set(t.farm.binding)
    assert all(view.available for view in t.points.values())
    assert t.point(TEMPERATURE).unit == "°C"
    assert t.point(TEMPERATURE).value == pytest.approx(21.0, abs=1.0)
    assert t.point(LAMP).kind is RoleKind.DIMMER
    assert t.point(LAMP).value == 0.0
    assert t.point(VALVE).value is False
    assert t.point("room.leak").value is False
    with pytest.raises(UnknownPointError):
        t.point("nothing")


def test_all_reports_tell_the_state_of_everything_at_the_start():
    t = twin()
    reports = t.all_reports()
    assert {r.point for r in reports} == set(t.farm.binding)
    assert all(r.raw is not None and r.at == START for r in reports)


def test_a_command_takes_effect_and_is_reported_after_the_devices_delay():
    t = twin()
    t.command(VALVE, 1.0)
    t.advance(START + 3.9)
    assert t.point(VALVE).value is False
    t.advance(START + 4.1)
    assert t.point(VALVE).value is True
    (report,) = of(t.take_reports(), VALVE)
    assert (report.raw, report.at, report.cause) == (True, START + 4.0, Cause.OWN)
    assert t.take_reports() == []


def test_a_newer_command_replaces_one_that_has_not_taken_effect():
    t = twin()
    t.command(VALVE, 1.0)
    t.advance(START + 2)
    t.command(VALVE, 0.0)
    t.advance(START + 60)
    assert [r.raw for r in of(t.take_reports(), VALVE)] == [False]


def test_a_command_that_changes_nothing_is_reported_all_the_same():
    t = twin()
    t.command(LAMP, 0.0)
    t.advance(START + 5)
    assert [r.raw for r in of(t.take_reports(), LAMP)] == [0.0]


def test_a_persons_hand_is_told_apart():
    t = twin()
    t.command(LAMP, 0.4, cause=Cause.PERSON)
    t.advance(START + 5)
    assert of(t.take_reports(), LAMP)[0].cause is Cause.PERSON


def test_lamps_give_light_by_output_and_hold_their_lowest():
    t = twin()
    t.command(LAMP, 0.5)
    t.advance(START + 5)
    assert t.levels["level_1"].ppfd_now() == pytest.approx(175.0)
    assert t.point("level_1.ppfd").value == pytest.approx(175.0, rel=0.03)
    t.command(LAMP, 0.02)
    t.advance(START + 10)
    assert t.point(LAMP).value == pytest.approx(0.1)


def test_sensors_cannot_be_driven_and_unknown_points_are_refused():
    t = twin()
    for point in (TEMPERATURE, "nothing"):
        with pytest.raises(UnknownPointError):
            t.command(point, 1.0)


def test_a_callback_takes_the_reports_as_they_come():
    heard: list[Report] = []
    t = Twin(small_farm(), small_config(), start=START, on_report=heard.append)
    t.advance(START + 60)
    assert heard
    assert t.take_reports() == []


# -- sensors ---------------------------------------------------------------------------------------


def test_sensors_report_at_their_interval_also_when_nothing_changes():
    t = twin()
    t.advance(START + HOUR)
    reports = t.take_reports()
    assert [r.at - START for r in of(reports, TEMPERATURE)] == [60.0 * k for k in range(1, 61)]
    assert len(of(reports, "tank.solution_ec")) == 12
    assert of(reports, "room.leak") == []


def test_noise_is_small_and_there():
    t = twin()
    t.advance(START + HOUR)
    ec = [float(r.raw or 0) for r in of(t.take_reports(), "tank.solution_ec")]
    assert 0.001 < max(ec) - min(ec) < 0.1


def test_units_scale_and_invert_of_a_binding_are_what_the_entity_says():
    farm = small_farm()
    changed = []
    for b in farm.bindings:
        if b.id == TEMPERATURE:
            b = replace(b, unit="°F", offset=1.0)
        elif b.id == "room.leak" or b.id == VALVE:
            b = replace(b, invert=True)
        changed.append(b)
    t = twin(replace(farm, bindings=tuple(changed)))
    view = t.point(TEMPERATURE)
    assert view.unit == "°F"
    assert isinstance(view.value, float)
    assert (view.value - 32) / 1.8 + 1.0 == pytest.approx(21.0, abs=1.0)
    assert t.point("room.leak").value is True
    assert t.point(VALVE).value is True
    t.command(VALVE, 0.0)
    t.advance(START + 5)
    assert t.actuators[VALVE].output == 1.0


def test_people_are_seen_at_once():
    t = twin()
    t.people("room", True)
    assert [r.raw for r in of(t.take_reports(), "room.occupancy")] == [True]


def test_meters_show_a_change_soon():
    t = twin()
    t.command(VALVE, 1.0)
    t.advance(START + 5)
    t.command(PUMP, 1.0)
    t.advance(START + 10)
    flow = of(t.take_reports(), "pump.flow")
    assert flow[-1].at == pytest.approx(START + 8.0)
    assert float(flow[-1].raw or 0) == pytest.approx(4.0, rel=0.05)


# -- water ----------------------------------------------------------------------------------------


def test_a_flood_needs_valve_and_pump_and_runs_back():
    t = twin()
    before = t.tanks["tank"].volume
    t.command(PUMP, 1.0)
    t.advance(START + 120)
    assert t.tanks["tank"].volume == pytest.approx(before)
    t.command(VALVE, 1.0)
    t.advance(START + 364)
    assert before - t.tanks["tank"].volume == pytest.approx(16.0, rel=0.05)
    t.command(PUMP, 0.0)
    t.command(VALVE, 0.0)
    t.advance(START + 364 + 900)
    assert t.tanks["tank"].volume == pytest.approx(before, abs=0.3)
    assert t.litres["pumped"] == pytest.approx(t.litres["drained"], abs=0.3)


def test_all_water_is_accounted_for():
    t = planted()
    before = t.solution_l()
    for k in range(24):
        for point in (VALVE, PUMP):
            t.command(point, 1.0 if k % 3 == 0 else 0.0)
        for level in (LAMP, "level_2.grow_light"):
            t.command(level, 0.8 if k < 16 else 0.0)
        t.advance(START + (k + 1) * HOUR)
    litres = t.litres
    assert litres["transpired"] > 1.0
    assert t.solution_l() - before == pytest.approx(
        litres["refilled"] - litres["transpired"] - litres["spilled"], abs=1e-6
    )


def test_unwatered_plants_dry_out_and_stop():
    def run(watered: bool) -> Twin:
        t = planted(26.0)
        for device in ("dehumidifier", "cooler", "circulation_fan"):
            t.command(f"room.{device}", 1.0)
        for k in range(6 * 24):
            for level in (LAMP, "level_2.grow_light"):
                t.command(level, 0.8)
            if watered:
                for point in (VALVE, PUMP):
                    t.command(point, 1.0 if k % 4 == 0 else 0.0)
            t.advance(START + (k + 1) * HOUR)
        return t

    dry, wet = run(watered=False), run(watered=True)
    assert dry.levels["level_1"].bed.stress < 0.3
    assert wet.levels["level_1"].bed.stress == 1.0
    assert dry.harvest_kg("lettuce") < 0.9 * wet.harvest_kg("lettuce")


# -- plants ---------------------------------------------------------------------------------------


def test_a_batch_that_is_new_to_the_twin_is_as_big_as_its_age():
    young, old = planted(14.0), planted(30.0)
    assert young.harvest_kg("lettuce") < 0.2 * old.harvest_kg("lettuce")
    recipe = lettuce()
    stand = dict(old.stands("lettuce"))["level_1"]
    assert stand.fresh_g == pytest.approx(raised(recipe, 38.0, 1.0, 30.0).fresh_g)


def test_moving_and_respacing_keep_the_plants():
    recipe = lettuce()
    batch = batch_of(recipe, days_ago=30.0)
    recipes = {recipe.version: recipe}
    t = twin()
    t.set_batches([batch], recipes)
    plant = dict(t.stands("lettuce"))["level_1"].fresh_g
    one = replace(batch, plants=38, placements=batch.placements[1:])
    t.set_batches([one], recipes)
    assert [level for level, _ in t.stands("lettuce")] == ["level_2"]
    back = replace(one, placements=batch.placements[:1])
    t.set_batches([back], recipes)
    ((level, stand),) = t.stands("lettuce")
    assert level == "level_1"
    assert stand.fresh_g == pytest.approx(plant)
    t.set_batches([], recipes)
    assert t.harvest_kg("lettuce") == 0.0


def test_what_a_cut_takes_is_gone_and_the_rest_grows_on():
    plain = lettuce()
    origin = plain.phases[0].provenance
    again = Regrowth(phase=plain.phases[-1].name, days=10.0, share=0.6, provenance=origin)
    recipe = replace(plain, regrowth=again)
    recipe = replace(recipe, version=content_hash(recipe))
    batch = batch_of(recipe, days_ago=30.0)
    recipes = {recipe.version: recipe}
    t = twin()
    t.set_batches([batch], recipes)
    before = t.harvest_kg("lettuce")
    cut = replace(batch, regrown=1)
    t.set_batches([cut], recipes)
    assert t.harvest_kg("lettuce") == pytest.approx(0.4 * before)
    t.set_batches([cut], recipes)
    assert t.harvest_kg("lettuce") == pytest.approx(0.4 * before)
    late = twin()
    late.set_batches([cut], recipes)
    late.set_batches([cut], recipes)
    assert late.harvest_kg("lettuce") == pytest.approx(before)


def test_plants_on_their_way_from_the_seed_wait_for_their_phase():
    recipe = lettuce()
    t = twin()
    batch = batch_of(recipe, days_ago=0.0)
    assert recipe.phases[0].kind is PhaseKind.GERMINATION
    t.set_batches([batch], {recipe.version: recipe})
    t.command(LAMP, 0.8)
    mass = dict(t.stands("lettuce"))["level_1"].shoot_dry_g
    t.advance(START + 0.5 * DAY)
    assert dict(t.stands("lettuce"))["level_1"].shoot_dry_g == mass


def test_plants_take_co2_in_the_light_and_give_it_in_the_dark():
    t = planted(30.0)
    start = t.zones["room"].air.co2_ppm
    for level in (LAMP, "level_2.grow_light"):
        t.command(level, 0.8)
    t.advance(START + HOUR)
    lit = t.zones["room"].air.co2_ppm
    assert lit < start - 50
    for level in (LAMP, "level_2.grow_light"):
        t.command(level, 0.0)
    t.advance(START + 2 * HOUR)
    assert t.zones["room"].air.co2_ppm > lit


def test_lamp_energy_is_power_times_time():
    t = twin()
    t.command(LAMP, 1.0)
    t.advance(START + 10 * HOUR)
    power = t.farm.level["level_1"].fixture.power_w  # type: ignore[union-attr]
    assert t.energy_kwh["light"] == pytest.approx(power * 10 / 1000, rel=1e-3)


# -- faults ----------------------------------------------------------------------------------------


def with_fault(kind: FaultKind, point: str, value: float | None = None) -> Twin:
    fault = Fault(point=point, kind=kind, at=START + 60, until=START + 600, value=value)
    return twin(faults=(fault,))


@pytest.mark.parametrize(
    ("kind", "output", "shown"),
    [
        (FaultKind.STUCK_ON, 1.0, True),
        (FaultKind.STUCK_OFF, 0.0, False),
        (FaultKind.IGNORES, 0.0, False),
        (FaultKind.LIES, 0.0, True),
        (FaultKind.UNAVAILABLE, 0.0, None),
    ],
)
def test_faults_of_actuators(kind, output, shown):
    t = with_fault(kind, VALVE)
    t.advance(START + 100)
    t.command(VALVE, 1.0)
    t.advance(START + 200)
    assert t.actuators[VALVE].output == output
    assert t.point(VALVE).value is shown
    assert t.point(VALVE).available is (shown is not None)


def test_a_stuck_valve_moves_without_a_command_and_is_free_again_after_the_fault():
    t = with_fault(FaultKind.STUCK_ON, VALVE)
    t.command(VALVE, 0.0)
    t.advance(START + 61)
    assert of(t.take_reports(), VALVE)[-1].raw is True
    t.advance(START + 601)
    assert t.point(VALVE).value is False


def test_a_slow_actuator_takes_its_time():
    t = with_fault(FaultKind.SLOW, VALVE, value=20.0)
    t.advance(START + 61)
    t.command(VALVE, 1.0)
    t.advance(START + 61 + 79)
    assert t.point(VALVE).value is False
    t.advance(START + 61 + 81)
    assert t.point(VALVE).value is True


def test_faults_of_sensors():
    def shown(kind: FaultKind, value: float | None = None) -> float | bool | None:
        t = with_fault(kind, TEMPERATURE, value)
        t.advance(START + 301)
        return t.point(TEMPERATURE).value

    true = twin()
    true.advance(START + 301)
    honest = true.point(TEMPERATURE).value
    assert isinstance(honest, float)
    assert shown(FaultKind.UNAVAILABLE) is None
    assert shown(FaultKind.STUCK_VALUE, 55.0) == pytest.approx(55.0)
    assert shown(FaultKind.OFFSET, 5.0) == pytest.approx(honest + 5.0, abs=0.02)
    silent = with_fault(FaultKind.SILENT, TEMPERATURE)
    silent.advance(START + 500)
    assert of(silent.take_reports(), TEMPERATURE) == []
    silent.advance(START + 700)
    assert of(silent.take_reports(), TEMPERATURE)


def test_an_unavailable_sensor_says_so_at_once_and_comes_back():
    t = with_fault(FaultKind.UNAVAILABLE, TEMPERATURE)
    t.advance(START + 700)
    raws = [(r.at - START, r.raw is None) for r in of(t.take_reports(), TEMPERATURE)]
    assert (60.0, True) in raws
    assert (600.0, False) in raws


def test_a_leak_is_a_fault_of_its_contact():
    t = with_fault(FaultKind.STUCK_VALUE, "room.leak", value=1.0)
    t.advance(START + 700)
    assert [(r.at - START, r.raw) for r in of(t.take_reports(), "room.leak")] == [
        (60.0, True),
        (600.0, False),
    ]


def test_a_fault_that_cannot_happen_is_refused():
    for point, kind in (
        (TEMPERATURE, FaultKind.STUCK_ON),
        (VALVE, FaultKind.OFFSET),
        ("nothing", FaultKind.UNAVAILABLE),
    ):
        with pytest.raises(UnknownPointError):
            twin(faults=(Fault(point=point, kind=kind, at=START),))


# -- time ------------------------------------------------------------------------------------------


def drive(t: Twin, pieces: int) -> list[Report]:
    reports: list[Report] = []
    for hour in range(6):
        t.command(LAMP, 0.9 if hour < 4 else 0.0)
        t.command(VALVE, 1.0 if hour % 2 else 0.0)
        t.command(PUMP, 1.0 if hour % 2 else 0.0)
        for k in range(pieces):
            t.advance(START + hour * HOUR + (k + 1) * HOUR / pieces)
            reports += t.take_reports()
    return reports


def test_the_same_seed_gives_the_same_farm_and_another_seed_other_noise():
    first, second, other = planted(), planted(), planted(seed=8)
    a, b, c = drive(first, 1), drive(second, 1), drive(other, 1)
    assert a == b
    assert first.state() == second.state()
    assert a != c
    assert [r for r in a if r.point == VALVE] == [r for r in c if r.point == VALVE]


def test_how_often_it_is_advanced_changes_nothing():
    once, often = planted(), planted()
    assert drive(once, 1) == drive(often, 977)
    assert once.state() == often.state()


def test_time_does_not_run_backwards():
    t = twin()
    t.advance(START + 100)
    t.advance(START)
    assert t.now == START + 100


def test_next_event_is_never_in_the_past():
    t = twin()
    for _ in range(50):
        at = t.next_event
        assert at >= t.now
        t.advance(at)
        assert t.next_event > at


def test_a_restart_goes_on_where_it_was():
    t = planted()
    drive(t, 1)
    t.command(LAMP, 0.7)
    t.advance(t.now + 90)
    kept = json.loads(json.dumps(t.state()))
    again = Twin(small_farm(), small_config(), start=t.now)
    recipe = lettuce()
    again.set_batches([batch_of(recipe, days_ago=21.0)], {recipe.version: recipe})
    again.restore(kept)
    assert again.state() == t.state()
    assert again.point(LAMP).value == pytest.approx(0.7)
    assert again.point("tank.volume").value == pytest.approx(t.tanks["tank"].volume, abs=2.0)


def test_what_a_kept_state_knows_and_the_farm_does_not_is_ignored():
    t = twin()
    before = t.state()
    t.restore({"zones": {"gone": [1, 2, 3, 4]}, "stands": {"gone/x": [1.0]}, "actuators": {"x": 1}})
    assert t.state() == before


def test_a_camera_over_a_level_sees_what_leaves_cover():
    farm = small_farm()
    farm = replace(farm, bindings=(*farm.bindings, bind("level_1", Role.CANOPY_COVER)))
    seen = []
    for days_ago in (12.0, 20.0, 30.0):
        t = planted(days_ago, farm=farm)
        t.advance(START + 2 * 3600)
        cover = t.levels["level_1"].cover_pct()
        assert t.point("level_1.canopy_cover").value == pytest.approx(cover, abs=3.0)
        seen.append(cover)
    assert seen == sorted(seen)
    assert 0.0 < seen[0] < seen[-1] <= 100.0


def test_meters_of_power_and_floats_see_what_happens():
    farm = small_farm()
    farm = replace(
        farm,
        bindings=(
            *farm.bindings,
            bind("farm", Role.POWER),
            bind("room", Role.POWER),
            bind("level_1", Role.POWER),
            bind("pump", Role.POWER),
            bind("tables", Role.FLOW),
            bind("pump", Role.FEEDBACK),
            bind("tank", Role.LEVEL_HIGH),
            bind("level_1", Role.ILLUMINANCE),
            bind("level_1", Role.LEAF_TEMPERATURE),
            bind("room", Role.LEAF_TEMPERATURE),
            bind("tank", Role.SOLUTION_TEMPERATURE),
        ),
    )
    still = {"tank": ReservoirParameters(float_valve_at=None)}
    t = twin(farm, reservoirs=still)
    t.command(LAMP, 1.0)
    t.command(VALVE, 1.0)
    t.command(PUMP, 1.0)
    t.advance(START + 180)
    lamp_w = farm.level["level_1"].fixture.power_w  # type: ignore[union-attr]
    assert t.point("level_1.power").value == pytest.approx(lamp_w, rel=0.03)
    assert t.point("pump.power").value == pytest.approx(60.0, rel=0.03)
    assert t.point("room.power").value == pytest.approx(lamp_w + 60.0, rel=0.1)
    assert t.point("farm.power").value == pytest.approx(lamp_w + 60.0, rel=0.1)
    assert t.point("tables.flow").value == pytest.approx(4.0, rel=0.05)
    assert t.point("pump.feedback").value is True
    assert t.point("tank.level_high").value is False
    assert t.point("level_1.illuminance").value == pytest.approx(350 / 0.0145, rel=0.05)
    assert t.point("room.leaf_temperature").value == pytest.approx(t.zones["room"].air.t, abs=1.5)
    t.tanks["tank"].draw(1e6)
    t.advance(START + 400)
    assert t.point("tank.level_low").value is True
    assert t.point("tables.flow").value == 0.0
