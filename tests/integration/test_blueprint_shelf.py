"""Blueprints come, and are renewed, when a person asks for it; nothing that was edited is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.vfarm import blueprint_shelf
from custom_components.vfarm.blueprint_shelf import BlueprintShelf, Standing, shipped_folder

ALARM = "automation/vfarm/alarm.yaml"
FLOOD = "script/vfarm/flood.yaml"


def text(domain: str, version: int) -> str:
    """A blueprint that does nothing."""
    actions = "actions: []\ntriggers: []\n" if domain == "automation" else "sequence: []\n"
    return f"blueprint:\n  name: Number {version}\n  domain: {domain}\n{actions}"


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Path]:
    """What comes with this version of vfarm."""
    folder = tmp_path / "shipped"
    for name in (ALARM, FLOOD):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text(name.split("/")[0], 1))
    with patch.object(blueprint_shelf, "shipped_folder", return_value=folder):
        yield folder


@pytest.fixture
async def installed(hass: HomeAssistant, tmp_path: Path, shipped: Path) -> Path:
    """Where Home Assistant keeps its blueprints; it has automations and scripts."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "configuration.yaml").write_text("automation: []\nscript: {}\n")
    hass.config.config_dir = str(config)
    for domain in ("automation", "script", "repairs"):
        assert await async_setup_component(hass, domain, {})
    return config / "blueprints"


def files(installed: Path) -> list[Path]:
    """The blueprints of vfarm that are there."""
    return list(installed.glob("*/vfarm/*"))


async def install(hass: HomeAssistant, user: MockUser | None, **data: Any) -> Any:
    """Ask for the blueprints."""
    return await hass.services.async_call(
        "vfarm",
        "install_blueprints",
        data,
        blocking=True,
        return_response=True,
        context=Context(user_id=user.id if user else None),
    )


async def standings(hass: HomeAssistant) -> dict[str, Standing]:
    """How each stands."""
    return {one.name: one.standing for one in await BlueprintShelf(hass).async_look()}


def offer(hass: HomeAssistant) -> ir.IssueEntry | None:
    """The offer in the repairs."""
    return ir.async_get(hass).async_get_issue("vfarm", "blueprints")


async def test_they_are_offered_and_nothing_is_written_unasked(
    hass: HomeAssistant, installed: Path, farm: MockConfigEntry
) -> None:
    await hass.async_block_till_done()
    issue = offer(hass)
    assert issue is not None
    assert issue.is_fixable
    assert issue.translation_placeholders == {"new": "2", "old": "0", "edited": "0"}
    assert files(installed) == []


async def test_a_house_without_automations_is_offered_none(
    hass: HomeAssistant, tmp_path: Path, shipped: Path, farm: MockConfigEntry
) -> None:
    await hass.async_block_till_done()
    assert offer(hass) is None


async def test_an_administrator_installs_them_and_they_can_be_used_at_once(
    hass: HomeAssistant, installed: Path, farm: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    answer = await install(hass, hass_admin_user)
    assert answer == {"installed": [ALARM, FLOOD], "updated": [], "kept": []}
    assert set((await standings(hass)).values()) == {Standing.CURRENT}
    assert offer(hass) is None
    known = await hass.data["blueprint"]["automation"].async_get_blueprints()
    assert "vfarm/alarm.yaml" in known
    again = await install(hass, hass_admin_user)
    assert not any(again.values())


@pytest.mark.parametrize("by_automation", [True, False])
async def test_nobody_else_does(
    hass: HomeAssistant,
    installed: Path,
    farm: MockConfigEntry,
    hass_read_only_user: MockUser,
    by_automation: bool,
) -> None:
    with pytest.raises(ServiceValidationError):
        await install(hass, None if by_automation else hass_read_only_user)
    assert files(installed) == []


async def test_a_new_version_renews_what_nobody_has_edited(
    hass: HomeAssistant,
    installed: Path,
    shipped: Path,
    farm: MockConfigEntry,
    hass_admin_user: MockUser,
) -> None:
    await install(hass, hass_admin_user)
    (shipped / ALARM).write_text(text("automation", 2))
    (installed / FLOOD).write_text(text("script", 1).replace("\n", "\r\n"), newline="")
    assert await standings(hass) == {ALARM: Standing.OLD, FLOOD: Standing.CURRENT}
    await blueprint_shelf.async_offer(hass)
    issue = offer(hass)
    assert issue is not None
    assert issue.translation_placeholders == {"new": "0", "old": "1", "edited": "0"}
    answer = await install(hass, hass_admin_user)
    assert answer["updated"] == [ALARM]
    assert (installed / ALARM).read_text() == text("automation", 2)


async def test_an_edited_copy_is_kept_with_the_new_one_beside_it(
    hass: HomeAssistant,
    installed: Path,
    shipped: Path,
    farm: MockConfigEntry,
    hass_admin_user: MockUser,
) -> None:
    await install(hass, hass_admin_user)
    mine = text("automation", 1) + "mode: queued\n"
    (installed / ALARM).write_text(mine)
    (shipped / ALARM).write_text(text("automation", 2))
    answer = await install(hass, hass_admin_user)
    assert answer == {"installed": [], "updated": [], "kept": [ALARM]}
    beside = installed / "automation/vfarm/alarm.new.yaml"
    assert (installed / ALARM).read_text() == mine
    assert beside.read_text() == text("automation", 2)
    assert offer(hass) is None, "it has been said once"
    beside.unlink()
    assert (await install(hass, hass_admin_user))["kept"] == [ALARM]
    assert not beside.exists(), "and it is not laid there again"

    answer = await install(hass, hass_admin_user, replace_edited=True)
    assert answer["updated"] == [ALARM]
    assert (installed / ALARM).read_text() == text("automation", 2)


async def test_what_was_removed_comes_back_only_when_it_is_asked_for(
    hass: HomeAssistant, installed: Path, farm: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    await install(hass, hass_admin_user)
    (installed / FLOOD).unlink()
    await blueprint_shelf.async_offer(hass)
    assert offer(hass) is None
    await BlueprintShelf(hass).async_install(replace_edited=False)
    assert not (installed / FLOOD).exists()
    assert (await install(hass, hass_admin_user))["installed"] == [FLOOD]


async def test_a_disk_that_cannot_be_written_is_said(
    hass: HomeAssistant, installed: Path, farm: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    (installed / "script" / "vfarm").write_text("a file where a folder should be")
    with pytest.raises(ServiceValidationError) as refused:
        await install(hass, hass_admin_user)
    assert refused.value.translation_key == "blueprints_not_written"
    assert (await standings(hass))[ALARM] is Standing.CURRENT, "what was written is known"


# -- the repair ---------------------------------------------------------------------------------


@pytest.mark.parametrize("replace", [True, False])
async def test_the_repair_asks_and_installs(
    hass: HomeAssistant, installed: Path, farm: MockConfigEntry, replace: bool
) -> None:
    (installed / ALARM).parent.mkdir(parents=True)
    (installed / ALARM).write_text(text("automation", 7))
    await blueprint_shelf.async_offer(hass)
    manager = hass.data[REPAIRS]["flow_manager"]
    shown = await manager.async_init("vfarm", data={"issue_id": "blueprints"})
    assert shown["step_id"] == "confirm"
    assert shown["description_placeholders"] == {"new": "1", "old": "0", "edited": "1"}
    assert not (installed / FLOOD).exists()
    done = await manager.async_configure(shown["flow_id"], {"replace_edited": replace})
    assert done["type"] == "create_entry"
    assert (installed / FLOOD).exists()
    assert ((installed / ALARM).read_text() == text("automation", 1)) is replace
    assert offer(hass) is None


async def test_a_repair_that_cannot_write_says_so_and_stays(
    hass: HomeAssistant, installed: Path, farm: MockConfigEntry
) -> None:
    await blueprint_shelf.async_offer(hass)
    (installed / "automation" / "vfarm").write_text("a file where a folder should be")
    manager = hass.data[REPAIRS]["flow_manager"]
    shown = await manager.async_init("vfarm", data={"issue_id": "blueprints"})
    done = await manager.async_configure(shown["flow_id"], {"replace_edited": False})
    assert (done["type"], done["reason"]) == ("abort", "not_written")
    assert offer(hass) is not None


# -- where they lie -----------------------------------------------------------------------------


def test_a_release_has_them_inside_and_a_checkout_at_its_root(tmp_path: Path) -> None:
    assert shipped_folder() == Path(blueprint_shelf.__file__).parents[2] / "blueprints"
    inside = tmp_path / "vfarm"
    (inside / "blueprints").mkdir(parents=True)
    with patch.object(blueprint_shelf, "__file__", str(inside / "blueprint_shelf.py")):
        assert shipped_folder() == inside / "blueprints"
