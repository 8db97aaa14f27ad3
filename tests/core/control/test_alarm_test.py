"""A test alarm goes the way of a real one and moves nothing."""

from __future__ import annotations

import pytest

from tests.core.support import Bench
from vfarm_core.control.effects import Severity
from vfarm_core.control.inputs import AcknowledgeTestAlarm, SendTestAlarm

SEND = SendTestAlarm(by="grower")


def ends(bench: Bench) -> list[tuple[str, str]]:
    found = [e.params for e in bench.events if e.kind == "test_alarm_ended"]
    return [(str(params["end"]), str(params["by"])) for params in found]


@pytest.mark.parametrize("severity", [Severity.P1, Severity.P3])
def test_it_is_as_grave_as_asked_for_says_that_it_is_a_test_and_moves_nothing(
    bench: Bench, severity: Severity
) -> None:
    bench.sent.clear()
    assert bench.ask(SendTestAlarm(severity=severity, by="grower")).refused is None
    (told,) = [e for e in bench.events if e.kind == "test_alarm"]
    assert (told.severity, told.node, told.params["test"]) == (severity, "farm", True)
    bench.advance(600)
    bench.ask(AcknowledgeTestAlarm(by="anna"))
    assert not bench.sent
    assert ends(bench) == [("acknowledged", "anna")]


def test_one_waits_at_a_time_and_what_is_no_alarm_is_none(bench: Bench) -> None:
    assert bench.ask(SendTestAlarm(severity=Severity.INFO)).refused == "test_alarm_severity"
    assert bench.ask(AcknowledgeTestAlarm()).refused == "test_alarm_none"
    bench.ask(SEND)
    assert bench.ask(SEND).refused == "test_alarm_waits"


def test_it_ends_unanswered_after_half_an_hour(bench: Bench) -> None:
    bench.ask(SEND)
    bench.advance(1799)
    assert not ends(bench)
    bench.advance(1)
    assert ends(bench) == [("unanswered", "")]
    assert bench.runtime.memory.farm.alarm_tested_at is None
    assert bench.ask(SEND).refused is None


def test_after_a_restart_nobody_waits_for_it_and_an_answer_is_remembered(bench: Bench) -> None:
    bench.ask(SEND)
    bench.restart()
    assert ends(bench) == [("unanswered", "")]
    bench.ask(SEND)
    bench.ask(AcknowledgeTestAlarm(by="anna"))
    at = bench.runtime.memory.farm.alarm_tested_at
    assert at == bench.clock.farm
    bench.restart()
    assert bench.runtime.memory.farm.alarm_tested_at == at
