"""People say places as they call them, and the farm knows which they mean."""

from __future__ import annotations

import pytest

from vfarm_core.farm.spoken import Named, find, words_of

ZONE = ("Leaf room",)
PLACES = {
    "leaf": Named(ZONE),
    "r1": Named(("Rack 1",), (ZONE,)),
    "r2": Named(("Rack 2", "Fensterregal"), (ZONE,)),
    "r1l2": Named(("Level 2",), (("Rack 1",), ZONE)),
    "r1l3": Named(("Level 3",), (("Rack 1",), ZONE)),
    "r2l3": Named(("Level 3",), (("Rack 2", "Fensterregal"), ZONE)),
    "tank": Named(("Reservoir A",)),
    "ete": Named(("Serre d\u2019\u00e9t\u00e9",)),
    "here": Named(("Op de la",)),
}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("rack two", ["r2"]),
        ("the Rack 2", ["r2"]),
        ("Rack zwei", ["r2"]),
        ("Regal zwei", ["r2"]),
        ("l\u2019\u00e9tag\u00e8re deux", ["r2"]),
        ("Ebene drei in Regal eins", ["r1l3"]),
        ("rack 02", ["r2"]),
        ("Fensterregal", ["r2"]),
        ("Level 3 in rack two", ["r2l3"]),
        ("rack 2, level 3", ["r2l3"]),
        ("level 3 im Fensterregal", ["r2l3"]),
        ("level three in rack one of the leaf room", ["r1l3"]),
        # Words in another order name another place.
        ("level 2 in rack 3", []),
        ("level 3", ["r1l3", "r2l3"]),
        ("level 2", ["r1l2"]),
        ("the leaf room", ["leaf"]),
        ("serre d'ete", ["ete"]),
        ("reservoir a", ["tank"]),
        ("tank A", ["tank"]),
        ("reservoir", []),
        ("op de la", ["here"]),
        ("the farm", ["farm"]),
        ("la granja", ["farm"]),
        # A word that belongs to nothing is not passed over.
        ("rack 2 downstairs", []),
        ("rack 9", []),
        ("", []),
    ],
)
def test_a_place_is_found_by_what_it_is_called(said: str, meant: list[str]) -> None:
    assert list(find(PLACES, said, farm="farm")) == meant


def test_a_name_that_is_said_whole_goes_before_one_that_lies_in_it() -> None:
    places = {
        "room": Named(("Tent",)),
        "level": Named(("Tent",), (("Tent",),)),
        "other": Named(("Tent 1",)),
    }
    assert find(places, "tent", farm="farm") == ("room", "level")
    twins = {"long": Named(("Rack 1 top",)), "top": Named(("Top",), (("Rack 1",),))}
    assert find(twins, "rack 1 top", farm="farm") == ("long",)


def test_accents_case_and_zeros_make_no_difference() -> None:
    assert words_of("\u00c9tag\u00e8re F\u00fcnf") == words_of("etagere 05") == ("rack", "5")
