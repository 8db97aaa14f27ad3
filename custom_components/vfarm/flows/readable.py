"""Whether an entity can be read as what a role needs: what the core cannot see of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from vfarm_core.farm.roles import Role, spec
from vfarm_core.farm.units import UnitError, linear

from ..const import DOMAIN, HARDWARE
from ..prices import prices_of

#: The key of what is wrong, and what its text is filled in with.
type Wrong = tuple[str, Mapping[str, Any]]


def reference(hass: HomeAssistant, entity_id: str) -> str:
    """How a binding keeps an entity: by registry id, which survives a rename, if it has one."""
    registered = er.async_get(hass).async_get(entity_id)
    return registered.id if registered is not None else entity_id


def why_not_bound(hass: HomeAssistant, entity_id: str) -> Wrong | None:
    """Why an entity cannot be bound to anything; None when it can."""
    registered = er.async_get(hass).async_get(entity_id)
    if registered is None:
        missing = hass.states.get(entity_id) is None
        return ("entity_missing", {"entity": entity_id}) if missing else None
    if registered.disabled:
        return "entity_disabled", {"entity": entity_id}
    if registered.platform == DOMAIN and HARDWARE not in registered.unique_id:
        return "own_entity", {"entity": entity_id}
    return None


def why_not_read(
    hass: HomeAssistant, entity_id: str, role: Role, override: str | None = None
) -> Wrong | None:
    """Why a sensor cannot be read in the unit of a role; None when it can, and while it says
    nothing of itself. `override` is the unit a person says it has."""
    state = hass.states.get(entity_id)
    known = state is not None and state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    if state is not None and known:
        try:
            float(state.state)
        except ValueError:
            return "not_numeric", {"entity": entity_id, "state": state.state}
    unit = override or (state.attributes.get("unit_of_measurement") if state else None)
    if not known and override is None:
        return None
    try:
        linear(unit, spec(role).unit)
    except UnitError as err:
        return "wrong_unit" if unit else "no_unit", {
            "unit": unit or "–",
            "role": role.value,
            "accepted": ", ".join(u for u in err.accepted if u),
        }
    return None


def why_no_forecast(hass: HomeAssistant, entity_id: str) -> Wrong | None:
    """Why an entity tells no prices of the hours to come; None when it does, and while it says
    nothing of itself."""
    state = hass.states.get(entity_id)
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return None
    return None if prices_of(state).slots else ("no_prices", {"entity": entity_id})
