"""Which batches what is given to a node is for, and in what shares: by the area they take."""

from __future__ import annotations

from collections.abc import Mapping

from ..batches.model import Batch
from ..farm.nodes import Farm, Level, NodeKind


def shares(farm: Farm, growing: Mapping[str, tuple[Batch, ...]], node: str) -> dict[str, float]:
    """Batch id to share; the shares add up to 1. Empty where nothing grows. `growing` are the
    batches on each level. What stands in a level's empty part is nobody's, so those who grow there
    bear it."""
    areas = areas_m2(farm, growing, node)
    total = sum(areas.values())
    if total <= 0:
        return {}
    return {batch: round(area / total, 6) for batch, area in areas.items()}


def areas_m2(farm: Farm, growing: Mapping[str, tuple[Batch, ...]], node: str) -> dict[str, float]:
    """The area (m²) that each batch takes of the levels of a node."""
    areas: dict[str, float] = {}
    for level in levels_of(farm, node):
        for batch in growing.get(level.id, ()):
            sites = sum(p.sites for p in batch.placements if p.level_id == level.id)
            areas[batch.id] = areas.get(batch.id, 0.0) + level.area_m2 * sites / level.sites
    return areas


def levels_of(farm: Farm, node: str) -> tuple[Level, ...]:
    """The levels that a node serves or consists of."""
    if node == farm.id:
        return farm.levels
    kind = farm.kind(node) if node in farm.nodes else None
    if kind is NodeKind.LEVEL:
        return (farm.level[node],)
    if kind is NodeKind.ZONE:
        return farm.levels_of_zone[node]
    if kind is NodeKind.RACK:
        return tuple(level for level in farm.levels if level.rack == node)
    if kind is NodeKind.SUPPLY:
        served = next(s.levels for s in farm.supplies if s.id == node)
    elif kind is NodeKind.CIRCUIT:
        served = farm.circuit[node].levels
    elif kind is NodeKind.PUMP:
        served = tuple(k for c in farm.circuits_of_pump[node] for k in c.levels)
    elif kind is NodeKind.RESERVOIR:
        served = tuple(k for c in farm.circuits_of_reservoir[node] for k in c.levels)
    else:
        served = ()
    return tuple(farm.level[key] for key in dict.fromkeys(served))
