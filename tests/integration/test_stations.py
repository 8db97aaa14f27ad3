"""Stations hear that somebody is there, get their plan and a stop, and hand back what they gave."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from freezegun.api import FrozenDateTimeFactory
from home_farm import LAMP, PUMP, VALVE, Hardware, manager, settled, start_batch
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
    async_fire_time_changed,
)
from test_services import act

from custom_components.vfarm.const import DOMAIN
from vfarm_core.control.inputs import (
    EmergencyStop,
    GoOnDrill,
    ReleaseStop,
    StartDrill,
    StopDrill,
)
from vfarm_core.devices.stations.plan import open_plan, seal
from vfarm_core.devices.stations.topics import (
    delivered_topic,
    heartbeat_topic,
    phase_topic,
    plan_topic,
    stop_topic,
    taken_topic,
)
from vfarm_core.farm.ahead import Delivered, GivenEnd, StationPlan, WaterGiven
from vfarm_core.farm.drills import DrillTest, Loss

STATION: dict[str, Any] = {
    "id": "node",
    "name": "Node at the rack",
    "kind": "executor",
    "outputs": [{"point": entity, "channel": entity} for entity in (LAMP, PUMP, VALVE)],
}


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Home Assistant's own client of the broker keeps timers beyond a test."""
    return True


@pytest.fixture
def described(tmp_path: Path) -> Generator[Path]:
    """Where stations are described: a file of the test's own."""
    file = tmp_path / "stations.yaml"
    file.write_text(yaml.safe_dump({"Home farm": [STATION]}), encoding="utf-8")
    with patch("custom_components.vfarm.station_file.path", lambda hass: file):
        yield file


def describe(file: Path, text: str) -> None:
    """Describe stations otherwise."""
    file.write_text(text, encoding="utf-8")


class Broker:
    """What was left with the broker, and what stations say."""

    def __init__(self, hass: HomeAssistant, mock: Any, farm: str) -> None:
        self.hass, self.mock, self.farm = hass, mock, farm

    def said(self, topic: str) -> list[tuple[Any, bool]]:
        calls = [call.args for call in self.mock.async_publish.call_args_list]
        return [(args[1], args[3]) for args in calls if args[0] == topic]

    def beats(self) -> int:
        return len(self.said(heartbeat_topic(self.farm)))

    def plan(self) -> StationPlan:
        payload, retain = self.said(plan_topic(self.farm, "node"))[-1]
        assert retain
        now = dt_util.utcnow().timestamp()
        return open_plan(payload.encode(), self.farm, "node", now)

    def says(self, topic: str, payload: str, *, retain: bool = True) -> None:
        async_fire_mqtt_message(self.hass, topic, payload, retain=retain)


@pytest.fixture
async def broker(
    hass: HomeAssistant,
    described: Path,
    entry: MockConfigEntry,
    hardware: Hardware,
    mqtt_mock: Any,
) -> Broker:
    """A broker to which nobody has said anything, before the farm begins."""
    return Broker(hass, mqtt_mock, entry.entry_id)


async def begin(
    hass: HomeAssistant, entry: MockConfigEntry, broker: Broker, phase: str = "following"
) -> None:
    """Set the farm up; the broker has what its station said last."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await asyncio.sleep(0)
    await hass.async_block_till_done()
    broker.says(phase_topic(broker.farm, "node"), phase)
    await hass.async_block_till_done()


async def running(hass: HomeAssistant, entry: MockConfigEntry, broker: Broker) -> None:
    await begin(hass, entry, broker)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.engine.running


async def beat(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 15) -> None:
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    await settled(hass)


async def end(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


def given(farm: str, number: int = 1) -> Delivered:
    now = dt_util.utcnow().timestamp()
    water = WaterGiven(
        circuit="bench",
        start=now - 1000,
        end=now - 900,
        seconds=100,
        planned_s=100,
        ended=GivenEnd.DONE,
        shot="bench-1",
    )
    return Delivered(
        farm=farm,
        station="node",
        number=number,
        since=now - 1200,
        heard_again=now,
        until=now,
        water=(water,),
    )


async def test_a_station_hears_the_farm_and_has_its_plan(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, broker: Broker
) -> None:
    await running(hass, entry, broker)
    await start_batch(hass)
    before = broker.beats()
    await beat(hass, freezer)
    assert broker.beats() == before + 1
    plan = broker.plan()
    assert set(plan.points) == {
        "rack_level_1.grow_light",
        "pump.irrigation_pump",
        "bench.irrigation_valve",
    }
    assert {s.point for s in plan.lamps} == {"rack_level_1.grow_light"}
    made = len(broker.said(plan_topic(broker.farm, "node")))
    await beat(hass, freezer, 901)
    assert len(broker.said(plan_topic(broker.farm, "node"))) > made
    await end(hass, entry)


async def test_a_farm_that_is_unloaded_says_nothing_any_more(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, broker: Broker
) -> None:
    await running(hass, entry, broker)
    await end(hass, entry)
    before = broker.beats()
    await beat(hass, freezer)
    assert broker.beats() == before


async def test_an_emergency_stop_reaches_the_stations_and_drops_their_plan(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, broker: Broker
) -> None:
    await running(hass, entry, broker)
    await start_batch(hass)
    entry.runtime_data.engine.request(EmergencyStop(by="Ada"))
    await hass.async_block_till_done()
    assert broker.said(stop_topic(broker.farm))[-1] == ("stop", True)
    await beat(hass, freezer, 31)
    assert broker.plan().revoked == "emergency_stop"
    entry.runtime_data.engine.request(ReleaseStop(by="Ada"))
    await hass.async_block_till_done()
    assert broker.said(stop_topic(broker.farm))[-1] == ("", True)
    await end(hass, entry)


async def test_what_a_station_gave_is_taken_over_before_control_runs(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    hardware: Hardware,
    broker: Broker,
) -> None:
    await begin(hass, entry, broker, "handing")
    engine = entry.runtime_data.engine
    assert not engine.running
    assert broker.beats() >= 1, "the station has to hear that somebody is there"
    assert not broker.said(taken_topic(broker.farm, "node"))
    broker.says(delivered_topic(broker.farm, "node"), seal(given(broker.farm)).decode())
    await hass.async_block_till_done(wait_background_tasks=True)
    assert engine.running
    assert not engine.runtime.memory.farm.waiting
    circuit = engine.runtime.memory.circuits["bench"]
    assert circuit.shots_today == 1
    assert circuit.litres_today == pytest.approx(100 / 60 * 10)
    assert broker.said(taken_topic(broker.farm, "node")) == [("1", False)]
    assert broker.said(delivered_topic(broker.farm, "node")) == [("", True)]
    await end(hass, entry)


async def test_what_is_told_while_control_runs_is_taken_over_once(
    hass: HomeAssistant, entry: MockConfigEntry, broker: Broker
) -> None:
    await running(hass, entry, broker)
    message = seal(given(broker.farm)).decode()
    for _ in range(2):
        broker.says(delivered_topic(broker.farm, "node"), message, retain=False)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.engine.runtime.memory.circuits["bench"].shots_today == 1
    assert broker.said(taken_topic(broker.farm, "node")) == [("1", False), ("1", False)]
    await end(hass, entry)


async def test_a_report_that_is_damaged_is_not_taken(
    hass: HomeAssistant, entry: MockConfigEntry, broker: Broker
) -> None:
    await running(hass, entry, broker)
    message = seal(given(broker.farm)).decode().replace("bench", "bunch")
    broker.says(delivered_topic(broker.farm, "node"), message)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not broker.said(taken_topic(broker.farm, "node"))
    await end(hass, entry)


async def test_a_station_that_says_nothing_does_not_keep_the_farm_from_running(
    hass: HomeAssistant, entry: MockConfigEntry, broker: Broker
) -> None:
    with patch("custom_components.vfarm.stations.SAID_S", 0.01):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.engine.running
    await end(hass, entry)


async def test_a_station_that_never_hands_back_is_not_waited_for_for_ever(
    hass: HomeAssistant, entry: MockConfigEntry, broker: Broker
) -> None:
    with patch("custom_components.vfarm.stations.HANDED_S", 0.01):
        await begin(hass, entry, broker, "alone")
        await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.engine.running
    await end(hass, entry)


async def test_a_broker_that_fails_keeps_no_farm_from_running(
    hass: HomeAssistant, entry: MockConfigEntry, broker: Broker
) -> None:
    failing = HomeAssistantError("no broker")
    with patch("homeassistant.components.mqtt.async_subscribe", side_effect=failing):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.engine.running
    await end(hass, entry)


async def test_a_farm_can_be_stopped_while_it_waits_for_a_station(
    hass: HomeAssistant, entry: MockConfigEntry, broker: Broker
) -> None:
    await begin(hass, entry, broker, "alone")
    engine = entry.runtime_data.engine
    assert not engine.running
    await end(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert engine.closed
    assert not engine.running


async def test_a_station_that_is_taken_away_has_no_plan_any_more(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, broker: Broker
) -> None:
    await running(hass, entry, broker)
    await start_batch(hass)
    await beat(hass, freezer)
    await act(hass, "remove_station", station="node")
    assert broker.said(plan_topic(broker.farm, "node"))[-1] == ("", True)
    before = broker.beats()
    await beat(hass, freezer)
    assert broker.beats() == before
    outputs = STATION["outputs"]
    new = {"station": "new", "kind": "executor", "outputs": outputs}
    await hass.services.async_call(
        "vfarm", "set_station", new, blocking=True, context=manager(hass)
    )
    await asyncio.sleep(0)
    broker.says(phase_topic(broker.farm, "new"), "following")
    await beat(hass, freezer)
    assert broker.beats() > before
    assert broker.said(plan_topic(broker.farm, "new"))
    await end(hass, entry)


async def test_a_drill_withholds_the_heartbeat_from_all_stations_on_the_broker(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, broker: Broker
) -> None:
    await running(hass, entry, broker)
    drill = StartDrill(
        station="node",
        loss=Loss.CONTROLLER,
        tests=(DrillTest(point="pump.irrigation_pump", guard="watchdog", on=False, within_s=75),),
    )
    await act(hass, "run_shot", node="bench", duration=300)
    for request in (drill, GoOnDrill()):
        assert entry.runtime_data.engine.request(request).refused is None
    before = broker.beats()
    await beat(hass, freezer)
    assert broker.beats() == before
    entry.runtime_data.engine.request(StopDrill())
    await hass.async_block_till_done()
    assert broker.beats() > before
    await end(hass, entry)


async def test_a_node_on_the_api_is_told_by_its_actions(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    described: Path,
    entry: MockConfigEntry,
    hardware: Hardware,
) -> None:
    node = {**STATION, "kind": "esphome", "link": "api"}
    describe(described, yaml.safe_dump({entry.entry_id: [node]}))
    told: list[str] = []

    async def take(call: ServiceCall) -> None:
        told.append(call.service)

    for what in ("heartbeat", "stop"):
        hass.services.async_register("esphome", f"node_vfarm_{what}", take)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.engine.running
    await beat(hass, freezer)
    assert set(told) == {"node_vfarm_heartbeat"}
    entry.runtime_data.engine.request(EmergencyStop(by="Ada"))
    await hass.async_block_till_done()
    assert told[-1] == "node_vfarm_stop"
    await end(hass, entry)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a list", "accepted: the stations of each farm"),
        ("Home farm: [", "stations.yaml"),
        ("Home farm: 3", "is no list"),
        (
            "Home farm: [{id: node, name: N, kind: executor, outputs: [{point: x, channel: a}]}]",
            "x",
        ),
    ],
)
async def test_a_description_that_cannot_be_used_is_told_and_the_farm_runs(
    hass: HomeAssistant,
    described: Path,
    entry: MockConfigEntry,
    hardware: Hardware,
    text: str,
    said: str,
) -> None:
    describe(described, text)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.engine.running
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"{entry.entry_id}_stations_file")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert said in issue.translation_placeholders["problems"]
    await end(hass, entry)


async def test_without_mqtt_stations_that_need_it_are_told(
    hass: HomeAssistant, described: Path, farm: MockConfigEntry
) -> None:
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"{farm.entry_id}_stations_file")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert "MQTT is not set up" in issue.translation_placeholders["problems"]


async def test_a_farm_without_stations_says_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    described: Path,
    hardware: Hardware,
    entry: MockConfigEntry,
    mqtt_mock: Any,
) -> None:
    describe(described, "Another farm: []")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await beat(hass, freezer)
    topics = [call.args[0] for call in mqtt_mock.async_publish.call_args_list]
    assert not [t for t in topics if t.startswith("vfarm/")]
    await end(hass, entry)
