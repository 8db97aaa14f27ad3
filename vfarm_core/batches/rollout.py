"""A new version of a recipe, brought to a farm in stages: who gets it, what has to hold before the
rest follows, and the way back. Pure: `control.rollouts` carries it out.

Keys of RolloutError: both_arms, no_levels, levels, gates, why, state. Instants are epoch seconds of
farm time, durations seconds, shares 0…1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from .lifecycle import DAY_S
from .model import Batch


class RolloutError(ValueError):
    """What cannot be done with a roll-out. `key` and `params` are for translation."""

    def __init__(self, key: str, params: Mapping[str, Any] | None = None) -> None:
        self.key = key
        self.params = dict(params or {})
        super().__init__(key, self.params)


class Strategy(StrEnum):
    """Who gets the new version. `new_batches`: whoever is sown from now on. `phase_boundary`:
    these, and living batches as they enter their next phase. `canary`: chosen levels or batches
    first, the rest once it is promoted. `blue_green`: chosen levels the new version (green), all
    others the old one (blue), side by side until it is promoted."""

    NEW_BATCHES = "new_batches"
    PHASE_BOUNDARY = "phase_boundary"
    CANARY = "canary"
    BLUE_GREEN = "blue_green"


#: Strategies that begin with a part of the farm.
PARTIAL = frozenset({Strategy.CANARY, Strategy.BLUE_GREEN})


class RolloutState(StrEnum):
    """Where a roll-out is. `promoted`: the rest is on its way; `done`: nobody is left to wait for.
    The newest roll-out of a recipe goes on giving new batches their version after its end."""

    RUNNING = "running"
    PAUSED = "paused"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    DONE = "done"


class Joined(StrEnum):
    """How a batch came to the new version, and that it was brought back."""

    SOWN = "sown"
    MOVED = "moved"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A batch that the roll-out gave the new version, and when."""

    how: Joined
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What has to hold before a roll-out is promoted.

    `min_days` since it was started; `min_harvested` batches of the new version harvested;
    `min_inside` the least share of its time that the new version was within warning limits;
    `no_critical`: nothing around it is critical; `max_losses` the greatest share of plants lost;
    `yield_not_lower`: a comparison shows that it yields no less, but for `yield_margin` of what the
    old version yields.
    """

    min_days: float = 0.0
    min_harvested: int = 0
    min_inside: float | None = None
    no_critical: bool = True
    max_losses: float | None = None
    yield_not_lower: bool = False
    yield_margin: float = 0.1

    def check(self) -> None:
        """Raises RolloutError (gates) for a limit that no figure could be held against."""
        shares = (self.min_inside, self.max_losses, self.yield_margin)
        wrong = [x for x in shares if x is not None and not 0.0 <= x <= 1.0]
        if not 0.0 <= self.min_days <= 3650.0:
            wrong.append(self.min_days)
        if not 0 <= self.min_harvested <= 10_000:
            wrong.append(self.min_harvested)
        if wrong:
            raise RolloutError("gates", {"value": wrong[0]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Batch-seconds that were looked at, and those of them within warning limits and outside of
    critical ones. What was not measured is not in it."""

    counted_s: float = 0.0
    inside_s: float = 0.0
    critical_s: float = 0.0

    @property
    def inside(self) -> float | None:
        """The share within warning limits; None while nothing was counted."""
        return self.inside_s / self.counted_s if self.counted_s > 0 else None

    def plus(self, seconds: float, *, inside: bool, critical: bool) -> Exposure:
        """With `seconds` more of one batch."""
        return Exposure(
            counted_s=self.counted_s + seconds,
            inside_s=self.inside_s + (seconds if inside else 0.0),
            critical_s=self.critical_s + (seconds if critical else 0.0),
        )


class Finding(StrEnum):
    """What a comparison says of the yield of the new version: no less (but for the margin), less,
    or that it cannot be said yet."""

    NOT_LOWER = "not_lower"
    LOWER = "lower"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The newest comparison of yields: what it says and why, `change` the difference as a share of
    what the old version yields (None: not known), and how many batches of each it rests on."""

    finding: Finding
    at: float
    why: str = ""
    change: float | None = None
    old_n: int = 0
    new_n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn in the history of a roll-out: its state from then on, when, by whom and why."""

    state: RolloutState
    at: float
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A roll-out of one version of a recipe in place of another.

    `levels` and `batches` are what it begins with where the strategy has a beginning: `batches`
    are living ones that were chosen, or stood on the levels. `since` is from when the beginnings of
    phases count. `members` are the batches it gave the new version, `left` those that stay on
    theirs, and why. `new` and `old` are what batches of either version were in, counted until
    `counted_at`; `critical_since` is since when something around the new version is critical,
    `critical` what. `accepted` are gates that a person has gone on in spite of.
    """

    id: str
    recipe_id: str
    from_version: str
    to_version: str
    strategy: Strategy
    ramp_s: float
    started_at: float
    since: float
    levels: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    gates: Gates = field(default_factory=Gates)
    auto: bool = False
    state: RolloutState = RolloutState.RUNNING
    members: Mapping[str, Member] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    new: Exposure = field(default_factory=Exposure)
    old: Exposure = field(default_factory=Exposure)
    counted_at: float | None = None
    critical_since: float | None = None
    critical: tuple[str, ...] = ()
    judgement: Judgement | None = None
    accepted: frozenset[str] = frozenset()
    history: tuple[Turn, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self.state in (RolloutState.RUNNING, RolloutState.PAUSED)

    @property
    def versions(self) -> tuple[str, str]:
        """The old and the new version."""
        return self.from_version, self.to_version


# -- who gets which version ----------------------------------------------------------------------


def newest(rollouts: Iterable[Rollout], recipe_id: str) -> Rollout | None:
    """The roll-out that decides about a recipe: the one that was started last."""
    of_recipe = [r for r in rollouts if r.recipe_id == recipe_id]
    return max(of_recipe, key=lambda r: (r.started_at, r.id), default=None)


def given(rollout: Rollout, levels: Iterable[str]) -> str:
    """The version of a batch that is sown on these levels now.

    Raises RolloutError: both_arms, where some of them get the new version and some the old.
    """
    state = rollout.state
    if state in (RolloutState.PROMOTED, RolloutState.DONE):
        return rollout.to_version
    if state is not RolloutState.RUNNING:
        return rollout.from_version
    if rollout.strategy not in PARTIAL:
        return rollout.to_version
    chosen = [level in rollout.levels for level in levels]
    if any(chosen) and not all(chosen):
        raise RolloutError("both_arms", {"rollout": rollout.id})
    return rollout.to_version if any(chosen) else rollout.from_version


def due(rollout: Rollout, batch: Batch) -> str | None:
    """The version that a living batch is to move to now; None: it stays on its own.

    A batch is moved once: where a person moves it back by hand, it stays. One that still is on its
    way from a third version is waited for, so that its targets never jump.
    """
    if not batch.is_growing or batch.recipe_id != rollout.recipe_id or batch.id in rollout.left:
        return None
    way = batch.changeover
    if way is not None and way.from_version not in rollout.versions:
        return None
    member = rollout.members.get(batch.id)
    if rollout.state is RolloutState.ROLLED_BACK:
        given_by_it = member is not None and member.how is not Joined.RETURNED
        back = given_by_it and batch.recipe_version == rollout.to_version
        return rollout.from_version if back else None
    if member is not None or batch.recipe_version != rollout.from_version:
        return None
    return rollout.to_version if _its_turn(rollout, batch) else None


def _its_turn(rollout: Rollout, batch: Batch) -> bool:
    if rollout.state not in (RolloutState.RUNNING, RolloutState.PROMOTED):
        return False
    if rollout.strategy is Strategy.NEW_BATCHES:
        return False
    if rollout.strategy is Strategy.PHASE_BOUNDARY:
        return batch.phase_index > 0 and batch.phase_started_at >= rollout.since
    return rollout.state is RolloutState.PROMOTED or batch.id in rollout.batches


def waiting(rollout: Rollout, batches: Iterable[Batch]) -> tuple[str, ...]:
    """The living batches that a promoted roll-out, or one that was rolled back, still waits for."""
    back = rollout.state is RolloutState.ROLLED_BACK
    leaving = rollout.to_version if back else rollout.from_version
    found = []
    for batch in batches:
        if not batch.is_growing or batch.recipe_id != rollout.recipe_id:
            continue
        moving = batch.changeover is not None and batch.recipe_version in rollout.versions
        stays = batch.id in rollout.left or (batch.id in rollout.members and not back)
        if back:
            member = rollout.members.get(batch.id)
            stays = stays or member is None or member.how is Joined.RETURNED
        if moving or (batch.recipe_version == leaving and not stays):
            found.append(batch.id)
    return tuple(found)


def joined(rollout: Rollout, batch_id: str, how: Joined, at: float) -> Rollout:
    """With a batch that got the new version, or was brought back from it."""
    return replace(rollout, members={**rollout.members, batch_id: Member(how=how, at=at)})


def stays(rollout: Rollout, batch_id: str, why: str) -> Rollout:
    """With a batch that stays on its version."""
    return replace(rollout, left={**rollout.left, batch_id: why})


# -- what people do with it ----------------------------------------------------------------------

#: From which states each can be reached.
_FROM: Mapping[RolloutState, frozenset[RolloutState]] = {
    RolloutState.PAUSED: frozenset({RolloutState.RUNNING}),
    RolloutState.RUNNING: frozenset({RolloutState.PAUSED}),
    RolloutState.PROMOTED: frozenset({RolloutState.RUNNING, RolloutState.PAUSED}),
    RolloutState.ROLLED_BACK: frozenset(
        {RolloutState.RUNNING, RolloutState.PAUSED, RolloutState.PROMOTED}
    ),
    RolloutState.DONE: frozenset({RolloutState.PROMOTED}),
}


def turned(
    rollout: Rollout, state: RolloutState, at: float, *, by: str = "", why: str = ""
) -> Rollout:
    """In another state from `at` on. Raises RolloutError: state."""
    if rollout.state not in _FROM[state]:
        raise RolloutError("state", {"rollout": rollout.id, "state": rollout.state.value})
    turn = Turn(state=state, at=at, by=by, why=why)
    changed = replace(rollout, state=state, history=(*rollout.history, turn))
    if state is RolloutState.RUNNING:
        # Phases that began meanwhile have begun: the next ones count.
        changed = replace(changed, since=at)
    return changed


# -- gates ---------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """A gate holds, cannot be said to hold yet, or is broken."""

    PASSED = "passed"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One gate with its figure and the limit it is held against, in the unit of the gate (days,
    batches, shares); `why` says what is in the way where a number does not."""

    gate: str
    outcome: Outcome
    value: float | None
    limit: float | None
    why: str = ""


#: So many batch-seconds have to be counted before a share of them says anything: one day and night
#: (design choice).
COUNTED_LEAST_S = DAY_S
#: What is critical for so long is no passing fault (design choice).
CRITICAL_S = 900.0


def judged(rollout: Rollout, batches: Mapping[str, Batch], now: float) -> tuple[Verdict, ...]:
    """Every gate that was asked for, with its figure at `now`."""
    gates, found = rollout.gates, []
    days = (now - rollout.started_at) / DAY_S
    if gates.min_days > 0:
        found.append(_at_least("min_days", days, gates.min_days))
    if gates.min_harvested > 0:
        harvested = len(harvested_of(rollout, batches))
        found.append(_at_least("min_harvested", harvested, gates.min_harvested))
    if gates.min_inside is not None:
        share = rollout.new.inside
        if share is None or rollout.new.counted_s < COUNTED_LEAST_S:
            outcome = Outcome.WAITING
        else:
            outcome = Outcome.PASSED if share >= gates.min_inside else Outcome.FAILED
        found.append(
            Verdict(gate="min_inside", outcome=outcome, value=share, limit=gates.min_inside)
        )
    if gates.no_critical:
        found.append(_critical(rollout, now))
    if gates.max_losses is not None:
        found.append(_losses(rollout, batches, gates.max_losses))
    if gates.yield_not_lower:
        found.append(_yield(rollout))
    return tuple(found)


def _at_least(gate: str, value: float, limit: float) -> Verdict:
    outcome = Outcome.PASSED if value >= limit else Outcome.WAITING
    return Verdict(gate=gate, outcome=outcome, value=value, limit=limit)


def _critical(rollout: Rollout, now: float) -> Verdict:
    since = rollout.critical_since
    outcome = Outcome.PASSED
    if since is not None:
        outcome = Outcome.FAILED if now - since >= CRITICAL_S else Outcome.WAITING
    return Verdict(
        gate="no_critical",
        outcome=outcome,
        value=float(len(rollout.critical)),
        limit=0.0,
        why=", ".join(rollout.critical),
    )


def _losses(rollout: Rollout, batches: Mapping[str, Batch], most: float) -> Verdict:
    share = losses(rollout, batches)
    outcome = Outcome.WAITING
    if share is not None:
        outcome = Outcome.PASSED if share <= most else Outcome.FAILED
    return Verdict(gate="max_losses", outcome=outcome, value=share, limit=most)


def _yield(rollout: Rollout) -> Verdict:
    known, margin = rollout.judgement, -rollout.gates.yield_margin
    if known is None:
        return Verdict(gate="yield_not_lower", outcome=Outcome.WAITING, value=None, limit=margin)
    outcome = {
        Finding.NOT_LOWER: Outcome.PASSED,
        Finding.LOWER: Outcome.FAILED,
        Finding.OPEN: Outcome.WAITING,
    }[known.finding]
    return Verdict(
        gate="yield_not_lower", outcome=outcome, value=known.change, limit=margin, why=known.why
    )


def harvested_of(rollout: Rollout, batches: Mapping[str, Batch]) -> tuple[str, ...]:
    """The batches that were harvested on the new version."""
    return tuple(
        key
        for key in rollout.members
        if (batch := batches.get(key)) is not None
        and batch.harvest is not None
        and batch.recipe_version == rollout.to_version
    )


def losses(rollout: Rollout, batches: Mapping[str, Batch]) -> float | None:
    """The share of plants that were lost since they have the new version; a batch that was given up
    is lost whole. None while nobody has it."""
    lost = whole = 0
    for key, member in rollout.members.items():
        batch = batches.get(key)
        if batch is None or batch.merge is not None:
            continue
        since = [loss.plants for loss in batch.losses if loss.at >= member.at]
        taken = [cut.plants for cut in batch.cuts if cut.at >= member.at and not cut.last]
        given_up = batch.plants if batch.failure is not None else 0
        lost += sum(since) + given_up
        whole += batch.plants + sum(since) + sum(taken)
    return lost / whole if whole else None
