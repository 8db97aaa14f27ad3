"""Whether a recipe makes sense: for physics and for any hardware here, for its crop in `agronomy`.

Errors cannot work in any room; warnings can, but somebody should have meant them. Thresholds: VPD
0.3 … 1.6 kPa by day is the project's (design), the rest has its source beside it. Whether a farm
can give what the recipe asks for is `feasibility`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..farm.nodes import Method
from ..science.air import humidity_for_vpd_pct, vpd_air_kpa
from ..science.errors import UnreachableError
from . import agronomy
from .errors import RecipeError
from .findings import Finding, Severity, finding, ordered
from .model import (
    Band,
    ClimateQuantity,
    CropSteering,
    Phase,
    PhaseKind,
    Recipe,
    SolutionQuantity,
)

__all__ = ["Finding", "Severity", "require_valid", "validate"]

VPD_DAY_KPA = Band(0.3, 1.6)
#: Warmer than this, roots run out of oxygen and Pythium thrives (limits_alarms: critical 28 °C).
_WATER_C = (12.0, 28.0)
#: Fill and drain of an ebb-flow bed take up to 30 min together (CANNA); a flood is part of it.
_FLOOD_MAX_MIN = 30.0
#: Intervals of up to 60 min were tried without loss (limits_alarms.csv).
_MIST_PAUSE_MAX_MIN = 60.0
_MIST_SOURCE = "Tunio 2021 Agronomy 11:97"
#: Nothing transpires yet, or a lid holds the humidity.
_COVERED = frozenset({PhaseKind.GERMINATION, PhaseKind.BLACKOUT})


def validate(recipe: Recipe) -> tuple[Finding, ...]:
    """Everything that is doubtful about a recipe, errors first."""
    found: list[Finding] = []
    for index, phase in enumerate(recipe.phases):
        path = f"phases[{index}]"
        found += _vapour(phase, path)
        found += _blackout(phase, path)
        found += _water(phase, path)
    return ordered([*found, *agronomy.suits(recipe)])


def require_valid(recipe: Recipe, *, file: str = "") -> tuple[Finding, ...]:
    """The warnings about a recipe. Raises RecipeError when there are errors."""
    found = validate(recipe)
    errors = [f for f in found if f.severity is Severity.ERROR]
    if errors:
        raise RecipeError(f.as_problem(file or recipe.id) for f in errors)
    return found


def _vapour(phase: Phase, path: str) -> Iterator[Finding]:
    for day in (True, False):
        if phase.is_dark if day else phase.is_always_lit:
            continue
        temperature, humidity, vpd = (
            s.at(day) if (s := phase.climate.get(quantity)) is not None else None
            for quantity in (
                ClimateQuantity.AIR_TEMPERATURE,
                ClimateQuantity.HUMIDITY,
                ClimateQuantity.VPD,
            )
        )
        if temperature is None:
            continue
        if vpd is not None:
            yield from _vpd_reachable(phase, path, day, temperature, vpd)
        if day and phase.kind not in _COVERED:
            result = vpd
            if result is None and humidity is not None:
                result = vpd_air_kpa(temperature, humidity)
            if result is not None and not VPD_DAY_KPA.contains(result):
                yield finding(
                    Severity.WARNING,
                    "vpd_unusual",
                    f"{path}.climate",
                    vpd=result,
                    low=VPD_DAY_KPA.low or 0.0,
                    high=VPD_DAY_KPA.high or 0.0,
                )


def _vpd_reachable(
    phase: Phase, path: str, day: bool, temperature: float, vpd: float
) -> Iterator[Finding]:
    when = "day" if day else "night"
    where = f"{path}.climate.vpd.{when}"
    try:
        needed = humidity_for_vpd_pct(temperature, vpd)
    except UnreachableError as err:
        yield finding(
            Severity.ERROR,
            "vpd_unreachable",
            where,
            vpd=vpd,
            temperature=temperature,
            accepted=err.accepted,
        )
        return
    humidity = phase.climate.get(ClimateQuantity.HUMIDITY)
    if humidity is None:
        return
    for band, severity, code in (
        (humidity.critical(day), Severity.ERROR, "vpd_needs_humidity"),
        (humidity.warning(day), Severity.WARNING, "vpd_contradicts_humidity"),
    ):
        if not band.contains(needed):
            yield finding(
                severity,
                code,
                where,
                vpd=vpd,
                temperature=temperature,
                humidity=needed,
                accepted=band.span,
            )
            return


def _blackout(phase: Phase, path: str) -> Iterator[Finding]:
    if phase.kind is PhaseKind.BLACKOUT and not phase.is_dark:
        yield finding(Severity.WARNING, "blackout_lit", f"{path}.light.photoperiod")


def _water(phase: Phase, path: str) -> Iterator[Finding]:
    setpoint = phase.solution.get(SolutionQuantity.WATER_TEMPERATURE)
    low, high = _WATER_C
    for when in ("day", "night"):
        wanted = getattr(setpoint, when, None)
        if wanted is not None and not low <= wanted <= high:
            yield finding(
                Severity.WARNING,
                "water_temperature_unusual",
                f"{path}.solution.water_temperature.{when}",
                value=wanted,
                low=low,
                high=high,
            )
    plan = phase.irrigation.get(Method.EBB_FLOW)
    if plan is not None and plan.duration_s > _FLOOD_MAX_MIN * 60:
        yield finding(
            Severity.WARNING,
            "flood_long",
            f"{path}.irrigation.ebb_flow.duration",
            minutes=plan.duration_s / 60,
            most=_FLOOD_MAX_MIN,
        )
    mist = phase.irrigation.get(Method.AEROPONICS)
    if mist is not None and mist.cycle is not None:
        for day in (True, False):
            on_s, off_s = mist.cycle.at(day)
            if on_s > 0 and off_s > _MIST_PAUSE_MAX_MIN * 60:
                yield finding(
                    Severity.WARNING,
                    "mist_pause_long",
                    f"{path}.irrigation.aeroponics.cycle",
                    source=_MIST_SOURCE,
                    minutes=off_s / 60,
                    most=_MIST_PAUSE_MAX_MIN,
                )
    drip = phase.irrigation.get(Method.DRIP)
    if drip is not None and drip.steering is not None:
        yield from _steering(drip.steering, phase, f"{path}.irrigation.drip.steering")


def _steering(plan: CropSteering, phase: Phase, path: str) -> Iterator[Finding]:
    wait_h = plan.p0_max_wait_min / 60 + plan.p3_last_shot_before_lights_off_h
    if phase.light.photoperiod_h <= wait_h:
        yield finding(
            Severity.ERROR,
            "steering_no_time",
            f"{path}.p3_last_shot_before_lights_off",
            hours=phase.light.photoperiod_h,
        )
    peak_to_floor = plan.p1_target_vwc_pct - plan.floor_vwc_pct
    if plan.p3_dryback_points > peak_to_floor:
        yield finding(
            Severity.WARNING,
            "dryback_below_floor",
            f"{path}.p3_dryback_points",
            points=plan.p3_dryback_points,
            peak=plan.p1_target_vwc_pct,
            floor=plan.floor_vwc_pct,
            most=peak_to_floor,
        )
