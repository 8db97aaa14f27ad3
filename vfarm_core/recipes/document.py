"""The YAML document of a recipe: numbers are plain decimal ones."""

from __future__ import annotations

import re

from ..farm import document
from ..farm.document import Document, DocumentError, Limits, NoNumber
from .errors import RecipeError, problem

_LIMITS = Limits(characters=1_000_000)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def read_document(text: str, file: str) -> Document:
    """The document in `text`. Raises RecipeError."""
    try:
        return document.read_document(text, file, _LIMITS, _number)
    except DocumentError as err:
        raise RecipeError(
            problem(flaw.code, flaw.path, file=file, line=flaw.line, params=flaw.params)
            for flaw in err.flaws
        ) from None


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise NoNumber(text)
    return float(text)
