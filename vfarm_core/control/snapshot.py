"""Snapshots: what a node looks like from outside, for entities, cards and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..batches.rollout import RolloutState, Strategy, Turn, Verdict
from ..farm.overrides import Mode, Step, WorkflowKind
from ..farm.roles import Loop, Role
from ..recipes.model import Ripe
from .hot import hot_value
from .memory import ProbeCheck, ProofState, Quality, ShotEnd, ShotStage, Stage, SteeringPhase


class Status(StrEnum):
    """The state of a node at a glance."""

    IDLE = "idle"
    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"


@hot_value(kw_only=False)
class Measured:
    """A quantity of a node: value in the role's unit (None when there is no good reading),
    its quality, the target in force and where the value stands against the limits."""

    value: float | None = None
    quality: Quality = Quality.MISSING
    target: float | None = None
    status: Status = Status.IDLE
    overridden: bool = False


@hot_value(kw_only=False)
class ActuatorView:
    """One actuator: `reported` and `wanted` are 0…1, `reason` the English sentence, `code` and
    `params` what a translated one is made of; `change` is the key of what would change it."""

    point: str
    role: Role
    reported: float | None
    wanted: float | None
    proof: ProofState
    latched: bool
    code: str
    params: Mapping[str, str | float | int]
    reason: str
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorView:
    """A sensor that is not good: `reason` is the English sentence, `code` and `params` what a
    translated one is made of. While a jump is looked at the value before it may still count."""

    point: str
    role: Role
    quality: Quality
    code: str
    params: Mapping[str, str | float | int]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchView:
    """A smoke or leak sensor that has tripped and waits for a person; `at` is farm time."""

    point: str
    role: Role
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowView:
    """The workflow a node is in. `node` is the one it was started on, `until` farm time; None when
    its step waits for a person."""

    kind: WorkflowKind
    node: str
    step: Step
    until: float | None
    by: str


@hot_value
class BatchView:
    """A batch as people ask for it; instants are farm time in epoch seconds. `ready_*_at` is when
    its plants will have had what the recipe gives them, `forecast_*_kg` what they weigh on the
    recipe's date, each as the limits it probably lies in; `forecast_basis` what that rests on.
    `waits_for` is what ends its phase in place of days: `waits_got` of `waits_needed` is there, as
    far as it is known; `waits_modelled` where nothing measures it."""

    id: str
    title: str
    crop: str
    recipe: str
    recipe_version: str
    state: str
    phase: str
    phase_index: int
    phases: tuple[str, ...]
    day_of_phase: float
    days_left_in_phase: float
    phase_ends_at: float
    day_of_batch: float
    fraction: float
    sown_at: float
    expected_harvest_at: float
    plants: int
    levels: tuple[str, ...]
    ready_low_at: float
    ready_high_at: float
    forecast_low_kg: float
    forecast_kg: float
    forecast_high_kg: float
    forecast_basis: tuple[str, ...]
    harvested_kg: float
    waits_for: Ripe | None = None
    waits_got: float | None = None
    waits_needed: float | None = None
    waits_modelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutView:
    """A roll-out of a recipe version. `sown`, `moved` and `returned` are its batches by what it did
    with them, `on_old` living ones of the old version, `left` those that could not be moved and
    why, `waits_for` whom it waits for at its end. `*_inside` is the share of the `*_hours` that
    batches of a version were within warning limits."""

    id: str
    recipe: str
    was: str
    version: str
    strategy: Strategy
    state: RolloutState
    auto: bool
    started_at: float
    ramp_h: float
    levels: tuple[str, ...]
    sown: tuple[str, ...]
    moved: tuple[str, ...]
    returned: tuple[str, ...]
    on_old: tuple[str, ...]
    waits_for: tuple[str, ...]
    left: Mapping[str, str]
    new_inside: float | None
    old_inside: float | None
    new_hours: float
    old_hours: float
    gates: tuple[Verdict, ...]
    history: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmSnapshot:
    """The farm: mode, latches and what grows. `problems` are keys of standing problems."""

    mode: Mode
    stage: Stage
    emergency: bool
    emergency_unproved: tuple[str, ...]
    disarmed: tuple[Loop, ...]
    journal_ok: bool
    lost_memory: bool
    batches: tuple[BatchView, ...]
    problems: tuple[str, ...]
    status: Status
    rollouts: tuple[RolloutView, ...] = ()


@hot_value
class ZoneSnapshot:
    """One zone. `vpd_target` etc. are inside the Measured values; `latches` are the smoke and leak
    sensors that have tripped and wait for a person."""

    air_temperature: Measured
    humidity: Measured
    vpd: Measured
    co2: Measured
    dew_point: float | None
    day: bool
    latches: tuple[LatchView, ...] = ()
    workflow: WorkflowView | None = None
    actuators: tuple[ActuatorView, ...]
    sensors: tuple[SensorView, ...] = ()
    problems: tuple[str, ...]
    status: Status


@hot_value(kw_only=False)
class LevelSnapshot:
    """One level. `lights_on_at` is the next lights-on while it is dark. `ppfd` is measured, or
    modelled from the proved output of the lamps (`ppfd_modelled`); `ppfd_source` is `measured`,
    `lux` or `modelled`. `dli` is what the plants got since lights-on. `lamp_hours` are hours at
    full output, `lamp_left` the share of the first light the lamps have by them, `lamp_ratio` what
    is measured of what the model says. `shift_h` is how far lights-on was moved from the level's
    own time, `saving` the share of the cost of electricity that saves. `notes` are keys of what the
    recipe asks for and the lamps cannot give."""

    batch: str | None
    batch_title: str | None
    crop: str | None
    phase: str | None
    day_of_phase: float | None
    fraction: float | None
    expected_harvest_at: float | None
    day: bool
    lights_on_at: float | None
    lights_off_at: float | None
    ppfd: float | None
    ppfd_modelled: bool
    ppfd_source: str
    ppfd_target: float | None
    dli: float | None
    dli_target: float | None
    dli_yesterday: float | None
    actuators: tuple[ActuatorView, ...]
    problems: tuple[str, ...]
    status: Status
    lamp_hours: int | None = None
    lamp_left: float | None = None
    lamp_ratio: float | None = None
    shift_h: float | None = None
    saving: float | None = None
    notes: tuple[str, ...] = ()
    workflow: WorkflowView | None = None
    sensors: tuple[SensorView, ...] = ()


@hot_value
class ReservoirSnapshot:
    """One reservoir; `latches` are its leak sensors that have tripped and wait for a person.
    `dosing_inhibited`: `dosing_code` is more than a wait that belongs to dosing. `probes` says of
    each role that dosing goes by whether a person has checked its probe."""

    ec: Measured
    ph: Measured
    temperature: Measured
    volume: Measured
    oxygen: Measured
    fill_fraction: float | None
    dose: str | None
    dose_part: Role | None
    dose_ml: float | None
    dosed_today_ml: Mapping[Role, float]
    dosing_code: str
    dosing_params: Mapping[str, str | float | int]
    dosing_reason: str
    dosing_inhibited: bool = False
    probes: Mapping[Role, ProbeCheck] = field(default_factory=dict)
    fill: str | None
    fill_l: float | None = None
    filled_today_l: float
    fill_code: str = ""
    fill_params: Mapping[str, str | float | int] = field(default_factory=dict)
    fill_reason: str
    latches: tuple[LatchView, ...] = ()
    workflow: WorkflowView | None = None
    actuators: tuple[ActuatorView, ...]
    sensors: tuple[SensorView, ...] = ()
    problems: tuple[str, ...]
    status: Status


@hot_value
class CircuitSnapshot:
    """One circuit; `next_shot_at` is None when nothing is planned. A circuit that mists in a cycle
    shows the cycle, not each mist. `inhibited` is the end of the shot that stopped it for good.
    `by_schedule`: what should bring its shots is not known. `moisture` vol-%, `dryback_points`
    percentage points below the peak, runoff in % of a shot and of the day's water."""

    shot: str | None
    stage: ShotStage | None
    planned_s: float | None
    next_shot_at: float | None
    last_shot_at: float | None
    last_end: ShotEnd | None
    last_delivered_l: float | None
    shots_today: int
    litres_today: float
    workflow: WorkflowView | None = None
    actuators: tuple[ActuatorView, ...]
    sensors: tuple[SensorView, ...] = ()
    cycling: bool = False
    inhibited: str = ""
    by_schedule: bool = False
    steering: SteeringPhase | None = None
    moisture: float | None = None
    dryback_points: float | None = None
    dryback_target_points: float | None = None
    substrate_ec: float | None = None
    substrate_temperature: float | None = None
    drain_ec: float | None = None
    runoff_pct: float | None = None
    runoff_today_pct: float | None = None
    problems: tuple[str, ...]
    status: Status


type Snapshot = FarmSnapshot | ZoneSnapshot | LevelSnapshot | ReservoirSnapshot | CircuitSnapshot
