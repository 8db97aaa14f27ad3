"""What is different between two descriptions: of farms, of memories, of anything with ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .codec import encode
from .nodes import Farm

#: The nodes of a farm: field of `Farm`, and what one of them is called.
_GROUPS = {
    "zones": "zone",
    "racks": "rack",
    "levels": "level",
    "reservoirs": "reservoir",
    "pumps": "pump",
    "circuits": "circuit",
    "supplies": "supply",
    "bindings": "binding",
}


class How(StrEnum):
    """What happens to a thing."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of a thing that is there before and after; JSON-able values."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is added, changed or removed. `what` is its kind ("zone", "binding",
    "batch" …), `fields` what of it changes."""

    what: str
    id: str
    how: How
    fields: tuple[FieldChange, ...] = ()


def farm_changes(before: Farm | None, after: Farm) -> tuple[Change, ...]:
    """What changes when a farm takes the place of another one, or of none."""
    old = {} if before is None else encode(before)
    new = encode(after)
    found = list(changes("farm", _itself(old), _itself(new)))
    for group, what in _GROUPS.items():
        found += changes(what, _by_id(old.get(group, ())), _by_id(new[group]))
    return tuple(found)


def changes(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """What changes between JSON-able things by id, in the order of their ids."""
    for key in sorted(before.keys() | after.keys()):
        if key not in before:
            yield Change(what=what, id=key, how=How.ADDED)
        elif key not in after:
            yield Change(what=what, id=key, how=How.REMOVED)
        elif fields := tuple(_fields(before[key], after[key])):
            yield Change(what=what, id=key, how=How.CHANGED, fields=fields)


def _fields(before: Any, after: Any) -> Iterator[FieldChange]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        if before != after:
            yield FieldChange(name="", before=before, after=after)
        return
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield FieldChange(name=name, before=before.get(name), after=after.get(name))


def _itself(farm: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the farm that are no nodes."""
    if not farm:
        return {}
    return {farm["id"]: {k: v for k, v in farm.items() if k not in _GROUPS and k != "id"}}


def _by_id(things: Any) -> dict[str, Any]:
    return {thing["id"]: thing for thing in things}
