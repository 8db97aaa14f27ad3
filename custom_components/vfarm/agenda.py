"""What comes for a farm, as its calendar and its list of tasks show it: the core's agenda, looked
at again when something of it has changed, in the words of the system's language."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from typing import override

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event as HomeAssistantEvent
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.event import async_track_time_change

from vfarm_core.batches.agenda import Kind, Occasion
from vfarm_core.control.agenda import Agenda
from vfarm_core.control.effects import Event
from vfarm_core.control.furnishing import gaps
from vfarm_core.control.snapshot import Snapshot
from vfarm_core.farm.nodes import Farm

from .data import VfarmConfigEntry
from .entity import NodeEntity
from .onboarding import DRY_DAYS, dry_days, dry_missing
from .words import Words, async_words, level_name, places

#: Events after which the agenda may be another one, by what they begin with.
_TELLING = ("batch_", "phase_", "recipe_", "task_", "probe_", "pump_calibrated", "rollout_")


#: So many open bindings are named; the place of a task is narrow (design choice).
_GAPS = 8


class AgendaEntity(NodeEntity):
    """An entity that shows what comes, and writes when that has changed."""

    words: Words

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        node: str,
        description: EntityDescription,
    ) -> None:
        """Know nothing yet."""
        super().__init__(hass, entry, node, description)
        self.words = Words({})
        self._seen: Agenda | None = None
        self._written = False

    @property
    def farm(self) -> Farm:
        """The farm as it runs."""
        return self.engine.farm

    @property
    def now(self) -> float:
        """Farm time."""
        return self.engine.clock.now().farm

    def day(self, at: float) -> dt.date:
        """The day of an instant, by the farm's clock."""
        return dt.datetime.fromtimestamp(at, self.farm.tz).date()

    @property
    def agenda(self) -> Agenda:
        """What comes, as it is known now."""
        return self.entry.runtime_data.agenda.now()

    @abstractmethod
    def look(self) -> bool:
        """Work out anew what is shown; whether it has changed."""

    @override
    async def async_added_to_hass(self) -> None:
        """Show the present and follow the farm."""
        self.words = await async_words(self.hass)
        self.async_on_remove(self.engine.listen_node(self.node, self._published))
        self.async_on_remove(self.engine.listen_events(self._happened))
        self.async_on_remove(self.entry.runtime_data.agenda.listen(self._look_and_write))
        self.async_on_remove(
            self.hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._async_language)
        )
        # What is only planned publishes nothing, and is due some day all the same.
        self.async_on_remove(
            async_track_time_change(self.hass, self._midnight, hour=0, minute=0, second=5)
        )
        if self.available:
            self.look()

    @callback
    def _published(self, snapshot: Snapshot) -> None:
        # A farm is published for much that is of no interest here.
        if self.agenda is not self._seen:
            self._look_and_write()

    @callback
    def _happened(self, event: Event) -> None:
        if event.kind.startswith(_TELLING):
            self.entry.runtime_data.agenda.forget()
            self._look_and_write()

    @callback
    def _midnight(self, now: dt.datetime) -> None:
        self._look_and_write()

    async def _async_language(self, event: HomeAssistantEvent) -> None:
        self.words = await async_words(self.hass)
        self._look_and_write()

    @callback
    def _look_and_write(self) -> None:
        if not self.available:
            return
        self._seen = self.agenda
        if self.look() or not self._written:
            self._written = True
            self.async_write_ha_state()

    # -- words ----------------------------------------------------------------------------------

    def summary(self, occasion: Occasion) -> str:
        """What it is, in a few words."""
        word = self.words.option("task", occasion.kind)
        if occasion.kind is Kind.PHASE:
            return f"{occasion.title}: {occasion.what}"
        if occasion.kind is Kind.ONBOARDING:
            return self.words.option("onboarding", occasion.what)
        if occasion.kind is Kind.CLEAN:
            return f"{word}: {places(self.farm, occasion.levels)}"
        if occasion.kind in (Kind.CALIBRATE, Kind.CALIBRATE_PUMP):
            binding = self.farm.binding.get(occasion.what)
            role = occasion.what if binding is None else self.words.option("role", binding.role)
            return f"{word}: {occasion.title}, {role}"
        return f"{word}: {occasion.title}"

    def description(self, occasion: Occasion) -> str:
        """What else is known of it, a line for each."""
        lines = []
        if occasion.kind is Kind.ONBOARDING:
            return self._to_set_up(occasion.what)
        if occasion.kind is Kind.TRANSPLANT:
            lines.append(occasion.what)
        if occasion.plants:
            where = places(self.farm, occasion.levels)
            lines.append(f"{occasion.plants} × {where}" if where else f"{occasion.plants} ×")
        if occasion.kg is not None:
            low, mid, high = occasion.kg
            lines.append(f"{mid:.1f} kg" if low == high else f"{mid:.1f} kg ({low:.1f}–{high:.1f})")
        if occasion.until is not None and self.day(occasion.until) != self.day(occasion.at):
            lines.append(f"{self.day(occasion.at)} – {self.day(occasion.until)}")
        return "\n".join(lines)

    def _to_set_up(self, what: str) -> str:
        """How far the farm is with a task of setting it up, and what is open still."""
        if what == "dry_week":
            why = (self.words.option("dry_day", key) for key in dry_missing(self.entry))
            return "\n".join([f"{dry_days(self.entry)} / {DRY_DAYS}", *why])
        if what != "bind":
            return ""
        lines = []
        found = gaps(self.farm, self.engine.runtime.memory)
        for gap in found[:_GAPS]:
            key = "is_silent" if gap.silent else "is_unbound"
            node = self.farm.nodes.get(gap.node)
            where = (
                level_name(self.farm, gap.node)
                if gap.node in self.farm.level
                else node.name
                if node is not None
                else self.farm.name
            )
            role = self.words.option("role", gap.role)
            lines.append(self.words.message(key, {"node": where, "role": role}))
        if len(found) > _GAPS:
            lines.append("…")
        return "\n".join(lines)
