"""Tools for language models, through Assist and the MCP server: they read the farm, say why,
propose a setpoint and log a harvest.

A model is whoever speaks to it, and a viewer where it knows nobody. Whatever it asks for goes the
way of every request: roles, ranges and the safety of control hold for it as for a hand on the
dashboard, and a proposal has to lie within what the recipes of the plants allow besides. No tool
releases a stop, arms a loop, doses, or clears what a person has to have looked at.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, override

import voluptuous as vol
from homeassistant.components.homeassistant import async_should_expose
from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)

from vfarm_core.control.explain import about_gap, explain
from vfarm_core.control.inputs import Harvest, SetOverride
from vfarm_core.control.proposals import MOST_H, room
from vfarm_core.control.protection import gaps_of
from vfarm_core.control.snapshot import BatchView, FarmSnapshot, Status
from vfarm_core.farm.codec import encode
from vfarm_core.farm.nodes import NodeKind
from vfarm_core.farm.overrides import OVERRIDE_RANGES, Override, Quantity
from vfarm_core.farm.spoken import Named, find

from .access import async_asker, async_heard_model, async_require
from .asking import ask, response
from .card_words import async_card_words
from .const import DOMAIN
from .data import VfarmConfigEntry
from .entity import async_by
from .people import named
from .places import async_find, name_of
from .roles import ACTIONS, TOOLS, UNKNOWN
from .said import async_as_text
from .targets import Target, error

_READS = ToolAnnotations(read_only=True, destructive=False, idempotent=True, open_world=False)
#: So many batches and places with problems are told of at once.
_MOST = 50

_PROMPT = (
    "The tools that begin with vfarm__ are about a vertical farm. Look before you answer, and say "
    "what vfarm__explain says, not what you suppose. A setpoint that you propose ends by itself. "
    "You cannot release an emergency stop, arm loops, dose, or clear what a person has to look at: "
    "say that a person has to do it on the spot."
)


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """The tools, where a farm runs of which some entity is exposed to the assistant."""
    if api_id != LLM_API_ASSIST:
        return None
    farms = [
        entry
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if _is_exposed(hass, entry, llm_context.assistant)
    ]
    if not farms:
        return None
    async_heard_model(hass, llm_context.context)
    return LLMTools(tools=[kind(farms) for kind in _TOOLS], prompt=_PROMPT)


def _is_exposed(hass: HomeAssistant, entry: VfarmConfigEntry, assistant: str) -> bool:
    return any(
        async_should_expose(hass, assistant, registered.entity_id)
        for registered in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if not registered.disabled
    )


class FarmTool(Tool):
    """What the tools share: which farm is meant, and whether whoever asks may."""

    integration = DOMAIN
    annotations = _READS
    fields: ClassVar[Mapping[Any, Any]] = {}

    def __init__(self, farms: list[VfarmConfigEntry]) -> None:
        """Work for these farms; where there are several, one has to be named."""
        self._farms = {entry.title: entry for entry in farms}
        fields = dict(self.fields)
        if len(self._farms) > 1:
            fields[vol.Required("farm")] = vol.In(list(self._farms))
        self.parameters = vol.Schema(fields)

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Do it for whoever speaks to the model; what is refused is told to the model."""
        try:
            data = self.parameters(tool_input.tool_args)
            entry = self._farms[data.get("farm", next(iter(self._farms)))]
            need = TOOLS.get(self.name, UNKNOWN)
            await async_require(
                hass, [entry], llm_context.context, self.name, need, through_model=True
            )
            if not entry.runtime_data.engine.running:
                raise error("not_running", farm=entry.title)
            return ToolResult(data=named(hass, await self.async_do(hass, entry, data, llm_context)))
        except HomeAssistantError as err:
            said = await async_as_text(hass, err, llm_context.language or hass.config.language)
            return ToolResult(data={"error": said}, error=True)
        except vol.Invalid as err:
            return ToolResult(data={"error": str(err)}, error=True)

    @abstractmethod
    async def async_do(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        data: dict[str, Any],
        llm_context: LLMContext,
    ) -> dict[str, Any]:
        """What it answers. Raises HomeAssistantError."""


class OverviewTool(FarmTool):
    """The farm at a glance."""

    name = f"{DOMAIN}__overview"
    title = "Overview of the farm"
    description = (
        "The farm at a glance: mode, whether it is stopped, what grows and when it is ready, the "
        "names of its places, and every place that has a problem."
    )

    @override
    async def async_do(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        data: dict[str, Any],
        llm_context: LLMContext,
    ) -> dict[str, Any]:
        farm, engine = entry.runtime_data.farm, entry.runtime_data.engine
        seen = engine.snapshot(farm.id)
        if not isinstance(seen, FarmSnapshot):
            raise error("not_running", farm=entry.title)
        wrong = []
        for node in farm.nodes:
            snapshot = engine.snapshot(node)
            if snapshot is not None and snapshot.status in (Status.WARNING, Status.CRITICAL):
                name = name_of(Target(entry, node))
                wrong.append({"place": name, "problems": list(snapshot.problems)})
        return {
            "farm": entry.title,
            "mode": seen.mode.value,
            "emergency_stop": seen.emergency,
            "loops_to_arm": [loop.value for loop in seen.disarmed],
            "problems": list(seen.problems),
            "zones": [zone.name for zone in farm.zones],
            "racks": [rack.name for rack in farm.racks],
            "levels": len(farm.levels),
            "reservoirs": [reservoir.name for reservoir in farm.reservoirs],
            "circuits": [circuit.name for circuit in farm.circuits],
            "batches": [_batch(batch, entry) for batch in seen.batches[:_MOST]],
            "batches_in_all": len(seen.batches),
            "places_with_problems": wrong[:_MOST],
            "places_with_problems_in_all": len(wrong),
        }


class LookTool(FarmTool):
    """One place, closely."""

    name = f"{DOMAIN}__look"
    title = "Look at a place"
    description = (
        "Everything that is known of one place (zone, rack, level, reservoir, circuit or the "
        "farm): readings, targets, what grows there, light, water, problems."
    )
    fields: ClassVar[Mapping[Any, Any]] = {
        vol.Required(
            "place", description="Its name, such as 'rack 2', or 'level 3 in rack 2'"
        ): cv.string
    }

    @override
    async def async_do(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        data: dict[str, Any],
        llm_context: LLMContext,
    ) -> dict[str, Any]:
        target = _place(hass, entry, data["place"])
        farm, node = target.farm, target.node
        if farm.kind(node) is NodeKind.RACK:
            levels = [level for level in farm.levels if level.rack == node]
            return {
                "place": name_of(target),
                "levels": [
                    {"name": level.name, **_seen(entry, level.id)} for level in levels[:_MOST]
                ],
            }
        found = _seen(entry, node)
        if not found:
            raise error("voice_nothing_there", place=name_of(target))
        return {"place": name_of(target), "kind": farm.kind(node).value, **found}


class ExplainTool(FarmTool):
    """Why the devices of a place do what they do."""

    name = f"{DOMAIN}__explain"
    title = "Explain a place"
    description = (
        "Why each device at a place is on or off and what would change that, why a sensor is not "
        "trusted, and which dangers nothing ends while vfarm is not there."
    )
    fields = LookTool.fields

    @override
    async def async_do(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        data: dict[str, Any],
        llm_context: LLMContext,
    ) -> dict[str, Any]:
        target = _place(hass, entry, data["place"])
        farm, node = target.farm, target.node
        nodes = [level.id for level in farm.levels if level.rack == node] or [node]
        snapshots = [entry.runtime_data.engine.snapshot(node) for node in nodes]
        words = await async_card_words(hass, llm_context.language or hass.config.language)
        sentences = [s for shown in snapshots if shown for s in explain(shown, words)]
        gaps = [about_gap(gap, words) for node in nodes for gap in gaps_of(farm, node)]
        return {"place": name_of(target), "sentences": sentences, "unprotected": gaps}


class ProposeTool(FarmTool):
    """A setpoint for a while, within what the plants take."""

    name = f"{DOMAIN}__propose_setpoint"
    title = "Propose a setpoint"
    description = (
        "Propose a setpoint for a while in place of the recipe's, within the limits of what grows "
        "there. It is set when the user may do that, and ends by itself; else the answer is the "
        "proposal, for somebody who may. Climate is set at a zone, light at a level."
    )
    annotations = ToolAnnotations(
        read_only=False, destructive=False, idempotent=True, open_world=False
    )
    fields: ClassVar[Mapping[Any, Any]] = {
        **LookTool.fields,
        vol.Required(
            "quantity",
            description="; ".join(
                f"{quantity.value}: {accepted.unit}, at a {accepted.node}"
                for quantity, accepted in OVERRIDE_RANGES.items()
            ),
        ): vol.In([quantity.value for quantity in Quantity]),
        vol.Required("value"): vol.Coerce(float),
        vol.Required("hours", description=f"How long, at most {MOST_H:g}"): vol.All(
            vol.Coerce(float), vol.Range(min=0.1, max=MOST_H)
        ),
        vol.Required("why", description="The reason, for the records"): cv.string,
    }

    @override
    async def async_do(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        data: dict[str, Any],
        llm_context: LLMContext,
    ) -> dict[str, Any]:
        quantity, value, hours = Quantity(data["quantity"]), data["value"], data["hours"]
        engine = entry.runtime_data.engine
        target = _place(hass, entry, data["place"])
        kind = target.farm.kind(target.node)
        accepted = OVERRIDE_RANGES[quantity]
        if kind.value != accepted.node:
            name = name_of(target)
            raise error("wrong_kind", node=name, kind=kind.value, kinds=accepted.node)
        now = engine.clock.now()
        found = room(target.farm, engine.runtime.memory, now, target.node, quantity)
        if not found.band.contains(value):
            raise error(
                "proposal_outside",
                quantity=quantity.value,
                value=f"{value:g}",
                unit=found.unit,
                limits=str(found.band),
                place=name_of(target),
            )
        told = {
            "place": name_of(target),
            "quantity": quantity.value,
            "value": value,
            "unit": found.unit,
            "hours": hours,
            "target_before": found.target,
            "limits": str(found.band),
            "limits_by_recipe": found.by_recipe,
        }
        asker = await async_asker(hass, llm_context.context, through_model=True)
        if not asker.role(entry.options).reaches(ACTIONS["set_override"].role):
            fields = {"node": target.node, "quantity": quantity.value, "value": value}
            length = {"duration": {"minutes": round(hours * 60)}, "why": data["why"]}
            action = {"action": f"{DOMAIN}.set_override", "data": {**fields, **length}}
            return {"set": False, **told, "proposal": action}
        by = await async_by(hass, llm_context.context)
        wanted = Override(
            node=target.node,
            quantity=quantity,
            value=value,
            expires_at=now.farm + hours * 3600.0,
            by=by,
            why=f"{llm_context.platform}: {data['why']}",
        )
        answer = await ask(entry, SetOverride(override=wanted, by=by))
        return {"set": True, **told, "expires_at": answer["expires_at"]}


class HarvestTool(FarmTool):
    """A harvest for the records."""

    name = f"{DOMAIN}__log_harvest"
    title = "Log a harvest"
    description = (
        "Log the harvest of a batch: it ends, and its levels are free, unless its plants grow "
        "again. Ask for the batch and the weight; never guess them."
    )
    annotations = ToolAnnotations(
        read_only=False, destructive=True, idempotent=False, open_world=False
    )
    fields: ClassVar[Mapping[Any, Any]] = {
        vol.Required("batch", description="Its title, crop or id"): cv.string,
        vol.Required("kg", description="Fresh mass, weighed"): vol.Coerce(float),
        vol.Optional("waste_kg"): vol.Coerce(float),
        vol.Optional("note", default=""): cv.string,
        vol.Optional(
            "grows_again", default=False, description="Only cut; the plants stay"
        ): cv.boolean,
    }

    @override
    async def async_do(
        self,
        hass: HomeAssistant,
        entry: VfarmConfigEntry,
        data: dict[str, Any],
        llm_context: LLMContext,
    ) -> dict[str, Any]:
        batch = _wanted(entry, data["batch"])
        request = Harvest(
            batch=batch.id,
            kg=data["kg"],
            waste_kg=data.get("waste_kg"),
            note=data["note"],
            regrow=data["grows_again"],
            by=await async_by(hass, llm_context.context),
        )
        return {"title": batch.title, **await ask(entry, request)}


_TOOLS: tuple[type[FarmTool], ...] = (
    OverviewTool,
    LookTool,
    ExplainTool,
    ProposeTool,
    HarvestTool,
)


# -- what is meant, and what is shown of it -----------------------------------------------------


@callback
def _place(hass: HomeAssistant, entry: VfarmConfigEntry, said: str) -> Target:
    found = async_find(hass, said, [entry])
    if not found:
        raise error("voice_unknown_place", place=said)
    if len(found) > 1:
        raise error("voice_which_place", places="; ".join(name_of(t) for t in found[:_MOST]))
    return found[0]


def _wanted(entry: VfarmConfigEntry, said: str) -> BatchView:
    seen = entry.runtime_data.engine.snapshot(entry.runtime_data.farm.id)
    batches = seen.batches if isinstance(seen, FarmSnapshot) else ()
    if exact := [batch for batch in batches if batch.id == said]:
        return exact[0]
    names = {b.id: Named(tuple(name for name in (b.title, b.crop) if name)) for b in batches}
    found = find(names, said, farm="")
    if len(found) > 1:
        several = (f"{b.title} ({b.id})" for b in batches if b.id in found)
        raise error("voice_which_place", places="; ".join(several))
    wanted = next((batch for batch in batches if batch.id in found), None)
    if wanted is None:
        raise error("batch_unknown", batch=said)
    return wanted


def _batch(batch: BatchView, entry: VfarmConfigEntry) -> dict[str, Any]:
    """A batch in short."""
    return response(
        {
            "id": batch.id,
            "title": batch.title,
            "crop": batch.crop,
            "phase": batch.phase,
            "day": int(batch.day_of_batch) + 1,
            "levels": [name_of(Target(entry, level)) for level in batch.levels],
            "plants": batch.plants,
            "expected_harvest_at": batch.expected_harvest_at,
            "forecast_kg": round(batch.forecast_kg, 2),
        }
    )


def _seen(entry: VfarmConfigEntry, node: str) -> dict[str, Any]:
    """What is shown of a place, without what is not known; devices in short."""
    snapshot = entry.runtime_data.engine.snapshot(node)
    if snapshot is None:
        return {}
    if isinstance(snapshot, FarmSnapshot):
        shown = {**encode(snapshot), "batches": [_batch(b, entry) for b in snapshot.batches]}
    else:
        shown = {
            **encode(snapshot),
            "actuators": [
                {"device": view.role.value, "output": view.reported, "reason": view.reason}
                for view in snapshot.actuators
            ],
        }
    return response({key: value for key, value in shown.items() if _is_told(value)})


def _is_told(value: Any) -> bool:
    return value is not None and value not in ("", [], {})
