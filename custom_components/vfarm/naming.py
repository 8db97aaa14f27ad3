"""What the parts of a farm are called, in place of the keys that the core names in a problem.

The core tells of a node, a binding or a role by its key; a person knows the name that they gave to
the part, and the word that their language has for the role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_cached_translations

from vfarm_core.farm.build import Problem

from .const import CONF_BINDINGS, DOMAIN
from .farm_data import Part
from .stored import node_in, node_name

#: Parameters of problems that are keys of nodes or bindings.
_PLACES: Final = frozenset(
    (
        *("binding", "device", "feedback", "id", "isolation", "level", "meter", "node"),
        *("other", "pump", "target"),
    )
)
#: Parameters that have a word of a selector, or several.
_WORDS: Final[Mapping[str, str]] = {
    "kind": "node_kind",
    "nodes": "node_kind",
    "role": "role",
    "roles": "role",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names of one farm's parts, with the words of one language (`selector` texts)."""

    entry: ConfigEntry
    words: Mapping[str, str]
    #: A part that is edited, or not stored yet: its names go before those that are stored.
    draft: Part | None = None

    def word(self, selector: str, key: str) -> str:
        """The word of a key; the key with blanks where there is none."""
        path = f"component.{DOMAIN}.selector.{selector}.options.{key}"
        return self.words.get(path, key.replace("_", " "))

    def role(self, key: str) -> str:
        """What a role is called."""
        return self.word("role", key)

    def place(self, key: str) -> str:
        """What a node is called, or a binding: its role and its node. The key itself where the
        farm has neither."""
        for data in (
            *((self.draft.data,) if self.draft is not None else ()),
            self.entry.data,
            *(sub.data for sub in self.entry.subentries.values()),
        ):
            for binding in data.get(CONF_BINDINGS, ()):
                if binding["id"] == key:
                    node = self._node(binding.get("node", self.entry.entry_id))
                    return f"{self.role(binding['role'])} ({node})"
        return self._node(key)

    def _node(self, key: str) -> str:
        name = node_name(self.entry, key)
        if name == key and self.draft is not None:
            return node_in(self.draft, key) or key
        return name

    def problem(self, problem: Problem) -> Problem:
        """The same problem with names in its parameters."""
        said = {key: self._said(key, value) for key, value in problem.params.items()}
        return replace(problem, params=said)

    def _said(self, key: str, value: str) -> str:
        if key in _PLACES:
            return self.place(value)
        if (selector := _WORDS.get(key)) is not None:
            return ", ".join(self.word(selector, one) for one in value.split(", "))
        return value


@callback
def async_naming(
    hass: HomeAssistant,
    entry: ConfigEntry,
    language: str | None = None,
    draft: Part | None = None,
) -> Naming:
    """The names of a farm's parts in a language that is loaded; in that of the system, which always
    is, where none is given."""
    words = async_get_cached_translations(
        hass, language or hass.config.language, "selector", DOMAIN
    )
    return Naming(entry=entry, words=words, draft=draft)


@callback
def async_entity_name(hass: HomeAssistant, kept: str) -> str:
    """The entity id of what a binding keeps: the id of a registry entry, which may be deleted, or
    an entity id."""
    registry = er.async_get(hass)
    if (known := er.async_resolve_entity_id(registry, kept)) is not None:
        return known
    gone = (entry.entity_id for entry in registry.deleted_entities.values() if entry.id == kept)
    return next(gone, kept)
