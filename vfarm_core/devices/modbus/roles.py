"""What the registers of a profile mean, and how often they are worth a request.

A profile speaks of the device (`climate.co2`); which node of a farm it is bound to, and as what, a
person decides. For the roles that can only mean one thing the farm's own role is named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from ...farm.roles import Role
from .profile import Register

#: Every role a register may have, and the farm's role where there is exactly one.
ROLES: Mapping[str, Role | None] = MappingProxyType(
    {
        "climate.air_temperature": Role.AIR_TEMPERATURE,
        "climate.humidity": Role.HUMIDITY,
        "climate.absolute_humidity": None,
        "climate.dew_point": None,
        "climate.wet_bulb": None,
        "climate.co2": Role.CO2,
        "climate.pressure": None,
        "light.ppfd": Role.PPFD,
        "solution.ph": Role.SOLUTION_PH,
        "solution.ec": Role.SOLUTION_EC,
        "solution.temperature": Role.SOLUTION_TEMPERATURE,
        "solution.orp": None,
        "solution.dissolved_oxygen": Role.DISSOLVED_OXYGEN,
        "solution.turbidity": None,
        "reservoir.level": None,
        "reservoir.volume": Role.VOLUME,
        "substrate.vwc": Role.SUBSTRATE_MOISTURE,
        # Bulk and pore EC are two quantities; only the second one is the farm's.
        "substrate.ec_bulk": None,
        "substrate.ec_pore": Role.SUBSTRATE_EC,
        "substrate.ph": None,
        "substrate.temperature": Role.SUBSTRATE_TEMPERATURE,
        "substrate.permittivity": None,
        "irrigation.flow": Role.FLOW,
        "irrigation.volume": Role.WATER_TOTAL,
        "irrigation.pressure": Role.PRESSURE,
        "energy.power": Role.POWER,
        "energy.energy": None,
        "energy.voltage": None,
        "energy.current": None,
        "diagnostic": None,
        "actuator.switch": None,
        "actuator.level": None,
        "actuator.hvac": None,
        "actuator.dosing_pump": None,
        "actuator.feedback": None,
    }
)


class Group(StrEnum):
    """How often a register is polled."""

    #: What an actuator does: a command is proved by it.
    FAST = "fast"
    #: What is measured.
    NORMAL = "normal"
    #: The state of the device itself, and what has no role.
    SLOW = "slow"
    #: Settings: read when somebody asks.
    ASKED = "asked"


#: Seconds from one poll to the next (design choice: a command is proved within seconds, air and
#: water move over minutes, the state of a probe over hours).
INTERVAL_S: Mapping[Group, float] = MappingProxyType(
    {Group.FAST: 5.0, Group.NORMAL: 15.0, Group.SLOW: 300.0}
)


def group_of(register: Register) -> Group:
    """When a register is read. Settings that are kept in a memory that wears, and registers that
    can only be written, are never polled."""
    if register.wears or not register.readable:
        return Group.ASKED
    role = register.role or ""
    if role.startswith("actuator."):
        return Group.FAST
    if not role or role == "diagnostic":
        return Group.SLOW
    return Group.NORMAL
