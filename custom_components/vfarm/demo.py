"""The demo farm: simulated hardware that runs in real or faster time behind ordinary entities.

The twin is the hardware. Its points appear as entities of this integration, bound through the same
bindings as any other entity, so that nothing of the farm knows it is a demo.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from vfarm_core.control.effects import Event
from vfarm_core.control.inputs import Report, StartBatch
from vfarm_core.farm.build import farm_to_dict
from vfarm_core.farm.codec import DecodeError, decode, encode
from vfarm_core.farm.nodes import Farm
from vfarm_core.recipes.model import Recipe
from vfarm_core.twin.checks import first_checks
from vfarm_core.twin.demo import demo_batches, demo_config, demo_farm
from vfarm_core.twin.farm import Twin

from .clock import SAVE_S, ClockState, DemoClock
from .const import CONF_BINDINGS, DOMAIN, SubentryType
from .data import VfarmConfigEntry
from .demo_past import (
    Beginning,
    CancelledError,
    async_can_tell,
    async_shown,
    async_tell,
    past_hours,
)
from .event import BATCH
from .farm_data import Part
from .hardware import HardwareEntity, domain_of, hardware_identifier, make_hardware
from .recipe_shelf import async_shipped

_LOGGER = logging.getLogger(__name__)

_STORE_VERSION = 1
#: The twin is moved on at most and at least this often (real s). A device that moves is seen at
#: once, because a quarter of a second can be a minute; sensors of a fast farm tell what they see
#: no later than their hardware would (s of farm time).
_PROMPT_S = 0.01
_SHORTEST_S = 0.25
_LATE_S = 15.0
_LONGEST_S = 60.0
#: Batches are looked at again after these.
_BATCH_EVENTS = frozenset(BATCH.kinds)


def simulated_farm(time_zone: str) -> Farm:
    """The demo farm. Home Assistant puts the rack's name before that of its levels, so theirs do
    without. Blocking: reads time zone data."""
    farm = demo_farm(time_zone)
    racks = {rack.id: rack.name for rack in farm.racks}
    levels = (
        replace(level, name=level.name.removeprefix(f"{racks[level.rack]} "))
        for level in farm.levels
    )
    return replace(farm, levels=tuple(levels))


def demo_parts(time_zone: str) -> tuple[str, list[Part], list[dict[str, Any]]]:
    """Name, parts and own bindings of the demo farm. Blocking: reads time zone data."""
    farm = simulated_farm(time_zone)
    data = farm_to_dict(farm)
    bindings: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for binding in data[CONF_BINDINGS]:
        bindings[binding["node"]].append(binding)
    parts: list[Part] = []
    for type_, group in (
        (SubentryType.ZONE, "zones"),
        (SubentryType.RACK, "racks"),
        (SubentryType.RESERVOIR, "reservoirs"),
        (SubentryType.PUMP, "pumps"),
        (SubentryType.CIRCUIT, "circuits"),
        (SubentryType.SUPPLY, "supplies"),
    ):
        for node in data[group]:
            fields = {key: value for key, value in node.items() if key != "name"}
            bound = list(bindings[node["id"]])
            if type_ is SubentryType.RACK:
                levels = [level for level in data["levels"] if level["rack"] == node["id"]]
                bound += [b for level in levels for b in bindings[level["id"]]]
                fields["levels"] = [
                    {key: value for key, value in level.items() if key != "rack"}
                    for level in levels
                ]
            fields[CONF_BINDINGS] = bound
            parts.append(Part(type=type_, title=node["name"], data=fields))
    return farm.name, parts, bindings[farm.id]


def _this_morning(now: datetime) -> float:
    """Where a new demo begins: just after lights-on, so that whoever opens it, at whatever hour,
    sees a day that is whole."""
    return now.replace(hour=7, minute=5, second=0, microsecond=0).timestamp()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.{entry_id}.demo")


class Demo:
    """The simulated hardware of a demo farm and its clock."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        farm: Farm,
        recipes: Mapping[str, Recipe],
        clock: DemoClock,
        left: Mapping[str, Any] | None,
        beginning: Beginning | None = None,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self.farm = farm
        self._recipes = recipes
        self.clock = clock
        self._left = left
        self._store = _store(hass, entry.entry_id)
        self.twin = Twin(farm, demo_config(), start=clock.now().farm, on_report=self._reported)
        self._hardware: dict[str, HardwareEntity] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stops: list[CALLBACK_TYPE] = []
        self._saved_at = 0.0
        self._beginning = beginning
        self._stopped = threading.Event()

    @classmethod
    async def async_create(cls, hass: HomeAssistant, entry: VfarmConfigEntry) -> Demo:
        """The demo as it was left, or a new one."""
        recipes = {r.version: r for r in (await async_shipped(hass)).values()}
        farm = await hass.async_add_executor_job(simulated_farm, hass.config.time_zone)
        stored = await _store(hass, entry.entry_id).async_load() or {}
        clock = DemoClock(_this_morning(dt_util.now()))
        if "clock" in stored:
            try:
                clock = DemoClock.restored(decode(ClockState, stored["clock"]))
            except DecodeError:
                _LOGGER.warning("The clock of the demo farm cannot be read; it starts anew")
        beginning = None
        if "beginning" in stored:
            try:
                beginning = decode(Beginning, stored["beginning"])
            except DecodeError:
                _LOGGER.warning("When the demo farm began cannot be read; its past stays as it is")
        return cls(hass, entry, farm, recipes, clock, stored.get("twin"), beginning)

    @staticmethod
    async def async_forget(hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
        """Forget what a removed demo kept."""
        await _store(hass, entry.entry_id).async_remove()

    # -- hardware as entities -------------------------------------------------------------------

    @property
    def device_identifiers(self) -> set[tuple[str, str]]:
        """The identifiers of the hardware's devices."""
        return {hardware_identifier(self._entry, part) for part in self._parts().values()}

    def _parts(self) -> dict[str, str]:
        """For each point: the id of the node whose subentry its hardware belongs to."""
        levels = self.farm.level
        return {
            b.id: levels[b.node].rack if b.node in levels else b.node for b in self.farm.bindings
        }

    @callback
    def async_add_hardware(
        self, domain: str, async_add_entities: AddConfigEntryEntitiesCallback
    ) -> None:
        """Add the simulated hardware that appears in a domain."""
        subentries = self._entry.runtime_data.subentry_ids
        groups: dict[str | None, list[Entity]] = defaultdict(list)
        for point, part in self._parts().items():
            if domain_of(self.farm, self.farm.binding[point]) == domain:
                entity = make_hardware(self._entry, self, self.twin.point(point), part)
                self._hardware[point] = entity
                groups[subentries.get(part)].append(entity)
        for subentry_id, entities in groups.items():
            async_add_entities(entities, config_subentry_id=subentry_id)

    @callback
    def async_bind(self) -> None:
        """Have the subentries' bindings name the hardware's entities by registry id."""
        registry = er.async_get(self._hass)
        ids = {
            point: registered.id
            for point, entity in self._hardware.items()
            if (registered := registry.async_get(entity.entity_id)) is not None
        }

        def renewed(bindings: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
            # What a person bound instead stays; what names nothing is named anew.
            return [
                {**b, "entity": ids[b["id"]]}
                if b["id"] in ids and er.async_resolve_entity_id(registry, b["entity"]) is None
                else b
                for b in bindings
            ]

        entries = self._hass.config_entries
        own = list(self._entry.data.get(CONF_BINDINGS, ()))
        if (new := renewed(own)) != own:
            data = {**self._entry.data, CONF_BINDINGS: new}
            entries.async_update_entry(self._entry, data=data)
        for subentry in list(self._entry.subentries.values()):
            old = list(subentry.data.get(CONF_BINDINGS, ()))
            if (new := renewed(old)) != old:
                entries.async_update_subentry(
                    self._entry, subentry, data={**subentry.data, CONF_BINDINGS: new}
                )

    # -- running --------------------------------------------------------------------------------

    async def async_start(self, *, new: bool) -> None:
        """Let the hardware run; a new demo has its probes and pumps checked and its batches
        started."""
        engine = self._entry.runtime_data.engine
        self._stops.append(engine.listen_events(self._happened))
        if new:
            self._beginning = Beginning(farm=self.clock.now().farm, real=time.time())
            for check in first_checks(self.farm, self.twin.config):
                engine.request(check)
            for batch in demo_batches(self.clock.now().farm, self._recipes):
                recipe = self._recipes[batch.recipe_version]
                answer = engine.request(StartBatch(batch=batch, recipe=recipe, by=DOMAIN))
                if answer.refused is not None:
                    _LOGGER.warning("Batch %s: %s %s", batch.title, answer.refused, answer.params)
        self._place_batches()
        if self._left is not None:
            self.twin.restore(self._left)
        await self._async_save()
        self._move()
        if self._beginning is not None and not self._beginning.told and async_can_tell(self._hass):
            past = self._async_tell_past(self._beginning)
            self._entry.async_create_background_task(self._hass, past, "vfarm demo past")

    async def _async_tell_past(self, beginning: Beginning) -> None:
        """Fill the graphs with the days before the demo began; once."""
        shown = async_shown(self._hass, self._entry, self.farm)
        try:
            hours = await self._hass.async_add_executor_job(
                past_hours, self.farm, self._recipes, beginning, shown, self._stopped
            )
        except CancelledError:
            # The next start does it.
            return
        async_tell(self._hass, self._entry, shown, hours)
        self._beginning = replace(beginning, told=True)
        await self._async_save()

    @callback
    def _happened(self, event: Event) -> None:
        if event.kind in _BATCH_EVENTS:
            # The step that told of it is not over: its memory comes with the next turn.
            self._hass.loop.call_soon(self._place_batches)

    @callback
    def _place_batches(self) -> None:
        memory = self._entry.runtime_data.engine.runtime.memory
        known = [
            b
            for b in memory.batches.values()
            if all(level in self.farm.level for level in b.levels)
        ]
        self.twin.set_batches(known, memory.recipes)

    @callback
    def command(self, point: str, value: float, duration_s: float | None = None) -> None:
        """Drive a simulated actuator, as its entity was told to."""
        self.twin.advance(self.clock.now().farm)
        self.twin.command(point, value, duration_s=duration_s)
        self._rearm()

    @callback
    def _reported(self, report: Report) -> None:
        if entity := self._hardware.get(report.point):
            entity.reported(self.twin.point(report.point))

    @callback
    def _move(self) -> None:
        self._timer = None
        try:
            self.twin.advance(self.clock.now().farm)
        finally:
            # A fault of the simulation is logged; the hardware lives on all the same.
            self._rearm()
        if time.monotonic() - self._saved_at >= SAVE_S:
            self._saved_at = time.monotonic()
            self._entry.async_create_background_task(
                self._hass, self._async_save(), "vfarm demo save"
            )

    @callback
    def _rearm(self) -> None:
        """Look at the twin when something happens in it next, but not too often."""
        if self._timer is not None:
            self._timer.cancel()
        now, speed = self.clock.now().farm, self.clock.speed
        shortest = min(_SHORTEST_S, _LATE_S / speed)
        delay = min(max((self.twin.next_event - now) / speed, shortest), _LONGEST_S)
        if (switch := self.twin.next_switch) is not None:
            delay = min(delay, max((switch - now) / speed, _PROMPT_S))
        # As in the engine: the hardware moves by itself.
        self._timer = self._hass.loop.call_later(delay, self._move, context=contextvars.Context())

    async def async_set_speed(self, speed: float) -> None:
        """Change how fast farm time runs."""
        self.twin.advance(self.clock.now().farm)
        self.clock.speed = speed
        self._rearm()
        self._entry.runtime_data.engine.clock_changed()
        await self._async_save()

    async def _async_save(self, *, stopped: bool = False) -> None:
        self._saved_at = time.monotonic()
        clock = self.clock.state(stopped=stopped)
        state = {"clock": encode(clock), "twin": self.twin.state()}
        if self._beginning is not None:
            state["beginning"] = encode(self._beginning)
        await self._store.async_save(state)

    async def async_stop(self) -> None:
        """Stop the hardware and keep how it is."""
        self._stopped.set()
        for stop in self._stops:
            stop()
        self._stops = []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.twin.advance(self.clock.now().farm)
            await self._async_save(stopped=True)
