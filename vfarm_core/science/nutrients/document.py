"""Reading YAML that a grower wrote: one clear refusal with its place, never a guess."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import yaml

from ..errors import ScienceError


class DocumentError(ScienceError):
    """A document that cannot be used; `argument` is the place in it."""


def parse(text: str, file: str) -> Mapping[str, Any]:
    """The mapping a YAML text holds. Raises DocumentError."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DocumentError(file, " ".join(str(error).split()), "YAML") from error
    return mapping(content, file)


def mapping(value: object, place: str) -> Mapping[str, Any]:
    """A mapping with text keys. Raises DocumentError."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise DocumentError(place, value, "names with values")
    return value


def known(content: Mapping[str, Any], keys: Collection[str], place: str) -> None:
    """Refuse keys that nothing reads: they are mistakes of spelling. Raises DocumentError."""
    for key in content:
        if key not in keys:
            raise DocumentError(f"{place}.{key}", content[key], ", ".join(sorted(keys)))


def number(value: object, place: str, low: float, high: float) -> float:
    """A number in a range. Raises DocumentError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise DocumentError(place, value, f"a number, {low:g} … {high:g}")
    return float(value)


def text(value: object, place: str) -> str:
    """A text that says something. Raises DocumentError."""
    if not isinstance(value, str) or not value.strip():
        raise DocumentError(place, value, "a text")
    return value


def numbers(value: object, place: str, low: float, high: float) -> dict[str, float]:
    """Numbers by name. Raises DocumentError."""
    return {
        key: number(amount, f"{place}.{key}", low, high)
        for key, amount in mapping(value, place).items()
    }
