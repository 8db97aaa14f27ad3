"""Binary sensors: day and night, lights, doses and fills, problems, the emergency stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (
    DOMAIN as BINARY_SENSOR_DOMAIN,
)
from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.control.snapshot import (
    FarmSnapshot,
    LevelSnapshot,
    ReservoirSnapshot,
    ZoneSnapshot,
)
from vfarm_core.farm import roles
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Role

from .const import ATTR_REASON
from .data import VfarmConfigEntry
from .entity import SnapshotEntity, Specs, async_manage_entities

PARALLEL_UPDATES = 0

ATTR_PROBLEMS = "problems"
ATTR_UNPROVED = "unproved"

type Shown = tuple[bool, str | tuple[str, ...] | None]


@dataclass(frozen=True, kw_only=True)
class VfarmBinarySensorDescription[S](BinarySensorEntityDescription):
    """A binary sensor of one kind of node. `names_fn` gives the keys behind its state, or the one
    key. `roles` are bindings of which one must exist."""

    value_fn: Callable[[S], bool]
    names_fn: Callable[[S], str | tuple[str, ...] | None] = lambda _: ()
    names_attribute: str | None = None
    roles: tuple[Role, ...] = ()


PROBLEM: VfarmBinarySensorDescription[Any] = VfarmBinarySensorDescription(
    key="problem",
    translation_key="problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
    value_fn=lambda s: bool(s.problems),
    names_fn=lambda s: s.problems,
    names_attribute=ATTR_PROBLEMS,
)

EMERGENCY: VfarmBinarySensorDescription[FarmSnapshot] = VfarmBinarySensorDescription(
    key="emergency",
    translation_key="emergency",
    device_class=BinarySensorDeviceClass.SAFETY,
    value_fn=lambda s: s.emergency,
    names_fn=lambda s: s.emergency_unproved,
    names_attribute=ATTR_UNPROVED,
)

DAY: VfarmBinarySensorDescription[ZoneSnapshot] = VfarmBinarySensorDescription(
    key="day", translation_key="day", value_fn=lambda s: s.day
)

LIGHTS: VfarmBinarySensorDescription[LevelSnapshot] = VfarmBinarySensorDescription(
    key="lights",
    translation_key="lights",
    device_class=BinarySensorDeviceClass.LIGHT,
    value_fn=lambda s: s.day,
)

DOSING: VfarmBinarySensorDescription[ReservoirSnapshot] = VfarmBinarySensorDescription(
    key="dosing",
    translation_key="dosing",
    device_class=BinarySensorDeviceClass.RUNNING,
    roles=roles.DOSING,
    value_fn=lambda s: s.dose is not None,
)

DOSING_INHIBITED: VfarmBinarySensorDescription[ReservoirSnapshot] = VfarmBinarySensorDescription(
    key="dosing_inhibited",
    translation_key="dosing_inhibited",
    device_class=BinarySensorDeviceClass.PROBLEM,
    roles=roles.DOSING,
    value_fn=lambda s: s.dosing_inhibited,
    names_fn=lambda s: s.dosing_code if s.dosing_inhibited else None,
    names_attribute=ATTR_REASON,
)

FILLING: VfarmBinarySensorDescription[ReservoirSnapshot] = VfarmBinarySensorDescription(
    key="filling",
    translation_key="filling",
    device_class=BinarySensorDeviceClass.RUNNING,
    roles=(Role.FILL_VALVE,),
    value_fn=lambda s: s.fill is not None,
)

RESERVOIR = (DOSING, DOSING_INHIBITED, FILLING, PROBLEM)


def specs(farm: Farm) -> Specs[VfarmBinarySensorDescription[Any]]:
    """The binary sensors a farm has."""
    yield farm.id, EMERGENCY
    yield farm.id, PROBLEM
    for zone in farm.zones:
        yield zone.id, DAY
        yield zone.id, PROBLEM
    for level in farm.levels:
        yield level.id, LIGHTS
        yield level.id, PROBLEM
    for reservoir in farm.reservoirs:
        for description in RESERVOIR:
            if not description.roles or any(farm.of(reservoir.id, r) for r in description.roles):
                yield reservoir.id, description
    for circuit in farm.circuits:
        yield circuit.id, PROBLEM


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of a farm."""
    async_manage_entities(
        hass, entry, async_add_entities, BINARY_SENSOR_DOMAIN, specs, VfarmBinarySensor
    )
    if demo := entry.runtime_data.demo:
        demo.async_add_hardware(BINARY_SENSOR_DOMAIN, async_add_entities)
    entry.runtime_data.modbus.async_add_to(BINARY_SENSOR_DOMAIN, async_add_entities)


class VfarmBinarySensor(SnapshotEntity[Shown], BinarySensorEntity):
    """One yes or no of a node, with the keys behind it."""

    entity_description: VfarmBinarySensorDescription[Any]

    @override
    def value_of(self, snapshot: Any) -> Shown:
        described = self.entity_description
        return described.value_fn(snapshot), described.names_fn(snapshot)

    @override
    def show(self, value: Shown | None) -> None:
        self._attr_is_on, names = value or (None, ())
        if attribute := self.entity_description.names_attribute:
            shown = list(names) if isinstance(names, tuple) else names
            self._attr_extra_state_attributes = {attribute: shown}
