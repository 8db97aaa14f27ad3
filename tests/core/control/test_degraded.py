"""A device whose reading is lost does what was declared of it, for a limited time, and says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import Bench, bench_farm
from vfarm_core.control.inputs import EmergencyStop, StartWorkflow
from vfarm_core.farm.bindings import Degraded, OnNoReading
from vfarm_core.farm.build import FarmError, check
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.overrides import WorkflowKind

HOUR = 3600.0
DRYER = "zone.dehumidifier"
EXHAUST = "zone.exhaust_fan"
HOLD = Degraded(mode=OnNoReading.HOLD, limit_s=2 * HOUR)
CYCLE = Degraded(mode=OnNoReading.SCHEDULE, limit_s=4 * HOUR, on_s=600.0, off_s=1200.0)


def declared(declarations: dict[str, Degraded | None], farm: Farm | None = None) -> Farm:
    farm = farm or bench_farm()
    bindings = tuple(
        replace(b, declaration=replace(b.declaration, on_no_reading=declarations[b.id]))
        if b.id in declarations and b.declaration is not None
        else b
        for b in farm.bindings
    )
    return check(replace(farm, bindings=bindings))


def humid(declarations: dict[str, Degraded | None]) -> Bench:
    """A growing farm whose dryer runs."""
    bench = Bench(declared(declarations))
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.report("zone.humidity", 80.0)
    assert bench.on(DRYER)
    return bench


def lose(bench: Bench) -> None:
    bench.values.pop("zone.humidity")
    bench.report("zone.humidity", "unavailable")


def told(bench: Bench, kind: str) -> list[tuple[str, Any]]:
    return [(e.severity.value, e.params.get("why")) for e in bench.events if e.kind == kind]


def test_off_is_the_rule() -> None:
    bench = humid({})
    lose(bench)
    assert not bench.on(DRYER)
    assert told(bench, "degraded") == []


class TestHold:
    def test_the_last_output_is_kept_until_the_limit(self) -> None:
        bench = humid({DRYER: HOLD})
        lose(bench)
        assert bench.on(DRYER)
        reason = bench.runtime.memory.actuators[DRYER].reason
        assert reason is not None
        assert reason.code == "degraded"
        assert told(bench, "degraded") == [("p2", None)]
        bench.advance(2 * HOUR - 60)
        assert bench.on(DRYER)
        bench.advance(120)
        assert not bench.on(DRYER)
        bench.advance(5 * HOUR)
        assert not bench.on(DRYER)
        assert told(bench, "degraded_ended") == [("p2", "limit reached")]

    def test_off_stays_off(self) -> None:
        bench = humid({DRYER: HOLD})
        bench.report("zone.humidity", 60.0)
        lose(bench)
        bench.advance(HOUR)
        assert not bench.on(DRYER)

    def test_a_reading_that_is_back_ends_it_and_a_new_loss_begins_anew(self) -> None:
        bench = humid({DRYER: HOLD})
        lose(bench)
        bench.advance(HOUR)
        bench.report("zone.humidity", 60.0)
        assert not bench.on(DRYER)
        assert told(bench, "degraded_ended") == [("info", "reading is back")]
        bench.report("zone.humidity", 80.0)
        lose(bench)
        bench.advance(1.5 * HOUR)
        assert bench.on(DRYER)

    def test_a_restart_does_not_lengthen_it(self) -> None:
        bench = humid({DRYER: HOLD})
        lose(bench)
        bench.advance(1.5 * HOUR)
        bench.restart()
        assert bench.on(DRYER)
        bench.advance(HOUR)
        assert not bench.on(DRYER)
        assert len(told(bench, "degraded")) == 1

    def test_a_clock_set_back_does_not_lengthen_it(self) -> None:
        bench = humid({DRYER: HOLD})
        lose(bench)
        bench.advance(HOUR)
        bench.clock.farm -= 3 * HOUR
        bench.advance(HOUR + 120)
        assert not bench.on(DRYER)

    def test_a_declaration_taken_back_ends_it(self) -> None:
        bench = humid({DRYER: HOLD})
        lose(bench)
        bench.farm = declared({DRYER: None}, bench.farm)
        bench.runtime.replace_farm(bench.farm)
        bench.settle()
        assert not bench.on(DRYER)
        assert bench.runtime.memory.degraded == {}

    @pytest.mark.parametrize("stop", ["emergency", "maintenance"])
    def test_people_and_stops_beat_it(self, stop: str) -> None:
        bench = humid({DRYER: HOLD})
        lose(bench)
        bench.sent.clear()
        if stop == "emergency":
            bench.ask(EmergencyStop(by="grower"))
            assert not bench.on(DRYER)
        else:
            until = bench.clock.farm + HOUR
            bench.ask(StartWorkflow(node="zone", kind=WorkflowKind.MAINTENANCE, until=until))
            bench.advance(600)
            assert bench.commands(DRYER) == []


class TestSchedule:
    def test_it_runs_on_and_off_until_the_limit(self) -> None:
        bench = humid({DRYER: CYCLE})
        lose(bench)
        seen = []
        for _ in range(12):
            seen.append(bench.on(DRYER))
            bench.advance(300)
        assert seen == [True, True, False, False, False, False] * 2
        bench.advance(5 * HOUR)
        assert not bench.on(DRYER)
        assert told(bench, "degraded_ended") == [("p2", "limit reached")]

    def test_exhaust_follows_either_reading(self) -> None:
        bench = humid({EXHAUST: CYCLE})
        lose(bench)
        assert bench.on(EXHAUST)
        assert not bench.on("zone.co2_valve")
        bench.advance(700)
        assert not bench.on(EXHAUST)


class TestChecks:
    @pytest.mark.parametrize("point", ["zone.heater", "zone.co2_valve", "pump.irrigation_pump"])
    def test_never_for_what_harms_when_it_runs_blind(self, point: str) -> None:
        with pytest.raises(FarmError) as caught:
            declared({point: HOLD})
        assert [p.key for p in caught.value.problems] == ["degraded_not_allowed"]

    @pytest.mark.parametrize("limit", [0.0, -5.0, 86401.0])
    def test_it_has_an_end(self, limit: float) -> None:
        with pytest.raises(FarmError) as caught:
            declared({DRYER: replace(HOLD, limit_s=limit)})
        assert [p.key for p in caught.value.problems] == ["degraded_without_end"]

    @pytest.mark.parametrize("times", [{"on_s": 0.0}, {"off_s": 0.0}])
    def test_a_schedule_has_both_times(self, times: dict[str, float]) -> None:
        with pytest.raises(FarmError) as caught:
            declared({DRYER: replace(CYCLE, **times)})
        assert [p.key for p in caught.value.problems] == ["degraded_without_schedule"]
