"""The twin's dosing pumps, fill line and their faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import actuator, sensor
from tests.core.tank import DOWN, EC, FILL_VALVE, MIXER, PH, PUMPS, A, B, tank_farm, tank_recipe
from vfarm_core.batches.lifecycle import sow
from vfarm_core.control.inputs import CalibratePump, VerifyProbe
from vfarm_core.farm.bindings import Proof, binding_id
from vfarm_core.farm.build import check
from vfarm_core.farm.roles import Role
from vfarm_core.twin.config import TwinConfig
from vfarm_core.twin.farm import Twin
from vfarm_core.twin.faults import Fault, FaultKind
from vfarm_core.twin.simulate import Simulation
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
    twin.command(MIXER, 1.0)
    twin.command(A, 1.0)
    run(twin, 20)
    twin.command(A, 0.0)
    run(twin, 5)
    assert tank.dosed_ml[Role.DOSING_PUMP_NUTRIENT_A] == pytest.approx(40.0)
    early = tank.ec
    run(twin, 3600)
    assert early < tank.ec
    assert tank.ec == pytest.approx(1.0 + 40 * 0.5 / 100, abs=0.01)


def test_a_dose_into_water_that_stands_is_not_seen_for_long() -> None:
    twin = twin_of()
    twin.command(A, 1.0, duration_s=20.0)
    run(twin, 1800)
    assert twin.tanks["tank"].ec < 1.1


def test_the_pumps_of_a_tank_take_power() -> None:
    twin = twin_of()
    twin.command(MIXER, 1.0)
    run(twin, 3600)
    assert twin.energy_kwh["pumps"] == pytest.approx(0.03, rel=0.02)


def test_valves_in_a_row_are_one_line() -> None:
    farm = tank_farm()
    key = binding_id("tank", Role.FILL_VALVE, 2)
    shown = sensor("tank", Role.FEEDBACK, 10)
    second = actuator("tank", Role.FILL_VALVE, proof=Proof.FEEDBACK, proved_by=shown.id)
    second = replace(second, id=key, entity=f"switch.{key}")
    first = farm.binding[FILL_VALVE]
    assert first.declaration is not None
    guarded = replace(first, declaration=replace(first.declaration, isolation=second.id))
    rest = tuple(b for b in farm.bindings if b.id != FILL_VALVE)
    farm = check(replace(farm, bindings=(*rest, guarded, shown, second)))
    still = ReservoirParameters(float_valve_at=None, start_share=0.5)
    twin = Twin(farm, TwinConfig(reservoirs={"tank": still}), start=START)
    twin.command(FILL_VALVE, 1.0)
    run(twin, 600)
    assert twin.tanks["tank"].volume == pytest.approx(100.0, abs=0.1)
    twin.command(second.id, 1.0)
    run(twin, 600)
    assert twin.tanks["tank"].volume == pytest.approx(120.0, abs=1.5)


def test_acid_lowers_the_ph() -> None:
    twin = twin_of()
    twin.command(MIXER, 1.0)
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


# -- the whole loop: real control, simulated tank -----------------------------------------------


def simulated(*faults: Fault, ec: float = 1.2, ph: float = 6.3, share: float = 0.5) -> Simulation:
    """The tank's farm under vfarm, probes checked and pumps calibrated."""
    recipe = tank_recipe()
    batch = sow(
        id="batch", recipe=recipe, plants=18, placements={"level_1": 18}, at=START, days_ago=1.0
    )
    parameters = ReservoirParameters(float_valve_at=None, start_share=share, ec=ec, ph=ph)
    wet = replace(parameters, refill_ec=0.3, refill_ph=7.0)
    config = TwinConfig(reservoirs={"tank": wet}, faults=faults)
    simulation = Simulation(
        tank_farm(), [batch], {recipe.version: recipe}, start=START, config=config
    )
    ask = simulation.runtime.request
    for probe in (EC, PH):
        assert ask(VerifyProbe(point=probe)).refused is None
    for pump in PUMPS:
        assert ask(CalibratePump(point=pump, ml=120, seconds=60)).refused is None
    return simulation


def events(simulation: Simulation, kind: str) -> list[dict[str, Any]]:
    return [dict(e.params) for e in simulation.listener.events if e.kind == kind]


def test_ec_ph_and_volume_come_to_the_recipe_by_themselves() -> None:
    simulation = simulated(share=0.35)
    simulation.run_until(START + 24 * 3600)
    tank = simulation.twin.tanks["tank"]
    assert tank.ec == pytest.approx(1.6, abs=0.12)
    assert tank.ph == pytest.approx(5.8, abs=0.2)
    assert tank.volume > 100
    ends = {e["end"] for kind in ("dose_ended", "fill_ended") for e in events(simulation, kind)}
    assert ends <= {"done", "time"}
    given = tank.dosed_ml
    assert given[Role.DOSING_PUMP_NUTRIENT_A] == pytest.approx(
        given[Role.DOSING_PUMP_NUTRIENT_B], rel=0.15
    )
    assert Role.DOSING_PUMP_PH_UP not in given


def test_an_empty_bottle_stops_dosing_until_a_person_has_looked() -> None:
    both = [Fault(point=p, kind=FaultKind.EMPTY, at=START) for p in (A, B)]
    simulation = simulated(*both, ph=5.8)
    simulation.run_until(START + 24 * 3600)
    assert [e["why"] for e in events(simulation, "dosing_inhibited")] == ["ineffective"]
    assert len(events(simulation, "dose_ended")) <= 12


def test_a_frozen_probe_does_not_feed_the_tank_for_ever() -> None:
    frozen = Fault(point=EC, kind=FaultKind.STUCK_VALUE, at=START + 600, value=1.2)
    simulation = simulated(frozen, ph=5.8)
    simulation.run_until(START + 24 * 3600)
    assert simulation.twin.tanks["tank"].ec < 2.2
    why = simulation.runtime.memory.reservoirs["tank"].waits
    assert why is not None
    assert why.code in ("dose_ineffective", "probe_implausible", "probe_stale", "probe_missing")


def test_a_pump_that_sticks_on_is_latched_and_told_at_once() -> None:
    simulation = simulated(ph=5.8)
    while simulation.runtime.memory.reservoirs["tank"].dose is None:
        simulation.step(simulation.now + 60)
        assert simulation.now < START + 6 * 3600
    simulation.twin.schedule(Fault(point=A, kind=FaultKind.STUCK_ON, at=simulation.now + 4))
    simulation.run_until(simulation.now + 300)
    assert simulation.runtime.memory.actuators[A].latched
    assert any(e.kind == "not_proved" and e.severity == "p1" for e in simulation.listener.events)
    assert not any(
        b.output for key, b in simulation.twin.actuators.items() if key in PUMPS and key != A
    )


def test_a_dry_line_ends_the_fill() -> None:
    dry = Fault(point=FILL_VALVE, kind=FaultKind.EMPTY, at=START)
    simulation = simulated(dry, ec=1.6, ph=5.8, share=0.35)
    simulation.run_until(START + 3600)
    assert [e["end"] for e in events(simulation, "fill_ended")] == ["no_rise"]
    assert [e["why"] for e in events(simulation, "fill_inhibited")] == ["no_rise"]
    assert simulation.twin.actuators[FILL_VALVE].output == 0
