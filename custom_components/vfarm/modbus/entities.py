"""The registers of a device as entities: what it said last, or unavailable. A write is proved
before it is shown."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.number import DOMAIN as NUMBER_DOMAIN
from homeassistant.components.number import NumberDeviceClass, NumberEntity
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.components.select import SelectEntity
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN
from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import DeviceInfo

from vfarm_core.devices.modbus.codec import Reading, State

from ..access import guarded
from ..commander import CommandedEntity
from ..const import DOMAIN, HARDWARE
from ..devices import async_device_id
from .kinds import Shown, shown, unit_of
from .poller import Poller
from .words import async_why

if TYPE_CHECKING:
    from ..data import VfarmConfigEntry

#: The domains a register can appear in.
DOMAINS: Final = (
    BINARY_SENSOR_DOMAIN,
    NUMBER_DOMAIN,
    SELECT_DOMAIN,
    SENSOR_DOMAIN,
    SWITCH_DOMAIN,
)


def device_identifier(entry: VfarmConfigEntry, subentry_id: str) -> tuple[str, str]:
    """The identifier of the device that a subentry stands for."""
    return (DOMAIN, f"{entry.entry_id}{HARDWARE}{subentry_id}")


class ModbusEntity(CommandedEntity):
    """One register. What is bound is reported at every reading, so that it is known to be fresh;
    everything else is written when it changes, what is measured at most once a minute."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    discrete = True

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, poller: Poller, how: Shown
    ) -> None:
        """Show the register as it is."""
        wanted = poller.wanted
        self.entry = entry
        self.poller = poller
        self.how = how
        self.key = how.register.key
        self._before: tuple[bool, Any] | None = None
        self._attr_unique_id = f"{entry.entry_id}{HARDWARE}{wanted.subentry_id}:{self.key}"
        self._attr_entity_category = how.category
        self._attr_entity_registry_enabled_default = how.enabled
        # Only what the device took is known of what cannot be read back.
        self._attr_assumed_state = not how.register.readable
        if how.translation_key is not None:
            self._attr_translation_key = how.translation_key
            if how.number is not None:
                self._attr_translation_placeholders = {"number": how.number}
        else:
            self._attr_name = how.name
        profile = wanted.profile
        # Typed as a mapping in one release of Home Assistant and as a class in the next.
        kind: Any = DeviceInfo
        self._attr_device_info = kind(
            identifiers={device_identifier(entry, wanted.subentry_id)},
            name=wanted.name,
            model=profile.name if profile is not None else None,
            model_id=wanted.model or wanted.profile_id,
            via_device_id=async_device_id(hass, entry, entry.entry_id),
        )

    @property
    @override
    def guard_key(self) -> str:
        """Real hardware is commanded by those who may command simulated hardware."""
        return "hardware"

    @property
    def reading(self) -> Reading | None:
        """What the device said last; None before it said anything."""
        return self.poller.readings.get(self.key)

    @property
    @override
    def available(self) -> bool:
        """Whether the device said something, or takes what cannot be read back."""
        if not self.how.register.readable:
            device = self.poller.device
            return device is not None and not device.health.is_silent
        return self.reading is not None and self.reading.state is not State.MISSING

    @abstractmethod
    def shows(self) -> Any:
        """The state as it is now."""

    # -- following ------------------------------------------------------------------------------

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the device."""
        self.async_on_remove(self.poller.listen(self._told))
        self.async_on_remove(lambda: self.entry.runtime_data.engine.writes.forget(self))
        self._before = (self.available, self.shows())

    @callback
    def _told(self, keys: Collection[str]) -> None:
        if self.key not in keys and self.how.register.readable:
            return
        now = (self.available, self.shows())
        if self._is_bound():
            self._before = now
            self.async_write_ha_state()
        elif now != self._before:
            gone = self._before is None or now[0] != self._before[0]
            urgent = self.discrete or gone
            self.entry.runtime_data.engine.writes.ask(self, urgent=urgent)

    def _is_bound(self) -> bool:
        """Whether a farm goes by it."""
        farms: list[VfarmConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
        return any(f.runtime_data.engine.points.is_bound(self.entity_id) for f in farms)

    @callback
    def write(self) -> None:
        """Write the state as it is now."""
        self._before = (self.available, self.shows())
        self.async_write_ha_state()

    # -- commanding -----------------------------------------------------------------------------

    async def async_put(self, value: float | bool | str) -> None:
        """Have the device do something and prove it. Raises HomeAssistantError when it did not;
        then what it says itself is shown."""
        written = await self.poller.async_write(self.key, value)
        if not written.ok:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="modbus_not_written",
                translation_placeholders={
                    "device": self.poller.wanted.name,
                    "what": str(self.name) if isinstance(self.name, str) else self.how.name,
                    "why": await async_why(self.hass, written.why),
                },
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
    return made
