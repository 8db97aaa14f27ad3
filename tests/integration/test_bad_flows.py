"""Bad input at every form: an error in words, in the form, and nothing is saved.

What can be wrong is read from the forms themselves: what each field takes and what it does not. A
path below leads to each step that has a form; a step without a path fails.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock, patch

import pytest
from ble_bench import ADDRESS, advertisement, meter
from home_farm import Hardware, bound, settled, small_farm, somebody
from homeassistant.config_entries import SOURCE_BLUETOOTH, SOURCE_USER, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData, section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import selector as sel
from homeassistant.helpers.http import current_request
from homeassistant.requirements import RequirementsNotFound
from modbus_bench import device, place
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_subentry_flows import DECLARED, LEVEL, Flow
from test_translations import LANGUAGES, texts
from untouched import untouched

from custom_components.vfarm.config_flow import VfarmConfigFlow
from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.flows.checks import Words
from custom_components.vfarm.flows.language import async_language
from custom_components.vfarm.flows.roles import RolesFlow
from vfarm_core.devices.modbus.codec import Reading
from vfarm_core.devices.modbus.commission import Change
from vfarm_core.devices.modbus.device import End
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.probe import Candidate
from vfarm_core.farm.build import Problem

TEXTS = {language: texts(language) for language in LANGUAGES}
TEXT, KETTLE, FAN = "sensor.weather", "sensor.kettle", "fan.hall"


@dataclass
class Form:
    """A form that is open, and data that are right for it. `words`: where its errors are."""

    manager: Any
    result: dict[str, Any]
    good: dict[str, Any]
    words: tuple[str, ...] = ("config",)

    @property
    def fields(self) -> Mapping[Any, Any]:
        """Its fields and what they take."""
        found: Mapping[Any, Any] = self.result["data_schema"].schema
        return found

    async def submit(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Send the form."""
        found: dict[str, Any] = await self.manager.async_configure(
            self.result["flow_id"], dict(data)
        )
        return found


@dataclass(frozen=True)
class Formed:
    """How a form is reached. `takes`: what looks wrong there and is not."""

    step: str
    open: Callable[[HomeAssistant, MockConfigEntry], Awaitable[Form]]
    takes: Mapping[str, str] = field(default_factory=dict)


async def _user(hass: HomeAssistant, *chosen: dict[str, Any]) -> Any:
    flows = hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    for values in chosen:
        result = await flows.async_configure(result["flow_id"], values)
    return result


FARM = {"name": "Second farm", "template": "grid"}


async def _farm(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
    result = await _user(hass, {"next_step_id": "farm"})
    return Form(hass.config_entries.flow, result, FARM)


async def _place(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
    result = await _user(hass, {"next_step_id": "farm"}, FARM)
    good = {"zones": 1, "racks": 1, "levels": 1, "volume_m3": 8, **LEVEL}
    return Form(hass.config_entries.flow, result, good)


async def _reconfigure(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
    result = await farm.start_reconfigure_flow(hass)
    good = {"name": "Home farm", "takeover_min": 30.0, "ledger_carry": True, "ledger_months": 24}
    return Form(hass.config_entries.flow, result, good)


async def _roles(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
    somebody(hass, "anna", is_owner=False)
    result: Any = await hass.config_entries.options.async_init(farm.entry_id)
    return Form(
        hass.config_entries.options, result, {"grower": ["anna"], "others": "viewer"}, ("options",)
    )


def _sub(flow: Flow, type_: str, good: dict[str, Any]) -> Form:
    words = ("config_subentries", type_)
    return Form(flow.hass.config_entries.subentries, flow.result, good, words)


NODES: dict[str, dict[str, Any]] = {
    "zone": {"name": "Room", "volume_m3": 40, "ramp_min": 0, "dry_ahead_min": 30},
    "rack": {"name": "Second rack", "zone": "tent", "level_count": 2, **LEVEL},
    "reservoir": {"name": "Drum", "capacity_l": 60, "volume_min_l": 5},
    "pump": {"name": "P2", "reservoir": "tank", "flow_l_min": 8},
    "circuit": {
        "name": "C2",
        "pump": "pump",
        "levels": ["rack_level_2"],
        "method": "drip",
        "drain_s": 60,
    },
    "supply": {"name": "L1", "limit_kw": 3.6, "levels": []},
}
EDITED: dict[str, dict[str, Any]] = {
    **NODES,
    "rack": {"name": "Rack", "zone": "tent"},
    "circuit": {**NODES["circuit"], "levels": ["rack_level_1"], "method": "ebb_flow"},
}  # fmt: skip


def _new(type_: str) -> Callable[[HomeAssistant, MockConfigEntry], Awaitable[Form]]:
    async def opened(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
        return _sub(await Flow(hass, farm).add(type_), type_, NODES[type_])

    return opened


def _edit(
    type_: str, step: str, good: dict[str, Any], *more: dict[str, Any], first: str = "node"
) -> Callable[[HomeAssistant, MockConfigEntry], Awaitable[Form]]:
    """Choose `step` from the menu of the first node of a type, then submit `more`."""

    async def opened(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
        flow = await Flow(hass, farm).edit(type_)
        await flow.choose(step)
        for values in more:
            await flow.go(**values)
        return _sub(flow, type_, good)

    return opened


def _modbus(
    good: dict[str, Any], *more: dict[str, Any], known: bool = True
) -> Callable[[HomeAssistant, MockConfigEntry], Awaitable[Form]]:
    """Begin to add a device, known or searched for, then submit `more`."""

    async def opened(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
        flow = await Flow(hass, farm).add("modbus_device")
        await flow.choose("known" if known else "search")
        for values in more:
            await flow.go(**values)
        if flow.result["type"] is FlowResultType.SHOW_PROGRESS:
            await hass.async_block_till_done()
            flows = hass.config_entries.subentries
            flow.result = await flows.async_configure(flow.result["flow_id"])
        return _sub(flow, "modbus_device", good)

    return opened


def _set(
    good: dict[str, Any], *more: dict[str, Any]
) -> Callable[[HomeAssistant, MockConfigEntry], Awaitable[Form]]:
    """Begin to set something in the farm's probe, then submit `more`."""

    async def opened(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
        flow = await Flow(hass, farm).edit("modbus_device")
        await flow.choose("setting")
        for values in more:
            await flow.go(**values)
        return _sub(flow, "modbus_device", good)

    return opened


METER = {"profile": "eastron_sdm", "link": "tcp"}
SOCKET = {"host": "127.0.0.1", "port": 502, "unit": 1}
SERIAL = {
    "serial_port": "/dev/ttyUSB0", "baud": "9600", "parity": "n", "stopbits": "1", "unit": 1,
}  # fmt: skip
LINE = {"host": "127.0.0.1", "port": 502, "first": 1, "last": 3}
MODBUS = [
    Formed("ModbusFlow.known", _modbus(METER)),
    Formed("ModbusFlow.search", _modbus({"link": "serial"}, known=False)),
    Formed("ModbusFlow.network", _modbus(SOCKET, METER)),
    Formed("ModbusFlow.serial", _modbus(SERIAL, {**METER, "link": "serial"})),
    Formed("ModbusFlow.network", _modbus(LINE, {"link": "rtu"}, known=False)),
    Formed(
        "ModbusFlow.found",
        _modbus({"unit": "3", "profile": "eastron_sdm"}, {"link": "tcp"}, LINE, known=False),
    ),
    Formed(
        "ModbusFlow.choose", _modbus({"profile": "eastron_sdm", "name": "Meter"}, METER, SOCKET)
    ),
    Formed(
        "ModbusFlow.details",
        _modbus({"phases": "3"}, METER, SOCKET, {"profile": "eastron_sdm", "name": "Meter"}),
    ),
    Formed("CommissioningSteps.setting", _set({"setting": "unit_id"})),
    Formed("CommissioningSteps.value", _set({"value": 7, "sure": True}, {"setting": "unit_id"})),
    Formed(
        "CommissioningSteps.value",
        _set({"value": 1.5, "sure": True}, {"setting": "temperature_correction"}),
    ),
    Formed("CommissioningSteps.value", _set({"value": "19200", "sure": True}, {"setting": "baud"})),
]


async def _which_farm(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_BLUETOOTH}, data=advertisement()
    )
    return Form(hass.config_entries.flow, result, {"farm": farm.entry_id})


def _tester(
    good: dict[str, Any], *, edited: bool = False
) -> Callable[[HomeAssistant, MockConfigEntry], Awaitable[Form]]:
    """A Bluetooth meter that is added by its address, or changed."""

    async def opened(hass: HomeAssistant, farm: MockConfigEntry) -> Form:
        made = Flow(hass, farm)
        flow = await (made.edit("ble_device") if edited else made.add("ble_device"))
        return _sub(flow, "ble_device", good)

    return opened


METERS = [
    Formed("VfarmConfigFlow.which_farm", _which_farm),
    Formed(
        "MeterFlow.user",
        _tester({"address": ADDRESS, "meter": "water_tester"}),
        {"name=   ": "it has its own name then"},
    ),
    Formed(
        "MeterFlow.reconfigure", _tester({"name": "Tank", "meter": "plant_sensor"}, edited=True)
    ),
]


ENTITY = {"entity": "sensor.co2"}
PATHS = [
    Formed("VfarmConfigFlow.farm", _farm),
    Formed("VfarmConfigFlow.place", _place),
    Formed("VfarmConfigFlow.reconfigure", _reconfigure),
    Formed("RolesFlow.init", _roles),
    *(Formed("NodeFlow.node", _new(type_)) for type_ in NODES),
    *(Formed("NodeFlow.node", _edit(type_, "node", good)) for type_, good in EDITED.items()),
    Formed("RackFlow.level", _edit("rack", "add_level", {"name": "Level 9", **LEVEL})),
    Formed("RackFlow.change_level", _edit("rack", "change_level", {"level": "rack_level_2"})),
    Formed("RackFlow.remove_level", _edit("rack", "remove_level", {"level": "rack_level_2"})),
    Formed(
        "CopySteps.copy",
        _edit("rack", "copy", {"count": 2, "name": "Rack #", "circuits": False}),
    ),
    Formed(
        "CopySteps.copy_bindings",
        _edit("rack", "copy", {}, {"count": 1, "name": "Rack #", "circuits": False}),
    ),
    Formed(
        "TryingSteps.test_binding",
        _edit("zone", "test_binding", {"binding": "tent.air_temperature"}),
    ),
    Formed(
        "TryingSteps.tested",
        _edit("circuit", "test_binding", {}, {"binding": "bench.irrigation_valve"}),
    ),
    *MODBUS,
    *METERS,
    Formed("ProposalSteps.propose", _edit("zone", "propose", {"proposals": []})),
    Formed("BindingSteps.add_binding", _edit("zone", "add_binding", {"role": "co2"})),
    Formed(
        "BindingSteps.add_binding",
        _edit("rack", "add_binding", {"node": "rack_level_1", "role": "ppfd"}),
    ),
    Formed(
        "BindingSteps.change_binding",
        _edit("zone", "change_binding", {"binding": "tent.air_temperature"}),
    ),
    Formed(
        "BindingSteps.remove_binding",
        _edit("zone", "remove_binding", {"binding": "tent.air_temperature"}),
    ),
    Formed("BindingSteps.entity", _edit("zone", "add_binding", ENTITY, {"role": "co2"})),
    Formed(
        "BindingSteps.entity",
        _edit("reservoir", "add_binding", {"entity": "sensor.ec"}, {"role": "solution_ec"}),
    ),
    Formed(
        "BindingSteps.entity",
        _edit("zone", "add_binding", {"entity": "binary_sensor.leak"}, {"role": "leak"}),
        {"entity=sensor.kettle": "a number is a contact, too"},
    ),
    Formed(
        "BindingSteps.entity",
        _edit("zone", "add_binding", {"entity": "switch.spare"}, {"role": "cooler"}),
        {"entity=fan.hall": "a fan cools, too, and says later what it does"},
    ),
    Formed(
        "BindingSteps.options",
        _edit(
            "zone",
            "add_binding",
            {"off_option": "none", "on_option": "full"},
            {"role": "cooler"},
            {"any_domain": True},
            {"entity": "select.cooler"},
        ),
    ),
    Formed(
        "BindingSteps.declaration",
        _edit(
            "reservoir",
            "add_binding",
            {
                **DECLARED, "proof": "feedback", "proved_by": "tank.feedback", "max_on_s": 60,
                "max_dose_ml": 40, "max_hour_ml": 60, "max_day_ml": 90, "max_tank_ml": 900,
            },
            {"role": "dosing_pump_nutrient_a"},
            {"entity": "switch.spare"},
        ),
    ),
    Formed(
        "BindingSteps.declaration",
        _edit(
            "zone",
            "add_binding",
            {**DECLARED, "max_on_s": 60},
            {"role": "cooler"},
            {"entity": "switch.spare"},
        ),
    ),
]  # fmt: skip


def bad_values(selector: Any) -> Iterator[Any]:
    """What a field does not take, whatever it is for."""
    match selector:
        case sel.NumberSelector():
            yield from ("many", "nan", "inf", "-inf", None, [])
            if selector.config.get("step") == 1:
                yield 1.5
        case sel.SelectSelector():
            yield from ("moon", {}, None)
        case sel.TimeSelector():
            yield from ("25:99", "noon", None)
        case sel.BooleanSelector():
            # Home Assistant's own takes whatever can be true.
            return
        case sel.EntitySelector():
            yield from ("sensor.nothing", "no entity", TEXT, KETTLE, FAN, "$own", 7)
        case sel.SerialPortSelector():
            yield from (7, [], "  ")
        case sel.TextSelector():
            yield from (7, [])
            # A password that is left open is none.
            yield "   " if selector.config.get("type") != "password" else "mysql://host/db"
        case _:
            raise AssertionError(f"nothing bad is known for {selector}")


def bad_data(form: Form) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that can be wrong with a form, one thing at a time."""
    yield "unknown field", {**form.good, "moon": 1}
    for name, taken in form.fields.items():
        if isinstance(taken, section):
            for inner, part in taken.schema.schema.items():
                for bad in bad_values(part):
                    yield f"{name}.{inner}={bad}", {**form.good, str(name): {str(inner): bad}}
            continue
        for bad in bad_values(taken):
            yield f"{name}={bad}", {**form.good, str(name): bad}


def unsaid(form: Form, result: Mapping[str, Any]) -> str | None:
    """What is wrong with the words of the errors of a form; None when all are said."""
    for key in result["errors"].values():
        for language, found in TEXTS.items():
            errors: Any = found
            for part in (*form.words, "error"):
                errors = errors.get(part, {})
            if key not in errors:
                return f"{language}: no {'.'.join(form.words)}.error.{key}"
            lacks = set(re.findall(r"{(\w+)}", errors[key])) - set(
                result["description_placeholders"] or ()
            )
            if lacks:
                return f"{language}: {key} lacks {', '.join(lacks)}"
    return None


@pytest.fixture
def entry(hass: HomeAssistant, line: None) -> MockConfigEntry:
    """The small farm, with a supply, a contact at the tank, a level that nothing waters, a probe
    on a line and a Bluetooth pen."""
    # A farm waits for what it is bound to.
    hass.states.async_set("binary_sensor.leak", "off")
    parts = small_farm()
    data: Any = {key: part["data"] for key, part in parts.items()}
    data["circuit"]["levels"] = ["rack_level_1"]
    data["reservoir"]["bindings"].append(bound("tank", "feedback", "binary_sensor.leak"))
    supply = {"id": "mains", "limit_kw": 3.6, "levels": ["rack_level_1"]}
    parts["supply"] = ConfigSubentryData(
        subentry_type="supply", title="Mains", data=supply, unique_id="supply_mains"
    )
    parts["probe"] = device(place(502, unit=5))
    parts["pen"] = meter(address="A4:C1:38:09:09:09")
    made = MockConfigEntry(
        domain=DOMAIN,
        title="Home farm",
        data={"kind": "farm"},
        subentries_data=list(parts.values()),
    )
    made.add_to_hass(hass)
    return made


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line on which every device that is asked for answers."""

    async def probed(flow: Any, params: Any, unit: int, profiles: Any) -> tuple[Candidate, ...]:
        return tuple(
            Candidate(profile=profile, readings={}, told=1, asked=1, doubtful=())
            for profile in profiles
        )

    async def searched(flow: Any, params: Any, numbers: range, profiles: Any) -> dict[int, Any]:
        return {1: (), 3: (shelf().get("supmea_ec8"),)}

    async def before(*_: Any) -> Reading:
        return Reading(1.0)

    async def changed(flow: Any, installed: Any, key: str, value: Any) -> Change:
        return Change(key=key, wanted=value, end=End.VERIFIED, after=Reading(value))

    flows = "custom_components.vfarm.flows"
    monkeypatch.setattr(f"{flows}.modbus.async_probe", probed)
    monkeypatch.setattr(f"{flows}.modbus.async_search", searched)
    monkeypatch.setattr(f"{flows}.commissioning.async_before", before)
    monkeypatch.setattr(f"{flows}.commissioning.async_change", changed)
    # What was added is not asked.
    monkeypatch.setattr("custom_components.vfarm.modbus.poller.Poller.start", lambda self: None)
    # A radio, and nobody who is heard.
    monkeypatch.setattr(f"{flows}.bluetooth.has_bluetooth", lambda hass: True)
    monkeypatch.setattr(f"{flows}.bluetooth.async_heard", AsyncMock(return_value=[]))
    monkeypatch.setattr("custom_components.vfarm.ble.meter.Meter.start", lambda self: None)


@pytest.fixture
def around(hass: HomeAssistant) -> None:
    """Entities of others, that fit nothing or something."""
    hass.states.async_set(TEXT, "sunny")
    hass.states.async_set(KETTLE, "4", {"unit_of_measurement": "bar"})
    hass.states.async_set(FAN, "dancing")
    hass.states.async_set("sensor.co2", "800", {"unit_of_measurement": "ppm"})
    hass.states.async_set("sensor.ec", "1.5", {"unit_of_measurement": "mS/cm"})
    hass.states.async_set("switch.spare", "off")
    hass.states.async_set("select.cooler", "none", {"options": ["none", "half", "full"]})


def steps() -> set[str]:
    """Every step of every flow that shows a form of fields, by the class that defines it."""
    flows: list[type] = [VfarmConfigFlow, RolesFlow]
    flows += VfarmConfigFlow.async_get_supported_subentry_types(None).values()  # type: ignore[arg-type]
    found = set()
    for flow in flows:
        for one in flow.__mro__:
            if one.__module__.startswith("custom_components.vfarm"):
                found |= {
                    f"{one.__name__}.{name.removeprefix('async_step_')}"
                    for name in vars(one)
                    if name.startswith("async_step_")
                }
    return found


#: Steps that only lead on, show a menu or have nothing to fill in.
NO_FORM = {
    *("VfarmConfigFlow.user", "VfarmConfigFlow.demo", "NodeFlow.user", "NodeFlow.reconfigure"),
    *("NodeFlow.menu", "BindingSteps.menu", "NodeFlow.save", "RackFlow.add_level"),
    *("ModbusFlow.user", "ModbusFlow.reconfigure", "ModbusFlow.scan", "ModbusFlow.nobody"),
    *("VfarmConfigFlow.bluetooth", "ModbusFlow.link_taken", "ModbusFlow.unreachable"),
    "TryingSteps.trying",
}


def test_every_step_with_a_form_has_a_path() -> None:
    assert {path.step for path in PATHS} == steps() - NO_FORM


@pytest.mark.parametrize(
    "path", PATHS, ids=[f"{number}-{path.step}" for number, path in enumerate(PATHS)]
)
async def test_bad_input_is_an_error_of_the_form_and_nothing_is_saved(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    around: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: Formed,
) -> None:
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    own = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{farm.entry_id}:tent:air_temperature"
    )
    await settled(hass)
    before = await untouched(hass, farm, hardware.calls, tmp_path)
    form = await path.open(hass, farm)
    assert form.result["type"] is FlowResultType.FORM
    assert form.result["step_id"] == path.step.split(".")[1]
    wrong = []
    for what, data in bad_data(form):
        if what in path.takes:
            continue
        filled = {key: own if value == "$own" else value for key, value in data.items()}
        try:
            result = await form.submit(filled)
        except InvalidData:
            # The schema that the form was sent with: Home Assistant refuses it.
            continue
        except Exception as err:
            wrong.append(f"{what}: falls over: {err!r}")
            form = await path.open(hass, farm)
            continue
        if result["type"] is not FlowResultType.FORM or not result["errors"]:
            wrong.append(f"{what}: is taken")
            form = await path.open(hass, farm)
            if before.differs(await untouched(hass, farm, hardware.calls, tmp_path)):
                wrong.append(f"{what}: something was saved")
        elif (lacks := unsaid(form, result)) is not None:
            wrong.append(f"{what}: {lacks}")
    assert not wrong, "\n".join(wrong)
    await settled(hass)
    assert not before.differs(await untouched(hass, farm, hardware.calls, tmp_path))
    result = await form.submit(form.good)
    assert not result.get("errors"), "good data"


# -- what forms cannot see ----------------------------------------------------------------------

URL = "postgresql://vfarm@/db?host=/nowhere"


async def _database(hass: HomeAssistant, farm: MockConfigEntry) -> dict[str, Any]:
    form = await _reconfigure(hass, farm)
    return await form.submit({**form.good, "ledger_url": URL})


async def test_a_database_without_its_driver_is_not_chosen(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    missing = RequirementsNotFound("vfarm", ["psycopg"])
    with patch("custom_components.vfarm.flows.ledger.async_process_requirements") as install:
        install.side_effect = missing
        result = await _database(hass, farm)
        assert result["errors"] == {"ledger_url": "ledger_no_driver"}
        assert "psycopg" in result["description_placeholders"]["why"]
        install.side_effect = None
        with patch.dict(sys.modules, {"vfarm_core.ledger.carry": None}):
            result = await _database(hass, farm)
    assert result["errors"] == {"ledger_url": "ledger_no_driver"}
    assert "ledger_url" not in farm.data


async def test_a_database_is_tried_while_the_farm_does_not_run(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(farm.entry_id)
    with patch("custom_components.vfarm.flows.ledger.async_process_requirements"):
        result = await _database(hass, farm)
    assert result["errors"] == {"ledger_url": "ledger_away"}


async def test_where_a_history_comes_from_is_not_forgotten_by_another_edit(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(farm, data={**farm.data, "ledger_from": "before.db"})
    form = await _reconfigure(hass, farm)
    await form.submit({**form.good, "takeover_min": 45.0})
    assert (farm.data["takeover_min"], farm.data["ledger_from"]) == (45.0, "before.db")


async def test_an_entity_that_is_gone_stands_in_no_form(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    roof = er.async_get(hass).async_get_or_create("sensor", "roof", "1")
    hass.states.async_set(roof.entity_id, "12", {"unit_of_measurement": "°C"})
    form = await _reconfigure(hass, farm)
    await form.submit({**form.good, "outside_temperature": roof.entity_id})
    assert farm.data["bindings"][0]["entity"] == roof.id
    er.async_get(hass).async_remove(roof.entity_id)
    form = await _reconfigure(hass, farm)
    (field,) = (key for key in form.fields if key == "outside_temperature")
    assert not field.description
    await form.submit(form.good)
    assert farm.data["bindings"] == []


async def test_prices_are_bound_before_they_are_there(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    hass.states.async_set("sensor.market", "unavailable")
    form = await _reconfigure(hass, farm)
    await form.submit({**form.good, "energy_price": "sensor.market"})
    assert [b["role"] for b in farm.data["bindings"]] == ["energy_price"]


async def test_a_contact_that_says_nothing_yet_is_bound(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    hass.states.async_set("binary_sensor.door", "unavailable")
    flow = await Flow(hass, farm).edit("zone")
    await flow.choose("add_binding")
    await flow.go(role="leak")
    await flow.go(entity="binary_sensor.door")
    await flow.save()
    assert "tent.leak" in farm.runtime_data.farm.binding


async def test_a_proposed_entity_that_says_nothing_yet_is_shown_without_a_value(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    told = {"unit_of_measurement": "ppm", "device_class": "carbon_dioxide"}
    hass.states.async_set("sensor.tent_co2", "unavailable", told)
    flow = await Flow(hass, farm).edit("zone")
    result = await flow.choose("propose")
    (shown,) = result["data_schema"].schema.values()
    (option,) = (o for o in shown.config["options"] if "sensor.tent_co2" in o["value"])
    assert "· sensor.tent_co2 · – (" in option["label"]


async def test_the_first_device_of_a_farm_has_no_isolation_to_choose(
    hass: HomeAssistant,
) -> None:
    parts = {"zone": small_farm()["zone"]}
    parts["zone"]["data"]["bindings"] = []  # type: ignore[index]
    first = MockConfigEntry(
        domain=DOMAIN, data={"kind": "farm"}, title="First", subentries_data=list(parts.values())
    )
    first.add_to_hass(hass)
    assert await hass.config_entries.async_setup(first.entry_id)
    hass.states.async_set("switch.spare", "off")
    flow = await Flow(hass, first).edit("zone")
    await flow.choose("add_binding")
    await flow.go(role="heater")
    result = await flow.go(entity="switch.spare")
    assert result["step_id"] == "declaration"
    assert "isolation" not in result["data_schema"].schema
    await hass.config_entries.async_unload(first.entry_id)


async def test_without_a_user_the_language_is_that_of_the_browser(hass: HomeAssistant) -> None:
    request = Mock(headers={"Accept-Language": "fr-FR,fr;q=0.9"})
    request.get.return_value = None
    token = current_request.set(request)
    try:
        assert await async_language(hass) == "fr"
    finally:
        current_request.reset(token)


def test_a_problem_without_words_is_told_in_those_of_the_core() -> None:
    words = Words({}, "component.vfarm.config")
    found = Problem(node="tent", key="unheard_of", message="the tent hums")
    assert words.sentence(found) == "the tent hums."
