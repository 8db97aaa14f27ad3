"""`vfarm station …`: what field hardware must do when nobody commands it.

FILE describes the farm and its stations: `farm:` as everywhere, and beside it `stations:`. With
--stations they are in a file of their own, as Home Assistant has them.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import yaml
from rich.console import Console
from rich.table import Table

from ..control.ahead import plan_ahead
from ..control.clock import Now
from ..control.memory import Memory
from ..devices.stations.audit import LACKING, WORDS, Finding, Standing, audit
from ..devices.stations.described import stations_described
from ..devices.stations.drills import with_seen
from ..devices.stations.esphome import package as esphome_package
from ..devices.stations.generate import settings_of
from ..devices.stations.model import Station, StationError, StationKind
from ..devices.stations.page import safety_page
from ..devices.stations.plan import seal
from ..devices.stations.settings import Difference, differences
from ..farm.ahead import StationPlan
from ..farm.codec import encode
from ..farm.nodes import Farm
from ..runtime.bundle import BundleError
from ..runtime.place import load_farm, remembered

app = typer.Typer(no_args_is_help=True)

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON or YAML: the farm and its stations.")
]
Described = Annotated[
    Path | None,
    typer.Option("--stations", help="The stations, where FILE has only the farm."),
]
Kept = Annotated[
    Path | None,
    typer.Option("--journal", help="The journal of the farm: what was seen there counts, too."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
#: Something that must be there is missing.
_LACKING = 3


@app.command("check")
def check(
    file: File,
    described: Described = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            help="JSON: what devices answered when they were asked for their settings, by"
            " actuator; held against what they must be."
        ),
    ] = None,
    journal: Kept = None,
    as_json: AsJson = False,
) -> None:
    """Every protection of every actuator: seen to work, set up, failed, or missing.

    Ends with 3 when one is missing or has failed, or a device is set otherwise than it must be.
    """
    with _refusals(as_json):
        farm, stations = _load(file, described, journal)
        found = audit(farm, stations)
        other = () if answers is None else _held_against(farm, stations, _object(answers))
    lacking = any(f.standing in LACKING for f in found)
    if as_json:
        _print({"complete": not lacking, "findings": encode(found), "differences": encode(other)})
    else:
        _show(found, other)
    if lacking or other:
        raise typer.Exit(_LACKING)


@app.command("package")
def package(
    file: File,
    described: Described = None,
    station: Annotated[
        str | None, typer.Option(help="Only this station; all of them when left out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write one file for each station into.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What to put on each station: an ESPHome package, or the settings of a bought device."""
    with _refusals(as_json):
        farm, stations = _load(file, described)
        # What carries out a plan gets a plan, and nothing to install.
        chosen = [s for s in _chosen(stations, station) if s.kind is not StationKind.EXECUTOR]
        made = {_file_name(s): _made(farm, s) for s in chosen}
        if out is not None:
            _write(out, {name: text.encode() for name, text in made.items()})
    if as_json:
        _print({"files": made})
    elif out is not None:
        for name in made:
            typer.echo(str(out / name))
    else:
        typer.echo("\n".join(made.values()), nl=False)


@app.command("plan")
def plan(
    file: File,
    journal: Annotated[Path, typer.Option(help="The journal of the farm; it may be running.")],
    described: Described = None,
    station: Annotated[
        str | None, typer.Option(help="Only this station; all of them when left out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write the message of each station into.")
    ] = None,
    at: Annotated[
        float | None, typer.Option(help="When it is made (epoch s); now when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The light and water of the next 48 h, as a station carries them out by itself.

    Made of the journal, which has no readings: what only these forbid is left to the station's own
    contacts. Ends with 3 when plants are left out.
    """
    with _refusals(as_json):
        farm, stations = _load(file, described)
        memory, now = _memory(journal), Now(time.time() if at is None else at, 0.0)
        plans = [
            plan_ahead(farm, memory, now, s.id, frozenset(o.point for o in s.outputs), blind=True)
            for s in _chosen(stations, station)
        ]
        if out is not None:
            _write(out, {f"{p.station}.plan": seal(p) for p in plans})
    if as_json:
        _print({"plans": [encode(p) for p in plans]})
    else:
        for made in plans:
            _show_plan(farm, made)
    if any(x.why != "no_batch" for p in plans for x in p.left_out) or any(p.revoked for p in plans):
        raise typer.Exit(_LACKING)


def _memory(journal: Path) -> Memory:
    memory, lost = remembered(journal)
    if memory is None:
        why = "it cannot be read" if lost else "there is no memory of a farm in it"
        raise StationError([f"{journal}: {why}"])
    return memory


def _chosen(stations: Sequence[Station], wanted: str | None) -> list[Station]:
    chosen = [s for s in stations if wanted in (None, s.id)]
    if not chosen:
        named = ", ".join(s.id for s in stations) or "none"
        raise StationError([f"there is no station {wanted or ''} (accepted: {named})"])
    return chosen


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as err:
        raise StationError([f"{folder}: {err.strerror or err}"]) from err


def _show_plan(farm: Farm, made: StationPlan) -> None:
    console = Console()
    console.print(f"[bold]{made.station}[/bold]: until {_moment(farm, made.valid_until)}")
    if made.revoked:
        console.print(f"no plan: {made.revoked.replace('_', ' ')}")
        return
    table = Table("From", "To", "", "", box=None)
    rows = (
        [(x.start, x.end, x.point, f"{x.output:.0%}") for x in made.lamps]
        + [
            (x.at, x.at + x.seconds, x.circuit, f"{x.seconds:g} s, {x.litres:g} L")
            for x in made.shots
        ]
        + [
            (
                x.start,
                x.end,
                x.circuit,
                f"{x.on_s:g} s on, {x.off_s:g} s off" if x.off_s else "runs",
            )
            for x in made.cycles
        ]
    )
    for start, end, what, how in sorted(rows):
        table.add_row(_moment(farm, start), _moment(farm, end), what, how)
    console.print(table)
    for left in made.left_out:
        console.print(f"left out: {left.node} ({left.why.replace('_', ' ')})")


def _moment(farm: Farm, at: float) -> str:
    return dt.datetime.fromtimestamp(at, farm.tz).strftime("%a %H:%M:%S")


@app.command("page")
def page(
    file: File, described: Described = None, journal: Kept = None, as_json: AsJson = False
) -> None:
    """The safety page of the farm, in Markdown: what each loss does to each actuator."""
    with _refusals(as_json):
        farm, stations = _load(file, described, journal)
    text = safety_page(farm, stations)
    if as_json:
        _print({"page": text})
    else:
        typer.echo(text, nl=False)


def _load(
    file: Path, described: Path | None, journal: Path | None = None
) -> tuple[Farm, tuple[Station, ...]]:
    farm = load_farm(file)
    data = _data(file if described is None else described)
    if described is None:
        data = data.get("stations", []) if isinstance(data, dict) and "farm" in data else []
    found = stations_described(data, farm, lambda binding: binding.entity)
    if journal is not None:
        found = with_seen(farm, found, _memory(journal).farm.verified.values())
    return farm, found


def _data(file: Path) -> Any:
    try:
        text = file.read_text(encoding="utf-8")
        return orjson.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as err:
        why = getattr(err, "strerror", None) or " ".join(str(err).split())
        raise StationError([f"{file}: {why}"]) from err


def _object(file: Path) -> Mapping[str, Any]:
    try:
        data: Any = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as err:
        raise StationError([f"{file}: {err}"]) from err
    if not isinstance(data, dict):
        raise StationError([f"{file}: accepted: an object of answers by actuator"])
    return data


def _held_against(
    farm: Farm, stations: Sequence[Station], answers: Mapping[str, Any]
) -> tuple[Difference, ...]:
    found: list[Difference] = []
    for setting in (x for s in stations for x in settings_of(farm, s)):
        answer = answers.get(setting.point)
        if setting.expected and isinstance(answer, dict):
            found += differences(setting, answer)
    return tuple(found)


def _file_name(station: Station) -> str:
    kind = "yaml" if station.kind is StationKind.ESPHOME else "json"
    return f"{station.id}.{kind}"


def _made(farm: Farm, station: Station) -> str:
    if station.kind is StationKind.ESPHOME:
        return esphome_package(farm, station)
    settings = [asdict(x) for x in settings_of(farm, station)]
    return orjson.dumps(settings, option=orjson.OPT_INDENT_2).decode() + "\n"


def _show(found: Sequence[Finding], other: Sequence[Difference]) -> None:
    console = Console()
    table = Table("Actuator", "Protection", "Station", "", "", box=None)
    for f in found:
        said = WORDS.get(f.why, "")
        if f.standing is Standing.VERIFIED:
            said = f"{f.on} {f.by}"
        table.add_row(f.need.point, _limit(f), f.station or "-", f.standing.value, said)
    console.print(table)
    lacking = sum(f.standing in LACKING for f in found)
    console.print(f"{len(found)} protections, {lacking} missing")
    for x in other:
        console.print(f"{x.point}: {x.name} is {x.found!r}, it must be {x.expected!r}")


def _limit(f: Finding) -> str:
    name = f.need.guard.value.replace("_", " ")
    return name if f.need.seconds is None else f"{name} {f.need.seconds:g} s"


@contextmanager
def _refusals(as_json: bool) -> Iterator[None]:
    try:
        yield
    except (BundleError, StationError) as err:
        if as_json:
            _print({"error": {"message": str(err)}})
        else:
            typer.echo(str(err), err=True)
        raise typer.Exit(1) from err


def _print(data: Any) -> None:
    typer.echo(orjson.dumps(data).decode())
