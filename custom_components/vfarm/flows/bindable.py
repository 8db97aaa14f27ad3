"""Whether an entity can be bound to a role, beside what it reads: who drives it already, what it
can do. Of flows and of repairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant

from vfarm_core.control.readings import parse
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.roles import Role, spec

from ..const import CONF_BINDINGS, DOMAIN
from ..entity_values import can_dim, is_select, own_words, raw_of, smallest_step
from ..farm_data import parts_of
from .readable import Wrong, reference

CONF_ENTITY: Final = "entity"
CONF_ROLE: Final = "role"
CONF_ON_OPTION: Final = "on_option"
CONF_OFF_OPTION: Final = "off_option"


def why_no_contact(hass: HomeAssistant, entity_id: str, role: Role) -> Wrong | None:
    """A contact is on or off, or a number of which 0 is off; None while it says nothing."""
    state = hass.states.get(entity_id)
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return None
    binding = Binding(id="", node="", role=role, entity=entity_id)
    if parse(raw_of(state, binding)[0], binding, None) is None:
        return "not_on_off", {"entity": entity_id, "state": state.state}
    return None


def drives(hass: HomeAssistant, bindings: Iterable[Mapping[str, Any]], entity_id: str) -> bool:
    """Whether one of some bindings drives an entity."""
    kept = reference(hass, entity_id)
    return any(
        b[CONF_ENTITY] in (kept, entity_id) and spec(Role(b[CONF_ROLE])).is_actuator
        for b in bindings
    )


def driving_farm(hass: HomeAssistant, own: ConfigEntry, entity_id: str) -> str | None:
    """The name of another farm that drives an entity."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        bindings = [b for part in parts_of(entry) for b in part.data.get(CONF_BINDINGS, ())]
        if entry.entry_id != own.entry_id and drives(hass, bindings, entity_id):
            return entry.title
    return None


def what_it_can(hass: HomeAssistant, entity_id: str, role: Role) -> dict[str, Any]:
    """What an entity can do, kept with the binding: it may be away when that matters."""
    if not spec(role).is_actuator:
        return {}
    found: dict[str, Any] = {"dims": can_dim(hass, entity_id)}
    if step := smallest_step(hass, entity_id):
        found["step"] = step
    if not is_select(entity_id):
        off, on = own_words(hass, entity_id, role)
        if on is not None:
            found |= {CONF_OFF_OPTION: off, CONF_ON_OPTION: on}
    return found
