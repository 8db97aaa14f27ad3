"""The version of a recipe follows its content, not its looks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.core.recipes.cress import BASE, cress_text
from vfarm_core.farm.codec import DecodeError
from vfarm_core.recipes import codec
from vfarm_core.recipes.library import load_shipped, shipped
from vfarm_core.recipes.load import load_recipe
from vfarm_core.recipes.model import Recipe
from vfarm_core.recipes.version import content_hash


def test_formatting_comments_and_key_order_do_not_count():
    plain = load_recipe(yaml.safe_dump(BASE, sort_keys=False, allow_unicode=True))
    sorted_flow = load_recipe(
        "# a comment\n" + yaml.safe_dump(BASE, sort_keys=True, default_flow_style=True)
    )
    assert plain.version == sorted_flow.version
    assert len(plain.version) == 64


@pytest.mark.parametrize("same", ["75.20 °F", "24 °C", "24.0 °C", "24", "24.0", "2.4e+1"])
def test_the_way_a_number_is_written_does_not_count(same):
    text = cress_text()
    assert load_recipe(text.replace("75.2 °F", same)).version == load_recipe(text).version


@pytest.mark.parametrize(
    ("old", "new"),
    [("days: 2", "days: 3"), ("Garden cress", "Cress"), ("A trial", "Another trial")],
)
def test_any_change_of_content_is_another_version(old, new):
    text = yaml.safe_dump(BASE)
    assert load_recipe(text).version != load_recipe(text.replace(old, new)).version


def test_phases_in_another_order_are_another_version():
    recipe = load_shipped("pak_choi")
    turned = replace(recipe, phases=recipe.phases[::-1])
    assert content_hash(turned) != recipe.version


def test_the_version_is_not_part_of_itself():
    recipe = load_shipped("pak_choi")
    assert content_hash(replace(recipe, version="x")) == recipe.version


@given(st.floats(0.5, 500))
def test_noise_of_a_conversion_does_not_count(days):
    recipe = load_shipped("pak_choi")
    first, *rest = recipe.phases
    there = replace(recipe, phases=(replace(first, days=days), *rest))
    back = replace(recipe, phases=(replace(first, days=days * 24.0 / 24.0), *rest))
    assert content_hash(there) == content_hash(back)


@pytest.mark.parametrize("recipe_id", [header.id for header in shipped()])
def test_a_recipe_survives_the_journal_without_loss(recipe_id):
    recipe = load_shipped(recipe_id)
    kept = json.loads(json.dumps(codec.to_dict(recipe)))
    back = codec.from_dict(kept)
    assert back == recipe
    assert content_hash(back) == recipe.version


@given(st.sampled_from([h.id for h in shipped()]), st.text(max_size=20), st.floats(0.01, 1e3))
def test_the_round_trip_holds_for_any_content(recipe_id, note, days):
    recipe = load_shipped(recipe_id)
    phases = tuple(replace(p, days=days, notes=(note,)) for p in recipe.phases)
    odd: Recipe = replace(recipe, phases=phases, title=note, expected_yield=None)
    assert codec.from_dict(json.loads(json.dumps(codec.to_dict(odd)))) == odd


def test_what_is_given_out_is_the_callers_own():
    recipe = load_shipped("pak_choi")
    codec.to_dict(recipe)["phases"].clear()
    assert codec.from_dict(codec.to_dict(recipe)) == recipe


def test_a_damaged_record_is_refused_with_its_path():
    kept = codec.to_dict(load_shipped("pak_choi"))
    kept["phases"][0]["light"]["ppfd"] = "bright"
    with pytest.raises(DecodeError, match=r"recipe\.phases\[0\]\.light\.ppfd"):
        codec.from_dict(kept)
