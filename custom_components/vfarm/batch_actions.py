"""Actions for batches between sowing and harvest, and for the lots that they receive."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from enum import StrEnum
from typing import Any

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util.ulid import ulid_now

from vfarm_core.batches.lots import Lot, LotKind
from vfarm_core.control.inputs import (
    CloseLot,
    CutBatch,
    FailBatch,
    LogLabour,
    LosePlants,
    MergeBatches,
    MoveBatch,
    ReceiveLot,
    Request,
    SowBatch,
    SplitBatch,
    Transplant,
    UseLot,
)

from .asking import ask
from .entity import async_by
from .fields import number, whole
from .targets import ENTRY_SCHEMA, async_entry


class BatchField(StrEnum):
    """The names of their fields."""

    BATCH = "batch"
    OTHER = "other"
    FROM = "from_level"
    TO = "to_level"
    LEVEL = "level"
    LEVELS = "levels"
    SITES = "sites"
    PLANTS = "plants"
    PLANTS_M2 = "plants_m2"
    ADVANCE = "advance"
    TITLE = "title"
    KG = "kg"
    GRADES = "grades"
    WASTE_KG = "waste_kg"
    NOTE = "note"
    WHY = "why"
    LOT = "lot"
    KIND = "kind"
    SUPPLIER = "supplier"
    AMOUNT = "amount"
    UNIT = "unit"
    PLACE = "place"
    POINT = "point"
    MINUTES = "minutes"
    TASK = "task"


F = BatchField
#: kg by the name of a grade.
GRADES = vol.Schema({str: number()})
_BATCH: dict[Any, Any] = {**ENTRY_SCHEMA, vol.Required(F.BATCH): cv.string}
_WHY: dict[Any, Any] = {vol.Optional(F.WHY, default=""): cv.string}

BATCH_SCHEMAS: Mapping[str, vol.Schema] = {
    "sow_batch": vol.Schema({**_BATCH, **_WHY}),
    "fail_batch": vol.Schema({**_BATCH, vol.Required(F.WHY): cv.string}),
    "move_batch": vol.Schema(
        {
            **_BATCH,
            vol.Required(F.FROM): cv.string,
            vol.Required(F.TO): cv.string,
            vol.Optional(F.SITES): whole(),
            **_WHY,
        }
    ),
    "split_batch": vol.Schema(
        {
            **_BATCH,
            vol.Required(F.SITES): vol.Schema({str: whole()}),
            vol.Optional(F.PLANTS): whole(),
            vol.Optional(F.TITLE, default=""): cv.string,
            **_WHY,
        }
    ),
    "merge_batches": vol.Schema({**_BATCH, vol.Required(F.OTHER): cv.string, **_WHY}),
    "transplant_batch": vol.Schema(
        {
            **_BATCH,
            vol.Optional(F.LEVELS, default=list): vol.All(cv.ensure_list, [cv.string]),
            vol.Optional(F.PLANTS_M2): number(),
            vol.Optional(F.ADVANCE, default=True): cv.boolean,
            **_WHY,
        }
    ),
    "cut_batch": vol.Schema(
        {
            **_BATCH,
            vol.Optional(F.PLANTS, default=0): whole(),
            vol.Optional(F.KG): number(),
            vol.Optional(F.GRADES, default=dict): GRADES,
            vol.Optional(F.WASTE_KG): number(),
            vol.Optional(F.LEVEL): cv.string,
            vol.Optional(F.NOTE, default=""): cv.string,
        }
    ),
    "lose_plants": vol.Schema(
        {
            **_BATCH,
            vol.Required(F.PLANTS): whole(),
            vol.Required(F.WHY): cv.string,
            vol.Optional(F.LEVEL): cv.string,
        }
    ),
    "receive_lot": vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(F.LOT): cv.string,
            vol.Required(F.KIND): vol.Coerce(LotKind),
            vol.Optional(F.TITLE, default=""): cv.string,
            vol.Optional(F.SUPPLIER, default=""): cv.string,
            vol.Optional(F.AMOUNT): number(),
            vol.Optional(F.UNIT, default=""): cv.string,
            vol.Optional(F.NOTE, default=""): cv.string,
        }
    ),
    "use_lot": vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(F.LOT): cv.string,
            vol.Optional(F.BATCH): cv.string,
            vol.Optional(F.PLACE): cv.string,
            vol.Optional(F.POINT): cv.string,
        }
    ),
    "close_lot": vol.Schema(
        {**ENTRY_SCHEMA, vol.Required(F.LOT): cv.string, vol.Required(F.PLACE): cv.string}
    ),
    "log_labour": vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(F.MINUTES): number(),
            vol.Optional(F.TASK, default=""): cv.string,
            vol.Exclusive(F.BATCH, "what"): cv.string,
            vol.Exclusive(F.PLACE, "what"): cv.string,
        }
    ),
}


def _sow(data: Mapping[str, Any], now: float, by: str) -> Request:
    return SowBatch(batch=data[F.BATCH], why=data[F.WHY], by=by)


def _fail(data: Mapping[str, Any], now: float, by: str) -> Request:
    return FailBatch(batch=data[F.BATCH], why=data[F.WHY], by=by)


def _move(data: Mapping[str, Any], now: float, by: str) -> Request:
    return MoveBatch(
        batch=data[F.BATCH],
        from_level=data[F.FROM],
        to_level=data[F.TO],
        sites=data.get(F.SITES),
        why=data[F.WHY],
        by=by,
    )


def _split(data: Mapping[str, Any], now: float, by: str) -> Request:
    return SplitBatch(
        batch=data[F.BATCH],
        new=ulid_now(),
        sites=data[F.SITES],
        plants=data.get(F.PLANTS),
        title=data[F.TITLE],
        why=data[F.WHY],
        by=by,
    )


def _merge(data: Mapping[str, Any], now: float, by: str) -> Request:
    return MergeBatches(batch=data[F.BATCH], other=data[F.OTHER], why=data[F.WHY], by=by)


def _transplant(data: Mapping[str, Any], now: float, by: str) -> Request:
    return Transplant(
        batch=data[F.BATCH],
        levels=tuple(data[F.LEVELS]),
        plants_m2=data.get(F.PLANTS_M2),
        advance=data[F.ADVANCE],
        why=data[F.WHY],
        by=by,
    )


def _cut(data: Mapping[str, Any], now: float, by: str) -> Request:
    return CutBatch(
        batch=data[F.BATCH],
        plants=data[F.PLANTS],
        kg=data.get(F.KG),
        grades=data[F.GRADES],
        waste_kg=data.get(F.WASTE_KG),
        level=data.get(F.LEVEL),
        note=data[F.NOTE],
        by=by,
    )


def _lose(data: Mapping[str, Any], now: float, by: str) -> Request:
    return LosePlants(
        batch=data[F.BATCH],
        plants=data[F.PLANTS],
        why=data[F.WHY],
        level=data.get(F.LEVEL),
        by=by,
    )


def _receive(data: Mapping[str, Any], now: float, by: str) -> Request:
    lot = Lot(
        id=data[F.LOT],
        kind=data[F.KIND],
        title=data[F.TITLE],
        received_at=now,
        supplier=data[F.SUPPLIER],
        amount=data.get(F.AMOUNT),
        unit=data[F.UNIT],
        note=data[F.NOTE],
    )
    return ReceiveLot(lot=lot, by=by)


def _use(data: Mapping[str, Any], now: float, by: str) -> Request:
    return UseLot(
        lot=data[F.LOT],
        batch=data.get(F.BATCH),
        node=data.get(F.PLACE),
        point=data.get(F.POINT),
        by=by,
    )


def _close(data: Mapping[str, Any], now: float, by: str) -> Request:
    return CloseLot(lot=data[F.LOT], node=data[F.PLACE], by=by)


def _labour(data: Mapping[str, Any], now: float, by: str) -> Request:
    return LogLabour(
        minutes=data[F.MINUTES],
        task=data[F.TASK],
        batch=data.get(F.BATCH),
        node=data.get(F.PLACE),
        by=by,
    )


type _Maker = Callable[[Mapping[str, Any], float, str], Request]
type _Handler = Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, dict[str, Any]]]

_REQUESTS: Mapping[str, _Maker] = {
    "sow_batch": _sow,
    "fail_batch": _fail,
    "move_batch": _move,
    "split_batch": _split,
    "merge_batches": _merge,
    "transplant_batch": _transplant,
    "cut_batch": _cut,
    "lose_plants": _lose,
    "receive_lot": _receive,
    "use_lot": _use,
    "close_lot": _close,
    "log_labour": _labour,
}


def _handler(make: _Maker) -> _Handler:
    async def handle(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
        by = await async_by(hass, call.context)
        entry = async_entry(hass, call)
        now = entry.runtime_data.engine.clock.now().farm
        return await ask(entry, make(call.data, now, by))

    return handle


BATCH_HANDLERS: Mapping[str, _Handler] = {name: _handler(make) for name, make in _REQUESTS.items()}
