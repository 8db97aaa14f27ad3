"""Drills in the simulated farm: a station that goes off by itself, one that does not, and a cut
network, with devices that have delays and sensors that have cadences."""

from __future__ import annotations

import pytest

from vfarm_core.control.inputs import (
    Cause,
    EmergencyStop,
    GoOnDrill,
    Request,
    RunShot,
    StartDrill,
)
from vfarm_core.control.memory import DrillStage
from vfarm_core.farm.drills import DrillTest, Loss, seen_key
from vfarm_core.twin.faults import Fault, FaultKind
from vfarm_core.twin.simulate import Simulation

from .small import PUMP, START, VALVE, small_config, small_farm

TESTS = tuple(
    DrillTest(point=point, guard="watchdog", on=False, within_s=75.0) for point in (PUMP, VALVE)
)


def ask(farm: Simulation, request: Request) -> None:
    answer = farm.runtime.request(request)
    assert answer.refused is None, answer


def is_on(farm: Simulation, point: str) -> bool:
    return bool(farm.twin.point(point).value)


@pytest.fixture
def watered() -> Simulation:
    """A shot of ten minutes is under way, and the station's link is cut."""
    made = Simulation(small_farm(), [], {}, start=START, config=small_config())
    made.run_until(START + 120)
    ask(made, RunShot(circuit="tables", duration_s=600))
    made.run_until(START + 180)
    assert is_on(made, PUMP)
    assert is_on(made, VALVE)
    return made


def cut(farm: Simulation, loss: Loss) -> float:
    ask(farm, StartDrill(station="node", loss=loss, tests=TESTS, by="user:ada"))
    ask(farm, GoOnDrill(by="user:ada"))
    return farm.now


def goes_off(farm: Simulation) -> None:
    """What its station does by itself."""
    for point in (PUMP, VALVE):
        farm.twin.command(point, 0.0, Cause.UNKNOWN)


def test_a_station_that_goes_off_by_itself_is_timed_and_kept_off(watered: Simulation) -> None:
    since = cut(watered, Loss.CONTROLLER)
    watered.run_until(since + 60)
    goes_off(watered)
    watered.run_until(since + 70)
    state = watered.runtime.memory.farm
    assert state.drill is not None
    assert state.drill.stage is DrillStage.RESTORE
    for point in (PUMP, VALVE):
        after = state.verified[seen_key(point, "watchdog")].after_s
        assert after == pytest.approx(60, abs=8)
    watered.run_until(since + 300)
    assert not is_on(watered, PUMP)
    assert not is_on(watered, VALVE)
    assert watered.runtime.memory.circuits["tables"].shot is None


def test_a_station_that_stays_on_has_failed_and_is_switched_off(watered: Simulation) -> None:
    since = cut(watered, Loss.CONTROLLER)
    watered.run_until(since + 90)
    verified = watered.runtime.memory.farm.verified
    assert [seen.ok for seen in verified.values()] == [False, False]
    assert not is_on(watered, PUMP)
    assert not is_on(watered, VALVE)


def test_an_emergency_stop_in_mid_drill_has_everything_off(watered: Simulation) -> None:
    since = cut(watered, Loss.CONTROLLER)
    watered.run_until(since + 20)
    ask(watered, EmergencyStop(by="user:ada"))
    watered.run_until(since + 40)
    assert watered.runtime.memory.farm.drill is None
    assert not is_on(watered, PUMP)
    assert not is_on(watered, VALVE)


def test_with_the_network_cut_it_is_seen_when_the_devices_are_back(watered: Simulation) -> None:
    for point in (PUMP, VALVE):
        at = watered.now + 1
        kind = FaultKind.UNAVAILABLE
        watered.twin.schedule(Fault(point=point, kind=kind, at=at, until=at + 100))
    since = cut(watered, Loss.NETWORK)
    watered.run_until(since + 60)
    assert watered.runtime.memory.farm.verified == {}
    for point in (PUMP, VALVE):
        watered.twin.actuators[point].take(0.0)
    watered.run_until(since + 300)
    assert not is_on(watered, PUMP)
    assert not is_on(watered, VALVE)
