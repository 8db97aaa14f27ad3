"""Actions of vfarm: what a grower or an automation asks of a farm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Coroutine, Mapping
from enum import StrEnum
from typing import Any, cast

import voluptuous as vol
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from vfarm_core.batches import lifecycle
from vfarm_core.batches.model import Batch
from vfarm_core.control.explain import about_gap, explain
from vfarm_core.control.inputs import (
    AdvancePhase,
    AdvanceWorkflow,
    Arm,
    CalibrateProbe,
    CalibratePump,
    ChangeRecipe,
    ClearInhibit,
    ClearLatch,
    ClearOverride,
    ClearReservoir,
    Disarm,
    EmergencyStop,
    EndWorkflow,
    FixtureReplaced,
    GiveBack,
    Harvest,
    Inhibit,
    PumpRun,
    ReleaseStop,
    Request,
    RunDose,
    RunFill,
    RunShot,
    SetMode,
    SetOverride,
    SetProbe,
    SolutionChanged,
    StartBatch,
    StartWorkflow,
    TryActuator,
    VerifyProbe,
)
from vfarm_core.control.memory import ProbeUse
from vfarm_core.control.protection import gaps_of
from vfarm_core.control.snapshot import LevelSnapshot
from vfarm_core.farm.calibration import KnownPoint
from vfarm_core.farm.codec import encode
from vfarm_core.farm.nodes import NodeKind
from vfarm_core.farm.overrides import (
    OVERRIDE_RANGES,
    WORKFLOWS,
    Mode,
    Override,
    Quantity,
    WorkflowKind,
)
from vfarm_core.farm.roles import Loop
from vfarm_core.recipes.model import Recipe

from .access import async_check_action
from .alarm_tests import TEST_SCHEMA, async_send
from .asking import ask, ask_all
from .batch_actions import BATCH_HANDLERS, BATCH_SCHEMAS, GRADES
from .blueprint_shelf import INSTALL_SCHEMA, async_install
from .bundles import EXPORT_SCHEMA, IMPORT_SCHEMA, async_export, async_import
from .calibrating import async_calibrations
from .card_words import async_card_words
from .const import DOMAIN
from .data import VfarmConfigEntry
from .entity import async_by, checked
from .fields import in_words, instant, number, span, whole
from .forgetting import FORGET_SCHEMA, async_forget
from .history import (
    AUDIT_SCHEMA,
    REPORT_SCHEMA,
    TRACE_SCHEMA,
    async_audit,
    async_report,
    async_trace,
)
from .language import async_language
from .nutrients import SOLVE_SCHEMA, async_solve
from .people import named
from .plan_actions import PLAN_HANDLERS, PLAN_SCHEMAS
from .recipe_actions import RECIPE_HANDLERS, RECIPE_SCHEMAS
from .recipe_shelf import async_recipes
from .rollout_actions import ROLLOUT_HANDLERS, ROLLOUT_SCHEMAS
from .said import async_in_words
from .self_tests import SELF_TEST_SCHEMA, async_self_test
from .station_actions import STATION_HANDLERS, STATION_SCHEMAS
from .targets import (
    ATTR_NODE,
    ENTRY_SCHEMA,
    TARGET_SCHEMA,
    Target,
    async_entries,
    async_entry,
    async_targets,
    error,
)


class Service(StrEnum):
    """The names of the actions."""

    START_BATCH = "start_batch"
    ADVANCE_PHASE = "advance_phase"
    CHANGE_RECIPE = "change_recipe"
    HARVEST = "harvest"
    SET_OVERRIDE = "set_override"
    CLEAR_OVERRIDE = "clear_override"
    SET_MODE = "set_mode"
    EMERGENCY_STOP = "emergency_stop"
    RELEASE_EMERGENCY_STOP = "release_emergency_stop"
    ARM_LOOP = "arm_loop"
    DISARM_LOOP = "disarm_loop"
    CLEAR_INHIBIT = "clear_inhibit"
    CLEAR_LATCH = "clear_latch"
    GIVE_BACK = "give_back"
    TRY_ACTUATOR = "try_actuator"
    SELF_TEST = "self_test"
    SEND_TEST_ALARM = "send_test_alarm"
    FIXTURE_REPLACED = "fixture_replaced"
    RUN_SHOT = "run_shot"
    RUN_DOSE = "run_dose"
    RUN_FILL = "run_fill"
    SET_PROBE = "set_probe"
    VERIFY_PROBE = "verify_probe"
    CALIBRATE_PROBE = "calibrate_probe"
    CALIBRATE_PUMP = "calibrate_pump"
    GET_CALIBRATIONS = "get_calibrations"
    CLEAR_RESERVOIR = "clear_reservoir"
    SOLUTION_CHANGED = "solution_changed"
    START_WORKFLOW = "start_workflow"
    ADVANCE_WORKFLOW = "advance_workflow"
    END_WORKFLOW = "end_workflow"
    EXPLAIN = "explain"
    SOLVE_NUTRIENTS = "solve_nutrients"
    EXPORT_FARM = "export_farm"
    INSTALL_BLUEPRINTS = "install_blueprints"
    IMPORT_FARM = "import_farm"
    PLAN_BATCH = "plan_batch"
    PLAN_ORDERS = "plan_orders"
    APPLY_PLAN = "apply_plan"
    RESCHEDULE_BATCH = "reschedule_batch"
    SOW_BATCH = "sow_batch"
    FAIL_BATCH = "fail_batch"
    MOVE_BATCH = "move_batch"
    SPLIT_BATCH = "split_batch"
    MERGE_BATCHES = "merge_batches"
    TRANSPLANT_BATCH = "transplant_batch"
    CUT_BATCH = "cut_batch"
    LOSE_PLANTS = "lose_plants"
    RECEIVE_LOT = "receive_lot"
    USE_LOT = "use_lot"
    CLOSE_LOT = "close_lot"
    LOG_LABOUR = "log_labour"
    TRACE = "trace"
    BATCH_REPORT = "batch_report"
    CHECK_RECIPE = "check_recipe"
    SAVE_RECIPE = "save_recipe"
    IMPORT_RECIPE = "import_recipe"
    EXPORT_RECIPE = "export_recipe"
    LIST_RECIPES = "list_recipes"
    GET_RECIPE = "get_recipe"
    DIFF_RECIPES = "diff_recipes"
    START_ROLLOUT = "start_rollout"
    PAUSE_ROLLOUT = "pause_rollout"
    RESUME_ROLLOUT = "resume_rollout"
    PROMOTE_ROLLOUT = "promote_rollout"
    ROLL_BACK_ROLLOUT = "roll_back_rollout"
    GET_ROLLOUTS = "get_rollouts"
    COMPARE_VERSIONS = "compare_versions"
    AUDIT = "audit"
    FORGET_PERSON = "forget_person"
    SET_STATION = "set_station"
    REMOVE_STATION = "remove_station"
    STATION_PACKAGE = "station_package"
    STATION_CHECK = "station_check"
    START_DRILL = "start_drill"
    ADVANCE_DRILL = "advance_drill"
    CONFIRM_DRILL = "confirm_drill"
    END_DRILL = "end_drill"
    NOTE_PROTECTION = "note_protection"


class Field(StrEnum):
    """The names of their fields."""

    RECIPE = "recipe"
    PLANTS = "plants"
    DAYS_AGO = "sown_days_ago"
    TITLE = "title"
    BATCH = "batch"
    KG = "kg"
    GRADES = "grades"
    WASTE_KG = "waste_kg"
    CULTIVAR = "cultivar"
    SEED_LOT = "seed_lot"
    PINNED = "pinned"
    SOW_AT = "sow_at"
    NOTE = "note"
    REGROW = "regrow"
    QUANTITY = "quantity"
    VALUE = "value"
    DURATION = "duration"
    WHY = "why"
    MODE = "mode"
    LOOP = "loop"
    POINT = "point"
    STANDARD = "standard"
    SHOWN = "shown"
    STANDARD_2 = "standard_2"
    SHOWN_2 = "shown_2"
    STANDARD_3 = "standard_3"
    SHOWN_3 = "shown_3"
    TEMPERATURE = "temperature"
    PRESSURE = "pressure"
    ML = "ml"
    ML_2 = "ml_2"
    DURATION_2 = "duration_2"
    ML_3 = "ml_3"
    DURATION_3 = "duration_3"
    LITRES = "litres"
    USE = "use"
    INHIBIT = "inhibit"
    WORKFLOW = "workflow"
    CONFIRMED = "confirmed"


#: More was never cut in one harvest: grams were meant.
_MOST_KG = 100_000.0
#: No probe and no light sensor shows more, in whatever unit of theirs.
_MOST_SHOWN = 3000.0
#: No table of a standard goes further (°C).
_HOTTEST_C = 50.0
#: The air weighs less than that everywhere.
_MOST_HPA = 2000.0
_HPA_PER_KPA = 10.0
#: So many characters of a note are kept.
_NOTE = 200

_SEED_SCHEMA = {
    vol.Optional(Field.CULTIVAR): cv.string,
    vol.Optional(Field.SEED_LOT): cv.string,
}
_BATCH_SCHEMA = {**TARGET_SCHEMA, vol.Optional(Field.BATCH): cv.string}

SCHEMAS: Mapping[Service, vol.Schema] = {
    Service.START_BATCH: vol.Schema(
        {
            **TARGET_SCHEMA,
            vol.Required(Field.RECIPE): cv.string,
            vol.Optional(Field.PLANTS): whole(),
            vol.Optional(Field.DAYS_AGO, default=0.0): number(),
            vol.Optional(Field.TITLE, default=""): cv.string,
            vol.Optional(Field.PINNED, default=False): cv.boolean,
            **_SEED_SCHEMA,
        }
    ),
    Service.PLAN_BATCH: vol.Schema(
        {
            **TARGET_SCHEMA,
            vol.Required(Field.RECIPE): cv.string,
            vol.Required(Field.SOW_AT): instant,
            vol.Optional(Field.PLANTS): whole(),
            vol.Optional(Field.TITLE, default=""): cv.string,
            **_SEED_SCHEMA,
        }
    ),
    Service.ADVANCE_PHASE: vol.Schema(_BATCH_SCHEMA),
    Service.CHANGE_RECIPE: vol.Schema(
        {
            **_BATCH_SCHEMA,
            vol.Optional(Field.RECIPE): cv.string,
            vol.Required(Field.DURATION): span,
        }
    ),
    Service.HARVEST: vol.Schema(
        {
            **_BATCH_SCHEMA,
            vol.Optional(Field.KG): number(high=_MOST_KG),
            vol.Optional(Field.GRADES, default=dict): GRADES,
            vol.Optional(Field.WASTE_KG): number(high=_MOST_KG),
            vol.Optional(Field.NOTE, default=""): cv.string,
            vol.Optional(Field.REGROW, default=False): cv.boolean,
        }
    ),
    Service.SET_OVERRIDE: vol.Schema(
        {
            **TARGET_SCHEMA,
            vol.Required(Field.QUANTITY): vol.Coerce(Quantity),
            vol.Required(Field.VALUE): number(),
            vol.Required(Field.DURATION): span,
            vol.Optional(Field.WHY, default=""): cv.string,
        }
    ),
    Service.CLEAR_OVERRIDE: vol.Schema(
        {**TARGET_SCHEMA, vol.Required(Field.QUANTITY): vol.Coerce(Quantity)}
    ),
    Service.SET_MODE: vol.Schema({**ENTRY_SCHEMA, vol.Required(Field.MODE): vol.Coerce(Mode)}),
    Service.EMERGENCY_STOP: vol.Schema(
        {**ENTRY_SCHEMA, vol.Optional(Field.WHY, default=""): cv.string}
    ),
    Service.RELEASE_EMERGENCY_STOP: vol.Schema(ENTRY_SCHEMA),
    Service.ARM_LOOP: vol.Schema({**ENTRY_SCHEMA, vol.Required(Field.LOOP): vol.Coerce(Loop)}),
    Service.DISARM_LOOP: vol.Schema({**ENTRY_SCHEMA, vol.Required(Field.LOOP): vol.Coerce(Loop)}),
    Service.CLEAR_INHIBIT: vol.Schema(TARGET_SCHEMA),
    Service.CLEAR_LATCH: vol.Schema({**ENTRY_SCHEMA, vol.Required(Field.POINT): cv.string}),
    Service.GIVE_BACK: vol.Schema({**ENTRY_SCHEMA, vol.Required(Field.POINT): cv.string}),
    Service.TRY_ACTUATOR: vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(Field.POINT): cv.string,
            vol.Optional(Field.DURATION): span,
        }
    ),
    Service.SEND_TEST_ALARM: TEST_SCHEMA,
    Service.SELF_TEST: SELF_TEST_SCHEMA,
    Service.FIXTURE_REPLACED: vol.Schema(TARGET_SCHEMA),
    Service.RUN_SHOT: vol.Schema(
        {
            **TARGET_SCHEMA,
            vol.Optional(Field.DURATION): span,
            vol.Optional(Field.LITRES): number(),
        }
    ),
    Service.RUN_DOSE: vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(Field.POINT): cv.string,
            vol.Required(Field.ML): number(),
        }
    ),
    Service.RUN_FILL: vol.Schema({**TARGET_SCHEMA, vol.Optional(Field.LITRES): number()}),
    Service.SET_PROBE: vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(Field.POINT): cv.string,
            vol.Required(Field.USE): vol.Coerce(ProbeUse),
        }
    ),
    Service.VERIFY_PROBE: vol.Schema({**ENTRY_SCHEMA, vol.Required(Field.POINT): cv.string}),
    Service.CALIBRATE_PROBE: vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(Field.POINT): cv.string,
            vol.Required(Field.STANDARD): number(0, _MOST_SHOWN),
            vol.Required(Field.SHOWN): number(0, _MOST_SHOWN),
            **{
                vol.Optional(field): number(0, _MOST_SHOWN)
                for field in (Field.STANDARD_2, Field.SHOWN_2, Field.STANDARD_3, Field.SHOWN_3)
            },
            vol.Optional(Field.TEMPERATURE): number(0, _HOTTEST_C),
            vol.Optional(Field.PRESSURE): number(0, _MOST_HPA),
            vol.Optional(Field.NOTE, default=""): vol.All(cv.string, vol.Length(max=_NOTE)),
        }
    ),
    Service.GET_CALIBRATIONS: vol.Schema(ENTRY_SCHEMA),
    Service.CALIBRATE_PUMP: vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(Field.POINT): cv.string,
            vol.Required(Field.ML): number(),
            vol.Required(Field.DURATION): span,
            vol.Optional(Field.ML_2): number(),
            vol.Optional(Field.DURATION_2): span,
            vol.Optional(Field.ML_3): number(),
            vol.Optional(Field.DURATION_3): span,
        }
    ),
    Service.CLEAR_RESERVOIR: vol.Schema(
        {**TARGET_SCHEMA, vol.Required(Field.INHIBIT): vol.Coerce(Inhibit)}
    ),
    Service.SOLUTION_CHANGED: vol.Schema(TARGET_SCHEMA),
    Service.START_WORKFLOW: vol.Schema(
        {
            **TARGET_SCHEMA,
            vol.Required(Field.WORKFLOW): vol.Coerce(WorkflowKind),
            vol.Required(Field.DURATION): span,
            vol.Optional(Field.CONFIRMED, default=False): cv.boolean,
        }
    ),
    Service.ADVANCE_WORKFLOW: vol.Schema(TARGET_SCHEMA),
    Service.END_WORKFLOW: vol.Schema(TARGET_SCHEMA),
    Service.EXPLAIN: vol.Schema(TARGET_SCHEMA),
    Service.SOLVE_NUTRIENTS: SOLVE_SCHEMA,
    Service.EXPORT_FARM: EXPORT_SCHEMA,
    Service.INSTALL_BLUEPRINTS: INSTALL_SCHEMA,
    Service.IMPORT_FARM: IMPORT_SCHEMA,
    **{Service(name): schema for name, schema in BATCH_SCHEMAS.items()},
    **{Service(name): schema for name, schema in PLAN_SCHEMAS.items()},
    Service.TRACE: TRACE_SCHEMA,
    Service.BATCH_REPORT: REPORT_SCHEMA,
    **{Service(name): schema for name, schema in RECIPE_SCHEMAS.items()},
    **{Service(name): schema for name, schema in ROLLOUT_SCHEMAS.items()},
    **{Service(name): schema for name, schema in STATION_SCHEMAS.items()},
    Service.AUDIT: AUDIT_SCHEMA,
    Service.FORGET_PERSON: FORGET_SCHEMA,
}

#: Actions that only answer.
_ANSWERS = frozenset(
    {
        Service.EXPLAIN,
        Service.SOLVE_NUTRIENTS,
        Service.PLAN_ORDERS,
        Service.TRACE,
        Service.BATCH_REPORT,
        Service.CHECK_RECIPE,
        Service.EXPORT_RECIPE,
        Service.LIST_RECIPES,
        Service.GET_RECIPE,
        Service.DIFF_RECIPES,
        Service.GET_ROLLOUTS,
        Service.GET_CALIBRATIONS,
        Service.COMPARE_VERSIONS,
        Service.AUDIT,
        Service.STATION_PACKAGE,
        Service.STATION_CHECK,
    }
)

type Response = dict[str, Any]
type Handler = Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, Response]]


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register every action, once per process."""

    def register(name: Service, handler: Handler) -> None:
        async def handle(call: ServiceCall) -> ServiceResponse:
            try:
                await async_check_action(hass, call)
                return cast("Response", named(hass, await handler(hass, call)))
            except ServiceValidationError as err:
                raise await async_in_words(hass, err) from err.__cause__

        only = name in _ANSWERS
        hass.services.async_register(
            DOMAIN,
            name,
            handle,
            schema=in_words(SCHEMAS[name]),
            supports_response=SupportsResponse.ONLY if only else SupportsResponse.OPTIONAL,
        )

    for name, handler in _HANDLERS.items():
        register(name, handler)


def _one_farm(targets: list[Target]) -> VfarmConfigEntry:
    if len({target.entry.entry_id for target in targets}) > 1:
        raise error("several_farms")
    return targets[0].entry


# -- batches ------------------------------------------------------------------------------------


async def _start_batch(hass: HomeAssistant, call: ServiceCall) -> Response:
    """Sow a batch on levels; its plants fill the free sites in the order of the levels."""
    entry, recipe, farm_sites = await _wanted(hass, call)
    taken = entry.runtime_data.sites_taken
    free = {level: max(0, sites - taken.get(level, 0)) for level, sites in farm_sites.items()}
    return await _begin(
        hass,
        call,
        entry,
        recipe,
        free,
        lambda **known: lifecycle.sow(days_ago=call.data[Field.DAYS_AGO], **known),
        entry.runtime_data.engine.clock.now().farm,
    )


async def _plan_batch(hass: HomeAssistant, call: ServiceCall) -> Response:
    """Plan a batch; sites are taken when it is sown."""
    entry, recipe, sites = await _wanted(hass, call)
    at = dt_util.as_timestamp(call.data[Field.SOW_AT])
    return await _begin(hass, call, entry, recipe, sites, lifecycle.plan, at)


async def _wanted(
    hass: HomeAssistant, call: ServiceCall
) -> tuple[VfarmConfigEntry, Recipe, dict[str, int]]:
    """The farm, the recipe and the sites of the levels that a batch is to grow on."""
    targets = async_targets(hass, call, NodeKind.LEVEL)
    entry = _one_farm(targets)
    recipes = await async_recipes(hass)
    recipe = recipes.get(call.data[Field.RECIPE])
    if recipe is None:
        raise error("recipe_unknown", recipe=call.data[Field.RECIPE], known=", ".join(recipes))
    farm = entry.runtime_data.farm
    return entry, recipe, {t.node: farm.level[t.node].sites for t in targets}


async def _begin(
    hass: HomeAssistant,
    call: ServiceCall,
    entry: VfarmConfigEntry,
    recipe: Recipe,
    free: Mapping[str, int],
    make: Callable[..., Batch],
    at: float,
) -> Response:
    plants = call.data.get(Field.PLANTS, sum(free.values()))
    placements: dict[str, int] = {}
    left = plants
    for level, sites in free.items():
        used = min(left, sites)
        if used > 0:
            placements[level] = used
        left -= used
    if left > 0 or not placements:
        asked = plants if plants else len(free)
        raise error("levels_full", asked=str(asked), free=str(sum(free.values())))
    by = await async_by(hass, call.context)
    try:
        batch = make(
            id=ulid_now(),
            recipe=recipe,
            plants=plants,
            placements=placements,
            at=at,
            title=call.data[Field.TITLE],
            cultivar=call.data.get(Field.CULTIVAR),
            seed_lot=call.data.get(Field.SEED_LOT),
            by=by,
        )
    except lifecycle.BatchError as err:
        raise error(f"batch_{err.key}", **{k: str(v) for k, v in err.params.items()}) from err
    pinned = call.data.get(Field.PINNED, False)
    return await ask(entry, StartBatch(batch=batch, recipe=recipe, pinned=pinned, by=by))


@callback
def _batches(hass: HomeAssistant, call: ServiceCall) -> list[tuple[VfarmConfigEntry, str]]:
    """The batches an action is for: the one named, or those on the levels it is aimed at."""
    if named := call.data.get(Field.BATCH):
        return [(async_entry(hass, call), named)]
    found: dict[str, VfarmConfigEntry] = {}
    for target in async_targets(hass, call, NodeKind.LEVEL):
        snapshot = target.entry.runtime_data.engine.snapshot(target.node)
        if not isinstance(snapshot, LevelSnapshot) or snapshot.batch is None:
            raise error("level_empty", level=target.farm.level[target.node].name)
        found[snapshot.batch] = target.entry
    return [(entry, batch) for batch, entry in found.items()]


async def _advance_phase(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return {
        "batches": await ask_all(
            (entry, AdvancePhase(batch=batch, by=by)) for entry, batch in _batches(hass, call)
        )
    }


async def _change_recipe(hass: HomeAssistant, call: ServiceCall) -> Response:
    """Move batches to the version of a recipe that is on the shelf now."""
    by = await async_by(hass, call.context)
    batches = _batches(hass, call)
    recipes = await async_recipes(hass)
    duration: dt.timedelta = call.data[Field.DURATION]
    asked = []
    for entry, batch in batches:
        known = entry.runtime_data.engine.runtime.memory.batches.get(batch)
        if known is None:
            raise error("batch_unknown", batch=batch)
        name = call.data.get(Field.RECIPE, known.recipe_id)
        recipe = recipes.get(name)
        if recipe is None:
            raise error("recipe_unknown", recipe=name, known=", ".join(recipes))
        ramp_s = duration.total_seconds()
        asked.append((entry, ChangeRecipe(batch=batch, recipe=recipe, ramp_s=ramp_s, by=by)))
    return {"batches": await ask_all(asked)}


async def _harvest(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    batches = _batches(hass, call)
    kg = call.data.get(Field.KG)
    grades, waste_kg = call.data[Field.GRADES], call.data.get(Field.WASTE_KG)
    if (kg is not None or grades or waste_kg is not None) and len(batches) > 1:
        raise error("one_weight")
    return {
        "batches": await ask_all(
            (
                entry,
                Harvest(
                    batch=batch,
                    kg=kg,
                    note=call.data[Field.NOTE],
                    regrow=call.data[Field.REGROW],
                    grades=grades,
                    waste_kg=waste_kg,
                    by=by,
                ),
            )
            for entry, batch in batches
        )
    }


# -- overrides ----------------------------------------------------------------------------------


async def _set_override(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    quantity: Quantity = call.data[Field.QUANTITY]
    duration: dt.timedelta = call.data[Field.DURATION]
    asked = []
    for target in async_targets(hass, call, NodeKind(OVERRIDE_RANGES[quantity].node)):
        override = Override(
            node=target.node,
            quantity=quantity,
            value=call.data[Field.VALUE],
            expires_at=target.entry.runtime_data.engine.clock.now().farm + duration.total_seconds(),
            by=by,
            why=call.data[Field.WHY],
        )
        asked.append((target.entry, SetOverride(override=override, by=by)))
    return {"overrides": await ask_all(asked)}


async def _clear_override(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    quantity: Quantity = call.data[Field.QUANTITY]
    targets = async_targets(hass, call, NodeKind(OVERRIDE_RANGES[quantity].node))
    await ask_all(
        (target.entry, ClearOverride(node=target.node, quantity=quantity, by=by))
        for target in targets
    )
    return {"cleared": [target.node for target in targets]}


# -- the farm -----------------------------------------------------------------------------------


async def _set_mode(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return await ask(async_entry(hass, call), SetMode(mode=call.data[Field.MODE], by=by))


async def _emergency_stop(hass: HomeAssistant, call: ServiceCall) -> Response:
    """Stop the farm named, or all of them: a stop never fails for want of a name."""
    by = await async_by(hass, call.context)
    stopped = []
    # Who stops a farm that does not run has to hear that nothing was told to stop.
    for entry in async_entries(hass, call) or [async_entry(hass, call)]:
        checked(entry.runtime_data.engine.request(EmergencyStop(why=call.data[Field.WHY], by=by)))
        stopped.append(entry.title)
    return {"stopped": stopped}


async def _release(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return await ask(async_entry(hass, call), ReleaseStop(by=by))


async def _arm(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return await ask(async_entry(hass, call), Arm(loop=call.data[Field.LOOP], by=by))


async def _disarm(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return await ask(async_entry(hass, call), Disarm(loop=call.data[Field.LOOP], by=by))


async def _clear_inhibit(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return {
        "circuits": await ask_all(
            (target.entry, ClearInhibit(node=target.node, by=by))
            for target in async_targets(hass, call, NodeKind.CIRCUIT)
        )
    }


async def _clear_latch(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return await ask(async_entry(hass, call), ClearLatch(point=call.data[Field.POINT], by=by))


async def _give_back(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return await ask(async_entry(hass, call), GiveBack(point=call.data[Field.POINT], by=by))


async def _try_actuator(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    duration: dt.timedelta | None = call.data.get(Field.DURATION)
    seconds = None if duration is None else duration.total_seconds()
    request = TryActuator(point=call.data[Field.POINT], duration_s=seconds, by=by)
    return await ask(async_entry(hass, call), request)


async def _fixture_replaced(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return {
        "levels": await ask_all(
            (target.entry, FixtureReplaced(level=target.node, by=by))
            for target in async_targets(hass, call, NodeKind.LEVEL)
        )
    }


async def _run_shot(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    duration: dt.timedelta | None = call.data.get(Field.DURATION)
    seconds = None if duration is None else duration.total_seconds()
    litres: float | None = call.data.get(Field.LITRES)
    return {
        "shots": await ask_all(
            (
                target.entry,
                RunShot(circuit=target.node, duration_s=seconds, volume_l=litres, by=by),
            )
            for target in async_targets(hass, call, NodeKind.CIRCUIT)
        )
    }


# -- reservoirs ---------------------------------------------------------------------------------


async def _run_dose(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    request = RunDose(point=call.data[Field.POINT], ml=call.data[Field.ML], by=by)
    return await ask(async_entry(hass, call), request)


async def _set_probe(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    request = SetProbe(point=call.data[Field.POINT], use=call.data[Field.USE], by=by)
    return await ask(async_entry(hass, call), request)


async def _verify_probe(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return await ask(async_entry(hass, call), VerifyProbe(point=call.data[Field.POINT], by=by))


async def _calibrate_probe(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    points = []
    for place, standard, shown in (
        (1, Field.STANDARD, Field.SHOWN),
        (2, Field.STANDARD_2, Field.SHOWN_2),
        (3, Field.STANDARD_3, Field.SHOWN_3),
    ):
        pair = (call.data.get(standard), call.data.get(shown))
        match pair:
            case (None, None):
                continue
            case (float(has), float(shows)):
                points.append(KnownPoint(has, shows))
            case _:
                raise error("calibration_pair", number=str(place))
    request = CalibrateProbe(
        point=call.data[Field.POINT],
        points=tuple(points),
        temperature=call.data.get(Field.TEMPERATURE),
        pressure_kpa=None
        if (pressure := call.data.get(Field.PRESSURE)) is None
        else pressure / _HPA_PER_KPA,
        note=call.data[Field.NOTE],
        by=by,
    )
    return await ask(async_entry(hass, call), request)


async def _calibrate_pump(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    duration: dt.timedelta = call.data[Field.DURATION]
    more = []
    for place, ml, took in ((2, Field.ML_2, Field.DURATION_2), (3, Field.ML_3, Field.DURATION_3)):
        match (call.data.get(ml), call.data.get(took)):
            case (None, None):
                continue
            case (float(gave), dt.timedelta() as ran):
                more.append(PumpRun(ml=gave, seconds=ran.total_seconds()))
            case _:
                raise error("calibration_run", number=str(place))
    request = CalibratePump(
        point=call.data[Field.POINT],
        ml=call.data[Field.ML],
        seconds=duration.total_seconds(),
        more=tuple(more),
        by=by,
    )
    return await ask(async_entry(hass, call), request)


async def _each_reservoir(
    hass: HomeAssistant, call: ServiceCall, request: Callable[[str], Request]
) -> Response:
    targets = async_targets(hass, call, NodeKind.RESERVOIR)
    return {"reservoirs": await ask_all((t.entry, request(t.node)) for t in targets)}


async def _run_fill(hass: HomeAssistant, call: ServiceCall) -> Response:
    by, litres = await async_by(hass, call.context), call.data.get(Field.LITRES)
    return await _each_reservoir(
        hass, call, lambda node: RunFill(reservoir=node, litres=litres, by=by)
    )


async def _clear_reservoir(hass: HomeAssistant, call: ServiceCall) -> Response:
    by, what = await async_by(hass, call.context), call.data[Field.INHIBIT]
    return await _each_reservoir(
        hass, call, lambda node: ClearReservoir(reservoir=node, what=what, by=by)
    )


async def _solution_changed(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    return await _each_reservoir(hass, call, lambda node: SolutionChanged(reservoir=node, by=by))


# -- workflows ----------------------------------------------------------------------------------

_ANY_WORKFLOW = tuple(
    NodeKind(kind) for kind in dict.fromkeys(k for r in WORKFLOWS.values() for k in r.nodes)
)


async def _start_workflow(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    kind: WorkflowKind = call.data[Field.WORKFLOW]
    duration: dt.timedelta = call.data[Field.DURATION]
    kinds = (NodeKind(node) for node in WORKFLOWS[kind].nodes)
    return {
        "workflows": await ask_all(
            (
                target.entry,
                StartWorkflow(
                    node=target.node,
                    kind=kind,
                    until=target.entry.runtime_data.engine.clock.now().farm
                    + duration.total_seconds(),
                    confirmed=call.data[Field.CONFIRMED],
                    by=by,
                ),
            )
            for target in async_targets(hass, call, *kinds)
        )
    }


async def _advance_workflow(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    targets = async_targets(hass, call, *_ANY_WORKFLOW)
    return {
        "workflows": await ask_all((t.entry, AdvanceWorkflow(node=t.node, by=by)) for t in targets)
    }


async def _end_workflow(hass: HomeAssistant, call: ServiceCall) -> Response:
    by = await async_by(hass, call.context)
    targets = async_targets(hass, call, *_ANY_WORKFLOW)
    return {"workflows": await ask_all((t.entry, EndWorkflow(node=t.node, by=by)) for t in targets)}


_EXPLAINED = (
    NodeKind.FARM,
    NodeKind.ZONE,
    NodeKind.LEVEL,
    NodeKind.RESERVOIR,
    NodeKind.CIRCUIT,
)


async def _explain(hass: HomeAssistant, call: ServiceCall) -> Response:
    """How nodes look and why their actuators are as they are."""
    words = await async_card_words(hass, await async_language(hass, call.context))
    nodes: list[Any] = []
    for target in async_targets(hass, call, *_EXPLAINED):
        snapshot = target.entry.runtime_data.engine.snapshot(target.node)
        if snapshot is None:
            raise error("not_running", farm=target.entry.title)
        known = target.farm.nodes.get(target.node)
        nodes.append(
            {
                ATTR_NODE: target.node,
                "name": known.name if known is not None else target.farm.name,
                **encode(snapshot),
                "sentences": list(explain(snapshot, words)),
                "unprotected": [about_gap(gap, words) for gap in gaps_of(target.farm, target.node)],
            }
        )
    return {"nodes": nodes}


_HANDLERS: Mapping[Service, Handler] = {
    Service.START_BATCH: _start_batch,
    Service.ADVANCE_PHASE: _advance_phase,
    Service.CHANGE_RECIPE: _change_recipe,
    Service.HARVEST: _harvest,
    Service.SET_OVERRIDE: _set_override,
    Service.CLEAR_OVERRIDE: _clear_override,
    Service.SET_MODE: _set_mode,
    Service.EMERGENCY_STOP: _emergency_stop,
    Service.RELEASE_EMERGENCY_STOP: _release,
    Service.ARM_LOOP: _arm,
    Service.DISARM_LOOP: _disarm,
    Service.CLEAR_INHIBIT: _clear_inhibit,
    Service.CLEAR_LATCH: _clear_latch,
    Service.GIVE_BACK: _give_back,
    Service.TRY_ACTUATOR: _try_actuator,
    Service.SEND_TEST_ALARM: async_send,
    Service.SELF_TEST: async_self_test,
    Service.FIXTURE_REPLACED: _fixture_replaced,
    Service.RUN_SHOT: _run_shot,
    Service.RUN_DOSE: _run_dose,
    Service.RUN_FILL: _run_fill,
    Service.SET_PROBE: _set_probe,
    Service.VERIFY_PROBE: _verify_probe,
    Service.CALIBRATE_PROBE: _calibrate_probe,
    Service.CALIBRATE_PUMP: _calibrate_pump,
    Service.CLEAR_RESERVOIR: _clear_reservoir,
    Service.SOLUTION_CHANGED: _solution_changed,
    Service.START_WORKFLOW: _start_workflow,
    Service.ADVANCE_WORKFLOW: _advance_workflow,
    Service.END_WORKFLOW: _end_workflow,
    Service.EXPLAIN: _explain,
    Service.GET_CALIBRATIONS: async_calibrations,
    Service.SOLVE_NUTRIENTS: async_solve,
    Service.EXPORT_FARM: async_export,
    Service.INSTALL_BLUEPRINTS: async_install,
    Service.IMPORT_FARM: async_import,
    Service.PLAN_BATCH: _plan_batch,
    **{Service(name): handler for name, handler in BATCH_HANDLERS.items()},
    **{Service(name): handler for name, handler in PLAN_HANDLERS.items()},
    Service.TRACE: async_trace,
    Service.BATCH_REPORT: async_report,
    **{Service(name): handler for name, handler in RECIPE_HANDLERS.items()},
    **{Service(name): handler for name, handler in ROLLOUT_HANDLERS.items()},
    Service.AUDIT: async_audit,
    Service.FORGET_PERSON: async_forget,
    **{Service(name): handler for name, handler in STATION_HANDLERS.items()},
}
