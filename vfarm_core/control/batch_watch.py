"""When a batch has to be looked at again: its phase ends, or its change of recipe comes further."""

from __future__ import annotations

from ..batches.lifecycle import DAY_S
from ..batches.model import CHANGE_STEP_S
from ..batches.progress import progress
from . import ripening
from .clock import Due
from .draft import Draft


def watch(d: Draft, batch_id: str) -> None:
    """Look at a batch again when its phase ends (the last one, to tell it), or when its changeover
    comes a step further."""
    batch = d.batches.get(batch_id)
    if batch is None or not batch.is_growing:
        d.due.remove(f"batch:{batch_id}")
        return
    recipe = d.recipe(batch)
    due = []
    ends = recipe.phases[batch.phase_index].exit
    if ends is not None:
        if batch.ripening is None:
            batch = ripening.look(d, batch)
        # When it will be ripe is a guess that moves on with the clock; when it may be is not.
        sure = (batch.phase_started_at + days * DAY_S for days in (ends.min_days, ends.max_days))
        due += [at for at in sure if at > d.now.farm]
        due.append(d.now.farm + ripening.LOOK_S)
    elif batch.phase_index + 1 < len(recipe.phases) or batch.ready_at is None:
        due.append(progress(batch, recipe, d.now.farm).phase_ends_at)
    if (way := batch.changeover) is not None:
        gone = max(0.0, d.now.farm - way.since)
        moves_on = way.since + (gone // CHANGE_STEP_S + 1) * CHANGE_STEP_S
        due.append(min(moves_on, way.since + way.ramp_s))
    if due:
        d.wake(f"batch:{batch_id}", Due(farm=max(min(due), d.now.farm + 1.0)))
    else:
        d.due.remove(f"batch:{batch_id}")
