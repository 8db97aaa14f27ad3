"""A real Mosquitto, and field hardware on it that outlives Home Assistant."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from ports import own_port

_PREFIX = "bench"


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """A broker on a free loopback port."""
    program = shutil.which("mosquitto") or shutil.which(
        "mosquitto", path="/usr/sbin:/usr/local/sbin"
    )
    assert program, "mosquitto is missing: scripts/setup e2e installs it"
    port = own_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        "set_tcp_nodelay true\n",
        encoding="utf-8",
    )
    broker = subprocess.Popen(
        [program, "-c", str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        broker.terminate()
        broker.wait(10)


@dataclass(frozen=True, slots=True)
class Command:
    """What a device was told, and when (monotonic s)."""

    device: str
    payload: str
    at: float


class Bench:
    """Relays and a lamp that do what they are told and say what they do, unless told to fail."""

    def __init__(self, port: int) -> None:
        self.commands: list[Command] = []
        self._deaf: dict[tuple[str, str], int] = {}
        self._states: dict[str, str] = {}
        self._lock = threading.Lock()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="bench")
        self._client.on_message = self._told
        for attempt in range(50):
            try:
                self._client.connect("127.0.0.1", port)
                break
            except OSError:
                if attempt == 49:
                    raise
                time.sleep(0.1)
        self._client.loop_start()

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def add_switch(self, name: str) -> str:
        """A relay; its entity id."""
        self._add("switch", name, "OFF", {"payload_on": "ON", "payload_off": "OFF"})
        return f"switch.{name}"

    def add_light(self, name: str) -> str:
        """A dimmable lamp with the JSON schema; its entity id."""
        options = {
            "schema": "json",
            "brightness": True,
            "supported_color_modes": ["brightness"],
        }
        self._add("light", name, json.dumps({"state": "OFF"}), options)
        return f"light.{name}"

    def add_foreign(self, kind: str, name: str) -> str:
        """A relay or lamp that is there and whose device somebody else is; its entity id."""
        options: dict[str, Any] = {"payload_on": "ON", "payload_off": "OFF"}
        if kind == "light":
            options = {
                "schema": "json",
                "brightness": True,
                "supported_color_modes": ["brightness"],
            }
        topic = {"command_topic": f"{_PREFIX}/{name}/set"}
        self._describe(kind, name, {**topic, **options})
        return f"{kind}.{name}"

    def add_sensor(self, name: str, value: str, unit: str) -> str:
        """A probe that has said its value; its entity id."""
        self._describe("sensor", name, {"unit_of_measurement": unit})
        self._client.publish(f"{_PREFIX}/{name}/state", value, qos=1, retain=True)
        return f"sensor.{name}"

    def add_follower(self, name: str, of: str) -> str:
        """A contact that sees whether a relay's device runs; its entity id."""
        self._describe("binary_sensor", name, {"state_topic": f"{_PREFIX}/{of}/state"})
        return f"binary_sensor.{name}"

    def state(self, name: str) -> str:
        """What a device does."""
        with self._lock:
            return self._states[name]

    def told(self, name: str) -> list[Command]:
        """Every command a device got."""
        with self._lock:
            return [command for command in self.commands if command.device == name]

    def ignore(self, name: str, payload: str, times: int) -> None:
        """Let a device take no notice of the next commands of a kind."""
        with self._lock:
            self._deaf[name, payload] = times

    def _add(self, kind: str, name: str, state: str, options: dict[str, Any]) -> None:
        with self._lock:
            self._states[name] = state
        self._client.subscribe(f"{_PREFIX}/{name}/set", qos=1)
        # Retained, so that it is there whenever Home Assistant comes.
        self._client.publish(f"{_PREFIX}/{name}/state", state, qos=1, retain=True)
        self._describe(kind, name, {"command_topic": f"{_PREFIX}/{name}/set", **options})

    def _describe(self, kind: str, name: str, options: dict[str, Any]) -> None:
        described = {
            "name": name.replace("_", " "),
            "default_entity_id": f"{kind}.{name}",
            "unique_id": f"bench_{name}",
            "state_topic": f"{_PREFIX}/{name}/state",
            **options,
        }
        self._client.publish(
            f"homeassistant/{kind}/bench_{name}/config", json.dumps(described), qos=1, retain=True
        )

    def _told(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        name = message.topic.split("/")[1]
        payload = message.payload.decode()
        with self._lock:
            self.commands.append(Command(name, payload, time.monotonic()))
            if (left := self._deaf.get((name, payload), 0)) > 0:
                self._deaf[name, payload] = left - 1
                return
            self._states[name] = payload
        self._client.publish(f"{_PREFIX}/{name}/state", payload, qos=1, retain=True)
