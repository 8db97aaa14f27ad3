"""A bound entity that is gone: another one takes its place, or the binding goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
)
from homeassistant.helpers.translation import async_get_translations

from vfarm_core.devices.presets.preset import find_all, hints
from vfarm_core.farm.bindings import Proof
from vfarm_core.farm.candidates import fitness
from vfarm_core.farm.roles import Role, RoleKind, spec

from ..const import CONF_BINDINGS, DOMAIN, SubentryType
from ..data import VfarmConfigEntry
from ..entity_values import abilities, is_number, is_select, setting_unit, why_not
from ..flows.bindable import (
    CONF_ENTITY,
    CONF_OFF_OPTION,
    CONF_ON_OPTION,
    drives,
    driving_farm,
    what_it_can,
    why_no_contact,
)
from ..flows.known import async_known, candidates
from ..flows.language import async_language
from ..flows.readable import Wrong, reference, why_not_bound, why_not_read
from ..issues import DATA_BINDING
from ..stored import StoredBinding, stored_binding
from .farm_fix import FarmFix, as_problem

#: Whether what was said of how to read the old entity holds for the new one.
CONF_KEEP: Final = "keep"
#: What a binding says of how its entity is to be read, beside what the entity says itself.
_READING: Final = ("unit", "scale", "offset", "invert", "compensated")
#: Where the words for these are.
_LABELS: Final = "step.entity.sections.advanced.data"
#: The entity has options, and nobody has said which of them mean on and off.
_UNSAID: Final = "options_unsaid"
#: So many entities that fit are named to help a person choose.
_SUGGESTIONS: Final = 5
#: What the old entity could do; the new one is asked anew.
_ABLE: Final = ("dims", "step", CONF_ON_OPTION, CONF_OFF_OPTION)


class VanishedEntityFlow(FarmFix):
    """Asks for another entity, or whether to take the binding out."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Another entity, or none."""
        entry, stored = self.farm_entry(), self._stored()
        if entry is None or stored is None:
            return self.gone()
        return self.async_show_menu(
            step_id="init",
            menu_options=["choose", "remove"],
            description_placeholders=await self._async_named(entry, stored),
        )

    async def _async_named(self, entry: VfarmConfigEntry, stored: StoredBinding) -> dict[str, str]:
        """What the texts are filled in with, in the reader's language: the issue itself is in that
        of the system."""
        naming = await self.async_naming(entry)
        return {
            **self.placeholders,
            "node": naming.place(stored.data.get("node", entry.entry_id)),
            "role": naming.role(stored.data["role"]),
        }

    def _stored(self) -> StoredBinding | None:
        entry = self.farm_entry()
        wanted = str((self.data or {}).get(DATA_BINDING))
        return None if entry is None else stored_binding(entry, wanted)

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Bind another entity to the same role of the same node."""
        entry, stored = self.farm_entry(), self._stored()
        if entry is None or stored is None:
            return self.gone()
        errors, why = {}, ""
        if user_input is not None:
            role = Role(stored.data["role"])
            new = _rebound(self.hass, stored.data, user_input)
            wrong = _why_not(self.hass, entry, stored.data, role, user_input, new)
            found = [as_problem(wrong)] if wrong else stored.new_problems(self.hass, new)
            if not found:
                stored.async_put(self.hass, new)
                return self.async_create_entry(data={})
            if found[0].key == _UNSAID:
                errors = {"base": _UNSAID}
            else:
                errors, why = {"base": "refused"}, await self.async_why(entry, *found)
        return await self._async_choose(entry, stored, user_input, errors, why)

    async def _async_choose(
        self,
        entry: VfarmConfigEntry,
        stored: StoredBinding,
        shown: Mapping[str, Any] | None,
        errors: dict[str, str],
        why: str,
    ) -> RepairsFlowResult:
        role = Role(stored.data["role"])
        domains = list(spec(role).domains)
        config = EntitySelectorConfig()
        if domains:
            config["filter"] = EntityWithDeviceFilterSelectorConfig(domain=domains)
        said = {key: stored.data[key] for key in _READING if key in stored.data}
        fields: dict[vol.Marker, Any] = {vol.Required(CONF_ENTITY): EntitySelector(config)}
        if said:
            fields[vol.Required(CONF_KEEP, default=True)] = BooleanSelector()
        return self.async_show_form(
            step_id="choose",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), shown),
            errors=errors,
            description_placeholders={
                **await self._async_named(entry, stored),
                "suggestions": ", ".join(await _async_fitting(self.hass, role)) or "–",
                "reading": await self._async_reading(said),
                "why": why,
            },
        )

    async def _async_reading(self, said: Mapping[str, Any]) -> str:
        """How the old entity was read, in the words of the form where that is said."""
        language = await async_language(self.hass)
        texts = await async_get_translations(self.hass, language, "config_subentries", {DOMAIN})
        labels = f"component.{DOMAIN}.config_subentries.{SubentryType.RESERVOIR}.{_LABELS}"
        found = [
            texts.get(f"{labels}.{key}", key) + ("" if value is True else f": {value}")
            for key, value in said.items()
            if value is not False
        ]
        return ", ".join(found) or "–"

    async def async_step_remove(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Take the binding out, when the person says so once more."""
        entry, stored = self.farm_entry(), self._stored()
        if entry is None or stored is None:
            return self.gone()
        why = ""
        if user_input is not None:
            found = stored.new_problems(self.hass, None)
            if not found:
                stored.async_put(self.hass, None)
                return self.async_create_entry(data={})
            why = await self.async_why(entry, *found)
        return self.async_show_form(
            step_id="remove",
            data_schema=vol.Schema({}),
            errors={"base": "refused"} if why else {},
            description_placeholders={**await self._async_named(entry, stored), "why": why},
        )


async def _async_fitting(hass: HomeAssistant, role: Role) -> list[str]:
    """Entities that fit a role by class, unit or name, or because their device is known, best
    first. A hint, never a choice."""
    every = candidates(hass)
    told = hints(find_all((await async_known(hass)).values(), every))
    known = ((fitness(role, entity, told.get(entity.id)), entity.id) for entity in every)
    found = sorted((-score, entity_id) for score, entity_id in known if score is not None)
    return [entity_id for _, entity_id in found[:_SUGGESTIONS]]


def _rebound(
    hass: HomeAssistant, old: Mapping[str, Any], chosen: Mapping[str, Any]
) -> dict[str, Any]:
    """The binding with the chosen entity. Its declaration stays: it is about the device, and the
    form says so."""
    entity_id = chosen[CONF_ENTITY]
    left_out = set(_ABLE)
    if not chosen.get(CONF_KEEP, True):
        left_out |= set(_READING)
    new = {key: value for key, value in old.items() if key not in left_out}
    if is_select(entity_id):
        # Which of its options mean on and off has been said of the old one.
        new |= {key: old[key] for key in (CONF_ON_OPTION, CONF_OFF_OPTION) if key in old}
    new |= what_it_can(hass, entity_id, Role(old["role"]))
    return {**new, CONF_ENTITY: reference(hass, entity_id)}


def _why_not(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    old: Mapping[str, Any],
    role: Role,
    chosen: Mapping[str, Any],
    new: Mapping[str, Any],
) -> Wrong | None:
    """Why the entity cannot take the place; what the core sees for itself comes after it."""
    entity_id = chosen[CONF_ENTITY]
    if (wrong := why_not_bound(hass, entity_id)) is not None:
        return wrong
    if _twice(entry, new):
        return "already_bound", {"entity": entity_id}
    kind = spec(role).kind
    if kind is RoleKind.MEASURE:
        return why_not_read(hass, entity_id, role, new.get("unit"))
    if kind is RoleKind.CONTACT:
        return why_no_contact(hass, entity_id, role)
    if not spec(role).is_actuator:
        return None
    return _why_not_driven(hass, entry, old, role, entity_id, new)


def _why_not_driven(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    old: Mapping[str, Any],
    role: Role,
    entity_id: str,
    new: Mapping[str, Any],
) -> Wrong | None:
    if (wrong := why_not(hass, entity_id, role)) is not None:
        return wrong
    others = [
        b
        for subentry in entry.subentries.values()
        for b in subentry.data.get(CONF_BINDINGS, ())
        if b["id"] != old["id"]
    ]
    if is_select(entity_id):
        if drives(hass, others, entity_id):
            return "entity_driven_twice", {"entity": entity_id}
        options = set(abilities(hass, entity_id).options)
        meant = {new.get(CONF_ON_OPTION), new.get(CONF_OFF_OPTION)}
        if None in meant or (options and not meant <= options):
            return _UNSAID, {"entity": entity_id}
    if (farm := driving_farm(hass, entry, entity_id)) is not None:
        return "driven_by_other_farm", {"entity": entity_id, "farm": farm}
    pulsed = (old.get("declaration") or {}).get("proof") == Proof.PULSE
    if pulsed and not is_number(entity_id):
        return "pulse_needs_number", {}
    if not pulsed and (unit := setting_unit(hass, entity_id)) is not None:
        # Written its highest value it would run for so long, whatever comes after.
        return "number_is_setting", {"entity": entity_id, "unit": unit}
    return None


def _twice(entry: VfarmConfigEntry, new: Mapping[str, Any]) -> bool:
    """Whether the entity has the role of the node already."""
    kept = (entry.data, *(subentry.data for subentry in entry.subentries.values()))
    return any(
        b["id"] != new["id"]
        and (b.get("node"), b["role"], b[CONF_ENTITY])
        == (new.get("node"), new["role"], new[CONF_ENTITY])
        for data in kept
        for b in data.get(CONF_BINDINGS, ())
    )
