"""Clocks that are set, change with the season, move to another zone, or start wrong."""

from __future__ import annotations

from ....control.inputs import RunShot
from ..conditions import Integral, LitHours, Pumped, Running, SentFor, Shots, every, on
from ..happenings import Asks, ClockJumps, Edits, Killed
from ..model import Scenario
from ..setup import CIRCUIT, FAN, HEATER, LAMP, PUMP_SWITCH, Setup
from .devices import CLOSED, DONE, HOUR, HUNGRY, PUMPING, SHOT

GROUP = "Clock"
DAY = 24 * HOUR
_JUMPS = ((HOUR, "forward"), (-HOUR, "back"))


def _shot(seconds: float, name: str, meter: bool) -> Scenario:
    return Scenario(
        key=f"clock_{name}_in_shot" + ("" if meter else "_unmetered"),
        group=GROUP,
        title=f"The clock is set an hour {name} in mid-shot"
        + ("" if meter else " of a circuit without a flow meter"),
        setup=Setup(meter=meter),
        story=(SHOT, ClockJumps(seconds=seconds, when=PUMPING, incident=True)),
        given=on(PUMP_SWITCH),
        expect=every(CLOSED, DONE),
        deadline_s=140,
        run_s=600,
        invariant="maximum_on",
        after=(Pumped(0.0, 10.6), Shots(1, 1)),
    )


def _day(seconds: float, name: str, begins: str, seen: str, key: str, days: int) -> Scenario:
    return Scenario(
        key=f"clock_{name}_{key}",
        group=GROUP,
        title=f"The clock is set an hour {name} {seen}: the light day keeps its hours",
        setup=Setup(begins=begins, step_s=300.0),
        story=(ClockJumps(seconds=seconds),),
        expect=LitHours("level_1", 15.9, 16.05, days),
        deadline_s=47 * HOUR,
        run_s=47 * HOUR if days == 2 else 26 * HOUR,
        invariant="dark",
    )


def _season(key: str, title: str, day: str, zone: str) -> Scenario:
    return Scenario(
        key=key,
        group=GROUP,
        title=title,
        setup=Setup(day=day, begins="05:00", time_zone=zone, warm_s=600.0, step_s=300.0),
        story=(SHOT,),
        expect=LitHours("level_1", 15.95, 16.05, 3),
        deadline_s=3 * DAY,
        run_s=3 * DAY - 2 * HOUR,
        invariant="dark",
        after=(Shots(19, 19),),
    )


SCENARIOS: tuple[Scenario, ...] = (
    *(_shot(seconds, name, meter) for seconds, name in _JUMPS for meter in (True, False)),
    *(_day(s, n, "14:00", "at mid-day", "at_noon", 2) for s, n in _JUMPS),
    *(_day(s, n, "22:10", "just after lights-off", "after_dusk", 1) for s, n in _JUMPS),
    *(_day(s, n, "05:50", "just before lights-on", "before_dawn", 2) for s, n in _JUMPS),
    *(_day(s, n, "06:30", "just after lights-on", "after_dawn", 2) for s, n in _JUMPS),
    Scenario(
        key="clock_forward_keeps_integral",
        group=GROUP,
        title="The clock is set an hour forward at noon: plants get their light all the same",
        setup=Setup(begins="05:50", step_s=300.0),
        story=(ClockJumps(seconds=HOUR, at=8 * HOUR),),
        given=on(LAMP),
        expect=Integral("level_1", 16.5, 17.2),
        deadline_s=16 * HOUR,
        run_s=26 * HOUR,
        invariant="dark",
    ),
    Scenario(
        key="clock_back_with_heater",
        group=GROUP,
        title="The clock is set an hour back while the heater runs for its maximum",
        setup=Setup(air_c=15.0, outside_c=-30.0),
        story=(ClockJumps(seconds=-HOUR),),
        given=on(HEATER),
        expect=SentFor(HEATER, "max_on"),
        deadline_s=7200,
        run_s=7800.0,
        invariant="maximum_on",
    ),
    Scenario(
        key="clock_back_with_co2",
        group=GROUP,
        title="The clock is set an hour back while CO2 flows",
        setup=HUNGRY,
        story=(ClockJumps(seconds=-HOUR),),
        given=on("zone_1.co2_valve"),
        expect=every(on(FAN)),
        deadline_s=0,
        run_s=2 * HOUR,
        invariant="maximum_on",
    ),
    Scenario(
        key="clock_wrong_after_power_cut",
        group=GROUP,
        title="The power fails in a shot and the board comes back with a clock 30 days behind",
        setup=Setup(on_disk=True),
        story=(
            SHOT,
            Killed(down_s=120.0, power=True, clock_s=-30 * DAY, when=PUMPING, incident=True),
            ClockJumps(seconds=30 * DAY, at=400.0),
            Asks(request=RunShot(circuit=CIRCUIT, duration_s=120.0), at=1500.0),
        ),
        expect=every(Running(), on(LAMP, FAN)),
        deadline_s=420,
        run_s=1500.0,
        invariant="dark",
        after=(CLOSED,),
    ),
    _season("dst_spring", "Summer time begins", "2026-03-28", "Europe/Berlin"),
    _season("dst_autumn", "Summer time ends", "2026-10-24", "Europe/Berlin"),
    _season("dst_south", "Summer time begins in the south", "2026-10-03", "Australia/Sydney"),
    _season("dst_half_hour", "Clocks change by half an hour", "2026-04-04", "Australia/Lord_Howe"),
    _season("leap_day", "A leap day", "2028-02-28", "Europe/Berlin"),
    _season("new_year", "The turn of the year", "2026-12-31", "America/New_York"),
    Scenario(
        key="time_zone_changed",
        group=GROUP,
        title="The farm's time zone is changed by six hours at mid-day",
        setup=Setup(begins="14:00", step_s=300.0),
        story=(Edits(time_zone="America/New_York"),),
        given=on(LAMP),
        expect=LitHours("level_1", 15.9, 16.05, 2),
        deadline_s=2 * DAY,
        run_s=2 * DAY - 6 * HOUR,
        invariant="dark",
    ),
)
