"""The controller of a farm, as a process that can be killed: real control and runtime, on a broker.

It says every 15 s of simulated time that it is there, leaves the plan of its station with the
broker, and after a restart takes over what the station gave before it runs.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

from tests.core.support import (
    BENCH,
    Bench,
    HandClock,
    bench_farm,
    bench_phase,
    bench_recipe,
)
from vfarm_core.control import keep
from vfarm_core.control.ahead import plan_ahead
from vfarm_core.control.effects import Record
from vfarm_core.control.inputs import TakeOver
from vfarm_core.devices.stations.plan import open_delivered, seal
from vfarm_core.devices.stations.topics import (
    delivered_topic,
    heartbeat_topic,
    plan_topic,
    taken_topic,
)
from vfarm_core.farm.nodes import Method
from vfarm_core.recipes.model import IrrigationPlan, PhaseKind

FARM, STATION = "farm", "node"
POINTS = ("level_1.grow_light", "pump.irrigation_pump", "circuit.irrigation_valve")
PLAN_S = 900.0


class Controller:
    """Control behind a broker."""

    def __init__(self, port: int, journal: Path) -> None:
        self.journal = journal
        self.bench: Bench | None = None
        self.outputs: dict[str, float] = {}
        self.delivered: bytes | None = None
        self.planned_at = 0.0
        self.done = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="controller")
        self._client.will_set(heartbeat_topic(FARM), "offline", qos=1, retain=True)
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", port)
        for topic in (
            "sim/ack/station",
            delivered_topic(FARM, STATION),
            "sim/clock/controller",
            "sim/end",
        ):
            self._client.subscribe(topic, qos=1)
        sock = self._client.socket()
        assert sock is not None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.loop_start()

    def _say(self, topic: str, payload: Any, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def _message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == "sim/end":
            self.done.set()
        elif message.topic == "sim/ack/station":
            self.outputs = json.loads(message.payload)["outputs"]
        elif message.topic == delivered_topic(FARM, STATION):
            self.delivered = message.payload
        else:
            self._tick(float(message.payload))

    def _tick(self, now: float) -> None:
        if self.bench is None and not self.journal.exists():
            self._begin(now)
        elif self.bench is None and self.delivered:
            self._come_back(now, self.delivered)
        bench = self.bench
        if bench is not None:
            sent = len(bench.sent)
            bench.advance(now - bench.clock.farm)
            if now % 180 < 15:
                for point, value in list(bench.values.items()):
                    bench.report(point, value)
            for at, command in bench.sent[sent:]:
                self._set(command.point, command.value, at)
            self._keep(bench)
            if now - self.planned_at >= PLAN_S:
                self._plan(bench, now)
        self._say(heartbeat_topic(FARM), "online")
        self._say("sim/ack/controller", json.dumps({"at": now, "runs": bench is not None}))

    def _begin(self, now: float) -> None:
        self.bench = Bench(bench_farm(), clock=HandClock(farm=now))
        plan = IrrigationPlan(
            method=Method.EBB_FLOW,
            events_per_day=16,
            night_events=0,
            duration_s=120,
            provenance=BENCH,
        )
        phase = bench_phase("young", PhaseKind.PROPAGATION, irrigation={Method.EBB_FLOW: plan})
        self.bench.start_batch(recipe=bench_recipe(phases=(phase,)))

    def _come_back(self, now: float, message: bytes) -> None:
        """After a kill: the journal, the outputs as they are, and what the station gave."""
        told = open_delivered(message, FARM, STATION)
        bench = Bench(bench_farm(), clock=HandClock(farm=now), waits=True)
        bench.state.update(self.outputs)
        slices = json.loads(self.journal.read_text(encoding="utf-8"))
        bench.journal.records = [Record("slice", v, now, k) for k, v in slices.items()]
        bench.sent.clear()
        bench.boot(keep.restore(slices))
        answer = bench.ask(TakeOver(delivered=told))
        assert answer.data["taken"], answer
        self._keep(bench)
        self._say(taken_topic(FARM, STATION), str(told.number))
        self._say(delivered_topic(FARM, STATION), b"", retain=True)
        bench.runtime.ready()
        bench.settle()
        for at, command in bench.sent:
            self._set(command.point, command.value, at)
        self.bench = bench

    def _set(self, point: str, value: float, at: float) -> None:
        if point in POINTS:
            self._say("sim/set", json.dumps({"point": point, "value": value, "at": at}))

    def _keep(self, bench: Bench) -> None:
        """Everything that was recorded, on disk before the tick is over."""
        beside = self.journal.with_suffix(".new")
        beside.write_text(json.dumps(bench.journal.slices()), encoding="utf-8")
        beside.replace(self.journal)

    def _plan(self, bench: Bench, now: float) -> None:
        memory, clock = bench.runtime.memory, bench.clock.now()
        plan = plan_ahead(bench.farm, memory, clock, STATION, frozenset(POINTS))
        self._say(plan_topic(FARM, STATION), seal(plan), retain=True)
        self.planned_at = now


def main() -> None:
    controller = Controller(int(sys.argv[1]), Path(sys.argv[2]))
    controller.done.wait()


if __name__ == "__main__":
    main()
