"""Event entities: what happens to batches and circuits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import override

from homeassistant.components.event import (
    DOMAIN as EVENT_DOMAIN,
)
from homeassistant.components.event import (
    EventEntity,
    EventEntityDescription,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.control.effects import Event
from vfarm_core.farm.nodes import Farm

from .data import VfarmConfigEntry
from .entity import NodeEntity, Specs, async_manage_entities

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class VfarmEventDescription(EventEntityDescription):
    """Events of certain kinds; `anywhere` in the farm, or of one node."""

    kinds: tuple[str, ...]
    anywhere: bool = False


BATCH = VfarmEventDescription(
    key="batch",
    translation_key="batch",
    kinds=(
        "batch_started",
        "phase_changed",
        "recipe_changed",
        "batch_ready",
        "batch_cut",
        "batch_harvested",
        "batch_planned",
        "batch_rescheduled",
        "batch_moved",
        "batch_split",
        "batch_merged",
        "batch_transplanted",
        "batch_loss",
        "batch_failed",
    ),
    anywhere=True,
)
SHOT = VfarmEventDescription(
    key="shot", translation_key="shot", kinds=("shot_started", "shot_ended")
)


def specs(farm: Farm) -> Specs[VfarmEventDescription]:
    """The event entities a farm has."""
    yield farm.id, BATCH
    for circuit in farm.circuits:
        yield circuit.id, SHOT


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event entities of a farm."""
    async_manage_entities(hass, entry, async_add_entities, EVENT_DOMAIN, specs, VfarmEvent)


class VfarmEvent(NodeEntity, EventEntity):
    """The latest event of some kinds."""

    entity_description: VfarmEventDescription

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        node: str,
        description: VfarmEventDescription,
    ) -> None:
        """Know the kinds."""
        super().__init__(hass, entry, node, description)
        self._attr_event_types = list(description.kinds)

    @property
    @override
    def available(self) -> bool:
        """What has happened stays true."""
        return not self.engine.closed

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what happens."""
        self.async_on_remove(self.engine.listen_events(self._happened))

    @callback
    def _happened(self, event: Event) -> None:
        described = self.entity_description
        if event.kind in described.kinds and (described.anywhere or event.node == self.node):
            self._trigger_event(event.kind, {"node": event.node, **event.params})
            self.async_write_ha_state()
