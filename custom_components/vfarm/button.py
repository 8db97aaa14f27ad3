"""Buttons: the emergency stop, a shot now, and what people say when they have looked or are
done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, override

from homeassistant.components.button import (
    DOMAIN as BUTTON_DOMAIN,
)
from homeassistant.components.button import (
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from vfarm_core.control.inputs import (
    AdvanceWorkflow,
    ClearInhibit,
    ClearLatches,
    EmergencyStop,
    EndWorkflow,
    Request,
    RunShot,
)
from vfarm_core.farm.nodes import Farm

from .access import guarded
from .data import VfarmConfigEntry
from .entity import NodeEntity, Specs, async_by, async_manage_entities
from .people import by_of
from .self_tests import async_test
from .targets import error

PARALLEL_UPDATES = 0

STOP = ButtonEntityDescription(key="emergency_stop", translation_key="emergency_stop")
SELF_TEST = ButtonEntityDescription(
    key="self_test", translation_key="self_test", entity_category=EntityCategory.DIAGNOSTIC
)


@dataclass(frozen=True, kw_only=True)
class RequestDescription(ButtonEntityDescription):
    """A button that asks for one thing: of whom it asks, and who asks."""

    request_fn: Callable[[str, str], Request]


RUN_SHOT = RequestDescription(
    key="run_shot",
    translation_key="run_shot",
    request_fn=lambda node, by: RunShot(circuit=node, by=by),
)
CLEAR_INHIBIT = RequestDescription(
    key="clear_inhibit",
    translation_key="clear_inhibit",
    request_fn=lambda node, by: ClearInhibit(node=node, by=by),
)
CLEAR_LATCHES = RequestDescription(
    key="clear_latches",
    translation_key="clear_latches",
    request_fn=lambda node, by: ClearLatches(node=node, by=by),
)
ADVANCE_WORKFLOW = RequestDescription(
    key="advance_workflow",
    translation_key="advance_workflow",
    entity_registry_enabled_default=False,
    request_fn=lambda node, by: AdvanceWorkflow(node=node, by=by),
)
END_WORKFLOW = RequestDescription(
    key="end_workflow",
    translation_key="end_workflow",
    request_fn=lambda node, by: EndWorkflow(node=node, by=by),
)
#: A zone has room for one more that is enabled; what there is by the hundred has not.
END_WORKFLOW_HERE = replace(END_WORKFLOW, entity_registry_enabled_default=False)
CLEAR_LATCHES_HERE = replace(CLEAR_LATCHES, entity_registry_enabled_default=False)
HERE: Final = (RUN_SHOT, CLEAR_INHIBIT, CLEAR_LATCHES_HERE, ADVANCE_WORKFLOW, END_WORKFLOW_HERE)
REQUESTS: Final = (RUN_SHOT, CLEAR_INHIBIT, CLEAR_LATCHES, ADVANCE_WORKFLOW, END_WORKFLOW)


def specs(farm: Farm) -> Specs[ButtonEntityDescription]:
    """The buttons a farm has."""
    yield farm.id, STOP
    yield farm.id, SELF_TEST
    for zone in farm.zones:
        yield zone.id, CLEAR_LATCHES
        yield zone.id, END_WORKFLOW
    for level in farm.levels:
        yield level.id, CLEAR_LATCHES_HERE
        yield level.id, END_WORKFLOW_HERE
    for pump in farm.pumps:
        yield pump.id, CLEAR_LATCHES_HERE
    for reservoir in farm.reservoirs:
        yield reservoir.id, CLEAR_LATCHES_HERE
        yield reservoir.id, ADVANCE_WORKFLOW
        yield reservoir.id, END_WORKFLOW_HERE
    for circuit in farm.circuits:
        for description in HERE:
            yield circuit.id, description


def _make(
    hass: HomeAssistant, entry: VfarmConfigEntry, node: str, description: ButtonEntityDescription
) -> NodeEntity:
    if isinstance(description, RequestDescription):
        return RequestButton(hass, entry, node, description)
    kind = SelfTestButton if description is SELF_TEST else EmergencyStopButton
    return kind(hass, entry, node, description)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons of a farm."""
    async_manage_entities(hass, entry, async_add_entities, BUTTON_DOMAIN, specs, _make)
    entry.runtime_data.meters.async_add_to(BUTTON_DOMAIN, async_add_entities)


class RequestButton(NodeEntity, ButtonEntity):
    """Ask the farm for one thing at a node; what makes no sense now is refused with the reason."""

    entity_description: RequestDescription

    @property
    @override
    def available(self) -> bool:
        """Nothing of it depends on what the node shows."""
        return not self.engine.closed

    @override
    @guarded
    async def async_press(self) -> None:
        """Ask for it."""
        if not self.engine.running:
            raise error("not_running", farm=self.entry.title)
        by = await async_by(self.hass, self._context)
        await self.async_ask(self.entity_description.request_fn(self.node, by))


class SelfTestButton(NodeEntity, ButtonEntity):
    """A self-test that moves nothing: what it came to is told as an event, and an alarm where
    something fails."""

    @property
    @override
    def available(self) -> bool:
        """Also a farm that does not control can be tested."""
        return not self.engine.closed

    @override
    @guarded
    async def async_press(self) -> None:
        """Test."""
        by = await async_by(self.hass, self._context)
        await async_test(self.hass, self.entry, self.entry.entry_id, by)


class EmergencyStopButton(NodeEntity, ButtonEntity):
    """Everything off, latched."""

    @property
    @override
    def available(self) -> bool:
        """A stop can always be asked for, also before the first step."""
        return not self.engine.closed

    @override
    @guarded
    async def async_press(self) -> None:
        """Stop."""
        await self.async_ask(EmergencyStop(by=by_of(self.hass, self._context)))
