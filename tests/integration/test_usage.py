"""Energy and water totals, as the recorder and the Energy dashboard take them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import LAMP, Hardware, pass_time, settled, start_batch, while_time_passes
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    statistics_during_period,
    validate_statistics,
)
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.usage import specs

PERIOD = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: Any, enable_custom_integrations: None) -> None:
    """The recorder has to be there before everything else."""


@pytest.fixture
async def demo(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Any:
    """The demo farm beside a recorder."""
    freezer.tick(-dt_util.utcnow().timestamp() % 3600)
    # Its past is another test's matter.
    with patch("custom_components.vfarm.demo.async_can_tell", return_value=False):
        flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        flow = await hass.config_entries.flow.async_configure(
            flow["flow_id"], {"next_step_id": "demo"}
        )
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
        await settled(hass)
        yield flow["result"]
        if flow["result"].state is ConfigEntryState.LOADED:
            leave = hass.config_entries.async_unload(flow["result"].entry_id)
            await while_time_passes(hass, freezer, leave)


def entity(hass: HomeAssistant, entry: ConfigEntry, node: str, key: str) -> str:
    found = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{entry.entry_id}:{node}:{key}"
    )
    assert found is not None, (node, key)
    return found


def shown(hass: HomeAssistant, entity_id: str) -> float:
    state = hass.states.get(entity_id)
    assert state is not None
    return float(state.state)


async def compiled(hass: HomeAssistant, entity_id: str) -> float:
    """The sum of the statistics after the five minutes that end now."""
    await async_wait_recording_done(hass)
    end = dt_util.utcnow().replace(second=0, microsecond=0)
    do_adhoc_statistics(hass, start=end - PERIOD)
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, end - PERIOD, None, {entity_id}, "5minute", None, {"sum"}
    )
    return float(found[entity_id][-1]["sum"])


async def test_the_sum_of_energy_rises_over_a_restart(
    hass: HomeAssistant, demo: ConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    energy = entity(hass, demo, demo.entry_id, "energy")
    await pass_time(hass, freezer, 600)
    first, sum_then = shown(hass, energy), await compiled(hass, energy)
    assert first > 0
    assert hass.states.get(energy).attributes["basis"] in ("rated", "both", "measured")

    await while_time_passes(hass, freezer, hass.config_entries.async_reload(demo.entry_id))
    await settled(hass)
    again = shown(hass, energy)
    assert again >= first, "a restart takes nothing"
    freezer.move_to(dt_util.utcnow().replace(second=0, microsecond=0) + timedelta(minutes=1))
    await pass_time(hass, freezer, 300 + (-dt_util.utcnow().timestamp()) % 300)
    later = shown(hass, energy)
    assert later > again
    sum_now = await compiled(hass, energy)
    assert sum_now > first >= sum_then
    assert sum_now == pytest.approx(later), "it began at 0, and no reset is seen"


async def test_the_recorder_has_no_complaint_of_any_sensor(
    hass: HomeAssistant, demo: ConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await pass_time(hass, freezer, 600)
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=dt_util.utcnow() - PERIOD)
    await async_wait_recording_done(hass)
    work = get_instance(hass).async_add_executor_job
    issues = await work(validate_statistics, hass)
    assert issues == {}
    known = {found["statistic_id"]: found for found in await work(list_statistic_ids, hass)}
    registry = er.async_get(hass)
    kept = {
        registered.unique_id.rsplit(":", 1)[-1]: known[registered.entity_id]
        for registered in er.async_entries_for_config_entry(registry, demo.entry_id)
        if registered.entity_id in known
    }
    assert {"ppfd", "dli", "vpd", "air_temperature", "energy", "water"} <= set(kept)
    assert all(kept[key]["has_sum"] for key in ("energy", "water"))
    assert not any(kept[key]["has_sum"] for key in ("ppfd", "dli", "vpd"))


async def test_the_energy_dashboard_takes_every_total(
    hass: HomeAssistant, demo: ConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    assert await async_setup_component(hass, "energy", {})
    await pass_time(hass, freezer, 600)
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=dt_util.utcnow() - PERIOD)
    await async_wait_recording_done(hass)
    totals = {
        (node, d.key): entity(hass, demo, node, d.key) for node, d in specs(demo.runtime_data.farm)
    }
    assert {node for node, key in totals if key == "energy"} == {
        demo.entry_id, *(zone.id for zone in demo.runtime_data.farm.zones)
    }  # fmt: skip
    manager = await async_get_manager(hass)
    await manager.async_update(
        {
            "device_consumption": [
                {"stat_consumption": found} for (_, key), found in totals.items() if key == "energy"
            ],
            "device_consumption_water": [
                {"stat_consumption": found} for (_, key), found in totals.items() if key == "water"
            ],
        }
    )
    told = (await async_validate(hass)).as_dict()
    assert len(told["device_consumption"]) == 1 + len(demo.runtime_data.farm.zones)
    assert not [issue for group in told.values() for source in group for issue in source], told


async def test_a_total_is_written_at_most_once_a_minute_and_never_for_nothing(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    freezer: FrozenDateTimeFactory,
) -> None:
    energy = entity(hass, farm, farm.entry_id, "energy")
    written: list[float] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if event.data["entity_id"] == energy and new is not None and new.state[0].isdigit():
            written.append(float(new.state))

    hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
    await pass_time(hass, freezer, 3600, step=60)
    assert written == [], "nothing is on"
    await start_batch(hass)
    for _ in range(60):
        hardware.air(22.0)
        hardware.humidity(65.0)
        await pass_time(hass, freezer, 60, step=60)
    assert 1 <= len(written) <= 60
    assert written == sorted(set(written))
    share = hass.states.get(LAMP).attributes["brightness"] / 255
    assert written[-1] == pytest.approx(0.12 * share, rel=0.15), "an hour of a lamp of 120 W"
    assert hass.states.get(energy).attributes["basis"] == "rated"


async def test_a_farm_that_vfarm_does_not_fill_has_no_water(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    assert {(node, d.key) for node, d in specs(farm.runtime_data.farm)} == {
        (farm.entry_id, "energy"),
        ("tent", "energy"),
    }
