"""What happens to every actuator when power, network or Home Assistant is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...farm.bindings import Binding, OnLoss
from ...farm.nodes import Farm
from .audit import Finding, Standing, judge
from .model import Guard, Station
from .needs import needs


class Certainty(StrEnum):
    """Who says so: a person saw it, the station is set up for it (as far as its package was
    installed), somebody has declared it, or nobody knows."""

    VERIFIED = "verified"
    STATION = "station"
    DECLARED = "declared"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an actuator does, in words, and how sure that is."""

    text: str
    certainty: Certainty


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """One actuator: what it does when each is lost, and how its protection stands."""

    point: str
    station: str | None
    power: Outcome
    network: Outcome
    home_assistant: Outcome
    findings: tuple[Finding, ...]


def losses_of(farm: Farm, stations: Sequence[Station]) -> tuple[Losses, ...]:
    """Every declared actuator of a farm, in the order of bindings."""
    home = {o.point: station for station in stations for o in station.outputs}
    return tuple(
        _losses(farm, b, home.get(b.id)) for b in farm.bindings if b.declaration is not None
    )


def _losses(farm: Farm, b: Binding, station: Station | None) -> Losses:
    found = {need.guard: judge(farm, station, need) for need in needs(farm, b)}
    # A station hears neither of a dead network nor of a dead controller but silence.
    silent = _silence(b, station, found)
    return Losses(
        point=b.id,
        station=None if station is None else station.id,
        power=_power(b, found),
        network=silent,
        home_assistant=silent,
        findings=tuple(found.values()),
    )


def _kept(found: dict[Guard, Finding], guard: Guard) -> Finding | None:
    finding = found.get(guard)
    return None if finding is None or finding.standing is Standing.MISSING else finding


def _sure(finding: Finding) -> Certainty:
    verified = finding.standing is Standing.VERIFIED
    return Certainty.VERIFIED if verified else Certainty.STATION


def _power(b: Binding, found: dict[Guard, Finding]) -> Outcome:
    assert b.declaration is not None
    boot = _kept(found, Guard.BOOT_STATE)
    if boot is not None:
        state = "on" if boot.need.on else "off"
        return Outcome(text=f"{state} when power is back", certainty=_sure(boot))
    return _declared(b.declaration.on_power_loss)


def _silence(b: Binding, station: Station | None, found: dict[Guard, Finding]) -> Outcome:
    assert b.declaration is not None
    watchdog = _kept(found, Guard.WATCHDOG)
    if watchdog is not None and station is not None:
        plan = _kept(found, Guard.LIGHT_PLAN) or _kept(found, Guard.WATER_PLAN)
        after = f"after {station.heartbeat_lost_s:g} s "
        if plan is not None:
            what = "its light day goes on" if plan.need.guard is Guard.LIGHT_PLAN else "its plan"
            return Outcome(text=after + what, certainty=_sure(plan))
        state = "on" if watchdog.need.on else "off"
        return Outcome(text=after + state, certainty=_sure(watchdog))
    limit = _kept(found, Guard.AUTO_OFF)
    if limit is not None:
        text = f"stays as it is, off after {limit.need.seconds:g} s at the latest"
        return Outcome(text=text, certainty=_sure(limit))
    return _declared(b.declaration.on_control_loss)


def _declared(what: OnLoss) -> Outcome:
    if what is OnLoss.UNKNOWN:
        return Outcome(text="not known", certainty=Certainty.UNKNOWN)
    text = "stays as it is" if what is OnLoss.KEEPS else f"goes {what.value}"
    return Outcome(text=text, certainty=Certainty.DECLARED)
