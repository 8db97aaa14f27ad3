"""What a trigger or a condition is aimed at: devices and entities, and the nodes they stand for.

A target is looked up when it is needed, so that a device that moves to another area, or a level
that is added, is found without anything being set up again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from vfarm_core.farm.nodes import Farm

from .const import DOMAIN
from .data import VfarmConfigEntry
from .devices import async_device_id, node_of_device


@callback
def async_devices(hass: HomeAssistant, target: dict[str, Any]) -> set[str]:
    """The devices a target means: those it names, those in its areas, those of its entities."""
    selected = async_extract_referenced_entity_ids(
        hass, TargetSelection(target), expand_group=False, primary_entities_only=False
    )
    found = set(selected.referenced_devices)
    registry = er.async_get(hass)
    for entity_id in selected.referenced | selected.indirectly_referenced:
        entry = registry.async_get(entity_id)
        if entry is not None and entry.device_id is not None:
            found.add(entry.device_id)
    return found


@callback
def async_reaches(
    hass: HomeAssistant, entry: VfarmConfigEntry, nodes: Iterable[str], target: dict[str, Any]
) -> bool:
    """Whether a target means one of some nodes, or what one of them is part of."""
    devices = async_devices(hass, target)
    return any(
        async_device_id(hass, entry, node) in devices
        for node in with_above(entry.runtime_data.farm, nodes)
    )


@callback
def async_nodes(
    hass: HomeAssistant, target: dict[str, Any]
) -> Iterator[tuple[VfarmConfigEntry, str]]:
    """The nodes of running farms a target means, with all that is part of them."""
    devices = async_devices(hass, target)
    entries: list[VfarmConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    registry = dr.async_get(hass)
    for entry in entries:
        named = {
            *(
                node_of_device(entry, d)
                for d in dr.async_entries_for_config_entry(registry, entry.entry_id)
                if d.id in devices
            ),
            *(
                node_of_device(entry, d)
                for d in dr.async_child_entries_for_config_entry(registry, entry.entry_id)
                if d.id in devices
            ),
        }
        farm = entry.runtime_data.farm
        for node in (farm.id, *farm.nodes):
            if named & with_above(farm, (node,)):
                yield entry, node


def with_above(farm: Farm, nodes: Iterable[str]) -> set[str]:
    """Some nodes with all they are part of: a level with its rack and zone, all with the farm."""
    found = {farm.id}
    for node in nodes:
        found.add(node)
        found.update(farm.above.get(node, ()))
    return found


def ours(hass: HomeAssistant, entities: Iterable[str], keys: Collection[str]) -> set[str]:
    """Those of some entities that vfarm made for one of its keys. PPFD, DLI and VPD have no device
    class by which anybody could tell."""
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entities
        if (entry := registry.async_get(entity_id)) is not None
        and entry.platform == DOMAIN
        and entry.translation_key in keys
    }
