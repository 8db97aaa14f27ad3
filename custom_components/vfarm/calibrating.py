"""The action that says how probes, light sensors and dosing pumps were calibrated, and how they
drift. It moves nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall

from vfarm_core.control import calibrations
from vfarm_core.control.memory import Calibrated
from vfarm_core.farm.nodes import Farm

from .targets import async_entry


async def async_calibrations(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """What is known of every calibration of a farm."""
    engine = async_entry(hass, call).runtime_data.engine
    farm, memory = engine.farm, engine.runtime.memory
    probes = [
        {
            "point": probe.point,
            "node": probe.node,
            "role": probe.role.value,
            "use": probe.use.value,
            "verified_at": _when(farm, probe.verified_at),
            "due_at": _when(farm, probe.due_at),
            "correction": probe.correction,
            "calibrations": [_calibrated(farm, done) for done in probe.calibrations],
        }
        for probe in calibrations.probes(farm, memory, engine.clock.now())
    ]
    pumps = [
        {
            "point": pump.point,
            "node": pump.node,
            "role": pump.role.value,
            "ml_per_s": None if pump.ml_per_s is None else round(pump.ml_per_s, 4),
            "calibrated_at": _when(farm, pump.calibrated_at),
            "due_at": _when(farm, pump.due_at),
        }
        for pump in calibrations.pumps(farm, memory)
    ]
    return {"probes": probes, "pumps": pumps}


def _calibrated(farm: Farm, done: Calibrated) -> dict[str, Any]:
    return {
        "at": _when(farm, done.at),
        "points": done.points,
        "slope_pct": round(100 * done.slope, 1),
        "offset": round(done.offset, 3),
        "drift": round(done.drift, 3),
    }


def _when(farm: Farm, at: float | None) -> str | None:
    """An instant by the farm's clock."""
    return None if at is None else dt.datetime.fromtimestamp(at, farm.tz).isoformat()
