"""A disk that is full or may not be written: nothing is lost, and the ledger catches up."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from vfarm_core.control.effects import Record
from vfarm_core.ledger.errors import LedgerAwayError
from vfarm_core.ledger.schema import records
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.ledger.writer import LedgerState, LedgerWriter
from vfarm_core.runtime.journal import Journal


def happen(journal: Journal, count: int, size: int = 10) -> None:
    data = {"node": "circuit", "severity": "info", "why": "x" * size}
    journal.append([Record(kind="test", at=1e9, data=data)] * count)


def count(where: Path) -> int:
    with closing(Ledger(where)) as ledger, ledger.reading() as connection:
        assert verify(ledger).intact
        return connection.scalar(select(func.count()).select_from(records)) or 0


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file may grow beyond this: what a full disk is to who writes."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.parametrize("room", [0, 4096, 40_000, 100_000, 150_001])
def test_a_full_disk_is_told_and_caught_up_with(tmp_path: Path, room: int) -> None:
    where = tmp_path / "ledger.db"
    told: list[LedgerState] = []
    with closing(Journal(tmp_path / "journal.db")) as journal:
        # A large step into the ledger, while the journal has room of its own.
        happen(journal, 200, size=2000)
        writer = LedgerWriter(lambda: Ledger(where), journal, told.append)
        with full_at(room):
            for _ in range(3):
                writer.once()
                assert writer.state.error
        happen(journal, 50)
        writer.once()
        assert writer.state == LedgerState()
        assert [bool(state.error) for state in told] == [True, False]
        # And while it is open.
        happen(journal, 200, size=2000)
        size = (tmp_path / "ledger.db-wal").stat().st_size
        with full_at(size + 4096):
            writer.once()
            assert writer.state.error
        writer.once()
        assert writer.state == LedgerState()
        writer.close()
        assert journal.newest() == 450
    assert count(where) == 450


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing in this folder may be written; root may write everywhere, so nobody tries."""
    root = os.geteuid() == 0
    parts = [folder, *folder.iterdir()]
    modes = {part: part.stat().st_mode for part in parts}
    for part in parts:
        part.chmod(0o555 if part.is_dir() else 0o444)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for part, mode in modes.items():
            part.chmod(mode)


def test_a_ledger_that_may_not_be_written_is_told_and_caught_up_with() -> None:
    place = Path(tempfile.mkdtemp(prefix="vfarm-ledger-"))
    place.chmod(0o777)
    where = place / "there" / "ledger.db"
    try:
        with closing(Journal(place / "journal.db")) as journal:
            happen(journal, 3)
            writer = LedgerWriter(lambda: Ledger(where), journal)
            writer.once()
            writer.close()
            happen(journal, 3)
            writer = LedgerWriter(lambda: Ledger(where), journal)
            with read_only(where.parent):
                with pytest.raises(LedgerAwayError):
                    Ledger(where)
                writer.once()
                assert writer.state.error
                happen(journal, 3)
            writer.once()
            assert writer.state == LedgerState()
            writer.close()
        assert count(where) == 9
    finally:
        shutil.rmtree(place)
