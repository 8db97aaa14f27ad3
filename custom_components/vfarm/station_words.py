"""What is wrong with stations, in the words of a language."""

from __future__ import annotations

from collections.abc import Iterable

from homeassistant.core import HomeAssistant

from vfarm_core.devices.stations.model import Problem

from .card_words import async_card_words


async def async_problems(
    hass: HomeAssistant, problems: Iterable[str], language: str | None = None
) -> tuple[str, ...]:
    """Problems of stations in a language, that of the system without one. What has no key (a file
    that cannot be read) is said as it came."""
    words = await async_card_words(hass, language or hass.config.language)
    return tuple(
        words[key].format(**problem.params)
        if isinstance(problem, Problem) and (key := f"station_problem_{problem.key}") in words
        else str(problem)
        for problem in problems
    )
