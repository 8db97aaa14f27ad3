"""Config flow: a demo farm, or one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .const import (
    CONF_BINDINGS,
    CONF_KIND,
    CONF_TAKEOVER,
    DOMAIN,
    DeviceType,
    FarmKind,
    SubentryType,
)
from .demo import demo_parts
from .farm_data import entry_dict, farm_dict
from .flows import farm as templates
from .flows import farm_bindings
from .flows import ledger as ledgers
from .flows.checks import DRAFT_ID, async_words, form_errors, problems
from .flows.farm import MAX_LEVELS, Template
from .flows.modbus import ModbusFlow
from .flows.node import CONF_NAME, count, number
from .flows.places import RackFlow, SupplyFlow, ZoneFlow, level_fields
from .flows.roles import RolesFlow
from .flows.water import CircuitFlow, PumpFlow, ReservoirFlow
from .migrations import MINOR_VERSION, VERSION

CONF_TEMPLATE = "template"
DEMO_UNIQUE_ID = "demo"


class VfarmConfigFlow(ConfigFlow, domain=DOMAIN):
    """Create a farm."""

    VERSION = VERSION
    MINOR_VERSION = MINOR_VERSION

    def __init__(self) -> None:
        """Begin with nothing chosen."""
        self._name = ""
        self._template = Template.TENT

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """The nodes a farm is made of, and the hardware it talks to itself."""
        return {
            SubentryType.ZONE: ZoneFlow,
            SubentryType.RACK: RackFlow,
            SubentryType.RESERVOIR: ReservoirFlow,
            SubentryType.PUMP: PumpFlow,
            SubentryType.CIRCUIT: CircuitFlow,
            SubentryType.SUPPLY: SupplyFlow,
            DeviceType.MODBUS: ModbusFlow,
        }

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Who may do what."""
        return RolesFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Demo, or one's own."""
        return self.async_show_menu(step_id="user", menu_options=["demo", "farm"])

    async def async_step_demo(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create the demo farm; there is one at most."""
        await self.async_set_unique_id(DEMO_UNIQUE_ID)
        self._abort_if_unique_id_configured()
        if user_input is None:
            return self.async_show_form(step_id="demo", data_schema=vol.Schema({}))
        name, made, bindings = await self.hass.async_add_executor_job(
            demo_parts, self.hass.config.time_zone
        )
        return self.async_create_entry(
            title=name,
            data={CONF_KIND: FarmKind.DEMO.value, CONF_BINDINGS: bindings},
            subentries=templates.subentries(made),
        )

    async def async_step_farm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the name and what the farm is like."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._name = user_input[CONF_NAME].strip()
            self._template = Template(user_input[CONF_TEMPLATE])
            errors = self._name_errors(self._name)
            if not errors:
                return await self.async_step_place()
        schema = vol.Schema(
            {
                vol.Required(CONF_NAME): TextSelector(),
                vol.Required(CONF_TEMPLATE, default=Template.RACK.value): SelectSelector(
                    SelectSelectorConfig(
                        options=[template.value for template in Template],
                        translation_key=CONF_TEMPLATE,
                        mode=SelectSelectorMode.LIST,
                    )
                ),
            }
        )
        return self.async_show_form(
            step_id="farm",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
        )

    def _name_errors(self, name: str, *, but: str | None = None) -> dict[str, str]:
        if not name:
            return {CONF_NAME: "name_empty"}
        taken = {e.title for e in self._async_current_entries() if e.entry_id != but}
        return {CONF_NAME: "name_taken"} if name in taken else {}

    async def async_step_place(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how many of what, and create the farm with all its nodes at once."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            zones, racks, levels = templates.counts(self._template, user_input)
            if zones * racks * levels > MAX_LEVELS:
                errors, placeholders = {"base": "too_many_levels"}, {"limit": str(MAX_LEVELS)}
            else:
                names = await templates.async_names(self.hass)
                made = templates.parts(zones, racks, levels, names, user_input)
                data = farm_dict(DRAFT_ID, self._name, self.hass.config.time_zone, made)
                # Every level is alike: what is wrong with one is wrong with all.
                found = {p.params.get("attribute", p.key): p for p in problems(data)}
                errors, placeholders = form_errors(
                    await async_words(self.hass, "config"), found.values(), user_input
                )
            if not errors:
                return self.async_create_entry(
                    title=self._name,
                    data={CONF_KIND: FarmKind.FARM.value},
                    subentries=templates.subentries(made),
                )
        return self.async_show_form(
            step_id="place",
            data_schema=self.add_suggested_values_to_schema(self._place_schema(), user_input),
            errors=errors,
            description_placeholders={CONF_NAME: self._name, **placeholders},
        )

    def _place_schema(self) -> vol.Schema:
        asked = {
            Template.TENT: (),
            Template.RACK: ("levels",),
            Template.GRID: ("zones", "racks", "levels"),
        }[self._template]
        return vol.Schema(
            {
                **{vol.Required(key): count() for key in asked},
                vol.Required("volume_m3"): number("m³"),
                **level_fields(),
            }
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Rename the farm, say how long a takeover lasts and what is bound at the farm itself."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        placeholders: Mapping[str, Any] = {}
        bound = entry.data.get(CONF_BINDINGS, ())
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            minutes = user_input[CONF_TAKEOVER]
            errors, placeholders = farm_bindings.errors(self.hass, bound, user_input)
            errors |= self._name_errors(name, but=entry.entry_id)
            wrong, why = await ledgers.async_errors(self.hass, entry, user_input)
            errors |= wrong
            placeholders = {**placeholders, **why}
            data = {**entry_dict(entry, self.hass.config.time_zone), CONF_TAKEOVER: minutes}
            if any(p.params.get("attribute") == CONF_TAKEOVER for p in problems(data)):
                errors[CONF_TAKEOVER] = "takeover_out_of_range"
            if not errors:
                return self.async_update_and_abort(
                    entry,
                    title=name,
                    data={
                        **ledgers.data(entry, user_input),
                        CONF_TAKEOVER: minutes,
                        CONF_BINDINGS: farm_bindings.rebound(self.hass, bound, user_input),
                    },
                )
        schema = vol.Schema(
            {
                vol.Required(CONF_NAME): TextSelector(),
                vol.Required(CONF_TAKEOVER, default=30.0): number("min"),
                **farm_bindings.fields(),
                **ledgers.fields(),
            }
        )
        shown = user_input or {
            **ledgers.shown(entry),
            CONF_NAME: entry.title,
            CONF_TAKEOVER: entry.data.get(CONF_TAKEOVER, 30.0),
            **farm_bindings.shown(self.hass, bound),
        }
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders=dict(placeholders),
        )
