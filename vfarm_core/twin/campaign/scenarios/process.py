"""The process is killed, the power fails, the journal is lost, full, slow or damaged."""

from __future__ import annotations

from dataclasses import replace

from ....control.inputs import (
    AcceptLoss,
    Arm,
    EmergencyStop,
    LossCheck,
    ReleaseStop,
    RunShot,
    Shutdown,
)
from ....control.memory import ShotStage
from ....farm.nodes import Method
from ....farm.overrides import Mode
from ....farm.roles import Loop
from ...faults import FaultKind
from ..conditions import (
    Accepted,
    AllOff,
    Because,
    Condition,
    Happened,
    Held,
    InShot,
    Not,
    Output,
    Pumped,
    Refused,
    Running,
    Sent,
    SentFor,
    ShotOver,
    Shots,
    Stopped,
    Unsent,
    every,
    off,
    on,
)
from ..happenings import (
    Asks,
    Breaks,
    Damage,
    DiskFails,
    Edit,
    Edits,
    Killed,
    KilledAtCommand,
    KilledInWrite,
    Switches,
)
from ..model import Happening, Scenario
from ..setup import (
    CIRCUIT,
    CO2,
    CO2_VALVE,
    FAN,
    HEATER,
    LAMP,
    OCCUPANCY,
    PUMP_SWITCH,
    TEMPERATURE,
    VALVE,
    Setup,
)
from .devices import CLOSED, COLD, DONE, HOUR, HUNGRY, PUMPING, SHOT

_RELEASE = ReleaseStop(by="grower")
GROUP = "Kill, power and restart"
JOURNAL = "Journal and memory"
EDITS = "Edits while armed"
DISK = Setup(on_disk=True)
LIT = Output(LAMP, 0.6, 1.0)
#: How long the process is away, and what it may take to have everything closed again.
AWAY_S = 60.0
_BACK_S = AWAY_S + 20.0

#: Stages of a shot: name, what is seen of it, how the shot may have ended for the journal.
_STAGES: tuple[tuple[str, str, Condition], ...] = (
    ("opening", "its valve opens", InShot(CIRCUIT, ShotStage.OPENING)),
    ("starting", "its pump starts", InShot(CIRCUIT, ShotStage.RUNNING)),
    ("running", "water flows", PUMPING),
    ("stopping", "its pump stops", InShot(CIRCUIT, ShotStage.STOPPING)),
    ("closing", "its valve closes", InShot(CIRCUIT, ShotStage.CLOSING)),
    ("draining", "the table drains", DONE),
)


def _killed_in_shot(name: str, seen: str, when: Condition) -> Scenario:
    ends = ("done", "volume") if name == "draining" else ("crash", "done", "volume")
    return Scenario(
        key=f"kill_while_{name}",
        group=GROUP,
        title=f"The process is killed in a shot while {seen}",
        setup=DISK,
        story=(
            SHOT,
            Killed(down_s=AWAY_S, when=when, incident=True),
            Asks(request=RunShot(circuit=CIRCUIT, duration_s=60.0), at=300.0),
        ),
        expect=every(CLOSED, Running(), ShotOver(CIRCUIT, ends)),
        deadline_s=_BACK_S,
        run_s=900,
        invariant="owned",
        after=(Refused("shot_not_ready", "draining"), Shots(1, 1), Pumped(0.0, 17.0), LIT),
    )


def _killed_at(nth: int, acted: bool) -> Scenario:
    what = ("valve opens", "pump starts", "pump stops", "valve closes")[nth - 1]
    when = "after the device got it" if acted else "before the device gets it"
    return Scenario(
        key=f"kill_at_command_{nth}_{'after' if acted else 'before'}",
        group=GROUP,
        title=f"The process is killed with the command by which the {what}, {when}",
        setup=DISK,
        story=(
            KilledAtCommand(points=(PUMP_SWITCH, VALVE), nth=nth, acted=acted, down_s=AWAY_S),
            SHOT,
        ),
        expect=every(CLOSED, Running()),
        deadline_s=_BACK_S + (0 if nth < 3 else 135),
        run_s=900,
        invariant="owned",
        after=(Shots(0, 1), Pumped(0.0, 17.0)),
    )


def _killed_in_write(durable: bool) -> Scenario:
    return Scenario(
        key=f"kill_in_write_{'after' if durable else 'before'}",
        group=GROUP,
        title="The process is killed in the write that a shot waits for, "
        + ("just after it is on disk" if durable else "before it is on disk"),
        setup=DISK,
        story=(KilledInWrite(nth=1, durable=durable, down_s=AWAY_S), SHOT),
        expect=every(CLOSED, Running()),
        deadline_s=_BACK_S,
        run_s=900,
        invariant="journal_first",
        after=(Pumped(0.0, 0.0),),
    )


def _killed_in_day(name: str, begins: str, seen: str, expect: Condition) -> Scenario:
    return Scenario(
        key=f"kill_at_{name}",
        group=GROUP,
        title=f"The process is killed for ten minutes {seen}",
        setup=Setup(on_disk=True, begins=begins),
        story=(Killed(down_s=600.0),),
        expect=every(expect, Running()),
        deadline_s=600 + 65,
        run_s=900,
        invariant="dark",
        after=(Not(Happened("memory_lost")),),
    )


def _lost(damage: Damage, title: str) -> Scenario:
    return Scenario(
        key=f"memory_{damage.value}",
        group=JOURNAL,
        title=title,
        setup=Setup(on_disk=True, co2_ppm=500.0),
        story=(
            SHOT,
            Killed(down_s=AWAY_S, damage=damage, when=PUMPING, incident=True),
            Asks(request=RunShot(circuit=CIRCUIT, duration_s=60.0), at=1800.0),
        ),
        expect=every(off(PUMP_SWITCH, VALVE, CO2_VALVE, HEATER), Held(), on(LAMP, FAN)),
        deadline_s=_BACK_S,
        run_s=HOUR,
        invariant="owned",
        after=(Happened("memory_lost", "p1"), Refused("shot_not_ready", "mode"), Shots(1, 1)),
    )


def _film(key: str, title: str, happening: Happening, deadline_s: float) -> Scenario:
    return Scenario(
        key=key,
        group=GROUP,
        title=title,
        setup=Setup(method=Method.NFT, on_disk=True),
        story=(happening,),
        given=on(PUMP_SWITCH, VALVE),
        expect=on(PUMP_SWITCH, VALVE),
        deadline_s=deadline_s,
        run_s=HOUR,
        invariant="maximum_off",
    )


SCENARIOS: tuple[Scenario, ...] = (
    *(_killed_in_shot(*stage) for stage in _STAGES),
    *(_killed_at(nth, acted) for nth in (1, 2, 3, 4) for acted in (False, True)),
    _killed_in_write(durable=False),
    _killed_in_write(durable=True),
    _killed_in_day("dawn", "05:55", "over lights-on", Output(LAMP, 0.05, 1.0)),
    _killed_in_day("ramp", "06:05", "in the morning ramp", Output(LAMP, 0.6, 1.0)),
    _killed_in_day("noon", "14:00", "at mid-day", Output(LAMP, 0.6, 1.0)),
    _killed_in_day("dusk", "21:55", "over lights-off", off(LAMP)),
    _killed_in_day("night", "01:00", "in the dark", off(LAMP)),
    Scenario(
        key="kill_twice",
        group=GROUP,
        title="The process is killed in a shot, and again while it puts things in order",
        setup=DISK,
        story=(
            SHOT,
            Killed(down_s=AWAY_S, when=PUMPING, incident=True),
            Killed(down_s=AWAY_S, at=69.0),
        ),
        expect=every(CLOSED, Running()),
        deadline_s=2 * AWAY_S + 25,
        run_s=900,
        invariant="owned",
        after=(Shots(1, 1),),
    ),
    Scenario(
        key="kill_with_co2_open",
        group=GROUP,
        title="The process is killed while CO2 flows",
        setup=replace(HUNGRY, on_disk=True),
        story=(
            Killed(down_s=AWAY_S, when=on(CO2_VALVE), incident=True),
            Breaks(point=OCCUPANCY, kind=FaultKind.UNAVAILABLE, at=30.0),
        ),
        given=on(CO2_VALVE),
        expect=off(CO2_VALVE),
        deadline_s=AWAY_S + 2,
        run_s=600,
        invariant="co2_safe",
    ),
    Scenario(
        key="kill_keeps_daily_cap",
        group=GROUP,
        title="A CO2 probe is stuck low and the process is killed three times: one cap for all",
        setup=replace(HUNGRY, on_disk=True, co2_cap_s=3600.0),
        story=(
            Breaks(point=CO2, kind=FaultKind.STUCK_VALUE, value=700.0),
            *(Killed(down_s=AWAY_S, at=at) for at in (1000.0, 2200.0, 3300.0)),
        ),
        given=on(CO2_VALVE),
        expect=every(off(CO2_VALVE), Because(CO2_VALVE, "daily_cap")),
        deadline_s=2 * HOUR,
        run_s=2.1 * HOUR,
        invariant="daily_cap",
        after=(SentFor(CO2_VALVE, "max_on"),),
    ),
    Scenario(
        key="kill_keeps_co2_inhibit",
        group=GROUP,
        title="CO2 without effect is closed, the process is killed: it stays closed",
        setup=replace(HUNGRY, on_disk=True),
        story=(
            Breaks(point=CO2, kind=FaultKind.STUCK_VALUE, value=500.0),
            Killed(down_s=AWAY_S, at=2700.0, incident=True),
        ),
        given=every(off(CO2_VALVE), Because(CO2_VALVE, "co2_empty")),
        expect=every(off(CO2_VALVE), Running(), Because(CO2_VALVE, "co2_empty")),
        # The probe warms up for three minutes, and until then there is no reading at all.
        deadline_s=AWAY_S + 240,
        run_s=3 * HOUR,
        invariant="co2_safe",
    ),
    Scenario(
        key="kill_with_heater_on",
        group=GROUP,
        title="The process is killed with the heater on and stays away past its maximum on-time",
        setup=replace(COLD, on_disk=True),
        story=(Killed(down_s=2.5 * HOUR),),
        given=on(HEATER),
        expect=every(Running(), Sent(HEATER, 0.0)),
        deadline_s=2.5 * HOUR + 2,
        run_s=2.5 * HOUR + 50,
        invariant="maximum_on",
        after=(off(HEATER),),
    ),
    Scenario(
        key="opened_while_away",
        group=GROUP,
        title="Somebody opens valve and pump while the process is away: no owner, so they close",
        setup=DISK,
        story=(Killed(down_s=AWAY_S, meanwhile=(VALVE, PUMP_SWITCH)),),
        expect=every(CLOSED, Running()),
        deadline_s=_BACK_S,
        run_s=600,
        invariant="owned",
        after=(Shots(0, 0),),
    ),
    Scenario(
        key="late_entities",
        group=GROUP,
        title="After a kill in a shot some entities come a minute late: what is open closes first",
        setup=DISK,
        story=(
            SHOT,
            Killed(
                down_s=AWAY_S,
                when=PUMPING,
                incident=True,
                late_entities=(TEMPERATURE, HEATER, LAMP),
            ),
        ),
        expect=CLOSED,
        deadline_s=_BACK_S,
        run_s=600,
        invariant="owned",
        after=(Running(), LIT, ShotOver(CIRCUIT, ("crash",))),
    ),
    Scenario(
        key="late_valve",
        group=GROUP,
        title="After a kill in a shot the valve's entity comes a minute late",
        setup=DISK,
        story=(
            SHOT,
            Killed(down_s=AWAY_S, when=PUMPING, incident=True, late_entities=(VALVE,)),
        ),
        expect=every(CLOSED, Running()),
        deadline_s=AWAY_S + 60 + 20,
        run_s=600,
        invariant="owned",
        after=(LIT,),
    ),
    Scenario(
        key="power_cut_in_shot",
        group=GROUP,
        title="The power fails in a shot, for five minutes",
        setup=DISK,
        story=(SHOT, Killed(down_s=300.0, power=True, when=PUMPING, incident=True)),
        expect=every(CLOSED, Running(), ShotOver(CIRCUIT, ("crash",)), LIT, on(FAN)),
        deadline_s=300 + 65,
        run_s=900,
        invariant="owned",
        after=(Pumped(0.0, 5.0), Shots(1, 1)),
    ),
    Scenario(
        key="power_cut_motor_valve",
        group=GROUP,
        title="The power fails in a shot; a motor valve stays open without it",
        setup=replace(DISK, motor_valve=True),
        story=(SHOT, Killed(down_s=300.0, power=True, when=PUMPING, incident=True)),
        expect=every(CLOSED, Running()),
        deadline_s=300 + 20,
        run_s=900,
        invariant="owned",
        after=(Pumped(0.0, 5.0),),
    ),
    Scenario(
        key="power_cut_at_dusk",
        group=GROUP,
        title="The power fails before lights-off and comes back in the dark",
        setup=Setup(on_disk=True, begins="21:50"),
        story=(Killed(down_s=1800.0, power=True),),
        given=on(LAMP),
        expect=every(off(LAMP), Running(), on(FAN)),
        deadline_s=1800 + 65,
        run_s=HOUR,
        invariant="dark",
    ),
    _film(
        "film_power_cut",
        "The power fails under water that roots depend on: it comes back first of all",
        Killed(down_s=300.0, power=True),
        300 + 10,
    ),
    _film(
        "film_kill",
        "The process is killed under water that roots depend on: it never stops",
        Killed(down_s=300.0),
        0,
    ),
    _film(
        "film_disk_full",
        "The journal cannot be written: water that roots depend on goes on",
        DiskFails(lasts_s=1800.0),
        0,
    ),
    Scenario(
        key="stop_survives_kill",
        group=GROUP,
        title="The process is killed after an emergency stop: it stays stopped",
        setup=DISK,
        story=(
            Asks(request=EmergencyStop(by="grower")),
            Killed(down_s=AWAY_S, at=10.0),
        ),
        expect=every(AllOff(), Stopped()),
        deadline_s=AWAY_S + 15,
        run_s=HOUR,
        invariant="stopped",
    ),
    Scenario(
        key="disarmed_survives_kill",
        group=GROUP,
        title="The process is killed while loops are disarmed: they stay disarmed",
        setup=DISK,
        story=(
            Asks(request=EmergencyStop(by="grower")),
            Asks(request=_RELEASE, at=10.0),
            Asks(request=Arm(loop=Loop.LIGHT), at=11.0),
            Killed(down_s=AWAY_S, at=20.0, incident=True),
            Asks(request=RunShot(circuit=CIRCUIT, duration_s=60.0), at=200.0),
        ),
        expect=every(AllOff(besides=(LAMP,)), LIT),
        deadline_s=AWAY_S + 20,
        run_s=HOUR,
        invariant="disarmed",
        after=(Refused("shot_not_ready", "disarmed"),),
    ),
    Scenario(
        key="orderly_stop_in_shot",
        group=GROUP,
        title="Home Assistant stops in an orderly way in mid-shot",
        setup=DISK,
        story=(SHOT, Asks(request=Shutdown(), when=PUMPING, incident=True)),
        given=on(PUMP_SWITCH, VALVE),
        expect=every(CLOSED, ShotOver(CIRCUIT, ("shutdown",))),
        deadline_s=10,
        run_s=120,
        invariant="owned",
        after=(LIT, on(FAN)),
    ),
    _lost(Damage.GARBAGE, "The process is killed in a shot and the journal is garbage afterwards"),
    _lost(Damage.TRUNCATED, "The process is killed in a shot and half of the journal is gone"),
    _lost(Damage.SLICE, "The process is killed in a shot and one slice of memory is unreadable"),
    Scenario(
        key="memory_deleted",
        group=JOURNAL,
        title="The process is killed in a shot and the journal's file is gone: a new farm",
        setup=DISK,
        story=(
            SHOT,
            Killed(down_s=AWAY_S, damage=Damage.DELETED, when=PUMPING, incident=True),
        ),
        expect=every(CLOSED, off(CO2_VALVE, HEATER), Running()),
        deadline_s=_BACK_S,
        run_s=HOUR,
        invariant="owned",
        after=(Shots(1, 1),),
    ),
    Scenario(
        key="memory_lost_then_chosen",
        group=JOURNAL,
        title="After lost memory a person looks and chooses a mode: control goes on",
        setup=DISK,
        story=(
            Killed(down_s=AWAY_S, damage=Damage.GARBAGE),
            Asks(
                request=AcceptLoss(mode=Mode.AUTO, checked=frozenset(LossCheck), by="grower"),
                at=600.0,
                incident=True,
            ),
        ),
        expect=every(Not(Held()), Running(), Accepted()),
        deadline_s=0,
        run_s=1200,
        invariant="owned",
        after=(off(PUMP_SWITCH, VALVE),),
    ),
    Scenario(
        key="disk_full_in_shot",
        group=JOURNAL,
        title="The disk is full in mid-shot: everything closes, climate and light go on",
        story=(
            Asks(request=RunShot(circuit=CIRCUIT, duration_s=600.0, by="grower")),
            DiskFails(lasts_s=HOUR, when=PUMPING, incident=True),
        ),
        given=on(PUMP_SWITCH, VALVE),
        expect=CLOSED,
        deadline_s=90,
        run_s=1200,
        invariant="journal_first",
        after=(Happened("journal_failed", "p1"), LIT, on(FAN)),
    ),
    Scenario(
        key="disk_full_before_shot",
        group=JOURNAL,
        title="The disk is full and a shot is asked for: nothing opens",
        story=(DiskFails(lasts_s=HOUR), SHOT),
        expect=CLOSED,
        deadline_s=0,
        run_s=1800,
        invariant="journal_first",
        after=(Unsent(VALVE), Unsent(PUMP_SWITCH), Pumped(0.0, 0.0)),
    ),
    Scenario(
        key="disk_full_with_co2",
        group=JOURNAL,
        title="The disk is full while CO2 flows",
        setup=HUNGRY,
        story=(DiskFails(lasts_s=2 * HOUR),),
        given=on(CO2_VALVE),
        expect=off(CO2_VALVE),
        deadline_s=305,
        run_s=HOUR,
        invariant="journal_first",
    ),
    Scenario(
        key="disk_hangs_on_opening",
        group=JOURNAL,
        title="The disk hangs for a minute when a shot begins: the valve waits for it",
        story=(DiskFails(lasts_s=60.0, hangs=True), SHOT),
        expect=CLOSED,
        deadline_s=60 + 150,
        run_s=600,
        invariant="journal_first",
        after=(Pumped(0.0, 10.6),),
    ),
    Scenario(
        key="disk_hangs_and_stop",
        group=JOURNAL,
        title="The disk hangs when a shot begins, and somebody presses stop: it never opens",
        story=(
            DiskFails(lasts_s=60.0, hangs=True),
            SHOT,
            Asks(request=EmergencyStop(by="grower"), at=10.0, incident=True),
        ),
        expect=AllOff(),
        deadline_s=5,
        run_s=600,
        invariant="journal_first",
        after=(Unsent(VALVE), Pumped(0.0, 0.0)),
    ),
    Scenario(
        key="disk_recovers",
        group=JOURNAL,
        title="The disk has room again: the next shot runs",
        story=(
            DiskFails(lasts_s=600.0),
            Asks(
                request=RunShot(circuit=CIRCUIT, duration_s=120.0),
                at=1000.0,
                when=Happened("journal_recovered"),
                incident=True,
            ),
        ),
        expect=every(DONE, CLOSED),
        deadline_s=150,
        run_s=1800,
        invariant="journal_first",
        after=(Pumped(9.5, 10.6),),
    ),
    Scenario(
        key="disk_full_then_kill",
        group=JOURNAL,
        title="The disk is full in mid-shot and the process is killed before it notices",
        setup=DISK,
        story=(
            SHOT,
            DiskFails(lasts_s=HOUR, when=PUMPING),
            Killed(down_s=AWAY_S, when=PUMPING, at=20.0, incident=True),
        ),
        given=on(PUMP_SWITCH, VALVE),
        expect=every(CLOSED, Running()),
        deadline_s=_BACK_S,
        run_s=600,
        invariant="owned",
    ),
    Scenario(
        key="reload_in_shot",
        group=EDITS,
        title="The description is saved again in mid-shot: nothing is disturbed",
        story=(SHOT, Edits(edit=Edit.RENAMED, when=PUMPING)),
        expect=every(DONE, CLOSED),
        deadline_s=150,
        run_s=600,
        invariant="owned",
        after=(Pumped(9.5, 10.6), Shots(1, 1)),
    ),
    Scenario(
        key="shorter_maximum_in_shot",
        group=EDITS,
        title="The pump's maximum on-time is shortened below what the shot needs, in mid-shot",
        story=(
            Asks(request=RunShot(circuit=CIRCUIT, duration_s=600.0)),
            Edits(edit=Edit.SHORTER_MAXIMUM, when=PUMPING),
        ),
        expect=off(PUMP_SWITCH),
        deadline_s=130,
        run_s=180,
        invariant="maximum_on",
        after=(Pumped(0.0, 11.0),),
    ),
    Scenario(
        key="circuit_removed_in_shot",
        group=EDITS,
        title="The circuit is removed in mid-shot",
        story=(SHOT, Edits(edit=Edit.WITHOUT_CIRCUIT, when=PUMPING, incident=True)),
        given=on(PUMP_SWITCH, VALVE),
        expect=CLOSED,
        deadline_s=10,
        run_s=600,
        invariant="owned",
    ),
    Scenario(
        key="co2_removed_while_open",
        group=EDITS,
        title="The CO2 valve is unbound while it is open",
        setup=HUNGRY,
        story=(Edits(edit=Edit.WITHOUT_CO2),),
        given=on(CO2_VALVE),
        expect=off(CO2_VALVE),
        deadline_s=2,
        run_s=600,
        invariant="co2_safe",
    ),
    Scenario(
        key="level_removed_in_shot",
        group=EDITS,
        title="A level is removed in mid-shot: the others get their water",
        setup=Setup(levels=2),
        story=(SHOT, Edits(edit=Edit.WITHOUT_LAST_LEVEL, when=PUMPING)),
        expect=every(DONE, CLOSED),
        deadline_s=150,
        run_s=600,
        invariant="owned",
        after=(LIT, Shots(1, 1)),
    ),
    Scenario(
        key="switched_by_hand_and_killed",
        group=EDITS,
        title="A person's takeover of the heater is respected over a restart, for its half hour",
        setup=DISK,
        story=(Switches(point=HEATER, value=1.0), Killed(down_s=AWAY_S, at=60.0)),
        expect=off(HEATER),
        deadline_s=1800 + 10,
        run_s=HOUR,
        invariant="no_opposing",
    ),
)
