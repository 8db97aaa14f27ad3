"""Crop steering: drip by the moisture of the substrate, in four parts of a day.

P0 waits from lights-on for the first shot, P1 fills the substrate up, P2 keeps it, P3 lets it dry
back until the next lights-on. Dryback is a drop in percentage points from the peak (science.md
section 7). A sensor that is gone or does not move is not believed: then the recipe's schedule is
followed. A sensor that lies can neither water without end (shots a day, litres a day) nor let
plants dry out while lit (`WATCHDOG_S`).
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.nodes import Circuit
from ..farm.roles import Role
from ..recipes.model import CropSteering
from ..science.light import LightDay
from . import readings
from .draft import Draft
from .memory import CircuitState, Quality, SteeringPhase, SteeringState

#: While lit, a substrate gets a shot at the latest after this long (s): science.md section 6, "Drip
#: missed", watchdog 3 h (limits_alarms: escalate after 180 min).
WATCHDOG_S = 3 * 3600.0
#: No shot is longer (s), whatever the size (irrigation.yaml, shot_runtime_s).
LONGEST_S = 900.0
#: A moisture that so many shots did not move is not believed (design choice: each should raise it
#: by some points).
_STILL = 3


def size(d: Draft, circuit: Circuit, pct: float) -> tuple[float, float]:
    """A shot of `pct` % of the substrate's volume: seconds, and litres over all sites."""
    assert circuit.substrate_l is not None
    assert circuit.drippers is not None
    assert circuit.dripper_l_h is not None
    seconds = shot_runtime_s(pct, circuit.substrate_l, circuit.drippers, circuit.dripper_l_h)
    sites = sum(d.farm.level[level].sites for level in circuit.levels)
    return seconds, seconds / 3600 * circuit.drippers * circuit.dripper_l_h * sites


def shot_runtime_s(pct: float, substrate_l: float, drippers: float, dripper_l_h: float) -> float:
    """How long drippers run for `pct` % of a plant's substrate (irrigation.yaml, shot_runtime_s:
    6.75 L and one dripper of 4 L/h: 120 s are 133.3 mL, 1.98 %)."""
    return min(LONGEST_S, pct / 100 * substrate_l * 3600 / (drippers * dripper_l_h))


def measurable(circuit: Circuit) -> bool:
    """Whether the size of a shot can be worked out."""
    return None not in (circuit.substrate_l, circuit.drippers, circuit.dripper_l_h)


def moisture(d: Draft, circuit: Circuit) -> float | None:
    """The moisture of the substrate, vol-%; None without a good reading."""
    found = readings.reading(d, circuit.id, Role.SUBSTRATE_MOISTURE)
    return found.value if found.quality is Quality.GOOD else None


def usable(d: Draft, circuit: Circuit, plan: CropSteering) -> bool:
    """Whether the substrate can be steered now; else the recipe's schedule is followed."""
    state = d.circuit(circuit.id).steering
    if not measurable(circuit) or moisture(d, circuit) is None:
        return False
    return state is None or state.still < _STILL


def frozen(state: CircuitState) -> bool:
    """Whether the moisture is not believed because no shot moves it."""
    return state.steering is not None and state.steering.still >= _STILL


def advance(d: Draft, circuit: Circuit, level: str, plan: CropSteering) -> None:
    """Move on to the part of the day that time and moisture have come to."""
    day = d.level(level).light_day
    if day is None or not measurable(circuit):
        return
    state = d.circuit(circuit.id)
    old = state.steering or SteeringState()
    new = _moved(d, old, day, plan, moisture(d, circuit))
    if new != state.steering:
        d.circuits.set(circuit.id, replace(state, steering=new))
        if new.phase is not old.phase:
            d.event("steering_phase", circuit.id, was=old.phase.value, phase=new.phase.value)


def _moved(
    d: Draft, s: SteeringState, day: LightDay, plan: CropSteering, vwc: float | None
) -> SteeringState:
    now = d.now.farm
    if vwc is not None and s.seen_vwc is not None and vwc != s.seen_vwc and s.still:
        s = replace(s, still=0)
    if not day.start_s <= now < day.end_s:
        return _peak(replace(s, phase=SteeringPhase.P3), vwc)
    if s.day != day.start_s:
        s = replace(s, phase=SteeringPhase.P0, day=day.start_s, from_vwc=vwc, shots=0, ramp=0)
    if now >= _last_shot_at(day, plan):
        return _peak(replace(s, phase=SteeringPhase.P3), vwc)
    if s.phase is SteeringPhase.P3:
        # The clock was set back, or the recipe's day became longer: maintain.
        s = replace(s, phase=SteeringPhase.P2)
    if s.phase is SteeringPhase.P0:
        if s.from_vwc is None:
            s = replace(s, from_vwc=vwc)
        dried = vwc is not None and s.from_vwc is not None
        if now >= day.start_s + plan.p0_max_wait_min * 60 or (
            dried and (s.from_vwc or 0.0) - (vwc or 0.0) >= plan.p0_dryback_points
        ):
            s = replace(s, phase=SteeringPhase.P1, peak_vwc=vwc)
    if s.phase is SteeringPhase.P1 and (
        s.ramp >= plan.p1_max_shots or (vwc is not None and vwc >= plan.p1_target_vwc_pct)
    ):
        s = replace(s, phase=SteeringPhase.P2)
    return _peak(s, vwc) if s.phase is not SteeringPhase.P0 else s


def _peak(s: SteeringState, vwc: float | None) -> SteeringState:
    if vwc is None or (s.peak_vwc is not None and vwc <= s.peak_vwc):
        return s
    return replace(s, peak_vwc=vwc)


def _last_shot_at(day: LightDay, plan: CropSteering) -> float:
    return day.end_s - plan.p3_last_shot_before_lights_off_h * 3600


def _interval_s(s: SteeringState, plan: CropSteering) -> float:
    minutes = plan.p1_interval_min if s.phase is SteeringPhase.P1 else plan.p2_interval_min
    return minutes * 60


def wanted(d: Draft, circuit: Circuit, level: str, plan: CropSteering) -> tuple[float, bool] | None:
    """The shot that is due, in % of the substrate's volume, and whether it comes only because none
    came for too long; None when none is due."""
    state, day = d.circuit(circuit.id), d.level(level).light_day
    s, vwc, now = state.steering, moisture(d, circuit), d.now.farm
    if s is None or day is None or vwc is None or s.shots >= plan.max_shots_per_day:
        return None
    last = state.last_shot_at
    if last is not None and now < last + _interval_s(s, plan):
        return None
    if s.phase is SteeringPhase.P1:
        return plan.p1_shot_pct + s.ramp * plan.p1_increment_pct, False
    if s.phase is SteeringPhase.P2 and vwc < plan.p2_threshold_vwc_pct:
        return plan.p2_shot_pct, False
    if vwc < plan.floor_vwc_pct:
        return plan.p2_shot_pct, False
    if s.phase is not SteeringPhase.P3 and now >= max(last or 0.0, day.start_s) + WATCHDOG_S:
        return plan.p2_shot_pct, True
    return None


def next_at(d: Draft, circuit: Circuit, level: str, plan: CropSteering) -> float | None:
    """When the next shot can come, as far as time alone tells: now, at an interval's end, or at the
    next lights-on. None where moisture brings it."""
    if wanted(d, circuit, level, plan) is not None:
        return d.now.farm
    state, day = d.circuit(circuit.id), d.level(level).light_day
    s, last, now = state.steering, state.last_shot_at, d.now.farm
    if s is None or day is None:
        return None
    if s.phase is SteeringPhase.P0:
        at = day.start_s + plan.p0_max_wait_min * 60
    elif s.phase is SteeringPhase.P3:
        at = (day.next_start_s if now >= day.start_s else day.start_s) + plan.p0_max_wait_min * 60
    elif s.phase is SteeringPhase.P1 and last is not None:
        at = last + _interval_s(s, plan)
    else:
        return None
    return at if at > now else None


def look_at(d: Draft, circuit: Circuit, level: str, plan: CropSteering) -> float | None:
    """When a steered circuit has to be looked at again: the next time that can bring a shot or
    another part of the day; moisture brings them by itself."""
    state, day = d.circuit(circuit.id), d.level(level).light_day
    s = state.steering
    if s is None or day is None:
        return None
    now, last = d.now.farm, state.last_shot_at
    times = [day.start_s, _last_shot_at(day, plan), day.end_s, day.next_start_s]
    times.append(max(last or 0.0, day.start_s) + WATCHDOG_S)
    if s.phase is SteeringPhase.P0:
        times.append(day.start_s + plan.p0_max_wait_min * 60)
    if last is not None:
        times.append(last + _interval_s(s, plan))
    return min((t for t in times if t > now), default=None)


def shot_begins(d: Draft, circuit: Circuit) -> None:
    """Count a shot, and remember the moisture it begins with."""
    state = d.circuit(circuit.id)
    s = state.steering
    if s is None:
        return
    vwc = moisture(d, circuit)
    still = s.still
    if vwc is not None:
        still = s.still + 1 if s.seen_vwc == vwc else 0
    ramp = s.ramp + 1 if s.phase is SteeringPhase.P1 else s.ramp
    changed = replace(
        s, shots=s.shots + 1, ramp=ramp, still=still, seen_vwc=s.seen_vwc if vwc is None else vwc
    )
    d.circuits.set(circuit.id, replace(state, steering=changed))


def dryback_points(state: CircuitState, vwc: float | None) -> float | None:
    """How far the substrate has dried back from its peak, in percentage points."""
    s = state.steering
    if s is None or vwc is None or s.peak_vwc is None:
        return None
    return max(0.0, s.peak_vwc - vwc)
