"""Names shared by the files of the integration."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from homeassistant.const import Platform
from homeassistant.util.hass_dict import HassKey

DOMAIN: Final = "vfarm"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.CLIMATE,
    Platform.EVENT,
    Platform.FAN,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
    Platform.TODO,
)
#: Where the simulated hardware of a demo farm appears besides.
DEMO_PLATFORMS: Final = (
    Platform.HUMIDIFIER,
    Platform.LIGHT,
    Platform.VALVE,
)

CONF_KIND: Final = "kind"
CONF_BINDINGS: Final = "bindings"
CONF_TAKEOVER: Final = "takeover_min"
#: Days that have ended with the farm running and nothing growing, while it is being set up.
CONF_DRY_DAYS: Final = "dry_days"
#: Why the last day that ended was none of them.
CONF_DRY_MISSING: Final = "dry_missing"
#: The database of the ledger; without it, it is a file beside the journal. And where its history
#: has to be taken from yet (empty: from the file).
CONF_LEDGER_URL: Final = "ledger_url"
#: For how many months details of the history are kept; 0: for good.
CONF_LEDGER_MONTHS: Final = "ledger_months"
LEDGER_MONTHS: Final = 24.0
CONF_LEDGER_FROM: Final = "ledger_from"

ATTR_REASON: Final = "reason"
ATTR_QUALITY: Final = "quality"
ATTR_SINCE: Final = "since"

#: For how long (h) a target holds that is set at an entity, unless the farm's number says
#: otherwise: no longer than until the next working day (design choice).
OVERRIDE_H: Final = 12.0

#: Fired on the bus for every event of the core that people and automations may want.
EVENT_VFARM: Final = f"{DOMAIN}_event"

#: In the unique ids of hardware, a demo's and real one, which does not come and go with the nodes.
HARDWARE: Final = ":hardware:"


#: Set while Home Assistant copies its folder for a backup.
DATA_COPYING: HassKey[bool] = HassKey(f"{DOMAIN}_copying")


class FarmKind(StrEnum):
    """Where the hardware of a farm is."""

    DEMO = "demo"
    FARM = "farm"


class SubentryType(StrEnum):
    """The nodes that are subentries; levels live inside their rack."""

    ZONE = "zone"
    RACK = "rack"
    RESERVOIR = "reservoir"
    PUMP = "pump"
    CIRCUIT = "circuit"
    SUPPLY = "supply"


class DeviceType(StrEnum):
    """Subentries for hardware that vfarm itself talks to. They are no nodes: what they measure and
    move is bound as any other entity is."""

    MODBUS = "modbus_device"
    BLE = "ble_device"
