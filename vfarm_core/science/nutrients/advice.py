"""What a grower has to know before weighing in: what cannot be reached, and why."""

from __future__ import annotations

from collections.abc import Iterator

from .alkalinity import ALKALINITY_DRIVES_PH
from .ions import IONS, MACRO, MICRO, Ion
from .issues import Issue, hint, problem
from .solution import balance
from .solver import DEFAULT_WEIGHTS, TOLERANCE, Answer, Residual
from .stocks import StockPlan, Tank

#: meq/L of charge below which the balance of an analysis says nothing
LEAST_CHARGE = 1.0
#: relative error up to which an ion that is not reached is told as a hint only
CLOSE = 0.10
#: relative difference of the charges of what is wanted that is worth a word
UNEVEN = 0.02


def advice(answer: Answer, stocks: StockPlan) -> tuple[Issue, ...]:
    """Problems first, then hints."""
    found = [
        *_water(answer),
        *_target(answer),
        *_residuals(answer),
        *_alkalinity(answer),
        *_iron(answer),
        *_stocks(stocks),
        *_aside(answer),
    ]
    return tuple(sorted(found, key=lambda issue: issue.weight.value != "problem"))


def _amount(ion: Ion, mmol: float) -> str:
    return f"{mmol * 1000:.3g} µmol/L" if ion in MICRO else f"{mmol:.3g} mmol/L"


def _water(answer: Answer) -> Iterator[Issue]:
    water = answer.problem.water.ions
    charges = balance(water)
    if charges.cations + charges.anions > LEAST_CHARGE and not charges.closes:
        yield hint(
            "water_does_not_close",
            f"the water's analysis has {charges.cations:.2f} meq/L of cations and "
            f"{charges.anions:.2f} of anions: something is missing or mistyped",
            cations=charges.cations,
            anions=charges.anions,
        )
    for residual in answer.residuals:
        if residual.ion is Ion.ALKALINITY:
            continue
        have = water.get(residual.ion, 0.0)
        if have - residual.wanted > TOLERANCE * residual.scale:
            yield _too_much(residual, have)


def _too_much(residual: Residual, have: float) -> Issue:
    ion, wanted = residual.ion, residual.wanted
    share = 1.0 - wanted / have
    # Sulfate, sodium and chloride above a target are common and tolerated.
    return (hint if DEFAULT_WEIGHTS[ion] < 1.0 else problem)(
        "water_above_target",
        f"the water already has {_amount(ion, have)} {ion}, the target is "
        f"{_amount(ion, wanted)}: replace {100 * share:.0f} % of it with reverse-osmosis or rain "
        "water",
        ion=ion.value,
        water=have,
        target=wanted,
        share=share,
    )


def _target(answer: Answer) -> Iterator[Issue]:
    ions = answer.problem.target.ions
    # A target with a free macronutrient cannot be out of balance: the free one gives way.
    if all(ion in ions for ion in MACRO if ion is not Ion.AMMONIUM):
        wanted = {residual.ion: residual.wanted for residual in answer.residuals}
        charges = balance({**answer.problem.water.ions, **wanted})
        if charges.relative > UNEVEN:
            side = "cations" if charges.difference > 0 else "anions"
            yield hint(
                "target_does_not_close",
                f"the target, with what the water brings beside it, has "
                f"{abs(charges.difference):.2f} meq/L more {side} than their counterparts: no "
                "mixture of salts reaches all of its ions",
                difference=charges.difference,
            )
    missing = [ion for ion in MICRO if not ions.get(ion)]
    if missing:
        yield hint(
            "target_without_micronutrients",
            f"the target does not name {', '.join(missing)}; plants need all of them",
            ions=", ".join(missing),
        )


def _residuals(answer: Answer) -> Iterator[Issue]:
    salts = answer.problem.salts
    water = answer.problem.water.ions
    for residual in answer.residuals:
        ion = residual.ion
        if residual.is_reached or ion is Ion.ALKALINITY:
            continue
        if water.get(ion, 0.0) - residual.wanted > TOLERANCE * residual.scale:
            continue
        if residual.difference < 0 and not any(salt.brings(ion) for salt in salts):
            yield (hint if DEFAULT_WEIGHTS[ion] < 1.0 else problem)(
                "no_source",
                f"none of the salts brings {ion}: "
                f"{_amount(ion, -residual.difference)} of it are missing",
                ion=ion.value,
                missing=-residual.difference,
            )
            continue
        side = "below" if residual.difference < 0 else "above"
        tolerated = DEFAULT_WEIGHTS[ion] < 1.0 or abs(residual.relative) <= CLOSE
        bringing = [a.salt.name for a in answer.amounts if a.salt.brings(ion)]
        brought = f" ({', '.join(bringing)})" if side == "above" and bringing else ""
        yield (hint if tolerated else problem)(
            "not_reached",
            f"{ion} is {_amount(ion, abs(residual.difference))} "
            f"({100 * abs(residual.relative):.0f} %) {side} the target{brought}: the salts at hand "
            "tie it to other ions",
            ion=ion.value,
            difference=residual.difference,
            relative=residual.relative,
        )


def _alkalinity(answer: Answer) -> Iterator[Issue]:
    reached = answer.ions.get(Ion.ALKALINITY, 0.0)
    if reached < -0.05:
        yield problem(
            "free_acid",
            f"{-reached:.2f} meq/L of acid are more than the water's alkalinity takes: the pH "
            "falls far below the target",
            excess=-reached,
        )
        return
    wanted = answer.alkalinity_wanted
    if wanted is None:
        if reached > ALKALINITY_DRIVES_PH:
            yield problem(
                "alkalinity_untreated",
                f"{reached:.2f} meq/L of alkalinity will drive the pH up and no acid is among the "
                "salts: add one",
                alkalinity=reached,
            )
    elif abs(reached - wanted) > 0.25:
        yield problem(
            "alkalinity_not_reached",
            f"{reached:.2f} meq/L of alkalinity remain, {wanted:.2f} were wanted",
            reached=reached,
            wanted=wanted,
        )


def _iron(answer: Answer) -> Iterator[Issue]:
    ph = answer.problem.ph
    for amount in answer.amounts:
        salt = amount.salt
        if salt.micronutrient is not Ion.IRON:
            continue
        if salt.chelate is None:
            yield problem(
                "iron_without_chelate",
                f"{salt.name} is no chelate: at pH {ph:g} its iron falls out within days",
                salt=salt.id,
                ph=ph,
            )
        elif salt.ph_max is not None and ph > salt.ph_max:
            yield problem(
                "chelate_beyond_ph",
                f"{salt.name} holds its iron up to pH {salt.ph_max:g}, the solution has {ph:g}",
                salt=salt.id,
                ph=ph,
                limit=salt.ph_max,
            )


def _stocks(plan: StockPlan) -> Iterator[Issue]:
    for stock in plan.stocks:
        for entry in stock.salts:
            if stock.tank is Tank.DIRECT:
                yield hint(
                    "no_concentrate",
                    f"{entry.salt.name} falls out of any concentrate: dissolve it in the water",
                    salt=entry.salt.id,
                )
            elif entry.load is not None and entry.load > 1.0:
                at = plan.temperature_c
                yield problem(
                    "does_not_dissolve",
                    f"{entry.g_l:.0f} g/L {entry.salt.name} in stock {stock.tank} are more than "
                    f"the {entry.g_l / entry.load:.0f} g/L that dissolve at {at:g} °C: at most "
                    f"1:{int(plan.factor / entry.load)}",
                    salt=entry.salt.id,
                    g_l=entry.g_l,
                    limit=entry.g_l / entry.load,
                )
        each_dissolves = all((entry.load or 0.0) <= 1.0 for entry in stock.salts)
        if stock.tank in (Tank.A, Tank.B) and stock.load > 1.0 and each_dissolves:
            yield hint(
                "stock_crowded",
                f"the salts of stock {stock.tank} add up to {100 * stock.load:.0f} % of what "
                "dissolves of each alone: make a weaker stock or try a small one first",
                tank=stock.tank.value,
                load=stock.load,
            )
    # Acids mix with water at any strength.
    unknown = [
        entry.salt.name
        for stock in plan.stocks
        if stock.tank not in (Tank.ACID, Tank.DIRECT)
        for entry in stock.salts
        if entry.load is None
    ]
    if unknown:
        yield hint(
            "solubility_unknown",
            f"how much dissolves is not known here of {', '.join(unknown)}: ask the maker",
            salts=", ".join(unknown),
        )


def _aside(answer: Answer) -> Iterator[Issue]:
    for salt in answer.set_aside:
        ion = salt.micronutrient
        chosen = next((a.salt for a in answer.amounts if a.salt.micronutrient is ion), None)
        if chosen is not None and ion is not None:
            yield hint(
                "set_aside",
                f"{salt.name} was left on the shelf: {chosen.name} is the better source of "
                f"{IONS[ion].species} here",
                salt=salt.id,
                chosen=chosen.id,
            )
