"""A station of the field, as a process: the reference executor on a real broker.

Its clock is simulated time that somebody publishes; between two ticks it comes at every instant it
is due, as the timers of a real one do. What its outputs do it says with the time.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from typing import Any

import paho.mqtt.client as mqtt

from vfarm_core.devices.stations.executor import Inputs, Phase, State, advance
from vfarm_core.devices.stations.plan import PlanError, open_plan, seal
from vfarm_core.devices.stations.topics import (
    delivered_topic,
    heartbeat_topic,
    phase_topic,
    plan_topic,
    stop_topic,
    taken_topic,
)

FARM, STATION = "farm", "node"


class Field:
    """The station with its outputs and its ear on the broker."""

    def __init__(self, port: int, farm: str = FARM) -> None:
        self.farm = farm
        self.state: State | None = None
        self.outputs: dict[str, float] = {}
        self.told = 0
        self.phase = ""
        self.done = threading.Event()
        self._next = float("inf")
        self._heard: dict[str, Any] = {}
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=STATION)
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", port)
        for topic in (
            plan_topic(farm, STATION),
            heartbeat_topic(farm),
            stop_topic(farm),
            taken_topic(farm, STATION),
            "sim/set",
            "sim/clock/station",
            "sim/end",
            *self.own_topics(),
        ):
            self._client.subscribe(topic, qos=1)
        sock = self._client.socket()
        assert sock is not None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.loop_start()

    def own_topics(self) -> tuple[str, ...]:
        """What its devices listen to besides."""
        return ()

    def _say(self, topic: str, payload: Any, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def _message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        topic, payload = message.topic, message.payload
        if topic == "sim/end":
            self.done.set()
        elif topic == "sim/clock/station":
            self._tick(float(payload))
        elif topic == "sim/set":
            self._heard.setdefault("set", []).append(json.loads(payload))
        else:
            self._heard[topic] = payload

    def _tick(self, now: float) -> None:
        if self.state is None:
            self.state = State(farm=self.farm, station=STATION, heard_at=now)
        heard, self._heard = self._heard, {}
        # Its own timers first: what came with this tick came now.
        while self._next < now:
            self._step(self._next, Inputs())
        if self.state.phase is Phase.FOLLOWING:
            for command in heard.get("set", []):
                self._drive(command["point"], command["value"], command["at"])
        taken = heard.get(taken_topic(self.farm, STATION))
        stop = heard.get(stop_topic(self.farm)) == b"stop"
        self._step(
            now,
            Inputs(
                heartbeat=heard.get(heartbeat_topic(self.farm)) == b"online",
                plan=self._plan(heard.get(plan_topic(self.farm, STATION)), now),
                stop=stop,
                on=frozenset(p for p, v in self.outputs.items() if v),
                taken=None if taken is None else int(taken),
            ),
        )
        self._report()
        if self.state.phase != self.phase:
            self.phase = self.state.phase
            self._say(phase_topic(self.farm, STATION), self.phase, retain=True)
        ack = {"at": now, "phase": self.state.phase, "outputs": self.outputs}
        self._say("sim/ack/station", json.dumps(ack), retain=True)

    def _plan(self, message: bytes | None, now: float) -> Any:
        assert self.state is not None
        if not message:
            return None
        try:
            return open_plan(message, self.farm, STATION, now, self.state.plan)
        except PlanError as err:
            self._say("sim/refused", err.key)
            return None

    def _step(self, now: float, given: Inputs) -> None:
        assert self.state is not None
        done = advance(self.state, now, given)
        self.state, self._next = done.state, done.due
        for point, value in done.outputs.items():
            self._drive(point, value, now)

    def _drive(self, point: str, value: float, now: float) -> None:
        if self.outputs.get(point, 0.0) != value:
            self.outputs[point] = value
            self._say("sim/out", json.dumps({"at": now, "point": point, "value": value}))

    def _report(self) -> None:
        assert self.state is not None
        waiting = self.state.reports[0] if self.state.reports else None
        if waiting is not None and waiting.number != self.told:
            self.told = waiting.number
            self._say(delivered_topic(self.farm, STATION), seal(waiting), retain=True)


def main() -> None:
    field = Field(int(sys.argv[1]))
    field.done.wait()


if __name__ == "__main__":
    main()
