"""A station that is left alone gives light and water as planned, and never against a stop."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from vfarm_core.devices.stations.executor import (
    LATE_S,
    STOP,
    VALVE_S,
    Inputs,
    Phase,
    State,
    advance,
    restart,
)
from vfarm_core.farm.ahead import (
    CircuitAhead,
    CycleAhead,
    GivenEnd,
    LampSpan,
    ShotAhead,
    StationPlan,
)
from vfarm_core.farm.codec import decode, encode

T = 1_000_000.0
PUMP, VALVE_1, VALVE_2, LAMP, AIR = "pump", "valve_1", "valve_2", "lamp", "air"


def circuit(n: int, **changes: Any) -> CircuitAhead:
    values: dict[str, Any] = {
        "id": f"circuit_{n}",
        "pumps": (PUMP,),
        "valves": (f"valve_{n}",),
        "flow_l_min": 10.0,
        "drain_s": 600.0,
        "leak": ("leak",),
        "dry": ("low",),
    }
    return CircuitAhead(**{**values, **changes})


def shot(at: float, n: int = 1, seconds: float = 300.0) -> ShotAhead:
    return ShotAhead(
        id=f"circuit_{n}-{at:g}",
        circuit=f"circuit_{n}",
        at=T + at,
        seconds=seconds,
        litres=seconds / 6,
    )


def plan(*shots: ShotAhead, **changes: Any) -> StationPlan:
    values: dict[str, Any] = {
        "farm": "farm",
        "station": "node",
        "made_at": T,
        "valid_until": T + 48 * 3600,
        "points": (PUMP, VALVE_1, VALVE_2, LAMP, AIR),
        "safe_on": (AIR,),
        "circuits": (circuit(1), circuit(2)),
        "shots": shots,
        "lamps": (LampSpan(point=LAMP, start=T - 3600, end=T + 7200, output=0.6),),
    }
    return StationPlan(**{**values, **changes})


@dataclass
class Node:
    """A station on the bench: it comes when it is due, and what it drove is written down."""

    state: State = field(default_factory=lambda: State(farm="farm", station="node", heard_at=T))
    now: float = T
    outputs: dict[str, float] = field(default_factory=dict)
    seen: list[tuple[float, str, float]] = field(default_factory=list)
    tripped: frozenset[str] = frozenset()
    hot: bool = False
    due: float = T

    def give(self, **given: Any) -> None:
        done = advance(self.state, self.now, Inputs(tripped=self.tripped, hot=self.hot, **given))
        self.state, self.due = done.state, done.due
        for point, value in done.outputs.items():
            if self.outputs.get(point, 0.0) != value:
                self.seen.append((self.now - T, point, value))
            self.outputs[point] = value

    def until(self, seconds: float) -> None:
        end = T + seconds
        while self.due <= end:
            self.now = max(self.now, self.due)
            self.give()
        self.now = end
        self.give()

    def follow(self, seconds: float) -> None:
        """The controller is there."""
        while self.now < T + seconds:
            self.until(min(self.now + 15 - T, seconds))
            self.give(heartbeat=True)

    def on(self, point: str) -> list[tuple[float, float]]:
        return [(at, value) for at, p, value in self.seen if p == point]


def left_alone(*shots: ShotAhead, **changes: Any) -> Node:
    node = Node()
    node.give(heartbeat=True, plan=plan(*shots, **changes))
    return node


def test_while_the_heartbeat_comes_the_controller_commands() -> None:
    node = left_alone(shot(30))
    node.follow(600)
    assert node.state.phase is Phase.FOLLOWING
    assert not node.outputs


def test_a_shot_is_given_valve_before_pump_and_pump_before_valve() -> None:
    node = left_alone(shot(1000))
    node.until(3000)
    assert node.on(VALVE_1) == [(1000, 1.0), (1000 + 300 + 2 * VALVE_S, 0.0)]
    assert node.on(PUMP) == [(1000 + VALVE_S, 1.0), (1300 + VALVE_S, 0.0)]
    assert node.on(LAMP) == [(60, 0.6)]
    assert node.on(AIR) == [(60, 1.0)]
    (given,) = node.state.water
    assert (given.seconds, given.ended, given.shot) == (300.0, GivenEnd.DONE, "circuit_1-1000")


def test_two_circuits_take_turns_at_their_pump() -> None:
    node = left_alone(shot(1000), shot(1000, 2))
    node.until(3000)
    (on_1, off_1), (on_2, _) = node.on(VALVE_1), node.on(VALVE_2)
    assert on_1[0] == 1000
    assert on_2[0] >= off_1[0]
    assert [g.seconds for g in node.state.water] == [300.0, 300.0]


def test_a_circuit_drains_before_its_next_shot() -> None:
    node = left_alone(shot(1000), shot(1100))
    node.until(4000)
    starts = [at for at, value in node.on(VALVE_1) if value]
    assert starts == [1000, 1000 + VALVE_S + 300 + 600]


def test_a_shot_of_the_controller_is_not_given_again() -> None:
    node = left_alone(shot(20))
    node.follow(15)
    node.now = T + 25
    node.give(on=frozenset({VALVE_1, PUMP}))
    node.until(3000)
    assert not node.on(PUMP)


def test_a_shot_that_the_controller_did_not_live_to_give_is_given() -> None:
    node = left_alone(shot(10))
    node.until(3000)
    assert node.on(PUMP)[0] == (60 + VALVE_S, 1.0)


def test_a_shot_that_is_too_late_is_let_go() -> None:
    node = left_alone(shot(100))
    node.tripped = frozenset({"low"})
    node.until(100 + LATE_S)
    node.tripped = frozenset()
    node.until(100 + LATE_S + 1000)
    assert not node.on(PUMP)


def test_a_dry_tank_ends_a_shot_at_once_and_latches_nothing() -> None:
    node = left_alone(shot(1000), shot(2000))
    node.until(1100)
    node.tripped = frozenset({"low"})
    node.give()
    assert not node.outputs[PUMP]
    assert not node.outputs[VALVE_1]
    node.tripped = frozenset()
    node.until(2500)
    assert [g.ended for g in node.state.water] == [GivenEnd.DRY, GivenEnd.DONE]
    assert node.state.water[0].seconds == pytest.approx(98.0)


def test_a_leak_takes_the_water_out_of_the_plan_until_a_person_releases_it() -> None:
    node = left_alone(shot(1000), shot(2000))
    node.until(1100)
    node.tripped = frozenset({"leak"})
    node.give()
    assert not node.outputs[PUMP]
    assert node.outputs[LAMP] == 0.6
    node.give(release=True)
    assert node.state.latched == {"leak"}, "a leak that stands is not released"
    node.tripped = frozenset()
    node.until(2100)
    assert not node.outputs[PUMP]
    assert [g.ended for g in node.state.water] == [GivenEnd.LEAK]
    node.give(release=True)
    node.give()
    assert node.outputs[VALVE_1]


def test_a_leak_keeps_its_valves_closed_while_the_controller_commands_too() -> None:
    node = left_alone()
    node.tripped = frozenset({"leak"})
    node.give(heartbeat=True)
    assert node.outputs == {PUMP: 0.0, VALVE_1: 0.0, VALVE_2: 0.0}


def test_an_emergency_stop_latches_and_drops_the_plan() -> None:
    node = left_alone(shot(1000))
    node.until(1100)
    node.give(stop=True)
    assert not any(node.outputs.values())
    node.state = restart(decode(State, encode(node.state)), node.now)
    node.until(1200)
    assert not any(node.outputs.values())
    node.give(plan=plan(shot(1300), made_at=T + 1200))
    node.until(1400)
    assert not any(node.outputs.values())
    node.give(release=True)
    node.until(2000)
    assert not any(node.outputs.values()), "a release starts nothing"
    assert node.state.latched == frozenset()
    node.give(plan=plan(shot(2500), made_at=T + 2000))
    node.until(2600)
    assert node.outputs[PUMP]


def test_a_stop_acts_while_the_controller_commands_too() -> None:
    node = left_alone()
    node.give(heartbeat=True, stop=True)
    assert node.outputs == dict.fromkeys((PUMP, VALVE_1, VALVE_2, LAMP, AIR), 0.0)
    assert STOP in node.state.latched


def test_after_its_plan_is_over_a_station_is_in_its_safe_state() -> None:
    node = left_alone(shot(1000), valid_until=T + 1100)
    node.until(1200)
    assert node.outputs == {PUMP: 0.0, VALVE_1: 0.0, VALVE_2: 0.0, LAMP: 0.0, AIR: 1.0}
    assert node.state.water[0].ended is GivenEnd.EXPIRED


def test_water_that_must_never_stop_runs_beyond_the_plan_but_not_against_a_leak() -> None:
    film = circuit(1, keeps_on=True)
    node = left_alone(
        circuits=(film,),
        cycles=(CycleAhead(circuit="circuit_1", start=T, end=T + 48 * 3600, on_s=86400, off_s=0),),
        safe_on=(PUMP, VALVE_1),
        valid_until=T + 1000,
    )
    node.until(2000)
    assert (node.outputs[PUMP], node.outputs[VALVE_1]) == (1.0, 1.0)
    node.tripped = frozenset({"leak"})
    node.give()
    assert (node.outputs[PUMP], node.outputs[VALVE_1]) == (0.0, 0.0)


def test_mist_comes_in_its_cycle_and_is_counted() -> None:
    node = left_alone(
        cycles=(CycleAhead(circuit="circuit_1", start=T, end=T + 9000, on_s=10, off_s=290),)
    )
    node.until(60 + 3000)
    assert node.on(PUMP)[:3] == [(300, 1.0), (310, 0.0), (600, 1.0)]
    node.give(heartbeat=True)
    (report,) = node.state.reports
    assert (report.water[0].seconds, report.water[0].ended) == (100.0, GivenEnd.HANDED_BACK)


def test_a_thermostat_over_the_lamps_darkens_them() -> None:
    node = left_alone()
    node.until(600)
    node.hot = True
    node.give()
    assert node.outputs[LAMP] == 0.0
    assert [(g.end - g.start, g.output) for g in node.state.light] == [(540.0, 0.6)]


def test_control_is_handed_back_when_what_was_given_is_taken_over() -> None:
    node = left_alone(shot(1000), shot(5000))
    node.until(1100)
    node.give(heartbeat=True)
    assert node.state.phase is Phase.HANDING
    assert node.outputs[PUMP], "what runs is finished"
    assert not node.state.reports
    node.follow(1350)
    (report,) = node.state.reports
    assert (report.number, report.since - T, report.heard_again - T) == (1, 60, 1100)
    assert [(g.seconds, g.ended) for g in report.water] == [(300.0, GivenEnd.DONE)]
    assert [(g.start - T, g.end - T) for g in report.light] == [(60, 1100)]
    node.give(heartbeat=True, taken=1)
    assert node.state.phase is Phase.FOLLOWING
    assert not node.state.reports


def test_while_it_hands_back_a_station_starts_no_water() -> None:
    node = left_alone(shot(1000))
    node.until(900)
    node.follow(1200)
    assert not node.on(PUMP)
    assert node.outputs[LAMP] == 0.6


def test_a_report_that_nobody_took_over_is_told_before_the_next_one() -> None:
    node = left_alone(shot(1000), shot(5000))
    node.until(2000)
    node.give(heartbeat=True)
    node.until(6000)
    assert node.state.phase is Phase.ALONE
    node.give(heartbeat=True)
    assert [r.number for r in node.state.reports] == [1, 2]
    assert [len(r.water) for r in node.state.reports] == [1, 1]
    node.give(heartbeat=True, taken=1)
    assert node.state.phase is Phase.HANDING
    node.give(heartbeat=True, taken=2)
    assert node.state.phase is Phase.FOLLOWING


def test_a_plan_for_another_station_or_an_older_one_is_not_taken() -> None:
    node = left_alone(shot(1000))
    held = node.state.plan
    node.give(heartbeat=True, plan=plan(station="other"))
    node.give(heartbeat=True, plan=plan(made_at=T - 1))
    assert node.state.plan == held


def test_after_a_power_cut_a_shot_counts_in_full_and_is_not_given_again() -> None:
    node = left_alone(shot(1000))
    node.until(1100)
    node.state = restart(decode(State, encode(node.state)), T + 1150)
    node.outputs.clear()
    node.now = T + 1150
    node.until(2000)
    assert [(g.seconds, g.ended) for g in node.state.water] == [(300.0, GivenEnd.STOP)]
    assert not node.outputs[PUMP]


def test_a_station_without_a_plan_drives_nothing() -> None:
    node = Node()
    node.give()
    node.until(1000)
    assert node.state.phase is Phase.ALONE
    assert not node.outputs


def test_a_state_is_read_back_as_it_was() -> None:
    node = left_alone(shot(1000))
    node.until(1100)
    assert decode(State, encode(node.state)) == replace(node.state)
