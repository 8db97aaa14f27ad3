"""Redundant sensors of one quantity: which of them to believe.

Of three the one that lies apart is outvoted. Of two that disagree a witness decides: the one that
moved faster than it can while the other went on as before is not believed for a while, one that
does not move at all has been found out already (`virtual.py`), and where a third quantity follows
the first closely it speaks for one of them. Without a witness neither is believed. That both are
wrong cannot be known.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..farm.bindings import Binding
from ..farm.nodes import Reservoir
from ..farm.roles import Role, spec
from .draft import Draft
from .memory import PointState, Quality
from .plausible import acts

#: A quantity of the same node that follows a quantity within so much: leaves are within 2 K of the
#: air (science.md 1.2), and thermometers err by another kelvin.
_WITNESS: Mapping[Role, tuple[Role, float]] = MappingProxyType(
    {Role.AIR_TEMPERATURE: (Role.LEAF_TEMPERATURE, 3.0)}
)


#: Volumes of one tank agree within this share of its capacity (design choice).
_TANK_SHARE = 0.1


def _agreement(d: Draft, node: str, role: Role) -> float:
    if role is Role.VOLUME and isinstance(tank := d.farm.nodes.get(node), Reservoir):
        return _TANK_SHARE * tank.capacity_l
    return spec(role).agreement


def median(values: list[float]) -> float:
    """The middle one; the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def believed(d: Draft, node: str, role: Role, values: list[float]) -> float | None:
    """What good sensors of a quantity say together; None when they disagree."""
    if len(values) == 1:
        return values[0]
    middle, reach = median(values), _agreement(d, node, role) / 2
    near = [v for v in values if abs(v - middle) <= reach]
    if 2 * len(near) > len(values):
        return median(near)
    return _by_witness(d, node, role, values)


def _by_witness(d: Draft, node: str, role: Role, values: list[float]) -> float | None:
    found = _WITNESS.get(role)
    if found is None:
        return None
    witness, reach = found
    said = [
        state.value
        for b in d.of(node, witness)
        if (state := d.point(b.id)).quality is Quality.GOOD and state.value is not None
    ]
    if not said:
        return None
    middle = median(said)
    near = [v for v in values if abs(v - middle) <= reach]
    return near[0] if len(near) == 1 else None


def disagree(d: Draft, node: str, role: Role) -> bool:
    """Whether redundant sensors of a node lie too far apart, outvoted and doubted ones too."""
    bindings = d.of(node, role)
    if len(bindings) < 2:
        return False
    values = [s.value for b in bindings if acts(s := d.point(b.id)) and s.value is not None]
    return len(values) > 1 and max(values) - min(values) > _agreement(d, node, role)


def apart(d: Draft, binding: Binding, state: PointState) -> float | None:
    """What the sensor of the same quantity says that lies furthest from this one, where that is too
    far; None where all agree. Of three that vote, only the odd one stands apart."""
    mine = state.value
    values = [
        s.value
        for b in d.of(binding.node, binding.role)
        if acts(s := d.point(b.id)) and s.value is not None
    ]
    if mine is None or len(values) < 2:
        return None
    reach = _agreement(d, binding.node, binding.role)
    near = [v for v in values if abs(v - mine) <= reach]
    if 2 * len(near) > len(values):
        return None
    return max(values, key=lambda v: abs(v - mine))


def _others(d: Draft, binding: Binding) -> list[tuple[float, bool]]:
    """What the other sensors of the quantity say, and whether they are good."""
    return [
        (state.value, state.quality is Quality.GOOD)
        for b in d.of(binding.node, binding.role)
        if b.id != binding.id and acts(state := d.point(b.id)) and state.value is not None
    ]


def seconded(d: Draft, binding: Binding, value: float) -> bool:
    """Whether another sensor has moved to the same value."""
    reach = _agreement(d, binding.node, binding.role)
    return any(abs(other - value) <= reach for other, _ in _others(d, binding))


def contradicted(d: Draft, binding: Binding, value: float, before: float) -> bool:
    """Whether another sensor that is good goes on as before where this one jumped to `value`."""
    reach = _agreement(d, binding.node, binding.role)
    return any(
        good and abs(other - value) > reach and abs(other - before) <= reach
        for other, good in _others(d, binding)
    )
