"""Orders become a plan that changes nothing; a plan becomes planned batches, all or none."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from test_services import act, refused

from vfarm_core.batches.model import Batch, BatchState

INSTALL = "custom_components.vfarm.nutrients.async_process_requirements"


def today(farm: MockConfigEntry) -> dt.date:
    engine = farm.runtime_data.engine
    return dt.datetime.fromtimestamp(engine.clock.now().farm, engine.farm.tz).date()


def order(farm: MockConfigEntry, days: int = 60, **changes: Any) -> dict[str, Any]:
    date = today(farm) + dt.timedelta(days=days)
    return {
        "id": "Shop",
        "recipe": "lettuce_butterhead",
        "kg": 1.0,
        "date": date.isoformat(),
        **changes,
    }


def batches(farm: MockConfigEntry) -> dict[str, Batch]:
    found: dict[str, Batch] = dict(farm.runtime_data.engine.runtime.memory.batches)
    return found


async def test_orders_become_a_plan_and_the_farm_stays_as_it_is(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    plan = await act(hass, "plan_orders", orders=order(farm))
    (asked,) = plan["batches"]
    assert (asked["order"], asked["recipe"]) == ("Shop", "lettuce_butterhead")
    assert asked["kg_low"] < asked["kg"] < asked["kg_high"]
    assert asked["sow_date"] >= today(farm).isoformat()
    assert {b["level"] for b in asked["bookings"]} <= {"rack_level_1", "rack_level_2"}
    assert plan["tasks"][0]["kind"] == "sow"
    assert plan["tasks"][0]["text"].startswith("Sow: ")
    assert "Level " in plan["tasks"][0]["text"]
    assert not plan["conflicts"]
    assert not batches(farm)


async def test_a_plan_is_carried_out_once_and_by_whom_is_known(
    hass: HomeAssistant, farm: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    plan = await act(hass, "plan_orders", orders=[order(farm), order(farm, 62, id="Market")])
    answer = await act(
        hass, "apply_plan", plan=plan["plan"], context=Context(user_id=hass_admin_user.id)
    )
    made = batches(farm)
    assert {b.order for b in made.values()} == {"Shop", "Market"}
    assert {b["batch"] for b in answer["batches"]} == set(made)
    assert all("T" in b["expected_harvest_at"] for b in answer["batches"])
    for batch in made.values():
        assert batch.state is BatchState.PLANNED
        assert batch.history[-1].by == f"user:{hass_admin_user.id}"
        at = dt.datetime.fromtimestamp(batch.sown_at, farm.runtime_data.farm.tz)
        assert at.hour == 8
    error = await refused(hass, "apply_plan", plan=plan["plan"])
    assert error.translation_key == "planning_unknown"


async def test_what_is_planned_is_in_the_way_of_the_next_order(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    wish = order(farm, kg=7.0)
    plan = await act(hass, "plan_orders", orders=wish)
    assert plan["batches"]
    await act(hass, "apply_plan", plan=plan["plan"])
    (conflict,) = (await act(hass, "plan_orders", orders={**wish, "id": "Late"}))["conflicts"]
    assert (conflict["order"], conflict["why"]) == ("Late", "busy")
    assert "Shop" in conflict["text"]
    assert conflict["later"] in conflict["text"]
    assert "{" not in conflict["text"]


async def test_a_conflict_is_said_in_the_language_of_the_system(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    hass.config.language = "de"
    plan = await act(hass, "plan_orders", orders=order(farm, 5))
    assert plan["conflicts"][0]["why"] == "too_late"
    assert "braucht" in plan["conflicts"][0]["text"]


async def test_a_farm_that_has_changed_refuses_the_whole_plan(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    plan = await act(hass, "plan_orders", orders=order(farm))
    await act(hass, "start_batch", node="rack_level_1", recipe="basil_sweet", plants=3)
    error = await refused(hass, "apply_plan", plan=plan["plan"])
    assert error.translation_key == "plan_outdated"
    assert len(batches(farm)) == 1


async def test_a_plan_without_a_batch_is_not_carried_out(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    plan = await act(hass, "plan_orders", orders=order(farm, recipe="moon_lettuce"))
    assert plan["conflicts"][0]["why"] == "unknown_recipe"
    assert (await refused(hass, "apply_plan", plan=plan["plan"])).translation_key == "plan_empty"


async def test_a_planned_batch_is_rescheduled(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    plan = await act(hass, "plan_orders", orders=order(farm))
    await act(hass, "apply_plan", plan=plan["plan"])
    (key,) = batches(farm)
    at = (today(farm) + dt.timedelta(days=9)).isoformat() + "T10:00:00"
    answer = await act(hass, "reschedule_batch", batch=key, sow_at=at, why="seed is late")
    assert answer["sow_at"].startswith("20")
    moved = dt.datetime.fromtimestamp(batches(farm)[key].sown_at, farm.runtime_data.farm.tz)
    assert (moved.date() - today(farm)).days == 9
    error = await refused(hass, "reschedule_batch", batch=key, sow_at="2020-01-01T08:00:00")
    assert error.translation_key == "batch_past"
    error = await refused(hass, "reschedule_batch", batch="nobody", sow_at=at)
    assert error.translation_key == "batch_unknown"


async def test_only_the_newest_plans_are_kept(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    wish = order(farm, 5)
    keys = [(await act(hass, "plan_orders", orders=wish))["plan"] for _ in range(11)]
    assert (await refused(hass, "apply_plan", plan=keys[0])).translation_key == "planning_unknown"
    assert (await refused(hass, "apply_plan", plan=keys[1])).translation_key == "plan_empty"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"kg": 0}, "field_range"),
        ({"kg": "much"}, "field_number"),
        ({"date": "someday"}, "field_date"),
        ({"early_days": -1}, "field_range"),
        ({"early_days": 1.5}, "field_whole"),
        ({"colour": "red"}, "field_unknown"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(
    hass: HomeAssistant, farm: MockConfigEntry, changes: dict[str, Any], key: str
) -> None:
    error = await refused(hass, "plan_orders", orders=[order(farm), order(farm, **changes)])
    assert error.translation_key == key
    assert f"orders.2.{next(iter(changes))}" in str(error)


async def test_orders_of_one_name_and_a_start_in_the_past_are_refused(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    error = await refused(hass, "plan_orders", orders=[order(farm), order(farm, 62)])
    assert error.translation_key == "planning_order_twice"
    error = await refused(hass, "plan_orders", orders=order(farm), start="2020-01-01")
    assert error.translation_key == "planning_start"


async def test_a_farm_that_does_not_run_makes_no_plan(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    plan = await act(hass, "plan_orders", orders=order(farm))
    with patch.object(farm.runtime_data.engine, "running", False):
        error = await refused(hass, "plan_orders", orders=order(farm))
        assert error.translation_key == "not_running"
        error = await refused(hass, "apply_plan", plan=plan["plan"])
        assert error.translation_key == "not_running"


async def test_a_missing_solver_is_said_and_installed_by_an_administrator(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    hass_admin_user: MockUser,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)

    async def installed(*args: Any, **kwargs: Any) -> None:
        monkeypatch.delitem(sys.modules, "scipy.optimize")

    with patch(INSTALL, AsyncMock(side_effect=installed)) as install:
        error = await refused(hass, "plan_orders", orders=order(farm))
        assert error.translation_key == "planning_library_missing"
        assert "install: true" in str(error)
        with pytest.raises(ServiceValidationError):
            await act(hass, "plan_orders", orders=order(farm), install=True, context=Context())
        install.assert_not_called()
        plan = await act(
            hass,
            "plan_orders",
            orders=order(farm),
            install=True,
            context=Context(user_id=hass_admin_user.id),
        )
    assert plan["batches"]
