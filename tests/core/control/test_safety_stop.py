"""An emergency stop is out at once, at any moment, and a person starts again loop by loop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.core.support import Bench, bench_farm, film_bench
from vfarm_core.control.inputs import (
    Arm,
    Disarm,
    EmergencyStop,
    ReleaseStop,
    RunShot,
    SetMode,
    StartWorkflow,
)
from vfarm_core.control.memory import ShotEnd, ShotStage
from vfarm_core.farm.overrides import Mode, WorkflowKind
from vfarm_core.farm.roles import Loop, spec

PUMP = "pump.irrigation_pump"
VALVE = "circuit.irrigation_valve"
HOUR = 3600.0
ACTUATORS = [b.id for b in bench_farm().bindings if spec(b.role).is_actuator]


def growing() -> Bench:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(3 * HOUR)
    return bench


def in_shot(stage: ShotStage) -> Callable[[], Bench]:
    """A farm that is held in one stage of a shot by a device that does not obey."""

    def made() -> Bench:
        bench = growing()
        bench.advance(HOUR)
        holds = {ShotStage.OPENING: VALVE, ShotStage.STOPPING: PUMP, ShotStage.CLOSING: VALVE}
        if stage is ShotStage.OPENING:
            bench.disobeys.add(VALVE)
        bench.ask(RunShot(circuit="circuit", duration_s=60.0))
        if stage in (ShotStage.STOPPING, ShotStage.CLOSING):
            bench.advance(30)
            bench.disobeys.add(holds[stage])
            bench.advance(32)
        shot = bench.runtime.memory.circuits["circuit"].shot
        assert shot is not None
        assert shot.stage is stage
        return bench

    return made


def hungry() -> Bench:
    bench = growing()
    bench.report("zone.co2", 500.0)
    bench.report("zone.air_temperature", 19.0)
    bench.advance(120)
    assert bench.on("zone.co2_valve") or bench.on("zone.heater")
    return bench


def held() -> Bench:
    bench = growing()
    bench.ask(SetMode(mode=Mode.HOLD))
    return bench


def at_work() -> Bench:
    bench = growing()
    until = bench.clock.farm + HOUR
    bench.ask(StartWorkflow(node="zone", kind=WorkflowKind.MAINTENANCE, until=until))
    return bench


def slow_disk() -> Bench:
    bench = growing()
    bench.advance(HOUR)
    bench.journal.waits = True
    bench.ask(RunShot(circuit="circuit", duration_s=60.0))
    return bench


MOMENTS: dict[str, Callable[[], Bench]] = {
    "by day": growing,
    "valve opens": in_shot(ShotStage.OPENING),
    "pump runs": in_shot(ShotStage.RUNNING),
    "pump stops": in_shot(ShotStage.STOPPING),
    "valve closes": in_shot(ShotStage.CLOSING),
    "CO2 and heat": hungry,
    "roots depend on water": film_bench,
    "hold": held,
    "people at work": at_work,
    "disk hangs": slow_disk,
}


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_every_command_is_out_in_the_same_step(moment: str) -> None:
    bench = MOMENTS[moment]()
    on = [point for point in ACTUATORS if bench.on(point)]
    bench.sent.clear()
    asked_at = bench.clock.mono
    bench.ask(EmergencyStop(by="grower"))
    assert bench.clock.mono - asked_at < 2
    off = {c.point for _, c in bench.sent if c.value == 0}
    for point in set(on) - off:
        # Told before, and waited for.
        pending = bench.runtime.memory.actuators[point].pending
        assert pending is not None, point
        assert pending.value == 0, point
    assert not any(c.value for _, c in bench.sent)


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_nothing_starts_by_itself_afterwards(moment: str) -> None:
    bench = MOMENTS[moment]()
    bench.ask(EmergencyStop(by="grower"))
    bench.journal.waits = False
    bench.journal.write_waiting()
    bench.disobeys.clear()
    bench.ask(ReleaseStop(by="grower"))
    bench.sent.clear()
    bench.advance(5 * HOUR)
    assert not any(c.value for _, c in bench.sent)


def test_loops_are_armed_one_by_one_and_dosing_last() -> None:
    bench = growing()
    bench.ask(EmergencyStop(by="grower"))
    assert bench.ask(Arm(loop=Loop.LIGHT)).refused == "emergency_active"
    bench.ask(ReleaseStop(by="grower"))
    assert not bench.on("level_1.grow_light")
    for loop in (Loop.LIGHT, Loop.CLIMATE, Loop.CO2, Loop.IRRIGATION):
        assert bench.ask(Arm(loop=Loop.DOSING)).refused == "dosing_last"
        assert bench.ask(Arm(loop=loop, by="grower")).refused is None
        assert bench.on("level_1.grow_light"), "light came first"
        assert bench.on("zone.circulation_fan") is (loop is not Loop.LIGHT)
    assert bench.ask(Arm(loop=Loop.FILL)).refused is None
    assert bench.ask(Arm(loop=Loop.DOSING)).refused is None
    assert bench.ask(Arm(loop=Loop.DOSING)).refused == "loop_armed"


def test_a_loop_that_a_person_disarms_goes_off_and_the_others_go_on() -> None:
    bench = growing()
    assert bench.on("level_1.grow_light")
    assert bench.on("zone.circulation_fan")
    assert bench.ask(Disarm(loop=Loop.LIGHT, by="grower")).data == {"disarmed": ["light"]}
    assert not bench.on("level_1.grow_light")
    assert bench.on("zone.circulation_fan")
    assert bench.ask(Disarm(loop=Loop.LIGHT)).refused == "loop_disarmed"
    bench.advance(HOUR)
    assert not bench.on("level_1.grow_light")
    (told,) = (e for e in bench.events if e.kind == "loop_disarmed")
    assert (told.params["loop"], told.params["by"]) == ("light", "grower")
    assert bench.ask(Arm(loop=Loop.LIGHT)).refused is None
    bench.advance(60)
    assert bench.on("level_1.grow_light")


def test_a_shot_ends_at_once_when_its_loop_is_disarmed() -> None:
    bench = in_shot(ShotStage.RUNNING)()
    bench.sent.clear()
    bench.ask(Disarm(loop=Loop.IRRIGATION, by="grower"))
    assert {c.point for _, c in bench.sent if not c.value} == {PUMP, VALVE}, "as by a stop"
    bench.advance(10)
    assert bench.runtime.memory.circuits["circuit"].last_end is ShotEnd.STOPPED
    assert bench.ask(RunShot(circuit="circuit", duration_s=60.0)).refused == "shot_not_ready"
    assert bench.on("level_1.grow_light"), "the others go on"
