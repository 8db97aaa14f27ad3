"""A small farm for the twin's tests: one room, one rack of two levels, one ebb-flow circuit."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from vfarm_core.batches.lifecycle import sow
from vfarm_core.batches.model import Batch
from vfarm_core.farm.bindings import Binding, Danger, Declaration, Proof, binding_id
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
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.library import load_shipped
from vfarm_core.recipes.model import (
    Band,
    ClimateQuantity,
    GrowthModel,
    Recipe,
    Setpoint,
)
from vfarm_core.recipes.version import content_hash
from vfarm_core.twin.air import EquipmentParameters, RoomParameters
from vfarm_core.twin.config import OutdoorClimate, TwinConfig, ZoneConfig

#: 2026-01-01 00:00 UTC
START = 1767225600.0
HOUR = 3600.0
DAY = 86400.0

SENSED = (Role.FEEDBACK, Role.AIR_TEMPERATURE, Role.HUMIDITY, Role.CO2, Role.OCCUPANCY, Role.LEAK)
DEVICES = {
    Role.HEATER: Declaration(danger=Danger.ON, max_on_s=7200.0, proof=Proof.STATE),
    Role.COOLER: Declaration(
        danger=Danger.NEITHER, min_on_s=180.0, min_off_s=180.0, proof=Proof.STATE
    ),
    Role.DEHUMIDIFIER: Declaration(
        danger=Danger.NEITHER, min_on_s=180.0, min_off_s=180.0, proof=Proof.STATE
    ),
    Role.HUMIDIFIER: Declaration(danger=Danger.NEITHER, proof=Proof.STATE),
    Role.CIRCULATION_FAN: Declaration(danger=Danger.NEITHER, safe_on=True, proof=Proof.STATE),
    Role.CO2_VALVE: Declaration(
        danger=Danger.ON, max_on_s=600.0, proof=Proof.FEEDBACK, proved_by="room.feedback"
    ),
}
PUMP = binding_id("pump", Role.IRRIGATION_PUMP)
VALVE = binding_id("tables", Role.IRRIGATION_VALVE)


def bind(node: str, role: Role, declared: Declaration | None = None) -> Binding:
    """A binding with an entity named for it."""
    return Binding(
        id=binding_id(node, role),
        node=node,
        role=role,
        entity=f"test.{node}.{role}",
        declaration=declared,
    )


def small_farm(ppfd_full: float = 350.0) -> Farm:
    """The farm; its lamps reach `ppfd_full`."""
    fixture = Fixture(ppfd_full=ppfd_full, power_w=ppfd_full / (2.7 * 0.9), dim_min=0.1)
    lamp = Declaration(danger=Danger.NEITHER, proof=Proof.STATE)
    open_close = Declaration(danger=Danger.ON, max_on_s=1800.0, proof=Proof.STATE, deadline_s=15.0)
    levels = ("level_1", "level_2")
    return check(
        Farm(
            id="farm",
            name="Small farm",
            time_zone="UTC",
            zones=(Zone(id="room", name="Room", volume_m3=12.0),),
            racks=(Rack(id="rack", name="Rack", zone="room"),),
            levels=tuple(
                Level(
                    id=level,
                    name=level,
                    rack="rack",
                    area_m2=1.0,
                    sites=38,
                    fixture=fixture,
                    lights_on=dt.time(0, 0),
                )
                for level in levels
            ),
            reservoirs=(Reservoir(id="tank", name="Tank", capacity_l=120.0, volume_min_l=15.0),),
            pumps=(Pump(id="pump", name="Pump", reservoir="tank", flow_l_min=4.0),),
            circuits=(
                Circuit(
                    id="tables",
                    name="Tables",
                    pump="pump",
                    levels=levels,
                    method=Method.EBB_FLOW,
                    drain_s=600.0,
                ),
            ),
            bindings=(
                *(bind("room", role) for role in SENSED),
                *(bind("room", role, declared) for role, declared in DEVICES.items()),
                *(bind(level, Role.GROW_LIGHT, lamp) for level in levels),
                bind("level_1", Role.PPFD),
                bind("tank", Role.VOLUME),
                bind("tank", Role.SOLUTION_EC),
                bind("tank", Role.SOLUTION_PH),
                bind("tank", Role.LEVEL_LOW),
                bind("pump", Role.FLOW),
                bind("pump", Role.IRRIGATION_PUMP, replace(open_close, proof=Proof.FEEDBACK)),
                bind("tables", Role.IRRIGATION_VALVE, replace(open_close, isolation=PUMP)),
            ),
        )
    )


def small_config(**changes: object) -> TwinConfig:
    """A mild place, so that short runs are about the plants."""
    config = TwinConfig(
        seed=7,
        outdoor=OutdoorClimate(mean_c=16.0, yearly_k=0.0, daily_k=2.0, humidity_pct=60.0),
        zones={"room": ZoneConfig(temperature_c=21.0, humidity_pct=60.0, co2_ppm=800.0)},
    )
    return replace(config, **changes)  # type: ignore[arg-type]


def lettuce(
    *, temperature: float | None = None, ppfd: float | None = None, co2: float | None = None
) -> Recipe:
    """The shipped lettuce recipe, its production phases with other targets."""
    recipe = load_shipped("lettuce_butterhead")
    assert recipe.growth.model is GrowthModel.VAN_HENTEN_1994
    phases = []
    for phase in recipe.phases:
        climate = dict(phase.climate)
        light = phase.light
        if temperature is not None:
            climate[ClimateQuantity.AIR_TEMPERATURE] = _held(
                climate[ClimateQuantity.AIR_TEMPERATURE], temperature, temperature
            )
        if co2 is not None and ClimateQuantity.CO2 in climate:
            climate[ClimateQuantity.CO2] = _held(climate[ClimateQuantity.CO2], co2, None)
        if ppfd is not None:
            dli = ppfd * light.photoperiod_h * 0.0036
            light = replace(light, ppfd=ppfd, dli=dli, dli_max=dli * 1.1, ppfd_max=ppfd * 1.2)
        phases.append(replace(phase, climate=climate, light=light))
    changed = replace(recipe, phases=tuple(phases))
    return replace(changed, version=content_hash(changed))


def _held(setpoint: Setpoint, day: float, night: float | None) -> Setpoint:
    wide = Band(None, None)
    return replace(
        setpoint,
        day=day,
        night=night,
        warning_day=wide,
        warning_night=wide,
        critical_day=wide,
        critical_night=wide,
    )


def batch_of(recipe: Recipe, *, days_ago: float, at: float = START) -> Batch:
    """Lettuce at its final spacing on both levels."""
    return sow(
        id="lettuce",
        recipe=recipe,
        plants=76,
        placements={"level_1": 38, "level_2": 38},
        at=at,
        days_ago=days_ago,
        title="Lettuce",
    )


ROOM = RoomParameters(volume_m3=12.0, floor_m2=4.3)
EQUIPMENT = EquipmentParameters(
    heater_w=500.0,
    cooler_w=900.0,
    dehumidifier_kg_h=0.4,
    humidifier_kg_h=0.3,
    exhaust_m3_h=100.0,
    co2_g_h=20.0,
    circulation_w=10.0,
)
