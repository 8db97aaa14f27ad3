"""Channels share the light of a recipe; far-red ends the day without ending the night."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.control.test_lamps import HOUR, fixture, level, recipe_with, with_level
from tests.core.support import BENCH, Bench, actuator, bench_farm
from vfarm_core.control.reasons import TEXTS
from vfarm_core.farm.bindings import Danger
from vfarm_core.farm.nodes import Supply
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import Channel, DayLength, FarRed

WHITE = "level_1.grow_light"
RED = "level_1.grow_light_red"
BLUE = "level_1.grow_light_blue"
FAR_RED = "level_1.grow_light_far_red"
PLAN = {"channels": {Channel.WHITE: 0.5, Channel.RED: 0.4, Channel.BLUE: 0.1}}
CHANNELS = {"white_ppfd": 200.0, "red_ppfd": 150.0, "blue_ppfd": 50.0, "far_red_pfd": 40.0}
PULSE = FarRed(minutes=30, pfd=20.0, provenance=BENCH)


def lamps(*roles: Role) -> list[Any]:
    return [actuator("level_1", role, danger=Danger.NEITHER, max_on_s=None) for role in roles]


def grown(
    *roles: Role, plan: dict[str, Any], rated: bool = True, hours: float = 2.0, **recipe: Any
) -> Bench:
    lamp = fixture(**CHANNELS) if rated else fixture()
    bench = Bench(with_level(bench_farm(extra=lamps(*roles)), fixture=lamp))
    bench.report("zone.air_temperature", 24.0)
    bench.start_batch(recipe=recipe_with(plan, **recipe))
    bench.advance(hours * HOUR)
    return bench


def outputs(bench: Bench) -> dict[str, float]:
    return {key: bench.state[key] or 0.0 for key in (WHITE, RED, BLUE) if key in bench.state}


def test_each_channel_gives_its_share_of_the_light() -> None:
    bench = grown(Role.GROW_LIGHT_RED, Role.GROW_LIGHT_BLUE, plan=PLAN)
    # 200 µmol/m²/s: 100 white, 80 red, 20 blue.
    assert outputs(bench) == pytest.approx({WHITE: 0.5, RED: 80 / 150, BLUE: 0.4}, abs=0.02)
    assert level(bench).ppfd == pytest.approx(200, abs=4)
    bench.advance(16 * HOUR)
    assert level(bench).dli == pytest.approx(11.52, rel=0.02)


def test_without_shares_all_channels_give_the_same() -> None:
    bench = grown(Role.GROW_LIGHT_RED, Role.GROW_LIGHT_BLUE, plan={})
    assert outputs(bench) == pytest.approx({WHITE: 0.5, RED: 0.5, BLUE: 0.5}, abs=0.02)


def test_a_channel_that_is_not_bound_is_shown_and_its_share_goes_to_the_others() -> None:
    bench = grown(Role.GROW_LIGHT_RED, plan={**PLAN, "far_red": PULSE})
    # 200 in the ratio of 5 to 4.
    assert outputs(bench) == pytest.approx({WHITE: 111 / 250, RED: 89 / 150}, abs=0.03)
    assert set(level(bench).notes) == {"no_channel_blue", "no_channel_far_red"}
    assert not level(bench).problems


def test_the_integral_comes_before_the_spectrum() -> None:
    most = {"channels": {Channel.RED: 0.95, Channel.BLUE: 0.05}}
    bench = grown(Role.GROW_LIGHT_RED, Role.GROW_LIGHT_BLUE, plan=most)
    assert bench.state[RED] == pytest.approx(1.0)
    assert level(bench).ppfd == pytest.approx(200, abs=6)


def test_one_lamp_for_all_has_its_own_spectrum() -> None:
    bench = grown(plan=PLAN)
    assert outputs(bench) == pytest.approx({WHITE: 0.5}, abs=0.02)
    assert set(level(bench).notes) == {"no_channel_blue", "no_channel_red"}


def test_channels_that_nobody_has_rated_share_the_lamp_in_equal_parts() -> None:
    bench = grown(Role.GROW_LIGHT_RED, plan=PLAN, rated=False)
    assert outputs(bench) == pytest.approx({WHITE: 111 / 200, RED: 89 / 200}, abs=0.03)
    assert level(bench).ppfd == pytest.approx(200, abs=6)


class TestFarRed:
    def test_is_given_from_lights_off_for_its_minutes(self) -> None:
        bench = grown(Role.GROW_LIGHT_FAR_RED, plan={"far_red": PULSE}, hours=17)
        assert not bench.on(WHITE)
        assert bench.state[FAR_RED] == pytest.approx(0.5)
        bench.advance(29 * 60)
        assert bench.on(FAR_RED)
        bench.advance(120)
        assert not bench.on(FAR_RED)
        bench.advance(23 * HOUR)
        assert len([v for v in bench.commands(FAR_RED) if v]) == 1

    def test_is_no_light_that_plants_count(self) -> None:
        bench = grown(Role.GROW_LIGHT_FAR_RED, plan={"far_red": PULSE}, hours=17)
        before = level(bench).dli
        bench.advance(20 * 60)
        assert (level(bench).ppfd, level(bench).dli) == (0, before)

    def test_does_not_disturb_the_guard_of_the_dark(self) -> None:
        bench = grown(
            Role.GROW_LIGHT_FAR_RED,
            plan={"far_red": PULSE},
            hours=24,
            day_length=DayLength.SHORT_DAY,
        )
        assert "light_in_dark" not in bench.kinds()

    def test_may_be_a_share_of_the_channel(self) -> None:
        pulse = FarRed(minutes=10, share=0.8, provenance=BENCH)
        bench = grown(Role.GROW_LIGHT_FAR_RED, plan={"far_red": pulse}, rated=False, hours=17)
        assert bench.state[FAR_RED] == pytest.approx(0.8)
        assert level(bench).notes == ()

    def test_of_an_unrated_channel_is_not_guessed(self) -> None:
        bench = grown(Role.GROW_LIGHT_FAR_RED, plan={"far_red": PULSE}, rated=False, hours=17)
        assert not bench.on(FAR_RED)
        assert level(bench).notes == ("far_red_unrated",)

    def test_that_is_too_weak_gives_what_it_can(self) -> None:
        pulse = replace(PULSE, pfd=80.0)
        bench = grown(Role.GROW_LIGHT_FAR_RED, plan={"far_red": pulse}, hours=17)
        assert bench.state[FAR_RED] == 1.0
        assert level(bench).notes == ("far_red_weak",)

    def test_is_shed_in_the_heat(self) -> None:
        bench = grown(Role.GROW_LIGHT_FAR_RED, plan={"far_red": PULSE}, hours=17)
        bench.report("zone.air_temperature", 45.0)
        assert not bench.on(FAR_RED)
        assert level(bench).actuators[-1].code == "far_red_shed"

    def test_stays_off_without_a_batch(self) -> None:
        bench = Bench(bench_farm(extra=lamps(Role.GROW_LIGHT_FAR_RED)))
        bench.advance(HOUR)
        assert level(bench).actuators[-1].code == "no_batch"
        assert TEXTS["far_red_off"]

    def test_without_a_plan_is_never_given(self) -> None:
        bench = grown(Role.GROW_LIGHT_FAR_RED, plan={}, hours=17.1)
        assert not bench.on(FAR_RED)

    def test_is_not_known_after_memory_was_lost(self) -> None:
        bench = Bench(bench_farm(extra=lamps(Role.GROW_LIGHT_FAR_RED)))
        bench.state[FAR_RED] = 1.0
        bench.boot(lost=True)
        assert bench.on(FAR_RED)


def test_a_supply_counts_every_channel() -> None:
    lamp = fixture(**CHANNELS)
    farm = with_level(
        bench_farm(extra=lamps(Role.GROW_LIGHT_RED, Role.GROW_LIGHT_FAR_RED)), fixture=lamp
    )
    supply = Supply(id="supply", name="Supply", limit_kw=0.05, levels=("level_1",))
    bench = Bench(replace(farm, supplies=(supply,)))
    bench.report("zone.air_temperature", 24.0)
    pulse = FarRed(minutes=30, share=1.0, provenance=BENCH)
    bench.start_batch(recipe=recipe_with({**PLAN, "far_red": pulse}))
    bench.advance(3 * HOUR)
    # 180 W by the light that white (250) and red (150) give at full output.
    watts = (bench.state[WHITE] or 0) * 112.5 + (bench.state[RED] or 0) * 67.5
    assert watts <= 50
    assert "supply_limit" in level(bench).problems
    bench.advance(14.2 * HOUR)
    assert (bench.state[FAR_RED] or 0) * 90 <= 50
