"""Fields of actions: values that a farm can work with, and refusals in the user's words.

A schema alone answers in English and for programmers, and its plain conversions take what no farm
can use: `nan`, infinite figures, half a plant, a truth as a number, durations of a million years.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import voluptuous as vol
from homeassistant.core import callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .targets import error

#: What is shown of a value that does not fit.
_SHOWN: Final = 60
#: No batch, order or record of a farm lies outside of these years.
_YEARS: Final = range(1970, 2200)
#: Longer than anything a farm is asked for.
_LONGEST: Final = dt.timedelta(days=36500)


class UnfitError(vol.Invalid):
    """A value that does not fit, with the key of the sentence that says so."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep the key, and what stands in its sentence beside the field and the value."""
        super().__init__(key)
        self.key = key
        self.more = placeholders


def number(
    low: float | None = None, high: float | None = None, *, above: float | None = None
) -> Callable[[Any], float]:
    """A finite number, from `low` or beyond `above`, up to `high`."""

    def fit(value: Any) -> float:
        # A truth is a number to Python, and to nobody else.
        if isinstance(value, bool):
            raise UnfitError("field_number")
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError) as err:
            raise UnfitError("field_number") from err
        if not math.isfinite(found):
            raise UnfitError("field_number")
        if (
            (low is not None and found < low)
            or (above is not None and found <= above)
            or (high is not None and found > high)
        ):
            raise UnfitError("field_range", range=_range(low, high, above))
        return found

    return fit


def whole(low: int | None = None, high: int | None = None) -> Callable[[Any], int]:
    """A whole number from `low` to `high`; half a plant is none."""
    fit_number = number(low, high)

    def fit(value: Any) -> int:
        found = fit_number(value)
        if not found.is_integer():
            raise UnfitError("field_whole")
        return int(found)

    return fit


def span(value: Any) -> dt.timedelta:
    """A duration of at most a century."""
    try:
        found: dt.timedelta = cv.time_period(value)
    except (vol.Invalid, ValueError, OverflowError) as err:
        raise UnfitError("field_duration") from err
    if abs(found) > _LONGEST:
        raise UnfitError("field_duration")
    return found


def instant(value: Any) -> dt.datetime:
    """A moment; one that names no time zone is meant in that of Home Assistant."""
    try:
        found: dt.datetime = cv.datetime(value)
    except (vol.Invalid, ValueError) as err:
        raise UnfitError("field_time") from err
    if found.year not in _YEARS:
        raise UnfitError("field_time")
    if found.tzinfo is None:
        found = found.replace(tzinfo=dt_util.get_default_time_zone())
    return found


def calendar_day(value: Any) -> dt.date:
    """A day."""
    try:
        found: dt.date = cv.date(value)
    except (vol.Invalid, ValueError) as err:
        raise UnfitError("field_date") from err
    if found.year not in _YEARS:
        raise UnfitError("field_date")
    return found


def _range(low: float | None, high: float | None, above: float | None) -> str:
    least = f"> {above:g}" if above is not None else f"≥ {low:g}" if low is not None else ""
    most = f"≤ {high:g}" if high is not None else ""
    return ", ".join(part for part in (least, most) if part)


@callback
def in_words(schema: vol.Schema) -> vol.Schema:
    """A schema that refuses as ServiceValidationError, in the language of whoever asks."""

    def fit(data: Any) -> Any:
        try:
            return schema(data)
        except vol.Invalid as err:
            _refuse(schema, data, err)

    return vol.Schema(fit)


def _refuse(schema: vol.Schema, data: Any, err: vol.Invalid) -> NoReturn:
    first = err.errors[0] if isinstance(err, vol.MultipleInvalid) else err
    key, more = _sentence(schema, first)
    raise _error(key, _path(first), _value(data, first), more) from err


def _error(key: str, field: str, value: str, more: Mapping[str, str]) -> ServiceValidationError:
    return error(key, field=field, value=value, **more)


def _sentence(schema: vol.Schema, err: vol.Invalid) -> tuple[str, dict[str, str]]:
    """The key of the sentence that says what does not fit, and what stands in it."""
    if isinstance(err, UnfitError):
        return err.key, err.more
    if isinstance(err, vol.RequiredFieldInvalid):
        return "field_missing", {}
    if err.code == "extra_keys_not_allowed":
        return "field_unknown", {}
    if isinstance(err, vol.ExclusiveInvalid):
        group = err.placeholders["group"]
        fields = [
            str(key)
            for key in schema.schema
            if isinstance(key, vol.Exclusive) and key.group_of_exclusion == group
        ]
        return "field_beside", {"fields": ", ".join(fields)}
    if isinstance(err, vol.CoerceInvalid | vol.InInvalid) and "values" in err.placeholders:
        values = err.placeholders["values"]
        listed = values if isinstance(values, str) else ", ".join(map(str, values))
        return "field_choice", {"accepted": listed.replace("'", "")}
    return "field_invalid", {}


def _path(err: vol.Invalid) -> str:
    """Where in the data it is: `orders.1.kg` is of the first order."""
    return ".".join(str(at + 1) if isinstance(at, int) else str(at) for at in err.path)


def _value(data: Any, err: vol.Invalid) -> str:
    found = data
    for at in err.path:
        try:
            found = found[at]
        except (KeyError, IndexError, TypeError):
            # One value stands for a list of one.
            continue
    text = str(found)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
