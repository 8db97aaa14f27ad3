"""The fault campaign: every story passes, the rules can be broken, and a broken rule is found."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vfarm_core.cli import twin as command
from vfarm_core.control import (
    clock_set,
    dose,
    dosing,
    fill,
    irrigation,
    requests,
    safety,
    solution,
)
from vfarm_core.control.draft import Draft
from vfarm_core.control.effects import Command
from vfarm_core.control.inputs import EmergencyStop, Input
from vfarm_core.control.intents import Intent
from vfarm_core.control.reasons import Reason
from vfarm_core.control.solution import Probed
from vfarm_core.farm.nodes import Reservoir
from vfarm_core.farm.roles import Role
from vfarm_core.runtime.runtime import Runtime
from vfarm_core.twin.campaign import run as runner
from vfarm_core.twin.campaign.conditions import Not, off, on
from vfarm_core.twin.campaign.invariants import INVARIANTS
from vfarm_core.twin.campaign.model import Row, Scenario
from vfarm_core.twin.campaign.scenarios import SCENARIOS
from vfarm_core.twin.campaign.setup import CO2_VALVE, FAN

PAGE = Path(__file__).parents[3] / "docs" / "safety.md"
#: As many at least are published.
LEAST = 60


def story(key: str) -> Scenario:
    (found,) = runner.select([key])
    return found


def row(key: str, **changes: Any) -> Row:
    return runner.run(replace(story(key), **changes))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.key)
def test_every_story_ends_as_expected_and_breaks_no_rule(scenario: Scenario) -> None:
    found = runner.run(scenario)
    assert found.passed, found.detail
    assert found.observed_s is not None
    assert found.observed_s <= found.deadline_s


class TestTheList:
    def test_is_long_enough_and_names_each_story_once(self) -> None:
        assert len(SCENARIOS) >= LEAST
        assert [k for k, n in Counter(s.key for s in SCENARIOS).items() if n > 1] == []
        assert [k for k, n in Counter(s.title for s in SCENARIOS).items() if n > 1] == []

    def test_strains_every_rule(self) -> None:
        assert {s.invariant for s in SCENARIOS} == set(INVARIANTS)

    def test_is_published_whole(self) -> None:
        told = re.findall(r"<br>`(\w+)`", PAGE.read_text(encoding="utf-8"))
        assert told == [s.key for s in SCENARIOS], "run scripts/safety_page"

    def test_keeps_its_groups_together(self) -> None:
        groups = [s.group for s in SCENARIOS]
        assert sum(a != b for a, b in pairwise(groups)) + 1 == len(set(groups))


class TestAStory:
    def test_is_the_same_every_time(self) -> None:
        assert row("kill_while_running") == row("kill_while_running")

    def test_that_comes_too_late_fails(self) -> None:
        found = row("co2_silent", deadline_s=100.0)
        assert not found.passed
        assert found.observed_s == 300
        assert "came after 300 s" in found.detail

    def test_that_does_not_stay_so_fails(self) -> None:
        found = row("film_leak", expect=Not(on("pump_1.irrigation_pump")))
        assert not found.passed
        assert found.observed_s is None

    def test_in_which_nothing_was_at_stake_fails(self) -> None:
        found = row("people_enter", given=off(CO2_VALVE))
        assert not found.passed
        assert "nothing was at stake" in found.detail

    def test_whose_end_is_wrong_fails(self) -> None:
        found = row("people_enter", after=(off(FAN),))
        assert not found.passed
        assert "at the end" in found.detail

    def test_that_is_not_told_to_its_end_fails(self) -> None:
        found = row("stop_running", run_s=1.0)
        assert not found.passed
        assert "did not happen" in found.detail

    def test_in_which_control_itself_fails_is_a_finding(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise ZeroDivisionError("in a step")

        monkeypatch.setattr(irrigation, "advance", broken)
        found = row("people_enter")
        assert not found.passed
        assert "ZeroDivisionError" in found.detail


def _first_things_first(original: Callable[..., Command]) -> Callable[..., Command]:
    def ungated(d: Draft, *args: Any, gated: bool, **more: Any) -> Command:
        return original(d, *args, gated=False, **more)

    return ungated


def _no_clock(*_: object) -> Iterable[Input]:
    return ()


def _always(value: object) -> Callable[..., Any]:
    return lambda *_, **__: value


def _as_it_is(*_: object) -> Intent:
    return Intent(None, Reason("shot_idle"))


def _allow_off(_d: object, _declared: object, _state: object, intent: Intent) -> Intent:
    return intent


def _no_stop(control: safety.Intent, *_: object) -> None:
    return None


#: What is taken out of control -> the story that notices, and the rule that it sees broken.
_SABOTAGE: dict[str, tuple[object, str, object, str, str]] = {
    "maximum on-time": (
        safety, "_over_max_on", _always(False), "temperature_stuck_low", "maximum_on",
    ),
    "daily cap": (safety, "on_time_s", _always(0.0), "kill_keeps_daily_cap", "daily_cap"),
    "maximum off-time": (
        safety, "_allow_off", _allow_off, "film_pump_stopped_by_hand", "maximum_off",
    ),
    "opposed devices": (safety, "_opposed", _always(""), "switched_against", "no_opposing"),
    "journal before command": (
        Draft, "command", _first_things_first(Draft.command), "reload_in_shot", "journal_first",
    ),
    "closing what nobody owns": (
        irrigation, "_without_shot", _as_it_is, "opened_while_away", "owned",
    ),
    "valve before pump": (
        irrigation, "_opening", _always(False), "film_leak", "valve_first",
    ),
    "clock that is set back, for CO2": (
        Runtime, "_clock_set", _no_clock, "clock_back_with_co2", "maximum_on",
    ),
    "clock that is set back, for light": (
        clock_set, "_light_day", lambda day, *_: day, "clock_back_at_noon", "dark",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", _SABOTAGE)
def test_control_without_one_of_its_rules_is_found_out(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, instead, key, rule = _SABOTAGE[what]
    monkeypatch.setattr(owner, name, instead)
    found = row(key)
    assert not found.passed
    assert found.invariant == rule, found.detail


def test_co2_that_flows_among_people_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Draft.of

    def blind(d: Draft, node: str, role: Role) -> Any:
        return original(d, node, Role.HUMIDITY if role is Role.OCCUPANCY else role)

    monkeypatch.setattr(Draft, "of", blind)
    found = row("people_enter")
    assert not found.passed
    assert found.invariant == "co2_safe"


def test_a_stop_that_is_not_obeyed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(requests._HANDLERS, EmergencyStop, _always({}))
    found = row("stop_running")
    assert not found.passed
    assert "off-commands" in found.detail


def _believing(d: Draft, reservoir: Reservoir, role: Role) -> Probed:
    """Any number that a probe says is good enough."""
    return Probed(d.point(d.of(reservoir.id, role)[0].id).value)


def _open(d: Draft, reservoir: Reservoir) -> dict[str, Intent]:
    return {b.id: Intent(1.0, Reason("fill_idle")) for b in fill.valves(d, reservoir.id)}


def _as_asked(*arguments: Any) -> Intent:
    (intent,) = [a for a in arguments if isinstance(a, Intent)]
    return intent


#: The same for tanks: several things where one rule is held twice.
_TANKS: dict[str, tuple[list[tuple[object, str, object]], str, str]] = {
    "checked probes": (
        [(solution, "probed", _believing)], "probe_taken_out_in_dose", "dose_probe",
    ),
    "probes of a pair that agree": (
        [(solution, "probed", _believing)], "ec_pair_disagrees", "dose_probe",
    ),
    "moving water": (
        [(solution, "turnover_l_min", _always(20.0))], "mixing_stops_in_dose", "dose_moving",
    ),
    "caps of a dosing pump": (
        [(dose, "given_ml", _always(0.0))], "dose_caps_over_restarts", "dose_caps",
    ),
    "the largest dose": (
        [(dosing, "most_ml", _always(100.0)), (dosing, "SHARE", 1.0)],
        "bottles_empty",
        "dose_caps",
    ),
    "the window between acid and base": (
        [(dosing, "_apart", _always(None))], "acid_then_base", "acid_base",
    ),
    "no fill in a dose": (
        [(fill, "blocked", _always(None))], "fill_asked_in_dose", "fill_dosing",
    ),
    "no dose in a fill": (
        [(dose, "blocked", _always(None)), (dosing, "asked", _always(None))],
        "dose_asked_in_fill",
        "fill_dosing",
    ),
    "room for what runs back": (
        [(fill, "room_l", _always(60.0))], "ec_too_high", "fill_room",
    ),
    "water that is out": (
        [(solution, "water_out", _always(False))], "fill_waits_for_drain_back", "fill_room",
    ),
    "litres of a day": (
        [(fill, "filled_l", _always(0.0))], "fill_caps_over_restarts", "fill_caps",
    ),
    "an owner of a fill": ([(fill, "control", _open)], "float_stuck_low", "owned"),
    "a journal for a dose": (
        [(dose, "stopped", _always(None)), (safety, "_allow_on", _as_asked)],
        "disk_fails_before_dose",
        "journal_first",
    ),
    "a journal for a fill": (
        [(dose, "stopped", _always(None)), (safety, "_allow_on", _as_asked)],
        "disk_fails_before_fill",
        "journal_first",
    ),
    "a record before a dose": (
        [(Draft, "command", _first_things_first(Draft.command))],
        "reload_in_dose",
        "journal_first",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", _TANKS)
def test_dosing_without_one_of_its_rules_is_found_out(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage, key, rule = _TANKS[what]
    assert row(key).passed
    for owner, name, instead in sabotage:
        monkeypatch.setattr(owner, name, instead)
    found = row(key)
    assert not found.passed
    assert f"{rule} after " in found.detail


class TestTheCommand:
    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(command.app, ["faults", *arguments])

    def test_prints_rows_as_json(self) -> None:
        result = self.run("--only", "people_enter", "--only", "stop_running", "--json")
        assert result.exit_code == 0
        rows = json.loads(result.stdout)
        assert [r["scenario"] for r in rows] == ["people_enter", "stop_running"]
        assert list(rows[0]) == [
            "scenario",
            "passed",
            "deadline_s",
            "observed_s",
            "invariant",
            "detail",
        ]

    def test_prints_a_table(self) -> None:
        result = self.run("--only", "people_enter")
        assert result.exit_code == 0
        assert "people_enter" in result.stdout
        assert "1 of 1 scenarios passed" in result.stdout

    def test_ends_with_1_when_a_scenario_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(safety, "_over_max_on", _always(False))
        result = self.run("--only", "temperature_stuck_low", "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)[0]["passed"] is False

    def test_refuses_a_scenario_that_does_not_exist(self) -> None:
        result = self.run("--only", "sharknado", "--json")
        assert result.exit_code == 1
        assert "sharknado" in json.loads(result.stdout)["error"]["message"]
