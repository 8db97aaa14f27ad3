"""Every code has words, and its values are rounded for people in every language alike."""

from __future__ import annotations

import re

import pytest

from tests.core.recipes.cress import changed
from vfarm_core.farm import document
from vfarm_core.recipes import errors, findings
from vfarm_core.recipes.errors import PROBLEMS, RecipeError
from vfarm_core.recipes.findings import TEXTS, Severity, finding
from vfarm_core.recipes.formats.notes import NOTES, Note
from vfarm_core.recipes.load import load_recipe
from vfarm_core.recipes.words import english, placeholders, templates


def test_a_code_belongs_to_one_kind() -> None:
    assert not set(TEXTS) & set(PROBLEMS)
    assert not set(NOTES) & (set(TEXTS) | set(PROBLEMS))
    assert set(templates()) == {*TEXTS, *PROBLEMS, *NOTES}


def test_a_place_is_rounded_in_one_way() -> None:
    for code, (message, accepted) in {**TEXTS, **PROBLEMS}.items():
        seen: dict[str, str] = {}
        for name, spec in re.findall(r"{(\w+):?([^}]*)}", message + accepted):
            assert seen.setdefault(name, spec) == spec, f"{code}: {name}"


def test_values_are_rounded_as_in_english() -> None:
    found = finding(
        Severity.WARNING, "dli_low", "x", ppfd=200.0, hours=16.0, dli=11.52, crop="kale", least=14.0
    )
    assert placeholders(found) == {
        "ppfd": "200",
        "hours": "16",
        "dli": "11.5",
        "crop": "kale",
        "least": "14.0",
    }
    said = english("dli_low").format(**placeholders(found))
    assert said == f"{found.message} (accepted: {found.accepted})"


def test_a_problem_keeps_what_its_words_are_made_of() -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(changed("phases[1].days", -3))
    (problem,) = caught.value.problems
    assert problem.code == "out_of_range"
    assert placeholders(problem) == {"value": "-3", "range": "> 0 … 1000 d"}
    assert str(Note(code="from_base", params={"phase": "a", "under": "b"})).startswith("a: ")


def test_every_code_that_is_used_has_words_and_every_word_is_used() -> None:
    import pathlib

    folder = pathlib.Path(errors.__file__).parent
    source = "".join(
        path.read_text() for path in folder.rglob("*.py") if path.name not in ("errors.py",)
    ).replace(pathlib.Path(findings.__file__).read_text(), "")
    source += pathlib.Path(document.__file__).read_text()
    words = set(re.findall(r'"(\w+)"', source))
    # Made of two parts: what a text should have been.
    made = {f"{start}_{kind}" for start in ("empty", "no") for kind in ("text", "name", "version")}
    assert set(PROBLEMS) | set(TEXTS) <= words | made
