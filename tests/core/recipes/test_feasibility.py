"""Whether a farm can give what a recipe asks for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from vfarm_core.farm.nodes import Farm, Method, Zone
from vfarm_core.farm.roles import DOSING, Role
from vfarm_core.recipes.feasibility import feasible
from vfarm_core.recipes.findings import Finding, Severity
from vfarm_core.recipes.library import load_shipped, shipped
from vfarm_core.recipes.model import Channel, FarRed, Provenance
from vfarm_core.twin.demo import demo_farm

ORIGIN = Provenance(source="test", confidence="design")
FARM = demo_farm()
ROMAINE = load_shipped("lettuce_romaine")
A = ("level_a1", "level_a2")


def found(recipe=ROMAINE, farm: Farm = FARM, **given) -> dict[str, Finding]:
    """Findings by code; each code at most once for the levels named."""
    return {f.code: f for f in feasible(recipe, farm, **{"levels": A, **given})}


def lit(recipe=ROMAINE, **changes):
    """The recipe with its last phase's light changed."""
    *others, last = recipe.phases
    return replace(recipe, phases=(*others, replace(last, light=replace(last.light, **changes))))


def watered(recipe=ROMAINE, **changes):
    """The recipe with its last phase's floods changed."""
    *others, last = recipe.phases
    plan = replace(last.irrigation[Method.EBB_FLOW], **changes)
    return replace(
        recipe,
        phases=(*others, replace(last, irrigation={**last.irrigation, Method.EBB_FLOW: plan})),
    )


def with_levels(farm: Farm = FARM, ids=A, **changes) -> Farm:
    levels = tuple(replace(level, **changes) if level.id in ids else level for level in farm.levels)
    return replace(farm, levels=levels)


def with_fixture(**changes) -> Farm:
    fixture = FARM.level["level_a1"].fixture
    assert fixture is not None
    return with_levels(fixture=replace(fixture, **changes))


def with_circuit(**changes) -> Farm:
    name = FARM.circuit_of_level["level_a1"]
    return replace(
        FARM,
        circuits=tuple(replace(c, **changes) if c.id == name else c for c in FARM.circuits),
    )


def without(*roles: Role) -> Farm:
    return replace(FARM, bindings=tuple(b for b in FARM.bindings if b.role not in roles))


# -- light ----------------------------------------------------------------------------------------


def test_light_the_lamps_do_not_reach_is_an_error_that_says_how_far_they_come():
    finding = found(lit(ppfd=500, ppfd_max=500))["light_unreachable"]
    assert finding.severity is Severity.ERROR
    assert finding.path == "phases[1].light.ppfd"
    assert finding.params["full"] == 380
    assert "reaches 380 of 500" in finding.message


def test_lamps_at_their_end_have_no_reserve():
    assert "light_no_reserve" in found(lit(ppfd=350))
    assert "light_no_reserve" not in found(lit(ppfd=340))


def test_a_level_without_lamps_is_an_error():
    assert "no_lamps" in found(farm=with_levels(fixture=None))


def test_channels_nobody_has_bound_are_named():
    finding = found(lit(channels={Channel.WHITE: 0.8, Channel.RED: 0.2}))["channel_missing"]
    assert finding.path.endswith("channels.red")
    assert finding.severity is Severity.WARNING
    far_red = FarRed(minutes=15, pfd=20, provenance=ORIGIN)
    assert found(lit(far_red=far_red))["channel_missing"].params["channel"] == "far_red"


def test_a_channel_that_gives_less_than_its_share_is_a_warning():
    white = lit(ppfd=250, channels={Channel.WHITE: 1.0})
    assert "channel_unreachable" not in found(white, with_fixture(white_ppfd=250))
    finding = found(white, with_fixture(white_ppfd=200))["channel_unreachable"]
    assert finding.accepted == "at most 80 %"


# -- electricity, heat, water vapour --------------------------------------------------------------


def test_a_supply_that_cannot_carry_the_lamps_is_an_error():
    kw = 2 * FARM.level["level_a1"].fixture.power_w * 250 / 380 / 1000
    tight = replace(FARM, supplies=tuple(replace(s, limit_kw=kw - 0.01) for s in FARM.supplies))
    finding = found(farm=tight)["supply_overload"]
    assert finding.params["kw"] == pytest.approx(kw)
    shared = replace(FARM, supplies=tuple(replace(s, limit_kw=kw + 0.01) for s in FARM.supplies))
    assert found(farm=shared)["supply_shared"].severity is Severity.WARNING


def test_levels_lit_at_different_times_do_not_add_up():
    one = FARM.level["level_a1"].fixture.power_w / 1000
    short = lit(load_shipped("spinach_baby"), photoperiod_h=12, ppfd=380, ppfd_max=380)
    tight = replace(FARM, supplies=tuple(replace(s, limit_kw=one + 0.01) for s in FARM.supplies))
    assert "supply_overload" in found(short, tight)
    apart = with_levels(tight, ids=("level_a2",), lights_on=dt.time(18, 0))
    at = FARM.level["level_a1"].lights_on
    apart = with_levels(apart, ids=("level_a2",), lights_on=dt.time((at.hour + 12) % 24, at.minute))
    assert "supply_overload" not in found(short, apart)


def test_the_heat_of_the_lamps_is_held_against_the_cooler():
    room = tuple(f"level_{rack}{n}" for rack in "ab" for n in range(1, 5))
    heat = sum(FARM.level[name].fixture.power_w for name in room) * 250 / 380 / 1000

    def rated(watts: float) -> Farm:
        return replace(
            FARM,
            bindings=tuple(
                replace(b, declaration=replace(b.declaration, rating_w=watts))
                if b.role is Role.COOLER
                else b
                for b in FARM.bindings
            ),
        )

    assert "cooling_short" not in found(farm=rated(heat * 1000 / 3 + 1), levels=room)
    finding = found(farm=rated(heat * 1000 / 3 - 1), levels=room)["cooling_short"]
    assert finding.params["kw"] == pytest.approx(heat)
    assert "(D)" in finding.source
    bare = without(Role.COOLER, Role.EXHAUST_FAN)
    assert "no_cooling" in found(farm=bare)


def test_the_water_of_a_closed_canopy_is_held_against_the_drying():
    def drying(kg_h: float) -> Farm:
        zones = tuple(
            Zone(id=z.id, name=z.name, volume_m3=z.volume_m3, drying_kg_h=kg_h) for z in FARM.zones
        )
        return replace(FARM, zones=zones)

    area = 2 * FARM.level["level_a1"].area_m2
    # science.md 1.7: 0.14 L/m² an hour at 24 °C, 70 % and 200 µmol/m²/s; here drier and brighter.
    assert "drying_short" not in found(farm=drying(0.25 * area))
    finding = found(farm=drying(0.12 * area))["drying_short"]
    assert 0.12 < finding.params["water"] / area < 0.25
    assert "Graamans" in finding.source


# -- water ----------------------------------------------------------------------------------------


def test_a_method_the_recipe_has_no_plan_for_is_an_error():
    finding = found(levels=("level_c1",))["no_plan"]
    assert finding.params["method"] == "drip"


def test_without_levels_only_those_are_looked_at_that_the_recipe_can_be_watered_on():
    assert "no_plan" not in {f.code for f in feasible(ROMAINE, FARM)}
    # Cuttings are flooded, grown plants have drippers: no level of this farm does both.
    codes = {f.code for f in feasible(load_shipped("cannabis"), FARM)}
    assert {"no_plan", "light_unreachable"} <= codes


def test_floods_that_do_not_fit_with_their_drains_are_an_error():
    floods = watered(events_per_day=8, duration_s=1800)
    assert "circuit_full" not in found(floods, with_circuit(drain_s=5400))
    finding = found(floods, with_circuit(drain_s=5500))["circuit_full"]
    assert finding.params["window"] == 16
    assert finding.params["when"] == "lit"


def test_nights_are_counted_apart():
    dark = watered(night_events=8, duration_s=1800)
    finding = found(dark, with_circuit(drain_s=3600))["circuit_full"]
    assert finding.params["when"] == "dark"
    assert finding.params["window"] == 8


def test_a_pump_that_runs_all_day_is_an_error_and_one_that_runs_half_of_it_a_warning():
    both = ("level_a1", "level_b1")
    assert not {"pump_busy", "pump_full"} & set(found(levels=both))
    busy = watered(events_per_day=9, duration_s=1700)
    assert "pump_busy" in found(busy, levels=both)
    full = watered(events_per_day=17, duration_s=1700)
    assert "pump_full" in found(full, levels=both)


def test_water_without_interruption_needs_a_pump_of_its_own():
    film = with_circuit(method=Method.NFT)
    finding = found(farm=film)["pump_shared"]
    assert finding.severity is Severity.ERROR
    alone = replace(film, circuits=tuple(c for c in film.circuits if "level_a1" in c.levels))
    assert "pump_shared" not in found(farm=alone)


def test_a_daily_cap_is_kept():
    flow = FARM.pump[FARM.circuit[FARM.circuit_of_level["level_a1"]].pump].flow_l_min
    litres = 6 * 10 * flow
    assert "cap_exceeded" not in found(farm=with_circuit(daily_cap_l=litres))
    finding = found(farm=with_circuit(daily_cap_l=litres - 1))["cap_exceeded"]
    assert finding.params["litres"] == pytest.approx(litres)


def test_a_flood_comes_out_of_what_the_tank_holds():
    small = replace(
        FARM, reservoirs=tuple(replace(r, capacity_l=r.volume_min_l + 5) for r in FARM.reservoirs)
    )
    assert "flood_too_large" in found(farm=small)
    assert "flood_too_large" not in found()


def test_drippers_are_counted_by_plants():
    berry = load_shipped("strawberry_everbearing")
    drippers = replace(
        FARM,
        circuits=tuple(
            replace(c, drippers=1, dripper_l_h=4, daily_cap_l=4.0) if c.method is Method.DRIP else c
            for c in FARM.circuits
        ),
    )
    assert "cap_exceeded" not in found(berry, drippers, levels=("level_c1",), plants=8)
    assert "cap_exceeded" in found(berry, drippers, levels=("level_c1",), plants=9)


def test_a_level_without_a_circuit_is_an_error():
    dry = replace(FARM, circuits=tuple(c for c in FARM.circuits if "level_a1" not in c.levels))
    assert "not_watered" in found(farm=dry)


# -- room, devices --------------------------------------------------------------------------------


def test_plants_need_free_sites_and_at_last_their_spacing():
    sites = sum(FARM.level[name].sites for name in A)
    area = sum(FARM.level[name].area_m2 for name in A)
    assert not {"no_sites", "area_short"} & set(found(plants=int(25 * area)))
    finding = found(plants=int(25 * area) + 1)["area_short"]
    assert finding.path == "phases[1].density"
    assert found(plants=sites + 1)["no_sites"].severity is Severity.ERROR
    assert found(plants=sites, taken={"level_a2": 1})["no_sites"].params["free"] == sites - 1


def test_what_a_person_has_to_do_is_a_warning():
    codes = found(farm=without(Role.CO2_VALVE, *DOSING))
    assert codes["no_co2"].path.endswith("climate.co2.day")
    assert {"no_nutrients", "no_ph"} <= set(codes)
    assert all(codes[c].severity is Severity.WARNING for c in ("no_co2", "no_nutrients", "no_ph"))


def test_a_level_that_does_not_exist_is_refused_with_those_that_do():
    (finding,) = feasible(ROMAINE, FARM, levels=("level_z9",))
    assert finding.code == "no_level"
    assert "level_a1" in finding.accepted


@pytest.mark.parametrize("recipe_id", [h.id for h in shipped()])
def test_every_shipped_recipe_is_answered_for_the_demo_farm(recipe_id):
    report = feasible(load_shipped(recipe_id), FARM)
    assert [f.severity for f in report] == sorted(
        (f.severity for f in report), key=lambda s: s is not Severity.ERROR
    )
    assert all(f.message and f.accepted for f in report)
