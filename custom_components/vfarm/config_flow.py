"""Config flow: a demo farm, or one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, override

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

from vfarm_core.devices.ble.kinds import kind_of

from .ble.links import Heard, data_of, unique_id
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
from .flows import farm_bindings, which_farm
from .flows import ledger as ledgers
from .flows.bluetooth import MeterFlow, named
from .flows.checks import DRAFT_ID, async_words, form_errors, problems
from .flows.farm import MAX_LEVELS, Template
from .flows.modbus import ModbusFlow
from .flows.node import CONF_NAME, count, number
from .flows.places import RackFlow, SupplyFlow, ZoneFlow, level_fields
from .flows.roles import RolesFlow
from .flows.water import CircuitFlow, PumpFlow, ReservoirFlow
from .migrations import MINOR_VERSION, VERSION

if TYPE_CHECKING:
    from homeassistant.components.bluetooth import BluetoothServiceInfoBleak

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
        self._heard: Heard | None = None

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
            DeviceType.BLE: MeterFlow,
        }

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Who may do what."""
        return RolesFlow()

    @override
    async def async_step_bluetooth(
        self, discovery_info: BluetoothServiceInfoBleak
    ) -> ConfigFlowResult:
        """A meter was heard: it belongs to a farm."""
        kind = kind_of(discovery_info.name, discovery_info.service_data)
        if kind is None:
            return self.async_abort(reason="not_supported")
        address = discovery_info.address.upper()
        self._heard = Heard(address, discovery_info.name, kind)
        await self.async_set_unique_id(unique_id(address))
        # A person may have said that it is of no interest.
        self._abort_if_unique_id_configured()
        if which_farm.is_known(self.hass, unique_id(address)):
            return self.async_abort(reason="meter_known")
        if not which_farm.farms(self.hass):
            return self.async_abort(reason="no_farm")
        self.context["title_placeholders"] = {"name": named(self._heard)}
        return await self.async_step_which_farm()

    async def async_step_which_farm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Which farm it belongs to."""
        heard = self._heard
        assert heard is not None, "only a discovery leads here"
        if user_input is not None:
            if which_farm.is_known(self.hass, unique_id(heard.address)):
                return self.async_abort(reason="meter_known")
            part = which_farm.subentry_of(
                DeviceType.BLE,
                heard.name,
                dict(data_of(heard.address, heard.kind)),
                unique_id(heard.address),
            )
            added = which_farm.add(self.hass, user_input[which_farm.CONF_FARM], part)
            return self.async_abort(reason="meter_added" if added else "no_farm")
        return self.async_show_form(
            step_id="which_farm",
            data_schema=which_farm.schema(self.hass),
            description_placeholders={"device": named(heard)},
        )

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
