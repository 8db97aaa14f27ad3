"""An actuator is tried by a pulse: through the arbiter and safety, proved, and never left on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import Bench, actuator, bench_farm, bench_recipe, film_bench
from tests.core.tank import DOWN, Tank, tank_farm
from vfarm_core.control.effects import Answer, Severity
from vfarm_core.control.explain import explain
from vfarm_core.control.inputs import (
    Cause,
    EmergencyStop,
    JournalFailed,
    Report,
    Request,
    SetMode,
    Shutdown,
    StartWorkflow,
    TryActuator,
)
from vfarm_core.control.memory import Stage
from vfarm_core.farm.bindings import Binding, Danger
from vfarm_core.farm.nodes import Farm, Fill
from vfarm_core.farm.overrides import Mode, WorkflowKind
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import DayLength

HEATER, COOLER, FAN = "zone.heater", "zone.cooler", "zone.circulation_fan"
LAMP, CO2 = "level_1.grow_light", "zone.co2_valve"
PUMP, VALVE = "pump.irrigation_pump", "circuit.irrigation_valve"
HOUR = 3600.0
#: What is idle in the dark, with nothing growing.
IDLE = (
    HEATER,
    COOLER,
    FAN,
    LAMP,
    "zone.humidifier",
    "zone.dehumidifier",
    "zone.exhaust_fan",
)


def pulse(bench: Bench, point: str, seconds: float | None = None) -> Answer:
    return bench.ask(TryActuator(point=point, duration_s=seconds, by="grower"))


def tried(bench: Bench) -> dict[str, Any]:
    """What the last pulse came to."""
    found = [dict(e.params) for e in bench.events if e.kind == "actuator_tried"]
    return found[-1] if found else {}


def changed(farm: Farm, point: str, **declared: Any) -> Farm:
    def one(b: Binding) -> Binding:
        if b.id != point or b.declaration is None:
            return b
        return replace(b, declaration=replace(b.declaration, **declared))

    return replace(farm, bindings=tuple(one(b) for b in farm.bindings))


class TestWhatItDoes:
    @pytest.mark.parametrize("point", IDLE)
    def test_an_idle_device_is_on_for_its_time_proved_and_off_again(
        self, bench: Bench, point: str
    ) -> None:
        bench.advance(200)
        answer = pulse(bench, point)
        assert answer.refused is None, answer
        seconds = answer.data["duration_s"]
        assert bench.on(point)
        bench.advance(seconds - 1)
        assert bench.on(point)
        bench.advance(1)
        assert not bench.on(point)
        assert tried(bench)["end"] == "done"
        assert tried(bench)["proof"] == "proved"
        assert tried(bench)["seconds"] == seconds
        assert tried(bench)["by"] == "grower"
        assert not bench.runtime.memory.pulses
        bench.advance(HOUR / 4)
        assert not bench.on(point)

    def test_it_lasts_ten_seconds_or_as_long_as_the_device_has_to_stay_on(
        self, bench: Bench
    ) -> None:
        assert pulse(bench, HEATER).data["duration_s"] == 10
        bench.advance(200)
        assert pulse(bench, COOLER).data["duration_s"] == 120

    def test_what_is_dimmed_is_tried_at_half(self, bench: Bench) -> None:
        pulse(bench, LAMP)
        assert bench.state[LAMP] == 0.5

    def test_its_record_is_on_disk_before_it_is_sent(self, bench: Bench) -> None:
        bench.journal.waits = True
        pulse(bench, HEATER)
        assert not bench.on(HEATER)
        bench.journal.write_waiting()
        assert bench.on(HEATER)

    def test_why_it_is_on_is_said(self, bench: Bench) -> None:
        pulse(bench, HEATER)
        said = " ".join(explain(bench.runtime.snapshots["zone"]))
        assert "Is tried for 10 s: a person asked for it." in said

    def test_co2_is_let_in_only_where_its_controller_might_do_it_at_once(self) -> None:
        bench = Bench(bench_farm())
        bench.advance(400)
        assert pulse(bench, CO2).params["code"] == "co2_dark"
        bench.start_batch()
        bench.advance(3 * HOUR)
        bench.report("zone.co2", 1100.0)
        assert pulse(bench, CO2, 5).refused is None
        assert bench.on(CO2)
        bench.report("zone.occupancy", 1.0)
        assert not bench.on(CO2)
        assert tried(bench)["end"] == "stopped"
        assert tried(bench)["why"] == "co2_people"

    def test_water_is_tried_by_a_short_shot(self) -> None:
        bench = Bench(bench_farm())
        answer = pulse(bench, VALVE)
        assert answer.data["how"] == "shot"
        assert answer.data["duration_s"] == 10
        bench.advance(60)
        assert bench.commands(PUMP) == [1.0, 0.0]
        assert not bench.on(VALVE)
        assert pulse(bench, PUMP).refused == "shot_not_ready"
        bench.advance(HOUR)
        assert pulse(bench, PUMP, 20).data["duration_s"] == 20

    def test_circulation_that_may_not_stop_is_not_stopped_for_a_try(self) -> None:
        bench = film_bench()
        bench.advance(HOUR)
        assert bench.on(PUMP)
        assert pulse(bench, PUMP).refused == "shot_not_ready"
        assert bench.on(PUMP)

    def test_a_dosing_pump_gives_a_small_dose_by_the_rules_of_a_dose(self) -> None:
        tank = Tank(tank_farm()).ready(mixed=False)
        refused = pulse(tank, DOWN)
        assert refused.refused == "dose_not_ready"
        tank.advance(HOUR)
        answer = pulse(tank, DOWN)
        if answer.refused is None:
            assert answer.data["how"] == "dose"
            assert answer.data["ml"] > 0

    def test_a_fill_valve_lets_in_two_litres_at_most(self) -> None:
        tank = Tank(tank_farm(fill=Fill(below=0.2, to=0.9, max_l=50.0, day_l=100.0)))
        answer = pulse(tank, "tank.fill_valve")
        assert answer.refused is None, answer
        assert answer.data["how"] == "fill"
        assert answer.data["litres"] == 2.0


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("point", "seconds", "key"),
        [
            ("zone.nothing", None, "point_unknown"),
            ("zone.air_temperature", None, "point_unknown"),
            (HEATER, 0.0, "try_out_of_range"),
            (HEATER, -1.0, "try_out_of_range"),
            (HEATER, float("nan"), "try_out_of_range"),
            (HEATER, 301.0, "try_out_of_range"),
            (PUMP, 1e9, "try_out_of_range"),
        ],
    )
    def test_what_cannot_be_tried(
        self, bench: Bench, point: str, seconds: float | None, key: str
    ) -> None:
        assert pulse(bench, point, seconds).refused == key
        assert not bench.runtime.memory.pulses

    def test_no_pulse_uses_more_than_half_of_what_is_allowed_at_once(self) -> None:
        bench = Bench(changed(bench_farm(), HEATER, max_on_s=30.0))
        assert pulse(bench, HEATER, 16).params["high"] == "15"
        assert pulse(bench, HEATER, 15).refused is None

    def test_a_device_that_must_stay_on_longer_than_it_may_is_not_tried(self) -> None:
        bench = Bench(changed(bench_farm(), COOLER, min_on_s=400.0))
        assert pulse(bench, COOLER).refused == "try_too_long"

    def test_a_daily_cap_is_kept(self) -> None:
        bench = Bench(changed(bench_farm(), HEATER, daily_cap_s=24.0))
        assert pulse(bench, HEATER, 12).refused is None
        bench.advance(100)
        assert pulse(bench, HEATER, 12).refused is None
        bench.advance(100)
        assert pulse(bench, HEATER, 12).params["code"] == "daily_cap"

    @pytest.mark.parametrize(
        ("why", "code"),
        [
            (SetMode(mode=Mode.HOLD), "hold"),
            (SetMode(mode=Mode.MONITOR), "monitor"),
            (EmergencyStop(), "emergency_stop"),
        ],
    )
    def test_nothing_is_tried_while_the_farm_is_held_stopped_or_only_watched(
        self, bench: Bench, why: Request, code: str
    ) -> None:
        bench.ask(why)
        answer = pulse(bench, HEATER)
        assert (answer.refused, answer.params["code"]) == ("try_refused", code)
        assert not bench.on(HEATER)

    def test_nor_while_people_work_there(self, bench: Bench) -> None:
        until = bench.clock.farm + HOUR
        bench.ask(StartWorkflow(node="zone", kind=WorkflowKind.MAINTENANCE, until=until))
        assert pulse(bench, HEATER).params["code"] == "maintenance"

    def test_nor_what_is_in_use_unseen_or_tried_already(self, bench: Bench) -> None:
        assert pulse(bench, HEATER).refused is None
        assert pulse(bench, HEATER).refused == "try_running"
        bench.disobeys.add("zone.humidifier")
        bench.report("zone.humidifier", None)
        assert pulse(bench, "zone.humidifier").refused == "try_unseen"
        bench.start_batch()
        bench.advance(1)
        assert pulse(bench, FAN).refused == "try_in_use"

    def test_nor_what_is_latched(self, bench: Bench) -> None:
        bench.disobeys.add(HEATER)
        pulse(bench, HEATER)
        bench.advance(60)
        assert tried(bench)["end"] == "failed"
        assert bench.kinds().count("not_proved") == 1
        assert pulse(bench, HEATER).params["code"] == "latched"

    def test_nor_a_heater_in_a_room_of_which_no_temperature_is_known(self, bench: Bench) -> None:
        bench.report("zone.air_temperature", None)
        bench.advance(1, sensors=False)
        assert pulse(bench, HEATER).params["code"] == "no_reading"

    def test_nor_against_a_device_that_works_the_other_way(self, bench: Bench) -> None:
        bench.advance(200)
        assert pulse(bench, COOLER).refused is None
        assert pulse(bench, HEATER).params["code"] == "opposed"

    def test_nor_while_the_journal_cannot_be_written(self, bench: Bench) -> None:
        bench.runtime.feed(JournalFailed("disk full"))
        bench.settle()
        assert pulse(bench, HEATER).params["code"] == "journal"

    def test_nor_light_where_a_short_day_crop_needs_its_dark(self) -> None:
        bench = Bench(bench_farm())
        bench.start_batch(recipe=bench_recipe(day_length=DayLength.SHORT_DAY))
        assert pulse(bench, LAMP).params["code"] == "pulse_dark"
        assert pulse(bench, "level_2.grow_light").params["code"] == "pulse_dark"

    def test_nor_what_is_not_declared(self, bench: Bench) -> None:
        farm = bench_farm()
        bare = replace(actuator("zone", Role.HEATER), declaration=None)
        bench = Bench(
            replace(farm, bindings=tuple(bare if b.id == HEATER else b for b in farm.bindings))
        )
        assert pulse(bench, HEATER).refused == "try_undeclared"


def smoke(bench: Bench) -> None:
    bench.report("zone.smoke", 1.0)


def stop(bench: Bench) -> None:
    bench.ask(EmergencyStop())


def hold(bench: Bench) -> None:
    bench.ask(SetMode(mode=Mode.HOLD))


def watch(bench: Bench) -> None:
    bench.ask(SetMode(mode=Mode.MONITOR))


def unload(bench: Bench) -> None:
    bench.ask(Shutdown())
    assert bench.runtime.stopped


def kill(bench: Bench) -> None:
    bench.restart()


def no_disk(bench: Bench) -> None:
    bench.runtime.feed(JournalFailed("disk full"))
    bench.settle()


class TestHowItEnds:
    @pytest.mark.parametrize("point", IDLE)
    @pytest.mark.parametrize(
        ("happens", "end"),
        [
            (stop, "stopped"),
            (hold, "stopped"),
            (watch, "stopped"),
            (no_disk, "stopped"),
            (unload, "shutdown"),
            (kill, "crash"),
        ],
    )
    def test_it_is_off_at_once_and_stays_off(
        self, bench: Bench, point: str, happens: Callable[[Bench], None], end: str
    ) -> None:
        bench.advance(200)
        pulse(bench, point)
        bench.advance(3)
        assert bench.on(point)
        happens(bench)
        if point == FAN and happens is not stop:
            # Dangerous off: it is nobody's to switch off in haste, and off again when idle.
            bench.advance(1)
        else:
            assert not bench.on(point)
        assert tried(bench)["end"] == end
        assert not bench.runtime.memory.pulses
        bench.advance(HOUR)
        assert not bench.on(point) or point == FAN

    def test_smoke_ends_it(self) -> None:
        from tests.core.support import sensor

        bench = Bench(bench_farm(extra=(sensor("zone", Role.SMOKE),)))
        bench.report("zone.smoke", 0.0)
        pulse(bench, HEATER)
        smoke(bench)
        assert not bench.on(HEATER)
        assert tried(bench)["why"] == "smoke"

    @pytest.mark.parametrize("after_s", [0.0, 5.0, 9.9])
    def test_killed_in_mid_pulse_it_is_brought_off_before_the_farm_runs_again(
        self, bench: Bench, after_s: float
    ) -> None:
        pulse(bench, HEATER)
        bench.advance(after_s)
        bench.sent.clear()
        bench.restart()
        assert bench.commands(HEATER)[0] == 0.0
        kinds = [r.kind for r in bench.journal.records]
        assert "running" in kinds[kinds.index("actuator_tried") :]
        assert bench.runtime.memory.farm.stage is Stage.RUNNING

    def test_killed_before_its_command_was_sent_nothing_is_on(self, bench: Bench) -> None:
        bench.journal.waits = True
        pulse(bench, HEATER)
        bench.journal.write_waiting()
        bench.state[HEATER] = 0.0
        bench.journal.waits = False
        bench.restart()
        assert not bench.on(HEATER)
        assert not bench.runtime.memory.pulses

    def test_when_plants_need_it_they_have_it(self) -> None:
        bench = Bench(bench_farm())
        bench.start_batch()
        bench.advance(2 * HOUR)
        bench.report("zone.air_temperature", 24.2)
        bench.advance(900)
        assert not bench.on(HEATER)
        assert pulse(bench, HEATER, 300).refused is None
        bench.report("zone.air_temperature", 17.0)
        bench.advance(400)
        assert tried(bench)["end"] == "needed"
        assert bench.on(HEATER)

    def test_a_person_who_takes_it_over_keeps_it(self, bench: Bench) -> None:
        pulse(bench, HEATER)
        bench.state[HEATER] = 0.0
        bench.runtime.feed(Report(HEATER, 0.0, None, bench.clock.farm, Cause.PERSON))
        bench.settle()
        assert tried(bench)["end"] == "takeover"
        assert pulse(bench, HEATER).params["code"] == "takeover"

    def test_a_device_that_does_not_go_off_is_latched_and_told(self, bench: Bench) -> None:
        pulse(bench, HEATER)
        bench.disobeys.add(HEATER)
        bench.advance(60)
        told = [e for e in bench.events if e.kind == "not_proved"]
        assert told[-1].severity is Severity.P1
        assert not bench.runtime.memory.pulses
        assert bench.runtime.memory.actuators[HEATER].latched

    def test_one_that_is_removed_is_not_left_on(self, bench: Bench) -> None:
        pulse(bench, HEATER)
        farm = bench.farm
        bench.sent.clear()
        bench.runtime.replace_farm(
            replace(farm, bindings=tuple(b for b in farm.bindings if b.id != HEATER))
        )
        assert bench.commands(HEATER) == [0.0]
        assert not bench.runtime.memory.pulses

    def test_the_limits_of_a_device_that_was_declared_anew_hold_at_once(self, bench: Bench) -> None:
        pulse(bench, HEATER, 300)
        bench.advance(100)
        bench.farm = changed(bench.farm, HEATER, max_on_s=60.0)
        bench.runtime.replace_farm(bench.farm)
        bench.settle()
        assert not bench.on(HEATER)
        assert tried(bench)["why"] == "max_on"

    def test_a_clock_that_is_set_does_not_lengthen_it(self, bench: Bench) -> None:
        pulse(bench, HEATER)
        bench.clock.farm -= HOUR
        bench.advance(11)
        assert not bench.on(HEATER)

    def test_a_lamp_whose_supply_is_full_is_not_lit_and_given_up(self, bench: Bench) -> None:
        from vfarm_core.farm.nodes import Supply

        farm = replace(
            bench.farm,
            supplies=(
                Supply(id="main", name="Main", limit_kw=0.01, levels=("level_1", "level_2")),
            ),
        )
        bench = Bench(farm)
        pulse(bench, LAMP)
        assert not bench.on(LAMP) or bench.state[LAMP] <= 0.06
        bench.advance(90)
        assert not bench.on(LAMP)
        assert not bench.runtime.memory.pulses


def test_what_may_not_stand_still_is_given_back_running_where_that_is_wanted() -> None:
    """Danger off: the end of a pulse is no reason to stop circulation that has begun meanwhile."""
    bench = Bench(bench_farm())
    assert bench.farm.binding[FAN].declaration.danger is Danger.OFF  # type: ignore[union-attr]
    pulse(bench, FAN)
    bench.start_batch()
    bench.advance(30)
    assert bench.on(FAN)
    assert 0.0 not in bench.commands(FAN)
