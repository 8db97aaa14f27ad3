"""Where the history of a farm is kept: beside its journal, or in a database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from ..const import CONF_LEDGER_FROM, CONF_LEDGER_MONTHS, CONF_LEDGER_URL, DOMAIN, LEDGER_MONTHS
from ..journal import journal_path
from ..ledger import ledger_where, requirements
from .numbers import count

CONF_CARRY: Final = "ledger_carry"

_POSTGRESQL = ("postgresql://", "postgresql+psycopg://", "postgres://")


def fields() -> dict[Any, Any]:
    """The fields of a form. The URL may have a password in it."""
    secret = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
    return {
        vol.Optional(CONF_LEDGER_URL): secret,
        vol.Required(CONF_CARRY, default=True): BooleanSelector(),
        vol.Required(CONF_LEDGER_MONTHS, default=LEDGER_MONTHS): count(0, 600),
    }


def shown(entry: ConfigEntry) -> dict[str, Any]:
    """What is chosen now."""
    return {
        CONF_LEDGER_URL: entry.data.get(CONF_LEDGER_URL, ""),
        CONF_LEDGER_MONTHS: entry.data.get(CONF_LEDGER_MONTHS, LEDGER_MONTHS),
    }


async def async_errors(
    hass: HomeAssistant, entry: ConfigEntry, chosen: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """What is wrong with the database that was chosen, and the words of it."""
    url = _url(chosen)
    if not url or url == entry.data.get(CONF_LEDGER_URL):
        return {}, {}
    if not url.startswith(_POSTGRESQL):
        return {CONF_LEDGER_URL: "ledger_no_postgresql"}, {}
    try:
        await async_process_requirements(hass, DOMAIN, requirements(url), is_built_in=False)
    except RequirementsNotFound as err:
        return {CONF_LEDGER_URL: "ledger_no_driver"}, {"why": str(err)}
    before = _before(hass, entry)
    key, why = await hass.async_add_executor_job(_tried, url, before)
    return ({CONF_LEDGER_URL: key} if key else {}), {"why": why}


def _before(hass: HomeAssistant, entry: ConfigEntry) -> Path | str:
    """Where the history is now."""
    journal = journal_path(hass, entry.entry_id)
    if entry.state is ConfigEntryState.LOADED:
        journal = entry.runtime_data.engine.journal.path
    return ledger_where(entry, journal)


def _tried(url: str, before: Path | str) -> tuple[str, str]:
    """Open the database, as the farm will; the key of what is wrong with it, and why."""
    try:
        from vfarm_core.ledger.carry import fits
        from vfarm_core.ledger.errors import LedgerAwayError, LedgerError
        from vfarm_core.ledger.store import Ledger
    except ImportError as err:
        return "ledger_no_driver", str(err)
    try:
        with closing(Ledger(url)) as there:
            if not there.head().seq or (isinstance(before, Path) and not before.exists()):
                return "", ""
            with closing(Ledger(before, read_only=True)) as here:
                return ("", "") if fits(here, there) else ("ledger_other", "")
    except LedgerAwayError as err:
        return "ledger_away", str(err)
    except LedgerError as err:
        return "ledger_unusable", str(err)


def data(entry: ConfigEntry, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the entry with what was chosen."""
    known = {k: v for k, v in entry.data.items() if k not in (CONF_LEDGER_URL, CONF_LEDGER_FROM)}
    url, before = _url(chosen), entry.data.get(CONF_LEDGER_URL, "")
    known[CONF_LEDGER_MONTHS] = chosen.get(CONF_LEDGER_MONTHS, LEDGER_MONTHS)
    if url:
        known[CONF_LEDGER_URL] = url
    if url == before:
        if CONF_LEDGER_FROM in entry.data:
            known[CONF_LEDGER_FROM] = entry.data[CONF_LEDGER_FROM]
    elif chosen.get(CONF_CARRY, True):
        known[CONF_LEDGER_FROM] = before
    return known


def _url(chosen: Mapping[str, Any]) -> str:
    return str(chosen.get(CONF_LEDGER_URL) or "").strip()
