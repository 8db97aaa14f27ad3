"""The calendar and the tasks of a farm: what they show, what is done in them, and by whom."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import manager, pass_time, settled, somebody
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator
from test_planning import order, today
from test_services import act

from custom_components.vfarm.const import DOMAIN
from vfarm_core.batches.model import Batch, BatchState


def entity(hass: HomeAssistant, farm: MockConfigEntry, domain: str, key: str) -> str:
    unique = f"{farm.entry_id}:{farm.entry_id}:{key}"
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique)
    assert found is not None
    return found


def memory(farm: MockConfigEntry) -> Any:
    return farm.runtime_data.engine.runtime.memory


def batches(farm: MockConfigEntry) -> list[Batch]:
    return list(memory(farm).batches.values())


async def items(hass: HomeAssistant, farm: MockConfigEntry, *status: str) -> dict[str, Any]:
    """The items of the list by their uid."""
    name = entity(hass, farm, "todo", "tasks")
    await settled(hass)
    answer: Any = await hass.services.async_call(
        "todo",
        "get_items",
        {"entity_id": name, "status": list(status or ("needs_action", "completed"))},
        blocking=True,
        return_response=True,
    )
    return {item["uid"]: item for item in answer[name]["items"]}


async def todo(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    service: str,
    context: Context | None = None,
    **data: Any,
) -> None:
    name = entity(hass, farm, "todo", "tasks")
    await hass.services.async_call(
        "todo", service, {"entity_id": name, **data}, blocking=True, context=context
    )
    await settled(hass)


async def not_done(
    hass: HomeAssistant, farm: MockConfigEntry, service: str, **data: Any
) -> ServiceValidationError:
    with pytest.raises(ServiceValidationError) as caught:
        await todo(hass, farm, service, **data)
    assert "{" not in str(caught.value)
    return caught.value


async def events(
    hass: HomeAssistant, farm: MockConfigEntry, first: int = -60, last: int = 200
) -> list[dict[str, Any]]:
    name = entity(hass, farm, "calendar", "agenda")
    now = dt.datetime.combine(today(farm), dt.time(), tzinfo=farm.runtime_data.farm.tz)
    answer: Any = await hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": name,
            "start_date_time": now + dt.timedelta(days=first),
            "end_date_time": now + dt.timedelta(days=last),
        },
        blocking=True,
        return_response=True,
    )
    found: list[dict[str, Any]] = answer[name]["events"]
    return found


async def planned(hass: HomeAssistant, farm: MockConfigEntry, days: int = 60) -> Batch:
    """A batch that a plan has made."""
    plan = await act(hass, "plan_orders", orders=order(farm, days, early_days=0))
    await act(hass, "apply_plan", plan=plan["plan"])
    (batch,) = batches(farm)
    return batch


# -- the calendar -------------------------------------------------------------------------------


async def test_a_planned_batch_is_in_the_calendar_to_its_harvest(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await planned(hass, farm)
    found = await events(hass, farm)
    said = [event["summary"].split(":")[0] for event in found]
    assert (said[0], said[-1]) == ("Sow", "Harvest")
    assert "Transplant" in said
    harvest = found[-1]
    assert harvest["start"] == (today(farm) + dt.timedelta(days=60)).isoformat()
    assert "kg (" in harvest["description"]
    assert "–" in harvest["description"]
    assert "Level" in harvest["location"]
    assert all(len(event["start"]) == 10 for event in found)
    state = hass.states.get(entity(hass, farm, "calendar", "agenda"))
    assert state is not None
    assert (state.state, state.attributes["message"]) == ("off", found[0]["summary"])


async def test_what_has_happened_stays_in_the_calendar(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await act(hass, "start_batch", node="rack_level_1", recipe="lettuce_butterhead", plants=9)
    (batch,) = batches(farm)
    await act(hass, "harvest", batch=batch.id, kg=1.25)
    found = await events(hass, farm, -1, 1)
    assert [event["summary"].split(":")[0] for event in found] == ["Sow", "Harvest"]
    assert "1.2 kg" in found[-1]["description"]
    assert await events(hass, farm, 2, 50) == []


async def test_a_batch_is_planned_in_the_calendar(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    day = (today(farm) + dt.timedelta(days=4)).isoformat()
    await hass.services.async_call(
        "calendar",
        "create_event",
        {
            "entity_id": entity(hass, farm, "calendar", "agenda"),
            "summary": " Basil_Sweet ",
            "location": "Level 1, rack_level_2",
            "start_date": day,
            "end_date": (today(farm) + dt.timedelta(days=5)).isoformat(),
        },
        blocking=True,
        context=manager(hass),
    )
    await settled(hass)
    (batch,) = batches(farm)
    assert (batch.recipe_id, batch.plants, batch.state) == ("basil_sweet", 40, BatchState.PLANNED)
    assert batch.levels == ("rack_level_1", "rack_level_2")
    sown = dt.datetime.fromtimestamp(batch.sown_at, farm.runtime_data.farm.tz)
    assert (sown.date().isoformat(), sown.hour) == (day, 8)
    assert batch.history[-1].by == "user:manager"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"summary": "Team meeting"}, "calendar_form"),
        ({"location": "Level 9"}, "calendar_form"),
        ({"location": ""}, "calendar_form"),
        ({"start_date": "2020-01-01", "end_date": "2020-01-02"}, "batch_past"),
    ],
)
async def test_what_is_no_plan_is_refused_in_words(
    hass: HomeAssistant, farm: MockConfigEntry, changes: dict[str, str], key: str
) -> None:
    day = today(farm) + dt.timedelta(days=4)
    event = {
        "entity_id": entity(hass, farm, "calendar", "agenda"),
        "summary": "basil_sweet",
        "location": "Level 1",
        "start_date": day.isoformat(),
        "end_date": (day + dt.timedelta(days=1)).isoformat(),
        **changes,
    }
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call("calendar", "create_event", event, blocking=True)
    assert caught.value.translation_key == key
    assert "{" not in str(caught.value)
    assert not batches(farm)


async def test_the_sowing_of_a_planned_batch_is_moved_and_nothing_else(
    hass: HomeAssistant, farm: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    batch = await planned(hass, farm)
    client = await hass_ws_client(hass)
    name = entity(hass, farm, "calendar", "agenda")

    async def update(uid: str, day: dt.date | str, **more: Any) -> dict[str, Any]:
        event = {"summary": "x", "dtstart": str(day), "dtend": str(day), **more}
        if isinstance(day, dt.date):
            event["dtend"] = str(day + dt.timedelta(days=1))
        await client.send_json_auto_id(
            {"type": "calendar/event/update", "entity_id": name, "uid": uid, "event": event}
        )
        answer: dict[str, Any] = await client.receive_json()
        await settled(hass)
        return answer

    before = await events(hass, farm)
    sown = dt.datetime.fromtimestamp(batch.sown_at, farm.runtime_data.farm.tz)
    later = sown.date() + dt.timedelta(days=3)
    uid = f"sow:{batch.id}"
    assert (await update(uid, later))["success"]
    (moved,) = batches(farm)
    assert moved.sown_at == (sown + dt.timedelta(days=3)).timestamp()
    # Who moved it is known, though a command of the websocket does not say so.
    assert moved.history[-1].by.startswith("user:")
    after = await events(hass, farm)
    assert [e["summary"] for e in after] == [e["summary"] for e in before]
    assert after[-1]["start"] > before[-1]["start"]
    same = await update(uid, later)
    assert "only the day or time" in same["error"]["message"]
    other = await update(f"harvest:{batch.id}:0", later)
    assert "cannot be moved here" in other["error"]["message"]
    repeated = await update(uid, later, rrule="FREQ=DAILY")
    assert "do not repeat" in repeated["error"]["message"]


async def test_a_viewer_plans_and_moves_nothing(
    hass: HomeAssistant, farm: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    batch = await planned(hass, farm)
    viewer = somebody(hass, "viewer")
    hass.config_entries.async_update_entry(farm, options={"roles": {"viewer": "viewer"}})
    day = today(farm) + dt.timedelta(days=4)
    event = {
        "entity_id": entity(hass, farm, "calendar", "agenda"),
        "summary": "basil_sweet",
        "location": "Level 1",
        "start_date": day.isoformat(),
        "end_date": (day + dt.timedelta(days=1)).isoformat(),
    }
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            "calendar", "create_event", event, blocking=True, context=viewer
        )
    assert caught.value.translation_key == "not_allowed"
    for service, data in (
        ("add_item", {"item": "Buy seed"}),
        ("update_item", {"item": "onboarding:alarm", "status": "completed"}),
        ("remove_item", {"item": "onboarding:alarm"}),
    ):
        error = await not_done(hass, farm, service, context=viewer, **data)
        assert error.translation_key == "not_allowed"
    # The calendar of the frontend does not say who it is; the connection does.
    client = await hass_ws_client(hass)
    user = (await hass.auth.async_get_users())[0]
    options = {"roles": {user.id: "viewer" for user in await hass.auth.async_get_users()}}
    hass.config_entries.async_update_entry(farm, options=options)
    assert not user.is_owner
    await client.send_json_auto_id(
        {
            "type": "calendar/event/update",
            "entity_id": event["entity_id"],
            "uid": f"sow:{batch.id}",
            "event": {"summary": "x", "dtstart": event["start_date"], "dtend": event["end_date"]},
        }
    )
    assert "viewer" in (await client.receive_json())["error"]["message"]
    assert batches(farm) == [batch]
    assert not memory(farm).tasks


# -- the tasks ----------------------------------------------------------------------------------


async def test_a_new_farm_is_told_how_to_be_set_up(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    found = await items(hass, farm)
    assert set(found) == {f"onboarding:{key}" for key in ("bind", "alarm", "backup", "dry_week")}
    assert "phone" in found["onboarding:alarm"]["summary"]
    assert hass.states.get(entity(hass, farm, "todo", "tasks")).state == "4"  # type: ignore[union-attr]
    await todo(
        hass,
        farm,
        "update_item",
        manager(hass),
        item="onboarding:alarm",
        status="completed",
    )
    assert hass.states.get(entity(hass, farm, "todo", "tasks")).state == "3"  # type: ignore[union-attr]
    done = (await items(hass, farm, "completed"))["onboarding:alarm"]
    assert "Manager" in done["description"]
    await todo(hass, farm, "remove_completed_items")
    assert "onboarding:alarm" not in await items(hass, farm)


async def test_a_batch_is_sown_by_a_tick(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    batch = await planned(hass, farm, 36)
    key = f"sow:{batch.id}"
    open_items = await items(hass, farm, "needs_action")
    assert open_items[key]["summary"].startswith("Sow: ")
    assert open_items[key]["due"] == (today(farm) + dt.timedelta(days=1)).isoformat()
    await todo(hass, farm, "update_item", manager(hass), item=key, status="completed")
    (sown,) = batches(farm)
    assert (sown.state, sown.history[-1].by) == (BatchState.SOWN, "user:manager")
    assert key not in await items(hass, farm, "needs_action")
    assert (await items(hass, farm, "completed"))[key]["summary"].startswith("Sow: ")
    error = await not_done(hass, farm, "update_item", item=key, status="needs_action")
    assert error.translation_key == "task_carried_out"


async def test_a_harvest_is_not_ticked_but_weighed(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await act(
        hass,
        "start_batch",
        node="rack_level_1",
        recipe="lettuce_butterhead",
        plants=9,
        sown_days_ago=33,
        title="Salad",
    )
    (batch,) = batches(farm)
    key = f"harvest:{batch.id}:0"
    assert (await items(hass, farm))[key]["summary"] == "Harvest: Salad"
    error = await not_done(hass, farm, "update_item", item=key, status="completed")
    assert error.translation_key == "task_needs_action"
    assert "vfarm.harvest" in str(error)
    error = await not_done(hass, farm, "update_item", item=key, rename="Eat it")
    assert error.translation_key == "task_not_own"
    error = await not_done(hass, farm, "remove_item", item=key)
    assert error.translation_key == "task_not_own"
    await act(hass, "harvest", batch=batch.id, kg=1.0)
    assert key not in await items(hass, farm)


async def test_what_people_write_down_survives_a_reload(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await todo(
        hass,
        farm,
        "add_item",
        manager(hass),
        item="Buy seed",
        due_date="2026-12-24",
        description="Rex, 500",
    )
    (task,) = memory(farm).tasks.values()
    assert (task.title, task.due_day, task.note, task.by) == (
        "Buy seed",
        "2026-12-24",
        "Rex, 500",
        "user:manager",
    )
    assert await hass.config_entries.async_reload(farm.entry_id)
    await settled(hass)
    found = (await items(hass, farm))[task.id]
    assert (found["summary"], found["due"]) == ("Buy seed", "2026-12-24")
    await todo(
        hass,
        farm,
        "update_item",
        item="Buy seed",
        rename="Buy lettuce seed",
        due_datetime="2026-12-24T10:00:00",
        status="completed",
    )
    await todo(hass, farm, "update_item", item=task.id, rename="Buy  lettuce seed")
    (task,) = memory(farm).tasks.values()
    assert task.note == "Rex, 500"
    await todo(hass, farm, "update_item", item=task.id, rename="Buy lettuce seed")
    (task,) = memory(farm).tasks.values()
    assert (task.title, task.due_day, task.done_by) == ("Buy lettuce seed", None, "automation")
    assert task.due_at is not None
    await todo(hass, farm, "update_item", item=task.id, status="needs_action")
    assert next(iter(memory(farm).tasks.values())).done_at is None
    await todo(hass, farm, "remove_item", item=task.id)
    assert not memory(farm).tasks
    error = await not_done(hass, farm, "add_item", item="x" * 201)
    assert error.translation_key == "task_title"


async def test_texts_follow_the_language_of_the_system(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await planned(hass, farm, 36)
    await hass.config.async_update(language="de")
    await settled(hass)
    found = await items(hass, farm)
    assert any(item["summary"].startswith("Säen: ") for item in found.values())
    assert any("Telefon" in item["summary"] for item in found.values())


async def test_a_day_that_passes_brings_what_is_due(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await act(
        hass,
        "start_batch",
        node="rack_level_1",
        recipe="lettuce_butterhead",
        plants=9,
        sown_days_ago=27.95,
    )
    (batch,) = batches(farm)
    key = f"harvest:{batch.id}:0"
    assert key not in await items(hass, farm)
    await pass_time(hass, freezer, 7200)
    assert key in await items(hass, farm)
    (_, last) = [e for e in await events(hass, farm) if e["summary"].startswith(("Sow", "Harv"))]
    assert last["start"] == (await items(hass, farm))[key]["due"]


async def test_an_empty_farm_has_an_empty_calendar_and_its_list(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    calendar = hass.states.get(entity(hass, farm, "calendar", "agenda"))
    tasks = hass.states.get(entity(hass, farm, "todo", "tasks"))
    assert calendar is not None
    assert tasks is not None
    assert (calendar.state, tasks.state) == ("off", "4")


async def test_what_comes_is_worked_out_once_for_all_who_show_it(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    known = farm.runtime_data.agenda
    first = known.now()
    assert known.now() is first
    await act(hass, "set_override", node="tent", quantity="vpd", value=1.0, duration="00:30:00")
    assert known.now() is first
    await todo(hass, farm, "add_item", item="Buy seed")
    assert known.now() is not first


async def test_a_sowing_that_is_due_some_day_is_on_the_list_then(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    batch = await planned(hass, farm, 43)
    key = f"sow:{batch.id}"
    assert key not in await items(hass, farm)
    await pass_time(hass, freezer, 2 * 86400.0, step=7200.0)
    assert key in await items(hass, farm)


async def test_levels_that_an_order_has_left_are_to_be_cleaned(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    batch = await planned(hass, farm)
    await act(hass, "sow_batch", batch=batch.id)
    await act(hass, "harvest", batch=batch.id, kg=1.0)
    (level,) = batch.levels
    key = f"clean:{level}:{batch.id}"
    found = (await items(hass, farm))[key]
    assert found["summary"].startswith(f"Clean: Rack Level {level[-1]} (")
    await todo(hass, farm, "update_item", manager(hass), item=key, status="completed")
    assert (await items(hass, farm))[key]["status"] == "completed"


async def test_a_time_of_day_can_be_chosen(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    start = dt.datetime.combine(
        today(farm) + dt.timedelta(days=3), dt.time(15, 30), tzinfo=farm.runtime_data.farm.tz
    )
    event = {
        "entity_id": entity(hass, farm, "calendar", "agenda"),
        "summary": "basil_sweet",
        "description": "Rack Level 2",
        "start_date_time": start,
        "end_date_time": start + dt.timedelta(hours=1),
    }
    await hass.services.async_call("calendar", "create_event", event, blocking=True)
    (batch,) = batches(farm)
    assert batch.sown_at == start.timestamp()
    assert batch.levels == ("rack_level_2",)


async def test_the_calendar_page_of_a_farm_that_does_not_run_is_empty(
    hass: HomeAssistant, farm: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    await planned(hass, farm)
    client = await hass_client()
    name = entity(hass, farm, "calendar", "agenda")
    first = today(farm)
    until = first + dt.timedelta(days=90)
    page = f"/api/calendars/{name}?start={first}T00:00:00Z&end={until}T00:00:00Z"
    assert await (await client.get(page)).json()
    with patch.object(farm.runtime_data.engine, "running", False):
        assert await (await client.get(page)).json() == []
