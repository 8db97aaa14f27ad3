"""What a dose waits for: its pump's rest, cap and master, stocks that nobody knows, parts that are
taken away, and what a person is told who asks for one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import bench_recipe, setpoint
from tests.core.tank import DOWN, EC, MIXER, PH, PUMPS, UP, A, B, Tank, tank_farm, tank_recipe
from vfarm_core.control import safety
from vfarm_core.control.draft import Draft
from vfarm_core.control.inputs import (
    Cause,
    Report,
    RunDose,
    SetMode,
    Shutdown,
)
from vfarm_core.control.intents import Intent
from vfarm_core.control.reasons import Reason
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.overrides import Mode
from vfarm_core.farm.roles import NUTRIENTS
from vfarm_core.recipes.model import SolutionQuantity

HOUR, DAY = 3600.0, 86400.0


def changed(
    farm: Farm, *points: str, declared: dict[str, Any] | None = None, **dosing: Any
) -> Farm:
    """A farm with other declarations, or other limits, of some pumps."""
    found = []
    for b in farm.bindings:
        if b.id in points and b.declaration is not None and b.declaration.dosing is not None:
            limits = replace(b.declaration.dosing, **dosing)
            b = replace(b, declaration=replace(b.declaration, dosing=limits, **(declared or {})))
        found.append(b)
    return replace(farm, bindings=tuple(found))


def without(tank: Tank, *points: str) -> None:
    """Pumps are unbound while the farm runs."""
    bindings = tuple(b for b in tank.farm.bindings if b.id not in points)
    tank.farm = replace(tank.farm, bindings=bindings)
    tank.runtime.replace_farm(tank.farm)
    tank.settle()


def by_hand(tank: Tank, point: str, value: float) -> None:
    """A person switches a pump."""
    tank.state[point] = value
    if value:
        tank.on_at[point] = tank.clock.farm
    else:
        tank.flow_until_now()
        tank.on_at.pop(point, None)
    tank.runtime.feed(Report(point, value, None, tank.clock.farm, Cause.PERSON))
    tank.settle()


@pytest.fixture
def tank() -> Tank:
    return Tank().ready()


# -- the pump -----------------------------------------------------------------------------------


def test_a_pump_that_a_person_has_taken_over_does_not_dose() -> None:
    farm = replace(tank_farm(), takeover_min=240.0)
    tank = Tank(farm).ready()
    by_hand(tank, A, 1.0)
    tank.advance(2, sensors=False)
    by_hand(tank, A, 0.0)
    tank.advance(HOUR)
    tank.show(EC, 1.2)
    tank.advance(60)
    assert tank.why == "takeover"
    assert len(tank.ended()) == 0
    tank.advance(4 * HOUR)
    assert tank.ended()[0]["point"] == A


def test_a_pump_rests_as_long_as_it_is_declared_to() -> None:
    farm = changed(tank_farm(), A, B, declared={"min_off_s": 3 * HOUR})
    tank = Tank(farm).ready()
    tank.show(EC, 1.0)
    tank.advance(HOUR)
    assert tank.why == "min_off", "nor is it known how long it has been off at a start"
    assert "dose_started" not in tank.kinds()
    tank.advance(3 * HOUR)
    assert [e["point"] for e in tank.ended()] == [A, B]
    assert tank.why == "min_off"
    tank.advance(2 * HOUR)
    assert [e["point"] for e in tank.ended()][:3] == [A, B, A]


def test_a_pump_that_was_on_for_all_of_its_day_waits_for_the_next_one() -> None:
    farm = changed(tank_farm(), A, B, declared={"daily_cap_s": 15.0})
    tank = Tank(farm).ready()
    tank.show(EC, 0.8)
    tank.advance(5 * HOUR)
    assert tank.why == "daily_cap"
    used = tank.given[A]
    tank.advance(10 * HOUR)
    assert tank.given[A] == used
    tank.advance(12 * HOUR)
    assert tank.given[A] > used


def test_a_pump_that_nobody_can_see_does_not_dose(tank: Tank) -> None:
    tank.disobeys.add(A)
    tank.state[A] = None
    tank.report(A, "unavailable")
    tank.show(EC, 1.2)
    tank.advance(HOUR)
    assert tank.why == "dose_pump_unknown"
    assert not tank.given


def test_a_pump_that_is_lost_as_it_is_asked_for_ends_the_dose(tank: Tank) -> None:
    tank.disobeys.add(A)
    tank.show(EC, 1.2)
    tank.report(A, "unavailable")
    tank.advance(60)
    assert tank.ended()[-1]["end"] == "pump_failed"


def test_a_dose_that_safety_withholds_does_not_wait_to_begin(
    tank: Tank, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow = safety._allow_on

    def never(d: Draft, binding: Binding, *rest: Any) -> Intent:
        if binding.id == A:
            return Intent(0.0, Reason("min_off", {"limit": 9}))
        return allow(d, binding, *rest)

    monkeypatch.setattr(safety, "_allow_on", never)
    tank.show(EC, 1.2)
    assert not tank.on(A)
    tank.advance(5, sensors=False)
    assert tank.ended()[0]["end"] == "stopped"
    assert not tank.given


def test_an_orderly_end_of_the_process_ends_the_dose(tank: Tank) -> None:
    tank.show(EC, 1.2)
    assert tank.on(A)
    tank.ask(Shutdown())
    assert not tank.on(A)
    tank.advance(5)
    assert tank.ended()[-1]["end"] == "shutdown"


# -- the parts of a feed ------------------------------------------------------------------------


def test_a_part_that_is_kept_waiting_for_too_long_is_not_made_up_for(tank: Tank) -> None:
    tank.show(EC, 1.2)
    tank.advance(120)
    by_hand(tank, B, 1.0)
    by_hand(tank, B, 0.0)
    assert not tank.tank.feed, "a hand in the tank ends the feed"
    tank.advance(40 * 60)
    assert B not in {e["point"] for e in tank.ended()}


def test_the_next_part_waits_for_its_own_cap() -> None:
    limit = {"max_dose_ml": 60.0, "max_hour_ml": 60.0, "max_day_ml": 60.0}
    tank = Tank(changed(tank_farm(), B, **limit)).ready()
    assert tank.ask(RunDose(point=B, ml=50.0)).refused is None
    tank.advance(HOUR)
    tank.show(EC, 1.2)
    for _ in range(3):
        tank.advance(HOUR)
        tank.values[EC] = 1.2
    assert tank.given[B] <= 60.1
    assert tank.why in ("dose_cap_day", "dose_mixing", "dose_ineffective")


def test_a_next_part_whose_pump_was_removed_is_dropped(tank: Tank) -> None:
    tank.show(EC, 1.2)
    tank.advance(120)
    assert [point for point, _ in tank.tank.feed] == [B]
    without(tank, B)
    tank.advance(HOUR)
    assert any(e.kind == "feed_dropped" for e in tank.events)


# -- stocks that nobody knows -------------------------------------------------------------------


def test_a_stock_that_nobody_knows_and_that_does_nothing_is_tried_in_larger_doses_and_no_more() -> (
    None
):
    tank = Tank(changed(tank_farm(), A, B, effect_per_ml_l=None)).ready()
    tank.empty |= {A, B}
    tank.show(EC, 1.0)
    tank.advance(30 * HOUR)
    doses = [e["delivered_ml"] for e in tank.ended() if e["point"] == A]
    assert doses[0] == pytest.approx(15.0, abs=0.1), "0.1 mL a litre"
    assert doses[1] == pytest.approx(30.0, abs=0.1), "twice as much"
    assert max(doses) <= 60.0
    assert tank.why in ("dose_ineffective", "dose_cap_day")


def test_an_acid_that_nobody_knows_is_learned(tank: Tank) -> None:
    tank = Tank(changed(tank_farm(), DOWN, UP, effect_per_ml_l=None)).ready()
    tank.show(PH, 6.5)
    tank.advance(6 * HOUR)
    known = tank.tank.dosers[DOWN]
    assert known.effect == pytest.approx(20.0, rel=0.3)
    assert known.effect_base == pytest.approx(20.0, rel=0.1)


def test_what_a_removed_pump_has_given_teaches_nothing(tank: Tank) -> None:
    tank.show(EC, 1.2)
    tank.advance(600)
    assert tank.tank.trials
    without(tank, A)
    tank.advance(HOUR)
    tried = [point for t in tank.tank.trials.values() for point, _ in t.doses]
    assert A not in tried
    assert tank.tank.dosers[A].effect is None


def test_a_part_that_is_removed_before_it_is_judged_is_not_learned(tank: Tank) -> None:
    tank.show(EC, 1.2)
    tank.advance(30 * 60)
    without(tank, B)
    tank.advance(2 * HOUR)
    assert tank.tank.dosers[A].effect is not None
    assert tank.tank.dosers[B].effect is None


def test_a_test_of_parts_of_which_one_is_removed_goes_on_with_the_other() -> None:
    tank = Tank(changed(tank_farm(), A, B, effect_per_ml_l=None)).ready()
    tank.empty |= {A, B}
    tank.show(EC, 1.2)
    tank.advance(30 * 60)
    without(tank, B)
    tank.advance(HOUR)
    assert tank.tank.dosers[A].test_ml in (30.0, 60.0)
    assert tank.tank.dosers[B].test_ml is None


def test_a_stock_too_strong_for_its_pump_doses_nothing() -> None:
    farm = changed(tank_farm(), A, B, effect_per_ml_l=60.0)
    tank = Tank(farm).ready()
    tank.show(EC, 1.2)
    tank.advance(2 * HOUR)
    assert not tank.given, "the least that a pump can give is more than the whole gap"
    assert tank.why == "dose_in_band"


# -- what there is to dose ----------------------------------------------------------------------


def test_a_recipe_without_an_ec_is_dosed_by_its_ph_alone() -> None:
    phases = tuple(
        replace(p, solution={SolutionQuantity.PH: setpoint(5.8, 5.8, 0.4, 0.8)})
        for p in tank_recipe().phases
    )
    recipe = bench_recipe(phases=phases, ec_includes_source_water=True)
    tank = Tank().ready(recipe=recipe)
    tank.show(EC, 0.9)
    tank.show(PH, 6.4)
    tank.advance(HOUR)
    assert set(tank.given) == {DOWN}


def test_a_tank_that_is_filled_and_never_dosed_waits_for_no_probe() -> None:
    farm = tank_farm()
    farm = replace(farm, bindings=tuple(b for b in farm.bindings if b.id not in PUMPS))
    tank = Tank(farm)
    tank.start_batch(recipe=tank_recipe())
    tank.advance(2 * HOUR)
    assert tank.why == ""
    assert tank.tank.dose is None


# -- what a person is told who asks for a dose --------------------------------------------------


def say(tank: Tank, code: str, point: str = DOWN) -> None:
    """A dose that is asked for is refused with these words."""
    answer = tank.ask(RunDose(point=point, ml=1.0))
    assert answer.refused == "dose_not_ready"
    words = Reason(code).text.split("{")[0].split(":")[0][:14]
    assert str(answer.params["why"]).startswith(words)


def test_a_second_dose_is_refused_in_the_middle_of_one(tank: Tank) -> None:
    assert tank.ask(RunDose(point=A, ml=20.0)).refused is None
    answer = tank.ask(RunDose(point=DOWN, ml=1.0))
    assert answer.refused == "dose_not_ready"
    assert "20" in answer.params["why"]


def test_what_holds_for_vfarm_holds_for_a_person(tank: Tank) -> None:
    by_hand(tank, UP, 1.0)
    say(tank, "dose_by_hand", A)
    by_hand(tank, UP, 0.0)
    tank.ask(SetMode(mode=Mode.HOLD))
    say(tank, "hold")
    tank.ask(SetMode(mode=Mode.AUTO))
    tank.advance(HOUR)
    tank.disobeys.add(MIXER)
    tank.report(MIXER, 0.0)
    say(tank, "dose_no_circulation")


def test_a_person_gives_no_acid_to_plain_water() -> None:
    tank = Tank()
    tank.values[EC] = 0.1
    tank.ready(recipe=tank_recipe(ec=0.1))
    answer = tank.ask(RunDose(point=DOWN, ml=1.0))
    assert answer.refused == "dose_not_ready"
    assert "0.1" in answer.params["why"]


def test_a_person_is_told_of_an_inhibit_and_of_a_cap() -> None:
    limit = {"max_dose_ml": 60.0, "max_hour_ml": 60.0, "max_day_ml": 60.0}
    tank = Tank(changed(tank_farm(), A, **limit)).ready()
    assert tank.ask(RunDose(point=A, ml=59.5)).refused is None
    tank.values[EC] = 1.6
    tank.advance(HOUR)
    answer = tank.ask(RunDose(point=A, ml=5.0))
    assert answer.refused == "dose_not_ready"
    assert "60" in answer.params["why"]


def test_a_person_is_told_what_waits_for_another(tank: Tank) -> None:
    tank.empty |= {A, B}
    tank.show(EC, 1.0)
    tank.advance(10 * HOUR)
    assert tank.why == "dose_ineffective"
    say(tank, "dose_ineffective", A)
    assert {b.role for b in tank.farm.bindings if b.id in (A, B)} <= set(NUTRIENTS)
