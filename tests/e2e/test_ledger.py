"""The history of a farm in a real Home Assistant: there after a stop and after a kill."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from conftest import MakeSession
from real_ha import vfarm
from real_ha.client import wait_for


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


def test_what_happened_is_in_the_ledger_after_a_stop_and_after_a_kill(
    make_session: MakeSession,
) -> None:
    session = make_session()
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
    assert session.process.complaints() == []
