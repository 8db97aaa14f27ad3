"""What several batches under one zone or reservoir ask for together.

A named lead batch is followed whole. Without one, targets must lie within the intersection of
everybody's limits, and an empty intersection is refused with the reason: better to move a batch
than to give each of them half of what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..recipes.model import OPEN, Band, EmptyBand, Provenance, Setpoint
from .lifecycle import BatchError

__all__ = ["EmptyBand", "combine"]


def combine[Q: StrEnum](
    setpoints: Mapping[str, Mapping[Q, Setpoint]], *, lead: str | None = None
) -> dict[Q, Setpoint]:
    """The setpoints of one zone or reservoir from those of its batches (by batch id).

    Without a lead the target is the mean of the batches' targets, moved into the intersection of
    their warning limits. Raises EmptyBand naming two batches, the quantity, the time, the limit
    and both bands; BatchError (lead_unknown) when the lead is not among the batches.
    """
    if lead is not None:
        if lead not in setpoints:
            raise BatchError("lead_unknown", {"batch": lead})
        return dict(setpoints[lead])
    quantities: dict[Q, dict[str, Setpoint]] = {}
    for batch, wanted in setpoints.items():
        for quantity, setpoint in wanted.items():
            quantities.setdefault(quantity, {})[batch] = setpoint
    return {q: _together(q, wanted) for q, wanted in quantities.items()}


def _together(quantity: StrEnum, wanted: Mapping[str, Setpoint]) -> Setpoint:
    if len(wanted) == 1:
        return next(iter(wanted.values()))
    warning, critical, target = {}, {}, {}
    for day in (True, False):
        limits = {batch: setpoint.critical(day) for batch, setpoint in wanted.items()}
        critical[day] = _intersection(quantity, day, "critical", limits)
        # A batch without warning limits is still not asked to leave its critical ones.
        tighter = {b: limits[b].intersect(s.warning(day)) for b, s in wanted.items()}
        warning[day] = _intersection(quantity, day, "warning", tighter)
        asked = [x for s in wanted.values() if (x := s.at(day)) is not None]
        target[day] = warning[day].clamp(sum(asked) / len(asked)) if asked else None
    return Setpoint(
        day=target[True],
        night=target[False],
        warning_day=warning[True],
        warning_night=warning[False],
        critical_day=critical[True],
        critical_night=critical[False],
        provenance=Provenance(
            source=", ".join(sorted(wanted)),
            confidence="computed",
            note="within the limits of every batch",
        ),
    )


def _intersection(quantity: StrEnum, day: bool, limit: str, bands: Mapping[str, Band]) -> Band:
    result = OPEN
    for band in bands.values():
        try:
            result = result.intersect(band)
        except EmptyBand:
            # Of intervals on a line that have nothing in common, two already have nothing.
            lowest = min(
                (b for b in bands if bands[b].high is not None), key=lambda b: bands[b].high or 0.0
            )
            highest = max(
                (b for b in bands if bands[b].low is not None), key=lambda b: bands[b].low or 0.0
            )
            raise EmptyBand(
                bands[lowest],
                bands[highest],
                quantity=quantity.value,
                when="day" if day else "night",
                limit=limit,
                first_owner=lowest,
                second_owner=highest,
            ) from None
    return result
