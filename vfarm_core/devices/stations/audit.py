"""What the stations of a farm keep of what they must, what was seen to work, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...farm.nodes import Farm
from ...farm.roles import RoleKind, spec
from .abilities import can, longest_s
from .model import Guard, Station, StationKind
from .needs import Need, needs, needs_of


class Standing(StrEnum):
    """How a protection stands: it was seen to work, its settings can be generated, it did not work
    when it was tried last, or it is not there."""

    VERIFIED = "verified"
    GENERATED = "generated"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one protection of one actuator stands. `why` says what is missing, as a key of `WORDS`;
    `on` and `by` tell who saw it work, and when."""

    need: Need
    station: str | None
    standing: Standing
    why: str = ""
    on: str = ""
    by: str = ""
    after_s: float | None = None


#: What is missing, in words.
WORDS = {
    "no_station": "nobody has said which station it hangs on",
    "kind_cannot": "a station of this kind cannot do it",
    "contact_not_here": "the contact that must trip it is not wired to its station",
    "no_contact": "no contact is bound that could trip it",
    "too_long": "the time is longer than the station can count",
    "other_state": "the station always starts in the other state",
    "trips_missing": "switched on by itself it would run against a stop, a leak or a dry tank",
    "no_hours": "the station does not know its light hours",
    "failed": "it did not work when it was tried",
    "not_switched": "the station cannot switch what is dimmed",
}

#: How a protection stands that nobody should count on.
LACKING = frozenset({Standing.MISSING, Standing.FAILED})
_BY_CONTACT = frozenset({Guard.DRY_RUN_TRIP, Guard.LEAK_TRIP, Guard.HIGH_LEVEL_TRIP})
#: What must be able to end what a station switches on by itself: nothing undoes an emergency stop.
_ENDS = frozenset({Guard.DRY_RUN_TRIP, Guard.LEAK_TRIP, Guard.STOP_LATCH})


def audit(farm: Farm, stations: Sequence[Station]) -> tuple[Finding, ...]:
    """How every protection of every declared actuator stands, in the order of bindings."""
    home = {o.point: station for station in stations for o in station.outputs}
    return tuple(judge(farm, home.get(need.point), need) for need in needs_of(farm))


def judge(farm: Farm, station: Station | None, need: Need) -> Finding:
    """How one protection stands on the station that its actuator hangs on."""
    why = missing(farm, station, need)
    if station is None or why:
        key = None if station is None else station.id
        return Finding(need=need, station=key, standing=Standing.MISSING, why=why)
    seen = [v for v in station.verified if (v.point, v.guard) == (need.point, need.guard)]
    if not seen:
        return Finding(need=need, station=station.id, standing=Standing.GENERATED)
    last = max(enumerate(seen), key=lambda v: (v[1].on, v[0]))[1]
    return Finding(
        need=need,
        station=station.id,
        standing=Standing.VERIFIED if last.ok else Standing.FAILED,
        why="" if last.ok else "failed",
        on=last.on,
        by=last.by,
        after_s=last.after_s,
    )


def missing(farm: Farm, station: Station | None, need: Need) -> str:
    """Why a station does not keep a protection, as a key of `WORDS`; empty when it does."""
    if station is None:
        return "no_station"
    if need.guard not in can(station):
        return "kind_cannot"
    if need.guard in _BY_CONTACT and not need.contacts:
        return "no_contact"
    if need.contacts and not any(station.contact(point) for point in need.contacts):
        return "contact_not_here"
    longest = longest_s(station)
    if need.seconds is not None and longest is not None and need.seconds > longest:
        return "too_long"
    return _of_one_output(farm, station, need)


def _of_one_output(farm: Farm, station: Station, need: Need) -> str:
    binding, output = farm.binding[need.point], station.output(need.point)
    assert output is not None
    dims = spec(binding.role).kind is RoleKind.DIMMER and binding.dims
    if station.kind is StationKind.ESPHOME and need.guard is Guard.LIGHT_PLAN:
        return "" if output.light is not None else "no_hours"
    if dims and station.kind in (StationKind.SHELLY, StationKind.MODBUS):
        return "not_switched"
    if need.on and station.kind is StationKind.MODBUS:
        return "other_state"
    if need.on and need.guard in (Guard.RUN_ON, Guard.BOOT_STATE, Guard.WATCHDOG):
        return "" if starts_safely(farm, station, need.point) else "trips_missing"
    return ""


def starts_safely(farm: Farm, station: Station, point: str) -> bool:
    """Whether an actuator may be switched on by its station alone: the emergency stop and every
    trip that must end it are there too."""
    return all(
        not missing(farm, station, need)
        for need in needs(farm, farm.binding[point])
        if need.guard in _ENDS
    )
