"""A rack with every kind of actuator a station can hold, and the stations it hangs on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from vfarm_core.devices.stations.model import (
    Contact,
    LightHours,
    Output,
    Station,
    StationKind,
)
from vfarm_core.farm.bindings import Binding, Danger, Declaration, OnLoss, Proof, binding_id
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import (
    Circuit,
    Farm,
    Fill,
    Fixture,
    Level,
    Method,
    Pump,
    Rack,
    Reservoir,
    Zone,
)
from vfarm_core.farm.roles import Role


def bound(node: str, role: Role, **declared: Any) -> Binding:
    """A binding; an actuator where something is declared."""
    key = binding_id(node, role)
    declaration = Declaration(**declared) if declared else None
    return Binding(id=key, node=node, role=role, entity=f"x.{key}", declaration=declaration)


def rack_farm(method: Method = Method.EBB_FLOW, *, without: tuple[Role, ...] = ()) -> Farm:
    """One zone, one rack of two levels, one tank with a pump, two circuits, air and a fill."""
    water: dict[str, Any] = {"danger": Danger.ON, "max_on_s": 900.0, "proof": Proof.STATE}
    if method is Method.NFT:
        water = {"danger": Danger.OFF, "safe_on": True, "max_off_s": 1200.0, "proof": Proof.STATE}
    lamp: dict[str, Any] = {"danger": Danger.NEITHER, "proof": Proof.STATE}
    bindings = [
        bound("level_1", Role.GROW_LIGHT, **lamp),
        bound("level_2", Role.GROW_LIGHT, **lamp),
        bound("pump", Role.IRRIGATION_PUMP, **water),
        bound("circuit_1", Role.IRRIGATION_VALVE, **water),
        bound("circuit_2", Role.IRRIGATION_VALVE, **water),
        bound(
            "tank",
            Role.AIR_PUMP,
            danger=Danger.OFF,
            safe_on=True,
            max_off_s=1800.0,
            proof=Proof.STATE,
        ),
        bound(
            "tank",
            Role.FILL_VALVE,
            danger=Danger.ON,
            max_on_s=600.0,
            proof=Proof.PULSE,
            on_power_loss=OnLoss.OFF,
        ),
        bound("tank", Role.VOLUME),
        bound("tank", Role.LEVEL_LOW),
        bound("tank", Role.LEVEL_HIGH),
        bound("tank", Role.LEAK),
        bound("zone", Role.LEAK),
    ]
    fixture = Fixture(ppfd_full=250.0, power_w=100.0)
    return check(
        Farm(
            id="rack_farm",
            name="Rack farm",
            time_zone="Europe/Berlin",
            zones=(Zone(id="zone", name="Zone", volume_m3=50.0),),
            racks=(Rack(id="rack", name="Rack", zone="zone"),),
            levels=tuple(
                Level(
                    id=f"level_{n}",
                    name=f"Level {n}",
                    rack="rack",
                    area_m2=1.0,
                    sites=60,
                    fixture=fixture,
                )
                for n in (1, 2)
            ),
            reservoirs=(
                Reservoir(
                    id="tank",
                    name="Tank",
                    capacity_l=200.0,
                    volume_min_l=40.0,
                    fill=Fill(below=0.5, to=0.8, max_l=50.0, day_l=150.0),
                ),
            ),
            pumps=(Pump(id="pump", name="Pump", reservoir="tank", flow_l_min=10.0),),
            circuits=tuple(
                Circuit(
                    id=f"circuit_{n}",
                    name=f"Circuit {n}",
                    pump="pump",
                    levels=(f"level_{n}",),
                    method=method,
                )
                for n in (1, 2)
            ),
            bindings=tuple(b for b in bindings if b.role not in without),
        )
    )


HOURS = LightHours(on=dt.time(6), off=dt.time(22), output=0.8)


def esphome_station(farm: Farm, **changes: Any) -> Station:
    """Everything on one ESPHome node, with all contacts wired to it."""
    pins = iter(f"GPIO{n}" for n in (16, 17, 18, 19, 21, 22, 23, 25, 26, 27, 32, 33))
    values: dict[str, Any] = {
        "id": "node",
        "name": "Node at the rack",
        "kind": StationKind.ESPHOME,
        "outputs": tuple(
            Output(
                point=b.id,
                channel=next(pins),
                inverted=b.role is Role.IRRIGATION_PUMP,
                light=HOURS if b.role is Role.GROW_LIGHT else None,
            )
            for b in farm.bindings
            if b.declaration is not None
        ),
        "contacts": tuple(
            Contact(point=b.id, channel=next(pins), inverted=True)
            for b in farm.bindings
            if b.role in (Role.LEAK, Role.LEVEL_LOW, Role.LEVEL_HIGH)
        ),
    }
    return Station(**{**values, **changes})
