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
from .memory import ProofState, ZoneState
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
#: An open valve that raises CO2 by less than this in this time has no effect (design choice:
#: equipment of usual size gives several times what plants take up, 8 ppm/min in science.md 1.5).
#: Sooner where its maximum on-time would end the injection before.
EFFECT_S = 900.0
_OF_MAX_ON = 0.8
#: CO2 that falls so far at once has left through a door: the valve's time begins anew.
_FALL_PPM = 60.0
EFFECT_PPM = 30.0

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
    """Watch an open valve: a bottle that is empty, or gas that goes elsewhere, shows no rise."""
    ppm = readings.reading(d, zone, Role.CO2).value
    open_now = any(d.actuator(b.id).is_on for b in d.of(zone, Role.CO2_VALVE))
    if not open_now or ppm is None:
        return replace(state, injecting=None)
    if state.injecting is None:
        return replace(state, injecting=(d.now.farm, ppm))
    since, lowest = state.injecting
    if lowest - ppm >= _FALL_PPM:
        return replace(state, injecting=(d.now.farm, ppm))
    lowest = min(lowest, ppm)
    if d.now.farm - since < _effect_s(d, zone):
        return replace(state, injecting=(since, lowest))
    if ppm - lowest >= EFFECT_PPM or state.co2_empty:
        return replace(state, injecting=(d.now.farm, ppm))
    d.event(
        "co2_ineffective",
        zone,
        Severity.P2,
        ppm=round(ppm),
        lowest=round(lowest),
        minutes=round((d.now.farm - since) / 60),
    )
    return replace(state, injecting=None, co2_empty=True)


def effect_due(d: Draft, zone: str) -> float | None:
    """When an open valve has to have shown an effect (farm time)."""
    injecting = d.zone(zone).injecting
    return None if injecting is None else injecting[0] + _effect_s(d, zone)


def _effect_s(d: Draft, zone: str) -> float:
    longest = [
        _OF_MAX_ON * b.declaration.max_on_s
        for b in d.of(zone, Role.CO2_VALVE)
        if b.declaration is not None and b.declaration.max_on_s is not None
    ]
    return min((EFFECT_S, *longest))


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
        return closed("co2_empty", minutes=round(_effect_s(d, zone) / 60))
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
