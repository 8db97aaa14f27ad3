"""Actions for recipes. What they do stands in `recipe_desk`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from enum import StrEnum
from typing import Any

import voluptuous as vol
from homeassistant.const import (
    ATTR_AREA_ID,
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
)
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv

from vfarm_core.farm.nodes import NodeKind
from vfarm_core.recipes.formats.registry import FORMS

from .fields import whole
from .language import async_language
from .recipe_desk import Place, RecipeDesk, async_desk, place_of
from .targets import ATTR_NODE, TARGET_SCHEMA, async_entries, async_targets, error


class RecipeField(StrEnum):
    """The names of their fields."""

    RECIPE = "recipe"
    DOCUMENT = "document"
    PLANTS = "plants"
    CHANGELOG = "changelog"
    BASED_ON = "based_on"
    FORMAT = "format"
    TEXT = "text"
    BASE = "base"
    SAVE = "save"
    OLD = "old"
    NEW = "new"


F = RecipeField
#: A recipe as its text (YAML or JSON) or as plain values.
DOCUMENT = vol.Any(dict, vol.All(str, vol.Length(min=1)))
CHANGELOG = vol.All(cv.ensure_list, [cv.string])
FORMAT = vol.In(tuple(FORMS))

RECIPE_SCHEMAS: Mapping[str, vol.Schema] = {
    "list_recipes": vol.Schema({}),
    "get_recipe": vol.Schema({vol.Required(F.RECIPE): cv.string}),
    "check_recipe": vol.Schema(
        {
            **TARGET_SCHEMA,
            vol.Exclusive(F.DOCUMENT, "what"): DOCUMENT,
            vol.Exclusive(F.RECIPE, "what"): cv.string,
            vol.Optional(F.PLANTS): whole(1),
        }
    ),
    "save_recipe": vol.Schema(
        {
            vol.Required(F.DOCUMENT): DOCUMENT,
            vol.Optional(F.CHANGELOG, default=list): CHANGELOG,
            vol.Optional(F.BASED_ON, default=""): cv.string,
        }
    ),
    "import_recipe": vol.Schema(
        {
            vol.Required(F.FORMAT): FORMAT,
            vol.Required(F.TEXT): cv.string,
            vol.Optional(F.BASE): cv.string,
            vol.Optional(F.SAVE, default=False): cv.boolean,
            vol.Optional(F.CHANGELOG, default=list): CHANGELOG,
        }
    ),
    "export_recipe": vol.Schema(
        {
            vol.Required(F.RECIPE): cv.string,
            vol.Optional(F.FORMAT, default="json"): FORMAT,
        }
    ),
    "diff_recipes": vol.Schema({vol.Required(F.OLD): cv.string, vol.Required(F.NEW): cv.string}),
}

type Response = dict[str, Any]


async def _desk(hass: HomeAssistant, call: ServiceCall) -> RecipeDesk:
    return await async_desk(hass, await async_language(hass, call.context))


async def _list(hass: HomeAssistant, call: ServiceCall) -> Response:
    return await (await _desk(hass, call)).every()


async def _get(hass: HomeAssistant, call: ServiceCall) -> Response:
    return await (await _desk(hass, call)).get(call.data[F.RECIPE])


async def _check(hass: HomeAssistant, call: ServiceCall) -> Response:
    desk, place = await _desk(hass, call), _place(hass, call)
    if F.DOCUMENT in call.data:
        return await desk.check(call.data[F.DOCUMENT], place)
    if F.RECIPE in call.data:
        return await desk.check_known(call.data[F.RECIPE], place)
    raise error("recipe_or_document")


def _place(hass: HomeAssistant, call: ServiceCall) -> Place | None:
    """The levels that the action is aimed at, else the only farm there is; None without one."""
    plants: int | None = call.data.get(F.PLANTS)
    if any(call.data.get(k) for k in (ATTR_NODE, ATTR_DEVICE_ID, ATTR_AREA_ID, ATTR_ENTITY_ID)):
        targets = async_targets(hass, call, NodeKind.LEVEL)
        if len({target.entry.entry_id for target in targets}) > 1:
            raise error("several_farms")
        return place_of(targets[0].entry, [target.node for target in targets], plants)
    entries = async_entries(hass, call)
    if len(entries) == 1:
        return place_of(entries[0], (), plants)
    return None


async def _save(hass: HomeAssistant, call: ServiceCall) -> Response:
    desk = await _desk(hass, call)
    data = call.data
    return await desk.save(data[F.DOCUMENT], data[F.CHANGELOG], data[F.BASED_ON])


async def _import(hass: HomeAssistant, call: ServiceCall) -> Response:
    desk, data = await _desk(hass, call), call.data
    return await desk.take(
        data[F.FORMAT],
        data[F.TEXT],
        data.get(F.BASE),
        save=data[F.SAVE],
        changelog=data[F.CHANGELOG],
    )


async def _export(hass: HomeAssistant, call: ServiceCall) -> Response:
    return await (await _desk(hass, call)).give(call.data[F.RECIPE], call.data[F.FORMAT])


async def _diff(hass: HomeAssistant, call: ServiceCall) -> Response:
    return await (await _desk(hass, call)).compare(call.data[F.OLD], call.data[F.NEW])


RECIPE_HANDLERS: Mapping[
    str, Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, Response]]
] = {
    "list_recipes": _list,
    "get_recipe": _get,
    "check_recipe": _check,
    "save_recipe": _save,
    "import_recipe": _import,
    "export_recipe": _export,
    "diff_recipes": _diff,
}
