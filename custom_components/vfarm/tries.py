"""Trying actuators: ask for a pulse, and hear what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from vfarm_core.control.effects import Event
from vfarm_core.control.inputs import Tried, TryActuator
from vfarm_core.control.memory import ProofState, PulseEnd

from .engine import Engine

#: After a pulse is over it is waited for so much longer (s) at most: until its off is proved, or
#: its commands were tried again in vain.
PATIENCE_S: Final = 60.0

type Outcome = asyncio.Future[Mapping[str, Any]]


@callback
def async_listen(hass: HomeAssistant, engine: Engine, point: str) -> Outcome:
    """What the next pulse of an actuator comes to. Cancelled, nothing is waited for."""
    ended: Outcome = hass.loop.create_future()

    @callback
    def happened(event: Event) -> None:
        mine = event.kind == "actuator_tried" and event.params["point"] == point
        if mine and not ended.done():
            ended.set_result(event.params)

    stop = engine.listen_events(happened)
    ended.add_done_callback(lambda _: stop())
    return ended


async def async_outcome(ended: Outcome, seconds: float) -> Mapping[str, Any] | None:
    """Wait for a pulse of some seconds; None when it did not end in time."""
    try:
        async with asyncio.timeout(seconds + PATIENCE_S):
            return await ended
    except TimeoutError:
        return None


async def async_try(hass: HomeAssistant, engine: Engine, point: str, by: str) -> Tried:
    """Try one actuator that is tried by a pulse, and wait until that is over."""
    ended = async_listen(hass, engine, point)
    answer = engine.request(TryActuator(point=point, by=by))
    if answer.refused is not None:
        ended.cancel()
        return Tried(point=point, why=answer.params.get("code", answer.refused))
    came = await async_outcome(ended, answer.data["duration_s"])
    if came is None:
        return Tried(point=point, end=PulseEnd.STOPPED)
    return Tried(
        point=point,
        end=PulseEnd(came["end"]),
        proof=ProofState(came["proof"]),
        seconds=came["seconds"] or 0.0,
    )
