"""Solution in tanks and on levels: nothing is lost, floods run back, plants drink."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.farm.nodes import Method
from vfarm_core.twin.water import Bed, Piping, ReservoirParameters, Tank

STILL = ReservoirParameters(float_valve_at=None)


def parts(capacity: float = 120.0) -> tuple[Tank, tuple[Bed, ...], Piping]:
    tank = Tank(capacity, STILL, 20.0)
    beds = (Bed(Method.EBB_FLOW, 1.0, 1.0), Bed(Method.EBB_FLOW, 0.5, 1.0))
    return tank, beds, Piping(tank, beds, 600.0)


def total(tank: Tank, beds: tuple[Bed, ...]) -> tuple[float, float]:
    return (
        tank.volume + tank.spilled + sum(b.water for b in beds),
        tank.salts + sum(b.salts for b in beds),
    )


@given(
    moves=st.lists(
        st.tuples(st.floats(0.0, 1200.0), st.sampled_from([0.0, 0.0, 2.0, 6.0])), max_size=12
    )
)
def test_water_and_salts_are_conserved_over_any_floods(moves):
    tank, beds, pipe = parts()
    water, salts = total(tank, beds)
    for dt, flow in moves:
        pipe.move(dt, flow)
    after = total(tank, beds)
    assert after[0] == pytest.approx(water, abs=1e-9)
    assert after[1] == pytest.approx(salts, abs=1e-9)
    assert all(b.water >= 0 for b in beds)


def test_a_flood_stands_and_runs_back_within_the_draining_time():
    tank, beds, pipe = parts()
    start = tank.volume
    for _ in range(300):
        pipe.move(1.0, 4.0)
    assert tank.volume == pytest.approx(start - 20.0)
    assert sum(b.free for b in beds) == pytest.approx(20.0)
    for _ in range(600):
        pipe.move(1.0, 0.0)
    assert sum(b.free for b in beds) < 0.2
    assert tank.volume == pytest.approx(start, abs=0.2)


def test_the_overflow_returns_what_the_tables_cannot_hold():
    _tank, beds, pipe = parts()
    pipe.move(1500.0, 4.0)
    assert all(b.free <= b.standing + 1e-9 for b in beds)
    assert pipe.drained > 0


def test_an_empty_tank_gives_nothing():
    tank, beds, pipe = parts()
    tank.draw(1e6)
    before = [b.water for b in beds]
    pipe.move(600.0, 4.0)
    assert [b.water for b in beds] == before
    assert tank.ec == 0.0


def test_what_finds_no_room_in_the_tank_is_spilled():
    tank, _, _ = parts()
    tank.give_back(1000.0, 1000.0)
    assert tank.volume == tank.capacity
    assert tank.spilled == pytest.approx(1000.0 - 0.3 * 120.0)


def test_drinking_takes_water_and_salts_and_ends_in_drought():
    bed = Bed(Method.EBB_FLOW, 1.0, 1.0)
    assert bed.stress == 1.0
    taken = bed.take_up(1.0, 1.2)
    assert taken == pytest.approx(1.2)
    assert bed.water == pytest.approx(bed.held - 1.0)
    bed.take_up(10.0, 1.2)
    assert bed.water == 0.0
    assert bed.salts == 0.0
    assert bed.stress == 0.0


def test_plants_that_drink_weaker_than_the_feed_leave_the_rest_stronger():
    bed = Bed(Method.EBB_FLOW, 1.0, 2.0)
    bed.take_up(2.0, 1.2)
    assert bed.salts / bed.water > 2.0


def test_dew_waters_the_level():
    bed = Bed(Method.NFT, 1.0, 1.0)
    before = bed.water
    assert bed.take_up(-0.1, 1.2) == 0.0
    assert bed.water == pytest.approx(before + 0.1)


def test_the_float_valve_tops_up_with_what_the_grower_mixed():
    tank = Tank(100.0, replace(STILL, float_valve_at=0.5, refill_ec=2.0, refill_ph=5.0), 20.0)
    tank.draw(40.0)
    ec, ph = tank.ec, tank.ph
    for _ in range(60):
        tank.rest(60.0, 20.0, 0.0, 0.0)
    assert tank.volume == pytest.approx(50.0)
    assert tank.refilled == pytest.approx(20.0)
    assert tank.ec > ec
    assert tank.ph < ph


def test_a_fill_valve_fills_and_never_beyond_the_brim():
    tank = Tank(100.0, STILL, 20.0)
    tank.rest(60.0, 20.0, 0.0, 0.5)
    assert tank.refilled == pytest.approx(STILL.refill_l_min / 2)
    tank.rest(1e6, 20.0, 0.0, 1.0)
    assert tank.volume == tank.capacity


def test_solution_follows_the_room_and_ph_rises_with_uptake():
    tank = Tank(100.0, STILL, 15.0)
    ph = tank.ph
    for _ in range(24 * 60):
        tank.rest(60.0, 24.0, 7.0 / 1440, 0.0)
    assert 21.0 < tank.t < 24.0
    assert 0.05 < tank.ph - ph < 0.3
    tank.rest(60.0, 24.0, 0.0, 0.0)
