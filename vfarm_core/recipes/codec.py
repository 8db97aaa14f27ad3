"""Recipes to JSON-able values and back without loss, so that a batch's version can be kept."""

from __future__ import annotations

from typing import Any

from ..farm.codec import decode, encode
from .model import Recipe


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON-able values."""
    data: dict[str, Any] = encode(recipe)
    return data


def from_dict(data: Any) -> Recipe:
    """The recipe `to_dict` was given, its version as it was pinned. Raises DecodeError."""
    return decode(Recipe, data, "recipe")
