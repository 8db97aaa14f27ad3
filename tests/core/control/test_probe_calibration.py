"""A probe is held into known solutions: what it shows is corrected, and how it drifts is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import sensor
from tests.core.tank import EC, PH, PUMPS, A, Tank, tank_farm
from vfarm_core.control import calibrations
from vfarm_core.control.agenda import agenda
from vfarm_core.control.inputs import (
    CalibrateProbe,
    ClockSet,
    SetProbe,
    VerifyProbe,
)
from vfarm_core.control.memory import Memory, ProbeState, ProbeUse
from vfarm_core.control.rebound import forgotten
from vfarm_core.farm.calibration import UNCORRECTED, KnownPoint
from vfarm_core.farm.codec import decode, encode
from vfarm_core.farm.roles import Role

DAY = 86_400.0
HOUR = 3600.0


@pytest.fixture
def tank() -> Tank:
    return Tank().ready()


def calibrate(tank: Tank, point: str, *pairs: tuple[float, float]) -> Any:
    points = tuple(KnownPoint(standard, shown) for standard, shown in pairs)
    return tank.ask(CalibrateProbe(point=point, points=points, by="Ann"))


def probe(tank: Tank, point: str) -> ProbeState:
    return tank.tank.probes[point]


def read(tank: Tank, point: str) -> float | None:
    return tank.runtime.memory.points[point].value


def told(tank: Tank) -> dict[str, Any]:
    return dict([e for e in tank.events if e.kind == "probe_calibrated"][-1].params)


def test_what_a_probe_shows_is_corrected_from_the_next_report_on(tank: Tank) -> None:
    assert calibrate(tank, PH, (7.0, 7.2), (4.0, 4.2)).refused is None
    tank.report(PH, 6.2)
    assert read(tank, PH) == pytest.approx(6.0)
    assert calibrate(tank, EC, (1.413, 1.57)).refused is None
    tank.report(EC, 1.57)
    assert read(tank, EC) == pytest.approx(1.413)


def test_cold_buffers_are_taken_by_their_labels(tank: Tank) -> None:
    points = (KnownPoint(7.0, 7.14), KnownPoint(10.01, 10.22))
    answer = tank.ask(CalibrateProbe(point=PH, points=points, temperature=15.0))
    # At 15 °C they have 7.04 and 10.12: the probe shows 0.1 too much of both.
    assert answer.data["slope_pct"] == 100.0
    assert answer.data["offset"] == 0.1
    assert told(tank)["standards"] == [7.04, 10.12]


def test_others_are_left_as_they_are(tank: Tank) -> None:
    calibrate(tank, PH, (7.0, 7.2))
    tank.report(EC, 2.0)
    assert read(tank, EC) == 2.0


def test_a_calibrated_probe_is_checked_and_in_the_tank_again(tank: Tank) -> None:
    tank.ask(SetProbe(point=PH, use=ProbeUse.CALIBRATING))
    tank.advance(HOUR)
    answer = calibrate(tank, PH, (7.0, 7.1), (4.0, 4.1))
    days = tank.farm.reservoir["tank"].probe_days
    assert answer.data["expires_at"] == tank.clock.farm + days * DAY
    assert probe(tank, PH).use is ProbeUse.IN_USE
    assert probe(tank, PH).verified_at == tank.clock.farm


def test_the_record_has_what_was_before_and_after_and_by_whom(tank: Tank) -> None:
    calibrate(tank, PH, (7.0, 7.2))
    assert (told(tank)["was"], told(tank)["correction"]) == ("", "7.2 → 7")
    calibrate(tank, PH, (7.0, 7.1), (4.0, 4.4))
    found = told(tank)
    assert (found["was"], found["correction"]) == ("7.2 → 7", "4.4 → 4, 7.1 → 7")
    assert (found["standards"], found["shown"]) == ([7.0, 4.0], [7.1, 4.4])
    assert (found["slope_pct"], found["offset"], found["by"]) == (90.0, 0.1, "Ann")
    # By the shift of before, 4.4 was read as 4.2.
    assert found["drift"] == 0.2


def test_how_a_probe_drifts_is_remembered_for_its_last_calibrations(tank: Tank) -> None:
    for day in range(15):
        answer = calibrate(tank, PH, (7.0, 7.0 + day / 100))
        tank.advance(DAY)
    assert answer.data["drifts"] == [0.01] * 12
    kept = probe(tank, PH).calibrations
    assert len(kept) == 12
    assert [c.offset for c in kept] == pytest.approx([d / 100 for d in range(3, 15)])
    assert [c.drift for c in kept] == pytest.approx([0.01] * 12)
    assert kept[1].at - kept[0].at == pytest.approx(DAY)


def test_a_check_keeps_the_correction(tank: Tank) -> None:
    calibrate(tank, PH, (7.0, 7.2))
    made = probe(tank, PH)
    tank.ask(SetProbe(point=PH, use=ProbeUse.OUT))
    tank.advance(HOUR)
    tank.ask(VerifyProbe(point=PH))
    assert probe(tank, PH) == replace(made, verified_at=tank.clock.farm)


@pytest.mark.parametrize(
    "back",
    [SetProbe(point=PH, use=ProbeUse.IN_USE), VerifyProbe(point=PH)],
    ids=["set", "verified"],
)
def test_a_probe_that_was_calibrated_at_itself_is_not_corrected_twice(
    tank: Tank, back: SetProbe | VerifyProbe
) -> None:
    calibrate(tank, PH, (7.0, 7.2))
    tank.ask(SetProbe(point=PH, use=ProbeUse.CALIBRATING))
    tank.advance(HOUR)
    assert probe(tank, PH).correction.of(7.2) == pytest.approx(7.0)
    tank.ask(back)
    assert probe(tank, PH).correction is UNCORRECTED
    assert len(probe(tank, PH).calibrations) == 1
    kind = "probe_set" if isinstance(back, SetProbe) else "probe_verified"
    last = [e for e in tank.events if e.kind == kind][-1]
    assert last.params["uncorrected"] == "7.2 → 7"
    tank.report(PH, 6.0)
    assert read(tank, PH) == 6.0


def test_a_probe_that_was_never_corrected_loses_nothing(tank: Tank) -> None:
    tank.ask(SetProbe(point=PH, use=ProbeUse.CALIBRATING))
    tank.ask(SetProbe(point=PH, use=ProbeUse.IN_USE))
    assert "uncorrected" not in [e for e in tank.events if e.kind == "probe_set"][-1].params


def test_doses_are_judged_by_what_is_there_and_not_by_what_is_shown(tank: Tank) -> None:
    # The probe shows what the recipe wants, and a quarter of it is its own fault.
    tank.values[EC] = 1.5
    calibrate(tank, EC, (1.0, 1.25))
    tank.advance(2 * HOUR)
    assert tank.given.get(A, 0.0) > 0


@pytest.mark.parametrize(
    ("point", "pairs", "key", "params"),
    [
        (PH, (), "calibration_count", {"value": "0", "high": "3"}),
        (
            PH,
            ((7.0, float("inf")),),
            "calibration_range",
            {"value": "inf", "high": "14", "unit": "pH"},
        ),
        (PH, ((7.0, 7.0), (6.86, 6.86)), "calibration_apart", {"value": "0.14", "low": "2"}),
        (PH, ((4.0, 6.9), (7.0, 7.0)), "calibration_slope", {"value": "3.33", "high": "105"}),
        (PH, ((7.0, 7.9),), "calibration_offset", {"value": "0.9", "high": "0.5"}),
        (EC, ((12.88, 1.29),), "calibration_slope", {"value": "10", "low": "70"}),
        (A, ((7.0, 7.0),), "probe_unknown", {"point": A}),
        ("nothing", ((7.0, 7.0),), "probe_unknown", {"point": "nothing"}),
    ],
)
def test_a_calibration_that_makes_no_sense_changes_nothing(
    tank: Tank,
    point: str,
    pairs: tuple[tuple[float, float], ...],
    key: str,
    params: dict[str, Any],
) -> None:
    before = tank.tank
    answer = calibrate(tank, point, *pairs)
    assert answer.refused == key
    assert answer.params.items() >= params.items()
    assert tank.tank is before


def test_another_probe_begins_without_correction(tank: Tank) -> None:
    calibrate(tank, PH, (7.0, 7.2))
    bindings = tuple(
        replace(b, entity="sensor.new_ph") if b.id == PH else b for b in tank.farm.bindings
    )
    tank.runtime.replace_farm(replace(tank.farm, bindings=bindings))
    assert PH not in tank.tank.probes


@pytest.mark.parametrize("change", [{"scale": 2.0}, {"offset": 0.1}, {"unit": "pH"}])
def test_a_probe_that_is_read_otherwise_has_to_be_checked_again(
    tank: Tank, change: dict[str, Any]
) -> None:
    calibrate(tank, PH, (7.0, 7.2))
    bindings = tuple(replace(b, **change) if b.id == PH else b for b in tank.farm.bindings)
    tank.runtime.replace_farm(replace(tank.farm, bindings=bindings))
    assert PH not in tank.tank.probes
    assert EC in tank.tank.probes


def test_a_probe_that_does_not_compensate_is_corrected_as_it_is_and_then_at_25_degrees() -> None:
    farm = tank_farm(extra=[sensor("tank", Role.SOLUTION_TEMPERATURE)])
    raw = tuple(replace(b, compensated=False) if b.id == EC else b for b in farm.bindings)
    tank = Tank(farm=replace(farm, bindings=raw))
    tank.report("tank.solution_temperature", 20.0)
    # Potassium chloride of 1.413 mS/cm has 1.278 at 20 °C.
    calibrate(tank, EC, (1.278, 1.42))
    tank.report(EC, 1.42)
    assert read(tank, EC) == pytest.approx(1.278 / 0.9)


def test_memory_from_before_there_was_calibration_is_read() -> None:
    old = decode(ProbeState, {"use": "in_use", "verified_at": 5.0})
    assert old.correction is UNCORRECTED
    assert old.calibrations == ()


def test_a_correction_survives_a_restart(tank: Tank) -> None:
    calibrate(tank, PH, (7.0, 7.2), (4.0, 4.3))
    kept = probe(tank, PH)
    assert decode(ProbeState, encode(kept)) == kept


def test_only_probes_and_what_is_not_compensated_take_the_longer_way(tank: Tank) -> None:
    refined = {key for key, known in tank.farm.points.items() if known.refined}
    assert {EC, PH} <= refined
    assert all(
        tank.farm.binding[key].role in (Role.SOLUTION_EC, Role.SOLUTION_PH) for key in refined
    )


# -- oxygen, light and temperature ----------------------------------------------------------------

OXYGEN, WARM = "tank.dissolved_oxygen", "tank.solution_temperature"
PPFD = "level_1.ppfd"
QUANTUM = sensor("level_1", Role.PPFD)
DO = sensor("tank", Role.DISSOLVED_OXYGEN)
THERMOMETER = sensor("tank", Role.SOLUTION_TEMPERATURE)


def with_more(*extra: Any) -> Tank:
    return Tank(tank_farm(extra=extra)).ready()


def test_oxygen_is_calibrated_in_moist_air_and_without_oxygen() -> None:
    tank = with_more(DO)
    points = (KnownPoint(0.0, 0.2), KnownPoint(100.0, 7.9))
    answer = tank.ask(
        CalibrateProbe(point=OXYGEN, points=points, temperature=25.0, pressure_kpa=95.0, by="Ann")
    )
    assert answer.refused is None
    there = told(tank)["standards"][1]
    assert there == pytest.approx(8.26 * 95.0 / 101.325, rel=0.005)
    tank.report(OXYGEN, 7.9)
    assert read(tank, OXYGEN) == pytest.approx(there, abs=0.001)
    tank.report(OXYGEN, 0.2)
    assert read(tank, OXYGEN) == pytest.approx(0.0, abs=0.001)
    shown: Any = tank.runtime.snapshots["tank"]
    assert shown.oxygen.value == 0.0


def test_without_the_air_pressure_saturated_water_says_nothing() -> None:
    tank = with_more(DO)
    points = (KnownPoint(100.0, 7.9),)
    answer = tank.ask(CalibrateProbe(point=OXYGEN, points=points, temperature=25.0))
    assert answer.refused == "calibration_pressure"
    assert answer.params == {"low": "507", "high": "1115"}
    assert not tank.runtime.memory.sensors


def test_a_light_sensor_is_calibrated_beside_a_reference_under_its_lamp() -> None:
    tank = with_more(QUANTUM)
    points = (KnownPoint(200.0, 230.0),)
    answer = tank.ask(CalibrateProbe(point=PPFD, points=points, note="white 4000 K", by="Ann"))
    assert answer.data["slope_pct"] == 115.0
    assert answer.data["expires_at"] == tank.clock.farm + 730 * DAY
    tank.report(PPFD, 115.0)
    assert read(tank, PPFD) == pytest.approx(100.0)
    assert (told(tank)["note"], told(tank)["correction"]) == ("white 4000 K", "0 → 0, 230 → 200")


def test_what_was_calibrated_survives_a_restart_and_another_sensor_loses_it() -> None:
    tank = with_more(QUANTUM, DO)
    calibrate(tank, PPFD, (200.0, 230.0))
    kept = tank.runtime.memory.sensors[PPFD]
    assert decode(ProbeState, encode(kept), "test") == kept
    tank.restart()
    assert tank.runtime.memory.sensors[PPFD] == kept
    other = replace(QUANTUM, entity="another")
    tank.farm = tank_farm(extra=(other, DO))
    tank.runtime.replace_farm(tank.farm)
    tank.settle()
    assert PPFD not in tank.runtime.memory.sensors
    calibrate(tank, PPFD, (200.0, 230.0))
    tank.farm = tank_farm(extra=(DO,))
    tank.runtime.replace_farm(tank.farm)
    tank.settle()
    assert not tank.runtime.memory.sensors


@pytest.mark.parametrize("days", [None, 90.0])
def test_a_light_sensor_is_to_be_checked_when_its_time_is_over(days: float | None) -> None:
    tank = with_more(replace(QUANTUM, check_days=days))
    assert not due(tank, PPFD)
    calibrate(tank, PPFD, (200.0, 230.0))
    at = tank.clock.farm + (days or 730.0) * DAY
    assert due(tank, PPFD) == [at]
    tank.ask(SetProbe(point=PPFD, use=ProbeUse.OUT))
    assert not due(tank, PPFD)
    tank.advance(DAY)
    tank.ask(VerifyProbe(point=PPFD))
    assert due(tank, PPFD) == [tank.clock.farm + (days or 730.0) * DAY]


def due(tank: Tank, point: str) -> list[float]:
    found = agenda(tank.farm, tank.runtime.memory, tank.clock.now())
    return [o.at for o in found.occasions if o.what == point]


def test_a_meter_that_does_not_know_the_temperature_is_worked_out_with_it() -> None:
    raw = (replace(DO, compensated=False), THERMOMETER)
    tank = with_more(*raw)
    tank.report(WARM, 30.0)
    tank.report(OXYGEN, 9.092)
    assert read(tank, OXYGEN) == pytest.approx(7.56, abs=0.01)
    # Water that hot has no table: nothing stands in for it.
    tank.report(WARM, 45.0)
    tank.advance(HOUR)
    tank.report(WARM, 45.0)
    tank.report(OXYGEN, 9.0)
    assert read(tank, OXYGEN) is None


def test_everything_that_is_calibrated_is_told_with_its_drift() -> None:
    tank = with_more(QUANTUM, DO)
    calibrate(tank, PPFD, (200.0, 230.0))
    tank.advance(DAY)
    calibrate(tank, PPFD, (200.0, 220.0))
    found = {
        c.point: c for c in calibrations.probes(tank.farm, tank.runtime.memory, tank.clock.now())
    }
    assert list(found) == [EC, PH, PPFD, OXYGEN]
    light = found[PPFD]
    assert [c.drift for c in light.calibrations] == pytest.approx([30.0, 220 * 200 / 230 - 200])
    assert (light.correction, light.due_at) == ("0 → 0, 220 → 200", tank.clock.farm + 730 * DAY)
    assert (found[OXYGEN].verified_at, found[OXYGEN].due_at) == (None, None)
    assert found[EC].due_at == pytest.approx(found[EC].verified_at + 30 * DAY)
    pumps = {p.point: p for p in calibrations.pumps(tank.farm, tank.runtime.memory)}
    assert pumps[A].ml_per_s == pytest.approx(2.0)
    assert pumps[A].due_at == pytest.approx(pumps[A].calibrated_at + 180 * DAY)
    nobody = calibrations.pumps(tank.farm, Memory())
    assert {(p.ml_per_s, p.due_at) for p in nobody} == {(None, None)}


def test_a_clock_that_is_set_moves_no_calibration() -> None:
    tank = with_more(QUANTUM)
    calibrate(tank, PPFD, (200.0, 230.0))
    before = tank.runtime.memory.sensors[PPFD]
    assert before.verified_at is not None
    tank.runtime.feed(ClockSet(by_s=HOUR))
    after = tank.runtime.memory.sensors[PPFD]
    assert after.verified_at == before.verified_at + HOUR
    assert after.calibrations[0].at == before.calibrations[0].at + HOUR


def test_a_farm_that_moves_to_another_sensor_leaves_its_calibration_behind() -> None:
    tank = with_more(QUANTUM)
    calibrate(tank, PPFD, (200.0, 230.0))
    (gone,) = forgotten(tank.runtime.memory, [PPFD], 1.0)
    assert (gone.key, gone.data) == (f"sensor:{PPFD}", None)
    assert not list(forgotten(tank.runtime.memory, ["another"], 1.0))


def dues(tank: Tank) -> list[str]:
    return [str(e.params["point"]) for e in tank.events if e.kind == "check_due"]


def test_a_check_that_has_run_out_is_told_once() -> None:
    tank = with_more(replace(QUANTUM, check_days=2.0))
    calibrate(tank, PPFD, (200.0, 230.0))
    tank.advance(DAY, sensors=False)
    assert dues(tank) == []
    tank.advance(2 * DAY, sensors=False)
    assert dues(tank) == [PPFD]
    tank.restart()
    assert dues(tank) == [PPFD]
    calibrate(tank, PPFD, (200.0, 230.0))
    tank.advance(3 * DAY, sensors=False)
    assert dues(tank) == [PPFD, PPFD]


def test_a_check_that_runs_out_while_nothing_runs_is_told_after_the_start() -> None:
    tank = with_more(replace(QUANTUM, check_days=2.0))
    calibrate(tank, PPFD, (200.0, 230.0))
    tank.restart(down_s=2.5 * DAY)
    assert dues(tank) == [PPFD]
    tank.restart(down_s=3 * DAY)
    assert dues(tank) == [PPFD], "it is on the list of tasks; nobody is told at every start"


def test_what_is_calibrated_again_or_gone_is_not_due() -> None:
    tank = with_more(replace(QUANTUM, check_days=2.0))
    calibrate(tank, PPFD, (200.0, 230.0))
    tank.advance(DAY, sensors=False)
    calibrate(tank, PPFD, (200.0, 230.0))
    tank.advance(1.5 * DAY, sensors=False)
    assert dues(tank) == []
    tank.farm = tank_farm()
    tank.runtime.replace_farm(tank.farm)
    tank.settle()
    tank.advance(3 * DAY, sensors=False)
    assert dues(tank) == []


def test_a_dosing_pump_and_a_probe_are_due_as_their_tank_says() -> None:
    tank = Tank(tank_farm(probe_days=2.0, pump_days=3.0)).ready()
    tank.advance(2.5 * DAY, sensors=False)
    assert sorted(dues(tank)) == sorted([EC, PH])
    tank.advance(DAY, sensors=False)
    assert sorted(dues(tank)) == sorted([EC, PH, *(p for p in PUMPS if p in tank.farm.binding)])
