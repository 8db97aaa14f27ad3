"""A crop alone, under constant conditions: no room, no devices, no controller."""

from __future__ import annotations

from dataclasses import dataclass

from ..recipes.library import load_shipped, shipped
from ..recipes.model import GrowthModel, Recipe
from ..science import crop as lettuce
from ..science.growth import advance_mass_g_m2
from .plants import (
    PAR_J_UMOL,
    dry_matter_of,
    light_use_parameters,
    start_mass_g,
    transpiration,
)

#: Start of the lettuce model where none is given: seedlings of 1.2 g fresh and 5 % dry matter,
#: roots included (Type211 of the ETS Montréal), which is 1.5 g/m² at 25 plants/m².
LETTUCE_START_G = 0.06
#: Share of it that is structural: the published trajectories start from 0.5 + 1.0 g/m²
#: (van_henten_1994_reference_trajectories.csv).
LETTUCE_STRUCTURAL_SHARE = 2.0 / 3.0
#: Which recipe a crop's name means where several know it: butterhead is what the lettuce model was
#: made for, and of tomatoes the one that is grown to its fruit.
_STANDS_FOR = {"lettuce": "lettuce_butterhead", "tomato": "tomato_dwarf"}
#: Longest step: one model step of `science.crop`; the plants' water is looked at as often.
_STEP_S = 600.0


class CropError(ValueError):
    """Conditions that cannot be simulated: `argument`, the value and what is accepted."""

    def __init__(self, argument: str, value: object, accepted: str) -> None:
        self.argument = argument
        self.value = value
        self.accepted = accepted
        super().__init__(f"{argument} is {value}; accepted: {accepted}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Constant conditions by day and night. Temperatures °C, `ppfd` µmol/m²/s for `photoperiod_h`
    of 24 h from the start of each day, `co2` ppm, `humidity` % for transpiration, `density`
    plants/m².
    """

    days: float
    temperature_day: float
    temperature_night: float
    ppfd: float
    photoperiod_h: float
    co2: float
    density: float
    humidity: float = 70.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CropReport:
    """The crop at the end, per m² of cultivated area."""

    crop: str
    model: str
    days: float
    start_dry_mass_g_m2: float
    total_dry_mass_g_m2: float
    shoot_dry_mass_g_m2: float
    fresh_mass_g_m2: float
    fresh_g_per_plant: float
    dry_matter_fraction: float
    lai: float
    dli_mol_m2_d: float
    incident_mol_m2: float
    shoot_g_per_mol: float | None
    transpiration_l_m2: float
    x_nsdw_g_m2: float | None = None
    x_sdw_g_m2: float | None = None


#: argument -> lowest, highest, unit
_RANGES = {
    "days": (0.001, 1000.0, "d"),
    "temperature_day": (0.0, 45.0, "°C"),
    "temperature_night": (0.0, 45.0, "°C"),
    "ppfd": (0.0, 2000.0, "µmol/m²/s"),
    "photoperiod_h": (0.0, 24.0, "h"),
    "co2": (0.0, 5000.0, "ppm"),
    "density": (0.1, 100000.0, "plants/m²"),
    "humidity": (1.0, 100.0, "%"),
}


def crops() -> dict[str, str]:
    """The crops that can be grown alone, by crop and by id of a shipped recipe -> that id."""
    found = {header.crop: header.id for header in shipped()}
    return found | _STANDS_FOR | {header.id: header.id for header in shipped()}


def grow_alone(
    crop: str,
    conditions: Conditions,
    *,
    start_dry_mass_g_m2: float | None = None,
    structural_share: float = LETTUCE_STRUCTURAL_SHARE,
) -> CropReport:
    """Grow a crop under constant conditions. Raises CropError.

    `start_dry_mass_g_m2` is all dry mass at the start, roots included, for lettuce
    (`structural_share` of it structural), and shoot dry mass for the other crops.
    """
    c = conditions
    for name, (low, high, unit) in _RANGES.items():
        value = getattr(c, name)
        if not low <= value <= high:
            raise CropError(name, value, f"{low:g} … {high:g} {unit}")
    known = crops()
    if crop not in known:
        raise CropError("crop", crop, ", ".join(sorted(known)))
    recipe = load_shipped(known[crop])
    if start_dry_mass_g_m2 is not None and not 0 < start_dry_mass_g_m2 <= 5000:
        raise CropError(
            "start_dry_mass_g_m2", start_dry_mass_g_m2, "more than 0, at most 5000 g/m²"
        )
    if recipe.growth.model is GrowthModel.VAN_HENTEN_1994:
        return _lettuce(crop, recipe, c, start_dry_mass_g_m2, structural_share)
    return _by_light(crop, recipe, c, start_dry_mass_g_m2)


def _spans(c: Conditions) -> list[tuple[bool, float]]:
    """Day and night in steps: lit or not, seconds."""
    spans: list[tuple[bool, float]] = []
    left = c.days * 86400
    while left > 1e-6:
        for lit, length in ((True, c.photoperiod_h * 3600), (False, (24 - c.photoperiod_h) * 3600)):
            span = min(length, left)
            left -= span
            steps = max(1, round(span / _STEP_S))
            if span > 0:
                spans += [(lit, span / steps)] * steps
    return spans


def _lettuce(
    crop: str, recipe: Recipe, c: Conditions, start: float | None, structural_share: float
) -> CropReport:
    if not 0 < structural_share <= 1:
        raise CropError("structural_share", structural_share, "more than 0, at most 1")
    total = LETTUCE_START_G * c.density if start is None else start
    state = lettuce.start_state(total, structural_share)
    photons = water = 0.0
    for lit, dt in _spans(c):
        ppfd = c.ppfd if lit else 0.0
        t = c.temperature_day if lit else c.temperature_night
        e = transpiration(ppfd, t, c.humidity, lettuce.leaf_area_index(state))
        water += e.g_s * dt / 1000
        photons += ppfd * dt * 1e-6
        state = lettuce.advance(state, ppfd * PAR_J_UMOL, c.co2, t, dt)
    return _report(
        crop,
        recipe,
        c,
        start=total,
        total=state.total_g_m2,
        shoot=lettuce.shoot_dry_mass_g_m2(state),
        start_shoot=total * (1 - lettuce.LETTUCE.c_tau),
        lai=lettuce.leaf_area_index(state),
        photons=photons,
        water=water,
        nsdw=state.x_nsdw,
        sdw=state.x_sdw,
    )


def _by_light(crop: str, recipe: Recipe, c: Conditions, start: float | None) -> CropReport:
    parameters = light_use_parameters(recipe)
    shoot = begun = start_mass_g(recipe.growth) * c.density if start is None else start
    photons = water = 0.0
    for lit, dt in _spans(c):
        ppfd = c.ppfd if lit else 0.0
        t = c.temperature_day if lit else c.temperature_night
        e = transpiration(ppfd, t, c.humidity, shoot * parameters.leaf_area_m2_g)
        water += e.g_s * dt / 1000
        photons += ppfd * dt * 1e-6
        shoot = advance_mass_g_m2(shoot, ppfd * dt * 1e-6, t, c.co2, parameters)
    return _report(
        crop,
        recipe,
        c,
        start=begun,
        total=shoot,
        shoot=shoot,
        start_shoot=begun,
        lai=shoot * parameters.leaf_area_m2_g,
        photons=photons,
        water=water,
    )


def _report(
    crop: str,
    recipe: Recipe,
    c: Conditions,
    *,
    start: float,
    total: float,
    shoot: float,
    start_shoot: float,
    lai: float,
    photons: float,
    water: float,
    nsdw: float | None = None,
    sdw: float | None = None,
) -> CropReport:
    fraction = dry_matter_of(recipe.growth)
    return CropReport(
        crop=crop,
        model=recipe.growth.model.value,
        days=c.days,
        start_dry_mass_g_m2=start,
        total_dry_mass_g_m2=total,
        shoot_dry_mass_g_m2=shoot,
        fresh_mass_g_m2=shoot / fraction,
        fresh_g_per_plant=shoot / fraction / c.density,
        dry_matter_fraction=fraction,
        lai=lai,
        dli_mol_m2_d=c.ppfd * c.photoperiod_h * 0.0036,
        incident_mol_m2=photons,
        shoot_g_per_mol=(shoot - start_shoot) / photons if photons > 0 else None,
        transpiration_l_m2=water,
        x_nsdw_g_m2=nsdw,
        x_sdw_g_m2=sdw,
    )
