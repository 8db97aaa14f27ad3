"""Refusals whose placeholders are keys themselves: they are said in the language of the system."""

from __future__ import annotations

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_translations

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


async def async_in_words(
    hass: HomeAssistant, err: ServiceValidationError
) -> ServiceValidationError:
    """A refusal whose cause is said in the language of the system, not by its key."""
    keys = _SAID_BY.get(err.translation_key or "")
    placeholders = err.translation_placeholders
    if keys is None or placeholders is None:
        return err
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    said = dict(placeholders)
    for name, selector in keys.items():
        path = f"component.{DOMAIN}.selector.{selector}.options.{said[name]}"
        said[name] = texts.get(path, said[name])
    return error(err.translation_key or "", **said)
