"""Actions for roll-outs of recipe versions, and for what two versions yielded.

Shares are percent here and 0…1 in the core. Before a roll-out is promoted whose gates ask for the
yield, the history is asked (`rollout_judge`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from vfarm_core.batches.rollout import Gates, Outcome, Strategy, Verdict, newest
from vfarm_core.control.inputs import (
    PauseRollout,
    PromoteRollout,
    Request,
    ResumeRollout,
    RollBackRollout,
    StartRollout,
)
from vfarm_core.control.memory import Memory
from vfarm_core.control.rollouts import Doubts, doubts
from vfarm_core.control.snapshot import FarmSnapshot, RolloutView
from vfarm_core.farm.codec import encode
from vfarm_core.recipes import shelf
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.model import Recipe

from .asking import ask
from .data import VfarmConfigEntry
from .entity import async_by
from .fields import number, span, whole
from .history import async_answered
from .language import async_language
from .nutrients import async_install
from .recipe_shelf import async_recipes, folder
from .recipe_words import async_recipe_words
from .rollout_judge import async_judge
from .targets import ENTRY_SCHEMA, async_entry, error
from .words import Words, async_words

if TYPE_CHECKING:
    from vfarm_core.ledger.store import Ledger


class RolloutField(StrEnum):
    """The names of their fields."""

    ROLLOUT = "rollout"
    RECIPE = "recipe"
    STRATEGY = "strategy"
    OLD = "old"
    NEW = "new"
    LEVELS = "levels"
    BATCHES = "batches"
    DURATION = "duration"
    AUTO = "auto"
    WHY = "why"
    DESPITE = "despite"
    MIN_DAYS = "min_days"
    MIN_HARVESTED = "min_harvested"
    MIN_INSIDE = "min_inside"
    NO_CRITICAL = "no_critical"
    MAX_LOSSES = "max_losses"
    YIELD = "yield_not_lower"
    MARGIN = "yield_margin"
    EFFECT = "effect"
    INSTALL = "install"


F = RolloutField
_PERCENT = number(0.0, 100.0)
_NAMES = vol.All(cv.ensure_list, [cv.string])
_ONE: dict[Any, Any] = {
    **ENTRY_SCHEMA,
    vol.Optional(F.ROLLOUT): cv.string,
    vol.Optional(F.WHY, default=""): cv.string,
}
#: The time over which living batches change their version where nobody says another one.
_RAMP = dt.timedelta(days=2)

ROLLOUT_SCHEMAS: Mapping[str, vol.Schema] = {
    "start_rollout": vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(F.RECIPE): cv.string,
            vol.Required(F.STRATEGY): vol.Coerce(Strategy),
            vol.Optional(F.OLD): cv.string,
            vol.Optional(F.NEW): cv.string,
            vol.Optional(F.LEVELS, default=list): _NAMES,
            vol.Optional(F.BATCHES, default=list): _NAMES,
            vol.Optional(F.DURATION, default=_RAMP): span,
            vol.Optional(F.MIN_DAYS, default=0.0): number(0.0, 3650.0),
            vol.Optional(F.MIN_HARVESTED, default=0): whole(0, 10000),
            vol.Optional(F.MIN_INSIDE): _PERCENT,
            vol.Optional(F.NO_CRITICAL, default=True): cv.boolean,
            vol.Optional(F.MAX_LOSSES): _PERCENT,
            vol.Optional(F.YIELD, default=False): cv.boolean,
            vol.Optional(F.MARGIN, default=10.0): _PERCENT,
            vol.Optional(F.AUTO, default=False): cv.boolean,
            vol.Optional(F.WHY, default=""): cv.string,
        }
    ),
    "pause_rollout": vol.Schema(_ONE),
    "resume_rollout": vol.Schema(_ONE),
    "promote_rollout": vol.Schema({**_ONE, vol.Optional(F.DESPITE, default=False): cv.boolean}),
    "roll_back_rollout": vol.Schema({**_ONE, vol.Optional(F.DURATION): span}),
    "get_rollouts": vol.Schema(ENTRY_SCHEMA),
    "compare_versions": vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(F.RECIPE): cv.string,
            vol.Optional(F.OLD): cv.string,
            vol.Optional(F.NEW): cv.string,
            vol.Optional(F.EFFECT, default=10.0): number(0.1, 100.0),
            vol.Optional(F.MARGIN, default=10.0): number(0.0, 99.0),
            vol.Optional(F.INSTALL, default=False): cv.boolean,
        }
    ),
}

type Response = dict[str, Any]


async def _start(hass: HomeAssistant, call: ServiceCall) -> Response:
    by, entry, data = await async_by(hass, call.context), async_entry(hass, call), call.data
    memory = entry.runtime_data.engine.runtime.memory
    old, new = await _versions(hass, memory, data[F.RECIPE], data.get(F.OLD), data.get(F.NEW))
    duration: dt.timedelta = data[F.DURATION]
    request = StartRollout(
        id=_name(memory, new.id),
        old=old,
        new=new,
        strategy=data[F.STRATEGY],
        ramp_s=duration.total_seconds(),
        levels=tuple(data[F.LEVELS]),
        batches=tuple(data[F.BATCHES]),
        gates=Gates(
            min_days=data[F.MIN_DAYS],
            min_harvested=data[F.MIN_HARVESTED],
            min_inside=_share(data.get(F.MIN_INSIDE)),
            no_critical=data[F.NO_CRITICAL],
            max_losses=_share(data.get(F.MAX_LOSSES)),
            yield_not_lower=data[F.YIELD],
            yield_margin=data[F.MARGIN] / 100.0,
        ),
        auto=data[F.AUTO],
        why=data[F.WHY],
        by=by,
    )
    before = entry.runtime_data.engine.runtime.memory.batches
    said = await async_recipe_words(hass, await async_language(hass, call.context))
    try:
        answer = await ask(entry, request)
    except ServiceValidationError as err:
        if (which := _DOUBTED.get(err.translation_key or "")) is None:
            raise
        found = getattr(doubts(entry.runtime_data.farm, before, request), which)
        why = "; ".join(said.finding_line(one) for one in Doubts.errors(found))
        raise error(err.translation_key or "", recipe=request.new.id, why=why) from err
    found = doubts(entry.runtime_data.farm, before, request)
    warnings = [said.finding_line(one) for one in (*found.crop, *found.farm)]
    more = {key: answer[key] for key in ("changes", "shared")}
    return {
        **_shown(entry, request.id, await async_words(hass)),
        **more,
        "warnings": warnings,
    }


#: Refusals for what was found in a recipe, and where that was found.
_DOUBTED: Mapping[str, str] = {"rollout_recipe_wrong": "crop", "rollout_infeasible": "farm"}


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100.0


def _name(memory: Memory, recipe: str) -> str:
    """A name that people can type: the recipe and a number."""
    number = 1 + sum(1 for r in memory.rollouts.values() if r.recipe_id == recipe)
    while f"{recipe}-{number}" in memory.rollouts:
        number += 1
    return f"{recipe}-{number}"


async def _versions(
    hass: HomeAssistant, memory: Memory, name: str, old: str | None, new: str | None
) -> tuple[Recipe, Recipe]:
    """The old and the new version: those that are named, else what most living batches of the
    recipe follow (or the parent of the new one), and what is on the shelf."""
    pinned = list(memory.recipes.values())

    async def version(which: str) -> Recipe:
        asked = partial(shelf.find, folder(hass), f"{name}@{which}", pinned)
        try:
            return await hass.async_add_executor_job(asked)
        except RecipeError as err:
            raise error("rollout_version_unknown", recipe=name, version=which) from err

    if new is None:
        recipes = await async_recipes(hass)
        if name not in recipes:
            raise error("recipe_unknown", recipe=name, known=", ".join(recipes))
        after = recipes[name]
    else:
        after = await version(new)
    if old is not None:
        return await version(old), after
    followed = Counter(
        batch.recipe_version
        for batch in memory.batches.values()
        if batch.is_growing and batch.recipe_id == name and batch.recipe_version != after.version
    )
    if followed:
        return memory.recipes[followed.most_common(1)[0][0]], after
    if after.parent is None:
        raise error("rollout_no_old", recipe=name)
    return await version(after.parent), after


def _handler(make: Callable[[Mapping[str, Any], str, str], Request]) -> Any:
    async def handle(hass: HomeAssistant, call: ServiceCall) -> Response:
        by, entry = await async_by(hass, call.context), async_entry(hass, call)
        name = _which(entry, call.data.get(F.ROLLOUT))
        await ask(entry, make(call.data, name, by))
        return _shown(entry, name, await async_words(hass))

    return handle


async def _promote(hass: HomeAssistant, call: ServiceCall) -> Response:
    by, entry, data = await async_by(hass, call.context), async_entry(hass, call), call.data
    name, words = _which(entry, data.get(F.ROLLOUT)), await async_words(hass)
    await async_judge(hass, entry, name)
    request = PromoteRollout(rollout=name, why=data[F.WHY], despite=data[F.DESPITE], by=by)
    try:
        await ask(entry, request)
    except ServiceValidationError as err:
        if err.translation_key != "rollout_gates_closed":
            raise
        closed = [v for v in _view(entry, name).gates if v.outcome is not Outcome.PASSED]
        gates = "; ".join(_sentence(v, words) for v in closed)
        raise error("rollout_gates_closed", rollout=name, gates=gates) from err
    return _shown(entry, name, words)


def _which(entry: VfarmConfigEntry, named: str | None) -> str:
    """The roll-out that is meant: the only one that is not over, if none is named."""
    if named is not None:
        return named
    rollouts = entry.runtime_data.engine.runtime.memory.rollouts.values()
    current = [r for r in rollouts if newest(rollouts, r.recipe_id) is r]
    undecided = [r.id for r in current if r.is_open]
    if len(undecided) != 1:
        known = ", ".join(undecided or [r.id for r in current]) or "-"
        raise error("rollout_which", known=known)
    return undecided[0]


def _views(entry: VfarmConfigEntry) -> tuple[RolloutView, ...]:
    found = entry.runtime_data.engine.snapshot(entry.runtime_data.farm.id)
    if not isinstance(found, FarmSnapshot):
        raise error("not_running", farm=entry.title)
    return found.rollouts


def _view(entry: VfarmConfigEntry, name: str) -> RolloutView:
    for seen in _views(entry):
        if seen.id == name:
            return seen
    raise error("rollout_unknown", rollout=name)


def _shown(entry: VfarmConfigEntry, name: str, words: Words) -> Response:
    return _said(_view(entry, name), words)


def _said(seen: RolloutView, words: Words) -> Response:
    """A roll-out for people and automations: gates with their sentence, instants as ISO 8601."""
    found: dict[str, Any] = encode(seen)
    found["rollout"] = found.pop("id")
    found["started_at"] = _iso(seen.started_at)
    found["gates"] = [{**encode(v), "sentence": _sentence(v, words)} for v in seen.gates]
    found["history"] = [{**encode(turn), "at": _iso(turn.at)} for turn in seen.history]
    return found


#: Gates whose figures are shares; the others count days or batches.
_SHARES = frozenset({"min_inside", "max_losses", "yield_not_lower"})


def _sentence(verdict: Verdict, words: Words) -> str:
    """A gate in the language of the system: what it asks for, its figure and its limit."""

    def figure(value: float | None) -> str:
        if value is None:
            return "?"
        return f"{100 * value:.3g} %" if verdict.gate in _SHARES else f"{value:.3g}"

    name = words.option("rollout_gate", verdict.gate)
    outcome = words.option("rollout_outcome", verdict.outcome)
    why = words.option("compare_note", verdict.why) if verdict.why else ""
    said = f"{name}: {outcome} ({figure(verdict.value)} / {figure(verdict.limit)})"
    return f"{said}, {why}" if why else said


def _iso(at: float) -> str:
    return dt_util.utc_from_timestamp(at).isoformat()


async def _get(hass: HomeAssistant, call: ServiceCall) -> Response:
    entry, words = async_entry(hass, call), await async_words(hass)
    return {"rollouts": [_said(seen, words) for seen in _views(entry)]}


async def _compare(hass: HomeAssistant, call: ServiceCall) -> Response:
    data, entry = call.data, async_entry(hass, call)
    asked = partial(
        _compared,
        recipe=data[F.RECIPE],
        old=data.get(F.OLD),
        new=data.get(F.NEW),
        effect=data[F.EFFECT] / 100.0,
        margin=data[F.MARGIN] / 100.0,
    )
    found: Response = await async_answered(hass, entry, data[F.RECIPE], asked)
    if found["install"] and data[F.INSTALL]:
        await async_install(hass, call, "SciPy")
        found = await async_answered(hass, entry, data[F.RECIPE], asked)
    words = await async_words(hass)
    codes = {m["why"] for m in found["measures"]} | {*found["left_out"].values(), *found["notes"]}
    said = {code: words.option("compare_note", code) for code in sorted(codes) if code}
    return {**found, "words": said}


def _compared(ledger: Ledger, *, recipe: str, **wanted: Any) -> Response:
    from vfarm_core.reports.compare import compare, data
    from vfarm_core.reports.errors import ReportError

    try:
        return data(compare(ledger, recipe, **wanted))
    except ReportError as err:
        raise error(f"compare_{err.key}", **err.params) from err


ROLLOUT_HANDLERS: Mapping[
    str, Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, Response]]
] = {
    "start_rollout": _start,
    "pause_rollout": _handler(
        lambda data, name, by: PauseRollout(rollout=name, why=data[F.WHY], by=by)
    ),
    "resume_rollout": _handler(
        lambda data, name, by: ResumeRollout(rollout=name, why=data[F.WHY], by=by)
    ),
    "promote_rollout": _promote,
    "roll_back_rollout": _handler(
        lambda data, name, by: RollBackRollout(
            rollout=name,
            why=data[F.WHY],
            ramp_s=data[F.DURATION].total_seconds() if F.DURATION in data else None,
            by=by,
        )
    ),
    "get_rollouts": _get,
    "compare_versions": _compare,
}
