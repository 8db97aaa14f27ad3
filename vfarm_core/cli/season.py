"""`vfarm twin season`: a season of the demo farm, and its ledger held against the twin."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from ..reports.season import SeasonReport

#: The days of a season, which is three months.
_DAYS = 92.0


def season(
    days: Annotated[
        float, typer.Option(help="Days to simulate; fewer tell the same story faster.")
    ] = _DAYS,
    seed: Annotated[int, typer.Option(help="Seed of the sensors' noise.")] = 1,
    kills: Annotated[
        int, typer.Option(min=0, help="Times the process is killed in mid-season.")
    ] = 0,
    ledger: Annotated[
        Path | None,
        typer.Option(
            help="Keep the ledger in this file, its journal beside it; else they are thrown away.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_page: Annotated[
        bool, typer.Option("--page", help="Print docs/season.md, Markdown.")
    ] = False,
) -> None:
    """Run a season of the demo farm, and hold what its ledger says against what the twin counted.

    \b
    Twelve batches of five crops, two versions of a recipe side by side, with the runtime, journal
    and ledger of a real farm. Ends with 1 when a total differs by more than 0.5 %.
    """
    from ..ledger.errors import LedgerError
    from ..reports.season import audit
    from ..reports.season_page import page
    from ..runtime.journal import JournalError
    from ..twin.season import run_season
    from ..twin.simulate import SimulationError

    try:
        with _file(ledger) as place, _progress(days, quiet=as_json or as_page) as tell:
            begun = time.perf_counter()
            done = run_season(place, days=days, seed=seed, kills=kills, tell=tell)
            report = audit(done, time.perf_counter() - begun)
    except (SimulationError, LedgerError, JournalError, OSError) as err:
        if as_json:
            key = err.key if isinstance(err, SimulationError) else type(err).__name__
            typer.echo(json.dumps({"error": {"message": str(err), "key": key}}, ensure_ascii=False))
        else:
            typer.echo(str(err), err=True)
        raise typer.Exit(1) from err
    if as_json:
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    elif as_page:
        typer.echo(page(report), nl=False)
    else:
        _show(report)
    if not report.passed:
        raise typer.Exit(1)


@contextmanager
def _file(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        yield wanted
        return
    with tempfile.TemporaryDirectory(prefix="vfarm-season-") as made:
        yield Path(made) / "ledger.db"


@contextmanager
def _progress(days: float, *, quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """A progress bar on stderr at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("day {task.completed:.1f} of {task.total:g}"),
        BarColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=days)
        yield lambda done: bar.update(task, completed=done)


def _show(report: SeasonReport) -> None:
    from ..reports.season_page import row_of

    console = Console()
    table = Table("Total", "Unit", "Ledger", "Twin", "Difference", "", box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for row in (*report.totals, *report.shared):
        table.add_row(*row_of(row), "ok" if row.passed else "FAILED")
    console.print(table)
    chain = "intact" if report.intact else "NOT INTACT"
    console.print(
        f"{report.days:g} days, {report.kills} kills, {report.records} records, chain {chain}, "
        f"{report.not_understood} not understood; {report.wall_seconds:.0f} s"
    )
    for version, grown in report.versions.items():
        console.print(f"{version}: {', '.join(grown)}")
