"""Another device stands where one was known: what people have measured was the old one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from ..farm.bindings import Binding
from ..farm.roles import CALIBRATED
from .effects import Record
from .keep import SLICE
from .memory import Memory, ReservoirState


def reads_otherwise(before: Binding, after: Binding) -> bool:
    """Whether a probe that people have checked becomes other numbers, by another unit, scale or
    offset: what they found holds for the old ones."""
    if before.role not in CALIBRATED:
        return False
    return (before.unit, before.scale, before.offset, before.compensated) != (
        after.unit,
        after.scale,
        after.offset,
        after.compensated,
    )


def unlearned(state: ReservoirState, point: str) -> ReservoirState:
    """A tank without what was measured of a probe or a dosing pump; what the pump has given stays
    in the books."""
    if point not in state.probes and point not in state.dosers:
        return state
    probes = {k: v for k, v in state.probes.items() if k != point}
    dosers = dict(state.dosers)
    if point in dosers:
        known = replace(dosers[point], ml_per_s=None, calibrated_at=None, effect=None)
        dosers[point] = replace(known, effect_base=None, test_ml=None)
    return replace(state, probes=probes, dosers=dosers)


def forgotten(memory: Memory, points: Collection[str], at: float) -> Iterator[Record]:
    """What has to be kept of a memory at rest when these bindings become other devices."""
    for key, state in memory.reservoirs.items():
        new = state
        for point in points:
            new = unlearned(new, point)
        if new is not state:
            yield Record(SLICE, new, at, f"reservoir:{key}")
    for point in points:
        if point in memory.actuators:
            yield Record(SLICE, None, at, f"actuator:{point}")
        if point in memory.sensors:
            yield Record(SLICE, None, at, f"sensor:{point}")
