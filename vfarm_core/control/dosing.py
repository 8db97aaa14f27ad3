"""Dosing: EC by the parts of the nutrient, then pH by acid or base, one small dose at a time.

Every dose is a part of the computed gap, waits until it is mixed, and is judged by what it did. A
reservoir that does not answer its doses is not given more of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf

from ..farm.bindings import Binding
from ..farm.nodes import Reservoir
from ..farm.roles import NUTRIENTS, Role
from ..recipes.model import SolutionQuantity
from . import dose, solution
from .draft import Draft
from .memory import ReservoirState, Stage, Trial
from .reasons import Reason
from .targets import Target
from .text import clock_time, local_midnight

#: A dose closes this share of the computed gap (science.md section 3: "at most 30-50 %").
SHARE = 0.4
#: No dose within this distance of the target: a tenth of the width of the warning limits
#: (science.md section 6: "deadband 10 % of band"), and no less than probes can tell (design
#: choice).
_BAND_SHARE = 0.1
_BAND_LEAST = {SolutionQuantity.EC: 0.05, SolutionQuantity.PH: 0.1}
#: A pH dose aims at no more than this at once: pH answers ever faster (design choice; science.md
#: section 3: "pH error is logarithmic").
_PH_STEP = 0.3
#: Below this EC (mS/cm) acid and base are not dosed, and a probe that has been fed is not believed
#: (the lockout of a well-known doser, peers.md: "low-EC lockout at < 0.2 EC").
MIN_EC = 0.2
#: What is known of the salts in a tank is renewed when they have changed by this factor (design
#: choice).
_SALTS = 1.25
#: Acid and base are kept apart for this long (s) (design rule 7, "never in one window"; the length
#: is a design choice: a day of plant uptake).
WINDOW_S = 86400.0
#: First doses of a stock that nobody knows, mL per L of solution (design choices): with the
#: strongest concentrates less than 0.1 mS/cm, and 0.03-0.07 meq/L of the acids of science.md.
_TEST_ML_L = {SolutionQuantity.EC: 0.1, SolutionQuantity.PH: 0.002}
#: A change smaller than this is noise of the probe (design choice).
_NOISE = {SolutionQuantity.EC: 0.03, SolutionQuantity.PH: 0.05}
#: After so many judged doses in a row with less than this share of their effect, dosing stops until
#: a person has looked (design choice; peers.md: a known doser stops after 15).
_INEFFECTIVE = 3
_EFFECTIVE = 0.2
#: How much of a newly seen effect is believed, and how far it may lie from the declared or first
#: seen one (design choices).
_LEARN = 0.3
_LEARN_MOST = 4.0
#: Doses are judged together for no longer than this (s): later the plants have changed the solution
#: too (design choice).
_TRIAL_S = 4 * 3600.0
#: The parts that a feed still owes are forgotten after this long (s): never dose to catch up.
_FEED_S = 2 * 3600.0
#: No pulse shorter than this (s): a pump needs it to get going (design choice).
_LEAST_S = 0.5


@dataclass(frozen=True, slots=True)
class Wait:
    """Why no dose starts now, and when that may change by itself (farm time)."""

    reason: Reason
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A dose that may start now, and the parts of the feed that follow it."""

    pump: Binding
    ml: float
    feed: tuple[tuple[str, float], ...] = ()


def advance(d: Draft, reservoir: Reservoir) -> float | None:
    """Move the dose of a reservoir on, judge what is mixed, and start what is due. Gives back when
    what it waits for may be over (farm time)."""
    if not solution.is_dosed(d, reservoir.id) and d.reservoir(reservoir.id).dose is None:
        return None
    if d.state.stage is Stage.RECONCILING:
        dose.close_after_crash(d, reservoir)
        return None
    dose.watch(d, reservoir)
    dose.advance(d, reservoir)
    state = d.reservoir(reservoir.id)
    wait: Wait | None = None
    if state.dose is None:
        _judge(d, reservoir)
        _remember(d, reservoir)
        found = choose(d, reservoir)
        if isinstance(found, Planned):
            _begin(d, reservoir, found)
        else:
            wait = found
    state = d.reservoir(reservoir.id)
    waits = None if wait is None else wait.reason
    if state.waits != waits:
        d.reservoirs.set(reservoir.id, replace(state, waits=waits))
    return None if wait is None else wait.until


def _begin(d: Draft, reservoir: Reservoir, planned: Planned) -> None:
    state = d.reservoir(reservoir.id)
    at = d.now.farm if planned.feed else None
    d.reservoirs.set(reservoir.id, replace(state, feed=planned.feed, feed_at=at))
    dose.start(d, reservoir, planned.pump, planned.ml, by="recipe")


# -- what is due --------------------------------------------------------------------------------


def choose(d: Draft, reservoir: Reservoir) -> Planned | Wait:
    """The dose that is due now, or why there is none."""
    state = d.reservoir(reservoir.id)
    block = dose.blocked(d, reservoir, _probes(d, reservoir.id))
    if block is not None:
        return Wait(block[1], _drained(d, reservoir, block[1]))
    if state.inhibit:
        return Wait(Reason(f"dose_{state.inhibit}"))
    if any(known.on_since is not None for known in state.dosers.values()):
        return Wait(Reason("dose_by_hand"))
    wanted = solution.setpoints(d, reservoir)
    if wanted is None:
        return Wait(Reason("dose_disjoint"))
    targets = {q: solution.target(d, reservoir, q) for q in solution.PROBE}
    if not any(targets.values()):
        return Wait(Reason("dose_no_target"))
    mixed = solution.mixed_at(d, reservoir)
    if mixed is None or mixed > d.now.farm:
        until = "?" if mixed is None else clock_time(mixed, d.farm.tz)
        return Wait(Reason("dose_mixing", {"until": until}), mixed)
    if state.feed:
        return _next_part(d, reservoir, state, targets[SolutionQuantity.EC])
    ec = _ec(d, reservoir, targets[SolutionQuantity.EC])
    if isinstance(ec, Planned) or ec.reason.code not in _EC_LETS_PH:
        return ec
    ph = _ph(d, reservoir, targets[SolutionQuantity.PH])
    return ph if isinstance(ph, Planned) or ec.reason.code == "dose_in_band" else ec


#: EC first, then pH: but a cap of the nutrient, which may hold for days, or water that nobody has
#: measured, does not let pH drift.
_EC_LETS_PH = frozenset(
    {"dose_in_band", "dose_cap_hour", "dose_cap_day", "dose_cap_tank", "dose_source_unknown"}
)


def _probes(d: Draft, reservoir: str) -> tuple[Role, ...]:
    """What the dosing of a reservoir goes by: EC always, pH where there is acid or base."""
    ph = any(d.of(reservoir, role) for role in (Role.DOSING_PUMP_PH_DOWN, Role.DOSING_PUMP_PH_UP))
    return (Role.SOLUTION_EC, Role.SOLUTION_PH) if ph else (Role.SOLUTION_EC,)


def _drained(d: Draft, reservoir: Reservoir, why: Reason) -> float | None:
    return solution.dry_at(d, reservoir.id) if why.code == "dose_water_out" else None


def band(target: Target, quantity: SolutionQuantity) -> float:
    """How far from a target nothing is dosed."""
    low, high = target.warning.low, target.warning.high
    width = 0.0 if low is None or high is None else high - low
    return max(_BAND_LEAST[quantity], _BAND_SHARE * width)


def _idle() -> Wait:
    return Wait(Reason("dose_in_band"))


def _ec(d: Draft, reservoir: Reservoir, target: Target | None) -> Planned | Wait:
    ec = solution.probed(d, reservoir, Role.SOLUTION_EC).value
    pumps = tuple(b for role in NUTRIENTS for b in d.of(reservoir.id, role)[:1])
    if target is None or target.value is None or ec is None or not pumps:
        return _idle()
    if solution.source_unknown(d, reservoir):
        return Wait(Reason("dose_source_unknown"))
    gap = target.value - ec
    if gap <= band(target, SolutionQuantity.EC):
        return _idle()
    if _low_ec(d, reservoir, ec):
        dose.inhibit(d, reservoir.id, "low_ec")
        return Wait(Reason("dose_low_ec"))
    return _plan(d, reservoir, pumps, SolutionQuantity.EC, gap)


def _low_ec(d: Draft, reservoir: Reservoir, ec: float) -> bool:
    """Whether a probe says plain water although the tank was fed, or was no plain water before: it
    hangs in the air, or the nutrient went elsewhere."""
    litres = solution.volume(d, reservoir.id)
    if ec >= MIN_EC or not litres:
        return False
    state, given = d.reservoir(reservoir.id), 0.0
    if state.salts is not None and state.salts / litres >= 2 * MIN_EC:
        return True
    for role in NUTRIENTS:
        for b in d.of(reservoir.id, role):
            known = dose.doser(state, b.id)
            given += known.tank_ml * (dose.effect_of(b, known) or 0.0) / litres
    return given >= 2 * MIN_EC


def _remember(d: Draft, reservoir: Reservoir) -> None:
    """How much salt is in the tank, as far as its probe is believed. Only when that has changed a
    lot, so that a tank at rest writes nothing."""
    state, litres = d.reservoir(reservoir.id), solution.volume(d, reservoir.id)
    mixed = solution.mixed_at(d, reservoir)
    if litres is None or mixed is None or mixed > d.now.farm:
        return
    ec = solution.probed(d, reservoir, Role.SOLUTION_EC).value
    if ec is None or ec < MIN_EC:
        return
    salts = ec * litres
    if state.salts is None or not state.salts / _SALTS <= salts <= state.salts * _SALTS:
        d.reservoirs.set(reservoir.id, replace(state, salts=salts))


def _ph(d: Draft, reservoir: Reservoir, target: Target | None) -> Planned | Wait:
    state = d.reservoir(reservoir.id)
    ph = solution.probed(d, reservoir, Role.SOLUTION_PH).value
    ec = solution.probed(d, reservoir, Role.SOLUTION_EC).value
    if target is None or target.value is None or ph is None or ec is None:
        return _idle()
    gap = target.value - ph
    if abs(gap) <= band(target, SolutionQuantity.PH):
        return _idle()
    down = gap < 0
    role = Role.DOSING_PUMP_PH_DOWN if down else Role.DOSING_PUMP_PH_UP
    pumps = d.of(reservoir.id, role)[:1]
    if not pumps:
        return Wait(Reason("dose_no_pump"))
    if ec < MIN_EC:
        return Wait(Reason("dose_plain_water", {"value": round(ec, 2), "limit": MIN_EC}))
    if apart := _apart(d, state, down=down):
        other = state.base_at if down else state.acid_at
        return Wait(apart, None if other is None else other + WINDOW_S)
    return _plan(d, reservoir, pumps, SolutionQuantity.PH, min(abs(gap), _PH_STEP / SHARE))


def _apart(d: Draft, state: ReservoirState, *, down: bool) -> Reason | None:
    """Whether the opposite was dosed within the window. A pH that swings to both sides is a fault
    of its probe or of its control, and every turn leaves salt behind."""
    other = state.base_at if down else state.acid_at
    if other is None or d.now.farm >= other + WINDOW_S:
        return None
    return Reason("dose_window", {"until": clock_time(other + WINDOW_S, d.farm.tz)})


def _plan(
    d: Draft,
    reservoir: Reservoir,
    pumps: tuple[Binding, ...],
    quantity: SolutionQuantity,
    gap: float,
) -> Planned | Wait:
    """How many mL of each of the pumps, the same of all, and the first of them. One that cannot
    give its part keeps the others from giving theirs: the parts belong together."""
    state = d.reservoir(reservoir.id)
    litres = solution.volume(d, reservoir.id)
    assert litres is not None
    for b in pumps:
        if wait := not_ready(d, reservoir, b):
            return wait
    effects = [dose.effect_of(b, dose.doser(state, b.id)) for b in pumps]
    known = sum(e for e in effects if e is not None)
    ml = SHARE * gap * litres / known if known else inf
    if None in effects:
        tests = (dose.doser(state, b.id).test_ml or _TEST_ML_L[quantity] * litres for b in pumps)
        ml = min(ml, *tests)
    least = max(_least_ml(state, b) for b in pumps)
    if ml < least:
        if known and least * known / litres > gap:
            return _idle()
        ml = least
    for b in pumps:
        ml = min(ml, most_ml(state, b))
        if wait := capped(d, state, b, min(ml, least)):
            return wait
        ml = min(ml, _left_ml(d, state, b))
    return Planned(pumps[0], ml, tuple((b.id, ml) for b in pumps[1:]))


def _least_ml(state: ReservoirState, pump: Binding) -> float:
    assert pump.declaration is not None
    seconds = max(_LEAST_S, pump.declaration.min_on_s)
    return seconds * (dose.doser(state, pump.id).ml_per_s or 0.0)


def most_ml(state: ReservoirState, pump: Binding) -> float:
    """The largest single dose: declared, and what its maximum on-time allows."""
    assert pump.declaration is not None
    rate = dose.doser(state, pump.id).ml_per_s or 0.0
    seconds = dose.MOST_OF_MAX_ON * (pump.declaration.max_on_s or 0.0)
    return min(dose.limits(pump).max_dose_ml, rate * seconds)


def _left_ml(d: Draft, state: ReservoirState, pump: Binding) -> float:
    """What its caps leave a pump now."""
    return min(left for left, _, _ in _caps(d, state, pump))


def _caps(d: Draft, state: ReservoirState, pump: Binding) -> tuple[tuple[float, str, float], ...]:
    known, limit, now = dose.doser(state, pump.id), dose.limits(pump), d.now.farm
    hour, day = dose.given_ml(known, now - dose.HOUR_S), dose.given_ml(known, now - dose.DAY_S)
    return (
        (limit.max_tank_ml - known.tank_ml, "tank", limit.max_tank_ml),
        (limit.max_day_ml - day, "day", limit.max_day_ml),
        (limit.max_hour_ml - hour, "hour", limit.max_hour_ml),
    )


def capped(d: Draft, state: ReservoirState, pump: Binding, ml: float) -> Wait | None:
    """Whether a cap of a pump leaves less than `ml`."""
    for left, name, limit in _caps(d, state, pump):
        if left < ml:
            span = {"hour": dose.HOUR_S, "day": dose.DAY_S}.get(name)
            until = None
            if span is not None:
                begun = [at for at, _ in dose.doser(state, pump.id).log]
                later = [at + span for at in begun if at + span > d.now.farm]
                until = min(later, default=None)
            return Wait(Reason(f"dose_cap_{name}", {"limit": round(limit, 1)}), until)
    return None


def not_ready(d: Draft, reservoir: Reservoir, pump: Binding) -> Wait | None:
    """Why a pump cannot dose now, whatever the solution needs."""
    known = dose.doser(d.reservoir(reservoir.id), pump.id)
    if not known.ml_per_s or known.calibrated_at is None:
        return Wait(Reason("dose_uncalibrated", {"point": pump.id}))
    ends = known.calibrated_at + reservoir.pump_days * dose.DAY_S
    if ends <= d.now.farm:
        return Wait(Reason("dose_calibration_expired", {"point": pump.id}))
    state = d.actuator(pump.id)
    if state.is_on is not False or state.pending is not None:
        return Wait(Reason("dose_pump_unknown", {"point": pump.id}))
    if state.takeover_until is not None and state.takeover_until > d.now.farm:
        until = state.takeover_until
        return Wait(Reason("takeover", {"until": clock_time(until, d.farm.tz)}), until)
    return _resting(d, pump)


def _resting(d: Draft, pump: Binding) -> Wait | None:
    state, declared = d.actuator(pump.id), pump.declaration
    assert declared is not None
    if state.changed_at is None:
        return None
    # After a dose longer than safety's own rest after a maximum on-time.
    rest = max(declared.min_off_s, 60.0) if state.on_log else declared.min_off_s
    ready = state.changed_at + rest
    if ready > d.now.farm:
        return Wait(Reason("min_off", {"limit": round(rest)}), ready)
    if declared.daily_cap_s is not None:
        used = sum(end - start for start, end in state.on_log if end > d.now.farm - dose.DAY_S)
        if used >= declared.daily_cap_s:
            until = state.on_log[0][1] + dose.DAY_S
            return Wait(Reason("daily_cap", {"limit": round(declared.daily_cap_s)}), until)
    return None


def _next_part(
    d: Draft, reservoir: Reservoir, state: ReservoirState, target: Target | None
) -> Planned | Wait:
    """The next part of a feed that has begun; a part that is too late is not made up for."""
    (point, ml), *rest = state.feed
    pump = d.farm.binding.get(point)
    ec = solution.probed(d, reservoir, Role.SOLUTION_EC).value
    late = state.feed_at is None or d.now.farm >= state.feed_at + _FEED_S
    full = target is None or target.value is None or ec is None or ec >= target.value
    if pump is None or late or full:
        d.reservoirs.set(reservoir.id, replace(state, feed=(), feed_at=None))
        d.event("feed_dropped", reservoir.id, point=point, ml=round(ml, 2))
        d.mark(reservoir.id)
        return Wait(Reason("dose_in_band"))
    wait = not_ready(d, reservoir, pump) or capped(d, state, pump, ml)
    if wait is not None:
        ends = (state.feed_at or 0.0) + _FEED_S
        return Wait(wait.reason, ends if wait.until is None else min(wait.until, ends))
    return Planned(pump, ml, tuple(rest))


# -- what the doses did -------------------------------------------------------------------------


def _judge(d: Draft, reservoir: Reservoir) -> None:
    """Once mixed: compare what doses did with what they should have done."""
    if not d.reservoir(reservoir.id).trials:
        return
    mixed = solution.mixed_at(d, reservoir)
    if mixed is None or mixed > d.now.farm:
        return
    for quantity, probe in solution.PROBE.items():
        trial = d.reservoir(reservoir.id).trials.get(probe)
        value = solution.probed(d, reservoir, probe).value
        if trial is None or value is None:
            continue
        if d.now.farm >= trial.since + _TRIAL_S:
            _forget_trial(d, reservoir.id, probe)
            continue
        _judge_one(d, reservoir, quantity, trial, value)


def _judge_one(
    d: Draft, reservoir: Reservoir, quantity: SolutionQuantity, trial: Trial, value: float
) -> None:
    probe, noise = solution.PROBE[quantity], _NOISE[quantity]
    first = d.farm.binding.get(trial.doses[0][0])
    if first is None:
        _forget_trial(d, reservoir.id, probe)
        return
    seen = value - trial.before
    if first.role is Role.DOSING_PUMP_PH_DOWN:
        seen = -seen
    if trial.expected is None:
        _judge_test(d, reservoir, quantity, trial, seen)
        return
    if trial.expected < noise:
        return
    ratio = seen / trial.expected
    if ratio < _EFFECTIVE:
        _in_vain(d, reservoir.id, probe)
    else:
        _learn(d, reservoir.id, trial, ratio)
        _worked(d, reservoir.id, probe)
    _forget_trial(d, reservoir.id, probe)


def _judge_test(
    d: Draft, reservoir: Reservoir, quantity: SolutionQuantity, trial: Trial, seen: float
) -> None:
    """A stock that nobody knows: take what is seen for its effect, or try more of it."""
    probe, state = solution.PROBE[quantity], d.reservoir(reservoir.id)
    total = sum(ml for _, ml in trial.doses)
    if seen >= _NOISE[quantity]:
        effect = seen * trial.volume_l / total
        for point in dict.fromkeys(p for p, _ in trial.doses):
            known = dose.doser(d.reservoir(reservoir.id), point)
            pump = d.farm.binding.get(point)
            if pump is not None and dose.effect_of(pump, known) is None:
                learned = replace(known, effect=effect, effect_base=effect, test_ml=None)
                dose.set_doser(d, reservoir.id, point, learned)
        _worked(d, reservoir.id, probe)
        _forget_trial(d, reservoir.id, probe)
        return
    if state.feed:
        return  # The other parts of the test are still to come.
    greatest = True
    for point, ml in dict(trial.doses).items():
        pump = d.farm.binding.get(point)
        if pump is None:
            continue
        most = dose.limits(pump).max_dose_ml
        known = dose.doser(d.reservoir(reservoir.id), point)
        greatest = greatest and ml >= most
        dose.set_doser(d, reservoir.id, point, replace(known, test_ml=min(most, 2 * ml)))
    if greatest:
        _in_vain(d, reservoir.id, probe)
        _forget_trial(d, reservoir.id, probe)


def _learn(d: Draft, reservoir: str, trial: Trial, ratio: float) -> None:
    """Believe a part of what was seen, within bounds around what was declared or first seen."""
    for point in dict.fromkeys(p for p, _ in trial.doses):
        pump = d.farm.binding.get(point)
        if pump is None:
            continue
        known = dose.doser(d.reservoir(reservoir), point)
        effect = dose.effect_of(pump, known)
        base = dose.limits(pump).effect_per_ml_l or known.effect_base
        if effect is None or base is None:
            continue
        learned = effect * (1 + _LEARN * (ratio - 1))
        learned = min(base * _LEARN_MOST, max(base / _LEARN_MOST, learned))
        dose.set_doser(d, reservoir, point, replace(known, effect=learned))


def _worked(d: Draft, reservoir: str, probe: Role) -> None:
    state = d.reservoir(reservoir)
    if state.ineffective.get(probe):
        d.reservoirs.set(reservoir, replace(state, ineffective=_without(state.ineffective, probe)))


def _in_vain(d: Draft, reservoir: str, probe: Role) -> None:
    state = d.reservoir(reservoir)
    count = state.ineffective.get(probe, 0) + 1
    d.reservoirs.set(reservoir, replace(state, ineffective={**state.ineffective, probe: count}))
    if count >= _INEFFECTIVE:
        dose.inhibit(d, reservoir, "ineffective")


def _forget_trial(d: Draft, reservoir: str, probe: Role) -> None:
    state = d.reservoir(reservoir)
    d.reservoirs.set(reservoir, replace(state, trials=_without(state.trials, probe)))


def _without[T](mapping: Mapping[Role, T], key: Role) -> dict[Role, T]:
    return {k: v for k, v in mapping.items() if k is not key}


# -- when to look again -------------------------------------------------------------------------


def due(d: Draft, reservoir: Reservoir) -> list[float | None]:
    """When something may change by itself (farm time)."""
    state = d.reservoir(reservoir.id)
    times: list[float | None] = [dose.due(d, reservoir)]
    if not solution.is_dosed(d, reservoir.id):
        return times
    if state.dose is None:
        times += [solution.mixed_at(d, reservoir), solution.dry_at(d, reservoir.id)]
        if state.feed and state.feed_at is not None:
            times.append(state.feed_at + _FEED_S)
    for role in solution.PROBE.values():
        times.append(solution.probed(d, reservoir, role).until)
    for b in dose.pumps(d, reservoir.id):
        at = dose.doser(state, b.id).calibrated_at
        if at is not None:
            times.append(at + reservoir.pump_days * dose.DAY_S)
    return times


def midnight(d: Draft, reservoir: str) -> float | None:
    """When the counters of the day begin anew, while there is anything in them."""
    state = d.reservoir(reservoir)
    used = state.filled_today_l or any(known.today_ml for known in state.dosers.values())
    return local_midnight(d.now.farm + 26 * 3600, d.farm.tz) if used else None


def asked(d: Draft, reservoir: Reservoir, pump: Binding, ml: float) -> Reason | None:
    """Why a person cannot have a dose of `ml` now; None when it may start. What the solution needs
    is theirs to judge; everything else holds for them too."""
    state = d.reservoir(reservoir.id)
    if state.dose is not None:
        return Reason("dose_running", {"ml": round(state.dose.planned_ml, 1)})
    block = dose.blocked(d, reservoir, dose.probes_of(pump))
    if block is not None:
        return block[1]
    if state.inhibit:
        return Reason(f"dose_{state.inhibit}")
    if any(known.on_since is not None for known in state.dosers.values()):
        return Reason("dose_by_hand")
    mixed = solution.mixed_at(d, reservoir)
    if mixed is None or mixed > d.now.farm:
        until = "?" if mixed is None else clock_time(mixed, d.farm.tz)
        return Reason("dose_mixing", {"until": until})
    wait = not_ready(d, reservoir, pump) or capped(d, state, pump, ml)
    if wait is not None:
        return wait.reason
    if pump.role in NUTRIENTS:
        return None
    ec = solution.probed(d, reservoir, Role.SOLUTION_EC).value
    if ec is None or ec < MIN_EC:
        return Reason("dose_plain_water", {"value": round(ec or 0.0, 2), "limit": MIN_EC})
    down = pump.role is Role.DOSING_PUMP_PH_DOWN
    return _apart(d, state, down=down)
