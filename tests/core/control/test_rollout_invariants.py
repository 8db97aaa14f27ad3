"""Whatever people do with a roll-out, in whatever order, over whatever crash: no batch jumps, none
is without its version, and each has the one that it should have."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.core.control.test_rollouts import DAY, HOUR, NEW, OLD
from tests.core.support import Bench, bench_farm
from vfarm_core.batches.rollout import Gates, Joined, Rollout, RolloutState, Strategy
from vfarm_core.control.clock import Now
from vfarm_core.control.draft import Draft
from vfarm_core.control.inputs import (
    AdvancePhase,
    Harvest,
    LosePlants,
    PauseRollout,
    PromoteRollout,
    ResumeRollout,
    RollBackRollout,
    StartRollout,
)
from vfarm_core.recipes.model import ClimateQuantity

LEVELS = ("level_1", "level_2", "level_3")
RAMP_S = 24 * HOUR
#: Day temperature and PPFD that lie between both versions, and how far apart they are.
SPAN_K, SPAN_PPFD = 2.0, 40.0


class RolloutMachine(RuleBasedStateMachine):
    """A grower who changes his mind, on a farm that crashes."""

    @initialize()
    def boot(self) -> None:
        self.bench = Bench(bench_farm(levels=len(LEVELS)))
        self.sown = 0
        self.started = 0
        self.felt: dict[str, tuple[int, float, float, float]] = {}
        for level in LEVELS:
            self.sow(level, new=False)

    def rollouts(self) -> dict[str, Any]:
        return dict(self.bench.runtime.memory.rollouts)

    def newest(self) -> Rollout | None:
        known = self.bench.runtime.memory.rollouts.values()
        return max(known, key=lambda r: (r.started_at, r.id), default=None)

    @rule(
        strategy=st.sampled_from(list(Strategy)),
        level=st.sampled_from(LEVELS),
        forward=st.booleans(),
        auto=st.booleans(),
    )
    def start(self, strategy: Strategy, level: str, forward: bool, auto: bool) -> None:
        self.started += 1
        old, new = (OLD, NEW) if forward else (NEW, OLD)
        partial = strategy in (Strategy.CANARY, Strategy.BLUE_GREEN)
        self.bench.ask(
            StartRollout(
                id=f"r{self.started}",
                old=old,
                new=new,
                strategy=strategy,
                ramp_s=RAMP_S,
                levels=(level,) if partial else (),
                gates=Gates(no_critical=False, max_losses=0.2, min_days=0.5),
                auto=auto,
            )
        )

    @rule(level=st.sampled_from(LEVELS), hours=st.integers(1, 23), back=st.booleans())
    def trial(self, level: str, hours: int, back: bool) -> None:
        """A canary that ends while its batches are still on the way."""
        newest = self.newest()
        if newest is not None and newest.is_open:
            self.bench.ask(RollBackRollout(rollout=newest.id))
        self.wait(30)
        self.start(Strategy.CANARY, level, forward=True, auto=False)
        self.wait(hours)
        self.turn(RollBackRollout if back else PauseRollout, which=self.started - 1)

    @rule(level=st.sampled_from(LEVELS), new=st.booleans())
    def sow(self, level: str, new: bool) -> None:
        self.sown += 1
        self.bench.try_batch((level,), id=f"b{self.sown}", recipe=NEW if new else OLD, sites=9)

    @rule(ask=st.sampled_from([PauseRollout, ResumeRollout, RollBackRollout]), which=st.integers(1))
    def turn(self, ask: Any, which: int) -> None:
        if self.started:
            self.bench.ask(ask(rollout=f"r{which % self.started + 1}", by="grower"))

    @rule(which=st.integers(1), despite=st.booleans())
    def promote(self, which: int, despite: bool) -> None:
        if self.started:
            name = f"r{which % self.started + 1}"
            self.bench.ask(PromoteRollout(rollout=name, despite=despite, why="spring"))

    @rule(which=st.integers(1), what=st.sampled_from(["harvest", "phase", "loss"]))
    def work(self, which: int, what: str) -> None:
        if not self.sown:
            return
        key = f"b{which % self.sown + 1}"
        if what == "harvest":
            self.bench.ask(Harvest(batch=key, kg=1.0))
        elif what == "phase":
            self.bench.ask(AdvancePhase(batch=key))
        else:
            self.bench.ask(LosePlants(batch=key, plants=2, why="tip burn"))

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        for _ in range(hours):
            self.bench.advance(HOUR)
            self.nobody_jumps()

    @rule(down_s=st.sampled_from([30.0, 5 * HOUR, 2 * DAY]))
    def crash(self, down_s: float) -> None:
        before = self.rollouts()
        self.bench.restart(down_s=down_s)
        assert set(self.rollouts()) == set(before)
        for key, known in before.items():
            history = self.rollouts()[key].history
            assert history[: len(known.history)] == known.history
        self.felt.clear()

    @invariant()
    def nobody_jumps(self) -> None:
        """Within a phase targets move by no more than a ramp allows for the time that passed."""
        if not hasattr(self, "bench"):
            return
        now = self.bench.clock.now()
        draft = Draft(self.bench.farm, self.bench.runtime.memory, Now(now.farm, now.mono))
        seen = {}
        for batch in draft.batches.values():
            if not batch.is_growing:
                continue
            phase = draft.phase(batch)
            air = phase.climate[ClimateQuantity.AIR_TEMPERATURE].day
            seen[batch.id] = (batch.phase_index, now.farm, air, phase.light.ppfd)
            known = self.felt.get(batch.id)
            if known is not None and known[0] == batch.phase_index:
                steps = (now.farm - known[1]) // HOUR + 1
                share = steps * HOUR / RAMP_S
                assert abs(air - known[2]) <= SPAN_K * share + 1e-6
                assert abs(phase.light.ppfd - known[3]) <= SPAN_PPFD * share + 1e-6
        self.felt = seen

    @invariant()
    def everybody_has_a_version(self) -> None:
        if not hasattr(self, "bench"):
            return
        memory = self.bench.runtime.memory
        for batch in memory.batches.values():
            assert batch.recipe_version in memory.recipes
            assert batch.recipe_version in (OLD.version, NEW.version)
            if batch.changeover is not None:
                assert batch.changeover.from_version in memory.recipes
        open_ones = [r for r in memory.rollouts.values() if r.is_open]
        assert len(open_ones) <= 1

    @invariant()
    def whoever_is_back_is_back(self) -> None:
        """After a roll-back no living batch that the roll-out gave the new version has it."""
        if not hasattr(self, "bench"):
            return
        memory = self.bench.runtime.memory
        newest = self.newest()
        if newest is None or newest.state is not RolloutState.ROLLED_BACK:
            return
        for key, member in newest.members.items():
            batch = memory.batches[key]
            if batch.is_growing and key not in newest.left:
                assert member.how is Joined.RETURNED
                assert batch.recipe_version == newest.from_version


RolloutMachine.TestCase.settings = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestRollouts = RolloutMachine.TestCase
