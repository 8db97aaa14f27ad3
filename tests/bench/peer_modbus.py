"""The peer of the Modbus benchmark: Home Assistant's own `modbus`, set up in YAML as its
documentation says. Runs in the environment that has Home Assistant.

usage: peer_modbus.py PORT UNITS REGISTERS INTERVAL_S TIMEOUT_S
Prints "ready"; for each line "NUMBER UNIT" that it reads it writes to the unit, and prints the
number and the seconds that this took when it is done.
"""

from __future__ import annotations

import asyncio
import sys
import time

from homeassistant.helpers import frame
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from tests.bench.modbus_line import WRITTEN


async def main(port: int, units: int, registers: int, interval: int, patience: int) -> None:
    """Poll until the input ends."""
    sensors = [
        {
            "name": f"unit {unit} register {register}",
            "device_address": unit,
            "address": register,
            "data_type": "uint16",
            "scan_interval": interval,
        }
        for unit in range(1, units + 1)
        for register in range(registers)
    ]
    switches = [
        {
            "name": f"switch {unit}",
            "device_address": unit,
            "address": WRITTEN,
            "write_type": "holding",
            # A switch without `verify` is not polled: only what it writes is on the line.
        }
        for unit in range(1, units + 1)
    ]
    hub = {
        "name": "line",
        "type": "tcp",
        "host": "127.0.0.1",
        "port": port,
        "timeout": patience,
        "sensors": sensors,
        "switches": switches,
    }
    async with async_test_home_assistant() as hass:
        frame.async_setup(hass)
        if not await async_setup_component(hass, "modbus", {"modbus": [hub]}):
            raise SystemExit("Home Assistant did not set up its modbus")
        print("ready", flush=True)
        loop = asyncio.get_running_loop()
        under_way: set[asyncio.Task[None]] = set()

        async def write(number: int, unit: int) -> None:
            begun = time.monotonic()
            await hass.services.async_call(
                "switch",
                "turn_on" if number % 2 else "turn_off",
                {"entity_id": f"switch.switch_{unit}"},
                blocking=True,
            )
            print(number, time.monotonic() - begun, flush=True)

        while line := await loop.run_in_executor(None, sys.stdin.readline):
            number, unit = (int(word) for word in line.split())
            task = asyncio.create_task(write(number, unit))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await hass.async_stop(force=True)


if __name__ == "__main__":
    asyncio.run(main(*(int(argument) for argument in sys.argv[1:6])))
