"""Event entities: what happens to batches, circuits and reservoirs, and what needs somebody."""

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

from vfarm_core.control.effects import Event, Severity
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import DOSING, Role

from .data import VfarmConfigEntry
from .entity import NodeEntity, Specs, async_manage_entities

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class VfarmEventDescription(EventEntityDescription):
    """Events of certain kinds, or of certain severities whatever their kind; `anywhere` in the
    farm, or of one node. `roles`: bindings of which one must exist."""

    kinds: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    anywhere: bool = False
    roles: tuple[Role, ...] = ()


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

DOSE = VfarmEventDescription(
    key="dose",
    translation_key="dose",
    kinds=("dose_started", "dose_ended"),
    roles=DOSING,
)
FILL = VfarmEventDescription(
    key="fill",
    translation_key="fill",
    kinds=("fill_started", "fill_ended"),
    roles=(Role.FILL_VALVE,),
)
ALARM = VfarmEventDescription(
    key="alarm",
    translation_key="alarm",
    severities=(Severity.P1, Severity.P2, Severity.P3),
    anywhere=True,
)


def specs(farm: Farm) -> Specs[VfarmEventDescription]:
    """The event entities a farm has."""
    yield farm.id, BATCH
    yield farm.id, ALARM
    for reservoir in farm.reservoirs:
        for description in (DOSE, FILL):
            if any(farm.of(reservoir.id, role) for role in description.roles):
                yield reservoir.id, description
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
        self._attr_event_types = [
            *description.kinds,
            *(severity.value for severity in description.severities),
        ]

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
        if not described.anywhere and event.node != self.node:
            return
        if event.kind in described.kinds:
            self._trigger_event(event.kind, {"node": event.node, **event.params})
        elif event.severity in described.severities:
            told = {"kind": event.kind, "node": event.node, **event.params}
            self._trigger_event(event.severity.value, told)
        else:
            return
        self.async_write_ha_state()
