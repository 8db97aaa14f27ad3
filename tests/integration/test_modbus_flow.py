"""A Modbus device is added by what it says: nothing is chosen by itself, nothing is saved of a
device that does not answer, and every error says the way out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from home_farm import sub
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from modbus_bench import (
    BOARD,
    PROBE,
    bank_of,
    device,
    farm_with,
    lined,
    on_serial_port,
    place,
    set_up,
    until,
)
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_subentry_flows import Flow

from custom_components.vfarm.flows import commissioning
from tests.core.devices.modbus.servers import free_port
from tests.core.devices.modbus.wire import Asked, Station, on_wire
from vfarm_core.devices.modbus.codec import Reading, State, Why
from vfarm_core.devices.modbus.commission import Change
from vfarm_core.devices.modbus.device import End
from vfarm_core.devices.modbus.profile import Space

pytestmark = pytest.mark.usefixtures("socket_enabled")

TYPE = "modbus_device"


@pytest.fixture
async def farm(hass: HomeAssistant) -> AsyncGenerator[MockConfigEntry]:
    """A farm without devices, running."""
    entry = farm_with(hass)
    await set_up(hass, entry)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def _known(
    hass: HomeAssistant, farm: MockConfigEntry, profile: str = PROBE, link: str = "tcp"
) -> Flow:
    flow = await Flow(hass, farm).add(TYPE)
    await flow.choose("known")
    await flow.go(profile=profile, link=link)
    return flow


def _at(port: int, unit: int = 1) -> dict[str, Any]:
    return {"host": " 127.0.0.1 ", "port": port, "unit": unit}


def _options(result: dict[str, Any], field: str) -> dict[str, str]:
    selector = result["data_schema"].schema[field]
    return {option["value"]: option["label"] for option in selector.config["options"]}


async def test_a_probe_is_added_by_what_it_says(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    async with lined({1: bank_of(PROBE)}) as port:
        flow = await _known(hass, farm)
        assert flow.result["step_id"] == "network"
        result = await flow.go(**_at(port))
        assert result["step_id"] == "choose"
        options = _options(result, "profile")
        # The map of the label, and that of its look-alike, which is not there.
        assert set(options) == {PROBE, "cwt_th_holding"}
        assert options[PROBE].startswith("✓ ")
        assert "temperature -16 °C" in options[PROBE]
        assert options["cwt_th_holding"].startswith("✗ ")
        assert "it has no such register" in options["cwt_th_holding"]
        # Nothing is chosen for the person.
        field = next(k for k in result["data_schema"].schema if k == "profile")
        assert not callable(field.default)
        result = await flow.go(profile=PROBE, name="  ")
        assert result["errors"] == {"name": "name_empty"}
        result = await flow.go(profile=PROBE, name="Tent air")
        assert result["type"] is FlowResultType.CREATE_ENTRY
        made = sub(farm, TYPE)
        assert made.title == "Tent air"
        assert dict(made.data) == place(port)
        assert made.unique_id == f"modbus_device_tcp:127.0.0.1:{port}_1"
        await hass.async_block_till_done()
        poller = farm.runtime_data.modbus.pollers[made.subentry_id]
        await until(lambda: poller.readings)
        # There is one device at an address.
        flow = await _known(hass, farm)
        result = await flow.go(**_at(port))
        assert result["errors"] == {"base": "device_here"}
        await hass.config_entries.async_unload(farm.entry_id)
        await hass.async_block_till_done()


async def test_a_device_behind_a_gateway_that_only_carries_bytes(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    async with lined({1: bank_of(PROBE)}, "tmodbus", "rtu") as port:
        flow = await _known(hass, farm, link="rtu")
        result = await flow.go(**_at(port))
        assert result["step_id"] == "choose"
        await flow.go(profile=PROBE, name="Air")
        assert sub(farm, TYPE).data["link"] == "rtu"
        await hass.config_entries.async_unload(farm.entry_id)
        await hass.async_block_till_done()


async def test_a_device_on_a_serial_port(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    station = _probe_on(Station({}))
    async with on_serial_port(station) as tty:
        flow = await _known(hass, farm, link="serial")
        given = {"serial_port": tty, "baud": "9600", "parity": "n", "stopbits": "1", "unit": 1}
        result = await flow.go(**given)
        assert result["step_id"] == "choose", result["errors"]
        assert "temperature 24.1 °C" in _options(result, "profile")[PROBE]
        await flow.go(profile=PROBE, name="Air")
        made = sub(farm, TYPE)
        assert dict(made.data) == {
            **{"link": "serial", "serial_port": tty, "baud": 9600, "parity": "N", "stopbits": 1},
            **{"unit": 1, "profile": PROBE},
        }
        pollers = farm.runtime_data.modbus.pollers
        await until(lambda: made.subentry_id in pollers and pollers[made.subentry_id].readings)
        assert pollers[made.subentry_id].readings["humidity"].value == 55.5
        await hass.config_entries.async_unload(farm.entry_id)
        await hass.async_block_till_done()


async def test_an_error_says_what_is_wrong_and_the_form_goes_on(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    async with lined({1: bank_of(PROBE), 2: bank_of(BOARD)}) as port:
        flow = await _known(hass, farm)
        assert (await flow.go(host="  ", port=port, unit=1))["errors"] == {"host": "place_empty"}
        result = await flow.go(**_at(free_port()))
        assert result["errors"] == {"base": "cannot_connect"}
        # A relay board has none of the registers of a probe.
        result = await flow.go(**_at(port, 2))
        assert result["errors"] == {"base": "other_map"}
        result = await flow.go(**_at(port, 1))
        assert result["step_id"] == "choose"


@pytest.mark.parametrize(
    ("fault", "errors"),
    # Noise on a line cannot always be told from silence.
    [("silent", {"no_answer"}), ("garbage", {"garbled", "no_answer"})],
)
async def test_silence_and_noise_are_no_device(
    hass: HomeAssistant, farm: MockConfigEntry, fault: str, errors: set[str]
) -> None:
    station = Station({(1, 1): 241, (1, 2): 555}, plan=lambda asked: fault)
    async with on_wire(station) as port:
        flow = await _known(hass, farm, link="rtu")
        result = await flow.go(**_at(port))
        assert result["errors"]["base"] in errors


async def test_a_sensor_that_failed_says_no_values(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    nan = bank_of("vaisala_hmp")
    nan.words = dict.fromkeys(nan.words, 0x7FC0)
    async with lined({240: nan}) as port:
        flow = await _known(hass, farm, "vaisala_hmp")
        result = await flow.go(**_at(port, 240))
        assert result["errors"] == {"base": "no_values"}


async def test_a_board_says_how_its_relays_are(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    async with lined({1: bank_of(BOARD)}) as port:
        flow = await _known(hass, farm, BOARD)
        result = await flow.go(**_at(port))
        assert _options(result, "profile")[BOARD].startswith("✓ ")
        assert "relay1 True, relay2 False" in _options(result, "profile")[BOARD]


async def test_a_line_in_use_with_other_settings_is_an_error(
    hass: HomeAssistant, tmp_path: Any
) -> None:
    tty = str(tmp_path / "tty")
    serial = {"link": "serial", "serial_port": tty, "baud": 9600, "parity": "N", "stopbits": 1}
    entry = farm_with(hass, device({**serial, "unit": 1, "profile": PROBE}))
    await set_up(hass, entry)
    flow = await _known(hass, entry, BOARD, "serial")
    result = flow.result
    assert result["step_id"] == "serial"
    # Proposed is what the profile says of the factory.
    shown = {str(k): k.default() for k in result["data_schema"].schema if callable(k.default)}
    assert shown == {"baud": "9600", "parity": "n", "stopbits": "1", "unit": 1}
    given = {"serial_port": tty, "baud": "19200", "parity": "n", "stopbits": "1", "unit": 2}
    assert (await flow.go(**{**given, "serial_port": " "}))["errors"] == {
        "serial_port": "place_empty"
    }
    assert (await flow.go(**given))["errors"] == {"base": "link_taken"}
    # A search is refused for the same reason.
    search = await Flow(hass, entry).add(TYPE)
    await search.choose("search")
    await search.go(link="serial")
    line = {k: v for k, v in given.items() if k != "unit"}
    result = await search.go(**line, first=1, last=1)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "link_taken")
    # Edited, a device shows its line as it is.
    edit = await Flow(hass, entry).edit(TYPE)
    await edit.choose("known")
    await edit.go(profile=PROBE, link="serial")
    schema = edit.result["data_schema"].schema
    suggested = {str(k): (k.description or {}).get("suggested_value") for k in schema}
    assert suggested == {
        **{"serial_port": tty, "baud": "9600", "parity": "n", "stopbits": "1", "unit": 1}
    }
    # No such port.
    assert (await flow.go(**{**given, "baud": "9600"}))["errors"] == {"base": "cannot_connect"}
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_models_and_phases_are_asked_where_a_map_tells_them_apart(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    async with lined({1: bank_of("eastron_sdm"), 2: bank_of("dfrobot_soil_sen060x")}) as port:
        flow = await _known(hass, farm, "eastron_sdm")
        await flow.go(**_at(port))
        result = await flow.go(profile="eastron_sdm", name="Meter")
        assert result["step_id"] == "details"
        assert _option_values(result, "phases") == ["1", "2", "3"]
        result = await flow.go(phases="1")
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert sub(farm, TYPE).data["phases"] == "1"
        pollers = farm.runtime_data.modbus.pollers
        await until(lambda: sub(farm, TYPE).subentry_id in pollers)
        poller = pollers[sub(farm, TYPE).subentry_id]
        await until(lambda: poller.device is not None)
        assert "voltage_l2" not in poller.device.registers
        # Edited, it may be another device of another kind.
        await flow.edit(TYPE)
        # There is nothing to be set in a meter.
        await flow.go(profile="dfrobot_soil_sen060x", link="tcp")
        await flow.go(**_at(port, 2))
        result = await flow.go(profile="dfrobot_soil_sen060x", name="Soil")
        await flow.go(model="SEN0601")
        edited = sub(farm, TYPE)
        assert edited.title == "Soil"
        assert dict(edited.data) == place(port, 2, "dfrobot_soil_sen060x", model="SEN0601")
        assert edited.unique_id.endswith("_2")
        # And back to what has neither.
        await hass.config_entries.async_unload(farm.entry_id)
        await hass.async_block_till_done()


def _option_values(result: dict[str, Any], field: str) -> list[str]:
    return list(result["data_schema"].schema[field].config["options"])


# -- searching ----------------------------------------------------------------------------------


async def _searched(
    hass: HomeAssistant, farm: MockConfigEntry, port: int, first: int = 1, last: int = 3
) -> Flow:
    flow = await Flow(hass, farm).add(TYPE)
    await flow.choose("search")
    await flow.go(link="tcp")
    result = await flow.go(host="127.0.0.1", port=port, first=first, last=last)
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        assert result["progress_action"] == "scan"
        await hass.async_block_till_done()
        # As a page asks when it hears that there is something new.
        flows = hass.config_entries.subentries
        flow.result = result = await flows.async_configure(result["flow_id"])
    return flow


async def test_a_line_is_searched_and_a_signature_names_the_device(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    marked = bank_of("supmea_ec8")
    marked.put(Space.INPUT, 9, [3])
    async with lined({1: bank_of(PROBE), 3: marked}) as port:
        flow = await _searched(hass, farm, port, 3, 1)
        assert flow.result["step_id"] == "found"
        units = _options(flow.result, "unit")
        assert set(units) == {"1", "3"}
        assert units["1"] == "1"
        assert units["3"].startswith("3 · ")
        # What was not recognised has to be named.
        result = await flow.go(unit="1")
        assert result["errors"] == {"profile": "profile_needed"}
        result = await flow.go(unit="1", profile=BOARD)
        assert result["errors"] == {"base": "other_map"}
        result = await flow.go(unit="3")
        assert result["step_id"] == "choose"
        result = await flow.go(profile="supmea_ec8", name="EC")
        assert dict(sub(farm, TYPE).data) == place(port, 3, "supmea_ec8")
        await hass.config_entries.async_unload(farm.entry_id)
        await hass.async_block_till_done()


async def test_a_search_that_finds_nobody_or_no_line_says_so(
    hass: HomeAssistant, farm: MockConfigEntry, tmp_path: Any
) -> None:
    flow = await _searched(hass, farm, free_port())
    assert (flow.result["type"], flow.result["reason"]) == (
        FlowResultType.ABORT,
        "cannot_connect",
    )
    station = Station({}, plan=lambda asked: "silent")
    async with on_wire(station) as port:
        flow = await _searched(hass, farm, port, 1, 1)
        assert flow.result["reason"] == "nobody"


# -- settings -----------------------------------------------------------------------------------

#: A probe: what it measures, and its settings.
MEMORY = {1: 241, 2: 555, 0x101: 1, 0x102: 0, 0x103: 0, 0x104: 0}


class Moving(Station):
    """A probe that is found at another address as soon as it was given one."""

    def answer(self, asked: Asked) -> bytes:
        told = super().answer(asked)
        if asked.function in (6, 16) and asked.address == 0x101:
            own = {a: w for (unit, a), w in self.words.items() if unit == asked.unit}
            self.words = {(own[0x101], a): w for a, w in own.items()}
        return told


def _probe_on(station: Station, unit: int = 1) -> Station:
    station.words = {(unit, address): word for address, word in MEMORY.items()}

    def plan(asked: Asked) -> str:
        return "" if any(u == asked.unit for u, _ in station.words) else "silent"

    station.plan = plan
    return station


async def _setting(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> Flow:
    flow = await Flow(hass, entry).edit(TYPE)
    await flow.choose("setting")
    assert set(_options(flow.result, "setting")) == {
        *("unit_id", "baud", "temperature_correction", "humidity_correction"),
    }
    await flow.go(setting=key)
    return flow


async def _end(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def _noted(entry: MockConfigEntry) -> list[tuple[Any, ...]]:
    events = await entry.runtime_data.engine.journal.async_events(kind="device_set")
    return [tuple(e[k] for k in ("device", "what", "was", "value", "end")) for e in events]


async def test_a_correction_is_set_confirmed_shown_and_kept(hass: HomeAssistant) -> None:
    async with on_wire(_probe_on(Station({}))) as port:
        entry = farm_with(hass, device(place(port, link="rtu")))
        await set_up(hass, entry)
        flow = await _setting(hass, entry, "temperature_correction")
        assert flow.result["description_placeholders"]["before"] == "0 °C"
        result = await flow.go(value=1.5, sure=False)
        assert result["errors"] == {"sure": "not_sure"}
        result = await flow.go(value=99, sure=True)
        assert result["errors"] == {"base": "not_set"}
        assert result["description_placeholders"]["why"] == "it takes no such value"
        result = await flow.go(value=1.5, sure=True)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "was_set")
        placeholders = result["description_placeholders"]
        assert (placeholders["before"], placeholders["after"]) == ("0 °C", "1.5 °C")
        assert await _noted(entry) == [
            ("Probe", "temperature_correction", "0", "99", "out_of_range"),
            ("Probe", "temperature_correction", "0", "1.5", "verified"),
        ]
        await _end(hass, entry)


async def test_a_device_that_was_given_another_address_is_followed(hass: HomeAssistant) -> None:
    async with on_wire(_probe_on(Moving({}))) as port:
        entry = farm_with(hass, device(place(port, link="rtu")))
        await set_up(hass, entry)
        flow = await _setting(hass, entry, "unit_id")
        result = await flow.go(value=1, sure=True)
        assert result["description_placeholders"]["why"] == "it has this address"
        result = await flow.go(value=7, sure=True)
        assert result["reason"] == "was_set"
        await hass.async_block_till_done()
        moved = sub(entry, TYPE)
        assert moved.data["unit"] == 7
        assert moved.unique_id is not None
        assert moved.unique_id.endswith("_7")
        poller = entry.runtime_data.modbus.pollers[moved.subentry_id]
        await until(lambda: poller.readings and poller.readings["temperature"].value == 24.1)
        assert (await _noted(entry))[-1] == ("Probe", "unit_id", "1", "7", "verified")
        await _end(hass, entry)


async def test_a_device_that_moves_only_without_power_stays_where_it_is(
    hass: HomeAssistant,
) -> None:
    async with on_wire(_probe_on(Station({}))) as port:
        entry = farm_with(hass, device(place(port, link="rtu")))
        await set_up(hass, entry)
        flow = await _setting(hass, entry, "unit_id")
        result = await flow.go(value=9, sure=True)
        assert result["reason"] == "power_cycle"
        assert sub(entry, TYPE).data["unit"] == 1
        # What cannot be read back was taken, and no more is said.
        flow = await _setting(hass, entry, "baud")
        result = await flow.go(value="19200", sure=True)
        assert result["reason"] == "was_taken"
        assert result["description_placeholders"]["after"] == "19200"
        assert sub(entry, TYPE).data["link"] == "rtu"
        await _end(hass, entry)


async def test_the_line_of_a_serial_port_follows_what_the_device_was_given(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    serial = {"link": "serial", "serial_port": str(tmp_path / "tty"), "unit": 1, "profile": PROBE}
    entry = farm_with(hass, device({**serial, "baud": 9600, "parity": "N", "stopbits": 1}))
    await set_up(hass, entry)

    async def before(*_: Any) -> Reading:
        return Reading(None, State.MISSING, Why.TIMEOUT)

    ends = iter(
        [
            Change(key="baud", wanted="19200", end=End.ACCEPTED),
            Change(key="parity", wanted="even", end=End.ACCEPTED),
            Change(key="parity", wanted="3", end=End.ACCEPTED),
            Change(key="stopbits", wanted="2", end=End.ACCEPTED),
        ]
    )

    async def changed(*_: Any) -> Change:
        return next(ends)

    monkeypatch.setattr(commissioning, "async_before", before)
    monkeypatch.setattr(commissioning, "async_change", changed)
    for _ in range(4):
        flow = await _setting(hass, entry, "baud")
        assert flow.result["description_placeholders"]["before"] == "– (it did not answer)"
        assert (await flow.go(value="19200", sure=True))["reason"] == "was_taken"
    data = sub(entry, TYPE).data
    assert (data["baud"], data["parity"], data["stopbits"]) == (19200, "E", 2)
    await _end(hass, entry)


async def test_settings_wait_for_a_line_that_others_use_otherwise(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_wire(_probe_on(Station({}))) as port:
        entry = farm_with(hass, device(place(port, link="rtu")))
        await set_up(hass, entry)

        async def taken(*_: Any) -> Reading:
            raise HomeAssistantError

        with monkeypatch.context() as patched:
            patched.setattr(commissioning, "async_before", taken)
            flow = await _setting(hass, entry, "baud")
            assert flow.result["errors"] == {"base": "link_taken"}
        await flow.go(setting="baud")
        with monkeypatch.context() as patched:
            patched.setattr(commissioning, "async_change", taken)
            result = await flow.go(value="19200", sure=True)
            assert result["errors"] == {"base": "link_taken"}
        # Nobody keeps records while the farm is not running.
        await _end(hass, entry)
        result = await flow.go(value="19200", sure=True)
        assert result["reason"] == "nothing_to_set"
        flow = await Flow(hass, entry).edit(TYPE)
        assert flow.result["step_id"] == "known"


OWN = """schema: vfarm-modbus-map/1
id: own_probe
name: Own probe
kind: [sensor]
confidence: low
link: {baud: 9600, parity: N, stopbits: 1, unit: 1}
limits: {max_registers: 8, max_gap: 0, min_spacing_ms: 0, timeout_ms: 500}
defaults: {space: holding, word_order: big, byte_order: big}
registers:
  - {key: air, addr: 1, type: int16, scale: 0.1, unit: "°C", role: climate.air_temperature,
     access: r, space: holding}
  - {key: heater, addr: 1, type: bool, access: rw, space: coil, wear: eeprom}
  - {key: tag, addr: 16, type: string, count: 4, access: rw, space: holding, wear: eeprom}
  - {key: zero, addr: 32, type: uint16, access: w, space: holding, wear: eeprom}
sources: [measured here]
"""


async def test_settings_of_every_kind_have_a_field(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    folder = tmp_path / "vfarm" / "modbus"
    folder.mkdir(parents=True)
    (folder / "own_probe.yaml").write_text(OWN, encoding="utf-8")
    bank = bank_of(PROBE)
    bank.put(Space.COIL, 1, [0])
    bank.put(Space.HOLDING, 1, [241])
    bank.put(Space.HOLDING, 16, [0x7666, 0x6172, 0x6D20, 0x2020])
    bank.put(Space.HOLDING, 32, [0])
    async with lined({1: bank}) as port:
        entry = farm_with(hass, device(place(port, profile="own_probe")))
        await set_up(hass, entry)
        ends = {"heater": (True, "was_set"), "tag": ("air 1", "was_set"), "zero": (1, "was_taken")}
        before = {"heater": "False", "tag": "vfarm", "zero": "–"}
        for key, (value, reason) in ends.items():
            flow = await Flow(hass, entry).edit(TYPE)
            await flow.choose("setting")
            result = await flow.go(setting=key)
            assert result["description_placeholders"]["before"].strip() == before[key]
            result = await flow.go(value=value, sure=True)
            assert result["reason"] == reason
        assert bank.words[Space.COIL, 1] == 1
        assert bank.words[Space.HOLDING, 32] == 1
        # While a form is open its farm may stop.
        flow = await Flow(hass, entry).edit(TYPE)
        await _end(hass, entry)
        result = await flow.choose("setting")
        assert result["reason"] == "nothing_to_set"
