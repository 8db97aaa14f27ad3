"""`vfarm recipes …`: list, show and check recipes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ..farm.codec import encode
from ..farm.nodes import Farm
from ..recipes import codec, library
from ..recipes.diff import diff
from ..recipes.errors import Problem, RecipeError
from ..recipes.errors import problem as a_problem
from ..recipes.feasibility import feasible
from ..recipes.findings import Finding, Severity
from ..recipes.formats.document import to_yaml
from ..recipes.formats.registry import FORMS, Form
from ..recipes.formats.registry import read as read_form
from ..recipes.load import load_file
from ..recipes.model import ClimateQuantity, Phase, Recipe, Setpoint, SolutionQuantity
from ..recipes.validate import validate
from .printing import plain_console, print_json, refused_documents

app = typer.Typer(
    no_args_is_help=True, help="Recipes: list, show, check, compare and exchange them."
)

Directory = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        "-d",
        help="A directory with recipes of your own.",
        exists=True,
        file_okay=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

_UNITS: dict[str, tuple[str, str]] = {
    ClimateQuantity.AIR_TEMPERATURE: ("Air", "°C"),
    ClimateQuantity.HUMIDITY: ("Humidity", "%"),
    ClimateQuantity.VPD: ("VPD", "kPa"),
    ClimateQuantity.CO2: ("CO2", "ppm"),
    SolutionQuantity.EC: ("EC", "mS/cm"),
    SolutionQuantity.PH: ("pH", ""),
    SolutionQuantity.WATER_TEMPERATURE: ("Water", "°C"),
}


@app.command("list")
def list_recipes(directory: Directory = None, as_json: AsJson = False) -> None:
    """The recipes that ship with vfarm, and your own with --directory."""
    found = library.catalogue(directory)
    if as_json:
        print_json(
            {
                "recipes": [encode(header) for header in found.headers],
                "problems": [asdict(problem) for problem in found.problems],
            }
        )
        return
    table = Table("Id", "Title", "Days", "Phases", "Version", "From", box=None)
    table.columns[0].no_wrap = True
    for header in found.headers:
        table.add_row(
            header.id,
            header.title + (f" '{header.cultivar}'" if header.cultivar else ""),
            f"{header.total_days:g}",
            ", ".join(header.phases),
            header.version[:12],
            header.file or "vfarm",
        )
    plain_console().print(table)
    for problem in found.problems:
        typer.echo(str(problem), err=True)


@app.command()
def show(
    recipe_id: Annotated[str, typer.Argument(metavar="ID", help="The recipe's id.")],
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """One recipe with its set-points, limits and where they come from."""
    with refused_documents(as_json):
        recipe = library.catalogue(directory).get(recipe_id)
    if as_json:
        print_json({**codec.to_dict(recipe), "total_days": recipe.total_days})
        return
    console = plain_console()
    console.print(f"{recipe.title}  {recipe.id}  {recipe.short_version}", style="bold")
    if recipe.summary:
        console.print(recipe.summary)
    for phase in recipe.phases:
        console.print()
        console.print(_phase_table(phase))
    _show_texts(console, recipe)


_FORMS = ", ".join(FORMS)


@app.command("export")
def give(
    recipe_id: Annotated[str, typer.Argument(metavar="ID", help="An id, or a recipe file.")],
    form: Annotated[str, typer.Option("--format", "-f", help=f"One of {_FORMS}.")] = "json",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file.")] = None,
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """A recipe in another form; what that form cannot hold is told."""
    known = _form(form)
    if known.writes is None:
        raise typer.BadParameter(f"{known.name} can only be read", param_hint="--format")
    with refused_documents(as_json):
        recipe = _one(recipe_id, directory)
    text = known.writes(recipe)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if as_json:
        answer = {"id": recipe.id, "version": recipe.version, "format": known.name}
        told = {"file": str(output)} if output is not None else {"text": text}
        print_json({**answer, **told, "loses": [str(what) for what in known.loses]})
        return
    for what in known.loses:
        typer.echo(f"not held by {known.name}: {what}", err=True)
    if output is None:
        typer.echo(text, nl=False)


@app.command("import")
def take(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What others have written.")],
    form: Annotated[str, typer.Option("--format", "-f", help=f"One of {_FORMS}.")],
    base: Annotated[
        str | None,
        typer.Option("--base", "-b", metavar="ID", help="The recipe that gives what is not said."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A YAML file.")] = None,
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """A recipe from another form, as YAML. What that form does not say is taken from --base."""
    known = _form(form)
    if not known.complete and base is None:
        raise typer.BadParameter(f"{known.name} needs one", param_hint="--base")
    with refused_documents(as_json):
        under = None if base is None else _one(base, directory)
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as err:
            why = {"why": str(err)}
            raise RecipeError([a_problem("cannot_read", "", file=str(file), params=why)]) from err
        found = read_form(known, text, under, file=str(file))
    made = to_yaml(found.recipe)
    if output is not None:
        output.write_text(made, encoding="utf-8")
    if as_json:
        answer = {"id": found.recipe.id, "version": found.recipe.version}
        told = {"file": str(output)} if output is not None else {"text": made}
        warnings = [asdict(finding) for finding in validate(found.recipe)]
        print_json(
            {
                **answer,
                **told,
                "remarks": [str(remark) for remark in found.remarks],
                "warnings": warnings,
            }
        )
        return
    for remark in found.remarks:
        typer.echo(str(remark), err=True)
    for finding in validate(found.recipe):
        typer.echo(str(finding), err=True)
    if output is None:
        typer.echo(made, nl=False)


def _form(name: str) -> Form:
    known = FORMS.get(name)
    if known is None:
        raise typer.BadParameter(f"{name!r}; accepted: {_FORMS}", param_hint="--format")
    return known


@app.command("diff")
def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help="An id, or a recipe file.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="An id, or a recipe file.")],
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """What two recipes, or two versions of one, say differently, value by value."""
    with refused_documents(as_json):
        before, after = (_one(name, directory) for name in (old, new))
    changes = diff(before, after)
    if as_json:
        print_json(
            {
                "old": {"id": before.id, "version": before.version},
                "new": {"id": after.id, "version": after.version, "parent": after.parent},
                "is_child": after.parent == before.version,
                "changelog": list(after.changelog),
                "changes": [asdict(change) for change in changes],
            }
        )
        return
    typer.echo(f"{before.id} {before.short_version} → {after.id} {after.short_version}")
    for text in after.changelog if after.parent == before.version else ():
        typer.echo(f"  “{text}”")
    for change in changes:
        typer.echo(str(change))
    if not changes:
        typer.echo("no difference")


def _one(name: str, directory: Path | None) -> Recipe:
    """The recipe in a file, or of an id."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return load_file(path)
    return library.catalogue(directory).get(name)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recipe files.")],
    farm: Annotated[
        str | None,
        typer.Option(
            "--farm",
            metavar="FARM",
            help="A farm file as the twin reads it, or `demo`: can that farm give it?",
        ),
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option("--level", metavar="ID", help="A level of the farm; may be repeated."),
    ] = None,
    plants: Annotated[int | None, typer.Option(min=1, help="Plants there are to be.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check recipe files: every problem with its file, path and what is accepted.

    First the document, then the sense of it for the crop, then, with --farm, whether the hardware
    of a farm can give it.
    """
    if farm is None and (level or plants):
        raise typer.BadParameter("needs --farm", param_hint="--level, --plants")
    place = None if farm is None else _place(farm, tuple(level or ()), plants, as_json)
    results = [_check(path, place) for path in files]
    failed = any(result.problems for result in results)
    if as_json:
        answer: dict[str, Any] = {
            "ok": not failed,
            "files": [_as_dict(result) for result in results],
        }
        if failed:
            count = sum(len(result.problems) for result in results)
            answer["error"] = {"message": f"problems: {count}"}
        print_json(answer)
    else:
        for result in results:
            _report(result)
    if failed:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    file: str
    recipe: Recipe | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A farm a recipe is held against, and what of it."""

    farm: Farm
    levels: tuple[str, ...]
    plants: int | None
    taken: Mapping[str, int]


def _place(name: str, levels: tuple[str, ...], plants: int | None, as_json: bool) -> _Place:
    from ..twin.load import FarmFileError, demo_plot, load_plot

    try:
        plot = demo_plot() if name == "demo" else load_plot(Path(name))
    except FarmFileError as err:
        if as_json:
            print_json({"error": {"message": str(err)}})
        else:
            typer.echo(str(err), err=True)
        raise typer.Exit(1) from err
    taken: Counter[str] = Counter()
    for batch in plot.batches:
        for placement in batch.placements:
            taken[placement.level_id] += placement.sites
    return _Place(farm=plot.farm, levels=levels, plants=plants, taken=taken)


def _check(path: Path, place: _Place | None = None) -> _Result:
    file = str(path)
    try:
        recipe = load_file(path)
    except RecipeError as err:
        return _Result(file=file, recipe=None, problems=err.problems)
    found = validate(recipe)
    if place is not None:
        found += feasible(
            recipe, place.farm, levels=place.levels, plants=place.plants, taken=place.taken
        )
    return _Result(
        file=file,
        recipe=recipe,
        problems=tuple(f.as_problem(file) for f in found if f.severity is Severity.ERROR),
        warnings=tuple(f for f in found if f.severity is Severity.WARNING),
        findings=found,
    )


def _as_dict(result: _Result) -> dict[str, Any]:
    recipe = result.recipe
    return {
        "file": result.file,
        "id": None if recipe is None else recipe.id,
        "version": None if recipe is None else recipe.version,
        "problems": [asdict(problem) for problem in result.problems],
        "warnings": [asdict(finding) for finding in result.warnings],
        "findings": [asdict(finding) for finding in result.findings],
    }


def _report(result: _Result) -> None:
    for problem in result.problems:
        typer.echo(str(problem), err=True)
    for finding in result.warnings:
        typer.echo(f"{result.file}: {finding}", err=True)
    if result.recipe is not None and not result.problems:
        recipe = result.recipe
        days = f"{len(recipe.phases)} phases, {recipe.total_days:g} days"
        typer.echo(f"{result.file}: {recipe.id} {recipe.short_version} is good ({days})")


def _phase_table(phase: Phase) -> Table:
    density = f", {phase.density_plants_m2:g} plants/m²" if phase.density_plants_m2 else ""
    table = Table(
        "",
        "Day",
        "Night",
        "Warning by day",
        "Critical by day",
        "Source",
        "Note",
        title=f"{phase.name} ({phase.kind}), {phase.days:g} days{density}",
        title_justify="left",
    )
    light, origin = phase.light, phase.light.provenance
    table.add_row(
        "Light",
        f"{light.ppfd:g} μmol/m²/s" if not phase.is_dark else "dark",
        f"{light.photoperiod_h:g} h lit",
        f"{light.dli:.1f} mol/m²/d",
        f"at most {light.dli_max:g} mol/m²/d",
        f"{origin.source} ({origin.confidence})",
        origin.note,
    )
    for quantity, setpoint in [*phase.climate.items(), *phase.solution.items()]:
        label, unit = _UNITS[quantity]
        table.add_row(*_setpoint_row(label, unit, setpoint))
    for method, plan in phase.irrigation.items():
        how = (
            "continuous"
            if plan.continuous
            else f"{plan.events_per_day} × {plan.duration_s / 60:g} min"
        )
        night = f"{plan.night_events} ×" if plan.night_events else "–"
        origin = plan.provenance
        source = f"{origin.source} ({origin.confidence})"
        table.add_row(method.value, how, night, "", "", source, origin.note)
    return table


def _setpoint_row(label: str, unit: str, setpoint: Setpoint) -> tuple[str, ...]:
    def shown(value: float | None) -> str:
        return "–" if value is None else f"{value:g} {unit}".rstrip()

    origin = setpoint.provenance
    return (
        label,
        shown(setpoint.day),
        shown(setpoint.night),
        str(setpoint.warning_day),
        str(setpoint.critical_day),
        f"{origin.source} ({origin.confidence})",
        origin.note,
    )


def _show_texts(console: Console, recipe: Recipe) -> None:
    groups = (
        ("Sources that disagree", recipe.conflicts),
        ("Notes", recipe.notes),
        ("Sources", tuple(f"{name}: {text}" for name, text in recipe.sources.items())),
    )
    for title, texts in groups:
        if texts:
            console.print(f"\n{title}", style="bold")
            for text in texts:
                console.print(f"- {text}")
