"""The devices of one link, each polled when it is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from .device import Device, Poll

type Publish = Callable[[str, Poll], None]


class Line:
    """Devices by name that share a link and its `bus`."""

    def __init__(
        self,
        devices: Mapping[str, Device],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.devices = dict(devices)
        self._clock = clock
        self._sleep = sleep

    @property
    def next_due(self) -> float | None:
        """When the first of the devices wants to be polled; None: none ever."""
        return min(self._dues(self.devices.values()), default=None)

    async def poll_due(self, publish: Publish) -> int:
        """Poll what is due, the longest overdue first; return how many devices that were."""
        now = self._clock()
        ready = [
            (due, name)
            for name, device in self.devices.items()
            if (due := device.next_due) is not None and due <= now
        ]
        for _, name in sorted(ready):
            publish(name, await self.devices[name].poll())
        return len(ready)

    async def run(self, publish: Publish) -> None:
        """Poll until cancelled."""
        while (due := self.next_due) is not None:
            await self._sleep(max(0.0, due - self._clock()))
            await self.poll_due(publish)

    @staticmethod
    def _dues(devices: Iterable[Device]) -> Iterable[float]:
        return (due for device in devices if (due := device.next_due) is not None)
