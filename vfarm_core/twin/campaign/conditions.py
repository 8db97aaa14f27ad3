"""What can be true of a farm, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...control.memory import DoseStage, FillStage, ReservoirState, ShotStage
from ...control.memory import Quality as Trust
from ...control.memory import Stage as RunStage

if TYPE_CHECKING:
    from .stage import Stage


class Condition:
    """Something that is true of a stage, or not."""

    __slots__ = ()

    def holds(self, stage: Stage) -> bool:
        """Whether it is true now."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Every(Condition):
    """All of them."""

    parts: tuple[Condition, ...]

    def holds(self, stage: Stage) -> bool:
        return all(part.holds(stage) for part in self.parts)

    def __str__(self) -> str:
        return "; ".join(str(part) for part in self.parts)


def every(*parts: Condition) -> Every:
    """All of these conditions."""
    return Every(parts)


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The opposite."""

    part: Condition

    def holds(self, stage: Stage) -> bool:
        return not self.part.holds(stage)

    def __str__(self) -> str:
        return f"not: {self.part}"


@dataclass(frozen=True, slots=True)
class Output(Condition):
    """What an actuator physically does, 0…1."""

    point: str
    low: float
    high: float

    def holds(self, stage: Stage) -> bool:
        return self.low <= stage.twin.actuators[self.point].output <= self.high

    def __str__(self) -> str:
        if self.high == 0:
            return f"{self.point} is off"
        if self.high >= 1:
            return f"{self.point} is on" if self.low < 0.05 else f"{self.point} ≥ {self.low:.0%}"
        return f"{self.point} is at {self.low:.0%}–{self.high:.0%}"


def off(*points: str) -> Condition:
    """These are physically off."""
    return every(*(Output(point, 0.0, 0.0) for point in points))


def on(*points: str) -> Condition:
    """These are physically on."""
    return every(*(Output(point, 0.01, 1.0) for point in points))


@dataclass(frozen=True, slots=True)
class AllOff(Condition):
    """Every actuator is physically off, but `besides`."""

    besides: tuple[str, ...] = ()

    def holds(self, stage: Stage) -> bool:
        return not any(
            a.output > 0 for key, a in stage.twin.actuators.items() if key not in self.besides
        )

    def __str__(self) -> str:
        return "everything is off" + (f" but {', '.join(self.besides)}" if self.besides else "")


@dataclass(frozen=True, slots=True)
class AllSentOff(Condition):
    """Every actuator that was on got the command to go off."""

    def holds(self, stage: Stage) -> bool:
        return not any(stage.hardware.last.values())

    def __str__(self) -> str:
        return "the off-commands of everything that was on are out"


@dataclass(frozen=True, slots=True)
class Sent(Condition):
    """The last command of an actuator."""

    point: str
    value: float

    def holds(self, stage: Stage) -> bool:
        return stage.hardware.last.get(self.point) == self.value

    def __str__(self) -> str:
        return f"{self.point} was commanded {'on' if self.value else 'off'}"


@dataclass(frozen=True, slots=True)
class SentFor(Condition):
    """An actuator got a command for this reason since the beginning."""

    point: str
    code: str

    def holds(self, stage: Stage) -> bool:
        return any(
            c.point == self.point and c.reason.code == self.code and at >= stage.zero
            for at, c in stage.hardware.sent
        )

    def __str__(self) -> str:
        return f"{self.point} is commanded for “{self.code}”"


@dataclass(frozen=True, slots=True)
class Because(Condition):
    """The reason an actuator has for its state."""

    point: str
    code: str

    def holds(self, stage: Stage) -> bool:
        state = stage.memory.actuators.get(self.point)
        return state is not None and state.reason is not None and state.reason.code == self.code

    def __str__(self) -> str:
        return f"{self.point} is so because of “{self.code}”"


@dataclass(frozen=True, slots=True)
class GasAtMost(Condition):
    """True CO2 of a room, ppm."""

    zone: str
    ppm: float

    def holds(self, stage: Stage) -> bool:
        return stage.twin.zones[self.zone].air.co2_ppm <= self.ppm

    def __str__(self) -> str:
        return f"CO2 in {self.zone} is at most {self.ppm:g} ppm"


@dataclass(frozen=True, slots=True)
class AirAtMost(Condition):
    """True air temperature of a room, °C."""

    zone: str
    celsius: float

    def holds(self, stage: Stage) -> bool:
        return stage.twin.zones[self.zone].air.t <= self.celsius

    def __str__(self) -> str:
        return f"the air in {self.zone} is at most {self.celsius:g} °C"


@dataclass(frozen=True, slots=True)
class Unsent(Condition):
    """An actuator got no command with this value since the beginning."""

    point: str
    value: float = 1.0

    def holds(self, stage: Stage) -> bool:
        return not any(
            c.point == self.point and c.value == self.value and at >= stage.zero
            for at, c in stage.hardware.sent
        )

    def __str__(self) -> str:
        return f"{self.point} was never commanded {'on' if self.value else 'off'}"


@dataclass(frozen=True, slots=True)
class CommandsAtMost(Condition):
    """How often an actuator was commanded since the beginning."""

    point: str
    most: int

    def holds(self, stage: Stage) -> bool:
        sent = sum(c.point == self.point and at >= stage.zero for at, c in stage.hardware.sent)
        return sent <= self.most

    def __str__(self) -> str:
        return f"{self.point} got at most {self.most} commands"


@dataclass(frozen=True, slots=True)
class Happened(Condition):
    """An event was told since the beginning; `params` are name and value pairs."""

    kind: str
    severity: str = ""
    params: tuple[tuple[str, str], ...] = ()
    least: int = 1

    def holds(self, stage: Stage) -> bool:
        found = 0
        for at, event in stage.events:
            if at < stage.zero or event.kind != self.kind:
                continue
            if self.severity and event.severity != self.severity:
                continue
            found += all(str(event.params.get(k)) == v for k, v in self.params)
        return found >= self.least

    def __str__(self) -> str:
        told = f"{self.severity.upper()} {self.kind}" if self.severity else self.kind
        return f"“{told}” is told" + "".join(f" ({k} {v})" for k, v in self.params)


@dataclass(frozen=True, slots=True)
class Shown(Condition):
    """A standing problem of a node is shown."""

    node: str
    problem: str

    def holds(self, stage: Stage) -> bool:
        return stage.runtime is not None and self.problem in stage.problems(self.node)

    def __str__(self) -> str:
        return f"{self.node} shows “{self.problem}”"


@dataclass(frozen=True, slots=True)
class Trusted(Condition):
    """How far control trusts a sensor."""

    point: str
    quality: Trust

    def holds(self, stage: Stage) -> bool:
        state = stage.memory.points.get(self.point)
        return state is not None and state.quality is self.quality

    def __str__(self) -> str:
        return f"{self.point} counts as {self.quality}"


@dataclass(frozen=True, slots=True)
class Reads(Condition):
    """What control takes a sensor to say, in the role's unit."""

    point: str
    low: float
    high: float

    def holds(self, stage: Stage) -> bool:
        state = stage.memory.points.get(self.point)
        return (
            state is not None and state.value is not None and self.low <= state.value <= self.high
        )

    def __str__(self) -> str:
        return f"{self.point} reads {self.low:g}–{self.high:g}"


@dataclass(frozen=True, slots=True)
class InShot(Condition):
    """A circuit is in this stage of a shot; with `pumping` its pump is proved on."""

    circuit: str
    stage: ShotStage
    pumping: bool = False

    def holds(self, stage: Stage) -> bool:
        state = stage.memory.circuits.get(self.circuit)
        shot = state.shot if state is not None else None
        if shot is None or shot.stage is not self.stage:
            return False
        return not self.pumping or shot.started_at is not None

    def __str__(self) -> str:
        return f"a shot of {self.circuit} is {self.stage}"


@dataclass(frozen=True, slots=True)
class ShotOver(Condition):
    """The last shot of a circuit ended, as one of these."""

    circuit: str
    ends: tuple[str, ...]

    def holds(self, stage: Stage) -> bool:
        state = stage.memory.circuits.get(self.circuit)
        if state is None or state.shot is not None:
            return False
        ended = [
            event.params["end"]
            for at, event in stage.events
            if at >= stage.zero and event.kind == "shot_ended" and event.node == self.circuit
        ]
        return bool(ended) and ended[-1] in self.ends

    def __str__(self) -> str:
        return f"the shot of {self.circuit} ended “{' or '.join(self.ends)}”"


@dataclass(frozen=True, slots=True)
class Pumped(Condition):
    """Litres that left the tanks since the beginning."""

    low: float
    high: float

    def holds(self, stage: Stage) -> bool:
        return self.low <= stage.pumped_l() <= self.high

    def __str__(self) -> str:
        return f"{self.low:g}–{self.high:g} L were pumped"


@dataclass(frozen=True, slots=True)
class Shots(Condition):
    """Shots that began since the beginning."""

    low: int
    high: int

    def holds(self, stage: Stage) -> bool:
        begun = sum(at >= stage.zero and e.kind == "shot_started" for at, e in stage.events)
        return self.low <= begun <= self.high

    def __str__(self) -> str:
        few = f"{self.low}" if self.low == self.high else f"{self.low}–{self.high}"
        return f"{few} shots began"


@dataclass(frozen=True, slots=True)
class Running(Condition):
    """Control runs."""

    def holds(self, stage: Stage) -> bool:
        return stage.runtime is not None and stage.memory.farm.stage is RunStage.RUNNING

    def __str__(self) -> str:
        return "control runs"


@dataclass(frozen=True, slots=True)
class Held(Condition):
    """The farm is held until a person has looked."""

    def holds(self, stage: Stage) -> bool:
        return stage.runtime is not None and stage.memory.farm.lost_memory

    def __str__(self) -> str:
        return "the farm is held until a person has looked"


@dataclass(frozen=True, slots=True)
class Stopped(Condition):
    """The emergency stop is latched."""

    def holds(self, stage: Stage) -> bool:
        return stage.runtime is not None and stage.memory.farm.emergency is not None

    def __str__(self) -> str:
        return "the emergency stop is latched"


@dataclass(frozen=True, slots=True)
class Latched(Condition):
    """An actuator is latched until a person has looked."""

    point: str

    def holds(self, stage: Stage) -> bool:
        state = stage.memory.actuators.get(self.point)
        return state is not None and state.latched

    def __str__(self) -> str:
        return f"{self.point} is latched"


@dataclass(frozen=True, slots=True)
class Refused(Condition):
    """The last request was refused: `key`, and why."""

    key: str
    why: str = ""

    def holds(self, stage: Stage) -> bool:
        if not stage.answers:
            return False
        answer = stage.answers[-1]
        return answer.refused == self.key and (not self.why or answer.params.get("why") == self.why)

    def __str__(self) -> str:
        return f"the request is refused: {self.key} {self.why}".rstrip()


@dataclass(frozen=True, slots=True)
class Accepted(Condition):
    """The last request was carried out."""

    def holds(self, stage: Stage) -> bool:
        return bool(stage.answers) and stage.answers[-1].refused is None

    def __str__(self) -> str:
        return "the request is carried out"


@dataclass(frozen=True, slots=True)
class LitHours(Condition):
    """Each light day that ended since the beginning lasted this long; `days` of them."""

    level: str
    low: float
    high: float
    days: int

    def holds(self, stage: Stage) -> bool:
        found = stage.watch.light_days(self.level)
        return len(found) == self.days and all(
            self.low <= length / 3600 <= self.high for length in found
        )

    def __str__(self) -> str:
        return f"{self.days} light days of {self.low:g}–{self.high:g} h on {self.level}"


@dataclass(frozen=True, slots=True)
class Integral(Condition):
    """The light integral of the last complete light day of a level, mol/m²."""

    level: str
    low: float
    high: float

    def holds(self, stage: Stage) -> bool:
        state = stage.memory.levels.get(self.level)
        got = state.dli_yesterday if state is not None else None
        return got is not None and self.low <= got <= self.high

    def __str__(self) -> str:
        return f"the last light day gave {self.low:g}–{self.high:g} mol/m² to {self.level}"


@dataclass(frozen=True, slots=True)
class Phase(Condition):
    """A batch is in this phase."""

    batch: str
    name: str

    def holds(self, stage: Stage) -> bool:
        batch = stage.memory.batches.get(self.batch)
        if batch is None:
            return False
        recipe = stage.memory.recipes[batch.recipe_version]
        return recipe.phases[batch.phase_index].name == self.name

    def __str__(self) -> str:
        return f"{self.batch} is in phase {self.name}"


def _kept(stage: Stage, reservoir: str) -> ReservoirState:
    return stage.memory.reservoirs.get(reservoir, ReservoirState())


@dataclass(frozen=True, slots=True)
class InDose(Condition):
    """A tank is in this stage of a dose, by this pump if one is named."""

    reservoir: str
    stage: DoseStage
    point: str = ""

    def holds(self, stage: Stage) -> bool:
        dose = _kept(stage, self.reservoir).dose
        if dose is None or dose.stage is not self.stage:
            return False
        return self.point in ("", dose.point)

    def __str__(self) -> str:
        return f"a dose of {self.point or self.reservoir} is {self.stage}"


@dataclass(frozen=True, slots=True)
class Owes(Condition):
    """A feed has given its first part and waits to give the next one."""

    reservoir: str

    def holds(self, stage: Stage) -> bool:
        state = _kept(stage, self.reservoir)
        return state.dose is None and bool(state.feed)

    def __str__(self) -> str:
        return f"the next part of the feed of {self.reservoir} waits"


@dataclass(frozen=True, slots=True)
class InFill(Condition):
    """A tank is in this stage of a fill."""

    reservoir: str
    stage: FillStage

    def holds(self, stage: Stage) -> bool:
        fill = _kept(stage, self.reservoir).fill
        return fill is not None and fill.stage is self.stage

    def __str__(self) -> str:
        return f"a fill of {self.reservoir} is {self.stage}"


@dataclass(frozen=True, slots=True)
class _Over(Condition):
    """The last dose or fill of a tank ended, as one of these."""

    reservoir: str
    ends: tuple[str, ...]

    kind = ""

    def holds(self, stage: Stage) -> bool:
        state = _kept(stage, self.reservoir)
        if (state.dose if self.kind == "dose" else state.fill) is not None:
            return False
        ended = [
            event.params["end"]
            for at, event in stage.events
            if at >= stage.zero
            and event.kind == f"{self.kind}_ended"
            and event.node == self.reservoir
        ]
        return bool(ended) and ended[-1] in self.ends

    def __str__(self) -> str:
        return f"the {self.kind} of {self.reservoir} ended “{' or '.join(self.ends)}”"


class DoseOver(_Over):
    """The last dose of a tank ended, as one of these."""

    __slots__ = ()
    kind = "dose"


class FillOver(_Over):
    """The last fill of a tank ended, as one of these."""

    __slots__ = ()
    kind = "fill"


@dataclass(frozen=True, slots=True)
class _Count(Condition):
    """Doses or fills that began since the beginning."""

    low: int
    high: int

    kind = ""

    def holds(self, stage: Stage) -> bool:
        begun = sum(at >= stage.zero and e.kind == f"{self.kind}_started" for at, e in stage.events)
        return self.low <= begun <= self.high

    def __str__(self) -> str:
        few = f"{self.low}" if self.low == self.high else f"{self.low}–{self.high}"
        return f"{few} {self.kind}s began"


class Doses(_Count):
    """Doses that began since the beginning."""

    __slots__ = ()
    kind = "dose"


class Fills(_Count):
    """Fills that began since the beginning."""

    __slots__ = ()
    kind = "fill"


@dataclass(frozen=True, slots=True)
class Given(Condition):
    """What a dosing pump physically gave since the beginning, mL."""

    point: str
    low: float
    high: float

    def holds(self, stage: Stage) -> bool:
        return self.low <= stage.given_ml(self.point) <= self.high

    def __str__(self) -> str:
        return f"{self.point} gave {self.low:g}–{self.high:g} mL"


@dataclass(frozen=True, slots=True)
class Filled(Condition):
    """What physically came through the fill lines since the beginning, L."""

    low: float
    high: float

    def holds(self, stage: Stage) -> bool:
        return self.low <= stage.filled_l() <= self.high

    def __str__(self) -> str:
        return f"{self.low:g}–{self.high:g} L were filled"


@dataclass(frozen=True, slots=True)
class WaitsFor(Condition):
    """Why a tank is not dosed now; `filling`: why it is not filled."""

    reservoir: str
    codes: tuple[str, ...]
    filling: bool = False

    def holds(self, stage: Stage) -> bool:
        state = _kept(stage, self.reservoir)
        why = state.fill_waits if self.filling else state.waits
        return stage.runtime is not None and why is not None and why.code in self.codes

    def __str__(self) -> str:
        what = "filled" if self.filling else "dosed"
        return f"{self.reservoir} is not {what} because of “{' or '.join(self.codes)}”"


@dataclass(frozen=True, slots=True)
class SolutionIs(Condition):
    """True EC (mS/cm) and pH of a tank."""

    reservoir: str
    ec: tuple[float, float] = (0.0, 99.0)
    ph: tuple[float, float] = (0.0, 14.0)

    def holds(self, stage: Stage) -> bool:
        tank = stage.twin.tanks[self.reservoir]
        return self.ec[0] <= tank.ec <= self.ec[1] and self.ph[0] <= tank.ph <= self.ph[1]

    def __str__(self) -> str:
        parts = []
        if self.ec[1] < 99:
            parts.append(f"EC {self.ec[0]:g}–{self.ec[1]:g}")
        if self.ph[1] < 14:
            parts.append(f"pH {self.ph[0]:g}–{self.ph[1]:g}")
        return f"the solution of {self.reservoir} has {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class TankHolds(Condition):
    """True litres in a tank."""

    reservoir: str
    low: float
    high: float

    def holds(self, stage: Stage) -> bool:
        return self.low <= stage.twin.tanks[self.reservoir].volume <= self.high

    def __str__(self) -> str:
        return f"{self.reservoir} holds {self.low:g}–{self.high:g} L"
