"""kill -9 in mid-shot: the hardware lives on with the valve open, and the restart closes it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import MakeSession, MqttBench
from own_farm import SWITCHED, Bind, OwnFarm, add_broker, add_tent
from real_ha import vfarm
from real_ha.client import wait_for
from real_ha.process import CONFIGURATION, HomeAssistantError, read_storage
from real_ha.session import Session

VALVE, PUMP = "table_valve", "table_pump"
SHOT_S = 300

HELPERS = """
input_number:
  tank_volume:
    min: 0
    max: 200
    initial: 120
    unit_of_measurement: L
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A flooded table on MQTT relays."""

    session: Session
    bench: MqttBench
    farm: OwnFarm
    circuit: str

    def snapshot(self) -> dict[str, Any]:
        seen = vfarm.overview(self.session.client, self.farm.entry_id)
        found: dict[str, Any] = vfarm.node(seen, self.circuit)["snapshot"]
        return found

    def relays(self) -> tuple[str, str]:
        return self.bench.hardware.state(VALVE), self.bench.hardware.state(PUMP)

    def shot_ends(self) -> list[dict[str, Any]]:
        """Every ended shot in the journal."""
        path = (
            self.session.process.config_dir
            / ".storage"
            / "vfarm"
            / f"{self.farm.entry_id}.journal.db"
        )
        with closing(sqlite3.connect(path)) as journal:
            rows = journal.execute("SELECT kind, data FROM events ORDER BY id").fetchall()
        return [json.loads(data) for kind, data in rows if kind == "shot_ended"]


@pytest.fixture(scope="module")
def table(make_session: MakeSession, bench: MqttBench) -> Iterator[Table]:
    """A farm that waters one level through two MQTT relays."""
    valve, pump = bench.hardware.add_switch(VALVE), bench.hardware.add_switch(PUMP)
    session = make_session(CONFIGURATION + HELPERS)
    with session:
        client = session.client
        add_broker(client, bench.port)
        for entity in (valve, pump):
            wait_for(f"{entity} is there", lambda e=entity: client.state(e), timeout_s=30)
        farm = add_tent(client)
        tank = farm.add(
            "reservoir",
            {"name": "Tank", "capacity_l": 150, "volume_min_l": 20},
            Bind("volume", "input_number.tank_volume"),
        )
        line = farm.add(
            "pump",
            {"name": "Pump", "reservoir": tank, "flow_l_min": 6},
            Bind("irrigation_pump", pump, declaration=SWITCHED),
        )
        circuit = farm.add(
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
        vfarm.wait_running(client, farm.entry_id)
        wait_for(
            "Home Assistant has written down what exists",
            lambda: on_disk(session, farm.entry_id, circuit, valve, pump),
            timeout_s=60,
        )
        yield Table(session, bench, farm, circuit)
    assert session.process.complaints() == []


def on_disk(session: Session, entry_id: str, circuit: str, *entities: str) -> bool:
    """Home Assistant saves its registries some seconds late; a farm is older than that."""
    folder = session.process.config_dir
    try:
        stored = read_storage(folder, "core.config_entries")["entries"]
        registered = read_storage(folder, "core.entity_registry")["entities"]
    except FileNotFoundError:
        return False
    parts = [p["data"]["id"] for e in stored if e["entry_id"] == entry_id for p in e["subentries"]]
    return circuit in parts and set(entities) <= {e["entity_id"] for e in registered}


def test_a_killed_shot_is_closed_and_recorded(table: Table) -> None:
    client = table.session.client
    client.action(
        "vfarm",
        "run_shot",
        config_entry_id=table.farm.entry_id,
        node=[table.circuit],
        duration={"seconds": SHOT_S},
    )
    vfarm.wait_shot_running(client, table.farm.entry_id, table.circuit)
    assert table.relays() == ("ON", "ON")

    table.session.kill()
    # Hardware that nobody holds stays as it is: this is what a crash leaves behind.
    time.sleep(1)
    assert table.relays() == ("ON", "ON")
    killed = time.monotonic()

    table.session.start()
    seen = vfarm.wait_running(table.session.client, table.farm.entry_id)
    # The farm only runs when the valve has been closed.
    assert table.relays() == ("OFF", "OFF")
    assert vfarm.node(seen, table.circuit)["snapshot"]["last_end"] == "crash"
    assert vfarm.node(seen, table.circuit)["snapshot"]["stage"] is None
    after = {
        name: [c.payload for c in table.bench.hardware.told(name) if c.at > killed]
        for name in (VALVE, PUMP)
    }
    assert "ON" not in after[VALVE] + after[PUMP]
    first_off = {
        name: next(c.at for c in table.bench.hardware.told(name) if c.at > killed)
        for name in (VALVE, PUMP)
    }
    assert first_off[PUMP] <= first_off[VALVE]


def test_the_journal_keeps_the_crash(table: Table) -> None:
    ends = table.shot_ends()
    assert [end["end"] for end in ends] == ["crash"]


def test_the_next_shot_waits_until_the_table_has_drained(table: Table) -> None:
    """What the crashed shot put on the table is still there."""
    with pytest.raises(HomeAssistantError, match="draining"):
        table.session.client.action(
            "vfarm",
            "run_shot",
            config_entry_id=table.farm.entry_id,
            node=[table.circuit],
            duration={"seconds": 30},
        )
    assert table.snapshot()["stage"] is None
    assert table.relays() == ("OFF", "OFF")
