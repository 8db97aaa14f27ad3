"""Fixtures of the core's tests."""

from __future__ import annotations

import pytest

from tests.core.support import Bench, bench_farm


@pytest.fixture
def bench() -> Bench:
    """A running bench farm, an hour before lights-on, nothing growing."""
    return Bench(bench_farm())
