"""What the tests of the runtime share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.runtime import bundles


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Whatever journals a test has opened are closed at its end."""
    yield
    while bundles.OPENED:
        bundles.OPENED.pop().close()
