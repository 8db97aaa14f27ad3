"""`vfarm ledger …`: questions to the history of a farm, and whether it is what was written.

DB is the file of a ledger, or the URL of one such as postgresql://user@host/farm. It is only read,
but by `forget` and `retain`.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..farm.people import USER, renamed
from ..ledger.errors import LedgerError
from ..ledger.retention import Policy
from ..ledger.retention import retain as retain_history
from ..ledger.store import Ledger
from ..ledger.verify import verify as verify_ledger
from ..reports.audit import deeds
from ..reports.batch import BatchSummary, known_batches
from ..reports.batch import summary as batch_summary
from ..reports.calibrations import calibrations as calibrations_of
from ..reports.compare import TEXTS, Comparison
from ..reports.compare import compare as comparison_of
from ..reports.compare import data as comparison_data
from ..reports.cost import Bill, Tariffs, bill
from ..reports.errors import ReportError, UnknownError
from ..reports.export import lines
from ..reports.protections import protections
from ..reports.recall import as_csv, as_html, as_pdf, sheets
from ..reports.trace import trace as trace_of

app = typer.Typer(no_args_is_help=True)

Database = Annotated[str, typer.Argument(metavar="DB", help="File or URL of the ledger.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError) as err:
        raise typer.BadParameter(f"there is no time zone {name!r}") from err
    return name


Zone = Annotated[
    str, typer.Option("--time-zone", callback=_zone, help="Time zone of what is printed.")
]


class Format(StrEnum):
    """What a recall report is written as."""

    HTML = "html"
    CSV = "csv"
    PDF = "pdf"


@app.command()
def verify(
    db: Database,
    expect: Annotated[
        str | None,
        typer.Option(help="A hash that was noted before: it has to be in the chain."),
    ] = None,
    chain_only: Annotated[
        bool, typer.Option("--chain-only", help="Do not look at what is worked out.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find every record that was altered, removed or moved. Ends with 1 when there is one."""
    with _opened(db, as_json) as ledger:
        noted = _hash(expect, as_json)
        verdict = verify_ledger(ledger, expected=noted, worked_out=not chain_only)
    if as_json:
        faults = [asdict(fault) for fault in verdict.faults]
        told = {"intact": verdict.intact, "records": verdict.records, "faults": faults}
        _print({**told, "head": {"seq": verdict.head.seq, "hash": verdict.head.hash.hex()}})
    else:
        for fault in verdict.faults:
            typer.echo(
                f"record {fault.seq}: {fault.what.replace('_', ' ')} {fault.detail}".rstrip()
            )
        state = "intact" if verdict.intact else "NOT INTACT"
        typer.echo(f"{verdict.records} records, {state}; newest hash {verdict.head.hash.hex()}")
    if not verdict.intact:
        raise typer.Exit(1)


def _hash(text: str | None, as_json: bool) -> bytes | None:
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError as err:
        raise _failed(f"{text!r} is no hash", as_json) from err


@app.command()
def trace(
    db: Database,
    lot: Annotated[str, typer.Argument(help="A seed, input or harvest lot, or a batch.")],
    recall: Annotated[
        Path | None, typer.Option(help="Write a recall report: .html, .csv or .pdf.")
    ] = None,
    time_zone: Zone = "UTC",
    as_json: AsJson = False,
) -> None:
    """Where a lot went, where it came from, and what its plants stood in."""
    with _opened(db, as_json) as ledger:
        found = trace_of(ledger, lot)
        if recall is not None:
            _write(recall, found, time_zone)
    if as_json:
        _print({**asdict(found), "harvest_lots": found.harvest_lots})
        return
    console = Console()
    for sheet in sheets(found, time_zone):
        if sheet.rows:
            table = Table(*sheet.head, title=sheet.title, title_justify="left", box=None)
            for row in sheet.rows:
                table.add_row(*row)
            console.print(table)


def _write(where: Path, found: Any, time_zone: str) -> None:
    kind = where.suffix.removeprefix(".").lower()
    if kind not in set(Format):
        raise ReportError(f"{where}: the report is html, csv or pdf, by its ending")
    if kind == Format.PDF:
        content = as_pdf(found, time_zone)
    else:
        make = as_html if kind == Format.HTML else as_csv
        content = make(found, time_zone).encode()
    where.write_bytes(content)


def _price(name: str) -> Any:
    return typer.Option(f"--{name}", min=0.0, help=f"Price of {_PRICES[name.replace('-', '_')]}.")


_PRICES = {
    "energy_kwh": "a kWh",
    "water_m3": "a m³ of fresh water",
    "nutrient_l": "a litre of stock solution",
    "ph_l": "a litre of acid or base",
    "co2_h": "an hour with the CO2 valve open",
    "seed": "one seed",
    "labour_h": "an hour of work",
}


@app.command()
def summary(
    db: Database,
    batch: Annotated[
        str | None, typer.Argument(help="A batch; without one, all are listed.")
    ] = None,
    energy_kwh: Annotated[float | None, _price("energy-kwh")] = None,
    water_m3: Annotated[float | None, _price("water-m3")] = None,
    nutrient_l: Annotated[float | None, _price("nutrient-l")] = None,
    ph_l: Annotated[float | None, _price("ph-l")] = None,
    co2_h: Annotated[float | None, _price("co2-h")] = None,
    seed: Annotated[float | None, _price("seed")] = None,
    labour_h: Annotated[float | None, _price("labour-h")] = None,
    time_zone: Zone = "UTC",
    as_json: AsJson = False,
) -> None:
    """What a batch was given, stood in, yielded, and cost at these prices."""
    tariffs = Tariffs(
        energy_kwh=energy_kwh,
        water_m3=water_m3,
        nutrient_l=nutrient_l,
        ph_l=ph_l,
        co2_h=co2_h,
        seed=seed,
        labour_h=labour_h,
    )
    with _opened(db, as_json) as ledger:
        if batch is None:
            names = known_batches(ledger)
            _print(names) if as_json else typer.echo("\n".join(names) or "no batches yet")
            return
        found = batch_summary(ledger, batch)
        cost = bill(found, tariffs, trace_of(ledger, batch).ingredients)
    if as_json:
        _print(_summary_data(found, cost))
    else:
        _show_summary(found, cost, time_zone)


def _summary_data(found: BatchSummary, cost: Bill) -> dict[str, Any]:
    items = [{**asdict(item), "cost": item.cost} for item in cost.items]
    total: dict[str, Any] = {"total": cost.total, "per_kg": cost.per_kg, "unpriced": cost.unpriced}
    return {
        **asdict(found),
        "kg": found.kg,
        "dli": found.dli,
        "cost": {**total, "water_by": cost.water_by, "items": items},
    }


def _show_summary(found: BatchSummary, cost: Bill, time_zone: str) -> None:
    def day(at: float) -> str:
        return f"{dt.datetime.fromtimestamp(at, ZoneInfo(time_zone)):%Y-%m-%d %H:%M}"

    console = Console()
    crop = f"{found.crop} {found.cultivar or ''}".strip()
    console.print(f"[bold]{found.title or found.id}[/bold] ({found.id}): {crop}, {found.state}")
    console.print(f"{found.plants} plants, {found.recipe} {found.version[:12]}")
    for stage in found.stages:
        console.print(f"{day(stage.at)}  {stage.phase}")
    for cut in found.harvests:
        kg = "not weighed" if cut.kg is None else f"{cut.kg:.6g} kg"
        console.print(f"{day(cut.at)}  harvest {cut.lot}: {kg} {cut.note}".rstrip())
    table = Table("Was given", "Of", "Amount", "Unit", "Price", "Cost", box=None)
    for item in cost.items:
        price = "" if item.price is None else f"{item.price:g}"
        paid = "" if item.cost is None else f"{item.cost:.2f}"
        table.add_row(item.name, item.subsystem, f"{item.amount:.4g}", item.unit, price, paid)
    console.print(table)
    per_kg = "" if cost.per_kg is None else f", {cost.per_kg:.2f} a kg"
    missing = f"; no price for {', '.join(cost.unpriced)}" if cost.unpriced else ""
    console.print(f"{cost.total:.2f} in all{per_kg}{missing}")


@app.command()
def compare(
    db: Database,
    recipe: Annotated[str, typer.Option(help="The recipe whose versions are compared.")],
    old: Annotated[
        str | None, typer.Option(help="A version, or what it begins with; else the one before.")
    ] = None,
    new: Annotated[
        str | None, typer.Option(help="A version, or what it begins with; else the newest.")
    ] = None,
    effect: Annotated[
        float, typer.Option(min=0.001, max=1.0, help="The difference that matters, as a share.")
    ] = 0.1,
    margin: Annotated[
        float, typer.Option(min=0.0, max=0.99, help="What less of yield is borne, as a share.")
    ] = 0.1,
    as_json: AsJson = False,
) -> None:
    """Two versions of a recipe: yield, days, energy, water and losses of their batches, with spread
    and, where there is enough to say one, a verdict."""
    with _opened(db, as_json) as ledger:
        found = comparison_of(ledger, recipe, old=old, new=new, effect=effect, margin=margin)
    if as_json:
        _print(comparison_data(found))
    else:
        _show_comparison(found)


def _show_comparison(found: Comparison) -> None:
    console = Console()
    heads = (f"old {found.old[:12]}", f"new {found.new[:12]}", "Change", "p", "Verdict")
    table = Table(found.recipe, *heads, box=None)
    for m in found.measures:
        told = m.contrast
        groups = [
            "-"
            if one.mean is None
            else f"{one.mean:.4g}{'' if one.sd is None else f' ± {one.sd:.3g}'} (n {one.n})"
            for one in (m.old, m.new)
        ]
        change = "" if told.change is None else f"{told.change:+.1%}"
        p = "" if told.p is None else f"{told.p:.3g} {told.method.value}"
        verdict = told.verdict.value.replace("_", " ")
        if told.why:
            verdict += f": {TEXTS[told.why]}"
            verdict += f"; {told.needed} of each are needed" if told.needed else ""
        table.add_row(f"{m.name} {m.unit}", *groups, change, p, escape(verdict))
    console.print(table)
    methods = {m.contrast.method: m.contrast.assumes for m in found.measures if m.contrast.method}
    for method, assumes in methods.items():
        console.print(f"{method.value} assumes: {assumes}")
    for note in found.notes:
        console.print(TEXTS[note])
    for batch, why in found.left_out.items():
        console.print(escape(f"{batch} is left out: it {TEXTS[why]}"))
    if found.install:
        console.print(escape(f"{TEXTS['scipy_missing']}: {found.install}"))


@app.command()
def audit(
    db: Database,
    who: Annotated[
        str | None, typer.Option(help="Only of one person, automation or controller.")
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(help="JSON file with the names of users: {id: name}.", dir_okay=False),
    ] = None,
    since: Annotated[dt.datetime | None, typer.Option(help="From this day on.")] = None,
    until: Annotated[dt.datetime | None, typer.Option(help="Before this day.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 1000,
    time_zone: Zone = "UTC",
    as_json: AsJson = False,
) -> None:
    """Who did what, what it was before and after, why, and what came of it."""
    zone = ZoneInfo(time_zone)
    called = _names(names, as_json)
    asked = None if who is None else {who, *(by for by, name in called.items() if name == who)}
    with _opened(db, as_json) as ledger:
        found = deeds(
            ledger,
            who=asked,
            since=_instant(since, zone),
            until=_instant(until, zone),
            limit=limit,
        )
    found = renamed(found, lambda by: called.get(by, by))
    if as_json:
        _print([asdict(deed) for deed in found])
        return
    table = Table("When", "Who", "What", "Of", "Before", "After", "Why", "Result", box=None)
    for deed in found:
        when = f"{dt.datetime.fromtimestamp(deed.at, zone):%Y-%m-%d %H:%M:%S}"
        of = " ".join(part for part in (deed.node, deed.target) if part)
        cells = (when, deed.who, deed.what, of, deed.before or "", deed.after or "", deed.why)
        table.add_row(*map(escape, cells), deed.result)
    Console().print(table)


@app.command()
def calibrations(
    db: Database,
    point: Annotated[str | None, typer.Option(help="Only of one binding.")] = None,
    since: Annotated[dt.datetime | None, typer.Option(help="From this day on.")] = None,
    until: Annotated[dt.datetime | None, typer.Option(help="Before this day.")] = None,
    time_zone: Zone = "UTC",
    as_json: AsJson = False,
) -> None:
    """How probes, light sensors and dosing pumps were calibrated, and how far they had drifted."""
    zone = ZoneInfo(time_zone)
    with _opened(db, as_json) as ledger:
        found = calibrations_of(
            ledger, point=point, since=_instant(since, zone), until=_instant(until, zone)
        )
    if as_json:
        _print([asdict(done) for done in found])
        return
    table = Table("When", "Of", "What", "Before", "After", "Drift", "Slope %", "Who", box=None)
    for done in found:
        when = f"{dt.datetime.fromtimestamp(done.at, zone):%Y-%m-%d %H:%M}"
        drift = "" if done.drift is None else f"{done.drift:+g}"
        slope = "" if done.slope_pct is None else f"{done.slope_pct:g}"
        cells = (when, done.point, done.kind, done.before or "", done.after or "", drift, slope)
        table.add_row(*map(escape, cells), escape(done.who))
    Console().print(table)


@app.command("protections")
def tried_protections(
    db: Database,
    point: Annotated[str | None, typer.Option(help="Only of one binding.")] = None,
    since: Annotated[dt.datetime | None, typer.Option(help="From this day on.")] = None,
    until: Annotated[dt.datetime | None, typer.Option(help="Before this day.")] = None,
    time_zone: Zone = "UTC",
    as_json: AsJson = False,
) -> None:
    """The report card of drills: what was tried of stations, and whether it works."""
    zone = ZoneInfo(time_zone)
    with _opened(db, as_json) as ledger:
        found = protections(
            ledger, point=point, since=_instant(since, zone), until=_instant(until, zone)
        )
    if as_json:
        _print([asdict(tried) for tried in found])
        return
    table = Table("When", "Of", "Protection", "", "After s", "Cut", "Seen by", "Who", "", box=None)
    for tried in found:
        when = f"{dt.datetime.fromtimestamp(tried.at, zone):%Y-%m-%d %H:%M}"
        after = "" if tried.after_s is None else f"{tried.after_s:g}"
        worked = "worked" if tried.worked else "failed"
        cells = (tried.point, tried.protection, worked, after, tried.loss, tried.seen_by)
        table.add_row(when, *map(escape, (*cells, tried.who, tried.note)))
    Console().print(table)


def _instant(day: dt.datetime | None, zone: ZoneInfo) -> float | None:
    """When a day begins by a zone's clock."""
    return None if day is None else day.replace(tzinfo=zone).timestamp()


def _names(file: Path | None, as_json: bool) -> dict[str, str]:
    """What users are called, by what the history has of them."""
    if file is None:
        return {}
    try:
        told = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as err:
        raise _failed(f"{file}: {err}", as_json) from err
    if not isinstance(told, dict) or not all(isinstance(name, str) for name in told.values()):
        raise _failed(f"{file}: it has to be a JSON object of names by id", as_json)
    return {f"{USER}{user.removeprefix(USER)}": name for user, name in told.items()}


@app.command()
def forget(
    db: Database,
    person: Annotated[
        str, typer.Argument(help="As the audit shows them: user:<id>, a name, a token.")
    ],
    as_json: AsJson = False,
) -> None:
    """Forget who a person was. What they did stays, and the chain stays whole; this cannot be
    undone."""
    with _opened(db, as_json, read_only=False) as ledger:
        known = ledger.forget(person)
    if not known:
        raise _failed(f"the ledger knows no person {person!r}", as_json)
    if as_json:
        _print({"forgotten": True})
    else:
        typer.echo("forgotten")


@app.command()
def retain(
    db: Database,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT=DAYS",
            help="commands, hours, deliveries, events, audit or incidents; DAYS or `always`.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove details that are older than they are kept. What a trace needs is never removed, sums
    stay, and the chain stays whole; what is removed is gone for good."""
    chosen = _policy(policy or [], as_json)
    with _opened(db, as_json, read_only=dry_run) as ledger:
        done = retain_history(ledger, chosen, dt.datetime.now(dt.UTC).timestamp(), dry_run=dry_run)
    if as_json:
        _print({"removed": dict(done.kinds), "count": done.count, "dry_run": dry_run})
        return
    for kind, count in sorted(done.kinds.items()):
        typer.echo(f"{count:>9} {kind}")
    typer.echo(f"{done.count:>9} {'would go' if dry_run else 'removed'}")


def _policy(told: list[str], as_json: bool) -> Policy:
    days: dict[str, float | None] = {}
    known = [field.name.removesuffix("_d") for field in fields(Policy)]
    for part in told:
        what, _, value = part.partition("=")
        if what not in known:
            raise _failed(f"{what!r} is none of {', '.join(known)}", as_json)
        try:
            days[f"{what}_d"] = None if value == "always" else float(value)
        except ValueError as err:
            raise _failed(f"{part}: {value!r} is no number of days", as_json) from err
    try:
        return Policy(**days)
    except LedgerError as err:
        raise _failed(str(err), as_json) from err


@app.command()
def export(
    db: Database,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; else standard output.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only records of this kind.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every record with its hash, one JSON object a line."""
    with _opened(db, as_json) as ledger:
        if out is None:
            for line in lines(ledger, kind=kind):
                sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()
            return
        count = 0
        with out.open("wb") as file:
            for line in lines(ledger, kind=kind):
                file.write(line + b"\n")
                count += 1
    if as_json:
        _print({"records": count, "file": str(out)})
    else:
        typer.echo(f"{count} records in {out}")


@contextmanager
def _opened(db: str, as_json: bool, *, read_only: bool = True) -> Iterator[Ledger]:
    try:
        # What is only asked for is never made.
        ledger = Ledger(db, read_only=True)
        if not read_only:
            ledger.close()
            ledger = Ledger(db)
        try:
            yield ledger
        finally:
            ledger.close()
    except (LedgerError, UnknownError, ReportError, OSError) as err:
        raise _failed(str(err), as_json) from err


def _failed(message: str, as_json: bool) -> typer.Exit:
    if as_json:
        _print({"error": {"message": message}})
    else:
        typer.echo(message, err=True)
    return typer.Exit(1)


def _print(data: Any) -> None:
    typer.echo(orjson.dumps(data).decode())
