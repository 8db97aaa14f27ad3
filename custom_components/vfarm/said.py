"""Refusals in words: those whose placeholders are keys themselves, and those that are told as text
and not as the error that Home Assistant translates for whoever looks at it."""

from __future__ import annotations

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.translation import async_get_translations

from vfarm_core.control.explain import about_reason
from vfarm_core.control.reasons import SPELLED

from .card_words import async_card_words
from .const import DOMAIN
from .targets import error

#: Placeholders of refusals that are keys themselves, and the selector that has their words.
_SAID_BY: Mapping[str, Mapping[str, str]] = {
    "shot_not_ready": {"why": "why"},
    "workflow_wrong_node": {"kind": "workflow"},
    "workflow_too_long": {"kind": "workflow"},
    "workflow_running": {"kind": "workflow"},
    "workflow_last_step": {"kind": "workflow"},
    "limits_disjoint": {
        "quantity": "recipe_word",
        "limit": "recipe_word",
        "when": "recipe_word",
    },
    "override_wrong_node": {"quantity": "quantity", "kind": "node_kind"},
    "override_out_of_range": {"quantity": "quantity"},
    "override_too_long": {"quantity": "quantity"},
    "override_beyond_limits": {"quantity": "quantity"},
    "override_unknown": {"quantity": "quantity"},
    "loop_armed": {"loop": "loop"},
    "loop_disarmed": {"loop": "loop"},
    "rollout_running": {"state": "rollout_state"},
    "rollout_state": {"state": "rollout_state"},
    "rollout_all_levels": {"strategy": "rollout_strategy"},
    "rollout_no_levels": {"strategy": "rollout_strategy"},
    "rollout_levels": {"strategy": "rollout_strategy"},
    "not_allowed": {"role": "user_role", "needs": "user_role"},
}


#: Refusals whose cause is a reason of the core: it is said in the words of the cards.
_REASONED = frozenset({"dose_not_ready", "fill_not_ready", "try_refused"})


async def async_in_words(
    hass: HomeAssistant, err: ServiceValidationError, language: str | None = None
) -> ServiceValidationError:
    """A refusal whose cause is said in a language, not by its key; in that of the system where none
    is given."""
    key = err.translation_key or ""
    keys, placeholders = _SAID_BY.get(key), err.translation_placeholders
    language = language or hass.config.language
    if key in _REASONED and placeholders is not None and "code" in placeholders:
        return error(key, **await _async_reasoned(hass, placeholders, language))
    if keys is None or placeholders is None:
        return err
    texts = await async_get_translations(hass, language, "selector", {DOMAIN})
    said = dict(placeholders)
    for name, selector in keys.items():
        path = f"component.{DOMAIN}.selector.{selector}.options.{said[name]}"
        said[name] = texts.get(path, said[name])
    return error(err.translation_key or "", **said)


async def _async_reasoned(
    hass: HomeAssistant, placeholders: Mapping[str, str], language: str
) -> dict[str, str]:
    """The placeholders with the reason in words."""
    words = await async_card_words(hass, language)
    params = {
        name.removeprefix(SPELLED): value
        for name, value in placeholders.items()
        if name.startswith(SPELLED)
    }
    return {**placeholders, "why": about_reason(words, placeholders["code"], params)}


async def async_as_text(hass: HomeAssistant, err: HomeAssistantError, language: str) -> str:
    """A refusal, or what could not be done, as a sentence of a language."""
    if isinstance(err, ServiceValidationError):
        err = await async_in_words(hass, err, language)
    texts = await async_get_translations(hass, language, "exceptions", {DOMAIN})
    text = texts.get(f"component.{DOMAIN}.exceptions.{err.translation_key}.message")
    if err.translation_domain != DOMAIN or text is None:
        return str(err)
    return text.format_map(err.translation_placeholders or {})
