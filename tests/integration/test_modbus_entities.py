"""Every kind of register has its kind of entity, in a profile of one's own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from modbus_bench import device, entity_id, farm_with, lined, place, said, set_up, until
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.modbus import poller as polling
from custom_components.vfarm.modbus.kinds import shown
from tests.core.devices.modbus.servers import Bank, filled
from vfarm_core.devices.modbus import device as core_device
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.profile import Space
from vfarm_core.devices.modbus.roles import Group

pytestmark = pytest.mark.usefixtures("socket_enabled")

PROFILE = """schema: vfarm-modbus-map/1
id: every_kind
name: Every kind
kind: [sensor, actuator]
confidence: low
link: {baud: 9600, parity: N, stopbits: 1, unit: 1}
limits: {max_registers: 16, max_gap: 0, min_spacing_ms: 0, timeout_ms: 500}
defaults: {space: holding, word_order: big, byte_order: big}
registers:
  - {key: door, addr: 0, type: bool, space: discrete, access: r, role: actuator.feedback}
  - {key: pump_mode, addr: 0, type: uint16, access: rw, enum: {0: stop, 1: start},
     role: actuator.dosing_pump}
  - {key: blind_level, addr: 8, type: uint16, access: w, range: [0, 100], unit: "%",
     role: actuator.level}
  - {key: blind_relay, addr: 9, type: uint16, access: w, enum: {0: "off", 1: "on"},
     role: actuator.switch}
  - {key: blind_mode, addr: 10, type: uint16, access: w, enum: {0: calm, 1: wild},
     role: actuator.hvac}
  - {key: fill, addr: 1, type: uint16, access: r, unit_from: fill_unit, role: reservoir.level}
  - {key: fill_unit, addr: 2, type: uint16, access: r, enum: {1: cm, 2: mm}, role: diagnostic}
  - {key: lamp, addr: 3, type: uint16, access: rw, enum: {0: "off", 1: "on"}, role: actuator.switch}
  - {key: tag, addr: 4, type: string, count: 2, access: r, role: diagnostic}
  - {key: reset, addr: 12, type: uint16, access: w}
  - {key: free, addr: 6, type: uint16, access: rw}
sources: [measured here]
"""
KEYS = {
    "binary_sensor": {"door"},
    "select": {"pump_mode", "blind_mode"},
    "number": {"blind_level"},
    "switch": {"blind_relay", "lamp"},
    # How far `free` may be set is said nowhere: it is shown, and not set.
    "sensor": {"fill", "fill_unit", "tag", "free"},
}


@pytest.fixture
def bank() -> Bank:
    made = Bank()
    made.put(Space.DISCRETE, 0, [1])
    made.put(Space.HOLDING, 0, [1, 42, 1, 1, 0x6F6B, 0x2020, 5])
    made.put(Space.HOLDING, 8, [0, 0, 0])
    made.put(Space.HOLDING, 12, [0])
    return made


@pytest.fixture
async def farm(
    hass: HomeAssistant, bank: Bank, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncGenerator[MockConfigEntry]:
    """A farm with a device that has everything."""
    monkeypatch.setattr(polling, "INTERVAL_S", dict.fromkeys(set(Group) - {Group.ASKED}, 0.05))
    monkeypatch.setattr(polling, "RETRY_S", 0.1)
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    folder = tmp_path / "vfarm" / "modbus"
    folder.mkdir(parents=True)
    (folder / "every_kind.yaml").write_text(PROFILE, encoding="utf-8")
    async with lined({1: bank}) as port:
        entry = farm_with(hass, device(place(port, profile="every_kind")))
        await set_up(hass, entry)
        door = entity_id(hass, entry, "binary_sensor", "door")
        await until(lambda: said(hass, door) not in (None, STATE_UNAVAILABLE))
        yield entry
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def test_every_kind_of_register_is_told(
    hass: HomeAssistant, farm: MockConfigEntry, bank: Bank
) -> None:
    registry = er.async_get(hass)
    sub = next(iter(farm.subentries.values()))
    known: dict[str, set[str]] = {}
    for entity in er.async_entries_for_config_entry(registry, farm.entry_id):
        if entity.config_subentry_id == sub.subentry_id:
            known.setdefault(entity.domain, set()).add(entity.unique_id.rpartition(":")[2])
    assert known == KEYS
    assert said(hass, entity_id(hass, farm, "binary_sensor", "door")) == STATE_ON
    assert said(hass, entity_id(hass, farm, "select", "pump_mode")) == "start"
    assert said(hass, entity_id(hass, farm, "switch", "lamp")) == STATE_ON
    fill = hass.states.get(entity_id(hass, farm, "sensor", "fill"))
    assert fill is not None
    assert (fill.state, fill.attributes["unit_of_measurement"]) == ("42.0", "cm")
    # What a device says of itself is there for those who look for it.
    for key in ("fill_unit", "tag", "free"):
        about = registry.async_get(entity_id(hass, farm, "sensor", key))
        assert about is not None
        assert about.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    # A code that nobody has named says nothing.
    bank.put(Space.HOLDING, 0, [9])
    pump = entity_id(hass, farm, "select", "pump_mode")
    await until(lambda: said(hass, pump) == STATE_UNKNOWN)
    bank.put(Space.HOLDING, 3, [7])
    lamp = entity_id(hass, farm, "switch", "lamp")
    await until(lambda: said(hass, lamp) == STATE_UNKNOWN)


async def test_what_a_device_says_of_itself_can_be_enabled(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    ids = {key: entity_id(hass, farm, "sensor", key) for key in ("fill_unit", "tag", "free")}
    for entity in ids.values():
        registry.async_update_entity(entity, disabled_by=None)
    assert await hass.config_entries.async_reload(farm.entry_id)
    await hass.async_block_till_done()
    await until(lambda: said(hass, ids["tag"]) == "ok")
    assert said(hass, ids["free"]) == "5.0"
    unit = hass.states.get(ids["fill_unit"])
    assert unit is not None
    assert (unit.state, unit.attributes["options"]) == ("cm", ["cm", "mm"])


async def test_a_choice_is_made_and_read_back(
    hass: HomeAssistant, farm: MockConfigEntry, bank: Bank
) -> None:
    pump = entity_id(hass, farm, "select", "pump_mode")
    await hass.services.async_call(
        "select", "select_option", {"entity_id": pump, "option": "stop"}, blocking=True
    )
    assert (said(hass, pump), bank.words[Space.HOLDING, 0]) == ("stop", 0)
    lamp = entity_id(hass, farm, "switch", "lamp")
    await hass.services.async_call("switch", "turn_off", {"entity_id": lamp}, blocking=True)
    assert (said(hass, lamp), bank.words[Space.HOLDING, 3]) == (STATE_OFF, 0)


@pytest.mark.parametrize(
    ("domain", "key", "service", "data", "address", "word", "state"),
    [
        ("number", "blind_level", "set_value", {"value": 40}, 8, 40, "40.0"),
        ("switch", "blind_relay", "turn_on", {}, 9, 1, STATE_ON),
        ("select", "blind_mode", "select_option", {"option": "wild"}, 10, 1, "wild"),
    ],
)
async def test_what_cannot_be_read_back_is_assumed_and_said_to_be(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    bank: Bank,
    domain: str,
    key: str,
    service: str,
    data: dict[str, Any],
    address: int,
    word: int,
    state: str,
) -> None:
    blind = entity_id(hass, farm, domain, key)
    await until(lambda: said(hass, blind) == STATE_UNKNOWN)
    await hass.services.async_call(domain, service, {"entity_id": blind, **data}, blocking=True)
    assert bank.words[Space.HOLDING, address] == word
    now = hass.states.get(blind)
    assert now is not None
    assert (float(now.state) if domain == "number" else now.state) == (
        float(state) if domain == "number" else state
    )
    assert now.attributes["assumed_state"] is True


async def test_an_error_of_ours_gives_a_device_up_for_a_while_and_says_so(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = entity_id(hass, farm, "binary_sensor", "door")

    async def broken(self: Any) -> None:
        raise RuntimeError("a mistake")

    with monkeypatch.context() as patched:
        patched.setattr(core_device.Device, "poll", broken)
        await until(lambda: said(hass, door) == STATE_UNAVAILABLE)
    assert "Probe is given up for a while" in caplog.text
    caplog.clear()
    await until(lambda: said(hass, door) == STATE_ON)


async def test_a_device_whose_line_is_not_in_use_takes_nothing(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    poller = next(iter(farm.runtime_data.modbus.pollers.values()))
    await poller.async_stop()
    written = await poller.async_write("lamp", "on")
    assert (written.ok, written.why) == (False, "not_in_use")


# -- drives -------------------------------------------------------------------------------------


class Motor(Bank):
    """A drive of a fan: it turns as it is told."""

    stuck = False

    def set(self, space: Space, start: int, words: Any, function: int) -> None:
        given = list(words)
        super().set(space, start, given, function)
        if start == 0x2000 and not self.stuck:
            turns = self.words[space, 0x2001] if given == [0x12] else 0
            self.words[space, 0x2103] = turns


async def _fan(hass: HomeAssistant, fan: str, service: str, **data: Any) -> None:
    await hass.services.async_call("fan", service, {"entity_id": fan, **data}, blocking=True)


async def test_a_drive_is_a_fan_that_is_on_when_it_is_seen_to_turn(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "INTERVAL_S", dict.fromkeys(set(Group) - {Group.ASKED}, 0.05))
    motor = Motor(words=filled(shelf().get("delta_ms300")).words)
    motor.put(Space.HOLDING, 0x2103, [0])
    async with lined({1: motor}) as port:
        entry = farm_with(hass, device(place(port, profile="delta_ms300"), "Exhaust"))
        await set_up(hass, entry)
        fan = entity_id(hass, entry, "fan", "output_frequency:drive", "Exhaust")
        await until(lambda: said(hass, fan) == STATE_OFF)
        state = hass.states.get(fan)
        assert state is not None
        assert state.name == "Exhaust Drive"
        await _fan(hass, fan, "set_percentage", percentage=50)
        assert motor.words[Space.HOLDING, 0x2001] == 3000
        state = hass.states.get(fan)
        assert state is not None
        assert (state.state, state.attributes["percentage"]) == (STATE_ON, 50)
        await _fan(hass, fan, "turn_off")
        assert said(hass, fan) == STATE_OFF
        # Without a speed it runs at the one that was set.
        await _fan(hass, fan, "turn_on")
        assert (said(hass, fan), motor.words[Space.HOLDING, 0x2001]) == (STATE_ON, 3000)
        await _fan(hass, fan, "turn_on", percentage=100)
        assert motor.words[Space.HOLDING, 0x2001] == 6000
        await _fan(hass, fan, "set_percentage", percentage=0)
        assert said(hass, fan) == STATE_OFF
        # What was told to turn and does not is off.
        motor.stuck = True
        await _fan(hass, fan, "turn_on", percentage=20)
        assert said(hass, fan) == STATE_OFF
        motor.words = {key: word for key, word in motor.words.items() if key[1] != 0x2000}
        with pytest.raises(HomeAssistantError, match="it refused"):
            await _fan(hass, fan, "turn_on")
        poller = next(iter(entry.runtime_data.modbus.pollers.values()))
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        assert (await poller.async_run("stop", ())).why == "not_in_use"


@pytest.mark.parametrize("profile_id", sorted(shelf().profiles))
def test_every_shipped_profile_shows_something_and_no_name_twice(profile_id: str) -> None:
    found = shown(shelf().get(profile_id))
    assert any(one.enabled for one in found)
    names = [
        (one.translation_key, one.number, "" if one.translation_key else one.name) for one in found
    ]
    assert len(set(names)) == len(names)
    for one in found:
        register = one.register
        assert not register.wears
        assert not register.moves_link
        if one.domain in ("number", "switch", "select"):
            assert register.writable
