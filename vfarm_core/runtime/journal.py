"""The journal: the local, crash-safe present of a running farm, in one SQLite file.

It holds the newest of every kept slice of memory and the events in order. Write-ahead log with
`synchronous=FULL`: what `append` returned from is on disk, whatever is pulled next. Blocking:
call it from one thread of its own.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from ..control import keep
from ..control.effects import Record
from ..control.memory import Memory

_SCHEMA = 1
#: Commands and readings are kept this long (s); events of batches, shots and people stay.
_KEEP_COMMANDS_S = 30 * 86400.0
#: Old commands are cleared at most once in so many appends.
_CLEAR_EVERY = 1000


class JournalError(Exception):
    """The journal cannot be opened, read or written."""


class Journal:
    """One journal file. Raises JournalError."""

    def __init__(self, path: Path) -> None:
        self._appends = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # One thread at a time uses it, not always the one that opened it.
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            try:
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
                (record.key, record.at, orjson.dumps(record.data)),
            )

    def _clear(self, records: Sequence[Record]) -> None:
        self._appends += 1
        if self._appends % _CLEAR_EVERY == 0 and records:
            self._db.execute(
                "DELETE FROM events WHERE kind = 'command' AND at < ?",
                (records[-1].at - _KEEP_COMMANDS_S,),
            )

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

    def close(self) -> None:
        """Close the file."""
        self._db.close()
