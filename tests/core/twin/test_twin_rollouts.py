"""Roll-outs on the simulated farm: what plants get is what their version says, on the way there and
back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vfarm_core.batches.lifecycle import sow
from vfarm_core.batches.model import Batch
from vfarm_core.batches.rollout import Gates, RolloutState, Strategy
from vfarm_core.control.inputs import (
    Harvest,
    PromoteRollout,
    Request,
    RollBackRollout,
    StartBatch,
    StartRollout,
)
from vfarm_core.recipes.model import Recipe
from vfarm_core.recipes.version import content_hash
from vfarm_core.twin.simulate import Simulation

from .small import DAY, HOUR, START, lettuce, small_config, small_farm


def short(ppfd: float, parent: str | None = None) -> Recipe:
    """Lettuce that is in each of its phases for a day."""
    recipe = lettuce(ppfd=ppfd)
    phases = tuple(replace(phase, days=1.0) for phase in recipe.phases[-2:])
    made = replace(recipe, phases=phases, parent=parent, version="")
    return replace(made, version=content_hash(made))


OLD = short(160.0)
NEW = short(200.0, OLD.version)
FREE = Gates(no_critical=False)


class Field:
    """A simulation with two levels and a grower."""

    def __init__(self) -> None:
        recipes = {OLD.version: OLD, NEW.version: NEW}
        self.run = Simulation(small_farm(), [], recipes, start=START, config=small_config())

    def ask(self, request: Request) -> dict[str, Any]:
        answer = self.run.runtime.request(request)
        assert answer.refused is None, answer
        return dict(answer.data)

    def sow(self, key: str, level: str) -> Batch:
        made = sow(id=key, recipe=OLD, plants=30, placements={level: 30}, at=self.run.now)
        self.ask(StartBatch(batch=made, recipe=OLD))
        return self.batch(key)

    def start(self, strategy: Strategy, **changes: Any) -> None:
        values: dict[str, Any] = {"ramp_s": 12 * HOUR, "gates": FREE, **changes}
        self.ask(StartRollout(id="r1", old=OLD, new=NEW, strategy=strategy, **values))

    def days(self, days: float) -> None:
        self.run.run_until(self.run.now + days * DAY)

    def batch(self, key: str) -> Batch:
        return self.run.runtime.memory.batches[key]

    def versions(self) -> dict[str, Recipe]:
        known = {OLD.version: OLD, NEW.version: NEW}
        return {k: known[b.recipe_version] for k, b in self.run.runtime.memory.batches.items()}

    def state(self) -> RolloutState:
        return self.run.runtime.memory.rollouts["r1"].state

    def light(self, level: str) -> float:
        """PPFD that the lamps over a level are set for, at noon."""
        self.run.run_until(self.run.now // DAY * DAY + DAY + 8 * HOUR)
        return self.run.runtime.memory.levels[level].ppfd_target


@pytest.fixture
def field() -> Field:
    return Field()


def test_new_batches(field: Field) -> None:
    field.sow("first", "level_1")
    field.start(Strategy.NEW_BATCHES)
    field.sow("second", "level_2")
    assert field.light("level_1") == pytest.approx(160, rel=0.03)
    assert field.light("level_2") == pytest.approx(200, rel=0.03)
    field.ask(PromoteRollout(rollout="r1"))
    assert field.state() is RolloutState.PROMOTED
    field.ask(Harvest(batch="first", kg=1.0))
    field.days(0.1)
    assert field.state() is RolloutState.DONE


def test_at_the_phase_boundary(field: Field) -> None:
    field.sow("first", "level_1")
    field.days(0.3)
    field.start(Strategy.PHASE_BOUNDARY)
    field.days(0.5)
    assert field.versions() == {"first": OLD}
    field.days(0.3)
    assert field.versions() == {"first": NEW}
    assert field.batch("first").changeover is not None
    field.days(0.6)
    assert field.batch("first").changeover is None
    assert field.light("level_1") == pytest.approx(200, rel=0.03)


def test_a_canary_and_then_the_rest(field: Field) -> None:
    field.sow("first", "level_1")
    field.sow("second", "level_2")
    field.start(Strategy.CANARY, levels=("level_2",), gates=replace(FREE, min_days=0.5), auto=True)
    field.days(0.4)
    assert field.versions() == {"first": OLD, "second": NEW}
    field.days(0.3)
    assert field.versions() == {"first": NEW, "second": NEW}
    field.days(0.6)
    assert field.state() is RolloutState.DONE


def test_blue_beside_green_and_back_from_mid_ramp(field: Field) -> None:
    field.sow("blue", "level_1")
    field.sow("green", "level_2")
    field.days(0.3)
    field.start(Strategy.BLUE_GREEN, levels=("level_2",), ramp_s=24 * HOUR)
    field.days(0.4)
    half = field.run.runtime.memory.levels["level_2"].ppfd_target
    assert field.versions() == {"blue": OLD, "green": NEW}
    field.ask(RollBackRollout(rollout="r1"))
    field.days(1 / 24)
    back = field.run.runtime.memory.levels["level_2"].ppfd_target
    # What is made up for late lights comes on top; a jump would be 40 µmol/m²/s.
    assert abs(back - half) < 8
    field.days(0.6)
    assert field.versions() == {"blue": OLD, "green": OLD}
    assert field.batch("green").changeover is None
    assert field.light("level_2") == pytest.approx(160, rel=0.03)


def test_what_both_stand_in_is_counted_apart(field: Field) -> None:
    field.start(Strategy.BLUE_GREEN, levels=("level_2",))
    field.sow("blue", "level_1")
    field.sow("green", "level_2")
    field.days(1.0)
    counted = field.run.runtime.memory.rollouts["r1"]
    for exposure in (counted.new, counted.old):
        assert exposure.counted_s == pytest.approx(DAY, rel=0.02)
        assert exposure.inside is not None
        assert exposure.inside > 0.5
