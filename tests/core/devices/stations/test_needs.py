"""Every actuator needs protection in its own direction of danger, and what is missing is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.devices.stations.rack import bound, esphome_station, rack_farm
from vfarm_core.devices.stations.audit import WORDS, Standing, audit, starts_safely
from vfarm_core.devices.stations.model import (
    Contact,
    Guard,
    Output,
    Station,
    StationError,
    StationKind,
    Verified,
    stations_from,
)
from vfarm_core.devices.stations.needs import Need, needs_of
from vfarm_core.farm.codec import encode
from vfarm_core.farm.nodes import Farm, Method
from vfarm_core.farm.roles import Role


def needs_at(farm: Farm, point: str) -> dict[Guard, Need]:
    return {n.guard: n for n in needs_of(farm) if n.point == point}


def why(farm: Farm, station: Station, point: str) -> dict[Guard, str]:
    return {
        f.need.guard: f.why
        for f in audit(farm, [station])
        if f.need.point == point and f.standing is Standing.MISSING
    }


def test_what_is_dangerous_on_goes_off_by_itself_and_never_on() -> None:
    found = needs_at(rack_farm(), "pump.irrigation_pump")
    assert set(found) == {
        Guard.BOOT_STATE,
        Guard.AUTO_OFF,
        Guard.WATCHDOG,
        Guard.DRY_RUN_TRIP,
        Guard.LEAK_TRIP,
        Guard.STOP_LATCH,
        Guard.WATER_PLAN,
    }
    assert found[Guard.AUTO_OFF].seconds == 900
    assert not found[Guard.BOOT_STATE].on
    assert not found[Guard.WATCHDOG].on
    assert found[Guard.DRY_RUN_TRIP].contacts == ("tank.level_low",)
    assert found[Guard.LEAK_TRIP].contacts == ("tank.leak", "zone.leak")


def test_what_is_dangerous_off_runs_on_but_not_against_a_leak_or_a_dry_tank() -> None:
    found = needs_at(rack_farm(Method.NFT), "pump.irrigation_pump")
    assert set(found) == {
        Guard.BOOT_STATE,
        Guard.RUN_ON,
        Guard.WATCHDOG,
        Guard.DRY_RUN_TRIP,
        Guard.LEAK_TRIP,
        Guard.STOP_LATCH,
    }
    assert (found[Guard.RUN_ON].on, found[Guard.RUN_ON].seconds) == (True, 1200)
    assert found[Guard.BOOT_STATE].on


def test_aeration_runs_on_and_no_water_stops_it() -> None:
    found = needs_at(rack_farm(), "tank.air_pump")
    assert set(found) == {Guard.BOOT_STATE, Guard.RUN_ON, Guard.WATCHDOG, Guard.STOP_LATCH}


def test_a_fill_ends_at_the_high_float_and_a_lamp_keeps_its_light_day() -> None:
    farm = rack_farm()
    assert needs_at(farm, "tank.fill_valve")[Guard.HIGH_LEVEL_TRIP].contacts == ("tank.level_high",)
    assert Guard.LIGHT_PLAN in needs_at(farm, "level_1.grow_light")
    assert Guard.AUTO_OFF not in needs_at(farm, "level_1.grow_light")


def test_a_pump_that_survives_a_dry_tank_needs_no_trip_for_it() -> None:
    farm = rack_farm()
    hardy = tuple(
        b
        if b.declaration is None or b.role is not Role.IRRIGATION_PUMP
        else replace(b, declaration=replace(b.declaration, survives_dry_run=True))
        for b in farm.bindings
    )
    assert Guard.DRY_RUN_TRIP not in needs_at(replace(farm, bindings=hardy), "pump.irrigation_pump")


def test_an_esphome_node_with_its_contacts_lacks_nothing_but_planned_shots() -> None:
    farm = rack_farm()
    found = audit(farm, [esphome_station(farm)])
    lacking = {(f.need.guard, f.why) for f in found if f.standing is Standing.MISSING}
    assert lacking == {(Guard.WATER_PLAN, "kind_cannot")}
    film = rack_farm(Method.NFT)
    assert all(f.standing is Standing.GENERATED for f in audit(film, [esphome_station(film)]))


def test_a_pump_does_not_run_on_where_its_trips_are_not_wired() -> None:
    farm = rack_farm(Method.NFT)
    station = replace(esphome_station(farm), contacts=())
    assert why(farm, station, "pump.irrigation_pump") == {
        Guard.BOOT_STATE: "trips_missing",
        Guard.RUN_ON: "trips_missing",
        Guard.WATCHDOG: "trips_missing",
        Guard.DRY_RUN_TRIP: "contact_not_here",
        Guard.LEAK_TRIP: "contact_not_here",
    }
    assert not starts_safely(farm, station, "pump.irrigation_pump")
    assert starts_safely(farm, station, "tank.air_pump")


def test_a_contact_that_nobody_has_bound_is_named() -> None:
    farm = rack_farm(without=(Role.LEVEL_LOW,))
    assert why(farm, esphome_station(farm), "pump.irrigation_pump")[Guard.DRY_RUN_TRIP] == (
        "no_contact"
    )


def test_an_actuator_on_no_station_has_none_of_it() -> None:
    farm = rack_farm()
    assert {(f.standing, f.why, f.station) for f in audit(farm, [])} == {
        (Standing.MISSING, "no_station", None)
    }


def test_what_a_person_saw_is_verified_with_its_day() -> None:
    farm = rack_farm()
    seen = [
        Verified(point="tank.air_pump", guard=Guard.RUN_ON, on=day, by="Ada", after_s=12.0)
        for day in ("2026-11-02", "2026-10-01")
    ]
    found = audit(farm, [esphome_station(farm, verified=tuple(seen))])
    (proof,) = [f for f in found if f.standing is Standing.VERIFIED]
    assert (proof.need.guard, proof.on, proof.by, proof.after_s) == (
        Guard.RUN_ON,
        "2026-11-02",
        "Ada",
        12.0,
    )


def test_what_was_seen_does_not_stand_where_it_can_no_longer_be_kept() -> None:
    farm = rack_farm(Method.NFT)
    seen = Verified(point="pump.irrigation_pump", guard=Guard.LEAK_TRIP, on="2026-11-02", by="Ada")
    station = esphome_station(farm, verified=(seen,), contacts=())
    assert why(farm, station, "pump.irrigation_pump")[Guard.LEAK_TRIP] == "contact_not_here"


@pytest.mark.parametrize(
    ("kind", "model", "kept"),
    [
        (StationKind.SHELLY, "", {Guard.BOOT_STATE, Guard.AUTO_OFF}),
        (StationKind.ZIGBEE, "", {Guard.BOOT_STATE, Guard.AUTO_OFF}),
        (StationKind.MODBUS, "waveshare_relay", {Guard.BOOT_STATE, Guard.AUTO_OFF}),
        (StationKind.MODBUS, "agrowtek_outputs", {Guard.WATCHDOG}),
        (StationKind.MODBUS, "unknown", set()),
    ],
)
def test_what_bought_devices_can_keep(kind: StationKind, model: str, kept: set[Guard]) -> None:
    farm = rack_farm()
    outputs = (Output(point="pump.irrigation_pump", channel="0"),)
    station = Station(id="s", name="S", kind=kind, model=model, outputs=outputs)
    found = audit(farm, [station])
    assert {f.need.guard for f in found if f.standing is Standing.GENERATED} == kept
    assert {f.why for f in found if f.why} <= set(WORDS)


@pytest.mark.parametrize(
    ("kind", "model"), [(StationKind.ZIGBEE, ""), (StationKind.MODBUS, "waveshare_relay")]
)
def test_a_time_that_a_device_cannot_count_is_no_protection(kind: StationKind, model: str) -> None:
    farm = rack_farm()
    long = tuple(
        b
        if b.declaration is None or b.declaration.max_on_s is None
        else replace(b, declaration=replace(b.declaration, max_on_s=7200.0))
        for b in farm.bindings
    )
    station = Station(
        id="s",
        name="S",
        kind=kind,
        model=model,
        outputs=(Output(point="pump.irrigation_pump", channel="0"),),
    )
    found = why(replace(farm, bindings=long), station, "pump.irrigation_pump")
    assert found[Guard.AUTO_OFF] == "too_long"


def test_nothing_is_switched_on_by_what_cannot_latch_a_stop() -> None:
    farm = rack_farm()
    outputs = (Output(point="tank.air_pump", channel="0"),)
    for kind in (StationKind.SHELLY, StationKind.ZIGBEE):
        station = Station(id="s", name="S", kind=kind, outputs=outputs)
        assert why(farm, station, "tank.air_pump")[Guard.BOOT_STATE] == "trips_missing"


def test_stations_are_read_back_as_they_are_written() -> None:
    farm = rack_farm()
    station = esphome_station(farm)
    assert stations_from([encode(station)], farm) == (station,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outputs": (Output(point="nowhere", channel="GPIO1"),)}, "no binding of this farm"),
        ({"outputs": (Output(point="tank.volume", channel="GPIO1"),)}, "is no actuator"),
        ({"contacts": (Contact(point="tank.volume", channel="GPIO1"),)}, "no contact"),
        ({"contacts": (Contact(point="tank.leak", channel="GPIO16"),)}, "GPIO16 is used twice"),
        ({"heartbeat_lost_s": 20.0}, "one lost heartbeat"),
        ({"id": ""}, "needs an id"),
        ({"kind": StationKind.SHELLY}, "no number of a channel"),
        (
            {"verified": (Verified(point="x", guard=Guard.RUN_ON, on="soon", by="Ada"),)},
            "soon is no day",
        ),
    ],
)
def test_stations_that_do_not_fit_are_refused_with_the_reason(
    change: dict[str, object], said: str
) -> None:
    farm = rack_farm()
    with pytest.raises(StationError, match=said):
        stations_from([encode(replace(esphome_station(farm), **change))], farm)  # type: ignore[arg-type]


def test_an_actuator_hangs_on_one_station_only() -> None:
    farm = rack_farm()
    twice = [encode(esphome_station(farm)), encode(esphome_station(farm, id="other"))]
    with pytest.raises(StationError, match="hangs on node already"):
        stations_from(twice, farm)
    with pytest.raises(StationError, match="unknown field"):
        stations_from([{**twice[0], "pin": 1}], farm)


def test_a_sensor_and_an_undeclared_actuator_need_nothing() -> None:
    farm = rack_farm()
    bare = replace(farm, bindings=(*farm.bindings, bound("tank", Role.MIXING_PUMP)))
    assert not needs_at(bare, "tank.mixing_pump")
    assert not needs_at(bare, "tank.volume")
