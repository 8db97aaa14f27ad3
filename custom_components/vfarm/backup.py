"""Home Assistant's backups: the files of running farms are whole in them, and farms run on.

The journal goes on being written, into a log that only grows while its file stays as it is; the
ledger waits. What a farm cannot make ready fails the backup: one that looks good and is not would
be found out when it is needed.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.util.hass_dict import HassKey

from vfarm_core.ledger.errors import LedgerError
from vfarm_core.runtime.journal import JournalError

from .const import DATA_COPYING, DOMAIN
from .data import VfarmConfigEntry

_LOGGER = logging.getLogger(__name__)

#: A farm has so long (s) to be ready for the copy.
READY_S: Final = 90.0
#: Whoever makes the backup may never say that it is over: then farms go on after this (s).
LONGEST_S: Final = 4 * 3600.0

_DATA_LONGEST: HassKey[CALLBACK_TYPE] = HassKey(f"{DOMAIN}_longest_backup")


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Make the files of all farms ready to be copied. Raises HomeAssistantError."""
    hass.data[DATA_COPYING] = True

    async def too_long(_: datetime) -> None:
        _LOGGER.warning("Nobody has said that the backup is over; the farms go on without")
        hass.data.pop(_DATA_LONGEST, None)
        await async_post_backup(hass)

    _end_watch(hass)
    hass.data[_DATA_LONGEST] = async_call_later(hass, LONGEST_S, too_long)
    for entry in _farms(hass):
        try:
            async with asyncio.timeout(READY_S):
                await _async_ready(entry)
        except (JournalError, LedgerError, TimeoutError) as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="backup_not_ready",
                translation_placeholders={
                    "farm": entry.title,
                    "why": str(err) or f"> {READY_S:g} s",
                },
            ) from err


async def async_post_backup(hass: HomeAssistant) -> None:
    """The copy is made, or has failed: go on as before. Raises HomeAssistantError."""
    hass.data.pop(DATA_COPYING, None)
    _end_watch(hass)
    failed: dict[str, str] = {}
    for entry in _farms(hass):
        engine = entry.runtime_data.engine
        try:
            await engine.journal.async_go_on()
        except JournalError as err:
            failed[entry.title] = str(err)
        if engine.ledger is not None:
            await engine.ledger.async_resume()
    if failed:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="backup_not_over",
            translation_placeholders={
                "farm": ", ".join(failed),
                "why": "; ".join(failed.values()),
            },
        )


async def _async_ready(entry: VfarmConfigEntry) -> None:
    engine = entry.runtime_data.engine
    # First: what it has taken is marked in the journal.
    if engine.ledger is not None:
        await engine.ledger.async_pause()
    await engine.journal.async_keep_still()


@callback
def _end_watch(hass: HomeAssistant) -> None:
    if (end := hass.data.pop(_DATA_LONGEST, None)) is not None:
        end()


@callback
def _farms(hass: HomeAssistant) -> list[VfarmConfigEntry]:
    found: list[VfarmConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return found
