"""Presets from YAML: what is wrong is told with its place, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from vfarm_core.devices.modbus.errors import ProfileError
from vfarm_core.devices.presets.library import shelf, shipped
from vfarm_core.devices.presets.load import load_file, load_preset, says_preset
from vfarm_core.devices.presets.preset import Check
from vfarm_core.farm.bindings import OnLoss
from vfarm_core.farm.roles import Role

PRESET = """\
schema: vfarm-device-preset/1
id: kit
name: A kit
confidence: low
platforms: [esphome]
makes: [kit]
checks: [power_on]
watch: [battery]
notes: A note.
sources: [a test]
entities:
  - key: pump
    domains: [switch]
    classes: [outlet, none]
    suggest: {proof: state, on_power_loss: "off"}
  - key: ec
    domains: [sensor]
    units: [none]
    words: [ec]
    without: [soil]
    roles: [solution_ec]
    named: true
    suggest: {unit: μS/cm, scale: 2, offset: 0.1, compensated: false}
    checks: [no_unit]
    note: As it is.
  - key: rest
    domains: [sensor]
    roles: []
"""


def problems(text: str, stem: str | None = None) -> set[tuple[str, str]]:
    with pytest.raises(ProfileError) as caught:
        load_preset(text, stem=stem)
    return {(found.code, found.path) for found in caught.value.problems}


def test_a_preset_is_read_as_it_stands() -> None:
    preset = load_preset(PRESET, stem="kit")
    assert (preset.platforms, preset.makes) == (("esphome",), ("kit",))
    assert (preset.checks, preset.watch) == ((Check.POWER_ON,), (Check.BATTERY,))
    pump, ec, rest = preset.entities
    assert pump.roles is None
    assert pump.suggestion.of_declaration() == {"proof": "state", "on_power_loss": "off"}
    assert pump.suggestion.on_power_loss is OnLoss.OFF
    assert ec.roles == (Role.SOLUTION_EC,)
    assert ec.suggestion.of_reading() == {
        "unit": "μS/cm",
        "scale": 2.0,
        "offset": 0.1,
        "compensated": False,
    }
    assert rest.roles == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("vfarm-device-preset/1", "vfarm-device-preset/2", "unknown_schema", "schema"),
        ("id: kit", "id: Kit", "no_name", "id"),
        ("name: A kit\n", "", "missing", "name"),
        ("confidence: low", "confidence: sure", "unknown_choice", "confidence"),
        ("platforms: [esphome]", "platforms: []", "no_list", "platforms"),
        ("makes: [kit]", "makes: [1]", "no_text", "makes[0]"),
        ("checks: [power_on]", "checks: [look]", "unknown_choice", "checks"),
        ("sources: [a test]", "source: [a test]", "unknown_key", "source"),
        ("key: ec", "key: pump", "entity_twice", "entities[1].key"),
        ("domains: [switch]\n    classes", "classes", "missing", "entities[0].domains"),
        ("roles: [solution_ec]", "roles: [ec]", "unknown_choice", "entities[1].roles"),
        ("named: true", "named: yes please", "no_flag", "entities[1].named"),
        ("unit: μS/cm", "unit: bar", "unknown_choice", "entities[1].suggest.unit"),
        ("scale: 2", "scale: 0", "zero_scale", "entities[1].suggest.scale"),
        ("proof: state", "proof: surely", "unknown_choice", "entities[0].suggest.proof"),
        ("compensated: false", "proof: echo", "suggests_nothing", "entities[1].suggest.proof"),
        ("proof: state", "danger: on", "unknown_key", "entities[0].suggest.danger"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, code: str, path: str) -> None:
    assert old in PRESET
    assert (code, path) in problems(PRESET.replace(old, new, 1))


def test_a_reading_is_suggested_to_a_role_that_reads_only() -> None:
    text = PRESET.replace("roles: [solution_ec]", "roles: [air_pump]")
    assert ("suggests_nothing", "entities[1].suggest.scale") in problems(text)


def test_a_document_that_is_none_is_refused() -> None:
    assert problems("- 1") == {("no_mapping", "")}
    entities = PRESET.partition("entities:")[0] + "entities: [1]\n"
    assert problems(entities) == {("no_mapping", "entities[0]")}
    assert ("wrong_file", "id") in problems(PRESET, stem="other")


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    good = tmp_path / "kit.yaml"
    good.write_text(PRESET, encoding="utf-8")
    assert says_preset(good)
    assert load_file(good).id == "kit"
    for text in ("schema: vfarm-modbus-map/1", "- 1", "a: ["):
        good.write_text(text, encoding="utf-8")
        assert not says_preset(good)
    good.write_bytes(b"\xff")
    assert not says_preset(good)
    with pytest.raises(ProfileError) as caught:
        load_file(good)
    assert caught.value.problems[0].code == "not_utf8"
    with pytest.raises(ProfileError) as caught:
        load_file(tmp_path / "nothing.yaml")
    assert caught.value.problems[0].code == "cannot_read"


def test_ones_own_preset_stands_in_for_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "kit.yaml").write_text(PRESET, encoding="utf-8")
    (tmp_path / "letpot.yml").write_text(PRESET.replace("id: kit", "id: letpot"), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no preset", encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(PRESET, encoding="utf-8")
    found = shelf(tmp_path)
    assert set(found.presets) == {*shipped(), "kit"}
    assert found.presets["letpot"].name == "A kit"
    assert {problem.code for problem in found.problems} == {"wrong_file"}
    assert shelf(tmp_path / "nothing").presets == shipped()
