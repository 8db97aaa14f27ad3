"""What a reservoir shows of its dosing and its fills."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_dose_faults import (  # noqa: F401 - fixtures
    DOSE_S,
    DOSER,
    entry,
    hardware,
    story,
)
from test_faults import Story
from test_translations import LANGUAGES, SHELL

from custom_components.vfarm.sensor import RESERVOIR_SENSORS
from vfarm_core.control.memory import ProbeCheck
from vfarm_core.control.reasons import TEXTS
from vfarm_core.control.view import BELONGS_TO_DOSING
from vfarm_core.farm.roles import Role


def entity(hass: HomeAssistant, farm: MockConfigEntry, domain: str, key: str) -> str:
    """The entity of the tank with a key."""
    unique_id = f"{farm.entry_id}:tank:{key}"
    found = er.async_get(hass).async_get_entity_id(domain, "vfarm", unique_id)
    assert found is not None, key
    return found


def shown(hass: HomeAssistant, farm: MockConfigEntry, key: str) -> tuple[str, Any]:
    """State and reason of a binary sensor of the tank."""
    state = hass.states.get(entity(hass, farm, "binary_sensor", key))
    assert state is not None
    return state.state, state.attributes.get("reason")


async def test_a_dose_is_shown_while_it_runs(story: Story, farm: MockConfigEntry) -> None:  # noqa: F811
    assert shown(story.hass, farm, "dosing") == ("on", None)
    await story.until(lambda: story.states(DOSER) == ["off"], DOSE_S)
    await story.wait(2)
    assert shown(story.hass, farm, "dosing") == ("off", None)
    assert shown(story.hass, farm, "dosing_inhibited") == ("off", None), "it mixes: no inhibit"


@pytest.mark.parametrize(
    ("use", "reason", "state"),
    [("out", "probe_out", "out"), ("calibrating", "probe_calibrating", "calibrating")],
)
async def test_a_probe_that_a_person_takes_out_inhibits_dosing_until_it_is_checked(
    story: Story,  # noqa: F811
    farm: MockConfigEntry,
    use: str,
    reason: str,
    state: str,
) -> None:
    hass = story.hass
    probe = entity(hass, farm, "sensor", "ec_probe")
    registered = er.async_get(hass).async_get(probe)
    assert registered is not None
    assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    (described,) = (d for d in RESERVOIR_SENSORS if d.key == "ec_probe")

    await story.ask("set_probe", point="tank.solution_ec", use=use)
    await story.wait(30)
    assert shown(hass, farm, "dosing_inhibited") == ("on", reason)
    snapshot: Any = farm.runtime_data.engine.snapshot("tank")
    assert described.value_fn(snapshot) == state
    assert snapshot.probes[Role.SOLUTION_PH] is ProbeCheck.VERIFIED

    await story.ask("set_probe", point="tank.solution_ec", use="in_use")
    await story.at_once()
    assert shown(hass, farm, "dosing_inhibited") == ("on", "probe_unverified")
    await story.ask("verify_probe", point="tank.solution_ec")
    await story.at_once()
    assert shown(hass, farm, "dosing_inhibited")[0] == "off"


async def test_a_tank_without_pumps_shows_nothing_of_dosing(
    hass: HomeAssistant,
    story: Story,  # noqa: F811
    farm: MockConfigEntry,
) -> None:
    (subentry,) = (s for s in farm.subentries.values() if s.subentry_type == "reservoir")
    left = [b for b in subentry.data["bindings"] if not b["role"].startswith("dosing_pump")]
    hass.config_entries.async_update_subentry(
        farm, subentry, data={**subentry.data, "bindings": left}
    )
    await hass.async_block_till_done()
    registry = er.async_get(hass)
    keys = {
        e.unique_id.rpartition(":")[2]
        for e in er.async_entries_for_config_entry(registry, farm.entry_id)
        if ":tank:" in e.unique_id
    }
    assert keys & {"dosing", "dosing_inhibited", "ec_probe", "ph_probe", "filling"} == set()
    assert "ec" in keys


#: What can forbid dosing beside what is told of doses and probes themselves.
FORBIDS = frozenset(
    (
        *("emergency_stop", "shutdown", "journal", "monitor", "hold", "disarmed", "maintenance"),
        *("solution_change", "sanitation", "rinse", "smoke", "leak", "leak_unknown", "volume_low"),
        *("volume_unknown", "latched", "takeover", "daily_cap"),
    )
)
#: What a dose says of itself is no reason why there is none.
_RUNS = frozenset({"dose_idle", "dose_running", "dose_stopping"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_that_inhibits_dosing_and_every_probe_has_words(language: str) -> None:
    texts = json.loads((SHELL / "translations" / f"{language}.json").read_text())["entity"]
    told = {code for code in TEXTS if code.startswith(("dose_", "probe_"))} | FORBIDS
    words = texts["binary_sensor"]["dosing_inhibited"]["state_attributes"]["reason"]["state"]
    assert set(words) == told - BELONGS_TO_DOSING - _RUNS
    for probe in ("ec_probe", "ph_probe"):
        assert set(texts["sensor"][probe]["state"]) == {check.value for check in ProbeCheck}


async def test_a_probe_is_on_the_calendar_until_its_check_runs_out(
    story: Story,  # noqa: F811
    farm: MockConfigEntry,
) -> None:
    found = er.async_get(story.hass).async_get_entity_id(
        "calendar", "vfarm", f"{farm.entry_id}:{farm.entry_id}:agenda"
    )
    assert found is not None
    now = farm.runtime_data.engine.clock.now().farm
    answer: Any = await story.hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": found,
            "start_date_time": dt.datetime.fromtimestamp(now, dt.UTC),
            "end_date_time": dt.datetime.fromtimestamp(now + 60 * 86400, dt.UTC),
        },
        blocking=True,
        return_response=True,
    )
    said = [event["summary"] for event in answer[found]["events"]]
    assert [x for x in said if x.startswith("Check the probe: Tank, ")]
