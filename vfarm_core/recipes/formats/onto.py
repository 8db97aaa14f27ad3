"""What another form says of a recipe, put onto a recipe of ours.

No other form holds all that vfarm needs: limits, irrigation, growth, and where each value comes
from. So it is read onto a base, which gives what the form does not say; every value that the form
does say gets the form as its source, and what had to be left or changed is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..model import (
    OPEN,
    ClimateQuantity,
    LightPlan,
    Phase,
    Provenance,
    Recipe,
    Regrowth,
    Setpoint,
    SolutionQuantity,
)
from ..version import content_hash
from .notes import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseValues:
    """What a form says of one phase; what it does not say is None or missing. Climate and solution
    are (day, night)."""

    name: str
    days: float | None = None
    photoperiod_h: float | None = None
    ppfd: float | None = None
    density_plants_m2: float | None = None
    climate: Mapping[ClimateQuantity, tuple[float | None, float | None]] = field(
        default_factory=dict
    )
    solution: Mapping[SolutionQuantity, tuple[float | None, float | None]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A recipe that was read from another form, and what a person should know of it."""

    recipe: Recipe
    remarks: tuple[Note, ...] = ()


def slug(text: str) -> str:
    """A name of ours made of a name of theirs."""
    found = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return (found if found[:1].isalpha() else f"p_{found}".rstrip("_"))[:64]


def free_source(base: Recipe, name: str) -> str:
    """A name for a source that the base does not use: its own values keep theirs."""
    number, found = 1, name
    while found in base.sources:
        number += 1
        found = f"{name}_{number}"
    return found


def put_onto(
    base: Recipe,
    phases: Sequence[PhaseValues],
    *,
    source: str,
    text: str,
    id: str,
    title: str,
    cultivar: str | None = None,
    confidence: str = "C",
) -> Imported:
    """`base` with what a form says, as a recipe of its own whose parent it is.

    `source` and `text` are how the form is cited. A phase goes onto the base's of the same name,
    else onto the one as far from the end: the last onto the last, for what is grown out is what
    every recipe has.
    """
    source = free_source(base, source)
    origin = Provenance(source=source, confidence=confidence)
    by_name = {phase.name: phase for phase in base.phases}
    remarks: list[Note] = []
    made: list[Phase] = []
    for index, values in enumerate(phases):
        place = max(0, len(base.phases) - len(phases) + index)
        under = by_name.get(values.name) or base.phases[place]
        if under.name != values.name:
            said = {"phase": values.name, "under": under.name}
            remarks.append(Note(code="from_base", params=said))
        made.append(_phase(under, values, origin, remarks))
    recipe = replace(
        base,
        id=id,
        title=title,
        cultivar=cultivar or base.cultivar,
        phases=tuple(made),
        sources={**base.sources, source: text},
        summary="",
        expected_yield=None,
        regrowth=None if base.regrowth is None else _kept(base, made, remarks),
        parent=base.version,
        changelog=(f"Read from: {text}",),
    )
    if base.expected_yield is not None:
        remarks.append(Note(code="yield_left_out", params={"name": base.id}))
    return Imported(recipe=replace(recipe, version=content_hash(recipe)), remarks=tuple(remarks))


def _kept(base: Recipe, phases: Sequence[Phase], remarks: list[Note]) -> Regrowth | None:
    if base.regrowth is not None and any(p.name == base.regrowth.phase for p in phases):
        return base.regrowth
    remarks.append(Note(code="regrowth_left_out"))
    return None


def _phase(under: Phase, values: PhaseValues, origin: Provenance, remarks: list[Note]) -> Phase:
    days = under.days if values.days is None else values.days
    ends = under.exit
    if ends is not None and not ends.min_days <= days <= ends.max_days:
        out: dict[str, float | str] = {"phase": values.name, "days": days}
        remarks.append(Note(code="exit_left_out", params=out))
        ends = None
    density = values.density_plants_m2
    light = _light(under.light, values, origin)
    climate = _setpoints(under.climate, values.climate, origin, values.name, remarks)
    if light.photoperiod_h <= 0 and climate.pop(ClimateQuantity.CO2, None) is not None:
        remarks.append(Note(code="co2_left_out", params={"phase": values.name}))
    irrigation = dict(under.irrigation)
    for method, plan in under.irrigation.items():
        if plan.continuous or plan.cycle is not None:
            continue
        dark_h = 24.0 - light.photoperiod_h
        fits = (
            plan.events_per_day * plan.duration_s <= light.photoperiod_h * 3600
            and plan.night_events * plan.duration_s <= dark_h * 3600
        )
        if not fits:
            del irrigation[method]
            what = {"phase": values.name, "method": method.value}
            remarks.append(Note(code="method_left_out", params=what))
    return replace(
        under,
        name=values.name,
        days=days,
        density_plants_m2=under.density_plants_m2 if density is None else density,
        provenance=under.provenance if values.days is None else origin,
        light=light,
        climate=climate,
        solution=_setpoints(under.solution, values.solution, origin, values.name, remarks),
        irrigation=irrigation,
        exit=ends,
    )


def _light(under: LightPlan, values: PhaseValues, origin: Provenance) -> LightPlan:
    if values.photoperiod_h is None and values.ppfd is None:
        return under
    hours = under.photoperiod_h if values.photoperiod_h is None else values.photoperiod_h
    ppfd = under.ppfd if values.ppfd is None else values.ppfd
    if hours <= 0 or ppfd <= 0:
        return LightPlan(
            photoperiod_h=0.0,
            ppfd=0.0,
            dli=0.0,
            ppfd_max=0.0,
            dli_max=0.0,
            ramp_min=0.0,
            provenance=origin,
        )
    same = hours == under.photoperiod_h and ppfd == under.ppfd
    dli = under.dli if same else ppfd * hours * 0.0036
    return replace(
        under,
        photoperiod_h=hours,
        ppfd=ppfd,
        dli=dli,
        ppfd_max=max(under.ppfd_max, ppfd),
        dli_max=max(under.dli_max, dli),
        ramp_min=min(under.ramp_min, hours * 30),
        far_red=None if hours >= 24 else under.far_red,
        shift=under.shift if hours == under.photoperiod_h else None,
        provenance=origin,
    )


def _setpoints[Q: (ClimateQuantity, SolutionQuantity)](
    under: Mapping[Q, Setpoint],
    given: Mapping[Q, tuple[float | None, float | None]],
    origin: Provenance,
    phase: str,
    remarks: list[Note],
) -> dict[Q, Setpoint]:
    found = dict(under)
    for quantity, (day, night) in given.items():
        if day is None and night is None:
            continue
        known = under.get(quantity)
        if known is None:
            found[quantity] = Setpoint(
                day=day,
                night=night,
                warning_day=OPEN,
                warning_night=OPEN,
                critical_day=OPEN,
                critical_night=OPEN,
                provenance=origin,
            )
            continue
        day = known.day if day is None else day
        night = known.night if night is None else night
        inside = all(
            value is None
            or (known.warning(when).contains(value) and known.critical(when).contains(value))
            for when, value in ((True, day), (False, night))
        )
        setpoint = replace(known, day=day, night=night, provenance=origin)
        if not inside:
            said = {"phase": phase, "quantity": quantity.value}
            remarks.append(Note(code="limits_left_out", params=said))
            setpoint = replace(
                setpoint,
                warning_day=OPEN,
                warning_night=OPEN,
                critical_day=OPEN,
                critical_night=OPEN,
            )
        found[quantity] = setpoint
    return found
