"""Buttons: the emergency stop."""

from __future__ import annotations

from typing import override

from homeassistant.components.button import (
    DOMAIN as BUTTON_DOMAIN,
)
from homeassistant.components.button import (
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.control.inputs import EmergencyStop
from vfarm_core.farm.nodes import Farm

from .access import guarded
from .data import VfarmConfigEntry
from .entity import NodeEntity, Specs, async_manage_entities
from .people import by_of

PARALLEL_UPDATES = 0

STOP = ButtonEntityDescription(key="emergency_stop", translation_key="emergency_stop")


def specs(farm: Farm) -> Specs[ButtonEntityDescription]:
    """The buttons a farm has."""
    yield farm.id, STOP


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons of a farm."""
    async_manage_entities(
        hass, entry, async_add_entities, BUTTON_DOMAIN, specs, EmergencyStopButton
    )


class EmergencyStopButton(NodeEntity, ButtonEntity):
    """Everything off, latched."""

    @property
    @override
    def available(self) -> bool:
        """A stop can always be asked for, also before the first step."""
        return not self.engine.closed

    @override
    @guarded
    async def async_press(self) -> None:
        """Stop."""
        await self.async_ask(EmergencyStop(by=by_of(self.hass, self._context)))
