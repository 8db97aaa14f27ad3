"""What comes into a step: reports of points, results of commands, requests of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..batches.lots import Lot
from ..batches.model import Batch
from ..batches.rollout import Gates, Judgement, Strategy
from ..batches.tasks import Task
from ..farm.ahead import Delivered
from ..farm.calibration import KnownPoint
from ..farm.drills import DrillTest, Loss
from ..farm.nodes import Farm
from ..farm.overrides import Mode, Override, Quantity, WorkflowKind
from ..farm.roles import Loop
from ..recipes.model import Recipe
from .effects import Severity
from .memory import ProbeUse, ProofState, PulseEnd
from .prices import Prices


class Inhibit(StrEnum):
    """What a person can clear at a reservoir: its dosing, its filling, or the window that keeps
    acid and base apart."""

    DOSING = "dosing"
    FILLING = "filling"
    PH_WINDOW = "ph_window"


class Cause(StrEnum):
    """Who is behind a change of an actuator's state, as far as the port can tell."""

    OWN = "own"
    PERSON = "person"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Report:
    """A bound entity reported. `point` is the binding's id, `raw` the number or text as it came
    (None: the entity is missing or says it is unavailable), `unit` what the entity says of it,
    `at` when it was reported (farm time). The same value reported again is a report too."""

    point: str
    raw: float | str | bool | None
    unit: str | None
    at: float
    cause: Cause = Cause.UNKNOWN


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The port tried to carry out a command: `error` is None when the service took it.
    Taking is not proof."""

    command: int
    point: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The first input of a run: everything is looked at. `lost`: a memory existed but cannot be
    read, so the farm is held until a person has looked. `wait`: some entities are not there yet;
    what is open is closed at once, but the first step waits for `Ready`."""

    lost: bool = False
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """Every bound entity is there, or has been waited for long enough."""


@dataclass(frozen=True, slots=True)
class FarmChanged:
    """Nodes or bindings were edited: everything is looked at, what is gone is forgotten. `rebound`
    are bindings with another entity, and probes that are read otherwise: what was reported and
    checked before says nothing of them now."""

    rebound: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The wall clock was set: farm time moved by `by_s` beyond what has passed."""

    by_s: float


@dataclass(frozen=True, slots=True)
class JournalFailed:
    """The journal cannot be written: nothing that needs a record may open."""

    error: str


@dataclass(frozen=True, slots=True)
class JournalRecovered:
    """The journal can be written again."""


@dataclass(frozen=True, slots=True)
class PricesKnown:
    """What electricity costs from now on, as far ahead as it is known; empty when nothing is."""

    prices: Prices


@dataclass(frozen=True, slots=True)
class Unsent:
    """Commands (point and number) that wait for their record, so that their time to be proved has
    not begun."""

    commands: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SentLate:
    """Commands that had to wait for their record are sent now."""

    commands: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something a person (or an automation on a person's behalf) asks for. `by` is who."""

    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBatch(Request):
    """Start a batch that was sown with `batches.lifecycle.sow`, following its pinned recipe. Where
    a roll-out is about this version, it decides which one the batch gets, but for one that is
    `pinned` by a person."""

    batch: Batch
    recipe: Recipe
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvancePhase(Request):
    """Move a batch to its next phase now."""

    batch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecipe(Request):
    """Move a living batch to another version of its recipe, its targets over `ramp_s` of farm
    time."""

    batch: str
    recipe: Recipe
    ramp_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRollout(Request):
    """Bring version `new` of a recipe to the farm in place of `old`, see `batches.rollout`.
    Living batches that are moved have their targets moved over `ramp_s` of farm time. With `auto`
    it is promoted by itself once all gates hold."""

    id: str
    old: Recipe
    new: Recipe
    strategy: Strategy
    ramp_s: float
    levels: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    gates: Gates = field(default_factory=Gates)
    auto: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRollout(Request):
    """Nobody gets the new version for now; who has it keeps it."""

    rollout: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRollout(Request):
    """Go on. Gates that are broken now do not pause it again, and still have to hold before it is
    promoted."""

    rollout: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoteRollout(Request):
    """The new version is for everybody now. Refused while a gate does not hold, but `despite` that
    where a person says why."""

    rollout: str
    why: str = ""
    despite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBackRollout(Request):
    """Back to the old version: living batches that have the new one over `ramp_s` (that of the
    roll-out when None), and whoever is sown from now on."""

    rollout: str
    why: str = ""
    ramp_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRollout(Request):
    """What a comparison of yields says now, for the gate that asks for it."""

    rollout: str
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest(Request):
    """Harvest a batch whole; `kg` fresh mass weighed, or `grades` by name, `waste_kg` what is
    thrown away, `note` free text. With `regrow` it is only cut: it grows on and is cut again."""

    batch: str
    kg: float | None = None
    note: str = ""
    regrow: bool = False
    grades: Mapping[str, float] = field(default_factory=dict)
    waste_kg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SowBatch(Request):
    """Sow a planned batch now, on the sites it was planned for."""

    batch: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reschedule(Request):
    """Sow a planned batch at another time (`sow_at`, epoch seconds of farm time)."""

    batch: str
    sow_at: float
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPlan(Request):
    """Plan the batches of a plan that was made of `farm` and the batches `seen`: all of them, or
    none where that has changed meanwhile. `recipes` by version."""

    batches: tuple[Batch, ...]
    recipes: Mapping[str, Recipe]
    farm: Farm
    seen: Mapping[str, Batch]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTask(Request):
    """Write down something to be done."""

    task: Task


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTask(Request):
    """Write something down anew: its title, note and due date."""

    task: Task


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishTask(Request):
    """A task is done: one that was written down, or one that the farm asks for, which is carried
    out where a tick says enough. `title` is what it was called where it was ticked."""

    task: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenTask(Request):
    """A task is not done after all."""

    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTasks(Request):
    """Tasks that people have written down, or that are done, are no longer of interest."""

    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailBatch(Request):
    """Give a batch up, or call a planned one off."""

    batch: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveBatch(Request):
    """Move `sites` of a batch (all when None) from one level to another."""

    batch: str
    from_level: str
    to_level: str
    sites: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitBatch(Request):
    """Split sites (by level) of a batch off into a new one with the id `new`; `plants` go with
    them, their share of the sites when None."""

    batch: str
    new: str
    sites: Mapping[str, int]
    plants: int | None = None
    title: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeBatches(Request):
    """Take `other` into `batch`: one cultivar, one recipe version, one phase."""

    batch: str
    other: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transplant(Request):
    """Set a batch anew on `levels` (when empty those that a plan keeps for it, else those it is
    on), in their order, at the spacing of the phase it enters, or at `plants_m2`. With `advance`
    the next phase begins."""

    batch: str
    levels: tuple[str, ...] = ()
    plants_m2: float | None = None
    advance: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutBatch(Request):
    """Harvest a part of a batch: `plants` taken out, or none where they grow on."""

    batch: str
    plants: int = 0
    kg: float | None = None
    grades: Mapping[str, float] = field(default_factory=dict)
    waste_kg: float | None = None
    level: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LosePlants(Request):
    """Plants of a batch were lost."""

    batch: str
    plants: int
    why: str
    level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveLot(Request):
    """A lot came in."""

    lot: Lot


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLot(Request):
    """A lot is given to a batch, is in use at a node from now on, or is loaded into the stock tank
    of a dosing pump (`point`): one of these."""

    lot: str
    batch: str | None = None
    node: str | None = None
    point: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseLot(Request):
    """A lot is no longer in use at a node."""

    lot: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLabour(Request):
    """People have worked for so many minutes: for a batch, or for what grows at a node; without
    either, for the whole farm."""

    minutes: float
    task: str = ""
    batch: str | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRefusal(Request):
    """Somebody asked for `what`, their `role` was not enough (it `needs` another), and it was not
    done; `times` since it was noted last. It is for the records only."""

    what: str
    role: str
    needs: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRole(Request):
    """The role of `who` in the farm `was` another. It is for the records only."""

    who: str
    was: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteExport(Request):
    """The farm was written to a file, `ledger` with its history. It is for the records only."""

    file: str
    ledger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSetting(Request):
    """The setting `what` of a `device` was changed by a person, or could not be (`end`): it `was`
    another and is `value` now. It is for the records only."""

    device: str
    what: str
    was: str
    value: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOverride(Request):
    """A setpoint in place of the recipe's until it expires."""

    override: Override


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearOverride(Request):
    """Back to the recipe."""

    node: str
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMode(Request):
    """Change the mode of the farm."""

    mode: Mode


class LossCheck(StrEnum):
    """What a person has to have looked at where the memory of a farm is lost: nobody else knows
    what stands on tables, what was dosed, what grows where, and who is in the room."""

    WATER = "water"
    SOLUTION = "solution"
    BATCHES = "batches"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptLoss(Request):
    """A person has looked (`checked`) at what nobody remembers: the hold after lost memory ends,
    and the farm goes on in `mode`."""

    mode: Mode
    checked: frozenset[LossCheck]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWorkflow(Request):
    """People are at a node until `until` (farm time), see `farm.overrides.WorkflowKind`."""

    node: str
    kind: WorkflowKind
    until: float
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceWorkflow(Request):
    """The next step of a workflow: drained, refilled, or cleaned for long enough."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWorkflow(Request):
    """People are done: mixed, or rinsed, where that comes last."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyStop(Request):
    """Everything off, latched, before anything else."""

    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStop(Request):
    """Release the emergency stop. Starts nothing: every loop stays disarmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm(Request):
    """A person has checked a loop after a stop and arms it."""

    loop: Loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarm(Request):
    """A person takes a loop out of service: its devices go off, as after a stop, and nothing of it
    starts until it is armed again."""

    loop: Loop


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShot(Request):
    """Water a circuit now, for `duration_s` or with `volume_l` (the recipe's duration when both are
    None). A volume is ended by a meter, or by the time that the rated flow needs for it."""

    circuit: str
    duration_s: float | None = None
    volume_l: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryActuator(Request):
    """Drive one actuator on for a moment to see that it works, for `duration_s` or as long as such
    pulses are. What waters, fills or doses is tried by a short shot, a small fill or a small dose,
    by the rules of those."""

    point: str
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTestAlarm(Request):
    """Raise an alarm that says of itself that it is a test, and moves nothing."""

    severity: Severity = Severity.P2


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeTestAlarm(Request):
    """Somebody has answered the test alarm: it reached a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What only the shell knows of what a farm relies on. Errors are empty where it worked and None
    where nobody has tried. Ages in s; no `backup_age_s`: there is no backup."""

    journal_error: str | None = None
    ledger_error: str | None = None
    ledger_behind: int = 0
    backups_known: bool = False
    backup_age_s: float | None = None
    backup_limit_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of an actuator that was tried for a self-test: how its pulse ended, after how many
    seconds, and what proved it. No `end`: it was not tried, and `why`."""

    point: str
    end: PulseEnd | None = None
    proof: ProofState = ProofState.UNKNOWN
    seconds: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSelfTest(Request):
    """Check a farm, or one node (`node`), and record what that came to."""

    node: str = ""
    facts: Facts
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearInhibit(Request):
    """A person has looked at a circuit whose shots failed in a row: it may water again."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearLatch(Request):
    """A person has looked at an actuator that could not be proved, or at a smoke or leak sensor
    that has tripped, and clears its latch."""

    point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearLatches(Request):
    """A person has looked at a node, and clears everything of it that is latched."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack(Request):
    """Whoever has taken an actuator over is done with it: vfarm drives it again."""

    point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureReplaced(Request):
    """The lamps over a level are new: their hours and what was learned of them begin anew."""

    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProbe(Request):
    """A person takes a probe out of the tank, calibrates it, or puts it back. A probe that was out
    has to be verified before anything is dosed by it. One that was being calibrated is taken as it
    shows from then on, unless CalibrateProbe says otherwise."""

    point: str
    use: ProbeUse


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyProbe(Request):
    """A person has checked a probe in a known solution; it is in the tank again."""

    point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateProbe(Request):
    """A person held a probe into one, two or three known solutions, or a light sensor beside a
    reference: `points` say what each has and what the sensor showed of it, in the unit of the role
    (pH, mS/cm, mg/L, μmol/m²/s), before any correction. EC of a probe that compensates is at 25 °C,
    of another one as it is. With `temperature` (°C) they say what the labels have, of solutions
    that were at this one: EC and pH at 25 °C, oxygen 100 (%) in balance with air of `pressure_kpa`.
    `note` says what else counts, such as the lamp. The probe is in the tank again."""

    point: str
    points: tuple[KnownPoint, ...]
    temperature: float | None = None
    pressure_kpa: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpRun:
    """A dosing pump gave `ml` in `seconds`."""

    ml: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratePump(Request):
    """A dosing pump gave `ml` in `seconds`, measured by a person, who may have let it run `more`
    than once."""

    point: str
    ml: float
    seconds: float
    more: tuple[PumpRun, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDose(Request):
    """Dose `ml` of one part now, through all inhibits and caps."""

    point: str
    ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFill(Request):
    """Fill a reservoir now, by `litres` or as far as it goes, through all inhibits and caps."""

    reservoir: str
    litres: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearReservoir(Request):
    """A person has looked at a reservoir and clears what keeps it from being dosed or filled."""

    reservoir: str
    what: Inhibit


@dataclass(frozen=True, slots=True, kw_only=True)
class SolutionChanged(Request):
    """The solution of a reservoir was changed: the caps of a filling begin anew."""

    reservoir: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver(Request):
    """What a station gave while nobody commanded it. It hands its outputs back when this is in the
    records, so it has to come before the first shot."""

    delivered: Delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDrill(Request):
    """Try out what the outputs of a station do when it loses something: `tests` says what each of
    them has to do."""

    station: str
    loss: Loss
    tests: tuple[DrillTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOnDrill(Request):
    """A person has done what the drill waits for: cut the link, given the power back, or restored
    everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SawDrill(Request):
    """A person stands beside an actuator and sees it in its safe state now."""

    point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDrill(Request):
    """A person gives the drill up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSeen(Request):
    """A person has seen a protection of an actuator work, or fail, without a drill: after how many
    seconds, if they timed it."""

    point: str
    guard: str
    ok: bool = True
    after_s: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutdown(Request):
    """End shots and doses, prove off, leave light and climate as they are."""


def closes(request: Request) -> bool:
    """Whether a request takes something away from what runs. It is answered at once: whoever waits
    for that answer to go on closing must not wait for a disk."""
    match request:
        case EmergencyStop() | Disarm() | StartWorkflow() | StopDrill() | Shutdown():
            return True
        case SetMode(mode=mode):
            return mode is Mode.HOLD
        case SetProbe(use=use):
            return use is not ProbeUse.IN_USE
        case _:
            return False


type Input = (
    Report
    | CommandResult
    | Started
    | Ready
    | FarmChanged
    | ClockSet
    | PricesKnown
    | JournalFailed
    | JournalRecovered
    | Unsent
    | SentLate
    | Request
)
