"""People's work is recorded with the batches that it was for."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.core.support import Bench, bench_farm
from vfarm_core.control.inputs import LogLabour


@pytest.fixture
def growing() -> Bench:
    bench = Bench(bench_farm())
    bench.start_batch(["level_1"], id="one", sites=27)
    bench.start_batch(["level_2"], id="two", sites=9)
    return bench


@pytest.mark.parametrize(
    ("what", "shares", "node"),
    [
        ({"batch": "two"}, {"two": 1.0}, "level_2"),
        ({"node": "level_1"}, {"one": 1.0}, "level_1"),
        ({"node": "circuit"}, {"one": 0.75, "two": 0.25}, "circuit"),
        ({}, {"one": 0.75, "two": 0.25}, "farm"),
    ],
)
def test_work_is_shared_among_the_batches_it_was_for(
    growing: Bench, what: dict[str, str], shares: dict[str, float], node: str
) -> None:
    answer = growing.ask(LogLabour(minutes=30.0, task="harvest", by="Anna", **what))
    assert answer.data == {"minutes": 30.0, "batches": list(shares)}
    (record,) = growing.journal.of("labour_logged")
    assert record["shares"] == shares
    assert (record["node"], record["minutes"], record["task"]) == (node, 30.0, "harvest")
    (event,) = [e for e in growing.events if e.kind == "labour_logged"]
    assert "shares" not in event.params


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        ({"minutes": 0.0}, "labour_minutes"),
        ({"minutes": -5.0}, "labour_minutes"),
        ({"minutes": math.nan}, "labour_minutes"),
        ({"minutes": 6001.0}, "labour_minutes"),
        ({"minutes": 5.0, "batch": "three"}, "batch_unknown"),
        ({"minutes": 5.0, "node": "cellar"}, "node_unknown"),
    ],
)
def test_work_that_cannot_be_is_refused(growing: Bench, request_: dict[str, Any], key: str) -> None:
    assert growing.ask(LogLabour(**request_)).refused == key
    assert growing.journal.of("labour_logged") == []
