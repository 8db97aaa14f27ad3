"""What entities report reaches control, and what control wants reaches services."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import (
    AIR,
    HEATER,
    LAMP,
    PUMP,
    VALVE,
    Hardware,
    pass_time,
    settled,
    sow,
    start_batch,
    sub,
)
from homeassistant.core import Context, HomeAssistant, ServiceCall, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.vfarm.const import DOMAIN
from vfarm_core.control.inputs import Cause
from vfarm_core.control.memory import Quality
from vfarm_core.farm.overrides import Mode


async def test_cold_air_turns_the_heater_on_and_warm_air_off(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    hardware.air(15.0)
    await settled(hass)
    assert hardware.services(HEATER) == ["turn_on"]
    hardware.air(26.0)
    await settled(hass)
    assert hardware.services(HEATER) == ["turn_on", "turn_off"]


async def test_a_reading_in_another_unit_is_converted(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    hardware.air(77.0, "°F")
    await settled(hass)
    assert farm.runtime_data.engine.snapshot("tent").air_temperature.value == 25.0


async def test_a_value_from_before_the_start_keeps_its_age(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, hardware: Hardware
) -> None:
    hardware.air(15.0)
    freezer.tick(1200)
    for report in (hardware.humidity, hardware.volume):
        report(65.0)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    await start_batch(hass)
    await settled(hass)
    engine = entry.runtime_data.engine
    assert engine.snapshot("tent").air_temperature.quality is Quality.STALE
    assert engine.snapshot("tent").air_temperature.value is None
    assert engine.snapshot("tent").humidity.quality is Quality.GOOD
    assert hardware.services(HEATER) == [], "nothing is heated for a value of twenty minutes ago"
    assert "no_temperature" in engine.snapshot("tent").problems

    hardware.air(15.0)
    await settled(hass)
    assert engine.snapshot("tent").air_temperature.value == 15.0
    assert hardware.services(HEATER) == ["turn_on"], "the same value, reported again, is fresh"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_value_from_before_the_start_is_as_old_as_it_was_reported(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, hardware: Hardware
) -> None:
    hardware.air(15.0)
    freezer.tick(600)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    engine = entry.runtime_data.engine
    assert engine.snapshot("tent").air_temperature.quality is Quality.GOOD
    await pass_time(hass, freezer, 290)
    assert engine.snapshot("tent").air_temperature.quality is Quality.GOOD
    await pass_time(hass, freezer, 20)
    assert engine.snapshot("tent").air_temperature.quality is Quality.STALE, "15 min in all"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_state_that_is_only_restored_is_no_reading(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    hardware.air(15.0)
    await settled(hass)
    assert hardware.services(HEATER) == ["turn_on"]
    hass.states.async_set(AIR, "unavailable", {"restored": True, "unit_of_measurement": "°C"})
    await settled(hass)
    snapshot = farm.runtime_data.engine.snapshot("tent")
    assert snapshot.air_temperature.quality is Quality.MISSING
    assert hardware.services(HEATER) == ["turn_on", "turn_off"]


async def test_an_entity_says_what_is_wrong_with_its_sensor_and_since_when(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry, hardware: Hardware
) -> None:
    def shown() -> State:
        registry = er.async_get(hass)
        unique = f"{farm.entry_id}:tent:air_temperature"
        entity = registry.async_get_entity_id("sensor", DOMAIN, unique)
        assert entity is not None
        state = hass.states.get(entity)
        assert state is not None
        return state

    hardware.air(22.0)
    await settled(hass)
    assert not {"quality", "reason", "since"} & set(shown().attributes)
    hass.states.async_set(AIR, "unavailable")
    await settled(hass)
    assert shown().state == "unknown"
    assert shown().attributes["quality"] == "missing"
    assert shown().attributes["reason"] == "reading_gone"
    at = dt_util.now().strftime("%H:%M")
    assert shown().attributes["since"] == at
    hardware.air(22.0)
    await settled(hass)
    assert "quality" not in shown().attributes


async def test_a_batch_lights_its_level_to_the_recipe(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    await pass_time(hass, freezer, 300)
    call = [c for c in hardware.calls if c.data["entity_id"] == LAMP][-1]
    assert call.service == "turn_on"
    target = farm.runtime_data.engine.snapshot("rack_level_1").ppfd_target
    assert call.data["brightness"] == pytest.approx(target / 300.0 * 255, abs=2)


async def test_a_service_that_hangs_stalls_no_other(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    never = asyncio.Event()

    hanging: list[ServiceCall] = []

    async def hang(call: ServiceCall) -> None:
        hanging.append(call)
        await never.wait()

    hass.services.async_register("light", "turn_on", hang)
    hass.states.async_set(LAMP, "on", {"supported_color_modes": ["brightness"], "brightness": 200})
    await sow(hass, sown_days_ago=20)
    hardware.air(15.0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert hardware.services(HEATER) == ["turn_on"]
    assert hanging
    never.set()


async def test_a_service_that_fails_is_told_to_control(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await start_batch(hass)
    hass.services.async_remove("switch", "turn_on")
    hardware.air(15.0)
    await settled(hass)
    assert "Command 1.0 to tent.heater failed" in caplog.text


async def test_a_rename_is_followed(
    hass: HomeAssistant, entry: MockConfigEntry, hardware: Hardware
) -> None:
    registry = er.async_get(hass)
    registered = registry.async_get_or_create("sensor", "test", "air", suggested_object_id="a")
    hass.states.async_set(registered.entity_id, "20", {"unit_of_measurement": "°C"})
    zone = sub(entry, "zone")
    bindings = [dict(b) for b in zone.data["bindings"]]
    bindings[0]["entity"] = registered.id
    hass.config_entries.async_update_subentry(entry, zone, data={**zone.data, "bindings": bindings})
    assert await hass.config_entries.async_setup(entry.entry_id)
    engine = entry.runtime_data.engine
    assert engine.snapshot("tent").air_temperature.value == 20

    registry.async_update_entity(registered.entity_id, new_entity_id="sensor.renamed")
    hass.states.async_set("sensor.renamed", "23", {"unit_of_measurement": "°C"})
    await settled(hass)
    assert engine.snapshot("tent").air_temperature.value == 23

    registry.async_remove("sensor.renamed")
    hass.states.async_remove("sensor.renamed")
    await settled(hass)
    assert engine.snapshot("tent").air_temperature.quality is Quality.MISSING
    issue_id = f"{entry.entry_id}_missing_tent.air_temperature"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_an_unregistered_entity_that_vanishes_is_missing_until_it_is_back(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    issue_id = f"{farm.entry_id}_missing_tent.air_temperature"
    hass.states.async_remove(AIR)
    await settled(hass)
    snapshot = farm.runtime_data.engine.snapshot("tent")
    assert snapshot.air_temperature.quality is Quality.MISSING
    assert "sensor_missing" in snapshot.problems
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None
    hardware.air(21)
    await settled(hass)
    assert farm.runtime_data.engine.snapshot("tent").air_temperature.value == 21
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None


@pytest.mark.parametrize(
    ("context", "cause"),
    [
        (Context(user_id="somebody"), Cause.PERSON),
        (Context(parent_id="01ABC"), Cause.OTHER),
        (Context(id="01AUTOMATION"), Cause.OTHER),
        (Context(), Cause.UNKNOWN),
    ],
)
async def test_who_is_behind_a_change_is_told(
    hass: HomeAssistant, farm: MockConfigEntry, context: Context, cause: Cause
) -> None:
    points = farm.runtime_data.engine.points
    hass.bus.async_fire("automation_triggered", {}, context=Context(id="01AUTOMATION"))
    await settled(hass)
    assert points._cause(context) is cause


async def test_our_own_command_is_no_takeover_but_a_persons_is(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    hardware.air(15.0)
    await settled(hass)
    actuators = farm.runtime_data.engine.runtime.memory.actuators
    assert actuators["tent.heater"].takeover_until is None
    hass.states.async_set(HEATER, "off", context=Context(user_id="grower"))
    await settled(hass)
    actuators = farm.runtime_data.engine.runtime.memory.actuators
    assert actuators["tent.heater"].takeover_until is not None
    assert hardware.services(HEATER) == ["turn_on"]


async def test_a_shot_opens_the_valve_before_the_pump_and_stops_in_reverse(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    await hass.services.async_call(
        DOMAIN, "run_shot", {"node": ["bench"], "duration": {"seconds": 120}}, blocking=True
    )
    await pass_time(hass, freezer, 300, step=5)
    water = [(c.data["entity_id"], c.service) for c in hardware.calls]
    water = [step for step in water if step[0] in (VALVE, PUMP)]
    assert water == [
        (VALVE, "open_valve"),
        (PUMP, "turn_on"),
        (PUMP, "turn_off"),
        (VALVE, "close_valve"),
    ]
    snapshot = farm.runtime_data.engine.snapshot("bench")
    assert snapshot.last_end == "done"
    assert snapshot.last_delivered_l == pytest.approx(20, abs=2)


async def test_an_idle_hour_writes_nothing_and_calls_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await pass_time(hass, freezer, 120)
    changes: list[str] = []
    hass.bus.async_listen("state_changed", lambda event: changes.append(event.data["entity_id"]))
    records = farm.runtime_data.engine.journal
    written: list[Any] = []
    append = records.append
    records.append = lambda batch, done: (written.extend(batch), append(batch, done))  # type: ignore[method-assign,assignment]
    for _ in range(60):
        # Sensors go on reporting the same values, as good ones do.
        hardware.settle()
        await pass_time(hass, freezer, 60)
    assert changes == []
    assert hardware.calls == []
    assert written == []


@pytest.fixture
async def at_work(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry, hardware: Hardware
) -> MockConfigEntry:
    """The farm with its heater and its lamp on, as they are wanted."""
    await start_batch(hass, sown_days_ago=20)
    hardware.air(15.0)
    await pass_time(hass, freezer, 600, step=60)
    assert [hass.states.get(entity).state for entity in (HEATER, LAMP)] == ["on", "on"]
    hardware.calls.clear()
    return farm


def again(hass: HomeAssistant, *entities: str, **attributes: Any) -> None:
    """Entities report once more what they are."""
    for entity_id in entities:
        state = hass.states.get(entity_id)
        hass.states.async_set(entity_id, state.state, {**state.attributes, **attributes})


async def test_what_is_reported_again_is_not_commanded_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    at_work: MockConfigEntry,
    hardware: Hardware,
) -> None:
    for minute in range(10):
        hardware.air(15.0)
        hardware.humidity(65.0)
        hardware.volume(80.0)
        again(hass, HEATER, PUMP, VALVE, LAMP)
        again(hass, HEATER, PUMP, VALVE, noise=minute)
        await pass_time(hass, freezer, 60)
    assert hardware.calls == []


async def test_a_restart_with_everything_right_commands_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    at_work: MockConfigEntry,
    hardware: Hardware,
) -> None:
    assert await hass.config_entries.async_reload(at_work.entry_id)
    hardware.air(15.0)
    await pass_time(hass, freezer, 60, step=10)
    assert at_work.runtime_data.engine.snapshot(at_work.entry_id).stage == "running"
    assert hardware.calls == []


@pytest.mark.parametrize("by", [-3, -1, 1, 3])
async def test_a_lamp_that_rounds_its_brightness_is_left_alone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    at_work: MockConfigEntry,
    hardware: Hardware,
    by: int,
) -> None:
    hardware.air(15.0)
    again(hass, LAMP, brightness=hass.states.get(LAMP).attributes["brightness"] + by)
    await pass_time(hass, freezer, 30, step=5)
    assert hardware.calls == []


async def test_a_lamp_that_is_truly_off_its_level_is_brought_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    at_work: MockConfigEntry,
    hardware: Hardware,
) -> None:
    wanted = hass.states.get(LAMP).attributes["brightness"]
    again(hass, LAMP, brightness=wanted - 20)
    await settled(hass)
    assert [call.data["brightness"] for call in hardware.calls] == [wanted]


async def test_a_measured_value_is_written_once_a_minute_but_alarms_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry, hardware: Hardware
) -> None:
    registry = er.async_get(hass)
    ours = registry.async_get_entity_id("sensor", DOMAIN, f"{farm.entry_id}:tent:air_temperature")
    problem = registry.async_get_entity_id("binary_sensor", DOMAIN, f"{farm.entry_id}:tent:problem")
    await pass_time(hass, freezer, 120)
    writes: list[str] = []
    hass.bus.async_listen(
        "state_changed",
        lambda event: (
            writes.append(event.data["new_state"].state)
            if event.data["entity_id"] == ours
            else None
        ),
    )
    for tenth in range(12):
        hardware.air(22.1 + tenth / 10)
        await pass_time(hass, freezer, 10)
    assert len(writes) in (2, 3)
    hass.states.async_set(AIR, "unavailable")
    await settled(hass)
    assert hass.states.get(ours).state == "unknown"
    assert hass.states.get(problem).state == "on"
    assert "sensor_missing" in hass.states.get(problem).attributes["problems"]


async def test_monitor_sends_nothing(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    registry = er.async_get(hass)
    mode = registry.async_get_entity_id("select", DOMAIN, f"{farm.entry_id}:{farm.entry_id}:mode")
    await hass.services.async_call(
        "select", "select_option", {"entity_id": mode, "option": "monitor"}, blocking=True
    )
    await start_batch(hass)
    hardware.air(15.0)
    await settled(hass)
    assert hardware.calls == []
    assert hass.states.get(mode).state == "monitor"
    assert farm.runtime_data.engine.snapshot(farm.entry_id).mode is Mode.MONITOR


async def test_the_button_stops_everything(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    hardware.air(15.0)
    await settled(hass)
    registry = er.async_get(hass)
    key = f"{farm.entry_id}:{farm.entry_id}"
    button = registry.async_get_entity_id("button", DOMAIN, f"{key}:emergency_stop")
    stopped = registry.async_get_entity_id("binary_sensor", DOMAIN, f"{key}:emergency")
    assert hass.states.get(stopped).state == "off"
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    await settled(hass)
    assert hardware.services(HEATER)[-1] == "turn_off"
    assert hass.states.get(stopped).state == "on"
