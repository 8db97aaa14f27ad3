"""Who is a person, and everybody called otherwise wherever a field says who."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from vfarm_core.farm.people import is_person, renamed


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    title: str
    by: str
    parts: tuple[Deed, ...] = ()


@pytest.mark.parametrize("by", ["user:5f", "Anna", "automations", "automatic"])
def test_users_and_the_names_of_older_records_are_people(by: str) -> None:
    assert is_person(by)


@pytest.mark.parametrize(
    "by",
    ["", "automation", "automation:automation.evening", "script:script.x", "voice", "person:1"],
)
def test_machines_and_tokens_are_not(by: str) -> None:
    assert not is_person(by)


def anna(by: str) -> str:
    return "Anna" if by == "user:5f" else by


def test_only_fields_that_say_who_are_called_otherwise() -> None:
    deed = Deed(title="user:5f", by="user:5f", parts=(Deed(title="x", by="recipe"),))
    assert renamed(deed, anna) == Deed(title="user:5f", by="Anna", parts=deed.parts)
    data = {"why": "user:5f", "steps": [{"by": "user:5f"}, {"requested_by": "user:5f"}], "n": 1.0}
    assert renamed(data, anna) == {
        "why": "user:5f",
        "steps": [{"by": "Anna"}, {"requested_by": "Anna"}],
        "n": 1.0,
    }


def test_what_has_nobody_in_it_is_the_same_object() -> None:
    deed = Deed(title="x", by="recipe", parts=(Deed(title="y", by=""),))
    assert renamed(deed, anna) is deed
    data = {"by": None, "deeds": [deed]}
    assert renamed(data, anna) is data
