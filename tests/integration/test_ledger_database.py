"""The history in a PostgreSQL database: chosen in a form, moved there and back, never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from home_farm import Hardware
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.const import CONF_LEDGER_FROM, CONF_LEDGER_URL, DOMAIN
from custom_components.vfarm.diagnostics import async_get_config_entry_diagnostics
from custom_components.vfarm.ledger import FarmLedger
from tests.core.ledger.postgres import server
from vfarm_core.ledger.entries import Entry
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify

_numbers = count()


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """Where a PostgreSQL server listens."""
    with server() as host:
        yield host


@pytest.fixture
def url(postgresql: str) -> str:
    """The URL of a new, empty database, with a password in it."""
    name = f"home{next(_numbers)}"
    with psycopg.connect(host=postgresql, user="vfarm", dbname="postgres", autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return f"postgresql://vfarm:s3cret@/{name}?host={postgresql}"


async def choose(hass: HomeAssistant, farm: MockConfigEntry, url: str, **more: Any) -> Any:
    """Choose where the history is, in the form of the farm."""
    started = await farm.start_reconfigure_flow(hass)
    chosen = {"name": farm.title, "takeover_min": 30.0, "ledger_url": url, **more}
    result = await hass.config_entries.flow.async_configure(started["flow_id"], chosen)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)


async def head(farm: MockConfigEntry) -> Any:
    """The newest record, when everything is fed."""
    ledger: FarmLedger = farm.runtime_data.engine.ledger
    return await ledger.async_ask(lambda found: found.head())


def checked(where: str | Path) -> tuple[int, list[str]]:
    """How many records a history has that verifies, and who is in it."""
    with closing(Ledger(where)) as ledger:
        verdict = verify(ledger)
        assert verdict.intact, verdict.faults
        return verdict.records, sorted(ledger.names().values())


async def test_the_history_moves_to_a_database_and_back_and_nothing_is_lost(
    hass: HomeAssistant, farm: MockConfigEntry, journals: Path, url: str
) -> None:
    file = journals / f"{farm.entry_id}.ledger.db"
    sown = await act(hass, "start_batch", node=["rack_level_1"], recipe="basil_sweet")
    before = await head(farm)
    result = await choose(hass, farm, url)
    assert (result["type"], result["reason"]) == ("abort", "reconfigure_successful")
    assert farm.data[CONF_LEDGER_URL] == url
    await act(hass, "log_labour", batch=sown["batch"], minutes=5)
    there = await head(farm)
    await hass.async_block_till_done()
    assert there.seq > before.seq
    assert CONF_LEDGER_FROM not in farm.data, "what it came from is needed no more"
    report = await act(hass, "batch_report", batch=sown["batch"])
    assert report["crop"] == "basil"
    assert checked(file)[0] == before.seq, "the file stays as it was"
    shown = await async_get_config_entry_diagnostics(hass, farm)
    assert shown["ledger"]["in_database"]
    assert "s3cret" not in str(shown)
    assert await hass.config_entries.async_reload(farm.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await choose(hass, farm, "")
    assert CONF_LEDGER_URL not in farm.data
    await act(hass, "harvest", batch=sown["batch"], kg=1.5)
    await head(farm)
    await hass.config_entries.async_unload(farm.entry_id)
    assert checked(file)[0] > there.seq
    assert checked(url)[0] >= there.seq
    with closing(Ledger(file)) as back, closing(Ledger(url)) as database:
        assert verify(back, expected=database.head().hash).intact


async def test_a_history_may_begin_anew_in_a_database(
    hass: HomeAssistant, farm: MockConfigEntry, url: str
) -> None:
    await head(farm)
    await choose(hass, farm, url, ledger_carry=False)
    assert CONF_LEDGER_FROM not in farm.data
    await head(farm)
    await hass.config_entries.async_unload(farm.entry_id)
    assert checked(url)[0] > 0, "what the journal still has is there"


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ("mysql://vfarm@host/db", "ledger_no_postgresql"),
        ("/config/other.db", "ledger_no_postgresql"),
        ("postgresql://vfarm@/db?host=/nowhere", "ledger_away"),
        ("postgresql://vfarm@host:port/db", "ledger_unusable"),
    ],
)
async def test_what_is_no_database_is_said_and_changes_nothing(
    hass: HomeAssistant, farm: MockConfigEntry, wrong: str, key: str
) -> None:
    result = await choose(hass, farm, wrong)
    assert result["errors"] == {CONF_LEDGER_URL: key}
    assert CONF_LEDGER_URL not in farm.data


async def test_the_database_of_another_farm_is_refused(
    hass: HomeAssistant, farm: MockConfigEntry, url: str
) -> None:
    with closing(Ledger(url)) as other:
        data = {"node": "x", "severity": "info"}
        other.append("another", [Entry(origin=1, at=1.7e9, kind="mode_changed", data=data)])
    await head(farm)
    result = await choose(hass, farm, url)
    assert result["errors"] == {CONF_LEDGER_URL: "ledger_other"}


async def test_a_database_that_is_away_stops_nothing_and_is_caught_up_with(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry, url: str
) -> None:
    away = url.replace("?host=", "?host=/nowhere")
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_LEDGER_URL: away})
    told = asyncio.Event()
    before = FarmLedger._told

    def tell(self: FarmLedger, state: Any) -> None:
        before(self, state)
        told.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FarmLedger, "_told", tell)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await asyncio.wait_for(told.wait(), 30)
    found = ir.async_get(hass).async_get_issue(DOMAIN, f"{entry.entry_id}_ledger_failing")
    assert found is not None
    assert "s3cret" not in str(found.translation_placeholders)
    await act(hass, "log_labour", minutes=7)
    # What is in a database that is gone cannot be taken along.
    await choose(hass, entry, url, ledger_carry=False)
    await head(entry)
    await hass.async_block_till_done()
    assert not ir.async_get(hass).async_get_issue(DOMAIN, f"{entry.entry_id}_ledger_failing")
    await hass.config_entries.async_unload(entry.entry_id)
    with closing(Ledger(url)) as ledger, ledger.reading() as connection:
        kinds = connection.exec_driver_sql("SELECT kind FROM records").scalars().all()
    assert "labour_logged" in kinds
