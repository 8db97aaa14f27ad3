"""What older versions have stored still runs; what a newer one has stored is refused and told.

The fixtures were written by the first version: the data of its forms, and the journal of three
hours with a batch, killed in the middle of a shot.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import PUMP, VALVE, Hardware, settled
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.const import DOMAIN
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.runtime.journal import Journal

FIXTURES = Path(__file__).parent / "fixtures"
#: Half a minute after the process of the first version was killed in its shot.
KILLED_AT = 1772438430.0


def stored(**more: Any) -> MockConfigEntry:
    """An entry as the first version stored it."""
    kept = json.loads((FIXTURES / "entry_1_1.json").read_text(encoding="utf-8"))
    parts = [
        ConfigSubentryData(
            data=part["data"],
            subentry_type=part["subentry_type"],
            title=part["title"],
            unique_id=part["unique_id"],
        )
        for part in kept.pop("subentries")
    ]
    return MockConfigEntry(domain=DOMAIN, subentries_data=parts, **{**kept, **more})


def journal(path: Path) -> None:
    """The journal of the first version."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript((FIXTURES / "journal_1.sql").read_text(encoding="utf-8"))


def test_the_oldest_journal_opens_with_all_it_remembers(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal(path)
    with closing(Journal(path)) as opened:
        memory = opened.load()
        assert memory is not None
        assert memory.circuits["bench"].shot is not None
        batch = memory.batches["batch_1"]
        assert batch.recipe_version in memory.recipes
        assert [e["kind"] for e in opened.events(limit=3)] == ["shot_started", "command", "command"]
        assert opened.source().begins == 0


async def test_a_farm_of_the_oldest_version_goes_on_where_it_was(
    hass: HomeAssistant, hardware: Hardware, journals: Path, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(datetime.fromtimestamp(KILLED_AT + 60.0, UTC))
    await hass.config.async_update(time_zone="UTC")
    hardware.settle()
    hass.states.async_set(PUMP, "on")
    hass.states.async_set(VALVE, "open")
    entry = stored()
    entry.add_to_hass(hass)
    journal(journals / "oldest.db")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    assert (entry.version, entry.minor_version) == (1, 1)
    assert not [key for key in ir.async_get(hass).issues if key[0] == DOMAIN]
    data = entry.runtime_data
    assert len(data.farm.bindings) == 7, "nothing of it was left out"
    memory = data.engine.runtime.memory
    assert not memory.farm.lost_memory
    assert [hass.states.get(e).state for e in (PUMP, VALVE)] == ["off", "closed"]
    ended = await data.engine.journal.async_events("shot_ended")
    assert ended[-1]["end"] == "crash"
    level = data.engine.snapshot("rack_level_1")
    assert level.batch == "batch_1"
    assert level.phase is not None
    assert await data.engine.ledger.async_retry() == ""
    assert await hass.config_entries.async_unload(entry.entry_id)
    ledger = journals / "oldest.ledger.db"
    with closing(Ledger(ledger)) as opened:
        assert verify(opened).intact
    with closing(sqlite3.connect(ledger)) as db:
        kinds = [kind for (kind,) in db.execute("SELECT kind FROM records ORDER BY seq")]
    assert kinds[:2] == ["running", "batch_started"], "history begins with the first day"


@pytest.mark.parametrize(("version", "minor"), [(2, 1), (7, 3)])
async def test_an_entry_of_a_newer_version_is_refused_and_left_alone(
    hass: HomeAssistant,
    hardware: Hardware,
    caplog: pytest.LogCaptureFixture,
    version: int,
    minor: int,
) -> None:
    entry = stored(version=version, minor_version=minor)
    entry.add_to_hass(hass)
    before = {s.subentry_id: dict(s.data) for s in entry.subentries.values()}
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert "higher than the current version" in caplog.text
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "oldest_version_newer")
    assert issue is not None
    assert issue.translation_key == "entry_newer"
    assert {s.subentry_id: dict(s.data) for s in entry.subentries.values()} == before
    assert entry.version == version
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert ir.async_get(hass).async_get_issue(DOMAIN, "oldest_version_newer") is None


async def test_an_entry_of_a_newer_minor_version_still_runs(
    hass: HomeAssistant, hardware: Hardware
) -> None:
    entry = stored(minor_version=9)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.minor_version == 9, "what a newer vfarm knows of it is not forgotten"
    assert await hass.config_entries.async_unload(entry.entry_id)
