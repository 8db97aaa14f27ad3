"""A self-test answers what passes, fails and is unknown, in words, and tries what it is told to."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import (
    AIR,
    HEATER,
    LAMP,
    PUMP,
    Hardware,
    manager,
    settled,
    somebody,
    start_batch,
    while_time_passes,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_buttons import press
from test_services import act
from test_translations import LANGUAGES, SHELL, texts

from custom_components.vfarm import self_tests
from custom_components.vfarm.backups import BackupsUnknownError, LastBackup
from custom_components.vfarm.engine import NotKeptError
from vfarm_core.ledger.errors import LedgerError


def by_what(test: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["point"] or check["key"]: check for check in test["checks"]}


async def look(hass: HomeAssistant, **data: Any) -> dict[str, dict[str, Any]]:
    """The checks of a self-test, by what they are of."""
    (test,) = (await act(hass, "self_test", **data))["tests"]
    return by_what(test)


async def test_a_farm_says_of_everything_whether_it_works_in_words(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    hass.states.async_set(AIR, "unavailable")
    await settled(hass)
    before = len(hardware.calls)
    (test,) = (await act(hass, "self_test"))["tests"]
    checks = by_what(test)
    assert test["name"] == farm.title
    assert test["failing"] == ["tent.air_temperature"]
    air = checks["tent.air_temperature"]
    assert (air["verdict"], air["name"]) == ("fail", "Air temperature (Tent)")
    assert air["says"] == "The farm has no reading of it yet."
    assert checks["journal"] == {
        **checks["journal"],
        "verdict": "pass",
        "says": "The journal is written.",
    }
    assert checks["control"]["says"] == "The farm runs in automatic."
    assert checks["backup"]["verdict"] == "unknown"
    assert checks["ledger"]["verdict"] == "pass"
    assert all("{" not in check["says"] for check in test["checks"])
    assert test["fail"] + test["pass"] + test["unknown"] == len(test["checks"])
    assert len(hardware.calls) == before, "it moves nothing"
    (told,) = await farm.runtime_data.engine.journal.async_events("self_test")
    assert (told["failed"], told["severity"]) == (1, "p3")


async def test_what_home_assistant_knows_is_asked(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    engine = farm.runtime_data.engine
    old = LastBackup(at=freezer.time_to_freeze.replace(year=2020).astimezone(), name="old")

    async def last(*_: Any) -> LastBackup | None:
        return old

    with patch.object(self_tests, "async_last_backup", last):
        assert (await look(hass))["backup"]["code"] == "backup_stale"
    with patch.object(self_tests, "async_last_backup", side_effect=BackupsUnknownError):
        assert (await look(hass))["backup"]["code"] == "backup_unknown"
    with patch.object(engine, "ledger", None):
        assert (await look(hass))["ledger"]["code"] == "ledger_none"
    with patch.object(type(engine.ledger), "async_ask", side_effect=LedgerError("no host")):
        assert (await look(hass))["ledger"]["says"] == "The history cannot be written: no host"
    asked = engine.async_kept
    answers = iter([NotKeptError("disk full")])

    async def kept() -> None:
        for answer in answers:
            raise answer
        await asked()

    with patch.object(engine, "async_kept", kept):
        assert (await look(hass))["journal"]["says"].endswith("disk full")


async def test_a_part_is_tested_with_its_parts_alone(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    rack = await look(hass, node="rack")
    assert set(rack) == {"rack_level_1.grow_light"}
    tent = await look(hass, node="tent")
    assert {"tent.heater", "rack_level_1.grow_light"} < set(tent)
    assert "journal" not in tent
    both = (await act(hass, "self_test", node=["rack", "bench"]))["tests"]
    assert [test["node"] for test in both] == ["rack", "bench"]


async def test_what_is_idle_is_tried_one_after_the_other_when_a_grower_says_so(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    async def try_all() -> dict[str, Any]:
        answer = await hass.services.async_call(
            "vfarm",
            "self_test",
            {"pulse": True},
            blocking=True,
            return_response=True,
            context=manager(hass),
        )
        assert answer is not None
        return answer

    answer = await while_time_passes(hass, freezer, try_all())
    checks = by_what(answer["tests"][0])
    for point in ("tent.heater", "rack_level_1.grow_light"):
        assert checks[point]["code"] == "tried_proved", checks[point]
        assert "is off again" in checks[point]["says"]
    assert checks["bench.irrigation_valve"]["code"].startswith("proof_"), "water has its shots"
    assert hardware.services(HEATER) == ["turn_on", "turn_off"]
    assert hardware.services(LAMP) == ["turn_on", "turn_off"]
    assert not hardware.services(PUMP)
    (told,) = await farm.runtime_data.engine.journal.async_events("self_test")
    assert told["tried"] == 2


async def test_what_is_in_use_or_forbidden_is_left_alone(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await act(hass, "set_mode", mode="hold")
    answer = await hass.services.async_call(
        "vfarm",
        "self_test",
        {"pulse": True, "node": "tent"},
        blocking=True,
        return_response=True,
        context=manager(hass),
    )
    assert answer is not None
    tests: Any = answer["tests"]
    heater = by_what(tests[0])["tent.heater"]
    assert (heater["code"], heater["params"]["why"]) == ("not_tried", "hold")
    assert not hardware.services(HEATER)


@pytest.mark.parametrize("pulse", [False, True])
async def test_an_operator_tests_and_does_not_try(
    hass: HomeAssistant, farm: MockConfigEntry, pulse: bool
) -> None:
    async def test() -> None:
        await hass.services.async_call(
            "vfarm", "self_test", {"pulse": pulse}, blocking=True, context=somebody(hass, "anna")
        )

    if not pulse:
        await test()
        return
    with pytest.raises(ServiceValidationError) as caught:
        await test()
    assert caught.value.translation_key == "not_allowed"
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call("vfarm", "self_test", {"pulse": True}, blocking=True)
    assert caught.value.translation_key == "only_a_person"


async def test_a_try_whose_end_is_never_told_counts_as_cut_short(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    with patch("custom_components.vfarm.tries.PATIENCE_S", -10.0):
        test = await self_tests.async_test(hass, farm, "tent", "x", pulses=True)
    heater = by_what(test)["tent.heater"]
    assert (heater["verdict"], heater["code"]) == ("unknown", "tried_early")


async def test_nothing_more_is_tried_once_the_farm_has_stopped(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    engine = farm.runtime_data.engine
    with patch.object(engine, "running", False):
        assert await self_tests._async_tried(hass, farm, farm.entry_id, "x") == ()
    assert not hardware.services(HEATER)


async def test_too_many_are_not_tried_at_once(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    with patch.object(self_tests, "MOST_TRIED", 1), pytest.raises(ServiceValidationError) as caught:
        await self_tests.async_test(hass, farm, farm.entry_id, "x", pulses=True)
    assert caught.value.translation_key == "self_test_many"
    assert not hardware.services(HEATER)


async def test_a_farm_that_does_not_run_is_not_tested(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    engine = farm.runtime_data.engine
    with (
        patch.object(engine, "running", False),
        pytest.raises(ServiceValidationError) as caught,
    ):
        await self_tests.async_test(hass, farm, farm.entry_id, "x")
    assert caught.value.translation_key == "not_running"


async def test_the_button_tests_and_tells(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    await start_batch(hass)
    assert await press(hass, farm, farm.entry_id, "self_test", manager(hass)) is None
    await settled(hass)
    assert len(await farm.runtime_data.engine.journal.async_events("self_test")) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_found_has_words(language: str) -> None:
    source = (SHELL.parents[1] / "vfarm_core" / "control" / "self_test.py").read_text()
    codes = set(re.findall(r'Verdict\.\w+, "(\w+)"', source))
    codes |= {"alarm_ok", "alarm_long_ago", "not_tried", "mode_hold", "mode_monitor"}
    assert len(codes) > 20
    known = texts(language)["exceptions"]
    for code in codes:
        key = self_tests._SHARED.get(code, f"self_test_{code}")
        assert key in known, code
    assert set(self_tests._SHARED.values()) <= set(known)
