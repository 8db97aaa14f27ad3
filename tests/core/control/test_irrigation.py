"""One shot from valve to drained: in order, proved, recorded before it opens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import START, Bench, bench_farm
from vfarm_core.control.inputs import (
    ClearLatch,
    ClearLatches,
    EmergencyStop,
    RunShot,
    SetMode,
    Shutdown,
)
from vfarm_core.control.snapshot import CircuitSnapshot
from vfarm_core.control.watering import shot_times
from vfarm_core.farm.overrides import Mode
from vfarm_core.recipes.model import IrrigationPlan, Method

HOUR = 3600.0
PUMP = "pump.irrigation_pump"
VALVE = "circuit.irrigation_valve"


def circuit(bench: Bench) -> CircuitSnapshot:
    found = bench.runtime.snapshots["circuit"]
    assert isinstance(found, CircuitSnapshot)
    return found


@pytest.fixture
def growing(bench: Bench) -> Bench:
    bench.start_batch()
    bench.advance(60)
    return bench


def shoot(bench: Bench, seconds: float = 300.0) -> None:
    answer = bench.ask(RunShot(circuit="circuit", duration_s=seconds, by="grower"))
    assert answer.refused is None, answer


def ended(bench: Bench) -> dict[str, object]:
    return bench.journal.of("shot_ended")[-1]


def order(bench: Bench) -> list[tuple[str, float]]:
    return [(c.point, c.value) for _, c in bench.sent if c.point in (PUMP, VALVE)]


def test_valve_before_pump_and_pump_before_valve(growing: Bench) -> None:
    shoot(growing)
    growing.advance(299)
    assert growing.on(PUMP)
    assert growing.on(VALVE)
    growing.advance(5)
    assert order(growing) == [(VALVE, 1.0), (PUMP, 1.0), (PUMP, 0.0), (VALVE, 0.0)]
    assert ended(growing)["end"] in ("volume", "done")
    assert ended(growing)["delivered_l"] == pytest.approx(100, rel=0.03)
    assert circuit(growing).litres_today == pytest.approx(100, rel=0.03)


def test_a_shot_of_litres_ends_by_its_meter(growing: Bench) -> None:
    answer = growing.ask(RunShot(circuit="circuit", volume_l=50.0, by="grower"))
    assert answer.data == {"circuit": "circuit", "duration_s": 150.0, "volume_l": 50.0}
    growing.report("pump.flow", 16.0)
    growing.advance(160, sensors=False)
    assert growing.on(PUMP), "the flow is weaker than rated: it takes longer"
    growing.advance(60, sensors=False)
    assert ended(growing)["end"] == "volume"
    assert ended(growing)["delivered_l"] == pytest.approx(50, rel=0.05)


def test_a_shot_of_litres_without_a_meter_runs_for_as_long_as_the_rated_flow_needs() -> None:
    farm = bench_farm()
    unmetered = tuple(b for b in farm.bindings if b.id != "pump.flow")
    bench = Bench(replace(farm, bindings=unmetered))
    assert bench.ask(RunShot(circuit="circuit", volume_l=50.0)).refused is None
    bench.advance(149, sensors=False)
    assert bench.on(PUMP)
    bench.advance(2, sensors=False)
    assert not bench.on(PUMP)
    assert ended(bench)["end"] == "done"
    assert ended(bench)["planned_l"] == 50.0
    assert ended(bench)["metered"] is False


def test_the_litres_of_a_request_are_forgotten_with_it(growing: Bench) -> None:
    growing.ask(RunShot(circuit="circuit", volume_l=20.0))
    growing.advance(1200)
    shoot(growing, 300.0)
    growing.advance(310)
    assert ended(growing)["planned_l"] == 100.0


def test_the_pump_waits_until_the_valve_is_proved_open(growing: Bench) -> None:
    growing.disobeys.add(VALVE)
    shoot(growing)
    growing.advance(5)
    assert order(growing) == [(VALVE, 1.0)]
    growing.report(VALVE, 1.0)
    assert growing.on(PUMP)


def test_the_valve_stays_open_until_the_pump_is_proved_off(growing: Bench) -> None:
    shoot(growing)
    growing.advance(30)
    growing.disobeys.add(PUMP)
    growing.advance(275)
    assert growing.on(VALVE)
    growing.report(PUMP, 0.0)
    assert not growing.on(VALVE)


def test_a_shot_is_on_disk_before_anything_opens(growing: Bench) -> None:
    growing.journal.waits = True
    sent = len(growing.sent)
    shoot(growing)
    assert len(growing.sent) == sent
    growing.journal.waits = False
    growing.journal.write_waiting()
    assert growing.on(VALVE)
    kinds = [r.kind for r in growing.journal.records]
    assert "shot_started" in kinds


def test_an_opening_that_waits_for_the_disk_is_dropped_when_it_is_no_longer_wanted(
    growing: Bench,
) -> None:
    growing.journal.waits = True
    shoot(growing)
    growing.ask(EmergencyStop(by="grower"))
    growing.journal.waits = False
    growing.journal.write_waiting()
    assert 1.0 not in growing.commands(VALVE)


def test_shots_follow_the_recipe_through_the_lit_hours(growing: Bench) -> None:
    growing.advance(24 * HOUR)
    starts = [
        r.at - START for r in growing.journal.records if r.kind == "shot_started" and r.key is None
    ]
    assert len(starts) == 4
    assert starts[0] == pytest.approx(HOUR + 900, abs=60)
    assert max(starts) < 17 * HOUR


def test_shot_times_cover_day_and_night() -> None:
    plan = IrrigationPlan(
        method=Method.EBB_FLOW,
        events_per_day=4,
        night_events=1,
        duration_s=300,
        provenance=None,  # type: ignore[arg-type]
    )
    times = shot_times(0, 16 * HOUR, 24 * HOUR, plan)
    assert len(times) == 5
    assert list(times) == sorted(times)
    assert times[-1] == 20 * HOUR
    assert shot_times(0, 0, 24 * HOUR, plan) == (12 * HOUR,)


def test_a_table_drains_before_the_next_shot(growing: Bench) -> None:
    shoot(growing)
    growing.advance(310)
    refused = growing.ask(RunShot(circuit="circuit", duration_s=60))
    assert refused.refused == "shot_not_ready"
    assert refused.params["why"] == "draining"
    growing.advance(600)
    shoot(growing, 60)


@pytest.mark.parametrize(
    ("point", "value", "end"),
    [
        ("tank.volume", 30.0, "volume_low"),
        ("tank.leak", 1.0, "leak"),
        ("pump.flow", 0.5, "no_flow"),
    ],
)
def test_danger_ends_a_shot_at_once(growing: Bench, point: str, value: float, end: str) -> None:
    shoot(growing)
    growing.advance(60)
    assert growing.on(PUMP)
    growing.report(point, value)
    growing.advance(15)
    assert not growing.on(PUMP)
    assert not growing.on(VALVE)
    assert ended(growing)["end"] == end
    assert circuit(growing).status in ("warning", "critical")


@pytest.mark.parametrize(
    ("point", "value", "why"),
    [
        ("tank.volume", 30.0, "volume_low"),
        ("tank.volume", "unavailable", "volume_unknown"),
        ("tank.leak", 1.0, "leak"),
        ("tank.leak", "unavailable", "leak_unknown"),
        (PUMP, "unavailable", "actuator_missing"),
    ],
)
def test_nothing_opens_on_a_bad_or_missing_safety_input(
    growing: Bench, point: str, value: float | str, why: str
) -> None:
    growing.disobeys.add(point)
    growing.report(point, value)
    answer = growing.ask(RunShot(circuit="circuit", duration_s=60))
    assert answer.params["why"] == why
    assert not growing.on(VALVE)


def test_a_pump_that_does_not_stop_is_latched_and_its_isolation_closes(growing: Bench) -> None:
    shoot(growing)
    growing.advance(30)
    growing.disobeys.add(PUMP)
    growing.advance(400)
    assert growing.commands(PUMP).count(0.0) >= 3
    assert not growing.on(VALVE)
    assert ended(growing)["end"] in ("volume", "done")
    failed = [e for e in growing.events if e.kind == "not_proved"]
    assert failed
    assert failed[0].severity == "p1"
    # It is sent off again, slowly, until a person has looked.
    before = growing.commands(PUMP).count(0.0)
    growing.advance(300)
    assert growing.commands(PUMP).count(0.0) > before
    growing.disobeys.clear()
    growing.report(PUMP, 0.0)
    growing.advance(1200)
    assert growing.ask(RunShot(circuit="circuit", duration_s=60)).refused == "shot_not_ready"
    assert growing.ask(ClearLatch(point=PUMP)).refused is None
    shoot(growing, 60)


def test_everything_of_a_part_is_cleared_by_a_person_who_has_looked(growing: Bench) -> None:
    assert growing.ask(ClearLatches(node="pump")).refused == "not_latched"
    assert growing.ask(ClearLatches(node="nowhere")).refused == "node_unknown"
    growing.disobeys.add(PUMP)
    shoot(growing, 60)
    growing.advance(600)
    assert growing.runtime.memory.actuators[PUMP].latched
    growing.disobeys.clear()
    growing.report(PUMP, 0.0)
    growing.advance(60)
    answer = growing.ask(ClearLatches(node="pump", by="user:anna"))
    assert answer.data == {"points": [PUMP]}
    assert not growing.runtime.memory.actuators[PUMP].latched
    told = [e for e in growing.events if e.kind == "latch_cleared"]
    assert [(e.node, e.params["point"], e.params["by"]) for e in told] == [
        ("pump", PUMP, "user:anna")
    ]


def test_what_still_trips_is_cleared_with_nothing_of_its_part() -> None:
    film = Bench(bench_farm())
    film.report("tank.leak", 1.0)
    film.advance(30)
    assert film.ask(ClearLatches(node="tank")).refused == "still_tripped"
    film.report("tank.leak", 0.0)
    film.advance(30)
    assert film.ask(ClearLatches(node="tank")).data == {"points": ["tank.leak"]}


def test_a_valve_that_does_not_open_gives_the_shot_up_before_the_pump_runs(growing: Bench) -> None:
    growing.disobeys.add(VALVE)
    shoot(growing)
    growing.advance(60)
    assert 1.0 not in growing.commands(PUMP)
    assert ended(growing)["end"] == "valve_failed"
    assert ended(growing)["delivered_l"] == 0


def test_a_pump_on_without_an_owner_is_switched_off(growing: Bench) -> None:
    growing.report(PUMP, 1.0)
    assert not growing.on(PUMP)


@pytest.mark.parametrize("when", ["opening", "running", "stopping"])
def test_emergency_stop_ends_a_shot_at_any_moment(growing: Bench, when: str) -> None:
    if when == "opening":
        growing.disobeys.add(VALVE)
    shoot(growing)
    if when == "stopping":
        growing.disobeys.add(PUMP)
        growing.advance(301)
        growing.disobeys.clear()
    growing.ask(EmergencyStop(by="grower"))
    assert growing.commands(PUMP)[-1:] != [1.0]
    assert growing.commands(VALVE)[-1] == 0.0
    growing.disobeys.clear()
    growing.advance(60)
    assert not growing.on(PUMP)
    assert not growing.on(VALVE)


def test_monitor_mode_ends_a_shot_and_starts_none(growing: Bench) -> None:
    shoot(growing)
    growing.advance(10)
    growing.ask(SetMode(mode=Mode.MONITOR))
    assert not growing.on(PUMP)
    assert not growing.on(VALVE)
    sent = len(growing.sent)
    growing.advance(24 * HOUR)
    assert len(growing.sent) == sent
    assert "would_send" in growing.kinds()


def test_hold_finishes_a_shot_and_starts_none(growing: Bench) -> None:
    shoot(growing)
    growing.ask(SetMode(mode=Mode.HOLD))
    growing.advance(310)
    assert ended(growing)["end"] in ("volume", "done")
    growing.advance(24 * HOUR)
    assert len(growing.journal.of("shot_started")) == 1


def test_shutdown_ends_the_shot_in_order_and_leaves_light_and_climate(growing: Bench) -> None:
    growing.advance(2 * HOUR)
    shoot(growing)
    growing.advance(10)
    assert growing.on("level_1.grow_light")
    assert not growing.runtime.stopped
    growing.ask(Shutdown())
    assert growing.runtime.stopped
    assert order(growing)[-2:] == [(PUMP, 0.0), (VALVE, 0.0)]
    assert ended(growing)["end"] == "shutdown"
    assert growing.on("level_1.grow_light")


def test_a_journal_that_cannot_be_written_opens_nothing_and_closes_everything(
    growing: Bench,
) -> None:
    shoot(growing)
    growing.advance(10)
    growing.journal.error = "disk full"
    growing.report("zone.air_temperature", 18.0)  # a command that has to be recorded
    assert not growing.on(PUMP)
    assert not growing.on(VALVE)
    assert growing.on("zone.heater"), "climate goes on"
    answer = growing.ask(RunShot(circuit="circuit", duration_s=60))
    assert answer.refused == "shot_not_ready"
    assert [e.severity for e in growing.events if e.kind == "journal_failed"] == ["p1"]
    growing.journal.error = None
    growing.report("zone.air_temperature", 24.0)
    growing.advance(700)
    shoot(growing, 60)
    assert "journal_recovered" in [r.kind for r in growing.journal.records]
    assert ended(growing), "what happened meanwhile is written late, not lost"


def test_a_disk_that_fails_while_nothing_happens_is_noticed_during_a_shot(growing: Bench) -> None:
    shoot(growing, 600)
    growing.advance(20)
    growing.journal.error = "disk full"
    growing.advance(95)
    assert not growing.on(PUMP)
    assert not growing.on(VALVE)


class TestCirculation:
    """Plants in a film or in rafts depend on water that never stops for long."""

    @pytest.fixture
    def film(self) -> Bench:
        from dataclasses import replace

        from tests.core.support import BENCH, bench_phase, bench_recipe
        from vfarm_core.farm.bindings import Danger
        from vfarm_core.farm.build import check
        from vfarm_core.recipes.model import PhaseKind

        farm = bench_farm()
        film = replace(farm.circuits[0], method=Method.NFT)
        bindings = [
            replace(
                b,
                declaration=replace(
                    b.declaration,
                    danger=Danger.OFF,
                    safe_on=True,
                    max_on_s=None,
                    max_off_s=900.0,
                    isolation=None,
                ),
            )
            if b.id in (PUMP, VALVE) and b.declaration is not None
            else b
            for b in farm.bindings
        ]
        bench = Bench(check(replace(farm, circuits=(film,), bindings=tuple(bindings))))
        plan = IrrigationPlan(
            method=Method.NFT,
            events_per_day=1,
            night_events=0,
            duration_s=86400,
            provenance=BENCH,
        )
        phase = bench_phase("young", PhaseKind.PROPAGATION, irrigation={Method.NFT: plan})
        bench.start_batch(recipe=bench_recipe(phases=(phase,)))
        return bench

    def test_runs_day_and_night_valve_first(self, film: Bench) -> None:
        assert order(film) == [(VALVE, 1.0), (PUMP, 1.0)]
        film.advance(48 * HOUR)
        assert order(film) == [(VALVE, 1.0), (PUMP, 1.0)]

    def test_goes_on_without_a_journal_over_a_stop_and_in_monitor_mode(self, film: Bench) -> None:
        film.journal.error = "disk full"
        film.report("zone.air_temperature", 18.0)
        assert film.on(PUMP)
        film.ask(SetMode(mode=Mode.MONITOR))
        assert film.on(PUMP)
        film.ask(SetMode(mode=Mode.AUTO))
        film.ask(Shutdown())
        film.advance(60)
        assert film.on(PUMP)

    def test_goes_on_over_a_restart(self, film: Bench) -> None:
        film.restart()
        assert film.on(PUMP)
        assert 0.0 not in film.commands(PUMP)

    @pytest.mark.parametrize(("point", "value"), [("tank.leak", 1.0), ("tank.volume", 20.0)])
    def test_leak_and_dry_run_stop_it_all_the_same(
        self, film: Bench, point: str, value: float
    ) -> None:
        film.report(point, value)
        assert not film.on(PUMP)
        film.advance(HOUR)
        assert not film.on(PUMP)
        film.report(point, 0.0 if point == "tank.leak" else 150.0)
        film.ask(ClearLatch(point="tank.leak"))
        film.advance(60)
        assert film.on(PUMP)

    def test_no_shot_is_taken_by_its_pump(self, film: Bench) -> None:
        answer = film.ask(RunShot(circuit="circuit", duration_s=60))
        assert answer.params["why"] == "circulating"

    def test_a_persons_stop_of_the_pump_is_ended_by_its_maximum_off_time(self, film: Bench) -> None:
        from vfarm_core.control.inputs import Cause, Report

        film.state[PUMP] = 0.0
        film.runtime.feed(Report(PUMP, False, None, film.clock.farm, Cause.PERSON))
        film.settle()
        assert not film.on(PUMP)
        film.advance(890)
        assert not film.on(PUMP)
        film.advance(20)
        assert film.on(PUMP)

    def test_after_a_long_stop_the_valve_opens_before_the_pump(self, film: Bench) -> None:
        film.report("tank.leak", 1.0)
        film.advance(2 * HOUR)
        film.sent.clear()
        film.disobeys.add(VALVE)
        film.report("tank.leak", 0.0)
        film.ask(ClearLatch(point="tank.leak"))
        film.advance(5)
        assert order(film) == [(VALVE, 1.0)], "its maximum off-time does not let the pump go first"
        film.disobeys.clear()
        film.report(VALVE, 1.0)
        assert film.on(PUMP)

    def test_a_pump_that_died_finds_its_valve_open_when_it_comes_back(self, film: Bench) -> None:
        film.disobeys.add(PUMP)
        film.report(PUMP, 0.0)
        film.advance(HOUR)
        assert film.commands(PUMP)[-1] == 1.0, "it is tried again and again"
        assert film.on(VALVE)
