"""Channels, far-red, ramps and moving of a light plan, as a document says them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.core.recipes.cress import cress_text
from vfarm_core.recipes.codec import from_dict, to_dict
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.load import load_recipe
from vfarm_core.recipes.model import Channel, Recipe, Shift
from vfarm_core.recipes.ramps import Shape
from vfarm_core.recipes.validate import Severity, validate

LIGHT = """
ramp: 30 min
ramp_shape: cosine
channels: {white: 60 %, red: 0.3, blue: 10 %}
far_red: {duration: 15 min, pfd: 20, source: book, confidence: B}
shift: {hours: 3 h, dark_min: 7}
"""


def with_light(**changes: Any) -> dict[str, Any]:
    """A recipe whose lit phases have everything a light plan can have."""
    document: dict[str, Any] = yaml.safe_load(cress_text())
    source = next(iter(document["sources"]))
    for phase in document["phases"]:
        light = phase["light"]
        if light["ppfd"]:
            light["photoperiod"] = 16
            light.pop("dli", None)
            light |= yaml.safe_load(LIGHT)
            light["far_red"]["source"] = source
            for key, value in changes.items():
                if value is None:
                    light.pop(key, None)
                elif isinstance(value, dict) and key == "far_red":
                    light[key] = {"source": source, "confidence": "B", **value}
                else:
                    light[key] = value
    return document


def load_light(**changes: Any) -> Recipe:
    return load_recipe(yaml.safe_dump(with_light(**changes)))


def test_a_light_plan_with_everything_is_read_and_kept():
    recipe = load_light()
    plan = next(p.light for p in recipe.phases if not p.is_dark)
    assert plan.ramp_shape is Shape.COSINE
    assert plan.channels == {Channel.WHITE: 0.6, Channel.RED: 0.3, Channel.BLUE: 0.1}
    assert plan.far_red is not None
    assert (plan.far_red.minutes, plan.far_red.pfd, plan.far_red.share) == (15, 20, None)
    assert plan.shift == Shift(hours=3, dark_min_h=7)
    assert from_dict(to_dict(recipe)) == recipe


def test_a_linear_ramp_is_the_same_recipe_whether_it_is_said_or_not():
    assert load_light(ramp_shape="linear").version == load_light(ramp_shape=None).version
    assert load_light().version != load_light(ramp_shape=None).version


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ramp_shape": "square"}, "unknown ramp_shape"),
        ({"ramp": 0}, "no ramp to give a shape to"),
        ({"channels": {"white": 0.6, "red": 0.3}}, "add up to 90 %"),
        ({"channels": {"uv": 1}}, "unknown key"),
        ({"far_red": {"duration": "15 min"}}, "how much far-red"),
        ({"far_red": {"duration": "15 min", "pfd": 20, "share": 0.5}}, "how much far-red"),
        ({"far_red": {"duration": 300, "pfd": 20}}, "out of range"),
        ({"far_red": {"pfd": 20}}, "missing"),
        ({"far_red": "yes"}, "no mapping"),
        ({"photoperiod": 22, "far_red": {"duration": "3 h", "pfd": 20}}, "longer than the night"),
        ({"shift": {"hours": 3}}, "missing"),
        ({"shift": {"hours": 6, "dark_min": 7}}, "out of range"),
        ({"shift": {"hours": 3, "dark_min": 9}}, "longer than the night"),
        ({"shift": 3}, "no mapping"),
        ({"photoperiod": 24, "far_red": None}, "no lights-on to move"),
    ],
)
def test_light_that_cannot_be_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(RecipeError, match=message):
        load_light(dli_max=100, **changes)


def test_no_shift_at_all_is_no_shift():
    assert all(p.light.shift is None for p in load_light(shift={"hours": 0, "dark_min": 7}).phases)


def test_a_shift_never_shortens_the_nights_of_a_short_day_crop():
    document = with_light()
    document["day_length"] = "short_day"
    found = validate(load_recipe(yaml.safe_dump(document)))
    assert "night_shortened" in {f.code for f in found if f.severity is Severity.ERROR}
    document = with_light(shift={"hours": 3, "dark_min": 8})
    document["day_length"] = "short_day"
    assert "night_shortened" not in {
        f.code for f in validate(load_recipe(yaml.safe_dump(document)))
    }
