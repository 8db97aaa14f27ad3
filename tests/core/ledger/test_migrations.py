"""A ledger of every released schema opens, is brought up to date, and says what it said before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, select

from vfarm_core.ledger import migrate
from vfarm_core.ledger.entries import Entry
from vfarm_core.ledger.schema import dead_letters, metadata, records
from vfarm_core.ledger.store import Ledger, database_url
from vfarm_core.ledger.verify import verify

#: What a ledger of each released schema holds, as that release wrote it: 0001.sqlite.sql, …
_RELEASED = Path(__file__).parent / "released"
_VERSIONS = sorted({path.name.partition(".")[0] for path in _RELEASED.glob("*.sql")})


def test_every_schema_has_a_ledger_that_was_written_with_it() -> None:
    folder = Path(migrate.__file__).parent / "migrations"
    known = sorted(script.revision for script in ScriptDirectory(str(folder)).walk_revisions())
    assert known == _VERSIONS


@pytest.mark.parametrize("version", _VERSIONS)
def test_a_ledger_of_a_released_schema_is_brought_up_to_date(
    where: Path | str, version: str
) -> None:
    restore(where, version)
    with closing(Ledger(where)) as ledger:
        verdict = verify(ledger)
        assert verdict.intact
        assert verdict.records == 6
        with ledger.reading() as connection:
            kinds = list(connection.scalars(select(records.c.kind).order_by(records.c.seq)))
            assert kinds[:2] == ["batch_started", "shot_ended"]
            assert connection.scalars(select(dead_letters.c.seq)).all() == [6]
        assert list(ledger.names().values()) == ["user:anna"]
        assert ledger.newest("journal-one") == 6
        new = ledger.append("journal-one", [Entry(origin=7, at=2e9, kind="new", data={})])
        assert new.head.seq == 7
        assert verify(ledger).intact


@pytest.mark.parametrize("version", ["new", *_VERSIONS])
def test_migrations_end_at_the_very_schema_that_is_used(where: Path | str, version: str) -> None:
    if version != "new":
        restore(where, version)
    with closing(Ledger(where)) as ledger, ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_farms_that_start_together_each_get_a_ledger_of_their_own(tmp_path: Path) -> None:
    """Home Assistant sets its farms up at once, each history in a thread."""
    paths = [tmp_path / f"farm-{number}.db" for number in range(6)]
    together = Barrier(len(paths))

    def make(path: Path) -> list[str]:
        together.wait()
        with closing(Ledger(path)) as ledger, ledger.reading() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return [str(difference) for difference in compare_metadata(context, metadata)]

    with ThreadPoolExecutor(len(paths)) as threads:
        assert list(threads.map(make, paths)) == [[]] * len(paths)


def restore(where: Path | str, version: str) -> None:
    """Put a released ledger where a new one would go."""
    if isinstance(where, Path):
        where.parent.mkdir(parents=True)
    engine = create_engine(database_url(where))
    text = (_RELEASED / f"{version}.{engine.dialect.name}.sql").read_text()
    with closing(engine.raw_connection()) as connection:
        for statement in text.split(";\n"):
            if statement.strip():
                connection.cursor().execute(statement)
        connection.commit()
    engine.dispose()
