"""CO2: injected only when it is surely safe and has an effect; too much is told and cleared.

vfarm is no gas alarm: where CO2 is used a certified detector with its own valve and fan is needed.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.nodes import Zone
from ..farm.roles import Loop, Role
from . import readings
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import Injection, ProofState, ZoneState
from .reasons import Reason
from .strategy import OFF, Hysteresis, StrategyState
from .targets import Target

#: Half-width of the hysteresis, ppm (design choice; about twice the noise of a good sensor).
WIDTH = 50.0
#: Injection stops, and people have to leave (design rule 8; OSHA PEL 5,000 ppm).
STOP_PPM = 2000.0
DANGER_PPM = 5000.0
#: Over again a tenth below (science.md section 6: deadband of 10 %).
_BACK = 0.9
#: CO2 that an open valve gives is seen: it rises by so much within so many seconds of flow (design
#: choice: equipment of usual size gives several times what plants take up, 8 ppm/min in science.md
#: 1.5). Without that no gas arrives where CO2 falls as much, or is near that of outside air.
EFFECT_S = 1800.0
EFFECT_PPM = 30.0
_NEAR_OUTSIDE_PPM = 600.0
#: CO2 that falls so far at once has left through a door: the watch begins anew, as it does when
#: the valve was closed for so long (s).
_FALL_PPM = 60.0
_PAUSE_S = 300.0

_FOLLOWS = Hysteresis(sign=1, width=WIDTH)
_SEVERITY = {"": Severity.INFO, "stop": Severity.P2, "danger": Severity.P1}


def advance(d: Draft, zone: str, *, dawn: bool) -> None:
    """How much too much there is, and whether what is injected has an effect."""
    state = d.zone(zone)
    stage = _stage(d, zone, state.co2)
    if stage != state.co2:
        ppm = readings.highest(d, zone, Role.CO2)
        d.event(
            {"stop": "co2_high", "danger": "co2_danger"}.get(stage, "co2_cleared"),
            zone,
            _SEVERITY[stage],
            ppm=None if ppm is None else round(ppm),
        )
        state = replace(state, co2=stage)
    if state.co2_empty and (dawn or Loop.CO2 in d.state.disarmed):
        state = replace(state, co2_empty=False)
    d.zones.set(zone, _effect(d, zone, state))


def _stage(d: Draft, zone: str, was: str) -> str:
    if not d.of(zone, Role.CO2):
        return ""
    highest = readings.highest(d, zone, Role.CO2)
    if highest is None:
        # A probe that fell silent does not say that the air is good again.
        return was
    if highest >= DANGER_PPM or (was == "danger" and highest >= _BACK * DANGER_PPM):
        return "danger"
    if highest >= STOP_PPM or (was in ("stop", "danger") and highest >= _BACK * STOP_PPM):
        return "stop"
    return ""


def _effect(d: Draft, zone: str, state: ZoneState) -> ZoneState:
    """Watch what an open valve gives: a bottle that is empty, or gas that goes elsewhere."""
    ppm = readings.reading(d, zone, Role.CO2).value
    open_now = any(d.actuator(b.id).is_on for b in d.of(zone, Role.CO2_VALVE))
    flow = _flow(state.injection, d.now.farm, ppm, open_now=open_now)
    if flow is None or ppm is None or state.co2_empty or flow.open_s < EFFECT_S:
        return state if flow == state.injection else replace(state, injection=flow)
    if ppm > flow.start - EFFECT_PPM and ppm >= _NEAR_OUTSIDE_PPM:
        # It holds what is there: too little gas for this room, but gas.
        return replace(state, injection=None)
    d.event(
        "co2_ineffective",
        zone,
        Severity.P2,
        ppm=round(ppm),
        before=round(flow.start),
        minutes=round(flow.open_s / 60),
    )
    return replace(state, injection=None, co2_empty=True)


def _flow(
    flow: Injection | None, now: float, ppm: float | None, *, open_now: bool
) -> Injection | None:
    """The injection that is watched, counted until now."""
    if ppm is None or (flow is None and not open_now):
        return None
    new = Injection(at=now, open=open_now, start=ppm, lowest=ppm)
    if flow is None:
        return new
    rest = not flow.open and now - flow.at > _PAUSE_S
    if rest or ppm - flow.lowest >= EFFECT_PPM or flow.lowest - ppm >= _FALL_PPM:
        return new if open_now else None
    if flow.open is open_now and ppm >= flow.lowest and now - flow.at < EFFECT_S - flow.open_s:
        return flow
    open_s = flow.open_s + (now - flow.at if flow.open else 0.0)
    at = now if flow.open or open_now else flow.at
    return replace(flow, at=at, open=open_now, open_s=open_s, lowest=min(flow.lowest, ppm))


def effect_due(d: Draft, zone: str) -> float | None:
    """When an open valve has to have shown an effect (farm time)."""
    flow = d.zone(zone).injection
    return flow.at + EFFECT_S - flow.open_s if flow is not None and flow.open else None


def control(
    d: Draft,
    zone: str,
    target: Target | None,
    *,
    exhausting: bool,
    temperature: float | None,
    loops: dict[str, StrategyState],
) -> Intent:
    """CO2 only lit, on a good reading, surely without people, and never while exhausting."""

    def closed(code: str, *, trip: bool = True, **params: float | str) -> Intent:
        loops.pop(Role.CO2_VALVE, None)
        return Intent(0.0, Reason(code, params), trip=trip)

    state = d.zone(zone)
    seen = readings.reading(d, zone, Role.CO2)
    highest = readings.highest(d, zone, Role.CO2)
    if highest is not None and (highest >= STOP_PPM or state.co2):
        return closed("co2_limit", value=round(highest), limit=round(STOP_PPM))
    if seen.value is None or highest is None:
        return closed("no_reading", quantity="co2")
    if (
        not d.of(zone, Role.OCCUPANCY)
        or readings.unknown(d, zone, Role.OCCUPANCY)
        or readings.tripped(d, zone, Role.OCCUPANCY)
    ):
        return closed("co2_people")
    if not state.day:
        return closed("co2_dark")
    fans = d.of(zone, Role.EXHAUST_FAN)
    if exhausting or any(d.actuator(b.id).is_on for b in fans):
        return closed("co2_exhausting")
    if any(d.actuator(b.id).proof is ProofState.FAILED or d.actuator(b.id).latched for b in fans):
        return closed("co2_exhaust_failed")
    if state.over_temperature in ("dim", "off"):
        return closed(
            "too_warm_off",
            value=round(temperature or 0.0, 1),
            limit=round(state.trip_at or 0.0, 1),
        )
    if state.co2_empty:
        return closed("co2_empty", minutes=round(EFFECT_S / 60))
    if target is None or target.value is None:
        return closed("no_target", trip=False, quantity="co2")
    following, output = _FOLLOWS.decide(loops.get(Role.CO2_VALVE, OFF), seen.value, target.value)
    loops[Role.CO2_VALVE] = following
    params: dict[str, str | float] = {
        "quantity": "co2",
        "value": round(seen.value),
        "target": round(target.value),
        "unit": "ppm",
    }
    return Intent(output, Reason("below_target" if output else "in_band", params))


def alarm(d: Draft, zone: str) -> bool:
    """Whether CO2 is dangerous for people."""
    return d.zone(zone).co2 == "danger"


def detector_missing(d: Draft, zone: Zone) -> bool:
    """Whether CO2 is injected where nobody says that a certified detector is there."""
    return not zone.co2_detector and bool(d.of(zone.id, Role.CO2_VALVE))
