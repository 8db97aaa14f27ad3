"""What two versions of a recipe do differently, value by value.

Phases are matched by name, so that a phase put in between does not make all later ones look
changed. Comments, key order and the way a number is written make no difference, as for the version.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..farm.codec import encode
from .model import Recipe
from .version import canonical_number

#: What makes a version, and says nothing about what plants get.
_APART = frozenset({"version", "parent", "changelog"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value at `path`; None is "not said"."""

    path: str
    was: str | None
    now: str | None

    def __str__(self) -> str:
        if self.was is None:
            return f"+ {self.path}: {self.now}"
        if self.now is None:
            return f"- {self.path}: {self.was}"
        return f"  {self.path}: {self.was} → {self.now}"


def diff(old: Recipe, new: Recipe) -> tuple[Change, ...]:
    """What `new` says differently from `old`, in the order of the recipe; empty when they are the
    same but for parent and changelog."""
    before, after = dict(_flat(old)), dict(_flat(new))
    paths = [*after, *(path for path in before if path not in after)]
    return tuple(
        Change(path=path, was=before.get(path), now=after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    )


def _flat(recipe: Recipe) -> Iterator[tuple[str, str]]:
    data = {key: value for key, value in encode(recipe).items() if key not in _APART}
    phases = data.pop("phases")
    yield from _walk(data, "")
    yield "phases", ", ".join(phase["name"] for phase in phases)
    for phase in phases:
        inner = {key: value for key, value in phase.items() if key != "name"}
        yield from _walk(inner, f"phases.{phase['name']}")


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if value in (None, "", [], {}):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]")
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    elif isinstance(value, (int, float)):
        yield path, canonical_number(value)
    else:
        yield path, str(value)
