"""What a farm has used since it is counted: energy and water that only grow.

A total is told when it is on disk, so it is never less after a crash than it was before. What was
told is not taken back either: where an hour comes to less than its parts were thought to be (a
meter says so, or a fill is measured at rest), the total waits until it has caught up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Any

from ..control.power import SUBSYSTEMS, rated_w
from ..farm.nodes import Farm
from ..farm.roles import Role
from .energy import Drawn, Sums, by_meter_of_farm, drawn, in_zone

#: Totals are told to the Wh and to 0.01 L.
_KWH_DIGITS = 3
_L_DIGITS = 2


class Basis(StrEnum):
    """What energy is counted by."""

    MEASURED = "measured"
    RATED = "rated"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Energy (kWh) of the farm and of its zones, with what it was counted by lately, and water (L)
    that was filled into its reservoirs and into the whole farm, by node."""

    energy_kwh: Mapping[str, float] = field(default_factory=dict)
    basis: Mapping[str, Basis] = field(default_factory=dict)
    water_l: Mapping[str, float] = field(default_factory=dict)


class Tally:
    """Counts both. `close` is told what a span came to, `told` what is under way."""

    def __init__(self, kept: Any = None) -> None:
        """`kept` is what `keep` gave before the process ended; what cannot be read begins anew."""
        self._energy = _numbers(kept, "energy")
        self._water = _numbers(kept, "water")
        self._basis = _bases(kept)
        self.totals = Totals(
            energy_kwh=_numbers(kept, "told_energy"),
            basis=dict(self._basis),
            water_l=_numbers(kept, "told_water"),
        )

    def close(self, farm: Farm, passed_s: float, drew: Mapping[str, Drawn], meters: Sums) -> None:
        """A span of time is over."""
        for node, (kwh, basis) in _places(farm, passed_s, drew, meters).items():
            self._energy[node] = self._energy.get(node, 0.0) + kwh
            self._basis[node] = basis

    def leave(self) -> None:
        """The span under way is given up: what was told of it counts all the same."""
        told = self.totals
        for counted, shown in ((self._energy, told.energy_kwh), (self._water, told.water_l)):
            for node, value in shown.items():
                counted[node] = max(counted.get(node, 0.0), value)

    def filled(self, farm: Farm, reservoir: str, litres: float) -> None:
        """Water came into a reservoir; less than 0 where it was less than was counted."""
        for node in (reservoir, farm.id):
            self._water[node] = self._water.get(node, 0.0) + litres

    def tell(self, farm: Farm, passed_s: float, outputs: Sums, meters: Sums) -> None:
        """Make `totals` anew, with what is under way for `passed_s`."""
        under_way = _places(farm, passed_s, drawn(farm, passed_s, outputs, meters), meters)
        before = self.totals
        energy = {
            node: max(
                before.energy_kwh.get(node, 0.0),
                round(self._energy.get(node, 0.0) + under_way.get(node, _NOTHING)[0], _KWH_DIGITS),
            )
            for node in sorted({*self._energy, *under_way, *before.energy_kwh})
            if node == farm.id or node in farm.zone
        }
        water = {
            node: max(before.water_l.get(node, 0.0), round(litres, _L_DIGITS))
            for node, litres in self._water.items()
            if node == farm.id or node in farm.nodes
        }
        basis = {**self._basis, **{node: basis for node, (_, basis) in under_way.items()}}
        basis = {node: basis[node] for node in energy if node in basis}
        made = Totals(energy_kwh=energy, basis=basis, water_l=water)
        if made != before:
            self.totals = made

    def keep(self) -> dict[str, Any]:
        """What a restart must know. Copies: it is written while counting goes on."""
        return {
            "energy": dict(self._energy),
            "water": dict(self._water),
            "basis": self.totals.basis,
            "told_energy": self.totals.energy_kwh,
            "told_water": self.totals.water_l,
        }


_NOTHING = (0.0, Basis.RATED)


def _places(
    farm: Farm, passed_s: float, drew: Mapping[str, Drawn], meters: Sums
) -> dict[str, tuple[float, Basis]]:
    """Energy (kWh) of the zones and of the whole farm, and what it is counted by."""
    if not drew and not farm.of(farm.id, Role.POWER):
        return {}
    found: dict[str, tuple[float, Basis]] = {}
    for zone in farm.zones:
        nodes = (zone.id, *in_zone(farm, zone.id))
        if summed := _summed(drew[node] for node in nodes if node in drew):
            found[zone.id] = summed
    by_meter = by_meter_of_farm(farm, passed_s, meters)
    if by_meter is not None:
        found[farm.id] = (by_meter, Basis.MEASURED)
    elif summed := _summed(drew.values()):
        found[farm.id] = summed
    return found


def _summed(parts: Iterable[Drawn]) -> tuple[float, Basis] | None:
    kwh = measured = 0.0
    for part in parts:
        kwh += part.total_kwh
        measured += part.measured_kwh
    if kwh <= 0:
        return None
    whole, none = measured > kwh * 0.999, measured <= 0
    return kwh, Basis.MEASURED if whole else Basis.RATED if none else Basis.BOTH


def counts_energy(farm: Farm, node: str) -> bool:
    """Whether anything says what a farm or a zone draws: a rating, or a power meter."""
    nodes = (farm.id, *farm.nodes) if node == farm.id else (node, *in_zone(farm, node))
    return any(farm.of(key, Role.POWER) for key in nodes) or any(
        rated_w(farm, binding) > 0
        for key in nodes
        for binding in farm.actuators_of.get(key, ())
        if binding.role in SUBSYSTEMS
    )


def _numbers(kept: Any, key: str) -> dict[str, float]:
    """Totals by node, of what was kept; none where it cannot be read."""
    try:
        found = {str(node): float(value) for node, value in kept[key].items()}
    except (AttributeError, LookupError, TypeError, ValueError):
        return {}
    return found if all(isfinite(value) for value in found.values()) else {}


def _bases(kept: Any) -> dict[str, Basis]:
    try:
        return {str(node): Basis(value) for node, value in kept["basis"].items()}
    except (AttributeError, LookupError, TypeError, ValueError):
        return {}
