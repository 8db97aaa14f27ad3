"""Drills: what is seen when a link is cut, and that nothing is ever left on by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.support import Bench, bench_farm, film_bench
from vfarm_core.control.inputs import (
    EmergencyStop,
    FarmChanged,
    GoOnDrill,
    NoteSeen,
    RunShot,
    SawDrill,
    SetMode,
    StartDrill,
    StopDrill,
)
from vfarm_core.control.memory import DrillStage, DrillState
from vfarm_core.farm.drills import DrillTest, Loss, SeenBy, seen_key
from vfarm_core.farm.overrides import Mode

PUMP, VALVE = "pump.irrigation_pump", "circuit.irrigation_valve"
LAMP, CO2 = "level_1.grow_light", "zone.co2_valve"
ADA = "user:ada"


def off(point: str, within_s: float = 70.0) -> DrillTest:
    return DrillTest(point=point, guard="watchdog", on=False, within_s=within_s)


def on(point: str, guard: str = "watchdog", within_s: float = 70.0) -> DrillTest:
    return DrillTest(point=point, guard=guard, on=True, within_s=within_s)


def watered(seconds: float = 400.0) -> Bench:
    """A farm with a shot under way."""
    bench = Bench(bench_farm())
    assert bench.ask(RunShot(circuit="circuit", duration_s=seconds)).refused is None
    bench.advance(20)
    assert bench.on(PUMP)
    assert bench.on(VALVE)
    return bench


def begin(bench: Bench, *tests: DrillTest, loss: Loss = Loss.CONTROLLER) -> None:
    asked = StartDrill(station="node", loss=loss, tests=tests, by=ADA)
    assert bench.ask(asked).refused is None
    assert bench.ask(GoOnDrill(by=ADA)).refused is None


def drill(bench: Bench) -> DrillState:
    found = bench.runtime.memory.farm.drill
    assert found is not None
    return found


def ends(bench: Bench) -> list[object]:
    return [record["end"] for record in bench.journal.of("drill_ended")]


def test_what_goes_off_by_itself_is_timed_kept_off_and_recorded() -> None:
    bench = watered()
    begin(bench, off(PUMP), off(VALVE))
    assert drill(bench).silent
    bench.advance(61.5)
    assert bench.on(PUMP)
    sent = len(bench.sent)
    bench.report(VALVE, 0)
    bench.report("pump.flow", 0)
    bench.report(PUMP, 0)
    found = drill(bench)
    assert found.stage is DrillStage.RESTORE
    assert not found.silent
    assert {p: s.after_s for p, s in found.seen.items()} == {PUMP: 61.5, VALVE: 61.5}
    bench.advance(60)
    # Nothing was switched on again, and the shot has ended in order.
    assert [c.value for _, c in bench.sent[sent:] if c.value] == []
    assert bench.runtime.memory.circuits["circuit"].shot is None
    assert bench.ask(GoOnDrill(by=ADA)).refused is None
    assert bench.runtime.memory.farm.drill is None
    kept = bench.runtime.memory.farm.verified[seen_key(PUMP, "watchdog")]
    assert (kept.ok, kept.by, kept.seen_by, kept.loss) == (
        True,
        ADA,
        SeenBy.STATE,
        Loss.CONTROLLER,
    )
    (worked, _) = bench.journal.of("protection_worked")
    assert (worked["by"], worked["after_s"], worked["end"]) == (ADA, 61.5, "worked")
    assert ends(bench) == ["restored"]


def test_what_stays_on_has_failed_and_is_switched_off_by_vfarm() -> None:
    bench = watered()
    begin(bench, off(PUMP))
    bench.advance(71)
    assert not bench.on(PUMP)
    kept = bench.runtime.memory.farm.verified[seen_key(PUMP, "watchdog")]
    assert (kept.ok, kept.after_s) == (False, None)
    (failed,) = bench.journal.of("protection_failed")
    assert failed["severity"] == "p2"
    assert drill(bench).stage is DrillStage.RESTORE
    # Nobody says that the link is there again: the drill ends by itself.
    bench.advance(901)
    assert ends(bench) == ["too_late"]
    assert not bench.on(PUMP)


def test_an_off_of_the_controller_itself_is_no_proof() -> None:
    bench = watered(60)
    begin(bench, off(PUMP), off(VALVE))
    bench.advance(65)
    assert not bench.on(PUMP)
    assert bench.runtime.memory.farm.verified == {}
    assert ends(bench) == ["nothing_seen"]


@pytest.mark.parametrize("cut", [False, True])
def test_an_emergency_stop_ends_a_drill_with_everything_off(cut: bool) -> None:
    bench = watered()
    bench.ask(StartDrill(station="node", loss=Loss.CONTROLLER, tests=(off(PUMP), off(VALVE))))
    if cut:
        bench.ask(GoOnDrill())
    bench.ask(EmergencyStop(by=ADA))
    bench.advance(5)
    assert bench.runtime.memory.farm.drill is None
    assert ends(bench) == ["emergency_stop"]
    assert not bench.on(PUMP)
    assert not bench.on(VALVE)
    assert bench.runtime.memory.farm.verified == {}


@pytest.mark.parametrize("loss", [Loss.CONTROLLER, Loss.POWER])
def test_a_restart_in_mid_drill_ends_it_with_everything_off(loss: Loss) -> None:
    bench = watered()
    begin(bench, off(PUMP), off(VALVE), loss=loss)
    bench.restart()
    bench.advance(30)
    assert bench.runtime.memory.farm.drill is None
    assert ends(bench) == ["restart"]
    assert not bench.on(PUMP)
    assert not bench.on(VALVE)


def test_what_was_seen_outlives_a_restart() -> None:
    bench = Bench(bench_farm())
    asked = NoteSeen(point=PUMP, guard="auto_off", after_s=12.5, note="by the wall", by=ADA)
    assert bench.ask(asked).refused is None
    bench.restart()
    kept = bench.runtime.memory.farm.verified[seen_key(PUMP, "auto_off")]
    assert (kept.ok, kept.after_s, kept.note, kept.seen_by) == (
        True,
        12.5,
        "by the wall",
        SeenBy.PERSON,
    )


def test_another_device_was_never_seen() -> None:
    bench = Bench(bench_farm())
    bench.ask(NoteSeen(point=PUMP, guard="auto_off", by=ADA))
    bench.ask(NoteSeen(point=VALVE, guard="auto_off", by=ADA))
    bench.runtime.feed(FarmChanged(rebound=frozenset({PUMP})))
    assert list(bench.runtime.memory.farm.verified) == [seen_key(VALVE, "auto_off")]


def test_giving_up_ends_a_drill_and_control_goes_on() -> None:
    bench = watered()
    begin(bench, off(PUMP), off(VALVE))
    bench.advance(10)
    assert bench.ask(StopDrill(by=ADA)).refused is None
    assert ends(bench) == ["stopped"]
    assert bench.on(PUMP)
    bench.advance(600)
    assert not bench.on(PUMP)
    assert bench.ask(StopDrill(by=ADA)).refused == "drill_none"


def test_a_drill_that_nobody_begins_ends_by_itself() -> None:
    bench = watered()
    bench.ask(StartDrill(station="node", loss=Loss.NETWORK, tests=(off(PUMP),)))
    bench.advance(901)
    assert ends(bench) == ["too_late"]


def test_monitor_mode_ends_a_drill() -> None:
    bench = watered()
    begin(bench, off(PUMP), off(VALVE))
    bench.ask(SetMode(mode=Mode.MONITOR))
    bench.advance(1)
    assert ends(bench) == ["mode"]


def test_only_what_is_on_is_watched_and_only_where_its_limit_leaves_time() -> None:
    bench = watered()
    asked = StartDrill(
        station="node",
        loss=Loss.CONTROLLER,
        tests=(off(PUMP), off(LAMP), off(VALVE, within_s=1190.0)),
    )
    bench.ask(asked)
    answer = bench.ask(GoOnDrill())
    assert answer.data["watched"] == [PUMP]
    assert answer.data["left_out"] == {LAMP: "off", VALVE: "max_on"}


def test_with_everything_off_there_is_nothing_to_see() -> None:
    bench = Bench(bench_farm())
    bench.ask(StartDrill(station="node", loss=Loss.CONTROLLER, tests=(off(PUMP),)))
    assert bench.ask(GoOnDrill()).refused == "drill_nothing_on"
    assert drill(bench).stage is DrillStage.READY


def test_without_power_the_time_begins_when_it_is_back() -> None:
    bench = watered()
    begin(bench, off(PUMP), off(VALVE), loss=Loss.POWER)
    assert drill(bench).stage is DrillStage.OUT
    bench.disobeys = {PUMP, VALVE}  # Nothing is sent to what is not there.
    for point in (PUMP, VALVE):
        bench.report(point, "unavailable")
    bench.report("pump.flow", 0)
    bench.advance(20)
    assert bench.ask(GoOnDrill()).refused is None
    bench.advance(8)
    bench.report(VALVE, 0)
    bench.report(PUMP, 0)
    found = drill(bench)
    assert {p: s.after_s for p, s in found.seen.items()} == {PUMP: 8.0, VALVE: 8.0}
    bench.advance(30)
    assert not bench.on(PUMP)


def test_without_network_a_person_says_when_it_is_safe() -> None:
    bench = watered()
    begin(bench, off(PUMP), off(VALVE), loss=Loss.NETWORK)
    bench.advance(40)
    assert bench.ask(SawDrill(point=PUMP)).refused == "drill_still_on"
    bench.report(PUMP, "unavailable")
    bench.report(VALVE, "unavailable")
    bench.advance(22)
    assert bench.ask(SawDrill(point=PUMP)).refused is None
    assert bench.ask(SawDrill(point=LAMP)).refused == "drill_not_watched"
    kept = drill(bench).seen[PUMP]
    assert (kept.ok, kept.after_s, kept.seen_by) == (True, 62.0, SeenBy.PERSON)


def test_another_sensor_shows_it_although_the_network_is_gone() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * 3600)
    bench.report("zone.co2", 700.0)
    assert bench.on(CO2)
    begin(bench, off(CO2), loss=Loss.NETWORK)
    bench.report(CO2, "unavailable")
    bench.advance(50)
    assert drill(bench).stage is DrillStage.WATCH
    bench.report("zone.feedback", 0)
    kept = drill(bench).seen[CO2]
    assert (kept.ok, kept.after_s, kept.seen_by) == (True, 50.0, SeenBy.FEEDBACK)


def test_what_must_run_on_is_seen_to_run_on() -> None:
    bench = film_bench()
    bench.advance(120)
    assert bench.on(PUMP)
    begin(bench, on(PUMP), on(VALVE))
    bench.advance(71)
    kept = bench.runtime.memory.farm.verified[seen_key(PUMP, "watchdog")]
    assert (kept.ok, kept.after_s) == (True, None)
    bench.ask(GoOnDrill())
    bench.advance(60)
    assert bench.on(PUMP)


def test_what_must_run_on_and_does_not_is_started_at_once() -> None:
    bench = film_bench()
    bench.advance(120)
    begin(bench, on(PUMP), on(VALVE))
    bench.advance(30)
    bench.report(PUMP, 0)
    bench.advance(5)
    assert bench.on(PUMP)
    bench.advance(70)
    assert not bench.runtime.memory.farm.verified[seen_key(PUMP, "watchdog")].ok


def test_circulation_that_comes_back_with_the_power_is_seen_to() -> None:
    bench = film_bench()
    bench.advance(120)
    begin(bench, on(PUMP, "boot_state"), loss=Loss.POWER)
    bench.report(PUMP, "unavailable")
    bench.ask(GoOnDrill())
    bench.advance(6)
    bench.report(PUMP, 1)
    kept = bench.runtime.memory.farm.verified[seen_key(PUMP, "boot_state")]
    assert (kept.ok, kept.after_s) == (True, 6.0)


def test_a_leak_in_a_drill_closes_as_ever() -> None:
    bench = watered()
    begin(bench, off(PUMP), off(VALVE))
    bench.report("tank.leak", 1)
    bench.advance(10)
    assert not bench.on(PUMP)
    assert not bench.on(VALVE)
    assert bench.runtime.memory.farm.verified == {}


def test_a_second_drill_waits_for_the_first() -> None:
    bench = watered()
    begin(bench, off(PUMP))
    again = StartDrill(station="other", loss=Loss.POWER, tests=(off(VALVE),))
    assert bench.ask(again).refused == "drill_running"
    assert bench.ask(GoOnDrill()).refused == "drill_watching"


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        (GoOnDrill(), "drill_none"),
        (SawDrill(point=PUMP), "drill_none"),
        (StartDrill(station="x", loss=Loss.POWER, tests=(off("no.such"),)), "drill_nothing"),
        (NoteSeen(point="tank.leak", guard="leak_trip"), "point_unknown"),
        (NoteSeen(point=PUMP, guard="auto_off", after_s=-1.0), "drill_after_s"),
        (NoteSeen(point=PUMP, guard="auto_off", after_s=float("nan")), "drill_after_s"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: object, refused: str) -> None:
    bench = Bench(bench_farm())
    assert bench.ask(asked).refused == refused  # type: ignore[arg-type]


def test_no_drill_begins_under_a_stop_or_in_monitor_mode() -> None:
    bench = watered()
    asked = StartDrill(station="node", loss=Loss.POWER, tests=(off(PUMP),))
    bench.ask(SetMode(mode=Mode.MONITOR))
    assert bench.ask(asked).refused == "drill_not_now"
    bench.ask(EmergencyStop())
    assert bench.ask(asked).refused == "emergency_active"


_HAPPENINGS = st.lists(
    st.sampled_from(
        ["go on", "see", "give up", "off", "on", "gone", "back", "wait", "wait long", "restart"]
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(_HAPPENINGS, st.sampled_from(list(Loss)))
def test_whatever_happens_in_a_drill_it_switches_nothing_on_and_leaves_nothing_on(
    happenings: list[str], loss: Loss
) -> None:
    bench = watered()
    bench.ask(StartDrill(station="node", loss=loss, tests=(off(PUMP), off(VALVE), off(LAMP))))
    for what in happenings:
        match what:
            case "go on":
                bench.ask(GoOnDrill())
            case "see":
                bench.ask(SawDrill(point=PUMP))
            case "give up":
                bench.ask(StopDrill())
            case "off" | "on":
                bench.report(PUMP, float(what == "on"))
            case "gone":
                bench.report(PUMP, "unavailable")
            case "back":
                bench.report(PUMP, bench.state[PUMP] or 0.0)
            case "restart":
                bench.restart()
            case _:
                bench.advance(10 if what == "wait" else 80)
    bench.advance(2000)
    assert bench.runtime.memory.farm.drill is None
    assert not bench.on(PUMP)
    assert not bench.on(VALVE)
    assert [c for _, c in bench.sent if c.value and c.reason.code == "drill"] == []
