"""What is proposed of a house full of entities, and what never is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vfarm_core.farm.candidates import Candidate, Place, Proposal, Spot, fitness, propose
from vfarm_core.farm.naming import NAMING, words_of
from vfarm_core.farm.roles import SPECS, Role

HOUSES = Path(__file__).parent / "houses"


def house(name: str) -> dict[str, Any]:
    """A house as its registries have it, and what has to be proposed of it."""
    read: dict[str, Any] = json.loads((HOUSES / f"{name}.json").read_text(encoding="utf-8"))
    return read


def candidates(entities: Iterable[dict[str, Any]]) -> list[Candidate]:
    return [
        Candidate(
            id=e["entity_id"],
            domain=e["entity_id"].partition(".")[0],
            name=f"{e['entity_id'].partition('.')[2]} {e['name']}",
            device=e.get("device", ""),
            device_id=e.get("device", ""),
            area=e.get("area", ""),
            device_class=e.get("device_class"),
            unit=e.get("unit"),
            auxiliary="category" in e,
        )
        for e in entities
    ]


def places(farm: dict[str, Any]) -> list[tuple[Place, list[Role]]]:
    """The places of a house's farm, with what is around them."""
    racks = {k: Spot("rack", v[0]) for k, v in farm["racks"].items()}
    zones = {k: Spot("zone", v) for k, v in farm["zones"].items()}
    tanks = {k: Spot("reservoir", v) for k, v in farm["reservoirs"].items()}
    pumps = {k: Spot("pump", v[0]) for k, v in farm["pumps"].items()}
    found = []
    for zone, spot in zones.items():
        inside = tuple(racks[r] for r, v in farm["racks"].items() if v[1] == zone)
        found.append(
            Place(
                id=zone,
                spot=spot,
                others=tuple(s for z, s in zones.items() if z != zone),
                within=inside,
                apart=tuple(s for s in racks.values() if s not in inside),
            )
        )
    for rack, (_, zone, levels) in farm["racks"].items():
        for index, level in enumerate(levels, 1):
            found.append(
                Place(
                    id=f"{rack}_level_{index}",
                    spot=Spot("level", level),
                    above=(racks[rack], zones[zone]),
                    others=(
                        *(Spot("level", name) for name in levels if name != level),
                        *(s for r, s in racks.items() if r != rack),
                        *(s for z, s in zones.items() if z != zone),
                    ),
                )
            )
    for tank, spot in tanks.items():
        found.append(
            Place(id=tank, spot=spot, others=tuple(s for t, s in tanks.items() if t != tank))
        )
    for pump, spot in pumps.items():
        tank = farm["pumps"][pump][1]
        found.append(
            Place(
                id=pump,
                spot=spot,
                above=(tanks[tank],),
                others=(
                    *(s for p, s in pumps.items() if p != pump),
                    *(s for t, s in tanks.items() if t != tank),
                ),
            )
        )
    every = (*zones.values(), *racks.values(), *tanks.values(), *pumps.values())
    whole = [
        replace(p, rest=tuple(s for s in every if s not in told))
        for p in found
        if (told := {p.spot, *p.above, *p.others, *p.within, *p.apart})
    ]
    return [(p, [r for r, f in SPECS.items() if p.spot.kind in f.nodes]) for p in whole]


def proposed(read: dict[str, Any]) -> tuple[Proposal, ...]:
    return propose(places(read["farm"]), candidates(read["entities"]))


@pytest.mark.parametrize("name", sorted(path.stem for path in HOUSES.glob("*.json")))
def test_a_house_is_proposed_to_the_entity(name: str) -> None:
    read = house(name)
    found: dict[str, dict[str, list[str]]] = {}
    for p in proposed(read):
        found.setdefault(p.node, {}).setdefault(p.role.value, []).append(p.entity)
    assert found == read["expected"]


def test_what_is_about_the_device_itself_is_no_reading() -> None:
    every = {p.entity for name in HOUSES.glob("*.json") for p in proposed(house(name.stem))}
    read = [e for name in HOUSES.glob("*.json") for e in house(name.stem)["entities"]]
    for entity in read:
        text = entity["name"].lower()
        about = ("batter", "akku", "signal", "chip", "device temp", "gerätetemp", "uptime", "soll")
        if any(word in text for word in about):
            assert entity["entity_id"] not in every
    assert not {e["entity_id"] for e in read if e.get("area") in ("Bedroom", "Attic")} & every


def temperature(name: str, **more: Any) -> Candidate:
    more = {"device_class": "temperature", "unit": "°C", **more}
    return Candidate(id=f"sensor.{name}", domain="sensor", name=name, **more)


TENT = Place(id="tent", spot=Spot("zone", "Tent"))
AIR = [Role.AIR_TEMPERATURE]


def of(place: Place, roles: list[Role], *found: Candidate, **more: Any) -> tuple[Proposal, ...]:
    return propose([(place, roles)], found, **more)


def test_what_names_the_place_is_sure_and_what_could_be_anywhere_is_not() -> None:
    (sure,) = of(TENT, AIR, temperature("tent"))
    assert sure.sure
    (anywhere,) = of(TENT, AIR, temperature("sht45"))
    assert not anywhere.sure


def test_of_two_that_fit_as_well_none_is_sure() -> None:
    found = of(TENT, AIR, temperature("tent left"), temperature("tent right"))
    assert [p.sure for p in found] == [False, False]


def test_what_stands_in_another_room_of_the_house_is_not_proposed() -> None:
    assert of(TENT, AIR, temperature("sht45", area="Bedroom")) == ()
    (here,) = of(TENT, AIR, temperature("sht45", area="Tent"))
    assert here.sure


def test_with_two_zones_a_sensor_says_where_it_is() -> None:
    two = Place(id="tent", spot=Spot("zone", "Tent"), others=(Spot("zone", "Nursery"),))
    assert of(two, AIR, temperature("sht45")) == ()
    assert of(two, AIR, temperature("nursery")) == ()
    assert [p.entity for p in of(two, AIR, temperature("tent"))] == ["sensor.tent"]


def test_a_sensor_at_the_rack_of_another_zone_is_not_in_this_one() -> None:
    place = Place(
        id="tent",
        spot=Spot("zone", "Tent"),
        within=(Spot("rack", "Rack 1"),),
        apart=(Spot("rack", "Rack 2"),),
    )
    found = of(place, AIR, temperature("rack 1 air"), temperature("rack 2 air"))
    assert [p.entity for p in found] == ["sensor.rack 1 air"]


def test_a_level_is_not_known_without_its_rack() -> None:
    place = Place(
        id="l2",
        spot=Spot("level", "2"),
        above=(Spot("rack", "Left"), Spot("zone", "Tent")),
        others=(Spot("level", "1"), Spot("rack", "Right")),
    )
    lamp = Candidate(id="light.level_2", domain="light", name="level 2")
    assert of(place, [Role.GROW_LIGHT], lamp) == ()
    named = Candidate(id="light.left_level_02", domain="light", name="left level 02")
    other = Candidate(id="light.right_level_02", domain="light", name="right level 02")
    (found,) = of(place, [Role.GROW_LIGHT], lamp, named, other)
    assert (found.entity, found.sure) == ("light.left_level_02", True)


def test_a_device_that_is_bound_here_is_here_with_all_it_measures() -> None:
    near = Place(
        id="tent",
        spot=Spot("zone", "Tent"),
        others=(Spot("zone", "Nursery"),),
        near=frozenset({"device"}),
    )
    (found,) = of(near, AIR, temperature("sht45", device_id="device"))
    assert found.sure


def test_a_role_that_has_its_entity_gets_no_proposal() -> None:
    bound = [("tent", Role.AIR_TEMPERATURE)]
    assert of(TENT, AIR, temperature("tent"), bound=bound) == ()


def test_an_entity_is_proposed_for_the_role_that_it_says_most_of() -> None:
    roles = [Role.AIR_TEMPERATURE, Role.LEAF_TEMPERATURE, Role.OUTSIDE_TEMPERATURE]
    (found,) = of(TENT, roles, temperature("tent leaf"))
    assert found.role is Role.LEAF_TEMPERATURE


@pytest.mark.parametrize(
    ("role", "more"),
    [
        (Role.HUMIDITY, {}),
        (Role.AIR_TEMPERATURE, {"device_class": "battery", "unit": "%"}),
        (Role.AIR_TEMPERATURE, {"unit": None}),
        (Role.AIR_TEMPERATURE, {"auxiliary": True}),
        (Role.AIR_TEMPERATURE, {"device_class": None}),
        (Role.SUBSTRATE_TEMPERATURE, {}),
        (Role.GROW_LIGHT, {}),
    ],
)
def test_what_does_not_fit_is_not_proposed(role: Role, more: dict[str, Any]) -> None:
    assert fitness(role, temperature("probe 7", **more)) is None


def test_a_number_that_people_set_is_a_reading_only_by_its_name() -> None:
    given = {"domain": "input_number", "device_class": "temperature", "unit": "°C"}
    assert fitness(Role.AIR_TEMPERATURE, Candidate(id="a", name="tent", **given)) is None
    assert fitness(Role.AIR_TEMPERATURE, Candidate(id="a", name="air temperature", **given))


def test_the_price_of_electricity_goes_by_its_name() -> None:
    price = Candidate(id="sensor.p", domain="sensor", name="Strompreis")
    assert fitness(Role.ENERGY_PRICE, price) is not None
    assert fitness(Role.ENERGY_PRICE, Candidate(id="sensor.q", domain="sensor")) is None


def test_short_words_count_whole() -> None:
    """ "ec" is in "second", "ph" in "phone", "ac" in "backup"."""
    for role, name in (
        (Role.SOLUTION_PH, "phone"),
        (Role.COOLER, "backup"),
        (Role.SUBSTRATE_EC, "second"),
    ):
        domain = SPECS[role].domains[0]
        assert fitness(role, Candidate(id="x", domain=domain, name=name)) is None


def test_every_role_has_words_that_are_found_again() -> None:
    assert set(NAMING) == set(Role)
    for role, naming in NAMING.items():
        assert naming.words, role
        assert all(words_of(word) for word in (*naming.words, *naming.never))


def test_names_are_compared_without_case_accents_and_zeros() -> None:
    assert words_of("Größe_CO2-Fühler 02") == ("grosse", "co2", "fuhler", "2")
