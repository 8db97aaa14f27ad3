"""What people ask of batches beside starting and harvesting them: sow what was planned, move,
split, merge, transplant, harvest a part, count losses, and say which lots are used.

Refusal keys: batch_unknown, batch_exists, batch_past, batch_<key of BatchError>, level_unknown,
sites_exceeded, limits_disjoint, lot_exists, lot_unknown, lot_seed, lot_place, lot_needs_place,
node_unknown, doser_unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from types import MappingProxyType
from typing import Any

from ..batches import harvests, lifecycle, lots, places
from ..batches.lead import EmptyBand
from ..batches.model import Batch
from ..batches.progress import progress
from ..farm.nodes import NodeKind
from ..farm.roles import DOSING
from ..recipes.model import PhaseKind
from . import recipe_change, rollouts, solution
from .batch_watch import watch
from .draft import Draft
from .effects import Severity
from .inputs import (
    CloseLot,
    CutBatch,
    FailBatch,
    Harvest,
    LosePlants,
    MergeBatches,
    MoveBatch,
    ReceiveLot,
    Request,
    SowBatch,
    SplitBatch,
    StartBatch,
    Transplant,
    UseLot,
)
from .targets import common_setpoints
from .view import forecast_of
from .workflows import Clash

# -- what requests share ------------------------------------------------------------------------


def placements(d: Draft, batch: Batch) -> list[dict[str, Any]]:
    """Where a batch stands and on how much area, as its records say it."""
    found = []
    for placement in batch.placements:
        level = d.farm.level.get(placement.level_id)
        share = 0.0 if level is None else level.area_m2 / level.sites
        found.append(
            {
                "level": placement.level_id,
                "sites": placement.sites,
                "area_m2": round(share * placement.sites, 4),
                "served_by": [] if level is None else list(_serving(d, level.id)[1:]),
            }
        )
    return found


def weighed(batch: Batch) -> dict[str, Any]:
    """The newest harvest of a batch, as answers and records say it."""
    cut = batch.cuts[-1]
    found: dict[str, Any] = {
        "lot": cut.id,
        "kg": None if cut.kg is None else round(cut.kg, 6),
        "plants": cut.plants,
    }
    if any(grade.name for grade in cut.grades):
        found["grades"] = {grade.name: grade.kg for grade in cut.grades}
        found["grade"] = ", ".join(grade.name for grade in cut.grades)
    if cut.waste_kg is not None:
        found["waste_kg"] = cut.waste_kg
    return found


def check_seed(d: Draft, batch: Batch) -> None:
    """Whether the seed of a batch came in. Raises Clash (lot_unknown)."""
    for lot in batch.seed_lots:
        _lot(d, lot)


def arrived(d: Draft, batch_id: str) -> Batch:
    """The batch on its new levels: it receives the lots that are in use there."""
    batch = _batch(d, batch_id)
    if not d.lots.now:
        return batch
    nodes = frozenset(node for level in batch.levels for node in _serving(d, level))
    known = {used.lot for used in batch.inputs}
    served = lots.served(batch, d.lots.values(), nodes, d.now.farm)
    if served is not batch:
        d.batches.set(batch_id, served)
        d.batches_changed()
        for used in served.inputs:
            if used.lot not in known:
                _used(d, served, d.lots.now[used.lot], by="")
    return served


def _used(d: Draft, batch: Batch, lot: lots.Lot, *, by: str) -> None:
    """Tell that a batch has received a lot. How much of what is loaded into a dosing pump its doses
    say."""
    if lot.points:
        return
    d.event("lot_used", _where(d, batch), lot=lot.id, batch=batch.id, title=batch.title, by=by)


def _serving(d: Draft, level: str) -> tuple[str, ...]:
    """The nodes whose lots the plants of a level receive."""
    above = d.farm.above
    circuit = d.farm.circuit_of_level.get(level)
    water = () if circuit is None else (circuit, *above.get(circuit, ()))
    return (level, *above.get(level, ()), *water)


def _batch(d: Draft, key: str) -> Batch:
    found = d.batches.get(key)
    if found is None:
        raise Clash("batch_unknown", batch=key)
    return found


def _put(d: Draft, *batches: Batch) -> None:
    """Batches as they are after a request. Levels must have their sites, and whoever shares the air
    or the water of a new neighbour must share limits with it; else nothing has changed."""
    before = {batch.id: d.batches.get(batch.id) for batch in batches}
    _check_sites(d, batches)
    for batch in batches:
        d.batches.set(batch.id, batch)
    d.batches_changed()
    try:
        for batch in batches:
            old = before[batch.id]
            _check_limits(d, batch, () if old is None or not old.is_growing else old.levels)
    except EmptyBand as err:
        said = recipe_change.disjoint(d, err)
        for key, old in before.items():
            if old is None:
                d.batches.remove(key)
            else:
                d.batches.set(key, old)
        d.batches_changed()
        raise Clash("limits_disjoint", batch=batches[0].title, **said) from err
    for batch in batches:
        arrived(d, batch.id)
        watch(d, batch.id)


def _check_sites(d: Draft, batches: tuple[Batch, ...]) -> None:
    changed = {batch.id for batch in batches}
    others = places.taken(b for b in d.batches.values() if b.id not in changed)
    wanted = places.taken(batches)
    held: dict[str, int] = {}
    for batch in batches:
        old = d.batches.get(batch.id)
        if old is not None:
            for key, sites in places.taken((old,)).items():
                held[key] = held.get(key, 0) + sites
    for key, sites in wanted.items():
        had = held.get(key, 0)
        # A level that was taken out of the farm, or made smaller, may be left, not filled up.
        if sites <= had:
            continue
        level = d.farm.level.get(key)
        if level is None:
            raise Clash("level_unknown", level=key)
        free = level.sites - others.get(key, 0)
        if sites > free:
            raise Clash(
                "sites_exceeded",
                level=level.name,
                asked=sites - had,
                free=max(0, free - had),
                sites=level.sites,
            )


def _check_limits(d: Draft, batch: Batch, before: tuple[str, ...]) -> None:
    """Whether a batch shares limits with its new neighbours. Raises EmptyBand."""
    if not batch.is_growing:
        return
    zones = d.farm.zone_of_level
    known = {zones[level] for level in before if level in zones}
    for zone in dict.fromkeys(zones[level] for level in batch.levels if level in zones):
        if zone not in known:
            common_setpoints(d, zone)
    tanks = {node for level in before for node in _serving(d, level)}
    for node in dict.fromkeys(node for level in batch.levels for node in _serving(d, level)):
        reservoir = d.farm.reservoir.get(node)
        if reservoir is not None and node not in tanks and solution.is_dosed(d, node):
            solution.common(d, reservoir)


def _where(d: Draft, batch: Batch) -> str:
    """The node that an event of a batch belongs to."""
    return next((level for level in batch.levels if level in d.farm.level), d.farm.id)


def _said(d: Draft, batch: Batch, request: Request, why: str, **params: Any) -> dict[str, Any]:
    """What every event of a batch says: who, why, and how it stands from now on."""
    return {
        "batch": batch.id,
        "title": batch.title,
        **params,
        "placements": placements(d, batch) if batch.is_growing else [],
        "plants_left": batch.plants if batch.is_growing else 0,
        "why": why,
        "by": request.by,
    }


def started(d: Draft, batch: Batch, *, by: str, parent: str = "") -> None:
    """Tell that a batch grows from now on; split off from `parent`, it has its seed from there."""
    recipe = d.recipe(batch)
    origin: dict[str, Any] = {"seed_lot": next(iter(batch.seed_lots), None)}
    if parent:
        origin = {"parents": [{"batch": parent, "plants": batch.plants}]}
    d.event(
        "batch_started",
        _where(d, batch),
        Severity.INFO,
        {
            "cultivar": batch.cultivar,
            "state": batch.state.value,
            "phase": recipe.phases[batch.phase_index].name,
            "sown_at": batch.sown_at,
            "placements": placements(d, batch),
            **origin,
        },
        batch=batch.id,
        title=batch.title,
        crop=batch.crop,
        recipe=recipe.id,
        version=recipe.version,
        plants=batch.plants,
        by=by,
    )


def _answer(d: Draft, batch: Batch) -> dict[str, Any]:
    recipe = d.recipe(batch)
    outlook = progress(batch, recipe, d.now.farm)
    found: dict[str, Any] = {
        "batch": batch.id,
        "state": batch.state.value,
        "phase": outlook.phase,
        "plants": batch.plants,
        "sites": {placement.level_id: placement.sites for placement in batch.placements},
        "expected_harvest_at": outlook.expected_harvest_at,
    }
    if batch.ended_at is None:
        coming = forecast_of(d, batch, recipe)
        found["ready_low_at"], found["ready_high_at"] = coming.ready_at.low, coming.ready_at.high
        found["forecast_kg"] = [round(x, 3) for x in (coming.kg.low, coming.kg.mid, coming.kg.high)]
    return found


# -- the beginning and the end ------------------------------------------------------------------


def planned(d: Draft, request: StartBatch) -> dict[str, Any]:
    """A batch that is to be sown later. It takes no sites yet."""
    batch, recipe = request.batch, request.recipe
    if not d.now.farm <= batch.sown_at < inf:
        raise Clash("batch_past", batch=batch.title)
    check_seed(d, batch)
    for level in batch.levels:
        if level not in d.farm.level:
            raise Clash("level_unknown", level=level)
    d.batches.set(batch.id, batch)
    d.recipes.set(recipe.version, recipe)
    d.batches_changed()
    d.event(
        "batch_planned",
        _where(d, batch),
        **_said(
            d,
            batch,
            request,
            "",
            recipe=recipe.id,
            version=recipe.version,
            plants=batch.plants,
            order=batch.order,
            sow_at=batch.sown_at,
        ),
    )
    return _answer(d, batch)


def _sow(d: Draft, request: SowBatch) -> dict[str, Any]:
    batch = _batch(d, request.batch)
    sown = lifecycle.start(batch, d.now.farm, by=request.by, why=request.why)
    sown, _ = rollouts.sown(d, sown, d.recipe(sown))
    _put(d, sown)
    rollouts.took(d, _batch(d, sown.id))
    started(d, _batch(d, sown.id), by=request.by)
    return _answer(d, _batch(d, sown.id))


def _fail(d: Draft, request: FailBatch) -> dict[str, Any]:
    batch = _batch(d, request.batch)
    if not request.why.strip():
        raise lifecycle.BatchError("loss_reason", {"batch": batch.title})
    failed = lifecycle.fail(batch, d.now.farm, request.why, by=request.by)
    _put(d, failed)
    d.event(
        "batch_failed",
        _where(d, failed),
        **_said(d, failed, request, request.why, plants=batch.plants),
    )
    return _answer(d, failed)


# -- where plants stand -------------------------------------------------------------------------


def _move(d: Draft, request: MoveBatch) -> dict[str, Any]:
    batch = _batch(d, request.batch)
    if request.to_level not in d.farm.level:
        raise Clash("level_unknown", level=request.to_level)
    moved = places.move(
        batch,
        request.from_level,
        request.to_level,
        d.now.farm,
        request.sites,
        by=request.by,
        why=request.why,
    )
    _put(d, moved)
    sites = moved.history[-1].sites
    said = {"was": request.from_level, "now": request.to_level, "sites": sites}
    d.event("batch_moved", _where(d, moved), **_said(d, moved, request, request.why, **said))
    return _answer(d, _batch(d, batch.id))


def _split(d: Draft, request: SplitBatch) -> dict[str, Any]:
    batch = _batch(d, request.batch)
    if d.batches.get(request.new) is not None:
        raise Clash("batch_exists", batch=request.new)
    kept, new = places.split(
        batch,
        request.new,
        request.sites,
        d.now.farm,
        plants=request.plants,
        title=request.title,
        by=request.by,
        why=request.why,
    )
    _put(d, kept, new)
    said = {"other": new.id, "plants": new.plants}
    d.event("batch_split", _where(d, kept), **_said(d, kept, request, request.why, **said))
    started(d, new, by=request.by, parent=kept.id)
    return {**_answer(d, kept), "new": _answer(d, new)}


def _merge(d: Draft, request: MergeBatches) -> dict[str, Any]:
    into, other = _batch(d, request.batch), _batch(d, request.other)
    joined, ended = places.merge(into, other, d.now.farm, by=request.by, why=request.why)
    _put(d, joined, ended)
    for made, partner in ((joined, ended), (ended, joined)):
        d.event(
            "batch_merged",
            _where(d, made),
            **_said(
                d,
                made,
                request,
                request.why,
                other=partner.id,
                into=joined.id,
                plants=other.plants,
            ),
        )
    return _answer(d, _batch(d, into.id))


def _transplant(d: Draft, request: Transplant) -> dict[str, Any]:
    batch = _batch(d, request.batch)
    recipe, now = d.recipe(batch), d.now.farm
    set_out = batch
    if request.advance:
        set_out = lifecycle.advance_phase(batch, recipe, now, by=request.by, why=request.why)
    spacing = request.plants_m2
    if spacing is None:
        spacing = recipe.phases[set_out.phase_index].density_plants_m2
    others = places.taken(b for b in d.batches.values() if b.id != batch.id)
    rooms = []
    kept = batch.levels_from(set_out.phase_index)
    for key in dict.fromkeys(request.levels or kept or batch.levels):
        level = d.farm.level.get(key)
        if level is None:
            raise Clash("level_unknown", level=key)
        free = max(0, level.sites - others.get(key, 0))
        rooms.append(places.Room(level_id=key, area_m2=level.area_m2, sites=level.sites, free=free))
    sites = places.spaced(set_out, spacing, rooms)
    done = places.transplant(set_out, sites, now, by=request.by, why=request.why)
    _put(d, done)
    phases = [recipe.phases[b.phase_index].name for b in (batch, done)]
    if request.advance:
        d.event(
            "phase_changed",
            _where(d, done),
            batch=done.id,
            title=done.title,
            was=phases[0],
            phase=phases[1],
            by=request.by,
        )
    said = {"was": list(batch.levels), "now": list(done.levels), "plants_m2": spacing}
    d.event(
        "batch_transplanted",
        _where(d, done),
        **_said(d, done, request, request.why, phase=phases[1], **said),
    )
    return {**_answer(d, _batch(d, done.id)), "plants_m2": spacing}


# -- what is taken from them --------------------------------------------------------------------


def cut_again(d: Draft, request: Harvest) -> dict[str, Any]:
    """A batch is cut, and its plants grow again."""
    batch = _batch(d, request.batch)
    done = lifecycle.cut(
        batch,
        d.recipe(batch),
        d.now.farm,
        request.kg,
        request.note,
        grades=request.grades,
        waste_kg=request.waste_kg,
        by=request.by,
    )
    _put(d, done)
    return _told_of_cut(d, done, request, request.note)


def _told_of_cut(d: Draft, done: Batch, request: Request, note: str) -> dict[str, Any]:
    answer, said = _answer(d, done), weighed(done)
    more = {**said, "number": len(done.cuts), "phase": answer["phase"]}
    d.event("batch_cut", _where(d, done), **_said(d, done, request, note, **more))
    return {**answer, **said, "plants": done.plants, "taken": said["plants"]}


def _cut(d: Draft, request: CutBatch) -> dict[str, Any]:
    batch = _batch(d, request.batch)
    # Fruits are picked from plants that stay.
    regrows = d.phase(batch).kind is PhaseKind.FRUITING
    done = harvests.cut(
        batch,
        d.now.farm,
        plants=request.plants,
        kg=request.kg,
        grades=request.grades,
        waste_kg=request.waste_kg,
        level=request.level,
        regrows=regrows,
        note=request.note,
        by=request.by,
    )
    _put(d, done)
    return _told_of_cut(d, done, request, request.note)


def _lose(d: Draft, request: LosePlants) -> dict[str, Any]:
    batch = _batch(d, request.batch)
    left = harvests.lose(
        batch, d.now.farm, request.plants, request.why, level=request.level, by=request.by
    )
    _put(d, left)
    d.event(
        "batch_loss", _where(d, left), **_said(d, left, request, request.why, plants=request.plants)
    )
    if not left.is_growing:
        d.event(
            "batch_failed",
            _where(d, left),
            **_said(d, left, request, request.why, plants=request.plants),
        )
    return _answer(d, left)


# -- lots ---------------------------------------------------------------------------------------

#: Where a lot that is no seed can be in use.
LOT_PLACES = (
    NodeKind.ZONE,
    NodeKind.RACK,
    NodeKind.LEVEL,
    NodeKind.RESERVOIR,
    NodeKind.PUMP,
    NodeKind.CIRCUIT,
)


def _receive(d: Draft, request: ReceiveLot) -> dict[str, Any]:
    lot = request.lot
    lots.check_lot(lot)
    if d.lots.get(lot.id) is not None:
        raise Clash("lot_exists", lot=lot.id)
    d.lots.set(lot.id, replace(lot, nodes=(), points=()))
    d.event(
        "lot_received",
        d.farm.id,
        lot=lot.id,
        lot_kind=lot.kind.value,
        name=lot.title,
        supplier=lot.supplier,
        amount=lot.amount,
        unit=lot.unit,
        by=request.by,
    )
    return {"lot": lot.id, "kind": lot.kind.value}


def _lot(d: Draft, key: str) -> lots.Lot:
    found = d.lots.get(key)
    if found is None:
        raise Clash("lot_unknown", lot=key)
    return found


def _use(d: Draft, request: UseLot) -> dict[str, Any]:
    lot = _lot(d, request.lot)
    if [request.batch, request.node, request.point].count(None) != 2:
        raise Clash("lot_needs_place", lot=lot.id)
    if request.batch is not None:
        batch = _batch(d, request.batch)
        if batch.ended_at is not None:
            raise lifecycle.BatchError("ended", {"batch": batch.title, "state": batch.state.value})
        given = [batch]
    elif request.point is not None:
        given = _load(d, lot, request.point, by=request.by)
    else:
        given = _use_at(d, lot, str(request.node), by=request.by)
    lot = _lot(d, lot.id)
    for batch in given:
        used = lots.received(batch, lot, d.now.farm, by=request.by)
        if used is not batch:
            d.batches.set(batch.id, used)
            _used(d, used, lot, by=request.by)
    if given:
        d.batches_changed()
    return {"lot": lot.id, "batches": [batch.id for batch in given]}


def _use_at(d: Draft, lot: lots.Lot, node: str, *, by: str) -> list[Batch]:
    """A lot in use at a node from now on; the batches that the node serves now."""
    if node not in d.farm.nodes:
        raise Clash("node_unknown", node=node)
    if lot.kind is lots.LotKind.SEED:
        raise Clash("lot_seed", lot=lot.id)
    kind = d.farm.kind(node)
    if kind not in LOT_PLACES:
        name = d.farm.nodes[node].name
        raise Clash("lot_place", node=name, kind=kind.value, kinds=", ".join(LOT_PLACES))
    d.lots.set(lot.id, lots.opened(lot, node))
    d.event("lot_opened", node, lot=lot.id, name=lot.title, by=by)
    return _served_by(d, node)


def _load(d: Draft, lot: lots.Lot, point: str, *, by: str) -> list[Batch]:
    """A lot in the stock tank of a dosing pump from now on, in place of the one before."""
    binding = d.farm.binding.get(point)
    if binding is None or binding.role not in DOSING:
        raise Clash("doser_unknown", point=point)
    if lot.kind is lots.LotKind.SEED:
        raise Clash("lot_seed", lot=lot.id)
    for other in list(d.lots.values()):
        if point in other.points:
            d.lots.set(other.id, lots.unloaded(other, point, binding.node))
    d.lots.set(lot.id, lots.loaded(_lot(d, lot.id), point, binding.node))
    d.event("lot_loaded", binding.node, lot=lot.id, name=lot.title, point=point, by=by)
    return _served_by(d, binding.node)


def _served_by(d: Draft, node: str) -> list[Batch]:
    return [
        batch
        for batch in d.batches.values()
        if batch.is_growing and any(node in _serving(d, level) for level in batch.levels)
    ]


def _close(d: Draft, request: CloseLot) -> dict[str, Any]:
    lot = _lot(d, request.lot)
    d.lots.set(lot.id, lots.closed(lot, request.node))
    where = request.node if request.node in d.farm.nodes else d.farm.id
    d.event("lot_closed", where, lot=lot.id, name=lot.title, by=request.by)
    return {"lot": lot.id, "node": request.node}


HANDLERS: Mapping[type[Request], Callable[[Draft, Any], dict[str, Any]]] = MappingProxyType(
    {
        SowBatch: _sow,
        FailBatch: _fail,
        MoveBatch: _move,
        SplitBatch: _split,
        MergeBatches: _merge,
        Transplant: _transplant,
        CutBatch: _cut,
        LosePlants: _lose,
        ReceiveLot: _receive,
        UseLot: _use,
        CloseLot: _close,
    }
)
