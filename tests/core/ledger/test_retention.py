"""Old details go by policy; what batches were given stays true, and the chain stays whole."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, func, select, update

from vfarm_core.ledger.carry import carry
from vfarm_core.ledger.errors import LedgerError
from vfarm_core.ledger.retention import Policy, retain
from vfarm_core.ledger.schema import audit, conditions, deliveries, hours, lot_uses, records, uses
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.reports.batch import summary
from vfarm_core.reports.trace import trace

from .history import DAY_S, HOUR_S, T0, hour, sow, tell

NOW = T0 + 1000 * DAY_S
ONE = {"one": 1.0}


@pytest.fixture
def old(ledger: Ledger) -> Ledger:
    """A batch of long ago and one of today, with all that is told of them."""
    for batch, at in (("one", T0), ("two", NOW - DAY_S)):
        lot, shares = f"N-{batch}", {batch: 1.0}
        tell(ledger, "lot_received", at, lot=lot, lot_kind="nutrient", by="user:anna")
        tell(ledger, "lot_loaded", at, lot=lot, point="tank.dosing_pump_nutrient_a", by="user:anna")
        sow(ledger, batch, at)
        for number in range(1, 6):
            hour(
                ledger,
                "zone",
                at + number * HOUR_S,
                readings={"air_temperature": [20.0 + number, 19.0, 28.0, HOUR_S]},
                energy_kwh={"light": 0.1},
                metered=number % 2 == 0,
                shares=shares,
            )
            tell(ledger, "command", at + number * HOUR_S, point="x", value=1.0)
        tell(ledger, "shot_ended", at + 60, delivered_l=2.5, shares=shares, node="circuit")
        told = {"role": "dosing_pump_nutrient_a", "point": "tank.dosing_pump_nutrient_a"}
        tell(ledger, "dose_ended", at + 90, delivered_ml=4.0, shares=shares, node="tank", **told)
        tell(ledger, "mode_changed", at + 100, mode="hold", by="user:anna")
        tell(ledger, "leak", at + 120, severity="p1", node="tank")
        tell(ledger, "batch_harvested", at + 9 * HOUR_S, batch=batch, kg=1.5, by="user:anna")
    return ledger


def rows(ledger: Ledger, table: Table) -> list[Any]:
    with ledger.reading() as connection:
        return sorted(map(tuple, connection.execute(select(table)).all()))


def count(ledger: Ledger, table: Table) -> int:
    with ledger.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_what_is_old_goes_and_the_sums_stay(old: Ledger) -> None:
    sums = {table.name: rows(old, table) for table in (uses, conditions, lot_uses)}
    before, known = old.head(), (summary(old, "one"), trace(old, "N-one"))
    done = retain(old, Policy(), NOW)
    assert done.kinds == {
        "hour": 5,
        "command": 5,
        "shot_ended": 1,
        "dose_ended": 1,
        "mode_changed": 1,
        "leak": 1,
    }
    assert verify(old, expected=before.hash).intact, "hashes that were noted before still hold"
    assert {table.name: rows(old, table) for table in (uses, conditions, lot_uses)} == sums
    assert (summary(old, "one"), trace(old, "N-one")) == known, "a trace finds it all"
    assert count(old, hours) == 5, "the hours of the batch of today"
    assert count(old, deliveries) == 2
    with old.reading() as connection:
        told = connection.scalars(select(audit.c.what).where(audit.c.at < T0 + DAY_S)).all()
    assert "mode_changed" not in told
    assert "batch_harvested" in told, "what a trace needs is kept for good"


def test_a_second_time_nothing_goes_and_what_follows_is_as_before(old: Ledger) -> None:
    retain(old, Policy(), NOW)
    head = old.head()
    assert retain(old, Policy(), NOW).count == 0
    assert old.head() == head
    tell(old, "shot_ended", NOW, delivered_l=1.0, shares={"two": 1.0}, node="circuit")
    assert verify(old).intact


def test_worked_out_anew_it_says_the_same(old: Ledger) -> None:
    retain(old, Policy(), NOW)
    before = [summary(old, batch) for batch in ("one", "two")]
    old.work_out_anew()
    after = [summary(old, batch) for batch in ("one", "two")]
    for one, other in zip(before, after, strict=True):
        assert other.amount("energy_kwh") == pytest.approx(one.amount("energy_kwh"))
        assert (other.amount("water_l"), other.kg) == (one.amount("water_l"), one.kg)
        assert other.conditions == one.conditions
    assert verify(old).intact


def test_in_steps_it_is_the_same(old: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vfarm_core.ledger.retention._MOST", 3)
    sums = [rows(old, table) for table in (conditions, lot_uses)]
    assert retain(old, Policy(), NOW).count == 14
    assert [rows(old, table) for table in (conditions, lot_uses)] == sums
    assert verify(old).intact


def test_a_dry_run_changes_nothing(old: Ledger) -> None:
    before = rows(old, records)
    assert retain(old, Policy(), NOW, dry_run=True).count == 14
    assert rows(old, records) == before


def test_nothing_is_younger_than_its_policy(old: Ledger) -> None:
    assert retain(old, Policy(), T0 + 29 * DAY_S).count == 0
    assert retain(old, Policy(), T0 + 31 * DAY_S).kinds == {"command": 5}
    none = Policy(commands_d=None, hours_d=None, deliveries_d=None, events_d=None, audit_d=None)
    assert retain(old, none, NOW).count == 0


def test_what_is_of_two_kinds_is_kept_for_the_longer(old: Ledger) -> None:
    policy = Policy(events_d=1.0, deliveries_d=1.0, audit_d=None, incidents_d=None)
    gone = retain(old, policy, NOW).kinds
    assert "mode_changed" not in gone
    assert "leak" not in gone


@pytest.mark.parametrize("days", [0.0, -5.0, float("nan"), 1e9])
def test_a_policy_of_no_days_is_refused(days: float) -> None:
    with pytest.raises(LedgerError):
        Policy(hours_d=days)


def first(ledger: Ledger, *, pruned: bool) -> int:
    with ledger.reading() as connection:
        gone = records.c.data.startswith("~")
        question = select(func.min(records.c.seq)).where(gone if pruned else ~gone)
        return connection.scalar(question.where(records.c.seq > 3)) or 0


@pytest.mark.parametrize("how", ["row", "data", "said", "other", "back"])
def test_every_other_removal_is_found(old: Ledger, how: str) -> None:
    retain(old, Policy(), NOW)
    with old.engine.begin() as connection:
        gone, left = first(old, pruned=True), first(old, pruned=False)
        text = connection.scalar(select(records.c.data).where(records.c.seq == gone))
        match how:
            case "row":
                connection.execute(delete(records).where(records.c.seq == gone))
            case "data":
                # The same is done to a record that was not meant, by the same record.
                by = str(text).partition(" ")[0]
                made = update(records).where(records.c.seq == left)
                connection.execute(made.values(data=f"{by} {'00' * 32}", node="", severity=""))
            case "said":
                said = update(records).where(records.c.kind == "history_pruned")
                connection.execute(said.values(data='{"count": 0}'))
            case "other":
                digest = str(text).partition(" ")[2]
                made = update(records).where(records.c.seq == gone)
                connection.execute(made.values(data=f"~{left} {digest}"))
            case "back":
                made = update(records).where(records.c.seq == gone)
                connection.execute(made.values(data="{}"))
    assert not verify(old, worked_out=False).intact


def test_what_is_removed_is_not_rebuilt_without_its_record(old: Ledger) -> None:
    """Removed data that no record speaks of is found, also with a hash that fits."""
    from hashlib import sha256

    left = first(old, pruned=False)
    with old.engine.begin() as connection:
        data = connection.scalar(select(records.c.data).where(records.c.seq == left))
        digest = sha256(str(data).encode()).hexdigest()
        made = update(records).where(records.c.seq == left)
        connection.execute(made.values(data=f"~999 {digest}", node="", severity=""))
    assert [fault.what for fault in verify(old, worked_out=False).faults] == ["removed"]


def test_a_shortened_history_is_carried_over_too(old: Ledger, tmp_path: Path) -> None:
    retain(old, Policy(), NOW)
    with closing(Ledger(tmp_path / "other.db")) as other:
        carry(old, other)
        assert verify(other, expected=old.head().hash).intact
        assert summary(other, "one").kg == 1.5
