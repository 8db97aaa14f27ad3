"""The ledger with a year of a farm of sixty levels, a million records: tracing, the summary of a
batch, and how fast records come in.

The peer of the insert rate is SQLAlchemy's own batch insert of the very same rows into the very
same tables of a second database with the same settings: what hashing, attributing and adding up
cost beside writing. `VFARM_RECORDS` makes a smaller one.
"""

from __future__ import annotations

import gc
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import batched
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, select

from vfarm_core.ledger.entries import Entry
from vfarm_core.ledger.feed import BATCH
from vfarm_core.ledger.schema import DERIVED, harvests, lot_uses, records
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.reports.batch import known_batches, summary
from vfarm_core.reports.trace import trace

RECORDS = int(os.environ.get("VFARM_RECORDS", "1000000"))
LEVELS = 60
CYCLE_DAYS = 35
START = 1_735_689_600.0
HOUR_S = 3600.0
DAY_S = 86400.0
#: Questions of each kind.
QUESTIONS = 400


def main() -> None:
    """Print every row."""
    with tempfile.TemporaryDirectory(prefix="vfarm-bench-") as folder:
        where = Path(folder) / "ledger.db"
        with closing(Ledger(where)) as ledger, closing(Ledger(Path(folder) / "bare.db")) as bare:
            ours = peer = 0.0
            # Turn by turn, so that both have the same machine.
            for events in batched(history(RECORDS), 20 * BATCH, strict=False):
                first = ledger.head().seq + 1
                ours += _timed(lambda events=events: _feed(ledger, events))
                peer += _bare(ledger, bare, first)
            peer += _bare_sums(ledger, bare)
            _row(
                "ledger_insert_rate",
                RECORDS / ours,
                "records/s",
                "SQLAlchemy batch insert of the same rows",
                peer / ours,
            )
            lots, batches = _subjects(ledger)
            chance = random.Random(1)
            asked = [chance.choice(group) for group in lots for _ in range(QUESTIONS // len(lots))]
            _answers("ledger_trace_p95", [_timed(lambda s=s: trace(ledger, s)) for s in asked])
            some = [chance.choice(batches) for _ in range(QUESTIONS)]
            _answers(
                "ledger_batch_summary_p95", [_timed(lambda b=b: summary(ledger, b)) for b in some]
            )
            seconds = _timed(lambda: _whole(ledger))
            _row("ledger_verify_chain", seconds, f"s, {RECORDS} records", None, None)
            _row("ledger_size", where.stat().st_size / 1e6, "MB", None, None)


def _whole(ledger: Ledger) -> None:
    assert verify(ledger, worked_out=False).intact


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _row(name: str, value: float, unit: str, peer: str | None, ratio: float | None) -> None:
    told = {"name": name, "value": round(value, 3), "unit": unit, "peer": peer}
    told["ratio"] = None if ratio is None else round(ratio, 3)
    print(json.dumps(told), flush=True)


def _answers(name: str, seconds: Sequence[float]) -> None:
    worst = sorted(seconds)[int(0.95 * len(seconds))]
    _row(name, worst * 1000, "ms", None, None)


def _feed(ledger: Ledger, events: Sequence[Entry]) -> None:
    for part in batched(events, BATCH, strict=False):
        ledger.append("bench", part)


def _subjects(ledger: Ledger) -> tuple[list[list[str]], list[str]]:
    """Harvest lots, seed lots and nutrient lots; batches."""
    with ledger.reading() as connection:
        used = list(connection.scalars(select(lot_uses.c.lot).distinct()))
        cut = list(connection.scalars(select(harvests.c.lot)))
    seed = [lot for lot in used if lot.startswith("S")]
    nutrient = [lot for lot in used if lot.startswith("N")]
    return [cut, seed, nutrient], known_batches(ledger)


def _bare(ledger: Ledger, bare: Ledger, first: int) -> float:
    """Seconds to insert the rows of the records from `first` on without anything else, in
    transactions of as many records."""
    spent = 0.0
    for begin in range(first, ledger.head().seq + 1, BATCH):
        parts: list[tuple[Table, list[dict[str, Any]]]] = []
        with ledger.reading() as connection:
            for table in (records, *DERIVED):
                if "seq" in table.c:
                    here = table.c.seq.between(begin, begin + BATCH - 1)
                    rows = connection.execute(select(table).where(here)).all()
                    parts.append((table, [dict(row._mapping) for row in rows]))
        spent += _timed(lambda parts=parts: _insert(bare, parts))
    return spent


def _bare_sums(ledger: Ledger, bare: Ledger) -> float:
    """Seconds to insert the rows that belong to no single record."""
    with ledger.reading() as connection:
        parts = [
            (table, [dict(row._mapping) for row in connection.execute(select(table))])
            for table in DERIVED
            if "seq" not in table.c
        ]
    return _timed(lambda: _insert(bare, parts))


def _insert(bare: Ledger, parts: Sequence[tuple[Table, list[dict[str, Any]]]]) -> None:
    with bare.engine.begin() as connection:
        for table, rows in parts:
            if rows:
                connection.execute(insert(table), rows)


# -- a year of a farm -----------------------------------------------------------------------------


def history(count: int) -> Iterator[Entry]:
    """So many events of a farm, hour after hour."""
    chance = random.Random(7)
    for number, (kind, at, data) in enumerate(_happenings(chance), 1):
        yield Entry(origin=number, at=at, kind=kind, data={"severity": "info", **data})
        if number == count:
            return


type _Happening = tuple[str, float, dict[str, Any]]


def _happenings(chance: random.Random) -> Iterator[_Happening]:
    growing: dict[int, str] = {}
    hour = 0
    while True:
        at = START + hour * HOUR_S
        day, of_day = divmod(hour, 24)
        if of_day == 6:
            yield from _crops(growing, day, at)
        if of_day == 7 and day % 30 == 0:
            for part in "ab":
                lot = f"N{part}-{day}"
                yield "lot_received", at, {"node": "farm", "lot": lot, "lot_kind": "nutrient"}
                yield "lot_loaded", at, {"node": "tank", "lot": lot, "point": f"tank.{part}"}
        here = sorted(growing.values())
        shares = {batch: 1 / len(here) for batch in here}
        for level, batch in growing.items():
            yield "hour", at, _level_hour(chance, level, batch, at)
            if of_day in (6, 22):
                kind = "lights_on" if of_day == 6 else "lights_off"
                yield kind, at, {"node": f"level-{level}", "batch": batch}
        for node, quantities in (("zone", _AIR), ("tank", _WATER)):
            yield (
                "hour",
                at,
                {
                    "node": node,
                    "since": at - HOUR_S,
                    "readings": {q: _reading(chance, value) for q, value in quantities.items()},
                    "energy_kwh": {"cooling": 1.2, "humidity": 0.4, "fans": 0.2, "pumps": 0.1},
                    "shares": shares,
                },
            )
        if hour % 4 == 0:
            for circuit in range(4):
                level = [f"level-{n}" for n in growing if n % 4 == circuit]
                mine = [growing[n] for n in growing if n % 4 == circuit]
                data = {"node": f"circuit-{circuit}", "shot": f"{circuit}.{hour}"}
                yield "shot_started", at, {**data, "planned_l": 40.0, "by": "schedule"}
                yield (
                    "shot_ended",
                    at + 300,
                    {
                        **data,
                        "end": "done",
                        "planned_l": 40.0,
                        "delivered_l": 39.0 + chance.random(),
                        "metered": True,
                        "by": "schedule",
                        "shares": {batch: 1 / len(level) for batch in mine},
                    },
                )
        if hour % 3 == 0:
            for part in "ab":
                yield (
                    "dose_ended",
                    at,
                    {
                        "node": "tank",
                        "point": f"tank.{part}",
                        "role": f"dosing_pump_nutrient_{part}",
                        "end": "done",
                        "planned_ml": 20.0,
                        "delivered_ml": 20.0 + chance.random(),
                        "by": "controller",
                        "shares": shares,
                    },
                )
        for n in range(40):
            yield (
                "command",
                at + n * 60,
                {
                    "id": hour * 40 + n,
                    "point": f"level-{n}.grow_light",
                    "value": round(chance.random(), 3),
                    "code": "photoperiod_day",
                    "params": {"ppfd": 210, "dli": 12.1, "until": "22:00"},
                },
            )
        if chance.random() < 0.2:
            yield (
                "override_set",
                at,
                {
                    "node": "zone",
                    "quantity": "humidity",
                    "value": 61.0,
                    "by": f"user:{chance.randrange(5)}",
                    "why": "looked dry",
                },
            )
        hour += 1


_AIR = {"air_temperature": 22.0, "humidity": 66.0, "co2": 900.0}
_WATER = {"solution_ec": 1.6, "solution_ph": 5.9, "solution_temperature": 19.0}


def _crops(
    growing: dict[int, str], day: int, at: float
) -> Iterator[tuple[str, float, dict[str, Any]]]:
    for level in range(LEVELS):
        if (day - level) % CYCLE_DAYS and day:
            continue
        old = growing.pop(level, None)
        node = f"level-{level}"
        if old is not None:
            yield (
                "labour_logged",
                at,
                {"node": node, "batch": old, "minutes": 40, "task": "harvest"},
            )
            yield "batch_harvested", at, {"node": node, "batch": old, "kg": 4.2, "by": "user:1"}
        batch = growing[level] = f"B{day}-{level}"
        seed = f"S{day // 7}"
        yield (
            "batch_started",
            at,
            {
                "node": node,
                "batch": batch,
                "title": f"Lettuce {batch}",
                "crop": "lettuce",
                "recipe": "lettuce_frillice",
                "version": "v1",
                "plants": 200,
                "phase": "germination",
                "seed_lot": seed,
                "sown_at": at,
                "placements": [
                    {
                        "level": node,
                        "sites": 200,
                        "area_m2": 4.0,
                        "served_by": [f"rack-{level // 6}", "zone", f"circuit-{level % 4}", "tank"],
                    }
                ],
                "by": "user:1",
            },
        )


def _reading(chance: random.Random, value: float) -> list[float]:
    mean = round(value * (0.97 + 0.06 * chance.random()), 3)
    return [mean, round(mean * 0.95, 3), round(mean * 1.05, 3), 3600.0]


def _level_hour(chance: random.Random, level: int, batch: str, at: float) -> dict[str, Any]:
    return {
        "node": f"level-{level}",
        "since": at - HOUR_S,
        "readings": {"ppfd": _reading(chance, 210.0)},
        "light_mol_m2": 0.75,
        "area_m2": 4.0,
        "energy_kwh": {"light": 0.3},
        "shares": {batch: 1.0},
    }


if __name__ == "__main__":
    gc.freeze()
    main()
