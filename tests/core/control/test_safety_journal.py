"""A disk that takes its time delays what opens; it does not make a valve look failed."""

from __future__ import annotations

import pytest

from tests.core.support import Bench, bench_farm
from vfarm_core.control.inputs import EmergencyStop, RunShot
from vfarm_core.control.snapshot import FarmSnapshot

PUMP = "pump.irrigation_pump"
VALVE = "circuit.irrigation_valve"


@pytest.fixture
def slow() -> Bench:
    """A growing farm whose disk hangs when a shot begins."""
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(3600)
    bench.journal.waits = True
    bench.ask(RunShot(circuit="circuit", duration_s=120.0))
    return bench


def wakes(bench: Bench) -> None:
    bench.journal.waits = False
    bench.journal.write_waiting()
    bench.settle()


def problems(bench: Bench) -> tuple[str, ...]:
    farm = bench.runtime.snapshots["farm"]
    assert isinstance(farm, FarmSnapshot)
    return farm.problems


def test_a_valve_that_waits_for_its_record_has_not_failed(slow: Bench) -> None:
    slow.advance(60)
    assert slow.commands(VALVE) == []
    assert not slow.runtime.memory.actuators[VALVE].latched
    assert "not_proved" not in slow.kinds()
    assert slow.kinds().count("journal_slow") == 1
    assert "journal_slow" in problems(slow)


def test_the_shot_runs_when_the_disk_is_back(slow: Bench) -> None:
    slow.advance(60)
    wakes(slow)
    slow.advance(200)
    ends = [e.params["end"] for e in slow.events if e.kind == "shot_ended"]
    assert ends == ["volume"]
    assert "journal_slow" not in problems(slow)
    assert slow.kinds().count("journal_recovered") == 1


def test_the_time_to_be_proved_begins_when_it_is_sent(slow: Bench) -> None:
    slow.advance(15)
    slow.disobeys.add(VALVE)
    wakes(slow)
    slow.advance(9)
    assert slow.commands(VALVE) == [1.0], "ten seconds have not gone since it was sent"
    slow.advance(2)
    assert slow.commands(VALVE) == [1.0, 1.0]


def test_a_disk_that_hangs_for_minutes_counts_as_failed(slow: Bench) -> None:
    slow.advance(150)
    assert "journal_failed" in slow.kinds()
    assert not slow.runtime.memory.farm.journal_ok
    wakes(slow)
    slow.advance(30)
    assert slow.runtime.memory.farm.journal_ok
    assert 1.0 not in slow.commands(VALVE), "what was wanted long ago is not opened"
    assert 1.0 not in slow.commands(PUMP)


def test_a_stop_does_not_wait(slow: Bench) -> None:
    slow.advance(20)
    slow.ask(EmergencyStop(by="grower"))
    wakes(slow)
    assert 1.0 not in slow.commands(VALVE)
