"""Energy and water that a farm has used, for the Energy dashboard: totals that only grow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfEnergy, UnitOfVolume
from homeassistant.core import callback

from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Role
from vfarm_core.runtime.totals import Totals, counts_energy

from .entity import NodeEntity, Specs

#: What energy is counted by: meters, ratings or both.
ATTR_BASIS: Final = "basis"


@dataclass(frozen=True, kw_only=True)
class UsageDescription(SensorEntityDescription):
    """A total of one node; `basis_fn` where it may be measured or not."""

    value_fn: Callable[[Totals, str], float | None]
    basis_fn: Callable[[Totals, str], str | None] | None = None


ENERGY: Final = UsageDescription(
    key="energy",
    translation_key="energy",
    device_class=SensorDeviceClass.ENERGY,
    native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    state_class=SensorStateClass.TOTAL_INCREASING,
    suggested_display_precision=1,
    value_fn=lambda totals, node: totals.energy_kwh.get(node, 0.0),
    basis_fn=lambda totals, node: totals.basis.get(node),
)
WATER: Final = UsageDescription(
    key="water",
    translation_key="water",
    device_class=SensorDeviceClass.WATER,
    native_unit_of_measurement=UnitOfVolume.LITERS,
    state_class=SensorStateClass.TOTAL_INCREASING,
    suggested_display_precision=0,
    value_fn=lambda totals, node: totals.water_l.get(node, 0.0),
)


def specs(farm: Farm) -> Specs[UsageDescription]:
    """The totals of a farm: energy where anything says what is drawn, water where vfarm fills."""
    for node in (farm.id, *(zone.id for zone in farm.zones)):
        if counts_energy(farm, node):
            yield node, ENERGY
    filled = [tank.id for tank in farm.reservoirs if farm.of(tank.id, Role.FILL_VALVE)]
    for node in (farm.id, *filled) if filled else ():
        yield node, WATER


class UsageSensor(NodeEntity, SensorEntity):
    """A total of one node, as it is on disk: no restart makes less of it."""

    entity_description: UsageDescription

    @property
    @override
    def available(self) -> bool:
        """What was used stays used."""
        return not self.engine.closed

    @override
    async def async_added_to_hass(self) -> None:
        """Show what is counted and follow it."""
        self.async_on_remove(self.engine.listen_totals(self._changed))
        self.async_on_remove(lambda: self.engine.writes.forget(self))
        self._take(self.engine.totals)

    @callback
    def _changed(self, totals: Totals) -> None:
        if self._shown(totals) != (self._attr_native_value, self._basis):
            self.engine.writes.ask(self, urgent=False)

    @callback
    def write(self) -> None:
        """Write what is counted now."""
        self._take(self.engine.totals)
        self.async_write_ha_state()

    def _shown(self, totals: Totals) -> tuple[float | None, str | None]:
        described = self.entity_description
        basis = None if described.basis_fn is None else described.basis_fn(totals, self.node)
        return described.value_fn(totals, self.node), basis

    def _take(self, totals: Totals) -> None:
        self._attr_native_value, self._basis = self._shown(totals)
        self._attr_extra_state_attributes = {ATTR_BASIS: self._basis} if self._basis else {}
