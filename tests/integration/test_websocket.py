"""What the dashboard reads, and how often it is told."""

from __future__ import annotations

from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import Hardware, pass_time, settled, small_farm, start_batch
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.devices import async_device_id
from custom_components.vfarm.roles import ACTIONS


async def test_the_overview_shows_every_node(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    await start_batch(hass)
    client = await hass_ws_client(hass, hass_read_only_access_token)
    await client.send_json_auto_id({"type": "vfarm/overview"})
    result = (await client.receive_json())["result"]
    assert result["farm"]["entry_id"] == farm.entry_id
    assert result["farm"]["demo"] is False
    assert result["farm"]["speed"] == 1
    assert result["farm"]["snapshot"]["batches"][0]["crop"] == "lettuce"
    assert [level["id"] for level in result["levels"]] == ["rack_level_1", "rack_level_2"]
    level = result["levels"][0]
    assert (level["rack"], level["zone"], level["circuit"]) == ("rack", "tent", "bench")
    assert level["device_id"] == async_device_id(hass, farm, "rack_level_1")
    assert level["snapshot"]["phase"] == "germination"
    assert result["zones"][0]["snapshot"]["air_temperature"]["value"] == 22
    assert result["circuits"][0]["levels"] == ["rack_level_1", "rack_level_2"]
    assert result["reservoirs"][0]["snapshot"]["fill_fraction"] == 0.8
    assert result["pumps"][0]["reservoir"] == "tank"
    entity = result["entities"]["tent"]["air_temperature"]
    assert hass.states.get(entity).state == "22.0"
    assert len(result["farms"]) == 1


async def test_a_page_knows_what_whoever_looks_may_do(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    client = await hass_ws_client(hass, hass_read_only_access_token)
    await client.send_json_auto_id({"type": "vfarm/overview"})
    looks = (await client.receive_json())["result"]["farm"]
    assert looks["role"] == "viewer"
    assert {"emergency_stop", "explain"} <= set(looks["may"])
    assert not {"run_shot", "clear_latch", "arm_loop", "give_back"} & set(looks["may"])
    boss = await hass_ws_client(hass)
    await boss.send_json_auto_id({"type": "vfarm/overview"})
    answers = (await boss.receive_json())["result"]["farm"]
    assert answers["role"] == "manager"
    assert set(answers["may"]) == set(ACTIONS)


async def test_a_page_hears_of_another_role_at_once(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
) -> None:
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "vfarm/subscribe"})
    assert (await client.receive_json())["success"]
    assert (await client.receive_json())["event"]["farm"]["role"] == "manager"
    roles = {hass_admin_user.id: "operator"}
    hass.config_entries.async_update_entry(farm, options={**farm.options, "roles": roles})
    await settled(hass)
    event = (await client.receive_json())["event"]
    assert (event["type"], event["farm"]["role"]) == ("overview", "operator")
    assert "arm_loop" not in event["farm"]["may"]


@pytest.mark.parametrize("command", ["vfarm/overview", "vfarm/subscribe"])
async def test_an_unknown_farm_is_an_error(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    command: str,
) -> None:
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": command, "entry_id": "nothing"})
    message = await client.receive_json()
    assert message["error"]["code"] == "not_found"


async def test_changes_are_gathered_and_told_once_a_second(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    hass_ws_client: WebSocketGenerator,
) -> None:
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "vfarm/subscribe", "entry_id": farm.entry_id})
    assert (await client.receive_json())["success"]
    first = (await client.receive_json())["event"]
    assert first["type"] == "overview"
    assert first["zones"][0]["id"] == "tent"
    for value in (22.5, 23.0, 23.5):
        hardware.air(value)
        await settled(hass)
    update = (await client.receive_json())["event"]
    assert update["type"] == "update"
    assert set(update["nodes"]) == {"tent"}
    assert update["nodes"]["tent"]["air_temperature"]["value"] == 23.5
    assert update["now"] > 0

    await hass.services.async_call(DOMAIN, "set_mode", {"mode": "hold"}, blocking=True)
    event = (await client.receive_json())["event"]
    assert (event["type"], event["kind"]) == ("event", "mode_changed")
    await client.receive_json()

    zone = dict(small_farm()["zone"]["data"]) | {"id": "second", "bindings": []}
    hass.config_entries.async_add_subentry(
        farm,
        ConfigSubentry(data=zone, subentry_type="zone", title="Second", unique_id="zone_second"),
    )
    await settled(hass)
    again = (await client.receive_json())["event"]
    assert again["type"] == "overview"
    assert [z["name"] for z in again["zones"]] == ["Tent", "Second"]


async def test_a_node_explains_itself(
    hass: HomeAssistant, farm: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "vfarm/explain", "node": "tent"})
    result = (await client.receive_json())["result"]
    assert any(said.startswith("The heater is off.") for said in result["sentences"])
    assert {"gas_detector", "no_smoke"} & {gap["key"] for gap in result["unprotected"]}
    await client.send_json_auto_id({"type": "vfarm/explain", "node": "cellar"})
    assert (await client.receive_json())["error"]["code"] == "not_found"
    answer = await hass.services.async_call(
        DOMAIN, "explain", {"node": "bench"}, blocking=True, return_response=True
    )
    assert isinstance(answer, dict)
    (node,) = answer["nodes"]  # type: ignore[misc]
    assert any("pump" in said for said in node["sentences"])  # type: ignore[index,call-overload,union-attr]


async def test_a_closed_connection_leaves_nothing(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    hass_ws_client: WebSocketGenerator,
) -> None:
    engine = farm.runtime_data.engine
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "vfarm/subscribe"})
    message: dict[str, Any] = await client.receive_json()
    await client.receive_json()
    assert len(engine._any) == 1
    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": message["id"]})
    await client.receive_json()
    assert engine._any == []


async def test_unloading_ends_a_subscription(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    farm: MockConfigEntry,
    hardware: Hardware,
    hass_ws_client: WebSocketGenerator,
) -> None:
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "vfarm/subscribe"})
    await client.receive_json()
    await client.receive_json()
    hardware.air(23)
    await settled(hass)
    engine = farm.runtime_data.engine
    await hass.config_entries.async_unload(farm.entry_id)
    await pass_time(hass, freezer, 5, step=1)
    assert engine._any == []
