"""The dry run of a new farm: a week in which light and water ran as a recipe asks for, before
plants depend on them.

A day counts when the farm controlled all day and what had to work that day was seen to work.
Whether anything grows in the batch that is run for it nobody can tell: that is between the grower
and the trays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from ..farm.nodes import Circuit, Farm
from ..farm.overrides import Mode
from . import alarm_test
from .effects import Severity
from .furnishing import gaps
from .memory import ActuatorState, Memory, ProofState, ShotEnd, Stage
from .shot import FAILED_ENDS

#: What is looked at in a day, besides everything that is grave.
KINDS = frozenset(
    {"lights_on", "lights_off", "shot_ended", "mode_changed", "emergency_stop", "loop_disarmed"}
)
_GRAVE = (Severity.P1, Severity.P2)
_GOOD_ENDS = (ShotEnd.DONE, ShotEnd.VOLUME)


class Missing(StrEnum):
    """Why a day does not count."""

    NOT_CONTROLLED = "not_controlled"
    NOT_BOUND = "not_bound"
    NO_BATCH = "no_batch"
    ALARM = "alarm"
    NO_LIGHT = "no_light"
    NO_WATER = "no_water"
    NOT_PROVED = "not_proved"


def matters(event: Mapping[str, Any]) -> bool:
    """Whether an event of the journal says something about a day."""
    return event["kind"] in KINDS or event.get("severity") in _GRAVE


def missing(
    farm: Farm, memory: Memory, events: Iterable[Mapping[str, Any]], *, began: float
) -> tuple[Missing, ...]:
    """Why the day that began at `began` and ends now does not count; nothing when it does.
    `events` are those of the journal in that day, with `kind`, `node` and `severity`."""
    told = [event for event in events if matters(event)]
    levels = [
        level.id
        for level in farm.levels
        if any(
            placement.level_id == level.id and placement.since <= began
            for batch in memory.growing.get(level.id, ())
            for placement in batch.placements
        )
    ]
    found = []
    if not _controlled(memory, told):
        found.append(Missing.NOT_CONTROLLED)
    if gaps(farm, memory):
        found.append(Missing.NOT_BOUND)
    if any(e.get("severity") in _GRAVE and e["kind"] != alarm_test.KIND for e in told):
        found.append(Missing.ALARM)
    if not levels:
        return (*found, Missing.NO_BATCH)
    if not _lit(farm, memory, told, levels, began):
        found.append(Missing.NO_LIGHT)
    circuits = [c for c in farm.circuits if set(c.levels) & set(levels)]
    if circuits and not _watered(farm, memory, told, circuits):
        found.append(Missing.NO_WATER)
    if any(_failed(memory, b.id) for b in farm.bindings):
        found.append(Missing.NOT_PROVED)
    return tuple(found)


def _controlled(memory: Memory, told: Sequence[Mapping[str, Any]]) -> bool:
    state = memory.farm
    if state.mode is not Mode.AUTO or state.emergency is not None or state.disarmed:
        return False
    if state.stage is not Stage.RUNNING or state.lost_memory:
        return False
    ended = {"mode_changed", "emergency_stop", "loop_disarmed"}
    return not any(event["kind"] in ended for event in told)


def _lit(
    farm: Farm,
    memory: Memory,
    told: Sequence[Mapping[str, Any]],
    levels: Sequence[str],
    began: float,
) -> bool:
    """Whether lamps came on where a light day began, and reported it. A level without lamps, or in
    a dark phase, has nothing to show; but not the whole farm."""
    lamped = [level for level in levels if farm.all_lamps_of_level[level]]
    begun = {event["node"] for event in told if event["kind"] == "lights_on"}
    lit = [level for level in lamped if level in begun]
    if lamped and not lit:
        # Light around the clock begins and ends no day.
        lit = lamped
    return all(
        _was_on(memory.actuators.get(lamp.id), began)
        for level in lit
        for lamp in farm.places[level].lamps
    )


def _was_on(state: ActuatorState | None, began: float) -> bool:
    if state is None:
        return False
    return bool(state.is_on) or any(end > began for _, end in state.on_log)


def _watered(
    farm: Farm,
    memory: Memory,
    told: Sequence[Mapping[str, Any]],
    circuits: Sequence[Circuit],
) -> bool:
    """Whether water came: a shot that ended as it should and none that failed, mist in a cycle, or
    circulation that runs now."""
    ids = {circuit.id for circuit in circuits}
    shots = [e for e in told if e["kind"] == "shot_ended" and e["node"] in ids]
    if any(e["end"] in FAILED_ENDS for e in shots):
        return False
    if any(e["end"] in _GOOD_ENDS for e in shots):
        return True
    for circuit in circuits:
        pumps = [memory.actuators.get(b.id) for b in farm.actuators_of.get(circuit.pump, ())]
        state = memory.circuits.get(circuit.id)
        if (state is not None and state.cycling) or any(p is not None and p.is_on for p in pumps):
            return True
    return False


def _failed(memory: Memory, point: str) -> bool:
    state = memory.actuators.get(point)
    return state is not None and (state.latched or state.proof is ProofState.FAILED)
