"""A rack is copied as often as a person asks, with the bindings that its copies would have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from home_farm import bound, declared
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_subentry_flows import LEVEL, RACK, Flow

from custom_components.vfarm.const import DOMAIN

LAMP = "light.rack_1_level_1"
POWER = "sensor.rack_1_level_1_power"
PPFD = "sensor.rack_1_level_2_ppfd"
BENCH = "valve.rack_1_bench"
PUMP = "switch.pump"


def subentries() -> Iterator[ConfigSubentryData]:
    lamp = {"rating_w": 100.0, "metered_by": "r1l1.power", "isolation": "pump.irrigation_pump"}
    data: dict[str, tuple[str, str, dict[str, Any]]] = {
        "zone": ("zone", "Tent", {"volume_m3": 8.0}),
        "r1": (
            "rack",
            "Rack 1",
            {
                "zone": "zone",
                "levels": [
                    {"id": "r1l1", "name": "Level 1", **LEVEL},
                    {"id": "r1l2", "name": "Level 2", **LEVEL},
                ],
                "bindings": [
                    bound("r1l1", "grow_light", LAMP, declaration=declared(**lamp), dims=True),
                    bound("r1l1", "power", POWER),
                    bound("r1l2", "ppfd", PPFD, unit="μmol/m²/s", scale=1.1),
                ],
            },
        ),
        "tank": ("reservoir", "Tank", {"capacity_l": 100.0, "volume_min_l": 10.0}),
        "pump": (
            "pump",
            "Pump",
            {
                "reservoir": "tank",
                "flow_l_min": 10.0,
                "bindings": [
                    bound(
                        "pump", "irrigation_pump", PUMP, declaration=declared("on", max_on_s=900.0)
                    )
                ],
            },
        ),
        "bench": (
            "circuit",
            "Rack 1 bench",
            {
                "pump": "pump",
                "levels": ["r1l1", "r1l2"],
                "method": "ebb_flow",
                "drain_s": 600.0,
                "bindings": [
                    bound(
                        "bench",
                        "irrigation_valve",
                        BENCH,
                        declaration=declared("on", max_on_s=1200.0),
                    )
                ],
            },
        ),
    }
    for key, (type_, title, fields) in data.items():
        whole = {"id": key, "bindings": [], **fields}
        yield ConfigSubentryData(
            subentry_type=type_, title=title, data=whole, unique_id=f"{type_}_{key}"
        )


def entity(hass: HomeAssistant, entity_id: str) -> None:
    attributes: dict[str, Any] = {
        "light": {"supported_color_modes": ["brightness"]},
        "valve": {"supported_features": 3},
    }.get(entity_id.partition(".")[0], {})
    if entity_id.endswith("power"):
        attributes = {"unit_of_measurement": "W", "device_class": "power"}
    if entity_id.endswith("ppfd"):
        attributes = {"unit_of_measurement": "μmol/m²/s"}
    state = {"sensor": "12", "valve": "closed"}.get(entity_id.partition(".")[0], "off")
    hass.states.async_set(entity_id, state, attributes)


@pytest.fixture
async def racks(hass: HomeAssistant) -> MockConfigEntry:
    """A farm of one rack; entities for a second one, some for a third."""
    for known in (PUMP, LAMP, POWER, PPFD, BENCH):
        entity(hass, known)
        if known != PUMP:
            entity(hass, known.replace("rack_1", "rack_2"))
    entity(hass, LAMP.replace("rack_1", "rack_3"))
    entry = MockConfigEntry(
        domain=DOMAIN, title="Farm", data={"kind": "farm"}, subentries_data=list(subentries())
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


@pytest.fixture
async def copying(hass: HomeAssistant, racks: MockConfigEntry) -> Flow:
    """The flow of the rack, at the question how many copies there shall be."""
    flow = await Flow(hass, racks).edit("rack")
    await flow.choose("copy")
    return flow


def labels(flow: Flow) -> dict[str, str]:
    (chooser,) = flow.result["data_schema"].schema.values()
    return {o["value"]: o["label"] for o in chooser.config["options"]}


async def test_a_copy_has_the_same_levels_and_the_entities_of_its_own_name(
    hass: HomeAssistant, copying: Flow
) -> None:
    engine = copying.entry.runtime_data.engine
    await copying.go(count=1, name="Rack #", circuits=True)
    assert copying.result["step_id"] == "copy_bindings"
    placeholders = copying.result["description_placeholders"]
    assert (placeholders["racks"], placeholders["open"]) == ("Rack 2", "0")
    found = labels(copying)
    assert set(found) == {
        "rack_2_level_level_1.grow_light",
        "rack_2_level_level_1.power",
        "rack_2_level_level_2.ppfd",
        "rack_2_bench.irrigation_valve",
    }
    ppfd = found["rack_2_level_level_2.ppfd"]
    assert ppfd == "Rack 2 · Level 2: PPFD = sensor.rack_2_level_2_ppfd · 12 μmol/m²/s"
    assert len(engine.farm.racks) == 1, "nothing is made before it is confirmed"
    await copying.go(proposals=list(found))
    await hass.async_block_till_done()
    assert copying.result["reason"] == "copied"
    assert copying.entry.runtime_data.engine is engine, "the farm was reloaded"
    farm = engine.farm
    assert [rack.name for rack in farm.racks] == ["Rack 1", "Rack 2"]
    assert farm.racks[1].zone == "zone"
    one, other = (farm.level[key] for key in ("r1l2", "rack_2_level_level_2"))
    assert (other.name, other.area_m2, other.sites) == (one.name, one.area_m2, one.sites)
    copied = farm.binding["rack_2_level_level_2.ppfd"]
    assert (copied.entity, copied.scale) == ("sensor.rack_2_level_2_ppfd", 1.1)
    bench = farm.circuit["rack_2_bench"]
    assert (bench.name, bench.pump) == ("Rack 2 bench", "pump")
    assert bench.levels == ("rack_2_level_level_1", "rack_2_level_level_2")
    assert {r.data["id"] for r in copying.entry.subentries.values()} >= {"rack_2", "rack_2_bench"}


async def test_a_declaration_names_the_meter_of_the_copy_and_the_shared_isolation(
    hass: HomeAssistant, copying: Flow
) -> None:
    await copying.go(count=1, name="Rack #", circuits=True)
    await copying.go(proposals=list(labels(copying)))
    await hass.async_block_till_done()
    lamp = copying.entry.runtime_data.farm.binding["rack_2_level_level_1.grow_light"]
    assert lamp.declaration is not None
    assert lamp.declaration.metered_by == "rack_2_level_level_1.power"
    assert lamp.declaration.isolation == "pump.irrigation_pump"


async def test_what_is_unticked_stays_open_and_is_not_named(
    hass: HomeAssistant, copying: Flow
) -> None:
    await copying.go(count=1, name="Rack #", circuits=True)
    await copying.go(proposals=["rack_2_level_level_1.grow_light"])
    await hass.async_block_till_done()
    farm = copying.entry.runtime_data.farm
    lamp = farm.binding["rack_2_level_level_1.grow_light"]
    assert lamp.declaration is not None
    assert lamp.declaration.metered_by is None, "its meter was unticked"
    said = copying.result["description_placeholders"]
    assert said == {"racks": "Rack 2", "open": "3", "left_out": "Rack 2 bench"}
    assert "rack_2_bench" not in farm.nodes, "it would share its pump without a valve of its own"


async def test_several_copies_take_the_numbers_that_are_free(
    hass: HomeAssistant, copying: Flow
) -> None:
    other = await Flow(hass, copying.entry).add("rack")
    await other.go(**{**RACK, "name": "Rack 3", "zone": "zone"})
    await other.save()
    await copying.go(count=2, name="Rack #", circuits=False)
    placeholders = copying.result["description_placeholders"]
    assert (placeholders["racks"], placeholders["open"]) == ("Rack 2, Rack 4", "3")
    assert not [key for key in labels(copying) if "rack_4" in key]
    await copying.go(proposals=[])
    await hass.async_block_till_done()
    names = [rack.name for rack in copying.entry.runtime_data.farm.racks]
    assert names == ["Rack 1", "Rack 3", "Rack 2", "Rack 4"]
    assert copying.result["description_placeholders"]["left_out"] == "–"


async def test_a_rack_of_which_no_entity_exists_is_made_with_nothing_bound(
    hass: HomeAssistant, copying: Flow
) -> None:
    await copying.go(count=1, name="Attic", circuits=False)
    assert not copying.result["data_schema"].schema
    await copying.go()
    await hass.async_block_till_done()
    farm = copying.entry.runtime_data.farm
    assert farm.nodes["attic"].name == "Attic"
    assert not [b for b in farm.bindings if b.node.startswith("attic")]


async def test_what_was_changed_in_the_flow_is_saved_and_copied(
    hass: HomeAssistant, racks: MockConfigEntry
) -> None:
    flow = await Flow(hass, racks).edit("rack")
    await flow.choose("add_level")
    await flow.go(name="Level 3", **LEVEL)
    await flow.choose("copy")
    await flow.go(count=1, name="Rack #", circuits=False)
    await flow.go(proposals=[])
    await hass.async_block_till_done()
    farm = racks.runtime_data.farm
    assert len(farm.levels) == 6


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"name": " "}, {"name": "name_empty"}),
        ({"name": "Rack 1"}, {"name": "name_taken"}),
        ({"name": "Rack", "count": 2}, {"name": "number_missing"}),
    ],
)
async def test_a_name_that_cannot_be_is_refused_and_nothing_is_made(
    hass: HomeAssistant, copying: Flow, values: dict[str, Any], error: dict[str, str]
) -> None:
    before = dict(copying.entry.subentries)
    await copying.go(**{"count": 1, "circuits": True, **values})
    assert (copying.result["step_id"], copying.result["errors"]) == ("copy", error)
    assert dict(copying.entry.subentries) == before
    await copying.go(count=1, name="Rack #", circuits=False)
    assert copying.result["step_id"] == "copy_bindings"


@pytest.mark.parametrize(("room", "fits"), [(5.5, "5"), (0.0, "0")])
async def test_more_entities_than_home_assistant_takes_are_refused_with_what_fits(
    hass: HomeAssistant, copying: Flow, room: float, fits: str
) -> None:
    registry = er.async_get(hass)
    rack = next(s for s in copying.entry.subentries.values() if s.subentry_type == "rack")
    enabled = [
        e
        for e in er.async_entries_for_config_entry(registry, copying.entry.entry_id)
        if e.disabled_by is None
    ]
    each = sum(e.config_subentry_id == rack.subentry_id for e in enabled)
    assert each > 0
    cap = "custom_components.vfarm.flows.copying.MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY"
    with patch(cap, len(enabled) + int(room * each)):
        await copying.go(count=6, name="Rack #", circuits=False)
    assert copying.result["errors"] == {"count": "too_many_copies"}
    assert copying.result["description_placeholders"]["fits"] == fits


async def test_a_rack_that_is_not_saved_yet_cannot_be_copied(
    hass: HomeAssistant, racks: MockConfigEntry
) -> None:
    flow = await Flow(hass, racks).add("rack")
    await flow.go(**{**RACK, "zone": "zone"})
    assert "copy" not in flow.result["menu_options"]


async def test_nothing_is_copied_into_a_farm_that_no_longer_fits(
    hass: HomeAssistant, copying: Flow
) -> None:
    await copying.go(count=1, name="Rack #", circuits=False)
    zone = next(s for s in copying.entry.subentries.values() if s.subentry_type == "zone")
    hass.config_entries.async_remove_subentry(copying.entry, zone.subentry_id)
    await hass.async_block_till_done()
    before = len(copying.entry.subentries)
    await copying.go(proposals=[])
    assert copying.result["type"] is FlowResultType.ABORT
    assert copying.result["reason"] == "farm_changed"
    assert len(copying.entry.subentries) == before


async def test_an_entity_that_cannot_be_what_it_is_copied_for_is_left_open(
    hass: HomeAssistant, copying: Flow
) -> None:
    hass.states.async_set("sensor.rack_2_level_2_ppfd", "12", {"unit_of_measurement": "lx"})
    hass.states.async_remove(POWER.replace("rack_1", "rack_2"))
    registry = er.async_get(hass)
    made = registry.async_get_or_create("light", "test", "2", suggested_object_id="rack_2_level_1")
    hass.states.async_remove("light.rack_2_level_1")
    registry.async_update_entity(made.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await copying.go(count=1, name="Rack #", circuits=True)
    assert set(labels(copying)) == {"rack_2_bench.irrigation_valve"}


def select(hass: HomeAssistant, number: int, *options: str) -> None:
    entity_id = f"select.rack_{number}_level_2_lamp"
    hass.states.async_set(entity_id, options[0], {"options": list(options)})


async def test_a_device_with_words_of_its_own_is_copied_to_one_with_the_same_words(
    hass: HomeAssistant, racks: MockConfigEntry
) -> None:
    select(hass, 1, "Dark", "Sun")
    select(hass, 2, "Dark", "Sun")
    select(hass, 3, "Off", "On")
    rack = next(s for s in racks.subentries.values() if s.subentry_type == "rack")
    words = {"off_option": "Dark", "on_option": "Sun", "dims": False}
    lamp = bound(
        "r1l2", "grow_light", "select.rack_1_level_2_lamp", declaration=declared(), **words
    )
    gone = bound("r1l2", "illuminance", "0123456789abcdef0123456789abcdef")
    bindings = [*rack.data["bindings"], lamp, gone]
    hass.config_entries.async_update_subentry(racks, rack, data={**rack.data, "bindings": bindings})
    await hass.async_block_till_done()
    flow = await Flow(hass, racks).edit("rack")
    await flow.choose("copy")
    await flow.go(count=2, name="Rack #", circuits=False)
    found = labels(flow)
    assert "rack_2_level_level_2.grow_light" in found
    assert "rack_3_level_level_2.grow_light" not in found
    assert flow.result["description_placeholders"]["open"] == "5"
    await flow.go(proposals=list(found))
    await hass.async_block_till_done()
    copied = racks.runtime_data.farm.binding["rack_2_level_level_2.grow_light"]
    assert (copied.off_option, copied.on_option) == ("Dark", "Sun")


async def test_a_rack_without_circuits_of_its_own_is_not_asked_for_them(
    hass: HomeAssistant, racks: MockConfigEntry
) -> None:
    circuit = next(s for s in racks.subentries.values() if s.subentry_type == "circuit")
    hass.config_entries.async_remove_subentry(racks, circuit.subentry_id)
    await hass.async_block_till_done()
    flow = await Flow(hass, racks).edit("rack")
    await flow.choose("copy")
    assert set(flow.result["data_schema"].schema) == {"count", "name"}
    await flow.go(count=1, name="Rack #")
    assert flow.result["description_placeholders"]["racks"] == "Rack 2"
