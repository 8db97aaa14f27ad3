"""Every automation and every action in the documentation is taken by Home Assistant, and its
actions are carried out in a farm."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from home_farm import Hardware, settled, start_batch
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.script import Script, async_validate_actions_config
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

#: What the places of the documentation are called in the farm of the tests.
PLACES = {
    r"rack_1_level_": "rack_level_",
    r"rack_level_[34]\b": "rack_level_1",
    r"\bzone_1\b": "tent",
    r"\bcircuit_1\b": "bench",
    r"\bpump_1\b": "pump",
}

#: Where an example tells of what is not so in the farm of the tests (a batch, a file, a latch, a
#: date that is too soon), or needs a library that may not be installed, the farm refuses it by
#: name. What else is refused is a mistake.
REFUSED = {
    "vfarm.transplant_batch": {"batch_unknown"},
    "vfarm.solve_nutrients": {"nutrients_library_missing"},
    "vfarm.clear_latch": {"not_latched"},
    "vfarm.try_actuator": {"try_in_use"},
    "vfarm.calibrate_probe": {"probe_unknown"},
    "vfarm.import_farm": {"bundle_not_read"},
    "vfarm.plan_orders": {"plan_empty", "plan_library_missing"},
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
    tmp_path: Path,
    code: str,
) -> None:
    hass.config.config_dir = str(tmp_path)
    told: list[str] = []
    hass.services.async_register(
        "notify", "send_message", lambda call: told.append(call.data["message"])
    )
    hass.services.async_register("fan", "turn_off", lambda call: None)
    example = here(code)
    actions = example.get("actions", [example])
    asked = [a["action"] for a in actions if "action" in a]
    if "vfarm.start_batch" not in asked:
        await start_batch(hass, sown_days_ago=20)
    if "vfarm.release_emergency_stop" in asked:
        await hass.services.async_call("vfarm", "emergency_stop", {}, blocking=True)
    await settled(hass)
    script = Script(
        hass,
        await async_validate_actions_config(hass, cv.SCRIPT_SCHEMA(actions)),
        "Example",
        "test",
    )
    problem = SimpleNamespace(attributes=SimpleNamespace(end="no_flow", problems=["leak"]))
    event = SimpleNamespace(data=SimpleNamespace(name="Tank", kind="leak"))
    trigger = SimpleNamespace(message="Bench: shot ended", to_state=problem, event=event)
    refusal = None
    try:
        await script.async_run({"trigger": trigger}, Context(user_id=hass_admin_user.id))
    except ServiceValidationError as err:
        refusal = err.translation_key
    assert refusal in {None, *(key for name in asked for key in REFUSED.get(name, ()))}
    assert all(told), "what is told is no empty sentence"
    await settled(hass)


@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.parametrize("code", examples("template"))
async def test_a_template_is_taken(hass: HomeAssistant, code: str) -> None:
    assert await async_setup_component(hass, "template", yaml.safe_load(code))
    await hass.async_block_till_done()
    assert len(hass.states.async_all("sensor")) == 1
