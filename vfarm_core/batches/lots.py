"""Lots that come in: seed, nutrients, substrate, each with an id under which it can be traced.

A lot is used by a batch (its seed), or at a node (a nutrient in a reservoir, a substrate on a
level): then every batch that the node serves has received it, also those that come later.
Keys of BatchError here: lot_id, lot_amount, lot_not_used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from .lifecycle import BatchError, noted
from .model import Batch, Happened, Input


class LotKind(StrEnum):
    """What a lot is of."""

    SEED = "seed"
    NUTRIENT = "nutrient"
    SUBSTRATE = "substrate"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Something that came in. `id` is what stands on its label, `amount` how much of it in `unit`
    (None: not counted), `nodes` where it is in use now, `points` the dosing pumps that give it."""

    id: str
    kind: LotKind
    title: str
    received_at: float
    supplier: str = ""
    amount: float | None = None
    unit: str = ""
    note: str = ""
    nodes: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


def check_lot(lot: Lot) -> None:
    """Raises BatchError (lot_id, lot_amount) when a lot cannot be what it says."""
    if not lot.id.strip() or len(lot.id) > 120:
        raise BatchError("lot_id", {"lot": lot.id})
    if lot.amount is not None and not 0.0 < lot.amount < float("inf"):
        raise BatchError("lot_amount", {"lot": lot.id, "amount": lot.amount})


def opened(lot: Lot, node: str) -> Lot:
    """The lot in use at a node too."""
    return lot if node in lot.nodes else replace(lot, nodes=(*lot.nodes, node))


def closed(lot: Lot, node: str) -> Lot:
    """The lot no longer in use at a node. Raises BatchError: lot_not_used."""
    if node not in lot.nodes:
        raise BatchError("lot_not_used", {"lot": lot.id, "node": node})
    return replace(lot, nodes=tuple(other for other in lot.nodes if other != node), points=())


def loaded(lot: Lot, point: str, node: str) -> Lot:
    """The lot in the stock tank of a dosing pump of a node."""
    points = lot.points if point in lot.points else (*lot.points, point)
    return opened(replace(lot, points=points), node)


def unloaded(lot: Lot, point: str, node: str) -> Lot:
    """The lot no longer in the stock tank of a dosing pump."""
    points = tuple(other for other in lot.points if other != point)
    nodes = lot.nodes if points else tuple(other for other in lot.nodes if other != node)
    return replace(lot, points=points, nodes=nodes)


def received(batch: Batch, lot: Lot, at: float, *, by: str = "") -> Batch:
    """The batch with a lot among what it has received; the same when it knows it already."""
    if lot.kind is LotKind.SEED:
        if lot.id in batch.seed_lots:
            return batch
        given = replace(batch, seed_lots=(*batch.seed_lots, lot.id))
    else:
        if any(used.lot == lot.id for used in batch.inputs):
            return batch
        given = replace(batch, inputs=(*batch.inputs, Input(lot=lot.id, at=at)))
    return noted(given, Happened.LOT, at, by=by, other=lot.id, now=lot.kind.value)


def served(batch: Batch, lots: Iterable[Lot], nodes: frozenset[str], at: float) -> Batch:
    """The batch with every lot that is in use at one of the nodes that serve it."""
    for lot in lots:
        if lot.kind is not LotKind.SEED and nodes.intersection(lot.nodes):
            batch = received(batch, lot, at)
    return batch
