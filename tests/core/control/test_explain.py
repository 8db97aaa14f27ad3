"""Every actuator says in one sentence why it is as it is and what would change it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm, film_bench, sensor
from vfarm_core.control.explain import CHANGES, change_of, explain, sentence
from vfarm_core.control.inputs import EmergencyStop, Shutdown
from vfarm_core.control.protection import GAPS, Gap, gaps, gaps_of
from vfarm_core.control.reasons import TEXTS
from vfarm_core.control.snapshot import ActuatorView
from vfarm_core.farm.bindings import Danger, OnLoss, Proof
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Role


@pytest.fixture
def growing() -> Bench:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(3 * 3600)
    return bench


class TestExplain:
    def test_state_reason_and_change_are_one_sentence_each(self, growing: Bench) -> None:
        (lamp,) = explain(growing.runtime.snapshots["level_1"])
        assert lamp.startswith("The grow light is at ")
        assert "Lights are on: " in lamp
        assert lamp.endswith("That changes at 22:00.")

    def test_every_node_with_actuators_explains_each_of_them(self, growing: Bench) -> None:
        growing.ask(EmergencyStop(by="grower"))
        growing.report("zone.cooler", "unavailable")
        for node, snapshot in growing.runtime.snapshots.items():
            said = explain(snapshot)
            assert len(said) == len(getattr(snapshot, "actuators", ())), node
        assert any(
            "The cooler is not known." in s for s in explain(growing.runtime.snapshots["zone"])
        )

    def test_the_farm_itself_has_none(self, growing: Bench) -> None:
        growing.ask(Shutdown())
        assert explain(growing.runtime.snapshots["farm"]) == ()

    def test_nothing_decided_yet_is_said_so(self, growing: Bench) -> None:
        view: ActuatorView = growing.runtime.snapshots["zone"].actuators[0]  # type: ignore[union-attr]
        assert "nothing was decided" in sentence(replace(view, code="", reason="", change=""))

    @pytest.mark.parametrize("code", sorted(TEXTS))
    def test_every_reason_has_a_change_that_can_be_said(self, code: str) -> None:
        change = CHANGES[change_of(code)]
        asked = {name for name in ("until", "other") if f"{{{name}}}" in change}
        assert all(f"{{{name}}}" in TEXTS[code] or name == "until" for name in asked)


def keys(farm: Farm, node: str | None = None) -> list[str]:
    return [gap.key for gap in (gaps(farm) if node is None else gaps_of(farm, node))]


def with_declared(farm: Farm, point: str, **changes: object) -> Farm:
    return check(
        replace(
            farm,
            bindings=tuple(
                replace(b, declaration=replace(b.declaration, **changes))  # type: ignore[arg-type]
                if b.id == point and b.declaration is not None
                else b
                for b in farm.bindings
            ),
        )
    )


class TestProtection:
    @pytest.mark.parametrize(
        ("loss", "said"),
        [
            (OnLoss.KEEPS, "keeps its state"),
            (OnLoss.ON, "goes on"),
            (OnLoss.UNKNOWN, "nobody has declared"),
        ],
    )
    def test_what_stays_on_without_control_needs_a_limit(self, loss: OnLoss, said: str) -> None:
        farm = with_declared(bench_farm(), "zone.heater", on_control_loss=loss)
        (gap,) = [
            g for g in gaps(farm) if g.params.get("point") == "zone.heater" and g.key == "stays_on"
        ]
        assert said in gap.text
        assert "7200 s" in gap.text

    def test_what_goes_off_by_itself_has_no_gap(self) -> None:
        farm = with_declared(
            bench_farm(),
            "zone.heater",
            on_control_loss=OnLoss.OFF,
            isolation="zone.cooler",
        )
        assert not [g for g in gaps(farm) if g.params.get("point") == "zone.heater"]

    def test_a_pulse_ends_itself(self) -> None:
        farm = with_declared(bench_farm(), "zone.heater", proof=Proof.PULSE)
        assert not [g for g in gaps(farm) if g.params.get("point") == "zone.heater"]

    def test_a_valve_that_stays_open_without_power_is_named(self) -> None:
        farm = with_declared(bench_farm(), "circuit.irrigation_valve", on_power_loss=OnLoss.KEEPS)
        assert "open_without_power" in keys(farm, "circuit")
        farm = with_declared(farm, "circuit.irrigation_valve", on_power_loss=OnLoss.OFF)
        assert "open_without_power" not in keys(farm, "circuit")

    def test_what_must_not_stop_needs_a_run_on(self) -> None:
        assert "goes_off" in keys(bench_farm(), "zone")
        farm = with_declared(bench_farm(), "zone.circulation_fan", on_control_loss=OnLoss.KEEPS)
        assert "goes_off" not in keys(farm, "zone")

    def test_a_dangerous_valve_before_circulation_is_named_with_its_pump(self) -> None:
        farm = film_bench(valve_danger=Danger.ON).farm
        assert "interrupts" in keys(farm, "circuit")
        assert "goes_off" in keys(farm, "circuit"), "the pump is part of the circuit"

    def test_an_echo_proves_nothing(self) -> None:
        farm = with_declared(bench_farm(), "zone.humidifier", proof=Proof.ECHO)
        assert "echo" in keys(farm, "zone")

    def test_people_are_told_of_detectors(self) -> None:
        farm = bench_farm()
        bare = replace(farm, zones=(replace(farm.zones[0], co2_detector=False),))
        assert {"gas_detector", "no_smoke"} <= set(keys(bare, "zone"))
        assert "gas_detector" not in keys(farm, "zone"), "somebody said that there is one"
        with_smoke = bench_farm(extra=(sensor("zone", Role.SMOKE),))
        assert "no_smoke" not in keys(with_smoke, "zone")
        left = tuple(b for b in farm.bindings if b.role is not Role.LEAK)
        dry = check(replace(farm, bindings=left))
        assert "no_leak" in keys(dry, "tank")
        assert "no_leak" not in keys(farm, "tank")

    def test_the_farm_has_all_of_them_in_words(self) -> None:
        farm = bench_farm()
        assert gaps_of(farm, farm.id) == gaps(farm)
        for gap in gaps(farm):
            assert "{" not in gap.text
        assert set(keys(farm)) <= set(GAPS)
        assert Gap(node="zone", key="no_smoke", params={}).text.startswith("No smoke")
