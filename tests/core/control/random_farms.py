"""Farms and recipes as hypothesis draws them: any mix of nodes, devices, sensors and declarations
that passes the check."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from tests.core.support import (
    BENCH,
    actuator,
    bench_phase,
    bench_recipe,
    sensor,
    setpoint,
)
from vfarm_core.farm.bindings import Binding, Danger, Degraded, OnNoReading, Proof
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
    Supply,
    Zone,
)
from vfarm_core.farm.roles import PAR_LAMPS, Role
from vfarm_core.recipes.model import (
    ClimateQuantity,
    IrrigationPlan,
    LightPlan,
    MistCycle,
    PhaseKind,
    Recipe,
    Shape,
)

#: What a zone may have, beside the temperature.
ZONE_SENSORS = (
    Role.HUMIDITY,
    Role.CO2,
    Role.OCCUPANCY,
    Role.SMOKE,
    Role.DOOR,
    Role.LEAK,
    Role.SURFACE_TEMPERATURE,
    Role.OUTSIDE_TEMPERATURE,
    Role.OUTSIDE_HUMIDITY,
)
ZONE_DEVICES = (
    Role.HEATER,
    Role.COOLER,
    Role.HUMIDIFIER,
    Role.DEHUMIDIFIER,
    Role.EXHAUST_FAN,
    Role.CIRCULATION_FAN,
)
_DEGRADABLE = frozenset(ZONE_DEVICES[1:5])
FIXTURE = Fixture(ppfd_full=400.0, power_w=180.0)
_MINUTES = st.sampled_from([0.0, 60.0, 300.0])


def _some[T](options: tuple[T, ...]) -> st.SearchStrategy[list[T]]:
    return st.lists(st.sampled_from(options), unique=True).map(
        lambda found: [o for o in options if o in found]
    )


@st.composite
def _declared(draw: st.DrawFn, node: str, role: Role, **fixed: Any) -> Binding:
    """An actuator that may be switched in any of the ways a person could declare."""
    danger = draw(st.sampled_from([Danger.ON, Danger.NEITHER]))
    if role is Role.CIRCULATION_FAN:
        danger = draw(st.sampled_from([Danger.OFF, Danger.NEITHER]))
    values: dict[str, Any] = {
        "danger": danger,
        "safe_on": danger is Danger.OFF,
        "min_on_s": draw(_MINUTES),
        "min_off_s": draw(_MINUTES),
        "max_on_s": draw(st.sampled_from([600.0, 7200.0])) if danger is Danger.ON else None,
        "max_off_s": draw(st.sampled_from([600.0, 1800.0])) if danger is Danger.OFF else None,
        "daily_cap_s": draw(st.sampled_from([None, None, 3600.0])) if danger is Danger.ON else None,
        "proof": draw(st.sampled_from([Proof.STATE, Proof.STATE, Proof.ECHO])),
    }
    if role in _DEGRADABLE and draw(st.integers(0, 3)) == 0:
        mode = draw(st.sampled_from(list(OnNoReading)))
        values["on_no_reading"] = Degraded(mode=mode, limit_s=3600.0, on_s=300.0, off_s=600.0)
    values.update(fixed)
    return actuator(node, role, **values)


@st.composite
def _zone(draw: st.DrawFn, key: str) -> tuple[Zone, list[Binding]]:
    zone = Zone(
        id=key,
        name=key,
        volume_m3=40.0,
        ramp_min=draw(st.sampled_from([0.0, 30.0])),
        reheat=draw(st.booleans()),
        drying_kg_h=draw(st.sampled_from([None, 0.3])),
        co2_detector=draw(st.booleans()),
    )
    bindings = [sensor(key, Role.AIR_TEMPERATURE)]
    if draw(st.booleans()):
        bindings.append(sensor(key, Role.AIR_TEMPERATURE, 2))
    bindings += [sensor(key, role) for role in draw(_some(ZONE_SENSORS))]
    bindings += [draw(_declared(key, role)) for role in draw(_some(ZONE_DEVICES))]
    if draw(st.booleans()):
        bindings += [
            sensor(key, Role.FEEDBACK),
            actuator(
                key,
                Role.CO2_VALVE,
                max_on_s=1800.0,
                proof=Proof.FEEDBACK,
                proved_by=f"{key}.feedback",
            ),
        ]
    return zone, bindings


@st.composite
def _level(draw: st.DrawFn, key: str, rack: str) -> tuple[Level, list[Binding]]:
    level = Level(
        id=key,
        name=key,
        rack=rack,
        area_m2=1.2,
        sites=36,
        fixture=draw(st.sampled_from([FIXTURE, FIXTURE, None])),
        lights_on=draw(st.sampled_from([dt.time(0), dt.time(6), dt.time(6, 30), dt.time(22)])),
        ppfd_offset_pct=draw(st.sampled_from([-30.0, 0.0, 20.0])),
    )
    lamps = draw(st.sampled_from([PAR_LAMPS[:1], PAR_LAMPS[1:], (Role.GROW_LIGHT_FAR_RED,), ()]))
    neither = {"danger": Danger.NEITHER, "max_on_s": None}
    bindings = [actuator(key, role, **neither) for role in lamps]
    if draw(st.integers(0, 3)) == 0:
        bindings.append(sensor(key, Role.PPFD))
    return level, bindings


@st.composite
def _water(draw: st.DrawFn, number: int, levels: list[str]) -> dict[str, Any]:
    """One tank with a pump, and one or two circuits on it for these levels."""
    tank, pump = f"tank_{number}", f"pump_{number}"
    film = draw(st.integers(0, 3)) == 0
    parts = [levels] if len(levels) < 2 or draw(st.booleans()) else [levels[:1], levels[1:]]
    others = st.sampled_from([m for m in Method if m is not Method.NFT])
    circuits = tuple(
        Circuit(
            id=f"circuit_{number}_{i}",
            name=f"Circuit {number} {i}",
            pump=pump,
            levels=tuple(part),
            method=Method.NFT if film else draw(others),
            drain_s=draw(st.sampled_from([0.0, 600.0])),
            daily_cap_l=draw(st.sampled_from([None, 60.0])),
        )
        for i, part in enumerate(parts)
    )
    bindings = []
    valve = f"{circuits[0].id}.irrigation_valve"
    valves = len(parts) > 1 or (not film and draw(st.booleans()))
    if film:
        bindings.append(
            actuator(
                pump,
                Role.IRRIGATION_PUMP,
                danger=Danger.OFF,
                safe_on=True,
                max_on_s=None,
                max_off_s=900.0,
            )
        )
    else:
        isolation = valve if valves and len(parts) == 1 else None
        bindings.append(actuator(pump, Role.IRRIGATION_PUMP, max_on_s=1800.0, isolation=isolation))
    if valves:
        declared: dict[str, Any] = {"max_on_s": 90 * 86400.0 if film else 2400.0}
        bindings += [actuator(c.id, Role.IRRIGATION_VALVE, **declared) for c in circuits]
    bindings += [sensor(tank, r) for r in draw(_some((Role.VOLUME, Role.LEVEL_LOW, Role.LEAK)))]
    bindings += [sensor(pump, r) for r in draw(_some((Role.FLOW, Role.PRESSURE)))]
    return {
        "reservoirs": (Reservoir(id=tank, name=tank, capacity_l=200, volume_min_l=40),),
        "pumps": (
            Pump(
                id=pump,
                name=pump,
                reservoir=tank,
                flow_l_min=20,
                meter_timeout_s=300,
                pressure_min_kpa=draw(st.sampled_from([None, 50.0])),
            ),
        ),
        "circuits": circuits,
        "bindings": bindings,
    }


@st.composite
def farms(draw: st.DrawFn) -> Farm:
    """A farm of one or two zones with up to six levels."""
    zones, racks, levels = [], [], []
    bindings: list[Binding] = []
    for z in range(draw(st.integers(1, 2))):
        zone, found = draw(_zone(f"zone_{z}"))
        zones.append(zone)
        bindings += found
        racks.append(Rack(id=f"rack_{z}", name=f"Rack {z}", zone=zone.id))
        for i in range(draw(st.integers(1, 3))):
            level, found = draw(_level(f"level_{z}_{i}", f"rack_{z}"))
            levels.append(level)
            bindings += found
    ids = [level.id for level in levels]
    water: dict[str, Any] = {"reservoirs": (), "pumps": (), "circuits": ()}
    groups = draw(st.sampled_from([[], [ids], [ids[:1], ids[1:]]]))
    for number, group in enumerate(group for group in groups if group):
        for what, made in draw(_water(number, group)).items():
            if what == "bindings":
                bindings += made
            else:
                water[what] += made
    supplies = ()
    if draw(st.integers(0, 2)) < 2:
        limit = draw(st.sampled_from([0.1, 0.2, 10.0]))
        supplies = (Supply(id="supply", name="Supply", limit_kw=limit, levels=tuple(ids)),)
    return check(
        Farm(
            id="farm",
            name="Any",
            time_zone=draw(st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"])),
            takeover_min=draw(st.sampled_from([1.0, 30.0])),
            zones=tuple(zones),
            racks=tuple(racks),
            levels=tuple(levels),
            supplies=supplies,
            bindings=tuple(bindings),
            **water,
        )
    )


@st.composite
def _plan(draw: st.DrawFn, method: Method) -> IrrigationPlan:
    values: dict[str, Any] = {
        "events_per_day": draw(st.integers(1, 6)),
        "night_events": draw(st.integers(0, 2)),
        "duration_s": draw(st.sampled_from([30.0, 300.0, 900.0])),
    }
    if method is Method.AEROPONICS and draw(st.booleans()):
        night_on = draw(st.sampled_from([0.0, 10.0]))
        values["cycle"] = MistCycle(on_s=30, off_s=300, night_on_s=night_on, night_off_s=900)
    if method in (Method.NFT, Method.DWC):
        values |= {"events_per_day": 1, "night_events": 0, "duration_s": 86400.0}
    return IrrigationPlan(method=method, provenance=BENCH, **values)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """A recipe of one or two phases, from dark to always lit."""
    phases = []
    kinds = (PhaseKind.GERMINATION, PhaseKind.VEGETATIVE)
    for i in range(draw(st.integers(1, 2))):
        hours = draw(st.sampled_from([16.0, 10.0, 24.0, 0.0]))
        ppfd = draw(st.sampled_from([80.0, 200.0])) if hours else 0.0
        day = draw(st.sampled_from([24.0, 22.0, 28.0]))
        climate = {
            ClimateQuantity.AIR_TEMPERATURE: setpoint(day, day - 4, 3, 6),
            ClimateQuantity.HUMIDITY: setpoint(65, 75, 12, 24),
        }
        if draw(st.booleans()):
            climate[ClimateQuantity.CO2] = setpoint(900, None, 400, 800)
        phases.append(
            bench_phase(
                f"phase_{i}",
                kinds[i],
                days=draw(st.sampled_from([1.0, 10.0])),
                climate=climate,
                light=LightPlan(
                    photoperiod_h=hours,
                    ppfd=ppfd,
                    dli=ppfd * hours * 0.0036,
                    ppfd_max=ppfd * 1.3,
                    dli_max=ppfd * hours * 0.0036 * 1.3,
                    ramp_min=draw(st.sampled_from([0.0, 20.0])) if 0 < hours < 24 else 0.0,
                    ramp_shape=draw(st.sampled_from([None, *Shape])),
                    provenance=BENCH,
                ),
                irrigation={m: draw(_plan(m)) for m in Method},
            )
        )
    return bench_recipe(phases=tuple(phases))
