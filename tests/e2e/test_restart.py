"""What a grower has set and what grows is there again after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import MakeSession
from real_ha import vfarm
from real_ha.client import Client, wait_for
from real_ha.session import Session


@pytest.fixture(scope="module")
def demo(make_session: MakeSession) -> Iterator[tuple[Session, str]]:
    """A demo farm whose grower has been at work."""
    session = make_session()
    with session:
        client = session.client
        entry = vfarm.add_demo_farm(client)
        seen = vfarm.wait_running(client, entry)
        batch = seen["farm"]["snapshot"]["batches"]
        young = next(b for b in batch if b["phase_index"] + 1 < len(b["phases"]))
        act(client, entry, "advance_phase", batch=young["id"])
        act(
            client,
            entry,
            "harvest",
            batch=batch[-1]["id"] if batch[-1] != young else batch[0]["id"],
        )
        act(
            client,
            entry,
            "set_override",
            node=[seen["zones"][0]["id"]],
            quantity="air_temperature",
            value=21.5,
            duration={"hours": 6},
        )
        act(client, entry, "set_mode", mode="hold")
        yield session, entry
    assert session.process.complaints() == []


def act(client: Client, entry: str, action: str, **data: Any) -> None:
    client.action("vfarm", action, config_entry_id=entry, **data)


def kept(client: Client, entry: str) -> dict[str, Any]:
    """What must not be lost."""
    seen = vfarm.overview(client, entry)
    zone = seen["zones"][0]["snapshot"]["air_temperature"]
    return {
        "batches": {
            b["id"]: (b["title"], b["recipe_version"], b["phase"], b["sown_at"], b["plants"])
            for b in seen["farm"]["snapshot"]["batches"]
        },
        "mode": seen["farm"]["snapshot"]["mode"],
        "override": (zone["target"], zone["overridden"]),
    }


def test_batches_phases_overrides_and_modes_survive_a_restart(demo: tuple[Session, str]) -> None:
    session, entry = demo
    wait_for(
        "the override is in force",
        lambda: kept(session.client, entry)["override"] == (21.5, True),
        timeout_s=20,
        detail=lambda: kept(session.client, entry),
    )
    before = kept(session.client, entry)
    assert before["batches"]
    assert before["mode"] == "hold"
    clock = vfarm.overview(session.client, entry)["farm"]["now"]
    session.restart()
    vfarm.wait_running(session.client, entry)
    assert kept(session.client, entry) == before
    assert vfarm.overview(session.client, entry)["farm"]["now"] >= clock


def test_reload_leaves_the_farm_running(demo: tuple[Session, str]) -> None:
    session, entry = demo
    before = kept(session.client, entry)
    session.client.post(f"/api/config/config_entries/entry/{entry}/reload")
    vfarm.wait_running(session.client, entry)
    assert kept(session.client, entry) == before
    wait_for(
        "every entity is back",
        lambda: not vfarm.unavailable(session.client),
        timeout_s=30,
        detail=lambda: vfarm.unavailable(session.client),
    )


def test_disabled_and_enabled_it_runs_again(demo: tuple[Session, str]) -> None:
    session, entry = demo
    before = kept(session.client, entry)
    session.client.call("config_entries/disable", entry_id=entry, disabled_by="user")
    wait_for(
        "it is unloaded",
        lambda: vfarm.entries(session.client)[0]["state"] == "not_loaded",
        timeout_s=30,
    )
    session.client.call("config_entries/disable", entry_id=entry, disabled_by=None)
    vfarm.wait_running(session.client, entry)
    assert kept(session.client, entry) == before
