"""The graphs of a new demo are full: the twin has run the days before it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import pass_time, settled, small_farm, while_time_passes
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import (
    get_metadata,
    statistics_during_period,
)
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.vfarm import demo, demo_past
from custom_components.vfarm.const import DOMAIN, EVENT_VFARM
from vfarm_core.twin.demo import demo_recipes
from vfarm_core.twin.past import HOUR_S, Hour

AN_HOUR = (Hour(start=0.0, mean=1.0, lowest=0.5, highest=2.0, last=1.0, total=1.0),)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Recorder, enable_custom_integrations: None
) -> None:
    """The recorder is there before everything else."""


async def new_demo(hass: HomeAssistant) -> ConfigEntry[Any]:
    """A demo farm, set up through its flow, and whatever it does in the background done."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": "demo"})
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    await settled(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    entry: ConfigEntry[Any] = flow["result"]
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def end(hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: ConfigEntry[Any]) -> None:
    await while_time_passes(hass, freezer, hass.config_entries.async_unload(entry.entry_id))


async def kept(hass: HomeAssistant, *entity_ids: str) -> Mapping[str, list[Any]]:
    """Every hour of long-term statistics."""
    recorder = get_instance(hass)
    await recorder.async_block_till_done()
    return await recorder.async_add_executor_job(
        statistics_during_period,
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        set(entity_ids),
        "hour",
        None,
        {"mean", "min", "max", "sum", "state"},
    )


def entity(hass: HomeAssistant, entry: ConfigEntry[Any], name: str) -> str:
    """The entity of a node and key, or of a hardware's point."""
    found = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}{name}")
    assert found is not None
    return found


async def test_the_graphs_of_a_new_demo_are_full(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    told = async_capture_events(hass, EVENT_VFARM)
    with patch.object(demo_past, "DAYS", 2):
        entry = await new_demo(hass)
    farm = entry.runtime_data.farm
    air = entity(hass, entry, f":{farm.zones[0].id}:air_temperature")
    light = entity(hass, entry, f":{farm.levels[0].id}:ppfd")
    water = entity(hass, entry, f":{farm.circuits[0].id}:litres_today")
    energy = entity(hass, entry, f":{farm.id}:energy")
    batches = entity(hass, entry, f":{farm.id}:batches")
    probe = er.async_get(hass).entities.get_entry(
        farm.binding[f"{farm.reservoirs[0].id}.solution_ph"].entity
    )
    assert probe is not None
    seen = await kept(hass, air, light, water, energy, batches, probe.entity_id)

    now = dt_util.utcnow().timestamp()
    whole = [now // HOUR_S * HOUR_S - n * HOUR_S for n in range(48, 0, -1)]
    for entity_id in (air, light, water, energy, batches, probe.entity_id):
        assert [row["start"] for row in seen[entity_id]] == whole, entity_id
    assert all(row["min"] <= row["mean"] <= row["max"] for row in seen[air])
    assert {row["mean"] > 0 for row in seen[light]} == {True, False}
    assert all(5 < row["mean"] < 7.5 for row in seen[probe.entity_id])
    for counter in (water, energy):
        sums = [row["sum"] for row in seen[counter]]
        assert sums == sorted(sums)
        assert sums[0] < 0.0
        assert sums[-1] == 0.0, "the recorder counts on from there"
    said = [e.data for e in told if e.data["kind"] == "past_simulated"]
    assert [data["params"] for data in said] == [{"days": 2}]
    await end(hass, freezer, entry)


async def test_the_recorder_goes_on_with_what_was_told(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Units, classes and kinds of mean are those the sensors' own statistics have."""
    from homeassistant.components.sensor.recorder import list_statistic_ids as own

    with patch.object(demo, "past_hours", lambda *given: {s.entity_id: AN_HOUR for s in given[3]}):
        entry = await new_demo(hass)
    recorder = get_instance(hass)
    await recorder.async_block_till_done()
    told = await recorder.async_add_executor_job(get_metadata, hass)
    expected = await recorder.async_add_executor_job(own, hass)
    assert len(expected) >= 80
    for entity_id, its_own in expected.items():
        ours = told[entity_id][1]
        assert {key: ours.get(key) for key in its_own} == its_own
    await end(hass, freezer, entry)


async def test_it_is_told_once(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    asked: list[object] = []

    def hours(*given: Any) -> dict[str, tuple[Hour, ...]]:
        asked.append(given)
        return {shown.entity_id: AN_HOUR for shown in given[3]}

    with patch.object(demo, "past_hours", hours):
        entry = await new_demo(hass)
        assert len(asked) == 1
        await while_time_passes(hass, freezer, hass.config_entries.async_reload(entry.entry_id))
        await pass_time(hass, freezer, 60)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert len(asked) == 1
    await end(hass, freezer, entry)


async def test_what_was_interrupted_is_made_at_the_next_start(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    begun = threading.Event()
    asked: list[demo_past.Beginning] = []

    def interrupted(*given: Any) -> dict[str, tuple[Hour, ...]]:
        asked.append(given[2])
        begun.set()
        assert given[4].wait(30), "it is told to end"
        raise demo_past.CancelledError

    def whole(*given: Any) -> dict[str, tuple[Hour, ...]]:
        asked.append(given[2])
        return {shown.entity_id: AN_HOUR for shown in given[3]}

    with patch.object(demo, "past_hours", interrupted):
        flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        flow = await hass.config_entries.flow.async_configure(
            flow["flow_id"], {"next_step_id": "demo"}
        )
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
        await hass.async_block_till_done()
        entry = flow["result"]
        assert await asyncio.get_running_loop().run_in_executor(None, begun.wait, 30)
        await end(hass, freezer, entry)
    air = entity(hass, entry, ":zone_a:air_temperature")
    assert await kept(hass, air) == {}
    with patch.object(demo, "past_hours", whole):
        await while_time_passes(hass, freezer, hass.config_entries.async_setup(entry.entry_id))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert len(await kept(hass, air)) == 1
    assert asked[0] == asked[1], "it ends where the demo began, not where it was started again"
    await end(hass, freezer, entry)


async def test_a_real_farm_has_no_past_that_was_not(
    hass: HomeAssistant, hardware: Any, freezer: FrozenDateTimeFactory
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home farm",
        data={"kind": "farm"},
        subentries_data=list(small_farm().values()),
    )
    entry.add_to_hass(hass)
    with patch.object(demo, "past_hours", side_effect=AssertionError):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    ours = [
        e.entity_id for e in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    ]
    assert ours
    assert await kept(hass, *ours) == {}
    await end(hass, freezer, entry)


def test_a_stop_ends_the_walk_through_the_past() -> None:
    stopped = threading.Event()
    stopped.set()
    farm = demo.simulated_farm("UTC")
    beginning = demo_past.Beginning(farm=1_790_000_000.0, real=1_790_030_000.0)
    began = time.process_time()
    with pytest.raises(demo_past.CancelledError):
        demo_past.past_hours(farm, demo_recipes(), beginning, [], stopped)
    assert time.process_time() - began < 5.0
