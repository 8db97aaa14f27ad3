"""What the profiles of a house's Modbus devices say of their entities, for whoever proposes
bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback

from vfarm_core.devices.modbus.roles import ROLES
from vfarm_core.farm.candidates import Hint

from ..const import DOMAIN

if TYPE_CHECKING:
    from ..data import VfarmConfigEntry


@callback
def async_hints(hass: HomeAssistant) -> dict[str, Hint]:
    """By entity id. What a register measures can be the one role that means it, and nothing else:
    a dew point is a temperature, and not that of the air. What an output moves, nobody knows."""
    farms: list[VfarmConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    found = {}
    for farm in farms:
        for entity in farm.runtime_data.modbus.entities:
            said = entity.how.register.role or "diagnostic"
            known = entity.registry_entry
            if known is not None and not said.startswith("actuator."):
                role = ROLES.get(said)
                found[known.entity_id] = Hint(roles=() if role is None else (role,))
    return found
