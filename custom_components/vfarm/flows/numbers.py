"""Number boxes of forms that take what a farm can be built of: finite, whole where it counts."""

from __future__ import annotations

import math
from typing import Any, override

import voluptuous as vol
from homeassistant.helpers.selector import NumberSelector, NumberSelectorConfig, NumberSelectorMode


class FiniteNumberSelector(NumberSelector):
    """A box for a number that is finite: Home Assistant's own takes `nan`, which passes every
    limit."""

    @override
    def __call__(self, data: Any) -> float:
        """Validate a value. Raises Invalid."""
        found = super().__call__(data)
        if not math.isfinite(found):
            raise vol.Invalid("expected a finite number")
        return found


class WholeNumberSelector(FiniteNumberSelector):
    """A box for how many of something there are: half of them is none."""

    @override
    def __call__(self, data: Any) -> float:
        """Validate a value. Raises Invalid."""
        found = super().__call__(data)
        if not found.is_integer():
            raise vol.Invalid("expected a whole number")
        return found


def box(unit: str | None = None, step: float | None = None) -> FiniteNumberSelector:
    """A number box. Ranges are the core's to judge, so that the error says what is wrong."""
    config = NumberSelectorConfig(mode=NumberSelectorMode.BOX, step=step or "any")
    if unit is not None:
        config["unit_of_measurement"] = unit
    return FiniteNumberSelector(config)


def count(low: int, high: int) -> WholeNumberSelector:
    """A box for how many of something there are."""
    mode = NumberSelectorMode.BOX
    return WholeNumberSelector(NumberSelectorConfig(min=low, max=high, step=1, mode=mode))
