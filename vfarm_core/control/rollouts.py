"""Carries out roll-outs of recipe versions: moves batches when it is their turn, gives new ones
their version, counts what either version stands in, and pauses where a gate is broken.

Refusal keys: rollout_unknown, rollout_exists, rollout_running, rollout_same_version,
rollout_other_recipe, rollout_ramp, rollout_recipe_wrong, rollout_infeasible, rollout_all_levels,
rollout_gates_closed, rollout_<key of RolloutError>, level_unknown, batch_unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ..batches import rollout as rules
from ..batches.lifecycle import CHANGEOVER_MOST_S, BatchError, repinned
from ..batches.model import Batch
from ..batches.rollout import (
    Joined,
    Outcome,
    Rollout,
    RolloutError,
    RolloutState,
    Strategy,
    Turn,
)
from ..farm.nodes import Farm
from ..recipes.diff import diff
from ..recipes.feasibility import feasible
from ..recipes.findings import Finding
from ..recipes.findings import Severity as Grade
from ..recipes.model import Recipe
from ..recipes.validate import validate
from . import rollout_count, rollout_view
from .clock import Due
from .draft import Draft
from .effects import Severity
from .inputs import (
    JudgeRollout,
    PauseRollout,
    PromoteRollout,
    Request,
    ResumeRollout,
    RollBackRollout,
    StartRollout,
)
from .memory import Stage
from .recipe_change import change
from .view import is_critical
from .workflows import Clash

DUE = rollout_count.DUE
#: Who moves batches and turns a roll-out by itself, in records.
BY = "rollout"
#: Who pauses and promotes one.
GATES = "gates"

# -- batches --------------------------------------------------------------------------------------


def act(d: Draft) -> None:
    """Move the batches whose turn it is: what is to be done is read from how things stand, so that
    a crash at any moment, or a step that came late, loses nothing."""
    for key in list(d.rollouts.now):
        _act(d, d.rollouts.now[key])


def woken(d: Draft, key: str) -> None:
    """A roll-out is due."""
    rollout = d.rollouts.get(key)
    if rollout is None:
        d.due.remove(DUE + key)
        return
    _act(d, rollout)
    rollout_count.watch(d, d.rollouts.now[key])


def look_again(d: Draft) -> None:
    """After a restart, or under another clock: what passed meanwhile is not counted."""
    for key, rollout in list(d.rollouts.now.items()):
        if rollout.is_open:
            now = d.now.farm
            seen = replace(rollout, counted_at=now, critical=(), critical_since=None)
            d.rollouts.set(key, seen)
        woken(d, key)


def _act(d: Draft, rollout: Rollout) -> None:
    if rollout.state is RolloutState.DONE:
        return
    for batch in list(d.batches.values()):
        if batch.recipe_id == rollout.recipe_id and batch.is_growing:
            rollout = _adopted(d, d.rollouts.now[rollout.id], batch)
            _move(d, rollout, batch)
    _finished(d, d.rollouts.now[rollout.id])


def _adopted(d: Draft, rollout: Rollout, batch: Batch) -> Rollout:
    """What was split off from a batch of the roll-out is one, too."""
    if batch.id in rollout.members or not batch.origin:
        return rollout
    parents = [rollout.members[key] for key in batch.origin if key in rollout.members]
    if parents and batch.recipe_version == rollout.to_version:
        rollout = rules.joined(rollout, batch.id, parents[0].how, parents[0].at)
        d.rollouts.set(rollout.id, rollout)
    return rollout


def _move(d: Draft, rollout: Rollout, batch: Batch) -> None:
    wanted = rules.due(rollout, batch)
    if wanted is None:
        return
    back = rollout.state is RolloutState.ROLLED_BACK
    recipe = d.recipes.now[wanted]
    try:
        change(
            d,
            batch,
            recipe,
            rollout.ramp_s,
            by=BY,
            why="rolled_back" if back else rollout.strategy.value,
            rollout=rollout.id,
        )
    except (BatchError, Clash) as err:
        _stays(d, rollout, batch, err)
        return
    how = Joined.RETURNED if back else Joined.MOVED
    d.rollouts.set(rollout.id, rules.joined(rollout, batch.id, how, d.now.farm))


def _stays(d: Draft, rollout: Rollout, batch: Batch, err: BatchError | Clash) -> None:
    """A batch that cannot be moved keeps its version; a person has to know."""
    rollout = rules.stays(rollout, batch.id, err.key)
    d.rollouts.set(rollout.id, rollout)
    reason = "; ".join(f"{name} {value}" for name, value in err.params.items())
    said = _said(rollout, batch=batch.id, title=batch.title, why=err.key, reason=reason, by=BY)
    d.event("rollout_batch_stays", d.farm.id, Severity.P3, **said)
    if rollout.state is RolloutState.RUNNING:
        _turn(d, rollout, RolloutState.PAUSED, Severity.P3, by=BY, why=err.key)


def _finished(d: Draft, rollout: Rollout) -> None:
    promoted = rollout.state is RolloutState.PROMOTED
    if promoted and not rules.waiting(rollout, d.batches.values()):
        _turn(d, rollout, RolloutState.DONE, Severity.INFO, by=BY)


# -- new batches ----------------------------------------------------------------------------------


def sown(d: Draft, batch: Batch, recipe: Recipe) -> tuple[Batch, Recipe]:
    """A batch to be sown now with the version that the roll-out of its recipe gives it.

    A version that the roll-out is not about is left alone. Raises RolloutError (both_arms).
    """
    found = rules.newest(d.rollouts.values(), batch.recipe_id) if d.rollouts.now else None
    if found is None or batch.recipe_version not in found.versions:
        return batch, recipe
    version = rules.given(found, batch.levels)
    if version == batch.recipe_version:
        return batch, recipe
    new = d.recipes.now[version]
    return repinned(batch, recipe, new, d.now.farm), new


#: Why a batch stays on its version: a person wants it so.
_PINNED = "pinned"


def _pinned(rollout: Rollout) -> dict[str, str]:
    """The batches that stay on their version whatever else is tried anew."""
    return {key: why for key, why in rollout.left.items() if why == _PINNED}


def took(d: Draft, batch: Batch, *, pinned: bool = False) -> None:
    """A batch was sown: whether it is one of the new version of a roll-out. One whose version a
    person has pinned keeps it."""
    found = rules.newest(d.rollouts.values(), batch.recipe_id) if d.rollouts.now else None
    if found is None or batch.recipe_version not in found.versions:
        return
    if pinned:
        d.rollouts.set(found.id, rules.stays(found, batch.id, _PINNED))
    elif found.state is not RolloutState.DONE and batch.recipe_version == found.to_version:
        d.rollouts.set(found.id, rules.joined(found, batch.id, Joined.SOWN, d.now.farm))


# -- requests -------------------------------------------------------------------------------------


def _start(d: Draft, request: StartRollout) -> dict[str, Any]:
    old, new = request.old, request.new
    _check(d, request)
    levels = tuple(dict.fromkeys(request.levels))
    batches = _chosen(d.batches.now, request, levels)
    warnings = _checked_recipe(d, request)
    now = d.now.farm
    started = Rollout(
        id=request.id,
        recipe_id=new.id,
        from_version=old.version,
        to_version=new.version,
        strategy=request.strategy,
        ramp_s=request.ramp_s,
        started_at=now,
        since=now,
        levels=levels,
        batches=batches,
        gates=request.gates,
        auto=request.auto,
        counted_at=now,
        history=(Turn(state=RolloutState.RUNNING, at=now, by=request.by, why=request.why),),
    )
    d.recipes.set(old.version, old)
    d.recipes.set(new.version, new)
    d.rollouts.set(started.id, started)
    rollout_count.watch(d, started)
    d.event(
        "rollout_started",
        d.farm.id,
        **_said(
            started,
            strategy=started.strategy.value,
            was=started.from_version,
            version=started.to_version,
            hours=round(started.ramp_s / 3600, 2),
            levels=list(levels),
            auto=started.auto,
            by=request.by,
            why=request.why,
        ),
    )
    _act(d, started)
    changes = [str(c).strip() for c in diff(old, new) if rollout_view.matters(c)]
    return {
        **_answer(d, started.id),
        "changes": changes,
        "warnings": warnings,
        "shared": list(rollout_view.shared(d, d.rollouts.now[started.id])),
    }


def _check(d: Draft, request: StartRollout) -> None:
    old, new, partial = request.old, request.new, request.strategy in rules.PARTIAL
    if d.rollouts.get(request.id) is not None:
        raise Clash("rollout_exists", rollout=request.id)
    if old.id != new.id or old.crop != new.crop:
        raise Clash("rollout_other_recipe", recipe=old.id, other=new.id)
    if old.version == new.version:
        raise Clash("rollout_same_version", recipe=new.id)
    known = rules.newest(d.rollouts.values(), new.id)
    if known is not None and (known.is_open or rules.waiting(known, d.batches.values())):
        raise Clash("rollout_running", recipe=new.id, rollout=known.id, state=known.state.value)
    if not 0.0 <= request.ramp_s <= CHANGEOVER_MOST_S:
        most = CHANGEOVER_MOST_S / 3600
        raise Clash("rollout_ramp", hours=request.ramp_s / 3600, most=most)
    request.gates.check()
    if not partial and (request.levels or request.batches):
        raise RolloutError("levels", {"strategy": request.strategy.value})
    if partial and not request.levels and not request.batches:
        raise RolloutError("no_levels", {"strategy": request.strategy.value})
    if request.strategy is Strategy.BLUE_GREEN and request.batches:
        raise RolloutError("levels", {"strategy": request.strategy.value})
    for level in request.levels:
        if level not in d.farm.level:
            raise Clash("level_unknown", level=level)
    if request.levels and len(set(request.levels)) == len(d.farm.levels):
        raise Clash("rollout_all_levels", strategy=request.strategy.value)


def _chosen(
    growing: Mapping[str, Batch], request: StartRollout, levels: tuple[str, ...]
) -> tuple[str, ...]:
    """The living batches that a canary, or the green levels, begin with."""
    for key in request.batches:
        batch = growing.get(key)
        if batch is None or not batch.is_growing or batch.recipe_id != request.new.id:
            raise Clash("batch_unknown", batch=key)
    found = list(request.batches)
    for batch in growing.values():
        if not batch.is_growing or batch.recipe_version != request.old.version:
            continue
        on = [level in levels for level in batch.levels]
        if all(on) and on:
            found.append(batch.id)
        elif any(on) and batch.id not in found:
            raise RolloutError("both_arms", {"rollout": batch.title})
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is found in a new version: by its `crop`, and by the farm where the hardware could give
    the old version what it asked for (`farm`)."""

    crop: tuple[Finding, ...]
    farm: tuple[Finding, ...]

    @staticmethod
    def errors(found: Iterable[Finding]) -> tuple[Finding, ...]:
        """What of it a roll-out is refused for."""
        return tuple(f for f in found if f.severity is Grade.ERROR)


def doubts(farm: Farm, batches: Mapping[str, Batch], request: StartRollout) -> Doubts:
    """What is found in the new version of a roll-out, for the levels that it would come to. Raises
    what a start of the roll-out is refused with for its levels and batches."""
    levels = tuple(dict.fromkeys(request.levels))
    chosen = _chosen(batches, request, levels)
    crop = tuple(validate(request.new))
    if Doubts.errors(crop):
        return Doubts(crop, ())
    places = dict.fromkeys(levels)
    for batch in batches.values():
        concerned = not levels or batch.id in chosen
        if concerned and batch.is_growing and batch.recipe_version == request.old.version:
            places.update(dict.fromkeys(level for level in batch.levels if level in farm.level))
    here = feasible(request.new, farm, levels=tuple(places))
    before = {
        (f.code, f.path, *f.params.items())
        for f in feasible(request.old, farm, levels=tuple(places))
    }
    fresh = tuple(f for f in here if (f.code, f.path, *f.params.items()) not in before)
    return Doubts(crop, fresh)


def _checked_recipe(d: Draft, request: StartRollout) -> list[str]:
    """The warnings about the new version. What its crop or this farm cannot bear is refused;
    what the hardware could not give to the old version either is told."""
    found = doubts(d.farm, d.batches.now, request)
    if wrong := Doubts.errors(found.crop):
        raise Clash("rollout_recipe_wrong", recipe=request.new.id, why=_sentences(wrong))
    if wrong := Doubts.errors(found.farm):
        raise Clash("rollout_infeasible", recipe=request.new.id, why=_sentences(wrong))
    return [str(f) for f in (*found.crop, *found.farm)]


def _sentences(found: Iterable[Finding]) -> str:
    return "; ".join(f"{f.path}: {f.message}" for f in found)


def _pause(d: Draft, request: PauseRollout) -> dict[str, Any]:
    rollout = _known(d, request.rollout)
    _turn(d, rollout, RolloutState.PAUSED, Severity.INFO, by=request.by, why=request.why)
    return _answer(d, rollout.id)


def _resume(d: Draft, request: ResumeRollout) -> dict[str, Any]:
    """A person has looked: what is broken now does not pause it again."""
    rollout = _known(d, request.rollout)
    broken = frozenset(v.gate for v in _judged(d, rollout) if v.outcome is Outcome.FAILED)
    resumed = replace(rollout, accepted=broken, left=_pinned(rollout))
    _turn(d, resumed, RolloutState.RUNNING, Severity.INFO, by=request.by, why=request.why)
    _act(d, d.rollouts.now[rollout.id])
    return _answer(d, rollout.id)


def _promote(d: Draft, request: PromoteRollout) -> dict[str, Any]:
    rollout = _known(d, request.rollout)
    closed = [v for v in _judged(d, rollout) if v.outcome is not Outcome.PASSED]
    if request.despite and not request.why.strip():
        raise RolloutError("why", {"rollout": rollout.id})
    if closed and not request.despite and rollout.is_open:
        gates = "; ".join(rollout_view.sentence(v) for v in closed)
        raise Clash("rollout_gates_closed", rollout=rollout.id, gates=gates)
    _promoted(d, rollout, by=request.by, why=request.why, despite=[v.gate for v in closed])
    return _answer(d, rollout.id)


def _promoted(d: Draft, rollout: Rollout, *, by: str, why: str, despite: list[str]) -> None:
    more = {"despite": ", ".join(despite)} if despite else {}
    _turn(d, rollout, RolloutState.PROMOTED, Severity.INFO, by=by, why=why, **more)
    _act(d, d.rollouts.now[rollout.id])


def _roll_back(d: Draft, request: RollBackRollout) -> dict[str, Any]:
    rollout = _known(d, request.rollout)
    ramp_s = rollout.ramp_s if request.ramp_s is None else request.ramp_s
    if not 0.0 <= ramp_s <= CHANGEOVER_MOST_S:
        raise Clash("rollout_ramp", hours=ramp_s / 3600, most=CHANGEOVER_MOST_S / 3600)
    known = rules.newest(d.rollouts.values(), rollout.recipe_id)
    if known is not None and known.id != rollout.id:
        said = {"rollout": known.id, "state": known.state.value}
        raise Clash("rollout_running", recipe=rollout.recipe_id, **said)
    _turn(
        d,
        replace(rollout, ramp_s=ramp_s, left=_pinned(rollout)),
        RolloutState.ROLLED_BACK,
        Severity.P3,
        by=request.by,
        why=request.why,
    )
    _act(d, d.rollouts.now[rollout.id])
    return _answer(d, rollout.id)


def _judge(d: Draft, request: JudgeRollout) -> dict[str, Any]:
    rollout = _known(d, request.rollout)
    d.rollouts.set(rollout.id, replace(rollout, judgement=request.judgement))
    look(d, rollout.id)
    return _answer(d, rollout.id)


def _known(d: Draft, key: str) -> Rollout:
    found = d.rollouts.get(key)
    if found is None:
        raise Clash("rollout_unknown", rollout=key)
    return found


def _answer(d: Draft, key: str) -> dict[str, Any]:
    return rollout_view.data(rollout_view.view(d, d.rollouts.now[key]))


# -- gates ----------------------------------------------------------------------------------------


def count(d: Draft) -> None:
    """Count what either version stands in, when it is time, and hold it against the gates."""
    if d.state.stage is not Stage.RUNNING:
        return
    for key, rollout in list(d.rollouts.now.items()):
        since = rollout.counted_at
        if not rollout.is_open or (since is not None and d.now.farm - since < rollout_count.LOOK_S):
            continue
        nodes = {
            node
            for member in rollout.members
            if (batch := d.batches.get(member)) is not None and batch.is_growing
            for node in rollout_count.nodes_of(d, batch)
        }
        critical = frozenset(node for node in nodes if is_critical(d, node))
        d.rollouts.set(key, rollout_count.count(d, rollout, critical))
        look(d, key)
    if d.dirty:
        # Batches were moved after everything was looked at: once more, at once.
        d.wake(d.farm.id, Due(mono=d.now.mono))


def look(d: Draft, key: str) -> None:
    """Hold a roll-out against its gates: a broken one pauses it, and where it was asked for, all of
    them open promote it."""
    rollout = d.rollouts.get(key)
    if rollout is None or rollout.state is not RolloutState.RUNNING:
        return
    verdicts = _judged(d, rollout)
    broken = [v for v in verdicts if v.outcome is Outcome.FAILED]
    fresh = [v for v in broken if v.gate not in rollout.accepted]
    if fresh:
        _turn(
            d,
            rollout,
            RolloutState.PAUSED,
            Severity.P3,
            by=GATES,
            why=fresh[0].gate,
            gates="; ".join(rollout_view.sentence(v) for v in fresh),
        )
    elif rollout.auto and verdicts and all(v.outcome is Outcome.PASSED for v in verdicts):
        _promoted(d, rollout, by=GATES, why="auto", despite=[])


def _judged(d: Draft, rollout: Rollout) -> tuple[rules.Verdict, ...]:
    return rules.judged(rollout, d.batches.now, d.now.farm)


def _turn(
    d: Draft,
    rollout: Rollout,
    state: RolloutState,
    severity: Severity,
    *,
    by: str,
    why: str = "",
    **params: Any,
) -> None:
    """Another state, kept with who and why, and told."""
    was, farm = rollout.state.value, d.farm.id
    turned = rules.turned(rollout, state, d.now.farm, by=by, why=why)
    d.rollouts.set(turned.id, turned)
    rollout_count.watch(d, turned)
    said = _said(turned, was=was, state=state.value, **params, by=by, why=why)
    match state:
        case RolloutState.PAUSED:
            d.event("rollout_paused", farm, severity, **said)
        case RolloutState.RUNNING:
            d.event("rollout_resumed", farm, severity, **said)
        case RolloutState.PROMOTED:
            d.event("rollout_promoted", farm, severity, **said)
        case RolloutState.ROLLED_BACK:
            d.event("rollout_rolled_back", farm, severity, **said)
        case RolloutState.DONE:
            d.event("rollout_done", farm, severity, **said)


def _said(rollout: Rollout, **params: Any) -> dict[str, Any]:
    """What every event of a roll-out says."""
    return {"rollout": rollout.id, "recipe": rollout.recipe_id, **params}


HANDLERS: Mapping[type[Request], Callable[[Draft, Any], dict[str, Any]]] = MappingProxyType(
    {
        StartRollout: _start,
        PauseRollout: _pause,
        ResumeRollout: _resume,
        PromoteRollout: _promote,
        RollBackRollout: _roll_back,
        JudgeRollout: _judge,
    }
)
