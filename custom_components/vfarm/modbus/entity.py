"""One register of a device as an entity: what it said last, or unavailable. A write is proved
before it is shown."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import DeviceInfo

from vfarm_core.devices.modbus.codec import Reading, State
from vfarm_core.devices.modbus.device import Written

from ..commander import CommandedEntity
from ..const import DOMAIN, HARDWARE
from ..devices import async_device_id
from .kinds import Shown
from .poller import Poller
from .words import async_why

if TYPE_CHECKING:
    from ..data import VfarmConfigEntry


def device_identifier(entry: VfarmConfigEntry, subentry_id: str) -> tuple[str, str]:
    """The identifier of the device that a subentry stands for."""
    return (DOMAIN, f"{entry.entry_id}{HARDWARE}{subentry_id}")


class ModbusEntity(CommandedEntity):
    """One register. What is bound is reported at every reading, so that it is known to be fresh;
    everything else is written when it changes, what is measured at most once a minute."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    discrete = True

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, poller: Poller, how: Shown
    ) -> None:
        """Show the register as it is."""
        wanted = poller.wanted
        self.entry = entry
        self.poller = poller
        self.how = how
        self.key = how.register.key
        self._before: tuple[bool, Any] | None = None
        self._attr_unique_id = f"{entry.entry_id}{HARDWARE}{wanted.subentry_id}:{self.key}"
        self._attr_entity_category = how.category
        self._attr_entity_registry_enabled_default = how.enabled
        # Only what the device took is known of what cannot be read back.
        self._attr_assumed_state = not how.register.readable
        if how.translation_key is not None:
            self._attr_translation_key = how.translation_key
            if how.number is not None:
                self._attr_translation_placeholders = {"number": how.number}
        else:
            self._attr_name = how.name
        profile = wanted.profile
        # Typed as a mapping in one release of Home Assistant and as a class in the next.
        kind: Any = DeviceInfo
        self._attr_device_info = kind(
            identifiers={device_identifier(entry, wanted.subentry_id)},
            name=wanted.name,
            model=profile.name if profile is not None else None,
            model_id=wanted.model or wanted.profile_id,
            via_device_id=async_device_id(hass, entry, entry.entry_id),
        )

    @property
    @override
    def guard_key(self) -> str:
        """Real hardware is commanded by those who may command simulated hardware."""
        return "hardware"

    @property
    def reading(self) -> Reading | None:
        """What the device said last; None before it said anything."""
        return self.poller.readings.get(self.key)

    @property
    @override
    def available(self) -> bool:
        """Whether the device said something, or takes what cannot be read back."""
        if not self.how.register.readable:
            device = self.poller.device
            return device is not None and not device.health.is_silent
        return self.reading is not None and self.reading.state is not State.MISSING

    @abstractmethod
    def shows(self) -> Any:
        """The state as it is now."""

    # -- following ------------------------------------------------------------------------------

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the device."""
        self.async_on_remove(self.poller.listen(self._told))
        writes = self.entry.runtime_data.engine.writes
        self.async_on_remove(lambda: writes.forget(self))
        self._before = (self.available, self.shows())

    @callback
    def _told(self, keys: Collection[str]) -> None:
        if self.key not in keys and self.how.register.readable:
            return
        now = (self.available, self.shows())
        if self._is_bound():
            self._before = now
            self.async_write_ha_state()
        elif now != self._before:
            gone = self._before is None or now[0] != self._before[0]
            urgent = self.discrete or gone
            self.entry.runtime_data.engine.writes.ask(self, urgent=urgent)

    def _is_bound(self) -> bool:
        """Whether a farm goes by it."""
        farms: list[VfarmConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
        return any(f.runtime_data.engine.points.is_bound(self.entity_id) for f in farms)

    @callback
    def write(self) -> None:
        """Write the state as it is now."""
        self._before = (self.available, self.shows())
        self.async_write_ha_state()

    # -- commanding -----------------------------------------------------------------------------

    async def async_put(self, value: float | bool | str) -> None:
        """Have the device do something and prove it. Raises HomeAssistantError when it did not;
        then what it says itself is shown."""
        await self.async_done(await self.poller.async_write(self.key, value))

    async def async_done(self, written: Written) -> None:
        """That something was done. Raises HomeAssistantError."""
        if not written.ok:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="modbus_not_written",
                translation_placeholders={
                    "device": self.poller.wanted.name,
                    "what": str(self.name) if isinstance(self.name, str) else self.how.name,
                    "why": await async_why(self.hass, written.why),
                },
            )
