"""What people ask of their list of tasks. A task that says what somebody does with plants is done
by doing it: sowing and setting anew need nothing else, a harvest needs its weight.

Refusal keys: task_unknown, task_title, task_day, task_many, task_exists, task_not_own,
task_carried_out, task_not_yet, task_needs_action, and those of sowing and transplanting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ..batches.agenda import Kind
from ..batches.tasks import NOTE_MOST, ONBOARDING, OPEN_MOST, TITLE_MOST, Task, is_day, too_old
from . import batch_requests
from .draft import Draft
from .inputs import (
    AddTask,
    EditTask,
    FinishTask,
    RemoveTasks,
    ReopenTask,
    Request,
    SowBatch,
    Transplant,
)
from .workflows import Clash

#: What is done by an action of its own, as that asks for what a tick cannot say.
_ACTIONS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.HARVEST: "harvest",
        Kind.CALIBRATE: "verify_probe",
        Kind.CALIBRATE_PUMP: "calibrate_pump",
    }
)
#: What a tick takes back without taking anything back on the farm.
_REOPENED = frozenset({Kind.OWN, Kind.CLEAN, Kind.ONBOARDING})


def _add(d: Draft, request: AddTask) -> dict[str, Any]:
    task = request.task
    _check(task)
    if d.tasks.get(task.id) is not None or task.kind is not Kind.OWN:
        raise Clash("task_exists", task=task.title)
    if sum(t.done_at is None for t in d.tasks.values()) >= OPEN_MOST:
        raise Clash("task_many", most=OPEN_MOST)
    kept = replace(task, by=request.by, done_at=None, done_by="")
    d.tasks.set(task.id, kept)
    d.event("task_added", d.farm.id, task=task.id, title=task.title, by=request.by)
    return _answer(kept)


def _edit(d: Draft, request: EditTask) -> dict[str, Any]:
    task = _own(d, request.task.id)
    edited = replace(
        task,
        title=request.task.title,
        note=request.task.note,
        due_day=request.task.due_day,
        due_at=request.task.due_at,
    )
    _check(edited)
    if edited != task:
        d.tasks.set(task.id, edited)
        d.event("task_edited", d.farm.id, task=task.id, title=edited.title, by=request.by)
    return _answer(edited)


def _remove(d: Draft, request: RemoveTasks) -> dict[str, Any]:
    found = [d.tasks.get(key) for key in request.tasks]
    for key, task in zip(request.tasks, found, strict=True):
        if task is None:
            raise Clash("task_unknown" if not _is_asked_for(key) else "task_not_own", task=key)
    removed = [task for task in found if task is not None]
    for task in removed:
        if task.kind in (Kind.CLEAN, Kind.ONBOARDING):
            # What was done stays done: without it, it would be asked for again.
            d.tasks.set(task.id, replace(task, hidden=True))
        else:
            d.tasks.remove(task.id)
        d.event("task_removed", d.farm.id, task=task.id, title=task.title, by=request.by)
    return {"tasks": [task.id for task in removed]}


def _finish(d: Draft, request: FinishTask) -> dict[str, Any]:
    task = d.tasks.get(request.task)
    if task is None:
        task = _asked_for(d, request)
    elif task.done_at is not None:
        return _answer(task)
    done = replace(task, done_at=d.now.farm, done_by=request.by)
    d.tasks.set(done.id, done)
    for old in too_old(d.tasks.values()):
        d.tasks.remove(old.id)
    d.event(
        "task_done",
        d.farm.id,
        task=done.id,
        task_kind=done.kind.value,
        title=done.title,
        by=request.by,
    )
    return _answer(done)


def _asked_for(d: Draft, request: FinishTask) -> Task:
    """A task that the farm asks for: carried out, where that can be done by a tick."""
    name, _, rest = request.task.partition(":")
    if not _is_asked_for(request.task):
        raise Clash("task_unknown", task=request.task)
    kind = Kind(name)
    title = request.title.strip() or request.task
    if kind in _ACTIONS:
        raise Clash("task_needs_action", task=title, action=_ACTIONS[kind])
    if kind is Kind.SOW:
        batch_requests.HANDLERS[SowBatch](d, SowBatch(batch=rest, by=request.by))
    elif kind is Kind.TRANSPLANT:
        _set_anew(d, rest, title, request.by)
    elif kind is Kind.CLEAN:
        if rest.partition(":")[0] not in d.farm.level:
            raise Clash("task_unknown", task=request.task)
    elif rest not in ONBOARDING:
        raise Clash("task_unknown", task=request.task)
    return Task(id=request.task, kind=kind, title=title[:TITLE_MOST])


def _set_anew(d: Draft, rest: str, title: str, by: str) -> None:
    key, _, number = rest.rpartition(":")
    batch = d.batches.get(key)
    if batch is None or not number.isdecimal():
        raise Clash("batch_unknown", batch=key)
    index = int(number)
    if index not in (batch.phase_index, batch.phase_index + 1) or not batch.is_growing:
        raise Clash("task_not_yet", task=title)
    # The phase may have begun by itself before the plants were moved.
    levels = batch.levels_from(index)
    request = Transplant(batch=key, levels=levels, advance=index > batch.phase_index, by=by)
    batch_requests.HANDLERS[Transplant](d, request)


def _reopen(d: Draft, request: ReopenTask) -> dict[str, Any]:
    task = d.tasks.get(request.task)
    if task is None:
        raise Clash("task_unknown", task=request.task)
    if task.done_at is None:
        return _answer(task)
    if task.kind not in _REOPENED:
        raise Clash("task_carried_out", task=task.title)
    open_again = replace(task, done_at=None, done_by="")
    if task.kind is Kind.OWN:
        d.tasks.set(task.id, open_again)
    else:
        d.tasks.remove(task.id)
    d.event("task_reopened", d.farm.id, task=task.id, title=task.title, by=request.by)
    return _answer(open_again)


def _is_asked_for(key: str) -> bool:
    name = key.partition(":")[0]
    return name in tuple(Kind) and name not in (Kind.OWN, Kind.PHASE)


def _own(d: Draft, key: str) -> Task:
    task = d.tasks.get(key)
    if task is None or task.kind is not Kind.OWN:
        raise Clash("task_not_own" if task or _is_asked_for(key) else "task_unknown", task=key)
    return task


def _check(task: Task) -> None:
    if not 0 < len(task.title.strip()) <= TITLE_MOST or len(task.note) > NOTE_MOST:
        raise Clash("task_title", most=TITLE_MOST, note_most=NOTE_MOST)
    if task.due_day is not None and not is_day(task.due_day):
        raise Clash("task_day", day=task.due_day)


def _answer(task: Task) -> dict[str, Any]:
    return {"task": task.id, "title": task.title, "done": task.done_at is not None}


HANDLERS: Mapping[type[Request], Callable[[Draft, Any], dict[str, Any]]] = MappingProxyType(
    {
        AddTask: _add,
        EditTask: _edit,
        RemoveTasks: _remove,
        FinishTask: _finish,
        ReopenTask: _reopen,
    }
)
