"""The calendar of a farm: sowing, phases, transplants, harvests, cleaning, checks of probes.

It shows what follows from batches and their recipes, so that only two things are done in it: a
batch is planned, and the sowing of a planned one is moved.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, override

from homeassistant.components.calendar import (
    DOMAIN as CALENDAR_DOMAIN,
)
from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEntityFeature,
    CalendarEvent,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from vfarm_core.batches import lifecycle
from vfarm_core.batches.agenda import Kind, Occasion
from vfarm_core.control.agenda import happened
from vfarm_core.control.inputs import Reschedule, StartBatch
from vfarm_core.farm.nodes import Farm
from vfarm_core.planning.apply import SOWING_HOUR
from vfarm_core.recipes.model import Recipe

from .access import guarded
from .agenda import AgendaEntity
from .data import VfarmConfigEntry
from .entity import Specs, async_by, async_manage_entities
from .recipe_shelf import async_recipes
from .targets import error
from .words import level_name

PARALLEL_UPDATES = 0

AGENDA = CalendarEntityDescription(key="agenda", translation_key="agenda")


def specs(farm: Farm) -> Specs[CalendarEntityDescription]:
    """A farm has one."""
    yield farm.id, AGENDA


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the calendar of a farm."""
    async_manage_entities(hass, entry, async_add_entities, CALENDAR_DOMAIN, specs, FarmCalendar)


class FarmCalendar(AgendaEntity, CalendarEntity):
    """What comes, and what has happened, day by day."""

    _attr_supported_features = (
        CalendarEntityFeature.CREATE_EVENT | CalendarEntityFeature.UPDATE_EVENT
    )
    _next: CalendarEvent | None = None

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """What is on now, or comes next."""
        return self._next

    @override
    def look(self) -> bool:
        before, today = self._next, self.day(self.now)
        shown = (self._event(occasion) for occasion in self.agenda.occasions if occasion.at > 0)
        self._next = next((event for event in shown if _last_day(event) >= today), None)
        return self._next != before

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: dt.datetime, end_date: dt.datetime
    ) -> list[CalendarEvent]:
        """What has happened, and comes, in a time."""
        if not self.available:
            return []
        since, until = start_date.timestamp(), end_date.timestamp()
        # A day counts as a whole.
        found = [
            *happened(self.engine.runtime.memory, since - lifecycle.DAY_S, until),
            *(o for o in self.agenda.occasions if o.at > 0 and o.at < until),
        ]
        first = start_date.astimezone(self.farm.tz).date()
        events = [self._event(occasion) for occasion in found]
        return [
            event
            for event in events
            if _last_day(event) >= first and event.start_datetime_local < end_date
        ]

    def _event(self, occasion: Occasion) -> CalendarEvent:
        day = self.day(occasion.at)
        return CalendarEvent(
            start=day,
            end=day + dt.timedelta(days=1),
            summary=self.summary(occasion),
            description=self.description(occasion) or None,
            location=", ".join(level_name(self.farm, key) for key in occasion.levels) or None,
            uid=occasion.id,
        )

    # -- what is done in it ---------------------------------------------------------------------

    @override
    @guarded
    async def async_create_event(self, **kwargs: Any) -> None:
        """Plan a batch: the recipe is the title, the levels are the place."""
        if kwargs.get("rrule"):
            raise error("calendar_no_repeat")
        recipe = _recipe(await async_recipes(self.hass), kwargs["summary"])
        levels = _levels(self.farm, kwargs.get("location") or kwargs.get("description") or "")
        if recipe is None or not levels:
            raise error("calendar_form", asked=kwargs["summary"])
        sites = {key: self.farm.level[key].sites for key in levels}
        by = await async_by(self.hass, self._context)
        batch = lifecycle.plan(
            id=ulid_now(),
            recipe=recipe,
            plants=sum(sites.values()),
            placements=sites,
            at=self._at(kwargs["dtstart"], None),
            by=by,
        )
        await self.async_ask(StartBatch(batch=batch, recipe=recipe, by=by))

    @override
    @guarded
    async def async_update_event(
        self,
        uid: str,
        event: dict[str, Any],
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Move the sowing of a planned batch."""
        if event.get("rrule"):
            raise error("calendar_no_repeat")
        kind, _, key = uid.partition(":")
        batch = self.engine.runtime.memory.batches.get(key)
        if kind != Kind.SOW or batch is None:
            raise error("calendar_not_moved", event=event.get("summary") or uid)
        at = self._at(event["dtstart"], batch.sown_at)
        if at == batch.sown_at:
            raise error("calendar_only_moved", event=event.get("summary") or uid)
        by = await async_by(self.hass, self._context)
        await self.async_ask(Reschedule(batch=key, sow_at=at, by=by))

    def _at(self, start: dt.date | dt.datetime, before: float | None) -> float:
        """The instant of a start; where only the day is named, the hour stays."""
        tz = self.farm.tz
        if isinstance(start, dt.datetime):
            return dt_util.as_utc(start).timestamp()
        hour = dt.time(SOWING_HOUR)
        if before is not None:
            hour = dt.datetime.fromtimestamp(before, tz).time()
        return dt.datetime.combine(start, hour, tzinfo=tz).timestamp()


def _last_day(event: CalendarEvent) -> dt.date:
    """The last day of an event of whole days."""
    return event.end - dt.timedelta(days=1)


def _recipe(known: Any, text: str) -> Recipe | None:
    """The recipe of this id or title."""
    wanted = text.strip().casefold()
    found: list[Recipe] = [
        recipe
        for key, recipe in known.items()
        if wanted in (key.casefold(), recipe.title.casefold())
    ]
    return found[0] if len(found) == 1 else None


def _levels(farm: Farm, text: str) -> list[str]:
    """The levels of these ids or names, separated by commas; none where one is not clear."""
    found: list[str] = []
    for part in text.replace("\n", ",").split(","):
        name = part.strip().casefold()
        if not name:
            continue
        names = [
            level.id
            for level in farm.levels
            if name in (level.id.casefold(), level.name.casefold())
            or name == level_name(farm, level.id).casefold()
        ]
        if len(names) != 1:
            return []
        if names[0] not in found:
            found.append(names[0])
    return found
