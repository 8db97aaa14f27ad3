"""Runs one farm: the core's runtime on Home Assistant's event loop, states and services."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Iterable, Mapping

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.core import Event as HomeAssistantEvent

from vfarm_core.control.clock import Due
from vfarm_core.control.effects import Answer, Event
from vfarm_core.control.inputs import Input, Request, Shutdown
from vfarm_core.control.memory import Memory
from vfarm_core.control.snapshot import Snapshot
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.nodes import Farm
from vfarm_core.runtime.runtime import Runtime
from vfarm_core.runtime.totals import Totals

from .actuators import EntityActuators
from .clock import FarmClock, delay_s
from .journal import JournalThread
from .ledger import FarmLedger
from .points import Points
from .stations import FarmStations
from .writes import WriteBudget

_LOGGER = logging.getLogger(__name__)

#: How long the first step waits for bound entities that have no state yet: while Home Assistant
#: starts, and when the entry is set up later (real s).
WAIT_STARTING_S = 120.0
WAIT_RUNNING_S = 5.0
#: An orderly stop is bounded by this (real s).
STOP_S = 10.0
#: An answer waits this long (real s) for its record to be on disk.
KEPT_S = 20.0
#: The wall clock may be set while a timer runs: it is looked at this often (real s).
_LONGEST_DELAY_S = 300.0

type NodeListener = Callable[[Snapshot], None]
type EventListener = Callable[[Event], None]


class NotKeptError(Exception):
    """What was asked for is done, but is not on disk: it says why."""


class Engine:
    """Owns everything of a running farm that must end when it stops."""

    def __init__(
        self,
        hass: HomeAssistant,
        farm: Farm,
        *,
        clock: FarmClock,
        journal: JournalThread,
        memory: Memory | None,
        lost: bool,
        missing_changed: Callable[[Mapping[str, Binding]], None],
    ) -> None:
        self._hass = hass
        self.clock = clock
        self.journal = journal
        self.writes = WriteBudget(hass)
        self._nodes: dict[str, list[NodeListener]] = {}
        self._any: list[Callable[[str, Snapshot], None]] = []
        self._events: list[EventListener] = []
        self._used: list[Callable[[Totals], None]] = []
        self._inbox: list[Input] = []
        self._flush: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        #: Whether the timer runs out at the due time, and not before it just to look.
        self._timer_is_due = False
        self._due = Due()
        self._arrived: asyncio.Event | None = None
        self._stopping: asyncio.Event | None = None
        self.running = False
        self.closed = False
        #: Ends while the journal that feeds it is still open.
        self.ledger: FarmLedger | None = None
        self.actuators = EntityActuators(hass, self._entity_of, lambda result: self._put([result]))
        self.points = Points(hass, clock, self._put, self.actuators.is_own, missing_changed)
        self.runtime = Runtime(
            farm,
            clock=clock,
            actuators=self.actuators,
            journal=journal,
            listener=self,
            memory=memory,
            lost=lost,
        )
        self.points.follow(farm)

    @property
    def farm(self) -> Farm:
        """The farm as it runs."""
        return self.runtime.farm

    def snapshot(self, node: str) -> Snapshot | None:
        """How a node looks now; None before the first step."""
        return self.runtime.snapshots.get(node) if self.running else None

    @property
    def totals(self) -> Totals:
        """The energy and water that were used since they are counted."""
        return self.runtime.totals

    def _entity_of(self, binding: Binding) -> str | None:
        return self.points.entity_of(binding)

    # -- start and stop -------------------------------------------------------------------------

    async def async_start(self, stations: FarmStations | None = None) -> None:
        """Close what is open without an owner at once; run when the bound entities are there, and
        when what stations gave by themselves is taken over."""
        if stations is not None:
            await stations.async_handed()
        if self.closed:
            return
        self._inbox.clear()
        self.running = True
        told = stations is not None and stations.reported
        self.runtime.start(
            self.points.reports(self.farm.bindings), wait=told or bool(self.points.waiting())
        )
        if stations is not None and not await stations.async_take_over():
            return
        if self.runtime.memory.farm.waiting:
            if not await self._async_wait():
                return
            self.feed_now()
            self.runtime.ready()
        self.points.start()

    async def _async_wait(self) -> bool:
        """Until every bound entity has a state; Home Assistant's own start bounds it too. False
        when the farm was stopped in the meantime."""
        arrived = self._arrived = asyncio.Event()
        starting = not self._hass.is_running

        @callback
        def started(_: HomeAssistantEvent) -> None:
            nonlocal starting
            starting = False
            arrived.set()

        stop = self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STARTED, started)
        deadline = WAIT_STARTING_S if starting else WAIT_RUNNING_S
        was_starting = starting
        try:
            async with asyncio.timeout(deadline):
                while self.points.waiting() and starting is was_starting and not self.closed:
                    arrived.clear()
                    await arrived.wait()
        except TimeoutError:
            pass
        finally:
            stop()
            self._arrived = None
        if waiting := self.points.waiting():
            _LOGGER.info("Starting without a value of %s", ", ".join(sorted(waiting)))
        return not self.closed

    async def async_stop(self) -> None:
        """End shots and doses, prove off, leave light and climate as they are; then close."""
        if self.closed:
            return
        if self.running:
            self._stopping = asyncio.Event()
            self.runtime.request(Shutdown(by="home_assistant"))
            try:
                async with asyncio.timeout(STOP_S):
                    while not self.runtime.stopped:
                        self._stopping.clear()
                        await self._async_woken(self._stopping)
            except TimeoutError:
                _LOGGER.warning("Not everything was proved off within %s s of stopping", STOP_S)
            self.runtime.flush()
        await self.async_close()

    @staticmethod
    async def _async_woken(woken: asyncio.Event) -> None:
        """Until something came in, or a moment passed: the journal answers the runtime itself."""
        try:
            async with asyncio.timeout(0.1):
                await woken.wait()
        except TimeoutError:
            return

    async def async_close(self) -> None:
        """Let go of everything, whatever state it is in."""
        if self.closed:
            return
        self.closed = True
        self.running = False
        if self._arrived is not None:
            self._arrived.set()
        self.points.close()
        for handle in (self._flush, self._timer):
            if handle is not None:
                handle.cancel()
        self._flush = self._timer = None
        self.writes.close()
        await self.actuators.async_close()
        if self.ledger is not None:
            await self.ledger.async_close()
        await self.journal.async_close()

    # -- inputs ---------------------------------------------------------------------------------

    @callback
    def _put(self, inputs: Iterable[Input]) -> None:
        """Take inputs; one step for all that come in the same turn of the event loop."""
        if self.closed or not self.running:
            return
        self._inbox.extend(inputs)
        if self._arrived is not None:
            self._arrived.set()
        if self._inbox and self._flush is None:
            self._flush = self._hass.loop.call_soon(self._feed)

    @callback
    def _feed(self) -> None:
        self._flush = None
        inputs, self._inbox = self._inbox, []
        if inputs:
            self.runtime.feed(*inputs)
            self._woken()

    @callback
    def feed_now(self) -> None:
        """Take what has come in before something is asked for."""
        if self._flush is not None:
            self._flush.cancel()
            self._feed()

    @callback
    def request(self, request: Request) -> Answer:
        """Ask the farm for something."""
        self.feed_now()
        answer = self.runtime.request(request)
        self._woken()
        return answer

    async def async_kept(self) -> None:
        """Wait until everything that was recorded until now is on disk. Raises NotKeptError; what
        was asked for is done all the same, and kept in memory."""
        kept: asyncio.Future[str | None] = self._hass.loop.create_future()

        def done(error: str | None) -> None:
            if not kept.done():
                kept.set_result(error)

        self.runtime.when_kept(done)
        try:
            async with asyncio.timeout(KEPT_S):
                error = await kept
        except TimeoutError:
            raise NotKeptError(f"> {KEPT_S:g} s") from None
        if error is not None:
            raise NotKeptError(error)

    @callback
    def replace_farm(self, farm: Farm) -> None:
        """Run an edited farm from now on."""
        before = {b.id: b for b in self.farm.bindings}
        self.feed_now()
        self.points.follow(farm)
        if not self.running:
            self.runtime.farm = farm
            return
        self.runtime.replace_farm(farm)
        self._put(self.points.reports(b for b in farm.bindings if before.get(b.id) != b))
        self.points.tell_prices()

    @callback
    def clock_changed(self) -> None:
        """The speed of the clock changed: timers are due at other instants."""
        self._rearm()

    # -- the listener port ----------------------------------------------------------------------

    def published(self, node: str, snapshot: Snapshot) -> None:
        """The snapshot of a node changed."""
        for listener in (*self._nodes.get(node, ()),):
            listener(snapshot)
        for any_listener in (*self._any,):
            any_listener(node, snapshot)

    def emitted(self, event: Event) -> None:
        """Something happened."""
        for listener in (*self._events,):
            listener(event)

    def totals_changed(self, totals: Totals) -> None:
        """More energy or water was used."""
        for listener in (*self._used,):
            listener(totals)

    def due_changed(self, due: Due) -> None:
        """The runtime wants to be called at `due`."""
        self._due = due
        self._rearm()

    @callback
    def _rearm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.closed:
            return
        if (delay := delay_s(self.clock, self._due)) is not None:
            self._timer_is_due = delay <= _LONGEST_DELAY_S
            # What the farm does later it does by itself, whoever has set the timer off: a
            # conversation that goes on in its timers would never end.
            self._timer = self._hass.loop.call_later(
                min(delay, _LONGEST_DELAY_S), self._tick, context=contextvars.Context()
            )

    @callback
    def _tick(self) -> None:
        self._timer = None
        is_due = self._timer_is_due
        self.feed_now()
        # Also where the wall clock says that it is too early: it may have been set back, and what
        # is open has been open for its time.
        if is_due or self._due.passed(self.clock.now()):
            self.runtime.tick()
        self._woken()
        if self._timer is None:
            self._rearm()

    @callback
    def _woken(self) -> None:
        if self._stopping is not None:
            self._stopping.set()

    # -- subscriptions --------------------------------------------------------------------------

    @callback
    def listen_node(self, node: str, listener: NodeListener) -> CALLBACK_TYPE:
        """Hear of every change of one node."""
        listeners = self._nodes.setdefault(node, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @callback
    def listen_all(self, listener: Callable[[str, Snapshot], None]) -> CALLBACK_TYPE:
        """Hear of every change of any node."""
        self._any.append(listener)
        return lambda: self._any.remove(listener)

    @callback
    def listen_events(self, listener: EventListener) -> CALLBACK_TYPE:
        """Hear of everything that happens."""
        self._events.append(listener)
        return lambda: self._events.remove(listener)

    @callback
    def listen_totals(self, listener: Callable[[Totals], None]) -> CALLBACK_TYPE:
        """Hear of energy and water that are used."""
        self._used.append(listener)
        return lambda: self._used.remove(listener)
