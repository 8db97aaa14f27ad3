"""Filling: litres and time, a float of its own, room for what runs back, never while dosing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import actuator, bench_recipe, sensor
from tests.core.tank import EC, FILL, FILL_VALVE, FLOAT, MIX_S, VOLUME, A, Tank, tank_farm
from vfarm_core.control.inputs import (
    Cause,
    ClearReservoir,
    EmergencyStop,
    Inhibit,
    Report,
    RunFill,
    RunShot,
    SetMode,
    StartWorkflow,
)
from vfarm_core.farm.bindings import Proof, binding_id
from vfarm_core.farm.overrides import Mode, WorkflowKind
from vfarm_core.farm.roles import Role

HOUR, DAY = 3600.0, 86400.0


@pytest.fixture
def tank() -> Tank:
    """Ready, at 90 of 200 L: a fill begins below 80 L."""
    tank = Tank()
    tank.values[VOLUME] = 90.0
    return tank.ready()


def filling(tank: Tank) -> Tank:
    """In the middle of a fill."""
    tank.show(VOLUME, 75.0)
    assert tank.on(FILL_VALVE)
    tank.advance(60)
    assert tank.on(FILL_VALVE)
    return tank


def ends(tank: Tank) -> list[dict[str, Any]]:
    return tank.ended("fill_ended")


def test_above_its_level_nothing_is_filled(tank: Tank) -> None:
    tank.advance(3 * HOUR)
    assert tank.why_no_fill == "fill_idle"
    assert tank.values[VOLUME] == 90.0


def test_a_low_tank_is_filled_to_its_level_and_accounted(tank: Tank) -> None:
    tank.show(VOLUME, 75.0)
    tank.advance(HOUR)
    (end,) = ends(tank)
    assert end["end"] == "done"
    assert end["planned_l"] == 60.0  # 65 L of room, at most 60 in one fill
    assert end["delivered_l"] == pytest.approx(60.0, abs=21)
    assert tank.tank.filled_today_l == pytest.approx(end["delivered_l"], abs=0.1)
    assert not tank.on(FILL_VALVE)


def test_a_fill_is_on_disk_before_its_valve_opens(tank: Tank) -> None:
    tank.journal.waits = True
    tank.show(VOLUME, 75.0)
    assert not tank.on(FILL_VALVE)
    tank.journal.write_waiting()
    assert tank.on(FILL_VALVE)
    assert tank.journal.of("fill_started")


def test_without_an_automatic_fill_the_valve_stays_closed() -> None:
    tank = Tank(tank_farm(fill=None))
    tank.values[VOLUME] = 45.0
    tank.advance(HOUR)
    assert not tank.on(FILL_VALVE)
    assert tank.why_no_fill == "fill_closed"


def test_no_more_than_its_cap_within_a_day_over_restarts(tank: Tank) -> None:
    filled: list[tuple[float, float]] = []
    for n in range(60):
        tank.values[VOLUME] = 60.0
        tank.advance(1800)
        filled = [(0.0, end["delivered_l"]) for end in ends(tank)]
        if n % 9 == 8:
            tank.restart(down_s=60)
    assert sum(litres for _, litres in filled) <= 2 * FILL.day_l + 21
    assert tank.why_no_fill in ("fill_cap", "fill_idle", "fill_no_rise")


HAPPENS = [
    (lambda t: t.show(FLOAT, 1.0), "float", "fill_float"),
    (lambda t: t.report(FLOAT, "unavailable"), "float", "fill_float_unknown"),
    (lambda t: t.report(VOLUME, "unavailable"), "volume", "volume_unknown"),
    (lambda t: t.show("tank.leak", 1.0), "leak", "leak"),
    (lambda t: t.report("tank.leak", "unavailable"), "stopped", "leak_unknown"),
    (lambda t: t.ask(SetMode(mode=Mode.HOLD)), "stopped", "hold"),
    (lambda t: t.ask(SetMode(mode=Mode.MONITOR)), "stopped", "monitor"),
    (lambda t: t.ask(EmergencyStop()), "emergency", "emergency_stop"),
    (
        lambda t: t.ask(
            StartWorkflow(node="tank", kind=WorkflowKind.SOLUTION_CHANGE, until=t.clock.farm + 3600)
        ),
        "stopped",
        "solution_change",
    ),
]


@pytest.mark.parametrize(("happens", "end", "code"), HAPPENS)
def test_what_forbids_a_fill_ends_it_at_once(tank: Tank, happens: Any, end: str, code: str) -> None:
    filling(tank)
    happens(tank)
    tank.advance(1, sensors=False)
    assert not tank.on(FILL_VALVE)
    assert ends(tank)[-1]["end"] == end
    assert tank.why_no_fill == code


@pytest.mark.parametrize(("happens", "end", "code"), HAPPENS)
def test_what_forbids_a_fill_keeps_it_from_starting(
    tank: Tank, happens: Any, end: str, code: str
) -> None:
    happens(tank)
    if code != "volume_unknown":
        tank.report(VOLUME, 75.0)
    tank.advance(60, sensors=False)
    assert not tank.on(FILL_VALVE)
    assert not ends(tank)


def test_an_unknown_volume_counts_the_fill_in_full(tank: Tank) -> None:
    filling(tank)
    tank.report(VOLUME, "unavailable")
    tank.advance(1, sensors=False)
    assert ends(tank)[-1]["delivered_l"] == 60.0


def test_water_that_does_not_rise_stops_the_fill_until_a_person_has_looked(tank: Tank) -> None:
    tank.empty.add(FILL_VALVE)
    tank.show(VOLUME, 75.0)
    tank.advance(900)
    assert ends(tank)[-1]["end"] == "no_rise"
    tank.advance(6 * HOUR)
    assert len(ends(tank)) == 1
    assert tank.why_no_fill == "fill_no_rise"
    assert [e.severity for e in tank.events if e.kind == "fill_inhibited"] == ["p2"]
    tank.empty.clear()
    assert tank.ask(ClearReservoir(reservoir="tank", what=Inhibit.FILLING)).refused is None
    tank.advance(HOUR)
    assert ends(tank)[-1]["end"] == "done"


def test_a_fill_has_an_end_in_time() -> None:
    farm = tank_farm()
    bindings = tuple(
        replace(b, declaration=replace(b.declaration, max_on_s=300.0))
        if b.id == FILL_VALVE and b.declaration is not None
        else b
        for b in farm.bindings
    )
    tank = Tank(replace(farm, bindings=bindings))
    tank.values[VOLUME] = 90.0
    tank.ready()
    tank.show(VOLUME, 75.0)
    tank.advance(290)
    assert ends(tank)[-1]["end"] == "time"
    assert not tank.on(FILL_VALVE)


def test_a_valve_that_cannot_be_closed_is_latched_and_told(tank: Tank) -> None:
    filling(tank)
    tank.disobeys.add(FILL_VALVE)
    tank.show(FLOAT, 1.0)
    tank.advance(120)
    assert tank.runtime.memory.actuators[FILL_VALVE].latched
    assert any(e.kind == "not_proved" and e.severity == "p1" for e in tank.events)


def test_a_valve_that_passes_is_told(tank: Tank) -> None:
    tank.show(VOLUME, 75.0)
    tank.advance(800)
    assert len(ends(tank)) == 1
    assert tank.tank.closed_at is not None
    tank.values[VOLUME] += 6.0
    tank.advance(200)
    assert [e.severity for e in tank.events if e.kind == "fill_inhibited"] == ["p1"]
    assert tank.why_no_fill == "fill_passes"


def isolated(**changes: Any) -> Tank:
    """A tank whose fill valve has another one upstream, which isolates it."""
    farm = tank_farm()
    key = binding_id("tank", Role.FILL_VALVE, 2)
    shown = sensor("tank", Role.FEEDBACK, 10)
    second = actuator(
        "tank", Role.FILL_VALVE, max_on_s=1800.0, proof=Proof.FEEDBACK, proved_by=shown.id
    )
    first = farm.binding[FILL_VALVE]
    assert first.declaration is not None
    guarded = replace(first, declaration=replace(first.declaration, isolation=key))
    rest = tuple(b for b in farm.bindings if b.id != FILL_VALVE)
    second = replace(second, id=key, entity=f"switch.{key}")
    made = Tank(replace(farm, bindings=(*rest, guarded, shown, second)))
    made.values[VOLUME] = 90.0
    return made.ready()


MAIN = binding_id("tank", Role.FILL_VALVE, 2)


def by_hand(tank: Tank, point: str) -> None:
    """Somebody switches something on."""
    tank.state[point] = 1.0
    tank.runtime.feed(Report(point, 1.0, None, tank.clock.farm, Cause.PERSON))
    tank.settle()


def test_what_isolates_a_valve_that_passes_is_held_closed() -> None:
    tank = isolated()
    by_hand(tank, MAIN)
    tank.advance(30, sensors=False)
    assert tank.on(MAIN), "a person may open it"
    tank.report(MAIN, 0.0)
    tank.show(VOLUME, 75.0)
    tank.advance(900)
    tank.values[VOLUME] += 6.0
    tank.advance(200)
    assert tank.why_no_fill == "fill_passes"
    by_hand(tank, MAIN)
    assert not tank.on(MAIN), "but not past a valve that lets water through"
    reason = tank.runtime.memory.actuators[MAIN].reason
    assert reason is not None
    assert reason.code == "isolation"
    assert tank.ask(ClearReservoir(reservoir="tank", what=Inhibit.FILLING)).refused is None
    by_hand(tank, MAIN)
    assert tank.on(MAIN)


def test_a_valve_whose_own_contact_goes_on_to_show_water_passes(tank: Tank) -> None:
    declared = tank.farm.binding[FILL_VALVE].declaration
    assert declared is not None
    contact = str(declared.proved_by)
    tank.show(VOLUME, 75.0)
    tank.advance(900)
    assert len(ends(tank)) == 1
    tank.report(contact, 1.0)
    tank.advance(60)
    tank.report(contact, 1.0)
    assert tank.why_no_fill == "fill_passes"
    assert [e.severity for e in tank.events if e.kind == "fill_inhibited"] == ["p1"]


def test_what_comes_after_a_fill_was_closed_is_counted_and_told(tank: Tank) -> None:
    tank.show(VOLUME, 75.0)
    tank.advance(650)
    (end,) = ends(tank)
    before = tank.tank.filled_today_l
    tank.values[VOLUME] += 2.0
    tank.advance(200)
    assert tank.tank.overshoot_l == pytest.approx(2.0)
    assert tank.tank.filled_today_l == pytest.approx(before + 2.0)
    assert tank.tank.fills[-1][1] == pytest.approx(end["delivered_l"] + 2.0, abs=0.1)
    tank.advance(400)
    (told,) = [e.params for e in tank.events if e.kind == "fill_overshot"]
    assert told == {"fill": end["fill"], "litres": 2.0}
    assert tank.why_no_fill == "fill_idle", "two litres are no valve that passes"


def test_what_overshoots_survives_a_clock_that_is_set(tank: Tank) -> None:
    tank.show(VOLUME, 75.0)
    tank.advance(650)
    (end,) = ends(tank)
    tank.clock.farm -= HOUR
    tank.runtime.tick()
    tank.values[VOLUME] += 2.0
    tank.advance(150)
    assert tank.tank.fills[-1][1] == pytest.approx(end["delivered_l"] + 2.0, abs=0.1)


def test_dilution_goes_by_the_ec_of_the_fresh_water() -> None:
    for source, litres in ((None, 8.0), (0.6, 12.8)):
        tank = Tank(tank_farm(source_ec=source))
        tank.values |= {VOLUME: 100.0, EC: 1.92}
        tank.ready()
        tank.advance(600)
        started = next(e.params for e in tank.events if e.kind == "fill_started")
        assert started["why"] == "dilute"
        assert started["planned_l"] == pytest.approx(litres, abs=0.1)


def test_water_that_is_as_strong_as_the_target_dilutes_nothing() -> None:
    tank = Tank(tank_farm(source_ec=1.7))
    tank.values |= {VOLUME: 100.0, EC: 1.92}
    tank.ready()
    tank.advance(HOUR)
    assert not [e for e in tank.events if e.kind == "fill_started"]


def test_a_dose_waits_for_a_fill_and_its_mixing(tank: Tank) -> None:
    filling(tank)
    tank.values[EC] = 1.2
    tank.advance(60)
    assert tank.why == "dose_fill"
    tank.advance(600)
    assert not tank.on(FILL_VALVE)
    assert not tank.given.get(A)
    assert tank.why == "dose_mixing"
    tank.advance(MIX_S + 600)
    assert tank.given[A] > 0


def test_a_fill_waits_for_a_dose(tank: Tank) -> None:
    tank.show(EC, 1.2)
    assert tank.on(A)
    tank.show(VOLUME, 75.0)
    assert not tank.on(FILL_VALVE)
    assert tank.why_no_fill == "fill_dosing"
    tank.advance(200)
    tank.advance(200)
    assert not tank.on(A)
    assert tank.on(FILL_VALVE)


def test_a_dosing_pump_switched_on_by_hand_ends_the_fill_at_once(tank: Tank) -> None:
    filling(tank)
    tank.state[A] = 1.0
    tank.runtime.feed(Report(A, 1.0, None, tank.clock.farm, Cause.PERSON))
    tank.settle()
    assert not tank.on(FILL_VALVE)
    tank.advance(1)
    assert ends(tank)[-1]["end"] == "stopped"


def test_water_on_the_tables_has_room_when_it_runs_back() -> None:
    tank = Tank()
    tank.values[VOLUME] = 90.0
    tank.ready(recipe=bench_recipe())
    assert tank.ask(RunShot(circuit="circuit", duration_s=120)).refused is None
    tank.show(VOLUME, 75.0)
    assert not tank.on(FILL_VALVE)
    assert tank.why_no_fill == "fill_water_out"
    tank.advance(300)
    assert not tank.on(FILL_VALVE)
    tank.advance(600 + tank.farm.circuit["circuit"].drain_s)
    assert tank.on(FILL_VALVE)


def test_a_shot_ends_the_fill() -> None:
    tank = Tank()
    tank.values[VOLUME] = 90.0
    filling(tank.ready(recipe=bench_recipe()))
    assert tank.ask(RunShot(circuit="circuit", duration_s=120)).refused is None
    assert not tank.on(FILL_VALVE)
    assert ends(tank)[-1]["end"] == "water_out"


def test_a_fill_over_a_crash_counts_in_full(tank: Tank) -> None:
    filling(tank)
    tank.restart(down_s=5)
    assert not tank.on(FILL_VALVE)
    (end,) = ends(tank)
    assert (end["end"], end["delivered_l"]) == ("crash", 60.0)
    assert sum(litres for _, litres in tank.tank.fills) == 60.0


def test_an_ec_that_is_too_high_is_diluted_as_far_as_there_is_room(tank: Tank) -> None:
    tank.show(VOLUME, 110.0)
    tank.show(EC, 2.1)
    tank.advance(HOUR)
    assert any(e.params.get("why") == "dilute" for e in tank.events if e.kind == "fill_started")
    tank.advance(8 * HOUR)
    assert tank.values[EC] < 2.0
    assert tank.values[VOLUME] <= 140.0 + 20.0  # what flows between two reports of the volume


def test_a_valve_opened_by_hand_is_closed_by_the_float(tank: Tank) -> None:
    def by_hand() -> None:
        tank.state[FILL_VALVE] = 1.0
        tank.runtime.feed(Report(FILL_VALVE, 1.0, None, tank.clock.farm, Cause.PERSON))
        tank.settle()

    by_hand()
    assert tank.on(FILL_VALVE)
    tank.show(FLOAT, 1.0)
    assert not tank.on(FILL_VALVE)


def test_a_person_fills_through_the_same_limits(tank: Tank) -> None:
    answer = tank.ask(RunFill(reservoir="tank", litres=10.0))
    assert (answer.refused, answer.data["litres"]) == (None, 10.0)
    assert tank.ask(RunFill(reservoir="tank")).refused == "fill_not_ready"
    tank.advance(1200)
    assert ends(tank)[-1]["end"] == "done"
    assert tank.ask(RunFill(reservoir="tank", litres=100.0)).refused == "fill_out_of_range"
    tank.show(FLOAT, 1.0)
    refused = tank.ask(RunFill(reservoir="tank"))
    assert (refused.refused, refused.params["why"]) == ("fill_not_ready", "The high float is up.")
    assert tank.ask(RunFill(reservoir="lake")).refused == "reservoir_unknown"


def test_a_clock_set_back_in_a_fill_does_not_lengthen_it(tank: Tank) -> None:
    filling(tank)
    tank.clock.farm -= HOUR
    tank.on_at[FILL_VALVE] = tank.clock.farm
    tank.runtime.tick()
    tank.settle()
    tank.empty.add(FILL_VALVE)
    tank.advance(400)
    assert ends(tank)[-1]["end"] == "no_rise"


def test_a_clock_set_forward_neither_shortens_nor_lengthens_it(tank: Tank) -> None:
    filling(tank)
    tank.clock.farm += DAY
    tank.on_at[FILL_VALVE] = tank.clock.farm
    tank.runtime.tick()
    tank.settle()
    assert tank.on(FILL_VALVE)
    tank.advance(1200)
    assert not tank.on(FILL_VALVE)
    assert ends(tank)[-1]["end"] == "done"


def test_a_reservoir_that_loses_its_automatic_fill_closes_its_valve(tank: Tank) -> None:
    filling(tank)
    tank.farm = tank_farm(fill=None)
    tank.runtime.replace_farm(tank.farm)
    tank.settle()
    assert not tank.on(FILL_VALVE)
    assert ends(tank)[-1]["end"] == "stopped"


def test_the_tank_shows_its_fill(tank: Tank) -> None:
    filling(tank)
    seen: Any = tank.runtime.snapshots["tank"]
    assert seen.fill is not None
    tank.advance(HOUR)
    seen = tank.runtime.snapshots["tank"]
    assert (seen.fill, seen.filled_today_l > 30) == (None, True)


# -- what history is told -------------------------------------------------------------------------


def metered(role: Role = Role.FLOW) -> Tank:
    """A fill line with a meter; 0.1 L/s are 6 L/min."""
    meter = sensor("tank", role)
    declared: dict[str, Any] = {"proof": Proof.FEEDBACK, "max_on_s": 1800.0}
    if role is Role.FLOW:
        declared["proved_by"] = meter.id
    farm = tank_farm(extra=(meter,))
    if role is Role.FLOW:
        valve = actuator("tank", Role.FILL_VALVE, **declared)
        others = tuple(b for b in farm.bindings if b.id != FILL_VALVE)
        farm = replace(farm, bindings=(*others, valve))
    tank = Tank(farm, values={VOLUME: 90.0, meter.id: 0.0})
    return tank.ready()


def test_a_meter_in_the_fill_line_ends_a_fill_at_its_litres() -> None:
    """The volume is told every 200 s, in which 20 L come: the meter knows it sooner."""
    tank = metered()
    tank.show(VOLUME, 75.0)
    tank.report("tank.flow", 6.0)
    assert tank.on(FILL_VALVE)
    while tank.on(FILL_VALVE):
        tank.advance(20)
    tank.report("tank.flow", 0.0)
    tank.advance(20)
    (end,) = ends(tank)
    assert end["end"] == "done"
    assert (end["metered"], end["source"]) == (True, "meter")
    assert end["delivered_l"] == pytest.approx(60.0, abs=0.5)
    assert tank.values[VOLUME] == pytest.approx(75.0 + end["delivered_l"], abs=0.5)


def test_a_fill_that_its_meter_ends_is_no_valve_that_passes() -> None:
    """The volume is told late: it still climbs to where the meter says that it is."""
    tank = metered()
    tank.show(VOLUME, 75.0)
    tank.report("tank.flow", 6.0)
    while tank.on(FILL_VALVE):
        tank.advance(20, sensors=tank.tank.fill is not None and tank.tank.fill.rose_l < 35.0)
    tank.report("tank.flow", 0.0)
    tank.advance(20, sensors=False)
    tank.advance(HOUR)
    assert len(ends(tank)) == 1
    assert tank.why_no_fill == "fill_idle"
    assert not tank.ended("fill_inhibited")


def test_a_meter_that_turns_without_water_does_not_hide_that_none_comes() -> None:
    tank = metered()
    tank.empty.add(FILL_VALVE)
    tank.show(VOLUME, 75.0)
    tank.report("tank.flow", 60.0)
    tank.advance(HOUR)
    (end,) = ends(tank)
    assert end["end"] == "no_rise"
    assert tank.why_no_fill == "fill_no_rise"


def test_a_meter_that_falls_silent_in_mid_fill_leaves_the_volume_to_measure() -> None:
    tank = metered()
    tank.show(VOLUME, 75.0)
    tank.report("tank.flow", 6.0)
    tank.advance(20)
    tank.show("tank.flow", float("nan"))
    tank.values.pop("tank.flow")
    tank.advance(HOUR)
    (end,) = ends(tank)
    assert not end["metered"]
    assert end["source"] in ("volume", "assumed")


def test_a_counter_in_the_fill_line_says_what_came() -> None:
    tank = metered(Role.WATER_TOTAL)
    tank.values["tank.water_total"] = 1000.0
    tank.advance(200)
    tank.show(VOLUME, 75.0)
    assert tank.on(FILL_VALVE)
    tank.advance(200)
    tank.report("tank.water_total", 1019.5)
    tank.advance(200)
    tank.report("tank.water_total", 1039.0)
    tank.advance(199)
    tank.report("tank.water_total", 1058.5)
    tank.advance(400)
    (end,) = ends(tank)
    assert end["source"] == "meter"
    assert end["delivered_l"] == pytest.approx(58.5)
    assert tank.tank.filled_today_l >= end["delivered_l"], "caps count cautiously"


def test_a_fill_without_a_meter_is_measured_between_two_waters_at_rest(tank: Tank) -> None:
    """A fill begins at the lowest of many readings, so that one alone makes it too big."""
    noise = (0.4, -0.3, 0.1, -0.4, 0.3, 0.0, -0.2, 0.1)
    for off in noise:
        tank.report(VOLUME, 81.0 + off)
        tank.advance(120, sensors=False)
    tank.report(VOLUME, 79.0)
    assert tank.on(FILL_VALVE)
    tank.values[VOLUME] = 81.0
    tank.advance(HOUR)
    (end,) = ends(tank)
    (told,) = tank.ended("fill_measured")
    assert (end["metered"], end["source"]) == (False, "volume")
    assert told["litres"] == pytest.approx(tank.values[VOLUME] - 81.0, abs=0.8)
    assert told["correction_l"] == pytest.approx(told["litres"] - end["delivered_l"], abs=0.01)
    assert 0.1 < told["plus_minus_l"] < 2.0
    assert told["fill"] == end["fill"]


def test_a_fill_without_a_meter_waits_until_the_last_of_a_flood_is_back(tank: Tank) -> None:
    tank.ask(RunShot(circuit="circuit", duration_s=60.0))
    tank.advance(120, sensors=False)
    while tank.tank.water_out:
        tank.advance(60)
    tank.show(VOLUME, 75.0)
    assert not tank.on(FILL_VALVE)
    assert tank.why_no_fill == "fill_water_out"
    drain_s = tank.farm.circuit["circuit"].drain_s
    tank.advance(drain_s + 60)
    assert tank.on(FILL_VALVE)


def test_a_tank_that_is_far_too_low_does_not_wait_for_a_good_measure(tank: Tank) -> None:
    tank.ask(RunShot(circuit="circuit", duration_s=60.0))
    tank.advance(120, sensors=False)
    while tank.tank.water_out:
        tank.advance(60)
    tank.show(VOLUME, 60.0)
    assert tank.on(FILL_VALVE)


def test_what_nobody_knows_of_a_fill_is_said_to_be_assumed() -> None:
    tank = metered()
    tank.show(VOLUME, 75.0)
    tank.report("tank.flow", 6.0)
    tank.advance(60)
    tank.restart(down_s=30)
    tank.advance(200)
    (end,) = ends(tank)
    assert (end["end"], end["source"], end["metered"]) == ("crash", "assumed", False)
    assert end["delivered_l"] == end["planned_l"]
    caps = tank.tank.filled_today_l
    tank.advance(400)
    (told,) = tank.ended("fill_measured")
    assert told["litres"] == pytest.approx(tank.values[VOLUME] - 75.0, abs=0.1)
    assert told["correction_l"] < -30.0
    assert told["plus_minus_l"] is None, "a single reading says nothing of its scatter"
    assert tank.tank.filled_today_l == caps, "but caps go on counting it in full"
