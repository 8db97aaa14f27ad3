"""The stage: a simulated farm under the real runtime, to which a story happens."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...control import keep
from ...control.clock import NEVER, Due
from ...control.effects import Answer, Event
from ...control.inputs import (
    CalibratePump,
    Input,
    Report,
    Request,
    StartBatch,
    VerifyProbe,
)
from ...control.memory import Memory
from ...control.snapshot import Snapshot
from ...farm.bindings import OnLoss
from ...farm.nodes import Farm
from ...farm.roles import DOSING, PROBES
from ...runtime.journal import Journal, JournalError
from ...runtime.runtime import Runtime
from ...runtime.totals import Totals
from ...science.water import co2_g_m3
from ..farm import Twin
from ..faults import Fault, FaultKind
from .happenings import Damage, Killed
from .invariants import Watch
from .ports import Disk, Hardware, KilledError, WallClock, Wire
from .setup import DOSER_ML_S, batch_of, config_of, farm_of, recipe_of

if TYPE_CHECKING:
    from .model import Happening, Scenario

#: A device in trouble, or a process just started, is not held to its limits for this long (s).
GRACE_S = 60.0


class StageError(RuntimeError):
    """The stage itself does not work: a batch is refused, a step does not settle."""


class Stage:
    """One farm, one story. `directory` is for the journal's files."""

    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self.scenario = scenario
        setup = scenario.setup
        self.setup = setup
        self.farm: Farm = farm_of(setup)
        self.clock = WallClock(setup.start)
        self.twin = Twin(self.farm, config_of(setup, self.farm), start=setup.start)
        self.zero = setup.start + setup.warm_s
        self.events: list[tuple[float, Event]] = []
        self.answers: list[Answer] = []
        self.wire = Wire()
        self.hardware = Hardware(self)
        self._directory = directory
        self._file = 0
        self.disk = Disk(self, self._open() if setup.on_disk else None)
        self.runtime: Runtime | None = None
        self._memory = Memory()
        self._batches: object = None
        self._pending: list[Happening] = sorted(scenario.story, key=lambda h: h.at)
        self._back_at: float | None = None
        self._back: Killed | None = None
        self._ready_at: float | None = None
        self._wake_at: float | None = None
        self._missing: frozenset[str] = frozenset()
        self._killed_at = setup.start
        self._restored: frozenset[str] = frozenset()
        self.booted_at = setup.start
        self._trouble: dict[str, float | None] = {}
        self.incident_at: float | None = None
        self._pumped_at_zero: float | None = None
        #: Whether what the story takes for granted was so; None when nobody asked yet.
        self.given: bool | None = None
        self.watch = Watch(self)
        self._boot(None, lost=False)
        self._prepare()
        if setup.planted:
            recipe = recipe_of(setup)
            batch = batch_of(setup, self.farm, recipe)
            self.ask(StartBatch(batch=batch, recipe=recipe))
            if self.answers[-1].refused is not None:
                raise StageError(f"the batch is refused: {self.answers[-1]}")
        self._follow_batches()

    def _prepare(self) -> None:
        """What people do before a tank is dosed: they check its probes and measure its pumps."""
        for b in self.farm.bindings:
            if b.role in PROBES:
                self.ask(VerifyProbe(point=b.id, by="grower"))
            elif b.role in DOSING:
                self.ask(CalibratePump(point=b.id, ml=60 * DOSER_ML_S, seconds=60, by="grower"))
        for answer in self.answers:
            if answer.refused is not None:
                raise StageError(f"the tank is not ready: {answer}")
        self.answers.clear()

    # -- what others look at --------------------------------------------------------------------

    @property
    def now(self) -> float:
        """What has passed, in epoch seconds: farm time as it would be with a right clock."""
        return self.clock.passed

    def physical(self, farm_time: float) -> float:
        """A farm time by what has passed."""
        return farm_time - self.clock.offset

    @property
    def memory(self) -> Memory:
        """What control remembers; the last of it while the process is down."""
        return self.runtime.memory if self.runtime is not None else self._memory

    @property
    def up(self) -> bool:
        """Whether the process has been running for a while."""
        return self.runtime is not None and self.now - self.booted_at >= GRACE_S

    def problems(self, node: str) -> tuple[str, ...]:
        """The standing problems of a node."""
        shown: Snapshot | None = self.runtime.snapshots.get(node) if self.runtime else None
        return () if shown is None else shown.problems

    def pumped_l(self) -> float:
        """Litres pumped since the beginning of the story."""
        return self._pumped() - (self._pumped_at_zero or 0.0)

    def given_ml(self, point: str) -> float:
        """What a dosing pump has given since the beginning of the story, mL."""
        return self.watch.given_ml(point, self.zero)

    def filled_l(self) -> float:
        """What has come through the fill lines since the beginning of the story, L."""
        return self.watch.filled_l(self.zero)

    def _pumped(self) -> float:
        return sum(pipe.pumped for pipe in self.twin.pipes.values())

    def trouble(self, point: str, until: float | None) -> None:
        """A device is in trouble until then, None for good: its limits are not control's fault."""
        self._trouble[point] = until

    def excused(self, point: str) -> bool:
        """Whether a device cannot be held to its limits: it, or the process, is in trouble."""
        if not self.up or self.hardware.failing(point):
            return True
        if point not in self._trouble:
            return False
        until = self._trouble[point]
        return until is None or self.now < until + GRACE_S

    # -- ports ----------------------------------------------------------------------------------

    def published(self, node: str, snapshot: Snapshot) -> None:
        """Snapshots are read from the runtime."""

    def emitted(self, event: Event) -> None:
        """Something happened."""
        self.events.append((self.now, event))

    def due_changed(self, due: Due) -> None:
        """A timer is set, which does not follow the wall clock."""
        self._wake_at = self.clock.passes(due)

    def totals_changed(self, totals: Totals) -> None:
        """Totals are read from the runtime."""

    def feed(self, *inputs: Input) -> None:
        """Hand inputs to the process, if it lives."""
        if self.runtime is not None:
            self.runtime.feed(*inputs)

    def ask(self, request: Request) -> None:
        """A request, and its answer."""
        if self.runtime is not None:
            self.watch.asked(request)
            self.answers.append(self.runtime.request(request))

    # -- what happens ---------------------------------------------------------------------------

    def set_air(self, zone: str, temperature_c: float | None, co2_ppm: float | None) -> None:
        """The air, and what stands in it, is so from now on."""
        air = self.twin.zones[zone].air
        if temperature_c is not None:
            air.t = air.contents = temperature_c
        if co2_ppm is not None:
            air.co2 = co2_g_m3(co2_ppm, air.t)

    def rename(self, point: str) -> None:
        """An entity is gone, and there again."""
        (again,) = (r for r in self.twin.all_reports() if r.point == point)
        for report in (replace(again, raw=None, unit=None), again):
            self.feed(*self.wire.through([report], self.now, self.clock.offset))

    def edit(self, farm: Farm) -> None:
        """The description is edited; the devices stay."""
        self.farm = farm
        if self.runtime is not None:
            self.runtime.replace_farm(farm)

    def kill(self, how: Killed) -> None:
        """The process is gone; the devices go on without it."""
        if self.runtime is None:
            return
        self._memory = self.runtime.memory
        self.runtime = None
        self._ready_at = self._wake_at = None
        self._killed_at = self.now
        self._back_at = self.now + how.down_s
        self._back = how
        for point in how.meanwhile:
            self.twin.command(point, 1.0)
        if how.power:
            self._lose_power(self._back_at)

    def _lose_power(self, until: float) -> None:
        for point, actuator in self.twin.actuators.items():
            declared = actuator.binding.declaration
            loss = declared.on_power_loss if declared is not None else OnLoss.UNKNOWN
            if loss in (OnLoss.OFF, OnLoss.ON):
                on = loss is OnLoss.ON
                self.twin.command(point, 1.0 if on else 0.0)
                kind = FaultKind.STUCK_ON if on else FaultKind.STUCK_OFF
                self.twin.schedule(Fault(point=point, kind=kind, at=self.now, until=until))

    def _restart(self) -> None:
        how, self._back, self._back_at = self._back, None, None
        assert how is not None
        self.clock.jump(how.clock_s)
        if how.power:
            self.clock.reboot()
        self.hardware.restart()
        memory, lost = self._remember(how.damage)
        self._missing = frozenset(how.late_entities)
        self._restored = frozenset(how.restored)
        self._boot(memory, lost=lost)

    def _remember(self, damage: Damage) -> tuple[Memory | None, bool]:
        """What the new process finds; as the shell does, an unreadable journal is set aside."""
        if self.disk.file is None:
            self.disk.restart(None, forget=damage is not Damage.NONE)
            if damage is Damage.NONE:
                return keep.restore(self.disk.slices), False
            return None, damage is not Damage.DELETED
        self._spoil(damage)
        lost = False
        memory = None
        journal = None
        try:
            journal = Journal(self._path)
            memory = journal.load()
        except JournalError:
            lost = True
            if journal is not None:
                journal.close()
            journal = self._open()
        self.disk.restart(journal, forget=memory is None)
        return memory, lost

    @property
    def _path(self) -> Path:
        return self._directory / f"journal-{self._file}.db"

    def _open(self) -> Journal:
        self._file += 1
        return Journal(self._path)

    def _spoil(self, damage: Damage) -> None:
        """What a crash leaves: the files as they are at this moment, without the old process."""
        old = self._path
        self._file += 1
        for suffix in ("", "-wal"):
            if (part := old.with_name(old.name + suffix)).exists():
                shutil.copyfile(part, self._path.with_name(self._path.name + suffix))
        file = self.disk.file
        if isinstance(file, Journal):
            file.close()
        wal = self._path.with_name(self._path.name + "-wal")
        if damage is Damage.DELETED:
            self._path.unlink(missing_ok=True)
            wal.unlink(missing_ok=True)
        elif damage is Damage.GARBAGE:
            wal.unlink(missing_ok=True)
            self._path.write_bytes(b"\x00not a journal any more\xff" * 400)
        elif damage is Damage.TRUNCATED:
            wal.unlink(missing_ok=True)
            shutil.copyfile(old, self._path)
            with self._path.open("r+b") as file_:
                file_.truncate(max(1, self._path.stat().st_size // 2 - 1000))
        elif damage is Damage.SLICE:
            self._write_bad_slice()

    def _write_bad_slice(self) -> None:
        import sqlite3

        with sqlite3.connect(self._path) as db:
            db.execute(
                "UPDATE slices SET data = ? WHERE key LIKE 'level:%'", (b'{"lit": "perhaps"}',)
            )
        db.close()

    def _boot(self, memory: Memory | None, *, lost: bool) -> None:
        self.booted_at = self.now
        self.runtime = Runtime(
            self.farm,
            clock=self.clock,
            actuators=self.hardware,
            journal=self.disk,
            listener=self,
            memory=memory,
            lost=lost,
        )
        reports = self.wire.through(
            (self._aged(r) for r in self.twin.all_reports() if r.point not in self._missing),
            self.now,
            self.clock.offset,
        )
        wait = bool(self._missing)
        if wait:
            self._ready_at = self.now + GRACE_S
        try:
            self.runtime.start(reports, wait=wait)
        except KilledError as killed:
            self.kill(Killed(down_s=killed.down_s))
            return
        self._settle()

    def _aged(self, report: Report) -> Report:
        """As an entity says it after a start: one that was restored says when it was reported."""
        if report.point not in self._restored:
            return report
        return replace(report, at=self._killed_at)

    # -- time -----------------------------------------------------------------------------------

    def run(self, until: float) -> None:
        """Let time pass."""
        while self.now < until:
            self.step(until)
        self._story()

    def step(self, until: float) -> None:
        """Move on to the next thing that happens, but not beyond `until`."""
        self._advance(until)
        if self.now >= self.zero:
            self._story()
        self.watch.look()

    def close(self) -> None:
        """Let go of the journal's file."""
        if isinstance(self.disk.file, Journal):
            self.disk.file.close()

    def _advance(self, until: float) -> None:
        times = [until, self.twin.next_event]
        if self.now < self.zero:
            times.append(self.zero)
        times += [self.zero + h.at for h in self._pending if self.zero + h.at > self.now]
        waits = (self._back_at, self._ready_at, self._wake_at)
        for at in (*waits, self.hardware.next_late, self.disk.failing_until):
            if at is not None:
                times.append(at)
        if self.runtime is not None and self.runtime.due != NEVER:
            due = self.clock.passes(self.runtime.due)
            if due is not None:
                times.append(due)
        self.clock.passed = max(self.now, min(times))
        self.twin.advance(self.now)
        reports = self.twin.take_reports()
        if self.now >= self.zero and self._pumped_at_zero is None:
            self._pumped_at_zero = self._pumped()
        if self._back_at is not None and self.now >= self._back_at:
            self._restart()
            return
        try:
            self.hardware.work(self.now)
            self.disk.work(self.now)
            if self._ready_at is not None and self.now >= self._ready_at and self.runtime:
                self._ready_at, self._missing = None, frozenset()
                late = self.twin.all_reports()
                self.runtime.feed(*self.wire.through(late, self.now, self.clock.offset))
                self.runtime.ready()
            self._hear(reports)
            self._settle()
        except KilledError as killed:
            self.kill(Killed(down_s=killed.down_s))
        self._follow_batches()

    def _settle(self) -> None:
        """Do what is due now, and look where the timer has run out, whatever the clock says."""
        for _ in range(60):
            if self.runtime is None:
                return
            if self._wake_at is not None and self.now >= self._wake_at:
                self._wake_at = None
            elif not self.runtime.due.passed(self.clock.now()):
                break
            self.runtime.tick()
            if self._wake_at is None:
                self.due_changed(self.runtime.due)
        else:
            raise StageError(f"a step does not settle: {self.runtime and self.runtime.due}")

    def _story(self) -> None:
        for happening in list(self._pending):
            if self.now < self.zero + happening.at:
                continue
            if happening.when is not None and not happening.when.holds(self):
                continue
            self._pending.remove(happening)
            if self.incident_at is None or happening.incident:
                self.incident_at = self.now
            self._given(happening)
            try:
                happening.act(self)
                self._hear(self.twin.take_reports())
                self._settle()
            except KilledError as killed:
                self.kill(Killed(down_s=killed.down_s))

    def _hear(self, reports: list[Report]) -> None:
        heard = [r for r in reports if r.point not in self._missing]
        if heard:
            self.feed(*self.wire.through(heard, self.now, self.clock.offset))

    def _given(self, happening: Happening) -> None:
        """At the incident, what the story takes for granted has to be so."""
        given = self.scenario.given
        if given is None or self.incident_at != self.now:
            return
        if not (happening.incident or self.given is None):
            return
        self.given = given.holds(self)

    @property
    def told(self) -> bool:
        """Whether all of the story has happened."""
        return not self._pending

    def _follow_batches(self) -> None:
        memory = self.memory
        if memory.batches is not self._batches and memory.batches:
            self._batches = memory.batches
            self.twin.set_batches(memory.batches.values(), memory.recipes)
