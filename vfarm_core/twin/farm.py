"""The simulated farm: everything a real one has, from lamps to floats, on one clock.

The physics runs on a fixed grid of steps; switching, meters and floods happen between them at
their own instants. How often `advance` is called changes nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..batches.model import Batch
from ..control.inputs import Cause, Report
from ..farm.bindings import Binding
from ..farm.nodes import Circuit, Farm, Pump
from ..farm.roles import DOSING, Role, RoleKind, spec
from ..recipes.model import Recipe
from ..science.air import relative_humidity_from_absolute_pct
from ..science.light import Lamp, lux_from_ppfd
from ..science.water import OXYGEN_T, oxygen_saturation_mg_l
from .air import Flows, Outside, ZoneAir
from .config import TwinConfig, ZoneConfig, equipment_of, room_of
from .devices import METER_DELAY_S, Actuator, Contact, Sensor
from .faults import ACTUATOR_FAULTS, SENSOR_FAULTS, Fault, FaultKind
from .handing import handed
from .plants import ON_RESERVES, Stand, raised, stand_of
from .rooms import LevelRoom, ZoneRoom
from .water import Piping, ReservoirParameters, Tank

#: Electrical power where a declaration gives no rating, W [D].
_PUMP_W = 60.0
_TANK_PUMPS_W = {
    Role.AIR_PUMP: 15.0,
    Role.MIXING_PUMP: 30.0,
    **dict.fromkeys(DOSING, 5.0),
    Role.FILL_VALVE: 8.0,
}
#: A float reports full above, a pump sucks air below this share of a tank [D].
_FULL_SHARE = 0.97
_SUCTION_SHARE = 0.01
#: Pressure of a running pump in an open line, against a closed one, and sucking air, kPa [D].
_LINE_KPA, _CLOSED_KPA, _DRY_KPA = 120.0, 200.0, 5.0
#: Roles whose entities show a change soon after an actuator of their node moved.
_METERS = (Role.FLOW, Role.PRESSURE, Role.POWER, Role.PPFD, Role.ILLUMINANCE)
_CLIMATE = {
    Role.HEATER: "heater",
    Role.COOLER: "cooler",
    Role.HUMIDIFIER: "humidifier",
    Role.DEHUMIDIFIER: "dehumidifier",
    Role.EXHAUST_FAN: "exhaust",
    Role.CIRCULATION_FAN: "circulation",
    Role.CO2_VALVE: "co2",
}
#: What climate devices of which the power is no matter of their output draw in a step, J.
_DRAWS: Mapping[Role, Callable[[Flows], float]] = {
    Role.COOLER: lambda flows: flows.cooling_j,
    Role.DEHUMIDIFIER: lambda flows: flows.dryer_j,
}
#: The kinds of energy the twin counts, kWh.
SUBSYSTEMS = ("light", "heating", "cooling", "humidity", "fans", "pumps")
#: What the twin counts of water, litres.
WATERS = (
    "pumped",
    "drained",
    "transpired",
    "refilled",
    "spilled",
    "condensed",
    "humidified",
)

_SETTLE, _FAULT, _METER, _GROUP = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """One point as its entity shows it. `value` is None when it is not available, `unit` what the
    entity says of it (None for switches and contacts)."""

    binding: Binding
    kind: RoleKind
    value: float | bool | None
    unit: str | None

    @property
    def available(self) -> bool:
        """Whether the entity is there."""
        return self.value is not None


@dataclass(slots=True)
class Taken:
    """Plants that left the farm, and the fresh mass (kg) that could be harvested of them."""

    plants: float = 0.0
    kg: float = 0.0

    def add(self, plants: float, kg: float) -> None:
        """So many more."""
        self.plants += plants
        self.kg += kg


class UnknownPointError(LookupError):
    """A point the farm does not have, or one that cannot be driven."""


class Twin:
    """A simulated farm. `start` is farm time in epoch seconds."""

    def __init__(
        self,
        farm: Farm,
        config: TwinConfig | None = None,
        *,
        start: float,
        batches: Iterable[Batch] = (),
        recipes: Mapping[str, Recipe] | None = None,
        on_report: Callable[[Report], None] | None = None,
    ) -> None:
        self.farm = farm
        self.config = config or TwinConfig()
        self.now = start
        self._physics_at = start
        self._on_report = on_report
        self._queue: list[tuple[float, int, int, Callable[[float], None]]] = []
        self._order = 0
        self._reports: list[Report] = []
        self.energy_j = dict.fromkeys(SUBSYSTEMS, 0.0)
        self.water_l = dict.fromkeys(WATERS, 0.0)
        self.co2_injected_g = 0.0
        self.taken = Taken()
        self.lost = Taken()
        #: Of each batch: plants harvested and lost so far.
        self._gone: dict[str, tuple[int, int]] = {}
        self._settle_token: dict[str, int] = {}

        self.actuators = {
            b.id: Actuator(b, start, self._lowest(b))
            for b in farm.bindings
            if spec(b.role).is_actuator
        }
        self.tanks = {
            r.id: Tank(
                r.capacity_l,
                self.config.reservoirs.get(r.id, ReservoirParameters()),
                self._start_c(r.id),
            )
            for r in farm.reservoirs
        }
        self.levels = {level.id: self._level(level.id) for level in farm.levels}
        self.zones = {zone.id: self._zone(zone.id) for zone in farm.zones}
        self._zone_of_tank = {r.id: self._zone_near(r.id) for r in farm.reservoirs}
        self.pipes = {c.id: self._pipe(c) for c in farm.circuits}
        self.sensors: dict[str, Sensor] = {}
        self.contacts: dict[str, Contact] = {}
        for b in farm.bindings:
            kind = spec(b.role).kind
            if kind is RoleKind.MEASURE:
                self.sensors[b.id] = Sensor(b, self._sight(b), self.config.seed, start)
            elif kind is RoleKind.CONTACT:
                self.contacts[b.id] = Contact(b, self._contact(b))
        #: Circuits of which the drain is clogged.
        self.clogged: set[str] = set()
        self._pump_flow = {pump.id: 0.0 for pump in farm.pumps}
        self._circuit_flow = {c.id: 0.0 for c in farm.circuits}
        self._water_at = start
        self._pump_w = {pump.id: self._rating(pump.id, Role.IRRIGATION_PUMP) for pump in farm.pumps}
        #: The pumps of the tanks; what a fill valve takes is not worth counting.
        self._tank_pumps = tuple(
            (self.actuators[b.id], _rated(b, _TANK_PUMPS_W[b.role]))
            for b in farm.bindings
            if b.role in _TANK_PUMPS_W and b.role is not Role.FILL_VALVE
        )
        self._fill_valves = {
            r.id: tuple(self.actuators[b.id] for b in farm.of(r.id, Role.FILL_VALVE))
            for r in farm.reservoirs
        }
        self._dosers = tuple(
            (self.actuators[b.id], self.tanks[b.node]) for b in farm.bindings if b.role in DOSING
        )
        self._watched = self._watchers()
        if batches:
            self.set_batches(batches, recipes or {})
        for sensor in self.sensors.values():
            sensor.measure(start)
        for contact in self.contacts.values():
            contact.look()
        for every_s in sorted({s.traits.every_s for s in self.sensors.values()} - {0.0}):
            group = [s for s in self.sensors.values() if s.traits.every_s == every_s]
            self._at(start + every_s, _GROUP, partial(self._report_group, group, every_s))
        for fault in self.config.faults:
            self.schedule(fault)

    # -- what the outside does with it --------------------------------------------------------

    @property
    def points(self) -> Mapping[str, PointView]:
        """Every point with its value and unit, as its entity shows it."""
        return {b.id: self.point(b.id) for b in self.farm.bindings}

    def point(self, point: str) -> PointView:
        """One point. Raises UnknownPointError."""
        binding = self.farm.binding.get(point)
        if binding is None:
            raise UnknownPointError(point)
        kind = spec(binding.role).kind
        if point in self.sensors:
            sensor = self.sensors[point]
            return PointView(binding=binding, kind=kind, value=sensor.raw(), unit=sensor.unit)
        device = self.actuators.get(point) or self.contacts[point]
        return PointView(binding=binding, kind=kind, value=device.raw(), unit=None)

    def command(
        self,
        point: str,
        value: float,
        cause: Cause = Cause.OWN,
        duration_s: float | None = None,
    ) -> None:
        """Drive an actuator's entity to `value` (0…1), as a service call would. The effect comes
        after the device's delay and shows as a report; a pulse of `duration_s` ends by itself.
        Raises UnknownPointError."""
        actuator = self.actuators.get(point)
        if actuator is None:
            raise UnknownPointError(point)
        if actuator.fault is FaultKind.UNAVAILABLE:
            return
        delay = actuator.take(value)
        # A newer command replaces one that has not taken effect yet.
        token = self._settle_token.get(point, 0) + 1
        self._settle_token[point] = token
        self._at(self.now + delay, _SETTLE, partial(self._settle, actuator, token, cause))
        if duration_s is not None and actuator.on(value):
            ends = self.now + delay + duration_s
            self._at(ends, _SETTLE, partial(self._end_pulse, actuator, token))

    def all_reports(self) -> list[Report]:
        """What every entity says now, as after a start."""
        now = self.now
        reports = [Report(s.binding.id, s.raw(), s.unit, now) for s in self.sensors.values()]
        reports += [c.report(now) for c in self.contacts.values()]
        reports += [a.report(now, Cause.UNKNOWN) for a in self.actuators.values()]
        return reports

    def take_reports(self) -> list[Report]:
        """The reports since the last call, oldest first. Empty where a callback takes them."""
        reports, self._reports = self._reports, []
        return reports

    @property
    def next_event(self) -> float:
        """The next instant at which something happens by itself."""
        step = self._physics_at + self.config.step_s
        return min(step, self._queue[0][0]) if self._queue else step

    @property
    def next_switch(self) -> float | None:
        """The next instant at which an actuator moves; None when none is on its way."""
        return min((at for at, kind, _, _ in self._queue if kind == _SETTLE), default=None)

    def advance(self, to: float) -> None:
        """Let farm time run to `to`; an earlier instant changes nothing."""
        queue = self._queue
        while True:
            step = self._physics_at + self.config.step_s
            event = queue[0][0] if queue else step
            if step <= event:
                if step > to:
                    break
                self.now = step
                self._physics(step)
                continue
            if event > to:
                break
            at, _, _, act = heapq.heappop(queue)
            self.now = max(self.now, at)
            act(self.now)
        self.now = max(self.now, to)

    def set_batches(self, batches: Iterable[Batch], recipes: Mapping[str, Recipe]) -> None:
        """Where plants stand: to be called when a batch is started, moved, changes phase or ends.

        `recipes` by version. A batch that is new here is as big as its recipe's targets would have
        made it by now; plants that were moved, split off or merged weigh what they weighed.
        """
        batches = tuple(batches)
        self._count_gone(batches)
        wanted: dict[tuple[str, str], Stand] = {}
        growing = sorted((b for b in batches if b.is_growing), key=lambda b: len(b.origin))
        before: dict[str, dict[str, tuple[float, tuple[float, ...]]]] = {}
        for room in self.levels.values():
            for key, stand in room.stands.items():
                before.setdefault(key, {})[room.id] = (stand.plants, stand.masses())
        after = {
            b.id: {p.level_id: b.plants * p.sites / b.sites for p in b.placements} for b in growing
        }
        masses = handed(before, after, {b.id: b.origin for b in growing})
        for batch in growing:
            for level, stand in self._stands(batch, recipes[batch.recipe_version], masses):
                wanted[level, batch.id] = stand
        for level_id, room in self.levels.items():
            room.stands = {batch: s for (at, batch), s in wanted.items() if at == level_id}
        for zone in self.zones.values():
            zone.plants_changed()

    def _count_gone(self, batches: tuple[Batch, ...]) -> None:
        """Count who was harvested or lost since the last time, while they still stand here."""
        for batch in batches:
            cut = sum(c.plants for c in batch.cuts)
            lost = sum(loss.plants for loss in batch.losses)
            if batch.failure is not None and not batch.losses:
                lost = batch.plants
            known = self._gone.get(batch.id)
            self._gone[batch.id] = cut, lost
            if known is None or known == (cut, lost):
                continue
            here = self.stands(batch.id)
            plants = sum(stand.plants for _, stand in here)
            mean_kg = self.harvest_kg(batch.id) / plants if plants else 0.0
            for now, before, counter in zip(
                (cut, lost), known, (self.taken, self.lost), strict=True
            ):
                counter.add(now - before, (now - before) * mean_kg)

    def stands(self, batch: str) -> tuple[tuple[str, Stand], ...]:
        """The stands of a batch by level."""
        return tuple(
            (level.id, level.stands[batch])
            for level in self.levels.values()
            if batch in level.stands
        )

    def harvest_kg(self, batch: str) -> float:
        """Fresh mass (kg) that harvesting a batch now would give."""
        return sum(stand.harvest_g * stand.plants for _, stand in self.stands(batch)) / 1000

    def people(self, zone: str, present: bool) -> None:
        """Somebody enters or leaves a zone."""
        self.zones[zone].people = present
        self._look_at_contacts(self.now)

    def schedule(self, fault: Fault) -> None:
        """A fault that comes at its time, and goes. Raises UnknownPointError for a point the
        fault cannot happen to."""
        allowed = ACTUATOR_FAULTS if fault.point in self.actuators else SENSOR_FAULTS
        if fault.point not in self.farm.binding or fault.kind not in allowed:
            raise UnknownPointError(f"{fault.kind} cannot happen to {fault.point}")
        self._at(max(fault.at, self.now), _FAULT, partial(self._fault, fault))
        if fault.until is not None:
            self._at(max(fault.until, self.now), _FAULT, partial(self._repair, fault))

    @property
    def energy_kwh(self) -> Mapping[str, float]:
        """Electricity since the start, by subsystem."""
        return {name: joule / 3.6e6 for name, joule in self.energy_j.items()}

    @property
    def litres(self) -> Mapping[str, float]:
        """Water since the start, by cause."""
        return {
            **self.water_l,
            "pumped": sum(pipe.pumped for pipe in self.pipes.values()),
            "drained": sum(pipe.drained for pipe in self.pipes.values()),
            "refilled": sum(tank.refilled for tank in self.tanks.values()),
            "spilled": sum(tank.spilled for tank in self.tanks.values()),
        }

    def moves(self, reservoir: str) -> bool:
        """Whether something moves the solution of a tank."""
        return self._on(self.farm.of(reservoir, Role.MIXING_PUMP)) or any(
            self._pump_flow[pump.id] > 0 for pump in self.farm.pumps if pump.reservoir == reservoir
        )

    def solution_l(self) -> float:
        """All nutrient solution in tanks and on watered levels, L."""
        beds = sum(level.bed.water for level in self.levels.values() if level.watered)
        return beds + sum(tank.volume for tank in self.tanks.values())

    def state(self) -> dict[str, Any]:
        """What a restart needs to go on: JSON-able. Sensors and clocks begin anew."""
        return {
            "at": self.now,
            "zones": {
                z.id: [z.air.t, z.air.contents, z.air.vapour, z.air.co2]
                for z in self.zones.values()
            },
            "tanks": {k: [t.volume, t.salts, t.ph, t.t] for k, t in self.tanks.items()},
            "beds": {k: [lv.bed.water, lv.bed.salts] for k, lv in self.levels.items()},
            "actuators": {k: a.output for k, a in self.actuators.items()},
            "stands": {
                f"{level.id}/{batch}": list(stand.masses())
                for level in self.levels.values()
                for batch, stand in level.stands.items()
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`; what it does not know stays as it is."""
        for key, (t, contents, vapour, co2) in state.get("zones", {}).items():
            if zone := self.zones.get(key):
                air = zone.air
                air.t, air.contents, air.vapour, air.co2 = t, contents, vapour, co2
        for key, (volume, salts, ph, t) in state.get("tanks", {}).items():
            if tank := self.tanks.get(key):
                tank.volume, tank.salts, tank.ph, tank.t = volume, salts, ph, t
        for key, (water, salts) in state.get("beds", {}).items():
            if level := self.levels.get(key):
                level.bed.water, level.bed.salts = water, salts
        for key, output in state.get("actuators", {}).items():
            if actuator := self.actuators.get(key):
                actuator.wanted = output
                actuator.settle(self.now)
        for key, masses in state.get("stands", {}).items():
            level_id, _, batch = key.partition("/")
            stand = self.levels[level_id].stands.get(batch) if level_id in self.levels else None
            if stand is not None and len(masses) == len(stand.masses()):
                stand.set_masses(tuple(masses))
        self._flows_changed()
        for zone in self.zones.values():
            zone.plants_changed()
        for sensor in self.sensors.values():
            sensor.filtered = None
            sensor.measure(self.now)
        for contact in self.contacts.values():
            contact.look()

    # -- building -----------------------------------------------------------------------------

    def _lowest(self, binding: Binding) -> float:
        level = self.farm.level.get(binding.node)
        return level.fixture.dim_min if level is not None and level.fixture is not None else 0.0

    def _zone_near(self, reservoir: str) -> str | None:
        """The zone a reservoir stands in: that of the first level it waters."""
        for circuit in self.farm.circuits_of_reservoir[reservoir]:
            for level in circuit.levels:
                return self.farm.zone_of_level[level]
        return None

    def _start_c(self, reservoir: str) -> float:
        zone = self._zone_near(reservoir)
        return self.config.zones.get(zone or "", ZoneConfig()).temperature_c

    def _level(self, level_id: str) -> LevelRoom:
        level = self.farm.level[level_id]
        lamps = tuple(self.actuators[b.id] for b in self.farm.lamps_of_level[level_id])
        circuit_id = self.farm.circuit_of_level.get(level_id)
        if circuit_id is None:
            return LevelRoom(level, lamps, None, None, self.now)
        circuit = self.farm.circuit[circuit_id]
        tank = self.tanks[self.farm.pump[circuit.pump].reservoir]
        return LevelRoom(level, lamps, circuit.method, tank, self.now)

    def _zone(self, zone_id: str) -> ZoneRoom:
        config = self.config.zones.get(zone_id, ZoneConfig())
        room = config.room or room_of(self.farm, zone_id)
        equipment = config.equipment or equipment_of(self.farm, zone_id)
        air = ZoneAir(
            room,
            equipment,
            temperature_c=config.temperature_c,
            humidity_pct=config.humidity_pct,
            co2_level_ppm=config.co2_ppm,
        )
        devices = {
            name: tuple(self.actuators[b.id] for b in bound)
            for role, name in _CLIMATE.items()
            if (bound := self.farm.of(zone_id, role))
        }
        levels = tuple(self.levels[level.id] for level in self.farm.levels_of_zone[zone_id])
        return ZoneRoom(zone_id, room, equipment, air, levels, devices)

    def _pipe(self, circuit: Circuit) -> Piping:
        tank = self.tanks[self.farm.pump[circuit.pump].reservoir]
        beds = tuple(self.levels[level].bed for level in circuit.levels)
        return Piping(tank, beds, circuit.drain_s)

    def _rating(self, node: str, role: Role) -> float:
        return sum(_rated(b, _PUMP_W) for b in self.farm.of(node, role))

    def _watchers(self) -> dict[str, tuple[Sensor, ...]]:
        """For each actuator: the meters that show what it does."""
        farm = self.farm
        near: dict[str, set[str]] = {}
        for circuit in farm.circuits:
            near.setdefault(circuit.id, set()).add(circuit.pump)
            near.setdefault(circuit.pump, set()).add(circuit.id)
        found = {}
        for point, actuator in self.actuators.items():
            node = actuator.binding.node
            nodes = {node, *near.get(node, ())}
            found[point] = tuple(
                s
                for s in self.sensors.values()
                if s.binding.role in _METERS and s.binding.node in nodes
            )
        return found

    def _sight(self, b: Binding) -> Callable[[], float]:
        """What a sensor of this binding sees."""
        node, role = b.node, b.role
        if role is Role.FLOW:
            flows = self._flow_of
            return lambda: flows(node)
        if role is Role.POWER:
            return self._alone(b) or partial(self._power_of, node)
        if role is Role.OUTSIDE_TEMPERATURE:
            return lambda: self.config.outdoor.at(self.now).temperature_c
        if role is Role.OUTSIDE_HUMIDITY:
            return lambda: _humidity_of(self.config.outdoor.at(self.now))
        if role in (Role.WATER_TOTAL, Role.PRESSURE):
            return partial(self._counted if role is Role.WATER_TOTAL else self._pressure_of, node)
        if node in self.pipes:
            return self._substrate(node, role)
        if node in self.zones:
            zone = self.zones[node]
            return {
                Role.AIR_TEMPERATURE: lambda: zone.air.t,
                Role.HUMIDITY: lambda: zone.air.humidity_pct,
                Role.CO2: lambda: zone.air.co2_ppm,
                Role.LEAF_TEMPERATURE: lambda: _leaf(zone),
                Role.SURFACE_TEMPERATURE: lambda: min(zone.air.t, zone.air.contents),
            }[role]
        if node in self.levels:
            level = self.levels[node]
            air = self.zones[self.farm.zone_of_level[node]].air
            return {
                Role.PPFD: level.ppfd_now,
                Role.ILLUMINANCE: lambda: lux_from_ppfd(level.ppfd_now(), Lamp.LED_WHITE),
                Role.CANOPY_COVER: level.cover_pct,
                Role.LEAF_TEMPERATURE: lambda: air.t if level.leaf_c is None else level.leaf_c,
                Role.SURFACE_TEMPERATURE: lambda: min(air.t, air.contents),
            }[role]
        tank = self.tanks[node]
        return {
            Role.SOLUTION_EC: lambda: tank.ec,
            Role.SOLUTION_PH: lambda: tank.ph,
            Role.SOLUTION_TEMPERATURE: lambda: tank.t,
            # Roots and microbes draw nothing: the tank is in balance with air.
            Role.DISSOLVED_OXYGEN: lambda: oxygen_saturation_mg_l(
                min(max(tank.t, OXYGEN_T[0]), OXYGEN_T[1])
            ),
            Role.VOLUME: lambda: tank.volume,
        }[role]

    def _alone(self, meter: Binding) -> Callable[[], float] | None:
        """What a power meter of one climate device sees; None for other meters. A compressor draws
        what the air asks of it, so it takes a meter to know."""
        seen = [
            b.role
            for b in self.farm.actuators_of.get(meter.node, ())
            if b.declaration is not None and b.declaration.metered_by == meter.id
        ]
        if not seen or meter.node not in self.zones or seen[0] not in _DRAWS:
            return None
        flows, draws = self.zones[meter.node].flows, _DRAWS[seen[0]]
        return lambda: draws(flows) / flows.seconds if flows.seconds else 0.0

    def _counted(self, node: str) -> float:
        """Litres that a counter at a pump, at a circuit or in a fill line has seen."""
        self._flow_until(self.now)
        if node in self.tanks:
            return self.tanks[node].refilled
        circuits = self.farm.circuits_of_pump.get(node)
        nodes = [node] if circuits is None else [c.id for c in circuits]
        return sum(self.pipes[c].pumped for c in nodes)

    def _pressure_of(self, node: str) -> float:
        """Pressure at a pump or in its circuit, kPa: none at rest, little where it runs dry, more
        against a closed line."""
        pump = node if node in self._pump_flow else self.farm.circuit[node].pump
        if not self._on(self.farm.of(pump, Role.IRRIGATION_PUMP)):
            return 0.0
        tank = self.tanks[self.farm.pump[pump].reservoir]
        if tank.volume <= _SUCTION_SHARE * tank.capacity:
            return _DRY_KPA
        return _LINE_KPA if self._pump_flow[pump] > 0 else _CLOSED_KPA

    def _substrate(self, circuit: str, role: Role) -> Callable[[], float]:
        """What a probe in a circuit's first substrate sees, or a meter in its drain."""
        pipe = self.pipes[circuit]
        bed = pipe.beds[0]
        return {
            Role.SUBSTRATE_MOISTURE: lambda: bed.vwc_pct,
            Role.SUBSTRATE_EC: lambda: bed.ec,
            Role.SUBSTRATE_TEMPERATURE: lambda: pipe.tank.t,
            Role.DRAIN_EC: lambda: bed.ec,
            Role.DRAIN_VOLUME: lambda: pipe.drained,
        }[role]

    def _contact(self, b: Binding) -> Callable[[], bool]:
        """What a contact of this binding sees."""
        if b.role is Role.OCCUPANCY:
            zone = self.zones[b.node]
            return lambda: zone.people
        if b.role in (Role.LEVEL_LOW, Role.LEVEL_HIGH):
            tank = self.tanks[b.node]
            lowest = self.farm.reservoir[b.node].volume_min_l
            if b.role is Role.LEVEL_LOW:
                return lambda: tank.volume < lowest
            return lambda: tank.volume > _FULL_SHARE * tank.capacity
        if b.role is Role.TABLE_LEVEL:
            beds = self.pipes[b.node].beds
            return lambda: any(bed.wet for bed in beds)
        if b.role is Role.FEEDBACK:
            near = [a for a in self.actuators.values() if a.binding.node == b.node]
            # Wired to the one that names it, else to its whole node.
            movers = [a for a in near if _proved_by(a.binding) == b.id] or near
            return lambda: any(a.output > 0 for a in movers)
        return lambda: False  # A leak happens as a fault.

    # -- what happens -------------------------------------------------------------------------

    def _at(self, at: float, kind: int, act: Callable[[float], None]) -> None:
        self._order += 1
        heapq.heappush(self._queue, (at, kind, self._order, act))

    def _emit(self, report: Report | None) -> None:
        if report is None:
            return
        if self._on_report is not None:
            self._on_report(report)
        else:
            self._reports.append(report)

    def _settle(self, actuator: Actuator, token: int, cause: Cause, now: float) -> None:
        if self._settle_token.get(actuator.binding.id) == token:
            self._move(actuator, cause, now)

    def _end_pulse(self, actuator: Actuator, token: int, now: float) -> None:
        """The hardware's own timer has run out, unless a newer command came."""
        if self._settle_token.get(actuator.binding.id) == token:
            actuator.wanted = 0.0
            self._move(actuator, Cause.UNKNOWN, now)

    def _move(self, actuator: Actuator, cause: Cause, now: float) -> None:
        self._flow_until(now)
        before = actuator.output
        actuator.settle(now)
        self._emit(actuator.report(now, cause))
        if actuator.output != before:
            self._flows_changed()
            self._look_at_contacts(now)
            for sensor in self._watched[actuator.binding.id]:
                self._at(now + METER_DELAY_S, _METER, partial(self._meter, sensor))

    def _meter(self, sensor: Sensor, now: float) -> None:
        self._emit(sensor.report(now))

    def _report_group(self, group: list[Sensor], every_s: float, now: float) -> None:
        for sensor in group:
            self._emit(sensor.report(now))
        self._at(now + every_s, _GROUP, partial(self._report_group, group, every_s))

    def _look_at_contacts(self, now: float) -> None:
        for contact in self.contacts.values():
            if contact.look():
                self._emit(contact.report(now))

    def _fault(self, fault: Fault, now: float) -> None:
        self._put_fault(fault.point, fault.kind, fault.value, now)

    def _repair(self, fault: Fault, now: float) -> None:
        self._put_fault(fault.point, None, None, now)

    def _put_fault(
        self, point: str, kind: FaultKind | None, value: float | None, now: float
    ) -> None:
        device = self.actuators.get(point) or self.sensors.get(point) or self.contacts[point]
        device.fault, device.fault_value = kind, value
        if isinstance(device, Actuator):
            self._move(device, Cause.UNKNOWN, now)
        elif isinstance(device, Sensor):
            if kind in (FaultKind.UNAVAILABLE, None):
                self._emit(device.report(now))
        elif device.look():
            self._emit(device.report(now))

    # -- water --------------------------------------------------------------------------------

    def _flows_changed(self) -> None:
        """Which circuit gets how much, after a pump or valve has moved."""
        for pump in self.farm.pumps:
            circuits = self.farm.circuits_of_pump[pump.id]
            running = self._on(self.farm.of(pump.id, Role.IRRIGATION_PUMP))
            open_now = [c for c in circuits if running and self._open(c)]
            tank = self.tanks[pump.reservoir]
            wet = tank.volume > _SUCTION_SHARE * tank.capacity
            flow = pump.flow_l_min * self._strength(pump) if open_now and wet else 0.0
            self._pump_flow[pump.id] = flow
            for circuit in circuits:
                share = flow / len(open_now) if circuit in open_now else 0.0
                self._circuit_flow[circuit.id] = share
                drains = self.farm.of(circuit.id, Role.DRAIN_VALVE)
                clogged = circuit.id in self.clogged
                self.pipes[circuit.id].blocked = clogged or (bool(drains) and not self._on(drains))

    def _strength(self, pump: Pump) -> float:
        """The share of its flow that a pump still gives."""
        motors = [self.actuators[b.id] for b in self.farm.of(pump.id, Role.IRRIGATION_PUMP)]
        worn = [m.fault_value or 0.0 for m in motors if m.fault is FaultKind.WORN]
        return min(worn, default=1.0)

    def _on(self, bindings: tuple[Binding, ...]) -> bool:
        return any(self.actuators[b.id].output > 0 for b in bindings)

    def _open(self, circuit: Circuit) -> bool:
        valves = self.farm.of(circuit.id, Role.IRRIGATION_VALVE)
        return not valves or self._on(valves)

    def _flow_until(self, now: float) -> None:
        dt = now - self._water_at
        if dt <= 0:
            return
        self._water_at = now
        for circuit, pipe in self.pipes.items():
            pipe.move(dt, self._circuit_flow[circuit])
        for actuator, tank in self._dosers:
            if actuator.output > 0:
                ml = _given(actuator) * tank.parameters.doser_ml_s * dt
                if ml > 0:
                    tank.dose(actuator.binding.role, ml)

    def _flow_of(self, node: str) -> float:
        if node in self._pump_flow:
            return self._pump_flow[node]
        if node in self.tanks:
            # The meter of a reservoir is in its fill line.
            valves = self._fill_valves[node]
            share = self._through(valves, [v.output for v in valves])
            return share * self.tanks[node].parameters.refill_l_min
        return self._circuit_flow[node]

    def _through(self, valves: tuple[Actuator, ...], opened: list[float]) -> float:
        """The share of its flow that a fill line gives: of valves in a row, where one is the
        isolation of another, what the least open one lets through; else their mean."""
        if not valves:
            return 0.0
        shares = [
            max(_given(v) * share, _passed(v)) for v, share in zip(valves, opened, strict=True)
        ]
        here = {v.binding.id for v in valves}
        in_a_row = any(_isolation(v.binding) in here for v in valves)
        return min(shares) if in_a_row else sum(shares) / len(shares)

    def _power_of(self, node: str) -> float:
        if node in self.levels:
            level = self.levels[node]
            return level.output_now() * level.fixture.power_w if level.fixture else 0.0
        if node in self.zones:
            return self.zones[node].electric_w
        if node in self._pump_w:
            running = self._on(self.farm.of(node, Role.IRRIGATION_PUMP))
            return self._pump_w[node] if running else 0.0
        if node in self.tanks:
            return sum(
                _rated(b, _TANK_PUMPS_W.get(b.role, 0.0))
                for b in self.farm.actuators_of.get(node, ())
                if self.actuators[b.id].output > 0
            )
        # The zones' figures have the pumps' heat in them: every pump stands in a zone.
        return sum(zone.electric_w for zone in self.zones.values())

    # -- physics ------------------------------------------------------------------------------

    def _physics(self, now: float) -> None:
        since = self._physics_at
        self._physics_at = now
        dt = now - since
        self._flow_until(now)
        self._pumps(since, now)
        outside = self.config.outdoor.at((since + now) / 2)
        energy, water = self.energy_j, self.water_l
        uptake: dict[int, float] = {}
        for zone in self.zones.values():
            flows = zone.step(since, now, outside, self.config.plants_s, self.config.uptake_ec)
            energy["light"] += zone.light_j
            energy["heating"] += flows.heating_j
            energy["cooling"] += flows.cooling_j
            energy["humidity"] += flows.humidity_j
            energy["fans"] += flows.fans_j
            water["transpired"] += flows.transpired_g / 1000
            water["humidified"] += flows.humidified_g / 1000
            water["condensed"] += (
                flows.condensed_cooler_g
                + flows.condensed_dehumidifier_g
                + flows.condensed_surfaces_g
            ) / 1000
            self.co2_injected_g += flows.co2_injected_g
            for key, litres in zone.uptake_l.items():
                uptake[key] = uptake.get(key, 0.0) + litres
        for reservoir, tank in self.tanks.items():
            near = self._zone_of_tank[reservoir]
            room_c = self.zones[near].air.t if near is not None else outside.temperature_c
            valves = self._fill_valves[reservoir]
            share = self._through(valves, [v.mean(since, now) for v in valves])
            taken = uptake.get(id(tank), 0.0)
            tank.rest(dt, room_c, taken, share, moving=self.moves(reservoir))
        self._flows_changed()
        self._look_at_contacts(now)

    def _pumps(self, since: float, now: float) -> None:
        """Electricity of the pumps; it ends as heat in the zone whose levels they water."""
        for zone in self.zones.values():
            zone.water_heat_w = 0.0
        dt = now - since
        for pump in self.farm.pumps:
            bindings = self.farm.of(pump.id, Role.IRRIGATION_PUMP)
            share = max((self.actuators[b.id].mean(since, now) for b in bindings), default=0.0)
            self._pump_heat(pump, share * self._pump_w[pump.id], dt)
        for actuator, rating in self._tank_pumps:
            watts = actuator.mean(since, now) * rating
            self.energy_j["pumps"] += watts * dt
            near = self._zone_of_tank.get(actuator.binding.node)
            if near is not None:
                self.zones[near].water_heat_w += watts

    def _pump_heat(self, pump: Pump, watts: float, dt: float) -> None:
        self.energy_j["pumps"] += watts * dt
        near = self._zone_of_tank.get(pump.reservoir)
        if near is not None:
            self.zones[near].water_heat_w += watts

    # -- plants -------------------------------------------------------------------------------

    def _stands(
        self,
        batch: Batch,
        recipe: Recipe,
        masses: Mapping[tuple[str, str], tuple[float, ...]],
    ) -> Iterable[tuple[str, Stand]]:
        sites = batch.sites
        here = dict(self.stands(batch.id))
        phase = recipe.phases[batch.phase_index]
        for placement in batch.placements:
            level = self.farm.level[placement.level_id]
            plants = batch.plants * placement.sites / sites
            share = min(1.0, placement.sites / level.sites)
            area = level.area_m2 * share
            if phase.density_plants_m2:
                # Plants stand as close as their phase asks; the rest of their place waits.
                area = min(area, plants / phase.density_plants_m2)
            stand = here.get(level.id)
            known = masses.get((batch.id, level.id))
            if stand is not None:
                stand.plants, stand.area_m2 = plants, area
            elif known is not None:
                stand = stand_of(recipe, plants, area)
            else:
                age_days = (self.now - batch.sown_at) / 86400
                stand = raised(recipe, plants, level.area_m2 * share, age_days)
                stand.area_m2 = area
            if known is not None and known != stand.masses():
                stand.set_masses(known)
            stand.lamp_share = share
            if level.id in here:
                _regrow(stand, batch, recipe)
            else:
                stand.regrown = batch.regrown
            stand.growing = phase.kind not in ON_RESERVES
            yield level.id, stand


def _regrow(stand: Stand, batch: Batch, recipe: Recipe) -> None:
    """Plants that were cut since are smaller by what their recipe says is taken."""
    regrowth = recipe.regrowth
    if regrowth is not None and regrowth.share is not None:
        for _ in range(batch.regrown - stand.regrown):
            stand.cut(regrowth.share)
    stand.regrown = batch.regrown


def _given(actuator: Actuator) -> float:
    """The share of what it should give that comes out of it when it moves."""
    if actuator.fault is FaultKind.WORN:
        return actuator.fault_value or 0.0
    return 0.0 if actuator.fault is FaultKind.EMPTY else 1.0


def _passed(actuator: Actuator) -> float:
    """The share of its flow that a valve lets through when it is closed."""
    return actuator.fault_value or 0.0 if actuator.fault is FaultKind.PASSES else 0.0


def _rated(binding: Binding, default_w: float) -> float:
    declared = binding.declaration
    return declared.rating_w if declared and declared.rating_w is not None else default_w


def _proved_by(actuator: Binding) -> str | None:
    return actuator.declaration.proved_by if actuator.declaration is not None else None


def _isolation(actuator: Binding) -> str | None:
    return actuator.declaration.isolation if actuator.declaration is not None else None


def _humidity_of(outside: Outside) -> float:
    t, vapour = outside.temperature_c, outside.vapour_g_m3
    return min(100.0, relative_humidity_from_absolute_pct(t, vapour))


def _leaf(zone: ZoneRoom) -> float:
    known = [level.leaf_c for level in zone.levels if level.leaf_c is not None]
    return sum(known) / len(known) if known else zone.air.t
