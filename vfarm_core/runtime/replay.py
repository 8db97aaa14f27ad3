"""A decision of a running farm as JSON-able data, and making it again from that data alone.

`record` writes down what a step was given (farm, memory, clocks, inputs) and what it decided;
`replay` reads it back, runs the step and says where it decides otherwise. What tells who, where, or
what people wrote stays out: names become ids, people `person`, free texts nothing, and the time
zone one with the same clock. The decision does not depend on any of it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from ..control.clock import Now
from ..control.draft import Draft
from ..control.effects import Effect, Send
from ..control.inputs import (
    ClockSet,
    CommandResult,
    FarmChanged,
    Input,
    JournalFailed,
    JournalRecovered,
    PricesKnown,
    Ready,
    Report,
    Request,
    SentLate,
    Started,
    Unsent,
)
from ..control.memory import FillRun, Memory, Pulse
from ..control.reasons import Reason
from ..control.step import step
from ..farm.build import FarmError, farm_from_dict, farm_to_dict
from ..farm.codec import DecodeError, decode, encode
from ..farm.nodes import Farm
from ..farm.people import is_person, renamed
from ..recipes.model import Phase

#: The form of a recording: another number is read by another vfarm.
FORMAT = 1
_INPUTS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (
        Report,
        CommandResult,
        Started,
        Ready,
        FarmChanged,
        ClockSet,
        PricesKnown,
        JournalFailed,
        JournalRecovered,
        Unsent,
        SentLate,
    )
}
#: Fields that hold what people wrote, and what stands there in a recording.
_WRITTEN: Mapping[str, Any] = {
    "note": "",
    "why": "",
    "supplier": "",
    "summary": "",
    "notes": (),
    "changelog": (),
}
#: Such fields that hold a word of the core's own.
_OWN = frozenset({(FillRun, "why"), (Phase, "name"), (Pulse, "why")})
#: The clock is that of the recorded zone on these days before and after (days).
_DAYS = (-2, -1, 0, 1, 2)


class ReplayError(ValueError):
    """A recording that cannot be read, with the reason."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: what it was given, and the effects it had."""

    memory: Memory
    now: Now
    inputs: tuple[Input, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a step decides otherwise than recorded. `step` is `last` or `look`; `what` is a point,
    or `commands`."""

    step: str
    what: str
    recorded: Any
    replayed: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of a replay: the commands of each step, the decision for each actuator (`wanted`
    0…1, reason as code and parameters), and every difference."""

    commands: Mapping[str, tuple[Mapping[str, Any], ...]]
    actuators: Mapping[str, Mapping[str, Any]]
    differences: tuple[Difference, ...]


def record(farm: Farm, memory: Memory, now: Now, last: Taken | None) -> dict[str, Any]:
    """The present of a farm and its `last` step, with what was decided, as JSON-able data.

    Beside the last step a look at all nodes is recorded: what control decides for every actuator
    from `memory` at `now`. Nothing of it is carried out. A last step with a person's request is
    left out: requests carry whole recipes, and what they did is in the memory. Raises ValueError
    for values without a JSON form.
    """
    hidden = _Hidden(farm, memory)
    given = (FarmChanged(),)
    look = step(farm, memory, now, given, show=False)
    steps = {"look": (Taken(memory, now, given, look.effects), look.memory)}
    if last is not None and not any(isinstance(item, Request) for item in last.inputs):
        steps["last"] = (last, memory)
    return {
        "format": FORMAT,
        "farm": farm_to_dict(hidden.of(farm)),
        "clock_of_zone": _offsets(farm.tz, now.farm),
        "steps": {name: _recorded(taken, after, hidden) for name, (taken, after) in steps.items()},
    }


def replay(data: Mapping[str, Any]) -> Replayed:
    """Run every recorded step again. Raises ReplayError."""
    try:
        if data["format"] != FORMAT:
            raise ReplayError(f"it has format {data['format']}, this vfarm reads {FORMAT}")
        zone = _zone(data["clock_of_zone"])
        farm = farm_from_dict({**data["farm"], "time_zone": zone})
        commands: dict[str, tuple[Mapping[str, Any], ...]] = {}
        actuators: Mapping[str, Mapping[str, Any]] = {}
        differences: list[Difference] = []
        for name, told in data["steps"].items():
            found = _again(farm, told)
            commands[name] = found["commands"]
            if name == "look":
                actuators = found["actuators"]
            differences += _compared(name, told["decided"], found)
    except (FarmError, DecodeError, KeyError, TypeError, AttributeError) as err:
        raise ReplayError(f"it is no recording of a farm: {err!r}") from err
    return Replayed(commands=commands, actuators=actuators, differences=tuple(differences))


def _recorded(taken: Taken, after: Memory, hidden: _Hidden) -> dict[str, Any]:
    inputs = hidden.of(taken.inputs)
    return {
        "now": encode(taken.now),
        "memory": encode(hidden.of(replace(taken.memory, hours={}, growing={}))),
        "inputs": [{"kind": type(i).__name__, "given": encode(i)} for i in inputs],
        "decided": encode(_decided(taken.effects, after, hidden.reason)),
    }


def _again(farm: Farm, told: Mapping[str, Any]) -> dict[str, Any]:
    now = decode(Now, told["now"])
    memory = decode(Memory, told["memory"], "memory")
    draft = Draft(farm, memory, now)
    draft.batches_changed()
    memory = replace(memory, growing=draft.placed)
    inputs: list[Input] = []
    for item in told["inputs"]:
        inputs.append(decode(_INPUTS[item["kind"]], item["given"], "input"))
    after = step(farm, memory, now, inputs, show=False)
    made: dict[str, Any] = encode(_decided(after.effects, after.memory, lambda reason: reason))
    return made


def _decided(
    effects: Iterable[Effect], memory: Memory, said: Callable[[Reason], Reason]
) -> dict[str, Any]:
    return {
        "commands": [
            {
                "point": effect.command.point,
                "value": effect.command.value,
                "duration_s": effect.command.duration_s,
                "reason": said(effect.command.reason),
            }
            for effect in effects
            if isinstance(effect, Send)
        ],
        "actuators": {
            point: {
                "wanted": state.wanted,
                "reason": None if state.reason is None else said(state.reason),
            }
            for point, state in memory.actuators.items()
        },
    }


def _compared(
    name: str, recorded: Mapping[str, Any], replayed: Mapping[str, Any]
) -> Iterable[Difference]:
    if recorded["commands"] != replayed["commands"]:
        yield Difference(
            step=name,
            what="commands",
            recorded=recorded["commands"],
            replayed=replayed["commands"],
        )
    before, after = recorded["actuators"], replayed["actuators"]
    for point in dict.fromkeys([*before, *after]):
        if before.get(point) != after.get(point):
            yield Difference(
                step=name, what=point, recorded=before.get(point), replayed=after.get(point)
            )


# -- what stays out -----------------------------------------------------------------------------


class _Hidden:
    """Puts ids in place of names, and nothing in place of what people wrote."""

    def __init__(self, farm: Farm, memory: Memory) -> None:
        nodes = [(node.name, node.id) for node in farm.nodes.values()]
        titles = [(batch.title, batch.id) for batch in memory.batches.values()]
        self._called = dict([*titles, *nodes, (farm.name, farm.id)])

    def of[T](self, value: T) -> T:
        """The same without names, people and free texts."""
        hidden: T = self._walk(value)
        return renamed(hidden, lambda by: "person" if is_person(by) else by)

    def reason(self, reason: Reason) -> Reason:
        """A reason whose parameters name ids."""
        params = {
            key: self._called.get(value, value) if isinstance(value, str) else value
            for key, value in reason.params.items()
        }
        return Reason(reason.code, params)

    def _walk(self, value: Any) -> Any:
        if isinstance(value, Reason):
            return self.reason(value)
        if isinstance(value, Mapping):
            return {key: self._walk(item) for key, item in value.items()}
        if isinstance(value, (tuple, list)):
            return type(value)([self._walk(item) for item in value])
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            told = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            return type(value)(**{k: self._field(value, k, item, told) for k, item in told.items()})
        return value

    def _field(self, owner: Any, key: str, item: Any, told: Mapping[str, Any]) -> Any:
        if (type(owner), key) in _OWN:
            return item
        if key in ("name", "title") and isinstance(item, str):
            return str(told.get("id", ""))
        if key == "time_zone":
            return "UTC"
        if key == "error" and item:
            # What a port says may hold a path or an address; that it says something counts.
            return "failed"
        if key in _WRITTEN:
            return _WRITTEN[key]
        return self._walk(item)


def _offsets(zone: ZoneInfo, at: float) -> list[float]:
    """What a zone's clock is ahead of UTC (s), on the days around an instant; the instant first."""
    days = [dt.datetime.fromtimestamp(at + day * 86400.0, zone).utcoffset() for day in _DAYS]
    return [at, *(0.0 if ahead is None else ahead.total_seconds() for ahead in days)]


def _zone(clock: list[float]) -> str:
    """A zone whose clock is the recorded one on those days."""
    for name in ["UTC", *sorted(available_timezones())]:
        if _offsets(ZoneInfo(name), clock[0]) == clock:
            return name
    raise ReplayError("no time zone has the recorded clock")
