"""Serves the dashboard's files and has every page load their entry point."""

from __future__ import annotations

from pathlib import Path

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .const import DOMAIN

URL = f"/{DOMAIN}_static"
ENTRY_POINT = "vfarm.js"
_FOLDER = Path(__file__).parent / "frontend"


async def async_setup_frontend(hass: HomeAssistant) -> None:
    """Register the files, once per process."""
    if "frontend" not in hass.config.components or not await hass.async_add_executor_job(
        (_FOLDER / ENTRY_POINT).is_file
    ):
        return
    integration = await async_get_integration(hass, DOMAIN)
    version = str(integration.version)
    # The version is in the path too: modules that the entry point imports are renewed with it.
    base = f"{URL}/{version}"
    await hass.http.async_register_static_paths(
        [StaticPathConfig(base, str(_FOLDER), cache_headers=True)]
    )
    add_extra_js_url(hass, f"{base}/{ENTRY_POINT}?v={version}")
