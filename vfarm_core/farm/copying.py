"""Copies of a rack: what their entities would be called if people name them by one pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .naming import numbered, words_of

#: Stands for the number in the pattern of names.
NUMBER = "#"


def pattern_of(name: str) -> str:
    """The pattern of a name: its last number is what counts up; one is put behind it where it has
    none."""
    found = list(re.finditer(r"\d+", name))
    if not found:
        return f"{name} {NUMBER}"
    last = found[-1]
    return f"{name[: last.start()]}{NUMBER}{name[last.end() :]}"


def names(pattern: str, count: int, taken: Iterable[str]) -> tuple[str, ...]:
    """The next `count` names of a pattern that nothing has, with the numbers from 2 on."""
    used, made, number = set(taken), list[str](), 1
    while len(made) < count:
        number += 1
        name = pattern.replace(NUMBER, str(number))
        if name not in used:
            made.append(name)
    return tuple(made)


def renamed(name: str, old: str, new: str) -> str | None:
    """The name of a part of a place, for the same part of another place; None where the name does
    not tell the place. Separators and leading zeros stay as they are: ``rack_01_ppfd`` of "Rack 1"
    is ``rack_02_ppfd`` of "Rack 2". ``r1l2`` is known as well."""
    before, after = words_of(old), words_of(new)
    if not before or not after:
        return None
    parts = [rf"0*{w}" if w.isdigit() else w for w in before]
    whole = re.compile(r"(?<![a-z0-9])" + r"([ _-]?)".join(parts) + r"(?![a-z0-9])")
    match = whole.search(name)
    if match is not None:
        between = (match.groups() or ("_",))[-1]
        made = between.join(_padded(word, match.group()) for word in after)
        return name[: match.start()] + made + name[match.end() :]
    return _short(name, before, after)


def _padded(word: str, like: str) -> str:
    """A number with as many digits as that of another name."""
    digits = re.search(r"0\d*$", like)
    return word.zfill(len(digits.group())) if digits and word.isdigit() else word


def _short(name: str, before: tuple[str, ...], after: tuple[str, ...]) -> str | None:
    """The same of a short name: r1l2 of rack 1."""
    told = [number for kind, number in numbered(before) if kind == "rack"]
    wanted = [number for kind, number in numbered(after) if kind == "rack"]
    if not told or not wanted:
        return None
    match = re.search(rf"(?<![a-z0-9])r(0*{told[0]})(?=[_-]?l\d)", name)
    if match is None:
        return None
    return f"{name[: match.start()]}r{_padded(wanted[0], match.group(1))}{name[match.end() :]}"
