"""A farm of any number of levels as a config entry keeps it, and the states it is bound to."""

from __future__ import annotations

from typing import Any

from home_farm import bound, declared, level
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant

LEVELS_PER_RACK = 10
RACKS_PER_ZONE = 5

#: What the sensors of each kind of node say at rest: role, value, unit.
ZONE = (("air_temperature", 21.0, "°C"), ("humidity", 65.0, "%"), ("co2", 700.0, "ppm"))
TANK = (
    ("volume", 300.0, "L"),
    ("solution_ec", 1.6, "mS/cm"),
    ("solution_ph", 5.9, None),
    ("solution_temperature", 19.0, "°C"),
)


def sensor(node: str, role: str) -> dict[str, Any]:
    """A binding of a sensor that is named for what it measures."""
    more = {"unit": "pH"} if role == "solution_ph" else {}
    return bound(node, role, f"sensor.{node}_{role}", **more)


def switch(node: str, role: str, danger: str = "neither", **more: Any) -> dict[str, Any]:
    """A binding of a switch that is named for what it does."""
    return bound(node, role, f"switch.{node}_{role}", declaration=declared(danger, **more))


def big_farm(levels: int) -> list[ConfigSubentryData]:
    """Racks of ten levels, five of them in a zone; each rack has a tank, a pump and a circuit."""
    made: list[ConfigSubentryData] = []

    def add(type_: str, id_: str, bindings: list[dict[str, Any]], **fields: Any) -> None:
        made.append(
            ConfigSubentryData(
                subentry_type=type_,
                title=id_,
                data={"id": id_, "bindings": bindings, **fields},
                unique_id=f"{type_}_{id_}",
            )
        )

    for number in range(levels // LEVELS_PER_RACK):
        rack, zone = f"r{number}", f"z{number // RACKS_PER_ZONE}"
        if number % RACKS_PER_ZONE == 0:
            devices = [switch(zone, "heater"), switch(zone, "cooler")]
            add("zone", zone, [*(sensor(zone, role) for role, *_ in ZONE), *devices], volume_m3=200)
        shelves = [f"{rack}_l{tier}" for tier in range(LEVELS_PER_RACK)]
        lamps = [
            bound(shelf, "grow_light", f"light.{shelf}", declaration=declared())
            for shelf in shelves
        ]
        add(
            "rack",
            rack,
            [*lamps, *(sensor(shelf, "ppfd") for shelf in shelves)],
            zone=zone,
            levels=[level(tier, id=shelf, name=shelf) for tier, shelf in enumerate(shelves)],
        )
        tank, pump, circuit = f"t{number}", f"p{number}", f"c{number}"
        probes = [sensor(tank, role) for role, *_ in TANK]
        add("reservoir", tank, probes, capacity_l=400.0, volume_min_l=60.0)
        pumps = [switch(pump, "irrigation_pump", "on", max_on_s=900.0)]
        add("pump", pump, pumps, reservoir=tank, flow_l_min=30.0)
        valves = [switch(circuit, "irrigation_valve", "on", max_on_s=1200.0)]
        add(
            "circuit",
            circuit,
            valves,
            pump=pump,
            levels=shelves,
            method="ebb_flow",
            drain_s=600.0,
        )
    return made


def settle(hass: HomeAssistant, farm: list[ConfigSubentryData]) -> None:
    """Give every bound entity its state at rest."""
    at_rest = {role: (value, unit) for role, value, unit in (*ZONE, *TANK, ("ppfd", 0.0, None))}
    for part in farm:
        for binding in part["data"]["bindings"]:
            entity_id, role = binding["entity"], binding["role"]
            if role in at_rest:
                value, unit = at_rest[role]
                shown = {"unit_of_measurement": unit} if unit else {}
                hass.states.async_set(entity_id, str(value), shown)
            else:
                modes = {"supported_color_modes": ["brightness"], "color_mode": None}
                hass.states.async_set(entity_id, "off", modes if role == "grow_light" else {})
