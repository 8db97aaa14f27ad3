"""The controller is killed for two hours; its station carries out the stored plan meanwhile."""

from __future__ import annotations

import datetime as dt
import json
import queue
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from mqtt_bench import mosquitto
from real_ha.process import REPOSITORY

#: An hour before lights-on of the bench farm, whose light day is 16 h of 200 µmol/m²/s.
START = dt.datetime(2026, 3, 2, 5, tzinfo=dt.UTC).timestamp()
HOUR, TICK_S = 3600.0, 15.0
LAMP, PUMP = "level_1.grow_light", "pump.irrigation_pump"
PPFD_FULL, PPFD, SHOT_S, SHOTS = 400.0, 200.0, 120.0, 16
HERE = Path(__file__).parent


class Stage:
    """Simulated time on a real broker, and the processes that live by it."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.folder, self.now = port, folder, START
        self.changes: list[dict[str, Any]] = []
        self.phases: set[str] = set()
        self.controller: subprocess.Popen[bytes] | None = None
        self._acks: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="stage")
        self._client.on_message = self._message
        self._connect()
        self._client.subscribe("sim/#", qos=1)
        self._client.loop_start()
        self.field = self._run("station_field.py")

    def _connect(self) -> None:
        for attempt in range(50):
            try:
                self._client.connect("127.0.0.1", self.port)
                break
            except OSError:
                if attempt == 49:
                    raise
                time.sleep(0.1)
        sock = self._client.socket()
        assert sock is not None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == "sim/out":
            self.changes.append(json.loads(message.payload))
        elif message.topic.startswith("sim/ack/") and not message.retain:
            told = json.loads(message.payload)
            self._acks.put((message.topic.removeprefix("sim/ack/"), told))

    def _run(self, script: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, str(HERE / script), str(self.port), *arguments],
            env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
        )

    def start_controller(self) -> None:
        self.controller = self._run("station_controller.py", str(self.folder / "journal.json"))

    def kill_controller(self) -> None:
        assert self.controller is not None
        self.controller.send_signal(signal.SIGKILL)
        self.controller.wait(10)
        self.controller = None

    def _tell(self, who: str) -> dict[str, Any]:
        """One tick for a process, until it has come to its end. A process that is only starting has
        not subscribed yet: it is told again."""
        for _ in range(120):
            self._client.publish(f"sim/clock/{who}", str(self.now), qos=1)
            try:
                while True:
                    name, told = self._acks.get(timeout=0.5)
                    if name == who and told["at"] == self.now:
                        return told
            except queue.Empty:
                continue
        raise AssertionError(f"{who} does not answer at {self.now - START:g} s")

    def tick(self) -> None:
        self.now += TICK_S
        self.controller_runs = self.controller is not None and self._tell("controller")["runs"]
        self.phases.add(self._tell("station")["phase"])

    def until(self, seconds: float) -> None:
        while self.now < START + seconds:
            self.tick()

    def wait_for(self, what: Callable[[], bool], ticks: int = 100) -> None:
        for _ in range(ticks):
            if what():
                return
            self.tick()
        raise AssertionError("it did not come")

    def close(self) -> None:
        self._client.publish("sim/end", "", qos=1).wait_for_publish(5)
        for process in (self.field, self.controller):
            if process is not None:
                process.terminate()
                process.wait(10)
        self._client.disconnect()
        self._client.loop_stop()

    def integral(self, point: str, start: float, end: float) -> float:
        """What an output was on for, in seconds at full output, between two instants."""
        total, since, value = 0.0, START, 0.0
        for change in [c for c in self.changes if c["point"] == point] + [{"at": end, "value": 0}]:
            at = min(change["at"], end)
            total += value * max(0.0, at - max(since, start))
            since, value = at, change["value"]
        return total


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with mosquitto(tmp_path) as port:
        made = Stage(port, tmp_path)
        try:
            yield made
        finally:
            made.close()


def test_light_and_water_come_while_the_controller_is_dead_for_two_hours(stage: Stage) -> None:
    stage.start_controller()
    stage.until(5 * HOUR)
    assert stage.phases == {"following"}
    assert stage.controller_runs
    stage.kill_controller()
    killed = stage.now
    stage.until(7 * HOUR)
    assert "alone" in stage.phases
    light = stage.integral(LAMP, killed, stage.now) * PPFD_FULL
    assert light == pytest.approx(PPFD * 2 * HOUR, rel=0.01)
    assert stage.integral(PUMP, killed, stage.now) == pytest.approx(2 * SHOT_S, rel=0.01)

    stage.start_controller()
    stage.wait_for(lambda: stage.controller_runs)
    stage.phases.clear()
    stage.until(18 * HOUR)
    assert "following" in stage.phases
    assert "alone" not in stage.phases
    day = stage.integral(LAMP, START, stage.now) * PPFD_FULL * 1e-6
    assert day == pytest.approx(PPFD * 16 * HOUR * 1e-6, rel=0.01)
    assert stage.integral(PUMP, START, stage.now) == pytest.approx(SHOTS * SHOT_S, rel=0.01)
