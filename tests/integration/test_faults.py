"""What a grower fears most, on a real `hass`: each fault has an answer, and a deadline for it.

The ten worst, by what they cost and how often peers get them wrong:

1. a valve or pump left open by a restart or a crash (also `test_lifecycle`, `test_dose_faults`, and
   kill -9 in `tests/e2e/test_crash.py`)
2. a pump that does not stop, for water here, for dosing in `test_dose_faults`
3. a service that raises or hangs and holds up all others, or the emergency stop
4. a sensor that is gone, no number, or silent, with the heater on; a probe gone in mid-dose
5. a real overheat taken for a broken sensor
6. a leak in mid-shot
7. an actuator that is gone in mid-shot: unavailable, disabled, removed, renamed
8. a disk that cannot be written
9. a farm that is reloaded or edited while armed, in mid-shot and in mid-dose
10. a person's hand that is fought, or a late echo that is taken for one (also `test_takeover`)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import (
    HEATER,
    LAMP,
    PUMP,
    VALVE,
    Hardware,
    bound,
    declared,
    manager,
    small_farm,
    start_batch,
)
from homeassistant.core import Context, Event, HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.vfarm.const import DOMAIN, EVENT_VFARM
from vfarm_core.runtime.journal import Journal, JournalError

LEAK = "binary_sensor.tank_leak"
#: How long a command may take until it is proved, and how often it is sent (s).
DEADLINE_S, ATTEMPTS = 5.0, 3
SHOT_S = 120.0


@dataclass
class Faulty(Hardware):
    """Hardware that can fail, entity by entity and service by service."""

    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    times: list[tuple[float, str, str]] = field(default_factory=list)

    def _taking(self, state: str) -> Callable[[ServiceCall], Coroutine[Any, Any, None]]:  # type: ignore[override]
        obey = super()._taking(state)

        async def take(call: ServiceCall) -> None:
            what = (call.data["entity_id"], call.service)
            self.times.append((dt_util.utcnow().timestamp(), *what))
            match self.faults.get(what):
                case "raises":
                    raise HomeAssistantError("the bus does not answer")
                case "hangs":
                    await asyncio.sleep(30)
                case "is stuck":
                    return
            obey(call)

        return take

    def since(self, at: float) -> list[tuple[float, str, str]]:
        """What was sent since an instant: seconds after it, entity, service."""
        return [(round(t - at, 2), *what) for t, *what in self.times if t >= at]

    def delay(self, at: float, entity_id: str, service: str) -> float:
        """Seconds from an instant to the first call of a service on an entity after it."""
        return next(t for t, *what in self.since(at) if what == [entity_id, service])


@dataclass
class Story:
    """A farm to which something happens."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    hardware: Faulty
    entry: MockConfigEntry
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def now(self) -> float:
        return self.freezer.time_to_freeze.timestamp()

    async def at_once(self) -> None:
        """Everything that needs no time: also while a service hangs."""
        for _ in range(4):
            await self.hass.async_block_till_done()
            await self.entry.runtime_data.engine.journal.async_events(limit=1)
            for _ in range(5):
                await asyncio.sleep(0)

    async def wait(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass."""
        while seconds > 0:
            self.freezer.tick(min(step, seconds))
            seconds -= step
            async_fire_time_changed(self.hass)
            await self.at_once()

    async def until(self, happened: Callable[[], bool], within_s: float) -> float:
        """Let time pass until something has happened; how long that took (s)."""
        began = self.now
        await self.at_once()
        while not happened():
            assert self.now - began < within_s, f"not within {within_s} s"
            await self.wait(1)
        return self.now - began

    async def water(self, seconds: float = SHOT_S) -> None:
        """A shot that runs."""
        await self.ask("run_shot", node=["bench"], duration={"seconds": seconds})
        assert self.states(VALVE, PUMP) == ["open", "on"]

    async def ask(self, service: str, **data: Any) -> None:
        by = manager(self.hass)
        await self.hass.services.async_call(DOMAIN, service, data, blocking=True, context=by)
        await self.at_once()

    def states(self, *entities: str) -> list[str]:
        found = [self.hass.states.get(entity) for entity in entities]
        return [state.state if state else "" for state in found]

    def snapshot(self, node: str) -> Any:
        return self.entry.runtime_data.engine.snapshot(node)

    def told(self, kind: str, **params: Any) -> list[str]:
        """The severities of what was told of a kind."""
        return [
            e["severity"]
            for e in self.events
            if e["kind"] == kind and params.items() <= e["params"].items()
        ]


@pytest.fixture
async def hardware(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Faulty:
    """The entities of the small farm, at rest, and a leak sensor."""
    made = Faulty(hass)
    await made.async_register()
    made.settle()
    hass.states.async_set(LEAK, "off")
    return made


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """The small farm with a leak sensor; the bench's valve is what isolates its pump."""
    parts = small_farm()
    parts["reservoir"]["data"]["bindings"].append(bound("tank", "leak", LEAK))  # type: ignore[attr-defined,union-attr,index]
    pump = declared("on", max_on_s=900.0, isolation="bench.irrigation_valve")
    parts["pump"]["data"]["bindings"][0]["declaration"] = pump  # type: ignore[index]
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
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hardware: Faulty,
    farm: MockConfigEntry,
) -> Story:
    """The farm by day, with lettuce on both levels and the lamp proved at its plan."""
    made = Story(hass, freezer, hardware, farm)

    @callback
    def keep(event: Event) -> None:
        made.events.append(dict(event.data))

    hardware.air(24.0)
    await start_batch(hass, sown_days_ago=20)
    await made.wait(120, step=30)
    assert made.states(LAMP, HEATER) == ["on", "off"]
    hass.bus.async_listen(EVENT_VFARM, keep)
    return made


# -- services -----------------------------------------------------------------------------------


async def test_a_service_that_raises_once_is_called_again_within_two_seconds(story: Story) -> None:
    story.hardware.faults[HEATER, "turn_on"] = "raises"
    story.hardware.air(15.0)
    await story.at_once()
    assert story.told("command_failed", point="tent.heater") == ["p4"]
    story.hardware.faults.clear()
    assert await story.until(lambda: story.states(HEATER) == ["on"], within_s=2) <= 2
    assert not story.told("not_proved")


async def test_a_service_that_goes_on_raising_is_told_and_left_alone(story: Story) -> None:
    began = story.now
    story.hardware.faults[HEATER, "turn_on"] = "raises"
    story.hardware.air(15.0)
    await story.until(lambda: bool(story.told("not_proved")), ATTEMPTS * DEADLINE_S)
    assert story.told("not_proved", point="tent.heater") == ["p2"]
    await story.wait(300, step=30)
    on = [call for call in story.hardware.since(began) if call[1:] == (HEATER, "turn_on")]
    assert len(on) == ATTEMPTS
    # The others know nothing of it.
    await story.water()


async def test_a_service_that_hangs_for_30_s_holds_up_nothing_else(story: Story) -> None:
    story.hardware.air(15.0)
    await story.at_once()
    assert story.states(HEATER) == ["on"]
    await story.wait(1)
    story.hardware.faults[LAMP, "turn_off"] = "hangs"
    began = story.now
    story.hardware.air(45.0)
    await story.at_once()
    assert story.states(LAMP) == ["on"], "the lamp's driver hangs"
    assert story.hardware.delay(began, HEATER, "turn_off") == 0
    await story.water(20)
    assert story.hardware.delay(began, PUMP, "turn_on") == 0
    await story.until(lambda: story.states(VALVE, PUMP) == ["closed", "off"], within_s=25)


async def test_a_pump_whose_service_hangs_is_sent_off_again_at_its_deadline(story: Story) -> None:
    await story.water(20)
    story.hardware.faults[PUMP, "turn_off"] = "hangs"
    stops = story.now + 20
    await story.wait(21)
    assert story.states(VALVE, PUMP) == ["open", "on"]
    story.hardware.faults.clear()
    await story.until(lambda: story.states(VALVE, PUMP) == ["closed", "off"], within_s=DEADLINE_S)
    assert story.now - stops <= DEADLINE_S + 2
    assert story.snapshot("bench").last_end == "done"


# -- actuators ----------------------------------------------------------------------------------


async def test_a_pump_that_becomes_unavailable_in_mid_shot_loses_its_valve_and_is_stopped_when_back(
    story: Story,
) -> None:
    await story.water(60)
    story.hardware.faults[PUMP, "turn_off"] = "is stuck"
    story.hass.states.async_set(PUMP, "unavailable")
    ends = 60 + ATTEMPTS * DEADLINE_S + 2
    await story.until(lambda: story.states(VALVE) == ["closed"], within_s=ends)
    assert story.told("not_proved", point="pump.irrigation_pump") == ["p1"]
    with pytest.raises(ServiceValidationError):
        await story.ask("run_shot", node=["bench"])

    story.hardware.faults.clear()
    back = story.now
    story.hass.states.async_set(PUMP, "on")
    await story.at_once()
    assert story.states(PUMP) == ["off"]
    assert story.hardware.delay(back, PUMP, "turn_off") == 0


async def test_a_pump_that_comes_late_after_a_crash_is_stopped_when_it_comes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hardware: Faulty,
    entry: MockConfigEntry,
) -> None:
    hass.states.async_set(PUMP, "unavailable")
    story = Story(hass, freezer, hardware, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await story.wait(1)
    assert hardware.times == [], "a call to what is unavailable would be lost"
    began = story.now
    hass.states.async_set(PUMP, "on")
    await story.at_once()
    assert hardware.since(began) == [(0, PUMP, "turn_off")]
    await story.wait(1)
    assert story.snapshot(entry.entry_id).stage == "running"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_valve_that_never_opens_gets_no_pump_against_it(story: Story) -> None:
    story.hardware.faults[VALVE, "open_valve"] = "is stuck"
    began = story.now
    await story.ask("run_shot", node=["bench"], duration={"seconds": SHOT_S})
    await story.until(
        lambda: story.snapshot("bench").last_end == "valve_failed",
        within_s=ATTEMPTS * DEADLINE_S + 1,
    )
    sent = [call[1:] for call in story.hardware.since(began)]
    assert (PUMP, "turn_on") not in sent
    assert sent.count((VALVE, "open_valve")) == ATTEMPTS
    assert story.told("not_proved", point="bench.irrigation_valve") == ["p2"]
    assert story.told("shot_ended", end="valve_failed") == ["p2"]
    with pytest.raises(ServiceValidationError):
        await story.ask("run_shot", node=["bench"])


async def test_a_pump_that_never_stops_is_isolated_told_and_sent_off_again_and_again(
    story: Story,
) -> None:
    await story.water(60)
    story.hardware.faults[PUMP, "turn_off"] = "is stuck"
    await story.wait(60)
    began = story.now - 1
    await story.until(lambda: story.states(VALVE) == ["closed"], ATTEMPTS * DEADLINE_S + 2)
    assert story.told("not_proved", point="pump.irrigation_pump") == ["p1"]
    assert story.told("shot_ended", end="done") or story.told("shot_ended", end="pump_failed")
    problem = er.async_get(story.hass).async_get_entity_id(
        "binary_sensor", DOMAIN, f"{story.entry.entry_id}:bench:problem"
    )
    assert problem is not None
    assert story.states(problem) == ["on"]

    await story.wait(300, step=10)
    off = [t for t, *what in story.hardware.since(began) if what == [PUMP, "turn_off"]]
    again = off[ATTEMPTS:]
    assert len(again) >= 4, off
    assert all(later - earlier <= 71 for earlier, later in pairwise(again))
    assert "open_valve" not in [service for _, _, service in story.hardware.since(began)]
    story.hardware.faults.clear()
    await story.until(lambda: story.states(PUMP) == ["off"], within_s=71)


async def test_a_leak_in_mid_shot_stops_the_water_at_once(story: Story) -> None:
    await story.water()
    await story.wait(5)
    began = story.now
    story.hass.states.async_set(LEAK, "on")
    await story.at_once()
    assert story.hardware.since(began) == [(0, PUMP, "turn_off"), (0, VALVE, "close_valve")]
    assert story.told("shot_ended", end="leak") == ["p1"]
    with pytest.raises(ServiceValidationError):
        await story.ask("run_shot", node=["bench"])
    # A dry floor alone starts nothing: the shot that was cut short is not made up for.
    story.hass.states.async_set(LEAK, "off")
    await story.at_once()
    assert story.states(VALVE, PUMP) == ["closed", "off"]


async def test_a_disk_that_fails_in_mid_shot_closes_and_only_climate_and_light_go_on(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise JournalError("no space left on device")

    await story.water(300)
    with monkeypatch.context() as disk:
        disk.setattr(Journal, "append", full)
        await story.until(lambda: story.states(VALVE, PUMP) == ["closed", "off"], within_s=61)
        assert story.told("journal_failed") == ["p1"]
        assert story.told("shot_ended", end="journal") == ["p1"]
        failed = story.now
        story.hardware.air(15.0)
        await story.at_once()
        assert story.states(HEATER) == ["on"]
        story.hardware.air(45.0)
        await story.at_once()
        assert story.states(HEATER, LAMP) == ["off", "off"]
        await story.wait(700, step=20)
        assert "journal" in story.snapshot("bench").problems
        with pytest.raises(ServiceValidationError):
            await story.ask("run_shot", node=["bench"])
        opened = {service for _, _, service in story.hardware.since(failed)}
        assert "open_valve" not in opened
        assert (PUMP, "turn_on") not in [call[1:] for call in story.hardware.since(failed)]

    await story.until(lambda: story.snapshot(story.entry.entry_id).journal_ok, within_s=301)
    assert story.told("journal_recovered")
    await story.water(20)


@pytest.mark.parametrize("away", ["unavailable", "unknown"])
async def test_what_was_away_and_comes_back_as_it_was_is_left_alone(
    story: Story, away: str
) -> None:
    story.hardware.air(15.0)
    await story.at_once()
    await story.wait(2)
    kept = {e: story.hass.states.get(e) for e in (HEATER, PUMP, VALVE, LAMP)}
    began = story.now
    for entity_id in kept:
        story.hass.states.async_set(entity_id, away)
    await story.wait(3)
    for entity_id, state in kept.items():
        assert state is not None
        story.hass.states.async_set(entity_id, state.state, state.attributes)
    back = story.now
    await story.wait(30)
    # What is dangerous on and does not know is told to be off, what is not there is waited for.
    told = {(e, service) for _, e, service in story.hardware.since(began)}
    unknown = {(PUMP, "turn_off"), (VALVE, "close_valve")} if away == "unknown" else set()
    assert told == unknown
    assert story.hardware.since(back + 0.1) == []
    assert not story.told("not_proved")


# -- air ----------------------------------------------------------------------------------------


def brightness(story: Story) -> float:
    """The output of the lamp, 0…1."""
    state = story.hass.states.get(LAMP)
    assert state is not None
    return state.attributes["brightness"] / 255 if state.state == "on" else 0.0


@pytest.mark.parametrize(
    ("value", "unit"),
    [("nan", "°C"), ("unknown", "°C"), ("unavailable", "°C"), ("22", "hPa"), ("-273", "°C")],
)
async def test_a_temperature_that_is_none_dims_the_lamps_and_stops_the_heater(
    story: Story, value: str, unit: str
) -> None:
    story.hardware.air(15.0)
    await story.at_once()
    assert story.states(HEATER) == ["on"]
    before, began = brightness(story), story.now
    story.hardware.air(value, unit)
    await story.at_once()
    assert story.states(HEATER) == ["off"]
    assert story.hardware.delay(began, HEATER, "turn_off") == 0
    assert 0 < brightness(story) == pytest.approx(before / 2, abs=0.02)
    story.hardware.air(22.0)
    await story.at_once()
    assert brightness(story) == pytest.approx(before, abs=0.02)


async def test_a_temperature_that_falls_silent_is_as_good_as_none(story: Story) -> None:
    story.hardware.air(15.0)
    await story.at_once()
    before = brightness(story)
    assert story.states(HEATER) == ["on"]
    await story.until(lambda: story.states(HEATER) == ["off"], within_s=901)
    assert brightness(story) == pytest.approx(before / 2, abs=0.05)


async def test_real_heat_turns_the_lamps_off_at_once(story: Story) -> None:
    story.hardware.air(15.0)
    await story.at_once()
    began = story.now
    story.hardware.air(45.0)
    await story.at_once()
    assert story.states(LAMP, HEATER) == ["off", "off"]
    assert story.hardware.delay(began, LAMP, "turn_off") == 0
    assert [e["severity"] for e in story.events if e["kind"] == "over_temperature"] == ["p1"]


# -- people -------------------------------------------------------------------------------------


async def test_an_emergency_stop_in_mid_shot_is_out_at_once_even_while_a_service_hangs(
    story: Story,
) -> None:
    story.hardware.air(15.0)
    await story.water()
    story.hardware.faults[LAMP, "turn_off"] = "hangs"
    began = story.now
    await story.ask("emergency_stop")
    sent = story.hardware.since(began)
    assert {(entity, service) for _, entity, service in sent} >= {
        (PUMP, "turn_off"),
        (VALVE, "close_valve"),
        (LAMP, "turn_off"),
        (HEATER, "turn_off"),
    }
    assert {seconds for seconds, *_ in sent} == {0}
    assert story.states(PUMP, VALVE, HEATER) == ["off", "closed", "off"]
    assert story.snapshot("bench").last_end == "emergency"
    story.hardware.faults.clear()
    await story.until(lambda: story.states(LAMP) == ["off"], within_s=DEADLINE_S)


@pytest.mark.parametrize("hand", ["a person", "an automation", "our own switching's automation"])
async def test_a_takeover_is_respected_for_half_an_hour(story: Story, hand: str) -> None:
    story.hardware.air(15.0)
    await story.at_once()
    heater_on = story.hass.states.get(HEATER)
    assert heater_on is not None
    assert heater_on.state == "on"
    match hand:
        case "a person":
            context = Context(user_id="grower")
        case "an automation":
            context = Context(parent_id=Context().id)
        case _:
            # What an automation does that waits for our heater to come on.
            context = Context(parent_id=heater_on.context.id)
            story.hass.bus.async_fire("automation_triggered", {}, context=context)
    await story.wait(10)
    began = story.now
    story.hass.states.async_set(HEATER, "off", context=context)
    await story.at_once()
    assert story.told("takeover", point="tent.heater") == ["p4"]
    while story.now - began < 1740:
        story.hardware.air(15.0)
        await story.wait(60, step=60)
    assert (HEATER, "turn_on") not in [call[1:] for call in story.hardware.since(began)]
    story.hardware.air(15.0)
    await story.until(lambda: story.states(HEATER) == ["on"], within_s=120)


@pytest.mark.parametrize("known", [True, False], ids=["its context", "no context"])
async def test_a_late_echo_of_our_own_command_is_no_takeover(story: Story, known: bool) -> None:
    story.hardware.air(19.0)
    await story.at_once()
    ours = story.hass.states.get(HEATER)
    assert ours is not None
    story.hardware.air(25.0)
    await story.at_once()
    assert story.states(HEATER) == ["off"]
    # The slow device says only now what it was told first.
    echo = ours.context if known else Context()
    story.hass.states.async_set(HEATER, "on", {"late": True}, context=echo)
    await story.at_once()
    assert not story.told("takeover")
    assert story.states(HEATER) == ["off"], "it is brought back"


async def test_an_entity_that_is_renamed_in_mid_shot_is_stopped_under_its_new_name(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hardware: Faulty,
    entry: MockConfigEntry,
) -> None:
    registry = er.async_get(hass)
    hass.states.async_remove(PUMP)
    registered = registry.async_get_or_create("switch", "test", "pump", suggested_object_id="pump")
    hass.states.async_set(PUMP, "off")
    assert registered.entity_id == PUMP
    part = next(s for s in entry.subentries.values() if s.subentry_type == "pump")
    bindings = [{**part.data["bindings"][0], "entity": registered.id}]
    hass.config_entries.async_update_subentry(entry, part, data={**part.data, "bindings": bindings})
    assert await hass.config_entries.async_setup(entry.entry_id)
    story = Story(hass, freezer, hardware, entry)
    await story.at_once()
    await start_batch(hass)
    await story.water(60)
    await story.wait(10)

    # In this order does Home Assistant rename: the registry, the old state, the new one.
    renamed = story.now
    registry.async_update_entity(PUMP, new_entity_id="switch.pump_2")
    await asyncio.sleep(0)
    hass.states.async_remove(PUMP)
    hass.states.async_set("switch.pump_2", "on")
    await story.at_once()
    assert story.snapshot("bench").stage == "running"
    await story.until(lambda: story.states("switch.pump_2") == ["off"], within_s=51)
    assert story.states(VALVE) == ["closed"]
    assert PUMP not in [entity for _, entity, _ in hardware.since(renamed)]
    assert story.snapshot("bench").last_end == "done"
    await hass.config_entries.async_unload(entry.entry_id)


# -- Home Assistant moves under a running farm --------------------------------------------------


async def registered_farm(
    hass: HomeAssistant, entry: MockConfigEntry, story: Story
) -> er.RegistryEntry:
    """The farm, with its pump bound by registry id, in mid-shot."""
    registry = er.async_get(hass)
    hass.states.async_remove(PUMP)
    registered = registry.async_get_or_create("switch", "test", "pump", suggested_object_id="pump")
    hass.states.async_set(PUMP, "off")
    part = next(s for s in entry.subentries.values() if s.subentry_type == "pump")
    bindings = [{**part.data["bindings"][0], "entity": registered.id}]
    hass.config_entries.async_update_subentry(entry, part, data={**part.data, "bindings": bindings})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await story.at_once()
    await start_batch(hass)
    await story.water(60)
    return registered


@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_a_pump_whose_entity_is_taken_away_in_mid_shot_loses_its_valve(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hardware: Faulty,
    entry: MockConfigEntry,
    how: str,
) -> None:
    story = Story(hass, freezer, hardware, entry)
    await registered_farm(hass, entry, story)
    await story.wait(10)
    registry = er.async_get(hass)
    # In this order does Home Assistant do both: the registry, then the state.
    if how == "disabled":
        registry.async_update_entity(PUMP, disabled_by=er.RegistryEntryDisabler.USER)
    else:
        registry.async_remove(PUMP)
    await asyncio.sleep(0)
    hass.states.async_remove(PUMP)
    await story.at_once()
    ends = 60 + ATTEMPTS * DEADLINE_S + 2
    await story.until(lambda: story.states(VALVE) == ["closed"], within_s=ends)
    with pytest.raises(ServiceValidationError):
        await story.ask("run_shot", node=["bench"])
    issue = ir.async_get(hass).async_get_issue(
        DOMAIN, f"{entry.entry_id}_missing_pump.irrigation_pump"
    )
    assert issue is not None

    if how == "disabled":
        # It is enabled again, and the pump still runs.
        back = story.now
        registry.async_update_entity(PUMP, disabled_by=None)
        hass.states.async_set(PUMP, "on")
        await story.at_once()
        assert story.states(PUMP) == ["off"]
        assert hardware.delay(back, PUMP, "turn_off") == 0
    await hass.config_entries.async_unload(entry.entry_id)


async def test_an_integration_that_reloads_under_a_command_gets_it_again(story: Story) -> None:
    story.hardware.faults[HEATER, "turn_on"] = "is stuck"
    story.hardware.air(15.0)
    await story.at_once()
    # The command was taken and is lost with the reload: the device comes back as it was.
    story.hass.states.async_set(HEATER, "unavailable")
    await story.wait(2)
    story.hardware.faults.clear()
    story.hass.states.async_set(HEATER, "off")
    await story.until(lambda: story.states(HEATER) == ["on"], within_s=DEADLINE_S + 1)
    assert not story.told("not_proved")


async def test_a_reload_in_mid_shot_closes_and_goes_on_armed(story: Story) -> None:
    await story.water(300)
    await story.wait(5)
    began = story.now
    assert await story.hass.config_entries.async_reload(story.entry.entry_id)
    await story.at_once()
    assert story.states(VALVE, PUMP) == ["closed", "off"]
    sent = [call for call in story.hardware.since(began) if call[1] in (VALVE, PUMP)]
    assert sent == [(0, PUMP, "turn_off"), (0, VALVE, "close_valve")]
    assert story.snapshot(story.entry.entry_id).stage == "running"
    assert story.snapshot("bench").last_end in ("shutdown", "stopped")
    assert story.snapshot(story.entry.entry_id).disarmed == ()
    assert story.states(LAMP) == ["on"], "light stays as it is"
    # What is on the table drains before there is more; then water is to be had again.
    with pytest.raises(ServiceValidationError):
        await story.ask("run_shot", node=["bench"])
    await story.wait(700, step=20)
    await story.water(20)


async def test_a_node_that_is_edited_in_mid_shot_does_not_disturb_the_water(story: Story) -> None:
    await story.water(60)
    await story.wait(5)
    engine = story.entry.runtime_data.engine
    began = story.now
    tank = next(s for s in story.entry.subentries.values() if s.subentry_type == "reservoir")
    data = {**tank.data, "capacity_l": 120.0}
    story.hass.config_entries.async_update_subentry(story.entry, tank, data=data, title="Drum")
    await story.at_once()
    assert story.entry.runtime_data.engine is engine, "a difference, no reload"
    assert engine.farm.reservoirs[0].capacity_l == 120
    assert story.states(VALVE, PUMP) == ["open", "on"]
    assert story.hardware.since(began) == []
    await story.until(lambda: story.states(PUMP) == ["off"], within_s=61)
    assert story.now - began == pytest.approx(55, abs=1)
    assert story.snapshot("bench").last_end == "done"


async def test_a_pump_that_is_unbound_in_mid_shot_is_switched_off(story: Story) -> None:
    await story.water(30)
    pump = next(s for s in story.entry.subentries.values() if s.subentry_type == "pump")
    began = story.now
    story.hass.config_entries.async_update_subentry(
        story.entry, pump, data={**pump.data, "bindings": []}
    )
    await story.at_once()
    assert story.states(PUMP) == ["off"]
    assert story.hardware.delay(began, PUMP, "turn_off") == 0
    assert await story.until(lambda: story.states(VALVE) == ["closed"], within_s=32) <= 32


async def test_two_farms_share_nothing(
    story: Story, hass: HomeAssistant, hardware: Faulty, tmp_path: Any
) -> None:
    parts = small_farm()
    names = {HEATER: "switch.heater_2", PUMP: "switch.pump_2", VALVE: "valve.bench_2"}
    for part in parts.values():
        for binding in part["data"]["bindings"]:  # type: ignore[index]
            binding["entity"] = names.get(binding["entity"], f"{binding['entity']}_2")
    hass.states.async_set("sensor.tent_air_2", "24", {"unit_of_measurement": "°C"})
    hass.states.async_set("sensor.tent_humidity_2", "65", {"unit_of_measurement": "%"})
    hass.states.async_set("sensor.tank_volume_2", "80", {"unit_of_measurement": "L"})
    hass.states.async_set("light.lamp_1_2", "off", {"supported_color_modes": ["brightness"]})
    for entity_id in (names[HEATER], names[PUMP]):
        hass.states.async_set(entity_id, "off")
    hass.states.async_set(names[VALVE], "closed")
    second = MockConfigEntry(
        domain=DOMAIN, title="Second", data={"kind": "farm"}, subentries_data=list(parts.values())
    )
    second.add_to_hass(hass)
    assert await hass.config_entries.async_setup(second.entry_id)
    other = Story(hass, story.freezer, hardware, second)
    await other.at_once()

    # A service of one hangs, one is stopped, one is held: the other goes on.
    await story.ask(
        "run_shot", config_entry_id=story.entry.entry_id, node=["bench"], duration={"seconds": 120}
    )
    assert story.states(VALVE, PUMP) == ["open", "on"]
    hardware.faults[names[HEATER], "turn_off"] = "hangs"
    await other.ask("emergency_stop", config_entry_id=second.entry_id)
    assert story.states(VALVE, PUMP) == ["open", "on"]
    assert other.snapshot(second.entry_id).emergency
    assert not story.snapshot(story.entry.entry_id).emergency
    assert await hass.config_entries.async_unload(second.entry_id)
    await story.at_once()
    assert story.states(VALVE, PUMP) == ["open", "on"]
    story.hardware.air(15.0)
    await story.at_once()
    assert story.states(HEATER, names[HEATER]) == ["on", "off"]
