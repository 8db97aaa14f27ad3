"""The journal in one thread of its own.

The file is `.storage/vfarm/<entry id>.journal.db`: Home Assistant's backups carry that folder, an
update of the integration does not touch it, and nothing serves it. One thread keeps the order of
the records and lets the event loop never wait for a disk.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from vfarm_core.control.effects import Record
from vfarm_core.control.memory import Memory
from vfarm_core.runtime.journal import Journal, JournalError

from .const import DATA_COPYING, DOMAIN

_LOGGER = logging.getLogger(__name__)

#: Another thread waits so long (s) for the journal's answer.
ASK_S = 30.0


def journal_path(hass: HomeAssistant, entry_id: str) -> Path:
    """Where the journal of a farm is."""
    return Path(hass.config.path(STORAGE_DIR, DOMAIN, f"{entry_id}.journal.db"))


class JournalThread:
    """Writes records durably and in order, without blocking the event loop."""

    def __init__(self, hass: HomeAssistant, path: Path) -> None:
        self._hass = hass
        self._loop = hass.loop
        self._path = path
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="vfarm_journal")
        self._journal: Journal | None = None
        self._closed = False

    @property
    def path(self) -> Path:
        """Where the journal is."""
        return self._path

    def ask[T](self, work: Callable[[Journal], T]) -> T:
        """What the journal answers, for another thread: never from the event loop. What was handed
        in before is written first. Raises JournalError, RuntimeError and TimeoutError."""
        return self._executor.submit(self._answer, work).result(timeout=ASK_S)

    def _answer[T](self, work: Callable[[Journal], T]) -> T:
        if self._journal is None:
            raise JournalError("there is no journal")
        return work(self._journal)

    async def async_open(self) -> tuple[Memory | None, bool]:
        """Open the journal; what it remembers, and whether what it remembered is lost.

        An unreadable journal is set aside, not overwritten: it may still tell a person something.
        When no journal can be opened at all, every record fails until one can.
        """
        return await self._loop.run_in_executor(self._executor, self._open)

    def _open(self) -> tuple[Memory | None, bool]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._journal = Journal(self._path, still=self._copying)
            return self._journal.load(), False
        except (JournalError, OSError):
            _LOGGER.exception("The journal %s cannot be read", self._path)
        try:
            self._shut()
            self._set_aside()
            self._journal = Journal(self._path, still=self._copying)
        except (JournalError, OSError):
            _LOGGER.exception("No journal can be opened at %s", self._path)
        return None, True

    def _set_aside(self) -> None:
        aside = self._path.with_name(f"{self._path.stem}.unreadable-{int(time.time())}.db")
        for suffix in ("", "-wal", "-shm"):
            part = self._path.with_name(self._path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))

    def append(self, records: Sequence[Record], done: Callable[[str | None], None]) -> None:
        """Start writing; `done` is called in the event loop with None, or with the error."""
        records = tuple(records)
        if not self._closed:
            self._executor.submit(self._append, records, done)

    def _append(self, records: Sequence[Record], done: Callable[[str | None], None]) -> None:
        error: str | None = None
        try:
            if self._journal is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._journal = Journal(self._path, still=self._copying)
            self._journal.append(records)
        except Exception as err:
            error = str(err) or type(err).__name__
        self._loop.call_soon_threadsafe(done, error)

    async def async_events(self, kind: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """The newest events, newest last; none when there is no journal. What was handed in before
        is written first."""
        if self._closed:
            return []
        return await self._loop.run_in_executor(
            self._executor, partial(self._events, kind=kind, limit=limit)
        )

    def _events(self, kind: str | None, limit: int) -> list[dict[str, Any]]:
        return [] if self._journal is None else self._journal.events(kind=kind, limit=limit)

    async def async_events_since(
        self, at: float, wanted: Callable[[Mapping[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        """The events from an instant on that are wanted; none when there is no journal."""
        if self._closed:
            return []
        return await self._loop.run_in_executor(
            self._executor, partial(self._events_since, at, wanted)
        )

    def _events_since(
        self, at: float, wanted: Callable[[Mapping[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        return [] if self._journal is None else self._journal.events_since(at, wanted)

    @property
    def _copying(self) -> bool:
        return self._hass.data.get(DATA_COPYING, False)

    async def async_keep_still(self) -> None:
        """Write what was handed in, then let a copy of the file be whole, whenever it is taken.
        Writing goes on. Raises JournalError."""
        await self._async_ask(Journal.keep_still)

    async def async_go_on(self) -> None:
        """The copy is made. Raises JournalError."""
        await self._async_ask(Journal.go_on)

    async def _async_ask(self, work: Callable[[Journal], None]) -> None:
        if not self._closed:
            await self._loop.run_in_executor(self._executor, partial(self._answer, work))

    async def async_close(self) -> None:
        """Write what is waiting, close the file, end the thread. Later records are dropped: nothing
        that needs them runs any more."""
        self._closed = True
        await self._loop.run_in_executor(self._executor, self._shut)
        await self._loop.run_in_executor(None, self._executor.shutdown)

    def _shut(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None


def remove_journal(path: Path) -> None:
    """Forget the journal of a farm that was removed. Blocking."""
    for part in path.parent.glob(f"{path.stem}*"):
        part.unlink(missing_ok=True)
