"""What a farm still needs before it can be relied on."""

from __future__ import annotations

from dataclasses import replace

from tests.core.support import Bench, bench_farm
from vfarm_core.control.furnishing import gaps
from vfarm_core.control.memory import Memory
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Role


def without(farm: Farm, *roles: Role) -> Farm:
    return replace(farm, bindings=tuple(b for b in farm.bindings if b.role not in roles))


def test_a_farm_that_is_bound_and_heard_of_needs_nothing() -> None:
    bench = Bench(bench_farm())
    bench.advance(60)
    assert gaps(bench.farm, bench.runtime.memory) == ()


def test_what_nothing_works_without_is_named() -> None:
    bench = Bench(bench_farm())
    bench.advance(60)
    bare = without(
        bench.farm,
        *(Role.AIR_TEMPERATURE, Role.GROW_LIGHT, Role.VOLUME, Role.LEVEL_LOW),
        Role.IRRIGATION_PUMP,
    )
    found = {(gap.node, gap.role) for gap in gaps(bare, bench.runtime.memory)}
    assert found == {
        *((zone.id, Role.AIR_TEMPERATURE) for zone in bare.zones),
        *((level.id, Role.GROW_LIGHT) for level in bare.levels),
        *((tank.id, Role.VOLUME) for tank in bare.reservoirs),
        *((pump.id, Role.IRRIGATION_PUMP) for pump in bare.pumps),
    }


def test_a_level_without_lamps_needs_none_and_a_tank_that_nobody_draws_from_no_volume() -> None:
    farm = without(bench_farm(), Role.GROW_LIGHT, Role.VOLUME, Role.LEVEL_LOW)
    dark = replace(
        farm,
        levels=tuple(replace(level, fixture=None) for level in farm.levels),
        circuits=(),
        pumps=(),
    )
    roles = {gap.role for gap in gaps(dark, Memory()) if not gap.silent}
    assert not roles & {Role.GROW_LIGHT, Role.VOLUME}


def test_a_bound_entity_that_has_said_nothing_is_named() -> None:
    farm = bench_farm()
    silent = {gap.silent for gap in gaps(farm, Memory())}
    assert silent == {b.id for b in farm.bindings}
