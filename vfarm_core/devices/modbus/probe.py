"""Which maps a device could have: devices share labels, not maps, so a person chooses.

Each candidate is read, and what it would mean is shown. A map is *plausible* when the device
answers for what the map measures and every value is one that can be. More than one may be: no map
is ever picked without being asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modbus_connection import ModbusUnit

from ...farm.roles import spec
from .bus import Bus
from .codec import Reading, State
from .device import Device
from .library import Shelf
from .profile import Profile, Register
from .roles import ROLES, Group, group_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a device would say if it had this map. `told` of `asked` registers gave a value,
    `doubtful` names those whose value cannot be."""

    profile: Profile
    readings: Mapping[str, Reading]
    told: int
    asked: int
    doubtful: tuple[str, ...]

    @property
    def is_plausible(self) -> bool:
        """Whether nothing speaks against it."""
        return self.asked > 0 and self.told == self.asked and not self.doubtful


async def probe(unit: ModbusUnit, profiles: Iterable[Profile]) -> tuple[Candidate, ...]:
    """Read a device by each of these maps, one after the other; plausible ones come first."""
    bus = Bus()
    found = [await _candidate(unit, profile, bus) for profile in profiles]
    return tuple(sorted(found, key=lambda c: (not c.is_plausible, -_share(c))))


async def recognised(unit: ModbusUnit, profiles: Iterable[Profile]) -> tuple[Profile, ...]:
    """The profiles that know the device by what every such device holds, and no other. Those that
    have no such mark are never among them."""
    bus = Bus()
    found = []
    for profile in profiles:
        marks = [r for r in profile.registers if r.constant is not None and r.readable]
        if not marks:
            continue
        poll = await Device(unit, profile, bus=bus).read([r.key for r in marks])
        told = [(r, poll.readings[r.key]) for r in marks]
        if all(reading.why is None and not cannot_be(r, reading) for r, reading in told):
            found.append(profile)
    return tuple(found)


def family(shelf: Shelf, profile_id: str) -> tuple[Profile, ...]:
    """A profile and the maps that devices with its label were found to have. Raises
    ProfileError."""
    profile = shelf.get(profile_id)
    others = [variant.profile for variant in profile.variants if variant.profile is not None]
    return (profile, *(shelf.get(name) for name in dict.fromkeys(others)))


def cannot_be(register: Register, reading: Reading) -> bool:
    """Whether no device of the kind would say this: not what all of them hold, outside of the
    device's own range, or of what its role can be."""
    if register.constant is not None:
        value = reading.value
        return isinstance(value, str | None) or not math.isclose(
            value, register.constant, rel_tol=1e-6
        )
    if reading.state is State.OUT_OF_RANGE:
        return True
    role = ROLES.get(register.role or "")
    if role is None or isinstance(reading.value, bool | str | None):
        return False
    limits = spec(role).plausible
    same_unit = spec(role).unit.replace("μ", "µ") == register.unit
    return limits is not None and same_unit and not limits[0] <= reading.value <= limits[1]


async def _candidate(unit: ModbusUnit, profile: Profile, bus: Bus) -> Candidate:
    device = Device(unit, profile, bus=bus)
    wanted = [r for r in device.registers.values() if group_of(r) is not Group.ASKED]
    measured = [r for r in wanted if group_of(r) is Group.NORMAL] or wanted
    poll = await device.read([r.key for r in wanted])
    told = [r for r in measured if poll.readings[r.key].why is None]
    known_by = [r for r in wanted if r.constant is not None and r not in measured]
    judged = [*told, *known_by]
    doubtful = tuple(r.key for r in judged if cannot_be(r, poll.readings[r.key]))
    return Candidate(
        profile=profile,
        readings=poll.readings,
        told=len(told),
        asked=len(measured),
        doubtful=doubtful,
    )


def _share(candidate: Candidate) -> float:
    good = candidate.told - len(candidate.doubtful)
    return good / candidate.asked if candidate.asked else 0.0
