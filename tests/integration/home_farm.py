"""The small farm of the tests: a tent, a rack of two levels, a tank, a pump and a bench."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import Context, HomeAssistant, ServiceCall, callback
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_fire_time_changed,
)

AIR = "sensor.tent_air"
HUMIDITY = "sensor.tent_humidity"
VOLUME = "sensor.tank_volume"
LAMP = "light.lamp_1"
HEATER = "switch.heater"
VALVE = "valve.bench"
PUMP = "switch.pump"


def declared(danger: str = "neither", **more: Any) -> dict[str, Any]:
    """A declaration of an actuator that reports its state."""
    return {
        "danger": danger,
        "safe_on": danger == "off",
        "proof": "state",
        "deadline_s": 5.0,
        **more,
    }


def bound(node: str, role: str, entity: str, **more: Any) -> dict[str, Any]:
    """A binding as a subentry keeps it."""
    return {"id": f"{node}.{role}", "node": node, "role": role, "entity": entity, **more}


def an_hour_ago() -> str:
    """A local time of day that makes it day now, whenever the tests run."""
    return (dt_util.now() - timedelta(hours=1)).strftime("%H:%M:%S")


def level(number: int, **more: Any) -> dict[str, Any]:
    """A level as a rack keeps it."""
    return {
        "id": f"rack_level_{number}",
        "name": f"Level {number}",
        "area_m2": 1.0,
        "sites": 20,
        "fixture": {"ppfd_full": 300.0, "power_w": 120.0},
        "lights_on": an_hour_ago(),
        **more,
    }


def small_farm() -> dict[str, ConfigSubentryData]:
    """A tent with one rack of two levels, a tank, a pump and a bench that floods both levels."""
    data: dict[str, tuple[str, str, dict[str, Any]]] = {
        "zone": (
            "zone",
            "Tent",
            {
                "id": "tent",
                "volume_m3": 8.0,
                "bindings": [
                    bound("tent", "air_temperature", AIR),
                    bound("tent", "humidity", HUMIDITY),
                    bound("tent", "heater", HEATER, declaration=declared()),
                ],
            },
        ),
        "rack": (
            "rack",
            "Rack",
            {
                "id": "rack",
                "zone": "tent",
                "levels": [level(1), level(2)],
                "bindings": [bound("rack_level_1", "grow_light", LAMP, declaration=declared())],
            },
        ),
        "reservoir": (
            "reservoir",
            "Tank",
            {
                "id": "tank",
                "capacity_l": 100.0,
                "volume_min_l": 10.0,
                "bindings": [bound("tank", "volume", VOLUME)],
            },
        ),
        "pump": (
            "pump",
            "Pump",
            {
                "id": "pump",
                "reservoir": "tank",
                "flow_l_min": 10.0,
                "bindings": [
                    bound(
                        "pump",
                        "irrigation_pump",
                        PUMP,
                        declaration=declared("on", max_on_s=900.0),
                    )
                ],
            },
        ),
        "circuit": (
            "circuit",
            "Bench",
            {
                "id": "bench",
                "pump": "pump",
                "levels": ["rack_level_1", "rack_level_2"],
                "method": "ebb_flow",
                "drain_s": 600.0,
                "bindings": [
                    bound(
                        "bench",
                        "irrigation_valve",
                        VALVE,
                        declaration=declared("on", max_on_s=1200.0),
                    )
                ],
            },
        ),
    }
    return {
        key: ConfigSubentryData(
            subentry_type=type_, title=title, data=fields, unique_id=f"{type_}_{fields['id']}"
        )
        for key, (type_, title, fields) in data.items()
    }


@dataclass
class Hardware:
    """The entities a farm is bound to: they do as they are told unless told otherwise."""

    hass: HomeAssistant
    calls: list[ServiceCall] = field(default_factory=list)
    obedient: bool = True

    async def async_register(self) -> None:
        """Register the services the farm may call, in place of those of Home Assistant, which come
        with vfarm's own entities of the same domain."""
        for domain in ("switch", "light", "valve"):
            assert await async_setup_component(self.hass, domain, {})
        self.register()

    @callback
    def settle(self) -> None:
        """Give every entity its state at rest."""
        self.air(22.0)
        self.humidity(65.0)
        self.volume(80.0)
        self.hass.states.async_set(
            LAMP, "off", {"supported_color_modes": ["brightness"], "color_mode": None}
        )
        for entity_id in (HEATER, PUMP):
            self.hass.states.async_set(entity_id, "off")
        self.hass.states.async_set(VALVE, "closed")

    def air(self, value: float | str, unit: str = "°C") -> None:
        """Report an air temperature."""
        self.hass.states.async_set(AIR, str(value), {"unit_of_measurement": unit})

    def humidity(self, value: float) -> None:
        """Report a humidity."""
        self.hass.states.async_set(HUMIDITY, str(value), {"unit_of_measurement": "%"})

    def volume(self, value: float) -> None:
        """Report a volume."""
        self.hass.states.async_set(VOLUME, str(value), {"unit_of_measurement": "L"})

    def register(self) -> None:
        """Register the services the farm may call."""
        for domain, services in {
            "switch": {"turn_on": "on", "turn_off": "off"},
            "light": {"turn_on": "on", "turn_off": "off"},
            "valve": {"open_valve": "open", "close_valve": "closed"},
        }.items():
            for service, state in services.items():
                self.hass.services.async_register(domain, service, self._taking(state))

    def _taking(self, state: str) -> Callable[[ServiceCall], None]:
        @callback
        def take(call: ServiceCall) -> None:
            self.calls.append(call)
            if not self.obedient:
                return
            entity_id = call.data["entity_id"]
            attributes = dict(self.hass.states.get(entity_id).attributes)
            if "brightness" in call.data:
                attributes["brightness"] = call.data["brightness"]
            self.hass.states.async_set(entity_id, state, attributes, context=call.context)

        return take

    def services(self, entity_id: str) -> list[str]:
        """The services called on an entity, in order."""
        return [c.service for c in self.calls if c.data["entity_id"] == entity_id]


def copied(folder: Path, to: Path) -> Path:
    """What a backup of Home Assistant takes along of a folder: all but the indexes of logs."""
    to.mkdir()
    for part in folder.iterdir():
        if part.is_file() and not part.name.endswith(".db-shm"):
            (to / part.name).write_bytes(part.read_bytes())
    return to


def restored(copy: Path, folder: Path) -> None:
    """Put the files of a backup in the place of those that are there."""
    for part in folder.glob("*.db*"):
        part.unlink()
    for part in copy.iterdir():
        (folder / part.name).write_bytes(part.read_bytes())


def manager(hass: HomeAssistant) -> Context:
    """Somebody who may do everything and has logged in."""
    return somebody(hass, "manager", is_owner=True)


def somebody(hass: HomeAssistant, id: str, **more: Any) -> Context:
    """A user of Home Assistant, logged in."""
    people: set[str] = hass.data.setdefault("people_of_the_test", set())
    if id not in people:
        people.add(id)
        user = MockUser(id=id, name=id.capitalize(), **more).add_to_hass(hass)
        user.groups.append(hass.auth._store._groups[GROUP_ID_USER])
    return Context(user_id=id)


def sub(entry: MockConfigEntry, type_: str) -> Any:
    """The first subentry of a type."""
    return next(s for s in entry.subentries.values() if s.subentry_type == type_)


async def settled(hass: HomeAssistant) -> None:
    """Until everything that was set off has come back: services, journal, entities."""
    for _ in range(4):
        await hass.async_block_till_done(wait_background_tasks=True)
        for entry in hass.config_entries.async_loaded_entries("vfarm"):
            # Queued behind every record that is being written.
            await entry.runtime_data.engine.journal.async_events(limit=1)
    await hass.async_block_till_done(wait_background_tasks=True)


async def pass_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float, step: float = 30.0
) -> None:
    """Let time pass in steps, with all timers that come due."""
    while seconds > 0:
        freezer.tick(min(step, seconds))
        seconds -= step
        async_fire_time_changed(hass)
        await settled(hass)


async def start_batch(hass: HomeAssistant, **more: Any) -> dict[str, Any]:
    """Sow lettuce on both levels, until everything that sets off has come back."""
    answer = await sow(hass, **more)
    await settled(hass)
    return answer


async def sow(hass: HomeAssistant, **more: Any) -> dict[str, Any]:
    """Sow lettuce on both levels."""
    answer = await hass.services.async_call(
        "vfarm",
        "start_batch",
        {"node": ["rack_level_1", "rack_level_2"], "recipe": "lettuce_butterhead", **more},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    return answer


async def while_time_passes[T](
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, doing: Coroutine[Any, Any, T]
) -> T:
    """Do what waits for time, in frozen time."""
    task = asyncio.ensure_future(doing)
    for _ in range(300):
        await asyncio.sleep(0)
        await asyncio.get_running_loop().run_in_executor(None, threading.Event().wait, 0.01)
        if task.done():
            break
        freezer.tick(0.1)
        async_fire_time_changed(hass)
    return await task
