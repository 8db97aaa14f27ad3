"""Switches: the loops of a farm, armed or not, and the demo's simulated hardware that appears as
switches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.switch import (
    DOMAIN as SWITCH_DOMAIN,
)
from homeassistant.components.switch import (
    SwitchEntity,
    SwitchEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.control.inputs import Arm, Disarm
from vfarm_core.control.snapshot import FarmSnapshot
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Loop, spec

from .access import guarded
from .data import VfarmConfigEntry
from .entity import SnapshotEntity, Specs, async_by, async_manage_entities

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class LoopDescription(SwitchEntityDescription):
    """The switch of one loop."""

    loop: Loop


LOOPS: Final = tuple(
    LoopDescription(key=f"loop_{loop}", translation_key=f"loop_{loop}", loop=loop) for loop in Loop
)


def specs(farm: Farm) -> Specs[LoopDescription]:
    """The loops for which a farm has a device."""
    has = {spec(binding.role).loop for binding in farm.bindings if spec(binding.role).is_actuator}
    for description in LOOPS:
        if description.loop in has:
            yield farm.id, description


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switches of a farm."""
    async_manage_entities(hass, entry, async_add_entities, SWITCH_DOMAIN, specs, LoopSwitch)
    if demo := entry.runtime_data.demo:
        demo.async_add_hardware(SWITCH_DOMAIN, async_add_entities)
    entry.runtime_data.modbus.async_add_to(SWITCH_DOMAIN, async_add_entities)


class LoopSwitch(SnapshotEntity[bool], SwitchEntity):
    """Whether a loop may drive its devices."""

    entity_description: LoopDescription

    @override
    def value_of(self, snapshot: FarmSnapshot) -> bool:
        return self.entity_description.loop not in snapshot.disarmed

    @override
    def show(self, value: bool | None) -> None:
        self._attr_is_on = value

    @override
    @guarded
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Arm the loop, which a person has looked at."""
        by = await async_by(self.hass, self._context)
        await self.async_ask(Arm(loop=self.entity_description.loop, by=by))

    @override
    @guarded
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Take the loop out of service."""
        by = await async_by(self.hass, self._context)
        await self.async_ask(Disarm(loop=self.entity_description.loop, by=by))
