"""Profiles are read strictly, and all that is wrong with one is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from vfarm_core.devices.modbus.errors import PROBLEMS, ProfileError
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.load import load_file, load_profile
from vfarm_core.devices.modbus.profile import Access, DataType, Order, Space
from vfarm_core.devices.modbus.roles import ROLES, Group, group_of

GOOD = """\
schema: vfarm-modbus-map/1
id: probe
name: A probe
kind: [sensor]
confidence: high
link: {baud: 9600, parity: N, stopbits: 1, unit: 1}
limits: {max_registers: 8, max_gap: 0, min_spacing_ms: 50, timeout_ms: 500}
defaults: {space: input, word_order: big, byte_order: big}
registers:
  - {key: temperature, addr: 1, type: int16, scale: 0.1, access: r, range: [-40, 80]}
  - {key: humidity, addr: 2, type: uint16, scale: 0.1, unit: "%", role: climate.humidity, access: r}
  - {key: unit_id, addr: 0x101, space: holding, type: uint16, access: rw, wear: eeprom}
sources: [the maker's manual]
tests:
  - {raw: [0x0131, 0x0222], start: 1, space: input, expect: {temperature: 30.5, humidity: 54.6}}
"""


def refused(text: str) -> dict[str, str]:
    """path -> code of every problem."""
    with pytest.raises(ProfileError) as caught:
        load_profile(text, file="probe.yaml")
    return {problem.path: problem.code for problem in caught.value.problems}


def test_a_profile_is_read_with_its_defaults() -> None:
    profile = load_profile(GOOD)
    temperature = profile.register("temperature")
    assert temperature.space is Space.INPUT
    assert temperature.type is DataType.INT16
    assert temperature.word_order is Order.BIG
    assert temperature.range == (-40.0, 80.0)
    unit = profile.register("unit_id")
    assert (unit.address, unit.space, unit.access) == (0x101, Space.HOLDING, Access.BOTH)
    assert unit.wears
    assert profile.limits.timeout_s == 0.5
    with pytest.raises(KeyError):
        profile.register("co2")


def test_every_problem_is_told_at_once_with_its_line() -> None:
    text = (
        GOOD.replace("confidence: high", "confidence: sure")
        .replace("addr: 2", "addr: 70000")
        .replace("role: climate.humidity", "role: climate.wetness")
        .replace("wear: eeprom", "wear: yes")
    )
    with pytest.raises(ProfileError) as caught:
        load_profile(text, file="probe.yaml")
    found = {problem.path: problem for problem in caught.value.problems}
    assert {path: problem.code for path, problem in found.items()} == {
        "confidence": "unknown_choice",
        "registers[1].addr": "no_whole",
        "registers[1].role": "unknown_choice",
        "registers[2].wear": "unknown_choice",
    }
    assert found["registers[1].addr"].line == 11
    assert str(found["confidence"]).startswith("probe.yaml:5: confidence: unknown: 'sure'")


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        ("vfarm-modbus-map/1", "vfarm-modbus-map/9", "schema", "unknown_schema"),
        ("id: probe", "id: A Probe", "id", "no_name"),
        ("sources: [the maker's manual]\n", "", "sources", "missing"),
        ("kind: [sensor]", "kind: []", "kind", "no_list"),
        ("parity: N", "parity: X", "link.parity", "unknown_choice"),
        ("unit: 1}", "unit: 300}", "link.unit", "no_whole"),
        ("max_gap: 0", "max_gap: -1", "limits.max_gap", "no_whole"),
        ("key: humidity", "key: temperature", "registers[1].key", "key_twice"),
        ("type: int16", "type: int12", "registers[0].type", "unknown_choice"),
        ("addr: 1,", "addr: true,", "registers[0].addr", "no_whole"),
        ('scale: 0.1, unit: "%"', "scale: 0", "registers[1].scale", "zero_scale"),
        ("range: [-40, 80]", "range: [80, -40]", "registers[0].range", "no_range"),
        ("addr: 2", "addr: 1", "registers[1].addr", "overlaps"),
        ("type: uint16, scale: 0.1", "type: bool", "registers[1].type", "word_type"),
        ("type: int16", "type: int16, colour: red", "registers[0].colour", "unknown_key"),
        ("type: int16", "type: int16, commit: save", "registers[0].commit", "no_register"),
        ("type: int16", "type: int16, scale_from: save", "registers[0].scale_from", "no_register"),
        ("access: r, range", "access: rw, range", "registers[0].access", "not_writable"),
        ("addr: 0x101", "addr: 0x101, write_fc: 5", "registers[2].write_fc", "function_space"),
        ("max_registers: 8", "max_registers: 1", "", ""),
        ("type: uint16, scale", "type: string, scale", "registers[1]", "no_length"),
        ("{temperature: 30.5", "{temperature: 31.5", "tests[0].expect.temperature", "vector_value"),
        ("{temperature: 30.5", "{pressure: 30.5", "tests[0].expect.pressure", "no_register"),
        ("raw: [0x0131, 0x0222], start: 1", "start: 1", "tests[0]", "vector_place"),
        ("start: 1, space", "start: 2, space", "tests[0].expect.temperature", "vector_covers"),
    ],
)
def test_what_a_profile_must_not_say(old: str, new: str, path: str, code: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if code:
        assert refused(text)[path] == code
    else:
        # A narrow limit is no problem: it makes more requests.
        assert load_profile(text).limits.registers == 1


def test_a_value_wider_than_any_request_is_refused() -> None:
    text = GOOD.replace("max_registers: 8", "max_registers: 1").replace(
        "int16, scale", "float32, scale"
    )
    assert refused(text.replace("addr: 2", "addr: 3"))["registers[0].type"] == "too_wide"


def test_a_frame_with_a_wrong_checksum_is_no_vector() -> None:
    frame = "FE0400030001D5C5"
    text = GOOD[: GOOD.index("tests:")] + f"tests:\n  - {{request: {frame}, note: CO2}}\n"
    assert load_profile(text).vectors[0].start == 3
    assert refused(text.replace("D5C5", "D5C6"))["tests[0].request"] == "bad_frame"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_mapping"),
        ("[1, 2]", "no_mapping"),
        ("a: [", "no_yaml"),
        ("id: 1\nid: 2", "given_twice"),
        ("? [a]\n: 1", "key_no_text"),
        ("id: !!python/none 1", "tag"),
        ("a: " + "[" * 30 + "]" * 30, "nested"),
        ("x" * 600_000, "too_large"),
    ],
)
def test_what_is_no_document_is_told_as_such(text: str, code: str) -> None:
    assert code in refused(text).values()


def test_an_anchor_cannot_blow_up_a_document() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 10)]
    assert "nested" in refused("\n".join(lines)).values()


def test_a_file_is_named_as_its_profile(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ProfileError, match="does not fit the name of the file"):
        load_file(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError, match="UTF-8"):
        load_file(path)
    with pytest.raises(ProfileError, match="cannot be read"):
        load_file(tmp_path / "none.yaml")


def test_a_directory_adds_to_what_ships_and_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "probe.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "xy_md02.yaml").write_text(GOOD.replace("id: probe", "id: xy_md02"), "utf-8")
    (tmp_path / "broken.yaml").write_text("id: [", encoding="utf-8")
    (tmp_path / "probe.yml").write_text(GOOD, encoding="utf-8")
    found = shelf(tmp_path)
    assert set(found.profiles) == {*shelf().profiles, "probe"}
    assert found.get("xy_md02").name == "A probe", "a grower's own stands in for a shipped one"
    assert {problem.code for problem in found.problems} == {"no_yaml", "id_taken"}
    assert set(found.files) == {"probe", "xy_md02"}
    with pytest.raises(ProfileError, match="there is no profile 'nothing'"):
        found.get("nothing")
    assert shelf(tmp_path / "none").profiles == shelf().profiles


def test_every_code_has_words() -> None:
    for code, words in PROBLEMS.items():
        assert words, code
        assert not words.endswith("."), code


@pytest.mark.parametrize("name", shelf().profiles)
def test_a_shipped_profile_can_be_trusted_as_far_as_it_says(name: str) -> None:
    profile = shelf().profiles[name]
    assert all(profile.sources)
    for variant in profile.variants:
        assert variant.profile is None or variant.profile in shelf().profiles
    for register in profile.registers:
        assert register.role is None or register.role in ROLES
        if register.key in ("unit_id", "baud", "parity", "stopbits", "serial_config"):
            assert register.moves_link, register.key
            assert register.wears, register.key
        if register.wears or not register.readable:
            assert group_of(register) is Group.ASKED, "never polled"
    for steps in profile.sequences.values():
        for step in steps:
            assert step.key is None or profile.register(step.key).writable


def test_the_shelf_holds_every_map_of_the_reference() -> None:
    profiles = shelf().profiles
    assert len(profiles) == 42
    assert sum(len(profile.registers) for profile in profiles.values()) == 349
    assert sum(not r.verified for p in profiles.values() for r in p.registers) == 11
    assert sum(len(profile.vectors) for profile in profiles.values()) == 22
    assert not shelf().problems


def test_a_model_chooses_its_registers() -> None:
    profile = shelf().get("dfrobot_soil_sen060x")
    assert profile.models == ("SEN0600", "SEN0601", "SEN0602", "SEN0604", "SEN0603")
    keys = {register.key for register in profile.registers_of("SEN0600")}
    assert {"moisture", "temperature", "unit_id"} <= keys
    assert not {"ec_bulk", "ph", "tds"} & keys
    meter = shelf().get("eastron_sdm")
    single = {register.key for register in meter.registers_of(phases=1)}
    assert "voltage_l1" in single
    assert "voltage_l3" not in single
    assert len(meter.registers_of()) == len(meter.registers)
