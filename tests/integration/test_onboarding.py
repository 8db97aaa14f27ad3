"""The tasks of setting a farm up tick themselves when the facts say so, and not before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import (
    LAMP,
    Hardware,
    bound,
    declared,
    manager,
    pass_time,
    settled,
    start_batch,
    sub,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from test_agenda import items, memory, todo
from test_services import act, refused

from vfarm_core.control.dry_run import Missing
from vfarm_core.runtime.journal import JournalError


async def look(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 901) -> None:
    """Until the facts are looked at again."""
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await settled(hass)


async def day_passes(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    midnight = dt_util.start_of_local_day(dt_util.now() + timedelta(days=1))
    await look(hass, freezer, (midnight - dt_util.now()).total_seconds() + 1)


async def bind_all(hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware) -> None:
    """Bind what is open in the small farm: the lamp of its second level."""
    hass.states.async_set("light.lamp_2", "off", {"supported_color_modes": ["brightness"]})
    rack = sub(farm, "rack")
    lamp = bound("rack_level_2", "grow_light", "light.lamp_2", declaration=declared())
    hass.config_entries.async_update_subentry(
        farm, rack, data={**rack.data, "bindings": [*rack.data["bindings"], lamp]}
    )
    await settled(hass)


async def test_the_task_of_binding_names_what_is_open_and_is_done_by_binding_it(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    freezer: FrozenDateTimeFactory,
) -> None:
    task = (await items(hass, farm, "needs_action"))["onboarding:bind"]
    assert task["description"] == "Rack Level 2: Grow light is not bound"
    await bind_all(hass, farm, hardware)
    await look(hass, freezer)
    assert "onboarding:bind" not in await items(hass, farm, "needs_action")
    done = (await items(hass, farm, "completed"))["onboarding:bind"]
    assert "vfarm" in done["description"]
    kept = memory(farm).tasks["onboarding:bind"]
    assert (kept.done_by, kept.title) == ("vfarm", done["summary"])


async def test_a_bound_entity_that_says_nothing_keeps_the_task_open(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    freezer: FrozenDateTimeFactory,
) -> None:
    hass.states.async_set(LAMP, "unavailable")
    await bind_all(hass, farm, hardware)
    await look(hass, freezer)
    task = (await items(hass, farm, "needs_action"))["onboarding:bind"]
    assert task["description"] == "Rack Level 1: Grow light has said nothing yet"


async def test_a_test_alarm_that_was_acknowledged_on_a_phone_has_reached_it(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    automation = {
        "alias": "Tell",
        "triggers": [
            {"trigger": "event", "event_type": "vfarm_event", "event_data": {"severity": "p2"}}
        ],
        "actions": [{"event": "told", "event_data": {"button": "{{ context.id }}"}}],
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    told = async_capture_events(hass, "told")
    engine = farm.runtime_data.engine
    hass.bus.async_fire(
        "vfarm_event",
        {"kind": "volume_low", "severity": "p2", "entry_id": farm.entry_id, "node": "tank"},
    )
    await settled(hass)
    answer = await act(hass, "send_test_alarm")
    assert answer["severity"] == "p2"
    await settled(hass)
    assert (await refused(hass, "send_test_alarm")).translation_key == "test_alarm_waits"
    other, test = (event.data["button"] for event in told)
    for action in ("OPEN_DOOR", None, "VFARM_ACKNOWLEDGE_1", f"VFARM_ACKNOWLEDGE_{other}"):
        hass.bus.async_fire("mobile_app_notification_action", {"action": action})
    await settled(hass)
    assert "onboarding:alarm" in await items(hass, farm, "needs_action")
    assert engine.runtime.memory.farm.alarm_test_at is not None
    hass.bus.async_fire("mobile_app_notification_action", {"action": f"VFARM_ACKNOWLEDGE_{test}"})
    await settled(hass)
    assert "onboarding:alarm" in await items(hass, farm, "completed")
    (ended,) = await engine.journal.async_events("test_alarm_ended")
    assert ended["end"] == "acknowledged"
    hass.bus.async_fire("mobile_app_notification_action", {"action": f"VFARM_ACKNOWLEDGE_{test}"})
    await settled(hass)
    assert len(await engine.journal.async_events("test_alarm_ended")) == 1


async def test_a_schedule_of_backups_is_looked_for(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory, hass_ws_client: Any
) -> None:
    await look(hass, freezer)
    assert "onboarding:backup" in await items(hass, farm, "needs_action")
    assert await async_setup_component(hass, "backup", {})
    await settled(hass)
    await look(hass, freezer)
    assert "onboarding:backup" in await items(hass, farm, "needs_action"), "none is scheduled"
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {"type": "backup/config/update", "schedule": {"recurrence": "daily"}}
    )
    assert (await client.receive_json())["success"]
    await look(hass, freezer)
    assert "onboarding:backup" in await items(hass, farm, "completed")
    # Its timer ends with the schedule.
    await client.send_json_auto_id(
        {"type": "backup/config/update", "schedule": {"recurrence": "never"}}
    )
    assert (await client.receive_json())["success"]


async def said(hass: HomeAssistant, farm: MockConfigEntry) -> list[str]:
    """What the task of the dry run says, by lines; nothing when it is done."""
    found = (await items(hass, farm, "needs_action")).get("onboarding:dry_week")
    return found["description"].split("\n") if found else []


@pytest.mark.freeze_time("2026-06-01 12:00:00+00:00")
async def test_the_days_of_the_dry_run_are_counted_one_by_one_and_over_a_restart(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    missed: list[Missing] = []
    with patch("vfarm_core.control.dry_run.missing", lambda *_, **__: tuple(missed)):
        assert await said(hass, farm) == ["0 / 7"]
        for day in range(1, 4):
            await day_passes(hass, freezer)
            await look(hass, freezer, 10)
            assert await said(hass, farm) == [f"{day} / 7"]
        assert await hass.config_entries.async_reload(farm.entry_id)
        await settled(hass)
        assert await said(hass, farm) == ["3 / 7"]
        missed.append(Missing.ALARM)
        await day_passes(hass, freezer)
        assert farm.data["dry_days"] == ["2026-06-01", "2026-06-02", "2026-06-03"]
        assert await said(hass, farm) == [
            "3 / 7",
            "Yesterday did not count: there was an alarm, P1 or P2.",
        ]
        missed.clear()
        for _ in range(4):
            await day_passes(hass, freezer)
        assert await said(hass, farm) == []
        assert "onboarding:dry_week" in await items(hass, farm, "completed")
        assert len(farm.data["dry_days"]) == 7
        await day_passes(hass, freezer)
        assert len(farm.data["dry_days"]) == 7


async def test_a_day_on_which_nothing_runs_does_not_count_and_says_why(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await day_passes(hass, freezer)
    assert farm.data["dry_days"] == []
    missed = farm.data["dry_missing"]
    assert (missed[0], missed[-1]) == ("not_bound", "no_batch")
    (progress, *why) = await said(hass, farm)
    assert progress == "0 / 7"
    assert why[0] == "Yesterday did not count: something is not bound, or silent."
    assert "Start one on empty levels" in why[-1]


@pytest.mark.freeze_time("2026-06-01 22:00:00+00:00")
async def test_a_day_of_light_and_water_counts(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    """Reported states and the journal of a whole day, as they come about."""
    await bind_all(hass, farm, hardware)
    await start_batch(hass)
    midnight = dt_util.start_of_local_day(dt_util.now() + timedelta(days=1))
    await pass_time(hass, freezer, (midnight - dt_util.now()).total_seconds() + 60, step=900)
    assert farm.data["dry_missing"][-1] == "no_batch", "it was not there at the beginning"
    for step in range(24 * 6):
        # Sensors that say the same for hours would be taken for frozen ones.
        hardware.air(22.0 + step / 100)
        hardware.humidity(65.0 + step / 10)
        hardware.volume(80.0 - step / 100)
        if step == 12 * 6:
            await act(hass, "run_shot", node="bench", duration=60)
            await pass_time(hass, freezer, 120, step=10)
        await pass_time(hass, freezer, 600, step=600)
    assert farm.data["dry_missing"] == []
    assert len(farm.data["dry_days"]) == 1


async def test_a_journal_that_says_nothing_counts_and_blames_no_day(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    journal = type(farm.runtime_data.engine.journal)
    with patch.object(journal, "async_events_since", side_effect=JournalError("no disk")):
        await day_passes(hass, freezer)
    assert "dry_days" not in farm.data


async def test_a_farm_that_is_stopped_looks_at_nothing(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config_entries.async_unload(farm.entry_id)
    await day_passes(hass, freezer)
    assert "dry_days" not in farm.data


async def test_when_all_is_done_nothing_of_it_is_left_on_the_list_nor_after_a_restart(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    freezer: FrozenDateTimeFactory,
) -> None:
    for key in ("alarm", "backup", "dry_week"):
        await todo(
            hass,
            farm,
            "update_item",
            manager(hass),
            item=f"onboarding:{key}",
            status="completed",
        )
    await bind_all(hass, farm, hardware)
    await look(hass, freezer)
    assert not await items(hass, farm)
    assert await hass.config_entries.async_reload(farm.entry_id)
    await settled(hass)
    await look(hass, freezer)
    assert not await items(hass, farm)
    assert {task.hidden for task in memory(farm).tasks.values()} == {True}
