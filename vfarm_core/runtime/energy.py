"""What devices drew over a span of time: measured where a meter says, as rated where none does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..control.power import SUBSYSTEMS, rated_w
from ..farm.bindings import Binding, Proof
from ..farm.nodes import Farm
from ..farm.roles import Role

#: Energy that a meter saw and no actuator was on for.
OTHER = "other"
#: Measured power replaces what ratings say where so much of the time is known (design choice).
_KNOWN = 0.9
_J_PER_KWH = 3.6e6

#: By binding: what a value came to (its unit times s), and for how long (s) it is known.
type Sums = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the devices of one node drew: kWh by subsystem. `metered`: the subsystems of which every
    device is measured; `whole` when that is all there is."""

    kwh: Mapping[str, float]
    metered: frozenset[str]
    whole: bool

    @property
    def total_kwh(self) -> float:
        """All of it."""
        return sum(self.kwh.values())

    @property
    def measured_kwh(self) -> float:
        """The part that is measured."""
        return sum(kwh for key, kwh in self.kwh.items() if self.whole or key in self.metered)


def drawn(farm: Farm, passed_s: float, outputs: Sums, meters: Sums) -> dict[str, Drawn]:
    """What the devices of each node drew within `passed_s`; nothing of a node is no entry.
    `outputs` are shares of full output, `meters` W of the power sensors."""
    found: dict[str, Drawn] = {}
    used: dict[str, float] = {}
    # Zones last: what their meters see is also what their levels and pumps draw.
    for node in sorted(farm.actuators_of, key=lambda node: node in farm.zone):
        drew = _of_node(farm, node, passed_s, outputs, meters, used)
        if drew is not None:
            found[node] = drew
            used[node] = drew.total_kwh
    return found


def _of_node(
    farm: Farm,
    node: str,
    passed_s: float,
    outputs: Sums,
    meters: Sums,
    used: Mapping[str, float],
) -> Drawn | None:
    """Measured where a device has a meter of its own, else as rated, and what is rated scaled to
    what a meter of the node leaves for it."""
    own: dict[str, float] = {}
    rated: dict[str, float] = {}
    for binding in farm.actuators_of[node]:
        subsystem = SUBSYSTEMS.get(binding.role)
        if subsystem is None:
            continue
        kwh = _by_own_meter(binding, passed_s, meters)
        into = rated if kwh is None else own
        if kwh is None and (output := outputs.get(binding.id)) is not None:
            kwh = rated_w(farm, binding) * output[0] / _J_PER_KWH
        if kwh:
            into[subsystem.value] = into.get(subsystem.value, 0.0) + kwh
    measured = _by_meter_of_node(farm, node, passed_s, meters, used)
    if measured is not None:
        measured = max(0.0, measured - sum(own.values()))
    if measured:
        by_rating = sum(rated.values())
        rated = {k: v * measured / by_rating for k, v in rated.items()} or {OTHER: measured}
    kwh_by = {key: own.get(key, 0.0) + rated.get(key, 0.0) for key in (own | rated)}
    if not kwh_by:
        return None
    return Drawn(
        kwh=kwh_by,
        metered=frozenset(own.keys() - rated.keys()),
        whole=measured is not None or not rated,
    )


def _by_own_meter(binding: Binding, passed_s: float, meters: Sums) -> float | None:
    """What a device drew by the meter that sees it alone; None where none says."""
    meter = None if binding.declaration is None else binding.declaration.metered_by
    watts = None if meter is None else mean_w(meters.get(meter), passed_s)
    return None if watts is None else watts * passed_s / _J_PER_KWH


def _by_meter_of_node(
    farm: Farm, node: str, passed_s: float, meters: Sums, used: Mapping[str, float]
) -> float | None:
    """What the devices of a node drew by its power meter; None where there is none that says.

    A meter of a zone that shows no single device sees everything in the zone: its lamps, and
    the pumps and tanks that stand in it, are told by themselves.
    """
    devices = farm.actuators_of[node]
    bound = farm.of(node, Role.POWER)
    if node in farm.zone:
        bound = tuple(m for m in bound if not _shows_a_device(m, devices))
    kwh = _kwh(bound, passed_s, meters)
    if kwh is not None and node in farm.zone:
        kwh -= sum(used.get(key, 0.0) for key in in_zone(farm, node))
    return None if kwh is None else max(0.0, kwh)


def by_meter_of_farm(farm: Farm, passed_s: float, meters: Sums) -> float | None:
    """What the meter of the whole farm saw, kWh; None where there is none that says."""
    bound = tuple(m for m in farm.of(farm.id, Role.POWER) if m.id not in farm.own_meters)
    return _kwh(bound, passed_s, meters)


def _kwh(bound: Iterable[Binding], passed_s: float, meters: Sums) -> float | None:
    """What meters of the same thing saw, on the average of them."""
    known = [w for m in bound if (w := mean_w(meters.get(m.id), passed_s)) is not None]
    return sum(known) / len(known) * passed_s / _J_PER_KWH if known else None


def mean_w(total: tuple[float, float] | None, passed_s: float) -> float | None:
    """The mean power by a meter, W; None where too little of the time is known."""
    if total is None or not total[1] >= _KNOWN * passed_s > 0:
        return None
    return total[0] / total[1]


def _shows_a_device(meter: Binding, devices: Iterable[Binding]) -> bool:
    """Whether a power meter is the proof of one device."""
    proofs = (d.declaration for d in devices if d.declaration is not None)
    return any(
        p.metered_by == meter.id or (p.proof is Proof.FEEDBACK and p.proved_by in (None, meter.id))
        for p in proofs
    )


def in_zone(farm: Farm, zone: str) -> Iterable[str]:
    """The levels of a zone, and the tanks and pumps that stand in it: that is where the levels are
    that they water, the first zone if there are several."""
    yield from (level.id for level in farm.levels_of_zone[zone])
    for reservoir, zones in farm.zones_of_reservoir.items():
        if zones[:1] == (zone,):
            yield reservoir
            yield from (pump.id for pump in farm.pumps if pump.reservoir == reservoir)
