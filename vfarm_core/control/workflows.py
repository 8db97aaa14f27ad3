"""Workflows: what people do at a node, as a mode of that node with an end.

A workflow is a person's word that something else counts here than the recipe: a reservoir is
emptied, lines are full of cleaner, people work in the light. It ends by itself, is kept over a
restart, and is told when it begins and ends. What it stops is stopped by safety whatever
controllers want; trips and the emergency stop beat it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..farm.bindings import Binding
from ..farm.nodes import Circuit, Level, Zone
from ..farm.overrides import WORKFLOWS, Step, Workflow, WorkflowKind
from ..farm.roles import Loop, Role, spec
from ..recipes.model import DayLength
from . import solution
from .clock import Due
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .reasons import Reason
from .text import moment

#: Wakes a workflow that has to end or go on.
DUE = "workflow:"
#: A refilled reservoir is mixed for so long before it is dosed (s) (design choice: several times
#: round for a pump that turns a tank over in five minutes).
MIXING_S = 900.0
#: Lamps of people at work, as a share of full output (design choice: enough to see by, little for
#: plants and eyes).
WORK_OUTPUT = 0.2
#: What water does not reach while a reservoir is empty, being filled or being cleaned.
_EMPTY = frozenset({Step.DRAIN, Step.REFILL})
_TREATED = frozenset({Loop.FILL, Loop.DOSING})


class Clash(Exception):  # noqa: N818 - the answer to a request, not an error
    """A workflow that cannot be started, moved on or ended now: `key` and `params` say why."""

    def __init__(self, key: str, **params: Any) -> None:
        self.key = key
        self.params = params
        super().__init__(key)


# -- questions ----------------------------------------------------------------------------------


def active(d: Draft, node: str) -> Workflow | None:
    """The workflow that a node is in: its own, else that of the place it is part of."""
    if not d.workflows.now:
        return None
    for key in (node, *d.farm.above.get(node, ())):
        found = d.workflows.get(key)
        if found is not None:
            return found
    return None


def of_kind(d: Draft, node: str, kind: WorkflowKind) -> Workflow | None:
    """The workflow of one kind that a node, or a place it is part of, is in."""
    if not d.workflows.now:
        return None
    for key in (node, *d.farm.above.get(node, ())):
        found = d.workflows.get(key)
        if found is not None and found.kind is kind:
            return found
    return None


def dark(d: Draft, level: str) -> bool:
    """Whether a level is kept dark to germinate."""
    return d.kept_dark(level)


def dosing_inhibited(d: Draft, reservoir: str) -> Reason | None:
    """Why nothing may be dosed into or filled into a reservoir: people are at it, it is not mixed
    yet, or it holds a cleaner."""
    found = None if not d.workflows.now else d.workflows.get(reservoir)
    return None if found is None else _reason(d, found)


def water(d: Draft, circuit: Circuit) -> Reason | None:
    """Why a circuit may get no water of any kind, also none that plants depend on."""
    if not d.workflows.now:
        return None
    change = of_kind(d, circuit.id, WorkflowKind.SOLUTION_CHANGE)
    if change is not None and change.step in _EMPTY:
        return _reason(d, change)
    cleaned = of_kind(d, circuit.id, WorkflowKind.SANITATION)
    if cleaned is not None and any(d.growing(level) for level in circuit.levels):
        return _reason(d, cleaned)
    return None


def shots(d: Draft, circuit: Circuit) -> Reason | None:
    """Why a circuit may get no shots: people are at it, or in a zone it waters."""
    if not d.workflows.now:
        return None
    for node in (circuit.id, *d.farm.zones_of_circuit[circuit.id]):
        found = of_kind(d, node, WorkflowKind.MAINTENANCE)
        if found is not None:
            return _reason(d, found)
    return None


def holds(d: Draft, binding: Binding) -> Reason | None:
    """Why an actuator has to be off because of a workflow."""
    if not d.workflows.now:
        return None
    if spec(binding.role).loop is Loop.LIGHT:
        found = of_kind(d, binding.node, WorkflowKind.DARK_GERMINATION)
        return None if found is None else _reason(d, found)
    if binding.role is Role.CO2_VALVE:
        found = of_kind(d, binding.node, WorkflowKind.WORK_LIGHT)
        return None if found is None else Reason("co2_people")
    if spec(binding.role).loop in _TREATED:
        own = d.workflows.get(binding.node)
        if own is not None and own.kind is not WorkflowKind.MAINTENANCE:
            return _reason(d, own)
    return None


def released(d: Draft, binding: Binding) -> Reason | None:
    """Why an actuator is left to people."""
    found = of_kind(d, binding.node, WorkflowKind.MAINTENANCE)
    return None if found is None else _reason(d, found)


def _reason(d: Draft, workflow: Workflow) -> Reason:
    if workflow.kind is WorkflowKind.SANITATION and workflow.step is Step.RINSE:
        return Reason("rinse")
    return Reason(workflow.kind.value, {"until": moment(workflow.until, d.now.farm, d.farm.tz)})


# -- lamps --------------------------------------------------------------------------------------


def lamps(d: Draft, levels: Iterable[Level], intents: dict[str, Intent]) -> None:
    """Put light to work by into the intents of levels, where people asked for it and it is dark. By
    day plants keep their light; no trip is undone."""
    for level in levels:
        zone = d.farm.zone_of_level[level.id]
        work = of_kind(d, zone, WorkflowKind.WORK_LIGHT)
        if work is None or (not work.confirmed and protected(d, zone)):
            continue
        if d.zone(zone).over_temperature:
            continue
        reason = _reason(d, work)
        for lamp in d.farm.lamps_of_level[level.id]:
            intent = intents[lamp.id]
            if intent.value == 0 and not intent.trip:
                intents[lamp.id] = _working(level, lamp, reason)


def _working(level: Level, lamp: Binding, reason: Reason) -> Intent:
    lowest = level.fixture.dim_min if level.fixture else 0.0
    return Intent(max(WORK_OUTPUT, lowest) if lamp.dims else 1.0, reason)


def protected(d: Draft, zone: str) -> str:
    """The level of a zone whose short-day crop is in its dark period, where light would keep it
    from flowering; empty when there is none."""
    for level in d.farm.levels_of_zone[zone]:
        if not d.level(level.id).lit and any(
            d.recipe(batch).day_length is DayLength.SHORT_DAY for batch in d.growing(level.id)
        ):
            return level.name
    return ""


def advance(d: Draft, zone: Zone) -> None:
    """Whether people may have light depends on the day of every level of the zone."""
    if of_kind(d, zone.id, WorkflowKind.WORK_LIGHT) is not None:
        d.mark(*(level.id for level in d.farm.levels_of_zone[zone.id]))


# -- begin, go on, end --------------------------------------------------------------------------


def start(
    d: Draft, node: str, kind: WorkflowKind, until: float, *, confirmed: bool, by: str
) -> Workflow:
    """Begin a workflow. Raises Clash."""
    rule = WORKFLOWS[kind]
    if node not in d.farm.nodes:
        raise Clash("node_unknown", node=node)
    name = d.farm.nodes[node].name
    if d.farm.kind(node) not in rule.nodes:
        raise Clash("workflow_wrong_node", kind=kind, node=name, kinds=", ".join(rule.nodes))
    # Written so that they hold of what is no number, too.
    if not until > d.now.farm:
        raise Clash("workflow_over")
    if not until - d.now.farm <= rule.most_h * 3600 + 1.0:
        raise Clash("workflow_too_long", kind=kind, hours=round(rule.most_h))
    _free(d, node, kind)
    if kind is WorkflowKind.SANITATION:
        _without_plants(d, node)
    if kind is WorkflowKind.WORK_LIGHT and not confirmed and (level := protected(d, node)):
        raise Clash("workflow_dark", level=level)
    made = Workflow(
        node=node,
        kind=kind,
        since=d.now.farm,
        until=until,
        step=rule.steps[0],
        step_at=d.now.farm,
        confirmed=confirmed,
        by=by,
    )
    _set(d, made)
    d.event("workflow_started", node, workflow=kind.value, until=until, by=by)
    return made


def _free(d: Draft, node: str, kind: WorkflowKind) -> None:
    """One workflow at a time where they would be in each other's way: at the node, at what it is
    part of, and at its parts."""
    for other in d.workflows.values():
        related = (
            other.node == node
            or other.node in d.farm.above.get(node, ())
            or node in d.farm.above.get(other.node, ())
        )
        if related and {kind, other.kind} != _SIDE_BY_SIDE:
            raise Clash(
                "workflow_running",
                node=d.farm.nodes[other.node].name,
                kind=other.kind,
                until=moment(other.until, d.now.farm, d.farm.tz),
            )


#: A level stays dark while people work by the light of the others.
_SIDE_BY_SIDE = {WorkflowKind.DARK_GERMINATION, WorkflowKind.WORK_LIGHT}


def _without_plants(d: Draft, node: str) -> None:
    circuits = d.farm.circuits_of_reservoir.get(node) or (d.farm.circuit[node],)
    for circuit in circuits:
        for level in circuit.levels:
            if d.growing(level):
                raise Clash("workflow_plants", level=d.farm.level[level].name)


def go_on(d: Draft, node: str, *, by: str) -> Workflow:
    """The next step. Raises Clash where there is none."""
    found = _running(d, node)
    steps = WORKFLOWS[found.kind].steps
    at = steps.index(found.step)
    if at + 1 == len(steps):
        raise Clash("workflow_last_step", kind=found.kind)
    return _step(d, found, steps[at + 1], by=by)


def end(d: Draft, node: str, *, by: str) -> Workflow | None:
    """End a workflow, as far as a person can: a changed solution is mixed before it is dosed, and
    what was cleaned has to be rinsed first. Returns what is left of it. Raises Clash."""
    found = _running(d, node)
    last = WORKFLOWS[found.kind].steps[-1]
    if found.step is not last:
        return _step(d, found, last, by=by)
    _over(d, found, why="ended", by=by)
    return None


def _running(d: Draft, node: str) -> Workflow:
    found = d.workflows.get(node)
    if found is None:
        known = d.farm.nodes.get(node)
        raise Clash("workflow_none", node=node if known is None else known.name)
    return found


def _step(d: Draft, workflow: Workflow, step: Step, *, by: str) -> Workflow:
    changed = replace(workflow, step=step, step_at=d.now.farm)
    if step is Step.MIXING:
        changed = replace(changed, until=d.now.farm + MIXING_S)
        solution.changed(d, workflow.node)
    _set(d, changed)
    d.event(
        "workflow_step",
        workflow.node,
        Severity.P3 if step is Step.RINSE else Severity.INFO,
        workflow=workflow.kind.value,
        step=step.value,
        by=by,
    )
    return changed


def due(d: Draft, node: str) -> None:
    """The time of a workflow may be over."""
    d.due.remove(DUE + node)
    found = d.workflows.get(node)
    if found is None or found.step is Step.RINSE:
        return
    if found.until > d.now.farm:
        d.wake(DUE + node, Due(farm=found.until))
        return
    last = WORKFLOWS[found.kind].steps[-1]
    if found.step is not last:
        _step(d, found, last, by="time")
    else:
        _over(d, found, why="expired", by="time")


def _over(d: Draft, workflow: Workflow, *, why: str, by: str) -> None:
    forget(d, workflow.node)
    _mark(d, workflow.node)
    d.event("workflow_ended", workflow.node, workflow=workflow.kind.value, why=why, by=by)


def forget(d: Draft, node: str) -> None:
    """A workflow is over, or its node is gone."""
    d.workflows.remove(node)
    d.due.remove(DUE + node)


def look_again(d: Draft) -> None:
    """When workflows end, by the clock as it is now."""
    for workflow in list(d.workflows.values()):
        due(d, workflow.node)


def _set(d: Draft, workflow: Workflow) -> None:
    d.workflows.set(workflow.node, workflow)
    if workflow.step is Step.RINSE:
        d.due.remove(DUE + workflow.node)
    else:
        d.wake(DUE + workflow.node, Due(farm=workflow.until))
    _mark(d, workflow.node)


def _mark(d: Draft, node: str) -> None:
    """Everything that a workflow of a node concerns."""
    farm = d.farm
    parts = [key for key, above in farm.above.items() if node in above]
    d.mark(node, *parts)
    if node in farm.zone:
        d.mark(*farm.circuits_of_zone[node])
