"""Tells roll-outs whose gates ask for the yield what the history says of it.

After a harvest the ledger is asked once it has had the time to hear of it; before a promotion at
once. What cannot be asked leaves the gate as it is.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.event import async_call_later

from vfarm_core.batches.rollout import Judgement, Rollout
from vfarm_core.control.effects import Event
from vfarm_core.control.inputs import JudgeRollout

from .data import VfarmConfigEntry
from .history import async_answered
from .targets import error

if TYPE_CHECKING:
    from vfarm_core.ledger.store import Ledger

_LOGGER = logging.getLogger(__name__)
#: The ledger is written at least once a minute.
_AFTER_S = 90.0
_ENDS = frozenset({"batch_harvested", "batch_failed"})


def _asks(rollout: Rollout) -> bool:
    return rollout.is_open and rollout.gates.yield_not_lower


async def async_judge(hass: HomeAssistant, entry: VfarmConfigEntry, name: str) -> None:
    """Tell one roll-out what the history says, where its gates ask for it."""
    engine = entry.runtime_data.engine
    rollout = engine.runtime.memory.rollouts.get(name)
    if rollout is None or not _asks(rollout):
        return
    now = engine.clock.now().farm

    def question(ledger: Ledger) -> Judgement:
        from vfarm_core.reports.compare import compare
        from vfarm_core.reports.errors import ReportError

        try:
            found = compare(
                ledger,
                rollout.recipe_id,
                old=rollout.from_version,
                new=rollout.to_version,
                margin=rollout.gates.yield_margin,
            )
        except ReportError as err:
            raise error(f"compare_{err.key}", **err.params) from err
        return found.judgement(now)

    try:
        judgement = await async_answered(hass, entry, rollout.recipe_id, question)
    except ServiceValidationError as err:
        # One of the versions has not been grown to its end yet, or the history is away.
        _LOGGER.debug("No comparison for %s: %s", name, err)
        return
    if engine.running:
        engine.request(JudgeRollout(rollout=name, judgement=judgement))


@callback
def async_watch(hass: HomeAssistant, entry: VfarmConfigEntry) -> CALLBACK_TYPE:
    """Judge after each batch that ends, until the returned function is called."""
    waiting: list[CALLBACK_TYPE] = []

    async def judge(_: datetime) -> None:
        waiting.clear()
        for name in list(entry.runtime_data.engine.runtime.memory.rollouts):
            await async_judge(hass, entry, name)

    @callback
    def happened(event: Event) -> None:
        if event.kind not in _ENDS or waiting:
            return
        if any(_asks(r) for r in entry.runtime_data.engine.runtime.memory.rollouts.values()):
            waiting.append(async_call_later(hass, _AFTER_S, judge))

    stop = entry.runtime_data.engine.listen_events(happened)

    @callback
    def stopped() -> None:
        stop()
        for cancel in waiting:
            cancel()

    return stopped
