"""Tables: what stands on them has run off before more comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.control.watering_bench import HOUR, PUMP, VALVE, ended, one_circuit, seen, shots
from tests.core.support import Bench, actuator, sensor
from vfarm_core.control.inputs import AcceptLoss, LossCheck, RunShot
from vfarm_core.farm.nodes import Method
from vfarm_core.farm.overrides import Mode
from vfarm_core.farm.roles import Role

DRAIN = "circuit.drain_valve"
CONTACT = "circuit.table_level"


def growing(*, contact: bool = False, high: bool = False, **changes: Any) -> Bench:
    extra = [actuator("circuit", Role.DRAIN_VALVE, max_on_s=3600.0)]
    values = {}
    if contact:
        extra.append(sensor("circuit", Role.TABLE_LEVEL))
        values[CONTACT] = 0.0
    if high:
        extra.append(sensor("tank", Role.LEVEL_HIGH))
        values["tank.level_high"] = 0.0
    bench = Bench(one_circuit(extra=extra, **changes), values=values)
    bench.start_batch()
    bench.advance(60)
    return bench


def shoot(bench: Bench, seconds: float = 300.0) -> None:
    answer = bench.ask(RunShot(circuit="circuit", duration_s=seconds, by="grower"))
    assert answer.refused is None, answer


def crash(bench: Bench) -> None:
    shoot(bench)
    bench.advance(100)
    bench.restart(down_s=30)


def test_the_drain_is_closed_while_the_table_floods_and_open_until_it_is_dry() -> None:
    bench = growing()
    shoot(bench)
    bench.advance(200)
    assert not bench.on(DRAIN)
    bench.advance(110)
    assert bench.on(DRAIN)
    bench.advance(600)
    assert not bench.on(DRAIN)


def test_after_a_crash_the_inlet_stays_off_and_the_drain_opens_until_the_table_is_dry() -> None:
    bench = growing()
    crash(bench)
    bench.advance(10)
    assert not bench.on(PUMP)
    assert not bench.on(VALVE)
    assert bench.on(DRAIN)
    assert "table_unknown" in seen(bench).problems
    answer = bench.ask(RunShot(circuit="circuit", duration_s=60))
    assert answer.params["why"] == "draining"
    bench.advance(610)
    assert not bench.on(DRAIN)
    assert "table_drained" in bench.kinds()
    shoot(bench)


@pytest.mark.parametrize(
    ("point", "value"), [("tank.volume", 190.0), ("tank.volume", "x"), ("tank.level_high", 1.0)]
)
def test_the_drain_stays_closed_while_the_reservoir_has_no_room(
    point: str, value: float | str
) -> None:
    bench = growing(high=True)
    shoot(bench)
    bench.advance(100)
    bench.state[PUMP] = bench.state[VALVE] = 0.0
    if isinstance(value, float):
        bench.values[point] = value
    else:
        del bench.values[point]
    bench.restart(down_s=30)
    bench.advance(2 * HOUR)
    assert not bench.on(DRAIN)
    assert "table_unknown" in seen(bench).problems
    assert bench.ask(RunShot(circuit="circuit", duration_s=60)).refused == "shot_not_ready"
    bench.report(point, 100.0 if point == "tank.volume" else 0.0)
    if point != "tank.volume":
        bench.report("tank.volume", 99.0)
    bench.advance(1)
    assert bench.on(DRAIN)
    bench.advance(595)
    assert "table_unknown" in seen(bench).problems, "the time counts from when the drain opened"
    bench.advance(10)
    assert "table_unknown" not in seen(bench).problems


def test_a_table_that_is_still_wet_after_its_time_gets_no_shot() -> None:
    bench = growing(contact=True)
    shoot(bench)
    bench.report(CONTACT, 1.0)
    bench.advance(320)
    assert "drain_blocked" not in bench.kinds()
    bench.advance(650)
    blocked = [e for e in bench.events if e.kind == "drain_blocked"]
    assert [e.severity for e in blocked] == ["p2"]
    assert "drain_blocked" in seen(bench).problems
    assert bench.on(DRAIN), "it is left open for what does run off"
    bench.advance(24 * HOUR)
    assert shots(bench) == 1
    bench.report(CONTACT, 0.0)
    assert "drain_cleared" in bench.kinds()
    assert not bench.on(DRAIN)
    shoot(bench)


def test_a_table_of_which_the_contact_is_lost_gets_no_shot() -> None:
    bench = growing(contact=True)
    bench.report(CONTACT, "unavailable")
    answer = bench.ask(RunShot(circuit="circuit", duration_s=60))
    assert answer.params["why"] == "table_unknown"


def test_an_unknown_table_waits_for_its_contact() -> None:
    bench = growing(contact=True)
    bench.values[CONTACT] = 1.0
    crash(bench)
    bench.advance(2 * HOUR)
    assert "table_unknown" in seen(bench).problems
    bench.report(CONTACT, 0.0)
    assert "table_unknown" not in seen(bench).problems


def test_a_pump_that_could_not_be_stopped_leaves_the_table_unknown() -> None:
    bench = growing()
    shoot(bench)
    bench.advance(30)
    bench.disobeys |= {PUMP, VALVE}
    bench.report(VALVE, 0.0)
    bench.advance(900)
    assert ended(bench)["end"] in ("pump_failed", "valve_failed", "dead_head")


def test_lost_memory_leaves_every_table_unknown() -> None:
    bench = growing()
    bench.boot(lost=True)
    bench.advance(10)
    assert "table_unknown" in seen(bench).problems
    bench.ask(AcceptLoss(mode=Mode.AUTO, checked=frozenset(LossCheck)))
    assert bench.on(DRAIN)
    bench.advance(700)
    assert "table_unknown" not in seen(bench).problems


def test_other_methods_have_no_table() -> None:
    bench = growing(method=Method.DRIP)
    bench.boot(lost=True)
    bench.advance(10)
    assert "table_unknown" not in seen(bench).problems


def test_without_a_drain_valve_the_table_drains_by_itself() -> None:
    farm = one_circuit()
    bench = Bench(replace(farm))
    bench.start_batch()
    bench.advance(60)
    crash(bench)
    bench.advance(10)
    assert "table_unknown" in seen(bench).problems
    bench.advance(610)
    assert "table_unknown" not in seen(bench).problems
