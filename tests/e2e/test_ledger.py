"""The history of a farm in a real Home Assistant: there after a stop, after a kill, and in a backup
that was made while the farm ran."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from conftest import MakeSession
from real_ha import vfarm
from real_ha.client import Client, wait_for
from real_ha.process import CONFIGURATION


def history(where: Path) -> Counter[str]:
    """How many records there are of each kind; their places have no gap."""
    if not where.exists():
        return Counter()
    with closing(sqlite3.connect(f"file:{where}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT seq, kind FROM records ORDER BY seq").fetchall()
    assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
    return Counter(kind for _, kind in rows)


def harvests(journal: Path) -> int:
    """How many harvests a journal has."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db:
        (count,) = db.execute(
            "SELECT count(*) FROM events WHERE kind = 'batch_harvested'"
        ).fetchone()
    return int(count)


def back_up(client: Client, config_dir: Path, to: Path) -> Path:
    """Have Home Assistant's own backup manager make a backup; the folder that it took along."""
    client.call("backup/generate", agent_ids=["backup.local"], include_database=False)
    wait_for(
        "the backup is made",
        lambda: (
            client.call("backup/info")["state"] == "idle"
            and list((config_dir / "backups").glob("*.tar"))
        ),
        timeout_s=60,
        detail=lambda: client.call("backup/info"),
    )
    (made,) = (config_dir / "backups").glob("*.tar")
    with tarfile.open(made) as outer:
        name = next(n for n in outer.getnames() if "homeassistant.tar" in n)
        inner = outer.extractfile(name)
        assert inner is not None
        with tarfile.open(fileobj=inner, mode="r:*") as files:
            files.extractall(to, filter="data")
    return to / "data"


def whole(db: Path) -> None:
    """That a copied database can be read from end to end, with the log that lies beside it."""
    with closing(sqlite3.connect(db)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_happened_is_in_the_ledger_after_a_stop_and_after_a_kill(
    make_session: MakeSession, tmp_path: Path
) -> None:
    session = make_session(CONFIGURATION + "backup:\n")
    with session:
        client = session.client
        entry = vfarm.add_demo_farm(client)
        seen = vfarm.wait_running(client, entry)
        where = session.process.config_dir / ".storage" / "vfarm" / f"{entry}.ledger.db"
        batches = [batch["id"] for batch in seen["farm"]["snapshot"]["batches"]]
        client.action("vfarm", "harvest", config_entry_id=entry, batch=batches[0], kg=1.5)
        session.restart()
        client = session.client
        vfarm.wait_running(client, entry)
        # The ledger follows the journal when it can; nothing waits for it, not even a stop.
        wait_for(
            "the ledger has caught up",
            lambda: history(where)["batch_harvested"] == 1,
            timeout_s=120,
            detail=lambda: history(where),
        )
        assert history(where)["batch_started"] == len(batches)
        report = client.action(
            "vfarm", "batch_report", config_entry_id=entry, batch=batches[0], return_response=True
        )
        assert (report["state"], report["kg"]) == ("harvested", 1.5)
        (cut,) = report["harvests"]
        traced = client.action(
            "vfarm", "trace", config_entry_id=entry, lot=cut["lot"], return_response=True
        )
        assert [batch["id"] for batch in traced["batches"]] == [batches[0]]

        client.action("vfarm", "harvest", config_entry_id=entry, batch=batches[1], kg=2.5)
        journal = where.with_name(f"{entry}.journal.db")
        wait_for(
            "the harvest is on disk",
            lambda: harvests(journal) == 2,
            timeout_s=10,
            every_s=0.05,
        )
        session.kill()
        session.start()
        vfarm.wait_running(session.client, entry)
        wait_for(
            "the ledger has caught up",
            lambda: history(where)["batch_harvested"] == 2,
            timeout_s=120,
        )
        assert history(where)["batch_started"] == len(batches), "nothing twice"
        assert vfarm.repairs(session.client) == []

        taken = back_up(session.client, session.process.config_dir, tmp_path)
        kept = taken / ".storage" / "vfarm"
        for name in (journal.name, where.name):
            whole(kept / name)
        assert harvests(kept / journal.name) == 2
        assert history(kept / where.name)["batch_harvested"] == 2
        # The farm runs on, and what happens is kept.
        session.client.action("vfarm", "harvest", config_entry_id=entry, batch=batches[2], kg=3.5)
        wait_for(
            "the harvest is on disk", lambda: harvests(journal) == 3, timeout_s=10, every_s=0.05
        )
    assert session.process.complaints() == []

    restored = make_session()
    for part in (taken / ".storage").iterdir():
        if part.name == "http":
            # Its port is that of the process that is gone.
            continue
        to = restored.process.config_dir / ".storage" / part.name
        if part.is_dir():
            shutil.copytree(part, to)
        else:
            shutil.copy2(part, to)
    with restored:
        seen = vfarm.wait_running(restored.client, entry)
        grows = {batch["id"] for batch in seen["farm"]["snapshot"]["batches"]}
        assert grows == set(batches[2:]), "as it was when the backup was made"
        assert vfarm.repairs(restored.client) == []
    assert restored.process.complaints() == []
