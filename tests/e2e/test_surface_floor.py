"""The whole surface on the oldest Home Assistant that vfarm supports."""

from __future__ import annotations

import pytest
from surface import *  # noqa: F403


@pytest.fixture(scope="module")
def release() -> str:
    """Which one it is."""
    return "floor"
