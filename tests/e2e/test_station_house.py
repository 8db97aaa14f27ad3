"""Home Assistant is killed for two hours of its station's time; plants get light and water once."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from conftest import MakeSession, MqttBench
from own_farm import SWITCHED, Bind, OwnFarm, add_broker, add_tent
from real_ha import vfarm
from real_ha.client import wait_for
from real_ha.process import CONFIGURATION
from real_ha.session import Session
from test_crash import on_disk
from test_station import HOUR, Stage

from vfarm_core.devices.stations.plan import open_plan
from vfarm_core.devices.stations.topics import delivered_topic, plan_topic
from vfarm_core.farm.ahead import StationPlan

LAMP, PUMP, VALVE = "house_lamp", "house_pump", "house_valve"
#: Its lights have been on for so long (h) that a shot of the recipe comes within the next two.
LIT_H = 2.75
PPFD_FULL = 400.0


class House(Stage):
    """The station's own time on the broker of a Home Assistant: real until somebody turns it."""

    def __init__(self, port: int, farm: str, devices: dict[str, str]) -> None:
        self.farm, self.devices = farm, devices
        self.plan: StationPlan | None = None
        self.reported = b""
        super().__init__(port, Path())
        self._client.subscribe([(plan_topic(farm, "node"), 1), (delivered_topic(farm, "node"), 1)])

    def _run(self, script: str, *arguments: str) -> Any:
        self.now = time.time()
        return super()._run("station_node.py", self.farm, json.dumps(self.devices))

    def _message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == delivered_topic(self.farm, "node"):
            self.reported = message.payload
        elif message.topic == plan_topic(self.farm, "node"):
            if message.payload:
                self.plan = open_plan(message.payload, self.farm, "node", self.now)
        else:
            super()._message(client, data, message)

    @contextmanager
    def live(self) -> Iterator[None]:
        """While this lasts its time passes as it does."""
        ahead, end = self.now - time.time(), threading.Event()

        def run() -> None:
            while not end.wait(0.1):
                self.now = time.time() + ahead
                self.phase = self._tell("station")["phase"]

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def alone_for(self, seconds: float) -> None:
        """Turn its time."""
        end = self.now + seconds
        while self.now < end:
            self.now += 15.0
            self.phase = self._tell("station")["phase"]

    def gave(self, point: str, start: float, end: float) -> float:
        """What an output was on for, in seconds at full output."""
        total, since, value = 0.0, start, 0.0
        for change in [c for c in self.changes if c["point"] == point]:
            at = min(max(change["at"], start), end)
            total += value * (at - since)
            since, value = at, change["value"]
        return total + value * (end - since)


def events(session: Session, entry_id: str) -> list[tuple[str, dict[str, Any]]]:
    """What the journal holds, in order."""
    folder = session.process.config_dir / ".storage" / "vfarm"
    with closing(sqlite3.connect(folder / f"{entry_id}.journal.db")) as journal:
        rows = journal.execute("SELECT kind, data FROM events ORDER BY id").fetchall()
    return [(kind, json.loads(data)) for kind, data in rows]


def add_table(session: Session, bench: MqttBench) -> tuple[OwnFarm, dict[str, str]]:
    """A tent with a lamp, and a table whose pump and valve hang on the same station."""
    client, hardware = session.client, bench.hardware
    add_broker(client, bench.port)
    lamp = hardware.add_foreign("light", LAMP)
    pump, valve = (hardware.add_foreign("switch", name) for name in (PUMP, VALVE))
    air = hardware.add_sensor("house_air", "21.5", "°C")
    volume = hardware.add_sensor("house_volume", "120", "L")
    for entity in (lamp, pump, valve, air, volume):
        wait_for(f"{entity} is there", lambda e=entity: client.state(e), timeout_s=30)
    farm = add_tent(client, lit_h=LIT_H)
    neither = {**SWITCHED, "danger": "neither"}
    farm.bind("zone", Bind("air_temperature", air))
    farm.bind("rack", Bind("grow_light", lamp, node=farm.level, declaration=neither))
    tank = farm.add(
        "reservoir",
        {"name": "Tank", "capacity_l": 150, "volume_min_l": 20},
        Bind("volume", volume),
    )
    line = farm.add(
        "pump",
        {"name": "Pump", "reservoir": tank, "flow_l_min": 6},
        Bind("irrigation_pump", pump, declaration=SWITCHED),
    )
    table = farm.add(
        "circuit",
        {
            "name": "Table",
            "pump": line,
            "levels": [farm.level],
            "method": "ebb_flow",
            "drain_s": 60,
        },
        Bind("irrigation_valve", valve, declaration=SWITCHED),
    )
    return farm, {
        f"{farm.level}.grow_light": LAMP,
        f"{line}.irrigation_pump": PUMP,
        f"{table}.irrigation_valve": VALVE,
    }


@pytest.fixture(scope="module")
def session(make_session: MakeSession) -> Iterator[Session]:
    """A fresh Home Assistant."""
    made = make_session(CONFIGURATION)
    with made:
        yield made


def test_plants_get_light_and_water_for_two_hours_without_home_assistant(
    session: Session, bench: MqttBench
) -> None:
    client = session.client
    farm, devices = add_table(session, bench)
    lamp, pump, valve = devices
    table = valve.partition(".")[0]
    house = House(bench.port, farm.entry_id, devices)
    try:
        with house.live():
            vfarm.wait_running(client, farm.entry_id)
            client.action(
                "vfarm",
                "start_batch",
                config_entry_id=farm.entry_id,
                node=[farm.level],
                recipe="lettuce_butterhead",
                sown_days_ago=30,
            )
            client.action(
                "vfarm",
                "set_station",
                config_entry_id=farm.entry_id,
                station="node",
                kind="executor",
                outputs=[{"point": p, "channel": name} for p, name in devices.items()],
            )
            wait_for(
                "there is a plan with water", lambda: house.plan and house.plan.shots, timeout_s=40
            )
            wait_for("the lamp is on", lambda: house.gave(lamp, 0, house.now), timeout_s=30)
            wait_for("it follows", lambda: house.phase == "following", timeout_s=30)
            wait_for(
                "Home Assistant has written down what exists",
                lambda: on_disk(session, farm.entry_id, {table}, {f"light.{LAMP}"}),
                timeout_s=60,
            )
            level = vfarm.overview(client, farm.entry_id)["levels"][0]["snapshot"]
        session.kill()
        killed = house.now
        plan = house.plan
        assert plan is not None
        due = [shot for shot in plan.shots if shot.at < killed + 2 * HOUR - 600]
        assert due, "no water would have come in these two hours anyway"

        house.alone_for(2 * HOUR)
        assert house.phase == "alone"
        light = house.gave(lamp, killed, killed + 2 * HOUR) * PPFD_FULL
        # The recipe wants so much light in a day: these two hours' share of what was missing of it.
        missing = (level["dli_target"] - level["dli"]) * 1e6
        share = 2 * HOUR / (level["lights_off_at"] - killed)
        assert light == pytest.approx(missing * share, rel=0.01)
        water = house.gave(pump, killed, killed + 2 * HOUR)
        assert water == pytest.approx(sum(shot.seconds for shot in due), rel=0.01)

        with house.live():
            session.start()
            vfarm.wait_running(session.client, farm.entry_id)
            wait_for(
                "the outputs are handed back", lambda: house.phase == "following", timeout_s=30
            )
            found = events(session, farm.entry_id)
            time.sleep(3)
            later = events(session, farm.entry_id)
        given = [
            (at, data)
            for at, (kind, data) in enumerate(found)
            if kind == "shot_ended" and data["by"] == "station"
        ]
        assert [data["shot"] for _, data in given] == [shot.id for shot in due]
        assert sum(data["delivered_s"] for _, data in given) == pytest.approx(water, rel=0.01)
        # Counted before control runs, told to the station, and not given again.
        running = [at for at, (kind, _) in enumerate(found) if kind == "running"]
        assert given[-1][0] < running[-1]
        assert house.reported == b""
        assert not [kind for kind, _ in later if kind == "shot_started"]
        assert house.gave(pump, killed + 2 * HOUR, house.now) == 0
        circuit = vfarm.overview(session.client, farm.entry_id)["circuits"][0]["snapshot"]
        assert circuit["shots_today"] == len(due)
    finally:
        house.close()
