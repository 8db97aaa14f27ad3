"""Whether a recipe suits its crop: light, day length, temperature, EC and pH against what is known
of it (`crops`), each with its source.

All of it is a warning, for there may be a cultivar or a reason that nobody has written down; only
what defeats the recipe's own purpose is an error. Factors and differences named here are the
project's (design).
"""

from __future__ import annotations

from collections.abc import Iterator

from .crops import LIMITS, SHORT_DAY_MAX_H, Bound, CropLimits, Range
from .findings import Finding, Severity, finding
from .model import (
    ClimateQuantity,
    DayLength,
    GrowthModel,
    Phase,
    PhaseKind,
    Recipe,
    SolutionQuantity,
)

#: A daily light integral this far beyond what is known to be used, or short of it.
DLI_OVER_MAX = 1.3
DLI_UNDER_MIN = 0.7
#: The widest difference of day and night among the crops of the reference is 11 K (strawberry).
DAY_NIGHT_MOST_K = 12.0
#: Cornell's highest set-point of CO2; vfarm stops injection at 2,000 ppm.
CO2_MOST_PPM = 1500.0
_CO2_SOURCE = "Cornell: 1500 ppm at most"
#: Seed swells in plain water, cuttings root in little: what is usual for the crop begins after it.
_ON_RESERVES = frozenset({PhaseKind.GERMINATION, PhaseKind.BLACKOUT})
_NOTHING = CropLimits()


def suits(recipe: Recipe) -> Iterator[Finding]:
    """Everything that is doubtful about a recipe for its crop."""
    limits = LIMITS.get(recipe.crop, _NOTHING)
    if recipe.growth.model is GrowthModel.VAN_HENTEN_1994 and recipe.crop != "lettuce":
        yield finding(Severity.WARNING, "growth_model_foreign", "growth.model", crop=recipe.crop)
    for index, phase in enumerate(recipe.phases):
        path = f"phases[{index}]"
        yield from _light_sum(recipe, phase, limits, path)
        yield from _day_length(recipe, phase, limits, path)
        yield from _temperature(recipe, phase, limits, path)
        yield from _co2(phase, path)
        yield from _solution(recipe, phase, limits, path)


def _light_sum(recipe: Recipe, phase: Phase, limits: CropLimits, path: str) -> Iterator[Finding]:
    light, most, least = phase.light, limits.dli_max, limits.dli_min
    given: dict[str, float | str] = {
        "ppfd": light.ppfd,
        "hours": light.photoperiod_h,
        "dli": light.dli,
        "crop": recipe.crop,
    }
    if most is not None and light.dli > DLI_OVER_MAX * most.value:
        yield finding(
            Severity.WARNING,
            "dli_excessive",
            f"{path}.light.ppfd",
            source=most.provenance.source,
            most=DLI_OVER_MAX * most.value,
            **given,
        )
    if least is not None and least.holds_in(phase.kind) and light.dli < DLI_UNDER_MIN * least.value:
        yield finding(
            Severity.WARNING,
            "dli_low",
            f"{path}.light.ppfd",
            source=least.provenance.source,
            least=DLI_UNDER_MIN * least.value,
            **given,
        )


def _day_length(recipe: Recipe, phase: Phase, limits: CropLimits, path: str) -> Iterator[Finding]:
    light = phase.light
    short_day = recipe.day_length is DayLength.SHORT_DAY
    bound: Bound | None = limits.photoperiod_max_h
    if bound is None and short_day:
        # What is known of the crop itself goes before what holds for short-day plants at large.
        bound = SHORT_DAY_MAX_H
    if bound is not None and bound.holds_in(phase.kind) and light.photoperiod_h > bound.value:
        yield finding(
            Severity.WARNING,
            "photoperiod_long",
            f"{path}.light.photoperiod",
            source=bound.provenance.source,
            hours=light.photoperiod_h,
            crop=recipe.crop,
            kind=phase.kind.value,
            most=bound.value,
        )
    night = 24 - light.photoperiod_h
    if short_day and light.shift is not None and light.shift.dark_min_h < night:
        yield finding(
            Severity.ERROR,
            "night_shortened",
            f"{path}.light.shift.dark_min",
            hours=light.shift.dark_min_h,
            night=night,
        )


def _temperature(recipe: Recipe, phase: Phase, limits: CropLimits, path: str) -> Iterator[Finding]:
    setpoint = phase.climate.get(ClimateQuantity.AIR_TEMPERATURE)
    if setpoint is None:
        return
    path = f"{path}.climate.air_temperature"
    day, night = setpoint.day, setpoint.night
    low = limits.night_temperature_min
    if low is not None and night is not None and night < low.value:
        yield _outside("night_cold", f"{path}.night", recipe.crop, night, least=low)
    low, high = limits.day_temperature_min, limits.day_temperature_max
    if low is not None and low.holds_in(phase.kind) and day is not None and day < low.value:
        yield _outside("day_cold", f"{path}.day", recipe.crop, day, least=low)
    if high is not None and high.holds_in(phase.kind) and day is not None and day > high.value:
        yield _outside("day_hot", f"{path}.day", recipe.crop, day, most=high)
    if day is None or night is None or phase.is_dark or phase.is_always_lit:
        return
    if day - night > DAY_NIGHT_MOST_K:
        yield finding(
            Severity.WARNING,
            "day_night_far",
            path,
            difference=day - night,
            most=DAY_NIGHT_MOST_K,
        )
    elif night > day:
        yield finding(Severity.WARNING, "night_warmer", path, difference=night - day)


def _outside(code: str, path: str, crop: str, value: float, **bound: Bound) -> Finding:
    ((name, limit),) = bound.items()
    return finding(
        Severity.WARNING,
        code,
        path,
        source=limit.provenance.source,
        value=value,
        crop=crop,
        **{name: limit.value},
    )


def _co2(phase: Phase, path: str) -> Iterator[Finding]:
    setpoint = phase.climate.get(ClimateQuantity.CO2)
    if setpoint is not None and setpoint.day is not None and setpoint.day > CO2_MOST_PPM:
        yield finding(
            Severity.WARNING,
            "co2_too_high",
            f"{path}.climate.co2.day",
            source=_CO2_SOURCE,
            value=setpoint.day,
            most=CO2_MOST_PPM,
        )


def _solution(recipe: Recipe, phase: Phase, limits: CropLimits, path: str) -> Iterator[Finding]:
    for quantity, code, usual in (
        (SolutionQuantity.EC, "ec_unusual", limits.ec),
        (SolutionQuantity.PH, "ph_unusual", limits.ph),
    ):
        setpoint = phase.solution.get(quantity)
        if usual is None or setpoint is None:
            continue
        for when in (True, False):
            value = setpoint.at(when)
            if value is None or (not when and value == setpoint.day):
                continue
            if _is_usual(value, quantity, usual, recipe, phase):
                continue
            yield finding(
                Severity.WARNING,
                code,
                f"{path}.solution.{quantity}.{'day' if when else 'night'}",
                source=usual.provenance.source,
                value=value,
                crop=recipe.crop,
                accepted=str(usual),
            )


def _is_usual(
    value: float, quantity: SolutionQuantity, usual: Range, recipe: Recipe, phase: Phase
) -> bool:
    if value > usual.high:
        return False
    if quantity is SolutionQuantity.EC and (
        phase.kind in _ON_RESERVES or not recipe.ec_includes_source_water
    ):
        # Little is right for seed; and what the source water adds to it is not known here.
        return True
    return value >= usual.low
