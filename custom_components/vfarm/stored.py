"""One binding where it is stored: found by its id, changed, taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from vfarm_core.farm.build import Problem

from .const import CONF_BINDINGS, SubentryType
from .farm_data import Part, farm_dict, parts_of
from .flows.checks import problems


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBinding:
    """A binding and the subentry that keeps it; None where the farm's own entry does."""

    entry: ConfigEntry
    subentry: ConfigSubentry | None
    data: Mapping[str, Any]

    def _others(self, new: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
        """The bindings of the same place, with `new` instead of this one."""
        kept: Mapping[str, Any] = self.entry.data if self.subentry is None else self.subentry.data
        found = []
        for binding in kept[CONF_BINDINGS]:
            if binding["id"] != self.data["id"]:
                found.append(binding)
            elif new is not None:
                found.append(new)
        return found

    def new_problems(self, hass: HomeAssistant, new: Mapping[str, Any] | None) -> list[Problem]:
        """What would be wrong with the farm that is not wrong now. What is wrong elsewhere keeps
        nobody from mending this."""
        return [p for p in self._problems(hass, self._others(new)) if p not in self._problems(hass)]

    def own_problems(self, hass: HomeAssistant, new: Mapping[str, Any]) -> list[Problem]:
        """What would still be wrong with the binding, and what would be wrong anew elsewhere."""
        before = self._problems(hass)
        after = self._problems(hass, self._others(new))
        return [p for p in after if p.node == self.data["id"] or p not in before]

    def _problems(
        self, hass: HomeAssistant, bindings: list[Mapping[str, Any]] | None = None
    ) -> tuple[Problem, ...]:
        parts, own = parts_of(self.entry), self.entry.data.get(CONF_BINDINGS, ())
        if bindings is not None and self.subentry is None:
            own = bindings
        elif bindings is not None and self.subentry is not None:
            changed = {**self.subentry.data, CONF_BINDINGS: bindings}
            parts = parts_of(self.entry, instead={self.subentry.subentry_id: changed})
        farm = farm_dict(self.entry.entry_id, self.entry.title, hass.config.time_zone, parts, own)
        return problems(farm)

    @callback
    def async_put(self, hass: HomeAssistant, new: Mapping[str, Any] | None) -> None:
        """Store the binding as it is now, or take it out: an edit as any other, which a running
        farm applies as a difference."""
        bindings = [dict(binding) for binding in self._others(new)]
        if self.subentry is None:
            data = {**self.entry.data, CONF_BINDINGS: bindings}
            hass.config_entries.async_update_entry(self.entry, data=data)
            return
        hass.config_entries.async_update_subentry(
            self.entry, self.subentry, data={**self.subentry.data, CONF_BINDINGS: bindings}
        )


def stored_binding(entry: ConfigEntry, binding: str) -> StoredBinding | None:
    """A binding by its id."""
    for subentry in (None, *entry.subentries.values()):
        kept: Mapping[str, Any] = entry.data if subentry is None else subentry.data
        for data in kept.get(CONF_BINDINGS, ()):
            if data["id"] == binding:
                return StoredBinding(entry=entry, subentry=subentry, data=data)
    return None


def node_name(entry: ConfigEntry, node: str) -> str:
    """What a person calls a node; its id where it is not there."""
    for part in parts_of(entry):
        if (name := node_in(part, node)) is not None:
            return name
    return entry.title if node == entry.entry_id else node


def node_in(part: Part, node: str) -> str | None:
    """What a person calls a node of a part, which may be a draft without an id or levels yet."""
    if part.data.get("id") == node:
        return part.title
    # Circuits and supplies name levels; a rack has them.
    for level in part.data.get("levels", ()) if part.type is SubentryType.RACK else ():
        if level["id"] == node:
            return f"{part.title} · {level['name']}"
    return None
