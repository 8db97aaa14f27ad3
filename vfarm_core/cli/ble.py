"""`vfarm ble …`: find and read Bluetooth meters from this machine, without Home Assistant.

Exit codes: 0 values are printed, 1 no radio, no meter or bleak is missing, 2 wrong usage, 3 the
meter answered and its frame cannot be believed.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.table import Table

from ..devices.ble import yinmik
from ..devices.ble.errors import BleError, FrameError, UnreachableError
from ..devices.ble.kinds import Kind, kind_of
from ..devices.ble.session import Session, Visit
from ..devices.ble.values import Hint, Quantity, Reading, Value
from ..devices.ble.visits import (
    Client,
    History,
    read_plant_history,
    read_plant_sensor,
    read_water_tester,
)
from .printing import plain_console, print_json, refusals

NOT_BELIEVED = 3

app = typer.Typer(no_args_is_help=True, help="Bluetooth meters: find and read them.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Seconds = Annotated[
    float, typer.Option("--seconds", min=1.0, max=120.0, help="How long to listen, s.")
]

_LABELS = {
    Quantity.PH: "pH",
    Quantity.EC: "EC",
    Quantity.TDS: "TDS",
    Quantity.SALINITY: "Salinity",
    Quantity.ORP: "ORP",
    Quantity.SPECIFIC_GRAVITY: "Specific gravity",
    Quantity.TEMPERATURE: "Temperature",
    Quantity.MOISTURE: "Moisture",
    Quantity.ILLUMINANCE: "Light",
    Quantity.BATTERY: "Battery",
    Quantity.BATTERY_VOLTAGE: "Battery",
}
_HINTS = {
    Hint.MEASURED: "",
    Hint.HELD: "display on hold: of any age",
    Hint.DERIVED: "worked out by the meter",
    Hint.BULK: "of the whole substrate, not of the water in it",
}
_DIGITS = {
    Quantity.PH: 2,
    Quantity.EC: 3,
    Quantity.SPECIFIC_GRAVITY: 3,
    Quantity.TEMPERATURE: 1,
}


class MissingBleakError(BleError):
    """The library that speaks to a radio is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "bleak is needed to use this machine's Bluetooth: pip install 'vfarm-core[ble]'"
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """A meter that advertises."""

    address: str
    name: str
    rssi: int
    kind: Kind


@app.command()
def scan(seconds: Seconds = 10.0, as_json: AsJson = False) -> None:
    """List the meters that advertise nearby and whose frames vfarm knows."""
    with _refusals(as_json):
        found = asyncio.run(_scan(seconds))
    if as_json:
        meters = [
            {"address": s.address, "name": s.name, "rssi": s.rssi, "kind": s.kind.value}
            for s in found
        ]
        print_json({"meters": meters})
        return
    if not found:
        typer.echo("No meter was heard. One that is connected to a phone is silent: close its app.")
        return
    table = Table("Address", "Name", "Kind", "Signal, dBm")
    for meter in found:
        table.add_row(meter.address, meter.name, meter.kind.value, str(meter.rssi))
    plain_console().print(table)


@app.command()
def read(
    address: Annotated[str, typer.Argument(help="The meter's address, as `scan` lists it.")],
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="What it is, when its name does not say.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="What a plant sensor has kept, hour by hour.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="The frame of a water tester as it is, to report one.")
    ] = False,
    seconds: Seconds = 10.0,
    as_json: AsJson = False,
) -> None:
    """Connect to one meter, read it and leave. Nothing on it is changed or erased."""
    if history and raw:
        raise typer.BadParameter("--history and --raw exclude each other")
    with _refusals(as_json):
        asyncio.run(_read(address, kind, history, raw, seconds, as_json))


async def _scan(seconds: float) -> list[Seen]:
    bleak = _bleak()
    try:
        heard = await bleak.BleakScanner.discover(timeout=seconds, return_adv=True)
    except (bleak.exc.BleakError, OSError) as error:
        raise UnreachableError(_no_radio(error)) from error
    found = []
    for device, advertisement in heard.values():
        name = advertisement.local_name or device.name or ""
        kind = kind_of(name, advertisement.service_data)
        if kind is not None:
            found.append(Seen(device.address, name, advertisement.rssi, kind))
    return sorted(found, key=lambda seen: (-seen.rssi, seen.address))


async def _read(
    address: str, kind: Kind | None, history: bool, raw: bool, seconds: float, as_json: bool
) -> None:
    bleak = _bleak()
    try:
        device = await bleak.BleakScanner.find_device_by_address(address, timeout=seconds)
    except (bleak.exc.BleakError, OSError) as error:
        raise UnreachableError(_no_radio(error)) from error
    if device is None:
        raise UnreachableError(f"{address} was not heard within {seconds:.0f} s")
    kind = kind or kind_of(device.name)
    if kind is None:
        raise UnreachableError(f"{device.name or address} is no meter that is known: give --kind")
    if history and kind is not Kind.PLANT_SENSOR:
        raise UnreachableError("only a plant sensor keeps a history")
    if raw and kind is not Kind.WATER_TESTER:
        raise UnreachableError("only the frame of a water tester is shown as it is")

    async def visit[T](what: Visit[T]) -> T:
        session = Session(
            partial(_connect, bleak, device),
            what,
            time.monotonic,
            failures=(bleak.exc.BleakError,),
        )
        return await session.visit()

    if raw:
        frame = await visit(_frame)
        if as_json:
            print_json({"frame": frame.hex()})
        else:
            typer.echo(frame.hex())
    elif history:
        _show_history(await visit(partial(read_plant_history, clock=time.time)), as_json)
    else:
        reader = read_water_tester if kind is Kind.WATER_TESTER else read_plant_sensor
        _show(await visit(reader), as_json)


async def _connect(bleak: Any, device: Any) -> Client:
    client = bleak.BleakClient(device)
    await client.connect()
    connected: Client = client
    return connected


async def _frame(client: Client) -> bytes:
    return bytes(await client.read_gatt_char(yinmik.DATA))


def _bleak() -> Any:
    try:
        return import_module("bleak")
    except ImportError as error:
        raise MissingBleakError from error


def _no_radio(error: Exception) -> str:
    return f"this machine's Bluetooth does not answer: {str(error) or type(error).__name__}"


def _show(reading: Reading, as_json: bool) -> None:
    if as_json:
        values = {v.quantity.value: _value_dict(v) for v in reading.values}
        print_json({"values": values, "live": reading.is_live, "firmware": reading.firmware})
        return
    table = Table("", "Value", "Unit", "")
    for v in reading.values:
        table.add_row(_LABELS[v.quantity], _number(v), v.unit, _HINTS[v.hint])
    plain_console().print(table)


def _show_history(history: History, as_json: bool) -> None:
    if as_json:
        entries = [
            {
                "at": _instant(kept.at),
                "values": {v.quantity.value: _value_dict(v) for v in kept.entry.values},
            }
            for kept in history.kept
        ]
        print_json({"entries": entries, "refused": history.refused})
        return
    quantities = [v.quantity for v in history.kept[0].entry.values] if history.kept else []
    units = [v.unit for v in history.kept[0].entry.values] if history.kept else []
    heads = [f"{_LABELS[q]}, {unit}" for q, unit in zip(quantities, units, strict=True)]
    table = Table("Time", *heads)
    for kept in history.kept:
        table.add_row(_instant(kept.at), *(_number(v) for v in kept.entry.values))
    plain_console().print(table)
    if history.refused:
        typer.echo(f"{history.refused} entries could not be believed and are left out.", err=True)


def _value_dict(value: Value) -> dict[str, Any]:
    return {"value": value.value, "unit": value.unit, "hint": value.hint.value}


def _number(value: Value) -> str:
    return f"{value.value:.{_DIGITS.get(value.quantity, 0)}f}"


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _refusals(as_json: bool) -> AbstractContextManager[None]:
    """What gives no values becomes one clear line and an exit code."""

    def facts(error: BleError) -> dict[str, Any]:
        if not isinstance(error, FrameError):
            return {}
        return {"problem": error.problem.value, "what": error.what}

    def code(error: BleError) -> int:
        return NOT_BELIEVED if isinstance(error, FrameError) else 1

    return refusals(as_json, BleError, facts=facts, code=code)
