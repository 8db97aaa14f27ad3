"""Bindings: which existing entity measures or moves what, and what an actuator may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .roles import SPECS, Role, RoleKind


class Danger(StrEnum):
    """The direction in which an actuator is dangerous when it stays there."""

    ON = "on"
    OFF = "off"
    NEITHER = "neither"


class OnLoss(StrEnum):
    """What an actuator does by itself when power or control is lost."""

    OFF = "off"
    ON = "on"
    KEEPS = "keeps"
    UNKNOWN = "unknown"


class Proof(StrEnum):
    """How the state of an actuator is proved.

    `echo`: the entity only repeats the command; shown as unproved. `state`: the device reports
    the state it is in. `feedback`: another binding of the same node (role `feedback`, `flow` or
    `power`) shows the effect. `pulse`: the command carries a duration, and the hardware itself
    ends the pulse after it, also when nobody talks to it any more.
    """

    ECHO = "echo"
    STATE = "state"
    FEEDBACK = "feedback"
    PULSE = "pulse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosing:
    """What a dosing pump may give, in mL of its stock: per dose, within any hour, within any 24 h,
    and into one filling of the tank (until the solution is changed). `effect_per_ml_l` is what 1 mL
    of the stock does to 1 L of solution: the rise of EC in mS/cm, or the change of pH; None where
    nobody knows, which is then learned from small doses."""

    max_dose_ml: float
    max_hour_ml: float
    max_day_ml: float
    max_tank_ml: float
    effect_per_ml_l: float | None = None


class OnNoReading(StrEnum):
    """What a device may do while the reading it follows is lost, instead of its safe state: what it
    did last, or a schedule."""

    HOLD = "hold"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """What a device does without its reading, for `limit_s` at most; then its safe state. `on_s`
    and `off_s` are the schedule."""

    mode: OnNoReading
    limit_s: float
    on_s: float = 0.0
    off_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a person declares of an actuator. Without it vfarm does not control the actuator.

    Durations in seconds: `min_on_s`, `min_off_s` protect the device and are ignored by trips;
    `max_on_s` is required when on is dangerous, `max_off_s` when off is; `daily_cap_s` is a rolling
    24 h limit of on-time. `rating_w` is the electrical power when on. `deadline_s` is how long
    a command may take until it is proved (real time). `isolation` names the binding of the valve
    or switch upstream that is driven to its safe state when this actuator cannot be proved safe.
    `on_no_reading` is what a climate device does without its reading; None is its safe state.
    `survives_dry_run`: a pump that is not harmed when its reservoir is empty.
    `proved_by` names the binding whose reading is the feedback, where several of the node could be;
    `dosing` are the limits of a dosing pump. `metered_by` names the power sensor of the same node
    that sees this device alone: what it draws is measured then, not rated.
    """

    danger: Danger
    safe_on: bool = False
    on_power_loss: OnLoss = OnLoss.UNKNOWN
    on_control_loss: OnLoss = OnLoss.UNKNOWN
    min_on_s: float = 0.0
    min_off_s: float = 0.0
    max_on_s: float | None = None
    max_off_s: float | None = None
    daily_cap_s: float | None = None
    rating_w: float | None = None
    proof: Proof = Proof.ECHO
    deadline_s: float = 10.0
    isolation: str | None = None
    survives_dry_run: bool = False
    on_no_reading: Degraded | None = None
    proved_by: str | None = None
    dosing: Dosing | None = None
    metered_by: str | None = None


#: What opens a way for gas or water, moved by a coil or a motor.
_VALVES = frozenset({Role.CO2_VALVE, Role.FILL_VALVE, Role.IRRIGATION_VALVE, Role.DRAIN_VALVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Node + role + entity. `entity` is opaque to the core: the shell's reference to it.

    `unit` overrides the unit the entity reports; `scale` and `offset` turn its number (after unit
    conversion) into the role's unit. `invert` swaps on and off of a contact or switch. `dims` is
    false for a lamp that only knows on and off. `compensated` is false for a probe that does not
    know the temperature of the solution: one for EC reports the conductivity as it is there, not at
    25 °C as most do; one for pH takes its electrode for one at 25 °C; one for oxygen takes the
    water for 20 °C. `check_days` is how often a reading that nothing is dosed by is to be checked.
    `step` is the smallest share of its output by which a device with few stages can be set (0:
    any). `on_option` and `off_option` are what the entity calls on and off, where it has words of
    its own: one entity may have several roles if each has its own word for on, as an air
    conditioner that heats or cools. `levels`: a climate device that is driven to levels between off
    and full, not switched.
    """

    id: str
    node: str
    role: Role
    entity: str
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    invert: bool = False
    dims: bool = True
    compensated: bool = True
    check_days: float | None = None
    step: float = 0.0
    levels: bool = False
    on_option: str | None = None
    off_option: str | None = None
    declaration: Declaration | None = None

    @property
    def shown_by_power(self) -> bool:
        """Whether what it draws proves its state: a device of which the rating is declared. Never a
        valve: a coil that draws nothing says nothing of a valve that is stuck open."""
        declared = self.declaration
        return self.role not in _VALVES and declared is not None and bool(declared.rating_w)

    @property
    def has_levels(self) -> bool:
        """Whether it is driven to levels between off and full."""
        facts = SPECS[self.role]
        if facts.kind is RoleKind.DIMMER:
            return self.dims
        return self.levels and facts.levels and self.dims


def binding_id(node: str, role: Role, number: int = 1) -> str:
    """The id of the `number`-th binding of a role of a node."""
    return f"{node}.{role}" if number == 1 else f"{node}.{role}.{number}"
