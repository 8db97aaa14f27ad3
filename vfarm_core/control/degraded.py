"""Degraded modes: what a device does when the reading it follows is lost.

Off is the rule, and the only one for heat, CO2, dosing and fill. For other climate devices a person
may declare that the last output is held, or that they run by a schedule, for a limited time: a room
without a dehumidifier for a night is mouldy long before anybody has a new sensor. Safety still has
the last word: limits of time, opposing devices, people at work, stops.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.bindings import Binding, Degraded, OnNoReading
from ..farm.nodes import Zone
from ..farm.roles import Role
from . import readings
from .clock import Due
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import DegradedState, Stage
from .reasons import Reason
from .text import moment

#: Wakes a device that switches by its schedule or comes to its limit.
DUE = "degraded:"

#: What a device follows. Exhaust carries heat or moisture for what the zone has no device for.
_FOLLOWS = {
    Role.COOLER: (Role.AIR_TEMPERATURE,),
    Role.HUMIDIFIER: (Role.HUMIDITY,),
    Role.DEHUMIDIFIER: (Role.HUMIDITY,),
    Role.EXHAUST_FAN: (Role.AIR_TEMPERATURE, Role.HUMIDITY),
}
#: What controllers say of a device that has nothing to go by.
_WITHOUT = frozenset({"no_reading", "exhaust_idle"})


def apply(d: Draft, zone: Zone, intents: dict[str, Intent]) -> None:
    """Put what is declared in place of the safe state, where the reading is lost."""
    if d.state.stage is not Stage.RUNNING:
        return
    for binding in d.farm.degradable.get(zone.id, ()):
        intent = intents.get(binding.id)
        declared = None if binding.declaration is None else binding.declaration.on_no_reading
        if intent is None or declared is None:
            continue
        if not _lost(d, binding):
            _end(d, binding)
        elif intent.reason.code in _WITHOUT and not intent.value and not intent.trip:
            intents[binding.id] = _instead(d, binding, declared, intent)


def _lost(d: Draft, binding: Binding) -> bool:
    """Whether a sensor is bound and none of its kind can be trusted."""
    return any(
        d.of(binding.node, role) and readings.reading(d, binding.node, role).value is None
        for role in _FOLLOWS[binding.role]
    )


def _instead(d: Draft, binding: Binding, declared: Degraded, safe: Intent) -> Intent:
    now = d.now.farm
    state = d.degraded.get(binding.id)
    if state is None:
        state = _begin(d, binding, declared)
    ends = state.since + declared.limit_s
    if now >= ends:
        d.due.remove(DUE + binding.id)
        if not state.over:
            d.degraded.set(binding.id, replace(state, over=True))
            d.event(
                "degraded_ended", binding.node, Severity.P2, point=binding.id, why="limit reached"
            )
        return safe
    value, turn = state.value, ends
    if declared.mode is OnNoReading.SCHEDULE:
        value, turn = _scheduled(declared, state.since, now)
    d.wake(DUE + binding.id, Due(farm=min(turn, ends)))
    return Intent(value, Reason("degraded", {"until": moment(ends, now, d.farm.tz)}))


def _begin(d: Draft, binding: Binding, declared: Degraded) -> DegradedState:
    actuator = d.actuator(binding.id)
    last = actuator.wanted if actuator.wanted is not None else actuator.reported
    state = DegradedState(since=d.now.farm, value=last or 0.0)
    d.degraded.set(binding.id, state)
    d.event(
        "degraded",
        binding.node,
        Severity.P2,
        point=binding.id,
        mode=declared.mode.value,
        until=d.now.farm + declared.limit_s,
    )
    return state


def _scheduled(declared: Degraded, since: float, now: float) -> tuple[float, float]:
    """On first, then off, and so on: the output now, and when it turns."""
    cycle = declared.on_s + declared.off_s
    begun = since + (now - since) // cycle * cycle
    off_at = begun + declared.on_s
    return (1.0, off_at) if now < off_at else (0.0, begun + cycle)


def _end(d: Draft, binding: Binding) -> None:
    if d.degraded.get(binding.id) is not None:
        forget(d, binding.id)
        d.event("degraded_ended", binding.node, point=binding.id, why="reading is back")


def forget(d: Draft, point: str) -> None:
    """The reading is back, or the device is gone or declared anew."""
    d.degraded.remove(point)
    d.due.remove(DUE + point)
