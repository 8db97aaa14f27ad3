"""A pump that nothing would notice running dry does not water, unless it survives that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm, film_bench, sensor
from vfarm_core.control.inputs import RunShot
from vfarm_core.control.snapshot import CircuitSnapshot
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Role

PUMP = "pump.irrigation_pump"


def bare(farm: Farm, *, survives: bool = False) -> Farm:
    """The farm of a hobbyist with a bucket: nothing measures the water."""
    bindings = []
    for b in farm.bindings:
        if b.role in (Role.VOLUME, Role.FLOW):
            continue
        if b.id == PUMP and b.declaration is not None:
            b = replace(b, declaration=replace(b.declaration, survives_dry_run=survives))
        bindings.append(b)
    return check(replace(farm, bindings=tuple(bindings)))


def problems(bench: Bench) -> tuple[str, ...]:
    circuit = bench.runtime.snapshots["circuit"]
    assert isinstance(circuit, CircuitSnapshot)
    return circuit.problems


def test_no_shot_without_any_protection_and_the_circuit_says_so() -> None:
    bench = Bench(bare(bench_farm()))
    bench.start_batch()
    answer = bench.ask(RunShot(circuit="circuit", duration_s=60.0))
    assert answer.params["why"] == "no_dry_run_protection"
    bench.advance(24 * 3600)
    assert bench.commands(PUMP) == []
    assert "no_dry_run_protection" in problems(bench)


def test_a_pump_that_survives_it_waters() -> None:
    bench = Bench(bare(bench_farm(), survives=True))
    bench.start_batch()
    assert bench.ask(RunShot(circuit="circuit", duration_s=60.0)).refused is None
    assert problems(bench) == ()


@pytest.mark.parametrize(
    ("node", "role"),
    [
        ("tank", Role.VOLUME),
        ("tank", Role.LEVEL_LOW),
        ("pump", Role.FLOW),
        ("circuit", Role.FLOW),
    ],
)
def test_any_one_protection_is_enough(node: str, role: Role) -> None:
    farm = bare(bench_farm())
    one = sensor(node, role)
    bench = Bench(
        check(replace(farm, bindings=(*farm.bindings, one))),
        values={one.id: 150.0 if role is Role.VOLUME else 0.0},
    )
    bench.start_batch()
    assert bench.ask(RunShot(circuit="circuit", duration_s=60.0)).refused is None
    assert "no_dry_run_protection" not in problems(bench)


def test_water_that_roots_depend_on_is_not_withheld() -> None:
    bench = film_bench()
    farm = bare(bench.farm)
    bench.farm = farm
    bench.runtime.replace_farm(farm)
    bench.advance(600)
    assert bench.on(PUMP)
    assert "no_dry_run_protection" in problems(bench)
