"""`vfarm devices …`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from vfarm_core import cli
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.presets.library import shipped

PROFILE = """\
schema: vfarm-modbus-map/1
id: probe
name: A probe
kind: [sensor]
confidence: high
link: {baud: 9600, parity: N, stopbits: 1, unit: 1}
limits: {max_registers: 8, max_gap: 0, min_spacing_ms: 0, timeout_ms: 500}
defaults: {space: input, word_order: big, byte_order: big}
registers:
  - {key: temperature, addr: 1, type: int16, scale: 0.1, unit: "°C", access: r}
sources: [a test]
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.build(list(arguments)), list(arguments))


def test_every_profile_is_listed() -> None:
    told = json.loads(run("devices", "list", "--json").stdout)
    assert [profile["id"] for profile in told["profiles"]] == list(shelf().profiles)
    assert [preset["id"] for preset in told["presets"]] == list(shipped())
    assert told["problems"] == []
    assert "xy_md02" in run("devices", "list").stdout


def test_a_profile_of_ones_own_is_listed_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "probe.yaml").write_text(PROFILE, encoding="utf-8")
    told = json.loads(run("devices", "list", "-d", str(tmp_path), "--json").stdout)
    (own,) = (profile for profile in told["profiles"] if profile["file"])
    assert own["id"] == "probe"
    (tmp_path / "broken.yaml").write_text("id: 1", encoding="utf-8")
    result = run("devices", "list", "-d", str(tmp_path))
    assert result.exit_code == 1
    assert "broken.yaml" in result.stderr
    assert "probe" in result.stdout


def test_a_profile_is_shown_with_its_registers_and_sources() -> None:
    told = json.loads(run("devices", "show", "xy_md02", "--json").stdout)
    registers = {register["key"]: register for register in told["registers"]}
    assert registers["unit_id"]["wears"]
    assert registers["temperature"]["group"] == "normal"
    assert told["sources"]
    shown = run("devices", "show", "xy_md02").stdout
    assert "9600 baud, 8N1, unit 1" in shown
    assert "Variant even_parity" in shown


def test_a_profile_that_is_not_there_is_refused_with_those_that_are() -> None:
    result = run("devices", "show", "nothing", "--json")
    assert result.exit_code == 1
    assert "xy_md02" in json.loads(result.stdout)["error"]["message"]
    assert run("devices", "show", "nothing").exit_code == 1


def test_a_file_is_checked(tmp_path: Path) -> None:
    good = tmp_path / "probe.yaml"
    good.write_text(PROFILE, encoding="utf-8")
    result = run("devices", "check", str(good))
    assert result.exit_code == 0
    assert "probe is good (1 registers, 0 tests)" in result.stdout
    bad = tmp_path / "bad.yaml"
    bad.write_text(PROFILE.replace("int16", "int12").replace("baud: 9600", "baud: 7"), "utf-8")
    result = run("devices", "check", str(good), str(bad))
    assert result.exit_code == 1
    assert "bad.yaml:6: link.baud" in result.stderr
    told = json.loads(run("devices", "check", str(bad), "--json").stdout)
    assert not told["ok"]
    assert {problem["code"] for problem in told["files"][0]["problems"]} == {
        "no_whole",
        "unknown_choice",
        "wrong_file",
    }


PRESET = """\
schema: vfarm-device-preset/1
id: kit
name: A kit
confidence: low
platforms: [esphome]
sources: [a test]
entities:
  - {key: pump, domains: [switch], suggest: {proof: state}}
"""


def test_a_preset_is_shown_with_what_it_suggests_and_asks_for() -> None:
    told = json.loads(run("devices", "show", "tasmota", "--json").stdout)
    (relay,) = (known for known in told["entities"] if known["key"] == "relay")
    assert relay["suggest"] == {"proof": "state", "on_power_loss": "keeps"}
    assert relay["roles"] is None
    assert told["checks"] == ["power_on", "auto_off", "rated_load"]
    assert told["sources"]
    shown = run("devices", "show", "tasmota").stdout
    assert "Integrations: tasmota. Confidence: high." in shown
    assert "To check of what is switched: power_on, auto_off, rated_load" in shown
    assert "none" in run("devices", "show", "ruuvi").stdout


def test_a_preset_of_ones_own_is_checked(tmp_path: Path) -> None:
    good = tmp_path / "kit.yaml"
    good.write_text(PRESET, encoding="utf-8")
    result = run("devices", "check", str(good))
    assert result.exit_code == 0
    assert "kit is good (1 entities)" in result.stdout
    assert json.loads(run("devices", "check", str(good), "--json").stdout)["ok"]
    good.write_text(PRESET.replace("state", "surely"), encoding="utf-8")
    result = run("devices", "check", str(good))
    assert result.exit_code == 1
    assert "kit.yaml:8: entities[0].suggest.proof" in result.stderr
