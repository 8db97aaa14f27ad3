"""A season of the twin held against its ledger: what history says was used, given and harvested,
and what the simulated farm has counted itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from ..farm.roles import DOSING
from ..ledger.schema import batches, dead_letters, deliveries, harvests, records, uses
from ..ledger.store import Ledger
from ..ledger.verify import verify
from ..twin.farm import SUBSYSTEMS, Twin
from ..twin.season import Season

#: How far history may be off, %.
LIMIT_PCT = 0.5
#: What is shared among batches may be off by the rounding of shares alone, %.
CLOSES_PCT = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One total: what the ledger says and what the twin has counted, in `unit`."""

    what: str
    unit: str
    ledger: float
    twin: float
    limit_pct: float = LIMIT_PCT

    @property
    def difference_pct(self) -> float | None:
        """By how much the ledger has more (+) or less (-) than the twin, %; None where the twin has
        counted nothing that the ledger has."""
        if not self.twin:
            return None if self.ledger else 0.0
        return 100.0 * (self.ledger / self.twin - 1.0)

    @property
    def passed(self) -> bool:
        """Whether they are the same within the limit."""
        difference = self.difference_pct
        return difference is not None and abs(difference) <= self.limit_pct

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "difference_pct": self.difference_pct, "passed": self.passed}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonReport:
    """What a season has come to. `totals` hold the ledger against the twin, `shared` what batches
    and nobody were given against what was delivered altogether; `versions` the batches of each
    version of each recipe. `intact`: the chain of the ledger verifies; `not_understood` records
    have no meaning.
    """

    days: float
    kills: int
    records: int
    intact: bool
    not_understood: int
    totals: tuple[Row, ...]
    shared: tuple[Row, ...]
    versions: Mapping[str, tuple[str, ...]]
    rollout: str
    wall_seconds: float

    @property
    def passed(self) -> bool:
        """Whether everything is as it should be."""
        rows = all(row.passed for row in (*self.totals, *self.shared))
        return rows and self.intact and not self.not_understood

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "days": self.days,
            "kills": self.kills,
            "records": self.records,
            "intact": self.intact,
            "not_understood": self.not_understood,
            "passed": self.passed,
            "totals": [row.as_dict() for row in self.totals],
            "shared": [row.as_dict() for row in self.shared],
            "versions": {key: list(value) for key, value in self.versions.items()},
            "rollout": self.rollout,
            "wall_seconds": self.wall_seconds,
        }


def audit(season: Season, wall_seconds: float = 0.0) -> SeasonReport:
    """Hold a season that has ended against its ledger. Raises LedgerError."""
    ledger = Ledger(season.ledger_path, read_only=True)
    try:
        whole = verify(ledger)
        with ledger.reading() as connection:
            given = _given(connection)
            totals = tuple(_totals(season.simulation.twin, connection, given))
            shared = tuple(_shared(connection, given))
            return SeasonReport(
                days=season.days,
                kills=season.kills,
                records=connection.scalar(select(func.count()).select_from(records)) or 0,
                intact=whole.intact,
                not_understood=connection.scalar(select(func.count()).select_from(dead_letters))
                or 0,
                totals=totals,
                shared=shared,
                versions=_versions(connection),
                rollout=", ".join(
                    rollout.state.value
                    for rollout in season.simulation.runtime.memory.rollouts.values()
                ),
                wall_seconds=wall_seconds,
            )
    finally:
        ledger.close()


type _Given = Mapping[tuple[str, str], float]


def _given(connection: Connection) -> _Given:
    """What was given altogether, to batches and to nobody, by resource and subsystem."""
    amount = func.sum(uses.c.amount)
    asked = select(uses.c.resource, uses.c.subsystem, amount).group_by(
        uses.c.resource, uses.c.subsystem
    )
    return {(resource, part): total for resource, part, total in connection.execute(asked)}


def _totals(twin: Twin, connection: Connection, given: _Given) -> Iterable[Row]:
    energy = twin.energy_kwh
    told = {part: given.get(("energy_kwh", part), 0.0) for part in SUBSYSTEMS}
    everything = sum(total for (resource, _), total in given.items() if resource == "energy_kwh")
    yield Row(what="energy", unit="kWh", ledger=everything, twin=sum(energy.values()))
    for part in SUBSYSTEMS:
        yield Row(what=f"energy, {part}", unit="kWh", ledger=told[part], twin=energy[part])
    litres = twin.litres
    for what, part, counter in (
        ("water, irrigation", "irrigation", "pumped"),
        ("water, fills", "fill", "refilled"),
    ):
        told_l = given.get(("water_l", part), 0.0)
        yield Row(what=what, unit="L", ledger=told_l, twin=litres[counter])
    for role in DOSING:
        ml = sum(tank.dosed_ml.get(role, 0.0) for tank in twin.tanks.values())
        part = role.removeprefix("dosing_pump_")
        resource = "ph_ml" if part.startswith("ph_") else "nutrient_ml"
        key = resource, part.removeprefix("ph_").removeprefix("nutrient_")
        if ml or key in given:
            name = part.replace("_", " ")
            yield Row(what=f"dosed, {name}", unit="mL", ledger=given.get(key, 0.0), twin=ml)
    light = sum(level.mol_given for level in twin.levels.values())
    yield Row(what="light", unit="mol", ledger=given.get(("light_mol", ""), 0.0), twin=light)
    kg, waste = connection.execute(
        select(func.sum(harvests.c.kg), func.sum(harvests.c.waste_kg))
    ).one()
    weighed = (kg or 0.0) + (waste or 0.0)
    yield Row(what="harvested, with waste", unit="kg", ledger=weighed, twin=twin.taken.kg)
    told_of = _told(connection)
    for kinds, what, counted in (
        (("batch_harvested", "batch_cut"), "harvested", twin.taken.plants),
        (("batch_loss",), "lost", twin.lost.plants),
    ):
        plants = sum(sum(told_of.get(kind, ())) for kind in kinds)
        yield Row(what=what, unit="plants", ledger=plants, twin=counted)


def _told(connection: Connection) -> dict[str, list[float]]:
    """How many plants each record of these kinds is about."""
    found: dict[str, list[float]] = {}
    kinds = ("batch_harvested", "batch_cut", "batch_loss")
    asked = select(records.c.kind, records.c.data).where(records.c.kind.in_(kinds))
    for kind, data in connection.execute(asked):
        found.setdefault(kind, []).append(orjson.loads(data).get("plants", 0))
    return found


def _shared(connection: Connection, given: _Given) -> Iterable[Row]:
    """Shots, fills and doses by the deliveries, and hours by their records: what batches and nobody
    were given has to be all of it."""
    kwh = 0.0
    for (data,) in connection.execute(select(records.c.data).where(records.c.kind == "hour")):
        kwh += sum(orjson.loads(data).get("energy_kwh", {}).values())
    yield Row(
        what="energy, shared among batches",
        unit="kWh",
        ledger=sum(total for (resource, _), total in given.items() if resource == "energy_kwh"),
        twin=kwh,
        limit_pct=CLOSES_PCT,
    )
    delivered = select(deliveries.c.what, func.sum(deliveries.c.delivered)).group_by(
        deliveries.c.what
    )
    by_what: dict[str, float] = dict(connection.execute(delivered).tuples().all())
    for what, unit, resources in (
        ("shot", "L", (("water_l", "irrigation"),)),
        ("fill", "L", (("water_l", "fill"),)),
        ("dose", "mL", tuple(k for k in given if k[0] in ("nutrient_ml", "ph_ml"))),
    ):
        yield Row(
            what=f"{what}s, shared among batches",
            unit=unit,
            ledger=sum(given.get(key, 0.0) for key in resources),
            twin=by_what.get(what, 0.0),
            limit_pct=CLOSES_PCT,
        )


def _versions(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The batches of each version of a recipe."""
    found: dict[str, list[str]] = {}
    asked = select(batches.c.recipe, batches.c.version, batches.c.id).order_by(batches.c.id)
    for recipe, version, batch in connection.execute(asked):
        found.setdefault(f"{recipe} {version[:12]}", []).append(batch)
    return {key: tuple(value) for key, value in sorted(found.items())}
