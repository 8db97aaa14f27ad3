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
from modbus_bench import BOARD, PROBE, bank_of, device, farm_with, lined, place, set_up, until
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_subentry_flows import Flow

from tests.core.devices.modbus.servers import free_port
from tests.core.devices.modbus.wire import Station, on_wire
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
        poller = farm.runtime_data.modbus.pollers[sub(farm, TYPE).subentry_id]
        await until(lambda: poller.device is not None)
        assert "voltage_l2" not in poller.device.registers
        # Edited, it may be another device of another kind.
        await flow.edit(TYPE)
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
