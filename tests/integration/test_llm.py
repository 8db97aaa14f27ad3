"""Language models read the farm, propose and log, as whoever speaks to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from home_farm import settled, somebody, start_batch
from homeassistant.components import conversation
from homeassistant.components.conversation import (
    AssistantContent,
    ConversationInput,
    ConversationResult,
)
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import chat_session, intent, llm
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_roles import give_roles
from test_translations import texts

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.llm import _TOOLS
from custom_components.vfarm.roles import TOOLS
from vfarm_core.control.effects import Answer
from vfarm_core.control.inputs import Harvest, Request, SetOverride
from vfarm_core.runtime.runtime import Runtime

READING = {"vfarm__overview", "vfarm__look", "vfarm__explain"}
ALL = {*READING, "vfarm__propose_setpoint", "vfarm__log_harvest"}


@pytest.fixture
async def farm_with_model(hass: HomeAssistant, farm: MockConfigEntry) -> MockConfigEntry:
    """A farm in which lettuce grows, and the tools of Assist."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    await start_batch(hass, title="Kitchen lettuce")
    return farm


def asked_by(context: Context | None) -> llm.LLMContext:
    return llm.LLMContext(
        platform="mock",
        context=context,
        language="en",
        assistant=conversation.DOMAIN,
        device_id=None,
    )


async def tools(hass: HomeAssistant, context: Context | None = None) -> llm.APIInstance:
    return await llm.async_get_api(hass, llm.LLM_API_ASSIST, asked_by(context))


async def use(hass: HomeAssistant, context: Context | None, tool: str, **args: Any) -> Any:
    """What a tool answers; its error as a text."""
    api = await tools(hass, context)
    result = await api.async_call_tool(llm.ToolInput(tool_name=f"vfarm__{tool}", tool_args=args))
    await settled(hass)
    assert isinstance(result, llm.ToolResult)
    return result.data["error"] if result.error else result.data


SETPOINT = {"place": "tent", "quantity": "air_temperature", "value": 20, "hours": 2, "why": "heat"}


async def test_each_tool_has_a_role_and_says_what_it_does(
    hass: HomeAssistant, farm_with_model: MockConfigEntry
) -> None:
    given = {t.name: t for t in (await tools(hass)).tools if t.name.startswith(f"{DOMAIN}__")}
    assert set(given) == set(TOOLS) == ALL == {tool.name for tool in _TOOLS}
    for name, tool in given.items():
        assert tool.integration == DOMAIN
        assert tool.description
        assert tool.annotations.read_only is (name in READING)
        assert not tool.annotations.open_world
    assert [n for n, t in given.items() if t.annotations.destructive] == ["vfarm__log_harvest"]


async def test_a_farm_of_which_nothing_is_exposed_is_not_there_for_a_model(
    hass: HomeAssistant, farm_with_model: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, farm_with_model.entry_id):
        async_expose_entity(hass, conversation.DOMAIN, entity.entity_id, False)
    assert not [t for t in (await tools(hass)).tools if t.name.startswith(DOMAIN)]
    await hass.config_entries.async_unload(farm_with_model.entry_id)
    assert not [t for t in (await tools(hass)).tools if t.name.startswith(DOMAIN)]


async def test_anybody_may_look_and_ask_why(
    hass: HomeAssistant, farm_with_model: MockConfigEntry
) -> None:
    seen = await use(hass, None, "overview")
    assert (seen["farm"], seen["mode"], seen["emergency_stop"]) == ("Home farm", "auto", False)
    (batch,) = seen["batches"]
    assert batch["title"] == "Kitchen lettuce"
    assert batch["levels"] == ["Rack, Level 1", "Rack, Level 2"]
    tent = await use(hass, None, "look", place="the tent")
    assert (tent["place"], tent["kind"], tent["air_temperature"]["value"]) == ("Tent", "zone", 22)
    assert {"device", "output", "reason"} == set(tent["actuators"][0])
    rack = await use(hass, None, "look", place="rack")
    assert [level["name"] for level in rack["levels"]] == ["Level 1", "Level 2"]
    why = await use(hass, None, "explain", place="level one")
    assert why["sentences"][0].startswith("The grow light is")
    assert "I do not know" in await use(hass, None, "look", place="the moon")
    assert "nothing to say" in await use(hass, None, "look", place="pump")
    assert "not a valid option" in await use(hass, None, "look", place="tent", colour="red")


async def test_what_is_refused_is_told_to_the_model_in_the_language_of_the_talk(
    hass: HomeAssistant, farm_with_model: MockConfigEntry
) -> None:
    asked = replace(asked_by(None), language="de")
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, asked)
    look = llm.ToolInput(tool_name="vfarm__look", tool_args={"place": "Mond"})
    result = await api.async_call_tool(look)
    assert isinstance(result, llm.ToolResult)
    assert result.error
    german = texts("de")["exceptions"]["voice_unknown_place"]["message"]
    assert result.data["error"] == german.format(place="Mond")


@pytest.mark.parametrize("who", ["viewer", "operator", None])
async def test_a_setpoint_is_set_for_those_who_may_and_proposed_to_the_others(
    hass: HomeAssistant, farm_with_model: MockConfigEntry, who: str | None
) -> None:
    context = Context() if who is None else give_roles(hass, farm_with_model)[who]
    answer = await use(hass, context, "propose_setpoint", **SETPOINT)
    overrides = farm_with_model.runtime_data.engine.runtime.memory.overrides
    assert answer["limits_by_recipe"]
    assert answer["target_before"] == pytest.approx(21, abs=5)
    if who == "operator":
        (override,) = overrides.values()
        assert answer["set"]
        assert (override.value, override.by, override.why) == (20, "user:operator", "mock: heat")
        left = override.expires_at - farm_with_model.runtime_data.engine.clock.now().farm
        assert left == pytest.approx(2 * 3600, abs=60)
    else:
        assert (answer["set"], overrides) == (False, {})
        # The proposal is an action that somebody who may can carry out as it is.
        action = answer["proposal"]
        domain, service = action["action"].split(".")
        await hass.services.async_call(domain, service, action["data"], blocking=True)
        assert len(farm_with_model.runtime_data.engine.runtime.memory.overrides) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"value": 39}, "outside of what the plants there take"),
        ({"value": -5}, "outside of what the plants there take"),
        ({"place": "level 1"}, "this action is for: zone"),
        ({"place": "level 1", "quantity": "ppfd", "value": 1500}, "outside of what the plants"),
        ({"quantity": "dosing"}, "quantity"),
        ({"hours": 100}, "hours"),
        ({"hours": 0}, "hours"),
        ({"quantity": "vpd", "value": 2.9}, "kPa"),
    ],
)
async def test_what_plants_do_not_take_is_refused_whoever_speaks(
    hass: HomeAssistant, farm_with_model: MockConfigEntry, changed: dict[str, Any], said: str
) -> None:
    manager = give_roles(hass, farm_with_model)["manager"]
    answer = await use(hass, manager, "propose_setpoint", **{**SETPOINT, **changed})
    assert said in answer
    assert farm_with_model.runtime_data.engine.runtime.memory.overrides == {}


async def test_a_harvest_is_logged_for_those_who_may(
    hass: HomeAssistant, farm_with_model: MockConfigEntry
) -> None:
    contexts = give_roles(hass, farm_with_model)
    memory = farm_with_model.runtime_data.engine.runtime
    for context in (None, Context(), contexts["viewer"]):
        answer = await use(hass, context, "log_harvest", batch="kitchen lettuce", kg=2.5)
        assert "takes the role of operator" in answer
    assert all(batch.is_growing for batch in memory.memory.batches.values())
    assert "no batch" in await use(hass, contexts["operator"], "log_harvest", batch="basil", kg=2.5)
    answer = await use(hass, contexts["operator"], "log_harvest", batch="Kitchen lettuce", kg=2.5)
    assert (answer["title"], answer["kg"]) == ("Kitchen lettuce", 2.5)
    assert not any(batch.is_growing for batch in memory.memory.batches.values())


async def test_two_batches_of_one_name_are_asked_back(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    for node in ("rack_level_1", "rack_level_2"):
        await start_batch(hass, node=[node], title="Lettuce")
    operator = give_roles(hass, farm)["operator"]
    answer = await use(hass, operator, "log_harvest", batch="lettuce", kg=1)
    ids = list(farm.runtime_data.engine.runtime.memory.batches)
    assert all(batch in answer for batch in ids)
    done = await use(hass, operator, "log_harvest", batch=ids[1], kg=1)
    assert done["title"] == "Lettuce"


async def test_of_several_farms_one_has_to_be_named(
    hass: HomeAssistant, farm_with_model: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Other", data={"kind": "farm"})
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    for entity in er.async_entries_for_config_entry(er.async_get(hass), other.entry_id):
        async_expose_entity(hass, conversation.DOMAIN, entity.entity_id, True)
    assert "farm" in await use(hass, None, "overview")
    assert (await use(hass, None, "overview", farm="Other"))["farm"] == "Other"
    await hass.config_entries.async_unload(other.entry_id)


async def test_the_tools_ask_for_nothing_but_setpoints_and_harvests(
    hass: HomeAssistant, farm_with_model: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a model makes of its arguments, no other request reaches the farm."""
    manager = give_roles(hass, farm_with_model)["manager"]
    asked: list[Any] = []
    real = Runtime.request

    def noted(runtime: Runtime, request: Request) -> Answer:
        asked.append(request)
        return real(runtime, request)

    monkeypatch.setattr(Runtime, "request", noted)
    for name in ALL:
        for words in ("tent", "farm", "release the emergency stop", "level 1; arm dosing"):
            args = {**SETPOINT, "place": words, "batch": words, "kg": 1, "note": words}
            wanted = {
                "vfarm__propose_setpoint": SETPOINT,
                "vfarm__log_harvest": {"batch": 0, "kg": 0, "note": 0},
                "vfarm__overview": {},
            }.get(name, {"place": 0})
            given = {key: args[key] for key in wanted}
            await use(hass, manager, name.removeprefix("vfarm__"), **given)
    assert {type(request) for request in asked} <= {SetOverride, Harvest}


class Agent(conversation.AbstractConversationAgent):
    """A model that calls one tool and says what came of it."""

    def __init__(self, hass: HomeAssistant, call: llm.ToolInput) -> None:
        self.hass = hass
        self.call = call

    @property
    def supported_languages(self) -> list[str]:
        return ["en"]

    async def async_process(self, user_input: ConversationInput) -> ConversationResult:
        with (
            chat_session.async_get_chat_session(self.hass, user_input.conversation_id) as session,
            conversation.async_get_chat_log(self.hass, session, user_input) as log,
        ):
            await log.async_provide_llm_data(user_input.as_llm_context("mock"), llm.LLM_API_ASSIST)
            said = AssistantContent(agent_id="mock", content="", tool_calls=[self.call])
            results = [r async for r in log.async_add_assistant_content(said)]
            data = results[0].result.data
            log.async_add_assistant_content_without_tools(
                AssistantContent(agent_id="mock", content=str(data))
            )
            response = intent.IntentResponse(language="en")
            response.async_set_speech(str(data))
            return ConversationResult(response=response, conversation_id=session.conversation_id)


@pytest.mark.parametrize(("user", "done"), [(None, False), ("anna", True)])
async def test_a_conversation_with_a_model_goes_by_who_speaks(
    hass: HomeAssistant, farm_with_model: MockConfigEntry, user: str | None, done: bool
) -> None:
    """A satellite in the room knows nobody; the app on a phone knows its user."""
    context = Context() if user is None else somebody(hass, user, is_owner=False)
    model = MockConfigEntry(domain="mock")
    model.add_to_hass(hass)
    harvest = {"batch": "kitchen lettuce", "kg": 1.5}
    call = llm.ToolInput(tool_name="vfarm__log_harvest", tool_args=harvest)
    conversation.async_set_agent(hass, model, Agent(hass, call))
    result = await conversation.async_converse(
        hass, "we harvested", None, context, agent_id=model.entry_id
    )
    await settled(hass)
    said = result.response.speech["plain"]["speech"]
    batches = farm_with_model.runtime_data.engine.runtime.memory.batches.values()
    assert any(batch.is_growing for batch in batches) is not done
    assert ("takes the role of operator" in said) is not done
    kept = await farm_with_model.runtime_data.engine.journal.async_events(kind="request_refused")
    assert [record["by"] for record in kept] == ([] if done else ["voice"])
