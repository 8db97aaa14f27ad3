"""What people have written down to be done, and what they have done: the list that is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from .agenda import Kind

#: So many of the tasks that are done are kept (design choice): they are in the history besides.
DONE_MOST = 100
#: A list of more than this is no list (design choice).
OPEN_MOST = 500
#: What a new farm has to be set up with, by key.
ONBOARDING = ("bind", "alarm", "backup", "dry_week")
TITLE_MOST, NOTE_MOST = 200, 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task: written down by somebody, or done. One that a batch or a probe asks for is kept only
    once it is done, under the id by which it was asked for. `due_day` (ISO) is set where only the
    day was named, `due_at` (epoch seconds) where the time was too. `hidden`: it is done and people
    do not want to see it any more, but it must not be asked for again."""

    id: str
    kind: Kind
    title: str
    note: str = ""
    due_day: str | None = None
    due_at: float | None = None
    by: str = ""
    done_at: float | None = None
    done_by: str = ""
    hidden: bool = False


def is_day(text: str) -> bool:
    """Whether a text is a day as `due_day` has it."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def too_old(tasks: Iterable[Task]) -> list[Task]:
    """The tasks that were done before the newest ones that are kept. What a farm was set up with is
    never too old: it would be asked for again."""
    done = sorted(
        (t for t in tasks if t.done_at is not None and t.kind is not Kind.ONBOARDING),
        key=lambda t: (t.done_at or 0.0, t.id),
    )
    return done[:-DONE_MOST] if len(done) > DONE_MOST else []
