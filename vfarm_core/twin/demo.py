"""The demo farm as data: two rooms, four racks, sixteen levels, and what grows there.

Sizes follow the recipes it runs: lamps for 380 µmol/m²/s, reservoirs that hold what a flood puts on
the tables, one room for leafy crops around 24 °C and one for strawberries with cool nights.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..batches.lifecycle import DAY_S, sow
from ..batches.model import Batch
from ..farm.bindings import Binding, Danger, Declaration, Dosing, OnLoss, Proof, binding_id
from ..farm.build import check
from ..farm.nodes import (
    Circuit,
    Farm,
    Fill,
    Fixture,
    Level,
    Method,
    Pump,
    Rack,
    Reservoir,
    Supply,
    Zone,
)
from ..farm.roles import Role
from ..recipes.library import load_shipped
from ..recipes.model import Recipe
from ..science.light import lamp_power_w_m2
from .air import EquipmentParameters, RoomParameters
from .config import TwinConfig, ZoneConfig, equipment_of
from .water import ReservoirParameters

FARM_ID = "demo"
#: Crops of the demo, all shipped recipes.
RECIPES = (
    "lettuce_butterhead",
    "basil_sweet",
    "pak_choi",
    "micro_radish",
    "strawberry_everbearing",
)

_AREA_M2 = 1.5
#: 38 plants/m², the final spacing of the lettuce recipe (Cornell handbook).
_SITES = 57
_PPFD_FULL = 380.0
#: Sensible default of LED fixtures and of the share of light that reaches the level
#: (science.md 1.3: 2.7 µmol/J; 0.8-0.95).
_EFFICACY_UMOL_J = 2.7
_UTILISATION = 0.9
_FLOOR_M2 = 16.0
_VOLUME_M3 = 45.0

_ZONES = {"zone_a": "Leaf room", "zone_b": "Berry room"}
_RACKS = {
    "rack_a": ("Rack A", "zone_a"),
    "rack_b": ("Rack B", "zone_a"),
    "rack_c": ("Rack C", "zone_b"),
    "rack_d": ("Rack D", "zone_b"),
}
_LIGHTS_ON = {"zone_a": dt.time(6, 0), "zone_b": dt.time(7, 0)}
_METHOD = {
    "rack_a": Method.EBB_FLOW,
    "rack_b": Method.EBB_FLOW,
    "rack_c": Method.DRIP,
    "rack_d": Method.DRIP,
}
#: 10 L/min for ten minutes floods the four tables of a rack 17 mm deep; drippers take 8 L/min.
_PUMP_L_MIN = {"zone_a": 10.0, "zone_b": 8.0}
_PUMP_W = {"zone_a": 70.0, "zone_b": 60.0}
_DRAIN_S = {Method.EBB_FLOW: 900.0, Method.DRIP: 300.0}
#: What a tank holds, and what its mixing pump turns over: three times in half an hour.
_TANK_L = 400.0
_MIXING_L_MIN = 28.0
#: Topped up about once a day from soft water, far below the float and with room for a flood that
#: runs back.
_FILL = Fill(below=0.67, to=0.72, max_l=40.0, day_l=160.0, drain_back_l=20.0)
_FILL_L_MIN = 8.0
#: Soft water, mS/cm [D].
_SOURCE_EC = 0.2
#: Small peristaltic pumps and a dilute acid [D]: a dose of a farm whose time runs 60 times as fast
#: still takes the better part of a second.
_DOSER_ML_S = 0.25
_DOSE_EC = 0.5
_DOSE_PH = 3.0
#: Caps of a dose and an hour are what mixes within the hour in a tank of this size; those of a day
#: are three times what the plants take up in one; a filling lasts for a season.
_NUTRIENT = Dosing(
    max_dose_ml=30.0,
    max_hour_ml=60.0,
    max_day_ml=200.0,
    max_tank_ml=20_000.0,
    effect_per_ml_l=_DOSE_EC,
)
_ACID = Dosing(
    max_dose_ml=30.0,
    max_hour_ml=60.0,
    max_day_ml=200.0,
    max_tank_ml=20_000.0,
    effect_per_ml_l=_DOSE_PH,
)
_DOSERS = {
    Role.DOSING_PUMP_NUTRIENT_A: _NUTRIENT,
    Role.DOSING_PUMP_NUTRIENT_B: _NUTRIENT,
    Role.DOSING_PUMP_PH_DOWN: _ACID,
}
#: Nobody tends the demo: its probes and pumps stay checked for a year.
_CHECKED_DAYS = 365.0
#: Crops that share no EC share the leaf room's tank; it is kept for the youngest lettuce.
_LEADS = {"reservoir_a": "lettuce-3"}
#: The leaf room's dehumidifier has four speeds; the coolers are inverters.
_SPEEDS = {
    ("zone_a", Role.DEHUMIDIFIER): 0.25,
    ("zone_a", Role.COOLER): 0.1,
    ("zone_b", Role.COOLER): 0.1,
}
#: A lighting circuit of 230 V and 16 A, loaded to 80 %.
_SUPPLY_KW = 2.9


def level_id(rack: str, number: int) -> str:
    """The id of a level of the demo farm."""
    return f"level_{rack[-1]}{number}"


def demo_farm(time_zone: str = "UTC") -> Farm:
    """The demo farm with every sensor and actuator bound to an entity key `demo.<node>.<role>`."""
    power_w = round(lamp_power_w_m2(_PPFD_FULL, _EFFICACY_UMOL_J, _UTILISATION) * _AREA_M2)
    fixture = Fixture(ppfd_full=_PPFD_FULL, power_w=power_w, dim_min=0.1)
    levels = tuple(
        Level(
            id=level_id(rack, n),
            name=f"{name} Level {n}",
            rack=rack,
            area_m2=_AREA_M2,
            sites=_SITES,
            fixture=fixture,
            lights_on=_LIGHTS_ON[zone],
        )
        for rack, (name, zone) in _RACKS.items()
        for n in range(1, 5)
    )
    farm = Farm(
        id=FARM_ID,
        name="Demo farm",
        time_zone=time_zone,
        zones=tuple(
            Zone(id=z, name=name, volume_m3=_VOLUME_M3, co2_detector=True)
            for z, name in _ZONES.items()
        ),
        racks=tuple(Rack(id=r, name=name, zone=zone) for r, (name, zone) in _RACKS.items()),
        levels=levels,
        reservoirs=tuple(
            Reservoir(
                id=f"reservoir_{z[-1]}",
                name=f"{name} reservoir",
                capacity_l=_TANK_L,
                volume_min_l=60.0,
                lead_batch=_LEADS.get(f"reservoir_{z[-1]}"),
                mixing_l_min=_MIXING_L_MIN,
                probe_days=_CHECKED_DAYS,
                pump_days=_CHECKED_DAYS,
                fill=_FILL,
                source_ec=_SOURCE_EC,
            )
            for z, name in _ZONES.items()
        ),
        pumps=tuple(
            Pump(
                id=f"pump_{z[-1]}",
                name=f"{name} pump",
                reservoir=f"reservoir_{z[-1]}",
                flow_l_min=_PUMP_L_MIN[z],
            )
            for z, name in _ZONES.items()
        ),
        circuits=tuple(
            Circuit(
                id=f"circuit_{rack[-1]}",
                name=f"{name} {'tables' if _METHOD[rack] is Method.EBB_FLOW else 'drippers'}",
                pump=f"pump_{zone[-1]}",
                levels=tuple(level_id(rack, n) for n in range(1, 5)),
                method=_METHOD[rack],
                drain_s=_DRAIN_S[_METHOD[rack]],
            )
            for rack, (name, zone) in _RACKS.items()
        ),
        supplies=tuple(
            Supply(
                id=f"supply_{z[-1]}",
                name=f"{name} lighting circuit",
                limit_kw=_SUPPLY_KW,
                levels=tuple(
                    level_id(r, n)
                    for r, (_, zone) in _RACKS.items()
                    if zone == z
                    for n in range(1, 5)
                ),
            )
            for z, name in _ZONES.items()
        ),
        bindings=_bindings(power_w),
    )
    return check(_rated(farm))


def _rated(farm: Farm) -> Farm:
    """The farm with what its climate devices draw at full output: that of equipment of an ordinary
    size (`config.equipment_of`)."""
    rated: list[Binding] = []
    sizes = {zone.id: equipment_of(farm, zone.id) for zone in farm.zones}
    for b in farm.bindings:
        watts = _WATTS.get(b.role)
        if watts is not None and b.declaration is not None and b.node in sizes:
            rating = round(watts(sizes[b.node]), 1)
            b = replace(b, declaration=replace(b.declaration, rating_w=rating))
        rated.append(b)
    return replace(farm, bindings=tuple(rated))


def demo_recipes() -> Mapping[str, Recipe]:
    """The recipes of the demo by version."""
    recipes = (load_shipped(name) for name in RECIPES)
    return {recipe.version: recipe for recipe in recipes}


#: id, title, recipe, plants, levels, days since sowing. Spacing is that of the recipe's last phase.
_BATCHES = (
    ("lettuce-1", "Butterhead 1", "lettuce_butterhead", 114, ("level_a1", "level_a2"), 26.0),
    ("lettuce-2", "Butterhead 2", "lettuce_butterhead", 57, ("level_a3",), 19.0),
    ("lettuce-3", "Butterhead 3", "lettuce_butterhead", 57, ("level_a4",), 12.0),
    ("basil-1", "Sweet basil 1", "basil_sweet", 52, ("level_b1",), 27.0),
    ("pak-choi-1", "Pak choi 1", "pak_choi", 52, ("level_b2",), 16.0),
    ("pak-choi-2", "Pak choi 2", "pak_choi", 52, ("level_b3",), 5.0),
    ("radish-1", "Radish shoots 1", "micro_radish", 58500, ("level_b4",), 4.0),
    (
        "strawberry-1",
        "Strawberry 1",
        "strawberry_everbearing",
        39,
        ("level_c1", "level_c2", "level_c3"),
        110.0,
    ),
    ("strawberry-2", "Strawberry 2", "strawberry_everbearing", 13, ("level_c4",), 60.0),
    (
        "strawberry-3",
        "Strawberry 3",
        "strawberry_everbearing",
        26,
        ("level_d1", "level_d2"),
        50.0,
    ),
)


def demo_batches(now: float, recipes: Mapping[str, Recipe]) -> tuple[Batch, ...]:
    """What grows in the demo at `now` (farm time): five crops in different phases. `recipes` by
    version, as `demo_recipes` gives them."""
    return _sown(now, 0.0, recipes)


def demo_batches_before(
    now: float, days: float, recipes: Mapping[str, Recipe]
) -> tuple[Batch, ...]:
    """What of `demo_batches` grew `days` before `now`, in the phases of then, and after it, in the
    order of their instants, what was sown since."""
    grew = _sown(now - days * DAY_S, days, recipes)
    return tuple(sorted(grew, key=lambda batch: max(now - days * DAY_S, batch.sown_at)))


def _sown(then: float, days: float, recipes: Mapping[str, Recipe]) -> tuple[Batch, ...]:
    """The batches as they stand at `then`, which is `days` before the demo begins; those that are
    younger as they are sown after it."""
    by_id = {recipe.id: recipe for recipe in recipes.values()}
    return tuple(
        sow(
            id=batch_id,
            recipe=by_id[recipe],
            plants=plants,
            placements=dict.fromkeys(levels, _SITES),
            at=then + max(0.0, days - age) * DAY_S,
            days_ago=max(0.0, age - days),
            title=title,
        )
        for batch_id, title, recipe, plants, levels, age in _BATCHES
    )


def demo_config(seed: int = 1) -> TwinConfig:
    """The demo's rooms. The berry room's cooler has a colder coil: its nights are at 11-14 °C."""
    farm = demo_farm()
    room = RoomParameters(volume_m3=_VOLUME_M3, floor_m2=_FLOOR_M2)
    berry = _with_coil(equipment_of(farm, "zone_b"), 3.0)
    return TwinConfig(
        seed=seed,
        zones={
            "zone_a": ZoneConfig(room=room, temperature_c=22.0, humidity_pct=65.0, co2_ppm=600.0),
            "zone_b": ZoneConfig(
                room=room, equipment=berry, temperature_c=17.0, humidity_pct=72.0, co2_ppm=500.0
            ),
        },
        reservoirs={
            "reservoir_a": _water(ec=1.34),
            "reservoir_b": _water(ec=1.05),
        },
    )


def _water(ec: float) -> ReservoirParameters:
    """A tank that needs some water and food, and is topped up with soft water [D]."""
    return ReservoirParameters(
        start_share=0.66,
        ec=ec,
        ph=6.1,
        float_valve_at=None,
        refill_ec=_SOURCE_EC,
        refill_ph=7.0,
        refill_l_min=_FILL_L_MIN,
        doser_ml_s=_DOSER_ML_S,
        dose_ec=_DOSE_EC,
        dose_ph=_DOSE_PH,
    )


def _with_coil(equipment: EquipmentParameters, coil_c: float) -> EquipmentParameters:
    return replace(equipment, cooler_coil_c=coil_c)


# -- bindings ------------------------------------------------------------------------------------


def _bindings(lamp_w: float) -> tuple[Binding, ...]:
    found = [_bind(FARM_ID, Role.POWER)]
    for zone in _ZONES:
        found += [_bind(zone, role) for role in _ZONE_SENSORS]
        for role, declared in _ZONE_ACTUATORS.items():
            speeds = _SPEEDS.get((zone, role), 0.0)
            bound = _bind(zone, role, declared)
            if role in _METERED:
                meter = _bind(zone, Role.POWER, number=_METERED.index(role) + 1)
                found.append(meter)
                bound = replace(bound, declaration=replace(declared, metered_by=meter.id))
            found.append(replace(bound, levels=True, step=speeds) if speeds else bound)
        valve = _bind(zone, Role.CO2_VALVE, _CO2_VALVE)
        found.append(_proved_by(valve, Role.FEEDBACK))
    for rack in _RACKS:
        for n in range(1, 5):
            found.append(_bind(level_id(rack, n), Role.GROW_LIGHT, _lamp(lamp_w)))
        # One quantum sensor a rack, as growers do; the other levels are modelled by their lamps.
        found.append(_bind(level_id(rack, 2), Role.PPFD))
    for zone in _ZONES:
        reservoir, pump = f"reservoir_{zone[-1]}", f"pump_{zone[-1]}"
        found += [_bind(reservoir, role) for role in _RESERVOIR_SENSORS]
        found.append(_bind(reservoir, Role.AIR_PUMP, _AIR_PUMP))
        found.append(_bind(reservoir, Role.MIXING_PUMP, _MIXING_PUMP))
        found.append(_proved_by(_bind(reservoir, Role.FILL_VALVE, _FILL_VALVE), Role.FLOW))
        found += [_bind(reservoir, role, _doser(dosing)) for role, dosing in _DOSERS.items()]
        found.append(_bind(pump, Role.FLOW))
        found.append(_bind(pump, Role.IRRIGATION_PUMP, _pump(_PUMP_W[zone])))
    for rack, (_, zone) in _RACKS.items():
        pump = binding_id(f"pump_{zone[-1]}", Role.IRRIGATION_PUMP)
        found.append(_bind(f"circuit_{rack[-1]}", Role.IRRIGATION_VALVE, _valve(pump)))
    return tuple(found)


def _proved_by(binding: Binding, role: Role, number: int = 1) -> Binding:
    """The binding with the feedback of its own that its hardware has."""
    assert binding.declaration is not None
    proved_by = binding_id(binding.node, role, number)
    return replace(binding, declaration=replace(binding.declaration, proved_by=proved_by))


def _bind(node: str, role: Role, declared: Declaration | None = None, number: int = 1) -> Binding:
    found = binding_id(node, role, number)
    return Binding(
        id=found,
        node=node,
        role=role,
        entity=f"demo.{found}",
        declaration=declared,
    )


#: The feedback of a zone is a pressure switch behind its CO2 valve; the flow meter of a reservoir
#: is in its fill line.
_ZONE_SENSORS = (
    Role.FEEDBACK,
    Role.AIR_TEMPERATURE,
    Role.HUMIDITY,
    Role.CO2,
    Role.OCCUPANCY,
    Role.LEAK,
)
_RESERVOIR_SENSORS = (
    Role.SOLUTION_EC,
    Role.SOLUTION_PH,
    Role.SOLUTION_TEMPERATURE,
    Role.VOLUME,
    Role.LEVEL_LOW,
    Role.LEVEL_HIGH,
    Role.FLOW,
    Role.LEAK,
)


def _declared(
    danger: Danger,
    *,
    safe_on: bool = False,
    min_s: float = 0.0,
    max_on_s: float | None = None,
    max_off_s: float | None = None,
    daily_cap_s: float | None = None,
    rating_w: float | None = None,
    proof: Proof = Proof.STATE,
    deadline_s: float = 10.0,
    isolation: str | None = None,
) -> Declaration:
    loss = OnLoss.ON if safe_on else OnLoss.OFF
    return Declaration(
        danger=danger,
        safe_on=safe_on,
        on_power_loss=OnLoss.OFF,
        on_control_loss=loss,
        min_on_s=min_s,
        min_off_s=min_s,
        max_on_s=max_on_s,
        max_off_s=max_off_s,
        daily_cap_s=daily_cap_s,
        rating_w=rating_w,
        proof=proof,
        deadline_s=deadline_s,
        isolation=isolation,
    )


#: What a climate device draws at full output, W.
_WATTS: Mapping[Role, Callable[[EquipmentParameters], float]] = {
    Role.HEATER: lambda e: e.heater_w,
    Role.COOLER: lambda e: e.cooler_w / e.cop,
    Role.HUMIDIFIER: lambda e: e.humidifier_kg_h * e.humidifier_w_kg_h,
    Role.DEHUMIDIFIER: lambda e: e.dehumidifier_kg_h / e.dehumidifier_kg_kwh * 1000,
    Role.EXHAUST_FAN: lambda e: e.exhaust_w,
    Role.CIRCULATION_FAN: lambda e: e.circulation_w,
}
#: A compressor draws what the air asks of it: its plug has a meter.
_METERED = (Role.COOLER, Role.DEHUMIDIFIER)
#: Compressors rest and run at least three minutes (usual protection of makers [D]); CO2 opens for
#: ten minutes at most, four hours a day.
_ZONE_ACTUATORS: Mapping[Role, Declaration] = {
    Role.HEATER: _declared(Danger.ON, min_s=60.0, max_on_s=7200.0),
    Role.COOLER: _declared(Danger.NEITHER, min_s=180.0),
    Role.HUMIDIFIER: _declared(Danger.NEITHER, min_s=60.0),
    Role.DEHUMIDIFIER: _declared(Danger.NEITHER, min_s=180.0),
    Role.EXHAUST_FAN: _declared(Danger.NEITHER),
    Role.CIRCULATION_FAN: _declared(Danger.NEITHER, safe_on=True),
}
_CO2_VALVE = _declared(Danger.ON, max_on_s=600.0, daily_cap_s=14400.0, proof=Proof.FEEDBACK)
_AIR_PUMP = _declared(Danger.OFF, safe_on=True, max_off_s=1800.0, rating_w=15.0)

_MIXING_PUMP = _declared(Danger.NEITHER, rating_w=30.0)
#: Half as long again as the largest fill takes; the meter in the line proves it.
_FILL_VALVE = _declared(
    Danger.ON, max_on_s=450.0, rating_w=8.0, proof=Proof.FEEDBACK, deadline_s=15.0
)


def _doser(dosing: Dosing) -> Declaration:
    # The pump's own timer ends every pulse, whatever becomes of Home Assistant.
    pump = _declared(Danger.ON, max_on_s=180.0, rating_w=5.0, proof=Proof.PULSE)
    return replace(pump, dosing=dosing)


def _lamp(power_w: float) -> Declaration:
    return _declared(Danger.NEITHER, rating_w=power_w)


def _pump(power_w: float) -> Declaration:
    # Twenty minutes: twice the longest shot of the recipes; the flow meter proves it.
    return _declared(
        Danger.ON, max_on_s=1200.0, rating_w=power_w, proof=Proof.FEEDBACK, deadline_s=15.0
    )


def _valve(pump: str) -> Declaration:
    # Longer than the pump's limit: a valve must not close against a pump.
    return _declared(Danger.ON, max_on_s=1500.0, rating_w=8.0, deadline_s=15.0, isolation=pump)
