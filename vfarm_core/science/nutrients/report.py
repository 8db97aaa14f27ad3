"""The whole answer for one target and water: weights, ions, charges, EC, stocks, cost, advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .advice import advice
from .conductivity import predicted_ec
from .ions import Ion
from .issues import Issue, Weight
from .quantities import mg_l
from .solution import Balance, balance
from .solver import Amount, Answer, Problem, Residual, solve
from .stocks import StockPlan, plan_stocks


@dataclass(frozen=True, slots=True, kw_only=True)
class StockWish:
    """How the stocks are to be made: injected at 1 : `factor`, this volume, kept this cold."""

    factor: float = 100.0
    volume_l: float = 1.0
    temperature_c: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An answer and what follows from it. EC in mS/cm at 25 °C."""

    answer: Answer
    balance: Balance
    ec: float
    water_ec: float
    stocks: StockPlan
    issues: tuple[Issue, ...]

    @property
    def is_feasible(self) -> bool:
        """Whether no problem stands between the grower and the target."""
        return all(issue.weight is not Weight.PROBLEM for issue in self.issues)

    @property
    def cost_per_m3(self) -> float | None:
        """Of all salts, in the currency of their prices; None when a price is missing."""
        costs = [amount.cost_per_m3 for amount in self.answer.amounts]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if known and len(known) == len(costs) else None


def report(problem: Problem, wish: StockWish | None = None) -> Report:
    """Solve and assess. Raises ScienceError, RangeError, MissingLibraryError."""
    wish = wish or StockWish()
    answer = solve(problem)
    stocks = plan_stocks(
        [(amount.salt, amount.g_l) for amount in answer.amounts],
        wish.factor,
        wish.volume_l,
        wish.temperature_c,
    )
    return Report(
        answer=answer,
        balance=balance(answer.ions),
        ec=predicted_ec(answer.ions),
        water_ec=predicted_ec(problem.water.ions),
        stocks=stocks,
        issues=advice(answer, stocks),
    )


def as_dict(found: Report) -> dict[str, Any]:
    """The report in plain values, for JSON and for automations."""
    answer = found.answer
    problem = answer.problem
    wanted = {residual.ion: residual for residual in answer.residuals}
    return {
        "target": {
            "id": problem.target.id,
            "name": problem.target.name,
            "source": problem.target.source,
            "confidence": problem.target.confidence,
        },
        "water": problem.water.name,
        "feasible": found.is_feasible,
        "salts": [_amount(amount) for amount in answer.amounts],
        "ions": [
            _ion(ion, answer.ions.get(ion, 0.0), problem.water.ions, wanted.get(ion))
            for ion in Ion
            if ion is not Ion.LIGAND and (ion in answer.ions or ion in wanted)
        ],
        "balance": {
            "cations_meq_l": found.balance.cations,
            "anions_meq_l": found.balance.anions,
            "difference_meq_l": found.balance.difference,
            "relative": found.balance.relative,
            "closes": found.balance.closes,
        },
        "ec_ms_cm": found.ec,
        "water_ec_ms_cm": found.water_ec,
        "alkalinity_wanted_meq_l": answer.alkalinity_wanted,
        "cost_per_m3": found.cost_per_m3,
        "stocks": {
            "factor": found.stocks.factor,
            "volume_l": found.stocks.volume_l,
            "temperature_c": found.stocks.temperature_c,
            "tanks": [
                {
                    "tank": stock.tank.value,
                    "load": stock.load,
                    "salts": [
                        {
                            "id": entry.salt.id,
                            "name": entry.salt.name,
                            "g_l": entry.g_l,
                            "g": entry.g,
                            "load": entry.load,
                        }
                        for entry in stock.salts
                    ],
                }
                for stock in found.stocks.stocks
            ],
        },
        "issues": [
            {
                "key": issue.key,
                "weight": issue.weight.value,
                "message": issue.message,
                "facts": dict(issue.facts),
            }
            for issue in found.issues
        ],
    }


def _amount(amount: Amount) -> dict[str, Any]:
    salt = amount.salt
    return {
        "id": salt.id,
        "name": salt.name,
        "formula": salt.formula,
        "g_l": amount.g_l,
        "g_m3": amount.g_l * 1000.0,
        "ml_m3": None if amount.ml_l is None else amount.ml_l * 1000.0,
        "cost_per_m3": amount.cost_per_m3,
    }


def _ion(
    ion: Ion, reached: float, water: Mapping[Ion, float], residual: Residual | None
) -> dict[str, Any]:
    return {
        "ion": ion.value,
        "mmol_l": reached,
        "mg_l": mg_l(ion, reached),
        "water_mmol_l": water.get(ion, 0.0),
        "target_mmol_l": None if residual is None else residual.wanted,
        "difference_mmol_l": None if residual is None else residual.difference,
        "relative": None if residual is None else residual.relative,
    }
