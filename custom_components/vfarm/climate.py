"""Climate of a zone: its air, what the recipe wants of it, and a target that a person holds.

Automatic is the recipe. A person who sets a temperature or a humidity holds it in place of the
recipe's until the override ends; the mode then says what the zone's devices can do about it. There
is no off: what stops climate control is the farm's own switch and its emergency stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.climate import (
    DOMAIN as CLIMATE_DOMAIN,
)
from homeassistant.components.climate import (
    ClimateEntity,
    ClimateEntityDescription,
    ClimateEntityFeature,
    HVACAction,
    HVACMode,
)
from homeassistant.const import ATTR_TEMPERATURE, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.control.snapshot import ZoneSnapshot
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.overrides import OVERRIDE_RANGES, Override, Quantity
from vfarm_core.farm.roles import Role

from .access import guarded
from .data import VfarmConfigEntry
from .entity import Specs, async_manage_entities
from .overriding import OverridingEntity, told
from .targets import error

PARALLEL_UPDATES = 0

CLIMATE = ClimateEntityDescription(key="climate", translation_key="climate")

#: What a device that runs does to the air, the first that does something.
_ACTIONS: Final = (
    (Role.HEATER, HVACAction.HEATING),
    (Role.COOLER, HVACAction.COOLING),
    (Role.DEHUMIDIFIER, HVACAction.DRYING),
    (Role.EXHAUST_FAN, HVACAction.FAN),
)
_DEVICES: Final = (*(role for role, _ in _ACTIONS), Role.HUMIDIFIER)
#: Reasons of devices that nobody drives.
_STOPPED: Final = frozenset({"emergency_stop", "disarmed"})

#: Home Assistant renamed the temperatures of climate entities in 2026.11.
_NATIVE: Final = "native_" if hasattr(ClimateEntity, "native_temperature_unit") else ""


def specs(farm: Farm) -> Specs[ClimateEntityDescription]:
    """The zones whose air somebody measures."""
    for zone in farm.zones:
        if farm.of(zone.id, Role.AIR_TEMPERATURE):
            yield zone.id, CLIMATE


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the climate of the zones."""
    async_manage_entities(hass, entry, async_add_entities, CLIMATE_DOMAIN, specs, ZoneClimate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a zone's climate shows."""

    temperature: float | None
    humidity: float | None
    target: float | None
    target_humidity: float | None
    action: HVACAction | None
    held: tuple[Override, ...]


class ZoneClimate(OverridingEntity[Shown], ClimateEntity):
    """The air of one zone."""

    _attr_min_temp = OVERRIDE_RANGES[Quantity.AIR_TEMPERATURE].low
    _attr_max_temp = OVERRIDE_RANGES[Quantity.AIR_TEMPERATURE].high
    _attr_min_humidity = OVERRIDE_RANGES[Quantity.HUMIDITY].low
    _attr_max_humidity = OVERRIDE_RANGES[Quantity.HUMIDITY].high
    _attr_target_temperature_step = 0.1

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        node: str,
        description: ClimateEntityDescription,
    ) -> None:
        """Speak of degrees Celsius, as the core does."""
        super().__init__(hass, entry, node, description)
        self._set("temperature_unit", UnitOfTemperature.CELSIUS)

    def _set(self, name: str, value: Any) -> None:
        setattr(self, f"_attr_{_NATIVE}{name}", value)

    @property
    def _by_hand(self) -> HVACMode:
        """The mode of a target that is held, by the devices that can follow it."""
        farm = self.engine.farm
        heats, cools = (bool(farm.of(self.node, r)) for r in (Role.HEATER, Role.COOLER))
        if heats is cools:
            return HVACMode.HEAT_COOL
        return HVACMode.HEAT if heats else HVACMode.COOL

    @property
    @override
    def hvac_modes(self) -> list[HVACMode]:
        """On the recipe, or by hand."""
        return [HVACMode.AUTO, self._by_hand]

    @property
    @override
    def supported_features(self) -> ClimateEntityFeature:
        """A target of the temperature, and of the humidity where it is measured."""
        found = ClimateEntityFeature.TARGET_TEMPERATURE
        if self.engine.farm.of(self.node, Role.HUMIDITY):
            found |= ClimateEntityFeature.TARGET_HUMIDITY
        return found

    @override
    def value_of(self, snapshot: ZoneSnapshot) -> Shown:
        held = (self.held(q) for q in (Quantity.AIR_TEMPERATURE, Quantity.HUMIDITY))
        return Shown(
            temperature=snapshot.air_temperature.value,
            humidity=snapshot.humidity.value,
            target=snapshot.air_temperature.target,
            target_humidity=snapshot.humidity.target,
            action=_action(snapshot),
            held=tuple(found for found in held if found is not None),
        )

    @override
    def is_urgent(self, before: Shown | None, value: Shown | None) -> bool:
        """What a person did shows at once."""
        return before is None or value is None or before.held != value.held

    @override
    def show(self, value: Shown | None) -> None:
        if value is None:
            return
        self._set("current_temperature", value.temperature)
        self._set("target_temperature", value.target)
        self._attr_current_humidity = value.humidity
        self._attr_target_humidity = value.target_humidity
        self._attr_hvac_action = value.action
        self._attr_hvac_mode = self._by_hand if value.held else HVACMode.AUTO
        first = min(value.held, key=lambda found: found.expires_at, default=None)
        self._attr_extra_state_attributes = told(self.hass, first)

    @override
    @guarded
    async def async_set_temperature(self, **kwargs: Any) -> None:
        """Hold a temperature."""
        await self.async_hold(Quantity.AIR_TEMPERATURE, kwargs[ATTR_TEMPERATURE])

    @override
    @guarded
    async def async_set_humidity(self, humidity: int) -> None:
        """Hold a humidity."""
        await self.async_hold(Quantity.HUMIDITY, humidity)

    @override
    @guarded
    async def async_set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        """Go back to the recipe, or hold what it wants now."""
        if hvac_mode is HVACMode.AUTO:
            await self.async_let_go(Quantity.AIR_TEMPERATURE, Quantity.HUMIDITY)
            return
        snapshot = self.snapshot
        target = None if snapshot is None else snapshot.air_temperature.target
        if target is None:
            raise error("nothing_to_hold")
        await self.async_hold(Quantity.AIR_TEMPERATURE, target)


def _action(snapshot: ZoneSnapshot) -> HVACAction | None:
    """What the devices of a zone do to its air; None where it has none."""
    devices = [view for view in snapshot.actuators if view.role in _DEVICES]
    if not devices:
        return None
    if all(view.code in _STOPPED for view in devices):
        return HVACAction.OFF
    running = {view.role for view in devices if view.reported}
    return next((action for role, action in _ACTIONS if role in running), HVACAction.IDLE)
