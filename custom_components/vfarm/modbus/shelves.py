"""The profiles at hand: those that ship with vfarm, and a grower's own in the configuration folder.

A grower's own are YAML files in `<config>/vfarm/modbus`. They are read anew whenever a device is
set up or asked for, away from the event loop; a file that cannot be used is a repair issue that
names the file, the line and what is wrong there, and hides no other profile.
"""

from __future__ import annotations

from pathlib import Path

from homeassistant.core import HomeAssistant

from vfarm_core.devices.modbus.library import Shelf, shelf

from ..const import DOMAIN
from ..issues import async_tell_profiles


def folder(hass: HomeAssistant) -> Path:
    """Where a grower's own profiles lie."""
    return Path(hass.config.path(DOMAIN, "modbus"))


async def async_shelf(hass: HomeAssistant) -> Shelf:
    """Every profile, and what is wrong with the files that are none."""
    found = await hass.async_add_executor_job(shelf, folder(hass))
    await async_tell_profiles(hass, found.problems)
    return found
