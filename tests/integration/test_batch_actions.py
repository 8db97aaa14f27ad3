"""What a grower does with batches between sowing and harvest, as actions of Home Assistant."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from home_farm import manager
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_services import refused

from custom_components.vfarm.const import DOMAIN
from vfarm_core.batches.model import Batch, BatchState


async def act(hass: HomeAssistant, service: str, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, service, data, blocking=True, return_response=True, context=manager(hass)
    )
    assert isinstance(answer, dict)
    return answer


def batch(farm: MockConfigEntry, key: str) -> Batch:
    found: Batch = farm.runtime_data.engine.runtime.memory.batches[key]
    return found


async def sown(hass: HomeAssistant, **data: Any) -> str:
    values = {"node": "rack_level_1", "recipe": "lettuce_butterhead", "plants": 12, **data}
    return str((await act(hass, "start_batch", **values))["batch"])


async def test_a_batch_is_moved_split_and_merged(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    first = await sown(hass)
    move = {"batch": first, "from_level": "rack_level_1", "to_level": "rack_level_2"}
    answer = await act(hass, "move_batch", **move, sites=4, why="too dense")
    assert answer["sites"] == {"rack_level_1": 8, "rack_level_2": 4}
    assert batch(farm, first).history[-1].why == "too dense"
    answer = await act(
        hass, "split_batch", batch=first, sites={"rack_level_2": 4}, title="For the shop"
    )
    second = answer["new"]["batch"]
    assert batch(farm, second).title == "For the shop"
    answer = await act(hass, "merge_batches", batch=first, other=second)
    assert answer["plants"] == 12
    assert batch(farm, second).state is BatchState.MERGED


async def test_a_refusal_is_said_in_words(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    first = await sown(hass)
    await act(hass, "advance_phase", batch=first)
    other = await sown(hass, plants=4)
    error = await refused(hass, "merge_batches", batch=first, other=other)
    assert error.translation_key == "batch_merge_phase"
    assert "{" not in str(error)
    error = await refused(
        hass, "transplant_batch", batch=first, plants_m2=0.5, levels=["rack_level_2"]
    )
    assert error.translation_key == "batch_no_room"


async def test_a_part_is_harvested_then_plants_are_lost_then_the_rest(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    key = await sown(hass)
    answer = await act(
        hass, "cut_batch", batch=key, plants=4, grades={"A": 0.5, "B": 0.1}, waste_kg=0.05
    )
    assert (answer["kg"], answer["plants"], answer["lot"]) == (0.6, 8, f"{key}.1")
    assert (await act(hass, "lose_plants", batch=key, plants=3, why="rot"))["plants"] == 5
    (done,) = (await act(hass, "harvest", batch=key, grades={"A": 0.7}))["batches"]
    assert done["kg_in_all"] == pytest.approx(1.3)
    assert batch(farm, key).state is BatchState.HARVESTED


async def test_a_planned_batch_is_sown_or_called_off(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    at = dt.datetime.fromtimestamp(
        farm.runtime_data.engine.clock.now().farm + 86400, tz=dt.UTC
    ).isoformat()
    plan = {"node": "rack_level_1", "recipe": "basil_sweet", "sow_at": at, "plants": 6}
    one = (await act(hass, "plan_batch", **plan))["batch"]
    two = (await act(hass, "plan_batch", **plan))["batch"]
    assert batch(farm, one).state is BatchState.PLANNED
    assert (await act(hass, "sow_batch", batch=one))["state"] == "sown"
    assert (await act(hass, "fail_batch", batch=two, why="no order"))["state"] == "failed"


async def test_a_lot_is_received_used_and_closed(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await sown(hass, seed_lot="S-1")
    assert caught.value.translation_key == "lot_unknown"
    await act(hass, "receive_lot", lot="S-1", kind="seed", title="Rex", amount=500, unit="seeds")
    key = await sown(hass, seed_lot="S-1", cultivar="Rex")
    assert (batch(farm, key).seed_lots, batch(farm, key).cultivar) == (("S-1",), "Rex")
    await act(hass, "receive_lot", lot="K-1", kind="substrate", title="Wool")
    used = await act(hass, "use_lot", lot="K-1", place="rack_level_1")
    assert used["batches"] == [key]
    await act(hass, "close_lot", lot="K-1", place="rack_level_1")
    error = await refused(hass, "close_lot", lot="K-1", place="rack_level_1")
    assert error.translation_key == "batch_lot_not_used"
