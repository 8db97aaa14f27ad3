"""Lamps on one electrical circuit never ask for more than it carries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm
from vfarm_core.control.snapshot import LevelSnapshot
from vfarm_core.farm.build import FarmError, check
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


# -- other devices on the supply ------------------------------------------------------------------

HEATER = "zone.heater"
#: Air that needs no heat.
WARM_C = 24.5
COLD_C = 20.5
#: What it draws.
HEATER_KW = 0.2


def shared_bench(limit_kw: float) -> Bench:
    """Four lamps of 180 W, planned at half output, and a heater of 200 W on one supply."""
    farm = bench_farm(levels=4)
    rated = tuple(
        replace(b, declaration=replace(b.declaration, rating_w=1000 * HEATER_KW))
        if b.id == HEATER and b.declaration is not None
        else b
        for b in farm.bindings
    )
    supply = Supply(
        id="supply",
        name="Fuse 3",
        limit_kw=limit_kw,
        levels=tuple(lv.id for lv in farm.levels),
        devices=(HEATER, "zone.gone"),
    )
    bench = Bench(check(replace(farm, supplies=(supply,), bindings=rated)))
    bench.values["zone.air_temperature"] = WARM_C
    bench.start_batch([lv.id for lv in farm.levels], sites=9)
    return bench


def test_lamps_get_what_other_devices_leave_and_never_the_other_way_round() -> None:
    bench = shared_bench(0.4)
    bench.advance(3 * HOUR)
    assert drawn_kw(bench) == pytest.approx(0.36, abs=0.01), "all they ask for"
    bench.values["zone.air_temperature"] = COLD_C
    bench.advance(600)
    assert bench.on(HEATER)
    assert 0.15 < drawn_kw(bench) <= 0.4 - HEATER_KW
    level = bench.runtime.snapshots["level_1"]
    assert isinstance(level, LevelSnapshot)
    assert "supply_limit" in level.problems
    assert level.actuators[0].reason == (
        "Dimmed: of the 0.4 kW of Fuse 3 other devices take 0.2 kW."
    )


def test_lamps_are_dimmed_in_the_step_that_starts_the_device() -> None:
    bench = shared_bench(0.4)
    bench.advance(3 * HOUR)
    bench.values["zone.air_temperature"] = COLD_C
    before = len(bench.sent)
    bench.advance(600)
    started = next(at for at, c in bench.sent[before:] if c.point == HEATER and c.value)
    dimmed = [at for at, c in bench.sent[before:] if c.point.endswith("grow_light")]
    assert min(dimmed) == started


def test_lamps_do_not_follow_every_turn_of_a_device_but_come_back_when_it_rests() -> None:
    bench = shared_bench(0.4)
    bench.advance(3 * HOUR)
    bench.values["zone.air_temperature"] = COLD_C
    bench.advance(600)
    bench.values["zone.air_temperature"] = WARM_C
    bench.advance(300)
    assert not bench.on(HEATER)
    assert drawn_kw(bench) <= 0.4 - HEATER_KW
    bench.advance(900)
    assert drawn_kw(bench) > 0.3


def test_lamps_wait_in_the_dark_where_others_take_it_all() -> None:
    bench = shared_bench(0.2)
    bench.values["zone.air_temperature"] = COLD_C
    bench.advance(2.5 * HOUR)
    assert bench.on(HEATER)
    assert drawn_kw(bench) == 0.0
    assert not any(a.latched for a in bench.runtime.memory.actuators.values())


def test_a_device_that_does_not_say_whether_it_is_on_counts_in_full() -> None:
    bench = shared_bench(0.4)
    bench.advance(3 * HOUR)
    bench.disobeys.add(HEATER)
    bench.state[HEATER] = None
    bench.report(HEATER, None)
    assert bench.runtime.memory.actuators[HEATER].reported is None
    assert drawn_kw(bench) <= 0.4 - HEATER_KW


@pytest.mark.parametrize("device", ["zone.cooler", "level_1.grow_light", "zone.air_temperature"])
def test_what_hangs_on_a_supply_is_rated_and_no_lamp(device: str) -> None:
    supply = Supply(id="s", name="s", limit_kw=1, devices=(device,))
    with pytest.raises(FarmError, match="electrical power"):
        check(replace(bench_farm(), supplies=(supply,)))


def test_a_device_hangs_on_one_supply() -> None:
    farm = shared_bench(1.0).farm
    two = tuple(Supply(id=key, name=key, limit_kw=1, devices=(HEATER,)) for key in ("a", "b"))
    with pytest.raises(FarmError, match="2 supplies"):
        check(replace(farm, supplies=two))
