"""`vfarm twin …`: a crop alone, or a whole farm under its controller, in fast time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..twin.alone import (
    LETTUCE_STRUCTURAL_SHARE,
    Conditions,
    CropError,
    CropReport,
    grow_alone,
)
from ..twin.load import FarmFileError, Plot, demo_plot, load_plot
from ..twin.simulate import FarmReport, SimulationError, simulate
from .faults import faults
from .printing import argument_facts, print_json, refusals
from .quality import quality
from .season import season

app = typer.Typer(no_args_is_help=True, help="The simulated crop and the simulated farm.")
app.command("faults")(faults)
app.command("quality")(quality)
app.command("season")(season)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

#: label and unit of what `twin crop` prints
_CROP_LABELS: dict[str, tuple[str, str]] = {
    "crop": ("Crop", ""),
    "model": ("Growth model", ""),
    "days": ("Days", "d"),
    "start_dry_mass_g_m2": ("Dry mass at the start", "g/m²"),
    "shoot_dry_mass_g_m2": ("Shoot, dry", "g/m²"),
    "total_dry_mass_g_m2": ("With roots, dry", "g/m²"),
    "x_nsdw_g_m2": ("Non-structural, dry", "g/m²"),
    "x_sdw_g_m2": ("Structural, dry", "g/m²"),
    "fresh_mass_g_m2": ("Shoot, fresh", "g/m²"),
    "fresh_g_per_plant": ("Shoot, fresh, per plant", "g"),
    "dry_matter_fraction": ("Dry matter of the fresh mass", ""),
    "lai": ("Leaf area index", "m²/m²"),
    "dli_mol_m2_d": ("DLI", "mol/m²/d"),
    "incident_mol_m2": ("Light", "mol/m²"),
    "shoot_g_per_mol": ("Shoot, dry, per light", "g/mol"),
    "transpiration_l_m2": ("Transpiration", "L/m²"),
}


@app.command("crop")
def grow_crop(
    crop: Annotated[str, typer.Option(help="Crop: lettuce, basil, pak_choi, …")],
    days: Annotated[float, typer.Option(help="Days to grow.")],
    temperature_day: Annotated[float, typer.Option(help="Air temperature while lit, °C.")],
    temperature_night: Annotated[float, typer.Option(help="Air temperature in the dark, °C.")],
    ppfd: Annotated[float, typer.Option(help="Light while lit, µmol/m²/s.")],
    photoperiod: Annotated[float, typer.Option(help="Lit hours of 24, from the start of a day.")],
    co2: Annotated[float, typer.Option(help="CO2, ppm.")],
    density: Annotated[float, typer.Option(help="Plants per m².")],
    start_dry_mass_g_m2: Annotated[
        float | None,
        typer.Option(
            "--start-dry-mass-g-m2",
            help="Dry mass at the start, g/m²; lettuce: roots included, 0.06 g a plant if not "
            "given; others: shoot, the recipe's start mass a plant if not given.",
        ),
    ] = None,
    structural_share: Annotated[
        float, typer.Option(help="Lettuce: structural share of the dry mass at the start.")
    ] = LETTUCE_STRUCTURAL_SHARE,
    humidity: Annotated[
        float, typer.Option(help="Relative humidity, %; decides the transpiration.")
    ] = 70.0,
    as_json: AsJson = False,
) -> None:
    """Grow a crop alone under constant conditions, without room or controller."""
    with _refusals(as_json):
        report = grow_alone(
            crop,
            Conditions(
                days=days,
                temperature_day=temperature_day,
                temperature_night=temperature_night,
                ppfd=ppfd,
                photoperiod_h=photoperiod,
                co2=co2,
                density=density,
                humidity=humidity,
            ),
            start_dry_mass_g_m2=start_dry_mass_g_m2,
            structural_share=structural_share,
        )
        if as_json:
            print_json(_rounded(asdict(report)))
        else:
            _show_crop(report)


@app.command("farm")
def run_farm(
    farm: Annotated[
        str,
        typer.Option(help="`demo`, or a YAML or JSON file with farm, batches, start and twin."),
    ] = "demo",
    days: Annotated[float, typer.Option(help="Days to simulate.")] = 35.0,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the sensors' noise; the file's when not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a whole farm under the controller that runs a real one, and report what came of it.

    \b
    A file has:
      farm: {id, name, time_zone, zones, racks, levels, reservoirs, pumps, circuits, bindings, …}
      start: "2026-01-01T00:00:00+00:00"        (optional)
      batches:
        - {id: a, recipe: pak_choi, plants: 52, levels: {level_1: 52}, days_ago: 20}
      twin: {seed: 1}                           (optional)
    """
    with _refusals(as_json):
        plot = demo_plot() if farm == "demo" else load_plot(Path(farm))
        with _progress(days) as tell:
            report = _simulate(plot, days, seed, tell)
        if as_json:
            print_json(_rounded(asdict(report)))
        else:
            _show_farm(report)


def _simulate(
    plot: Plot, days: float, seed: int | None, tell: Callable[[float], None] | None
) -> FarmReport:
    return simulate(
        plot.farm,
        plot.batches,
        plot.recipes,
        days,
        seed,
        tell,
        start=plot.start,
        config=plot.config,
    )


@contextmanager
def _progress(days: float) -> Iterator[Callable[[float], None] | None]:
    """A progress bar on stderr for long runs at a terminal."""
    if days < 1 or not sys.stderr.isatty():
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


def _refusals(as_json: bool) -> AbstractContextManager[None]:
    """What cannot be simulated becomes one clear line and exit code 1."""

    def facts(err: CropError | FarmFileError | SimulationError) -> dict[str, Any]:
        return {"key": err.key} if isinstance(err, SimulationError) else argument_facts(err)

    return refusals(as_json, CropError, FarmFileError, SimulationError, facts=facts)


def _rounded(value: Any) -> Any:
    """Six digits: more are noise, fewer would hide what changed."""
    if isinstance(value, float):
        return float(f"{value:.7g}") if abs(value) < 1e6 else round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


def _show_crop(report: CropReport) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    values = asdict(report)
    for key, (label, unit) in _CROP_LABELS.items():
        value = values[key]
        if value is not None:
            table.add_row(label, value if isinstance(value, str) else f"{value:.4g}", unit)
    Console().print(table)


def _show_farm(report: FarmReport) -> None:
    console = Console()
    console.print(
        f"{report.farm}: {report.simulated_days:g} days in {report.wall_seconds:.1f} s, "
        f"{report.commands} commands, {report.shots} shots"
    )
    grown = Table(
        "Batch", "Phase", "Day", "g/plant", "kg", "kg/m²", "DLI", "target", "kWh/kg", box=None
    )
    for batch in report.batches:
        grown.add_row(
            batch.title,
            "harvested" if batch.harvested_at is not None else batch.phase,
            f"{batch.day_of_batch:.1f}",
            f"{batch.fresh_g_per_plant:.3g}",
            f"{batch.yield_kg:.2f}",
            f"{batch.yield_kg_m2:.2f}",
            _optional(batch.dli_delivered),
            _optional(batch.dli_target),
            _optional(batch.kwh_per_kg),
        )
    console.print(grown)
    outside = Table("Zone", "Quantity", "mean", "min", "max", "min warn", "min crit", box=None)
    for limit in report.limits:
        outside.add_row(
            limit.zone,
            limit.quantity,
            f"{limit.mean:.4g}",
            f"{limit.lowest:.4g}",
            f"{limit.highest:.4g}",
            f"{limit.minutes_outside_warning:g}",
            f"{limit.minutes_outside_critical:g}",
        )
    console.print(outside)
    energy = ", ".join(f"{name} {kwh:.1f}" for name, kwh in report.kwh.items())
    console.print(f"kWh: {report.kwh_total:.1f} ({energy})")
    if report.kwh_per_kg is not None:
        console.print(f"{report.produced_kg:.2f} kg grown, {report.kwh_per_kg:.1f} kWh/kg")


def _optional(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
