"""The one thread that writes the ledger. Control never waits for it; what it cannot write now, the
journal keeps until it can."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from .errors import LedgerAwayError, LedgerError, NewerLedgerError
from .feed import EventSource, Feed
from .store import Ledger

_LOGGER = logging.getLogger(__name__)

#: Without being woken the thread looks at the journal this often (s): history may be a little late.
IDLE_S = 60.0
#: After a failure it tries again after the first, then ever later, up to the last (s).
RETRY_S = (5.0, 15.0, 60.0, 300.0)
#: Who asks the thread for something waits so long (s) at most.
ASK_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """How the ledger is doing. `error` is empty while it takes what it is fed; `newer`: it is one
    of a newer vfarm, so trying again does not help. `behind` events wait in the journal."""

    error: str = ""
    newer: bool = False
    behind: int = 0


class LedgerWriter:
    """Feeds a ledger from a journal in a thread of its own.

    `open_ledger` is called in that thread, again after every failure. `tell` hears of every change
    of the state, in that thread too.
    """

    def __init__(
        self,
        open_ledger: Callable[[], Ledger],
        journal: EventSource,
        tell: Callable[[LedgerState], None] = lambda state: None,
    ) -> None:
        self.state = LedgerState()
        self._open_ledger = open_ledger
        self._journal = journal
        self._tell = tell
        self._ledger: Ledger | None = None
        self._feed: Feed | None = None
        self._failures = 0
        self._asked: deque[tuple[Callable[[Ledger], Any], Future[Any]]] = deque()
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vfarm_ledger", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to write. Returns at once."""
        # A ledger that fails is not asked again with every event.
        if not self._failures:
            self._woken.set()

    def ask[T](self, work: Callable[[Ledger], T], timeout_s: float = ASK_S) -> T:
        """Have something done with the ledger by the one thread that writes it, after everything
        that waits now is written. Blocks. Raises LedgerError, and what `work` raises."""
        answer: Future[T] = Future()
        self._asked.append((work, answer))
        self._woken.set()
        try:
            return answer.result(timeout_s)
        except TimeoutError:
            if not answer.cancel():
                raise
            raise LedgerAwayError(f"no answer within {timeout_s:g} s") from None

    def close(self, timeout_s: float = 5.0) -> bool:
        """Write what is there, if that is possible now, and end the thread; False when it did not
        end in time. Nothing is lost either way."""
        self._ended.set()
        self._woken.set()
        if self._thread.ident is None:
            self._shut()
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            # Asked before writing: what came in before `close` is written after it.
            last = self._ended.is_set()
            wait_s = self.once()
            self.answer()
            if last:
                break
            self._woken.wait(wait_s)
            self._woken.clear()
        self._shut()

    def once(self) -> float:
        """Write everything that waits; how long to rest after it (s). Raises nothing: a failure is
        a state."""
        try:
            if self._feed is None:
                self._ledger = self._open_ledger()
                self._feed = Feed(self._journal, self._ledger)
            while self._feed.once():
                self._now(LedgerState(behind=self._feed.behind()))
            self._failures = 0
            self._now(LedgerState())
            return IDLE_S
        except Exception as err:
            # The journal's own failures too: whatever it is, control goes on and the journal keeps.
            expected = isinstance(err, (LedgerError, OSError))
            if not self._failures:
                _LOGGER.warning("The ledger cannot be written: %s", err, exc_info=not expected)
            wait_s = RETRY_S[min(self._failures, len(RETRY_S) - 1)]
            self._failures += 1
            behind = self._behind()
            self._shut()
            newer = isinstance(err, NewerLedgerError)
            self._now(LedgerState(error=str(err) or type(err).__name__, newer=newer, behind=behind))
            return wait_s

    def answer(self) -> None:
        """Do what was asked for; where there is no ledger now, say so."""
        while self._asked:
            work, answer = self._asked.popleft()
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                if self._ledger is None:
                    raise LedgerAwayError(self.state.error or "the ledger is closed")
                answer.set_result(work(self._ledger))
            except Exception as err:
                answer.set_exception(err)

    def _behind(self) -> int:
        try:
            return self._feed.behind() if self._feed is not None else self.state.behind
        except Exception:
            return self.state.behind

    def _now(self, state: LedgerState) -> None:
        if state != self.state:
            self.state = state
            self._tell(state)

    def _shut(self) -> None:
        ledger, self._ledger, self._feed = self._ledger, None, None
        if ledger is not None:
            ledger.close()
