"""The version of a recipe: a hash of what it says, not of how the file is written."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..farm.codec import encode
from .model import Recipe

#: Digits of a number that count: more than any recipe means, fewer than a unit conversion spoils.
_DIGITS = 12
#: What is not said does not count, so that a field added to the model later changes no version.
_UNSAID: tuple[Any, ...] = (None, "", [], {})


def canonical(recipe: Recipe) -> str:
    """The content of a recipe as one text: keys sorted, numbers normalised, version left out."""
    data = encode(recipe)
    del data["version"]
    return json.dumps(_normal(data), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def content_hash(recipe: Recipe) -> str:
    """SHA-256 of the canonical content, in hex."""
    return hashlib.sha256(canonical(recipe).encode()).hexdigest()


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items() if item not in _UNSAID}
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return canonical_number(value)


def canonical_number(value: float) -> str:
    """A number as it counts for the version: 20 and 20.0 are the same, and so is -0."""
    return f"{float(value) + 0.0:.{_DIGITS}g}"
