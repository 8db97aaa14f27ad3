"""What a recipe plans for a batch, phase after phase, and again after every cut."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..recipes.model import ClimateQuantity, Phase, PhaseKind, Recipe
from ..science.growth import thermal_time_c_d
from .lifecycle import DAY_S
from .model import Batch

#: Phases that live on the seed.
_ON_RESERVES = frozenset({PhaseKind.GERMINATION, PhaseKind.BLACKOUT})
#: Outdoor air, ppm, where a recipe names no CO2, and °C where it names no temperature (D).
_AMBIENT_PPM = 420.0
_ROOM_C = 22.0


@dataclass(frozen=True, slots=True)
class Span:
    """A phase for so many days; before it begins a share 0…1 of each shoot is `cut`."""

    phase: Phase
    days: float
    cut: float = 0.0


def course(recipe: Recipe, regrown: int = 0) -> tuple[Span, ...]:
    """The phases until the harvest that follows `regrown` cuts. Where the recipe does not say how
    much a cut takes it takes nothing."""
    spans = [Span(phase, phase.days) for phase in recipe.phases]
    again = recipe.regrowth
    if again is None:
        return tuple(spans)
    first = _regrows_in(recipe)
    for _ in range(regrown):
        spans.append(Span(recipe.phases[first], again.days, again.share or 0.0))
        spans += [Span(phase, phase.days) for phase in recipe.phases[first + 1 :]]
    return tuple(spans)


def cuts_of(batch: Batch, recipe: Recipe) -> int:
    """After how many cuts a batch grows again, of those that its recipe knows."""
    return 0 if recipe.regrowth is None else batch.regrown


def is_cut_again(recipe: Recipe) -> bool:
    """Whether a harvest takes a known share of plants that grow on."""
    return recipe.regrowth is not None and recipe.regrowth.share is not None


def _regrows_in(recipe: Recipe) -> int:
    assert recipe.regrowth is not None
    return next(i for i, phase in enumerate(recipe.phases) if phase.name == recipe.regrowth.phase)


def span_of(batch: Batch, recipe: Recipe) -> int:
    """The index in its course of the phase that a batch is in."""
    regrown, index = cuts_of(batch, recipe), batch.phase_index
    if not regrown:
        return index
    first = _regrows_in(recipe)
    cycle = len(recipe.phases) - first
    return len(recipe.phases) + (regrown - 1) * cycle + max(0, index - first)


def day_of_course(batch: Batch, recipe: Recipe, now: float) -> float:
    """The day of its course that a batch is in: phases that are over count as they were planned,
    in the time that they took."""
    end = now if batch.ended_at is None else min(now, batch.ended_at)
    spans, index = course(recipe, cuts_of(batch, recipe)), span_of(batch, recipe)
    over = spans[:index]
    took = max(0.0, batch.phase_started_at - batch.sown_at) / DAY_S
    here = spans[index]
    gone = min(max(0.0, end - batch.phase_started_at) / DAY_S, here.days)
    past = gone + (took if over else 0.0)
    rest = here.days - gone + sum(span.days for span in spans[index + 1 :])
    whole = sum(span.days for span in spans)
    return past / (past + rest) * whole if past + rest > 0 else whole


def grows(phase: Phase) -> bool:
    """Whether plants live on light in a phase."""
    return phase.kind not in _ON_RESERVES and not phase.is_dark


def first_density(recipe: Recipe) -> float:
    """Plants per m² at first; 1 where the recipe names none."""
    return next((p.density_plants_m2 for p in recipe.phases if p.density_plants_m2), 1.0)


def last_density(recipe: Recipe) -> float:
    """Plants per m² at last; 0 where the recipe names none."""
    return next((p.density_plants_m2 for p in reversed(recipe.phases) if p.density_plants_m2), 0.0)


def air(phase: Phase, day: bool) -> tuple[float, float]:
    """°C and ppm that a phase asks for."""
    temperature = phase.climate.get(ClimateQuantity.AIR_TEMPERATURE)
    co2 = phase.climate.get(ClimateQuantity.CO2)
    t = temperature.at(day) if temperature else None
    ppm = co2.at(day) if co2 and day else None
    return (_ROOM_C if t is None else t, _AMBIENT_PPM if ppm is None else ppm)


def thermal_limits(recipe: Recipe) -> tuple[float, float] | None:
    """The temperatures (°C) between which a crop's development is as fast as it is warm; None where
    the recipe does not know them."""
    growth = recipe.growth
    if growth.base_temperature is None:
        return None
    base, best = growth.base_temperature.value, growth.optimum_temperature
    return base, inf if best is None else max(best.value, base)


def thermal_a_day(recipe: Recipe, phase: Phase) -> float:
    """Thermal time that a day of a phase has, °C d; 0 where the crop's temperatures are unknown."""
    limits = thermal_limits(recipe)
    if limits is None:
        return 0.0
    lit_s = phase.light.photoperiod_h * 3600.0
    return thermal_time_c_d(air(phase, True)[0], lit_s, *limits) + thermal_time_c_d(
        air(phase, False)[0], DAY_S - lit_s, *limits
    )
