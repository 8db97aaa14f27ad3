"""What a farm decided is decided again from its recording, which tells neither who nor where."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.core.support import Bench, bench_farm
from vfarm_core.cli import build
from vfarm_core.control.inputs import EmergencyStop, JournalFailed, TryActuator
from vfarm_core.farm.build import check
from vfarm_core.runtime.replay import ReplayError, record, replay
from vfarm_core.twin.checks import first_checks
from vfarm_core.twin.demo import demo_batches, demo_config, demo_farm, demo_recipes
from vfarm_core.twin.simulate import Simulation

HOUR = 3600.0


def recorded(bench: Bench) -> Any:
    """The recording of a farm, as a file gives it."""
    runtime = bench.runtime
    found = record(runtime.farm, runtime.memory, bench.clock.now(), runtime.last)
    return json.loads(json.dumps(found))


@pytest.fixture
def growing() -> Bench:
    """A farm somewhere, with plants in air that is too cold."""
    farm = replace(bench_farm(), name="Secret cellar", time_zone="Asia/Kathmandu")
    zones = (replace(farm.zones[0], name="Secret room"),)
    bench = Bench(check(replace(farm, zones=zones)))
    bench.start_batch()
    bench.advance(3 * HOUR)
    bench.report("zone.air_temperature", 22.0)
    return bench


def test_every_actuator_gets_the_same_for_the_same_reason(growing: Bench) -> None:
    found = replay(recorded(growing))
    assert found.differences == ()
    actuators = growing.runtime.memory.actuators
    assert found.actuators.keys() == actuators.keys()
    for point, state in actuators.items():
        assert found.actuators[point]["wanted"] == state.wanted, point
        assert state.reason is None or found.actuators[point]["reason"]["code"] == state.reason.code
    assert found.actuators["zone.heater"]["wanted"] == 1
    assert found.actuators["zone.heater"]["reason"]["code"] == "below_target"


@pytest.mark.parametrize("seconds", [0.0, 4.0, 11.0])
def test_a_device_that_is_tried_is_tried_again(seconds: float) -> None:
    bench = Bench(bench_farm())
    bench.ask(TryActuator(point="zone.heater", by="user:xq7zz"))
    bench.advance(seconds)
    told = recorded(bench)
    assert "xq7zz" not in json.dumps(told)
    found = replay(told)
    assert found.differences == ()
    assert bool(found.actuators["zone.heater"]["wanted"]) is (seconds < 10)


def test_the_last_step_sends_the_same_commands(growing: Bench) -> None:
    sent = []
    for celsius in (24.0, 31.0, 36.0, 12.0):
        growing.advance(400.0)
        growing.values["zone.air_temperature"] = celsius
        # Nothing answers, so that the report is the last step.
        growing.disobeys = {b.id for b in growing.farm.bindings}
        began = len(growing.sent)
        growing.runtime.feed(growing._report("zone.air_temperature"))
        growing.disobeys = set()
        found = replay(recorded(growing))
        assert found.differences == ()
        commands = [(c.point, c.value) for _, c in growing.sent[began:]]
        assert [(c["point"], c["value"]) for c in found.commands["last"]] == commands
        sent += commands
    assert len(sent) > 2


def test_it_tells_neither_who_nor_where_nor_what_was_written(growing: Bench) -> None:
    growing.runtime.request(EmergencyStop(by="user:anna", why="Secret reason"))
    told = json.dumps(recorded(growing))
    assert "Secret" not in told
    assert "anna" not in told
    assert "Kathmandu" not in told
    assert replay(json.loads(told)).differences == ()
    growing.runtime.feed(JournalFailed("Secret/path/journal.db is full"))
    told = json.dumps(recorded(growing))
    assert "JournalFailed" in told
    assert "Secret" not in told
    assert replay(json.loads(told)).differences == ()


def test_a_request_is_not_recorded_and_what_it_did_is(growing: Bench) -> None:
    growing.runtime.request(EmergencyStop(by="user:anna"))
    growing.runtime.last = replace(growing.runtime.last, inputs=(EmergencyStop(),))
    found = recorded(growing)
    assert found["steps"].keys() == {"look"}
    again = replay(found)
    assert again.differences == ()
    assert again.actuators["zone.heater"]["wanted"] == 0


def test_a_decision_that_is_another_one_is_named(growing: Bench) -> None:
    told = recorded(growing)
    decided = told["steps"]["look"]["decided"]["actuators"]["zone.heater"]
    decided["wanted"] = 0.0
    (found,) = replay(told).differences
    assert (found.step, found.what) == ("look", "zone.heater")
    assert found.recorded["wanted"] == 0
    assert found.replayed["wanted"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "format 2"),
        ({"farm": {}}, "no recording of a farm"),
        ({"clock_of_zone": [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]}, "no time zone"),
    ],
)
def test_what_cannot_be_read_says_why(growing: Bench, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ReplayError, match=words):
        replay({**recorded(growing), **change})


def test_the_command_replays_a_file_of_diagnostics(growing: Bench, tmp_path: Path) -> None:
    file = tmp_path / "diagnostics.json"
    told = recorded(growing)
    file.write_text(json.dumps({"home_assistant": {}, "data": {"replay": told}}))
    app = build(["replay"])
    done = CliRunner().invoke(app, ["replay", str(file), "--json"])
    assert done.exit_code == 0
    said = json.loads(done.output)
    assert said["same"] is True
    assert said["actuators"]["zone.heater"]["wanted"] == 1
    shown = CliRunner().invoke(app, ["replay", str(file)])
    assert "zone.heater: 100% Air temperature 22.0 °C is below the target" in shown.output
    told["steps"]["look"]["decided"]["actuators"]["zone.heater"]["wanted"] = 0.5
    file.write_text(json.dumps({"replay": told}))
    assert CliRunner().invoke(app, ["replay", str(file)]).exit_code == 1
    file.write_text("{}")
    none = CliRunner().invoke(app, ["replay", str(file), "--json"])
    assert none.exit_code == 1
    assert "no recording" in json.loads(none.output)["error"]["message"]


def test_every_decision_of_the_demo_farm_can_be_made_again() -> None:
    """Doses, fills, shots, supplies that several share: at many moments of a day and a half."""
    start = 1_790_000_000.0
    recipes = demo_recipes()
    farm = demo_farm("America/St_Johns")
    simulation = Simulation(
        farm, demo_batches(start, recipes), recipes, start=start, config=demo_config()
    )
    for check_first in first_checks(farm, demo_config()):
        simulation.runtime.request(check_first)
    codes: set[str] = set()
    for moment in range(24):
        simulation.run_until(start + moment * 5437.0)
        now = simulation.clock.now()
        found = record(farm, simulation.runtime.memory, now, simulation.runtime.last)
        again = replay(json.loads(json.dumps(found)))
        assert again.differences == (), moment
        codes |= {told["reason"]["code"] for told in again.actuators.values() if told["reason"]}
    assert len(codes) > 10
    assert len(again.actuators) > 30
