"""Crop steering: the day of a substrate, and what a sensor that lies can do to it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.core.control.watering_bench import (
    HOUR,
    one_circuit,
    recipe_with,
    seen,
    shots,
)
from tests.core.control.watering_bench import plan as plan_of
from tests.core.support import BENCH, START, Bench, sensor
from vfarm_core.control.inputs import RunShot
from vfarm_core.control.steering import shot_runtime_s
from vfarm_core.farm.nodes import Method
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import Band, CropSteering, ShotTrigger

MOISTURE = "circuit.substrate_moisture"
LIGHTS_ON = START + HOUR
PLAN = CropSteering(
    p0_dryback_points=2.0,
    p0_max_wait_min=60.0,
    p1_target_vwc_pct=65.0,
    p1_shot_pct=2.0,
    p1_increment_pct=0.5,
    p1_interval_min=15.0,
    p1_max_shots=6,
    p2_threshold_vwc_pct=60.0,
    p2_shot_pct=4.0,
    p2_interval_min=20.0,
    p3_last_shot_before_lights_off_h=2.0,
    p3_dryback_points=12.0,
    floor_vwc_pct=40.0,
    max_shots_per_day=20,
    provenance=BENCH,
)
PLANT = {"substrate_l": 6.75, "drippers": 1.0, "dripper_l_h": 4.0, "drain_s": 60.0}


def growing(
    steering: CropSteering | None = PLAN,
    *extra: Role,
    moisture: float = 58.0,
    values: dict[str, float] | None = None,
    circuit: dict[str, Any] | None = None,
    **changes: Any,
) -> Bench:
    roles = (Role.SUBSTRATE_MOISTURE, *extra)
    farm = one_circuit(
        Method.DRIP,
        [sensor("circuit", role) for role in roles],
        pump={"flow_l_min": 4.8},
        **(PLANT if circuit is None else circuit),
    )
    bench = Bench(farm, values={MOISTURE: moisture, **(values or {})})
    drip = plan_of(Method.DRIP, duration_s=120.0, steering=steering, **changes)
    bench.start_batch(recipe=recipe_with(drip))
    return bench


def drink(bench: Bench, seconds: float, **points: float) -> None:
    """Time passes, and each shot raises the moisture."""
    end = bench.clock.farm + seconds
    raised = shots(bench)
    rise, dry = points.get("rise", 0.0), points.get("dry", 0.0)
    while bench.clock.farm < end:
        value = bench.values[MOISTURE] - dry + rise * (shots(bench) - raised)
        raised = shots(bench)
        minute(bench, value)


def minute(bench: Bench, moisture: float) -> None:
    """A minute passes, and everything is reported."""
    bench.advance(60)
    bench.report("tank.volume", bench.values["tank.volume"])
    bench.report("pump.flow", bench.values["pump.flow"])
    bench.report(MOISTURE, moisture)


def phases(bench: Bench) -> list[Any]:
    return [e.params["phase"] for e in bench.events if e.kind == "steering_phase"]


def started(bench: Bench) -> list[tuple[float, float]]:
    return [
        (r.at - LIGHTS_ON, round(float(r.data["planned_s"])))
        for r in bench.journal.records
        if r.kind == "shot_started" and r.key is None
    ]


def test_the_size_of_a_shot_in_seconds() -> None:
    assert shot_runtime_s(100 * 0.1333333 / 6.75, 6.75, 1, 4) == pytest.approx(120, abs=0.1)
    assert shot_runtime_s(2, 6.75, 2, 4) == pytest.approx(60.75)
    assert shot_runtime_s(20, 10, 1, 2) == 900


def test_the_first_shot_waits_for_the_dryback_after_lights_on() -> None:
    bench = growing()
    bench.advance(HOUR + 600)
    assert seen(bench).steering == "p0"
    assert shots(bench) == 0
    bench.report(MOISTURE, 56.5)
    assert shots(bench) == 0, "1.5 points are less than 2"
    bench.report(MOISTURE, 55.8)
    assert seen(bench).steering == "p1"
    assert shots(bench) == 1


def test_the_first_shot_does_not_wait_longer_than_it_may() -> None:
    bench = growing()
    bench.advance(2 * HOUR - 5)
    assert shots(bench) == 0
    bench.advance(10)
    assert shots(bench) == 1


def test_the_ramp_grows_every_quarter_of_an_hour_until_the_target() -> None:
    bench = growing()
    bench.advance(2 * HOUR + 1)
    drink(bench, 3 * HOUR, rise=2.0)
    ramp = started(bench)
    gaps = [b[0] - a[0] for a, b in pairwise(ramp)]
    assert gaps[:3] == [pytest.approx(900, abs=61)] * 3
    assert [seconds for _, seconds in ramp[:4]] == [122, 152, 182, 213]
    assert seen(bench).steering == "p2"
    assert phases(bench)[-2:] == ["p1", "p2"]


def test_a_ramp_that_does_not_reach_its_target_ends() -> None:
    bench = growing()
    bench.advance(2 * HOUR + 1)
    drink(bench, 3 * HOUR, rise=0.4)
    assert seen(bench).steering == "p2"
    assert [s for _, s in started(bench)][:6] == [122, 152, 182, 213, 243, 273]


def test_maintenance_waters_below_the_threshold_and_not_above() -> None:
    bench = growing(moisture=66.0)
    bench.advance(2 * HOUR + 1)
    assert seen(bench).steering == "p2"
    bench.report(MOISTURE, 61.0)
    bench.advance(600)
    assert shots(bench) == 0
    bench.report(MOISTURE, 59.0)
    assert shots(bench) == 1
    bench.advance(600)
    bench.report(MOISTURE, 58.0)
    assert shots(bench) == 1, "at least 20 min apart"
    bench.advance(700)
    assert shots(bench) == 2
    assert started(bench)[-1][1] == 243


def test_the_evening_dries_back_in_points_from_the_peak() -> None:
    bench = growing(moisture=66.0)
    bench.advance(2 * HOUR + 1)
    bench.report(MOISTURE, 70.0)
    bench.advance(13 * HOUR)
    before = shots(bench)
    assert seen(bench).steering == "p3"
    bench.report(MOISTURE, 56.0)
    bench.advance(3 * HOUR)
    assert shots(bench) == before
    assert seen(bench).dryback_points == 14.0, "points, not a share of the peak"
    assert seen(bench).dryback_target_points == 12.0


def test_below_the_floor_plants_get_water_at_any_hour() -> None:
    bench = growing(moisture=66.0)
    bench.advance(18 * HOUR)
    before = shots(bench)
    bench.report(MOISTURE, 39.0)
    assert shots(bench) == before + 1
    bench.advance(60)
    assert shots(bench) == before + 1


def test_a_new_day_begins_from_the_start() -> None:
    bench = growing(moisture=66.0)
    bench.advance(24 * HOUR)
    bench.advance(HOUR + 60)
    assert seen(bench).steering == "p0"
    state = bench.runtime.memory.circuits["circuit"].steering
    assert state is not None
    assert (state.shots, state.ramp) == (0, 0)


def test_a_moisture_stuck_low_cannot_water_forever() -> None:
    bench = growing(moisture=30.0)
    bench.advance(15 * HOUR)
    assert seen(bench).by_schedule
    assert "moisture_frozen" in seen(bench).problems
    assert shots(bench) <= 4 + 4, "three shots show that it does not move; then the schedule"


def test_a_moisture_that_lies_low_is_stopped_by_the_shots_of_a_day_and_the_litres() -> None:
    bench = growing(replace(PLAN, max_shots_per_day=9))
    bench.advance(HOUR)
    for number in range(14 * 60):
        minute(bench, 30.0 + (number % 2) * 0.4)
    assert shots(bench) == 9
    capped = growing(moisture=30.0, circuit={**PLANT, "daily_cap_l": 20.0})
    capped.advance(HOUR)
    for number in range(14 * 60):
        minute(capped, 30.0 + (number % 2) * 0.4)
    got = sum(float(str(r["delivered_l"])) for r in capped.journal.of("shot_ended"))
    assert got <= 21


def test_a_moisture_stuck_high_cannot_starve_plants() -> None:
    bench = growing(moisture=70.0)
    bench.advance(14 * HOUR)
    overdue = [e for e in bench.events if e.kind == "shot_overdue"]
    assert len(overdue) >= 3
    times = [at for at, _ in started(bench)]
    assert times[0] == pytest.approx(3 * HOUR, abs=60)
    assert all(b - a <= 3 * HOUR + 60 for a, b in pairwise(times))


def test_without_a_moisture_the_schedule_of_the_recipe_is_followed() -> None:
    bench = growing()
    bench.advance(600)
    bench.report(MOISTURE, "unavailable")
    del bench.values[MOISTURE]
    bench.advance(17 * HOUR)
    assert shots(bench) == 4
    assert "by_schedule" in seen(bench).problems
    assert started(bench)[0] == (pytest.approx(900, abs=60), 120)
    bench.report(MOISTURE, 50.0)
    assert not seen(bench).by_schedule


def test_without_the_size_of_its_substrate_the_schedule_is_followed() -> None:
    bench = growing(circuit={})
    bench.advance(17 * HOUR)
    assert shots(bench) == 4
    assert seen(bench).steering is None


def test_steering_survives_a_restart() -> None:
    bench = growing()
    bench.advance(2 * HOUR + 1)
    drink(bench, HOUR, rise=2.0)
    before = bench.runtime.memory.circuits["circuit"].steering
    bench.restart(down_s=1)
    after = bench.runtime.memory.circuits["circuit"].steering
    assert before is not None
    assert after is not None
    assert (after.phase, after.shots, after.ramp, after.day) == (
        before.phase,
        before.shots,
        before.ramp,
        before.day,
    )


class TestRunoff:
    """A meter under the gutter says how much of a shot ran through."""

    DRAIN = "circuit.drain_volume"

    def shot_with(self, bench: Bench, share: float) -> float:
        bench.ask(RunShot(circuit="circuit", duration_s=120.0))
        bench.advance(130)
        litres = float(bench.journal.of("shot_ended")[-1]["delivered_l"])  # type: ignore[arg-type]
        bench.report(self.DRAIN, bench.values[self.DRAIN] + share * litres)
        bench.advance(900)
        return litres

    def test_the_share_of_the_last_shot_and_of_the_day_is_shown(self) -> None:
        bench = growing(
            None,
            Role.DRAIN_VOLUME,
            Role.DRAIN_EC,
            values={self.DRAIN: 100.0, "circuit.drain_ec": 2.4},
        )
        bench.advance(60)
        self.shot_with(bench, 0.2)
        self.shot_with(bench, 0.1)
        assert seen(bench).runoff_pct == pytest.approx(20, abs=1)
        assert seen(bench).runoff_today_pct == pytest.approx(15, abs=1)
        assert seen(bench).drain_ec == 2.4

    @pytest.mark.parametrize(("share", "factor"), [(0.5, 0.7), (0.0, 1.3), (0.1, 1.0)])
    def test_shots_are_resized_towards_the_target_within_limits(
        self, share: float, factor: float
    ) -> None:
        bench = growing(
            None,
            Role.DRAIN_VOLUME,
            values={self.DRAIN: 100.0},
            events_per_day=1,
            runoff_pct=Band(5.0, 15.0),
        )
        bench.advance(60)
        for _ in range(4):
            self.shot_with(bench, share)
        bench.advance(HOUR)
        assert bench.journal.of("shot_started")[-1]["planned_s"] == 120 * factor
        state = bench.runtime.memory.circuits["circuit"].runoff
        assert state is not None
        assert state.factor == factor

    def test_a_counter_that_starts_again_counts_what_it_shows(self) -> None:
        bench = growing(None, Role.DRAIN_VOLUME, values={self.DRAIN: 100.0})
        bench.advance(60)
        bench.ask(RunShot(circuit="circuit", duration_s=120.0))
        bench.advance(130)
        bench.report(self.DRAIN, 2.0)
        state = bench.runtime.memory.circuits["circuit"].runoff
        assert state is not None
        assert state.drained_l == 2.0

    def test_without_a_counter_nothing_is_resized(self) -> None:
        bench = growing(None, runoff_pct=Band(5.0, 15.0))
        bench.advance(17 * HOUR)
        assert bench.runtime.memory.circuits["circuit"].runoff is None
        assert {r["planned_s"] for r in bench.journal.of("shot_started")} == {120.0}


class TestTriggers:
    """Shots when they are needed."""

    def trigger(self, **changes: Any) -> ShotTrigger:
        values: dict[str, Any] = {
            "moisture_below_pct": None,
            "light_mol_m2": None,
            "min_interval_min": 30.0,
            "max_shots_per_day": 6,
            "provenance": BENCH,
        }
        return ShotTrigger(**{**values, **changes})

    def test_moisture_below_its_threshold_brings_a_shot_while_lit(self) -> None:
        bench = growing(None, moisture=60.0, trigger=self.trigger(moisture_below_pct=50.0))
        bench.report(MOISTURE, 49.0)
        assert shots(bench) == 0, "it is dark"
        bench.report(MOISTURE, 60.0)
        bench.advance(2 * HOUR)
        assert shots(bench) == 0
        bench.report(MOISTURE, 49.0)
        assert shots(bench) == 1
        bench.advance(29 * 60)
        assert shots(bench) == 1
        bench.advance(120)
        assert shots(bench) == 2
        bench.advance(12 * HOUR)
        assert shots(bench) == 6, "at most so many a day"

    def test_a_dry_probe_that_is_gone_leaves_the_schedule(self) -> None:
        bench = growing(None, trigger=self.trigger(moisture_below_pct=50.0))
        bench.report(MOISTURE, "unavailable")
        del bench.values[MOISTURE]
        bench.advance(17 * HOUR)
        assert shots(bench) == 4
        assert "by_schedule" in seen(bench).problems

    def test_light_brings_a_shot_for_so_many_mol(self) -> None:
        bench = growing(None, trigger=self.trigger(light_mol_m2=2.0, max_shots_per_day=50))
        bench.advance(17 * HOUR)
        # 16 h of 200 µmol/m²/s are 11.5 mol/m²: a shot for every 2 of them, 2 h 47 min apart.
        assert shots(bench) == 5
        times = [at for at, _ in started(bench)]
        assert times[0] == pytest.approx(10_000, abs=400)
        assert bench.kinds().count("shot_overdue") == 0

    def test_in_weak_light_plants_are_watered_all_the_same(self) -> None:
        bench = growing(None, trigger=self.trigger(light_mol_m2=50.0))
        bench.advance(17 * HOUR)
        assert bench.kinds().count("shot_overdue") >= 4
