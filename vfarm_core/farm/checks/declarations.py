"""Whether an actuator is declared, and declared so that it can be kept safe."""

from __future__ import annotations

from collections.abc import Iterator

from ..bindings import Binding, Danger, Declaration, Degraded, Dosing, OnNoReading, Proof
from ..problems import Problem, problem
from ..roles import DOSING, Loop, Role, spec

#: Where a mistake poisons, floods or suffocates: on is dangerous, and a state that a device claims
#: to be in proves nothing (design rules 3 and 4).
_INDEPENDENT = frozenset({Loop.DOSING, Loop.FILL, Loop.CO2})
#: What may run on without its reading, where a person says so. Never heat, CO2, dosing or fill.
DEGRADABLE = (Role.COOLER, Role.HUMIDIFIER, Role.DEHUMIDIFIER, Role.EXHAUST_FAN)


def _without_reading(b: Binding, declared: Degraded) -> Iterator[Problem]:
    """Whether what a device does without its reading is allowed and has an end."""
    if b.role not in DEGRADABLE:
        yield problem(
            b.id,
            "degraded_not_allowed",
            "{binding} has to be in its safe state while its reading is lost",
            binding=b.id,
        )
    if not 0 < declared.limit_s <= 86400.0:
        yield problem(
            b.id,
            "degraded_without_end",
            "{binding} may run without its reading for up to 24 h; say for how long",
            binding=b.id,
        )
    if declared.mode is OnNoReading.SCHEDULE and not (declared.on_s > 0 and declared.off_s > 0):
        yield problem(
            b.id,
            "degraded_without_schedule",
            "{binding} needs a time on and a time off for its schedule",
            binding=b.id,
        )


#: Faults of a binding that another declaration mends.
DECLARED = frozenset(
    {
        "deadline_zero",
        "degraded_not_allowed",
        "degraded_without_end",
        "degraded_without_schedule",
        "dosing_effect",
        "dosing_limits",
        "feedback_not_bound",
        "max_below_min",
        "missing_declaration",
        "missing_dosing",
        "missing_max_off",
        "missing_max_on",
        "must_be_dangerous_on",
        "power_is_no_proof",
        "proof_not_independent",
        "safe_state_is_dangerous",
        "unknown_feedback",
    }
)


def harms_when_on(role: Role) -> bool:
    """Whether an actuator of this role has to be declared dangerous on, whatever it is."""
    return spec(role).loop in _INDEPENDENT


def declaration_problems(b: Binding) -> Iterator[Problem]:
    """Whether an actuator is declared, and declared so that it can be kept safe."""
    d: Declaration | None = b.declaration
    if d is None:
        yield problem(
            b.id,
            "missing_declaration",
            "{role} of {node} has no declaration; without one vfarm does not control it",
            role=b.role,
            node=b.node,
        )
        return
    loop = spec(b.role).loop
    if loop in _INDEPENDENT and d.danger is not Danger.ON:
        yield problem(
            b.id,
            "must_be_dangerous_on",
            "{binding} harms when it stays on; declare it dangerous on",
            binding=b.id,
        )
    if loop in _INDEPENDENT and d.proof in (Proof.ECHO, Proof.STATE):
        yield problem(
            b.id,
            "proof_not_independent",
            "{binding} needs independent proof: feedback by flow, power or a contact, or a pulse "
            "that the hardware itself ends",
            binding=b.id,
        )
    if b.role in DOSING:
        yield from _dosing(b, d.dosing)
    if d.on_no_reading is not None:
        yield from _without_reading(b, d.on_no_reading)
    if d.danger is Danger.ON and not d.max_on_s:
        yield problem(
            b.id,
            "missing_max_on",
            "{binding} is dangerous on and needs a maximum on-time",
            binding=b.id,
        )
    if d.danger is Danger.OFF and not d.max_off_s:
        yield problem(
            b.id,
            "missing_max_off",
            "{binding} is dangerous off and needs a maximum off-time",
            binding=b.id,
        )
    if (d.danger is Danger.ON and d.safe_on) or (d.danger is Danger.OFF and not d.safe_on):
        yield problem(
            b.id,
            "safe_state_is_dangerous",
            "the safe state of {binding} is its dangerous one",
            binding=b.id,
        )
    for name in ("min_on_s", "min_off_s", "max_on_s", "max_off_s", "daily_cap_s", "rating_w"):
        value = getattr(d, name)
        if value is not None and value < 0:
            yield problem(
                b.id,
                "negative_duration",
                "{attribute} of {node} is {value} s; it must be 0 or more",
                node=b.id,
                attribute=name,
                value=value,
            )
    if d.max_on_s is not None and d.max_on_s < d.min_on_s:
        yield problem(
            b.id, "max_below_min", "max_on_s of {binding} is shorter than min_on_s", binding=b.id
        )
    if not d.deadline_s > 0:
        yield problem(
            b.id, "deadline_zero", "deadline_s of {binding} must be more than 0", binding=b.id
        )


def _dosing(b: Binding, dosing: Dosing | None) -> Iterator[Problem]:
    if dosing is None:
        yield problem(
            b.id,
            "missing_dosing",
            "{binding} needs limits: mL per dose, per hour, per day and per tank",
            binding=b.id,
        )
        return
    limits = (dosing.max_dose_ml, dosing.max_hour_ml, dosing.max_day_ml, dosing.max_tank_ml)
    if not limits[0] > 0 or list(limits) != sorted(limits):
        yield problem(
            b.id,
            "dosing_limits",
            "the limits of {binding} must be above 0 and not fall from dose to hour, day and tank",
            binding=b.id,
        )
    if dosing.effect_per_ml_l is not None and not dosing.effect_per_ml_l > 0:
        yield problem(
            b.id,
            "dosing_effect",
            "the effect of 1 mL from {binding} in 1 L must be more than 0, or left open",
            binding=b.id,
        )
