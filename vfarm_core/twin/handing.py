"""Plants that go from place to place: moved, split off, merged. No plant is lighter for it.

Who stays where it was stays as it is. Who leaves a level, or a batch that went on as part of
another, is in a pool as its mean plant, and whoever comes to a level is taken out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

type Masses = tuple[float, ...]

#: Fewer plants than this are rounding.
_NONE = 1e-9


@dataclass(slots=True)
class _Pool:
    plants: float = 0.0
    total: Masses = ()

    def give(self, plants: float, masses: Masses) -> None:
        added = tuple(mass * plants for mass in masses)
        self.total = _sum(self.total, added)
        self.plants += plants

    def take(self, plants: float) -> tuple[float, Masses]:
        """Up to so many plants: how many came, and their masses together."""
        came = min(plants, self.plants)
        if came <= _NONE:
            return 0.0, ()
        share = came / self.plants
        taken = tuple(mass * share for mass in self.total)
        self.total = tuple(mass * (1.0 - share) for mass in self.total)
        self.plants -= came
        return came, taken


def handed(
    before: Mapping[str, Mapping[str, tuple[float, Masses]]],
    after: Mapping[str, Mapping[str, float]],
    origins: Mapping[str, Iterable[str]],
) -> dict[tuple[str, str], Masses]:
    """Masses of the mean plant by batch and level; none where nothing is known of a batch yet.

    `before` are plants and masses of the mean plant by batch and level, `after` the plants that
    stand there from now on, `origins` the batches that others came of, each before its children.
    """
    pools = {batch: _Pool() for batch in before}
    for batch, levels in before.items():
        for level, (plants, masses) in levels.items():
            left = plants - after.get(batch, {}).get(level, 0.0)
            if left > 0:
                pools[batch].give(left, masses)
    found: dict[tuple[str, str], Masses] = {}
    for batch, wanted in after.items():
        mine = before.get(batch, {})
        sources = [pools[key] for key in (batch, *origins.get(batch, ())) if key in pools]
        mean = _mean(mine)
        for level, plants in wanted.items():
            had, masses = mine.get(level, (0.0, ()))
            stay = min(had, plants)
            count, total = stay, tuple(mass * stay for mass in masses)
            for pool in sources:
                came, taken = pool.take(plants - count)
                count += came
                total = _sum(total, taken)
            if count > 0 and count == had:
                found[batch, level] = masses
            elif count > _NONE:
                # Plants that came from nowhere are like those that are there.
                found[batch, level] = tuple(mass / count for mass in total)
            elif mean is not None:
                found[batch, level] = mean
    return found


def _sum(a: Masses, b: Masses) -> Masses:
    if not a or not b:
        return a or b
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _mean(levels: Mapping[str, tuple[float, Masses]]) -> Masses | None:
    pool = _Pool()
    for plants, masses in levels.values():
        pool.give(plants, masses)
    return None if pool.plants <= _NONE else tuple(mass / pool.plants for mass in pool.total)
