"""A farm bound to what a grower already has, simulated by nobody: helpers, templates, MQTT."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from conftest import MakeSession, MqttBench
from own_farm import SWITCHED, Bind, OwnFarm, add_broker, add_tent
from real_ha import vfarm
from real_ha.client import Client, wait_for
from real_ha.process import CONFIGURATION
from real_ha.session import Session

LAMP = "tent_lamp"
LAMP_PPFD_FULL = 400

HELPERS = """
input_number:
  tent_temperature_input:
    min: -20
    max: 60
    step: 0.1
    initial: 22
input_boolean:
  tent_heater:
template:
  - sensor:
      - name: Tent temperature
        unique_id: tent_temperature
        device_class: temperature
        unit_of_measurement: °F
        state: "{{ (states('input_number.tent_temperature_input') | float * 1.8 + 32) | round(2) }}"
  - switch:
      - name: Tent heating
        unique_id: tent_heating
        state: "{{ is_state('input_boolean.tent_heater', 'on') }}"
        turn_on:
          - action: input_boolean.turn_on
            target: {entity_id: input_boolean.tent_heater}
        turn_off:
          - action: input_boolean.turn_off
            target: {entity_id: input_boolean.tent_heater}
"""


@dataclass(frozen=True, slots=True)
class Tent:
    """The running farm and what it is bound to."""

    session: Session
    farm: OwnFarm
    bench: MqttBench

    @property
    def client(self) -> Client:
        return self.session.client

    def warm(self, celsius: float) -> None:
        self.client.action(
            "input_number",
            "set_value",
            entity_id="input_number.tent_temperature_input",
            value=celsius,
        )

    def goes_on_to_say(self, celsius: float, what: str, seen: Callable[[], bool]) -> None:
        """A jump is believed when the sensor goes on to say so half a minute later."""
        tenths = itertools.cycle((0.0, 0.1, 0.2))

        def look() -> bool:
            self.warm(celsius + next(tenths))
            return seen()

        wait_for(what, look, timeout_s=120, every_s=5)

    def heater(self) -> str | None:
        return self.client.state("input_boolean.tent_heater")

    def brightness(self) -> int:
        """0…255, 0 when the lamp is off."""
        told = json.loads(self.bench.hardware.state(LAMP))
        return told.get("brightness", 255) if told["state"] == "ON" else 0


@pytest.fixture(scope="module")
def tent(make_session: MakeSession, bench: MqttBench) -> Iterator[Tent]:
    """A farm of one tent with lettuce in it, made through the flows alone."""
    lamp = bench.hardware.add_light(LAMP)
    session = make_session(CONFIGURATION + HELPERS)
    with session:
        client = session.client
        add_broker(client, bench.port)
        wait_for("the lamp is there", lambda: client.state(lamp), timeout_s=30)
        farm = add_tent(client)
        neither = {**SWITCHED, "danger": "neither"}
        farm.bind(
            "zone",
            Bind("air_temperature", "sensor.tent_temperature"),
            Bind("heater", "switch.tent_heating", declaration=SWITCHED),
        )
        farm.bind("rack", Bind("grow_light", lamp, node=farm.level, declaration=neither))
        vfarm.wait_running(client, farm.entry_id)
        yield Tent(session, farm, bench)
    assert session.process.complaints() == []


def start_lettuce(tent: Tent) -> None:
    """Ten days old: in the light."""
    tent.client.action(
        "vfarm",
        "start_batch",
        config_entry_id=tent.farm.entry_id,
        node=[tent.farm.level],
        recipe="lettuce_butterhead",
        sown_days_ago=10,
    )


def test_nothing_moves_before_anything_grows(tent: Tent) -> None:
    assert tent.heater() == "off"
    assert tent.brightness() == 0


def test_a_reading_from_outside_arrives_in_the_unit_of_the_core(tent: Tent) -> None:
    tent.warm(21.4)

    def seen() -> float | None:
        zone = vfarm.overview(tent.client, tent.farm.entry_id)["zones"][0]["snapshot"]
        value: float | None = zone["air_temperature"]["value"]
        return value

    wait_for("21.4 °C arrive", lambda: seen() == 21.4, timeout_s=20, detail=seen)


def test_the_mqtt_lamp_gets_the_brightness_of_the_recipe(tent: Tent) -> None:
    start_lettuce(tent)
    wait_for("the lamp is told to shine", tent.brightness, timeout_s=30)

    def proved() -> bool:
        lamp = next(vfarm.actuators(vfarm.overview(tent.client, tent.farm.entry_id), "grow_light"))
        return lamp["proof"] == "proved" and lamp["reported"] > 0

    wait_for("the lamp is proved", proved, timeout_s=30)
    level = vfarm.node(vfarm.overview(tent.client, tent.farm.entry_id), tent.farm.level)["snapshot"]
    expected = level["ppfd_target"] / LAMP_PPFD_FULL * 255
    assert tent.brightness() == pytest.approx(expected, abs=3)


def test_the_heater_follows_the_temperature(tent: Tent) -> None:
    tent.warm(14)
    wait_for("the heater goes on", lambda: tent.heater() == "on", timeout_s=30)
    tent.goes_on_to_say(27, "the heater goes off", lambda: tent.heater() == "off")


def test_the_lamp_goes_off_when_it_is_dangerously_hot(tent: Tent) -> None:
    lit = tent.brightness()
    assert lit > 0
    tent.warm(45)
    wait_for("the lamp is off", lambda: tent.brightness() == 0, timeout_s=30)
    assert tent.heater() == "off"
    told = json.loads(tent.bench.hardware.told(LAMP)[-1].payload)
    assert told["state"] == "OFF"


def test_a_sensor_that_vanishes_is_missing_and_no_default_stands_in(tent: Tent) -> None:
    tent.goes_on_to_say(14, "the heater goes on", lambda: tent.heater() == "on")
    found = {e["entity_id"]: e for e in tent.client.call("config/entity_registry/list")}[
        "sensor.tent_temperature"
    ]
    tent.client.call(
        "config/entity_registry/update", entity_id=found["entity_id"], disabled_by="user"
    )

    def quality() -> str:
        zone = vfarm.overview(tent.client, tent.farm.entry_id)["zones"][0]["snapshot"]
        return str(zone["air_temperature"]["quality"])

    wait_for("the reading is missing", lambda: quality() == "missing", timeout_s=60, detail=quality)
    wait_for("the heater goes off", lambda: tent.heater() == "off", timeout_s=30)
