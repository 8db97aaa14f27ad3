"""kill -9 in mid-dose: the pump runs on, the restart stops it and counts what it may have given."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from conftest import MakeSession, MqttBench
from own_farm import SWITCHED, Bind, OwnFarm, add_broker
from real_ha import vfarm
from real_ha.client import wait_for
from real_ha.process import CONFIGURATION, HomeAssistantError
from real_ha.session import Session
from test_crash import CLOSED_WITHIN_S, HELPERS, on_disk

MIXER, DOSER, POINT = "tank_mixer", "tank_doser", "tank.dosing_pump_nutrient_a"
#: 0.2 mL/s: the dose takes 100 s, long enough to be killed in its middle.
RATE_ML_S, DOSE_ML = 0.2, 20.0
#: Nothing is dosed before the solution has been moved for ten minutes (s of farm time, and a little
#: more), which a demo's clock makes short. What comes after it happens in real time.
MIXED_S = 630
MIXING_SPEED = 60


class Tank:
    """A tank that is mixed and dosed over MQTT."""

    def __init__(self, session: Session, bench: MqttBench, farm: OwnFarm) -> None:
        self.session = session
        self.bench = bench
        self.farm = farm

    def ask(self, service: str, **data: Any) -> None:
        self.session.client.action("vfarm", service, config_entry_id=self.farm.entry_id, **data)

    def dose(self) -> str | None:
        """Ask for the dose; why it is refused."""
        try:
            self.ask("run_dose", point=POINT, ml=DOSE_ML)
        except HomeAssistantError as err:
            return str(err)
        return None

    def now(self) -> float:
        """Farm time."""
        seen = vfarm.overview(self.session.client, self.farm.entry_id)
        return float(seen["farm"]["now"])

    def events(self, wanted: str) -> list[dict[str, Any]]:
        """What the journal holds of a kind."""
        folder = self.session.process.config_dir / ".storage" / "vfarm"
        with closing(sqlite3.connect(folder / f"{self.farm.entry_id}.journal.db")) as journal:
            rows = journal.execute("SELECT kind, data FROM events ORDER BY id").fetchall()
        return [json.loads(data) for kind, data in rows if kind == wanted]


@pytest.fixture(scope="module")
def tank(make_session: MakeSession, bench: MqttBench) -> Iterator[Tank]:
    """A demo farm with a tank more, which the twin knows nothing of: its hardware is on MQTT."""
    hardware = bench.hardware
    entities = [
        hardware.add_switch(MIXER),
        hardware.add_switch(DOSER),
        hardware.add_follower("doser_current", DOSER),
        hardware.add_sensor("tank_ec", "1.5", "mS/cm"),
    ]
    mixer, doser, current, ec = entities
    session = make_session(CONFIGURATION + HELPERS)
    with session:
        client = session.client
        add_broker(client, bench.port)
        for entity in entities:
            wait_for(f"{entity} is there", lambda e=entity: client.state(e), timeout_s=30)
        farm = OwnFarm(client, vfarm.add_demo_farm(client))
        limits = {"max_dose_ml": 40, "max_hour_ml": 60, "max_day_ml": 90, "max_tank_ml": 900}
        reservoir = farm.add(
            "reservoir",
            {"name": "Tank", "capacity_l": 150, "volume_min_l": 20, "mixing_l_min": 100},
            Bind("volume", "input_number.tank_volume"),
            Bind("solution_ec", ec),
            Bind("feedback", current),
            Bind("mixing_pump", mixer, declaration={**SWITCHED, "danger": "neither"}),
            Bind(
                "dosing_pump_nutrient_a",
                doser,
                declaration={
                    **SWITCHED,
                    "max_on_s": 300,
                    "proof": "feedback",
                    "proved_by": "tank.feedback",
                    **limits,
                    "effect_per_ml_l": 0.5,
                },
            ),
        )
        assert reservoir == "tank"
        vfarm.wait_running(client, farm.entry_id)
        made = Tank(session, bench, farm)
        made.ask("verify_probe", point="tank.solution_ec")
        made.ask("calibrate_pump", point=POINT, ml=60 * RATE_ML_S, duration={"seconds": 60})
        wait_for(
            "Home Assistant has written down what exists",
            lambda: on_disk(session, farm.entry_id, {"tank"}, set(entities)),
            timeout_s=60,
        )
        wait_for("the solution moves", lambda: hardware.state(MIXER) == "ON", timeout_s=30)
        yield made
    assert session.process.complaints() == []


def test_nothing_is_dosed_before_the_solution_is_mixed(tank: Tank) -> None:
    assert "mix" in str(tank.dose())
    assert tank.bench.hardware.state(DOSER) != "ON"


def test_a_killed_dose_is_stopped_counted_in_full_and_not_made_up_for(tank: Tank) -> None:
    hardware = tank.bench.hardware
    began = tank.now()
    vfarm.set_speed(tank.session.client, tank.farm.entry_id, MIXING_SPEED)
    wait_for("it is mixed", lambda: tank.now() > began + MIXED_S, timeout_s=60, every_s=0.2)
    vfarm.set_speed(tank.session.client, tank.farm.entry_id, 1)
    assert tank.dose() is None
    wait_for("the pump runs", lambda: hardware.state(DOSER) == "ON", timeout_s=10)
    time.sleep(5)
    tank.session.kill()
    time.sleep(1)
    assert hardware.state(DOSER) == "ON", "hardware that nobody holds stays as it is"
    killed = time.monotonic()

    tank.session.start()
    vfarm.wait_running(tank.session.client, tank.farm.entry_id)
    assert hardware.state(DOSER) == "OFF"
    told = [command for command in hardware.told(DOSER) if command.at > killed]
    assert [command.payload for command in told] == ["OFF"]
    assert told[0].at <= killed + CLOSED_WITHIN_S

    wait_for("the end is written down", lambda: tank.events("dose_ended"), timeout_s=10)
    (ended,) = tank.events("dose_ended")
    assert (ended["end"], ended["planned_ml"]) == ("crash", DOSE_ML)
    assert ended["delivered_ml"] >= DOSE_ML, "what is not known counts in full"
    # Nothing more before the solution is mixed again, whoever asks.
    assert "mix" in str(tank.dose())
    assert tank.events("not_proved") == []
