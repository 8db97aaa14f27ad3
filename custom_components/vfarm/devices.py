"""The devices of a farm; a level is a child device of its rack.

Parents are registered before the platforms, so that every entity finds its device.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceEntryType, DeviceInfo

from vfarm_core.farm.nodes import Farm, NodeKind

from .const import DOMAIN, DeviceType
from .data import VfarmConfigEntry

_MANUFACTURER: Final = "vfarm"

_MODELS = {
    NodeKind.FARM: "Farm",
    NodeKind.ZONE: "Zone",
    NodeKind.RACK: "Rack",
    NodeKind.RESERVOIR: "Reservoir",
    NodeKind.PUMP: "Pump",
    NodeKind.CIRCUIT: "Circuit",
}


def identifier(entry: ConfigEntry, node: str) -> tuple[str, str]:
    """The identifier of a node's device; identifiers are unique per entry."""
    return (DOMAIN, entry.entry_id if node == entry.entry_id else f"{entry.entry_id}:{node}")


def node_of_device(entry: ConfigEntry, device: dr.AnyDeviceEntry) -> str | None:
    """The node a device stands for; None for a device of other kind."""
    for domain, value in device.identifiers:
        if domain == DOMAIN and value == entry.entry_id:
            return entry.entry_id
        if domain == DOMAIN and value.startswith(f"{entry.entry_id}:"):
            return value.removeprefix(f"{entry.entry_id}:")
    return None


@callback
def async_device_id(hass: HomeAssistant, entry: ConfigEntry, node: str) -> str | None:
    """The id of a node's device."""
    registry = dr.async_get(hass)
    key = identifier(entry, node)
    device = registry.async_get_device_by_identifier(
        key, entry.entry_id
    ) or registry.async_get_child_device_by_identifier(key, entry.entry_id)
    return device.id if device is not None else None


@callback
def async_device_info(
    hass: HomeAssistant, entry: ConfigEntry, farm: Farm, node: str
) -> DeviceInfo | ChildDeviceInfo:
    """The device an entity of a node belongs to; its parent must be registered."""
    facts = _facts(hass, entry, farm, node)
    kind: Any = ChildDeviceInfo if node in farm.level else DeviceInfo
    info: DeviceInfo | ChildDeviceInfo = kind(**facts)
    return info


def _facts(hass: HomeAssistant, entry: ConfigEntry, farm: Farm, node: str) -> Any:
    """What the registry is told of a node's device."""
    key = identifier(entry, node)
    kind = farm.kind(node)
    if kind is NodeKind.FARM:
        return {
            "identifiers": {key},
            "name": farm.name,
            "manufacturer": _MANUFACTURER,
            "model": _MODELS[kind],
            "entry_type": DeviceEntryType.SERVICE,
        }
    name = farm.nodes[node].name
    above = async_device_id(hass, entry, _above(farm, node))
    if kind is NodeKind.LEVEL:
        return {"identifiers": {key}, "name": name, "parent_device_id": above}
    return {
        "identifiers": {key},
        "name": name,
        "manufacturer": _MANUFACTURER,
        "model": _MODELS[kind],
        "via_device_id": above,
    }


def _above(farm: Farm, node: str) -> str:
    """The node whose device a node's device hangs on."""
    for rack in farm.racks:
        if rack.id == node:
            return rack.zone
    if node in farm.level:
        return farm.level[node].rack
    if node in farm.pump:
        return farm.pump[node].reservoir
    if node in farm.circuit:
        return farm.circuit[node].pump
    return farm.id


def _main_nodes(farm: Farm) -> Iterator[str]:
    """Nodes with a device of their own, each after the one it hangs on."""
    yield farm.id
    for group in (farm.zones, farm.racks, farm.reservoirs, farm.pumps, farm.circuits):
        yield from (node.id for node in group)


def is_hardware(entry: ConfigEntry, device: dr.BaseDeviceEntry) -> bool:
    """Whether a device belongs to a subentry of hardware that vfarm itself talks to."""
    subentry = entry.subentries.get(device.config_subentry_id or "")
    return subentry is not None and subentry.subentry_type in DeviceType


@callback
def async_is_kept(entry: VfarmConfigEntry, device: dr.AnyDeviceEntry) -> bool:
    """Whether a device stands for a part of the farm as it runs, or is the demo's hardware."""
    data = entry.runtime_data
    if data.demo is not None and device.identifiers & data.demo.device_identifiers:
        return True
    if is_hardware(entry, device):
        return True
    node = node_of_device(entry, device)
    return node is not None and (node == data.farm.id or node in data.farm.nodes)


@callback
def async_sync_devices(hass: HomeAssistant, entry: VfarmConfigEntry, farm: Farm) -> None:
    """Register the devices of a farm and remove those of nodes that are gone."""
    registry = dr.async_get(hass)
    data = entry.runtime_data
    subentries = data.subentry_ids
    kept: set[tuple[str, str]] = set()
    for node in _main_nodes(farm):
        kept.add(identifier(entry, node))
        registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            config_subentry_id=subentries.get(node),
            **_facts(hass, entry, farm, node),
        )
    for level in farm.levels:
        kept.add(identifier(entry, level.id))
        registry.async_get_or_create_child(
            config_entry_id=entry.entry_id,
            config_subentry_id=subentries[level.id],
            **_facts(hass, entry, farm, level.id),
        )
    if data.demo is not None:
        kept |= data.demo.device_identifiers
    children = dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    for device in (*children, *dr.async_entries_for_config_entry(registry, entry.entry_id)):
        if not device.identifiers & kept and not is_hardware(entry, device):
            registry.async_remove_device(device.id)
