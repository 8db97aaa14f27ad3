"""The actions that ask the ledger. They only read it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from vfarm_core.farm.codec import encode

from .asking import response
from .data import VfarmConfigEntry
from .fields import instant, number, whole
from .people import people_of
from .targets import ENTRY_SCHEMA, async_entry, error

if TYPE_CHECKING:
    from vfarm_core.ledger.store import Ledger


class Field(StrEnum):
    """The names of the actions' fields."""

    LOT = "lot"
    BATCH = "batch"
    PRICES = "prices"
    PERSON = "person"
    SINCE = "since"
    UNTIL = "until"
    LIMIT = "limit"


class Price(StrEnum):
    """What a price can be for: the tariffs of `vfarm_core.reports.cost`."""

    ENERGY = "energy_kwh"
    WATER = "water_m3"
    NUTRIENT = "nutrient_l"
    PH = "ph_l"
    CO2 = "co2_h"
    SEED = "seed"
    LABOUR = "labour_h"


_PRICE = number(0.0, 1e9)

TRACE_SCHEMA = vol.Schema({**ENTRY_SCHEMA, vol.Required(Field.LOT): cv.string})
REPORT_SCHEMA = vol.Schema(
    {
        **ENTRY_SCHEMA,
        vol.Required(Field.BATCH): cv.string,
        vol.Optional(Field.PRICES, default=dict): {vol.Optional(price): _PRICE for price in Price},
    }
)


AUDIT_SCHEMA = vol.Schema(
    {
        **ENTRY_SCHEMA,
        vol.Optional(Field.PERSON): cv.string,
        vol.Optional(Field.SINCE): instant,
        vol.Optional(Field.UNTIL): instant,
        vol.Optional(Field.LIMIT, default=100): whole(1, 1000),
    }
)


async def async_audit(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """Who did what, what it was before and after, why, and what came of it."""
    person: str | None = call.data.get(Field.PERSON)
    who = None if person is None else people_of(hass).behind(person)
    since, until = (
        None if (at := call.data.get(name)) is None else dt_util.as_timestamp(at)
        for name in (Field.SINCE, Field.UNTIL)
    )
    limit: int = call.data[Field.LIMIT]
    found = await _async_ask(
        hass, call, "", lambda ledger: _audited(ledger, who, since, until, limit)
    )
    # Whose role was changed is a person, too.
    call_by = people_of(hass).call
    return {"deeds": [{**deed, "target": call_by(deed["target"])} for deed in found["deeds"]]}


async def async_trace(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """Where a lot went and where it came from, with the conditions received."""
    lot: str = call.data[Field.LOT]
    return await _async_ask(hass, call, lot, lambda ledger: _traced(ledger, lot))


async def async_report(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """What a batch was given, stood in, yielded and cost."""
    batch: str = call.data[Field.BATCH]
    prices: Mapping[str, float] = call.data[Field.PRICES]
    return await _async_ask(hass, call, batch, lambda ledger: _reported(ledger, batch, prices))


async def _async_ask(
    hass: HomeAssistant, call: ServiceCall, name: str, question: Callable[[Ledger], Any]
) -> dict[str, Any]:
    answer: dict[str, Any] = await async_answered(hass, async_entry(hass, call), name, question)
    return answer


async def async_answered(
    hass: HomeAssistant, entry: VfarmConfigEntry, name: str, question: Callable[[Ledger], Any]
) -> Any:
    """Ask the history of a farm, in a thread; `name` is what is asked for. Raises
    ServiceValidationError."""
    ledger = entry.runtime_data.engine.ledger
    if ledger is None:
        raise error("ledger_unreadable", why="the farm is starting")
    return await hass.async_add_executor_job(_answered, ledger.where, name, question)


def _answered(where: Path | str, name: str, question: Callable[[Ledger], Any]) -> Any:
    """Ask in a thread: the libraries are imported here, and the disk is read."""
    try:
        from vfarm_core.ledger.errors import LedgerError
        from vfarm_core.ledger.store import Ledger
        from vfarm_core.reports.errors import UnknownError
    except ImportError as err:
        raise error("ledger_unreadable", why=str(err)) from err
    try:
        ledger = Ledger(where, read_only=True)
        try:
            return question(ledger)
        finally:
            ledger.close()
    except UnknownError as err:
        raise error("ledger_unknown", name=name) from err
    except LedgerError as err:
        raise error("ledger_unreadable", why=str(err)) from err


def _traced(ledger: Ledger, lot: str) -> dict[str, Any]:
    from vfarm_core.reports.trace import trace

    found = trace(ledger, lot)
    return {**encode(found), "harvest_lots": list(found.harvest_lots)}


def _audited(
    ledger: Ledger,
    who: Collection[str] | None,
    since: float | None,
    until: float | None,
    limit: int,
) -> dict[str, Any]:
    from vfarm_core.reports.audit import deeds

    found = deeds(ledger, who=who, since=since, until=until, limit=limit)
    return {"deeds": [response(encode(deed)) for deed in found]}


def _reported(ledger: Ledger, batch: str, prices: Mapping[str, float]) -> dict[str, Any]:
    from vfarm_core.reports.batch import summary
    from vfarm_core.reports.cost import Tariffs, bill
    from vfarm_core.reports.trace import trace

    found = summary(ledger, batch)
    cost = bill(found, Tariffs(**prices), trace(ledger, batch).ingredients)
    return {
        **encode(found),
        "kg": found.kg,
        "dli": found.dli,
        "cost": {
            "total": cost.total,
            "per_kg": cost.per_kg,
            "unpriced": list(cost.unpriced),
            "water_by": cost.water_by,
            "items": [{**encode(item), "cost": item.cost} for item in cost.items],
        },
    }
