"""What of an old history may go, and how it goes without a gap in the chain.

Of a removed record its place, its hash and the SHA-256 of its data stay; what it said is gone. A
record that is chained like all others says what was removed, and holds the sums of it, so that what
a batch was given stays true. `verify` accepts exactly these removals and finds every other one.

Never removed: batches, phases, recipes, harvests, losses, lots, labour: what a trace needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, or_

from .errors import LedgerError
from .facts import MEANINGS
from .schema import records
from .store import Ledger

_DAY_S = 86400.0
#: Records of one transaction, and of one record that says what was removed.
_MOST = 20_000
_DELIVERED = frozenset({"shot_ended", "fill_ended", "dose_ended", "dosed_by_hand"})
_STARTED = frozenset({"shot_started", "fill_started", "dose_started"})
#: Kinds that are never removed: whatever is worked out from them, but hours and deliveries.
KEPT = frozenset(MEANINGS) - _DELIVERED - {"hour"}
_KEPT_BEGIN = ("batch_", "lot_", "phase_", "recipe_", "rollout_", "labour_", "history_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """For how many days what is kept; None: for good. What is of several kinds is kept for the
    longest. Audit and incidents 24 months, single commands 30 days, hourly means 15 months: what
    operators of such systems keep; deliveries and other events as long as the audit (design
    choice)."""

    commands_d: float | None = 30.0
    hours_d: float | None = 456.0
    deliveries_d: float | None = 730.0
    events_d: float | None = 730.0
    audit_d: float | None = 730.0
    incidents_d: float | None = 730.0

    @classmethod
    def of_months(cls, months: float) -> Policy:
        """Everything that can go is kept so long; single commands, and hourly means of a long
        time, as always. 0: for good."""
        if not months:
            return cls(**{field.name: None for field in fields(cls)})
        days = months * 730.0 / 24.0
        usual = cls()
        return cls(
            commands_d=min(usual.commands_d or days, days),
            hours_d=min(usual.hours_d or days, days),
            deliveries_d=days,
            events_d=days,
            audit_d=days,
            incidents_d=days,
        )

    def __post_init__(self) -> None:
        """Raises LedgerError for ages that are none."""
        for field in fields(self):
            days = getattr(self, field.name)
            if days is not None and not 1 <= days < 1e6:
                raise LedgerError(f"{field.name.removesuffix('_d')}: {days} days; at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """How many records of each kind were removed, or would be."""

    kinds: Mapping[str, int]

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.kinds.values())


def retain(ledger: Ledger, policy: Policy, now: float, *, dry_run: bool = False) -> Removed:
    """Remove what is older than the policy keeps it, seen from `now` (farm time). Raises
    LedgerError."""
    kinds: dict[str, int] = {}
    after = 0
    while True:
        done = ledger.prune(
            _candidates(policy, now), _chosen(policy, now), asdict(policy), after, _MOST, dry_run
        )
        for kind, count in done.kinds.items():
            kinds[kind] = kinds.get(kind, 0) + count
        if done.last is None:
            return Removed(kinds=kinds)
        after = done.last


def _classes(policy: Policy, kind: str) -> float | None:
    if kind == "command":
        return policy.commands_d
    if kind == "hour":
        return policy.hours_d
    if kind in _DELIVERED or kind in _STARTED:
        return policy.deliveries_d
    return policy.events_d


def _chosen(policy: Policy, now: float) -> Callable[[Row[Any]], bool]:
    def chosen(row: Row[Any]) -> bool:
        if row.kind in KEPT or row.kind.startswith(_KEPT_BEGIN):
            return False
        ages = [_classes(policy, row.kind)]
        if row.severity in ("p1", "p2", "p3", "p4"):
            ages.append(policy.incidents_d)
        if orjson.loads(row.data).get("by"):
            ages.append(policy.audit_d)
        return all(age is not None and row.at < now - age * _DAY_S for age in ages)

    return chosen


def _candidates(policy: Policy, now: float) -> ColumnElement[bool]:
    """What may have to go: never too little."""

    def older(days: float | None) -> ColumnElement[bool]:
        # Nothing is from before the first second of 1970.
        return records.c.at < (0.0 if days is None else now - days * _DAY_S)

    others = {d for d in (policy.deliveries_d, policy.events_d) if d is not None}
    own = ("command", "hour")
    return and_(
        or_(
            and_(records.c.kind == "command", older(policy.commands_d)),
            and_(records.c.kind == "hour", older(policy.hours_d)),
            and_(records.c.kind.not_in(own), older(min(others, default=None))),
        ),
        records.c.kind.not_in(sorted(KEPT)),
    )
