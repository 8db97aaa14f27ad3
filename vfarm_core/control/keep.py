"""Which slices of memory are kept in the journal, and when.

Kept at once: whatever a restart must know to be safe or right. Kept now and then: counters that
only grow. Not kept: what is measured again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..batches.codec import from_dict as batch_from_dict
from ..batches.codec import to_dict as batch_to_dict
from ..batches.lots import Lot
from ..batches.rollout import Exposure, Rollout
from ..batches.tasks import Task
from ..farm.codec import decode
from ..farm.overrides import Override, Workflow
from ..recipes.codec import from_dict as recipe_from_dict
from ..recipes.codec import to_dict as recipe_to_dict
from . import cycles, turns
from .draft import Draft, Overlay
from .effects import Record
from .memory import (
    ActuatorState,
    CircuitState,
    DegradedState,
    FarmState,
    Interlock,
    LevelState,
    Memory,
    ProbeState,
    ProofState,
    Pulse,
    ReservoirState,
    Shot,
    Stage,
    ZoneState,
)

#: Kind of the records that keep a slice.
SLICE = "slice"
#: The light integral is kept this often (s of farm time): what a crash can lose of a day.
_KEEP_S = 300.0


def records(d: Draft) -> list[Record]:
    """The slices this step has to keep."""
    found: list[Record] = []
    if d.state is not d.memory.farm and _farm(d.state) != _farm(d.memory.farm):
        found.append(_slice(d, "farm", d.state))
    if d.levels.changed:
        found += _levels(d)
    if d.circuits.changed:
        found += _kept(d, "circuit", d.circuits, _circuit_matters)
    if d.zones.changed:
        found += _kept(d, "zone", d.zones, _zone_matters)
    if d.reservoirs.changed:
        found += _kept(d, "reservoir", d.reservoirs, _reservoir_matters)
    if d.actuators.changed:
        found += _kept(d, "actuator", d.actuators, _actuator_matters, cycles.quiet_point)
    others: tuple[tuple[str, Overlay[Any]], ...] = (
        ("degraded", d.degraded),
        ("pulse", d.pulses),
        ("sensor", d.sensors),
        ("interlock", d.interlocks),
        ("workflow", d.workflows),
        ("override", d.overrides),
        ("task", d.tasks),
    )
    for group, rare in others:
        if rare.changed:
            found += _kept(d, group, rare, lambda old, new, now: True)
    if d.rollouts.changed:
        found += _kept(d, "rollout", d.rollouts, _rollout_matters)
    for key, batch in d.batches.changes.items():
        found.append(_slice(d, f"batch:{key}", batch_to_dict(batch)))
    for key, recipe in d.recipes.changes.items():
        found.append(_slice(d, f"recipe:{key}", recipe_to_dict(recipe)))
    for key, lot in d.lots.changes.items():
        found.append(_slice(d, f"lot:{key}", lot))
    for group, overlay in (("batch", d.batches), ("recipe", d.recipes), ("lot", d.lots)):
        found += [_slice(d, f"{group}:{key}", None) for key in overlay.removed]
    return found


def everything(d: Draft) -> list[Record]:
    """The counters too, for an orderly stop."""
    now = d.now.farm
    levels = [
        _slice(d, f"level:{key}", replace(state, kept_at=now))
        for key, state in d.levels.merged().items()
    ]
    rollouts = [
        _slice(d, f"rollout:{key}", rollout) for key, rollout in d.rollouts.merged().items()
    ]
    return [*levels, *rollouts]


def _slice(d: Draft, key: str, data: Any) -> Record:
    return Record(SLICE, data, d.now.farm, key)


def _farm(state: FarmState) -> FarmState:
    return replace(state, stage=Stage.RUNNING, waiting=False, journal_slow=False, next_command=0)


def _levels(d: Draft) -> Iterable[Record]:
    overlay, now, before = d.levels, d.now.farm, d.memory.levels
    for key, new in list(overlay.changes.items()):
        if _level_matters(key, before.get(key), new, now):
            kept = new.kept(now)
            overlay.put(key, kept)
            yield _slice(d, f"level:{key}", kept)
    for key in overlay.removed:
        yield _slice(d, f"level:{key}", None)


def _kept[T](
    d: Draft,
    group: str,
    overlay: Overlay[T],
    matters: Callable[[T | None, T, float], bool],
    quiet: Callable[[Draft, str], bool] = lambda d, key: False,
) -> Iterable[Record]:
    for key, new in list(overlay.changes.items()):
        old = overlay.old(key)
        if matters(old, new, d.now.farm) and not (quiet(d, key) and _routine(old, new)):
            if isinstance(new, ReservoirState):
                yield _slice(d, f"{group}:{key}", _given(new))
            elif isinstance(new, ActuatorState):
                yield _slice(d, f"{group}:{key}", _history(new))
            elif isinstance(new, ZoneState):
                yield _slice(d, f"{group}:{key}", _inhibits(new))
            else:
                yield _slice(d, f"{group}:{key}", new)
    for key in overlay.removed:
        yield _slice(d, f"{group}:{key}", None)


def _routine(old: object, new: object) -> bool:
    """Whether an actuator did nothing but move with its cycle, and was kept not long ago."""
    if not isinstance(old, ActuatorState) or not isinstance(new, ActuatorState):
        return False
    same = old.latched == new.latched and old.takeover_until == new.takeover_until
    return same and not cycles.worth_keeping(old, new)


def _history(state: ActuatorState) -> ActuatorState:
    """What an actuator did and its latch; what it does now is asked anew after a restart."""
    return replace(state, reported=None, wanted=None, pending=None, reason=None)


def _inhibits(state: ZoneState) -> ZoneState:
    """What forbids a zone its CO2; the rest of its air is measured and followed anew."""
    return ZoneState(co2=state.co2, co2_empty=state.co2_empty, day=state.co2_empty and state.day)


def _zone_matters(old: ZoneState | None, new: ZoneState, now: float) -> bool:
    return _inhibits(new) != _inhibits(old or ZoneState())


def _given(state: ReservoirState) -> ReservoirState:
    """What was given into a reservoir and what waits for a person; its water is measured anew, and
    what stands still over a restart has to mix again."""
    return replace(
        state,
        low=False,
        moving_since=None,
        water_out=False,
        dry_at=None,
        waits=None,
        fill_waits=None,
        readings=(),
    )


def _reservoir_matters(old: ReservoirState | None, new: ReservoirState, now: float) -> bool:
    return _by_the_minute(_given(new)) != _by_the_minute(_given(old or ReservoirState()))


def _by_the_minute(state: ReservoirState) -> ReservoirState:
    """What the meter of a fill has counted is kept once a minute."""
    fill = state.fill
    if fill is None or fill.metered_at is None:
        return state
    minute = fill.metered_at // 60
    return replace(state, fill=replace(fill, metered_l=0.0, counter_l=None, metered_at=minute))


def _level_matters(key: str, old: LevelState | None, new: LevelState, now: float) -> bool:
    if old is None or old.lit is not new.lit:
        return True
    if old.light_day is not new.light_day and old.light_day != new.light_day:
        return True
    if old.night is not new.night and old.night != new.night:
        return True
    lamp, was = new.lamp, old.lamp
    if lamp is not was and (
        lamp.hours < was.hours
        or lamp.stray is not was.stray
        or (lamp.output > 0) is not (was.output > 0)
    ):
        return True
    if new.dli == old.dli:
        return False
    at = new.kept_at
    return at is None or turns.is_due(key, now, at, _KEEP_S)


def _circuit_matters(old: CircuitState | None, new: CircuitState, now: float) -> bool:
    if old is not None and old.cycling and new.cycling:
        if cycles.counts_worth_keeping(old, new):
            return True
        old, new = cycles.without_mist(old), cycles.without_mist(new)
    if old is None or (old.shot is None) != (new.shot is None):
        return True
    if new.shot is not None and old.shot is not None:
        if _minute(new.shot) != _minute(old.shot):
            return True
        return replace(old, shot=_uncounted(old.shot)) != replace(new, shot=_uncounted(new.shot))
    return old != new


def _rollout_matters(old: Rollout | None, new: Rollout, now: float) -> bool:
    """What a roll-out counts is kept once an hour, everything else at once."""
    if old is None or _hour_of(old) != _hour_of(new):
        return True
    return _without_counts(old) != _without_counts(new)


def rollouts_turned(d: Draft) -> bool:
    """Whether a roll-out did more in this step than count."""
    return bool(d.rollouts.removed) or any(
        (old := d.rollouts.old(key)) is None or _without_counts(old) != _without_counts(new)
        for key, new in d.rollouts.changes.items()
    )


def _hour_of(rollout: Rollout) -> int | None:
    return None if rollout.counted_at is None else int(rollout.counted_at // 3600)


def _without_counts(rollout: Rollout) -> Rollout:
    """A roll-out without what it counts."""
    nothing = Exposure()
    return replace(
        rollout, new=nothing, old=nothing, counted_at=None, critical=(), critical_since=None
    )


def _uncounted(shot: Shot) -> Shot:
    return replace(
        shot, delivered_l=0.0, counted_at=None, metered=False, counter_l=None, pulse_at=None
    )


def _minute(shot: Shot) -> int | None:
    """What a running shot has delivered is kept once a minute: a disk that has failed is noticed
    while water flows, and a crash loses no more than that of the count."""
    return None if shot.counted_at is None else int(shot.counted_at // 60)


def _actuator_matters(old: ActuatorState | None, new: ActuatorState, now: float) -> bool:
    if old is None:
        return new.latched or new.takeover_until is not None or bool(new.on_log)
    return (
        old.latched != new.latched
        or old.on_log != new.on_log
        or old.takeover_until != new.takeover_until
        or old.changed_at != new.changed_at
    )


def restore(slices: Mapping[str, Any]) -> Memory:
    """The memory from the kept slices. Raises DecodeError, RecipeError or KeyError when a slice
    cannot be read: lost memory is not new memory."""
    groups: dict[str, dict[str, Any]] = {}
    for key, data in slices.items():
        group, _, name = key.partition(":")
        groups.setdefault(group, {})[name] = data
    farm = decode(FarmState, groups.get("farm", {}).get("", {}))
    return Memory(
        farm=replace(farm, stage=Stage.RECONCILING, journal_ok=True, journal_slow=False),
        levels={k: decode(LevelState, v, k) for k, v in groups.get("level", {}).items()},
        circuits={k: decode(CircuitState, v, k) for k, v in groups.get("circuit", {}).items()},
        zones={k: decode(ZoneState, v, k) for k, v in groups.get("zone", {}).items()},
        reservoirs={
            k: decode(ReservoirState, v, k) for k, v in groups.get("reservoir", {}).items()
        },
        actuators={
            k: replace(decode(ActuatorState, v, k), proof=ProofState.UNKNOWN)
            for k, v in groups.get("actuator", {}).items()
        },
        degraded={k: decode(DegradedState, v, k) for k, v in groups.get("degraded", {}).items()},
        pulses={k: decode(Pulse, v, k) for k, v in groups.get("pulse", {}).items()},
        sensors={k: decode(ProbeState, v, k) for k, v in groups.get("sensor", {}).items()},
        interlocks={k: decode(Interlock, v, k) for k, v in groups.get("interlock", {}).items()},
        batches={k: batch_from_dict(v) for k, v in groups.get("batch", {}).items()},
        recipes={k: recipe_from_dict(v) for k, v in groups.get("recipe", {}).items()},
        lots={k: decode(Lot, v, k) for k, v in groups.get("lot", {}).items()},
        tasks={k: decode(Task, v, k) for k, v in groups.get("task", {}).items()},
        rollouts={k: decode(Rollout, v, k) for k, v in groups.get("rollout", {}).items()},
        workflows={k: decode(Workflow, v, k) for k, v in groups.get("workflow", {}).items()},
        overrides={k: decode(Override, v, k) for k, v in groups.get("override", {}).items()},
        hours=groups.get("hours", {}).get("", {}),
    )
