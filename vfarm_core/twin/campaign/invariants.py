"""What must hold after every step of every story, whatever happens.

The rules look at what the simulated devices physically do and at what is on disk, not at what
control believes, as far as control can know it. A device that is itself in trouble is not held to
its limits (nothing could be done about it), but what control wants of it still is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...control import safety
from ...control.effects import Command
from ...control.inputs import Request
from ...control.memory import Memory, Quality
from ...farm.bindings import Binding, Danger
from ...farm.overrides import Mode, WorkflowKind
from ...farm.roles import DOSING, Role, spec
from ...science.light import light_day
from .tanks import RULES, TankWatch

if TYPE_CHECKING:
    from .stage import Stage

#: A healthy device has carried out what was decided after this long (s): the slowest valve of the
#: twin takes 4 s, and its meter tells of it 2 s later.
REACTION_S = 10.0
#: A dark time of this length (s) ends a light day.
_NIGHT_S = 4 * 3600.0
_DAY_S = 86400.0
#: A light day is over when lamps have been off this long (s).
_OVER_S = 600.0
#: Ramps move in steps of a minute, so a light day may end so much late (s).
_LATE_S = 90.0

_OPPOSED = ((Role.HEATER, Role.COOLER), (Role.HUMIDIFIER, Role.DEHUMIDIFIER))

#: rule -> what it says
INVARIANTS: Mapping[str, str] = MappingProxyType(
    {
        "no_opposing": "heating and cooling, humidifying and drying are never on together, except "
        "for a declared cool-and-reheat",
        "maximum_on": "nothing that is dangerous on stays on past its maximum",
        "daily_cap": "the rolling 24 h cap of on-time is kept, also over restarts",
        "maximum_off": "nothing that is dangerous off stays off past its maximum while plants need "
        "it, unless a leak, an empty tank or a stop forbids it",
        "journal_first": "nothing gated (water, doses, fills, CO2) is opened before its record is "
        "on disk, and nothing while the journal cannot be written",
        "owned": "nothing gated is open without an owner in the journal",
        "dark": "no lamp is on in the dark period, over an empty level, or longer than the "
        "photoperiod after lights-on (held after lost memory, lamps are left as they are)",
        "co2_safe": "CO2 flows only lit, on a good reading below 2,000 ppm, surely without people, "
        "and never against exhaust",
        "stopped": "after an emergency stop nothing is wanted or commanded on",
        "disarmed": "nothing of a disarmed loop is wanted or commanded on",
        "monitor": "monitor mode commands nothing on that is not already running for the plants",
        "valve_first": "no pump is started against a closed valve",
        "one_shot_a_pump": "a pump waters one circuit at a time",
        **RULES,
    }
)


def workflow_at(memory: Memory, node: str) -> WorkflowKind | None:
    """What people do at a node."""
    found = memory.workflows.get(node)
    return None if found is None else found.kind


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that was broken, when (seconds after the beginning) and how."""

    invariant: str
    at_s: float
    detail: str


class Watch:
    """Watches one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.broken: dict[str, Broken] = {}
        self._since: dict[str, tuple[bool, float]] = {}
        self._log: dict[str, list[tuple[float, float]]] = {}
        self._bad: dict[tuple[str, str], float] = {}
        self._lit_from: dict[str, float] = {}
        self._lit_last: dict[str, float] = {}
        self._days: dict[str, list[tuple[float, float]]] = {}
        self._tanks = TankWatch(stage, self)
        farm, now = stage.farm, stage.now
        for level in farm.levels:
            # A story that begins by day: its light day has begun before the farm was switched on.
            day = light_day(now, level.lights_on, 16.0, farm.tz)
            if day.start_s <= now < day.end_s:
                self._lit_from[level.id] = day.start_s

    def light_days(self, level: str) -> list[float]:
        """Lengths (s) of the light days that ended since the beginning; one that was under way
        then counts from its planned lights-on."""
        stage = self._stage
        days = list(self._days.get(level, []))
        start, last = self._lit_from.get(level), self._lit_last.get(level)
        if start is not None and last is not None and stage.now - last > _OVER_S:
            days.append((start, last))
        return [end - start for start, end in days if end >= stage.zero]

    def asked(self, request: Request) -> None:
        """A request of a person, before it is carried out."""
        self._tanks.asked(request)

    def given_ml(self, point: str, since: float) -> float:
        """What a dosing pump gave in the periods that began since then, mL."""
        return self._tanks.given_ml(point, since)

    def filled_l(self, since: float) -> float:
        """What came through all fill lines since then, L."""
        return sum(self._tanks.filled_l(key, since) for key in self._stage.twin.tanks)

    # -- commands -------------------------------------------------------------------------------

    def command(self, command: Command, binding: Binding) -> None:
        """Look at a command on its way out."""
        if command.value <= 0:
            return
        stage = self._stage
        memory = stage.memory
        declared, loop = binding.declaration, spec(binding.role).loop
        if memory.farm.emergency is not None:
            self._break("stopped", f"{command.point} is commanded on")
        if loop in memory.farm.disarmed:
            self._break("disarmed", f"{command.point} is commanded on")
        kept_running = declared is not None and declared.danger is Danger.OFF
        if memory.farm.mode is Mode.MONITOR and not kept_running:
            self._break("monitor", f"{command.point} is commanded on")
        if declared is not None and safety.closes_on_restart(stage.twin.farm, binding):
            if stage.disk.failing:
                self._break("journal_first", f"{command.point} opens while the journal fails")
            elif command.id not in stage.disk.commands:
                self._break("journal_first", f"{command.point} opens before its record is on disk")
        if binding.role is Role.IRRIGATION_PUMP and command.reason.code != "takeover":
            valves = self._valves(binding.node)
            shut = valves and not any(stage.twin.actuators[v].output > 0 for v in valves)
            if shut and not any(stage.excused(v) for v in valves):
                self._break("valve_first", f"{command.point} starts against closed valves")
        for invariant, detail in self._tanks.command(command, binding):
            self._break(invariant, detail)

    def _valves(self, pump: str) -> list[str]:
        farm = self._stage.twin.farm
        return [
            b.id
            for circuit in farm.circuits_of_pump.get(pump, ())
            for b in farm.of(circuit.id, Role.IRRIGATION_VALVE)
        ]

    # -- states ---------------------------------------------------------------------------------

    def look(self) -> None:
        """After every step."""
        self._measure()
        self._tanks.measure()
        for invariant, check in _CHECKS:
            for detail in check(self):
                self._break(invariant, detail)
        for invariant, detail in self._tanks.look():
            self._break(invariant, detail)

    def _break(self, invariant: str, detail: str) -> None:
        at = self._stage.now - self._stage.zero
        self.broken.setdefault(invariant, Broken(invariant, round(at, 1), detail))

    def _measure(self) -> None:
        now = self._stage.now
        for point, actuator in self._stage.twin.actuators.items():
            is_on = actuator.output > 0
            known = self._since.get(point)
            if known is None:
                self._since[point] = (is_on, now)
            elif known[0] is not is_on:
                if known[0]:
                    self._log.setdefault(point, []).append((known[1], now))
                self._since[point] = (is_on, now)

    def periods(self, point: str) -> Iterator[tuple[float, float]]:
        """When a device was on, the last time up to now: beginnings and seconds."""
        yield from ((start, end - start) for start, end in self._log.get(point, []))
        is_on, since = self._since.get(point, (False, 0.0))
        if is_on:
            yield since, self._stage.now - since

    def on_for(self, point: str) -> float:
        """Seconds a device has been on; 0 when it is off."""
        is_on, since = self._since[point]
        return self._stage.now - since if is_on else 0.0

    def off_for(self, point: str) -> float:
        """Seconds a device has been off; 0 when it is on."""
        is_on, since = self._since[point]
        return 0.0 if is_on else self._stage.now - since

    def lasts(self, rule: str, key: str, bad: bool, longest: float = REACTION_S) -> bool:
        """Whether something has been wrong for longer than a healthy farm takes to react."""
        now = self._stage.now
        if not bad:
            self._bad.pop((rule, key), None)
            return False
        return now - self._bad.setdefault((rule, key), now) > longest

    def wanted(self, point: str) -> bool:
        """Whether control wants an actuator on."""
        state = self._stage.memory.actuators.get(point)
        return bool(state is not None and state.wanted)

    def taken_over(self, point: str) -> bool:
        """Whether a person or an automation drives an actuator."""
        state = self._stage.memory.actuators.get(point)
        until = state.takeover_until if state is not None else None
        return until is not None and until > self._stage.clock.now().farm - REACTION_S

    # -- the rules ------------------------------------------------------------------------------

    def no_opposing(self) -> Iterator[str]:
        stage = self._stage
        for zone in stage.farm.zones:
            for pair in _OPPOSED:
                points = [b.id for role in pair for b in stage.farm.of(zone.id, role)]
                if len(points) < 2 or (zone.reheat and self._reheats(points)):
                    continue
                if all(self.wanted(p) for p in points):
                    yield f"{' and '.join(points)} are wanted on together"
                free = not any(stage.excused(p) for p in points)
                both = free and all(stage.twin.actuators[p].output > 0 for p in points)
                # A compressor in its minimum on-time ends it before the other one starts.
                if self.lasts("no_opposing", points[0], both):
                    yield f"{' and '.join(points)} are on together"

    def _reheats(self, points: list[str]) -> bool:
        """Whether the cooler of these dries while the heater holds the temperature."""
        state = self._stage.memory.actuators.get(points[-1])
        reason = state.reason.code if state is not None and state.reason is not None else ""
        return reason == "reheat_dry"

    def maximum_on(self) -> Iterator[str]:
        stage = self._stage
        for point, actuator in stage.twin.actuators.items():
            declared = actuator.binding.declaration
            if declared is None or declared.max_on_s is None:
                continue
            over = self.on_for(point) - declared.max_on_s
            if over > REACTION_S and not stage.excused(point):
                yield f"{point} is on for {self.on_for(point):.0f} s"
            if over > 1 and self.wanted(point) and stage.up:
                seen = stage.memory.actuators[point].is_on
                if seen and self.lasts("maximum_on", point, True):
                    yield f"{point} is wanted on after {self.on_for(point):.0f} s"

    def daily_cap(self) -> Iterator[str]:
        stage = self._stage
        since = stage.now - _DAY_S
        for point, actuator in stage.twin.actuators.items():
            declared = actuator.binding.declaration
            if declared is None or declared.daily_cap_s is None or stage.excused(point):
                continue
            used = self.on_for(point)
            used += sum(b - max(a, since) for a, b in self._log.get(point, []) if b > since)
            if used > declared.daily_cap_s + REACTION_S:
                yield f"{point} was on for {used:.0f} s of 24 h"

    def maximum_off(self) -> Iterator[str]:
        stage = self._stage
        for point, actuator in stage.twin.actuators.items():
            declared = actuator.binding.declaration
            if declared is None or declared.max_off_s is None:
                continue
            state = stage.memory.actuators.get(point)
            reason = state.reason.code if state is not None and state.reason is not None else ""
            may = reason in _MAY_STAY_OFF or not stage.memory.batches or stage.excused(point)
            valves = self._valves(actuator.binding.node)
            # A pump has nowhere to go while none of its valves opens.
            may = may or (bool(valves) and all(stage.excused(v) for v in valves))
            bad = not may and self.off_for(point) > declared.max_off_s
            if self.lasts("maximum_off", point, bad):
                yield f"{point} is off for {self.off_for(point):.0f} s ({reason})"

    def journal_first(self) -> Iterator[str]:
        stage = self._stage
        failing = not stage.memory.farm.journal_ok
        for point, actuator in self._gated():
            if failing and self.wanted(point):
                yield f"{point} is wanted on while the journal fails"
            bad = failing and actuator > 0 and not stage.excused(point)
            if self.lasts("journal_first", point, bad):
                yield f"{point} is open while the journal fails"

    def _gated(self) -> Iterator[tuple[str, float]]:
        for point, actuator in self._stage.twin.actuators.items():
            if safety.closes_on_restart(self._stage.twin.farm, actuator.binding):
                yield point, actuator.output

    def owned(self) -> Iterator[str]:
        stage = self._stage
        for point, output in self._gated():
            bad = output > 0 and not stage.excused(point) and not self._owner(point)
            if self.lasts("owned", point, bad):
                yield f"{point} is open without an owner in the journal"

    def _owner(self, point: str) -> bool:
        stage = self._stage
        if self.taken_over(point):
            return True
        binding = stage.twin.actuators[point].binding
        if binding.role in (Role.CO2_VALVE, Role.MIXING_PUMP):
            return stage.disk.last.get(point, 0.0) > 0
        if binding.role is Role.FILL_VALVE or binding.role in DOSING:
            tank = stage.disk.slices.get(f"reservoir:{binding.node}") or {}
            if binding.role is Role.FILL_VALVE:
                return tank.get("fill") is not None
            return (tank.get("dose") or {}).get("point") == point
        farm = stage.farm
        circuits = [c.id for c in farm.circuits if binding.node in (c.id, c.pump)]
        kept = (stage.disk.slices.get(f"circuit:{c}") or {} for c in circuits)
        if binding.role is Role.DRAIN_VALVE:
            # It closes: the table is known to be wet, or not known, since the shot that is kept.
            return any(k.get("unknown") or k.get("dry_at") is not None for k in kept)
        return any(k.get("shot") is not None or k.get("cycling") for k in kept)

    def dark(self) -> Iterator[str]:
        stage = self._stage
        for level in stage.farm.levels:
            lamps = stage.twin.farm.of(level.id, Role.GROW_LIGHT)
            lit = any(stage.twin.actuators[b.id].output > 0 for b in lamps)
            self._follow_day(level.id, lit)
            free = lamps and not any(stage.excused(b.id) or self.taken_over(b.id) for b in lamps)
            if not free or not stage.up or stage.memory.farm.lost_memory:
                self.lasts("dark", level.id, False)
                self.lasts("long", level.id, False)
                continue
            state = stage.memory.levels.get(level.id)
            work = workflow_at(stage.memory, stage.farm.zone_of_level[level.id])
            planned = (state is not None and state.lit) or work is WorkflowKind.WORK_LIGHT
            if self.lasts("dark", level.id, lit and not planned):
                yield f"{level.id} is lit while its lamps are planned off"
            hours = self._photoperiod_h(level.id)
            if hours is not None and hours < 20:
                over = stage.now - self._lit_from.get(level.id, stage.now) - hours * 3600
                if self.lasts("long", level.id, lit and over > 0, _LATE_S):
                    yield f"{level.id} is lit {over / 60 + hours * 60:.0f} min after lights-on"

    def _follow_day(self, level: str, lit: bool) -> None:
        now = self._stage.now
        if not lit:
            return
        last = self._lit_last.get(level)
        start = self._lit_from.get(level)
        if start is None or (last is not None and now - last > _NIGHT_S):
            if start is not None and last is not None:
                self._days.setdefault(level, []).append((start, last))
            self._lit_from[level] = now
        self._lit_last[level] = now

    def _photoperiod_h(self, level: str) -> float | None:
        memory = self._stage.memory
        for batch in memory.batches.values():
            if batch.is_growing and level in batch.levels:
                phase = memory.recipes[batch.recipe_version].phases[batch.phase_index]
                return phase.light.photoperiod_h
        return None

    def co2_safe(self) -> Iterator[str]:
        stage = self._stage
        memory = stage.memory
        for zone in stage.twin.farm.zones:
            for b in stage.twin.farm.of(zone.id, Role.CO2_VALVE):
                if stage.twin.actuators[b.id].output <= 0 or stage.excused(b.id):
                    self.lasts("co2_safe", b.id, False)
                    continue
                why = ""
                levels = stage.twin.farm.levels_of_zone[zone.id]
                if not any(
                    (s := memory.levels.get(level.id)) is not None and s.lit for level in levels
                ):
                    why = "in the dark"
                contacts = stage.twin.farm.of(zone.id, Role.OCCUPANCY)
                if any(stage.twin.contacts[c.id].shown is not False for c in contacts):
                    why = "with people who may be there"
                probes = [memory.points.get(p.id) for p in stage.twin.farm.of(zone.id, Role.CO2)]
                good = [p for p in probes if p is not None and p.quality is Quality.GOOD]
                if not good:
                    why = "without a good reading"
                elif any((p.value or 0) >= 2000 for p in good):
                    why = "at 2,000 ppm"
                fans = stage.twin.farm.of(zone.id, Role.EXHAUST_FAN)
                if any(stage.twin.actuators[f.id].shown for f in fans):
                    why = "against exhaust"
                # A taken-over valve is a person's, within its maximum on-time.
                bad = bool(why) and not self.taken_over(b.id)
                if self.lasts("co2_safe", b.id, bad):
                    yield f"{b.id} is open {why}"

    def stopped(self) -> Iterator[str]:
        if self._stage.memory.farm.emergency is not None:
            for point, state in self._stage.memory.actuators.items():
                if state.wanted:
                    yield f"{point} is wanted on"

    def disarmed(self) -> Iterator[str]:
        stage = self._stage
        for point, state in stage.memory.actuators.items():
            binding = stage.farm.binding.get(point)
            if binding is None or not state.wanted:
                continue
            if spec(binding.role).loop in stage.memory.farm.disarmed:
                yield f"{point} is wanted on"

    def one_shot_a_pump(self) -> Iterator[str]:
        stage = self._stage
        farm = stage.twin.farm
        for pump in farm.pumps:
            valves = self._valves(pump.id)
            shots = [p for p in valves if safety.closes_on_restart(farm, farm.binding[p])]
            free = not any(stage.excused(p) or self.taken_over(p) for p in shots)
            now_open = sum(stage.twin.actuators[p].output > 0 for p in shots)
            if self.lasts("one_shot_a_pump", pump.id, free and now_open > 1):
                yield f"{now_open} circuits of {pump.id} are open"


#: Why something that is dangerous off may stay off.
_MAY_STAY_OFF = frozenset(
    {
        "leak",
        "smoke",
        "maintenance",
        "solution_change",
        "volume_low",
        "emergency_stop",
        "disarmed",
        "no_batch",
    }
)

_CHECKS: tuple[tuple[str, Callable[[Watch], Iterator[str]]], ...] = (
    ("no_opposing", Watch.no_opposing),
    ("maximum_on", Watch.maximum_on),
    ("daily_cap", Watch.daily_cap),
    ("maximum_off", Watch.maximum_off),
    ("journal_first", Watch.journal_first),
    ("owned", Watch.owned),
    ("dark", Watch.dark),
    ("co2_safe", Watch.co2_safe),
    ("stopped", Watch.stopped),
    ("disarmed", Watch.disarmed),
    ("one_shot_a_pump", Watch.one_shot_a_pump),
)
