"""Whether this farm can give what a recipe asks for: light, electricity, water, cooling, drying.

A report, not a gate: it is worked out from what is declared of the farm, without any reading.
Errors are what the hardware cannot do; warnings are what it can hardly do, or what a person has to
do.

Sources: all power of lamps ends as heat in the room; a cooler carries about three times the
electricity it takes (mini-split with fans, confidence D); a closed canopy gives the water of the
energy balance of Graamans 2017 at a leaf area index of 3. The reserve of lamps and the share of its
time that a pump should be busy are the project's (design).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..farm.nodes import Circuit, Farm, Fixture, Level, Method, Pump, Supply, Zone
from ..farm.roles import DOSING, Role
from ..science.air import humidity_for_vpd_pct
from ..science.canopy import canopy_balance
from ..science.errors import RangeError, UnreachableError
from .findings import Finding, Severity, finding, ordered
from .model import (
    Channel,
    ClimateQuantity,
    IrrigationPlan,
    LightPlan,
    Phase,
    Recipe,
    SolutionQuantity,
)

#: Lamps lose a tenth of their light on the way to L90: what is planned should lie below it.
LAMP_RESERVE = 0.9
#: Beyond this share of its window a pump leaves little room for a shot that comes late.
PUMP_BUSY = 0.5
#: Heat that a cooler carries for the electricity it takes (mini-split with fans, confidence D).
COOLER_COP = 3.0
#: Leaf area of a closed canopy (Graamans 2017) and watts of PAR in 1 µmol/m²/s of LED light (D).
_CLOSED_LAI = 3.0
_PAR_J_UMOL = 0.217
_HEAT_SOURCE = "all lamp power ends as heat; a cooler carries 3 times its electricity (D)"
_WATER_SOURCE = "Graamans 2017, closed canopy of LAI 3"
_CONTINUOUS = frozenset({Method.NFT, Method.DWC})
_CHANNEL_ROLES: Mapping[Channel, tuple[Role, ...]] = {
    Channel.WHITE: (Role.GROW_LIGHT, Role.GROW_LIGHT_WHITE),
    Channel.BLUE: (Role.GROW_LIGHT_BLUE,),
    Channel.RED: (Role.GROW_LIGHT_RED,),
}
_PH_PUMPS = (Role.DOSING_PUMP_PH_DOWN, Role.DOSING_PUMP_PH_UP)


def feasible(
    recipe: Recipe,
    farm: Farm,
    *,
    levels: Sequence[str] = (),
    plants: int | None = None,
    taken: Mapping[str, int] | None = None,
) -> tuple[Finding, ...]:
    """What stands between a recipe and `levels`, errors first.

    When none are named they are all that a circuit waters by a method the recipe knows. `plants` is
    how many there are to be, `taken` the sites in use by level.
    """
    unknown = [name for name in levels if name not in farm.level]
    if unknown:
        known = ", ".join(farm.level)
        return tuple(
            finding(Severity.ERROR, "no_level", "levels", level=name, accepted=known)
            for name in unknown
        )
    chosen = tuple(farm.level[name] for name in levels or _suited(recipe, farm))
    found = list(_sites(chosen, plants, taken or {}))
    for index, phase in enumerate(recipe.phases):
        path = f"phases[{index}]"
        found += _area(phase, chosen, plants, path)
        if not phase.is_dark:
            found += _light(farm, phase, chosen, path)
            found += _power(farm, phase, chosen, path)
            found += _cooling(farm, phase, chosen, path)
            found += _drying(farm, phase, chosen, path)
        found += _water(farm, phase, chosen, plants, path)
        found += _devices(farm, phase, chosen, path)
    return ordered(_once(found))


def _suited(recipe: Recipe, farm: Farm) -> Iterable[str]:
    """The levels a recipe could stand on by the way they are watered; all where none can."""
    methods = {method for phase in recipe.phases for method in phase.irrigation}
    suited = [
        level
        for level, circuit in farm.circuit_of_level.items()
        if farm.circuit[circuit].method in methods
    ]
    return suited or list(farm.level)


def _once(found: Iterable[Finding]) -> list[Finding]:
    """A finding that repeats in later phases, which only the path tells apart, once."""
    kept: dict[tuple[object, ...], Finding] = {}
    for f in found:
        kept.setdefault((f.code, f.message, f.path.partition(".")[2]), f)
    return list(kept.values())


def _sites(
    levels: Sequence[Level], plants: int | None, taken: Mapping[str, int]
) -> Iterator[Finding]:
    free = sum(max(0, level.sites - taken.get(level.id, 0)) for level in levels)
    if plants is not None and plants > free:
        yield finding(Severity.ERROR, "no_sites", "plants", plants=plants, free=free)


def _area(
    phase: Phase, levels: Sequence[Level], plants: int | None, path: str
) -> Iterator[Finding]:
    density = phase.density_plants_m2
    have = sum(level.area_m2 for level in levels)
    if density is not None and plants is not None and plants > density * have:
        yield finding(
            Severity.WARNING,
            "area_short",
            f"{path}.density",
            plants=plants,
            density=density,
            need=plants / density,
            have=have,
            most=density * have,
        )


# --- Light ----------------------------------------------------------------------------------------


def _light(farm: Farm, phase: Phase, levels: Sequence[Level], path: str) -> Iterator[Finding]:
    groups: dict[tuple[object, ...], list[Level]] = {}
    for level in levels:
        roles = tuple(b.role for b in farm.all_lamps_of_level[level.id])
        groups.setdefault((level.fixture, roles), []).append(level)
    for alike in groups.values():
        yield from _light_of(farm, phase.light, alike[0], _names(alike), f"{path}.light")


def _light_of(
    farm: Farm, light: LightPlan, level: Level, name: str, path: str
) -> Iterator[Finding]:
    fixture = level.fixture
    if fixture is None:
        yield finding(Severity.ERROR, "no_lamps", f"{path}.ppfd", level=name)
        return
    full = farm.lamps_full_ppfd[level.id]
    if light.ppfd > full:
        yield finding(
            Severity.ERROR,
            "light_unreachable",
            f"{path}.ppfd",
            level=name,
            full=full,
            ppfd=light.ppfd,
        )
    elif light.ppfd > LAMP_RESERVE * full:
        yield finding(
            Severity.WARNING,
            "light_no_reserve",
            f"{path}.ppfd",
            level=name,
            ppfd=light.ppfd,
            share=100 * light.ppfd / full,
            most=LAMP_RESERVE * full,
        )
    yield from _channels(farm, light, level, fixture, name, path)


def _channels(
    farm: Farm, light: LightPlan, level: Level, fixture: Fixture, name: str, path: str
) -> Iterator[Finding]:
    declared = {
        Channel.WHITE: fixture.white_ppfd,
        Channel.BLUE: fixture.blue_ppfd,
        Channel.RED: fixture.red_ppfd,
    }
    for channel, share in light.channels.items():
        if share <= 0:
            continue
        where = f"{path}.channels.{channel}"
        if not any(farm.of(level.id, role) for role in _CHANNEL_ROLES[channel]):
            yield finding(
                Severity.WARNING, "channel_missing", where, level=name, channel=channel.value
            )
            continue
        most = declared[channel]
        if most is not None and share * light.ppfd > most:
            yield finding(
                Severity.WARNING,
                "channel_unreachable",
                where,
                level=name,
                channel=channel.value,
                full=most,
                wanted=share * light.ppfd,
                most=100 * most / light.ppfd,
            )
    far_red = light.far_red
    if far_red is None:
        return
    if not farm.of(level.id, Role.GROW_LIGHT_FAR_RED):
        yield finding(
            Severity.WARNING, "channel_missing", f"{path}.far_red", level=name, channel="far_red"
        )
    elif (
        far_red.pfd is not None
        and fixture.far_red_pfd is not None
        and far_red.pfd > fixture.far_red_pfd
    ):
        yield finding(
            Severity.WARNING,
            "far_red_unreachable",
            f"{path}.far_red.pfd",
            level=name,
            full=fixture.far_red_pfd,
            wanted=far_red.pfd,
        )


# --- Electricity and heat -------------------------------------------------------------------------


def _power(farm: Farm, phase: Phase, levels: Sequence[Level], path: str) -> Iterator[Finding]:
    for supply in farm.supplies:
        mine = [level for level in levels if level.id in supply.levels and level.fixture]
        if mine:
            yield from _power_of(farm, supply, phase.light, mine, f"{path}.light.ppfd")


def _power_of(
    farm: Farm, supply: Supply, light: LightPlan, levels: Sequence[Level], path: str
) -> Iterator[Finding]:
    kw = _peak_w(farm, levels, light) / 1000
    ours = {level.id for level in levels}
    rest = sum(
        fixture.power_w
        for name in supply.levels
        if name not in ours and (fixture := farm.level[name].fixture) is not None
    )
    over = kw > supply.limit_kw
    if over or kw + rest / 1000 > supply.limit_kw:
        yield finding(
            Severity.ERROR if over else Severity.WARNING,
            "supply_overload" if over else "supply_shared",
            path,
            levels=_names(levels),
            kw=kw,
            all_kw=kw + rest / 1000,
            limit=supply.limit_kw,
            supply=supply.name,
        )


def _peak_w(farm: Farm, levels: Sequence[Level], light: LightPlan) -> float:
    """What the lamps of `levels` take at most at one time of day, each lit from its own time."""
    begins = {level.id: _hour(level) for level in levels}
    return max(
        sum(
            _watts(farm, level, light)
            for level in levels
            if (now - begins[level.id]) % 24 < light.photoperiod_h
        )
        for now in set(begins.values())
    )


def _hour(level: Level) -> float:
    at = level.lights_on
    return at.hour + at.minute / 60 + at.second / 3600


def _watts(farm: Farm, level: Level, light: LightPlan) -> float:
    """What the lamps of a level take for the PPFD of a plan, never more than all they can."""
    fixture = level.fixture
    full = farm.lamps_full_ppfd.get(level.id, 0.0)
    if fixture is None or full <= 0:
        return 0.0
    return fixture.power_w * min(1.0, light.ppfd / full)


def _cooling(farm: Farm, phase: Phase, levels: Sequence[Level], path: str) -> Iterator[Finding]:
    for zone, mine in _by_zone(farm, levels):
        kw = _peak_w(farm, mine, phase.light) / 1000
        if kw <= 0:
            continue
        where = f"{path}.light.ppfd"
        coolers = farm.of(zone.id, Role.COOLER)
        if not coolers and not farm.of(zone.id, Role.EXHAUST_FAN):
            yield finding(
                Severity.WARNING, "no_cooling", where, source=_HEAT_SOURCE, zone=zone.name, kw=kw
            )
            continue
        ratings = [b.declaration.rating_w if b.declaration else None for b in coolers]
        if not ratings or None in ratings:
            continue
        removed = COOLER_COP * sum(rating or 0.0 for rating in ratings) / 1000
        if kw > removed:
            yield finding(
                Severity.WARNING,
                "cooling_short",
                where,
                source=_HEAT_SOURCE,
                kw=kw,
                removed=removed,
                zone=zone.name,
            )


def _drying(farm: Farm, phase: Phase, levels: Sequence[Level], path: str) -> Iterator[Finding]:
    litres = _transpiration_l_m2_h(phase)
    if litres is None:
        return
    for zone, mine in _by_zone(farm, levels):
        water = litres * sum(level.area_m2 for level in mine)
        if zone.drying_kg_h is not None and water > zone.drying_kg_h:
            yield finding(
                Severity.WARNING,
                "drying_short",
                f"{path}.climate.humidity",
                source=_WATER_SOURCE,
                water=water,
                removed=zone.drying_kg_h,
                zone=zone.name,
            )


def _transpiration_l_m2_h(phase: Phase) -> float | None:
    """Water of a closed canopy by day, L/m²/h; None where the phase does not tell its air."""
    temperature, humidity, vpd = (
        s.day if (s := phase.climate.get(quantity)) is not None else None
        for quantity in (
            ClimateQuantity.AIR_TEMPERATURE,
            ClimateQuantity.HUMIDITY,
            ClimateQuantity.VPD,
        )
    )
    if temperature is None:
        return None
    try:
        if vpd is not None:
            humidity = humidity_for_vpd_pct(temperature, vpd)
        if humidity is None:
            return None
        ppfd = phase.light.ppfd
        balance = canopy_balance(ppfd, ppfd * _PAR_J_UMOL, temperature, humidity, _CLOSED_LAI)
    except (RangeError, UnreachableError):
        # Air that cannot exist is told by `validate`.
        return None
    return max(0.0, balance.transpiration_l_m2_h)


# --- Water ----------------------------------------------------------------------------------------


def _water(
    farm: Farm, phase: Phase, levels: Sequence[Level], plants: int | None, path: str
) -> Iterator[Finding]:
    circuits: dict[str, list[Level]] = {}
    dry: list[Level] = []
    for level in levels:
        name = farm.circuit_of_level.get(level.id)
        if name is None:
            dry.append(level)
        else:
            circuits.setdefault(name, []).append(level)
    if dry and phase.irrigation:
        yield finding(Severity.ERROR, "not_watered", f"{path}.irrigation", level=_names(dry))
    planned: dict[str, list[tuple[Circuit, IrrigationPlan]]] = {}
    for name, mine in circuits.items():
        circuit = farm.circuit[name]
        plan = phase.irrigation.get(circuit.method)
        where = f"{path}.irrigation.{circuit.method}"
        if plan is None:
            if phase.irrigation:
                yield finding(
                    Severity.ERROR, "no_plan", where, method=circuit.method, level=_names(mine)
                )
            continue
        planned.setdefault(circuit.pump, []).append((circuit, plan))
        yield from _circuit(farm, circuit, plan, phase, mine, plants, where)
    for pump, with_plans in planned.items():
        yield from _pump(farm, farm.pump[pump], with_plans, phase, f"{path}.irrigation")


def _windows(phase: Phase) -> Iterator[tuple[str, float]]:
    """The parts of a day a phase has, with their hours."""
    lit = phase.light.photoperiod_h if not phase.is_dark else 0.0
    if lit > 0:
        yield "lit", lit
    if lit < 24:
        yield "dark", 24 - lit


def _events(plan: IrrigationPlan, when: str) -> int:
    return plan.events_per_day if when == "lit" else plan.night_events


def _circuit(
    farm: Farm,
    circuit: Circuit,
    plan: IrrigationPlan,
    phase: Phase,
    levels: Sequence[Level],
    plants: int | None,
    path: str,
) -> Iterator[Finding]:
    if plan.continuous or plan.cycle is not None:
        return
    each_h = (plan.duration_s + circuit.drain_s) / 3600
    for when, hours in _windows(phase):
        events = _events(plan, when)
        if events * each_h > hours:
            yield finding(
                Severity.ERROR,
                "circuit_full",
                path,
                events=events,
                circuit=circuit.name,
                minutes=round(each_h * 60, 1),
                hours=events * each_h,
                window=hours,
                when=when,
            )
    litres = _litres(farm, circuit, plan, levels, plants)
    daily = litres * sum(_events(plan, when) for when, _ in _windows(phase))
    if circuit.daily_cap_l is not None and daily > circuit.daily_cap_l:
        yield finding(
            Severity.ERROR,
            "cap_exceeded",
            path,
            circuit=circuit.name,
            litres=daily,
            most=circuit.daily_cap_l,
        )
    reservoir = farm.reservoir[farm.pump[circuit.pump].reservoir]
    most = reservoir.capacity_l - reservoir.volume_min_l
    if litres > most:
        yield finding(
            Severity.ERROR,
            "flood_too_large",
            path,
            circuit=circuit.name,
            litres=litres,
            reservoir=reservoir.name,
            most=most,
        )


def _litres(
    farm: Farm,
    circuit: Circuit,
    plan: IrrigationPlan,
    levels: Sequence[Level],
    plants: int | None,
) -> float:
    """Litres of one event: what drippers give where they are declared, else what the pump does."""
    if circuit.drippers is not None and circuit.dripper_l_h is not None:
        watered = plants if plants is not None else sum(level.sites for level in levels)
        return watered * circuit.drippers * circuit.dripper_l_h * plan.duration_s / 3600
    return farm.pump[circuit.pump].flow_l_min * plan.duration_s / 60


def _pump(
    farm: Farm,
    pump: Pump,
    circuits: Sequence[tuple[Circuit, IrrigationPlan]],
    phase: Phase,
    path: str,
) -> Iterator[Finding]:
    for circuit, plan in circuits:
        others = [
            other.name
            for other in farm.circuits_of_pump[pump.id]
            if other.id != circuit.id and other.method not in _CONTINUOUS
        ]
        if plan.continuous and others:
            yield finding(
                Severity.ERROR,
                "pump_shared",
                f"{path}.{circuit.method}",
                circuit=circuit.name,
                pump=pump.name,
                others=", ".join(others),
            )
    by_event = [plan for _, plan in circuits if not plan.continuous and plan.cycle is None]
    for when, window in _windows(phase):
        hours = sum(_events(plan, when) * plan.duration_s for plan in by_event) / 3600
        if hours <= PUMP_BUSY * window:
            continue
        over = hours > window
        yield finding(
            Severity.ERROR if over else Severity.WARNING,
            "pump_full" if over else "pump_busy",
            path,
            pump=pump.name,
            hours=hours,
            window=window,
            when=when,
            circuits=len(by_event),
        )


# --- Devices --------------------------------------------------------------------------------------


def _devices(farm: Farm, phase: Phase, levels: Sequence[Level], path: str) -> Iterator[Finding]:
    co2 = phase.climate.get(ClimateQuantity.CO2)
    if co2 is not None and co2.day is not None and not phase.is_dark:
        for zone, _ in _by_zone(farm, levels):
            if not farm.of(zone.id, Role.CO2_VALVE):
                yield finding(Severity.WARNING, "no_co2", f"{path}.climate.co2.day", zone=zone.name)
    nutrients = tuple(role for role in DOSING if role not in _PH_PUMPS)
    for quantity, code, roles in (
        (SolutionQuantity.EC, "no_nutrients", nutrients),
        (SolutionQuantity.PH, "no_ph", _PH_PUMPS),
    ):
        wanted = phase.solution.get(quantity)
        if wanted is None or not (wanted.day or wanted.night):
            continue
        for name in _reservoirs(farm, levels):
            if not any(farm.of(name, role) for role in roles):
                yield finding(
                    Severity.WARNING,
                    code,
                    f"{path}.solution.{quantity}",
                    reservoir=farm.reservoir[name].name,
                )


def _reservoirs(farm: Farm, levels: Sequence[Level]) -> tuple[str, ...]:
    circuits = (farm.circuit_of_level.get(level.id) for level in levels)
    return tuple(
        dict.fromkeys(farm.pump[farm.circuit[c].pump].reservoir for c in circuits if c is not None)
    )


def _by_zone(farm: Farm, levels: Sequence[Level]) -> Iterator[tuple[Zone, list[Level]]]:
    found: dict[str, list[Level]] = {}
    for level in levels:
        found.setdefault(farm.zone_of_level[level.id], []).append(level)
    for name, mine in found.items():
        yield farm.zone[name], mine


def _names(levels: Sequence[Level]) -> str:
    """The levels a finding is about: all of them by name, or the first of many."""
    names = [level.name for level in levels]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]} ({len(names)})"
