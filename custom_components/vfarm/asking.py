"""Requests of actions to a running farm, and its answers as response data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.util import dt as dt_util

from vfarm_core.control.inputs import Request, closes
from vfarm_core.farm.codec import encode

from .data import VfarmConfigEntry
from .engine import Engine
from .entity import async_kept, checked
from .targets import error


async def ask(entry: VfarmConfigEntry, request: Request) -> dict[str, Any]:
    """Ask a running farm; its answer as response data, when what was asked for is on disk. What
    closes something is answered at once. Raises ServiceValidationError when it is refused,
    HomeAssistantError when it is done and could not be written down."""
    return (await ask_all([(entry, request)]))[0]


async def ask_all(asked: Iterable[tuple[VfarmConfigEntry, Request]]) -> list[dict[str, Any]]:
    """Ask for several things at once, as `ask` does: they are written down together."""
    answers = []
    unkept: dict[Engine, None] = {}
    for entry, request in asked:
        engine = entry.runtime_data.engine
        if not engine.running:
            raise error("not_running", farm=entry.title)
        answers.append(response(checked(engine.request(request)).data))
        if not closes(request):
            unkept[engine] = None
    for engine in unkept:
        await async_kept(engine)
    return answers


def response(data: Mapping[str, Any]) -> dict[str, Any]:
    """Answer data for people: instants (named `at` or `..._at`) as ISO 8601."""
    found: dict[str, Any] = encode(data)
    return {
        key: _iso(value)
        if (key == "at" or key.endswith("_at")) and isinstance(value, float)
        else value
        for key, value in found.items()
    }


def _iso(at: float) -> str:
    return dt_util.utc_from_timestamp(at).isoformat()
