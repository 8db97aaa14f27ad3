"""What actuators draw by their ratings, and which part of the farm's work that is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from ..farm.bindings import Binding
from ..farm.nodes import Farm
from ..farm.roles import DOSING, Role


class Subsystem(StrEnum):
    """What energy is used for."""

    LIGHT = "light"
    HEATING = "heating"
    COOLING = "cooling"
    HUMIDITY = "humidity"
    FANS = "fans"
    PUMPS = "pumps"


_LAMPS = (
    Role.GROW_LIGHT,
    Role.GROW_LIGHT_WHITE,
    Role.GROW_LIGHT_BLUE,
    Role.GROW_LIGHT_RED,
    Role.GROW_LIGHT_FAR_RED,
)
_PUMPS = (Role.IRRIGATION_PUMP, Role.AIR_PUMP, Role.MIXING_PUMP, *DOSING)

#: What each actuator that draws power is there for.
SUBSYSTEMS: Mapping[Role, Subsystem] = MappingProxyType(
    {
        **dict.fromkeys(_LAMPS, Subsystem.LIGHT),
        **dict.fromkeys(_PUMPS, Subsystem.PUMPS),
        Role.HEATER: Subsystem.HEATING,
        Role.COOLER: Subsystem.COOLING,
        Role.HUMIDIFIER: Subsystem.HUMIDITY,
        Role.DEHUMIDIFIER: Subsystem.HUMIDITY,
        Role.EXHAUST_FAN: Subsystem.FANS,
        Role.CIRCULATION_FAN: Subsystem.FANS,
    }
)


def rated_w(farm: Farm, binding: Binding) -> float:
    """Electrical power (W) of an actuator at full output; 0 where nobody has rated it. Several
    lamps of one level share its fixture by the light they give, and a far-red channel that nobody
    has rated takes an equal part beside them."""
    rating = binding.declaration.rating_w if binding.declaration is not None else None
    level = farm.level.get(binding.node)
    if level is None or SUBSYSTEMS.get(binding.role) is not Subsystem.LIGHT:
        return rating or 0.0
    if level.fixture is None:
        return 0.0
    lamps = farm.lamps_of_level[level.id]
    if binding.role is Role.GROW_LIGHT_FAR_RED:
        return level.fixture.power_w / max(1, len(lamps)) if rating is None else rating
    if len(lamps) == 1:
        return level.fixture.power_w
    parts = farm.lamp_ppfd[level.id]
    return level.fixture.power_w * parts[lamps.index(binding)] / sum(parts)
