"""Drives: what turns at a set speed and is started and stopped by commands, not by one register."""

from __future__ import annotations

from dataclasses import dataclass

from .profile import Profile, Register, SequenceStep

#: What profiles call the sequence that starts, and the one that stops.
_STARTS = ("run", "run_forward", "start")
_STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """The sequences that start and stop a drive. `parameter` of `start` is the speed, in the unit
    and range of the register `speed`; `turns` is more than 0 while it turns."""

    start: str
    stop: str
    parameter: str
    speed: Register
    turns: Register

    @property
    def most(self) -> float:
        """The highest speed."""
        assert self.speed.range is not None
        return self.speed.range[1]


def drive_of(profile: Profile) -> Drive | None:
    """How a device is driven; None for one that is no drive, or of which nobody could see whether
    it turns."""
    start = next((name for name in _STARTS if name in profile.sequences), None)
    if start is None or _STOP not in profile.sequences:
        return None
    asked = {
        name: profile.register(step.key)
        for step in profile.sequences[start]
        if step.key is not None and (name := _parameter(step)) is not None
    }
    turns = next(
        (r for r in profile.registers if r.role == "actuator.feedback" and r.readable), None
    )
    if len(asked) != 1 or turns is None:
        return None
    (name, speed), *_ = asked.items()
    if speed.role != "actuator.level" or speed.range is None or speed.range[1] <= 0:
        return None
    return Drive(start=start, stop=_STOP, parameter=name, speed=speed, turns=turns)


def _parameter(step: SequenceStep) -> str | None:
    value = step.value
    braced = isinstance(value, str) and value.startswith("{") and value.endswith("}")
    return str(value)[1:-1] if braced else None
