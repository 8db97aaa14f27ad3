"""What batches got of their light: a level's day is counted when the next one begins."""

from __future__ import annotations

from dataclasses import replace

from ..batches.model import Light
from .draft import Draft


def count(d: Draft) -> None:
    """Give the days that ended in this step to the batches that stand on their levels, each by the
    share of its sites. A dark phase has no light to count, and who came in the course of a day
    had only a part of it."""
    got: dict[str, tuple[float, float]] = {}
    for level, (began, dli) in d.light_days.items():
        for batch in d.growing(level):
            planned = d.phase(batch).light.dli
            here = sum(
                p.sites for p in batch.placements if p.level_id == level and p.since <= began
            )
            if planned <= 0 or here == 0:
                continue
            share = here / batch.sites
            known = got.get(batch.id, (0.0, 0.0))
            got[batch.id] = known[0] + dli * share, known[1] + planned * share
    d.light_days = {}
    changed = {}
    for key, (mol, planned) in got.items():
        counted = d.batches.get(key)
        if counted is None:
            continue
        before = counted.light or Light(got=0.0, planned=0.0)
        light = Light(got=before.got + mol, planned=before.planned + planned)
        changed[key] = replace(counted, light=light)
        d.batches.set(key, changed[key])
    if changed:
        d.placed = {
            level: tuple(changed.get(batch.id, batch) for batch in batches)
            for level, batches in d.placed.items()
        }
