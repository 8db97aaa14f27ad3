"""Drills: one link of a station is cut, and what its outputs do by themselves is watched and timed.

    ready -> (cut) -> watch -> restore -> ended          network, controller
    ready -> (cut) -> out -> (power is back) -> watch -> restore -> ended

A person moves it on; every stage ends by itself as well. vfarm switches nothing on for a drill:
what is on when the link is cut is watched. What did not come to its safe state in time is switched
off by vfarm, and what did is kept off until the link is there again. An emergency stop, a restart
and a change of mode end a drill at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ..farm.bindings import Binding, Declaration, Proof
from ..farm.drills import DrillTest, Loss, Seen, SeenBy
from ..farm.overrides import Mode
from ..farm.roles import Role, spec
from . import safety
from .clock import Due
from .draft import Draft
from .effects import Severity
from .inputs import GoOnDrill, NoteSeen, Request, SawDrill, StartDrill, StopDrill
from .memory import ActuatorState, DrillStage, DrillState, Stage
from .workflows import Clash

#: Wakes the drill when its stage is over.
DUE = "drill"
#: A person has so long (s) for each thing to do (design choice: a walk to the rack and back).
PERSON_S = 900.0
#: Outputs of one station go off together; their reports come within this (s) (design choice).
SETTLE_S = 5.0
#: So much earlier (s) than its limit of time an actuator has to be seen safe, or the limit did it.
_MARGIN_S = 5.0


# -- what people ask for ------------------------------------------------------------------------


def start(d: Draft, request: StartDrill) -> dict[str, Any]:
    """Prepare a drill; nothing happens before the link is cut. Raises Clash."""
    if d.state.emergency is not None:
        raise Clash("emergency_active")
    if d.state.drill is not None:
        raise Clash("drill_running", station=d.state.drill.station)
    if d.state.stage is not Stage.RUNNING or d.state.mode is Mode.MONITOR:
        raise Clash("drill_not_now")
    tests = tuple(t for t in request.tests if _declared(d, t.point) is not None)
    if not tests:
        raise Clash("drill_nothing", station=request.station)
    drill = DrillState(
        station=request.station,
        loss=request.loss,
        tests=tests,
        since=d.now.farm,
        until=d.now.mono + PERSON_S,
        by=request.by,
    )
    _set(d, drill)
    d.event(
        "drill_started",
        d.farm.id,
        station=drill.station,
        loss=drill.loss.value,
        by=request.by,
    )
    return _answer(drill)


def go_on(d: Draft, request: GoOnDrill) -> dict[str, Any]:
    """The link is cut, the power is back, or everything is restored. Raises Clash."""
    drill = _running(d)
    match drill.stage:
        case DrillStage.READY:
            return _cut(d, drill)
        case DrillStage.OUT:
            return _answer(_watch(d, drill))
        case DrillStage.RESTORE:
            _end(d, drill, "restored", request.by)
            return {}
        case _:
            raise Clash("drill_watching", station=drill.station)


def saw(d: Draft, request: SawDrill) -> dict[str, Any]:
    """A person beside the actuator says that it is in its safe state now. Raises Clash."""
    drill = _running(d)
    if _declared(d, request.point) is None:
        raise Clash("point_unknown", point=request.point)
    test = next((t for t in drill.tests if t.point == request.point), None)
    if drill.stage is not DrillStage.WATCH or test is None:
        raise Clash("drill_not_watched", point=request.point)
    state = d.actuator(test.point)
    if state.reported is not None and state.is_on is not test.on and not _only_echo(d, test):
        # It says itself that it is not: whoever saw it looked at another one.
        raise Clash("drill_still_on", point=request.point)
    drill = _verdict(d, drill, test, SeenBy.PERSON, ok=True)
    drill = _next(d, drill)
    return {} if d.state.drill is None else _answer(drill)


def stop(d: Draft, request: StopDrill) -> dict[str, Any]:
    """A person gives the drill up. Raises Clash."""
    _end(d, _running(d), "stopped", request.by)
    return {}


def note(d: Draft, request: NoteSeen) -> dict[str, Any]:
    """A person has seen a protection work, or fail. Raises Clash."""
    if _declared(d, request.point) is None:
        raise Clash("point_unknown", point=request.point)
    after = request.after_s
    if after is not None and not 0 <= after <= 86400:
        raise Clash("drill_after_s", value=after)
    seen = Seen(
        point=request.point,
        guard=request.guard,
        at=d.now.farm,
        by=request.by,
        ok=request.ok,
        after_s=after,
        note=request.note,
    )
    _keep(d, seen)
    return {"point": seen.point, "protection": seen.guard, "worked": seen.ok}


def _running(d: Draft) -> DrillState:
    if d.state.drill is None:
        raise Clash("drill_none")
    return d.state.drill


def _cut(d: Draft, drill: DrillState) -> dict[str, Any]:
    """What is on now is watched from here on; what is not would prove nothing."""
    left = {t.point: why for t in drill.tests if (why := _unready(d, drill, t))}
    tests = tuple(t for t in drill.tests if t.point not in left)
    if not tests:
        raise Clash("drill_nothing_on", station=drill.station)
    drill = replace(drill, tests=tests)
    if drill.loss is Loss.POWER:
        drill = replace(drill, stage=DrillStage.OUT, until=d.now.mono + PERSON_S)
        _set(d, drill)
    else:
        drill = _watch(d, drill)
    return {**_answer(drill), "left_out": left}


def _unready(d: Draft, drill: DrillState, test: DrillTest) -> str:
    """Why an actuator cannot show now what it does by itself; empty when it can."""
    state, declared = d.actuator(test.point), _declared(d, test.point)
    if declared is None or state.reported is None:
        return "unknown"
    if state.latched or state.pending is not None:
        return "unproved"
    if not state.is_on:
        return "off"
    if test.on or drill.loss is Loss.POWER:
        return ""
    if state.wanted == 0 and not safety.is_taken_over(d, state):
        return "off"
    longest, since = declared.max_on_s, state.changed_at
    if longest is not None and since is not None:
        left = since + longest - d.now.farm
        if left < test.within_s + _MARGIN_S:
            return "max_on"
    return ""


def _watch(d: Draft, drill: DrillState) -> DrillState:
    now = d.now.mono
    longest = max(t.within_s for t in drill.tests)
    drill = replace(
        drill, stage=DrillStage.WATCH, cut_at=now, until=now + longest + PERSON_S, settle_until=now
    )
    _set(d, drill)
    return drill


def _answer(drill: DrillState) -> dict[str, Any]:
    return {
        "station": drill.station,
        "loss": drill.loss.value,
        "stage": drill.stage.value,
        "watched": [t.point for t in drill.tests],
    }


# -- what is seen -------------------------------------------------------------------------------


def look(d: Draft) -> None:
    """What came in may be what the drill waits for, or its end."""
    drill = d.state.drill
    if drill is None:
        return
    if d.state.emergency is not None:
        _end(d, drill, "emergency_stop")
    elif d.state.stage is not Stage.RUNNING:
        _end(d, drill, "restart")
    elif d.state.mode is Mode.MONITOR:
        _end(d, drill, "mode")
    elif drill.stage is DrillStage.WATCH:
        _look_at(d, drill)
    elif d.now.mono >= drill.until:
        _end(d, drill, "too_late")
    elif drill.stage is DrillStage.OUT:
        _note_gone(d, drill)


def _look_at(d: Draft, drill: DrillState) -> None:
    drill = _note_gone(d, drill)
    for test in drill.tests:
        found = _found(d, drill, test)
        if found == "own_command":
            drill = replace(drill, tests=_without(drill, test))
        elif found is not None:
            by = SeenBy.FEEDBACK if found == "feedback" else SeenBy.STATE
            drill = _verdict(d, drill, test, by, ok=found != "failed")
    if d.now.mono >= drill.until:
        # What nobody saw is not known, and no verdict.
        drill = replace(drill, tests=())
    _next(d, drill)


def _note_gone(d: Draft, drill: DrillState) -> DrillState:
    """What has shown since the cut that it was cut: it reports nothing, or is off where it has to
    be on in the end."""
    states = {t: d.actuator(t.point) for t in drill.tests}
    gone = {t.point for t, s in states.items() if s.reported is None or (t.on and not s.is_on)}
    if gone <= drill.gone:
        return drill
    drill = replace(drill, gone=drill.gone | gone)
    _set(d, drill)
    return drill


def _found(d: Draft, drill: DrillState, test: DrillTest) -> str | None:
    """What is known of a test now: `state` or `feedback` saw it work, it `failed`, or it was an
    `own_command`; None while it is not known."""
    binding, declared = d.farm.binding.get(test.point), _declared(d, test.point)
    if binding is None or declared is None:
        return "own_command"
    state = d.actuator(test.point)
    # What reports nothing gets no command either: it came to where it is by itself.
    reached = test.point not in drill.gone
    if not test.on and reached and state.wanted == 0 and not safety.is_taken_over(d, state):
        return "own_command"
    assert drill.cut_at is not None
    late = d.now.mono >= drill.cut_at + test.within_s
    seen = _shown(d, drill, binding, declared, state, test)
    if not test.on:
        return seen if seen else "failed" if late and state.is_on else None
    if drill.loss is Loss.POWER:
        if seen and test.point in drill.gone:
            return seen
        return "failed" if late and state.is_on is False else None
    if not late or state.reported is None:
        return None
    return seen if seen and test.point not in drill.gone else "failed"


def _shown(
    d: Draft,
    drill: DrillState,
    binding: Binding,
    declared: Declaration,
    state: ActuatorState,
    test: DrillTest,
) -> str | None:
    """Who shows that an actuator is in its safe state, if anybody does. What only repeats commands
    shows nothing: a person has to look."""
    alone = _feedback(d, drill, binding, declared, test)
    if state.reported is None:
        # Without power everything is off: that shows nothing of what it does when power is back.
        return "feedback" if alone and drill.loss is not Loss.POWER else None
    if state.is_on is not test.on:
        return None
    match declared.proof:
        case Proof.ECHO:
            return "feedback" if alone else None
        case Proof.FEEDBACK:
            return "feedback" if _agrees(d, drill, binding, declared, test) else None
        case _:
            return "state"


def _feedback(
    d: Draft, drill: DrillState, binding: Binding, declared: Declaration, test: DrillTest
) -> bool:
    """Whether another sensor alone shows that an actuator is in its safe state. No flow says
    nothing of a pump: a valve may have closed."""
    if binding.role is Role.IRRIGATION_PUMP and not _of_its_own(d, binding, declared):
        return False
    return _agrees(d, drill, binding, declared, test)


def _agrees(
    d: Draft, drill: DrillState, binding: Binding, declared: Declaration, test: DrillTest
) -> bool:
    """Whether another sensor has shown since the cut what an actuator has to do."""
    assert drill.cut_at is not None
    shows = safety.showing(d, binding, declared)
    cut = d.now.farm - (d.now.mono - drill.cut_at)
    return shows is not None and shows[0] > cut and shows[1] is test.on


def _of_its_own(d: Draft, binding: Binding, declared: Declaration) -> bool:
    proof = d.farm.binding.get(declared.proved_by or "")
    if proof is not None:
        return proof.role is not Role.FLOW
    return binding.shown_by_power or bool(d.of(binding.node, Role.FEEDBACK))


def _verdict(d: Draft, drill: DrillState, test: DrillTest, by: SeenBy, *, ok: bool) -> DrillState:
    assert drill.cut_at is not None
    after: float | None = round(d.now.mono - drill.cut_at, 1)
    kept = test.on and drill.loss is not Loss.POWER
    told = test.point in drill.gone and drill.loss is not Loss.POWER
    if not ok or kept or (told and by is SeenBy.STATE):
        # What went on as it was took no time; what was told afterwards was not timed.
        after = None
    seen = Seen(
        point=test.point,
        guard=test.guard,
        at=d.now.farm,
        by=drill.by,
        ok=ok,
        after_s=after,
        seen_by=by,
        loss=drill.loss,
    )
    drill = replace(
        drill,
        tests=_without(drill, test),
        seen={**drill.seen, test.point: seen},
        held=drill.held if test.on else drill.held | {test.point},
        settle_until=d.now.mono + SETTLE_S,
    )
    _set(d, drill)
    _keep(d, seen)
    _mark(d, [test.point])
    return drill


def _keep(d: Draft, seen: Seen) -> None:
    d.state = replace(d.state, verified={**d.state.verified, seen.key: seen})
    told: dict[str, Any] = {"point": seen.point, "protection": seen.guard}
    if seen.loss is not None:
        told["loss"] = seen.loss.value
    if seen.after_s is not None:
        told["after_s"] = seen.after_s
    if seen.note:
        told["note"] = seen.note
    d.event(
        "protection_worked" if seen.ok else "protection_failed",
        d.farm.binding[seen.point].node,
        Severity.INFO if seen.ok else Severity.P2,
        **told,
        seen_by=seen.seen_by.value,
        end="worked" if seen.ok else "failed",
        by=seen.by,
    )


def _without(drill: DrillState, test: DrillTest) -> tuple[DrillTest, ...]:
    return tuple(t for t in drill.tests if t is not test)


def _next(d: Draft, drill: DrillState) -> DrillState:
    """On to the next stage when everything was seen, and to the end when nothing was."""
    if drill.tests:
        _set(d, drill)
    elif drill.seen:
        drill = replace(drill, stage=DrillStage.RESTORE, until=d.now.mono + PERSON_S)
        _set(d, drill)
    else:
        _end(d, drill, "nothing_seen")
    return drill


def _end(d: Draft, drill: DrillState, why: str, by: str = "") -> None:
    d.state = replace(d.state, drill=None)
    d.due.remove(DUE)
    _mark(d, [*drill.held, *(t.point for t in drill.tests)])
    worked = sum(seen.ok for seen in drill.seen.values())
    d.event(
        "drill_ended",
        d.farm.id,
        station=drill.station,
        loss=drill.loss.value,
        worked=worked,
        failed=len(drill.seen) - worked,
        end=why,
        by=by or drill.by,
    )


def _set(d: Draft, drill: DrillState) -> None:
    """Keep the drill, and come again when its stage or the time of a test is over."""
    d.state = replace(d.state, drill=drill)
    times = [drill.until]
    if drill.stage is DrillStage.WATCH and drill.cut_at is not None:
        times += [drill.cut_at + t.within_s for t in drill.tests]
        times.append(drill.settle_until)
    ahead = [t for t in times if t > d.now.mono]
    d.wake(DUE, Due(mono=min(ahead)) if ahead else Due(mono=drill.until))
    _mark(d, [*drill.held, *(t.point for t in drill.tests)])


def _mark(d: Draft, points: Iterable[str]) -> None:
    for point in points:
        binding = d.farm.binding.get(point)
        if binding is None:
            continue
        d.mark(binding.node)
        d.mark(*(c.id for c in d.farm.circuits_of_pump.get(binding.node, ())))
        if (circuit := d.farm.circuit.get(binding.node)) is not None:
            d.mark(circuit.pump)


def _declared(d: Draft, point: str) -> Declaration | None:
    binding = d.farm.binding.get(point)
    if binding is None or not spec(binding.role).is_actuator:
        return None
    return binding.declaration


def _only_echo(d: Draft, test: DrillTest) -> bool:
    declared = _declared(d, test.point)
    return declared is not None and declared.proof is Proof.ECHO


# -- what is forgotten --------------------------------------------------------------------------


def forget(d: Draft, rebound: frozenset[str] = frozenset()) -> None:
    """What was seen of an actuator that is gone, or is another one now, says nothing any more."""
    kept = {
        key: seen
        for key, seen in d.state.verified.items()
        if seen.point in d.farm.binding and seen.point not in rebound
    }
    if len(kept) != len(d.state.verified):
        d.state = replace(d.state, verified=kept)
    drill = d.state.drill
    if drill is not None and any(
        t.point not in d.farm.binding or t.point in rebound for t in drill.tests
    ):
        _end(d, drill, "changed")


HANDLERS: dict[type[Request], Callable[[Draft, Any], dict[str, Any]]] = {
    StartDrill: start,
    GoOnDrill: go_on,
    SawDrill: saw,
    StopDrill: stop,
    NoteSeen: note,
}
