"""What exists in a farm: the nodes, as frozen values.

Every node has an `id`, unique within its farm and never changed, and a `name` a person reads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from ..science.light import LUX_PER_PPFD, Lamp
from .bindings import Binding
from .index import Place, Point, point
from .roles import DOSING, PAR_LAMPS, Role, spec


class NodeKind(StrEnum):
    """The kinds of node."""

    FARM = "farm"
    ZONE = "zone"
    RACK = "rack"
    LEVEL = "level"
    RESERVOIR = "reservoir"
    PUMP = "pump"
    CIRCUIT = "circuit"
    SUPPLY = "supply"


class Method(StrEnum):
    """How a circuit waters its levels."""

    NFT = "nft"
    DWC = "dwc"
    EBB_FLOW = "ebb_flow"
    DRIP = "drip"
    AEROPONICS = "aeroponics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A space that shares one body of air. `volume_m3` is the air volume.

    `ramp_min`: minutes over which the temperature target moves between day and night; `reheat`: the
    cooler may dry the air while the heater holds the temperature; `drying_kg_h`: water that the
    dehumidifiers take out at full output; `dry_ahead_min`: minutes before lights-off from which the
    air is dried for the night; `dew_margin_k`: how far the dew point is kept below the coldest
    surface at night; `co2_detector`: a certified gas detector with its own valve and fan is there.
    """

    id: str
    name: str
    volume_m3: float
    lead_batch: str | None = None
    ramp_min: float = 0.0
    reheat: bool = False
    drying_kg_h: float | None = None
    dry_ahead_min: float = 30.0
    dew_margin_k: float = 0.5
    co2_detector: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rack:
    """A shelving unit in one zone."""

    id: str
    name: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """The lamps over one level.

    `ppfd_full` is the mean PPFD (µmol/m²/s) on the level at full output of the new lamps, `power_w`
    the electrical power there at full output. `dim_min` is the lowest output (0…1) the lamps hold
    without flicker. `lamp` is their spectrum and `lux_per_ppfd` the measured lux per µmol/m²/s: one
    of them makes a PPFD of a lux meter's reading. `l90_h` and `l70_h` are the hours at full output
    after which 90 % and 70 % of the light are left. `white_ppfd`, `blue_ppfd` and `red_ppfd` are
    what the channels give of `ppfd_full`, `far_red_pfd` what the far-red channel (700-800 nm) gives
    beside it.
    """

    ppfd_full: float
    power_w: float
    dim_min: float = 0.1
    lamp: Lamp | None = None
    lux_per_ppfd: float | None = None
    l90_h: float | None = None
    l70_h: float | None = None
    white_ppfd: float | None = None
    blue_ppfd: float | None = None
    red_ppfd: float | None = None
    far_red_pfd: float | None = None

    @property
    def ppfd_per_lux(self) -> float | None:
        """What turns lux into PPFD under these lamps; None: nothing does. A measured factor goes
        before a tabled one; red and blue lamps have no tabled one."""
        factor = self.lux_per_ppfd
        if factor is None and self.lamp is not None:
            factor = LUX_PER_PPFD.get(self.lamp)
        return None if factor is None else 1.0 / factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One growing surface of a rack: `area_m2`, `sites`, its lamps and its local lights-on time.
    `ppfd_offset_pct` and `photoperiod_offset_h` are how its light differs from the recipe's, within
    what the recipe's plants take."""

    id: str
    name: str
    rack: str
    area_m2: float
    sites: int
    fixture: Fixture | None = None
    lights_on: dt.time = dt.time(6, 0)
    ppfd_offset_pct: float = 0.0
    photoperiod_offset_h: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Automatic top-up: begins below the share `below` of the capacity and ends at `to`, with at
    most `max_l` litres in one fill and `day_l` within any 24 h. `drain_back_l` is what runs back
    into the tank when every pump stands still."""

    below: float
    to: float
    max_l: float
    day_l: float
    drain_back_l: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservoir:
    """A tank of nutrient solution. `volume_min_l` is what a pump needs to run safely, and
    `mixing_l_min` what its mixing pump turns over. A probe that dosing goes by has to be checked
    every `probe_days`, the rate of a dosing pump every `pump_days` (design choices: probes drift
    by the week, hoses of peristaltic pumps wear over months). Without `fill` nothing is topped
    up. `source_ec` is the EC (mS/cm) of the fresh water it is filled with: recipes that give their
    EC above it need it."""

    id: str
    name: str
    capacity_l: float
    volume_min_l: float
    lead_batch: str | None = None
    mixing_l_min: float | None = None
    probe_days: float = 30.0
    pump_days: float = 180.0
    fill: Fill | None = None
    source_ec: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pump:
    """A pump that draws from one reservoir. `flow_l_min` is its rated flow. A meter that tells
    nothing for `meter_timeout_s` while the pump runs is dead; below `pressure_min_kpa` the pump
    stops."""

    id: str
    name: str
    reservoir: str
    flow_l_min: float
    meter_timeout_s: float = 120.0
    pressure_min_kpa: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A circuit waters `levels` by one method from one pump. `drain_s` is how long the water
    needs to run back after a shot; the next shot waits for it. In any 24 h it gets at most
    `daily_cap_l`. Of drip: `substrate_l` and `drippers` of one plant, `dripper_l_h` of one dripper.
    """

    id: str
    name: str
    pump: str
    levels: tuple[str, ...]
    method: Method
    drain_s: float = 900.0
    daily_cap_l: float | None = None
    substrate_l: float | None = None
    drippers: float | None = None
    dripper_l_h: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """An electrical circuit with a limit in kW that levels (their fixtures) hang on. `devices` are
    the bindings of other actuators on it that are rated: lamps get what these leave."""

    id: str
    name: str
    limit_kw: float
    levels: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


type Node = Zone | Rack | Level | Reservoir | Pump | Circuit | Supply


@dataclass(frozen=True, kw_only=True)
class Farm:
    """One site: its nodes and what its entities mean for them. Build it with `build.build_farm`,
    which checks it; the indexes below trust the check. A person's takeover of a device is respected
    for `takeover_min` minutes, within all limits of danger. The indexes are plain dictionaries,
    which a step reads ten thousand times: nobody writes them."""

    id: str
    name: str
    time_zone: str
    takeover_min: float = 30.0
    zones: tuple[Zone, ...] = ()
    racks: tuple[Rack, ...] = ()
    levels: tuple[Level, ...] = ()
    reservoirs: tuple[Reservoir, ...] = ()
    pumps: tuple[Pump, ...] = ()
    circuits: tuple[Circuit, ...] = ()
    supplies: tuple[Supply, ...] = ()
    bindings: tuple[Binding, ...] = field(default=())

    @cached_property
    def tz(self) -> ZoneInfo:
        """The farm's time zone."""
        return ZoneInfo(self.time_zone)

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Every node but the farm itself, by id."""
        groups: tuple[tuple[Node, ...], ...] = (
            self.zones,
            self.racks,
            self.levels,
            self.reservoirs,
            self.pumps,
            self.circuits,
            self.supplies,
        )
        return {node.id: node for group in groups for node in group}

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of every node, and of the farm itself, in order."""
        return tuple(sorted((self.id, *self.nodes)))

    @cached_property
    def binding(self) -> Mapping[str, Binding]:
        """Bindings by id."""
        return {b.id: b for b in self.bindings}

    @cached_property
    def bound(self) -> Mapping[tuple[str, Role], tuple[Binding, ...]]:
        """Bindings by node and role; several where sensors are redundant."""
        found: dict[tuple[str, Role], list[Binding]] = {}
        for b in self.bindings:
            found.setdefault((b.node, b.role), []).append(b)
        return {key: tuple(group) for key, group in found.items()}

    def of(self, node: str, role: Role) -> tuple[Binding, ...]:
        """The bindings of one role of one node."""
        return self.bound.get((node, role), ())

    @cached_property
    def bindings_of(self) -> Mapping[str, tuple[Binding, ...]]:
        """The bindings of each node."""
        found: dict[str, list[Binding]] = {}
        for b in self.bindings:
            found.setdefault(b.node, []).append(b)
        return {key: tuple(group) for key, group in found.items()}

    @cached_property
    def actuators_of(self) -> Mapping[str, tuple[Binding, ...]]:
        """The actuators of each node that has any."""
        return self._of_kind(actuators=True)

    @cached_property
    def sensors_of(self) -> Mapping[str, tuple[Binding, ...]]:
        """The sensors and contacts of each node that has any."""
        return self._of_kind(actuators=False)

    @cached_property
    def own_meters(self) -> frozenset[str]:
        """The power sensors that see one device alone."""
        declared = (b.declaration for b in self.bindings if b.declaration is not None)
        return frozenset(d.metered_by for d in declared if d.metered_by is not None)

    def _of_kind(self, *, actuators: bool) -> Mapping[str, tuple[Binding, ...]]:
        found: dict[str, list[Binding]] = {}
        for b in self.bindings:
            if spec(b.role).is_actuator is actuators:
                found.setdefault(b.node, []).append(b)
        return {key: tuple(group) for key, group in found.items()}

    @cached_property
    def degradable(self) -> Mapping[str, tuple[Binding, ...]]:
        """The actuators of each node that something is declared of for when a reading is lost."""
        found: dict[str, list[Binding]] = {}
        for b in self.bindings:
            if b.declaration is not None and b.declaration.on_no_reading is not None:
                found.setdefault(b.node, []).append(b)
        return {key: tuple(group) for key, group in found.items()}

    @cached_property
    def isolated_by(self) -> Mapping[str, tuple[str, ...]]:
        """For each binding that is an isolation: the actuators that name it."""
        found: dict[str, list[str]] = {}
        for b in self.bindings:
            if b.declaration is not None and b.declaration.isolation is not None:
                found.setdefault(b.declaration.isolation, []).append(b.id)
        return {key: tuple(group) for key, group in found.items()}

    @cached_property
    def zone_of_level(self) -> Mapping[str, str]:
        """Zone id of each level."""
        racks = {rack.id: rack.zone for rack in self.racks}
        return {level.id: racks[level.rack] for level in self.levels}

    @cached_property
    def levels_of_zone(self) -> Mapping[str, tuple[Level, ...]]:
        """Levels of each zone, in order."""
        found: dict[str, list[Level]] = {zone.id: [] for zone in self.zones}
        for level in self.levels:
            found[self.zone_of_level[level.id]].append(level)
        return {zone: tuple(levels) for zone, levels in found.items()}

    @cached_property
    def surfaces_of_zone(self) -> Mapping[str, tuple[tuple[str, Role], ...]]:
        """Where the temperature of a surface of each zone is measured: node and role."""
        found: dict[str, list[tuple[str, Role]]] = {zone.id: [] for zone in self.zones}
        for node, role in self.bound:
            if role in (Role.SURFACE_TEMPERATURE, Role.LEAF_TEMPERATURE):
                found[self.zone_of_level.get(node, node)].append((node, role))
        return {zone: tuple(where) for zone, where in found.items()}

    @cached_property
    def surfaces_of_level(self) -> Mapping[str, tuple[Role, ...]]:
        """The roles by which levels measure the temperature of a surface, where they do."""
        found: dict[str, list[Role]] = {}
        for where in self.surfaces_of_zone.values():
            for node, role in where:
                if node in self.level:
                    found.setdefault(node, []).append(role)
        return {node: tuple(roles) for node, roles in found.items()}

    @cached_property
    def level(self) -> Mapping[str, Level]:
        """Levels by id."""
        return {level.id: level for level in self.levels}

    @cached_property
    def lamps_of_level(self) -> Mapping[str, tuple[Binding, ...]]:
        """The lamps of each level whose light plants count, without far-red."""
        return {
            level.id: tuple(b for role in PAR_LAMPS for b in self.of(level.id, role))
            for level in self.levels
        }

    @cached_property
    def lamp_ppfd(self) -> Mapping[str, tuple[float, ...]]:
        """What each lamp of a level with a fixture gives of its PPFD when it is new and at full
        output: its channel's where that is declared, else an equal part of the rest."""
        return {
            level.id: _parts(level.fixture, self.lamps_of_level[level.id])
            for level in self.levels
            if level.fixture is not None
        }

    @cached_property
    def all_lamps_of_level(self) -> Mapping[str, tuple[Binding, ...]]:
        """The lamps of each level, far-red too."""
        return {
            level: (*lamps, *self.of(level, Role.GROW_LIGHT_FAR_RED))
            for level, lamps in self.lamps_of_level.items()
        }

    @cached_property
    def lamps_w_of_supply(self) -> Mapping[str, float]:
        """What all lamps on each supply draw at full output."""
        fixtures = {level.id: level.fixture for level in self.levels}
        return {
            s.id: sum(f.power_w for lv in s.levels if (f := fixtures[lv]) is not None)
            for s in self.supplies
        }

    @cached_property
    def lamps_full_ppfd(self) -> Mapping[str, float]:
        """What all lamps of a level with a fixture give when they are new and at full output."""
        return {
            level.id: sum(self.lamp_ppfd[level.id]) or level.fixture.ppfd_full
            for level in self.levels
            if level.fixture is not None
        }

    @cached_property
    def circuit_of_level(self) -> Mapping[str, str]:
        """Circuit id of each watered level."""
        return {lv: c.id for c in self.circuits for lv in c.levels}

    @cached_property
    def zone(self) -> Mapping[str, Zone]:
        """Zones by id."""
        return {zone.id: zone for zone in self.zones}

    @cached_property
    def supply_of_level(self) -> Mapping[str, Supply]:
        """The supply that each level's lamps hang on."""
        return {lv: s for s in self.supplies for lv in s.levels}

    @cached_property
    def devices_of_supply(self) -> Mapping[str, tuple[tuple[str, float], ...]]:
        """The other devices on each supply with what they draw, as far as they are bound: one that
        has been unbound draws nothing that is known."""
        return {
            s.id: tuple(
                (b.id, b.declaration.rating_w)
                for key in s.devices
                if (b := self.binding.get(key)) is not None
                and b.declaration is not None
                and b.declaration.rating_w
            )
            for s in self.supplies
        }

    @cached_property
    def supply_of_device(self) -> Mapping[str, Supply]:
        """The supply that each device beside the lamps hangs on."""
        return {point: s for s in self.supplies for point, _ in self.devices_of_supply[s.id]}

    @cached_property
    def pump(self) -> Mapping[str, Pump]:
        """Pumps by id."""
        return {pump.id: pump for pump in self.pumps}

    @cached_property
    def circuit(self) -> Mapping[str, Circuit]:
        """Circuits by id."""
        return {circuit.id: circuit for circuit in self.circuits}

    @cached_property
    def reservoir(self) -> Mapping[str, Reservoir]:
        """Reservoirs by id."""
        return {r.id: r for r in self.reservoirs}

    @cached_property
    def circuits_of_pump(self) -> Mapping[str, tuple[Circuit, ...]]:
        """Circuits fed by each pump."""
        found: dict[str, list[Circuit]] = {p.id: [] for p in self.pumps}
        for circuit in self.circuits:
            found[circuit.pump].append(circuit)
        return {p: tuple(cs) for p, cs in found.items()}

    @cached_property
    def valves_beside(self) -> Mapping[str, tuple[str, ...]]:
        """Points of the valves of the other circuits on the pump of each circuit."""
        return {
            circuit.id: tuple(
                b.id
                for other in self.circuits_of_pump[circuit.pump]
                if other.id != circuit.id
                for b in self.of(other.id, Role.IRRIGATION_VALVE)
            )
            for circuit in self.circuits
        }

    @cached_property
    def circuits_of_zone(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the circuits that water a level of each zone."""
        found: dict[str, dict[str, None]] = {zone.id: {} for zone in self.zones}
        for circuit in self.circuits:
            for level in circuit.levels:
                found[self.zone_of_level[level]][circuit.id] = None
        return {zone: tuple(ids) for zone, ids in found.items()}

    @cached_property
    def zones_of_circuit(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the zones that each circuit waters in."""
        return {
            c.id: tuple(dict.fromkeys(self.zone_of_level[v] for v in c.levels))
            for c in self.circuits
        }

    @cached_property
    def treated(self) -> frozenset[str]:
        """Ids of the reservoirs that have a dosing pump or a fill valve."""
        roles = (*DOSING, Role.FILL_VALVE)
        return frozenset(b.node for b in self.bindings if b.role in roles)

    @cached_property
    def dosing_pumps(self) -> Mapping[str, tuple[Binding, ...]]:
        """The dosing pumps of each reservoir, in the order in which they dose."""
        return {
            r.id: tuple(b for role in DOSING for b in self.of(r.id, role)) for r in self.reservoirs
        }

    @cached_property
    def reservoirs_of_zone(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the reservoirs that water a level of each zone."""
        found: dict[str, dict[str, None]] = {zone.id: {} for zone in self.zones}
        for circuit in self.circuits:
            for level in circuit.levels:
                found[self.zone_of_level[level]][self.pump[circuit.pump].reservoir] = None
        return {zone: tuple(ids) for zone, ids in found.items()}

    @cached_property
    def zones_of_reservoir(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the zones that each reservoir waters."""
        found: dict[str, list[str]] = {r.id: [] for r in self.reservoirs}
        for zone, reservoirs in self.reservoirs_of_zone.items():
            for reservoir in reservoirs:
                found[reservoir].append(zone)
        return {r: tuple(zones) for r, zones in found.items()}

    @cached_property
    def above(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes that each node is part of, the nearest first: a level's rack and zone, a
        circuit's pump and reservoir."""
        zones = {rack.id: rack.zone for rack in self.racks}
        found: dict[str, tuple[str, ...]] = {rack.id: (rack.zone,) for rack in self.racks}
        found |= {level.id: (level.rack, zones[level.rack]) for level in self.levels}
        found |= {pump.id: (pump.reservoir,) for pump in self.pumps}
        found |= {c.id: (c.pump, self.pump[c.pump].reservoir) for c in self.circuits}
        return found

    @cached_property
    def circuits_of_reservoir(self) -> Mapping[str, tuple[Circuit, ...]]:
        """Circuits fed from each reservoir."""
        found: dict[str, list[Circuit]] = {r.id: [] for r in self.reservoirs}
        for circuit in self.circuits:
            found[self.pump[circuit.pump].reservoir].append(circuit)
        return {r: tuple(cs) for r, cs in found.items()}

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """What a step looks up of each level."""
        return {level.id: self._place(level) for level in self.levels}

    def _place(self, level: Level) -> Place:
        lamps = self.lamps_of_level[level.id]
        fixture = level.fixture
        sensors = self.of(level.id, Role.PPFD)
        return Place(
            level=level,
            zone=self.zone_of_level[level.id],
            circuit=self.circuit_of_level.get(level.id),
            lamps=lamps,
            parts=self.lamp_ppfd.get(level.id, (0.0,) * len(lamps)),
            full_ppfd=self.lamps_full_ppfd.get(level.id, 0.0),
            ages=fixture is not None and (fixture.l90_h, fixture.l70_h) != (None, None),
            any_dims=any(b.dims for b in lamps),
            far_red=bool(self.of(level.id, Role.GROW_LIGHT_FAR_RED)),
            ppfd_sensor=sensors[0].id if len(sensors) == 1 else "",
            supply=level.id in self.supply_of_level,
        )

    @cached_property
    def points(self) -> Mapping[str, Point]:
        """Bindings with the facts of their roles, by id."""
        return {
            b.id: point(b, spec(b.role), isolates=b.id in self.isolated_by) for b in self.bindings
        }

    @cached_property
    def scratch(self) -> dict[str, dict[str, Any]]:
        """What was worked out last of each node or batch, with what it was made of, for who would
        work out the same again. No part of the farm: it is forgotten with it."""
        return {}

    def kind(self, node_id: str) -> NodeKind:
        """The kind of a node; `farm` for the farm's own id."""
        if node_id == self.id:
            return NodeKind.FARM
        return _KINDS[type(self.nodes[node_id])]


def _parts(fixture: Fixture, lamps: tuple[Binding, ...]) -> tuple[float, ...]:
    declared = {
        Role.GROW_LIGHT_WHITE: fixture.white_ppfd,
        Role.GROW_LIGHT_BLUE: fixture.blue_ppfd,
        Role.GROW_LIGHT_RED: fixture.red_ppfd,
    }
    roles = [b.role for b in lamps]
    known = [
        None if (ppfd := declared.get(role)) is None else ppfd / roles.count(role) for role in roles
    ]
    others = known.count(None)
    rest = fixture.ppfd_full - sum(part or 0.0 for part in known)
    if others and rest <= 0:
        return (fixture.ppfd_full / len(lamps),) * len(lamps)
    return tuple(rest / others if part is None else part for part in known)


_KINDS: Mapping[type[Node], NodeKind] = MappingProxyType(
    {
        Zone: NodeKind.ZONE,
        Rack: NodeKind.RACK,
        Level: NodeKind.LEVEL,
        Reservoir: NodeKind.RESERVOIR,
        Pump: NodeKind.PUMP,
        Circuit: NodeKind.CIRCUIT,
        Supply: NodeKind.SUPPLY,
    }
)
