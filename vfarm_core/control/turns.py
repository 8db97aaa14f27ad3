"""Turns: what is done of every node now and then is not done of all of them in the same step."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32


@lru_cache(maxsize=8192)
def turn_s(key: str, every_s: float) -> float:
    """When within an interval (s) a node has its turn: always the same, spread over all nodes."""
    return crc32(key.encode()) % every_s


def is_due(key: str, now: float, last: float, every_s: float) -> bool:
    """Whether the turn of a node has come since it was last done (s of farm time): at most
    `every_s` after it, at the first time perhaps sooner."""
    turn = turn_s(key, every_s)
    return (now + turn) // every_s > (last + turn) // every_s
