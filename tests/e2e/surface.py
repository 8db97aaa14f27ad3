"""The whole surface on the oldest and the newest Home Assistant that vfarm supports.

`test_surface_floor.py` and `test_surface_newest.py` say which. One scenario, told as a grower lives
it: set up through the flows a browser uses, hardware on a real broker, a demo with full graphs, a
day of it, a restart. What earlier versions have left is in `test_earlier_versions.py`.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeSession, MqttBench
from modbus_field import BOARD, PROBE, modbus_field, relay
from own_farm import SWITCHED, Bind, OwnFarm, add_broker, add_tent
from ports import own_port
from real_ha import vfarm
from real_ha.client import Client, wait_for
from real_ha.process import REPOSITORY
from real_ha.session import Session
from releases import RELEASES

LAMP, HEATER, THERMOMETER = "tent_lamp", "tent_heater", "tent_temperature"
PPFD_FULL = 400
HISTORY_DAYS = 14
#: The fastest that the demo's clock goes: a day of it takes six minutes.
DAY_SPEED = 240
DAY_S = 86_400


def installed(interpreter: Path) -> str:
    """The release of Home Assistant in an environment."""
    asked = "from importlib.metadata import version; print(version('homeassistant'))"
    return subprocess.run(
        [interpreter, "-c", asked], capture_output=True, text=True, check=True
    ).stdout.strip()


@dataclass(frozen=True, slots=True)
class Surface:
    """A running Home Assistant with a demo farm and one of the grower's own."""

    release: str
    session: Session
    bench: MqttBench
    demo: str
    farm: OwnFarm
    began: dt.datetime
    #: The port of a Modbus line.
    line: int
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.session.client

    def overview(self, entry_id: str) -> dict[str, Any]:
        return vfarm.overview(self.client, entry_id)

    def events(self, entry_id: str) -> list[tuple[str, dict[str, Any]]]:
        """What a farm's journal holds."""
        folder = self.session.process.config_dir / ".storage" / "vfarm"
        where = f"file:{folder / f'{entry_id}.journal.db'}?mode=ro"
        with closing(sqlite3.connect(where, uri=True)) as journal:
            rows = journal.execute("SELECT kind, data FROM events ORDER BY id").fetchall()
        return [(kind, json.loads(data)) for kind, data in rows]

    def hours(self, entity_id: str) -> list[dict[str, Any]]:
        """The long-term statistics of an entity."""
        answer = self.client.call(
            "recorder/statistics_during_period",
            start_time=(self.began - dt.timedelta(days=2 * HISTORY_DAYS)).isoformat(),
            statistic_ids=[entity_id],
            period="hour",
        )
        found: list[dict[str, Any]] = answer.get(entity_id, [])
        return found

    def brightness(self) -> int:
        """What the lamp on the bench does, 0…255."""
        told = json.loads(self.bench.hardware.state(LAMP))
        return told.get("brightness", 255) if told["state"] == "ON" else 0


@pytest.fixture(scope="module")
def surface(release: str, make_session: MakeSession, bench: MqttBench) -> Iterator[Surface]:
    """Both farms, made through the flows alone."""
    assert RELEASES[release].exists(), f"{RELEASES[release]} is missing: scripts/setup makes it"
    hardware = bench.hardware
    entities = [
        hardware.add_light(LAMP),
        hardware.add_switch(HEATER),
        hardware.add_sensor(THERMOMETER, "14.0", "°C"),
    ]
    lamp, heater, thermometer = entities
    session = make_session(interpreter=RELEASES[release])
    with modbus_field(own_port()) as line, session:
        client = session.client
        began = dt.datetime.now(dt.UTC)
        demo = vfarm.add_demo_farm(client)
        add_broker(client, bench.port)
        for entity in entities:
            wait_for(f"{entity} is there", lambda e=entity: client.state(e), timeout_s=30)
        farm = add_tent(client)
        neither = {**SWITCHED, "danger": "neither"}
        farm.bind(
            "zone",
            Bind("air_temperature", thermometer),
            Bind("heater", heater, declaration=SWITCHED),
        )
        farm.bind("rack", Bind("grow_light", lamp, node=farm.level, declaration=neither))
        for entry_id in (demo, farm.entry_id):
            vfarm.wait_running(client, entry_id)
        yield Surface(release, session, bench, demo, farm, began, line)
    assert session.process.complaints() == []


def test_it_is_the_release_it_is_said_to_be(surface: Surface) -> None:
    running = surface.client.call("get_config")["version"]
    assert running == installed(RELEASES[surface.release])
    floor = json.loads((REPOSITORY / "hacs.json").read_text(encoding="utf-8"))["homeassistant"]
    series = floor.rpartition(".")[0]
    assert running.startswith(f"{series}.") is (surface.release == "floor")


def test_every_entity_is_there_and_nothing_is_to_be_repaired(surface: Surface) -> None:
    wait_for(
        "every entity is available",
        lambda: not vfarm.unavailable(surface.client),
        timeout_s=60,
        detail=lambda: vfarm.unavailable(surface.client),
    )
    assert vfarm.repairs(surface.client) == []


def test_devices_on_a_broker_do_what_the_recipe_asks(surface: Surface) -> None:
    surface.client.action(
        "vfarm",
        "start_batch",
        config_entry_id=surface.farm.entry_id,
        node=[surface.farm.level],
        recipe="lettuce_butterhead",
        sown_days_ago=10,
    )
    wait_for("the lamp is told to shine", surface.brightness, timeout_s=30)

    def proved() -> bool:
        lamps = vfarm.actuators(surface.overview(surface.farm.entry_id), "grow_light")
        return all(lamp["proof"] == "proved" and lamp["reported"] > 0 for lamp in lamps)

    wait_for("the lamp is proved", proved, timeout_s=30)
    level = vfarm.node(surface.overview(surface.farm.entry_id), surface.farm.level)["snapshot"]
    expected = level["ppfd_target"] / PPFD_FULL * 255
    assert surface.brightness() == pytest.approx(expected, abs=3)
    heater = surface.bench.hardware.state
    wait_for("14 °C are heated", lambda: heater(HEATER) == "ON", timeout_s=60)


@pytest.mark.timeout(2 * DAY_S / DAY_SPEED)
def test_a_modbus_line_is_added_by_what_it_says_and_bound(surface: Surface) -> None:
    client, entry_id = surface.client, surface.farm.entry_id
    start = {"handler": [entry_id, "modbus_device"]}
    for profile, unit, name in (
        ("xy_md02", PROBE, "Line air"),
        ("waveshare_relay", BOARD, "Board"),
    ):
        made = client.flow(
            start,
            {"next_step_id": "known"},
            {"profile": profile, "link": "tcp"},
            {"host": "127.0.0.1", "port": surface.line, "unit": unit},
            {"profile": profile, "name": name},
            sub=True,
        )
        assert made["type"] == "create_entry", made

    def named(name: str) -> dict[str, Any] | None:
        found = [
            s for s in client.states().values() if s["attributes"].get("friendly_name") == name
        ]
        return found[0] if found and found[0]["state"] != "unavailable" else None

    humidity = wait_for("the probe tells", lambda: named("Line air Humidity"), timeout_s=30)
    assert (humidity["state"], humidity["attributes"]["device_class"]) == ("55.5", "humidity")
    surface.farm.bind("zone", Bind("humidity", humidity["entity_id"]))

    def seen() -> bool:
        zone = vfarm.node(surface.overview(entry_id), surface.farm.zone)["snapshot"]
        return bool(zone["humidity"] and zone["humidity"]["value"] == 55.5)

    wait_for("the farm goes by it", seen, timeout_s=30)
    relay_1 = wait_for("the board tells", lambda: named("Board Relay 1"), timeout_s=30)
    assert (relay_1["state"], relay(surface.line, 1)) == ("off", False)
    client.action("switch", "turn_on", entity_id=relay_1["entity_id"])
    assert client.state(relay_1["entity_id"]) == "on"
    assert relay(surface.line, 1) is True
    client.action("switch", "turn_off", entity_id=relay_1["entity_id"])
    assert relay(surface.line, 1) is False


def test_a_day_of_the_farm_gives_the_light_and_the_water_of_the_recipes(surface: Surface) -> None:
    vfarm.set_speed(surface.client, surface.demo, DAY_SPEED)
    began = surface.overview(surface.demo)["farm"]["now"]
    wait_for(
        "a day has passed",
        lambda: surface.overview(surface.demo)["farm"]["now"] > began + DAY_S,
        timeout_s=1.5 * DAY_S / DAY_SPEED,
        every_s=5,
    )
    vfarm.set_speed(surface.client, surface.demo, 1)
    seen = surface.overview(surface.demo)
    grown = [level["snapshot"] for level in seen["levels"] if level["snapshot"]["batch"]]
    assert len(grown) == 14
    for level in grown:
        assert level["dli_yesterday"] == pytest.approx(level["dli_target"], rel=0.05), level
    ends = Counter(
        (data["node"], data["end"])
        for kind, data in surface.events(surface.demo)
        if kind == "shot_ended"
    )
    assert {node for node, _ in ends} == {circuit["id"] for circuit in seen["circuits"]}
    assert {end for _, end in ends} <= {"done", "volume", "meter_dead"}, ends
    # At this speed a process that waits for half a second has not heard its meters for minutes.
    unheard = sum(count for (_, end), count in ends.items() if end == "meter_dead")
    assert unheard <= 0.1 * ends.total(), ends
    latched = [n["snapshot"]["latches"] for n in (*seen["zones"], *seen["reservoirs"])]
    assert not any(latched), latched
    assert {kind for kind, _ in surface.events(surface.demo)} & {"not_proved", "takeover"} == set()
    assert vfarm.repairs(surface.client) == []


def test_the_graphs_of_the_demo_are_full_and_those_of_a_farm_are_its_own(surface: Surface) -> None:
    demo = surface.overview(surface.demo)
    air = demo["entities"][demo["zones"][0]["id"]]["air_temperature"]
    hours = HISTORY_DAYS * 24
    light = demo["entities"][demo["levels"][0]["id"]]["ppfd"]
    wait_for(
        "two weeks are there",
        lambda: all(len(surface.hours(shown)) >= hours for shown in (air, light)),
        timeout_s=300,
        every_s=2,
        detail=lambda: len(surface.hours(air)),
    )
    starts = [row["start"] / 1000 for row in surface.hours(air)[:hours]]
    whole = surface.began.timestamp() // 3600 * 3600
    assert starts == [whole - n * 3600 for n in range(hours, 0, -1)]
    nights = Counter(row["mean"] > 0 for row in surface.hours(light)[:hours])
    assert nights[True] > 10 * HISTORY_DAYS
    assert nights[False] > 4 * HISTORY_DAYS
    ours = surface.overview(surface.farm.entry_id)
    own = ours["entities"][surface.farm.zone]["air_temperature"]
    assert [row for row in surface.hours(own) if row["start"] / 1000 < whole] == []
    surface.found["hours"] = (air, starts)


def test_after_a_restart_both_farms_go_on(surface: Surface) -> None:
    def kept() -> dict[str, Any]:
        return {
            entry_id: {
                batch["id"]: (batch["title"], batch["recipe_version"], batch["sown_at"])
                for batch in surface.overview(entry_id)["farm"]["snapshot"]["batches"]
            }
            for entry_id in (surface.demo, surface.farm.entry_id)
        }

    before = kept()
    assert [len(batches) for batches in before.values()] == [10, 1]
    clock = surface.overview(surface.demo)["farm"]["now"]
    lit = surface.brightness()
    surface.session.restart()
    for entry_id in (surface.demo, surface.farm.entry_id):
        vfarm.wait_running(surface.client, entry_id)
    assert kept() == before
    assert surface.overview(surface.demo)["farm"]["now"] >= clock
    assert surface.brightness() == lit, "a restart is no reason to touch the light"
    air, starts = surface.found["hours"]
    told = [row["start"] / 1000 for row in surface.hours(air)]
    assert told[: len(starts)] == starts, "the past is told once"
    wait_for(
        "every entity is back",
        lambda: not vfarm.unavailable(surface.client),
        timeout_s=60,
        detail=lambda: vfarm.unavailable(surface.client),
    )
