"""What a batch got of its light is counted day by day and moves its forecast."""

from __future__ import annotations

import pytest

from tests.core.support import Bench
from vfarm_core.control import keep
from vfarm_core.control.inputs import Harvest
from vfarm_core.control.snapshot import BatchView, FarmSnapshot

DAY = 86400.0


def view(bench: Bench) -> BatchView:
    found = bench.runtime.snapshots["farm"]
    assert isinstance(found, FarmSnapshot)
    return found.batches[0]


def test_whole_days_are_counted_against_the_recipe(bench: Bench) -> None:
    bench.start_batch()
    assert bench.runtime.memory.batches["batch_1"].light is None
    bench.advance(4 * DAY)
    light = bench.runtime.memory.batches["batch_1"].light
    assert light is not None
    # The fourth day still runs: it began 23 hours ago.
    assert light.planned == pytest.approx(3 * 11.52)
    assert light.got == pytest.approx(light.planned, rel=0.05)
    assert "light" in view(bench).forecast_basis


def test_dark_days_delay_the_harvest_and_cost_yield(bench: Bench) -> None:
    bench.start_batch()
    before = view(bench)
    bench.disobeys.add("level_1.grow_light")
    bench.advance(5 * DAY)
    after = view(bench)
    assert after.ready_high_at > before.ready_high_at + 2 * DAY
    assert after.forecast_kg < before.forecast_kg


def test_what_was_counted_is_there_after_a_restart(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(3 * DAY)
    light = bench.runtime.memory.batches["batch_1"].light
    assert light is not None
    assert keep.restore(bench.journal.slices()).batches["batch_1"].light == light


def test_a_forecast_knows_what_was_harvested_before(bench: Bench) -> None:
    bench.start_batch()
    assert "history" not in view(bench).forecast_basis
    hoped = view(bench).forecast_kg
    bench.ask(Harvest(batch="batch_1", kg=hoped * 2))
    bench.start_batch(id="batch_2")
    assert "history" in view(bench).forecast_basis
    assert view(bench).forecast_kg > hoped
