"""The flow of a Modbus device: where it is, and what it would say by each map it could have.

Devices share labels, not maps: which one is right a person says, and nothing is saved of a device
that did not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    SerialPortSelector,
    TextSelector,
)
from modbus_connection import ModbusError

from vfarm_core.devices.modbus.codec import Why
from vfarm_core.devices.modbus.library import Shelf
from vfarm_core.devices.modbus.probe import Candidate, family, probe, recognised
from vfarm_core.devices.modbus.profile import Link as Factory
from vfarm_core.devices.modbus.profile import Profile
from vfarm_core.devices.modbus.roles import Group, group_of
from vfarm_core.devices.modbus.scan import answering

from ..modbus.links import (
    CONF_BAUD,
    CONF_HOST,
    CONF_LINK,
    CONF_MODEL,
    CONF_PARITY,
    CONF_PHASES,
    CONF_PORT,
    CONF_PROFILE,
    CONF_SERIAL_PORT,
    CONF_STOPBITS,
    CONF_UNIT,
    LinkKind,
    Params,
    borrowed,
    params_of,
    unique_id,
)
from ..modbus.shelves import async_shelf
from ..modbus.words import async_said
from .commissioning import CommissioningSteps
from .language import async_language
from .numbers import count
from .selecting import dropdown, listed

CONF_NAME: Final = "name"
CONF_FIRST: Final = "first"
CONF_LAST: Final = "last"

_PORT: Final = 502
_BAUDS: Final = ("1200", "2400", "4800", "9600", "14400", "19200", "38400", "57600", "115200")
_PARITIES: Final = ("n", "e", "o")
#: The settings of a line of which nothing is said: those that most devices leave the factory with.
_USUAL: Final = Factory(baud=9600, parity="N", stopbits=1, unit=1)
#: Seconds that each unit has while a line is searched (as `vfarm modbus scan` gives it).
_SEARCH_S: Final = 0.3
#: So many values are shown of each map.
_SHOWN: Final = 8
#: What an answer that helps nobody is called; of several, the first that fits.
_NO_USE: Final[Mapping[Why, str]] = {
    Why.CONNECTION: "cannot_connect",
    Why.GARBLED: "garbled",
    Why.TIMEOUT: "no_answer",
    Why.BACKED_OFF: "no_answer",
    Why.GAVE_WAY: "no_answer",
    Why.UNSUPPORTED: "other_map",
    Why.REFUSED: "other_map",
}


async def async_probe(
    flow: ConfigSubentryFlow, params: Params, unit: int, profiles: Iterable[Profile]
) -> tuple[Candidate, ...]:
    """What a device would say by each of these maps. Raises HomeAssistantError when the line is in
    use with other settings."""
    async with borrowed(flow.hass, params, [unit]) as unit_of:
        return await probe(unit_of(unit), profiles)


async def async_search(
    flow: ConfigSubentryFlow, params: Params, numbers: range, profiles: Iterable[Profile]
) -> dict[int, tuple[Profile, ...]]:
    """The units that answer, each with the profiles that know it by what only such a device holds.
    Raises HomeAssistantError when the line is in use with other settings, and the library's
    ModbusError when there is none."""
    known_by = list(profiles)
    async with borrowed(flow.hass, params, numbers) as unit_of:
        found = [number async for number in answering(unit_of, numbers, _SEARCH_S)]
        return {number: await recognised(unit_of(number), known_by) for number in found}


class ModbusFlow(CommissioningSteps):
    """Create or edit a Modbus device."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        super().__init__()
        self.data: dict[str, Any] = {}
        self.title = ""
        self._shelf: Shelf | None = None
        self._searching = False
        self._numbers = range(1, 2)
        self._search: asyncio.Task[dict[int, tuple[Profile, ...]]] | None = None
        self._found: dict[int, tuple[Profile, ...]] = {}
        self._candidates: tuple[Candidate, ...] = ()

    # -- what there is --------------------------------------------------------------------------

    async def _async_shelf(self) -> Shelf:
        if self._shelf is None:
            self._shelf = await async_shelf(self.hass)
        return self._shelf

    def _profiles(self, shelf: Shelf) -> SelectSelector:
        options = [
            SelectOptionDict(value=profile.id, label=profile.name)
            for profile in sorted(shelf.profiles.values(), key=lambda p: p.name.casefold())
        ]
        return SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
        )

    def _factory(self) -> Factory:
        """The settings that the chosen device leaves the factory with."""
        profiles = self._shelf.profiles if self._shelf is not None else {}
        profile = profiles.get(self.data.get(CONF_PROFILE, ""))
        return _USUAL if profile is None else profile.link

    def _is_taken(self, data: Mapping[str, Any]) -> bool:
        """Whether the farm has a device there already."""
        own = None
        if self.source == SOURCE_RECONFIGURE:
            own = self._get_reconfigure_subentry().subentry_id
        key = unique_id(data)
        return any(
            subentry.unique_id == key and subentry.subentry_id != own
            for subentry in self._get_entry().subentries.values()
        )

    # -- beginning ------------------------------------------------------------------------------

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A device that is known, or a search for it."""
        return self.async_show_menu(step_id="user", menu_options=["known", "search"])

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with the device as it is."""
        subentry = self._get_reconfigure_subentry()
        self.data = dict(subentry.data)
        self.title = subentry.title
        if self._installed(await self._async_shelf()) is None:
            return await self.async_step_known()
        return self.async_show_menu(
            step_id="reconfigure",
            menu_options=["known", "setting"],
            description_placeholders={"device": self.title},
        )

    async def async_step_known(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what the device is and how its line is reached."""
        shelf = await self._async_shelf()
        self._searching = False
        if user_input is not None:
            self.data |= user_input
            return await self._async_link()
        schema = vol.Schema(
            {vol.Required(CONF_PROFILE): self._profiles(shelf), **self._link_field()}
        )
        return self.async_show_form(
            step_id="known",
            data_schema=self.add_suggested_values_to_schema(schema, self.data),
            description_placeholders={"folder": "vfarm/modbus"},
        )

    async def async_step_search(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask how the line is reached that is to be searched."""
        self._searching = True
        if user_input is not None:
            self.data |= user_input
            return await self._async_link()
        return self.async_show_form(
            step_id="search",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(self._link_field()), self.data
            ),
        )

    def _link_field(self) -> dict[vol.Marker, Any]:
        options = [kind.value for kind in LinkKind]
        return {
            vol.Required(CONF_LINK): SelectSelector(
                SelectSelectorConfig(
                    options=options, translation_key="modbus_link", mode=SelectSelectorMode.LIST
                )
            )
        }

    # -- the line -------------------------------------------------------------------------------

    async def _async_link(self) -> SubentryFlowResult:
        if self.data[CONF_LINK] == LinkKind.SERIAL:
            return await self.async_step_serial()
        return await self.async_step_network()

    async def async_step_network(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the host of the line, and ask the device."""
        fields: dict[vol.Marker, Any] = {
            vol.Required(CONF_HOST): TextSelector(),
            vol.Required(CONF_PORT, default=_PORT): count(1, 65_535),
        }
        return await self._async_line("network", fields, user_input)

    async def async_step_serial(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the serial port and its settings, and ask the device."""
        factory = self._factory()
        fields: dict[vol.Marker, Any] = {
            vol.Required(CONF_SERIAL_PORT): SerialPortSelector(),
            vol.Required(CONF_BAUD, default=str(factory.baud)): dropdown(_BAUDS),
            vol.Required(CONF_PARITY, default=factory.parity.lower()): dropdown(
                _PARITIES, "modbus_parity"
            ),
            vol.Required(CONF_STOPBITS, default=str(factory.stopbits)): dropdown(("1", "2")),
        }
        return await self._async_line("serial", fields, user_input)

    async def _async_line(
        self, step: str, fields: dict[vol.Marker, Any], user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        if self._searching:
            asked: dict[vol.Marker, Any] = {
                vol.Required(CONF_FIRST, default=1): count(1, 247),
                vol.Required(CONF_LAST, default=32): count(1, 247),
            }
        else:
            asked = {vol.Required(CONF_UNIT, default=self._factory().unit): count(1, 247)}
        errors: dict[str, str] = {}
        if user_input is not None:
            given = {k: v.strip() if isinstance(v, str) else v for k, v in user_input.items()}
            errors = {k: "place_empty" for k in (CONF_HOST, CONF_SERIAL_PORT) if given.get(k) == ""}
            if not errors:
                self.data |= _whole(given)
                if self._searching:
                    return await self._async_begin_search(step, fields, given)
                errors = await self._async_ask()
            if not errors:
                return await self.async_step_choose()
        schema = vol.Schema({**fields, **asked})
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(
                schema, user_input or {k: _text(k, v) for k, v in self.data.items()}
            ),
            errors=errors,
            description_placeholders={"device": self._name()},
        )

    def _name(self) -> str:
        profile_id = self.data.get(CONF_PROFILE, "")
        known = self._shelf.profiles if self._shelf is not None else {}
        return known[profile_id].name if profile_id in known else profile_id or "–"

    async def _async_ask(self) -> dict[str, str]:
        """Read the device by its map and those of its look-alikes; what is wrong if that is of no
        use."""
        if self._is_taken(self.data):
            return {"base": "device_here"}
        shelf = await self._async_shelf()
        profiles = family(shelf, self.data[CONF_PROFILE])
        try:
            found = await async_probe(self, params_of(self.data), self.data[CONF_UNIT], profiles)
        except HomeAssistantError:
            return {"base": "link_taken"}
        if not any(candidate.told for candidate in found):
            return {"base": _why_not(found)}
        self._candidates = found
        return {}

    # -- searching ------------------------------------------------------------------------------

    async def _async_begin_search(
        self, step: str, fields: dict[vol.Marker, Any], given: Mapping[str, Any]
    ) -> SubentryFlowResult:
        shelf = await self._async_shelf()
        first, last = int(given[CONF_FIRST]), int(given[CONF_LAST])
        self._numbers = range(min(first, last), max(first, last) + 1)
        self._search = self.hass.async_create_task(
            async_search(self, params_of(self.data), self._numbers, shelf.profiles.values())
        )
        if self._search.done():
            # Nobody waited, so that no page has to be told that it is over.
            steps = {
                "found": self.async_step_found,
                "nobody": self.async_step_nobody,
                "link_taken": self.async_step_link_taken,
                "unreachable": self.async_step_unreachable,
            }
            return await steps[self._outcome(self._search)]()
        return await self.async_step_scan()

    def _outcome(self, search: asyncio.Task[dict[int, tuple[Profile, ...]]]) -> str:
        """The step that a search leads to."""
        self._search = None
        try:
            self._found = search.result()
        except HomeAssistantError:
            return "link_taken"
        except (ModbusError, OSError):
            return "unreachable"
        return "found" if self._found else "nobody"

    async def async_step_scan(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Wait for the search."""
        search = self._search
        if search is None or not search.done():
            return self.async_show_progress(
                step_id="scan",
                progress_action="scan",
                progress_task=search,
                description_placeholders={
                    "first": str(self._numbers[0]),
                    "last": str(self._numbers[-1]),
                },
            )
        return self.async_show_progress_done(next_step_id=self._outcome(search))

    async def async_step_link_taken(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Somebody uses the line with other settings."""
        return self.async_abort(reason="link_taken")

    async def async_step_unreachable(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """There is no line."""
        return self.async_abort(reason="cannot_connect")

    async def async_step_nobody(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """No unit answers."""
        return self.async_abort(reason="nobody")

    async def async_step_found(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask which of the units that answer it is, and what that is."""
        shelf = await self._async_shelf()
        errors: dict[str, str] = {}
        if user_input is not None:
            unit = int(user_input[CONF_UNIT])
            known = self._found[unit]
            chosen = user_input.get(CONF_PROFILE) or (known[0].id if len(known) == 1 else None)
            if chosen is None:
                errors = {CONF_PROFILE: "profile_needed"}
            else:
                self.data |= {CONF_UNIT: unit, CONF_PROFILE: chosen}
                errors = await self._async_ask()
            if not errors:
                return await self.async_step_choose()
        units = [
            SelectOptionDict(
                value=str(unit), label=" · ".join([str(unit), *(profile.name for profile in known)])
            )
            for unit, known in self._found.items()
        ]
        schema = vol.Schema(
            {
                vol.Required(CONF_UNIT): listed(units),
                vol.Optional(CONF_PROFILE): self._profiles(shelf),
            }
        )
        return self.async_show_form(
            step_id="found",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders={"count": str(len(units))},
        )

    # -- choosing -------------------------------------------------------------------------------

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what the device would say by each map; a person says which one is right."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self.title = user_input[CONF_NAME].strip()
            self.data[CONF_PROFILE] = user_input[CONF_PROFILE]
            if self.title:
                return await self._async_details()
            errors = {CONF_NAME: "name_empty"}
        language = await async_language(self.hass)
        options = [
            SelectOptionDict(
                value=candidate.profile.id, label=await self._async_map(candidate, language)
            )
            for candidate in self._candidates
        ]
        # No default: which of them is right is a person's choice, also where there is but one.
        schema = vol.Schema(
            {
                vol.Required(CONF_PROFILE): listed(options),
                vol.Required(CONF_NAME): TextSelector(),
            }
        )
        shown = user_input or {CONF_NAME: self.title or self._candidates[0].profile.name}
        return self.async_show_form(
            step_id="choose",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={"unit": str(self.data[CONF_UNIT])},
        )

    async def _async_map(self, candidate: Candidate, language: str) -> str:
        """A map, whether it can be, and what the device would say by it."""
        parts: list[str] = []
        for key, reading in candidate.readings.items():
            register = candidate.profile.register(key)
            measured = group_of(register) is Group.NORMAL
            if (measured or register.constant is not None) and len(parts) < _SHOWN:
                doubt = "⚠ " if key in candidate.doubtful else ""
                said = await async_said(self.hass, reading, language)
                parts.append(f"{doubt}{key.replace('_', ' ')} {said}")
        for key, reading in candidate.readings.items() if not parts else ():
            if len(parts) < _SHOWN:
                said = await async_said(self.hass, reading, language)
                parts.append(f"{key.replace('_', ' ')} {said}")
        mark = "✓" if candidate.is_plausible else "✗"
        return f"{mark} {candidate.profile.name}: {', '.join(parts)}"

    async def _async_details(self) -> SubentryFlowResult:
        shelf = await self._async_shelf()
        if _details(shelf.get(self.data[CONF_PROFILE])):
            return await self.async_step_details()
        self.data.pop(CONF_MODEL, None)
        self.data.pop(CONF_PHASES, None)
        return self._save()

    async def async_step_details(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what tells devices of one map apart: the model, or the number of phases."""
        shelf = await self._async_shelf()
        fields = _details(shelf.get(self.data[CONF_PROFILE]))
        if user_input is not None:
            for key in (CONF_MODEL, CONF_PHASES):
                self.data.pop(key, None)
            self.data |= user_input
            return self._save()
        return self.async_show_form(
            step_id="details",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), {k: str(v) for k, v in self.data.items()}
            ),
        )

    def _save(self) -> SubentryFlowResult:
        kept = {key: value for key, value in self.data.items() if key in _kept(self.data)}
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=self.title,
                data=kept,
                unique_id=unique_id(kept),
            )
        return self.async_create_entry(title=self.title, data=kept, unique_id=unique_id(kept))


def _whole(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a form gave, as a subentry keeps it."""
    found = {k: v for k, v in given.items() if k not in (CONF_FIRST, CONF_LAST)}
    for key in (CONF_PORT, CONF_UNIT, CONF_BAUD, CONF_STOPBITS):
        if key in found:
            found[key] = int(found[key])
    if CONF_PARITY in found:
        found[CONF_PARITY] = found[CONF_PARITY].upper()
    return found


def _text(key: str, value: Any) -> Any:
    """What a subentry keeps, as a form shows it."""
    if key in (CONF_BAUD, CONF_STOPBITS):
        return str(value)
    return value.lower() if key == CONF_PARITY else value


def _kept(data: Mapping[str, Any]) -> tuple[str, ...]:
    """What a subentry keeps of a device on such a line."""
    serial = (CONF_SERIAL_PORT, CONF_BAUD, CONF_PARITY, CONF_STOPBITS)
    line = serial if data[CONF_LINK] == LinkKind.SERIAL else (CONF_HOST, CONF_PORT)
    return (CONF_LINK, *line, CONF_UNIT, CONF_PROFILE, CONF_MODEL, CONF_PHASES)


def _details(profile: Profile) -> dict[vol.Marker, Any]:
    """What has to be known besides to tell which registers a device has."""
    fields: dict[vol.Marker, Any] = {}
    if profile.models:
        fields[vol.Required(CONF_MODEL)] = dropdown(profile.models)
    most = max((register.phases or 0 for register in profile.registers), default=0)
    if most:
        fields[vol.Required(CONF_PHASES)] = dropdown(str(n) for n in range(1, most + 1))
    return fields


def _why_not(found: Iterable[Candidate]) -> str:
    """What to tell of a device that said nothing of use by any map."""
    whys = {reading.why for candidate in found for reading in candidate.readings.values()}
    return next((key for why, key in _NO_USE.items() if why in whys), "no_values")
