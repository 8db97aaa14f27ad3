"""What diagnostics keep of a device: enough to understand again, without it, what it said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from vfarm_core.devices.modbus.codec import Reading

from .links import LinkKind
from .poller import Poller


def recorded(poller: Poller, link: str) -> dict[str, Any]:
    """A device without where it is. `raw` is the content of its registers by space and address, in
    the form in which the Modbus library's mock loads it; `at` is when the device said so."""
    wanted, device = poller.wanted, poller.device
    raw: dict[str, dict[str, int]] = {}
    at: dict[str, dict[str, str]] = {}
    for (space, address), word in sorted(poller.raw.words.items()):
        raw.setdefault(space, {})[str(address)] = word
        said = datetime.fromtimestamp(poller.raw.at[space, address], UTC)
        at.setdefault(space, {})[str(address)] = said.isoformat(timespec="seconds")
    found: dict[str, Any] = {
        "subentry": wanted.subentry_id,
        "link": LinkKind(link).value,
        "unit": wanted.unit,
        "profile": wanted.profile_id,
        "known": wanted.profile is not None,
        "model": wanted.model,
        "phases": wanted.phases,
        "in_use": device is not None,
        "readings": {key: _said(reading) for key, reading in sorted(poller.readings.items())},
        "accepted": dict(poller.accepted),
        "raw": raw,
        "at": at,
    }
    if device is not None:
        found["failed_cycles"] = device.health.failed
        found["refused"] = {
            "cuts": sorted(f"{space} {address}" for space, address in device.learned.cuts),
            "registers": sorted(device.learned.unsupported),
        }
    return found


def _said(reading: Reading) -> dict[str, Any]:
    return {
        "value": reading.value,
        "unit": reading.unit,
        "state": reading.state.value,
        "why": None if reading.why is None else reading.why.value,
    }
