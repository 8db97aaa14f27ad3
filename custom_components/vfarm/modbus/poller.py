"""One device: asked when its registers are due, in a task of its own, as long as it is in use.

What it tells is what it said last, or missing. A device that falls silent is told once and its
return is told once; in between the core asks it more and more seldom.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from vfarm_core.devices.modbus.codec import Reading, State, Why, missing
from vfarm_core.devices.modbus.device import Device, End, Poll, Purpose, Written
from vfarm_core.devices.modbus.profile import Profile
from vfarm_core.devices.modbus.roles import INTERVAL_S

from .. import issues
from .links import Lease, Params, bus_of

_LOGGER = logging.getLogger(__name__)

#: Seconds until a link that somebody uses with other settings is tried again, or a device that was
#: given up because of an error of ours (design choice: a person changes the settings in minutes).
RETRY_S: Final = 60.0
#: Seconds that a request under way may take to end when the device is let go (design choice: most
#: devices answer within half of one; a farm stops within 10).
_GRACE_S: Final = 2.0


#: Why a reading is missing that may be there a moment later.
_LOST: Final = frozenset({Why.TIMEOUT, Why.GARBLED, Why.CONNECTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: a device by its name, where it is, and what its registers mean. `profile`
    is None where there is none of that id (any more)."""

    subentry_id: str
    name: str
    params: Params
    unit: int
    profile_id: str
    profile: Profile | None
    model: str | None = None
    phases: int | None = None


@dataclass(slots=True)
class RawMap:
    """The content of registers by space and address, each with the instant (s since the epoch) at
    which the device said so."""

    words: dict[tuple[str, int], int] = field(default_factory=dict)
    at: dict[tuple[str, int], float] = field(default_factory=dict)

    def take(self, words: Mapping[tuple[str, int], int], at: float) -> None:
        """Remember what was said."""
        self.words |= words
        self.at |= dict.fromkeys(words, at)


class Poller:
    """A device in use. Listeners hear the keys of what was told."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, wanted: Wanted) -> None:
        """Ask nothing yet."""
        self.wanted = wanted
        self.device: Device | None = None
        self.readings: dict[str, Reading] = {}
        #: What a device took that cannot be read back.
        self.accepted: dict[str, float | bool | str] = {}
        self.raw = RawMap()
        self._hass = hass
        self._entry = entry
        self._lease = Lease(entry)
        self._listeners: list[Callable[[Collection[str]], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._silent = False
        self._stopping = asyncio.Event()

    # -- coming and going -----------------------------------------------------------------------

    @callback
    def start(self) -> None:
        """Begin to ask."""
        if self.wanted.profile is None or self._task is not None:
            return
        self._stopping.clear()
        self._task = self._entry.async_create_background_task(
            self._hass, self._run(self.wanted.profile), f"vfarm modbus {self.wanted.name}"
        )

    async def async_stop(self) -> None:
        """Stop asking, and let go of the link."""
        self._stopping.set()
        if self._task is not None:
            # What is under way ends by itself, so that no answer is left on the line.
            await asyncio.wait({self._task}, timeout=_GRACE_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self.device = None
        await self._lease.async_end()
        issues.async_tell_link_taken(self._hass, self._entry, self.wanted.subentry_id, None)

    @callback
    def listen(self, listener: Callable[[Collection[str]], None]) -> CALLBACK_TYPE:
        """Hear the keys of what was told."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # -- reading --------------------------------------------------------------------------------

    async def _run(self, profile: Profile) -> None:
        while not self._stopping.is_set():
            device = self._taken(profile)
            if device is None:
                await self._rest(RETRY_S)
                continue
            try:
                await self._ask(device)
            except Exception:
                _LOGGER.exception("%s is given up for a while", self.wanted.name)
            finally:
                self.device = None
                self._nothing(profile, Why.CONNECTION)
            await self._lease.async_end()
            await self._rest(RETRY_S)

    async def _rest(self, seconds: float | None) -> None:
        """Wait, but no longer than until the device is let go."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _taken(self, profile: Profile) -> Device | None:
        """The device on its link; None while somebody uses that with other settings."""
        wanted = self.wanted
        try:
            unit = self._lease.take(self._hass, wanted.params, wanted.unit)
        except HomeAssistantError as err:
            issues.async_tell_link_taken(self._hass, self._entry, wanted.subentry_id, wanted.name)
            _LOGGER.debug("%s: %s", wanted.name, err)
            return None
        issues.async_tell_link_taken(self._hass, self._entry, wanted.subentry_id, None)
        self.device = Device(
            unit,
            profile,
            bus=bus_of(self._hass, wanted.params),
            model=wanted.model,
            phases=wanted.phases,
            intervals=INTERVAL_S,
        )
        return self.device

    async def _ask(self, device: Device) -> None:
        while True:
            due = device.next_due
            # Without any there is nothing to ask for; the device is there to be written to.
            await self._rest(None if due is None else max(0.0, due - time.monotonic()))
            if self._stopping.is_set():
                return
            self._take(device, await self._polled(device))

    async def _polled(self, device: Device) -> Poll:
        """One cycle. What got lost on the line is asked for once more before it is missing: a shot
        does not end because of one frame, and a device that is gone is known to be so at once."""
        poll = await device.poll()
        lost = [key for key, reading in poll.readings.items() if reading.why in _LOST]
        if not lost or device.health.is_silent:
            return poll
        again = await device.read(lost)
        return replace(
            again,
            readings={**poll.readings, **again.readings},
            requests=poll.requests + again.requests,
            words={**poll.words, **again.words},
        )

    @callback
    def _take(self, device: Device, poll: Poll) -> None:
        self.readings |= poll.readings
        self.raw.take(poll.words, dt_util.utcnow().timestamp())
        self._tell_health(device)
        self._tell(poll.readings)

    @callback
    def _tell_health(self, device: Device) -> None:
        silent = device.health.is_silent
        if silent != self._silent:
            self._silent = silent
            if silent:
                why = next((r.why for r in self.readings.values() if r.why is not None), "")
                _LOGGER.warning("%s does not answer any more (%s)", self.wanted.name, why)
            else:
                _LOGGER.warning("%s answers again", self.wanted.name)
        if silent:
            # What it is not asked for until it is back is not known either.
            known = [key for key, r in self.readings.items() if r.state is not State.MISSING]
            lost = {key: missing(Why.BACKED_OFF, device.registers[key]) for key in known}
            self.readings |= lost
            self._tell(lost)

    @callback
    def _nothing(self, profile: Profile, why: Why) -> None:
        self.readings = {key: missing(why, profile.register(key)) for key in self.readings}
        self._tell(self.readings)

    @callback
    def _tell(self, keys: Collection[str]) -> None:
        for listener in (*self._listeners,):
            listener(keys)

    # -- writing --------------------------------------------------------------------------------

    async def async_write(self, key: str, value: float | bool | str) -> Written:
        """Write a value and prove it; what was read back is told at once."""
        device = self.device
        if device is None:
            return Written(key=key, end=End.FAILED, why="not_in_use")
        written = await device.write(key, value)
        if written.found is not None:
            self.readings[key] = written.found
        elif written.end is End.ACCEPTED:
            self.accepted[key] = value
        self._tell((key,))
        return written

    async def async_run(self, sequence: str, told: Collection[str], **parameters: float) -> Written:
        """Carry out a sequence of the profile, then ask what came of it: `told` are the registers
        that say so. The step that failed, or the last one."""
        device = self.device
        if device is None:
            return Written(key=sequence, end=End.FAILED, why="not_in_use")
        done = await device.run(sequence, purpose=Purpose.CONTROL, **parameters)
        steps = [step for step in device.profile.sequences[sequence] if step.key is not None]
        for step, written in zip(steps, done, strict=False):
            if written.end is End.ACCEPTED:
                self.accepted[written.key] = _value_of(step.value, parameters)
        self._take(device, await device.read([k for k in told if device.registers[k].readable]))
        return done[-1]


def _value_of(value: float | bool | str | None, parameters: Mapping[str, float]) -> float | str:
    """What a step of a sequence writes."""
    if isinstance(value, str):
        return parameters.get(value.strip("{}"), value)
    return 0.0 if value is None else value
