"""What control remembers: one frozen slice per node, point and actuator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..batches.lots import Lot
from ..batches.model import Batch
from ..batches.rollout import Rollout
from ..batches.tasks import Task
from ..farm.calibration import UNCORRECTED, Correction
from ..farm.drills import DrillTest, Loss, Seen
from ..farm.overrides import Mode, Override, Workflow
from ..farm.roles import Loop, Role
from ..recipes.model import Recipe
from ..science.light import LightDay
from .clock import NEVER, Due
from .hot import hot_value
from .prices import UNKNOWN_PRICES, Prices
from .reasons import Reason
from .strategy import StrategyState


class Quality(StrEnum):
    """How far a reading can be trusted."""

    GOOD = "good"
    STALE = "stale"
    IMPLAUSIBLE = "implausible"
    DISAGREEING = "disagreeing"
    MISSING = "missing"


class Stage(StrEnum):
    """Where the run of the farm is."""

    RECONCILING = "reconciling"
    RUNNING = "running"
    STOPPING = "stopping"


class ProofState(StrEnum):
    """What is known of an actuator's state."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    PROVED = "proved"
    UNPROVED = "unproved"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyState:
    """A latched emergency stop."""

    at: float
    by: str = ""
    why: str = ""


class DrillStage(StrEnum):
    """A drill waits for the cut, for the power to be back, watches, and waits until the link is
    there again."""

    READY = "ready"
    OUT = "out"
    WATCH = "watch"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillState:
    """A drill under way at a station. `until` ends the stage by itself, `cut_at` is when the time
    of its tests began, `settle_until` until when outputs are left as they are because others of the
    station have just moved (all monotonic). `tests` are those that are still watched, `gone` what
    has reported nothing or another state since the cut, `seen` what came of the others, by point,
    and `held` what is kept off until the link is there again."""

    station: str
    loss: Loss
    tests: tuple[DrillTest, ...]
    since: float
    until: float
    by: str = ""
    stage: DrillStage = DrillStage.READY
    cut_at: float | None = None
    settle_until: float = 0.0
    gone: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    seen: Mapping[str, Seen] = field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """Whether the heartbeat is withheld now."""
        return self.loss is Loss.CONTROLLER and self.stage is DrillStage.WATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmState:
    """The slice of the farm itself. `prices` are those of electricity, as far as they are known.
    `lost_memory` holds the farm until a person has looked;
    `waiting`: entities are not there yet, so reconciliation goes on. `taken` is the number of the
    last report that was taken over from each station. `drill` is the one under way, `verified` what
    was seen last of each protection of an actuator (`farm.drills.seen_key`)."""

    mode: Mode = Mode.AUTO
    stage: Stage = Stage.RECONCILING
    emergency: EmergencyState | None = None
    disarmed: frozenset[Loop] = frozenset()
    journal_ok: bool = True
    journal_slow: bool = False
    lost_memory: bool = False
    waiting: bool = False
    next_command: int = 1
    prices: Prices = UNKNOWN_PRICES
    taken: Mapping[str, int] = field(default_factory=dict)
    drill: DrillState | None = None
    verified: Mapping[str, Seen] = field(default_factory=dict)
    #: When the test alarm was sent that waits for its answer, and when one was answered last.
    alarm_test_at: float | None = None
    alarm_tested_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What is reported is not trusted since `since`: `value` is what was trusted last, reported at
    `at` (None: nothing yet, the sensor warms up)."""

    value: float | None
    at: float
    since: float


@hot_value(kw_only=False)
class PointState:
    """The last reading of a bound sensor, in the role's unit. `problem` is why it is not good
    (`plausible.py`), `cadence_s` the learned time between reports, `since` when the value last
    changed and `calm_s` the learned time it stays the same. Not durable: after a restart a reading
    is missing until it is reported."""

    value: float | None = None
    at: float = 0.0
    quality: Quality = Quality.MISSING
    cadence_s: float | None = None
    problem: str = ""
    since: float = 0.0
    calm_s: float | None = None
    doubt: Doubt | None = None


@hot_value(kw_only=False)
class Pending:
    """A command that waits for its proof; `deadline` is monotonic, `sent_at` farm time."""

    command: int
    value: float
    deadline: float
    sent_at: float
    attempt: int = 1


@hot_value(kw_only=False)
class ActuatorState:
    """One bound actuator. `reported` and `wanted` are 0…1; `changed_at` is when the reported
    on/off last changed to `was_on` (farm time), also over a restart; `on_log` are the finished
    on-periods of the last 24 h; `announced` is what monitor mode would have sent, and `unheeded`
    that it would have protected something."""

    reported: float | None = None
    wanted: float | None = None
    changed_at: float | None = None
    was_on: bool | None = None
    pending: Pending | None = None
    proof: ProofState = ProofState.UNKNOWN
    latched: bool = False
    reason: Reason | None = None
    on_log: tuple[tuple[float, float], ...] = ()
    takeover_until: float | None = None
    announced: float | None = None
    unheeded: bool = False

    def asked(
        self,
        wanted: float | None,
        reason: Reason | None,
        proof: ProofState,
        pending: Pending | None,
    ) -> ActuatorState:
        """The same with what is wanted of it: an emergency stop makes one of every actuator."""
        return ActuatorState(
            self.reported,
            wanted,
            self.changed_at,
            self.was_on,
            pending,
            proof,
            self.latched,
            reason,
            self.on_log,
            self.takeover_until,
            self.announced,
            self.unheeded,
        )

    @property
    def is_on(self) -> bool | None:
        """Whether it is on, as far as it reports."""
        return None if self.reported is None else self.reported > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """CO2 that is watched for its effect: counted until `at`, `open` since then, open for `open_s`
    before; `start` and `lowest` in ppm."""

    at: float
    open: bool
    start: float
    lowest: float
    open_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AirLog:
    """How long (s) the air of a zone had which temperature (°C, by half degrees), from `since` to
    `at`; what was not measured is left out."""

    since: float
    at: float
    seconds: Mapping[float, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneState:
    """One zone: its day state, what its strategies remember by device, and its over-temperature
    stage: `dim`, `off`, `unknown` (no valid temperature) or none; `trip_at` is the limit in °C.

    `warming` are the temperatures of the last minutes with their times, `rise` is how fast it warms
    (`warn`, `critical`); `condensing`: dew forms on the coldest surface; `co2`: too much of it
    (`stop`, `danger`); `injection` is what an open CO2 valve is watched by;
    `co2_empty`: it was open without effect, so it stays closed until the next lights-on. `air` is
    how warm it was since that was last counted."""

    day: bool = False
    day_changed_at: float | None = None
    loops: Mapping[str, StrategyState] = field(default_factory=dict)
    over_temperature: str = ""
    trip_at: float | None = None
    warming: tuple[tuple[float, float], ...] = ()
    rise: str = ""
    condensing: bool = False
    co2: str = ""
    injection: Injection | None = None
    co2_empty: bool = False
    air: AirLog | None = None


@hot_value(kw_only=False)
class LampState:
    """What is known of the lamps over a level besides what each of them does.

    `hours` at full output, counted until `at`; `output` (0…1) since then. `ratio` is what the PPFD
    sensor measures of what the model says. `seen` is what the light sensor said when it last moved
    and what the model said then, `apart_at` since when the model has moved without it, and
    `frozen`: the sensor does not follow the lamps. `stray_at` is since when there is light where
    none is planned, `stray` whether that was told.
    """

    hours: float = 0.0
    at: float | None = None
    output: float = 0.0
    ratio: float | None = None
    seen: tuple[float, float] | None = None
    apart_at: float | None = None
    frozen: bool = False
    stray_at: float | None = None
    stray: bool = False

    def compared(
        self,
        ratio: float | None,
        seen: tuple[float, float],
        apart_at: float | None,
        frozen: bool,
    ) -> LampState:
        """The same with the light sensor held against it: made with every report of every sensor,
        so without `replace`; a test holds that no other field is lost."""
        return LampState(
            self.hours,
            self.at,
            self.output,
            ratio,
            seen,
            apart_at,
            frozen,
            self.stray_at,
            self.stray,
        )

    def ran(self, hours: float, at: float | None, output: float) -> LampState:
        """The same with its hours counted."""
        return LampState(
            hours,
            at,
            output,
            self.ratio,
            self.seen,
            self.apart_at,
            self.frozen,
            self.stray_at,
            self.stray,
        )


NO_LAMP = LampState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """The lights-on that ends a night, as it was decided once. `of` is the lights-on of the day
    before, `starts_at` the one that was decided, `shift_h` how far from the level's own time, and
    `saving` the share of the cost of electricity that this saves; None where no prices were known.
    """

    of: float
    starts_at: float
    shift_h: float = 0.0
    saving: float | None = None


@hot_value(kw_only=False)
class LevelState:
    """One level: the light day it is in, the light it got. `dli` is mol/m² since lights-on,
    integrated until `dli_at`; `ppfd_target` is what the lamps are set for.
    `night` is what was decided of the next lights-on."""

    light_day: LightDay | None = None
    lit: bool = False
    dli: float = 0.0
    dli_at: float | None = None
    dli_yesterday: float | None = None
    ppfd_now: float = 0.0
    ppfd_target: float = 0.0
    planned_at: float | None = None
    kept_at: float | None = None
    lamp: LampState = NO_LAMP
    night: Night | None = None

    def counted(
        self,
        light_day: LightDay | None,
        lit: bool,
        dli: float,
        dli_at: float | None,
        ppfd_now: float,
        lamp: LampState,
        night: Night | None,
    ) -> LevelState:
        """The same with the light counted. Made for every level in every minute, so without
        `replace`; a test holds that no other field is lost."""
        return LevelState(
            light_day,
            lit,
            dli,
            dli_at,
            self.dli_yesterday,
            ppfd_now,
            self.ppfd_target,
            self.planned_at,
            self.kept_at,
            lamp,
            night,
        )

    def planned(self, ppfd_target: float, planned_at: float | None) -> LevelState:
        """The same with the output of its lamps planned anew."""
        return LevelState(
            self.light_day,
            self.lit,
            self.dli,
            self.dli_at,
            self.dli_yesterday,
            self.ppfd_now,
            ppfd_target,
            planned_at,
            self.kept_at,
            self.lamp,
            self.night,
        )

    def kept(self, at: float) -> LevelState:
        """The same, kept in the journal at `at`."""
        return LevelState(
            self.light_day,
            self.lit,
            self.dli,
            self.dli_at,
            self.dli_yesterday,
            self.ppfd_now,
            self.ppfd_target,
            self.planned_at,
            at,
            self.lamp,
            self.night,
        )


class ShotStage(StrEnum):
    """Valve before pump on start, pump before valve on stop."""

    OPENING = "opening"
    RUNNING = "running"
    STOPPING = "stopping"
    CLOSING = "closing"


class ShotEnd(StrEnum):
    """Why a shot ended."""

    DONE = "done"
    VOLUME = "volume"
    STOPPED = "stopped"
    VOLUME_LOW = "volume_low"
    LEAK = "leak"
    NO_FLOW = "no_flow"
    VALVE_FAILED = "valve_failed"
    PUMP_FAILED = "pump_failed"
    EMERGENCY = "emergency"
    SHUTDOWN = "shutdown"
    SMOKE = "smoke"
    JOURNAL = "journal"
    CRASH = "crash"
    DEAD_HEAD = "dead_head"
    LOW_PRESSURE = "low_pressure"
    METER_DEAD = "meter_dead"


@hot_value
class Shot:
    """An irrigation event in progress. `started_at` is when the pump was proved on (farm time),
    `delivered_l` what the meter, else the rated flow, says so far. It ends at `planned_l` where a
    meter counts, after `limit_s` at the latest. `counter_l` is the newest state of a counter,
    `pulse_at` when it last moved; `heir` the circuit whose valve opens before this one's closes.
    `quiet`: one mist of a cycle, which is owned by the cycle in the journal, not by itself."""

    id: str
    circuit: str
    planned_s: float
    planned_l: float
    opened_at: float
    stage: ShotStage = ShotStage.OPENING
    stage_at: float = 0.0
    started_at: float | None = None
    stopped_at: float | None = None
    delivered_l: float = 0.0
    metered: bool = False
    counted_at: float | None = None
    end: ShotEnd | None = None
    by: str = ""
    limit_s: float = 0.0
    counter_l: float | None = None
    pulse_at: float | None = None
    heir: str | None = None
    due_end: ShotEnd | None = None
    quiet: bool = False

    @property
    def is_starting(self) -> bool:
        """Whether its valve is on its way, or its pump not yet proved on."""
        return self.end is None and self.started_at is None


class SteeringPhase(StrEnum):
    """The parts of a day of crop steering: wait for the first shot, fill up, maintain, dry back."""

    P0 = "p0"
    P1 = "p1"
    P2 = "p2"
    P3 = "p3"


@dataclass(frozen=True, slots=True, kw_only=True)
class SteeringState:
    """Crop steering of one circuit. `day` is the lights-on it belongs to, `from_vwc` the moisture
    at that time, `peak_vwc` the highest since the first shot of the day; `shots` and `ramp` count
    since lights-on. `still` counts shots that moved the moisture by nothing, from `seen_vwc`."""

    phase: SteeringPhase = SteeringPhase.P3
    day: float | None = None
    from_vwc: float | None = None
    peak_vwc: float | None = None
    seen_vwc: float | None = None
    shots: int = 0
    ramp: int = 0
    still: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunoffState:
    """What drips out of the substrate. `counter_l` is the newest state of the drain counter;
    `last_pct` the share of the last shot, `factor` how shots are resized to keep to the target."""

    counter_l: float | None = None
    shot_l: float = 0.0
    drained_l: float = 0.0
    last_pct: float | None = None
    litres_today: float = 0.0
    factor: float = 1.0


@hot_value
class Transpired:
    """What plants took since the last shot (L/m² of level) up to `at`, and how fast it goes on from
    there; `known`: it could be worked out at the last look."""

    litres_m2: float
    rate_l_m2_h: float
    at: float
    known: bool


@hot_value
class CircuitState:
    """One circuit. No shot starts before `dry_at`, when the last one has drained; `unknown`: how
    much stands on the table nobody knows, up to `table_l`. After failed shots in a row it is
    `inhibited` until a person clears it. `water_log` are litres by the hour of the last 24 h.
    `flow_lost` is why circulation rests (since `flow_lost_at`). `cycling`: mist comes in a cycle;
    `missed` is 1 when it is late, 2 when that is urgent. `light_at` is the DLI at the last shot."""

    shot: Shot | None = None
    last_shot_at: float | None = None
    last_end: ShotEnd | None = None
    last_delivered_l: float | None = None
    last_started_at: float | None = None
    dry_at: float | None = None
    inhibited: str = ""
    requested: float | None = None
    requested_l: float | None = None
    requested_by: str = ""
    shots_today: int = 0
    litres_today: float = 0.0
    day_start: float | None = None
    failed_in_row: int = 0
    meter_dead: bool = False
    water_log: tuple[tuple[float, float], ...] = ()
    flow_lost: str = ""
    flow_lost_at: float | None = None
    flow_low_at: float | None = None
    unknown: bool = False
    table_l: float = 0.0
    drain_blocked: bool = False
    cycling: bool = False
    missed: int = 0
    last_mist_at: float | None = None
    light_at: float | None = None
    transpired: Transpired | None = None
    steering: SteeringState | None = None
    runoff: RunoffState | None = None


class DoseStage(StrEnum):
    """A dose waits for its pump, runs, and waits for the pump to be off again."""

    OPENING = "opening"
    RUNNING = "running"
    STOPPING = "stopping"


class DoseEnd(StrEnum):
    """Why a dose ended."""

    DONE = "done"
    STOPPED = "stopped"
    PROBE = "probe"
    VOLUME = "volume"
    LEAK = "leak"
    SMOKE = "smoke"
    NO_CIRCULATION = "no_circulation"
    WATER_OUT = "water_out"
    PUMP_FAILED = "pump_failed"
    EMERGENCY = "emergency"
    SHUTDOWN = "shutdown"
    JOURNAL = "journal"
    CRASH = "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """An injection in progress. `started_at` is when the pump reported on (farm time); `expected`
    is the change of EC or pH it should make, None while nobody knows what its stock does."""

    id: str
    point: str
    planned_ml: float
    planned_s: float
    opened_at: float
    volume_l: float
    before: float
    expected: float | None = None
    stage: DoseStage = DoseStage.OPENING
    stage_at: float = 0.0
    started_at: float | None = None
    end: DoseEnd | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoserState:
    """One dosing pump: its measured rate, what its stock does (learned), what it gave within 24 h
    as instants and mL, and since the solution was changed. `on_since`: it is on without a dose."""

    ml_per_s: float | None = None
    calibrated_at: float | None = None
    effect: float | None = None
    effect_base: float | None = None
    test_ml: float | None = None
    log: tuple[tuple[float, float], ...] = ()
    tank_ml: float = 0.0
    today_ml: float = 0.0
    on_since: float | None = None


class ProbeUse(StrEnum):
    """Whether a probe measures the solution."""

    IN_USE = "in_use"
    OUT = "out"
    CALIBRATING = "calibrating"


class ProbeCheck(StrEnum):
    """What is known of a probe: a person has checked it, never did, or too long ago; or it does not
    measure the solution now."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    EXPIRED = "expired"
    OUT = "out"
    CALIBRATING = "calibrating"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A calibration of a probe: in how many `points`, how much it changed of what it should
    (`slope`), how far it was off in the point next to zero (`offset`), and by how much the values
    had been wrong by the calibration before (`drift`, at its worst)."""

    at: float
    points: int
    slope: float
    offset: float
    drift: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeState:
    """One probe or light sensor: where it is, when a person last checked it, how what it shows is
    corrected, and its last calibrations, the newest last."""

    use: ProbeUse = ProbeUse.IN_USE
    verified_at: float | None = None
    correction: Correction = UNCORRECTED
    calibrations: tuple[Calibrated, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Doses whose effect has not been seen yet: the value before them, what they should change,
    and the pumps with their mL."""

    before: float
    since: float
    volume_l: float
    expected: float | None
    doses: tuple[tuple[str, float], ...]


class FillStage(StrEnum):
    """A fill waits for its valve, runs, and waits for the valve to be closed again."""

    OPENING = "opening"
    RUNNING = "running"
    STOPPING = "stopping"


class FillEnd(StrEnum):
    """Why a fill ended."""

    DONE = "done"
    TIME = "time"
    STOPPED = "stopped"
    NO_RISE = "no_rise"
    FLOAT = "float"
    VOLUME = "volume"
    LEAK = "leak"
    SMOKE = "smoke"
    WATER_OUT = "water_out"
    VALVE_FAILED = "valve_failed"
    EMERGENCY = "emergency"
    SHUTDOWN = "shutdown"
    JOURNAL = "journal"
    CRASH = "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRun:
    """A top-up in progress. `from_l` is the volume before it, `rose_l` the litres seen at
    `rose_at`, when the volume last rose; `why` is top_up, dilute or person. `metered_l` is what the
    meter in its line has counted until `metered_at`, from `counter_l` on where it is a counter;
    None where there is none that says. `before_l` is where the volume was by its readings at rest,
    with its standard error and the scatter of a reading."""

    id: str
    planned_l: float
    planned_s: float
    opened_at: float
    from_l: float
    why: str
    stage: FillStage = FillStage.OPENING
    stage_at: float = 0.0
    started_at: float | None = None
    delivered_l: float = 0.0
    rose_l: float = 0.0
    rose_at: float | None = None
    metered_l: float | None = None
    metered_at: float | None = None
    counter_l: float | None = None
    before_l: float | None = None
    before_error_l: float | None = None
    scatter_l: float | None = None
    end: FillEnd | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedFill:
    """A fill that has ended, as it is in the books: from which volume on, and the litres that it
    counts for. `told_l` is what history was told of it; where no meter said that, `before_l`, its
    standard error and the scatter of a reading say it better once the water is at rest."""

    id: str
    from_l: float
    booked_l: float
    told_l: float = 0.0
    metered: bool = False
    before_l: float | None = None
    before_error_l: float | None = None
    scatter_l: float | None = None


@hot_value
class ReservoirState:
    """One reservoir: what inhibits drawing from it, its dose and fill, and what was given.

    `moving_since` is when circulation was last proved on, `water_out` whether a shot is under way
    or drains, until `dry_at`, `disturbed_at` when something was last given into the solution.
    `feed` are the parts that the running feed still owes, as pump and mL. `inhibit` and
    `fill_inhibit` wait for a person. `salts` is EC times volume (mS/cm·L) as it was last believed,
    roughly: it tells a probe that fell out of the water from plain water. `closed_at` and
    `closed_l` are when a fill ended, and the volume then; `closed` is that fill in the books, and
    `overshoot_l` what came after its valve was seen closed. `waits` and `fill_waits` say why
    nothing is given now. `readings` are the newest of the volume at rest, each with when it was
    made; not kept.
    """

    low: bool = False
    moving_since: float | None = None
    water_out: bool = False
    dry_at: float | None = None
    disturbed_at: float | None = None
    dose: Dose | None = None
    feed: tuple[tuple[str, float], ...] = ()
    feed_at: float | None = None
    trials: Mapping[Role, Trial] = field(default_factory=dict)
    ineffective: Mapping[Role, int] = field(default_factory=dict)
    inhibit: str = ""
    salts: float | None = None
    acid_at: float | None = None
    base_at: float | None = None
    dosers: Mapping[str, DoserState] = field(default_factory=dict)
    probes: Mapping[str, ProbeState] = field(default_factory=dict)
    fill: FillRun | None = None
    fills: tuple[tuple[float, float], ...] = ()
    fill_inhibit: str = ""
    closed_at: float | None = None
    closed_l: float | None = None
    closed: ClosedFill | None = None
    overshoot_l: float = 0.0
    readings: tuple[tuple[float, float], ...] = ()
    filled_today_l: float = 0.0
    day_start: float | None = None
    last_dose_end: DoseEnd | None = None
    last_fill_end: FillEnd | None = None
    waits: Reason | None = None
    fill_waits: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradedState:
    """A device without its reading: since when (farm time), what it did last, and whether its limit
    is over. Kept: a restart does not lengthen it."""

    since: float
    value: float
    over: bool = False


class PulseEnd(StrEnum):
    """Why the pulse that tries an actuator ended."""

    DONE = "done"
    FAILED = "failed"
    NEEDED = "needed"
    STOPPED = "stopped"
    TAKEOVER = "takeover"
    SHUTDOWN = "shutdown"
    CRASH = "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """An actuator that is tried: driven to `value` (0…1) for `duration_s` from when it is seen on
    (`seen_at`, with what proved it). Instants are monotonic: a device answers in real time, however
    fast a farm runs. `why` is the code of what ended it early. Kept: after a restart it is over,
    and what it has switched on is brought off."""

    value: float
    duration_s: float
    asked_at: float
    by: str = ""
    seen_at: float | None = None
    proof: ProofState = ProofState.UNKNOWN
    end: PulseEnd | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interlock:
    """A contact that has tripped, by its binding: since when, and whether that was told. Smoke and
    leak stay until a person clears them, a door until it is closed."""

    at: float
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The water of a reservoir since `at`, when it held `litres`: `wasted` is what was given to
    plants and does not come back, `counted` the daily counters it was added up from."""

    at: float
    litres: float
    wasted: float = 0.0
    counted: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """What checks of a node against virtual sensors found (`virtual.py`). `flow_share` is the
    learned flow of a pump, of its rating, over `flow_runs`, the last of which began at
    `sampled_at`. Not durable: it is found again."""

    problems: frozenset[str] = frozenset()
    flow_share: float | None = None
    flow_runs: int = 0
    sampled_at: float | None = None
    balance: Balance | None = None


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Everything control remembers between two steps. The mappings are never changed in place."""

    farm: FarmState = field(default_factory=FarmState)
    points: Mapping[str, PointState] = field(default_factory=dict)
    actuators: Mapping[str, ActuatorState] = field(default_factory=dict)
    zones: Mapping[str, ZoneState] = field(default_factory=dict)
    levels: Mapping[str, LevelState] = field(default_factory=dict)
    circuits: Mapping[str, CircuitState] = field(default_factory=dict)
    reservoirs: Mapping[str, ReservoirState] = field(default_factory=dict)
    checks: Mapping[str, CheckState] = field(default_factory=dict)
    interlocks: Mapping[str, Interlock] = field(default_factory=dict)
    degraded: Mapping[str, DegradedState] = field(default_factory=dict)
    #: Actuators that are tried now.
    pulses: Mapping[str, Pulse] = field(default_factory=dict)
    #: By binding: the readings that people calibrate though nothing is dosed by them.
    sensors: Mapping[str, ProbeState] = field(default_factory=dict)
    batches: Mapping[str, Batch] = field(default_factory=dict)
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    lots: Mapping[str, Lot] = field(default_factory=dict)
    rollouts: Mapping[str, Rollout] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)
    #: By node: one at a time.
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    due: Mapping[str, Due] = field(default_factory=dict)
    #: The earliest of `due` on each clock.
    next_due: Due = NEVER
    #: Sums of the hour in which the process ended, as they were kept: for the runtime alone.
    hours: Mapping[str, Any] = field(default_factory=dict)
    #: The batches on each level, oldest first: worked out from `batches` when those change.
    growing: Mapping[str, tuple[Batch, ...]] = field(default_factory=dict)
