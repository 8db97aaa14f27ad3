"""The plants of one batch on one level: growth, CO2 exchange, leaf area, transpiration.

The state is dry mass per plant, so that re-spacing and moving change nothing but the density.
Lettuce follows van Henten (1994), the other crops light-use-efficiency growth with the recipe's
parameters; both are the functions of `science`, this module only keeps state and linearises.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from dataclasses import dataclass
from typing import override

from ..recipes.model import ClimateQuantity, Growth, GrowthModel, Phase, PhaseKind, Recipe
from ..science import crop
from ..science.air import absolute_humidity_g_m3
from ..science.canopy import (
    R_A_FORCED_S_M,
    R_A_STILL_S_M,
    canopy_balance,
    stomatal_resistance_s_m,
)
from ..science.growth import (
    DRY_MATTER_PRIOR,
    LUE_INCIDENT_PRIOR,
    GrowthParameters,
    Interval,
    advance_mass_g_m2,
    intercepted_share,
)
from .air import AIR_J_M3_K, LATENT_J_G

#: PAR of horticultural LED light, J/µmol (Type211 of the ETS Montréal: 4.6 µmol/J; white LED
#: spectra give 4.5-4.9, lux_ppfd_spectral.csv).
PAR_J_UMOL = 0.217
#: Outdoor air, where a recipe names no CO2 [D].
AMBIENT_CO2_PPM = 420.0
#: A phase of these kinds lives on the seed: no leaves in the light yet.
ON_RESERVES = frozenset({PhaseKind.GERMINATION, PhaseKind.BLACKOUT})

#: CO2 in dry matter as CH2O (44/30), van Henten's c_alpha read backwards.
_CO2_PER_DRY = 44.0 / 30.0
#: Compensation point of CO2 at 20 °C, ppm, doubling per 10 K (van Henten 1994).
_GAMMA_PPM = 40.0
#: Shoot dry mass of a seedling at emergence, g, where a recipe names none: a lettuce seed weighs
#: about 1 mg [D].
_EMERGED_G = 1.0e-3
#: What the recipe's growth block leaves open for light-use growth: leaf area per shoot dry mass
#: (herbs 0.025-0.05 m²/g [D]), extinction (0.5 erect … 0.9 planophile [D]), CO2 at which light-use
#: efficiencies of enriched rooms were measured (recipes.csv: 600-1000 ppm), cardinal temperatures
#: around the optimum [D].
_LEAF_AREA_M2_G = 0.035
_EXTINCTION = 0.7
_CO2_REFERENCE_PPM = 800.0
_PLATEAU_K = 2.0
_CEILING_K = 13.0
_DEFAULT_BASE_C = 5.0
_DEFAULT_OPTIMUM_C = 22.0
#: Range of light use around its prior, as a factor (science.md section 5: 0.3-1.0 around 0.55).
_LUE_SPREAD = 1.8
#: Leaf area that exchanges heat and vapour with the room, m²/m²: deeper layers of a closed canopy
#: and the inside of a head do not. Graamans' closed lettuce canopy has 3; van Henten's leaf area
#: of a head goes far beyond (20 at harvest) because it only has to catch light.
_EXPOSED_LAI = 3.0
#: Nothing is seen through more leaves than these.
_MOST_LAI = 50.0


def compensation_ppm(t: float) -> float:
    """CO2 at which light gives no uptake, ppm."""
    return float(_GAMMA_PPM * 2.0 ** ((t - 20.0) / 10.0))


@dataclass(frozen=True, slots=True)
class Gas:
    """CO2 per m² of canopy, g/m²/s: taken up in the light, given off by respiration."""

    gross: float
    respiration: float


class Stand(ABC):
    """Plants of one batch on one level: `plants` of them on `area_m2`. `lamp_share` is the share of
    the level's lamps they are charged with."""

    longest_step_s = 600.0

    def __init__(self, recipe: Recipe, plants: float, area_m2: float) -> None:
        self.growth = recipe.growth
        self.plants = plants
        self.area_m2 = area_m2
        self.growing = True
        self.incident_mol_m2 = 0.0
        self.transpired_l = 0.0
        self.lamp_j = 0.0
        self.lamp_share = 1.0
        self.regrown = 0

    @property
    def density(self) -> float:
        """Plants per m²."""
        return self.plants / self.area_m2

    @property
    @abstractmethod
    def shoot_dry_g(self) -> float:
        """Shoot dry mass of one plant, g."""

    @property
    @abstractmethod
    def lai(self) -> float:
        """Leaf area index of the canopy."""

    @property
    def cover(self) -> float:
        """Share 0…1 of their place that leaves cover, by the light they let through from above."""
        return intercepted_share(min(self.lai, _MOST_LAI), self._extinction)

    @property
    @abstractmethod
    def _extinction(self) -> float:
        """Extinction of light in the canopy."""

    @abstractmethod
    def grow(self, ppfd: float, co2_ppm: float, t: float, dt_s: float) -> None:
        """Advance by `dt_s` seconds of constant conditions."""

    @abstractmethod
    def gas(self, ppfd: float, co2_ppm: float, t: float) -> Gas:
        """CO2 exchange at one instant."""

    @abstractmethod
    def masses(self) -> tuple[float, ...]:
        """The state per plant, g."""

    @abstractmethod
    def set_masses(self, masses: tuple[float, ...]) -> None:
        """Put the state per plant."""

    def cut(self, share: float) -> None:
        """Take a share 0…1 of each plant; what is left grows on."""
        self.set_masses(tuple(mass * (1.0 - share) for mass in self.masses()))

    @property
    def fresh_g(self) -> float:
        """Fresh mass of one plant's shoot, g."""
        return self.shoot_dry_g / dry_matter_of(self.growth)

    @property
    def harvest_g(self) -> float:
        """Fresh mass that would be harvested of one plant now, g: all of the shoot where the
        recipe does not know the share."""
        known = self.growth.harvest_index
        return self.fresh_g if known is None else self.fresh_g * known.value


class LettuceStand(Stand):
    """van Henten (1994). State per plant: non-structural and structural dry mass with roots."""

    def __init__(self, recipe: Recipe, plants: float, area_m2: float) -> None:
        super().__init__(recipe, plants, area_m2)
        start = crop.start_state(start_mass_g(recipe.growth) / (1 - crop.LETTUCE.c_tau))
        self._n, self._s = start.x_nsdw, start.x_sdw

    def _state(self) -> crop.LettuceState:
        d = self.density
        return crop.LettuceState(self._n * d, self._s * d)

    @property
    @override
    def shoot_dry_g(self) -> float:
        return (1 - crop.LETTUCE.c_tau) * (self._n + self._s)

    @property
    @override
    def lai(self) -> float:
        return crop.leaf_area_index(self._state()) if self.growing else 0.0

    @property
    @override
    def _extinction(self) -> float:
        return crop.LETTUCE.c_k

    @override
    def grow(self, ppfd: float, co2_ppm: float, t: float, dt_s: float) -> None:
        if not self.growing or dt_s <= 0:
            return
        d = self.density
        after = crop.advance(self._state(), ppfd * PAR_J_UMOL, co2_ppm, t, dt_s)
        self._n, self._s = after.x_nsdw / d, after.x_sdw / d

    @override
    def gas(self, ppfd: float, co2_ppm: float, t: float) -> Gas:
        if not self.growing:
            return Gas(0.0, 0.0)
        flux = crop.co2_exchange(self._state(), ppfd * PAR_J_UMOL, co2_ppm, t)
        return Gas(flux.gross, flux.gross - flux.net)

    @override
    def masses(self) -> tuple[float, ...]:
        return self._n, self._s

    @override
    def set_masses(self, masses: tuple[float, ...]) -> None:
        self._n, self._s = masses


class LightUseStand(Stand):
    """Light-use-efficiency growth. State per plant: shoot dry mass.

    The efficiency is that of whole days, net of respiration, so the CO2 of the dark hours is not
    told apart: the canopy takes up what it grows, while lit.
    """

    #: The model is exact for any amount of light.
    longest_step_s = 86400.0

    def __init__(self, recipe: Recipe, plants: float, area_m2: float) -> None:
        super().__init__(recipe, plants, area_m2)
        self._shoot = start_mass_g(recipe.growth)
        self._parameters = light_use_parameters(recipe)

    @property
    @override
    def shoot_dry_g(self) -> float:
        return self._shoot

    @property
    @override
    def lai(self) -> float:
        if not self.growing:
            return 0.0
        return self._shoot * self.density * self._parameters.leaf_area_m2_g

    @property
    @override
    def _extinction(self) -> float:
        return self._parameters.extinction

    def _after(self, ppfd: float, co2_ppm: float, t: float, dt_s: float) -> float:
        return advance_mass_g_m2(
            self._shoot * self.density, ppfd * dt_s * 1e-6, t, co2_ppm, self._parameters
        )

    @override
    def grow(self, ppfd: float, co2_ppm: float, t: float, dt_s: float) -> None:
        if self.growing and ppfd > 0 and dt_s > 0:
            self._shoot = self._after(ppfd, co2_ppm, t, dt_s) / self.density

    @override
    def gas(self, ppfd: float, co2_ppm: float, t: float) -> Gas:
        if not self.growing or ppfd <= 0:
            return Gas(0.0, 0.0)
        gain = self._after(ppfd, co2_ppm, t, 60.0) - self._shoot * self.density
        return Gas(gain / 60.0 * _CO2_PER_DRY, 0.0)

    @override
    def masses(self) -> tuple[float, ...]:
        return (self._shoot,)

    @override
    def set_masses(self, masses: tuple[float, ...]) -> None:
        (self._shoot,) = masses


def light_use_parameters(recipe: Recipe) -> GrowthParameters:
    """The parameters of light-use growth for a recipe's crop.

    A recipe's efficiency is shoot dry mass per mol that falls on the plants' own place over a whole
    cycle; the model's is per mol that leaves catch, at optimum. It is found so that a cycle that
    follows the recipe to the letter has the recipe's efficiency.
    """
    found = _PARAMETERS.get(recipe.version)
    if found is None:
        found = _PARAMETERS[recipe.version] = _fitted(recipe)
    return found


_PARAMETERS: dict[str, GrowthParameters] = {}


def _parameters(growth: Growth, lue: float) -> GrowthParameters:
    base = growth.base_temperature.value if growth.base_temperature else _DEFAULT_BASE_C
    optimum = growth.optimum_temperature.value if growth.optimum_temperature else _DEFAULT_OPTIMUM_C
    return GrowthParameters(
        lue_g_mol=Interval(lue / _LUE_SPREAD, lue, lue * _LUE_SPREAD),
        leaf_area_m2_g=_LEAF_AREA_M2_G,
        extinction=_EXTINCTION,
        t_base_c=base,
        t_optimum_low_c=max(base, optimum - _PLATEAU_K),
        t_optimum_high_c=optimum + _PLATEAU_K,
        t_ceiling_c=optimum + _CEILING_K,
        co2_reference_ppm=_CO2_REFERENCE_PPM,
    )


def _fitted(recipe: Recipe) -> GrowthParameters:
    wanted = recipe.growth.lue_g_mol.value if recipe.growth.lue_g_mol else LUE_INCIDENT_PRIOR.mid
    low, high = 0.01, 5.0
    for _ in range(40):
        middle = (low + high) / 2
        gained, photons = _cycle(recipe, _parameters(recipe.growth, middle))
        if gained < wanted * photons:
            low = middle
        else:
            high = middle
    return _parameters(recipe.growth, (low + high) / 2)


def _cycle(recipe: Recipe, parameters: GrowthParameters) -> tuple[float, float]:
    """Dry mass gained (g) and light received (mol) by one plant over the whole recipe."""
    start = start_mass_g(recipe.growth)
    shoot, photons = start, 0.0
    density = next((p.density_plants_m2 for p in recipe.phases if p.density_plants_m2), 1.0)
    for phase in recipe.phases:
        density = phase.density_plants_m2 or density
        if phase.kind in ON_RESERVES or phase.is_dark:
            continue
        mol = phase.light.dli * phase.days
        t, co2 = climate_of(phase, day=True)
        shoot = advance_mass_g_m2(shoot * density, mol, t, co2, parameters) / density
        photons += mol / density
    return shoot - start, photons


def dry_matter_of(growth: Growth) -> float:
    """Dry per fresh mass: the recipe's, or the prior of leafy crops where it knows none."""
    known = growth.dry_matter_fraction
    return DRY_MATTER_PRIOR.mid if known is None else known.value


def start_mass_g(growth: Growth) -> float:
    """Shoot dry mass of one plant when it emerges or is set, g."""
    return growth.start_dry_mass_g.value if growth.start_dry_mass_g else _EMERGED_G


def stand_of(recipe: Recipe, plants: float, area_m2: float) -> Stand:
    """A stand at emergence by the crop's growth model."""
    if recipe.growth.model is GrowthModel.VAN_HENTEN_1994:
        return LettuceStand(recipe, plants, area_m2)
    return LightUseStand(recipe, plants, area_m2)


def raised(recipe: Recipe, plants: float, area_m2: float, days: float) -> Stand:
    """A stand that has followed its recipe's targets and spacing to the letter for `days` since
    sowing, with `area_m2` at most."""
    key = (recipe.version, plants, area_m2, days)
    known = _RAISED.get(key)
    if known is None:
        if len(_RAISED) >= _RAISED_MOST:
            _RAISED.clear()
        known = _RAISED[key] = _raise(recipe, plants, area_m2, days)
    return copy(known)


#: Stands that were raised before: every scenario begins with the same ones.
_RAISED: dict[tuple[str, float, float, float], Stand] = {}
_RAISED_MOST = 256


def _raise(recipe: Recipe, plants: float, area_m2: float, days: float) -> Stand:
    stand = stand_of(recipe, plants, area_m2)
    done = 0.0
    for index, phase in enumerate(recipe.phases):
        last = index == len(recipe.phases) - 1
        span = days - done if last else min(phase.days, days - done)
        if span <= 0:
            break
        stand.growing = phase.kind not in ON_RESERVES
        if phase.density_plants_m2:
            stand.area_m2 = min(area_m2, plants / phase.density_plants_m2)
        follow(stand, phase, span)
        done += span
    return stand


def follow(stand: Stand, phase: Phase, days: float) -> None:
    """Grow a stand for `days` at the targets of one phase, lights-on first."""
    lit_s = phase.light.photoperiod_h * 3600
    left = days * 86400
    while left > 0:
        for day, span in ((True, lit_s), (False, 86400 - lit_s)):
            span = min(span, left)
            if span <= 0:
                continue
            left -= span
            t, co2 = climate_of(phase, day=day)
            ppfd = phase.light.ppfd if day else 0.0
            steps = max(1, round(span / stand.longest_step_s))
            for _ in range(steps):
                stand.grow(ppfd, co2, t, span / steps)
            stand.incident_mol_m2 += ppfd * span * 1e-6


def climate_of(phase: Phase, *, day: bool) -> tuple[float, float]:
    """Target air temperature (°C) and CO2 (ppm) of a phase."""
    temperature = phase.climate.get(ClimateQuantity.AIR_TEMPERATURE)
    co2 = phase.climate.get(ClimateQuantity.CO2)
    t = temperature.at(day) if temperature else None
    ppm = co2.at(day) if co2 and day else None
    return (
        _DEFAULT_OPTIMUM_C if t is None else t,
        AMBIENT_CO2_PPM if ppm is None else ppm,
    )


@dataclass(frozen=True, slots=True)
class Transpiration:
    """Water given to the air by 1 m² of canopy, linear around one state of the air: at vapour
    `vapour0` g/m³ and `t0` °C it is `g_s`; it falls by `per_vapour` (m/s) per g/m³ and rises by
    `per_k` g/m²/s per K."""

    g_s: float
    per_vapour: float
    per_k: float
    leaf_c: float


_NONE = Transpiration(0.0, 0.0, 0.0, 0.0)


def transpiration(
    ppfd: float, t: float, humidity_pct: float, lai: float, *, still: bool = False
) -> Transpiration:
    """The canopy's energy balance (Graamans 2017) and its slopes, for a canopy of `lai`.

    The slopes follow from the balance: with `h` the heat and `w` the water conductance of the
    canopy, a change of the air is shared by the leaf as h/(h + w·λ·dχ/dT).
    """
    if lai <= 0:
        return _NONE
    lai = min(lai, _EXPOSED_LAI)
    r_a = R_A_STILL_S_M if still else R_A_FORCED_S_M
    balance = canopy_balance(ppfd, ppfd * PAR_J_UMOL, t, humidity_pct, lai, r_a)
    leaf = balance.leaf_temperature_c
    water = lai / (stomatal_resistance_s_m(ppfd) + r_a)
    heat = lai * AIR_J_M3_K / r_a
    steep = absolute_humidity_g_m3(leaf + 0.5, 100.0) - absolute_humidity_g_m3(leaf - 0.5, 100.0)
    share = heat / (heat + LATENT_J_G * water * steep)
    return Transpiration(
        balance.transpiration_l_m2_h / 3.6, water * share, water * steep * share, leaf
    )
