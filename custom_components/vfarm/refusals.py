"""Refusals for the records: each is kept, but a loop that asks again and again fills no disk."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

#: The same refusal of the same person is recorded once in so long (s), with how often it was.
AGAIN_S = 600.0
#: All refusals of a farm together: so many records in an hour.
MOST_AN_HOUR = 60
#: So many pairs of who and what are remembered.
_KEPT = 512

type _Key = tuple[str, str]


@dataclass(slots=True)
class Refusals:
    """What was refused lately in one farm."""

    _told: OrderedDict[_Key, tuple[float, int]] = field(default_factory=OrderedDict)
    _records: deque[float] = field(default_factory=deque)

    def count(self, who: str, what: str, now: float) -> int:
        """Take a refusal at `now` (monotonic s). How often it was since it was recorded last, to be
        recorded now; 0: not now, it is only counted."""
        key = (who, what)
        at, times = self._told.pop(key, (None, 0))
        while self._records and now - self._records[0] >= 3600.0:
            self._records.popleft()
        again = at is not None and now - at < AGAIN_S
        if again or len(self._records) >= MOST_AN_HOUR:
            # Without a record of its own it begins at once when there is room.
            self._put(key, (at if at is not None else now - AGAIN_S, times + 1))
            return 0
        self._records.append(now)
        self._put(key, (now, 0))
        return times + 1

    def _put(self, key: _Key, value: tuple[float, int]) -> None:
        self._told[key] = value
        if len(self._told) > _KEPT:
            self._told.popitem(last=False)
