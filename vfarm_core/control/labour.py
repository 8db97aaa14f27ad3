"""People's work, as it is entered: history shares it among the batches that it was for.

Refusal keys: labour_minutes, batch_unknown, node_unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any

from .draft import Draft
from .effects import Severity
from .inputs import LogLabour, Request
from .workflows import Clash

#: One entry is a day's work of a few people at most: more is a slip of the hand (design choice).
MOST_MIN = 6000.0


def _log(d: Draft, request: LogLabour) -> dict[str, Any]:
    if not isfinite(request.minutes) or not 0 < request.minutes <= MOST_MIN:
        raise Clash("labour_minutes", value=request.minutes, high=MOST_MIN)
    node = request.node or d.farm.id
    if node != d.farm.id and node not in d.farm.nodes:
        raise Clash("node_unknown", node=node)
    shares = d.shares(node)
    named = {}
    if request.batch is not None:
        batch = d.batches.get(request.batch)
        if batch is None:
            raise Clash("batch_unknown", batch=request.batch)
        shares, named = {batch.id: 1.0}, {"batch": batch.id, "title": batch.title}
        node = next((level for level in batch.levels if level in d.farm.level), node)
    d.event(
        "labour_logged",
        node,
        Severity.INFO,
        {"shares": shares},
        **named,
        minutes=request.minutes,
        task=request.task,
        by=request.by,
    )
    return {"minutes": request.minutes, "batches": list(shares)}


HANDLERS: Mapping[type[Request], Callable[[Draft, Any], dict[str, Any]]] = MappingProxyType(
    {LogLabour: _log}
)
