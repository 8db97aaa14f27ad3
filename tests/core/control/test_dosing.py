"""Dosing: small, mixed, judged doses; nothing on a bad probe; caps that nothing resets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import actuator
from tests.core.tank import (
    DOWN,
    EC,
    FILL_VALVE,
    MIX_S,
    MIXER,
    NUTRIENT,
    PH,
    PUMPS,
    UP,
    VOLUME,
    A,
    B,
    Tank,
    tank_farm,
    tank_recipe,
)
from vfarm_core.control.inputs import (
    Arm,
    CalibratePump,
    ChangeRecipe,
    ClearReservoir,
    EmergencyStop,
    Inhibit,
    PumpRun,
    ReleaseStop,
    Report,
    RunDose,
    SetMode,
    SetProbe,
    SolutionChanged,
    VerifyProbe,
)
from vfarm_core.control.memory import ProbeUse
from vfarm_core.farm.bindings import Proof
from vfarm_core.farm.overrides import Mode
from vfarm_core.farm.roles import Loop, Role

HOUR, DAY = 3600.0, 86400.0


def with_pump(point: str, **changes: Any) -> Any:
    """The tank's farm with the limits of one pump changed."""
    farm = tank_farm()
    found = []
    for b in farm.bindings:
        if b.id == point and b.declaration is not None and b.declaration.dosing is not None:
            dosing = replace(b.declaration.dosing, **changes)
            b = replace(b, declaration=replace(b.declaration, dosing=dosing))
        found.append(b)
    return replace(farm, bindings=tuple(found))


@pytest.fixture
def tank() -> Tank:
    return Tank().ready()


def hungry(tank: Tank, ec: float = 1.2) -> Tank:
    """EC falls; the first dose starts."""
    tank.show(EC, ec)
    return tank


def dosing(tank: Tank) -> Tank:
    """In the middle of the first dose."""
    hungry(tank)
    assert tank.on(A)
    tank.advance(4)
    assert tank.on(A)
    return tank


# -- proof --------------------------------------------------------------------------------------


def test_a_contact_that_tells_changes_only_proves_an_off_of_what_is_off(tank: Tank) -> None:
    tank.disobeys.add(A)
    tank.report(A, None)
    assert tank.commands(A)[-1] == 0.0, "what is not known is told to be off"
    tank.report(A, 0.0)
    tank.advance(60, sensors=False)
    assert tank.runtime.memory.actuators[A].proof == "proved"
    assert "not_proved" not in tank.kinds()


def test_a_contact_that_spoke_before_its_pump_was_there_proves_that_it_is_off() -> None:
    tank = Tank(state={A: None}, disobeys={A})
    tank.advance(15, sensors=False)
    assert set(tank.commands(A)) == {0.0}, "what is not known is told to be off"
    assert tank.runtime.memory.actuators[A].pending is not None
    tank.report(A, 0.0)
    tank.advance(60, sensors=False)
    assert tank.runtime.memory.actuators[A].proof == "proved"
    assert "not_proved" not in tank.kinds()


def test_a_contact_that_said_so_before_the_pump_was_switched_proves_nothing(tank: Tank) -> None:
    shown = tank.farm.binding[A].declaration.proved_by  # type: ignore[union-attr]
    tank.report(str(shown), 1.0)
    tank.advance(30, sensors=False)
    tank.disobeys.add(A)
    hungry(tank)
    assert tank.commands(A)[-1] == 1.0
    tank.report(A, 1.0)
    # Neither the first command nor the ones that repeat it.
    for _ in range(60):
        tank.advance(1, sensors=False)
        assert tank.runtime.memory.actuators[A].proof != "proved"
    assert "not_proved" in tank.kinds()


# -- EC -----------------------------------------------------------------------------------------


def test_in_band_nothing_is_dosed(tank: Tank) -> None:
    tank.advance(6 * HOUR)
    assert not tank.given
    assert tank.why == "dose_in_band"


def test_a_dose_is_a_part_of_the_gap(tank: Tank) -> None:
    hungry(tank)
    tank.advance(120)
    # 0.4 mS/cm in 150 L, 40 % of it, shared by two stocks of 0.5 mS/cm each: 24 mL.
    assert tank.given == {A: pytest.approx(24.0)}
    (ended,) = tank.ended()
    assert ended["end"] == "done"
    assert ended["planned_ml"] == ended["delivered_ml"] == pytest.approx(24.0)


def test_parts_follow_one_another_with_a_pause_to_mix(tank: Tank) -> None:
    hungry(tank)
    tank.advance(60)
    assert B not in tank.given
    assert tank.why == "dose_mixing"
    tank.advance(MIX_S - 120)
    assert B not in tank.given
    tank.advance(240)
    assert tank.given == {A: pytest.approx(24.0), B: pytest.approx(24.0)}


def test_ec_comes_to_its_band_and_is_never_passed(tank: Tank) -> None:
    hungry(tank)
    highest = 0.0
    for _ in range(40):
        tank.advance(1800)
        highest = max(highest, tank.values[EC])
    assert 1.5 < tank.values[EC] <= highest <= 1.62
    assert tank.given[A] == pytest.approx(tank.given[B])
    assert {end["end"] for end in tank.ended()} == {"done"}


def test_a_dose_is_on_disk_before_its_pump_is_asked_for(tank: Tank) -> None:
    tank.journal.waits = True
    hungry(tank)
    assert not tank.on(A)
    tank.journal.write_waiting()
    assert tank.on(A)
    assert tank.journal.of("dose_started")


def test_the_stock_is_learned(tank: Tank) -> None:
    tank.effects[A] = tank.effects[B] = 0.8
    hungry(tank)
    tank.advance(8 * HOUR)
    learned = tank.tank.dosers[A].effect
    assert learned is not None
    assert 0.5 < learned <= 0.85


def test_what_is_learned_stays_near_what_was_declared(tank: Tank) -> None:
    tank.effects[A] = tank.effects[B] = 50.0
    for _ in range(20):
        tank.show(EC, 1.2)
        tank.advance(2 * HOUR)
    learned = tank.tank.dosers[A].effect
    assert learned is not None
    assert learned <= 4 * 0.5


def test_a_stock_that_nobody_knows_begins_with_small_doses() -> None:
    farm = with_pump(A, effect_per_ml_l=None)
    farm = replace(
        farm,
        bindings=tuple(
            replace(
                b,
                declaration=replace(b.declaration, dosing=replace(NUTRIENT, effect_per_ml_l=None)),
            )
            if b.id == B and b.declaration is not None
            else b
            for b in farm.bindings
        ),
    )
    tank = Tank(farm).ready()
    hungry(tank, 1.0)
    tank.advance(60)
    assert tank.given == {A: pytest.approx(15.0)}  # 0.1 mL/L
    tank.advance(2 * HOUR)
    known = tank.tank.dosers[A].effect
    assert known == pytest.approx(0.5, rel=0.1)


def test_after_doses_without_effect_a_person_has_to_look(tank: Tank) -> None:
    tank.empty |= {A, B}
    tank.show(EC, 1.2)
    tank.advance(DAY)
    assert tank.why == "dose_ineffective"
    assert [e.severity for e in tank.events if e.kind == "dosing_inhibited"] == ["p2"]
    given = dict(tank.given)
    tank.advance(DAY)
    assert tank.given == given
    tank.restart()
    tank.advance(2 * HOUR)
    assert tank.why == "dose_ineffective"
    tank.empty.clear()
    assert tank.ask(ClearReservoir(reservoir="tank", what=Inhibit.DOSING)).refused is None
    tank.advance(HOUR)
    assert tank.given != given


def test_a_probe_in_the_air_of_a_new_filling_does_not_feed_it_for_ever(tank: Tank) -> None:
    tank.ask(SolutionChanged(reservoir="tank"))
    tank.show(EC, 0.05)
    for _ in range(48):
        tank.values[EC] = 0.05
        tank.advance(1800)
        tank.values[EC] = 0.05
    assert tank.why in ("dose_low_ec", "dose_ineffective")
    assert tank.given[A] * 0.5 * 2 / 150 < 1.0


# -- pH -----------------------------------------------------------------------------------------


def test_ph_is_corrected_once_ec_is_right(tank: Tank) -> None:
    tank.show(EC, 1.2)
    tank.show(PH, 6.4)
    tank.advance(600)
    assert DOWN not in tank.given
    for _ in range(30):
        tank.advance(1800)
    assert 5.7 <= tank.values[PH] <= 6.0
    assert UP not in tank.given


def test_acid_and_base_are_kept_apart(tank: Tank) -> None:
    tank.show(PH, 6.4)
    tank.advance(120)
    assert tank.given[DOWN] > 0
    tank.values[PH] = 5.2
    tank.advance(12 * HOUR)
    assert tank.why == "dose_window"
    tank.restart()
    tank.advance(6 * HOUR)
    assert UP not in tank.given
    tank.values[PH] = 5.2
    tank.advance(8 * HOUR)
    assert tank.given[UP] > 0


def test_a_person_may_end_the_window(tank: Tank) -> None:
    tank.show(PH, 6.4)
    tank.advance(120)
    tank.values[PH] = 5.2
    tank.advance(2 * HOUR)
    assert UP not in tank.given
    assert tank.ask(ClearReservoir(reservoir="tank", what=Inhibit.PH_WINDOW)).refused is None
    tank.advance(60)
    assert tank.given[UP] > 0


def test_no_acid_into_plain_water() -> None:
    tank = Tank().ready(recipe=tank_recipe(ec=0.15))
    tank.values |= {EC: 0.1, PH: 7.2}
    tank.advance(4 * HOUR)
    assert DOWN not in tank.given
    assert tank.why == "dose_plain_water"


def test_without_a_pump_a_low_ph_is_only_shown() -> None:
    farm = tank_farm()
    tank = Tank(replace(farm, bindings=tuple(b for b in farm.bindings if b.id != UP))).ready()
    tank.show(PH, 5.2)
    tank.advance(HOUR)
    assert tank.why == "dose_no_pump"


# -- inhibits -----------------------------------------------------------------------------------


def silent(point: str) -> Any:
    def do(tank: Tank) -> None:
        tank.values.pop(point)
        tank.advance(HOUR)

    return do


def lost(point: str) -> Any:
    def do(tank: Tank) -> None:
        tank.values.pop(point)
        tank.report(point, "unavailable")

    return do


def says(point: str, value: float) -> Any:
    return lambda tank: tank.show(point, value)


def asks(*requests: Any) -> Any:
    def do(tank: Tank) -> None:
        for request in requests:
            assert tank.ask(request).refused is None

    return do


#: A probe that falls silent is stale long after a dose has ended.
SILENT = [(silent(EC), "probe_stale"), (silent(PH), "probe_stale")]
#: What only acid and base go by.
OF_PH = [
    (says(PH, 9.9), "probe_implausible", "probe"),
    (asks(SetProbe(point=PH, use=ProbeUse.CALIBRATING)), "probe_calibrating", "probe"),
    (lost(PH), "probe_missing", "probe"),
]
INHIBITS = [
    (lost(EC), "probe_missing", "probe"),
    (says(EC, 25.0), "probe_implausible", "probe"),
    (asks(SetProbe(point=EC, use=ProbeUse.OUT)), "probe_out", "probe"),
    (
        asks(SetProbe(point=EC, use=ProbeUse.OUT), SetProbe(point=EC, use=ProbeUse.IN_USE)),
        "probe_unverified",
        "probe",
    ),
    (lost(VOLUME), "volume_unknown", "volume"),
    (says(VOLUME, 30.0), "volume_low", "volume"),
    (says("tank.leak", 1.0), "leak", "leak"),
    (lost("tank.leak"), "leak_unknown", "stopped"),
    (asks(SetMode(mode=Mode.HOLD)), "hold", "stopped"),
    (asks(SetMode(mode=Mode.MONITOR)), "monitor", "stopped"),
    (asks(EmergencyStop()), "emergency_stop", "emergency"),
]


@pytest.mark.parametrize(
    ("happens", "code"), [*SILENT, *((case[0], case[1]) for case in (*OF_PH, *INHIBITS))]
)
def test_nothing_is_dosed_on_what_is_not_known(happens: Any, code: str) -> None:
    tank = Tank(tank_farm(fill=None)).ready()
    happens(tank)
    if tank.values.get(EC, 25.0) < 20:
        tank.values[EC] = 1.2
    tank.advance(3 * HOUR)
    assert not tank.given
    assert tank.why == code


@pytest.mark.parametrize(
    ("pump", "happens", "code", "end"),
    [*((A, *case) for case in INHIBITS), *((DOWN, *case) for case in (*OF_PH, *INHIBITS))],
)
def test_what_forbids_a_dose_ends_the_one_under_way(
    tank: Tank, pump: str, happens: Any, code: str, end: str
) -> None:
    if pump == A:
        dosing(tank)
    else:
        assert tank.ask(RunDose(point=pump, ml=10.0)).refused is None
        tank.advance(4)
    assert tank.on(pump)
    happens(tank)
    tank.advance(1)
    assert not tank.on(pump)
    (ended,) = tank.ended()
    assert ended["end"] == end
    assert ended["delivered_ml"] == pytest.approx(8.0, abs=2.1)


@pytest.mark.parametrize(("happens", "code", "end"), OF_PH)
def test_a_nutrient_dose_does_not_go_by_the_ph(
    tank: Tank, happens: Any, code: str, end: str
) -> None:
    dosing(tank)
    happens(tank)
    tank.advance(30)
    assert tank.ended()[0]["end"] == "done"
    tank.advance(HOUR)
    assert tank.why == code, "but the next dose waits until all of it is known"


# -- source water -------------------------------------------------------------------------------


def test_ec_above_the_source_water_is_dosed_on_top_of_it() -> None:
    tank = Tank(tank_farm(source_ec=0.4)).ready(recipe=tank_recipe(ec=1.2, above_source=True))
    tank.advance(3 * HOUR)
    assert not tank.given, "1.6 is 1.2 above 0.4"
    shown: Any = tank.runtime.snapshots["tank"]
    assert shown.ec.target == pytest.approx(1.6)
    tank.show(EC, 1.3)
    tank.advance(HOUR)
    assert tank.given


def test_ec_that_includes_the_source_water_is_dosed_as_it_is() -> None:
    tank = Tank(tank_farm(source_ec=0.4)).ready(recipe=tank_recipe(ec=1.6))
    tank.advance(3 * HOUR)
    assert not tank.given


def test_without_the_ec_of_the_source_water_no_nutrient_is_guessed_but_ph_goes_on() -> None:
    tank = Tank().ready(recipe=tank_recipe(ec=1.2, above_source=True))
    tank.show(EC, 0.8)
    tank.show(PH, 6.4)
    tank.advance(3 * HOUR)
    assert not tank.given.keys() & {A, B}
    assert tank.given[DOWN] > 0
    tank.advance(3 * HOUR)
    assert tank.why == "dose_source_unknown"
    shown: Any = tank.runtime.snapshots["tank"]
    assert "dose_source_unknown" in shown.problems


def test_a_lead_batch_alone_says_whether_its_ec_is_above_the_source_water() -> None:
    tank = Tank(tank_farm(lead_batch="batch_1")).ready(recipe=tank_recipe(ec=1.6))
    _, answer = tank.try_batch(["level_2"], id="b2", recipe=tank_recipe(ec=1.5, above_source=True))
    assert answer.refused is None
    tank.show(EC, 1.2)
    tank.advance(HOUR)
    assert tank.given


def test_on_the_way_to_a_recipe_above_the_source_water_the_share_comes_along() -> None:
    tank = Tank(tank_farm(source_ec=0.4)).ready(recipe=tank_recipe(ec=1.6))
    other = tank_recipe(ec=1.6, above_source=True)
    answer = tank.ask(ChangeRecipe(batch="batch_1", recipe=other, ramp_s=2 * DAY))
    assert answer.refused is None, answer
    found = []
    for _ in range(5):
        shown: Any = tank.runtime.snapshots["tank"]
        found.append(shown.ec.target)
        tank.advance(DAY / 2)
    assert found == sorted(found)
    assert found[0] == pytest.approx(1.6, abs=0.05)
    assert found[2] == pytest.approx(1.8, abs=0.06)
    assert found[-1] == pytest.approx(2.0, abs=0.01)


def test_a_probe_that_falls_out_of_the_water_is_not_fed_until_a_person_has_looked(
    tank: Tank,
) -> None:
    tank.show(EC, 0.05)
    tank.advance(3 * HOUR)
    assert tank.why == "dose_low_ec"
    assert not tank.given
    assert tank.ask(ClearReservoir(reservoir="tank", what=Inhibit.DOSING)).refused is None
    tank.advance(HOUR)
    assert tank.given, "a person says that it is plain water"


def test_plain_water_of_a_new_filling_is_fed(tank: Tank) -> None:
    assert tank.ask(SolutionChanged(reservoir="tank")).refused is None
    tank.show(EC, 0.05)
    tank.advance(2 * HOUR)
    assert tank.given


def test_a_probe_nobody_has_checked_is_not_dosed_by() -> None:
    tank = Tank()
    tank.start_batch(recipe=tank_recipe())
    tank.values[EC] = 1.0
    tank.advance(3 * HOUR)
    assert tank.why == "probe_unverified"


def test_a_check_and_a_calibration_expire() -> None:
    tank = Tank(tank_farm(probe_days=2.0, pump_days=1.0)).ready()
    tank.advance(DAY)
    tank.values[EC] = 1.2
    tank.advance(HOUR)
    assert tank.why == "dose_calibration_expired"
    tank.advance(DAY)
    assert tank.why == "probe_expired"
    assert not tank.given


def test_a_pump_is_calibrated_by_all_its_runs(tank: Tank) -> None:
    tank.ask(CalibratePump(point=A, ml=120, seconds=60))
    runs = (PumpRun(ml=63, seconds=30), PumpRun(ml=192, seconds=90))
    answer = tank.ask(CalibratePump(point=A, ml=129, seconds=60, more=runs))
    rate = (129 + 63 + 192) / 180
    assert tank.tank.dosers[A].ml_per_s == pytest.approx(rate)
    assert answer.data["spread_pct"] == pytest.approx(100 * (2.15 / 2.1 - 1), abs=0.05)
    assert answer.data["drift_pct"] == pytest.approx(100 * (rate / 2 - 1), abs=0.05)
    told = [e for e in tank.events if e.kind == "pump_calibrated"][-1].params
    assert (told["was"], told["ml_per_s"], told["runs"]) == (2.0, round(rate, 4), 3)


def test_a_pump_that_was_never_calibrated_does_not_dose() -> None:
    tank = Tank()
    tank.start_batch(recipe=tank_recipe())
    for probe in (EC, PH):
        tank.ask(VerifyProbe(point=probe))
    tank.values[EC] = 1.2
    tank.advance(3 * HOUR)
    assert tank.why == "dose_uncalibrated"


def test_solution_that_stands_is_not_dosed(tank: Tank) -> None:
    dosing(tank)
    tank.disobeys.add(MIXER)
    tank.report(MIXER, 0.0)
    tank.advance(1)
    assert not tank.on(A)
    assert tank.ended()[-1]["end"] == "no_circulation"
    tank.advance(HOUR)
    assert tank.why == "dose_no_circulation"


def test_without_plants_nothing_is_dosed() -> None:
    tank = Tank()
    tank.values[EC] = 0.5
    for probe in (EC, PH):
        tank.ask(VerifyProbe(point=probe))
    tank.advance(3 * HOUR)
    assert tank.why == "dose_no_target"


def test_a_batch_that_shares_no_limits_is_refused(tank: Tank) -> None:
    _, answer = tank.try_batch(["level_2"], id="batch_2", recipe=tank_recipe(ec=3.4))
    assert answer.refused == "limits_disjoint"
    assert answer.params["quantity"] == "ec"


def test_a_lead_batch_is_followed() -> None:
    tank = Tank(tank_farm(lead_batch="batch_1")).ready()
    _, answer = tank.try_batch(["level_2"], id="batch_2", recipe=tank_recipe(ec=3.4))
    assert answer.refused is None
    tank.advance(2 * HOUR)
    assert tank.why == "dose_in_band"


def test_batches_that_drift_apart_stop_dosing(tank: Tank) -> None:
    late = tank_recipe()
    late = replace(late, phases=(late.phases[0], replace(tank_recipe(ec=3.4).phases[0], name="b")))
    from vfarm_core.control.inputs import AdvancePhase
    from vfarm_core.recipes.version import content_hash

    late = replace(late, version=content_hash(late))
    _, answer = tank.try_batch(["level_2"], id="batch_2", recipe=late)
    assert answer.refused is None
    tank.ask(AdvancePhase(batch="batch_2"))
    tank.advance(2 * HOUR)
    assert tank.why == "dose_disjoint"


# -- caps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "hours", "code"),
    [
        ({"max_dose_ml": 10.0, "max_hour_ml": 20.0, "max_day_ml": 500.0}, 1.0, "dose_cap_hour"),
        ({"max_dose_ml": 10.0, "max_hour_ml": 30.0, "max_day_ml": 30.0}, 24.0, "dose_cap_day"),
        (
            {"max_dose_ml": 10.0, "max_hour_ml": 30.0, "max_day_ml": 30.0, "max_tank_ml": 30.0},
            400.0,
            "dose_cap_tank",
        ),
    ],
)
def test_caps_hold_over_restarts(limit: dict[str, float], hours: float, code: str) -> None:
    tank = Tank(with_pump(A, **limit)).ready()
    tank.show(EC, 0.8)
    seen = set()
    given: list[tuple[float, float]] = []
    before = 0.0
    for n in range(60):
        tank.advance(900)
        now = tank.given.get(A, 0.0)
        if now > before:
            given.append((tank.clock.farm, now - before))
            before = now
        seen.add(tank.why)
        if n % 7 == 6:
            tank.restart(down_s=60)
    most = {"dose_cap_hour": "max_hour_ml", "dose_cap_day": "max_day_ml"}.get(code, "max_tank_ml")
    for at, _ in given:
        # Seen in pieces of 900 s: a little less than the span.
        within = sum(ml for t, ml in given if at - hours * HOUR + 900 < t <= at)
        assert within <= limit[most] + 0.01
    if code != "dose_cap_hour":
        assert code in seen


def test_a_dose_that_ran_on_through_a_crash_counts_from_its_end(tank: Tank) -> None:
    dosing(tank)
    tank.restart(down_s=60)
    stopped = tank.clock.farm
    (ended,) = (e for e in tank.events if e.kind == "dose_ended")
    assert ended.params["delivered_ml"] > 120
    for _ in range(12):
        tank.show(EC, 0.9)
        tank.advance(600)
    again = [e.at for e in tank.events if e.kind == "dose_started" and e.params["point"] == A][1:]
    assert again, "the cap of an hour holds for an hour only"
    assert again[0] >= stopped + HOUR


def test_a_changed_solution_begins_a_new_filling() -> None:
    limit = {"max_dose_ml": 10.0, "max_hour_ml": 10.0, "max_day_ml": 10.0, "max_tank_ml": 10.0}
    tank = Tank(with_pump(A, **limit)).ready()
    for _ in range(8):
        tank.values[EC] = 1.0
        tank.advance(HOUR)
    assert tank.why == "dose_cap_tank"
    tank.clock.farm += DAY
    tank.clock.mono += DAY
    assert tank.ask(SolutionChanged(reservoir="tank")).refused is None
    tank.advance(HOUR)
    assert tank.given[A] > 10.5


# -- pumps --------------------------------------------------------------------------------------


def test_a_pump_that_cannot_be_seen_to_run_ends_the_dose_and_dosing(tank: Tank) -> None:
    tank.disobeys.add(A)
    hungry(tank)
    tank.advance(120)
    assert tank.commands(A).count(1.0) == 1
    assert tank.ended()[-1]["end"] == "pump_failed"
    assert tank.ended()[-1]["delivered_ml"] >= 24.0
    assert tank.why in ("dose_failed", "latched")


def test_a_pump_that_cannot_be_stopped_latches_and_stops_everything(tank: Tank) -> None:
    dosing(tank)
    tank.disobeys.add(A)
    tank.advance(120)
    assert tank.runtime.memory.actuators[A].latched
    assert any(e.kind == "not_proved" and e.severity == "p1" for e in tank.events)
    tank.advance(HOUR)
    assert tank.why == "latched"
    assert B not in tank.given


def test_its_isolation_closes_when_a_pump_cannot_be_stopped() -> None:
    feed = actuator("tank", Role.FILL_VALVE)
    farm = tank_farm()
    bindings = tuple(
        replace(b, declaration=replace(b.declaration, isolation=MIXER))
        if b.id == A and b.declaration is not None
        else b
        for b in farm.bindings
    )
    assert feed.id == FILL_VALVE
    tank = dosing(Tank(replace(farm, bindings=bindings)).ready())
    assert tank.on(MIXER)
    tank.disobeys.add(A)
    tank.advance(120)
    assert not tank.on(MIXER)


def test_a_pump_switched_on_by_hand_is_counted_and_keeps_others_off(tank: Tank) -> None:
    from vfarm_core.control.inputs import Cause

    tank.empty.add(DOWN)  # into a measuring cup
    tank.state[DOWN] = 1.0
    tank.on_at[DOWN] = tank.clock.farm
    tank.runtime.feed(Report(DOWN, 1.0, None, tank.clock.farm, Cause.PERSON))
    tank.settle()
    hungry(tank)
    tank.advance(10)
    assert tank.why == "dose_by_hand"
    assert not tank.on(A)
    tank.advance(120)
    assert not tank.on(DOWN)  # its maximum on-time
    assert tank.tank.dosers[DOWN].tank_ml == pytest.approx(120, abs=10)
    assert tank.tank.acid_at is not None


def test_a_pulse_carries_its_duration_and_is_never_given_twice() -> None:
    farm = tank_farm()
    bindings = []
    for b in farm.bindings:
        if b.id in PUMPS and b.declaration is not None:
            b = replace(b, declaration=replace(b.declaration, proof=Proof.PULSE, proved_by=None))
        bindings.append(b)
    tank = Tank(replace(farm, bindings=tuple(bindings))).ready()
    hungry(tank)
    (sent,) = [c for _, c in tank.sent if c.point == A and c.value]
    assert sent.duration_s == pytest.approx(12.0)
    tank.clock.farm += 12
    tank.clock.mono += 12
    tank.flow_until_now()
    tank.on_at.pop(A)
    tank.report(A, 0.0)
    tank.advance(120)
    assert tank.commands(A).count(1.0) == 1
    assert tank.ended()[-1]["end"] == "done"
    assert tank.given[A] == pytest.approx(24.0)


# -- restarts, stops ----------------------------------------------------------------------------


def test_a_dose_over_a_crash_counts_in_full_and_is_not_caught_up(tank: Tank) -> None:
    dosing(tank)
    tank.restart(down_s=600)
    assert not tank.on(A)
    (ended,) = tank.ended()
    assert ended["end"] == "crash"
    assert ended["delivered_ml"] >= 24.0
    assert tank.tank.dosers[A].tank_ml >= 24.0
    tank.advance(60)
    assert tank.why not in ("", "dose_in_band")


def test_a_crash_before_the_pump_has_started_counts_too(tank: Tank) -> None:
    tank.disobeys.add(A)
    hungry(tank)
    tank.restart(down_s=5)
    (ended,) = tank.ended()
    assert (ended["end"], ended["delivered_ml"]) == ("crash", 24.0)


def test_lost_memory_doses_nothing_until_a_person_has_looked(tank: Tank) -> None:
    dosing(tank)
    tank.boot(None, lost=True)
    tank.advance(3 * HOUR)
    assert not tank.on(A)
    assert tank.why == "hold"


def test_a_disk_that_fails_ends_the_dose(tank: Tank) -> None:
    dosing(tank)
    tank.journal.error = "disk full"
    tank.show(VOLUME, 151.0)
    tank.advance(30)
    assert not tank.on(A)
    tank.advance(3 * HOUR)
    assert sum(tank.given.values()) < 25


def test_after_a_stop_dosing_is_armed_last(tank: Tank) -> None:
    dosing(tank)
    tank.ask(EmergencyStop())
    assert not tank.on(A)
    tank.ask(ReleaseStop())
    tank.advance(2 * HOUR)
    assert tank.why == "disarmed"
    assert tank.ask(Arm(loop=Loop.DOSING)).refused == "dosing_last"
    for loop in Loop:
        if loop is not Loop.DOSING:
            tank.ask(Arm(loop=loop))
    tank.ask(Arm(loop=Loop.DOSING))
    tank.advance(HOUR)
    assert len(tank.ended()) > 1


def test_a_clock_set_back_in_a_dose_does_not_lengthen_it(tank: Tank) -> None:
    dosing(tank)
    tank.clock.farm -= HOUR
    tank.on_at = {A: tank.clock.farm}
    tank.runtime.tick()
    tank.settle()
    tank.advance(30)
    assert not tank.on(A)
    assert tank.tank.dosers[A].tank_ml < 40


def test_another_entity_for_a_pump_ends_its_dose_and_its_calibration(tank: Tank) -> None:
    dosing(tank)
    bindings = tuple(
        replace(b, entity="switch.other") if b.id == A else b for b in tank.farm.bindings
    )
    tank.farm = replace(tank.farm, bindings=bindings)
    tank.runtime.replace_farm(tank.farm)
    tank.report(A, 0.0)
    tank.advance(2 * HOUR)
    assert tank.ended()[0]["end"] in ("pump_failed", "stopped")
    assert tank.tank.dosers[A].ml_per_s is None
    assert tank.tank.dosers[A].tank_ml >= 8


def test_a_pump_that_is_unbound_in_a_dose_ends_it(tank: Tank) -> None:
    dosing(tank)
    without = replace(tank.farm, bindings=tuple(b for b in tank.farm.bindings if b.id != A))
    tank.runtime.replace_farm(without)
    tank.farm = without
    tank.settle()
    assert tank.tank.dose is None
    assert tank.tank.dosers[A].tank_ml == pytest.approx(24.0)


def test_the_memory_of_a_tank_survives_the_journal(tank: Tank) -> None:
    from vfarm_core.control import keep

    dosing(tank)
    tank.advance(600)
    kept = keep.restore(tank.journal.slices()).reservoirs["tank"]
    now = tank.tank
    assert (kept.dosers, kept.probes, kept.trials) == (now.dosers, now.probes, now.trials)
    assert (kept.feed, kept.feed_at, kept.disturbed_at) == (now.feed, now.feed_at, now.disturbed_at)


def test_an_idle_tank_sends_and_writes_nothing(tank: Tank) -> None:

    def done() -> tuple[int, int]:
        sent = [c for _, c in tank.sent if c.point.startswith("tank.")]
        return len(sent), len([r for r in tank.journal.records if r.key == "reservoir:tank"])

    before = done()
    tank.advance(3 * HOUR)
    assert done() == before


# -- what people ask for ------------------------------------------------------------------------


def test_a_person_doses_through_the_same_caps(tank: Tank) -> None:
    assert tank.ask(RunDose(point=A, ml=20.0)).refused is None
    tank.advance(60)
    assert tank.given == {A: pytest.approx(20.0)}
    again = tank.ask(RunDose(point=A, ml=20.0))
    assert (again.refused, "mixed" in again.params["why"]) == ("dose_not_ready", True)
    assert tank.ask(RunDose(point=A, ml=61.0)).refused == "dose_out_of_range"
    assert tank.ask(RunDose(point=A, ml=float("nan"))).refused == "dose_out_of_range"
    assert tank.ask(RunDose(point="zone.heater", ml=1.0)).refused == "doser_unknown"


def test_a_person_cannot_dose_base_after_acid(tank: Tank) -> None:
    assert tank.ask(RunDose(point=DOWN, ml=1.0)).refused is None
    tank.advance(2 * HOUR)
    assert tank.ask(RunDose(point=UP, ml=1.0)).refused == "dose_not_ready"
    assert tank.ask(RunDose(point=A, ml=5.0)).refused is None
    assert tank.ask(RunDose(point=B, ml=5.0)).refused == "dose_not_ready"


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (SetProbe(point=A, use=ProbeUse.OUT), "probe_unknown"),
        (VerifyProbe(point="nothing"), "probe_unknown"),
        (CalibratePump(point=EC, ml=10, seconds=60), "doser_unknown"),
        (CalibratePump(point=A, ml=10, seconds=5), "calibration_out_of_range"),
        (CalibratePump(point=A, ml=0, seconds=60), "calibration_out_of_range"),
        (CalibratePump(point=A, ml=float("nan"), seconds=60), "calibration_out_of_range"),
        (
            CalibratePump(point=A, ml=60, seconds=60, more=(PumpRun(ml=60, seconds=5),)),
            "calibration_out_of_range",
        ),
        (
            CalibratePump(point=A, ml=60, seconds=60, more=(PumpRun(ml=67, seconds=60),)),
            "calibration_spread",
        ),
        (ClearReservoir(reservoir="tank", what=Inhibit.DOSING), "reservoir_not_inhibited"),
        (ClearReservoir(reservoir="tank", what=Inhibit.FILLING), "reservoir_not_inhibited"),
        (ClearReservoir(reservoir="tank", what=Inhibit.PH_WINDOW), "reservoir_not_inhibited"),
        (ClearReservoir(reservoir="lake", what=Inhibit.DOSING), "reservoir_unknown"),
        (SolutionChanged(reservoir="lake"), "reservoir_unknown"),
    ],
)
def test_what_makes_no_sense_is_refused(tank: Tank, request_: Any, key: str) -> None:
    assert tank.ask(request_).refused == key


def test_the_tank_shows_its_dose_and_its_day(tank: Tank) -> None:
    dosing(tank)
    seen: Any = tank.runtime.snapshots["tank"]
    assert (seen.dose_part, seen.dose_ml) == (Role.DOSING_PUMP_NUTRIENT_A, 24.0)
    tank.advance(60)
    seen = tank.runtime.snapshots["tank"]
    assert seen.dose is None
    assert seen.dosed_today_ml[Role.DOSING_PUMP_NUTRIENT_A] == pytest.approx(24.0)
    assert seen.dosing_code == "dose_mixing"
    tank.advance(DAY)
    assert tank.tank.dosers[A].today_ml < 24.0 or tank.given[A] > 24.0
