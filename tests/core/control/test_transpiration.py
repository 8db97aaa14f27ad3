"""Shots by the water that plants took, and what stands in where that is not known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.core.control.watering_bench import HOUR, one_circuit, recipe_with, seen, shots
from tests.core.control.watering_bench import plan as plan_of
from tests.core.support import BENCH, START, Bench, bench_farm, sensor
from vfarm_core.control import keep
from vfarm_core.control.inputs import FarmChanged
from vfarm_core.control.memory import Transpired
from vfarm_core.control.step import step
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import Method
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import ShotTrigger
from vfarm_core.science.canopy import canopy_balance

LIGHTS_ON = START + HOUR
AIR = "zone.air_temperature"
HUMIDITY = "zone.humidity"
#: A closed canopy in the bench's air, lit and dark, L/m²/h.
LIT = canopy_balance(200.0, 200.0 / 4.7, 22.0, 65.0, 3.0).transpiration_l_m2_h
DARK = canopy_balance(0.0, 0.0, 22.0, 65.0, 3.0).transpiration_l_m2_h


def growing(litres: float = 0.3, **changes: Any) -> Bench:
    """A stand that is full grown when its first light comes."""
    bench = Bench(one_circuit(Method.DRIP, drain_s=60.0))
    bench.start_batch(recipe=recipe(litres, **changes))
    return bench


def recipe(litres: float | None = 0.3, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "moisture_below_pct": None,
        "light_mol_m2": None,
        "min_interval_min": 30.0,
        "max_shots_per_day": 20,
        "provenance": BENCH,
        "transpiration_l_m2": litres,
    }
    trigger = ShotTrigger(**{**values, **changes})
    return recipe_with(plan_of(Method.DRIP, duration_s=120.0, trigger=trigger), days=1 / 24)


def transpired(bench: Bench) -> Transpired:
    found = bench.runtime.memory.circuits["circuit"].transpired
    assert found is not None
    return found


def starts(bench: Bench) -> list[float]:
    return [r.at for r in bench.journal.records if r.kind == "shot_started" and r.key is None]


def test_the_bench_stand_drinks_as_the_published_one_does() -> None:
    # science.md 1.7, 24 °C and 70 %: 0.14 lit, 0.09 dark; the bench is a little cooler and drier.
    assert pytest.approx(0.14, abs=0.02) == LIT
    assert pytest.approx(0.09, abs=0.02) == DARK


def test_a_shot_comes_for_so_many_litres_and_not_by_the_clock() -> None:
    bench = growing()
    bench.advance(17 * HOUR)
    times = starts(bench)
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps == pytest.approx([0.3 / LIT * HOUR] * len(gaps), rel=0.02)
    assert len(times) == pytest.approx(16 * LIT / 0.3, abs=1)
    assert "shot_overdue" not in bench.kinds()
    assert "by_schedule" not in seen(bench).problems


def test_dry_air_brings_more_shots_than_humid_air() -> None:
    found = []
    for humidity in (80.0, 60.0):
        bench = growing()
        bench.values[HUMIDITY] = humidity
        bench.report(HUMIDITY, humidity)
        bench.advance(17 * HOUR)
        found.append(shots(bench))
    assert found[1] > 1.4 * found[0]


def test_what_was_drunk_at_night_brings_a_shot_with_the_light() -> None:
    bench = growing()
    bench.advance(17 * HOUR)
    by_day = shots(bench)
    bench.advance(7.9 * HOUR)
    assert shots(bench) == by_day, "it is dark"
    bench.advance(0.2 * HOUR)
    assert shots(bench) == by_day + 1
    assert starts(bench)[-1] == pytest.approx(LIGHTS_ON + 24 * HOUR, abs=5)


def test_seedlings_are_watered_by_the_longest_wait() -> None:
    bench = Bench(one_circuit(Method.DRIP, drain_s=60.0))
    bench.start_batch(recipe=recipe(5.0))
    bench.advance(17 * HOUR)
    assert bench.kinds().count("shot_overdue") >= 4


def test_the_shots_of_a_day_and_their_interval_hold() -> None:
    bench = growing(0.01, max_shots_per_day=3, min_interval_min=60.0)
    bench.advance(17 * HOUR)
    times = starts(bench)
    assert len(times) == 3
    assert min(b - a for a, b in pairwise(times)) >= HOUR


@pytest.mark.parametrize("point", [AIR, HUMIDITY])
def test_air_that_is_not_known_leaves_the_schedule(point: str) -> None:
    bench = growing()
    bench.report(point, "unavailable")
    del bench.values[point]
    bench.advance(17 * HOUR)
    assert shots(bench) == 4
    assert "by_schedule" in seen(bench).problems
    assert seen(bench).by_schedule


def test_where_light_is_given_too_it_stands_in() -> None:
    bench = growing(light_mol_m2=1.0)
    bench.report(HUMIDITY, "unavailable")
    del bench.values[HUMIDITY]
    bench.advance(17 * HOUR)
    # 11.5 mol/m² in 16 h.
    assert shots(bench) == pytest.approx(11, abs=1)
    assert "by_light" in seen(bench).problems
    assert not seen(bench).by_schedule
    bench.values[HUMIDITY] = 65.0
    bench.report(HUMIDITY, 65.0)
    bench.advance(8 * HOUR)
    assert "by_light" not in seen(bench).problems


def test_a_level_without_lamp_model_or_sensor_is_not_known_to_be_dark() -> None:
    farm = one_circuit(Method.DRIP, drain_s=60.0)
    blind = check(replace(farm, levels=tuple(replace(lv, fixture=None) for lv in farm.levels)))
    bench = Bench(blind)
    bench.start_batch(recipe=recipe())
    bench.advance(2 * HOUR)
    assert not transpired(bench).known
    assert "by_schedule" in seen(bench).problems


def test_a_light_sensor_alone_is_enough() -> None:
    farm = one_circuit(Method.DRIP, [sensor("level_1", Role.PPFD)], drain_s=60.0)
    blind = check(replace(farm, levels=tuple(replace(lv, fixture=None) for lv in farm.levels)))
    bench = Bench(blind, values={"level_1.ppfd": 200.0})
    bench.start_batch(recipe=recipe())
    bench.advance(2 * HOUR)
    assert transpired(bench).rate_l_m2_h == pytest.approx(LIT, rel=0.01)


def test_the_count_survives_a_restart_and_bridges_it() -> None:
    bench = growing(3.0)
    bench.advance(2 * HOUR)
    before = transpired(bench)
    assert before.litres_m2 > 0.1
    bench.restart(down_s=600)
    bench.advance(300)
    after = transpired(bench)
    hours = (after.at - before.at) / HOUR
    assert after.litres_m2 == pytest.approx(before.litres_m2 + hours * LIT, rel=0.02)


def test_a_clock_that_is_set_takes_and_gives_nothing() -> None:
    for by_s in (-HOUR, HOUR):
        bench = growing(3.0)
        bench.advance(2 * HOUR)
        before = transpired(bench)
        bench.clock.farm += by_s
        bench.runtime.tick()
        bench.settle()
        bench.advance(600)
        hours = 600 / HOUR
        taken = transpired(bench).litres_m2 - before.litres_m2
        assert taken == pytest.approx(hours * LIT, abs=300 / HOUR * LIT)


def test_air_in_which_no_leaf_balances_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    from vfarm_core.control import drying
    from vfarm_core.science.errors import UnreachableError

    def impossible(*_: object) -> float:
        raise UnreachableError("par", 1.0, "light that the leaves can give to the air")

    monkeypatch.setattr(drying, "transpiration_l_m2_h", impossible)
    bench = growing()
    bench.advance(600)
    assert not transpired(bench).known


def test_a_full_look_between_two_looks_changes_nothing() -> None:
    bench = growing(0.05)
    for _ in range(200):
        bench.advance(97)
        now = bench.clock.now()
        full = step(bench.farm, bench.runtime.memory, now, [FarmChanged()])
        assert full.memory.circuits["circuit"] == bench.runtime.memory.circuits["circuit"]


def test_without_such_a_recipe_nothing_is_counted_and_nothing_kept() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * HOUR)
    assert bench.runtime.memory.circuits["circuit"].transpired is None
    bench = growing()
    bench.advance(2 * HOUR)
    assert keep.restore(bench.journal.slices()).circuits["circuit"].transpired is not None
    assert transpired(bench).known
