"""What an import of a bundle would do to what is here, and doing it.

`plan_import` is pure: a bundle, what is here, and a table of new names give every change and every
refusal at once. Whoever puts the farm in place (a folder here, a config entry in the shell) does
what the plan says, or nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ..batches.codec import to_dict as batch_to_dict
from ..control.effects import Record
from ..control.memory import Memory
from ..control.rebound import forgotten
from ..farm.bindings import Binding
from ..farm.build import FarmError, check
from ..farm.codec import encode
from ..farm.diff import Change, How, changes, farm_changes
from ..farm.nodes import Farm
from ..farm.remap import Table, points_of_other_devices, remapped
from .bundle import Bundle, BundleError
from .journal import Journal, JournalError

#: What is kept of a memory beside batches, lots and recipes.
_GROUPS = (
    "levels",
    "circuits",
    "zones",
    "reservoirs",
    "actuators",
    "degraded",
    "sensors",
    "interlocks",
    "workflows",
    "overrides",
    "rollouts",
    "tasks",
)
#: Kind of the event that says where a memory came from.
IMPORTED = "farm_imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is here before an import. `recipes` are own recipe files: name and text. `lost`: it has
    a memory that cannot be read."""

    farm: Farm | None = None
    memory: Memory | None = None
    recipes: Mapping[str, str] = field(default_factory=dict)
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityUse:
    """One entity of a bundle: the reference and the name it had, the name it gets here, and the
    bindings that use it. `known`: whether it exists here; None where nobody can say."""

    entity: str
    name: str
    new: str
    points: tuple[str, ...]
    known: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason why an import is not done. `key` and `params` are for translation, the message is
    the English sentence with the way out."""

    key: str
    message: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import does. `farm` has the new names; `other_devices` are the bindings whose
    measured values are forgotten."""

    farm: Farm
    changes: tuple[Change, ...]
    entities: tuple[EntityUse, ...]
    other_devices: tuple[str, ...]
    refusals: tuple[Refusal, ...]


def plan_import(
    bundle: Bundle,
    present: Present,
    table: Table,
    known: Collection[str] | None,
) -> Plan:
    """What an import of the bundle would do. `known` are the entities that exist here; None where
    nobody can say, and then none is missed."""
    farm = remapped(bundle.farm, table)
    entities = _entities(bundle, table, known)
    refusals = [*_refused_names(entities, table, known), *_refused_farm(farm, present)]
    before = present.memory or Memory()
    memory = bundle.memory or Memory()
    found = [*farm_changes(present.farm, farm)]
    found += changes(
        "batch",
        {k: batch_to_dict(b) for k, b in before.batches.items()},
        {k: batch_to_dict(b) for k, b in memory.batches.items()},
    )
    found += changes("lot", _encoded(before.lots), _encoded(memory.lots))
    found += changes("pinned_recipe", _titles(before), _titles(memory))
    found += _memory_changes(before, memory)
    found += changes("own_recipe", present.recipes, bundle.recipes)
    return Plan(
        farm=farm,
        changes=tuple(found),
        entities=entities,
        other_devices=points_of_other_devices(bundle.farm, table),
        refusals=tuple(refusals),
    )


def _entities(bundle: Bundle, table: Table, known: Collection[str] | None) -> tuple[EntityUse, ...]:
    uses: dict[str, list[Binding]] = {}
    for b in bundle.farm.bindings:
        uses.setdefault(b.entity, []).append(b)
    names = bundle.manifest.entities
    found = []
    for entity, bindings in sorted(uses.items()):
        new = table[entity].new if entity in table else entity
        found.append(
            EntityUse(
                entity=entity,
                name=names.get(entity, entity),
                new=new,
                points=tuple(b.id for b in bindings),
                known=None if known is None else new in known,
            )
        )
    return tuple(found)


def _refused_names(
    entities: tuple[EntityUse, ...], table: Table, known: Collection[str] | None
) -> list[Refusal]:
    used = {use.entity for use in entities}
    found = [
        _refusal(
            "remap_unused",
            "the table renames {entity}, which the bundle does not use: take the line out, or"
            " correct the name",
            entity=old,
        )
        for old in sorted(table.keys() - used)
    ]
    for use in entities:
        if use.known is False:
            as_known = "" if use.name == use.entity else f" ({use.name})"
            if use.entity in table:
                message = "there is no {new} here, which the table gives {entity}{name}"
                key = "remap_unknown"
            else:
                message = "{entity}{name} of {points} does not exist here: give its new name"
                key = "entity_unknown"
            found.append(
                _refusal(
                    key,
                    message,
                    entity=use.entity,
                    name=as_known,
                    new=use.new,
                    points=", ".join(use.points),
                )
            )
    return found


def _refused_farm(farm: Farm, present: Present) -> list[Refusal]:
    found: list[Refusal] = []
    if present.farm is not None and present.farm.id != farm.id:
        found.append(
            _refusal(
                "other_farm",
                "another farm lives here ({here}, not {farm}): choose an empty place",
                here=present.farm.id,
                farm=farm.id,
            )
        )
    try:
        check(farm)
    except FarmError as err:
        found += [
            _refusal("farm_wrong", "with its new names the farm is wrong: {why}", why=p.message)
            for p in err.problems
        ]
    return found


def _refusal(key: str, message: str, **params: str) -> Refusal:
    return Refusal(key=key, message=message.format(**params), params=params)


def _titles(memory: Memory) -> dict[str, dict[str, str]]:
    return {
        version: {"id": recipe.id, "title": recipe.title}
        for version, recipe in memory.recipes.items()
    }


def _memory_changes(before: Memory, after: Memory) -> list[Change]:
    """Which slices of the rest differ, by name: their values are for control, not for people."""
    found: list[Change] = []
    if encode(before.farm) != encode(after.farm):
        found.append(Change(what="memory", id="farm", how=How.CHANGED))
    for group in _GROUPS:
        old, new = getattr(before, group), getattr(after, group)
        found += [
            Change(what="memory", id=f"{group}.{change.id}", how=change.how)
            for change in changes("memory", _encoded(old), _encoded(new))
        ]
    return found


def _encoded(slices: Mapping[str, object]) -> dict[str, object]:
    return {key: encode(value) for key, value in slices.items()}


def settle_journal(journal: Path, bundle: Bundle, plan: Plan, *, at: float, by: str) -> None:
    """Make the copied journal file of a bundle that of the farm here: what was measured of devices
    that are others now is forgotten, and where it came from is told. Blocking; raises BundleError.
    """
    data = {
        "node": plan.farm.id,
        "made_at": bundle.manifest.made_at,
        "vfarm": bundle.manifest.vfarm,
        "renamed": {use.entity: use.new for use in plan.entities if use.entity != use.new},
        "other_devices": list(plan.other_devices),
        "by": by,
    }
    records = [*forgotten(bundle.memory or Memory(), plan.other_devices, at)]
    try:
        with closing(Journal(journal)) as opened:
            opened.append([*records, Record(IMPORTED, data, at)])
    except JournalError as err:
        raise BundleError("not_written", "{file}: {why}", file=journal, why=err) from err


def require(plan: Plan) -> Plan:
    """The plan, where nothing speaks against it. Raises BundleError with every refusal."""
    if plan.refusals:
        why = "; ".join(refusal.message for refusal in plan.refusals)
        raise BundleError("refused", "nothing was imported: {why}", why=why)
    return plan
