"""Lamps that shine when they should not, light sensors that lie, prices that go away."""

from __future__ import annotations

from ...faults import FaultKind
from ..conditions import CommandsAtMost, Happened, Integral, LitHours, Not, Output, Shown, every, on
from ..happenings import Breaks, ClockJumps, Killed, PricesCome
from ..model import Scenario
from ..setup import LAMP, Setup
from .devices import HOUR

GROUP = "Light"
PPFD = "level_1.ppfd"
_FROZEN = Shown("level_1", "light_sensor_frozen")
_STRAY = Shown("level_1", "light_in_dark")


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        key="dark_broken_short_day",
        group=GROUP,
        title="A lamp comes on in the night of a crop that flowers by its length, and stays on",
        setup=Setup(begins="23:00", flowers=True),
        story=(Breaks(point=LAMP, kind=FaultKind.STUCK_ON),),
        expect=every(_STRAY, Happened("light_in_dark", "p2", (("by", "lamp"),))),
        deadline_s=365,
        run_s=HOUR,
        invariant="dark",
    ),
    Scenario(
        key="dark_broken_unseen_by_lamp",
        group=GROUP,
        title="A lamp stays on after lights-off and says that it is off: the PPFD sensor sees it",
        setup=Setup(begins="21:50", flowers=True, light_sensor=True),
        story=(Breaks(point=LAMP, kind=FaultKind.LIES),),
        given=on(LAMP),
        expect=every(_STRAY, Happened("light_in_dark", "p2", (("by", "sensor"),))),
        deadline_s=600 + 365,
        run_s=HOUR,
        invariant="dark",
    ),
    Scenario(
        key="dark_broken_lettuce",
        group=GROUP,
        title="A lamp comes on in the night of lettuce, which bears it: told after an hour",
        setup=Setup(begins="23:00"),
        story=(Breaks(point=LAMP, kind=FaultKind.STUCK_ON),),
        expect=every(_STRAY, Happened("light_in_dark", "p3"), Not(Happened("light_in_dark", "p2"))),
        deadline_s=3665,
        run_s=2 * HOUR,
        invariant="dark",
    ),
    Scenario(
        key="dark_broken_and_over",
        group=GROUP,
        title="A lamp that shone in the night goes off again: told, and no longer shown",
        setup=Setup(begins="23:00", flowers=True),
        story=(Breaks(point=LAMP, kind=FaultKind.STUCK_ON, lasts_s=600.0),),
        expect=every(Happened("dark_again"), Not(_STRAY)),
        deadline_s=700,
        run_s=HOUR,
        invariant="dark",
    ),
    Scenario(
        key="ppfd_frozen_dark",
        group=GROUP,
        title="The PPFD sensor keeps reporting the dark: lamps do not go wild, days are whole",
        setup=Setup(begins="05:50", light_sensor=True, step_s=300.0),
        story=(Breaks(point=PPFD, kind=FaultKind.STUCK_VALUE, value=0.0),),
        expect=_FROZEN,
        deadline_s=600 + 900 + 400,
        run_s=25 * HOUR,
        invariant="dark",
        after=(Integral("level_1", 16.2, 17.5), Happened("light_sensor_frozen", "p3")),
    ),
    Scenario(
        key="ppfd_frozen_bright",
        group=GROUP,
        title="The PPFD sensor keeps reporting full light: the next day is not cut short by it",
        setup=Setup(begins="21:00", light_sensor=True, step_s=300.0),
        story=(Breaks(point=PPFD, kind=FaultKind.STUCK_VALUE, value=400.0),),
        expect=_FROZEN,
        deadline_s=2 * HOUR,
        run_s=34 * HOUR,
        invariant="dark",
        after=(Integral("level_1", 16.2, 17.5),),
    ),
    Scenario(
        key="ppfd_unavailable",
        group=GROUP,
        title="The PPFD sensor is lost for four hours of the day: the lamps' own light counts",
        setup=Setup(begins="05:50", light_sensor=True, step_s=300.0),
        story=(Breaks(point=PPFD, kind=FaultKind.UNAVAILABLE, at=4 * HOUR, lasts_s=4 * HOUR),),
        given=on(LAMP),
        expect=Not(_FROZEN),
        deadline_s=0,
        run_s=25 * HOUR,
        invariant="dark",
        after=(Integral("level_1", 16.2, 17.5),),
    ),
    Scenario(
        key="ppfd_low",
        group=GROUP,
        title="A dirty PPFD sensor shows too little: lamps go up no further than plants take",
        setup=Setup(begins="10:00", light_sensor=True),
        story=(Breaks(point=PPFD, kind=FaultKind.OFFSET, value=-150.0),),
        given=on(LAMP),
        expect=Output(LAMP, 0.3, 0.98),
        deadline_s=0,
        run_s=6 * HOUR,
        invariant="dark",
        after=(CommandsAtMost(LAMP, 12),),
    ),
    Scenario(
        key="prices_move_light",
        group=GROUP,
        title="Electricity is cheap from nine: lights-on moves by an hour a day, days stay whole",
        setup=Setup(begins="04:00", shift_h=3.0, step_s=300.0),
        story=(PricesCome(cheap_from_h=9.0, known_h=96.0),),
        expect=LitHours("level_1", 15.95, 16.05, 2),
        deadline_s=48 * HOUR,
        run_s=48 * HOUR,
        invariant="dark",
        after=(Happened("lights_on_moved"),),
    ),
    Scenario(
        key="prices_gone_at_noon",
        group=GROUP,
        title="The prices are gone at noon: the day stays as it is, the next ones go back",
        setup=Setup(begins="04:00", shift_h=3.0, step_s=300.0),
        story=(
            PricesCome(cheap_from_h=9.0, known_h=96.0),
            PricesCome(cheap_from_h=9.0, known_h=0.0, at=32 * HOUR, incident=True),
        ),
        given=on(LAMP),
        expect=LitHours("level_1", 15.95, 16.05, 3),
        deadline_s=44 * HOUR,
        run_s=73 * HOUR,
        invariant="dark",
    ),
    Scenario(
        key="prices_kill_at_night",
        group=GROUP,
        title="Home Assistant is killed in the night after lights-on was moved: it stays moved",
        setup=Setup(begins="04:00", shift_h=3.0, step_s=300.0, on_disk=True),
        story=(
            PricesCome(cheap_from_h=9.0, known_h=96.0),
            Killed(down_s=300.0, at=1.6 * HOUR, incident=True),
        ),
        expect=LitHours("level_1", 15.9, 16.05, 1),
        deadline_s=22 * HOUR,
        run_s=25 * HOUR,
        invariant="dark",
        after=(Happened("lights_on_moved"),),
    ),
    Scenario(
        key="prices_and_clock",
        group=GROUP,
        title="The clock is set an hour forward at noon of a moved day: its hours stay whole",
        setup=Setup(begins="04:00", shift_h=3.0, step_s=300.0),
        story=(
            PricesCome(cheap_from_h=9.0, known_h=96.0),
            ClockJumps(seconds=HOUR, at=9 * HOUR, incident=True),
        ),
        given=on(LAMP),
        expect=LitHours("level_1", 15.95, 16.05, 2),
        deadline_s=40 * HOUR,
        run_s=48 * HOUR,
        invariant="dark",
    ),
)
