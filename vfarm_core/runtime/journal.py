"""The journal: the local, crash-safe present of a running farm, in one SQLite file.

It holds the newest of every kept slice of memory and the events in order. Write-ahead log with
`synchronous=FULL`: what `append` returned from is on disk, whatever is pulled next. Blocking:
call it from one thread of its own.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from ..control import keep
from ..control.effects import Record
from ..control.memory import Memory
from ..farm.people import renamed

_SCHEMA = 1
#: Commands are kept this long (s); all other events stay, unless a ledger takes them.
_KEEP_COMMANDS_S = 30 * 86400.0
#: Where a ledger takes the events, none is cleared that it has not taken, and those it has are kept
#: this long (s): a ledger that comes back from an old backup is fed again.
_KEEP_DELIVERED_S = 60 * 86400.0
#: The log is merged into the file when it has so many pages (SQLite's own choice).
_MERGE_PAGES = 1000
#: Old events are cleared at most once in so many appends.
_CLEAR_EVERY = 1000


class JournalError(Exception):
    """The journal cannot be opened, read or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEvent:
    """An event as it was recorded; `id` grows and is never used twice in one journal."""

    id: int
    at: float
    kind: str
    data: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The key under which a ledger has the events with a greater id than `begins`; up to
    `delivered` it has them all."""

    key: str
    begins: int
    delivered: int


class Journal:
    """One journal file. Raises JournalError."""

    def __init__(self, path: Path, *, still: bool = False) -> None:
        """Open the file, or make it; `still` while its folder is being copied."""
        self._appends = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # One thread at a time uses it, not always the one that opened it.
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            try:
                self._merging(not still)
                self._open(path)
            except BaseException:
                self._db.close()
                raise
        except (OSError, sqlite3.Error) as err:
            raise JournalError(f"{path}: {err}") from err

    def _open(self, path: Path) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version not in (0, _SCHEMA):
            raise JournalError(
                f"{path}: written by a newer vfarm (schema {version}, this one reads {_SCHEMA})"
            )
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS slices (key TEXT PRIMARY KEY, at REAL NOT NULL,"
            " data BLOB NOT NULL) WITHOUT ROWID"
        )
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, at REAL NOT NULL,"
            " kind TEXT NOT NULL, data BLOB NOT NULL)"
        )
        self._db.execute("CREATE INDEX IF NOT EXISTS events_kind ON events (kind, id)")
        # One row: the key by which a ledger knows the events of this journal, after which id it is
        # theirs, and up to which the ledger has them.
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS delivery (one INTEGER PRIMARY KEY CHECK (one = 1),"
            " source TEXT NOT NULL, begins INTEGER NOT NULL DEFAULT 0, delivered INTEGER)"
        )
        self._db.execute(
            "INSERT OR IGNORE INTO delivery (one, source) VALUES (1, ?)", (uuid4().hex,)
        )
        self._db.execute(f"PRAGMA user_version={_SCHEMA}")

    def append(self, records: Sequence[Record]) -> None:
        """Write records in order, all or none; on disk on return."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for record in records:
                    self._write(record)
                self._clear(records)
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
        except (sqlite3.Error, TypeError, ValueError) as err:
            raise JournalError(str(err)) from err

    def _write(self, record: Record) -> None:
        if record.key is None:
            self._db.execute(
                "INSERT INTO events (at, kind, data) VALUES (?, ?, ?)",
                (record.at, record.kind, orjson.dumps(record.data)),
            )
        elif record.data is None:
            self._db.execute("DELETE FROM slices WHERE key = ?", (record.key,))
        else:
            self._db.execute(
                "INSERT INTO slices (key, at, data) VALUES (?, ?, ?) ON CONFLICT (key)"
                " DO UPDATE SET at = excluded.at, data = excluded.data",
                (record.key, record.at, orjson.dumps(record.stored())),
            )

    def _clear(self, records: Sequence[Record]) -> None:
        self._appends += 1
        if self._appends % _CLEAR_EVERY or not records:
            return
        now = records[-1].at
        delivered = self._delivered()
        if delivered is None:
            # The newest event stays in any case: its id must not be given again.
            self._db.execute(
                "DELETE FROM events WHERE kind = 'command' AND at < ?"
                " AND id < (SELECT max(id) FROM events)",
                (now - _KEEP_COMMANDS_S,),
            )
            return
        self._db.execute(
            "DELETE FROM events WHERE id < ? AND at < ?",
            (delivered, now - _KEEP_DELIVERED_S),
        )

    def _delivered(self) -> int | None:
        (delivered,) = self._db.execute("SELECT delivered FROM delivery").fetchone()
        return None if delivered is None else int(delivered)

    def load(self) -> Memory | None:
        """The memory as last kept; None when there is none yet. A memory that exists and cannot be
        read raises JournalError: lost is not new."""
        try:
            rows = self._db.execute("SELECT key, data FROM slices").fetchall()
            if not rows:
                return None
            return keep.restore({key: orjson.loads(data) for key, data in rows})
        except (sqlite3.Error, ValueError, LookupError, TypeError) as err:
            raise JournalError(f"the memory of the farm cannot be read: {err}") from err

    def events(self, *, kind: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """The newest events, oldest first, each with its `id`, `at` and `kind`."""
        where = "" if kind is None else "WHERE kind = ?"
        try:
            rows = self._db.execute(
                f"SELECT id, at, kind, data FROM events {where} ORDER BY id DESC LIMIT ?",
                (limit,) if kind is None else (kind, limit),
            ).fetchall()
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err
        return [
            {**orjson.loads(data), "id": number, "at": at, "kind": name}
            for number, at, name, data in reversed(rows)
        ]

    def events_since(
        self, at: float, wanted: Callable[[Mapping[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        """The events from an instant on that are wanted, oldest first, each with its `id`, `at`
        and `kind`; no commands. Read from the newest back, whatever else there is."""
        found: list[dict[str, Any]] = []
        try:
            rows = self._db.execute(
                "SELECT id, at, kind, data FROM events WHERE kind != 'command' ORDER BY id DESC"
            )
            for number, told_at, kind, data in rows:
                if told_at < at:
                    break
                event = {**orjson.loads(data), "id": number, "at": told_at, "kind": kind}
                if wanted(event):
                    found.append(event)
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err
        return found[::-1]

    def call_otherwise(self, call: Callable[[str], str], known: str) -> int:
        """Call somebody (who is in the records as `known`) otherwise, in events and slices; in how
        many."""
        changed = 0
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for table, key in (("slices", "key"), ("events", "id")):
                    rows = self._db.execute(
                        f"SELECT {key}, data FROM {table} WHERE instr(data, ?)", (known.encode(),)
                    ).fetchall()
                    for name, data in rows:
                        told = _data(data)
                        made = renamed(told, call)
                        if made is not told:
                            changed += 1
                            self._db.execute(
                                f"UPDATE {table} SET data = ? WHERE {key} = ?",
                                (orjson.dumps(made), name),
                            )
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err
        return changed

    # -- for a ledger ---------------------------------------------------------------------------

    def source(self) -> Source:
        """How a ledger knows the events of this journal. From the first time this is asked, no
        event is cleared that was not delivered."""
        try:
            self._db.execute("UPDATE delivery SET delivered = 0 WHERE delivered IS NULL")
            row = self._db.execute("SELECT source, begins, delivered FROM delivery").fetchone()
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err
        key, begins, delivered = row
        return Source(key=key, begins=begins, delivered=delivered)

    def events_after(self, after: int, limit: int) -> list[JournalEvent]:
        """The oldest `limit` events with a greater id than `after`, oldest first."""
        try:
            rows = self._db.execute(
                "SELECT id, at, kind, data FROM events WHERE id > ? ORDER BY id LIMIT ?",
                (after, limit),
            ).fetchall()
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err
        return [
            JournalEvent(id=number, at=at, kind=kind, data=_data(data))
            for number, at, kind, data in rows
        ]

    def newest(self) -> int:
        """The id of the newest event; 0 when there is none."""
        try:
            (newest,) = self._db.execute("SELECT max(id) FROM events").fetchone()
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err
        return newest or 0

    def delivered(self, upto: int) -> None:
        """A ledger has every event up to this id for good."""
        try:
            self._db.execute("UPDATE delivery SET delivered = ?", (upto,))
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err

    def begin_source(self, after: int) -> None:
        """Give the events after this id another key: a ledger knows others under the old one, since
        this journal came back from a backup."""
        try:
            self._db.execute(
                "UPDATE delivery SET source = ?, begins = ?, delivered = ?",
                (uuid4().hex, after, after),
            )
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err

    # -- while its folder is copied -------------------------------------------------------------

    def keep_still(self) -> None:
        """Everything until now is in the file itself, which from now on does not change: what is
        written goes to the log beside it, which only grows. So a copy of both, taken at any moment
        and in any order, is a whole journal up to some record, and writing goes on meanwhile."""
        try:
            busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._merging(False)
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err
        if busy:
            self._merging(True)
            raise JournalError("somebody else reads the journal")

    def go_on(self) -> None:
        """The copy is made: the log is merged into the file again."""
        try:
            self._merging(True)
        except sqlite3.Error as err:
            raise JournalError(str(err)) from err

    def _merging(self, merging: bool) -> None:
        """Whether the log may be merged into the file, by itself and when it is closed."""
        self._db.execute(f"PRAGMA wal_autocheckpoint={_MERGE_PAGES if merging else 0}")
        self._db.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, not merging)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _data(stored: bytes) -> Any:
    """What was stored; a text where it is no JSON any more, for a person to look at."""
    try:
        return orjson.loads(stored)
    except ValueError:
        return bytes(stored)[:10_000].decode("ascii", "backslashreplace")
