"""What is put on stations: settings that end what is dangerous, and packages that the real
`esphome` takes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.core.devices.stations.rack import esphome_station, rack_farm
from vfarm_core.devices.stations.esphome import build, package
from vfarm_core.devices.stations.generate import settings_of
from vfarm_core.devices.stations.model import Link, Output, Station, StationKind
from vfarm_core.devices.stations.settings import differences
from vfarm_core.farm.nodes import Farm, Method
from vfarm_core.farm.roles import Role

ROOT = Path(__file__).resolve().parents[4]
ESPHOME = ROOT / ".venvs" / "esphome" / "bin" / "esphome"


def station(kind: StationKind, model: str = "", point: str = "pump.irrigation_pump") -> Station:
    channel = "plug" if kind is StationKind.ZIGBEE else "2"
    outputs = (Output(point=point, channel=channel),)
    return Station(id="s", name="S", kind=kind, model=model, outputs=outputs)


def test_a_shelly_ends_a_shot_and_stays_off_after_a_power_cut() -> None:
    (made,) = settings_of(rack_farm(), station(StationKind.SHELLY))
    assert made.write == {
        "id": 2,
        "config": {
            "initial_state": "off",
            "auto_off": True,
            "auto_off_delay": 900.0,
            "auto_on": False,
        },
    }
    assert not differences(made, made.write["config"])
    other = {**made.write["config"], "auto_off_delay": 1800.0, "auto_on": True}
    del other["initial_state"]
    assert {(d.name, d.expected, d.found) for d in differences(made, other)} == {
        ("initial_state", "off", None),
        ("auto_off_delay", 900.0, 1800.0),
        ("auto_on", False, True),
    }


def test_a_shelly_with_an_air_pump_does_not_undo_a_stop_by_itself() -> None:
    (made,) = settings_of(rack_farm(), station(StationKind.SHELLY, point="tank.air_pump"))
    assert made.write["config"] == {"initial_state": "off", "auto_off": False, "auto_on": False}


def test_every_on_of_a_zigbee_plug_carries_its_time() -> None:
    found = settings_of(rack_farm(), station(StationKind.ZIGBEE))
    assert [(x.call, dict(x.write), x.each_time) for x in found] == [
        ("zigbee2mqtt/plug/set", {"power_on_behavior": "off"}, False),
        ("zigbee2mqtt/plug/set", {"state": "ON", "on_time": 900.0}, True),
    ]


def test_a_relay_board_ends_its_pulse_in_steps_of_100_ms() -> None:
    (made,) = settings_of(rack_farm(), station(StationKind.MODBUS, "waveshare_relay"))
    assert (made.call, made.write, made.each_time) == (
        "write_coil",
        {"address": 0x0202, "value": 9000},
        True,
    )


def test_a_board_with_a_watchdog_goes_off_without_requests() -> None:
    (made,) = settings_of(rack_farm(), station(StationKind.MODBUS, "agrowtek_outputs"))
    assert (made.call, made.write) == ("write_register", {"address": 1000, "value": 60})
    assert differences(made, {"value": 0})
    assert not differences(made, {"value": 60})


def test_nothing_is_made_for_a_board_that_is_not_known() -> None:
    assert settings_of(rack_farm(), station(StationKind.MODBUS, "other")) == ()


# -- the package of an ESPHome node ---------------------------------------------------------------


def script(made: dict[str, Any], name: str) -> list[Any]:
    (found,) = [s["then"] for s in made["script"] if s["id"] == name]
    return list(found)


def switch(made: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [s for s in made["switch"] if s["id"] == name]
    return dict(found)


def test_the_node_ends_what_is_dangerous_on_itself() -> None:
    farm = rack_farm()
    made = build(farm, esphome_station(farm))
    assert script(made, "vf_pump_irrigation_pump_limit") == [
        {"delay": "900000ms"},
        {"switch.turn_off": "vf_pump_irrigation_pump"},
    ]
    pump = switch(made, "vf_pump_irrigation_pump")
    assert pump["restore_mode"] == "ALWAYS_OFF"
    (guarded,) = pump["on_turn_on"]
    for forbids in ("vfarm_stopped", "vf_tank_level_low).state", "vf_zone_leak_latch"):
        assert forbids in guarded["if"]["condition"]["lambda"]
    assert guarded["if"]["else"] == [{"script.execute": "vf_pump_irrigation_pump_limit"}]


def test_the_node_runs_water_on_that_must_not_stop_once_nothing_forbids_it() -> None:
    farm = rack_farm(Method.NFT)
    made = build(farm, esphome_station(farm))
    delay, wait, on = script(made, "vf_pump_irrigation_pump_again")
    assert delay == {"delay": "1200000ms"}
    assert "vf_tank_leak_latch" in wait["wait_until"]["condition"]["lambda"]
    assert on == {"switch.turn_on": "vf_pump_irrigation_pump"}
    assert {"switch.turn_on": "vf_pump_irrigation_pump"} in made["esphome"]["on_boot"][0]["then"]


def test_a_release_of_the_stop_starts_no_pump() -> None:
    farm = rack_farm(Method.NFT)
    made = build(farm, esphome_station(farm))
    stop = script(made, "vfarm_stop")
    off = stop.index({"switch.turn_off": "vf_pump_irrigation_pump"})
    # What the switch sets off when it goes off is taken back after that.
    assert stop.index({"script.stop": "vf_pump_irrigation_pump_again"}) > off
    (runs_on,) = switch(made, "vf_pump_irrigation_pump")["on_turn_off"]
    assert runs_on["if"] == {
        "condition": {"lambda": "return !id(vfarm_stopped);"},
        "then": [{"script.execute": "vf_pump_irrigation_pump_again"}],
    }
    (release,) = [b for b in made["button"] if b["name"] == "vfarm release"]
    assert all(set(action) == {"lambda"} for action in release["on_press"])


def test_without_its_contacts_the_node_switches_no_pump_on() -> None:
    farm = rack_farm(Method.NFT)
    text = package(farm, replace(esphome_station(farm), contacts=()))
    assert "switch.turn_on: vf_pump_irrigation_pump" not in text
    assert "switch.turn_on: vf_tank_air_pump" in text


def test_left_alone_the_pump_stops_before_its_valves_and_lamps_follow_their_hours() -> None:
    farm = rack_farm()
    made = build(farm, esphome_station(farm))
    off = [x["switch.turn_off"] for x in script(made, "vfarm_left_alone") if "switch.turn_off" in x]
    assert off[0] == "vf_pump_irrigation_pump"
    assert not any("grow_light" in point for point in off)
    clock = str(made["interval"][1])
    assert "m >= 360 && m < 1320" in clock
    assert made["time"][0]["timezone"] == "Europe/Berlin"


def test_a_leak_latches_over_a_restart_and_a_low_tank_does_not() -> None:
    farm = rack_farm()
    made = build(farm, esphome_station(farm))
    kept = {g["id"] for g in made["globals"] if g["restore_value"]}
    assert kept == {"vfarm_stopped", "vf_tank_leak_latch", "vf_zone_leak_latch"}


@pytest.mark.skipif(not ESPHOME.parent.is_dir(), reason="scripts/setup brings ESPHome")
@pytest.mark.parametrize("method", [Method.EBB_FLOW, Method.NFT])
@pytest.mark.parametrize("link", list(Link))
@pytest.mark.parametrize("board", ["esp32", "esp8266"])
def test_the_real_esphome_takes_the_package(
    tmp_path: Path, method: Method, link: Link, board: str
) -> None:
    farm = rack_farm(method)
    if board == "esp8266":
        made = package(farm, _small(farm, link))
    else:
        made = package(farm, esphome_station(farm, link=link))
    (tmp_path / "package.yaml").write_text(made, encoding="utf-8")
    (tmp_path / "node.yaml").write_text(_OWN_FILE[board] + _LINKED[link], encoding="utf-8")
    done = subprocess.run(
        [ESPHOME, "config", "node.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Configuration is valid" in done.stdout + done.stderr


def _small(farm: Farm, link: Link) -> Station:
    """A node with few pins: a lamp, a pump and its contacts."""
    full = esphome_station(farm)
    chosen = ("level_1.grow_light", "pump.irrigation_pump")
    pins = iter(("GPIO4", "GPIO5", "GPIO12", "GPIO13", "GPIO14"))
    outputs = tuple(replace(o, channel=next(pins)) for o in full.outputs if o.point in chosen)
    wired = [c for c in full.contacts if farm.binding[c.point].role is not Role.LEVEL_HIGH]
    contacts = tuple(replace(c, channel=next(pins)) for c in wired)
    return replace(full, outputs=outputs, contacts=contacts, link=link, board="esp8266")


_NETWORK = """\
wifi: {ssid: farm, password: not-a-password}
logger:
packages: {vfarm: !include package.yaml}
"""
_OWN_FILE = {
    "esp32": "esphome: {name: node}\nesp32: {board: esp32dev, framework: {type: esp-idf}}\n"
    + _NETWORK,
    "esp8266": "esphome: {name: node}\nesp8266: {board: d1_mini}\n" + _NETWORK,
}
_LINKED = {Link.MQTT: "mqtt: {broker: 127.0.0.1}\n", Link.API: "api:\n"}


def test_a_package_is_plain_yaml() -> None:
    farm = rack_farm()
    node = esphome_station(farm)
    assert yaml.safe_load(package(farm, node)) == build(farm, node)
