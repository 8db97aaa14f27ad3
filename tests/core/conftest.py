"""Fixtures of the core's tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.core.support import Bench, bench_farm

# How long an example takes says more of the machine, and of who else uses it, than of the code.
settings.register_profile("vfarm", deadline=None)
settings.load_profile("vfarm")


@pytest.fixture
def bench() -> Bench:
    """A running bench farm, an hour before lights-on, nothing growing."""
    return Bench(bench_farm())
