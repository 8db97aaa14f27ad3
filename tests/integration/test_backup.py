"""Backups of Home Assistant: what they take along is whole, farms run on, and failures are told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import PUMP, VALVE, Hardware, copied, restored, settled, start_batch
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.vfarm import backup
from custom_components.vfarm.backup import async_post_backup, async_pre_backup
from custom_components.vfarm.const import DOMAIN
from vfarm_core.ledger.errors import LedgerAwayError
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.runtime.journal import Journal, JournalError


def content(path: Path) -> bytes:
    return path.read_bytes()


def kinds(ledger: Path) -> list[str]:
    with closing(Ledger(ledger)) as opened:
        assert verify(opened).intact
    with closing(sqlite3.connect(ledger)) as db:
        return [kind for (kind,) in db.execute("SELECT kind FROM records ORDER BY seq")]


async def shot(hass: HomeAssistant) -> None:
    await hass.services.async_call(
        DOMAIN, "run_shot", {"node": ["bench"], "duration": {"seconds": 600}}, blocking=True
    )
    await settled(hass)
    assert hass.states.get(PUMP).state == "on"


@pytest.fixture
def journal(journals: Path, entry: MockConfigEntry) -> Path:
    return journals / f"{entry.entry_id}.db"


async def test_a_shot_goes_on_and_is_reconciled_after_the_backup_was_restored(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, journals: Path, journal: Path
) -> None:
    batch = (await start_batch(hass))["batch"]
    await shot(hass)
    await async_pre_backup(hass)
    still = content(journal)
    assert hass.states.get(PUMP).state == "on", "a backup is no reason to stop"
    hardware.air(31.0)
    await hass.services.async_call(DOMAIN, "set_mode", {"mode": "auto"}, blocking=True)
    await settled(hass)
    assert content(journal) == still
    copy = copied(journals, journals / "copy")
    await async_post_backup(hass)
    assert await hass.config_entries.async_unload(farm.entry_id)
    assert hass.states.get(PUMP).state == "off"

    restored(copy, journals)
    hass.states.async_set(PUMP, "on")
    hass.states.async_set(VALVE, "open")
    assert await hass.config_entries.async_setup(farm.entry_id)
    await settled(hass)
    memory = farm.runtime_data.engine.runtime.memory
    assert not memory.farm.lost_memory
    assert batch in memory.batches
    assert memory.circuits["bench"].shot is None
    assert hass.states.get(PUMP).state == "off"
    assert hass.states.get(VALVE).state == "closed"
    (ended,) = await farm.runtime_data.engine.journal.async_events("shot_ended")
    assert ended["end"] == "crash"


async def test_the_history_waits_for_the_copy_and_catches_up(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path
) -> None:
    ledger = journals / f"{farm.entry_id}.ledger.db"
    await async_pre_backup(hass)
    still = content(ledger)
    await hass.services.async_call(DOMAIN, "set_mode", {"mode": "hold"}, blocking=True)
    with pytest.raises(LedgerAwayError, match="backup is being made"):
        await farm.runtime_data.engine.ledger.async_ask(lambda found: found.head())
    assert content(ledger) == still
    await async_post_backup(hass)
    assert await farm.runtime_data.engine.ledger.async_retry() == ""
    assert await hass.config_entries.async_unload(farm.entry_id)
    assert "mode_changed" in kinds(ledger)


async def test_a_farm_that_starts_while_it_is_copied_leaves_its_files_alone(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path, journal: Path
) -> None:
    await async_pre_backup(hass)
    still = content(journal)
    assert await hass.config_entries.async_reload(farm.entry_id)
    await settled(hass)
    assert content(journal) == still
    assert farm.runtime_data.engine.runtime.memory.farm.journal_ok
    await async_post_backup(hass)
    assert await farm.runtime_data.engine.ledger.async_retry() == ""


async def test_what_cannot_be_made_ready_fails_the_backup_and_the_farm_goes_on(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    with (
        patch.object(Journal, "keep_still", side_effect=JournalError("disk full")),
        pytest.raises(HomeAssistantError, match=r"Home farm.*disk full") as caught,
    ):
        await async_pre_backup(hass)
    assert caught.value.translation_key == "backup_not_ready"
    await async_post_backup(hass)
    assert await farm.runtime_data.engine.ledger.async_retry() == ""
    await hass.services.async_call(DOMAIN, "set_mode", {"mode": "hold"}, blocking=True)


async def test_a_history_that_does_not_come_to_rest_fails_the_backup(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    ledger = farm.runtime_data.engine.ledger
    with (
        patch.object(type(ledger), "_async_end", return_value=False),
        pytest.raises(HomeAssistantError, match="was not written"),
    ):
        await async_pre_backup(hass)
    await async_post_backup(hass)


async def test_a_file_that_cannot_go_on_is_told(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    await async_pre_backup(hass)
    with (
        patch.object(Journal, "go_on", side_effect=JournalError("disk gone")),
        pytest.raises(HomeAssistantError, match="disk gone") as caught,
    ):
        await async_post_backup(hass)
    assert caught.value.translation_key == "backup_not_over"
    assert farm.runtime_data.engine.running


async def test_a_backup_that_nobody_ends_does_not_hold_the_history_up_for_good(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await async_pre_backup(hass)
    freezer.tick(timedelta(seconds=backup.LONGEST_S + 1))
    async_fire_time_changed(hass)
    await settled(hass)
    assert await farm.runtime_data.engine.ledger.async_retry() == ""
    await async_post_backup(hass)
