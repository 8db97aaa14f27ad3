"""The scenarios, by what fails."""

from __future__ import annotations

from ..model import Scenario
from . import (
    clock,
    devices,
    dosing,
    filling,
    irrigation,
    light,
    modes,
    monitors,
    people,
    process,
    reports,
    sensors,
    sizes,
    water,
)

SCENARIOS: tuple[Scenario, ...] = (
    *sensors.SCENARIOS,
    *reports.SCENARIOS,
    *devices.SCENARIOS,
    *monitors.SCENARIOS,
    *light.SCENARIOS,
    *water.SCENARIOS,
    *irrigation.SCENARIOS,
    *dosing.SCENARIOS,
    *filling.SCENARIOS,
    *process.SCENARIOS,
    *people.SCENARIOS,
    *modes.SCENARIOS,
    *clock.SCENARIOS,
    *sizes.SCENARIOS,
)
