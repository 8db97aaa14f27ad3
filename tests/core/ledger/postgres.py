"""A PostgreSQL server of the tests' own: on a socket in a folder of its own, gone after the run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
#: Written by scripts/setup when it has seen to it that there is a server.
_PROMISE = _ROOT / ".venvs" / "postgresql"


def programs() -> Path | None:
    """The folder with PostgreSQL's programs, the newest where there are several."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parents[1].name)
    )
    if found:
        return found[-1].parent
    beside = shutil.which("initdb")
    return Path(beside).resolve().parent if beside else None


@contextmanager
def server() -> Iterator[str]:
    """A running server; yields the host part of its URLs."""
    bin_folder = programs()
    if bin_folder is None:
        if _PROMISE.exists():
            pytest.fail(f"scripts/setup promised a PostgreSQL server: {_PROMISE.read_text()}")
        pytest.skip("NO POSTGRESQL HERE: the ledger is tested on SQLite only (scripts/setup)")
    folder = Path(tempfile.mkdtemp(prefix="vfarm-pg-", dir="/tmp"))
    who = _server_user()
    if who is not None:
        os.chown(folder, who, -1)

    def run(*command: str | Path) -> None:
        done = subprocess.run(
            [str(part) for part in command],
            user=who,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()

    data = folder / "data"
    try:
        run(
            bin_folder / "initdb",
            *("-D", data, "-U", "vfarm", "-A", "trust", "-E", "UTF8", "--no-sync"),
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        ctl = (bin_folder / "pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log")
        run(*ctl, "-o", options, "start")
        try:
            yield str(folder)
        finally:
            run(*ctl, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_user() -> int | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return None
