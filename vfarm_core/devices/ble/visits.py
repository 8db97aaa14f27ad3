"""What is read in one visit to a meter, through a client that is connected already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from . import miflora, yinmik
from .errors import FrameError, Problem
from .miflora import Entry
from .values import Reading

#: A sensor whose clock began at another time than before by more than this (s) had its battery out;
#: a crystal that errs by 100 ppm needs more than a year for it (design choice).
_ANOTHER_START_S = 3600.0

#: A frame that was caught while the meter wrote it is another one a moment later: it is read this
#: often before it counts as bad (design choice).
READS = 3


class Client(Protocol):
    """A connected GATT client; bleak's is one."""

    async def read_gatt_char(self, uuid: str, /) -> bytes | bytearray: ...

    async def write_gatt_char(self, uuid: str, data: bytes, /, *, response: bool) -> None: ...

    async def disconnect(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry of a sensor's history with the time it was kept, s since the epoch."""

    at: float
    entry: Entry


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a history was taken: `seconds` of the sensor's clock, which began at `started` (s
    since the epoch)."""

    started: float
    seconds: int


@dataclass(frozen=True, slots=True)
class History:
    """What a visit brought of a history, oldest first. `mark` is for the next visit, so that
    nothing is taken twice. `refused` counts entries that could not be believed."""

    kept: tuple[Kept, ...]
    mark: Mark
    refused: int = 0


async def read_water_tester(client: Client) -> Reading:
    """Values of a water tester. Raises FrameError, and what the client raises."""
    return await _believed(client, yinmik.DATA, yinmik.decode)


async def read_plant_sensor(client: Client) -> Reading:
    """What a Flower Care measures now. Raises FrameError, and what the client raises."""
    battery, firmware = await _believed(client, miflora.BATTERY, miflora.decode_battery)
    await client.write_gatt_char(miflora.MODE, miflora.MODE_LIVE, response=True)
    values = await _believed(client, miflora.LIVE, miflora.decode_live)
    return Reading((*values, battery), firmware)


async def read_plant_history(
    client: Client, *, clock: Callable[[], float], after: Mark | None = None
) -> History:
    """What a Flower Care has kept since the last visit. `clock` says s since the epoch; `after` is
    the mark of that visit. A sensor whose clock began anew since then gives all it has.

    Raises FrameError, and what the client raises.
    """
    await client.write_gatt_char(miflora.HISTORY_CONTROL, miflora.HISTORY_OPEN, response=True)
    count = await _believed(client, miflora.HISTORY_DATA, miflora.decode_history_count)
    device_time = await _believed(client, miflora.DEVICE_TIME, miflora.decode_device_time)
    started = clock() - device_time
    known = -1
    if after is not None and abs(after.started - started) <= _ANOTHER_START_S:
        known = after.seconds
    found: dict[int, Entry] = {}
    refused = 0
    for index in range(count):
        await client.write_gatt_char(miflora.HISTORY_CONTROL, miflora.select(index), response=True)
        frame = bytes(await client.read_gatt_char(miflora.HISTORY_DATA))
        try:
            entry = miflora.decode_entry(frame, device_time=device_time)
        except FrameError as error:
            if error.problem is not Problem.EMPTY:
                refused += 1
            continue
        if entry.seconds > known:
            found[entry.seconds] = entry
    return History(
        kept=tuple(Kept(started + seconds, found[seconds]) for seconds in sorted(found)),
        mark=Mark(started, max(found, default=known)),
        refused=refused,
    )


async def erase_plant_history(client: Client) -> None:
    """Make a Flower Care forget its history. Only after what was read is stored for good."""
    await client.write_gatt_char(miflora.HISTORY_CONTROL, miflora.HISTORY_OPEN, response=True)
    await client.write_gatt_char(miflora.HISTORY_CONTROL, miflora.HISTORY_ERASE, response=True)


async def _believed[T](client: Client, uuid: str, decode: Callable[[bytes], T]) -> T:
    for _ in range(READS - 1):
        try:
            return decode(bytes(await client.read_gatt_char(uuid)))
        except FrameError:
            continue
    return decode(bytes(await client.read_gatt_char(uuid)))
