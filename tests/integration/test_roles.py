"""Who may do what: roles of users, automations, voices and models, at every way in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import manager, pass_time, settled, somebody, while_time_passes
from homeassistant.components.conversation.chat_log import ChatLog, current_chat_log
from homeassistant.components.http import KEY_HASS_USER, current_request
from homeassistant.components.websocket_api import current_connection
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vfarm import (
    access,
    button,
    calendar,
    climate,
    number,
    select,
    services,
    switch,
    time,
    todo,
    websocket,
)
from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.devices import async_device_id
from custom_components.vfarm.refusals import AGAIN_S, MOST_AN_HOUR, Refusals
from custom_components.vfarm.roles import (
    ACTIONS,
    COMMANDS,
    ENTITIES,
    Account,
    UserRole,
    given_twice,
    role_of,
)
from vfarm_core.control.effects import Event

SHELL = Path(access.__file__).parent

# -- which role a user has ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "options", "role"),
    [
        ({"owner": True}, {"roles": {"anna": "viewer"}}, "manager"),
        ({"admin": True}, {}, "manager"),
        ({"admin": True}, {"roles": {"anna": "grower"}}, "grower"),
        ({}, {}, "operator"),
        ({}, {"others": "viewer"}, "viewer"),
        ({}, {"roles": {"anna": "manager"}}, "manager"),
        ({}, {"roles": {"bob": "manager"}, "others": "viewer"}, "viewer"),
        ({"read_only": True}, {}, "viewer"),
        ({"read_only": True}, {"roles": {"anna": "operator"}}, "operator"),
        # What cannot be understood gives nothing away.
        ({}, {"roles": {"anna": "emperor"}}, "viewer"),
        ({}, {"others": "emperor"}, "viewer"),
        # Parts of Home Assistant: its add-ons are automations, the others are not.
        ({"system": True, "adds": True, "admin": True}, {}, "operator"),
        ({"system": True, "admin": True}, {}, "viewer"),
        ({"system": True, "owner": True}, {"roles": {"anna": "manager"}}, "viewer"),
    ],
)
def test_a_user_has_the_role_given_or_a_safe_one(
    account: dict[str, Any], options: dict[str, Any], role: str
) -> None:
    assert role_of(Account(id="anna", **account), options) == role


def test_each_role_reaches_those_before_it() -> None:
    order = list(UserRole)
    for high, role in enumerate(order):
        assert [role.reaches(other) for other in order] == [low <= high for low in range(4)]


def test_a_user_is_in_one_list() -> None:
    assert given_twice({UserRole.VIEWER: ["a", "b"], UserRole.MANAGER: ["b", "c"]}) == {"b"}


async def test_a_user_that_is_gone_or_made_by_home_assistant_views(hass: HomeAssistant) -> None:
    assert role_of(access.account_of(None, "gone"), {"others": "manager"}) == "viewer"
    cloud = MockUser(name="Home Assistant Cloud", system_generated=True)
    assert role_of(access.account_of(cloud, cloud.id), {}) == "viewer"
    adds = MockUser(name="Supervisor", system_generated=True)
    assert role_of(access.account_of(adds, adds.id), {}) == "operator"


# -- the options --------------------------------------------------------------------------------


async def test_roles_are_given_in_the_options_and_hold_at_once(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    anna, bob = somebody(hass, "anna", is_owner=False), somebody(hass, "bob", is_owner=False)
    manager(hass)
    engine = farm.runtime_data.engine
    shown = await hass.config_entries.options.async_init(farm.entry_id)
    assert shown["step_id"] == "init"
    users = next(v for k, v in shown["data_schema"].schema.items() if k == "viewer")
    # The owner is always a manager, so there is nothing to give.
    assert {o["value"] for o in users.config["options"]} == {"anna", "bob"}
    again = await hass.config_entries.options.async_configure(
        shown["flow_id"], {"viewer": ["anna"], "grower": ["anna"], "others": "operator"}
    )
    assert again["errors"] == {"base": "user_twice"}
    assert again["description_placeholders"] == {"users": "Anna"}
    giver = await hass.auth.async_get_user("manager")
    token = current_request.set({KEY_HASS_USER: giver})
    done = await hass.config_entries.options.async_configure(
        again["flow_id"], {"grower": ["anna"], "others": "viewer"}
    )
    current_request.reset(token)
    assert done["type"] == "create_entry"
    assert dict(farm.options) == {"roles": {"anna": "grower"}, "others": "viewer"}
    await settled(hass)
    assert farm.runtime_data.engine is engine, "the farm runs on"
    noted = await engine.journal.async_events(kind="role_changed")
    told = [(record["who"], record["was"], record["value"]) for record in noted]
    assert told == [("user:anna", "operator", "grower"), ("user:bob", "operator", "viewer")]
    assert {record["by"] for record in noted} == {"user:manager"}
    await call(hass, "set_mode", anna, mode="hold")
    with pytest.raises(ServiceValidationError, match="viewer"):
        await call(hass, "set_mode", bob, mode="auto")
    shown = await hass.config_entries.options.async_init(farm.entry_id)
    suggested = {
        str(key): key.description["suggested_value"]
        for key in shown["data_schema"].schema
        if key.description
    }
    assert suggested == {
        "viewer": [],
        "operator": [],
        "grower": ["anna"],
        "manager": [],
        "others": "viewer",
        "automations_export": False,
    }


async def test_automations_may_export_only_while_it_is_ticked(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    for ticked in (True, False):
        shown = await hass.config_entries.options.async_init(farm.entry_id)
        await hass.config_entries.options.async_configure(
            shown["flow_id"], {"others": "operator", "automations_export": ticked}
        )
        assert farm.options.get("automations_export", False) is ticked


async def test_roles_are_given_while_a_farm_does_not_run(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    somebody(hass, "anna", is_owner=False)
    await hass.config_entries.async_unload(farm.entry_id)
    shown = await hass.config_entries.options.async_init(farm.entry_id)
    await hass.config_entries.options.async_configure(
        shown["flow_id"], {"manager": ["anna"], "others": "viewer"}
    )
    assert farm.options["roles"] == {"anna": "manager"}


# -- people, automations, voices ----------------------------------------------------------------


@contextmanager
def in_conversation(hass: HomeAssistant) -> Iterator[None]:
    """What a voice assistant or a language model does while it answers."""
    hass.config.components.add("conversation")
    token = current_chat_log.set(ChatLog(hass, "talk"))
    try:
        yield
    finally:
        current_chat_log.reset(token)


async def call(hass: HomeAssistant, action: str, context: Context | None, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True, context=context
    )


def give_roles(hass: HomeAssistant, farm: MockConfigEntry) -> dict[str, Context]:
    """A user for each role; by the name of the role."""
    hass.config_entries.async_update_entry(farm, options={"roles": {r.value: r for r in UserRole}})
    return {role.value: somebody(hass, role.value, is_owner=False) for role in UserRole}


#: What each who may reach, without what is for persons only.
WHO = {
    "viewer": UserRole.VIEWER,
    "operator": UserRole.OPERATOR,
    "grower": UserRole.GROWER,
    "manager": UserRole.MANAGER,
    "automation": UserRole.OPERATOR,
    "voice": UserRole.VIEWER,
    "manager by voice": UserRole.MANAGER,
}
PEOPLE = ("viewer", "operator", "grower", "manager")


async def test_every_registered_action_is_done_for_those_who_may_and_for_nobody_else(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registered = hass.services.async_services_for_domain(DOMAIN)
    assert set(registered) == set(ACTIONS), "roles.ACTIONS has a line for every action"
    done: list[str] = []

    async def note(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
        done.append(call.service)
        return {}

    monkeypatch.setattr(services, "_HANDLERS", dict.fromkeys(services._HANDLERS, note))
    services.async_setup_services(hass)
    contexts = give_roles(hass, farm)
    contexts |= {"automation": Context(), "voice": Context()}
    contexts["manager by voice"] = contexts["manager"]
    for name in registered:
        need = ACTIONS[name]
        action = hass.services.async_services_for_domain(DOMAIN)[name].job.target
        for who, role in WHO.items():
            done.clear()
            request = ServiceCall(hass, DOMAIN, name, {}, Context(user_id=contexts[who].user_id))
            refused = None
            try:
                if "voice" in who:
                    with in_conversation(hass):
                        await action(request)
                else:
                    await action(request)
            except ServiceValidationError as err:
                refused = err.translation_key
            if need.person and who not in PEOPLE:
                wanted = "only_a_person"
            elif role.reaches(need.role):
                wanted = None
            else:
                wanted = "not_allowed"
            assert (refused, done) == (wanted, [] if wanted else [name]), (who, name)


@pytest.mark.parametrize("who", WHO)
async def test_everybody_may_stop_the_farm(
    hass: HomeAssistant, farm: MockConfigEntry, who: str
) -> None:
    contexts = give_roles(hass, farm)
    context = contexts.get(who.split()[0], Context())
    with in_conversation(hass):
        assert await call(hass, "emergency_stop", context) == {"stopped": ["Home farm"]}


async def test_only_a_person_who_is_logged_in_starts_a_stopped_farm_again(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    contexts = give_roles(hass, farm)
    await call(hass, "emergency_stop", None)
    with pytest.raises(ServiceValidationError, match="logged in"):
        await call(hass, "release_emergency_stop", None)
    with in_conversation(hass), pytest.raises(ServiceValidationError, match="logged in"):
        await call(hass, "release_emergency_stop", contexts["manager"])
    given_tools = Context(user_id="manager")
    access.async_heard_model(hass, given_tools)
    with pytest.raises(ServiceValidationError, match="logged in"):
        await call(hass, "release_emergency_stop", given_tools)
    with pytest.raises(ServiceValidationError, match="takes the role of grower"):
        await call(hass, "release_emergency_stop", contexts["operator"])
    assert farm.runtime_data.engine.runtime.memory.farm.emergency is not None
    await call(hass, "release_emergency_stop", contexts["grower"])
    assert farm.runtime_data.engine.runtime.memory.farm.emergency is None


@pytest.mark.parametrize("path", ["/api/alexa/smart_home", "/api/google_assistant", "/api/mcp"])
async def test_a_voice_assistant_of_others_is_no_person_though_it_has_a_user(
    hass: HomeAssistant, farm: MockConfigEntry, path: str
) -> None:
    token = current_request.set(Mock(path=path))
    try:
        asker = await access.async_asker(hass, manager(hass))
    finally:
        current_request.reset(token)
    assert (asker.spoken, asker.is_person) == (True, False)
    assert asker.role(farm.options) == "manager"
    typed = await access.async_asker(hass, manager(hass))
    assert typed.is_person


async def test_only_the_newest_contexts_of_models_are_remembered(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    contexts = [Context(user_id=manager(hass).user_id) for _ in range(300)]
    for context in contexts:
        access.async_heard_model(hass, context)
    access.async_heard_model(hass, None)
    assert not (await access.async_asker(hass, contexts[-1])).is_person
    assert (await access.async_asker(hass, contexts[0])).is_person


async def test_an_action_takes_the_role_in_the_farm_it_is_aimed_at(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    """A role in one farm is none in another."""
    anna = somebody(hass, "anna", is_owner=False)
    other = MockConfigEntry(
        domain=DOMAIN, title="Other", data={"kind": "farm"}, options={"others": "grower"}
    )
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    hass.config_entries.async_update_entry(farm, options={"others": "viewer"})
    await call(hass, "set_mode", anna, mode="hold", config_entry_id=other.entry_id)
    for aimed in (
        {"config_entry_id": farm.entry_id, "node": ["tent"]},
        {"config_entry_id": other.entry_id, "device_id": [device(hass, farm, "tent")]},
        {"device_id": [device(hass, farm, "tent")]},
    ):
        with pytest.raises(ServiceValidationError, match="Home farm"):
            await call(hass, "clear_override", anna, quantity="humidity", **aimed)


def device(hass: HomeAssistant, farm: MockConfigEntry, node: str) -> str:
    found = async_device_id(hass, farm, node)
    assert found is not None
    return found


async def test_an_automation_is_an_operator_also_when_a_voice_has_set_it_off(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": {"trigger": "event", "event_type": "asked"},
                "actions": {"action": "vfarm.set_mode", "data": {"mode": "hold"}},
            }
        },
    )
    with in_conversation(hass):
        with pytest.raises(ServiceValidationError, match="viewer"):
            await call(hass, "set_mode", None, mode="hold")
        hass.bus.async_fire("asked", context=Context())
        await settled(hass)
    assert farm.runtime_data.engine.snapshot(farm.entry_id).mode == "hold"


async def test_what_a_farm_does_later_is_no_part_of_the_conversation_that_set_it_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry
) -> None:
    heard: dict[str, bool] = {}

    def listen(event: Event) -> None:
        heard[event.kind] = current_chat_log.get() is not None

    farm.runtime_data.engine.listen_events(listen)
    override = {"node": "tent", "quantity": "humidity", "value": 60, "duration": {"minutes": 5}}
    with in_conversation(hass):
        await call(hass, "set_override", give_roles(hass, farm)["operator"], **override)
    await pass_time(hass, freezer, 310)
    assert heard["override_set"]
    assert not heard["override_ended"]


# -- entities -----------------------------------------------------------------------------------


#: A command of each kind of simulated hardware, and its data.
COMMANDED = {
    "light": ("toggle", {}),
    "switch": ("toggle", {}),
    "fan": ("toggle", {}),
    "humidifier": ("toggle", {}),
    "valve": ("toggle", {}),
    "number": ("set_value", {"value": "min"}),
    "select": ("select_next", {}),
    "todo": ("add_item", {"item": "Look at the roots"}),
    "calendar": (
        "create_event",
        {"summary": "lettuce_butterhead", "start_date": "2027-01-01", "end_date": "2027-01-02"},
    ),
}


async def test_a_viewer_commands_no_entity_of_a_demo_and_the_farm_commands_them_all(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": "demo"})
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    await settled(hass)
    demo = flow["result"]
    viewer = give_roles(hass, demo)["viewer"]
    commanded = set()
    told: list[Any] = []
    for registered in er.async_entries_for_config_entry(er.async_get(hass), demo.entry_id):
        name, data = COMMANDED.get(registered.domain, ("", {}))
        if not name or registered.disabled:
            continue
        commanded.add(registered.domain)
        before = hass.states.get(registered.entity_id)
        assert before is not None
        if data.get("value") == "min":
            data = {"value": before.attributes["min"]}
        with pytest.raises(ServiceValidationError, match="viewer"):
            await hass.services.async_call(
                registered.domain,
                name,
                {"entity_id": registered.entity_id, **data},
                blocking=True,
                context=viewer,
            )
        assert hass.states.get(registered.entity_id) is before
    assert commanded == set(COMMANDED)
    demo.runtime_data.engine.listen_events(told.append)
    with in_conversation(hass):
        await call(hass, "emergency_stop", None)
        await pass_time(hass, freezer, 20, step=1)
    lamps = [b for b in demo.runtime_data.farm.bindings if b.role == "grow_light"]
    assert lamps
    outputs = [demo.runtime_data.engine.runtime.memory.actuators[b.id].is_on for b in lamps]
    assert outputs == [False] * len(lamps), "its own commands are none of whoever spoke"
    assert not [event for event in told if event.kind in ("request_refused", "not_proved")]
    await while_time_passes(hass, freezer, hass.config_entries.async_unload(demo.entry_id))


async def test_entities_ask_for_the_role_of_whoever_commands_them(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    contexts = give_roles(hass, farm)
    mode = entity(hass, farm, "select", "mode")
    stop = entity(hass, farm, "button", "emergency_stop")
    hold = {"entity_id": mode, "option": "hold"}
    with pytest.raises(ServiceValidationError, match="viewer"):
        await hass.services.async_call(
            "select", "select_option", hold, blocking=True, context=contexts["viewer"]
        )
    assert hass.states.get(mode).state == "auto"
    await hass.services.async_call(
        "select", "select_option", hold, blocking=True, context=contexts["operator"]
    )
    assert hass.states.get(mode).state == "hold"
    await hass.services.async_call(
        "button", "press", {"entity_id": stop}, blocking=True, context=contexts["viewer"]
    )
    assert farm.runtime_data.engine.runtime.memory.farm.emergency is not None


#: What Home Assistant calls on entities to change something, by how its name begins.
CHANGES = re.compile(
    r"async_(press|select|set_(?!context)|turn|open|close|stop|start|toggle|create|update|delete|move"
    r"|increment|decrement|lock|unlock|install|clear|send)_?"
)
#: These are not called to change something.
HARMLESS = {"async_update", "async_update_listeners"}


@pytest.mark.parametrize("path", sorted(SHELL.glob("*.py")), ids=lambda path: path.stem)
def test_no_entity_takes_a_command_past_the_guard(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for made in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
        if not any("Entity" in ast.unparse(base) for base in made.bases) and not any(
            ast.unparse(base).startswith("Hardware") for base in made.bases
        ):
            continue
        methods = {n.name: n for n in made.body if isinstance(n, ast.AsyncFunctionDef)}
        safe = {
            name
            for name, method in methods.items()
            if any(ast.unparse(mark) == "guarded" for mark in method.decorator_list)
        }
        for name, method in methods.items():
            if not CHANGES.match(name) or name in HARMLESS or name in safe:
                continue
            called = {
                node.func.attr
                for node in ast.walk(method)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            }
            assert called & safe, f"{made.name}.{name} has to be @guarded"


async def test_a_command_that_does_not_say_who_it_is_from_is_the_websockets_user(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    """Calendars and lists are commanded so; whoever commanded the entity last has nothing to do
    with it."""
    contexts = give_roles(hass, farm)
    mode = entity(hass, farm, "select", "mode")
    shown = hass.data["entity_components"]["select"].get_entity(mode)
    option = {"entity_id": mode, "option": "hold"}
    await hass.services.async_call(
        "select", "select_option", option, blocking=True, context=contexts["manager"]
    )
    user = await hass.auth.async_get_user("viewer")
    assert user is not None

    async def without_a_word(connection: Any) -> None:
        current_connection.set(connection)
        await shown.async_select_option("auto")

    with pytest.raises(ServiceValidationError, match="viewer"):
        await hass.async_create_task(without_a_word(Mock(user=user)))
    with in_conversation(hass), pytest.raises(ServiceValidationError, match="viewer"):
        await hass.async_create_task(without_a_word(None))
    assert hass.states.get(mode).state == "hold"
    user = await hass.auth.async_get_user("operator")
    await hass.async_create_task(without_a_word(Mock(user=user)))
    await settled(hass)
    assert hass.states.get(mode).state == "auto"
    records = await farm.runtime_data.engine.journal.async_events(kind="mode_changed")
    assert records[-1]["by"] == "user:operator"


def entity(hass: HomeAssistant, farm: MockConfigEntry, domain: str, key: str) -> str:
    unique = f"{farm.entry_id}:{farm.entry_id}:{key}"
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, unique)
    assert found is not None
    return found


# -- websocket ----------------------------------------------------------------------------------


async def test_every_websocket_command_has_a_role(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    handlers = hass.data["websocket_api"]
    ours = {command for command in handlers if command.startswith(f"{DOMAIN}/")}
    assert ours == set(COMMANDS), "roles.COMMANDS has a line for every command"


@pytest.mark.parametrize("may", [False, True])
async def test_a_command_without_a_role_is_for_managers(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    hass_access_token: str,
    monkeypatch: pytest.MonkeyPatch,
    may: bool,
) -> None:
    monkeypatch.setattr(access, "COMMANDS", {})
    websocket.async_setup(hass)
    client = await hass_ws_client(hass, hass_access_token if may else hass_read_only_access_token)
    await client.send_json_auto_id({"type": "vfarm/overview"})
    answer = await client.receive_json()
    assert answer["success"] is may
    if not may:
        assert answer["error"]["code"] == "unauthorized"
        assert answer["error"]["translation_key"] == "not_allowed"


# -- records ------------------------------------------------------------------------------------


async def test_a_refusal_is_kept_with_who_what_and_how_often(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    viewer = give_roles(hass, farm)["viewer"]
    for _ in range(25):
        with pytest.raises(ServiceValidationError):
            await call(hass, "run_shot", viewer, node=["bench"])
    await settled(hass)
    (kept,) = await farm.runtime_data.engine.journal.async_events(kind="request_refused")
    assert kept["by"] == "user:viewer"
    assert (kept["what"], kept["role"], kept["needs"]) == ("vfarm.run_shot", "viewer", "operator")
    assert (kept["end"], kept["times"]) == ("refused", 1)


def test_a_loop_of_refusals_is_counted_and_not_written() -> None:
    refusals = Refusals()
    assert refusals.count("anna", "run_shot", 0.0) == 1
    assert [refusals.count("anna", "run_shot", 1.0 + s) for s in range(99)] == [0] * 99
    assert refusals.count("anna", "run_dose", 100.0) == 1
    assert refusals.count("anna", "run_shot", AGAIN_S) == 100
    many = Refusals()
    written = [many.count(f"user {n}", "run_shot", float(n)) for n in range(3000)]
    assert sum(written) == MOST_AN_HOUR
    assert many.count("somebody", "run_shot", 3600.0) == 1


async def test_a_farm_that_does_not_run_refuses_as_well(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    viewer = give_roles(hass, farm)["viewer"]
    await hass.config_entries.async_unload(farm.entry_id)
    with pytest.raises(ServiceValidationError, match="viewer"):
        await call(hass, "set_mode", viewer, mode="hold", config_entry_id=farm.entry_id)


def test_the_tables_have_no_lines_of_what_does_not_exist() -> None:
    assert set(ENTITIES) == {"select.speed", "hardware", *(f"{d}.{k}" for d, k in commanded())}


def commanded() -> set[tuple[str, str]]:
    """Domain and key of every entity of every kind of node that takes commands."""
    described: dict[str, Iterable[Any]] = {
        "button": (button.STOP, button.SELF_TEST, *button.REQUESTS),
        "calendar": (calendar.AGENDA,),
        "climate": (climate.CLIMATE,),
        "number": (number.HOURS, *number.ZONE_TARGETS, *number.LEVEL_TARGETS),
        "select": (select.MODE,),
        "switch": switch.LOOPS,
        "time": (time.LIGHTS_ON,),
        "todo": (todo.TASKS,),
    }
    return {(domain, one.key) for domain, some in described.items() for one in some}
