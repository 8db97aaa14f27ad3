"""Energy prices: read from whatever list an entity keeps, and told when they are news."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.prices import prices_of
from vfarm_core.control.prices import UNKNOWN_PRICES, PriceSlot
from vfarm_core.control.snapshot import FarmSnapshot

PRICE = "sensor.energy_price"
MIDNIGHT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def state(**attributes: Any) -> State:
    return State(PRICE, "0.3", attributes)


def slots(**attributes: Any) -> list[tuple[float, float, float]]:
    """Start and end in hours after midnight, and the price."""
    first = MIDNIGHT.timestamp()
    return [
        ((s.start - first) / 3600, (s.end - first) / 3600, s.price)
        for s in prices_of(state(**attributes)).slots
    ]


def hours(count: int, begin: dt.datetime = MIDNIGHT) -> list[dict[str, Any]]:
    return [
        {"start": begin + k * HOUR, "end": begin + (k + 1) * HOUR, "value": 0.1 * (k + 1)}
        for k in range(count)
    ]


def test_today_and_tomorrow_belong_together() -> None:
    found = prices_of(
        state(
            raw_today=hours(24),
            raw_tomorrow=hours(24, MIDNIGHT + 24 * HOUR),
            unit_of_measurement="EUR/kWh",
        )
    )
    assert len(found.slots) == 48
    assert found.currency == "EUR"
    assert found.slots[24] == PriceSlot(
        MIDNIGHT.timestamp() + 86400, MIDNIGHT.timestamp() + 90000, 0.1
    )


@pytest.mark.parametrize("name", ["prices", "forecast", "data", "rates", "today"])
def test_lists_under_other_names_are_read(name: str) -> None:
    assert slots(**{name: hours(2)}) == [(0, 1, 0.1), (1, 2, 0.2)]


def test_texts_of_times_and_lists_without_ends_are_read() -> None:
    quarter = [{"time": (MIDNIGHT + k * HOUR / 4).isoformat(), "price": str(k)} for k in range(3)]
    assert slots(prices=quarter) == [(0, 0.25, 0), (0.25, 0.5, 1), (0.5, 0.75, 2)]


def test_a_hole_in_a_list_without_ends_stays_one() -> None:
    found = slots(
        prices=[
            {"time": MIDNIGHT, "price": 1},
            {"time": MIDNIGHT + 5 * HOUR, "price": 2},
        ]
    )
    assert found == [(0, 1, 1), (5, 6, 2)]


def test_seconds_since_1970_and_negative_prices_are_read() -> None:
    first = MIDNIGHT.timestamp()
    assert slots(data=[{"start_time": first, "end_time": first + 3600, "total": -0.02}]) == [
        (0, 1, -0.02)
    ]


async def test_a_time_without_a_zone_is_that_of_the_house(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    local = MIDNIGHT.replace(tzinfo=None)
    assert slots(prices=[{"start": local, "end": local + HOUR, "price": 1}]) == [(-1, 0, 1)]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"raw_today": "unknown"},
        {"prices": [1, 2, 3]},
        {"prices": [{"start": "soon", "price": 1}]},
        {"prices": [{"start": MIDNIGHT, "price": None}]},
        {"prices": [{"start": MIDNIGHT, "price": True}]},
        {"prices": [{"start": MIDNIGHT, "price": "dear"}]},
        {"prices": [{"start": True, "price": 1}]},
        {"prices": [{"start": MIDNIGHT, "price": float("inf")}]},
    ],
)
def test_what_is_no_list_of_prices_is_left_alone(attributes: dict[str, Any]) -> None:
    assert prices_of(state(**attributes)).slots == ()


async def test_the_farm_knows_the_prices_of_the_bound_entity(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    entry = farm
    now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    hass.states.async_set(PRICE, "0.3", {"prices": hours(30, now)})
    result = await entry.start_reconfigure_flow(hass)
    assert "energy_price" in result["data_schema"].schema
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Home farm", "energy_price": PRICE}
    )
    assert result["type"] == "abort"
    await hass.async_block_till_done()
    engine = entry.runtime_data.engine
    assert len(engine.runtime.memory.farm.prices.slots) == 30
    snapshot = engine.snapshot(entry.entry_id)
    assert isinstance(snapshot, FarmSnapshot)
    assert "prices_missing" not in snapshot.problems

    hass.states.async_set(PRICE, "unavailable")
    await hass.async_block_till_done()
    assert len(engine.runtime.memory.farm.prices.slots) == 30, "what was published stays true"

    hass.states.async_set(PRICE, "0.3", {"prices": []})
    await hass.async_block_till_done()
    snapshot = engine.snapshot(entry.entry_id)
    assert isinstance(snapshot, FarmSnapshot)
    assert "prices_missing" in snapshot.problems

    hass.states.async_set(PRICE, "0.2", {"prices": hours(30, now)})
    await hass.async_block_till_done()
    assert engine.runtime.memory.farm.prices.slots
    result = await entry.start_reconfigure_flow(hass)
    await hass.config_entries.flow.async_configure(result["flow_id"], {"name": "Home farm"})
    await hass.async_block_till_done()
    assert engine.runtime.memory.farm.prices == UNKNOWN_PRICES
