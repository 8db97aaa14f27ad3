"""The rules of a roll-out: who gets which version, what a gate says, and that no way is a jump."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.support import bench_phase, bench_recipe, setpoint
from vfarm_core.batches.lifecycle import DAY_S, change_recipe, fail, harvest, sow
from vfarm_core.batches.model import CHANGE_STEP_S, Batch
from vfarm_core.batches.rollout import (
    COUNTED_LEAST_S,
    Exposure,
    Finding,
    Gates,
    Joined,
    Judgement,
    Outcome,
    Rollout,
    RolloutError,
    RolloutState,
    Strategy,
    due,
    judged,
    losses,
    newest,
    turned,
    waiting,
)
from vfarm_core.batches.rollout import given as given_version
from vfarm_core.batches.rollout import joined as with_member
from vfarm_core.farm.codec import decode, encode
from vfarm_core.recipes.blend import blend
from vfarm_core.recipes.model import ClimateQuantity, Phase, PhaseKind, Recipe

HOUR = 3600.0
AIR = ClimateQuantity.AIR_TEMPERATURE


def recipe(temperature: float, ppfd: float, hours: float) -> Recipe:
    phases = []
    for name, kind in (("young", PhaseKind.PROPAGATION), ("full", PhaseKind.VEGETATIVE)):
        phase = bench_phase(name, kind, days=20.0)
        light = replace(phase.light, ppfd=ppfd, photoperiod_h=hours, dli=ppfd * hours * 0.0036)
        climate = {**phase.climate, AIR: setpoint(temperature, 18, 3, 6)}
        phases.append(replace(phase, climate=climate, light=light))
    return bench_recipe(phases=tuple(phases))


OLD, NEW = recipe(22.0, 200.0, 16.0), recipe(26.0, 240.0, 18.0)
BY_VERSION = {r.version: r for r in (OLD, NEW)}


def rollout(strategy: Strategy = Strategy.NEW_BATCHES, **changes: object) -> Rollout:
    values: dict[str, object] = {
        "id": "r1",
        "recipe_id": OLD.id,
        "from_version": OLD.version,
        "to_version": NEW.version,
        "strategy": strategy,
        "ramp_s": DAY_S,
        "started_at": 0.0,
        "since": 0.0,
        "gates": Gates(no_critical=False),
    }
    return Rollout(**{**values, **changes})  # type: ignore[arg-type]


def batch(key: str = "b", version: Recipe = OLD, at: float = 0.0, level: str = "l1") -> Batch:
    return sow(id=key, recipe=version, plants=20, placements={level: 20}, at=at)


# -- who gets which version -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "state", "level", "version"),
    [
        (Strategy.NEW_BATCHES, RolloutState.RUNNING, "l1", NEW),
        (Strategy.NEW_BATCHES, RolloutState.PAUSED, "l1", OLD),
        (Strategy.NEW_BATCHES, RolloutState.PROMOTED, "l1", NEW),
        (Strategy.NEW_BATCHES, RolloutState.ROLLED_BACK, "l1", OLD),
        (Strategy.NEW_BATCHES, RolloutState.DONE, "l1", NEW),
        (Strategy.PHASE_BOUNDARY, RolloutState.RUNNING, "l1", NEW),
        (Strategy.BLUE_GREEN, RolloutState.RUNNING, "l1", OLD),
        (Strategy.BLUE_GREEN, RolloutState.RUNNING, "green", NEW),
        (Strategy.BLUE_GREEN, RolloutState.PAUSED, "green", OLD),
        (Strategy.CANARY, RolloutState.RUNNING, "green", NEW),
        (Strategy.CANARY, RolloutState.DONE, "l1", NEW),
    ],
)
def test_the_state_and_the_level_decide_what_is_sown(
    strategy: Strategy, state: RolloutState, level: str, version: Recipe
) -> None:
    found = given_version(rollout(strategy, state=state, levels=("green",)), [level])
    assert found == version.version


def test_levels_of_both_arms_cannot_be_one_batch() -> None:
    with pytest.raises(RolloutError) as err:
        given_version(rollout(Strategy.BLUE_GREEN, levels=("green",)), ["green", "blue"])
    assert err.value.key == "both_arms"


def test_the_newest_roll_out_of_a_recipe_decides() -> None:
    first, second = rollout(), rollout(id="r2", started_at=5.0)
    other = rollout(id="r3", started_at=9.0, recipe_id="basil")
    assert newest([second, first, other], OLD.id) is second
    assert newest([other], OLD.id) is None


def test_one_on_its_way_from_a_third_version_is_waited_for() -> None:
    third = recipe(20.0, 150.0, 16.0)
    moving = change_recipe(batch(version=third), third, OLD, 10.0, DAY_S)
    chosen = rollout(Strategy.CANARY, batches=("b",))
    assert due(chosen, moving) is None
    assert due(chosen, replace(moving, changeover=None)) == NEW.version


def test_a_roll_out_of_new_batches_waits_for_the_last_living_old_one() -> None:
    promoted = rollout(state=RolloutState.PROMOTED)
    assert waiting(promoted, [batch()]) == ("b",)
    assert waiting(promoted, [harvest(batch(), 5.0, 1.0)]) == ()


@pytest.mark.parametrize("state", list(RolloutState))
@pytest.mark.parametrize("to", list(RolloutState))
def test_only_turns_that_make_sense(state: RolloutState, to: RolloutState) -> None:
    allowed = {
        RolloutState.RUNNING: {
            RolloutState.PAUSED,
            RolloutState.PROMOTED,
            RolloutState.ROLLED_BACK,
        },
        RolloutState.PAUSED: {
            RolloutState.RUNNING,
            RolloutState.PROMOTED,
            RolloutState.ROLLED_BACK,
        },
        RolloutState.PROMOTED: {RolloutState.ROLLED_BACK, RolloutState.DONE},
        RolloutState.ROLLED_BACK: set(),
        RolloutState.DONE: set(),
    }
    before = rollout(state=state)
    if to in allowed[state]:
        after = turned(before, to, 7.0, by="anna", why="because")
        assert after.state is to
        assert after.history[-1].by == "anna"
    else:
        with pytest.raises(RolloutError):
            turned(before, to, 7.0)


# -- gates ----------------------------------------------------------------------------------------


def outcome(found: Rollout, gate: str, now: float = 0.0, **batches: Batch) -> Outcome:
    return next(v.outcome for v in judged(found, batches, now) if v.gate == gate)


def test_days_and_harvests_are_waited_for_and_never_broken() -> None:
    found = rollout(gates=Gates(min_days=3, min_harvested=1))
    assert outcome(found, "min_days", 2 * DAY_S) is Outcome.WAITING
    assert outcome(found, "min_days", 3 * DAY_S) is Outcome.PASSED
    done = harvest(batch(version=NEW), 5.0, 1.0)
    assert outcome(found, "min_harvested", b=done) is Outcome.WAITING
    joined = with_member(found, "b", Joined.SOWN, 0.0)
    assert outcome(joined, "min_harvested", b=done) is Outcome.PASSED


@pytest.mark.parametrize(
    ("counted", "share", "expected"),
    [
        (COUNTED_LEAST_S - 1, 0.0, Outcome.WAITING),
        (COUNTED_LEAST_S, 0.95, Outcome.PASSED),
        (COUNTED_LEAST_S, 0.94, Outcome.FAILED),
    ],
)
def test_a_share_says_nothing_before_a_day(counted: float, share: float, expected: Outcome) -> None:
    seen = Exposure(counted_s=counted, inside_s=counted * share)
    found = rollout(gates=Gates(min_inside=0.95), new=seen)
    assert outcome(found, "min_inside") is expected


def test_what_is_critical_for_a_moment_keeps_it_closed_and_then_breaks_it() -> None:
    found = rollout(gates=Gates(), critical=("zone",), critical_since=100.0)
    assert outcome(found, "no_critical", 200.0) is Outcome.WAITING
    assert outcome(found, "no_critical", 1000.0) is Outcome.FAILED
    assert outcome(rollout(gates=Gates()), "no_critical") is Outcome.PASSED


def test_losses_before_the_new_version_are_not_its_own() -> None:
    from vfarm_core.batches.harvests import lose

    early = lose(batch(), 50.0, 4, "damping off")
    found = with_member(rollout(), "b", Joined.MOVED, 100.0)
    assert losses(found, {"b": early}) == 0.0
    late = lose(early, 150.0, 4, "tip burn")
    assert losses(found, {"b": late}) == pytest.approx(4 / 16)
    assert losses(found, {"b": fail(late, 200.0, "pythium")}) == 1.0


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (None, Outcome.WAITING),
        (Finding.OPEN, Outcome.WAITING),
        (Finding.NOT_LOWER, Outcome.PASSED),
        (Finding.LOWER, Outcome.FAILED),
    ],
)
def test_a_yield_gate_says_what_the_comparison_says(
    finding: Finding | None, expected: Outcome
) -> None:
    judgement = None if finding is None else Judgement(finding=finding, at=0.0)
    found = rollout(gates=Gates(no_critical=False, yield_not_lower=True), judgement=judgement)
    assert outcome(found, "yield_not_lower") is expected


@pytest.mark.parametrize(
    "gates",
    [
        Gates(min_days=-1),
        Gates(min_harvested=-1),
        Gates(min_inside=1.2),
        Gates(max_losses=-0.1),
        Gates(yield_margin=2.0),
        Gates(min_days=float("nan")),
    ],
)
def test_gates_that_no_figure_fits_are_refused(gates: Gates) -> None:
    with pytest.raises(RolloutError):
        gates.check()


def test_it_is_kept_without_loss() -> None:
    full = rollout(
        Strategy.BLUE_GREEN,
        levels=("green",),
        gates=Gates(min_days=3, min_inside=0.9, max_losses=0.1, yield_not_lower=True),
        new=Exposure(counted_s=5.0, inside_s=4.0, critical_s=1.0),
        judgement=Judgement(finding=Finding.OPEN, at=3.0, why="too few"),
        accepted=frozenset({"max_losses"}),
        left={"c": "phase_missing"},
    )
    full = turned(with_member(full, "b", Joined.SOWN, 1.0), RolloutState.PAUSED, 2.0, by="anna")
    assert decode(Rollout, encode(full)) == full


# -- the way there and back -----------------------------------------------------------------------


def felt(b: Batch, now: float) -> Phase:
    """What a batch gets at `now`, on its way or not."""
    own = BY_VERSION[b.recipe_version].phases[b.phase_index]
    way = b.changeover
    if way is None or way.share(now) >= 1.0:
        return own
    old = BY_VERSION[way.from_version].phases[way.from_phase]
    return blend(old, own, way.share(now), way.light_share(now))


#: How far the day temperature and the PPFD of both versions are apart.
_WAY_K, _WAY_PPFD = 4.0, 40.0


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(24, 120)),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_is_turned_round_targets_never_move_faster_than_their_ramp(
    turns: list[tuple[int, int]],
) -> None:
    b, now, fastest = batch(), 0.0, 0.0
    before = felt(b, now)
    for wait_h, ramp_h in turns:
        for _ in range(wait_h):
            now += CHANGE_STEP_S
            after = felt(b, now)
            step = abs(after.climate[AIR].day - before.climate[AIR].day)
            assert step <= _WAY_K * fastest + 1e-9
            assert abs(after.light.ppfd - before.light.ppfd) <= _WAY_PPFD * fastest + 1e-9
            before = after
        if b.changeover is not None and b.changeover.share(now) >= 1.0:
            b = replace(b, changeover=None)
        here = BY_VERSION[b.recipe_version]
        b = change_recipe(b, here, NEW if here is OLD else OLD, now, ramp_h * HOUR)
        # The turn itself moves nothing.
        after = felt(b, now)
        assert after.climate[AIR].day == pytest.approx(before.climate[AIR].day, abs=1e-9)
        assert after.light.ppfd == pytest.approx(before.light.ppfd, abs=1e-9)
        assert after.light.photoperiod_h == pytest.approx(before.light.photoperiod_h, abs=1e-9)
        fastest = max(fastest, 1.0 / ramp_h)
        before = after


@given(come_h=st.integers(0, 47), ramp_h=st.integers(1, 48))
def test_the_way_back_takes_the_part_that_was_come(come_h: int, ramp_h: int) -> None:
    there = change_recipe(batch(), OLD, NEW, 0.0, 48 * HOUR)
    now = come_h * HOUR
    back = change_recipe(there, NEW, OLD, now, ramp_h * HOUR)
    if come_h == 0:
        assert back.changeover is None
        return
    assert back.changeover is not None
    assert back.changeover.ramp_s == pytest.approx(ramp_h * HOUR * come_h / 48)
    end = now + back.changeover.ramp_s
    assert felt(back, end) == OLD.phases[0]
