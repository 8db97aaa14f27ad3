"""What Home Assistant's backups have of a farm: the newest one, and whether it is too old."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from . import issues
from .const import CONF_KIND, FarmKind

if TYPE_CHECKING:
    from .data import VfarmConfigEntry

_LOGGER = logging.getLogger(__name__)

_BACKUP: Final = "backup"
#: A person who makes one every week is a day late before anybody says so (design choice).
STALE_AFTER: Final = timedelta(days=8)
_LOOK_EVERY: Final = timedelta(days=1)
_IDLE: Final = "idle"


class BackupsUnknownError(Exception):
    """Nobody can say which backups there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBackup:
    """A backup that has Home Assistant's folder, and with it the journals of all farms."""

    at: datetime
    name: str


async def async_last_backup(
    hass: HomeAssistant, *, before: datetime | None = None
) -> LastBackup | None:
    """The newest backup, or the newest one before a moment; None when there is none. Raises
    BackupsUnknownError when nobody can say."""
    # Its libraries are there when it is set up, and only then.
    if _BACKUP not in hass.config.components:
        raise BackupsUnknownError("the backup integration is not set up")
    from homeassistant.components.backup import async_get_manager

    known, errors = await async_get_manager(hass).async_get_backups()
    found = [
        LastBackup(at=at, name=backup.name)
        for backup in known.values()
        if backup.homeassistant_included
        and (at := dt_util.parse_datetime(backup.date)) is not None
        and (before is None or at < before)
    ]
    if errors and not found:
        raise BackupsUnknownError("; ".join(str(error) for error in errors.values()))
    return max(found, key=lambda backup: backup.at, default=None)


@callback
def async_watch(hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
    """Tell while a farm has no fresh backup, until it is unloaded. A demo needs none."""
    if entry.data[CONF_KIND] == FarmKind.DEMO:
        return

    @callback
    def look(*_: Any) -> None:
        entry.async_create_background_task(hass, _async_look(hass, entry), "vfarm backups")

    @callback
    def started(_: HomeAssistant) -> None:
        look()
        if _BACKUP in hass.config.components:
            from homeassistant.components.backup import async_get_manager

            @callback
            def changed(event: Any) -> None:
                if getattr(event, "manager_state", None) == _IDLE:
                    look()

            entry.async_on_unload(async_get_manager(hass).async_subscribe_events(changed))

    entry.async_on_unload(async_at_started(hass, started))
    entry.async_on_unload(async_track_time_interval(hass, look, _LOOK_EVERY, name="vfarm backups"))


async def _async_look(hass: HomeAssistant, entry: VfarmConfigEntry) -> None:
    try:
        last = await async_last_backup(hass)
    except BackupsUnknownError as err:
        # Nobody can say: the message of before stays, and a new one would be a guess.
        _LOGGER.debug("The backups of Home Assistant are not known: %s", err)
        return
    # A farm that was made just now has had no time for one.
    since = entry.created_at if last is None else max(last.at, entry.created_at)
    stale = dt_util.utcnow() - since > STALE_AFTER
    issues.async_tell_backup(hass, entry, stale=stale, last=None if last is None else last.at)
