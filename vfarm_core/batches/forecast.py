"""When a batch will be ready and what it will weigh, each as an interval.

The date: thermal time and light that plants did not get have to come later, at the pace of the
recipe's last phase; what they lack most decides. The weight: what the recipe lets expect, times
what the growth model makes of the light received (van Henten's model where the crop has its
parameters, else expolinear growth), moved towards what this farm harvested before.

The farm's own harvests are shrunk to the recipe's expectation: with the spread of the expectation
(tau) and from batch to batch (sigma), n harvests have the weight n·tau²/(n·tau² + sigma²), the
posterior mean of a normal mean (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.5), here
of the logarithm of the yield. Widths by progress are those of `science.growth` (confidence D).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from ..recipes.model import ClimateQuantity, GrowthModel, Phase, PhaseKind, Recipe
from ..science import crop
from ..science.growth import (
    DRY_MATTER_PRIOR,
    LUE_INCIDENT_PRIOR,
    Interval,
    expolinear_mass_g_m2,
    harvest_uncertainty_days,
    thermal_time_c_d,
    yield_uncertainty,
)
from .lifecycle import DAY_S, BatchError
from .model import Batch, Light
from .progress import Progress, progress

#: Limits of an interval are so many standard deviations from its middle: about 95 % lie within.
_SIGMAS = 2.0
#: Phases that live on the seed.
_ON_RESERVES = frozenset({PhaseKind.GERMINATION, PhaseKind.BLACKOUT})
#: Outdoor air, ppm, where a recipe names no CO2, and °C where it names no temperature (D).
_AMBIENT_PPM = 420.0
_ROOM_C = 22.0
#: A seedling at emergence, g of dry mass, where a recipe names none (D).
_EMERGED_G = 1.0e-3
#: A plant is never lighter than this, g: nothing is divided by nothing.
_LEAST_G = 1.0e-9
#: Extinction times leaf area per shoot dry mass, m²/g: 0.5 (erect) to 0.9 (planophile), and 0.025
#: to 0.05 m²/g of herbs (D).
_ABSORPTION = 0.7 * 0.035


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a batch has had beside its light, which it counts itself: thermal time above its crop's
    base temperature (°C d) since it was sown. None: not known, taken as the recipe plans it."""

    thermal_c_d: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an earlier batch of the same crop weighed: fresh mass per m² at the last spacing, and
    what was to be expected of it by its own recipe and light (both kg/m²)."""

    kg_m2: float
    expected_kg_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`ready_at` (epoch seconds) is when plants will have had what the recipe gives them; `kg` is
    what they weigh on the recipe's own date, `harvest_at`. `basis` names what the forecast rests
    on: recipe or prior, light, warmth, model, history."""

    harvest_at: float
    ready_at: Interval
    kg: Interval
    kg_m2: Interval
    basis: tuple[str, ...]


def forecast(
    batch: Batch,
    recipe: Recipe,
    now: float,
    received: Received | None = None,
    history: Sequence[Outcome] = (),
    *,
    area_m2: float | None = None,
) -> Forecast:
    """The forecast for a batch at `now`. `area_m2` is its area where the recipe names no spacing.

    Raises BatchError: recipe_mismatch, no_area, outcome.
    """
    outlook = progress(batch, recipe, now)
    had = received or Received()
    past, rest = _planned(batch, recipe, now)
    basis = ["recipe" if recipe.expected_yield is not None else "prior"]
    light = batch.light if batch.light is not None and batch.light.planned > 0 else None
    if light is not None:
        basis += ["light", "model"]
    if had.thermal_c_d is not None and past.thermal > 0:
        basis.append("warmth")
    whole = past.days + rest.days
    done = past.days / whole * recipe.total_days if whole > 0 else recipe.total_days
    scale = _scale(recipe, light, done)
    if history:
        basis.append("history")
    middle, spread = expected_kg_m2(recipe)
    shift, unsure = _learned(history, spread)
    width = sqrt(unsure**2 + (yield_uncertainty(outlook.fraction) / _SIGMAS) ** 2)
    mid = middle * scale * exp(shift)
    around = Interval(mid * exp(-_SIGMAS * width), mid, mid * exp(_SIGMAS * width))
    area = _area(batch, recipe, area_m2)
    return Forecast(
        harvest_at=outlook.expected_harvest_at,
        ready_at=_ready(batch, recipe, had, past, outlook, now),
        kg=Interval(around.low * area, around.mid * area, around.high * area),
        kg_m2=around,
        basis=tuple(basis),
    )


def expected_kg_m2(recipe: Recipe) -> tuple[float, float]:
    """What a recipe lets expect (kg/m² at the last spacing) and the standard deviation of its
    logarithm: its expected yield and what its growth model makes of its light, weighted by how sure
    each is. Where they disagree by more than that, the spread between them counts as well
    (DerSimonian & Laird 1986, Controlled Clinical Trials 7:177-188)."""
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
    density = _last_density(recipe) or 1.0
    light = _plant_light(recipe, 0.0, recipe.total_days)
    if growth.model is GrowthModel.VAN_HENTEN_1994:
        dry_g = _model_g(recipe, 1.0, 0.0, 0.0)
    else:
        dry_g = light * (growth.lue_g_mol.value if growth.lue_g_mol else LUE_INCIDENT_PRIOR.mid)
    dry = growth.dry_matter_fraction
    fresh_g = dry_g / (dry.value if dry is not None else DRY_MATTER_PRIOR.mid)
    share = growth.harvest_index.value if growth.harvest_index is not None else 1.0
    unsure = 0.0 if dry is not None else _DRY_MATTER_SPREAD
    return max(fresh_g * share * density / 1000, 1e-6), sqrt(_LUE_SPREAD**2 + unsure**2)


# -- what the recipe plans ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sum:
    days: float
    light: float
    thermal: float


def _planned(batch: Batch, recipe: Recipe, now: float) -> tuple[_Sum, _Sum]:
    """What the recipe gives until now and from now on. Phases that are over count as they were
    planned, in the time that they took."""
    end = now if batch.ended_at is None else min(now, batch.ended_at)
    over = recipe.phases[: batch.phase_index]
    planned_days = sum(p.days for p in over)
    took = max(0.0, batch.phase_started_at - batch.sown_at) / DAY_S
    stretch = took / planned_days if planned_days > 0 else 1.0
    here = recipe.phases[batch.phase_index]
    gone = min(max(0.0, end - batch.phase_started_at) / DAY_S, here.days)
    before = [(p, p.days * stretch) for p in over] + [(here, gone)]
    later = [(here, here.days - gone)]
    later += [(p, p.days) for p in recipe.phases[batch.phase_index + 1 :]]
    return _total(recipe, before), _total(recipe, later)


def _total(recipe: Recipe, spans: Sequence[tuple[Phase, float]]) -> _Sum:
    return _Sum(
        sum(days for _, days in spans),
        sum(p.light.dli * days for p, days in spans if _grows(p)),
        sum(_thermal_a_day(recipe, p) * days for p, days in spans),
    )


def _grows(phase: Phase) -> bool:
    return phase.kind not in _ON_RESERVES and not phase.is_dark


def _first_density(recipe: Recipe) -> float:
    return next((p.density_plants_m2 for p in recipe.phases if p.density_plants_m2), 1.0)


def _thermal_a_day(recipe: Recipe, phase: Phase) -> float:
    growth = recipe.growth
    if growth.base_temperature is None:
        return 0.0
    base = growth.base_temperature.value
    best = growth.optimum_temperature
    cap = max(best.value, base) if best is not None else float("inf")
    lit_s = phase.light.photoperiod_h * 3600.0
    return thermal_time_c_d(_air(phase, True)[0], lit_s, base, cap) + thermal_time_c_d(
        _air(phase, False)[0], DAY_S - lit_s, base, cap
    )


def _air(phase: Phase, day: bool) -> tuple[float, float]:
    """°C and ppm that a phase asks for."""
    temperature = phase.climate.get(ClimateQuantity.AIR_TEMPERATURE)
    co2 = phase.climate.get(ClimateQuantity.CO2)
    t = temperature.at(day) if temperature else None
    ppm = co2.at(day) if co2 and day else None
    return (_ROOM_C if t is None else t, _AMBIENT_PPM if ppm is None else ppm)


# -- the date -----------------------------------------------------------------------------------


def _ready(
    batch: Batch, recipe: Recipe, had: Received, past: _Sum, outlook: Progress, now: float
) -> Interval:
    last = recipe.phases[-1]
    late = []
    if batch.light is not None and last.light.dli > 0:
        missing = batch.light.planned - batch.light.got
        late.append(missing / last.light.dli)
    if had.thermal_c_d is not None and (pace := _thermal_a_day(recipe, last)) > 0:
        late.append((past.thermal - had.thermal_c_d) / pace)
    mid = max(now, outlook.expected_harvest_at + max(late, default=0.0) * DAY_S)
    half = harvest_uncertainty_days(outlook.fraction) * DAY_S
    return Interval(max(now, mid - half), mid, mid + half)


# -- the weight ---------------------------------------------------------------------------------


def _scale(recipe: Recipe, light: Light | None, done: float) -> float:
    """What the light received until day `done` makes of the yield, of what the planned one would.
    The days that were counted are the newest ones; those before are taken as planned."""
    if light is None or light.got == light.planned:
        return 1.0
    since = _counted_from(recipe, light.planned, done)
    share = light.got / light.planned
    # Rounded, so that the model runs once a day at most, not with every look at a batch.
    days = float(round(since)), float(round(done))
    return _model_g(recipe, round(share, 2), *days) / _model_g(recipe, 1.0, 0.0, 0.0)


def _counted_from(recipe: Recipe, planned: float, done: float) -> float:
    """The day from which a recipe plans so much light (mol/m²) until day `done`."""
    end = recipe.total_days
    for phase in reversed(recipe.phases):
        start, last = end - phase.days, min(end, done)
        if last > start and _grows(phase):
            if phase.light.dli * (last - start) >= planned:
                return last - planned / phase.light.dli
            planned -= phase.light.dli * (last - start)
        end = start
    return 0.0


def _plant_light(recipe: Recipe, since: float, until: float) -> float:
    """Light of one plant's own place, mol, from one day to another."""
    density, day, found = _first_density(recipe), 0.0, 0.0
    for phase in recipe.phases:
        density = phase.density_plants_m2 or density
        span = max(0.0, min(until, day + phase.days) - max(since, day))
        if _grows(phase):
            found += phase.light.dli * span / density
        day += phase.days
    return found


#: Masses by recipe version, share and days: a version is the hash of the recipe.
_MODEL: dict[tuple[str, float, float, float], float] = {}
_MODEL_MOST = 256


def _model_g(recipe: Recipe, share: float, since: float, until: float) -> float:
    """Shoot dry mass of one plant (g) at the end of a recipe, when its light from day `since` to
    day `until` was `share` of the recipe's. Remembers."""
    key = (recipe.version, share, since, until)
    found = _MODEL.get(key)
    if found is None:
        if len(_MODEL) >= _MODEL_MOST:
            _MODEL.clear()
        model = _lettuce_g if recipe.growth.model is GrowthModel.VAN_HENTEN_1994 else _light_use_g
        found = _MODEL[key] = max(model(recipe, share, since, until), _LEAST_G)
    return found


def _light_use_g(recipe: Recipe, share: float, since: float, until: float) -> float:
    """The same by expolinear growth, whose efficiency is such that a cycle that follows the recipe
    has the recipe's: light that lacks early is missed longer than light that lacks late."""
    lue = recipe.growth.lue_g_mol.value if recipe.growth.lue_g_mol else LUE_INCIDENT_PRIOR.mid
    wanted = _start_g(recipe) + lue * _plant_light(recipe, 0.0, recipe.total_days)
    low, high = 0.01, 5.0
    for _ in range(30):
        middle = (low + high) / 2
        if _expolinear_g(recipe, middle, 1.0, 0.0, 0.0) < wanted:
            low = middle
        else:
            high = middle
    return _expolinear_g(recipe, (low + high) / 2, share, since, until)


def _expolinear_g(recipe: Recipe, lue: float, share: float, since: float, until: float) -> float:
    mass, density, day = _start_g(recipe), _first_density(recipe), 0.0
    for phase in recipe.phases:
        density = phase.density_plants_m2 or density
        end = day + phase.days
        if _grows(phase):
            lacking = max(0.0, min(until, end) - max(since, day))
            before = max(0.0, min(since, end) - day)
            for span, part in ((before, 1.0), (lacking, share), (phase.days, 1.0)):
                span = min(span, end - day)
                light = phase.light.dli * span * part
                mass = expolinear_mass_g_m2(mass * density, light, lue, _ABSORPTION) / density
                day += span
        day = end
    return mass


def _start_g(recipe: Recipe) -> float:
    known = recipe.growth.start_dry_mass_g
    return known.value if known is not None else _EMERGED_G


def _lettuce_g(recipe: Recipe, share: float, since: float, until: float) -> float:
    """The same by van Henten's model of lettuce."""
    seedling = crop.start_state(_start_g(recipe) / (1 - crop.LETTUCE.c_tau))
    density = _first_density(recipe)
    state = crop.LettuceState(seedling.x_nsdw * density, seedling.x_sdw * density)
    day = 0.0
    for phase in recipe.phases:
        if phase.density_plants_m2 and phase.density_plants_m2 != density:
            state = crop.respaced(state, density, phase.density_plants_m2)
            density = phase.density_plants_m2
        left = phase.days
        while left > 0 and _grows(phase):
            span = min(1.0, left)
            lit = phase.light.photoperiod_h / 24.0 * span * DAY_S
            par = phase.light.ppfd * crop.TALBOT_PAR_J_UMOL
            par *= share if since <= day + phase.days - left < until else 1.0
            t, ppm = _air(phase, True)
            state = crop.advance(state, par, ppm, t, lit)
            t, ppm = _air(phase, False)
            state = crop.advance(state, 0.0, ppm, t, span * DAY_S - lit)
            left -= span
        day += phase.days
    return crop.shoot_dry_mass_g_m2(state) / density


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


def outcome_of(batch: Batch, recipe: Recipe) -> Outcome | None:
    """What a batch that has ended tells of the next one; None where nobody weighed it, where its
    plants grew again, or where its plants have no spacing."""
    density = _last_density(recipe)
    plants = sum(cut.plants for cut in batch.cuts)
    kg = batch.harvested_kg
    if batch.harvest is None or not density or plants <= 0 or kg <= 0 or batch.regrown:
        return None
    if any(cut.kg is None for cut in batch.cuts):
        return None
    light = batch.light if batch.light is not None and batch.light.planned > 0 else None
    expected = expected_kg_m2(recipe)[0] * max(_scale(recipe, light, recipe.total_days), 1e-3)
    return Outcome(kg_m2=kg / plants * density, expected_kg_m2=expected)


def _last_density(recipe: Recipe) -> float:
    return next((p.density_plants_m2 for p in reversed(recipe.phases) if p.density_plants_m2), 0.0)


def _area(batch: Batch, recipe: Recipe, area_m2: float | None) -> float:
    density = _last_density(recipe)
    if density:
        return batch.plants / density
    if area_m2 is None:
        raise BatchError("no_area", {"batch": batch.title})
    return area_m2
