"""Recipes are looked at, checked, saved, compared and exchanged by actions and by websocket."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from home_farm import manager, somebody, start_batch
from homeassistant.components.frontend.storage import async_user_store
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vfarm.const import DOMAIN

BASIL = (files("vfarm_core.recipes") / "library" / "basil_sweet.yaml").read_text()
MINE = BASIL.replace("id: basil_sweet", "id: my_basil")


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    return tmp_path / DOMAIN / "recipes"


def files_in(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in folder.rglob("*.yaml")}


async def act(hass: HomeAssistant, service: str, user: str | None = None, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN,
        service,
        data,
        blocking=True,
        return_response=True,
        context=manager(hass) if user is None else Context(user_id=user),
    )


async def refused(hass: HomeAssistant, service: str, **data: Any) -> ServiceValidationError:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, service, **data)
    return caught.value


async def test_a_recipe_is_saved_and_its_versions_are_known(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path
) -> None:
    first = await act(hass, "save_recipe", document=MINE)
    assert first["saved"]
    assert files_in(folder) == {"my_basil.yaml": MINE}
    started = await start_batch(hass, recipe="my_basil")
    second = await act(
        hass,
        "save_recipe",
        document=MINE.replace("value: 24 °C", "value: 25 °C"),
        changelog="warmer",
        based_on=first["version"],
    )
    assert second["parent"] == first["version"]
    assert "phases.germination.climate.air_temperature.day" in [
        change["path"] for change in second["changes"]
    ]
    got = await act(hass, "get_recipe", recipe="my_basil")
    current, before = got["versions"]
    assert (current["version"], current["changelog"]) == (second["version"], ["warmer"])
    assert before["version"] == first["version"]
    assert before["batches"] == [started["batch"]], "a batch stays on its version"
    assert got["document"]["phases"][0]["climate"]["air_temperature"]["value"] == "25.0 °C"
    older = await act(hass, "get_recipe", recipe=f"my_basil@{first['version'][:8]}")
    assert older["version"] == first["version"]
    compared = await act(
        hass, "diff_recipes", old=f"my_basil@{first['version'][:8]}", new="my_basil"
    )
    assert compared["is_child"]
    assert compared["changelog"] == ["warmer"]
    assert compared["changes"] == second["changes"]
    listed = await act(hass, "list_recipes")
    (mine,) = [recipe for recipe in listed["recipes"] if recipe["id"] == "my_basil"]
    assert (mine["version"], mine["own"]) == (second["version"], True)


async def test_what_is_exported_can_be_edited_and_saved(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path
) -> None:
    got = await act(hass, "get_recipe", recipe="basil_sweet")
    document = got["document"]
    document["phases"][0]["climate"]["air_temperature"]["value"] = 25
    saved = await act(hass, "save_recipe", document=document)
    assert saved["parent"] == got["version"]
    assert (await act(hass, "save_recipe", document=document))["saved"] is False
    exported = await act(hass, "export_recipe", recipe="basil_sweet", format="yaml")
    assert exported["file_name"] == "basil_sweet.yaml"
    again = await act(hass, "check_recipe", document=exported["text"])
    assert again["version"] == saved["version"]
    assert again["changes"] == []


async def test_everything_wrong_is_told_at_once_with_its_place_and_nothing_is_saved(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path
) -> None:
    wrong = MINE.replace("days: 5", "days: -5").replace("value: 24 °C", "value: 24 bar")
    err = await refused(hass, "save_recipe", document=wrong)
    assert err.translation_key == "recipe_refused"
    said = (err.translation_placeholders or {})["problems"]
    lines = said.splitlines()
    assert len(lines) >= 2
    assert any(line.startswith("- phases[0].days (line ") for line in lines)
    assert any("unit 'bar' does not fit" in line for line in lines)
    assert files_in(folder) == {}
    checked = await act(hass, "check_recipe", document=wrong)
    assert checked["ok"] is False
    assert {p["code"] for p in checked["problems"]} == {"out_of_range", "wrong_unit"}


async def test_a_version_that_somebody_else_saved_is_not_written_over(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path
) -> None:
    first = await act(hass, "save_recipe", document=MINE)
    await act(hass, "save_recipe", document=MINE.replace("24 °C", "25 °C"))
    err = await refused(
        hass,
        "save_recipe",
        document=MINE.replace("24 °C", "26 °C"),
        based_on=first["version"],
    )
    assert "current version is another" in (err.translation_placeholders or {})["problems"]


async def test_a_check_says_what_this_farm_cannot_give(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path
) -> None:
    whole = await act(hass, "check_recipe", recipe="basil_sweet")
    assert whole["ok"]
    assert whole["farm"] == "Home farm"
    assert all(f["text"] and f["severity"] in ("error", "warning") for f in whole["findings"])
    crowded = await act(
        hass, "check_recipe", recipe="basil_sweet", node="rack_level_1", plants=1000
    )
    (sites,) = [f for f in crowded["findings"] if f["code"] == "no_sites"]
    assert sites["text"].startswith("1000 plants, but")
    assert "{" not in "".join(f["text"] for f in crowded["findings"])


async def test_answers_are_in_the_language_that_the_caller_chose(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    folder: Path,
    hass_admin_user: MockUser,
) -> None:
    hass.config.language = "nl"
    dutch = await act(hass, "check_recipe", recipe="basil_sweet", node="rack_level_1", plants=999)
    assert any("planten" in f["text"] for f in dutch["findings"])
    hass.config.components.add("frontend")
    store = await async_user_store(hass, hass_admin_user.id)
    await store.async_set_item("language", {"language": "de"})
    german = await act(
        hass,
        "check_recipe",
        user=hass_admin_user.id,
        recipe="basil_sweet",
        node="rack_level_1",
        plants=999,
    )
    assert any("Pflanzen" in f["text"] for f in german["findings"])
    assert [f["code"] for f in german["findings"]] == [f["code"] for f in dutch["findings"]]


PLANT = json.dumps({"pid": "ocimum basilicum", "max_temp": 35, "min_temp": 10})


async def test_what_others_wrote_is_imported(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path
) -> None:
    told = await act(hass, "import_recipe", format="openplantbook", text=PLANT, base="basil_sweet")
    assert told["saved"] is False
    assert any("soil" in remark for remark in told["remarks"])
    assert files_in(folder) == {}
    kept = await act(
        hass, "import_recipe", format="openplantbook", text=PLANT, base="basil_sweet", save=True
    )
    assert kept["saved"]
    table = await act(hass, "export_recipe", recipe=kept["id"], format="csv")
    assert table["text"].startswith("phase,days")
    assert "limits" in table["loses"]


@pytest.mark.parametrize(
    ("service", "data", "key"),
    [
        ("get_recipe", {"recipe": "mango"}, "recipe_unknown"),
        ("get_recipe", {"recipe": "basil_sweet@ffff"}, "recipe_unknown"),
        (
            "export_recipe",
            {"recipe": "basil_sweet", "format": "openplantbook"},
            "recipe_form_read_only",
        ),
        ("import_recipe", {"format": "csv", "text": "phase\n"}, "recipe_base_needed"),
        (
            "import_recipe",
            {"format": "csv", "text": "days\n3\n", "base": "basil_sweet"},
            "recipe_refused",
        ),
        ("diff_recipes", {"old": "basil_sweet", "new": "mango"}, "recipe_unknown"),
        ("check_recipe", {}, "recipe_or_document"),
        ("check_recipe", {"recipe": "basil_sweet", "node": "tent"}, "wrong_kind"),
        ("save_recipe", {"document": "{"}, "recipe_refused"),
    ],
)
async def test_what_is_refused_says_why(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    folder: Path,
    service: str,
    data: dict[str, Any],
    key: str,
) -> None:
    err = await refused(hass, service, **data)
    assert err.translation_key == key
    assert "{" not in str(err).replace("'{'", "")


async def test_a_disk_that_refuses_is_told(
    hass: HomeAssistant, farm: MockConfigEntry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vfarm_core.recipes.shelf.save", full)
    err = await refused(hass, "save_recipe", document=MINE)
    assert err.translation_key == "recipe_not_written"
    assert "No space" in str(err)


async def test_the_dashboard_asks_the_same(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    folder: Path,
    hass_ws_client: WebSocketGenerator,
) -> None:
    client = await hass_ws_client(hass)

    async def ask(kind: str, **data: Any) -> dict[str, Any]:
        await client.send_json_auto_id({"type": f"vfarm/recipes/{kind}", **data})
        answer: dict[str, Any] = await client.receive_json()
        return answer

    saved = (await ask("save", document=MINE, changelog=["mine"]))["result"]
    assert saved["saved"]
    listed = (await ask("list"))["result"]["recipes"]
    assert "my_basil" in [recipe["id"] for recipe in listed]
    got = (await ask("get", recipe="my_basil"))["result"]
    assert got["recipe"]["phases"][0]["climate"]["air_temperature"]["day"] == 24
    checked = (await ask("check", recipe="my_basil", plants=9999, language="fr"))["result"]
    assert any("plantes" in f["text"] for f in checked["findings"])
    by_text = (await ask("check", document="id: [", entry_id=farm.entry_id))["result"]
    assert by_text["ok"] is False
    assert (await ask("diff", old="basil_sweet", new="my_basil"))["result"]["changes"]
    assert (await ask("export", recipe="my_basil"))["result"]["format"] == "json"
    taken = await ask("import", format="openplantbook", text=PLANT, base="my_basil")
    assert taken["result"]["saved"] is False
    no = await ask("save", document=MINE.replace("days: 5", "days: -5"), language="de")
    assert no["error"]["code"] == "recipe_refused"
    assert "liegt außerhalb" in no["error"]["message"]
    assert (await ask("check"))["error"]["code"] == "recipe_or_document"
    assert (await ask("check", recipe="my_basil", entry_id="x"))["error"]["code"] == "not_running"


async def test_whoever_does_not_decide_how_plants_are_grown_only_looks(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    folder: Path,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    operator = somebody(hass, "anna", is_owner=False)
    assert (await act(hass, "check_recipe", user=operator.user_id, document=MINE))["ok"]
    with pytest.raises(ServiceValidationError, match="grower"):
        await act(hass, "save_recipe", user=operator.user_id, document=MINE)
    client = await hass_ws_client(hass, hass_read_only_access_token)
    await client.send_json_auto_id({"type": "vfarm/recipes/save", "document": MINE})
    assert (await client.receive_json())["error"]["code"] == "unauthorized"
    await client.send_json_auto_id({"type": "vfarm/recipes/list"})
    assert (await client.receive_json())["success"]
    assert files_in(folder) == {}
