"""What people ask for: checked, carried out, answered. A refusal has a key and parameters for the
shell to translate; nothing is half done.

Refusal keys: stopping, batch_exists, batch_unknown, batch_no_level, batch_<key of BatchError>,
level_unknown, sites_exceeded, recipe_mismatch, limits_disjoint, kg_negative, node_unknown,
override_wrong_node, override_out_of_range, override_expired, override_too_long,
override_beyond_limits, override_unknown, vpd_unreachable,
memory_is_lost, memory_not_lost, not_stopped, emergency_active, loop_armed, loop_disarmed,
dosing_last, point_unknown, not_latched,
not_taken_over, still_tripped, workflow_wrong_node, workflow_over, workflow_too_long,
workflow_running, workflow_plants, workflow_dark, workflow_last_step, workflow_none, no_fixture, and
those of `tank_requests`, `water_requests`, `alarm_test`, `batch_requests`, `plan_requests`,
`tasks`, `rollouts` and `drills`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf, isfinite
from typing import Any

from ..batches import lifecycle
from ..batches.lead import EmptyBand
from ..batches.model import Batch
from ..batches.progress import progress
from ..batches.rollout import RolloutError
from ..farm.bindings import Binding
from ..farm.overrides import (
    LONGEST_OVERRIDE_H,
    OVERRIDE_RANGES,
    Mode,
    Quantity,
    Step,
    Workflow,
    WorkflowKind,
)
from ..farm.roles import Loop, Role
from ..recipes.diff import diff
from ..recipes.model import ClimateQuantity
from ..science.air import vpd_range_kpa
from . import (
    alarm_test,
    batch_requests,
    drills,
    interlocks,
    labour,
    override_limits,
    plan_requests,
    readings,
    recipe_change,
    ripening,
    rollout_view,
    rollouts,
    safety,
    self_test,
    solution,
    taken_over,
    tank_requests,
    tasks,
    water_requests,
    workflows,
)
from .batch_watch import watch
from .clock import Due
from .draft import Draft
from .effects import Answer, Severity
from .inputs import (
    AcceptLoss,
    AdvancePhase,
    AdvanceWorkflow,
    Arm,
    ChangeRecipe,
    ClearLatch,
    ClearLatches,
    ClearOverride,
    Disarm,
    EmergencyStop,
    EndWorkflow,
    FixtureReplaced,
    GiveBack,
    Harvest,
    LossCheck,
    NoteExport,
    NoteRefusal,
    NoteRole,
    NoteSetting,
    ReleaseStop,
    Request,
    SetMode,
    SetOverride,
    Shutdown,
    StartBatch,
    StartWorkflow,
    TakeOver,
)
from .memory import EmergencyState, Stage
from .targets import zone_setpoints, zone_target


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A request that is not carried out."""

    def __init__(self, key: str, **params: Any) -> None:
        self.key = key
        self.params = {name: str(value) for name, value in params.items()}
        super().__init__(key)


def handle(d: Draft, request: Request) -> Answer:
    """Carry out one request on the draft. A refusal leaves the draft as it was."""
    if d.state.stage is Stage.STOPPING and not isinstance(request, (EmergencyStop, Shutdown)):
        return Answer(refused="stopping")
    try:
        return Answer(data=_HANDLERS[type(request)](d, request))
    except Refusal as refusal:
        return Answer(refused=refusal.key, params=refusal.params)
    except workflows.Clash as clash:
        params = {name: str(value) for name, value in clash.params.items()}
        return Answer(refused=clash.key, params=params)
    except lifecycle.BatchError as err:
        params = {name: str(value) for name, value in err.params.items()}
        return Answer(refused=f"batch_{err.key}", params=params)
    except RolloutError as err:
        params = {name: str(value) for name, value in err.params.items()}
        return Answer(refused=f"rollout_{err.key}", params=params)


def _start_batch(d: Draft, request: StartBatch) -> dict[str, Any]:
    batch, recipe = request.batch, request.recipe
    if d.batches.get(batch.id) is not None:
        raise Refusal("batch_exists", batch=batch.id)
    if batch.recipe_version != recipe.version:
        raise Refusal("recipe_mismatch", batch=batch.id, recipe=recipe.id)
    if not batch.placements:
        raise Refusal("batch_no_level", batch=batch.title)
    if not batch.is_growing:
        return batch_requests.planned(d, request)
    if not isfinite(batch.sown_at):
        raise Refusal("batch_days_ago", days_ago=f"{batch.sown_at}", most=recipe.total_days)
    if not request.pinned:
        batch, recipe = rollouts.sown(d, batch, recipe)
    batch_requests.check_seed(d, batch)
    for placement in batch.placements:
        level = d.farm.level.get(placement.level_id)
        if level is None:
            raise Refusal("level_unknown", level=placement.level_id)
        taken = sum(
            p.sites for b in d.growing(level.id) for p in b.placements if p.level_id == level.id
        )
        if placement.sites <= 0 or taken + placement.sites > level.sites:
            raise Refusal(
                "sites_exceeded",
                level=level.name,
                asked=placement.sites,
                free=level.sites - taken,
                sites=level.sites,
            )
    d.batches.set(batch.id, batch)
    d.recipes.set(recipe.version, recipe)
    d.batches_changed()
    zones = {d.farm.zone_of_level[p.level_id] for p in batch.placements}
    try:
        recipe_change.check_shares(d, zones)
    except EmptyBand as err:
        said = recipe_change.disjoint(d, err)
        d.batches.remove(batch.id)
        if d.recipes.old(recipe.version) is None and not recipe_change.pinned(d, recipe.version):
            d.recipes.remove(recipe.version)
        d.batches_changed()
        raise Refusal("limits_disjoint", batch=batch.title, **said) from err
    batch = batch_requests.arrived(d, batch.id)
    watch(d, batch.id)
    rollouts.took(d, batch, pinned=request.pinned)
    batch_requests.started(d, batch, by=request.by)
    outlook = progress(batch, recipe, d.now.farm)
    return {
        "batch": batch.id,
        "version": batch.recipe_version,
        "phase": outlook.phase,
        "expected_harvest_at": outlook.expected_harvest_at,
    }


def phase_due(d: Draft, batch_id: str) -> None:
    """The phase of a batch may have ended, or its changeover come a step further."""
    batch = d.batches.get(batch_id)
    if batch is not None and batch.is_growing:
        if batch.changeover is not None:
            batch = lifecycle.arrived(batch, d.now.farm)
            d.batches.set(batch_id, batch)
            d.batches_changed()
        recipe = d.recipe(batch)
        batch = ripening.look(d, batch)
        while lifecycle.due_phase(batch, recipe, d.now.farm) > batch.phase_index:
            ended = progress(batch, recipe, d.now.farm).phase_ends_at
            batch = _next_phase(d, batch_id, at=ended, by="recipe")
        if batch.ready_at is None and lifecycle.is_ready(batch, recipe, d.now.farm):
            _ready(d, batch, progress(batch, recipe, d.now.farm).phase_ends_at)
    watch(d, batch_id)


def _ready(d: Draft, batch: Batch, at: float) -> None:
    """The harvest of a batch is due since `at`: told once."""
    d.batch_counted(replace(batch, ready_at=at))
    d.event(
        "batch_ready",
        batch.placements[0].level_id if batch.placements else d.farm.id,
        batch=batch.id,
        title=batch.title,
        plants=batch.plants,
        levels=list(batch.levels),
    )


def _next_phase(d: Draft, batch_id: str, *, at: float, by: str) -> Any:
    batch = d.batches.get(batch_id)
    if batch is None:
        raise Refusal("batch_unknown", batch=batch_id)
    recipe = d.recipe(batch)
    was = recipe.phases[batch.phase_index].name
    moved = lifecycle.advance_phase(batch, recipe, at, by=by)
    d.batches.set(batch_id, moved)
    d.batches_changed()
    level = moved.placements[0].level_id if moved.placements else d.farm.id
    d.event(
        "phase_changed",
        level,
        batch=batch_id,
        title=moved.title,
        was=was,
        phase=recipe.phases[moved.phase_index].name,
        by=by,
    )
    return moved


def _advance_phase(d: Draft, request: AdvancePhase) -> dict[str, Any]:
    moved = _next_phase(d, request.batch, at=d.now.farm, by=request.by)
    watch(d, request.batch)
    outlook = progress(moved, d.recipe(moved), d.now.farm)
    return {
        "batch": request.batch,
        "phase": outlook.phase,
        "expected_harvest_at": outlook.expected_harvest_at,
    }


def _change_recipe(d: Draft, request: ChangeRecipe) -> dict[str, Any]:
    batch, new = d.batches.get(request.batch), request.recipe
    if batch is None:
        raise Refusal("batch_unknown", batch=request.batch)
    old = d.recipe(batch)
    moved = recipe_change.change(d, batch, new, request.ramp_s, by=request.by)
    outlook = progress(moved, new, d.now.farm)
    changes = diff(old, new)
    return {
        "batch": batch.id,
        "was": old.version,
        "version": new.version,
        "phase": outlook.phase,
        "expected_harvest_at": outlook.expected_harvest_at,
        "changes": [str(change).strip() for change in changes if rollout_view.matters(change)],
    }


def _harvest(d: Draft, request: Harvest) -> dict[str, Any]:
    batch = d.batches.get(request.batch)
    if batch is None:
        raise Refusal("batch_unknown", batch=request.batch)
    if request.kg is not None and request.kg < 0:
        raise Refusal("kg_negative", kg=request.kg)
    if request.regrow:
        return batch_requests.cut_again(d, request)
    done = lifecycle.harvest(
        batch,
        d.now.farm,
        request.kg,
        request.note,
        grades=request.grades,
        waste_kg=request.waste_kg,
        by=request.by,
    )
    d.batches.set(batch.id, done)
    d.batches_changed()
    watch(d, batch.id)
    level = batch.placements[0].level_id if batch.placements else d.farm.id
    weighed = batch_requests.weighed(done)
    data = {"batch": batch.id, "title": batch.title, **weighed, "by": request.by}
    d.event("batch_harvested", level, Severity.INFO, {"note": request.note}, **data)
    return {"batch": batch.id, **weighed, "kg_in_all": round(done.harvested_kg, 6)}


def _set_override(d: Draft, request: SetOverride) -> dict[str, Any]:
    override = request.override
    accepted = OVERRIDE_RANGES[override.quantity]
    if override.node not in d.farm.nodes:
        raise Refusal("node_unknown", node=override.node)
    if d.farm.kind(override.node) != accepted.node:
        raise Refusal(
            "override_wrong_node",
            quantity=override.quantity,
            node=d.farm.nodes[override.node].name,
            kind=accepted.node,
        )
    if not accepted.low <= override.value <= accepted.high:
        raise Refusal(
            "override_out_of_range",
            quantity=override.quantity,
            value=override.value,
            low=accepted.low,
            high=accepted.high,
            unit=accepted.unit,
        )
    # Written so that it holds of what is no number, too: an override has an end.
    if not d.now.farm < override.expires_at < inf:
        raise Refusal("override_expired")
    if override.expires_at > d.now.farm + LONGEST_OVERRIDE_H * 3600 + 1:
        raise Refusal(
            "override_too_long", quantity=override.quantity, hours=f"{LONGEST_OVERRIDE_H:g}"
        )
    if override.quantity is Quantity.VPD:
        _reachable(d, override.node, override.value)
    if (found := override_limits.limits(d, override)) is not None:
        band, batches = found
        if not band.contains(override.value):
            raise Refusal(
                "override_beyond_limits",
                quantity=override.quantity,
                value=override.value,
                unit=accepted.unit,
                limits=band.span,
                recipes=", ".join(dict.fromkeys(d.recipe(batch).title for batch in batches)),
            )
    held = d.overrides.get(override.key)
    d.overrides.set(override.key, override)
    d.wake(f"override:{override.key}", Due(farm=override.expires_at))
    d.mark_all()
    d.event(
        "override_set",
        override.node,
        quantity=override.quantity.value,
        was=None if held is None else held.value,
        value=override.value,
        until=override.expires_at,
        by=override.by,
        why=override.why,
    )
    return {"node": override.node, "expires_at": override.expires_at}


def _reachable(d: Draft, zone: str, vpd: float) -> None:
    """Whether a VPD can exist at the temperature of a zone."""
    target = zone_target(d, zone, ClimateQuantity.AIR_TEMPERATURE, zone_setpoints(d, zone))
    temperature = readings.reading(d, zone, Role.AIR_TEMPERATURE).value
    if target is not None and target.value is not None:
        temperature = target.value
    if temperature is None:
        return
    low, high = vpd_range_kpa(temperature)
    if not low <= vpd <= high:
        raise Refusal(
            "vpd_unreachable",
            value=vpd,
            temperature=round(temperature, 1),
            low=round(low, 2),
            high=round(high, 2),
        )


def override_due(d: Draft, key: str) -> None:
    """An override has expired."""
    override = d.overrides.get(key)
    d.due.remove(f"override:{key}")
    if override is None:
        return
    if override.expires_at > d.now.farm:
        d.wake(f"override:{key}", Due(farm=override.expires_at))
        return
    d.overrides.remove(key)
    d.mark_all()
    d.event("override_ended", override.node, quantity=override.quantity.value, why="expired")


def overrides_look_again(d: Draft) -> None:
    """What grows, or its phase, may have changed: an override beyond what the plants bear now has
    ended, and the recipe holds again. Not held at the limit: that is where plants are harmed."""
    for override, band in override_limits.beyond(d, tuple(d.overrides.values())):
        d.overrides.remove(override.key)
        d.due.remove(f"override:{override.key}")
        d.mark_all()
        d.event(
            "override_ended",
            override.node,
            Severity.P4,
            quantity=override.quantity.value,
            was=override.value,
            why="limits",
            limits=band.span,
        )


def _clear_override(d: Draft, request: ClearOverride) -> dict[str, Any]:
    key = f"{request.node}.{request.quantity}"
    held = d.overrides.get(key)
    if held is None:
        raise Refusal("override_unknown", node=request.node, quantity=request.quantity)
    d.overrides.remove(key)
    d.due.remove(f"override:{key}")
    d.mark_all()
    d.event(
        "override_ended",
        request.node,
        quantity=request.quantity.value,
        was=held.value,
        why="cleared",
        by=request.by,
    )
    return {}


def _set_mode(d: Draft, request: SetMode) -> dict[str, Any]:
    if d.state.lost_memory and request.mode is not Mode.HOLD:
        # Whoever chooses a mode, an automation maybe, has not looked at what nobody remembers.
        raise Refusal("memory_is_lost", checks=", ".join(LossCheck))
    return _go_on_in(d, request.mode, request.by)


def _accept_loss(d: Draft, request: AcceptLoss) -> dict[str, Any]:
    if not d.state.lost_memory:
        raise Refusal("memory_not_lost")
    if missing := [check for check in LossCheck if check not in request.checked]:
        raise Refusal("memory_is_lost", checks=", ".join(missing))
    d.state = replace(d.state, lost_memory=False)
    d.mark_all()
    d.event("memory_accepted", d.farm.id, mode=request.mode.value, by=request.by)
    return _go_on_in(d, request.mode, request.by)


def _go_on_in(d: Draft, mode: Mode, by: str) -> dict[str, Any]:
    was = d.state.mode
    if was is not mode:
        d.state = replace(d.state, mode=mode)
        if mode is Mode.MONITOR:
            safety.let_go(d)
        for key, state in list(d.memory.actuators.items()):
            if state.announced is not None:
                d.actuators.set(key, replace(d.actuator(key), announced=None, unheeded=False))
        d.mark_all()
        d.event("mode_changed", d.farm.id, was=was.value, mode=mode.value, by=by)
    return {"mode": mode.value}


def _start_workflow(d: Draft, request: StartWorkflow) -> dict[str, Any]:
    made = workflows.start(
        d,
        request.node,
        request.kind,
        request.until,
        confirmed=request.confirmed,
        by=request.by,
    )
    if made.kind is WorkflowKind.MAINTENANCE:
        safety.let_go(d, made.node)
    return _workflow(made)


def _advance_workflow(d: Draft, request: AdvanceWorkflow) -> dict[str, Any]:
    made = workflows.go_on(d, request.node, by=request.by)
    if made.step is Step.MIXING:
        # A person says that it is refilled: what was dosed into the old solution is gone.
        solution.changed(d, made.node)
        d.event("solution_changed", made.node, by=request.by)
    return _workflow(made)


def _end_workflow(d: Draft, request: EndWorkflow) -> dict[str, Any]:
    left = workflows.end(d, request.node, by=request.by)
    return {"node": request.node} if left is None else _workflow(left)


def _workflow(found: Workflow) -> dict[str, Any]:
    return {
        "node": found.node,
        "workflow": found.kind.value,
        "step": found.step.value,
        "until_at": found.until,
    }


def _take_over(d: Draft, request: TakeOver) -> dict[str, Any]:
    found = taken_over.take_over(d, request)
    pressed = found["taken"] and taken_over.STOP in request.delivered.latched
    if pressed and d.state.emergency is None:
        # Somebody has pressed stop at the station: it holds everywhere until it is released.
        _emergency_stop(d, EmergencyStop(by=taken_over.STATION))
    return found


def _emergency_stop(d: Draft, request: EmergencyStop) -> dict[str, Any]:
    if d.state.emergency is None:
        d.state = replace(
            d.state,
            emergency=EmergencyState(at=d.now.farm, by=request.by, why=request.why),
            disarmed=frozenset(Loop),
        )
        d.event("emergency_stop", d.farm.id, Severity.P1, by=request.by, why=request.why)
    d.mark_all()
    return {"emergency": True}


def _release(d: Draft, request: ReleaseStop) -> dict[str, Any]:
    if d.state.emergency is None:
        raise Refusal("not_stopped")
    d.state = replace(d.state, emergency=None)
    d.mark_all()
    d.event("emergency_released", d.farm.id, by=request.by)
    return {"disarmed": sorted(loop.value for loop in d.state.disarmed)}


def _arm(d: Draft, request: Arm) -> dict[str, Any]:
    if d.state.emergency is not None:
        raise Refusal("emergency_active")
    if request.loop not in d.state.disarmed:
        raise Refusal("loop_armed", loop=request.loop)
    if request.loop is Loop.DOSING and len(d.state.disarmed) > 1:
        others = ", ".join(sorted(x.value for x in d.state.disarmed if x is not Loop.DOSING))
        raise Refusal("dosing_last", loops=others)
    d.state = replace(d.state, disarmed=d.state.disarmed - {request.loop})
    d.mark_all()
    d.event("loop_armed", d.farm.id, loop=request.loop.value, by=request.by)
    return {"disarmed": sorted(loop.value for loop in d.state.disarmed)}


def _disarm(d: Draft, request: Disarm) -> dict[str, Any]:
    if request.loop in d.state.disarmed:
        raise Refusal("loop_disarmed", loop=request.loop)
    d.state = replace(d.state, disarmed=d.state.disarmed | {request.loop})
    d.mark_all()
    d.event("loop_disarmed", d.farm.id, loop=request.loop.value, by=request.by)
    return {"disarmed": sorted(loop.value for loop in d.state.disarmed)}


def _clear_latch(d: Draft, request: ClearLatch) -> dict[str, Any]:
    binding = d.farm.binding.get(request.point)
    if binding is None:
        raise Refusal("point_unknown", point=request.point)
    if not _is_latched(d, binding):
        raise Refusal("not_latched", point=request.point)
    _unlatch(d, binding, request.by)
    return {"point": request.point}


def _clear_latches(d: Draft, request: ClearLatches) -> dict[str, Any]:
    known = d.farm.nodes.get(request.node)
    if known is None:
        raise Refusal("node_unknown", node=request.node)
    bound = (
        b for group in (d.farm.actuators_of, d.farm.sensors_of) for b in group.get(known.id, ())
    )
    latched = [binding for binding in bound if _is_latched(d, binding)]
    if not latched:
        raise Refusal("not_latched", point=known.name)
    for binding in latched:
        _require_clear(d, binding)
    for binding in latched:
        _unlatch(d, binding, request.by)
    return {"points": [binding.id for binding in latched]}


def _is_latched(d: Draft, binding: Binding) -> bool:
    if binding.role in interlocks.LATCHING:
        return d.interlocks.get(binding.id) is not None
    return d.actuator(binding.id).latched


def _require_clear(d: Draft, binding: Binding) -> None:
    """What still trips is not cleared."""
    if binding.role in interlocks.LATCHING and not interlocks.can_clear(d, binding):
        raise Refusal("still_tripped", point=binding.id)


def _unlatch(d: Draft, binding: Binding, by: str) -> None:
    _require_clear(d, binding)
    if binding.role in interlocks.LATCHING:
        interlocks.clear(d, binding)
    else:
        safety.clear_latch(d, binding)
    d.event("latch_cleared", binding.node, point=binding.id, by=by)


def _give_back(d: Draft, request: GiveBack) -> dict[str, Any]:
    binding = d.farm.binding.get(request.point)
    if binding is None:
        raise Refusal("point_unknown", point=request.point)
    if not safety.is_taken_over(d, d.actuator(request.point)):
        raise Refusal("not_taken_over", point=request.point)
    safety.give_back(d, binding)
    d.event("given_back", binding.node, point=request.point, by=request.by)
    return {"point": request.point}


def _fixture_replaced(d: Draft, request: FixtureReplaced) -> dict[str, Any]:
    level = d.farm.level.get(request.level)
    if level is None:
        raise Refusal("level_unknown", level=request.level)
    if level.fixture is None:
        raise Refusal("no_fixture", level=level.name)
    state = d.level(level.id)
    hours = state.lamp.hours
    lamp = replace(state.lamp, hours=0.0, at=None, output=0.0, ratio=None)
    d.levels.set(level.id, replace(state, lamp=lamp))
    d.mark(level.id)
    d.event("fixture_replaced", level.id, hours=round(hours), by=request.by)
    return {"level": level.id, "hours": round(hours)}


def _note_refusal(d: Draft, request: NoteRefusal) -> dict[str, Any]:
    d.event(
        "request_refused",
        d.farm.id,
        what=request.what,
        role=request.role,
        needs=request.needs,
        times=request.times,
        end="refused",
        by=request.by,
    )
    return {}


def _note_role(d: Draft, request: NoteRole) -> dict[str, Any]:
    told = {"who": request.who, "was": request.was, "value": request.role, "by": request.by}
    d.event("role_changed", d.farm.id, **told)
    return {}


def _note_export(d: Draft, request: NoteExport) -> dict[str, Any]:
    d.event("farm_exported", d.farm.id, file=request.file, ledger=request.ledger, by=request.by)
    return {}


def _note_setting(d: Draft, request: NoteSetting) -> dict[str, Any]:
    d.event(
        "device_set",
        d.farm.id,
        device=request.device,
        what=request.what,
        was=request.was,
        value=request.value,
        end=request.end,
        by=request.by,
    )
    return {}


def _shutdown(d: Draft, request: Shutdown) -> dict[str, Any]:
    d.state = replace(d.state, stage=Stage.STOPPING)
    d.mark_all()
    return {}


_HANDLERS: dict[type[Request], Callable[[Draft, Any], dict[str, Any]]] = {
    StartBatch: _start_batch,
    AdvancePhase: _advance_phase,
    ChangeRecipe: _change_recipe,
    Harvest: _harvest,
    SetOverride: _set_override,
    ClearOverride: _clear_override,
    SetMode: _set_mode,
    AcceptLoss: _accept_loss,
    StartWorkflow: _start_workflow,
    AdvanceWorkflow: _advance_workflow,
    EndWorkflow: _end_workflow,
    EmergencyStop: _emergency_stop,
    TakeOver: _take_over,
    ReleaseStop: _release,
    Arm: _arm,
    Disarm: _disarm,
    ClearLatch: _clear_latch,
    ClearLatches: _clear_latches,
    GiveBack: _give_back,
    FixtureReplaced: _fixture_replaced,
    NoteRefusal: _note_refusal,
    NoteExport: _note_export,
    NoteRole: _note_role,
    NoteSetting: _note_setting,
    Shutdown: _shutdown,
    **tank_requests.HANDLERS,
    **water_requests.HANDLERS,
    **labour.HANDLERS,
    **alarm_test.HANDLERS,
    **self_test.HANDLERS,
    **plan_requests.HANDLERS,
    **tasks.HANDLERS,
    **batch_requests.HANDLERS,
    **rollouts.HANDLERS,
    **drills.HANDLERS,
}
