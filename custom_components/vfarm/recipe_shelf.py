"""The recipes a person can choose, read once and away from the event loop."""

from __future__ import annotations

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from vfarm_core.recipes.library import load_shipped, shipped
from vfarm_core.recipes.model import Recipe

from .const import DOMAIN

_SHELF: HassKey[dict[str, Recipe]] = HassKey(f"{DOMAIN}_recipes")


async def async_recipes(hass: HomeAssistant) -> dict[str, Recipe]:
    """Every recipe by id."""
    if (shelf := hass.data.get(_SHELF)) is None:
        shelf = hass.data[_SHELF] = await hass.async_add_executor_job(read_recipes)
    return shelf


def read_recipes() -> dict[str, Recipe]:
    """Read the shipped recipes. Blocking."""
    return {header.id: load_shipped(header.id) for header in shipped()}
