"""Carries commands to entities by service calls."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

import voluptuous as vol
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import (
    Context,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event

from vfarm_core.control.effects import Command
from vfarm_core.control.inputs import CommandResult
from vfarm_core.control.readings import parse
from vfarm_core.farm.bindings import Binding

from .entity_values import call_for, pulse_call, raw_of

_LOGGER = logging.getLogger(__name__)

#: A service that has not come back after this long (real s) is given up; proof decides anyway.
TIMEOUT_S = 15.0
#: So many of our latest contexts are remembered, to know our own echo.
_CONTEXTS = 1024


class EntityActuators:
    """The port that sends. Every command runs in a task of its own, so that a service that hangs
    stalls no other; a newer command of a point ends the task of the older one."""

    def __init__(
        self,
        hass: HomeAssistant,
        entity_of: Callable[[Binding], str | None],
        result: Callable[[CommandResult], None],
    ) -> None:
        self._hass = hass
        self._entity_of = entity_of
        self._result = result
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._contexts: OrderedDict[str, None] = OrderedDict()
        self.sent = 0

    def send(self, command: Command, binding: Binding) -> None:
        """Start carrying out a command."""
        if older := self._tasks.pop(command.point, None):
            older.cancel()
        task = self._hass.async_create_background_task(
            self._async_send(command, binding), f"vfarm {command.point}", eager_start=True
        )
        if not task.done():
            self._tasks[command.point] = task
            task.add_done_callback(lambda done: self._forget(command.point, done))

    def _forget(self, point: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(point) is task:
            del self._tasks[point]

    async def _async_send(self, command: Command, binding: Binding) -> None:
        # A result inside `send` would enter the runtime while it is still stepping.
        await asyncio.sleep(0)
        error = await self._async_call(command, binding)
        if error is not None:
            _LOGGER.warning("Command %s to %s failed: %s", command.value, binding.id, error)
        self._result(CommandResult(command.id, command.point, error))

    async def _async_call(self, command: Command, binding: Binding) -> str | None:
        entity_id = self._entity_of(binding)
        if entity_id is None:
            return f"the entity of {binding.id} does not exist"
        off = command.value == (1.0 if binding.invert else 0.0)
        waited = off and await self._async_there(entity_id)
        state = self._hass.states.get(entity_id)
        if waited and parse(raw_of(state, binding)[0], binding, None) == 0:
            # It came back as it should be.
            return None
        try:
            if command.duration_s is not None:
                domain, service, data = pulse_call(entity_id, state, command.duration_s)
            else:
                domain, service, data = call_for(entity_id, state, binding, command.value)
        except (HomeAssistantError, ValueError) as err:
            return f"{entity_id} cannot be driven: {err}"
        context = Context()
        self._remember(context.id)
        self.sent += 1
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._hass.services.async_call(
                    domain, service, data, blocking=True, context=context
                )
        except TimeoutError:
            return f"{domain}.{service} did not return within {TIMEOUT_S:g} s"
        except (HomeAssistantError, vol.Invalid, ValueError) as err:
            return str(err) or type(err).__name__
        except Exception as err:
            _LOGGER.exception("Unexpected error of %s.%s", domain, service)
            return str(err) or type(err).__name__
        return None

    async def _async_there(self, entity_id: str) -> bool:
        """Wait for an entity that is to go off and is not there yet. Whether it had to be waited
        for.

        Home Assistant drops a call to an unavailable entity without an error: after a crash the
        water would run until the next attempt, although its switch is there a moment later.
        """
        if _is_there(self._hass.states.get(entity_id)):
            return False
        there = asyncio.Event()

        @callback
        def changed(event: Event[EventStateChangedData]) -> None:
            if _is_there(event.data["new_state"]):
                there.set()

        stop = async_track_state_change_event(self._hass, entity_id, changed)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await there.wait()
        except TimeoutError:
            pass
        finally:
            stop()
        return True

    def _remember(self, context_id: str) -> None:
        self._contexts[context_id] = None
        if len(self._contexts) > _CONTEXTS:
            self._contexts.popitem(last=False)

    def is_own(self, context: Context) -> bool:
        """Whether a state change comes from one of our commands."""
        return context.id in self._contexts or context.parent_id in self._contexts

    async def async_close(self) -> None:
        """End what is still waiting for a service."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)


def _is_there(state: State | None) -> bool:
    return state is not None and state.state != STATE_UNAVAILABLE
