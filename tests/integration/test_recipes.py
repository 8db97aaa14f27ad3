"""A grower's own recipes: used when they are right, explained when they are not."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from home_farm import manager, settled, start_batch
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


async def act(hass: HomeAssistant, service: str, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, service, data, blocking=True, return_response=True, context=manager(hass)
    )
    assert isinstance(answer, dict)
    return answer


async def test_a_living_batch_moves_to_the_file_as_it_is_now(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path
) -> None:
    mine = folder / "mine.yaml"
    text = BASIL.replace("id: basil_sweet", "id: my_basil")
    mine.write_text(text)
    started = await start_batch(hass, recipe="my_basil")
    memory = farm.runtime_data.engine.runtime.memory
    pinned = memory.batches[started["batch"]].recipe_version
    mine.write_text(text.replace("value: 24 °C", "value: 25 °C"))
    two_days = {"days": 2}
    answer = await act(hass, "change_recipe", node=["rack_level_1"], duration=two_days)
    (moved,) = answer["batches"]
    assert moved["was"] == pinned
    assert "phases.germination.climate.air_temperature.day: 24 → 25" in moved["changes"]
    batch = farm.runtime_data.engine.runtime.memory.batches[started["batch"]]
    assert batch.recipe_version == moved["version"] != pinned
    assert batch.changeover is not None
    assert batch.changeover.ramp_s == 2 * 86400


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"duration": {"days": 1}}, "batch_same_version"),
        ({"duration": {"days": 1}, "recipe": "micro_pea"}, "batch_other_crop"),
        ({"duration": {"days": 15}, "recipe": "my_basil"}, "batch_ramp"),
        ({"duration": {"days": 1}, "recipe": "mango"}, "recipe_unknown"),
        ({"duration": {"days": 1}, "batch": "nothing"}, "batch_unknown"),
    ],
)
async def test_a_change_that_makes_no_sense_says_why(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    folder: Path,
    data: dict[str, Any],
    key: str,
) -> None:
    (folder / "mine.yaml").write_text(
        BASIL.replace("id: basil_sweet", "id: my_basil").replace("value: 24 °C", "value: 25 °C")
    )
    await start_batch(hass, recipe="basil_sweet")
    where = {} if "batch" in data else {"node": ["rack_level_1"]}
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "change_recipe", **where, **data)
    assert caught.value.translation_key == key
    assert "{" not in str(caught.value)


async def test_a_herb_that_grows_again_is_cut_and_goes_on(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    started = await start_batch(hass, recipe="mint")
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "harvest", batch=started["batch"], regrow=True)
    assert caught.value.translation_key == "batch_not_ready"
    await act(hass, "advance_phase", batch=started["batch"])
    answer = await act(hass, "harvest", batch=started["batch"], kg=1.2, regrow=True)
    assert answer["batches"][0]["phase"] == "production"
    batch = farm.runtime_data.engine.runtime.memory.batches[started["batch"]]
    assert batch.is_growing
    assert [cut.kg for cut in batch.cuts] == [1.2]


async def test_a_crop_that_is_cut_once_says_so(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    started = await start_batch(hass, recipe="basil_sweet")
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "harvest", batch=started["batch"], regrow=True)
    assert caught.value.translation_key == "batch_no_regrowth"
