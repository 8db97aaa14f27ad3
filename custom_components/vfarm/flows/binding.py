"""The steps that bind an entity to a role of a node, and declare an actuator."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import voluptuous as vol
from homeassistant.config_entries import SubentryFlowContext, SubentryFlowResult
from homeassistant.data_entry_flow import FlowHandler, section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from vfarm_core.farm.bindings import Danger, OnLoss, OnNoReading, Proof, binding_id
from vfarm_core.farm.build import Problem
from vfarm_core.farm.checks.declarations import DEGRADABLE
from vfarm_core.farm.roles import (
    CHECKED_DAYS,
    COMPENSATED,
    DOSING,
    SPECS,
    Role,
    RoleKind,
    RoleSpec,
    spec,
)
from vfarm_core.farm.units import CONVERSIONS

from ..const import CONF_BINDINGS, SubentryType
from ..entity_values import (
    abilities,
    has_levels,
    is_number,
    is_select,
    own_words,
    setting_unit,
    why_not,
)
from ..farm_data import parts_of
from .bindable import (
    CONF_ENTITY,
    CONF_OFF_OPTION,
    CONF_ON_OPTION,
    CONF_ROLE,
    drives,
    driving_farm,
    what_it_can,
    why_no_contact,
)
from .known import Presets
from .numbers import FiniteNumberSelector, box
from .readable import reference, why_not_bound, why_not_read

CONF_NODE = "node"
CONF_ANY_DOMAIN = "any_domain"
CONF_ADVANCED = "advanced"
CONF_UNIT = "unit"
CONF_SCALE = "scale"
CONF_OFFSET = "offset"
CONF_INVERT = "invert"
CONF_COMPENSATED = "compensated"
CONF_CHECK_DAYS = "check_days"
CONF_LEVELS = "levels"
CONF_BINDING = "binding"
CONF_DECLARATION = "declaration"
CONF_DANGER = "danger"
CONF_PROOF = "proof"
CONF_ISOLATION = "isolation"
CONF_PROVED_BY = "proved_by"
CONF_METERED_BY = "metered_by"
CONF_DOSING = "dosing"

CONF_ON_NO_READING = "on_no_reading"
CONF_NO_READING = "no_reading"
#: The choice of a device that goes into its safe state without its reading.
SAFE = "safe"
#: The times of a device without its reading, as the core names them, and the fields of the form.
_TIMES = ("limit_s", "on_s", "off_s")
_NO_READING = (CONF_NO_READING, *(f"{CONF_NO_READING}_{key}" for key in _TIMES))

_SECONDS = ("min_on_s", "min_off_s", "max_on_s", "max_off_s", "daily_cap_s", "deadline_s")
#: The limits of a dosing pump, in mL, and what its stock does.
_DOSING = ("max_dose_ml", "max_hour_ml", "max_day_ml", "max_tank_ml", "effect_per_ml_l")
#: What the fields of a reading are before anybody has said anything.
_UNSAID: Mapping[str, Any] = {CONF_SCALE: 1.0, CONF_OFFSET: 0.0, CONF_COMPENSATED: True}
#: Roles whose reading can be a feedback.
_SHOWS = frozenset({Role.FEEDBACK, Role.FLOW, Role.POWER})


def _no_reading_shown(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is stored of a device without its reading, as the form has it."""
    if not stored:
        return {}
    times = {f"{CONF_NO_READING}_{key}": stored[key] for key in _TIMES if stored.get(key)}
    return {CONF_NO_READING: stored["mode"], **times}


def _select(options: list[str], key: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(options=options, translation_key=key, mode=SelectSelectorMode.DROPDOWN)
    )


def _seconds() -> FiniteNumberSelector:
    return box("s")


class BindingSteps(FlowHandler[SubentryFlowContext, SubentryFlowResult, tuple[str, str]]):
    """Steps that add, change and remove bindings of the draft of a node."""

    type: ClassVar[SubentryType]
    title: str
    draft: dict[str, Any]
    #: What roles are called in the reader's language, once a step has asked.
    role_names: Mapping[str, str]
    #: What is known of devices, once a step has asked.
    presets: Presets

    def __init__(self) -> None:
        """Begin with no binding in hand."""
        self._binding: dict[str, Any] = {}
        self._any_domain = False
        #: The entity of which the form has shown what to look at.
        self._looked: str | None = None
        self.role_names = {}
        self.presets = Presets()

    @abstractmethod
    def problems(self, title: str, draft: Mapping[str, Any]) -> tuple[Problem, ...]:
        """What would be wrong with the farm because of a draft."""

    @abstractmethod
    async def async_errors(
        self, found: Iterable[Problem], fields: Iterable[str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Problems as the errors and placeholders of a form."""

    @abstractmethod
    async def async_step_menu(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """What to do next with the draft."""

    def _farm_bindings(self) -> list[Mapping[str, Any]]:
        """Every binding of the farm, the draft's included."""
        own = {b["id"] for b in self.draft[CONF_BINDINGS]}
        entry = self._get_entry()  # type: ignore[attr-defined]
        stored = [b for part in parts_of(entry) for b in part.data.get(CONF_BINDINGS, ())]
        return [*(b for b in stored if b["id"] not in own), *self.draft[CONF_BINDINGS]]

    @abstractmethod
    def fitting(self, node: str, role: Role) -> list[str]:
        """Entities that could have a role of a node, best first. A hint, never a choice."""

    async def async_bound(self) -> SubentryFlowResult:
        """Go on when a binding is in the draft."""
        return await self.async_step_menu()

    # -- menu -----------------------------------------------------------------------------------

    def roles(self) -> list[Role]:
        """The roles the node, or its levels, can have."""
        kind = "level" if self.type is SubentryType.RACK else str(self.type)
        return [role for role, facts in SPECS.items() if kind in facts.nodes]

    def binding_menu(self) -> list[str]:
        """The steps of the menu that are about bindings."""
        if not self.roles():
            return []
        more = ["change_binding", "remove_binding"] if self.draft[CONF_BINDINGS] else []
        return ["add_binding", *more]

    def bindings_text(self) -> str:
        """The bindings of the draft as lines of Markdown."""
        return "\n".join(f"- {label}" for _, label in self._labels()) or "–"

    def _labels(self) -> list[tuple[str, str]]:
        """Id and words of the bindings of the draft. An entity goes by its name, which a narrow
        screen can break; by its id where it has none now."""
        registry = er.async_get(self.hass)
        names = dict(self._nodes())
        labels = []
        for b in self.draft[CONF_BINDINGS]:
            entity_id = er.async_resolve_entity_id(registry, b[CONF_ENTITY])
            state = self.hass.states.get(entity_id) if entity_id else None
            where = f"{names[b[CONF_NODE]]}: " if b[CONF_NODE] in names else ""
            said = state.name if state is not None else entity_id or "?"
            labels.append((b["id"], f"{where}{self.role_name(b[CONF_ROLE])} = {said}"))
        return labels

    def role_name(self, role: str) -> str:
        """What a role is called in the reader's language."""
        return self.role_names.get(role, role)

    def _of_farm(self, bindings: Iterable[Mapping[str, Any]]) -> SelectSelector:
        """A choice among bindings of the whole farm, with the node that each belongs to."""
        entry = self._get_entry()  # type: ignore[attr-defined]
        names: dict[str, str] = {}
        for part in parts_of(entry):
            names[part.data["id"]] = part.title
            levels = part.data["levels"] if part.type is SubentryType.RACK else ()
            names |= {level["id"]: f"{part.title} · {level['name']}" for level in levels}
        names[self.draft["id"]] = self.title
        options = [
            SelectOptionDict(
                value=b["id"],
                label=f"{names.get(b[CONF_NODE], b[CONF_NODE])}: {self.role_name(b[CONF_ROLE])}",
            )
            for b in bindings
        ]
        return SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
        )

    def _nodes(self) -> list[tuple[str, str]]:
        """Id and name of the levels a rack's bindings belong to."""
        return [
            (level["id"], level["name"])
            for level in self.draft.get("levels", ())
            if self.type is SubentryType.RACK
        ]

    # -- choosing -------------------------------------------------------------------------------

    async def async_step_add_binding(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what the new entity means, and for which level."""
        if user_input is not None:
            node = user_input.get(CONF_NODE, self.draft["id"])
            self._binding = {CONF_NODE: node, CONF_ROLE: user_input[CONF_ROLE]}
            self._any_domain, self._looked = False, None
            return await self.async_step_entity()
        fields: dict[vol.Marker, Any] = {}
        if nodes := self._nodes():
            fields[vol.Required(CONF_NODE)] = SelectSelector(
                SelectSelectorConfig(
                    options=[SelectOptionDict(value=i, label=name) for i, name in nodes],
                    mode=SelectSelectorMode.DROPDOWN,
                )
            )
        fields[vol.Required(CONF_ROLE)] = _select([r.value for r in self.roles()], CONF_ROLE)
        return self.async_show_form(step_id="add_binding", data_schema=vol.Schema(fields))

    async def async_step_change_binding(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which binding to change."""
        if user_input is not None:
            chosen = user_input[CONF_BINDING]
            self._binding = next(dict(b) for b in self.draft[CONF_BINDINGS] if b["id"] == chosen)
            self._any_domain = True
            # What it is bound to was looked at then.
            self._looked = self._entity_id()
            return await self.async_step_entity()
        return self.async_show_form(step_id="change_binding", data_schema=self._which())

    async def async_step_remove_binding(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which binding to remove."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            chosen = user_input[CONF_BINDING]
            left = [b for b in self.draft[CONF_BINDINGS] if b["id"] != chosen]
            draft = {**self.draft, CONF_BINDINGS: left}
            errors, placeholders = await self.async_errors(self.problems(self.title, draft), ())
            if not errors:
                self.draft = draft
                return await self.async_step_menu()
        return self.async_show_form(
            step_id="remove_binding",
            data_schema=self._which(),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _which(self) -> vol.Schema:
        return vol.Schema(
            {
                vol.Required(CONF_BINDING): SelectSelector(
                    SelectSelectorConfig(
                        options=[
                            SelectOptionDict(value=value, label=label)
                            for value, label in self._labels()
                        ],
                        mode=SelectSelectorMode.LIST,
                    )
                )
            }
        )

    # -- the entity -----------------------------------------------------------------------------

    async def async_step_entity(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the entity, and how to read it."""
        role = Role(self._binding[CONF_ROLE])
        facts = spec(role)
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            if (
                user_input.get(CONF_ANY_DOMAIN)
                and not self._any_domain
                and (CONF_ENTITY not in user_input)
            ):
                self._any_domain = True
                user_input = None
            else:
                errors, placeholders = self._entity_errors(facts, user_input)
                if not errors and not self._is_new(role, user_input[CONF_ENTITY]):
                    binding = self._with_entity(user_input)
                    if facts.is_actuator:
                        self._binding = binding
                        if is_select(user_input[CONF_ENTITY]):
                            return await self.async_step_options()
                        return await self.async_step_declaration()
                    errors, placeholders = await self._async_commit(binding)
                    if not errors:
                        return await self.async_bound()
        shown = self._suggested(role, user_input or self._shown_entity())
        checks = self.presets.before(self.hass, shown.get(CONF_ENTITY), role)
        schema = self._entity_schema(facts, folded=not checks)
        fitting = self.fitting(self._binding[CONF_NODE], role)
        return self.async_show_form(
            step_id="entity",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={
                CONF_ROLE: self.role_name(role),
                CONF_UNIT: facts.unit or "–",
                "suggestions": ", ".join(fitting) or "–",
                "checks": checks,
                **placeholders,
            },
        )

    def _is_new(self, role: Role, entity_id: str) -> bool:
        """Whether a reading has something to look at that its person has not seen yet: that of a
        device is in the form of its declaration."""
        if spec(role).is_actuator or entity_id == self._looked:
            return False
        found = self.presets.find(self.hass, entity_id)
        return found is not None and bool(found.checks(role))

    def _suggested(self, role: Role, shown: dict[str, Any]) -> dict[str, Any]:
        """What a form shows, with what is known of an entity that it shows for the first time. What
        a person has said stays."""
        entity_id = shown.get(CONF_ENTITY)
        if entity_id is None or entity_id == self._looked:
            return shown
        self._looked = entity_id
        reading = self._reading_of(role, entity_id)
        said = {
            key: value
            for key, value in shown.get(CONF_ADVANCED, {}).items()
            if key not in reading or value not in (None, "", _UNSAID.get(key))
        }
        return {**shown, CONF_ADVANCED: {**reading, **said}}

    def _reading_of(self, role: Role, entity_id: str) -> dict[str, Any]:
        """How a preset suggests to read an entity, as the form has it."""
        found = self.presets.find(self.hass, entity_id)
        state = self.hass.states.get(entity_id)
        if found is None or state is None:
            return {}
        return found.reading(role, state.attributes.get("unit_of_measurement"))

    def _entity_schema(self, facts: RoleSpec, *, folded: bool = True) -> vol.Schema:
        config = EntitySelectorConfig()
        fields: dict[vol.Marker, Any] = {}
        if facts.domains and not self._any_domain:
            config["filter"] = EntityWithDeviceFilterSelectorConfig(domain=list(facts.domains))
        fields[vol.Optional(CONF_ENTITY)] = EntitySelector(config)
        if not self._any_domain:
            fields[vol.Optional(CONF_ANY_DOMAIN, default=False)] = BooleanSelector()
        advanced: dict[vol.Marker, Any] = {}
        if facts.kind is RoleKind.MEASURE:
            advanced[vol.Optional(CONF_UNIT)] = SelectSelector(
                SelectSelectorConfig(
                    options=[unit for unit in CONVERSIONS[facts.unit] if unit],
                    custom_value=True,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            )
            advanced[vol.Optional(CONF_SCALE, default=1.0)] = box()
            advanced[vol.Optional(CONF_OFFSET, default=0.0)] = box()
            role = Role(self._binding[CONF_ROLE])
            if role in COMPENSATED:
                advanced[vol.Optional(CONF_COMPENSATED, default=True)] = BooleanSelector()
            if role in CHECKED_DAYS:
                advanced[vol.Optional(CONF_CHECK_DAYS)] = box("d")
        else:
            advanced[vol.Optional(CONF_INVERT, default=False)] = BooleanSelector()
            if facts.levels:
                advanced[vol.Optional(CONF_LEVELS, default=True)] = BooleanSelector()
        fields[vol.Optional(CONF_ADVANCED)] = section(vol.Schema(advanced), {"collapsed": folded})
        return vol.Schema(fields)

    def _shown_entity(self) -> dict[str, Any]:
        if CONF_ENTITY not in self._binding:
            return {}
        registry = er.async_get(self.hass)
        entity_id = er.async_resolve_entity_id(registry, self._binding[CONF_ENTITY])
        keys = (
            *(CONF_UNIT, CONF_SCALE, CONF_OFFSET, CONF_INVERT, CONF_COMPENSATED),
            CONF_CHECK_DAYS,
        )
        advanced = {key: self._binding[key] for key in keys if key in self._binding}
        if spec(Role(self._binding[CONF_ROLE])).levels:
            # What was bound before there were levels stays as it is until somebody asks for them.
            advanced[CONF_LEVELS] = self._binding.get(CONF_LEVELS, False)
        shown: dict[str, Any] = {CONF_ADVANCED: advanced}
        return {CONF_ENTITY: entity_id, **shown} if entity_id else shown

    def _entity_errors(
        self, facts: RoleSpec, user_input: Mapping[str, Any]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """What is wrong with the chosen entity that the core cannot see."""
        entity_id = user_input.get(CONF_ENTITY)
        if not entity_id:
            return {CONF_ENTITY: "entity_needed"}, {}
        if (wrong := why_not_bound(self.hass, entity_id)) is not None:
            return {CONF_ENTITY: wrong[0]}, dict(wrong[1])
        if self._bound_already(entity_id):
            return {CONF_ENTITY: "already_bound"}, {"entity": entity_id}
        if facts.kind is RoleKind.MEASURE:
            return self._reading_errors(entity_id, user_input)
        if facts.kind is RoleKind.CONTACT:
            contact = why_no_contact(self.hass, entity_id, Role(self._binding[CONF_ROLE]))
            return ({CONF_ENTITY: contact[0]}, dict(contact[1])) if contact else ({}, {})
        if (found := why_not(self.hass, entity_id, Role(self._binding[CONF_ROLE]))) is not None:
            return {CONF_ENTITY: found[0]}, found[1]
        if is_select(entity_id) and self._driven_elsewhere(entity_id):
            return {CONF_ENTITY: "entity_driven_twice"}, {"entity": entity_id}
        entry = self._get_entry()  # type: ignore[attr-defined]
        if (farm := driving_farm(self.hass, entry, entity_id)) is not None:
            return {CONF_ENTITY: "driven_by_other_farm"}, {"entity": entity_id, "farm": farm}
        return {}, {}

    def _driven_elsewhere(self, entity_id: str) -> bool:
        others = (b for b in self._farm_bindings() if b["id"] != self._binding.get("id"))
        return drives(self.hass, others, entity_id)

    def _bound_already(self, entity_id: str) -> bool:
        kept = reference(self.hass, entity_id)
        return any(
            b[CONF_ENTITY] in (kept, entity_id)
            and (b[CONF_NODE], b[CONF_ROLE]) == (self._binding[CONF_NODE], self._binding[CONF_ROLE])
            and b["id"] != self._binding.get("id")
            for b in self.draft[CONF_BINDINGS]
        )

    def _reading_errors(
        self, entity_id: str, user_input: Mapping[str, Any]
    ) -> tuple[dict[str, str], dict[str, str]]:
        override = user_input.get(CONF_ADVANCED, {}).get(CONF_UNIT)
        wrong = why_not_read(self.hass, entity_id, Role(self._binding[CONF_ROLE]), override)
        if wrong is None:
            return {}, {}
        key, params = wrong
        # A unit that a person chose is wrong in a field that is folded away.
        about_unit = bool(override) and key != "not_numeric"
        if "role" in params:
            params = {**params, "role": self.role_name(params["role"])}
        return {"base" if about_unit else CONF_ENTITY: key}, dict(params)

    def _with_entity(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        binding = dict(self._binding)
        kept = reference(self.hass, user_input[CONF_ENTITY])
        same = binding.get(CONF_ENTITY) == kept and is_select(user_input[CONF_ENTITY])
        for key in (
            *(CONF_UNIT, CONF_SCALE, CONF_OFFSET, CONF_INVERT, CONF_COMPENSATED),
            *(CONF_CHECK_DAYS, "step"),
        ):
            binding.pop(key, None)
        if not same:
            binding.pop(CONF_ON_OPTION, None)
            binding.pop(CONF_OFF_OPTION, None)
        binding[CONF_ENTITY] = kept
        role = Role(self._binding[CONF_ROLE])
        binding |= what_it_can(self.hass, user_input[CONF_ENTITY], role)
        advanced = dict(user_input.get(CONF_ADVANCED, {}))
        levels = advanced.pop(CONF_LEVELS, False)
        binding.pop(CONF_LEVELS, None)
        if levels and has_levels(self.hass, user_input[CONF_ENTITY]):
            binding[CONF_LEVELS] = True
        binding |= {key: value for key, value in advanced.items() if value not in (None, "")}
        if "id" not in binding:
            taken = {b["id"] for b in self._farm_bindings()}
            number = 1
            while (made := binding_id(binding[CONF_NODE], role, number)) in taken:
                number += 1
            binding["id"] = made
        return binding

    # -- the options of a select ----------------------------------------------------------------

    async def async_step_options(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which of an entity's options mean off and on: they are never guessed."""
        entity_id = self._entity_id()
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_ON_OPTION] == user_input[CONF_OFF_OPTION]:
                errors = {CONF_ON_OPTION: "same_options"}
                placeholders = {"option": user_input[CONF_ON_OPTION]}
            else:
                self._binding |= user_input
                return await self.async_step_declaration()
        off, on = own_words(self.hass, entity_id, Role(self._binding[CONF_ROLE]))
        likely = {CONF_OFF_OPTION: off, CONF_ON_OPTION: on}
        kept = {key: self._binding[key] for key in likely if key in self._binding}
        shown = user_input or {**{k: v for k, v in likely.items() if v is not None}, **kept}
        options = abilities(self.hass, entity_id).options
        chooser = SelectSelector(
            SelectSelectorConfig(
                options=options,
                # An entity that is away may not say what its options are.
                custom_value=not options,
                mode=SelectSelectorMode.DROPDOWN,
            )
        )
        schema = vol.Schema(
            {vol.Required(CONF_OFF_OPTION): chooser, vol.Required(CONF_ON_OPTION): chooser}
        )
        return self.async_show_form(
            step_id="options",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={
                "entity": entity_id,
                CONF_ROLE: self.role_name(self._binding[CONF_ROLE]),
                **placeholders,
            },
        )

    async def _async_commit(self, binding: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Put a binding into the draft, unless the core finds something wrong with it."""
        bindings = [dict(b) for b in self.draft[CONF_BINDINGS]]
        for index, other in enumerate(bindings):
            if other["id"] == binding["id"]:
                bindings[index] = binding
                break
        else:
            bindings.append(binding)
        draft = {**self.draft, CONF_BINDINGS: bindings}
        found = self.problems(self.title, draft)
        errors, placeholders = await self.async_errors(found, (*_SECONDS, *_DOSING))
        if not errors:
            self.draft = draft
        return errors, placeholders

    # -- the declaration ------------------------------------------------------------------------

    async def async_step_declaration(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what the actuator may do. There is no default for its danger: nobody guesses it."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            declaration = {k: v for k, v in user_input.items() if v not in (None, "")}
            # The safe state is the one that is not dangerous; off when neither is.
            declaration["safe_on"] = declaration[CONF_DANGER] == Danger.OFF
            dosing = {key: declaration.pop(key) for key in _DOSING if key in declaration}
            if dosing:
                declaration[CONF_DOSING] = {**dict.fromkeys(_DOSING[:4], 0.0), **dosing}
            without = {key: declaration.pop(key) for key in _NO_READING if key in declaration}
            if (mode := without.get(CONF_NO_READING, SAFE)) != SAFE:
                times = {key: without.get(f"{CONF_NO_READING}_{key}", 0.0) for key in _TIMES}
                declaration[CONF_ON_NO_READING] = {"mode": mode, **times}
            binding = {**self._binding, CONF_DECLARATION: declaration}
            entity_id = self._entity_id()
            unit = setting_unit(self.hass, entity_id)
            if declaration[CONF_PROOF] == Proof.PULSE and not is_number(entity_id):
                errors = {CONF_PROOF: "pulse_needs_number"}
            elif declaration[CONF_PROOF] != Proof.PULSE and unit is not None:
                # Written its highest value it would run for so long, whatever comes after.
                errors = {CONF_PROOF: "number_is_setting"}
                placeholders = {"entity": entity_id, "unit": unit}
            else:
                errors, placeholders = await self._async_commit(binding)
            if not errors:
                return await self.async_bound()
        role, entity_id = Role(self._binding[CONF_ROLE]), self._entity_id()
        found = self.presets.find(self.hass, entity_id)
        declared = self._binding.get(CONF_DECLARATION)
        if declared is None:
            declared = found.declaration(role) if found is not None else {}
        shown = user_input or {
            **declared,
            **(declared.get(CONF_DOSING) or {}),
            **_no_reading_shown(declared.get(CONF_ON_NO_READING)),
        }
        return self.async_show_form(
            step_id="declaration",
            data_schema=self.add_suggested_values_to_schema(self._declaration_schema(), shown),
            errors=errors,
            description_placeholders={
                CONF_ROLE: self._in_hand(),
                "checks": self.presets.before(self.hass, entity_id, role),
                **placeholders,
            },
        )

    def _entity_id(self) -> str:
        """The entity of the binding in hand, under its name of now."""
        kept: str = self._binding[CONF_ENTITY]
        return er.async_resolve_entity_id(er.async_get(self.hass), kept) or kept

    def _in_hand(self) -> str:
        """The binding in hand in words: several may be declared one after the other."""
        where = dict(self._nodes()).get(self._binding[CONF_NODE])
        state = self.hass.states.get(self._entity_id())
        role = self.role_name(self._binding[CONF_ROLE])
        said = f"{role} = {state.name}" if state is not None else role
        return f"{where}: {said}" if where else said

    def _dosing_fields(self) -> dict[vol.Marker, Any]:
        role = Role(self._binding[CONF_ROLE])
        if role not in DOSING:
            return {}
        by_ph = role in (Role.DOSING_PUMP_PH_DOWN, Role.DOSING_PUMP_PH_UP)
        return {
            **{vol.Required(key): box("mL") for key in _DOSING[:4]},
            vol.Optional(_DOSING[4]): box("pH" if by_ph else "mS/cm"),
        }

    def _declaration_schema(self) -> vol.Schema:
        losses = [loss.value for loss in OnLoss]
        unknown = OnLoss.UNKNOWN.value
        fields: dict[vol.Marker, Any] = {
            vol.Required(CONF_DANGER): _select([d.value for d in Danger], CONF_DANGER),
            vol.Optional("max_on_s"): _seconds(),
            vol.Optional("max_off_s"): _seconds(),
            vol.Optional("min_on_s", default=0.0): _seconds(),
            vol.Optional("min_off_s", default=0.0): _seconds(),
            vol.Optional("daily_cap_s"): _seconds(),
            vol.Required("on_power_loss", default=unknown): _select(losses, "on_loss"),
            vol.Required("on_control_loss", default=unknown): _select(losses, "on_loss"),
            vol.Required(CONF_PROOF): _select([p.value for p in Proof], CONF_PROOF),
            vol.Required("deadline_s", default=10.0): _seconds(),
            vol.Optional("rating_w"): box("W"),
        }
        fields |= self._dosing_fields()
        role = Role(self._binding[CONF_ROLE])
        if role is Role.IRRIGATION_PUMP:
            fields[vol.Optional("survives_dry_run", default=False)] = BooleanSelector()
        if role in DEGRADABLE:
            modes = [SAFE, *(mode.value for mode in OnNoReading)]
            fields[vol.Optional(CONF_NO_READING, default=SAFE)] = _select(modes, CONF_NO_READING)
            fields |= {vol.Optional(key): _seconds() for key in _NO_READING[1:]}
        shows = [
            b
            for b in self._farm_bindings()
            if b[CONF_NODE] == self._binding[CONF_NODE] and Role(b[CONF_ROLE]) in _SHOWS
        ]
        if shows:
            fields[vol.Optional(CONF_PROVED_BY)] = self._of_farm(shows)
        meters = [b for b in shows if Role(b[CONF_ROLE]) is Role.POWER]
        if meters:
            fields[vol.Optional(CONF_METERED_BY)] = self._of_farm(meters)
        upstream = [
            b
            for b in self._farm_bindings()
            if spec(Role(b[CONF_ROLE])).is_actuator and b["id"] != self._binding["id"]
        ]
        if upstream:
            fields[vol.Optional(CONF_ISOLATION)] = self._of_farm(upstream)
        return vol.Schema(fields)
