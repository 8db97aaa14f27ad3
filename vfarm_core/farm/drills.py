"""What a drill tries out, and what was seen of it.

A drill cuts one link of a station and watches whether its outputs come to their safe states by
themselves. Stations say what is to be tried (`devices.stations.drills`), control watches it
(`control.drill`); both speak of it in these values.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Loss(StrEnum):
    """What a station loses: its power, its network, or the controller's heartbeat alone."""

    POWER = "power"
    NETWORK = "network"
    CONTROLLER = "controller"


class SeenBy(StrEnum):
    """Who saw what an actuator did: its own word, another sensor that shows the effect, or a person
    who stood beside it."""

    STATE = "state"
    FEEDBACK = "feedback"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillTest:
    """One protection (`guard`) of one actuator that a loss calls for: it has to be on or off (`on`)
    within `within_s` (s) of the cut, or of the power that is back."""

    point: str
    guard: str
    on: bool
    within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A protection of an actuator was tried: at which instant (epoch s), by whom (a user), whether
    it worked, after how many seconds (None where nobody could time it), and who saw it. `loss` is
    what was cut; None where a person only says that they saw it."""

    point: str
    guard: str
    at: float
    by: str
    ok: bool
    after_s: float | None = None
    seen_by: SeenBy = SeenBy.PERSON
    loss: Loss | None = None
    note: str = ""

    @property
    def key(self) -> str:
        """By what it is known: the newest of an actuator and a protection counts."""
        return seen_key(self.point, self.guard)


def seen_key(point: str, guard: str) -> str:
    """By what the newest trial of a protection of an actuator is known."""
    return f"{point}/{guard}"
