"""Interlocks: contacts that stop a place whatever its controllers want.

Smoke and water on the floor latch: the first report of any one sensor acts, and what it stopped
stays stopped until a person has looked and the sensor is clear again. An open door only lasts as
long as it is open.

Smoke stops everything that vfarm drives in the zone, moving air too, and the water of the pumps
that feed it: nothing may feed a fire (design choice). Leak stops the water of every circuit it
concerns, and the fill.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.bindings import Binding
from ..farm.nodes import Circuit
from ..farm.roles import Role
from . import readings
from .clock import Due
from .draft import Draft
from .effects import Severity
from .memory import Interlock, Quality
from .reasons import Reason

#: What only a person clears.
LATCHING = frozenset({Role.SMOKE, Role.LEAK})
#: A door that stays open is told after this long (s of farm time) (design choice: a trolley is
#: through in less, and CO2 is closed from the first second).
DOOR_OPEN_S = 600.0
#: Wakes a door that is open.
DUE = "interlock:"


def take(d: Draft, binding: Binding) -> None:
    """A contact has reported: latch what it trips, before anything else is looked at."""
    if binding.role is Role.DOOR:
        _door(d, binding)
    elif binding.role in LATCHING and _is_on(d, binding) and not d.interlocks.get(binding.id):
        d.interlocks.set(binding.id, Interlock(at=d.now.farm))
        d.event(
            "smoke" if binding.role is Role.SMOKE else "leak",
            binding.node,
            Severity.P1,
            point=binding.id,
        )
        _mark(d, binding.node)


def _is_on(d: Draft, binding: Binding) -> bool:
    return (d.point(binding.id).value or 0.0) >= 0.5


def _mark(d: Draft, node: str) -> None:
    """Everything that an interlock of a node concerns."""
    farm = d.farm
    d.mark(node)
    if node in farm.zone:
        circuits = [farm.circuit[key] for key in farm.circuits_of_zone[node]]
        d.mark(*(level.id for level in farm.levels_of_zone[node]))
    else:
        circuits = list(farm.circuits_of_reservoir[node])
    for circuit in circuits:
        d.mark(circuit.id, circuit.pump, farm.pump[circuit.pump].reservoir)


def _door(d: Draft, binding: Binding) -> None:
    state = d.interlocks.get(binding.id)
    if _is_on(d, binding):
        if state is None:
            d.interlocks.set(binding.id, Interlock(at=d.now.farm))
            d.wake(DUE + binding.id, Due(farm=d.now.farm + DOOR_OPEN_S))
    elif state is not None and d.point(binding.id).quality is Quality.GOOD:
        forget(d, binding.id)
        if state.told:
            d.event("door_closed", binding.node, point=binding.id)


def door_due(d: Draft, point: str) -> None:
    """A door may have been open for too long."""
    d.due.remove(DUE + point)
    state = d.interlocks.get(point)
    if state is None or state.told:
        return
    if state.at + DOOR_OPEN_S > d.now.farm:
        d.wake(DUE + point, Due(farm=state.at + DOOR_OPEN_S))
        return
    d.interlocks.set(point, replace(state, told=True))
    node = d.farm.binding[point].node
    d.event("door_open", node, Severity.P3, point=point, minutes=round(DOOR_OPEN_S / 60))
    d.mark(node)


def forget(d: Draft, point: str) -> None:
    """A door has closed, or a contact is gone."""
    d.interlocks.remove(point)
    d.due.remove(DUE + point)


def restart(d: Draft) -> None:
    """Latches are kept over a restart; a door says anew whether it is open."""
    for point in list(d.interlocks.merged()):
        binding = d.farm.binding.get(point)
        if binding is None or binding.role not in LATCHING:
            forget(d, point)


def can_clear(d: Draft, binding: Binding) -> bool:
    """Whether the sensor behind a latch is known to be clear again."""
    return d.point(binding.id).quality is Quality.GOOD and not _is_on(d, binding)


def clear(d: Draft, binding: Binding) -> None:
    """A person has looked."""
    forget(d, binding.id)
    _mark(d, binding.node)


def latched(d: Draft, node: str, role: Role) -> bool:
    """Whether a contact of this role of a node has tripped and no person has cleared it."""
    return bool(d.interlocks.now) and any(
        d.interlocks.get(b.id) is not None for b in d.of(node, role)
    )


def latches(d: Draft, node: str) -> tuple[tuple[Binding, Interlock], ...]:
    """The contacts of a node that wait for a person."""
    if not d.interlocks.now:
        return ()
    return tuple(
        (b, state)
        for role in (Role.SMOKE, Role.LEAK)
        for b in d.of(node, role)
        if (state := d.interlocks.get(b.id)) is not None
    )


def smoke(d: Draft, circuit: Circuit) -> bool:
    """Whether smoke was reported where a circuit waters."""
    return any(latched(d, zone, Role.SMOKE) for zone in d.farm.zones_of_circuit[circuit.id])


def leak(d: Draft, circuit: Circuit) -> bool:
    """Whether water was reported on the floor where a circuit waters or at its reservoir."""
    reservoir = d.farm.pump[circuit.pump].reservoir
    return latched(d, reservoir, Role.LEAK) or any(
        latched(d, zone, Role.LEAK) for zone in d.farm.zones_of_circuit[circuit.id]
    )


def leak_of_reservoir(d: Draft, reservoir: str) -> bool:
    """Whether water was reported on the floor at a reservoir or where its circuits water."""
    return latched(d, reservoir, Role.LEAK) or any(
        leak(d, circuit) for circuit in d.farm.circuits_of_reservoir[reservoir]
    )


def door_open(d: Draft, zone: str) -> bool:
    """Whether a door of a zone is open, or not known to be closed: CO2 is not given then (rule 8:
    what is unknown closes it)."""
    return readings.tripped(d, zone, Role.DOOR) or readings.unknown(d, zone, Role.DOOR)


def door_told(d: Draft, zone: str) -> bool:
    """Whether a door of a zone has been open for too long."""
    states = (d.interlocks.get(b.id) for b in d.of(zone, Role.DOOR))
    return any(state is not None and state.told for state in states)


def stops(d: Draft, binding: Binding) -> Reason | None:
    """Why an actuator of a zone or a level must be off, whatever else is asked of it."""
    zone = d.farm.zone_of_level.get(binding.node, binding.node)
    if latched(d, zone, Role.SMOKE):
        return Reason("smoke")
    if binding.role is Role.CO2_VALVE and door_open(d, zone):
        return Reason("door_open")
    return None
