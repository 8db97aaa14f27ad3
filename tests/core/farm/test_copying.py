"""What the entities of a copied rack are called, going by those of the rack that is copied."""

from __future__ import annotations

import pytest

from vfarm_core.farm.copying import names, pattern_of, renamed


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Rack 1", "Rack #"),
        ("Regal", "Regal #"),
        ("Room 2 Rack 10 left", "Room 2 Rack # left"),
        ("7", "#"),
    ],
)
def test_the_last_number_of_a_name_counts_up(name: str, pattern: str) -> None:
    assert pattern_of(name) == pattern


def test_names_go_on_where_they_are_free() -> None:
    assert names("Rack #", 3, ["Rack 1", "Rack 2", "Rack 4"]) == ("Rack 3", "Rack 5", "Rack 6")


@pytest.mark.parametrize(
    ("entity", "old", "new", "made"),
    [
        ("rack_1_level_2_ppfd", "Rack 1", "Rack 2", "rack_2_level_2_ppfd"),
        ("rack1_lamp", "Rack 1", "Rack 12", "rack12_lamp"),
        ("farm_rack_01_lamp", "Rack 1", "Rack 2", "farm_rack_02_lamp"),
        ("farm_rack_01_lamp", "Rack 1", "Rack 12", "farm_rack_12_lamp"),
        ("etagere_1_ppfd", "Étagère 1", "Étagère 2", "etagere_2_ppfd"),
        ("r1l2_ppfd", "Rack 1", "Rack 3", "r3l2_ppfd"),
        ("plug_r01_l2", "Rack 1", "Rack 3", "plug_r03_l2"),
        ("left_lamp", "Left", "Left 2", "left_2_lamp"),
        # It names another place, or none.
        ("rack_10_level_2_ppfd", "Rack 1", "Rack 2", None),
        ("level_1_ppfd", "Rack 1", "Rack 2", None),
        ("r10l1_ppfd", "Rack 1", "Rack 2", None),
        ("track_1_lamp", "Rack 1", "Rack 2", None),
        ("lamp", "–", "Rack 2", None),
        ("r1l1_lamp", "Rack 1", "Left", None),
    ],
)
def test_a_name_is_that_of_the_same_thing_at_the_other_rack(
    entity: str, old: str, new: str, made: str | None
) -> None:
    assert renamed(entity, old, new) == made
