"""Shots when plants need them instead of by the clock: by moisture, by the light they got, or by
the water they took (`transpiration.py`).

Transpiration of a canopy in steady air is close to proportional to the light it absorbs, so the
light integral since the last shot stands for the water that plants took (science.md 1.7: 0.14 L/m²
in an hour at 200 µmol/m²/s is 0.19 L for each mol).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..farm.nodes import Circuit
from ..recipes.model import ShotTrigger
from . import steering, transpiration
from .draft import Draft
from .light import ppfd_now

#: The light of a level is looked at this often (s): how it changes is not foreseen.
_LOOK_S = 300.0


@dataclass(frozen=True, slots=True)
class Due:
    """A shot is due; `fault`: only because none came for too long."""

    fault: bool = False


def usable(d: Draft, circuit: Circuit, level: str, plan: ShotTrigger) -> bool:
    """Whether what triggers shots is known; else the recipe's schedule is followed."""
    if plan.moisture_below_pct is not None:
        return steering.moisture(d, circuit) is not None
    if plan.transpiration_l_m2 is not None and transpiration.known(d, circuit):
        return True
    return plan.light_mol_m2 is not None and light_mol(d, level) is not None


def by_light(d: Draft, circuit: Circuit, level: str, plan: ShotTrigger) -> bool:
    """Whether the light stands in for the water that plants took, which is not known."""
    if plan.transpiration_l_m2 is None or transpiration.known(d, circuit):
        return False
    return usable(d, circuit, level, plan)


def light_mol(d: Draft, level: str) -> float | None:
    """The light since lights-on, mol/m²; None where it is neither measured nor modelled."""
    state = d.level(level)
    if state.dli_at is None or state.light_day is None:
        return None
    if not state.lit:
        return state.dli
    ppfd, _ = ppfd_now(d, d.farm.level[level])
    return state.dli + ppfd * max(0.0, d.now.farm - state.dli_at) * 1e-6


def shot_begins(d: Draft, circuit: Circuit) -> None:
    """Remember the light at a shot, where light brings them, and count water from here."""
    transpiration.shot_begins(d, circuit)
    for level in circuit.levels:
        for batch in d.growing(level):
            plan = d.phase(batch).irrigation.get(circuit.method)
            if plan is not None and plan.trigger is not None:
                state = d.circuit(circuit.id)
                d.circuits.set(circuit.id, replace(state, light_at=light_mol(d, level)))
                return


def since_shot_mol(d: Draft, circuit: Circuit, level: str) -> float | None:
    """The light since the last shot of the light day, mol/m²."""
    light, day, state = light_mol(d, level), d.level(level).light_day, d.circuit(circuit.id)
    if light is None or day is None:
        return None
    if state.last_shot_at is None or state.last_shot_at < day.start_s or state.light_at is None:
        return light
    return max(0.0, light - state.light_at)


def due(d: Draft, circuit: Circuit, level: str, plan: ShotTrigger) -> Due | None:
    """The shot that is due now, if any."""
    day, state, now = d.level(level).light_day, d.circuit(circuit.id), d.now.farm
    if day is None or not day.start_s <= now < day.end_s:
        return None
    if state.shots_today >= plan.max_shots_per_day:
        return None
    last = state.last_shot_at
    if last is not None and now < last + plan.min_interval_min * 60:
        return None
    if plan.moisture_below_pct is not None:
        vwc = steering.moisture(d, circuit)
        if vwc is not None and vwc < plan.moisture_below_pct:
            return Due()
    elif plan.transpiration_l_m2 is not None and transpiration.known(d, circuit):
        if transpiration.since_shot_l_m2(d, circuit) >= plan.transpiration_l_m2:
            return Due()
    elif plan.light_mol_m2 is not None:
        light = since_shot_mol(d, circuit, level)
        if light is not None and light >= plan.light_mol_m2:
            return Due()
    if now >= max(last or 0.0, day.start_s) + steering.WATCHDOG_S:
        return Due(fault=True)
    return None


def look_at(d: Draft, circuit: Circuit, level: str, plan: ShotTrigger) -> float | None:
    """When a triggered circuit has to be looked at again."""
    day, state, now = d.level(level).light_day, d.circuit(circuit.id), d.now.farm
    if day is None:
        return None
    last = state.last_shot_at
    times = [day.start_s, day.end_s, day.next_start_s]
    times.append(max(last or 0.0, day.start_s) + steering.WATCHDOG_S)
    if last is not None:
        times.append(last + plan.min_interval_min * 60)
    if plan.transpiration_l_m2 is not None:
        times += transpiration.look_at(d, circuit, plan.transpiration_l_m2)
    if plan.light_mol_m2 is not None and day.start_s <= now < day.end_s:
        times.append(now + _LOOK_S)
    return min((t for t in times if t > now), default=None)
