"""Bluetooth meters that are not there: what they advertise, and a client that answers for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from homeassistant.components import bluetooth
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.const import DOMAIN, HARDWARE
from tests.core.devices.ble.fake import FakeClient

ADDRESS = "A4:C1:38:01:02:03"
PLANT = "C4:7C:8D:0A:0B:0C"
#: Service data that nobody in Home Assistant waits for.
OTHER = "0000fff9-0000-1000-8000-00805f9b34fb"


def advertisement(
    address: str = ADDRESS, name: str = "BLE-C600", data: Mapping[str, bytes] | None = None
) -> bluetooth.BluetoothServiceInfoBleak:
    """What a meter sends to everybody."""
    given = dict(data or {})
    uuids = ["0000ff01-0000-1000-8000-00805f9b34fb"] if name.startswith("BLE") else []
    return bluetooth.BluetoothServiceInfoBleak(
        name=name,
        address=address,
        rssi=-60,
        manufacturer_data={},
        service_data=given,
        service_uuids=uuids,
        source="local",
        device=BLEDevice(address, name, {}),
        advertisement=AdvertisementData(
            local_name=name,
            manufacturer_data={},
            service_data=given,
            service_uuids=uuids,
            tx_power=-127,
            rssi=-60,
            platform_data=((),),
        ),
        connectable=True,
        time=time.monotonic(),
        tx_power=-127,
        raw=None,
    )


def hear(hass: HomeAssistant, *args: Any, **more: Any) -> None:
    """A meter is heard."""
    bluetooth.async_get_advertisement_callback(hass)(advertisement(*args, **more))


def meter(
    kind: str = "water_tester", address: str = ADDRESS, title: str = "Tester"
) -> ConfigSubentryData:
    """A meter as the subentry of a farm."""
    return ConfigSubentryData(
        data={"address": address, "meter": kind},
        subentry_type="ble_device",
        title=title,
        unique_id=f"ble_device_{address}",
    )


class Air:
    """Who is heard, and what is connected to, in order; each answer is a client, or why there is
    none. The last one stays."""

    def __init__(self, *answers: FakeClient | Exception) -> None:
        self.answers = list(answers)
        self.connected: list[str] = []
        self.heard: dict[str, BLEDevice] = {}
        self.losing: list[Callable[[Any], None]] = []

    def hear(self, hass: HomeAssistant, *args: Any, **more: Any) -> None:
        """A meter is heard, and is in reach from then on."""
        found = advertisement(*args, **more)
        self.heard[found.address] = found.device
        bluetooth.async_get_advertisement_callback(hass)(found)

    def lose(self) -> None:
        """Nobody is heard any more."""
        self.heard.clear()
        for lost in self.losing:
            lost(None)

    def track(self, _hass: HomeAssistant, lost: Callable[[Any], None], *_: Any) -> Any:
        """Stand in for `async_track_unavailable`: the scanner of the tests never hears anybody, so
        that everything would be lost at its first look."""
        self.losing.append(lost)
        return lambda: self.losing.remove(lost)

    async def connect(self, _kind: Any, device: BLEDevice, name: str, **more: Any) -> FakeClient:
        """Stand in for `establish_connection`."""
        assert more["ble_device_callback"]().address == device.address
        self.connected.append(name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        answer.connected = True
        return answer


@contextmanager
def on_air(*answers: FakeClient | Exception) -> Iterator[Air]:
    """Who connects meets these."""
    air = Air(*answers)
    with (
        patch("bleak_retry_connector.establish_connection", air.connect),
        patch.object(bluetooth, "async_track_unavailable", air.track),
        patch.object(
            bluetooth, "async_address_present", lambda _hass, address, _: address in air.heard
        ),
        patch.object(
            bluetooth, "async_ble_device_from_address", lambda _hass, key, _: air.heard.get(key)
        ),
    ):
        yield air


def meter_entity(
    hass: HomeAssistant, entry: MockConfigEntry, key: str, domain: str = "sensor"
) -> str:
    """An entity of the only meter of a farm."""
    (sub,) = entry.get_subentries_of_type("ble_device")
    unique = f"{entry.entry_id}{HARDWARE}{sub.subentry_id}:{key}"
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique)
    assert found is not None, key
    return found


def shown(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> State:
    """What it shows."""
    state = hass.states.get(meter_entity(hass, entry, key))
    assert state is not None
    return state


async def settle(hass: HomeAssistant) -> None:
    """Let visits end: they run beside everything else, and none of them waits for a clock."""
    for _ in range(40):
        await asyncio.sleep(0)
        await hass.async_block_till_done()


async def press(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Ask for the history of a plant sensor."""
    button = meter_entity(hass, entry, "import_history", "button")
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    await settle(hass)
