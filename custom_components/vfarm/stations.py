"""The stations of a farm on Home Assistant's broker: heartbeat, stop, stored plan, hand-over.

Which stations there are is described in a file (`station_file`). An entity may stand there in place
of the binding that it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later, async_track_time_interval

from vfarm_core.control.ahead import plan_ahead
from vfarm_core.control.effects import Event
from vfarm_core.control.inputs import TakeOver
from vfarm_core.devices.stations.described import stations_described
from vfarm_core.devices.stations.drills import by_mqtt, silenced
from vfarm_core.devices.stations.executor import Phase
from vfarm_core.devices.stations.model import (
    HEARTBEAT_S,
    Link,
    Station,
    StationError,
    StationKind,
)
from vfarm_core.devices.stations.plan import PlanError, open_delivered, seal
from vfarm_core.devices.stations.topics import (
    delivered_topic,
    heartbeat_topic,
    phase_topic,
    plan_topic,
    stop_topic,
    taken_topic,
)
from vfarm_core.farm.ahead import Delivered
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.nodes import Farm

from . import station_file
from .const import CONF_KIND, FarmKind
from .issues import async_tell_stations
from .station_words import async_problems

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

    from .data import VfarmConfigEntry
    from .engine import Engine

_LOGGER = logging.getLogger(__name__)

#: A plan is left with the broker this often (real s), and so long after something has happened.
PLAN_S = 900.0
SOON_S = 30.0
#: What a station has said last is with the broker: it comes within this time (real s), or never.
SAID_S = 5.0
#: A station that is alone finishes its shot before it hands back: so long (real s) it has for it.
HANDED_S = 600.0

_HEARD_AGAIN = frozenset({"protection_worked", "protection_failed", "drill_ended"})

type EntityOf = Callable[[Binding], str | None]


async def async_load(
    hass: HomeAssistant, entry: ConfigEntry, farm: Farm, entity_of: EntityOf
) -> tuple[Station, ...]:
    """The stations of a farm; none where its description cannot be used, which is told."""
    try:
        told = await hass.async_add_executor_job(station_file.read, station_file.path(hass))
        found = stations_described(told, farm, entity_of)
        if found and DOMAIN_MQTT not in hass.config.components and any(map(by_mqtt, found)):
            raise StationError(["MQTT is not set up in Home Assistant"])
    except StationError as err:
        async_tell_stations(hass, entry, await async_problems(hass, err.problems))
        return ()
    async_tell_stations(hass, entry, ())
    return found


DOMAIN_MQTT = "mqtt"


async def async_begin(
    hass: HomeAssistant, entry: VfarmConfigEntry, engine: Engine
) -> FarmStations | None:
    """The stations of a real farm; what is simulated has a clock that none of them keeps."""
    if entry.data[CONF_KIND] == FarmKind.DEMO:
        return None
    found = await async_load(hass, entry, engine.farm, engine.points.entity_of)
    made = entry.runtime_data.stations = FarmStations(hass, engine, found) if found else None
    return made


async def async_renew(hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
    """The stations of a running farm were described anew: go on with those."""
    data = entry.runtime_data
    before = data.stations
    if before is not None:
        before.close()
    made = await async_begin(hass, entry, data.engine)
    if before is not None:
        await before.async_forget(made)
    if made is not None:
        entry.async_create_background_task(hass, _async_look_after(made), "vfarm stations")


async def _async_look_after(stations: FarmStations) -> None:
    await stations.async_handed()
    await stations.async_take_over()


class FarmStations:
    """The stations of one running farm."""

    def __init__(self, hass: HomeAssistant, engine: Engine, stations: Iterable[Station]) -> None:
        self._hass = hass
        self._engine = engine
        self._farm = engine.farm.id
        self._stations = tuple(stations)
        self._planned = tuple(s for s in self._stations if s.kind is StationKind.EXECUTOR)
        self._phases: dict[str, str] = {}
        self._reports: dict[str, Delivered] = {}
        self._heard = asyncio.Event()
        self._ends: list[CALLBACK_TYPE] = []
        self._soon: CALLBACK_TYPE | None = None
        self._planned_at: float | None = None
        self._stopped: bool | None = None
        self._taking = asyncio.Lock()
        self._broken = False
        self.closed = False

    @property
    def reported(self) -> bool:
        """Whether a station has told what it gave, and nobody has taken that over."""
        return bool(self._reports)

    @callback
    def close(self) -> None:
        """Say nothing any more: the stations are on their own from now on."""
        self.closed = True
        self._heard.set()
        if self._soon is not None:
            self._soon()
            self._soon = None
        while self._ends:
            self._ends.pop()()

    async def async_forget(self, after: FarmStations | None) -> None:
        """Take the plans of stations away that there are no more."""
        kept = () if after is None else tuple(s.id for s in after._planned)
        for station in self._planned:
            if station.id not in kept:
                await self._async_say(plan_topic(self._farm, station.id), "", retain=True)

    # -- before control runs --------------------------------------------------------------------

    async def async_handed(self) -> None:
        """Say that the controller is here, and wait for the stations that acted without it until
        they have told what they gave. No longer than a long shot lasts: what control finds open
        after that it closes itself."""
        try:
            await self._async_listen()
        except HomeAssistantError as err:
            # A broker that fails keeps no farm from running.
            _LOGGER.warning("Stations are not heard: %s", err)
            return
        await self._async_beat()
        await self._async_until(SAID_S, lambda: len(self._phases) == len(self._planned))
        alone = {key for key, phase in self._phases.items() if phase != Phase.FOLLOWING}
        if not await self._async_until(HANDED_S, lambda: alone <= self._reports.keys()):
            missing = ", ".join(sorted(alone - self._reports.keys()))
            _LOGGER.warning("Starting without what %s has given by itself", missing)

    async def async_take_over(self) -> bool:
        """Take over what has been told, and look after the stations from now on. False when the
        farm was stopped in the meantime."""
        for station in tuple(self._reports):
            await self._async_take(station)
        if self.closed:
            return False
        self._ends.append(self._engine.listen_events(self._happened))
        return True

    async def _async_until(self, seconds: float, holds: Callable[[], bool]) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while not holds() and not self.closed:
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            return False
        return True

    async def _async_listen(self) -> None:
        every = timedelta(seconds=HEARTBEAT_S)
        self._ends.append(async_track_time_interval(self._hass, self._async_beat, every))
        if not any(map(by_mqtt, self._stations)):
            return
        # Loaded only where there are stations: what it needs is not installed everywhere.
        from homeassistant.components import mqtt

        if not await mqtt.async_wait_for_mqtt_client(self._hass):
            _LOGGER.warning("The MQTT broker is not there: no station is heard")
            return
        for station in self._planned:
            for topic, hear in (
                (phase_topic(self._farm, station.id), self._hear_phase(station.id)),
                (delivered_topic(self._farm, station.id), self._hear_report(station.id)),
            ):
                stop = await mqtt.async_subscribe(self._hass, topic, hear, qos=1)
                if self.closed:
                    stop()
                    return
                self._ends.append(stop)

    def _hear_phase(self, station: str) -> Callable[[ReceiveMessage], None]:
        @callback
        def hear(message: ReceiveMessage) -> None:
            self._phases[station] = str(message.payload)
            self._heard.set()

        return hear

    def _hear_report(self, station: str) -> Callable[[ReceiveMessage], Any]:
        async def hear(message: ReceiveMessage) -> None:
            if not message.payload:
                return
            try:
                told = open_delivered(str(message.payload).encode(), self._farm, station)
            except PlanError as err:
                _LOGGER.warning("What %s says it has given is not taken: %s", station, err)
                return
            self._reports[station] = told
            self._heard.set()
            if self._engine.running:
                await self._async_take(station)

        return hear

    # -- while it runs --------------------------------------------------------------------------

    async def _async_take(self, station: str) -> None:
        """Take a report over; the station is told when that is on disk."""
        from .engine import NotKeptError

        async with self._taking:
            told = self._reports.get(station)
            if told is None or self.closed:
                return
            self._engine.request(TakeOver(delivered=told))
            try:
                await self._engine.async_kept()
            except NotKeptError as err:
                _LOGGER.warning("What %s has given is not on disk: %s", station, err)
                return
            if self._reports.get(station) is told:
                del self._reports[station]
            await self._async_say(taken_topic(self._farm, station), str(told.number))
            await self._async_say(delivered_topic(self._farm, station), "", retain=True)

    async def _async_beat(self, _: datetime | None = None) -> None:
        """Say that the controller is here, and what has changed."""
        if self.closed or self._engine.closed:
            return
        silent = self._silent()
        if any(by_mqtt(s) and s not in silent for s in self._stations):
            await self._async_say(heartbeat_topic(self._farm), "online")
        for station in self._stations:
            if station not in silent:
                await self._async_call(station, "heartbeat")
        if not self._engine.running:
            return
        await self._async_stop()
        for key in tuple(self._reports):
            await self._async_take(key)
        now = self._engine.clock.now().mono
        if self._planned_at is None or now - self._planned_at >= PLAN_S:
            await self._async_plan()

    def _silent(self) -> tuple[Station, ...]:
        """The stations to which a drill withholds the heartbeat now."""
        drill = self._engine.runtime.memory.farm.drill
        if drill is None or not drill.silent:
            return ()
        found = next((s for s in self._stations if s.id == drill.station), None)
        return () if found is None else silenced(self._stations, found)

    async def _async_call(self, station: Station, what: str) -> None:
        """What a node that is linked by its API is told."""
        action = f"{station.id.replace('-', '_').lower()}_vfarm_{what}"
        if station.link is Link.API and self._hass.services.has_service("esphome", action):
            try:
                await self._hass.services.async_call("esphome", action)
            except HomeAssistantError as err:
                _LOGGER.debug("%s is not told: %s", station.id, err)

    async def _async_stop(self) -> None:
        stopped = self._engine.runtime.memory.farm.emergency is not None
        if stopped is self._stopped:
            return
        self._stopped = stopped
        if any(map(by_mqtt, self._stations)):
            await self._async_say(stop_topic(self._farm), "stop" if stopped else "", retain=True)
        if stopped:
            for station in self._stations:
                await self._async_call(station, "stop")

    async def _async_plan(self) -> None:
        now = self._engine.clock.now()
        self._planned_at = now.mono
        for station in self._planned:
            points = frozenset(o.point for o in station.outputs)
            plan = plan_ahead(
                self._engine.farm, self._engine.runtime.memory, now, station.id, points
            )
            await self._async_say(
                plan_topic(self._farm, station.id), seal(plan).decode(), retain=True
            )

    @callback
    def _happened(self, event: Event) -> None:
        """Something happened: a stop is told at once, a plan is made when it has settled."""
        if self.closed:
            return
        stopped = self._engine.runtime.memory.farm.emergency is not None
        if stopped is not self._stopped:
            self._hass.async_create_task(self._async_stop(), "vfarm stations stop")
        if event.kind in _HEARD_AGAIN and not self._silent():
            # What a drill has withheld comes at once when it has seen what it was to see.
            self._hass.async_create_task(self._async_beat(), "vfarm stations heartbeat")
        if self._soon is None and self._planned:
            self._soon = async_call_later(self._hass, SOON_S, self._async_soon)

    async def _async_soon(self, _: datetime) -> None:
        self._soon = None
        if not self.closed and not self._engine.closed:
            await self._async_plan()

    async def _async_say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        from homeassistant.components import mqtt

        try:
            await mqtt.async_publish(self._hass, topic, payload, qos=1, retain=retain)
        except HomeAssistantError as err:
            if not self._broken:
                _LOGGER.warning("Stations are not told: %s", err)
            self._broken = True
        else:
            self._broken = False
