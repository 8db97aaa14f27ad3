"""Bluetooth meters: one that was heard is chosen, or its address is typed in.

Nothing is asked of the meter here: it may sleep, or a phone may hold it. It is visited as soon as
it is heard.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_ADDRESS, CONF_NAME
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from vfarm_core.devices.ble.kinds import Kind

from ..ble.links import (
    CONF_METER,
    Heard,
    address_of,
    async_heard,
    data_of,
    has_bluetooth,
    unique_id,
)


def named(heard: Heard) -> str:
    """A meter that was heard, for people."""
    return f"{heard.name} ({heard.address})"


class MeterFlow(ConfigSubentryFlow):
    """Create or edit a Bluetooth meter."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._heard: list[Heard] = []

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Which meter, and what it is called."""
        if not has_bluetooth(self.hass):
            return self.async_abort(reason="no_bluetooth")
        taken = {subentry.unique_id for subentry in self._get_entry().subentries.values()}
        heard = await async_heard(self.hass)
        self._heard = [one for one in heard if unique_id(one.address) not in taken]
        errors: dict[str, str] = {}
        if user_input is not None:
            address = address_of(user_input[CONF_ADDRESS])
            if address is None:
                errors[CONF_ADDRESS] = "address_invalid"
            elif unique_id(address) in taken:
                return self.async_abort(reason="already_configured")
            else:
                known = next((one for one in heard if one.address == address), None)
                kind = Kind(user_input[CONF_METER]) if known is None else known.kind
                name = user_input.get(CONF_NAME, "").strip()
                return self.async_create_entry(
                    title=name or (address if known is None else known.name),
                    data=data_of(address, kind),
                    unique_id=unique_id(address),
                )
        schema = vol.Schema(
            {
                vol.Required(CONF_ADDRESS): _addresses(self._heard),
                vol.Optional(CONF_NAME): TextSelector(),
                **_kinds(),
            }
        )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders={"heard": str(len(self._heard))},
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """What it is called and what it is; another address is another meter."""
        entry, subentry = self._get_entry(), self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            if name := user_input[CONF_NAME].strip():
                return self.async_update_and_abort(
                    entry,
                    subentry,
                    title=name,
                    data=data_of(subentry.data[CONF_ADDRESS], Kind(user_input[CONF_METER])),
                )
            errors[CONF_NAME] = "name_empty"
        schema = vol.Schema({vol.Required(CONF_NAME): TextSelector(), **_kinds()})
        shown = user_input or {
            CONF_NAME: subentry.title,
            CONF_METER: subentry.data[CONF_METER],
        }
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={CONF_ADDRESS: subentry.data[CONF_ADDRESS]},
        )


def _addresses(heard: Iterable[Heard]) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=one.address, label=named(one)) for one in heard],
            mode=SelectSelectorMode.DROPDOWN,
            custom_value=True,
        )
    )


def _kinds() -> dict[vol.Marker, Any]:
    return {
        vol.Required(CONF_METER, default=Kind.WATER_TESTER.value): SelectSelector(
            SelectSelectorConfig(
                options=[kind.value for kind in Kind],
                translation_key="meter_kind",
                mode=SelectSelectorMode.LIST,
            )
        )
    }
