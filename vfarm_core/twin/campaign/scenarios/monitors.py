"""What devices say against what they draw and give, and water against what was drawn of it."""

from __future__ import annotations

from ....farm.roles import Role
from ...faults import FaultKind
from ..conditions import Happened, Not, Shown, every, off
from ..happenings import Breaks, Loses
from ..model import Scenario
from ..setup import CIRCUIT, LAMP, PUMP_SWITCH, TANK, Setup

GROUP = "Devices and water that do not do what is said"
HOUR = 3600.0
_METERED = Setup(begins="05:30", sensors=(("level_1", Role.POWER),), step_s=300.0)
_OFTEN = Setup(begins="05:30", shots_a_day=48, step_s=300.0)


def _leaking(litres: float) -> tuple[Loses, ...]:
    """Every half hour for twelve hours."""
    return tuple(Loses(reservoir=TANK, litres=litres, at=1800.0 * n) for n in range(24))


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        key="lamp_lies",
        group=GROUP,
        title="The lamp says that it is on and draws nothing: no light is counted, and it is told",
        setup=_METERED,
        story=(Breaks(point=LAMP, kind=FaultKind.LIES),),
        expect=every(Shown("level_1", "power_mismatch"), Happened("power_mismatch", "p2")),
        deadline_s=1800 + 1500,
        run_s=3 * HOUR,
        invariant="dark",
        after=(off(LAMP),),
    ),
    Scenario(
        key="lamp_draws_as_rated",
        group=GROUP,
        title="The lamp draws what it should for a day: nothing is told",
        setup=_METERED,
        story=(Loses(reservoir=TANK, litres=0.0),),
        expect=Not(Shown("level_1", "power_mismatch")),
        deadline_s=0,
        run_s=24 * HOUR,
        invariant="dark",
        after=(Not(Happened("power_mismatch")),),
    ),
    Scenario(
        key="pump_worn",
        group=GROUP,
        title="A worn pump gives half of its flow: every shot ends in time, and it is told",
        setup=_OFTEN,
        story=(Breaks(point=PUMP_SWITCH, kind=FaultKind.WORN, value=0.5),),
        expect=every(Shown(CIRCUIT, "flow_low"), Happened("flow_low", "p3")),
        deadline_s=8 * HOUR,
        run_s=10 * HOUR,
        invariant="maximum_on",
        after=(off(PUMP_SWITCH),),
    ),
    Scenario(
        key="tank_loses_water",
        group=GROUP,
        title="A tank loses three litres an hour that nobody has drawn",
        story=_leaking(1.5),
        expect=every(Shown(TANK, "mass_balance"), Happened("mass_balance", "p3")),
        deadline_s=7 * HOUR,
        run_s=12 * HOUR,
        invariant="owned",
    ),
    Scenario(
        key="tank_loses_what_plants_drink",
        group=GROUP,
        title="A tank loses a tenth of a litre an hour more than its plants drink: within what a "
        "probe errs, nothing is told",
        story=_leaking(0.05),
        expect=Not(Shown(TANK, "mass_balance")),
        deadline_s=0,
        run_s=12 * HOUR,
        invariant="owned",
        after=(Not(Happened("mass_balance")),),
    ),
)
