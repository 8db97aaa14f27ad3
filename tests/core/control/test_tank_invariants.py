"""Whatever happens to a tank, in whatever order: the rules of dosing and filling hold."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core.support import bench_recipe
from tests.core.tank import (
    DOWN,
    EC,
    FILL,
    FILL_VALVE,
    FLOAT,
    MIXER,
    PH,
    PUMPS,
    UP,
    VOLUME,
    Tank,
    tank_recipe,
)
from vfarm_core.control.inputs import (
    Arm,
    CalibratePump,
    Cause,
    ClearLatch,
    ClearReservoir,
    EmergencyStop,
    FarmChanged,
    Inhibit,
    ReleaseStop,
    Report,
    RunDose,
    RunFill,
    RunShot,
    SetMode,
    SetProbe,
    VerifyProbe,
)
from vfarm_core.control.memory import DoseStage, FillStage, ProbeUse
from vfarm_core.control.step import step
from vfarm_core.farm.overrides import Mode
from vfarm_core.farm.roles import Loop

SENSORS = {
    EC: st.sampled_from([0.0, 0.1, 0.9, 1.2, 1.4, 1.6, 2.2, 25.0]),
    PH: st.sampled_from([1.0, 5.0, 5.5, 5.8, 6.2, 6.6, 9.8]),
    VOLUME: st.sampled_from([0.0, 30.0, 60.0, 75.0, 90.0, 150.0, 199.0]),
    FLOAT: st.sampled_from([0.0, 0.0, 1.0]),
    "tank.leak": st.sampled_from([0.0, 0.0, 0.0, 1.0]),
}
DRIVEN = (*PUMPS, FILL_VALVE, MIXER)


class AnyTank(RuleBasedStateMachine):
    """A dosed and filled tank to which anything may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.tank = Tank()

    @initialize(shots=st.booleans())
    def grow(self, shots: bool) -> None:
        self.tank.ready(recipe=bench_recipe() if shots else tank_recipe())

    @rule(seconds=st.sampled_from([1, 10, 60, 400, 1800, 7200, 30_000]), sensors=st.booleans())
    def time_passes(self, seconds: int, sensors: bool) -> None:
        self.tank.advance(seconds, sensors=sensors)

    @rule(times=st.integers(1, 8))
    def something_becomes_due(self, times: int) -> None:
        for _ in range(times):
            due, now = self.tank.due, self.tank.clock.now()
            waits = [due.farm - now.farm] if due.farm is not None else []
            waits += [due.mono - now.mono] if due.mono is not None else []
            self.tank.advance(max(0.001, min(waits, default=60.0)), sensors=False)
            self.a_full_look_finds_nothing_that_a_step_has_missed()

    @rule(point=st.sampled_from(sorted(SENSORS)), data=st.data())
    def sensor_reports(self, point: str, data: st.DataObject) -> None:
        self.tank.report(point, data.draw(SENSORS[point]))

    @rule(ec=st.sampled_from([0.9, 1.3]), ph=st.sampled_from([5.3, 5.8, 6.3]))
    def solution_needs_something(self, ec: float, ph: float) -> None:
        self.tank.values |= {EC: ec, PH: ph, VOLUME: 100.0}
        self.tank.advance(2400)

    @rule(point=st.sampled_from([*sorted(SENSORS), *DRIVEN]))
    def entity_is_lost(self, point: str) -> None:
        self.tank.report(point, "unavailable")

    @rule(point=st.sampled_from(DRIVEN), on=st.booleans())
    def somebody_switches(self, point: str, on: bool) -> None:
        self.tank.state[point] = float(on)
        self.tank.runtime.feed(Report(point, on, None, self.tank.clock.farm, Cause.PERSON))
        self.tank.settle()

    @rule(point=st.sampled_from(DRIVEN))
    def actuator_sticks(self, point: str) -> None:
        self.tank.disobeys.add(point)

    @rule()
    def actuators_obey_again(self) -> None:
        for point in sorted(self.tank.disobeys):
            self.tank.disobeys.discard(point)
            self.tank.report(point, self.tank.state[point])

    @rule(point=st.sampled_from(PUMPS), ml=st.sampled_from([1.0, 10.0, 60.0]))
    def dose_is_asked_for(self, point: str, ml: float) -> None:
        self.tank.ask(RunDose(point=point, ml=ml))

    @rule()
    def fill_is_asked_for(self) -> None:
        self.tank.ask(RunFill(reservoir="tank"))

    @rule()
    def shot_is_asked_for(self) -> None:
        self.tank.ask(RunShot(circuit="circuit", duration_s=120.0))

    @rule(point=st.sampled_from([EC, PH]), use=st.sampled_from(list(ProbeUse)))
    def probe_moves(self, point: str, use: ProbeUse) -> None:
        self.tank.ask(SetProbe(point=point, use=use))

    @rule()
    def people_put_everything_right(self) -> None:
        for point in (EC, PH):
            self.tank.ask(VerifyProbe(point=point))
        for point in PUMPS:
            self.tank.ask(CalibratePump(point=point, ml=120.0, seconds=60.0))
        for what in (Inhibit.DOSING, Inhibit.FILLING):
            self.tank.ask(ClearReservoir(reservoir="tank", what=what))
        for point, value in {EC: 1.3, PH: 5.8, VOLUME: 120.0, FLOAT: 0.0, "tank.leak": 0.0}.items():
            self.tank.report(point, value)
        for point in (*DRIVEN, "tank.leak"):
            self.tank.ask(ClearLatch(point=point))
        self.tank.ask(SetMode(mode=Mode.AUTO))
        self.tank.ask(ReleaseStop())
        for loop in Loop:
            self.tank.ask(Arm(loop=loop))
        self.tank.ask(Arm(loop=Loop.DOSING))

    @rule(mode=st.sampled_from(list(Mode)))
    def mode_is_chosen(self, mode: Mode) -> None:
        self.tank.ask(SetMode(mode=mode))

    @rule()
    def stop(self) -> None:
        self.tank.ask(EmergencyStop())

    @rule()
    def disk_fails(self) -> None:
        self.tank.journal.error = "disk full"

    @rule()
    def disk_works(self) -> None:
        self.tank.journal.error = None

    @precondition(lambda self: self.tank.journal.error is None)
    @rule(down=st.sampled_from([1.0, 60.0, 4000.0]))
    def process_is_killed(self, down: float) -> None:
        self.tank.restart(down_s=down)

    # -- the rules -----------------------------------------------------------------------------

    def wanted(self, point: str) -> bool:
        state = self.tank.runtime.memory.actuators.get(point)
        return bool(state and state.wanted)

    def taken_over(self, point: str) -> bool:
        state = self.tank.runtime.memory.actuators.get(point)
        return bool(state and state.reason and state.reason.code == "takeover")

    def started(self, *points: str) -> list[tuple[float, float]]:
        return [
            (e.at, float(e.params["planned_ml"]))
            for e in self.tank.events
            if e.kind == "dose_started" and e.params["point"] in points
        ]

    @invariant()
    def nothing_is_on_without_an_owner_in_the_journal(self) -> None:
        kept: Any = self.tank.journal.slices().get("reservoir:tank") or {}
        for point in PUMPS:
            if self.wanted(point) and not self.taken_over(point):
                dose = self.tank.tank.dose
                assert dose is not None
                assert dose.point == point
                assert kept["dose"]["id"] == dose.id
        if self.wanted(FILL_VALVE) and not self.taken_over(FILL_VALVE):
            fill = self.tank.tank.fill
            assert fill is not None
            assert kept["fill"]["id"] == fill.id

    @invariant()
    def one_pump_at_a_time_and_never_while_filling(self) -> None:
        on = [p for p in PUMPS if self.wanted(p) and not self.taken_over(p)]
        assert len(on) <= 1
        assert not (on and self.wanted(FILL_VALVE))
        assert not (self.tank.tank.dose and self.tank.tank.fill)

    @invariant()
    def no_dose_on_a_bad_probe_or_an_unknown_volume(self) -> None:
        dose = self.tank.tank.dose
        if dose is None or dose.stage is DoseStage.STOPPING:
            return
        points, known = self.tank.runtime.memory.points, self.tank.tank.probes
        for point in (EC, VOLUME, *((PH,) if dose.point in (UP, DOWN) else ())):
            assert points[point].quality == "good"
            if point != VOLUME:
                assert known[point].use is ProbeUse.IN_USE
                assert known[point].verified_at is not None
        assert not (points["tank.leak"].value or 0) > 0.5
        assert self.wanted(MIXER) or self.tank.runtime.memory.actuators[MIXER].is_on

    @invariant()
    def no_fill_against_the_float_a_leak_or_an_unknown_volume(self) -> None:
        fill = self.tank.tank.fill
        if fill is None or fill.stage is FillStage.STOPPING:
            return
        points = self.tank.runtime.memory.points
        assert points[FLOAT].quality == "good"
        assert points[FLOAT].value == 0
        assert points[VOLUME].quality == "good"
        assert points["tank.leak"].value == 0

    @invariant()
    def caps_hold_over_restarts(self) -> None:
        for point in PUMPS:
            declared = self.tank.farm.binding[point].declaration
            assert declared is not None
            assert declared.dosing is not None
            doses = self.started(point)
            for at, ml in doses:
                assert ml <= declared.dosing.max_dose_ml + 0.01
                hour = sum(x for t, x in doses if at - 3600 < t <= at)
                day = sum(x for t, x in doses if at - 86400 < t <= at)
                # A dose that was cut short gives back what it did not deliver.
                given = {
                    e.at: e.params["planned_ml"] - e.params["delivered_ml"]
                    for e in self.tank.events
                    if e.kind == "dose_ended" and e.params["point"] == point
                }
                back_hour = sum(x for t, x in given.items() if at - 3600 < t <= at)
                back_day = sum(x for t, x in given.items() if at - 86400 < t <= at)
                assert hour - back_hour <= declared.dosing.max_hour_ml + 0.1
                assert day - back_day <= declared.dosing.max_day_ml + 0.1

    @invariant()
    def acid_and_base_are_never_in_one_window(self) -> None:
        for acid, _ in self.started(DOWN):
            for base, _ in self.started(UP):
                assert abs(acid - base) >= 86400

    @invariant()
    def no_more_is_filled_within_a_day_than_may_be(self) -> None:
        fills = [
            (e.at, float(e.params["planned_l"]))
            for e in self.tank.events
            if e.kind == "fill_started"
        ]
        for _, litres in fills:
            assert litres <= FILL.max_l + 0.1

    @invariant()
    def without_a_journal_or_after_a_stop_nothing_is_given(self) -> None:
        farm = self.tank.runtime.memory.farm
        if not farm.journal_ok or farm.emergency is not None:
            assert not any(self.wanted(point) for point in (*PUMPS, FILL_VALVE))

    @invariant()
    def a_full_look_finds_nothing_that_a_step_has_missed(self) -> None:
        runtime, now = self.tank.runtime, self.tank.clock.now()
        if runtime.due.passed(now):
            return
        full = step(runtime.farm, runtime.memory, now, [FarmChanged()])
        for point in DRIVEN:
            before = runtime.memory.actuators.get(point)
            after = full.memory.actuators.get(point)
            assert bool(before and before.wanted) == bool(after and after.wanted), point


AnyTank.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyTank = AnyTank.TestCase
