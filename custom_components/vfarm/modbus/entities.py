"""The entities of a device, one for each of its registers that appears."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.fan import DOMAIN as FAN_DOMAIN
from homeassistant.components.number import DOMAIN as NUMBER_DOMAIN
from homeassistant.components.number import NumberDeviceClass, NumberEntity
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.components.select import SelectEntity
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN
from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant

from vfarm_core.devices.modbus.drive import drive_of

from ..access import guarded
from .drives import ModbusDrive
from .entity import ModbusEntity
from .kinds import Shown, shown, unit_of
from .poller import Poller

if TYPE_CHECKING:
    from ..data import VfarmConfigEntry

#: The domains a register can appear in.
DOMAINS: Final = (
    BINARY_SENSOR_DOMAIN,
    FAN_DOMAIN,
    NUMBER_DOMAIN,
    SELECT_DOMAIN,
    SENSOR_DOMAIN,
    SWITCH_DOMAIN,
)


class ModbusSensor(ModbusEntity, SensorEntity):
    """What a device measures or says of itself."""

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, poller: Poller, how: Shown
    ) -> None:
        """Know class and unit."""
        super().__init__(hass, entry, poller, how)
        self._attr_device_class = how.device_class
        self._attr_state_class = how.state_class
        self._attr_suggested_display_precision = how.digits
        self.discrete = bool(how.labels)
        self._unit = how.unit
        if how.labels:
            self._attr_device_class = SensorDeviceClass.ENUM
            self._attr_options = list(how.labels)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """The unit; a device that tells it itself has the one that it told last."""
        if self.how.register.unit_from is not None and self.reading is not None:
            self._unit = unit_of(self.reading.unit) or self._unit
        return self._unit

    @property
    @override
    def native_value(self) -> float | str | None:
        """What it says."""
        return self.shows()

    @override
    def shows(self) -> float | str | None:
        reading = self.reading
        if reading is None:
            return None
        if self.how.labels:
            # A code that the profile does not name says nothing.
            return reading.label
        return reading.value


class ModbusContact(ModbusEntity, BinarySensorEntity):
    """A bit that a device tells."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is set."""
        return self.shows()

    @override
    def shows(self) -> bool | None:
        reading = self.reading
        return None if reading is None or reading.value is None else bool(reading.value)


class ModbusSwitch(ModbusEntity, SwitchEntity):
    """A relay, or whatever is on or off."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is on, as read back."""
        return self.shows()

    @override
    def shows(self) -> bool | None:
        if not self.how.register.readable:
            return _is_on(self.poller.accepted.get(self.key))
        reading = self.reading
        if reading is None or reading.value is None:
            return None
        if self.how.labels:
            return None if reading.label is None else reading.label == "on"
        return bool(reading.value)

    @override
    @guarded
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch it on."""
        await self.async_put("on" if self.how.labels else True)

    @override
    @guarded
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch it off."""
        await self.async_put("off" if self.how.labels else False)


class ModbusNumber(ModbusEntity, NumberEntity):
    """A level, a speed or another value that can be set."""

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, poller: Poller, how: Shown
    ) -> None:
        """Know the range."""
        super().__init__(hass, entry, poller, how)
        if how.register.range is not None:
            self._attr_native_min_value, self._attr_native_max_value = how.register.range
        self._attr_native_step = (
            abs(how.register.scale) if how.digits == 0 else 10.0 ** -(how.digits or 0)
        )
        self._attr_native_unit_of_measurement = how.unit
        if how.device_class is not None:
            self._attr_device_class = NumberDeviceClass(how.device_class.value)

    @property
    @override
    def native_value(self) -> float | None:
        """What is set, as read back."""
        return self.shows()

    @override
    def shows(self) -> float | None:
        if not self.how.register.readable:
            taken = self.poller.accepted.get(self.key)
        else:
            taken = None if self.reading is None else self.reading.value
        return None if isinstance(taken, bool | str) else taken

    @override
    @guarded
    async def async_set_native_value(self, value: float) -> None:
        """Set it."""
        await self.async_put(value)


class ModbusSelect(ModbusEntity, SelectEntity):
    """A mode of a device."""

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, poller: Poller, how: Shown
    ) -> None:
        """Know the choices."""
        super().__init__(hass, entry, poller, how)
        self._attr_options = list(how.labels)

    @property
    @override
    def current_option(self) -> str | None:
        """What is chosen, as read back."""
        return self.shows()

    @override
    def shows(self) -> str | None:
        if not self.how.register.readable:
            taken = self.poller.accepted.get(self.key)
            return taken if isinstance(taken, str) else None
        return None if self.reading is None else self.reading.label

    @override
    @guarded
    async def async_select_option(self, option: str) -> None:
        """Choose."""
        await self.async_put(option)


def _is_on(taken: float | bool | str | None) -> bool | None:
    return None if taken is None else taken in (True, "on")


_KINDS: Mapping[str, type[ModbusEntity]] = {
    BINARY_SENSOR_DOMAIN: ModbusContact,
    NUMBER_DOMAIN: ModbusNumber,
    SELECT_DOMAIN: ModbusSelect,
    SENSOR_DOMAIN: ModbusSensor,
    SWITCH_DOMAIN: ModbusSwitch,
}


def make_entities(
    hass: HomeAssistant, entry: VfarmConfigEntry, poller: Poller
) -> dict[str, list[ModbusEntity]]:
    """The entities of a device by domain."""
    made: dict[str, list[ModbusEntity]] = {}
    wanted = poller.wanted
    if wanted.profile is not None:
        for how in shown(wanted.profile, wanted.model, wanted.phases):
            one = _KINDS[how.domain](hass, entry, poller, how)
            made.setdefault(how.domain, []).append(one)
        if (drive := drive_of(wanted.profile)) is not None:
            made[FAN_DOMAIN] = [ModbusDrive(hass, entry, poller, drive)]
    return made
