"""What all entities of nodes share, and how they come and go with the farm."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, override

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.control.effects import Answer
from vfarm_core.control.inputs import Request, closes
from vfarm_core.control.snapshot import Snapshot
from vfarm_core.farm.nodes import Farm

from .commander import CommandedEntity
from .const import DOMAIN, HARDWARE
from .data import VfarmConfigEntry
from .devices import async_device_info
from .engine import Engine, NotKeptError
from .people import by_of, people_of
from .said import async_in_words

type Specs[D: EntityDescription] = Iterable[tuple[str, D]]


def entity_unique_id(entry: VfarmConfigEntry, node: str, key: str) -> str:
    """The unique id of an entity of a node."""
    return f"{entry.entry_id}:{node}:{key}"


class NodeEntity(CommandedEntity):
    """An entity that shows something of one node."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        node: str,
        description: EntityDescription,
    ) -> None:
        """Belong to the node's device."""
        self.entity_description = description
        self.entry = entry
        self.engine = entry.runtime_data.engine
        self.node = node
        self._attr_unique_id = entity_unique_id(entry, node, description.key)
        self._attr_device_info = async_device_info(hass, entry, entry.runtime_data.farm, node)

    @property
    def snapshot(self) -> Any:
        """How the node looks now, in the kind of snapshot its description reads."""
        return self.engine.snapshot(self.node)

    @property
    @override
    def available(self) -> bool:
        """Whether the farm runs and knows the node."""
        return self.snapshot is not None

    @property
    @override
    def guard_key(self) -> str:
        """Its line in the table of who may command it."""
        return f"{self.platform.domain}.{self.entity_description.key}"

    async def async_ask(self, request: Request) -> Answer:
        """Ask the farm for something; a refusal is the user's error. What does not close anything
        is answered when it is on disk."""
        try:
            answer = checked(self.engine.request(request))
        except ServiceValidationError as err:
            raise await async_in_words(self.hass, err) from err.__cause__
        if not closes(request):
            await async_kept(self.engine)
        return answer


class SnapshotEntity[V](NodeEntity):
    """An entity whose state is a function of its node's snapshot. Writes only what changed: at
    once what is discrete, measured values at most once a minute."""

    discrete = True

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        node: str,
        description: EntityDescription,
    ) -> None:
        """Remember nothing written yet."""
        super().__init__(hass, entry, node, description)
        self._shown: tuple[bool, V | None] = (False, None)

    @abstractmethod
    def value_of(self, snapshot: Any) -> V | None:
        """The state a snapshot asks for."""

    @abstractmethod
    def show(self, value: V | None) -> None:
        """Set the attributes that make the state."""

    def is_gone(self, value: V | None) -> bool:
        """Whether there is nothing to show: that is written at once, and so is its end."""
        return value is None

    def is_urgent(self, before: V | None, value: V | None) -> bool:
        """Whether a change is written at once, and not when the entity may write again."""
        return self.discrete

    @override
    async def async_added_to_hass(self) -> None:
        """Show the present and follow the node."""
        self.async_on_remove(self.engine.listen_node(self.node, self._changed))
        self.async_on_remove(lambda: self.engine.writes.forget(self))
        self._take(self.snapshot)

    @callback
    def _changed(self, snapshot: Snapshot) -> None:
        known, before = self._shown
        value = self.value_of(snapshot)
        if known and value == before:
            return
        gone = self.is_gone(value) or self.is_gone(before)
        urgent = not known or gone or self.is_urgent(before, value)
        self.engine.writes.ask(self, urgent=urgent)

    @callback
    def write(self) -> None:
        """Write the state the node has now, unless it is back to what is shown."""
        before = self._shown
        self._take(self.snapshot)
        if self._shown != before:
            self.async_write_ha_state()

    def _take(self, snapshot: Any) -> None:
        if snapshot is not None:
            value = self.value_of(snapshot)
            self._shown = (True, value)
            self.show(value)


@callback
def async_manage_entities[D: EntityDescription](
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    domain: str,
    specs: Callable[[Farm], Specs[D]],
    make: Callable[[HomeAssistant, VfarmConfigEntry, str, D], NodeEntity],
) -> None:
    """Add the entities of a platform for the farm as it is, and follow its edits: entities of new
    nodes and bindings are added, those of removed ones leave the registry."""
    data = entry.runtime_data
    registry = er.async_get(hass)
    known: set[str] = set()

    @callback
    def sync() -> None:
        wanted = {
            entity_unique_id(entry, node, description.key): (node, description)
            for node, description in specs(data.farm)
        }
        for registered in er.async_entries_for_config_entry(registry, entry.entry_id):
            ours = registered.domain == domain and registered.platform == DOMAIN
            if ours and _is_node_entity(registered) and registered.unique_id not in wanted:
                registry.async_remove(registered.entity_id)
        subentries = data.subentry_ids
        groups: dict[str | None, list[Entity]] = defaultdict(list)
        for unique_id, (node, description) in wanted.items():
            if unique_id not in known:
                groups[subentries.get(node)].append(make(hass, entry, node, description))
        known.clear()
        known.update(wanted)
        for subentry_id, entities in groups.items():
            async_add_entities(entities, config_subentry_id=subentry_id)

    sync()
    entry.async_on_unload(data.listen_topology(sync))


def _is_node_entity(registered: er.RegistryEntry) -> bool:
    """Whether an entity stands for a node, and not for simulated hardware."""
    return HARDWARE not in registered.unique_id


def checked(answer: Answer) -> Answer:
    """The answer, unless it is a refusal. Raises ServiceValidationError."""
    if answer.refused is not None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=answer.refused,
            translation_placeholders=dict(answer.params),
        )
    return answer


async def async_kept(engine: Engine) -> None:
    """Until what was asked for is on disk. Raises HomeAssistantError."""
    try:
        await engine.async_kept()
    except NotKeptError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="not_kept",
            translation_placeholders={"why": str(err)},
        ) from err


async def async_by(hass: HomeAssistant, context: Context | None) -> str:
    """Who asks, for the records: see `people.by_of`."""
    if context is not None and context.user_id is not None:
        await people_of(hass).async_know(context.user_id)
    return by_of(hass, context)
