"""Two versions of a recipe, side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.recipes.cress import GREEN, changed, cress_text
from vfarm_core.recipes.diff import diff
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.load import load_recipe
from vfarm_core.recipes.version import content_hash

CRESS = load_recipe(cress_text())


def told(path, value):
    return [str(change).strip() for change in diff(CRESS, load_recipe(changed(path, value)))]


def test_a_recipe_does_not_differ_from_itself():
    assert diff(CRESS, load_recipe("# a remark\n" + cress_text())) == ()


def test_a_changed_value_is_told_by_the_name_of_its_phase():
    assert told(f"{GREEN}.climate.air_temperature.night", 17) == [
        "phases.green.climate.air_temperature.night: 18 → 17"
    ]


def test_what_follows_from_a_value_is_told_too():
    assert told(f"{GREEN}.light.ppfd", 210) == [
        "phases.green.light.ppfd: 200 → 210",
        "phases.green.light.dli: 11.52 → 12.096",
    ]


def test_values_that_come_and_go():
    assert told(
        f"{GREEN}.irrigation.dwc", {"continuous": True, "source": "lab", "confidence": "C"}
    )[0].startswith("+ phases.green.irrigation.dwc.method: dwc")
    gone = replace(CRESS, notes=())
    assert [str(c) for c in diff(CRESS, gone)] == ["- notes[0]: Keep moist."]


def test_a_phase_put_in_between_leaves_the_others_alone():
    extra = replace(CRESS.phases[0], name="soak")
    longer = replace(CRESS, phases=(extra, *CRESS.phases))
    paths = {change.path.split(".")[1] for change in diff(CRESS, longer) if "." in change.path}
    assert paths == {"soak"}
    (order,) = [c for c in diff(CRESS, longer) if c.path == "phases"]
    assert order.now == "soak, dark, green"


def test_parent_and_changelog_make_a_version_and_no_difference():
    text = cress_text() + f'parent: "{CRESS.version}"\nchangelog: [Written down again.]\n'
    child = load_recipe(text)
    assert child.parent == CRESS.version
    assert child.changelog == ("Written down again.",)
    assert child.version != CRESS.version
    assert diff(CRESS, child) == ()


def test_a_history_cannot_be_rewritten():
    child = load_recipe(cress_text() + f'parent: "{CRESS.version}"\nchangelog: [Cooler.]\n')
    assert content_hash(replace(child, changelog=("Warmer.",))) != child.version
    assert content_hash(replace(child, parent="0" * 64)) != child.version


def test_a_recipe_without_a_parent_keeps_the_version_it_always_had():
    assert content_hash(replace(CRESS, parent=None, changelog=())) == CRESS.version


@pytest.mark.parametrize("parent", ["abc", "Z" * 64])
def test_a_parent_is_a_version(parent):
    with pytest.raises(RecipeError, match="64 digits"):
        load_recipe(cress_text() + f'parent: "{parent}"\n')
