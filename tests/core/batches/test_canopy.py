"""How much of their place plants cover, by the growth model."""

from __future__ import annotations

import pytest

from vfarm_core.batches.mass import canopy_cover
from vfarm_core.recipes.library import catalogue, load_shipped

LETTUCE = load_shipped("lettuce_butterhead")
BASIL = load_shipped("basil_sweet")


@pytest.mark.parametrize("recipe", catalogue().recipes.values(), ids=lambda r: r.id)
def test_leaves_cover_more_from_day_to_day_and_less_when_they_are_set_apart(recipe) -> None:
    before = None
    for index, phase in enumerate(recipe.phases):
        days = [phase.days * part / 4 for part in range(5)]
        covers = [canopy_cover(recipe, 0, index, day) for day in days]
        assert covers == sorted(covers)
        assert all(0.0 <= cover <= 1.0 for cover in covers)
        if before is not None and phase.density_plants_m2:
            wider = phase.density_plants_m2 < (before[1] or 0)
            assert covers[0] < before[0] if wider else covers[0] >= before[0] - 1e-9
        before = covers[-1], phase.density_plants_m2 or (before and before[1])


@pytest.mark.parametrize("recipe", [LETTUCE, BASIL], ids=lambda r: r.id)
def test_a_canopy_is_closed_before_the_harvest_and_open_at_first(recipe) -> None:
    assert canopy_cover(recipe, 0, 0, 0.0) < 0.05
    last = len(recipe.phases) - 1
    assert canopy_cover(recipe, 0, last, recipe.phases[last].days) > 0.9


def test_less_light_covers_less() -> None:
    dim, planned = (canopy_cover(LETTUCE, 0, 1, 10.0, share) for share in (0.7, 1.0))
    assert 0.0 < dim < planned
