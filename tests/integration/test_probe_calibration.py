"""A grower calibrates a probe in Home Assistant."""

from __future__ import annotations

from typing import Any

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_dose_faults import PH, POINT, entry, hardware, story  # noqa: F401 - fixtures
from test_faults import Story
from test_services import act, refused
from test_translations import LANGUAGES, texts

POINT_EC, POINT_PH = "tank.solution_ec", "tank.solution_ph"


async def test_a_calibrated_probe_is_read_as_it_should(
    story: Story,  # noqa: F811
    farm: MockConfigEntry,
) -> None:
    hass = story.hass
    answer = await act(
        hass,
        "calibrate_probe",
        point=POINT_PH,
        standard=7.0,
        shown=7.1,
        standard_2=4.0,
        shown_2=4.4,
    )
    assert (answer["slope_pct"], answer["offset"], answer["drift"]) == (90.0, 0.1, 0.4)
    hass.states.async_set(PH, "5.75")
    await story.at_once()
    snapshot: Any = story.snapshot("tank")
    assert snapshot.ph.value == pytest.approx(5.5)
    assert story.told("probe_calibrated", point=POINT_PH, was="")
    # The entity itself goes on showing what the probe shows.
    shown = hass.states.get(PH)
    assert shown is not None
    assert shown.state == "5.75"


async def test_calibrating_ends_the_wait_for_a_check(
    story: Story,  # noqa: F811
    farm: MockConfigEntry,
) -> None:
    await story.ask("set_probe", point=POINT_EC, use="calibrating")
    snapshot: Any = story.snapshot("tank")
    assert snapshot.dosing_inhibited
    await act(story.hass, "calibrate_probe", point=POINT_EC, standard=1.413, shown=1.5)
    await story.at_once()
    snapshot = story.snapshot("tank")
    assert not snapshot.dosing_inhibited


@pytest.mark.parametrize(
    ("data", "key", "said"),
    [
        ({"standard_2": 4.0}, "calibration_pair", {"number": "2"}),
        ({"shown_3": 4.0}, "calibration_pair", {"number": "3"}),
        ({"standard_2": 6.9, "shown_2": 6.9}, "calibration_apart", {"low": "2", "unit": "pH"}),
        ({"standard_2": 4.0, "shown_2": 6.9}, "calibration_slope", {"low": "85", "high": "105"}),
        ({"shown": 8.0}, "calibration_offset", {"value": "1", "high": "0.5"}),
        ({"standard": 6.86, "temperature": 20}, "calibration_label", {"value": "6.86"}),
        ({"standard": 15.0}, "calibration_range", {"value": "15", "high": "14"}),
    ],
)
async def test_what_cannot_be_corrected_is_refused_in_words(
    story: Story,  # noqa: F811
    farm: MockConfigEntry,
    data: dict[str, Any],
    key: str,
    said: dict[str, str],
) -> None:
    right = {"point": POINT_PH, "standard": 7.0, "shown": 7.0}
    error = await refused(story.hass, "calibrate_probe", **{**right, **data})
    assert error.translation_key == key
    assert error.translation_placeholders is not None
    assert error.translation_placeholders.items() >= said.items()
    for language in LANGUAGES:
        text = texts(language)["exceptions"][key]["message"]
        assert text.format(**error.translation_placeholders)


async def test_standards_too_warm_for_their_table_are_refused_in_words(
    story: Story,  # noqa: F811
    farm: MockConfigEntry,
) -> None:
    data = {"point": POINT_EC, "standard": 1.413, "shown": 1.4, "temperature": 40}
    error = await refused(story.hass, "calibrate_probe", **data)
    assert error.translation_key == "calibration_temperature"
    assert error.translation_placeholders == {"value": "40", "low": "5", "high": "30"}


async def test_a_pump_is_calibrated_by_several_runs(
    story: Story,  # noqa: F811
    farm: MockConfigEntry,
) -> None:
    runs = {"ml": 60, "duration": 60, "ml_2": 66, "duration_2": {"seconds": 64}}
    answer = await act(story.hass, "calibrate_pump", point=POINT, **runs)
    assert answer["ml_per_s"] == pytest.approx(126 / 124, abs=1e-4)
    told = await act(story.hass, "get_calibrations")
    (pump,) = (known for known in told["pumps"] if known["point"] == POINT)
    assert pump["ml_per_s"] == pytest.approx(126 / 124, abs=1e-4)
    assert pump["calibrated_at"] < pump["due_at"]
    lone = await refused(story.hass, "calibrate_pump", point=POINT, **{**runs, "ml_3": 60})
    assert (lone.translation_key, lone.translation_placeholders) == (
        "calibration_run",
        {"number": "3"},
    )
    apart = {**runs, "ml_3": 80, "duration_3": 60}
    assert (await refused(story.hass, "calibrate_pump", point=POINT, **apart)).translation_key == (
        "calibration_spread"
    )


async def test_only_a_grower_in_person_calibrates(
    story: Story,  # noqa: F811
    farm: MockConfigEntry,
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(
            story.hass,
            "calibrate_probe",
            context=Context(),
            point=POINT_PH,
            standard=7.0,
            shown=7.1,
        )
    assert caught.value.translation_key == "only_a_person"
    assert not story.told("probe_calibrated")
