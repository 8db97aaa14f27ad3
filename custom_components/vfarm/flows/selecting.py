"""Choices in forms."""

from __future__ import annotations

from collections.abc import Iterable

from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)


def dropdown(options: Iterable[str], key: str | None = None) -> SelectSelector:
    """A choice among texts; with `key` they are keys of words."""
    config = SelectSelectorConfig(options=list(options), mode=SelectSelectorMode.DROPDOWN)
    if key is not None:
        config["translation_key"] = key
    return SelectSelector(config)


def listed(options: Iterable[SelectOptionDict]) -> SelectSelector:
    """A choice among named things, all of them in view."""
    return SelectSelector(SelectSelectorConfig(options=list(options), mode=SelectSelectorMode.LIST))
