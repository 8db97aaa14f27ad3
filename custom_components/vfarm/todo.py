"""The list of tasks of a farm: what its batches and plans ask for, and what people write down."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import override

from homeassistant.components.todo import (
    DOMAIN as TODO_DOMAIN,
)
from homeassistant.components.todo import (
    TodoItem,
    TodoItemStatus,
    TodoListEntity,
    TodoListEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from vfarm_core.batches.agenda import Kind, Occasion
from vfarm_core.batches.tasks import Task
from vfarm_core.control.inputs import AddTask, EditTask, FinishTask, RemoveTasks, ReopenTask
from vfarm_core.farm.nodes import Farm

from .access import guarded
from .agenda import AgendaEntity
from .data import VfarmConfigEntry
from .entity import Specs, async_by, async_manage_entities
from .people import people_of

PARALLEL_UPDATES = 0

TASKS = EntityDescription(key="tasks", translation_key="tasks")


def specs(farm: Farm) -> Specs[EntityDescription]:
    """A farm has one."""
    yield farm.id, TASKS


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the tasks of a farm."""
    async_manage_entities(hass, entry, async_add_entities, TODO_DOMAIN, specs, FarmTasks)


class FarmTasks(AgendaEntity, TodoListEntity):
    """What people have to do in the next days, and what they have done."""

    _attr_supported_features = (
        TodoListEntityFeature.CREATE_TODO_ITEM
        | TodoListEntityFeature.UPDATE_TODO_ITEM
        | TodoListEntityFeature.DELETE_TODO_ITEM
        | TodoListEntityFeature.SET_DUE_DATE_ON_ITEM
        | TodoListEntityFeature.SET_DUE_DATETIME_ON_ITEM
        | TodoListEntityFeature.SET_DESCRIPTION_ON_ITEM
    )

    @override
    def look(self) -> bool:
        before, now = self._attr_todo_items, self.now
        known = self.agenda
        asked = [self._asked(occasion) for occasion in known.todo(now)]
        kept = [self._kept(task) for task in known.tasks if not task.hidden]
        items = sorted([*asked, *kept], key=self._order)
        self._attr_todo_items = items
        return items != before

    def _asked(self, occasion: Occasion) -> TodoItem:
        return TodoItem(
            uid=occasion.id,
            summary=self.summary(occasion),
            status=TodoItemStatus.NEEDS_ACTION,
            due=self.day(occasion.at) if occasion.at > 0 else None,
            description=self.description(occasion) or None,
        )

    def _kept(self, task: Task) -> TodoItem:
        due: dt.date | dt.datetime | None = None
        if task.due_day is not None:
            due = dt.date.fromisoformat(task.due_day)
        elif task.due_at is not None:
            due = dt_util.as_local(dt_util.utc_from_timestamp(task.due_at))
        done = None if task.done_at is None else dt_util.utc_from_timestamp(task.done_at)
        # Who has done it is said where people look for it.
        note = task.note or None
        if task.done_by:
            note = f"{task.note}\n✓ {people_of(self.hass).call(task.done_by)}".strip()
        return TodoItem(
            uid=task.id,
            summary=task.title,
            status=TodoItemStatus.NEEDS_ACTION if done is None else TodoItemStatus.COMPLETED,
            due=due,
            description=note,
            completed=done,
        )

    @staticmethod
    def _order(item: TodoItem) -> tuple[bool, str, str]:
        """Open ones first, by their day; what has none at the end of them."""
        done = item.status is TodoItemStatus.COMPLETED
        return done, "9999" if item.due is None else item.due.isoformat(), item.uid or ""

    def _known(self, uid: str | None) -> TodoItem | None:
        return next((item for item in self.todo_items or () if item.uid == uid), None)

    @override
    @guarded
    async def async_create_todo_item(self, item: TodoItem) -> None:
        """Write something down."""
        by = await async_by(self.hass, self._context)
        task = self._task(f"{Kind.OWN}:{ulid_now()}", item)
        await self.async_ask(AddTask(task=task, by=by))

    @override
    @guarded
    async def async_update_todo_item(self, item: TodoItem) -> None:
        """Tick something, or write it down anew."""
        by = await async_by(self.hass, self._context)
        uid = item.uid or ""
        known = self._known(uid)
        if known is None or (item.summary, item.due, item.description) != (
            known.summary,
            known.due,
            known.description,
        ):
            task = self._task(uid, item)
            kept = self.engine.runtime.memory.tasks.get(uid)
            if known is not None and kept is not None and item.description == known.description:
                # What is shown says who has done it, too: that is no part of the note.
                task = replace(task, note=kept.note)
            await self.async_ask(EditTask(task=task, by=by))
        if known is None or item.status == known.status:
            return
        if item.status == TodoItemStatus.COMPLETED:
            await self.async_ask(FinishTask(task=uid, title=item.summary or "", by=by))
        else:
            await self.async_ask(ReopenTask(task=uid, by=by))

    @override
    @guarded
    async def async_delete_todo_items(self, uids: list[str]) -> None:
        """Put things away."""
        by = await async_by(self.hass, self._context)
        await self.async_ask(RemoveTasks(tasks=tuple(uids), by=by))

    def _task(self, uid: str, item: TodoItem) -> Task:
        due = item.due
        is_time = isinstance(due, dt.datetime)
        return Task(
            id=uid,
            kind=Kind.OWN,
            title=(item.summary or "").strip(),
            note=item.description or "",
            due_day=due.isoformat() if due is not None and not is_time else None,
            due_at=dt_util.as_utc(due).timestamp() if isinstance(due, dt.datetime) else None,
        )
