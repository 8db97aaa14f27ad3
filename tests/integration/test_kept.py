"""An action is answered when what it asked for is on disk; what closes something never waits."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from home_farm import LAMP, Hardware, settled, start_batch
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.const import DOMAIN
from vfarm_core.farm.overrides import Mode
from vfarm_core.runtime.journal import Journal, JournalError


class Disk:
    """The disk under the journal: slow while `ready` is not set, full while `full`."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.ready.set()
        self.full = False

    def slow(self) -> None:
        self.ready.clear()


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk in the hand."""
    made = Disk()
    before = Journal.append

    def append(self: Journal, records: Any) -> None:
        assert made.ready.wait(60)
        if made.full:
            raise JournalError("the disk is full")
        before(self, records)

    with patch.object(Journal, "append", append):
        yield made
        made.ready.set()


def on_disk(journals: Path, entry: MockConfigEntry, kind: str) -> list[dict[str, Any]]:
    """What another process would find in the journal now."""
    with closing(sqlite3.connect(journals / f"{entry.entry_id}.db")) as db:
        found = db.execute("SELECT data FROM events WHERE kind = ?", (kind,))
        return [orjson.loads(data) for (data,) in found]


def entity(hass: HomeAssistant, farm: MockConfigEntry, domain: str, key: str) -> str:
    found = er.async_get(hass).async_get_entity_id(
        domain, DOMAIN, f"{farm.entry_id}:{farm.entry_id}:{key}"
    )
    assert found is not None
    return found


async def act(hass: HomeAssistant, service: str, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, service, data, blocking=True, return_response=True
    )


async def turns(count: int = 50) -> None:
    """Let everything run that does not wait for the disk."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_harvest_is_answered_when_it_is_on_disk(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path, disk: Disk
) -> None:
    batch = (await start_batch(hass))["batch"]
    disk.slow()
    task = hass.async_create_task(act(hass, "harvest", batch=batch, kg=2.5))
    await turns()
    memory = farm.runtime_data.engine.runtime.memory
    assert not memory.batches[batch].is_growing, "control does not wait"
    assert not task.done(), "whoever weighed it must not throw the note away yet"
    assert on_disk(journals, farm, "batch_harvested") == []
    disk.ready.set()
    answer = await task
    assert answer["batches"][0]["kg"] == 2.5
    assert [found["kg"] for found in on_disk(journals, farm, "batch_harvested")] == [2.5]
    await settled(hass)


async def test_what_closes_something_never_waits_for_a_disk(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, disk: Disk
) -> None:
    await start_batch(hass)
    assert hass.states.get(LAMP).state == "on"
    disk.slow()
    await asyncio.wait_for(act(hass, "set_mode", mode=Mode.HOLD), 5)
    await asyncio.wait_for(
        act(hass, "start_workflow", node="tent", workflow="maintenance", duration="00:10:00"), 5
    )
    await asyncio.wait_for(act(hass, "emergency_stop", why="smoke"), 5)
    await turns()
    assert hass.states.get(LAMP).state == "off"
    disk.ready.set()
    await settled(hass)


async def test_the_button_stops_while_the_disk_hangs(
    hass: HomeAssistant, farm: MockConfigEntry, disk: Disk
) -> None:
    disk.slow()
    await asyncio.wait_for(
        hass.services.async_call(
            "button",
            "press",
            {"entity_id": entity(hass, farm, "button", "emergency_stop")},
            blocking=True,
        ),
        5,
    )
    assert farm.runtime_data.engine.runtime.memory.farm.emergency is not None
    disk.ready.set()
    await settled(hass)


async def test_a_mode_is_chosen_when_it_is_on_disk(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path, disk: Disk
) -> None:
    disk.slow()
    chosen = {"entity_id": entity(hass, farm, "select", "mode"), "option": "monitor"}
    task = hass.async_create_task(
        hass.services.async_call("select", "select_option", chosen, blocking=True)
    )
    await turns()
    assert not task.done()
    disk.ready.set()
    await task
    assert [found["mode"] for found in on_disk(journals, farm, "mode_changed")] == ["monitor"]
    await settled(hass)


async def test_what_cannot_be_written_down_is_done_and_said_so(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path, disk: Disk
) -> None:
    batch = (await start_batch(hass))["batch"]
    disk.full = True
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "log_labour", batch=batch, minutes=90, task="sowing")
    assert not isinstance(caught.value, ServiceValidationError), "it is no mistake of the user"
    assert caught.value.translation_key == "not_kept"
    assert "the disk is full" in str(caught.value)
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            "select",
            "select_option",
            {"entity_id": entity(hass, farm, "select", "mode"), "option": "monitor"},
            blocking=True,
        )
    await settled(hass)
    memory = farm.runtime_data.engine.runtime.memory
    assert memory.farm.mode is Mode.MONITOR
    assert not memory.farm.journal_ok, "nothing opens until it can be written again"
    assert on_disk(journals, farm, "labour_logged") == []
    disk.full = False
    await act(hass, "set_mode", mode=Mode.AUTO)
    assert [found["minutes"] for found in on_disk(journals, farm, "labour_logged")] == [90]
    await settled(hass)
    assert farm.runtime_data.engine.runtime.memory.farm.journal_ok


async def test_a_refusal_waits_for_nothing(
    hass: HomeAssistant, farm: MockConfigEntry, disk: Disk
) -> None:
    disk.slow()
    with pytest.raises(ServiceValidationError):
        await asyncio.wait_for(act(hass, "harvest", batch="nothing"), 5)
    disk.ready.set()
    await settled(hass)


async def test_several_are_written_down_together(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path, disk: Disk
) -> None:
    await act(hass, "fixture_replaced", node=["rack_level_1", "rack_level_2"])
    assert len(on_disk(journals, farm, "fixture_replaced")) == 2


async def test_a_disk_that_takes_forever_is_said_so(
    hass: HomeAssistant, farm: MockConfigEntry, disk: Disk
) -> None:
    disk.slow()
    with (
        patch("custom_components.vfarm.engine.KEPT_S", 0.05),
        pytest.raises(HomeAssistantError) as caught,
    ):
        await act(hass, "log_labour", minutes=5)
    assert caught.value.translation_key == "not_kept"
    disk.ready.set()
    await settled(hass)
