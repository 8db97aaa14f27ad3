"""What to put on a station, whatever it is made of."""

from __future__ import annotations

from ...farm.nodes import Farm
from . import relays, shelly, zigbee
from .model import Station, StationKind
from .settings import Setting


def settings_of(farm: Farm, station: Station) -> tuple[Setting, ...]:
    """The settings and commands of a bought device; none where a package or a plan is put on."""
    match station.kind:
        case StationKind.SHELLY:
            return shelly.settings(farm, station)
        case StationKind.ZIGBEE:
            return zigbee.settings(farm, station)
        case StationKind.MODBUS:
            return relays.settings(farm, station)
        case StationKind.ESPHOME | StationKind.EXECUTOR:
            return ()
