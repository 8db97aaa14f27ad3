"""A drive as a fan: on when it is seen to turn, its speed a share of its highest one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from homeassistant.components.fan import DOMAIN as FAN_DOMAIN
from homeassistant.components.fan import FanEntity, FanEntityFeature
from homeassistant.core import HomeAssistant

from vfarm_core.devices.modbus.codec import State
from vfarm_core.devices.modbus.drive import Drive

from ..access import guarded
from .entity import ModbusEntity
from .kinds import Shown
from .poller import Poller

if TYPE_CHECKING:
    from ..data import VfarmConfigEntry


def shown_drive(drive: Drive) -> Shown:
    """How a drive appears."""
    return Shown(
        register=drive.turns,
        domain=FAN_DOMAIN,
        translation_key="modbus_drive",
        number=None,
        name="Drive",
        category=None,
        enabled=True,
    )


class ModbusDrive(ModbusEntity, FanEntity):
    """A motor behind a drive, which is started at a speed and stopped by commands."""

    _attr_supported_features = (
        FanEntityFeature.TURN_ON | FanEntityFeature.TURN_OFF | FanEntityFeature.SET_SPEED
    )

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, poller: Poller, drive: Drive
    ) -> None:
        """Know what starts and stops it."""
        super().__init__(hass, entry, poller, shown_drive(drive))
        self.drive = drive
        self._attr_unique_id = f"{self._attr_unique_id}:drive"

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is seen to turn."""
        return self.shows()[0]

    @property
    @override
    def percentage(self) -> int | None:
        """The speed that is set, of the highest one; 0 while it stands."""
        return self.shows()[1]

    @override
    def shows(self) -> tuple[bool | None, int | None]:
        reading = self.reading
        if reading is None or reading.state is State.MISSING or reading.value is None:
            return None, None
        if not isinstance(reading.value, str) and reading.value <= 0:
            return False, 0
        speed = self._speed()
        return True, None if speed is None else round(100 * speed / self.drive.most)

    def _speed(self) -> float | None:
        """The speed that is set, as read back or as the drive took it."""
        key = self.drive.speed.key
        reading = self.poller.readings.get(key)
        told = reading.value if reading is not None else self.poller.accepted.get(key)
        return None if told is None or isinstance(told, str | bool) else told

    @override
    @guarded
    async def async_turn_on(
        self, percentage: int | None = None, preset_mode: str | None = None, **kwargs: Any
    ) -> None:
        """Start it: at a speed, at the one that is set, or at its highest."""
        if percentage == 0:
            await self._async_stop()
        elif percentage is None:
            await self._async_start(self._speed() or self.drive.most)
        else:
            await self._async_start(self.drive.most * percentage / 100)

    @override
    @guarded
    async def async_set_percentage(self, percentage: int) -> None:
        """Run at a speed; 0 stops it."""
        if percentage:
            await self._async_start(self.drive.most * percentage / 100)
        else:
            await self._async_stop()

    @override
    @guarded
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Stop it."""
        await self._async_stop()

    async def _async_start(self, speed: float) -> None:
        await self._async_run(self.drive.start, **{self.drive.parameter: speed})

    async def _async_stop(self) -> None:
        await self._async_run(self.drive.stop)

    async def _async_run(self, sequence: str, **parameters: float) -> None:
        told = (self.drive.turns.key, self.drive.speed.key)
        await self.async_done(await self.poller.async_run(sequence, told, **parameters))
