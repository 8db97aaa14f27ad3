"""The demo farm: simulated hardware behind ordinary entities, bound like any other."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import pass_time, settled, while_time_passes
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from custom_components.vfarm.const import DOMAIN


@pytest.fixture
async def demo(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Any:
    """The demo farm, set up through its flow, in time that only moves when a test moves it."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": "demo"})
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    await settled(hass)
    entry = flow["result"]
    assert entry.state is ConfigEntryState.LOADED
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await while_time_passes(hass, freezer, hass.config_entries.async_unload(entry.entry_id))


async def test_it_has_what_a_visitor_is_promised(hass: HomeAssistant, demo: ConfigEntry) -> None:
    farm = demo.runtime_data.farm
    assert (len(farm.zones), len(farm.racks), len(farm.levels)) == (2, 4, 16)
    assert len(farm.reservoirs) == 2
    snapshot = demo.runtime_data.engine.snapshot(demo.entry_id)
    assert len({batch.crop for batch in snapshot.batches}) == 5
    assert len({batch.phase for batch in snapshot.batches}) >= 4


async def test_its_calendar_is_full_and_nothing_is_left_to_be_set_up(
    hass: HomeAssistant, demo: ConfigEntry
) -> None:
    found = {
        registered.domain: registered.entity_id
        for registered in er.async_entries_for_config_entry(er.async_get(hass), demo.entry_id)
        if registered.domain in ("calendar", "todo")
    }
    state = hass.states.get(found["calendar"])
    assert state is not None
    assert state.attributes["message"]
    answer: Any = await hass.services.async_call(
        "todo", "get_items", {"entity_id": found["todo"]}, blocking=True, return_response=True
    )
    uids = [item["uid"] for item in answer[found["todo"]]["items"]]
    assert not [uid for uid in uids if uid.startswith("onboarding")]


async def test_its_hardware_is_ordinary_and_bound_by_registry_id(
    hass: HomeAssistant, demo: ConfigEntry
) -> None:
    registry = er.async_get(hass)
    farm = demo.runtime_data.farm
    domains = Counter[str]()
    for binding in farm.bindings:
        registered = registry.entities.get_entry(binding.entity)
        assert registered is not None, binding
        domains[registered.domain] += 1
        state = hass.states.get(registered.entity_id)
        assert state is not None
        assert state.state != "unavailable"
    assert set(domains) == {
        "sensor", "binary_sensor", "light", "number", "switch", "fan", "humidifier", "valve",
    }  # fmt: skip
    names = {d.name for d in dr.async_entries_for_config_entry(dr.async_get(hass), demo.entry_id)}
    assert "Leaf room hardware" in names


async def test_nothing_of_ours_is_unavailable(hass: HomeAssistant, demo: ConfigEntry) -> None:
    for registered in er.async_entries_for_config_entry(er.async_get(hass), demo.entry_id):
        if not registered.disabled:
            assert hass.states.get(registered.entity_id).state != "unavailable", registered


async def test_lights_are_driven_and_proved(
    hass: HomeAssistant, demo: ConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    engine = demo.runtime_data.engine
    proved: set[str] = set()
    # Dawn moves the lamps every minute, so at any moment one of them is on its way.
    for _ in range(70):
        await pass_time(hass, freezer, 2, step=2)
        for key, state in engine.runtime.memory.actuators.items():
            if key.endswith("grow_light") and state.proof in ("proved", "unproved"):
                proved.add(key)
    lights = [k for k in engine.runtime.memory.actuators if k.endswith("grow_light")]
    assert len(lights) == 16
    assert proved == set(lights)
    assert not any(engine.runtime.memory.actuators[key].latched for key in lights)
    assert demo.runtime_data.engine.actuators.sent > 0
    # A CO2 probe warms up before it is believed, a simulated one too.
    assert set(demo.runtime_data.engine.snapshot("zone_a").problems) <= {"sensor_warm_up"}


async def test_a_shot_runs_through_the_simulated_water(
    hass: HomeAssistant, demo: ConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await pass_time(hass, freezer, 30, step=2)
    await hass.services.async_call(
        DOMAIN, "run_shot", {"node": "circuit_a", "duration": 120}, blocking=True
    )
    await pass_time(hass, freezer, 180, step=2)
    snapshot = demo.runtime_data.engine.snapshot("circuit_a")
    # A flow meter is there: the litres end the shot, or the time that they may take.
    assert snapshot.last_end in ("done", "volume")
    assert snapshot.last_delivered_l == pytest.approx(20, abs=3)


async def test_tanks_are_dosed_and_filled_out_of_the_box(
    hass: HomeAssistant, demo: ConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    engine = demo.runtime_data.engine
    told: list[Any] = []
    engine.listen_events(told.append)
    registry = er.async_get(hass)
    running = {
        registry.async_get_entity_id(
            "binary_sensor", DOMAIN, f"{demo.entry_id}:reservoir_a:{key}"
        ): key
        for key in ("dosing", "filling")
    }
    # The first fill has begun already.
    shown = {(key, hass.states.get(entity).state) for entity, key in running.items()}

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None and state.entity_id in running:
            shown.add((running[state.entity_id], state.state))

    hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
    await pass_time(hass, freezer, 10, step=2)
    for tank in ("reservoir_a", "reservoir_b"):
        snapshot = engine.snapshot(tank)
        assert {check.value for check in snapshot.probes.values()} == {"verified"}
        assert not snapshot.dosing_inhibited, snapshot.dosing_code
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": speed_select(hass, demo), "option": "60"},
        blocking=True,
    )
    # Two hours of the farm: a solution that is mixed, doses one after the other, a fill.
    passed = 0.0
    while passed < 120:
        tanks = [engine.snapshot(tank) for tank in ("reservoir_a", "reservoir_b")]
        step = 0.02 if any(tank.dose for tank in tanks) else 0.2
        await pass_time(hass, freezer, step, step=step)
        passed += step
    ends = {
        (event.kind, event.params["end"])
        for event in told
        if event.kind in ("dose_ended", "fill_ended")
    }
    assert ends == {("dose_ended", "done"), ("fill_ended", "done")}
    assert shown == {("dosing", "on"), ("dosing", "off"), ("filling", "on"), ("filling", "off")}
    given = [e.params for e in told if e.kind == "dose_ended"]
    for dose in given:
        assert dose["delivered_ml"] == pytest.approx(dose["planned_ml"], rel=0.1)
    assert not [event for event in told if event.severity in ("p1", "p2")]


def speed_select(hass: HomeAssistant, demo: ConfigEntry) -> str:
    """The entity id of the speed."""
    found = er.async_get(hass).async_get_entity_id(
        "select", DOMAIN, f"{demo.entry_id}:{demo.entry_id}:speed"
    )
    assert found is not None
    return found


async def test_farm_time_runs_at_the_chosen_speed_and_never_back(
    hass: HomeAssistant, demo: ConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    select = speed_select(hass, demo)
    assert hass.states.get(select).state == "1"
    clock = demo.runtime_data.engine.clock
    start = clock.now().farm
    freezer.tick(10)
    assert clock.now().farm == pytest.approx(start + 10)
    await hass.services.async_call(
        "select", "select_option", {"entity_id": select, "option": "60"}, blocking=True
    )
    assert hass.states.get(select).state == "60"
    await pass_time(hass, freezer, 10, step=1)
    fast = clock.now().farm
    assert fast == pytest.approx(start + 610)

    await while_time_passes(hass, freezer, hass.config_entries.async_reload(demo.entry_id))
    await settled(hass)
    again = demo.runtime_data.engine.clock
    assert again.speed == 60
    assert again.now().farm >= fast
    await while_time_passes(hass, freezer, hass.config_entries.async_unload(demo.entry_id))
    left = again.now().farm
    freezer.tick(3600 * 24)
    assert await hass.config_entries.async_setup(demo.entry_id)
    await settled(hass)
    # A day off is a day, whatever the speed.
    off = demo.runtime_data.engine.clock.now().farm - left
    assert 3600 * 24 <= off <= 3600 * 24 + 900


async def test_batches_are_started_once(
    hass: HomeAssistant, demo: ConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    before = dict(demo.runtime_data.engine.runtime.memory.batches)
    await while_time_passes(hass, freezer, hass.config_entries.async_reload(demo.entry_id))
    await settled(hass)
    assert demo.runtime_data.engine.runtime.memory.batches == before
    twin = demo.runtime_data.demo.twin
    assert all(twin.stands(batch) for batch in before)


async def test_a_harvest_empties_the_simulated_level(
    hass: HomeAssistant, demo: ConfigEntry
) -> None:
    engine = demo.runtime_data.engine
    batch = engine.snapshot("level_a1").batch
    assert demo.runtime_data.demo.twin.stands(batch)
    await hass.services.async_call(DOMAIN, "harvest", {"batch": batch}, blocking=True)
    await settled(hass)
    assert not demo.runtime_data.demo.twin.stands(batch)


async def test_a_person_can_turn_the_simulated_hardware(
    hass: HomeAssistant, demo: ConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await pass_time(hass, freezer, 10, step=1)
    entities = demo.runtime_data.engine.points.entities
    for point, service, data, state in (
        ("zone_a.humidifier", "humidifier.turn_on", {}, "on"),
        ("zone_a.dehumidifier", "humidifier.turn_off", {}, "off"),
        ("zone_a.exhaust_fan", "fan.turn_on", {}, "on"),
        ("zone_a.circulation_fan", "fan.turn_off", {}, "off"),
        ("zone_a.heater", "switch.turn_on", {}, "on"),
        ("level_a1.grow_light", "light.turn_on", {"brightness": 128}, "on"),
        ("level_a2.grow_light", "light.turn_off", {}, "off"),
        ("level_d1.grow_light", "number.set_value", {"value": 40}, "40"),
    ):
        domain, name = service.split(".")
        entity_id = entities[point]
        demo.runtime_data.engine.points._by_entity.pop(entity_id, None)
        await hass.services.async_call(
            domain, name, {"entity_id": entity_id, **data}, blocking=True
        )
        await pass_time(hass, freezer, 3, step=1)
        assert hass.states.get(entity_id).state == state, point


async def test_removing_the_demo_forgets_it(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    demo: ConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    key = f"{DOMAIN}.{demo.entry_id}.demo"
    assert key in hass_storage
    await while_time_passes(hass, freezer, hass.config_entries.async_remove(demo.entry_id))
    assert key not in hass_storage
