"""The language of the person who asks, for sentences that are put together here.

Home Assistant translates an error or a label for whoever looks at it; what an action or a websocket
command answers is text already, and is written in the language of the one who called it.
"""

from __future__ import annotations

from homeassistant.components.frontend import DOMAIN as FRONTEND_DOMAIN
from homeassistant.components.frontend.storage import async_user_store
from homeassistant.core import Context, HomeAssistant

#: Under this key the frontend keeps the language that a person has chosen in their profile.
_CHOSEN = "language"


async def async_chosen(hass: HomeAssistant, user_id: str) -> str | None:
    """What a person chose in their profile; None where they left it to the browser."""
    if FRONTEND_DOMAIN not in hass.config.components:
        return None
    store = await async_user_store(hass, user_id)
    kept = store.data.get(_CHOSEN)
    chosen = kept.get("language") if isinstance(kept, dict) else None
    return str(chosen) if chosen else None


async def async_language(hass: HomeAssistant, context: Context | None) -> str:
    """The language of the one who called: their own choice, else that of the system."""
    if context is not None and context.user_id is not None:
        chosen = await async_chosen(hass, context.user_id)
        if chosen is not None:
            return chosen
    return hass.config.language
