"""Bring a ledger to the schema of this vfarm, in one transaction; refuse one that is newer."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from .errors import LedgerError, NewerLedgerError

#: Keeps two that open the same PostgreSQL ledger at once from both building it (any number does).
_LOCK = 0x7666_6172
#: Alembic's migrations find their connection by way of its modules: two ledgers that are built at
#: once in one process, each in a thread of its own, would have their tables made in one of them.
_ONE_AT_A_TIME = Lock()


def upgrade(connection: Connection) -> None:
    """Bring the ledger behind `connection` up to date within its transaction. Raises
    NewerLedgerError."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config, scripts = _scripts()
    have = MigrationContext.configure(connection).get_current_revision()
    if have == scripts.get_current_head():
        return
    _refuse_newer(scripts, have)
    environment = EnvironmentContext(
        config,
        scripts,
        # What Alembic's own `upgrade` command does, without an env.py of global state.
        fn=lambda revision, _: scripts._upgrade_revs("head", revision),
    )
    with _ONE_AT_A_TIME, environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def check(connection: Connection) -> None:
    """Raise LedgerError unless this ledger can be read as it is. Raises NewerLedgerError when a
    newer vfarm wrote it."""
    _, scripts = _scripts()
    have = MigrationContext.configure(connection).get_current_revision()
    _refuse_newer(scripts, have)
    if have is None:
        raise LedgerError("this is no ledger")
    if have != scripts.get_current_head():
        raise LedgerError(
            f"the ledger was written by an older vfarm (schema {have}): it is brought up to date "
            "when the farm is started with this one"
        )


def _scripts() -> tuple[Config, ScriptDirectory]:
    config = Config()
    # Alembic reads its options with %-interpolation.
    folder = str(Path(__file__).parent / "migrations").replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    return config, ScriptDirectory.from_config(config)


def _refuse_newer(scripts: ScriptDirectory, have: str | None) -> None:
    if have is None:
        return
    try:
        scripts.get_revision(have)
    except CommandError as err:
        raise NewerLedgerError(
            f"the ledger was written by a newer vfarm (schema {have}, this one knows "
            f"{scripts.get_current_head()}): update vfarm; nothing was changed"
        ) from err
