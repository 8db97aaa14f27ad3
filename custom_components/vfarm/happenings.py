"""Tells Home Assistant's event bus, and so the logbook and automations, what happens in a farm."""

from __future__ import annotations

from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from vfarm_core.control.effects import Event
from vfarm_core.farm.codec import encode

from .const import EVENT_VFARM
from .data import VfarmConfigEntry
from .devices import async_device_id


def event_data(hass: HomeAssistant, entry: VfarmConfigEntry, event: Event) -> dict[str, Any]:
    """An event of the core as data of the bus."""
    farm = entry.runtime_data.farm
    known = farm.nodes.get(event.node)
    return {
        "entry_id": entry.entry_id,
        ATTR_DEVICE_ID: async_device_id(hass, entry, event.node),
        "kind": event.kind,
        "node": event.node,
        "name": known.name if known is not None else farm.name,
        "severity": event.severity.value,
        "at": event.at,
        "params": encode(event.params),
    }


@callback
def async_tell(hass: HomeAssistant, entry: VfarmConfigEntry) -> CALLBACK_TYPE:
    """Pass on everything that happens until the returned function is called."""

    @callback
    def happened(event: Event) -> None:
        hass.bus.async_fire(EVENT_VFARM, event_data(hass, entry, event))

    return entry.runtime_data.engine.listen_events(happened)
