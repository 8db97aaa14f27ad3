"""Sensors: what is measured, wanted and expected at every node."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
)
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfConductivity,
    UnitOfPressure,
    UnitOfRatio,
    UnitOfTemperature,
    UnitOfTime,
    UnitOfVolume,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from vfarm_core.control.memory import ProbeCheck, ShotEnd, ShotStage, Stage, SteeringPhase
from vfarm_core.control.snapshot import (
    CircuitSnapshot,
    FarmSnapshot,
    LevelSnapshot,
    ReservoirSnapshot,
    SensorView,
    ZoneSnapshot,
)
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import DOSING, NUTRIENTS, PAR_LAMPS, Role

from .const import ATTR_QUALITY, ATTR_REASON, ATTR_SINCE
from .data import VfarmConfigEntry
from .entity import NodeEntity, SnapshotEntity, Specs, async_manage_entities
from .usage import UsageDescription, UsageSensor
from .usage import specs as usage_specs

PARALLEL_UPDATES = 0

#: Home Assistant has no unit constants and no device classes for these.
UNIT_PPFD = "μmol/m²/s"
UNIT_DLI = "mol/m²/d"

type Value = StateType | dt.datetime


@dataclass(frozen=True, kw_only=True)
class VfarmSensorDescription[S](SensorEntityDescription):
    """A sensor of one kind of node. `roles` are bindings of which one must exist, `needs` others of
    which one must exist too; `discrete` values are written at once. `measures`: the
    role whose sensors the value is read from, for what is wrong with one of them."""

    value_fn: Callable[[S], Value]
    roles: tuple[Role, ...] = ()
    needs: tuple[Role, ...] = ()
    discrete: bool = False
    measures: Role | None = None


def _instant(at: float | None) -> dt.datetime | None:
    """An instant of farm time, to the minute: what a forecast is worth."""
    return None if at is None else dt_util.utc_from_timestamp(round(at / 60) * 60)


FARM_SENSORS: tuple[VfarmSensorDescription[FarmSnapshot], ...] = (
    VfarmSensorDescription(
        key="stage",
        translation_key="stage",
        device_class=SensorDeviceClass.ENUM,
        options=[stage.value for stage in Stage],
        entity_category=EntityCategory.DIAGNOSTIC,
        discrete=True,
        value_fn=lambda s: s.stage.value,
    ),
    VfarmSensorDescription(
        key="batches",
        translation_key="batches",
        state_class=SensorStateClass.MEASUREMENT,
        discrete=True,
        value_fn=lambda s: len(s.batches),
    ),
)

ZONE_SENSORS: tuple[VfarmSensorDescription[ZoneSnapshot], ...] = (
    VfarmSensorDescription(
        key="air_temperature",
        translation_key="air_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        roles=(Role.AIR_TEMPERATURE,),
        measures=Role.AIR_TEMPERATURE,
        value_fn=lambda s: s.air_temperature.value,
    ),
    VfarmSensorDescription(
        key="air_temperature_target",
        translation_key="air_temperature_target",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        roles=(Role.AIR_TEMPERATURE,),
        value_fn=lambda s: s.air_temperature.target,
    ),
    VfarmSensorDescription(
        key="humidity",
        translation_key="humidity",
        device_class=SensorDeviceClass.HUMIDITY,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        roles=(Role.HUMIDITY,),
        measures=Role.HUMIDITY,
        value_fn=lambda s: s.humidity.value,
    ),
    VfarmSensorDescription(
        key="humidity_target",
        translation_key="humidity_target",
        device_class=SensorDeviceClass.HUMIDITY,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        roles=(Role.HUMIDITY,),
        value_fn=lambda s: s.humidity.target,
    ),
    VfarmSensorDescription(
        key="vpd",
        translation_key="vpd",
        native_unit_of_measurement=UnitOfPressure.KPA,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        roles=(Role.HUMIDITY,),
        value_fn=lambda s: s.vpd.value,
    ),
    VfarmSensorDescription(
        key="vpd_target",
        translation_key="vpd_target",
        native_unit_of_measurement=UnitOfPressure.KPA,
        suggested_display_precision=2,
        roles=(Role.HUMIDITY,),
        value_fn=lambda s: s.vpd.target,
    ),
    VfarmSensorDescription(
        key="co2",
        translation_key="co2",
        device_class=SensorDeviceClass.CO2,
        native_unit_of_measurement=UnitOfRatio.PARTS_PER_MILLION,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        roles=(Role.CO2,),
        measures=Role.CO2,
        value_fn=lambda s: s.co2.value,
    ),
    VfarmSensorDescription(
        key="dew_point",
        translation_key="dew_point",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        roles=(Role.HUMIDITY,),
        value_fn=lambda s: s.dew_point,
    ),
)

LEVEL_SENSORS: tuple[VfarmSensorDescription[LevelSnapshot], ...] = (
    VfarmSensorDescription(
        key="phase",
        translation_key="phase",
        discrete=True,
        value_fn=lambda s: s.phase,
    ),
    VfarmSensorDescription(
        key="ppfd",
        translation_key="ppfd",
        native_unit_of_measurement=UNIT_PPFD,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        roles=(Role.PPFD, *PAR_LAMPS),
        measures=Role.PPFD,
        value_fn=lambda s: s.ppfd,
    ),
    VfarmSensorDescription(
        key="ppfd_target",
        translation_key="ppfd_target",
        native_unit_of_measurement=UNIT_PPFD,
        suggested_display_precision=0,
        roles=(Role.PPFD, *PAR_LAMPS),
        value_fn=lambda s: s.ppfd_target,
    ),
    VfarmSensorDescription(
        key="dli",
        translation_key="dli",
        native_unit_of_measurement=UNIT_DLI,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        roles=(Role.PPFD, *PAR_LAMPS),
        value_fn=lambda s: None if s.dli is None else round(s.dli, 1),
    ),
    VfarmSensorDescription(
        key="dli_target",
        translation_key="dli_target",
        native_unit_of_measurement=UNIT_DLI,
        suggested_display_precision=1,
        roles=(Role.PPFD, *PAR_LAMPS),
        value_fn=lambda s: s.dli_target,
    ),
    VfarmSensorDescription(
        key="expected_harvest",
        translation_key="expected_harvest",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda s: _instant(s.expected_harvest_at),
    ),
    VfarmSensorDescription(
        key="day_of_phase",
        translation_key="day_of_phase",
        native_unit_of_measurement="d",
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value_fn=lambda s: s.day_of_phase,
    ),
    VfarmSensorDescription(
        key="dli_yesterday",
        translation_key="dli_yesterday",
        native_unit_of_measurement=UNIT_DLI,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        roles=(Role.PPFD, *PAR_LAMPS),
        value_fn=lambda s: s.dli_yesterday,
    ),
    VfarmSensorDescription(
        key="lamp_hours",
        translation_key="lamp_hours",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.HOURS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        roles=PAR_LAMPS,
        value_fn=lambda s: s.lamp_hours,
    ),
    VfarmSensorDescription(
        key="lights_on_shift",
        translation_key="lights_on_shift",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=2,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        roles=PAR_LAMPS,
        value_fn=lambda s: s.shift_h,
    ),
)

_PH_PUMPS = (Role.DOSING_PUMP_PH_DOWN, Role.DOSING_PUMP_PH_UP)


def _given_today(shown: ReservoirSnapshot, roles: tuple[Role, ...]) -> float:
    return round(sum(shown.dosed_today_ml.get(role, 0.0) for role in roles), 1)


def _probe(key: str, role: Role) -> VfarmSensorDescription[ReservoirSnapshot]:
    """Whether a probe that dosing goes by measures the solution, and a person has checked it."""
    return VfarmSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.ENUM,
        options=[check.value for check in ProbeCheck],
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        discrete=True,
        roles=(role,),
        needs=DOSING,
        value_fn=lambda s: None if (check := s.probes.get(role)) is None else check.value,
    )


RESERVOIR_SENSORS: tuple[VfarmSensorDescription[ReservoirSnapshot], ...] = (
    VfarmSensorDescription(
        key="ec",
        translation_key="ec",
        device_class=SensorDeviceClass.CONDUCTIVITY,
        native_unit_of_measurement=UnitOfConductivity.MILLISIEMENS_PER_CM,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        roles=(Role.SOLUTION_EC,),
        measures=Role.SOLUTION_EC,
        value_fn=lambda s: s.ec.value,
    ),
    VfarmSensorDescription(
        key="ph",
        translation_key="ph",
        device_class=SensorDeviceClass.PH,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        roles=(Role.SOLUTION_PH,),
        measures=Role.SOLUTION_PH,
        value_fn=lambda s: s.ph.value,
    ),
    VfarmSensorDescription(
        key="temperature",
        translation_key="solution_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        roles=(Role.SOLUTION_TEMPERATURE,),
        measures=Role.SOLUTION_TEMPERATURE,
        value_fn=lambda s: s.temperature.value,
    ),
    VfarmSensorDescription(
        key="dissolved_oxygen",
        translation_key="dissolved_oxygen",
        native_unit_of_measurement="mg/L",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        roles=(Role.DISSOLVED_OXYGEN,),
        measures=Role.DISSOLVED_OXYGEN,
        value_fn=lambda s: s.oxygen.value,
    ),
    VfarmSensorDescription(
        key="volume",
        translation_key="volume",
        device_class=SensorDeviceClass.VOLUME_STORAGE,
        native_unit_of_measurement=UnitOfVolume.LITERS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        roles=(Role.VOLUME,),
        measures=Role.VOLUME,
        value_fn=lambda s: s.volume.value,
    ),
    VfarmSensorDescription(
        key="filled_today",
        translation_key="filled_today",
        device_class=SensorDeviceClass.WATER,
        native_unit_of_measurement=UnitOfVolume.LITERS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        roles=(Role.FILL_VALVE,),
        value_fn=lambda s: s.filled_today_l,
    ),
    VfarmSensorDescription(
        key="nutrient_today",
        translation_key="nutrient_today",
        device_class=SensorDeviceClass.VOLUME,
        native_unit_of_measurement=UnitOfVolume.MILLILITERS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        roles=NUTRIENTS,
        value_fn=lambda s: _given_today(s, NUTRIENTS),
    ),
    VfarmSensorDescription(
        key="ph_correction_today",
        translation_key="ph_correction_today",
        device_class=SensorDeviceClass.VOLUME,
        native_unit_of_measurement=UnitOfVolume.MILLILITERS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        roles=_PH_PUMPS,
        value_fn=lambda s: _given_today(s, _PH_PUMPS),
    ),
    _probe("ec_probe", Role.SOLUTION_EC),
    _probe("ph_probe", Role.SOLUTION_PH),
)

IDLE = "idle"
CYCLING = "cycling"
UNIT_POINTS = "points"

CIRCUIT_SENSORS: tuple[VfarmSensorDescription[CircuitSnapshot], ...] = (
    VfarmSensorDescription(
        key="state",
        translation_key="circuit_state",
        device_class=SensorDeviceClass.ENUM,
        options=[IDLE, CYCLING, *(stage.value for stage in ShotStage)],
        discrete=True,
        value_fn=lambda s: s.stage.value if s.stage else CYCLING if s.cycling else IDLE,
    ),
    VfarmSensorDescription(
        key="next_shot",
        translation_key="next_shot",
        device_class=SensorDeviceClass.TIMESTAMP,
        discrete=True,
        value_fn=lambda s: _instant(s.next_shot_at),
    ),
    VfarmSensorDescription(
        key="litres_today",
        translation_key="litres_today",
        device_class=SensorDeviceClass.WATER,
        native_unit_of_measurement=UnitOfVolume.LITERS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=1,
        value_fn=lambda s: s.litres_today,
    ),
    VfarmSensorDescription(
        key="last_end",
        translation_key="last_end",
        device_class=SensorDeviceClass.ENUM,
        options=[end.value for end in ShotEnd],
        discrete=True,
        value_fn=lambda s: s.last_end.value if s.last_end else None,
    ),
    VfarmSensorDescription(
        key="steering_phase",
        translation_key="steering_phase",
        device_class=SensorDeviceClass.ENUM,
        options=[phase.value for phase in SteeringPhase],
        discrete=True,
        roles=(Role.SUBSTRATE_MOISTURE,),
        value_fn=lambda s: s.steering.value if s.steering else None,
    ),
    VfarmSensorDescription(
        key="substrate_moisture",
        translation_key="substrate_moisture",
        device_class=SensorDeviceClass.MOISTURE,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        roles=(Role.SUBSTRATE_MOISTURE,),
        measures=Role.SUBSTRATE_MOISTURE,
        value_fn=lambda s: s.moisture,
    ),
    VfarmSensorDescription(
        key="dryback",
        translation_key="dryback",
        native_unit_of_measurement=UNIT_POINTS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        roles=(Role.SUBSTRATE_MOISTURE,),
        value_fn=lambda s: s.dryback_points,
    ),
    VfarmSensorDescription(
        key="substrate_ec",
        translation_key="substrate_ec",
        device_class=SensorDeviceClass.CONDUCTIVITY,
        native_unit_of_measurement=UnitOfConductivity.MILLISIEMENS_PER_CM,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        roles=(Role.SUBSTRATE_EC,),
        measures=Role.SUBSTRATE_EC,
        value_fn=lambda s: s.substrate_ec,
    ),
    VfarmSensorDescription(
        key="substrate_temperature",
        translation_key="substrate_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        roles=(Role.SUBSTRATE_TEMPERATURE,),
        measures=Role.SUBSTRATE_TEMPERATURE,
        value_fn=lambda s: s.substrate_temperature,
    ),
    VfarmSensorDescription(
        key="drain_ec",
        translation_key="drain_ec",
        device_class=SensorDeviceClass.CONDUCTIVITY,
        native_unit_of_measurement=UnitOfConductivity.MILLISIEMENS_PER_CM,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        roles=(Role.DRAIN_EC,),
        measures=Role.DRAIN_EC,
        value_fn=lambda s: s.drain_ec,
    ),
    VfarmSensorDescription(
        key="runoff",
        translation_key="runoff",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        roles=(Role.DRAIN_VOLUME,),
        value_fn=lambda s: s.runoff_pct,
    ),
    VfarmSensorDescription(
        key="runoff_today",
        translation_key="runoff_today",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=0,
        roles=(Role.DRAIN_VOLUME,),
        value_fn=lambda s: s.runoff_today_pct,
    ),
)


def _bound(
    farm: Farm, node: str, descriptions: tuple[VfarmSensorDescription[Any], ...]
) -> Iterator[tuple[str, VfarmSensorDescription[Any]]]:
    """The descriptions whose roles are bound at a node."""
    for description in descriptions:
        asked = (description.roles, description.needs)
        if all(not some or any(farm.of(node, role) for role in some) for some in asked):
            yield node, description


def specs(farm: Farm) -> Specs[SensorEntityDescription]:
    """The sensors a farm has."""
    yield from usage_specs(farm)
    yield from _bound(farm, farm.id, FARM_SENSORS)
    for zone in farm.zones:
        yield from _bound(farm, zone.id, ZONE_SENSORS)
    for level in farm.levels:
        yield from _bound(farm, level.id, LEVEL_SENSORS)
    for reservoir in farm.reservoirs:
        yield from _bound(farm, reservoir.id, RESERVOIR_SENSORS)
    for circuit in farm.circuits:
        yield from _bound(farm, circuit.id, CIRCUIT_SENSORS)


def _make(
    hass: HomeAssistant, entry: VfarmConfigEntry, node: str, description: SensorEntityDescription
) -> NodeEntity:
    if isinstance(description, UsageDescription):
        return UsageSensor(hass, entry, node, description)
    assert isinstance(description, VfarmSensorDescription)
    return VfarmSensor(hass, entry, node, description)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a farm."""
    async_manage_entities(hass, entry, async_add_entities, SENSOR_DOMAIN, specs, _make)
    if demo := entry.runtime_data.demo:
        demo.async_add_hardware(SENSOR_DOMAIN, async_add_entities)
    entry.runtime_data.modbus.async_add_to(SENSOR_DOMAIN, async_add_entities)
    entry.runtime_data.meters.async_add_to(SENSOR_DOMAIN, async_add_entities)


#: A value, and what is said of a sensor behind it that is not good.
type Shown = tuple[Value, tuple[tuple[str, str], ...]]


def _trouble(sensors: tuple[SensorView, ...], role: Role) -> tuple[tuple[str, str], ...]:
    """What is wrong with a sensor of a role, and since when: only what does not change with every
    report."""
    view = next((v for v in sensors if v.role == role), None)
    if view is None:
        return ()
    found = [(ATTR_QUALITY, view.quality.value), (ATTR_REASON, view.code)]
    if since := view.params.get("at"):
        found.append((ATTR_SINCE, str(since)))
    return tuple(found)


class VfarmSensor(SnapshotEntity[Shown], SensorEntity):
    """One value of a node."""

    entity_description: VfarmSensorDescription[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        node: str,
        description: VfarmSensorDescription[Any],
    ) -> None:
        """Take over whether the value is discrete."""
        super().__init__(hass, entry, node, description)
        self.discrete = description.discrete

    @override
    def value_of(self, snapshot: Any) -> Shown:
        described = self.entity_description
        role = described.measures
        trouble = () if role is None else _trouble(snapshot.sensors, role)
        return described.value_fn(snapshot), trouble

    @override
    def is_gone(self, value: Shown | None) -> bool:
        return value is None or value[0] is None

    @override
    def show(self, value: Shown | None) -> None:
        self._attr_native_value, trouble = value or (None, ())
        self._attr_extra_state_attributes = dict(trouble)
