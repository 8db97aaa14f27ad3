"""Start, restart, edit, unload: what survives and what is left behind."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from home_farm import (
    AIR,
    LAMP,
    PUMP,
    VALVE,
    Hardware,
    settled,
    small_farm,
    start_batch,
    sub,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.devices import async_device_id
from vfarm_core.control.memory import Stage


async def test_batches_overrides_and_modes_survive_a_reload(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    answer = await start_batch(hass, sown_days_ago=15, title="First")
    await hass.services.async_call(
        DOMAIN,
        "set_override",
        {
            "node": ["tent"],
            "quantity": "air_temperature",
            "value": 21,
            "duration": {"hours": 3},
        },
        blocking=True,
    )
    await hass.services.async_call(DOMAIN, "set_mode", {"mode": "hold"}, blocking=True)
    before = farm.runtime_data.engine.snapshot("rack_level_1")
    assert await hass.config_entries.async_reload(farm.entry_id)
    await settled(hass)
    engine = farm.runtime_data.engine
    after = engine.snapshot("rack_level_1")
    assert after.batch == before.batch == answer["batch"]
    assert (after.phase, after.batch_title) == (before.phase, "First")
    assert engine.snapshot("tent").air_temperature.target == 21
    assert engine.snapshot("tent").air_temperature.overridden
    assert engine.snapshot(farm.entry_id).mode == "hold"


async def test_unloading_leaves_nothing_behind(
    hass: HomeAssistant, entry: MockConfigEntry, hardware: Hardware
) -> None:
    def listeners() -> dict[str, int]:
        return {
            str(kind): count
            for kind, count in hass.bus.async_listeners().items()
            if not str(kind).startswith("homeassistant_")
        }

    # The first load brings what stays for good: platforms, registries, actions.
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    before, jobs = listeners(), len(hass._shutdown_jobs)
    handles = {h for h in hass.loop._scheduled if not h.cancelled()}  # type: ignore[attr-defined]
    await hass.config_entries.async_setup(entry.entry_id)
    await start_batch(hass)
    hardware.air(20.5)
    hardware.air(20.6)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settled(hass)
    assert listeners() == before
    assert len(hass._shutdown_jobs) == jobs
    assert [t for t in asyncio.all_tasks() if "vfarm" in t.get_name()] == []
    left = [h for h in hass.loop._scheduled if not h.cancelled() and h not in handles]  # type: ignore[attr-defined]
    assert [h for h in left if "vfarm" in repr(h)] == []


async def test_unloading_in_mid_shot_closes_first(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    await hass.services.async_call(
        DOMAIN, "run_shot", {"node": ["bench"], "duration": {"seconds": 600}}, blocking=True
    )
    await settled(hass)
    assert hass.states.get(PUMP).state == "on"
    light = hass.states.get(LAMP)
    assert await hass.config_entries.async_unload(farm.entry_id)
    assert hass.states.get(PUMP).state == "off"
    assert hass.states.get(VALVE).state == "closed"
    assert hass.states.get(LAMP) == light, "light and climate stay as they are"


async def test_home_assistant_stops_the_farm_before_it_stops_itself(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    await hass.services.async_call(
        DOMAIN, "run_shot", {"node": ["bench"], "duration": {"seconds": 600}}, blocking=True
    )
    await settled(hass)
    stopped_when: list[str] = []
    hass.bus.async_listen_once(
        "homeassistant_stop", lambda _: stopped_when.append(hass.states.get(PUMP).state)
    )
    await hass.async_stop(force=True)
    assert stopped_when == ["off"]


async def test_what_is_found_open_after_a_crash_is_closed_before_anything_else(
    hass: HomeAssistant, entry: MockConfigEntry, hardware: Hardware
) -> None:
    hass.states.async_set(VALVE, "open")
    hass.states.async_set(PUMP, "on")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    assert hass.states.get(PUMP).state == "off"
    assert hass.states.get(VALVE).state == "closed"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_stop_that_cannot_be_proved_is_bounded(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("custom_components.vfarm.engine.STOP_S", 0.3)
    await start_batch(hass)
    await hass.services.async_call(
        DOMAIN, "run_shot", {"node": ["bench"], "duration": {"seconds": 600}}, blocking=True
    )
    await settled(hass)
    hardware.obedient = False
    assert await hass.config_entries.async_unload(farm.entry_id)
    assert "Not everything was proved off" in caplog.text


async def test_a_lost_journal_holds_the_farm(
    hass: HomeAssistant, entry: MockConfigEntry, hardware: Hardware, journals: Path
) -> None:
    (journals / f"{entry.entry_id}.db").write_bytes(b"this is no database" * 100)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    snapshot = entry.runtime_data.engine.snapshot(entry.entry_id)
    assert snapshot.lost_memory
    assert "lost_memory" in snapshot.problems
    assert snapshot.journal_ok
    assert any("unreadable" in name for name in os.listdir(journals)), "it is not overwritten"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_journal_that_cannot_be_opened_lets_light_and_climate_go_on(
    hass: HomeAssistant, entry: MockConfigEntry, hardware: Hardware, journals: Path
) -> None:
    (journals / f"{entry.entry_id}.db").mkdir()
    (journals / f"{entry.entry_id}.db" / "in the way").touch()
    monkey = pytest.MonkeyPatch()
    monkey.setattr("pathlib.Path.rename", _refuse)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("set_mode", {"mode": "auto"}, "memory_is_lost"),
        ("fixture_replaced", {"node": ["rack_level_1"]}, "not_kept"),
    ]
    for action, data, key in asked:
        with pytest.raises(HomeAssistantError) as caught:
            await hass.services.async_call(DOMAIN, action, data, blocking=True)
        assert caught.value.translation_key == key
    await settled(hass)
    assert not entry.runtime_data.engine.snapshot(entry.entry_id).journal_ok
    await hass.config_entries.async_unload(entry.entry_id)
    monkey.undo()


def _refuse(*_: Any) -> None:
    raise PermissionError("no")


async def test_what_is_open_is_closed_while_other_entities_are_waited_for(
    hass: HomeAssistant, entry: MockConfigEntry, hardware: Hardware
) -> None:
    hass.set_state(CoreState.starting)
    hass.states.async_remove(AIR)
    hass.states.async_set(PUMP, "on")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    engine = entry.runtime_data.engine
    assert hass.states.get(PUMP).state == "off"
    assert engine.runtime.memory.farm.stage is Stage.RECONCILING
    hardware.air(21)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert engine.runtime.memory.farm.stage is Stage.RUNNING
    assert engine.snapshot("tent").air_temperature.value == 21
    await hass.config_entries.async_unload(entry.entry_id)


async def test_the_wait_ends_when_home_assistant_has_started(
    hass: HomeAssistant, entry: MockConfigEntry, hardware: Hardware
) -> None:
    hass.set_state(CoreState.starting)
    hass.states.async_remove(AIR)
    assert await hass.config_entries.async_setup(entry.entry_id)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.engine.runtime.memory.farm.stage is Stage.RUNNING
    issue_id = f"{entry.entry_id}_missing_tent.air_temperature"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_unloading_while_it_waits_is_clean(
    hass: HomeAssistant, entry: MockConfigEntry, hardware: Hardware
) -> None:
    hass.set_state(CoreState.starting)
    hass.states.async_remove(AIR)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED


async def test_removing_what_others_need_stops_them_and_says_so(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    hass.config_entries.async_remove_subentry(farm, sub(farm, "reservoir").subentry_id)
    await settled(hass)
    running = farm.runtime_data.farm
    assert running.pumps == running.circuits == ()
    assert running.level["rack_level_1"]
    assert farm.runtime_data.engine.snapshot("rack_level_1").batch
    issues = ir.async_get(hass).issues
    assert f"{farm.entry_id}_problem_pump_unknown_node" in {key[1] for key in issues}
    registry = er.async_get(hass)
    left = er.async_entries_for_config_entry(registry, farm.entry_id)
    assert not [e for e in left if ":bench:" in e.unique_id]

    tank = small_farm()["reservoir"]
    flow_data = {**tank, "subentry_id": "again"}
    from homeassistant.config_entries import ConfigSubentry

    hass.config_entries.async_add_subentry(
        farm,
        ConfigSubentry(
            data=flow_data["data"],
            subentry_type="reservoir",
            title="Tank",
            unique_id="reservoir_tank",
        ),
    )
    await settled(hass)
    assert farm.runtime_data.farm.circuits
    assert not [key for key in ir.async_get(hass).issues if "problem" in key[1]]
    assert async_device_id(hass, farm, "bench") is not None


@pytest.mark.parametrize(
    ("part", "change", "gone"),
    [
        ("rack", {"levels": [{"id": "rack_level_1", "name": "L", "area_m2": 0, "sites": 1}]},
         "rack_level_1"),
        ("pump", {"bindings": [{"id": "p", "node": "pump", "role": "irrigation_pump",
                                "entity": "switch.pump"}]}, None),
    ],
)  # fmt: skip
async def test_broken_data_is_left_out_and_reported(
    hass: HomeAssistant,
    hardware: Hardware,
    part: str,
    change: dict[str, Any],
    gone: str | None,
) -> None:
    parts = small_farm()
    parts[part]["data"] = {**parts[part]["data"], **change}
    entry = MockConfigEntry(
        domain=DOMAIN, title="Odd", data={"kind": "farm"}, subentries_data=list(parts.values())
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    farm = entry.runtime_data.farm
    if gone is not None:
        assert gone not in farm.level
    else:
        assert not farm.bound.get(("pump", "irrigation_pump"))
    assert [key for key in ir.async_get(hass).issues if "problem" in key[1] or "unsafe" in key[1]]
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            {"bindings": [{"id": "x", "node": "tent", "role": "magic", "entity": "sensor.x"}]},
            "magic",
        ),
        ({"volume_m3": "big"}, "big"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_data_of_the_wrong_shape_does_not_start(
    hass: HomeAssistant, hardware: Hardware, change: dict[str, Any], named: str
) -> None:
    parts = small_farm()
    parts["zone"]["data"] = {**parts["zone"]["data"], **change}
    entry = MockConfigEntry(
        domain=DOMAIN, title="Odd", data={"kind": "farm"}, subentries_data=list(parts.values())
    )
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert named in (entry.reason or "")
    assert entry.error_reason_translation_key == "farm_broken"


async def test_devices_stand_as_the_farm_does(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    registry = dr.async_get(hass)

    def device(node: str) -> Any:
        return registry.async_get(async_device_id(hass, farm, node))

    home = device(farm.entry_id)
    assert home.entry_type is dr.DeviceEntryType.SERVICE
    assert device("tent").via_device_id == home.id
    assert device("rack").via_device_id == device("tent").id
    assert device("rack_level_1").parent_device_id == device("rack").id
    assert device("pump").via_device_id == device("tank").id
    assert device("bench").via_device_id == device("pump").id
    assert device("rack").config_subentry_id == sub(farm, "rack").subentry_id


async def test_at_most_eight_entities_of_a_level_are_enabled(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    entries = er.async_entries_for_config_entry(er.async_get(hass), farm.entry_id)
    enabled = [e for e in entries if ":rack_level_1:" in e.unique_id and not e.disabled]
    assert 0 < len(enabled) <= 8


async def test_removing_the_farm_forgets_its_journal_and_issues(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path
) -> None:
    hass.states.async_remove(AIR)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_remove(farm.entry_id)
    await settled(hass)
    assert not os.listdir(journals)
    assert not [key for key in ir.async_get(hass).issues if key[0] == DOMAIN]


async def test_the_farm_moves_with_home_assistants_time_zone(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await hass.config.async_update(time_zone="Asia/Tokyo")
    await settled(hass)
    assert farm.runtime_data.farm.time_zone == "Asia/Tokyo"


async def test_an_edit_that_cannot_be_read_leaves_the_farm_as_it_runs(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    running = farm.runtime_data.farm
    zone = sub(farm, "zone")
    hass.config_entries.async_update_subentry(farm, zone, data={**zone.data, "volume_m3": "a lot"})
    await settled(hass)
    assert farm.runtime_data.farm is running
    assert [key for key in ir.async_get(hass).issues if "wrong_value" in key[1]]


async def test_a_set_up_that_fails_half_way_closes_what_it_opened(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hardware: Hardware,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no devices today")

    monkeypatch.setattr("custom_components.vfarm.async_sync_devices", fail)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.runtime_data.engine.closed
    monkeypatch.undo()
    hass.config_entries.async_update_entry(entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)


# -- devices --------------------------------------------------------------------------------------


async def test_a_device_of_the_farm_cannot_be_deleted_and_a_stale_one_can(
    hass: HomeAssistant, farm: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, "config", {})
    registry = dr.async_get(hass)
    stale = registry.async_get_or_create(
        config_entry_id=farm.entry_id, identifiers={(DOMAIN, f"{farm.entry_id}:old_tent")}
    )
    client = await hass_ws_client()
    for node in (farm.entry_id, "tent", "rack_level_1"):
        device = async_device_id(hass, farm, node)
        told = await client.remove_device(device)
        assert not told["success"], node
        assert async_device_id(hass, farm, node) == device
    assert (await client.remove_device(stale.id))["success"]
    assert registry.async_get(stale.id) is None


async def test_the_devices_and_entities_of_a_removed_part_go_with_it(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    gone = {async_device_id(hass, farm, node) for node in ("rack", "rack_level_1", "rack_level_2")}
    assert None not in gone
    hass.config_entries.async_remove_subentry(farm, sub(farm, "rack").subentry_id)
    await settled(hass)
    registry = dr.async_get(hass)
    left = {
        device.id
        for device in (
            *dr.async_entries_for_config_entry(registry, farm.entry_id),
            *dr.async_child_entries_for_config_entry(registry, farm.entry_id),
        )
    }
    assert not gone & left
    entities = er.async_entries_for_config_entry(er.async_get(hass), farm.entry_id)
    assert not [e.entity_id for e in entities if ":rack" in e.unique_id]
    assert async_device_id(hass, farm, "tent") in left


async def test_a_level_that_is_edited_away_takes_its_device_along(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    assert async_device_id(hass, farm, "rack_level_2") is not None
    circuit, rack = sub(farm, "circuit"), sub(farm, "rack")
    hass.config_entries.async_update_subentry(
        farm, circuit, data={**circuit.data, "levels": ["rack_level_1"]}
    )
    hass.config_entries.async_update_subentry(
        farm, rack, data={**rack.data, "levels": rack.data["levels"][:1]}
    )
    await settled(hass)
    assert async_device_id(hass, farm, "rack_level_2") is None
    assert async_device_id(hass, farm, "rack_level_1") is not None


async def test_a_removed_farm_leaves_its_history_and_nothing_else(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hardware: Hardware,
    journals: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    farm, path = entry, journals / f"{entry.entry_id}.journal.db"
    monkeypatch.setattr("custom_components.vfarm.journal_path", lambda *_: path)
    assert await hass.config_entries.async_setup(farm.entry_id)
    await start_batch(hass)
    assert await farm.runtime_data.engine.ledger.async_retry() == ""
    assert await hass.config_entries.async_remove(farm.entry_id)
    await settled(hass)
    assert {name.split(".db")[0] for name in os.listdir(journals)} == {f"{farm.entry_id}.ledger"}
    assert not er.async_entries_for_config_entry(er.async_get(hass), farm.entry_id)
    registry = dr.async_get(hass)
    assert not dr.async_entries_for_config_entry(registry, farm.entry_id)
    assert not dr.async_child_entries_for_config_entry(registry, farm.entry_id)
    assert [t for t in asyncio.all_tasks() if "vfarm" in t.get_name()] == []
