"""When a batch will be ready and what it will weigh, each as an interval.

The date: thermal time and light that plants did not get have to come later, at the pace of the
recipe's last phase; what they lack most decides. The weight: what the recipe lets expect, times
what the growth model makes of the light received (van Henten's model where the crop has its
parameters, which knows the warmth too, else expolinear growth), moved towards what this farm
harvested before. Of a crop that is cut again it is the weight of one cut.

The farm's own harvests are shrunk to the recipe's expectation: with the spread of the expectation
(tau) and from batch to batch (sigma), n harvests have the weight n·tau²/(n·tau² + sigma²), the
posterior mean of a normal mean (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.5), here
of the logarithm of the yield. Widths by progress are those of `science.growth` (confidence D).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import exp, log, sqrt

from ..recipes.model import GrowthModel, Recipe
from ..science.growth import (
    DRY_MATTER_PRIOR,
    LUE_INCIDENT_PRIOR,
    Interval,
    harvest_uncertainty_days,
    yield_uncertainty,
)
from .course import (
    course,
    cuts_of,
    day_of_course,
    grows,
    is_cut_again,
    last_density,
    thermal_a_day,
)
from .lifecycle import DAY_S, BatchError
from .mass import AS_PLANNED, Apart, lue_g_mol, plant_light_mol, shoot_dry_g
from .model import Batch, Cut, Light, Warmth
from .progress import Progress, progress

#: Limits of an interval are so many standard deviations from its middle: about 95 % lie within.
_SIGMAS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an earlier harvest of the same crop weighed: fresh mass per m² at the last spacing, and
    what was to be expected of it by its own recipe and light (both kg/m²)."""

    kg_m2: float
    expected_kg_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`ready_at` (epoch seconds) is when plants will have had what the recipe gives them; `kg` is
    what they weigh on the recipe's own date, `harvest_at`: all of them, or what one cut takes of
    plants that grow again. `basis` names what the forecast rests on: recipe or prior, light,
    warmth, model, history."""

    harvest_at: float
    ready_at: Interval
    kg: Interval
    kg_m2: Interval
    basis: tuple[str, ...]


def forecast(
    batch: Batch,
    recipe: Recipe,
    now: float,
    history: Sequence[Outcome] = (),
    *,
    area_m2: float | None = None,
    outlook: Progress | None = None,
    learned: tuple[float, float] | None = None,
) -> Forecast:
    """The forecast for a batch at `now`. `area_m2` is its area where the recipe names no spacing.
    Who has them already gives its progress at `now` and what is `learned_kg_m2` of the history:
    the same for all batches of a recipe.

    Raises BatchError: recipe_mismatch, no_area, outcome.
    """
    outlook = outlook or progress(batch, recipe, now)
    light, warmth = _counted(batch)
    basis = ["recipe" if recipe.expected_yield is not None else "prior"]
    if light is not None:
        basis.append("light")
    if warmth is not None:
        basis.append("warmth")
    regrown = cuts_of(batch, recipe)
    if light is not None or _feels(recipe, warmth) or (regrown and is_cut_again(recipe)):
        basis.append("model")
    area = _area(batch, recipe, area_m2)
    # The newest cut says most: it was of these very plants, and next to the one that comes.
    own = _own_cuts(batch, recipe, area)[-1:]
    if history or own:
        basis.append("history")
    fraction = _fraction(batch, recipe, outlook, now)
    if learned is None or own:
        learned = learned_kg_m2(recipe, (*history, *own))
    middle, unsure = learned
    width = sqrt(unsure**2 + (yield_uncertainty(fraction) / _SIGMAS) ** 2)
    mid = middle * _scale(recipe, regrown, light, warmth, day_of_course(batch, recipe, now))
    around = Interval(mid * exp(-_SIGMAS * width), mid, mid * exp(_SIGMAS * width))
    return Forecast(
        harvest_at=outlook.expected_harvest_at,
        ready_at=_ready(recipe, light, warmth, outlook, fraction, now),
        kg=Interval(around.low * area, around.mid * area, around.high * area),
        kg_m2=around,
        basis=tuple(basis),
    )


def _counted(batch: Batch) -> tuple[Light | None, Warmth | None]:
    """What was counted of a batch's light and warmth, if anything."""
    light, warmth = batch.light, batch.warmth
    return (
        light if light is not None and light.planned > 0 else None,
        warmth if warmth is not None and warmth.planned_c_d > 0 else None,
    )


def _fraction(batch: Batch, recipe: Recipe, outlook: Progress, now: float) -> float:
    """How far a batch is, 0…1: since its last cut, where it was cut."""
    if not cuts_of(batch, recipe):
        return outlook.fraction
    until = now if batch.ended_at is None else min(now, batch.ended_at)
    cut_at = max((cut.at for cut in batch.cuts), default=batch.phase_started_at)
    whole = outlook.expected_harvest_at - cut_at
    return min(1.0, max(0.0, until - cut_at) / whole) if whole > 0 else 1.0


# -- what is to be expected ---------------------------------------------------------------------


def expected_kg_m2(recipe: Recipe) -> tuple[float, float]:
    """What a recipe lets expect (kg/m² at the last spacing; of one cut, where plants are cut again)
    and the standard deviation of its logarithm: its expected yield and what its growth model makes
    of its light, weighted by how sure each is. Where they disagree by more than that, the spread
    between them counts as well (DerSimonian & Laird 1986, Controlled Clinical Trials 7:177-188)."""
    middle, spread = _by_light(recipe)
    known = recipe.expected_yield_kg_m2
    if known is None or known[0] <= 0:
        return middle, spread
    # The limits of an expected yield are taken as those of 95 %.
    said, sure = sqrt(known[0] * known[1]), log(known[1] / known[0]) / (2 * _SIGMAS)
    apart = (log(said / middle) ** 2 - spread**2 - sure**2) / 2
    weights = [1.0 / (x**2 + max(0.0, apart)) for x in (sure, spread)]
    mean = (weights[0] * log(said) + weights[1] * log(middle)) / sum(weights)
    return exp(mean), 1.0 / sqrt(sum(weights))


#: How sure a light use efficiency is, as the standard deviation of its logarithm: the range of
#: indoor leafy crops is taken as 95 % (`science.growth`, confidence D).
_LUE_SPREAD = log(LUE_INCIDENT_PRIOR.high / LUE_INCIDENT_PRIOR.low) / (2 * _SIGMAS)
_DRY_MATTER_SPREAD = log(DRY_MATTER_PRIOR.high / DRY_MATTER_PRIOR.low) / (2 * _SIGMAS)


def _by_light(recipe: Recipe) -> tuple[float, float]:
    growth = recipe.growth
    density = last_density(recipe) or 1.0
    if growth.model is GrowthModel.VAN_HENTEN_1994:
        dry_g = shoot_dry_g(recipe)
    else:
        dry_g = plant_light_mol(recipe) * lue_g_mol(recipe)
    dry = growth.dry_matter_fraction
    fresh_g = dry_g / (dry.value if dry is not None else DRY_MATTER_PRIOR.mid)
    share = growth.harvest_index.value if growth.harvest_index is not None else 1.0
    if recipe.regrowth is not None and recipe.regrowth.share is not None:
        share *= recipe.regrowth.share
    unsure = 0.0 if dry is not None else _DRY_MATTER_SPREAD
    return max(fresh_g * share * density / 1000, 1e-6), sqrt(_LUE_SPREAD**2 + unsure**2)


# -- the date -----------------------------------------------------------------------------------


def _ready(
    recipe: Recipe,
    light: Light | None,
    warmth: Warmth | None,
    outlook: Progress,
    fraction: float,
    now: float,
) -> Interval:
    last = recipe.phases[-1]
    late = []
    if light is not None and last.light.dli > 0:
        late.append((light.planned - light.got) / last.light.dli)
    if warmth is not None and (pace := thermal_a_day(recipe, last)) > 0:
        late.append((warmth.planned_c_d - warmth.got_c_d) / pace)
    mid = max(now, outlook.expected_harvest_at + max(late, default=0.0) * DAY_S)
    half = harvest_uncertainty_days(fraction) * DAY_S
    return Interval(max(now, mid - half), mid, mid + half)


# -- the weight ---------------------------------------------------------------------------------


def _feels(recipe: Recipe, warmth: Warmth | None) -> bool:
    """Whether the growth model of a crop knows what warmth does to its weight."""
    return warmth is not None and recipe.growth.model is GrowthModel.VAN_HENTEN_1994


def _scale(
    recipe: Recipe, regrown: int, light: Light | None, warmth: Warmth | None, done: float
) -> float:
    """What the light and warmth received until day `done` make of the yield, and how often plants
    were cut before, of what the planned ones would at the first harvest. The days that were counted
    are the newest ones; those before are taken as planned."""
    if regrown and not is_cut_again(recipe):
        # Nobody knows what a cut leaves: the next one is taken for like the first.
        return 1.0
    # Rounded, so that the model runs once a day at most, not with every look at a batch.
    today = float(round(done))
    share, since, warmer, warm_since = 1.0, 0.0, 0.0, 0.0
    if light is not None and light.got != light.planned:
        share = round(light.got / light.planned, 2)
        since = float(round(_counted_from(recipe, regrown, light.planned, done)))
    if warmth is not None and _feels(recipe, warmth):
        warmer = round((warmth.got_c_d - warmth.planned_c_d) / warmth.days * 2) / 2
        warm_since = float(round(max(0.0, done - warmth.days)))
    apart = AS_PLANNED
    if share != 1.0 or warmer != 0.0:
        apart = Apart(share, since, today, warmer, warm_since)
    return shoot_dry_g(recipe, regrown, apart) / shoot_dry_g(recipe)


def _counted_from(recipe: Recipe, regrown: int, planned: float, done: float) -> float:
    """The day from which a recipe plans so much light (mol/m²) until day `done`."""
    spans = course(recipe, regrown)
    end = sum(span.days for span in spans)
    for span in reversed(spans):
        phase = span.phase
        start, last = end - span.days, min(end, done)
        if last > start and grows(phase):
            if phase.light.dli * (last - start) >= planned:
                return last - planned / phase.light.dli
            planned -= phase.light.dli * (last - start)
        end = start
    return 0.0


# -- what was harvested before ------------------------------------------------------------------


def learned_kg_m2(recipe: Recipe, history: Sequence[Outcome]) -> tuple[float, float]:
    """What is to be expected of a recipe on a farm with this history, kg/m², and the standard
    deviation of its logarithm. Raises BatchError: outcome."""
    middle, spread = expected_kg_m2(recipe)
    shift, unsure = _learned(history, spread)
    return middle * exp(shift), unsure


def _learned(history: Sequence[Outcome], tau: float) -> tuple[float, float]:
    """How far the logarithm of the yield lies from what was to be expected, and how unsure that is,
    by the farm's own harvests shrunk to the expectation."""
    if not history:
        return 0.0, tau
    for outcome in history:
        if not (outcome.kg_m2 > 0 and outcome.expected_kg_m2 > 0):
            raise BatchError("outcome", {"kg_m2": outcome.kg_m2})
    ratios = [log(outcome.kg_m2 / outcome.expected_kg_m2) for outcome in history]
    n, mean = len(ratios), sum(ratios) / len(ratios)
    sigma = yield_uncertainty(1.0) / _SIGMAS
    if n > 2:
        sigma = max(sigma, sqrt(sum((r - mean) ** 2 for r in ratios) / (n - 1)))
    weight = n * tau**2 / (n * tau**2 + sigma**2) if tau > 0 else 0.0
    return weight * mean, tau * sqrt(1.0 - weight)


def _cuts(batch: Batch) -> tuple[Cut, ...]:
    """The cuts after which plants grew again, in their order."""
    return tuple(cut for cut in batch.cuts if cut.plants == 0 and not cut.last)


def _own_cuts(batch: Batch, recipe: Recipe, area_m2: float) -> tuple[Outcome, ...]:
    """What the cuts of a batch tell of its next one, each against what was to be expected of it."""
    if not cuts_of(batch, recipe) or area_m2 <= 0:
        return ()
    middle = expected_kg_m2(recipe)[0]
    return tuple(
        Outcome(
            kg_m2=cut.kg / area_m2, expected_kg_m2=middle * _scale(recipe, index, None, None, 0.0)
        )
        for index, cut in enumerate(_cuts(batch))
        if cut.kg
    )


#: A forecast learns from so many of the newest harvests of a recipe (design choice): older ones say
#: little of how the farm grows now.
_OUTCOMES = 50


def outcomes_of(
    batches: Iterable[Batch], recipes: Mapping[str, Recipe], recipe_id: str
) -> tuple[Outcome, ...]:
    """What the newest harvests of a recipe tell, in whatever version (`recipes` by version)."""
    ended = (b for b in batches if b.harvest is not None and b.recipe_id == recipe_id)
    newest = nlargest(_OUTCOMES, ended, key=lambda b: b.harvest.at if b.harvest else 0.0)
    return tuple(
        found
        for batch in newest
        if (known := recipes.get(batch.recipe_version)) is not None
        and (found := outcome_of(batch, known)) is not None
    )


def outcome_of(batch: Batch, recipe: Recipe) -> Outcome | None:
    """What a batch that has ended tells of the next one; None where nobody weighed it or where its
    plants have no spacing. Of one that was cut it is the mean of its cuts."""
    density = last_density(recipe)
    if batch.harvest is None or not density:
        return None
    if batch.regrown:
        cuts = _own_cuts(batch, recipe, batch.plants / density)
        if not cuts:
            return None
        return Outcome(
            kg_m2=sum(x.kg_m2 for x in cuts) / len(cuts),
            expected_kg_m2=sum(x.expected_kg_m2 for x in cuts) / len(cuts),
        )
    plants = sum(cut.plants for cut in batch.cuts)
    kg = batch.harvested_kg
    if plants <= 0 or kg <= 0 or any(cut.kg is None for cut in batch.cuts):
        return None
    light, warmth = _counted(batch)
    scale = _scale(recipe, 0, light, warmth, recipe.total_days)
    expected = expected_kg_m2(recipe)[0] * max(scale, 1e-3)
    if recipe.regrowth is not None and recipe.regrowth.share is not None:
        # What is expected is one cut; these were taken whole.
        expected /= recipe.regrowth.share
    return Outcome(kg_m2=kg / plants * density, expected_kg_m2=expected)


def _area(batch: Batch, recipe: Recipe, area_m2: float | None) -> float:
    density = last_density(recipe)
    if density:
        return batch.plants / density
    if area_m2 is None:
        raise BatchError("no_area", {"batch": batch.title})
    return area_m2
