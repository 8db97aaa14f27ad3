"""Where a Modbus device is: what its subentry keeps of it, and the link that Home Assistant shares.

Everything that asks Home Assistant's `modbus` for something stands here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from typing import Any, Final, cast
from weakref import WeakValueDictionary

from homeassistant.components import modbus
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit

from vfarm_core.devices.modbus.bus import Bus

from ..const import DOMAIN, DeviceType

CONF_LINK: Final = "link"
CONF_HOST: Final = "host"
CONF_PORT: Final = "port"
CONF_SERIAL_PORT: Final = "serial_port"
CONF_BAUD: Final = "baud"
CONF_PARITY: Final = "parity"
CONF_STOPBITS: Final = "stopbits"
CONF_UNIT: Final = "unit"
CONF_PROFILE: Final = "profile"
CONF_MODEL: Final = "model"
CONF_PHASES: Final = "phases"

#: The speed that stands for a line in a socket, where no line is slow: Home Assistant gives it the
#: same one, so that both of us mean one link.
_SOCKET_BAUD = 115_200

type Params = ModbusTcpParams | ModbusSerialParams


class LinkKind(StrEnum):
    """How a line is reached: Modbus TCP, a serial line in a socket, or a serial port."""

    TCP = "tcp"
    RTU = "rtu"
    SERIAL = "serial"


def params_of(data: Mapping[str, Any]) -> Params:
    """The link of a device, from the data of its subentry."""
    match LinkKind(data[CONF_LINK]):
        case LinkKind.TCP:
            return ModbusTcpParams(host=data[CONF_HOST], port=int(data[CONF_PORT]))
        case LinkKind.RTU:
            host = f"[{data[CONF_HOST]}]" if ":" in data[CONF_HOST] else data[CONF_HOST]
            return ModbusSerialParams(
                device=f"socket://{host}:{int(data[CONF_PORT])}", baudrate=_SOCKET_BAUD
            )
        case LinkKind.SERIAL:
            return ModbusSerialParams(
                device=data[CONF_SERIAL_PORT],
                baudrate=int(data[CONF_BAUD]),
                parity=data[CONF_PARITY],
                # A number of Home Assistant's forms is a fraction.
                stopbits=2 if int(data[CONF_STOPBITS]) == 2 else 1,
            )


def unique_id(data: Mapping[str, Any]) -> str:
    """The unique id of a device's subentry: where it is on which line."""
    where = ":".join(str(part) for part in params_of(data).endpoint)
    return f"{DeviceType.MODBUS}_{where}_{int(data[CONF_UNIT])}"


_BUSES: HassKey[WeakValueDictionary[tuple[Any, ...], Bus]] = HassKey(f"{DOMAIN}_modbus_buses")


@callback
def bus_of(hass: HomeAssistant, params: Params) -> Bus:
    """The turns of a link. All devices on it share them, whichever farm they belong to."""
    buses = hass.data.setdefault(_BUSES, WeakValueDictionary())
    bus = buses.get(params.endpoint)
    if bus is None:
        bus = buses[params.endpoint] = Bus()
    return bus


class Lease:
    """A hold on a link that ends with one device, not with its farm: Home Assistant ends the holds
    of an entry when that is unloaded, and a device is edited while its farm runs."""

    def __init__(self, entry: ConfigEntry) -> None:
        """Hold nothing yet, in the name of a farm."""
        self.entry_id = entry.entry_id
        self._unit: ModbusUnit | None = None
        self._ends: list[Callable[[], Coroutine[Any, Any, None] | None]] = []

    def async_on_unload(self, func: Callable[[], Coroutine[Any, Any, None] | None]) -> None:
        """Remember what ends the hold."""
        self._ends.append(func)

    @callback
    def take(self, hass: HomeAssistant, params: Params, number: int) -> ModbusUnit:
        """A unit on the shared link. Raises HomeAssistantError when somebody uses the same link
        with other settings."""
        self._unit = modbus.async_get_unit(hass, cast("ConfigEntry", self), params, number)
        return self._unit

    async def async_end(self) -> None:
        """Let go; the link is closed behind the last one who holds it. Others who do are no longer
        held up by what this device needed."""
        if self._unit is not None:
            self._unit.require_timeout(None)
            self._unit = None
        while self._ends:
            ending = self._ends.pop()()
            if ending is not None:
                await ending


@asynccontextmanager
async def borrowed(
    hass: HomeAssistant, params: Params, numbers: Iterable[int]
) -> AsyncIterator[Callable[[int], ModbusUnit]]:
    """These units of a link by number, while a form asks who is there. Raises HomeAssistantError
    when somebody uses the same link with other settings."""
    async with AsyncExitStack() as held:
        units = {
            number: await held.enter_async_context(
                modbus.async_get_temporary_unit(hass, params, number)
            )
            for number in numbers
        }
        yield units.__getitem__
