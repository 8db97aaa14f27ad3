"""Bluetooth meters in Home Assistant: found, added to a farm, visited now and then, believed only
where their frames can be."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from ble_bench import (
    ADDRESS,
    OTHER,
    PLANT,
    advertisement,
    hear,
    meter,
    meter_entity,
    on_air,
    press,
    settle,
    shown,
)
from bleak.exc import BleakError
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_BLUETOOTH, SOURCE_IGNORE, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from modbus_bench import farm_with, set_up
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from test_subentry_flows import Flow

from custom_components.vfarm.const import DOMAIN, HARDWARE
from tests.core.devices.ble.fake import FakeClient
from vfarm_core.devices.ble import yinmik

TYPE = "ble_device"
#: Captured beside the display of a meter: as it is, with its light on, and with its value held.
FIRST = bytes.fromhex("FFA9FE7AFCECFFFFFFBFFFBDFF75FD0EFAED75FEACDDBB57")
BACKLIT = bytes.fromhex("FFA9FE78FCEEFFFFFFBFFFBDFF7FFD2BFAEC71FEACDDBA57")
ON_HOLD = bytes.fromhex("FFA9FE78FCECFFFCFFBDFFBDFF77FD2BDAEC75FE86DDBA57")
EVERY_S = 300


@pytest.fixture
async def radio(hass: HomeAssistant, enable_bluetooth: None) -> None:
    """A host with a Bluetooth adapter."""


@pytest.fixture
async def farm(hass: HomeAssistant, radio: None) -> AsyncGenerator[MockConfigEntry]:
    """A farm with a water tester, not set up."""
    entry = farm_with(hass, meter())
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def later(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await settle(hass)


def water_tester(frame: bytes = FIRST) -> FakeClient:
    return FakeClient({yinmik.DATA: frame})


# -- water testers ------------------------------------------------------------------------------


async def test_a_tester_that_is_heard_is_read_and_left(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    client = water_tester()
    with on_air(client) as air:
        await set_up(hass, farm)
        assert shown(hass, farm, "ph").state == STATE_UNAVAILABLE
        assert air.connected == []
        air.hear(hass)
        await settle(hass)
        assert air.connected == ["Tester"]
    assert not client.connected, "the phone can reach it again"
    values = {key: shown(hass, farm, key).state for key in ("ph", "ec", "temperature", "orp")}
    # What the display of the captured meter said.
    assert values == {"ph": "6.1", "ec": "0.257", "temperature": "23.1", "orp": "137.0"}
    ec = shown(hass, farm, "ec").attributes
    assert (ec["device_class"], ec["unit_of_measurement"]) == ("conductivity", "mS/cm")
    assert ec["state_class"] == "measurement"
    registry = er.async_get(hass)
    assert registry.async_get(meter_entity(hass, farm, "tds")).disabled_by is not None
    device = dr.async_get(hass).async_get(
        registry.async_get(meter_entity(hass, farm, "ph")).device_id
    )
    (sub,) = farm.get_subentries_of_type(TYPE)
    assert (device.name, device.config_subentry_id) == ("Tester", sub.subentry_id)


async def test_it_is_visited_every_five_minutes_and_told_to_be_fresh(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    with on_air(water_tester()) as air:
        await set_up(hass, farm)
        air.hear(hass)
        await settle(hass)
        state = shown(hass, farm, "ph")
        before = (state.state, state.last_reported)
        await later(hass, freezer, EVERY_S - 60)
        air.hear(hass, data={OTHER: b"another"})
        await settle(hass)
        assert len(air.connected) == 1, "what it advertises is no reason to wake it"
        await later(hass, freezer, 61)
        assert len(air.connected) == 2
        after = shown(hass, farm, "ph")
        assert after.state == before[0]
        assert after.last_reported > before[1]


async def test_a_frame_that_cannot_be_believed_takes_the_value_away(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    garbage = water_tester(bytes(24))
    with on_air(water_tester(), garbage, garbage, water_tester(BACKLIT)) as air:
        await set_up(hass, farm)
        air.hear(hass)
        await settle(hass)
        assert shown(hass, farm, "ph").state == "6.1"
        await later(hass, freezer, EVERY_S + 1)
        assert shown(hass, farm, "ph").state == STATE_UNAVAILABLE
        await later(hass, freezer, EVERY_S + 1)
        assert len(air.connected) == 2, "it is left alone longer after it failed"
        await later(hass, freezer, EVERY_S + 1)
        await later(hass, freezer, 4 * EVERY_S + 1)
        assert len(air.connected) == 4
        assert shown(hass, farm, "ph").state == "6.11"


async def test_a_display_on_hold_is_no_reading(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    with on_air(water_tester(ON_HOLD)) as air:
        await set_up(hass, farm)
        air.hear(hass)
        await settle(hass)
    assert shown(hass, farm, "ph").state == STATE_UNAVAILABLE


@pytest.mark.parametrize(
    "failure", [BleakError("no slots"), TimeoutError(), OSError("adapter gone")]
)
async def test_one_lost_visit_is_no_lost_meter_but_two_are(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
) -> None:
    with on_air(water_tester(), failure, failure, failure, water_tester()) as air:
        await set_up(hass, farm)
        air.hear(hass)
        await settle(hass)
        await later(hass, freezer, EVERY_S + 1)
        assert shown(hass, farm, "ph").state == "6.1"
        await later(hass, freezer, 2 * EVERY_S + 1)
        assert shown(hass, farm, "ph").state == STATE_UNAVAILABLE
        await later(hass, freezer, 4 * EVERY_S + 1)
        assert caplog.text.count("gives no values") == 1, "told once"
        await later(hass, freezer, 8 * EVERY_S + 1)
        assert shown(hass, farm, "ph").state == "6.1"
        assert caplog.text.count("answers again") == 1


async def test_a_connection_that_breaks_in_mid_read_leaves_nothing_open(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    client = FakeClient({yinmik.DATA: BleakError("disconnected")})
    with on_air(client) as air:
        await set_up(hass, farm)
        air.hear(hass)
        await settle(hass)
    assert not client.connected
    assert shown(hass, farm, "ph").state == STATE_UNAVAILABLE


async def test_a_visit_ends_with_its_farm(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    client = FakeClient({}, hangs=[yinmik.DATA])
    with on_air(client) as air:
        await set_up(hass, farm)
        air.hear(hass)
        await settle(hass)
        assert air.connected == ["Tester"]
        assert await hass.config_entries.async_unload(farm.entry_id)
        assert not client.connected
        air.hear(hass, data={OTHER: b"again"})
        await settle(hass)
        assert len(air.connected) == 1


async def test_a_tester_that_is_heard_no_more_has_no_value(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    with on_air(water_tester()) as air:
        await set_up(hass, farm)
        air.hear(hass)
        await settle(hass)
        air.lose()
        assert shown(hass, farm, "ph").state == STATE_UNAVAILABLE


async def test_without_bluetooth_a_farm_runs_and_says_what_waits(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    entry = farm_with(hass, meter())
    await set_up(hass, entry)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert "waits for Bluetooth" in caplog.text
    assert shown(hass, entry, "ph").state == STATE_UNAVAILABLE
    result = await Flow(hass, entry).add(TYPE)
    assert (result.result["type"], result.result["reason"]) == (
        FlowResultType.ABORT,
        "no_bluetooth",
    )


async def test_bluetooth_that_is_set_up_after_the_farm_is_waited_for(
    hass: HomeAssistant, mock_bluetooth: None
) -> None:
    entry = farm_with(hass, meter())
    await set_up(hass, entry)
    await settle(hass)
    with on_air(water_tester()) as air:
        radio = MockConfigEntry(domain="bluetooth", unique_id="00:00:00:00:00:01")
        radio.add_to_hass(hass)
        await hass.config_entries.async_setup(radio.entry_id)
        await settle(hass)
        air.hear(hass)
        await settle(hass)
        assert shown(hass, entry, "ph").state == "6.1"
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_unload(radio.entry_id)
    await hass.async_block_till_done()


async def test_an_edit_that_comes_while_a_farm_ends_changes_nothing(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await set_up(hass, farm)
    data = farm.runtime_data
    (sub,) = farm.get_subentries_of_type(TYPE)
    before = data.meters.meters[sub.subentry_id]
    await hass.config_entries.async_unload(farm.entry_id)
    hass.config_entries.async_update_subentry(farm, sub, title="Pen")
    await data.meters.async_edited()
    await data.modbus.async_edited()
    assert data.meters.meters[sub.subentry_id] is before


# -- adding -------------------------------------------------------------------------------------


async def test_a_tester_that_is_discovered_becomes_a_part_of_the_farm_that_is_chosen(
    hass: HomeAssistant, radio: None
) -> None:
    entry = farm_with(hass)
    await set_up(hass, entry)
    with on_air(water_tester()) as air:
        air.hear(hass)
        await settle(hass)
        (found,) = hass.config_entries.flow.async_progress()
        assert found["step_id"] == "which_farm"
        assert found["context"]["title_placeholders"] == {"name": f"BLE-C600 ({ADDRESS})"}
        result = await hass.config_entries.flow.async_configure(
            found["flow_id"], {"farm": entry.entry_id}
        )
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "meter_added")
        await settle(hass)
        assert len(air.connected) == 1, "it is visited at once, without a reload"
    (sub,) = entry.get_subentries_of_type(TYPE)
    assert dict(sub.data) == {"address": ADDRESS, "meter": "water_tester"}
    assert (sub.title, sub.unique_id) == ("BLE-C600", f"ble_device_{ADDRESS}")
    assert shown(hass, entry, "ph").state == "6.1"
    assert await _discover(hass) == "meter_known"
    # Removed, it is gone, and so are its device and entities.
    hass.config_entries.async_remove_subentry(entry, sub.subentry_id)
    await settle(hass)
    assert entry.runtime_data.meters.meters == {}
    assert not [
        e
        for e in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if HARDWARE in e.unique_id
    ]


async def _discover(hass: HomeAssistant, **what: Any) -> str | None:
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_BLUETOOTH}, data=advertisement(**what)
    )
    return result.get("reason") or result.get("step_id")


async def test_what_is_not_for_a_farm_is_said_so(hass: HomeAssistant, radio: None) -> None:
    assert await _discover(hass, name="BLE-Fan") == "not_supported"
    assert await _discover(hass) == "no_farm"
    entry = farm_with(hass)
    await set_up(hass, entry)
    assert await _discover(hass) == "which_farm"
    (found,) = hass.config_entries.flow.async_progress()
    await hass.config_entries.async_unload(entry.entry_id)
    result = await hass.config_entries.flow.async_configure(
        found["flow_id"], {"farm": entry.entry_id}
    )
    assert result["reason"] == "no_farm", "it was stopped in the meantime"


async def test_a_tester_that_was_added_by_hand_meanwhile_is_not_added_twice(
    hass: HomeAssistant, radio: None
) -> None:
    entry = farm_with(hass)
    await set_up(hass, entry)
    assert await _discover(hass) == "which_farm"
    (found,) = hass.config_entries.flow.async_progress()
    flow = await Flow(hass, entry).add(TYPE)
    result = await flow.go(address=ADDRESS.lower(), meter="water_tester")
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, ADDRESS)
    result = await hass.config_entries.flow.async_configure(
        found["flow_id"], {"farm": entry.entry_id}
    )
    assert result["reason"] == "meter_known"


async def test_a_discovery_can_be_ignored(hass: HomeAssistant, radio: None) -> None:
    await set_up(hass, farm_with(hass))
    assert await _discover(hass) == "which_farm"
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": f"ble_device_{ADDRESS}", "title": "BLE-C600"},
    )
    assert hass.config_entries.flow.async_progress() == []
    assert await _discover(hass) == "already_configured"


async def test_meters_that_are_heard_are_offered_and_one_is_edited(
    hass: HomeAssistant, radio: None
) -> None:
    entry = farm_with(hass)
    await set_up(hass, entry)
    hear(hass)
    hear(hass, PLANT, "Flower care")
    hear(hass, "11:22:33:44:55:66", "Speaker")
    flow = await Flow(hass, entry).add(TYPE)
    (marker,) = [m for m in flow.result["data_schema"].schema if m == "address"]
    options = flow.result["data_schema"].schema[marker].config["options"]
    assert [option["value"] for option in options] == [ADDRESS, PLANT]
    result = await flow.go(address="no address", meter="water_tester")
    assert result["errors"] == {"address": "address_invalid"}
    # The kind is known of what is heard, whatever is chosen.
    result = await flow.go(address=PLANT, name=" Basil ", meter="water_tester")
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Basil")
    await settle(hass)
    (sub,) = entry.get_subentries_of_type(TYPE)
    assert dict(sub.data) == {"address": PLANT, "meter": "plant_sensor"}
    again = await Flow(hass, entry).add(TYPE)
    result = await again.go(address=PLANT, meter="plant_sensor")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    before = entry.runtime_data.meters.meters[sub.subentry_id]
    edit = await Flow(hass, entry).edit(TYPE)
    result = await edit.go(name="Mint", meter="plant_sensor")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    await settle(hass)
    assert entry.get_subentries_of_type(TYPE)[0].title == "Mint"
    assert entry.runtime_data.meters.meters[sub.subentry_id] is not before
    await entry.runtime_data.meters.async_edited()
    kept = entry.runtime_data.meters.meters[sub.subentry_id]
    await entry.runtime_data.meters.async_edited()
    assert entry.runtime_data.meters.meters[sub.subentry_id] is kept


async def test_without_a_recorder_there_is_nowhere_to_put_a_history(
    hass: HomeAssistant, radio: None
) -> None:
    entry = farm_with(hass, meter("plant_sensor", PLANT, "Basil"))
    await set_up(hass, entry)
    await settle(hass)
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, entry)
    assert caught.value.translation_key == "meter_no_statistics"
    await hass.config_entries.async_remove(entry.entry_id)
