"""Fans: drives on a Modbus line, and the demo's simulated hardware that appears as fans."""

from __future__ import annotations

from homeassistant.components.fan import DOMAIN as FAN_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import VfarmConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the fans of a farm."""
    if demo := entry.runtime_data.demo:
        demo.async_add_hardware(FAN_DOMAIN, async_add_entities)
    entry.runtime_data.modbus.async_add_to(FAN_DOMAIN, async_add_entities)
