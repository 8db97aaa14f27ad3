"""Bad input at every entity that takes commands and at every websocket command: refused in words,
and nothing happens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import manager, settled, start_batch
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from test_dose_faults import Tank, entry, hardware  # noqa: F401 - fixtures
from test_translations import LANGUAGES, texts
from untouched import Untouched, unsaid, untouched
from voluptuous import Invalid

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.roles import COMMANDS, ENTITIES

#: Said by Home Assistant's own entity platforms, which check first.
PLATFORMS = {"number", "select", "climate", "calendar", "todo", "time", "switch", "button"}

DAY = {"start_date": "2199-01-01", "end_date": "2199-01-02"}
BASIL = {"summary": "basil_sweet", "location": "rack_level_1"}
HIGH: Mapping[str, float] = {
    "air_temperature": 99, "humidity": 150, "vpd": 9, "co2": 9999, "ppfd": 5000, "photoperiod": 30,
}  # fmt: skip
NUMBERS = ("nan", "inf", "-inf", "many", -1000)
#: By line of `roles.ENTITIES`: node, action and what it does not take.
ROWS: Mapping[str, list[tuple[str, str, dict[str, Any]]]] = {
    "button.emergency_stop": [("", "press", {"moon": 1})],
    "button.run_shot": [("bench", "press", {})],
    "button.self_test": [("", "press", {"moon": 1})],
    "button.clear_inhibit": [("bench", "press", {})],
    "button.clear_latches": [("tent", "press", {})],
    "button.advance_workflow": [("tank", "press", {})],
    "button.end_workflow": [("tent", "press", {})],
    "select.mode": [
        ("", "select_option", {"option": bad}) for bad in ("lazy", "", "Auto", 7, None)
    ],
    "switch.loop_light": [("", "turn_on", {})],
    "switch.loop_climate": [("", "turn_on", {})],
    "switch.loop_irrigation": [("", "turn_on", {})],
    "switch.loop_dosing": [("", "turn_on", {})],
    "time.lights_on": [
        ("rack_level_1", "set_value", {"time": bad}) for bad in ("25:99", "noon", 7, None)
    ],
    "number.override_hours": [
        ("", "set_value", {"value": bad}) for bad in (*NUMBERS, 0, 0.2, 169, None)
    ],
    **{
        f"number.{quantity}_override": [
            (node, "set_value", {"value": bad}) for bad in (*NUMBERS, HIGH[quantity], None)
        ]
        for quantity, node in (
            ("air_temperature", "tent"),
            ("humidity", "tent"),
            ("vpd", "tent"),
            ("ppfd", "rack_level_1"),
            ("photoperiod", "rack_level_1"),
        )
    },
    "climate.climate": [
        *(("tent", "set_temperature", {"temperature": bad}) for bad in (*NUMBERS, 99, None)),
        *(("tent", "set_humidity", {"humidity": bad}) for bad in (*NUMBERS, 150, None)),
        *(("tent", "set_hvac_mode", {"hvac_mode": bad}) for bad in ("off", "cool", "lazy", None)),
        ("tent", "set_temperature", {"target_temp_low": 18, "target_temp_high": 24}),
        ("tent", "set_temperature", {"hvac_mode": "auto"}),
    ],
    "calendar.agenda": [
        *(
            ("", "create_event", data)
            for data in (
                {**BASIL, "start_date": "2020-01-01", "end_date": "2020-01-02"},
                {**BASIL, "start_date": "someday", "end_date": "2020-01-02"},
                {
                    **BASIL,
                    "start_date_time": "2020-01-01 08:00:00",
                    "end_date_time": "2020-01-01 09:00:00",
                },
                {**BASIL, "start_date": "2199-01-02", "end_date": "2199-01-01"},
                {**BASIL},
                {**BASIL, **DAY, "summary": "mango"},
                {**BASIL, **DAY, "location": "moon"},
                {**BASIL, **DAY, "location": ""},
                {**BASIL, **DAY, "location": "rack_level_1, moon"},
                {**DAY, "location": "rack_level_1"},
                {**BASIL, "start_date": "9999-12-31", "end_date": "9999-12-31"},
            )
        ),
    ],
    "todo.tasks": [
        *(
            ("", action, data)
            for action, data in (
                ("add_item", {"item": "   "}),
                ("add_item", {"item": None}),
                ("add_item", {"item": "Wash", "due_date": "someday"}),
                ("add_item", {"item": "Wash", "due_datetime": "0001-99-01 08:00:00"}),
                ("add_item", {"item": "Wash", "due_date": "2199-01-01", "due_datetime": "x"}),
                ("update_item", {"item": "nothing", "status": "completed"}),
                ("update_item", {"item": "nothing", "status": "lazy"}),
                ("remove_item", {"item": "nothing"}),
            )
        ),
    ],
}
#: The farm of the tests has no such device, or it is simulated hardware, which only a demo has.
ABSENT = {"switch.loop_co2", "switch.loop_fill", "number.co2_override", "select.speed", "hardware"}


def test_every_entity_that_takes_commands_has_a_row() -> None:
    assert set(ROWS) == set(ENTITIES) - ABSENT


@pytest.fixture
async def grown(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    farm: MockConfigEntry,
    hardware: Tank,  # noqa: F811
) -> MockConfigEntry:
    """The farm with everything it can show, while something grows."""
    registry = er.async_get(hass)
    for registered in er.async_entries_for_config_entry(registry, farm.entry_id):
        if registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
            registry.async_update_entity(registered.entity_id, disabled_by=None)
    assert await hass.config_entries.async_reload(farm.entry_id)
    await start_batch(hass, node=["rack_level_1"], plants=8, sown_days_ago=10)
    # Too little for a shot.
    hardware.volume(5)
    return farm


async def now(hass: HomeAssistant, farm: MockConfigEntry, hardware: Tank, at: Path) -> Untouched:  # noqa: F811
    """How everything is. Of a button Home Assistant shows when it was pressed last."""
    await settled(hass)
    found = await untouched(hass, farm, hardware.calls, at)
    shown = {key: state for key, state in found.states.items() if not key.startswith("button.")}
    return replace(found, states=shown)


def entity(hass: HomeAssistant, farm: MockConfigEntry, guard: str, node: str) -> str:
    """The entity of a node that a line of roles is for."""
    domain, _, key = guard.partition(".")
    unique_id = f"{farm.entry_id}:{node or farm.entry_id}:{key}"
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique_id)
    assert found is not None, unique_id
    return found


async def command(hass: HomeAssistant, entity_id: str, action: str, data: dict[str, Any]) -> None:
    """Command an entity, as a person."""
    domain = entity_id.partition(".")[0]
    if domain == "switch":
        # The actions of switches are those of the hardware here.
        switch = hass.data["entity_components"]["switch"].get_entity(entity_id)
        switch.async_set_context(manager(hass))
        await getattr(switch, f"async_{action}")(**data)
        return
    await hass.services.async_call(
        domain, action, {"entity_id": entity_id, **data}, blocking=True, context=manager(hass)
    )


@pytest.mark.parametrize("guard", ROWS)
async def test_what_an_entity_does_not_take_changes_nothing(
    hass: HomeAssistant,
    grown: MockConfigEntry,
    hardware: Tank,  # noqa: F811
    tmp_path: Path,
    guard: str,
) -> None:
    wrong = []
    before = await now(hass, grown, hardware, tmp_path)
    for node, action, data in ROWS[guard]:
        said = ""
        try:
            await command(hass, entity(hass, grown, guard, node), action, data)
        except Invalid:
            pass
        except ServiceValidationError as err:
            if err.translation_domain in PLATFORMS:
                said = "" if str(err) != err.translation_key else f"no sentence: {err}"
            else:
                said = unsaid(err) or ""
        except HomeAssistantError as err:
            said = unsaid(err) or f"is an error of Home Assistant: {err}"
        except Exception as err:
            said = f"falls over: {err!r}"
        else:
            said = "is taken"
        if said:
            wrong.append(f"{action} {data}: {said}")
        after = await now(hass, grown, hardware, tmp_path)
        if differs := before.differs(after):
            wrong.append(f"{action} {data}: changed {', '.join(differs)}")
            before = after
    assert not wrong, "\n".join(wrong)


# -- websocket ----------------------------------------------------------------------------------

RECIPE = {"recipe": "basil_sweet"}
BASIL_YAML = (files("vfarm_core.recipes") / "library" / "basil_sweet.yaml").read_text()
#: By command: what is right, and what is wrong with the code that says so.
MESSAGES: Mapping[str, tuple[dict[str, Any], list[tuple[dict[str, Any], str]]]] = {
    "vfarm/overview": (
        {},
        [
            ({"entry_id": "moon"}, "not_found"),
            ({"entry_id": "$foreign"}, "not_found"),
            ({"entry_id": 7}, "invalid_format"),
        ],
    ),
    "vfarm/subscribe": (
        {},
        [
            ({"entry_id": "moon"}, "not_found"),
            ({"entry_id": "$foreign"}, "not_found"),
            ({"entry_id": []}, "invalid_format"),
        ],
    ),
    "vfarm/explain": (
        {"node": "tent"},
        [
            ({"node": "moon"}, "not_found"),
            ({"node": "pump"}, "not_found"),
            ({"node": "tent", "entry_id": "moon"}, "not_found"),
            ({"node": "tent", "entry_id": "$foreign"}, "not_found"),
            ({"node": ["tent"]}, "invalid_format"),
            ({}, "invalid_format"),
        ],
    ),
    "vfarm/safety": (
        {},
        [
            ({"entry_id": "moon"}, "not_found"),
            ({"entry_id": "$foreign"}, "not_found"),
            ({"entry_id": 7}, "invalid_format"),
            ({"language": 7}, "invalid_format"),
        ],
    ),
    "vfarm/recipes/list": ({}, [({"moon": 1}, "invalid_format")]),
    "vfarm/recipes/get": (
        RECIPE,
        [({"recipe": "mango"}, "recipe_unknown"), ({}, "invalid_format")],
    ),
    "vfarm/recipes/check": (
        RECIPE,
        [
            ({}, "recipe_or_document"),
            ({"recipe": "mango"}, "recipe_unknown"),
            ({**RECIPE, "document": "x"}, "invalid_format"),
            ({**RECIPE, "entry_id": "moon"}, "not_running"),
            ({**RECIPE, "entry_id": "$foreign"}, "not_running"),
            ({**RECIPE, "levels": "rack_level_1"}, "invalid_format"),
            ({**RECIPE, "plants": 0}, "invalid_format"),
            ({**RECIPE, "plants": "many"}, "invalid_format"),
        ],
    ),
    "vfarm/recipes/diff": (
        {"old": "basil_sweet", "new": "basil_sweet"},
        [({"old": "mango", "new": "basil_sweet"}, "recipe_unknown"), (RECIPE, "invalid_format")],
    ),
    "vfarm/recipes/export": (
        RECIPE,
        [
            ({"recipe": "mango"}, "recipe_unknown"),
            ({**RECIPE, "format": "xml"}, "invalid_format"),
        ],
    ),
    "vfarm/recipes/import": (
        {"format": "yaml", "text": BASIL_YAML},
        [
            ({"format": "json", "text": "mango", "save": True}, "recipe_refused"),
            ({"format": "xml", "text": "{}"}, "invalid_format"),
            ({"format": "csv", "text": "a,b", "base": "mango"}, "recipe_unknown"),
            ({"format": "json", "text": "{}", "save": "perhaps"}, "invalid_format"),
        ],
    ),
    "vfarm/recipes/save": (
        {},
        [
            ({"document": "mango"}, "recipe_refused"),
            ({"document": {"id": "mango"}}, "recipe_refused"),
            ({"document": ""}, "invalid_format"),
            ({}, "invalid_format"),
        ],
    ),
}
EXCEPTIONS = {language: texts(language)["exceptions"] for language in LANGUAGES}


def test_every_websocket_command_has_a_row() -> None:
    assert set(MESSAGES) == set(COMMANDS)


@pytest.mark.parametrize("command", MESSAGES)
async def test_what_a_websocket_command_does_not_take_changes_nothing(
    hass: HomeAssistant,
    grown: MockConfigEntry,
    hardware: Tank,  # noqa: F811
    hass_ws_client: WebSocketGenerator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    elsewhere = MockConfigEntry(domain="elsewhere")
    elsewhere.add_to_hass(hass)
    client = await hass_ws_client(hass)

    async def answer(data: dict[str, Any]) -> dict[str, Any]:
        filled = {k: elsewhere.entry_id if v == "$foreign" else v for k, v in data.items()}
        await client.send_json_auto_id({"type": command, **filled})
        found: dict[str, Any] = await client.receive_json()
        return found

    good, bad = MESSAGES[command]
    before = await now(hass, grown, hardware, tmp_path)
    for data, code in bad:
        said = (await answer(data))["error"]
        assert said["code"] == code, data
        assert " " in said["message"], "a sentence"
        assert not re.search(r"{\w+}", said["message"])
        if code == "not_found":
            for sentences in EXCEPTIONS.values():
                assert said["translation_key"] in sentences
    assert not before.differs(await now(hass, grown, hardware, tmp_path))
    if good or command != "vfarm/recipes/save":
        assert (await answer(good))["success"], "good data"


@pytest.mark.parametrize("command", ["vfarm/overview", "vfarm/subscribe", "vfarm/explain"])
async def test_a_farm_that_is_not_loaded_shows_nothing(
    hass: HomeAssistant, farm: MockConfigEntry, hass_ws_client: WebSocketGenerator, command: str
) -> None:
    assert await hass.config_entries.async_unload(farm.entry_id)
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {"type": command, "entry_id": farm.entry_id, **MESSAGES[command][0]}
    )
    error = (await client.receive_json())["error"]
    assert (error["code"], error["translation_domain"]) == ("not_found", DOMAIN)
