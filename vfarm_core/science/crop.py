"""Lettuce by van Henten (1994): structural and non-structural dry mass under light, CO2, heat.

Sources: van Henten (1994) Agricultural Systems 45:55-72; van Henten & van Straten (1994) J.
Agric. Engng Res. 59:19-31. LED calibration: Talbot & Monfet (2024) Biosystems Engineering
238:38-50. Per m² cultivated: masses g dry, fluxes g/m²/s; PAR W/m² incident on the canopy, CO2
ppm, temperatures °C.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, pow

from .errors import ScienceError, require

#: Longest step that the explicit integration takes at once, s.
LONGEST_STEP_S = 600.0

#: Talbot & Monfet: 1 µmol of their LED light carries this many J of PAR.
TALBOT_PAR_J_UMOL = 0.217


@dataclass(frozen=True, slots=True, kw_only=True)
class VanHenten1994:
    """Parameters of the model; defaults are those of van Henten (1994)."""

    c_alpha: float = 0.68
    """CH2O per CO2 by mass (30/44)."""
    c_beta: float = 0.8
    """Yield of growth: structural mass per non-structural mass spent (Penning de Vries 1974)."""
    c_gr_max: float = 5.0e-6
    """Saturated growth rate at 20 °C, 1/s (van Holsteijn 1981)."""
    c_gamma: float = 1.0
    """Shape of growth over the non-structural share (Sweeney et al. 1981)."""
    c_q10_gr: float = 1.6
    """Growth per 10 K (Sweeney et al. 1981)."""
    c_resp_sht: float = 3.47e-7
    """Maintenance of the shoot at 25 °C, 1/s (van Keulen et al. 1982)."""
    c_resp_rt: float = 1.16e-7
    """Maintenance of the root at 25 °C, 1/s (van Keulen et al. 1982)."""
    c_q10_resp: float = 2.0
    """Maintenance per 10 K."""
    c_tau: float = 0.07
    """Root share of dry mass in hydroponics; 0.15 in soil."""
    c_k: float = 0.9
    """Extinction of a canopy of flat leaves."""
    c_lar: float = 75.0e-3
    """Leaf area m² per g of shoot dry mass."""
    c_eps: float = 17.0e-6
    """Light use at very high CO2, g CO2 per J of PAR (Goudriaan et al. 1985)."""
    compensation_ppm: float = 40.0
    """CO2 compensation point at 20 °C (Goudriaan et al. 1985)."""
    q10_compensation: float = 2.0
    """Compensation point per 10 K."""
    g_bnd: float = 0.004
    """Conductance of the boundary layer, m/s (Stanghellini 1987)."""
    g_stm: float = 0.02
    """Conductance of the stomata, m/s (Stanghellini 1987)."""
    c_car1: float = -1.32e-5
    """Carboxylation conductance, m/s/K²."""
    c_car2: float = 5.94e-4
    """Carboxylation conductance, m/s/K."""
    c_car3: float = -2.64e-3
    """Carboxylation conductance, m/s."""
    c_w: float = 1.83e-3
    """Density of CO2 at 20 °C, g/m³ per ppm. A widely copied 7.32e-3 is four times too large."""
    leaf_area_of_total: bool = False
    """Leaf area follows all dry mass (Talbot & Monfet) instead of the structural one alone."""


LETTUCE = VanHenten1994()


@dataclass(frozen=True, slots=True)
class LettuceState:
    """Dry mass of whole plants, roots included, g/m²."""

    x_nsdw: float
    """Non-structural: sugars and starch."""
    x_sdw: float
    """Structural: what does not turn back."""

    @property
    def total_g_m2(self) -> float:
        """All dry mass, g/m²."""
        return self.x_nsdw + self.x_sdw


@dataclass(frozen=True, slots=True, kw_only=True)
class LettuceRates:
    """What happens at one instant, g/m²/s."""

    photosynthesis_co2: float
    """Gross CO2 taken up."""
    growth: float
    """Structural mass formed."""
    growth_respiration: float
    """Non-structural mass burnt to form it."""
    maintenance: float
    """Non-structural mass burnt to stay alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Co2Exchange:
    """CO2 between canopy and room, g/m²/s."""

    gross: float
    """Taken up by photosynthesis."""
    net: float
    """Taken up less given off; negative in the dark."""


def start_state(total_g_m2: float, structural_share: float = 0.75) -> LettuceState:
    """The state of young plants by all their dry mass g/m²; van Henten (1994): 3/4 structural.

    Raises RangeError.
    """
    require("total", total_g_m2, 0.0, 5000.0, "g/m²")
    require("structural_share", structural_share, 0.0, 1.0)
    structural = total_g_m2 * structural_share
    return LettuceState(total_g_m2 - structural, structural)


def respaced(state: LettuceState, density_from: float, density_to: float) -> LettuceState:
    """The same plants at another density, plants/m². Raises RangeError."""
    require("density_from", density_from, 0.1, 20000.0, "plants/m²")
    require("density_to", density_to, 0.1, 20000.0, "plants/m²")
    factor = density_to / density_from
    return LettuceState(state.x_nsdw * factor, state.x_sdw * factor)


def rates(
    state: LettuceState,
    par_w_m2: float,
    co2_ppm: float,
    t_c: float,
    parameters: VanHenten1994 = LETTUCE,
) -> LettuceRates:
    """Photosynthesis, growth and respiration at one instant. Raises RangeError.

    Plants without reserves respire no more than they assimilate.
    """
    _require_state(state)
    climate = _climate(par_w_m2, co2_ppm, t_c, parameters)
    photosynthesis, growth, burnt, maintenance = _flows(state.x_nsdw, state.x_sdw, climate)
    return LettuceRates(
        photosynthesis_co2=photosynthesis,
        growth=growth,
        growth_respiration=burnt,
        maintenance=maintenance,
    )


def derivatives(
    state: LettuceState,
    par_w_m2: float,
    co2_ppm: float,
    t_c: float,
    parameters: VanHenten1994 = LETTUCE,
) -> tuple[float, float]:
    """Change of (x_nsdw, x_sdw), g/m²/s. Raises RangeError."""
    _require_state(state)
    return _change(state.x_nsdw, state.x_sdw, _climate(par_w_m2, co2_ppm, t_c, parameters))


def advance(
    state: LettuceState,
    par_w_m2: float,
    co2_ppm: float,
    t_c: float,
    dt_s: float,
    parameters: VanHenten1994 = LETTUCE,
) -> LettuceState:
    """The state after `dt_s` seconds in constant conditions (Runge-Kutta of order 4).

    Long spans are cut into steps of at most `LONGEST_STEP_S`. Reserves never fall below zero.
    Raises RangeError.
    """
    _require_state(state)
    require("dt", dt_s, 0.0, 400 * 86400.0, "s")
    climate = _climate(par_w_m2, co2_ppm, t_c, parameters)
    steps = ceil(dt_s / LONGEST_STEP_S)
    h = dt_s / steps if steps else 0.0
    n, s = state.x_nsdw, state.x_sdw
    for _ in range(steps):
        n1, s1 = _change(n, s, climate)
        n2, s2 = _change(n + h / 2.0 * n1, s + h / 2.0 * s1, climate)
        n3, s3 = _change(n + h / 2.0 * n2, s + h / 2.0 * s2, climate)
        n4, s4 = _change(n + h * n3, s + h * s3, climate)
        n = max(n + h / 6.0 * (n1 + 2.0 * n2 + 2.0 * n3 + n4), 0.0)
        s = s + h / 6.0 * (s1 + 2.0 * s2 + 2.0 * s3 + s4)
    return LettuceState(n, s)


def co2_exchange(
    state: LettuceState,
    par_w_m2: float,
    co2_ppm: float,
    t_c: float,
    parameters: VanHenten1994 = LETTUCE,
) -> Co2Exchange:
    """CO2 between canopy and room at one instant, for the balance of the room.

    The net flux is the change of all dry mass in CO2, so carbon is conserved. Raises RangeError.
    """
    flows = rates(state, par_w_m2, co2_ppm, t_c, parameters)
    given_off = (flows.growth_respiration + flows.maintenance) / parameters.c_alpha
    return Co2Exchange(gross=flows.photosynthesis_co2, net=flows.photosynthesis_co2 - given_off)


def leaf_area_index(state: LettuceState, parameters: VanHenten1994 = LETTUCE) -> float:
    """Leaf area m² per m² cultivated. Raises RangeError."""
    _require_state(state)
    leafy = state.total_g_m2 if parameters.leaf_area_of_total else state.x_sdw
    return parameters.c_lar * (1.0 - parameters.c_tau) * leafy


def shoot_dry_mass_g_m2(state: LettuceState, parameters: VanHenten1994 = LETTUCE) -> float:
    """Dry mass above the root, g/m². Raises RangeError."""
    _require_state(state)
    return (1.0 - parameters.c_tau) * state.total_g_m2


def fresh_mass_g_m2(
    state: LettuceState, dry_matter_fraction: float, parameters: VanHenten1994 = LETTUCE
) -> float:
    """Fresh mass of the shoot, g/m²; lettuce has a dry matter fraction of 0.035 … 0.055.

    Raises RangeError.
    """
    require("dry_matter_fraction", dry_matter_fraction, 0.005, 1.0)
    return shoot_dry_mass_g_m2(state, parameters) / dry_matter_fraction


#: Talbot & Monfet (2024): (a, b, c) of a PPFD² + b PPFD + c at 20, 24 and 28 °C, and c_beta over
#: PPFD, fitted to Carotti et al. (2021, lettuce 'Othilie'). The intercept of c_gr_max at 28 °C is
#: printed negative; with that sign growth at 28 °C and 200 µmol/m²/s would be a quarter of that at
#: 24 °C, so it is taken as a misprint (confidence D).
_TALBOT_TEMPERATURES = (20.0, 24.0, 28.0)
_TALBOT_EPS = (
    (-1.5319e-11, 9.48e-9, 9.2492e-6),
    (-2.559e-11, 1.8529e-8, 8.3203e-6),
    (-3.3958e-12, -3.7225e-9, 1.1632e-5),
)
_TALBOT_GR_MAX = (
    (-2.1364e-12, 2.7308e-9, 2.9689e-7),
    (-1.7021e-12, 2.0302e-9, 3.3353e-7),
    (-2.3461e-12, 2.8652e-9, 3.0279e-7),
)
_TALBOT_SLA = (
    (3.7662e-8, -5.5597e-5, 4.2313e-2),
    (3.0779e-8, -6.1968e-5, 5.6362e-2),
    (4.4935e-8, -6.9961e-5, 5.2195e-2),
)
_TALBOT_BETA_PPFD = (200.0, 400.0, 750.0)
_TALBOT_BETA = (0.401, 0.402, 0.403)


def talbot_monfet_2024(ppfd: float, t_c: float) -> VanHenten1994:
    """The calibration for lettuce under LED light of this PPFD (200 … 750) at 20 … 28 °C.

    It was fitted to Carotti et al., so agreement with those data proves nothing. Linear between
    the three temperatures. Use it with `TALBOT_PAR_J_UMOL` and for lit conditions of this PPFD.
    Raises RangeError.
    """
    require("ppfd", ppfd, 200.0, 750.0, "µmol/m²/s")
    require("temperature", t_c, 20.0, 28.0, "°C")

    def at(curves: tuple[tuple[float, float, float], ...]) -> float:
        values = tuple(a * ppfd * ppfd + b * ppfd + c for a, b, c in curves)
        return _between(t_c, _TALBOT_TEMPERATURES, values)

    return VanHenten1994(
        c_beta=_between(ppfd, _TALBOT_BETA_PPFD, _TALBOT_BETA),
        c_gr_max=at(_TALBOT_GR_MAX),
        c_eps=at(_TALBOT_EPS),
        # Their leaf area is SLA times 0.92 of the shoot.
        c_lar=0.92 * at(_TALBOT_SLA),
        c_k=0.66,
        c_tau=0.15,
        g_bnd=0.01,
        g_stm=(200.0 + ppfd) / (60.0 * (1500.0 + ppfd)),
        leaf_area_of_total=True,
    )


def dry_matter_fraction_led(ppfd: float) -> float:
    """Dry matter fraction of LED lettuce over PPFD 200 … 750 (Carotti et al. 2021 in Talbot &
    Monfet 2024): 0.026 at 200, 0.042 at 750. Raises RangeError.
    """
    require("ppfd", ppfd, 200.0, 750.0, "µmol/m²/s")
    return -8.83e-8 * ppfd * ppfd + 1.1299e-4 * ppfd + 6.9351e-3


@dataclass(frozen=True, slots=True)
class _Climate:
    """What one climate makes of the parameters; constant over a step."""

    uptake: float
    """Photosynthesis of a closed canopy, g CO2/m²/s."""
    absorption: float
    """Extinction times leaf area per g."""
    of_total: bool
    growth: float
    gamma: float
    burnt_per_growth: float
    maintenance: float
    alpha: float


def _climate(par_w_m2: float, co2_ppm: float, t_c: float, p: VanHenten1994) -> _Climate:
    require("par", par_w_m2, 0.0, 1500.0, "W/m²")
    require("co2", co2_ppm, 0.0, 1e5, "ppm")
    require("temperature", t_c, -10.0, 60.0, "°C")
    return _Climate(
        _closed_canopy_uptake(par_w_m2, co2_ppm, t_c, p),
        p.c_k * p.c_lar * (1.0 - p.c_tau),
        p.leaf_area_of_total,
        p.c_gr_max * pow(p.c_q10_gr, (t_c - 20.0) / 10.0),
        p.c_gamma,
        (1.0 - p.c_beta) / p.c_beta,
        (p.c_resp_sht * (1.0 - p.c_tau) + p.c_resp_rt * p.c_tau)
        * pow(p.c_q10_resp, (t_c - 25.0) / 10.0),
        p.c_alpha,
    )


def _closed_canopy_uptake(par_w_m2: float, co2_ppm: float, t_c: float, p: VanHenten1994) -> float:
    compensation = p.compensation_ppm * pow(p.q10_compensation, (t_c - 20.0) / 10.0)
    g_car = (p.c_car1 * t_c + p.c_car2) * t_c + p.c_car3
    # In the dark the formula is 0/0; below the compensation point, and where the parabola of
    # carboxylation falls under zero (below 5 °C, above 40 °C), it would give uptake backwards.
    if par_w_m2 <= 0.0 or co2_ppm <= compensation or g_car <= 0.0:
        return 0.0
    gradient = co2_ppm - compensation
    conductance = 1.0 / (1.0 / p.g_bnd + 1.0 / p.g_stm + 1.0 / g_car)
    light_limited = p.c_eps * gradient / (co2_ppm + 2.0 * compensation) * par_w_m2
    co2_limited = conductance * p.c_w * gradient
    return light_limited * co2_limited / (light_limited + co2_limited)


def _flows(n: float, s: float, c: _Climate) -> tuple[float, float, float, float]:
    """Photosynthesis (CO2), growth, growth respiration, maintenance."""
    n = max(n, 0.0)
    leafy = n + s if c.of_total else s
    photosynthesis = c.uptake * (1.0 - exp(-c.absorption * leafy)) if c.uptake else 0.0
    pool = c.gamma * s + n
    growth = c.growth * n / pool * s if pool > 0.0 else 0.0
    maintenance = c.maintenance * s
    if n == 0.0:
        maintenance = min(maintenance, c.alpha * photosynthesis)
    return photosynthesis, growth, c.burnt_per_growth * growth, maintenance


def _change(n: float, s: float, c: _Climate) -> tuple[float, float]:
    photosynthesis, growth, burnt, maintenance = _flows(n, s, c)
    return c.alpha * photosynthesis - growth - burnt - maintenance, growth


def _between(x: float, xs: tuple[float, ...], ys: tuple[float, ...]) -> float:
    for i in range(1, len(xs)):
        if x <= xs[i]:
            share = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
            return ys[i - 1] + share * (ys[i] - ys[i - 1])
    raise AssertionError("the caller has checked the range")


def _require_state(state: LettuceState) -> None:
    for name, value in (("x_nsdw", state.x_nsdw), ("x_sdw", state.x_sdw)):
        if not 0.0 <= value < 1e5:
            raise ScienceError(name, value, "a dry mass of 0 … 100000 g/m²")
