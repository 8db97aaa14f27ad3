"""Stations as people describe them: by farm, and with entities in place of bindings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...farm.bindings import Binding
from ...farm.nodes import Farm
from .model import Station, StationError, stations_from

_PARTS = ("outputs", "contacts", "verified")


def stations_described(
    data: Any, farm: Farm, entity_of: Callable[[Binding], str | None]
) -> tuple[Station, ...]:
    """The stations of a farm from a description: a list of them, or lists by the id or the name of
    each farm. An entity stands for the only binding it has. Raises StationError."""
    if isinstance(data, Mapping):
        mine: Any = next((data[key] for key in (farm.id, farm.name) if key in data), [])
    elif isinstance(data, list):
        mine = data
    else:
        raise StationError(["accepted: a list of stations, or lists by the name of each farm"])
    return stations_from(_with_bindings(mine, farm, entity_of), farm)


def _with_bindings(data: Any, farm: Farm, entity_of: Callable[[Binding], str | None]) -> Any:
    """The description with the binding in place of the only one that an entity has."""
    bound: dict[str, list[str]] = {}
    for binding in farm.bindings:
        bound.setdefault(entity_of(binding) or "", []).append(binding.id)

    def named(item: Any) -> Any:
        point = item.get("point") if isinstance(item, Mapping) else None
        if not isinstance(point, str) or point in farm.binding or len(bound.get(point, ())) != 1:
            return item
        return {**item, "point": bound[point][0]}

    def station(item: Any) -> Any:
        if not isinstance(item, Mapping):
            return item
        return {
            key: [named(x) for x in part] if key in _PARTS and isinstance(part, list) else part
            for key, part in item.items()
        }

    return [station(item) for item in data] if isinstance(data, list) else data
