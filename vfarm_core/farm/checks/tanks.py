"""Whether a reservoir can be filled, mixed and dosed as it is described."""

from __future__ import annotations

from collections.abc import Iterator

from ..nodes import Farm, Reservoir
from ..problems import Problem, problem
from ..roles import Role, spec


def filling(farm: Farm, reservoir: Reservoir) -> Iterator[Problem]:
    """Whether a fill has room, an end and a guard of its own."""
    fill = reservoir.fill
    if fill is None:
        return
    if not 0 < fill.below < fill.to <= 1:
        yield problem(
            reservoir.id,
            "fill_shares",
            "{node} is filled from {below} to {to} of its capacity; they must be above 0, in this "
            "order, and at most 1",
            node=reservoir.id,
            below=fill.below,
            to=fill.to,
        )
    if fill.drain_back_l < 0 or fill.to * reservoir.capacity_l + fill.drain_back_l > (
        reservoir.capacity_l
    ):
        yield problem(
            reservoir.id,
            "fill_no_room",
            "{node} filled to {to} has no room for the {litres} L that run back",
            node=reservoir.id,
            to=fill.to,
            litres=fill.drain_back_l,
        )
    if not (0 < fill.max_l <= fill.day_l):
        yield problem(
            reservoir.id,
            "fill_limits",
            "{node} needs litres per fill above 0 and at most the litres per day",
            node=reservoir.id,
        )
    for role in (Role.FILL_VALVE, Role.VOLUME, Role.LEVEL_HIGH):
        if not farm.of(reservoir.id, role):
            yield problem(
                reservoir.id,
                "fill_needs",
                "{node} is filled automatically and needs the role {role}",
                node=reservoir.id,
                role=role,
            )


def mixing(farm: Farm, reservoir: Reservoir) -> Iterator[Problem]:
    """How long a tank takes to mix must be known, and how long a check holds."""
    if farm.of(reservoir.id, Role.MIXING_PUMP) and not (reservoir.mixing_l_min or 0) > 0:
        yield problem(
            reservoir.id,
            "mixing_flow_missing",
            "{node} has a mixing pump; say how many litres a minute it turns over",
            node=reservoir.id,
        )
    low, high = spec(Role.SOLUTION_EC).plausible or (0.0, 0.0)
    if reservoir.source_ec is not None and not low <= reservoir.source_ec <= high:
        yield problem(
            reservoir.id,
            "climate_out_of_range",
            "{attribute} of {node} is {value} {unit}; it must be from {low} to {high}",
            node=reservoir.id,
            attribute="source_ec",
            value=reservoir.source_ec,
            unit=spec(Role.SOLUTION_EC).unit,
            low=low,
            high=high,
        )
    for name in ("probe_days", "pump_days"):
        if not getattr(reservoir, name) > 0:
            yield problem(
                reservoir.id,
                "not_positive",
                "{attribute} of {node} is {value} {unit}; it must be more than 0",
                node=reservoir.id,
                attribute=name,
                value=getattr(reservoir, name),
                unit="d",
            )
