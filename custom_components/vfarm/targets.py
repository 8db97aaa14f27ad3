"""From what an action is aimed at (devices, areas, entities, nodes) to nodes of running farms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    ATTR_AREA_ID,
    ATTR_CONFIG_ENTRY_ID,
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
)
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    config_validation as cv,
)
from homeassistant.helpers import (
    device_registry as dr,
)
from homeassistant.helpers import (
    entity_registry as er,
)
from homeassistant.helpers import (
    service,
)

from vfarm_core.farm.nodes import Farm, NodeKind

from .const import DOMAIN
from .data import VfarmConfigEntry
from .devices import node_of_device

ATTR_NODE = "node"

ENTRY_SCHEMA = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
TARGET_SCHEMA = {
    **ENTRY_SCHEMA,
    vol.Optional(ATTR_NODE): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(ATTR_AREA_ID): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(ATTR_ENTITY_ID): vol.All(cv.ensure_list, [cv.string]),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A node of a running farm."""

    entry: VfarmConfigEntry
    node: str

    @property
    def farm(self) -> Farm:
        """The farm the node belongs to."""
        return self.entry.runtime_data.farm


def error(key: str, **placeholders: str) -> ServiceValidationError:
    """A user's error in the user's language."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


@callback
def async_entry(hass: HomeAssistant, call: ServiceCall) -> VfarmConfigEntry:
    """The farm an action is for: the only one, if none is named."""
    entry: VfarmConfigEntry = service.async_get_config_entry(
        hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    return entry


@callback
def async_entries(hass: HomeAssistant, call: ServiceCall) -> list[VfarmConfigEntry]:
    """The farms an action is for: all of them, if none is named."""
    if call.data.get(ATTR_CONFIG_ENTRY_ID):
        return [async_entry(hass, call)]
    return hass.config_entries.async_loaded_entries(DOMAIN)


@callback
def async_farms(hass: HomeAssistant, data: Mapping[str, Any]) -> list[VfarmConfigEntry]:
    """Every farm that an action can reach: those it names or is aimed at, and all that run where it
    leaves that open. What does not exist is skipped: the action itself refuses it."""
    entities = er.async_get(hass)
    registry = dr.async_get(hass)
    devices = {
        *data.get(ATTR_DEVICE_ID, ()),
        *(
            registered.device_id
            for entity_id in data.get(ATTR_ENTITY_ID, ())
            if (registered := entities.async_get(entity_id)) and registered.device_id
        ),
        *(
            device.id
            for area in data.get(ATTR_AREA_ID, ())
            for device in dr.async_entries_for_area(registry, area)
        ),
    }
    named = data.get(ATTR_CONFIG_ENTRY_ID)
    found = {named} if named else set()
    found |= {device.config_entry_id for d in devices if (device := registry.async_get(d))}
    farms: list[VfarmConfigEntry] = [
        entry for entry in hass.config_entries.async_entries(DOMAIN) if entry.entry_id in found
    ]
    if not farms or (not named and data.get(ATTR_NODE)):
        farms += hass.config_entries.async_loaded_entries(DOMAIN)
    return farms


@callback
def async_targets(hass: HomeAssistant, call: ServiceCall, *kinds: NodeKind) -> list[Target]:
    """The nodes of some kinds an action is aimed at. An area means what of these kinds is in it; a
    device, entity or node of another kind is an error. Raises ServiceValidationError."""
    data = call.data
    found: list[Target] = []
    if nodes := data.get(ATTR_NODE):
        entry = async_entry(hass, call)
        for node in nodes:
            if node != entry.entry_id and node not in entry.runtime_data.farm.nodes:
                raise error("node_unknown", node=node)
            found.append(_of_kind(Target(entry, node), kinds))
    devices = set(data.get(ATTR_DEVICE_ID, ())) | _devices_of_entities(
        hass, data.get(ATTR_ENTITY_ID, ())
    )
    for device_id in sorted(devices):
        found.append(_of_kind(_async_of_device(hass, device_id), kinds))
    registry = dr.async_get(hass)
    for area in data.get(ATTR_AREA_ID, ()):
        for device in dr.async_entries_for_area(registry, area):
            target = _async_find(hass, device)
            if target is not None and target.farm.kind(target.node) in kinds:
                found.append(target)
    if not found:
        raise error("no_target", kinds=", ".join(kinds))
    return _unique(found)


def _unique(targets: Iterable[Target]) -> list[Target]:
    seen: dict[tuple[str, str], Target] = {}
    for target in targets:
        seen.setdefault((target.entry.entry_id, target.node), target)
    return list(seen.values())


def _of_kind(target: Target, kinds: tuple[NodeKind, ...]) -> Target:
    kind = target.farm.kind(target.node)
    if kind not in kinds:
        known = target.farm.nodes.get(target.node)
        name = known.name if known is not None else target.farm.name
        raise error("wrong_kind", node=name, kind=kind, kinds=", ".join(kinds))
    return target


def _devices_of_entities(hass: HomeAssistant, entity_ids: Iterable[str]) -> set[str]:
    registry = er.async_get(hass)
    devices: set[str] = set()
    for entity_id in entity_ids:
        registered = registry.async_get(entity_id)
        if registered is None or registered.device_id is None:
            raise error("not_ours", what=entity_id)
        devices.add(registered.device_id)
    return devices


@callback
def _async_of_device(hass: HomeAssistant, device_id: str) -> Target:
    device: Any
    device, _ = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    target = _async_find(hass, device)
    if target is None:
        raise error("not_ours", what=device.name_by_user or device.name or device_id)
    return target


@callback
def _async_find(hass: HomeAssistant, device: dr.AnyDeviceEntry) -> Target | None:
    entry: VfarmConfigEntry | None = hass.config_entries.async_get_entry(device.config_entry_id)
    if entry is None or entry.domain != DOMAIN or entry.state is not ConfigEntryState.LOADED:
        return None
    node = node_of_device(entry, device)
    farm = entry.runtime_data.farm
    if node is None or (node != farm.id and node not in farm.nodes):
        return None
    return Target(entry, node)
