"""Every automation and every action in the documentation is taken by Home Assistant, and its
actions are carried out in a farm."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from freezegun.api import FrozenDateTimeFactory
from home_farm import AIR, Hardware, bound, pass_time, settled, start_batch, sub
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.script import Script, async_validate_actions_config
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

#: What the places of the documentation are called in the farm of the tests.
PLACES = {
    r"rack_1_level_": "rack_level_",
    r"rack_level_3\b": "rack_level_1",
    r"rack_level_4\b": "rack_level_2",
    r"\bzone_1\b": "tent",
    r"\bcircuit_1\b": "bench",
    r"\bpump_1\b": "pump",
}


@dataclass
class Place:
    """The farm of the tests, made ready for an example."""

    hass: HomeAssistant
    hardware: Hardware
    farm: MockConfigEntry
    freezer: FrozenDateTimeFactory
    user: str

    async def act(self, service: str, **data: Any) -> Any:
        return await self.hass.services.async_call(
            "vfarm", service, data, blocking=True, context=Context(user_id=self.user)
        )

    async def growing(self, code: str) -> str:
        """The batch that an example names grows here."""
        started = await start_batch(self.hass, sown_days_ago=20, plants=20)
        return re.sub(r"\b01[0-9A-Z]{24}\b", started["batch"], code)

    async def nothing_grows(self, code: str) -> str:
        return code

    async def latched(self, code: str) -> str:
        """The valve of the bench could not be proved: it is latched, as the pump of the page."""
        self.hardware.obedient = False
        await self.act("run_shot", node=["bench"], duration={"seconds": 60})
        await pass_time(self.hass, self.freezer, 60, step=2)
        self.hardware.obedient = True
        return code.replace("pump_1.irrigation_pump", "bench.irrigation_valve")

    async def probed(self, code: str) -> str:
        """A pH probe hangs in the tank."""
        self.hass.states.async_set("sensor.ph", "6.1", {"unit_of_measurement": "pH"})
        tank = sub(self.farm, "reservoir")
        bindings = [*tank.data["bindings"], bound("tank", "solution_ph", "sensor.ph")]
        self.hass.config_entries.async_update_subentry(
            self.farm, tank, data={**tank.data, "bindings": bindings}
        )
        await settled(self.hass)
        return code

    async def exported(self, code: str) -> str:
        """The file that an example imports was written before."""
        await self.act("export_farm", file="tent-before-moving.zip")
        return code.replace("sensor.rack_a_air", AIR)

    async def in_time(self, code: str) -> str:
        """What is ordered can still be grown, in time and on two levels."""
        until = dt_util.now().date() + timedelta(days=60)
        return re.sub(r"\d{4}-\d\d-\d\d", until.isoformat(), code.replace("kg: 12", "kg: 1"))


#: What has to be so before an example can be carried out; plants grow where nothing is said.
READY: dict[str, Callable[[Place, str], Awaitable[str]]] = {
    "vfarm.start_batch": Place.nothing_grows,
    "vfarm.try_actuator": Place.nothing_grows,
    "vfarm.clear_latch": Place.latched,
    "vfarm.calibrate_probe": Place.probed,
    "vfarm.import_farm": Place.exported,
    "vfarm.plan_orders": Place.in_time,
}


def examples(*keys: str) -> list[Any]:
    """The YAML of the documentation that has one of some keys, and where it stands."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for code in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            parsed = yaml.safe_load(code)
            if isinstance(parsed, dict) and any(key in parsed for key in keys):
                name = f"{page.stem}-{len(found)}"
                found.append(pytest.param(code, id=name))
    return found


def here(code: str) -> Any:
    """An example, with the places it names in the farm of the tests."""
    for there, name in PLACES.items():
        code = re.sub(there, name, code)
    return yaml.safe_load(code)


def test_there_are_examples() -> None:
    assert len(examples("triggers")) >= 5
    assert len(examples("actions", "action")) >= 15


@pytest.mark.parametrize("code", examples("triggers"))
async def test_an_automation_is_taken(
    hass: HomeAssistant, farm: MockConfigEntry, code: str
) -> None:
    ar.async_get(hass).async_create("tent")
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    config = {"alias": "Example", **here(code)}
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    await settled(hass)
    (state,) = hass.states.async_all("automation")
    assert state.state == "on"


@pytest.mark.parametrize("code", examples("actions", "action"))
async def test_what_an_example_does_can_be_done(
    hass: HomeAssistant,
    hardware: Hardware,
    farm: MockConfigEntry,
    hass_admin_user: MockUser,
    freezer: FrozenDateTimeFactory,
    tmp_path: Path,
    code: str,
) -> None:
    hass.config.config_dir = str(tmp_path)
    told: list[str] = []
    hass.services.async_register(
        "notify", "send_message", lambda call: told.append(call.data["message"])
    )
    hass.services.async_register("fan", "turn_off", lambda call: None)
    asked = set(re.findall(r"action: (vfarm\.\w+)", code))
    place = Place(hass, hardware, farm, freezer, hass_admin_user.id)
    ready = [READY[name] for name in sorted(asked) if name in READY]
    for prepare in ready or [Place.growing]:
        code = await prepare(place, code)
    if "vfarm.release_emergency_stop" in asked:
        await hass.services.async_call("vfarm", "emergency_stop", {}, blocking=True)
    await settled(hass)
    example = here(code)
    script = Script(
        hass,
        await async_validate_actions_config(
            hass, cv.SCRIPT_SCHEMA(example.get("actions", [example]))
        ),
        "Example",
        "test",
    )
    problem = SimpleNamespace(attributes=SimpleNamespace(end="no_flow", problems=["leak"]))
    event = SimpleNamespace(data=SimpleNamespace(name="Tank", kind="leak"))
    trigger = SimpleNamespace(message="Bench: shot ended", to_state=problem, event=event)
    # What is refused here is a mistake: in the example, or in what it says to do before.
    await script.async_run({"trigger": trigger}, Context(user_id=hass_admin_user.id))
    assert all(told), "what is told is no empty sentence"
    await settled(hass)


def test_nothing_is_made_ready_that_no_example_asks_for() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for name in READY:
        assert f"action: {name}" in text, name


@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.parametrize("code", examples("template"))
async def test_a_template_is_taken(hass: HomeAssistant, code: str) -> None:
    assert await async_setup_component(hass, "template", yaml.safe_load(code))
    await hass.async_block_till_done()
    assert len(hass.states.async_all("sensor")) == 1
