"""`vfarm twin faults`: the fault campaign at the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from ..twin.campaign.model import Row, Scenario


def faults(
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Key of a scenario; may be repeated.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rows as one JSON array.")
    ] = False,
) -> None:
    """Run the fault campaign with the controller that runs a real farm.

    Ends with 1 when a scenario fails. See docs/safety.md for what each of them tells.
    """
    # Here, so that a crop alone does not wait for a hundred stories.
    from ..twin.campaign.run import UnknownScenarioError, run_campaign, select

    try:
        scenarios = select(only or ())
    except UnknownScenarioError as err:
        message = err.args[0]
        if as_json:
            typer.echo(json.dumps({"error": {"message": message}}, ensure_ascii=False))
        else:
            typer.echo(message, err=True)
        raise typer.Exit(1) from err
    with _progress(len(scenarios), quiet=as_json) as tell:
        rows = run_campaign(scenarios, tell)
    if as_json:
        lines = (json.dumps(row.as_dict(), ensure_ascii=False) for row in rows)
        typer.echo("[" + ",\n ".join(lines) + "]")
    else:
        _show(scenarios, rows)
    if not all(row.passed for row in rows):
        raise typer.Exit(1)


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[Row], None] | None]:
    """A progress bar on stderr at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.completed:.0f} of {task.total:g}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda row: bar.update(task, advance=1, description=row.scenario)


def _show(scenarios: Sequence[Scenario], rows: Sequence[Row]) -> None:
    console = Console()
    table = Table("", "Scenario", "Deadline", "Observed", "Rule", box=None, pad_edge=False)
    for column in table.columns[2:4]:
        column.justify = "right"
    group = ""
    for scenario, row in zip(scenarios, rows, strict=True):
        if scenario.group != group:
            group = scenario.group
            table.add_row("", f"[bold]{group}[/bold]")
        table.add_row(
            "[green]✓[/green]" if row.passed else "[red]✗[/red]",
            row.scenario,
            f"{row.deadline_s:g} s",
            "–" if row.observed_s is None else f"{row.observed_s:g} s",
            row.invariant,
        )
    console.print(table)
    for row in rows:
        if not row.passed:
            console.print(f"[red]{row.scenario}[/red]: {row.detail}")
    passed = sum(row.passed for row in rows)
    console.print(f"{passed} of {len(rows)} scenarios passed")
