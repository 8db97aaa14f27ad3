"""Events as control tells them, for the tests of what follows from them."""

from __future__ import annotations

from itertools import count
from typing import Any

from vfarm_core.ledger.entries import Entry
from vfarm_core.ledger.store import Ledger

T0 = 1.7e9
HOUR_S = 3600.0
DAY_S = 86400.0
_numbers = count(1)


def tell(ledger: Ledger, kind: str, at: float = T0, /, **data: Any) -> None:
    """One event happens."""
    data = {"node": "level", "severity": "info", **data}
    ledger.append("test", [Entry(origin=next(_numbers), at=at, kind=kind, data=data)])


def sow(ledger: Ledger, batch: str, at: float = T0, *, level: str = "level", **data: Any) -> None:
    """A batch is sown on a level that a zone, a circuit and a reservoir serve."""
    place = {
        "level": level,
        "sites": 20,
        "area_m2": 0.5,
        "served_by": ["zone", "circuit", "tank"],
    }
    told = {
        "batch": batch,
        "title": batch.title(),
        "crop": "basil",
        "cultivar": "genovese",
        "recipe": "basil",
        "version": "v1",
        "plants": 20,
        "state": "sown",
        "phase": "germination",
        "sown_at": at,
        "placements": [place],
        "by": "user:anna",
    }
    tell(ledger, "batch_started", at, **{"node": level, **told, **data})


def hour(ledger: Ledger, node: str, at: float, **data: Any) -> None:
    """An hour of a node ends."""
    tell(ledger, "hour", at, node=node, since=at - HOUR_S, **data)
