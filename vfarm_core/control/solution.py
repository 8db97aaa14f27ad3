"""The solution of a reservoir: what its batches ask of it, what is known of it, whether it moves.

Dosing goes by what is measured here, so everything that makes a measurement mean something is here
too: a probe that a person has checked, water that moves, and time enough to mix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..batches.lead import EmptyBand
from ..batches.model import Batch
from ..farm.nodes import Reservoir
from ..farm.roles import Role
from ..recipes.model import Band, Setpoint, SolutionQuantity
from . import interlocks, readings, safety
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import ProbeCheck, ProbeState, ProbeUse, Quality, ReservoirState
from .reasons import Reason
from .targets import Target, combined
from .text import local_midnight

#: The probe behind each quantity that is dosed for.
PROBE = {SolutionQuantity.EC: Role.SOLUTION_EC, SolutionQuantity.PH: Role.SOLUTION_PH}
#: Outside of this a pH is a fault of its probe and locks dosing (limits_alarms.csv, "probe
#: plausibility").
PH_PLAUSIBLE = (3.5, 9.5)
#: Mixing takes so many turnovers of the tank, and never less than this (s) (science.md section 3:
#: "wait >= 2-3 tank turnovers (>= 10-15 min)").
_TURNOVERS = 3.0
_MIX_S = 600.0
_DAY_S = 86400.0


# -- targets ------------------------------------------------------------------------------------


def batches_of(d: Draft, reservoir: str) -> tuple[Batch, ...]:
    """The batches that a reservoir waters, oldest first, each once."""
    return d.tank_batches(reservoir)


def common(d: Draft, reservoir: Reservoir) -> dict[SolutionQuantity, Setpoint]:
    """What the batches of a reservoir ask of it together. Raises EmptyBand when they share none."""
    part = f"solution above {reservoir.source_ec}"
    batches = batches_of(d, reservoir.id)
    return combined(d, part, batches, reservoir.lead_batch, lambda b: asks(d, reservoir, b))


def asks(d: Draft, reservoir: Reservoir, batch: Batch) -> Mapping[SolutionQuantity, Setpoint]:
    """What a batch asks of the solution it stands in. A recipe that gives its EC above that of the
    water means that much more; where the water is not known, what it says is all there is to show.
    """
    wanted = d.phase(batch).solution
    ec = wanted.get(SolutionQuantity.EC)
    above = (reservoir.source_ec or 0.0) * _above_source(d, batch)
    if ec is None or not above:
        return wanted
    return {**wanted, SolutionQuantity.EC: _raised(ec, above)}


def _above_source(d: Draft, batch: Batch) -> float:
    """How much of the source water's EC comes on top of a batch's EC: none or all of it, and what
    lies between on the way from one recipe to another."""
    own = 0.0 if d.recipe(batch).ec_includes_source_water else 1.0
    way = d.on_the_way(batch) if batch.changeover is not None else None
    old = None if way is None else d.recipes.get(way[0])
    if way is None or old is None:
        return own
    before = 0.0 if old.ec_includes_source_water else 1.0
    return before + (own - before) * way[2]


def _raised(setpoint: Setpoint, by: float) -> Setpoint:
    def value(x: float | None) -> float | None:
        return None if x is None else x + by

    def band(x: Band) -> Band:
        return Band(value(x.low), value(x.high))

    return replace(
        setpoint,
        day=value(setpoint.day),
        night=value(setpoint.night),
        warning_day=band(setpoint.warning_day),
        warning_night=band(setpoint.warning_night),
        critical_day=band(setpoint.critical_day),
        critical_night=band(setpoint.critical_night),
    )


def source_unknown(d: Draft, reservoir: Reservoir) -> bool:
    """Whether the EC that is asked for is one above the source water, which nobody has told."""
    if reservoir.source_ec is not None:
        return False
    batches = batches_of(d, reservoir.id)
    lead = [b for b in batches if b.id == reservoir.lead_batch]
    return any(
        _above_source(d, b) > 0 and SolutionQuantity.EC in d.phase(b).solution
        for b in lead or batches
    )


def setpoints(d: Draft, reservoir: Reservoir) -> dict[SolutionQuantity, Setpoint] | None:
    """The same, None when they share none: then nothing is dosed, and a problem says so."""
    return _asked(d, reservoir).setpoints


@dataclass(frozen=True, slots=True)
class _Asked:
    """What batches ask of a solution, and the targets to show of it: the same from step to step,
    unless one of them changes its recipe, which the clock moves on."""

    setpoints: dict[SolutionQuantity, Setpoint] | None
    shown: Mapping[SolutionQuantity, Target | None]


def _asked(d: Draft, reservoir: Reservoir) -> _Asked:
    found: _Asked | None = d.solutions.get(reservoir.id)
    if found is not None:
        return found
    key = (reservoir.id, "solution")
    found = d.derived.get(key)
    if found is None:
        try:
            wanted = shared = common(d, reservoir)
        except EmptyBand:
            shared = None
            wanted = dict(asks(d, reservoir, batches_of(d, reservoir.id)[0]))
        found = _Asked(shared, {quantity: _target(point) for quantity, point in wanted.items()})
        if all(batch.changeover is None for batch in batches_of(d, reservoir.id)):
            d.solutions[reservoir.id] = found
        else:
            d.derived[key] = found
    return found


def target(d: Draft, reservoir: Reservoir, quantity: SolutionQuantity) -> Target | None:
    """The target of one quantity; a solution has no night, it is the same tank."""
    return _target((setpoints(d, reservoir) or {}).get(quantity))


def shown(d: Draft, reservoir: Reservoir, quantity: SolutionQuantity) -> Target | None:
    """The target to show: the same, or the oldest batch's where batches share none."""
    return _asked(d, reservoir).shown.get(quantity)


def _target(setpoint: Setpoint | None) -> Target | None:
    if setpoint is None or setpoint.at(True) is None:
        return None
    return Target(setpoint.at(True), setpoint.warning(True), setpoint.critical(True))


def is_dosed(d: Draft, reservoir: str) -> bool:
    """Whether a reservoir has a dosing pump at all."""
    return bool(d.farm.dosing_pumps[reservoir])


# -- readings -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Probed:
    """A quantity that dosing may go by, or the reason why not."""

    value: float | None
    why: Reason | None = None
    #: When the check of the probe expires (farm time).
    until: float | None = None


def probed(d: Draft, reservoir: Reservoir, role: Role) -> Probed:
    """The reading of a probe, if a person has checked it and it can be trusted. One of several that
    is out of the tank is enough to stop: the others may be its neighbours in the same bucket."""
    quantity = "ec" if role is Role.SOLUTION_EC else "ph"

    def no(code: str) -> Probed:
        return Probed(None, Reason(code, {"quantity": quantity}))

    check, until = checked(d, reservoir, role)
    if check not in (None, ProbeCheck.VERIFIED):
        return no(f"probe_{check.value}")
    found = readings.reading(d, reservoir.id, role)
    value, quality = found.value, found.quality
    if value is not None and role is Role.SOLUTION_PH:
        low, high = PH_PLAUSIBLE
        if not low <= value <= high:
            value, quality = None, Quality.IMPLAUSIBLE
    if value is None:
        return no(f"probe_{quality.value}")
    return Probed(value, None, until)


def checked(d: Draft, reservoir: Reservoir, role: Role) -> tuple[ProbeCheck | None, float | None]:
    """What is known of the probes of a role, the worst first, and when their check expires (farm
    time); None where none is bound."""
    known = d.reservoir(reservoir.id).probes
    found, until = None, None
    for b in d.of(reservoir.id, role):
        probe = known.get(b.id, ProbeState())
        if probe.use is not ProbeUse.IN_USE:
            return ProbeCheck(probe.use.value), None
        if probe.verified_at is None:
            return ProbeCheck.UNVERIFIED, None
        ends = probe.verified_at + reservoir.probe_days * _DAY_S
        if ends <= d.now.farm:
            return ProbeCheck.EXPIRED, None
        found, until = ProbeCheck.VERIFIED, ends if until is None else min(until, ends)
    return found, until


def volume(d: Draft, reservoir: str) -> float | None:
    """The volume (L) that is known and can be trusted; None while it is not."""
    return readings.reading(d, reservoir, Role.VOLUME).value


# -- moving water -------------------------------------------------------------------------------


def water_out(d: Draft, reservoir: str) -> bool:
    """Whether a shot is under way or draining: the volume is not at home."""
    for circuit in d.farm.circuits_of_reservoir[reservoir]:
        state = d.circuit(circuit.id)
        if state.shot is not None or (state.dry_at is not None and state.dry_at > d.now.farm):
            return True
    return False


def dry_at(d: Draft, reservoir: str) -> float | None:
    """When the last circuit has drained (farm time); None when none is draining."""
    times = [d.circuit(c.id).dry_at for c in d.farm.circuits_of_reservoir[reservoir]]
    return max((t for t in times if t is not None and t > d.now.farm), default=None)


def turnover_l_min(d: Draft, reservoir: Reservoir) -> float:
    """How much of the tank is proved to be moved; 0 while it stands. A pump that runs for a shot
    takes water out, it does not mix."""
    flow = 0.0
    if any(safety.runs(d, b) for b in d.of(reservoir.id, Role.MIXING_PUMP)):
        flow = reservoir.mixing_l_min or 0.0
    for pump in dict.fromkeys(c.pump for c in d.farm.circuits_of_reservoir[reservoir.id]):
        shots = any(d.circuit(c.id).shot is not None for c in d.farm.circuits_of_pump[pump])
        if not shots and any(safety.runs(d, b) for b in d.of(pump, Role.IRRIGATION_PUMP)):
            flow += d.farm.pump[pump].flow_l_min
    return flow


def mixed_at(d: Draft, reservoir: Reservoir) -> float | None:
    """When the solution is mixed (farm time), also in the past; None while it stands still."""
    state = d.reservoir(reservoir.id)
    flow, litres = turnover_l_min(d, reservoir), volume(d, reservoir.id)
    if state.moving_since is None or flow <= 0 or litres is None:
        return None
    since = max(state.moving_since, state.disturbed_at or 0.0)
    return since + max(_MIX_S, _TURNOVERS * litres / flow * 60)


def moved(d: Draft, reservoir: Reservoir) -> bool:
    """Whether what moves, or is out of the tank, is not what the reservoir last knew."""
    state = d.reservoir(reservoir.id)
    moving = turnover_l_min(d, reservoir) > 0
    if moving is (state.moving_since is None):
        return True
    out = water_out(d, reservoir.id), dry_at(d, reservoir.id)
    return out != (state.water_out, state.dry_at)


# -- the slice ----------------------------------------------------------------------------------


def advance(d: Draft, reservoir: Reservoir) -> None:
    """Take up what is known of the water: its level, its movement, a new day."""
    state = d.reservoir(reservoir.id)
    low = _low(d, reservoir, state)
    changed = replace(state, low=low) if low != state.low else state
    if reservoir.id in d.farm.treated:
        changed = _day(d, _moving(d, reservoir, changed))
    d.reservoirs.set(reservoir.id, changed)
    if low != state.low:
        litres = volume(d, reservoir.id)
        d.event(
            "volume_low" if low else "volume_restored",
            reservoir.id,
            Severity.P2 if low else Severity.INFO,
            volume_l=None if litres is None else round(litres, 1),
        )


def _moving(d: Draft, reservoir: Reservoir, state: ReservoirState) -> ReservoirState:
    moving, since = turnover_l_min(d, reservoir) > 0, state.moving_since
    if moving is (since is None):
        since = d.now.farm if moving else None
    out, dries = water_out(d, reservoir.id), dry_at(d, reservoir.id)
    if (since, out, dries) == (state.moving_since, state.water_out, state.dry_at):
        return state
    return replace(state, moving_since=since, water_out=out, dry_at=dries)


def _low(d: Draft, reservoir: Reservoir, state: ReservoirState) -> bool:
    low = readings.tripped(d, reservoir.id, Role.LEVEL_LOW)
    lowest = readings.lowest(d, reservoir.id, Role.VOLUME)
    if lowest is not None:
        # Back above the limit by 5 %, so that a ripple does not start and stop a pump.
        limit = reservoir.volume_min_l * (1.05 if state.low else 1.0)
        return low or lowest < limit
    return low or (state.low and bool(d.of(reservoir.id, Role.VOLUME)))


def _day(d: Draft, state: ReservoirState) -> ReservoirState:
    midnight = local_midnight(d.now.farm, d.farm.tz)
    if state.day_start == midnight:
        return state
    dosers = {key: replace(doser, today_ml=0.0) for key, doser in state.dosers.items()}
    return replace(state, day_start=midnight, dosers=dosers, filled_today_l=0.0)


def mix(d: Draft, reservoir: Reservoir) -> dict[str, Intent]:
    """What the mixing pump should do: run while there is water to move and nothing forbids it."""
    if stop := wet_floor(d, reservoir.id):
        intent = Intent(0.0, stop, trip=True)
    elif d.reservoir(reservoir.id).low:
        intent = Intent(0.0, low_reason(d, reservoir), trip=True)
    else:
        intent = Intent(1.0, Reason("mix"))
    return {b.id: intent for b in d.of(reservoir.id, Role.MIXING_PUMP)}


def wet_floor(d: Draft, reservoir: str) -> Reason | None:
    """Smoke or a leak, reported anywhere this water goes and not cleared by a person."""
    if not d.interlocks.now:
        return None
    if any(interlocks.smoke(d, c) for c in d.farm.circuits_of_reservoir[reservoir]):
        return Reason("smoke")
    return Reason("leak") if interlocks.leak_of_reservoir(d, reservoir) else None


def leak_unknown(d: Draft, reservoir: str) -> bool:
    """Whether a leak sensor of this water is bound and not known."""
    places = (reservoir, *d.farm.zones_of_reservoir[reservoir])
    return any(readings.unknown(d, node, Role.LEAK) for node in places)


def low_reason(d: Draft, reservoir: Reservoir) -> Reason:
    """Why a low reservoir gives no water."""
    litres = volume(d, reservoir.id)
    params = {
        "value": "?" if litres is None else round(litres, 1),
        "limit": round(reservoir.volume_min_l, 1),
    }
    return Reason("volume_low", params)


def changed(d: Draft, reservoir: str) -> None:
    """The solution was changed: what was given into the old one counts no more against the caps of
    a filling, and nothing that was measured in it says anything of the new one."""
    state = d.reservoir(reservoir)
    dosers = {key: replace(known, tank_ml=0.0) for key, known in state.dosers.items()}
    d.reservoirs.set(
        reservoir,
        replace(
            state,
            dosers=dosers,
            trials={},
            feed=(),
            feed_at=None,
            salts=None,
            disturbed_at=d.now.farm,
            ineffective={},
        ),
    )
    d.mark(reservoir)
