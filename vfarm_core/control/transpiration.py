"""The water that plants have taken since the last shot, where a recipe waters by it.

What a canopy gives to the air follows from the light, temperature and humidity it stands in
(science.md 1.7 and 4.4, Graamans' balance) and from its leaf area, which grows with the age of the
batch. It is looked at now and then; in between, and while something it needs is not known, it goes
on as it was last seen. A hole that is bridged wrongly costs one shot that comes too early or too
late: the shots of a day, their interval, the litres of a day and the longest wait hold all the
same. At night plants drink too: it counts, and the first shot of the day comes with the light.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.nodes import Circuit
from ..farm.roles import Role
from ..recipes.model import ShotTrigger
from ..science.errors import ScienceError
from . import drying, readings, virtual
from .draft import Draft
from .light import ppfd_now
from .memory import Transpired

#: Air and light are looked at this often (s) (design choice: a stand of LAI 3 takes 0.01 L/m² in
#: that time, a fiftieth of a shot).
LOOK_S = 300.0


def advance(d: Draft, circuit: Circuit, level: str, plan: ShotTrigger | None) -> None:
    """Count what was taken since the last look, and see how fast it goes now."""
    state, now = d.circuit(circuit.id), d.now.farm
    old = state.transpired
    if plan is None or plan.transpiration_l_m2 is None:
        if old is not None:
            d.circuits.set(circuit.id, replace(state, transpired=None))
        return
    if old is not None and now < old.at + LOOK_S:
        return
    rate = rate_l_m2_h(d, level)
    known = rate is not None
    if rate is None:
        rate = 0.0 if old is None else old.rate_l_m2_h
    litres = 0.0 if old is None else _litres(old, now)
    new = Transpired(litres_m2=litres, rate_l_m2_h=rate, at=now, known=known)
    d.circuits.set(circuit.id, replace(state, transpired=new))


def rate_l_m2_h(d: Draft, level: str) -> float | None:
    """What the plants of a level give to the air now, L/m²/h; None where air or light is not known.
    Dew is no water that they give back."""
    zone = d.farm.zone_of_level[level]
    temperature = readings.value(d, zone, Role.AIR_TEMPERATURE)
    humidity = readings.value(d, zone, Role.HUMIDITY)
    node = d.farm.level[level]
    ppfd, source = ppfd_now(d, node)
    if temperature is None or humidity is None:
        return None
    if source == "modelled" and not _modelled(d, level):
        return None
    try:
        return max(0.0, drying.transpiration_l_m2_h(d, node, ppfd, temperature, humidity))
    except ScienceError:
        return None  # air in which no leaf balances


def _modelled(d: Draft, level: str) -> bool:
    """Whether the lamps of a level say how much light it gets."""
    lamps = d.farm.lamps_of_level[level]
    if not lamps or d.farm.level[level].fixture is None or virtual.lamps_doubted(d, level):
        return False
    return all(d.actuator(b.id).reported is not None for b in lamps)


def known(d: Draft, circuit: Circuit) -> bool:
    """Whether what plants take was known at the last look."""
    state = d.circuit(circuit.id).transpired
    return state is not None and state.known


def since_shot_l_m2(d: Draft, circuit: Circuit) -> float:
    """What plants have taken since the last shot, L/m²."""
    state = d.circuit(circuit.id).transpired
    return 0.0 if state is None else _litres(state, d.now.farm)


def shot_begins(d: Draft, circuit: Circuit) -> None:
    """Count from here."""
    state = d.circuit(circuit.id)
    if state.transpired is not None:
        new = replace(state.transpired, litres_m2=0.0, at=d.now.farm)
        d.circuits.set(circuit.id, replace(state, transpired=new))


def look_at(d: Draft, circuit: Circuit, litres_m2: float) -> list[float]:
    """When to look again, and when so much will have been taken."""
    state = d.circuit(circuit.id).transpired
    if state is None:
        return []
    times = [state.at + LOOK_S]
    left = litres_m2 - state.litres_m2
    if state.known and state.rate_l_m2_h > 0 and left > 0:
        times.append(state.at + left / state.rate_l_m2_h * 3600)
    return times


def _litres(state: Transpired, now: float) -> float:
    return state.litres_m2 + state.rate_l_m2_h * max(0.0, now - state.at) / 3600
