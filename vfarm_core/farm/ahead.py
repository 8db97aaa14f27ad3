"""What is planned of light and water for the next hours, and what a station gave of it by itself.

A controller makes the plan, a station carries it out when nobody commands it, and the controller
takes over what was given. Both speak of it in these values. Times are instants (epoch s), outputs
0…1, points the ids of bindings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

#: The version of the form. A station that knows another one refuses the plan.
PLAN_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LampSpan:
    """A lamp has this output from `start` to `end`; it is off where no span is."""

    point: str
    start: float
    end: float
    output: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotAhead:
    """A circuit gets one shot of `seconds`, `litres` at the rated flow."""

    id: str
    circuit: str
    at: float
    seconds: float
    litres: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleAhead:
    """A circuit gets mist for `on_s`, then none for `off_s`, again and again; without interruption
    where `off_s` is 0."""

    circuit: str
    start: float
    end: float
    on_s: float
    off_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitAhead:
    """What a circuit is made of: its pumps and valves (valves open before the pump starts), the
    contacts that end its water at once (`leak`, which latches, and `dry`), its flow (L/min) and how
    long its water needs to run back (s). `keeps_on`: its water never stops but for those."""

    id: str
    pumps: tuple[str, ...]
    valves: tuple[str, ...]
    flow_l_min: float
    drain_s: float = 0.0
    leak: tuple[str, ...] = ()
    dry: tuple[str, ...] = ()
    keeps_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A level or circuit that the plan says nothing of, and why: its plants are on their own."""

    node: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StationPlan:
    """What one station does until `valid_until` when nobody commands it. `revoked` says why there
    is none: then its outputs go to their safe states (`safe_on` are those that are safe on)."""

    farm: str
    station: str
    made_at: float
    valid_until: float
    format: int = PLAN_FORMAT
    points: tuple[str, ...] = ()
    safe_on: tuple[str, ...] = ()
    circuits: tuple[CircuitAhead, ...] = ()
    lamps: tuple[LampSpan, ...] = ()
    shots: tuple[ShotAhead, ...] = ()
    cycles: tuple[CycleAhead, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    revoked: str = ""


class GivenEnd(StrEnum):
    """Why water that a station gave by itself ended."""

    DONE = "done"
    LEAK = "leak"
    DRY = "dry"
    STOP = "stop"
    EXPIRED = "expired"
    HANDED_BACK = "handed_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class LightGiven:
    """A lamp had this output from `start` to `end`, by its station's own doing."""

    point: str
    start: float
    end: float
    output: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterGiven:
    """A circuit got water from `start` to `end`, `seconds` of it with the pump on; `shot` is the
    planned one, empty for mist and for water that never stops."""

    circuit: str
    start: float
    end: float
    seconds: float
    planned_s: float
    ended: GivenEnd
    shot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a station gave while it was alone, from `since` until it `heard_again` of its
    controller; water that ran then was brought to its end by `until`. `number` counts the times it
    was alone, so that nothing is taken over twice. `latched` are the leak contacts (or `stop`) that
    it holds."""

    farm: str
    station: str
    number: int
    since: float
    heard_again: float
    until: float
    format: int = PLAN_FORMAT
    light: tuple[LightGiven, ...] = ()
    water: tuple[WaterGiven, ...] = ()
    latched: tuple[str, ...] = field(default=())


def outputs_at(plan: StationPlan, now: float) -> Mapping[str, float]:
    """What the lamps of a plan do at an instant; 0 where no span is."""
    found = {span.point: 0.0 for span in plan.lamps}
    for span in plan.lamps:
        if span.start <= now < span.end:
            found[span.point] = span.output
    return found
