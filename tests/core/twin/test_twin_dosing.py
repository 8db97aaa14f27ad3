"""The twin's dosing pumps, fill line and their faults."""

from __future__ import annotations

import pytest

from tests.core.tank import DOWN, EC, FILL_VALVE, PH, A, tank_farm
from vfarm_core.farm.roles import Role
from vfarm_core.twin.config import TwinConfig
from vfarm_core.twin.farm import Twin
from vfarm_core.twin.faults import Fault, FaultKind
from vfarm_core.twin.water import ReservoirParameters

START = 1767225600.0


def twin_of(*faults: Fault) -> Twin:
    still = ReservoirParameters(float_valve_at=None, start_share=0.5, ec=1.0, ph=6.4)
    return Twin(tank_farm(), TwinConfig(reservoirs={"tank": still}, faults=faults), start=START)


def run(twin: Twin, seconds: float) -> None:
    twin.advance(twin.now + seconds)


def test_a_dose_is_seen_once_it_is_mixed() -> None:
    twin = twin_of()
    tank = twin.tanks["tank"]
    twin.command(A, 1.0)
    run(twin, 20)
    twin.command(A, 0.0)
    run(twin, 5)
    assert tank.dosed_ml[Role.DOSING_PUMP_NUTRIENT_A] == pytest.approx(40.0)
    early = tank.ec
    run(twin, 3600)
    assert early < tank.ec
    assert tank.ec == pytest.approx(1.0 + 40 * 0.5 / 100, abs=0.01)


def test_acid_lowers_the_ph() -> None:
    twin = twin_of()
    twin.command(DOWN, 1.0)
    run(twin, 1)
    twin.command(DOWN, 0.0)
    run(twin, 3600)
    assert twin.tanks["tank"].ph == pytest.approx(6.4 - 2 * 20 / 100, abs=0.05)
    assert twin.point(PH).value == pytest.approx(6.0, abs=0.15)


def test_a_pulse_ends_by_itself_and_a_newer_command_replaces_it() -> None:
    twin = twin_of()
    twin.command(A, 1.0, duration_s=12.0)
    run(twin, 11)
    assert twin.point(A).value is True
    run(twin, 2)
    assert twin.point(A).value is False
    assert twin.tanks["tank"].dosed_ml[Role.DOSING_PUMP_NUTRIENT_A] == pytest.approx(24.0)
    twin.command(A, 1.0, duration_s=12.0)
    run(twin, 4)
    twin.command(A, 0.0)
    run(twin, 20)
    assert twin.tanks["tank"].dosed_ml[Role.DOSING_PUMP_NUTRIENT_A] == pytest.approx(32.0)


@pytest.mark.parametrize("kind", [FaultKind.EMPTY, FaultKind.STUCK_OFF])
def test_an_empty_bottle_or_a_dead_pump_gives_nothing(kind: FaultKind) -> None:
    twin = twin_of(Fault(point=A, kind=kind, at=START))
    run(twin, 5)
    twin.command(A, 1.0)
    run(twin, 20)
    assert not twin.tanks["tank"].dosed_ml
    # An empty bottle cannot be told from the pump's own feedback.
    assert twin.point("tank.feedback").value is (kind is FaultKind.EMPTY)


def test_a_pump_that_sticks_goes_on_giving() -> None:
    twin = twin_of(Fault(point=A, kind=FaultKind.STUCK_ON, at=START))
    run(twin, 5)
    twin.command(A, 0.0)
    run(twin, 60)
    assert twin.tanks["tank"].dosed_ml[Role.DOSING_PUMP_NUTRIENT_A] > 100


def test_the_fill_line_fills_unless_it_is_dry() -> None:
    twin = twin_of()
    twin.command(FILL_VALVE, 1.0)
    run(twin, 600)
    assert twin.tanks["tank"].volume == pytest.approx(120.0, abs=1.5)
    dry = twin_of(Fault(point=FILL_VALVE, kind=FaultKind.EMPTY, at=START))
    run(dry, 5)
    dry.command(FILL_VALVE, 1.0)
    run(dry, 600)
    assert dry.tanks["tank"].volume == pytest.approx(100.0, abs=0.5)
    assert dry.point(EC).value == pytest.approx(1.0, abs=0.1)
