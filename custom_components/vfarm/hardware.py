"""The demo's simulated hardware as entities: what a shop would sell, one entity for each point."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.binary_sensor import (
    DOMAIN as BINARY_SENSOR_DOMAIN,
)
from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
)
from homeassistant.components.fan import DOMAIN as FAN_DOMAIN
from homeassistant.components.fan import FanEntity, FanEntityFeature
from homeassistant.components.humidifier import (
    DOMAIN as HUMIDIFIER_DOMAIN,
)
from homeassistant.components.humidifier import (
    HumidifierDeviceClass,
    HumidifierEntity,
)
from homeassistant.components.light import (
    ATTR_BRIGHTNESS,
    ColorMode,
    LightEntity,
)
from homeassistant.components.light import (
    DOMAIN as LIGHT_DOMAIN,
)
from homeassistant.components.number import DOMAIN as NUMBER_DOMAIN
from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberMode
from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
)
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN
from homeassistant.components.switch import SwitchEntity
from homeassistant.components.valve import (
    DOMAIN as VALVE_DOMAIN,
)
from homeassistant.components.valve import (
    ValveDeviceClass,
    ValveEntity,
    ValveEntityFeature,
)
from homeassistant.const import UnitOfRatio, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo

from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import DOSING, Role, RoleKind, spec
from vfarm_core.twin.farm import PointView

from .access import guarded
from .commander import CommandedEntity
from .const import DOMAIN, HARDWARE

if TYPE_CHECKING:
    from .data import VfarmConfigEntry
    from .demo import Demo

_DOMAINS: Mapping[Role, str] = {
    Role.HUMIDIFIER: HUMIDIFIER_DOMAIN,
    Role.DEHUMIDIFIER: HUMIDIFIER_DOMAIN,
    Role.EXHAUST_FAN: FAN_DOMAIN,
    Role.CIRCULATION_FAN: FAN_DOMAIN,
    Role.CO2_VALVE: VALVE_DOMAIN,
    Role.IRRIGATION_VALVE: VALVE_DOMAIN,
    Role.FILL_VALVE: VALVE_DOMAIN,
}
_SENSOR_CLASSES: Mapping[Role, SensorDeviceClass] = {
    Role.AIR_TEMPERATURE: SensorDeviceClass.TEMPERATURE,
    Role.LEAF_TEMPERATURE: SensorDeviceClass.TEMPERATURE,
    Role.SOLUTION_TEMPERATURE: SensorDeviceClass.TEMPERATURE,
    Role.HUMIDITY: SensorDeviceClass.HUMIDITY,
    Role.CO2: SensorDeviceClass.CO2,
    Role.ILLUMINANCE: SensorDeviceClass.ILLUMINANCE,
    Role.SOLUTION_EC: SensorDeviceClass.CONDUCTIVITY,
    Role.SOLUTION_PH: SensorDeviceClass.PH,
    Role.VOLUME: SensorDeviceClass.VOLUME_STORAGE,
    Role.FLOW: SensorDeviceClass.VOLUME_FLOW_RATE,
    Role.POWER: SensorDeviceClass.POWER,
}
_CONTACT_CLASSES: Mapping[Role, BinarySensorDeviceClass] = {
    Role.OCCUPANCY: BinarySensorDeviceClass.OCCUPANCY,
    Role.LEAK: BinarySensorDeviceClass.MOISTURE,
    Role.SMOKE: BinarySensorDeviceClass.SMOKE,
    Role.DOOR: BinarySensorDeviceClass.DOOR,
    Role.LEVEL_LOW: BinarySensorDeviceClass.PROBLEM,
    Role.LEVEL_HIGH: BinarySensorDeviceClass.PROBLEM,
    Role.FEEDBACK: BinarySensorDeviceClass.RUNNING,
}


def domain_of(farm: Farm, binding: Binding) -> str:
    """The domain a simulated device appears in. The lamps of the last rack hang on 0-10 V drivers,
    which are numbers: lamps come in both kinds, and so does an inverter. What has speeds looks like
    a fan, and a dosing pump is a number that starts a pulse of so many seconds."""
    match spec(binding.role).kind:
        case RoleKind.MEASURE | RoleKind.FORECAST:
            return SENSOR_DOMAIN
        case RoleKind.CONTACT:
            return BINARY_SENSOR_DOMAIN
        case RoleKind.DIMMER:
            level = farm.level.get(binding.node)
            last = bool(farm.racks) and level is not None and level.rack == farm.racks[-1].id
            return NUMBER_DOMAIN if last else LIGHT_DOMAIN
        case RoleKind.SWITCH if binding.role in DOSING:
            return NUMBER_DOMAIN
        case RoleKind.SWITCH if binding.has_levels:
            return NUMBER_DOMAIN if binding.role is Role.COOLER else FAN_DOMAIN
        case RoleKind.SWITCH:
            return _DOMAINS.get(binding.role, SWITCH_DOMAIN)


def hardware_identifier(entry: VfarmConfigEntry, part: str) -> tuple[str, str]:
    """The identifier of the device that gathers the hardware of a node."""
    return (DOMAIN, f"{entry.entry_id}{HARDWARE}{part}")


class HardwareEntity(CommandedEntity):
    """One simulated sensor or device."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _added = False

    def __init__(self, entry: VfarmConfigEntry, demo: Demo, view: PointView, part: str) -> None:
        """Show the point as it is."""
        binding = view.binding
        farm = demo.farm
        self.entry = entry
        self.demo = demo
        self.point = binding.id
        self.role = binding.role
        self._attr_unique_id = f"{entry.entry_id}{HARDWARE}{binding.id}"
        level = farm.level.get(binding.node)
        self._attr_translation_key = f"hardware_{binding.role}"
        if level is not None:
            # The device gathers a whole rack: the name says which level.
            self._attr_translation_key = f"hardware_level_{binding.role}"
            self._attr_translation_placeholders = {"level": level.name}
        if (metered := _metered(farm, binding)) is not None:
            self._attr_translation_key = f"hardware_{metered}_{binding.role}"
        name = farm.nodes[part].name if part in farm.nodes else farm.name
        self._attr_device_info = DeviceInfo(
            identifiers={hardware_identifier(entry, part)},
            translation_key="hardware",
            translation_placeholders={"name": name},
            manufacturer="vfarm",
            model="Twin",
        )
        self.take(view)

    @property
    @override
    def guard_key(self) -> str:
        """Simulated hardware is one kind."""
        return "hardware"

    @callback
    def take(self, view: PointView) -> None:
        """Take over what the point says."""
        self._attr_available = view.available
        if view.value is not None:
            self.show(view.value)

    @abstractmethod
    def show(self, value: float | bool) -> None:
        """Set the attributes that make the state."""

    @callback
    def reported(self, view: PointView) -> None:
        """The point reported; the same value again is a report too."""
        self.take(view)
        if self._added:
            self.async_write_ha_state()

    @override
    async def async_added_to_hass(self) -> None:
        """Reports can be written from now on."""
        self._added = True

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Nothing can be written any more."""
        self._added = False

    def drive(self, value: float, duration_s: float | None = None) -> None:
        """Command the device; a pulse of `duration_s` ends by itself."""
        self.demo.command(self.point, value, duration_s)


def _metered(farm: Farm, meter: Binding) -> Role | None:
    """The device that a power meter sees alone."""
    for binding in farm.actuators_of.get(meter.node, ()):
        if binding.declaration is not None and binding.declaration.metered_by == meter.id:
            return binding.role
    return None


class HardwareSensor(HardwareEntity, SensorEntity):
    """A simulated sensor."""

    _attr_state_class = SensorStateClass.MEASUREMENT

    def __init__(self, entry: VfarmConfigEntry, demo: Demo, view: PointView, part: str) -> None:
        """Know class and unit."""
        super().__init__(entry, demo, view, part)
        self._attr_device_class = _SENSOR_CLASSES.get(self.role)
        # pH has no unit in Home Assistant.
        no_unit = self._attr_device_class is SensorDeviceClass.PH
        self._attr_native_unit_of_measurement = None if no_unit else view.unit

    @override
    def show(self, value: float | bool) -> None:
        self._attr_native_value = value


class HardwareContact(HardwareEntity, BinarySensorEntity):
    """A simulated contact."""

    def __init__(self, entry: VfarmConfigEntry, demo: Demo, view: PointView, part: str) -> None:
        """Know the class."""
        super().__init__(entry, demo, view, part)
        self._attr_device_class = _CONTACT_CLASSES.get(self.role)

    @override
    def show(self, value: float | bool) -> None:
        self._attr_is_on = bool(value)


class HardwareSwitch(HardwareEntity, SwitchEntity):
    """A simulated relay."""

    @override
    def show(self, value: float | bool) -> None:
        self._attr_is_on = value > 0

    @override
    @guarded
    async def async_turn_on(self, **kwargs: Any) -> None:
        self.drive(1.0)

    @override
    @guarded
    async def async_turn_off(self, **kwargs: Any) -> None:
        self.drive(0.0)


class HardwareFan(HardwareEntity, FanEntity):
    """A simulated fan, or another device with speeds."""

    _attr_supported_features = FanEntityFeature.TURN_ON | FanEntityFeature.TURN_OFF

    def __init__(self, entry: VfarmConfigEntry, demo: Demo, view: PointView, part: str) -> None:
        """Know the speeds, where it has any."""
        binding = view.binding
        self._on = False
        if binding.has_levels:
            self._attr_supported_features |= FanEntityFeature.SET_SPEED
            self._attr_speed_count = round(1 / binding.step) if binding.step else 100
        super().__init__(entry, demo, view, part)

    @property
    @override
    def is_on(self) -> bool:
        """Whether it turns."""
        return self._on

    @override
    def show(self, value: float | bool) -> None:
        self._on = value > 0
        if FanEntityFeature.SET_SPEED in self.supported_features:
            self._attr_percentage = round(value * 100)

    @override
    @guarded
    async def async_set_percentage(self, percentage: int) -> None:
        self.drive(percentage / 100)

    @override
    @guarded
    async def async_turn_on(
        self, percentage: int | None = None, preset_mode: str | None = None, **kwargs: Any
    ) -> None:
        self.drive(1.0 if percentage is None else percentage / 100)

    @override
    @guarded
    async def async_turn_off(self, **kwargs: Any) -> None:
        self.drive(0.0)


class HardwareHumidifier(HardwareEntity, HumidifierEntity):
    """A simulated humidifier or dehumidifier."""

    def __init__(self, entry: VfarmConfigEntry, demo: Demo, view: PointView, part: str) -> None:
        """Know the class."""
        super().__init__(entry, demo, view, part)
        self._attr_device_class = (
            HumidifierDeviceClass.HUMIDIFIER
            if self.role is Role.HUMIDIFIER
            else HumidifierDeviceClass.DEHUMIDIFIER
        )

    @override
    def show(self, value: float | bool) -> None:
        self._attr_is_on = value > 0

    @override
    @guarded
    async def async_turn_on(self, **kwargs: Any) -> None:
        self.drive(1.0)

    @override
    @guarded
    async def async_turn_off(self, **kwargs: Any) -> None:
        self.drive(0.0)


class HardwareValve(HardwareEntity, ValveEntity):
    """A simulated valve."""

    _attr_reports_position = False
    _attr_supported_features = ValveEntityFeature.OPEN | ValveEntityFeature.CLOSE

    def __init__(self, entry: VfarmConfigEntry, demo: Demo, view: PointView, part: str) -> None:
        """Know the class."""
        super().__init__(entry, demo, view, part)
        self._attr_device_class = (
            ValveDeviceClass.GAS if self.role is Role.CO2_VALVE else ValveDeviceClass.WATER
        )

    @override
    def show(self, value: float | bool) -> None:
        self._attr_is_closed = value <= 0

    @override
    @guarded
    async def async_open_valve(self) -> None:
        self.drive(1.0)

    @override
    @guarded
    async def async_close_valve(self) -> None:
        self.drive(0.0)


class HardwareLight(HardwareEntity, LightEntity):
    """A simulated dimmable lamp."""

    _attr_color_mode = ColorMode.BRIGHTNESS
    _attr_supported_color_modes = {ColorMode.BRIGHTNESS}  # noqa: RUF012 - as Home Assistant has it

    @override
    def show(self, value: float | bool) -> None:
        self._attr_is_on = value > 0
        self._attr_brightness = max(1, round(value * 255)) if value > 0 else None

    @override
    @guarded
    async def async_turn_on(self, **kwargs: Any) -> None:
        self.drive(kwargs.get(ATTR_BRIGHTNESS, 255) / 255)

    @override
    @guarded
    async def async_turn_off(self, **kwargs: Any) -> None:
        self.drive(0.0)


class HardwareDriver(HardwareEntity, NumberEntity):
    """A simulated 0-10 V driver of lamps or of an inverter, in percent."""

    _attr_native_min_value = 0
    _attr_native_max_value = 100
    _attr_native_step = 1
    _attr_mode = NumberMode.SLIDER
    _attr_native_unit_of_measurement = UnitOfRatio.PERCENTAGE

    @override
    def show(self, value: float | bool) -> None:
        self._attr_native_value = round(value * 100)

    @override
    @guarded
    async def async_set_native_value(self, value: float) -> None:
        self.drive(value / 100)


class HardwareDoser(HardwareEntity, NumberEntity):
    """A simulated dosing pump: a number of seconds starts it, and its own timer stops it."""

    _attr_native_min_value = 0
    _attr_native_max_value = 300
    _attr_native_step = 0.1
    _attr_mode = NumberMode.BOX
    _attr_device_class = NumberDeviceClass.DURATION
    _attr_native_unit_of_measurement = UnitOfTime.SECONDS
    _pulse_s = 0.0

    @override
    def show(self, value: float | bool) -> None:
        self._attr_native_value = self._pulse_s if value > 0 else 0.0

    @override
    @guarded
    async def async_set_native_value(self, value: float) -> None:
        self._pulse_s = value
        self.drive(1.0 if value > 0 else 0.0, value or None)


_KINDS: Mapping[str, type[HardwareEntity]] = {
    SENSOR_DOMAIN: HardwareSensor,
    BINARY_SENSOR_DOMAIN: HardwareContact,
    SWITCH_DOMAIN: HardwareSwitch,
    FAN_DOMAIN: HardwareFan,
    HUMIDIFIER_DOMAIN: HardwareHumidifier,
    VALVE_DOMAIN: HardwareValve,
    LIGHT_DOMAIN: HardwareLight,
    NUMBER_DOMAIN: HardwareDriver,
}


def make_hardware(
    entry: VfarmConfigEntry, demo: Demo, view: PointView, part: str
) -> HardwareEntity:
    """The entity of a simulated point."""
    if view.binding.role in DOSING:
        return HardwareDoser(entry, demo, view, part)
    return _KINDS[domain_of(demo.farm, view.binding)](entry, demo, view, part)
