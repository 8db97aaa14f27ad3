"""System health: what runs, what can be written, what waits and what is missing."""

from __future__ import annotations

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from vfarm_core import __version__
from vfarm_core.farm.roles import Loop

from .backups import BackupsUnknownError, async_last_backup
from .const import DOMAIN
from .data import VfarmConfigEntry


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register the information."""
    register.async_register_info(_async_info)


async def _async_backup(hass: HomeAssistant) -> str:
    """The day of the newest backup; what Home Assistant says when nobody knows it."""
    try:
        last = await async_last_backup(hass)
    except BackupsUnknownError:
        return "unknown"
    return "never" if last is None else f"{dt_util.as_local(last.at):%Y-%m-%d}"


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[VfarmConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    running = [entry for entry in entries if entry.runtime_data.engine.running]
    return {
        "core_version": __version__,
        "farms": len(entries),
        "farms_running": len(running),
        "levels": sum(len(entry.runtime_data.farm.levels) for entry in entries),
        "journals_ok": all(
            entry.runtime_data.engine.runtime.memory.farm.journal_ok for entry in running
        ),
        "history_waits": sum(
            ledger.behind for e in entries if (ledger := e.runtime_data.engine.ledger) is not None
        ),
        "history_ok": not any(
            ledger.error for e in entries if (ledger := e.runtime_data.engine.ledger) is not None
        ),
        "entities_missing": sum(len(e.runtime_data.engine.points.missing) for e in entries),
        "loops_armed": ", ".join(
            loop.value
            for loop in Loop
            if all(
                loop not in entry.runtime_data.engine.runtime.memory.farm.disarmed
                for entry in running
            )
        )
        or "–",
        "last_backup": _async_backup(hass),
    }
