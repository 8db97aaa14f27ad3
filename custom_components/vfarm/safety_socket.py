"""The websocket command of the safety page. Any logged-in user may read it.

`vfarm/safety` {entry_id?, language?} answers what happens to every actuator of a farm when
something is lost:

    {"farm", "problems": [text], "seen", "set_up", "missing", "demo",
     "stations": [{"id", "name", "kind", "drills": [loss]}],
     "actuators": [{"point", "node", "name", "role", "entity", "station", "on",
                    "power", "network", "home_assistant": {"key", "seconds", "certainty"},
                    "protections": [{"protection", "standing", "seconds"?, "why"?, "on"?, "by"?,
                                     "after_s"?}]}],
     "drill": None or {"station", "name", "loss", "stage", "watched": [point], "left_s",
                       "seen": [{"point", "protection", "worked", "after_s"}]}}

`problems` is what is wrong in the description of the stations, in a language or in that of the
system; then there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import voluptuous as vol
from homeassistant.components import websocket_api
from homeassistant.core import HomeAssistant, callback

from vfarm_core.devices.stations.audit import LACKING, Standing
from vfarm_core.devices.stations.drills import tests_of
from vfarm_core.devices.stations.losses import Losses, Outcome, losses_of
from vfarm_core.devices.stations.model import Station, StationError
from vfarm_core.farm.drills import Loss

from .access import guarded_command, refuse_command
from .const import CONF_KIND, DOMAIN, FarmKind
from .data import VfarmConfigEntry
from .people import named
from .station_actions import async_stations, shown
from .station_words import async_problems
from .targets import error

TYPE_SAFETY: Final = f"{DOMAIN}/safety"


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register the command."""
    websocket_api.async_register_command(hass, guarded_command(websocket_safety))


@websocket_api.websocket_command(
    {
        vol.Required("type"): TYPE_SAFETY,
        vol.Optional("entry_id"): str,
        vol.Optional("language"): str,
    }
)
@websocket_api.async_response
async def websocket_safety(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: dict[str, Any]
) -> None:
    """What every loss does to every actuator."""
    wanted = msg.get("entry_id")
    entries: list[VfarmConfigEntry] = [
        entry
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if wanted in (None, entry.entry_id)
    ]
    if not entries:
        err = error("not_running", farm=wanted or DOMAIN)
        refuse_command(connection, msg, websocket_api.ERR_NOT_FOUND, err)
        return
    connection.send_result(msg["id"], await _async_page(hass, entries[0], msg.get("language")))


async def _async_page(
    hass: HomeAssistant, entry: VfarmConfigEntry, language: str | None
) -> dict[str, Any]:
    engine = entry.runtime_data.engine
    farm, problems = engine.farm, list[str]()
    stations: tuple[Station, ...] = ()
    try:
        stations = await async_stations(hass, entry)
    except StationError as err:
        problems += await async_problems(hass, err.problems, language)
    losses = losses_of(farm, stations)
    found = [f for x in losses for f in x.findings]
    seen = sum(f.standing is Standing.VERIFIED for f in found)
    missing = sum(f.standing in LACKING for f in found)
    now = engine.clock.now().farm
    told: dict[str, Any] = named(
        hass,
        {
            "farm": farm.name,
            "demo": entry.data[CONF_KIND] == FarmKind.DEMO,
            "problems": problems,
            "seen": seen,
            "set_up": len(found) - seen - missing,
            "missing": missing,
            "stations": [
                {
                    "id": station.id,
                    "name": station.name,
                    "kind": station.kind.value,
                    "drills": [
                        loss.value for loss in Loss if tests_of(farm, stations, station, loss, now)
                    ],
                }
                for station in stations
            ],
            "actuators": [_actuator(entry, x) for x in losses],
            "drill": _drill(entry, stations),
        },
    )
    return told


def _actuator(entry: VfarmConfigEntry, x: Losses) -> dict[str, Any]:
    engine = entry.runtime_data.engine
    binding = engine.farm.binding[x.point]
    state = engine.runtime.memory.actuators.get(x.point)
    return {
        "point": x.point,
        "node": binding.node,
        "name": engine.farm.nodes[binding.node].name,
        "role": binding.role.value,
        "entity": engine.points.entity_of(binding),
        "station": x.station,
        "on": None if state is None else state.is_on,
        "power": _outcome(x.power),
        "network": _outcome(x.network),
        "home_assistant": _outcome(x.home_assistant),
        "protections": [shown(f) for f in x.findings],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "key": outcome.key,
        "seconds": outcome.seconds,
        "certainty": outcome.certainty.value,
    }


def _drill(entry: VfarmConfigEntry, stations: Sequence[Station]) -> dict[str, Any] | None:
    engine = entry.runtime_data.engine
    drill = engine.runtime.memory.farm.drill
    if drill is None:
        return None
    names = {station.id: station.name for station in stations}
    return {
        "station": drill.station,
        "name": names.get(drill.station, drill.station),
        "loss": drill.loss.value,
        "stage": drill.stage.value,
        "watched": [test.point for test in drill.tests],
        "left_s": round(max(0.0, drill.until - engine.clock.now().mono)),
        "seen": [
            {"point": x.point, "protection": x.guard, "worked": x.ok, "after_s": x.after_s}
            for x in drill.seen.values()
        ],
    }
