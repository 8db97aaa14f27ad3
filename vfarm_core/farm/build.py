"""Build a farm from its parts and check it: every fault at once, each naming the thing and the
way out. Nothing half-right comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .checks import bindings, nodes, tanks
from .codec import DecodeError, decode, encode
from .nodes import Farm
from .problems import FarmError, Problem, problem


def farm_from_dict(data: Mapping[str, Any]) -> Farm:
    """A farm from JSON-able data. Raises FarmError, also for data of the wrong shape."""
    try:
        farm = decode(Farm, data)
    except DecodeError as err:
        raise FarmError(
            [Problem(node=err.path, key="wrong_value", message=str(err), params={"path": err.path})]
        ) from err
    return check(farm)


def farm_to_dict(farm: Farm) -> dict[str, Any]:
    """The farm as JSON-able data; `farm_from_dict` reads it back."""
    data: dict[str, Any] = encode(farm)
    return data


def check(farm: Farm) -> Farm:
    """The farm itself if it has no fault; raises FarmError otherwise."""
    problems = tuple(problems_of(farm))
    if problems:
        raise FarmError(problems)
    return farm


def problems_of(farm: Farm) -> Iterator[Problem]:
    """Every fault of a farm."""
    try:
        ZoneInfo(farm.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield problem(
            farm.id, "unknown_time_zone", "{zone} is not a time zone", zone=farm.time_zone
        )
    if not 1 <= farm.takeover_min <= 1440:
        yield problem(
            farm.id,
            "takeover_out_of_range",
            "a takeover lasts from 1 to 1,440 minutes, not {value}",
            attribute="takeover_min",
            value=farm.takeover_min,
        )
    yield from nodes.ids(farm)
    yield from nodes.references(farm)
    yield from nodes.sizes(farm)
    yield from bindings.bindings(farm)
    for reservoir in farm.reservoirs:
        yield from tanks.filling(farm, reservoir)
        yield from tanks.mixing(farm, reservoir)


#: What is raised is offered beside what raises it.
__all__ = ["FarmError", "Problem", "check", "farm_from_dict", "farm_to_dict", "problems_of"]
