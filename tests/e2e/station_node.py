"""The station of `station_field`, whose outputs are devices that Home Assistant commands over MQTT.

While it follows it does what Home Assistant says; while it is alone it listens to nobody. Each
device says what it does, whoever made it so.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import paho.mqtt.client as mqtt
from station_field import Field

PREFIX = "bench"


class Node(Field):
    """A station with a lamp, a pump and a valve: `devices` names them by binding."""

    def __init__(self, port: int, farm: str, devices: dict[str, str]) -> None:
        self.devices = devices
        super().__init__(port, farm)
        for point in devices:
            self._show(point, 0.0)

    def own_topics(self) -> tuple[str, ...]:
        """The commands of its devices."""
        return tuple(f"{PREFIX}/{name}/set" for name in self.devices.values())

    def _message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        if not message.topic.startswith(f"{PREFIX}/"):
            super()._message(client, data, message)
            return
        name = message.topic.split("/")[1]
        point = next(p for p, device in self.devices.items() if device == name)
        self._heard.setdefault("set", []).append(
            {"point": point, "value": _value(message.payload.decode()), "at": 0.0}
        )

    def _drive(self, point: str, value: float, now: float) -> None:
        assert self.state is not None
        before = self.outputs.get(point, 0.0)
        super()._drive(point, value, now or self.state.heard_at)
        if before != value:
            self._show(point, value)

    def _show(self, point: str, value: float) -> None:
        state = "ON" if value else "OFF"
        if "lamp" in self.devices[point]:
            state = json.dumps({"state": state, "brightness": round(255 * value)})
        self._say(f"{PREFIX}/{self.devices[point]}/state", state, retain=True)


def _value(payload: str) -> float:
    if not payload.startswith("{"):
        return float(payload == "ON")
    told = json.loads(payload)
    return told.get("brightness", 255) / 255 if told["state"] == "ON" else 0.0


def main() -> None:
    node = Node(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
    node.done.wait()


if __name__ == "__main__":
    main()
