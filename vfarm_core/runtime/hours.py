"""What every node measured, drew and received, hour by hour: what is too much to record as it
happens and too much to remember.

At most one event per node and hour goes to the journal; when batches come, move or go within an
hour, one more, so that each is only given its own. An hour in which a node has nothing to tell has
none, and what is measured where nothing grows is not told.

The sums of the hour that is under way are kept beside what is written anyway, at most every five
minutes: an hour in which nothing is written costs nothing, and a crash takes what came since then.
While nobody looked for a few minutes, devices are taken to do what they did before (`bridged_s`
says for how long); for longer nothing is guessed. Readings begin anew: their `covered_s` says how
much of the hour is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from ..batches.model import Placement
from ..control.effects import Effect, Emit, Record
from ..control.inputs import Input, Report
from ..control.keep import SLICE
from ..control.memory import LevelState, Memory, Quality
from ..control.shares import areas_m2, shares
from ..farm.nodes import Farm
from ..farm.roles import Role, RoleKind, spec
from .energy import Drawn, Sums, drawn
from .totals import Tally, Totals

#: Kind of the events.
HOUR = "hour"
HOUR_S = 3600.0
#: A gap of more than so many hours is not gone through hour by hour: nobody knows what was on.
_MOST_HOURS = 3
#: What a shot told is rounded: a difference below this (L) is none.
_DROP_L = 0.02
#: Sums are kept this often (s of farm time) at most.
_KEEP_S = 300.0
#: For so long (s) that nobody looked, devices count as they were before (design choice: a restart).
_BRIDGE_S = 900.0
#: Events that tell of water that was filled in, and where they say how much (L).
_FILLED: Mapping[str, str] = {"fill_ended": "delivered_l", "fill_measured": "correction_l"}
#: Key of the slice in which the sums are kept.
KEPT = "hours"
#: Where the totals are in it.
TOTALS = "totals"


@dataclass(slots=True)
class _Sum:
    """A value over time: its integral until `at`, the time that is known, and its extremes.
    `holds_s`: without a report it is known for this long."""

    holds_s: float
    value: float | None = None
    at: float = 0.0
    area: float = 0.0
    covered_s: float = 0.0
    low: float = inf
    high: float = -inf

    def until(self, at: float) -> None:
        """Go on to `at` with the value as it was."""
        if self.value is not None:
            passed = at - self.at
            if 0.0 < passed <= self.holds_s:
                self.area += self.value * passed
                self.covered_s += passed
        self.at = at

    def take(self, value: float | None) -> None:
        """From `at` on it is another one."""
        self.value = value
        if value is not None:
            self.low, self.high = min(self.low, value), max(self.high, value)

    def known(self, at: float) -> list[float | None]:
        """The integral and the time that is known, as they will be `at`, and the value."""
        passed = at - self.at
        if self.value is None or not 0.0 < passed <= self.holds_s:
            return [self.area, self.covered_s, self.value]
        return [self.area + self.value * passed, self.covered_s + passed, self.value]

    def begin(self) -> None:
        """A new hour, with the value as it is."""
        self.area = self.covered_s = 0.0
        self.low, self.high = inf, -inf
        self.take(self.value)


#: A light integral, mol/m², and when the light day began that it counts in, if there is one.
type _Mark = tuple[float, float | None]


class Hours:
    """Adds up beside the runtime. `watch` is told of every step."""

    def __init__(
        self, kept: Mapping[str, Any] | None = None, *, tally: Tally | None = None
    ) -> None:
        """`kept` is what `keep` gave before the process ended; `tally` goes on with totals."""
        self._kept = kept or None
        self.tally = tally or Tally((kept or {}).get(TOTALS))
        self._kept_at: float | None = None
        self._bridged_s = 0.0
        self._since: float | None = None
        self._until = 0.0
        self._readings: dict[str, _Sum] = {}
        self._outputs: dict[str, _Sum] = {}
        #: Of each level where plants grow: its light integral and the beginning of its light day.
        self._light: dict[str, _Mark] = {}
        #: Litres of each circuit that were told in this hour, of what it counted in it.
        self._told: dict[str, float] = {}
        self._farm: Farm | None = None

    def watch(
        self,
        farm: Farm,
        before: Memory,
        after: Memory,
        now: float,
        inputs: Iterable[Input],
        effects: Iterable[Effect],
    ) -> list[Record]:
        """What there is to record after a step at `now` that led from `before` to `after`."""
        found: list[Record] = []
        if self._kept is not None:
            self._go_on(farm, after, now, self._kept)
            self._kept = None
            before = after
        if self._since is None or farm is not self._farm or now < self._since:
            if self._since is not None and self._farm is not None and now >= self._since:
                found = self._close(before, now)
            self._start(farm, after, now)
        else:
            while now >= self._until:
                found += self._close(before, self._until)
                if now >= self._until + _MOST_HOURS * HOUR_S:
                    self._start(farm, before, now)
                    break
                self._begin(before, self._until, self._until + HOUR_S)
            if before.growing is not after.growing and _placed(before) != _placed(after):
                lit = _counted(before.levels, after.levels)
                found += self._close(before, now, light=lit)
                self._begin(after, now, self._until)
                self._light = _marks(lit)
        for item in inputs:
            if type(item) is Report:
                self._take(farm, after, now, item.point)
        for effect in effects:
            if type(effect) is Emit and effect.event.kind == "shot_ended":
                event = effect.event
                litres = float(event.params["delivered_l"])
                self._told[event.node] = self._told.get(event.node, 0.0) + litres
            elif type(effect) is Emit and (key := _FILLED.get(effect.event.kind)) is not None:
                event = effect.event
                self.tally.filled(farm, event.node, float(event.params[key]))
        return found

    def flush(self, memory: Memory, now: float) -> list[Record]:
        """What is known of the hour that is under way, before an orderly end."""
        if self._since is None or now <= self._since:
            return []
        found = self._close(memory, now)
        self._begin(memory, now, self._until)
        return found

    @property
    def totals(self) -> Totals:
        """What was used since it is counted, as it was kept last."""
        return self.tally.totals

    # -- what a crash leaves --------------------------------------------------------------------

    def keep(self, now: float, *, anyhow: bool = False) -> Record | None:
        """The sums of the hour that is under way, to be written with what is written anyway; None
        while they were kept not long ago, but `anyhow`."""
        if self._since is None or self._farm is None:
            return None
        recent = self._kept_at is not None and self._kept_at <= now < self._kept_at + _KEEP_S
        if recent and not anyhow:
            return None
        self._kept_at = now
        meters = {
            point: total
            for point, total in self._readings.items()
            if self._farm.binding[point].role is Role.POWER
        }
        outputs = {p: t.known(now) for p, t in self._outputs.items() if t.area or t.value}
        seen = {p: t.known(now) for p, t in meters.items()}
        self.tally.tell(self._farm, now - self._since, _sums(outputs), _sums(seen))
        data = {
            "since": self._since,
            "until": self._until,
            "at": now,
            "outputs": outputs,
            "meters": seen,
            "light": self._light,
            # A copy: it is written while counting goes on.
            "told": dict(self._told),
            TOTALS: self.tally.keep(),
        }
        return Record(SLICE, data, now, KEPT)

    def _go_on(self, farm: Farm, memory: Memory, now: float, kept: Mapping[str, Any]) -> None:
        """Take up the sums where they were kept, if they can be read and are not of a time to
        come."""
        try:
            since, until, at = (float(kept[key]) for key in ("since", "until", "at"))
            light = {str(k): (float(dli), start) for k, (dli, start) in kept["light"].items()}
            told = {str(k): float(litres) for k, litres in kept["told"].items()}
            if not since <= at <= now:
                return
            short = now - at <= _BRIDGE_S
            for sums, known in ((self._outputs, "outputs"), (self._readings, "meters")):
                for point, (area, covered_s, value) in kept[known].items():
                    if point in farm.binding:
                        total = _Sum(_holds_s(farm.binding[point].role), at=at if short else now)
                        total.area, total.covered_s = float(area), float(covered_s)
                        total.take(value)
                        sums[point] = total
        except (LookupError, TypeError, ValueError):
            self._outputs.clear()
            self._readings.clear()
            return
        self._farm, self._since, self._until = farm, since, until
        self._light, self._told = light, told
        self._bridged_s = now - at if short else 0.0
        for binding in farm.bindings:
            if binding.id not in self._outputs and binding.id not in self._readings:
                self._take(farm, memory, now, binding.id)

    # -- the hour -------------------------------------------------------------------------------

    def _start(self, farm: Farm, memory: Memory, now: float) -> None:
        """Begin with what is known of a farm."""
        self.tally.leave()
        self._farm = farm
        self._readings.clear()
        self._outputs.clear()
        self._begin(memory, now, (now // HOUR_S + 1) * HOUR_S)
        for binding in farm.bindings:
            self._take(farm, memory, now, binding.id)

    def _begin(self, memory: Memory, at: float, until: float) -> None:
        if until != self._until:
            self._told.clear()
        self._since, self._until = at, until
        self._bridged_s = 0.0
        self._light = _marks(memory.levels)
        for total in (*self._readings.values(), *self._outputs.values()):
            total.begin()

    def _take(self, farm: Farm, memory: Memory, now: float, point: str) -> None:
        total = self._readings.get(point)
        if total is not None:
            total.until(now)
            known = memory.points.get(point)
            good = known is not None and known.quality is Quality.GOOD
            total.take(known.value if good and known is not None else None)
            return
        total = self._outputs.get(point)
        if total is not None:
            total.until(now)
            state = memory.actuators.get(point)
            total.take(None if state is None else state.reported)
            return
        binding = farm.binding.get(point)
        if binding is None:
            return
        facts = spec(binding.role)
        if facts.is_actuator:
            self._outputs[point] = _Sum(_holds_s(binding.role), at=now)
        elif facts.kind is RoleKind.MEASURE:
            self._readings[point] = _Sum(_holds_s(binding.role), at=now)
        else:
            return
        self._take(farm, memory, now, point)

    def _close(
        self, memory: Memory, at: float, *, light: Mapping[str, LevelState] | None = None
    ) -> list[Record]:
        lit = memory.levels if light is None else light
        farm, since = self._farm, self._since
        assert farm is not None
        assert since is not None
        for point, total in self._readings.items():
            known = memory.points.get(point)
            if known is None or known.quality is not Quality.GOOD:
                total.value = None
            total.until(at)
        for total in self._outputs.values():
            total.until(at)
        hour = (self._until - HOUR_S) // HOUR_S * HOUR_S
        found: list[Record] = []
        outputs = {p: (t.area, t.covered_s) for p, t in self._outputs.items()}
        meters = {
            p: (t.area, t.covered_s)
            for p, t in self._readings.items()
            if farm.binding[p].role is Role.POWER
        }
        drew = drawn(farm, at - since, outputs, meters)
        self.tally.close(farm, at - since, drew, meters)
        for node in (farm.id, *farm.nodes):
            readings = self._measured(farm, node)
            told = _energy(drew.get(node))
            told |= self._delivered(farm, memory, node, hour, lit.get(node))
            by = shares(farm, memory.growing, node)
            if by and readings:
                # What an empty room measures is no part of any history of plants.
                told["readings"] = readings
            if told:
                if self._bridged_s:
                    told["bridged_s"] = round(self._bridged_s)
                data = {"node": node, "severity": "info", "since": since, **told, "shares": by}
                found.append(Record(kind=HOUR, at=at, data=data))
        return found

    def _measured(self, farm: Farm, node: str) -> dict[str, list[float]]:
        """By role: mean, lowest and highest value, and seconds that are known."""
        by_role: dict[str, list[_Sum]] = {}
        for binding in farm.sensors_of.get(node, ()):
            total = self._readings.get(binding.id)
            if binding.id in farm.own_meters:
                continue  # That of one device is no reading of the place.
            if total is not None and total.covered_s > 0:
                by_role.setdefault(binding.role.value, []).append(total)
        return {role: _rolled(sums) for role, sums in by_role.items()}

    def _delivered(
        self, farm: Farm, memory: Memory, node: str, hour: float, state: LevelState | None
    ) -> dict[str, Any]:
        """Light of a level (mol/m²), water of a circuit that no shot tells of, open CO2 valves."""
        if state is not None and (light := _light(self._light.get(node), state)) > 0:
            area = sum(areas_m2(farm, memory.growing, node).values())
            return {"light_mol_m2": _round(light), "area_m2": _round(area)}
        if node in farm.circuit and (circuit := memory.circuits.get(node)) is not None:
            counted = sum(litres for at, litres in circuit.water_log if at == hour)
            untold = counted - self._told.get(node, 0.0)
            if not circuit.cycling or untold <= _DROP_L:
                return {}
            self._told[node] = counted
            return {"mist_l": _round(untold)}
        valves = farm.of(node, Role.CO2_VALVE)
        open_s = sum(self._outputs[b.id].area for b in valves if b.id in self._outputs)
        return {"co2_open_s": round(open_s, 1)} if open_s > 0 else {}


def _energy(drew: Drawn | None) -> dict[str, Any]:
    """Energy by what it was used for, and which of it is measured."""
    if drew is None:
        return {}
    told: dict[str, Any] = {"energy_kwh": {key: _round(kwh) for key, kwh in drew.kwh.items()}}
    if drew.whole:
        return {**told, "metered": True}
    return {**told, "metered": sorted(drew.metered)} if drew.metered else told


def _sums(known: Mapping[str, list[float | None]]) -> Sums:
    return {point: (area or 0.0, covered_s or 0.0) for point, (area, covered_s, _) in known.items()}


def _holds_s(role: Role) -> float:
    """How long a value counts that is not reported again. An actuator is what it said last until it
    says something else."""
    facts = spec(role)
    return _MOST_HOURS * HOUR_S if facts.is_actuator else facts.stale_s


def _placed(memory: Memory) -> Mapping[str, tuple[Placement, ...]]:
    return {batch.id: batch.placements for group in memory.growing.values() for batch in group}


def _counted(
    before: Mapping[str, LevelState], after: Mapping[str, LevelState]
) -> dict[str, LevelState]:
    """Levels as they were when others came to grow there. The step has counted their light until
    now, which is still theirs who were there before; but where another light day began with it."""
    found = dict(after)
    for key, was in before.items():
        now = found.get(key)
        if was.dli_at is None:
            continue  # Nothing grew there.
        if now is None or now.dli < was.dli or now.light_day != was.light_day:
            found[key] = was
    return found


def _marks(levels: Mapping[str, LevelState]) -> dict[str, _Mark]:
    """What the light of levels is counted from."""
    return {
        key: (state.dli, None if state.light_day is None else state.light_day.start_s)
        for key, state in levels.items()
        if state.dli_at is not None
    }


def _light(then: _Mark | None, now: LevelState) -> float:
    """The light of a level since `then`, over a lights-on between them too."""
    if then is None:
        return 0.0
    dli, began = then
    day = now.light_day
    if day is not None and began is None:
        return now.dli  # The count began with the day.
    if day is not None and day.start_s != began:
        return max(0.0, (now.dli_yesterday or 0.0) - dli) + now.dli
    return max(0.0, now.dli - dli)


def _rolled(sums: list[_Sum]) -> list[float]:
    covered = sum(total.covered_s for total in sums)
    return [
        _round(sum(total.area for total in sums) / covered),
        _round(min(total.low for total in sums)),
        _round(max(total.high for total in sums)),
        round(max(total.covered_s for total in sums), 1),
    ]


def _round(value: float) -> float:
    return float(f"{value:.6g}")
