"""Target solutions and water analyses: published ones, and those in a grower's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import ScienceError, require
from . import document
from .document import DocumentError
from .ions import Ion
from .quantities import MG_L_MAX, Unit, read_ions
from .solution import diluted


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Ions that a solution should have, mmol/L. An ion that is not named is free."""

    id: str
    name: str
    ions: Mapping[Ion, float]
    source: str = ""
    confidence: str = ""

    def at_strength(self, strength: float) -> Target:
        """The same solution at another strength (0.5: half). Raises RangeError."""
        require("strength", strength, 0.05, 3.0)
        return Target(
            id=self.id,
            name=self.name,
            ions=MappingProxyType({ion: amount * strength for ion, amount in self.ions.items()}),
            source=self.source,
            confidence=self.confidence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Water:
    """An analysis of the water that is filled in, mmol/L, and its pH where it was measured."""

    name: str
    ions: Mapping[Ion, float]
    ph: float | None = None

    def blended(self, share_of_pure: float) -> Water:
        """This water with a share (0 … 1) replaced by reverse-osmosis or rain water.

        Bicarbonate and carbonic acid thin alike, so the pH is kept. Raises RangeError.
        """
        ions = diluted(self.ions, share_of_pure)
        return Water(name=self.name, ions=MappingProxyType(ions), ph=self.ph)


#: Reverse osmosis, rain: nothing in it
PURE_WATER = Water(name="pure water", ions=MappingProxyType({}))


@cache
def shipped() -> Mapping[str, Target]:
    """Published solutions by id. Reads a file on the first call."""
    text = resources.files(__package__).joinpath("data/solutions.yaml").read_text(encoding="utf-8")
    content = document.parse(text, "solutions.yaml")
    return MappingProxyType(
        {
            key: target_of(document.mapping(entry, key), key)
            for key, entry in document.mapping(content["solutions"], "solutions").items()
        }
    )


def published(target_id: str) -> Target:
    """A published solution by its id. Raises ScienceError naming the ids there are."""
    found = shipped().get(target_id)
    if found is None:
        raise ScienceError("target", target_id, ", ".join(shipped()))
    return found


def read_target(path: Path) -> Target:
    """A target from a grower's file. Raises DocumentError, ScienceError, OSError."""
    return target_of(document.parse(path.read_text(encoding="utf-8"), str(path)), path.stem)


def read_water(path: Path) -> Water:
    """A water analysis from a grower's file. Raises DocumentError, ScienceError, OSError."""
    return water_of(document.parse(path.read_text(encoding="utf-8"), str(path)), path.stem)


def water_of(content: Mapping[str, Any], key: str) -> Water:
    """A water analysis from what such a file holds. Raises DocumentError, ScienceError."""
    document.known(content, ("name", "unit", "ions", "ph"), key)
    ph = document.number(content["ph"], "ph", 4.5, 10.0) if "ph" in content else None
    return Water(
        name=document.text(content.get("name", key), "name"),
        ions=MappingProxyType(_ions(content)),
        ph=ph,
    )


def target_of(content: Mapping[str, Any], key: str) -> Target:
    """A target from what such a file holds. Raises DocumentError, ScienceError."""
    document.known(content, ("name", "unit", "ions", "source", "confidence"), key)
    ions = _ions(content)
    if not any(ions.values()):
        raise DocumentError(f"{key}.ions", dict(ions), "at least one ion above zero")
    return Target(
        id=key,
        name=document.text(content.get("name", key), f"{key}.name"),
        ions=MappingProxyType(ions),
        source=str(content.get("source", "")),
        confidence=str(content.get("confidence", "")),
    )


def _ions(content: Mapping[str, Any]) -> dict[Ion, float]:
    unit = content.get("unit")
    if unit not in list(Unit):
        raise DocumentError("unit", unit, ", ".join(Unit))
    return read_ions(document.numbers(content.get("ions"), "ions", 0.0, MG_L_MAX), Unit(unit))
