"""What a plant sensor has kept, as long-term statistics: every hour once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from vfarm_core.devices.ble.errors import UnreachableError
from vfarm_core.devices.ble.hours import Hour, by_hour
from vfarm_core.devices.ble.session import Pace, Session
from vfarm_core.devices.ble.values import LIMITS, Quantity
from vfarm_core.devices.ble.visits import Client, History, Mark, read_plant_history

from ..const import DOMAIN
from .links import turn
from .meter import Meter

if TYPE_CHECKING:
    from homeassistant.components.recorder.models import StatisticMetaData

_VERSION: Final = 1
#: A history of months is hundreds of entries, two round trips each (design choice: ten minutes).
_PACE = Pace(visit_s=600.0)
#: What a plant sensor keeps, and the class whose unit it has.
_KEPT: Final[Mapping[Quantity, SensorDeviceClass]] = {
    Quantity.TEMPERATURE: SensorDeviceClass.TEMPERATURE,
    Quantity.MOISTURE: SensorDeviceClass.MOISTURE,
    Quantity.ILLUMINANCE: SensorDeviceClass.ILLUMINANCE,
    Quantity.EC: SensorDeviceClass.CONDUCTIVITY,
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought: hours, entries that could not be believed, and the first and the last
    hour (s since the epoch; None without any)."""

    hours: int
    refused: int
    first: int | None
    last: int | None


class Histories:
    """How far the histories of a farm's sensors were taken, kept over a restart."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Know nothing yet."""
        self._hass = hass
        self._store: Store[dict[str, dict[str, Any]]] = Store(
            hass, _VERSION, f"{DOMAIN}.{entry_id}.plant_history"
        )
        self._marks: dict[str, dict[str, Any]] | None = None

    async def _async_marks(self) -> dict[str, dict[str, Any]]:
        if self._marks is None:
            self._marks = await self._store.async_load() or {}
        return self._marks

    async def async_until(self, address: str) -> int | None:
        """The start of the last hour that was taken of a sensor (s since the epoch)."""
        known = (await self._async_marks()).get(address)
        return None if known is None else known["hour"]

    async def async_import(self, meter: Meter) -> Imported:
        """Take what is new. The mark moves only after the recorder has it: what is interrupted is
        taken anew, onto the same hours. Raises BleError."""
        address = meter.wanted.address
        marks = await self._async_marks()
        known = marks.get(address)
        after = None if known is None else Mark(known["started"], known["seconds"])
        history = await self._async_read(meter, after)
        hours = by_hour(history.kept, None if known is None else known["hour"])
        if hours:
            self._tell(meter, hours)
            marks[address] = {**asdict(history.mark), "hour": hours[-1].start}
            await self._store.async_save(marks)
        return Imported(
            hours=len(hours),
            refused=history.refused,
            first=hours[0].start if hours else None,
            last=hours[-1].start if hours else None,
        )

    async def _async_read(self, meter: Meter, after: Mark | None) -> History:
        radio = meter.radio
        if radio is None or not radio.in_reach:
            raise UnreachableError("not in reach")

        async def visit(client: Client) -> History:
            return await read_plant_history(client, clock=time.time, after=after)

        session = Session(
            radio.async_connect,
            visit,
            time.monotonic,
            pace=_PACE,
            failures=radio.failures,
            turn=turn(self._hass),
        )
        return await session.visit()

    def _tell(self, meter: Meter, hours: tuple[Hour, ...]) -> None:
        from homeassistant.components.recorder.models import StatisticData
        from homeassistant.components.recorder.statistics import async_add_external_statistics

        for quantity in _KEPT:
            rows = [
                StatisticData(start=datetime.fromtimestamp(hour.start, UTC), mean=v, min=v, max=v)
                for hour in hours
                for v in (value.value for value in hour.entry.values if value.quantity is quantity)
            ]
            async_add_external_statistics(self._hass, _metadata(meter, quantity), rows)

    async def async_forget(self) -> None:
        """The farm is gone."""
        await self._store.async_remove()


def statistic_id(address: str, quantity: Quantity) -> str:
    """The id of the statistics of what a sensor has kept."""
    return f"{DOMAIN}:{address.lower().replace(':', '').replace('-', '')}_{quantity.value}"


def _metadata(meter: Meter, quantity: Quantity) -> StatisticMetaData:
    from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData

    unit = LIMITS[quantity].unit
    converter = UNIT_CONVERTERS.get(_KEPT[quantity])
    fits = converter is not None and unit in converter.VALID_UNITS
    return StatisticMetaData(
        mean_type=StatisticMeanType.ARITHMETIC,
        has_sum=False,
        name=f"{meter.wanted.name} {quantity.value.replace('_', ' ')}",
        source=DOMAIN,
        statistic_id=statistic_id(meter.wanted.address, quantity),
        unit_class=converter.UNIT_CLASS if converter is not None and fits else None,
        unit_of_measurement=unit,
    )
