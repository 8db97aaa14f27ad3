"""What presets know of the devices of a house, and what is proposed because of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.core.farm.test_candidates import places
from vfarm_core.devices.presets.library import shipped
from vfarm_core.devices.presets.preset import Check, Found, find, find_all, hints
from vfarm_core.farm.bindings import OnLoss, Proof
from vfarm_core.farm.candidates import Candidate, Hint, Place, Spot, Why, fitness, propose, reasons
from vfarm_core.farm.roles import Role
from vfarm_core.farm.units import convert

HOUSES = Path(__file__).parent / "houses"
NAMES = sorted(path.stem for path in HOUSES.glob("*.json"))


def house(name: str) -> dict[str, Any]:
    """A house of such devices, as its registries have it."""
    read: dict[str, Any] = json.loads((HOUSES / f"{name}.json").read_text(encoding="utf-8"))
    return read


def candidates(read: dict[str, Any]) -> list[Candidate]:
    return [
        Candidate(
            id=e["entity_id"],
            domain=e["entity_id"].partition(".")[0],
            name=f"{e['entity_id'].partition('.')[2]} {e['name']}",
            device=e["device"],
            device_id=e["device"],
            area=e.get("area", ""),
            device_class=e.get("device_class"),
            unit=e.get("unit"),
            auxiliary="category" in e,
            platform=e["platform"],
            made=e["made"],
        )
        for e in read["entities"]
    ]


def found_in(name: str) -> Mapping[str, Found]:
    return find_all(shipped().values(), candidates(house(name)))


def entity(domain: str = "sensor", name: str = "tank", **more: Any) -> Candidate:
    return Candidate(id=f"{domain}.one", domain=domain, name=name, **more)


@pytest.mark.parametrize("name", NAMES)
def test_every_entity_of_a_house_is_known_for_what_it_is(name: str) -> None:
    told = {k: f"{f.preset.id}.{f.known.key}" for k, f in found_in(name).items()}
    assert told == house(name)["known"]


@pytest.mark.parametrize("name", NAMES)
def test_a_house_of_known_devices_is_proposed_to_the_entity(name: str) -> None:
    read = house(name)
    proposed: dict[str, dict[str, list[str]]] = {}
    for p in propose(places(read["farm"]), candidates(read), hints=hints(found_in(name))):
        proposed.setdefault(p.node, {}).setdefault(p.role.value, []).append(p.entity)
    assert proposed == read["expected"]


@pytest.mark.parametrize("name", NAMES)
def test_what_looks_like_something_else_is_proposed_only_while_its_device_is_unknown(
    name: str,
) -> None:
    read = house(name)
    every = candidates(read)
    without = {p.entity for p in propose(places(read["farm"]), every)}
    with_presets = {
        p.entity for p in propose(places(read["farm"]), every, hints=hints(found_in(name)))
    }
    assert without - with_presets == set(read["wrong"])
    assert with_presets - without == set(read["missed"])


@pytest.mark.parametrize("preset", shipped().values(), ids=lambda preset: preset.id)
def test_every_preset_says_who_says_so_and_what_to_look_at(preset: Any) -> None:
    assert preset.sources
    assert preset.platforms
    looked_at = {*preset.checks, *preset.watch, *(c for k in preset.entities for c in k.checks)}
    assert looked_at, "a device without anything to look at needs no preset"


def test_every_check_is_asked_for_by_some_preset() -> None:
    asked = {
        check
        for preset in shipped().values()
        for check in (
            *preset.checks,
            *preset.watch,
            *(c for k in preset.entities for c in k.checks),
        )
    }
    assert asked == set(Check)


# -- what is suggested --------------------------------------------------------------------------


def test_an_ec_without_a_unit_is_suggested_one() -> None:
    found = found_in("tent")["sensor.tank_ec"]
    suggested = found.reading(Role.SOLUTION_EC, None)
    assert suggested == {"unit": "μS/cm"}
    assert convert(1812, suggested["unit"], "mS/cm") == pytest.approx(1.812)
    assert Check.NO_UNIT in found.checks(Role.SOLUTION_EC)


def test_a_unit_that_can_be_read_is_never_overridden() -> None:
    found = found_in("tent")["sensor.tank_ec"]
    assert found.reading(Role.SOLUTION_EC, "mS/cm") == {}


def test_the_weight_of_a_tank_stands_for_its_litres() -> None:
    found = found_in("tent")["sensor.tank_weight"]
    assert found.reading(Role.VOLUME, "kg") == {"unit": "L"}
    assert Check.TARED in found.checks(Role.VOLUME)


def test_a_share_of_water_becomes_per_cent() -> None:
    share = entity(name="bench teros vwc", unit="m³/m³", platform="esphome")
    found = find(shipped().values(), share)
    assert found is not None
    assert found.reading(Role.SUBSTRATE_MOISTURE, share.unit) == {"unit": "%", "scale": 100.0}


def test_what_a_relay_does_by_itself_is_suggested_and_its_danger_is_not() -> None:
    plug = found_in("hall")["switch.pump_1"]
    assert plug.declaration(Role.IRRIGATION_PUMP) == {
        "proof": Proof.STATE.value,
        "on_power_loss": OnLoss.KEEPS.value,
    }
    assert plug.declaration(Role.POWER) == {}
    assert plug.reading(Role.IRRIGATION_PUMP, None) == {}
    assert Check.POWER_ON in plug.checks(Role.IRRIGATION_PUMP)


def test_a_board_that_repeats_its_orders_proves_nothing() -> None:
    relay = found_in("tent")["switch.main_pump"]
    assert relay.declaration(Role.IRRIGATION_PUMP)["proof"] == Proof.ECHO.value
    assert Check.ECHO in relay.checks(Role.IRRIGATION_PUMP)


def test_a_port_that_may_carry_a_lamp_says_so() -> None:
    for name in ("fan.tent_controller_fan", "number.shelf_level_1_lamp_on_power"):
        found = found_in("tent")[name]
        role = found.known.roles[0] if found.known.roles else Role.EXHAUST_FAN
        assert {Check.PORT_LOAD, Check.LEVELS_OF_TEN, Check.OWN_PROGRAM} <= {*found.checks(role)}


# -- which preset -------------------------------------------------------------------------------


def test_a_preset_of_one_model_goes_before_that_of_all_devices() -> None:
    valve = entity("switch", "garden valve", platform="mqtt", made="SONOFF | SWV | zigbee2mqtt_0x1")
    found = find(shipped().values(), valve)
    assert found is not None
    assert found.preset.id == "sonoff_swv"


def test_another_integration_with_the_same_names_is_not_known() -> None:
    assert find(shipped().values(), entity(name="tank ph", platform="template")) is None
    mqtt = entity("switch", "lamp", platform="mqtt", made="Somebody | Something")
    assert find(shipped().values(), mqtt) is None


# -- choosing -----------------------------------------------------------------------------------

TANK = Place(id="tank", spot=Spot("reservoir", "Tank"))


def test_a_known_role_needs_no_class_and_no_unit() -> None:
    bare = entity(name="tank ec")
    assert fitness(Role.SOLUTION_EC, bare) is None
    assert fitness(Role.SOLUTION_EC, bare, Hint(roles=(Role.SOLUTION_EC,))) is not None
    assert fitness(Role.SOLUTION_PH, bare, Hint(roles=(Role.SOLUTION_EC,))) is None


def test_a_known_role_that_goes_by_its_name_needs_that() -> None:
    hint = Hint(roles=(Role.SOLUTION_EC,), named=True)
    assert fitness(Role.SOLUTION_EC, entity(name="tank probe"), hint) is None
    assert fitness(Role.SOLUTION_EC, entity(name="tank ec"), hint) is not None


def test_what_is_no_part_of_a_farm_is_never_proposed() -> None:
    ph = entity(name="tank ph", device_class="ph")
    assert propose([(TANK, [Role.SOLUTION_PH])], [ph])
    assert not propose([(TANK, [Role.SOLUTION_PH])], [ph], hints={ph.id: Hint(roles=())})


def test_a_hint_without_roles_changes_nothing() -> None:
    ph = entity(name="tank ph", device_class="ph")
    assert fitness(Role.SOLUTION_PH, ph, Hint()) == fitness(Role.SOLUTION_PH, ph)


def test_a_proposal_has_its_reasons() -> None:
    ph = entity(name="tank ph", device_class="ph")
    assert reasons(TANK, Role.SOLUTION_PH, ph) == (Why.CLASS, Why.NAME, Why.PLACE_NAMED)
    bare = entity(name="ec", unit="μS/cm")
    assert reasons(TANK, Role.SOLUTION_EC, bare) == (Why.UNIT, Why.NAME, Why.PLACE_ONLY)
    known = Hint(roles=(Role.SOLUTION_EC,))
    near = entity(name="one", area="Tank")
    assert reasons(TANK, Role.SOLUTION_EC, near, known) == (Why.DEVICE, Why.PLACE_NEAR)
    valve = entity("valve", "tank valve")
    assert Why.DOMAIN in reasons(TANK, Role.IRRIGATION_VALVE, valve)


def test_what_is_not_proposed_has_no_reasons() -> None:
    other = Place(id="a", spot=Spot("reservoir", "Tank 1"), others=(Spot("reservoir", "Tank 2"),))
    ph = entity(name="tank 2 ph", device_class="ph")
    assert reasons(other, Role.SOLUTION_PH, ph) == ()
    assert reasons(TANK, Role.SOLUTION_EC, ph) == ()
