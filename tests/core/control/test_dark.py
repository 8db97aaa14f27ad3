"""Light where none is planned is told: soon where nights are counted, later elsewhere."""

from __future__ import annotations

import pytest

from tests.core.control.test_lamps import HOUR, level, recipe_with
from tests.core.support import Bench, bench_farm, sensor
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import DayLength

LAMP = "level_1.grow_light"
SHORT = {"photoperiod_h": 12.0, "dli": 8.64}


def night(day_length: DayLength | None) -> Bench:
    bench = Bench(bench_farm(extra=[sensor("level_1", Role.PPFD)]), values={"level_1.ppfd": 0.0})
    bench.report("zone.air_temperature", 24.0)
    bench.start_batch(recipe=recipe_with(SHORT, day_length=day_length))
    bench.advance(HOUR)
    for step in range(12):
        bench.report("level_1.ppfd", 195.0 + step % 2 * 10)
        bench.advance(HOUR)
    bench.report("level_1.ppfd", 0.0)
    bench.advance(HOUR)
    assert not bench.on(LAMP)
    return bench


def told(bench: Bench) -> list[tuple[str, str]]:
    return [(e.params["by"], e.severity.value) for e in bench.events if e.kind == "light_in_dark"]


@pytest.mark.parametrize(
    ("day_length", "after_s", "severity"),
    [(DayLength.SHORT_DAY, 300, "p2"), (None, 3600, "p3"), (DayLength.LONG_DAY, 3600, "p3")],
)
def test_a_lamp_that_stays_on_in_the_dark_is_told(
    day_length: DayLength | None, after_s: float, severity: str
) -> None:
    bench = night(day_length)
    bench.disobeys.add(LAMP)
    bench.report(LAMP, 1.0)
    bench.advance(after_s - 30)
    assert told(bench) == []
    bench.advance(60)
    assert told(bench) == [("lamp", severity)]
    assert "light_in_dark" in level(bench).problems
    bench.advance(2 * HOUR)
    assert len(told(bench)) == 1, "once is enough"
    bench.disobeys.clear()
    bench.report(LAMP, 0.0)
    assert "light_in_dark" not in level(bench).problems
    assert "dark_again" in bench.kinds()


def test_light_that_only_the_sensor_sees_is_told() -> None:
    bench = night(DayLength.SHORT_DAY)
    bench.report("level_1.ppfd", 30.0)
    bench.advance(330)
    assert told(bench) == [("sensor", "p2")]


def test_light_that_goes_soon_is_not_told() -> None:
    bench = night(DayLength.SHORT_DAY)
    bench.report("level_1.ppfd", 30.0)
    bench.advance(240)
    bench.report("level_1.ppfd", 0.0)
    bench.advance(HOUR)
    assert told(bench) == []
    assert "dark_again" not in bench.kinds()


def test_what_was_told_is_known_after_a_restart() -> None:
    bench = night(DayLength.SHORT_DAY)
    bench.report("level_1.ppfd", 30.0)
    bench.advance(400)
    bench.restart()
    bench.report("level_1.ppfd", 30.0)
    bench.advance(400)
    assert len(told(bench)) == 1


def test_lights_on_ends_stray_light() -> None:
    bench = night(DayLength.SHORT_DAY)
    bench.report("level_1.ppfd", 30.0)
    bench.advance(12 * HOUR)
    assert bench.on(LAMP)
    assert "light_in_dark" not in level(bench).problems
