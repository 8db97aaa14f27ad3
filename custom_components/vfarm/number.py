"""Numbers: targets that a person holds in place of the recipe's, for how long, and the demo's
simulated hardware that appears as numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.number import (
    DOMAIN as NUMBER_DOMAIN,
)
from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
    RestoreNumber,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfPressure,
    UnitOfRatio,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.control.memory import LevelState
from vfarm_core.control.snapshot import LevelSnapshot, ZoneSnapshot
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.overrides import LONGEST_OVERRIDE_H, OVERRIDE_RANGES, Override, Quantity
from vfarm_core.farm.roles import PAR_LAMPS, Role

from .access import guarded
from .const import OVERRIDE_H
from .data import VfarmConfigEntry
from .entity import NodeEntity, Specs, async_manage_entities
from .overriding import OverridingEntity, told
from .sensor import UNIT_PPFD
from .targets import error

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class TargetDescription(NumberEntityDescription):
    """A target of a node: what it can be set to comes from the core. `target_fn` is what holds now,
    by the node's snapshot and what the farm remembers of it. `roles`: bindings of which one must
    exist."""

    quantity: Quantity
    roles: tuple[Role, ...]
    target_fn: Callable[[Any, LevelState | None], float | None]


def _lit_h(_: LevelSnapshot, known: LevelState | None) -> float | None:
    """The length of a level's light day."""
    day = None if known is None else known.light_day
    return None if day is None else round((day.end_s - day.start_s) / 3600.0, 2)


def _target(
    quantity: Quantity,
    roles: tuple[Role, ...],
    target_fn: Callable[[Any, LevelState | None], float | None],
    *,
    unit: str,
    device_class: NumberDeviceClass | None = None,
    enabled: bool = True,
) -> TargetDescription:
    """A number that holds a target, within what the core accepts."""
    key = f"{quantity}_override"
    accepted = OVERRIDE_RANGES[quantity]
    return TargetDescription(
        key=key,
        translation_key=key,
        quantity=quantity,
        roles=roles,
        target_fn=target_fn,
        device_class=device_class,
        native_unit_of_measurement=unit,
        native_min_value=accepted.low,
        native_max_value=accepted.high,
        native_step=accepted.step,
        mode=NumberMode.BOX,
        entity_registry_enabled_default=enabled,
    )


def _of_zone(name: str) -> Callable[[ZoneSnapshot, LevelState | None], float | None]:
    return lambda shown, _: getattr(shown, name).target


ZONE_TARGETS: Final = (
    _target(
        Quantity.AIR_TEMPERATURE,
        (Role.AIR_TEMPERATURE,),
        _of_zone("air_temperature"),
        unit=UnitOfTemperature.CELSIUS,
        device_class=NumberDeviceClass.TEMPERATURE,
    ),
    _target(
        Quantity.HUMIDITY,
        (Role.HUMIDITY,),
        _of_zone("humidity"),
        unit=UnitOfRatio.PERCENTAGE,
        device_class=NumberDeviceClass.HUMIDITY,
        enabled=False,
    ),
    _target(Quantity.VPD, (Role.HUMIDITY,), _of_zone("vpd"), unit=UnitOfPressure.KPA),
    _target(
        Quantity.CO2,
        (Role.CO2,),
        _of_zone("co2"),
        unit=UnitOfRatio.PARTS_PER_MILLION,
        device_class=NumberDeviceClass.CO2,
    ),
)
LEVEL_TARGETS: Final = (
    _target(
        Quantity.PPFD,
        PAR_LAMPS,
        lambda shown, _: shown.ppfd_target,
        unit=UNIT_PPFD,
        enabled=False,
    ),
    _target(
        Quantity.PHOTOPERIOD,
        PAR_LAMPS,
        _lit_h,
        unit=UnitOfTime.HOURS,
        device_class=NumberDeviceClass.DURATION,
        enabled=False,
    ),
)
HOURS = NumberEntityDescription(
    key="override_hours",
    translation_key="override_hours",
    device_class=NumberDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.HOURS,
    native_min_value=0.25,
    native_max_value=LONGEST_OVERRIDE_H,
    native_step=0.25,
    mode=NumberMode.BOX,
    entity_category=EntityCategory.CONFIG,
)


def specs(farm: Farm) -> Specs[NumberEntityDescription]:
    """The numbers a farm has."""
    yield farm.id, HOURS
    for nodes, descriptions in ((farm.zones, ZONE_TARGETS), (farm.levels, LEVEL_TARGETS)):
        for node in nodes:
            for description in descriptions:
                if any(farm.of(node.id, role) for role in description.roles):
                    yield node.id, description


def _make(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    node: str,
    description: NumberEntityDescription,
) -> NodeEntity:
    kind = TargetNumber if isinstance(description, TargetDescription) else HoursNumber
    return kind(hass, entry, node, description)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the numbers of a farm."""
    async_manage_entities(hass, entry, async_add_entities, NUMBER_DOMAIN, specs, _make)
    if demo := entry.runtime_data.demo:
        demo.async_add_hardware(NUMBER_DOMAIN, async_add_entities)
    entry.runtime_data.modbus.async_add_to(NUMBER_DOMAIN, async_add_entities)


#: A target, and the override that it comes from.
type Shown = tuple[float | None, Override | None]


class TargetNumber(OverridingEntity[Shown], NumberEntity):
    """A target of a node: the recipe's, or the one that a person holds."""

    entity_description: TargetDescription

    @override
    def value_of(self, snapshot: Any) -> Shown:
        described = self.entity_description
        held = self.held(described.quantity)
        if held is not None:
            return held.value, held
        known = self.engine.runtime.memory.levels.get(self.node)
        return described.target_fn(snapshot, known), None

    @override
    def is_urgent(self, before: Shown | None, value: Shown | None) -> bool:
        """What a person did shows at once."""
        return before is None or value is None or before[1] != value[1]

    @override
    def show(self, value: Shown | None) -> None:
        self._attr_native_value, held = value or (None, None)
        self._attr_extra_state_attributes = told(self.hass, held)

    @override
    @guarded
    async def async_set_native_value(self, value: float) -> None:
        """Hold the target."""
        await self.async_hold(self.entity_description.quantity, value)


class HoursNumber(NodeEntity, RestoreNumber):
    """For how long a target holds that is set from now on."""

    @property
    @override
    def available(self) -> bool:
        """A setting of the shell, whatever the farm does."""
        return not self.engine.closed

    @property
    @override
    def native_value(self) -> float:
        """The hours."""
        return self.entry.runtime_data.override_h

    @override
    async def async_added_to_hass(self) -> None:
        """Take over what was set before the restart."""
        await super().async_added_to_hass()
        known = await self.async_get_last_number_data()
        hours = known.native_value if known is not None else None
        self.entry.runtime_data.override_h = OVERRIDE_H if hours is None else hours

    @override
    @guarded
    async def async_set_native_value(self, value: float) -> None:
        """Set the hours."""
        if not math.isfinite(value):
            # It passes every limit, and what is set for so long would never end.
            raise error("field_number", field="value", value=str(value))
        self.entry.runtime_data.override_h = value
        self.async_write_ha_state()
