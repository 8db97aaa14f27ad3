"""Texts of the integration in the language of the system, for what is no error of an action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from vfarm_core.farm.nodes import Farm

from .const import DOMAIN


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language, by their full keys."""

    texts: Mapping[str, str]

    def option(self, selector: str, key: str) -> str:
        """The word for one of the options of a selector; its key where there is none."""
        return self.texts.get(f"component.{DOMAIN}.selector.{selector}.options.{key}", key)

    def message(self, key: str, placeholders: Mapping[str, str]) -> str:
        """A sentence that an error could be said with."""
        text = self.texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)
        return text.format_map(placeholders)


def level_name(farm: Farm, key: str) -> str:
    """What people call a level: with its rack, where its own name does not say that."""
    level = farm.level.get(key)
    if level is None:
        return key
    rack = farm.nodes[level.rack].name
    return level.name if rack in level.name else f"{rack} {level.name}"


def places(farm: Farm, levels: Mapping[str, int]) -> str:
    """Levels with their sites."""
    return ", ".join(f"{level_name(farm, key)} ({sites})" for key, sites in levels.items())


async def async_words(hass: HomeAssistant) -> Words:
    """The texts in the language of the system."""
    found: dict[str, str] = {}
    for category in ("selector", "exceptions"):
        found |= await async_get_translations(hass, hass.config.language, category, {DOMAIN})
    return Words(found)
