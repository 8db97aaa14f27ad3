"""Websocket commands of the dashboard. Any logged-in user may read.

`vfarm/overview` {entry_id?} answers with every farm that runs, or the one named:

    {"farms": [{
        "farm": {"entry_id", "id", "name", "speed", "now", "demo", "time_zone", "device_id",
                 "role", "may": [action], "snapshot": FarmSnapshot},
        "zones": [{"id", "name", "device_id", "snapshot": ZoneSnapshot}],
        "racks": [{"id", "name", "zone", "device_id"}],
        "levels": [{"id", "name", "rack", "zone", "area_m2", "sites", "circuit", "device_id",
                    "snapshot": LevelSnapshot}],
        "reservoirs": [{"id", "name", "capacity_l", "device_id", "snapshot": ReservoirSnapshot}],
        "pumps": [{"id", "name", "reservoir", "device_id"}],
        "circuits": [{"id", "name", "pump", "levels", "method", "device_id",
                      "snapshot": CircuitSnapshot}],
        "entities": {node id: {entity key: entity id}},
    }]}

and the keys of the first farm at the top level too. Snapshots are the
dataclasses of `vfarm_core.control.snapshot` as JSON; None before the first step. `now` and every
instant are farm time in epoch seconds; `speed` is farm seconds per real second. `role` is that of
whoever asks, and `may` the actions that it reaches.

`vfarm/subscribe` {entry_id?} sends events, at most one a second:

    {"type": "overview", ...one farm as above}      at first, and when nodes come or go
    {"type": "update", "nodes": {id: snapshot}, "now", "speed"}
    {"type": "event", "kind", "node", "name", "severity", "at", "params"}   what happened
    {"type": "closed"}                              the farm was unloaded; subscribe again

`vfarm/explain` {node, entry_id?, language?} answers why the actuators of a node are as they are and
what would change it, and which of its dangers nothing ends while vfarm is not there; in `language`,
or in that of the system:

    {"sentences": [text], "unprotected": [{"node", "key", "params", "text"}]}
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import voluptuous as vol
from homeassistant.auth.models import User
from homeassistant.components import websocket_api
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from vfarm_core.control.effects import Event
from vfarm_core.control.explain import about_gap, explain
from vfarm_core.control.protection import gaps_of
from vfarm_core.control.snapshot import Snapshot
from vfarm_core.farm.codec import encode

from .access import allowed, guarded_command, refuse_command
from .card_words import async_card_words
from .const import DOMAIN, HARDWARE
from .data import VfarmConfigEntry
from .devices import async_device_id
from .happenings import event_data
from .people import named
from .targets import error

TYPE_OVERVIEW: Final = f"{DOMAIN}/overview"
TYPE_EXPLAIN: Final = f"{DOMAIN}/explain"
TYPE_SUBSCRIBE: Final = f"{DOMAIN}/subscribe"
#: The shortest time between two updates of one subscription (real s).
INTERVAL_S: Final = 1.0


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register the commands."""
    for handler in (websocket_overview, websocket_subscribe, websocket_explain):
        websocket_api.async_register_command(hass, guarded_command(handler))


@callback
def _not_found(
    connection: websocket_api.ActiveConnection, msg: dict[str, Any], err: ServiceValidationError
) -> None:
    refuse_command(connection, msg, websocket_api.ERR_NOT_FOUND, err)


@callback
def _entries(hass: HomeAssistant, entry_id: str | None) -> list[VfarmConfigEntry]:
    entries: list[VfarmConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return [entry for entry in entries if entry_id in (None, entry.entry_id)]


@websocket_api.websocket_command(
    {vol.Required("type"): TYPE_OVERVIEW, vol.Optional("entry_id"): str}
)
@callback
def websocket_overview(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Everything there is to show."""
    entry_id = msg.get("entry_id")
    farms = [overview(hass, entry, connection.user) for entry in _entries(hass, entry_id)]
    if entry_id is not None and not farms:
        _not_found(connection, msg, error("not_running", farm=msg.get("entry_id", DOMAIN)))
        return
    connection.send_result(msg["id"], {**(farms[0] if farms else {}), "farms": farms})


@websocket_api.websocket_command(
    {vol.Required("type"): TYPE_SUBSCRIBE, vol.Optional("entry_id"): str}
)
@callback
def websocket_subscribe(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Follow one farm."""
    entries = _entries(hass, msg.get("entry_id"))
    if not entries:
        _not_found(connection, msg, error("not_running", farm=msg.get("entry_id", DOMAIN)))
        return
    connection.send_result(msg["id"])
    feed = _Feed(hass, entries[0], connection, msg["id"])
    connection.subscriptions[msg["id"]] = feed.close


@websocket_api.websocket_command(
    {
        vol.Required("type"): TYPE_EXPLAIN,
        vol.Required("node"): str,
        vol.Optional("entry_id"): str,
        vol.Optional("language"): str,
    }
)
@websocket_api.async_response
async def websocket_explain(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Why the actuators of a node are as they are."""
    words = await async_card_words(hass, msg.get("language", hass.config.language))
    for entry in _entries(hass, msg.get("entry_id")):
        snapshot = entry.runtime_data.engine.snapshot(msg["node"])
        if snapshot is not None:
            connection.send_result(
                msg["id"],
                {
                    "sentences": list(explain(snapshot, words)),
                    "unprotected": [
                        {**encode(gap), "text": about_gap(gap, words)}
                        for gap in gaps_of(entry.runtime_data.farm, msg["node"])
                    ],
                },
            )
            return
    _not_found(connection, msg, error("node_unknown", node=msg["node"]))


class _Feed:
    """One subscription: gathers what changed and sends it at most once a second."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        connection: websocket_api.ActiveConnection,
        msg_id: int,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._connection = connection
        self._id = msg_id
        self._nodes: dict[str, Snapshot] = {}
        self._whole = False
        self._timer: asyncio.TimerHandle | None = None
        engine = entry.runtime_data.engine
        self._stops = [
            engine.listen_all(self._changed),
            engine.listen_events(self._happened),
            entry.runtime_data.listen_topology(self._topology_changed),
        ]
        self._send({"type": "overview", **overview(hass, entry, connection.user)})
        self._stops.append(entry.runtime_data.listen_unload(self._unloaded))
        # Roles are options: whoever looks may have got another one.
        self._stops.append(entry.add_update_listener(self._async_edited))

    @callback
    def _send(self, event: dict[str, Any]) -> None:
        self._connection.send_event(self._id, event)

    @callback
    def _changed(self, node: str, snapshot: Snapshot) -> None:
        self._nodes[node] = snapshot
        self._later()

    @callback
    def _topology_changed(self) -> None:
        self._whole = True
        self._later()

    async def _async_edited(self, _: HomeAssistant, __: VfarmConfigEntry) -> None:
        self._topology_changed()

    @callback
    def _happened(self, event: Event) -> None:
        self._send(
            {"type": "event", **named(self._hass, event_data(self._hass, self._entry, event))}
        )

    @callback
    def _later(self) -> None:
        if self._timer is None:
            self._timer = self._hass.loop.call_later(INTERVAL_S, self._flush)

    @callback
    def _flush(self) -> None:
        self._timer = None
        nodes, self._nodes = self._nodes, {}
        if self._entry.state is not ConfigEntryState.LOADED:
            return
        if self._whole:
            self._whole = False
            whole = overview(self._hass, self._entry, self._connection.user)
            self._send({"type": "overview", **whole})
            return
        clock = self._entry.runtime_data.engine.clock
        self._send(
            {
                "type": "update",
                "nodes": {
                    node: named(self._hass, encode(snapshot)) for node, snapshot in nodes.items()
                },
                "now": clock.now().farm,
                "speed": clock.speed,
            }
        )

    @callback
    def _unloaded(self) -> None:
        """Let the page know that it has to ask anew."""
        if self._stops:
            self._send({"type": "closed"})
        self.close()

    @callback
    def close(self) -> None:
        """Stop following; harmless when done twice."""
        stops, self._stops = self._stops, []
        for stop in stops:
            stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


@callback
def overview(hass: HomeAssistant, entry: VfarmConfigEntry, user: User) -> dict[str, Any]:
    """One farm with all its nodes, for whoever looks."""
    data = entry.runtime_data
    role, may = allowed(user, entry.options)
    farm, clock = data.farm, data.engine.clock

    def seen(node: str) -> Any:
        snapshot = data.engine.snapshot(node)
        return None if snapshot is None else named(hass, encode(snapshot))

    def identified(node: Any) -> dict[str, Any]:
        return {
            "id": node.id,
            "name": node.name,
            "device_id": async_device_id(hass, entry, node.id),
        }

    return {
        "farm": {
            **identified(farm),
            "entry_id": entry.entry_id,
            "speed": clock.speed,
            "now": clock.now().farm,
            "demo": data.demo is not None,
            "time_zone": farm.time_zone,
            "role": role.value,
            "may": may,
            "snapshot": seen(farm.id),
        },
        "zones": [{**identified(zone), "snapshot": seen(zone.id)} for zone in farm.zones],
        "racks": [{**identified(rack), "zone": rack.zone} for rack in farm.racks],
        "levels": [
            {
                **identified(level),
                "rack": level.rack,
                "zone": farm.zone_of_level[level.id],
                "area_m2": level.area_m2,
                "sites": level.sites,
                "circuit": farm.circuit_of_level.get(level.id),
                "snapshot": seen(level.id),
            }
            for level in farm.levels
        ],
        "reservoirs": [
            {**identified(res), "capacity_l": res.capacity_l, "snapshot": seen(res.id)}
            for res in farm.reservoirs
        ],
        "pumps": [{**identified(pump), "reservoir": pump.reservoir} for pump in farm.pumps],
        "circuits": [
            {
                **identified(circuit),
                "pump": circuit.pump,
                "levels": list(circuit.levels),
                "method": circuit.method.value,
                "snapshot": seen(circuit.id),
            }
            for circuit in farm.circuits
        ],
        "entities": _entities(hass, entry),
    }


@callback
def _entities(hass: HomeAssistant, entry: VfarmConfigEntry) -> dict[str, dict[str, str]]:
    """Entity ids of the nodes' entities by node and key: nobody can guess them."""
    found: dict[str, dict[str, str]] = {}
    for registered in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        if HARDWARE not in registered.unique_id and not registered.disabled:
            _, node, key = registered.unique_id.split(":", 2)
            found.setdefault(node, {})[key] = registered.entity_id
    return found
