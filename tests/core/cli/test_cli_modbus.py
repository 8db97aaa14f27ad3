"""`vfarm modbus …` as a command, against a server on this host and over a pair of serial ports."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from pymodbus.server import ModbusSerialServer
from tmodbus.server import AsyncRtuServer
from typer.testing import CliRunner

from vfarm_core import cli
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.profile import Space

from ..devices.modbus.servers import Bank, filled, free_port, router_of, serving, sim_devices

MD02 = shelf().get("xy_md02")
RELAY = shelf().get("waveshare_relay")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.build(list(arguments)), list(arguments))


@contextmanager
def _in_background(opened) -> Iterator[object]:  # type: ignore[no-untyped-def]
    """An asynchronous context in a thread of its own: the command runs a loop of its own."""
    ready = threading.Event()
    given: list[object] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def hold() -> None:
        async with opened() as value:
            given.append(value)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(hold()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield given[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def banks() -> dict[int, Bank]:
    probe = filled(MD02)
    probe.put(Space.INPUT, 1, [0x0131, 0x0222])
    return {1: probe, 4: filled(RELAY)}


@pytest.fixture(params=["tcp", "rtu"])
def link(request: pytest.FixtureRequest, banks: dict[int, Bank]) -> Iterator[str]:
    with _in_background(lambda: serving("tmodbus", request.param, banks)) as port:
        yield f"{request.param}://127.0.0.1:{port}"


def test_the_units_that_answer_are_found(link: str) -> None:
    limits = ("--first", "1", "--last", "6", "--timeout", "2")
    found = run("modbus", "scan", "--link", link, *limits, "--json")
    assert json.loads(found.stdout) == {"units": [1, 4]}
    nobody = run("modbus", "scan", "--link", link, "--first", "5", "--last", "6")
    assert nobody.exit_code == 1
    assert "no unit answers" in nobody.stderr


def test_a_device_is_read(link: str) -> None:
    result = run("modbus", "read", "--link", link, "-p", "xy_md02", "temperature", "--json")
    assert result.exit_code == 0, result.output
    reading = json.loads(result.stdout)["readings"]["temperature"]
    assert (reading["value"], reading["unit"], reading["state"]) == (30.5, "°C", "good")
    shown = run("modbus", "read", "--link", link, "-p", "xy_md02").stdout
    assert "30.5 °C" in shown
    assert "humidity_correction" in shown


def test_a_device_is_watched(link: str) -> None:
    result = run("modbus", "watch", "--link", link, "-p", "xy_md02", "-n", "1", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["readings"]["humidity"]["value"] == 54.6
    line = run("modbus", "watch", "--link", link, "-p", "xy_md02", "-n", "1").stdout
    assert "temperature=30.5 °C" in line


def test_a_relay_is_switched_and_proved(link: str) -> None:
    device = ("--link", link, "-p", "waveshare_relay", "-u", "4")
    result = run("modbus", "write", *device, "relay2", "on", "--json")
    told = json.loads(result.stdout)
    assert (told["end"], told["found"]["value"]) == ("verified", True)
    assert "verified: reads False" in run("modbus", "write", *device, "relay2", "off").stdout


def test_memory_that_wears_needs_to_be_asked_for(link: str, banks: dict[int, Bank]) -> None:
    asked = ("--link", link, "-p", "xy_md02", "temperature_correction", "1.5")
    refused = run("modbus", "write", *asked)
    assert refused.exit_code == 1
    assert "limited number of writes" in refused.stderr
    assert run("modbus", "write", *asked, "--commission").exit_code == 0
    assert banks[1].words[Space.HOLDING, 0x103] == 15


def test_what_a_device_could_be_is_shown(link: str) -> None:
    result = run("modbus", "probe", "--link", link, "-p", "xy_md02", "--json")
    (only,) = json.loads(result.stdout)["candidates"]
    assert (only["profile"], only["plausible"]) == ("xy_md02", True)
    assert "xy_md02: plausible" in run("modbus", "probe", "--link", link, "-p", "xy_md02").stdout
    nothing = run("modbus", "probe", "--link", link, "-p", "vaisala_hmp", "-u", "1")
    assert nothing.exit_code == 1
    assert "no map fits" in nothing.stderr


def test_a_device_gets_another_address_if_nobody_has_it(link: str, banks: dict[int, Bank]) -> None:
    device = ("--link", link, "-p", "xy_md02", "-u", "1")
    taken = run("modbus", "move", *device, "4")
    assert taken.exit_code == 1
    assert "another device has the one that is wanted" in taken.stderr
    # This one takes the address and does not answer to it before its power was cut.
    told = json.loads(run("modbus", "move", *device, "7", "--json").stdout)
    assert (told["ok"], told["end"], told["why"]) == (True, "accepted", "power_cycle")
    assert banks[1].words[Space.HOLDING, 0x101] == 7


@pytest.mark.parametrize(
    "arguments",
    [
        ("read", "-p", "xy_md02", "nothing"),
        ("read", "-p", "xy_md02", "--model", "none"),
        ("read", "-p", "xy_md02", "--parity", "X"),
        ("write", "-p", "xy_md02", "nothing", "1"),
        ("scan", "--first", "9", "--last", "3"),
    ],
)
def test_wrong_usage_is_told_as_such(arguments: tuple[str, ...]) -> None:
    result = run("modbus", arguments[0], "--link", "tcp://127.0.0.1:1", *arguments[1:])
    assert result.exit_code == 2


@pytest.mark.parametrize("link", ["udp://host", "tcp://", "tcp://host:99999", "rtu://a:b"])
def test_a_link_that_is_none_is_refused(link: str) -> None:
    assert run("modbus", "read", "--link", link, "-p", "xy_md02").exit_code == 2


def test_a_profile_that_is_not_there_is_refused() -> None:
    result = run("modbus", "read", "--link", "tcp://127.0.0.1:1", "-p", "nothing", "--json")
    assert result.exit_code == 1
    assert "there is no profile" in json.loads(result.stdout)["error"]["message"]


def test_a_link_that_is_down_is_told() -> None:
    nowhere = f"tcp://127.0.0.1:{free_port()}"
    read = run("modbus", "read", "--link", nowhere, "-p", "xy_md02", "temperature", "--json")
    assert read.exit_code == 1
    assert json.loads(read.stdout)["readings"]["temperature"]["why"] == "connection"
    scan = run("modbus", "scan", "--link", nowhere, "--last", "2", "--json")
    assert scan.exit_code == 1
    assert "error" in json.loads(scan.stdout)
    write = run("modbus", "write", "--link", nowhere, "-p", "waveshare_relay", "relay1", "on")
    assert write.exit_code == 1
    assert "failed (connection)" in write.stderr


@contextmanager
def serial_pair(folder: Path) -> Iterator[tuple[str, str]]:
    """Two serial ports that are the ends of one cable."""
    ends = tuple(str(folder / name) for name in ("device", "farm"))
    arguments = [f"pty,raw,echo=0,link={end}" for end in ends]
    process = subprocess.Popen(["socat", *arguments])
    try:
        for _ in range(200):
            if all(os.path.exists(end) for end in ends):
                break
            time.sleep(0.02)
        yield ends[0], ends[1]
    finally:
        process.terminate()
        process.wait(5)


#: scripts/setup leaves this where it found or installed socat: without it nothing is passed over.
PROMISED = Path(__file__).resolve().parents[3] / ".venvs" / "socat"


@asynccontextmanager
async def on_serial_port(maker: str, port: str, banks: dict[int, Bank]) -> AsyncIterator[None]:
    if maker == "tmodbus":
        server = AsyncRtuServer(port, router_of(banks), baudrate=9600)
        await server.start()
        try:
            yield
        finally:
            await server.stop()
        return
    other = ModbusSerialServer(sim_devices(banks), port=port, baudrate=9600)
    await other.serve_forever(background=True)
    try:
        yield
    finally:
        await other.shutdown()


@pytest.mark.skipif(
    shutil.which("socat") is None and not PROMISED.exists(), reason="socat is not installed"
)
@pytest.mark.parametrize("maker", ["pymodbus", "tmodbus"])
def test_a_device_on_a_serial_port_is_read_and_written(
    maker: str, tmp_path: Path, banks: dict[int, Bank]
) -> None:
    with (
        serial_pair(tmp_path) as (device, farm),
        _in_background(lambda: on_serial_port(maker, device, banks)),
    ):
        read = run("modbus", "read", "--link", farm, "-p", "xy_md02", "--json")
        assert read.exit_code == 0, read.output
        assert json.loads(read.stdout)["readings"]["humidity"]["value"] == 54.6
        switch = ("-p", "waveshare_relay", "-u", "4", "relay3", "on", "--json")
        written = run("modbus", "write", "--link", farm, *switch)
        assert json.loads(written.stdout)["end"] == "verified"
