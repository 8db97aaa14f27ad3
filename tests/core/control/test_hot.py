"""What is made by hand where `dataclasses.replace` would be too slow loses nothing."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from vfarm_core.control.memory import LampState, LevelState

COUNTED: dict[str, Any] = {
    "light_day": "day",
    "lit": True,
    "dli": 1.5,
    "dli_at": 2.5,
    "ppfd_now": 3.5,
    "lamp": "lamp",
    "night": "night",
}


def test_counting_light_keeps_every_other_field() -> None:
    names = [f.name for f in fields(LevelState)]
    before = LevelState(**{name: f"old {name}" for name in names})  # type: ignore[arg-type]
    after = before.counted(**COUNTED)
    assert {name: getattr(after, name) for name in names} == {
        name: COUNTED.get(name, f"old {name}") for name in names
    }


def test_keeping_a_level_keeps_every_other_field() -> None:
    names = [f.name for f in fields(LevelState)]
    before = LevelState(**{name: f"old {name}" for name in names})  # type: ignore[arg-type]
    after = before.kept(7.5)
    assert {name: getattr(after, name) for name in names} == {
        name: 7.5 if name == "kept_at" else f"old {name}" for name in names
    }


def test_holding_a_sensor_against_a_lamp_keeps_every_other_field() -> None:
    names = [f.name for f in fields(LampState)]
    before = LampState(**{name: f"old {name}" for name in names})  # type: ignore[arg-type]
    new: dict[str, Any] = {"ratio": 0.9, "seen": (1.0, 2.0), "apart_at": 3.0, "frozen": True}
    after = before.compared(**new)
    assert {name: getattr(after, name) for name in names} == {
        name: new.get(name, f"old {name}") for name in names
    }
