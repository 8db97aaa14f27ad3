"""`vfarm nutrients …`: from a target and a water analysis to grams of salts and two stocks.

Exit codes: 0 the target is reached, 1 something given cannot be used or SciPy is missing, 2 wrong
usage, 3 an answer is printed but a problem stands between it and the target.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ..science.errors import ScienceError
from ..science.nutrients import salts as shelves
from ..science.nutrients import targets
from ..science.nutrients.alkalinity import acid_ml_m3, residual_alkalinity
from ..science.nutrients.conductivity import predicted_ec
from ..science.nutrients.ions import IONS, MICRO, Ion
from ..science.nutrients.quantities import mg_l
from ..science.nutrients.report import Report, StockWish, as_dict, report
from ..science.nutrients.salts import Shelf
from ..science.nutrients.solution import balance
from ..science.nutrients.solver import DEFAULT_PH, Problem
from ..science.nutrients.stocks import Tank
from ..science.nutrients.strength import at_ec
from ..science.nutrients.targets import PURE_WATER, Target, Water
from .printing import argument_facts, plain_console, print_json, refusals

NOT_REACHED = 3

app = typer.Typer(no_args_is_help=True, help="Nutrient solutions: salts, stocks, acid, EC.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ShelfFile = Annotated[
    Path | None,
    typer.Option("--shelf", help="A YAML file with products of your own.", dir_okay=False),
]
WaterFile = Annotated[
    Path | None,
    typer.Option("--water", help="A YAML file with the water's analysis; pure water without."),
]
Ph = Annotated[float, typer.Option("--ph", help="pH that the solution is to have.")]


@app.command("list")
def list_all(shelf: ShelfFile = None, as_json: AsJson = False) -> None:
    """Published solutions, salts and sets of salts to choose from."""
    with _refusals(as_json):
        stock = _shelf(shelf)
        published = targets.shipped()
    if as_json:
        print_json(
            {
                "targets": [_target_dict(target) for target in published.values()],
                "salts": [
                    {
                        "id": salt.id,
                        "name": salt.name,
                        "formula": salt.formula,
                        "kind": salt.kind.value,
                        "percent": {
                            ion.value: 100 * salt.fraction(ion)
                            for ion in salt.mmol_g
                            if ion not in (Ion.ALKALINITY, Ion.LIGAND)
                        },
                    }
                    for salt in stock.salts.values()
                ],
                "sets": {name: list(ids) for name, ids in stock.sets.items()},
            }
        )
        return
    console = plain_console()
    table = Table("Target", "Name", "EC", "From", title="Solutions", title_justify="left", box=None)
    table.columns[0].no_wrap = True
    for target in published.values():
        table.add_row(target.id, target.name, f"{predicted_ec(target.ions):.2f}", target.confidence)
    console.print(table)
    table = Table("Salt", "Name", "% of", title="\nSalts", title_justify="left", box=None)
    table.columns[0].no_wrap = True
    for salt in stock.salts.values():
        parts = (
            f"{ion} {100 * salt.fraction(ion):.1f}"
            for ion in salt.mmol_g
            if ion not in (Ion.ALKALINITY, Ion.LIGAND)
        )
        table.add_row(salt.id, salt.name, ", ".join(parts))
    console.print(table)
    console.print("\nSets")
    for name, ids in stock.sets.items():
        console.print(f"{name}: {', '.join(ids)}")


@app.command("solve")
def solve_target(
    target: Annotated[
        str, typer.Option("--target", help="A published solution, or a YAML file of your own.")
    ],
    salts: Annotated[
        list[str],
        typer.Option("--salts", help="Salts or sets by name, comma-separated; may be repeated."),
    ],
    water: WaterFile = None,
    shelf: ShelfFile = None,
    acid: Annotated[
        list[str] | None, typer.Option("--acid", help="Acids for the water's alkalinity.")
    ] = None,
    ph: Ph = DEFAULT_PH,
    residual: Annotated[
        float | None,
        typer.Option("--residual-alkalinity", help="Alkalinity to leave, meq/L; else from --ph."),
    ] = None,
    strength: Annotated[float, typer.Option(help="1 is the target as it is, 0.5 half.")] = 1.0,
    ec: Annotated[
        float | None,
        typer.Option("--ec", help="EC to reach, mS/cm with the water's own; chooses the strength."),
    ] = None,
    pure_share: Annotated[
        float, typer.Option("--pure-water", help="% of the water replaced by reverse osmosis.")
    ] = 0.0,
    weight: Annotated[
        list[str] | None,
        typer.Option("--weight", help="How much an ion counts, such as K=2; may be repeated."),
    ] = None,
    factor: Annotated[float, typer.Option(help="Stocks are injected at 1:FACTOR.")] = 100.0,
    stock_volume: Annotated[float, typer.Option(help="Litres of each stock.")] = 10.0,
    stock_temperature: Annotated[float, typer.Option(help="Coldest stock, °C.")] = 20.0,
    as_json: AsJson = False,
) -> None:
    """Grams of each salt, two stocks, ions, charges and EC for a target and a water."""
    with _refusals(as_json):
        problem = Problem(
            target=_target(target),
            water=_water(water).blended(pure_share / 100.0),
            salts=_shelf(shelf).pick(_names([*salts, *(acid or [])])),
            ph=ph,
            residual_alkalinity_meq_l=residual,
            weights=_weights(weight or []),
        )
        if ec is not None:
            problem, strength = at_ec(problem, ec)
        elif strength != 1.0:
            problem = replace(problem, target=problem.target.at_strength(strength))
        found = report(
            problem,
            StockWish(factor=factor, volume_l=stock_volume, temperature_c=stock_temperature),
        )
    if as_json:
        print_json({**as_dict(found), "strength": strength})
    else:
        _show(found, strength)
    if not found.is_feasible:
        raise typer.Exit(NOT_REACHED)


@app.command("acid")
def acid_dose(
    water: Annotated[Path, typer.Option("--water", help="A YAML file with the water's analysis.")],
    acid: Annotated[str, typer.Option("--acid", help="An acid by name.")],
    ph: Ph = DEFAULT_PH,
    residual: Annotated[
        float | None, typer.Option("--residual-alkalinity", help="Alkalinity to leave, meq/L.")
    ] = None,
    shelf: ShelfFile = None,
    as_json: AsJson = False,
) -> None:
    """Acid that brings a water to a pH, from its alkalinity: an estimate to start a titration."""
    with _refusals(as_json):
        analysis = _water(water)
        bottle = _shelf(shelf).get(acid)
        have = analysis.ions.get(Ion.ALKALINITY, 0.0)
        left = residual
        if left is None:
            left = residual_alkalinity(have, ph, analysis.ph)
        removed = max(0.0, have - left)
        ml_m3 = acid_ml_m3(bottle.acid(), removed)
        grams_m3 = ml_m3 * (bottle.density_kg_l or 0.0)
        brings = {
            ion: amount * grams_m3 / 1000.0 for ion, amount in bottle.mmol_g.items() if amount > 0.0
        }
    if as_json:
        print_json(
            {
                "acid": bottle.id,
                "alkalinity_meq_l": have,
                "residual_meq_l": left,
                "removed_meq_l": removed,
                "ml_m3": ml_m3,
                "brings_mg_l": {ion.value: mg_l(ion, mmol) for ion, mmol in brings.items()},
            }
        )
        return
    typer.echo(
        f"{ml_m3:.1f} mL/m³ {bottle.name}: takes {removed:.2f} of {have:.2f} meq/L alkalinity"
    )
    for ion, mmol in brings.items():
        typer.echo(f"brings {mg_l(ion, mmol):.1f} mg/L {_element(ion)}")


def _show(found: Report, strength: float) -> None:
    console = plain_console()
    answer, problem = found.answer, found.answer.problem
    console.print(f"{problem.target.name}, strength {strength:.3g}, in {problem.water.name}")
    table = Table("Salt", "g/m³", "mL/m³", "Tank", "Stock g/L", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    in_stock = {
        entry.salt.id: (stock.tank, entry.g_l)
        for stock in found.stocks.stocks
        for entry in stock.salts
    }
    for amount in answer.amounts:
        tank, g_l = in_stock[amount.salt.id]
        table.add_row(
            amount.salt.name,
            f"{amount.g_l * 1000:.4g}",
            "" if amount.ml_l is None else f"{amount.ml_l * 1000:.4g}",
            tank.value,
            "" if tank is Tank.DIRECT else f"{g_l:.4g}",
        )
    console.print(table)
    if found.cost_per_m3 is not None:
        console.print(f"Salts cost {found.cost_per_m3:.2f} per m³")
    console.print(
        f"\nStocks 1:{found.stocks.factor:g}, {found.stocks.volume_l:g} L each:"
        if found.stocks.stocks
        else "\nNo stock"
    )
    for stock in found.stocks.stocks:
        listed = ", ".join(f"{entry.salt.name} {_grams(entry.g)}" for entry in stock.salts)
        console.print(f"{stock.tank}: {listed}")
    console.print()
    console.print(_ion_table(found))
    charges = found.balance
    console.print(
        f"\nCations {charges.cations:.2f}, anions {charges.anions:.2f} meq/L"
        f" ({100 * charges.relative:.1f} % apart)"
    )
    console.print(f"EC {found.ec:.2f} mS/cm at 25 °C predicted, of it water {found.water_ec:.2f}")
    for issue in found.issues:
        console.print(f"{issue.weight.value}: {issue.message}")


def _ion_table(found: Report) -> Table:
    table = Table("Ion", "Water", "Solution", "Target", "", "mg/L", "off", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    wanted = {residual.ion: residual for residual in found.answer.residuals}
    water = found.answer.problem.water.ions
    for ion in Ion:
        reached = found.answer.ions.get(ion)
        if ion is Ion.LIGAND or (reached is None and ion not in wanted):
            continue
        scale, unit = (1000.0, "µmol/L") if ion in MICRO else (1.0, "mmol/L")
        residual = wanted.get(ion)
        table.add_row(
            IONS[ion].species,
            f"{water.get(ion, 0.0) * scale:.3g}",
            f"{(reached or 0.0) * scale:.3g}",
            "" if residual is None else f"{residual.wanted * scale:.3g}",
            unit,
            f"{mg_l(ion, reached or 0.0):.3g} {_element(ion)}",
            "" if residual is None else _percent(residual.relative),
        )
    return table


def _element(ion: Ion) -> str:
    return "N" if ion in (Ion.NITRATE, Ion.AMMONIUM) else ion.value


def _percent(share: float) -> str:
    # The sum turns -0.0 into 0.0.
    return f"{round(100 * share, 1) + 0.0:+.1f} %"


def _grams(grams: float) -> str:
    return f"{grams / 1000:.3g} kg" if grams >= 1000.0 else f"{grams:.3g} g"


def _target_dict(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "name": target.name,
        "mg_l": {ion.value: mg_l(ion, amount) for ion, amount in target.ions.items()},
        "ec_ms_cm": predicted_ec(target.ions),
        "balance_relative": balance(target.ions).relative,
        "source": target.source,
        "confidence": target.confidence,
    }


def _target(name: str) -> Target:
    if name in targets.shipped():
        return targets.published(name)
    path = Path(name)
    return targets.read_target(path) if path.is_file() else targets.published(name)


def _water(path: Path | None) -> Water:
    return PURE_WATER if path is None else targets.read_water(path)


def _shelf(path: Path | None) -> Shelf:
    return shelves.shipped() if path is None else shelves.with_own(path)


def _names(given: list[str]) -> list[str]:
    return [name.strip() for text in given for name in text.split(",") if name.strip()]


def _weights(given: list[str]) -> dict[Ion, float]:
    found: dict[Ion, float] = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            found[Ion(name)] = float(value)
        except ValueError as error:
            raise ScienceError("weight", text, "ION=NUMBER, such as K=2") from error
    return found


def _refusals(as_json: bool) -> AbstractContextManager[None]:
    """What cannot be used becomes one clear line and exit code 1."""
    return refusals(as_json, ScienceError, OSError, UnicodeDecodeError, facts=argument_facts)
