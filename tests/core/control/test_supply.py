"""Lamps on one electrical circuit never ask for more than it carries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm
from vfarm_core.control.snapshot import LevelSnapshot
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import Supply

HOUR = 3600.0


def bench_with(limit_kw: float, levels: int = 4) -> Bench:
    """Lamps of 180 W, planned at half output, all on one supply."""
    farm = bench_farm(levels=levels)
    supply = Supply(
        id="supply", name="Fuse 3", limit_kw=limit_kw, levels=tuple(lv.id for lv in farm.levels)
    )
    bench = Bench(check(replace(farm, supplies=(supply,))))
    bench.start_batch([lv.id for lv in farm.levels], sites=9)
    return bench


def drawn_kw(bench: Bench) -> float:
    return sum((bench.state[f"{lv.id}.grow_light"] or 0.0) * 0.180 for lv in bench.farm.levels)


def test_the_limit_is_kept_at_every_moment_of_the_day() -> None:
    bench = bench_with(0.3)
    most = 0.0
    for _ in range(24 * 12):
        bench.advance(300)
        most = max(most, drawn_kw(bench))
    assert 0.25 < most <= 0.3


def test_it_is_kept_from_the_very_first_command() -> None:
    bench = bench_with(0.2)
    on: dict[str, float] = {}
    bench.advance(2 * HOUR)
    for _, command in bench.sent:
        if command.point.endswith("grow_light"):
            on[command.point] = command.value
            assert sum(on.values()) * 0.180 <= 0.2


def test_all_levels_are_held_back_alike_and_say_so() -> None:
    bench = bench_with(0.3)
    bench.advance(3 * HOUR)
    outputs = [bench.state[f"{lv.id}.grow_light"] for lv in bench.farm.levels]
    assert max(outputs) == pytest.approx(min(outputs), abs=0.03)  # type: ignore[type-var]
    level = bench.runtime.snapshots["level_1"]
    assert isinstance(level, LevelSnapshot)
    assert "supply_limit" in level.problems
    assert "Fuse 3" in level.actuators[0].reason


def test_a_supply_that_carries_everything_changes_nothing() -> None:
    bench = bench_with(5.0)
    bench.advance(18 * HOUR)
    level = bench.runtime.snapshots["level_1"]
    assert isinstance(level, LevelSnapshot)
    assert level.dli == pytest.approx(11.52, rel=0.01)
    assert "supply_limit" not in level.problems


def test_a_level_hangs_on_one_supply() -> None:
    from vfarm_core.farm.build import FarmError

    farm = bench_farm()
    two = tuple(Supply(id=key, name=key, limit_kw=1, levels=("level_1",)) for key in ("a", "b"))
    with pytest.raises(FarmError, match="2 supplies"):
        check(replace(farm, supplies=two))


def test_lamps_start_one_after_the_other_each_proved_before_the_next() -> None:
    bench = bench_with(5.0)
    bench.advance(HOUR - 10)
    bench.disobeys.add("level_2.grow_light")
    bench.advance(20)
    lamps = [f"level_{n}.grow_light" for n in (1, 2, 3, 4)]
    assert [bench.on(lamp) for lamp in lamps] == [True, False, False, False]
    bench.report("level_2.grow_light", bench.commands("level_2.grow_light")[-1])
    bench.advance(10)
    assert all(bench.on(lamp) for lamp in lamps)
    first = {
        lamp: next(at for at, c in bench.sent if c.point == lamp and c.value) for lamp in lamps
    }
    starts = [first[lamp] for lamp in lamps]
    assert starts == sorted(starts)
    assert len(set(starts)) == 4


def test_a_lamp_that_never_comes_on_does_not_keep_the_others_dark() -> None:
    bench = bench_with(5.0)
    bench.disobeys.add("level_1.grow_light")
    bench.advance(HOUR + 60)
    assert not bench.on("level_1.grow_light")
    assert all(bench.on(f"level_{n}.grow_light") for n in (2, 3, 4))


def test_lamps_that_cannot_be_dimmed_stay_dark_where_there_is_no_room() -> None:
    farm = bench_farm(levels=4)
    plain = (replace(b, dims=False) if b.id.endswith("grow_light") else b for b in farm.bindings)
    supply = Supply(
        id="supply", name="Fuse 3", limit_kw=0.4, levels=tuple(lv.id for lv in farm.levels)
    )
    bench = Bench(check(replace(farm, supplies=(supply,), bindings=tuple(plain))))
    bench.start_batch([lv.id for lv in farm.levels], sites=9)
    most = 0.0
    for _ in range(6 * 12):
        bench.advance(300)
        most = max(most, drawn_kw(bench))
    assert most == pytest.approx(0.36)
    assert not any(a.latched for a in bench.runtime.memory.actuators.values())
