"""The farm a scenario begins with: one air-tight room per twenty levels, a circuit per rack, and
shipped lettuce in its first weeks on rafts or tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from ...batches.lifecycle import sow
from ...batches.model import Batch
from ...farm.bindings import (
    Binding,
    Danger,
    Declaration,
    Degraded,
    Dosing,
    OnLoss,
    OnNoReading,
    Proof,
    binding_id,
)
from ...farm.build import check
from ...farm.nodes import (
    Circuit,
    Farm,
    Fill,
    Fixture,
    Level,
    Method,
    Pump,
    Rack,
    Reservoir,
    Zone,
)
from ...farm.roles import DOSING, NUTRIENTS, Role, spec
from ...recipes.library import load_shipped
from ...recipes.model import (
    CropSteering,
    DayLength,
    IrrigationPlan,
    MistCycle,
    Provenance,
    Recipe,
    Shift,
    SolutionQuantity,
)
from ...recipes.version import content_hash
from ..config import OutdoorClimate, TwinConfig, ZoneConfig, equipment_of
from ..water import ReservoirParameters

ZONE, TANK, PUMP, CIRCUIT = "zone_1", "tank_1", "pump_1", "circuit_1"
HEATER = f"{ZONE}.heater"
COOLER = f"{ZONE}.cooler"
HUMIDIFIER = f"{ZONE}.humidifier"
DEHUMIDIFIER = f"{ZONE}.dehumidifier"
EXHAUST = f"{ZONE}.exhaust_fan"
OUTSIDE = f"{ZONE}.outside_temperature"
FAN = f"{ZONE}.circulation_fan"
CO2_VALVE = f"{ZONE}.co2_valve"
TEMPERATURE = f"{ZONE}.air_temperature"
HUMIDITY = f"{ZONE}.humidity"
CO2 = f"{ZONE}.co2"
OCCUPANCY = f"{ZONE}.occupancy"
ZONE_LEAK = f"{ZONE}.leak"
SMOKE = f"{ZONE}.smoke"
DOOR = f"{ZONE}.door"
TANK_LEAK = f"{TANK}.leak"
VOLUME = f"{TANK}.volume"
FLOW = f"{PUMP}.flow"
PUMP_SWITCH = f"{PUMP}.irrigation_pump"
VALVE = f"{CIRCUIT}.irrigation_valve"
VALVE_2 = "circuit_2.irrigation_valve"
DRAIN = f"{CIRCUIT}.drain_valve"
TABLE = f"{CIRCUIT}.table_level"
COUNTER = f"{PUMP}.water_total"
GAUGE = f"{PUMP}.pressure"
MOISTURE = f"{CIRCUIT}.substrate_moisture"
EC = f"{TANK}.solution_ec"
EC_2 = f"{TANK}.solution_ec.2"
PH = f"{TANK}.solution_ph"
FLOAT = f"{TANK}.level_high"
MIXER = f"{TANK}.mixing_pump"
PUMP_A = f"{TANK}.dosing_pump_nutrient_a"
PUMP_B = f"{TANK}.dosing_pump_nutrient_b"
PUMP_DOWN = f"{TANK}.dosing_pump_ph_down"
PUMP_UP = f"{TANK}.dosing_pump_ph_up"
FILL_VALVE = f"{TANK}.fill_valve"
FILL_MAIN = f"{TANK}.fill_valve.2"
DOSERS = (PUMP_A, PUMP_B, PUMP_DOWN, PUMP_UP)
FILL_METER = f"{TANK}.flow"
LAMP = "level_1.grow_light"
LAMP_2 = "level_2.grow_light"
BATCH = "lettuce"

#: Of the stocks: what 1 mL does to 1 L, and what their pumps give, mL/s (slow ones, so that a dose
#: lasts for half a minute).
_EFFECT = {True: 0.5, False: 20.0}
DOSER_ML_S = 0.5
#: EC (mS/cm) and pH of the fresh water, and what the lettuce's rafts ask for, above it.
FRESH = (0.3, 7.0)
ON_TARGET = (1.2 + FRESH[0], 5.8)
#: The EC of the second raft phase where it is to be weaker, still within its limits.
_WEAK_EC = 0.95
_NUTRIENT = Dosing(
    max_dose_ml=40.0,
    max_hour_ml=60.0,
    max_day_ml=200.0,
    max_tank_ml=2000.0,
    effect_per_ml_l=_EFFECT[True],
)
_ACID = Dosing(
    max_dose_ml=5.0,
    max_hour_ml=10.0,
    max_day_ml=20.0,
    max_tank_ml=300.0,
    effect_per_ml_l=_EFFECT[False],
)
#: The longest that a dosing pump and a fill valve may be on (s).
DOSER_MAX_S, FILL_MAX_S = 120.0, 1800.0
#: A tank of 140 L is filled from 84 to 105 L; a flood of its table takes up to 30 L.
FILL = Fill(below=0.6, to=0.75, max_l=30.0, day_l=60.0, drain_back_l=30.0)
_MIXING_L_MIN = 20.0
#: Of drip, per site: 0.2 L of substrate and one dripper; 38 of them take what the pump gives.
_SUBSTRATE = {"substrate_l": 0.2, "drippers": 1.0, "dripper_l_h": 5.0 * 60 / 38}
#: Levels of one rack, and racks that share a room and a pump.
_LEVELS_A_RACK = 10
_RACKS_A_ZONE = 2
#: The first raft phase of the shipped lettuce begins on day 11.
_DAYS_AGO = 12.0


#: What the dehumidifier does without its reading: ten minutes of every half an hour, for two hours.
_BRIDGED = Degraded(mode=OnNoReading.SCHEDULE, limit_s=7200.0, on_s=600.0, off_s=1200.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a story begins. `day` and `begins` are local; the farm runs for `warm_s` before.

    `probes`: air thermometers and CO2 probes. `on_disk`: with a real journal file. `float_switch`:
    with a contact for low volume besides the volume probe. `meter`: with a flow meter, which then
    proves the pump. `motor_valve`: the valve stays where it is without power. `short_day`: the
    second raft phase has a photoperiod of 12 h. `reheat`: the cooler dries while the heater holds
    the temperature, and there is no dehumidifier. `exhaust_only`: air is cooled and dried by
    exhaust, which knows the air outside; `fan_step`: the exhaust fan has levels. Without a `bottle`
    an open CO2 valve gives nothing. `flowers`: the crop flowers by the length of
    its nights. `light_sensor`: with a PPFD sensor on the first level. `shift_h`: lights-on may move
    so far to cheap hours, with nights of seven hours or more. `water`: meters,
    gauges and drains of the first circuit and its pump besides. `shots_a_day`, `mist`, `steering`:
    lettuce by these plans. `sensors`: more of them, by node and role.

    `dosed`: the tank is dosed (A, B, acid, base), its probes are checked and its pumps calibrated;
    `pulse`: its pumps end their pulses themselves; `pairs`: with two probes each for EC and pH.
    `filled`: it is filled by a valve; `in_a_row`: by two, of which one isolates the other;
    `fill_meter`: a meter in the fill line proves the valve, instead of a contact of its own. A
    tank that is dosed or filled waters nothing by itself. `doses` and `fill` are its caps; it
    begins with `solution` (EC, pH). `weak_end`: the second raft phase asks for a weaker solution.
    `source_ec`: what people said of the fresh water.
    """

    levels: int = 1
    method: Method = Method.EBB_FLOW
    time_zone: str = "UTC"
    day: str = "2026-03-02"
    begins: str = "08:00"
    warm_s: float = 1800.0
    probes: int = 1
    on_disk: bool = False
    float_switch: bool = False
    meter: bool = True
    motor_valve: bool = False
    short_day: bool = False
    flowers: bool = False
    light_sensor: bool = False
    shift_h: float = 0.0
    water: tuple[Role, ...] = ()
    shots_a_day: int = 0
    mist: MistCycle | None = None
    steering: CropSteering | None = None
    air_c: float = 24.0
    humidity_pct: float = 60.0
    co2_ppm: float = 900.0
    outside_c: float = 16.0
    planted: bool = True
    bridged: bool = False
    step_s: float = 60.0
    reheat: bool = False
    exhaust_only: bool = False
    fan_step: float | None = None
    co2_cap_s: float = 14400.0
    bottle: bool = True
    sensors: tuple[tuple[str, Role], ...] = ()
    dosed: bool = False
    pulse: bool = False
    pairs: bool = False
    filled: bool = False
    in_a_row: bool = False
    fill_meter: bool = False
    doses: Dosing = _NUTRIENT
    fill: Fill = FILL
    solution: tuple[float, float] = ON_TARGET
    weak_end: bool = False
    source_ec: float | None = FRESH[0]

    @property
    def still(self) -> bool:
        """Whether nothing is watered but what a person asks for."""
        return (self.dosed or self.filled) and not self.shots_a_day

    @property
    def start(self) -> float:
        """Farm time at which the farm is switched on."""
        local = dt.datetime.fromisoformat(f"{self.day}T{self.begins}")
        return local.replace(tzinfo=ZoneInfo(self.time_zone)).timestamp() - self.warm_s


def recipe_of(setup: Setup) -> Recipe:
    """The shipped lettuce, or with a shorter day in its second raft phase."""
    recipe = load_shipped("lettuce_butterhead")
    if setup.flowers:
        recipe = replace(recipe, day_length=DayLength.SHORT_DAY)
    if setup.shift_h:
        shift = Shift(hours=setup.shift_h, dark_min_h=7.0)
        phases = tuple(
            p if p.is_dark or p.is_always_lit else replace(p, light=replace(p.light, shift=shift))
            for p in recipe.phases
        )
        recipe = replace(recipe, phases=phases)
    if setup.weak_end:
        last = recipe.phases[-1]
        ec = last.solution[SolutionQuantity.EC]
        weak = replace(ec, day=_WEAK_EC, night=_WEAK_EC)
        last = replace(last, solution={**last.solution, SolutionQuantity.EC: weak})
        recipe = replace(recipe, phases=(*recipe.phases[:-1], last))
    if setup.still:
        dry = tuple(replace(p, irrigation={}) for p in recipe.phases)
        recipe = replace(recipe, phases=dry)
    if setup.shots_a_day or setup.mist is not None or setup.steering is not None:
        return _watered(recipe, setup)
    if not setup.short_day:
        return replace(recipe, version=content_hash(recipe))
    last = recipe.phases[-1]
    hours = 12.0
    light = replace(last.light, photoperiod_h=hours, dli=last.light.ppfd * hours * 0.0036)
    changed = replace(recipe, phases=(*recipe.phases[:-1], replace(last, light=light)))
    return replace(changed, version=content_hash(changed))


def _watered(recipe: Recipe, setup: Setup) -> Recipe:
    """The lettuce with a plan of this setup's method in every phase: shots of two minutes, four a
    day where something else should bring them."""
    plan = IrrigationPlan(
        method=setup.method,
        events_per_day=0 if setup.mist else setup.shots_a_day or 4,
        night_events=0,
        duration_s=0.0 if setup.mist else 120.0,
        provenance=Provenance(source="practice", confidence="design"),
        cycle=setup.mist,
        steering=setup.steering,
    )
    phases = tuple(replace(p, irrigation={setup.method: plan}) for p in recipe.phases)
    changed = replace(recipe, phases=phases)
    return replace(changed, version=content_hash(changed))


def batch_of(setup: Setup, farm: Farm, recipe: Recipe) -> Batch:
    """Lettuce on every level, some days on rafts."""
    return sow(
        id=BATCH,
        recipe=recipe,
        plants=38 * setup.levels,
        placements={level.id: 38 for level in farm.levels},
        at=setup.start,
        days_ago=_DAYS_AGO,
        title="Lettuce",
    )


def config_of(setup: Setup, farm: Farm) -> TwinConfig:
    """A mild place, its physics in steps of a minute."""

    def zone(key: str) -> ZoneConfig:
        equipment = equipment_of(farm, key)
        return ZoneConfig(
            equipment=equipment if setup.bottle else replace(equipment, co2_g_h=0.0),
            temperature_c=setup.air_c,
            humidity_pct=setup.humidity_pct,
            co2_ppm=setup.co2_ppm,
        )

    return TwinConfig(
        seed=4,
        outdoor=OutdoorClimate(mean_c=setup.outside_c, yearly_k=0.0, daily_k=2.0),
        zones={z.id: zone(z.id) for z in farm.zones},
        reservoirs={r.id: _tank(setup) for r in farm.reservoirs},
        step_s=setup.step_s,
    )


def _tank(setup: Setup) -> ReservoirParameters:
    plain = ReservoirParameters(float_valve_at=None)
    if not (setup.dosed or setup.filled):
        return plain
    return replace(
        plain,
        ec=setup.solution[0],
        ph=setup.solution[1],
        refill_ec=FRESH[0],
        refill_ph=FRESH[1],
        doser_ml_s=DOSER_ML_S,
        dose_ec=_EFFECT[True],
        dose_ph=_EFFECT[False],
    )


def farm_of(setup: Setup) -> Farm:
    """The farm of a scenario."""
    racks = -(-setup.levels // _LEVELS_A_RACK)
    zones = -(-racks // _RACKS_A_ZONE)
    levels: dict[int, list[str]] = {r: [] for r in range(1, racks + 1)}
    for n in range(1, setup.levels + 1):
        levels[-(-n // _LEVELS_A_RACK)].append(f"level_{n}")
    fixture = Fixture(ppfd_full=400.0, power_w=165.0, dim_min=0.1)
    return check(
        Farm(
            id="farm",
            name="Campaign",
            time_zone=setup.time_zone,
            zones=tuple(
                Zone(
                    id=f"zone_{z}",
                    name=f"Room {z}",
                    volume_m3=4.0 + 2.0 * setup.levels / zones,
                    reheat=setup.reheat,
                    co2_detector=True,
                )
                for z in range(1, zones + 1)
            ),
            racks=tuple(
                Rack(id=f"rack_{r}", name=f"Rack {r}", zone=f"zone_{_zone_of(r)}") for r in levels
            ),
            levels=tuple(
                Level(
                    id=level,
                    name=level,
                    rack=f"rack_{r}",
                    area_m2=1.0,
                    sites=38,
                    fixture=fixture,
                )
                for r, group in levels.items()
                for level in group
            ),
            reservoirs=tuple(
                Reservoir(
                    id=f"tank_{z}",
                    name=f"Tank {z}",
                    capacity_l=100.0 + 40.0 * setup.levels / zones,
                    volume_min_l=20.0,
                    mixing_l_min=_MIXING_L_MIN if setup.dosed else None,
                    fill=setup.fill if setup.filled else None,
                    source_ec=setup.source_ec,
                )
                for z in range(1, zones + 1)
            ),
            pumps=tuple(
                Pump(
                    id=f"pump_{z}",
                    name=f"Pump {z}",
                    reservoir=f"tank_{z}",
                    flow_l_min=5.0,
                    pressure_min_kpa=50.0 if Role.PRESSURE in setup.water else None,
                )
                for z in range(1, zones + 1)
            ),
            circuits=tuple(
                Circuit(
                    id=f"circuit_{r}",
                    name=f"Circuit {r}",
                    pump=f"pump_{_zone_of(r)}",
                    levels=tuple(group),
                    method=setup.method,
                    drain_s=600.0,
                    **(_SUBSTRATE if setup.method is Method.DRIP else {}),
                )
                for r, group in levels.items()
            ),
            bindings=tuple(_bindings(setup, racks, zones)),
        )
    )


def _zone_of(rack: int) -> int:
    return -(-rack // _RACKS_A_ZONE)


def _bind(node: str, role: Role, declared: Declaration | None = None, number: int = 1) -> Binding:
    key = binding_id(node, role, number)
    return Binding(id=key, node=node, role=role, entity=f"campaign.{key}", declaration=declared)


def _bindings(setup: Setup, racks: int, zones: int) -> list[Binding]:
    found: list[Binding] = []
    for z in range(1, zones + 1):
        found += _zone_bindings(f"zone_{z}", setup)
        tank, pump = f"tank_{z}", f"pump_{z}"
        found += [_bind(tank, Role.VOLUME), _bind(tank, Role.LEAK)]
        if setup.float_switch:
            found.append(_bind(tank, Role.LEVEL_LOW))
        if setup.dosed:
            found += _dosing_bindings(tank, setup)
        if setup.filled:
            found += _fill_bindings(tank, setup)
        if setup.meter:
            found.append(_bind(pump, Role.FLOW))
        first = binding_id(f"circuit_{_RACKS_A_ZONE * (z - 1) + 1}", Role.IRRIGATION_VALVE)
        found.append(_bind(pump, Role.IRRIGATION_PUMP, _pump(setup, first)))
    for r in range(1, racks + 1):
        pump_switch = binding_id(f"pump_{_zone_of(r)}", Role.IRRIGATION_PUMP)
        found.append(_bind(f"circuit_{r}", Role.IRRIGATION_VALVE, _valve(setup, pump_switch)))
    for role in setup.water:
        if role is Role.DRAIN_VALVE:
            found.append(_bind(CIRCUIT, role, _drain()))
        else:
            found.append(_bind(PUMP if "pump" in spec(role).nodes else CIRCUIT, role))
    for n in range(1, setup.levels + 1):
        lamp = Declaration(
            danger=Danger.NEITHER, proof=Proof.STATE, rating_w=165.0, on_power_loss=OnLoss.OFF
        )
        found.append(_bind(f"level_{n}", Role.GROW_LIGHT, lamp))
    if setup.light_sensor:
        found.append(_bind("level_1", Role.PPFD))
    return [*found, *(_bind(node, role) for node, role in setup.sensors)]


def _zone_bindings(zone: str, setup: Setup) -> list[Binding]:
    contacts = (Role.OCCUPANCY, Role.LEAK, Role.SMOKE, Role.DOOR, Role.FEEDBACK)
    found = [_bind(zone, role) for role in (Role.HUMIDITY, *contacts)]
    for number in range(1, setup.probes + 1):
        found += [_bind(zone, role, None, number) for role in (Role.AIR_TEMPERATURE, Role.CO2)]
    off = OnLoss.OFF
    neither, on = Danger.NEITHER, Danger.ON
    declared = {
        Role.HEATER: Declaration(danger=on, max_on_s=7200.0, min_on_s=60.0, min_off_s=60.0),
        Role.COOLER: Declaration(danger=neither, min_on_s=180.0, min_off_s=180.0),
        Role.HUMIDIFIER: Declaration(danger=neither, min_on_s=60.0, min_off_s=60.0),
        Role.DEHUMIDIFIER: Declaration(
            danger=neither,
            min_on_s=180.0,
            min_off_s=180.0,
            on_no_reading=_BRIDGED if setup.bridged else None,
        ),
        Role.EXHAUST_FAN: Declaration(danger=neither),
        Role.CIRCULATION_FAN: Declaration(danger=Danger.OFF, safe_on=True, max_off_s=1800.0),
    }
    # A pressure switch behind the CO2 valve is its feedback.
    co2 = Declaration(
        danger=on,
        max_on_s=600.0,
        daily_cap_s=setup.co2_cap_s,
        proof=Proof.FEEDBACK,
        proved_by=binding_id(zone, Role.FEEDBACK),
        on_power_loss=off,
    )
    if setup.reheat or setup.exhaust_only:
        del declared[Role.DEHUMIDIFIER]
    if setup.exhaust_only:
        del declared[Role.COOLER]
        found += [_bind(zone, r) for r in (Role.OUTSIDE_TEMPERATURE, Role.OUTSIDE_HUMIDITY)]
    for role, d in declared.items():
        bound = _bind(zone, role, replace(d, proof=Proof.STATE, on_power_loss=off))
        if role is Role.EXHAUST_FAN and setup.fan_step:
            bound = replace(bound, levels=True, step=setup.fan_step)
        found.append(bound)
    return [*found, _bind(zone, Role.CO2_VALVE, co2)]


def _dosing_bindings(tank: str, setup: Setup) -> list[Binding]:
    """Probes, a mixing pump, and pumps with a current switch each, or with timers of their own."""
    probes = range(1, 3 if setup.pairs else 2)
    found = [_bind(tank, r, None, n) for r in (Role.SOLUTION_EC, Role.SOLUTION_PH) for n in probes]
    mixer = Declaration(danger=Danger.NEITHER, proof=Proof.STATE, on_power_loss=OnLoss.OFF)
    found.append(_bind(tank, Role.MIXING_PUMP, mixer))
    roles = [role for role in DOSING if role is not Role.DOSING_PUMP_NUTRIENT_C]
    for number, role in enumerate(roles, start=1):
        declared = Declaration(
            danger=Danger.ON,
            max_on_s=DOSER_MAX_S,
            proof=Proof.PULSE if setup.pulse else Proof.FEEDBACK,
            proved_by=None if setup.pulse else binding_id(tank, Role.FEEDBACK, number),
            on_power_loss=OnLoss.OFF,
            dosing=setup.doses if role in NUTRIENTS else _ACID,
        )
        if not setup.pulse:
            found.append(_bind(tank, Role.FEEDBACK, None, number))
        found.append(_bind(tank, role, declared))
    return found


def _fill_bindings(tank: str, setup: Setup) -> list[Binding]:
    """A float, and a valve or two in a row, each proved by a contact of its own or by a meter."""
    found = [_bind(tank, Role.LEVEL_HIGH)]
    if setup.fill_meter:
        found.append(_bind(tank, Role.FLOW))
    for number in (1, 2) if setup.in_a_row else (1,):
        shown = binding_id(tank, Role.FLOW)
        if not setup.fill_meter:
            found.append(_bind(tank, Role.FEEDBACK, None, 10 + number))
            shown = found[-1].id
        declared = Declaration(
            danger=Danger.ON,
            max_on_s=FILL_MAX_S,
            proof=Proof.FEEDBACK,
            proved_by=shown,
            on_power_loss=OnLoss.OFF,
            isolation=FILL_MAIN if setup.in_a_row and number == 1 else None,
        )
        found.append(_bind(tank, Role.FILL_VALVE, declared, number))
    return found


def _water(setup: Setup, max_on_s: float, isolation: str, proof: Proof) -> Declaration:
    """Dangerous on where it floods tables, dangerous off where roots depend on it."""
    loss = OnLoss.KEEPS if setup.motor_valve else OnLoss.OFF
    if setup.method in (Method.NFT, Method.DWC, Method.AEROPONICS):
        return Declaration(
            danger=Danger.OFF, safe_on=True, max_off_s=900.0, proof=Proof.STATE, on_power_loss=loss
        )
    return Declaration(
        danger=Danger.ON,
        max_on_s=max_on_s,
        deadline_s=15.0,
        proof=proof,
        isolation=isolation,
        on_power_loss=loss,
    )


def _pump(setup: Setup, valve: str) -> Declaration:
    proof = Proof.FEEDBACK if setup.meter else Proof.STATE
    return replace(_water(setup, 1200.0, valve, proof), on_power_loss=OnLoss.OFF)


def _drain() -> Declaration:
    return Declaration(
        danger=Danger.ON,
        max_on_s=7200.0,
        deadline_s=15.0,
        proof=Proof.STATE,
        on_power_loss=OnLoss.OFF,
    )


def _valve(setup: Setup, pump: str) -> Declaration:
    return _water(setup, 1500.0, pump, Proof.STATE)
