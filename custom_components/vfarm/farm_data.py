"""The config entry and its subentries as the data of a farm.

A subentry's data is the node's fields (its name is the subentry's title) and `bindings`; a rack's
data has its levels too. Nothing here knows what the fields mean: the core checks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.util import slugify

from vfarm_core.farm.build import FarmError, Problem, farm_from_dict
from vfarm_core.farm.codec import encode_said
from vfarm_core.farm.nodes import Farm

from .const import CONF_BINDINGS, CONF_TAKEOVER, SubentryType

#: Where the nodes of a subentry type are in the data of a farm.
_GROUPS: Mapping[SubentryType, str] = {
    SubentryType.ZONE: "zones",
    SubentryType.RACK: "racks",
    SubentryType.RESERVOIR: "reservoirs",
    SubentryType.PUMP: "pumps",
    SubentryType.CIRCUIT: "circuits",
    SubentryType.SUPPLY: "supplies",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One subentry, stored or still a draft in a flow."""

    type: SubentryType
    title: str
    data: Mapping[str, Any]


def parts_of(
    entry: ConfigEntry,
    *,
    without: str | None = None,
    instead: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Part]:
    """The parts of a farm, without the subentry `without`; with other data for those in
    `instead`."""
    other = instead or {}
    return [
        Part(
            type=SubentryType(sub.subentry_type),
            title=sub.title,
            data=other.get(sub.subentry_id, sub.data),
        )
        for sub in entry.subentries.values()
        if sub.subentry_id != without and sub.subentry_type in SubentryType
    ]


def farm_dict(
    farm_id: str,
    name: str,
    time_zone: str,
    parts: Iterable[Part],
    bindings: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The data that `farm_from_dict` reads. `bindings` are those of the farm itself."""
    data: dict[str, Any] = {
        "id": farm_id,
        "name": name,
        "time_zone": time_zone,
        "levels": [],
        CONF_BINDINGS: [{**b, "node": farm_id} for b in bindings],
        **{group: [] for group in _GROUPS.values()},
    }
    for part in parts:
        fields = dict(part.data)
        data[CONF_BINDINGS] += [dict(b) for b in fields.pop(CONF_BINDINGS, ())]
        for level in fields.pop("levels", ()) if part.type is SubentryType.RACK else ():
            data["levels"].append({**level, "rack": fields["id"]})
        data[_GROUPS[part.type]].append({**fields, "name": part.title})
    return data


def entry_dict(entry: ConfigEntry, time_zone: str) -> dict[str, Any]:
    """The data of the farm a config entry describes."""
    data = farm_dict(
        entry.entry_id,
        entry.title,
        time_zone,
        parts_of(entry),
        entry.data.get(CONF_BINDINGS, ()),
    )
    if CONF_TAKEOVER in entry.data:
        data[CONF_TAKEOVER] = entry.data[CONF_TAKEOVER]
    return data


def farm_parts(farm: Farm) -> tuple[list[Part], list[dict[str, Any]]]:
    """A farm as the parts that `farm_dict` puts together, and the bindings of the farm itself."""
    said = encode_said(farm)
    bound: dict[str, list[dict[str, Any]]] = {}
    for binding in said.get(CONF_BINDINGS, ()):
        bound.setdefault(binding["node"], []).append(binding)
    levels: dict[str, list[dict[str, Any]]] = {}
    for level in said.get("levels", ()):
        rack = level.pop("rack")
        levels.setdefault(rack, []).append(level)
        # The bindings of a level are kept with its rack.
        bound.setdefault(rack, []).extend(bound.pop(level["id"], ()))
    parts = []
    for type_, group in _GROUPS.items():
        for fields in said.get(group, ()):
            title = fields.pop("name")
            if type_ is SubentryType.RACK:
                fields["levels"] = levels.get(fields["id"], [])
            fields[CONF_BINDINGS] = bound.pop(fields["id"], [])
            parts.append(Part(type=type_, title=title, data=fields))
    return parts, bound.pop(farm.id, [])


def usable_farm(data: Mapping[str, Any]) -> tuple[Farm, tuple[Problem, ...]]:
    """The farm without the parts that are wrong, and what is wrong with them.

    Home Assistant lets a person delete any subentry, also one that others need: what hangs on it
    must stop being controlled while the rest of the farm goes on. Raises FarmError when nothing
    can be left out to mend it.
    """
    left = {key: list(value) if isinstance(value, list) else value for key, value in data.items()}
    problems: dict[tuple[str, str], Problem] = {}
    while True:
        try:
            return farm_from_dict(left), tuple(problems.values())
        except FarmError as err:
            wrong = {problem.node for problem in err.problems}
            if not _leave_out(left, wrong):
                raise
            for problem in err.problems:
                problems.setdefault((problem.node, problem.key), problem)


def _leave_out(data: dict[str, Any], wrong: set[str]) -> bool:
    """Take the nodes, bindings and doubly driven entities named in `wrong` out of `data`."""
    before = sum(len(value) for value in data.values() if isinstance(value, list))
    for group in (*_GROUPS.values(), "levels"):
        data[group] = [node for node in data[group] if node.get("id") not in wrong]
    data[CONF_BINDINGS] = [
        b for b in data[CONF_BINDINGS] if not {b.get("id"), b.get("entity")} & wrong
    ]
    return before > sum(len(value) for value in data.values() if isinstance(value, list))


def subentry_of_nodes(entry: ConfigEntry) -> dict[str, str]:
    """Subentry id of every node id."""
    found: dict[str, str] = {}
    for subentry in entry.subentries.values():
        if node := subentry.data.get("id"):
            found[node] = subentry.subentry_id
        if subentry.subentry_type == SubentryType.RACK:
            found |= {level["id"]: subentry.subentry_id for level in subentry.data["levels"]}
    return found


def node_ids(parts: Iterable[Part]) -> set[str]:
    """Every node id in use."""
    ids: set[str] = set()
    for part in parts:
        ids.add(part.data["id"])
        if part.type is SubentryType.RACK:
            ids |= {level["id"] for level in part.data["levels"]}
    return ids


def new_id(name: str, taken: set[str]) -> str:
    """A readable id for a new node; it stays when the node is renamed."""
    stem = slugify(name) or "node"
    number, candidate = 1, stem
    while candidate in taken:
        number += 1
        candidate = f"{stem}_{number}"
    return candidate


def unique_id(type_: SubentryType, node: str) -> str:
    """The unique id of a node's subentry: unique ids are shared by all types of subentry."""
    return f"{type_}_{node}"
