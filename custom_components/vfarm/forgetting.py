"""The action that forgets a person: what was done stays, who did it is gone for good."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv

from vfarm_core.farm.people import TOKEN, is_person
from vfarm_core.runtime.journal import JournalError

from .data import VfarmConfigEntry
from .people import people_of
from .targets import ENTRY_SCHEMA, async_entry, error

if TYPE_CHECKING:
    from vfarm_core.ledger.store import Ledger

ATTR_PERSON: Final = "person"

FORGET_SCHEMA = vol.Schema({**ENTRY_SCHEMA, vol.Required(ATTR_PERSON): cv.string})


async def async_forget(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """Forget who somebody was: in the memory, the journal and the ledger of a farm."""
    entry = async_entry(hass, call)
    name: str = call.data[ATTR_PERSON]
    names = dict(await _async_ledger(entry, lambda found: found.names()))
    people = {names.get(by, by) for by in people_of(hass).behind(name)}
    tokens = {person: token for token, person in names.items()}
    forgotten = False
    for person in sorted(by for by in people if is_person(by)):
        # The history keeps its token: nobody knows any more whose it is.
        token = tokens.get(person, f"{TOKEN}{uuid4().hex}")
        forgotten |= await _async_out_of_journal(hass, entry, person, token)
        # Last: what the ledger's thread took from the journal until now comes before it.
        forgotten |= await _async_ledger(entry, partial(_out_of_ledger, person=person))
    if not forgotten:
        raise error("person_unknown", person=name)
    return {"forgotten": True}


async def _async_ledger[T](entry: VfarmConfigEntry, work: Callable[[Ledger], T]) -> T:
    from vfarm_core.ledger.errors import LedgerError

    ledger = entry.runtime_data.engine.ledger
    if ledger is None:
        raise error("not_running", farm=entry.title)
    try:
        return await ledger.async_ask(work)
    except (LedgerError, TimeoutError) as err:
        raise error("ledger_unreadable", why=str(err)) from err


def _out_of_ledger(ledger: Ledger, *, person: str) -> bool:
    return ledger.forget(person)


async def _async_out_of_journal(
    hass: HomeAssistant, entry: VfarmConfigEntry, person: str, token: str
) -> bool:
    engine = entry.runtime_data.engine

    def call(by: str) -> str:
        return token if by == person else by

    engine.runtime.call_otherwise(call)
    try:
        changed: int = await hass.async_add_executor_job(
            engine.journal.ask, lambda journal: journal.call_otherwise(call, person)
        )
    except (JournalError, TimeoutError, RuntimeError) as err:
        raise error("not_forgotten", why=str(err)) from err
    return changed > 0
