"""What is bound at the farm itself: the air outside, its power, the prices of its energy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
)

from vfarm_core.farm.roles import SPECS, RoleKind, spec

from .readable import reference, why_no_forecast, why_not_bound, why_not_read

#: The roles of a farm, in the order of the form.
ROLES = tuple(role for role, facts in SPECS.items() if "farm" in facts.nodes)

type Bindings = Iterable[Mapping[str, Any]]


def fields() -> dict[vol.Marker, Any]:
    """One entity for each role of the farm; all may be left open."""
    return {
        vol.Optional(role.value): EntitySelector(
            EntitySelectorConfig(
                filter=EntityWithDeviceFilterSelectorConfig(domain=list(spec(role).domains))
            )
        )
        for role in ROLES
    }


def shown(hass: HomeAssistant, bindings: Bindings) -> dict[str, str]:
    """The entity of each role that has one, under its name of now."""
    registry = er.async_get(hass)
    found: dict[str, str] = {}
    for b in bindings:
        if entity_id := er.async_resolve_entity_id(registry, b["entity"]):
            found.setdefault(b["role"], entity_id)
    return found


def rebound(
    hass: HomeAssistant, bindings: Bindings, values: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """The bindings after a form. What it does not change stays as it was bound, with its unit."""
    bindings = list(bindings)
    before = shown(hass, bindings)
    kept: list[Mapping[str, Any]] = []
    for role in (r.value for r in ROLES):
        entity_id = values.get(role)
        if entity_id and entity_id == before.get(role):
            kept += [b for b in bindings if b["role"] == role]
        elif entity_id:
            kept.append({"id": f"farm.{role}", "role": role, "entity": reference(hass, entity_id)})
    return kept


def errors(
    hass: HomeAssistant, bindings: Bindings, values: Mapping[str, Any]
) -> tuple[dict[str, str], Mapping[str, Any]]:
    """The first entity that cannot be what it is chosen for, as the error of its field; all errors
    of a form share what they are filled in with. One that was bound before is not asked again."""
    before = shown(hass, bindings)
    for role in ROLES:
        entity_id = values.get(role.value)
        if not entity_id or entity_id == before.get(role.value):
            continue
        wrong = why_not_bound(hass, entity_id)
        if wrong is None and spec(role).kind is RoleKind.MEASURE:
            wrong = why_not_read(hass, entity_id, role)
        elif wrong is None and spec(role).kind is RoleKind.FORECAST:
            wrong = why_no_forecast(hass, entity_id)
        if wrong is not None:
            return {role.value: wrong[0]}, wrong[1]
    return {}, {}
