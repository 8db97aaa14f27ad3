"""The language of the person in front of a flow.

Home Assistant translates one error for each field of a form; a sentence that is put together from
several of them has to be translated here, and a flow is not told for whom it runs.
"""

from __future__ import annotations

from homeassistant.components.http import KEY_HASS_USER
from homeassistant.core import HomeAssistant
from homeassistant.generated.languages import LANGUAGES
from homeassistant.helpers.http import current_request
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.language import matches

from ..const import DOMAIN
from ..language import async_chosen


async def async_language(hass: HomeAssistant) -> str:
    """What the person chose in their profile, else what their browser asks for, else the language
    of the system."""
    request = current_request.get()
    if request is None:
        return hass.config.language
    user = request.get(KEY_HASS_USER)
    if user is not None:
        chosen = await async_chosen(hass, user.id)
        if chosen is not None:
            return chosen
    wanted = request.headers.get("Accept-Language", "").split(",")[0].split(";")[0].strip()
    known = matches(wanted, LANGUAGES) if wanted else []
    return known[0] if known else hass.config.language


async def async_role_names(hass: HomeAssistant) -> dict[str, str]:
    """What roles are called in the reader's language."""
    return await async_options(hass, "role")


async def async_options(hass: HomeAssistant, key: str) -> dict[str, str]:
    """The words of the options of a choice in the reader's language."""
    texts = await async_get_translations(hass, await async_language(hass), "selector", {DOMAIN})
    prefix = f"component.{DOMAIN}.selector.{key}.options."
    return {k.removeprefix(prefix): text for k, text in texts.items() if k.startswith(prefix)}
