"""The guard of the dark: light where none is planned is told, whoever makes it.

Whether a lamp says that it is on or a PPFD sensor sees light, the guard does not ask which of them
is right. What a lamp is to do about it is decided elsewhere: here nothing is driven.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.nodes import Level
from ..farm.overrides import WorkflowKind
from ..farm.roles import Role, spec
from ..recipes.model import DayLength
from ..science.light import LightDay
from . import readings, spectrum, workflows
from .draft import Draft
from .effects import Severity
from .memory import LampState
from .targets import LightTarget

#: Light in the dark of a short-day crop is told after this long (s), of any other after an hour
#: (limits_alarms.csv, lights stuck on: 5 and 60 min).
_SHORT_DAY_S = 300.0
_OTHERS_S = 3600.0


def watch(
    d: Draft, level: Level, target: LightTarget | None, day: LightDay | None, lamp: LampState
) -> LampState:
    """What is known of stray light now; tells when it has lasted too long, and when it is over."""
    planned = target is None or day is None or day.lit(d.now.farm) or _people(d, level)
    by = "" if planned or target is None or day is None else _light(d, level, target, day)
    if not by or target is None:
        if lamp.stray:
            d.event("dark_again", level.id)
        return replace(lamp, stray_at=None, stray=False) if lamp.stray_at is not None else lamp
    if lamp.stray_at is None:
        return replace(lamp, stray_at=d.now.farm)
    if not lamp.stray and d.now.farm >= told_at(d, target, lamp.stray_at):
        d.event(
            "light_in_dark",
            level.id,
            Severity.P2 if short_day(d, target) else Severity.P3,
            by=by,
            since=lamp.stray_at,
            batch=target.batch.id,
        )
        return replace(lamp, stray=True)
    return lamp


def told_at(d: Draft, target: LightTarget, since: float) -> float:
    """When light that is there `since` is told."""
    return since + (_SHORT_DAY_S if short_day(d, target) else _OTHERS_S)


def short_day(d: Draft, target: LightTarget) -> bool:
    """Whether the crop flowers by the length of its nights."""
    return d.recipe(target.batch).day_length is DayLength.SHORT_DAY


def _people(d: Draft, level: Level) -> bool:
    """Whether people asked for light to work by."""
    zone = d.farm.zone_of_level[level.id]
    return workflows.of_kind(d, zone, WorkflowKind.WORK_LIGHT) is not None


def _light(d: Draft, level: Level, target: LightTarget, day: LightDay) -> str:
    """What says that there is light: `lamp`, `sensor`, or nothing."""
    if any(d.actuator(b.id).is_on for b in d.farm.lamps_of_level[level.id]):
        return "lamp"
    if spectrum.pulsing(d, target, day):
        # Quantum sensors see a part of far-red light, which does not end a night.
        return ""
    ppfd = readings.highest(d, level.id, Role.PPFD)
    return "sensor" if ppfd is not None and ppfd >= spec(Role.PPFD).resolution else ""
