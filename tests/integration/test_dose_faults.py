"""What can go wrong in the middle of a dose, on a real `hass`: a probe that is gone, a pump that
does not stop, a restart."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import PUMP, bound, copied, declared, restored, small_farm, start_batch
from homeassistant.core import Event, HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_faults import ATTEMPTS, DEADLINE_S, Faulty, Story

from custom_components.vfarm.backup import async_post_backup, async_pre_backup
from custom_components.vfarm.const import DOMAIN, EVENT_VFARM
from vfarm_core.control.clock import Now

EC, PH = "sensor.tank_ec", "sensor.tank_ph"
MIXER, DOSER = "switch.mixer", "switch.doser"
RUNS = "binary_sensor.doser_current"
POINT = "tank.dosing_pump_nutrient_a"
#: 1 mL/s: 20 mL take 20 s.
DOSE_ML, DOSE_S = 20.0, 20.0


class Tank(Faulty):
    """Hardware with a dosing pump and a switch that sees its current."""

    def report(self) -> None:
        """Sensors go on saying what they say."""
        self.air(22.0)
        self.humidity(65.0)
        self.volume(80.0)
        self.hass.states.async_set(EC, "1.5", {"unit_of_measurement": "mS/cm"})
        self.hass.states.async_set(PH, "5.9")

    def _taking(self, state: str) -> Callable[[ServiceCall], Coroutine[Any, Any, None]]:  # type: ignore[override]
        take = super()._taking(state)

        async def seen(call: ServiceCall) -> None:
            await take(call)
            doser = self.hass.states.get(DOSER)
            if call.data["entity_id"] == DOSER and doser is not None:
                self.hass.states.async_set(RUNS, doser.state, force_update=True)

        return seen


@pytest.fixture
async def hardware(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Tank:
    """The entities of the small farm and of its tank, at rest."""
    made = Tank(hass)
    await made.async_register()
    made.settle()
    made.report()
    for entity_id in (MIXER, DOSER, RUNS):
        hass.states.async_set(entity_id, "off")
    return made


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """The small farm, whose tank is mixed and dosed."""
    parts = small_farm()
    limits = {"max_dose_ml": 40, "max_hour_ml": 60, "max_day_ml": 90, "max_tank_ml": 900}
    tank: Any = parts["reservoir"]["data"]
    tank["mixing_l_min"] = 60.0
    tank["bindings"] += [
        bound("tank", "solution_ec", EC),
        bound("tank", "solution_ph", PH, unit="pH"),
        bound("tank", "feedback", RUNS),
        bound("tank", "mixing_pump", MIXER, declaration=declared()),
        bound(
            "tank",
            "dosing_pump_nutrient_a",
            DOSER,
            declaration=declared(
                "on",
                max_on_s=60.0,
                proof="feedback",
                proved_by="tank.feedback",
                dosing={**limits, "effect_per_ml_l": 0.5},
            ),
        ),
    ]
    made = MockConfigEntry(
        domain=DOMAIN,
        title="Home farm",
        data={"kind": "farm"},
        subentries_data=list(parts.values()),
    )
    made.add_to_hass(hass)
    return made


@pytest.fixture
async def story(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hardware: Tank, farm: MockConfigEntry
) -> Story:
    """A dose under way: probes checked, pump calibrated, solution mixed."""
    made = Story(hass, freezer, hardware, farm)

    @callback
    def keep(event: Event) -> None:
        made.events.append(dict(event.data))

    hass.bus.async_listen(EVENT_VFARM, keep)
    await start_batch(hass, sown_days_ago=20)
    for probe in ("tank.solution_ec", "tank.solution_ph"):
        await made.ask("verify_probe", point=probe)
    await made.ask("calibrate_pump", point=POINT, ml=60, duration={"seconds": 60})
    for _ in range(16):
        await made.wait(60, step=30)
        hardware.report()
        await made.at_once()
    assert made.states(MIXER, DOSER) == ["on", "off"]
    await made.ask("run_dose", point=POINT, ml=DOSE_ML)
    assert made.states(DOSER) == ["on"]
    await made.wait(5)
    return made


def ended(story: Story) -> dict[str, Any]:
    """The end of the only dose."""
    (event,) = (e for e in story.events if e["kind"] == "dose_ended")
    params: dict[str, Any] = event["params"]
    return params


async def test_a_dose_ends_when_its_millilitres_are_given(story: Story) -> None:
    within = await story.until(lambda: story.states(DOSER) == ["off"], DOSE_S)
    assert within == pytest.approx(DOSE_S - 5, abs=1)
    await story.at_once()
    assert ended(story)["end"] == "done"
    assert ended(story)["delivered_ml"] == pytest.approx(DOSE_ML, abs=1)


async def test_a_clock_set_back_in_mid_dose_does_not_lengthen_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing reports: only the timer of the dose runs out, as it was set."""
    clock = story.entry.runtime_data.engine.clock
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: Now(now().farm - 3600.0, now().mono))
    monkeypatch.setattr(clock, "elapsed", lambda *_: None)
    within = await story.until(lambda: story.states(DOSER) == ["off"], DOSE_S)
    assert within == pytest.approx(DOSE_S - 5, abs=1)
    await story.at_once()
    assert ended(story)["delivered_ml"] == pytest.approx(DOSE_ML, abs=1)


@pytest.mark.parametrize(("probe", "value"), [(EC, "unavailable"), (EC, "nan"), (EC, "unknown")])
async def test_a_probe_that_is_gone_in_mid_dose_ends_it_at_once(
    story: Story, probe: str, value: str
) -> None:
    began = story.now
    story.hass.states.async_set(probe, value, {"unit_of_measurement": "mS/cm"})
    await story.at_once()
    assert story.states(DOSER) == ["off"]
    assert story.hardware.delay(began, DOSER, "turn_off") == 0
    await story.wait(2)
    assert ended(story)["end"] == "probe"
    with pytest.raises(ServiceValidationError):
        await story.ask("run_dose", point=POINT, ml=DOSE_ML)
    await story.wait(600, step=60)
    assert story.states(DOSER) == ["off"]


async def test_a_dosing_pump_that_never_turns_off_is_told_again_and_latched(story: Story) -> None:
    story.hardware.faults[DOSER, "turn_off"] = "is stuck"
    began = story.now
    within = DOSE_S + ATTEMPTS * DEADLINE_S + 5
    await story.until(lambda: bool(story.told("not_proved", point=POINT)), within)
    assert story.told("not_proved", point=POINT) == ["p1"], "somebody has to pull the plug"
    with pytest.raises(ServiceValidationError):
        await story.ask("run_dose", point=POINT, ml=DOSE_ML)
    await story.wait(200, step=10)
    told = [call for call in story.hardware.since(began) if call[1:] == (DOSER, "turn_off")]
    assert len(told) > ATTEMPTS, "it is told so again and again"
    assert (DOSER, "turn_on") not in [call[1:] for call in story.hardware.since(began)]
    story.hardware.faults.clear()
    await story.until(lambda: story.states(DOSER) == ["off"], within_s=71)


async def test_an_emergency_stop_in_mid_dose_is_out_at_once(story: Story) -> None:
    began = story.now
    await story.ask("emergency_stop")
    assert story.states(DOSER) == ["off"]
    assert story.hardware.delay(began, DOSER, "turn_off") == 0
    await story.wait(2)
    assert ended(story)["end"] == "emergency"


async def test_a_reload_in_mid_dose_stops_it_and_does_not_make_up_for_it(story: Story) -> None:
    began = story.now
    assert await story.hass.config_entries.async_reload(story.entry.entry_id)
    await story.at_once()
    assert story.states(DOSER) == ["off"]
    assert story.hardware.delay(began, DOSER, "turn_off") == 0
    await story.wait(300, step=30)
    assert (DOSER, "turn_on") not in [call[1:] for call in story.hardware.since(began)]
    assert story.states(PUMP) == ["off"]


async def test_a_kill_in_mid_dose_leaves_a_pump_that_the_restart_stops_and_counts_in_full(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = story.entry.runtime_data.engine
    # Nothing is ended in order: what a killed process leaves behind.
    monkeypatch.setattr(engine, "async_stop", engine.async_close)
    assert await story.hass.config_entries.async_unload(story.entry.entry_id)
    assert story.states(DOSER) == ["on"], "hardware that nobody holds stays as it is"
    await story.hass.async_block_till_done()
    began = story.now
    story.hardware.report()
    assert await story.hass.config_entries.async_setup(story.entry.entry_id)
    await story.at_once()
    assert story.states(DOSER) == ["off"]
    assert story.hardware.delay(began, DOSER, "turn_off") == 0
    await story.wait(5)
    assert ended(story)["end"] == "crash"
    doser = story.entry.runtime_data.engine.runtime.memory.reservoirs["tank"].dosers[POINT]
    assert doser.tank_ml >= DOSE_ML, "what is not known counts in full"
    with pytest.raises(ServiceValidationError, match="mix"):
        await story.ask("run_dose", point=POINT, ml=DOSE_ML)


async def test_a_backup_of_mid_dose_comes_back_to_a_dose_that_counts_in_full(
    story: Story, monkeypatch: pytest.MonkeyPatch, journals: Path
) -> None:
    await async_pre_backup(story.hass)
    await story.wait(2)
    copy = copied(journals, journals / "copy")
    await async_post_backup(story.hass)
    await story.until(lambda: story.states(DOSER) == ["off"], DOSE_S)
    assert ended(story)["end"] == "done", "a backup is no reason to stop"
    assert await story.hass.config_entries.async_unload(story.entry.entry_id)
    restored(copy, journals)
    story.hardware.report()
    story.events.clear()
    assert await story.hass.config_entries.async_setup(story.entry.entry_id)
    await story.at_once()
    await story.wait(5)
    memory = story.entry.runtime_data.engine.runtime.memory
    assert not memory.farm.lost_memory
    assert ended(story)["end"] == "crash"
    assert memory.reservoirs["tank"].dosers[POINT].tank_ml >= DOSE_ML
    assert memory.batches
