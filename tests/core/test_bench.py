"""The benchmark measures a farm that could exist and that runs."""

from __future__ import annotations

from tests.bench.farms import farm_of, reports, running
from vfarm_core.control.clock import Now
from vfarm_core.control.effects import Publish
from vfarm_core.control.snapshot import LevelSnapshot, Status
from vfarm_core.control.step import step


def test_a_full_step_shows_every_level_of_the_benchmark() -> None:
    farm = farm_of(10)
    memory, now = running(farm)
    later = Now(now.farm + 60, now.mono + 60)
    made = step(farm, memory, later, reports(farm, later.farm, shift=1.1, memory=memory))
    shown = {e.node: e.snapshot for e in made.effects if isinstance(e, Publish)}
    for level in farm.levels:
        snapshot = shown[level.id]
        assert isinstance(snapshot, LevelSnapshot)
        assert snapshot.status is Status.OK
        assert snapshot.day
        assert snapshot.actuators[0].reported
