"""A local voice assistant answers what is asked of the farm, in the language it is asked in."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from home_farm import settled, start_batch
from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm import texts
from custom_components.vfarm.devices import async_device_id
from custom_components.vfarm.texts import LANGUAGES, async_texts

SENTENCES = Path(texts.__file__).parent / "custom_sentences"


@pytest.fixture
async def assist(hass: HomeAssistant, farm: MockConfigEntry, tmp_path: Path) -> HomeAssistant:
    """A farm in which lettuce grows, and Assist with the sentences copied as the manual says."""
    shutil.copytree(SENTENCES, tmp_path / "custom_sentences")
    hass.config.config_dir = str(tmp_path)
    await start_batch(hass)
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    await settled(hass)
    return hass


async def say(hass: HomeAssistant, text: str, language: str = "en") -> str:
    """Say something without a user, as a satellite in the room does."""
    result = await conversation.async_converse(
        hass, text, None, Context(), language=language, agent_id="conversation.home_assistant"
    )
    found = result.response.speech.get("plain", {}).get("speech", "")
    return str(found)


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "how is level two", r"Rack, Level 2: .*Lettuce: Germination, day 1\. Light until"),
        ("en", "How is the rack?", r"Level 1: Lettuce: Germination, day 1.*Level 2: Lettuce"),
        ("en", "how is the farm", r"Home farm: .*Automatic.*Batches: 1.*Harvest in \d+ days"),
        ("en", "how is Tent in my farm", r"Tent: .*Temperature: 22\.0 °C, target"),
        ("de", "wie geht es Ebene zwei", r"Rack, Level 2: .*Salat: Keimung, Tag 1\. Licht bis"),
        ("de", "Wie steht es um das Zelt?", r"Tent: .*Temperatur: 22,0 °C, Soll"),
        ("fr", "comment va l'étage deux", r"Rack, Level 2: .*Laitue : ?Germination|Laitue: "),
        ("nl", "hoe gaat het met laag twee", r"Rack, Level 2: .*Sla: "),
        ("es", "cómo está el nivel dos", r"Rack, Level 2: .*Lechuga: "),
    ],
)
async def test_how_a_place_is(
    assist: HomeAssistant, language: str, question: str, answer: str
) -> None:
    said = await say(assist, question, language)
    assert re.search(answer, said), said


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        (
            "en",
            "explain why light in level 1 is off",
            r"^Grow light: \d+ %\. Lights are on: .+ That changes",
        ),
        ("en", "why is the light in level one on", r"^Grow light: "),
        ("en", "why is the heater in the tent in my farm off", r"^Heater: "),
        ("de", "warum ist das Licht in Ebene 1 aus", r"^Pflanzenlicht: .+ Das ändert sich um"),
        ("fr", "pourquoi la lumière de l'étage 1 est éteinte", r"^.+: .+"),
        ("nl", "waarom is de lamp in laag 1 uit", r"^.+: .+"),
        ("es", "por qué está apagada la luz del nivel 1", r"^.+: .+"),
    ],
)
async def test_why_a_device_does_what_it_does(
    assist: HomeAssistant, language: str, question: str, answer: str
) -> None:
    said = await say(assist, question, language)
    texts = await async_texts(assist, language)
    assert re.search(answer, said), said
    # Nothing is left in another language, and no key without its words.
    assert "{" not in said
    if language != "en":
        assert "That changes" not in said
        assert texts("role_grow_light") in said


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how is rack nine", "I do not know a place called rack nine."),
        ("why is the humidifier in level 1 on", "There is nothing to say about Rack, Level 1."),
    ],
)
async def test_what_is_not_there_is_said(assist: HomeAssistant, question: str, answer: str) -> None:
    assert await say(assist, question) == answer


async def test_a_sentence_of_an_administrator_does_what_a_voice_may_not(
    assist: HomeAssistant, farm: MockConfigEntry
) -> None:
    """The manual's way to do more by voice: the automation is an operator, whoever speaks."""
    page = Path(texts.__file__).parents[2] / "docs" / "manual" / "voice.md"
    example = re.search(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    assert example is not None
    made = {"automation": yaml.safe_load(example[1])}
    assert await async_setup_component(assist, "automation", made)
    await settled(assist)
    assert await say(assist, "water the rack") == "Water is on its way."
    await settled(assist)
    (shot,) = await farm.runtime_data.engine.journal.async_events(kind="shot_started")
    assert shot["by"].startswith("automation")


async def test_a_place_is_asked_for_by_the_name_that_people_gave_it(
    assist: HomeAssistant, farm: MockConfigEntry
) -> None:
    device = async_device_id(assist, farm, "tent")
    assert device is not None
    dr.async_get(assist).async_update_device(device, name_by_user="Zone Hell")
    assert (await say(assist, "wie geht es Zone Hell", "de")).startswith("Tent: ")


async def test_two_places_of_one_name_are_asked_back(
    assist: HomeAssistant, farm: MockConfigEntry
) -> None:
    for level in ("rack_level_1", "rack_level_2"):
        device = async_device_id(assist, farm, level)
        assert device is not None
        dr.async_get(assist).async_update_child_device(device, name_by_user="Shelf left")
    said = await say(assist, "how is shelf left")
    assert said == "Which one do you mean: Rack, Level 1; Rack, Level 2?"


async def test_a_place_that_the_farm_has_nothing_to_tell_of(assist: HomeAssistant) -> None:
    assert await say(assist, "how is pump in my farm") == "There is nothing to say about Pump."


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_text_of_the_dashboard_can_be_said(hass: HomeAssistant, language: str) -> None:
    file = Path(texts.__file__).parent / "frontend" / "translations" / f"{language}.js"
    keys = re.findall(r"^  (\w+):", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(texts._words(language)) == keys
    assert (await async_texts(hass, language)).language == language


async def test_a_language_that_is_not_there_is_english(hass: HomeAssistant) -> None:
    assert (await async_texts(hass, "fi-FI")).language == "en"
    assert (await async_texts(hass, "de-CH")).number(1.5, 1) == "1,5"


def test_the_sentences_are_there_in_every_language_and_ask_for_the_same() -> None:
    found = {
        path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in SENTENCES.glob("*/vfarm.yaml")
    }
    assert set(found) == set(LANGUAGES)
    for language, file in found.items():
        assert file["language"] == language
        assert set(file["intents"]) == {"VfarmHowIs", "VfarmWhy"}
        asked = {value["out"] for value in file["lists"]["vfarm_what"]["values"]}
        english = {value["out"] for value in found["en"]["lists"]["vfarm_what"]["values"]}
        assert asked == english
