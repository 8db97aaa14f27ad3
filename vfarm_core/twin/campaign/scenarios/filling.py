"""Filling: floats, valves and lines that fail, and everything that can come between."""

from __future__ import annotations

from ....control.inputs import EmergencyStop, RunDose, RunFill, RunShot, SetMode
from ....control.memory import DoseStage, FillStage
from ....farm.overrides import Mode
from ...faults import FaultKind
from ..conditions import (
    AllSentOff,
    Condition,
    Filled,
    FillOver,
    Fills,
    Given,
    Happened,
    Held,
    InDose,
    InFill,
    Latched,
    Not,
    Refused,
    Running,
    Sent,
    Shown,
    SolutionIs,
    Stopped,
    TankHolds,
    Unsent,
    WaitsFor,
    every,
    off,
    on,
)
from ..happenings import (
    Asks,
    Breaks,
    ClockJumps,
    Damage,
    DiskFails,
    Edit,
    Edits,
    Killed,
    KilledAtCommand,
    KilledInWrite,
    ServiceFails,
    ServiceFault,
    Solution,
    Switches,
    Tank,
)
from ..model import Happening, Scenario
from ..setup import (
    CIRCUIT,
    FILL_MAIN,
    FILL_METER,
    FILL_VALVE,
    FLOAT,
    ON_TARGET,
    PUMP_A,
    PUMP_B,
    PUMP_SWITCH,
    TANK,
    TANK_LEAK,
    VALVE,
    VOLUME,
    Setup,
)

DEVICES = "Filling: floats, valves and lines"
BETWEEN = "Filling: what comes between"
HOUR = 3600.0
DAY = 24 * HOUR
AWAY_S = 60.0
LINE = Setup(filled=True)
KEPT = Setup(filled=True, on_disk=True)
ROW = Setup(filled=True, in_a_row=True)
METERED = Setup(filled=True, fill_meter=True)
BOTH = Setup(filled=True, dosed=True)
#: Twenty litres are missing: a fill of 25 L, which takes a quarter of an hour.
THIRSTY = Tank(reservoir=TANK, volume_l=80.0)
FILLING = InFill(TANK, FillStage.RUNNING)
CLOSED = off(FILL_VALVE)
#: A fill line gives 2 L/min, and the volume tells of it every two minutes.
_TOLD_S = 130.0
_FILL_S = 900.0
_PLANNED_L = 25.0
#: What nothing has cut short brings, with what comes until the volume tells.
_WHOLE = Filled(_PLANNED_L - 2, _PLANNED_L + 6)


def _cut(
    key: str,
    group: str,
    title: str,
    happening: Happening,
    ends: tuple[str, ...],
    *after: Condition,
    deadline_s: float = 5.0,
    setup: Setup = LINE,
    invariant: str = "fill_room",
    most_l: float = 8.0,
) -> Scenario:
    """Something ends the fill that is under way, at once."""
    return Scenario(
        key=key,
        group=group,
        title=title,
        setup=setup,
        story=(THIRSTY, happening),
        given=on(FILL_VALVE),
        expect=every(CLOSED, FillOver(TANK, ends)),
        deadline_s=deadline_s,
        run_s=2 * HOUR,
        invariant=invariant,
        after=(Filled(0.0, most_l), Fills(1, 1), *after),
    )


_DEVICES = (
    _cut(
        "float_reached_in_fill",
        DEVICES,
        "The float says full in mid-fill",
        Breaks(point=FLOAT, kind=FaultKind.STUCK_VALUE, value=1.0, when=FILLING, incident=True),
        ("float",),
        WaitsFor(TANK, ("fill_float",), filling=True),
    ),
    _cut(
        "float_unavailable_in_fill",
        DEVICES,
        "The float is unavailable in mid-fill",
        Breaks(point=FLOAT, kind=FaultKind.UNAVAILABLE, when=FILLING, incident=True),
        ("float",),
        WaitsFor(TANK, ("fill_float_unknown",), filling=True),
    ),
    Scenario(
        key="float_stuck_low",
        group=DEVICES,
        title="The float is stuck low: the volume ends the fill",
        setup=LINE,
        story=(Breaks(point=FLOAT, kind=FaultKind.STUCK_VALUE, value=0.0), THIRSTY),
        expect=every(CLOSED, FillOver(TANK, ("done",))),
        deadline_s=_TOLD_S + _FILL_S,
        run_s=2 * HOUR,
        invariant="fill_room",
        after=(_WHOLE, Fills(1, 1)),
    ),
    Scenario(
        key="float_stuck_high",
        group=DEVICES,
        title="The float is stuck high: nothing is filled",
        setup=LINE,
        story=(Breaks(point=FLOAT, kind=FaultKind.STUCK_VALUE, value=1.0), THIRSTY),
        expect=WaitsFor(TANK, ("fill_float",), filling=True),
        deadline_s=5,
        run_s=2 * HOUR,
        invariant="fill_room",
        after=(Unsent(FILL_VALVE),),
    ),
    Scenario(
        key="volume_frozen_in_fill",
        group=DEVICES,
        title="The volume freezes in mid-fill: it does not rise, so the valve closes",
        setup=LINE,
        story=(
            THIRSTY,
            Breaks(point=VOLUME, kind=FaultKind.STUCK_VALUE, when=FILLING, incident=True),
        ),
        given=on(FILL_VALVE),
        expect=every(CLOSED, FillOver(TANK, ("no_rise",))),
        deadline_s=305,
        run_s=2 * HOUR,
        invariant="fill_room",
        after=(Shown(TANK, "fill_no_rise"), Filled(0.0, 12.0)),
    ),
    Scenario(
        key="volume_stuck_low",
        group=DEVICES,
        title="The volume is stuck low and says that the tank is thirsty: ended, then inhibited",
        setup=LINE,
        story=(Breaks(point=VOLUME, kind=FaultKind.STUCK_VALUE, value=60.0),),
        expect=every(CLOSED, Shown(TANK, "fill_no_rise")),
        deadline_s=_TOLD_S + 305,
        run_s=6 * HOUR,
        invariant="fill_room",
        after=(Fills(1, 1), Filled(0.0, 12.0), Happened("fill_inhibited", "p2")),
    ),
    _cut(
        "volume_gone_in_fill",
        DEVICES,
        "The volume is unknown in mid-fill",
        Breaks(point=VOLUME, kind=FaultKind.UNAVAILABLE, when=FILLING, incident=True),
        ("volume",),
        WaitsFor(TANK, ("volume_unknown",), filling=True),
        invariant="fill_caps",
    ),
    Scenario(
        key="fill_valve_stuck_open",
        group=DEVICES,
        title="The fill valve does not close: the valve upstream is held closed, told",
        setup=ROW,
        story=(
            THIRSTY,
            Breaks(point=FILL_VALVE, kind=FaultKind.STUCK_ON, when=FILLING, incident=True),
        ),
        given=on(FILL_VALVE, FILL_MAIN),
        expect=every(off(FILL_MAIN), Latched(FILL_VALVE), Happened("not_proved", "p1")),
        deadline_s=_FILL_S + 60,
        run_s=6 * HOUR,
        invariant="fill_room",
        after=(_WHOLE, Sent(FILL_VALVE, 0.0), WaitsFor(TANK, ("latched",), filling=True)),
    ),
    Scenario(
        key="isolation_opened_by_hand",
        group=DEVICES,
        title="Somebody opens the valve upstream of one that is stuck open: closed again at once",
        setup=ROW,
        story=(
            Breaks(point=FILL_VALVE, kind=FaultKind.STUCK_ON),
            Switches(point=FILL_MAIN, value=1.0, at=HOUR, incident=True),
        ),
        given=every(Latched(FILL_VALVE), off(FILL_MAIN)),
        expect=off(FILL_MAIN),
        deadline_s=5,
        run_s=2 * HOUR,
        invariant="fill_room",
        after=(Filled(0.0, 1.0),),
    ),
    Scenario(
        key="fill_valve_opens_by_itself",
        group=DEVICES,
        title="The fill valve opens by itself, and no valve is upstream: told at once, P1",
        setup=LINE,
        story=(Breaks(point=FILL_VALVE, kind=FaultKind.STUCK_ON),),
        expect=every(Latched(FILL_VALVE), Happened("not_proved", "p1")),
        deadline_s=45,
        run_s=1200,
        invariant="owned",
        after=(Sent(FILL_VALVE, 0.0),),
    ),
    Scenario(
        key="fill_valve_lies",
        group=DEVICES,
        title="The fill valve says that it is closed and its contact says no: as one that is open",
        setup=ROW,
        story=(
            THIRSTY,
            Breaks(point=FILL_VALVE, kind=FaultKind.LIES, when=FILLING, incident=True),
        ),
        given=on(FILL_VALVE, FILL_MAIN),
        expect=every(off(FILL_MAIN), Latched(FILL_VALVE), Happened("not_proved", "p1")),
        deadline_s=_FILL_S + 60,
        run_s=6 * HOUR,
        invariant="fill_room",
        after=(_WHOLE,),
    ),
    Scenario(
        key="fill_valve_stuck_closed",
        group=DEVICES,
        title="The fill valve does not open",
        setup=LINE,
        story=(Breaks(point=FILL_VALVE, kind=FaultKind.STUCK_OFF), THIRSTY),
        expect=every(Latched(FILL_VALVE), FillOver(TANK, ("valve_failed",))),
        deadline_s=_TOLD_S + 60,
        run_s=2 * HOUR,
        invariant="fill_caps",
        after=(WaitsFor(TANK, ("latched",), filling=True), Fills(1, 1)),
    ),
    Scenario(
        key="fill_meter_dead",
        group=DEVICES,
        title="The meter in the fill line dies in mid-fill: the valve is not proved, and closed",
        setup=METERED,
        story=(
            THIRSTY,
            Breaks(point=FILL_METER, kind=FaultKind.UNAVAILABLE, when=FILLING, incident=True),
        ),
        given=on(FILL_VALVE),
        expect=every(CLOSED, Happened("fill_ended"), Not(FILLING)),
        deadline_s=_FILL_S + 60,
        run_s=6 * HOUR,
        invariant="fill_caps",
        after=(Filled(0.0, _PLANNED_L + 6), Fills(1, 1)),
    ),
    Scenario(
        key="fill_meter_shows_none",
        group=DEVICES,
        title="The meter in the fill line shows no flow: the valve counts as closed",
        setup=METERED,
        story=(Breaks(point=FILL_METER, kind=FaultKind.STUCK_VALUE, value=0.0), THIRSTY),
        expect=every(CLOSED, FillOver(TANK, ("valve_failed",))),
        deadline_s=_TOLD_S + 60,
        run_s=2 * HOUR,
        invariant="fill_caps",
        after=(Fills(1, 1), Filled(0.0, 3.0)),
    ),
    Scenario(
        key="fill_meter_shows_flow",
        group=DEVICES,
        title="The meter in the fill line shows flow though the valve is closed: it passes, P1",
        setup=METERED,
        story=(Breaks(point=FILL_METER, kind=FaultKind.STUCK_VALUE, value=0.4),),
        expect=every(CLOSED, Shown(TANK, "fill_passes")),
        deadline_s=_TOLD_S,
        run_s=2 * HOUR,
        invariant="fill_caps",
        after=(Happened("fill_inhibited", "p1"),),
    ),
    Scenario(
        key="fill_valve_passes",
        group=DEVICES,
        title="The fill valve does not close tight: the volume goes on rising, P1",
        setup=LINE,
        story=(
            THIRSTY,
            Breaks(
                point=FILL_VALVE, kind=FaultKind.PASSES, value=0.2, when=FILLING, incident=True
            ),
        ),
        given=on(FILL_VALVE),
        expect=every(CLOSED, Shown(TANK, "fill_passes")),
        deadline_s=_FILL_S + 1800,
        run_s=2 * HOUR,
        invariant="fill_room",
        after=(Happened("fill_inhibited", "p1"), Happened("fill_overshot")),
    ),
    Scenario(
        key="no_water_pressure",
        group=DEVICES,
        title="There is no water in the line: ended after five minutes, then inhibited",
        setup=LINE,
        story=(Breaks(point=FILL_VALVE, kind=FaultKind.EMPTY), THIRSTY),
        expect=every(CLOSED, FillOver(TANK, ("no_rise",))),
        deadline_s=_TOLD_S + 305,
        run_s=6 * HOUR,
        invariant="fill_caps",
        after=(Shown(TANK, "fill_no_rise"), Fills(1, 1), Happened("fill_ended", "p2")),
    ),
    Scenario(
        key="fill_stop_lost",
        group=DEVICES,
        title="The command that closes the fill valve is lost: told again after ten seconds",
        setup=LINE,
        story=(
            THIRSTY,
            ServiceFails(
                point=FILL_VALVE, kind=ServiceFault.LOST, times=1, when=FILLING, incident=True
            ),
        ),
        given=on(FILL_VALVE),
        expect=every(CLOSED, FillOver(TANK, ("done",))),
        deadline_s=_FILL_S + 15,
        run_s=HOUR,
        invariant="fill_caps",
        after=(_WHOLE,),
    ),
    Scenario(
        key="fill_service_hangs",
        group=DEVICES,
        title="The service of the fill valve hangs for 30 s and then acts",
        setup=LINE,
        story=(ServiceFails(point=FILL_VALVE, kind=ServiceFault.HANGS, times=1), THIRSTY),
        expect=CLOSED,
        deadline_s=_TOLD_S + _FILL_S + 60,
        run_s=HOUR,
        invariant="fill_caps",
        after=(Filled(0.0, _PLANNED_L + 6),),
    ),
    Scenario(
        key="fill_valve_by_hand",
        group=DEVICES,
        title="Somebody opens the fill valve by hand and forgets it: its maximum closes it",
        setup=LINE,
        story=(Tank(reservoir=TANK, volume_l=50.0), Switches(point=FILL_VALVE, value=1.0)),
        expect=CLOSED,
        deadline_s=2 * HOUR,
        run_s=3 * HOUR,
        invariant="maximum_on",
        after=(TankHolds(TANK, 50.0, 120.0),),
    ),
)  # fmt: skip


def _killed_in_fill(name: str, seen: str, stage: FillStage, power: bool = False) -> Scenario:
    down_s = 600.0 if power else AWAY_S
    return Scenario(
        key=f"power_cut_in_fill_while_{name}" if power else f"kill_in_fill_while_{name}",
        group=BETWEEN,
        title=("The power fails" if power else "The process is killed") + f" while {seen}",
        setup=KEPT,
        story=(
            THIRSTY,
            Killed(down_s=down_s, power=power, when=InFill(TANK, stage), incident=True),
        ),
        # What is still missing comes as a fill of its own.
        expect=every(Running(), Happened("fill_ended")),
        deadline_s=down_s + 20,
        run_s=2 * HOUR,
        invariant="owned",
        after=(CLOSED, FillOver(TANK, ("done", "crash")), TankHolds(TANK, 80.0, 112.0)),
    )


def _killed_at(nth: int, acted: bool) -> Scenario:
    what = ("opens", "closes")[nth - 1]
    when = "after the valve got it" if acted else "before the valve gets it"
    return Scenario(
        key=f"kill_at_fill_command_{nth}_{'after' if acted else 'before'}",
        group=BETWEEN,
        title=f"The process is killed with the command by which a fill {what}, {when}",
        setup=KEPT,
        story=(
            KilledAtCommand(points=(FILL_VALVE,), nth=nth, acted=acted, down_s=AWAY_S),
            THIRSTY,
        ),
        expect=Running(),
        deadline_s=_TOLD_S + _FILL_S + AWAY_S + 20,
        run_s=2 * HOUR,
        invariant="owned",
        after=(CLOSED, TankHolds(TANK, 80.0, 112.0)),
    )


def _killed_in_write(durable: bool) -> Scenario:
    return Scenario(
        key=f"kill_in_fill_write_{'after' if durable else 'before'}",
        group=BETWEEN,
        title="The process is killed in the write that a fill waits for, "
        + ("just after it is on disk" if durable else "before it is on disk"),
        setup=KEPT,
        story=(
            KilledInWrite(nth=1, durable=durable, down_s=AWAY_S),
            Asks(request=RunFill(reservoir=TANK, litres=5.0, by="grower")),
        ),
        expect=every(CLOSED, Running()),
        deadline_s=AWAY_S + 20,
        run_s=HOUR,
        invariant="journal_first",
        after=(Filled(0.0, 0.0),),
    )


def _clock(seconds: float, name: str) -> Scenario:
    return Scenario(
        key=f"clock_{name}_in_fill",
        group=BETWEEN,
        title=f"The clock is set an hour {name} in mid-fill: neither cut short nor longer",
        setup=LINE,
        story=(THIRSTY, ClockJumps(seconds=seconds, when=FILLING, incident=True)),
        given=on(FILL_VALVE),
        expect=every(CLOSED, FillOver(TANK, ("done",))),
        deadline_s=_FILL_S,
        run_s=2 * HOUR,
        invariant="fill_caps",
        after=(_WHOLE, Fills(1, 1)),
    )


def _lost(damage: Damage, title: str, *after: Condition) -> Scenario:
    return Scenario(
        key=f"fill_memory_{damage.value}",
        group=BETWEEN,
        title=title,
        setup=KEPT,
        story=(THIRSTY, Killed(down_s=AWAY_S, damage=damage, when=FILLING, incident=True)),
        given=on(FILL_VALVE),
        expect=Running(),
        deadline_s=AWAY_S + 20,
        run_s=2 * HOUR,
        invariant="owned",
        after=(CLOSED, TankHolds(TANK, 80.0, 112.0), *after),
    )


#: The tank is emptied to 50 L again and again.
_EMPTIED = tuple(Tank(reservoir=TANK, volume_l=50.0, at=n * 2 * HOUR) for n in range(5))

_BETWEEN = (
    _killed_in_fill("opening", "the fill valve opens", FillStage.OPENING),
    _killed_in_fill("running", "water comes", FillStage.RUNNING),
    _killed_in_fill("stopping", "the fill valve closes", FillStage.STOPPING),
    _killed_in_fill("running", "water comes, for ten minutes", FillStage.RUNNING, power=True),
    *(_killed_at(nth, acted) for nth in (1, 2) for acted in (False, True)),
    _killed_in_write(durable=False),
    _killed_in_write(durable=True),
    _lost(
        Damage.GARBAGE,
        "The process is killed in mid-fill and its journal is garbage: held, nothing filled",
        Held(),
        Filled(0.0, 5.0),
    ),
    _lost(
        Damage.DELETED,
        "The process is killed in mid-fill and its journal is gone: filled up, and no more",
    ),
    _clock(HOUR, "forward"),
    _clock(-HOUR, "back"),
    Scenario(
        key="fill_caps_of_a_day",
        group=BETWEEN,
        title="The tank runs empty again and again, a leak below: the litres of a day end it",
        setup=LINE,
        story=_EMPTIED,
        expect=every(CLOSED, Shown(TANK, "fill_cap")),
        deadline_s=8 * HOUR,
        run_s=20 * HOUR,
        invariant="fill_caps",
        after=(Filled(50.0, 66.0),),
    ),
    Scenario(
        key="fill_caps_over_restarts",
        group=BETWEEN,
        title="The same with kills and a clock that is set a day forward: no more litres",
        setup=KEPT,
        story=(
            *_EMPTIED,
            *(Killed(down_s=AWAY_S, at=n * HOUR) for n in (1, 3, 5, 9, 13)),
            Killed(down_s=AWAY_S, at=2 * HOUR + 600),
            ClockJumps(seconds=DAY, at=11 * HOUR),
        ),
        expect=Filled(40.0, 66.0),
        deadline_s=8 * HOUR,
        run_s=20 * HOUR,
        invariant="fill_caps",
        after=(Shown(TANK, "fill_cap"), CLOSED),
    ),
    _cut(
        "stop_in_fill",
        BETWEEN,
        "Emergency stop in mid-fill",
        Asks(request=EmergencyStop(by="grower"), when=FILLING, incident=True),
        ("emergency",),
        AllSentOff(),
        Stopped(),
        deadline_s=2.0,
        invariant="stopped",
    ),
    _cut(
        "leak_in_fill",
        BETWEEN,
        "A leak at the tank in mid-fill",
        Breaks(point=TANK_LEAK, kind=FaultKind.STUCK_VALUE, value=1.0, when=FILLING, incident=True),
        ("leak",),
        Happened("fill_ended", "p1"),
        invariant="owned",
    ),
    _cut(
        "hold_in_fill",
        BETWEEN,
        "Hold mode in mid-fill",
        Asks(request=SetMode(mode=Mode.HOLD, by="grower"), when=FILLING, incident=True),
        ("stopped",),
        WaitsFor(TANK, ("hold",), filling=True),
        invariant="owned",
    ),
    Scenario(
        key="disk_fails_in_fill",
        group=BETWEEN,
        title="The journal cannot be written from mid-fill on: closed when that is noticed",
        setup=LINE,
        story=(THIRSTY, DiskFails(lasts_s=DAY, when=FILLING, incident=True)),
        given=on(FILL_VALVE),
        expect=every(CLOSED, FillOver(TANK, ("journal",))),
        deadline_s=_TOLD_S,
        run_s=2 * HOUR,
        invariant="journal_first",
        after=(Filled(0.0, 8.0), Fills(1, 1)),
    ),
    Scenario(
        key="disk_fails_before_fill",
        group=BETWEEN,
        title="The journal cannot be written when a fill is due: it does not open",
        setup=LINE,
        story=(DiskFails(lasts_s=DAY), THIRSTY),
        expect=every(CLOSED, WaitsFor(TANK, ("journal",), filling=True)),
        deadline_s=_TOLD_S + 60,
        run_s=2 * HOUR,
        invariant="journal_first",
        after=(Filled(0.0, 0.0),),
    ),
    Scenario(
        key="fill_asked_in_dose",
        group=BETWEEN,
        title="A person asks for a fill in mid-dose: refused",
        setup=BOTH,
        story=(
            Solution(reservoir=TANK, ec=ON_TARGET[0] - 0.5),
            Asks(
                request=RunFill(reservoir=TANK, litres=5.0, by="grower"),
                when=InDose(TANK, DoseStage.RUNNING, PUMP_A),
                incident=True,
            ),
        ),
        given=on(PUMP_A),
        expect=Refused("fill_not_ready"),
        deadline_s=0,
        run_s=900,
        invariant="fill_dosing",
        after=(Filled(0.0, 0.0), Given(PUMP_A, 15.0, 25.0)),
    ),
    Scenario(
        key="dose_asked_in_fill",
        group=BETWEEN,
        title="A person asks for a dose in mid-fill: refused",
        setup=BOTH,
        story=(
            THIRSTY,
            Asks(
                request=RunDose(point=PUMP_B, ml=5.0, by="grower"),
                when=FILLING,
                incident=True,
            ),
        ),
        given=on(FILL_VALVE),
        expect=Refused("dose_not_ready"),
        deadline_s=0,
        run_s=900,
        invariant="fill_dosing",
        after=(Given(PUMP_B, 0.0, 0.0),),
    ),
    Scenario(
        key="both_are_needed",
        group=BETWEEN,
        title="A tank is thirsty and hungry at once: filled first, then fed once it is mixed",
        setup=BOTH,
        story=(THIRSTY, Solution(reservoir=TANK, ec=ON_TARGET[0] - 0.3)),
        expect=SolutionIs(TANK, ec=(ON_TARGET[0] - 0.15, ON_TARGET[0] + 0.1)),
        deadline_s=10 * HOUR,
        run_s=14 * HOUR,
        invariant="fill_dosing",
        after=(TankHolds(TANK, 98.0, 112.0), Not(Happened("dosing_inhibited"))),
    ),
    Scenario(
        key="ec_too_high",
        group=BETWEEN,
        title="The solution is far too strong: diluted as far as there is room, never fed",
        setup=BOTH,
        story=(
            Tank(reservoir=TANK, volume_l=88.0),
            Solution(reservoir=TANK, ec=ON_TARGET[0] + 0.8),
        ),
        expect=every(CLOSED, Happened("fill_started", "", (("why", "dilute"),))),
        deadline_s=4 * HOUR,
        run_s=8 * HOUR,
        invariant="fill_room",
        after=(Given(PUMP_A, 0.0, 0.0), SolutionIs(TANK, ec=(1.3, ON_TARGET[0] + 0.65))),
    ),
    Scenario(
        key="fill_waits_for_drain_back",
        group=BETWEEN,
        title="A shot takes the tank below its fill level: nothing is filled until it is back",
        setup=LINE,
        story=(
            Tank(reservoir=TANK, volume_l=86.0),
            Asks(
                request=RunShot(circuit=CIRCUIT, duration_s=240.0, by="grower"),
                at=200.0,
                incident=True,
            ),
        ),
        expect=every(off(PUMP_SWITCH, VALVE), CLOSED),
        deadline_s=280,
        run_s=HOUR,
        invariant="fill_room",
        after=(Fills(0, 0), TankHolds(TANK, 82.0, 87.0)),
    ),
    Scenario(
        key="shot_asked_in_fill",
        group=BETWEEN,
        title="A person asks for a shot in mid-fill: the fill ends, the rest comes afterwards",
        setup=LINE,
        story=(
            THIRSTY,
            Asks(
                request=RunShot(circuit=CIRCUIT, duration_s=120.0, by="grower"),
                when=FILLING,
                incident=True,
            ),
        ),
        given=on(FILL_VALVE),
        expect=Happened("fill_ended", "", (("end", "water_out"),)),
        deadline_s=10,
        run_s=2 * HOUR,
        invariant="fill_room",
        after=(CLOSED, TankHolds(TANK, 79.0, 112.0)),
    ),
    Scenario(
        key="reload_in_fill",
        group=BETWEEN,
        title="The description is edited in mid-fill: the fill goes on to its end",
        setup=LINE,
        story=(THIRSTY, Edits(edit=Edit.RENAMED, when=FILLING, incident=True)),
        given=on(FILL_VALVE),
        expect=every(CLOSED, FillOver(TANK, ("done",))),
        deadline_s=_FILL_S,
        run_s=2 * HOUR,
        invariant="fill_caps",
        after=(_WHOLE,),
    ),
)

SCENARIOS: tuple[Scenario, ...] = (*_DEVICES, *_BETWEEN)
