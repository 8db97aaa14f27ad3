"""Who commands an entity, in the task that does. An entity itself only remembers whoever commanded
it last, and that may be long ago: some of Home Assistant's commands (those of calendars and lists,
and some by voice) come without saying who they are from."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import override

from homeassistant.components.websocket_api import current_connection
from homeassistant.core import Context, callback
from homeassistant.helpers.entity import Entity

from .data import VfarmConfigEntry


@dataclass(slots=True)
class _Word:
    """Somebody has said who a command is from; it counts for one command. Tasks that come of the
    one it was said in see that it was spent."""

    entity: Entity
    context: Context
    spent: bool = False


_word: ContextVar[_Word | None] = ContextVar("vfarm_commander", default=None)


class CommandedEntity(Entity):
    """An entity of a farm that can be commanded."""

    entry: VfarmConfigEntry

    @property
    def guard_key(self) -> str:
        """Its line in the table of who may command it."""
        raise NotImplementedError

    @callback
    @override
    def async_set_context(self, context: Context) -> None:
        """Who the command that comes next in this task is from."""
        super().async_set_context(context)
        _word.set(_Word(self, context))


def commander(entity: Entity) -> Context:
    """Who commands an entity now: whoever has said so for this command, else the user of the
    websocket, else nobody that is known."""
    word = _word.get()
    if word is not None and word.entity is entity and not word.spent:
        word.spent = True
        return word.context
    connection = current_connection.get()
    return Context(user_id=connection.user.id if connection is not None else None)


def done() -> None:
    """The command was carried out: the next one in this task has to say who it is from."""
    if (word := _word.get()) is not None:
        word.spent = True
