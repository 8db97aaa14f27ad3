"""The scenarios, by what fails."""

from __future__ import annotations

from ..model import Scenario
from . import sensors

SCENARIOS: tuple[Scenario, ...] = (*sensors.SCENARIOS,)
