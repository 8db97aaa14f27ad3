"""What people ask of circuits and of single actuators: a shot, an inhibit that is cleared, and an
actuator that is tried.

Refusal keys: circuit_unknown, shot_not_ready, not_inhibited, duration_missing,
duration_or_volume, duration_out_of_range, volume_out_of_range, point_unknown, try_no_water,
try_running, try_unseen, try_in_use, try_undeclared, try_out_of_range, try_too_long, try_refused,
and those of a dose and a fill.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ..farm.bindings import Binding
from ..farm.nodes import Circuit
from ..farm.roles import Role, spec
from . import dose, dosing, pulse, tank_requests, trips, watering
from .draft import Draft
from .inputs import ClearInhibit, Request, RunDose, RunFill, RunShot, TryActuator
from .workflows import Clash

#: A fill that tries its valve (L): the volume has to show it (design choice: twice the least that
#: is filled).
_FILL_L = 2.0
#: A dose that tries its pump, as a share of the largest that is declared (design choice).
_DOSE_SHARE = 0.1


def run_shot(d: Draft, request: RunShot) -> dict[str, Any]:
    circuit = d.farm.circuit.get(request.circuit)
    if circuit is None:
        raise Clash("circuit_unknown", circuit=request.circuit)
    duration, litres = request.duration_s, request.volume_l
    rated = trips.rated_l_min(d, circuit)
    if litres is not None:
        if duration is not None:
            raise Clash("duration_or_volume", circuit=circuit.name)
        duration = litres / rated * 60
    if duration is None:
        found = watering.plan_of(d, circuit)
        if found is None:
            raise Clash("duration_missing", circuit=circuit.name)
        cycle = found[1].cycle
        duration = found[1].duration_s if cycle is None else cycle.on_s
    longest = watering.longest_on_s(d, circuit)
    limit = 3600.0 if longest is None else longest
    if not 0 < duration < limit:
        if litres is not None:
            high = round(limit * rated / 60, 1)
            raise Clash("volume_out_of_range", value=litres, high=high, flow=round(rated, 2))
        raise Clash("duration_out_of_range", value=duration, high=limit)
    why = watering.not_ready(d, circuit)
    if why:
        raise Clash("shot_not_ready", circuit=circuit.name, why=why)
    state = d.circuit(circuit.id)
    d.circuits.set(
        circuit.id,
        replace(
            state,
            requested=duration,
            requested_l=litres,
            requested_by=request.by or "person",
        ),
    )
    d.mark(circuit.id, circuit.pump)
    answer: dict[str, Any] = {"circuit": circuit.id, "duration_s": duration}
    return answer if litres is None else {**answer, "volume_l": litres}


def _clear_inhibit(d: Draft, request: ClearInhibit) -> dict[str, Any]:
    circuit = d.farm.circuit.get(request.node)
    if circuit is None:
        raise Clash("circuit_unknown", circuit=request.node)
    state = d.circuit(circuit.id)
    if not state.inhibited:
        raise Clash("not_inhibited", circuit=circuit.name)
    d.circuits.set(circuit.id, replace(state, inhibited="", failed_in_row=0))
    d.mark(circuit.id, circuit.pump)
    d.event("inhibit_cleared", circuit.id, was=state.inhibited, by=request.by)
    return {"circuit": circuit.id}


def _try_actuator(d: Draft, request: TryActuator) -> dict[str, Any]:
    binding = d.farm.binding.get(request.point)
    if binding is None or not spec(binding.role).is_actuator:
        raise Clash("point_unknown", point=request.point)
    how = pulse.tried_as(binding)
    if how == "pulse":
        return pulse.start(d, binding, request.duration_s, by=request.by)
    if binding.declaration is None:
        raise Clash("try_undeclared", point=binding.id)
    if how == "shot":
        found = _try_water(d, binding, request)
    elif how == "fill":
        found = _try_fill(d, binding, request)
    else:
        found = _try_dose(d, binding, request)
    return {"point": binding.id, "how": how, **found}


def _try_water(d: Draft, binding: Binding, request: TryActuator) -> dict[str, Any]:
    """The first circuit that a pump feeds, or that of the valve, gets a short shot. A drained table
    and all else that a shot waits for is waited for here, too."""
    circuit = _circuit_of(d, binding)
    if circuit is None:
        raise Clash("try_no_water", point=binding.id)
    assert binding.declaration is not None
    seconds = request.duration_s
    if seconds is None:
        seconds = min(pulse.PULSE_S, pulse.most_s(binding.declaration))
    if not 0 < seconds <= (most := pulse.most_s(binding.declaration)):
        raise Clash("try_out_of_range", point=binding.id, value=f"{seconds:g}", high=f"{most:g}")
    return run_shot(d, RunShot(circuit=circuit.id, duration_s=seconds, by=request.by))


def _circuit_of(d: Draft, binding: Binding) -> Circuit | None:
    if binding.role is Role.IRRIGATION_VALVE:
        return d.farm.circuit[binding.node]
    fed = d.farm.circuits_of_pump.get(binding.node, ())
    return fed[0] if fed else None


def _try_fill(d: Draft, binding: Binding, request: TryActuator) -> dict[str, Any]:
    reservoir = d.farm.reservoir[binding.node]
    most = _FILL_L if reservoir.fill is None else min(_FILL_L, reservoir.fill.max_l)
    return tank_requests.run_fill(d, RunFill(reservoir=reservoir.id, litres=most, by=request.by))


def _try_dose(d: Draft, binding: Binding, request: TryActuator) -> dict[str, Any]:
    """A small part of the largest dose: what it does to the solution is watched all the same."""
    most = dosing.most_ml(d.reservoir(binding.node), binding) or dose.limits(binding).max_dose_ml
    ml = _DOSE_SHARE * most
    return tank_requests.run_dose(d, RunDose(point=binding.id, ml=round(ml, 2), by=request.by))


HANDLERS: Mapping[type[Request], Callable[[Draft, Any], dict[str, Any]]] = MappingProxyType(
    {
        RunShot: run_shot,
        ClearInhibit: _clear_inhibit,
        TryActuator: _try_actuator,
    }
)
