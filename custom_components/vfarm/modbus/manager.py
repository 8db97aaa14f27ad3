"""The Modbus devices of a farm: they come, change and go with their subentries while it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.devices.modbus.library import Shelf

from .. import issues
from ..const import DOMAIN, DeviceType
from .entities import DOMAINS, make_entities
from .entity import ModbusEntity
from .links import CONF_MODEL, CONF_PHASES, CONF_PROFILE, CONF_UNIT, params_of
from .poller import Poller, Wanted
from .shelves import async_shelf

_LOGGER = logging.getLogger(__name__)

if TYPE_CHECKING:
    from ..data import VfarmConfigEntry


def wanted_of(subentry: ConfigSubentry, shelf: Shelf) -> Wanted:
    """What a subentry asks for."""
    data = subentry.data
    phases = data.get(CONF_PHASES)
    return Wanted(
        subentry_id=subentry.subentry_id,
        name=subentry.title,
        params=params_of(data),
        unit=int(data[CONF_UNIT]),
        profile_id=data[CONF_PROFILE],
        profile=shelf.profiles.get(data[CONF_PROFILE]),
        model=data.get(CONF_MODEL),
        phases=None if phases is None else int(phases),
    )


class FarmModbus:
    """The devices of one farm."""

    def __init__(self, hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
        """Know of no device yet."""
        self.pollers: dict[str, Poller] = {}
        self._hass = hass
        self._entry = entry
        self._adders: dict[str, AddConfigEntryEntitiesCallback] = {}
        self._entities: dict[str, list[ModbusEntity]] = {}
        self._started = False
        self._closed = False
        self._editing = asyncio.Lock()

    @property
    def entities(self) -> Iterator[ModbusEntity]:
        """The entities of all devices."""
        for group in self._entities.values():
            yield from group

    async def _async_wanted(self) -> dict[str, Wanted]:
        found = self._entry.get_subentries_of_type(DeviceType.MODBUS)
        subentries = {subentry.subentry_id: subentry for subentry in found}
        if not subentries:
            return {}
        shelf = await async_shelf(self._hass)
        wanted: dict[str, Wanted] = {}
        for key, subentry in subentries.items():
            try:
                wanted[key] = wanted_of(subentry, shelf)
            except (KeyError, ValueError) as err:
                # What another version has stored takes no other device down, and no farm.
                _LOGGER.warning("%s is left out, its data cannot be read: %r", subentry.title, err)
        return wanted

    async def async_load(self) -> None:
        """Find out what there is, before the platforms are set up."""
        for wanted in (await self._async_wanted()).values():
            self._make(wanted)

    @callback
    def async_add_to(self, domain: str, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
        """Add the entities of a platform, now and whenever a device comes or changes."""
        self._adders[domain] = async_add_entities
        for key in self.pollers:
            self._add(key, domain)

    @callback
    def async_start(self) -> None:
        """Begin to ask the devices: their entities are there."""
        self._started = True
        for poller in self.pollers.values():
            poller.start()

    async def async_edited(self) -> None:
        """Go on with what the subentries say now; what did not change is not disturbed."""
        async with self._editing:
            if not self._closed:
                await self._async_follow()

    async def _async_follow(self) -> None:
        wanted = await self._async_wanted()
        for key in [key for key in self.pollers if key not in wanted]:
            await self._async_drop(key)
        for key, one in wanted.items():
            present = self.pollers.get(key)
            if present is not None and present.wanted == one:
                continue
            if present is not None:
                await self._async_drop(key)
            poller = self._make(one)
            for domain in DOMAINS:
                self._add(key, domain)
            if self._started:
                poller.start()

    async def async_close(self) -> None:
        """Ask no device any more and let go of the lines."""
        self._started = False
        self._closed = True
        # An edit that is under way ends first: it may have taken a device up again.
        async with self._editing:
            await asyncio.gather(*(poller.async_stop() for poller in self.pollers.values()))

    # -- one device -----------------------------------------------------------------------------

    def _make(self, wanted: Wanted) -> Poller:
        poller = Poller(self._hass, self._entry, wanted)
        key = wanted.subentry_id
        self.pollers[key] = poller
        gone = wanted.name if wanted.profile is None else None
        issues.async_tell_profile_gone(self._hass, self._entry, key, gone, wanted.profile_id)
        made = make_entities(self._hass, self._entry, poller)
        self._entities[key] = [entity for group in made.values() for entity in group]
        if wanted.profile is not None:
            self._forget_others(key, made)
        return poller

    def _forget_others(self, key: str, made: Mapping[str, list[ModbusEntity]]) -> None:
        """What another profile had and this one has not leaves the registry."""
        kept = {(domain, e.unique_id) for domain, group in made.items() for e in group}
        registry = er.async_get(self._hass)
        for known in er.async_entries_for_config_entry(registry, self._entry.entry_id):
            own = known.config_subentry_id == key and known.platform == DOMAIN
            if own and (known.domain, known.unique_id) not in kept:
                registry.async_remove(known.entity_id)

    @callback
    def _add(self, key: str, domain: str) -> None:
        adder = self._adders.get(domain)
        group = [e for e in self._entities.get(key, ()) if _domain_of(e) == domain]
        if adder is not None and group:
            adder(group, config_subentry_id=key)

    async def _async_drop(self, key: str) -> None:
        poller = self.pollers.pop(key)
        await poller.async_stop()
        for entity in self._entities.pop(key, ()):
            if entity.hass is not None:
                # It is there again in a moment, unless its register is gone.
                await entity.async_remove()
        if key not in self._entry.subentries:
            issues.async_tell_profile_gone(self._hass, self._entry, key, None)


def _domain_of(entity: ModbusEntity) -> str:
    return entity.how.domain
