"""What a person may ask for where plants stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.control.test_requests import override
from tests.core.support import Bench, bench_farm, bench_phase, bench_recipe, setpoint
from vfarm_core.control.effects import Answer
from vfarm_core.control.inputs import AdvancePhase, ChangeRecipe
from vfarm_core.farm.overrides import LONGEST_OVERRIDE_H, OVERRIDE_RANGES, Quantity
from vfarm_core.recipes.model import ClimateQuantity, DayLength, PhaseKind, Recipe

HOUR = 3600.0


@pytest.fixture
def grown() -> Bench:
    """Plants that bear 18 to 30 °C by day and 14 to 26 °C by night, in an hour of their day."""
    bench = Bench(bench_farm())
    bench.start_batch()
    while not bench.runtime.memory.zones["zone"].day:
        bench.advance(HOUR / 2)
    bench.advance(HOUR)
    assert bench.runtime.memory.zones["zone"].day
    return bench


def hold(bench: Bench, value: float, hours: float = 1.0, **changes: Any) -> Answer:
    until = bench.clock.farm + hours * HOUR
    return bench.ask(override(bench, value=value, expires_at=until, **changes))


def test_what_plants_bear_by_day_may_be_held_by_day(grown: Bench) -> None:
    assert hold(grown, 30.0).refused is None
    assert grown.runtime.memory.overrides["zone.air_temperature"].value == 30.0


@pytest.mark.parametrize("value", [17.9, 30.1])
def test_what_harms_them_is_refused_with_the_limits_and_whose_they_are(
    grown: Bench, value: float
) -> None:
    answer = hold(grown, value)
    assert answer.refused == "override_beyond_limits"
    assert answer.params == {
        "quantity": Quantity.AIR_TEMPERATURE,
        "value": str(value),
        "unit": "°C",
        "limits": "18 … 30",
        "recipes": "Bench lettuce",
    }
    assert not grown.runtime.memory.overrides


def test_an_override_that_lasts_into_the_night_has_to_fit_the_night_too(grown: Bench) -> None:
    answer = hold(grown, 28.0, hours=20.0)
    assert answer.refused == "override_beyond_limits"
    assert answer.params["limits"] == "18 … 26"
    assert hold(grown, 26.0, hours=20.0).refused is None


def test_by_night_the_limits_of_the_night_hold(grown: Bench) -> None:
    while grown.runtime.memory.zones["zone"].day:
        grown.advance(HOUR / 2)
    assert hold(grown, 14.0).refused is None
    answer = hold(grown, 28.0)
    assert answer.refused == "override_beyond_limits"
    assert answer.params["limits"] == "14 … 26"


def test_humidity_and_co2_have_limits_of_their_own(grown: Bench) -> None:
    answer = hold(grown, 91.0, quantity=Quantity.HUMIDITY)
    assert answer.params["limits"] == "40 … 90"
    assert hold(grown, 1600.0, quantity=Quantity.CO2).refused is None, "1000 + 900 ppm"


def test_an_empty_room_takes_whatever_is_in_range() -> None:
    bench = Bench(bench_farm())
    assert hold(bench, 35.0).refused is None


def test_what_a_recipe_says_nothing_of_is_bound_by_the_range_alone(grown: Bench) -> None:
    assert hold(grown, 1.8, quantity=Quantity.VPD).refused is None


@pytest.mark.parametrize(("value", "limits"), [(261.0, "0 … 260"), (900.0, "0 … 260")])
def test_light_goes_no_further_than_the_crop_takes(grown: Bench, value: float, limits: str) -> None:
    answer = hold(grown, value, node="level_1", quantity=Quantity.PPFD)
    assert (answer.refused, answer.params["limits"]) == ("override_beyond_limits", limits)
    assert hold(grown, 260.0, node="level_1", quantity=Quantity.PPFD).refused is None
    assert hold(grown, 900.0, node="level_2", quantity=Quantity.PPFD).refused is None, "empty"


def test_a_short_day_crop_gets_no_longer_day() -> None:
    bench = Bench(bench_farm())
    phase = bench_phase("young", PhaseKind.VEGETATIVE)
    bench.start_batch(recipe=bench_recipe(phases=(phase,), day_length=DayLength.SHORT_DAY))
    answer = hold(bench, 18.0, node="level_1", quantity=Quantity.PHOTOPERIOD)
    assert (answer.refused, answer.params["limits"]) == ("override_beyond_limits", "0 … 16")
    assert hold(bench, 10.0, node="level_1", quantity=Quantity.PHOTOPERIOD).refused is None


def test_nothing_is_held_for_longer_than_a_week(grown: Bench) -> None:
    answer = hold(grown, 24.0, hours=LONGEST_OVERRIDE_H + 1)
    assert (answer.refused, answer.params["hours"]) == ("override_too_long", "168")
    assert hold(grown, 24.0, hours=LONGEST_OVERRIDE_H).refused is None


def test_every_range_can_be_set_from_end_to_end_in_its_steps() -> None:
    for accepted in OVERRIDE_RANGES.values():
        steps = (accepted.high - accepted.low) / accepted.step
        assert steps == pytest.approx(round(steps))


def ended(bench: Bench) -> list[dict[str, Any]]:
    return [dict(e.params) for e in bench.events if e.kind == "override_ended"]


def narrower() -> Recipe:
    """Seedlings bear 18 to 30 °C by day; what follows bears 22 to 26 °C."""
    young = bench_phase("young", PhaseKind.PROPAGATION)
    climate = {
        **young.climate,
        ClimateQuantity.AIR_TEMPERATURE: setpoint(24.0, 24.0, 1.0, 2.0),
    }
    grown_up = bench_phase("grown", PhaseKind.VEGETATIVE, climate=climate)
    return bench_recipe(phases=(young, grown_up))


class TestLookedAtAgain:
    def test_a_phase_with_narrower_limits_ends_an_override_beyond_them(self) -> None:
        bench = Bench(bench_farm())
        bench.start_batch(recipe=narrower())
        bench.advance(3 * HOUR)
        assert hold(bench, 28.0, hours=3).refused is None
        bench.ask(AdvancePhase(batch="batch_1", by="grower"))
        assert not bench.runtime.memory.overrides
        (told,) = ended(bench)
        assert (told["why"], told["was"], told["limits"]) == ("limits", 28.0, "22 … 26")
        assert hold(bench, 28.0).refused == "override_beyond_limits"

    def test_one_within_them_goes_on(self) -> None:
        bench = Bench(bench_farm())
        bench.start_batch(recipe=narrower())
        bench.advance(3 * HOUR)
        assert hold(bench, 25.5, hours=3).refused is None
        bench.ask(AdvancePhase(batch="batch_1", by="grower"))
        assert bench.runtime.memory.overrides["zone.air_temperature"].value == 25.5
        assert not ended(bench)

    def test_plants_that_come_into_an_empty_room_end_what_would_harm_them(self) -> None:
        bench = Bench(bench_farm())
        assert hold(bench, 34.0, hours=20).refused is None
        bench.start_batch()
        assert not bench.runtime.memory.overrides
        assert ended(bench)[0]["why"] == "limits"
        assert not any(key.startswith("override:") for key in bench.runtime.memory.due)

    def test_another_recipe_ends_it_when_its_limits_have_come_that_far(self) -> None:
        bench = Bench(bench_farm())
        first = bench_recipe()
        batch = bench.start_batch(recipe=first)
        bench.advance(3 * HOUR)
        assert hold(bench, 29.0, hours=20).refused == "override_beyond_limits"
        assert hold(bench, 25.9, hours=20).refused is None
        closer = {
            quantity: setpoint(22.0, 20.0, 1.0, 2.0)
            if quantity is ClimateQuantity.AIR_TEMPERATURE
            else known
            for quantity, known in first.phases[0].climate.items()
        }
        phases = tuple(replace(p, climate=closer) for p in first.phases)
        new = bench_recipe(phases=phases)
        answer = bench.ask(ChangeRecipe(batch=batch.id, recipe=new, ramp_s=6 * HOUR))
        assert answer.refused is None, answer
        assert bench.runtime.memory.overrides, "its limits are those of before, at first"
        bench.advance(6 * HOUR)
        assert not bench.runtime.memory.overrides
        assert ended(bench)[0]["why"] == "limits"
