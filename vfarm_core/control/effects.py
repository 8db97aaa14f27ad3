"""What a step wants done, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..farm.codec import encode
from .hot import hot_value
from .reasons import Reason


class Severity(StrEnum):
    """P1 (people or crop at risk) to P4; `info` is no alarm."""

    P1 = "p1"
    P2 = "p2"
    P3 = "p3"
    P4 = "p4"
    INFO = "info"


@hot_value(kw_only=False)
class Command:
    """What safety lets through to one actuator. `value` is 0 (off) … 1 (on, full). `gated`: may
    only be sent after the records before it are on disk. `id` grows; a newer command of a point
    makes an older one void. `duration_s`: the hardware ends it by itself after so long."""

    id: int
    point: str
    value: float
    reason: Reason
    gated: bool = False
    duration_s: float | None = None


@hot_value(kw_only=False)
class Record:
    """For the journal. `key` names a slice of memory to keep the newest of; without a key it is an
    event to keep in order. `data` of an event is JSON-able; of a slice it may be the frozen slice
    itself, None forgets it."""

    kind: str
    data: Any
    at: float
    key: str | None = None

    def stored(self) -> Any:
        """The data as JSON-able values. A journal asks for them in its own time: a step does not
        wait while a thousand slices are taken apart. Raises ValueError for what JSON cannot say."""
        return self.data if self.key is None else encode(self.data)


@hot_value(kw_only=False)
class Send:
    """Send a command to its actuator."""

    command: Command


@hot_value(kw_only=False)
class Publish:
    """The snapshot of a node has changed."""

    node: str
    snapshot: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a node, for people, automations, alarms and the ledger."""

    kind: str
    node: str
    at: float
    severity: Severity = Severity.INFO
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Emit:
    """Tell that something happened."""

    event: Event


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request of this step: data, or the key of a refusal with its parameters."""

    data: Mapping[str, Any] = field(default_factory=dict)
    refused: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


type Effect = Record | Send | Publish | Emit | Answer
