"""The rules of dosing and filling, as a watch sees them: what pumps and valves physically gave, and
what people said of the probes, against what is commanded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...control.dosing import WINDOW_S
from ...control.effects import Command
from ...control.inputs import (
    ClearReservoir,
    Inhibit,
    Request,
    SetProbe,
    SolutionChanged,
    VerifyProbe,
)
from ...control.memory import ProbeState, ProbeUse, Quality, ReservoirState
from ...control.solution import PH_PLAUSIBLE
from ...farm.bindings import Binding
from ...farm.roles import DOSING, NUTRIENTS, Role, spec

if TYPE_CHECKING:
    from .invariants import Watch
    from .stage import Stage

_HOUR_S, _DAY_S = 3600.0, 86400.0
#: A pump is measured by its on-time, and stops a moment after it was told to (mL).
_SLACK_ML = 2.0
#: A window is looked at this much shorter (s): a dose counts from its record, which is a moment
#: before its pump.
_SLACK_S = 5.0
#: A volume is told every two minutes, in which a fill line gives 4 L; and probes are noisy (L).
_SLACK_L = 6.0
#: A film on a table is no water that runs back (L).
_FILM_L = 1.0

#: rule -> what it says
RULES: Mapping[str, str] = MappingProxyType(
    {
        "dose_probe": "nothing is dosed on a probe that is not good, not checked by a person, "
        "being calibrated or out of the tank, nor on a pair that disagrees",
        "dose_moving": "nothing is dosed into water that stands",
        "dose_caps": "no dose begins for which the caps of its pump per dose, hour, day and "
        "filling leave no room, by what it physically gave, also over restarts and a clock that "
        "is set",
        "acid_base": "acid and base are never given within one day, unless a person says so",
        "fill_dosing": "nothing is filled while a dose runs, and nothing dosed while a fill does",
        "fill_room": "nothing is filled while water is out that will run back, nor into the room "
        "that is kept for it, and no tank overflows",
        "fill_caps": "a fill gives no more than its litres, and all fills no more than those of a "
        "day, by what physically came, also over restarts and a clock that is set",
    }
)


class TankWatch:
    """Watches the tanks of one stage."""

    def __init__(self, stage: Stage, watch: Watch) -> None:
        self._stage = stage
        self._watch = watch
        #: Whether a probe is in the tank and checked, by what people said.
        self._checked: dict[str, bool] = {}
        self._new_filling: dict[str, float] = {}
        self._window_cleared: dict[str, float] = {}
        #: Litres that came through the fill line of each tank, and when; and all of them so far.
        self._came: dict[str, list[tuple[float, float]]] = {}
        self._refilled: dict[str, float] = {}

    # -- what happened --------------------------------------------------------------------------

    def asked(self, request: Request) -> None:
        """A request of a person, before it is carried out."""
        now = self._stage.now
        if isinstance(request, VerifyProbe):
            self._checked[request.point] = True
        elif isinstance(request, SetProbe):
            self._checked[request.point] = False
        elif isinstance(request, SolutionChanged):
            self._new_filling[request.reservoir] = now
        elif isinstance(request, ClearReservoir) and request.what is Inhibit.PH_WINDOW:
            self._window_cleared[request.reservoir] = now

    def measure(self) -> None:
        """After every step."""
        for key, tank in self._stage.twin.tanks.items():
            came = tank.refilled - self._refilled.get(key, 0.0)
            if came > 0:
                self._refilled[key] = tank.refilled
                self._came.setdefault(key, []).append((self._stage.now, came))

    def given_ml(self, point: str, since: float) -> float:
        """What a dosing pump gave in the periods that began since then, mL."""
        node = self._stage.twin.actuators[point].binding.node
        rate = self._stage.twin.tanks[node].parameters.doser_ml_s
        return rate * sum(s for start, s in self._watch.periods(point) if start >= since)

    def filled_l(self, reservoir: str, since: float) -> float:
        """What came through a fill line since then, L."""
        return sum(litres for at, litres in self._came.get(reservoir, []) if at > since)

    # -- commands -------------------------------------------------------------------------------

    def command(self, command: Command, binding: Binding) -> Iterator[tuple[str, str]]:
        """The rules that a command to switch on would break."""
        if binding.role in DOSING and command.reason.code == "dose_running":
            if why := self._bad_probe(binding):
                yield "dose_probe", f"{command.point} is commanded on: {why}"
            if not self._stage.twin.moves(binding.node):
                yield "dose_moving", f"{command.point} is commanded on in standing water"
            yield from (("dose_caps", why) for why in self._over_caps(binding))
            if why := self._opposite(binding):
                yield "acid_base", why
            if any(self._is_open(v) for v in self._valves(binding.node)):
                yield "fill_dosing", f"{command.point} is commanded on in a fill"
        elif binding.role is Role.FILL_VALVE and command.reason.code == "fill_running":
            if any(self._is_open(b.id) for b in self._pumps(binding.node)):
                yield "fill_dosing", f"{command.point} is commanded on in a dose"
            if self._water_out(binding.node):
                yield "fill_room", f"{command.point} is commanded on while water is out"
            if why := self._over_litres(binding):
                yield "fill_caps", why

    def _state(self, reservoir: str) -> ReservoirState:
        return self._stage.memory.reservoirs.get(reservoir, ReservoirState())

    def _is_open(self, point: str) -> bool:
        return self._stage.twin.actuators[point].output > 0

    def _pumps(self, reservoir: str) -> list[Binding]:
        return [b for role in DOSING for b in self._stage.twin.farm.of(reservoir, role)]

    def _valves(self, reservoir: str) -> list[str]:
        return [b.id for b in self._stage.twin.farm.of(reservoir, Role.FILL_VALVE)]

    def _bad_probe(self, pump: Binding) -> str:
        """Why a dose of this pump has nothing to go by; empty when it has."""
        roles = [Role.SOLUTION_EC]
        if pump.role not in NUTRIENTS:
            roles.append(Role.SOLUTION_PH)
        for role in roles:
            values = []
            for b in self._stage.farm.of(pump.node, role):
                known = self._state(pump.node).probes.get(b.id, ProbeState())
                in_use = known.use is ProbeUse.IN_USE and known.verified_at is not None
                if not (in_use and self._checked.get(b.id)):
                    return f"nobody has checked {b.id}"
                point = self._stage.memory.points.get(b.id)
                if point is not None and point.quality is Quality.GOOD and point.value is not None:
                    values.append(point.value)
            if not values:
                return f"no good {role} is known"
            if len(values) == 2 and max(values) - min(values) > spec(role).agreement:
                return f"the {role} probes disagree"
            if role is Role.SOLUTION_PH and not all(
                PH_PLAUSIBLE[0] <= v <= PH_PLAUSIBLE[1] for v in values
            ):
                return "the pH is not possible"
        return ""

    def _over_caps(self, pump: Binding) -> Iterator[str]:
        dose = self._state(pump.node).dose
        declared = pump.declaration
        if dose is None or dose.point != pump.id or declared is None or declared.dosing is None:
            yield f"{pump.id} is commanded on without a dose"
            return
        limit, now = declared.dosing, self._stage.now
        spans = (
            ("hour", limit.max_hour_ml, now - _HOUR_S + _SLACK_S),
            ("day", limit.max_day_ml, now - _DAY_S + _SLACK_S),
            ("filling", limit.max_tank_ml, self._new_filling.get(pump.node, 0.0)),
        )
        if dose.planned_ml > limit.max_dose_ml + 1e-6:
            yield f"{pump.id} is to give {dose.planned_ml:.1f} mL at once"
        for name, most, since in spans:
            total = self.given_ml(pump.id, since) + dose.planned_ml
            if total > most + _SLACK_ML:
                yield f"{pump.id} would have given {total:.1f} mL of one {name}"

    def _opposite(self, pump: Binding) -> str:
        """The dose of acid or base that forbids this one, if any."""
        other = {
            Role.DOSING_PUMP_PH_DOWN: Role.DOSING_PUMP_PH_UP,
            Role.DOSING_PUMP_PH_UP: Role.DOSING_PUMP_PH_DOWN,
        }.get(pump.role)
        if other is None:
            return ""
        since = self._stage.now - WINDOW_S + _SLACK_S
        since = max(since, self._window_cleared.get(pump.node, since))
        for b in self._stage.twin.farm.of(pump.node, other):
            if self._is_open(b.id) or self.given_ml(b.id, since) > 0:
                return f"{pump.id} is commanded on within a day of {b.id}"
        return ""

    def _over_litres(self, valve: Binding) -> str:
        fill, run = self._stage.farm.reservoir[valve.node].fill, self._state(valve.node).fill
        if fill is None or run is None:
            return f"{valve.id} is commanded on without a fill"
        if run.planned_l > fill.max_l + 1e-6:
            return f"{valve.id} is to give {run.planned_l:.1f} L at once"
        day = self.filled_l(valve.node, self._stage.now - _DAY_S) + run.planned_l
        return (
            f"{valve.id} would give {day:.1f} L of one day" if day > fill.day_l + _SLACK_L else ""
        )

    def _water_out(self, reservoir: str) -> bool:
        """Whether water that will run back stands on the tables of a tank."""
        farm = self._stage.twin.farm
        out = 0.0
        for circuit in farm.circuits_of_reservoir[reservoir]:
            out += sum(bed.free for bed in self._stage.twin.pipes[circuit.id].beds)
        return out > _FILM_L

    # -- states ---------------------------------------------------------------------------------

    def look(self) -> Iterator[tuple[str, str]]:
        """The rules that are broken after a step."""
        for reservoir in self._stage.twin.farm.reservoirs:
            yield from self._doses(reservoir.id)
            yield from self._fills(reservoir.id)

    def _free(self, point: str) -> bool:
        """Whether a device is control's to answer for."""
        return not (self._stage.excused(point) or self._watch.taken_over(point))

    def _doses(self, reservoir: str) -> Iterator[tuple[str, str]]:
        watch = self._watch
        stands = not self._stage.twin.moves(reservoir)
        for b in self._pumps(reservoir):
            runs = self._is_open(b.id) and self._free(b.id)
            bad = self._bad_probe(b) if runs else ""
            if watch.lasts("dose_probe", b.id, bool(bad)):
                yield "dose_probe", f"{b.id} gives: {bad}"
            if watch.lasts("dose_moving", b.id, runs and stands):
                yield "dose_moving", f"{b.id} gives into standing water"
            declared = b.declaration
            if runs and declared is not None and declared.dosing is not None:
                rate = self._stage.twin.tanks[reservoir].parameters.doser_ml_s
                ml = watch.on_for(b.id) * rate
                if ml > declared.dosing.max_dose_ml + _SLACK_ML + rate * _SLACK_S:
                    yield "dose_caps", f"{b.id} has given {ml:.1f} mL at once"

    def _fills(self, reservoir: str) -> Iterator[tuple[str, str]]:
        watch, stage = self._watch, self._stage
        tank, settings = stage.twin.tanks[reservoir], stage.farm.reservoir[reservoir].fill
        valves = [v for v in self._valves(reservoir) if self._is_open(v) and self._free(v)]
        pumps = [b.id for b in self._pumps(reservoir) if self._is_open(b.id) and self._free(b.id)]
        if any(map(watch.wanted, self._valves(reservoir))) and any(
            watch.wanted(b.id) for b in self._pumps(reservoir)
        ):
            yield "fill_dosing", f"{reservoir} is to be dosed and filled together"
        if watch.lasts("fill_dosing", reservoir, bool(valves) and bool(pumps)):
            yield "fill_dosing", f"{reservoir} is dosed and filled together"
        if watch.lasts("fill_room", reservoir, bool(valves) and self._water_out(reservoir)):
            yield "fill_room", f"{reservoir} is filled while water is out"
        if not valves or settings is None:
            return
        most = tank.capacity - settings.drain_back_l
        if tank.volume > most + _SLACK_L:
            yield "fill_room", f"{reservoir} is filled to {tank.volume:.0f} L"
        run = self._state(reservoir).fill
        came = self.filled_l(reservoir, stage.now - max(watch.on_for(v) for v in valves))
        if run is not None and came > run.planned_l + _SLACK_L:
            yield "fill_caps", f"{reservoir} has been given {came:.0f} L at once"
