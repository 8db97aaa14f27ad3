"""A new version of a recipe comes to a farm in stages, by actions."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import manager, pass_time, settled, start_batch
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.vfarm.const import DOMAIN, EVENT_VFARM
from vfarm_core.batches.rollout import Finding, Judgement
from vfarm_core.control.inputs import Harvest

BASIL = (files("vfarm_core.recipes") / "library" / "basil_sweet.yaml").read_text()
MINE = BASIL.replace("id: basil_sweet", "id: my_basil")
WARMER = MINE.replace("value: 24 °C", "value: 25 °C")


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    recipes = tmp_path / DOMAIN / "recipes"
    recipes.mkdir(parents=True)
    return recipes


@pytest.fixture
async def two(hass: HomeAssistant, farm: MockConfigEntry, folder: Path) -> dict[str, str]:
    """A batch of the first version grows on the first level; the file holds the second one."""
    (folder / "mine.yaml").write_text(MINE)
    started = await start_batch(hass, recipe="my_basil", node=["rack_level_1"])
    old = memory(farm).batches[started["batch"]].recipe_version
    (folder / "mine.yaml").write_text(WARMER)
    return {"batch": started["batch"], "old": old}


def memory(farm: MockConfigEntry) -> Any:
    return farm.runtime_data.engine.runtime.memory


async def act(hass: HomeAssistant, service: str, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, service, data, blocking=True, return_response=True, context=manager(hass)
    )
    assert isinstance(answer, dict)
    return answer


async def refused(hass: HomeAssistant, service: str, **data: Any) -> ServiceValidationError:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, service, **data)
    assert "{" not in str(caught.value)
    return caught.value


async def test_what_is_sown_gets_the_version_of_the_roll_out(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str], folder: Path
) -> None:
    events = async_capture_events(hass, EVENT_VFARM)
    answer = await act(
        hass, "start_rollout", recipe="my_basil", strategy="new_batches", why="try it"
    )
    assert (answer["rollout"], answer["state"]) == ("my_basil-1", "running")
    assert two["old"].startswith(answer["was"])
    assert "phases.germination.climate.air_temperature.day: 24 → 25" in answer["changes"]
    # The version of the file would be another one now: what was begun goes on.
    (folder / "mine.yaml").write_text(MINE)
    started = await start_batch(hass, recipe="my_basil", node=["rack_level_2"])
    batch = memory(farm).batches[started["batch"]]
    assert batch.recipe_version.startswith(answer["version"])
    assert memory(farm).batches[two["batch"]].recipe_version == two["old"]
    told = [e.data["params"] for e in events if e.data["kind"] == "rollout_started"]
    assert told[0]["why"] == "try it"


async def test_a_person_may_mean_another_version(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str], folder: Path
) -> None:
    await act(hass, "start_rollout", recipe="my_basil", strategy="new_batches")
    (folder / "mine.yaml").write_text(MINE)
    started = await start_batch(hass, recipe="my_basil", node=["rack_level_2"], pinned=True)
    assert memory(farm).batches[started["batch"]].recipe_version == two["old"]


async def test_blue_and_green_promoted_and_taken_back(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str]
) -> None:
    await act(
        hass,
        "start_rollout",
        recipe="my_basil",
        strategy="blue_green",
        levels=["rack_level_2"],
        duration={"hours": 12},
        no_critical=False,
    )
    green = await start_batch(hass, recipe="my_basil", node=["rack_level_2"])
    new = memory(farm).batches[green["batch"]].recipe_version
    assert new != two["old"]
    found = await act(hass, "promote_rollout")
    assert found["state"] == "promoted"
    blue = memory(farm).batches[two["batch"]]
    assert blue.recipe_version == new
    assert blue.changeover.ramp_s == 12 * 3600
    found = await act(hass, "roll_back_rollout", rollout="my_basil-1", why="bitter")
    assert found["state"] == "rolled_back"
    assert {b.recipe_version for b in memory(farm).batches.values()} == {two["old"]}
    assert [turn["why"] for turn in found["history"]][-1] == "bitter"
    assert found["history"][0]["at"].endswith("+00:00")


async def test_a_closed_gate_is_said_with_its_figure(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str]
) -> None:
    hass.config.language = "de"
    await act(
        hass,
        "start_rollout",
        recipe="my_basil",
        strategy="new_batches",
        min_days=3,
        max_losses=5,
        no_critical=False,
    )
    err = await refused(hass, "promote_rollout")
    assert err.translation_key == "rollout_gates_closed"
    assert err.translation_placeholders is not None
    gates = err.translation_placeholders["gates"]
    assert "Tage seit Beginn: noch nicht (0 / 3)" in gates
    assert "verlorene Pflanzen: noch nicht (? / 5 %)" in gates
    found = await act(hass, "promote_rollout", despite=True, why="spring is here")
    assert found["state"] in ("promoted", "done")


async def test_pause_and_go_on(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str]
) -> None:
    await act(hass, "start_rollout", recipe="my_basil", strategy="phase_boundary")
    assert (await act(hass, "pause_rollout", why="holiday"))["state"] == "paused"
    await act(hass, "advance_phase", batch=two["batch"])
    assert memory(farm).batches[two["batch"]].recipe_version == two["old"]
    assert (await act(hass, "resume_rollout"))["state"] == "running"
    await act(hass, "advance_phase", batch=two["batch"])
    assert memory(farm).batches[two["batch"]].recipe_version != two["old"]
    (seen,) = (await act(hass, "get_rollouts"))["rollouts"]
    assert seen["moved"] == [two["batch"]]
    assert [turn["state"] for turn in seen["history"]] == ["running", "paused", "running"]


@pytest.mark.parametrize(
    ("service", "data", "key"),
    [
        ("start_rollout", {"recipe": "mango", "strategy": "canary"}, "recipe_unknown"),
        ("start_rollout", {"recipe": "my_basil", "strategy": "canary"}, "rollout_no_levels"),
        (
            "start_rollout",
            {"recipe": "my_basil", "strategy": "new_batches", "old": "ffffffffffff"},
            "rollout_version_unknown",
        ),
        ("start_rollout", {"recipe": "mint", "strategy": "new_batches"}, "rollout_no_old"),
        ("pause_rollout", {"rollout": "nothing"}, "rollout_unknown"),
        ("pause_rollout", {}, "rollout_which"),
    ],
)
async def test_what_cannot_be_done_says_why(
    hass: HomeAssistant, two: dict[str, str], service: str, data: dict[str, Any], key: str
) -> None:
    assert (await refused(hass, service, **data)).translation_key == key


async def test_the_gate_of_yields_asks_the_history_before_a_promotion(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str]
) -> None:
    await act(
        hass,
        "start_rollout",
        recipe="my_basil",
        strategy="new_batches",
        yield_not_lower=True,
        no_critical=False,
    )
    await settled(hass)
    # One version has no harvest yet.
    assert (await refused(hass, "promote_rollout")).translation_key == "rollout_gates_closed"
    at = farm.runtime_data.engine.clock.now().farm
    good = Judgement(finding=Finding.NOT_LOWER, at=at, change=0.1, old_n=5, new_n=5)
    with patch("custom_components.vfarm.rollout_judge.async_answered", return_value=good):
        found = await act(hass, "promote_rollout")
    assert found["state"] == "promoted"


async def test_after_a_harvest_the_history_is_asked_by_itself(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    two: dict[str, str],
    freezer: FrozenDateTimeFactory,
) -> None:
    await act(
        hass,
        "start_rollout",
        recipe="my_basil",
        strategy="new_batches",
        yield_not_lower=True,
        no_critical=False,
    )
    at = farm.runtime_data.engine.clock.now().farm
    low = Judgement(finding=Finding.LOWER, at=at, change=-0.3, old_n=5, new_n=5)
    with patch("custom_components.vfarm.rollout_judge.async_answered", return_value=low) as asked:
        farm.runtime_data.engine.request(Harvest(batch=two["batch"], kg=1.0))
        await settled(hass)
        assert not asked.called
        await pass_time(hass, freezer, 120)
        assert asked.called
    assert memory(farm).rollouts["my_basil-1"].state == "paused"


async def test_versions_are_compared_from_the_history(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str]
) -> None:
    await act(hass, "harvest", batch=two["batch"], kg=1.0)
    started = await start_batch(hass, recipe="my_basil", node=["rack_level_2"])
    await act(hass, "harvest", batch=started["batch"], kg=1.2)
    await settled(hass)
    ledger = farm.runtime_data.engine.ledger
    assert ledger is not None
    # What is written down once a minute is written down now.
    await ledger.async_close()
    found = await act(hass, "compare_versions", recipe="my_basil")
    assert two["old"].startswith(found["old"])
    by_name = {m["measure"]: m for m in found["measures"]}
    assert (by_name["yield_kg_m2"]["old"]["n"], by_name["yield_kg_m2"]["new"]["n"]) == (1, 1)
    assert by_name["yield_kg_m2"]["verdict"] == "open"
    assert found["words"]["too_few"].startswith("fewer than 3")
    assert (await refused(hass, "compare_versions", recipe="mint")).translation_key == (
        "ledger_unknown"
    )


async def test_statistics_are_installed_for_an_administrator_who_asks(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await act(hass, "harvest", batch=two["batch"], kg=1.0)
    started = await start_batch(hass, recipe="my_basil", node=["rack_level_2"])
    await act(hass, "harvest", batch=started["batch"], kg=1.2)
    await settled(hass)
    await farm.runtime_data.engine.ledger.async_close()
    found = {"measures": [{"why": "scipy_missing"}], "left_out": {}, "notes": [], "install": "pip"}
    with (
        patch("vfarm_core.reports.compare.data", return_value=found),
        patch("custom_components.vfarm.rollout_actions.async_install") as installed,
    ):
        told = await act(hass, "compare_versions", recipe="my_basil")
        assert not installed.called
        assert told["words"] == {"scipy_missing": "statistics need SciPy"}
        await act(hass, "compare_versions", recipe="my_basil", install=True)
        assert installed.called


async def test_a_gate_of_yields_says_why_it_waits(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str]
) -> None:
    await act(
        hass,
        "start_rollout",
        recipe="my_basil",
        strategy="new_batches",
        yield_not_lower=True,
        no_critical=False,
    )
    at = farm.runtime_data.engine.clock.now().farm
    few = Judgement(finding=Finding.OPEN, at=at, why="too_few", change=0.2, old_n=2, new_n=1)
    with patch("custom_components.vfarm.rollout_judge.async_answered", return_value=few):
        err = await refused(hass, "promote_rollout")
    assert err.translation_placeholders is not None
    assert err.translation_placeholders["gates"] == (
        "change of the yield: not yet (20 % / -10 %),"
        " fewer than 3 of a version: their spread is not known"
    )


async def test_what_the_farm_cannot_give_to_a_version_is_said_in_the_language_of_the_house(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str], folder: Path
) -> None:
    await hass.config.async_update(language="de")
    await settled(hass)
    text = MINE
    for there, here in (("500", "900"), ("ppfd_max: 600", "ppfd_max: 1000"), ("32.5", "90")):
        assert there in text
        text = text.replace(there, here)
    (folder / "mine.yaml").write_text(text)
    err = await refused(hass, "start_rollout", recipe="my_basil", strategy="phase_boundary")
    assert err.translation_key == "rollout_infeasible"
    said = (err.translation_placeholders or {})["why"]
    assert said.startswith("phases[1].light.ppfd: Level 1 erreicht 300 von 900 μmol/m²/s (erlaubt:")
    assert not memory(farm).rollouts


async def test_warnings_about_a_version_are_said_in_the_language_of_the_house(
    hass: HomeAssistant, farm: MockConfigEntry, two: dict[str, str], folder: Path
) -> None:
    await hass.config.async_update(language="de")
    await settled(hass)
    (folder / "mine.yaml").write_text(MINE.replace("ppfd: 500", "ppfd: 100"))
    answer = await act(hass, "start_rollout", recipe="my_basil", strategy="new_batches")
    assert answer["warnings"]
    for warning in answer["warnings"]:
        assert warning.startswith("phases[")
        assert "accepted" not in warning, "no English words"
        assert "(erlaubt: " in warning
