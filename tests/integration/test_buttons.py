"""Buttons and events of nodes: what a press asks for, who may, and what entities tell of it."""

from __future__ import annotations

from home_farm import Hardware, manager, settled, somebody, start_batch
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.const import DOMAIN
from vfarm_core.control.effects import Event, Severity
from vfarm_core.control.memory import CircuitState


def entity(hass: HomeAssistant, farm: MockConfigEntry, domain: str, node: str, key: str) -> str:
    """The entity of a node with a key."""
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{farm.entry_id}:{node}:{key}")
    assert found is not None, (node, key)
    return found


async def press(
    hass: HomeAssistant, farm: MockConfigEntry, node: str, key: str, context: Context | None = None
) -> str | None:
    """Press a button; the key of the refusal."""
    aimed = {"entity_id": entity(hass, farm, "button", node, key)}
    try:
        await hass.services.async_call("button", "press", aimed, blocking=True, context=context)
    except ServiceValidationError as err:
        return err.translation_key
    finally:
        await settled(hass)
    return None


def circuit(farm: MockConfigEntry) -> CircuitState:
    """What the farm remembers of the bench."""
    found: CircuitState = farm.runtime_data.engine.runtime.memory.circuits["bench"]
    return found


async def test_a_press_waters_a_circuit_and_its_event_tells_of_it(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await start_batch(hass, recipe="micro_radish", sown_days_ago=5)
    anna = somebody(hass, "anna", is_owner=True)
    assert await press(hass, farm, "bench", "run_shot", anna) is None
    shot = circuit(farm).shot
    assert shot is not None
    assert shot.by == "user:anna"
    told = hass.states.get(entity(hass, farm, "event", "bench", "shot"))
    assert told is not None
    assert told.attributes["event_type"] == "shot_started"
    assert told.attributes["node"] == "bench"


async def test_a_press_that_makes_no_sense_is_refused_with_the_reason(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    boss = manager(hass)
    assert await press(hass, farm, "bench", "run_shot", boss) == "duration_missing"
    assert await press(hass, farm, "bench", "clear_inhibit", boss) == "not_inhibited"
    assert await press(hass, farm, "tent", "end_workflow", boss) == "workflow_none"
    assert await press(hass, farm, "tent", "clear_latches", boss) == "not_latched"


async def test_a_workflow_goes_on_at_a_press_where_the_button_was_enabled(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    for key in ("advance_workflow", "end_workflow"):
        registered = registry.async_get(entity(hass, farm, "button", "tank", key))
        assert registered is not None
        assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        registry.async_update_entity(registered.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(farm.entry_id)
    await settled(hass)
    work = {"node": "tank", "workflow": "solution_change", "duration": 3600}
    await hass.services.async_call(DOMAIN, "start_workflow", work, blocking=True)
    await settled(hass)
    assert farm.runtime_data.engine.snapshot("tank").workflow.step == "drain"
    assert await press(hass, farm, "tank", "advance_workflow") is None
    assert farm.runtime_data.engine.snapshot("tank").workflow.step == "refill"
    # Ended early: what people have filled in is mixed all the same.
    assert await press(hass, farm, "tank", "end_workflow") is None
    assert farm.runtime_data.engine.snapshot("tank").workflow.step == "mixing"


async def test_a_press_before_the_farm_runs_says_so(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    farm.runtime_data.engine.running = False
    assert await press(hass, farm, "tent", "end_workflow") == "not_running"
    farm.runtime_data.engine.running = True


async def test_people_are_done_at_a_press(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    work = {"node": "tent", "workflow": "work_light", "duration": 1800}
    await hass.services.async_call(DOMAIN, "start_workflow", work, blocking=True)
    await settled(hass)
    assert farm.runtime_data.engine.snapshot("tent").workflow is not None
    assert await press(hass, farm, "tent", "end_workflow") is None
    assert farm.runtime_data.engine.snapshot("tent").workflow is None


async def test_each_press_takes_its_role(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(farm, options={"roles": {"vera": "viewer"}})
    vera = somebody(hass, "vera", is_owner=False)
    for node, key in (
        ("bench", "run_shot"),
        ("tent", "end_workflow"),
        ("bench", "clear_inhibit"),
        ("tent", "clear_latches"),
    ):
        assert await press(hass, farm, node, key, vera) == "not_allowed"
    # What stopped itself goes on when a person has looked: no automation.
    assert await press(hass, farm, "bench", "clear_inhibit") == "only_a_person"
    assert await press(hass, farm, "tent", "clear_latches") == "only_a_person"


async def test_an_alarm_anywhere_is_an_event_of_the_farm_by_its_severity(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    alarm = entity(hass, farm, "event", farm.entry_id, "alarm")
    engine = farm.runtime_data.engine
    engine.emitted(Event(kind="volume_low", node="tank", at=0.0, severity=Severity.P2, params={}))
    state = hass.states.get(alarm)
    assert state is not None
    told = {key: state.attributes[key] for key in ("event_type", "kind", "node")}
    assert told == {"event_type": "p2", "kind": "volume_low", "node": "tank"}
    engine.emitted(Event(kind="running", node="tank", at=1.0, severity=Severity.INFO, params={}))
    assert hass.states.get(alarm) is state, "what needs nobody is none"


async def test_a_tank_tells_of_doses_and_fills_only_where_it_has_the_devices(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    for key in ("dose", "fill"):
        unique = f"{farm.entry_id}:tank:{key}"
        assert registry.async_get_entity_id("event", DOMAIN, unique) is None


async def test_no_node_of_a_farm_has_more_enabled_entities_than_it_may(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    """At most 8 for a level: beyond 10,000 Home Assistant drops entities."""
    found = er.async_entries_for_config_entry(er.async_get(hass), farm.entry_id)
    for level in ("rack_level_1", "rack_level_2"):
        enabled = [e.unique_id for e in found if f":{level}:" in e.unique_id and not e.disabled_by]
        assert 0 < len(enabled) <= 8, enabled
