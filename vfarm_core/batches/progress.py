"""How far a batch is, and when it is expected to be ready."""

from __future__ import annotations

from dataclasses import dataclass

from ..recipes.model import Recipe
from .lifecycle import DAY_S, BatchError, phase_ends_at
from .model import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a batch stands at one instant.

    `day_of_phase` and `day_of_batch` are elapsed days (0.0 at the start), `days_left_in_phase`
    is 0 once a phase is overdue. `phase_ends_at` and `expected_harvest_at` are epoch seconds;
    a batch whose last phase is over keeps the date at which it was to be harvested.
    `fraction` runs from 0 at sowing to 1 when the harvest is due.
    """

    phase: str
    phase_index: int
    day_of_phase: float
    days_left_in_phase: float
    phase_ends_at: float
    day_of_batch: float
    expected_harvest_at: float
    fraction: float


def progress(batch: Batch, recipe: Recipe, now: float) -> Progress:
    """The progress of a batch at `now`; after its end, as it was then.

    Raises BatchError: recipe_mismatch.
    """
    if batch.recipe_version != recipe.version:
        raise BatchError("recipe_mismatch", {"batch": batch.title, "recipe": recipe.id})
    if batch.ended_at is not None:
        now = min(now, batch.ended_at)
    phase = recipe.phases[batch.phase_index]
    ends_at = phase_ends_at(batch, recipe, now)
    later = sum(p.days for p in recipe.phases[batch.phase_index + 1 :]) * DAY_S
    # A phase that is overdue pushes what follows; nothing follows the last one.
    expected = (max(ends_at, now) if later else ends_at) + later
    since_sown = max(0.0, now - batch.sown_at)
    whole = expected - batch.sown_at
    return Progress(
        phase=phase.name,
        phase_index=batch.phase_index,
        day_of_phase=max(0.0, now - batch.phase_started_at) / DAY_S,
        days_left_in_phase=max(0.0, ends_at - now) / DAY_S,
        phase_ends_at=ends_at,
        day_of_batch=since_sown / DAY_S,
        expected_harvest_at=expected,
        fraction=min(1.0, since_sown / whole) if whole > 0 else 1.0,
    )
