"""What a drill under way means for actuators: what is kept off, what is left as it is.

A drill only ever takes away: nothing is switched on for it. While it watches, what a station has
switched off by itself is not switched on again, or nobody would see it; trips and limits go on.
"""

from __future__ import annotations

from ..farm.bindings import Binding
from ..farm.drills import Loss
from ..farm.nodes import Circuit
from ..farm.roles import Role
from .draft import Draft
from .intents import Intent
from .memory import ActuatorState, DrillStage
from .reasons import Reason


def holds(d: Draft, binding: Binding) -> Reason | None:
    """Why an actuator has to be off: it was seen to go off by itself, or should have."""
    drill = d.state.drill
    return _reason() if drill is not None and binding.id in drill.held else None


def leaves(d: Draft, binding: Binding, state: ActuatorState, intent: Intent) -> Reason | None:
    """Why an actuator that is watched is left as it is: it went off by itself, or others of its
    station did a moment ago and it will follow."""
    drill = d.state.drill
    if drill is None or drill.stage is not DrillStage.WATCH or intent.trip or intent.value is None:
        return None
    test = next((t for t in drill.tests if t.point == binding.id), None)
    if test is None:
        return None
    again = intent.value > 0 and state.is_on is False
    if again and test.on and (drill.loss is not Loss.POWER or _too_long_off(d, binding, state)):
        return None  # What is dangerous off is not left off for a drill.
    settles = intent.value == 0 and d.now.mono < drill.settle_until
    return _reason() if again or settles else None


def _too_long_off(d: Draft, binding: Binding, state: ActuatorState) -> bool:
    declared = binding.declaration
    longest = None if declared is None else declared.max_off_s
    if longest is None or state.changed_at is None:
        return False
    return d.now.farm - state.changed_at >= longest


def water(d: Draft, circuit: Circuit) -> Reason | None:
    """Why a circuit may get no water: its pump or valve is kept off by a drill. Not in the moment
    in which the others follow: the end of a shot would switch off what is to go off by itself."""
    drill = d.state.drill
    if drill is None or not drill.held:
        return None
    if drill.stage is DrillStage.WATCH and d.now.mono < drill.settle_until:
        return None
    return _reason() if any(b.id in drill.held for b in _bound(d, circuit)) else None


def _bound(d: Draft, circuit: Circuit) -> tuple[Binding, ...]:
    return (*d.of(circuit.pump, Role.IRRIGATION_PUMP), *d.of(circuit.id, Role.IRRIGATION_VALVE))


def settles(d: Draft, circuit: Circuit) -> bool:
    """Whether a shot is left as it is for a moment: one of its actuators has just gone off by
    itself, and the others follow."""
    drill = d.state.drill
    if drill is None or drill.stage is not DrillStage.WATCH or d.now.mono >= drill.settle_until:
        return False
    return any(b.id in drill.held for b in _bound(d, circuit))


def at(d: Draft, node: str) -> Reason | None:
    """Why nothing is dosed or filled at a node: one of its actuators is kept off by a drill."""
    drill = d.state.drill
    if drill is None or not drill.held:
        return None
    held = any(d.farm.binding[p].node == node for p in drill.held if p in d.farm.binding)
    return _reason() if held else None


def _reason() -> Reason:
    return Reason("drill")
