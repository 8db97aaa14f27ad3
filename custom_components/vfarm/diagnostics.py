"""Diagnostics: what reproduces a problem, without what tells who or where."""

from __future__ import annotations

from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import AnyDeviceEntry

from vfarm_core import __version__
from vfarm_core.control.clock import Now
from vfarm_core.control.protection import gaps
from vfarm_core.farm.build import farm_to_dict
from vfarm_core.farm.codec import encode
from vfarm_core.runtime.replay import record

from .data import VfarmConfigEntry
from .devices import is_hardware, node_of_device
from .engine import Engine
from .ledger import FarmLedger
from .modbus.links import CONF_LINK
from .modbus.recorded import recorded

#: Who asked, what people wrote, and where the farm is.
TO_REDACT = {"by", "why", "note", "name", "title", "batch_title", "time_zone"}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: VfarmConfigEntry
) -> dict[str, Any]:
    """The farm as described, bound and running, and the latest of its journal."""
    data = entry.runtime_data
    engine = data.engine
    now: Now = engine.clock.now()
    told = async_redact_data(
        {
            "core": __version__,
            "kind": entry.data["kind"],
            "running": engine.running,
            "clock": {"farm": now.farm, "mono": now.mono, "speed": engine.clock.speed},
            "due": {"farm": engine.runtime.due.farm, "mono": engine.runtime.due.mono},
            "farm": farm_to_dict(data.farm),
            "entities": dict(engine.points.entities),
            "states": {
                point: None if (state := hass.states.get(entity_id)) is None else state.state
                for point, entity_id in engine.points.entities.items()
            },
            "snapshots": {
                node: encode(snapshot) for node, snapshot in engine.runtime.snapshots.items()
            },
            "commands_sent": engine.actuators.sent,
            "unprotected": [gap.text for gap in gaps(data.farm)],
            "ledger": {
                # What a database says of itself may tell where it is.
                "error": "" if engine.ledger is None else _ledger_error(engine.ledger),
                "in_database": engine.ledger is not None and isinstance(engine.ledger.where, str),
                "behind": 0 if engine.ledger is None else engine.ledger.behind,
            },
            "modbus": _modbus(entry),
            "journal": await engine.journal.async_events(limit=200),
        },
        TO_REDACT,
    )
    # It keeps private texts out by itself: a word in place of each would change what is decided.
    return {**told, "replay": _recording(engine, now)}


def _modbus(entry: VfarmConfigEntry, subentry_id: str | None = None) -> list[dict[str, Any]]:
    """The Modbus devices, or the one of a subentry."""
    return [
        recorded(poller, entry.subentries[key].data[CONF_LINK])
        for key, poller in entry.runtime_data.modbus.pollers.items()
        if key in entry.subentries and subentry_id in (None, key)
    ]


def _recording(engine: Engine, now: Now) -> dict[str, Any]:
    """What `vfarm replay` makes the farm's decisions of again."""
    runtime = engine.runtime
    try:
        return record(runtime.farm, runtime.memory, now, runtime.last)
    except ValueError as err:
        return {"error": str(err)}


def _ledger_error(ledger: FarmLedger) -> str:
    return REDACTED if ledger.error and isinstance(ledger.where, str) else ledger.error


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: VfarmConfigEntry, device: AnyDeviceEntry
) -> dict[str, Any]:
    """One node: how it looks and what is bound to it; or one device that is talked to."""
    data = entry.runtime_data
    if is_hardware(entry, device):
        return {"modbus": _modbus(entry, device.config_subentry_id)}
    node = node_of_device(entry, device)
    snapshot = data.engine.snapshot(node) if node is not None else None
    return async_redact_data(
        {
            "node": node,
            "snapshot": None if snapshot is None else encode(snapshot),
            "bindings": [encode(b) for b in data.farm.bindings if b.node == node],
        },
        TO_REDACT,
    )
