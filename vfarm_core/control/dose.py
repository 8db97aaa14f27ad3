"""One dose, from the record on disk to the pump that is proved off again.

A dose is counted in full before its pump is asked for, and only a pump that was seen to stop can
give some of it back: a dose of which nobody knows how it ended has happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..farm.bindings import Binding, Dosing, Proof
from ..farm.nodes import Reservoir
from ..farm.overrides import Mode
from ..farm.roles import NUTRIENTS, Loop, Role
from . import drilled, readings, solution, workflows
from .clock import Due
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import Dose, DoseEnd, DoserState, DoseStage, ProofState, ReservoirState, Stage, Trial
from .reasons import Reason

DAY_S = 86400.0
HOUR_S = 3600.0
#: A dose may use this share of its pump's maximum on-time (design choice: the maximum is a trip).
MOST_OF_MAX_ON = 0.9
#: A pulse that the hardware has not ended by itself after this much longer is ended by us: 10 % or
#: two seconds (design choice).
_PULSE_GRACE = 0.1
_PULSE_GRACE_S = 2.0
#: A pump that was seen to run for less than this share of a dose has failed (design choice).
_WHOLE = 0.9

#: A dose that safety withholds is over after this long (s).
_WITHHELD_S = 1.0

#: How a dose's end is told; ends that are not named here are normal.
_SEVERITY = {
    DoseEnd.PROBE: Severity.P3,
    DoseEnd.LEAK: Severity.P1,
    DoseEnd.PUMP_FAILED: Severity.P1,
    DoseEnd.EMERGENCY: Severity.P1,
    DoseEnd.JOURNAL: Severity.P1,
    DoseEnd.CRASH: Severity.P2,
}
#: A dose that ended so went wrong. What ends all doses at once says nothing of one of them.
FAILED_ENDS = frozenset(_SEVERITY) - {DoseEnd.EMERGENCY, DoseEnd.JOURNAL}
#: What stops a dosing pump also when a person has switched it on.
_HARD = frozenset({"leak", "leak_unknown", "smoke", "dose_fill"})


def pumps(d: Draft, reservoir: str) -> tuple[Binding, ...]:
    """The dosing pumps of a reservoir, in the order in which they dose."""
    return d.farm.dosing_pumps.get(reservoir, ())


def limits(binding: Binding) -> Dosing:
    """The declared limits of a dosing pump; the farm's check has made sure of them."""
    assert binding.declaration is not None
    assert binding.declaration.dosing is not None
    return binding.declaration.dosing


def probe_of(binding: Binding) -> Role:
    """The probe that shows what a dosing pump does."""
    return Role.SOLUTION_EC if binding.role in NUTRIENTS else Role.SOLUTION_PH


def doser(state: ReservoirState, point: str) -> DoserState:
    """What is known of a dosing pump."""
    return state.dosers.get(point) or DoserState()


def set_doser(d: Draft, reservoir: str, point: str, known: DoserState) -> None:
    """Keep what is known of a dosing pump."""
    state = d.reservoir(reservoir)
    d.reservoirs.set(reservoir, replace(state, dosers={**state.dosers, point: known}))


def given_ml(known: DoserState, since: float) -> float:
    """What a pump has given from an instant on, in mL."""
    return sum(ml for at, ml in known.log if at > since)


# -- what forbids it ----------------------------------------------------------------------------


def stopped(d: Draft, loop: Loop) -> tuple[DoseEnd, Reason] | None:
    """What stops every dose of the farm, and every fill."""
    state = d.state
    if state.emergency is not None:
        return DoseEnd.EMERGENCY, Reason("emergency_stop")
    if state.stage is not Stage.RUNNING:
        return DoseEnd.SHUTDOWN, Reason("shutdown")
    if not state.journal_ok:
        return DoseEnd.JOURNAL, Reason("journal")
    if state.mode is Mode.MONITOR:
        return DoseEnd.STOPPED, Reason("monitor")
    if state.mode is Mode.HOLD or state.lost_memory:
        return DoseEnd.STOPPED, Reason("hold")
    if loop in state.disarmed:
        return DoseEnd.STOPPED, Reason("disarmed", {"loop": loop.value})
    return None


def blocked(
    d: Draft, reservoir: Reservoir, probes: tuple[Role, ...]
) -> tuple[DoseEnd, Reason] | None:
    """What forbids a dose now, also one under way: the end it gives it, and the reason. `probes`
    are what the dose goes by."""
    if found := stopped(d, Loop.DOSING):
        return found
    state, key = d.reservoir(reservoir.id), reservoir.id
    if people := workflows.dosing_inhibited(d, key) or drilled.at(d, key):
        return DoseEnd.STOPPED, people
    if wet := solution.wet_floor(d, key):
        return (DoseEnd.SMOKE if wet.code == "smoke" else DoseEnd.LEAK), wet
    if solution.leak_unknown(d, key):
        return DoseEnd.STOPPED, Reason("leak_unknown")
    if state.low:
        return DoseEnd.VOLUME, solution.low_reason(d, reservoir)
    if solution.volume(d, key) is None or readings.unknown(d, key, Role.LEVEL_LOW):
        return DoseEnd.VOLUME, Reason("volume_unknown")
    if state.fill is not None:
        return DoseEnd.STOPPED, Reason("dose_fill")
    if solution.water_out(d, key):
        return DoseEnd.WATER_OUT, Reason("dose_water_out")
    if solution.turnover_l_min(d, reservoir) <= 0:
        return DoseEnd.NO_CIRCULATION, Reason("dose_no_circulation")
    for b in pumps(d, key):
        if d.actuator(b.id).latched:
            return DoseEnd.PUMP_FAILED, Reason("latched")
    for role in probes:
        if why := solution.probed(d, reservoir, role).why:
            return DoseEnd.PROBE, why
    return None


def probes_of(binding: Binding) -> tuple[Role, ...]:
    """What a dose of this pump goes by. Acid and base also need the EC: in plain water a drop of
    them is too much."""
    if binding.role in NUTRIENTS:
        return (Role.SOLUTION_EC,)
    return (Role.SOLUTION_EC, Role.SOLUTION_PH)


# -- its life -----------------------------------------------------------------------------------


def start(d: Draft, reservoir: Reservoir, pump: Binding, ml: float, *, by: str) -> Dose:
    """Open a dose: counted and recorded before anything is sent."""
    state, now = d.reservoir(reservoir.id), d.now.farm
    known = doser(state, pump.id)
    probe, litres = probe_of(pump), solution.volume(d, reservoir.id)
    before = solution.probed(d, reservoir, probe).value
    assert known.ml_per_s is not None
    assert litres is not None
    assert before is not None
    effect = effect_of(pump, known)
    made = Dose(
        id=f"{pump.id}-{int(now * 1000):d}",
        point=pump.id,
        planned_ml=ml,
        planned_s=ml / known.ml_per_s,
        opened_at=now,
        volume_l=litres,
        before=before,
        expected=None if effect is None else effect * ml / litres,
        stage_at=now,
        by=by,
    )
    known = replace(
        known,
        log=(*recent(known.log, now), (now, ml)),
        tank_ml=known.tank_ml + ml,
        today_ml=known.today_ml + ml,
    )
    acid = now if pump.role is Role.DOSING_PUMP_PH_DOWN else state.acid_at
    base = now if pump.role is Role.DOSING_PUMP_PH_UP else state.base_at
    d.reservoirs.set(
        reservoir.id,
        replace(
            state,
            dose=made,
            dosers={**state.dosers, pump.id: known},
            acid_at=acid,
            base_at=base,
        ),
    )
    d.event(
        "dose_started",
        reservoir.id,
        dose=made.id,
        point=pump.id,
        planned_ml=round(ml, 2),
        planned_s=round(made.planned_s, 2),
        by=by,
    )
    d.mark(reservoir.id)
    return made


def recent(log: tuple[tuple[float, float], ...], now: float) -> tuple[tuple[float, float], ...]:
    """What of a log still counts."""
    return tuple(entry for entry in log if entry[0] > now - DAY_S)


def effect_of(pump: Binding, known: DoserState) -> float | None:
    """What 1 mL does to 1 L: learned, else declared, else not known."""
    return known.effect if known.effect is not None else limits(pump).effect_per_ml_l


def end(d: Draft, reservoir: Reservoir, why: DoseEnd) -> None:
    """Begin the end of the dose: its pump stops."""
    state = d.reservoir(reservoir.id)
    if state.dose is None or state.dose.end is not None:
        return
    ended = replace(
        state.dose,
        end=why,
        stage=DoseStage.STOPPING,
        stage_at=d.now.farm,
        started_at=_begun(d, state.dose),
    )
    d.reservoirs.set(reservoir.id, replace(state, dose=ended))
    d.mark(reservoir.id)


def _begun(d: Draft, dose: Dose) -> float | None:
    """When a pump began to give: when it said so, or, if it has not yet, when it was told to."""
    if dose.started_at is not None:
        return dose.started_at
    state = d.actuator(dose.point)
    if state.is_on and state.changed_at is not None:
        return max(state.changed_at, dose.opened_at)
    pending = state.pending
    return pending.sent_at if pending is not None and pending.value > 0 else None


def inhibit(d: Draft, reservoir: str, why: str) -> None:
    """No more doses until a person has looked."""
    state = d.reservoir(reservoir)
    if not state.inhibit:
        d.reservoirs.set(reservoir, replace(state, inhibit=why, feed=(), feed_at=None))
        d.event("dosing_inhibited", reservoir, Severity.P2, why=why)


def advance(d: Draft, reservoir: Reservoir) -> None:
    """Move a dose on as far as what is proved and what forbids it allow."""
    dose = d.reservoir(reservoir.id).dose
    if dose is None:
        return
    pump = d.farm.binding.get(dose.point)
    if pump is None:
        # Its pump was unbound: the runtime has switched it off, and the dose counts in full.
        end(d, reservoir, DoseEnd.STOPPED)
        _finish(d, reservoir, None)
        return
    if dose.end is None:
        block = blocked(d, reservoir, probes_of(pump))
        if block is not None:
            end(d, reservoir, block[0])
        elif dose.stage is DoseStage.OPENING:
            _open(d, reservoir, dose, pump)
        elif dose.stage is DoseStage.RUNNING:
            _run(d, reservoir, dose, pump)
    close(d, reservoir)


def _open(d: Draft, reservoir: Reservoir, dose: Dose, pump: Binding) -> None:
    state = d.actuator(pump.id)
    pending = state.pending
    if state.is_on and pending is None and state.proof is not ProofState.FAILED:
        started = state.changed_at if state.changed_at is not None else d.now.farm
        running = replace(
            dose,
            stage=DoseStage.RUNNING,
            stage_at=d.now.farm,
            started_at=max(started, dose.opened_at),
        )
        d.reservoirs.set(reservoir.id, replace(d.reservoir(reservoir.id), dose=running))
        _run(d, reservoir, running, pump)
    elif state.reported is None:
        end(d, reservoir, DoseEnd.PUMP_FAILED)
    elif pending is not None and pending.value > 0:
        late = d.now.mono >= pending.deadline or pending.attempt > 1
        # Not tried again: a pump that is not seen to run may be running.
        over = state.is_on and d.now.farm >= (state.changed_at or 0.0) + dose.planned_s
        if late:
            end(d, reservoir, DoseEnd.PUMP_FAILED)
        elif over:
            end(d, reservoir, DoseEnd.DONE)
    elif state.wanted is not None and d.now.farm > dose.opened_at:
        end(d, reservoir, DoseEnd.STOPPED)  # withheld by safety


def _run(d: Draft, reservoir: Reservoir, dose: Dose, pump: Binding) -> None:
    state = d.actuator(pump.id)
    assert dose.started_at is not None
    if not state.is_on:
        # Switched off by its own timer, or by somebody: never on again in the same dose.
        ran = (state.changed_at or d.now.farm) - dose.started_at
        whole = ran >= _WHOLE * dose.planned_s
        failed = DoseEnd.PUMP_FAILED if state.reported is None else DoseEnd.STOPPED
        end(d, reservoir, DoseEnd.DONE if whole else failed)
    elif d.now.farm >= ends_at(dose, pump):
        end(d, reservoir, DoseEnd.DONE)


def ends_at(dose: Dose, pump: Binding) -> float:
    """When the pump is asked to stop: a pulse has a little time to end by itself."""
    assert dose.started_at is not None
    assert pump.declaration is not None
    grace = 0.0
    if pump.declaration.proof is Proof.PULSE:
        grace = max(_PULSE_GRACE_S, _PULSE_GRACE * dose.planned_s)
    return dose.started_at + dose.planned_s + grace


def close(d: Draft, reservoir: Reservoir) -> None:
    """Finish a dose that has ended, once its pump is off or given up."""
    dose = d.reservoir(reservoir.id).dose
    if dose is None or dose.stage is not DoseStage.STOPPING:
        return
    pump = d.farm.binding.get(dose.point)
    state = d.actuator(dose.point)
    off = (
        state.is_on is False
        and state.pending is None
        and state.proof
        in (
            ProofState.PROVED,
            ProofState.UNPROVED,
        )
    )
    if pump is None or off or state.proof is ProofState.FAILED:
        _finish(d, reservoir, state.changed_at if off else None)


def _finish(d: Draft, reservoir: Reservoir, off_at: float | None) -> None:
    """Close the books of a dose. `off_at`: when its pump was seen to stop."""
    state, now = d.reservoir(reservoir.id), d.now.farm
    dose = state.dose
    assert dose is not None
    why = dose.end or DoseEnd.STOPPED
    known = doser(state, dose.point)
    ran = 0.0
    if dose.started_at is not None:
        ran = max(0.0, (now if off_at is None else off_at) - dose.started_at)
    measured = ran * (known.ml_per_s or 0.0)
    certain = off_at is not None and why not in (DoseEnd.CRASH, DoseEnd.PUMP_FAILED)
    ml = measured if certain else max(measured, dose.planned_ml)
    d.reservoirs.set(
        reservoir.id,
        replace(
            state,
            dose=None,
            disturbed_at=now,
            last_dose_end=why,
            dosers={**state.dosers, dose.point: _booked(known, dose, ml, now)},
            trials=_tried(d, state, dose, ml),
        ),
    )
    d.event(
        "dose_ended",
        reservoir.id,
        _SEVERITY.get(why, Severity.INFO),
        _given_to(d, reservoir.id, dose.point),
        dose=dose.id,
        point=dose.point,
        end=why.value,
        planned_ml=round(dose.planned_ml, 2),
        delivered_ml=round(ml, 2),
        by=dose.by,
    )
    if why is DoseEnd.PUMP_FAILED:
        inhibit(d, reservoir.id, "failed")
    d.mark(reservoir.id)


def _given_to(d: Draft, reservoir: str, point: str) -> dict[str, Any]:
    """What history has to know of a dose: which part it was, and for whom."""
    pump = d.farm.binding.get(point)
    return {"role": None if pump is None else pump.role.value, "shares": d.shares(reservoir)}


def settled(
    log: tuple[tuple[float, float], ...], opened_at: float, ended_at: float, amount: float
) -> tuple[tuple[float, float], ...]:
    """A log with what was given in the place of what was planned. It counts from its end: an hour
    after a dose has begun some of it may be younger than an hour."""
    for i in range(len(log) - 1, -1, -1):
        if log[i][0] == opened_at:
            log = (*log[:i], *log[i + 1 :])
            break
    return (*log, (ended_at, amount))


def _booked(known: DoserState, dose: Dose, ml: float, now: float) -> DoserState:
    """The books with what was delivered in the place of what was planned."""
    change = ml - dose.planned_ml
    return replace(
        known,
        log=settled(known.log, dose.opened_at, now, ml),
        tank_ml=max(0.0, known.tank_ml + change),
        today_ml=max(0.0, known.today_ml + change),
    )


def _tried(d: Draft, state: ReservoirState, dose: Dose, ml: float) -> Mapping[Role, Trial]:
    """The doses whose effect is still to be seen, with this one."""
    pump = d.farm.binding.get(dose.point)
    if pump is None or ml <= 0:
        return state.trials
    probe = probe_of(pump)
    expected = None if dose.expected is None else dose.expected * ml / dose.planned_ml
    before = state.trials.get(probe)
    if before is None:
        trial = Trial(
            before=dose.before,
            since=dose.opened_at,
            volume_l=dose.volume_l,
            expected=expected,
            doses=((dose.point, ml),),
        )
    else:
        both = None
        if expected is not None and before.expected is not None:
            both = before.expected + expected
        trial = replace(before, expected=both, doses=(*before.doses, (dose.point, ml)))
    return {**state.trials, probe: trial}


# -- what its pump should do --------------------------------------------------------------------


def control(d: Draft, reservoir: Reservoir) -> dict[str, Intent]:
    """What the dosing pumps of a reservoir should do: one runs while its dose does."""
    state = d.reservoir(reservoir.id)
    dose = state.dose
    waits = state.waits or Reason("dose_idle")
    idle = Intent(0.0, waits, trip=waits.code in _HARD, idle=True)
    intents = dict.fromkeys((b.id for b in pumps(d, reservoir.id)), idle)
    if dose is not None and dose.point in intents:
        ml = round(dose.planned_ml, 1)
        if dose.stage is DoseStage.STOPPING:
            intents[dose.point] = Intent(0.0, Reason("dose_stopping"), trip=True)
        else:
            intents[dose.point] = Intent(
                1.0, Reason("dose_running", {"ml": ml}), duration_s=dose.planned_s
            )
    return intents


def due(d: Draft, reservoir: Reservoir) -> float | None:
    """When a dose that runs has to be looked at again (farm time)."""
    dose = d.reservoir(reservoir.id).dose
    if dose is None or dose.stage is DoseStage.STOPPING:
        return None
    pump = d.farm.binding.get(dose.point)
    if pump is None:
        return None
    if dose.started_at is not None:
        return ends_at(dose, pump)
    state = d.actuator(dose.point)
    if state.is_on and state.changed_at:
        return state.changed_at + dose.planned_s
    # Withheld by safety: it does not wait for hours to begin with what was known then.
    return None if state.pending is not None else dose.opened_at + _WITHHELD_S


# -- pumps that are on without a dose -----------------------------------------------------------


def watch(d: Draft, reservoir: Reservoir) -> None:
    """Count what a pump gives that somebody else has switched on."""
    for b in pumps(d, reservoir.id):
        state = d.reservoir(reservoir.id)
        if state.dose is not None and state.dose.point == b.id:
            continue
        known, actuator = doser(state, b.id), d.actuator(b.id)
        if actuator.is_on:
            if known.on_since is None:
                since = actuator.changed_at if actuator.changed_at is not None else d.now.farm
                set_doser(d, reservoir.id, b.id, replace(known, on_since=since))
                _window(d, reservoir.id, b)
        elif known.on_since is not None and actuator.is_on is False:
            until = actuator.changed_at if actuator.changed_at is not None else d.now.farm
            ml = max(0.0, until - known.on_since) * (known.ml_per_s or 0.0)
            known = replace(
                known,
                on_since=None,
                log=(*recent(known.log, d.now.farm), (d.now.farm, ml)),
                tank_ml=known.tank_ml + ml,
                today_ml=known.today_ml + ml,
            )
            set_doser(d, reservoir.id, b.id, known)
            state = d.reservoir(reservoir.id)
            d.reservoirs.set(
                reservoir.id, replace(state, disturbed_at=d.now.farm, trials={}, feed=())
            )
            d.event(
                "dosed_by_hand",
                reservoir.id,
                Severity.P4,
                _given_to(d, reservoir.id, b.id),
                point=b.id,
                ml=round(ml, 2),
            )


def _window(d: Draft, reservoir: str, pump: Binding) -> None:
    state = d.reservoir(reservoir)
    if pump.role is Role.DOSING_PUMP_PH_DOWN:
        d.reservoirs.set(reservoir, replace(state, acid_at=d.now.farm))
    elif pump.role is Role.DOSING_PUMP_PH_UP:
        d.reservoirs.set(reservoir, replace(state, base_at=d.now.farm))


def close_after_crash(d: Draft, reservoir: Reservoir) -> None:
    """Before the first step: bring an interrupted dose to its end. It counts in full."""
    end(d, reservoir, DoseEnd.CRASH)
    close(d, reservoir)


def wake(d: Draft, reservoir: Reservoir, times: list[float | None]) -> None:
    """Look at a reservoir again at the next of these instants that is still to come."""
    ahead = [t for t in times if t is not None and t > d.now.farm]
    d.wake(reservoir.id, Due(farm=min(ahead, default=None)))
