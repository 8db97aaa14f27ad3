"""The same troubles on one, ten and a hundred levels."""

from __future__ import annotations

from ....control.inputs import EmergencyStop, RunShot
from ...faults import FaultKind
from ..conditions import AllOff, AllSentOff, Happened, Running, Stopped, every, off, on
from ..happenings import Air, Asks, Breaks, Killed
from ..model import Scenario
from ..setup import PUMP_SWITCH, TANK_LEAK, VALVE, ZONE, Setup
from .devices import CLOSED, PUMPING, SHOT

GROUP = "Size"
SIZES = (1, 10, 100)


def _plural(levels: int) -> str:
    return "one level" if levels == 1 else f"{levels} levels"


def _lamps(levels: int) -> tuple[str, ...]:
    """The lamps of the first room."""
    return tuple(f"level_{n}.grow_light" for n in range(1, min(levels, 20) + 1))


def _stop(levels: int) -> Scenario:
    return Scenario(
        key=f"stop_{levels}_levels",
        group=GROUP,
        title=f"Emergency stop in mid-shot on {_plural(levels)}",
        setup=Setup(levels=levels, warm_s=600.0),
        story=(SHOT, Asks(request=EmergencyStop(by="grower"), when=PUMPING, incident=True)),
        given=on(PUMP_SWITCH, VALVE, *_lamps(levels)),
        expect=every(AllSentOff(), Stopped()),
        deadline_s=2,
        run_s=300,
        invariant="stopped",
        after=(AllOff(),),
    )


def _kill(levels: int) -> Scenario:
    return Scenario(
        key=f"kill_{levels}_levels",
        group=GROUP,
        title=f"The process is killed in mid-shot on {_plural(levels)}",
        setup=Setup(levels=levels, warm_s=600.0, on_disk=True),
        story=(SHOT, Killed(down_s=60.0, when=PUMPING, incident=True)),
        given=on(PUMP_SWITCH, VALVE),
        expect=every(CLOSED, Running(), on(*_lamps(levels))),
        deadline_s=80,
        run_s=300,
        invariant="owned",
    )


def _heat(levels: int) -> Scenario:
    return Scenario(
        key=f"heat_{levels}_levels",
        group=GROUP,
        title=f"One room really is at 45 °C on {_plural(levels)}: its lamps go off, no others",
        setup=Setup(levels=levels, warm_s=600.0),
        story=(Air(zone=ZONE, temperature_c=45.0),),
        given=on(*_lamps(levels)),
        expect=every(off(*_lamps(levels)), *([on("level_21.grow_light")] if levels > 20 else [])),
        deadline_s=130,
        run_s=200,
        invariant="no_opposing",
        after=(Happened("over_temperature", "p1"),),
    )


SCENARIOS: tuple[Scenario, ...] = (
    *(_stop(n) for n in SIZES),
    *(_kill(n) for n in SIZES),
    *(_heat(n) for n in SIZES),
    Scenario(
        key="leak_100_levels",
        group=GROUP,
        title="A leak under one of five tanks in mid-shot: the others go on being watered",
        setup=Setup(levels=100, warm_s=600.0),
        story=(
            SHOT,
            Asks(request=RunShot(circuit="circuit_3", duration_s=300.0)),
            Breaks(
                point=TANK_LEAK,
                kind=FaultKind.STUCK_VALUE,
                value=1.0,
                when=PUMPING,
                incident=True,
            ),
        ),
        given=on(PUMP_SWITCH, VALVE),
        expect=every(CLOSED, on("pump_2.irrigation_pump", "circuit_3.irrigation_valve")),
        deadline_s=10,
        run_s=120,
        invariant="one_shot_a_pump",
    ),
)
