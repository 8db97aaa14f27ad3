"""A restart is reconciliation: whatever moment the process dies, nothing stays open without an
owner and nothing of the memory is lost."""

from __future__ import annotations

import pytest

from tests.core.support import Bench, bench_farm
from vfarm_core.control.effects import Command
from vfarm_core.control.inputs import (
    AcceptLoss,
    AdvancePhase,
    EmergencyStop,
    LossCheck,
    RunShot,
    SetMode,
    SetOverride,
)
from vfarm_core.control.memory import Stage
from vfarm_core.control.snapshot import FarmSnapshot, LevelSnapshot, ZoneSnapshot
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.overrides import Mode, Override, Quantity

HOUR = 3600.0
PUMP = "pump.irrigation_pump"
VALVE = "circuit.irrigation_valve"


class KilledError(Exception):
    """The process dies."""


def farm(bench: Bench) -> FarmSnapshot:
    found = bench.runtime.snapshots["farm"]
    assert isinstance(found, FarmSnapshot)
    return found


@pytest.mark.parametrize("after_s", [0, 1, 150, 299, 301])
def test_killed_in_mid_shot_everything_is_closed_before_the_first_step(after_s: float) -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.ask(RunShot(circuit="circuit", duration_s=300, by="grower"))
    bench.advance(after_s)
    bench.sent.clear()
    bench.restart()
    running = next(i for i, r in enumerate(bench.journal.records) if r.kind == "running" and i > 10)
    assert running
    assert not bench.on(PUMP)
    assert not bench.on(VALVE)
    closing = [(c.point, c.value) for _, c in bench.sent if c.point in (PUMP, VALVE)]
    if after_s < 300:
        assert closing == [(PUMP, 0.0), (VALVE, 0.0)]
        assert bench.journal.of("shot_ended")[-1]["end"] == "crash"
        order = [r.kind for r in bench.journal.records if r.kind in ("shot_ended", "running")]
        assert order[-2:] == ["shot_ended", "running"]
    refused = bench.ask(RunShot(circuit="circuit", duration_s=60))
    assert refused.params.get("why") == "draining", "what the table holds is not known"


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_killed_at_any_command_of_a_shot_nothing_stays_open(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dies right after the n-th command of a shot took effect, before anything is known of it."""
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(60)
    count = 0
    original = bench.send

    def dying(command: Command, binding: Binding) -> None:
        nonlocal count
        if command.point in (PUMP, VALVE):
            count += 1
            if count == n:
                bench.state[command.point] = command.value
                raise KilledError
        original(command, binding)

    def shoot() -> None:
        bench.ask(RunShot(circuit="circuit", duration_s=300))
        bench.advance(400)

    monkeypatch.setattr(bench, "send", dying)
    with pytest.raises(KilledError):
        shoot()
    monkeypatch.undo()
    bench.restart()
    assert not bench.on(PUMP)
    assert not bench.on(VALVE)
    # The fourth command closes the valve of a shot that had already ended as planned.
    ends = ["crash"] if n < 4 else ["done", "volume"]
    assert bench.journal.of("shot_ended")[-1]["end"] in ends


def test_a_valve_found_open_without_a_shot_is_closed() -> None:
    bench = Bench(bench_farm())
    bench.state[VALVE] = 1.0
    bench.restart()
    assert not bench.on(VALVE)
    assert bench.runtime.memory.farm.stage is Stage.RUNNING


def test_control_waits_until_what_was_open_is_proved_closed() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.state[PUMP] = 1.0
    bench.disobeys.add(PUMP)
    bench.restart()
    assert bench.runtime.memory.farm.stage is Stage.RECONCILING
    assert not bench.on("level_1.grow_light")
    bench.report(PUMP, 0.0)
    assert bench.runtime.memory.farm.stage is Stage.RUNNING


def test_a_pump_that_stays_on_does_not_keep_the_farm_from_running() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.state[PUMP] = 1.0
    bench.disobeys.add(PUMP)
    bench.restart()
    bench.advance(60)
    assert bench.runtime.memory.farm.stage is Stage.RUNNING
    assert [e.severity for e in bench.events if e.kind == "not_proved"] == ["p1"]
    assert bench.on("level_1.grow_light")


def test_batches_phases_overrides_and_modes_survive() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(6 * HOUR)
    assert bench.ask(AdvancePhase(batch="batch_1", by="grower")).refused is None
    override = Override(
        node="zone",
        quantity=Quantity.AIR_TEMPERATURE,
        value=22.0,
        expires_at=bench.clock.farm + 3 * HOUR,
    )
    bench.ask(SetOverride(override=override))
    bench.ask(SetMode(mode=Mode.HOLD))
    dli = bench.runtime.snapshots["level_1"]
    assert isinstance(dli, LevelSnapshot)
    before = dli.dli
    bench.restart(down_s=60)
    after = bench.runtime.snapshots["level_1"]
    zone = bench.runtime.snapshots["zone"]
    assert isinstance(after, LevelSnapshot)
    assert isinstance(zone, ZoneSnapshot)
    assert farm(bench).mode == "hold"
    assert farm(bench).batches[0].phase == "full"
    assert zone.air_temperature.target == 22
    assert before is not None
    assert after.dli == pytest.approx(before, abs=0.1)
    bench.advance(3 * HOUR)
    zone = bench.runtime.snapshots["zone"]
    assert isinstance(zone, ZoneSnapshot)
    assert zone.air_temperature.target == 24, "the override expires as planned"


def test_a_phase_that_ended_while_the_process_was_down_is_followed_up() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(60)
    bench.restart(down_s=11 * 24 * HOUR)
    assert farm(bench).batches[0].phase == "full"


def test_an_emergency_stop_survives() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.ask(EmergencyStop(by="grower", why="test"))
    bench.restart()
    bench.advance(60)
    assert farm(bench).emergency
    assert not bench.on("level_1.grow_light")


def test_lost_memory_is_held_and_nothing_is_opened_or_darkened() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * HOUR)
    assert bench.on("level_1.grow_light")
    bench.boot(None, lost=True)
    bench.advance(2 * HOUR)
    assert farm(bench).lost_memory
    assert farm(bench).mode == "hold"
    assert bench.on("level_1.grow_light"), "lost is not new: the lamps are left as they are"
    assert [e.severity for e in bench.events if e.kind == "memory_lost"] == ["p1"]
    for mode in (Mode.AUTO, Mode.MONITOR):
        refused = bench.ask(SetMode(mode=mode, by="automation"))
        assert refused.refused == "memory_is_lost", "a mode is no look at what nobody remembers"
    assert bench.ask(SetMode(mode=Mode.HOLD)).refused is None
    but_people = frozenset(LossCheck) - {LossCheck.PEOPLE}
    refused = bench.ask(AcceptLoss(mode=Mode.AUTO, checked=but_people, by="grower"))
    assert (refused.refused, refused.params) == ("memory_is_lost", {"checks": "people"})
    assert farm(bench).lost_memory
    looked = AcceptLoss(mode=Mode.AUTO, checked=frozenset(LossCheck), by="grower")
    assert bench.ask(looked).refused is None
    assert not farm(bench).lost_memory
    assert farm(bench).mode == "auto"
    assert [e.params["by"] for e in bench.events if e.kind == "memory_accepted"] == ["grower"]
    assert bench.ask(looked).refused == "memory_not_lost"


def test_limits_of_time_hold_across_a_restart() -> None:
    bench = Bench(bench_farm())
    bench.report("zone.air_temperature", 24.0)
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.report("zone.air_temperature", 20.0)
    assert bench.on("zone.heater")
    bench.advance(7000)
    bench.restart(down_s=60)
    assert bench.on("zone.heater")
    bench.advance(150)
    assert not bench.on("zone.heater"), "7,200 s at most, counted across the restart"


def test_what_is_open_is_closed_at_once_while_other_entities_are_waited_for() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.ask(RunShot(circuit="circuit", duration_s=300))
    bench.advance(60)
    assert bench.on(PUMP)
    bench.waits = True
    bench.restart()
    assert not bench.on(PUMP)
    assert not bench.on(VALVE)
    bench.advance(600)
    assert bench.runtime.memory.farm.stage is Stage.RECONCILING
    bench.runtime.ready()
    bench.settle()
    assert bench.runtime.memory.farm.stage is Stage.RUNNING


def test_water_that_flowed_while_nobody_counted_counts_in_full() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.ask(RunShot(circuit="circuit", duration_s=300))
    bench.advance(20)
    bench.restart(down_s=40)
    ended = bench.journal.of("shot_ended")[-1]
    assert ended["end"] == "crash"
    assert ended["delivered_s"] == pytest.approx(60, abs=2)
    assert ended["delivered_l"] == pytest.approx(20, abs=1)
