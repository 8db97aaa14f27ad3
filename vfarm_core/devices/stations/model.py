"""What a station is: its outputs, its own contacts, and what was proved of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...farm.codec import DecodeError, decode
from ...farm.nodes import Farm
from ...farm.roles import Role, RoleKind, spec

#: The contacts a station can go by itself.
TRIPS = frozenset({Role.LEAK, Role.LEVEL_LOW, Role.LEVEL_HIGH})
#: Without a heartbeat for this long (s) a station is on its own (design choice: four heartbeats of
#: `HEARTBEAT_S`, so that one lost message or a short restart of a broker changes nothing, and still
#: far below the time in which roots of NFT dry).
HEARTBEAT_LOST_S = 60.0
HEARTBEAT_S = 15.0


class StationKind(StrEnum):
    """What a station is made of, and so what it can do. `executor` is anything that carries out the
    stored plan as `executor.py` does."""

    ESPHOME = "esphome"
    SHELLY = "shelly"
    ZIGBEE = "zigbee"
    MODBUS = "modbus"
    EXECUTOR = "executor"


class Guard(StrEnum):
    """One protection that belongs on the station."""

    BOOT_STATE = "boot_state"
    AUTO_OFF = "auto_off"
    RUN_ON = "run_on"
    WATCHDOG = "watchdog"
    DRY_RUN_TRIP = "dry_run_trip"
    LEAK_TRIP = "leak_trip"
    HIGH_LEVEL_TRIP = "high_level_trip"
    STOP_LATCH = "stop_latch"
    LIGHT_PLAN = "light_plan"
    WATER_PLAN = "water_plan"


class Link(StrEnum):
    """How a heartbeat reaches a station."""

    MQTT = "mqtt"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class LightHours:
    """The light day that a lamp keeps by the station's own clock, in the farm's local time. A span
    over midnight has `off` before `on`. `output` is 0…1."""

    on: dt.time
    off: dt.time
    output: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What moves the actuator `point` (a binding's id): `channel` is the pin of an ESPHome node
    (`GPIO16`), the switch number of a Shelly, the name of a Zigbee device, the coil of a relay
    board. `inverted`: the relay is on when its pin is low."""

    point: str
    channel: str
    inverted: bool = False
    light: LightHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A contact wired to the station itself, so that it acts without network: the binding's id and
    the pin. `inverted`: it has tripped when its pin is low."""

    point: str
    channel: str
    inverted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A protection of an actuator was tried: on which day (ISO), by whom, after how many seconds it
    was in its safe state, and whether it worked (`ok`)."""

    point: str
    guard: Guard
    on: str
    by: str
    after_s: float | None = None
    ok: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A piece of field hardware that can act alone. `model` is the profile of a relay board.
    `board` is the chip of an ESPHome node (`esp32`, `esp8266`)."""

    id: str
    name: str
    kind: StationKind
    outputs: tuple[Output, ...]
    contacts: tuple[Contact, ...] = ()
    link: Link = Link.MQTT
    heartbeat_lost_s: float = HEARTBEAT_LOST_S
    model: str = ""
    board: str = "esp32"
    verified: tuple[Verified, ...] = ()

    def output(self, point: str) -> Output | None:
        """The output that moves an actuator."""
        return next((o for o in self.outputs if o.point == point), None)

    def contact(self, point: str) -> Contact | None:
        """The contact of its own that is a binding."""
        return next((c for c in self.contacts if c.point == point), None)


#: What can be wrong with stations, in words; `at` is the station.
PROBLEMS = {
    "id": "{at}: every station needs an id of its own",
    "heartbeat": "{at}: heartbeat_lost_s is {value}; below {limit} one lost heartbeat would be an"
    " outage",
    "channel_twice": "{at}: {channel} is used twice",
    "other_home": "{at}: {point} hangs on {other} already",
    "no_contact": "{at}: {point} is no contact of this farm (accepted: {accepted})",
    "not_its_own": "{at}: {point} was verified but is none of its outputs",
    "no_day": "{at}: {value} is no day (accepted: 2026-12-01)",
    "no_binding": "{at}: {point} is no binding of this farm",
    "no_actuator": "{at}: {point} is no actuator",
    "no_number": "{at}: {channel} is no number of a channel (accepted: 0, 1, 2 …)",
    "no_lamp": "{at}: {point} is no lamp and keeps no light hours",
    "light_output": "{at}: the output of {point} is above 0 and at most 1",
    "light_empty": "{at}: the light hours of {point} are empty",
}


class Problem(str):
    """One thing that is wrong with a station: a sentence, and the key of `PROBLEMS` with what it
    speaks of, for who says it in another language."""

    __slots__ = ("key", "params")

    key: str
    params: dict[str, str]

    def __new__(cls, key: str, at: str, **params: str) -> Problem:
        """Say it in English."""
        made = super().__new__(cls, PROBLEMS[key].format(at=at, **params))
        made.key, made.params = key, {"at": at, **params}
        return made


class StationError(ValueError):
    """Stations that do not fit their farm; `problems` says where and why, in words."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


def stations_from(data: Any, farm: Farm) -> tuple[Station, ...]:
    """The stations of a farm from JSON-able data, checked. Raises StationError."""
    try:
        stations = decode(tuple[Station, ...], data, "stations")
    except DecodeError as err:
        raise StationError([str(err)]) from err
    problems = list(_problems(farm, stations))
    if problems:
        raise StationError(problems)
    return stations


def _problems(farm: Farm, stations: Sequence[Station]) -> Iterator[Problem]:
    homes: dict[str, str] = {}
    seen: set[str] = set()
    for station in stations:
        at = station.id
        if not at or at in seen:
            yield Problem("id", at or "?")
        seen.add(at)
        if not station.heartbeat_lost_s >= 2 * HEARTBEAT_S:
            value, limit = f"{station.heartbeat_lost_s:g}", f"{2 * HEARTBEAT_S:g}"
            yield Problem("heartbeat", at, value=value, limit=limit)
        channels = [o.channel for o in station.outputs] + [c.channel for c in station.contacts]
        for channel in sorted({c for c in channels if channels.count(c) > 1}):
            yield Problem("channel_twice", at, channel=channel)
        for output in station.outputs:
            yield from _output_problems(farm, station, output)
            home = homes.setdefault(output.point, at)
            if home != at:
                yield Problem("other_home", at, point=output.point, other=home)
        for contact in station.contacts:
            binding = farm.binding.get(contact.point)
            if binding is None or binding.role not in TRIPS:
                accepted = ", ".join(sorted(TRIPS))
                yield Problem("no_contact", at, point=contact.point, accepted=accepted)
        for proof in station.verified:
            if station.output(proof.point) is None:
                yield Problem("not_its_own", at, point=proof.point)
            if not _is_day(proof.on):
                yield Problem("no_day", at, value=proof.on)


def _output_problems(farm: Farm, station: Station, output: Output) -> Iterator[Problem]:
    at, point = station.id, output.point
    binding = farm.binding.get(point)
    if binding is None:
        yield Problem("no_binding", at, point=point)
        return
    facts = spec(binding.role)
    if not facts.is_actuator:
        yield Problem("no_actuator", at, point=point)
    if station.kind in _NUMBERED and not _is_number(output.channel):
        yield Problem("no_number", at, channel=output.channel)
    if output.light is None:
        return
    if facts.kind is not RoleKind.DIMMER:
        yield Problem("no_lamp", at, point=point)
    if not 0 < output.light.output <= 1:
        yield Problem("light_output", at, point=point)
    if output.light.on == output.light.off:
        yield Problem("light_empty", at, point=point)


_NUMBERED = frozenset({StationKind.SHELLY, StationKind.MODBUS})


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
