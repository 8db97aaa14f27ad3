"""The history of a farm, beside its journal: `.storage/vfarm/<entry id>.ledger.db`.

It is fed from the journal by a thread of its own; control neither waits for it nor stops when it
cannot be written. Its libraries are no requirements of the integration, so that a host without a
network still runs its farm: they are installed when a farm starts, and until they are the journal
keeps what happens. The history stays when a farm is removed: it may have to be shown for years.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from vfarm_core.ledger.errors import LedgerAwayError, LedgerError
from vfarm_core.runtime.journal import Journal, JournalEvent, Source

from . import issues
from .const import (
    CONF_LEDGER_FROM,
    CONF_LEDGER_MONTHS,
    CONF_LEDGER_URL,
    DATA_COPYING,
    DOMAIN,
    LEDGER_MONTHS,
)
from .journal import JournalThread

if TYPE_CHECKING:
    from vfarm_core.ledger.store import Ledger
    from vfarm_core.ledger.writer import LedgerState, LedgerWriter

    from .data import VfarmConfigEntry

_LOGGER = logging.getLogger(__name__)

#: What the core's ledger asks for. Home Assistant's recorder brings the first.
REQUIREMENTS = ["SQLAlchemy>=2.0.41,<2.1", "alembic>=1.16,<2"]
#: What a PostgreSQL database asks for besides, installed when a farm has its URL. Both have wheels
#: for Home Assistant OS (Alpine, 64 bit).
POSTGRESQL = ["psycopg>=3.2,<4", "psycopg-binary>=3.2,<4"]
#: Libraries that could not be installed are tried again after so long (s).
RETRY_S = 3600.0
#: Details that are older than they are kept go this often.
RETAIN_EVERY = timedelta(days=1)
#: At its end the ledger may take this long (s); what it has not written then, it writes next time.
CLOSE_S = 3.0
#: Before a copy of its file it may take this long (s); else there is no copy.
PAUSE_S = 60.0


def ledger_path(journal: Path) -> Path:
    """Where the ledger of a farm is, beside its journal."""
    stem = journal.name.removesuffix(".db").removesuffix(".journal")
    return journal.with_name(f"{stem}.ledger.db")


def ledger_where(entry: ConfigEntry, journal: Path) -> Path | str:
    """Where the ledger of a farm is: a file beside its journal, or the URL of a database."""
    url: str | None = entry.data.get(CONF_LEDGER_URL)
    return url or ledger_path(journal)


def requirements(where: Path | str) -> list[str]:
    """What has to be installed for a ledger."""
    return [*REQUIREMENTS, *(POSTGRESQL if isinstance(where, str) else ())]


class JournalFeed:
    """The journal as the thread of the ledger sees it: each question waits for its turn in the
    journal's own thread."""

    def __init__(self, journal: JournalThread) -> None:
        self._ask = journal.ask

    def source(self) -> Source:
        """How the ledger knows the journal."""
        return self._ask(Journal.source)

    def begin_source(self, after: int) -> None:
        """Later events are known under a new key."""
        self._ask(lambda journal: journal.begin_source(after))

    def newest(self) -> int:
        """The id of the newest event."""
        return self._ask(Journal.newest)

    def events_after(self, after: int, limit: int) -> Sequence[JournalEvent]:
        """The oldest events with a greater id."""
        return self._ask(lambda journal: journal.events_after(after, limit))

    def delivered(self, upto: int) -> None:
        """The ledger has every event up to this id."""
        self._ask(lambda journal: journal.delivered(upto))


class FarmLedger:
    """Feeds the ledger of one farm while the farm runs, and tells when it cannot."""

    def __init__(
        self, hass: HomeAssistant, entry: VfarmConfigEntry, journal: JournalThread
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._journal = journal
        self._where = ledger_where(entry, journal.path)
        self._writer: LedgerWriter | None = None
        self._retry: CALLBACK_TYPE | None = None
        self._daily: CALLBACK_TYPE | None = None
        self._closed = False
        self._paused = hass.data.get(DATA_COPYING, False)
        self.error = ""
        self._looked = False
        self.behind = 0

    @property
    def where(self) -> Path | str:
        """Where the ledger is: a file, or the URL of a database."""
        return self._where

    async def async_edited(self) -> None:
        """The entry was edited: where its ledger is another one now, go on with that."""
        where = ledger_where(self._entry, self._journal.path)
        if where == self._where or self._closed:
            return
        self._where = where
        await self._async_end()
        # What was wrong was wrong with the other one.
        self._failed("")
        await self.async_start()

    async def async_start(self) -> None:
        """Install what is missing and begin to write."""
        self._retry = None
        if self._paused:
            return
        where, came_from = self._where, self._came_from()

        def arrived() -> None:
            with contextlib.suppress(RuntimeError):
                self._hass.loop.call_soon_threadsafe(self._arrived, where)

        try:
            needed = requirements(where)
            await async_process_requirements(self._hass, DOMAIN, needed, is_built_in=False)
            made = await self._hass.async_add_executor_job(
                _make_writer, where, came_from, JournalFeed(self._journal), self._tell, arrived
            )
        except (RequirementsNotFound, ImportError) as err:
            _LOGGER.warning("The ledger has to wait for its libraries: %s", err)
            self._failed(str(err))
            if not self._closed:
                self._retry = async_call_later(self._hass, RETRY_S, self._again)
            return
        if not self._may_write(where):
            return
        self._writer = made
        made.start()
        self._daily = async_track_time_interval(
            self._hass, self._async_retain, RETAIN_EVERY, name="vfarm retention"
        )

    def _may_write(self, where: Path | str) -> bool:
        """Whether what was made ready is still wanted: much may have happened meanwhile."""
        nobody = self._writer is None and not self._closed and not self._paused
        return nobody and where == self._where

    async def _async_retain(self, _: datetime) -> None:
        """Let go of details that are older than they are kept."""
        months = self._entry.data.get(CONF_LEDGER_MONTHS, LEDGER_MONTHS)
        now = self._entry.runtime_data.engine.clock.now().farm
        try:
            removed = await self.async_ask(partial(_retained, months=months, now=now))
        except (LedgerError, TimeoutError) as err:
            # Tomorrow is another day.
            _LOGGER.warning("The history could not be shortened: %s", err)
            return
        if removed:
            _LOGGER.info("%s records of the history are older than they are kept", removed)

    def _came_from(self) -> Path | str | None:
        """Where the history has to be taken from yet."""
        url: str | None = self._entry.data.get(CONF_LEDGER_FROM)
        if url is None:
            return None
        return url or ledger_path(self._journal.path)

    @callback
    def _arrived(self, where: Path | str) -> None:
        """The history is where it has to be: what it came from is needed no more."""
        if where == self._where:
            data = {
                key: value for key, value in self._entry.data.items() if key != CONF_LEDGER_FROM
            }
            self._hass.config_entries.async_update_entry(self._entry, data=data)

    @callback
    def _again(self, _: datetime) -> None:
        self._entry.async_create_background_task(self._hass, self.async_start(), "vfarm ledger")

    def _tell(self, state: LedgerState) -> None:
        """In the thread of the ledger, which may outlive the event loop."""
        with contextlib.suppress(RuntimeError):
            self._hass.loop.call_soon_threadsafe(self._told, state)

    @callback
    def _told(self, state: LedgerState) -> None:
        if self._closed:
            return
        self.behind = state.behind
        self._failed(state.error, newer=state.newer)

    @callback
    def _failed(self, error: str, *, newer: bool = False) -> None:
        if (error != self.error or not self._looked) and not self._closed:
            self.error, self._looked = error, True
            issues.async_tell_ledger(self._hass, self._entry, error, newer=newer)

    async def async_ask[T](self, work: Callable[[Ledger], T]) -> T:
        """Have something done by the one thread that writes the ledger. Raises LedgerError, and
        what `work` raises."""
        writer = self._writer
        if writer is None and self._paused:
            raise LedgerAwayError("a backup is being made")
        if writer is None:
            raise LedgerAwayError(self.error or "the farm is starting")
        return await self._hass.async_add_executor_job(writer.ask, work)

    async def async_pause(self) -> None:
        """Write what is there, close the file and leave it alone until `async_resume`: a copy of it
        is whole then. The journal keeps what happens meanwhile. Raises LedgerAwayError."""
        self._paused = True
        if isinstance(self._where, Path) and not await self._async_end(PAUSE_S):
            raise LedgerAwayError(f"the history was not written within {PAUSE_S:g} s")

    async def async_resume(self) -> None:
        """Go on after `async_pause`."""
        self._paused = False
        if self._writer is None and not self._closed:
            await self.async_start()

    async def async_retry(self) -> str:
        """Try to write now, without waiting for the next turn. What is wrong still; nothing when
        the history is written again."""
        if self._writer is None:
            await self._async_end()
            await self.async_start()
        try:
            await self.async_ask(lambda ledger: None)
        except (LedgerError, TimeoutError) as err:
            return str(err) or type(err).__name__
        self._failed("")
        return ""

    async def async_has_file(self) -> bool:
        """Whether the history is a file that could be moved aside."""
        where = self._where
        return isinstance(where, Path) and await self._hass.async_add_executor_job(where.exists)

    async def async_set_aside(self) -> str:
        """Move the file of the history aside and begin a new one, which takes all that the journal
        still has. What is wrong still; nothing when the history is written again."""
        where = self._where
        if not isinstance(where, Path) or self._closed:
            return await self.async_retry()
        await self._async_end()
        try:
            await self._hass.async_add_executor_job(_set_aside, where)
        except OSError as err:
            await self.async_start()
            return str(err)
        return await self.async_retry()

    async def async_close(self) -> None:
        """Write what is there if that is possible now; while the journal is still open."""
        self._closed = True
        await self._async_end()

    async def _async_end(self, timeout_s: float = CLOSE_S) -> bool:
        """Whether all was written and closed in that time."""
        if self._retry is not None:
            self._retry()
            self._retry = None
        if self._daily is not None:
            self._daily()
            self._daily = None
        writer, self._writer = self._writer, None
        if writer is None:
            return True
        return await self._hass.async_add_executor_job(writer.close, timeout_s)


def _set_aside(where: Path) -> None:
    """Give a damaged file another name. Blocking."""
    aside = where.with_name(f"{where.stem}.unreadable-{int(time.time())}.db")
    for suffix in ("", "-wal", "-shm"):
        part = where.with_name(where.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))


def _retained(ledger: Ledger, *, months: float, now: float) -> int:
    from vfarm_core.ledger.retention import Policy, retain

    return retain(ledger, Policy.of_months(months), now).count


def _make_writer(
    where: Path | str,
    came_from: Path | str | None,
    journal: JournalFeed,
    tell: Callable[[LedgerState], Any],
    arrived: Callable[[], None],
) -> LedgerWriter:
    """Import the libraries, which takes a moment, away from the event loop."""
    from vfarm_core.ledger.carry import carry
    from vfarm_core.ledger.store import Ledger
    from vfarm_core.ledger.writer import LedgerWriter

    def opened() -> Ledger:
        ledger = Ledger(where)
        if came_from is None:
            return ledger
        try:
            if not isinstance(came_from, Path) or came_from.exists():
                with contextlib.closing(Ledger(came_from)) as before:
                    carry(before, ledger)
        except BaseException:
            ledger.close()
            raise
        arrived()
        return ledger

    return LedgerWriter(opened, journal, tell)
