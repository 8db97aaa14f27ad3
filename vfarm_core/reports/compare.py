"""Two versions of a recipe, held against each other by what the ledger has of their batches.

A batch counts for a version when it grew on it from beginning to end and was harvested. Batches
that were split from one another are one replicate, for they shared everything else. What is left
out is said, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from ..batches.rollout import Finding, Judgement
from ..ledger.schema import batches, lineage, records
from ..ledger.store import Ledger
from .batch import DAY_S, BatchSummary, summaries
from .errors import ReportError, UnknownError
from .statistics import INSTALL_HINT, Contrast, Spread, Verdict, contrast, spread

#: What is compared, in its unit; the first decides, the others are to be looked into.
MEASURES: Mapping[str, str] = {
    "yield_kg_m2": "kg/m²",
    "yield_g_m2_d": "g/m²/d",
    "days": "d",
    "energy_kwh_kg": "kWh/kg",
    "water_l_kg": "L/kg",
    "losses": "share",
}
YIELD = "yield_kg_m2"
#: Digits of a version that name it.
_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicate:
    """One sowing that counts: its batches, and its figures by measure; None where it has none."""

    batches: tuple[str, ...]
    version: str
    sown_at: float
    ended_at: float
    figures: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure of both versions."""

    name: str
    unit: str
    old: Spread
    new: Spread
    contrast: Contrast


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two versions of a recipe. `left_out` says why batches do not count; `notes` are what weakens
    the comparison; `install` is what brings statistics where they are missing, else empty."""

    recipe: str
    old: str
    new: str
    replicates: tuple[Replicate, ...]
    measures: tuple[Measure, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]
    install: str

    def measure(self, name: str) -> Measure:
        """One of the measures."""
        return next(m for m in self.measures if m.name == name)

    def judgement(self, at: float) -> Judgement:
        """What it says of the yield, for the gate of a roll-out."""
        found = self.measure(YIELD)
        told = found.contrast
        finding = Finding.OPEN
        if told.not_lower:
            finding = Finding.NOT_LOWER
        elif told.verdict is Verdict.LOWER:
            finding = Finding.LOWER
        return Judgement(
            finding=finding,
            at=at,
            why=told.why,
            change=told.change,
            old_n=found.old.n,
            new_n=found.new.n,
        )


def compare(
    ledger: Ledger,
    recipe: str,
    *,
    old: str | None = None,
    new: str | None = None,
    effect: float = 0.1,
    margin: float = 0.1,
) -> Comparison:
    """Versions `old` and `new` (or what they begin with) of a recipe; without names, the two that
    were sown last. Raises UnknownError, ReportError and LedgerError."""
    if not 0.0 < effect <= 1.0 or not 0.0 <= margin <= 1.0:
        raise ReportError("effect and margin are shares between 0 and 1", "shares")
    with ledger.reading() as connection:
        grown = connection.execute(
            select(batches.c.id, batches.c.version)
            .where(batches.c.recipe == recipe)
            .order_by(batches.c.sown_at)
        ).all()
        if not grown:
            raise UnknownError("recipe", recipe)
        versions = list(dict.fromkeys(row.version for row in reversed(grown)))
        old, new = _named(recipe, versions, old, new)
        wanted = [row.id for row in grown if row.version in (old, new)]
        found = {s.id: s for s in summaries(connection, wanted)}
        parents = _parents(connection, wanted)
        moved = _told(connection, "recipe_changed", wanted)
        started = _told(connection, "batch_started", wanted)
        lost = _told(connection, "batch_loss", wanted)
    left_out: dict[str, str] = {}
    replicates = []
    for family in _families(found.values(), parents):
        why = _unfit(family, moved)
        if why:
            left_out |= {batch.id: why for batch in family}
        else:
            replicates.append(_replicate(family, parents, started, lost))
    measures = tuple(
        _measure(name, unit, replicates, old, new, effect, margin)
        for name, unit in MEASURES.items()
    )
    missing = any(m.contrast.why == "scipy_missing" for m in measures)
    return Comparison(
        recipe=recipe,
        old=old,
        new=new,
        replicates=tuple(replicates),
        measures=measures,
        left_out=left_out,
        notes=_notes(replicates, old, new),
        install=INSTALL_HINT if missing else "",
    )


def _named(
    recipe: str, versions: Sequence[str], old: str | None, new: str | None
) -> tuple[str, str]:
    """The versions that are meant; `versions` are those that were sown, the newest first."""

    def known(name: str) -> str:
        fit = [v for v in versions if v.startswith(name)] if name else []
        if len(fit) != 1:
            raise UnknownError(f"version of {recipe}", name)
        return fit[0]

    second = known(new) if new is not None else None
    first = known(old) if old is not None else None
    rest = [v for v in versions if v not in (first, second)]
    if second is None:
        second = rest.pop(0) if rest else None
    if first is None:
        first = rest.pop(0) if rest else None
    if first is None or second is None or first == second:
        raise ReportError(
            f"{recipe} was grown by one version only: there is nothing to compare",
            "one_version",
            recipe=recipe,
        )
    return first, second


def _parents(connection: Connection, wanted: Iterable[str]) -> dict[str, list[str]]:
    names = set(wanted)
    found: dict[str, list[str]] = {}
    for row in connection.execute(select(lineage.c.child, lineage.c.parent)):
        if row.child in names or row.parent in names:
            found.setdefault(row.child, []).append(row.parent)
    return found


def _told(connection: Connection, kind: str, wanted: Iterable[str]) -> dict[str, list[Any]]:
    """What records of a kind say of batches, in their order."""
    names = set(wanted)
    found: dict[str, list[Any]] = {}
    question = select(records.c.data).where(records.c.kind == kind).order_by(records.c.seq)
    for text in connection.scalars(question):
        data = orjson.loads(text)
        if isinstance(data, dict) and data.get("batch") in names:
            found.setdefault(data["batch"], []).append(data)
    return found


def _families(
    found: Iterable[BatchSummary], parents: Mapping[str, Sequence[str]]
) -> list[list[BatchSummary]]:
    """Batches by where they come from: split off, they belong to the sowing they were part of."""
    families: dict[str, list[BatchSummary]] = {}
    for batch in found:
        key, seen = batch.id, {batch.id}
        while above := [p for p in parents.get(key, ()) if p not in seen]:
            key = min(above)
            seen.add(key)
        families.setdefault(key, []).append(batch)
    return list(families.values())


def _unfit(family: Sequence[BatchSummary], moved: Mapping[str, Any]) -> str:
    """Why a sowing does not count; empty when it does."""
    if len({batch.version for batch in family}) > 1 or any(b.id in moved for b in family):
        return "changed_version"
    states = {batch.state for batch in family}
    if "merged" in states:
        return "merged"
    if states <= {"harvested", "failed"}:
        return ""
    return "still_growing"


def _replicate(
    family: Sequence[BatchSummary],
    parents: Mapping[str, Sequence[str]],
    started: Mapping[str, Sequence[Any]],
    lost: Mapping[str, Sequence[Any]],
) -> Replicate:
    sown_at = min(batch.sown_at for batch in family)
    ended_at = max(batch.ended_at or batch.sown_at for batch in family)
    days = (ended_at - sown_at) / DAY_S
    area_days = sum(batch.area_days for batch in family)
    area = area_days / days if days > 0 else 0.0
    harvested = [batch for batch in family if batch.state == "harvested"]
    # A harvest that nobody weighed is no harvest of nothing.
    weighed = bool(harvested) and all(batch.kg is not None for batch in harvested)
    kg = sum(batch.kg or 0.0 for batch in harvested) if weighed else None
    energy = sum(batch.amount("energy_kwh") for batch in family)
    filled = sum(batch.amount("water_l", "fill") for batch in family)
    water = filled or sum(batch.amount("water_l", "irrigation") for batch in family)
    roots = [batch for batch in family if not parents.get(batch.id)] or list(family)
    plants = sum(_count(started.get(b.id, ()), "plants") or b.plants for b in roots)
    gone = sum(_count(lost.get(b.id, ()), "plants") for b in family)
    gone += sum(b.plants for b in family if b.state == "failed")
    return Replicate(
        batches=tuple(batch.id for batch in family),
        version=family[0].version,
        sown_at=sown_at,
        ended_at=ended_at,
        figures={
            "yield_kg_m2": kg / area if kg is not None and area > 0 else None,
            "yield_g_m2_d": 1000 * kg / area_days if kg is not None and area_days > 0 else None,
            "days": days if harvested else None,
            "energy_kwh_kg": energy / kg if kg and energy else None,
            "water_l_kg": water / kg if kg and water else None,
            "losses": min(1.0, gone / plants) if plants else None,
        },
    )


def _count(told: Sequence[Any], name: str) -> int:
    return sum(int(data[name]) for data in told if isinstance(data.get(name), int | float))


def _measure(
    name: str,
    unit: str,
    replicates: Sequence[Replicate],
    old: str,
    new: str,
    effect: float,
    margin: float,
) -> Measure:
    def of(version: str) -> list[float]:
        found = (r.figures[name] for r in replicates if r.version == version)
        return [value for value in found if value is not None]

    before, after = of(old), of(new)
    return Measure(
        name=name,
        unit=unit,
        old=spread(before),
        new=spread(after),
        contrast=contrast(before, after, effect=effect, margin=margin),
    )


def _notes(replicates: Sequence[Replicate], old: str, new: str) -> tuple[str, ...]:
    """What weakens the comparison, by key."""
    found = []
    before = [r for r in replicates if r.version == old]
    after = [r for r in replicates if r.version == new]
    if before and after:
        apart = max(r.ended_at for r in before) <= min(r.sown_at for r in after)
        behind = max(r.ended_at for r in after) <= min(r.sown_at for r in before)
        if apart or behind:
            found.append("not_at_the_same_time")
    if any(len(r.batches) > 1 for r in replicates):
        found.append("split_counts_once")
    return tuple(found)


#: What is left out, weakens or is missing, in English.
TEXTS: Mapping[str, str] = {
    "changed_version": "did not grow on one version from beginning to end",
    "merged": "took in, or went into, another batch",
    "still_growing": "is still growing",
    "too_few": "fewer than 3 of a version: their spread is not known",
    "no_spread": "all figures of a version are the same: copies are no replicates",
    "spread": "the spread is too wide for so few",
    "scipy_missing": "statistics need SciPy",
    "not_at_the_same_time": (
        "the versions were not grown at the same time: season, lamps and people may differ as well"
    ),
    "split_counts_once": "batches that were split from one sowing count once",
}


def data(found: Comparison) -> dict[str, Any]:
    """The comparison as JSON-able values."""

    def group(one: Spread) -> dict[str, Any]:
        return {"n": one.n, "mean": one.mean, "sd": one.sd, "low": one.low, "high": one.high}

    return {
        "recipe": found.recipe,
        "old": found.old[:_SHORT],
        "new": found.new[:_SHORT],
        "measures": [
            {
                "measure": m.name,
                "unit": m.unit,
                "decides": m.name == YIELD,
                "old": group(m.old),
                "new": group(m.new),
                "difference": m.contrast.difference,
                "change": m.contrast.change,
                "low": m.contrast.low,
                "high": m.contrast.high,
                "p": m.contrast.p,
                "method": m.contrast.method.value,
                "assumes": m.contrast.assumes,
                "verdict": m.contrast.verdict.value,
                "why": m.contrast.why,
                "n_needed": m.contrast.needed,
                "not_lower": m.contrast.not_lower,
            }
            for m in found.measures
        ],
        "replicates": [
            {
                "batches": list(r.batches),
                "version": r.version[:_SHORT],
                "figures": dict(r.figures),
            }
            for r in found.replicates
        ],
        "left_out": dict(found.left_out),
        "notes": list(found.notes),
        "install": found.install,
    }
