"""What a trigger or a condition is aimed at: devices and entities, and the nodes they stand for.

A device means all that is part of it: a zone its racks and levels, the farm's device everything.
A target is looked up when it is needed, so that a device that moves to another area, or a level
that is added, is found without anything being set up again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util.event_type import EventType

from vfarm_core.farm.nodes import Farm

from .const import DOMAIN, HARDWARE
from .data import VfarmConfigEntry
from .devices import async_device_id, node_of_device

_EXCLUDE = "exclude"


@callback
def async_devices(hass: HomeAssistant, target: Mapping[str, Any]) -> set[str]:
    """The devices a target means: those it names, those in its areas, those of its entities."""
    selected = async_extract_referenced_entity_ids(
        hass, TargetSelection(dict(target)), expand_group=False, primary_entities_only=False
    )
    found = set(selected.referenced_devices)
    registry = er.async_get(hass)
    for entity_id in selected.referenced | selected.indirectly_referenced:
        entry = registry.async_get(entity_id)
        if entry is not None and entry.device_id is not None:
            found.add(entry.device_id)
    return found


class Reach:
    """What a target means, looked up again only after a registry has changed: a large farm tells
    of a thousand lights at once."""

    def __init__(self, hass: HomeAssistant, target: Mapping[str, Any] | None) -> None:
        """Know the target; none means everything."""
        self._hass = hass
        self._target = target
        self._meant: tuple[set[str], set[str]] | None = None

    @callback
    def async_follow(self) -> CALLBACK_TYPE:
        """Hear of changed registries until the returned function is called."""
        if not self._target:
            return lambda: None

        @callback
        def forget(event: Event[Any]) -> None:
            self._meant = None

        heard: list[EventType[Any]] = [
            ar.EVENT_AREA_REGISTRY_UPDATED,
            dr.EVENT_DEVICE_REGISTRY_UPDATED,
            er.EVENT_ENTITY_REGISTRY_UPDATED,
        ]
        ends = [self._hass.bus.async_listen(event, forget) for event in heard]

        @callback
        def stop() -> None:
            for end in ends:
                end()

        return stop

    @callback
    def async_reaches(self, entry: VfarmConfigEntry | None, nodes: Iterable[str]) -> bool:
        """Whether it means one of some nodes of a farm, or what one of them is part of."""
        if not self._target:
            return True
        if entry is None:
            return False
        if self._meant is None:
            self._meant = (
                async_devices(self._hass, self._target),
                async_devices(self._hass, self._target.get(_EXCLUDE) or {}),
            )
        devices, excluded = self._meant
        farm = entry.runtime_data.farm

        def means(node: str, some: set[str]) -> bool:
            parts = with_above(farm, (node,))
            return any(async_device_id(self._hass, entry, part) in some for part in parts)

        return any(means(node, devices) and not means(node, excluded) for node in nodes)


@callback
def async_nodes(
    hass: HomeAssistant, target: Mapping[str, Any]
) -> Iterator[tuple[VfarmConfigEntry, str]]:
    """The nodes of running farms a target means, with all that is part of them."""
    meant = _with_parts(hass, async_devices(hass, target))
    meant -= _with_parts(hass, async_devices(hass, target.get(_EXCLUDE) or {}))
    entries: list[VfarmConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    registry = dr.async_get(hass)
    for entry in entries:
        farm = entry.runtime_data.farm
        nodes = [
            *(
                node_of_device(entry, device)
                for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
                if device.id in meant
            ),
            *(
                node_of_device(entry, device)
                for device in dr.async_child_entries_for_config_entry(registry, entry.entry_id)
                if device.id in meant
            ),
        ]
        for node in nodes:
            if node is not None and (node == farm.id or node in farm.nodes):
                yield entry, node


def with_above(farm: Farm, nodes: Iterable[str]) -> set[str]:
    """Some nodes with all they are part of: a level with its rack and zone, all with the farm."""
    found = {farm.id}
    for node in nodes:
        found.add(node)
        found.update(farm.above.get(node, ()))
    return found


@callback
def _with_parts(hass: HomeAssistant, devices: set[str]) -> set[str]:
    """Some devices with those of farms that hang on them, as the registry has it: also while a
    farm is not loaded."""
    found = set(devices)
    if not devices:
        return found
    registry = dr.async_get(hass)
    for entry in hass.config_entries.async_entries(DOMAIN):
        hangs: dict[str | None, list[str]] = {}
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
            hangs.setdefault(device.via_device_id, []).append(device.id)
        for child in dr.async_child_entries_for_config_entry(registry, entry.entry_id):
            hangs.setdefault(child.parent_device_id, []).append(child.id)
        waiting = [part for whole in devices for part in hangs.get(whole, ())]
        while waiting:
            part = waiting.pop()
            if part not in found:
                found.add(part)
                waiting.extend(hangs.get(part, ()))
    return found


class OurEntities:
    """What triggers and conditions on entities share: of what they are aimed at, only entities that
    vfarm made for one of `keys` count. PPFD, DLI and VPD have no device class by which anybody
    could tell. Entities that are named are meant themselves; all else means what is part of it."""

    keys: ClassVar[Collection[str]]
    _hass: HomeAssistant
    _target: dict[str, Any]
    _domain_specs: Mapping[str, Any]

    def entity_filter(self, entities: set[str]) -> set[str]:
        """The entities that count."""
        registry = er.async_get(self._hass)
        named = self._target.get(ATTR_ENTITY_ID) or ()
        direct = {named} if isinstance(named, str) else set(named)
        wider = {key: value for key, value in self._target.items() if key != ATTR_ENTITY_ID}
        devices = _with_parts(self._hass, async_devices(self._hass, wider))
        devices -= _with_parts(
            self._hass, async_devices(self._hass, self._target.get(_EXCLUDE) or {})
        )
        found = (registry.async_get(entity_id) for entity_id in direct & entities)
        counted = {e.entity_id for e in found if e is not None and self._is_ours(e)}
        for device in devices:
            counted.update(
                e.entity_id
                for e in er.async_entries_for_device(registry, device)
                if self._is_ours(e) and e.hidden_by is None
            )
        return counted

    def _is_ours(self, entry: er.RegistryEntry) -> bool:
        return (
            entry.platform == DOMAIN
            and entry.domain in self._domain_specs
            and entry.unique_id.rpartition(":")[2] in self.keys
            and HARDWARE not in entry.unique_id
        )
