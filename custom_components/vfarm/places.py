"""Places of running farms by what people call them."""

from __future__ import annotations

from collections.abc import Iterator

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.spoken import Named, find

from .const import DOMAIN
from .data import VfarmConfigEntry
from .devices import async_device_id
from .targets import Target


@callback
def async_find(
    hass: HomeAssistant, said: str, farms: list[VfarmConfigEntry] | None = None
) -> list[Target]:
    """The places somebody means, in these farms or in all that run."""
    entries: list[VfarmConfigEntry] = (
        hass.config_entries.async_loaded_entries(DOMAIN) if farms is None else farms
    )
    return [
        Target(entry, node)
        for entry in entries
        for node in find(_async_places(hass, entry), said, farm=entry.runtime_data.farm.id)
    ]


@callback
def _async_places(hass: HomeAssistant, entry: VfarmConfigEntry) -> dict[str, Named]:
    """Every place of a farm, the farm itself among them: by its name in the farm, by the name that
    people have given its device, and by what it lies in."""
    farm = entry.runtime_data.farm
    registry = dr.async_get(hass)
    names: dict[str, tuple[str, ...]] = {}
    for node in farm.ids:
        device_id = async_device_id(hass, entry, node)
        device = None if device_id is None else registry.async_get(device_id)
        own = entry.title if node == farm.id else farm.nodes[node].name
        given = device.name_by_user if device is not None else None
        names[node] = (own,) if given is None or given == own else (own, given)
    return {
        node: Named(called, tuple(names[other] for other in _within(farm, node)))
        for node, called in names.items()
    }


def _within(farm: Farm, node: str) -> Iterator[str]:
    """What a node lies in or hangs on, the nearest first."""
    if node == farm.id:
        return
    if (level := farm.level.get(node)) is not None:
        yield level.rack
        yield farm.zone_of_level[node]
    for rack in farm.racks:
        if rack.id == node:
            yield rack.zone
    for circuit in farm.circuits:
        if circuit.id == node:
            yield circuit.pump
    for pump in farm.pumps:
        if pump.id == node:
            yield pump.reservoir
    yield farm.id


@callback
def name_of(target: Target) -> str:
    """What a place is called; a level together with its rack, for racks have levels of one name."""
    farm = target.farm
    if target.node == farm.id:
        return target.entry.title
    name = farm.nodes[target.node].name
    level = farm.level.get(target.node)
    return name if level is None else f"{farm.nodes[level.rack].name}, {name}"
