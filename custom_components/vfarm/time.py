"""Times: when the light day of a level begins. Setting it edits the level, as its form does."""

from __future__ import annotations

import datetime as dt
from typing import override

from homeassistant.components.time import (
    DOMAIN as TIME_DOMAIN,
)
from homeassistant.components.time import (
    TimeEntity,
    TimeEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import PAR_LAMPS

from .access import guarded
from .data import VfarmConfigEntry
from .entity import NodeEntity, Specs, async_manage_entities

PARALLEL_UPDATES = 0

LIGHTS_ON = TimeEntityDescription(
    key="lights_on",
    translation_key="lights_on",
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
)


def specs(farm: Farm) -> Specs[TimeEntityDescription]:
    """The levels that have lamps."""
    for level in farm.levels:
        if any(farm.of(level.id, role) for role in PAR_LAMPS):
            yield level.id, LIGHTS_ON


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the times of a farm."""
    async_manage_entities(hass, entry, async_add_entities, TIME_DOMAIN, specs, LightsOnTime)


class LightsOnTime(NodeEntity, TimeEntity):
    """When the light day of a level begins, by the clock on the wall."""

    @property
    @override
    def available(self) -> bool:
        """It is written down, whatever the farm does."""
        return not self.engine.closed and self.node in self.engine.farm.level

    @property
    @override
    def native_value(self) -> dt.time:
        """The time."""
        return self.engine.farm.level[self.node].lights_on

    @override
    async def async_added_to_hass(self) -> None:
        """Follow edits, also those by the form."""
        await super().async_added_to_hass()
        listen = self.entry.runtime_data.listen_topology
        self.async_on_remove(listen(self.async_write_ha_state))

    @override
    @guarded
    async def async_set_value(self, value: dt.time) -> None:
        """Edit the level in its rack; the farm goes on with the difference."""
        subentry = self.entry.subentries[self.entry.runtime_data.subentry_ids[self.node]]
        levels = [
            {**level, "lights_on": value.isoformat()} if level["id"] == self.node else level
            for level in subentry.data["levels"]
        ]
        self.hass.config_entries.async_update_subentry(
            self.entry, subentry, data={**subentry.data, "levels": levels}
        )
