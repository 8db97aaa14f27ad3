"""A ledger: opened, brought up to date, written in batches, read.

SQLite in one file (write-ahead log, `synchronous=FULL`: what `append` returned from is on disk) or
PostgreSQL by URL. Blocking. One writes at a time; a second writer of the same ledger fails rather
than forks the chain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Row,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from ..farm.people import TOKEN, WHO, is_person
from . import migrate
from .chain import (
    GENESIS,
    PRUNED,
    RETENTION,
    canonical,
    digest_of,
    is_pruned,
    link,
    link_digest,
    pruned,
    tally,
)
from .entries import Entry, Read, read
from .errors import LedgerAwayError, LedgerError, NewerLedgerError
from .projection import Projection, is_current, loads_of, rebuild
from .rows import put
from .schema import (
    audit,
    dead_letters,
    deliveries,
    heads,
    hours,
    incidents,
    lot_loads,
    people,
    records,
    sources,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest record: its place in the chain and its hash."""

    seq: int = 0
    hash: bytes = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What an `append` did: records written, those that were there already, dead letters among the
    written, and the newest record now."""

    written: int
    known: int
    dead: int
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many records of each kind a step removed; the last record it looked at, None when there
    are no more."""

    kinds: Mapping[str, int]
    last: int | None


class Ledger:
    """An open ledger. Every method may raise LedgerError, or LedgerAwayError when trying again
    later may help."""

    def __init__(self, where: Path | str, *, read_only: bool = False) -> None:
        """Open the ledger in a file or at a database URL; make it when there is none. Read only,
        nothing is made or changed. Raises NewerLedgerError."""
        self._url = database_url(where)
        self._head: Head | None = None
        self._sources: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._tokens: dict[str, str] = {}
        self._loads: dict[str, str] | None = None
        with _told(self._url):
            self.engine = _engine(self._url, read_only=read_only)
            self._writer = self.engine.execution_options(**{_WRITES: True})
            try:
                if read_only:
                    with self.engine.connect() as connection:
                        migrate.check(connection)
                else:
                    with self._writer.begin() as connection:
                        migrate.upgrade(connection)
                        if not is_current(connection):
                            rebuild(connection)
            except BaseException:
                self.engine.dispose()
                raise

    # -- writing --------------------------------------------------------------------------------

    def append(self, source: str, entries: Sequence[Entry]) -> Written:
        """Write events of one journal, in order, all or none; on disk on return. Events that are
        there already (by their id in that journal) are passed over."""
        with _told(self._url):
            try:
                return self._append(source, entries)
            except BaseException:
                self.forget_what_was_read()
                raise

    def _append(self, source: str, entries: Sequence[Entry]) -> Written:
        with self._writer.begin() as connection:
            number = self._source(connection, source)
            last = self._newest(connection, source, number)
            new = [read(entry) for entry in entries if entry.origin > last]
            new.sort(key=lambda entry: entry.origin)
            head = before = self._read_head(connection)
            projection = self._projection(connection)
            rows, dead = [], []
            for entry in new:
                if entry.origin == last:
                    continue
                last = entry.origin
                entry = self._without_names(connection, entry)
                seq = head.seq + 1
                linked = link(head.hash, seq, source, last, entry.at, entry.kind, entry.stored)
                head = Head(seq=seq, hash=linked)
                rows.append(
                    (
                        seq,
                        number,
                        last,
                        entry.at,
                        entry.kind,
                        entry.node,
                        entry.severity,
                        entry.stored.decode(),
                        linked,
                    )
                )
                problem = entry.problem or projection.take(
                    seq, entry.at, entry.kind, entry.node, entry.severity, entry.data
                )
                if problem:
                    dead.append((seq, problem[:2000]))
            put(connection, records, rows)
            put(connection, dead_letters, dead, once=True)
            if rows:
                projection.write(head.seq)
                _advance(connection, before, head)
        self._head, self._last[source] = head, last
        return Written(written=len(rows), known=len(entries) - len(rows), dead=len(dead), head=head)

    def take_over(
        self, keys: Mapping[int, str], rows: Sequence[Row[Any]], dead: Mapping[int, str]
    ) -> None:
        """Write records of another ledger that follow the newest one here, as they are there.
        `keys`: its sources, `dead`: why some could not be stored as they came. Raises LedgerError
        where they do not follow."""
        with _told(self._url):
            try:
                self._take_over(keys, rows, dead)
            except BaseException:
                self.forget_what_was_read()
                raise

    def _take_over(
        self, keys: Mapping[int, str], rows: Sequence[Row[Any]], dead: Mapping[int, str]
    ) -> None:
        with self._writer.begin() as connection:
            head = before = self._read_head(connection)
            projection = self._projection(connection)
            unclear = dict(dead)
            for row in rows:
                gone = is_pruned(row.data)
                digest = digest_of(row.data)[1] if gone else sha256(row.data.encode()).digest()
                place = (head.seq + 1, keys[row.source], row.origin, row.at, row.kind)
                linked = link_digest(head.hash, *place, digest)
                if (row.seq, row.hash) != (head.seq + 1, linked):
                    raise LedgerError(f"record {row.seq} does not follow record {head.seq}")
                head = Head(seq=row.seq, hash=linked)
                if (
                    row.seq not in dead
                    and not gone
                    and (
                        problem := projection.take(
                            row.seq,
                            row.at,
                            row.kind,
                            row.node,
                            row.severity,
                            orjson.loads(row.data),
                        )
                    )
                ):
                    unclear[row.seq] = problem[:2000]
            sources_here = {number: self._source(connection, key) for number, key in keys.items()}
            columns = [column.name for column in records.columns]
            put(
                connection,
                records,
                [
                    tuple(
                        sources_here[row.source] if name == "source" else getattr(row, name)
                        for name in columns
                    )
                    for row in rows
                ],
            )
            put(connection, dead_letters, list(unclear.items()), once=True)
            projection.write(head.seq)
            _advance(connection, before, head)
        self._head = head
        self._last.clear()

    # -- forgetting what is old ------------------------------------------------------------------

    def prune(
        self,
        candidates: ColumnElement[bool],
        chosen: Callable[[Row[Any]], bool],
        policy: Mapping[str, Any],
        after: int,
        limit: int,
        dry_run: bool,
    ) -> Pruned:
        """Of at most `limit` candidates behind record `after` remove what those said that are
        chosen; a record of it is chained in the same transaction."""
        with _told(self._url):
            try:
                opened = self.engine.connect() if dry_run else self._writer.begin()
                with opened as connection:
                    return self._prune(
                        connection, candidates, chosen, policy, after, limit, dry_run
                    )
            except BaseException:
                self.forget_what_was_read()
                raise

    def _prune(
        self,
        connection: Connection,
        candidates: ColumnElement[bool],
        chosen: Callable[[Row[Any]], bool],
        policy: Mapping[str, Any],
        after: int,
        limit: int,
        dry_run: bool,
    ) -> Pruned:
        unread = select(dead_letters.c.seq)
        there = (records.c.seq > after) & ~records.c.data.startswith("~")
        question = select(records).where(there, candidates, records.c.seq.not_in(unread))
        found = connection.execute(question.order_by(records.c.seq).limit(limit)).all()
        rows = [row for row in found if chosen(row)]
        kinds: dict[str, int] = {}
        for row in rows:
            kinds[row.kind] = kinds.get(row.kind, 0) + 1
        last = found[-1].seq if len(found) == limit else None
        if not rows or dry_run:
            return Pruned(kinds=kinds, last=last)
        head = before = self._read_head(connection)
        seq, gone = head.seq + 1, sha256()
        digests = {row.seq: sha256(row.data.encode()).digest() for row in rows}
        for number, digest in digests.items():
            gone.update(tally(number, digest))
        told = {
            "node": "",
            "severity": "",
            "policy": dict(policy),
            "kinds": kinds,
            "count": len(rows),
            "first": rows[0].seq,
            "last": rows[-1].seq,
            "removed": gone.hexdigest(),
            **self._sums(connection, rows),
        }
        number = self._source(connection, RETENTION)
        origin = self._newest(connection, RETENTION, number) + 1
        stored, at = canonical(told), rows[-1].at
        linked = link(head.hash, seq, RETENTION, origin, at, PRUNED, stored)
        put(
            connection,
            records,
            [(seq, number, origin, at, PRUNED, "", "", stored.decode(), linked)],
        )
        connection.execute(
            update(records)
            .where(records.c.seq == bindparam("gone"))
            .values(data=bindparam("left"), node="", severity=""),
            [{"gone": n, "left": pruned(digest, seq)} for n, digest in digests.items()],
        )
        for table in (hours, deliveries, incidents, audit):
            connection.execute(
                delete(table).where(table.c.seq == bindparam("gone")),
                [{"gone": n} for n in digests],
            )
        self._projection(connection).write(seq)
        head = Head(seq=seq, hash=linked)
        _advance(connection, before, head)
        self._head, self._last[RETENTION] = head, origin
        return Pruned(kinds=kinds, last=last)

    @staticmethod
    def _sums(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, list[list[Any]]]:
        """What the batches were given and stood in by these records, as it was worked out."""
        loaded = select(lot_loads.c.at, lot_loads.c.point, lot_loads.c.lot)
        waiting = deque(connection.execute(loaded.order_by(lot_loads.c.at)).all())
        loads: dict[str, str] = {}
        projection = Projection(connection, loads)
        for row in rows:
            while waiting and waiting[0].at <= row.at:
                load = waiting.popleft()
                loads[load.point] = load.lot
            projection.take(
                row.seq, row.at, row.kind, row.node, row.severity, orjson.loads(row.data)
            )
        return projection.sums()

    def take_over_people(self, known: Sequence[tuple[str, str]]) -> None:
        """Who the tokens of another ledger are."""
        with _told(self._url), self._writer.begin() as connection:
            put(connection, people, list(known), once=True)

    def _projection(self, connection: Connection) -> Projection:
        if self._loads is None:
            self._loads = loads_of(connection)
        return Projection(connection, self._loads)

    def _source(self, connection: Connection, source: str) -> int:
        number = self._sources.get(source)
        if number is None:
            number = connection.scalar(select(sources.c.id).where(sources.c.key == source))
        if number is None:
            number = 1 + (connection.scalar(select(func.max(sources.c.id))) or 0)
            connection.execute(insert(sources), {"id": number, "key": source})
        self._sources[source] = number
        return number

    def _newest(self, connection: Connection, source: str, number: int) -> int:
        last = self._last.get(source)
        if last is None:
            newest = select(func.max(records.c.origin)).where(records.c.source == number)
            last = connection.scalar(newest) or 0
        return last

    def _read_head(self, connection: Connection) -> Head:
        if self._head is not None:
            return self._head
        return _head(connection)

    def _without_names(self, connection: Connection, entry: Read) -> Read:
        """The history knows people by a token alone."""
        data = entry.data
        told: dict[str, str] = {}
        for field in WHO:
            if field not in data:
                continue
            by = data[field]
            if isinstance(by, str) and is_person(by):
                told[field] = self._token(connection, by.replace("\0", ""))
        if not told:
            return entry
        data = {**data, **told}
        return replace(entry, data=data, stored=canonical(data))

    def _token(self, connection: Connection, person: str) -> str:
        token = self._tokens.get(person)
        if token is None:
            token = connection.scalar(select(people.c.token).where(people.c.person == person))
        if token is None:
            token = f"{TOKEN}{uuid4().hex}"
            connection.execute(insert(people), {"token": token, "person": person})
        self._tokens[person] = token
        return token

    def forget_what_was_read(self) -> None:
        """Ask the database anew: another may have written, or a transaction was undone."""
        self._head = None
        self._sources.clear()
        self._last.clear()
        self._tokens.clear()
        self._loads = None

    # -- reading --------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to ask with."""
        with _told(self._url), self.engine.connect() as connection:
            yield connection

    def head(self) -> Head:
        """The newest record."""
        with self.reading() as connection:
            return _head(connection)

    def newest(self, source: str) -> int:
        """The id of the newest event of a journal that is here; 0 when there is none."""
        with self.reading() as connection:
            found = connection.scalar(
                select(func.max(records.c.origin))
                .join(sources, sources.c.id == records.c.source)
                .where(sources.c.key == source)
            )
        return found or 0

    def mark(self, source: str, origin: int) -> tuple[float, str] | None:
        """When an event of a journal was and of what kind, as it is here; None when it is not."""
        with self.reading() as connection:
            row = connection.execute(
                select(records.c.at, records.c.kind)
                .join(sources, sources.c.id == records.c.source)
                .where(sources.c.key == source, records.c.origin == origin)
            ).first()
        return None if row is None else (row.at, row.kind)

    def names(self) -> Mapping[str, str]:
        """Who the tokens of people are, as far as they are not forgotten."""
        with self.reading() as connection:
            found = connection.execute(select(people.c.token, people.c.person))
            return {row.token: row.person for row in found}

    def token_of(self, person: str) -> str | None:
        """The token of a person; None when the ledger knows no such person."""
        with self.reading() as connection:
            known = select(people.c.token).where(people.c.person == person)
            found: str | None = connection.scalar(known)
        return found

    def forget(self, person: str) -> bool:
        """Forget who a person was: their records stay, whose they are is gone for good. False when
        the ledger knows no such person."""
        self._tokens.pop(person, None)
        with _told(self._url), self._writer.begin() as connection:
            gone = connection.execute(
                delete(people).where((people.c.person == person) | (people.c.token == person))
            )
            return bool(gone.rowcount)

    def work_out_anew(self) -> None:
        """Make every table anew that is worked out from the records."""
        self.forget_what_was_read()
        with _told(self._url), self._writer.begin() as connection:
            rebuild(connection)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _head(connection: Connection) -> Head:
    row = connection.execute(select(heads.c.seq, heads.c.hash)).first()
    return Head() if row is None else Head(seq=row.seq, hash=row.hash)


def _advance(connection: Connection, before: Head, head: Head) -> None:
    """The newest record is another one now, unless somebody else has written one meanwhile."""
    if before.seq == 0:
        connection.execute(insert(heads), {"one": 1, "seq": head.seq, "hash": head.hash})
        return
    moved = connection.execute(
        update(heads).where(heads.c.seq == before.seq).values(seq=head.seq, hash=head.hash)
    )
    if moved.rowcount != 1:
        raise LedgerAwayError("somebody else writes this ledger")


# -- connections --------------------------------------------------------------------------------


def database_url(where: Path | str) -> URL:
    """The URL of a ledger that is a file or has one. Raises LedgerError."""
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError) as err:
        raise LedgerError("the URL of the ledger cannot be read") from err
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise LedgerError(f"{url.get_backend_name()} is no database for a ledger")
    return url


def _engine(url: URL, *, read_only: bool) -> Engine:
    if url.get_backend_name() == "postgresql":
        options = {"connect_timeout": 10, "application_name": "vfarm"}
        engine = create_engine(url, pool_pre_ping=True, connect_args=options, hide_parameters=True)
        if read_only:
            engine = engine.execution_options(postgresql_readonly=True)
        return engine
    path = Path(url.database or "")
    if read_only and not path.exists():
        raise LedgerError(f"{path}: there is no ledger")
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    # Each thread that reads has its own connection, and a file that was taken away is found out.
    pool = NullPool if read_only else None
    engine = create_engine(url, poolclass=pool, hide_parameters=True)
    event.listen(engine, "connect", _read_pragmas if read_only else _pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _pragmas(dbapi: Any, _: Any) -> None:
    _prepare(dbapi, "journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000")


def _read_pragmas(dbapi: Any, _: Any) -> None:
    _prepare(dbapi, "query_only=ON", "busy_timeout=10000")


def _prepare(dbapi: Any, *pragmas: str) -> None:
    # Transactions are begun by `_begin` alone: sqlite3 would commit before DDL by itself.
    dbapi.isolation_level = None
    try:
        for pragma in pragmas:
            dbapi.execute(f"PRAGMA {pragma}")
    except BaseException:
        # The pool has not taken it yet, so nobody else would close it.
        dbapi.close()
        raise


#: Execution option of connections that will write: they take their turn at the beginning, since a
#: reader that turns into a writer may find that another one was faster.
_WRITES = "vfarm_writes"


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _told(url: URL) -> Iterator[None]:
    """Errors of the database as errors of the ledger, without the password of its URL."""
    where = url.render_as_string(hide_password=True)
    try:
        yield
    except (LedgerError, NewerLedgerError):
        raise
    except IntegrityError as err:
        raise LedgerAwayError(f"{where}: somebody else writes this ledger: {err.orig}") from err
    except OperationalError as err:
        raise LedgerAwayError(f"{where}: {err.orig}") from err
    except DBAPIError as err:
        kind = LedgerAwayError if err.connection_invalidated else LedgerError
        raise kind(f"{where}: {err.orig}") from err
    except (NoSuchModuleError, ImportError) as err:
        raise LedgerError(f"{where}: its driver is not installed: {err}") from err
    except OSError as err:
        raise LedgerAwayError(f"{where}: {err}") from err
    except SQLAlchemyError as err:
        raise LedgerError(f"{where}: {err}") from err
