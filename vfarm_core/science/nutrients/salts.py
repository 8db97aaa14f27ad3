"""Salts, acids and chelates: what a gram of each brings, and how much of it dissolves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import ScienceError, require
from . import document
from .alkalinity import Acid
from .document import DocumentError
from .ions import IONS, MICRO, Ion, elements_of, molar_mass
from .quantities import form


class Kind(StrEnum):
    """How a product is handled."""

    SALT = "salt"
    ACID = "acid"
    BASE = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solubility:
    """Grams as sold that dissolve in 100 g of water, by °C, from a source of this confidence."""

    points: tuple[tuple[float, float], ...]
    source: str
    confidence: str

    def g_l(self, t: float) -> float:
        """Grams as sold that a litre of solution surely holds at `t` °C, on its own.

        Between points it is linear, outside them the nearest point stands. A litre of solution
        weighs more than a kilogram, so this is the safe side. Raises RangeError.
        """
        require("stock_temperature", t, 0.0, 40.0, "°C")
        return _per_litre(_interpolated(self.points, t))


@dataclass(frozen=True, slots=True, kw_only=True)
class Salt:
    """A product on the shelf. `mmol_g` are the ions of one gram of it as sold."""

    id: str
    name: str
    mmol_g: Mapping[Ion, float] = field(hash=False)
    formula: str | None = None
    kind: Kind = Kind.SALT
    density_kg_l: float | None = None
    purity_pct: float = 100.0
    chelate: str | None = None
    ph_max: float | None = None
    solubility: Solubility | None = None
    composition_source: str = ""
    price_per_kg: float | None = None

    def brings(self, ion: Ion) -> bool:
        """Whether it adds this ion (an acid does not add alkalinity, it takes it)."""
        return self.mmol_g.get(ion, 0.0) > 0.0

    def fraction(self, ion: Ion) -> float:
        """g of the ion's element per g of the product."""
        return self.mmol_g.get(ion, 0.0) * IONS[ion].mass_g_mol / 1000.0

    @property
    def micronutrient(self) -> Ion | None:
        """The one micronutrient it is bought for; None for macronutrients and mixtures."""
        found = [ion for ion in MICRO if self.brings(ion)]
        return found[0] if len(found) == 1 else None

    def acid(self) -> Acid:
        """Its strength as an acid. Raises ScienceError for what is none, or has no density."""
        if self.kind is not Kind.ACID or self.formula is None:
            raise ScienceError("acid", self.id, "an acid with a formula")
        if self.density_kg_l is None:
            raise ScienceError("acid", self.id, "an acid with the density of the bottle's content")
        mmol = self.mmol_g[Ion.ALKALINITY] * molar_mass(self.formula) / 10.0 / self.purity_pct
        return Acid(
            molar_mass_g_mol=molar_mass(self.formula),
            equivalents=round(-mmol),
            concentration_pct=self.purity_pct,
            density_kg_l=self.density_kg_l,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Salts by id, and sets of them by name."""

    salts: Mapping[str, Salt]
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def pick(self, names: Iterable[str]) -> tuple[Salt, ...]:
        """Salts of these ids or sets, each once, in order. Raises ScienceError."""
        wanted = (salt_id for name in names for salt_id in self.sets.get(name, (name,)))
        return tuple({salt_id: self.get(salt_id) for salt_id in wanted}.values())

    def get(self, salt_id: str) -> Salt:
        """A salt by its id. Raises ScienceError naming what there is."""
        found = self.salts.get(salt_id)
        if found is None:
            raise ScienceError("salt", salt_id, ", ".join([*self.sets, *self.salts]))
        return found


@cache
def shipped() -> Shelf:
    """The salts that ship with vfarm. Reads a file on the first call."""
    text = resources.files(__package__).joinpath("data/salts.yaml").read_text(encoding="utf-8")
    return read_shelf(text, "salts.yaml")


def with_own(path: Path) -> Shelf:
    """The shipped shelf with the products of a grower's file. Raises DocumentError, OSError."""
    return with_products(document.parse(path.read_text(encoding="utf-8"), str(path)), str(path))


def with_products(content: Mapping[str, Any], file: str) -> Shelf:
    """The shipped shelf with products of one's own, which stand in for shipped ones of that id.

    `content` is what such a file holds. Raises DocumentError.
    """
    own = _shelf(content, file)
    base = shipped()
    sets = {**base.sets, "own": tuple(own.salts), **own.sets}
    return Shelf(salts=MappingProxyType({**base.salts, **own.salts}), sets=MappingProxyType(sets))


def read_shelf(text: str, file: str) -> Shelf:
    """Salts of a YAML document. Raises DocumentError."""
    return _shelf(document.parse(text, file), file)


def _shelf(content: Mapping[str, Any], file: str) -> Shelf:
    document.known(content, ("sources", "salts", "sets"), file)
    sources = {
        key: document.text(value, f"sources.{key}")
        for key, value in document.mapping(content.get("sources", {}), "sources").items()
    }
    salts = {
        salt_id: _salt(salt_id, document.mapping(entry, f"salts.{salt_id}"), sources)
        for salt_id, entry in document.mapping(content.get("salts"), "salts").items()
    }
    sets = {
        name: tuple(document.text(entry, f"sets.{name}") for entry in entries)
        for name, entries in document.mapping(content.get("sets", {}), "sets").items()
    }
    return Shelf(salts=MappingProxyType(salts), sets=MappingProxyType(sets))


_KEYS = (
    "name",
    "formula",
    "ions",
    "label",
    "kind",
    "chelate",
    "ph_max",
    "purity_pct",
    "density_kg_l",
    "solubility",
    "composition_source",
    "price_per_kg",
)


def _salt(salt_id: str, entry: Mapping[str, Any], sources: Mapping[str, str]) -> Salt:
    place = f"salts.{salt_id}"
    document.known(entry, _KEYS, place)
    if ("label" in entry) == ("formula" in entry):
        raise DocumentError(place, sorted(entry), "either a formula with ions, or a label in %")
    optional: dict[str, float | None] = {
        key: document.number(entry[key], f"{place}.{key}", low, high) if key in entry else None
        for key, low, high in (
            ("ph_max", 3.0, 12.0),
            ("density_kg_l", 0.5, 3.0),
            ("price_per_kg", 0.0, 1e6),
        )
    }
    kind = entry.get("kind", Kind.SALT.value)
    if kind not in list(Kind):
        raise DocumentError(f"{place}.kind", kind, ", ".join(Kind))
    purity = document.number(entry.get("purity_pct", 100), f"{place}.purity_pct", 0.1, 100.0)
    chelate = document.text(entry["chelate"], f"{place}.chelate") if "chelate" in entry else None
    formula = document.text(entry["formula"], f"{place}.formula") if "formula" in entry else None
    if formula is None:
        mmol_g = _of_label(entry["label"], chelate, f"{place}.label")
    else:
        mmol_g = _of_formula(formula, entry.get("ions"), purity, place)
    source = entry.get("composition_source", "pure" if formula else "label")
    return Salt(
        id=salt_id,
        name=document.text(entry.get("name", salt_id), f"{place}.name"),
        mmol_g=MappingProxyType(mmol_g),
        formula=formula,
        kind=Kind(kind),
        density_kg_l=optional["density_kg_l"],
        purity_pct=purity,
        chelate=chelate,
        ph_max=optional["ph_max"],
        solubility=_solubility(entry.get("solubility"), formula, sources, f"{place}.solubility"),
        composition_source=sources.get(str(source), str(source)),
        price_per_kg=optional["price_per_kg"],
    )


def _of_formula(formula: str, ions: object, purity_pct: float, place: str) -> dict[Ion, float]:
    counts: dict[Ion, float] = {}
    for key, count in document.numbers(ions, f"{place}.ions", -20.0, 20.0).items():
        if key not in list(Ion):
            raise DocumentError(f"{place}.ions.{key}", count, ", ".join(Ion))
        counts[Ion(key)] = count
    charge = sum(IONS[ion].charge * count for ion, count in counts.items())
    if abs(charge) > 1e-9:
        raise DocumentError(
            f"{place}.ions", dict(counts), f"ions whose charges cancel; these have {charge:+g}"
        )
    _agree_with_formula(counts, formula, f"{place}.ions")
    unit = molar_mass(formula) / (purity_pct / 100.0)
    return {ion: count * 1000.0 / unit for ion, count in counts.items()}


def _agree_with_formula(counts: Mapping[Ion, float], formula: str, place: str) -> None:
    """Every element that an ion is counted by has as many atoms in the formula."""
    atoms = elements_of(formula)
    by_element: dict[str, float] = {}
    for ion, count in counts.items():
        if ion in (Ion.ALKALINITY, Ion.LIGAND):
            continue
        element = "N" if ion in (Ion.NITRATE, Ion.AMMONIUM) else ion.value
        by_element[element] = by_element.get(element, 0.0) + count
    for element, count in by_element.items():
        if atoms.get(element, 0) != count:
            raise DocumentError(
                place, f"{count:g} {element}", f"{atoms.get(element, 0)} {element} as in {formula}"
            )


def _of_label(label: object, chelate: str | None, place: str) -> dict[Ion, float]:
    found: dict[Ion, float] = {}
    for key, percent in document.numbers(label, place, 0.0, 100.0).items():
        counted = form(key)
        if counted.ion in found:
            raise DocumentError(f"{place}.{key}", percent, f"{counted.ion} once")
        found[counted.ion] = percent * 10.0 / counted.grams_per_mol
    if chelate is not None:
        metal = sum(
            IONS[ion].charge * amount
            for ion, amount in found.items()
            if ion in MICRO and IONS[ion].charge > 0
        )
        found[Ion.LIGAND] = metal
    return found


def _solubility(
    entry: object, formula: str | None, sources: Mapping[str, str], place: str
) -> Solubility | None:
    if entry is None:
        return None
    content = document.mapping(entry, place)
    document.known(content, ("of", "points", "source", "confidence"), place)
    raw = content.get("points")
    if not isinstance(raw, Mapping) or not raw:
        raise DocumentError(f"{place}.points", raw, "grams in 100 g of water by °C")
    share = 1.0
    if "of" in content:
        if formula is None:
            raise DocumentError(f"{place}.of", content["of"], "a salt with a formula")
        share = molar_mass(document.text(content["of"], f"{place}.of")) / molar_mass(formula)
    points = sorted(
        (
            document.number(t, f"{place}.points", 0.0, 100.0),
            _as_sold(document.number(grams, f"{place}.points.{t}", 1e-6, 1e4), share),
        )
        for t, grams in raw.items()
    )
    source = document.text(content.get("source"), f"{place}.source")
    return Solubility(
        points=tuple(points),
        source=sources.get(source, source),
        confidence=document.text(content.get("confidence"), f"{place}.confidence"),
    )


def _as_sold(grams: float, share: float) -> float:
    """g of a hydrate in 100 g of water from g of what dissolves, `share` of the hydrate's mass."""
    hydrate = grams / share
    # The water of the crystals is water of the solution.
    water = 100.0 - (hydrate - grams)
    if water <= 0.0:
        return 1e4
    return hydrate / water * 100.0


def _per_litre(grams_per_100_g: float) -> float:
    return 1000.0 * grams_per_100_g / (100.0 + grams_per_100_g)


def _interpolated(points: tuple[tuple[float, float], ...], t: float) -> float:
    below = [point for point in points if point[0] <= t]
    above = [point for point in points if point[0] >= t]
    if not below:
        return above[0][1]
    if not above:
        return below[-1][1]
    (t0, g0), (t1, g1) = below[-1], above[0]
    return g0 if t1 == t0 else g0 + (g1 - g0) * (t - t0) / (t1 - t0)
