"""A grower's own recipes: used when they are right, explained when they are not."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from home_farm import settled, start_batch
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.const import DOMAIN

BASIL = (files("vfarm_core.recipes") / "library" / "basil_sweet.yaml").read_text()


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    recipes = tmp_path / DOMAIN / "recipes"
    recipes.mkdir(parents=True)
    return recipes


def broken(hass: HomeAssistant) -> list[dict[str, str] | None]:
    return [
        issue.translation_placeholders
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.translation_key == "recipe_broken"
    ]


async def test_a_growers_recipe_can_be_sown(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path
) -> None:
    (folder / "mine.yaml").write_text(BASIL.replace("id: basil_sweet", "id: my_basil"))
    answer = await start_batch(hass, recipe="my_basil")
    batch = farm.runtime_data.engine.runtime.memory.batches[answer["batch"]]
    assert batch.recipe_id == "my_basil"
    assert broken(hass) == []


async def test_a_broken_recipe_is_explained_hides_nothing_and_starts_nothing(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path
) -> None:
    mine = folder / "mine.yaml"
    mine.write_text(BASIL.replace("id: basil_sweet", "id: my_basil").replace("days: 5", "days: -5"))
    with pytest.raises(ServiceValidationError, match="my_basil"):
        await start_batch(hass, recipe="my_basil")
    assert not farm.runtime_data.engine.runtime.memory.batches
    (told,) = broken(hass)
    assert told is not None
    assert told["file"] == str(mine)
    assert "phases[0].days" in told["problems"]
    assert "accepted" in told["problems"]
    await start_batch(hass, recipe="basil_sweet", node=["rack_level_1"])

    mine.write_text(BASIL.replace("id: basil_sweet", "id: my_basil"))
    await start_batch(hass, recipe="my_basil", node=["rack_level_2"])
    await settled(hass)
    assert broken(hass) == []
