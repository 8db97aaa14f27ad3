"""Calibration: what a probe shows in known solutions corrects all it shows, or is refused."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vfarm_core.farm.calibration import (
    RULES,
    CalibrationError,
    Correction,
    Fault,
    KnownPoint,
    Probed,
    by_label,
    drift,
    fit,
)
from vfarm_core.farm.codec import decode, encode


def points(*pairs: tuple[float, float]) -> list[KnownPoint]:
    return [KnownPoint(standard, shown) for standard, shown in pairs]


def refused(probed: Probed, *pairs: tuple[float, float]) -> CalibrationError:
    with pytest.raises(CalibrationError) as caught:
        fit(probed, points(*pairs))
    return caught.value


def test_a_probe_without_calibration_is_left_as_it_is() -> None:
    assert Correction().of(6.2) == 6.2


def test_one_buffer_shifts_a_ph_probe() -> None:
    found = fit(Probed.PH, points((7.0, 7.2)))
    assert found.correction.of(6.2) == pytest.approx(6.0)
    assert (found.slope, found.offset) == (1.0, pytest.approx(0.2))


@pytest.mark.parametrize(
    ("probed", "standard", "shown"),
    [(Probed.EC, 1.413, 1.57), (Probed.OXYGEN, 8.26, 7.0), (Probed.PPFD, 400.0, 480.0)],
)
def test_one_point_stretches_what_is_right_at_zero(
    probed: Probed, standard: float, shown: float
) -> None:
    found = fit(probed, points((standard, shown)))
    assert found.correction.of(0.0) == 0.0
    assert found.correction.of(shown) == pytest.approx(standard)
    assert found.correction.of(shown / 2) == pytest.approx(standard / 2)
    assert found.slope == pytest.approx(shown / standard)


def test_two_buffers_make_a_straight_line() -> None:
    found = fit(Probed.PH, points((4.0, 4.3), (7.0, 7.1)))
    assert found.correction.of(5.7) == pytest.approx(5.5)
    assert found.correction.of(8.5) == pytest.approx(8.5)
    assert found.slope == pytest.approx(2.8 / 3)
    assert found.offset == pytest.approx(0.1)


def test_three_buffers_bend_in_the_middle_one() -> None:
    found = fit(Probed.PH, points((10.0, 9.7), (4.0, 4.3), (7.0, 7.0)))
    of = found.correction.of
    assert [of(shown) for shown in (4.3, 7.0, 9.7)] == pytest.approx([4.0, 7.0, 10.0])
    assert of(5.65) == pytest.approx(5.5)
    assert of(8.35) == pytest.approx(8.5)
    # Beyond them it goes on as it came.
    assert of(3.4) == pytest.approx(3.0)
    assert of(10.6) == pytest.approx(11.0)


def test_of_two_sides_the_worse_slope_is_told() -> None:
    assert fit(Probed.PH, points((4.0, 4.4), (7.0, 7.0), (10.0, 9.9))).slope == pytest.approx(
        2.6 / 3
    )


def test_a_dry_probe_is_a_point_of_ec() -> None:
    found = fit(Probed.EC, points((0.0, 0.02), (1.413, 1.45)))
    assert found.correction.of(0.02) == pytest.approx(0.0)
    assert found.correction.of(1.45) == pytest.approx(1.413)


def test_oxygen_has_a_point_without_any() -> None:
    found = fit(Probed.OXYGEN, points((0.0, 0.1), (8.26, 8.0)))
    assert found.correction.of(4.05) == pytest.approx(4.13)


@pytest.mark.parametrize("pairs", [(), ((4.0, 4.0), (7.0, 7.0), (10.0, 10.0), (12.0, 12.0))])
def test_none_and_four_points_are_refused(pairs: tuple[tuple[float, float], ...]) -> None:
    assert refused(Probed.PH, *pairs).fault is Fault.COUNT


@pytest.mark.parametrize(
    ("probed", "pairs"),
    [
        (Probed.PH, ((7.0, float("nan")),)),
        (Probed.PH, ((float("inf"), 7.0),)),
        (Probed.PH, ((15.0, 7.0),)),
        (Probed.EC, ((1.413, -0.1),)),
    ],
)
def test_values_that_cannot_be_are_refused(
    probed: Probed, pairs: tuple[tuple[float, float], ...]
) -> None:
    assert refused(probed, *pairs).fault is Fault.RANGE


@pytest.mark.parametrize(
    ("probed", "pairs"),
    [
        (Probed.PH, ((7.0, 7.0), (7.0, 7.0))),
        (Probed.PH, ((6.86, 6.86), (7.0, 7.0))),
        (Probed.EC, ((1.413, 1.4), (1.5, 1.48))),
        (Probed.EC, ((0.084, 0.09),)),
        (Probed.EC, ((0.0, 0.0),)),
    ],
)
def test_standards_that_are_too_alike_are_refused(
    probed: Probed, pairs: tuple[tuple[float, float], ...]
) -> None:
    assert refused(probed, *pairs).fault is Fault.APART


@pytest.mark.parametrize(
    ("probed", "pairs", "percent"),
    [
        (Probed.PH, ((4.0, 4.8), (7.0, 7.3)), 250 / 3),
        (Probed.PH, ((4.0, 3.8), (7.0, 7.0)), 320 / 3),
        # Buffers that were taken for one another.
        (Probed.PH, ((4.0, 7.0), (7.0, 7.0), (10.0, 10.0)), 0.0),
        (Probed.PH, ((4.0, 10.0), (7.0, 7.0), (10.0, 4.0)), -100.0),
        (Probed.EC, ((1.413, 0.0),), 0.0),
        (Probed.EC, ((12.88, 1.41),), 10.947),
        (Probed.PPFD, ((400.0, 1000.0),), 250.0),
    ],
)
def test_a_probe_that_answers_too_little_or_too_much_is_refused(
    probed: Probed, pairs: tuple[tuple[float, float], ...], percent: float
) -> None:
    error = refused(probed, *pairs)
    assert error.fault is Fault.SLOPE
    assert error.value == pytest.approx(percent, abs=0.01)
    assert not error.low <= error.value <= error.high


def test_a_ph_probe_that_is_far_off_at_seven_is_refused() -> None:
    error = refused(Probed.PH, (4.0, 4.6), (7.0, 7.6))
    assert error.fault is Fault.OFFSET
    assert error.value == pytest.approx(0.6)


def test_solutions_by_their_labels_have_what_they_have_at_their_temperature() -> None:
    found = by_label(Probed.PH, points((4.01, 4.2), (7.0, 7.1)), 15.0)
    assert found == tuple(points((4.0, 4.2), (7.04, 7.1)))
    salty = by_label(Probed.EC, points((0.0, 0.01), (1.413, 1.5)), 20.0)
    assert salty[0] == KnownPoint(0.0, 0.01)
    assert salty[1].standard == pytest.approx(1.278 / 0.9)
    (raw,) = by_label(Probed.EC, points((12.9, 12.0)), 20.0, compensated=False)
    assert raw.standard == 11.67


@pytest.mark.parametrize(
    ("probed", "label", "t", "fault"),
    [
        (Probed.PH, 6.86, 20.0, Fault.LABEL),
        (Probed.PH, float("nan"), 20.0, Fault.LABEL),
        (Probed.EC, 2.76, 20.0, Fault.LABEL),
        (Probed.OXYGEN, 8.26, 20.0, Fault.LABEL),
        (Probed.OXYGEN, 100.0, 20.0, Fault.PRESSURE),
        (Probed.PPFD, 7.0, 20.0, Fault.LABEL),
        (Probed.EC, 1.413, 31.0, Fault.TEMPERATURE),
        (Probed.PH, 7.0, float("nan"), Fault.TEMPERATURE),
    ],
)
def test_a_label_or_a_temperature_without_a_table_is_not_guessed(
    probed: Probed, label: float, t: float, fault: Fault
) -> None:
    with pytest.raises(CalibrationError) as caught:
        by_label(probed, points((label, 7.0)), t)
    assert caught.value.fault is fault


def test_drift_is_how_wrong_the_last_values_were() -> None:
    first = fit(Probed.PH, points((7.0, 7.2))).correction
    later = points((4.0, 4.4), (7.0, 7.1))
    # By the first correction the later points were read as 4.2 and 6.9.
    assert drift(first, later) == pytest.approx(0.2)
    assert drift(Correction(), points((7.0, 6.8))) == pytest.approx(-0.2)


def test_a_correction_is_kept_as_it_is() -> None:
    made = fit(Probed.PH, points((4.0, 4.3), (7.0, 7.1))).correction
    assert decode(Correction, encode(made)) == made


def test_the_error_survives_being_sent_to_another_process() -> None:
    error = refused(Probed.PH, (7.0, 7.6))
    again = pickle.loads(pickle.dumps(error))
    assert (vars(again), str(again)) == (vars(error), str(error))


@st.composite
def known(draw: st.DrawFn) -> tuple[Probed, list[KnownPoint]]:
    probed = draw(st.sampled_from(list(Probed)))
    highest = RULES[probed].highest
    values = st.floats(0.0, highest, allow_nan=False)
    count = draw(st.integers(1, 3))
    standards = draw(st.lists(values, min_size=count, max_size=count))
    slope, shift = draw(st.floats(0.5, 1.5)), draw(st.floats(-0.6, 0.6))
    bends = draw(st.lists(st.floats(-0.1, 0.1), min_size=count, max_size=count))
    return probed, [
        KnownPoint(s, s * slope + shift + b) for s, b in zip(standards, bends, strict=True)
    ]


@given(known(), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_what_is_taken_hits_its_points_and_turns_nothing_round(
    given_points: tuple[Probed, list[KnownPoint]], one: float, other: float
) -> None:
    probed, found = given_points
    try:
        made = fit(probed, found)
    except CalibrationError:
        assume(False)
        return
    for point in found:
        assert made.correction.of(point.shown) == pytest.approx(point.standard, abs=1e-6)
    assert drift(made.correction, found) == pytest.approx(0.0, abs=1e-6)
    low, high = sorted((one * RULES[probed].highest, other * RULES[probed].highest))
    assert made.correction.of(low) <= made.correction.of(high) + 1e-9


# -- oxygen and temperature -----------------------------------------------------------------------


def test_water_in_balance_with_air_has_what_its_temperature_and_the_pressure_give_it() -> None:
    (sea,) = by_label(Probed.OXYGEN, points((100.0, 8.0)), 25.0, pressure_kpa=101.325)
    assert sea.standard == pytest.approx(8.26, abs=0.005)
    (hill,) = by_label(Probed.OXYGEN, points((100.0, 7.0)), 25.0, pressure_kpa=90.0)
    # USGS tables: 7.3 mg/L at 675 mmHg, which are 90 kPa.
    assert hill.standard == pytest.approx(7.3, abs=0.05)
    zero, _ = by_label(Probed.OXYGEN, points((0.0, 0.1), (100.0, 8.0)), 25.0, pressure_kpa=100.0)
    assert zero == KnownPoint(0.0, 0.1)


@pytest.mark.parametrize(
    ("t", "kpa", "fault"),
    [
        (25.0, None, Fault.PRESSURE),
        (25.0, 40.0, Fault.PRESSURE),
        (25.0, 1013.25, Fault.PRESSURE),
        (25.0, float("nan"), Fault.PRESSURE),
        (41.0, 100.0, Fault.TEMPERATURE),
        (float("nan"), 100.0, Fault.TEMPERATURE),
    ],
)
def test_oxygen_needs_an_air_pressure_and_a_temperature_that_can_be(
    t: float, kpa: float | None, fault: Fault
) -> None:
    with pytest.raises(CalibrationError) as caught:
        by_label(Probed.OXYGEN, points((100.0, 8.0)), t, pressure_kpa=kpa)
    assert caught.value.fault is fault


def test_a_meter_that_takes_all_water_for_20_degrees_is_right_when_it_shows_that() -> None:
    (raw,) = by_label(
        Probed.OXYGEN, points((100.0, 9.0)), 25.0, compensated=False, pressure_kpa=101.325
    )
    assert raw.standard == pytest.approx(9.09, abs=0.01)


def test_a_meter_without_temperature_shows_a_steeper_slope_in_warm_buffers() -> None:
    (raw,) = by_label(Probed.PH, points((4.0, 3.8)), 40.0, compensated=False)
    # 4.03 at 40 °C, by (40 + 273.15) / 298.15 further from pH 7.
    assert raw.standard == pytest.approx(7 + (4.03 - 7) * 313.15 / 298.15)
    (seven,) = by_label(Probed.PH, points((7.0, 7.0)), 25.0, compensated=False)
    assert seven.standard == pytest.approx(7.0)
