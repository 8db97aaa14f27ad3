"""What is known of the calibration of every probe, light sensor and dosing pump of a farm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..farm.bindings import Binding
from ..farm.calibration import Correction
from ..farm.nodes import Farm
from ..farm.roles import CALIBRATED, CHECKED_DAYS, DOSING, PROBES, Role
from .clock import Due, Now
from .draft import Draft
from .effects import Severity
from .memory import Calibrated, Memory, ProbeState, ProbeUse

_DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A probe or a light sensor: when a person checked it and has to again (`due_at`; None: never
    yet), what it is corrected by, and its last calibrations, the newest last."""

    point: str
    node: str
    role: Role
    use: ProbeUse
    verified_at: float | None
    due_at: float | None
    correction: str
    calibrations: tuple[Calibrated, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPump:
    """A dosing pump: its measured rate (mL/s), when it was measured and has to be again."""

    point: str
    node: str
    role: Role
    ml_per_s: float | None
    calibrated_at: float | None
    due_at: float | None


def probe_state(d: Draft, binding: Binding) -> ProbeState:
    """What is remembered of a probe or a light sensor."""
    if binding.role in PROBES:
        return d.reservoir(binding.node).probes.get(binding.id, ProbeState())
    return d.sensors.now.get(binding.id) or ProbeState()


def check_days(farm: Farm, binding: Binding) -> float:
    """How often a probe or a light sensor is to be checked: those that dosing goes by as their
    reservoir says, the others as their binding says."""
    if binding.role in PROBES:
        return farm.reservoir[binding.node].probe_days
    return binding.check_days or CHECKED_DAYS[binding.role]


def checks_due(d: Draft) -> Iterator[tuple[Binding, float]]:
    """Light sensors and probes that nothing is dosed by, and when (farm time) a person has to look
    at them again. What nobody has ever checked is not asked for: its reading stands as it is."""
    for point, state in d.sensors.merged().items():
        binding = d.farm.binding.get(point)
        if binding is None or binding.role not in CHECKED_DAYS:
            continue
        if state.use is ProbeUse.IN_USE and state.verified_at is not None:
            yield binding, state.verified_at + check_days(d.farm, binding) * _DAY_S


#: Wakes what is due to be checked.
DUE = "calibration:"


def _ends(d: Draft) -> dict[str, float]:
    """When the check of each probe, light sensor and dosing pump runs out (farm time)."""
    found = {binding.id: at for binding, at in checks_due(d)}
    for reservoir in d.farm.reservoirs:
        state = d.reservoir(reservoir.id)
        for point, probe in state.probes.items():
            if probe.use is ProbeUse.IN_USE and probe.verified_at is not None:
                found[point] = probe.verified_at + reservoir.probe_days * _DAY_S
        for point, pump in state.dosers.items():
            if pump.calibrated_at is not None:
                found[point] = pump.calibrated_at + reservoir.pump_days * _DAY_S
    return {point: at for point, at in found.items() if point in d.farm.binding}


def wind(d: Draft) -> None:
    """Wake each check when it runs out; what has run out was told then."""
    ends, now = _ends(d), d.now.farm
    for key in [k for k in d.due.merged() if k.startswith(DUE)]:
        if key.removeprefix(DUE) not in ends:
            d.due.remove(key)
    for point, at in ends.items():
        d.wake(DUE + point, Due(farm=at) if at > now else Due())


def missed(d: Draft, since: float | None) -> None:
    """Tell what has run out while nothing ran: since the last moment that is known (farm time), but
    no more than a day ago, as an idle farm knows of no late moment and would tell it at every
    start."""
    if since is None:
        return
    since = max(since, d.now.farm - _DAY_S)
    for point, at in _ends(d).items():
        if since < at <= d.now.farm:
            _tell(d, point)


def due(d: Draft, point: str) -> None:
    """A check has run out: it is told once."""
    d.due.remove(DUE + point)
    if _ends(d).get(point, d.now.farm + 1.0) <= d.now.farm:
        _tell(d, point)


def _tell(d: Draft, point: str) -> None:
    binding = d.farm.binding[point]
    d.event("check_due", binding.node, Severity.P4, point=point, role=binding.role.value)


def told(correction: Correction) -> str:
    """A correction in words: what is shown and what is there. Empty where there is none."""
    return ", ".join(f"{shown:.5g} → {there:.5g}" for shown, there in correction.knots)


def probes(farm: Farm, memory: Memory, now: Now) -> tuple[Checked, ...]:
    """Every probe and light sensor that can be calibrated, in the order of bindings."""
    d = Draft(farm, memory, now)
    found = []
    for binding in farm.bindings:
        if binding.role not in CALIBRATED:
            continue
        state = probe_state(d, binding)
        checked = state.verified_at
        days = check_days(farm, binding)
        found.append(
            Checked(
                point=binding.id,
                node=binding.node,
                role=binding.role,
                use=state.use,
                verified_at=checked,
                due_at=None if checked is None else checked + days * _DAY_S,
                correction=told(state.correction),
                calibrations=state.calibrations,
            )
        )
    return tuple(found)


def pumps(farm: Farm, memory: Memory) -> tuple[CheckedPump, ...]:
    """Every dosing pump, in the order of bindings."""
    found = []
    for binding in farm.bindings:
        if binding.role not in DOSING:
            continue
        reservoir = memory.reservoirs.get(binding.node)
        known = None if reservoir is None else reservoir.dosers.get(binding.id)
        at = None if known is None else known.calibrated_at
        days = farm.reservoir[binding.node].pump_days
        found.append(
            CheckedPump(
                point=binding.id,
                node=binding.node,
                role=binding.role,
                ml_per_s=None if known is None else known.ml_per_s,
                calibrated_at=at,
                due_at=None if at is None else at + days * _DAY_S,
            )
        )
    return tuple(found)
