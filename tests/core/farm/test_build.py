"""A farm is checked as a whole: every fault at once, each naming the thing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import actuator, bench_farm, sensor
from vfarm_core.farm.bindings import Binding, Danger, Declaration, Dosing, Proof
from vfarm_core.farm.build import FarmError, check, farm_from_dict, farm_to_dict
from vfarm_core.farm.nodes import Circuit, Farm, Fill, Fixture, Method, NodeKind
from vfarm_core.farm.roles import SPECS, Role, RoleKind, spec
from vfarm_core.farm.units import CONVERSIONS


def keys(farm: Farm) -> list[str]:
    with pytest.raises(FarmError) as caught:
        check(farm)
    return [problem.key for problem in caught.value.problems]


def test_a_farm_survives_the_way_through_json() -> None:
    farm = bench_farm()
    assert farm_from_dict(json.loads(json.dumps(farm_to_dict(farm)))) == farm


def test_nodes_are_found_by_id_and_kind() -> None:
    farm = bench_farm()
    assert farm.kind("farm") is NodeKind.FARM
    assert farm.kind("level_1") is NodeKind.LEVEL
    assert farm.zone_of_level["level_2"] == "zone"
    assert farm.circuits_of_zone["zone"] == ("circuit",)
    assert farm.isolated_by["circuit.irrigation_valve"] == ("pump.irrigation_pump",)


def with_level(farm: Farm, **changes: Any) -> Farm:
    return replace(farm, levels=(replace(farm.levels[0], **changes), *farm.levels[1:]))


def with_binding(farm: Farm, point: str, **changes: Any) -> Farm:
    return replace(
        farm,
        bindings=tuple(replace(b, **changes) if b.id == point else b for b in farm.bindings),
    )


def with_declaration(farm: Farm, **changes: Any) -> Farm:
    declared = farm.binding["zone.heater"].declaration
    assert declared is not None
    return with_binding(farm, "zone.heater", declaration=replace(declared, **changes))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda f: replace(f, time_zone="Mars/Olympus"), "unknown_time_zone"),
        (lambda f: with_level(f, area_m2=0.0), "not_positive"),
        (lambda f: with_level(f, area_m2=-1.0), "not_positive"),
        (lambda f: with_level(f, sites=0), "not_positive"),
        (lambda f: with_level(f, rack="nowhere"), "unknown_node"),
        (lambda f: with_level(f, id="zone"), "duplicate_id"),
        (lambda f: with_level(f, fixture=Fixture(ppfd_full=0, power_w=1)), "fixture_out_of_range"),
        (
            lambda f: replace(f, reservoirs=(replace(f.reservoirs[0], volume_min_l=500),)),
            "volume_min_out_of_range",
        ),
        (lambda f: replace(f, circuits=(replace(f.circuits[0], drain_s=-1),)), "negative_duration"),
        (
            lambda f: replace(f, circuits=(replace(f.circuits[0], levels=()),)),
            "circuit_without_levels",
        ),
        (
            lambda f: replace(
                f,
                circuits=(
                    *f.circuits,
                    Circuit(
                        id="second",
                        name="",
                        pump="pump",
                        levels=("level_1",),
                        method=Method.EBB_FLOW,
                    ),
                ),
            ),
            "watered_twice",
        ),
        (
            lambda f: replace(
                f,
                circuits=(
                    replace(f.circuits[0], levels=("level_2",)),
                    replace(f.circuits[0], id="film", levels=("level_1",), method=Method.NFT),
                ),
            ),
            "nft_shares_pump",
        ),
        (lambda f: replace(f, bindings=(*f.bindings, f.bindings[0])), "duplicate_binding"),
        (lambda f: with_binding(f, "zone.humidity", node="nowhere"), "unknown_node"),
        (lambda f: with_binding(f, "zone.humidity", role=Role.SOLUTION_PH), "role_of_other_node"),
        (lambda f: with_binding(f, "zone.humidity", unit="°C"), "wrong_unit"),
        (lambda f: with_binding(f, "zone.humidity", scale=0.0), "scale_zero"),
        (
            lambda f: with_binding(f, "zone.cooler", entity="switch.zone.heater"),
            "entity_driven_twice",
        ),
        (
            lambda f: with_binding(
                with_binding(f, "zone.cooler", entity="switch.zone.heater", on_option="heat"),
                "zone.heater",
                on_option="heat",
            ),
            "entity_driven_twice",
        ),
        (lambda f: with_binding(f, "zone.heater", step=1.5), "step_out_of_range"),
        (lambda f: with_binding(f, "zone.heater", step=-0.1), "step_out_of_range"),
        (
            lambda f: with_binding(f, "zone.heater", on_option="auto", off_option="auto"),
            "same_options",
        ),
        (lambda f: with_binding(f, "zone.heater", declaration=None), "missing_declaration"),
        (lambda f: with_declaration(f, max_on_s=None), "missing_max_on"),
        (lambda f: with_declaration(f, danger=Danger.OFF, safe_on=True), "missing_max_off"),
        (lambda f: with_declaration(f, safe_on=True), "safe_state_is_dangerous"),
        (lambda f: with_declaration(f, min_off_s=-1.0), "negative_duration"),
        (lambda f: with_declaration(f, min_on_s=9000.0), "max_below_min"),
        (lambda f: with_declaration(f, deadline_s=0.0), "deadline_zero"),
        (lambda f: with_declaration(f, isolation="nothing"), "unknown_isolation"),
    ],
)
def test_a_fault_is_named(change: Any, key: str) -> None:
    assert key in keys(change(bench_farm()))


class TestProofByPower:
    @staticmethod
    def farm(device: Binding) -> Farm:
        return replace(bench_farm(), bindings=(sensor(device.node, Role.POWER), device))

    @pytest.mark.parametrize(
        ("node", "role"),
        [
            ("zone", Role.CO2_VALVE),
            ("tank", Role.FILL_VALVE),
            ("circuit", Role.DRAIN_VALVE),
            ("circuit", Role.IRRIGATION_VALVE),
        ],
    )
    @pytest.mark.parametrize("rating", [None, 12.0])
    def test_is_none_of_a_valve(self, node: str, role: Role, rating: float | None) -> None:
        device = actuator(node, role, proof=Proof.FEEDBACK, rating_w=rating)
        assert not device.shown_by_power

    @pytest.mark.parametrize("named", [None, "zone.power"])
    def test_of_a_co2_valve_is_refused(self, named: str | None) -> None:
        device = actuator(
            "zone", Role.CO2_VALVE, proof=Proof.FEEDBACK, proved_by=named, rating_w=12.0
        )
        assert "power_is_no_proof" in keys(self.farm(device))

    def test_of_a_fill_valve_is_refused_where_it_is_named(self) -> None:
        device = actuator("tank", Role.FILL_VALVE, proof=Proof.FEEDBACK, proved_by="tank.power")
        assert "power_is_no_proof" in keys(self.farm(device))

    def test_of_a_dosing_pump_takes_its_rating(self) -> None:
        limits = Dosing(max_dose_ml=1, max_hour_ml=2, max_day_ml=3, max_tank_ml=4)
        device = actuator(
            "tank",
            Role.DOSING_PUMP_PH_DOWN,
            proof=Proof.FEEDBACK,
            proved_by="tank.power",
            dosing=limits,
        )
        assert "power_is_no_proof" in keys(self.farm(device))
        assert device.declaration is not None
        rated = replace(device, declaration=replace(device.declaration, rating_w=5.0))
        assert check(self.farm(rated))

    def test_of_a_heater_takes_its_rating(self) -> None:
        assert "power_is_no_proof" in keys(
            self.farm(actuator("zone", Role.HEATER, proof=Proof.FEEDBACK))
        )
        rated = actuator("zone", Role.HEATER, proof=Proof.FEEDBACK, rating_w=1500.0)
        assert check(self.farm(rated))


class TestCompensation:
    def test_takes_the_temperature_of_the_solution(self) -> None:
        raw = replace(sensor("tank", Role.SOLUTION_EC), compensated=False)
        farm = bench_farm()
        assert "compensation_needs_temperature" in keys(
            replace(farm, bindings=(*farm.bindings, raw))
        )
        warm = sensor("tank", Role.SOLUTION_TEMPERATURE)
        assert check(replace(farm, bindings=(*farm.bindings, raw, warm)))

    def test_is_of_probes_in_the_solution_only(self) -> None:
        warm = sensor("tank", Role.SOLUTION_TEMPERATURE)
        for role in (Role.SOLUTION_PH, Role.DISSOLVED_OXYGEN):
            raw = replace(sensor("tank", role), compensated=False)
            farm = bench_farm()
            assert check(replace(farm, bindings=(*farm.bindings, raw, warm)))
        farm = with_binding(bench_farm(), "zone.humidity", compensated=False)
        assert "compensation_needs_temperature" in keys(farm)


def test_how_often_a_reading_is_checked_is_a_time() -> None:
    oxygen = sensor("tank", Role.DISSOLVED_OXYGEN)
    farm = bench_farm()
    for days, wrong in ((30.0, False), (0.0, True), (-1.0, True), (float("inf"), True)):
        checked = replace(farm, bindings=(*farm.bindings, replace(oxygen, check_days=days)))
        if wrong:
            assert "not_positive" in keys(checked)
        else:
            assert check(checked)


def test_one_entity_has_several_roles_if_each_has_its_own_word_for_on() -> None:
    farm = with_binding(bench_farm(), "zone.heater", on_option="heat", off_option="off")
    entity = farm.binding["zone.heater"].entity
    cools = with_binding(farm, "zone.cooler", entity=entity, on_option="cool", off_option="off")
    assert farm_from_dict(farm_to_dict(cools)) == cools


def test_every_fault_is_reported_at_once() -> None:
    farm = with_level(bench_farm(), area_m2=0.0, sites=-3)
    assert keys(farm).count("not_positive") == 2


def test_data_of_the_wrong_shape_names_its_path() -> None:
    data = farm_to_dict(bench_farm())
    data["levels"][1]["area_m2"] = "large"
    with pytest.raises(FarmError) as caught:
        farm_from_dict(data)
    assert caught.value.problems[0].params["path"] == "levels[1].area_m2"


def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    data = farm_to_dict(bench_farm())
    data["bindings"][0]["role"] = "air_temprature"
    with pytest.raises(FarmError, match="air_temperature"):
        farm_from_dict(data)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_its_facts(role: Role) -> None:
    facts = spec(role)
    assert facts.nodes
    assert facts.domains
    if facts.kind is RoleKind.MEASURE:
        assert facts.unit in CONVERSIONS
        assert facts.plausible is not None
        assert facts.plausible[0] < facts.plausible[1]
    assert facts.is_actuator is (facts.loop is not None)


def test_no_role_is_forgotten() -> None:
    assert set(SPECS) == set(Role)


def test_a_declaration_has_a_safe_default() -> None:
    declared = Declaration(danger=Danger.ON, max_on_s=60)
    assert declared.safe_on is False
    assert sensor("zone", Role.CO2).declaration is None
    assert actuator("zone", Role.HEATER).declaration is not None


# -- what poisons, floods or suffocates ---------------------------------------------------------

LIMITS = Dosing(max_dose_ml=20, max_hour_ml=40, max_day_ml=100, max_tank_ml=400)
FILL = Fill(below=0.4, to=0.6, max_l=40, day_l=100)


def doser(**declared: Any) -> Any:
    values: dict[str, Any] = {"max_on_s": 60.0, "proof": Proof.PULSE, "dosing": LIMITS}
    return actuator("tank", Role.DOSING_PUMP_PH_DOWN, **{**values, **declared})


def tank_farm(*extra: Any, **changes: Any) -> Farm:
    farm = bench_farm()
    tank = replace(farm.reservoirs[0], **changes)
    return replace(farm, reservoirs=(tank,), bindings=(*farm.bindings, *extra))


@pytest.mark.parametrize(
    ("farm", "key"),
    [
        (tank_farm(doser(proof=Proof.STATE)), "proof_not_independent"),
        (tank_farm(doser(proof=Proof.ECHO)), "proof_not_independent"),
        (tank_farm(doser(danger=Danger.NEITHER)), "must_be_dangerous_on"),
        (tank_farm(doser(proof=Proof.FEEDBACK)), "feedback_not_bound"),
        (tank_farm(doser(metered_by="tank.power")), "unknown_meter"),
        (tank_farm(doser(metered_by="tank.volume")), "unknown_meter"),
        (tank_farm(doser(proof=Proof.FEEDBACK, proved_by="tank.flow")), "unknown_feedback"),
        (tank_farm(doser(proof=Proof.FEEDBACK, proved_by="zone.feedback")), "unknown_feedback"),
        (tank_farm(doser(proof=Proof.FEEDBACK, proved_by="tank.volume")), "unknown_feedback"),
        (tank_farm(doser(dosing=None)), "missing_dosing"),
        (tank_farm(doser(dosing=replace(LIMITS, max_hour_ml=10))), "dosing_limits"),
        (tank_farm(doser(dosing=replace(LIMITS, max_dose_ml=0))), "dosing_limits"),
        (tank_farm(doser(dosing=replace(LIMITS, effect_per_ml_l=0))), "dosing_effect"),
        (tank_farm(fill=replace(FILL, to=0.3)), "fill_shares"),
        (tank_farm(fill=replace(FILL, drain_back_l=81)), "fill_no_room"),
        (tank_farm(fill=replace(FILL, drain_back_l=-1)), "fill_no_room"),
        (tank_farm(fill=replace(FILL, max_l=0)), "fill_limits"),
        (tank_farm(fill=replace(FILL, day_l=10)), "fill_limits"),
        (tank_farm(fill=FILL), "fill_needs"),
        (tank_farm(probe_days=0.0), "not_positive"),
        (tank_farm(source_ec=-0.1), "climate_out_of_range"),
        (
            tank_farm(actuator("tank", Role.MIXING_PUMP, danger=Danger.NEITHER, max_on_s=None)),
            "mixing_flow_missing",
        ),
    ],
)
def test_a_mistake_in_dosing_and_filling_is_found(farm: Farm, key: str) -> None:
    assert key in keys(farm)


def test_a_whole_dosing_and_filling_tank_is_accepted_and_survives_json() -> None:
    fill = actuator("tank", Role.FILL_VALVE, proof=Proof.FEEDBACK)
    farm = tank_farm(doser(), fill, sensor("tank", Role.LEVEL_HIGH), fill=FILL, mixing_l_min=20.0)
    assert farm_from_dict(json.loads(json.dumps(farm_to_dict(check(farm))))) == farm


def test_a_farm_stored_before_there_was_dosing_still_loads() -> None:
    data = farm_to_dict(bench_farm())
    for name in (
        "fill",
        "mixing_l_min",
        "probe_days",
        "pump_days",
        "lead_batch",
        "source_ec",
    ):
        del data["reservoirs"][0][name]
    for binding in data["bindings"]:
        if binding["declaration"] is not None:
            del binding["declaration"]["dosing"]
    assert farm_from_dict(data) == bench_farm()
