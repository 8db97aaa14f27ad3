"""The steps that copy a rack: as many as a person asks for, with the circuits that water it alone
and with bindings to the entities that are called as those of the rack, if they exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from types import MappingProxyType
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from vfarm_core.farm.copying import NUMBER, names, pattern_of, renamed
from vfarm_core.farm.roles import Role, spec

from ..const import CONF_BINDINGS, SubentryType
from ..entity_values import abilities, is_select
from ..farm_data import Part, farm_dict, new_id, node_ids, parts_of, unique_id
from .bindable import CONF_ENTITY, CONF_OFF_OPTION, CONF_ON_OPTION, CONF_ROLE, what_it_can
from .binding import (
    CONF_ADVANCED,
    CONF_DECLARATION,
    CONF_ISOLATION,
    CONF_LEVELS,
    CONF_METERED_BY,
    CONF_NODE,
    CONF_PROVED_BY,
    CONF_UNIT,
)
from .checks import problems
from .node import CONF_NAME, NodeFlow, count
from .proposing import CONF_PROPOSALS, said
from .readable import reference

CONF_COUNT = "count"
CONF_CIRCUITS = "circuits"

#: What a declaration names other bindings by.
_REFERENCES = (CONF_ISOLATION, CONF_PROVED_BY, CONF_METERED_BY)
#: What an entity can do: asked anew of every entity.
_ABILITIES = ("dims", "step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy: its parts without bindings, the bindings that its entities would have, and what the
    ids of the rack are here."""

    parts: tuple[Part, ...]
    bindings: tuple[Mapping[str, Any], ...]
    ids: Mapping[str, str] = field(default_factory=dict)


class CopySteps(NodeFlow):
    """Steps that copy the rack of the flow."""

    def __init__(self) -> None:
        """Begin with nothing to copy."""
        super().__init__()
        self._copies: list[Copy] = []

    # -- what is copied -------------------------------------------------------------------------

    def _circuits(self) -> list[ConfigSubentry]:
        """The circuits that water levels of this rack and no others."""
        levels = {level["id"] for level in self.draft[CONF_LEVELS]}
        return [
            subentry
            for subentry in self._get_entry().subentries.values()
            if subentry.subentry_type == SubentryType.CIRCUIT
            and subentry.data["levels"]
            and levels.issuperset(subentry.data["levels"])
        ]

    def _bound(self) -> set[str]:
        """Every entity that is bound in the farm."""
        registry = er.async_get(self.hass)
        kept = [b[CONF_ENTITY] for b in self._farm_bindings()]
        return {*kept, *(er.async_resolve_entity_id(registry, entity) or "" for entity in kept)}

    def _copy(self, title: str, taken: set[str], circuits: Iterable[ConfigSubentry]) -> Copy:
        def fresh(name: str) -> str:
            made = new_id(name, taken)
            taken.add(made)
            return made

        rack = fresh(title)
        ids = {self.draft["id"]: rack}
        levels = []
        for level in self.draft[CONF_LEVELS]:
            ids[level["id"]] = fresh(f"{rack} level {level['name']}")
            levels.append({**level, "id": ids[level["id"]]})
        data = {**self.draft, "id": rack, CONF_LEVELS: levels, CONF_BINDINGS: []}
        parts = [Part(type=SubentryType.RACK, title=title, data=data)]
        sources = list(self.draft[CONF_BINDINGS])
        for circuit in circuits:
            name = renamed_title(circuit.title, self.title, title)
            ids[circuit.data["id"]] = fresh(name)
            watered = [ids[level] for level in circuit.data["levels"]]
            data = {
                **circuit.data,
                "id": ids[circuit.data["id"]],
                "levels": watered,
                CONF_BINDINGS: [],
            }
            parts.append(Part(type=SubentryType.CIRCUIT, title=name, data=data))
            sources += circuit.data[CONF_BINDINGS]
        for b in sources:
            ids[b["id"]] = f"{ids[b[CONF_NODE]]}.{b['id'].removeprefix(b[CONF_NODE] + '.')}"
        bound = self._bound()
        found = [made for b in sources if (made := self._counterpart(b, title, ids, bound))]
        return Copy(parts=tuple(parts), bindings=tuple(found), ids=ids)

    def _counterpart(
        self, b: Mapping[str, Any], title: str, ids: Mapping[str, str], bound: set[str]
    ) -> dict[str, Any] | None:
        """A binding of the copy, if the entity exists that is called as the one of the rack."""
        entity_id = er.async_resolve_entity_id(er.async_get(self.hass), b[CONF_ENTITY])
        if entity_id is None:
            return None
        domain, _, name = entity_id.partition(".")
        other = renamed(name, self.title, title)
        entity = f"{domain}.{other}"
        if other is None or entity in bound or not self._is_alike(entity_id, entity):
            return None
        role = Role(b[CONF_ROLE])
        self._binding = {CONF_NODE: ids[b[CONF_NODE]], CONF_ROLE: role.value}
        wanted = {CONF_ENTITY: entity, CONF_ADVANCED: {CONF_UNIT: b.get(CONF_UNIT)}}
        if self._entity_errors(spec(role), wanted)[0]:
            return None
        made = {k: v for k, v in b.items() if k not in _ABILITIES}
        made |= {"id": ids[b["id"]], CONF_NODE: ids[b[CONF_NODE]]}
        made |= {CONF_ENTITY: reference(self.hass, entity)} | what_it_can(self.hass, entity, role)
        words = [made[key] for key in (CONF_ON_OPTION, CONF_OFF_OPTION) if key in made]
        if is_select(entity) and not set(words) <= set(abilities(self.hass, entity).options):
            return None
        bound.add(entity)
        return made

    def _is_alike(self, entity_id: str, other: str) -> bool:
        """Whether two entities state the same unit, as far as both say anything: what a person
        said of the unit of one holds for another of its kind only."""
        states = [self.hass.states.get(key) for key in (entity_id, other)]
        units = {state.attributes.get("unit_of_measurement") for state in states if state}
        return len(units) <= 1

    def _fitting_copies(self, wanted: int, circuits: Iterable[ConfigSubentry]) -> int | None:
        """How many copies there is room for below Home Assistant's limit of entities; None when
        those that are wanted fit, and while nobody knows how many a rack has."""
        entry, registry = self._get_entry(), er.async_get(self.hass)
        enabled = [
            e
            for e in er.async_entries_for_config_entry(registry, entry.entry_id)
            if e.disabled_by is None
        ]
        rack = self._get_reconfigure_subentry()
        own = {rack.subentry_id, *(c.subentry_id for c in circuits)}
        of_rack = sum(e.config_subentry_id in own for e in enabled)
        # Levels that this flow has added have no entities yet.
        grown = len(self.draft[CONF_LEVELS]) / max(1, len(rack.data[CONF_LEVELS]))
        each = ceil(of_rack * max(1.0, grown))
        room = MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY - len(enabled)
        return None if each * wanted <= room else max(0, room // each)

    # -- steps ----------------------------------------------------------------------------------

    async def async_step_copy(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask how many copies, and what they are called."""
        errors: dict[str, str] = {}
        placeholders = {CONF_NAME: self.title}
        circuits = self._circuits()
        if user_input is not None:
            number, pattern = int(user_input[CONF_COUNT]), user_input[CONF_NAME].strip()
            copied = circuits if user_input.get(CONF_CIRCUITS) else []
            used = [self.title, *(title for _, title in self.nodes(SubentryType.RACK))]
            fits = self._fitting_copies(number, copied)
            if not pattern:
                errors = {CONF_NAME: "name_empty"}
            elif NUMBER not in pattern and number > 1:
                errors = {CONF_NAME: "number_missing"}
            elif NUMBER not in pattern and pattern in used:
                errors = {CONF_NAME: "name_taken"}
            elif fits is not None:
                errors = {CONF_COUNT: "too_many_copies"}
                placeholders["fits"] = str(fits)
            else:
                titles = names(pattern, number, used) if NUMBER in pattern else (pattern,)
                own = Part(type=self.type, title=self.title, data=self.draft)
                taken = node_ids([*self.others(), own]) | {self._entry_id, "farm"}
                self._copies = [self._copy(title, taken, copied) for title in titles]
                return await self.async_step_copy_bindings()
        fields: dict[vol.Marker, Any] = {
            vol.Required(CONF_COUNT, default=1): count(),
            vol.Required(CONF_NAME, default=pattern_of(self.title)): TextSelector(),
        }
        if circuits:
            fields[vol.Optional(CONF_CIRCUITS, default=True)] = BooleanSelector()
        return self.async_show_form(
            step_id="copy",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), user_input),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_copy_bindings(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what the copies would be bound to; make them with what a person leaves ticked."""
        labels = dict(self._copy_labels())
        if user_input is not None:
            return await self._async_make(set(user_input.get(CONF_PROPOSALS, ())))
        schema = vol.Schema(
            {
                vol.Optional(CONF_PROPOSALS, default=list(labels)): SelectSelector(
                    SelectSelectorConfig(
                        options=[
                            SelectOptionDict(value=key, label=label)
                            for key, label in labels.items()
                        ],
                        multiple=True,
                        mode=SelectSelectorMode.LIST,
                    )
                )
            }
            if labels
            else {}
        )
        return self.async_show_form(
            step_id="copy_bindings",
            data_schema=schema,
            description_placeholders={
                "racks": ", ".join(copy.parts[0].title for copy in self._copies),
                "open": str(self._asked_for() - len(labels)),
            },
        )

    def _asked_for(self) -> int:
        """How many bindings the copies would have if all their entities existed."""
        points = {b["id"] for b in self._farm_bindings()}
        return sum(len(points.intersection(copy.ids)) for copy in self._copies)

    def _copy_labels(self) -> Iterator[tuple[str, str]]:
        registry = er.async_get(self.hass)
        for copy in self._copies:
            rack = copy.parts[0]
            places = {part.data["id"]: part.title for part in copy.parts}
            places |= {lv["id"]: f"{rack.title} · {lv['name']}" for lv in rack.data[CONF_LEVELS]}
            for b in copy.bindings:
                entity_id = er.async_resolve_entity_id(registry, b[CONF_ENTITY]) or b[CONF_ENTITY]
                state = self.hass.states.get(entity_id)
                role = self.role_name(b[CONF_ROLE])
                yield b["id"], f"{places[b[CONF_NODE]]}: {role} = {entity_id} · {said(state)}"

    async def _async_make(self, ticked: set[str]) -> SubentryFlowResult:
        """Write the rack and its copies; what no longer fits the farm is left out and told."""
        entry = self._get_entry()
        if found := self._all_problems(self.title, self.draft):
            words = await self._async_words()
            return self.async_abort(
                reason="farm_changed",
                description_placeholders={"problems": " ".join(words.sentence(p) for p in found)},
            )
        made = self._usable([part for copy in self._copies for part in _with(copy, ticked)])
        self.hass.config_entries.async_update_subentry(
            entry, self._get_reconfigure_subentry(), title=self.title, data=self.draft
        )
        for part in made:
            self.hass.config_entries.async_add_subentry(
                entry,
                ConfigSubentry(
                    data=MappingProxyType(dict(part.data)),
                    subentry_type=part.type.value,
                    title=part.title,
                    unique_id=unique_id(part.type, part.data["id"]),
                ),
            )
        bound = sum(len(part.data[CONF_BINDINGS]) for part in made)
        wanted = [part for copy in self._copies for part in copy.parts]
        left_out = [part.title for part in wanted if part.data["id"] not in node_ids(made)]
        return self.async_abort(
            reason="copied",
            description_placeholders={
                "racks": ", ".join(p.title for p in made if p.type is SubentryType.RACK) or "–",
                "open": str(self._asked_for() - bound),
                "left_out": ", ".join(left_out) or "–",
            },
        )

    def _usable(self, parts: list[Part]) -> list[Part]:
        """The parts without those, and without those bindings, that would be wrong: a circuit that
        would share its pump without a valve of its own, a pump proved by a meter it has not got."""
        entry, zone = self._get_entry(), self.hass.config.time_zone
        own = Part(type=self.type, title=self.title, data=self.draft)
        farm = [*parts_of(entry, without=self.replaces), own]
        bindings = entry.data.get(CONF_BINDINGS, ())
        before = problems(farm_dict(entry.entry_id, entry.title, zone, farm, bindings))
        while True:
            data = farm_dict(entry.entry_id, entry.title, zone, [*farm, *parts], bindings)
            wrong = {p.node for p in problems(data) if p not in before}
            left = [
                replace(part, data={**part.data, CONF_BINDINGS: _without(part, wrong)})
                for part in parts
                if part.data["id"] not in wrong
            ]
            if left == parts:
                return parts
            parts = left


def renamed_title(title: str, old: str, new: str) -> str:
    """The title of a circuit of a copy: the rack in it is that one, else that one is named."""
    at = title.find(old)
    return f"{title[:at]}{new}{title[at + len(old) :]}" if at >= 0 else f"{title} · {new}"


def _without(part: Part, wrong: set[str]) -> list[Mapping[str, Any]]:
    return [b for b in part.data[CONF_BINDINGS] if b["id"] not in wrong]


def _with(copy: Copy, ticked: set[str]) -> Iterator[Part]:
    """The parts of a copy with the bindings that are ticked."""
    kept = [b for b in copy.bindings if b["id"] in ticked]
    known = {b["id"] for b in kept}
    for part in copy.parts:
        nodes = {part.data["id"], *(lv["id"] for lv in _levels(part))}
        own = [_referring(b, copy.ids, known) for b in kept if b[CONF_NODE] in nodes]
        yield replace(part, data={**part.data, CONF_BINDINGS: own})


def _levels(part: Part) -> Iterable[Mapping[str, Any]]:
    levels: Iterable[Mapping[str, Any]] = part.data[CONF_LEVELS]
    return levels if part.type is SubentryType.RACK else ()


def _referring(b: Mapping[str, Any], ids: Mapping[str, str], known: set[str]) -> Mapping[str, Any]:
    """A binding whose declaration names the bindings of the copy, where the rack's names those of
    the rack; what the copy has not got is not named."""
    declared = b.get(CONF_DECLARATION)
    if declared is None:
        return b
    named = dict(declared)
    for key in _REFERENCES:
        if named.get(key) in ids:
            named[key] = ids[named[key]]
            if named[key] not in known:
                del named[key]
    return {**b, CONF_DECLARATION: named}
