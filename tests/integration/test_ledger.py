"""The history of a farm in Home Assistant: fed, told when it fails, and never in control's way."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import orjson
import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import Hardware
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.requirements import RequirementsNotFound
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from sqlalchemy import select

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.ledger import FarmLedger
from vfarm_core.ledger.schema import records
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify


def history(where: Path) -> list[str]:
    with closing(Ledger(where)) as ledger:
        assert verify(ledger).intact
    with closing(sqlite3.connect(where)) as db:
        return [kind for (kind,) in db.execute("SELECT kind FROM records ORDER BY seq")]


@pytest.fixture
def where(journals: Path, entry: MockConfigEntry) -> Path:
    return journals / f"{entry.entry_id}.ledger.db"


@pytest.fixture
def told() -> Iterator[asyncio.Event]:
    """Set when the thread of the ledger has told something."""
    event = asyncio.Event()
    before = FarmLedger._told

    def tell(self: FarmLedger, state: object) -> None:
        before(self, state)  # type: ignore[arg-type]
        event.set()

    with patch.object(FarmLedger, "_told", tell):
        yield event


def block(where: Path) -> None:
    """Put something where the ledger would be."""
    where.mkdir()


def unblock(where: Path) -> None:
    where.rmdir()


def is_there(where: Path) -> bool:
    return where.exists()


async def run(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.engine.running


async def stop(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


def issue(entry: MockConfigEntry, hass: HomeAssistant) -> str | None:
    """What is told of the history of a farm: at most one thing."""
    start = f"{entry.entry_id}_ledger_"
    found = [
        i.translation_key
        for (_, key), i in ir.async_get(hass).issues.items()
        if key.startswith(start)
    ]
    assert len(found) <= 1
    return found[0] if found else None


async def test_what_happens_is_in_the_ledger_when_the_farm_stops(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry, where: Path
) -> None:
    await run(hass, entry)
    await stop(hass, entry)
    first = history(where)
    assert "running" in first
    await run(hass, entry)
    await stop(hass, entry)
    assert history(where)[: len(first)] == first
    assert history(where).count("running") == 2, "nothing twice, nothing left out"
    assert issue(entry, hass) is None


async def test_a_ledger_that_cannot_be_written_is_a_repair_and_stops_nothing(
    hass: HomeAssistant,
    hardware: Hardware,
    entry: MockConfigEntry,
    where: Path,
    told: asyncio.Event,
) -> None:
    block(where)
    await run(hass, entry)
    await asyncio.wait_for(told.wait(), 30)
    assert issue(entry, hass) == "ledger_failing"
    assert entry.runtime_data.engine.runtime.memory.farm.journal_ok
    await stop(hass, entry)
    unblock(where)
    await run(hass, entry)
    await stop(hass, entry)
    assert history(where).count("running") == 2, "the journal has kept what happened meanwhile"


async def test_a_ledger_of_a_newer_vfarm_is_left_alone(
    hass: HomeAssistant,
    hardware: Hardware,
    entry: MockConfigEntry,
    where: Path,
    told: asyncio.Event,
) -> None:
    Ledger(where).close()
    with closing(sqlite3.connect(where)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    await run(hass, entry)
    await asyncio.wait_for(told.wait(), 30)
    assert issue(entry, hass) == "ledger_newer"
    await stop(hass, entry)
    with closing(sqlite3.connect(where)) as db:
        assert db.execute("SELECT count(*) FROM records").fetchone() == (0,)


async def test_without_its_libraries_the_farm_runs_and_the_journal_keeps(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry, where: Path, journals: Path
) -> None:
    missing = RequirementsNotFound(DOMAIN, ["alembic"])
    with patch("custom_components.vfarm.ledger.async_process_requirements", side_effect=missing):
        await run(hass, entry)
    assert issue(entry, hass) == "ledger_failing"
    await stop(hass, entry)
    assert not is_there(where)
    with closing(sqlite3.connect(journals / f"{entry.entry_id}.db")) as db:
        kept = [orjson.loads(data) for (data,) in db.execute("SELECT data FROM events")]
    assert kept
    await run(hass, entry)
    await stop(hass, entry)
    assert history(where).count("running") == 2


async def test_who_did_something_is_no_name_in_the_records(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry, where: Path
) -> None:
    await run(hass, entry)
    await hass.services.async_call(DOMAIN, "emergency_stop", {"why": "a test"}, blocking=True)
    await hass.async_block_till_done()
    await stop(hass, entry)
    assert "emergency_stop" in history(where)
    with closing(sqlite3.connect(where)) as db:
        found = db.execute("SELECT who, what, why FROM audit WHERE what = 'emergency_stop'")
        assert found.fetchone() == ("automation", "emergency_stop", "a test")


async def test_the_history_is_asked_by_actions(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry, where: Path
) -> None:
    await run(hass, entry)
    node = next(level.id for level in entry.runtime_data.farm.levels)
    sown = await ask(hass, "start_batch", node=[node], recipe="lettuce_butterhead", title="One")
    await ask(hass, "log_labour", batch=sown["batch"], minutes=90, task="sowing")
    await ask(hass, "harvest", batch=sown["batch"], kg=2.5)
    await stop(hass, entry)
    await run(hass, entry)
    report = await ask(
        hass, "batch_report", batch=sown["batch"], prices={"energy_kwh": 0.3, "labour_h": 20}
    )
    assert (report["title"], report["state"], report["kg"]) == ("One", "harvested", 2.5)
    assert report["cost"]["per_kg"] == pytest.approx(report["cost"]["total"] / 2.5)
    assert ("labour", 30.0) in {(item["name"], item["cost"]) for item in report["cost"]["items"]}
    (lot,) = (cut["lot"] for cut in report["harvests"])
    traced = await ask(hass, "trace", lot=lot)
    assert traced["kind"] == "harvest"
    assert [batch["id"] for batch in traced["batches"]] == [sown["batch"]]
    with pytest.raises(ServiceValidationError) as caught:
        await ask(hass, "trace", lot="nothing")
    assert caught.value.translation_key == "ledger_unknown"
    with pytest.raises(ServiceValidationError, match=r"prices\.gold"):
        await ask(hass, "batch_report", batch="x", prices={"gold": 1})
    await stop(hass, entry)


async def ask(hass: HomeAssistant, action: str, **data: object) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    return cast("dict[str, Any]", answer)


async def test_old_details_go_once_a_day_and_the_chain_stays_whole(
    hass: HomeAssistant,
    hardware: Hardware,
    entry: MockConfigEntry,
    where: Path,
    freezer: FrozenDateTimeFactory,
) -> None:
    await run(hass, entry)
    sown = await ask(hass, "start_batch", node=["rack_level_1"], recipe="basil_sweet")
    ledger = entry.runtime_data.engine.ledger
    before = await ledger.async_ask(lambda found: found.head())
    await stop(hass, entry)
    freezer.tick(800 * 86400)
    await run(hass, entry)
    ledger = entry.runtime_data.engine.ledger
    await ledger.async_ask(lambda found: found.head())
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(days=1, minutes=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    report = await ask(hass, "batch_report", batch=sown["batch"])
    assert report["crop"] == "basil", "what was grown is kept for good"
    await stop(hass, entry)
    assert "history_pruned" in history(where)
    with closing(Ledger(where)) as kept:
        assert verify(kept, expected=before.hash).intact
        with kept.reading() as connection:
            rows = dict(connection.execute(select(records.c.seq, records.c.data)).tuples().all())
    assert any(data.startswith("~") for data in rows.values())


async def test_details_that_are_kept_for_good_stay(
    hass: HomeAssistant,
    hardware: Hardware,
    entry: MockConfigEntry,
    where: Path,
    freezer: FrozenDateTimeFactory,
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "ledger_months": 0})
    await run(hass, entry)
    await entry.runtime_data.engine.ledger.async_ask(lambda found: found.head())
    freezer.tick(800 * 86400)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(days=1, minutes=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    await stop(hass, entry)
    assert "history_pruned" not in history(where)
