"""The YAML document of a profile: whole numbers may be hexadecimal (0x2000). Keys come back as
they are written, so `0x0100` and `256` are told apart by nobody but their reader."""

from __future__ import annotations

import re

from ...farm import document
from ...farm.document import Document, DocumentError, Limits
from .errors import ProfileError, problem

_LIMITS = Limits(characters=500_000, depth=12)
_WHOLE = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
_FRACTION = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?")


def whole(text: str) -> int | None:
    """The whole number in a text, decimal or hexadecimal; None where it is none."""
    if not _WHOLE.fullmatch(text):
        return None
    # A leading zero means nothing here: 010 is ten.
    return int(text, 16 if "x" in text.lower() else 10)


def read_document(text: str, file: str) -> Document:
    """The document in `text`. Raises ProfileError."""
    try:
        return document.read_document(text, file, _LIMITS, _number)
    except DocumentError as err:
        raise ProfileError(
            problem(flaw.code, flaw.path, file=file, line=flaw.line, params=flaw.params)
            for flaw in err.flaws
        ) from None


def _number(text: str) -> float | str:
    """What is no number in a profile stays the text that it is, and its reader says what is
    expected in its place."""
    number = whole(text)
    if number is not None:
        return number
    return float(text) if _FRACTION.fullmatch(text) else text
