"""Safety: turns what controllers want of an actuator into commands, or withholds it.

Nothing else makes commands. In order: no declaration, no control; a latch; the emergency stop; the
limits of the direction of danger; the device's own minimum times; the journal. Every command is
proved within its deadline, retried, then latched.
"""

from __future__ import annotations

import math
from dataclasses import replace

from ..farm.bindings import Binding, Danger, Declaration, Proof
from ..farm.nodes import Farm
from ..farm.overrides import Mode
from ..farm.roles import Loop, Role, spec
from . import drilled, interlocks, readings, workflows
from .clock import NEVER, Due
from .draft import Draft
from .effects import Severity
from .inputs import Cause, Report
from .intents import Intent
from .memory import ActuatorState, Pending, ProofState, Quality, Stage
from .reasons import Reason
from .text import clock_time

#: Two outputs of a dimmer that are this close are the same (8 bit dimmers round by 1/255).
TOLERANCE = 0.02
#: A command is sent this often before it has failed.
ATTEMPTS = 3
#: A latched actuator that reports to be in its dangerous state is sent off again this often (s).
_AGAIN_S = 60.0
#: After its maximum on-time an actuator rests at least this long (s) (design choice).
_REST_S = 60.0
_DAY_S = 86400.0
#: Flow that proves a pump, as a share of any reading: L/min.
_FLOW_PROOF = 0.05
#: A device draws at least this share of its rating where it runs; less is standby (design choice).
_POWER_SHARE = 0.25
#: A share of a stage that is a rounding error and no smaller output.
_ROUNDING = 1e-6

#: What opens only after its record is on disk.
GATED = frozenset({Loop.IRRIGATION, Loop.FILL, Loop.DOSING, Loop.CO2})
#: What a hold closes.
_HELD = frozenset({Loop.FILL, Loop.DOSING, Loop.CO2})


def loop_of(binding: Binding) -> Loop:
    """The loop an actuator belongs to."""
    loop = spec(binding.role).loop
    assert loop is not None
    return loop


def needs_record(farm: Farm, binding: Binding) -> bool:
    """Whether an actuator is only opened after its record is on disk. Not what is dangerous off,
    nor a valve before it: circulation must not die with a disk."""
    declared = binding.declaration
    return (
        declared is not None
        and loop_of(binding) in GATED
        and declared.danger is not Danger.OFF
        and not _before_circulation(farm, binding)
    )


def closes_on_restart(farm: Farm, binding: Binding) -> bool:
    """Whether an actuator must not stay on without an owner, over a restart or a stop."""
    return spec(binding.role).is_actuator and needs_record(farm, binding)


def _before_circulation(farm: Farm, binding: Binding) -> bool:
    """Whether a valve is fed by a pump that is left running because it is dangerous off: closed, it
    would have the pump work against it, and the roots dry out all the same."""
    circuit = farm.circuit.get(binding.node)
    return circuit is not None and any(
        b.declaration is not None and b.declaration.danger is Danger.OFF
        for b in farm.of(circuit.pump, Role.IRRIGATION_PUMP)
    )


def dims(binding: Binding) -> bool:
    """Whether an actuator knows more than on and off."""
    return binding.has_levels


def same(a: float | None, b: float | None, binding: Binding) -> bool:
    """Whether two states of an actuator are the same, as far as it can tell them apart."""
    if a is None or b is None:
        return a is b
    if dims(binding):
        # A fan with three speeds takes the nearest one; that is what was asked.
        near = max(TOLERANCE, 0.5 * binding.step)
        return abs(a - b) <= near and (a > 0) is (b > 0)
    return (a > 0) is (b > 0)


# -- reports ------------------------------------------------------------------------------------


def take(d: Draft, binding: Binding, report: Report) -> None:
    """Take the report of an actuator: its state, who moved it, and whether it proves a command."""
    raw, state = report.raw, d.actuator(binding.id)
    if raw == state.reported and raw is not None and state.pending is None and not binding.invert:
        return
    value = None if raw is None else readings.state_of(raw, binding.invert)
    if value == state.reported and state.pending is None:
        return
    now = d.now.farm
    changed = state
    if value is None:
        changed = replace(state, reported=None, proof=ProofState.UNKNOWN)
    else:
        was_on = state.was_on
        is_on = value > 0
        changed = replace(state, reported=value)
        if was_on is not is_on:
            log = state.on_log
            if was_on and state.changed_at is not None:
                log = (*_recent(log, now), (state.changed_at, now))
            changed = replace(changed, changed_at=now, was_on=is_on, on_log=log)
        returned = state.reported is None and not state.latched
        if changed.pending is None and (returned or changed.proof is ProofState.UNKNOWN):
            changed = replace(changed, proof=ProofState.UNPROVED)
        changed = _foreign(d, binding, changed, report)
    d.actuators.set(binding.id, changed)
    if value is not None:
        prove(d, binding)
    d.mark(binding.node)
    if binding.role is Role.IRRIGATION_VALVE:
        # Whether a pump has somewhere to go matters to every valve it feeds.
        d.mark(d.farm.circuit[binding.node].pump)


def _recent(log: tuple[tuple[float, float], ...], now: float) -> tuple[tuple[float, float], ...]:
    return tuple(period for period in log if period[1] > now - _DAY_S)


def _foreign(d: Draft, binding: Binding, state: ActuatorState, report: Report) -> ActuatorState:
    """A takeover: somebody else's change, not a late echo of our own command."""
    if report.cause not in (Cause.PERSON, Cause.OTHER) or d.state.stage is not Stage.RUNNING:
        return state
    if state.wanted is None or same(state.reported, state.wanted, binding):
        return state
    if state.latched or d.state.emergency is not None:
        return state
    if d.state.drill is not None and any(t.point == binding.id for t in d.state.drill.tests):
        return state  # It is watched: what it does by itself is nobody's takeover.
    until = d.now.farm + d.farm.takeover_min * 60
    d.event(
        "takeover",
        binding.node,
        Severity.P4,
        point=binding.id,
        value=state.reported,
        wanted=state.wanted,
        cause=report.cause.value,
        until=until,
    )
    return replace(state, takeover_until=until, pending=None)


def prove(d: Draft, binding: Binding) -> None:
    """Whether what is known proves the pending command."""
    state = d.actuator(binding.id)
    pending = state.pending
    declared = binding.declaration
    if pending is None or declared is None or not same(state.reported, pending.value, binding):
        return
    proof = ProofState.PROVED if declared.proof is not Proof.ECHO else ProofState.UNPROVED
    if declared.proof is Proof.FEEDBACK and not _feedback(d, binding, declared, pending):
        return
    d.actuators.put(binding.id, state.asked(state.wanted, state.reason, proof, None))
    d.due.remove(binding.id)
    d.mark(binding.node)


def _feedback(d: Draft, binding: Binding, declared: Declaration, pending: Pending) -> bool:
    """Whether the effect of a command is seen: a report made after it was sent agrees with it.
    Where the actuator was as it is wanted before, one made since it has been so: many contacts tell
    a change only, and there is none to tell."""
    shown = showing(d, binding, declared)
    if shown is None:
        # A fill valve that only the volume shows: the fill itself watches that the water rises.
        return binding.role is Role.FILL_VALVE and declared.proved_by is None
    state = d.actuator(binding.id)
    # What was never seen on has not changed when it was seen first.
    unchanged = state.changed_at is None or not (state.was_on or state.on_log)
    since = -math.inf if unchanged else min(pending.sent_at, state.changed_at or 0.0)
    return shown[0] >= since and shown[1] is (pending.value > 0)


def showing(d: Draft, binding: Binding, declared: Declaration) -> tuple[float, bool] | None:
    """When the feedback of an actuator last reported, and whether it shows it on; None without a
    good reading of one."""
    shows = [(Role.FEEDBACK, 0.5), (Role.FLOW, _FLOW_PROOF)]
    if binding.shown_by_power:
        shows.append((Role.POWER, _POWER_SHARE * (declared.rating_w or 0.0)))
    for role, threshold in shows:
        for b in d.of(binding.node, role):
            if declared.proved_by not in (None, b.id):
                continue
            alone = b.id in d.farm.own_meters and declared.metered_by != b.id
            if alone and declared.proved_by is None:
                continue  # It sees another device, and that alone.
            point = d.point(b.id)
            if point.quality is Quality.GOOD and point.value is not None:
                return point.at, point.value >= threshold
    return None


def runs(d: Draft, binding: Binding) -> bool:
    """Whether an actuator is known to be on now, by more than its own word where it has that."""
    declared, state = binding.declaration, d.actuator(binding.id)
    if declared is None or not state.is_on or state.pending is not None:
        return False
    if declared.proof is Proof.ECHO or state.proof is ProofState.FAILED:
        return False
    if declared.proof is Proof.FEEDBACK:
        shown = showing(d, binding, declared)
        return shown is not None and shown[1]
    return True


# -- commands -----------------------------------------------------------------------------------


def command(d: Draft, binding: Binding, intent: Intent) -> None:
    """Send, withhold or repeat: bring one actuator towards what is wanted and allowed."""
    declared = binding.declaration
    if declared is None:
        return
    state = d.actuator(binding.id)
    if intent.value is not None and binding.step:
        stepped = in_steps(binding, intent.value)
        if stepped != intent.value:
            intent = replace(intent, value=stepped)
    allowed = allow(d, binding, declared, state, intent)
    due = _limits_due(d, declared, state)
    if allowed.value is None:
        # Left as it is: what was asked before is no longer wanted.
        if state.reason != allowed.reason or state.wanted is not None:
            changed = state.asked(None, allowed.reason, state.proof, state.pending)
            d.actuators.put(binding.id, changed)
        d.wake(binding.id, due)
        return
    value = allowed.value
    pending = state.pending
    asked = pending is not None and same(pending.value, value, binding)
    sends = not asked and (pending is not None or not same(state.reported, value, binding))
    if sends and state.reported is None:
        # Nothing is opened that cannot be seen; it is looked at again when it reports. What was
        # tried to be closed is brought off when it reports again.
        unseen = value > 0 or declared.danger is not Danger.ON
        sends = not unseen and (pending is not None or state.proof is not ProofState.FAILED)
        if unseen and pending is not None:
            state = replace(state, pending=None)
            d.actuators.set(binding.id, state)
    if sends:
        _send(d, binding, declared, state, allowed)
    else:
        reason = allowed.reason
        if state.wanted != value or (state.reason is not reason and state.reason != reason):
            state = state.asked(value, reason, state.proof, state.pending)
            d.actuators.put(binding.id, state)
        if asked and pending is not None and d.now.mono >= pending.deadline:
            _late(d, binding, declared, state, pending, allowed)
    d.wake(binding.id, _with_pending(d, binding, due))


def as_before(d: Draft, point: str, intent: Intent) -> bool:
    """Whether an actuator on an undisturbed farm (`Draft.undisturbed`) does what is wanted of it,
    the same is wanted as before, and no limit is its own: then `command` has nothing to do. True of
    nearly every lamp in nearly every minute; what is not sure here is worked out at length."""
    value, state = intent.value, d.actuators.now.get(point)
    if state is None or value is None or state.wanted != value or state.pending is not None:
        return False
    if intent.trip or state.latched or state.takeover_until is not None or point in d.due.now:
        return False
    known = d.farm.points[point]
    if not known.unlimited or (
        state.reported != value and not same(state.reported, value, known.binding)
    ):
        return False
    return state.reason is intent.reason or state.reason == intent.reason


def in_steps(binding: Binding, value: float) -> float:
    """The output that a device with few stages can have: never more than is wanted, but its lowest
    stage where it is to be on. Asked for anything between, it would never prove the command."""
    step = binding.step
    if value <= 0 or not step or not dims(binding):
        return value
    stages = max(1, math.floor(value / step + _ROUNDING))
    return min(1.0, stages * step)


def _with_pending(d: Draft, binding: Binding, due: Due) -> Due:
    pending = d.actuator(binding.id).pending
    return due if pending is None else Due(due.farm, pending.deadline)


def _send(
    d: Draft,
    binding: Binding,
    declared: Declaration,
    state: ActuatorState,
    allowed: Intent,
    attempt: int = 1,
) -> None:
    value, reason = allowed.value, allowed.reason
    assert value is not None
    protects = (
        value == 0
        and allowed.trip
        and (loop_of(binding) in GATED or reason.code in ("monitor", "smoke", "pulse_over"))
    )
    if d.state.mode is Mode.MONITOR and d.state.emergency is None and not protects:
        _would_send(d, binding, state, allowed, value)
        return
    recorded = needs_record(d.farm, binding)
    sent = d.command(
        binding.id,
        value,
        reason,
        gated=value > 0 and (recorded or binding.id in d.pulses.now),
        duration_s=_pulse_s(declared, allowed),
        recorded=recorded or not allowed.quiet or attempt > 1,
    )
    wait = declared.deadline_s if not state.latched else max(declared.deadline_s, _AGAIN_S)
    proof = ProofState.FAILED if state.latched else ProofState.PENDING
    pending = Pending(sent.id, value, d.now.mono + wait, d.now.farm, attempt)
    d.actuators.put(binding.id, state.asked(value, reason, proof, pending))


def _pulse_s(declared: Declaration, allowed: Intent) -> float | None:
    """How long the hardware is told to stay on by itself; never longer than it may."""
    if declared.proof is not Proof.PULSE or not allowed.value or declared.max_on_s is None:
        return None
    return min(declared.max_on_s, allowed.duration_s or declared.max_on_s)


def _would_send(
    d: Draft, binding: Binding, state: ActuatorState, allowed: Intent, value: float
) -> None:
    """Monitor mode: tell what would be sent; a person has to hear of it at once where it would
    have protected something."""
    reason, protects = allowed.reason, _protects(binding, state, allowed)
    if state.announced != value or (protects and not state.unheeded):
        params = {"point": binding.id, "value": round(value, 2), "code": reason.code}
        if protects:
            d.event("would_protect", binding.node, Severity.P2, **params)
        else:
            d.event("would_send", binding.node, **params)
    d.actuators.set(
        binding.id,
        replace(
            state,
            wanted=value,
            reason=reason,
            announced=value,
            unheeded=protects,
            pending=None,
        ),
    )


def _protects(binding: Binding, state: ActuatorState, allowed: Intent) -> bool:
    """Whether a trip would change something; brighter lamps protect nothing."""
    value, now = allowed.value, state.reported
    if not allowed.trip or value is None or (now is not None and same(now, value, binding)):
        return False
    return loop_of(binding) is not Loop.LIGHT or now is None or value < now


def is_unheeded(d: Draft, binding: Binding, state: ActuatorState) -> bool:
    """Whether something needs protection now that monitor mode does not give."""
    if not state.unheeded or d.state.mode is not Mode.MONITOR or state.wanted is None:
        return False
    if state.announced != state.wanted:
        return False
    return state.reported is None or not same(state.reported, state.wanted, binding)


def _late(
    d: Draft,
    binding: Binding,
    declared: Declaration,
    state: ActuatorState,
    pending: Pending,
    allowed: Intent,
) -> None:
    """A command was not proved in time: again, then latched."""
    if state.latched or pending.attempt < ATTEMPTS:
        _send(d, binding, declared, state, allowed, attempt=pending.attempt + 1)
        return
    dangerous = (declared.danger is Danger.ON and pending.value == 0) or (
        declared.danger is Danger.OFF and pending.value > 0
    )
    d.event(
        "not_proved",
        binding.node,
        Severity.P1 if dangerous else Severity.P2,
        point=binding.id,
        wanted=pending.value,
        reported=state.reported,
        attempts=pending.attempt,
    )
    d.actuators.set(
        binding.id,
        # What reports nothing is waited for; what reports the wrong state needs a person.
        replace(
            state,
            pending=None,
            proof=ProofState.FAILED,
            latched=state.reported is not None,
        ),
    )
    d.mark(binding.node)
    if dangerous and declared.isolation is not None:
        d.mark(d.farm.binding[declared.isolation].node)


def let_go(d: Draft, node: str = "") -> None:
    """Monitor mode begins, or the maintenance of a node: what vfarm has switched on and is
    dangerous on would be left on by nobody, so it goes off, and is left to others from then on.
    Water ends with its shot, in order."""
    for binding in d.farm.bindings:
        if node and node not in (binding.node, *d.farm.above.get(binding.node, ())):
            continue
        declared = binding.declaration
        if declared is None or declared.danger is not Danger.ON:
            continue
        if not spec(binding.role).is_actuator or loop_of(binding) is Loop.IRRIGATION:
            continue
        state = d.actuator(binding.id)
        if state.wanted and state.is_on is not False and not is_taken_over(d, state):
            reason = workflows.released(d, binding) or Reason("monitor")
            _send(d, binding, declared, state, Intent(0.0, reason, trip=True))


def clear_latch(d: Draft, binding: Binding) -> None:
    """A person has looked: control goes on from what the actuator reports."""
    state = d.actuator(binding.id)
    d.actuators.set(
        binding.id, replace(state, latched=False, pending=None, proof=ProofState.UNPROVED)
    )
    d.mark(binding.node)


def is_taken_over(d: Draft, state: ActuatorState) -> bool:
    """Whether somebody else drives an actuator now."""
    return state.takeover_until is not None and state.takeover_until > d.now.farm


def give_back(d: Draft, binding: Binding) -> None:
    """The takeover of an actuator is over."""
    d.actuators.set(binding.id, replace(d.actuator(binding.id), takeover_until=None))
    d.mark(binding.node)


# -- what is allowed ----------------------------------------------------------------------------


_EMERGENCY_STOP = Intent(0.0, Reason("emergency_stop"), trip=True)


def allow(
    d: Draft, binding: Binding, declared: Declaration, state: ActuatorState, intent: Intent
) -> Intent:
    """What safety makes of an intent."""
    if d.state.emergency is not None:
        return _EMERGENCY_STOP
    stop = interlocks.stops(d, binding)
    if stop is not None:
        return Intent(0.0, stop, trip=True)
    if d.state.stage is not Stage.RUNNING:
        code = "reconcile" if d.state.stage is Stage.RECONCILING else "shutdown"
        # Light and climate are left as they are. What waters or doses is closed, in the order that
        # its controller asks for: None is a valve that waits for its pump.
        # Water that must stop stops all the same.
        # So does what was only tried.
        owned = loop_of(binding) is Loop.IRRIGATION or binding.id in d.pulses.now
        stops = intent.trip and intent.value == 0 and owned
        if not (closes_on_restart(d.farm, binding) or stops) or intent.value is None:
            return Intent(None, Reason(code))
        return Intent(0.0, Reason(code), trip=True)
    if binding.id in d.farm.isolated_by and (failed := _isolates(d, binding)):
        return Intent(_safe(declared), Reason("isolation", {"point": failed}), trip=True)
    if d.state.disarmed and (loop := loop_of(binding)) in d.state.disarmed:
        return Intent(0.0, Reason("disarmed", {"loop": loop.value}), trip=True)
    if state.latched:
        return Intent(_safe(declared), Reason("latched"), trip=True)
    if d.state.mode is Mode.MONITOR and state.pending is not None and state.pending.value == 0:
        return Intent(0.0, Reason("monitor"), trip=True)
    if d.state.mode is Mode.HOLD and loop_of(binding) in _HELD:
        return Intent(0.0, Reason("hold"), trip=True)
    if d.state.drill is not None:
        if (kept_off := drilled.holds(d, binding)) is not None:
            return Intent(0.0, kept_off, trip=True)
        if (watched := drilled.leaves(d, binding, state, intent)) is not None:
            intent = Intent(None, watched)
    if d.workflows.now:
        held = workflows.holds(d, binding)
        if held is not None:
            return Intent(0.0, held, trip=True)
        if not intent.trip and (left := workflows.released(d, binding)) is not None:
            if state.pending is not None and state.pending.value == 0:
                return Intent(0.0, left, trip=True)
            intent = Intent(None, left)
    if (
        not intent.trip
        and state.takeover_until is not None
        and state.takeover_until > d.now.farm
        and state.reported is not None
    ):
        until = clock_time(state.takeover_until, d.farm.tz)
        intent = Intent(state.reported, Reason("takeover", {"until": until}))
        other = _opposed(d, binding)
        if intent.value and other and _taken_later(d, other, binding.id):
            intent = Intent(0.0, Reason("opposed", {"other": other}), trip=True)
    elif intent.value and not intent.trip and not intent.beside and (other := _opposed(d, binding)):
        # A trip: two devices at war cost more than one short run of a compressor.
        intent = Intent(0.0, Reason("opposed", {"other": other}), trip=True)
    if intent.value is None:
        return intent if not _over_max_on(d, declared, state) else _max_on(declared)
    if intent.value > 0:
        return _allow_on(d, binding, declared, state, intent)
    return _allow_off(d, declared, state, intent)


def _safe(declared: Declaration) -> float:
    return 1.0 if declared.safe_on else 0.0


def _allow_on(
    d: Draft, binding: Binding, declared: Declaration, state: ActuatorState, intent: Intent
) -> Intent:
    now = d.now.farm
    if not d.state.journal_ok and needs_record(d.farm, binding):
        return Intent(0.0, Reason("journal"), trip=True)
    if _over_max_on(d, declared, state):
        return _max_on(declared)
    if declared.daily_cap_s is not None and on_time_s(state, now) >= declared.daily_cap_s:
        return Intent(0.0, Reason("daily_cap", {"limit": round(declared.daily_cap_s)}), trip=True)
    if not state.is_on and state.changed_at is not None and not intent.trip:
        off_for = now - state.changed_at
        rest = declared.min_off_s
        if state.on_log and declared.max_on_s is not None:
            last = state.on_log[-1]
            if last[1] - last[0] >= declared.max_on_s:
                rest = max(rest, _REST_S)
        if off_for < rest:
            return Intent(0.0, Reason("min_off", {"limit": round(rest)}))
    return intent


def _allow_off(d: Draft, declared: Declaration, state: ActuatorState, intent: Intent) -> Intent:
    now = d.now.farm
    if intent.trip:
        return intent
    if (
        not intent.idle
        and declared.danger is Danger.OFF
        and declared.max_off_s is not None
        and not state.is_on
        and state.changed_at is not None
        and now - state.changed_at >= declared.max_off_s
    ):
        return Intent(1.0, Reason("max_off", {"limit": round(declared.max_off_s)}))
    if state.is_on and state.changed_at is not None and now - state.changed_at < declared.min_on_s:
        return Intent(state.reported, Reason("min_on", {"limit": round(declared.min_on_s)}))
    return intent


#: Devices that must not work against each other.
_OPPOSITES = {
    Role.HEATER: Role.COOLER,
    Role.COOLER: Role.HEATER,
    Role.HUMIDIFIER: Role.DEHUMIDIFIER,
    Role.DEHUMIDIFIER: Role.HUMIDIFIER,
}


def _opposed(d: Draft, binding: Binding) -> str:
    """The device that is on, or about to be, and works against this one, if any. Its controller
    never calls for both, but a person, a minimum on-time or a fault can keep one on."""
    opposite = _OPPOSITES.get(binding.role)
    if opposite is None:
        return ""
    for b in d.of(binding.node, opposite):
        state = d.actuator(b.id)
        if state.is_on or (state.pending is not None and state.pending.value > 0):
            return b.id
    return ""


def _taken_later(d: Draft, other: str, than: str) -> bool:
    """Whether a person took `other` over after `than`: of two that oppose, the last one counts."""
    theirs, ours = d.actuator(other).takeover_until, d.actuator(than).takeover_until
    return theirs is not None and (theirs, other) > (ours or 0.0, than)


def _over_max_on(d: Draft, declared: Declaration, state: ActuatorState) -> bool:
    return bool(
        declared.max_on_s is not None
        and state.is_on
        and state.changed_at is not None
        and d.now.farm - state.changed_at >= declared.max_on_s
    )


def _max_on(declared: Declaration) -> Intent:
    return Intent(0.0, Reason("max_on", {"limit": round(declared.max_on_s or 0.0)}), trip=True)


def on_time_s(state: ActuatorState, now: float) -> float:
    """Seconds on within the last 24 h."""
    since = now - _DAY_S
    total = sum(end - max(start, since) for start, end in state.on_log if end > since)
    if state.is_on and state.changed_at is not None:
        total += now - max(state.changed_at, since)
    return total


def _isolates(d: Draft, binding: Binding) -> str:
    """The actuator that could not be proved off, or lets water through although it is, and names
    this one as its isolation, if any."""
    for point in d.farm.isolated_by.get(binding.id, ()):
        state = d.actuator(point)
        if state.proof is ProofState.FAILED and state.is_on is not False:
            return point
        failed = d.farm.binding[point]
        if failed.role is Role.FILL_VALVE and d.reservoir(failed.node).fill_inhibit == "passes":
            return point
    return ""


def _limits_due(d: Draft, declared: Declaration, state: ActuatorState) -> Due:
    """When a limit of time has to be looked at again."""
    now = d.now.farm
    since = state.changed_at
    times = []
    if since is None:
        pass
    elif state.is_on:
        if declared.max_on_s:
            times.append(since + declared.max_on_s)
        if declared.min_on_s:
            times.append(since + declared.min_on_s)
        if declared.daily_cap_s is not None:
            times.append(now + declared.daily_cap_s - on_time_s(state, now))
    else:
        if declared.max_off_s:
            times.append(since + declared.max_off_s)
        if declared.min_off_s:
            times.append(since + declared.min_off_s)
        if declared.max_on_s is not None:
            times.append(since + _REST_S)
    if state.takeover_until is not None:
        times.append(state.takeover_until)
    times = [t for t in times if t > now]
    return Due(farm=min(times)) if times else NEVER
