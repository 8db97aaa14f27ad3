"""The Bluetooth meters of a farm: they come, change and go with their subentries while it runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..const import DeviceType
from .entities import DOMAINS, make_entities
from .history import Histories
from .links import Wanted, wanted_of
from .meter import Meter

if TYPE_CHECKING:
    from ..data import VfarmConfigEntry


class FarmMeters:
    """The meters of one farm."""

    def __init__(self, hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
        """Know of no meter yet."""
        self.meters: dict[str, Meter] = {}
        self.histories = Histories(hass, entry.entry_id)
        self._hass = hass
        self._entry = entry
        self._adders: dict[str, AddConfigEntryEntitiesCallback] = {}
        self._entities: dict[str, dict[str, list[Entity]]] = {}
        self._started = False
        self._closed = False
        self._editing = asyncio.Lock()

    @callback
    def load(self) -> None:
        """Find out what there is, before the platforms are set up."""
        for wanted in self._wanted().values():
            self._make(wanted)

    def _wanted(self) -> dict[str, Wanted]:
        found = self._entry.get_subentries_of_type(DeviceType.BLE)
        return {subentry.subentry_id: wanted_of(subentry) for subentry in found}

    @callback
    def async_add_to(self, domain: str, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
        """Add the entities of a platform, now and whenever a meter comes or changes."""
        self._adders[domain] = async_add_entities
        for key in self.meters:
            self._add(key, domain)

    @callback
    def async_start(self) -> None:
        """Begin to visit them: their entities are there."""
        self._started = True
        for meter in self.meters.values():
            meter.start()

    async def async_edited(self) -> None:
        """Go on with what the subentries say now; what did not change is not disturbed."""
        async with self._editing:
            if not self._closed:
                await self._async_follow()

    async def _async_follow(self) -> None:
        wanted = self._wanted()
        for key in [key for key in self.meters if key not in wanted]:
            await self._async_drop(key)
        for key, one in wanted.items():
            present = self.meters.get(key)
            if present is not None and present.wanted == one:
                continue
            if present is not None:
                await self._async_drop(key)
            meter = self._make(one)
            for domain in DOMAINS:
                self._add(key, domain)
            if self._started:
                meter.start()

    async def async_close(self) -> None:
        """Visit nobody any more."""
        self._started = False
        self._closed = True
        # An edit that is under way ends first: it may have taken a meter up again.
        async with self._editing:
            await asyncio.gather(*(meter.async_stop() for meter in self.meters.values()))

    # -- one meter ------------------------------------------------------------------------------

    def _make(self, wanted: Wanted) -> Meter:
        meter = Meter(self._hass, self._entry, wanted)
        self.meters[wanted.subentry_id] = meter
        self._entities[wanted.subentry_id] = make_entities(
            self._hass, self._entry, meter, self.histories
        )
        return meter

    @callback
    def _add(self, key: str, domain: str) -> None:
        adder, group = self._adders.get(domain), self._entities[key].get(domain)
        if adder is not None and group:
            adder(group, config_subentry_id=key)

    async def _async_drop(self, key: str) -> None:
        await self.meters.pop(key).async_stop()
        for group in self._entities.pop(key).values():
            for entity in group:
                if entity.hass is not None:
                    # It is there again in a moment, unless the meter is gone.
                    await entity.async_remove()
