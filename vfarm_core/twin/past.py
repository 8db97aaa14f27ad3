"""The days before a simulated farm begins: what its sensors and its nodes would have shown.

A farm that begins today has no curves yet. The same twin under the same runtime runs the days
before it, and what is looked at is gathered by the hour, as graphs of weeks are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..batches.model import Batch
from ..control.snapshot import Snapshot
from ..farm.nodes import Farm
from ..recipes.model import Recipe
from ..runtime.totals import Totals
from .checks import first_checks
from .config import TwinConfig
from .farm import PointView
from .simulate import Simulation

HOUR_S = 3600.0


class Past:
    """A simulated farm that runs until the present. Slow (tens of seconds of a processor for two
    weeks): walk through it in a thread."""

    def __init__(
        self,
        farm: Farm,
        batches: Sequence[Batch],
        recipes: Mapping[str, Recipe],
        *,
        since: float,
        config: TwinConfig | None = None,
    ) -> None:
        """Begin at `since` (farm time) with checked probes and pumps. `batches` start when they are
        due, those of before `since` at once; `recipes` by version. Raises SimulationError."""
        begun = [b for b in batches if b.sown_at <= since]
        self._recipes = recipes
        self._to_sow = sorted((b for b in batches if b.sown_at > since), key=lambda b: b.sown_at)
        self._run = Simulation(farm, begun, recipes, start=since, config=config, show=True)
        for check in first_checks(farm, config or TwinConfig()):
            self._run.runtime.request(check)

    @property
    def snapshots(self) -> Mapping[str, Snapshot]:
        """How the nodes look now, by id."""
        return self._run.runtime.snapshots

    @property
    def totals(self) -> Totals:
        """The energy and water that were used until now."""
        return self._run.runtime.totals

    def point(self, point: str) -> PointView:
        """What a sensor or device says now. Raises UnknownPointError."""
        return self._run.twin.point(point)

    def walk(self, until: float, every_s: float) -> Iterator[float]:
        """Run until `until`, and stop to be looked at every `every_s`: the farm times."""
        at = self._run.now
        while at < until:
            at = min(at + every_s, until)
            while self._to_sow and self._to_sow[0].sown_at <= at:
                batch = self._to_sow.pop(0)
                self._run.run_until(batch.sown_at)
                self._run.start_batch(batch, self._recipes[batch.recipe_version])
                self._run.follow_batches()
            self._run.run_until(at)
            yield at


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What a value was in an hour. `start` is its beginning; `total` is what a counter has counted
    since the first look, its returns to zero left out."""

    start: float
    mean: float
    lowest: float
    highest: float
    last: float
    total: float


class Curve:
    """A value that is looked at again and again, gathered by whole hours."""

    def __init__(self) -> None:
        self._hours: list[Hour] = []
        self._start: float | None = None
        self._values: list[float] = []
        self._last: float | None = None
        self._total = 0.0

    def add(self, at: float, value: float | None) -> None:
        """A look at an instant, which belongs to the hour that ends with it or after it; None when
        there was nothing to see. Instants only grow."""
        if value is None or not math.isfinite(value):
            return
        start = (math.ceil(at / HOUR_S) - 1) * HOUR_S
        if start != self._start:
            self._close()
            self._start = start
        if self._last is not None:
            # A counter that is lower than it was has begun again at zero.
            self._total += value - self._last if value >= self._last else value
        self._last = value
        self._values.append(value)

    def hours(self) -> tuple[Hour, ...]:
        """Every hour that was seen, in order; hours without a look are missing."""
        self._close()
        return tuple(self._hours)

    def _close(self) -> None:
        if self._start is None or self._last is None or not self._values:
            return
        self._hours.append(
            Hour(
                start=self._start,
                mean=math.fsum(self._values) / len(self._values),
                lowest=min(self._values),
                highest=max(self._values),
                last=self._last,
                total=self._total,
            )
        )
        self._values = []
