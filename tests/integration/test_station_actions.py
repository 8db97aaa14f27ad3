"""Stations without a terminal: described, made, checked, drilled, and the page that shows it."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from freezegun.api import FrozenDateTimeFactory
from home_farm import PUMP, VALVE, Hardware, settled, somebody
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from test_services import act, refused

from custom_components.vfarm.const import DOMAIN

PUMP_POINT, VALVE_POINT, LAMP_POINT = (
    "pump.irrigation_pump",
    "bench.irrigation_valve",
    "rack_level_1.grow_light",
)
NODE: dict[str, Any] = {
    "station": "node",
    "name": "Node at the rack",
    "kind": "esphome",
    "link": "api",
    "outputs": [
        {"point": PUMP, "channel": "GPIO16", "inverted": True},
        {"point": VALVE, "channel": "GPIO17"},
        {
            "point": LAMP_POINT,
            "channel": "GPIO18",
            "light": {"on": "00:00", "off": "23:59:59", "output": 0.8},
        },
    ],
}


@pytest.fixture(autouse=True)
def file(tmp_path: Path) -> Generator[Path]:
    """Where stations are described: a file of the test's own, in a folder that is not there yet."""
    found = tmp_path / "vfarm" / "stations.yaml"
    with patch("custom_components.vfarm.station_file.path", lambda hass: found):
        yield found


def described(file: Path) -> Any:
    """What is in the file."""
    return yaml.safe_load(file.read_text())


def describe(file: Path, text: str) -> None:
    """Somebody has written the file by hand."""
    file.parent.mkdir()
    file.write_text(text)


async def page(hass_ws_client: WebSocketGenerator, hass: HomeAssistant) -> dict[str, Any]:
    """What the safety page shows."""
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "vfarm/safety"})
    answer = await client.receive_json()
    assert answer["success"], answer
    result: dict[str, Any] = answer["result"]
    return result


def actuator(shown: dict[str, Any], point: str) -> dict[str, Any]:
    found: dict[str, Any] = next(a for a in shown["actuators"] if a["point"] == point)
    return found


def standing(shown: dict[str, Any], point: str, protection: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        p for p in actuator(shown, point)["protections"] if p["protection"] == protection
    )
    return found


# -- describing ---------------------------------------------------------------------------------


async def test_a_station_is_described_kept_and_described_anew(
    hass: HomeAssistant, farm: MockConfigEntry, file: Path
) -> None:
    assert await act(hass, "set_station", **NODE) == {"station": "node"}
    (kept,) = described(file)["Home farm"]
    assert (kept["id"], kept["name"], kept["link"]) == ("node", "Node at the rack", "api")
    assert farm.runtime_data.stations is not None
    await act(hass, "set_station", station="plug", kind="shelly", outputs=[], link="api")
    fewer = {**NODE, "outputs": NODE["outputs"][:1]}
    del fewer["name"]
    await act(hass, "set_station", **fewer)
    first, second = described(file)["Home farm"]
    assert (first["id"], first["name"], len(first["outputs"])) == ("node", "Node at the rack", 1)
    assert second["id"] == "plug"
    await act(hass, "remove_station", station="node")
    assert [s["id"] for s in described(file)["Home farm"]] == ["plug"]
    gone = await refused(hass, "remove_station", station="node")
    assert gone.translation_key == "station_unknown"


async def test_the_stations_of_another_farm_stay_as_they_are(
    hass: HomeAssistant, farm: MockConfigEntry, file: Path
) -> None:
    describe(file, yaml.safe_dump({"Other farm": [{"id": "x"}]}))
    await act(hass, "set_station", **NODE)
    assert described(file)["Other farm"] == [{"id": "x"}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"outputs": [{"point": "no.such", "channel": "GPIO1"}]},
        {"outputs": [{"point": PUMP, "channel": "GPIO1"}, {"point": VALVE, "channel": "GPIO1"}]},
        {"kind": "shelly"},
        {"contacts": [{"point": PUMP, "channel": "GPIO5"}]},
        {"outputs": [{"moon": "cheese"}]},
    ],
)
async def test_what_does_not_fit_the_farm_is_not_written(
    hass: HomeAssistant, farm: MockConfigEntry, file: Path, wrong: dict[str, Any]
) -> None:
    error = await refused(hass, "set_station", **{**NODE, **wrong})
    assert error.translation_key == "stations_wrong"
    assert not list(file.parent.parent.rglob("stations.*"))


async def test_a_folder_that_cannot_be_written_is_told(
    hass: HomeAssistant, farm: MockConfigEntry, file: Path
) -> None:
    file.parent.write_text("no folder")
    error = await refused(hass, "set_station", **NODE)
    assert error.translation_key == "stations_wrong"


async def test_what_does_not_fit_is_said_in_the_language_of_the_reader(
    hass: HomeAssistant, farm: MockConfigEntry, file: Path, hass_ws_client: WebSocketGenerator
) -> None:
    wrong = {"id": "node", "name": "Node", "kind": "esphome", "outputs": []}
    described = {**wrong, "outputs": [{"point": "no.such", "channel": "GPIO1"}], "link": "api"}
    describe(file, yaml.safe_dump({"Home farm": [described]}))
    client = await hass_ws_client(hass)
    for language, said in (
        ("en", "node: no.such is no binding of this farm"),
        ("de", "node: no.such ist keine Bindung dieser Farm"),
    ):
        await client.send_json_auto_id({"type": "vfarm/safety", "language": language})
        answer = await client.receive_json()
        assert answer["result"]["problems"] == [said]
    hass.config.language = "fr"
    error = await refused(hass, "station_check")
    assert "n’est pas une liaison de cette ferme" in str(error)


# -- what belongs on them -----------------------------------------------------------------------


async def test_the_package_of_a_node_is_made_without_a_terminal(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await act(hass, "set_station", **NODE)
    await act(
        hass,
        "set_station",
        station="plug",
        kind="shelly",
        outputs=[{"point": "switch.heater", "channel": "0"}],
        link="api",
    )
    answer = await act(hass, "station_package")
    node, plug = answer["stations"]
    assert {"switch", "script"} <= set(yaml.safe_load(node["yaml"]))
    assert plug["settings"][0]["call"] == "Switch.SetConfig"
    (only,) = (await act(hass, "station_package", station="plug"))["stations"]
    assert only["station"] == "plug"
    missing = await refused(hass, "station_package", station="moon")
    assert missing.translation_key == "station_unknown"


async def test_a_check_says_what_is_missing(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    before = await act(hass, "station_check")
    assert before["missing"] == len(before["protections"])
    assert before["protections"][0]["text"]
    await act(hass, "set_station", **NODE)
    after = await act(hass, "station_check")
    assert 0 < after["missing"] < before["missing"]


# -- drills -------------------------------------------------------------------------------------


async def begin_drill(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> list[str]:
    """A shot is under way, and vfarm is silent; what the node hears from here on."""
    await act(hass, "set_station", **NODE)
    await act(hass, "run_shot", node="bench", duration=300)
    await settled(hass)
    assert hass.states.get(PUMP).state == "on"  # type: ignore[union-attr]
    heard: list[str] = []

    async def take(call: Any) -> None:
        heard.append(call.service)

    hass.services.async_register("esphome", "node_vfarm_heartbeat", take)
    await act(hass, "start_drill", station="node", loss="controller")
    answer = await act(hass, "advance_drill")
    assert set(answer["watched"]) == {PUMP_POINT, VALVE_POINT}
    assert answer["left_out"] == {LAMP_POINT: "off"}
    heard.clear()
    await beat(hass, freezer)
    return heard


async def beat(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 16) -> None:
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await settled(hass)


async def test_a_drill_is_silent_times_what_goes_off_and_shows_it_on_the_page(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    freezer: FrozenDateTimeFactory,
    hass_ws_client: WebSocketGenerator,
) -> None:
    heard = await begin_drill(hass, farm, freezer)
    assert heard == []
    shown = await page(hass_ws_client, hass)
    assert (shown["drill"]["stage"], shown["drill"]["name"]) == ("watch", "Node at the rack")
    assert standing(shown, PUMP_POINT, "watchdog")["standing"] == "generated"
    calls = len(hardware.calls)
    hass.states.async_set(VALVE, "closed")
    hass.states.async_set(PUMP, "off")
    await settled(hass)
    # The heartbeat is there again at once, and nothing is switched on.
    assert heard
    assert [
        c.service for c in hardware.calls[calls:] if c.service in ("turn_on", "open_valve")
    ] == []
    shown = await page(hass_ws_client, hass)
    assert shown["drill"]["stage"] == "restore"
    assert all(seen["worked"] for seen in shown["drill"]["seen"])
    found = standing(shown, PUMP_POINT, "watchdog")
    assert (found["standing"], found["by"]) == ("verified", "Manager")
    assert actuator(shown, PUMP_POINT)["home_assistant"]["certainty"] == "verified"
    await act(hass, "advance_drill")
    assert (await page(hass_ws_client, hass))["drill"] is None
    records = await farm.runtime_data.engine.journal.async_events(kind="protection_worked")
    assert {r["point"] for r in records} == {PUMP_POINT, VALVE_POINT}
    assert {(r["by"], r["end"], r["loss"]) for r in records} == {
        ("user:manager", "worked", "controller")
    }


async def test_giving_a_drill_up_brings_the_heartbeat_back_and_the_shot_goes_on(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    heard = await begin_drill(hass, farm, freezer)
    await act(hass, "end_drill")
    assert heard
    assert hass.states.get(PUMP).state == "on"  # type: ignore[union-attr]
    assert (await refused(hass, "end_drill")).translation_key == "drill_none"


async def test_a_farm_that_is_loaded_anew_in_mid_drill_has_everything_off(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await begin_drill(hass, farm, freezer)
    assert await hass.config_entries.async_reload(farm.entry_id)
    await settled(hass)
    assert farm.runtime_data.engine.runtime.memory.farm.drill is None
    assert hass.states.get(PUMP).state == "off"  # type: ignore[union-attr]
    assert hass.states.get(VALVE).state == "closed"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("service", "data"),
    [
        ("start_drill", {"station": "node", "loss": "power"}),
        ("advance_drill", {}),
        ("confirm_drill", {"point": PUMP_POINT}),
        ("note_protection", {"point": PUMP_POINT, "protection": "auto_off"}),
    ],
)
@pytest.mark.parametrize("who", [Context(), "operator"])
async def test_no_automation_and_no_operator_cuts_a_link(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    service: str,
    data: dict[str, Any],
    who: Context | str,
) -> None:
    by = who if isinstance(who, Context) else somebody(hass, who)
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(DOMAIN, service, data, blocking=True, context=by)
    assert caught.value.translation_key in ("only_a_person", "not_allowed")


async def test_what_cannot_be_tried_out_is_refused(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    plug = {"point": "switch.heater", "channel": "0"}
    await act(hass, "set_station", station="plug", kind="shelly", outputs=[plug], link="api")
    asked = await refused(hass, "start_drill", station="plug", loss="network")
    assert asked.translation_key == "drill_nothing"
    await act(hass, "start_drill", station="plug", loss="power")
    asked = await refused(hass, "advance_drill")
    assert asked.translation_key == "drill_nothing_on"
    asked = await refused(hass, "confirm_drill", point="tent.heater")
    assert asked.translation_key == "drill_not_watched"
    asked = await refused(hass, "start_drill", station="moon", loss="power")
    assert asked.translation_key == "station_unknown"


async def test_what_a_person_notes_is_on_the_page_and_a_failure_counts_as_missing(
    hass: HomeAssistant, farm: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    await act(hass, "set_station", **NODE)
    before = await page(hass_ws_client, hass)
    noted = {"point": PUMP_POINT, "protection": "auto_off"}
    await act(hass, "note_protection", **noted, after_s=899.5, note="by the wall")
    shown = await page(hass_ws_client, hass)
    assert standing(shown, PUMP_POINT, "auto_off")["after_s"] == 899.5
    assert (shown["seen"], shown["missing"]) == (before["seen"] + 1, before["missing"])
    await act(hass, "note_protection", **noted, worked=False)
    shown = await page(hass_ws_client, hass)
    assert standing(shown, PUMP_POINT, "auto_off")["standing"] == "failed"
    assert (shown["seen"], shown["missing"]) == (before["seen"], before["missing"] + 1)


# -- the page -----------------------------------------------------------------------------------


async def test_without_stations_the_page_shows_what_was_declared(
    hass: HomeAssistant, farm: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    shown = await page(hass_ws_client, hass)
    assert shown["stations"] == []
    pump = actuator(shown, PUMP_POINT)
    assert (pump["station"], pump["role"], pump["entity"]) == (None, "irrigation_pump", PUMP)
    assert pump["power"]["key"] in ("unknown", "off", "on", "keeps")
    assert {p["why"] for p in pump["protections"]} == {"no_station"}


async def test_a_description_that_cannot_be_read_is_shown(
    hass: HomeAssistant, farm: MockConfigEntry, file: Path, hass_ws_client: WebSocketGenerator
) -> None:
    describe(file, "Home farm: [")
    shown = await page(hass_ws_client, hass)
    assert shown["stations"] == []
    assert shown["problems"]
    asked = await refused(hass, "station_check")
    assert asked.translation_key == "stations_wrong"
