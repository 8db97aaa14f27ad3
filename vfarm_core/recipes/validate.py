"""Whether a recipe makes sense for its crop and for physics.

Errors cannot work in any room; warnings can, but somebody should have meant them. Thresholds:
VPD 0.3 … 1.6 kPa by day and a DLI of 1.3 times the crop's most are the project's (design), the
rest comes from `crops` with its source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ..farm.nodes import Method
from ..science.air import humidity_for_vpd_pct, vpd_air_kpa
from ..science.errors import UnreachableError
from .crops import LIMITS, SHORT_DAY_MAX_H, Bound
from .errors import Problem, RecipeError
from .model import (
    Band,
    ClimateQuantity,
    CropSteering,
    DayLength,
    GrowthModel,
    Phase,
    PhaseKind,
    Recipe,
    SolutionQuantity,
)

VPD_DAY_KPA = Band(0.3, 1.6)
DLI_OVER_MAX = 1.3
#: Warmer than this, roots run out of oxygen and Pythium thrives (limits_alarms: critical 28 °C).
_WATER_C = Band(12, 28)
#: Fill and drain of an ebb-flow bed take up to 30 min together (CANNA); a flood is part of it.
_FLOOD_MAX_S = 1800.0
#: Intervals of up to 60 min were tried without loss (Tunio 2021, limits_alarms.csv).
_MIST_PAUSE_MAX_S = 3600.0
#: Nothing transpires yet, or a lid holds the humidity.
_COVERED = frozenset({PhaseKind.GERMINATION, PhaseKind.BLACKOUT})


class Severity(StrEnum):
    """Whether a finding forbids the recipe."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found. `code` is stable, for translation; `source` is why we believe it."""

    severity: Severity
    code: str
    path: str
    message: str
    accepted: str = ""
    source: str = ""

    def __str__(self) -> str:
        accepted = f" (accepted: {self.accepted})" if self.accepted else ""
        source = f" [{self.source}]" if self.source else ""
        return f"{self.severity}: {self.path}: {self.message}{accepted}{source}"


def validate(recipe: Recipe) -> tuple[Finding, ...]:
    """Everything that is doubtful about a recipe, errors first."""
    found = list(_growth(recipe))
    for index, phase in enumerate(recipe.phases):
        path = f"phases[{index}]"
        found += _vapour(phase, path)
        found += _light(recipe, phase, path)
        found += _temperature(recipe, phase, path)
        found += _water(phase, path)
    return tuple(sorted(found, key=lambda f: f.severity is not Severity.ERROR))


def require_valid(recipe: Recipe, *, file: str = "") -> tuple[Finding, ...]:
    """The warnings about a recipe. Raises RecipeError when there are errors."""
    found = validate(recipe)
    errors = [f for f in found if f.severity is Severity.ERROR]
    if errors:
        raise RecipeError(
            Problem(path=f.path, message=f.message, accepted=f.accepted, file=file or recipe.id)
            for f in errors
        )
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
                yield Finding(
                    severity=Severity.WARNING,
                    code="vpd_unusual",
                    path=f"{path}.climate",
                    message=f"gives a VPD of {result:.2f} kPa by day",
                    accepted=f"{VPD_DAY_KPA} kPa",
                )


def _vpd_reachable(
    phase: Phase, path: str, day: bool, temperature: float, vpd: float
) -> Iterator[Finding]:
    when = "day" if day else "night"
    where = f"{path}.climate.vpd.{when}"
    try:
        needed = humidity_for_vpd_pct(temperature, vpd)
    except UnreachableError as err:
        yield Finding(
            severity=Severity.ERROR,
            code="vpd_unreachable",
            path=where,
            message=f"{vpd:g} kPa cannot be reached at {temperature:g} °C",
            accepted=err.accepted,
        )
        return
    humidity = phase.climate.get(ClimateQuantity.HUMIDITY)
    if humidity is None:
        return
    for band, name, severity, code in (
        (humidity.critical(day), "critical", Severity.ERROR, "vpd_unreachable"),
        (humidity.warning(day), "warning", Severity.WARNING, "vpd_contradicts_humidity"),
    ):
        if not band.contains(needed):
            yield Finding(
                severity=severity,
                code=code,
                path=where,
                message=f"{vpd:g} kPa at {temperature:g} °C needs {needed:.0f} % humidity, "
                f"outside its {name} limits",
                accepted=f"{band} %",
            )
            return


def _light(recipe: Recipe, phase: Phase, path: str) -> Iterator[Finding]:
    limits = LIMITS.get(recipe.crop)
    light = phase.light
    most = limits.dli_max if limits is not None else None
    if most is not None and light.dli > DLI_OVER_MAX * most.value:
        yield Finding(
            severity=Severity.WARNING,
            code="dli_excessive",
            path=f"{path}.light.ppfd",
            message=f"{light.ppfd:g} μmol/m²/s for {light.photoperiod_h:g} h is {light.dli:.1f} "
            f"mol/m²/d, far above what {recipe.crop} uses",
            accepted=f"at most {DLI_OVER_MAX * most.value:.1f} mol/m²/d",
            source=most.provenance.source,
        )
    bound: Bound | None = limits.photoperiod_max_h if limits is not None else None
    if bound is None and recipe.day_length is DayLength.SHORT_DAY:
        # What is known of the crop itself goes before what holds for short-day plants at large.
        bound = SHORT_DAY_MAX_H
    if bound is not None and bound.holds_in(phase.kind) and light.photoperiod_h > bound.value:
        yield Finding(
            severity=Severity.WARNING,
            code="photoperiod_long",
            path=f"{path}.light.photoperiod",
            message=f"{light.photoperiod_h:g} h is too long a day for {recipe.crop} in "
            f"{phase.kind}",
            accepted=f"at most {bound.value:g} h",
            source=bound.provenance.source,
        )
    if (
        recipe.day_length is DayLength.SHORT_DAY
        and light.shift is not None
        and light.shift.dark_min_h < 24 - light.photoperiod_h
    ):
        yield Finding(
            severity=Severity.ERROR,
            code="night_shortened",
            path=f"{path}.light.shift.dark_min",
            message=f"a night of {light.shift.dark_min_h:g} h is shorter than planned: "
            "short-day plants flower by the length of their nights",
            accepted=f"{24 - light.photoperiod_h:g} h",
        )
    if phase.kind is PhaseKind.BLACKOUT and not phase.is_dark:
        yield Finding(
            severity=Severity.WARNING,
            code="blackout_lit",
            path=f"{path}.light.photoperiod",
            message="a blackout phase has light",
            accepted="0 h",
        )


def _temperature(recipe: Recipe, phase: Phase, path: str) -> Iterator[Finding]:
    limits = LIMITS.get(recipe.crop)
    setpoint = phase.climate.get(ClimateQuantity.AIR_TEMPERATURE)
    if limits is None or setpoint is None:
        return
    low, high = limits.night_temperature_min, limits.day_temperature_max
    if low is not None and setpoint.night is not None and setpoint.night < low.value:
        yield Finding(
            severity=Severity.WARNING,
            code="night_cold",
            path=f"{path}.climate.air_temperature.night",
            message=f"{setpoint.night:g} °C by night injures {recipe.crop}",
            accepted=f"at least {low.value:g} °C",
            source=low.provenance.source,
        )
    if (
        high is not None
        and high.holds_in(phase.kind)
        and setpoint.day is not None
        and setpoint.day > high.value
    ):
        yield Finding(
            severity=Severity.WARNING,
            code="day_hot",
            path=f"{path}.climate.air_temperature.day",
            message=f"{setpoint.day:g} °C by day is too warm for {recipe.crop}",
            accepted=f"at most {high.value:g} °C",
            source=high.provenance.source,
        )


def _water(phase: Phase, path: str) -> Iterator[Finding]:
    setpoint = phase.solution.get(SolutionQuantity.WATER_TEMPERATURE)
    for when in ("day", "night"):
        wanted = getattr(setpoint, when, None)
        if wanted is not None and not _WATER_C.contains(wanted):
            yield Finding(
                severity=Severity.WARNING,
                code="water_temperature_unusual",
                path=f"{path}.solution.water_temperature.{when}",
                message=f"{wanted:g} °C harms roots",
                accepted=f"{_WATER_C} °C",
            )
    plan = phase.irrigation.get(Method.EBB_FLOW)
    if plan is not None and plan.duration_s > _FLOOD_MAX_S:
        yield Finding(
            severity=Severity.WARNING,
            code="flood_long",
            path=f"{path}.irrigation.ebb_flow.duration",
            message=f"a flood of {plan.duration_s / 60:.0f} min drowns roots",
            accepted="at most 30 min with its drain",
        )
    mist = phase.irrigation.get(Method.AEROPONICS)
    if mist is not None and mist.cycle is not None:
        for day in (True, False):
            on_s, off_s = mist.cycle.at(day)
            if on_s > 0 and off_s > _MIST_PAUSE_MAX_S:
                yield Finding(
                    severity=Severity.WARNING,
                    code="mist_pause_long",
                    path=f"{path}.irrigation.aeroponics.cycle",
                    message=f"{off_s / 60:.0f} min without mist are beyond what was tried",
                    accepted="at most 60 min",
                    source="Tunio 2021 Agronomy 11:97",
                )
    drip = phase.irrigation.get(Method.DRIP)
    if drip is not None and drip.steering is not None:
        yield from _steering(drip.steering, phase, f"{path}.irrigation.drip.steering")


def _steering(plan: CropSteering, phase: Phase, path: str) -> Iterator[Finding]:
    wait_h = plan.p0_max_wait_min / 60 + plan.p3_last_shot_before_lights_off_h
    if phase.light.photoperiod_h <= wait_h:
        yield Finding(
            severity=Severity.ERROR,
            code="steering_no_time",
            path=f"{path}.p3_last_shot_before_lights_off",
            message=f"leaves no time for shots in {phase.light.photoperiod_h:g} lit hours",
            accepted="p0_max_wait and p3_last_shot_before_lights_off shorter than the photoperiod",
        )
    peak_to_floor = plan.p1_target_vwc_pct - plan.floor_vwc_pct
    if plan.p3_dryback_points > peak_to_floor:
        yield Finding(
            severity=Severity.WARNING,
            code="dryback_below_floor",
            path=f"{path}.p3_dryback_points",
            message=f"a drop of {plan.p3_dryback_points:g} percentage points from "
            f"{plan.p1_target_vwc_pct:g} % ends below the floor of {plan.floor_vwc_pct:g} %",
            accepted=f"at most {peak_to_floor:g} percentage points",
        )


def _growth(recipe: Recipe) -> Iterator[Finding]:
    if recipe.growth.model is GrowthModel.VAN_HENTEN_1994 and recipe.crop != "lettuce":
        yield Finding(
            severity=Severity.WARNING,
            code="growth_model_foreign",
            path="growth.model",
            message=f"van Henten 1994 is a model of lettuce, not of {recipe.crop}",
            accepted="light_use",
        )
