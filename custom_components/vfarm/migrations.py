"""The data of an entry and its subentries from version to version.

Everything that came since the first version has a default in the core, so what that stored is still
read as it is; `tests/integration/fixtures` has it. A minor version adds and never reinterprets: an
older vfarm reads it. A major version is refused by what is older, by Home Assistant itself.
"""

from __future__ import annotations

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from . import issues
from .const import DOMAIN

VERSION: Final = 1
MINOR_VERSION: Final = 1


@callback
def async_migrate(entry: ConfigEntry) -> bool:
    """Whether an entry of another version can be read here: one of the same major version, as it
    is. Its own minor version stays, for the vfarm that knows more of it."""
    return entry.version == VERSION


@callback
def async_tell_newer(hass: HomeAssistant) -> None:
    """Tell of entries that a newer vfarm has stored: Home Assistant refuses them with a line in its
    log before this integration is asked."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        issues.async_tell_newer(hass, entry, newer=entry.version > VERSION)
