"""`vfarm farm …`: a whole farm to one file, and to where it goes on.

PLACE is the folder of one farm: farm.json (or farm.yaml), journal.db, recipes, ledger.db.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table as RichTable

from ..farm.diff import Change
from ..farm.remap import RemapError, Table, by_reference, read_table, with_same_names
from ..runtime.bundle import Bundle, BundleError, contents, open_bundle, write_bundle
from ..runtime.place import Place, install, is_running, load_farm, look
from ..runtime.restore import Plan, Present, plan_import, require
from .printing import refusals

app = typer.Typer(no_args_is_help=True)

Where = Annotated[Path, typer.Argument(metavar="PLACE", help="Folder of the farm.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="The bundle.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("export")
def export(
    place: Where,
    file: File,
    farm: Annotated[
        Path | None, typer.Option(help="JSON or YAML file that describes the farm.")
    ] = None,
    journal: Annotated[Path | None, typer.Option(help="The journal, if it is elsewhere.")] = None,
    recipes: Annotated[
        Path | None, typer.Option(help="Folder of own recipes, if it is elsewhere.")
    ] = None,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="With the history (an SQLite file).")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a farm to one file. The farm may be running."""
    with _refusals(as_json):
        here = Place(place)
        manifest = write_bundle(
            file,
            here.farm() if farm is None else load_farm(farm),
            journal or here.journal,
            made_at=time.time(),
            recipes=recipes or here.recipes,
            ledger=here.ledger if ledger else None,
            overwrite=overwrite,
        )
    if as_json:
        _print({"file": str(file), **asdict(manifest)})
    else:
        size = file.stat().st_size / 1024
        typer.echo(f"{manifest.name} ({manifest.farm}) is in {file}, {size:.0f} KiB")


@app.command("import")
def import_(
    file: File,
    place: Where,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would change; change nothing.")
    ] = False,
    remap: Annotated[
        Path | None,
        typer.Option(help="CSV (old,new or old,new,device) or JSON of entities' new names."),
    ] = None,
    entities: Annotated[
        Path | None,
        typer.Option(help="The entities that exist here, one a line: others are refused."),
    ] = None,
    same_names: Annotated[
        bool,
        typer.Option(
            "--same-names",
            help="Take what the bundle knows under another reference by its name, where --entities"
            " has it.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put the farm of a bundle in a folder; what was there is kept beside it.

    Two that run the same farm fight over its devices: stop the old one for good first.
    """
    with _refusals(as_json), open_bundle(file) as bundle:
        here = Place(place)
        present = look(here)
        known = _known(entities)
        table = _table(remap, bundle, known if same_names else None)
        plan = plan_import(bundle, present, table, known)
        running = is_running(here.journal)
        if as_json and dry_run:
            _print(_told(bundle, plan, present, running=running))
        elif dry_run:
            _show(bundle, plan, present, running=running)
        if dry_run:
            if plan.refusals or running:
                raise typer.Exit(1)
            return
        aside = install(here, bundle, require(plan), at=time.time(), by="person")
        if as_json:
            kept = None if aside is None else str(aside)
            _print({**_told(bundle, plan, present, running=False), "before": kept})
        else:
            typer.echo(f"{plan.farm.name} ({plan.farm.id}) is in {place}")
            if aside is not None:
                typer.echo(f"what was there is in {aside}")


def _table(path: Path | None, bundle: Bundle, same: Collection[str] | None) -> Table:
    names = bundle.manifest.entities
    table: Table = {}
    if path is not None:
        try:
            table = by_reference(read_table(path.read_text(encoding="utf-8")), names)
        except (RemapError, OSError, UnicodeDecodeError) as err:
            raise BundleError("remap_unreadable", "{file}: {why}", file=path, why=err) from err
    return table if same is None else with_same_names(table, names, same)


def _known(path: Path | None) -> frozenset[str] | None:
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as err:
        raise BundleError("not_read", "{file}: {why}", file=path, why=err) from err
    return frozenset(lines)


def _told(bundle: Bundle, plan: Plan, present: Present, *, running: bool) -> dict[str, Any]:
    return {
        "bundle": contents(bundle),
        "changes": [asdict(change) for change in plan.changes],
        "entities": [asdict(use) for use in plan.entities],
        "other_devices": list(plan.other_devices),
        "refusals": [asdict(refusal) for refusal in plan.refusals],
        "running": running,
        "memory_here_lost": present.lost,
    }


def _show(bundle: Bundle, plan: Plan, present: Present, *, running: bool) -> None:
    console = Console()
    told = contents(bundle)
    console.print(
        f"[bold]{told['name']}[/bold] ({told['farm']}): {told['nodes']} nodes,"
        f" {told['bindings']} bindings, {len(told['batches'])} batches"
    )
    table = RichTable("", "What", "Id", "Fields", box=None)
    for change in plan.changes:
        table.add_row(change.how.value, change.what.replace("_", " "), change.id, _fields(change))
    console.print(table if plan.changes else "nothing changes")
    names = RichTable("Entity", "New name", "Bindings", "Here", box=None)
    for use in plan.entities:
        here = {True: "yes", False: "no", None: "?"}[use.known]
        names.add_row(use.name, use.new, ", ".join(use.points), here)
    console.print(names)
    if present.lost:
        console.print("the memory of the farm that is here cannot be read; it is set aside")
    for refusal in plan.refusals:
        console.print(f"refused: {refusal.message}")
    if running:
        console.print("refused: the farm that is here is running: stop it first")


def _fields(change: Change) -> str:
    return ", ".join(field.name for field in change.fields if field.name)


def _refusals(as_json: bool) -> AbstractContextManager[None]:
    return refusals(as_json, BundleError, facts=lambda err: {"key": err.key})


def _print(data: Any) -> None:
    typer.echo(orjson.dumps(data).decode())
