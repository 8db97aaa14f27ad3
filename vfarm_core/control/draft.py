"""The working copy of one step: reads through to the memory, keeps what changed apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..batches.model import Batch
from ..farm.bindings import Binding
from ..farm.nodes import Circuit, Farm
from ..farm.overrides import Mode, Override, Quantity, WorkflowKind
from ..farm.roles import Role
from ..recipes.blend import blended
from ..recipes.model import ClimateQuantity, Phase, Recipe, Setpoint
from .clock import Due, Now
from .effects import Command, Event, Record, Severity
from .memory import (
    ActuatorState,
    CheckState,
    CircuitState,
    FarmState,
    LevelState,
    Memory,
    PointState,
    ReservoirState,
    Stage,
    ZoneState,
)
from .reasons import Reason
from .shares import shares

#: What people bring about by working on a node, and know: while its maintenance lasts it is told as
#: P4. Never a trip, nor what is told as P1.
_BY_WORK = frozenset(
    {
        "co2_ineffective",
        "command_failed",
        "door_open",
        "flow_low",
        "light_in_dark",
        "light_sensor_frozen",
        "mass_balance",
        "not_proved",
        "power_mismatch",
        "sensor_flat_line",
    }
)


class Overlay[T]:
    """A mapping of the memory, with the changes of this step: `now` is what it is at this moment,
    and a copy of its own from the first change on."""

    __slots__ = ("_base", "_mine", "changes", "now", "removed")

    def __init__(self, base: Mapping[str, T]) -> None:
        self._base = base
        self._mine: dict[str, T] | None = None
        self.now: Mapping[str, T] = base
        self.changes: dict[str, T] = {}
        self.removed: set[str] = set()

    def get(self, key: str) -> T | None:
        """The value now, or None."""
        return self.now.get(key)

    def set(self, key: str, value: T) -> None:
        """Change a value; the same value again is no change."""
        old = self.now.get(key)
        if old is not value and old != value:
            self.put(key, value)

    def put(self, key: str, value: T) -> None:
        """Change a value that is known to be another one."""
        mine = self._mine
        if mine is None:
            mine = self._own()
        mine[key] = self.changes[key] = value
        if self.removed:
            self.removed.discard(key)

    def remove(self, key: str) -> None:
        """Forget a value."""
        if key in self.now:
            del self._own()[key]
            self.changes.pop(key, None)
            if key in self._base:
                self.removed.add(key)

    def clear(self) -> None:
        """Forget every value."""
        for key in tuple(self.now):
            self.remove(key)

    def _own(self) -> dict[str, T]:
        if self._mine is None:
            self.now = self._mine = dict(self._base)
        return self._mine

    @property
    def changed(self) -> bool:
        """Whether anything of it changed in this step."""
        return bool(self.changes or self.removed)

    def values(self) -> Iterable[T]:
        """All values now."""
        return self.now.values()

    def old(self, key: str) -> T | None:
        """The value before this step."""
        return self._base.get(key)

    def merged(self) -> Mapping[str, T]:
        """The mapping after this step; the very same object when nothing changed."""
        return self.now if self.changed else self._base


def _by_age(batch: Batch) -> tuple[float, str]:
    return batch.sown_at, batch.id


NO_POINT = PointState()
NO_ACTUATOR = ActuatorState()
NO_ZONE = ZoneState()
NO_LEVEL = LevelState()
_NO_CIRCUIT = CircuitState()
_NO_RESERVOIR = ReservoirState()
_NO_CHECK = CheckState()


class Draft:
    """One step in the making."""

    def __init__(self, farm: Farm, memory: Memory, now: Now) -> None:
        self.farm = farm
        self.memory = memory
        self.now = now
        self.state: FarmState = memory.farm
        self.points = Overlay(memory.points)
        self.actuators = Overlay(memory.actuators)
        self.zones = Overlay(memory.zones)
        self.levels = Overlay(memory.levels)
        self.circuits = Overlay(memory.circuits)
        self.reservoirs = Overlay(memory.reservoirs)
        self.checks = Overlay(memory.checks)
        self.interlocks = Overlay(memory.interlocks)
        self.degraded = Overlay(memory.degraded)
        self.pulses = Overlay(memory.pulses)
        self.sensors = Overlay(memory.sensors)
        self.batches = Overlay(memory.batches)
        self.recipes = Overlay(memory.recipes)
        self.lots = Overlay(memory.lots)
        self.rollouts = Overlay(memory.rollouts)
        self.tasks = Overlay(memory.tasks)
        self.overrides = Overlay(memory.overrides)
        self.workflows = Overlay(memory.workflows)
        self.due = Overlay(memory.due)
        #: Nodes that still have to be looked at, in the order in which they were marked (a set has
        #: another order in every process, and with it commands would), and nodes that were.
        self.dirty: dict[str, None] = {}
        self.seen: set[str] = set()
        self.records: list[Record] = []
        self.commands: list[Command] = []
        self.events: list[Event] = []
        self._next_command = memory.farm.next_command
        #: The climate asked of each zone, once worked out; zones whose batches share none.
        self.setpoints: dict[str, dict[ClimateQuantity, Setpoint]] = {}
        self.disjoint: set[str] = set()
        self.placed: Mapping[str, tuple[Batch, ...]] = memory.growing
        #: What controllers worked out of a node once in this step (see `forget_derived`).
        self.derived: dict[tuple[str, object], Any] = {}
        #: The light that the recipe of each batch asks for, what the lamps of each level do, what
        #: is shown of what is asked of it, and of each actuator: with what it was made of, the same
        #: until that changes.
        self.light_of_batch: dict[str, Any] = farm.scratch.setdefault("light_of_batch", {})
        self.lit_level: dict[str, Any] = farm.scratch.setdefault("lit_level", {})
        self.asked_of_level: dict[str, Any] = farm.scratch.setdefault("asked_of_level", {})
        self.shown_actuator: dict[str, Any] = farm.scratch.setdefault("shown_actuator", {})
        #: The light that is planned for each level, once its day was looked at in this step:
        #: nothing that it is made of changes any more.
        self.light_of_level: dict[str, Any] = {}
        #: What is shown of each batch on all of its levels, at the end of this step.
        self.shown_batch: dict[str, Any] = {}
        #: Days that ended in this step: when each began and its light, mol/m², by level.
        self.light_days: dict[str, tuple[float, float]] = {}
        self._find_groups()

    def _find_groups(self) -> None:
        """The batches of zones and reservoirs, found when they are asked for, are the same from
        step to step until batches change: `placed` is another mapping then."""
        known = self.farm.scratch.get("groups")
        if known is None or known["placed"] is not self.placed:
            known = {
                "placed": self.placed,
                "zones": {},
                "tanks": {},
                "circuits": {},
                "solutions": {},
            }
            self.farm.scratch["groups"] = known
        self._zone_batches: dict[str, tuple[Batch, ...]] = known["zones"]
        self._tank_batches: dict[str, tuple[Batch, ...]] = known["tanks"]
        self._circuit_batches: dict[str, tuple[tuple[Batch, str], ...]] = known["circuits"]
        #: What the batches of each reservoir ask of its solution (`solution.setpoints`).
        self.solutions: dict[str, Any] = known["solutions"]

    # -- slices ---------------------------------------------------------------------------------

    def point(self, key: str) -> PointState:
        """A sensor's slice."""
        return self.points.now.get(key) or NO_POINT

    def actuator(self, key: str) -> ActuatorState:
        """An actuator's slice."""
        return self.actuators.now.get(key) or NO_ACTUATOR

    def zone(self, key: str) -> ZoneState:
        """A zone's slice."""
        return self.zones.now.get(key) or NO_ZONE

    def level(self, key: str) -> LevelState:
        """A level's slice."""
        return self.levels.now.get(key) or NO_LEVEL

    def circuit(self, key: str) -> CircuitState:
        """A circuit's slice."""
        return self.circuits.now.get(key) or _NO_CIRCUIT

    def reservoir(self, key: str) -> ReservoirState:
        """A reservoir's slice."""
        return self.reservoirs.now.get(key) or _NO_RESERVOIR

    def check(self, key: str) -> CheckState:
        """What checks against virtual sensors found of a node."""
        return self.checks.now.get(key) or _NO_CHECK

    # -- effects --------------------------------------------------------------------------------

    def mark(self, *nodes: str) -> None:
        """These nodes have to be looked at in this step."""
        for node in nodes:
            self.dirty[node] = None

    def mark_all(self) -> None:
        """Every node has to be looked at in this step."""
        self.dirty.update(dict.fromkeys(self.farm.nodes))
        self.dirty[self.farm.id] = None

    def wake(self, key: str, due: Due) -> None:
        """Look at `key` again at `due`."""
        if due.farm is None and due.mono is None:
            self.due.remove(key)
        else:
            self.due.set(key, due)

    def wake_at(self, key: str, at: float | None) -> None:
        """Look at `key` again at `at` (farm time), or never. The same as `wake`, for who comes by
        in every minute."""
        if at is None:
            self.due.remove(key)
            return
        old = self.due.now.get(key)
        if old is None or old.farm != at or old.mono is not None:
            self.due.put(key, Due(at, None))

    def attended(self, node: str) -> bool:
        """Whether people maintain a node, or the place it is part of."""
        if not self.workflows.now:
            return False
        found = (self.workflows.get(key) for key in (node, *self.farm.above.get(node, ())))
        return any(w is not None and w.kind is WorkflowKind.MAINTENANCE for w in found)

    def kept_dark(self, level: str) -> bool:
        """Whether people keep a level, or the place it is part of, dark to germinate."""
        if not self.workflows.now:
            return False
        found = (self.workflows.get(key) for key in (level, *self.farm.above.get(level, ())))
        return any(w is not None and w.kind is WorkflowKind.DARK_GERMINATION for w in found)

    def event(
        self,
        kind: str,
        node: str,
        severity: Severity = Severity.INFO,
        kept: Mapping[str, Any] | None = None,
        /,
        **params: Any,
    ) -> None:
        """Tell and record that something happened; `kept` is recorded only. What people bring about
        by working on a node is no alarm while they do."""
        if kind in _BY_WORK and severity in (Severity.P2, Severity.P3) and self.attended(node):
            severity = Severity.P4
        event = Event(kind=kind, node=node, at=self.now.farm, severity=severity, params=params)
        self.events.append(event)
        self.records.append(
            Record(
                kind=kind,
                at=self.now.farm,
                data={"node": node, "severity": severity.value, **params, **(kept or {})},
            )
        )

    def command(
        self,
        point: str,
        value: float,
        reason: Reason,
        *,
        gated: bool,
        duration_s: float | None = None,
        recorded: bool = True,
    ) -> Command:
        """A new command, recorded with its reason; not one of many that a record owns together."""
        made = Command(self._next_command, point, value, reason, gated, duration_s)
        self._next_command += 1
        self.commands.append(made)
        if not recorded:
            return made
        data = {
            "id": made.id,
            "point": point,
            "value": value,
            "code": reason.code,
            "params": dict(reason.params),
        }
        self.records.append(Record("command", data, self.now.farm, None))
        return made

    @property
    def next_command(self) -> int:
        """The number of the next command."""
        return self._next_command

    @property
    def undisturbed(self) -> bool:
        """Whether nothing stands that concerns every actuator: no stop, hold, latch of a place or
        work of people, and the farm runs."""
        state = self.state
        return (
            state.stage is Stage.RUNNING
            and state.mode is Mode.AUTO
            and state.emergency is None
            and state.drill is None
            and state.journal_ok
            and not state.disarmed
            and not self.interlocks.now
            and not self.workflows.now
        )

    # -- questions ------------------------------------------------------------------------------

    def of(self, node: str, role: Role) -> tuple[Binding, ...]:
        """The bindings of a role of a node."""
        return self.farm.bound.get((node, role), ())

    def growing(self, level: str) -> tuple[Batch, ...]:
        """The batches that grow on a level, oldest first."""
        return self.placed.get(level, ())

    def zone_batches(self, zone: str) -> tuple[Batch, ...]:
        """The batches that grow in a zone, oldest first, each once."""
        found = self._zone_batches.get(zone)
        if found is None:
            unique = {
                batch.id: batch
                for level in self.farm.levels_of_zone[zone]
                for batch in self.placed.get(level.id, ())
            }
            found = tuple(sorted(unique.values(), key=_by_age))
            self._zone_batches[zone] = found
        return found

    def tank_batches(self, reservoir: str) -> tuple[Batch, ...]:
        """The batches that a reservoir waters, oldest first, each once."""
        found = self._tank_batches.get(reservoir)
        if found is None:
            unique = {
                batch.id: batch
                for circuit in self.farm.circuits_of_reservoir[reservoir]
                for level in circuit.levels
                for batch in self.placed.get(level, ())
            }
            found = tuple(sorted(unique.values(), key=_by_age))
            self._tank_batches[reservoir] = found
        return found

    def circuit_batches(self, circuit: Circuit) -> tuple[tuple[Batch, str], ...]:
        """The oldest batch of each level that a circuit waters, with its level, oldest first."""
        found = self._circuit_batches.get(circuit.id)
        if found is None:
            oldest = [(x[0], level) for level in circuit.levels if (x := self.placed.get(level))]
            found = tuple(sorted(oldest, key=lambda pair: _by_age(pair[0])))
            self._circuit_batches[circuit.id] = found
        return found

    def forget_derived(self) -> None:
        """Inputs are taken: from here on a step only reads what targets are made of."""
        self.derived.clear()
        self.light_of_level.clear()

    def batches_changed(self) -> None:
        """Batches were started, moved or ended in this step."""
        placed: dict[str, list[Batch]] = {}
        for batch in sorted(self.batches.values(), key=_by_age):
            if batch.is_growing:
                for placement in batch.placements:
                    placed.setdefault(placement.level_id, []).append(batch)
        self.placed = {level: tuple(batches) for level, batches in placed.items()}
        self._find_groups()
        self.setpoints.clear()
        self.disjoint.clear()
        self.forget_derived()
        self.light_of_batch.clear()
        self.mark_all()

    def shares(self, node: str) -> dict[str, float]:
        """Which batches what is given to a node is for, and in what shares."""
        return shares(self.farm, self.placed, node)

    def batch_counted(self, batch: Batch) -> None:
        """A batch has gathered something: what it asks for and where it stands is as it was."""
        self.batches.set(batch.id, batch)
        placed = dict(self.placed)
        for level in batch.levels:
            placed[level] = tuple(batch if b.id == batch.id else b for b in placed.get(level, ()))
            if level in self.farm.level:
                self.mark(level)
        self.placed = placed
        self._find_groups()
        self.derived.clear()
        self.mark(self.farm.id)

    def recipe(self, batch: Batch) -> Recipe:
        """The recipe version a batch is pinned to."""
        recipe = self.recipes.get(batch.recipe_version)
        if recipe is None:
            raise LookupError(f"batch {batch.id} is pinned to an unknown recipe version")
        return recipe

    def phase(self, batch: Batch) -> Phase:
        """The phase a batch is in; on the way from another version, what lies between."""
        recipe = self.recipe(batch)
        if batch.changeover is not None and (way := self.on_the_way(batch)) is not None:
            version, index, share, light_share = way
            old = self.recipes.get(version)
            if old is not None:
                return blended(old, index, recipe, batch.phase_index, share, light_share)
        return recipe.phases[batch.phase_index]

    def on_the_way(self, batch: Batch) -> tuple[str, int, float, float] | None:
        """Of a batch that changes its recipe: the version and phase it comes from, how far its
        targets have come and how far its photoperiod. None once it has arrived."""
        way = batch.changeover
        if way is None:
            return None
        share = way.share(self.now.farm)
        if share >= 1.0:
            return None
        return way.from_version, way.from_phase, share, way.light_share(self.now.farm)

    def override(self, node: str, quantity: Quantity) -> Override | None:
        """The override in force, if any."""
        if not self.overrides.now:
            return None
        found = self.overrides.get(f"{node}.{quantity.value}")
        return found if found is not None and found.expires_at > self.now.farm else None
