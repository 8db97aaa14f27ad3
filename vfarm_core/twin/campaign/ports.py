"""The outside of a campaign's runtime: a clock that can be set, a disk that can fail, a line to
the sensors that garbles, and services that raise, hang or lose a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...control.clock import Due, Now
from ...control.effects import Command, Record
from ...control.inputs import CommandResult, Report
from ...farm.bindings import Binding
from ...farm.units import Linear, UnitError, linear
from ..ports import BlockingJournal
from .happenings import KilledAtCommand, KilledInWrite, ServiceFault

if TYPE_CHECKING:
    from .stage import Stage


class KilledError(BaseException):
    """The process dies here; nothing of it catches this."""

    def __init__(self, down_s: float) -> None:
        self.down_s = down_s
        super().__init__("killed")


class WallClock:
    """Farm time is wall time: what has passed, and how far the clock is off."""

    speed = 1.0

    def __init__(self, start: float) -> None:
        self.passed = start
        self.offset = 0.0
        self._boot = start - 1000.0

    def now(self) -> Now:
        """Farm time and monotonic time."""
        return Now(self.passed + self.offset, self.passed - self._boot)

    def elapsed(self, since: Now, now: Now) -> float:
        """Seconds that have passed: this machine's monotonic clock counts sleep."""
        return now.mono - since.mono

    def jump(self, seconds: float) -> None:
        """Somebody or something sets the clock."""
        self.offset += seconds

    def reboot(self) -> None:
        """Monotonic time begins again."""
        self._boot = self.passed - 5.0

    def passes(self, due: Due) -> float | None:
        """When `due` will have come, by what has passed."""
        times = []
        if due.farm is not None:
            times.append(due.farm - self.offset)
        if due.mono is not None:
            times.append(due.mono + self._boot)
        return min(times, default=None)


class Disk:
    """A journal writer that knows what is on disk, and can fail."""

    def __init__(self, stage: Stage, file: BlockingJournal | None) -> None:
        self._stage = stage
        self.file = file
        self.slices: dict[str, Any] = {}
        #: The numbers of the commands on disk, and of each point the value of the last one.
        self.commands: set[int] = set()
        self.last: dict[str, float] = {}
        self.failing_until: float | None = None
        self._hangs = False
        self._waiting: list[tuple[list[Record], Callable[[str | None], None]]] = []
        self._doom: KilledInWrite | None = None
        self._count = 0

    @property
    def failing(self) -> bool:
        """Whether a write would fail or hang now."""
        return self.failing_until is not None

    def fail(self, until: float, *, hangs: bool) -> None:
        """Fail, or hang, until then."""
        self.failing_until, self._hangs = until, hangs

    def doom(self, doom: KilledInWrite) -> None:
        """Die in a write that comes."""
        self._doom, self._count = doom, 0

    def append(self, records: Sequence[Record], done: Callable[[str | None], None]) -> None:
        """Write, and say so."""
        if self._doom is not None:
            self._count += 1
            if self._count >= self._doom.nth:
                doom, self._doom = self._doom, None
                if doom.durable:
                    self._write(records)
                raise KilledError(doom.down_s)
        if self.failing_until is not None:
            if self._hangs:
                self._waiting.append((list(records), done))
            else:
                done("no space left on device")
            return
        self._write(records)
        done(None)

    def work(self, now: float) -> None:
        """Go on when the trouble is over."""
        if self.failing_until is None or now < self.failing_until:
            return
        self.failing_until = None
        waiting, self._waiting = self._waiting, []
        for records, done in waiting:
            self._write(records)
            done(None)

    def restart(self, file: BlockingJournal | None, *, forget: bool) -> None:
        """A new process: what waited was never written; what was lost is lost."""
        self.file = file
        self._waiting.clear()
        self.failing_until = None
        self._doom = None
        # A new run numbers its commands from the last kept one on.
        self.commands.clear()
        if forget:
            self.slices.clear()
            self.last.clear()

    def _write(self, records: Sequence[Record]) -> None:
        if self.file is not None:
            self.file.append(records)
        for record in records:
            if record.key is None:
                if record.kind == "command":
                    self.commands.add(record.data["id"])
                    self.last[record.data["point"]] = record.data["value"]
            elif record.data is None:
                self.slices.pop(record.key, None)
            else:
                self.slices[record.key] = record.stored()


@dataclass(slots=True)
class _Garble:
    raw: float | str | None
    nth: int
    until: float | None
    count: int = 0


class Wire:
    """The line from the sensors to control."""

    def __init__(self) -> None:
        self._garbled: dict[str, _Garble] = {}
        self._drift: dict[str, tuple[float, float]] = {}
        self._swapped: dict[str, str] = {}
        self._changes: dict[str, tuple[float, float | None]] = {}
        self._units: dict[str, tuple[str, Linear]] = {}

    def garble(self, point: str, raw: float | str | None, nth: int, until: float | None) -> None:
        """Every `nth` report of a point comes through as `raw`."""
        self._garbled[point] = _Garble(raw, nth, until)

    def drift(self, point: str, per_h: float, since: float) -> None:
        """A point drifts."""
        self._drift[point] = (per_h, since)

    def convert(self, point: str, unit: str, canonical: str) -> None:
        """A point reports in another unit; one that is none of the quantity changes no number."""
        try:
            self._units[point] = (unit, linear(unit, canonical))
        except UnitError:
            self._units[point] = (unit, (1.0, 0.0))

    def only_changes(self, point: str, by: float) -> None:
        """A point tells changes only, of so much."""
        self._changes[point] = (by, None)

    def swap(self, one: str, other: str) -> None:
        """Two points report under each other's names."""
        self._swapped |= {one: other, other: one}

    def through(self, reports: Iterable[Report], now: float, offset: float) -> list[Report]:
        """What comes out at the other end, stamped by the wall clock."""
        found = [self._one(r, now, offset) for r in reports]
        return [r for r in found if r.point not in self._changes or self._is_news(r)]

    def _is_news(self, report: Report) -> bool:
        """Whether a sensor that tells changes only has one to tell."""
        by, last = self._changes[report.point]
        raw = report.raw
        if isinstance(raw, float) and last is not None and abs(raw - last) < by:
            return False
        self._changes[report.point] = (by, raw if isinstance(raw, float) else None)
        return True

    def _one(self, report: Report, now: float, offset: float) -> Report:
        report = replace(report, at=report.at + offset)
        if (drift := self._drift.get(report.point)) is not None and isinstance(report.raw, float):
            report = replace(report, raw=report.raw + drift[0] * (now - drift[1]) / 3600)
        if (garble := self._garbled.get(report.point)) is not None:
            if garble.until is not None and now >= garble.until:
                del self._garbled[report.point]
            else:
                garble.count += 1
                if garble.count % garble.nth == 0:
                    report = replace(report, raw=garble.raw)
        if (converted := self._units.get(report.point)) is not None:
            unit, (scale, zero) = converted
            raw = report.raw
            report = replace(
                report, unit=unit, raw=(raw - zero) / scale if isinstance(raw, float) else raw
            )
        if report.point in self._swapped:
            report = replace(report, point=self._swapped[report.point])
        return report


@dataclass(slots=True)
class _Failing:
    kind: ServiceFault
    times: int | None
    until: float | None
    hangs_s: float


class Hardware:
    """Carries commands to the simulated devices, when the service obeys."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.sent: list[tuple[float, Command]] = []
        #: The last command of each point.
        self.last: dict[str, float] = {}
        self._failing: dict[str, _Failing] = {}
        self._late: list[tuple[float, Command]] = []
        self._doom: KilledAtCommand | None = None
        self._count = 0

    def fail(
        self, point: str, kind: ServiceFault, times: int | None, until: float | None, hangs_s: float
    ) -> None:
        """The calls of a point fail."""
        self._failing[point] = _Failing(kind, times, until, hangs_s)

    def failing(self, point: str) -> bool:
        """Whether the calls of a point fail, or one still hangs."""
        return point in self._failing or any(c.point == point for _, c in self._late)

    def doom(self, doom: KilledAtCommand) -> None:
        """Die at a command that comes."""
        self._doom, self._count = doom, 0

    def restart(self) -> None:
        """A new process: the calls of the old one are gone."""
        self._late.clear()
        self._doom = None

    @property
    def next_late(self) -> float | None:
        """When the next hanging call ends."""
        return min((at for at, _ in self._late), default=None)

    def send(self, command: Command, binding: Binding) -> None:
        """Drive the device."""
        stage = self._stage
        self.sent.append((stage.now, command))
        self.last[command.point] = command.value
        stage.watch.command(command, binding)
        doom = self._doom
        if doom is not None and command.point in doom.points:
            self._count += 1
            if self._count >= doom.nth:
                self._doom = None
                if doom.acted:
                    self._tell(command)
                raise KilledError(doom.down_s)
        failing = self._of(command.point)
        if failing is None:
            self._drive(command)
        elif failing.kind is ServiceFault.RAISES:
            stage.feed(CommandResult(command.id, command.point, "service raised"))
        elif failing.kind is ServiceFault.HANGS:
            self._late.append((stage.now + failing.hangs_s, command))

    def _of(self, point: str) -> _Failing | None:
        failing = self._failing.get(point)
        if failing is None:
            return None
        if failing.until is not None and self._stage.now >= failing.until:
            del self._failing[point]
            return None
        if failing.times is not None:
            failing.times -= 1
            if failing.times <= 0:
                del self._failing[point]
        return failing

    def _drive(self, command: Command) -> None:
        self._tell(command)
        self._stage.feed(CommandResult(command.id, command.point))

    def _tell(self, command: Command) -> None:
        self._stage.twin.command(command.point, command.value, duration_s=command.duration_s)

    def work(self, now: float) -> None:
        """Hanging calls end, and take effect late."""
        for failing in [k for k, f in self._failing.items() if f.until and now >= f.until]:
            del self._failing[failing]
        ready = [c for at, c in self._late if at <= now]
        self._late = [(at, c) for at, c in self._late if at > now]
        for command in ready:
            self._drive(command)
