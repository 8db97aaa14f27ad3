"""How a silent device is treated, so that it does not stall the line for the others. Pure."""

from __future__ import annotations

from dataclasses import dataclass

#: Cycles in which a device answered nothing until it counts as silent (design choice: one lost
#: frame is noise, two in a row are a device).
SILENT_AFTER = 2
#: Seconds until a silent device is looked at again, and how far that grows (design choice: a device
#: that was switched off is found within five minutes of its return).
FIRST_PAUSE_S = 15.0
LONGEST_PAUSE_S = 300.0


@dataclass(frozen=True, slots=True)
class Health:
    """`failed` cycles in a row without any answer, and when the next attempt may be made, by the
    monotonic clock."""

    failed: int = 0
    retry_at: float = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether the device counts as gone."""
        return self.failed >= SILENT_AFTER

    def may_try(self, now: float) -> bool:
        """Whether the device may be asked again."""
        return not self.is_silent or now >= self.retry_at

    def answered(self) -> Health:
        """After a cycle with any answer, a refusal included: who refuses is there."""
        return WELL

    def fell_silent(self, now: float) -> Health:
        """After a cycle without one."""
        failed = self.failed + 1
        beyond = max(0, failed - SILENT_AFTER)
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(beyond, 16))
        return Health(failed, now + pause)


WELL = Health()
