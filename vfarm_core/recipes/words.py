"""The values that stand in the words of findings, problems and notes, ready for any language.

The English templates say how each number is rounded; a translation only names the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from string import Formatter

from .errors import PROBLEMS, Problem
from .findings import TEXTS, Finding
from .formats.notes import NOTES, Note


def placeholders(said: Finding | Problem | Note) -> dict[str, str]:
    """The values of what was found as texts, each rounded as in English."""
    formats = templates()[said.code]
    return {name: format(said.params[name], spec) for name, spec in formats.items()}


@cache
def templates() -> Mapping[str, Mapping[str, str]]:
    """The places in the words of every code, and how the value in each is rounded."""
    words = {**TEXTS, **PROBLEMS, **{code: (text, "") for code, text in NOTES.items()}}
    return {code: _places(message + accepted) for code, (message, accepted) in words.items()}


def english(code: str) -> str:
    """The words of a code without roundings: `{vpd} kPa by day (accepted: {low} … {high})`."""
    if code in NOTES:
        return _plain(NOTES[code])
    message, accepted = TEXTS[code] if code in TEXTS else PROBLEMS[code]
    return _plain(message) + (f" (accepted: {_plain(accepted)})" if accepted else "")


def _places(text: str) -> dict[str, str]:
    return {name: spec or "" for _, name, spec, _ in Formatter().parse(text) if name}


def _plain(text: str) -> str:
    parts = ((before, name) for before, name, _, _ in Formatter().parse(text))
    return "".join(before + (f"{{{name}}}" if name else "") for before, name in parts)
