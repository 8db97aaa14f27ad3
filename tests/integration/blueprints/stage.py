"""Where a blueprint is played: the small farm, a phone, and what Home Assistant was asked to do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from freezegun.api import FrozenDateTimeFactory
from home_farm import AIR, HUMIDITY, VOLUME, Hardware, settled
from homeassistant.const import ATTR_DOMAIN, ATTR_SERVICE, EVENT_CALL_SERVICE
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.core import Event as BusEvent
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.vfarm.devices import async_device_id
from vfarm_core.control.effects import Event, Severity

# The app can show cameras, and Home Assistant's camera decodes pictures: none is decoded here.
sys.modules.setdefault("turbojpeg", MagicMock())

BLUEPRINTS = Path(__file__).parents[3] / "blueprints"

EC = "sensor.tank_ec"

type Call = tuple[str, dict[str, Any]]


@dataclass
class Stage:
    """The farm and its surroundings."""

    hass: HomeAssistant
    farm: MockConfigEntry
    hardware: Hardware
    freezer: FrozenDateTimeFactory
    phone: str
    #: Who runs scripts.
    person: str
    calls: list[Call] = field(default_factory=list)

    def listen(self) -> None:
        """Note every action that anybody asks for."""

        @callback
        def called(event: BusEvent) -> None:
            name = f"{event.data[ATTR_DOMAIN]}.{event.data[ATTR_SERVICE]}"
            self.calls.append((name, event.data["service_data"]))

        self.hass.bus.async_listen(EVENT_CALL_SERVICE, called)

    # -- what there is --------------------------------------------------------------------------

    def device(self, node: str = "farm") -> str:
        """The device of a node."""
        node = self.farm.entry_id if node == "farm" else node
        found = async_device_id(self.hass, self.farm, node)
        assert found is not None, node
        return found

    def entity(self, domain: str, node: str, key: str) -> str:
        """An entity of a node."""
        node = self.farm.entry_id if node == "farm" else node
        unique_id = f"{self.farm.entry_id}:{node}:{key}"
        found = er.async_get(self.hass).async_get_entity_id(domain, "vfarm", unique_id)
        assert found is not None, unique_id
        return found

    def snapshot(self, node: str) -> Any:
        """How a node looks now."""
        return self.farm.runtime_data.engine.snapshot(node)

    def state(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Let an entity of the house be in a state."""
        self.hass.states.async_set(entity_id, state, attributes)

    def provide(self, *services: str) -> None:
        """Let the house have actions that do nothing."""
        for name in services:
            self.hass.services.async_register(*name.split("."), lambda call: None)

    # -- what happens ---------------------------------------------------------------------------

    async def use(self, domain: str, name: str, inputs: Mapping[str, Any]) -> None:
        """Make an automation or a script of a blueprint, as a person does."""
        used = {"use_blueprint": {"path": f"vfarm/{name}.yaml", "input": dict(inputs)}}
        config: Any = [{"alias": name, **used}] if domain == "automation" else {name: used}
        assert await async_setup_component(self.hass, domain, {domain: config})
        await settled(self.hass)
        entity_id = f"{domain}.{name}"
        state = self.hass.states.get(entity_id)
        assert state is not None, f"{entity_id} was not made"
        assert state.state != "unavailable", f"{entity_id} could not be used"
        self.calls.clear()

    async def tell(
        self, kind: str, node: str, severity: Severity = Severity.INFO, **params: Any
    ) -> None:
        """Have something happen to a node, as the core tells it."""
        node = self.farm.entry_id if node == "farm" else node
        event = Event(kind=kind, node=node, at=0.0, severity=severity, params=params)
        self.farm.runtime_data.engine.emitted(event)
        await self.settle()

    async def ask(self, service: str, **data: Any) -> None:
        """A person calls an action."""
        domain, _, name = service.partition(".")
        await self.hass.services.async_call(domain, name, data, blocking=True)
        await self.settle()

    async def run(self, script: str, **data: Any) -> asyncio.Task[Any]:
        """A person runs a script, and goes on."""
        asked = self.hass.services.async_call(
            "script", script, data, blocking=True, context=Context(user_id=self.person)
        )
        task = asyncio.ensure_future(asked)
        await self.settle()
        return task

    async def press(self, action: str) -> None:
        """A person presses a button of a notification."""
        self.hass.bus.async_fire("mobile_app_notification_action", {"action": action})
        await self.settle()

    async def wait(self, seconds: float, step: float = 30.0) -> None:
        """Let time pass."""
        while seconds > 0:
            self.freezer.tick(min(step, seconds))
            seconds -= step
            for entity_id in (AIR, HUMIDITY, VOLUME, EC):
                # Sensors go on saying what they say.
                if (said := self.hass.states.get(entity_id)) is not None:
                    self.hass.states.async_set(entity_id, said.state, said.attributes)
            async_fire_time_changed(self.hass)
            await self.settle()

    async def settle(self) -> None:
        """Until everything that was set off has come back. Not until Home Assistant has nothing
        to do: an automation that waits would never let it."""
        for _ in range(6):
            # Queued behind every record that is being written.
            await self.farm.runtime_data.engine.journal.async_events(limit=1)
            for _ in range(25):
                await asyncio.sleep(0)

    # -- what was asked for ---------------------------------------------------------------------

    def asked(self, *services: str) -> list[dict[str, Any]]:
        """What some actions were asked to do, in order."""
        return [data for name, data in self.calls if name in services]


async def make_phone(hass: HomeAssistant) -> str:
    """A phone with the app, whose notifications go nowhere; its device."""
    entry = MockConfigEntry(
        domain="mobile_app",
        title="Phone",
        data={
            "app_data": {"push_token": "token", "push_url": "https://push.invalid"},
            "app_id": "app",
            "app_name": "App",
            "app_version": "1",
            "device_id": "phone",
            "device_name": "Phone",
            "manufacturer": "Maker",
            "model": "Model",
            "os_name": "OS",
            "os_version": "1",
            "supports_encryption": False,
            "user_id": "person",
            "webhook_id": "webhook",
        },
    )
    entry.add_to_hass(hass)
    assert await async_setup_component(hass, "mobile_app", {})
    await hass.async_block_till_done()
    assert hass.services.has_service("notify", "mobile_app_phone")
    hass.services.async_register("notify", "mobile_app_phone", lambda call: None)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device.id


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A blueprint, what is chosen for its inputs, what happens, and what it is to ask for.

    `happens` is played once; what it asks for of `watch` must be `expects`, in order and with at
    least the data named."""

    blueprint: str
    title: str
    inputs: Callable[[Stage], Mapping[str, Any]]
    happens: Callable[[Stage], Awaitable[None]]
    watch: tuple[str, ...]
    expects: Callable[[Stage], Iterable[Call]]
    before: Callable[[Stage], Awaitable[None]] | None = None

    @property
    def id(self) -> str:
        """For the name of the test."""
        return f"{self.blueprint}: {self.title}"


def contains(found: Any, wanted: Any) -> bool:
    """Whether a value is, or holds, what is wanted of it."""
    if callable(wanted):
        return bool(wanted(found))
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            key in found and contains(found[key], value) for key, value in wanted.items()
        )
    return bool(found == wanted)
