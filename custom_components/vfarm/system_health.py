"""System health: what version of the core runs, and how many farms."""

from __future__ import annotations

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from vfarm_core import __version__

from .const import DOMAIN
from .data import VfarmConfigEntry


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register the information."""
    register.async_register_info(_async_info)


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
    }
