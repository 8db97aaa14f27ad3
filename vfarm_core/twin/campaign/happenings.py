"""What can happen to a farm, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ...control.inputs import (
    Cause,
    PricesKnown,
    Request,
    SetOverride,
    StartBatch,
    StartWorkflow,
)
from ...control.prices import Prices, PriceSlot
from ...farm.build import check
from ...farm.overrides import Override, Quantity, WorkflowKind
from ...farm.roles import DOSING, spec
from ..faults import Fault, FaultKind
from .model import Happening

if TYPE_CHECKING:
    from .stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaks(Happening):
    """A device fails, for `lasts_s` or for good."""

    point: str
    kind: FaultKind
    value: float | None = None
    lasts_s: float | None = None

    def act(self, stage: Stage) -> None:
        until = None if self.lasts_s is None else stage.now + self.lasts_s
        stage.twin.schedule(
            Fault(point=self.point, kind=self.kind, at=stage.now, until=until, value=self.value)
        )
        # Now, not with the next event: what happens after this already meets a broken device.
        stage.twin.advance(stage.now)
        stage.trouble(self.point, until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbles(Happening):
    """A sensor's reports come through as `raw`, every `nth` of them, for `lasts_s` or for good."""

    point: str
    raw: float | str | None
    nth: int = 1
    lasts_s: float | None = None

    def act(self, stage: Stage) -> None:
        until = None if self.lasts_s is None else stage.now + self.lasts_s
        stage.wire.garble(self.point, self.raw, self.nth, until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifts(Happening):
    """A sensor's value drifts away, by so much an hour."""

    point: str
    per_h: float

    def act(self, stage: Stage) -> None:
        stage.wire.drift(self.point, self.per_h, stage.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swaps(Happening):
    """Two sensors report under each other's names."""

    one: str
    other: str

    def act(self, stage: Stage) -> None:
        stage.wire.swap(self.one, self.other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Converts(Happening):
    """A sensor's entity is set to another unit: its numbers and its unit change together. A unit
    that is none of the quantity only changes the name."""

    point: str
    unit: str

    def act(self, stage: Stage) -> None:
        stage.wire.convert(self.point, self.unit, spec(stage.farm.binding[self.point].role).unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class TellsChanges(Happening):
    """A sensor reports only when its value has changed by so much, in its own unit."""

    point: str
    by: float

    def act(self, stage: Stage) -> None:
        stage.wire.only_changes(self.point, self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renames(Happening):
    """A bound entity gets another name: the old one is gone before the new one reports."""

    point: str

    def act(self, stage: Stage) -> None:
        stage.rename(self.point)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loses(Happening):
    """A tank loses so many litres that nobody has drawn."""

    reservoir: str
    litres: float

    def act(self, stage: Stage) -> None:
        stage.twin.tanks[self.reservoir].draw(self.litres)


class ServiceFault(StrEnum):
    """How a service call fails: it raises, it hangs and then takes effect, or it is lost."""

    RAISES = "raises"
    HANGS = "hangs"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFails(Happening):
    """The calls that drive a point fail: the next `times` of them, or all for `lasts_s`."""

    point: str
    kind: ServiceFault
    times: int | None = None
    lasts_s: float | None = None
    hangs_s: float = 30.0

    def act(self, stage: Stage) -> None:
        until = None if self.lasts_s is None else stage.now + self.lasts_s
        stage.hardware.fail(self.point, self.kind, self.times, until, self.hangs_s)
        stage.trouble(self.point, until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks(Happening):
    """A person asks for something."""

    request: Request

    def act(self, stage: Stage) -> None:
        stage.ask(self.request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides(Happening):
    """A person sets a setpoint for `lasts_s`."""

    node: str
    quantity: Quantity
    value: float
    lasts_s: float

    def act(self, stage: Stage) -> None:
        until = stage.clock.now().farm + self.lasts_s
        stage.ask(
            SetOverride(
                override=Override(
                    node=self.node, quantity=self.quantity, value=self.value, expires_at=until
                )
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Works(Happening):
    """People begin a workflow at a node, for `lasts_s`."""

    node: str
    kind: WorkflowKind
    lasts_s: float

    def act(self, stage: Stage) -> None:
        until = stage.clock.now().farm + self.lasts_s
        stage.ask(StartWorkflow(node=self.node, kind=self.kind, until=until, by="grower"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches(Happening):
    """A person switches a device by hand."""

    point: str
    value: float

    def act(self, stage: Stage) -> None:
        stage.twin.command(self.point, self.value, Cause.PERSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class People(Happening):
    """People enter a room, or leave it."""

    zone: str
    present: bool

    def act(self, stage: Stage) -> None:
        stage.twin.people(self.zone, self.present)


@dataclass(frozen=True, slots=True, kw_only=True)
class Air(Happening):
    """The air of a room is suddenly so: a door, a fire, a leaking bottle."""

    zone: str
    temperature_c: float | None = None
    co2_ppm: float | None = None

    def act(self, stage: Stage) -> None:
        stage.set_air(self.zone, self.temperature_c, self.co2_ppm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tank(Happening):
    """A tank holds so much all at once: it was drained, it burst, it was refilled."""

    reservoir: str
    volume_l: float

    def act(self, stage: Stage) -> None:
        tank = stage.twin.tanks[self.reservoir]
        ec = tank.ec
        tank.volume = self.volume_l
        tank.salts = ec * self.volume_l


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution(Happening):
    """The solution of a tank is suddenly so: somebody poured something in."""

    reservoir: str
    ec: float | None = None
    ph: float | None = None

    def act(self, stage: Stage) -> None:
        tank = stage.twin.tanks[self.reservoir]
        if self.ec is not None:
            tank.salts = self.ec * tank.volume
        if self.ph is not None:
            tank.ph = self.ph


@dataclass(frozen=True, slots=True, kw_only=True)
class Clogs(Happening):
    """The drain of a circuit clogs: what stands on its tables stays there."""

    circuit: str

    def act(self, stage: Stage) -> None:
        stage.twin.clogged.add(self.circuit)


class Damage(StrEnum):
    """What became of the journal file while the process was down."""

    NONE = "none"
    DELETED = "deleted"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    SLICE = "slice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed(Happening):
    """The process is killed and starts again after `down_s`. With `power` the whole place loses
    power meanwhile: devices do what they are declared to do. `damage` befalls the journal file.
    `clock_s`: the clock is wrong by so much after the restart. `meanwhile` are actuators that
    somebody switches on while the process is down. Sensors in `restored` come back with the value
    they had, and with the time at which they had reported it."""

    down_s: float = 60.0
    power: bool = False
    damage: Damage = Damage.NONE
    clock_s: float = 0.0
    meanwhile: tuple[str, ...] = ()
    late_entities: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()

    def act(self, stage: Stage) -> None:
        stage.kill(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class KilledAtCommand(Happening):
    """The process is killed at the `nth` command to one of `points` from now on: just before the
    device gets it, or (`acted`) just after. It starts again after `down_s`."""

    points: tuple[str, ...]
    nth: int
    acted: bool
    down_s: float = 60.0

    def act(self, stage: Stage) -> None:
        stage.hardware.doom(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class KilledInWrite(Happening):
    """The process is killed at the `nth` write of the journal from now on: before it is on disk,
    or (`durable`) just after."""

    nth: int
    durable: bool
    down_s: float = 60.0

    def act(self, stage: Stage) -> None:
        stage.disk.doom(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFails(Happening):
    """The journal cannot be written, or (`hangs`) a write does not end, for `lasts_s`."""

    lasts_s: float
    hangs: bool = False

    def act(self, stage: Stage) -> None:
        stage.disk.fail(stage.now + self.lasts_s, hangs=self.hangs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumps(Happening):
    """The wall clock is set, by so many seconds."""

    seconds: float

    def act(self, stage: Stage) -> None:
        stage.clock.jump(self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesCome(Happening):
    """Prices of electricity are known for `known_h`, or (0) none are any more. They are a quarter
    from `cheap_from_h` on for sixteen hours of every day (UTC)."""

    cheap_from_h: float
    known_h: float

    def act(self, stage: Stage) -> None:
        first = stage.clock.now().farm // 3600 * 3600
        starts = (first + hour * 3600.0 for hour in range(int(self.known_h)))
        slots = tuple(
            PriceSlot(at, at + 3600.0, 0.1 if (at / 3600 - self.cheap_from_h) % 24 < 16 else 0.4)
            for at in starts
        )
        stage.feed(PricesKnown(Prices(slots, "EUR")))


class Edit(StrEnum):
    """How the farm's description is edited."""

    SAME = "same"
    RENAMED = "renamed"
    WITHOUT_CIRCUIT = "without_circuit"
    WITHOUT_LAST_LEVEL = "without_last_level"
    WITHOUT_CO2 = "without_co2"
    WITHOUT_DOSING = "without_dosing"
    SHORTER_MAXIMUM = "shorter_maximum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits(Happening):
    """The farm's description is edited while it runs; `time_zone` moves it."""

    edit: Edit = Edit.SAME
    time_zone: str = ""

    def act(self, stage: Stage) -> None:
        farm = stage.farm
        changes: dict[str, Any] = {}
        if self.time_zone:
            changes["time_zone"] = self.time_zone
        if self.edit is Edit.RENAMED:
            changes["zones"] = tuple(replace(z, name=f"{z.name} (new)") for z in farm.zones)
        elif self.edit is Edit.WITHOUT_CIRCUIT:
            gone = farm.circuits[0].id
            changes["circuits"] = farm.circuits[1:]
            changes["bindings"] = tuple(
                _without_isolation(b, gone) for b in farm.bindings if b.node != gone
            )
        elif self.edit is Edit.WITHOUT_LAST_LEVEL:
            gone = farm.levels[-1].id
            changes["levels"] = farm.levels[:-1]
            changes["bindings"] = tuple(b for b in farm.bindings if b.node != gone)
            changes["circuits"] = tuple(
                replace(c, levels=tuple(lv for lv in c.levels if lv != gone)) for c in farm.circuits
            )
        elif self.edit is Edit.WITHOUT_CO2:
            changes["bindings"] = tuple(b for b in farm.bindings if b.role != "co2_valve")
        elif self.edit is Edit.WITHOUT_DOSING:
            changes["bindings"] = tuple(b for b in farm.bindings if b.role not in DOSING)
        elif self.edit is Edit.SHORTER_MAXIMUM:
            changes["bindings"] = tuple(_shorter(b) for b in farm.bindings)
        stage.edit(check(replace(farm, **changes)))


def _without_isolation(b: Any, node: str) -> Any:
    declared = b.declaration
    if declared is None or declared.isolation is None or not declared.isolation.startswith(node):
        return b
    return replace(b, declaration=replace(declared, isolation=None))


def _shorter(b: Any) -> Any:
    if b.role not in ("irrigation_pump", "irrigation_valve"):
        return b
    return replace(b, declaration=replace(b.declaration, max_on_s=120.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class SowsAgain(Happening):
    """Somebody sows the same batch a second time, on levels that are taken."""

    def act(self, stage: Stage) -> None:
        batch = next(iter(stage.memory.batches.values()))
        recipe = stage.memory.recipes[batch.recipe_version]
        stage.ask(StartBatch(batch=replace(batch, id="again"), recipe=recipe))
