"""Whether the nodes of a farm fit together: ids, what each belongs to, sizes, devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..nodes import Farm, Fixture, Level, Method
from ..problems import Problem, problem
from ..roles import Loop, Role, spec


def all_ids(farm: Farm) -> list[str]:
    """The ids of all nodes, in their order."""
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


def ids(farm: Farm) -> Iterator[Problem]:
    """Whether every id is given once."""
    for node, count in Counter(all_ids(farm)).items():
        if count > 1:
            yield problem(
                node, "duplicate_id", "the id {id} is used {count} times", id=node, count=count
            )
    for binding, count in Counter(b.id for b in farm.bindings).items():
        if count > 1:
            yield problem(
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
            yield problem(
                entity,
                "entity_driven_twice",
                "{entity} is bound as an actuator {count} times; one entity has one master",
                entity=entity,
                count=len(options),
            )


def references(farm: Farm) -> Iterator[Problem]:
    """Whether what a node belongs to, or feeds, exists."""
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
            yield problem(
                node,
                "unknown_node",
                "{node} names the {kind} {target}, which does not exist",
                node=node,
                kind=kind,
                target=target,
            )
    for level, count in Counter(lv for c in farm.circuits for lv in c.levels).items():
        if count > 1:
            yield problem(
                level,
                "watered_twice",
                "level {level} is watered by {count} circuits",
                level=level,
                count=count,
            )
    for level, count in Counter(lv for s in farm.supplies for lv in s.levels).items():
        if count > 1:
            yield problem(
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
            yield problem(
                pump.id,
                "nft_shares_pump",
                "{pump} feeds nft and other circuits; nft needs a pump that never waits its turn",
                pump=pump.id,
            )
        if len(fed) > 1 and not methods <= {Method.NFT, Method.DWC}:
            valved = {b.node for b in farm.bindings if b.role is Role.IRRIGATION_VALVE}
            for circuit in fed:
                if circuit.id not in valved:
                    yield problem(
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


def sizes(farm: Farm) -> Iterator[Problem]:
    """Whether areas, volumes and ratings are possible."""
    for group, attribute, unit in (*_POSITIVE, *_POSITIVE_IF_GIVEN):
        for node in getattr(farm, group):
            value = getattr(node, attribute)
            if value is None and (group, attribute, unit) in _POSITIVE_IF_GIVEN:
                continue
            if not value > 0:
                yield problem(
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
                yield problem(
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
            yield problem(
                reservoir.id,
                "volume_min_out_of_range",
                "volume_min_l of {node} is {value} L; it must be from 0 to less than {capacity} L",
                node=reservoir.id,
                value=reservoir.volume_min_l,
                capacity=reservoir.capacity_l,
            )
    for circuit in farm.circuits:
        if circuit.drain_s < 0:
            yield problem(
                circuit.id,
                "negative_duration",
                "{attribute} of {node} is {value} s; it must be 0 or more",
                node=circuit.id,
                attribute="drain_s",
                value=circuit.drain_s,
            )
        if not circuit.levels:
            yield problem(
                circuit.id, "circuit_without_levels", "{node} waters no level", node=circuit.id
            )
    for level in farm.levels:
        fixture = level.fixture
        if fixture and not (
            fixture.ppfd_full > 0 and fixture.power_w > 0 and 0 <= fixture.dim_min <= 1
        ):
            yield problem(
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
                yield problem(
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
                yield problem(
                    supply.id,
                    "device_not_rated",
                    "{node} names {device}, which is a lamp or has no electrical power declared",
                    node=supply.id,
                    device=point,
                    attribute="devices",
                )
            elif times[point] > 1 and point in known:
                yield problem(
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
            yield problem(
                level.id,
                "not_positive",
                "{attribute} of {node} is {value} {unit}; it must be more than 0",
                node=level.id,
                attribute=attribute,
                value=value,
                unit=unit,
            )
    if fixture.l90_h is not None and fixture.l70_h is not None and fixture.l90_h >= fixture.l70_h:
        yield problem(
            level.id,
            "life_order",
            "the lamps of {node} cannot have 90 % of their light for as long as 70 %",
            node=level.id,
            attribute="l90_h",
        )
    low, high = _LUX_FACTOR
    if fixture.lux_per_ppfd is not None and not low <= fixture.lux_per_ppfd <= high:
        yield problem(
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
        yield problem(
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
        yield problem(
            level.id,
            "channels_exceed",
            "the channels of {node} give {value} μmol/m²/s, more than its whole lamp with {most}",
            node=level.id,
            value=f"{channels:g}",
            most=f"{fixture.ppfd_full:g}",
        )
