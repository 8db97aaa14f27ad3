"""Devices of every kind, as entities of Home Assistant's own components: what a shop sells."""

from __future__ import annotations

import math
from typing import Any, override

from homeassistant.components.climate import ClimateEntity, ClimateEntityFeature, HVACMode
from homeassistant.components.cover import CoverEntity, CoverEntityFeature
from homeassistant.components.fan import FanEntity, FanEntityFeature
from homeassistant.components.humidifier import HumidifierEntity
from homeassistant.components.light import ColorMode, LightEntity
from homeassistant.components.number import NumberEntity
from homeassistant.components.select import SelectEntity
from homeassistant.components.siren import SirenEntity, SirenEntityFeature
from homeassistant.components.switch import SwitchEntity
from homeassistant.components.valve import ValveEntity, ValveEntityFeature
from homeassistant.components.water_heater import WaterHeaterEntity, WaterHeaterEntityFeature
from homeassistant.const import UnitOfTemperature
from homeassistant.helpers.entity import Entity


class Device(Entity):
    """A device that does what it is told and says so."""

    _attr_should_poll = False

    def __init__(self, name: str) -> None:
        """Be found under a name."""
        self._attr_name = name
        self._attr_unique_id = name

    def says(self, **attributes: Any) -> None:
        """Be in another state and report it."""
        for name, value in attributes.items():
            setattr(self, f"_attr_{name}", value)
        self.async_write_ha_state()


class Relay(Device, SwitchEntity):
    """On and off."""

    _attr_is_on = False

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        self.says(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        self.says(is_on=False)


class Siren(Relay, SirenEntity):  # type: ignore[misc]
    """A relay that its maker calls a siren."""

    _attr_supported_features = SirenEntityFeature.TURN_ON | SirenEntityFeature.TURN_OFF


class Lamp(Device, LightEntity):
    """A dimmable lamp, or one that knows on and off."""

    _attr_is_on = False

    def __init__(self, name: str, mode: ColorMode) -> None:
        """Dim or not."""
        super().__init__(name)
        self._attr_supported_color_modes = {mode}
        self._attr_color_mode = mode

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        if self._attr_color_mode is ColorMode.BRIGHTNESS:
            self._attr_brightness = kwargs.get("brightness", self._attr_brightness or 255)
        self.says(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        self.says(is_on=False)


class Fan(Device, FanEntity):
    """A fan of some speeds, of none, or of presets alone."""

    def __init__(
        self, name: str, *, speeds: int = 0, presets: bool = False, switch: bool = True
    ) -> None:
        """Turn at so many speeds."""
        super().__init__(name)
        self._level = 0
        self._attr_speed_count = speeds or 100
        features = FanEntityFeature(0)
        if speeds:
            features |= FanEntityFeature.SET_SPEED
        if presets:
            features |= FanEntityFeature.PRESET_MODE
            self._attr_preset_modes = ["gentle", "storm"]
        if switch:
            features |= FanEntityFeature.TURN_ON | FanEntityFeature.TURN_OFF
        self._attr_supported_features = features

    @property
    @override
    def is_on(self) -> bool:
        """Whether it turns."""
        return self._level > 0

    @property
    @override
    def percentage(self) -> int:
        """Its speed as a percentage, as Home Assistant counts it."""
        return self._level * 100 // self._attr_speed_count

    @override
    async def async_set_percentage(self, percentage: int) -> None:
        self._level = math.ceil(percentage / 100 * self._attr_speed_count)
        self.async_write_ha_state()

    @override
    async def async_turn_on(
        self, percentage: int | None = None, preset_mode: str | None = None, **kwargs: Any
    ) -> None:
        await self.async_set_percentage(100 if percentage is None else percentage)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.async_set_percentage(0)


class Valve(Device, ValveEntity):
    """A valve that opens and closes, or goes to a position."""

    def __init__(self, name: str, features: ValveEntityFeature) -> None:
        """Know positions or not."""
        super().__init__(name)
        self._attr_supported_features = features
        self._attr_reports_position = bool(features & ValveEntityFeature.SET_POSITION)
        self._attr_current_valve_position = 0
        self._attr_is_closed = True

    @override
    async def async_open_valve(self) -> None:
        self.says(current_valve_position=100, is_closed=False)

    @override
    async def async_close_valve(self) -> None:
        self.says(current_valve_position=0, is_closed=True)

    @override
    async def async_set_valve_position(self, position: int) -> None:
        self.says(current_valve_position=position, is_closed=position == 0)


class Vent(Device, CoverEntity):
    """A vent that opens and closes, or goes to a position."""

    _attr_current_cover_position: int | None = 0
    _attr_is_closed = True

    def __init__(self, name: str, features: CoverEntityFeature) -> None:
        """Know positions or not."""
        super().__init__(name)
        self._attr_supported_features = features

    @override
    async def async_open_cover(self, **kwargs: Any) -> None:
        self.says(current_cover_position=100, is_closed=False)

    @override
    async def async_close_cover(self, **kwargs: Any) -> None:
        self.says(current_cover_position=0, is_closed=True)

    @override
    async def async_set_cover_position(self, **kwargs: Any) -> None:
        position = kwargs["position"]
        self.says(current_cover_position=position, is_closed=position == 0)


class Driver(Device, NumberEntity):
    """An output from nothing to its most, in steps."""

    def __init__(self, name: str, *, low: float = 0, high: float, step: float) -> None:
        """Have a range."""
        super().__init__(name)
        self._attr_native_min_value = low
        self._attr_native_max_value = high
        self._attr_native_step = step
        self._attr_native_value = low

    @override
    async def async_set_native_value(self, value: float) -> None:
        self.says(native_value=round(value / self._attr_native_step) * self._attr_native_step)


class Moistener(Device, HumidifierEntity):
    """A humidifier with a target of its own."""

    _attr_is_on = False
    _attr_target_humidity = 55

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        self.says(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        self.says(is_on=False)


class AirConditioner(Device, ClimateEntity):
    """A climate device with a target of its own."""

    _attr_hvac_mode = HVACMode.OFF
    _attr_supported_features = ClimateEntityFeature.TARGET_TEMPERATURE
    _attr_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_target_temperature = 19.0

    def __init__(self, name: str, *modes: HVACMode) -> None:
        """Know some modes."""
        super().__init__(name)
        self._attr_hvac_modes = list(modes)

    @override
    async def async_set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        self.says(hvac_mode=hvac_mode)


class Boiler(Device, WaterHeaterEntity):
    """A water heater or chiller."""

    _attr_supported_features = WaterHeaterEntityFeature.ON_OFF
    _attr_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_current_operation = "off"

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        self.says(current_operation="eco")

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        self.says(current_operation="off")


class Stages(Device, SelectEntity):
    """A device of named stages."""

    def __init__(self, name: str, *options: str) -> None:
        """Know some options, and be in the first."""
        super().__init__(name)
        self._attr_options = list(options)
        self._attr_current_option = options[0]

    @override
    async def async_select_option(self, option: str) -> None:
        self.says(current_option=option)


def every_device() -> dict[str, list[Entity]]:
    """Devices of every kind by domain."""
    valve, vent = ValveEntityFeature, CoverEntityFeature
    return {
        "switch": [Relay("relay")],
        "siren": [Siren("siren")],
        "light": [Lamp("dimmer", ColorMode.BRIGHTNESS), Lamp("plug", ColorMode.ONOFF)],
        "fan": [
            Fan("smooth", speeds=100),
            Fan("three", speeds=3),
            Fan("six", speeds=6),
            Fan("presets", presets=True),
            Fan("plain"),
            Fan("speed_only", speeds=3, switch=False),
            Fan("nothing", switch=False),
        ],
        "valve": [
            Valve("simple", valve.OPEN | valve.CLOSE),
            Valve("position", valve.SET_POSITION),
            Valve("both", valve.OPEN | valve.CLOSE | valve.SET_POSITION),
            Valve("opens", valve.OPEN),
        ],
        "cover": [
            Vent("simple", vent.OPEN | vent.CLOSE),
            Vent("position", vent.SET_POSITION),
            Vent("both", vent.OPEN | vent.CLOSE | vent.SET_POSITION),
            Vent("closes", vent.CLOSE),
        ],
        "number": [
            Driver("percent", high=100, step=1),
            Driver("volts", high=10, step=0.1),
            Driver("coarse", high=10, step=2.5),
            Driver("lowest", low=10, high=100, step=1),
            Driver("both_ways", low=-100, high=100, step=1),
        ],
        "humidifier": [Moistener("fogger")],
        "climate": [
            AirConditioner("split", *(HVACMode.OFF, HVACMode.HEAT, HVACMode.COOL, HVACMode.DRY)),
            AirConditioner("auto", HVACMode.OFF, HVACMode.HEAT_COOL),
            AirConditioner("fan", HVACMode.OFF, HVACMode.FAN_ONLY),
            AirConditioner("always", HVACMode.HEAT),
        ],
        "water_heater": [Boiler("boiler")],
        "select": [
            Stages("named", "Off", "Low", "High"),
            Stages("foreign", "ruhe", "lauf"),
            Stages("single", "on"),
        ],
    }
