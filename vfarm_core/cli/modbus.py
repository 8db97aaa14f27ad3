"""`vfarm modbus …`: find, read and write Modbus devices from this machine.

Exit codes: 0 it was told or done, 1 no link, no answer, nothing plausible or a write that failed,
2 wrong usage.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer
from modbus_connection import ModbusError, ModbusSerialParams, ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection
from rich.table import Table

from ..devices.modbus.codec import Reading
from ..devices.modbus.commission import ADDRESS, Change, move
from ..devices.modbus.device import Device, End, Poll, Purpose
from ..devices.modbus.library import Shelf, shelf
from ..devices.modbus.line import Line
from ..devices.modbus.probe import Candidate, family
from ..devices.modbus.probe import probe as probe_unit
from ..devices.modbus.profile import Kind, Link, Profile
from ..devices.modbus.scan import answering
from .printing import plain_console, print_json, refused_documents

app = typer.Typer(no_args_is_help=True, help="Modbus devices: find, read and write them.")

_SOCKET = re.compile(r"(tcp|rtu)://(\[[0-9a-fA-F:.]+\]|[^:/\[\]]+)(?::(\d{1,5}))?/?")
_DEFAULT_PORT = 502

LinkTo = Annotated[
    str,
    typer.Option(
        "--link",
        "-l",
        metavar="LINK",
        help="tcp://HOST:PORT, rtu://HOST:PORT for a serial line in a socket, or a serial port.",
    ),
]
ProfileId = Annotated[
    str, typer.Option("--profile", "-p", metavar="ID", help="What the device is.")
]
UnitNumber = Annotated[
    int | None,
    typer.Option("--unit", "-u", min=0, max=255, help="Its address; default: the profile's."),
]
Directory = Annotated[
    Path | None,
    typer.Option("--directory", "-d", help="Profiles of your own.", exists=True, file_okay=False),
]
Baud = Annotated[
    int | None, typer.Option("--baud", min=1200, max=921_600, help="Default: the profile's.")
]
Parity = Annotated[str | None, typer.Option("--parity", help="N, E or O; default: the profile's.")]
StopBits = Annotated[
    int | None, typer.Option("--stopbits", min=1, max=2, help="Default: the profile's.")
]
Model = Annotated[str | None, typer.Option("--model", help="Of those the profile tells apart.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

#: The settings of a line of which nothing is said.
_USUAL = Link(baud=9600, parity="N", stopbits=1, unit=1)


@app.command()
def scan(
    link: LinkTo,
    first: Annotated[int, typer.Option("--first", min=1, max=247)] = 1,
    last: Annotated[int, typer.Option("--last", min=1, max=247)] = 247,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.02, max=10.0, help="How long a unit has, s.")
    ] = 0.3,
    baud: Baud = None,
    parity: Parity = None,
    stopbits: StopBits = None,
    as_json: AsJson = False,
) -> None:
    """List the units of a line that answer."""
    if first > last:
        raise typer.BadParameter("is above --last", param_hint="--first")
    params = _params(link, _USUAL, baud, parity, stopbits)

    async def run() -> list[int]:
        async with _opened(params) as connection:
            units = range(first, last + 1)
            return [n async for n in answering(connection.for_unit, units, timeout)]

    found = _run(run(), as_json)
    if as_json:
        print_json({"units": found})
    else:
        for number in found:
            typer.echo(f"unit {number} answers")
        if not found:
            typer.echo("no unit answers; check wires, speed and parity", err=True)
    if not found:
        raise typer.Exit(1)


@app.command()
def probe(
    link: LinkTo,
    unit: UnitNumber = None,
    profile_id: Annotated[
        str | None,
        typer.Option("--profile", "-p", metavar="ID", help="And the maps of its look-alikes."),
    ] = None,
    directory: Directory = None,
    baud: Baud = None,
    parity: Parity = None,
    stopbits: StopBits = None,
    as_json: AsJson = False,
) -> None:
    """Show what a device would say by each map it could have; which one is right, you decide."""
    with refused_documents(as_json):
        profiles = _candidates(shelf(directory), profile_id)
    known = profiles[0].link if profile_id is not None else _USUAL
    params = _params(link, known, baud, parity, stopbits)

    async def run() -> tuple[Candidate, ...]:
        async with _opened(params) as connection:
            return await probe_unit(
                connection.for_unit(known.unit if unit is None else unit), profiles
            )

    found = [c for c in _run(run(), as_json) if c.told]
    if as_json:
        told = [
            {
                "profile": candidate.profile.id,
                "plausible": candidate.is_plausible,
                "doubtful": list(candidate.doubtful),
                "readings": _readings(candidate.readings),
            }
            for candidate in found
        ]
        print_json({"candidates": told})
    else:
        for candidate in found:
            word = "plausible" if candidate.is_plausible else "doubtful"
            _table(candidate.readings, f"{candidate.profile.id}: {word}")
    if not any(candidate.is_plausible for candidate in found):
        if not as_json:
            typer.echo("no map fits", err=True)
        raise typer.Exit(1)


@app.command()
def read(
    link: LinkTo,
    profile_id: ProfileId,
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...")] = None,
    unit: UnitNumber = None,
    model: Model = None,
    directory: Directory = None,
    baud: Baud = None,
    parity: Parity = None,
    stopbits: StopBits = None,
    as_json: AsJson = False,
) -> None:
    """Read a device once: the registers named, or all of them."""
    profile = _profile(profile_id, directory, model, as_json)
    for key in keys or ():
        _known(profile, key)
    params = _params(link, profile.link, baud, parity, stopbits)

    async def run() -> Poll:
        async with _opened(params) as connection:
            number = profile.link.unit if unit is None else unit
            device = Device(connection.for_unit(number), profile, model=model)
            return await device.read(keys or None)

    poll = _run(run(), as_json)
    if as_json:
        print_json({"profile": profile.id, "readings": _readings(poll.readings)})
    else:
        _table(poll.readings, profile.name)
    if not poll.good:
        raise typer.Exit(1)


@app.command()
def watch(
    link: LinkTo,
    profile_id: ProfileId,
    unit: UnitNumber = None,
    model: Model = None,
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, help="End after so many polls.")
    ] = None,
    directory: Directory = None,
    baud: Baud = None,
    parity: Parity = None,
    stopbits: StopBits = None,
    as_json: AsJson = False,
) -> None:
    """Read a device as often as a farm would, a line for each poll, until it is stopped."""
    profile = _profile(profile_id, directory, model, as_json)
    params = _params(link, profile.link, baud, parity, stopbits)
    polls: list[bool] = []

    async def run() -> None:
        ended = asyncio.Event()

        def publish(_: str, poll: Poll) -> None:
            polls.append(bool(poll.good))
            if as_json:
                print_json({"readings": _readings(poll.readings)})
            else:
                typer.echo("  ".join(f"{k}={_shown(r)}" for k, r in poll.readings.items()))
            if count is not None and len(polls) >= count:
                ended.set()

        async with _opened(params) as connection:
            number = profile.link.unit if unit is None else unit
            device = Device(connection.for_unit(number), profile, model=model)
            line = asyncio.ensure_future(Line({profile.id: device}).run(publish))
            over = asyncio.ensure_future(ended.wait())
            await asyncio.wait({line, over}, return_when=asyncio.FIRST_COMPLETED)
            for task in (line, over):
                task.cancel()

    with suppress(KeyboardInterrupt):
        _run(run(), as_json)
    if not any(polls):
        raise typer.Exit(1)


@app.command()
def write(
    link: LinkTo,
    profile_id: ProfileId,
    key: Annotated[str, typer.Argument(metavar="KEY")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="A number, on, off or a code.")],
    unit: UnitNumber = None,
    model: Model = None,
    commission: Annotated[
        bool, typer.Option("--commission", help="Also to memory that takes few writes.")
    ] = False,
    directory: Directory = None,
    baud: Baud = None,
    parity: Parity = None,
    stopbits: StopBits = None,
    as_json: AsJson = False,
) -> None:
    """Write one register and prove it by reading it back."""
    profile = _profile(profile_id, directory, model, as_json)
    _known(profile, key)
    params = _params(link, profile.link, baud, parity, stopbits)
    purpose = Purpose.COMMISSIONING if commission else Purpose.CONTROL

    async def run() -> dict[str, Any]:
        async with _opened(params) as connection:
            number = profile.link.unit if unit is None else unit
            device = Device(connection.for_unit(number), profile, model=model)
            written = await device.write(key, value, purpose=purpose)
            found = None if written.found is None else _reading(written.found)
            told = {"key": key, "end": written.end.value, "why": written.why}
            return {**told, "detail": written.detail, "found": found, "ok": written.ok}

    told = _run(run(), as_json)
    if as_json:
        print_json(told)
    elif told["ok"]:
        shown = "" if told["found"] is None else f": reads {told['found']['value']}"
        typer.echo(f"{key}: {told['end']}{shown}")
    else:
        typer.echo(f"{key}: {told['end']} ({told['why']}): {told['detail']}", err=True)
    if not told["ok"]:
        raise typer.Exit(1)


@app.command("move")
def give_address(
    link: LinkTo,
    profile_id: ProfileId,
    wanted: Annotated[int, typer.Argument(metavar="ADDRESS", min=1, max=247)],
    unit: UnitNumber = None,
    directory: Directory = None,
    baud: Baud = None,
    parity: Parity = None,
    stopbits: StopBits = None,
    as_json: AsJson = False,
) -> None:
    """Give a device another address on its line, if nobody has it, and look for it there."""
    profile = _profile(profile_id, directory, None, as_json)
    _known(profile, ADDRESS)
    params = _params(link, profile.link, baud, parity, stopbits)
    present = profile.link.unit if unit is None else unit

    async def run() -> Change:
        async with _opened(params) as connection:
            return await move(connection.for_unit, profile, present, wanted)

    done = _run(run(), as_json)
    ok = done.end is not End.FAILED
    if as_json:
        told = {"from": present, "to": wanted, "end": done.end.value, "why": done.why, "ok": ok}
        print_json({**told, "detail": done.detail})
    elif ok:
        typer.echo(f"unit {present} is unit {wanted} now" + _MOVED.get(done.why, ""))
    else:
        typer.echo(f"unit {present} keeps its address: {_MOVED.get(done.why, done.why)}", err=True)
    if not ok:
        raise typer.Exit(1)


_MOVED: Mapping[str, str] = {
    "power_cycle": ", once its power was cut",
    "address_taken": "another device has the one that is wanted",
    "not_there": "no device of this profile answers there",
    "same_address": "it is the one that is wanted",
    "lost": "it answers neither here nor there; cut its power, then scan",
}


# --- Parts --------------------------------------------------------------------------------------


def _candidates(found: Shelf, profile_id: str | None) -> tuple[Profile, ...]:
    if profile_id is not None:
        return family(found, profile_id)
    # An actuator tells nothing by which it could be known.
    return tuple(p for p in found.profiles.values() if p.kinds != (Kind.ACTUATOR,))


def _profile(profile_id: str, directory: Path | None, model: str | None, as_json: bool) -> Profile:
    with refused_documents(as_json):
        profile = shelf(directory).get(profile_id)
    if model is not None and model not in profile.models:
        known = ", ".join(profile.models) or "none"
        raise typer.BadParameter(f"{model!r}; known: {known}", param_hint="--model")
    return profile


def _known(profile: Profile, key: str) -> None:
    if all(register.key != key for register in profile.registers):
        known = ", ".join(register.key for register in profile.registers)
        raise typer.BadParameter(f"{key!r}; known: {known}", param_hint="KEY")


def _params(
    link: str, known: Link, baud: int | None, parity: str | None, stopbits: int | None
) -> ModbusTcpParams | ModbusSerialParams:
    parity = parity or known.parity
    if parity not in ("N", "E", "O"):
        raise typer.BadParameter(f"{parity!r}; known: N, E, O", param_hint="--parity")
    device = link
    if "://" in link:
        parts = _SOCKET.fullmatch(link)
        if parts is None or int(parts[3] or _DEFAULT_PORT) not in range(1, 65536):
            raise typer.BadParameter(
                f"{link!r}; known: tcp://HOST:PORT, rtu://HOST:PORT", param_hint="--link"
            )
        port = int(parts[3] or _DEFAULT_PORT)
        if parts[1] == "tcp":
            return ModbusTcpParams(host=parts[2].strip("[]"), port=port)
        device = f"socket://{parts[2]}:{port}"
    return ModbusSerialParams(
        device=device,
        baudrate=baud or known.baud,
        parity=cast(Literal["N", "E", "O"], parity),
        stopbits=cast(Literal[1, 2], stopbits or known.stopbits),
    )


@asynccontextmanager
async def _opened(
    params: ModbusTcpParams | ModbusSerialParams,
) -> AsyncIterator[ModbusConnection]:
    connection = ModbusConnection(params)
    try:
        yield connection
    finally:
        await connection.close()


def _run[T](work: Coroutine[Any, Any, T], as_json: bool) -> T:
    try:
        return asyncio.run(work)
    except ModbusError as err:
        if as_json:
            print_json({"error": {"message": str(err)}})
        else:
            typer.echo(str(err), err=True)
        raise typer.Exit(1) from err


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "value": reading.value,
        "unit": reading.unit,
        "state": reading.state.value,
        "why": None if reading.why is None else reading.why.value,
        "label": reading.label,
        "bits": list(reading.bits),
        "words": list(reading.words),
    }


def _readings(readings: Mapping[str, Reading]) -> dict[str, Any]:
    return {key: _reading(reading) for key, reading in readings.items()}


def _shown(reading: Reading) -> str:
    if reading.why is not None:
        return f"missing ({reading.why.value})"
    value = reading.value
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    names = ", ".join([*([reading.label] if reading.label else []), *reading.bits])
    return f"{shown} {reading.unit}".rstrip() + (f" ({names})" if names else "")


def _table(readings: Mapping[str, Reading], title: str) -> None:
    table = Table("Register", "Value", "State", box=None, title=title, title_justify="left")
    for key, reading in readings.items():
        table.add_row(key, _shown(reading), reading.state.value)
    plain_console().print(table)
