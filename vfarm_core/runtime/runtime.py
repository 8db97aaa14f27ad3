"""The runtime: runs the step on what comes in and carries out its effects, in order.

It is synchronous and single-threaded; ports do the waiting. What opens something is held back
until the records before it are on disk, and dropped when a newer command of the same actuator came
in the meantime. What closes something never waits.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from ..control import keep, safety
from ..control.clock import NEVER, Due, Now
from ..control.draft import Draft
from ..control.effects import Answer, Command, Effect, Emit, Publish, Record, Send
from ..control.inputs import (
    ClockSet,
    FarmChanged,
    Input,
    JournalFailed,
    JournalRecovered,
    Ready,
    Report,
    Request,
    SentLate,
    Started,
    Unsent,
)
from ..control.memory import Memory, ProofState, Stage
from ..control.reasons import Reason
from ..control.rebound import reads_otherwise
from ..control.snapshot import Snapshot
from ..control.step import step
from ..farm.bindings import Binding, Danger
from ..farm.nodes import Farm
from ..farm.people import renamed
from .hours import Hours
from .ports import Actuators, Clock, JournalWriter, Listener
from .replay import Taken
from .totals import Totals

_LOGGER = logging.getLogger(__name__)

#: After a step that failed, the next one comes after this long (s).
_RETRY_S = 10.0
#: Farm time never runs backwards by more than this (s) unless somebody has set the clock, and not
#: ahead of what has passed by more than this, which is how far a clock is slewed or stepped often.
_SET_BACK_S = 1.0
_SET_FORWARD_S = 30.0
#: A command that waited longer for its record than this (s) has its time to be proved set anew; a
#: journal that takes longer than that (s) counts as one that cannot be written (design choice).
_LATE_S = 1.0
_SLOW_S = 120.0
#: Records kept back while the journal cannot be written; the newest are kept.
_BACKLOG = 10_000


def _nothing(error: str | None) -> None:
    """Nobody waits for a record."""


class Runtime:
    """Runs one farm. Without `show` there are no snapshots (a season in the twin needs none)."""

    def __init__(
        self,
        farm: Farm,
        *,
        clock: Clock,
        actuators: Actuators,
        journal: JournalWriter,
        listener: Listener,
        memory: Memory | None = None,
        lost: bool = False,
        show: bool = True,
    ) -> None:
        self.farm = farm
        self.memory = memory or Memory()
        self.due: Due = NEVER
        #: The last step that did anything, for diagnostics.
        self.last: Taken | None = None
        self._snapshots: dict[str, Snapshot] = {}
        self._clock = clock
        self._actuators = actuators
        self._journal = journal
        self._listener = listener
        self._lost = lost
        self._show = show
        self._queue: deque[Input] = deque()
        self._running = False
        self._answers: deque[Answer] = deque()
        self._newest: dict[str, int] = {}
        self._backlog: list[Record] = []
        self._failing = False
        #: Appends are numbered: the last number, those that are not on disk, and those that wait in
        #: the backlog.
        self._appends = 0
        self._unkept: set[int] = set()
        self._owed: list[int] = []
        #: Commands that wait for their record: point, and since when (monotonic).
        self._unsent: dict[int, tuple[str, float]] = {}
        self._seen: Now | None = None
        self._hours = Hours(self.memory.hours)
        self._totals = self._hours.totals

    @property
    def snapshots(self) -> Mapping[str, Snapshot]:
        """The newest snapshot of every node that has one."""
        return self._snapshots

    @property
    def totals(self) -> Totals:
        """The energy and water that were used since they are counted."""
        return self._totals

    @property
    def stopped(self) -> bool:
        """After a `Shutdown`: shots have ended, and what waters or doses is off or given up."""
        if self.memory.farm.stage is not Stage.STOPPING:
            return False
        if self.memory.pulses or any(c.shot is not None for c in self.memory.circuits.values()):
            return False
        if any(r.dose or r.fill for r in self.memory.reservoirs.values()):
            return False
        for b in self.farm.bindings:
            if safety.closes_on_restart(self.farm, b):
                state = self.memory.actuators.get(b.id)
                if state is None or state.proof is ProofState.FAILED or state.reported is None:
                    continue
                if state.is_on or state.pending is not None:
                    return False
        return True

    def start(self, reports: Iterable[Report], *, wait: bool = False) -> None:
        """Begin: close what has no owner, then run. `reports` is every known entity state; with
        `wait`, running waits for `ready`, because some entities are not there yet."""
        self._handle([Started(lost=self._lost, wait=wait), *reports])

    def ready(self) -> None:
        """Every entity is there, or was waited for long enough: run."""
        self._handle([Ready()])

    def feed(self, *inputs: Input) -> None:
        """Take what was reported."""
        self._handle(list(inputs))

    def request(self, request: Request) -> Answer:
        """Carry out a person's request and say what came of it."""
        self._handle([request])
        return self._answers.popleft()

    def tick(self) -> None:
        """Look at what is due."""
        self._handle([])

    def replace_farm(self, farm: Farm) -> None:
        """Nodes or bindings were edited: go on with the new ones, keep what is still there."""
        before, memory = self.farm, self.memory
        rebound = {
            b.id
            for b in before.bindings
            if (after := farm.binding.get(b.id)) is not None
            and (after.entity != b.entity or reads_otherwise(b, after))
        }
        self.farm = farm
        for gone in [n for n in self._snapshots if n not in farm.nodes and n != farm.id]:
            del self._snapshots[gone]
        self._handle([FarmChanged(frozenset(rebound))])
        for binding in before.bindings:
            if binding.id in rebound or binding.id not in farm.binding:
                self._let_go(binding, memory)

    def _let_go(self, binding: Binding, memory: Memory) -> None:
        """An actuator that is removed, or is another device from now on, is not left on where that
        is dangerous: nobody would watch it any more."""
        state = memory.actuators.get(binding.id)
        declared = binding.declaration
        if declared is None or declared.danger is not Danger.ON or state is None:
            return
        if state.is_on is not False:
            off = Command(id=0, point=binding.id, value=0.0, reason=Reason("no_owner"))
            self._drive(off, binding)

    def when_kept(self, done: Callable[[str | None], None]) -> None:
        """Call `done` when everything that was recorded until now is on disk: with None, or with
        why it is not, and is kept in memory alone."""

        upto = self._appends

        def written(error: str | None) -> None:
            if error is None and any(number <= upto for number in self._unkept):
                # One before this failed, and waits or is tried again: ask behind that.
                self._append([], [], written)
            else:
                done(error)

        self._append([], [], written)

    def call_otherwise(self, call: Callable[[str], str]) -> None:
        """Call people otherwise in everything that is remembered, and show it anew. What is in the
        journal already is the caller's."""
        self.memory = renamed(self.memory, call)
        self._backlog = renamed(self._backlog, call)
        self._handle([FarmChanged()])

    def flush(self) -> None:
        """Keep the counters that are only written now and then, before an orderly end."""
        draft = Draft(self.farm, self.memory, self._clock.now())
        hour = self._hours.flush(self.memory, draft.now.farm)
        kept = self._hours.keep(draft.now.farm, anyhow=True)
        self._append([*keep.everything(draft), *hour, *([] if kept is None else [kept])], [])

    # -- inside ---------------------------------------------------------------------------------

    def _handle(self, inputs: list[Input]) -> None:
        """One step at a time: what a port feeds from within a step waits for the next one."""
        self._queue.extend(inputs)
        if self._running:
            return
        self._running = True
        try:
            while True:
                batch = list(self._queue)
                self._queue.clear()
                now = self._clock.now()
                batch = [*self._clock_set(now), *self._waiting(now), *batch]
                before = self.memory
                result = step(self.farm, before, now, batch, show=self._show)
                self.memory = result.memory
                if result.memory is not before:
                    self.last = Taken(before, now, tuple(batch), result.effects)
                self._carry_out(result.effects)
                self._add_up(before, now, batch, result.effects)
                if not self._queue:
                    break
        except Exception:
            # A fault of ours must not end control: try again soon, and let the shell tell of it.
            self._queue.clear()
            self._due_at(Due(mono=self._clock.now().mono + _RETRY_S))
            raise
        finally:
            self._running = False
        if result.next_due != self.due:
            self._due_at(result.next_due)

    def _add_up(
        self, before: Memory, now: Now, inputs: list[Input], effects: tuple[Effect, ...]
    ) -> None:
        """History is never a reason for control to stop."""
        try:
            hours = self._hours.watch(self.farm, before, self.memory, now.farm, inputs, effects)
        except Exception:
            _LOGGER.exception("What happened in this hour cannot be added up")
            self._hours.tally.leave()
            self._hours = Hours(tally=self._hours.tally)
            return
        if hours:
            # In one piece: what was told is told, and counts no more.
            kept = self._hours.keep(now.farm, anyhow=True)
            self._append(hours if kept is None else [*hours, kept], [], self._totals_kept)

    def _totals_kept(self, error: str | None) -> None:
        """Totals are told when they are on disk, so that no crash makes less of them."""
        if error is None and self._totals is not (made := self._hours.totals):
            self._totals = made
            self._listener.totals_changed(made)

    def _clock_set(self, now: Now) -> Iterable[Input]:
        """Whether the wall clock was set since the last step."""
        seen, self._seen = self._seen, now
        if seen is None:
            return
        passed = self._clock.elapsed(seen, now)
        if now.farm < seen.farm - _SET_BACK_S:
            # Where nothing counts sleep, at least what has passed awake.
            awake = now.mono - seen.mono
            yield ClockSet(now.farm - seen.farm - (awake if passed is None else passed))
        elif passed is not None and now.farm - seen.farm - passed > _SET_FORWARD_S:
            yield ClockSet(now.farm - seen.farm - passed)

    def _waiting(self, now: Now) -> Iterable[Input]:
        """What the journal has not taken yet; one that takes forever counts as failed."""
        if not self._unsent:
            return
        yield Unsent(tuple((point, key) for key, (point, _) in self._unsent.items()))
        since = min(since for _, since in self._unsent.values())
        if not self._failing and now.mono - since >= _SLOW_S:
            self._failing = True
            yield JournalFailed(f"not written for {_SLOW_S:.0f} s")

    def _due_at(self, due: Due) -> None:
        self.due = due
        self._listener.due_changed(due)

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        records: list[Record] = []
        gated: list[Command] = []
        after: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Record):
                records.append(effect)
            elif isinstance(effect, Send):
                self._newest[effect.command.point] = effect.command.id
                if effect.command.gated:
                    gated.append(effect.command)
                else:
                    self._send(effect.command)
            else:
                after.append(effect)
        if records or gated:
            # What a crash would take is kept with what is written anyway.
            told = _nothing
            if records and (kept := self._hours.keep(self._clock.now().farm)) is not None:
                records.append(kept)
                told = self._totals_kept
            self._append(records, gated, told)
        for effect in after:
            if isinstance(effect, Emit):
                self._listener.emitted(effect.event)
            elif isinstance(effect, Publish):
                self._publish(effect.node, effect.snapshot)
            elif isinstance(effect, Answer):
                self._answers.append(effect)

    def _append(
        self,
        records: list[Record],
        gated: list[Command],
        told: Callable[[str | None], None] = _nothing,
    ) -> None:
        batch = [*self._backlog, *records]
        self._backlog = []
        if records:
            self._appends += 1
            self._unkept.add(self._appends)
            self._owed.append(self._appends)
        numbers, self._owed = self._owed, []
        begun = self._clock.now().mono
        for command in gated:
            self._unsent[command.id] = (command.point, begun)

        def done(error: str | None) -> None:
            try:
                settle(error)
            finally:
                told(error)

        def settle(error: str | None) -> None:
            for command in gated:
                del self._unsent[command.id]
            if error is not None:
                self._backlog = [*batch, *self._backlog][-_BACKLOG:]
                self._owed = [*numbers, *self._owed]
                self._failing = True
                self._handle([JournalFailed(error)])
                return
            self._unkept.difference_update(numbers)
            for command in gated:
                self._send(command)
            if gated and self._clock.now().mono - begun > _LATE_S:
                self._handle([SentLate(tuple((c.point, c.id) for c in gated))])
            if self._failing:
                self._failing = False
                self._handle([JournalRecovered()])

        self._journal.append(batch, done)

    def _send(self, command: Command) -> None:
        if self._newest.get(command.point) != command.id:
            return
        binding = self.farm.binding.get(command.point)
        if binding is not None:
            self._drive(command, binding)

    def _drive(self, command: Command, binding: Binding) -> None:
        value = 1.0 - command.value if binding.invert else command.value
        self._actuators.send(replace(command, value=value), binding)

    def _publish(self, node: str, snapshot: Snapshot) -> None:
        if self._snapshots.get(node) != snapshot:
            self._snapshots[node] = snapshot
            self._listener.published(node, snapshot)
