"""Numbers and instants as people read them, for reasons."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=4096)
def clock_time(at: float, tz: ZoneInfo) -> str:
    """An instant as local HH:MM."""
    return dt.datetime.fromtimestamp(at, tz).strftime("%H:%M")


@lru_cache(maxsize=4096)
def moment(at: float, now: float, tz: ZoneInfo) -> str:
    """An instant as local HH:MM, with its date where that is more than a day away."""
    local = dt.datetime.fromtimestamp(at, tz)
    return local.strftime("%H:%M" if abs(at - now) < 86400.0 else "%Y-%m-%d %H:%M")


@lru_cache(maxsize=64)
def local_midnight(at: float, tz: ZoneInfo) -> float:
    """The last local midnight at or before an instant."""
    local = dt.datetime.fromtimestamp(at, tz)
    return dt.datetime(local.year, local.month, local.day, tzinfo=tz).timestamp()
