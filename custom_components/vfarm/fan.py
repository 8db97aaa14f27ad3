"""The demo's simulated hardware that appears as fans."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """Set up simulated hardware."""
    demo = entry.runtime_data.demo
    if TYPE_CHECKING:
        assert demo is not None  # The platform is only set up for a demo.
    demo.async_add_hardware(FAN_DOMAIN, async_add_entities)
