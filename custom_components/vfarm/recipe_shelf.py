"""The recipes a person can choose: the shipped ones and those in the configuration folder.

A grower's own recipes are YAML files in `<config>/vfarm/recipes`. They are read anew whenever one
is asked for, away from the event loop; a file that cannot be used is a repair issue that names the
file, the place in it and what would be accepted, and hides no other recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from homeassistant.core import HomeAssistant

from vfarm_core.recipes.library import Catalogue, catalogue
from vfarm_core.recipes.model import Recipe

from .const import DOMAIN
from .issues import async_tell_recipes


def folder(hass: HomeAssistant) -> Path:
    """Where a grower's own recipes lie."""
    return Path(hass.config.path(DOMAIN, "recipes"))


async def async_catalogue(hass: HomeAssistant) -> Catalogue:
    """Every recipe with its header, and what is wrong with the files that are none."""
    found = await hass.async_add_executor_job(catalogue, folder(hass))
    await async_tell_recipes(hass, found.problems)
    return found


async def async_recipes(hass: HomeAssistant) -> Mapping[str, Recipe]:
    """Every recipe by id."""
    return (await async_catalogue(hass)).recipes


async def async_shipped(hass: HomeAssistant) -> Mapping[str, Recipe]:
    """The recipes that come with vfarm, by id."""
    return (await hass.async_add_executor_job(catalogue)).recipes
