"""Field devices: actuators that take time and can fail, sensors that are noisy, slow and late.

A device is made of the binding it stands for, so that the twin has exactly the points the farm has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, exp
from random import Random
from types import MappingProxyType

from ..control.inputs import Cause, Report
from ..farm.bindings import Binding
from ..farm.roles import Role, RoleKind, spec
from ..farm.units import linear
from .faults import FaultKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorTraits:
    """How a sensor measures. `noise` and `bias` are standard deviations in the role's unit (bias:
    between specimens), `relative` one of noise as a share of the value, `drift_per_day` the one of
    the slope between specimens, `lag_s` its time constant, `every_s` its reporting interval (0:
    only when what it sees changes), `step` its resolution."""

    noise: float = 0.0
    relative: float = 0.0
    bias: float = 0.0
    drift_per_day: float = 0.0
    lag_s: float = 0.0
    every_s: float = 60.0
    step: float = 0.01


#: Typical data-sheet figures of digital probes (SHT4x class, NDIR CO2, two-electrode EC, glass
#: pH, ultrasonic or pressure volume, quantum sensor) [D].
TRAITS: Mapping[Role, SensorTraits] = MappingProxyType(
    {
        Role.AIR_TEMPERATURE: SensorTraits(noise=0.03, bias=0.1, lag_s=30, step=0.01),
        Role.HUMIDITY: SensorTraits(noise=0.2, bias=0.8, lag_s=20, step=0.1),
        Role.CO2: SensorTraits(noise=5.0, bias=15.0, drift_per_day=0.3, lag_s=40, step=1.0),
        Role.LEAF_TEMPERATURE: SensorTraits(noise=0.1, bias=0.2, lag_s=5, step=0.1),
        Role.SURFACE_TEMPERATURE: SensorTraits(noise=0.1, bias=0.2, lag_s=30, step=0.1),
        Role.OUTSIDE_TEMPERATURE: SensorTraits(noise=0.1, bias=0.2, every_s=300.0, step=0.1),
        Role.OUTSIDE_HUMIDITY: SensorTraits(noise=0.5, bias=1.0, every_s=300.0, step=1.0),
        Role.PPFD: SensorTraits(relative=0.005, every_s=120.0, step=0.1),
        Role.ILLUMINANCE: SensorTraits(relative=0.005, every_s=120.0, step=1.0),
        Role.CANOPY_COVER: SensorTraits(noise=0.5, every_s=3600.0, step=0.1),
        Role.SOLUTION_EC: SensorTraits(
            noise=0.005, bias=0.01, drift_per_day=0.0005, lag_s=20, every_s=300.0, step=0.001
        ),
        Role.SOLUTION_PH: SensorTraits(
            noise=0.01, bias=0.02, drift_per_day=0.002, lag_s=30, every_s=300.0, step=0.01
        ),
        Role.SOLUTION_TEMPERATURE: SensorTraits(noise=0.03, bias=0.1, every_s=300.0),
        Role.DISSOLVED_OXYGEN: SensorTraits(noise=0.05, bias=0.1, lag_s=30, every_s=300.0),
        Role.VOLUME: SensorTraits(noise=0.2, bias=0.5, every_s=120.0, step=0.1),
        Role.FLOW: SensorTraits(relative=0.01, every_s=60.0, step=0.01),
        # A pulse meter that reports every quarter of a minute while it counts, capacitive moisture.
        Role.WATER_TOTAL: SensorTraits(every_s=15.0, step=0.1),
        Role.PRESSURE: SensorTraits(relative=0.01, every_s=60.0, step=1.0),
        Role.SUBSTRATE_MOISTURE: SensorTraits(noise=0.1, every_s=300.0, step=0.1),
        Role.SUBSTRATE_EC: SensorTraits(noise=0.02, every_s=300.0, step=0.01),
        Role.SUBSTRATE_TEMPERATURE: SensorTraits(noise=0.05, every_s=300.0, step=0.1),
        Role.DRAIN_EC: SensorTraits(noise=0.02, every_s=300.0, step=0.01),
        Role.DRAIN_VOLUME: SensorTraits(every_s=60.0, step=0.01),
        Role.POWER: SensorTraits(relative=0.005, every_s=60.0, step=0.1),
    }
)
#: A meter of flow or power shows a change after this time (s) [D].
METER_DELAY_S = 2.0


#: Seconds from a command until an actuator is there and reports it: motor valves and pump starters
#: take some, relays and lamp drivers well under a tenth [D].
DELAY_S: Mapping[Role, float] = MappingProxyType(
    {
        Role.IRRIGATION_VALVE: 4.0,
        Role.DRAIN_VALVE: 4.0,
        Role.FILL_VALVE: 1.0,
        Role.IRRIGATION_PUMP: 1.0,
    }
)


class Actuator:
    """One actuator. `output` is what it physically does (0…1); what it did on average since it was
    last asked is `mean`."""

    __slots__ = (
        "_integral",
        "_marked",
        "binding",
        "delay_s",
        "dimmer",
        "fault",
        "fault_value",
        "lowest",
        "output",
        "shown",
        "wanted",
    )

    def __init__(self, binding: Binding, at: float, lowest: float = 0.0) -> None:
        self.binding = binding
        self.dimmer = binding.has_levels or spec(binding.role).kind is RoleKind.DIMMER
        self.delay_s = DELAY_S.get(binding.role, 0.0)
        self.lowest = lowest
        self.output = 0.0
        self.shown: float | None = 0.0
        self.wanted: float | None = None
        self.fault: FaultKind | None = None
        self.fault_value: float | None = None
        self._integral = 0.0
        self._marked = at

    def take(self, value: float) -> float:
        """A command arrives; returns after how many seconds it takes effect."""
        value = 1.0 - value if self.binding.invert else value
        value = min(1.0, max(0.0, value))
        if self.dimmer:
            # A driver holds its lowest output rather than flicker below it.
            step = self.binding.step
            if step and value > 0:
                # A fan with speeds takes the next one up.
                value = min(1.0, ceil(round(value / step, 6)) * step)
            self.wanted = max(value, self.lowest) if value > 0 else 0.0
        else:
            self.wanted = 1.0 if value > 0 else 0.0
        if self.fault is FaultKind.SLOW:
            return self.delay_s * (self.fault_value or 1.0)
        return self.delay_s

    def on(self, value: float) -> bool:
        """Whether a command of `value` switches it on."""
        return (1.0 - value if self.binding.invert else value) > 0

    def settle(self, at: float) -> None:
        """The delay of the newest command is over, or a fault came or went."""
        fault = self.fault
        if fault is FaultKind.STUCK_ON:
            self._move(1.0, at)
        elif fault is FaultKind.STUCK_OFF:
            self._move(0.0, at)
        elif fault in (FaultKind.IGNORES, FaultKind.LIES, FaultKind.UNAVAILABLE):
            pass
        elif self.wanted is not None:
            self._move(self.wanted, at)
        if fault is FaultKind.UNAVAILABLE:
            self.shown = None
        elif fault is FaultKind.LIES and self.wanted is not None:
            self.shown = self.wanted
        else:
            self.shown = self.output

    def _move(self, output: float, at: float) -> None:
        self._integral += self.output * (at - self._marked)
        self._marked = at
        self.output = output

    def mean(self, since: float, at: float) -> float:
        """Mean output between `since`, when it was last asked, and `at`."""
        if self._integral == 0.0 and self._marked <= since:
            self._marked = at
            return self.output
        total = self._integral + self.output * (at - self._marked)
        self._integral = 0.0
        self._marked = at
        return total / (at - since) if at > since else self.output

    def raw(self) -> float | bool | None:
        """What the entity says: a number for a dimmer, on or off for the rest, None when it is
        not there."""
        if self.shown is None:
            return None
        value = 1.0 - self.shown if self.binding.invert else self.shown
        return round(value, 4) if self.dimmer else value > 0

    def report(self, at: float, cause: Cause) -> Report:
        """What the entity reports."""
        return Report(self.binding.id, self.raw(), None, at, cause)


class Sensor:
    """One sensor. `see` returns the true value in the role's unit."""

    __slots__ = (
        "_bias",
        "_drift_per_s",
        "_offset",
        "_random",
        "_scale",
        "_start",
        "at",
        "binding",
        "fault",
        "fault_value",
        "filtered",
        "see",
        "shown",
        "traits",
        "unit",
    )

    def __init__(self, binding: Binding, see: Callable[[], float], seed: int, start: float) -> None:
        facts = spec(binding.role)
        self.binding = binding
        self.see = see
        self.traits = TRAITS.get(binding.role, SensorTraits())
        self.unit = binding.unit if binding.unit is not None else facts.unit
        # What the entity must say so that its unit, scale and offset lead to the true value.
        by_unit, unit_offset = linear(self.unit, facts.unit)
        self._scale = 1.0 / (by_unit * binding.scale)
        self._offset = -(unit_offset * binding.scale + binding.offset) * self._scale
        # A stream of its own: what one sensor draws does not change what another one shows.
        self._random = Random(f"{seed}/{binding.id}")
        self._bias = self._random.gauss(0.0, self.traits.bias)
        self._drift_per_s = self._random.gauss(0.0, self.traits.drift_per_day) / 86400
        self._start = start
        self.at = start
        self.filtered: float | None = None
        self.fault: FaultKind | None = None
        self.fault_value: float | None = None
        self.shown: float | None = None

    def measure(self, at: float) -> float | None:
        """What it shows at `at`, in the role's unit; None when it is not there."""
        traits = self.traits
        true = self.see()
        if self.filtered is None or traits.lag_s <= 0:
            self.filtered = true
        elif at > self.at:
            self.filtered += (true - self.filtered) * (1 - exp(-(at - self.at) / traits.lag_s))
        self.at = at
        fault = self.fault
        if fault is FaultKind.UNAVAILABLE:
            self.shown = None
            return None
        if fault is FaultKind.STUCK_VALUE:
            if self.fault_value is not None:
                self.shown = self.fault_value
            return self.shown
        value = self.filtered + self._bias + self._drift_per_s * (at - self._start)
        noise = traits.noise + traits.relative * abs(true)
        if noise > 0:
            value += self._random.gauss(0.0, noise)
        if fault is FaultKind.OFFSET:
            value += self.fault_value or 0.0
        elif value < 0 and self.filtered >= 0:
            value = 0.0
        self.shown = round(value / traits.step) * traits.step
        return self.shown

    def raw(self) -> float | None:
        """What the entity says now."""
        if self.shown is None:
            return None
        return round(self.shown * self._scale + self._offset, 5)

    def report(self, at: float) -> Report | None:
        """Measure and report; None when it stays silent."""
        if self.fault is FaultKind.SILENT:
            return None
        self.measure(at)
        return Report(self.binding.id, self.raw(), self.unit, at)


class Contact:
    """A contact: on or off, reported when it changes."""

    __slots__ = ("binding", "fault", "fault_value", "see", "shown")

    def __init__(self, binding: Binding, see: Callable[[], bool]) -> None:
        self.binding = binding
        self.see = see
        self.fault: FaultKind | None = None
        self.fault_value: float | None = None
        self.shown: bool | None = None

    def look(self) -> bool:
        """Take up what it sees; whether that has changed."""
        before = self.shown
        if self.fault is FaultKind.UNAVAILABLE:
            self.shown = None
        elif self.fault is FaultKind.STUCK_VALUE:
            if self.fault_value is not None:
                self.shown = self.fault_value > 0
        elif self.fault is not FaultKind.SILENT:
            self.shown = self.see()
        return self.shown is not before

    def raw(self) -> bool | None:
        """What the entity says now."""
        if self.shown is None:
            return None
        return not self.shown if self.binding.invert else self.shown

    def report(self, at: float) -> Report:
        """What the entity reports."""
        return Report(self.binding.id, self.raw(), None, at)
