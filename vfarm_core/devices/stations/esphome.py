"""An ESPHome package for a station: everything that must hold when nobody talks to the node.

The grower's own file has the board, the network and the broker; the package adds outputs, contacts
and the protection. Nothing in it asks the network: limits are delays of scripts on the node, trips
are contacts on its own pins, and what is latched is kept over a restart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ...farm.bindings import Binding
from ...farm.nodes import Farm
from ...farm.roles import Role, RoleKind, spec
from .audit import missing
from .model import Contact, Guard, LightHours, Link, Output, Station
from .needs import Need, needs
from .topics import heartbeat_topic, stop_topic

#: What leads water stops before the valves that let it through.
_PUMPS = frozenset({Role.IRRIGATION_PUMP, Role.MIXING_PUMP})

_HEADER = """\
# {name}: the protection that belongs on the station.
# Made by `vfarm station package`; include it under `packages:` of your own file, which has the
# board, the network and the {link}. Make it anew after every change of the farm.
"""
_LINKS = {Link.MQTT: "MQTT broker", Link.API: "native API"}


@dataclass(frozen=True, slots=True)
class _Driven:
    """An output with what it must keep, as far as the station can."""

    output: Output
    binding: Binding
    id: str
    needs: dict[Guard, Need]

    @property
    def dims(self) -> bool:
        return spec(self.binding.role).kind is RoleKind.DIMMER and self.binding.dims

    @property
    def contacts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c for need in self.needs.values() for c in need.contacts))

    def switched(self, on: bool) -> dict[str, str]:
        """The action that switches it."""
        kind = "light" if self.dims else "switch"
        return {f"{kind}.turn_{'on' if on else 'off'}": self.id}


def package(farm: Farm, station: Station) -> str:
    """The package of a station, as YAML."""
    header = _HEADER.format(name=station.name, link=_LINKS[station.link])
    body = yaml.safe_dump(build(farm, station), sort_keys=False, allow_unicode=True, width=100)
    return header + body


def build(farm: Farm, station: Station) -> dict[str, Any]:
    """The package of a station, as data."""
    driven = tuple(_driven(farm, station, o) for o in _pumps_first(farm, station.outputs))
    latching = [c for c in station.contacts if farm.binding[c.point].role is Role.LEAK]
    found: dict[str, Any] = {
        "esphome": {"on_boot": [{"priority": -100.0, "then": _at_boot(driven)}]},
        "globals": [
            _global("vfarm_heard", "uint32_t", "0"),
            _global("vfarm_alone", "bool", "false"),
            _global("vfarm_stopped", "bool", "false", kept=True),
            *(_global(f"{_id(c.point)}_latch", "bool", "false", kept=True) for c in latching),
        ],
        **_link(farm, station),
        "script": [
            {"id": "vfarm_stop", "then": _stop(driven)},
            {"id": "vfarm_left_alone", "then": list(_left_alone(driven))},
            *_limits(farm, station, driven),
        ],
        "interval": list(_intervals(station, driven)),
        "binary_sensor": [
            *(_contact(farm, c, driven) for c in station.contacts),
            {
                "platform": "template",
                "name": "vfarm alone",
                "device_class": "problem",
                "lambda": "return id(vfarm_alone);",
            },
            {
                "platform": "template",
                "name": "vfarm stopped",
                "device_class": "safety",
                "lambda": "return id(vfarm_stopped);",
            },
        ],
        "button": [
            {
                "platform": "template",
                "name": "vfarm emergency stop",
                "on_press": [{"script.execute": "vfarm_stop"}],
            },
            {
                "platform": "template",
                "name": "vfarm release",
                "on_press": [
                    _set("vfarm_stopped", False),
                    *(_release(farm, c) for c in latching),
                ],
            },
        ],
        **_outputs(farm, station, driven),
    }
    if any(o.light is not None for o in station.outputs):
        found["time"] = [{"platform": "sntp", "id": "vfarm_time", "timezone": farm.time_zone}]
    return found


def _pumps_first(farm: Farm, outputs: Sequence[Output]) -> list[Output]:
    return sorted(outputs, key=lambda o: farm.binding[o.point].role not in _PUMPS)


def _driven(farm: Farm, station: Station, output: Output) -> _Driven:
    binding = farm.binding[output.point]
    kept = {n.guard: n for n in needs(farm, binding) if not missing(farm, station, n)}
    return _Driven(output, binding, _id(output.point), kept)


def _id(point: str) -> str:
    """The id of a binding in ESPHome, where names of C++ are asked for."""
    return "vf_" + re.sub(r"[^a-z0-9_]", "_", point.lower())


def _global(name: str, kind: str, initial: str, *, kept: bool = False) -> dict[str, Any]:
    return {"id": name, "type": kind, "restore_value": kept, "initial_value": initial}


def _set(name: str, value: bool) -> dict[str, str]:
    return {"lambda": f"id({name}) = {'true' if value else 'false'};"}


def _stop(driven: Sequence[_Driven]) -> list[dict[str, str]]:
    """Everything off, and nothing that waits to come on again."""
    waiting = [{"script.stop": f"{d.id}_again"} for d in driven if Guard.RUN_ON in d.needs]
    return [_set("vfarm_stopped", True), *(d.switched(False) for d in driven), *waiting]


# -- who talks to the node ------------------------------------------------------------------------


def _link(farm: Farm, station: Station) -> dict[str, Any]:
    heard = [{"lambda": "id(vfarm_heard) = millis(); id(vfarm_alone) = false;"}]
    stop = [{"script.execute": "vfarm_stop"}]
    if station.link is Link.API:
        return {
            "api": {
                "actions": [
                    {"action": "vfarm_heartbeat", "then": heard},
                    {"action": "vfarm_stop", "then": stop},
                ]
            }
        }
    return {
        "mqtt": {
            "on_message": [
                {"topic": heartbeat_topic(farm.id), "payload": "online", "then": heard},
                {"topic": stop_topic(farm.id), "payload": "stop", "then": stop},
            ]
        }
    }


def _intervals(station: Station, driven: Sequence[_Driven]) -> Iterator[dict[str, Any]]:
    lost_ms = round(station.heartbeat_lost_s * 1000)
    silent = f"return !id(vfarm_alone) && millis() - id(vfarm_heard) > {lost_ms}UL;"
    yield {
        "interval": "1s",
        "then": [
            {
                "if": {
                    "condition": {"lambda": silent},
                    "then": [_set("vfarm_alone", True), {"script.execute": "vfarm_left_alone"}],
                }
            }
        ],
    }
    lamps = [d for d in driven if Guard.LIGHT_PLAN in d.needs]
    if lamps:
        yield {"interval": "30s", "then": [_by_the_clock(d) for d in lamps]}


def _left_alone(driven: Sequence[_Driven]) -> Iterator[dict[str, Any]]:
    """The safe state of everything; a lamp that knows its hours follows them from the next look."""
    for d in driven:
        need = d.needs.get(Guard.WATCHDOG)
        if need is None or Guard.LIGHT_PLAN in d.needs:
            continue
        # What must not run goes off again by itself: every output looks when it is switched on.
        yield d.switched(need.on)


def _at_boot(driven: Sequence[_Driven]) -> list[dict[str, Any]]:
    """What comes on again by itself, once the contacts are known."""
    on = [d for d in driven if (need := d.needs.get(Guard.BOOT_STATE)) is not None and need.on]
    return [*([{"delay": "2s"}] if on else []), *(d.switched(True) for d in on)]


# -- outputs --------------------------------------------------------------------------------------


def _tripped(d: _Driven, contacts: dict[str, Role]) -> str:
    """C++ that is true while something forbids an output to be on."""
    terms = ["id(vfarm_stopped)"]
    for point, role in contacts.items():
        terms.append(f"id({_id(point)}).state")
        if role is Role.LEAK:
            terms.append(f"id({_id(point)}_latch)")
    return " || ".join(terms)


def _limits(farm: Farm, station: Station, driven: Sequence[_Driven]) -> Iterator[dict[str, Any]]:
    for d in driven:
        most, again = d.needs.get(Guard.AUTO_OFF), d.needs.get(Guard.RUN_ON)
        if most is not None:
            yield {
                "id": f"{d.id}_limit",
                "mode": "restart",
                "then": [{"delay": _delay(most)}, d.switched(False)],
            }
        if again is not None:
            forbidden = _tripped(d, _roles(farm, station, d))
            yield {
                "id": f"{d.id}_again",
                "mode": "restart",
                "then": [
                    {"delay": _delay(again)},
                    {"wait_until": {"condition": {"lambda": f"return !({forbidden});"}}},
                    d.switched(True),
                ],
            }


def _delay(need: Need) -> str:
    assert need.seconds is not None
    return f"{round(need.seconds * 1000)}ms"


def _roles(farm: Farm, station: Station, d: _Driven) -> dict[str, Role]:
    """The contacts of the station that trip an output."""
    return {p: farm.binding[p].role for p in d.contacts if station.contact(p) is not None}


def _outputs(farm: Farm, station: Station, driven: Sequence[_Driven]) -> dict[str, Any]:
    switches, lights, pins = [], [], []
    for d in driven:
        follow = _follow(farm, station, d)
        name = f"{d.binding.node} {d.binding.role.value}".replace("_", " ")
        if d.dims:
            platform = "esp8266_pwm" if station.board == "esp8266" else "ledc"
            pins.append({"platform": platform, "id": f"{d.id}_pin", "pin": _pin(d.output)})
            lights.append(
                {
                    "platform": "monochromatic",
                    "id": d.id,
                    "name": name,
                    "output": f"{d.id}_pin",
                    "restore_mode": "ALWAYS_OFF",
                    # A lamp is dimmed as it is told: its light is in proportion to its output.
                    "gamma_correct": 1.0,
                    "default_transition_length": "0s",
                    **follow,
                }
            )
        else:
            switches.append(
                {
                    "platform": "gpio",
                    "id": d.id,
                    "name": name,
                    "pin": _pin(d.output),
                    # What has to run after a power cut is switched on once the contacts are known.
                    "restore_mode": "ALWAYS_OFF",
                    **follow,
                }
            )
    groups = {"switch": switches, "output": pins, "light": lights}
    return {key: group for key, group in groups.items() if group}


def _follow(farm: Farm, station: Station, d: _Driven) -> dict[str, Any]:
    """What an output does by itself when it is switched, whoever did it."""
    limited, again = Guard.AUTO_OFF in d.needs, Guard.RUN_ON in d.needs
    on: list[dict[str, Any]] = []
    if again:
        on.append({"script.stop": f"{d.id}_again"})
    if limited:
        on.append({"script.execute": f"{d.id}_limit"})
    forbidden = {"lambda": f"return {_tripped(d, _roles(farm, station, d))};"}
    guarded = {"if": {"condition": forbidden, "then": [d.switched(False)]}}
    if on:
        guarded["if"]["else"] = on
    off: list[dict[str, Any]] = []
    if limited:
        off.append({"script.stop": f"{d.id}_limit"})
    if again:
        # A stop is no pause: its release starts nothing, a person does.
        runs_on = {"script.execute": f"{d.id}_again"}
        running = {"lambda": "return !id(vfarm_stopped);"}
        off.append({"if": {"condition": running, "then": [runs_on]}})
    found: dict[str, Any] = {"on_turn_on": [guarded]}
    if off:
        found["on_turn_off"] = off
    return found


def _pin(output: Output) -> dict[str, Any]:
    return {"number": output.channel, "inverted": output.inverted}


def _by_the_clock(d: _Driven) -> dict[str, Any]:
    """A lamp follows its own light hours while the node is alone and knows the time."""
    hours = d.output.light
    assert hours is not None
    on = (
        {"light.turn_on": {"id": d.id, "brightness": hours.output}}
        if d.dims
        else {"switch.turn_on": d.id}
    )
    act = {"if": {"condition": {"lambda": _is_day(hours)}, "then": [on]}}
    act["if"]["else"] = [d.switched(False)]
    known = "return id(vfarm_alone) && !id(vfarm_stopped) && id(vfarm_time).now().is_valid();"
    return {"if": {"condition": {"lambda": known}, "then": [act]}}


def _is_day(hours: LightHours) -> str:
    on, off = (t.hour * 60 + t.minute for t in (hours.on, hours.off))
    joined = "&&" if on < off else "||"
    return (
        "auto t = id(vfarm_time).now(); int m = t.hour * 60 + t.minute;"
        f" return m >= {on} {joined} m < {off};"
    )


# -- contacts -------------------------------------------------------------------------------------


def _contact(farm: Farm, contact: Contact, driven: Sequence[_Driven]) -> dict[str, Any]:
    binding, key = farm.binding[contact.point], _id(contact.point)
    ends = [d.switched(False) for d in driven if contact.point in d.contacts]
    latch = [_set(f"{key}_latch", True)] if binding.role is Role.LEAK else []
    return {
        "platform": "gpio",
        "id": key,
        "name": f"{binding.node} {binding.role.value}".replace("_", " "),
        "pin": {
            "number": contact.channel,
            "inverted": contact.inverted,
            "mode": {"input": True, "pullup": contact.inverted},
        },
        "on_press": [*latch, *ends],
    }


def _release(farm: Farm, contact: Contact) -> dict[str, str]:
    """A leak that still stands is not released."""
    key = _id(contact.point)
    return {"lambda": f"if (!id({key}).state) id({key}_latch) = false;"}
