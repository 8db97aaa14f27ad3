"""`vfarm plan …`: from orders back to sowing dates, levels and tasks.

Exit codes: 0 every order is met, 1 something given cannot be used or SciPy is missing, 2 wrong
usage, 3 a plan is printed but some order is not met.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from ..planning.model import Order, Plan, PlanningError
from ..planning.plan import plan
from ..recipes.errors import RecipeError
from ..recipes.library import catalogue
from ..twin.load import FarmFileError, demo_plot, load_plot

NOT_MET = 3

app = typer.Typer(no_args_is_help=True, help="Planning: orders to sowing dates, levels, tasks.")


@app.callback()
def _root() -> None:
    """Planning: from orders back to sowing dates, levels and tasks."""


@app.command("orders")
def orders(
    file: Annotated[Path, typer.Argument(metavar="ORDERS", help="A YAML file with orders.")],
    farm: Annotated[
        Path | None, typer.Option("--farm", help="A farm file; the demo farm without.")
    ] = None,
    start: Annotated[
        dt.datetime | None,
        typer.Option("--start", formats=["%Y-%m-%d"], help="First day; the farm's without."),
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--recipes", help="A folder with recipes of your own.")
    ] = None,
    rest: Annotated[int, typer.Option("--rest", min=0, help="Days between two crops.")] = 1,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="To look for a plan.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Book levels for orders: what is sown, moved, harvested and cleaned when, and what is not
    possible, with the reason."""
    try:
        plot = demo_plot() if farm is None else load_plot(farm)
        first = dt.datetime.fromtimestamp(plot.start, plot.farm.tz) if start is None else start
        wanted = _orders(file)
        shelf = catalogue(directory)
        recipes = [shelf.get(name) for name in {o.recipe for o in wanted} if name in shelf.recipes]
        made = plan(
            plot.farm,
            wanted,
            recipes,
            first.date(),
            batches=plot.batches,
            pinned=plot.recipes,
            gap_days=rest,
            seconds=seconds,
        )
    except (PlanningError, FarmFileError, RecipeError) as err:
        if as_json:
            key = err.key if isinstance(err, PlanningError) else "farm"
            typer.echo(json.dumps({"error": key, "text": str(err)}, ensure_ascii=False))
        else:
            typer.echo(str(err), err=True)
        raise typer.Exit(1) from err
    if as_json:
        typer.echo(json.dumps(_as_dict(made), ensure_ascii=False, indent=2))
    else:
        _show(made)
    raise typer.Exit(NOT_MET if made.conflicts else 0)


def _orders(file: Path) -> list[Order]:
    """The orders in a file: a list, or a mapping with `orders`. Raises PlanningError."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as err:
        raise PlanningError("orders", f"{file}: {err.strerror or err}") from err
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise PlanningError("orders", f"{file}: no YAML: {' '.join(str(err).split())}") from err
    entries = data.get("orders") if isinstance(data, dict) else data
    if not isinstance(entries, list) or not entries:
        raise PlanningError("orders", f"{file}: accepted: a list of orders")
    return [_order(file, number, entry) for number, entry in enumerate(entries, 1)]


_FIELDS = {"id", "recipe", "kg", "date", "early_days"}


def _order(file: Path, number: int, entry: Any) -> Order:
    where = f"{file}: order {number}"
    if not isinstance(entry, dict) or not {"recipe", "kg", "date"} <= set(entry):
        raise PlanningError("orders", f"{where}: accepted: recipe, kg, date, id, early_days")
    if unknown := set(entry) - _FIELDS:
        raise PlanningError("orders", f"{where}: unknown field {min(unknown)}")
    try:
        date = entry["date"]
        day = date if isinstance(date, dt.date) else dt.date.fromisoformat(str(date))
        return Order(
            id=str(entry.get("id", f"order {number}")),
            recipe=str(entry["recipe"]),
            kg=float(entry["kg"]),
            date=day,
            early_days=int(entry.get("early_days", 2)),
        )
    except (TypeError, ValueError) as err:
        raise PlanningError("orders", f"{where}: {err}") from err


def _as_dict(made: Plan) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, dt.date):
            return value.isoformat()
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return value

    found: dict[str, Any] = plain(asdict(made))
    for told, conflict in zip(found["conflicts"], made.conflicts, strict=True):
        told["text"] = conflict.text
    for told, batch in zip(found["batches"], made.batches, strict=True):
        for name in ("sow", "harvest"):
            day = made.start + dt.timedelta(days=told[f"{name}_day"])
            told[f"{name}_date"] = day.isoformat()
        told["order"] = batch.order
    return found


def _show(made: Plan) -> None:
    console = Console()
    if made.tasks:
        table = Table("date", "task", title="Tasks")
        for task in made.tasks:
            table.add_row(task.date.isoformat(), task.text)
        console.print(table)
    for conflict in made.conflicts:
        console.print(f"Not possible: {conflict.text}", style="bold", highlight=False)
    if not made.optimal:
        console.print(f"The time was up: a plan may be better by up to {made.gap:.0%}.")
