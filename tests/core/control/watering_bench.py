"""Benches of water: the bench farm with another method, more circuits, meters and drains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.core.support import (
    BENCH,
    Bench,
    actuator,
    bench_farm,
    bench_phase,
    bench_recipe,
)
from vfarm_core.control.snapshot import CircuitSnapshot
from vfarm_core.farm.bindings import Binding, Danger
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import Circuit, Farm, Method
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import IrrigationPlan, PhaseKind, Recipe

HOUR = 3600.0
PUMP = "pump.irrigation_pump"
VALVE = "circuit.irrigation_valve"
VALVE_B = "b.irrigation_valve"


def plan(method: Method, **changes: Any) -> IrrigationPlan:
    """Four events of five minutes a day."""
    values: dict[str, Any] = {
        "events_per_day": 4,
        "night_events": 0,
        "duration_s": 300.0,
        "provenance": BENCH,
    }
    values.update(changes)
    return IrrigationPlan(method=method, **values)


def recipe_with(*plans: IrrigationPlan, **changes: Any) -> Recipe:
    """The bench recipe, one phase, watered by these plans."""
    irrigation = {p.method: p for p in plans}
    phase = bench_phase("young", PhaseKind.PROPAGATION, irrigation=irrigation, **changes)
    return bench_recipe(phases=(phase,))


def one_circuit(
    method: Method = Method.EBB_FLOW,
    extra: Iterable[Binding] = (),
    *,
    pump: dict[str, Any] | None = None,
    **changes: Any,
) -> Farm:
    """The bench farm with its one circuit changed."""
    farm = bench_farm(extra=extra)
    return check(
        replace(
            farm,
            circuits=(replace(farm.circuits[0], method=method, **changes),),
            pumps=(replace(farm.pumps[0], **(pump or {})),),
        )
    )


def two_circuits(*, max_on_s: float = 1800.0, **changes: Any) -> Farm:
    """Two ebb-flow circuits, each of one level, on one pump that may run for half an hour."""
    farm = bench_farm()
    first = replace(farm.circuits[0], levels=("level_1",), **changes)
    second = replace(first, id="b", name="B", levels=("level_2",))
    return check(
        replace(
            farm,
            circuits=(first, second),
            bindings=(
                *(with_limit(b, max_on_s) if b.id == PUMP else b for b in farm.bindings),
                actuator("b", Role.IRRIGATION_VALVE),
            ),
        )
    )


def with_limit(b: Binding, max_on_s: float) -> Binding:
    assert b.declaration is not None
    return replace(b, declaration=replace(b.declaration, max_on_s=max_on_s))


def dangerous_off(farm: Farm, *points: str, max_off_s: float = 900.0) -> Farm:
    """The same farm with devices that plants depend on."""
    return check(
        replace(
            farm,
            bindings=tuple(
                replace(
                    b,
                    declaration=replace(
                        b.declaration,
                        danger=Danger.OFF,
                        safe_on=True,
                        max_on_s=None,
                        max_off_s=max_off_s,
                        isolation=None,
                    ),
                )
                if b.id in points and b.declaration is not None
                else b
                for b in farm.bindings
            ),
        )
    )


def seen(bench: Bench, node: str = "circuit") -> CircuitSnapshot:
    found = bench.runtime.snapshots[node]
    assert isinstance(found, CircuitSnapshot)
    return found


def circuit_of(farm: Farm, node: str = "circuit") -> Circuit:
    return farm.circuit[node]


def ended(bench: Bench) -> dict[str, Any]:
    return bench.journal.of("shot_ended")[-1]


def shots(bench: Bench, node: str = "circuit") -> int:
    return sum(r["node"] == node for r in bench.journal.of("shot_started"))


def order(bench: Bench, *points: str) -> list[tuple[str, float]]:
    wanted = points or (PUMP, VALVE, VALVE_B)
    return [(c.point, c.value) for _, c in bench.sent if c.point in wanted]
