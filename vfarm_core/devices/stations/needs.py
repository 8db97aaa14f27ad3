"""The protection that the station of each actuator must have, from its declaration alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...farm.bindings import Binding, Danger
from ...farm.nodes import Farm
from ...farm.roles import DOSING, Loop, Role, spec
from .model import Guard

#: Pumps that a dry tank harms. An air pump moves none of the water.
_PUMPS = frozenset({Role.IRRIGATION_PUMP, Role.MIXING_PUMP})
#: What leads water to where it may run out. It ends with a leak, as control ends it; a mixing pump
#: and a drain keep the water where it is, or bring it back.
_LEADS_WATER = frozenset({Role.IRRIGATION_PUMP, Role.IRRIGATION_VALVE, Role.FILL_VALVE, *DOSING})
_WATERS = frozenset({Role.IRRIGATION_PUMP, Role.IRRIGATION_VALVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A protection that an actuator must have where it is wired.

    `seconds` is the limit of a timed one, `on` the state that it brings the actuator into, and
    `contacts` are the bindings of the contacts that trip it: any one of them does. A trip without
    any is a need all the same: one has to be fitted and bound.
    """

    point: str
    guard: Guard
    on: bool = False
    seconds: float | None = None
    contacts: tuple[str, ...] = ()


def needs_of(farm: Farm) -> tuple[Need, ...]:
    """What the station of every declared actuator must do by itself, in the order of bindings.

    Dangerous on: off by itself after `max_on_s`, off after a restart and without a heartbeat.
    Dangerous off: on again by itself after `max_off_s`, but never against a leak or a dry tank.
    """
    return tuple(need for b in farm.bindings for need in needs(farm, b))


def needs(farm: Farm, b: Binding) -> Iterator[Need]:
    """The same for one binding; none for a sensor, and none for an actuator without a declaration,
    which vfarm does not control."""
    declared = b.declaration
    if declared is None or not spec(b.role).is_actuator:
        return
    safe_on = declared.danger is Danger.OFF or declared.safe_on
    yield Need(point=b.id, guard=Guard.BOOT_STATE, on=safe_on)
    if declared.max_on_s is not None:
        yield Need(point=b.id, guard=Guard.AUTO_OFF, seconds=declared.max_on_s)
    if declared.danger is Danger.OFF and declared.max_off_s is not None:
        yield Need(point=b.id, guard=Guard.RUN_ON, on=True, seconds=declared.max_off_s)
    yield Need(point=b.id, guard=Guard.WATCHDOG, on=safe_on)
    if b.role in _PUMPS and not declared.survives_dry_run:
        yield _trip(b, Guard.DRY_RUN_TRIP, low_contacts(farm, b))
    if b.role in _LEADS_WATER:
        yield _trip(b, Guard.LEAK_TRIP, leak_contacts(farm, b))
    if b.role is Role.FILL_VALVE:
        yield _trip(b, Guard.HIGH_LEVEL_TRIP, _ids(farm, b.node, Role.LEVEL_HIGH))
    yield Need(point=b.id, guard=Guard.STOP_LATCH)
    if spec(b.role).loop is Loop.LIGHT:
        yield Need(point=b.id, guard=Guard.LIGHT_PLAN, on=True)
    if b.role in _WATERS and declared.danger is not Danger.OFF:
        # Water that must never stop runs on by itself; shots have to be planned.
        yield Need(point=b.id, guard=Guard.WATER_PLAN, on=True)


def _trip(b: Binding, guard: Guard, contacts: tuple[str, ...]) -> Need:
    return Need(point=b.id, guard=guard, contacts=contacts)


def _ids(farm: Farm, node: str, role: Role) -> tuple[str, ...]:
    return tuple(b.id for b in farm.of(node, role))


def reservoir_of(farm: Farm, node: str) -> str | None:
    """The reservoir whose water a node moves."""
    if node in farm.reservoir:
        return node
    return next((up for up in farm.above.get(node, ()) if up in farm.reservoir), None)


def low_contacts(farm: Farm, b: Binding) -> tuple[str, ...]:
    """The low-level contacts of the tank that a pump draws from."""
    reservoir = reservoir_of(farm, b.node)
    return () if reservoir is None else _ids(farm, reservoir, Role.LEVEL_LOW)


def leak_contacts(farm: Farm, b: Binding) -> tuple[str, ...]:
    """The leak contacts at the tank and wherever its water of this actuator goes: a valve's own
    zones, everywhere for what stands before the valves."""
    reservoir = reservoir_of(farm, b.node)
    if reservoir is None:
        return ()
    zones = (
        farm.zones_of_circuit[b.node]
        if b.node in farm.circuit
        else farm.zones_of_reservoir[reservoir]
    )
    return tuple(p for node in (reservoir, *zones) for p in _ids(farm, node, Role.LEAK))
