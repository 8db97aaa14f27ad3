"""What a station gave while nobody commanded it, taken over before control is handed back.

Water counts as shots do, so that none is given twice and no cap is passed; light counts into the
integral of its day, so that the rest of the day brings what is missing and no more. What the
station has latched is latched here too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..farm.ahead import Delivered, GivenEnd, LightGiven, WaterGiven
from ..farm.nodes import Circuit
from ..farm.roles import Role
from . import trips
from .ahead import light_of_lamp
from .draft import Draft
from .effects import Severity
from .inputs import TakeOver
from .irrigation import of_today
from .memory import Interlock, ShotEnd
from .shot import logged

#: A gap up to this long (s) is bridged by control itself, which saw the lamps before and after it
#: (`light.advance_day`): the station's light would count twice.
BRIDGED_S = 600.0
STATION = "station"
#: How a station names the emergency stop among what it has latched.
STOP = "stop"
_ENDS = {
    GivenEnd.DONE: ShotEnd.DONE,
    GivenEnd.HANDED_BACK: ShotEnd.DONE,
    GivenEnd.EXPIRED: ShotEnd.STOPPED,
    GivenEnd.DRY: ShotEnd.VOLUME_LOW,
    GivenEnd.LEAK: ShotEnd.LEAK,
    GivenEnd.STOP: ShotEnd.EMERGENCY,
}
_SEVERITY = {
    ShotEnd.VOLUME_LOW: Severity.P2,
    ShotEnd.LEAK: Severity.P1,
    ShotEnd.EMERGENCY: Severity.P1,
}


def take_over(d: Draft, request: TakeOver) -> dict[str, Any]:
    """Count what a station gave. A report that was taken over before counts nothing again."""
    told = request.delivered
    last = d.state.taken.get(told.station, 0)
    if told.farm != d.farm.id or told.number <= last:
        return {"number": last, "taken": False}
    d.state = replace(d.state, taken={**d.state.taken, told.station: told.number})
    litres = sum(_water(d, given) for given in told.water)
    if told.heard_again - told.since > BRIDGED_S:
        for given in told.light:
            _light(d, given)
    _latched(d, told)
    d.mark_all()
    return {"number": told.number, "taken": True, "litres": round(litres, 2)}


def _water(d: Draft, given: WaterGiven) -> float:
    """One shot, or the mist of a while, of a circuit that is still there; its litres."""
    circuit = d.farm.circuit.get(given.circuit)
    if circuit is None:
        return 0.0
    state = of_today(d, d.circuit(circuit.id))
    flow = trips.rated_l_min(d, circuit)
    litres = given.seconds / 60 * flow
    assert state.day_start is not None
    today = given.end >= state.day_start
    last = state.last_shot_at
    dry_at = given.end + circuit.drain_s
    d.circuits.set(
        circuit.id,
        replace(
            state,
            last_shot_at=given.start if last is None else max(last, given.start),
            last_started_at=given.start,
            last_end=_ENDS[given.ended],
            last_delivered_l=round(litres, 3),
            last_mist_at=state.last_mist_at if given.shot else given.end,
            dry_at=dry_at if state.dry_at is None else max(state.dry_at, dry_at),
            shots_today=state.shots_today + (1 if today and given.shot else 0),
            litres_today=state.litres_today + (litres if today else 0.0),
            water_log=logged(state.water_log, given.end, litres),
        ),
    )
    _tell(d, circuit, given, litres, given.planned_s / 60 * flow)
    return litres


def _tell(d: Draft, circuit: Circuit, given: WaterGiven, litres: float, planned_l: float) -> None:
    end = _ENDS[given.ended]
    d.event(
        "shot_ended",
        circuit.id,
        _SEVERITY.get(end, Severity.INFO),
        {"shares": d.shares(circuit.id)},
        shot=given.shot or f"{circuit.id}-{int(given.start * 1000):d}",
        end=end.value,
        planned_s=round(given.planned_s, 1),
        delivered_s=round(given.seconds, 1),
        planned_l=round(planned_l, 2),
        delivered_l=round(litres, 2),
        metered=False,
        by=STATION,
    )


def _light(d: Draft, given: LightGiven) -> None:
    """Light of the day that a level is in, or of the one before."""
    found = light_of_lamp(d, given.point)
    if found is None:
        return
    key, full = found
    state = d.level(key)
    day = state.light_day
    if day is None:
        return
    ppfd = full * given.output
    mine = max(0.0, min(given.end, d.now.farm) - max(given.start, day.start_s))
    before = max(0.0, min(given.end, day.start_s) - given.start)
    yesterday = state.dli_yesterday
    if before and yesterday is not None:
        yesterday += ppfd * before * 1e-6
    d.levels.set(key, replace(state, dli=state.dli + ppfd * mine * 1e-6, dli_yesterday=yesterday))


def _latched(d: Draft, told: Delivered) -> None:
    for point in told.latched:
        binding = d.farm.binding.get(point)
        known = d.interlocks.get(point) is not None
        if binding is not None and binding.role is Role.LEAK and not known:
            d.interlocks.set(point, Interlock(at=d.now.farm))
            d.event("leak", binding.node, Severity.P1, point=point)
