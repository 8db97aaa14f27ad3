"""Modes of a farm, workflows of a node and overrides of a setpoint."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """What vfarm may do. `monitor` computes and logs every command but sends none."""

    AUTO = "auto"
    MONITOR = "monitor"
    HOLD = "hold"


class WorkflowKind(StrEnum):
    """What people do at a node, as a mode with an end.

    `maintenance`: the node's actuators are left to people. `solution_change`: a reservoir is
    drained, refilled and mixed. `sanitation`: a reservoir or circuit is cleaned with something that
    no plant may get. `dark_germination`: a level is kept dark. `work_light`: lamps are on at a
    working level while people are in a zone.
    """

    MAINTENANCE = "maintenance"
    SOLUTION_CHANGE = "solution_change"
    SANITATION = "sanitation"
    DARK_GERMINATION = "dark_germination"
    WORK_LIGHT = "work_light"


class Step(StrEnum):
    """Where a workflow is."""

    RUNNING = "running"
    DRAIN = "drain"
    REFILL = "refill"
    MIXING = "mixing"
    CONTACT = "contact"
    RINSE = "rinse"


@dataclass(frozen=True, slots=True)
class WorkflowRule:
    """Where a workflow is possible, its longest time (h) and its steps."""

    nodes: tuple[str, ...]
    most_h: float
    steps: tuple[Step, ...] = (Step.RUNNING,)


#: Longest times are a design choice, but maintenance: 8 h (operations.md section 3.4).
WORKFLOWS = {
    WorkflowKind.MAINTENANCE: WorkflowRule(("zone", "rack", "level", "reservoir", "circuit"), 8.0),
    WorkflowKind.SOLUTION_CHANGE: WorkflowRule(
        ("reservoir",), 8.0, (Step.DRAIN, Step.REFILL, Step.MIXING)
    ),
    WorkflowKind.SANITATION: WorkflowRule(
        ("reservoir", "circuit"), 72.0, (Step.CONTACT, Step.RINSE)
    ),
    WorkflowKind.DARK_GERMINATION: WorkflowRule(("level",), 7 * 24.0),
    WorkflowKind.WORK_LIGHT: WorkflowRule(("zone",), 2.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow that runs on a node, until `until` (farm time, epoch s). `confirmed`: a person has
    said yes to what would otherwise not be done. A step that waits for a person has no end."""

    node: str
    kind: WorkflowKind
    since: float
    until: float
    step: Step = Step.RUNNING
    step_at: float = 0.0
    confirmed: bool = False
    by: str = ""


class Quantity(StrEnum):
    """What an override can set."""

    AIR_TEMPERATURE = "air_temperature"
    HUMIDITY = "humidity"
    VPD = "vpd"
    CO2 = "co2"
    PPFD = "ppfd"
    PHOTOPERIOD = "photoperiod"


@dataclass(frozen=True, slots=True)
class QuantityRange:
    """What an override of a quantity accepts: node kind, unit and range, and the step in which
    people set it."""

    node: str
    unit: str
    low: float
    high: float
    step: float


#: An override ends after so long (h) at the latest (design choice: a week; what is to last longer
#: is a version of the recipe).
LONGEST_OVERRIDE_H = 7 * 24.0

#: Ranges outside of which no crop of the library grows; a recipe's critical limits are tighter.
OVERRIDE_RANGES = {
    Quantity.AIR_TEMPERATURE: QuantityRange("zone", "°C", 5.0, 40.0, 0.1),
    Quantity.HUMIDITY: QuantityRange("zone", "%", 20.0, 100.0, 1.0),
    Quantity.VPD: QuantityRange("zone", "kPa", 0.1, 3.0, 0.01),
    Quantity.CO2: QuantityRange("zone", "ppm", 300.0, 1800.0, 10.0),
    Quantity.PPFD: QuantityRange("level", "μmol/m²/s", 0.0, 2000.0, 1.0),
    Quantity.PHOTOPERIOD: QuantityRange("level", "h", 0.0, 24.0, 0.25),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's setpoint in place of the recipe's, until `expires_at` (farm time, epoch s)."""

    node: str
    quantity: Quantity
    value: float
    expires_at: float
    by: str = ""
    why: str = ""

    @property
    def key(self) -> str:
        """One override per node and quantity."""
        return f"{self.node}.{self.quantity}"
