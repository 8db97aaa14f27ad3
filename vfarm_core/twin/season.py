"""A season of the demo farm: twelve batches over three months, level after level sown again, and a
recipe's new version beside the old one, with everything that people do on such a farm.

Runs the runtime, the journal on disk and the writer of the ledger that a real farm has. What it is
for: at its end, what the ledger says can be held against what the twin has counted itself.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from ..batches.lifecycle import sow
from ..batches.lots import Lot, LotKind
from ..batches.rollout import Gates, Strategy
from ..control.inputs import (
    CutBatch,
    Harvest,
    LogLabour,
    LosePlants,
    MoveBatch,
    PromoteRollout,
    ReceiveLot,
    Request,
    StartBatch,
    StartRollout,
    Transplant,
    UseLot,
)
from ..farm.build import check
from ..farm.nodes import Farm, Level
from ..farm.roles import DOSING
from ..ledger.errors import LedgerError
from ..ledger.store import Ledger
from ..ledger.writer import LedgerWriter
from ..recipes.library import load_shipped
from ..recipes.model import LightPlan, Provenance, Recipe
from ..recipes.version import content_hash
from ..runtime.journal import Journal
from .checks import first_checks
from .demo import demo_config, demo_farm
from .ports import DiskJournal
from .simulate import DAY_S, Simulation, SimulationError

#: A season, days.
DAYS = 92.0
#: The demo begins in winter, which is when heating shows.
START = 1767225600.0  # 2026-01-01T00:00Z
#: The shortest season in which everything still has its turn, days.
LEAST_DAYS = 3.0
#: Whoever works in the season, in records.
BY = "season"
#: The levels that get the new version of the lettuce recipe first.
GREEN = ("level_a3", "level_a4")
ROLLOUT = "lettuce-light"
#: Of what is cut: first grade, second grade; the rest is waste. It is all on the same scale, so the
#: shares say nothing of a crop.
_GRADES: Mapping[str, float] = {"A": 0.87, "B": 0.09}
#: What people write down for a piece of work (min): something to be shared, no figure of a trade.
_WORK_MIN = 30.0
#: A scale of a packing room shows grams (kg).
_SCALE = 3
#: People set out plants, harvest and clean in the morning, so long after midnight (s).
_MORNING_S = 9 * 3600.0
#: The ledger is fed once in so long (s of farm time); on a real farm its thread does it sooner.
_FEED_S = 6 * 3600.0
#: A process that was killed is back after so long (s).
_DOWN_S = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sowing:
    """A batch of the season: where it stands, and from which day to which. `age` days it has when
    it comes; without `until` it is still growing at the end."""

    id: str
    recipe: str
    plants: int
    levels: tuple[str, ...]
    on: float
    until: float | None = None
    age: float = 0.0


#: Crops of one room share their air and their solution, so these suit each other; between a harvest
#: and the next sowing a level is cleaned. Plants a level as dense as the recipes' last phases.
SOWINGS = (
    Sowing(
        id="strawberry-1",
        recipe="strawberry_everbearing",
        plants=52,
        levels=("level_c1", "level_c2", "level_c3", "level_c4"),
        on=0,
        age=60,
    ),
    Sowing(
        id="lettuce-1",
        recipe="lettuce_butterhead",
        plants=114,
        levels=("level_a1", "level_a2"),
        on=0,
        until=35,
    ),
    Sowing(
        id="lettuce-2",
        recipe="lettuce_butterhead",
        plants=114,
        levels=GREEN,
        on=0,
        until=23,
        age=12,
    ),
    Sowing(
        id="pak-choi-1",
        recipe="pak_choi",
        plants=104,
        levels=("level_b1", "level_b2"),
        on=0,
        until=25,
        age=10,
    ),
    Sowing(id="spinach-1", recipe="spinach_baby", plants=900, levels=("level_b3",), on=0, until=22),
    Sowing(
        id="lettuce-3",
        recipe="lettuce_butterhead",
        plants=114,
        levels=("level_a1", "level_a2"),
        on=37,
        until=72,
    ),
    Sowing(
        id="lettuce-4",
        recipe="lettuce_butterhead",
        plants=114,
        levels=GREEN,
        on=25,
        until=60,
    ),
    Sowing(
        id="pak-choi-2",
        recipe="pak_choi",
        plants=104,
        levels=("level_b1", "level_b2"),
        on=27,
        until=62,
    ),
    Sowing(id="cilantro-1", recipe="cilantro", plants=300, levels=("level_b3",), on=24, until=70),
    Sowing(
        id="lettuce-5",
        recipe="lettuce_butterhead",
        plants=114,
        levels=GREEN,
        on=62,
    ),
    Sowing(
        id="pak-choi-3",
        recipe="pak_choi",
        plants=52,
        levels=("level_b1",),
        on=64,
    ),
    Sowing(
        id="lettuce-6",
        recipe="lettuce_butterhead",
        plants=114,
        levels=("level_a1", "level_a2"),
        on=74,
    ),
)
#: What else happens, on which day.
_ROLLED_OUT, _PROMOTED, _LOST, _CUT, _MOVED = 24.0, 73.0, 15.0, 69.0, 80.0


def season_farm() -> Farm:
    """The demo farm without a lead batch: batches come and go, and share what all of them bear."""
    farm = demo_farm()
    free = tuple(replace(reservoir, lead_batch=None) for reservoir in farm.reservoirs)
    return check(replace(farm, reservoirs=free))


def longer_days(old: Recipe, hours: float = 18.0) -> Recipe:
    """The version that the season tries: the light of its last two phases over more hours. The
    light of a day stays what the recipe's source says; the hours are the trial."""
    tried = Provenance(
        source="trial", confidence="design", note="the same DLI over longer days, to compare"
    )
    phases = tuple(
        replace(phase, light=_longer(phase.light, hours, tried))
        if index >= len(old.phases) - 2
        else phase
        for index, phase in enumerate(old.phases)
    )
    new = replace(
        old,
        phases=phases,
        sources={**old.sources, "trial": "A trial of the demo season; no claim."},
        parent=old.version,
        changelog=(f"Lit for {hours:g} h with the same light a day.",),
    )
    return replace(new, version=content_hash(new))


def _longer(light: LightPlan, hours: float, tried: Provenance) -> LightPlan:
    ppfd = light.dli / (hours * 3600e-6)
    return replace(light, photoperiod_h=hours, ppfd=ppfd, provenance=tried)


type _Deed = Callable[[], Iterator[Request]]


@dataclass(slots=True)
class _Plan:
    """What people do, in the order of time."""

    deeds: list[tuple[float, int, _Deed]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)

    def at(self, when: float, deed: _Deed) -> None:
        heapq.heappush(self.deeds, (when, next(self._order), deed))


class Season:
    """A season that runs. `ledger` is the file of its history, beside which its journal lies.

    A season shorter than `DAYS` is the same story, told faster: plants come older, so that they are
    ready when their day comes. `kills` times its process is killed at a moment that `seed` decides.
    Raises SimulationError.
    """

    def __init__(self, ledger: Path, *, days: float = DAYS, seed: int = 1, kills: int = 0) -> None:
        if not LEAST_DAYS <= days <= DAYS:
            raise SimulationError(
                "days", f"days is {days:g}; a season has {LEAST_DAYS:g} to {DAYS:g}"
            )
        self.days = days
        self.ledger_path = ledger
        self._journal_path = ledger.with_name(f"{ledger.name}.journal")
        for path in (self.ledger_path, self._journal_path):
            if path.exists():
                raise SimulationError("exists", f"{path} exists; a season begins with nothing")
        self._pace = days / DAYS
        self._plan = _Plan()
        self._recipes: dict[str, Recipe] = {}
        farm, config = season_farm(), demo_config(seed)
        self._journal = Journal(self._journal_path)
        self._disk = _Disk(self._journal)
        self.simulation = Simulation(farm, (), {}, start=START, config=config, disk=self._disk)
        self._writer = self._new_writer()
        self.kills = 0
        for request in first_checks(farm, config):
            self.ask(request)
        self._lots()
        for sowing in SOWINGS:
            self._plan.at(self._day(sowing.on), partial(self._sow, sowing))
        self._plan.at(self._day(_ROLLED_OUT), self._roll_out)
        self._plan.at(self._day(_PROMOTED), self._promote)
        self._plan.at(self._day(_LOST), self._lose)
        self._plan.at(self._day(_CUT), self._cut)
        self._plan.at(self._day(_MOVED), self._move)
        random = Random(f"kills {seed}")
        self._kills = sorted(START + random.random() * days * DAY_S for _ in range(kills))

    # -- running ----------------------------------------------------------------------------------

    def run(self, tell: Callable[[float], None] | None = None) -> None:
        """To the end, and everything into the ledger. `tell` is called with the days done. Raises
        SimulationError and LedgerError."""
        end = START + self.days * DAY_S
        feed_at = START
        deeds = self._plan.deeds
        while self.simulation.now < end:
            to = min(end, feed_at)
            if deeds:
                to = min(to, deeds[0][0])
            if self._kills:
                to = min(to, self._kills[0])
            self.simulation.run_until(to)
            now = self.simulation.now
            while self._kills and now >= self._kills[0]:
                self._kills.pop(0)
                self._kill()
            while deeds and now >= deeds[0][0] and now < end:
                for request in heapq.heappop(deeds)[2]():
                    self.ask(request)
            if now >= feed_at:
                self._writer.once()
                feed_at = now + _FEED_S
                if tell is not None:
                    tell((now - START) / DAY_S)
        self.simulation.runtime.flush()
        self._writer.once()
        if self._writer.state.error:
            raise LedgerError(self._writer.state.error)

    def close(self) -> None:
        """Close journal and ledger."""
        self._writer.close()
        self._journal.close()

    def ask(self, request: Request) -> Mapping[str, Any]:
        """Somebody asks for something; raises SimulationError where it is refused."""
        answer = self.simulation.runtime.request(request)
        if answer.refused is not None:
            said = ", ".join(f"{k} {v}" for k, v in answer.params.items())
            raise SimulationError(
                answer.refused,
                f"day {self._today:.1f}: {type(request).__name__}: {answer.refused}: {said}",
            )
        self.simulation.follow_batches()
        return answer.params

    def _kill(self) -> None:
        """The process is gone, with all that was not on disk."""
        self._writer.close()
        self._journal.close()
        self._journal = Journal(self._journal_path)
        self._disk.journal = self._journal
        self.simulation.restart(self._journal.load(), down_s=_DOWN_S)
        self._writer = self._new_writer()
        self.kills += 1

    def _new_writer(self) -> LedgerWriter:
        return LedgerWriter(lambda: Ledger(self.ledger_path), self._journal)

    @property
    def _today(self) -> float:
        return (self.simulation.now - START) / DAY_S

    def _day(self, day: float) -> float:
        """When the story's day comes."""
        at = START + day * self._pace * DAY_S
        return at if self._pace < 1 or not day else at + _MORNING_S

    # -- what people do ---------------------------------------------------------------------------

    def _recipe(self, name: str) -> Recipe:
        if name not in self._recipes:
            self._recipes[name] = load_shipped(name)
        return self._recipes[name]

    def _lots(self) -> None:
        for crop in dict.fromkeys(sowing.recipe for sowing in SOWINGS):
            self.ask(ReceiveLot(lot=_lot(f"seed-{crop}", LotKind.SEED), by=BY))
        for binding in self.simulation.farm.bindings:
            if binding.role in DOSING:
                lot = f"stock-{binding.id}"
                self.ask(ReceiveLot(lot=_lot(lot, LotKind.NUTRIENT), by=BY))
                self.ask(UseLot(lot=lot, point=binding.id, by=BY))

    def _sow(self, sowing: Sowing) -> Iterator[Request]:
        recipe, now = self._recipe(sowing.recipe), self.simulation.now
        age = self._age(sowing, recipe)
        batch = sow(
            id=sowing.id,
            recipe=recipe,
            plants=sowing.plants,
            placements=self._spaced(sowing, recipe, recipe.index_at(age)),
            at=now,
            days_ago=age,
            title=sowing.id,
            seed_lot=f"seed-{sowing.recipe}",
            by=BY,
        )
        yield StartBatch(batch=batch, recipe=recipe, by=BY)
        yield LogLabour(minutes=_WORK_MIN, task="sowing", batch=sowing.id, by=BY)
        for index in range(batch.phase_index + 1, len(recipe.phases)):
            at = batch.sown_at + recipe.starts_on_day(index) * DAY_S
            before, after = recipe.phases[index - 1], recipe.phases[index]
            if after.density_plants_m2 != before.density_plants_m2:
                self._plan.at(at + 60.0, partial(self._set_out, sowing))
        if sowing.until is not None:
            self._plan.at(self._day(sowing.until), partial(self._harvest, sowing))

    def _age(self, sowing: Sowing, recipe: Recipe) -> float:
        """Days since sowing that the plants have when they come. In a season that is told faster
        they come older, in their last phase, so that they are ready on their day."""
        if self._pace == 1 or sowing.until is None:
            return sowing.age
        stays = (self._day(sowing.until) - self.simulation.now) / DAY_S
        last = recipe.total_days - recipe.phases[-1].days
        return max(sowing.age, last, recipe.total_days - stays)

    def _spaced(self, sowing: Sowing, recipe: Recipe, phase: int) -> dict[str, int]:
        """Sites of each level at the spacing of a phase, level after level."""
        levels = [self.simulation.farm.level[key] for key in sowing.levels]
        density = recipe.phases[phase].density_plants_m2
        if density is None:
            return {level.id: level.sites for level in levels}
        area = sowing.plants / density
        found: dict[str, int] = {}
        for level in levels:
            sites = min(level.sites, ceil(round(area * _sites_m2(level), 6)))
            if sites > 0:
                found[level.id] = sites
                area -= sites / _sites_m2(level)
        return found

    def _set_out(self, sowing: Sowing) -> Iterator[Request]:
        batch = self.simulation.runtime.memory.batches[sowing.id]
        if batch.is_growing:
            yield Transplant(batch=sowing.id, levels=sowing.levels, advance=False, by=BY)
            yield LogLabour(minutes=_WORK_MIN, task="transplanting", batch=sowing.id, by=BY)

    def _harvest(self, sowing: Sowing) -> Iterator[Request]:
        kg = self.simulation.twin.harvest_kg(sowing.id)
        grades = {grade: round(kg * share, _SCALE) for grade, share in _GRADES.items()}
        waste = round(kg * (1 - sum(_GRADES.values())), _SCALE)
        yield Harvest(batch=sowing.id, grades=grades, waste_kg=waste, by=BY)
        yield LogLabour(minutes=_WORK_MIN, task="cleaning", node=sowing.levels[0], by=BY)

    def _roll_out(self) -> Iterator[Request]:
        old = self._recipe("lettuce_butterhead")
        yield StartRollout(
            id=ROLLOUT,
            old=old,
            new=longer_days(old),
            strategy=Strategy.BLUE_GREEN,
            ramp_s=DAY_S,
            levels=GREEN,
            gates=Gates(min_harvested=1),
            why="does longer light help",
            by=BY,
        )

    def _promote(self) -> Iterator[Request]:
        yield PromoteRollout(rollout=ROLLOUT, why="it does no harm", by=BY)

    def _lose(self) -> Iterator[Request]:
        yield LosePlants(batch="lettuce-1", plants=4, why="tip burn", by=BY)

    def _cut(self) -> Iterator[Request]:
        """Some heads are sold before the others."""
        batch, plants = self.simulation.runtime.memory.batches["lettuce-3"], 20
        kg = self.simulation.twin.harvest_kg(batch.id) * plants / batch.plants
        yield CutBatch(batch=batch.id, plants=plants, kg=round(kg, _SCALE), by=BY)

    def _move(self) -> Iterator[Request]:
        yield MoveBatch(batch="pak-choi-3", from_level="level_b1", to_level="level_b2", by=BY)


@dataclass(slots=True)
class _Disk:
    """The journal that is open now."""

    journal: Journal

    def append(self, records: Any, done: Callable[[str | None], None]) -> None:
        """Write them to the journal that is open."""
        DiskJournal(self.journal).append(records, done)


def _lot(lot: str, kind: LotKind) -> Lot:
    return Lot(id=lot, kind=kind, title=lot, received_at=START)


def _sites_m2(level: Level) -> float:
    return level.sites / level.area_m2


def run_season(
    ledger: Path,
    *,
    days: float = DAYS,
    seed: int = 1,
    kills: int = 0,
    tell: Callable[[float], None] | None = None,
) -> Season:
    """A season from beginning to end, closed. Raises SimulationError and LedgerError."""
    season = Season(ledger, days=days, seed=seed, kills=kills)
    with closing(season):
        season.run(tell)
    return season
