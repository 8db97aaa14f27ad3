"""Every language says exactly what English says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.check_translations import differences, main

ENGLISH = {"config": {"title": "Farm", "error": {"low": "{value} is below {least}"}}}
GERMAN = {"config": {"title": "Farm", "error": {"low": "{value} liegt unter {least}"}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "en", ENGLISH)
    write(tmp_path, "de", GERMAN)
    return tmp_path


def write(folder: Path, language: str, tree: object) -> None:
    (folder / f"{language}.json").write_text(json.dumps(tree), encoding="utf-8")


def test_equal_trees_have_no_differences(folder: Path) -> None:
    assert differences(folder, ("de",)) == []


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        ({"config": {"title": "Farm"}}, "de: config.error.low is missing"),
        (
            {"config": {**GERMAN["config"], "hint": "x"}},
            "de: config.hint is not in English",
        ),
        (
            {"config": {"title": "Farm", "error": {"low": "{wert} unter {least}"}}},
            "de: config.error.low has ['least', 'wert'], English ['least', 'value']",
        ),
        (
            {"config": {"title": " ", "error": GERMAN["config"]["error"]}},
            "de: config.title is empty",
        ),
        (
            {"config": {"title": "Farm {", "error": GERMAN["config"]["error"]}},
            "de: config.title: Single '{' encountered in format string",
        ),
    ],
)
def test_each_difference_is_named(folder: Path, tree: object, problem: str) -> None:
    write(folder, "de", tree)
    assert differences(folder, ("de",)) == [problem]


def test_missing_language_broken_file_and_doubled_key_are_named(folder: Path) -> None:
    (folder / "fr.json").write_text("{", encoding="utf-8")
    (folder / "es.json").write_text('{"a": "1", "a": "2"}', encoding="utf-8")
    found = differences(folder, ("nl", "fr", "es"))
    assert "nl: nl.json is missing" in found
    assert "es: key given twice: a" in found
    assert any(problem.startswith("fr: Expecting") for problem in found)


def test_the_command_fails_when_a_language_lacks(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder)]) == 1
    assert "nl: nl.json is missing" in capsys.readouterr().out
