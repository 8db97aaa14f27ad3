"""Lights-on moves to where electricity is cheap, and never at the plants' cost."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.core.control.test_lamps import HOUR, level, recipe_with
from tests.core.support import Bench, bench_farm
from vfarm_core.control import keep
from vfarm_core.control.inputs import PricesKnown
from vfarm_core.control.prices import Prices, PriceSlot, in_order
from vfarm_core.control.snapshot import FarmSnapshot
from vfarm_core.control.tariff import decide, window
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import DayLength, Recipe, Shift
from vfarm_core.science.light import LightDay

LAMP = "level_1.grow_light"
DAY = 24 * HOUR
MONDAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC).timestamp()


def curve(cheap_from: float, cheap_h: float = 16.0, *, days: int = 20, start: float = MONDAY):
    """Hourly prices: 0.10 from `cheap_from` (hour of the day) on for `cheap_h`, else 0.40."""
    slots = []
    for hour in range(days * 24):
        cheap = (hour - cheap_from) % 24 < cheap_h
        at = start + hour * HOUR
        slots.append(PriceSlot(at, at + HOUR, 0.10 if cheap else 0.40))
    return Prices(tuple(slots), "EUR")


def shifting(hours: float = 3.0, dark_min_h: float = 7.0, **recipe: object) -> Recipe:
    shift = Shift(hours=hours, dark_min_h=dark_min_h)
    return recipe_with({"shift": shift}, **recipe)


def grown(recipe: Recipe, prices: Prices | None, zone: str = "UTC", start: float | None = None):
    bench = Bench(replace(bench_farm(), time_zone=zone))
    if start is not None:
        bench.clock.farm = start
    bench.report("zone.air_temperature", 24.0)
    if prices is not None:
        bench.runtime.feed(PricesKnown(prices))
    bench.start_batch(recipe=recipe)
    return bench


def days(bench: Bench, count: int) -> list[tuple[float, float]]:
    """Lights-on and lights-off of the light days in the next `count` days."""
    before = len(bench.events)
    bench.advance(count * DAY)
    found: list[tuple[float, float]] = []
    on: float | None = None
    for event in bench.events[before:]:
        if event.kind == "lights_on":
            on = event.at
        elif event.kind == "lights_off" and on is not None:
            found.append((on, event.at))
    return found


def hours_of_day(found: list[tuple[float, float]]) -> list[float]:
    return [((on - MONDAY) / HOUR) % 24 for on, _ in found]


def nights(found: list[tuple[float, float]]) -> list[float]:
    pairs = pairwise(found)
    return [(following[0] - day[1]) / HOUR for day, following in pairs]


def lengths(found: list[tuple[float, float]]) -> list[float]:
    return [(off - on) / HOUR for on, off in found]


class TestMoving:
    def test_an_expensive_morning_is_slept_through(self) -> None:
        bench = grown(shifting(), curve(9.0))
        found = days(bench, 7)
        assert hours_of_day(found)[:5] == pytest.approx([7, 8, 9, 9, 9], abs=0.02)
        assert lengths(found) == pytest.approx([16] * len(found), abs=0.02)
        assert level(bench).shift_h == 3.0
        moved = next(e for e in bench.events if e.kind == "lights_on_moved")
        assert moved.params["shift_h"] == 1.0
        # An hour of 0.40 in place of 0.10 less, of 13 cheap and 3 dear ones.
        assert moved.params["saving"] == pytest.approx(0.3 / (13 * 0.1 + 3 * 0.4), abs=0.01)

    def test_an_earlier_day_is_reached_within_the_shortest_night(self) -> None:
        found = days(grown(shifting(dark_min_h=7.5), curve(4.0)), 8)
        assert hours_of_day(found)[:5] == pytest.approx([5.5, 5, 4.5, 4, 4], abs=0.02)
        assert min(nights(found)) >= 7.499
        assert lengths(found) == pytest.approx([16] * len(found), abs=0.02)

    def test_no_night_is_shorter_than_the_recipe_allows(self) -> None:
        found = days(grown(shifting(dark_min_h=8.0), curve(3.0)), 6)
        assert hours_of_day(found) == pytest.approx([6] * len(found), abs=0.02)

    def test_no_further_than_the_recipe_allows(self) -> None:
        found = days(grown(shifting(hours=1.5), curve(12.0)), 6)
        assert max(hours_of_day(found)) == pytest.approx(7.5, abs=0.02)

    def test_a_recipe_that_does_not_say_so_is_never_moved(self) -> None:
        bench = grown(recipe_with({}), curve(9.0))
        assert hours_of_day(days(bench, 4)) == pytest.approx([6] * 4, abs=0.02)
        assert level(bench).shift_h is None

    def test_next_to_nothing_saved_is_not_worth_it(self) -> None:
        flat = replace(
            curve(9.0), slots=tuple(replace(s, price=0.3 + s.price / 100) for s in curve(9.0).slots)
        )
        bench = grown(shifting(), flat)
        assert hours_of_day(days(bench, 3)) == pytest.approx([6] * 3, abs=0.02)

    def test_a_short_day_crop_only_moves_later(self) -> None:
        recipe = shifting(dark_min_h=8.0, day_length=DayLength.SHORT_DAY)
        bench = grown(recipe, curve(8.0))
        days(bench, 4)
        bench.runtime.feed(PricesKnown(curve(4.0)))
        found = days(bench, 4)
        assert min(nights(found)) >= 7.999
        assert hours_of_day(found) == pytest.approx([8] * len(found), abs=0.02)


class TestWithoutPrices:
    @pytest.mark.parametrize("prices", [None, Prices(), curve(9.0, start=MONDAY - DAY, days=1)])
    def test_the_level_keeps_its_own_time(self, prices: Prices | None) -> None:
        found = days(grown(shifting(), prices), 4)
        assert hours_of_day(found) == pytest.approx([6] * len(found), abs=0.02)

    def test_that_go_missing_at_mid_day_change_nothing_of_the_day(self) -> None:
        bench = grown(shifting(), curve(9.0))
        days(bench, 5)
        bench.advance(8 * HOUR)
        assert bench.on(LAMP)
        before = bench.runtime.memory.levels["level_1"].light_day
        bench.runtime.feed(PricesKnown(Prices()))
        bench.settle()
        assert bench.runtime.memory.levels["level_1"].light_day == before
        found = days(bench, 5)
        assert hours_of_day(found)[:4] == pytest.approx([8, 7, 6, 6], abs=0.02)
        assert min(nights(found)) >= 6.999

    def test_that_change_at_night_move_nothing_that_is_decided(self) -> None:
        bench = grown(shifting(), curve(9.0))
        days(bench, 1)
        # 05:00 of the second day: decided 40 minutes ahead of the level's own time.
        bench.advance(30 * 60)
        planned = bench.runtime.memory.levels["level_1"].light_day
        bench.runtime.feed(PricesKnown(curve(4.0)))
        bench.advance(HOUR)
        assert bench.runtime.memory.levels["level_1"].light_day == planned
        assert not bench.on(LAMP)
        bench.advance(1.5 * HOUR + 60)
        assert bench.on(LAMP)

    def test_what_is_decided_survives_a_restart(self) -> None:
        bench = grown(shifting(), curve(9.0))
        days(bench, 1)
        bench.advance(30 * 60)
        kept = keep.restore(bench.journal.slices())  # type: ignore[arg-type]
        assert kept.farm.prices == curve(9.0)
        bench.restart()
        bench.report("zone.air_temperature", 24.0)
        bench.advance(HOUR)
        assert not bench.on(LAMP)
        bench.advance(1.5 * HOUR + 60)
        assert bench.on(LAMP)


@pytest.mark.parametrize("day", ["2026-03-27", "2026-10-23"])
@pytest.mark.parametrize("dark_min_h", [7.0, 8.0])
def test_a_change_of_the_clocks_shortens_no_night_below_the_shortest(
    day: str, dark_min_h: float
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=zone).timestamp()
    bench = grown(
        shifting(dark_min_h=dark_min_h),
        curve(9.0, start=midnight),
        "Europe/Berlin",
        midnight + 5 * HOUR,
    )
    found = days(bench, 6)
    assert lengths(found) == pytest.approx([16] * len(found), abs=0.05)
    assert min(nights(found)) >= dark_min_h - 0.001
    local = [dt.datetime.fromtimestamp(on, zone) for on, _ in found]
    assert all(dt.time(3) <= at.time() <= dt.time(9, 1) for at in local)
    assert len({at.date() for at in local}) == len(local)


def test_a_phase_that_may_not_move_goes_back_step_by_step() -> None:
    bench = grown(shifting(), curve(9.0))
    days(bench, 5)
    memory = bench.runtime.memory
    plain = recipe_with({})
    batch = replace(memory.batches["batch_1"], recipe_version=plain.version)
    bench.runtime.memory = replace(
        memory,
        recipes={plain.version: plain},
        batches={batch.id: batch},
        growing={"level_1": (batch,)},
    )
    found = days(bench, 6)
    assert hours_of_day(found)[-4:] == pytest.approx([8, 7, 6, 6], abs=0.02) or (
        hours_of_day(found)[-1] == pytest.approx(6, abs=0.02)
    )
    assert min(nights(found)) >= 6.999


class TestWindows:
    DAYLIGHT = LightDay(MONDAY + 6 * HOUR, MONDAY + 22 * HOUR, MONDAY + 30 * HOUR)

    def found(self, moved_h: float, hours: float | None, dark_min_h: float = 7.0):
        by = moved_h * HOUR
        day = LightDay(
            self.DAYLIGHT.start_s + by, self.DAYLIGHT.end_s + by, self.DAYLIGHT.next_start_s
        )
        shift = None if hours is None else Shift(hours=hours, dark_min_h=dark_min_h)
        return window(day, dt.time(6), 16.0, shift, dark_min_h, dt.UTC)

    @pytest.mark.parametrize(
        ("moved_h", "hours", "low", "high"),
        [
            (0, 3, -1, 1),
            (3, 3, 2, 3),
            (-3, 3, -3, -2),
            (3, None, 2, 2),
            (-3, None, -2, -2),
            (0.5, None, 0, 0),
            (-0.5, 0.25, -0.25, 0.25),
        ],
    )
    def test_move_step_by_step(
        self, moved_h: float, hours: float | None, low: float, high: float
    ) -> None:
        found = self.found(moved_h, hours)
        own = found.own
        assert own == MONDAY + 30 * HOUR
        assert ((found.low - own) / HOUR, (found.high - own) / HOUR) == pytest.approx((low, high))

    def test_dear_prices_below_nothing_are_earned(self) -> None:
        slots = tuple(
            PriceSlot(MONDAY + k * HOUR, MONDAY + (k + 1) * HOUR, -0.1 if k < 46 else -0.5)
            for k in range(72)
        )
        start = decide(self.found(0, 3), 16.0, Prices(slots))
        assert start.at == MONDAY + 31 * HOUR
        assert start.saving == pytest.approx(0.4 / 1.6, abs=0.5)

    def test_a_curve_that_ends_early_decides_nothing(self) -> None:
        start = decide(self.found(0, 3), 16.0, curve(9.0, days=1))
        assert (start.at, start.saving) == (MONDAY + 30 * HOUR, None)

    def test_free_electricity_saves_no_share_of_nothing(self) -> None:
        slots = tuple(PriceSlot(MONDAY + k * HOUR, MONDAY + (k + 1) * HOUR, 0.0) for k in range(72))
        assert decide(self.found(0, 3), 16.0, Prices(slots)).saving == 0.0


def test_slots_are_put_in_order_and_doubles_are_left_out() -> None:
    a, b = PriceSlot(0, 3600, 0.1), PriceSlot(3600, 7200, 0.2)
    assert in_order((b, a, PriceSlot(1800, 5400, 9.0), PriceSlot(9000, 9000, 1.0))) == (a, b)
    prices = Prices((a, b))
    assert prices.mean(1800, 5400) == pytest.approx(0.15)
    assert prices.mean(1800, 9000) is None
    assert prices.mean(8000, 9000) is None


class TestTheFarm:
    def test_says_when_its_prices_have_run_out(self) -> None:
        price = Binding(id="farm.energy_price", node="farm", role=Role.ENERGY_PRICE, entity="s.p")
        bench = Bench(bench_farm(extra=[price]))

        def problems() -> tuple[str, ...]:
            found = bench.runtime.snapshots["farm"]
            assert isinstance(found, FarmSnapshot)
            return found.problems

        assert "prices_missing" in problems()
        bench.runtime.feed(PricesKnown(curve(9.0)))
        assert "prices_missing" not in problems()
        assert bench.runtime.memory.points.get("farm.energy_price") is None
        bench.runtime.replace_farm(bench_farm())
        assert bench.runtime.memory.farm.prices == Prices()
        assert "prices_missing" not in problems()
