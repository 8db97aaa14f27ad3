"""Whether entities are bound so that their readings can be used and their states proved."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from ..bindings import Binding, Proof
from ..nodes import Farm
from ..problems import Problem, problem
from ..roles import COMPENSATED, Loop, Role, RoleKind, spec
from ..units import CONVERSIONS, UnitError, linear
from .declarations import declaration_problems
from .nodes import all_ids


def bindings(farm: Farm) -> Iterator[Problem]:
    """Whether every binding fits its node, its role and its unit, and can do what it is for."""
    nodes = set(all_ids(farm))
    ids = {b.id for b in farm.bindings}
    for b in farm.bindings:
        facts = spec(b.role)
        if b.node not in nodes:
            yield problem(
                b.id,
                "unknown_node",
                "{node} names the {kind} {target}, which does not exist",
                node=b.id,
                kind="node",
                target=b.node,
            )
        elif (kind := farm.kind(b.node)) not in facts.nodes:
            yield problem(
                b.id,
                "role_of_other_node",
                "{role} cannot be bound to a {kind}; it belongs to: {nodes}",
                role=b.role,
                kind=kind,
                nodes=", ".join(facts.nodes),
            )
        if b.unit is not None and facts.kind is RoleKind.MEASURE:
            yield from unit_problems(b)
        if b.scale == 0:
            yield problem(b.id, "scale_zero", "the scale of {binding} is 0", binding=b.id)
        if not 0 <= b.step <= 1:
            yield problem(
                b.id,
                "step_out_of_range",
                "the step of {binding} is {value}; it must be from 0 to 1",
                binding=b.id,
                value=b.step,
            )
        if b.on_option is not None and b.on_option == b.off_option:
            yield problem(
                b.id,
                "same_options",
                "{binding} has the same option for on and off: {option}",
                binding=b.id,
                option=b.on_option,
            )
        if facts.is_actuator:
            yield from declaration_problems(b)
            isolation = b.declaration.isolation if b.declaration else None
            if isolation is not None and isolation not in ids:
                yield problem(
                    b.id,
                    "unknown_isolation",
                    "{binding} names the isolation {isolation}, which is not bound",
                    binding=b.id,
                    isolation=isolation,
                )
            yield from _feedback(farm, b)
            yield from _own_meter(farm, b)
        yield from _compensation(farm, b)
        yield from _interval(b)


_SHOWS = (Role.FEEDBACK, Role.FLOW, Role.POWER)


def _feedback(farm: Farm, b: Binding) -> Iterator[Problem]:
    """Whether what is said to prove an actuator is there."""
    declared = b.declaration
    if declared is None or declared.proof is not Proof.FEEDBACK:
        return
    shows = [role for role in _SHOWS if role is not Role.POWER or b.shown_by_power]
    if spec(b.role).loop is Loop.FILL:
        shows.append(Role.VOLUME)  # A volume that rises shows that a fill valve is open.
    by_power = (
        not b.shown_by_power
        and farm.of(b.node, Role.POWER)
        and not any(farm.of(b.node, role) for role in shows)
    )
    if declared.proved_by is not None:
        named = farm.binding.get(declared.proved_by)
        by_power = named is not None and named.role is Role.POWER and not b.shown_by_power
    if by_power:
        yield problem(
            b.id,
            "power_is_no_proof",
            "{binding} is not proved by power: that takes a device, no valve, whose rating in W is "
            "declared",
            binding=b.id,
        )
    elif declared.proved_by is not None:
        if named is None or named.node != b.node or named.role not in _SHOWS:
            yield problem(
                b.id,
                "unknown_feedback",
                "{binding} is to be proved by {feedback}, which is no feedback, flow or power "
                "of the same part",
                binding=b.id,
                feedback=declared.proved_by,
            )
    elif not any(farm.of(b.node, role) for role in shows):
        yield problem(
            b.id,
            "feedback_not_bound",
            "{binding} is to be proved by feedback; bind one of {roles} to {node} first",
            binding=b.id,
            roles=", ".join(shows),
            node=b.node,
        )


def _own_meter(farm: Farm, b: Binding) -> Iterator[Problem]:
    """Whether what is said to measure the energy of a device is there, and sees no other."""
    meter = None if b.declaration is None else b.declaration.metered_by
    if meter is None:
        return
    named = farm.binding.get(meter)
    if named is None or named.node != b.node or named.role is not Role.POWER:
        yield problem(
            b.id,
            "unknown_meter",
            "{binding} is to be measured by {meter}, which is no power sensor of the same part",
            binding=b.id,
            meter=meter,
        )
    for other in farm.actuators_of.get(b.node, ()):
        if other.id == b.id:
            break  # Told once, of the later one.
        if other.declaration is not None and other.declaration.metered_by == meter:
            yield problem(
                b.id,
                "meter_shared",
                "{meter} cannot measure {binding} alone and {other} alone",
                binding=b.id,
                meter=meter,
                other=other.id,
            )
            break


def _compensation(farm: Farm, b: Binding) -> Iterator[Problem]:
    """Whether a probe that is to be compensated can be."""
    if b.compensated:
        return
    if b.role not in COMPENSATED or not farm.of(b.node, Role.SOLUTION_TEMPERATURE):
        yield problem(
            b.id,
            "compensation_needs_temperature",
            "{binding} cannot be compensated for temperature: that takes an EC, pH or oxygen probe "
            "of a reservoir, and the role {role} at {node}",
            binding=b.id,
            role=Role.SOLUTION_TEMPERATURE,
            node=b.node,
        )


def _interval(b: Binding) -> Iterator[Problem]:
    """Whether how often a reading is to be checked is a time."""
    if b.check_days is not None and not 0 < b.check_days < inf:
        yield problem(
            b.id,
            "not_positive",
            "{attribute} of {node} is {value} {unit}; it must be more than 0",
            node=b.id,
            attribute="check_days",
            value=b.check_days,
            unit="d",
        )


def unit_problems(b: Binding) -> Iterator[Problem]:
    """Whether the unit of a binding can become the role's unit."""
    canonical = spec(b.role).unit
    try:
        linear(b.unit, canonical)
    except UnitError:
        yield problem(
            b.id,
            "wrong_unit",
            "{unit} is no unit for {role}; accepted: {accepted}",
            unit=b.unit,
            role=b.role,
            accepted=", ".join(u for u in CONVERSIONS[canonical] if u),
        )
