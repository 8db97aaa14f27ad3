"""As few requests as a device allows, and never one that it would refuse."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.plan import NOTHING, Block, Learned, plan, refused
from vfarm_core.devices.modbus.profile import (
    WORDS,
    Access,
    DataType,
    Limits,
    Register,
    Space,
)

LIMITS = Limits(registers=8, gap=0, spacing_s=0.0, timeout_s=1.0)


def register(key: str, address: int, kind: DataType = DataType.UINT16, **facts: object) -> Register:
    made = Register(
        key=key,
        address=address,
        type=kind,
        space=Space.HOLDING,
        access=Access.READ,
        words=WORDS[kind],
    )
    return replace(made, **facts)  # type: ignore[arg-type]


def spans(blocks: tuple[Block, ...]) -> list[tuple[int, int]]:
    return [(block.start, block.count) for block in blocks]


def test_neighbours_are_read_together() -> None:
    four = [register(f"r{n}", n) for n in range(4)]
    assert spans(plan(four, LIMITS)) == [(0, 4)]


def test_a_hole_is_crossed_only_where_the_profile_allows_it() -> None:
    two = [register("a", 0), register("b", 3)]
    assert spans(plan(two, LIMITS)) == [(0, 1), (3, 1)]
    assert spans(plan(two, replace(LIMITS, gap=1))) == [(0, 1), (3, 1)]
    assert spans(plan(two, replace(LIMITS, gap=2))) == [(0, 4)]


def test_a_request_is_never_longer_than_allowed_and_never_cuts_a_value() -> None:
    wide = [register(f"f{n}", 2 * n, DataType.FLOAT32) for n in range(5)]
    assert spans(plan(wide, replace(LIMITS, registers=5))) == [(0, 4), (4, 4), (8, 2)]


def test_tables_are_never_mixed() -> None:
    mixed = [register("h", 0), register("i", 1, space=Space.INPUT)]
    assert [block.space for block in plan(mixed, LIMITS)] == [Space.HOLDING, Space.INPUT]


def test_what_can_only_be_written_is_never_read() -> None:
    assert plan([register("w", 0, access=Access.WRITE)], LIMITS) == ()


def test_a_block_that_is_answered_as_a_whole_is_read_so() -> None:
    profile = shelf().get("hamilton_arc_ph")
    blocks = plan(profile.registers, profile.limits)
    assert spans(blocks) == [(2089, 10), (2409, 10)]
    only = plan([profile.register("ph")], profile.limits)
    assert spans(only) == [(2089, 10)]
    assert only[0].whole


def test_a_relay_board_needs_two_requests() -> None:
    profile = shelf().get("waveshare_relay")
    polled = [r for r in profile.registers if r.readable and not r.wears]
    assert len(plan(polled, profile.limits)) == 2


def test_a_refused_block_is_split_at_its_holes_first() -> None:
    limits = replace(LIMITS, gap=4)
    three = [register("a", 0), register("b", 1), register("c", 4)]
    (block,) = plan(three, limits)
    learned = refused(block, NOTHING)
    assert spans(plan(three, limits, learned)) == [(0, 2), (4, 1)]


def test_a_refused_register_is_found_and_left_out() -> None:
    eight = [register(f"r{n}", n) for n in range(8)]
    learned = NOTHING
    asked = 0
    # A device that has no address 5.
    while bad := [b for b in plan(eight, LIMITS, learned) if b.start <= 5 < b.end]:
        learned = refused(bad[0], learned)
        asked += 1
    assert learned.unsupported == {"r5"}
    assert asked <= 4, "halving finds it"
    left = plan(eight, LIMITS, learned)
    assert {r.key for block in left for r in block.registers} == {f"r{n}" for n in range(8)} - {
        "r5"
    }
    assert len(left) <= 4


def test_an_unknown_function_takes_the_whole_block() -> None:
    (block,) = plan([register("a", 0), register("b", 1)], LIMITS)
    assert refused(block, NOTHING, function=True) == Learned(unsupported=frozenset({"a", "b"}))


@given(
    addresses=st.sets(st.integers(0, 60), min_size=1, max_size=20),
    most=st.integers(1, 20),
    gap=st.integers(0, 6),
    cuts=st.sets(st.integers(0, 60), max_size=5),
)
def test_every_register_is_read_exactly_once_within_the_limits(
    addresses: set[int], most: int, gap: int, cuts: set[int]
) -> None:
    registers = [register(f"r{address}", address) for address in sorted(addresses)]
    limits = replace(LIMITS, registers=most, gap=gap)
    learned = Learned(cuts=frozenset((Space.HOLDING, cut) for cut in cuts))
    blocks = plan(registers, limits, learned)
    read = [r.key for block in blocks for r in block.registers]
    assert sorted(read) == sorted(r.key for r in registers)
    for block in blocks:
        assert block.count <= most
        held = [r.address for r in block.registers]
        assert (block.start, block.end) == (min(held), max(held) + 1)
        assert all(b - a - 1 <= gap for a, b in pairwise(held))
        assert not any(block.start < cut < block.end and cut in held for cut in cuts)
