"""An actuator that is not declared so that it can be kept safe: a person declares it anew.

Until then it is left out of the farm, so nothing drives it. What only a person can know is asked
and has no default; what the core demands of a role is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from vfarm_core.farm.bindings import Danger, Proof
from vfarm_core.farm.checks.declarations import harms_when_on
from vfarm_core.farm.roles import DOSING, Role

from ..data import VfarmConfigEntry
from ..entity_values import is_number, setting_unit
from ..flows.numbers import box
from ..flows.readable import Wrong
from ..issues import DATA_BINDING
from ..naming import async_entity_name
from ..stored import StoredBinding, stored_binding
from .farm_fix import FarmFix, as_problem

CONF_DECLARATION: Final = "declaration"
CONF_CONFIRM: Final = "confirm"
#: The limits of a dosing pump (mL).
_LIMITS: Final = ("max_dose_ml", "max_hour_ml", "max_day_ml", "max_tank_ml")
_TIMES: Final = ("max_on_s", "max_off_s")


class UnsafeActuatorFlow(FarmFix):
    """Asks for what keeps an actuator safe, and puts it into its declaration."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the form."""
        return await self.async_step_declare()

    async def async_step_declare(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask which state does harm and what bounds it; nothing is set without a confirmation."""
        entry = self.farm_entry()
        wanted = str((self.data or {}).get(DATA_BINDING))
        stored = None if entry is None else stored_binding(entry, wanted)
        if entry is None or stored is None:
            return self.gone()
        errors, why = {}, ""
        if user_input is not None and not user_input[CONF_CONFIRM]:
            errors = {CONF_CONFIRM: "not_confirmed"}
        elif user_input is not None:
            new = {**stored.data, CONF_DECLARATION: _declared(stored.data, user_input)}
            wrong = self._why_not(new)
            found = [as_problem(wrong)] if wrong else stored.own_problems(self.hass, new)
            if not found:
                stored.async_put(self.hass, new)
                return self.async_create_entry(data={})
            errors, why = {"base": "still_unsafe"}, await self.async_why(entry, *found)
        return await self._async_declare(entry, stored, user_input, errors, why)

    async def _async_declare(
        self,
        entry: VfarmConfigEntry,
        stored: StoredBinding,
        user_input: Mapping[str, Any] | None,
        errors: dict[str, str],
        why: str,
    ) -> RepairsFlowResult:
        role = Role(stored.data["role"])
        naming = await self.async_naming(entry)
        return self.async_show_form(
            step_id="declare",
            data_schema=self.add_suggested_values_to_schema(
                _schema(role), user_input or _shown(stored.data, role)
            ),
            errors=errors,
            description_placeholders={
                **self.placeholders,
                "node": naming.place(stored.data.get("node", entry.entry_id)),
                "role": naming.role(role.value),
                "entity": async_entity_name(self.hass, stored.data["entity"]),
                "why": why,
            },
        )

    def _entity_id(self, binding: Mapping[str, Any]) -> str:
        kept: str = binding["entity"]
        return er.async_resolve_entity_id(er.async_get(self.hass), kept) or kept

    def _why_not(self, new: Mapping[str, Any]) -> Wrong | None:
        """What the core cannot see of how a device is proved."""
        entity_id = self._entity_id(new)
        pulsed = new[CONF_DECLARATION]["proof"] == Proof.PULSE
        if pulsed and not is_number(entity_id):
            return "pulse_needs_number", {}
        if not pulsed and (unit := setting_unit(self.hass, entity_id)) is not None:
            return "number_is_setting", {"entity": entity_id, "unit": unit}
        return None


def _declared(binding: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The declaration with what was said; what it says beside that stays."""
    before = dict(binding.get(CONF_DECLARATION) or {})
    for key in _TIMES:
        before.pop(key, None)
    declared = {**before, **{key: said[key] for key in ("danger", "proof")}}
    declared |= {key: said[key] for key in _TIMES if said.get(key) is not None}
    # The safe state is the one that is not dangerous; off when neither is.
    declared["safe_on"] = declared["danger"] == Danger.OFF
    if _LIMITS[0] in said:
        declared["dosing"] = {
            **(before.get("dosing") or {}),
            **{key: said[key] for key in _LIMITS},
        }
    return declared


def _shown(binding: Mapping[str, Any], role: Role) -> dict[str, Any]:
    declared = binding.get(CONF_DECLARATION) or {}
    shown = {key: declared[key] for key in ("danger", "proof", *_TIMES) if key in declared}
    if harms_when_on(role):
        shown["danger"] = Danger.ON.value
    return {**shown, **(declared.get("dosing") or {})}


def _schema(role: Role) -> vol.Schema:
    def choice(options: list[str], key: str) -> SelectSelector:
        return SelectSelector(
            SelectSelectorConfig(
                options=options, translation_key=key, mode=SelectSelectorMode.DROPDOWN
            )
        )

    dangers = [Danger.ON.value] if harms_when_on(role) else [danger.value for danger in Danger]
    limits = _LIMITS if role in DOSING else ()
    return vol.Schema(
        {
            vol.Required("danger"): choice(dangers, "danger"),
            **{vol.Optional(key): box("s") for key in _TIMES},
            vol.Required("proof"): choice([proof.value for proof in Proof], "proof"),
            **{vol.Required(key): box("mL") for key in limits},
            vol.Required(CONF_CONFIRM, default=False): BooleanSelector(),
        }
    )
