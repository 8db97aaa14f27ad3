"""What happens to every actuator when power, network or Home Assistant is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...farm.bindings import Binding, OnLoss
from ...farm.nodes import Farm
from .audit import LACKING, Finding, Standing, judge
from .model import Guard, Station
from .needs import needs


class Certainty(StrEnum):
    """Who says so: a person saw it, the station is set up for it (as far as its package was
    installed), somebody has declared it, or nobody knows."""

    VERIFIED = "verified"
    STATION = "station"
    DECLARED = "declared"
    UNKNOWN = "unknown"


#: What an actuator does, in words. `seconds` is a time.
OUTCOMES = {
    "on_with_power": "on when power is back",
    "off_with_power": "off when power is back",
    "light_goes_on": "after {seconds} s its light day goes on",
    "plan_goes_on": "after {seconds} s its plan",
    "on_after": "after {seconds} s on",
    "off_after": "after {seconds} s off",
    "off_at_latest": "stays as it is, off after {seconds} s at the latest",
    "keeps": "stays as it is",
    "on": "goes on",
    "off": "goes off",
    "unknown": "not known",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an actuator does, as a key of `OUTCOMES` with its time (s), and how sure that is."""

    key: str
    certainty: Certainty
    seconds: float | None = None

    @property
    def text(self) -> str:
        """The same in words."""
        return OUTCOMES[self.key].format(seconds=f"{self.seconds or 0.0:g}")


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
    return None if finding is None or finding.standing in LACKING else finding


def _sure(finding: Finding) -> Certainty:
    verified = finding.standing is Standing.VERIFIED
    return Certainty.VERIFIED if verified else Certainty.STATION


def _power(b: Binding, found: dict[Guard, Finding]) -> Outcome:
    assert b.declaration is not None
    boot = _kept(found, Guard.BOOT_STATE)
    if boot is not None:
        state = "on" if boot.need.on else "off"
        return Outcome(key=f"{state}_with_power", certainty=_sure(boot))
    return _declared(b.declaration.on_power_loss)


def _silence(b: Binding, station: Station | None, found: dict[Guard, Finding]) -> Outcome:
    assert b.declaration is not None
    watchdog = _kept(found, Guard.WATCHDOG)
    if watchdog is not None and station is not None:
        plan = _kept(found, Guard.LIGHT_PLAN) or _kept(found, Guard.WATER_PLAN)
        after = station.heartbeat_lost_s
        if plan is not None:
            what = "light" if plan.need.guard is Guard.LIGHT_PLAN else "plan"
            return Outcome(key=f"{what}_goes_on", certainty=_sure(plan), seconds=after)
        state = "on" if watchdog.need.on else "off"
        return Outcome(key=f"{state}_after", certainty=_sure(watchdog), seconds=after)
    limit = _kept(found, Guard.AUTO_OFF)
    if limit is not None:
        return Outcome(key="off_at_latest", certainty=_sure(limit), seconds=limit.need.seconds)
    return _declared(b.declaration.on_control_loss)


def _declared(what: OnLoss) -> Outcome:
    certainty = Certainty.UNKNOWN if what is OnLoss.UNKNOWN else Certainty.DECLARED
    return Outcome(key=what.value, certainty=certainty)
