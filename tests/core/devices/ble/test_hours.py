"""The history of a plant sensor as hours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.devices.ble.hours import by_hour
from vfarm_core.devices.ble.miflora import Entry
from vfarm_core.devices.ble.visits import Kept

HOUR = 3600
DAY = 1_800_000_000 // HOUR * HOUR


def kept(*at: float) -> list[Kept]:
    return [Kept(one, Entry(int(one) - DAY, ())) for one in at]


def test_an_entry_has_the_hour_it_was_kept_in() -> None:
    found = by_hour(kept(DAY + 5, DAY + HOUR + 5, DAY + 3 * HOUR + 5))
    assert [hour.start for hour in found] == [DAY, DAY + HOUR, DAY + 3 * HOUR]


def test_an_entry_that_drifted_before_its_hour_has_the_next_one() -> None:
    first = by_hour(kept(DAY + 2))
    found = by_hour(kept(DAY + HOUR - 2, DAY + 2 * HOUR - 2), after=first[-1].start)
    assert [hour.start for hour in found] == [DAY + HOUR, DAY + 2 * HOUR]


@given(st.lists(st.integers(-60, 60), min_size=1, max_size=50), st.integers(0, HOUR - 1))
def test_no_hour_is_told_twice_no_entry_is_lost_and_none_is_far_off(
    drift: list[int], phase: int
) -> None:
    entries = kept(*sorted(DAY + phase + n * HOUR + off for n, off in enumerate(drift)))
    found = by_hour(entries)
    starts = [hour.start for hour in found]
    assert [hour.entry for hour in found] == [one.entry for one in entries]
    assert len(set(starts)) == len(starts)
    assert starts == sorted(starts)
    assert all(abs(hour.start - one.at) <= HOUR for hour, one in zip(found, entries, strict=True))
