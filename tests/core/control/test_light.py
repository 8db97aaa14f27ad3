"""The light of a level follows its planned day and brings the light integral home."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import START, Bench, bench_farm, bench_phase, bench_recipe, sensor
from vfarm_core.control.inputs import ClearOverride, SetMode, SetOverride
from vfarm_core.control.safety import in_steps
from vfarm_core.control.snapshot import LevelSnapshot, ZoneSnapshot
from vfarm_core.farm.overrides import Mode, Override, Quantity
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import PhaseKind

HOUR = 3600.0
LAMP = "level_1.grow_light"


def level(bench: Bench, key: str = "level_1") -> LevelSnapshot:
    found = bench.runtime.snapshots[key]
    assert isinstance(found, LevelSnapshot)
    return found


def test_lamps_follow_the_photoperiod(bench: Bench) -> None:
    bench.start_batch()
    assert not bench.on(LAMP)
    bench.advance(HOUR - 1)
    assert not bench.on(LAMP)
    bench.advance(2)
    assert bench.on(LAMP)
    bench.advance(16 * HOUR - 10)
    assert bench.on(LAMP)
    bench.advance(20)
    assert not bench.on(LAMP)
    bench.advance(8 * HOUR)
    assert bench.on(LAMP)


def test_a_level_without_a_batch_stays_dark(bench: Bench) -> None:
    bench.start_batch(["level_1"])
    bench.advance(2 * HOUR)
    assert bench.on(LAMP)
    assert not bench.on("level_2.grow_light")
    assert level(bench, "level_2").batch is None


def test_the_day_ends_with_the_planned_integral(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(18 * HOUR)
    assert level(bench).dli == pytest.approx(11.52, rel=0.01)
    assert level(bench).dli_target == 11.5


def test_lost_light_is_caught_up_within_what_the_plants_take(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.disobeys.add(LAMP)
    bench.report(LAMP, 0.0)
    bench.advance(2 * HOUR)
    bench.disobeys.clear()
    # Three commands went unheard: a person looks and clears the latch.
    from vfarm_core.control.inputs import ClearLatch

    assert bench.ask(ClearLatch(point=LAMP)).refused is None
    bench.advance(HOUR)
    assert level(bench).ppfd == pytest.approx(231, abs=10)
    assert level(bench).ppfd is not None
    assert (level(bench).ppfd or 0) <= 260
    bench.advance(13 * HOUR)
    assert level(bench).dli == pytest.approx(11.52, rel=0.02)


def test_a_measured_ppfd_is_believed_over_the_model() -> None:
    farm = bench_farm(extra=[sensor("level_1", Role.PPFD)])
    bench = Bench(farm, values={"level_1.ppfd": 0.0})
    bench.start_batch()
    bench.advance(HOUR + 1)
    # The lamps have aged: half of what the fixture promises arrives.
    bench.report("level_1.ppfd", 100.0)
    bench.advance(8 * HOUR)
    assert not level(bench).ppfd_modelled
    assert bench.state[LAMP] == pytest.approx(260 / 400, abs=0.03)


def test_dawn_and_dusk_ramp_within_the_photoperiod() -> None:
    plan = bench_phase("young", PhaseKind.PROPAGATION)
    ramped = replace(plan, light=replace(plan.light, ramp_min=60))
    bench = Bench(bench_farm())
    bench.start_batch(recipe=bench_recipe(phases=(ramped,)))
    bench.advance(HOUR + 15 * 60)
    early = bench.state[LAMP] or 0
    bench.advance(HOUR)
    full = bench.state[LAMP] or 0
    assert 0 < early < 0.5 * full
    bench.advance(14 * HOUR + 30 * 60)
    assert 0 < (bench.state[LAMP] or 0) < 0.6 * full
    bench.advance(HOUR)
    assert bench.state[LAMP] == 0
    assert level(bench).dli == pytest.approx(11.52, rel=0.02)


def test_monitor_mode_switches_nothing_off_in_heat_and_tells_a_person(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    normal = bench.state[LAMP]
    bench.ask(SetMode(mode=Mode.MONITOR))
    bench.report("zone.air_temperature", 30.1)
    assert bench.state[LAMP] == normal, "nothing is sent"
    told = [e for e in bench.events if e.kind == "would_protect"]
    assert {e.params["point"]: e.params["value"] for e in told}[LAMP] == 0
    assert {e.severity.value for e in told} == {"p2"}
    assert "not_protected" in level(bench).problems
    assert level(bench).status.value == "critical"
    assert "light_shed" not in level(bench).problems, "it was not"
    zone = bench.runtime.snapshots["zone"]
    assert isinstance(zone, ZoneSnapshot)
    assert "too_warm_told" in zone.problems
    assert not {"too_warm", "too_warm_off"} & set(zone.problems)

    bench.report("zone.air_temperature", 30.2)
    again = [e for e in bench.events if e.kind == "would_protect" and e.params["point"] == LAMP]
    assert len(again) == 1, "once is enough"
    bench.report(LAMP, 0.0)
    assert "not_protected" not in level(bench).problems, "somebody did it"


def test_what_monitor_mode_did_not_do_is_over_when_the_heat_is(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.ask(SetMode(mode=Mode.MONITOR))
    bench.report("zone.air_temperature", 30.1)
    assert "not_protected" in level(bench).problems
    bench.report("zone.air_temperature", 24.0)
    assert "not_protected" not in level(bench).problems


def test_automatic_does_at_once_what_monitor_mode_only_told(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.ask(SetMode(mode=Mode.MONITOR))
    bench.report("zone.air_temperature", 30.1)
    bench.ask(SetMode(mode=Mode.AUTO))
    assert bench.state[LAMP] == 0
    assert "not_protected" not in level(bench).problems


def test_lamps_dim_when_the_air_is_too_warm_and_go_off_at_the_critical_limit(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    normal = bench.state[LAMP] or 0
    bench.report("zone.air_temperature", 27.2)
    assert bench.state[LAMP] == pytest.approx(normal / 2, abs=0.03)
    assert "light_shed" in level(bench).problems
    bench.report("zone.air_temperature", 30.1)
    assert bench.state[LAMP] == 0
    assert "too_warm_off" in [a.code for a in level(bench).actuators]
    bench.report("zone.air_temperature", 29.5)
    assert bench.state[LAMP] == 0, "no flutter around the limit"
    bench.report("zone.air_temperature", 24.0)
    assert bench.state[LAMP] == pytest.approx(normal, abs=0.05)


def test_a_real_overheat_acts_however_hot_it_is(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.report("zone.air_temperature", 45.0)
    assert bench.state[LAMP] == 0


def test_without_a_valid_temperature_lamps_are_dimmed(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    normal = bench.state[LAMP] or 0
    bench.report("zone.air_temperature", "unavailable")
    assert bench.state[LAMP] == pytest.approx(normal / 2, abs=0.03)


def test_an_override_holds_until_it_expires(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    override = Override(
        node="level_1",
        quantity=Quantity.PPFD,
        value=100.0,
        expires_at=bench.clock.farm + HOUR,
        by="grower",
    )
    assert bench.ask(SetOverride(override=override)).refused is None
    bench.advance(600)
    assert level(bench).dli_target == pytest.approx(100 * 16 * 0.0036, abs=0.1)
    bench.advance(HOUR)
    assert level(bench).dli_target == 11.5
    assert "override_ended" in bench.kinds()


def test_who_changed_and_took_back_an_override_is_recorded_with_what_it_was(bench: Bench) -> None:
    bench.start_batch()
    until = bench.clock.farm + HOUR
    for value in (100.0, 120.0):
        override = Override(
            node="level_1", quantity=Quantity.PPFD, value=value, expires_at=until, by="user:anna"
        )
        bench.ask(SetOverride(override=override))
    bench.ask(ClearOverride(node="level_1", quantity=Quantity.PPFD, by="user:berta"))
    first, second = bench.journal.of("override_set")[-2:]
    assert (first["was"], second["was"], second["value"]) == (None, 100.0, 120.0)
    ended = bench.journal.of("override_ended")[-1]
    assert (ended["by"], ended["was"]) == ("user:berta", 120.0)


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25")]
)
def test_a_change_of_the_clocks_neither_shortens_nor_doubles_the_day(zone: str, day: str) -> None:
    import datetime as dt
    from zoneinfo import ZoneInfo

    farm = replace(bench_farm(), time_zone=zone)
    bench = Bench(farm)
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp()
    bench.clock.farm = midnight - 25 * HOUR
    bench.start_batch()
    bench.advance(3 * 24 * HOUR)
    lit = [at for at, c in bench.sent if c.point == LAMP and c.value > 0]
    dark = [at for at, c in bench.sent if c.point == LAMP and c.value == 0 and at > lit[0]]
    starts = [at for i, at in enumerate(lit) if i == 0 or any(lit[i - 1] < x < at for x in dark)]
    for start, end in zip(starts, dark, strict=False):
        assert end - start == pytest.approx(16 * HOUR, abs=90)
    assert len(starts) == 3


def test_an_empty_farm_at_rest_sends_and_writes_nothing() -> None:
    bench = Bench(bench_farm())
    bench.advance(600)
    sent, written, published = len(bench.sent), len(bench.journal.records), len(bench.published)
    bench.advance(3600)
    assert len(bench.sent) == sent
    assert len(bench.journal.records) == written
    assert len(bench.published) == published
    assert bench.clock.farm == START + 4200


def test_dimmed_lamps_still_hold_their_lowest_output() -> None:
    farm = bench_farm()
    weak = replace(farm.levels[0], fixture=replace(farm.levels[0].fixture, dim_min=0.4))  # type: ignore[type-var]
    bench = Bench(replace(farm, levels=(weak, *farm.levels[1:])))
    bench.start_batch()
    bench.advance(2 * HOUR)
    bench.report("zone.air_temperature", "unavailable")
    assert bench.state[LAMP] == pytest.approx(0.4)


class TestLampsOfFewStages:
    """A driver of four stages: asked for anything between, it never says what it was told."""

    @pytest.fixture
    def staged(self) -> Bench:
        farm = bench_farm()
        coarse = (replace(b, step=0.25) if b.id == LAMP else b for b in farm.bindings)
        bench = Bench(replace(farm, bindings=tuple(coarse)))
        bench.report("zone.air_temperature", 24.0)
        bench.start_batch()
        return bench

    def test_are_only_told_what_they_can_do_and_prove_it(self, staged: Bench) -> None:
        staged.advance(18 * HOUR)
        told = staged.commands(LAMP)
        assert set(told) <= {0.0, 0.25, 0.5, 0.75, 1.0}
        assert len(told) < 40, "a stage is told once"
        assert level(staged).dli == pytest.approx(11.52, rel=0.05)
        assert "not_proved" not in staged.kinds()

    @pytest.mark.parametrize(
        ("wanted", "told"),
        [(0.0, 0.0), (0.01, 0.25), (0.25, 0.25), (0.499, 0.25), (0.5, 0.5), (0.99, 0.75), (1, 1)],
    )
    def test_give_no_more_than_is_wanted_but_are_not_dimmed_to_darkness(
        self, staged: Bench, wanted: float, told: float
    ) -> None:
        assert in_steps(staged.farm.binding[LAMP], wanted) == told


class TestLampsThatKnowOnlyOnAndOff:
    """A lamp on a plug: most tents have one."""

    @pytest.fixture
    def plug(self) -> Bench:
        farm = bench_farm()
        plain = (replace(b, dims=False) if b.id == LAMP else b for b in farm.bindings)
        bench = Bench(replace(farm, bindings=tuple(plain)))
        bench.report("zone.air_temperature", 24.0)
        bench.start_batch()
        return bench

    def test_are_fully_on_and_proved(self, plug: Bench) -> None:
        plug.advance(2 * HOUR)
        assert plug.state[LAMP] == 1.0
        assert plug.commands(LAMP) == [1.0]
        assert level(plug).actuators[0].proof == "proved"
        assert not level(plug).problems

    def test_go_off_when_the_plants_have_had_their_day_and_come_back_the_next(
        self, plug: Bench
    ) -> None:
        # 400 µmol/m²/s in place of 200: eight hours are enough.
        plug.advance(HOUR + 7.8 * HOUR)
        assert plug.on(LAMP)
        plug.advance(0.5 * HOUR)
        assert not plug.on(LAMP)
        assert level(plug).dli == pytest.approx(11.52, rel=0.03)
        plug.advance(14 * HOUR)
        assert not plug.on(LAMP)
        plug.advance(2 * HOUR)
        assert plug.on(LAMP)

    @pytest.mark.parametrize("value", [27.5, "unavailable"])
    def test_are_off_where_others_are_dimmed(self, plug: Bench, value: float | str) -> None:
        plug.advance(2 * HOUR)
        plug.report("zone.air_temperature", value)
        assert not plug.on(LAMP)
        plug.report("zone.air_temperature", 24.0)
        assert plug.on(LAMP)
