"""What presets know of the entities of the house, in the words of the person in front of a form."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from vfarm_core.devices.presets.library import shelf
from vfarm_core.devices.presets.preset import Check, Found, Preset, find
from vfarm_core.farm.candidates import Candidate, Why
from vfarm_core.farm.roles import Role

from ..const import DOMAIN
from .language import async_options
from .readable import why_not_bound

_LOGGER = logging.getLogger(__name__)
_NOTHING: Mapping[str, str] = MappingProxyType({})


def candidate(hass: HomeAssistant, state: State) -> Candidate:
    """An entity as choosing sees it."""
    areas = ar.async_get(hass)
    entry = er.async_get(hass).async_get(state.entity_id)
    device = dr.async_get(hass).async_get(entry.device_id) if entry and entry.device_id else None
    ids = (entry.area_id if entry else None, device.area_id if device else None)
    area = next((areas.async_get_area(i) for i in ids if i is not None), None)
    return Candidate(
        id=state.entity_id,
        domain=state.domain,
        name=f"{state.object_id} | {state.name}",
        device=(device.name_by_user or device.name or "") if device else "",
        device_id=device.id if device else "",
        area=area.name if area is not None else "",
        device_class=state.attributes.get("device_class"),
        unit=state.attributes.get("unit_of_measurement"),
        auxiliary=entry is not None
        and (entry.entity_category is not None or entry.hidden_by is not None),
        platform=entry.platform if entry is not None else "",
        made=_made(hass, device) if device is not None else "",
    )


def _made(hass: HomeAssistant, device: dr.DeviceEntry | dr.ChildDeviceEntry) -> str:
    """What its maker and its integration call a device, or what it is a part of."""
    if isinstance(device, dr.ChildDeviceEntry):
        whole = dr.async_get(hass).async_get(device.parent_device_id)
        return _made(hass, whole) if whole is not None else ""
    called = (device.manufacturer, device.model, device.model_id)
    ids = (part for identifier in device.identifiers for part in identifier)
    return " | ".join(str(part) for part in (*called, *ids) if part)


def candidates(hass: HomeAssistant, without: Iterable[str] = ()) -> list[Candidate]:
    """The entities of the house that can be bound, as choosing sees them."""
    left_out = set(without)
    return [
        candidate(hass, state)
        for state in hass.states.async_all()
        if state.entity_id not in left_out and why_not_bound(hass, state.entity_id) is None
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presets:
    """The presets, and the words of what they ask for in the reader's language."""

    known: Mapping[str, Preset] = MappingProxyType({})
    checks: Mapping[str, str] = _NOTHING
    whys: Mapping[str, str] = _NOTHING

    def find(self, hass: HomeAssistant, entity_id: str | None) -> Found | None:
        """What is known of an entity of the house."""
        state = hass.states.get(entity_id) if entity_id else None
        return find(self.known.values(), candidate(hass, state)) if state is not None else None

    def text(self, checks: Iterable[Check]) -> str:
        """What to look at, as lines of Markdown."""
        return "\n".join(f"- {self.checks.get(check, check)}" for check in checks)

    def why(self, reasons: Iterable[Why]) -> str:
        """Reasons in a row."""
        return ", ".join(self.whys.get(why, why) for why in reasons)

    def before(self, hass: HomeAssistant, entity_id: str | None, role: Role) -> str:
        """What to look at before an entity is bound to a role: its name and lines of Markdown,
        empty where nothing is known."""
        found = self.find(hass, entity_id)
        checks = found.checks(role) if found is not None else ()
        state = hass.states.get(entity_id) if entity_id else None
        if not checks or state is None:
            return ""
        return f"**{state.name}**\n{self.text(checks)}"


async def async_known(hass: HomeAssistant) -> Mapping[str, Preset]:
    """The presets that ship with vfarm, and a grower's own in `<config>/vfarm/presets`. A file that
    cannot be used is named in the log and hides no other."""
    found = await hass.async_add_executor_job(shelf, Path(hass.config.path(DOMAIN, "presets")))
    for problem in found.problems:
        _LOGGER.warning("A preset cannot be used: %s", problem)
    return found.presets


async def async_presets(hass: HomeAssistant) -> Presets:
    """The presets, with the words of the person in front of the flow."""
    return Presets(
        known=await async_known(hass),
        checks=await async_options(hass, "preset_check"),
        whys=await async_options(hass, "proposal_why"),
    )
