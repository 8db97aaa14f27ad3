"""Farms of any size for the benchmarks, everything growing, every level with its own sensor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tests.core.support import START, actuator, bench_recipe, sensor
from vfarm_core.batches.model import Batch, BatchState, Placement
from vfarm_core.control.clock import Now
from vfarm_core.control.effects import Send
from vfarm_core.control.inputs import Report, StartBatch, Started
from vfarm_core.control.memory import Memory
from vfarm_core.control.step import step
from vfarm_core.farm.bindings import Binding, Danger, Proof
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import (
    Circuit,
    Farm,
    Fixture,
    Level,
    Method,
    Pump,
    Rack,
    Reservoir,
    Zone,
)
from vfarm_core.farm.roles import Role, RoleKind, spec
from vfarm_core.twin.load import Plot, demo_plot

LEVELS_PER_ZONE = 50
LEVELS_PER_RACK = 10


def farm_of(levels: int) -> Farm:
    """Zones of fifty levels, racks of ten, one circuit and pump a rack."""
    neither = {"danger": Danger.NEITHER, "max_on_s": None}
    zones, racks, all_levels, tanks, pumps, circuits = [], [], [], [], [], []
    bindings: list[Binding] = []
    for number in range(levels):
        zone, rack = f"z{number // LEVELS_PER_ZONE}", f"r{number // LEVELS_PER_RACK}"
        if number % LEVELS_PER_ZONE == 0:
            zones.append(Zone(id=zone, name=zone, volume_m3=200.0))
            bindings += [
                sensor(zone, Role.AIR_TEMPERATURE),
                sensor(zone, Role.HUMIDITY),
                sensor(zone, Role.CO2),
                sensor(zone, Role.OCCUPANCY),
                actuator(zone, Role.HEATER),
                actuator(zone, Role.COOLER, **neither),
                actuator(zone, Role.HUMIDIFIER),
                actuator(zone, Role.DEHUMIDIFIER, **neither),
                actuator(zone, Role.CO2_VALVE, proof=Proof.PULSE),
            ]
        if number % LEVELS_PER_RACK == 0:
            racks.append(Rack(id=rack, name=rack, zone=zone))
            tank, pump, circuit = f"t_{rack}", f"p_{rack}", f"c_{rack}"
            tanks.append(Reservoir(id=tank, name=tank, capacity_l=400, volume_min_l=60))
            pumps.append(Pump(id=pump, name=pump, reservoir=tank, flow_l_min=30))
            mine = range(number, min(number + LEVELS_PER_RACK, levels))
            circuits.append(
                Circuit(
                    id=circuit,
                    name=circuit,
                    pump=pump,
                    levels=tuple(f"l{i}" for i in mine),
                    method=Method.EBB_FLOW,
                )
            )
            bindings += [
                sensor(tank, Role.VOLUME),
                actuator(pump, Role.IRRIGATION_PUMP, max_on_s=900.0),
                actuator(circuit, Role.IRRIGATION_VALVE, max_on_s=1200.0),
            ]
        level = f"l{number}"
        all_levels.append(
            Level(
                id=level,
                name=level,
                rack=rack,
                area_m2=1.5,
                sites=48,
                fixture=Fixture(ppfd_full=400, power_w=220),
            )
        )
        bindings += [sensor(level, Role.PPFD), actuator(level, Role.GROW_LIGHT, **neither)]
    return check(
        Farm(
            id="farm",
            name="Bench",
            time_zone="UTC",
            zones=tuple(zones),
            racks=tuple(racks),
            levels=tuple(all_levels),
            reservoirs=tuple(tanks),
            pumps=tuple(pumps),
            circuits=tuple(circuits),
            bindings=tuple(bindings),
        )
    )


_VALUES = {
    Role.AIR_TEMPERATURE: 23.8,
    Role.HUMIDITY: 64.0,
    Role.CO2: 990.0,
    Role.OCCUPANCY: 0.0,
    Role.VOLUME: 300.0,
    Role.PPFD: 200.0,
}


def reports(
    farm: Farm,
    at: float,
    shift: float = 0.0,
    memory: Memory | None = None,
    sent: Mapping[str, float] = {},
) -> list[Report]:
    """Every entity reports; `shift` moves every measured value by so many of its resolutions.
    Actuators report what they were told (`sent`) or did before (`memory`), off otherwise."""
    made = []
    for b in farm.bindings:
        facts = spec(b.role)
        value = _VALUES.get(b.role, 0.0)
        if facts.kind is RoleKind.MEASURE:
            value += shift * facts.resolution
        elif b.id in sent:
            value = sent[b.id]
        elif memory is not None and (state := memory.actuators.get(b.id)) is not None:
            value = state.reported or 0.0
        made.append(Report(b.id, value, facts.unit, at))
    return made


def running(farm: Farm) -> tuple[Memory, Now]:
    """The memory of a farm in the middle of a day, every level growing, nothing to do."""
    recipe = bench_recipe()
    now = Now(START + 6 * 3600, 1000.0)
    memory = step(farm, Memory(), now, [Started(), *reports(farm, now.farm)]).memory
    for rack in farm.racks:
        levels = [lv.id for lv in farm.levels if lv.rack == rack.id]
        batch = Batch(
            id=f"b_{rack.id}",
            recipe_id=recipe.id,
            recipe_version=recipe.version,
            crop=recipe.crop,
            cultivar=None,
            title=rack.id,
            plants=30 * len(levels),
            sown_at=now.farm,
            state=BatchState.SOWN,
            placements=tuple(Placement(level_id=lv, sites=30, since=now.farm) for lv in levels),
            phase_index=0,
            phase_started_at=now.farm,
        )
        memory = step(farm, memory, now, [StartBatch(batch=batch, recipe=recipe)]).memory
    for settled in steps(farm, memory, now, 20):
        memory, now = settled
    return memory, now


def leaf_room() -> Plot:
    """The leaf room of the demo farm alone: one zone of eight levels with everything it has."""
    whole = demo_plot()
    farm, zone = whole.farm, "zone_a"
    racks = tuple(r for r in farm.racks if r.zone == zone)
    levels = farm.levels_of_zone[zone]
    here = {level.id for level in levels}
    circuits = tuple(c for c in farm.circuits if here.issuperset(c.levels))
    pumps = tuple(p for p in farm.pumps if p.id in {c.pump for c in circuits})
    tanks = tuple(r for r in farm.reservoirs if r.id in {p.reservoir for p in pumps})
    room = replace(
        farm,
        zones=(farm.zone[zone],),
        racks=racks,
        levels=levels,
        circuits=circuits,
        pumps=pumps,
        reservoirs=tanks,
        supplies=tuple(s for s in farm.supplies if here.issuperset(s.levels)),
        bindings=(),
    )
    bindings = tuple(b for b in farm.bindings if b.node in room.nodes)
    return replace(
        whole,
        farm=check(replace(room, bindings=bindings)),
        batches=tuple(b for b in whole.batches if here.issuperset(b.levels)),
        config=replace(
            whole.config,
            zones={zone: whole.config.zones[zone]},
            reservoirs={tank.id: whole.config.reservoirs[tank.id] for tank in tanks},
        ),
    )


def steps(farm: Farm, memory: Memory, now: Now, count: int) -> Iterator[tuple[Memory, Now]]:
    """Quarter minutes in which every command is obeyed."""
    echoes: list[Report] = []
    for _ in range(count):
        now = Now(now.farm + 15, now.mono + 15)
        result = step(farm, memory, now, echoes)
        memory = result.memory
        echoes = [
            Report(e.command.point, e.command.value, None, now.farm)
            for e in result.effects
            if isinstance(e, Send)
        ]
        yield memory, now
