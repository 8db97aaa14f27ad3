"""What controllers want of actuators."""

from __future__ import annotations

from .hot import hot_value
from .reasons import Reason


@hot_value(kw_only=False)
class Intent:
    """`value` is 0…1; None leaves the actuator as it is. `trip`: an immediate protective action,
    which minimum on and off times do not delay; `idle`: nothing depends on the actuator now, so a
    maximum off-time does not start it. `duration_s`: how long a pulse of the hardware lasts.
    `quiet`: what owns it is in the journal, so that the command need not be recorded.
    `beside`: declared to run beside its opposite (reheat)."""

    value: float | None
    reason: Reason
    trip: bool = False
    idle: bool = False
    duration_s: float | None = None
    quiet: bool = False
    beside: bool = False


LEAVE_HELD = Intent(None, Reason("hold"))
