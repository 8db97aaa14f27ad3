"""What a person should know of a recipe that came from another form, or goes into one: what is not
taken, left out or not held. `code` and `params` are stable, for translation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing to know; `params` are what the words of `code` need."""

    code: str
    params: Mapping[str, float | str] = field(default_factory=dict)

    def __str__(self) -> str:
        return NOTES[self.code].format(**self.params)


#: The words of each code.
NOTES: Mapping[str, str] = MappingProxyType(
    {
        # what an import left or changed
        "from_base": "{phase}: what is not said is taken from phase {under}",
        "yield_left_out": "the yield expected of {name} is left out: it is of another recipe",
        "regrowth_left_out": "regrowth is left out: its phase is not among those that were read",
        "exit_left_out": "{phase}: its exit is left out, {days:g} days are not within it",
        "co2_left_out": "{phase}: CO2 is left out, it is only a target when lit",
        "method_left_out": "{phase}: {method} is left out, its events do not fit the day",
        "limits_left_out": "{phase}: the limits of {quantity} are left out, its targets lie beyond",
        "limits_stay": "{phase}: the limits of {quantity} stay, its targets reach beyond {band}",
        "spectrum_not_taken": "the spectrum by nm is not taken: lamps keep that of the base",
        "light_not_taken": "not taken: light in mmol and lux: it is not said of which quantity and "
        "which lamp",
        "soil_not_taken": "not taken: moisture and EC of soil: they are not those of a nutrient "
        "solution",
        # what a form cannot hold
        "no_humidity": "humidity, VPD and CO2",
        "no_solution": "the nutrient solution",
        "no_irrigation": "irrigation",
        "no_limits": "limits",
        "no_exits": "exits and regrowth",
        "no_densities": "densities",
        "no_light_extras": "ceilings, dawn and dusk, channels, far-red light, shifts",
        "no_origin": "sources, confidence, notes, growth and yield",
        "no_part_days": "parts of days",
    }
)
