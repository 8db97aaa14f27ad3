"""What is said of Modbus devices in the language of the reader."""

from __future__ import annotations

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from vfarm_core.devices.modbus.codec import Reading
from vfarm_core.devices.modbus.errors import Problem, placeholders

from ..const import DOMAIN

_OPTION = f"component.{DOMAIN}.selector.{{selector}}.options.{{key}}"


async def async_profile_words(hass: HomeAssistant) -> Callable[[Problem], str]:
    """What says a problem of a profile with its place, in the language of the system."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})

    def say(problem: Problem) -> str:
        word = _OPTION.format(selector="recipe_word", key="line")
        place = problem.path or "–"
        if problem.line is not None:
            place = f"{place} ({texts.get(word, 'line')} {problem.line})"
        words = texts.get(_OPTION.format(selector="profile_problem", key=problem.code))
        said = problem.message if words is None else words.format(**placeholders(problem))
        return f"{place}: {said}"

    return say


async def async_why(hass: HomeAssistant, why: str, language: str | None = None) -> str:
    """Why something could not be read or written."""
    texts = await async_get_translations(
        hass, language or hass.config.language, "selector", {DOMAIN}
    )
    return texts.get(_OPTION.format(selector="modbus_why", key=why), why.replace("_", " "))


async def async_said(hass: HomeAssistant, reading: Reading | None, language: str) -> str:
    """What a device said of a register, with its unit, or why it said nothing."""
    if reading is None:
        return "–"
    if reading.why is not None:
        return f"– ({await async_why(hass, reading.why.value, language)})"
    value = reading.label if reading.label is not None else reading.value
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {reading.unit}".rstrip()
