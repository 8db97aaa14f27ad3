"""A small real farm on a real `hass`: states set by the tests, services that record calls."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Generator
from typing import Any
from unittest.mock import patch

import pytest
from home_farm import Hardware, small_farm
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

# Home Assistant only finds a custom integration whose package is already imported.
import custom_components.vfarm  # noqa: F401
from custom_components.vfarm.const import DOMAIN

# The test plugin has every statement of every ledger logged, which hides what a failing test says.
for _name in ("sqlalchemy.engine", "alembic"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> None:
    """Let every test load the integration."""


@pytest.fixture(autouse=True)
def one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both clocks of a farm stand still in frozen time: one that runs on looks as if somebody had
    set the other."""
    monkeypatch.setattr("custom_components.vfarm.clock._monotonic", lambda: time.monotonic())


@pytest.fixture(autouse=True)
def one_frozen_clock() -> Generator[None]:
    """Time that a test moves has passed: what freezes clocks does not know the one that counts
    sleep."""
    with patch("custom_components.vfarm.clock._BOOT_CLOCK", None):
        yield


@pytest.fixture
async def hardware(hass: HomeAssistant) -> Hardware:
    """The entities of the small farm, at rest."""
    made = Hardware(hass)
    await made.async_register()
    made.settle()
    return made


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """The small farm, not set up."""
    made = MockConfigEntry(
        domain=DOMAIN,
        title="Home farm",
        data={"kind": "farm"},
        subentries_data=list(small_farm().values()),
    )
    made.add_to_hass(hass)
    return made


@pytest.fixture(autouse=True)
def journals(tmp_path: Any) -> Generator[Any]:
    """Journals in a directory of the test's own."""
    with patch(
        "custom_components.vfarm.journal_path", lambda hass, entry_id: tmp_path / f"{entry_id}.db"
    ):
        yield tmp_path


@pytest.fixture
async def farm(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry
) -> AsyncGenerator[MockConfigEntry]:
    """The small farm, running."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.engine.running
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
