"""Profiles are read strictly, and all that is wrong with one is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

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


BOARD = """\
schema: vfarm-modbus-map/1
id: board
name: A board
kind: [actuator]
confidence: low
link: {baud: 9600, parity: N, stopbits: 1, unit: 1, any_unit: 255, wake_byte: 0}
limits:
  max_registers: 8
  max_gap: 2
  min_spacing_ms: 50
  timeout_ms: 500
  exact_blocks: [[holding, 50, 4]]
defaults: {space: holding, word_order: big, byte_order: big}
registers:
  - {key: speed, addr: 1, type: uint16, scale: 0.01, access: rw, nan: [65535], write_fc: 6}
  - {key: run, addr: 2, type: uint16, access: rw, enum: {0: "off", 1: "on"}, commit: save}
  - {key: level, addr: 3, type: int16, scale_from: decimals, access: r, models: [A, B]}
  - {key: decimals, addr: 4, type: uint16, access: r}
  - {key: flow, addr: 50, type: float32, access: r, note: whole}
  - {key: serial, addr: 60, type: string, count: 4, access: r}
  - {key: save, addr: 90, type: uint16, access: w}
  - {key: relay, addr: 0, space: coil, type: bool, access: rw}
safety: {comms_watchdog: speed, power_on_state: "off", note: none}
variants:
  - {id: other, note: another one}
sequences:
  start: [{key: speed, value: "{rpm}"}, {wait_ms: 500}, {key: run, value: 1}]
derived: {volume: level times area}
tests:
  - {request: 010600011388D55C, expect_write: {speed: 50.0}}
  - {raw: [1234, 1], start: 3, space: holding, expect: {level: 123.4}}
sources: [a test]
notes: none
"""


def test_a_profile_with_all_its_parts_is_read() -> None:
    profile = load_profile(BOARD)
    assert profile.safety.watchdog == "speed"
    assert profile.sequences["start"][1].wait_s == 0.5
    assert profile.limits.exact == ((Space.HOLDING, 50, 4),)
    assert profile.register("serial").words == 4
    assert profile.register("speed").missing == {65535}
    assert profile.derived == {"volume": "level times area"}


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        ("exact_blocks: [[holding, 50, 4]]", "exact_blocks: [[holding]]",
         "limits.exact_blocks[0]", "no_block"),
        ("[[holding, 50, 4]]", "[[holding, 50, 9]]", "limits.exact_blocks[0]", "exact_wide"),
        ("addr: 50", "addr: 49", "registers[4].addr", "split_exact"),
        ("write_fc: 6", "write_fc: 15", "registers[0].write_fc", "function_space"),
        ("type: float32, access: r", "type: float32, access: rw, write_fc: 6",
         "registers[4].write_fc", "function_width"),
        ("commit: save", "commit: level", "registers[1].commit", "commit_read_only"),
        ("scale_from: decimals", "scale_from: flow", "registers[2].scale_from", "decimals_type"),
        ("scale_from: decimals", "order_from: run", "registers[2].order_from", "order_codes"),
        ("nan: [65535]", "nan: [none]", "registers[0].nan", "no_whole"),
        ('enum: {0: "off", 1: "on"}', "enum: {zero: 0}", "registers[1].enum", "no_codes"),
        ('enum: {0: "off", 1: "on"}', "enum: [0]", "registers[1].enum", "no_codes"),
        ('enum: {0: "off", 1: "on"}', "enum: {0: [1]}", "registers[1].enum", "no_codes"),
        ("models: [A, B]", "models: [A, 7]", "registers[2].models[1]", "no_text"),
        ("models: [A, B]", "v: maybe", "registers[2].v", "no_flag"),
        ("note: whole", "note: 5", "registers[4].note", "no_text"),
        ("note: whole", "role: [a]", "registers[4].role", "unknown_choice"),
        ("count: 4", "count: 4000", "registers[5].count", "no_whole"),
        ("addr: 60", "addr: 65533", "registers[5].addr", "past_end"),
        ("type: bool, access: rw", "type: uint16, access: rw", "registers[7].type", "bit_type"),
        ("comms_watchdog: speed", "comms_watchdog: level", "safety.comms_watchdog",
         "watchdog_register"),
        ("- {id: other, note: another one}", "- 5", "variants[0]", "no_mapping"),
        ("{wait_ms: 500}", "{wait_ms: 500, key: run}", "sequences.start[1]", "step_one"),
        ("{wait_ms: 500}", "{key: run}", "sequences.start[1]", "step_one"),
        ("{wait_ms: 500}", "5", "sequences.start[1]", "no_mapping"),
        ("{key: run, value: 1}", "{key: level, value: 1}", "sequences.start[2].key", "no_register"),
        ("expect_write: {speed: 50.0}", "expect_write: {speed: 51.0}",
         "tests[0].expect_write.speed", "vector_write"),
        ("expect_write: {speed: 50.0}", "expect_write: {speed: 5000.0}",
         "tests[0].expect_write.speed", "vector_write"),
        ("raw: [1234, 1]", "raw: [1234, 70000]", "tests[1].raw", "no_whole"),
        ("raw: [1234, 1]", "raw: [1234]", "tests[1].expect.level", "vector_value"),
        ("raw: [1234, 1]", "raw: [1234, 99]", "tests[1].expect.level", "vector_value"),
        ("  - {raw: [1234, 1]", "  - 5\n  - {raw: [1234, 1]", "tests[1]", "no_mapping"),
        ("010600011388D55C", "0106000113", "tests[0].request", "bad_frame"),
        ("010600011388D55C", "no frame", "tests[0].request", "bad_frame"),
        ("  - {key: save,", "  - 5\n  - {key: save,", "registers[6]", "no_mapping"),
        ("defaults: {space: holding,", "defaults: {space: coils,", "defaults.space",
         "unknown_choice"),
        ("link: {baud", "link: 5 #", "link", "no_mapping"),
    ],
)  # fmt: skip
def test_what_no_part_of_a_profile_may_say(old: str, new: str, path: str, code: str) -> None:
    assert old in BOARD
    assert refused(BOARD.replace(old, new, 1))[path] == code


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: what holds it, and its key there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


JUNK = st.sampled_from(
    [
        *(None, True, -1, 0, 1, 65_536, 2**70, 0.5, -1e300, float("inf"), float("nan")),
        *("", "x", "A B", "0x10", "{", [], [1], [[]], {}, {"a": 1}, {"1": [1]}),
    ]
)


def problems_of(text: str) -> tuple[str, ...]:
    try:
        load_profile(text)
    except ProfileError as err:
        return tuple(problem.message for problem in err.problems) or ("none is told",)
    return ()


@given(text=st.sampled_from([GOOD, BOARD]), data=st.data())
def test_whatever_stands_in_a_profile_is_read_or_refused_in_words(
    text: str, data: st.DataObject
) -> None:
    document = yaml.safe_load(text)
    holder, key = data.draw(st.sampled_from(list(_places(document))))
    if data.draw(st.booleans()):
        holder[key] = data.draw(JUNK)
    else:
        del holder[key]
    for message in problems_of(yaml.safe_dump(document, allow_unicode=True)):
        assert message not in ("", "none is told")


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
