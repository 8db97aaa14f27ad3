"""Selects: the mode of the farm, and the speed of a demo farm's clock."""

from __future__ import annotations

from typing import Any, override

from homeassistant.components.select import (
    DOMAIN as SELECT_DOMAIN,
)
from homeassistant.components.select import (
    SelectEntity,
    SelectEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.control.inputs import SetMode
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.overrides import Mode

from .access import guarded
from .data import VfarmConfigEntry
from .entity import NodeEntity, SnapshotEntity, Specs, async_by, async_manage_entities

PARALLEL_UPDATES = 0

MODE = SelectEntityDescription(
    key="mode", translation_key="mode", options=[mode.value for mode in Mode]
)
SPEED = SelectEntityDescription(
    key="speed", translation_key="speed", options=["1", "10", "60", "240"]
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the selects of a farm."""
    has_speed = entry.runtime_data.demo is not None

    def specs(farm: Farm) -> Specs[SelectEntityDescription]:
        yield farm.id, MODE
        if has_speed:
            yield farm.id, SPEED

    def make(
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        node: str,
        description: SelectEntityDescription,
    ) -> NodeEntity:
        kind = SpeedSelect if description is SPEED else ModeSelect
        return kind(hass, entry, node, description)

    async_manage_entities(hass, entry, async_add_entities, SELECT_DOMAIN, specs, make)
    entry.runtime_data.modbus.async_add_to(SELECT_DOMAIN, async_add_entities)


class ModeSelect(SnapshotEntity[str], SelectEntity):
    """What vfarm may do."""

    @override
    def value_of(self, snapshot: Any) -> str:
        return str(snapshot.mode.value)

    @override
    def show(self, value: str | None) -> None:
        self._attr_current_option = value

    @override
    @guarded
    async def async_select_option(self, option: str) -> None:
        """Change the mode."""
        by = await async_by(self.hass, self._context)
        await self.async_ask(SetMode(mode=Mode(option), by=by))


class SpeedSelect(NodeEntity, SelectEntity):
    """How fast the time of a demo farm runs."""

    @property
    @override
    def available(self) -> bool:
        """Whether the demo runs."""
        return self.entry.runtime_data.demo is not None

    @property
    @override
    def current_option(self) -> str:
        """The speed now."""
        return f"{self.engine.clock.speed:g}"

    @override
    @guarded
    async def async_select_option(self, option: str) -> None:
        """Change the speed."""
        if demo := self.entry.runtime_data.demo:
            await demo.async_set_speed(float(option))
            self.async_write_ha_state()
