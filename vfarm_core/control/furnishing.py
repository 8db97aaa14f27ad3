"""What a farm still needs before it can be relied on: bindings that nothing works without, and
bound entities that have said nothing yet."""

from __future__ import annotations

from dataclasses import dataclass

from ..farm.nodes import Farm
from ..farm.roles import Role, RoleKind, spec
from .memory import ActuatorState, Memory, PointState, Quality


@dataclass(frozen=True, slots=True)
class Gap:
    """A role that a node needs and has no entity for, or the point of it that is `silent`: bound,
    and nothing was heard of it."""

    node: str
    role: Role
    silent: str = ""


def gaps(farm: Farm, memory: Memory) -> tuple[Gap, ...]:
    """What is still to be bound or heard of, in the order of the farm. Empty: it can work."""
    return (*_unbound(farm), *_silent(farm, memory))


def _unbound(farm: Farm) -> list[Gap]:
    """What each kind of node cannot do without: a zone its temperature, which protects it from
    heat; a level that has lamps, one of them; a pump itself; a tank that is drawn from, what tells
    that it runs dry."""
    found = [
        Gap(zone.id, Role.AIR_TEMPERATURE)
        for zone in farm.zones
        if not farm.of(zone.id, Role.AIR_TEMPERATURE)
    ]
    found += [
        Gap(level.id, Role.GROW_LIGHT)
        for level in farm.levels
        if level.fixture is not None and not farm.all_lamps_of_level[level.id]
    ]
    drawn = {pump.reservoir for pump in farm.pumps}
    found += [
        Gap(tank.id, Role.VOLUME)
        for tank in farm.reservoirs
        if tank.id in drawn
        and not farm.of(tank.id, Role.VOLUME)
        and not farm.of(tank.id, Role.LEVEL_LOW)
    ]
    found += [
        Gap(pump.id, Role.IRRIGATION_PUMP)
        for pump in farm.pumps
        if not farm.of(pump.id, Role.IRRIGATION_PUMP)
    ]
    return found


def _silent(farm: Farm, memory: Memory) -> list[Gap]:
    found = []
    for b in farm.bindings:
        facts = spec(b.role)
        if facts.is_actuator:
            heard = memory.actuators.get(b.id, _UNMOVED).reported is not None
        else:
            forecast = facts.kind is RoleKind.FORECAST
            heard = forecast or memory.points.get(b.id, _UNREAD).quality is not Quality.MISSING
        if not heard:
            found.append(Gap(b.node, b.role, b.id))
    return found


_UNMOVED, _UNREAD = ActuatorState(), PointState()
