"""Two groups of figures: what they are, how far apart, and whether they are enough to say so.

Tests are SciPy's; without it there are means and spreads, and no verdict. Sources: Welch 1947
Biometrika 34:28 (unequal variances, normal means), Mann & Whitney 1947 Ann. Math. Stat. 18:50
(independent, no normality), Shapiro & Wilk 1965 Biometrika 52:591; the number of replicates that a
difference needs is 2 (z(1-α/2) + z(power))² s² / Δ² in each group (Cohen 1988, chapter 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, isfinite, sqrt
from statistics import NormalDist, fmean, stdev
from typing import Any

from ..science.nutrients.solver import INSTALL_HINT

__all__ = ["INSTALL_HINT", "Contrast", "Method", "Spread", "Verdict", "contrast", "spread"]

#: Of no difference this share of trials find one, and of a true one that matters so many do
#: (the conventions of Cohen 1988).
ALPHA, POWER = 0.05, 0.8
#: Below so many in a group its spread is not known well enough to say anything (design choice).
LEAST = 3
#: Figures that differ by less than this share of their mean are the same.
_COPIES = 1e-9
#: From so many in each group on, a test of normality can find anything, and ranks can decide.
_RANKS_FROM = 8


class Method(StrEnum):
    """How two groups were held against each other."""

    WELCH = "welch_t"
    RANKS = "mann_whitney_u"
    NONE = ""


#: What has to be so for a method to be right.
ASSUMES: dict[Method, str] = {
    Method.WELCH: "independent batches, means about normal; spreads may differ",
    Method.RANKS: "independent batches, distributions of one shape; no normality",
    Method.NONE: "",
}


class Verdict(StrEnum):
    """What can be said of the second group against the first: `open` is nothing yet."""

    HIGHER = "higher"
    LOWER = "lower"
    NO_DIFFERENCE = "no_difference"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One group: how many, mean, standard deviation (n - 1), and the 95 % interval of the mean;
    None where it cannot be known."""

    n: int
    mean: float | None
    sd: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """The second group against the first: `difference` of means with its 95 % interval, `change` as
    a share of the first, `p` two-sided. `not_lower`: it is shown to lie above the first less the
    margin; None where that was not tested. `needed` is how many of each group would show a
    difference of `effect` of the first, four times in five; `why` says what a verdict lacks.
    """

    difference: float | None
    change: float | None
    low: float | None
    high: float | None
    p: float | None
    method: Method
    verdict: Verdict
    why: str
    needed: int | None
    not_lower: bool | None

    @property
    def assumes(self) -> str:
        """What has to be so for the method to be right."""
        return ASSUMES[self.method]


def spread(values: Sequence[float]) -> Spread:
    """A group of figures."""
    n = len(values)
    if n == 0:
        return Spread(n=0, mean=None, sd=None)
    mean = fmean(values)
    if n == 1:
        return Spread(n=1, mean=mean, sd=None)
    sd, stats = stdev(values), _scipy()
    if stats is None:
        return Spread(n=n, mean=mean, sd=sd)
    half = float(stats.t.ppf(1 - ALPHA / 2, n - 1)) * sd / sqrt(n)
    return Spread(n=n, mean=mean, sd=sd, low=mean - half, high=mean + half)


def contrast(
    old: Sequence[float], new: Sequence[float], *, effect: float = 0.1, margin: float = 0.1
) -> Contrast:
    """`new` against `old`. `effect` is the difference that matters and `margin` the one that is
    borne, both as shares of the mean of `old`."""
    a, b = spread(old), spread(new)
    difference = None if a.mean is None or b.mean is None else b.mean - a.mean
    change = difference / a.mean if difference is not None and a.mean else None
    needed = replicates(a, b, effect)
    why = _lacks(a, b)
    stats = _scipy() if not why else None
    if stats is None:
        return Contrast(
            difference=difference,
            change=change,
            low=None,
            high=None,
            p=None,
            method=Method.NONE,
            verdict=Verdict.OPEN,
            why=why or "scipy_missing",
            needed=needed,
            not_lower=None,
        )
    ranks = _by_ranks(stats, old, new)
    p, low, high = _two_sided(stats, old, new, ranks=ranks)
    verdict, why = Verdict.OPEN, "spread"
    if p < ALPHA:
        verdict = Verdict.HIGHER if _above(old, new, ranks=ranks) else Verdict.LOWER
        why = ""
    elif needed is not None and min(a.n, b.n) >= needed:
        verdict, why = Verdict.NO_DIFFERENCE, ""
    return Contrast(
        difference=difference,
        change=change,
        low=low,
        high=high,
        p=p,
        method=Method.RANKS if ranks else Method.WELCH,
        verdict=verdict,
        why=why,
        needed=needed,
        not_lower=_not_lower(stats, old, new, margin, ranks=ranks),
    )


def replicates(a: Spread, b: Spread, effect: float) -> int | None:
    """How many of each group show a difference of `effect` of the first mean with a power of 80 %;
    None while the spread is not known. Never fewer than `LEAST`."""
    if a.sd is None or b.sd is None or not a.mean or effect <= 0:
        return None
    z = NormalDist().inv_cdf(1 - ALPHA / 2) + NormalDist().inv_cdf(POWER)
    variance = (a.sd**2 + b.sd**2) / 2
    found = 2 * z**2 * variance / (effect * a.mean) ** 2
    return max(LEAST, ceil(found)) if isfinite(found) else None


def _lacks(a: Spread, b: Spread) -> str:
    """What a verdict lacks from the outset."""
    if min(a.n, b.n) < LEAST:
        return "too_few"
    if any(one.sd is None or one.sd <= _COPIES * abs(one.mean or 0.0) for one in (a, b)):
        # Figures that are all the same are copies of one trial, not trials.
        return "no_spread"
    return ""


def _by_ranks(stats: Any, old: Sequence[float], new: Sequence[float]) -> bool:
    if min(len(old), len(new)) < _RANKS_FROM:
        return False
    return any(
        len(set(group)) > 1 and float(stats.shapiro(list(group)).pvalue) < ALPHA
        for group in (old, new)
    )


def _two_sided(
    stats: Any, old: Sequence[float], new: Sequence[float], *, ranks: bool
) -> tuple[float, float | None, float | None]:
    if ranks:
        found = stats.mannwhitneyu(list(new), list(old), alternative="two-sided")
        return float(found.pvalue), None, None
    found = stats.ttest_ind(list(new), list(old), equal_var=False)
    interval = found.confidence_interval(1 - ALPHA)
    return float(found.pvalue), float(interval.low), float(interval.high)


def _above(old: Sequence[float], new: Sequence[float], *, ranks: bool) -> bool:
    if not ranks:
        return fmean(new) > fmean(old)
    # The sign of U against its mean: more pairs in which the new one is higher.
    wins = sum((x > y) - (x < y) for x in new for y in old)
    return wins > 0


def _not_lower(
    stats: Any, old: Sequence[float], new: Sequence[float], margin: float, *, ranks: bool
) -> bool:
    """Whether `new` is shown to lie above `old` less the margin (one-sided)."""
    bar = [value * (1 - margin) for value in old]
    if ranks:
        found = stats.mannwhitneyu(list(new), bar, alternative="greater")
    else:
        found = stats.ttest_ind(list(new), bar, equal_var=False, alternative="greater")
    return float(found.pvalue) < ALPHA


def _scipy() -> Any:
    """SciPy's statistics, or None where it is not installed."""
    try:
        from scipy import stats
    except ImportError:
        return None
    return stats
