"""How strong a target has to be for an EC: recipes give an EC, books give ions."""

from __future__ import annotations

from dataclasses import replace

from ..errors import UnreachableError, require
from .conductivity import predicted_ec
from .solver import Problem, solve

WEAKEST, STRONGEST = 0.05, 3.0
_ROUNDS = 30


def at_ec(problem: Problem, ec: float) -> tuple[Problem, float]:
    """The problem with its target at the strength whose solution has this EC, and the strength.

    `ec` is mS/cm at 25 °C, the water's own included. Raises RangeError, ScienceError;
    UnreachableError for an EC that no strength from 0.05 to 3 gives.
    """
    require("ec", ec, 0.01, 20.0, "mS/cm")
    low, high = WEAKEST, STRONGEST
    least, most = _ec(problem, low), _ec(problem, high)
    if not least <= ec <= most:
        raise UnreachableError(
            "ec", ec, f"{least:.2f} … {most:.2f} mS/cm with this target, water and these salts"
        )
    for _ in range(_ROUNDS):
        middle = (low + high) / 2.0
        if _ec(problem, middle) < ec:
            low = middle
        else:
            high = middle
    strength = (low + high) / 2.0
    return replace(problem, target=problem.target.at_strength(strength)), strength


def _ec(problem: Problem, strength: float) -> float:
    return predicted_ec(solve(replace(problem, target=problem.target.at_strength(strength))).ions)
