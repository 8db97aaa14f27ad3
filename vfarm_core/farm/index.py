"""What a step looks up of each level and each binding, found once for a farm.

A step asks the same of a thousand levels in every minute: one look here is ten looks into the
indexes of the farm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .roles import PROBES, Role, RoleKind, RoleSpec

if TYPE_CHECKING:
    from .bindings import Binding
    from .nodes import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A level in its farm.

    `lamps` are those whose light plants count, with what each gives of the PPFD (`parts`) and all
    of them together (`full_ppfd`) when new, 0 where nobody has rated them; `ages`: their light is
    known to fade by their hours. `ppfd_sensor` is the point of the only PPFD sensor, empty where
    there is none or several; `supply`: the lamps hang on one that vfarm watches.
    """

    level: Level
    zone: str
    circuit: str | None
    lamps: tuple[Binding, ...]
    parts: tuple[float, ...]
    full_ppfd: float
    ages: bool
    any_dims: bool
    far_red: bool
    ppfd_sensor: str
    supply: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A binding with the facts of its role. `measures`: a number, neither contact nor switch;
    `as_it_comes`: one in the role's own unit is the value; `refined`: it is compensated or may be
    corrected by a calibration; `interlocks`: a contact that stops a place; `proves`: what it
    reports can be the proof of a command. `unlimited`: an actuator that no limit of time and no
    other device concerns."""

    binding: Binding
    facts: RoleSpec
    measures: bool
    as_it_comes: bool
    refined: bool
    interlocks: bool
    proves: bool
    unlimited: bool


_INTERLOCKS = frozenset({Role.SMOKE, Role.LEAK, Role.DOOR})
_PROVES = frozenset({Role.FEEDBACK, Role.FLOW, Role.POWER})


def point(binding: Binding, facts: RoleSpec, *, isolates: bool) -> Point:
    """A binding with its facts; `isolates`: it is closed when another one fails."""
    declared = binding.declaration
    return Point(
        binding=binding,
        facts=facts,
        measures=facts.kind is RoleKind.MEASURE,
        as_it_comes=facts.kind is RoleKind.MEASURE
        and binding.unit in (None, facts.unit)
        and (binding.scale, binding.offset) == (1.0, 0.0)
        and binding.compensated,
        refined=not binding.compensated or binding.role in PROBES,
        interlocks=binding.role in _INTERLOCKS,
        proves=binding.role in _PROVES,
        unlimited=facts.kind is RoleKind.DIMMER
        and declared is not None
        and not isolates
        and not binding.step
        and not declared.min_on_s
        and not declared.min_off_s
        and declared.max_on_s is None
        and declared.max_off_s is None
        and declared.daily_cap_s is None,
    )
