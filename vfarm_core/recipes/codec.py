"""Recipes to JSON-able values and back without loss, so that a batch's version can be kept."""

from __future__ import annotations

from typing import Any

import orjson

from ..farm.codec import decode, encode
from .model import Recipe

#: Recipes that were encoded before, by version, and their values as JSON: a recipe is long, never
#: changes, and is kept anew with every batch that starts on it.
_ENCODED: dict[str, tuple[Recipe, bytes]] = {}
_ENCODED_MOST = 64


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON-able values, the caller's own."""
    known = _ENCODED.get(recipe.version)
    if known is None or known[0] is not recipe:
        if len(_ENCODED) >= _ENCODED_MOST:
            _ENCODED.clear()
        known = _ENCODED[recipe.version] = recipe, orjson.dumps(encode(recipe))
    data: dict[str, Any] = orjson.loads(known[1])
    return data


def from_dict(data: Any) -> Recipe:
    """The recipe `to_dict` was given, its version as it was pinned. Raises DecodeError."""
    return decode(Recipe, data, "recipe")
