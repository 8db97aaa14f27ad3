"""Requests of actions to a running farm, and its answers as response data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from vfarm_core.control.inputs import Request
from vfarm_core.farm.codec import encode

from .data import VfarmConfigEntry
from .entity import checked
from .targets import error


@callback
def ask(entry: VfarmConfigEntry, request: Request) -> dict[str, Any]:
    """Ask a running farm; its answer as response data. Raises ServiceValidationError."""
    engine = entry.runtime_data.engine
    if not engine.running:
        raise error("not_running", farm=entry.title)
    return response(checked(engine.request(request)).data)


def response(data: Mapping[str, Any]) -> dict[str, Any]:
    """Answer data for people: instants (named `..._at`) as ISO 8601."""
    found: dict[str, Any] = encode(data)
    return {
        key: _iso(value) if key.endswith("_at") and isinstance(value, float) else value
        for key, value in found.items()
    }


def _iso(at: float) -> str:
    return dt_util.utc_from_timestamp(at).isoformat()
