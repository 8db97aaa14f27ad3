"""The days before the demo: its curves before anybody has looked at it."""

from __future__ import annotations

import pytest

from vfarm_core.control.snapshot import LevelSnapshot, ZoneSnapshot
from vfarm_core.twin.demo import (
    demo_batches,
    demo_batches_before,
    demo_config,
    demo_farm,
    demo_recipes,
)
from vfarm_core.twin.past import HOUR_S, Curve, Past

DAY_S = 86400.0
NOW = 1_790_000_000.0 // DAY_S * DAY_S + 7 * HOUR_S


def test_a_curve_has_mean_and_extremes_of_every_hour() -> None:
    curve = Curve()
    for minutes, value in ((20, 1.0), (40, 4.0), (60, 1.0), (80, 5.0)):
        curve.add(NOW + minutes * 60, value)
    first, second = curve.hours()
    assert (first.start, first.mean, first.lowest, first.highest) == (NOW, 2.0, 1.0, 4.0)
    assert (second.start, second.mean, second.last) == (NOW + HOUR_S, 5.0, 5.0)


def test_what_could_not_be_seen_is_left_out() -> None:
    curve = Curve()
    curve.add(NOW + 60, None)
    curve.add(NOW + 120, float("nan"))
    assert curve.hours() == ()
    curve.add(NOW + HOUR_S + 60, 3.0)
    assert [hour.start for hour in curve.hours()] == [NOW + HOUR_S]


def test_a_counter_goes_on_when_it_begins_again_at_zero() -> None:
    curve = Curve()
    for minutes, value in ((30, 10.0), (60, 14.0), (90, 0.0), (120, 3.0)):
        curve.add(NOW + minutes * 60, value)
    assert [(hour.last, hour.total) for hour in curve.hours()] == [(14.0, 4.0), (3.0, 7.0)]


def test_batches_of_the_present_stood_where_they_stand_and_are_younger() -> None:
    recipes = demo_recipes()
    present = {b.id: b for b in demo_batches(NOW, recipes)}
    past = demo_batches_before(NOW, 14.0, recipes)
    assert {b.id: (b.sown_at, b.levels) for b in past} == {
        b.id: (b.sown_at, b.levels) for b in present.values()
    }
    since = NOW - 14 * DAY_S
    begun = [b for b in past if b.sown_at <= since]
    assert 0 < len(begun) < len(past)
    assert past[: len(begun)] == tuple(begun)
    later = past[len(begun) :]
    assert [b.sown_at for b in later] == sorted(b.sown_at for b in later)
    assert any(b.phase_index < present[b.id].phase_index for b in begun)


def test_the_days_before_have_nights_and_air_and_end_at_the_present() -> None:
    recipes = demo_recipes()
    since = NOW - DAY_S
    past = Past(
        demo_farm("UTC"),
        demo_batches_before(NOW, 1.0, recipes),
        recipes,
        since=since,
        config=demo_config(),
    )
    light, air, probe = Curve(), Curve(), Curve()
    at = since
    for at in past.walk(NOW, 600.0):
        level, zone = past.snapshots["level_a2"], past.snapshots["zone_a"]
        assert isinstance(level, LevelSnapshot)
        assert isinstance(zone, ZoneSnapshot)
        light.add(at, level.ppfd)
        air.add(at, zone.air_temperature.value)
        value = past.point("reservoir_a.solution_ph").value
        probe.add(at, None if value is None else float(value))
    assert at == NOW
    shines = [hour.mean > 0 for hour in light.hours()]
    assert len(shines) == 24
    assert True in shines
    assert False in shines
    assert [hour.start for hour in air.hours()] == [since + n * HOUR_S for n in range(24)]
    assert all(15 < hour.mean < 30 for hour in air.hours())
    assert all(5 < hour.lowest <= hour.highest < 7.5 for hour in probe.hours())


def test_what_was_sown_in_these_days_is_dark_before_it() -> None:
    recipes = demo_recipes()
    young = [b for b in demo_batches_before(NOW, 6.0, recipes) if b.id == "pak-choi-2"]
    since = young[0].sown_at - 2 * HOUR_S
    past = Past(demo_farm("UTC"), young, recipes, since=since, config=demo_config())
    seen: dict[float, str | None] = {}
    for at in past.walk(young[0].sown_at + HOUR_S, HOUR_S):
        level = past.snapshots["level_b3"]
        assert isinstance(level, LevelSnapshot)
        seen[at] = level.batch
    assert seen[since + HOUR_S] is None
    assert seen[young[0].sown_at + HOUR_S] is not None


@pytest.mark.parametrize("days", [0.0, 14.0])
def test_no_batch_is_sown_after_the_present(days: float) -> None:
    assert all(b.sown_at <= NOW for b in demo_batches_before(NOW, days, demo_recipes()))
