"""From the journal into the ledger: nothing twice, nothing left out."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text

from vfarm_core.control.effects import Record
from vfarm_core.ledger.errors import LedgerAwayError
from vfarm_core.ledger.feed import Feed
from vfarm_core.ledger.schema import records
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.ledger.writer import IDLE_S, RETRY_S, LedgerState, LedgerWriter
from vfarm_core.runtime.journal import Journal

DAY_S = 86400.0


@pytest.fixture(autouse=True)
def _cleared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal clears what is old with every append, not now and then."""
    monkeypatch.setattr("vfarm_core.runtime.journal._CLEAR_EVERY", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path)
    yield opened
    opened.close()


def happen(journal: Journal, *names: str, at: float = 1e9, kind: str = "test") -> None:
    journal.append([Record(kind=kind, at=at, data={"name": name}) for name in names])


def names(ledger: Ledger) -> list[str]:
    with ledger.reading() as connection:
        found = connection.scalars(select(records.c.data).order_by(records.c.seq))
        return [orjson.loads(data)["name"] for data in found]


def pump(journal: Journal, ledger: Ledger) -> None:
    feed = Feed(journal, ledger)
    while feed.once():
        pass
    assert feed.behind() == 0


def test_what_happened_while_the_ledger_was_away_for_days_is_caught_up(
    journal: Journal, ledger: Ledger
) -> None:
    happen(journal, "a", "b")
    pump(journal, ledger)
    for day in range(100):
        happen(journal, f"day {day}", at=1e9 + day * DAY_S, kind="command")
    pump(journal, ledger)
    assert names(ledger) == ["a", "b", *(f"day {n}" for n in range(100))]
    pump(journal, ledger)
    assert ledger.head().seq == 102
    assert verify(ledger).intact


def test_a_crash_between_ledger_and_journal_records_nothing_twice(
    journal: Journal, ledger: Ledger
) -> None:
    happen(journal, "a", "b", "c")

    class CrashError(Exception):
        pass

    class CrashingJournal:
        source = journal.source
        begin_source = journal.begin_source
        newest = journal.newest
        events_after = journal.events_after

        def delivered(self, upto: int) -> None:
            raise CrashError

    with pytest.raises(CrashError):
        Feed(CrashingJournal(), ledger).once()
    happen(journal, "d")
    pump(journal, ledger)
    assert names(ledger) == ["a", "b", "c", "d"]


def test_what_is_delivered_stays_in_the_journal_for_a_while_and_ids_are_never_used_again(
    journal: Journal, ledger: Ledger
) -> None:
    happen(journal, "old")
    happen(journal, "newer", at=1e9 + 59 * DAY_S)
    pump(journal, ledger)
    assert [e["name"] for e in journal.events()] == ["old", "newer"]
    journal.append([Record(kind="slice", key="k", at=1e9 + 61 * DAY_S, data=1)])
    assert [e["name"] for e in journal.events()] == ["newer"]
    journal.append([Record(kind="slice", key="k", at=1e9 + 200 * DAY_S, data=1)])
    assert [e["name"] for e in journal.events()] == ["newer"], "the newest keeps its id taken"
    happen(journal, "next")
    pump(journal, ledger)
    assert names(ledger) == ["old", "newer", "next"]


def test_without_a_ledger_the_journal_keeps_no_commands_for_ever(journal: Journal) -> None:
    happen(journal, "command", kind="command")
    happen(journal, "harvest", kind="batch_harvested")
    journal.append([Record(kind="slice", key="k", at=1e9 + 31 * DAY_S, data=1)])
    assert [e["name"] for e in journal.events()] == ["harvest"]


def test_a_ledger_that_came_back_from_a_backup_is_fed_again(
    journal: Journal, tmp_path: Path
) -> None:
    where, backup = tmp_path / "ledger.db", tmp_path / "backup.db"
    happen(journal, "a", "b")
    with closing(Ledger(where)) as ledger:
        pump(journal, ledger)
    shutil.copy(where, backup)
    happen(journal, "c")
    with closing(Ledger(where)) as ledger:
        pump(journal, ledger)
    happen(journal, "d")
    with closing(Ledger(backup)) as ledger:
        pump(journal, ledger)
        assert names(ledger) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("since", [0, 1, 5])
def test_a_journal_that_came_back_from_a_backup_loses_no_new_event(
    path: Path, tmp_path: Path, ledger: Ledger, since: int
) -> None:
    """The ids are given again to other events: those are others to the ledger, too."""
    backup = tmp_path / "backup.db"
    with closing(Journal(path)) as journal:
        happen(journal, "a", "b")
        pump(journal, ledger)
        happen(journal, "c")
    shutil.copy(path, backup)
    with closing(Journal(path)) as journal:
        happen(journal, "d", "e", at=2e9)
        pump(journal, ledger)
    with closing(Journal(backup)) as restored:
        happen(restored, *(f"new {n}" for n in range(since)), at=3e9)
        pump(restored, ledger)
        happen(restored, "later", at=3e9)
        pump(restored, ledger)
        pump(restored, ledger)
    expected = ["a", "b", "c", "d", "e", *(f"new {n}" for n in range(since)), "later"]
    assert names(ledger) == expected
    assert verify(ledger).intact


def test_a_new_journal_is_another_source(tmp_path: Path, ledger: Ledger) -> None:
    for name in ("one", "two"):
        with closing(Journal(tmp_path / f"{name}.db")) as journal:
            happen(journal, name)
            pump(journal, ledger)
    assert names(ledger) == ["one", "two"]


def test_an_event_that_is_no_json_any_more_stops_nothing(
    path: Path, journal: Journal, ledger: Ledger
) -> None:
    happen(journal, "a")
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO events (at, kind, data) VALUES (1.0, 'torn', x'7b2261ff')")
        db.commit()
    happen(journal, "b")
    pump(journal, ledger)
    assert ledger.head().seq == 3
    assert verify(ledger).intact


def test_a_journal_of_an_older_vfarm_can_be_fed(path: Path, ledger: Ledger) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL,"
            " kind TEXT NOT NULL, data BLOB NOT NULL)"
        )
        db.execute("""INSERT INTO events (at, kind, data) VALUES (1.0, 'x', '{"name":"old"}')""")
        db.execute("PRAGMA user_version=1")
        db.commit()
    with closing(Journal(path)) as journal:
        happen(journal, "new")
        pump(journal, ledger)
    assert names(ledger) == ["old", "new"]


class Away:
    """A ledger that can be taken away."""

    def __init__(self, where: Path | str) -> None:
        self.where = where
        self.why: Exception | None = None
        self.opened = 0

    def __call__(self) -> Ledger:
        self.opened += 1
        if self.why is not None:
            raise self.why
        return Ledger(self.where)


def test_a_ledger_that_is_away_is_told_once_and_caught_up_with(
    journal: Journal, where: Path | str
) -> None:
    told: list[LedgerState] = []
    away = Away(where)
    writer = LedgerWriter(away, journal, told.append)
    happen(journal, "a")
    assert writer.once() == IDLE_S
    assert writer.state == LedgerState()
    writer.close()
    writer = LedgerWriter(away, journal, told.append)
    away.why = LedgerAwayError("no server")
    waits = [writer.once() for _ in range(6)]
    assert waits == [*RETRY_S, RETRY_S[-1], RETRY_S[-1]]
    assert [state.error for state in told if state.error] == ["no server"]
    happen(journal, "b")
    away.why = None
    assert writer.once() == IDLE_S
    assert told[-1] == LedgerState()
    writer.close()
    with closing(Ledger(where)) as ledger:
        assert names(ledger) == ["a", "b"]


def test_a_newer_ledger_is_told_as_such_and_left_alone(journal: Journal, where: Path | str) -> None:
    with closing(Ledger(where)) as ledger, ledger.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    writer = LedgerWriter(Away(where), journal)
    writer.once()
    assert writer.state.newer
    assert "newer" in writer.state.error


def test_the_thread_writes_when_it_is_woken_and_what_is_left_at_its_end(
    path: Path, where: Path | str
) -> None:
    """The journal is used by one thread at a time: here by the writer's, between start and end."""
    with closing(Journal(path)) as journal:
        happen(journal, "a")
        writer = LedgerWriter(Away(where), journal)
        writer.start()
        writer.wake()
        assert writer.close(timeout_s=30.0)
        with closing(Ledger(where)) as ledger:
            assert names(ledger) == ["a"]


def test_a_mistake_of_ours_is_a_state_too(journal: Journal) -> None:
    def broken() -> Any:
        raise KeyError("oh")

    writer = LedgerWriter(broken, journal)
    writer.once()
    assert writer.state.error
