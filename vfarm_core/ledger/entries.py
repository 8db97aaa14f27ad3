"""What comes in: events of a journal, as they were recorded there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..control.hot import hot_value
from .chain import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event of a journal. `origin` is its id there, and grows."""

    origin: int
    at: float
    kind: str
    data: Any


@hot_value
class Read:
    """An entry as it can be stored (`stored` is its data as canonical JSON): whatever is wrong with
    it is in `problem`, and it is stored all the same."""

    origin: int
    at: float
    kind: str
    node: str
    severity: str
    data: dict[str, Any]
    stored: bytes
    problem: str = ""


def read(entry: Entry) -> Read:
    """What of an entry can be stored."""
    data, problem = entry.data, ""
    if not isinstance(data, dict):
        problem = f"data is {type(data).__name__}, not an object"
        data = {"data": data}
    try:
        stored = canonical(data)
    except (TypeError, ValueError, RecursionError) as err:
        problem = f"data has no JSON form: {err}"
        data = {"text": repr(entry.data)[:10_000].encode("ascii", "backslashreplace").decode()}
        stored = canonical(data)
    at: Any = entry.at
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not math.isfinite(at):
        problem, at = problem or f"time {at!r}", 0.0
    kind = word(entry.kind)
    if kind is None:
        problem, kind = problem or f"kind {entry.kind!r}", "unreadable"
    node, severity = word(data.get("node", "")), word(data.get("severity", ""))
    if node is None or severity is None:
        problem = problem or f"node {data.get('node')!r}, severity {data.get('severity')!r}"
    return Read(
        origin=entry.origin,
        at=float(at),
        kind=kind,
        node=node or "",
        severity=severity or "",
        data=data,
        stored=stored,
        problem=problem,
    )


#: Longer words are no ids: PostgreSQL's indexes would refuse them.
_MOST = 500


def word(value: Any) -> str | None:
    """A text that every database takes; None when it is not one."""
    if not isinstance(value, str) or len(value) > _MOST or "\0" in value:
        return None
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return None
    return value
