"""Build a farm from its parts and check it: every fault at once, each naming the thing and the
way out. Nothing half-right comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .bindings import Binding, Danger, Declaration, Degraded, Dosing, OnNoReading, Proof
from .codec import DecodeError, decode, encode
from .nodes import Farm, Fixture, Level, Method, NodeKind, Reservoir
from .roles import DOSING, Loop, Role, RoleKind, spec
from .units import CONVERSIONS, UnitError, linear


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault. `node` is the id of the node or binding, `key` and `params` are for translation,
    `message` is the English sentence."""

    node: str
    key: str
    message: str
    params: Mapping[str, str] = field(default_factory=dict)


class FarmError(ValueError):
    """A farm that cannot be run as described; `problems` has every fault."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(p.message for p in self.problems))


def farm_from_dict(data: Mapping[str, Any]) -> Farm:
    """A farm from JSON-able data. Raises FarmError, also for data of the wrong shape."""
    try:
        farm = decode(Farm, data)
    except DecodeError as err:
        raise FarmError(
            [Problem(node=err.path, key="wrong_value", message=str(err), params={"path": err.path})]
        ) from err
    return check(farm)


def farm_to_dict(farm: Farm) -> dict[str, Any]:
    """The farm as JSON-able data; `farm_from_dict` reads it back."""
    data: dict[str, Any] = encode(farm)
    return data


def check(farm: Farm) -> Farm:
    """The farm itself if it has no fault; raises FarmError otherwise."""
    problems = tuple(problems_of(farm))
    if problems:
        raise FarmError(problems)
    return farm


def problems_of(farm: Farm) -> Iterator[Problem]:
    """Every fault of a farm."""
    try:
        ZoneInfo(farm.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield _problem(
            farm.id, "unknown_time_zone", "{zone} is not a time zone", zone=farm.time_zone
        )
    if not 1 <= farm.takeover_min <= 1440:
        yield _problem(
            farm.id,
            "takeover_out_of_range",
            "a takeover lasts from 1 to 1,440 minutes, not {value}",
            attribute="takeover_min",
            value=farm.takeover_min,
        )
    yield from _ids(farm)
    yield from _references(farm)
    yield from _sizes(farm)
    yield from _bindings(farm)
    for reservoir in farm.reservoirs:
        yield from _fill(farm, reservoir)
        yield from _mixing(farm, reservoir)


def _problem(at: str, key: str, message: str, /, **params: object) -> Problem:
    texts = {name: str(value) for name, value in params.items()}
    return Problem(node=at, key=key, message=message.format(**texts), params=texts)


def _all_ids(farm: Farm) -> list[str]:
    groups = (
        farm.zones,
        farm.racks,
        farm.levels,
        farm.reservoirs,
        farm.pumps,
        farm.circuits,
        farm.supplies,
    )
    return [farm.id, *(node.id for group in groups for node in group)]


def _ids(farm: Farm) -> Iterator[Problem]:
    for node, count in Counter(_all_ids(farm)).items():
        if count > 1:
            yield _problem(
                node, "duplicate_id", "the id {id} is used {count} times", id=node, count=count
            )
    for binding, count in Counter(b.id for b in farm.bindings).items():
        if count > 1:
            yield _problem(
                binding,
                "duplicate_binding",
                "the binding {id} exists {count} times",
                id=binding,
                count=count,
            )
    driven: dict[str, list[str | None]] = {}
    for b in farm.bindings:
        if spec(b.role).is_actuator:
            driven.setdefault(b.entity, []).append(b.on_option)
    for entity, options in driven.items():
        if len(options) > 1 and (None in options or len(set(options)) < len(options)):
            yield _problem(
                entity,
                "entity_driven_twice",
                "{entity} is bound as an actuator {count} times; one entity has one master",
                entity=entity,
                count=len(options),
            )


def _references(farm: Farm) -> Iterator[Problem]:
    known: dict[str, set[str]] = {
        "zone": {z.id for z in farm.zones},
        "rack": {r.id for r in farm.racks},
        "level": {lv.id for lv in farm.levels},
        "reservoir": {r.id for r in farm.reservoirs},
        "pump": {p.id for p in farm.pumps},
    }
    refs = [
        *((r.id, "zone", r.zone) for r in farm.racks),
        *((lv.id, "rack", lv.rack) for lv in farm.levels),
        *((p.id, "reservoir", p.reservoir) for p in farm.pumps),
        *((c.id, "pump", c.pump) for c in farm.circuits),
        *((c.id, "level", lv) for c in farm.circuits for lv in c.levels),
        *((s.id, "level", lv) for s in farm.supplies for lv in s.levels),
    ]
    for node, kind, target in refs:
        if target not in known[kind]:
            yield _problem(
                node,
                "unknown_node",
                "{node} names the {kind} {target}, which does not exist",
                node=node,
                kind=kind,
                target=target,
            )
    for level, count in Counter(lv for c in farm.circuits for lv in c.levels).items():
        if count > 1:
            yield _problem(
                level,
                "watered_twice",
                "level {level} is watered by {count} circuits",
                level=level,
                count=count,
            )
    for level, count in Counter(lv for s in farm.supplies for lv in s.levels).items():
        if count > 1:
            yield _problem(
                level,
                "supplied_twice",
                "level {level} hangs on {count} supplies",
                level=level,
                count=count,
            )
    yield from _devices(farm)
    for pump in farm.pumps:
        fed = [c for c in farm.circuits if c.pump == pump.id]
        methods = {c.method for c in fed}
        if Method.NFT in methods and len(methods) > 1:
            yield _problem(
                pump.id,
                "nft_shares_pump",
                "{pump} feeds nft and other circuits; nft needs a pump that never waits its turn",
                pump=pump.id,
            )
        if len(fed) > 1 and not methods <= {Method.NFT, Method.DWC}:
            valved = {b.node for b in farm.bindings if b.role is Role.IRRIGATION_VALVE}
            for circuit in fed:
                if circuit.id not in valved:
                    yield _problem(
                        circuit.id,
                        "circuit_without_valve",
                        "{node} shares {pump} with other circuits and has no valve; each of "
                        "them needs one, or the pump waters all of them together",
                        node=circuit.id,
                        pump=pump.id,
                    )


#: What must be positive, by node group: attribute and unit.
_POSITIVE = (
    ("zones", "volume_m3", "m³"),
    ("levels", "area_m2", "m²"),
    ("levels", "sites", ""),
    ("reservoirs", "capacity_l", "L"),
    ("pumps", "flow_l_min", "L/min"),
    ("supplies", "limit_kw", "kW"),
    ("pumps", "meter_timeout_s", "s"),
)
#: What must be positive where it is given.
_POSITIVE_IF_GIVEN = (
    ("pumps", "pressure_min_kpa", "kPa"),
    ("circuits", "daily_cap_l", "L"),
    ("circuits", "substrate_l", "L"),
    ("circuits", "drippers", ""),
    ("circuits", "dripper_l_h", "L/h"),
)


#: How a zone keeps its air: attribute, the least and most that makes sense, unit (design choice).
_CLIMATE = (
    ("ramp_min", 0.0, 240.0, "min"),
    ("drying_kg_h", 0.01, 10_000.0, "kg/h"),
    ("dry_ahead_min", 0.0, 240.0, "min"),
    ("dew_margin_k", 0.0, 5.0, "K"),
)


def _sizes(farm: Farm) -> Iterator[Problem]:
    for group, attribute, unit in (*_POSITIVE, *_POSITIVE_IF_GIVEN):
        for node in getattr(farm, group):
            value = getattr(node, attribute)
            if value is None and (group, attribute, unit) in _POSITIVE_IF_GIVEN:
                continue
            if not value > 0:
                yield _problem(
                    node.id,
                    "not_positive",
                    "{attribute} of {node} is {value} {unit}; it must be more than 0",
                    node=node.id,
                    attribute=attribute,
                    value=value,
                    unit=unit,
                )
    for zone in farm.zones:
        for attribute, low, high, unit in _CLIMATE:
            value = getattr(zone, attribute)
            if value is not None and not low <= value <= high:
                yield _problem(
                    zone.id,
                    "climate_out_of_range",
                    "{attribute} of {node} is {value} {unit}; it must be from {low} to {high}",
                    node=zone.id,
                    attribute=attribute,
                    value=value,
                    unit=unit,
                    low=f"{low:g}",
                    high=f"{high:g}",
                )
    for reservoir in farm.reservoirs:
        if not 0 <= reservoir.volume_min_l < reservoir.capacity_l:
            yield _problem(
                reservoir.id,
                "volume_min_out_of_range",
                "volume_min_l of {node} is {value} L; it must be from 0 to less than {capacity} L",
                node=reservoir.id,
                value=reservoir.volume_min_l,
                capacity=reservoir.capacity_l,
            )
    for circuit in farm.circuits:
        if circuit.drain_s < 0:
            yield _problem(
                circuit.id,
                "negative_duration",
                "{attribute} of {node} is {value} s; it must be 0 or more",
                node=circuit.id,
                attribute="drain_s",
                value=circuit.drain_s,
            )
        if not circuit.levels:
            yield _problem(
                circuit.id, "circuit_without_levels", "{node} waters no level", node=circuit.id
            )
    for level in farm.levels:
        fixture = level.fixture
        if fixture and not (
            fixture.ppfd_full > 0 and fixture.power_w > 0 and 0 <= fixture.dim_min <= 1
        ):
            yield _problem(
                level.id,
                "fixture_out_of_range",
                "the fixture of {node} needs ppfd_full and power_w above 0 and dim_min from 0 to 1",
                node=level.id,
            )
        if fixture:
            yield from _lamps(level, fixture)
        for attribute, most, unit in _OFFSETS:
            value = getattr(level, attribute)
            if not -most <= value <= most:
                yield _problem(
                    level.id,
                    "offset_out_of_range",
                    "{attribute} of {node} is {value} {unit}; it must be from -{most} to {most}",
                    node=level.id,
                    attribute=attribute,
                    value=value,
                    unit=unit,
                    most=f"{most:g}",
                )


def _devices(farm: Farm) -> Iterator[Problem]:
    """Devices that hang on a supply beside its lamps. One that was unbound is no mistake: the
    supply must go on guarding its lamps."""
    times = Counter(point for s in farm.supplies for point in s.devices)
    known: set[str] = set()
    for supply in farm.supplies:
        for point in supply.devices:
            binding = farm.binding.get(point)
            if binding is None:
                continue
            facts, declared = spec(binding.role), binding.declaration
            if facts.loop is Loop.LIGHT or declared is None or not declared.rating_w:
                yield _problem(
                    supply.id,
                    "device_not_rated",
                    "{node} names {device}, which is a lamp or has no electrical power declared",
                    node=supply.id,
                    device=point,
                    attribute="devices",
                )
            elif times[point] > 1 and point in known:
                yield _problem(
                    supply.id,
                    "device_supplied_twice",
                    "{device} hangs on {count} supplies",
                    device=point,
                    count=times[point],
                    attribute="devices",
                )
            known.add(point)


#: How far a level's light may differ from its recipe (design choice; the plan's limits hold too).
_OFFSETS = (("ppfd_offset_pct", 50.0, "%"), ("photoperiod_offset_h", 6.0, "h"))
#: Lux per µmol/m²/s that a lamp can have: deep red has 8, high-pressure sodium 86 (science.md 1.3).
_LUX_FACTOR = (2.0, 200.0)
#: Channels may add up to a little more than the whole lamp: data sheets round.
_CHANNELS_MOST = 1.05


def _lamps(level: Level, fixture: Fixture) -> Iterator[Problem]:
    for attribute, unit in (
        ("l90_h", "h"),
        ("l70_h", "h"),
        ("white_ppfd", "μmol/m²/s"),
        ("blue_ppfd", "μmol/m²/s"),
        ("red_ppfd", "μmol/m²/s"),
        ("far_red_pfd", "μmol/m²/s"),
    ):
        value = getattr(fixture, attribute)
        if value is not None and not value > 0:
            yield _problem(
                level.id,
                "not_positive",
                "{attribute} of {node} is {value} {unit}; it must be more than 0",
                node=level.id,
                attribute=attribute,
                value=value,
                unit=unit,
            )
    if fixture.l90_h is not None and fixture.l70_h is not None and fixture.l90_h >= fixture.l70_h:
        yield _problem(
            level.id,
            "life_order",
            "the lamps of {node} cannot have 90 % of their light for as long as 70 %",
            node=level.id,
            attribute="l90_h",
        )
    low, high = _LUX_FACTOR
    if fixture.lux_per_ppfd is not None and not low <= fixture.lux_per_ppfd <= high:
        yield _problem(
            level.id,
            "lux_factor_out_of_range",
            "{value} lx per μmol/m²/s of {node} is no lamp's; it must be from {low} to {high}",
            node=level.id,
            attribute="lux_per_ppfd",
            value=fixture.lux_per_ppfd,
            low=f"{low:g}",
            high=f"{high:g}",
        )
    elif fixture.lamp is not None and fixture.ppfd_per_lux is None:
        yield _problem(
            level.id,
            "lamp_needs_factor",
            "a lux meter sees the lamps of {node} far too dark; their lux per μmol/m²/s has to be "
            "measured",
            node=level.id,
            attribute="lux_per_ppfd",
        )
    channels = sum(
        value or 0.0 for value in (fixture.white_ppfd, fixture.blue_ppfd, fixture.red_ppfd)
    )
    if channels > _CHANNELS_MOST * fixture.ppfd_full:
        yield _problem(
            level.id,
            "channels_exceed",
            "the channels of {node} give {value} μmol/m²/s, more than its whole lamp with {most}",
            node=level.id,
            value=f"{channels:g}",
            most=f"{fixture.ppfd_full:g}",
        )


def _bindings(farm: Farm) -> Iterator[Problem]:
    nodes = set(_all_ids(farm))
    ids = {b.id for b in farm.bindings}
    for b in farm.bindings:
        facts = spec(b.role)
        if b.node not in nodes:
            yield _problem(
                b.id,
                "unknown_node",
                "{node} names the {kind} {target}, which does not exist",
                node=b.id,
                kind="node",
                target=b.node,
            )
        elif (kind := farm.kind(b.node)) not in facts.nodes:
            yield _problem(
                b.id,
                "role_of_other_node",
                "{role} cannot be bound to a {kind}; it belongs to: {nodes}",
                role=b.role,
                kind=kind,
                nodes=", ".join(facts.nodes),
            )
        if b.unit is not None and facts.kind is RoleKind.MEASURE:
            yield from unit_problems(b)
        if b.scale == 0:
            yield _problem(b.id, "scale_zero", "the scale of {binding} is 0", binding=b.id)
        if not 0 <= b.step <= 1:
            yield _problem(
                b.id,
                "step_out_of_range",
                "the step of {binding} is {value}; it must be from 0 to 1",
                binding=b.id,
                value=b.step,
            )
        if b.on_option is not None and b.on_option == b.off_option:
            yield _problem(
                b.id,
                "same_options",
                "{binding} has the same option for on and off: {option}",
                binding=b.id,
                option=b.on_option,
            )
        if facts.is_actuator:
            yield from declaration_problems(b)
            isolation = b.declaration.isolation if b.declaration else None
            if isolation is not None and isolation not in ids:
                yield _problem(
                    b.id,
                    "unknown_isolation",
                    "{binding} names the isolation {isolation}, which is not bound",
                    binding=b.id,
                    isolation=isolation,
                )
            yield from _feedback(farm, b)
            yield from _own_meter(farm, b)
        yield from _compensation(farm, b)


#: Where a mistake poisons, floods or suffocates: on is dangerous, and a state that a device claims
#: to be in proves nothing (design rules 3 and 4).
_INDEPENDENT = frozenset({Loop.DOSING, Loop.FILL, Loop.CO2})
_SHOWS = (Role.FEEDBACK, Role.FLOW, Role.POWER)


def _feedback(farm: Farm, b: Binding) -> Iterator[Problem]:
    """Whether what is said to prove an actuator is there."""
    declared = b.declaration
    if declared is None or declared.proof is not Proof.FEEDBACK:
        return
    shows = [role for role in _SHOWS if role is not Role.POWER or b.shown_by_power]
    if spec(b.role).loop is Loop.FILL:
        shows.append(Role.VOLUME)  # A volume that rises shows that a fill valve is open.
    by_power = (
        not b.shown_by_power
        and farm.of(b.node, Role.POWER)
        and not any(farm.of(b.node, role) for role in shows)
    )
    if declared.proved_by is not None:
        named = farm.binding.get(declared.proved_by)
        by_power = named is not None and named.role is Role.POWER and not b.shown_by_power
    if by_power:
        yield _problem(
            b.id,
            "power_is_no_proof",
            "{binding} is not proved by power: that takes a device, no valve, whose rating in W is "
            "declared",
            binding=b.id,
        )
    elif declared.proved_by is not None:
        if named is None or named.node != b.node or named.role not in _SHOWS:
            yield _problem(
                b.id,
                "unknown_feedback",
                "{binding} is to be proved by {feedback}, which is no feedback, flow or power "
                "of the same part",
                binding=b.id,
                feedback=declared.proved_by,
            )
    elif not any(farm.of(b.node, role) for role in shows):
        yield _problem(
            b.id,
            "feedback_not_bound",
            "{binding} is to be proved by feedback; bind one of {roles} to {node} first",
            binding=b.id,
            roles=", ".join(shows),
            node=b.node,
        )


def _own_meter(farm: Farm, b: Binding) -> Iterator[Problem]:
    """Whether what is said to measure the energy of a device is there, and sees no other."""
    meter = None if b.declaration is None else b.declaration.metered_by
    if meter is None:
        return
    named = farm.binding.get(meter)
    if named is None or named.node != b.node or named.role is not Role.POWER:
        yield _problem(
            b.id,
            "unknown_meter",
            "{binding} is to be measured by {meter}, which is no power sensor of the same part",
            binding=b.id,
            meter=meter,
        )
    for other in farm.actuators_of.get(b.node, ()):
        if other.id == b.id:
            break  # Told once, of the later one.
        if other.declaration is not None and other.declaration.metered_by == meter:
            yield _problem(
                b.id,
                "meter_shared",
                "{meter} cannot measure {binding} alone and {other} alone",
                binding=b.id,
                meter=meter,
                other=other.id,
            )
            break


#: The one role that is compensated to 25 °C, and what with.
_COMPENSATED = Role.SOLUTION_EC


def _compensation(farm: Farm, b: Binding) -> Iterator[Problem]:
    """Whether a probe that is to be compensated can be."""
    if b.compensated:
        return
    if b.role is not _COMPENSATED or not farm.of(b.node, Role.SOLUTION_TEMPERATURE):
        yield _problem(
            b.id,
            "compensation_needs_temperature",
            "{binding} cannot be compensated to 25 °C: that takes an EC probe of a reservoir, and "
            "the role {role} at {node}",
            binding=b.id,
            role=Role.SOLUTION_TEMPERATURE,
            node=b.node,
        )


def _fill(farm: Farm, reservoir: Reservoir) -> Iterator[Problem]:
    fill = reservoir.fill
    if fill is None:
        return
    if not 0 < fill.below < fill.to <= 1:
        yield _problem(
            reservoir.id,
            "fill_shares",
            "{node} is filled from {below} to {to} of its capacity; they must be above 0, in this "
            "order, and at most 1",
            node=reservoir.id,
            below=fill.below,
            to=fill.to,
        )
    if fill.drain_back_l < 0 or fill.to * reservoir.capacity_l + fill.drain_back_l > (
        reservoir.capacity_l
    ):
        yield _problem(
            reservoir.id,
            "fill_no_room",
            "{node} filled to {to} has no room for the {litres} L that run back",
            node=reservoir.id,
            to=fill.to,
            litres=fill.drain_back_l,
        )
    if not (0 < fill.max_l <= fill.day_l):
        yield _problem(
            reservoir.id,
            "fill_limits",
            "{node} needs litres per fill above 0 and at most the litres per day",
            node=reservoir.id,
        )
    for role in (Role.FILL_VALVE, Role.VOLUME, Role.LEVEL_HIGH):
        if not farm.of(reservoir.id, role):
            yield _problem(
                reservoir.id,
                "fill_needs",
                "{node} is filled automatically and needs the role {role}",
                node=reservoir.id,
                role=role,
            )


def _mixing(farm: Farm, reservoir: Reservoir) -> Iterator[Problem]:
    """How long a tank takes to mix must be known, and how long a check holds."""
    if farm.of(reservoir.id, Role.MIXING_PUMP) and not (reservoir.mixing_l_min or 0) > 0:
        yield _problem(
            reservoir.id,
            "mixing_flow_missing",
            "{node} has a mixing pump; say how many litres a minute it turns over",
            node=reservoir.id,
        )
    low, high = spec(Role.SOLUTION_EC).plausible or (0.0, 0.0)
    if reservoir.source_ec is not None and not low <= reservoir.source_ec <= high:
        yield _problem(
            reservoir.id,
            "climate_out_of_range",
            "{attribute} of {node} is {value} {unit}; it must be from {low} to {high}",
            node=reservoir.id,
            attribute="source_ec",
            value=reservoir.source_ec,
            unit=spec(Role.SOLUTION_EC).unit,
            low=low,
            high=high,
        )
    for name in ("probe_days", "pump_days"):
        if not getattr(reservoir, name) > 0:
            yield _problem(
                reservoir.id,
                "not_positive",
                "{attribute} of {node} is {value} {unit}; it must be more than 0",
                node=reservoir.id,
                attribute=name,
                value=getattr(reservoir, name),
                unit="d",
            )


def unit_problems(b: Binding) -> Iterator[Problem]:
    """Whether the unit of a binding can become the role's unit."""
    canonical = spec(b.role).unit
    try:
        linear(b.unit, canonical)
    except UnitError:
        yield _problem(
            b.id,
            "wrong_unit",
            "{unit} is no unit for {role}; accepted: {accepted}",
            unit=b.unit,
            role=b.role,
            accepted=", ".join(u for u in CONVERSIONS[canonical] if u),
        )


#: What may run on without its reading, where a person says so. Never heat, CO2, dosing or fill.
DEGRADABLE = (Role.COOLER, Role.HUMIDIFIER, Role.DEHUMIDIFIER, Role.EXHAUST_FAN)


def _without_reading(b: Binding, declared: Degraded) -> Iterator[Problem]:
    """Whether what a device does without its reading is allowed and has an end."""
    if b.role not in DEGRADABLE:
        yield _problem(
            b.id,
            "degraded_not_allowed",
            "{binding} has to be in its safe state while its reading is lost",
            binding=b.id,
        )
    if not 0 < declared.limit_s <= 86400.0:
        yield _problem(
            b.id,
            "degraded_without_end",
            "{binding} may run without its reading for up to 24 h; say for how long",
            binding=b.id,
        )
    if declared.mode is OnNoReading.SCHEDULE and not (declared.on_s > 0 and declared.off_s > 0):
        yield _problem(
            b.id,
            "degraded_without_schedule",
            "{binding} needs a time on and a time off for its schedule",
            binding=b.id,
        )


#: Faults of a binding that another declaration mends.
DECLARED = frozenset(
    {
        "deadline_zero",
        "degraded_not_allowed",
        "degraded_without_end",
        "degraded_without_schedule",
        "dosing_effect",
        "dosing_limits",
        "feedback_not_bound",
        "max_below_min",
        "missing_declaration",
        "missing_dosing",
        "missing_max_off",
        "missing_max_on",
        "must_be_dangerous_on",
        "power_is_no_proof",
        "proof_not_independent",
        "safe_state_is_dangerous",
        "unknown_feedback",
    }
)


def harms_when_on(role: Role) -> bool:
    """Whether an actuator of this role has to be declared dangerous on, whatever it is."""
    return spec(role).loop in _INDEPENDENT


def declaration_problems(b: Binding) -> Iterator[Problem]:
    """Whether an actuator is declared, and declared so that it can be kept safe."""
    d: Declaration | None = b.declaration
    if d is None:
        yield _problem(
            b.id,
            "missing_declaration",
            "{role} of {node} has no declaration; without one vfarm does not control it",
            role=b.role,
            node=b.node,
        )
        return
    loop = spec(b.role).loop
    if loop in _INDEPENDENT and d.danger is not Danger.ON:
        yield _problem(
            b.id,
            "must_be_dangerous_on",
            "{binding} harms when it stays on; declare it dangerous on",
            binding=b.id,
        )
    if loop in _INDEPENDENT and d.proof in (Proof.ECHO, Proof.STATE):
        yield _problem(
            b.id,
            "proof_not_independent",
            "{binding} needs independent proof: feedback by flow, power or a contact, or a pulse "
            "that the hardware itself ends",
            binding=b.id,
        )
    if b.role in DOSING:
        yield from _dosing(b, d.dosing)
    if d.on_no_reading is not None:
        yield from _without_reading(b, d.on_no_reading)
    if d.danger is Danger.ON and not d.max_on_s:
        yield _problem(
            b.id,
            "missing_max_on",
            "{binding} is dangerous on and needs a maximum on-time",
            binding=b.id,
        )
    if d.danger is Danger.OFF and not d.max_off_s:
        yield _problem(
            b.id,
            "missing_max_off",
            "{binding} is dangerous off and needs a maximum off-time",
            binding=b.id,
        )
    if (d.danger is Danger.ON and d.safe_on) or (d.danger is Danger.OFF and not d.safe_on):
        yield _problem(
            b.id,
            "safe_state_is_dangerous",
            "the safe state of {binding} is its dangerous one",
            binding=b.id,
        )
    for name in ("min_on_s", "min_off_s", "max_on_s", "max_off_s", "daily_cap_s", "rating_w"):
        value = getattr(d, name)
        if value is not None and value < 0:
            yield _problem(
                b.id,
                "negative_duration",
                "{attribute} of {node} is {value} s; it must be 0 or more",
                node=b.id,
                attribute=name,
                value=value,
            )
    if d.max_on_s is not None and d.max_on_s < d.min_on_s:
        yield _problem(
            b.id, "max_below_min", "max_on_s of {binding} is shorter than min_on_s", binding=b.id
        )
    if not d.deadline_s > 0:
        yield _problem(
            b.id, "deadline_zero", "deadline_s of {binding} must be more than 0", binding=b.id
        )


def _dosing(b: Binding, dosing: Dosing | None) -> Iterator[Problem]:
    if dosing is None:
        yield _problem(
            b.id,
            "missing_dosing",
            "{binding} needs limits: mL per dose, per hour, per day and per tank",
            binding=b.id,
        )
        return
    limits = (dosing.max_dose_ml, dosing.max_hour_ml, dosing.max_day_ml, dosing.max_tank_ml)
    if not limits[0] > 0 or list(limits) != sorted(limits):
        yield _problem(
            b.id,
            "dosing_limits",
            "the limits of {binding} must be above 0 and not fall from dose to hour, day and tank",
            binding=b.id,
        )
    if dosing.effect_per_ml_l is not None and not dosing.effect_per_ml_l > 0:
        yield _problem(
            b.id,
            "dosing_effect",
            "the effect of 1 mL from {binding} in 1 L must be more than 0, or left open",
            binding=b.id,
        )


__all__ = ["Farm", "FarmError", "NodeKind", "Problem", "check", "farm_from_dict", "farm_to_dict"]
