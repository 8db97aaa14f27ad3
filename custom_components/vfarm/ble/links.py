"""A Bluetooth meter as a subentry keeps it, and the radio that Home Assistant shares.

Everything that asks Home Assistant's `bluetooth` for something stands here. It is imported when a
meter is there, in a thread: it loads libraries that a host without Bluetooth may lack.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, cast

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_ADDRESS, EVENT_COMPONENT_LOADED
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.importlib import async_import_module
from homeassistant.setup import EventComponentLoaded
from homeassistant.util.hass_dict import HassKey

from vfarm_core.devices.ble.kinds import Kind, kind_of
from vfarm_core.devices.ble.visits import Client

from ..const import DeviceType

CONF_METER: Final = "meter"
_BLUETOOTH: Final = "bluetooth"
#: An address as radios write it, or the name that macOS has for one.
_ADDRESS = re.compile(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}|[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}")
#: Visits of all meters take turns: a Bluetooth proxy has about three places.
_TURN: HassKey[asyncio.Lock] = HassKey("vfarm_ble_turn")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A meter as its subentry has it."""

    subentry_id: str
    name: str
    address: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Heard:
    """A meter that was heard nearby."""

    address: str
    name: str
    kind: Kind


def wanted_of(subentry: ConfigSubentry) -> Wanted:
    """What a subentry asks for."""
    return Wanted(
        subentry_id=subentry.subentry_id,
        name=subentry.title,
        address=subentry.data[CONF_ADDRESS],
        kind=Kind(subentry.data[CONF_METER]),
    )


def unique_id(address: str) -> str:
    """What tells a meter from the others of a farm."""
    return f"{DeviceType.BLE}_{address}"


def address_of(text: str) -> str | None:
    """An address as it is kept; None for a text that is none."""
    address = text.strip().upper().replace("_", ":")
    return address if _ADDRESS.fullmatch(address) else None


def has_bluetooth(hass: HomeAssistant) -> bool:
    """Whether Home Assistant's Bluetooth is set up."""
    return _BLUETOOTH in hass.config.components


@callback
def when_there(hass: HomeAssistant, then: Callable[[], None]) -> CALLBACK_TYPE:
    """Call once Home Assistant's Bluetooth is set up; until then, nothing waits for it."""

    @callback
    def is_it(data: EventComponentLoaded) -> bool:
        return data["component"] == _BLUETOOTH

    @callback
    def loaded(_event: Event[EventComponentLoaded]) -> None:
        then()

    return hass.bus.async_listen(EVENT_COMPONENT_LOADED, loaded, event_filter=is_it)


def turn(hass: HomeAssistant) -> asyncio.Lock:
    """The lock that all visits share."""
    return hass.data.setdefault(_TURN, asyncio.Lock())


async def _library(hass: HomeAssistant) -> ModuleType:
    return await async_import_module(hass, "homeassistant.components.bluetooth")


async def async_heard(hass: HomeAssistant) -> list[Heard]:
    """The meters heard nearby that are of a known kind."""
    if not has_bluetooth(hass):
        return []
    bluetooth = await _library(hass)
    found = []
    for info in bluetooth.async_discovered_service_info(hass, True):
        kind = kind_of(info.name, info.service_data)
        if kind is not None:
            found.append(Heard(info.address.upper(), info.name, kind))
    return sorted(found, key=lambda heard: heard.address)


class Radio:
    """The radio towards one meter."""

    def __init__(self, hass: HomeAssistant, bluetooth: ModuleType, wanted: Wanted) -> None:
        """Use Home Assistant's adapters and proxies."""
        self._hass = hass
        self._bluetooth: Any = bluetooth
        self._wanted = wanted

    @classmethod
    async def async_of(cls, hass: HomeAssistant, wanted: Wanted) -> Radio | None:
        """The radio; None where Home Assistant has none."""
        if not has_bluetooth(hass):
            return None
        # Both load libraries, which the event loop must not wait for.
        await async_import_module(hass, "bleak_retry_connector")
        return cls(hass, await _library(hass), wanted)

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What a connection that fails raises."""
        from bleak.exc import BleakError

        return (BleakError,)

    @property
    def in_reach(self) -> bool:
        """Whether the meter is heard by an adapter or a proxy that can connect."""
        return bool(self._bluetooth.async_address_present(self._hass, self._wanted.address, True))

    @callback
    def listen(self, seen: Callable[[], None], lost: Callable[[], None]) -> CALLBACK_TYPE:
        """Hear when the meter advertises something new, and when it is heard no more."""
        bluetooth, address = self._bluetooth, self._wanted.address
        ends = (
            bluetooth.async_register_callback(
                self._hass,
                lambda _info, _change: seen(),
                bluetooth.BluetoothCallbackMatcher(address=address, connectable=True),
                bluetooth.BluetoothScanningMode.PASSIVE,
            ),
            bluetooth.async_track_unavailable(self._hass, lambda _info: lost(), address, True),
        )

        def end() -> None:
            for one in ends:
                one()

        return end

    async def async_connect(self) -> Client:
        """A connection for one visit. Raises what `failures` names."""
        from bleak.exc import BleakError
        from bleak_retry_connector import BleakClientWithServiceCache, establish_connection

        def device() -> Any:
            return self._bluetooth.async_ble_device_from_address(
                self._hass, self._wanted.address, True
            )

        if (found := device()) is None:
            raise BleakError("not in reach")
        return cast(
            Client,
            await establish_connection(
                BleakClientWithServiceCache,
                found,
                self._wanted.name,
                ble_device_callback=lambda: device() or found,
            ),
        )


def data_of(address: str, kind: Kind) -> Mapping[str, Any]:
    """What a subentry keeps of a meter."""
    return {CONF_ADDRESS: address, CONF_METER: kind.value}
