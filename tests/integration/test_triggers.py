"""Triggers: they fire for what happens to what they are aimed at, and for nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from freezegun.api import FrozenDateTimeFactory
from home_farm import Hardware, pass_time, settled, start_batch
from homeassistant.const import CONF_OPTIONS, CONF_PLATFORM, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import label_registry as lr
from homeassistant.helpers.trigger import (
    async_get_all_descriptions,
    async_initialize_triggers,
    async_validate_trigger_config,
)
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_translations import LANGUAGES, SHELL, texts

from custom_components.vfarm.devices import async_device_id
from custom_components.vfarm.reach import Reach, async_devices, async_nodes
from custom_components.vfarm.trigger import HAPPENINGS, TRIGGERS
from vfarm_core.control import dose, shot
from vfarm_core.control.effects import Event, Severity
from vfarm_core.control.memory import DoseEnd, ShotEnd

type Fired = list[dict[str, Any]]


async def attach(
    hass: HomeAssistant,
    key: str,
    *,
    target: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[Fired, CALLBACK_TYPE]:
    """A trigger that is attached: what it fired with, and how to let it go."""
    config: dict[str, Any] = {CONF_PLATFORM: f"vfarm.{key}", CONF_OPTIONS: options}
    if target is not None:
        config[CONF_TARGET] = target
    fired: Fired = []

    @callback
    def action(variables: dict[str, Any], context: Context | None = None) -> None:
        fired.append(variables["trigger"])

    detach = await async_initialize_triggers(
        hass,
        await async_validate_trigger_config(hass, [config]),
        action,
        domain="test",
        name="test",
        log_cb=logging.getLogger(__name__).log,
    )
    assert detach is not None
    return fired, detach


def device(hass: HomeAssistant, farm: MockConfigEntry, node: str) -> str:
    """The device of a node."""
    found = async_device_id(hass, farm, farm.entry_id if node == "farm" else node)
    assert found is not None, node
    return found


def entity(hass: HomeAssistant, farm: MockConfigEntry, domain: str, node: str, key: str) -> str:
    """An entity of a node."""
    node = farm.entry_id if node == "farm" else node
    found = er.async_get(hass).async_get_entity_id(domain, "vfarm", f"{farm.entry_id}:{node}:{key}")
    assert found is not None, (node, key)
    return found


@pytest.fixture
def tell(hass: HomeAssistant, farm: MockConfigEntry) -> Callable[..., Any]:
    """Have something happen to a node, as the core tells it."""

    async def happen(
        kind: str, node: str, severity: Severity = Severity.INFO, **params: Any
    ) -> None:
        node = farm.entry_id if node == "farm" else node
        event = Event(kind=kind, node=node, at=0.0, severity=severity, params=params)
        farm.runtime_data.engine.emitted(event)
        await hass.async_block_till_done()

    return happen


#: For each trigger: something that fires it, and something near to it that does not.
CASES: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], dict[str, Any]]] = {
    "alarm_raised": (
        ("flow_lost", "bench", Severity.P1, {}),
        ("door_open", "tent", Severity.P3, {}),
        {},
    ),
    "batch_harvested": (
        ("batch_harvested", "rack_level_1", Severity.INFO, {"batch": "b"}),
        ("batch_failed", "rack_level_1", Severity.INFO, {"batch": "b"}),
        {},
    ),
    "batch_ready": (
        ("batch_ready", "rack_level_1", Severity.INFO, {"batch": "b"}),
        ("batch_started", "rack_level_1", Severity.INFO, {"batch": "b"}),
        {},
    ),
    "batch_started": (
        ("batch_started", "rack_level_1", Severity.INFO, {"batch": "b"}),
        ("batch_planned", "rack_level_1", Severity.INFO, {"batch": "b"}),
        {},
    ),
    "dose_failed": (
        ("dose_ended", "tank", Severity.P1, {"end": "pump_failed", "point": "tank.a"}),
        ("dose_ended", "tank", Severity.INFO, {"end": "done", "point": "tank.a"}),
        {},
    ),
    "door_left_open": (
        ("door_open", "tent", Severity.P3, {"minutes": 5}),
        ("door_closed", "tent", Severity.INFO, {}),
        {},
    ),
    "inhibited": (
        ("circuit_inhibited", "bench", Severity.P1, {"end": "no_flow"}),
        ("inhibit_cleared", "bench", Severity.INFO, {}),
        {},
    ),
    "leak_detected": (("leak", "tank", Severity.P1, {}), ("smoke", "tent", Severity.P1, {}), {}),
    "lights_turned_off": (
        ("lights_off", "rack_level_1", Severity.INFO, {"batch": "b"}),
        ("lights_on", "rack_level_1", Severity.INFO, {"batch": "b"}),
        {},
    ),
    "lights_turned_on": (
        ("lights_on", "rack_level_1", Severity.INFO, {"batch": "b"}),
        ("lights_off", "rack_level_1", Severity.INFO, {"batch": "b"}),
        {},
    ),
    "mode_changed": (
        ("mode_changed", "farm", Severity.INFO, {"mode": "hold", "was": "auto"}),
        ("mode_changed", "farm", Severity.INFO, {"mode": "auto", "was": "hold"}),
        {"mode": "hold"},
    ),
    "phase_changed": (
        ("phase_changed", "rack_level_1", Severity.INFO, {"batch": "b", "phase": "light"}),
        ("phase_changed", "rack_level_1", Severity.INFO, {"batch": "b", "phase": "blackout"}),
        {"phase": ["light", "production"]},
    ),
    "reservoir_low": (
        ("volume_low", "tank", Severity.P2, {"volume_l": 5.0}),
        ("volume_restored", "tank", Severity.INFO, {"volume_l": 50.0}),
        {},
    ),
    "shot_failed": (
        ("shot_ended", "bench", Severity.P2, {"end": "no_flow"}),
        ("shot_ended", "bench", Severity.INFO, {"end": "done"}),
        {},
    ),
    "smoke_detected": (("smoke", "tent", Severity.P1, {}), ("leak", "tank", Severity.P1, {}), {}),
    "stop_pressed": (
        ("emergency_stop", "farm", Severity.P1, {"by": "Ada"}),
        ("emergency_released", "farm", Severity.INFO, {"by": "Ada"}),
        {},
    ),
    "stop_released": (
        ("emergency_released", "farm", Severity.INFO, {"by": "Ada"}),
        ("emergency_stop", "farm", Severity.P1, {"by": "Ada"}),
        {},
    ),
    "taken_over": (
        ("takeover", "tent", Severity.P4, {"point": "tent.heater"}),
        ("given_back", "tent", Severity.INFO, {"point": "tent.heater"}),
        {},
    ),
}


def test_every_trigger_on_what_happens_is_tested() -> None:
    assert set(CASES) == set(HAPPENINGS)


@pytest.mark.parametrize("key", CASES)
async def test_a_trigger_fires_for_its_happening_and_for_no_other(
    hass: HomeAssistant, farm: MockConfigEntry, tell: Callable[..., Any], key: str
) -> None:
    fires, does_not, options = CASES[key]
    fired, detach = await attach(hass, key, **options)
    *what, params = does_not
    await tell(*what, **params)
    assert fired == []
    *what, params = fires
    await tell(*what, **params)
    (told,) = fired
    assert told["kind"] == fires[0]
    assert told["params"] == fires[3]
    assert told["severity"] == fires[2].value
    assert told["device_id"] == device(hass, farm, fires[1])
    assert told["message"].startswith(f"{told['name']}: ")
    detach()
    await tell(*what, **params)
    assert len(fired) == 1


@pytest.mark.parametrize("end", ShotEnd)
async def test_only_shots_that_went_wrong_failed(
    hass: HomeAssistant, tell: Callable[..., Any], end: ShotEnd
) -> None:
    fired, _ = await attach(hass, "shot_failed")
    await tell("shot_ended", "bench", end=end.value)
    assert bool(fired) is (end in shot.FAILED_ENDS)
    assert not fired or end not in (ShotEnd.DONE, ShotEnd.VOLUME, ShotEnd.STOPPED)


@pytest.mark.parametrize("end", DoseEnd)
async def test_only_doses_that_went_wrong_failed(
    hass: HomeAssistant, tell: Callable[..., Any], end: DoseEnd
) -> None:
    fired, _ = await attach(hass, "dose_failed")
    await tell("dose_ended", "tank", end=end.value)
    assert bool(fired) is (end in dose.FAILED_ENDS)
    assert not fired or end not in (DoseEnd.DONE, DoseEnd.STOPPED)


async def test_gravity_is_chosen(hass: HomeAssistant, tell: Callable[..., Any]) -> None:
    fired, _ = await attach(hass, "alarm_raised", severity=["p3", "p4"])
    for severity in Severity:
        await tell("something", "tent", severity)
    assert [told["severity"] for told in fired] == ["p3", "p4"]
    with pytest.raises(Exception, match="severity"):
        await attach(hass, "alarm_raised", severity=["info"])


# -- what they are aimed at ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aim", "hears"),
    [
        ("farm", {"rack_level_1", "rack_level_2", "tent", "bench", "tank", "farm"}),
        ("tent", {"rack_level_1", "rack_level_2", "tent"}),
        ("rack", {"rack_level_1", "rack_level_2"}),
        ("rack_level_2", {"rack_level_2"}),
        ("tank", {"bench", "tank"}),
        ("bench", {"bench"}),
    ],
)
async def test_a_device_means_its_node_and_all_that_is_part_of_it(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    tell: Callable[..., Any],
    aim: str,
    hears: set[str],
) -> None:
    fired, _ = await attach(
        hass, "alarm_raised", target={"device_id": device(hass, farm, aim)}, severity="p3"
    )
    for node in ("rack_level_1", "rack_level_2", "tent", "bench", "tank", "farm"):
        await tell("something", node, Severity.P3)
    names = {told["node"] for told in fired}
    assert {"farm" if name == farm.entry_id else name for name in names} == hears


async def test_an_area_an_entity_and_a_label_mean_their_devices(
    hass: HomeAssistant, farm: MockConfigEntry, tell: Callable[..., Any]
) -> None:
    area = ar.async_get(hass).async_create("Cellar")
    label = lr.async_get(hass).async_create("Watched")
    tank = device(hass, farm, "tank")
    by_area, _ = await attach(hass, "reservoir_low", target={"area_id": area.id})
    by_label, _ = await attach(hass, "reservoir_low", target={"label_id": label.label_id})
    by_entity, _ = await attach(
        hass,
        "reservoir_low",
        target={"entity_id": entity(hass, farm, "sensor", "tank", "volume")},
    )
    await tell("volume_low", "tank", Severity.P2)
    assert (len(by_area), len(by_label), len(by_entity)) == (0, 0, 1)
    # What is put into an area later is found without anything being set up again.
    dr.async_get(hass).async_update_device(tank, area_id=area.id, labels={label.label_id})
    await tell("volume_low", "tank", Severity.P2)
    assert (len(by_area), len(by_label), len(by_entity)) == (1, 1, 2)


async def test_a_batch_on_two_levels_happens_on_both(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    target = {"device_id": device(hass, farm, "rack_level_2")}
    started, _ = await attach(hass, "batch_started", target=target)
    moved_on, _ = await attach(hass, "phase_changed", target=target)
    answer = await start_batch(hass)
    assert [told["params"]["batch"] for told in started] == [answer["batch"]]
    assert started[0]["node"] == "rack_level_1"
    assert started[0]["device_ids"] == [
        device(hass, farm, "rack_level_1"),
        device(hass, farm, "rack_level_2"),
    ]
    await hass.services.async_call(
        "vfarm", "advance_phase", {"batch": answer["batch"]}, blocking=True
    )
    await settled(hass)
    (told,) = moved_on
    assert told["params"]["was"] != told["params"]["phase"]


# -- over the life of a farm --------------------------------------------------------------------


async def test_nothing_fires_while_a_farm_is_unloaded_and_it_goes_on_after_a_reload(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    fired, _ = await attach(hass, "mode_changed", target={"device_id": device(hass, farm, "farm")})
    assert await hass.config_entries.async_unload(farm.entry_id)
    await hass.async_block_till_done()
    assert fired == []
    assert await hass.config_entries.async_setup(farm.entry_id)
    await settled(hass)
    assert fired == []
    await hass.services.async_call("vfarm", "set_mode", {"mode": "hold"}, blocking=True)
    await settled(hass)
    assert [told["params"]["mode"] for told in fired] == ["hold"]


async def test_a_trigger_that_is_attached_before_the_farm_is_set_up_fires(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry
) -> None:
    fired, _ = await attach(hass, "stop_pressed")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    await hass.services.async_call("vfarm", "emergency_stop", {}, blocking=True)
    await settled(hass)
    assert [told["severity"] for told in fired] == ["p1"]


# -- what values come to ------------------------------------------------------------------------


async def test_vpd_crosses_a_threshold(
    hass: HomeAssistant,
    hardware: Hardware,
    farm: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    above = {"threshold": {"type": "above", "value": {"number": 1.2}}}
    by_zone, _ = await attach(
        hass,
        "vpd_crossed_threshold",
        target={"device_id": device(hass, farm, "tent")},
        **above,
    )
    by_temperature, _ = await attach(
        hass,
        "vpd_crossed_threshold",
        target={"entity_id": entity(hass, farm, "sensor", "tent", "air_temperature")},
        **above,
    )
    await pass_time(hass, freezer, 120)
    for humidity in (64.0, 50.0, 40.0):
        hardware.humidity(humidity)
        await pass_time(hass, freezer, 90)
    (told,) = by_zone
    assert told["entity_id"] == entity(hass, farm, "sensor", "tent", "vpd")
    assert float(told["to_state"].state) > 1.2 >= float(told["from_state"].state)
    assert by_temperature == [], "no other sensor is taken for a VPD"


async def test_a_level_has_got_its_light(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    dli = entity(hass, farm, "sensor", "rack_level_1", "dli")
    target = entity(hass, farm, "sensor", "rack_level_1", "dli_target")
    aim = {"device_id": device(hass, farm, "rack")}
    whole, _ = await attach(hass, "dli_reached", target=aim)
    half, _ = await attach(hass, "dli_reached", target=aim, share=50)

    async def show(entity_id: str, value: str) -> None:
        hass.states.async_set(entity_id, value)
        await hass.async_block_till_done()

    await show(dli, "3.0")
    await show(dli, "9.0")
    assert (len(half), len(whole)) == (0, 0), "nobody knows what it should get"
    await show(dli, "0.0")
    await show(target, "14.04")
    for value in ("6.9", "7.0", "9.0"):
        await show(dli, value)
    assert (len(half), len(whole)) == (1, 0)
    # Shown to a tenth: 14.0 of 14.04 is all of it.
    for value in ("13.9", "14.0", "14.1"):
        await show(dli, value)
    assert (len(half), len(whole)) == (1, 1)
    await show(dli, "unknown")
    await show(target, "unknown")
    await show(dli, "20.0")
    assert len(whole) == 1, "nobody knows any more what it should get"
    await show(target, "14.04")
    await show(dli, "0.0")
    await show(dli, "14.0")
    assert len(whole) == 2, "the next day counts anew"


async def test_a_problem_is_raised_once(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    tank = entity(hass, farm, "binary_sensor", "tank", "problem")
    aim = {"device_id": device(hass, farm, "tank")}
    every, _ = await attach(hass, "problem_raised", target=aim)
    leaks, _ = await attach(hass, "problem_raised", target=aim, problem="leak")
    for problems in (["volume_low"], ["volume_low", "leak"], ["leak"], []):
        hass.states.async_set(tank, "on" if problems else "off", {"problems": problems})
        await hass.async_block_till_done()
    assert [told["to_state"].attributes["problems"] for told in every] == [
        ["volume_low"],
        ["volume_low", "leak"],
    ]
    assert [told["to_state"].attributes["problems"] for told in leaks] == [["volume_low", "leak"]]


# -- what is said of them -----------------------------------------------------------------------


async def test_home_assistant_knows_every_trigger_and_its_fields(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    described = await async_get_all_descriptions(hass)
    ours = {key.removeprefix("vfarm."): d for key, d in described.items() if "vfarm" in key}
    assert set(ours) == set(TRIGGERS)
    assert all(d is not None for d in ours.values())
    written = yaml.safe_load((SHELL / "triggers.yaml").read_text())
    for key, happening in HAPPENINGS.items():
        assert set(written[key].get("fields", {})) == {str(o) for o in happening.options}, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_trigger_has_words_in_every_language(language: str) -> None:
    words = texts(language)["triggers"]
    written = yaml.safe_load((SHELL / "triggers.yaml").read_text())
    assert set(words) == set(TRIGGERS)
    for key, told in words.items():
        assert set(told.get("fields", {})) == set((written[key] or {}).get("fields", {})), key


def test_every_trigger_has_an_icon() -> None:
    icons = yaml.safe_load((SHELL / "icons.json").read_text())["triggers"]
    assert set(icons) == set(TRIGGERS)


# -- what is left out ---------------------------------------------------------------------------


async def test_what_a_target_leaves_out_is_not_meant(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    # Home Assistant knows `exclude` since 2026.11; this release would refuse it in an automation.
    target = {
        "device_id": [device(hass, farm, "farm")],
        "exclude": {"device_id": [device(hass, farm, "rack")]},
    }
    aim = Reach(hass, target)
    assert aim.async_reaches(farm, ["tent"])
    assert aim.async_reaches(farm, ["tank"])
    assert not aim.async_reaches(farm, ["rack_level_1"])
    assert aim.async_reaches(farm, ["rack_level_1", "tent"]), "one of them is meant"
    nodes = {node for _, node in async_nodes(hass, target)}
    assert {"tent", "tank", "pump", "bench"} <= nodes
    assert not nodes & {"rack", "rack_level_1", "rack_level_2"}


async def test_a_target_is_looked_up_once_for_many_happenings(
    hass: HomeAssistant, farm: MockConfigEntry, tell: Callable[..., Any]
) -> None:
    target = {"device_id": device(hass, farm, "tent")}
    fired, detach = await attach(hass, "lights_turned_on", target=target)
    with patch("custom_components.vfarm.reach.async_devices", wraps=async_devices) as looked:
        for _ in range(5):
            await tell("lights_on", "rack_level_1", batch="b")
        assert len(fired) == 5
        assert looked.call_count == 2, "what is meant, and what is left out"
        ar.async_get(hass).async_create("Cellar")
        await tell("lights_on", "rack_level_1", batch="b")
        assert looked.call_count == 4
    detach()


async def test_what_is_heard_of_a_farm_that_is_gone_is_told_without_places(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    anywhere, _ = await attach(hass, "leak_detected")
    somewhere, _ = await attach(
        hass, "leak_detected", target={"device_id": device(hass, farm, "tank")}
    )
    said = {"kind": "leak", "node": "tank", "name": "Tank", "severity": "p1", "params": {}}
    hass.bus.async_fire("vfarm_event", {"entry_id": "gone", "device_id": None, "at": 0.0, **said})
    await hass.async_block_till_done()
    assert [told["device_ids"] for told in anywhere] == [[]]
    assert somewhere == []
