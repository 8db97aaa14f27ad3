"""Two groups of figures: published examples, and no verdict that they do not support."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.reports.statistics import (
    LEAST,
    Method,
    Spread,
    Verdict,
    contrast,
    replicates,
    spread,
)

#: Hours of sleep gained by two drugs (Student 1908 Biometrika 6:1, table of Cushny and Peebles).
SLEEP_1 = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
SLEEP_2 = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)


def test_the_sleep_of_student_by_welch() -> None:
    found = contrast(SLEEP_1, SLEEP_2)
    assert found.method is Method.WELCH
    assert found.difference == pytest.approx(1.58)
    assert found.p == pytest.approx(0.07939, abs=5e-6)
    assert found.low == pytest.approx(-0.2054832, abs=1e-6)
    assert found.high == pytest.approx(3.3654832, abs=1e-6)
    assert found.verdict is Verdict.OPEN
    assert found.why == "spread"


def test_replicates_by_the_formula_of_cohen() -> None:
    # Half a standard deviation, α 0.05, power 0.8: 63 in each group (64 by the t distribution).
    group = Spread(n=10, mean=1.0, sd=0.2)
    assert replicates(group, group, 0.1) == 63
    assert replicates(group, group, 0.2) == 16
    assert replicates(Spread(n=1, mean=1.0, sd=None), group, 0.1) is None


def test_a_clear_difference_has_a_verdict() -> None:
    old, new = (2.0, 2.1, 1.9, 2.05), (2.5, 2.6, 2.4, 2.55)
    found = contrast(old, new)
    assert found.verdict is Verdict.HIGHER
    assert found.change == pytest.approx(0.2484, abs=1e-3)
    assert found.not_lower is True
    assert contrast(new, old).verdict is Verdict.LOWER
    assert contrast(new, old).not_lower is False


def test_enough_of_the_same_is_no_difference() -> None:
    old = [2.0 + 0.01 * (n % 5) for n in range(20)]
    new = [2.0 + 0.01 * ((n + 2) % 5) for n in range(20)]
    found = contrast(old, new)
    assert found.verdict is Verdict.NO_DIFFERENCE
    assert found.not_lower is True


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ((), (), "too_few"),
        ((2.0,), (3.0,), "too_few"),
        ((2.0, 2.1), (3.0, 3.1, 3.2), "too_few"),
        ((2.0, 2.0, 2.0), (2.5, 2.5, 2.5), "no_spread"),
    ],
)
def test_too_little_has_no_verdict_however_far_apart(
    old: tuple[float, ...], new: tuple[float, ...], why: str
) -> None:
    found = contrast(old, new)
    assert (found.verdict, found.why, found.p) == (Verdict.OPEN, why, None)
    assert found.not_lower is None


def test_it_says_how_many_would_be_enough() -> None:
    found = contrast((2.0, 2.4, 1.6), (2.1, 2.5, 1.7))
    assert found.verdict is Verdict.OPEN
    assert found.needed == 63
    assert contrast((2.0, 2.4), (2.1, 2.5)).needed is not None


def test_what_is_far_from_normal_is_held_against_by_ranks() -> None:
    old = (1.0, 1.1, 1.2, 1.3, 1.1, 1.2, 1.0, 30.0)
    new = (2.0, 2.1, 2.2, 2.3, 2.1, 2.2, 2.0, 2.4)
    found = contrast(old, new)
    assert found.method is Method.RANKS
    assert "no normality" in found.assumes
    assert found.low is None
    # By means the old one would be the higher.
    assert found.difference is not None
    assert found.difference < 0
    assert found.verdict is Verdict.HIGHER


def test_without_scipy_there_are_figures_and_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    found = contrast(SLEEP_1, SLEEP_2)
    assert (found.verdict, found.why, found.p) == (Verdict.OPEN, "scipy_missing", None)
    assert found.difference == pytest.approx(1.58)
    assert found.needed is not None
    assert spread(SLEEP_1).sd == pytest.approx(1.78901, abs=1e-5)
    assert spread(SLEEP_1).low is None


_FIGURES = st.lists(st.floats(0.5, 5.0), min_size=0, max_size=12)


@given(_FIGURES, _FIGURES)
def test_a_verdict_always_has_its_reasons(old: list[float], new: list[float]) -> None:
    found = contrast(old, new)
    if found.verdict is Verdict.OPEN:
        assert found.why
    else:
        assert not found.why
        assert min(len(old), len(new)) >= LEAST
        assert found.p is not None
    if found.verdict is Verdict.NO_DIFFERENCE:
        assert found.needed is not None
        assert min(len(old), len(new)) >= found.needed
