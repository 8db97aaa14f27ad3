"""The air of a zone: conserved, stable, and moved by its devices in the right direction."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vfarm_core.science.air import absolute_humidity_g_m3
from vfarm_core.science.water import co2_g_m3
from vfarm_core.twin.air import LATENT_J_G, Flows, Load, Outside, ZoneAir, saturated_g_m3
from vfarm_core.twin.numerics import relax

from .small import EQUIPMENT, ROOM

OUTSIDE = Outside(
    temperature_c=8.0, vapour_g_m3=absolute_humidity_g_m3(8.0, 80.0), co2_g_m3=co2_g_m3(420, 8.0)
)


def air(temperature: float = 23.0, humidity: float = 65.0, co2: float = 700.0) -> ZoneAir:
    return ZoneAir(
        ROOM, EQUIPMENT, temperature_c=temperature, humidity_pct=humidity, co2_level_ppm=co2
    )


def run(zone: ZoneAir, load: Load, minutes: int, dt_s: float = 60.0) -> Flows:
    flows = Flows()
    for _ in range(int(minutes * 60 / dt_s)):
        zone.step(dt_s, load, OUTSIDE, flows)
    return flows


shares = st.floats(0.0, 1.0)


@settings(max_examples=150, deadline=None)
@given(
    temperature=st.floats(5.0, 40.0),
    humidity=st.floats(5.0, 100.0),
    heat=st.floats(0.0, 1500.0),
    devices=st.tuples(*[shares] * 7),
    plants=st.tuples(st.floats(-0.05, 0.3), st.floats(0.0, 0.02), st.floats(0.0, 0.03)),
    uptake=st.tuples(st.floats(0.0, 1e-3), st.floats(0.0, 2e-3)),
    dt=st.floats(0.1, 900.0),
)
def test_heat_water_and_co2_are_conserved(temperature, humidity, heat, devices, plants, uptake, dt):
    zone = air(temperature, humidity)
    load = Load()
    load.heat_w = heat
    (
        load.heater,
        load.cooler,
        load.dehumidifier,
        load.humidifier,
        load.exhaust,
        load.circulation,
        load.co2,
    ) = devices
    load.vapour_g_s, load.vapour_g_s_k, load.vapour_m3_s = plants
    load.co2_g_s, load.co2_m3_s = uptake
    vapour, co2 = zone.vapour, zone.co2
    flows = Flows()
    zone.step(dt, load, OUTSIDE, flows)

    assert ROOM.volume_m3 * (zone.vapour - vapour) == pytest.approx(
        flows.transpired_g
        + flows.humidified_g
        - flows.condensed_cooler_g
        - flows.condensed_dehumidifier_g
        - flows.condensed_surfaces_g
        - flows.vapour_out_g,
        abs=1e-6,
    )
    assert flows.stored_j == pytest.approx(
        flows.gains_j - flows.latent_j - flows.cooled_j - flows.envelope_j, abs=1e-3, rel=1e-9
    )
    assert ROOM.volume_m3 * (zone.co2 - co2) == pytest.approx(
        flows.co2_injected_g - flows.co2_taken_g - flows.co2_out_g, abs=1e-8
    )


@settings(max_examples=60, deadline=None)
@given(dt=st.sampled_from([1.0, 20.0, 60.0, 120.0, 600.0]), heat=st.floats(0.0, 3000.0))
def test_steps_up_to_ten_minutes_are_stable(dt, heat):
    zone = air()
    load = Load()
    load.heat_w, load.cooler, load.dehumidifier = heat, 1.0, 1.0
    load.vapour_g_s, load.vapour_m3_s = 0.5, 0.02
    flows = Flows()
    for _ in range(200):
        zone.step(dt, load, OUTSIDE, flows)
        assert 0.0 < zone.t < 80.0
        assert 0.0 < zone.vapour <= saturated_g_m3(zone.t) + 0.5


def test_a_small_step_and_a_large_one_agree():
    results = []
    for dt in (5.0, 60.0):
        zone, load = air(), Load()
        load.heat_w, load.humidifier = 300.0, 0.5
        run(zone, load, 60, dt)
        results.append((zone.t, zone.vapour, zone.co2))
    assert results[0] == pytest.approx(results[1], rel=0.01)


def test_lamps_without_cooling_warm_the_room_as_slowly_as_its_contents_allow():
    """science.md section 6: 180 W/m² of floor on 60-150 kJ/m²K is 0.07-0.17 K/min once the air has
    its lead over the contents."""
    zone, load = air(24.0), Load()
    load.heat_w = 180.0 * ROOM.floor_m2
    run(zone, load, 10)
    before = zone.t
    run(zone, load, 10)
    assert 0.05 < (zone.t - before) / 10 < 0.18


@pytest.mark.parametrize(
    ("device", "quantity", "sign"),
    [
        ("heater", "t", 1),
        ("cooler", "t", -1),
        ("dehumidifier", "vapour", -1),
        ("humidifier", "vapour", 1),
        ("cooler", "vapour", -1),
        ("co2", "co2", 1),
        ("exhaust", "co2", -1),
        ("exhaust", "vapour", -1),
    ],
)
def test_each_device_moves_its_quantity(device, quantity, sign):
    idle, driven = air(), air()
    load = Load()
    run(idle, load, 20)
    setattr(load, device, 1.0)
    run(driven, load, 20)
    assert (getattr(driven, quantity) - getattr(idle, quantity)) * sign > 0


def test_a_dehumidifier_gives_its_power_and_the_heat_of_condensation_to_the_room():
    idle, drying = air(), air()
    load = Load()
    run(idle, load, 30)
    load.dehumidifier = 1.0
    flows = run(drying, load, 30)
    assert drying.t > idle.t + 0.5
    assert flows.humidity_j == pytest.approx(
        flows.condensed_dehumidifier_g / 1000 / EQUIPMENT.dehumidifier_kg_kwh * 3.6e6
    )


def test_a_humidifier_cools_the_air_it_wets():
    idle, wet = air(humidity=30.0), air(humidity=30.0)
    load = Load()
    run(idle, load, 10)
    load.humidifier = 1.0
    flows = run(wet, load, 10)
    assert wet.t < idle.t
    assert flows.latent_j == pytest.approx(flows.humidified_g * LATENT_J_G)


def test_a_coil_neither_cools_nor_dries_further_than_itself():
    zone, load = air(9.0, 40.0), Load()
    load.cooler = 1.0
    flows = run(zone, load, 60)
    assert flows.condensed_cooler_g == 0.0
    assert flows.cooled_j == 0.0


def test_what_the_air_cannot_hold_wets_the_surfaces():
    zone, load = air(humidity=95.0), Load()
    load.vapour_g_s = 2.0
    flows = run(zone, load, 30)
    assert zone.humidity_pct == pytest.approx(100.0, abs=0.5)
    assert flows.condensed_surfaces_g > 0


def test_plants_cannot_empty_the_air_of_co2():
    zone, load = air(co2=400.0), Load()
    balance = co2_g_m3(45.0, zone.t)
    load.co2_m3_s, load.co2_g_s = 0.01, 0.01 * balance
    run(zone, load, 600)
    assert 40.0 < zone.co2_ppm < 110.0


@given(
    x=st.floats(-50, 50),
    source=st.floats(-100, 100),
    conductance=st.floats(0, 1e4),
    capacity=st.floats(0.1, 1e5),
    dt=st.floats(1e-3, 1e5),
)
def test_a_store_loses_what_is_taken_at_the_mean(x, source, conductance, capacity, dt):
    end, mean = relax(x, source, conductance, capacity, dt)
    assert capacity * (end - x) == pytest.approx(
        (source - conductance * mean) * dt, rel=1e-6, abs=1e-5 * max(1.0, conductance * dt)
    )
