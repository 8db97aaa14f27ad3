"""What a drill tries out at a station, and what was seen, beside what people wrote down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ...farm.drills import DrillTest, Loss, Seen
from ...farm.nodes import Farm
from .audit import Standing, judge
from .model import HEARTBEAT_S, Guard, LightHours, Link, Station, StationKind, Verified
from .needs import Need, needs

#: After a power cut a station has so long (s) to start and to be heard again (design choice: a
#: node that needs longer leaves its water to chance for longer than a sprout of a leak takes).
BOOT_S = 60.0
#: A loss is noticed so much later (s) than after `heartbeat_lost_s` at the latest: the last
#: heartbeat may just have been sent, and reports take their time.
_NOTICED_S = HEARTBEAT_S


def by_mqtt(station: Station) -> bool:
    """Whether the heartbeat reaches a station by the broker, where all stations hear the same."""
    return station.kind is StationKind.EXECUTOR or station.link is Link.MQTT


def silenced(stations: Sequence[Station], station: Station) -> tuple[Station, ...]:
    """The stations that lose their heartbeat together when the controller falls silent to one."""
    if not by_mqtt(station):
        return (station,)
    return tuple(s for s in stations if by_mqtt(s))


def tests_of(
    farm: Farm, stations: Sequence[Station], station: Station, loss: Loss, now: float
) -> tuple[DrillTest, ...]:
    """What the outputs of a station have to do by themselves when it loses something at `now`
    (epoch s). Only what it keeps: what is missing needs no drill. Not among them are limits of
    time, which control keeps too, so that nobody could say who has ended it, and shots of a stored
    plan, which come when they are due: those a person watches and notes."""
    tried = silenced(stations, station) if loss is Loss.CONTROLLER else (station,)
    return tuple(t for s in tried for t in _tests(farm, s, loss, now))


def _tests(farm: Farm, station: Station, loss: Loss, now: float) -> Iterator[DrillTest]:
    for output in station.outputs:
        kept = {
            need.guard: need
            for need in needs(farm, farm.binding[output.point])
            if judge(farm, station, need).standing is not Standing.MISSING
        }
        if loss is Loss.POWER:
            boot = kept.get(Guard.BOOT_STATE)
            if boot is not None:
                yield _test(boot, BOOT_S)
            continue
        within = station.heartbeat_lost_s + _NOTICED_S
        if Guard.WATER_PLAN in kept or Guard.WATCHDOG not in kept:
            continue
        light = kept.get(Guard.LIGHT_PLAN)
        if light is None:
            yield _test(kept[Guard.WATCHDOG], within)
        elif output.light is None or _by_day(farm, output.light, now, within):
            yield _test(light, within)


def _test(need: Need, within_s: float) -> DrillTest:
    return DrillTest(point=need.point, guard=need.guard.value, on=need.on, within_s=within_s)


def _by_day(farm: Farm, hours: LightHours, now: float, within_s: float) -> bool:
    """Whether a lamp that keeps hours of its own is on for the whole of a drill."""

    def lit(at: float) -> bool:
        clock = dt.datetime.fromtimestamp(at, farm.tz).time()
        if hours.on < hours.off:
            return hours.on <= clock < hours.off
        return clock >= hours.on or clock < hours.off

    return lit(now) and lit(now + 2 * within_s)


def with_seen(farm: Farm, stations: Sequence[Station], seen: Iterable[Seen]) -> tuple[Station, ...]:
    """The stations with what was seen of their outputs, after what people wrote down."""
    known = {guard.value: guard for guard in Guard}
    told: dict[str, list[Verified]] = {}
    for x in seen:
        if x.guard in known:
            day = dt.datetime.fromtimestamp(x.at, farm.tz).date().isoformat()
            told.setdefault(x.point, []).append(
                Verified(
                    point=x.point,
                    guard=known[x.guard],
                    on=day,
                    by=x.by,
                    after_s=x.after_s,
                    ok=x.ok,
                )
            )
    return tuple(
        replace(
            station,
            verified=(
                *station.verified,
                *(v for o in station.outputs for v in told.get(o.point, ())),
            ),
        )
        for station in stations
    )
