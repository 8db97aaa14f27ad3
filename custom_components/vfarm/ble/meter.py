"""One Bluetooth meter in use: when it is visited, and what it said last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from vfarm_core.devices.ble.errors import BleError, FrameError
from vfarm_core.devices.ble.kinds import Kind
from vfarm_core.devices.ble.session import Pace, Session
from vfarm_core.devices.ble.values import Quantity, Reading, Value
from vfarm_core.devices.ble.visits import read_water_tester

from .links import Radio, Wanted, turn, when_there

_LOGGER = logging.getLogger(__name__)

#: One lost visit is no lost meter: a value holds until the next one has failed, too.
_TOLERATED = 1
_PACE = Pace()


class Meter:
    """A meter. A water tester is visited at its pace while it is heard; a plant sensor only when a
    person asks for its history: what it measures now is shown by Home Assistant itself."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, wanted: Wanted) -> None:
        """Visit nobody yet."""
        self.wanted = wanted
        self.radio: Radio | None = None
        self.reading: Reading | None = None
        self._hass = hass
        self._entry = entry
        self._session: Session[Reading] | None = None
        self._listeners: list[Callable[[], None]] = []
        self._timer: CALLBACK_TYPE | None = None
        self._deaf: CALLBACK_TYPE | None = None
        self._task: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._told = False
        self._waiting: tuple[CALLBACK_TYPE, ...] = ()

    # -- coming and going -----------------------------------------------------------------------

    @callback
    def start(self) -> None:
        """Begin to visit it."""
        self._starting = self._entry.async_create_background_task(
            self._hass, self._async_start(), f"vfarm ble {self.wanted.name} start"
        )

    async def _async_start(self) -> None:
        self.radio = radio = await Radio.async_of(self._hass, self.wanted)
        if radio is None:
            # It may be set up later than this, or never.
            self._waiting = (
                when_there(self._hass, self._there),
                async_at_started(self._hass, self._missed),
            )
            return
        if self.wanted.kind is not Kind.WATER_TESTER:
            return
        self._session = Session(
            radio.async_connect,
            read_water_tester,
            time.monotonic,
            pace=_PACE,
            failures=radio.failures,
            turn=turn(self._hass),
        )
        self._deaf = radio.listen(self._seen, self._lost)
        self._look()

    @callback
    def _there(self) -> None:
        self._wait_no_more()
        self.start()

    @callback
    def _missed(self, _hass: HomeAssistant) -> None:
        _LOGGER.warning("%s waits for Bluetooth, which is not set up", self.wanted.name)

    @callback
    def _wait_no_more(self) -> None:
        for end in self._waiting:
            end()
        self._waiting = ()

    async def async_stop(self) -> None:
        """Visit it no more; a visit that is under way is ended, and its connection left."""
        self._wait_no_more()
        for ended in (self._timer, self._deaf):
            if ended is not None:
                ended()
        self._timer = self._deaf = None
        tasks = [task for task in (self._starting, self._task) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._starting = self._task = None

    @callback
    def listen(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Hear that there is news."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def value(self, quantity: Quantity) -> Value | None:
        """What it said last; None where it said nothing that can be believed."""
        return None if self.reading is None else self.reading.of(quantity)

    # -- visiting -------------------------------------------------------------------------------

    @callback
    def _seen(self) -> None:
        """It was heard: it may have come back, or have been silent until now."""
        self._look()

    @callback
    def _lost(self) -> None:
        """It is heard no more."""
        self._fail("not heard any more")

    @callback
    def _look(self, _now: datetime | None = None) -> None:
        """Visit it if that is due and it is heard; else come back when it is."""
        session, radio = self._session, self.radio
        if session is None or radio is None or (self._task is not None and not self._task.done()):
            return
        if session.is_due and radio.in_reach:
            self._task = self._entry.async_create_background_task(
                self._hass, self._async_visit(session), f"vfarm ble {self.wanted.name}"
            )
            return
        self._wait(session)

    @callback
    def _wait(self, session: Session[Reading]) -> None:
        if self._timer is not None:
            self._timer()
        due = session.due_at
        pause = _PACE.every_s if due is None else max(1.0, due - time.monotonic())
        self._timer = async_call_later(self._hass, pause, self._look)

    async def _async_visit(self, session: Session[Reading]) -> None:
        try:
            reading = await session.visit()
        except BleError as err:
            # A frame that cannot be believed is not waited out: nobody knows what is true now.
            if isinstance(err, FrameError) or session.failed > _TOLERATED:
                self._fail(str(err))
        else:
            if reading.is_live:
                self._take(reading)
            else:
                self._fail("its display is on hold")
        self._wait(session)

    @callback
    def _take(self, reading: Reading) -> None:
        if self._told:
            _LOGGER.warning("%s answers again", self.wanted.name)
            self._told = False
        self.reading = reading
        self.tell()

    @callback
    def _fail(self, why: str) -> None:
        if not self._told:
            _LOGGER.warning("%s gives no values (%s)", self.wanted.name, why)
            self._told = True
        if self.reading is not None:
            self.reading = None
            self.tell()

    @callback
    def tell(self) -> None:
        """There is news."""
        for listener in (*self._listeners,):
            listener()
