"""Modbus devices of a farm, on a real line: they tell, they obey or say that they did not, and they
come and go without disturbing the farm."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from home_farm import bound, declared, small_farm, somebody, sow
from homeassistant.components import modbus
from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry, ConfigSubentryData
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateReportedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from modbus_bench import (
    BOARD,
    PROBE,
    bank_of,
    device,
    entity_id,
    farm_with,
    lined,
    place,
    said,
    set_up,
    until,
)
from modbus_connection import ModbusTcpParams
from modbus_connection.mock import MockModbusConnection
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from test_subentry_flows import Flow
from tmodbus.exceptions import IllegalDataAddressError, ServerDeviceBusyError

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.modbus import poller as polling
from tests.core.devices.modbus.servers import Bank
from tests.core.devices.modbus.wire import Station, on_wire
from vfarm_core.devices.modbus import health
from vfarm_core.devices.modbus.device import Device
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.profile import Space
from vfarm_core.devices.modbus.roles import Group

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is read many times a second."""
    monkeypatch.setattr(polling, "INTERVAL_S", dict.fromkeys(set(Group) - {Group.ASKED}, 0.05))
    monkeypatch.setattr(health, "FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(polling, "RETRY_S", 0.1)


class Failing(Bank):
    """A memory that can be told how to fail."""

    def __init__(self, of: Bank) -> None:
        super().__init__(words=of.words)
        self.error: type[Exception] | None = None
        self.deaf = False
        self.mute = False

    def take(self, space: Space, start: int, count: int, function: int) -> list[int]:
        if self.error is not None:
            raise self.error(function)
        return super().take(space, start, count, function)

    def set(self, space: Space, start: int, words: Any, function: int) -> None:
        if self.error is not None:
            raise self.error(function)
        if not self.deaf:
            super().set(space, start, words, function)


@pytest.fixture
async def line() -> AsyncGenerator[tuple[int, dict[int, Failing]]]:
    """A line with a probe at 1 and a relay board at 2."""
    banks = {1: Failing(bank_of(PROBE)), 2: Failing(bank_of(BOARD))}
    async with lined(banks) as port:
        yield port, banks


@pytest.fixture
async def farm(
    hass: HomeAssistant, line: tuple[int, dict[int, Failing]]
) -> AsyncGenerator[MockConfigEntry]:
    """A farm with both."""
    port, _ = line
    entry = farm_with(hass, device(place(port)), device(place(port, 2, BOARD), "Board"))
    await set_up(hass, entry)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


# -- telling ------------------------------------------------------------------------------------


async def test_a_probe_tells_what_it_measures(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    air = entity_id(hass, farm, "sensor", "temperature")
    await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
    state = hass.states.get(air)
    assert state is not None
    # A seventh and more of the way from -40 to 80 °C, as the server has it.
    assert float(state.state) == pytest.approx(-16.0)
    assert state.attributes["unit_of_measurement"] == "°C"
    assert state.attributes["device_class"] == "temperature"
    assert state.attributes["state_class"] == "measurement"
    assert state.name == "Probe Air temperature"
    humidity = hass.states.get(entity_id(hass, farm, "sensor", "humidity"))
    assert humidity is not None
    assert humidity.attributes["device_class"] == "humidity"


async def test_a_device_is_one_device_of_its_subentry_under_the_farm(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    registered = er.async_get(hass).async_get(entity_id(hass, farm, "sensor", "temperature"))
    assert registered is not None
    known = dr.async_get(hass).async_get(registered.device_id or "")
    assert known is not None
    sub = next(s for s in farm.subentries.values() if s.title == "Probe")
    assert (known.name, known.config_subentry_id) == ("Probe", sub.subentry_id)
    above = dr.async_get(hass).async_get(known.via_device_id or "")
    assert above is not None
    assert above.name == "Farm"
    # Settings in a memory that wears are no entities.
    keys = {e.unique_id.rpartition(":")[2] for e in er.async_entries_for_device(
        er.async_get(hass), known.id, include_disabled_entities=True
    )}  # fmt: skip
    assert keys == {"temperature", "humidity"}


async def test_what_a_device_refuses_is_unavailable_and_comes_back(
    hass: HomeAssistant, farm: MockConfigEntry, line: tuple[int, dict[int, Failing]]
) -> None:
    _, banks = line
    air = entity_id(hass, farm, "sensor", "temperature")
    await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
    banks[1].error = ServerDeviceBusyError
    await until(lambda: said(hass, air) == STATE_UNAVAILABLE)
    banks[1].error = None
    await until(lambda: said(hass, air) != STATE_UNAVAILABLE)


#: What the probe of the wire says: 24.1 °C and 55.5 %.
WORDS = {(1, 1): 241, (1, 2): 555}


def _wired(port: int, profile: str = PROBE) -> ConfigSubentryData:
    return device(place(port, profile=profile, link="rtu"))


async def test_a_dead_device_is_told_once_and_its_return_once(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    station = Station(dict(WORDS))
    async with on_wire(station) as port:
        entry = farm_with(hass, _wired(port))
        await set_up(hass, entry)
        air = entity_id(hass, entry, "sensor", "temperature")
        await until(lambda: said(hass, air) == "24.1")
        station.plan = lambda asked: "silent"
        poller = next(iter(entry.runtime_data.modbus.pollers.values()))
        await until(lambda: poller.device.health.failed > 3, 30)
        assert said(hass, air) == STATE_UNAVAILABLE
        assert len([r for r in caplog.records if "does not answer any more" in r.message]) == 1
        station.plan = lambda asked: ""
        await until(lambda: said(hass, air) == "24.1")
        assert len([r for r in caplog.records if "answers again" in r.message]) == 1
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


@pytest.mark.parametrize("fault", ["silent", "dropped"])
async def test_one_frame_that_is_lost_is_asked_for_again_and_nobody_notices(
    hass: HomeAssistant, fault: str
) -> None:
    station = Station(dict(WORDS))
    seen: list[str] = []
    async with on_wire(station) as port:
        entry = farm_with(hass, _wired(port))
        await set_up(hass, entry)
        air = entity_id(hass, entry, "sensor", "temperature")
        await until(lambda: said(hass, air) == "24.1")
        hass.bus.async_listen("state_changed", lambda e: seen.append(e.data["entity_id"]))
        for _ in range(2):
            faults = iter([fault])
            station.plan = lambda _, faults=faults: next(faults, "")
            asked = len(station.asked)
            await until(lambda asked=asked: len(station.asked) > asked + 3)
        assert air not in seen
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def test_nothing_wrong_is_ever_shown(hass: HomeAssistant) -> None:
    """Garbage, broken, foreign and doubled answers and lost connections."""
    faults = ["garbage", "flipped", "foreign", "twice", "dropped"]
    station = Station(dict(WORDS))
    seen: set[str] = set()
    async with on_wire(station) as port:
        entry = farm_with(hass, _wired(port))
        await set_up(hass, entry)
        air = entity_id(hass, entry, "sensor", "temperature")
        await until(lambda: said(hass, air) == "24.1")
        hass.bus.async_listen(
            "state_changed",
            lambda e: seen.add(e.data["new_state"].state) if e.data["entity_id"] == air else None,
        )
        for fault in faults:
            asked = len(station.asked)
            station.plan = lambda _, fault=fault: fault
            await until(lambda asked=asked: len(station.asked) > asked + 1, 30)
            station.plan = lambda _: ""
            await until(lambda: said(hass, air) == "24.1", 30)
        assert seen <= {"24.1", STATE_UNAVAILABLE}
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def test_a_connection_that_breaks_in_mid_write_is_proved_or_told(
    hass: HomeAssistant,
) -> None:
    board = {(1, address): 0x0200 for address in range(1, 9)}
    station = Station(board)
    async with on_wire(station) as port:
        entry = farm_with(hass, _wired(port, "eletechsup_relay_fc6"))
        await set_up(hass, entry)
        relay = entity_id(hass, entry, "switch", "relay1")
        await until(lambda: said(hass, relay) not in (None, STATE_UNAVAILABLE), 30)
        # It obeyed, and its answer was lost: what is read back proves it.
        first = dict(station.words)
        station.plan = lambda asked: "dropped" if asked.function == 6 else ""
        await _switch(hass, relay, "turn_on")
        assert station.words != first
        assert said(hass, relay) == STATE_ON
        # It never heard it.
        station.plan = lambda asked: "lost" if asked.function == 6 else ""
        before = dict(station.words)
        with pytest.raises(HomeAssistantError, match="was not set"):
            await _switch(hass, relay, "turn_off")
        assert station.words == before
        assert said(hass, relay) != STATE_OFF
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def test_a_value_is_written_at_most_once_a_minute_but_what_is_bound_is_reported_each_time(
    hass: HomeAssistant, line: tuple[int, dict[int, Failing]]
) -> None:
    port, banks = line
    probe = device(place(port))
    entry = farm_with(hass, probe)
    await set_up(hass, entry)
    air = entity_id(hass, entry, "sensor", "temperature")
    await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
    changes: list[str] = []
    reports: list[str] = []

    @callback
    def reported(event: Event[EventStateReportedData]) -> None:
        reports.append(event.data["entity_id"])

    hass.bus.async_listen("state_changed", lambda e: changes.append(e.data["entity_id"]))
    hass.bus.async_listen("state_reported", reported, event_filter=callback(lambda data: True))
    for number in range(3):
        banks[1].put(Space.INPUT, 1, [200 + number])
        seen = len(banks[1].requests)
        await until(lambda seen=seen: len(banks[1].requests) > seen + 2)
    assert air not in changes + reports
    # Bound, it is reported at every reading.
    zone = {
        "id": "tent",
        "volume_m3": 8.0,
        "bindings": [
            {
                "id": "tent.air",
                "node": "tent",
                "role": "air_temperature",
                "entity": er.async_get(hass).async_get(air).id,  # type: ignore[union-attr]
            }
        ],
    }
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(data=zone, subentry_type="zone", title="Tent", unique_id="zone_tent"),  # type: ignore[arg-type]
    )
    await hass.async_block_till_done()
    await until(lambda: reports.count(air) >= 3)
    assert changes.count(air) == 1
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


# -- commanding ---------------------------------------------------------------------------------


async def _switch(hass: HomeAssistant, relay: str, service: str) -> None:
    await hass.services.async_call("switch", service, {"entity_id": relay}, blocking=True)


async def test_a_relay_is_switched_and_shown_as_read_back(
    hass: HomeAssistant, farm: MockConfigEntry, line: tuple[int, dict[int, Failing]]
) -> None:
    _, banks = line
    relay = entity_id(hass, farm, "switch", "relay1", "Board")
    await until(lambda: said(hass, relay) not in (None, STATE_UNAVAILABLE))
    await _switch(hass, relay, "turn_off")
    assert said(hass, relay) == STATE_OFF
    await _switch(hass, relay, "turn_on")
    assert said(hass, relay) == STATE_ON
    assert banks[2].words[Space.COIL, 0] == 1
    state = hass.states.get(relay)
    assert state is not None
    assert state.name == "Board Relay 1"


async def test_a_write_that_failed_is_an_error_and_never_shown(
    hass: HomeAssistant, farm: MockConfigEntry, line: tuple[int, dict[int, Failing]]
) -> None:
    _, banks = line
    relay = entity_id(hass, farm, "switch", "relay1", "Board")
    await until(lambda: said(hass, relay) not in (None, STATE_UNAVAILABLE))
    await _switch(hass, relay, "turn_off")
    states: list[str] = []
    hass.bus.async_listen(
        "state_changed",
        lambda e: (
            states.append(e.data["new_state"].state) if e.data["entity_id"] == relay else None
        ),
    )
    banks[2].deaf = True
    with pytest.raises(HomeAssistantError) as err:
        await _switch(hass, relay, "turn_on")
    assert str(err.value) == "Board: Relay 1 was not set: it took the command and reads otherwise"
    assert said(hass, relay) == STATE_OFF
    banks[2].error = IllegalDataAddressError
    with pytest.raises(HomeAssistantError, match="it refused"):
        await _switch(hass, relay, "turn_on")
    assert STATE_ON not in states


async def test_who_may_only_look_switches_nothing(
    hass: HomeAssistant, farm: MockConfigEntry, line: tuple[int, dict[int, Failing]]
) -> None:
    _, banks = line
    relay = entity_id(hass, farm, "switch", "relay2", "Board")
    await until(lambda: said(hass, relay) == STATE_OFF)
    viewer = somebody(hass, "eva", is_owner=False)
    hass.config_entries.async_update_entry(farm, options={"roles": {"eva": "viewer"}})
    written = [request for request in banks[2].requests if request[0] == "write"]
    with pytest.raises(ServiceValidationError, match="viewer"):
        await hass.services.async_call(
            "switch",
            "turn_on",
            {"entity_id": relay},
            blocking=True,
            context=viewer,
        )
    assert [request for request in banks[2].requests if request[0] == "write"] == written
    assert said(hass, relay) == STATE_OFF


async def test_a_level_is_set_within_its_range(hass: HomeAssistant) -> None:
    async with lined({3: (bank := bank_of("waveshare_analog_out"))}) as port:
        entry = farm_with(hass, device(place(port, 3, "waveshare_analog_out")))
        await set_up(hass, entry)
        level = entity_id(hass, entry, "number", "ch1")
        await until(lambda: said(hass, level) not in (None, STATE_UNAVAILABLE))
        state = hass.states.get(level)
        assert state is not None
        assert (state.attributes["min"], state.attributes["max"]) == (0.0, 10.0)
        assert state.attributes["unit_of_measurement"] == "V"
        await hass.services.async_call(
            "number", "set_value", {"entity_id": level, "value": 7.5}, blocking=True
        )
        assert said(hass, level) == "7.5"
        assert bank.words[Space.HOLDING, 0] == 7500
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


# -- coming and going ---------------------------------------------------------------------------


async def test_devices_come_change_and_go_while_the_farm_runs(
    hass: HomeAssistant, farm: MockConfigEntry, line: tuple[int, dict[int, Failing]]
) -> None:
    _, banks = line
    engine = farm.runtime_data.engine
    board = next(s for s in farm.subentries.values() if s.title == "Board")
    relay = entity_id(hass, farm, "switch", "relay1", "Board")
    kept = farm.runtime_data.modbus.pollers[
        next(s.subentry_id for s in farm.subentries.values() if s.title == "Probe")
    ]
    hass.config_entries.async_update_subentry(farm, board, title="Valves")
    await hass.async_block_till_done()
    await until(lambda: said(hass, relay) in (STATE_ON, STATE_OFF))
    registered = er.async_get(hass).async_get(relay)
    assert registered is not None
    known = dr.async_get(hass).async_get(registered.device_id or "")
    assert known is not None
    assert known.name == "Valves"
    # Another map: what it has in common stays, the rest goes.
    banks[2].put(Space.HOLDING, 1, [0x0100] * 8)
    board = farm.subentries[board.subentry_id]
    hass.config_entries.async_update_subentry(
        farm, board, data={**board.data, "profile": "eletechsup_relay_fc6"}
    )
    await hass.async_block_till_done()
    await until(lambda: said(hass, relay) in (STATE_ON, STATE_OFF))
    hass.config_entries.async_remove_subentry(farm, board.subentry_id)
    await hass.async_block_till_done()
    assert hass.states.get(relay) is None
    assert board.subentry_id not in farm.runtime_data.modbus.pollers
    seen = len(banks[2].requests)
    await until(lambda: len(banks[1].requests) > 5)
    assert len(banks[2].requests) <= seen + 1
    held = async_get_connection_info(hass)
    assert [info.units[farm.entry_id] for info in held] == [[1]]
    # Nobody else was disturbed.
    assert farm.runtime_data.engine is engine
    assert kept in farm.runtime_data.modbus.pollers.values()


async def test_a_reload_goes_on_and_an_unload_lets_go_of_the_line(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    air = entity_id(hass, farm, "sensor", "temperature")
    assert await hass.config_entries.async_reload(farm.entry_id)
    await hass.async_block_till_done()
    await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
    assert await hass.config_entries.async_unload(farm.entry_id)
    await hass.async_block_till_done()
    assert said(hass, air) == STATE_UNAVAILABLE
    assert async_get_connection_info(hass) == []


async def test_removing_the_farm_leaves_nothing(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    assert await hass.config_entries.async_remove(farm.entry_id)
    await hass.async_block_till_done()
    assert not er.async_entries_for_config_entry(er.async_get(hass), farm.entry_id)
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), farm.entry_id)
    assert async_get_connection_info(hass) == []
    assert not [i for i in ir.async_get(hass).issues if i[0] == DOMAIN and farm.entry_id in i[1]]


async def test_a_line_is_shared_with_others(
    hass: HomeAssistant, farm: MockConfigEntry, line: tuple[int, dict[int, Failing]]
) -> None:
    port, _ = line
    air = entity_id(hass, farm, "sensor", "temperature")
    await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    unit = modbus.async_get_unit(hass, other, ModbusTcpParams(host="127.0.0.1", port=port), 2)
    assert len(await unit.read_coils(0, 8)) == 8
    assert len(async_get_connection_info(hass)) == 1
    assert await hass.config_entries.async_unload(farm.entry_id)
    await hass.async_block_till_done()
    # It is theirs still.
    assert len(await unit.read_coils(0, 8)) == 8
    await other._async_process_on_unload(hass)
    assert async_get_connection_info(hass) == []


async def test_a_line_with_other_settings_is_a_repair_until_it_is_free(
    hass: HomeAssistant, line: tuple[int, dict[int, Failing]], tmp_path: Path
) -> None:
    port = str(tmp_path / "tty")
    serial = {"link": "serial", "serial_port": port, "parity": "N", "stopbits": 1}
    first = {**serial, "baud": 9600, "unit": 1, "profile": PROBE}
    second = {**serial, "baud": 19200, "unit": 2, "profile": BOARD}
    entry = farm_with(hass, device(first), device(second, "Board"))
    await set_up(hass, entry)
    await hass.async_block_till_done()
    subs = {s.title: s for s in entry.subentries.values()}
    issue_id = f"{entry.entry_id}_link_{subs['Board'].subentry_id}"
    await until(lambda: (DOMAIN, issue_id) in ir.async_get(hass).issues)
    hass.config_entries.async_update_subentry(entry, subs["Board"], data={**second, "baud": 9600})
    await hass.async_block_till_done()
    assert (DOMAIN, issue_id) not in ir.async_get(hass).issues
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_what_cannot_be_read_of_a_device_takes_no_other_down(
    hass: HomeAssistant, line: tuple[int, dict[int, Failing]], caplog: pytest.LogCaptureFixture
) -> None:
    port, _ = line
    broken = ConfigSubentryData(
        subentry_type="modbus_device",
        title="Newer",
        data={**place(port, 9), "link": "carrier pigeon"},
        unique_id="modbus_device_newer",
    )
    entry = farm_with(hass, broken, device(place(port)))
    await set_up(hass, entry)
    air = entity_id(hass, entry, "sensor", "temperature")
    await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
    assert "Newer is left out, its data cannot be read" in caplog.text
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


# -- profiles of one's own ----------------------------------------------------------------------


async def test_a_broken_profile_is_told_with_its_line_and_takes_no_other_down(
    hass: HomeAssistant,
    line: tuple[int, dict[int, Failing]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    folder = tmp_path / "vfarm" / "modbus"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "schema: vfarm-modbus-map/1\nid: mine\nname: Mine\nkind: [sensor]\n"
        "confidence: high\nlink: {baud: 9600, parity: N, stopbits: 1, unit: 1}\n"
        "limits: {max_registers: 8, max_gap: 0, min_spacing_ms: 0, timeout_ms: 500}\n"
        "registers:\n  - {key: air, addr: 1, type: nonsense, access: r, space: input}\n"
        "sources: [me]\n"
    )
    port, _ = line
    entry = farm_with(hass, device(place(port)), device(place(port, 2, "mine"), "Own"))
    await set_up(hass, entry)
    air = entity_id(hass, entry, "sensor", "temperature")
    await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
    issues = {i.translation_key: i for i in ir.async_get(hass).issues.values()}
    broken = issues["modbus_profile_broken"].translation_placeholders
    assert broken is not None
    assert broken["file"].endswith("mine.yaml")
    assert "registers[0].type (line 9): unknown: 'nonsense'; known: bool, " in broken["problems"]
    gone = issues["modbus_profile_gone"].translation_placeholders
    assert gone == {"farm": "Farm", "device": "Own", "profile": "mine"}
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


# -- binding ------------------------------------------------------------------------------------

TENT = {"id": "tent", "volume_m3": 8.0, "bindings": []}


async def test_a_profile_says_what_its_registers_can_be(hass: HomeAssistant) -> None:
    """A dew point has the class of a temperature, and is none of the air."""
    async with lined({240: bank_of("vaisala_hmp")}) as port:
        zone = ConfigSubentryData(
            subentry_type="zone", title="Tent", data=TENT, unique_id="zone_tent"
        )
        entry = farm_with(hass, zone, device(place(port, 240, "vaisala_hmp"), "Tent air"))
        await set_up(hass, entry)
        air = entity_id(hass, entry, "sensor", "temperature", "Tent air")
        dew = entity_id(hass, entry, "sensor", "dew_point", "Tent air")
        await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
        flow = await Flow(hass, entry).edit("zone")
        await flow.choose("propose")
        selector = flow.result["data_schema"].schema["proposals"]
        proposed = [option["value"] for option in selector.config["options"]]
        assert f"tent air_temperature {air}" in proposed
        assert not [key for key in proposed if dew in key]
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def test_a_relay_that_is_bound_is_driven_by_the_farm(
    hass: HomeAssistant, line: tuple[int, dict[int, Failing]]
) -> None:
    port, banks = line
    banks[1].put(Space.INPUT, 1, [150])
    entry = farm_with(hass, device(place(port)), device(place(port, 2, BOARD), "Board"))
    await set_up(hass, entry)
    air = entity_id(hass, entry, "sensor", "temperature")
    relay = entity_id(hass, entry, "switch", "relay2", "Board")
    await until(lambda: said(hass, relay) == STATE_OFF)
    bindings = [
        bound("tent", "air_temperature", air),
        bound("tent", "heater", relay, declaration=declared("on", max_on_s=3600.0)),
    ]
    zone = ConfigSubentry(
        data=MappingProxyType({**TENT, "bindings": bindings}),
        subentry_type="zone",
        title="Tent",
        unique_id="zone_tent",
    )
    rack = small_farm()["rack"]
    data: Any = {**rack["data"], "bindings": []}
    hass.config_entries.async_add_subentry(entry, zone)
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(data=data, subentry_type="rack", title="Rack", unique_id=rack["unique_id"]),
    )
    await hass.async_block_till_done()
    engine = entry.runtime_data.engine
    await until(lambda: engine.snapshot("tent").air_temperature.value == 15.0)
    await sow(hass)
    # 15 °C is too cold for lettuce: the relay closes, and is proved by what was read back.
    await until(lambda: banks[2].words[Space.COIL, 1] == 1)
    await until(lambda: said(hass, relay) == STATE_ON)
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


# -- diagnostics --------------------------------------------------------------------------------


async def test_diagnostics_carry_the_registers_and_mean_the_same_without_the_device(
    hass: HomeAssistant, farm: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    air = entity_id(hass, farm, "sensor", "temperature")
    relay = entity_id(hass, farm, "switch", "relay1", "Board")
    await until(lambda: said(hass, air) not in (None, STATE_UNAVAILABLE))
    await until(lambda: said(hass, relay) not in (None, STATE_UNAVAILABLE))
    assert await async_setup_component(hass, "diagnostics", {})
    told: Any = await get_diagnostics_for_config_entry(hass, hass_client, farm)
    assert "127.0.0.1" not in json.dumps(told["modbus"])
    by_profile = {one["profile"]: one for one in json.loads(json.dumps(told["modbus"]))}
    assert set(by_profile) == {PROBE, BOARD}
    for profile_id, one in by_profile.items():
        profile = shelf().get(profile_id)
        mock = MockModbusConnection().for_unit(1)
        mock.load_raw(one["raw"])
        again = await Device(mock, profile).read(one["readings"])
        assert {k: r.value for k, r in again.readings.items()} == {
            k: r["value"] for k, r in one["readings"].items()
        }
        assert one["at"].keys() == one["raw"].keys()
    assert by_profile[PROBE]["readings"]["temperature"]["value"] == float(said(hass, air) or "")
    registered = er.async_get(hass).async_get(air)
    assert registered is not None
    known = dr.async_get(hass).async_get(registered.device_id or "")
    assert known is not None
    alone: Any = await get_diagnostics_for_device(hass, hass_client, farm, known)
    assert [one["profile"] for one in alone["modbus"]] == [PROBE]
