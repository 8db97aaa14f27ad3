"""Steps that change a setting of a Modbus device: its address, its speed, the baseline of a CO2
probe, a correction.

Such settings lie in a memory that takes a limited number of writes, or move the device on its line.
A person sees what is set, says what it is to be and confirms it; what was before and what is now is
shown and kept in the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.http import KEY_HASS_USER
from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.http import current_request
from homeassistant.helpers.selector import BooleanSelector, SelectOptionDict, TextSelector

from vfarm_core.control.inputs import NoteSetting
from vfarm_core.devices.modbus.codec import Reading
from vfarm_core.devices.modbus.commission import ADDRESS, Change, change, move, settable
from vfarm_core.devices.modbus.device import Device, End
from vfarm_core.devices.modbus.library import Shelf
from vfarm_core.devices.modbus.profile import DataType, Profile, Register

from ..data import VfarmData
from ..modbus.links import (
    CONF_BAUD,
    CONF_LINK,
    CONF_MODEL,
    CONF_PARITY,
    CONF_PHASES,
    CONF_PROFILE,
    CONF_STOPBITS,
    CONF_UNIT,
    LinkKind,
    borrowed,
    bus_of,
    params_of,
    unique_id,
)
from ..modbus.shelves import async_shelf
from ..modbus.words import async_said, async_why
from ..people import by_of
from .language import async_language
from .numbers import box, count
from .selecting import dropdown, listed

CONF_SETTING: Final = "setting"
CONF_VALUE: Final = "value"
CONF_SURE: Final = "sure"

#: Settings of the line that the subentry of a device on a serial port follows.
_LINE: Final[Mapping[str, str]] = {
    "baud": CONF_BAUD,
    "parity": CONF_PARITY,
    "stopbits": CONF_STOPBITS,
}


@dataclass(frozen=True, slots=True)
class Installed:
    """A device as its subentry has it."""

    data: Mapping[str, Any]
    profile: Profile

    @property
    def registers(self) -> dict[str, Register]:
        """What can be set, by key."""
        phases = self.data.get(CONF_PHASES)
        chosen = self.profile.registers_of(
            self.data.get(CONF_MODEL), None if phases is None else int(phases)
        )
        return {register.key: register for register in settable(chosen)}


async def async_before(
    flow: ConfigSubentryFlow, installed: Installed, register: Register
) -> Reading | None:
    """What is set now; None where it cannot be read. Raises HomeAssistantError when the line is in
    use with other settings."""
    if not register.readable:
        return None
    params, number = params_of(installed.data), int(installed.data[CONF_UNIT])
    async with borrowed(flow.hass, params, [number]) as unit_of:
        device = Device(unit_of(number), installed.profile, bus=bus_of(flow.hass, params))
        return (await device.read([register.key])).readings[register.key]


async def async_change(
    flow: ConfigSubentryFlow, installed: Installed, key: str, value: float | bool | str
) -> Change:
    """Change a setting. Raises HomeAssistantError when the line is in use with other settings."""
    params, number = params_of(installed.data), int(installed.data[CONF_UNIT])
    bus = bus_of(flow.hass, params)
    if key == ADDRESS:
        wanted = int(float(value))
        async with borrowed(flow.hass, params, {number, wanted}) as unit_of:
            return await move(unit_of, installed.profile, number, wanted, bus=bus)
    async with borrowed(flow.hass, params, [number]) as unit_of:
        return await change(Device(unit_of(number), installed.profile, bus=bus), key, value)


class CommissioningSteps(ConfigSubentryFlow):
    """Steps of a device that is there already."""

    def __init__(self) -> None:
        """Begin with no setting chosen."""
        super().__init__()
        self._setting = ""
        self._before: Reading | None = None

    def _installed(self, shelf: Shelf) -> Installed | None:
        """The device, when there is something that can be set of it and records to keep it in."""
        runtime = getattr(self._get_entry(), "runtime_data", None)
        data = self._get_reconfigure_subentry().data
        profile = shelf.profiles.get(data[CONF_PROFILE])
        if profile is None or not isinstance(runtime, VfarmData) or not runtime.engine.running:
            return None
        found = Installed(data, profile)
        return found if found.registers else None

    async def _async_installed(self) -> Installed | None:
        return self._installed(await async_shelf(self.hass))

    # -- steps ----------------------------------------------------------------------------------

    async def async_step_setting(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which setting, and read it."""
        installed = await self._async_installed()
        if installed is None:
            return self.async_abort(reason="nothing_to_set")
        errors: dict[str, str] = {}
        if user_input is not None:
            self._setting = user_input[CONF_SETTING]
            try:
                self._before = await async_before(
                    self, installed, installed.registers[self._setting]
                )
            except HomeAssistantError:
                errors = {"base": "link_taken"}
            else:
                return await self.async_step_value()
        options = [SelectOptionDict(value=k, label=_name(k)) for k in installed.registers]
        return self.async_show_form(
            step_id="setting",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({vol.Required(CONF_SETTING): listed(options)}), user_input
            ),
            errors=errors,
            description_placeholders={"device": self._get_reconfigure_subentry().title},
        )

    async def async_step_value(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what is set, ask what it is to be and that a person means it, and set it."""
        installed = await self._async_installed()
        if installed is None:
            return self.async_abort(reason="nothing_to_set")
        register = installed.registers[self._setting]
        errors: dict[str, str] = {}
        why = ""
        if user_input is not None and not user_input[CONF_SURE]:
            errors = {CONF_SURE: "not_sure"}
        elif user_input is not None:
            try:
                changed = await async_change(self, installed, self._setting, user_input[CONF_VALUE])
            except HomeAssistantError:
                errors = {"base": "link_taken"}
            else:
                self._note(changed)
                if changed.end is not End.FAILED:
                    return await self._async_follow(installed, changed)
                language = await async_language(self.hass)
                errors = {"base": "not_set"}
                why = await async_why(self.hass, changed.why, language)
        schema = vol.Schema(
            {
                vol.Required(CONF_VALUE): _field(register),
                vol.Required(CONF_SURE, default=False): BooleanSelector(),
            }
        )
        return self.async_show_form(
            step_id="value",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders={
                "device": self._get_reconfigure_subentry().title,
                "setting": _name(self._setting),
                "before": await self._async_said(self._before),
                "note": register.note,
                "why": why,
            },
        )

    async def _async_said(self, reading: Reading | None) -> str:
        return await async_said(self.hass, reading, await async_language(self.hass))

    def _note(self, changed: Change) -> None:
        """Keep in the records who set what, and how it ended."""
        request = current_request.get()
        user = request.get(KEY_HASS_USER) if request is not None else None
        runtime: VfarmData = self._get_entry().runtime_data
        runtime.engine.request(
            NoteSetting(
                device=self._get_reconfigure_subentry().title,
                what=changed.key,
                was=_plain(changed.before),
                value=_plain(changed.after) or _text(changed.wanted),
                end=changed.why or changed.end.value,
                by=by_of(self.hass, Context(user_id=user.id if user is not None else None)),
            )
        )

    async def _async_follow(self, installed: Installed, changed: Change) -> SubentryFlowResult:
        """Find the device where it is now, and say what became of it."""
        data = dict(installed.data)
        if changed.key == ADDRESS and changed.end is End.VERIFIED:
            data[CONF_UNIT] = int(float(changed.wanted))
        serial = data[CONF_LINK] == LinkKind.SERIAL
        if (setting := _LINE.get(changed.key)) is not None and serial:
            data |= _of_line(setting, str(changed.wanted))
        reason = "was_set" if changed.end is End.VERIFIED else "was_taken"
        if changed.why == "power_cycle":
            reason = "power_cycle"
        if data != dict(installed.data):
            self.hass.config_entries.async_update_subentry(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                data=data,
                unique_id=unique_id(data),
            )
        return self.async_abort(
            reason=reason,
            description_placeholders={
                "device": self._get_reconfigure_subentry().title,
                "setting": _name(changed.key),
                "before": await self._async_said(changed.before),
                "after": await self._async_said(changed.after)
                if changed.after is not None
                else _text(changed.wanted),
            },
        )


def _field(register: Register) -> Any:
    if register.key == ADDRESS:
        return count(1, 247)
    if register.codes:
        return dropdown(register.codes.values())
    if register.type is DataType.BOOL:
        return BooleanSelector()
    if register.type is DataType.STRING:
        return TextSelector()
    return box(register.unit or None)


def _name(key: str) -> str:
    text = key.replace("_", " ")
    return text[:1].upper() + text[1:]


def _plain(reading: Reading | None) -> str:
    if reading is None or reading.value is None:
        return ""
    return _text(reading.label if reading.label is not None else reading.value)


def _text(value: float | bool | str) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _of_line(setting: str, value: str) -> dict[str, Any]:
    """A setting of the line as a subentry keeps it; nothing where its name is no such one."""
    if setting == CONF_PARITY:
        letter = value[:1].upper()
        return {setting: letter} if letter in ("N", "E", "O") else {}
    number = value.partition(".")[0]
    return {setting: int(number)} if number.isdigit() else {}
