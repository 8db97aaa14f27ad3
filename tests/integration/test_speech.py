"""What is read out of a place: short, in one language, the problems first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.speech import Speaker
from custom_components.vfarm.texts import async_texts
from vfarm_core.control.memory import Quality, ShotEnd, ShotStage
from vfarm_core.control.snapshot import (
    CircuitSnapshot,
    LevelSnapshot,
    Measured,
    ReservoirSnapshot,
    Status,
    ZoneSnapshot,
)
from vfarm_core.farm.nodes import Farm

NOW = 1_800_000_000.0
HOUR = 3600.0


async def speaker(
    hass: HomeAssistant, farm: MockConfigEntry, language: str = "en", **seen: Any
) -> Speaker:
    texts = await async_texts(hass, language)
    return Speaker(farm.runtime_data.farm, seen.get, texts, NOW)


def shown(farm: MockConfigEntry, node: str, **changes: Any) -> Any:
    """The snapshot of a node as it is, with changes."""
    snapshot = farm.runtime_data.engine.snapshot(node)
    values = {name: getattr(snapshot, name) for name in snapshot.__dataclass_fields__}
    return type(snapshot)(**{**values, **changes})


async def test_a_reservoir_says_its_solution_and_how_full_it_is(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    tank = shown(
        farm,
        "tank",
        ec=Measured(1.234, Quality.GOOD, 1.4),
        ph=Measured(5.81, Quality.GOOD, 5.8),
        temperature=Measured(20.0, Quality.GOOD),
        fill_fraction=0.8,
        problems=(),
        status=Status.OK,
    )
    assert isinstance(tank, ReservoirSnapshot)
    said = (await speaker(hass, farm, tank=tank)).how_is("tank", "Tank")
    assert said == (
        "Tank: All good. EC: 1.23 mS/cm, target 1.40. pH: 5.8, target 5.8. "
        "Water: 20.0 °C. Volume: 80 %."
    )
    german = (await speaker(hass, farm, "de", tank=tank)).how_is("tank", "Tank")
    assert "EC: 1,23 mS/cm, Soll 1,40." in german


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"next_shot_at": NOW + 30}, "Next shot in under a minute."),
        ({"next_shot_at": NOW + 40 * 60}, "Next shot in 40 min."),
        ({"next_shot_at": NOW + 5 * HOUR}, "Next shot in 5 h."),
        ({"next_shot_at": NOW + 72 * HOUR}, "Next shot in 3 days."),
        ({"next_shot_at": None}, "No shot is planned."),
        ({"stage": ShotStage.RUNNING}, "Watering."),
        ({"cycling": True}, "Misting in a cycle."),
        (
            {"next_shot_at": None, "last_shot_at": NOW - 3 * HOUR, "last_end": ShotEnd.LEAK},
            "No shot is planned. Last shot 3 h ago: stopped by a leak.",
        ),
        (
            {"next_shot_at": None, "last_shot_at": NOW - 5, "last_end": ShotEnd.DONE},
            "No shot is planned. Last shot just now: complete.",
        ),
    ],
)
async def test_a_circuit_says_when_there_is_water(
    hass: HomeAssistant, farm: MockConfigEntry, changes: Mapping[str, Any], said: str
) -> None:
    rest = {"problems": (), "status": Status.OK, "stage": None, "cycling": False}
    bench = shown(farm, "bench", **{**rest, "last_shot_at": None, **changes})
    assert isinstance(bench, CircuitSnapshot)
    found = (await speaker(hass, farm, bench=bench)).how_is("bench", "Bench")
    assert found == f"Bench: All good. {said}"


async def test_problems_come_first_and_not_all_of_them(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    problems = ("leak", "smoke", "door_open", "condensation", "made_up_yesterday")
    tent = shown(
        farm,
        "tent",
        problems=problems,
        status=Status.CRITICAL,
        air_temperature=Measured(None, Quality.MISSING, 22.0),
        humidity=Measured(),
        vpd=Measured(),
        co2=Measured(),
    )
    assert isinstance(tent, ZoneSnapshot)
    said = (await speaker(hass, farm, tent=tent)).how_is("tent", "Tent")
    assert said.startswith("Tent: Act now. Leak reported. Smoke reported")
    assert "and 2 more." in said
    # A target without a reading is said; what is neither asked for nor measured is not.
    assert (
        said.endswith("Night. Temperature: no reading.") or "Day. Temperature: no reading." in said
    )
    alone = shown(farm, "tent", problems=("made_up_yesterday",))
    assert "Made up yesterday." in (await speaker(hass, farm, tent=alone)).how_is("tent", "Tent")


async def test_a_level_says_when_it_is_ready_and_an_empty_one_that_it_is_empty(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    grown = shown(
        farm,
        "rack_level_1",
        crop="mizuna",
        phase="hardening_off",
        day_of_phase=2.7,
        day=False,
        lights_on_at=None,
        dli=12.34,
        dli_target=14.0,
        expected_harvest_at=NOW - 1,
        problems=(),
        status=Status.OK,
    )
    assert isinstance(grown, LevelSnapshot)
    empty = shown(farm, "rack_level_2", crop=None, phase=None, expected_harvest_at=None)
    said = await speaker(hass, farm, rack_level_1=grown, rack_level_2=empty)
    assert said.how_is("rack_level_1", "One") == (
        "One: All good. Mizuna: Hardening off, day 3. Dark. "
        "Light today: 12.3 of 14.0 mol/m². Harvest is due."
    )
    assert "Two: " in said.how_is("rack_level_2", "Two")
    assert "Empty." in said.how_is("rack_level_2", "Two")
    assert said.how_is("rack", "Rack").count("Level") == 2


async def test_a_farm_says_that_it_is_stopped(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    stopped = shown(farm, farm.entry_id, emergency=True, status=Status.CRITICAL, batches=())
    said = (await speaker(hass, farm, **{farm.entry_id: stopped})).how_is(farm.entry_id, "Farm")
    assert "emergency stop" in said.lower()
    assert "Batches" not in said


async def test_of_a_high_rack_not_every_level_is_read_out(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    known: Farm = farm.runtime_data.farm
    levels = [replace(known.levels[0], id=f"l{n}", name=f"Level {n}") for n in range(1, 10)]
    high = replace(known, levels=tuple(levels), circuits=(), bindings=())
    empty = shown(farm, "rack_level_1", crop=None, phase=None, problems=())
    texts = await async_texts(hass, "en")
    said = Speaker(high, lambda node: empty, texts, NOW).how_is("rack", "Rack")
    assert said.startswith("Rack: 9. Level 1: Empty.")
    assert "Level 6" in said
    assert "Level 7" not in said
    assert said.endswith("and 3 more.")
    assert Speaker(high, lambda node: None, texts, NOW).how_is("l1", "Level 1") == ""


async def test_a_reason_has_words_for_what_it_names_and_not_too_many_are_given(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    tent = shown(farm, "tent")
    view = tent.actuators[0]
    made = type(view)
    fields = {name: getattr(view, name) for name in view.__dataclass_fields__}

    def like(**changes: Any) -> Any:
        return made(**{**fields, **changes})

    params = {"quantity": "air_temperature", "value": "19.0", "unit": "°C", "target": "22.0"}
    cold = like(reported=1.0, code="below_target", params=params, change="target")
    unknown = like(reported=None, code="", params={}, change="")
    seen = shown(farm, "tent", actuators=(cold, unknown, cold, cold, cold, cold))
    said = (await speaker(hass, farm, tent=seen)).why(["tent"], "heater")
    assert said.startswith(
        "Heater: On. Air temperature 19.0 °C is below the target of 22.0 °C. "
        "That changes when the reading crosses the band around the target. Heater: Unknown."
    )
    assert said.endswith("and 2 more.")
    assert (await speaker(hass, farm, tent=seen)).why(["tent"], "fan") == ""
    german = (await speaker(hass, farm, "de", tent=seen)).why(["tent"])
    assert "Lufttemperatur" in german
