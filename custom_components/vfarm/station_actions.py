"""Actions for stations: describe them, make what belongs on them, check them, and cut their links.

What a station has to do follows from the farm (`vfarm_core.devices.stations`), what is seen when a
link is cut is watched by control (`vfarm_core.control.drills`); this only brings the two together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

import voluptuous as vol
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.hass_dict import HassKey

from vfarm_core.control.inputs import GoOnDrill, NoteSeen, SawDrill, StartDrill, StopDrill
from vfarm_core.devices.stations.audit import WORDS, Finding, audit
from vfarm_core.devices.stations.described import stations_described
from vfarm_core.devices.stations.drills import tests_of, with_seen
from vfarm_core.devices.stations.esphome import package
from vfarm_core.devices.stations.generate import settings_of
from vfarm_core.devices.stations.model import Guard, Link, Station, StationError, StationKind
from vfarm_core.farm.codec import encode
from vfarm_core.farm.drills import Loss

from . import station_file
from .asking import ask
from .const import CONF_KIND, DOMAIN, FarmKind
from .data import VfarmConfigEntry
from .entity import async_by
from .fields import number
from .language import async_language
from .people import named
from .station_words import async_problems
from .stations import async_renew
from .targets import ENTRY_SCHEMA, async_entry, error


class StationField(StrEnum):
    """The names of their fields."""

    STATION = "station"
    NAME = "name"
    KIND = "kind"
    LINK = "link"
    MODEL = "model"
    HEARTBEAT = "heartbeat_lost_s"
    OUTPUTS = "outputs"
    CONTACTS = "contacts"
    LOSS = "loss"
    POINT = "point"
    PROTECTION = "protection"
    WORKED = "worked"
    AFTER = "after_s"
    NOTE = "note"


F = StationField
_WIRED = vol.All(cv.ensure_list, [dict])
_NAMED: dict[Any, Any] = {**ENTRY_SCHEMA, vol.Required(F.STATION): cv.string}

STATION_SCHEMAS: Mapping[str, vol.Schema] = {
    "set_station": vol.Schema(
        {
            **_NAMED,
            vol.Required(F.KIND): vol.Coerce(StationKind),
            vol.Required(F.OUTPUTS): _WIRED,
            vol.Optional(F.NAME): cv.string,
            vol.Optional(F.CONTACTS, default=list): _WIRED,
            vol.Optional(F.LINK): vol.Coerce(Link),
            vol.Optional(F.MODEL): cv.string,
            vol.Optional(F.HEARTBEAT): number(30.0, 3600.0),
        }
    ),
    "remove_station": vol.Schema(_NAMED),
    "station_package": vol.Schema({**ENTRY_SCHEMA, vol.Optional(F.STATION): cv.string}),
    "station_check": vol.Schema(ENTRY_SCHEMA),
    "start_drill": vol.Schema({**_NAMED, vol.Required(F.LOSS): vol.Coerce(Loss)}),
    "advance_drill": vol.Schema(ENTRY_SCHEMA),
    "confirm_drill": vol.Schema({**ENTRY_SCHEMA, vol.Required(F.POINT): cv.string}),
    "end_drill": vol.Schema(ENTRY_SCHEMA),
    "note_protection": vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(F.POINT): cv.string,
            vol.Required(F.PROTECTION): vol.Coerce(Guard),
            vol.Optional(F.WORKED, default=True): cv.boolean,
            vol.Optional(F.AFTER): number(0.0, 86400.0),
            vol.Optional(F.NOTE, default=""): cv.string,
        }
    ),
}

type Response = dict[str, Any]

#: One edit of the file at a time.
_WRITING: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_stations_writing")


async def async_stations(hass: HomeAssistant, entry: VfarmConfigEntry) -> tuple[Station, ...]:
    """The stations of a farm as they are described now, with what was seen of them. Raises
    StationError."""
    engine = entry.runtime_data.engine
    told = await hass.async_add_executor_job(station_file.read, station_file.path(hass))
    found = stations_described(told, engine.farm, engine.points.entity_of)
    return with_seen(engine.farm, found, engine.runtime.memory.farm.verified.values())


async def _async_known(
    hass: HomeAssistant, entry: VfarmConfigEntry, context: Context
) -> tuple[Station, ...]:
    try:
        return await async_stations(hass, entry)
    except StationError as err:
        raise await _async_wrong(hass, err, context) from err


async def _async_wrong(
    hass: HomeAssistant, err: StationError, context: Context
) -> ServiceValidationError:
    language = await async_language(hass, context)
    said = await async_problems(hass, err.problems, language)
    return error("stations_wrong", problems="; ".join(said))


async def _async_one(
    hass: HomeAssistant, entry: VfarmConfigEntry, wanted: str, context: Context
) -> Station:
    stations = await _async_known(hass, entry, context)
    found = next((s for s in stations if s.id == wanted), None)
    if found is None:
        raise error("station_unknown", station=wanted)
    return found


# -- what they are ------------------------------------------------------------------------------


async def _set(hass: HomeAssistant, call: ServiceCall) -> Response:
    entry, data = async_entry(hass, call), call.data
    wanted = data[F.STATION].strip()

    def edited(stations: list[Any]) -> list[Any]:
        known = _at(stations, wanted)
        before = {} if known is None else stations[known]
        made = {
            "id": wanted,
            "name": data.get(F.NAME) or before.get("name") or wanted,
            "kind": data[F.KIND].value,
            "outputs": data[F.OUTPUTS],
            "contacts": data[F.CONTACTS],
            **{name: before[name] for name in ("board", "verified") if name in before},
            **{name: before[name] for name in _OPTIONAL if name in before},
            **{
                name.value: encode(data[name])
                for name in (F.LINK, F.MODEL, F.HEARTBEAT)
                if name in data
            },
        }
        if known is None:
            return [*stations, made]
        return [made if at == known else station for at, station in enumerate(stations)]

    await _async_edit(hass, entry, call.context, edited)
    return {"station": wanted}


_OPTIONAL = ("link", "model", "heartbeat_lost_s")


def _at(stations: list[Any], wanted: str) -> int | None:
    for at, station in enumerate(stations):
        if isinstance(station, dict) and station.get("id") == wanted:
            return at
    return None


async def _remove(hass: HomeAssistant, call: ServiceCall) -> Response:
    entry, wanted = async_entry(hass, call), call.data[F.STATION]

    def edited(stations: list[Any]) -> list[Any]:
        known = _at(stations, wanted)
        if known is None:
            raise error("station_unknown", station=wanted)
        return [station for at, station in enumerate(stations) if at != known]

    await _async_edit(hass, entry, call.context, edited)
    return {"station": wanted}


async def _async_edit(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    context: Context,
    edited: Callable[[list[Any]], list[Any]],
) -> None:
    """Edit the stations of a farm: what does not fit the farm is not written."""
    if entry.data[CONF_KIND] == FarmKind.DEMO:
        raise error("stations_demo", farm=entry.title)
    engine, file = entry.runtime_data.engine, station_file.path(hass)
    async with hass.data.setdefault(_WRITING, asyncio.Lock()):
        try:
            told = await hass.async_add_executor_job(station_file.read, file)
            key, stations = station_file.mine(told, engine.farm.id, engine.farm.name)
            made = edited(stations)
            stations_described(made, engine.farm, engine.points.entity_of)
            await hass.async_add_executor_job(station_file.write, file, {**told, key: made})
        except StationError as err:
            raise await _async_wrong(hass, err, context) from err
    await async_renew(hass, entry)


# -- what belongs on them -----------------------------------------------------------------------


async def _package(hass: HomeAssistant, call: ServiceCall) -> Response:
    entry, wanted = async_entry(hass, call), call.data.get(F.STATION)
    farm = entry.runtime_data.farm
    if wanted is None:
        stations = await _async_known(hass, entry, call.context)
    else:
        stations = (await _async_one(hass, entry, wanted, call.context),)
    return {"stations": [await hass.async_add_executor_job(made, farm, s) for s in stations]}


def made(farm: Any, station: Station) -> Response:
    """What is made for one station: the package of a node, the settings of a bought device."""
    told: Response = {"station": station.id, "name": station.name, "kind": station.kind.value}
    if station.kind is StationKind.ESPHOME:
        told["yaml"] = package(farm, station)
    told["settings"] = [encode(asdict(setting)) for setting in settings_of(farm, station)]
    return told


async def _check(hass: HomeAssistant, call: ServiceCall) -> Response:
    entry = async_entry(hass, call)
    stations = await _async_known(hass, entry, call.context)
    found = [shown(f) for f in audit(entry.runtime_data.farm, stations)]
    lacking = sum(f["standing"] in ("missing", "failed") for f in found)
    told: Response = named(hass, {"protections": found, "missing": lacking})
    return told


def shown(finding: Finding) -> Response:
    """How one protection stands, for people."""
    need = finding.need
    told: Response = {
        "point": need.point,
        "protection": need.guard.value,
        "station": finding.station,
        "standing": finding.standing.value,
    }
    if need.seconds is not None:
        told["seconds"] = need.seconds
    if finding.why:
        told |= {"why": finding.why, "text": WORDS[finding.why]}
    if finding.on:
        told |= {"on": finding.on, "by": finding.by, "after_s": finding.after_s}
    return told


# -- drills -------------------------------------------------------------------------------------


async def _start_drill(hass: HomeAssistant, call: ServiceCall) -> Response:
    by, entry = await async_by(hass, call.context), async_entry(hass, call)
    engine, loss = entry.runtime_data.engine, call.data[F.LOSS]
    stations = await _async_known(hass, entry, call.context)
    station = await _async_one(hass, entry, call.data[F.STATION], call.context)
    tests = tests_of(engine.farm, stations, station, loss, engine.clock.now().farm)
    request = StartDrill(station=station.id, loss=loss, tests=tests, by=by)
    return await ask(entry, request)


async def _advance_drill(hass: HomeAssistant, call: ServiceCall) -> Response:
    return await ask(async_entry(hass, call), GoOnDrill(by=await async_by(hass, call.context)))


async def _confirm_drill(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return await ask(async_entry(hass, call), SawDrill(point=call.data[F.POINT], by=by))


async def _end_drill(hass: HomeAssistant, call: ServiceCall) -> Response:
    return await ask(async_entry(hass, call), StopDrill(by=await async_by(hass, call.context)))


async def _note(hass: HomeAssistant, call: ServiceCall) -> Response:
    data = call.data
    request = NoteSeen(
        point=data[F.POINT],
        guard=data[F.PROTECTION].value,
        ok=data[F.WORKED],
        after_s=data.get(F.AFTER),
        note=data[F.NOTE],
        by=await async_by(hass, call.context),
    )
    return await ask(async_entry(hass, call), request)


STATION_HANDLERS: Mapping[
    str, Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, Response]]
] = {
    "set_station": _set,
    "remove_station": _remove,
    "station_package": _package,
    "station_check": _check,
    "start_drill": _start_drill,
    "advance_drill": _advance_drill,
    "confirm_drill": _confirm_drill,
    "end_drill": _end_drill,
    "note_protection": _note,
}
