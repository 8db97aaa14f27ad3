"""The runtime carries out effects in order and goes on after faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.core.support import Bench, actuator, bench_farm
from vfarm_core.control.clock import Due
from vfarm_core.control.effects import Record
from vfarm_core.control.inputs import LogLabour, RunShot
from vfarm_core.farm.build import check
from vfarm_core.farm.roles import Role
from vfarm_core.runtime import runtime as runtime_module

HOUR = 3600.0


def test_a_step_that_fails_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.start_batch()

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(runtime_module, "step", broken)
        with pytest.raises(ZeroDivisionError):
            bench.runtime.tick()
    assert bench.due == Due(mono=bench.clock.mono + 10)
    bench.advance(2 * HOUR)
    assert bench.on("level_1.grow_light")


def test_an_inverted_switch_is_driven_and_read_the_other_way_round() -> None:
    farm = bench_farm()
    inverted = tuple(replace(b, invert=True) if b.id == "zone.heater" else b for b in farm.bindings)
    bench = Bench(check(replace(farm, bindings=inverted)), state={"zone.heater": 1.0})
    bench.start_batch()
    bench.report("zone.air_temperature", 18.0)
    assert bench.state["zone.heater"] == 0.0
    bench.report("zone.air_temperature", 24.0)
    assert bench.state["zone.heater"] == 1.0


def test_an_edited_farm_goes_on_without_a_break(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.ask(RunShot(circuit="circuit", duration_s=300))
    bench.advance(20)
    farm = bench.farm
    added = actuator(
        "tank", Role.AIR_PUMP, max_on_s=None, danger="off", max_off_s=600.0, safe_on=True
    )
    smaller = replace(
        farm,
        levels=farm.levels[:1],
        circuits=(replace(farm.circuits[0], levels=("level_1",)),),
        bindings=(*(b for b in farm.bindings if b.node != "level_2"), added),
    )
    bench.farm = check(smaller)
    bench.state[added.id] = 0.0
    bench.runtime.replace_farm(bench.farm)
    bench.settle()
    bench.report(added.id, 0.0)
    assert "level_2" not in bench.runtime.snapshots
    assert "level_2" not in bench.runtime.memory.levels
    assert bench.on("pump.irrigation_pump"), "a shot in progress is not disturbed"
    assert bench.on(added.id)
    bench.advance(300)
    assert bench.journal.of("shot_ended")[-1]["end"] in ("done", "volume")


def test_a_circuit_removed_in_mid_shot_leaves_nothing_open(bench: Bench) -> None:
    bench.start_batch()
    bench.ask(RunShot(circuit="circuit", duration_s=300))
    bench.advance(20)
    pump = actuator("pump", Role.IRRIGATION_PUMP, max_on_s=900.0)
    kept = (b for b in bench.farm.bindings if b.node != "circuit" and b.id != pump.id)
    without = check(replace(bench.farm, circuits=(), bindings=(*kept, pump)))
    bench.runtime.replace_farm(without)
    bench.farm = without
    bench.settle()
    assert not bench.on("pump.irrigation_pump")
    assert not bench.on("circuit.irrigation_valve")


def test_counters_are_kept_at_an_orderly_end(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR + 100)
    dli = bench.runtime.memory.levels["level_1"].dli
    bench.runtime.flush()
    kept = bench.journal.slices()["level:level_1"]
    assert isinstance(kept, dict)
    assert kept["dli"] == dli


def test_a_rebound_actuator_starts_with_nothing_known_of_it(bench: Bench) -> None:
    bench.start_batch()
    bench.report("zone.air_temperature", 15.0)
    assert bench.on("zone.heater")
    rebound = tuple(
        replace(b, entity="switch.other") if b.id == "zone.heater" else b
        for b in bench.farm.bindings
    )
    bench.farm = check(replace(bench.farm, bindings=rebound))
    bench.runtime.replace_farm(bench.farm)
    bench.settle()
    assert 0.0 in bench.commands("zone.heater"), "the old heater is not left on"
    assert bench.runtime.memory.actuators["zone.heater"].reported is not None


class LateJournal:
    """Takes records and says what came of them when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[Record, ...], Callable[[str | None], None]]] = []
        self.kept: list[Record] = []

    def append(self, records: Sequence[Record], done: Callable[[str | None], None]) -> None:
        self.asked.append((tuple(records), done))

    def answer(self, error: str | None = None) -> None:
        records, done = self.asked.pop(0)
        if error is None:
            self.kept += records
        done(error)

    def labour(self) -> int:
        return sum(record.kind == "labour_logged" for record in self.kept)


@pytest.fixture
def late(bench: Bench) -> LateJournal:
    """A journal that answers late, under a running farm."""
    journal = LateJournal()
    bench.runtime._journal = journal
    return journal


def test_kept_is_said_when_the_record_is_written_and_not_before(
    bench: Bench, late: LateJournal
) -> None:
    said: list[str | None] = []
    bench.runtime.request(LogLabour(minutes=5))
    bench.runtime.when_kept(said.append)
    late.answer()
    assert late.labour() == 1
    while late.asked:
        late.answer()
    assert said == [None]


def test_kept_is_not_said_of_what_failed_before_another_went_through(
    bench: Bench, late: LateJournal
) -> None:
    said: list[str | None] = []
    bench.runtime.request(LogLabour(minutes=5))
    bench.runtime.when_kept(said.append)
    late.answer("full")
    late.answer()
    while late.asked and late.labour() == 0:
        assert said == [], "it is not on disk yet"
        late.answer()
    while late.asked:
        late.answer()
    assert (said, late.labour()) == ([None], 1), "it was written after all, once"


def test_kept_says_why_what_was_asked_for_is_in_memory_alone(
    bench: Bench, late: LateJournal
) -> None:
    said: list[str | None] = []
    bench.runtime.request(LogLabour(minutes=5))
    bench.runtime.when_kept(said.append)
    while late.asked and not said:
        late.answer("full")
    assert said == ["full"]
    assert not bench.runtime.memory.farm.journal_ok
    bench.runtime.when_kept(said.append)
    while late.asked:
        late.answer()
    assert (said, late.labour()) == (["full", None], 1)
