"""How probes, light sensors and dosing pumps were calibrated, and how far they had drifted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select

from ..farm.people import TOKEN
from ..ledger.chain import is_pruned
from ..ledger.schema import people, records
from ..ledger.store import Ledger

_KINDS = ("probe_calibrated", "pump_calibrated", "probe_verified")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One calibration or check, at `at` (epoch seconds of farm time). `before` and `after` are the
    corrections of a probe (what it shows → what is there), or the rates of a pump in mL/s. `drift`
    is by how much the values had been wrong at last: of a probe in its own unit, of a pump in %.
    `slope_pct` is how much a probe changes of what it should. What was not said is None."""

    at: float
    kind: str
    node: str
    point: str
    who: str
    before: str | None
    after: str | None
    drift: float | None
    slope_pct: float | None
    note: str


def calibrations(
    ledger: Ledger,
    *,
    point: str | None = None,
    since: float | None = None,
    until: float | None = None,
) -> list[Calibration]:
    """Every calibration and check that the history still has, the oldest first: of one binding, or
    within a time."""
    question = select(records).where(records.c.kind.in_(_KINDS)).order_by(records.c.seq)
    if since is not None:
        question = question.where(records.c.at >= since)
    if until is not None:
        question = question.where(records.c.at < until)
    with ledger.reading() as connection:
        names = {row.token: row.person for row in connection.execute(select(people))}
        rows = connection.execute(question).all()
    found = []
    for row in rows:
        if is_pruned(row.data):
            continue
        data: dict[str, Any] = orjson.loads(row.data)
        if point is not None and data.get("point") != point:
            continue
        by = str(data.get("by", ""))
        who = names.get(by, by) if by.startswith(TOKEN) else by
        found.append(_of(row.at, row.kind, row.node, who, data))
    return found


def _of(at: float, kind: str, node: str, who: str, data: dict[str, Any]) -> Calibration:
    if kind == "pump_calibrated":
        was, now = data.get("was"), data.get("ml_per_s")
        before = None if was is None else f"{was:g}"
        after = None if now is None else f"{now:g}"
        drift = round(100 * (now / was - 1), 1) if was and now is not None else None
    else:
        before = data.get("was") or data.get("uncorrected")
        after = data.get("correction")
        drift = data.get("drift")
    return Calibration(
        at=at,
        kind=kind,
        node=node,
        point=str(data.get("point", "")),
        who=who,
        before=before or None,
        after=after or None,
        drift=drift,
        slope_pct=data.get("slope_pct"),
        note=str(data.get("note", "")),
    )
