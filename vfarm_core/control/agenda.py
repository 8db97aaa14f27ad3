"""The agenda of a farm: what comes for its batches and probes, and what people have to do."""

from __future__ import annotations

from dataclasses import dataclass

from ..batches.agenda import Kind, Occasion, cleanings, coming, past
from ..batches.tasks import ONBOARDING, Task
from ..farm.nodes import Farm
from ..farm.roles import DOSING, PROBES
from . import calibrations
from .clock import Now
from .draft import Draft
from .memory import Memory, ProbeState, ProbeUse
from .view import forecast_of

_DAY_S = 86400.0
#: What is due within so many days is on the list of tasks; the calendar has the rest (design
#: choice).
AHEAD_DAYS = 7.0


@dataclass(frozen=True, slots=True)
class Agenda:
    """`occasions` are what comes, in the order of time; `tasks` are those that are kept, open or
    done, oldest first."""

    occasions: tuple[Occasion, ...]
    tasks: tuple[Task, ...]

    def todo(self, now: float) -> tuple[Occasion, ...]:
        """What people have to do by now or within the next days, and have not done."""
        done = {task.id for task in self.tasks if task.done_at is not None}
        until = now + AHEAD_DAYS * _DAY_S
        return tuple(o for o in self.occasions if o.due and o.at <= until and o.id not in done)


def agenda(farm: Farm, memory: Memory, now: Now, *, onboarding: bool = False) -> Agenda:
    """The agenda at `now`; with `onboarding` also what a new farm has to be set up with."""
    d = Draft(farm, memory, now)
    found: list[Occasion] = []
    for batch in d.batches.values():
        found += cleanings(batch, now.farm)
        if batch.ended_at is None:
            recipe = d.recipe(batch)
            found += coming(batch, recipe, now.farm, forecast_of(d, batch, recipe))
    found += _checks(d)
    if onboarding:
        found += _onboarding()
    return Agenda(
        occasions=tuple(sorted(found, key=_by_time)),
        tasks=tuple(sorted(d.tasks.values(), key=lambda task: task.id)),
    )


def happened(memory: Memory, since: float, until: float) -> tuple[Occasion, ...]:
    """What has happened to batches from one time to another, in the order of time."""
    found = [
        occasion
        for batch in memory.batches.values()
        for occasion in past(batch)
        if since <= occasion.at < until
    ]
    return tuple(sorted(found, key=_by_time))


def _by_time(occasion: Occasion) -> tuple[float, str]:
    return occasion.at, occasion.id


def _checks(d: Draft) -> list[Occasion]:
    """When the checks of probes and dosing pumps run out."""
    found = []
    for reservoir in d.farm.reservoirs:
        state = d.reservoir(reservoir.id)
        checked: list[tuple[Kind, str, float, float]] = []
        for b in (b for role in PROBES for b in d.of(reservoir.id, role)):
            probe = state.probes.get(b.id, ProbeState())
            if probe.use is ProbeUse.IN_USE and probe.verified_at is not None:
                checked.append((Kind.CALIBRATE, b.id, probe.verified_at, reservoir.probe_days))
        for b in (b for role in DOSING for b in d.of(reservoir.id, role)):
            pump = state.dosers.get(b.id)
            if pump is not None and pump.calibrated_at is not None:
                checked.append((Kind.CALIBRATE_PUMP, b.id, pump.calibrated_at, reservoir.pump_days))
        found += [
            Occasion(
                id=f"{kind}:{point}",
                kind=kind,
                at=at + days * _DAY_S,
                title=reservoir.name,
                what=point,
            )
            for kind, point, at, days in checked
        ]
    found += [
        Occasion(
            id=f"{Kind.CALIBRATE}:{b.id}",
            kind=Kind.CALIBRATE,
            at=at,
            title=_name(d.farm, b.node),
            what=b.id,
        )
        for b, at in calibrations.checks_due(d)
    ]
    return found


def _name(farm: Farm, node: str) -> str:
    """What people call a tank, or a level with its rack."""
    tank = farm.reservoir.get(node)
    if tank is not None:
        return tank.name
    level = farm.level[node]
    rack = next(rack for rack in farm.racks if rack.id == level.rack)
    return f"{rack.name} {level.name}"


def _onboarding() -> list[Occasion]:
    return [
        Occasion(id=f"{Kind.ONBOARDING}:{key}", kind=Kind.ONBOARDING, at=0.0, what=key)
        for key in ONBOARDING
    ]
