"""What the shoot of one plant weighs, by what its recipe plans and what it got of that.

Van Henten's model where the crop has its parameters, else expolinear growth; over as many cuts as
there were.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..recipes.model import GrowthModel, Recipe
from ..science import crop
from ..science.growth import LUE_INCIDENT_PRIOR, expolinear_mass_g_m2, intercepted_share
from .course import Span, air, course, first_density, grows
from .lifecycle import DAY_S

#: A seedling at emergence, g of dry mass, where a recipe names none (D).
_EMERGED_G = 1.0e-3
#: A plant is never lighter than this, g: nothing is divided by nothing.
_LEAST_G = 1.0e-9
#: Extinction of light in a canopy, 0.5 (erect) to 0.9 (planophile), and leaf area per shoot dry
#: mass, 0.025 to 0.05 m²/g of herbs (D).
_EXTINCTION = 0.7
_LEAF_AREA_M2_G = 0.035
_ABSORPTION = _EXTINCTION * _LEAF_AREA_M2_G
#: Nothing is seen through more leaves than these, m²/m².
_MOST_LAI = 50.0


@dataclass(frozen=True, slots=True)
class Apart:
    """How conditions were apart from the recipe's: the light from day `since` to day `until` was
    `light_share` of its, and the air from day `warm_since` to day `until` by `warmer_k` warmer."""

    light_share: float = 1.0
    since: float = 0.0
    until: float = 0.0
    warmer_k: float = 0.0
    warm_since: float = 0.0


AS_PLANNED = Apart()

#: Masses by recipe version, cuts and conditions: a version is the hash of the recipe.
_KNOWN: dict[tuple[str, int, Apart], float] = {}
_KNOWN_MOST = 512
#: Covers by recipe version, cuts, phase, days of it and light.
_COVERS: dict[tuple[str, int, int, float, float], float] = {}


def shoot_dry_g(recipe: Recipe, regrown: int = 0, apart: Apart = AS_PLANNED) -> float:
    """Shoot dry mass of one plant (g) at the harvest that follows `regrown` cuts. Remembers."""
    key = (recipe.version, regrown, apart)
    found = _KNOWN.get(key)
    if found is None:
        if len(_KNOWN) >= _KNOWN_MOST:
            _KNOWN.clear()
        model = _lettuce_g if recipe.growth.model is GrowthModel.VAN_HENTEN_1994 else _light_use_g
        found = _KNOWN[key] = max(model(recipe, course(recipe, regrown), apart), _LEAST_G)
    return found


def canopy_cover(
    recipe: Recipe, regrown: int, index: int, days: float, light_share: float = 1.0
) -> float:
    """Share of their place that leaves cover, 0…1, when phase `index` of the course after `regrown`
    cuts has lasted `days`, and plants had so much of the recipe's light until then: what leaves let
    through of light from above (Monsi & Saeki 1953). The leaf area of crops but lettuce is that of
    herbs (D). Remembers.
    """
    key = (recipe.version, regrown, index, days, light_share)
    found = _COVERS.get(key)
    if found is None:
        if len(_COVERS) >= _KNOWN_MOST:
            _COVERS.clear()
        planned = course(recipe, regrown)
        here = Span(planned[index].phase, days, planned[index].cut)
        found = _COVERS[key] = _cover(recipe, (*planned[:index], here), light_share)
    return found


def _cover(recipe: Recipe, spans: tuple[Span, ...], light_share: float) -> float:
    if not any(grows(span.phase) for span in spans):
        return 0.0
    apart = Apart(light_share=light_share, until=sum(span.days for span in spans))
    if recipe.growth.model is GrowthModel.VAN_HENTEN_1994:
        area = crop.leaf_area_index(_lettuce(recipe, spans, apart)[0])
        return intercepted_share(min(area, _MOST_LAI), crop.LETTUCE.c_k)
    density = first_density(recipe)
    for span in spans:
        density = span.phase.density_plants_m2 or density
    area = _light_use_g(recipe, spans, apart) * density * _LEAF_AREA_M2_G
    return intercepted_share(min(area, _MOST_LAI), _EXTINCTION)


def plant_light_mol(recipe: Recipe) -> float:
    """Light of one plant's own place from sowing to the first harvest, mol."""
    density, found = first_density(recipe), 0.0
    for phase in recipe.phases:
        density = phase.density_plants_m2 or density
        if grows(phase):
            found += phase.light.dli * phase.days / density
    return found


def lue_g_mol(recipe: Recipe) -> float:
    """Shoot dry mass per mol that falls on a plant's own place, over a whole cycle."""
    known = recipe.growth.lue_g_mol
    return known.value if known is not None else LUE_INCIDENT_PRIOR.mid


def _start_g(recipe: Recipe) -> float:
    known = recipe.growth.start_dry_mass_g
    return known.value if known is not None else _EMERGED_G


def _light_use_g(recipe: Recipe, spans: tuple[Span, ...], apart: Apart) -> float:
    """By expolinear growth, whose efficiency is such that a cycle that follows the recipe has the
    recipe's: light that lacks early is missed longer than light that lacks late."""
    wanted = _start_g(recipe) + lue_g_mol(recipe) * plant_light_mol(recipe)
    first = course(recipe)
    low, high = 0.01, 5.0
    for _ in range(30):
        middle = (low + high) / 2
        if _expolinear_g(recipe, first, middle, AS_PLANNED) < wanted:
            low = middle
        else:
            high = middle
    return _expolinear_g(recipe, spans, (low + high) / 2, apart)


def _expolinear_g(recipe: Recipe, spans: tuple[Span, ...], lue: float, apart: Apart) -> float:
    mass, density, day = _start_g(recipe), first_density(recipe), 0.0
    for step in spans:
        phase = step.phase
        mass *= 1.0 - step.cut
        density = phase.density_plants_m2 or density
        end = day + step.days
        if grows(phase):
            lacking = max(0.0, min(apart.until, end) - max(apart.since, day))
            before = max(0.0, min(apart.since, end) - day)
            for span, part in ((before, 1.0), (lacking, apart.light_share), (step.days, 1.0)):
                span = min(span, end - day)
                light = phase.light.dli * span * part
                mass = expolinear_mass_g_m2(mass * density, light, lue, _ABSORPTION) / density
                day += span
        day = end
    return mass


def _lettuce_g(recipe: Recipe, spans: tuple[Span, ...], apart: Apart) -> float:
    """By van Henten's model of lettuce."""
    state, density = _lettuce(recipe, spans, apart)
    return crop.shoot_dry_mass_g_m2(state) / density


def _lettuce(
    recipe: Recipe, spans: tuple[Span, ...], apart: Apart
) -> tuple[crop.LettuceState, float]:
    """The state of a square metre of lettuce after these spans, and its plants."""
    seedling = crop.start_state(_start_g(recipe) / (1 - crop.LETTUCE.c_tau))
    density = first_density(recipe)
    state = crop.LettuceState(seedling.x_nsdw * density, seedling.x_sdw * density)
    day = 0.0
    for step in spans:
        phase, left = step.phase, 1.0 - step.cut
        if left < 1.0:
            state = crop.LettuceState(state.x_nsdw * left, state.x_sdw * left)
        if phase.density_plants_m2 and phase.density_plants_m2 != density:
            state = crop.respaced(state, density, phase.density_plants_m2)
            density = phase.density_plants_m2
        rest = step.days
        while rest > 0 and grows(phase):
            span, at = min(1.0, rest), day + step.days - rest
            lit = phase.light.photoperiod_h / 24.0 * span * DAY_S
            par = phase.light.ppfd * crop.TALBOT_PAR_J_UMOL
            par *= apart.light_share if apart.since <= at < apart.until else 1.0
            warmer = apart.warmer_k if apart.warm_since <= at < apart.until else 0.0
            t, ppm = air(phase, True)
            state = crop.advance(state, par, ppm, t + warmer, lit)
            t, ppm = air(phase, False)
            state = crop.advance(state, 0.0, ppm, t + warmer, span * DAY_S - lit)
            rest -= span
        day += step.days
    return state, density
