"""A test alarm: an event as grave as a real one, which goes the way that real ones go and moves
nothing. It ends when somebody acknowledges it, or after a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from .clock import Due
from .draft import Draft
from .effects import Severity
from .inputs import AcknowledgeTestAlarm, Request, SendTestAlarm
from .workflows import Clash

#: How a test alarm and its end are told.
KIND = "test_alarm"
ENDED = "test_alarm_ended"
#: A test alarm that nobody acknowledges ends after so long (real s) (design choice: a few times as
#: long as an automation waits before it tells again).
WAIT_S = 1800.0
#: Wakes a test alarm that has to end.
DUE = "alarm_test"


def _send(d: Draft, request: SendTestAlarm) -> dict[str, Any]:
    if d.state.alarm_test_at is not None:
        raise Clash("test_alarm_waits")
    if request.severity is Severity.INFO:
        raise Clash("test_alarm_severity", severity=request.severity.value)
    d.state = replace(d.state, alarm_test_at=d.now.farm)
    d.wake(DUE, Due(mono=d.now.mono + WAIT_S))
    d.event("test_alarm", d.farm.id, request.severity, test=True, by=request.by)
    return {"severity": request.severity.value, "waits_s": WAIT_S}


def _acknowledge(d: Draft, request: AcknowledgeTestAlarm) -> dict[str, Any]:
    if d.state.alarm_test_at is None:
        raise Clash("test_alarm_none")
    seconds = round(d.now.farm - d.state.alarm_test_at, 1)
    d.state = replace(d.state, alarm_tested_at=d.now.farm)
    _end(d, "acknowledged", by=request.by, seconds=seconds)
    return {"seconds": seconds}


def due(d: Draft) -> None:
    """Nobody has acknowledged it, or nobody is left who waits for it: after a restart."""
    d.due.remove(DUE)
    if d.state.alarm_test_at is not None:
        _end(d, "unanswered", by="", seconds=None)


def _end(d: Draft, end: str, *, by: str, seconds: float | None) -> None:
    d.state = replace(d.state, alarm_test_at=None)
    d.due.remove(DUE)
    d.event("test_alarm_ended", d.farm.id, Severity.INFO, end=end, seconds=seconds, by=by)


HANDLERS: Mapping[type[Request], Callable[[Draft, Any], dict[str, Any]]] = MappingProxyType(
    {SendTestAlarm: _send, AcknowledgeTestAlarm: _acknowledge}
)
