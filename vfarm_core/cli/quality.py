"""`vfarm twin quality`: vfarm beside plain automations at the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from ..twin.quality import QualityReport


def quality(
    days: Annotated[float, typer.Option(help="Days to simulate, twice.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_page: Annotated[
        bool, typer.Option("--page", help="Print docs/quality.md, Markdown.")
    ] = False,
) -> None:
    """Run the demo farm under vfarm and again under plain automations, and compare.

    See docs/quality.md for how it is measured.
    """
    from ..twin.load import demo_plot
    from ..twin.quality import compare
    from ..twin.quality_page import page
    from ..twin.simulate import SimulationError

    try:
        with _progress(days, quiet=as_json) as tell:
            report = compare(demo_plot(), days, tell)
    except SimulationError as err:
        if as_json:
            details = {"message": str(err), "key": err.key}
            typer.echo(json.dumps({"error": details}, ensure_ascii=False))
        else:
            typer.echo(str(err), err=True)
        raise typer.Exit(1) from err
    if as_json:
        typer.echo(json.dumps(_rounded(report.as_dict()), ensure_ascii=False))
    elif as_page:
        typer.echo(page(report), nl=False)
    else:
        _show(report)


@contextmanager
def _progress(days: float, *, quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """A progress bar on stderr at a terminal."""
    if quiet or days < 1 or not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("day {task.completed:.1f} of {task.total:g}"),
        BarColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=2 * days)
        yield lambda done: bar.update(task, completed=done)


def _rounded(value: Any) -> Any:
    """Seven digits: more are noise."""
    if isinstance(value, float):
        return float(f"{value:.7g}") if abs(value) > 1e-6 else 0.0
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


def _show(report: QualityReport) -> None:
    from ..twin.quality_page import air_rows, batch_rows, sum_rows

    console = Console()
    for title, (head, *rows) in (
        ("Air", air_rows(report)),
        ("Light and yield", batch_rows(report)),
        ("Altogether", sum_rows(report)),
    ):
        table = Table(*head, title=title, title_justify="left", box=None, pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(*row)
        console.print(table)
