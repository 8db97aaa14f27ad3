"""Fields of actions: what they take, and in whose words they refuse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_services import act
from untouched import unsaid

from custom_components.vfarm.fields import (
    UnfitError,
    calendar_day,
    in_words,
    instant,
    number,
    span,
    whole,
)
from vfarm_core.farm.overrides import Mode


@pytest.mark.parametrize(
    ("fits", "value", "found"),
    [
        (number(), "1e3", 1000.0),
        (number(0.0, 1.0), 1, 1.0),
        (number(above=0.0), 0.001, 0.001),
        (whole(), 3.0, 3),
        (whole(1, 9), "9", 9),
        (span, "01:30:00", dt.timedelta(hours=1.5)),
        (span, {"days": 2}, dt.timedelta(days=2)),
        (span, -60, dt.timedelta(minutes=-1)),
        (calendar_day, "2027-05-31", dt.date(2027, 5, 31)),
        (instant, "2027-05-31T08:00:00+02:00", dt.datetime(2027, 5, 31, 6, tzinfo=dt.UTC)),
    ],
)
def test_what_fits_is_taken(fits: Callable[[Any], Any], value: Any, found: Any) -> None:
    assert fits(value) == found


@pytest.mark.parametrize(
    ("fits", "value", "key"),
    [
        (number(), "nan", "field_number"),
        (number(), float("-inf"), "field_number"),
        (number(), True, "field_number"),
        (number(), 10**400, "field_number"),
        (number(0.0), -0.1, "field_range"),
        (number(above=0.0), 0, "field_range"),
        (whole(), 2.5, "field_whole"),
        (whole(1, 9), 10, "field_range"),
        (span, 1e300, "field_duration"),
        (span, {"days": 50000}, "field_duration"),
        (instant, "2027-13-31 08:00:00", "field_time"),
        (instant, dt.datetime(1, 1, 1), "field_time"),
        (calendar_day, "9999-01-01", "field_date"),
    ],
)
def test_what_no_farm_can_use_is_not(fits: Callable[[Any], Any], value: Any, key: str) -> None:
    with pytest.raises(UnfitError) as caught:
        fits(value)
    assert caught.value.key == key


async def test_a_time_without_a_zone_is_one_of_home_assistant(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await hass.config.async_set_time_zone("Asia/Tokyo")
    answer = await act(
        hass,
        "plan_batch",
        node="rack_level_1",
        recipe="basil_sweet",
        plants=2,
        sow_at="2199-01-01 08:00:00",
    )
    batch = farm.runtime_data.engine.runtime.memory.batches[answer["batch"]]
    sown = dt.datetime.fromtimestamp(batch.sown_at, tz=dt.UTC)
    assert sown.isoformat() == "2198-12-31T23:00:00+00:00"


SCHEMA = vol.Schema(
    {
        vol.Required("mode"): vol.Coerce(Mode),
        vol.Optional("form"): vol.In(("json", "yaml")),
        vol.Optional("name"): cv.string,
        vol.Optional("orders"): vol.All(cv.ensure_list, [{"kg": number(0.0, 5.0)}]),
        vol.Exclusive("one", "group"): str,
        vol.Exclusive("other", "group"): str,
    }
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "“mode” is needed"),
        ({"mode": "lazy"}, "“mode” cannot be lazy. It takes: auto, monitor, hold"),
        ({"mode": "hold", "form": "xml"}, "“form” cannot be xml. It takes: json, yaml"),
        ({"mode": "hold", "name": None}, "“name” cannot be None"),
        ({"mode": "hold", "name": ["x" * 90]}, f"“name” cannot be ['{'x' * 57}…"),
        ({"mode": "hold", "moon": 1}, "There is no field “moon” here"),
        ({"mode": "hold", "one": "a", "other": "b"}, "Give one of these, not several: one, other"),
        (
            {"mode": "hold", "orders": [{"kg": 1}, {"kg": 9}]},
            "“orders.2.kg” takes numbers ≥ 0, ≤ 5; 9 is outside",
        ),
        ({"mode": "hold", "orders": {"kg": -1}}, "“orders.1.kg” takes numbers ≥ 0, ≤ 5; -1 is"),
    ],
)
async def test_a_refusal_names_the_field_and_what_it_takes(
    farm: MockConfigEntry, data: dict[str, Any], said: str
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        in_words(SCHEMA)(data)
    assert unsaid(caught.value) is None
    assert str(caught.value).startswith(said)
