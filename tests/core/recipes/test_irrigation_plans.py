"""Plans of water that are more than events: mist cycles, crop steering, triggers, runoff."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.core.recipes.cress import BASE, ORIGIN
from vfarm_core.farm.nodes import Method
from vfarm_core.recipes.codec import from_dict, to_dict
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.load import load_recipe
from vfarm_core.recipes.model import Band, IrrigationPlan, MistCycle
from vfarm_core.recipes.validate import validate
from vfarm_core.recipes.version import content_hash

STEERING: dict[str, Any] = {
    "p0_dryback_points": 2,
    "p0_max_wait": "1 h",
    "p1_target_vwc": 70,
    "p1_shot": "2 %",
    "p1_increment": 0.5,
    "p1_interval": "15 min",
    "p1_max_shots": 10,
    "p2_threshold_vwc": "60 %",
    "p2_shot": 4,
    "p2_interval": 20,
    "p3_last_shot_before_lights_off": "2 h",
    "p3_dryback_points": "13 points",
    "floor_vwc": 38,
    "max_shots_per_day": 30,
    **ORIGIN,
}
EVENTS: dict[str, Any] = {"events_per_day": 4, "duration": "2 min", **ORIGIN}
TRIGGER: dict[str, Any] = {"light": 2, "min_interval": "30 min", "max_shots_per_day": 8, **ORIGIN}


def document(method: str, plan: dict[str, Any]) -> str:
    base = copy.deepcopy(BASE)
    base["phases"][1]["irrigation"] = {method: plan}
    return yaml.safe_dump(base, allow_unicode=True, sort_keys=False)


def load(method: str, plan: dict[str, Any]) -> IrrigationPlan:
    return load_recipe(document(method, plan)).phases[1].irrigation[Method(method)]


def problems(method: str, plan: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(RecipeError) as caught:
        load_recipe(document(method, plan))
    start = f"phases[1].irrigation.{method}."
    return {p.path.removeprefix(start): p.message for p in caught.value.problems}


def test_a_cycle_of_mist_is_read_and_its_night_is_the_day_where_nothing_is_said() -> None:
    plan = load("aeroponics", {"cycle": {"mist": "5 s", "pause": "5 min"}, **ORIGIN})
    assert plan.cycle == MistCycle(on_s=5, off_s=300, night_on_s=5, night_off_s=300)
    night = {"mist": 5, "pause": 300, "night_mist": 0, "night_pause": "10 min"}
    plan = load("aeroponics", {"cycle": night, **ORIGIN})
    assert plan.cycle is not None
    assert plan.cycle.at(True) == (5, 300)
    assert plan.cycle.at(False) == (0, 600)
    assert not plan.continuous


def test_steering_is_read_in_points_percent_and_minutes() -> None:
    plan = load("drip", {**EVENTS, "steering": STEERING, "runoff": {"low": 5, "high": 15}})
    assert plan.steering is not None
    assert plan.steering.p3_dryback_points == 13
    assert plan.steering.p0_max_wait_min == 60
    assert plan.steering.p1_shot_pct == 2
    assert plan.steering.p3_last_shot_before_lights_off_h == 2
    assert plan.runoff_pct == Band(5, 15)


@pytest.mark.parametrize("trigger", [TRIGGER, {**TRIGGER, "moisture_below": 50}])
def test_a_trigger_has_one_thing_that_triggers(trigger: dict[str, Any]) -> None:
    if "moisture_below" in trigger:
        assert "trigger" in problems("drip", {**EVENTS, "trigger": trigger})
        trigger = {k: v for k, v in trigger.items() if k != "light"}
    assert load("drip", {**EVENTS, "trigger": trigger}).trigger is not None


def test_transpiration_triggers_alone_or_with_light_to_stand_in() -> None:
    bare = {k: v for k, v in TRIGGER.items() if k != "light"}
    for given, light in (({"transpiration": "0.3 mm"}, None), ({"transpiration": 0.3}, 2)):
        extra = {} if light is None else {"light": light}
        plan = load("drip", {**EVENTS, "trigger": {**bare, **given, **extra}})
        assert plan.trigger is not None
        assert plan.trigger.transpiration_l_m2 == pytest.approx(0.3)
        assert plan.trigger.light_mol_m2 == light
    for wrong in ({}, {"transpiration": 1, "moisture_below": 50}):
        found = problems("drip", {**EVENTS, "trigger": {**bare, **wrong}})
        assert found["trigger"] == "needs one thing that triggers"
    found = problems("drip", {**EVENTS, "trigger": {**bare, "transpiration": "11 L/m²"}})
    assert "out of range" in found["trigger.transpiration"]
    found = problems("drip", {**EVENTS, "trigger": {**bare, "transpiration": "3 L"}})
    assert "does not fit" in found["trigger.transpiration"]


@pytest.mark.parametrize(
    ("method", "plan", "at", "message"),
    [
        ("drip", {"cycle": {"mist": 5, "pause": 300}, **ORIGIN}, "cycle", "does not fit drip"),
        ("nft", {**EVENTS, "steering": STEERING}, "steering", "does not fit nft"),
        ("ebb_flow", {**EVENTS, "runoff": {"low": 5}}, "runoff", "does not fit ebb_flow"),
        ("aeroponics", {**EVENTS, "trigger": TRIGGER}, "trigger", "does not fit aeroponics"),
        (
            "aeroponics",
            {**EVENTS, "cycle": {"mist": 5, "pause": 300}},
            "duration",
            "is given beside cycle",
        ),
        ("aeroponics", {"cycle": {"mist": 5}, **ORIGIN}, "cycle.pause", "missing"),
        ("aeroponics", {"cycle": 5, **ORIGIN}, "cycle", "is no mapping"),
        (
            "aeroponics",
            {"cycle": {"mist": 0, "pause": 300}, **ORIGIN},
            "cycle.mist",
            "0 is out of range",
        ),
        (
            "drip",
            {**EVENTS, "steering": STEERING, "trigger": TRIGGER},
            "trigger",
            "is given beside steering",
        ),
        (
            "drip",
            {**EVENTS, "steering": {**STEERING, "floor_vwc": 65}},
            "steering.floor_vwc",
            "is not below p2_threshold_vwc",
        ),
        (
            "drip",
            {**EVENTS, "steering": {**STEERING, "p1_target_vwc": 60}},
            "steering.p2_threshold_vwc",
            "is not below p1_target_vwc",
        ),
        (
            "drip",
            {**EVENTS, "steering": {**STEERING, "p3_dryback_points": "13 %"}},
            "steering.p3_dryback_points",
            "unit '%' does not fit",
        ),
        ("drip", {**EVENTS, "steering": []}, "steering", "is no mapping"),
        ("drip", {**EVENTS, "trigger": []}, "trigger", "is no mapping"),
        ("drip", {**EVENTS, "trigger": {"light": 2, **ORIGIN}}, "trigger.min_interval", "missing"),
    ],
)
def test_what_does_not_fit_is_named(
    method: str, plan: dict[str, Any], at: str, message: str
) -> None:
    assert message in problems(method, plan)[at]


def test_what_cannot_work_or_was_never_tried_is_found() -> None:
    def codes(method: str, plan: dict[str, Any]) -> set[str]:
        return {f.code for f in validate(load_recipe(document(method, plan)))}

    long = {"mist": 5, "pause": "2 h"}
    assert "mist_pause_long" in codes("aeroponics", {"cycle": long, **ORIGIN})
    assert "mist_pause_long" not in codes(
        "aeroponics",
        {"cycle": {"mist": 5, "pause": 300, "night_mist": 0, "night_pause": "2 h"}, **ORIGIN},
    )
    assert "steering_no_time" in codes(
        "drip", {**EVENTS, "steering": {**STEERING, "p3_last_shot_before_lights_off": 20}}
    )
    assert "dryback_below_floor" in codes(
        "drip", {**EVENTS, "steering": {**STEERING, "p3_dryback_points": 40}}
    )
    good = codes("drip", {**EVENTS, "steering": STEERING})
    assert not good & {"steering_no_time", "dryback_below_floor"}


def test_a_plan_survives_being_kept_and_changes_the_version() -> None:
    steered = load_recipe(document("drip", {**EVENTS, "steering": STEERING}))
    plain = load_recipe(document("drip", EVENTS))
    assert from_dict(to_dict(steered)) == steered
    assert steered.version != plain.version
    kept = to_dict(plain)
    for phase in kept["phases"]:
        for plan in phase["irrigation"].values():
            for key in ("cycle", "steering", "trigger", "runoff_pct"):
                del plan[key]
    assert content_hash(from_dict(kept)) == plain.version, "what is not said changes no version"


def test_the_plans_of_the_handbook_can_be_read() -> None:
    handbook = (Path(__file__).parents[3] / "docs" / "recipes.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in handbook.split("```yaml\n")]
    examples = [block for block in blocks if block.startswith(tuple(f"{m}:" for m in Method))]
    assert len(examples) == 3
    for example in examples:
        text = example.replace("source: us", "source: book")
        ((method, plan),) = yaml.safe_load(text).items()
        found = load(method, plan)
        assert found.cycle or found.steering or found.trigger
