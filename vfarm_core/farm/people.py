"""Who is behind a request, as the records say it in `by`, and what to call them.

A person is known by the id of a user alone (`user:<id>`), an automation or script by its entity
(`automation:<entity id>`), a voice without a user is `voice`, and what acts by itself has a word of
its own. The history has a token (`person:<token>`) in place of the user. Names come in where
somebody reads. Older records have names: they stay as they are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, cast

USER = "user:"
AUTOMATION = "automation:"
SCRIPT = "script:"
VOICE = "voice"
#: How the token of a person begins in the history.
TOKEN = "person:"
#: Those who act without being a person, beside automations and scripts.
MACHINES = frozenset(
    {
        "",
        "automation",
        "controller",
        "cycle",
        "home_assistant",
        "person",
        "recipe",
        "schedule",
        "simulation",
        "station",
        "time",
        "twin",
        "vfarm",
        VOICE,
    }
)
#: Most values are none of anybody: they are not asked.
_PLAIN = frozenset({float, int, bool, type(None)})
#: The fields that say who.
WHO = ("by", "who", "requested_by", "done_by")


def is_person(by: str) -> bool:
    """Whether somebody is a person, and not known by a token yet."""
    return by not in MACHINES and not by.startswith((TOKEN, AUTOMATION, SCRIPT))


def renamed[T](value: T, call: Callable[[str], str]) -> T:
    """The same with everybody called otherwise, wherever a field says who: in dataclasses, mappings
    and sequences. What has nobody in it is the same object."""
    return cast("T", _renamed(value, call))


def _renamed(value: Any, call: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        found = {
            key: part
            for key, item in value.items()
            if type(item) not in _PLAIN and (part := _part(key, item, call)) is not item
        }
        return {**value, **found} if found else value
    if isinstance(value, (tuple, list)):
        parts = [_renamed(item, call) for item in value]
        if all(part is item for part, item in zip(parts, value, strict=True)):
            return value
        return type(value)(parts)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: part
            for field in dataclasses.fields(value)
            if (part := _part(field.name, item := getattr(value, field.name), call)) is not item
        }
        return dataclasses.replace(value, **changed) if changed else value
    return value


def _part(key: Any, item: Any, call: Callable[[str], str]) -> Any:
    if isinstance(item, str):
        return call(item) if key in WHO else item
    return _renamed(item, call)
