"""What is made by hand where `dataclasses.replace` would be too slow loses nothing, and what is
left out where nothing can have changed is not missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from tests.core.support import Bench, bench_farm
from vfarm_core.control import safety
from vfarm_core.control.inputs import Cause, Report
from vfarm_core.control.memory import ActuatorState, LampState, LevelState

HOUR = 3600.0

MADE: dict[str, tuple[type, Callable[..., Any], dict[str, Any]]] = {
    "counting light": (
        LevelState,
        LevelState.counted,
        {
            "light_day": "day",
            "lit": True,
            "dli": 1.5,
            "dli_at": 2.5,
            "ppfd_now": 3.5,
            "lamp": "lamp",
            "night": "night",
        },
    ),
    "planning lamps": (LevelState, LevelState.planned, {"ppfd_target": 1.5, "planned_at": 2.5}),
    "comparing lamps": (
        LampState,
        LampState.compared,
        {"ratio": 0.9, "seen": (1.0, 2.0), "apart_at": 3.0, "frozen": True},
    ),
    "asking an actuator": (
        ActuatorState,
        ActuatorState.asked,
        {"wanted": 0.5, "reason": "reason", "proof": "proof", "pending": "pending"},
    ),
    "counting hours": (LampState, LampState.ran, {"hours": 1.5, "at": 2.5, "output": 0.5}),
}


@pytest.mark.parametrize("what", MADE)
def test_a_value_that_is_made_anew_keeps_every_other_field(what: str) -> None:
    cls, make, changes = MADE[what]
    names = [f.name for f in fields(cls)]
    before = cls(**{name: f"old {name}" for name in names})
    after = make(before, **changes)
    assert {name: getattr(after, name) for name in names} == {
        name: changes.get(name, f"old {name}") for name in names
    }


def test_keeping_a_level_keeps_every_other_field() -> None:
    names = [f.name for f in fields(LevelState)]
    before = LevelState(**{name: f"old {name}" for name in names})  # type: ignore[arg-type]
    after = before.kept(7.5)
    assert {name: getattr(after, name) for name in names} == {
        name: 7.5 if name == "kept_at" else f"old {name}" for name in names
    }


def _day() -> Bench:
    """A day with a lamp that somebody takes over, one that obeys no command for hours, and heat."""
    bench = Bench(bench_farm(levels=4))
    bench.start_batch(("level_1", "level_2", "level_3"))
    bench.advance(3 * HOUR)
    taken = Report("level_1.grow_light", 0.0, None, bench.clock.farm, Cause.PERSON)
    bench.state[taken.point] = 0.0
    bench.runtime.feed(taken)
    bench.settle()
    bench.disobeys.add("level_2.grow_light")
    bench.advance(2 * HOUR)
    bench.disobeys.clear()
    bench.report("zone.air_temperature", 29.0)
    bench.advance(1 * HOUR)
    bench.report("zone.air_temperature", 24.0)
    bench.advance(14 * HOUR)
    return bench


def test_what_is_not_looked_at_again_would_have_stayed_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = _day()
    monkeypatch.setattr(safety, "as_before", lambda d, point, intent: False)
    thorough = _day()
    assert {"takeover", "lights_on", "lights_off"} <= set(quick.kinds())
    assert quick.sent == thorough.sent
    assert quick.runtime.memory == thorough.runtime.memory
    assert quick.journal.records == thorough.journal.records
