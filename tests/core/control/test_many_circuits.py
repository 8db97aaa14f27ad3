"""A farm on which many circuits are watered at the same minute."""

from __future__ import annotations

from tests.bench.farms import farm_of, reports, running
from tests.core.support import START
from vfarm_core.control.clock import Now
from vfarm_core.control.effects import Emit, Send
from vfarm_core.control.inputs import Report, RunShot
from vfarm_core.control.irrigation import STARTING_TOGETHER
from vfarm_core.control.memory import Memory
from vfarm_core.control.step import step
from vfarm_core.farm.nodes import Farm

#: One circuit has ten levels (`tests.bench.farms`).
_CIRCUITS = 3 * STARTING_TOGETHER


def _to_the_first_shots(farm: Farm) -> tuple[Memory, Now]:
    """Just before every circuit has its next shot."""
    memory, now = running(farm)
    while not any(c.shot for c in memory.circuits.values()):
        before = memory, now
        now = Now(now.farm + 60, now.mono + 60)
        assert now.farm < START + 86400, "no shot within a day"
        memory = step(farm, memory, now, reports(farm, now.farm, memory=memory)).memory
    return before


def test_their_pumps_start_one_group_after_the_other_and_each_has_its_shot() -> None:
    farm = farm_of(10 * _CIRCUITS)
    memory, now = _to_the_first_shots(farm)
    at = now.farm + 60
    started: dict[str, float] = {}
    most = 0
    echoes: list[Report] = []
    for second in range(60):
        now = Now(at + second, now.mono + 1)
        result = step(farm, memory, now, echoes)
        memory = result.memory
        shots = [c.shot for c in memory.circuits.values() if c.shot]
        most = max(most, sum(shot.is_starting for shot in shots))
        for effect in result.effects:
            if isinstance(effect, Emit) and effect.event.kind == "shot_started":
                started[effect.event.node] = effect.event.at
        echoes = [
            Report(e.command.point, e.command.value, None, now.farm)
            for e in result.effects
            if isinstance(e, Send)
        ]
    assert most == STARTING_TOGETHER
    assert len(started) == _CIRCUITS
    assert max(started.values()) - min(started.values()) <= 30


def test_a_shot_that_a_person_asks_for_does_not_wait_for_others() -> None:
    farm = farm_of(10 * _CIRCUITS)
    memory, now = _to_the_first_shots(farm)
    now = Now(now.farm + 60, now.mono + 60)
    memory = step(farm, memory, now, []).memory
    waiting = next(c.id for c in farm.circuits if not memory.circuits[c.id].shot)
    memory = step(
        farm, memory, now, [RunShot(circuit=waiting, duration_s=60, by="somebody")]
    ).memory
    assert memory.circuits[waiting].shot is not None
