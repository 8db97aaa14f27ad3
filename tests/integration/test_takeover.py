"""Who switches a device that vfarm drives: a person and their automations are respected for a
while, the device's own moves are not. On Home Assistant's own automations, scripts and scenes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import Hardware, pass_time, settled, small_farm, start_batch
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import intent
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from custom_components.vfarm.const import DOMAIN, EVENT_VFARM

HEATER = "input_boolean.heater"
OFF = {"action": "input_boolean.turn_off", "target": {"entity_id": HEATER}}


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """The small farm, its heater on a helper of Home Assistant's own."""
    parts = small_farm()
    heater = parts["zone"]["data"]["bindings"][2]  # type: ignore[index]
    assert heater["role"] == "heater"
    heater["entity"] = HEATER
    made = MockConfigEntry(
        domain=DOMAIN,
        title="Home farm",
        data={"kind": "farm"},
        subentries_data=list(parts.values()),
    )
    made.add_to_hass(hass)
    return made


@pytest.fixture
async def hardware(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Hardware:
    """The entities of the small farm; the heater is made by the test."""
    made = Hardware(hass)
    await made.async_register()
    made.settle()
    return made


@pytest.fixture
async def helpers(hass: HomeAssistant, hardware: Hardware) -> None:
    """The heater, and everything that can switch it."""
    assert await async_setup_component(hass, "homeassistant", {})
    for domain, made in {
        "input_boolean": {"heater": {}},
        "automation": [
            {
                "id": "by_event",
                "alias": "by event",
                "triggers": [{"trigger": "event", "event_type": "go"}],
                "actions": [OFF],
            },
            {
                "id": "by_heater",
                "alias": "by heater",
                "triggers": [{"trigger": "state", "entity_id": HEATER, "to": "on"}],
                "actions": [OFF],
                "initial_state": False,
            },
            {
                "id": "scene",
                "alias": "scene",
                "triggers": [{"trigger": "event", "event_type": "evening"}],
                "actions": [{"action": "scene.turn_on", "target": {"entity_id": "scene.quiet"}}],
            },
        ],
        "script": {"stop_it": {"sequence": [OFF]}},
        "scene": [{"name": "quiet", "entities": {HEATER: "off"}}],
        "intent": {},
    }.items():
        assert await async_setup_component(hass, domain, {domain: made})
    await hass.async_block_till_done()


@pytest.fixture
async def heating(
    hass: HomeAssistant, helpers: None, farm: MockConfigEntry, hardware: Hardware
) -> MockConfigEntry:
    """The farm with its heater on."""
    await start_batch(hass)
    hardware.air(15.0)
    await settled(hass)
    assert state(hass) == "on"
    return farm


def state(hass: HomeAssistant) -> str:
    found = hass.states.get(HEATER)
    assert found is not None
    return found.state


def until(farm: MockConfigEntry) -> float | None:
    """Until when the heater is taken over."""
    found: float | None = farm.runtime_data.engine.runtime.memory.actuators[
        "tent.heater"
    ].takeover_until
    return found


type Hand = Callable[[HomeAssistant, Context], Awaitable[Any]]


async def person(hass: HomeAssistant, by: Context) -> None:
    await hass.services.async_call(
        "input_boolean", "turn_off", {"entity_id": HEATER}, blocking=True, context=by
    )


async def automation(hass: HomeAssistant, by: Context) -> None:
    hass.bus.async_fire("go")


async def automation_that_watches_us(hass: HomeAssistant, by: Context) -> None:
    await hass.services.async_call(
        "automation", "turn_on", {"entity_id": "automation.by_heater"}, blocking=True
    )
    # It waits for what vfarm does: our own command is the cause of its trigger.
    hass.states.async_set("sensor.tent_air", "26", {"unit_of_measurement": "°C"})
    await settled(hass)
    assert state(hass) == "off"
    hass.states.async_set("sensor.tent_air", "15", {"unit_of_measurement": "°C"})
    await settled(hass)


async def script(hass: HomeAssistant, by: Context) -> None:
    await hass.services.async_call("script", "stop_it", {}, blocking=True)


async def script_of_a_person(hass: HomeAssistant, by: Context) -> None:
    await hass.services.async_call("script", "stop_it", {}, blocking=True, context=by)


async def scene(hass: HomeAssistant, by: Context) -> None:
    await hass.services.async_call(
        "scene", "turn_on", {"entity_id": "scene.quiet"}, blocking=True, context=by
    )


async def scene_of_an_automation(hass: HomeAssistant, by: Context) -> None:
    hass.bus.async_fire("evening")


async def voice(hass: HomeAssistant, by: Context) -> None:
    await intent.async_handle(
        hass, "test", intent.INTENT_TURN_OFF, {"name": {"value": HEATER}}, context=by
    )


@pytest.mark.parametrize(
    ("hand", "cause"),
    [
        (person, "person"),
        (automation, "other"),
        (automation_that_watches_us, "other"),
        (script, "other"),
        (script_of_a_person, "person"),
        (scene, "person"),
        (scene_of_an_automation, "other"),
        (voice, "person"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
async def test_a_hand_is_respected_for_half_an_hour(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    heating: MockConfigEntry,
    hardware: Hardware,
    hass_admin_user: MockUser,
    hand: Hand,
    cause: str,
) -> None:
    events = async_capture_events(hass, EVENT_VFARM)
    await hand(hass, Context(user_id=hass_admin_user.id))
    await settled(hass)
    assert state(hass) == "off"
    (told,) = (e.data for e in events if e.data["kind"] == "takeover")
    assert told["params"]["cause"] == cause
    for _ in range(29):
        hardware.air(15.0)
        await pass_time(hass, freezer, 60, step=60)
    assert state(hass) == "off"
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.by_heater"}, blocking=True
    )
    hardware.air(15.0)
    await pass_time(hass, freezer, 120)
    assert state(hass) == "on", "it has ended"


async def test_what_is_taken_over_is_given_back_at_once(
    hass: HomeAssistant, heating: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    await person(hass, Context(user_id=hass_admin_user.id))
    await settled(hass)
    assert until(heating) is not None
    events = async_capture_events(hass, EVENT_VFARM)
    await hass.services.async_call(
        DOMAIN,
        "give_back",
        {"point": "tent.heater"},
        blocking=True,
        context=Context(user_id=hass_admin_user.id),
    )
    await settled(hass)
    assert state(hass) == "on"
    assert until(heating) is None
    (told,) = (e.data for e in events if e.data["kind"] == "given_back")
    assert told["params"]["by"] == f"user:{hass_admin_user.id}"


async def test_a_takeover_holds_over_a_reload(
    hass: HomeAssistant, heating: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    await person(hass, Context(user_id=hass_admin_user.id))
    await settled(hass)
    ends = until(heating)
    assert await hass.config_entries.async_reload(heating.entry_id)
    await settled(hass)
    assert until(heating) == ends
    assert state(hass) == "off"


@pytest.mark.parametrize("how", ["its own button", "a voice without a person"])
async def test_what_nobody_stands_behind_is_brought_back(
    hass: HomeAssistant, heating: MockConfigEntry, how: str
) -> None:
    if how == "its own button":
        hass.states.async_set(HEATER, "off", context=Context())
    else:
        await voice(hass, Context())
    await settled(hass)
    assert until(heating) is None
    assert state(hass) == "on"


async def test_a_hand_that_does_what_vfarm_wants_is_no_takeover(
    hass: HomeAssistant, heating: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    await hass.services.async_call(
        "input_boolean",
        "turn_on",
        {"entity_id": HEATER},
        blocking=True,
        context=Context(user_id=hass_admin_user.id),
    )
    await settled(hass)
    assert until(heating) is None


async def test_a_trip_goes_before_every_hand(
    hass: HomeAssistant, heating: MockConfigEntry, hardware: Hardware, hass_admin_user: MockUser
) -> None:
    hardware.air(22.0)
    await settled(hass)
    assert state(hass) == "off"
    await hass.services.async_call(
        "input_boolean",
        "turn_on",
        {"entity_id": HEATER},
        blocking=True,
        context=Context(user_id=hass_admin_user.id),
    )
    await settled(hass)
    assert (state(hass), until(heating) is not None) == ("on", True)
    hardware.air(45.0)
    await settled(hass)
    assert state(hass) == "off"
