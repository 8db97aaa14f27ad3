"""What people ask of a reservoir: probes, pumps, a dose, a fill, and what only they can clear.

Refusal keys: probe_unknown, calibration_count, calibration_range, calibration_apart,
calibration_label, calibration_temperature, calibration_pressure, calibration_slope,
calibration_offset, doser_unknown, reservoir_unknown, calibration_out_of_range,
calibration_spread, dose_out_of_range, dose_not_ready, fill_out_of_range, fill_not_ready,
reservoir_not_inhibited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite
from types import MappingProxyType
from typing import Any

from ..farm.bindings import Binding
from ..farm.calibration import (
    UNCORRECTED,
    CalibrationError,
    Fault,
    Probed,
    by_label,
    drift,
    fit,
)
from ..farm.nodes import Reservoir
from ..farm.roles import CALIBRATED, DOSING, PROBES, Role
from . import calibrations, dose, dosing, fill, solution
from .draft import Draft
from .inputs import (
    CalibrateProbe,
    CalibratePump,
    ClearReservoir,
    Inhibit,
    PumpRun,
    Request,
    RunDose,
    RunFill,
    SetProbe,
    SolutionChanged,
    VerifyProbe,
)
from .memory import Calibrated, ProbeState, ProbeUse
from .reasons import Reason, spelled
from .workflows import Clash

#: Rates of peristaltic pumps (mL/s) outside of which a measurement is a slip of the hand (design
#: choice: from drops to the largest that dose a tank).
_RATE = (0.005, 100.0)
#: A pump that runs for less than this (s) is not measured well enough (design choice).
_LEAST_S = 10.0
#: Runs of one pump that lie further apart than this (%) were not measured alike, or it draws air
#: (design choice: a cup of 50 mL is read to about 2 %).
_SPREAD_PCT = 10.0


def _probe(d: Draft, point: str) -> tuple[Binding, ProbeState]:
    binding = d.farm.binding.get(point)
    if binding is None or binding.role not in CALIBRATED:
        raise Clash("probe_unknown", point=point)
    return binding, calibrations.probe_state(d, binding)


def _keep_probe(d: Draft, binding: Binding, probe: ProbeState) -> None:
    if binding.role not in PROBES:
        d.sensors.set(binding.id, probe)
        d.mark(binding.node)
        calibrations.wind(d)
        return
    state = d.reservoir(binding.node)
    # Doses that were judged by it before say nothing after it was moved.
    trials = {k: v for k, v in state.trials.items() if k is not binding.role}
    probes = {**state.probes, binding.id: probe}
    d.reservoirs.set(binding.node, replace(state, probes=probes, trials=trials))
    d.mark(binding.node)
    calibrations.wind(d)


def _as_it_shows(probe: ProbeState) -> ProbeState:
    """Who has a probe calibrated and gives vfarm no points has done it at the probe itself: what it
    was corrected by before would be wrong twice."""
    if probe.use is ProbeUse.CALIBRATING:
        return replace(probe, correction=UNCORRECTED)
    return probe


def _lost(before: ProbeState, after: ProbeState) -> dict[str, str]:
    """For the records: the correction that a probe has no longer."""
    if before.correction == after.correction:
        return {}
    return {"uncorrected": calibrations.told(before.correction)}


def _set_probe(d: Draft, request: SetProbe) -> dict[str, Any]:
    binding, probe = _probe(d, request.point)
    if probe.use is not request.use:
        moved = replace(_as_it_shows(probe), use=request.use, verified_at=None)
        _keep_probe(d, binding, moved)
        d.event(
            "probe_set",
            binding.node,
            point=binding.id,
            was=probe.use.value,
            use=request.use.value,
            by=request.by,
            **_lost(probe, moved),
        )
    return {"point": binding.id, "use": request.use.value}


def _verify_probe(d: Draft, request: VerifyProbe) -> dict[str, Any]:
    binding, probe = _probe(d, request.point)
    checked = replace(_as_it_shows(probe), use=ProbeUse.IN_USE, verified_at=d.now.farm)
    _keep_probe(d, binding, checked)
    d.event(
        "probe_verified",
        binding.node,
        point=binding.id,
        by=request.by,
        **_lost(probe, checked),
    )
    return {"point": binding.id, "expires_at": _expires(d, binding)}


def _expires(d: Draft, binding: Binding) -> float:
    """When what was checked now has to be checked again (farm time)."""
    return d.now.farm + calibrations.check_days(d.farm, binding) * dose.DAY_S


def _calibrate_probe(d: Draft, request: CalibrateProbe) -> dict[str, Any]:
    binding, probe = _probe(d, request.point)
    probed, points, t = _PROBED[binding.role], request.points, request.temperature
    try:
        if t is not None:
            points = by_label(
                probed,
                points,
                t,
                compensated=binding.compensated,
                pressure_kpa=request.pressure_kpa,
            )
        found = fit(probed, points)
    except CalibrationError as error:
        raise _unfit(error) from error
    off = drift(probe.correction, points)
    done = Calibrated(
        at=d.now.farm,
        points=len(points),
        slope=found.slope,
        offset=found.offset,
        drift=off,
    )
    calibrated = ProbeState(
        use=ProbeUse.IN_USE,
        verified_at=d.now.farm,
        correction=found.correction,
        calibrations=(*probe.calibrations, done)[-_CALIBRATIONS:],
    )
    _keep_probe(d, binding, calibrated)
    said = {
        "point": binding.id,
        "slope_pct": round(100 * found.slope, 1),
        "offset": round(found.offset, 3),
        "drift": round(off, 3),
    }
    d.event(
        "probe_calibrated",
        binding.node,
        **said,
        standards=[round(p.standard, 4) for p in points],
        shown=[p.shown for p in points],
        was=calibrations.told(probe.correction),
        correction=calibrations.told(found.correction),
        by=request.by,
        **({"note": request.note[:_NOTE]} if request.note else {}),
    )
    return {
        **said,
        "drifts": [round(c.drift, 3) for c in calibrated.calibrations],
        "expires_at": _expires(d, binding),
    }


#: So many calibrations of a probe are remembered; the ledger has them all (design choice: with a
#: month between them, a year).
_CALIBRATIONS = 12
#: So many characters of a note are kept.
_NOTE = 200
_PROBED: Mapping[Role, Probed] = MappingProxyType(
    {
        Role.SOLUTION_EC: Probed.EC,
        Role.SOLUTION_PH: Probed.PH,
        Role.DISSOLVED_OXYGEN: Probed.OXYGEN,
        Role.PPFD: Probed.PPFD,
    }
)


def _unfit(error: CalibrationError) -> Clash:
    value, low, high = (f"{number:.3g}" for number in (error.value, error.low, error.high))
    match error.fault:
        case Fault.COUNT:
            return Clash("calibration_count", value=value, high=high)
        case Fault.RANGE:
            return Clash("calibration_range", value=value, high=high, unit=error.unit)
        case Fault.LABEL:
            return Clash("calibration_label", value=value, unit=error.unit)
        case Fault.TEMPERATURE:
            return Clash("calibration_temperature", value=value, low=low, high=high)
        case Fault.PRESSURE:
            # Weather stations tell hPa.
            low, high = (f"{10 * number:.0f}" for number in (error.low, error.high))
            return Clash("calibration_pressure", low=low, high=high)
        case Fault.APART:
            return Clash("calibration_apart", value=value, low=low, unit=error.unit)
        case Fault.SLOPE:
            return Clash("calibration_slope", value=value, low=low, high=high)
        case Fault.OFFSET:
            return Clash("calibration_offset", value=value, high=high, unit=error.unit)


def _doser(d: Draft, point: str) -> tuple[Binding, Reservoir]:
    binding = d.farm.binding.get(point)
    if binding is None or binding.role not in DOSING:
        raise Clash("doser_unknown", point=point)
    return binding, d.farm.reservoir[binding.node]


def _calibrate(d: Draft, request: CalibratePump) -> dict[str, Any]:
    pump, reservoir = _doser(d, request.point)
    runs = (PumpRun(ml=request.ml, seconds=request.seconds), *request.more)
    rates = [_rate(run) for run in runs]
    spread_pct = 100 * (max(rates) / min(rates) - 1)
    if spread_pct > _SPREAD_PCT:
        raise Clash("calibration_spread", value=f"{spread_pct:.3g}", high=f"{_SPREAD_PCT:g}")
    rate = sum(run.ml for run in runs) / sum(run.seconds for run in runs)
    known_pump = dose.doser(d.reservoir(reservoir.id), pump.id)
    measured = replace(known_pump, ml_per_s=rate, calibrated_at=d.now.farm)
    dose.set_doser(d, reservoir.id, pump.id, measured)
    calibrations.wind(d)
    d.mark(reservoir.id)
    d.event(
        "pump_calibrated",
        reservoir.id,
        point=pump.id,
        was=None if known_pump.ml_per_s is None else round(known_pump.ml_per_s, 4),
        ml_per_s=round(rate, 4),
        runs=len(runs),
        spread_pct=round(spread_pct, 1),
        by=request.by,
    )
    said = {"point": pump.id, "ml_per_s": round(rate, 4), "spread_pct": round(spread_pct, 1)}
    if known_pump.ml_per_s:
        said["drift_pct"] = round(100 * (rate / known_pump.ml_per_s - 1), 1)
    return said


def _rate(run: PumpRun) -> float:
    low, high = _RATE
    known = isfinite(run.ml) and isfinite(run.seconds) and run.seconds >= _LEAST_S
    rate = run.ml / run.seconds if known else 0.0
    if not low <= rate <= high:
        raise Clash("calibration_out_of_range", seconds=_LEAST_S, low=low, high=high)
    return rate


def run_dose(d: Draft, request: RunDose) -> dict[str, Any]:
    pump, reservoir = _doser(d, request.point)
    most = dosing.most_ml(d.reservoir(reservoir.id), pump) or dose.limits(pump).max_dose_ml
    if not 0 < request.ml <= most:
        raise Clash("dose_out_of_range", value=request.ml, high=most)
    wait = dosing.asked(d, reservoir, pump, request.ml)
    if wait is not None:
        raise Clash("dose_not_ready", point=pump.id, **spelled(wait))
    dose.start(d, reservoir, pump, request.ml, by=request.by or "person")
    return {"point": pump.id, "ml": request.ml}


def _reservoir(d: Draft, key: str) -> Reservoir:
    found = d.farm.reservoir.get(key)
    if found is None:
        raise Clash("reservoir_unknown", reservoir=key)
    return found


def run_fill(d: Draft, request: RunFill) -> dict[str, Any]:
    reservoir = _reservoir(d, request.reservoir)
    most = reservoir.fill.max_l if reservoir.fill is not None else 0.0
    if request.litres is not None and not 0 < request.litres <= most:
        raise Clash("fill_out_of_range", value=request.litres, high=most)
    if (run := d.reservoir(reservoir.id).fill) is not None:
        running = Reason("fill_running", {"litres": round(run.planned_l, 1)})
        raise Clash("fill_not_ready", reservoir=reservoir.name, **spelled(running))
    found = fill.choose(d, reservoir, request.litres or 0.0)
    if not isinstance(found, fill.Planned):
        raise Clash("fill_not_ready", reservoir=reservoir.name, **spelled(found))
    fill.start(d, reservoir, found, by=request.by or "person")
    return {"reservoir": reservoir.id, "litres": round(found.litres, 1)}


def _clear(d: Draft, request: ClearReservoir) -> dict[str, Any]:
    reservoir = _reservoir(d, request.reservoir)
    state = d.reservoir(reservoir.id)
    if request.what is Inhibit.DOSING:
        found = bool(state.inhibit)
        cleared = replace(state, inhibit="", ineffective={}, trials={}, salts=None)
    elif request.what is Inhibit.FILLING:
        found = bool(state.fill_inhibit)
        cleared = replace(state, fill_inhibit="", closed_at=None, closed_l=None)
    else:
        found = state.acid_at is not None or state.base_at is not None
        cleared = replace(state, acid_at=None, base_at=None)
    if not found:
        raise Clash("reservoir_not_inhibited", reservoir=reservoir.name, what=request.what.value)
    d.reservoirs.set(reservoir.id, cleared)
    d.mark(reservoir.id)
    d.event("reservoir_cleared", reservoir.id, what=request.what.value, by=request.by)
    return {"reservoir": reservoir.id, "what": request.what.value}


def _changed(d: Draft, request: SolutionChanged) -> dict[str, Any]:
    reservoir = _reservoir(d, request.reservoir)
    solution.changed(d, reservoir.id)
    d.event("solution_changed", reservoir.id, by=request.by)
    return {"reservoir": reservoir.id}


HANDLERS: Mapping[type[Request], Callable[[Draft, Any], dict[str, Any]]] = MappingProxyType(
    {
        SetProbe: _set_probe,
        VerifyProbe: _verify_probe,
        CalibrateProbe: _calibrate_probe,
        CalibratePump: _calibrate,
        RunDose: run_dose,
        RunFill: run_fill,
        ClearReservoir: _clear,
        SolutionChanged: _changed,
    }
)
