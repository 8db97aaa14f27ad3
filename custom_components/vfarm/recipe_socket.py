"""Websocket commands for recipes, so that a dashboard shows, checks and saves them.

`vfarm/recipes/list` {}                                  as the action `list_recipes`
`vfarm/recipes/get` {recipe}                             as `get_recipe`, with `recipe`: its values
                                                         as numbers (`vfarm_core.recipes.model`)
`vfarm/recipes/check` {recipe | document, entry_id?, levels?, plants?}    as `check_recipe`
`vfarm/recipes/diff` {old, new}                          as `diff_recipes`
`vfarm/recipes/export` {recipe, format?}                 as `export_recipe`
`vfarm/recipes/import` {format, text, base?, save?, changelog?}           as `import_recipe`
`vfarm/recipes/save` {document, changelog?, based_on?}   as `save_recipe`

Each takes a `language`, in which sentences are written; that of the system without one. A refusal
is an error whose code is that of the refusal and whose message is its sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

import voluptuous as vol
from homeassistant.components import websocket_api
from homeassistant.components.websocket_api.const import WebSocketCommandHandler
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from .access import guarded_command
from .const import DOMAIN
from .data import VfarmConfigEntry
from .recipe_actions import CHANGELOG, DOCUMENT, FORMAT
from .recipe_desk import Place, RecipeDesk, async_desk, place_of
from .said import async_as_text
from .targets import error

_TYPE: Final = f"{DOMAIN}/recipes"
_LANGUAGE: Final = vol.Optional("language")

type Message = dict[str, Any]
type Answer = Callable[[HomeAssistant, RecipeDesk, Message], Coroutine[Any, Any, Message]]


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register the commands."""
    for name, (schema, answer) in _COMMANDS.items():
        handler = _command(f"{_TYPE}/{name}", schema, answer)
        websocket_api.async_register_command(hass, guarded_command(handler))


def _command(name: str, schema: dict[Any, Any], answer: Answer) -> WebSocketCommandHandler:
    @websocket_api.websocket_command({vol.Required("type"): name, _LANGUAGE: str, **schema})
    @websocket_api.async_response
    async def handle(
        hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: Message
    ) -> None:
        language = msg.get("language", hass.config.language)
        desk = await async_desk(hass, language)
        try:
            result = await answer(hass, desk, msg)
        except ServiceValidationError as err:
            connection.send_error(msg["id"], *await _said(hass, language, err))
            return
        connection.send_result(msg["id"], result)

    return handle


async def _said(hass: HomeAssistant, language: str, err: ServiceValidationError) -> tuple[str, str]:
    """The code of a refusal and its sentence in a language."""
    key = err.translation_key or websocket_api.ERR_UNKNOWN_ERROR
    return key, await async_as_text(hass, err, language)


def _place(hass: HomeAssistant, msg: Message) -> Place | None:
    entries: list[VfarmConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    wanted = msg.get("entry_id")
    if wanted is not None:
        entries = [entry for entry in entries if entry.entry_id == wanted]
        if not entries:
            raise error("not_running", farm=wanted)
    if len(entries) != 1:
        return None
    return place_of(entries[0], msg.get("levels", ()), msg.get("plants"))


async def _list(hass: HomeAssistant, desk: RecipeDesk, msg: Message) -> Message:
    return await desk.every()


async def _get(hass: HomeAssistant, desk: RecipeDesk, msg: Message) -> Message:
    return await desk.values(msg["recipe"])


async def _check(hass: HomeAssistant, desk: RecipeDesk, msg: Message) -> Message:
    place = _place(hass, msg)
    if "document" in msg:
        return await desk.check(msg["document"], place)
    if "recipe" in msg:
        return await desk.check_known(msg["recipe"], place)
    raise error("recipe_or_document")


async def _diff(hass: HomeAssistant, desk: RecipeDesk, msg: Message) -> Message:
    return await desk.compare(msg["old"], msg["new"])


async def _export(hass: HomeAssistant, desk: RecipeDesk, msg: Message) -> Message:
    return await desk.give(msg["recipe"], msg["format"])


async def _import(hass: HomeAssistant, desk: RecipeDesk, msg: Message) -> Message:
    return await desk.take(
        msg["format"],
        msg["text"],
        msg.get("base"),
        save=msg["save"],
        changelog=msg["changelog"],
    )


async def _save(hass: HomeAssistant, desk: RecipeDesk, msg: Message) -> Message:
    return await desk.save(msg["document"], msg["changelog"], msg["based_on"])


_COMMANDS: Final[dict[str, tuple[dict[Any, Any], Answer]]] = {
    "list": ({}, _list),
    "get": ({vol.Required("recipe"): str}, _get),
    "check": (
        {
            vol.Exclusive("document", "what"): DOCUMENT,
            vol.Exclusive("recipe", "what"): str,
            vol.Optional("entry_id"): str,
            vol.Optional("levels"): [str],
            vol.Optional("plants"): vol.All(int, vol.Range(min=1)),
        },
        _check,
    ),
    "diff": ({vol.Required("old"): str, vol.Required("new"): str}, _diff),
    "export": (
        {vol.Required("recipe"): str, vol.Optional("format", default="json"): FORMAT},
        _export,
    ),
    "import": (
        {
            vol.Required("format"): FORMAT,
            vol.Required("text"): str,
            vol.Optional("base"): str,
            vol.Optional("save", default=False): bool,
            vol.Optional("changelog", default=list): CHANGELOG,
        },
        _import,
    ),
    "save": (
        {
            vol.Required("document"): DOCUMENT,
            vol.Optional("changelog", default=list): CHANGELOG,
            vol.Optional("based_on", default=""): str,
        },
        _save,
    ),
}
