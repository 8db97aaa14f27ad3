"""Every device of Home Assistant's own components is driven and read back, on a real `hass`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from devices import Device, every_device
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import setup_test_component_platform

from custom_components.vfarm.actuators import EntityActuators
from custom_components.vfarm.entity_values import (
    abilities,
    can_dim,
    own_words,
    raw_of,
    smallest_step,
    why_not,
)
from vfarm_core.control.effects import Command
from vfarm_core.control.inputs import CommandResult
from vfarm_core.control.readings import parse
from vfarm_core.control.reasons import Reason
from vfarm_core.control.safety import in_steps, same
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.roles import Role

HELPERS: dict[str, dict[str, Any]] = {
    "input_boolean": {"relay": {}},
    "input_number": {"percent": {"min": 0, "max": 100, "step": 5}},
    "input_select": {"stages": {"options": ["closed", "open"]}},
    "group": {"relays": {"entities": ["switch.relay"]}},
}


class Port:
    """The port that drives, alone."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.errors: list[str | None] = []
        self.calls: list[Event] = []
        self._port = EntityActuators(hass, lambda binding: binding.entity, self._keep)
        hass.bus.async_listen("call_service", self.calls.append)

    def _keep(self, result: CommandResult) -> None:
        self.errors.append(result.error)

    def bind(self, entity_id: str, role: Role, **more: Any) -> Binding:
        """The binding as the flow makes it."""
        off, on = own_words(self.hass, entity_id, role)
        return replace(
            Binding(
                id="x",
                node="n",
                role=role,
                entity=entity_id,
                dims=can_dim(self.hass, entity_id),
                step=smallest_step(self.hass, entity_id),
                on_option=on,
                off_option=off,
            ),
            **more,
        )

    async def drive(self, binding: Binding, value: float) -> None:
        """Bring the device to a value."""
        self._port.send(Command(id=1, point="x", value=value, reason=Reason("light_off")), binding)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def read(self, binding: Binding) -> float | None:
        """What the device says, as control takes it."""
        return parse(raw_of(self.hass.states.get(binding.entity), binding)[0], binding, None)

    def state(self, binding: Binding) -> str:
        state = self.hass.states.get(binding.entity)
        assert state is not None
        return state.state


@pytest.fixture
async def devices(hass: HomeAssistant) -> dict[str, Any]:
    """Every device, there."""
    found: dict[str, Any] = {}
    for domain, entities in every_device().items():
        setup_test_component_platform(hass, domain, entities)
        assert await async_setup_component(hass, domain, {domain: {"platform": "test"}})
        await hass.async_block_till_done()
        found |= {entity.entity_id: entity for entity in entities}
    assert await async_setup_component(hass, "homeassistant", {})
    for domain, made in HELPERS.items():
        assert await async_setup_component(hass, domain, {domain: made})
    await hass.async_block_till_done()
    return found


@pytest.fixture
async def port(hass: HomeAssistant, devices: dict[str, Any]) -> Port:
    """The port, with every device there."""
    return Port(hass)


SWITCHED = [
    ("switch.relay", Role.IRRIGATION_PUMP),
    ("switch.relay", Role.GROW_LIGHT),
    ("siren.siren", Role.AIR_PUMP),
    ("light.dimmer", Role.HEATER),
    ("light.plug", Role.GROW_LIGHT),
    ("fan.smooth", Role.EXHAUST_FAN),
    ("fan.three", Role.CIRCULATION_FAN),
    ("fan.presets", Role.CIRCULATION_FAN),
    ("fan.presets", Role.GROW_LIGHT),
    ("fan.plain", Role.EXHAUST_FAN),
    ("fan.speed_only", Role.EXHAUST_FAN),
    ("valve.simple", Role.IRRIGATION_VALVE),
    ("valve.position", Role.CO2_VALVE),
    ("valve.both", Role.FILL_VALVE),
    ("cover.simple", Role.EXHAUST_FAN),
    ("cover.position", Role.EXHAUST_FAN),
    ("cover.both", Role.EXHAUST_FAN),
    ("number.percent", Role.IRRIGATION_PUMP),
    ("number.both_ways", Role.IRRIGATION_PUMP),
    ("input_number.percent", Role.AIR_PUMP),
    ("humidifier.fogger", Role.HUMIDIFIER),
    ("humidifier.fogger", Role.DEHUMIDIFIER),
    ("climate.split", Role.HEATER),
    ("climate.split", Role.COOLER),
    ("climate.split", Role.DEHUMIDIFIER),
    ("climate.auto", Role.HEATER),
    ("climate.auto", Role.COOLER),
    ("climate.fan", Role.EXHAUST_FAN),
    ("water_heater.boiler", Role.HEATER),
    ("select.named", Role.IRRIGATION_PUMP),
    ("input_select.stages", Role.IRRIGATION_VALVE),
    ("input_boolean.relay", Role.COOLER),
    ("group.relays", Role.HEATER),
]


@pytest.mark.parametrize(("entity_id", "role"), SWITCHED)
async def test_a_device_is_switched_on_and_off_and_says_so(
    hass: HomeAssistant, port: Port, entity_id: str, role: Role
) -> None:
    more = {"on_option": "Low"} if entity_id == "select.named" else {}
    binding = port.bind(entity_id, role, **more)
    assert why_not(hass, entity_id, role) is None
    await port.drive(binding, 1.0)
    assert port.read(binding) == 1.0
    await port.drive(binding, 0.0)
    assert port.read(binding) == 0.0
    assert port.errors == [None, None]


@pytest.mark.parametrize(
    "entity_id",
    [
        "light.dimmer",
        "fan.smooth",
        "fan.three",
        "fan.six",
        "fan.speed_only",
        "valve.position",
        "valve.both",
        "cover.position",
        "cover.both",
        "number.percent",
        "number.volts",
        "number.coarse",
        "number.both_ways",
        "input_number.percent",
    ],
)
async def test_a_level_is_reached_and_proves_itself(port: Port, entity_id: str) -> None:
    binding = port.bind(entity_id, Role.GROW_LIGHT)
    assert binding.dims
    for wanted in (0.001, 0.1, 1 / 3, 0.5, 0.66, 0.67, 0.9, 0.999, 1.0, 0.0):
        value = in_steps(binding, wanted)
        await port.drive(binding, value)
        read = port.read(binding)
        assert same(read, value, binding), (read, value)
        assert read is not None
        assert (read > 0) is (wanted > 0)
        assert read <= max(wanted, binding.step, 0.01) + 0.005, "never more than is wanted"


@pytest.mark.parametrize(
    ("entity_id", "step"),
    [
        ("fan.three", 1 / 3),
        ("fan.six", 1 / 6),
        ("fan.smooth", 0.0),
        ("fan.plain", 0.0),
        ("number.coarse", 0.25),
        ("number.volts", 0.0),
        ("input_number.percent", 0.05),
        ("light.dimmer", 0.0),
        ("switch.relay", 0.0),
    ],
)
async def test_the_stages_of_a_device_are_known(
    hass: HomeAssistant, port: Port, entity_id: str, step: float
) -> None:
    assert smallest_step(hass, entity_id) == pytest.approx(step)


@pytest.mark.parametrize(
    ("entity_id", "role", "key"),
    [
        ("valve.opens", Role.IRRIGATION_VALVE, "cannot_switch"),
        ("cover.closes", Role.EXHAUST_FAN, "cannot_switch"),
        ("fan.nothing", Role.EXHAUST_FAN, "cannot_switch"),
        ("number.lowest", Role.GROW_LIGHT, "number_without_off"),
        ("select.single", Role.AIR_PUMP, "cannot_switch"),
        ("climate.always", Role.HEATER, "cannot_switch"),
        ("climate.always", Role.COOLER, "no_mode"),
        ("climate.split", Role.EXHAUST_FAN, "no_mode"),
        ("climate.auto", Role.DEHUMIDIFIER, "no_mode"),
        ("climate.split", Role.IRRIGATION_PUMP, "no_mode"),
        ("sensor.anything", Role.HEATER, "not_drivable"),
        ("script.anything", Role.HEATER, "not_drivable"),
    ],
)
async def test_what_a_device_cannot_do_is_known_before_it_is_bound(
    hass: HomeAssistant, port: Port, entity_id: str, role: Role, key: str
) -> None:
    found = why_not(hass, entity_id, role)
    assert found is not None
    assert found[0] == key
    assert found[1]["entity"] == entity_id


async def test_a_number_that_is_a_setting_is_no_output(hass: HomeAssistant) -> None:
    hass.states.async_set("number.t", "20", {"min": 0, "max": 35, "unit_of_measurement": "°C"})
    assert why_not(hass, "number.t", Role.HEATER) == (
        "number_is_setting",
        {"entity": "number.t", "unit": "°C"},
    )


async def test_an_entity_that_is_away_is_known_from_the_registry(
    hass: HomeAssistant, port: Port, devices: dict[str, Device]
) -> None:
    for entity_id in ("valve.opens", "climate.split", "number.coarse", "light.plug"):
        devices[entity_id].says(available=False)
    assert hass.states.get("valve.opens").state == "unavailable"  # type: ignore[union-attr]
    assert why_not(hass, "valve.opens", Role.IRRIGATION_VALVE) is not None
    assert abilities(hass, "climate.split").modes == ["off", "heat", "cool", "dry"]
    assert smallest_step(hass, "number.coarse") == 0.25
    assert not can_dim(hass, "light.plug")


async def test_a_fan_that_is_away_is_not_bound_as_one_of_unknown_speeds(
    hass: HomeAssistant, port: Port, devices: dict[str, Device]
) -> None:
    assert why_not(hass, "fan.three", Role.GROW_LIGHT) is None
    devices["fan.three"].says(available=False)
    assert why_not(hass, "fan.three", Role.GROW_LIGHT) == ("not_there", {"entity": "fan.three"})
    assert why_not(hass, "fan.three", Role.EXHAUST_FAN) is None


async def test_an_air_conditioner_serves_several_roles_one_at_a_time(
    port: Port, devices: dict[str, Any]
) -> None:
    heats, cools, dries = (
        port.bind("climate.split", role) for role in (Role.HEATER, Role.COOLER, Role.DEHUMIDIFIER)
    )
    await port.drive(cools, 1.0)
    assert [port.read(b) for b in (heats, cools, dries)] == [0.0, 1.0, 0.0]
    await port.drive(dries, 1.0)
    assert [port.read(b) for b in (heats, cools, dries)] == [0.0, 0.0, 1.0]
    devices["climate.split"].says(hvac_mode="heat_cool")
    assert [port.read(b) for b in (heats, cools, dries)] == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("entity_id", "role", "attribute", "kept"),
    [
        ("climate.split", Role.HEATER, "temperature", 19.0),
        ("climate.split", Role.COOLER, "temperature", 19.0),
        ("humidifier.fogger", Role.HUMIDIFIER, "humidity", 55),
    ],
)
async def test_the_devices_own_target_stays_as_its_owner_set_it(
    hass: HomeAssistant, port: Port, entity_id: str, role: Role, attribute: str, kept: float
) -> None:
    binding = port.bind(entity_id, role)
    await port.drive(binding, 1.0)
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.attributes[attribute] == kept
    assert len([c for c in port.calls if c.data["domain"] == binding.entity.partition(".")[0]]) == 1


async def test_declared_options_are_used_and_nothing_else(port: Port) -> None:
    declared = {"off_option": "ruhe", "on_option": "lauf"}
    binding = port.bind("select.foreign", Role.IRRIGATION_PUMP, **declared)
    await port.drive(binding, 1.0)
    assert port.state(binding) == "lauf"
    assert port.read(binding) == 1.0
    await port.drive(binding, 0.0)
    assert (port.state(binding), port.read(binding)) == ("ruhe", 0.0)


async def test_any_option_but_the_one_for_off_is_on(port: Port, devices: dict[str, Any]) -> None:
    binding = port.bind("select.named", Role.IRRIGATION_PUMP, on_option="Low")
    devices["select.named"].says(current_option="High")
    assert port.read(binding) == 1.0


async def test_an_option_that_the_device_lost_is_an_error_and_no_guess(
    port: Port, devices: dict[str, Any]
) -> None:
    binding = port.bind("select.named", Role.IRRIGATION_PUMP, on_option="Low", off_option="Off")
    devices["select.named"].says(options=["Aus", "Low"], current_option="Low")
    await port.drive(binding, 0.0)
    assert port.read(binding) is None
    assert port.errors == ["select.named cannot be driven: it has no option that means off"]


@pytest.mark.parametrize(
    ("entity_id", "role", "value", "error"),
    [
        ("climate.always", Role.HEATER, 0.0, "no mode that is off"),
        ("climate.fan", Role.COOLER, 1.0, "no mode for cooler, only off, fan_only"),
        ("climate.split", Role.AIR_PUMP, 1.0, "no mode for air_pump"),
        ("number.unknown", Role.AIR_PUMP, 1.0, "range is not known"),
    ],
)
async def test_what_cannot_be_driven_is_told_and_not_sent(
    port: Port, entity_id: str, role: Role, value: float, error: str
) -> None:
    await port.drive(port.bind(entity_id, role), value)
    assert error in str(port.errors[0])
    assert port.calls == []


@pytest.mark.parametrize("value", ["unavailable", "unknown"])
async def test_a_device_that_does_not_know_says_nothing(
    hass: HomeAssistant, port: Port, value: str
) -> None:
    dimmed = [(entity_id, Role.GROW_LIGHT) for entity_id in ("light.dimmer", "valve.both")]
    for entity_id, role in [*SWITCHED, *dimmed]:
        state = hass.states.get(entity_id)
        assert state is not None
        hass.states.async_set(entity_id, value, state.attributes)
        assert port.read(port.bind(entity_id, role)) is None, entity_id


async def test_a_restored_state_is_no_state(hass: HomeAssistant, port: Port) -> None:
    hass.states.async_set("switch.relay", "unavailable", {"restored": True})
    assert port.read(port.bind("switch.relay", Role.HEATER)) is None
