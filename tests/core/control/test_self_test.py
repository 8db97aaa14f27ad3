"""A self-test says of everything a farm relies on whether it works, and names what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import Bench, actuator, bench_farm, sensor
from vfarm_core.control.effects import Severity
from vfarm_core.control.inputs import (
    AcknowledgeTestAlarm,
    Disarm,
    EmergencyStop,
    Facts,
    RunSelfTest,
    SendTestAlarm,
    SetMode,
    Tried,
    TryActuator,
)
from vfarm_core.control.memory import ProofState, PulseEnd
from vfarm_core.control.self_test import Check, Verdict, self_test
from vfarm_core.farm.overrides import Mode
from vfarm_core.farm.roles import Loop, Role

HEATER = "zone.heater"
DAY = 86400.0
WELL = Facts(
    journal_error="",
    ledger_error="",
    backups_known=True,
    backup_age_s=DAY,
    backup_limit_s=8 * DAY,
)


def checks(bench: Bench, facts: Facts = WELL, **more: Any) -> dict[str, Check]:
    found = self_test(bench.farm, bench.runtime.memory, bench.clock.now(), facts, **more)
    return {check.point or check.key: check for check in found}


def of(bench: Bench, what: str, facts: Facts = WELL, **more: Any) -> tuple[Verdict, str]:
    check = checks(bench, facts, **more)[what]
    return check.verdict, check.code


class TestOfTheFarm:
    def test_a_farm_at_rest_has_nothing_that_fails(self, bench: Bench) -> None:
        bench.advance(400)
        found = checks(bench)
        assert [c for c in found.values() if c.verdict is Verdict.FAIL] == []
        assert len(found) == 6 + len(bench.farm.bindings)

    @pytest.mark.parametrize(
        ("request_", "verdict", "code"),
        [
            (EmergencyStop(), Verdict.FAIL, "stopped"),
            (Disarm(loop=Loop.LIGHT), Verdict.FAIL, "disarmed"),
            (SetMode(mode=Mode.HOLD), Verdict.UNKNOWN, "mode_hold"),
            (SetMode(mode=Mode.MONITOR), Verdict.UNKNOWN, "mode_monitor"),
        ],
    )
    def test_one_that_does_not_control_says_so(
        self, bench: Bench, request_: Any, verdict: Verdict, code: str
    ) -> None:
        assert of(bench, "control") == (Verdict.PASS, "runs")
        bench.ask(request_)
        assert of(bench, "control") == (verdict, code)

    def test_lost_memory_and_a_start_that_waits(self) -> None:
        bench = Bench(bench_farm())
        bench.boot(None, lost=True)
        assert of(bench, "control") == (Verdict.FAIL, "memory_lost")
        waiting = Bench(bench_farm(), waits=True)
        assert of(waiting, "control") == (Verdict.FAIL, "starting")

    @pytest.mark.parametrize(
        ("what", "facts", "verdict", "code"),
        [
            ("journal", replace(WELL, journal_error="disk full"), Verdict.FAIL, "journal_failed"),
            ("journal", replace(WELL, journal_error=None), Verdict.UNKNOWN, "journal_untried"),
            ("ledger", replace(WELL, ledger_error="no host"), Verdict.FAIL, "ledger_failed"),
            ("ledger", replace(WELL, ledger_error=None), Verdict.UNKNOWN, "ledger_none"),
            ("backup", replace(WELL, backups_known=False), Verdict.UNKNOWN, "backup_unknown"),
            ("backup", replace(WELL, backup_age_s=None), Verdict.FAIL, "backup_never"),
            ("backup", replace(WELL, backup_age_s=9 * DAY), Verdict.FAIL, "backup_stale"),
            ("backup", WELL, Verdict.PASS, "backup_ok"),
            ("clock", WELL, Verdict.PASS, "clock_ok"),
        ],
    )
    def test_what_only_the_shell_knows(
        self, bench: Bench, what: str, facts: Facts, verdict: Verdict, code: str
    ) -> None:
        assert of(bench, what, facts) == (verdict, code)

    def test_a_clock_behind_what_is_remembered(self, bench: Bench) -> None:
        bench.ask(TryActuator(point=HEATER))
        bench.advance(60)
        bench.clock.farm -= 3600
        check = checks(bench)["clock"]
        assert (check.verdict, check.code) == (Verdict.FAIL, "clock_back")

    def test_a_way_for_alarms_that_was_tried_lately(self, bench: Bench) -> None:
        assert of(bench, "alarm") == (Verdict.UNKNOWN, "alarm_never")
        bench.ask(SendTestAlarm())
        bench.ask(AcknowledgeTestAlarm())
        assert of(bench, "alarm") == (Verdict.PASS, "alarm_ok")
        bench.clock.farm += 91 * DAY
        assert of(bench, "alarm") == (Verdict.UNKNOWN, "alarm_long_ago")


class TestOfBindings:
    def test_a_reading_is_named_with_its_age_and_what_is_wrong_with_it(self, bench: Bench) -> None:
        check = checks(bench)["zone.air_temperature"]
        assert (check.verdict, check.code) == (Verdict.PASS, "quality_good")
        assert (check.params["value"], check.params["unit"]) == (22.0, "°C")
        bench.report("zone.air_temperature", None)
        assert of(bench, "zone.air_temperature") == (Verdict.FAIL, "quality_missing")
        bench.report("zone.air_temperature", 400.0)
        assert of(bench, "zone.air_temperature") == (Verdict.FAIL, "quality_implausible")

    def test_a_contact_that_reports_passes_and_one_that_tripped_fails(self) -> None:
        bench = Bench(bench_farm(extra=(sensor("zone", Role.SMOKE),)))
        assert of(bench, "zone.smoke") == (Verdict.FAIL, "quality_missing")
        assert checks(bench)["tank.leak"].key == "contact"
        assert of(bench, "tank.leak") == (Verdict.PASS, "quality_good")
        bench.report("tank.leak", 1.0)
        bench.report("tank.leak", 0.0)
        assert of(bench, "tank.leak") == (Verdict.FAIL, "tripped"), "nobody has cleared it"

    def test_an_actuator_passes_when_its_last_command_was_proved(self, bench: Bench) -> None:
        assert of(bench, HEATER)[0] is Verdict.UNKNOWN
        bench.ask(TryActuator(point=HEATER))
        bench.advance(30)
        assert of(bench, HEATER) == (Verdict.PASS, "proof_proved")
        assert checks(bench)[HEATER].params["moved_s_ago"] == 20

    def test_one_that_is_unseen_undeclared_or_latched_fails(self, bench: Bench) -> None:
        bench.disobeys.add(HEATER)
        bench.ask(TryActuator(point=HEATER))
        bench.advance(60)
        assert of(bench, HEATER) == (Verdict.FAIL, "latched")
        bench.disobeys.add("zone.humidifier")
        bench.report("zone.humidifier", None)
        assert of(bench, "zone.humidifier") == (Verdict.FAIL, "unseen")
        bare = replace(actuator("zone", Role.HEATER), declaration=None)
        farm = bench_farm()
        farm = replace(farm, bindings=tuple(bare if b.id == HEATER else b for b in farm.bindings))
        assert of(Bench(farm), HEATER) == (Verdict.FAIL, "undeclared")

    @pytest.mark.parametrize(
        ("tried", "verdict", "code"),
        [
            (Tried(point=HEATER, why="hold"), Verdict.UNKNOWN, "not_tried"),
            (Tried(point=HEATER, end=PulseEnd.FAILED), Verdict.FAIL, "tried_failed"),
            (Tried(point=HEATER, end=PulseEnd.NEEDED), Verdict.UNKNOWN, "tried_early"),
            (
                Tried(point=HEATER, end=PulseEnd.DONE, proof=ProofState.PROVED),
                Verdict.PASS,
                "tried_proved",
            ),
            (
                Tried(point=HEATER, end=PulseEnd.DONE, proof=ProofState.UNPROVED),
                Verdict.UNKNOWN,
                "tried_unproved",
            ),
        ],
    )
    def test_what_was_tried_counts_by_what_came_of_it(
        self, bench: Bench, tried: Tried, verdict: Verdict, code: str
    ) -> None:
        assert of(bench, HEATER, tried=(tried,)) == (verdict, code)

    def test_of_a_node_only_it_and_its_parts_are_looked_at(self, bench: Bench) -> None:
        assert set(checks(bench, node="level_1")) == {"level_1.grow_light"}
        rack = set(checks(bench, node="rack"))
        assert rack == {"level_1.grow_light", "level_2.grow_light"}
        assert rack < set(checks(bench, node="zone"))
        assert "journal" in checks(bench, node="farm")


class TestAsked:
    def test_what_it_came_to_is_answered_and_recorded_with_what_fails(self, bench: Bench) -> None:
        bench.advance(400)
        bench.report("zone.humidity", None)
        bench.sent.clear()
        answer = bench.ask(RunSelfTest(facts=WELL, by="grower"))
        assert answer.data["failing"] == ["zone.humidity"]
        assert answer.data["fail"] == 1
        assert answer.data["pass"] + answer.data["unknown"] + 1 == len(answer.data["checks"])
        told = [e for e in bench.events if e.kind == "self_test"][-1]
        assert (told.severity, told.params["failing"]) == (Severity.P3, ["zone.humidity"])
        assert bench.journal.of("self_test")[-1]["by"] == "grower"
        assert not bench.sent, "it moves nothing"

    def test_one_that_passes_is_no_alarm(self, bench: Bench) -> None:
        bench.advance(400)
        bench.ask(RunSelfTest(node="zone", facts=WELL))
        told = [e for e in bench.events if e.kind == "self_test"][-1]
        assert (told.severity, told.node) == (Severity.INFO, "zone")

    def test_a_node_that_is_not_there(self, bench: Bench) -> None:
        assert bench.ask(RunSelfTest(node="moon", facts=WELL)).refused == "node_unknown"
