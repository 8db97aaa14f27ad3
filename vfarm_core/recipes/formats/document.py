"""A recipe as the document it could have been read from, and as portable JSON.

Every quantity is a text with its unit ("24.0 °C"), so that nobody has to know ours. JSON is YAML:
what is written here is read by `load.load_recipe`, and gives the same version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from .. import quantities as q
from ..load import FORMAT
from ..model import (
    Band,
    ClimateQuantity,
    Estimate,
    Exit,
    FarRed,
    IrrigationPlan,
    LightPlan,
    MistCycle,
    Phase,
    Provenance,
    Recipe,
    Ripe,
    Setpoint,
    ShotTrigger,
)

_RIPE = {
    Ripe.DEGREE_DAYS: q.DEGREE_DAYS,
    Ripe.LIGHT: q.LIGHT_INTEGRAL,
    Ripe.DRYBACK_POINTS: q.POINTS,
    Ripe.CANOPY_COVER: q.COVER,
}
#: The document's keys of crop steering, and ours.
_STEERING = {
    "p0_dryback_points": "p0_dryback_points",
    "p0_max_wait": "p0_max_wait_min",
    "p1_target_vwc": "p1_target_vwc_pct",
    "p1_shot": "p1_shot_pct",
    "p1_increment": "p1_increment_pct",
    "p1_interval": "p1_interval_min",
    "p1_max_shots": "p1_max_shots",
    "p2_threshold_vwc": "p2_threshold_vwc_pct",
    "p2_shot": "p2_shot_pct",
    "p2_interval": "p2_interval_min",
    "p3_last_shot_before_lights_off": "p3_last_shot_before_lights_off_h",
    "p3_dryback_points": "p3_dryback_points",
    "floor_vwc": "floor_vwc_pct",
    "max_shots_per_day": "max_shots_per_day",
}


def to_json(recipe: Recipe) -> str:
    """The recipe as portable JSON."""
    return json.dumps(to_document(recipe), ensure_ascii=False, indent=2) + "\n"


def to_yaml(recipe: Recipe) -> str:
    """The recipe as YAML, to be edited."""
    return yaml.safe_dump(to_document(recipe), allow_unicode=True, sort_keys=False, width=100)


def to_document(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values in the form of docs/recipes.md."""
    expected, regrowth, growth = recipe.expected_yield, recipe.regrowth, recipe.growth
    return _said(
        {
            "format": FORMAT,
            "id": recipe.id,
            "title": recipe.title,
            "crop": recipe.crop,
            "cultivar": recipe.cultivar,
            "summary": recipe.summary,
            "day_length": None if recipe.day_length is None else recipe.day_length.value,
            "parent": recipe.parent,
            "changelog": list(recipe.changelog),
            "ec_includes_source_water": recipe.ec_includes_source_water,
            "sources": dict(recipe.sources),
            "conflicts": list(recipe.conflicts),
            "notes": list(recipe.notes),
            "expected_yield": None
            if expected is None
            else {
                "low": _with(expected.low_kg_m2, q.AREA_MASS),
                "high": _with(expected.high_kg_m2, q.AREA_MASS),
                **_origin(expected.provenance),
            },
            "growth": _said(
                {
                    "model": growth.model.value,
                    "dry_matter_fraction": _estimate(growth.dry_matter_fraction, q.FRACTION),
                    "harvest_index": _estimate(growth.harvest_index, q.FRACTION),
                    "lue": _estimate(growth.lue_g_mol, q.LUE),
                    "base_temperature": _estimate(growth.base_temperature, q.TEMPERATURE),
                    "optimum_temperature": _estimate(growth.optimum_temperature, q.TEMPERATURE),
                    "start_dry_mass": _estimate(growth.start_dry_mass_g, q.MASS),
                }
            ),
            "regrowth": None
            if regrowth is None
            else _said(
                {
                    "phase": regrowth.phase,
                    "days": _with(regrowth.days, q.DAYS),
                    "cuts": regrowth.cuts,
                    "share": regrowth.share,
                    **_origin(regrowth.provenance),
                }
            ),
            "phases": [_phase(phase) for phase in recipe.phases],
        }
    )


def _phase(phase: Phase) -> dict[str, Any]:
    return _said(
        {
            "name": phase.name,
            "kind": phase.kind.value,
            "days": _with(phase.days, q.DAYS),
            "density": _with(phase.density_plants_m2, q.DENSITY),
            **_origin(phase.provenance),
            "notes": list(phase.notes),
            "exit": None if phase.exit is None else _exit(phase.exit),
            "climate": {
                quantity.value: _setpoint(s, q.CLIMATE[quantity], quantity is ClimateQuantity.CO2)
                for quantity, s in phase.climate.items()
            },
            "solution": {
                quantity.value: _setpoint(s, q.SOLUTION[quantity], False)
                for quantity, s in phase.solution.items()
            },
            "light": _light(phase.light),
            "irrigation": {
                method.value: _irrigation(plan) for method, plan in phase.irrigation.items()
            },
        },
        keep=("climate",),
    )


def _exit(ends: Exit) -> dict[str, Any]:
    return _said(
        {
            ends.ripe.value: _with(ends.needed, _RIPE[ends.ripe]),
            "min_days": _with(ends.min_days, q.DAYS) if ends.min_days else None,
            "max_days": _with(ends.max_days, q.DAYS),
            **_origin(ends.provenance),
        }
    )


def _setpoint(s: Setpoint, kind: q.Kind, lit_only: bool) -> dict[str, Any]:
    same = s.day == s.night and s.day is not None and not lit_only
    targets = (
        {"value": _with(s.day, kind)}
        if same
        else {"day": _with(s.day, kind), "night": _with(s.night, kind)}
    )
    return _said(
        {
            **targets,
            "warning": _bands(s.warning_day, s.warning_night, kind),
            "critical": _bands(s.critical_day, s.critical_night, kind),
            **_origin(s.provenance),
        }
    )


def _bands(day: Band, night: Band, kind: q.Kind) -> dict[str, Any]:
    if day == night:
        return _band(day, kind)
    return _said({"day": _band(day, kind), "night": _band(night, kind)})


def _band(band: Band, kind: q.Kind) -> dict[str, Any]:
    return _said({"low": _with(band.low, kind), "high": _with(band.high, kind)})


def _light(light: LightPlan) -> dict[str, Any]:
    lit = light.photoperiod_h > 0
    shift = light.shift
    return _said(
        {
            "photoperiod": _with(light.photoperiod_h, q.PHOTOPERIOD),
            "ppfd": _with(light.ppfd, q.PPFD),
            "dli": _with(light.dli, q.DLI) if lit else None,
            "ppfd_max": _with(light.ppfd_max, q.PPFD) if lit or light.ppfd_max else None,
            "dli_max": _with(light.dli_max, q.DLI) if lit or light.dli_max else None,
            "ramp": _with(light.ramp_min, q.RAMP) if light.ramp_min else None,
            "ramp_shape": None if light.ramp_shape is None else light.ramp_shape.value,
            "channels": {c.value: share for c, share in light.channels.items()},
            "far_red": None if light.far_red is None else _far_red(light.far_red),
            "shift": None
            if shift is None
            else {
                "hours": _with(shift.hours, q.SHIFT),
                "dark_min": _with(shift.dark_min_h, q.PHOTOPERIOD),
            },
            **_origin(light.provenance),
        }
    )


def _far_red(far_red: FarRed) -> dict[str, Any]:
    return _said(
        {
            "duration": _with(far_red.minutes, q.FAR_RED),
            "pfd": _with(far_red.pfd, q.PFD),
            "share": far_red.share,
            **_origin(far_red.provenance),
        }
    )


def _irrigation(plan: IrrigationPlan) -> dict[str, Any]:
    steering = plan.steering
    events: dict[str, Any]
    if plan.cycle is not None:
        events = {"cycle": _cycle(plan.cycle)}
    elif plan.continuous:
        events = {"continuous": True}
    else:
        events = {
            "events_per_day": plan.events_per_day,
            "night_events": plan.night_events or None,
            "duration": _with(plan.duration_s, q.DURATION),
        }
    return _said(
        {
            **events,
            "runoff": None if plan.runoff_pct is None else _band(plan.runoff_pct, q.SHARE),
            "steering": None
            if steering is None
            else {
                **{
                    key: _with(getattr(steering, name), q.STEERING[key])
                    for key, name in _STEERING.items()
                },
                **_origin(steering.provenance),
            },
            "trigger": None if plan.trigger is None else _trigger(plan.trigger),
            **_origin(plan.provenance),
        }
    )


def _cycle(cycle: MistCycle) -> dict[str, Any]:
    return {
        "mist": _with(cycle.on_s, q.DURATION),
        "pause": _with(cycle.off_s, q.DURATION),
        "night_mist": _with(cycle.night_on_s, q.NIGHT_MIST),
        "night_pause": _with(cycle.night_off_s, q.DURATION),
    }


def _trigger(trigger: ShotTrigger) -> dict[str, Any]:
    return _said(
        {
            "moisture_below": _with(trigger.moisture_below_pct, q.MOISTURE),
            "light": _with(trigger.light_mol_m2, q.LIGHT_SUM),
            "transpiration": _with(trigger.transpiration_l_m2, q.WATER_SUM),
            "min_interval": _with(trigger.min_interval_min, q.INTERVAL),
            "max_shots_per_day": trigger.max_shots_per_day,
            **_origin(trigger.provenance),
        }
    )


def _estimate(estimate: Estimate | None, kind: q.Kind) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {"value": _with(estimate.value, kind), **_origin(estimate.provenance)}


def _origin(provenance: Provenance) -> dict[str, Any]:
    names = provenance.source.split(", ")
    return _said(
        {
            "source": names[0] if len(names) == 1 else names,
            "confidence": provenance.confidence,
            "note": provenance.note,
        }
    )


def _with(value: float | None, kind: q.Kind) -> str | float | None:
    """A number with its unit; without one where there is none."""
    if value is None or kind.whole or kind.unit in ("", "pH"):
        return value
    return f"{value!r} {kind.unit}"


def _said(values: Mapping[str, Any], *, keep: tuple[str, ...] = ()) -> dict[str, Any]:
    """Without what is not said."""
    return {
        key: value
        for key, value in values.items()
        if key in keep or not (value is None or value == "" or value == [] or value == {})
    }
