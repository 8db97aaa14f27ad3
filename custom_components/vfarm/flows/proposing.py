"""The step that proposes what could be bound: a person looks through it and says what is right."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from vfarm_core.devices.presets.preset import Found, find_all, hints
from vfarm_core.farm.candidates import Candidate, Hint, Place, Proposal, Spot, propose, reasons
from vfarm_core.farm.roles import Role, spec

from ..const import CONF_BINDINGS, SubentryType
from ..farm_data import Part
from ..modbus.hints import async_hints
from .bindable import CONF_ENTITY, CONF_ROLE
from .binding import CONF_ADVANCED, CONF_LEVELS, CONF_NODE, BindingSteps
from .known import candidates
from .readable import reference

CONF_PROPOSALS = "proposals"


def places(own: Part, others: Iterable[Part], near: Mapping[str, frozenset[str]]) -> list[Place]:
    """Where the nodes of a part are among the other parts of the farm. `near` are the devices
    that are bound at a node already."""
    known = list(others)

    def of(kind: SubentryType) -> list[Part]:
        return [part for part in known if part.type is kind]

    def spots(parts: Iterable[Part]) -> tuple[Spot, ...]:
        return tuple(Spot(part.type.value, part.title) for part in parts)

    spot, id_ = Spot(own.type.value, own.title), own.data["id"]
    beside, within, apart, above = spots(of(own.type)), _NO_SPOTS, _NO_SPOTS, _NO_SPOTS
    if own.type is SubentryType.ZONE:
        racks = of(SubentryType.RACK)
        within = spots(rack for rack in racks if rack.data["zone"] == id_)
        apart = spots(rack for rack in racks if rack.data["zone"] != id_)
    if (hangs := _HANGS_ON.get(own.type)) is not None:
        kind, key = hangs
        above = spots(part for part in of(kind) if part.data["id"] == own.data[key])
        beside += spots(part for part in of(kind) if part.data["id"] != own.data[key])
    told = {*beside, *within, *apart, *above}
    rest = tuple(s for s in spots(known) if s not in told and s.kind != SubentryType.SUPPLY)
    if own.type is not SubentryType.RACK:
        return [
            Place(
                id=id_,
                spot=spot,
                above=above,
                others=beside,
                within=within,
                apart=apart,
                rest=rest,
                near=near.get(id_, frozenset()),
            )
        ]
    levels = own.data["levels"]
    return [
        Place(
            id=level["id"],
            spot=Spot("level", level["name"]),
            above=(spot, *above),
            others=(
                *(Spot("level", other["name"]) for other in levels if other is not level),
                *beside,
            ),
            rest=rest,
            near=near.get(level["id"], frozenset()),
        )
        for level in levels
    ]


_NO_SPOTS: tuple[Spot, ...] = ()
#: What a part hangs on, and the key of its data that names it.
_HANGS_ON = {
    SubentryType.RACK: (SubentryType.ZONE, "zone"),
    SubentryType.PUMP: (SubentryType.RESERVOIR, "reservoir"),
    SubentryType.CIRCUIT: (SubentryType.PUMP, "pump"),
}


def said(state: State | None) -> str:
    """What an entity says now, with its unit."""
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return "–"
    unit = state.attributes.get("unit_of_measurement")
    return f"{state.state} {unit}" if unit else state.state


class ProposalSteps(BindingSteps):
    """Steps that bind several of the proposed entities at once."""

    def __init__(self) -> None:
        """Begin with nothing to declare."""
        super().__init__()
        #: Confirmed devices that still have to be declared, and numbers of which a person has to
        #: say how they are read, one after the other.
        self._undeclared: list[tuple[str, Role, str]] = []
        #: Why each of the proposals is one, in words.
        self._whys: dict[str, str] = {}

    @abstractmethod
    def others(self) -> list[Part]:
        """The rest of the farm."""

    @override
    def binding_menu(self) -> list[str]:
        menu = super().binding_menu()
        return ["propose", *menu] if menu else []

    # -- what is proposed -----------------------------------------------------------------------

    def _places(self) -> list[Place]:
        registry = er.async_get(self.hass)
        near: dict[str, set[str]] = {}
        for b in self.draft[CONF_BINDINGS]:
            entry = registry.async_get(b[CONF_ENTITY])
            if entry is not None and entry.device_id is not None:
                near.setdefault(b[CONF_NODE], set()).add(entry.device_id)
        own = Part(type=self.type, title=self.title, data=self.draft)
        return places(own, self.others(), {node: frozenset(ids) for node, ids in near.items()})

    def _bound_entities(self) -> set[str]:
        registry = er.async_get(self.hass)
        kept = (b[CONF_ENTITY] for b in self._farm_bindings())
        return {er.async_resolve_entity_id(registry, entity) or entity for entity in kept}

    def proposals(self) -> list[Proposal]:
        """What could be bound to the roles that have nothing yet."""
        bound = [(b[CONF_NODE], Role(b[CONF_ROLE])) for b in self.draft[CONF_BINDINGS]]
        roles = self.roles()
        every = candidates(self.hass, self._bound_entities())
        known = find_all(self.presets.known.values(), every)
        where = self._places()
        found = propose([(p, roles) for p in where], every, bound, self._hints(known))
        self._whys = self._reasons(found, where, every)
        return [p for p in found if self._can_be(p.node, p.role, p.entity)]

    def _hints(self, known: Mapping[str, Found]) -> Mapping[str, Hint]:
        """What is known of entities because of their devices: by presets and by profiles."""
        return {**hints(known), **async_hints(self.hass)}

    def _reasons(
        self, found: Iterable[Proposal], where: Iterable[Place], every: Iterable[Candidate]
    ) -> dict[str, str]:
        """Why each of the proposals is one, in words."""
        spots, entities = {p.id: p for p in where}, {c.id: c for c in every}
        known = self._hints(find_all(self.presets.known.values(), entities.values()))
        return {
            _key(p): self.presets.why(
                reasons(spots[p.node], p.role, entities[p.entity], known.get(p.entity))
            )
            for p in found
        }

    @override
    def fitting(self, node: str, role: Role) -> list[str]:
        own = self._bound_entities()
        here = [(place, [role]) for place in self._places() if place.id == node]
        every = candidates(self.hass, own)
        known = find_all(self.presets.known.values(), every)
        return [p.entity for p in propose(here, every, hints=self._hints(known))]

    def _can_be(self, node: str, role: Role, entity_id: str) -> bool:
        """Whether nothing but a declaration keeps an entity from being bound."""
        before, self._binding = self._binding, {CONF_NODE: node, CONF_ROLE: role.value}
        suggested = {CONF_ADVANCED: self._reading_of(role, entity_id)}
        errors, _ = self._entity_errors(spec(role), {CONF_ENTITY: entity_id, **suggested})
        self._binding = before
        return not errors

    def _label(self, proposal: Proposal) -> str:
        names = dict(self._nodes())
        where = f"{names[proposal.node]}: " if proposal.node in names else ""
        state = self.hass.states.get(proposal.entity)
        name = state.name if state is not None else proposal.entity
        role = self.role_name(proposal.role.value)
        label = f"{where}{role} = {name} · {proposal.entity} · {said(state)}"
        why = self._whys.get(_key(proposal))
        return f"{label} ({why})" if why else label

    def _needs_person(self, proposal: Proposal) -> bool:
        """Whether a person has to say more of it than that it is right: a device is declared, and
        how a number is read is confirmed where a preset only suggests it."""
        return spec(proposal.role).is_actuator or bool(
            self._reading_of(proposal.role, proposal.entity)
        )

    def _to_look_at(self, found: Iterable[Proposal]) -> str:
        """What to look at of all that is proposed, as Markdown; an entity once."""
        known = {p.entity: self.presets.before(self.hass, p.entity, p.role) for p in found}
        return "\n\n".join(text for text in known.values() if text)

    # -- steps ----------------------------------------------------------------------------------

    async def async_step_propose(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what fits, with what it says now; bind what a person leaves ticked."""
        found = {_key(p): p for p in self.proposals()}
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            chosen = [found[key] for key in user_input.get(CONF_PROPOSALS, ()) if key in found]
            before = self.draft
            for proposal in chosen:
                if self._needs_person(proposal):
                    continue
                self._take(proposal.node, proposal.role)
                binding = self._with_entity({CONF_ENTITY: proposal.entity})
                errors, placeholders = await self._async_commit(binding)
                if errors:
                    self.draft = before
                    break
            else:
                self._undeclared = [
                    (p.node, p.role, p.entity) for p in chosen if self._needs_person(p)
                ]
                return await self.async_bound()
        elif not found:
            errors = {"base": "nothing_proposed"}
        sure = [key for key, proposal in found.items() if proposal.sure]
        options = [SelectOptionDict(value=k, label=self._label(p)) for k, p in found.items()]
        schema = vol.Schema(
            {
                vol.Optional(CONF_PROPOSALS, default=sure): SelectSelector(
                    SelectSelectorConfig(
                        options=options, multiple=True, mode=SelectSelectorMode.LIST
                    )
                )
            }
            if options
            else {}
        )
        return self.async_show_form(
            step_id="propose",
            data_schema=schema,
            errors=errors,
            description_placeholders={
                "checks": self._to_look_at(found.values()),
                **placeholders,
            },
        )

    def _take(self, node: str, role: Role) -> None:
        self._binding = {CONF_NODE: node, CONF_ROLE: role.value}
        self._any_domain, self._looked = False, None

    @override
    async def async_bound(self) -> SubentryFlowResult:
        if not self._undeclared:
            return await super().async_bound()
        node, role, entity_id = self._undeclared.pop(0)
        self._take(node, role)
        if not spec(role).is_actuator:
            self._any_domain = True
            self._binding[CONF_ENTITY] = reference(self.hass, entity_id)
            return await self.async_step_entity()
        advanced = {CONF_LEVELS: True} if spec(role).levels else {}
        self._binding = self._with_entity({CONF_ENTITY: entity_id, CONF_ADVANCED: advanced})
        return await self.async_step_declaration()


def _key(proposal: Proposal) -> str:
    return f"{proposal.node} {proposal.role} {proposal.entity}"
