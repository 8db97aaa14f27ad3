"""Farms that earlier versions of vfarm have left go on, on every release that is supported.

Apart from the surface, so that one is tried while the other waits for its day to pass.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import old_stores
import pytest
from conftest import MakeSession
from real_ha import vfarm
from real_ha.client import wait_for
from real_ha.process import CONFIGURATION
from releases import RELEASES


def kept_batches(journal: Path) -> dict[str, tuple[Any, ...]]:
    """The batches in a journal of a farm that does not run."""
    with closing(sqlite3.connect(journal)) as db:
        rows = db.execute("SELECT data FROM slices WHERE key LIKE 'batch:%'").fetchall()
    found = [json.loads(data) for (data,) in rows]
    return {b["id"]: facts(b) for b in found}


def facts(batch: Mapping[str, Any]) -> tuple[Any, ...]:
    """What must not be lost of a batch; people are shown the beginning of a version."""
    return batch["title"], batch["recipe_version"][:12], batch["sown_at"], batch["plants"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("store", old_stores.names())
def test_a_farm_of_an_earlier_version_goes_on(
    release: str, store: str, make_session: MakeSession
) -> None:
    """What earlier versions wrote is opened: what exists, what grows, and how it is held."""
    session = make_session(CONFIGURATION + old_stores.HELPERS, interpreter=RELEASES[release])
    folder = session.process.config_dir
    old_stores.unpack(store, folder)
    (journal,) = (folder / ".storage" / "vfarm").glob("*.journal.db")
    entry_id = journal.name.removesuffix(".journal.db")
    batches, entities = kept_batches(journal), old_stores.unique_ids(folder)
    assert len(batches) == 1
    assert entities
    with session:
        client = session.client
        seen = vfarm.wait_running(client, entry_id)
        assert [entry["state"] for entry in vfarm.entries(client)] == ["loaded"]
        assert seen["farm"]["snapshot"]["mode"] == "hold"
        assert {b["id"]: facts(b) for b in seen["farm"]["snapshot"]["batches"]} == batches
        assert len(seen["reservoirs"]) == 1
        # It is not only opened: it goes on to be a farm.
        asked = {"config_entry_id": entry_id}
        client.action("vfarm", "set_mode", **asked, mode="auto")
        (batch,) = batches
        client.action("vfarm", "harvest", **asked, batch=batch, kg=1.25)

        def in_history() -> bool:
            report = client.action(
                "vfarm", "batch_report", **asked, batch=batch, return_response=True
            )
            return bool(report["kg"] == 1.25)

        wait_for("the harvest is in the history", in_history, timeout_s=60)
        session.restart()
        seen = vfarm.wait_running(session.client, entry_id)
        assert seen["farm"]["snapshot"]["mode"] == "auto"
        assert vfarm.unavailable(session.client) == []
        assert vfarm.repairs(session.client) == []
    lost = entities - old_stores.unique_ids(folder)
    assert lost == set(), "entities that people have in their dashboards"
    assert session.process.complaints() == []
