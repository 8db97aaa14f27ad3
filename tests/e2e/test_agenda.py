"""The calendar and the tasks of a farm in a real Home Assistant, asked as its frontend asks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from conftest import MakeSession
from real_ha import vfarm
from real_ha.client import Client
from real_ha.process import HomeAssistantError


def of(client: Client, domain: str, farm: str) -> str:
    """The entity of a farm's own device in a domain."""
    (found,) = (
        known["entity_id"]
        for known in client.call("config/entity_registry/list")
        if known["platform"] == "vfarm"
        and known["entity_id"].startswith(f"{domain}.")
        and known["config_entry_id"] == farm
    )
    return str(found)


def events(client: Client, calendar: str, days: int = 300) -> list[dict[str, Any]]:
    """What comes, by the API that the calendar page uses."""
    now = dt.datetime.now(dt.UTC)
    start, end = (x.strftime("%Y-%m-%dT%H:%M:%SZ") for x in (now, now + dt.timedelta(days)))
    found: list[dict[str, Any]] = client.get(f"/api/calendars/{calendar}?start={start}&end={end}")
    return found


def items(client: Client, tasks: str) -> dict[str, dict[str, Any]]:
    found = client.call("todo/item/list", entity_id=tasks)["items"]
    return {item["uid"]: item for item in found}


def test_what_comes_is_seen_planned_moved_and_ticked(make_session: MakeSession) -> None:
    session = make_session()
    with session:
        client = session.client
        entry = vfarm.add_demo_farm(client)
        seen = vfarm.wait_running(client, entry)
        calendar, tasks = of(client, "calendar", entry), of(client, "todo", entry)
        growing = {batch["title"] for batch in seen["farm"]["snapshot"]["batches"]}
        harvests = [e for e in events(client, calendar) if e["summary"].startswith("Harvest: ")]
        assert {e["summary"].removeprefix("Harvest: ") for e in harvests} == growing
        assert all("kg (" in e["description"] for e in harvests)

        day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=5)
        client.call(
            "calendar/event/create",
            entity_id=calendar,
            event={
                "summary": "lettuce_butterhead",
                "description": seen["levels"][0]["id"],
                "dtstart": day.isoformat(),
                "dtend": (day + dt.timedelta(days=1)).isoformat(),
            },
        )
        (sowing,) = (e for e in events(client, calendar) if e["uid"].startswith("sow:"))
        assert sowing["start"] == {"date": day.isoformat()}
        later = day + dt.timedelta(days=1)
        moved = {
            "summary": sowing["summary"],
            "dtstart": later.isoformat(),
            "dtend": (later + dt.timedelta(days=1)).isoformat(),
        }
        client.call("calendar/event/update", entity_id=calendar, uid=sowing["uid"], event=moved)
        (sowing,) = (e for e in events(client, calendar) if e["uid"] == sowing["uid"])
        assert sowing["start"] == {"date": later.isoformat()}
        assert items(client, tasks)[sowing["uid"]]["due"] == later.isoformat()

        # On that level something grows: the tick says so, and nothing is sown.
        tick = {"entity_id": tasks, "item": sowing["uid"], "status": "completed"}
        with pytest.raises(HomeAssistantError, match="sites"):
            client.action("todo", "update_item", **tick)
        assert items(client, tasks)[sowing["uid"]]["status"] == "needs_action"

        client.action("todo", "add_item", entity_id=tasks, item="Buy seed")
        session.restart()
        client = session.client
        vfarm.wait_running(client, entry)
        kept = items(client, tasks)
        (bought,) = (item for item in kept.values() if item["summary"] == "Buy seed")
        client.action(
            "todo", "update_item", entity_id=tasks, item=bought["uid"], status="completed"
        )
        done = items(client, tasks)[bought["uid"]]
        assert done["status"] == "completed"
        # Who has ticked it is known by name.
        assert "✓" in done["description"]
        assert sowing["uid"] in kept
    assert session.process.complaints() == []
