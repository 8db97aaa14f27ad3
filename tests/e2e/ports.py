"""Ports of the tests' own: each process of tests has a range, below those that hosts give out."""

from __future__ import annotations

import itertools
import os

from real_ha.process import free_port

_FIRST, _RANGE, _STEP = 21_000, 1_000, 4

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_numbers = itertools.count(_FIRST + _worker * _RANGE, _STEP)


def own_port() -> int:
    """A free port that no other process of tests is about to take, either."""
    return free_port(next(_numbers))
