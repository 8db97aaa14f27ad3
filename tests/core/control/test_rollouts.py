"""A new version of a recipe comes to the farm in stages, and can be taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import Bench, bench_farm, bench_phase, bench_recipe, setpoint
from vfarm_core.batches.model import Batch, BatchState
from vfarm_core.batches.rollout import (
    Finding,
    Gates,
    Joined,
    Judgement,
    Rollout,
    RolloutState,
    Strategy,
)
from vfarm_core.control.effects import Severity
from vfarm_core.control.inputs import (
    AdvancePhase,
    ChangeRecipe,
    FailBatch,
    Harvest,
    JudgeRollout,
    LosePlants,
    PauseRollout,
    PromoteRollout,
    ResumeRollout,
    RollBackRollout,
    SowBatch,
    SplitBatch,
    StartBatch,
    StartRollout,
)
from vfarm_core.control.snapshot import FarmSnapshot, RolloutView, ZoneSnapshot
from vfarm_core.recipes.model import ClimateQuantity, PhaseKind, Recipe

HOUR = 3600.0
DAY = 24 * HOUR
SHORT = (
    bench_phase("young", PhaseKind.PROPAGATION, days=2.0),
    bench_phase("full", PhaseKind.VEGETATIVE, days=3.0),
)
OLD = bench_recipe(phases=SHORT)
FREE = Gates(no_critical=False)


def warmer(by: float = 2.0, ppfd: float = 240.0) -> Recipe:
    """The old version with warmer days and more light."""
    phases = []
    for phase in OLD.phases:
        climate = {**phase.climate, ClimateQuantity.AIR_TEMPERATURE: setpoint(24 + by, 20, 3, 6)}
        light = replace(phase.light, ppfd=ppfd, dli=ppfd * 16 * 0.0036)
        phases.append(replace(phase, climate=climate, light=light))
    return bench_recipe(phases=tuple(phases), parent=OLD.version, changelog=("Warmer.",))


NEW = warmer()


def start(bench: Bench, strategy: Strategy, **changes: Any):
    values: dict[str, Any] = {"ramp_s": 12 * HOUR, "gates": FREE, "by": "grower", "why": "trial"}
    request = {"id": "r1", "old": OLD, "new": NEW, "strategy": strategy, **values, **changes}
    return bench.ask(StartRollout(**request))


def begun(bench: Bench, strategy: Strategy, **changes: Any) -> Rollout:
    answer = start(bench, strategy, **changes)
    assert answer.refused is None, answer
    return rollout(bench)


def rollout(bench: Bench, key: str = "r1") -> Rollout:
    return bench.runtime.memory.rollouts[key]


def batch(bench: Bench, key: str = "batch_1") -> Batch:
    return bench.runtime.memory.batches[key]


def sow(bench: Bench, key: str, *levels: str, recipe: Recipe = OLD) -> Batch:
    bench.start_batch(levels or ("level_1",), id=key, recipe=recipe)
    return batch(bench, key)


def view(bench: Bench) -> RolloutView:
    farm = bench.runtime.snapshots["farm"]
    assert isinstance(farm, FarmSnapshot)
    return farm.rollouts[0]


def target(bench: Bench) -> float:
    zone = bench.runtime.snapshots["zone"]
    assert isinstance(zone, ZoneSnapshot)
    assert zone.air_temperature.target is not None
    return zone.air_temperature.target


def noon(bench: Bench) -> None:
    bench.advance((12 * HOUR - bench.clock.farm % DAY) % DAY or DAY)


# -- who gets the new version ---------------------------------------------------------------------


def test_new_batches_get_the_new_version_and_living_ones_keep_theirs(bench: Bench) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.NEW_BATCHES)
    # Whoever sows still asks for the version that he knows.
    assert sow(bench, "batch_2", "level_2").recipe_version == NEW.version
    bench.advance(3 * DAY)
    assert batch(bench).phase_index == 1
    assert batch(bench).recipe_version == OLD.version
    assert rollout(bench).members["batch_2"].how is Joined.SOWN


def test_at_a_phase_boundary_a_living_batch_moves_by_the_ramp(bench: Bench) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.PHASE_BOUNDARY)
    bench.advance(DAY)
    assert batch(bench).recipe_version == OLD.version
    bench.advance(DAY + 60)
    moved = batch(bench)
    assert (moved.phase_index, moved.recipe_version) == (1, NEW.version)
    assert moved.changeover is not None
    assert moved.changeover.ramp_s == 12 * HOUR
    (event,) = bench.journal.of("recipe_changed")
    assert (event["by"], event["rollout"], event["version"]) == ("rollout", "r1", NEW.version)
    bench.advance(12 * HOUR)
    assert batch(bench).changeover is None
    assert view(bench).moved == ("batch_1",)


def test_a_phase_that_had_begun_before_is_no_boundary(bench: Bench) -> None:
    sow(bench, "batch_1")
    bench.advance(2 * DAY + HOUR)
    begun(bench, Strategy.PHASE_BOUNDARY)
    bench.advance(2 * DAY)
    assert batch(bench).recipe_version == OLD.version


def test_a_phase_advanced_by_hand_is_a_boundary(bench: Bench) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.PHASE_BOUNDARY)
    bench.ask(AdvancePhase(batch="batch_1", by="grower"))
    assert batch(bench).recipe_version == NEW.version


def test_a_canary_begins_with_its_levels_and_the_rest_follows_on_promotion(bench: Bench) -> None:
    sow(bench, "batch_1", "level_1")
    sow(bench, "batch_2", "level_2")
    begun(bench, Strategy.CANARY, levels=("level_1",))
    assert batch(bench, "batch_1").recipe_version == NEW.version
    bench.advance(DAY)
    assert batch(bench, "batch_2").recipe_version == OLD.version
    answer = bench.ask(PromoteRollout(rollout="r1", by="grower"))
    assert answer.refused is None
    assert answer.data["waits_for"] == ["batch_2"]
    assert batch(bench, "batch_2").recipe_version == NEW.version
    bench.advance(13 * HOUR)
    assert rollout(bench).state is RolloutState.DONE
    assert bench.kinds().count("rollout_done") == 1


def test_a_canary_can_be_a_batch(bench: Bench) -> None:
    sow(bench, "batch_1")
    sow(bench, "batch_2")
    begun(bench, Strategy.CANARY, batches=("batch_2",))
    assert batch(bench, "batch_1").recipe_version == OLD.version
    assert batch(bench, "batch_2").recipe_version == NEW.version


def test_blue_and_green_go_on_side_by_side(bench: Bench) -> None:
    begun(bench, Strategy.BLUE_GREEN, levels=("level_2",))
    assert sow(bench, "blue", "level_1").recipe_version == OLD.version
    assert sow(bench, "green", "level_2").recipe_version == NEW.version
    # Whichever version is asked for.
    assert sow(bench, "blue_2", "level_1", recipe=NEW).recipe_version == OLD.version
    bench.advance(3 * DAY)
    versions = {b.id: b.recipe_version for b in bench.runtime.memory.batches.values()}
    assert versions == {"blue": OLD.version, "green": NEW.version, "blue_2": OLD.version}
    bench.ask(PromoteRollout(rollout="r1", by="grower"))
    assert batch(bench, "blue").recipe_version == NEW.version
    assert sow(bench, "later", "level_2").recipe_version == NEW.version


def test_a_batch_on_blue_and_green_levels_is_refused(bench: Bench) -> None:
    begun(bench, Strategy.BLUE_GREEN, levels=("level_2",))
    made, answer = bench.try_batch(("level_1", "level_2"), recipe=OLD)
    assert answer.refused == "rollout_both_arms"
    assert made.id not in bench.runtime.memory.batches


def test_a_version_that_a_person_pins_is_what_is_sown_and_stays(bench: Bench) -> None:
    begun(bench, Strategy.PHASE_BOUNDARY)
    made, answer = bench.try_batch(("level_2",), id="other", recipe=OLD)
    assert batch(bench, "other").recipe_version == NEW.version
    pinned = replace(made, id="mine", placements=(replace(made.placements[0], sites=6),))
    answer = bench.ask(StartBatch(batch=pinned, recipe=OLD, pinned=True))
    assert answer.data["version"] == OLD.version
    bench.advance(3 * DAY)
    assert batch(bench, "mine").recipe_version == OLD.version
    assert view(bench).left == {"mine": "pinned"}


def test_a_third_version_is_not_touched(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES)
    third = warmer(by=1.0)
    assert sow(bench, "batch_1", recipe=third).recipe_version == third.version


def test_a_planned_batch_gets_its_version_when_it_is_sown(bench: Bench) -> None:
    made, _ = bench.try_batch(id="seen", recipe=OLD)
    planned = replace(made, id="later", state=BatchState.PLANNED)
    assert bench.ask(StartBatch(batch=planned, recipe=OLD)).refused is None
    begun(bench, Strategy.NEW_BATCHES)
    assert batch(bench, "later").recipe_version == OLD.version
    assert bench.ask(SowBatch(batch="later")).refused is None
    assert batch(bench, "later").recipe_version == NEW.version
    assert "later" in rollout(bench).members


def test_what_a_person_moves_back_by_hand_is_not_moved_again(bench: Bench) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.CANARY, levels=("level_1",))
    bench.ask(ChangeRecipe(batch="batch_1", recipe=OLD, ramp_s=HOUR, by="grower"))
    bench.advance(DAY)
    assert batch(bench).recipe_version == OLD.version


def test_the_rest_of_a_batch_that_was_split_belongs_to_it(bench: Bench) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.CANARY, levels=("level_1",))
    bench.ask(SplitBatch(batch="batch_1", new="batch_1b", sites={"level_1": 6}))
    assert "batch_1b" in rollout(bench).members
    bench.ask(RollBackRollout(rollout="r1", by="grower"))
    assert batch(bench, "batch_1b").recipe_version == OLD.version


# -- pause, resume, back --------------------------------------------------------------------------


def test_while_it_is_paused_nobody_gets_the_new_version(bench: Bench) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.PHASE_BOUNDARY)
    bench.ask(PauseRollout(rollout="r1", by="grower", why="mould"))
    assert sow(bench, "batch_2", "level_2").recipe_version == OLD.version
    bench.advance(2 * DAY + HOUR)
    assert batch(bench).recipe_version == OLD.version
    bench.ask(ResumeRollout(rollout="r1", by="grower"))
    bench.advance(HOUR)
    # Its phase began while it was paused: the next boundary counts.
    assert batch(bench).recipe_version == OLD.version
    assert sow(bench, "batch_3", "level_2").recipe_version == NEW.version


def test_rolled_back_in_mid_ramp_targets_return_from_where_they_are(bench: Bench) -> None:
    sow(bench, "batch_1")
    noon(bench)
    begun(bench, Strategy.CANARY, levels=("level_1",), ramp_s=24 * HOUR)
    bench.advance(12 * HOUR)
    half = batch(bench)
    assert half.changeover is not None
    assert half.changeover.share(bench.clock.farm) == 0.5
    answer = bench.ask(RollBackRollout(rollout="r1", by="grower", why="tip burn"))
    assert answer.refused is None
    way = batch(bench).changeover
    assert way is not None
    assert way.share(bench.clock.farm) == 0.5
    assert way.ramp_s == 12 * HOUR
    bench.advance(12 * HOUR)
    noon(bench)
    assert target(bench) == 24
    assert batch(bench).changeover is None
    assert rollout(bench).state is RolloutState.ROLLED_BACK
    assert view(bench).returned == ("batch_1",)


def test_rolled_back_new_batches_get_the_old_version_again(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES)
    sow(bench, "batch_1", recipe=NEW)
    bench.ask(RollBackRollout(rollout="r1", by="grower"))
    assert batch(bench).recipe_version == OLD.version
    # The shelf may still hold the new version: what was rolled back is not sown.
    assert sow(bench, "batch_2", "level_2", recipe=NEW).recipe_version == OLD.version


def test_after_a_roll_back_another_can_be_started(bench: Bench) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.CANARY, levels=("level_1",))
    bench.advance(12 * HOUR)
    bench.ask(RollBackRollout(rollout="r1", by="grower", ramp_s=2 * HOUR))
    # Its batch is still on its way back.
    assert start(bench, Strategy.NEW_BATCHES, id="r2").refused == "rollout_running"
    bench.advance(2 * HOUR)
    assert start(bench, Strategy.NEW_BATCHES, id="r2").refused is None
    assert bench.ask(RollBackRollout(rollout="r1")).refused == "rollout_running"
    assert sow(bench, "batch_2", "level_2").recipe_version == NEW.version


def test_history_says_who_when_and_why(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES)
    bench.ask(PauseRollout(rollout="r1", by="anna", why="holiday"))
    bench.ask(ResumeRollout(rollout="r1", by="ben"))
    bench.ask(PromoteRollout(rollout="r1", by="anna", why="good"))
    turns = [(t.state, t.by, t.why) for t in rollout(bench).history]
    assert turns[:4] == [
        (RolloutState.RUNNING, "grower", "trial"),
        (RolloutState.PAUSED, "anna", "holiday"),
        (RolloutState.RUNNING, "ben", ""),
        (RolloutState.PROMOTED, "anna", "good"),
    ]
    told = [e["by"] for e in bench.journal.of("rollout_promoted")]
    assert told == ["anna"]


# -- gates ----------------------------------------------------------------------------------------


def gate(bench: Bench, name: str):
    return next(v for v in view(bench).gates if v.gate == name)


def test_promotion_is_refused_while_a_gate_is_closed_and_says_its_figure(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES, gates=Gates(min_days=2, min_harvested=1))
    sow(bench, "batch_1")
    bench.advance(DAY)
    answer = bench.ask(PromoteRollout(rollout="r1", by="grower"))
    assert answer.refused == "rollout_gates_closed"
    assert "min_days waiting, 1 (limit 2)" in answer.params["gates"]
    assert rollout(bench).state is RolloutState.RUNNING
    bench.advance(DAY)
    bench.ask(Harvest(batch="batch_1", kg=2.0))
    bench.advance(600)
    assert gate(bench, "min_harvested").value == 1
    assert bench.ask(PromoteRollout(rollout="r1", by="grower")).refused is None


def test_despite_a_closed_gate_only_with_a_reason(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES, gates=Gates(min_days=2, no_critical=False))
    answer = bench.ask(PromoteRollout(rollout="r1", despite=True))
    assert answer.refused == "rollout_why"
    answer = bench.ask(PromoteRollout(rollout="r1", despite=True, why="spring", by="grower"))
    assert answer.refused is None
    (event,) = bench.journal.of("rollout_promoted")
    assert (event["despite"], event["why"]) == ("min_days", "spring")


def test_losses_beyond_the_limit_pause_it_and_are_told(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES, gates=Gates(no_critical=False, max_losses=0.1))
    sow(bench, "batch_1")
    bench.advance(HOUR)
    assert rollout(bench).state is RolloutState.RUNNING
    bench.ask(LosePlants(batch="batch_1", plants=3, why="damping off"))
    bench.advance(600)
    assert rollout(bench).state is RolloutState.PAUSED
    event = next(e for e in bench.events if e.kind == "rollout_paused")
    assert event.severity is Severity.P3
    assert event.params["by"] == "gates"
    assert "max_losses failed, 0.1667 (limit 0.1)" in event.params["gates"]


def test_a_person_may_go_on_in_spite_of_a_broken_gate_but_not_promote(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES, gates=Gates(no_critical=False, max_losses=0.1))
    sow(bench, "batch_1")
    bench.ask(LosePlants(batch="batch_1", plants=3, why="damping off"))
    bench.advance(600)
    bench.ask(ResumeRollout(rollout="r1", by="grower", why="known cause"))
    bench.advance(2 * HOUR)
    assert rollout(bench).state is RolloutState.RUNNING
    assert bench.ask(PromoteRollout(rollout="r1")).refused == "rollout_gates_closed"


def test_a_batch_that_was_given_up_is_lost_whole(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES, gates=Gates(no_critical=False, max_losses=0.5))
    sow(bench, "batch_1")
    bench.ask(FailBatch(batch="batch_1", why="pythium"))
    bench.advance(600)
    assert gate(bench, "max_losses").value == 1.0
    assert rollout(bench).state is RolloutState.PAUSED


def test_time_outside_of_warning_limits_is_counted_and_pauses_it(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES, gates=Gates(no_critical=False, min_inside=0.9))
    bench.values["zone.air_temperature"] = 26.0
    sow(bench, "batch_1")
    noon(bench)
    bench.advance(4 * HOUR)
    counted = rollout(bench).new
    assert counted.counted_s == pytest.approx(bench.clock.farm - rollout(bench).started_at, abs=900)
    assert counted.inside == pytest.approx(1.0, abs=0.2)
    bench.values["zone.air_temperature"] = 30.5
    bench.advance(22 * HOUR)
    assert rollout(bench).state is RolloutState.PAUSED
    found = gate(bench, "min_inside")
    assert found.value is not None
    assert found.value < 0.9


def test_what_is_not_measured_counts_neither_way(bench: Bench) -> None:
    for point in ("zone.air_temperature", "zone.humidity", "zone.co2"):
        bench.report(point, None)
        del bench.values[point]
    begun(bench, Strategy.NEW_BATCHES)
    sow(bench, "batch_1")
    bench.advance(6 * HOUR)
    assert rollout(bench).new.counted_s == 0


def test_what_stays_critical_pauses_it(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES, gates=Gates())
    sow(bench, "batch_1")
    bench.advance(600)
    assert rollout(bench).state is RolloutState.RUNNING
    bench.report("tank.leak", 1.0)
    bench.advance(1800)
    assert rollout(bench).state is RolloutState.PAUSED
    assert "tank" in gate(bench, "no_critical").why


def test_a_comparison_opens_the_gate_of_yields(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES, gates=Gates(no_critical=False, yield_not_lower=True))
    assert bench.ask(PromoteRollout(rollout="r1")).refused == "rollout_gates_closed"
    at = bench.clock.farm
    open_ = Judgement(finding=Finding.OPEN, at=at, why="2 batches each are too few")
    bench.ask(JudgeRollout(rollout="r1", judgement=open_))
    assert bench.ask(PromoteRollout(rollout="r1")).refused == "rollout_gates_closed"
    good = Judgement(finding=Finding.NOT_LOWER, at=at, change=0.04, old_n=6, new_n=6)
    bench.ask(JudgeRollout(rollout="r1", judgement=good))
    assert bench.ask(PromoteRollout(rollout="r1")).refused is None


def test_a_lower_yield_pauses_it_at_once(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES, gates=Gates(no_critical=False, yield_not_lower=True))
    low = Judgement(finding=Finding.LOWER, at=bench.clock.farm, change=-0.3, old_n=6, new_n=6)
    bench.ask(JudgeRollout(rollout="r1", judgement=low))
    assert rollout(bench).state is RolloutState.PAUSED


@pytest.mark.parametrize("auto", [True, False])
def test_it_promotes_itself_only_where_that_was_asked_for(bench: Bench, auto: bool) -> None:
    sow(bench, "batch_1", "level_1")
    sow(bench, "batch_2", "level_2")
    gates = Gates(no_critical=False, min_days=1)
    begun(bench, Strategy.CANARY, levels=("level_1",), gates=gates, auto=auto)
    bench.advance(DAY + HOUR)
    expected = NEW.version if auto else OLD.version
    assert batch(bench, "batch_2").recipe_version == expected
    assert (rollout(bench).state is RolloutState.RUNNING) is not auto


# -- what cannot be rolled out --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "changes", "key"),
    [
        (Strategy.NEW_BATCHES, {"new": OLD}, "rollout_same_version"),
        (Strategy.NEW_BATCHES, {"new": bench_recipe(id="other")}, "rollout_other_recipe"),
        (Strategy.NEW_BATCHES, {"levels": ("level_1",)}, "rollout_levels"),
        (Strategy.NEW_BATCHES, {"ramp_s": 15 * DAY}, "rollout_ramp"),
        (Strategy.NEW_BATCHES, {"gates": Gates(max_losses=1.5)}, "rollout_gates"),
        (Strategy.CANARY, {}, "rollout_no_levels"),
        (Strategy.CANARY, {"levels": ("attic",)}, "level_unknown"),
        (Strategy.CANARY, {"batches": ("nobody",)}, "batch_unknown"),
        (Strategy.BLUE_GREEN, {"levels": ("level_1", "level_2")}, "rollout_all_levels"),
        (Strategy.NEW_BATCHES, {"new": warmer(ppfd=900.0)}, "rollout_infeasible"),
    ],
)
def test_a_roll_out_that_makes_no_sense_is_refused(
    bench: Bench, strategy: Strategy, changes: dict[str, Any], key: str
) -> None:
    before = bench.runtime.memory
    assert start(bench, strategy, **changes).refused == key
    assert bench.runtime.memory.rollouts == before.rollouts
    assert bench.runtime.memory.recipes == before.recipes


def test_a_version_that_its_crop_cannot_bear_is_refused_with_the_reason(bench: Bench) -> None:
    phases = tuple(
        replace(
            phase,
            climate={**phase.climate, ClimateQuantity.VPD: setpoint(9.0, 9.0, 0.2, 0.4)},
        )
        for phase in OLD.phases
    )
    answer = start(bench, Strategy.NEW_BATCHES, new=bench_recipe(phases=phases))
    assert answer.refused == "rollout_recipe_wrong"
    assert "9 kPa" in answer.params["why"]


def test_one_roll_out_of_a_recipe_at_a_time(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES)
    assert start(bench, Strategy.NEW_BATCHES).refused == "rollout_exists"
    answer = start(bench, Strategy.NEW_BATCHES, id="r2")
    assert answer.refused == "rollout_running"
    assert answer.params["rollout"] == "r1"


def test_an_unknown_one_and_one_that_is_over_are_refused(bench: Bench) -> None:
    assert bench.ask(PauseRollout(rollout="r9")).refused == "rollout_unknown"
    begun(bench, Strategy.NEW_BATCHES)
    bench.ask(RollBackRollout(rollout="r1"))
    assert bench.ask(PromoteRollout(rollout="r1", despite=True, why="x")).refused == "rollout_state"
    assert bench.ask(RollBackRollout(rollout="r1")).refused == "rollout_state"


def test_arms_that_share_their_air_are_told(bench: Bench) -> None:
    answer = start(bench, Strategy.BLUE_GREEN, levels=("level_1",))
    assert answer.data["shared"] == ["zone"]
    assert "phases.young.light.ppfd: 200 → 240" in answer.data["changes"]


def test_a_batch_that_cannot_share_its_air_stays_and_a_person_is_told(bench: Bench) -> None:
    sow(bench, "batch_1", "level_1")
    other = bench_recipe(
        id="cool",
        phases=tuple(
            replace(
                phase,
                climate={
                    **phase.climate,
                    ClimateQuantity.AIR_TEMPERATURE: setpoint(24, 20, 3, 3.5),
                },
            )
            for phase in OLD.phases
        ),
    )
    sow(bench, "cool", "level_2", recipe=other)
    hot = warmer(by=10.0)
    answer = start(bench, Strategy.CANARY, levels=("level_1",), new=hot)
    assert answer.refused is None
    assert batch(bench).recipe_version == OLD.version
    assert rollout(bench).state is RolloutState.PAUSED
    assert view(bench).left == {"batch_1": "limits_disjoint"}
    assert "rollout_batch_stays" in bench.kinds()


# -- the journal ----------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [1.0, 24.0, 49.0, 55.0])
def test_a_crash_at_any_moment_goes_on_where_it_was(bench: Bench, hours: float) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.PHASE_BOUNDARY)
    bench.advance(hours * HOUR)
    before = rollout(bench)
    bench.restart()
    after = rollout(bench)
    assert (after.state, after.members, after.history) == (
        before.state,
        before.members,
        before.history,
    )
    assert abs(after.new.counted_s - before.new.counted_s) <= HOUR
    bench.advance((64 - hours) * HOUR)
    assert batch(bench).recipe_version == NEW.version
    assert batch(bench).changeover is None
    assert [e["batch"] for e in bench.journal.of("recipe_changed")] == ["batch_1"]


def test_a_boundary_that_was_missed_while_it_was_down_is_one(bench: Bench) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.PHASE_BOUNDARY)
    bench.advance(DAY)
    bench.restart(down_s=30 * HOUR)
    assert batch(bench).phase_index == 1
    assert batch(bench).recipe_version == NEW.version


def test_both_versions_are_kept_from_the_beginning(bench: Bench) -> None:
    begun(bench, Strategy.NEW_BATCHES)
    bench.restart()
    assert {OLD.version, NEW.version} <= set(bench.runtime.memory.recipes)
    assert sow(bench, "batch_1").recipe_version == NEW.version


def test_a_farm_without_roll_outs_is_woken_by_none(bench: Bench) -> None:
    sow(bench, "batch_1")
    bench.advance(HOUR)
    assert not any(key.startswith("rollout:") for key in bench.runtime.memory.due)


def test_one_that_is_over_wakes_nobody(bench: Bench) -> None:
    sow(bench, "batch_1")
    begun(bench, Strategy.CANARY, levels=("level_1",))
    bench.ask(PromoteRollout(rollout="r1"))
    bench.advance(13 * HOUR)
    assert rollout(bench).state is RolloutState.DONE
    assert not any(key.startswith("rollout:") for key in bench.runtime.memory.due)


@pytest.fixture
def bench() -> Bench:
    return Bench(bench_farm())
