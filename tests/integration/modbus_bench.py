"""Modbus devices on loopback, and farms that have them."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.const import DOMAIN, HARDWARE
from custom_components.vfarm.modbus.links import unique_id
from tests.core.devices.modbus.servers import Bank, filled, serving
from tests.core.devices.modbus.wire import Station
from vfarm_core.devices.modbus.library import shelf

PROBE = "xy_md02"
BOARD = "waveshare_relay"


def bank_of(profile: str) -> Bank:
    """The memory of a device, every register with a sample."""
    return filled(shelf().get(profile))


def place(port: int, unit: int = 1, profile: str = PROBE, **more: Any) -> dict[str, Any]:
    """What a subentry keeps of a device on a server of this host."""
    return {
        "link": "tcp",
        "host": "127.0.0.1",
        "port": port,
        "unit": unit,
        "profile": profile,
        **more,
    }


def device(data: dict[str, Any], title: str = "Probe") -> ConfigSubentryData:
    """A device as the subentry of a farm."""
    return ConfigSubentryData(
        data=data, subentry_type="modbus_device", title=title, unique_id=unique_id(data)
    )


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for what comes over a wire."""
    async with asyncio.timeout(seconds):
        # What a device says has no event of its own.
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def entity_id(
    hass: HomeAssistant, entry: MockConfigEntry, domain: str, key: str, title: str = "Probe"
) -> str:
    """The entity of a register."""
    sub = next(s for s in entry.subentries.values() if s.title == title)
    unique = f"{entry.entry_id}{HARDWARE}{sub.subentry_id}:{key}"
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique)
    assert found is not None, f"no {domain} {key}"
    return found


def said(hass: HomeAssistant, entity: str) -> str | None:
    """The state of an entity."""
    state: State | None = hass.states.get(entity)
    return None if state is None else state.state


def farm_with(hass: HomeAssistant, *devices: ConfigSubentryData) -> MockConfigEntry:
    """A farm with nothing but these devices, not set up."""
    entry = MockConfigEntry(
        domain=DOMAIN, title="Farm", data={"kind": "farm"}, subentries_data=list(devices)
    )
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set a farm up."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


@contextlib.asynccontextmanager
async def lined(
    banks: Mapping[int, Bank], maker: str = "tmodbus", framing: str = "tcp", port: int | None = None
) -> AsyncIterator[int]:
    """A line with these units; yields its port."""
    async with serving(maker, framing, banks, port) as found:
        yield found


@contextlib.asynccontextmanager
async def on_serial_port(station: Station) -> AsyncIterator[str]:
    """A line on a serial port of this host; yields its name."""
    own, theirs = os.openpty()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    reading, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(own), "rb", 0)
    )
    writing, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(own, "wb", 0)
    )
    writer = asyncio.StreamWriter(writing, protocol, reader, loop)
    serving = asyncio.ensure_future(station.serve(reader, writer))
    try:
        yield os.ttyname(theirs)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        reading.close()
        writing.close()
        os.close(theirs)
