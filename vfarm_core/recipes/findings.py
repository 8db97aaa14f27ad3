"""What a check of a recipe found: how bad, which code, where, with which values, and why we
believe it.

`code` and `params` are stable, for translation; `message` and `accepted` are the English words made
of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from .errors import Problem


class Severity(StrEnum):
    """Whether a finding forbids the recipe."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found. `params` are what the words of `code` need, in the units the words
    name; `source` is why we believe it."""

    severity: Severity
    code: str
    path: str
    message: str
    accepted: str = ""
    source: str = ""
    params: Mapping[str, float | str] = field(default_factory=dict)

    def as_problem(self, file: str, line: int | None = None) -> Problem:
        """What forbids a recipe, as what is wrong in its file."""
        return Problem(
            path=self.path,
            code=self.code,
            message=self.message,
            accepted=self.accepted,
            file=file,
            line=line,
            params=self.params,
        )

    def __str__(self) -> str:
        accepted = f" (accepted: {self.accepted})" if self.accepted else ""
        source = f" [{self.source}]" if self.source else ""
        return f"{self.severity}: {self.path}: {self.message}{accepted}{source}"


#: The words of each code: what is found, and what would be accepted.
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # physics and hardware of any farm
        "vpd_unusual": ("gives a VPD of {vpd:.2f} kPa by day", "{low:g} … {high:g} kPa"),
        "vpd_unreachable": ("{vpd:g} kPa cannot be reached at {temperature:g} °C", "{accepted}"),
        "vpd_needs_humidity": (
            "{vpd:g} kPa at {temperature:g} °C needs {humidity:.0f} % humidity, outside its "
            "critical limits",
            "{accepted} %",
        ),
        "vpd_contradicts_humidity": (
            "{vpd:g} kPa at {temperature:g} °C needs {humidity:.0f} % humidity, outside its "
            "warning limits",
            "{accepted} %",
        ),
        "blackout_lit": ("a blackout phase has light", "0 h"),
        "water_temperature_unusual": ("{value:g} °C harms roots", "{low:g} … {high:g} °C"),
        "flood_long": (
            "a flood of {minutes:.0f} min drowns roots",
            "at most {most:g} min with its drain",
        ),
        "mist_pause_long": (
            "{minutes:.0f} min without mist are beyond what was tried",
            "at most {most:g} min",
        ),
        "steering_no_time": (
            "leaves no time for shots in {hours:g} lit hours",
            "p0_max_wait and p3_last_shot_before_lights_off shorter than the photoperiod",
        ),
        "dryback_below_floor": (
            "a drop of {points:g} percentage points from {peak:g} % ends below the floor of "
            "{floor:g} %",
            "at most {most:g} percentage points",
        ),
        # the crop
        "growth_model_foreign": (
            "van Henten 1994 is a model of lettuce, not of {crop}",
            "light_use",
        ),
        "dli_excessive": (
            "{ppfd:g} μmol/m²/s for {hours:g} h is {dli:.1f} mol/m²/d, far above what {crop} uses",
            "at most {most:.1f} mol/m²/d",
        ),
        "dli_low": (
            "{ppfd:g} μmol/m²/s for {hours:g} h is {dli:.1f} mol/m²/d, too little for {crop} to "
            "fill out",
            "at least {least:.1f} mol/m²/d",
        ),
        "photoperiod_long": (
            "{hours:g} h is too long a day for {crop} in {kind}",
            "at most {most:g} h",
        ),
        "night_shortened": (
            "a night of {hours:g} h is shorter than planned: short-day plants flower by the "
            "length of their nights",
            "{night:g} h",
        ),
        "night_cold": ("{value:g} °C by night injures {crop}", "at least {least:g} °C"),
        "day_hot": ("{value:g} °C by day is too warm for {crop}", "at most {most:g} °C"),
        "day_cold": ("{value:g} °C by day is too cold for {crop}", "at least {least:g} °C"),
        "day_night_far": (
            "day and night are {difference:g} K apart",
            "at most {most:g} K",
        ),
        "night_warmer": ("the night is {difference:g} K warmer than the day", "a cooler night"),
        "ec_unusual": ("{value:g} mS/cm is unusual for {crop}", "{accepted} mS/cm"),
        "ph_unusual": ("pH {value:g} is unusual for {crop}", "{accepted}"),
        "co2_too_high": (
            "{value:g} ppm brings nothing over {most:g} ppm",
            "at most {most:g} ppm",
        ),
        # this farm
        "no_level": ("there is no level {level}", "{accepted}"),
        "no_sites": ("{plants:g} plants, but {free:g} sites are free", "at most {free:g} plants"),
        "area_short": (
            "{plants:g} plants at {density:g} plants/m² need {need:.2f} m², the levels have "
            "{have:.2f} m²",
            "at most {most:.0f} plants, or another level for this phase",
        ),
        "no_lamps": ("{level} has no lamps that are known", "a fixture with its PPFD"),
        "light_unreachable": (
            "{level} reaches {full:.0f} of {ppfd:g} μmol/m²/s",
            "at most {full:.0f} μmol/m²/s, or a longer photoperiod",
        ),
        "light_no_reserve": (
            "{ppfd:g} μmol/m²/s is {share:.0f} % of what the lamps of {level} give when new: "
            "nothing is left to make up for a late start or for ageing",
            "at most {most:.0f} μmol/m²/s",
        ),
        "channel_missing": (
            "{level} has no {channel} lamps of its own",
            "the lamp's own spectrum, or lamps per channel",
        ),
        "channel_unreachable": (
            "{level} reaches {full:.0f} of {wanted:.0f} μmol/m²/s of {channel}",
            "at most {most:.0f} %",
        ),
        "far_red_unreachable": (
            "{level} reaches {full:g} of {wanted:g} μmol/m²/s of far-red light",
            "at most {full:g} μmol/m²/s",
        ),
        "supply_overload": (
            "the lamps of {levels} need {kw:.2f} kW of the {limit:g} kW of {supply}",
            "at most {limit:g} kW",
        ),
        "supply_shared": (
            "the lamps of {levels} need {kw:.2f} kW; with all others on {supply} at full output "
            "that makes {all_kw:.2f} of {limit:g} kW",
            "lights on at different times",
        ),
        "not_watered": ("{level} hangs on no circuit", "a circuit"),
        "no_plan": ("has no plan for {method}, which waters {level}", "irrigation.{method}"),
        "circuit_full": (
            "{events:g} events a day on {circuit}, each {minutes:g} min with its drain, need "
            "{hours:.1f} of {window:g} {when} hours",
            "fewer or shorter events",
        ),
        "pump_full": (
            "{pump} would run {hours:.1f} of {window:g} {when} hours for {circuits} circuits",
            "fewer or shorter events, or another pump",
        ),
        "pump_busy": (
            "{pump} would run {hours:.1f} of {window:g} {when} hours: little room for a late shot",
            "at most half of the time",
        ),
        "pump_shared": (
            "{circuit} needs {pump} without interruption, which also feeds {others}",
            "a pump of its own, or one method for all its circuits",
        ),
        "cap_exceeded": (
            "{circuit} would get {litres:.0f} L a day, more than its cap",
            "at most {most:g} L",
        ),
        "flood_too_large": (
            "an event on {circuit} takes {litres:.0f} L out of {reservoir}",
            "at most {most:.0f} L between full and its least volume",
        ),
        "cooling_short": (
            "{kw:.1f} kW of heat from the lamps, {removed:.1f} kW can be cooled in {zone}",
            "lamps of {removed:.1f} kW, or more cooling",
        ),
        "drying_short": (
            "full leaf gives {water:.1f} kg of water an hour, {removed:.1f} kg can be taken out "
            "in {zone}",
            "fewer levels, humid nights, or more drying",
        ),
        "no_cooling": ("{zone} has nothing that cools {kw:.1f} kW of lamps", "a cooler"),
        "no_co2": ("{zone} has no CO2 valve: its air stays as it is", "a CO2 valve, or no target"),
        "no_nutrients": (
            "{reservoir} has no dosing pump for nutrients: a person mixes it",
            "a dosing pump, or mixing by hand",
        ),
        "no_ph": (
            "{reservoir} has no dosing pump for acid or base: a person corrects the pH",
            "a dosing pump, or correction by hand",
        ),
    }
)


def finding(
    severity: Severity, code: str, path: str, *, source: str = "", **params: float | str
) -> Finding:
    """A finding with its English words made of its code and `params`."""
    message, accepted = TEXTS[code]
    return Finding(
        severity=severity,
        code=code,
        path=path,
        message=message.format(**params),
        accepted=accepted.format(**params),
        source=source,
        params=params,
    )


def ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, otherwise in the order they were found."""
    return tuple(sorted(found, key=lambda f: f.severity is not Severity.ERROR))
