"""Ledgers to test with: each test runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from vfarm_core.ledger.store import Ledger

from .postgres import server

_numbers = count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Where a PostgreSQL server listens."""
    with server() as host:
        yield host


def database(host: str) -> str:
    """The URL of a new, empty database."""
    name = f"farm{next(_numbers)}"
    with psycopg.connect(host=host, user="vfarm", dbname="postgres", autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return f"postgresql://vfarm@/{name}?host={host}"


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a new ledger goes."""
    if request.param == "sqlite":
        return tmp_path / "deep" / "ledger.db"
    return database(request.getfixturevalue("postgresql"))


@pytest.fixture
def ledger(where: Path | str) -> Iterator[Ledger]:
    """A new ledger."""
    opened = Ledger(where)
    yield opened
    opened.close()
