"""What people ask for is carried out whole, or refused with a reason that names the thing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.support import Bench, bench_farm, bench_phase, bench_recipe, setpoint
from vfarm_core.control.inputs import (
    AdvancePhase,
    Arm,
    Cause,
    ClearLatch,
    ClearOverride,
    EmergencyStop,
    GiveBack,
    Harvest,
    ReleaseStop,
    Report,
    RunShot,
    SetMode,
    SetOverride,
    Shutdown,
)
from vfarm_core.control.memory import Memory
from vfarm_core.control.snapshot import FarmSnapshot
from vfarm_core.farm.overrides import Mode, Override, Quantity
from vfarm_core.farm.roles import Loop
from vfarm_core.recipes.model import ClimateQuantity, PhaseKind

HOUR = 3600.0


def farm(bench: Bench) -> FarmSnapshot:
    found = bench.runtime.snapshots["farm"]
    assert isinstance(found, FarmSnapshot)
    return found


def override(bench: Bench, **changes: Any) -> SetOverride:
    values: dict[str, Any] = {
        "node": "zone",
        "quantity": Quantity.AIR_TEMPERATURE,
        "value": 22.0,
        "expires_at": bench.clock.farm + HOUR,
    }
    values.update(changes)
    return SetOverride(override=Override(**values))


def test_a_batch_is_shown_with_its_progress(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(3 * 24 * HOUR)
    view = farm(bench).batches[0]
    assert view.phase == "young"
    assert view.day_of_batch == pytest.approx(3, abs=0.1)
    assert view.expected_harvest_at == pytest.approx(view.sown_at + 30 * 24 * HOUR)
    assert view.levels == ("level_1",)


def test_a_phase_ends_by_itself_and_is_told(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(10 * 24 * HOUR + 120)
    assert farm(bench).batches[0].phase == "full"
    assert "phase_changed" in bench.kinds()


def test_a_harvested_batch_leaves_its_level_dark(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    answer = bench.ask(Harvest(batch="batch_1", kg=2.5, note="crisp", by="grower"))
    assert answer.data["kg"] == 2.5
    assert not bench.on("level_1.grow_light")
    assert farm(bench).batches == ()
    assert bench.journal.of("batch_harvested")[-1]["kg"] == 2.5
    assert bench.ask(Harvest(batch="batch_1")).refused is not None


def test_a_refused_batch_leaves_nothing_behind(bench: Bench) -> None:
    bench.start_batch()
    frozen: Memory = bench.runtime.memory
    hot = bench_phase(
        "young",
        PhaseKind.PROPAGATION,
        climate={ClimateQuantity.AIR_TEMPERATURE: setpoint(36, 36, 1, 2)},
    )
    _, answer = bench.try_batch(["level_2"], id="batch_2", recipe=bench_recipe(phases=(hot,)))
    assert answer.refused == "limits_disjoint"
    assert answer.params["quantity"] == "air_temperature"
    assert bench.runtime.memory.batches == frozen.batches
    assert bench.runtime.memory.recipes == frozen.recipes


@pytest.mark.parametrize(
    ("levels", "changes", "key"),
    [
        (["level_9"], {}, "level_unknown"),
        ([], {}, "batch_no_level"),
        (["level_1"], {"sites": 37}, "sites_exceeded"),
        (["level_1"], {"sites": -1}, "sites_exceeded"),
        (["level_2"], {"id": "batch_1"}, "batch_exists"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(
    bench: Bench, levels: list[str], changes: dict[str, Any], key: str
) -> None:
    bench.start_batch()
    _, answer = bench.try_batch(levels, **{"id": "batch_2", **changes})
    assert answer.refused == key


def test_a_batch_needs_the_recipe_it_is_pinned_to(bench: Bench) -> None:
    from vfarm_core.control.inputs import StartBatch

    batch, _ = bench.try_batch()
    other = bench_recipe(title="Another")
    from dataclasses import replace

    answer = bench.ask(StartBatch(batch=replace(batch, id="b2"), recipe=other))
    assert answer.refused == "recipe_mismatch"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"node": "nowhere"}, "node_unknown"),
        ({"node": "level_1"}, "override_wrong_node"),
        ({"value": 60.0}, "override_out_of_range"),
        ({"expires_at": 0.0}, "override_expired"),
        ({"expires_at": float("nan")}, "override_expired"),
        ({"expires_at": float("inf")}, "override_expired"),
        ({"quantity": Quantity.VPD, "value": 2.99}, "vpd_unreachable"),
        ({"node": "zone", "quantity": Quantity.PPFD, "value": 100.0}, "override_wrong_node"),
    ],
)
def test_an_impossible_override_is_refused(bench: Bench, changes: dict[str, Any], key: str) -> None:
    bench.start_batch()
    answer = bench.ask(override(bench, **changes))
    assert answer.refused == key
    assert not bench.runtime.memory.overrides


def test_an_override_can_be_cleared_once(bench: Bench) -> None:
    bench.ask(override(bench))
    clear = ClearOverride(node="zone", quantity=Quantity.AIR_TEMPERATURE)
    assert bench.ask(clear).refused is None
    assert bench.ask(clear).refused == "override_unknown"


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (AdvancePhase(batch="none"), "batch_unknown"),
        (Harvest(batch="none"), "batch_unknown"),
        (Harvest(batch="batch_1", kg=-1.0), "kg_negative"),
        (RunShot(circuit="none"), "circuit_unknown"),
        (RunShot(circuit="circuit", duration_s=0.0), "duration_out_of_range"),
        (RunShot(circuit="circuit", duration_s=900.0), "duration_out_of_range"),
        (RunShot(circuit="circuit", volume_l=0.0), "volume_out_of_range"),
        (RunShot(circuit="circuit", volume_l=300.0), "volume_out_of_range"),
        (RunShot(circuit="circuit", duration_s=60.0, volume_l=20.0), "duration_or_volume"),
        (ReleaseStop(), "not_stopped"),
        (Arm(loop=Loop.LIGHT), "loop_armed"),
        (ClearLatch(point="none"), "point_unknown"),
        (ClearLatch(point="zone.heater"), "not_latched"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(bench: Bench, request_: Any, key: str) -> None:
    bench.start_batch()
    assert bench.ask(request_).refused == key


def test_the_last_phase_has_no_next_one(bench: Bench) -> None:
    bench.start_batch()
    assert bench.ask(AdvancePhase(batch="batch_1")).refused is None
    refused = bench.ask(AdvancePhase(batch="batch_1")).refused
    assert refused is not None
    assert refused.startswith("batch_")


def test_a_shot_without_a_plan_needs_a_duration(bench: Bench) -> None:
    assert bench.ask(RunShot(circuit="circuit")).refused == "duration_missing"


class TestEmergencyStop:
    def test_everything_goes_off_and_stays_off(self, bench: Bench) -> None:
        bench.start_batch()
        bench.advance(2 * HOUR)
        bench.report("zone.air_temperature", 20.0)
        on = [p for p, v in bench.state.items() if v]
        assert len(on) >= 3
        bench.ask(EmergencyStop(by="grower", why="smoke"))
        assert not any(bench.state.values())
        bench.advance(24 * HOUR)
        assert not any(bench.state.values())
        assert farm(bench).emergency

    def test_an_output_that_stays_on_is_named(self, bench: Bench) -> None:
        bench.start_batch()
        bench.advance(2 * HOUR)
        bench.disobeys.add("level_1.grow_light")
        bench.ask(EmergencyStop())
        assert "level_1.grow_light" in farm(bench).emergency_unproved

    def test_release_starts_nothing_and_each_loop_is_armed_by_a_person(self, bench: Bench) -> None:
        bench.start_batch()
        bench.advance(2 * HOUR)
        bench.ask(EmergencyStop())
        assert bench.ask(Arm(loop=Loop.LIGHT)).refused == "emergency_active"
        bench.ask(ReleaseStop(by="grower"))
        bench.advance(HOUR)
        assert not any(bench.state.values())
        assert bench.ask(Arm(loop=Loop.DOSING)).refused == "dosing_last"
        bench.ask(Arm(loop=Loop.LIGHT))
        assert bench.on("level_1.grow_light")
        assert not bench.on("zone.circulation_fan")
        bench.ask(Arm(loop=Loop.CLIMATE))
        assert bench.on("zone.circulation_fan")

    def test_is_taken_while_the_disk_hangs(self, bench: Bench) -> None:
        bench.start_batch()
        bench.advance(2 * HOUR)
        bench.journal.waits = True
        bench.ask(EmergencyStop())
        assert not any(bench.state.values())


def test_a_persons_takeover_is_respected_for_a_while(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.state["level_1.grow_light"] = 0.0
    bench.runtime.feed(Report("level_1.grow_light", False, None, bench.clock.farm, Cause.PERSON))
    bench.advance(1700)
    assert not bench.on("level_1.grow_light")
    assert "takeover" in bench.kinds()
    bench.advance(200)
    assert bench.on("level_1.grow_light")


def test_what_was_taken_over_is_given_back_by_hand(bench: Bench) -> None:
    lamp = "level_1.grow_light"
    bench.start_batch()
    bench.advance(2 * HOUR)
    assert bench.ask(GiveBack(point=lamp)).refused == "not_taken_over"
    assert bench.ask(GiveBack(point="moon")).refused == "point_unknown"
    bench.state[lamp] = 0.0
    bench.runtime.feed(Report(lamp, False, None, bench.clock.farm, Cause.PERSON))
    bench.advance(60)
    assert not bench.on(lamp)
    assert bench.ask(GiveBack(point=lamp, by="grower")).refused is None
    assert bench.on(lamp)
    assert "given_back" in bench.kinds()
    assert bench.ask(GiveBack(point=lamp)).refused == "not_taken_over"


def test_a_drifted_actuator_is_brought_back(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.report("level_1.grow_light", 0.0)
    assert bench.on("level_1.grow_light")


def test_monitor_computes_and_sends_nothing() -> None:
    bench = Bench(bench_farm())
    bench.ask(SetMode(mode=Mode.MONITOR))
    bench.start_batch()
    bench.advance(2 * HOUR)
    assert not bench.sent
    assert any(e.params.get("point") == "level_1.grow_light" for e in bench.events)
    bench.ask(SetMode(mode=Mode.AUTO))
    assert bench.on("level_1.grow_light")


def test_after_shutdown_nothing_more_is_taken(bench: Bench) -> None:
    bench.ask(Shutdown())
    assert bench.ask(SetMode(mode=Mode.HOLD)).refused == "stopping"


def test_monitor_mode_does_not_abandon_what_vfarm_has_switched_on(bench: Bench) -> None:
    bench.start_batch()
    bench.report("zone.air_temperature", 15.0)
    bench.report("zone.co2", 1000.0)
    bench.advance(2 * HOUR - 300)
    bench.report("zone.co2", 600.0)
    assert bench.on("zone.heater")
    assert bench.on("zone.co2_valve")
    bench.disobeys.add("zone.heater")
    bench.ask(SetMode(mode=Mode.MONITOR))
    assert not bench.on("zone.co2_valve")
    bench.disobeys.clear()
    bench.advance(15)
    assert not bench.on("zone.heater"), "repeated until it is proved"
    sent = len(bench.sent)
    bench.report("zone.heater", 1.0)
    bench.advance(HOUR)
    assert bench.on("zone.heater"), "what others drive is left alone"
    assert len(bench.sent) == sent


def test_a_harvest_that_is_due_is_told_once(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(30 * 24 * HOUR - 120)
    assert "batch_ready" not in bench.kinds()
    bench.advance(240)
    (told,) = bench.journal.of("batch_ready")
    assert told["batch"] == "batch_1"
    assert told["levels"] == ["level_1"]
    bench.advance(3 * 24 * HOUR)
    assert bench.kinds().count("batch_ready") == 1


def test_a_harvest_that_is_due_is_not_told_again_after_a_restart(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(30 * 24 * HOUR + 120)
    bench.boot(bench.runtime.memory)
    bench.advance(24 * HOUR)
    assert len(bench.journal.of("batch_ready")) == 1
