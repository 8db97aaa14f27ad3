"""What an override may ask for where plants stand: never more than their recipes call critical.

A person answers for the plants and may leave warning limits; critical ones are where they are
harmed. An override that outlives the light state it begins in has to fit the next one, too.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..batches.model import Batch
from ..farm.overrides import Override, Quantity
from ..recipes.crops import LIMITS
from ..recipes.model import Band, ClimateQuantity, DayLength, EmptyBand
from .draft import Draft
from .targets import LightTarget, light_target, state_changes_at, zone_setpoints


def limits(d: Draft, override: Override) -> tuple[Band, tuple[Batch, ...]] | None:
    """The critical limits for an override at a node of the right kind, and whose they are; None
    where nothing grows there or nothing is said of the quantity."""
    if override.quantity in (Quantity.PPFD, Quantity.PHOTOPERIOD):
        wanted = light_target(d, override.node)
        if wanted is None:
            return None
        return Band(0.0, _most_light(d, wanted, override.quantity)), (wanted.batch,)
    batches = d.zone_batches(override.node)
    quantity = ClimateQuantity(override.quantity.value)
    setpoint = zone_setpoints(d, override.node).get(quantity) if batches else None
    if setpoint is None:
        return None
    day = d.zone(override.node).day
    band = setpoint.critical(day)
    changes_at = state_changes_at(d, override.node)
    if changes_at is not None and changes_at < override.expires_at:
        band = both(setpoint.critical(not day), band)
    return band, batches


def beyond(d: Draft, overrides: Iterable[Override]) -> list[tuple[Override, Band]]:
    """The overrides that ask for more than the plants that are there now bear, with the limits
    that say so."""
    found = []
    for override in overrides:
        known = limits(d, override)
        if known is not None and not known[0].contains(override.value):
            found.append((override, known[0]))
    return found


def both(first: Band, second: Band) -> Band:
    """What both accept; where they share nothing, what the second one does."""
    try:
        return first.intersect(second)
    except EmptyBand:
        return second


def _most_light(d: Draft, wanted: LightTarget, quantity: Quantity) -> float:
    if quantity is Quantity.PPFD:
        return wanted.plan.ppfd_max
    return longest_day_h(d, wanted)


def longest_day_h(d: Draft, wanted: LightTarget) -> float:
    """The longest photoperiod (h) that a batch bears: a short-day crop flowers by the recipe's."""
    longest, recipe = wanted.plan.photoperiod_h, d.recipe(wanted.batch)
    if recipe.day_length is DayLength.SHORT_DAY or wanted.phase.is_dark:
        return longest
    crop = LIMITS.get(recipe.crop)
    bound = crop.photoperiod_max_h if crop is not None else None
    holds = bound is not None and bound.holds_in(wanted.phase.kind)
    return min(max(longest, bound.value if bound is not None and holds else 24.0), 24.0)
