"""Actions: what a grower asks for, and every refusal in words."""

from __future__ import annotations

from typing import Any

import pytest
from home_farm import HEATER, Hardware, manager, settled, start_batch
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.devices import async_device_id
from vfarm_core.control.effects import Answer


async def act(
    hass: HomeAssistant, service: str, /, context: Context | None = None, **data: Any
) -> dict[str, Any]:
    """Call an action and return its answer."""
    by = context or manager(hass)
    answer = await hass.services.async_call(
        DOMAIN, service, data, blocking=True, return_response=True, context=by
    )
    await settled(hass)
    assert answer is not None
    return answer


async def refused(hass: HomeAssistant, service: str, /, **data: Any) -> ServiceValidationError:
    """Call an action that is refused."""
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, service, **data)
    error = caught.value
    # The text exists and every placeholder in it was given.
    assert error.translation_key is not None
    assert str(error) != error.translation_key
    assert "{" not in str(error)
    return error


async def test_a_batch_is_started_on_levels_by_device(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    device = async_device_id(hass, farm, "rack_level_1")
    answer = await act(
        hass, "start_batch", device_id=device, recipe="basil_sweet", plants=12, title="Basil"
    )
    assert set(answer) == {"batch", "phase", "expected_harvest_at", "version"}
    assert "T" in answer["expected_harvest_at"]
    batch = farm.runtime_data.engine.runtime.memory.batches[answer["batch"]]
    assert (batch.title, batch.plants) == ("Basil", 12)
    assert [(p.level_id, p.sites) for p in batch.placements] == [("rack_level_1", 12)]


async def test_new_lamps_begin_anew(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    answer = await act(hass, "fixture_replaced", node=["rack_level_1", "rack_level_2"])
    assert answer == {
        "levels": [{"level": "rack_level_1", "hours": 0}, {"level": "rack_level_2", "hours": 0}]
    }
    assert (await refused(hass, "fixture_replaced", node="rack")).translation_key == "wrong_kind"


async def test_an_area_means_the_levels_in_it(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    area = ar.async_get(hass).async_create("Cellar")
    registry = dr.async_get(hass)
    registry.async_update_device(async_device_id(hass, farm, "rack"), area_id=area.id)
    answer = await act(hass, "start_batch", area_id=area.id, recipe="lettuce_butterhead")
    batch = farm.runtime_data.engine.runtime.memory.batches[answer["batch"]]
    assert batch.levels == ("rack_level_1", "rack_level_2")
    assert batch.plants == 40


async def test_an_entity_means_its_level(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    phase = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{farm.entry_id}:rack_level_2:phase"
    )
    answer = await act(hass, "start_batch", entity_id=phase, recipe="lettuce_butterhead")
    batch = farm.runtime_data.engine.runtime.memory.batches[answer["batch"]]
    assert batch.levels == ("rack_level_2",)


async def test_a_batch_goes_from_phase_to_harvest(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    events: list[dict[str, Any]] = []
    hass.bus.async_listen("vfarm_event", lambda event: events.append(event.data))
    first = await start_batch(hass)
    device = async_device_id(hass, farm, "rack_level_1")
    answer = await act(hass, "advance_phase", device_id=[device])
    assert answer["batches"][0]["batch"] == first["batch"]
    assert answer["batches"][0]["phase"] != first["phase"]
    answer = await act(hass, "harvest", batch=first["batch"], kg=5.5, note="fine")
    (ended,) = answer["batches"]
    assert (ended["batch"], ended["kg"], ended["lot"]) == (
        first["batch"],
        5.5,
        f"{first['batch']}.1",
    )
    assert farm.runtime_data.engine.snapshot("rack_level_1").batch is None
    kinds = [e["kind"] for e in events if e["kind"].startswith(("batch", "phase"))]
    assert kinds == ["batch_started", "phase_changed", "batch_harvested"]
    assert events[0]["device_id"] == device
    entity = er.async_get(hass).async_get_entity_id(
        "event", DOMAIN, f"{farm.entry_id}:{farm.entry_id}:batch"
    )
    assert hass.states.get(entity).attributes["event_type"] == "batch_harvested"
    assert hass.states.get(entity).attributes["kg"] == 5.5


async def test_an_override_is_set_and_cleared(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    answer = await act(
        hass,
        "set_override",
        node="tent",
        quantity="air_temperature",
        value=25,
        duration={"hours": 2},
        why="trial",
    )
    assert answer["overrides"][0]["node"] == "tent"
    assert hardware.services(HEATER) == ["turn_on"]
    answer = await act(hass, "clear_override", node="tent", quantity="air_temperature")
    assert answer == {"cleared": ["tent"]}
    assert not farm.runtime_data.engine.snapshot("tent").air_temperature.overridden


async def test_a_stop_is_released_and_every_loop_armed_by_a_person(
    hass: HomeAssistant, farm: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    context = Context(user_id=hass_admin_user.id)
    answer = await act(hass, "emergency_stop", context=context, why="smoke")
    assert answer == {"stopped": ["Home farm"]}
    emergency = farm.runtime_data.engine.runtime.memory.farm.emergency
    assert (emergency.by, emergency.why) == (f"user:{hass_admin_user.id}", "smoke")
    assert (await refused(hass, "arm_loop", loop="light")).translation_key == "emergency_active"
    answer = await act(hass, "release_emergency_stop")
    loops = answer["disarmed"]
    assert "dosing" in loops
    assert (await refused(hass, "arm_loop", loop="dosing")).translation_key == "dosing_last"
    for loop in [loop for loop in loops if loop != "dosing"] + ["dosing"]:
        await act(hass, "arm_loop", loop=loop)
    assert farm.runtime_data.engine.snapshot(farm.entry_id).disarmed == ()

    assert await act(hass, "disarm_loop", loop="light") == {"disarmed": ["light"]}
    again = await refused(hass, "disarm_loop", loop="light")
    assert again.translation_key == "loop_disarmed"


async def test_a_changed_solution_is_taken_down(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    answer = await act(hass, "solution_changed", node="tank")
    assert answer["reservoirs"] == [{"reservoir": "tank"}]


async def test_a_node_explains_itself(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    await start_batch(hass)
    device = async_device_id(hass, farm, "tent")
    answer = await act(hass, "explain", device_id=device, node=farm.entry_id)
    by_node = {node["node"]: node for node in answer["nodes"]}
    assert by_node["tent"]["name"] == "Tent"
    heater = by_node["tent"]["actuators"][0]
    assert heater["role"] == "heater"
    assert heater["reason"]
    assert by_node[farm.entry_id]["batches"][0]["crop"] == "lettuce"


@pytest.mark.parametrize(
    ("language", "heater", "gap"),
    [
        ("en", "The heater is ", "smoke detector"),
        ("de-AT", "Heizung: ", "Rauchmelder"),
        ("fr", "Chauffage : ", "fumée"),
        ("nl", "Verwarming: ", "rookmelder"),
        ("es", "Calefacción: ", "humo"),
        ("pt", "The heater is ", "smoke detector"),
    ],
)
async def test_a_node_explains_itself_in_the_language_of_the_system(
    hass: HomeAssistant, farm: MockConfigEntry, language: str, heater: str, gap: str
) -> None:
    hass.config.language = language
    (tent,) = (await act(hass, "explain", node="tent"))["nodes"]
    assert any(sentence.startswith(heater) for sentence in tent["sentences"]), tent["sentences"]
    assert "{" not in "".join(tent["sentences"])
    assert any(gap in text for text in tent["unprotected"]), tent["unprotected"]


LEVEL_1 = {"node": "rack_level_1"}
OVERRIDE = {"node": "tent", "quantity": "air_temperature", "value": 20, "duration": 3600}


@pytest.mark.parametrize(
    ("service", "data", "key"),
    [
        ("start_batch", {**LEVEL_1, "recipe": "mango"}, "recipe_unknown"),
        ("start_batch", {"recipe": "basil_sweet"}, "no_target"),
        ("start_batch", {"node": "tent", "recipe": "basil_sweet"}, "wrong_kind"),
        ("start_batch", {"node": "moon", "recipe": "basil_sweet"}, "node_unknown"),
        (
            "start_batch",
            {**LEVEL_1, "recipe": "basil_sweet", "sown_days_ago": 999},
            "batch_days_ago",
        ),
        (
            "start_batch",
            {**LEVEL_1, "recipe": "basil_sweet", "sown_days_ago": -3},
            "batch_days_ago",
        ),
        ("start_batch", {**LEVEL_1, "recipe": "basil_sweet", "plants": 21}, "levels_full"),
        ("start_batch", {**LEVEL_1, "recipe": "basil_sweet", "plants": 0}, "levels_full"),
        ("start_batch", {"entity_id": "sensor.tent_air", "recipe": "basil_sweet"}, "not_ours"),
        ("advance_phase", LEVEL_1, "level_empty"),
        ("advance_phase", {"batch": "nothing"}, "batch_unknown"),
        ("harvest", {"batch": "nothing"}, "batch_unknown"),
        ("set_override", {**OVERRIDE, "value": 99}, "override_out_of_range"),
        ("set_override", {**OVERRIDE, "duration": 0}, "override_expired"),
        ("set_override", {**OVERRIDE, "quantity": "ppfd"}, "wrong_kind"),
        ("set_override", {**OVERRIDE, "quantity": "vpd", "value": 2.9}, "vpd_unreachable"),
        ("clear_override", {"node": "tent", "quantity": "co2"}, "override_unknown"),
        ("release_emergency_stop", {}, "not_stopped"),
        ("arm_loop", {"loop": "light"}, "loop_armed"),
        ("clear_inhibit", {"node": "bench"}, "not_inhibited"),
        ("clear_inhibit", {"node": "rack"}, "wrong_kind"),
        ("clear_latch", {"point": "tent.heater"}, "not_latched"),
        ("clear_latch", {"point": "moon.heater"}, "point_unknown"),
        ("give_back", {"point": "tent.heater"}, "not_taken_over"),
        ("give_back", {"point": "moon.heater"}, "point_unknown"),
        ("run_dose", {"point": "tent.heater", "ml": 1}, "doser_unknown"),
        ("run_fill", {"node": "tank"}, "fill_not_ready"),
        ("run_fill", {"node": "tank", "litres": 5}, "fill_out_of_range"),
        ("set_probe", {"point": "tent.heater", "use": "out"}, "probe_unknown"),
        ("verify_probe", {"point": "tent.heater"}, "probe_unknown"),
        (
            "calibrate_probe",
            {"point": "tent.heater", "standard": 7, "shown": 7},
            "probe_unknown",
        ),
        (
            "calibrate_pump",
            {"point": "tent.heater", "ml": 60, "duration": {"seconds": 30}},
            "doser_unknown",
        ),
        ("clear_reservoir", {"node": "tank", "inhibit": "dosing"}, "reservoir_not_inhibited"),
        ("solution_changed", {"node": "bench"}, "wrong_kind"),
        ("run_shot", {"node": "bench"}, "duration_missing"),
        ("run_shot", {"node": "bench", "duration": 100000}, "duration_out_of_range"),
        ("run_shot", {"node": "bench", "litres": 100000}, "volume_out_of_range"),
        ("run_shot", {"node": "bench", "litres": 1, "duration": 60}, "duration_or_volume"),
        ("run_shot", {"node": "rack"}, "wrong_kind"),
        ("explain", {"node": "pump"}, "wrong_kind"),
    ],
)
async def test_what_is_refused_says_why(
    hass: HomeAssistant, farm: MockConfigEntry, service: str, data: dict[str, Any], key: str
) -> None:
    assert (await refused(hass, service, **data)).translation_key == key


@pytest.mark.parametrize(
    ("service", "data", "key"),
    [
        ("start_batch", {**LEVEL_1, "recipe": "basil_sweet"}, "levels_full"),
        ("harvest", {**LEVEL_1, "kg": -1}, "kg_negative"),
        ("run_shot", {"node": "bench", "duration": 60}, "shot_not_ready"),
    ],
)
async def test_what_is_refused_while_plants_grow_says_why(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    service: str,
    data: dict[str, Any],
    key: str,
) -> None:
    await start_batch(hass)
    hardware.volume(5)
    await settled(hass)
    assert (await refused(hass, service, **data)).translation_key == key


async def test_a_refused_shot_names_its_cause_in_words(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    hardware.volume(5)
    await settled(hass)
    error = await refused(hass, "run_shot", node="bench", duration=60)
    assert "the reservoir is low" in str(error)


async def test_people_at_work_begin_go_on_and_end(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    change = {"node": "tank", "workflow": "solution_change", "duration": {"hours": 2}}
    (begun,) = (await act(hass, "start_workflow", **change))["workflows"]
    assert (begun["step"], begun["workflow"]) == ("drain", "solution_change")
    assert "T" in begun["until_at"]
    error = await refused(hass, "start_workflow", **{**change, "workflow": "maintenance"})
    assert error.translation_key == "workflow_running"
    assert "Solution change" in str(error)
    (step,) = (await act(hass, "advance_workflow", node="tank"))["workflows"]
    assert step["step"] == "refill"
    (mixing,) = (await act(hass, "end_workflow", node="tank"))["workflows"]
    assert mixing["step"] == "mixing"
    assert (await act(hass, "end_workflow", node="tank"))["workflows"] == [{"node": "tank"}]


@pytest.mark.parametrize(
    ("service", "data", "key"),
    [
        ("start_workflow", {"node": "tank", "workflow": "work_light"}, "wrong_kind"),
        ("start_workflow", {"node": "bench", "workflow": "sanitation"}, "workflow_plants"),
        (
            "start_workflow",
            {"node": "rack_level_1", "workflow": "dark_germination", "duration": {"days": 30}},
            "workflow_too_long",
        ),
        (
            "start_workflow",
            {"node": "tank", "workflow": "maintenance", "duration": 0},
            "workflow_over",
        ),
        ("advance_workflow", {"node": "tank"}, "workflow_none"),
        ("end_workflow", {"node": "rack"}, "workflow_none"),
    ],
)
async def test_work_that_cannot_be_done_now_says_why(
    hass: HomeAssistant, farm: MockConfigEntry, service: str, data: dict[str, Any], key: str
) -> None:
    await start_batch(hass)
    if service == "start_workflow":
        data = {"duration": {"hours": 1}, **data}
    assert (await refused(hass, service, **data)).translation_key == key


async def test_the_last_phase_ends_with_harvest(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    answer = await start_batch(hass)
    recipe = next(iter(farm.runtime_data.engine.runtime.memory.recipes.values()))
    for _ in recipe.phases[1:]:
        await act(hass, "advance_phase", batch=answer["batch"])
    error = await refused(hass, "advance_phase", batch=answer["batch"])
    assert error.translation_key == "batch_last_phase"
    await act(hass, "harvest", batch=answer["batch"])
    error = await refused(hass, "harvest", batch=answer["batch"])
    assert error.translation_key == "batch_not_growing"


async def test_crops_that_cannot_share_a_zone_are_refused(
    hass: HomeAssistant, farm: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {
        "batch": "Basil",
        "quantity": "air_temperature",
        "limit": "critical",
        "when": "night",
        "first": "Lettuce",
        "first_range": "18 … 20",
        "second": "Basil",
        "second_range": "24 … 30",
    }
    answer = Answer(refused="limits_disjoint", params=params)
    hass.config.language = "de"
    with monkeypatch.context() as patched:
        patched.setattr(farm.runtime_data.engine.runtime, "request", lambda request: answer)
        error = await refused(hass, "start_batch", **LEVEL_1, recipe="basil_sweet")
    assert error.translation_key == "limits_disjoint"
    said = error.translation_placeholders
    assert said is not None
    assert (said["quantity"], said["when"]) == ("Lufttemperatur", "bei Nacht")


async def test_a_farm_that_does_not_run_yet_says_so(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    farm.runtime_data.engine.running = False
    assert (await refused(hass, "set_mode", mode="hold")).translation_key == "not_running"
    assert (await refused(hass, "explain", node="tent")).translation_key == "not_running"
    farm.runtime_data.engine.running = True


async def test_two_farms_are_told_apart(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Other", data={"kind": "farm"})
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    await settled(hass)
    error = await refused(hass, "set_mode", mode="hold")
    assert error.translation_key == "service_found_multiple_config_entry_for_domain"
    await act(hass, "set_mode", mode="hold", config_entry_id=other.entry_id)
    assert farm.runtime_data.engine.snapshot(farm.entry_id).mode == "auto"
    answer = await act(hass, "emergency_stop")
    assert answer == {"stopped": ["Home farm", "Other"]}
    answer = await act(hass, "emergency_stop", config_entry_id=other.entry_id)
    assert answer == {"stopped": ["Other"]}
    await hass.config_entries.async_unload(other.entry_id)


async def test_one_weight_is_for_one_batch(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    for level in ("rack_level_1", "rack_level_2"):
        await act(hass, "start_batch", node=level, recipe="lettuce_butterhead")
    both = {"node": ["rack_level_1", "rack_level_2"]}
    assert (await refused(hass, "harvest", **both, kg=2)).translation_key == "one_weight"
    assert len((await act(hass, "harvest", **both))["batches"]) == 2


async def test_a_refusal_of_a_target_is_said_in_words(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await start_batch(hass)
    hass.config.language = "de"
    err = await refused(hass, "set_override", **{**OVERRIDE, "value": 39})
    assert err.translation_key == "override_beyond_limits"
    said = err.translation_placeholders
    assert said is not None
    assert said["quantity"] == "Lufttemperatur"
    assert said["recipes"] == "Butterhead lettuce"
    assert "…" in said["limits"]
