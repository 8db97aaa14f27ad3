"""Totals of energy and water: they only grow, over hours, crashes and doubts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.runtime.test_hours import HOUR_S, fans, hours
from tests.core.support import Bench, bench_farm, sensor
from tests.core.tank import VOLUME, Tank
from vfarm_core.farm.build import check
from vfarm_core.farm.roles import Role
from vfarm_core.runtime.totals import Basis, Tally, Totals, counts_energy


def growing(bench: Bench) -> None:
    """Every total that was told is at least what was told before it."""
    for before, after in zip(bench.totals, bench.totals[1:], strict=False):
        for was, now in (
            (before.energy_kwh, after.energy_kwh),
            (before.water_l, after.water_l),
        ):
            assert all(now.get(node, 0.0) >= value for node, value in was.items())


def told_kwh(bench: Bench) -> float:
    """What the hours tell of every node."""
    return sum(
        sum(hour.get("energy_kwh", {}).values())
        for node in (bench.farm.id, *bench.farm.nodes)
        for hour in hours(bench, node)
    )


def test_a_day_comes_to_what_its_hours_tell() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(24 * HOUR_S)
    energy = bench.runtime.totals.energy_kwh
    assert energy["farm"] == pytest.approx(told_kwh(bench), abs=0.002)
    assert energy["farm"] > 1.0
    assert energy["zone"] == pytest.approx(energy["farm"]), "everything stands in one zone"
    assert bench.runtime.totals.basis == {"farm": Basis.RATED, "zone": Basis.RATED}
    growing(bench)


def test_they_grow_within_an_hour_and_are_told_every_few_minutes_at_most() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(10 * HOUR_S)
    before, told = bench.runtime.totals.energy_kwh["farm"], len(bench.totals)
    bench.advance(1200)
    assert bench.runtime.totals.energy_kwh["farm"] > before
    assert len(bench.totals) - told <= 5


def test_an_idle_hour_tells_nothing() -> None:
    bench = Bench(bench_farm())
    bench.advance(2 * HOUR_S)
    told = len(bench.totals)
    bench.advance(HOUR_S)
    assert len(bench.totals) == told


@pytest.mark.parametrize("down_s", [30.0, 300.0, 2400.0])
def test_no_crash_takes_what_was_told(down_s: float) -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(10 * HOUR_S + 1300)
    before = bench.runtime.totals
    assert before.energy_kwh["farm"] > 0
    bench.restart(down_s=down_s)
    started = bench.runtime.totals.energy_kwh["farm"]
    assert started >= before.energy_kwh["farm"], "known from the first step on"
    bench.advance(2 * HOUR_S)
    growing(bench)
    after = bench.runtime.totals.energy_kwh["farm"]
    assert after == pytest.approx(told_kwh(bench), abs=0.05)


def test_what_is_not_on_disk_is_not_told() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(10 * HOUR_S)
    told = len(bench.totals)
    bench.journal.error = "disk full"
    bench.advance(HOUR_S)
    assert len(bench.totals) == told
    bench.journal.error = None
    bench.advance(HOUR_S)
    assert len(bench.totals) > told
    growing(bench)


def test_meters_are_believed_and_it_is_said() -> None:
    bench = fans(metered_by="zone.power")
    for _ in range(54):
        bench.report("zone.power", 20.0)
        bench.advance(200, sensors=False)
    totals = bench.runtime.totals
    lamps = sum(sum(h.get("energy_kwh", {}).values()) for h in hours(bench, "level_1"))
    assert lamps > 0
    assert totals.basis["zone"] is Basis.BOTH, "the fan is measured, lamps are rated"
    assert totals.energy_kwh["zone"] == pytest.approx(told_kwh(bench), abs=0.01)


def test_the_meter_of_the_farm_outranks_the_sum_of_its_parts() -> None:
    farm = bench_farm(extra=(sensor("farm", Role.POWER),))
    bench = Bench(farm, values={"farm.power": 500.0})
    bench.start_batch()
    for _ in range(36):
        bench.report("farm.power", 500.0)
        bench.advance(200, sensors=False)
    totals = bench.runtime.totals
    assert totals.basis["farm"] is Basis.MEASURED
    assert totals.energy_kwh["farm"] == pytest.approx(1.0, abs=0.05), "500 W for two hours"
    assert totals.basis["zone"] is Basis.RATED


def test_a_meter_that_says_less_than_was_thought_holds_a_total_until_it_has_caught_up() -> None:
    farm, tally = bench_farm(), Tally()
    lamp = {"level_1.grow_light": (1800.0, 1800.0)}
    tally.tell(farm, 1800.0, lamp, {})
    told = tally.totals.energy_kwh["farm"]
    assert told == pytest.approx(0.09), "half an hour of a lamp of 180 W"
    tally.close(farm, 1800.0, {}, {})
    tally.tell(farm, 0.0, {}, {})
    assert tally.totals.energy_kwh["farm"] == told
    tally.leave()
    tally.tell(farm, 1800.0, lamp, {})
    assert tally.totals.energy_kwh["farm"] == pytest.approx(2 * told), "what is given up counts"


def test_the_water_of_a_reservoir_is_what_was_filled_and_measured_at_rest() -> None:
    bench = Tank().ready()
    bench.show(VOLUME, 70.0)
    bench.advance(2 * HOUR_S)
    ends = [e for e in bench.events if e.kind == "fill_ended"]
    fixed = [e for e in bench.events if e.kind == "fill_measured"]
    assert ends
    litres = sum(float(e.params["delivered_l"]) for e in ends)
    litres += sum(float(e.params["correction_l"]) for e in fixed)
    bench.restart()
    water = bench.runtime.totals.water_l
    assert water["tank"] == water["farm"] >= round(litres, 2) > 0
    growing(bench)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        7,
        {},
        {"energy": 3, "water": {"tank": "x"}, "told_energy": {"farm": float("nan")}, "basis": []},
        {"energy": {"farm": None}, "basis": {"farm": "guessed"}},
    ],
)
def test_totals_that_cannot_be_read_begin_anew(kept: object) -> None:
    assert Tally(kept).totals == Totals()


def test_where_nothing_says_what_is_drawn_nothing_is_counted() -> None:
    farm = bench_farm()
    bare = check(
        replace(
            farm,
            levels=tuple(replace(level, fixture=None) for level in farm.levels),
            bindings=tuple(
                b
                if b.declaration is None
                else replace(b, declaration=replace(b.declaration, rating_w=None))
                for b in farm.bindings
            ),
        )
    )
    assert counts_energy(farm, "farm")
    assert counts_energy(farm, "zone")
    assert not counts_energy(bare, "farm")
    assert not counts_energy(bare, "zone")
