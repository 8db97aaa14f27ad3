"""Standard solutions by temperature, against tables that others have published."""

from __future__ import annotations

from pathlib import Path

import pytest

from vfarm_core.science.errors import RangeError
from vfarm_core.science.standards import STANDARDS, Standard, shown_at, value_at


@pytest.mark.parametrize("standard", list(Standard))
def test_a_standard_has_its_name_at_25_degrees(standard: Standard) -> None:
    kind, _, number = standard.value.partition("_")
    named = float(number) / (1000 if kind == "ec" else 1)
    assert value_at(standard, 25.0) == named


@pytest.mark.parametrize(
    ("standard", "t", "ph"),
    # NBS standards as R. G. Bates (1962) and B. R. Staples with R. G. Bates (1969) have them: the
    # technical buffers of phthalate and carbonate are the same solutions.
    [
        (Standard.PH_4_00, 20.0, 4.00),
        (Standard.PH_4_00, 40.0, 4.03),
        (Standard.PH_10_01, 25.0, 10.012),
    ],
)
def test_buffers_agree_with_the_national_standards(standard: Standard, t: float, ph: float) -> None:
    assert value_at(standard, t) == pytest.approx(ph, abs=0.01)


def test_potassium_chloride_agrees_with_jones_and_bradshaw() -> None:
    # Jones and Bradshaw (1933): 0.01 demal is 0.00122052 S/cm at 18 °C, 0.00140877 at 25 °C.
    found = value_at(Standard.EC_1413, 18.0) / value_at(Standard.EC_1413, 25.0)
    assert found == pytest.approx(0.00122052 / 0.00140877, rel=0.003)


def test_between_two_rows_a_value_lies_between_theirs() -> None:
    assert value_at(Standard.PH_7_00, 22.5) == pytest.approx(7.01)
    assert value_at(Standard.EC_1413, 22.5) == pytest.approx(1.3455)


@pytest.mark.parametrize(("standard", "t"), [(Standard.PH_7_00, 50.1), (Standard.EC_1413, 4.9)])
def test_outside_of_its_table_nothing_is_guessed(standard: Standard, t: float) -> None:
    with pytest.raises(RangeError):
        value_at(standard, t)
    with pytest.raises(RangeError):
        shown_at(standard, float("nan"))


def test_a_ph_probe_shows_the_buffer_at_its_temperature() -> None:
    assert shown_at(Standard.PH_10_01, 15.0) == 10.12


def test_a_meter_that_refers_to_25_degrees_errs_in_a_cold_standard() -> None:
    assert shown_at(Standard.EC_1413, 25.0) == pytest.approx(1.413)
    assert shown_at(Standard.EC_1413, 15.0) == pytest.approx(1.147 / 0.8)
    assert shown_at(Standard.EC_1413, 15.0, compensated=False) == 1.147


def test_every_standard_says_where_it_is_from() -> None:
    for facts in STANDARDS.values():
        assert facts.source
        assert facts.confidence in ("high", "medium", "low")
        assert [t for t, _ in facts.values] == sorted({t for t, _ in facts.values})


def test_the_manual_has_the_same_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "manual" / "daily.md").read_text(encoding="utf-8")
    text = page.split("### Calibrating a probe")[1].split("\n### ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    buffers = (Standard.PH_4_00, Standard.PH_7_00, Standard.PH_10_01)
    assert rows[0] == ["°C", *(f"pH {facts.value[3:]}" for facts in buffers)]
    assert len(rows) == 6
    for t, *values in rows[1:]:
        assert [float(v) for v in values] == [value_at(b, float(t)) for b in buffers]
    for t, shown in ((20.0, "1.420"), (15.0, "1.434")):
        assert f"{shown_at(Standard.EC_1413, t):.3f}" == shown
        assert shown in text
