"""Dosing: probes that lie or are away, pumps that fail, and everything that can come between."""

from __future__ import annotations

from dataclasses import replace

from ....control.inputs import (
    AdvancePhase,
    EmergencyStop,
    RunDose,
    RunShot,
    SetMode,
    SetProbe,
    VerifyProbe,
)
from ....control.memory import DoseStage, ProbeUse
from ....farm.bindings import Dosing
from ....farm.overrides import Mode
from ...faults import FaultKind
from ..conditions import (
    AllSentOff,
    CommandsAtMost,
    Condition,
    DoseOver,
    Doses,
    Given,
    Happened,
    Held,
    InDose,
    Latched,
    Not,
    Owes,
    Refused,
    Running,
    Shown,
    SolutionIs,
    Stopped,
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
    Drifts,
    Edit,
    Edits,
    Garbles,
    Killed,
    KilledAtCommand,
    KilledInWrite,
    ServiceFails,
    ServiceFault,
    Solution,
    Switches,
)
from ..model import Happening, Scenario
from ..setup import (
    BATCH,
    CIRCUIT,
    DOSERS,
    EC,
    EC_2,
    MIXER,
    ON_TARGET,
    PH,
    PUMP_A,
    PUMP_B,
    PUMP_DOWN,
    PUMP_UP,
    TANK,
    TANK_LEAK,
    VOLUME,
    Setup,
)

PROBES = "Dosing: probes"
PUMPS = "Dosing: pumps and bottles"
BETWEEN = "Dosing: what comes between"
HOUR = 3600.0
DAY = 24 * HOUR
#: How long the process is away.
AWAY_S = 60.0
DOSED = Setup(dosed=True)
KEPT = Setup(dosed=True, on_disk=True)
PULSED = Setup(dosed=True, on_disk=True, pulse=True)
PAIRS = Setup(dosed=True, pairs=True)
#: Little a day, so that what only the caps stop is stopped within a few hours.
_LITTLE = Dosing(
    max_dose_ml=10.0, max_hour_ml=20.0, max_day_ml=40.0, max_tank_ml=2000.0, effect_per_ml_l=0.5
)
CAPPED = Setup(dosed=True, on_disk=True, doses=_LITTLE)
#: Half a mS/cm is missing: the first dose is 20 mL of A, which takes 40 s.
HUNGRY = Solution(reservoir=TANK, ec=ON_TARGET[0] - 0.5)
FIRST_ML = 20.5
GIVING = InDose(TANK, DoseStage.RUNNING, PUMP_A)
IDLE = off(*DOSERS)
NONE = every(*(Unsent(point) for point in DOSERS))
#: Probes report every five minutes.
_TOLD_S = 310.0
#: A dose that nothing has cut short.
_DOSE_S = 45.0


def _probe(
    key: str,
    title: str,
    happening: Happening,
    code: tuple[str, ...],
    deadline_s: float,
    setup: Setup = DOSED,
) -> Scenario:
    """A probe fails: nothing is dosed by it, whatever the solution needs."""
    return Scenario(
        key=key,
        group=PROBES,
        title=title,
        setup=setup,
        story=(happening, replace(HUNGRY, at=HOUR)),
        expect=every(WaitsFor(TANK, code), IDLE),
        deadline_s=deadline_s,
        run_s=4 * HOUR,
        invariant="dose_probe",
        after=(NONE,),
    )


def _cut(
    key: str,
    group: str,
    title: str,
    happening: Happening,
    ends: tuple[str, ...],
    *,
    deadline_s: float = 5.0,
    after: tuple[Condition, ...] = (),
    setup: Setup = DOSED,
    invariant: str = "dose_probe",
    most_ml: float = 6.0,
) -> Scenario:
    """Something ends the dose that is under way, at once."""
    return Scenario(
        key=key,
        group=group,
        title=title,
        setup=setup,
        story=(HUNGRY, replace(happening, when=GIVING, incident=True)),
        given=on(PUMP_A),
        expect=every(IDLE, DoseOver(TANK, ends)),
        deadline_s=deadline_s,
        run_s=2 * HOUR,
        invariant=invariant,
        after=(Given(PUMP_A, 0.0, most_ml), Doses(1, 1), *after),
    )


def _vain(key: str, title: str, *happenings: Happening, hours: float = 8.0) -> Scenario:
    """Doses change nothing that is seen: dosing stops until a person has looked."""
    return Scenario(
        key=key,
        group=PUMPS,
        title=title,
        setup=DOSED,
        story=happenings,
        expect=every(WaitsFor(TANK, ("dose_ineffective",)), IDLE),
        deadline_s=hours * HOUR,
        run_s=(hours + 4) * HOUR,
        invariant="dose_caps",
        after=(Happened("dosing_inhibited", "p2"), Shown(TANK, "dose_ineffective")),
    )


_PROBES = (
    _probe(
        "ec_never_checked",
        "A probe was put back and nobody has checked it",
        Asks(request=SetProbe(point=EC, use=ProbeUse.OUT, by="grower")),
        ("probe_out",),
        5,
    ),
    _probe(
        "ph_unavailable_before_dose",
        "The pH probe is unavailable when nutrient is needed",
        Breaks(point=PH, kind=FaultKind.UNAVAILABLE),
        ("probe_missing", "probe_stale"),
        5,
    ),
    _probe(
        "ec_not_a_number",
        "The EC probe reports NaN",
        Garbles(point=EC, raw="nan"),
        ("probe_missing", "probe_implausible"),
        _TOLD_S,
    ),
    _probe(
        "ec_silent",
        "The EC probe falls silent",
        Breaks(point=EC, kind=FaultKind.SILENT),
        ("probe_stale",),
        2 * HOUR,
    ),
    _probe(
        "ph_impossible",
        "The pH probe says 2.1: broken glass",
        Breaks(point=PH, kind=FaultKind.STUCK_VALUE, value=2.1),
        ("probe_implausible",),
        _TOLD_S,
    ),
    _probe(
        "ec_jumps_to_air",
        "The EC probe jumps to 0: it hangs in the air",
        Breaks(point=EC, kind=FaultKind.STUCK_VALUE, value=0.0),
        ("probe_implausible", "dose_low_ec"),
        _TOLD_S,
    ),
    _probe(
        "ec_pair_disagrees",
        "One of two EC probes is off by 0.6: nobody knows which",
        Breaks(point=EC_2, kind=FaultKind.OFFSET, value=0.6),
        ("probe_disagreeing",),
        _TOLD_S,
        setup=PAIRS,
    ),
    _probe(
        "one_of_two_probes_taken_out",
        "A person takes one of two EC probes out",
        Asks(request=SetProbe(point=EC_2, use=ProbeUse.OUT, by="grower")),
        ("probe_out",),
        5,
        setup=PAIRS,
    ),
    Scenario(
        key="source_water_unknown",
        group=PROBES,
        title="The recipe gives EC above the fresh water's, which nobody has told: no nutrient",
        setup=Setup(dosed=True, source_ec=None),
        story=(Solution(reservoir=TANK, ec=0.6),),
        expect=every(
            WaitsFor(TANK, ("dose_source_unknown",)), Shown(TANK, "dose_source_unknown")
        ),
        deadline_s=5,
        run_s=4 * HOUR,
        invariant="dose_caps",
        after=(NONE,),
    ),
    Scenario(
        key="ec_pair_both_wrong",
        group=PROBES,
        title="Both EC probes read 0.4 too low: the caps of a day bound what that does",
        setup=replace(PAIRS, doses=_LITTLE),
        story=tuple(
            Breaks(point=point, kind=FaultKind.OFFSET, value=-0.4) for point in (EC, EC_2)
        ),
        expect=every(IDLE, WaitsFor(TANK, ("dose_in_band", "dose_cap_day"))),
        deadline_s=12 * HOUR,
        run_s=20 * HOUR,
        invariant="dose_caps",
        after=(SolutionIs(TANK, ec=(1.1, ON_TARGET[0] + 0.45)),),
    ),
    Scenario(
        key="ec_drifts_down",
        group=PROBES,
        title="The EC probe drifts down by 0.1 an hour: doses do not do what they should",
        setup=DOSED,
        story=(Drifts(point=EC, per_h=-0.1),),
        expect=every(IDLE, Happened("dosing_inhibited", "p2")),
        deadline_s=6 * HOUR,
        run_s=16 * HOUR,
        invariant="dose_caps",
        after=(Given(PUMP_A, 2.0, 30.0), SolutionIs(TANK, ec=(1.1, ON_TARGET[0] + 0.25))),
    ),
    Scenario(
        key="ec_drifts_down_slowly",
        group=PROBES,
        title="The EC probe drifts down by 0.03 an hour: the caps of a day bound what chases it",
        setup=CAPPED,
        story=(Drifts(point=EC, per_h=-0.03),),
        expect=Given(PUMP_A, 5.0, 40.5),
        deadline_s=20 * HOUR,
        run_s=DAY,
        invariant="dose_caps",
        after=(SolutionIs(TANK, ec=(1.1, ON_TARGET[0] + 0.8)),),
    ),
    Scenario(
        key="ec_falls_after_feeding",
        group=PROBES,
        title="The EC probe says plain water although the tank was fed: low-EC inhibit",
        story=(
            HUNGRY,
            Breaks(
                point=EC,
                kind=FaultKind.STUCK_VALUE,
                value=0.15,
                at=8 * HOUR,
                incident=True,
            ),
        ),
        setup=DOSED,
        given=Given(PUMP_A, 30.0, 60.0),
        expect=every(IDLE, WaitsFor(TANK, ("dose_low_ec",))),
        deadline_s=HOUR,
        run_s=12 * HOUR,
        invariant="dose_probe",
        after=(Happened("dosing_inhibited", "p2", (("why", "low_ec"),)),),
    ),
    _cut(
        "ec_unavailable_in_dose",
        PROBES,
        "The EC probe is unavailable in mid-dose",
        Breaks(point=EC, kind=FaultKind.UNAVAILABLE),
        ("probe",),
    ),
    _cut(
        "probe_taken_out_in_dose",
        PROBES,
        "A person takes the EC probe out in mid-dose",
        Asks(request=SetProbe(point=EC, use=ProbeUse.OUT, by="grower")),
        ("probe",),
        after=(WaitsFor(TANK, ("probe_out",)),),
    ),
    _cut(
        "probe_calibrated_in_dose",
        PROBES,
        "A person begins to calibrate the EC probe in mid-dose",
        Asks(request=SetProbe(point=EC, use=ProbeUse.CALIBRATING, by="grower")),
        ("probe",),
        after=(WaitsFor(TANK, ("probe_calibrating",)),),
    ),
    Scenario(
        key="probe_back_and_checked",
        group=PROBES,
        title="A probe is calibrated, put back and checked: dosing goes on only then",
        setup=DOSED,
        story=(
            Asks(request=SetProbe(point=EC, use=ProbeUse.CALIBRATING, by="grower")),
            HUNGRY,
            Asks(request=SetProbe(point=EC, use=ProbeUse.IN_USE, by="grower"), at=2 * HOUR),
            Asks(request=VerifyProbe(point=EC, by="grower"), at=4 * HOUR, incident=True),
        ),
        given=every(NONE, WaitsFor(TANK, ("probe_unverified",))),
        expect=Happened("dose_started"),
        deadline_s=_TOLD_S,
        run_s=5 * HOUR,
        invariant="dose_probe",
    ),
    Scenario(
        key="ph_probe_left_in_buffer",
        group=PROBES,
        title="The pH probe was left in buffer of pH 7: acid is not seen, and stops",
        setup=DOSED,
        story=(Breaks(point=PH, kind=FaultKind.STUCK_VALUE, value=7.0),),
        expect=every(IDLE, WaitsFor(TANK, ("dose_ineffective",))),
        deadline_s=6 * HOUR,
        run_s=10 * HOUR,
        invariant="dose_caps",
        after=(SolutionIs(TANK, ph=(4.8, 6.2)), Happened("dosing_inhibited", "p2")),
    ),
    Scenario(
        key="ec_frozen",
        group=PROBES,
        title="The EC probe freezes at a low value: three feeds in vain, and dosing stops",
        setup=DOSED,
        story=(
            Breaks(point=EC, kind=FaultKind.STUCK_VALUE, value=ON_TARGET[0] - 0.3),
        ),
        expect=every(IDLE, WaitsFor(TANK, ("dose_ineffective",))),
        deadline_s=6 * HOUR,
        run_s=12 * HOUR,
        invariant="dose_caps",
        after=(SolutionIs(TANK, ec=(1.1, ON_TARGET[0] + 0.45)),),
    ),
)  # fmt: skip

_PUMPS = (
    Scenario(
        key="dosing_pump_stuck_on",
        group=PUMPS,
        title="The relay of a dosing pump welds in mid-dose: latched, told, nothing else dosed",
        setup=DOSED,
        story=(
            HUNGRY,
            Breaks(point=PUMP_A, kind=FaultKind.STUCK_ON, when=GIVING, incident=True),
        ),
        given=on(PUMP_A),
        expect=every(Latched(PUMP_A), Happened("not_proved", "p1")),
        deadline_s=_DOSE_S + 35,
        run_s=2 * HOUR,
        invariant="dose_caps",
        after=(off(PUMP_B, PUMP_DOWN, PUMP_UP), Unsent(PUMP_B), WaitsFor(TANK, ("latched",))),
    ),
    Scenario(
        key="dosing_pump_stuck_off",
        group=PUMPS,
        title="A dosing pump does not run: asked once, counted in full, a person has to look",
        setup=DOSED,
        story=(Breaks(point=PUMP_A, kind=FaultKind.STUCK_OFF), HUNGRY),
        expect=every(IDLE, DoseOver(TANK, ("pump_failed",))),
        deadline_s=_TOLD_S + 60,
        run_s=2 * HOUR,
        invariant="dose_caps",
        after=(Doses(1, 1), Shown(TANK, "dose_failed"), CommandsAtMost(PUMP_A, 4)),
    ),
    Scenario(
        key="dosing_pump_lies",
        group=PUMPS,
        title="A dosing pump says that it runs and its current says no",
        setup=DOSED,
        story=(Breaks(point=PUMP_A, kind=FaultKind.LIES), HUNGRY),
        expect=every(IDLE, DoseOver(TANK, ("pump_failed",))),
        deadline_s=_TOLD_S + 60,
        run_s=2 * HOUR,
        invariant="dose_caps",
        after=(Doses(1, 1), Unsent(PUMP_B)),
    ),
    Scenario(
        key="dosing_pump_slow",
        group=PUMPS,
        title="Worn hoses give half: more and smaller doses, and the target all the same",
        setup=DOSED,
        story=(
            Breaks(point=PUMP_A, kind=FaultKind.WORN, value=0.5),
            Breaks(point=PUMP_B, kind=FaultKind.WORN, value=0.5),
            HUNGRY,
        ),
        expect=SolutionIs(TANK, ec=(ON_TARGET[0] - 0.15, ON_TARGET[0] + 0.1)),
        deadline_s=12 * HOUR,
        run_s=16 * HOUR,
        invariant="dose_caps",
        after=(Not(Happened("dosing_inhibited")),),
    ),
    Scenario(
        key="dosing_pump_gone_in_dose",
        group=PUMPS,
        title="A dosing pump is unavailable in mid-dose and runs on: told off as it comes back",
        setup=DOSED,
        story=(
            HUNGRY,
            Breaks(
                point=PUMP_A,
                kind=FaultKind.UNAVAILABLE,
                lasts_s=60.0,
                when=GIVING,
                incident=True,
            ),
        ),
        given=on(PUMP_A),
        expect=every(IDLE, DoseOver(TANK, ("pump_failed",))),
        deadline_s=75,
        run_s=2 * HOUR,
        invariant="owned",
        after=(Doses(1, 1), Given(PUMP_A, 0.0, 40.0)),
    ),
    Scenario(
        key="dose_command_lost",
        group=PUMPS,
        title="The command that starts a dose is lost: not repeated, counted in full",
        setup=DOSED,
        story=(ServiceFails(point=PUMP_A, kind=ServiceFault.LOST, times=1), HUNGRY),
        expect=every(IDLE, DoseOver(TANK, ("pump_failed",))),
        deadline_s=_TOLD_S + 30,
        run_s=2 * HOUR,
        invariant="dose_caps",
        after=(Doses(1, 1), Given(PUMP_A, 0.0, 0.5)),
    ),
    Scenario(
        key="dose_stop_lost",
        group=PUMPS,
        title="The command that ends a dose is lost: told again after ten seconds",
        setup=DOSED,
        story=(
            HUNGRY,
            ServiceFails(point=PUMP_A, kind=ServiceFault.LOST, times=1, when=GIVING, incident=True),
        ),
        given=on(PUMP_A),
        expect=every(IDLE, DoseOver(TANK, ("done",))),
        deadline_s=_DOSE_S + 12,
        run_s=900,
        invariant="dose_caps",
        after=(Given(PUMP_A, FIRST_ML - 2, FIRST_ML + 6),),
    ),
    Scenario(
        key="dose_service_raises",
        group=PUMPS,
        title="The service of a dosing pump raises an error for an hour",
        setup=DOSED,
        story=(ServiceFails(point=PUMP_A, kind=ServiceFault.RAISES, lasts_s=HOUR), HUNGRY),
        expect=every(IDLE, DoseOver(TANK, ("pump_failed",))),
        deadline_s=_TOLD_S + 60,
        run_s=3 * HOUR,
        invariant="dose_caps",
        after=(Doses(1, 1), Given(PUMP_A, 0.0, 0.5)),
    ),
    Scenario(
        key="dose_service_hangs",
        group=PUMPS,
        title="The service of a dosing pump hangs for 30 s and then acts: off again at once",
        setup=DOSED,
        story=(ServiceFails(point=PUMP_A, kind=ServiceFault.HANGS, times=1), HUNGRY),
        expect=every(IDLE, DoseOver(TANK, ("pump_failed",))),
        deadline_s=_TOLD_S + 60,
        run_s=2 * HOUR,
        invariant="dose_caps",
        after=(Doses(1, 1), Given(PUMP_A, 0.0, FIRST_ML)),
    ),
    _vain(
        "bottles_empty",
        "The bottles of A and B are empty: three feeds in vain, and dosing stops",
        Breaks(point=PUMP_A, kind=FaultKind.EMPTY),
        Breaks(point=PUMP_B, kind=FaultKind.EMPTY),
        HUNGRY,
    ),
    _vain(
        "acid_empty",
        "The bottle of acid is empty: three doses in vain, and dosing stops",
        Breaks(point=PUMP_DOWN, kind=FaultKind.EMPTY),
        Solution(reservoir=TANK, ph=6.6),
    ),
    Scenario(
        key="dosing_pump_by_hand",
        group=PUMPS,
        title="Somebody switches the acid on by hand and forgets it: its maximum ends it",
        setup=DOSED,
        story=(Switches(point=PUMP_DOWN, value=1.0), HUNGRY),
        expect=IDLE,
        deadline_s=130,
        run_s=1500,
        invariant="maximum_on",
        after=(Happened("dosed_by_hand"),),
    ),
)

_STAGES: tuple[tuple[str, str, Condition], ...] = (
    ("opening", "its pump starts", InDose(TANK, DoseStage.OPENING)),
    ("running", "its pump gives", GIVING),
    ("stopping", "its pump stops", InDose(TANK, DoseStage.STOPPING)),
    ("pause", "the solution mixes between two parts", Owes(TANK)),
)


def _killed_in_dose(name: str, seen: str, when: Condition, setup: Setup) -> Scenario:
    pulse = setup.pulse
    # A pump with its own timer ends by itself; another one runs until the process is back.
    most = FIRST_ML + 1 if pulse or name == "pause" else FIRST_ML + 0.5 * (AWAY_S + 10)
    return Scenario(
        key=f"kill_in_dose_while_{name}" + ("_pulsed" if pulse else ""),
        group=BETWEEN,
        title=f"The process is killed in a dose while {seen}"
        + (", of pumps that end their pulses themselves" if pulse else ""),
        setup=setup,
        story=(HUNGRY, Killed(down_s=AWAY_S, when=when, incident=True)),
        expect=every(IDLE, Running()),
        deadline_s=AWAY_S + 20,
        run_s=900,
        invariant="owned",
        after=(Doses(1, 1), Given(PUMP_A, 0.0, most), Given(PUMP_B, 0.0, 0.0)),
    )


def _killed_at(nth: int, acted: bool) -> Scenario:
    what = ("starts", "stops")[nth - 1]
    when = "after the pump got it" if acted else "before the pump gets it"
    return Scenario(
        key=f"kill_at_dose_command_{nth}_{'after' if acted else 'before'}",
        group=BETWEEN,
        title=f"The process is killed with the command by which a dose {what}, {when}",
        setup=KEPT,
        story=(
            KilledAtCommand(points=(PUMP_A,), nth=nth, acted=acted, down_s=AWAY_S),
            HUNGRY,
        ),
        expect=every(IDLE, Running(), WaitsFor(TANK, ("dose_mixing",))),
        deadline_s=_TOLD_S + AWAY_S + _DOSE_S + 20,
        run_s=900,
        invariant="owned",
        after=(
            # What was told last before a kill may be lost; what is counted is on disk.
            Doses(nth - 1, 1),
            Given(
                PUMP_A,
                FIRST_ML - 2 if nth == 2 else 0.0,
                0.0 if nth == 1 and not acted else FIRST_ML + 0.5 * (AWAY_S + 10),
            ),
            Given(PUMP_B, 0.0, 0.0),
        ),
    )


def _killed_in_write(durable: bool) -> Scenario:
    return Scenario(
        key=f"kill_in_dose_write_{'after' if durable else 'before'}",
        group=BETWEEN,
        title="The process is killed in the write that a dose waits for, "
        + ("just after it is on disk" if durable else "before it is on disk"),
        setup=KEPT,
        story=(
            KilledInWrite(nth=1, durable=durable, down_s=AWAY_S),
            Asks(request=RunDose(point=PUMP_B, ml=10.0, by="grower")),
        ),
        expect=every(IDLE, Running()),
        deadline_s=AWAY_S + 25,
        run_s=200,
        invariant="journal_first",
        after=(Given(PUMP_B, 0.0, 0.0),),
    )


def _lost(damage: Damage, title: str, code: str, *after: Condition) -> Scenario:
    return Scenario(
        key=f"dose_memory_{damage.value}",
        group=BETWEEN,
        title=title,
        setup=KEPT,
        story=(HUNGRY, Killed(down_s=AWAY_S, damage=damage, when=GIVING, incident=True)),
        given=on(PUMP_A),
        expect=every(IDLE, WaitsFor(TANK, (code,))),
        deadline_s=AWAY_S + 20,
        run_s=3 * HOUR,
        invariant="owned",
        after=(Doses(1, 1), *after),
    )


def _clock(seconds: float, name: str) -> Scenario:
    return Scenario(
        key=f"clock_{name}_in_dose",
        group=BETWEEN,
        title=f"The clock is set an hour {name} in mid-dose: the dose keeps its seconds",
        setup=DOSED,
        story=(HUNGRY, ClockJumps(seconds=seconds, when=GIVING, incident=True)),
        given=on(PUMP_A),
        expect=every(IDLE, DoseOver(TANK, ("done",))),
        deadline_s=_DOSE_S,
        run_s=_TOLD_S + 600,
        invariant="dose_caps",
        after=(Given(PUMP_A, FIRST_ML - 2, FIRST_ML + 1), Doses(1, 1)),
    )


def _season(name: str, day: str, begins: str) -> Scenario:
    return Scenario(
        key=f"{name}_in_dose",
        group=BETWEEN,
        title=f"Clocks change ({day}) in mid-dose: nothing is cut short or given twice",
        setup=Setup(dosed=True, time_zone="Europe/Berlin", day=day, begins=begins),
        story=(
            HUNGRY,
            Asks(request=SetMode(mode=Mode.AUTO), when=GIVING, incident=True),
        ),
        given=on(PUMP_A),
        expect=every(IDLE, DoseOver(TANK, ("done",))),
        deadline_s=_DOSE_S,
        run_s=900,
        invariant="dose_caps",
        after=(Given(PUMP_A, FIRST_ML - 2, FIRST_ML + 1), Doses(1, 1)),
    )


def _away(at: float, clock_s: float = 0.0) -> Killed:
    return Killed(down_s=AWAY_S, at=at, clock_s=clock_s)


_BETWEEN = (
    *(_killed_in_dose(*stage, KEPT) for stage in _STAGES),
    *(_killed_in_dose(*stage, PULSED) for stage in _STAGES[:2]),
    *(_killed_at(nth, acted) for nth in (1, 2) for acted in (False, True)),
    _killed_in_write(durable=False),
    _killed_in_write(durable=True),
    _lost(
        Damage.GARBAGE,
        "The process is killed in mid-dose and its journal is garbage: held, nothing dosed",
        "hold",
        Held(),
        Happened("memory_lost", "p1"),
    ),
    _lost(
        Damage.DELETED,
        "The process is killed in mid-dose and its journal is gone: probes count as unchecked",
        "probe_unverified",
    ),
    _clock(HOUR, "forward"),
    _clock(-HOUR, "back"),
    _season("spring", "2026-03-29", "01:55"),
    _season("autumn", "2026-10-25", "02:55"),
    Scenario(
        key="dose_caps_over_restarts",
        group=BETWEEN,
        title="The process is killed again and again while much is missing: caps of 24 h hold",
        setup=CAPPED,
        story=(
            Solution(reservoir=TANK, ec=ON_TARGET[0] - 0.8),
            *(_away(at=n * HOUR) for n in (1, 2, 3, 5, 9, 15, 22)),
        ),
        expect=every(Given(PUMP_A, 35.0, 41.0), Given(PUMP_B, 35.0, 41.0)),
        deadline_s=12 * HOUR,
        run_s=23 * HOUR,
        invariant="dose_caps",
        after=(Shown(TANK, "dose_cap_day"),),
    ),
    Scenario(
        key="dose_caps_over_clock",
        group=BETWEEN,
        title="The clock is set a day forward while a cap of 24 h holds: it holds on",
        setup=CAPPED,
        story=(
            Solution(reservoir=TANK, ec=ON_TARGET[0] - 0.8),
            ClockJumps(seconds=DAY, at=10 * HOUR, incident=True),
            ClockJumps(seconds=-DAY, at=12 * HOUR),
        ),
        given=Shown(TANK, "dose_cap_day"),
        expect=Shown(TANK, "dose_cap_day"),
        deadline_s=5,
        run_s=20 * HOUR,
        invariant="dose_caps",
        after=(Given(PUMP_A, 20.0, 41.0),),
    ),
    Scenario(
        key="acid_then_base",
        group=BETWEEN,
        title="pH falls below its target after acid was given: no base within a day",
        setup=KEPT,
        story=(
            Solution(reservoir=TANK, ph=6.3),
            _away(at=4 * HOUR, clock_s=HOUR),
            Solution(reservoir=TANK, ph=5.2, at=6 * HOUR, incident=True),
            ClockJumps(seconds=DAY, at=10 * HOUR),
        ),
        given=Given(PUMP_DOWN, 0.2, 10.0),
        expect=WaitsFor(TANK, ("dose_window",)),
        deadline_s=_TOLD_S,
        run_s=20 * HOUR,
        invariant="acid_base",
        after=(Given(PUMP_UP, 0.0, 0.0),),
    ),
    _cut(
        "stop_in_dose",
        BETWEEN,
        "Emergency stop in mid-dose",
        Asks(request=EmergencyStop(by="grower")),
        ("emergency",),
        deadline_s=2.0,
        after=(AllSentOff(), Stopped(), WaitsFor(TANK, ("emergency_stop",))),
        invariant="stopped",
        most_ml=2.0,
    ),
    _cut(
        "hold_in_dose",
        BETWEEN,
        "Hold mode in mid-dose",
        Asks(request=SetMode(mode=Mode.HOLD, by="grower")),
        ("stopped",),
        after=(on(MIXER), WaitsFor(TANK, ("hold",))),
        invariant="owned",
    ),
    _cut(
        "leak_in_dose",
        BETWEEN,
        "A leak at the tank in mid-dose",
        Breaks(point=TANK_LEAK, kind=FaultKind.STUCK_VALUE, value=1.0),
        ("leak",),
        after=(Happened("dose_ended", "p1"),),
        invariant="owned",
    ),
    _cut(
        "leak_sensor_gone_in_dose",
        BETWEEN,
        "The leak sensor is unavailable in mid-dose",
        Breaks(point=TANK_LEAK, kind=FaultKind.UNAVAILABLE),
        ("stopped",),
        after=(WaitsFor(TANK, ("leak_unknown",)),),
        invariant="owned",
    ),
    _cut(
        "volume_gone_in_dose",
        BETWEEN,
        "The volume is unknown in mid-dose",
        Breaks(point=VOLUME, kind=FaultKind.UNAVAILABLE),
        ("volume",),
        after=(WaitsFor(TANK, ("volume_unknown",)),),
        invariant="dose_caps",
    ),
    _cut(
        "mixing_stops_in_dose",
        BETWEEN,
        "The mixing pump stops in mid-dose",
        Breaks(point=MIXER, kind=FaultKind.STUCK_OFF),
        ("no_circulation",),
        after=(WaitsFor(TANK, ("dose_no_circulation",)), Shown(TANK, "dose_no_circulation")),
        invariant="dose_moving",
    ),
    _cut(
        "disk_fails_in_dose",
        BETWEEN,
        "The journal cannot be written from mid-dose on",
        DiskFails(lasts_s=DAY),
        ("journal", "done"),
        deadline_s=_DOSE_S,
        invariant="journal_first",
        most_ml=FIRST_ML + 1,
    ),
    Scenario(
        key="disk_fails_before_dose",
        group=BETWEEN,
        title="The journal cannot be written when a dose is due: it does not start",
        setup=DOSED,
        story=(DiskFails(lasts_s=3 * HOUR), HUNGRY),
        expect=every(IDLE, WaitsFor(TANK, ("journal",))),
        deadline_s=_TOLD_S + 60,
        run_s=2 * HOUR,
        invariant="journal_first",
        after=(*(Given(point, 0.0, 0.0) for point in DOSERS),),
    ),
    Scenario(
        key="reload_in_dose",
        group=BETWEEN,
        title="The description is edited in mid-dose: the dose goes on to its end",
        setup=DOSED,
        story=(HUNGRY, Edits(edit=Edit.RENAMED, when=GIVING, incident=True)),
        given=on(PUMP_A),
        expect=every(IDLE, DoseOver(TANK, ("done",))),
        deadline_s=_DOSE_S,
        run_s=900,
        invariant="dose_caps",
        after=(Given(PUMP_A, FIRST_ML - 2, FIRST_ML + 1),),
    ),
    Scenario(
        key="pump_removed_in_dose",
        group=BETWEEN,
        title="The dosing pump is removed from the description in mid-dose: switched off",
        setup=DOSED,
        story=(HUNGRY, Edits(edit=Edit.WITHOUT_DOSING, when=GIVING, incident=True)),
        given=on(PUMP_A),
        expect=IDLE,
        deadline_s=5,
        run_s=900,
        invariant="owned",
        after=(Given(PUMP_A, 0.0, 3.0),),
    ),
    Scenario(
        key="phase_changes_in_dose",
        group=BETWEEN,
        title="The batch comes to a phase with a weaker solution in mid-dose: no second part",
        setup=Setup(dosed=True, weak_end=True),
        story=(
            Solution(reservoir=TANK, ec=ON_TARGET[0] - 0.2),
            Asks(
                request=AdvancePhase(batch=BATCH, by="grower"),
                when=InDose(TANK, DoseStage.RUNNING),
                incident=True,
            ),
        ),
        expect=every(IDLE, DoseOver(TANK, ("done",))),
        deadline_s=_DOSE_S,
        run_s=3 * HOUR,
        invariant="dose_caps",
        after=(Given(PUMP_B, 0.0, 0.0), Happened("feed_dropped")),
    ),
    Scenario(
        key="power_cut_in_dose",
        group=BETWEEN,
        title="The power fails for ten minutes in mid-dose: not made up for",
        setup=KEPT,
        story=(HUNGRY, Killed(down_s=600.0, power=True, when=GIVING, incident=True)),
        given=on(PUMP_A),
        expect=every(IDLE, Running(), DoseOver(TANK, ("crash",))),
        deadline_s=600 + 20,
        run_s=1500,
        invariant="owned",
        after=(Doses(1, 1), Given(PUMP_A, 0.0, 2.0)),
    ),
    Scenario(
        key="shot_in_dose",
        group=BETWEEN,
        title="A person asks for a shot in mid-dose: the dose ends before the water goes out",
        setup=DOSED,
        story=(
            HUNGRY,
            Asks(
                request=RunShot(circuit=CIRCUIT, duration_s=120.0, by="grower"),
                when=GIVING,
                incident=True,
            ),
        ),
        given=on(PUMP_A),
        expect=every(IDLE, DoseOver(TANK, ("water_out",))),
        deadline_s=10,
        run_s=900,
        invariant="dose_moving",
        after=(Doses(1, 1), WaitsFor(TANK, ("dose_water_out",))),
    ),
    Scenario(
        key="second_dose_asked_in_dose",
        group=BETWEEN,
        title="A person asks for acid in mid-dose: refused",
        setup=DOSED,
        story=(
            HUNGRY,
            Asks(
                request=RunDose(point=PUMP_DOWN, ml=1.0, by="grower"),
                when=GIVING,
                incident=True,
            ),
        ),
        given=on(PUMP_A),
        expect=Refused("dose_not_ready"),
        deadline_s=0,
        run_s=600,
        invariant="dose_caps",
        after=(Given(PUMP_DOWN, 0.0, 0.0),),
    ),
)

SCENARIOS: tuple[Scenario, ...] = (*_PROBES, *_PUMPS, *_BETWEEN)
