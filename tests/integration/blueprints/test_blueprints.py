"""Every blueprint is taken by Home Assistant, and does what it says in a farm."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import Hardware, bound, small_farm
from homeassistant.components.automation.helpers import (
    async_get_blueprints as automation_blueprints,
)
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.components.script.helpers import async_get_blueprints as script_blueprints
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from scenarios import SCENARIOS
from stage import BLUEPRINTS, EC, Scenario, Stage, contains, make_phone

from custom_components.vfarm.const import DOMAIN

FILES = sorted(BLUEPRINTS.glob("*/vfarm/*.yaml"))


@pytest.fixture
def config_folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A configuration folder of the test's own, with the blueprints in it."""
    folder = tmp_path / "config"
    shutil.copytree(BLUEPRINTS, folder / "blueprints")
    hass.config.config_dir = str(folder)
    return folder


@pytest.fixture
def noon(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Noon of a Tuesday where the house stands: days and hours of use can be counted on."""
    freezer.move_to(datetime(2026, 12, 1, 12, tzinfo=dt_util.get_default_time_zone()))
    return freezer


@pytest.fixture
def entry(hass: HomeAssistant, noon: FrozenDateTimeFactory) -> MockConfigEntry:
    """The small farm, whose tank has a probe."""
    parts = small_farm()
    tank: Any = parts["reservoir"]["data"]
    tank["bindings"].append(bound("tank", "solution_ec", EC))
    made = MockConfigEntry(
        domain=DOMAIN,
        title="Home farm",
        data={"kind": "farm"},
        subentries_data=list(parts.values()),
    )
    made.add_to_hass(hass)
    hass.states.async_set(EC, "1.5", {"unit_of_measurement": "mS/cm"})
    return made


@pytest.fixture
async def stage(
    hass: HomeAssistant,
    config_folder: Path,
    noon: FrozenDateTimeFactory,
    hardware: Hardware,
    farm: MockConfigEntry,
    hass_admin_user: MockUser,
) -> AsyncGenerator[Stage]:
    """The small farm, and a phone."""
    made = Stage(hass, farm, hardware, noon, await make_phone(hass), hass_admin_user.id)
    made.listen()
    yield made
    for domain in ("automation", "script"):
        if hass.services.has_service(domain, "turn_off"):
            await hass.services.async_call(domain, "turn_off", {"entity_id": "all"}, blocking=True)
    await hass.async_block_till_done()


# -- how they are written -----------------------------------------------------------------------


async def test_home_assistant_takes_every_blueprint(
    hass: HomeAssistant, config_folder: Path
) -> None:
    found: dict[str, Any] = {
        **{f"automation/{k}": v for k, v in (await _all(automation_blueprints(hass))).items()},
        **{f"script/{k}": v for k, v in (await _all(script_blueprints(hass))).items()},
    }
    assert set(found) == {str(path.relative_to(BLUEPRINTS)) for path in FILES}
    for name, blueprint in found.items():
        assert isinstance(blueprint, Blueprint), f"{name}: {blueprint}"
        assert blueprint.validate() is None, name


async def _all(blueprints: Any) -> dict[str, Any]:
    found: dict[str, Any] = await blueprints.async_get_blueprints()
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_blueprint_can_be_understood_and_used_anywhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert f"blueprints/{path.relative_to(BLUEPRINTS)}" in text, "says where it comes from"
    assert "min_version: 2026.10.0" in text
    assert "integration: vfarm" in text, "offers what belongs to vfarm"
    # The old words of automations.
    assert not re.search(r"^(trigger|condition|action|platform):", text, re.MULTILINE)
    assert not re.search(r"^ +(?:- )?(platform|service):", text, re.MULTILINE)
    # No ids of somebody's own entities.
    named = re.findall(r"^ +(?:- )?entity_id: (.+)$", text, re.MULTILINE)
    assert all(name.startswith(("!input ", '"{{')) for name in named), named


def test_every_blueprint_has_a_scenario() -> None:
    assert {s.blueprint for s in SCENARIOS} == {path.stem for path in FILES}


# -- what they do -------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.id)
async def test_a_blueprint_does_what_it_says(stage: Stage, scenario: Scenario) -> None:
    (path,) = (path for path in FILES if path.stem == scenario.blueprint)
    domain = path.relative_to(BLUEPRINTS).parts[0]
    if scenario.before is not None:
        await scenario.before(stage)
    await stage.use(domain, scenario.blueprint, scenario.inputs(stage))
    await scenario.happens(stage)
    found = [(name, data) for name, data in stage.calls if name in scenario.watch]
    wanted = list(scenario.expects(stage))
    assert [name for name, _ in found] == [name for name, _ in wanted], found
    for (name, data), (_, expected) in zip(found, wanted, strict=True):
        assert contains(data, expected), (name, data, expected)
