"""Grams of salts that bring a water to a target: weighted non-negative least squares.

Minimised is the sum over the ions of the target of (weight · (reached - wanted) / scale)², with no
salt below zero. The scale is the target itself, so that a percent of iron counts as much as a
percent of potassium; nitrate and ammonium share the sum of both, sulfate, sodium and chloride have
a scale of 1 mmol/L at least, and alkalinity is held within fractions of 1 meq/L, because it decides
the pH. Ions that the target does not name are free; a trace of weight keeps what nobody asked for
as low as it can be.

The algorithm is SciPy's `nnls`; without SciPy a MissingLibraryError says how to install it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import MissingLibraryError, ScienceError, UnreachableError, require
from .alkalinity import residual_alkalinity
from .ions import IONS, MICRO, Ion
from .salts import Kind, Salt
from .solution import add
from .targets import PURE_WATER, Target, Water

#: Importance of a relative error of 1. Chosen for this project: sulfate, sodium and chloride are
#: what plants tolerate over the widest range, so they carry what the charges of the others leave.
DEFAULT_WEIGHTS: Mapping[Ion, float] = MappingProxyType(
    {
        **dict.fromkeys(Ion, 1.0),
        Ion.SULFATE: 0.2,
        Ion.SODIUM: 0.2,
        Ion.CHLORIDE: 0.2,
        Ion.ALKALINITY: 10.0,
        Ion.LIGAND: 0.0,
    }
)
#: keeps free ions low and makes the answer unique, without pulling at the target
FREE_WEIGHT = 1e-3
#: mmol/L below which an error is not measured against the target itself
SCALE_FLOOR = 1e-5
#: mmol/L against which sulfate, sodium and chloride are measured at least: an excess of what is
#: harmless there must not cost the manganese that brings it
TOLERATED_SCALE = 1.0
#: relative error of an ion that counts as reached
TOLERANCE = 0.05
#: pH of the solution for which acid is dosed and iron is chosen
DEFAULT_PH = 5.8
#: a salt that moves no ion by more than this share of its scale is not worth weighing
LEAST_SHARE = 2e-3

INSTALL_HINT = "pip install 'vfarm-core[optim]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A target, a water and the salts at hand.

    `residual_alkalinity_meq_l` overrides what follows from `ph`; `weights` override
    DEFAULT_WEIGHTS ion by ion.
    """

    target: Target
    salts: Sequence[Salt]
    water: Water = PURE_WATER
    ph: float = DEFAULT_PH
    residual_alkalinity_meq_l: float | None = None
    weights: Mapping[Ion, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A salt and its grams per litre of the solution, as sold."""

    salt: Salt
    g_l: float

    @property
    def ml_l(self) -> float | None:
        """Millilitres per litre, for what is sold as a liquid."""
        density = self.salt.density_kg_l
        return None if density is None else self.g_l / density

    @property
    def cost_per_m3(self) -> float | None:
        """In the currency of the price, per m³ of solution."""
        price = self.salt.price_per_kg
        return None if price is None else self.g_l * price


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """How far an ion of the target is off, mmol/L."""

    ion: Ion
    wanted: float
    reached: float
    scale: float

    @property
    def difference(self) -> float:
        """Reached less wanted, mmol/L."""
        return self.reached - self.wanted

    @property
    def relative(self) -> float:
        """The difference against the ion's scale."""
        return self.difference / self.scale

    @property
    def is_reached(self) -> bool:
        """Whether it is within 5 % of its scale."""
        return abs(self.relative) <= TOLERANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was weighed in, and the solution that comes of it. Ions in mmol/L."""

    problem: Problem
    amounts: tuple[Amount, ...]
    set_aside: tuple[Salt, ...]
    ions: Mapping[Ion, float]
    residuals: tuple[Residual, ...]
    alkalinity_wanted: float | None


def solve(problem: Problem) -> Answer:
    """Grams of each salt. Raises ScienceError, RangeError, MissingLibraryError."""
    if not problem.salts:
        raise ScienceError("salts", "none", "at least one salt")
    for ion, weight in problem.weights.items():
        require(f"weight of {ion}", weight, 0.0, 1000.0)
    salts, aside = preferred(problem.salts, problem.ph)
    water = problem.water.ions
    alkalinity = _alkalinity_wanted(problem, salts)
    wanted = dict(problem.target.ions)
    wanted.pop(Ion.ALKALINITY, None)
    if alkalinity is not None:
        wanted[Ion.ALKALINITY] = alkalinity
    scales = {ion: _scale(ion, problem.target) for ion in wanted}

    grams = _weighed(salts, wanted, scales, problem)
    worth = tuple(
        salt
        for salt, g in zip(salts, grams, strict=True)
        if any(abs(m * g) > LEAST_SHARE * scales.get(i, 1.0) for i, m in salt.mmol_g.items())
    )
    if 0 < len(worth) < len(salts):
        grams = _weighed(worth, wanted, scales, problem)
    amounts = tuple(
        Amount(salt=salt, g_l=g) for salt, g in zip(worth, grams, strict=bool(worth)) if g > 0.0
    )
    reached = add([water, *({i: m * a.g_l for i, m in a.salt.mmol_g.items()} for a in amounts)])
    return Answer(
        problem=problem,
        amounts=amounts,
        set_aside=aside,
        ions=MappingProxyType(reached),
        residuals=tuple(
            Residual(ion=ion, wanted=wanted[ion], reached=reached.get(ion, 0.0), scale=scales[ion])
            for ion in Ion
            if ion in wanted
        ),
        alkalinity_wanted=alkalinity,
    )


def _weighed(
    salts: Sequence[Salt],
    wanted: Mapping[Ion, float],
    scales: Mapping[Ion, float],
    problem: Problem,
) -> list[float]:
    """g/L of each salt."""
    rows: list[list[float]] = []
    missing: list[float] = []
    for ion in _ions_of(salts, wanted):
        if ion in wanted:
            weight = problem.weights.get(ion, DEFAULT_WEIGHTS[ion]) / scales[ion]
            gap = wanted[ion] - problem.water.ions.get(ion, 0.0)
        else:
            weight, gap = FREE_WEIGHT, 0.0
        rows.append([weight * salt.mmol_g.get(ion, 0.0) for salt in salts])
        missing.append(weight * gap)
    return _non_negative_least_squares(rows, missing)


def preferred(salts: Sequence[Salt], ph: float) -> tuple[tuple[Salt, ...], tuple[Salt, ...]]:
    """The salts to weigh, and those set aside: one source is enough for each micronutrient."""
    best = {ion: ranked(salts, ion, ph)[:1] for ion in MICRO}
    aside = tuple(s for s in salts if s.micronutrient and s not in best[s.micronutrient])
    return tuple(salt for salt in salts if salt not in aside), aside


def ranked(salts: Sequence[Salt], ion: Ion, ph: float) -> tuple[Salt, ...]:
    """Sources of one micronutrient, the best first.

    Iron that stays dissolved at this pH comes first: chelates whose limit is not exceeded, then
    chelates beyond it by how far they reach, bare iron last. Among equals the strongest product.
    """
    require("ph", ph, 4.0, 9.0)
    sources = [salt for salt in salts if salt.micronutrient is ion]

    def order(salt: Salt) -> tuple[float, float, float]:
        if ion is not Ion.IRON:
            return (0.0, 0.0, -salt.fraction(ion))
        if salt.chelate is None:
            return (2.0, 0.0, -salt.fraction(ion))
        limit = salt.ph_max
        if limit is not None and ph > limit:
            return (1.0, -limit, -salt.fraction(ion))
        return (0.0, 0.0, -salt.fraction(ion))

    return tuple(sorted(sources, key=order))


def _alkalinity_wanted(problem: Problem, salts: Sequence[Salt]) -> float | None:
    """Alkalinity of the solution that acids and bases are to leave; None: nothing here moves it."""
    if not any(salt.kind in (Kind.ACID, Kind.BASE) for salt in salts):
        return None
    have = problem.water.ions.get(Ion.ALKALINITY, 0.0)
    if problem.residual_alkalinity_meq_l is not None:
        require("residual_alkalinity", problem.residual_alkalinity_meq_l, 0.0, 20.0, "meq/L")
        return problem.residual_alkalinity_meq_l
    return residual_alkalinity(have, problem.ph, problem.water.ph)


def _scale(ion: Ion, target: Target) -> float:
    if ion is Ion.ALKALINITY:
        return 1.0
    if ion in (Ion.NITRATE, Ion.AMMONIUM):
        nitrogen = sum(target.ions.get(form, 0.0) for form in (Ion.NITRATE, Ion.AMMONIUM))
        return max(nitrogen, SCALE_FLOOR)
    wanted = target.ions[ion]
    if DEFAULT_WEIGHTS[ion] < 1.0:
        return max(wanted, TOLERATED_SCALE)
    # Asked to be absent: measured against 1 mmol/L, as nothing else is at hand.
    return max(wanted, SCALE_FLOOR) if wanted > 0.0 else 1.0


def _ions_of(salts: Sequence[Salt], wanted: Mapping[Ion, float]) -> list[Ion]:
    brought = {ion for salt in salts for ion in salt.mmol_g}
    return [ion for ion in Ion if ion in wanted or (ion in brought and IONS[ion].mass_g_mol > 0.0)]


def _non_negative_least_squares(
    rows: Sequence[Sequence[float]], right: Sequence[float]
) -> list[float]:
    try:
        from numpy import array
        from scipy.optimize import nnls
    except ImportError as error:
        raise MissingLibraryError("SciPy", INSTALL_HINT) from error
    matrix = array(rows, dtype=float)
    # A micronutrient needs a thousandth of the grams: columns of one length keep it accurate.
    lengths = (matrix**2).sum(axis=0) ** 0.5
    lengths[lengths == 0.0] = 1.0
    try:
        solution, _ = nnls(matrix / lengths, array(right, dtype=float))
    except RuntimeError as error:
        # Not seen yet; SciPy says it of matrices that are nearly singular.
        raise UnreachableError(
            "salts", len(lengths), "fewer salts: these are too much alike to choose between"
        ) from error
    return [float(value) for value in solution / lengths]
