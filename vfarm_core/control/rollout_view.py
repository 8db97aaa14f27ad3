"""What a roll-out looks like from outside: its state, its batches, its gates with figures."""

from __future__ import annotations

from typing import Any

from ..batches import rollout as rules
from ..batches.rollout import PARTIAL, Joined, Rollout, Verdict
from ..farm.codec import encode
from ..recipes.diff import Change
from ..recipes.model import Phase, Recipe
from .draft import Draft
from .snapshot import RolloutView

#: Digits of a version that people read.
_SHORT = 12
#: Roll-outs that are shown: the open ones and so many of those that ended last.
_ENDED_SHOWN = 5


def views(d: Draft) -> tuple[RolloutView, ...]:
    """The roll-outs as the farm shows them, the newest first."""
    if not d.rollouts.now:
        return ()
    known = sorted(d.rollouts.values(), key=lambda r: (-r.started_at, r.id))
    ended = [r for r in known if not r.is_open][:_ENDED_SHOWN]
    return tuple(view(d, r) for r in known if r.is_open or r in ended)


def view(d: Draft, rollout: Rollout) -> RolloutView:
    """One roll-out."""
    members, batches = rollout.members, d.batches.now

    def of(how: Joined) -> tuple[str, ...]:
        return tuple(sorted(key for key, member in members.items() if member.how is how))

    on_old = tuple(
        batch.id
        for batch in batches.values()
        if batch.is_growing and batch.recipe_version == rollout.from_version
    )
    return RolloutView(
        id=rollout.id,
        recipe=rollout.recipe_id,
        was=rollout.from_version[:_SHORT],
        version=rollout.to_version[:_SHORT],
        strategy=rollout.strategy,
        state=rollout.state,
        auto=rollout.auto,
        started_at=rollout.started_at,
        ramp_h=round(rollout.ramp_s / 3600, 2),
        levels=rollout.levels,
        sown=of(Joined.SOWN),
        moved=of(Joined.MOVED),
        returned=of(Joined.RETURNED),
        on_old=tuple(sorted(on_old)),
        waits_for=() if rollout.is_open else rules.waiting(rollout, batches.values()),
        left=rollout.left,
        new_inside=_share(rollout.new.inside),
        old_inside=_share(rollout.old.inside),
        new_hours=round(rollout.new.counted_s / 3600, 1),
        old_hours=round(rollout.old.counted_s / 3600, 1),
        gates=rules.judged(rollout, batches, d.now.farm),
        history=rollout.history,
    )


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def data(seen: RolloutView) -> dict[str, Any]:
    """A roll-out as an answer."""
    found: dict[str, Any] = encode(seen)
    found["rollout"] = found.pop("id")
    return found


def sentence(verdict: Verdict) -> str:
    """A gate in English, with its figure."""
    value = "unknown" if verdict.value is None else f"{verdict.value:.4g}"
    limit = "" if verdict.limit is None else f" (limit {verdict.limit:.4g})"
    why = f": {verdict.why}" if verdict.why else ""
    return f"{verdict.gate} {verdict.outcome.value}, {value}{limit}{why}"


def matters(change: Change) -> bool:
    """Whether plants feel a change: sources, notes and titles they do not."""
    return change.path.startswith("phases") and "provenance" not in change.path


def shared(d: Draft, rollout: Rollout) -> tuple[str, ...]:
    """The zones and reservoirs that both versions share though they ask for different air or water
    there: what differs is evened out between them, and says nothing about either."""
    if rollout.strategy not in PARTIAL or not rollout.levels:
        return ()
    old, new = d.recipes.now[rollout.from_version], d.recipes.now[rollout.to_version]
    found: list[str] = []
    if _differ(old, new, air=True):
        for zone in d.farm.zones:
            levels = [level.id for level in d.farm.levels_of_zone[zone.id]]
            if _both(rollout, levels):
                found.append(zone.id)
    if _differ(old, new, air=False):
        for reservoir in d.farm.reservoirs:
            levels = [
                level
                for circuit in d.farm.circuits_of_reservoir[reservoir.id]
                for level in circuit.levels
            ]
            if _both(rollout, levels):
                found.append(reservoir.id)
    return tuple(found)


def _both(rollout: Rollout, levels: list[str]) -> bool:
    return len({level in rollout.levels for level in levels}) == 2


def _differ(old: Recipe, new: Recipe, *, air: bool) -> bool:
    before = {phase.name: phase for phase in old.phases}
    return any(
        phase.name in before and _asked(phase, air) != _asked(before[phase.name], air)
        for phase in new.phases
    )


def _asked(phase: Phase, air: bool) -> object:
    wanted = phase.climate if air else phase.solution
    return {str(q): (s.day, s.night) for q, s in wanted.items()}
