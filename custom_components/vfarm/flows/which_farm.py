"""Hardware that was discovered belongs to a farm: which one, and then it is a part of it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import DOMAIN

CONF_FARM = "farm"


def farms(hass: HomeAssistant) -> dict[str, ConfigEntry]:
    """The farms that run, by id."""
    return {entry.entry_id: entry for entry in hass.config_entries.async_loaded_entries(DOMAIN)}


def is_known(hass: HomeAssistant, unique_id: str) -> bool:
    """Whether a farm has the hardware already."""
    return any(
        subentry.unique_id == unique_id
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry in entry.subentries.values()
    )


def schema(hass: HomeAssistant) -> vol.Schema:
    """Which farm; the only one is proposed."""
    options = [
        SelectOptionDict(value=entry.entry_id, label=entry.title)
        for entry in sorted(farms(hass).values(), key=lambda entry: entry.title.casefold())
    ]
    alone = options[0]["value"] if len(options) == 1 else vol.UNDEFINED
    return vol.Schema(
        {
            vol.Required(CONF_FARM, default=alone): SelectSelector(
                SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
            )
        }
    )


def add(hass: HomeAssistant, farm: str, subentry: ConfigSubentry) -> bool:
    """Make the hardware a part of a farm; False when that farm is gone."""
    entry = farms(hass).get(farm)
    if entry is None:
        return False
    hass.config_entries.async_add_subentry(entry, subentry)
    return True


def subentry_of(kind: str, title: str, data: dict[str, Any], unique_id: str) -> ConfigSubentry:
    """The part of a farm that some hardware is to be."""
    return ConfigSubentry(
        data=MappingProxyType(data), subentry_type=kind, title=title, unique_id=unique_id
    )
