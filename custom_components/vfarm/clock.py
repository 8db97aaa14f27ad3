"""The two clocks of a farm: farm time and monotonic time.

A real farm's clock is always the real one. A demo farm's farm time runs at a speed, and never
backwards: not when the speed changes, not over a restart.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from vfarm_core.control.clock import Due, Now


class FarmClock(Protocol):
    """What the shell needs of a clock beyond the core's port."""

    @property
    def speed(self) -> float:
        """Seconds of farm time per real second."""

    def now(self) -> Now:
        """Farm time and monotonic time."""

    def elapsed(self, since: Now, now: Now) -> float | None:
        """Seconds of farm time that have passed between two looks."""

    def farm_at(self, timestamp: float) -> float:
        """Farm time at a recent real instant (epoch s)."""


#: Linux counts the sleep of a machine in a clock of its own. Its monotonic clock stops meanwhile.
_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def _monotonic() -> float:
    return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)


class RealClock:
    """Farm time is real time."""

    speed = 1.0

    def now(self) -> Now:
        """Farm time and monotonic time."""
        return Now(time.time(), _monotonic())

    def elapsed(self, since: Now, now: Now) -> float | None:
        """Seconds that have passed, sleep of the machine included; None where nothing counts it."""
        return now.mono - since.mono if _BOOT_CLOCK is not None else None

    def farm_at(self, timestamp: float) -> float:
        """Farm time at a recent real instant (epoch s)."""
        return timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """A demo clock as it is kept over a restart: farm time at a real instant (epoch s). `stopped`:
    it was kept at an orderly stop, so that nothing ran on after it."""

    farm: float
    real: float
    speed: float
    stopped: bool = False


#: A demo clock is saved this often (real s): what it may have run on after the last save.
SAVE_S = 60.0


class DemoClock:
    """Farm time at a speed. `started_at` is farm time when the clock was made."""

    def __init__(self, started_at: float, speed: float = 1.0) -> None:
        self._farm = started_at
        self._mono = time.monotonic()
        self._speed = speed

    @classmethod
    def restored(cls, state: ClockState) -> DemoClock:
        """The clock after a restart.

        After a crash Home Assistant may have run for one save interval after the last save, at full
        speed; the rest of the time it was off, and farm time went on at real speed: a day off at
        60x would be two months of neglected plants.
        """
        off = max(0.0, time.time() - state.real)
        fast = 0.0 if state.stopped else min(off, SAVE_S + 5.0)
        return cls(state.farm + fast * state.speed + (off - fast), state.speed)

    def elapsed(self, since: Now, now: Now) -> float:
        """Seconds of farm time that have passed: nobody sets this clock, at whatever speed."""
        return now.farm - since.farm

    @property
    def speed(self) -> float:
        """Seconds of farm time per real second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        now = self.now()
        self._farm, self._mono, self._speed = now.farm, now.mono, speed

    def now(self) -> Now:
        """Farm time and monotonic time."""
        mono = time.monotonic()
        return Now(self._farm + (mono - self._mono) * self._speed, mono)

    def farm_at(self, timestamp: float) -> float:
        """Farm time at a recent real instant (epoch s)."""
        return self.now().farm - max(0.0, time.time() - timestamp) * self._speed

    def state(self, *, stopped: bool) -> ClockState:
        """The clock to keep over a restart."""
        return ClockState(
            farm=self.now().farm, real=time.time(), speed=self._speed, stopped=stopped
        )


def delay_s(clock: FarmClock, due: Due) -> float | None:
    """Real seconds until `due`; None for never."""
    now = clock.now()
    delays = []
    if due.mono is not None:
        delays.append(due.mono - now.mono)
    if due.farm is not None:
        delays.append((due.farm - now.farm) / clock.speed)
    return max(0.0, min(delays)) if delays else None
