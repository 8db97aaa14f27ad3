"""Recipes as a table (CSV): a line for each phase, a column for each value, its unit in the name.

For a spreadsheet. Holds targets and times; limits, irrigation, spectrum, sources and growth are
those of the recipe it is read onto.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .. import quantities as q
from ..errors import Problem, RecipeError, problem
from ..model import ClimateQuantity, Phase, Recipe, SolutionQuantity
from .notes import Note
from .onto import Imported, PhaseValues, put_onto, slug

#: What recipes of ours say and this form cannot hold.
LOSES = tuple(
    Note(code=code)
    for code in ("no_limits", "no_irrigation", "no_light_extras", "no_exits", "no_origin")
)


@dataclass(frozen=True, slots=True)
class _Column:
    kind: q.Kind
    get: Callable[[Phase], float | None]


type _Quantity = ClimateQuantity | SolutionQuantity


def _target(quantity: _Quantity, day: bool) -> Callable[[Phase], float | None]:
    def get(phase: Phase) -> float | None:
        wanted = (
            phase.climate.get(quantity)
            if isinstance(quantity, ClimateQuantity)
            else phase.solution.get(quantity)
        )
        return None if wanted is None else wanted.at(day)

    return get


_UNITS: Mapping[_Quantity, str] = {
    ClimateQuantity.AIR_TEMPERATURE: "celsius",
    ClimateQuantity.HUMIDITY: "percent",
    ClimateQuantity.VPD: "kpa",
    ClimateQuantity.CO2: "ppm",
    SolutionQuantity.EC: "ms_cm",
    SolutionQuantity.PH: "ph",
    SolutionQuantity.WATER_TEMPERATURE: "celsius",
}


def _named(quantity: _Quantity, day: bool) -> str:
    return f"{quantity.value}_{'day' if day else 'night'}_{_UNITS[quantity]}"


def _columns() -> Iterator[tuple[str, _Column]]:
    yield "days", _Column(q.DAYS, lambda p: p.days)
    yield "photoperiod_h", _Column(q.PHOTOPERIOD, lambda p: p.light.photoperiod_h)
    yield "ppfd_umol_m2_s", _Column(q.PPFD, lambda p: p.light.ppfd)
    yield "density_plants_m2", _Column(q.DENSITY, lambda p: p.density_plants_m2)
    for quantity in _UNITS:
        kind = (
            q.CLIMATE[quantity] if isinstance(quantity, ClimateQuantity) else q.SOLUTION[quantity]
        )
        for day in (True, False) if quantity is not ClimateQuantity.CO2 else (True,):
            yield _named(quantity, day), _Column(kind, _target(quantity, day))


_COLUMNS = dict(_columns())


def write(recipe: Recipe) -> str:
    """The recipe as a table; `LOSES` says what is gone."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["phase", *_COLUMNS])
    for phase in recipe.phases:
        values = (column.get(phase) for column in _COLUMNS.values())
        writer.writerow([phase.name, *("" if v is None else repr(v) for v in values)])
    return out.getvalue()


def read(text: str, base: Recipe, *, file: str = "<text>") -> Imported:
    """The table in `text`, put onto `base`. Comma, semicolon or tab; empty cells say nothing.
    Raises RecipeError."""
    problems: list[Problem] = []
    first = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter)
    names = [name.strip() for name in rows.fieldnames or ()]
    for name in names:
        if name != "phase" and name not in _COLUMNS:
            known = {"known": ", ".join(("phase", *_COLUMNS))}
            problems.append(problem("unknown_column", name, file=file, line=1, params=known))
    if "phase" not in names:
        problems.append(problem("no_column", "phase", file=file, line=1))
    if problems:
        raise RecipeError(problems)
    phases = []
    for row in rows:
        cells = {(k or "").strip(): v.strip() for k, v in row.items() if isinstance(v, str)}
        phases.append(_phase(cells, problems, file, rows.line_num))
    doubled = {p.name for p in phases if [x.name for x in phases].count(p.name) > 1}
    for name in sorted(doubled):
        problems.append(problem("row_twice", name, file=file))
    if not phases:
        problems.append(problem("no_row", "", file=file))
    if problems:
        raise RecipeError(problems)
    return put_onto(
        base,
        phases,
        source="table",
        text=f"A table ({file})",
        id=f"{base.id}_table"[:64],
        title=base.title,
    )


def _phase(cells: Mapping[str, str], problems: list[Problem], file: str, line: int) -> PhaseValues:
    found: dict[str, float] = {}
    for name, column in _COLUMNS.items():
        text = cells.get(name, "")
        if not text:
            continue
        try:
            found[name] = q.parse(float(text.replace(",", ".")), column.kind)
        except ValueError:
            said = {"value": repr(text), "range": column.kind.accepted}
            problems.append(problem("no_cell", name, file=file, line=line, params=said))
    if not cells.get("phase"):
        problems.append(problem("empty_cell", "phase", file=file, line=line))
    both = {
        quantity: (found.get(_named(quantity, True)), found.get(_named(quantity, False)))
        for quantity in _UNITS
    }
    return PhaseValues(
        name=slug(cells.get("phase") or "phase"),
        days=found.get("days"),
        photoperiod_h=found.get("photoperiod_h"),
        ppfd=found.get("ppfd_umol_m2_s"),
        density_plants_m2=found.get("density_plants_m2"),
        climate={k: v for k, v in both.items() if isinstance(k, ClimateQuantity)},
        solution={k: v for k, v in both.items() if isinstance(k, SolutionQuantity)},
    )
