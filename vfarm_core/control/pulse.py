"""A pulse: one actuator is driven on for a moment because a person wants to see that it works.

It goes the way of every command: the arbiter replaces what the controller wants by it, safety lets
it through or not, it is proved, and it is in the journal before it is sent. A pulse only starts at
an actuator that is off, idle, and under no rule that keeps it off for a reason; it ends at its
time, and at once when its controller needs the actuator, a rule forbids it, somebody takes it
over, or vfarm stops. What was switched on is brought off and that is proved, before anything else
is done with it; after a restart, too. What waters, doses or fills is never tried this way: shots,
doses and fills have rules of their own (`requests`).
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any

from ..farm.bindings import Binding, Danger, Declaration
from ..farm.roles import DOSING, Role, RoleKind, spec
from . import readings, safety, workflows
from .clock import Due
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import ProofState, Pulse, PulseEnd, Stage
from .reasons import Reason, spelled
from .text import clock_time
from .workflows import Clash

#: Wakes a pulse that has to end.
DUE = "pulse:"
#: How long a pulse is (s) unless another time is asked for: long enough to walk over and look, for
#: a meter to report and for a fan to run up (design choice).
PULSE_S = 10.0
#: No pulse is longer than this (s), however long the device may be on (design choice).
LONGEST_S = 300.0
#: At most this share of what the declaration allows at once or has left of its day: what comes
#: after the pulse still has room (design choice).
_SHARE = 0.5
#: What can be dimmed is tried at half: every meter shows that, and it spares eyes and plants
#: (design choice).
OUTPUT = 0.5
#: A pulse whose command was never sent (its supply is full, its turn does not come) is given up
#: after this long (s) (design choice).
_GIVE_UP_S = 60.0

#: The reasons of an actuator that is off because nothing needs it. With every other one a rule
#: keeps it off, or nobody knows whether it may be on: then it is not tried.
IDLE = frozenset(
    {
        "photoperiod_night",
        "dli_reached",
        "far_red_off",
        "no_batch",
        "no_target",
        "in_band",
        "holds_target",
        "above_target",
        "below_target",
        "exhaust_idle",
        "outside_warmer",
        "outside_heavier",
        "outside_moister",
        "table_dry",
        "pulse_over",
    }
)


# -- begin --------------------------------------------------------------------------------------


def start(d: Draft, binding: Binding, asked_s: float | None, *, by: str) -> dict[str, Any]:
    """Begin a pulse. Raises Clash with the reason where there may be none."""
    declared = _declared(d, binding)
    seconds = length_s(d, binding, declared, asked_s)
    state = d.actuator(binding.id)
    if d.pulses.get(binding.id) is not None:
        raise Clash("try_running", point=binding.id)
    if state.reported is None:
        raise Clash("try_unseen", point=binding.id)
    if state.proof is ProofState.FAILED and not state.latched:
        raise Clash("try_refused", point=binding.id, **spelled(Reason("latched")))
    if state.is_on or state.wanted or state.pending is not None:
        raise Clash("try_in_use", point=binding.id)
    made = Pulse(
        value=OUTPUT if binding.has_levels else 1.0,
        duration_s=seconds,
        asked_at=d.now.mono,
        by=by or "person",
    )
    idle = Intent(0.0, state.reason or Reason("reconcile"))
    if (why := _forbidden(d, binding, declared, made, idle)) is not None:
        raise Clash("try_refused", point=binding.id, **spelled(why))
    d.pulses.set(binding.id, made)
    d.event("actuator_pulse", binding.node, point=binding.id, seconds=seconds, by=made.by)
    d.mark(binding.node)
    return {"point": binding.id, "how": "pulse", "duration_s": seconds}


def _declared(d: Draft, binding: Binding) -> Declaration:
    if binding.declaration is None:
        raise Clash("try_undeclared", point=binding.id)
    return binding.declaration


def most_s(declared: Declaration) -> float:
    """The longest pulse (s) that a declaration allows."""
    limits = [LONGEST_S]
    if declared.max_on_s is not None:
        limits.append(_SHARE * declared.max_on_s)
    if declared.daily_cap_s is not None:
        limits.append(_SHARE * declared.daily_cap_s)
    return min(limits)


def length_s(d: Draft, binding: Binding, declared: Declaration, asked_s: float | None) -> float:
    """How long a pulse is (s): as asked for, and no shorter than the device has to stay on. Raises
    Clash where that is more than it may be on."""
    most = most_s(declared)
    wanted = min(PULSE_S, most) if asked_s is None else asked_s
    # Written so that it holds of what is no number, too.
    if not 0 < wanted <= most:
        raise Clash("try_out_of_range", point=binding.id, value=f"{wanted:g}", high=f"{most:g}")
    seconds = max(wanted, declared.min_on_s)
    if seconds > most:
        raise Clash("try_too_long", point=binding.id, value=f"{seconds:g}", high=f"{most:g}")
    cap = declared.daily_cap_s
    if cap is not None and safety.on_time_s(d.actuator(binding.id), d.now.farm) + seconds > cap:
        capped = Reason("daily_cap", {"limit": round(cap)})
        raise Clash("try_refused", point=binding.id, **spelled(capped))
    return seconds


def _forbidden(
    d: Draft, binding: Binding, declared: Declaration, made: Pulse, wanted: Intent
) -> Reason | None:
    """Why an actuator may not be driven on for a moment: what its controller says, the dark that
    a crop needs, the journal, and everything that safety knows."""
    if d.state.lost_memory:
        return Reason("hold")
    if d.state.mode.value != "auto":
        return Reason(d.state.mode.value)
    if not d.state.journal_ok:
        return Reason("journal")
    if safety.is_taken_over(d, d.actuator(binding.id)):
        return Reason("takeover", {"until": _until(d, binding)})
    if wanted.trip or wanted.reason.code not in IDLE:
        return wanted.reason
    if spec(binding.role).kind is RoleKind.DIMMER and _kept_dark(d, binding):
        return Reason("pulse_dark")
    if (hot := _too_warm(d, binding)) is not None:
        return hot
    intent = _intent(made)
    allowed = safety.allow(d, binding, declared, d.actuator(binding.id), intent)
    return None if allowed.reason is intent.reason else allowed.reason


def _until(d: Draft, binding: Binding) -> str:
    return clock_time(d.actuator(binding.id).takeover_until or d.now.farm, d.farm.tz)


def _kept_dark(d: Draft, binding: Binding) -> bool:
    """Light in the dark period keeps a short-day crop from flowering."""
    return bool(workflows.protected(d, d.farm.zone_of_level[binding.node]))


def _too_warm(d: Draft, binding: Binding) -> Reason | None:
    """Nothing warms a room that is too warm; a heater none of which nobody knows how warm it is."""
    zone = d.farm.zone_of_level.get(binding.node, binding.node)
    lamp = spec(binding.role).kind is RoleKind.DIMMER
    if not lamp and binding.role is not Role.HEATER:
        return None
    warmest = readings.highest(d, zone, Role.AIR_TEMPERATURE)
    if warmest is None:
        return None if lamp else Reason("no_reading", {"quantity": "air_temperature"})
    state = d.zone(zone)
    if state.over_temperature not in ("dim", "off"):
        return None
    limit = round(state.trip_at or 0.0, 1)
    return Reason("too_warm_off", {"value": round(warmest, 1), "limit": limit})


def _intent(pulse: Pulse) -> Intent:
    seconds = round(pulse.duration_s)
    reason = Reason("pulse", {"seconds": seconds})
    return Intent(pulse.value, reason, duration_s=pulse.duration_s)


# -- go on, end ---------------------------------------------------------------------------------


def apply(d: Draft, intents: dict[str, Intent], *, besides: Container[str] = ()) -> None:
    """Put the pulses of what controllers have just decided about in the place of what they want;
    not of those `besides`, which were looked at before."""
    for point, pulse in list(d.pulses.now.items()):
        intent, binding = intents.get(point), d.farm.binding.get(point)
        if intent is None or binding is None or binding.declaration is None or point in besides:
            continue
        pulse = _seen(d, binding, pulse)
        if pulse.end is None:
            pulse = _look(d, binding, binding.declaration, pulse, intent)
        if pulse.end is None:
            intents[point] = _intent(pulse)
        elif _is_left(d, binding, pulse, intent):
            _finish(d, binding, pulse)
        elif not intent.trip:
            # Off, and proved off, before its controller has it again.
            intents[point] = Intent(0.0, Reason("pulse_over"), trip=True)


def _seen(d: Draft, binding: Binding, pulse: Pulse) -> Pulse:
    """Note when it was seen on, and how that was proved."""
    state = d.actuator(binding.id)
    if pulse.end is not None or pulse.seen_at is not None or not state.is_on or state.pending:
        return pulse
    if state.proof is ProofState.FAILED:
        return pulse
    seen = replace(pulse, seen_at=d.now.mono, proof=state.proof)
    d.pulses.set(binding.id, seen)
    d.wake(DUE + binding.id, Due(mono=d.now.mono + pulse.duration_s))
    return seen


def _look(d: Draft, binding: Binding, declared: Declaration, pulse: Pulse, wanted: Intent) -> Pulse:
    """Whether it has to end now, and why."""
    state, now = d.actuator(binding.id), d.now.mono
    if d.state.stage is not Stage.RUNNING:
        why = PulseEnd.CRASH if d.state.stage is Stage.RECONCILING else PulseEnd.SHUTDOWN
        return _end(d, binding, pulse, why)
    if state.latched or state.proof is ProofState.FAILED:
        return _end(d, binding, pulse, PulseEnd.FAILED)
    if safety.is_taken_over(d, state):
        return _end(d, binding, pulse, PulseEnd.TAKEOVER)
    if wanted.value:
        return _end(d, binding, pulse, PulseEnd.NEEDED)
    if pulse.seen_at is not None and now >= pulse.seen_at + pulse.duration_s:
        return _end(d, binding, pulse, PulseEnd.DONE)
    if pulse.seen_at is not None and not state.is_on:
        return _end(d, binding, pulse, PulseEnd.STOPPED)
    if pulse.seen_at is None and state.pending is None:
        if now >= pulse.asked_at + _GIVE_UP_S:
            return _end(d, binding, pulse, PulseEnd.STOPPED)
        d.wake(DUE + binding.id, Due(mono=pulse.asked_at + _GIVE_UP_S))
    if (forbids := _forbidden(d, binding, declared, pulse, wanted)) is not None:
        return _end(d, binding, pulse, PulseEnd.STOPPED, forbids.code)
    return pulse


def _end(d: Draft, binding: Binding, pulse: Pulse, end: PulseEnd, why: str = "") -> Pulse:
    ended = replace(pulse, end=end, why=why)
    d.pulses.set(binding.id, ended)
    return ended


def _is_left(d: Draft, binding: Binding, pulse: Pulse, wanted: Intent) -> bool:
    """Whether an actuator can be given back to its controller: it is off, or cannot be brought off,
    or is on because that is wanted of it or of somebody else."""
    state = d.actuator(binding.id)
    if pulse.end is PulseEnd.TAKEOVER or (wanted.value and d.state.stage is Stage.RUNNING):
        return True
    declared = binding.declaration
    if declared is not None and declared.danger is Danger.OFF and not wanted.trip:
        # What may not stand still is not switched off for having been tried.
        return True
    if state.reported is None and d.state.waiting:
        return False
    if state.reported is None or state.latched or state.proof is ProofState.FAILED:
        return True
    return not state.is_on and state.pending is None


def _finish(d: Draft, binding: Binding, pulse: Pulse) -> None:
    end = pulse.end or PulseEnd.STOPPED
    forget(d, binding.id)
    on_s = 0.0 if pulse.seen_at is None else d.now.mono - pulse.seen_at
    d.event(
        "actuator_tried",
        binding.node,
        Severity.P4 if end is PulseEnd.FAILED else Severity.INFO,
        point=binding.id,
        end=end.value,
        why=pulse.why,
        proof=pulse.proof.value,
        # After a restart the monotonic clock says nothing of the time before it.
        seconds=None if end is PulseEnd.CRASH else round(on_s, 1),
        by=pulse.by,
    )
    d.mark(binding.node)


def forget(d: Draft, point: str) -> None:
    """A pulse is over, or its actuator is gone."""
    d.pulses.remove(point)
    d.due.remove(DUE + point)


def due(d: Draft, point: str) -> None:
    """The time of a pulse may be over."""
    d.due.remove(DUE + point)
    binding = d.farm.binding.get(point)
    if binding is not None and d.pulses.get(point) is not None:
        d.mark(binding.node)


def tried_as(binding: Binding) -> str:
    """How an actuator is tried: by a `pulse`, or by a `shot`, a `fill` or a `dose`, which have
    rules of their own."""
    role = binding.role
    if role in (Role.IRRIGATION_PUMP, Role.IRRIGATION_VALVE):
        return "shot"
    if role is Role.FILL_VALVE:
        return "fill"
    return "dose" if role in DOSING else "pulse"
