"""Which meter an advertisement comes from, and what can be read from it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

#: Service data that every Xiaomi sensor sends.
_XIAOMI = "0000fe95-0000-1000-8000-00805f9b34fb"


class Kind(StrEnum):
    """A kind of meter whose frames are known."""

    WATER_TESTER = "water_tester"
    PLANT_SENSOR = "plant_sensor"


#: How the names begin under which they advertise. The other testers of Yinmik (BLE-YC01, BLE-9901
#: …) are of the same family, but no frame of theirs was seen to decode: their product code
#: decides, and until it is known they are refused.
_NAMES: tuple[tuple[str, Kind], ...] = (
    ("BLE-C600", Kind.WATER_TESTER),
    ("BLE-YC01", Kind.WATER_TESTER),
    ("BLE-99", Kind.WATER_TESTER),
    ("BLE-91", Kind.WATER_TESTER),
    ("BLE-Ph01", Kind.WATER_TESTER),
    ("Flower care", Kind.PLANT_SENSOR),
    ("Flower mate", Kind.PLANT_SENSOR),
)


def kind_of(name: str | None, service_data: Iterable[str] = ()) -> Kind | None:
    """The kind of meter by its local name and the UUIDs of its service data; None for anything
    else. Other sensors of Xiaomi send the same service data, so a name is needed as well."""
    found = next((kind for start, kind in _NAMES if (name or "").startswith(start)), None)
    if found is Kind.PLANT_SENSOR:
        uuids = {uuid.lower() for uuid in service_data}
        return found if not uuids or _XIAOMI in uuids else None
    return found
