"""What is wrong with a recipe, all of it at once.

`code` and `params` of a problem are stable, for translation; `message` and `accepted` are the
English words made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing a recipe must not say. `path` is where in the document
    (`phases[1].climate.air_temperature.day`), `accepted` what would be taken, `line` counts
    from 1 and is None where no line can be named. `params` are what the words of `code` need."""

    path: str
    code: str
    message: str
    accepted: str = ""
    file: str = ""
    line: int | None = None
    params: Mapping[str, float | str] = field(default_factory=dict)

    def __str__(self) -> str:
        place = ":".join([self.file or "recipe", *([str(self.line)] if self.line else [])])
        accepted = f" (accepted: {self.accepted})" if self.accepted else ""
        return f"{place}: {self.path or 'document'}: {self.message}{accepted}"


class RecipeError(ValueError):
    """A recipe that cannot be used; `problems` lists every reason, never none."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


#: The words of each code: what is wrong, and what would be accepted.
PROBLEMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # the text
        "cannot_read": ("cannot be read: {why}", ""),
        "not_utf8": ("is not UTF-8 text (byte {byte:.0f})", ""),
        "too_large": ("is too large for a recipe", "{most:,.0f} characters"),
        "no_yaml": ("is no YAML: {why}", ""),
        "no_json": ("is no JSON: {why}", ""),
        "nested": ("is nested too deep or repeated too often", ""),
        "tag": ("has the tag {tag}", "no tags"),
        "key_no_text": ("has a key that is no text", ""),
        "given_twice": ("is given twice, first in line {first:.0f}", ""),
        "no_plain_number": ("{value} is no plain number", "decimal digits"),
        # its parts
        "missing": ("missing", ""),
        "unknown_key": ("unknown key", "{known}"),
        "no_mapping": ("is no mapping", "a mapping with {known}"),
        "empty_mapping": ("is empty", "a mapping with {known}"),
        "no_list": ("is no list", "a list with at least one entry"),
        "empty_list": ("is empty", "a list with at least one entry"),
        "no_text": ("{value} does not fit", "a text (in quotes where it is a number)"),
        "empty_text": ("is empty", "a text (in quotes where it is a number)"),
        "no_name": (
            "{value} does not fit",
            "a lower-case letter, then lower-case letters, digits and _",
        ),
        "empty_name": ("is empty", "a lower-case letter, then lower-case letters, digits and _"),
        "no_version": (
            "{value} does not fit",
            "the version of a recipe: 64 digits and letters a-f, in quotes",
        ),
        "empty_version": (
            "is empty",
            "the version of a recipe: 64 digits and letters a-f, in quotes",
        ),
        "no_flag": ("{value} does not fit", "true or false"),
        "unknown_choice": ("unknown {key} {value}", "{known}"),
        # numbers
        "no_number": ("{value} is no number", "{range}"),
        "not_finite": ("{value} is no finite number", "{range}"),
        "not_whole": ("{value} is no whole number", "whole numbers, {range}"),
        "out_of_range": ("{value} is out of range", "{range}"),
        "no_unit": (
            "{value} is a text without a unit",
            "a bare number in {unit}, or a text with one of {units}",
        ),
        "wrong_unit": ("unit {unit} does not fit", "{range}; units {units}"),
        # the recipe
        "unknown_format": ("unknown format {value}", "{known}"),
        "no_recipe": ("there is no recipe {name}", "{known}"),
        "id_taken": ("{name} is taken by {file}", "an id of its own"),
        "moved_on": (
            "was made from {based_on}, but the current version is another one",
            "{now}",
        ),
        "phase_twice": ("a phase {name} exists already", ""),
        "no_phase": ("there is no phase {name}", "{known}"),
        "no_sources": ("is no mapping of names to texts", "at least one source"),
        "unknown_source": ("{name} is not among the sources", "{known}"),
        "no_source_yet": ("{name} is not among the sources", "a key of sources"),
        "empty_source": ("is empty", "one key of sources or a list of them"),
        "unknown_confidence": (
            "unknown confidence {value}",
            "A, B, C, D, computed or design, joined by / or + where parts differ",
        ),
        "no_base_temperature": (
            "has no temperature to count from",
            "growth.base_temperature",
        ),
        "no_lue": ("missing: light_use needs it", "{range}"),
        "low_above_high": ("low {low:g} is above high {high:g}", "low ≤ high"),
        # ends of phases
        "exit_one": ("needs one thing to wait for", "{known}"),
        "exit_days": ("{days:g} days are not within", "{least:g} … {most:g}"),
        # targets and limits
        "no_target_at": ("has no target by {when}", "{keys} with {when} or value"),
        "target_missing": (
            "is missing: {keys} needs a target by {when}",
            "{keys} with {when} or value",
        ),
        "co2_lit": ("CO2 is only a target when lit", "day"),
        "beside_value": ("is given beside value", "value, or day and night"),
        "no_setpoint": ("has neither a target nor limits", "value, day, night, warning …"),
        "outside_limits": ("{value:g} by {when} is outside its {limit} limits", "{band}"),
        "warning_beyond": (
            "{warning} by {when} reaches beyond the critical limits",
            "{critical}",
        ),
        "empty_band": ("is empty", "low, high or both"),
        "low_not_below": ("low {low:g} is not below high {high:g}", "low < high"),
        # light
        "light_both": ("photoperiod and ppfd must be both 0 or both above 0", ""),
        "no_ceiling": ("missing", "what the crop takes at most"),
        "dli_contradicts": (
            "{dli:g} contradicts ppfd × photoperiod",
            "{computed:.2f} mol/m²/d, or leave it out",
        ),
        "below_plan": ("{most:g} is below the plan", "from {planned:g}"),
        "ramp_long": ("dawn and dusk are longer than the photoperiod", ""),
        "no_ramp": ("has no ramp to give a shape to", "ramp above 0"),
        "shares_total": ("the shares add up to {total:.0f} %", "100 %"),
        "far_red_amount": ("needs how much far-red light", "either pfd or share"),
        "beyond_night": ("is longer than the night", "{hours:g} h"),
        "nothing_to_shift": ("a phase without day and night has no lights-on to move", ""),
        # water
        "wrong_method": ("does not fit {method}", "{known}"),
        "beside": ("is given beside {other}", "one of them"),
        "no_events": ("missing", "or continuous: true"),
        "not_below": ("is not below {other}", "below {value:g} %"),
        "trigger_one": (
            "needs one thing that triggers",
            "moisture_below, light, or transpiration (light beside it stands in)",
        ),
        "events_long": (
            "{count:g} × {duration:g} s do not fit into {hours:g} {when} hours",
            "",
        ),
        # other forms
        "no_openag": ("is no OpenAg recipe", "{known}"),
        "no_environments": ("is no mapping of environments", "name to values"),
        "no_phases": ("is no list of phases", "at least one phase"),
        "no_cycles": ("has no cycles", "name, repeat, cycles"),
        "unknown_environment": ("{name} is not among them", "{known}"),
        "not_between": ("{value} does not fit", "a number, {low:g} … {high:g}"),
        "no_day": ("{hours:g} hours are no day", "24 hours"),
        "no_plant": ("is no plant of OpenPlantbook", "pid, max_temp …"),
        "low_no_band": ("{low:g} is not below {high:g}", ""),
        "unknown_column": ("unknown column", "{known}"),
        "no_column": ("missing column", ""),
        "no_cell": ("{value} does not fit", "{range}"),
        "empty_cell": ("is empty", ""),
        "row_twice": ("is given twice", ""),
        "no_row": ("has no phase", ""),
    }
)


def problem(
    code: str,
    path: str,
    *,
    file: str = "",
    line: int | None = None,
    params: Mapping[str, float | str] = MappingProxyType({}),
) -> Problem:
    """A problem with its English words made of its code and `params`."""
    message, accepted = PROBLEMS[code]
    return Problem(
        path=path,
        code=code,
        message=message.format(**params),
        accepted=accepted.format(**params),
        file=file,
        line=line,
        params=dict(params),
    )
