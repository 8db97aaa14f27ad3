"""What a record means: the rows that are worked out from it. Pure; a record of wrong types raises.

Beside what control tells of shots, doses, fills, batches, phases and hours, this understands what
people enter: `lot_received`, `lot_loaded`, `lot_used` and `labour_logged`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import Delete, Table, Update, delete, update

from ..control.hot import hot_value
from .chain import PRUNED
from .schema import (
    audit,
    batches,
    deliveries,
    harvests,
    hours,
    incidents,
    lineage,
    lot_loads,
    lots,
    phases,
    placements,
    stands,
)


class UnclearError(ValueError):
    """A record says something that cannot be so: a text where a number has to be, or nothing."""


@hot_value(kw_only=False)
class Put:
    """A new row."""

    table: Table
    row: Mapping[str, Any]


@hot_value(kw_only=False)
class Given:
    """So much of a resource was given, to each of these batches its share."""

    resource: str
    subsystem: str
    amount: float
    metered: bool
    shares: Mapping[str, float]


@hot_value(kw_only=False)
class Stood:
    """What batches stood in for a while: the mean of a reading and its extremes."""

    batches: Iterable[str]
    quantity: str
    mean: float
    low: float
    high: float
    covered_s: float


@hot_value(kw_only=False)
class Used:
    """So much of a lot went into a batch."""

    lot: str
    batch: str
    at: float
    amount: float
    unit: str


type Change = Put | Given | Stood | Used | Update | Delete


@dataclass(slots=True)
class Fact:
    """A record to understand. `loads`: which lot each dosing pump draws from at this time."""

    seq: int
    at: float
    kind: str
    node: str
    severity: str
    data: Mapping[str, Any]
    loads: Mapping[str, str] = field(default_factory=dict)
    _shares: Mapping[str, float] | None = None

    # -- reading --------------------------------------------------------------------------------

    def number(self, name: str) -> float:
        """A number that has to be there."""
        value = self.data.get(name)
        if type(value) is not float:
            if type(value) is not int:
                raise UnclearError(f"{name} is {value!r}, not a number"[:500])
            value = float(value)
        if value - value != 0:
            raise UnclearError(f"{name} is {value!r}")
        return value

    def maybe(self, name: str) -> float | None:
        """A number, or None where there is none."""
        return None if self.data.get(name) is None else self.number(name)

    def count(self, name: str) -> int:
        """A whole number of things."""
        value = self.number(name)
        if value != int(value) or not 0 <= value < 2**31:
            raise UnclearError(f"{name} is {value!r}, not a count")
        return int(value)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; it has to be there unless there is a default."""
        value = self.data.get(name)
        if value is None and default is not None:
            return default
        return text(name, value)

    def shares(self) -> Mapping[str, float]:
        """Batches and their shares; the empty batch where nothing grew."""
        if self._shares is None:
            told = self.data.get("shares") or _NOBODY
            if not isinstance(told, dict):
                raise UnclearError(f"shares is {told!r}"[:500])
            for batch, share in told.items():
                if (type(share) is not float and type(share) is not int) or not 0 <= share <= 2:
                    raise UnclearError(f"the share of {batch!r} is {share!r}"[:500])
                if "\0" in batch or len(batch) > 500:
                    raise UnclearError(f"shares is {told!r}"[:500])
            self._shares = told
        return self._shares

    # -- telling --------------------------------------------------------------------------------

    def given(self, resource: str, subsystem: str, amount: float) -> Iterator[Given]:
        """What was given, to each batch its share. `metered` names the subsystems that were, where
        not all of them were."""
        if amount:
            told = self.data.get("metered")
            metered = told is True or (type(told) is list and subsystem in told)
            yield Given(resource, subsystem, amount, metered, self.shares())

    def delivery(self, what: str, unit: str, delivered: float) -> Put:
        """A shot, dose or fill."""
        return Put(
            deliveries,
            {
                "seq": self.seq,
                "what": what,
                "node": self.node,
                "point": self.text("point", ""),
                "at": self.at,
                "planned": self.maybe(f"planned_{unit.lower()}"),
                "delivered": delivered,
                "unit": unit,
                "ended": self.text("end", ""),
                "metered": self.data.get("metered") is True,
                "by": self.text("by", ""),
            },
        )


_NOBODY: Mapping[str, float] = {"": 1.0}


def text(name: str, value: Any) -> str:
    """A text that every database takes."""
    if not isinstance(value, str) or "\0" in value or len(value) > 2000:
        raise UnclearError(f"{name} is {value!r}"[:500] + ", not a text")
    return value


def changes(fact: Fact) -> list[Change]:
    """Everything that follows from a record. Raises UnclearError."""
    found: list[Change] = []
    meaning = MEANINGS.get(fact.kind)
    if meaning is not None:
        found.extend(meaning(fact))
    # A test alarm is no incident: nothing was wrong.
    if fact.severity in _SEVERITIES and fact.data.get("test") is not True:
        row = {"seq": fact.seq, "at": fact.at, "kind": fact.kind, "node": fact.node}
        found.append(Put(incidents, {**row, "severity": fact.severity}))
    if fact.kind not in _DELIVERIES and fact.data.get("by"):
        found.append(_audit(fact))
    return found


_SEVERITIES = frozenset({"p1", "p2", "p3", "p4"})
#: By whom these were started is told with what was delivered.
_DELIVERIES = frozenset(
    {"shot_started", "shot_ended", "dose_started", "dose_ended", "fill_started", "fill_ended"}
)
#: Where an event names what it was about, what it was before, and what it is now: the first counts.
_TARGET = ("point", "batch", "quantity", "loop", "workflow", "lot", "rollout", "what", "who")
_BEFORE = ("was",)
_AFTER = (
    *("mode", "phase", "version", "value", "use", "ml_per_s", "kg", "minutes", "step", "amount"),
    *("state", "correction"),
)


def _audit(fact: Fact) -> Put:
    return Put(
        audit,
        {
            "seq": fact.seq,
            "at": fact.at,
            "who": fact.text("by"),
            "what": fact.kind,
            "node": fact.node,
            "target": _first(fact, _TARGET) or "",
            "before": _first(fact, _BEFORE),
            "after": _first(fact, _AFTER),
            "why": _first(fact, ("why", "note")) or "",
            "result": fact.text("end", "done"),
        },
    )


def _first(fact: Fact, names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fact.data.get(name)
        if isinstance(value, str | int | float) and value != "":
            return text(name, str(value))
    return None


# -- kinds of records -----------------------------------------------------------------------------


def _shot(fact: Fact) -> Iterator[Change]:
    litres = fact.number("delivered_l")
    yield fact.delivery("shot", "L", litres)
    yield from fact.given("water_l", "irrigation", litres)


def _fill(fact: Fact) -> Iterator[Change]:
    litres = fact.number("delivered_l")
    yield fact.delivery("fill", "L", litres)
    yield from fact.given("water_l", "fill", litres)


def _fill_measured(fact: Fact) -> Iterator[Change]:
    """What a fill has brought is known better once the water is at rest."""
    yield from fact.given("water_l", "fill", fact.number("correction_l"))
    yield (
        update(deliveries)
        .where(
            deliveries.c.what == "fill",
            deliveries.c.node == fact.node,
            deliveries.c.at == fact.number("ended_at"),
        )
        .values(delivered=fact.number("litres"))
    )


def _dose(fact: Fact) -> Iterator[Change]:
    ml = fact.number("ml" if fact.kind == "dosed_by_hand" else "delivered_ml")
    yield fact.delivery("dose", "mL", ml)
    part = fact.text("role", "").removeprefix("dosing_pump_")
    acid_or_base = part.startswith("ph_")
    yield from fact.given(
        "ph_ml" if acid_or_base else "nutrient_ml",
        part.removeprefix("ph_") if acid_or_base else part.removeprefix("nutrient_"),
        ml,
    )
    lot = fact.loads.get(fact.text("point", ""))
    if lot is not None and ml > 0:
        for batch, share in fact.shares().items():
            if batch:
                yield Used(lot, batch, fact.at, ml * share, "mL")


def _hour(fact: Fact) -> Iterator[Change]:
    since, data = fact.number("since"), fact.data
    seq, node, at = fact.seq, fact.node, fact.at
    readings = _object(data, "readings")
    light = fact.maybe("light_mol_m2")
    if light is not None:
        yield from fact.given("light_mol", "", light * (fact.maybe("area_m2") or 0.0))
        readings = {**readings, "light": [light, light, light, max(0.0, at - since)]}
    for quantity, values in readings.items():
        if type(values) is not list or len(values) != 4:
            raise UnclearError(f"the reading of {quantity} is {values!r}"[:500])
        mean, low, high, covered_s = values
        _numbers(quantity, values)
        yield Put(
            hours,
            {
                "seq": seq,
                "quantity": text("quantity", quantity),
                "node": node,
                "since": since,
                "at": at,
                "mean": mean,
                "low": low,
                "high": high,
                "covered_s": covered_s,
            },
        )
        if covered_s > 0 and quantity != "light":
            yield Stood(fact.shares(), quantity, mean, low, high, covered_s)
    energy = _object(data, "energy_kwh")
    _numbers("energy_kwh", energy.values())
    for subsystem, kwh in energy.items():
        yield from fact.given("energy_kwh", text("subsystem", subsystem), kwh)
    if "mist_l" in data:
        yield from fact.given("water_l", "irrigation", fact.number("mist_l"))
    if "co2_open_s" in data:
        yield from fact.given("co2_s", "", fact.number("co2_open_s"))


def _object(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    if found is None:
        return {}
    if type(found) is not dict:
        raise UnclearError(f"{name} is {found!r}"[:500])
    return found


def _numbers(name: str, values: Iterable[Any]) -> None:
    """Raise UnclearError unless all of them are finite numbers."""
    total = 0.0
    for value in values:
        if type(value) is not float and type(value) is not int:
            raise UnclearError(f"{name} has {value!r}, not a number"[:500])
        total += value
    if total - total != 0:
        raise UnclearError(f"{name} has no finite numbers")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _batch_started(fact: Fact) -> Iterator[Change]:
    batch, plants = fact.text("batch"), fact.count("plants")
    sown_at = fact.maybe("sown_at")
    yield Put(
        batches,
        {
            "id": batch,
            "title": fact.text("title", ""),
            "crop": fact.text("crop", ""),
            "cultivar": None if fact.data.get("cultivar") is None else fact.text("cultivar"),
            "recipe": fact.text("recipe", ""),
            "version": fact.text("version", ""),
            "plants": plants,
            "state": fact.text("state", "sown"),
            "sown_at": fact.at if sown_at is None else sown_at,
            "ended_at": None,
            "reason": None,
        },
    )
    yield from _stand(fact, batch)
    if fact.data.get("phase") is not None:
        yield _phase(fact, batch, fact.at)
    if fact.data.get("seed_lot"):
        seeds = fact.maybe("seeds")
        amount = float(plants) if seeds is None else seeds
        yield Used(fact.text("seed_lot"), batch, fact.at, amount, "seeds")
    for parent in _list(fact, "parents"):
        yield _descent(fact, batch, parent)


def _descent(fact: Fact, child: str, parent: Any) -> Put:
    if not isinstance(parent, dict):
        raise UnclearError(f"a parent is {parent!r}")
    row = {"child": child, "parent": text("parent", parent.get("batch")), "at": fact.at}
    plants = parent.get("plants", 0)
    if not isinstance(plants, int) or not 0 <= plants < 2**31:
        raise UnclearError(f"plants is {plants!r}")
    return Put(lineage, {**row, "plants": plants})


def _stand(fact: Fact, batch: str) -> Iterator[Change]:
    """Where a batch stands from now on; where that is not told, on the level that is."""
    found = _list(fact, "placements") or [{"level": fact.node, "sites": 0, "area_m2": 0.0}]
    nodes: dict[str, None] = {}
    for place in found:
        if not isinstance(place, dict) or not _is_number(place.get("area_m2")):
            raise UnclearError(f"a placement is {place!r}"[:500])
        level, sites = text("level", place.get("level")), place.get("sites")
        if not isinstance(sites, int) or not 0 <= sites < 2**31:
            raise UnclearError(f"sites is {sites!r}")
        area = float(place["area_m2"])
        where = {"batch": batch, "level": level, "since": fact.at, "until": None}
        yield Put(placements, {**where, "sites": sites, "area_m2": area})
        nodes[level] = None
        nodes |= dict.fromkeys(text("served_by", n) for n in place.get("served_by") or ())
    for node in nodes:
        yield Put(stands, {"batch": batch, "node": node, "since": fact.at, "until": None})


def _list(fact: Fact, name: str) -> list[Any]:
    found = fact.data.get(name) or []
    if not isinstance(found, list):
        raise UnclearError(f"{name} is {found!r}"[:500])
    return found


def _leave(fact: Fact, batch: str) -> Iterator[Change]:
    for table in (placements, stands):
        still = (table.c.batch == batch) & table.c.until.is_(None)
        # Where it has come to in this very moment, it never stood.
        yield delete(table).where(still, table.c.since == fact.at)
        yield update(table).where(still).values(until=fact.at)


def _batch_moved(fact: Fact) -> Iterator[Change]:
    batch = fact.text("batch")
    yield from _leave(fact, batch)
    yield from _stand(fact, batch)


def _counted(fact: Fact) -> Iterator[Change]:
    """How many plants are left and where they stand, as far as it is told."""
    batch = fact.text("batch")
    if fact.data.get("plants_left") is not None:
        left = batches.c.id == batch
        yield update(batches).where(left).values(plants=fact.count("plants_left"))
    if fact.data.get("placements"):
        yield from _batch_moved(fact)


def _batch_merged(fact: Fact) -> Iterator[Change]:
    """Told of both: of the one that goes on, and of the one that ends in it."""
    batch, into = fact.text("batch"), fact.text("into")
    if batch == into:
        yield _descent(fact, batch, {"batch": fact.text("other"), "plants": fact.count("plants")})
        yield from _counted(fact)
        return
    yield from _leave(fact, batch)
    end = update(batches).where(batches.c.id == batch)
    yield end.values(state="merged", ended_at=fact.at)


def _phase(fact: Fact, batch: str, at: float) -> Put:
    row = {"batch": batch, "seq": fact.seq, "at": at, "phase": fact.text("phase")}
    return Put(phases, {**row, "by": fact.text("by", "")})


def _phase_changed(fact: Fact) -> Iterator[Change]:
    batch = fact.text("batch")
    yield _phase(fact, batch, fact.at)
    yield update(batches).where(batches.c.id == batch).values(state="growing")


def _recipe_changed(fact: Fact) -> Iterator[Change]:
    batch = batches.c.id == fact.text("batch")
    version = fact.text("version")
    yield update(batches).where(batch).values(recipe=fact.text("recipe", ""), version=version)


def _batch_cut(fact: Fact) -> Iterator[Change]:
    """Something was harvested, and the batch may grow on."""
    batch = fact.text("batch")
    lot = fact.text("lot", "") or f"{batch}.{fact.seq}"
    kg = fact.maybe("kg")
    row = {"id": lot, "kind": "harvest", "name": fact.text("title", ""), "supplier": ""}
    yield Put(lots, {**row, "at": fact.at, "amount": kg, "unit": "kg"})
    harvest = {"lot": lot, "batch": batch, "at": fact.at, "kg": kg}
    told = {"waste_kg": fact.maybe("waste_kg"), "grade": fact.text("grade", "")}
    yield Put(harvests, {**harvest, **told, "note": fact.text("note", "")})
    if fact.kind == "batch_cut":
        yield from _counted(fact)


def _batch_harvested(fact: Fact) -> Iterator[Change]:
    batch = fact.text("batch")
    yield from _batch_cut(fact)
    yield from _leave(fact, batch)
    end = update(batches).where(batches.c.id == batch)
    yield end.values(state="harvested", ended_at=fact.at)


def _batch_failed(fact: Fact) -> Iterator[Change]:
    batch, why = fact.text("batch"), fact.text("reason", "") or fact.text("why", "")
    yield from _leave(fact, batch)
    end = update(batches).where(batches.c.id == batch)
    yield end.values(state="failed", ended_at=fact.at, reason=why)


def _lot_received(fact: Fact) -> Iterator[Change]:
    yield Put(
        lots,
        {
            "id": fact.text("lot"),
            "kind": fact.text("lot_kind"),
            "name": fact.text("name", ""),
            "supplier": fact.text("supplier", ""),
            "at": fact.at,
            "amount": fact.maybe("amount"),
            "unit": fact.text("unit", ""),
        },
    )


def _lot_used(fact: Fact) -> Iterator[Change]:
    amount, unit = fact.maybe("amount") or 0.0, fact.text("unit", "")
    yield Used(fact.text("lot"), fact.text("batch"), fact.at, amount, unit)


def _lot_loaded(fact: Fact) -> Iterator[Change]:
    yield Put(lot_loads, {"point": fact.text("point"), "at": fact.at, "lot": fact.text("lot")})


def _labour(fact: Fact) -> Iterator[Change]:
    minutes, task = fact.number("minutes"), fact.text("task", "")
    if fact.data.get("shares") is None:
        named = {**fact.data, "shares": {fact.text("batch"): 1.0}}
        fact = Fact(fact.seq, fact.at, fact.kind, fact.node, fact.severity, named)
    yield from fact.given("labour_min", task, minutes)


def _pruned(fact: Fact) -> Iterator[Change]:
    """The sums of records that were removed."""
    for batch, resource, subsystem, amount, metered in _list(fact, "given"):
        _numbers("given", (amount, metered))
        yield Given(resource, subsystem, metered, True, {batch: 1.0})
        yield Given(resource, subsystem, amount - metered, False, {batch: 1.0})
    for batch, quantity, integral, covered_s, low, high in _list(fact, "stood"):
        _numbers("stood", (integral, covered_s, low, high))
        yield Stood((batch,), quantity, integral / covered_s, low, high, covered_s)
    for lot, batch, since, until, amount, unit in _list(fact, "used"):
        _numbers("used", (since, until, amount))
        yield Used(lot, batch, since, amount, unit)
        yield Used(lot, batch, until, 0.0, unit)


MEANINGS: Mapping[str, Callable[[Fact], Iterator[Change]]] = MappingProxyType(
    {
        "shot_ended": _shot,
        "fill_ended": _fill,
        "fill_measured": _fill_measured,
        "dose_ended": _dose,
        "dosed_by_hand": _dose,
        "hour": _hour,
        "batch_started": _batch_started,
        "batch_moved": _batch_moved,
        "batch_transplanted": _batch_moved,
        "batch_split": _counted,
        "batch_loss": _counted,
        "batch_merged": _batch_merged,
        "phase_changed": _phase_changed,
        "recipe_changed": _recipe_changed,
        "batch_cut": _batch_cut,
        "batch_harvested": _batch_harvested,
        "batch_failed": _batch_failed,
        "lot_received": _lot_received,
        "lot_used": _lot_used,
        "lot_loaded": _lot_loaded,
        "labour_logged": _labour,
        PRUNED: _pruned,
    }
)
