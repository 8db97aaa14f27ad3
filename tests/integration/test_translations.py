"""Every key the core can give has words, in every language."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import vfarm_core
from custom_components.vfarm.card_words import FOLDER, read_words
from custom_components.vfarm.config_flow import VfarmConfigFlow
from custom_components.vfarm.const import DeviceType, SubentryType
from custom_components.vfarm.modbus.kinds import NAMED
from custom_components.vfarm.sensor import (
    CIRCUIT_SENSORS,
    LEVEL_SENSORS,
    RESERVOIR_SENSORS,
    ZONE_SENSORS,
)
from custom_components.vfarm.services import SCHEMAS
from vfarm_core.control.explain import ENGLISH
from vfarm_core.control.memory import Quality
from vfarm_core.control.reasons import TEXTS as REASONS
from vfarm_core.devices.modbus import errors as profile_errors
from vfarm_core.devices.modbus.codec import Why
from vfarm_core.devices.stations.audit import WORDS as LACKS
from vfarm_core.devices.stations.audit import Standing
from vfarm_core.devices.stations.losses import OUTCOMES, Certainty
from vfarm_core.devices.stations.model import PROBLEMS, Guard, StationKind
from vfarm_core.farm.drills import Loss
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.crops import LIMITS
from vfarm_core.recipes.model import Channel, ClimateQuantity, PhaseKind, SolutionQuantity
from vfarm_core.recipes.words import templates

SHELL = Path(__file__).parents[2] / "custom_components" / "vfarm"
CORE = Path(vfarm_core.__file__).parent
SENSORS = (*ZONE_SENSORS, *LEVEL_SENSORS, *RESERVOIR_SENSORS, *CIRCUIT_SENSORS)
LANGUAGES = ("en", "de", "fr", "nl", "es")


def texts(language: str) -> dict[str, Any]:
    """The texts of a language."""
    found: dict[str, Any] = json.loads((SHELL / "translations" / f"{language}.json").read_text())
    return found


def flat(node: Any, path: str = "") -> dict[str, str]:
    """Texts by path."""
    if isinstance(node, str):
        return {path: node}
    return {k: v for key, sub in node.items() for k, v in flat(sub, f"{path}.{key}").items()}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_languages_have_the_same_keys_and_placeholders(language: str) -> None:
    english, other = flat(texts("en")), flat(texts(language))
    assert set(english) == set(other)
    for path, text in english.items():
        found = re.findall(r"{\w+}", other[path])
        assert sorted(set(found)) == sorted(set(re.findall(r"{\w+}", text))), path


def test_every_problem_of_a_farm_has_words() -> None:
    files = [CORE / "farm" / "build.py", *sorted((CORE / "farm" / "checks").glob("*.py"))]
    source = "".join(file.read_text() for file in files)
    keys = set(re.findall(r'problem\(\s*[\w.]+,\s*"(\w+)"', source)) | {"wrong_value"}
    assert len(keys) > 40
    english = texts("en")
    for errors in (
        english["config"]["error"],
        *(english["config_subentries"][kind]["error"] for kind in SubentryType),
    ):
        assert keys <= set(errors)


def test_every_refusal_has_words() -> None:
    source = (CORE / "control" / "requests.py").read_text()
    keys = set(re.findall(r'Refusal\(\s*"(\w+)"', source))
    keys |= set(re.findall(r'refused="(\w+)"', source))
    for name in (
        "tank_requests",
        "water_requests",
        "pulse",
        "alarm_test",
        "batch_requests",
        "plan_requests",
        "tasks",
        "rollouts",
        "drills",
        "recipe_change",
    ):
        asked = (CORE / "control" / f"{name}.py").read_text()
        keys |= set(re.findall(r'Clash\(\s*"(\w+)"', asked))
    rules = "".join(
        path.read_text()
        for path in (CORE / "batches" / "rollout.py", CORE / "control" / "rollouts.py")
    )
    life = "".join(path.read_text() for path in (CORE / "batches").glob("*.py"))
    keys |= {f"batch_{key}" for key in re.findall(r'BatchError\(\s*"(\w+)"', life)}
    keys |= {f"rollout_{key}" for key in re.findall(r'RolloutError\(\s*"(\w+)"', rules)}
    shell = "".join(path.read_text() for path in SHELL.glob("*.py"))
    keys |= set(re.findall(r'error\(\s*"(\w+)"', shell))
    assert len(keys) > 30
    assert keys <= set(texts("en")["exceptions"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_a_check_of_a_recipe_can_find_has_words(language: str) -> None:
    found = texts(language)
    sentences = found["exceptions"]
    for code, places in templates().items():
        text = sentences[f"check_{code}"]["message"]
        assert set(re.findall(r"{(\w+)}", text)) == set(places), code
    checks = {key for key in sentences if key.startswith("check_")}
    assert checks == {f"check_{code}" for code in templates()}, "words that nothing says"
    words = set(found["selector"]["recipe_word"]["options"])
    named = {*Channel, *ClimateQuantity, *SolutionQuantity, *PhaseKind, *LIMITS}
    assert {str(key) for key in named} <= words
    cards = read_words(FOLDER / f"{language}.js")
    assert {f"crop_{crop}" for crop in LIMITS} <= set(cards)
    assert {"day", "night", "lit", "dark", "warning", "critical", "far_red"} <= words


def test_every_subentry_and_role_has_words() -> None:
    english = texts("en")
    types = {*SubentryType, *DeviceType}
    assert set(english["config_subentries"]) == types
    assert set(english["selector"]["role"]["options"]) == set(Role)
    assert VfarmConfigFlow.async_get_supported_subentry_types(None).keys() == types  # type: ignore[arg-type]


def test_every_name_of_a_register_and_reason_of_a_device_has_words() -> None:
    english = texts("en")
    for domain, named in NAMED.items():
        keys = {key for key in english["entity"][domain] if key.startswith("modbus_")}
        assert keys == set(named), domain
    assert {*Why, "not_obeyed", "not_in_use"} <= set(english["selector"]["modbus_why"]["options"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_wrong_with_a_profile_has_words(language: str) -> None:
    said = texts(language)["selector"]["profile_problem"]["options"]
    # A preset is not read in Home Assistant.
    assert set(said) == set(profile_errors.PROBLEMS) - {"entity_twice", "suggests_nothing"}
    for code, text in said.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(profile_errors.places(code)), code


def test_actions_fields_and_their_words_agree() -> None:
    described = yaml.safe_load((SHELL / "services.yaml").read_text())
    english = texts("en")["services"]
    icons = json.loads((SHELL / "icons.json").read_text())["services"]
    assert set(described) == set(english) == set(icons) == set(SCHEMAS)
    targets = {"device_id", "area_id", "entity_id"}
    for name, schema in SCHEMAS.items():
        fields = {str(key) for key in schema.schema}
        shown = set(described[name].get("fields", {}))
        assert shown == set(english[name].get("fields", {}))
        assert fields - shown == (targets if "target" in described[name] else set()), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_explained_has_words_on_the_dashboard(language: str) -> None:
    words = read_words(FOLDER / f"{language}.js")
    for key, sentence in ENGLISH.items():
        assert key in words, key
        assert set(re.findall(r"{\w+}", words[key])) == set(re.findall(r"{\w+}", sentence)), key


def test_the_cards_and_the_core_say_the_same_in_english() -> None:
    words = read_words(FOLDER / "en.js")
    # Names of roles stand in a sentence here and alone there.
    said = {key: text for key, text in ENGLISH.items() if not key.startswith("role_")}
    assert {key: words[key] for key in said} == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_the_safety_page_says_has_words(language: str) -> None:
    said = {
        "outcome": set(OUTCOMES),
        "certainty": set(Certainty),
        "protection": set(Guard),
        "lacks": set(LACKS),
        "standing": {Standing.VERIFIED, Standing.GENERATED},
        "station_kind": set(StationKind),
        "station_problem": set(PROBLEMS),
        "drill_loss": set(Loss),
        "drill_step_ready": set(Loss),
        "drill_done_ready": set(Loss),
    }
    found = read_words(FOLDER / f"{language}.js")
    missing = {f"{kind}_{key}" for kind, keys in said.items() for key in keys} - set(found)
    assert not missing
    for key, english in PROBLEMS.items():
        words = found[f"station_problem_{key}"]
        assert set(re.findall(r"{\w+}", words)) == set(re.findall(r"{\w+}", english)), key


def test_a_table_of_words_holds_nothing_but_pairs(tmp_path: Path) -> None:
    good = tmp_path / "good.js"
    good.write_text('export default {\n  // a remark\n  a: "x \\"y\\"",\n  "b":\n    "z",\n};\n')
    assert read_words(good) == {"a": 'x "y"', "b": "z"}
    bad = tmp_path / "bad.js"
    bad.write_text('export default {\n  a: "x",\n  b: word(),\n};\n')
    with pytest.raises(ValueError, match=r"bad\.js, line 3"):
        read_words(bad)


@pytest.mark.parametrize("language", LANGUAGES)
def test_codes_in_attributes_have_words_in_dialogs(language: str) -> None:
    entities = texts(language)["entity"]
    reasons = {key for key in REASONS if key.startswith("reading_")}
    doubts = {quality.value for quality in Quality} - {Quality.GOOD.value}
    measuring = {d.translation_key for d in SENSORS if d.measures is not None}
    assert len(measuring) > 10
    for key in measuring:
        said = entities["sensor"][str(key)]["state_attributes"]
        assert set(said["reason"]["state"]) == reasons, key
        assert set(said["quality"]["state"]) == doubts, key
        assert said["since"]["name"]
    cards = read_words(FOLDER / f"{language}.js")
    problems = entities["binary_sensor"]["problem"]["state_attributes"]["problems"]["state"]
    assert problems == {
        key.removeprefix("problem_"): text
        for key, text in cards.items()
        if key.startswith("problem_")
    }, "the dialog and the cards say the same of each problem"
