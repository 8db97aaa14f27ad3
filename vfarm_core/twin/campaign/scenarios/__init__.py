"""The scenarios, by what fails."""

from __future__ import annotations

from ..model import Scenario
from . import devices, sensors, water

SCENARIOS: tuple[Scenario, ...] = (
    *sensors.SCENARIOS,
    *devices.SCENARIOS,
    *water.SCENARIOS,
)
