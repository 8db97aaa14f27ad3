"""Two clocks: farm time may run faster, but never back."""

from __future__ import annotations

import time

import pytest
from freezegun.api import FrozenDateTimeFactory

from custom_components.vfarm.clock import ClockState, DemoClock, RealClock, delay_s
from vfarm_core.control.clock import Due, Now


def test_real_time_is_real(freezer: FrozenDateTimeFactory) -> None:
    clock = RealClock()
    freezer.move_to("2026-01-01 00:00:00+00:00")
    assert clock.now().farm == 1767225600
    assert clock.farm_at(123.0) == 123.0


def test_a_change_of_speed_does_not_move_farm_time(freezer: FrozenDateTimeFactory) -> None:
    clock = DemoClock(1000.0)
    freezer.tick(10)
    clock.speed = 60.0
    assert clock.now().farm == pytest.approx(1010)
    freezer.tick(2)
    assert clock.now().farm == pytest.approx(1130)


def test_a_report_is_as_old_in_farm_time_as_it_is_fast(freezer: FrozenDateTimeFactory) -> None:
    clock = DemoClock(1000.0, speed=10.0)
    then = freezer.time_to_freeze.timestamp()
    freezer.tick(3)
    assert clock.farm_at(then) == pytest.approx(1000)


@pytest.mark.parametrize(
    ("off_s", "stopped", "farm_s"),
    [(10, False, 600), (165, False, 65 * 60 + 100), (165, True, 165), (-5, False, 0)],
)
def test_after_a_restart_farm_time_goes_on(
    freezer: FrozenDateTimeFactory, off_s: float, stopped: bool, farm_s: float
) -> None:
    now = freezer.time_to_freeze.timestamp()
    state = ClockState(farm=5000.0, real=now - off_s, speed=60.0, stopped=stopped)
    assert DemoClock.restored(state).now().farm == pytest.approx(5000 + farm_s, abs=60)


def test_the_nearer_of_two_clocks_wakes(freezer: FrozenDateTimeFactory) -> None:
    clock = DemoClock(1000.0, speed=60.0)
    mono = clock.now().mono
    assert delay_s(clock, Due()) is None
    assert delay_s(clock, Due(farm=1120.0)) == pytest.approx(2)
    assert delay_s(clock, Due(farm=1120.0, mono=mono + 1)) == pytest.approx(1)
    assert delay_s(clock, Due(farm=10.0)) == 0


def test_a_real_clock_knows_what_has_passed_only_where_sleep_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = RealClock()
    monkeypatch.setattr("custom_components.vfarm.clock._BOOT_CLOCK", time.CLOCK_BOOTTIME)
    since = clock.now()
    set_forward = Now(since.farm + 3610.0, since.mono + 10.0)
    assert clock.elapsed(since, set_forward) == pytest.approx(10.0)
    monkeypatch.setattr("custom_components.vfarm.clock._BOOT_CLOCK", None)
    assert clock.elapsed(since, set_forward) is None
    assert clock.now().mono > 0


def test_nobody_sets_the_clock_of_a_demo() -> None:
    clock = DemoClock(1_000_000.0, 60.0)
    assert clock.elapsed(Now(1_000_000.0, 5.0), Now(1_003_600.0, 65.0)) == 3600.0
