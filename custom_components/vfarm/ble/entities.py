"""What a meter measures as entities: what it said last, or unavailable; and a button that takes the
history of a plant sensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN
from homeassistant.components.button import ButtonEntity
from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
)
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity

from vfarm_core.devices.ble.errors import BleError
from vfarm_core.devices.ble.kinds import Kind
from vfarm_core.devices.ble.values import LIMITS, Quantity

from ..access import guarded
from ..commander import CommandedEntity
from ..const import DOMAIN, HARDWARE
from ..devices import async_device_id
from .history import Histories
from .meter import Meter

if TYPE_CHECKING:
    from ..data import VfarmConfigEntry

#: The domains a meter appears in.
DOMAINS: Final = (BUTTON_DOMAIN, SENSOR_DOMAIN)
_MODELS: Final[Mapping[Kind, str]] = {
    Kind.WATER_TESTER: "BLE-C600",
    Kind.PLANT_SENSOR: "HHCCJCY01",
}


@dataclass(frozen=True, kw_only=True)
class MeterDescription(SensorEntityDescription):
    """A quantity that a water tester measures."""

    quantity: Quantity
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT


def _described(
    quantity: Quantity,
    device_class: SensorDeviceClass | None,
    digits: int,
    *,
    category: EntityCategory | None = None,
    enabled: bool = True,
) -> MeterDescription:
    unit = LIMITS[quantity].unit
    return MeterDescription(
        key=quantity.value,
        quantity=quantity,
        translation_key=f"meter_{quantity.value}",
        device_class=device_class,
        # pH has a class and no unit.
        native_unit_of_measurement=None if quantity is Quantity.PH else unit or None,
        suggested_display_precision=digits,
        entity_category=category,
        entity_registry_enabled_default=enabled,
    )


#: What a water tester works out itself of another quantity is there for those who look for it.
WATER: Final = (
    _described(Quantity.PH, SensorDeviceClass.PH, 2),
    _described(Quantity.EC, SensorDeviceClass.CONDUCTIVITY, 3),
    _described(Quantity.TEMPERATURE, SensorDeviceClass.TEMPERATURE, 1),
    _described(Quantity.ORP, SensorDeviceClass.VOLTAGE, 0),
    _described(Quantity.TDS, None, 0, enabled=False),
    _described(Quantity.SALINITY, None, 0, enabled=False),
    _described(Quantity.SPECIFIC_GRAVITY, None, 3, enabled=False),
    _described(
        Quantity.BATTERY_VOLTAGE,
        SensorDeviceClass.VOLTAGE,
        0,
        category=EntityCategory.DIAGNOSTIC,
    ),
)


class MeterEntity(Entity):
    """What all entities of a meter are alike in."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, meter: Meter, key: str
    ) -> None:
        """Belong to the device of the meter."""
        self.entry = entry
        self.meter = meter
        wanted = meter.wanted
        own = f"{entry.entry_id}{HARDWARE}{wanted.subentry_id}"
        self._attr_unique_id = f"{own}:{key}"
        # Typed as a mapping in one release of Home Assistant and as a class in the next. Its
        # address is not told: a sensor that Home Assistant itself shows would be moved here.
        kind: Any = DeviceInfo
        self._attr_device_info = kind(
            identifiers={(DOMAIN, own)},
            name=wanted.name,
            model=_MODELS[wanted.kind],
            via_device_id=async_device_id(hass, entry, entry.entry_id),
        )


class MeterSensor(MeterEntity, SensorEntity):
    """A quantity of a water tester. It is written at each visit, so that what is bound is known to
    be fresh."""

    entity_description: MeterDescription

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        meter: Meter,
        description: MeterDescription,
    ) -> None:
        """Show the quantity."""
        super().__init__(hass, entry, meter, description.key)
        self.entity_description = description

    @property
    @override
    def available(self) -> bool:
        """Whether there is a value that can be believed."""
        return self.meter.value(self.entity_description.quantity) is not None

    @property
    @override
    def native_value(self) -> float | None:
        """The value of the last visit."""
        found = self.meter.value(self.entity_description.quantity)
        return None if found is None else found.value

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the meter."""
        self.async_on_remove(self.meter.listen(self.async_write_ha_state))


class HistorySensor(MeterEntity, SensorEntity):
    """How far the history of a plant sensor was taken."""

    _attr_translation_key = "meter_history_until"
    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, meter: Meter, histories: Histories
    ) -> None:
        """Nothing is known of it."""
        super().__init__(hass, entry, meter, "history_until")
        self._histories = histories

    @override
    async def async_added_to_hass(self) -> None:
        """Show how far it was taken before, and follow."""
        self.async_on_remove(self.meter.listen(self._took))
        await self._async_look()

    async def _async_look(self) -> None:
        hour = await self._histories.async_until(self.meter.wanted.address)
        self._attr_native_value = None if hour is None else datetime.fromtimestamp(hour, UTC)

    @callback
    def _took(self) -> None:
        async def look() -> None:
            await self._async_look()
            self.async_write_ha_state()

        self.hass.async_create_task(look(), "vfarm plant history")


class HistoryButton(MeterEntity, CommandedEntity, ButtonEntity):
    """Take what a plant sensor has kept into the statistics."""

    _attr_translation_key = "meter_import_history"

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, meter: Meter, histories: Histories
    ) -> None:
        """Wait to be pressed."""
        super().__init__(hass, entry, meter, "import_history")
        self._histories = histories

    @property
    @override
    def guard_key(self) -> str:
        """Real hardware is commanded by those who may command simulated hardware."""
        return "hardware"

    @override
    @guarded
    async def async_press(self) -> None:
        """Take what is new. Raises HomeAssistantError when the sensor cannot be read."""
        if "recorder" not in self.hass.config.components:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="meter_no_statistics"
            )
        try:
            await self._histories.async_import(self.meter)
        except BleError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="meter_not_read",
                translation_placeholders={"device": self.meter.wanted.name, "why": str(err)},
            ) from err
        self.meter.tell()


def make_entities(
    hass: HomeAssistant, entry: VfarmConfigEntry, meter: Meter, histories: Histories
) -> dict[str, list[Entity]]:
    """The entities of a meter by domain."""
    if meter.wanted.kind is Kind.PLANT_SENSOR:
        return {
            BUTTON_DOMAIN: [HistoryButton(hass, entry, meter, histories)],
            SENSOR_DOMAIN: [HistorySensor(hass, entry, meter, histories)],
        }
    return {SENSOR_DOMAIN: [MeterSensor(hass, entry, meter, one) for one in WATER]}
