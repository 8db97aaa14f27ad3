"""Repairs a person can have done: which flow an issue has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.core import HomeAssistant

from .blueprint_shelf import async_is_offer
from .fixes.actuator import UnsafeActuatorFlow
from .fixes.blueprints import BlueprintsFlow
from .fixes.entity import VanishedEntityFlow
from .fixes.ledger import LedgerFlow
from .fixes.memory import LostMemoryFlow
from .issues import DATA_KIND, IssueKind

_FLOWS: Final[Mapping[str, Callable[[], RepairsFlow]]] = {
    IssueKind.MISSING: VanishedEntityFlow,
    IssueKind.UNSAFE: UnsafeActuatorFlow,
    IssueKind.LEDGER: LedgerFlow,
    IssueKind.MEMORY: LostMemoryFlow,
}


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """The flow of an issue."""
    if async_is_offer(issue_id):
        return BlueprintsFlow()
    kind = (data or {}).get(DATA_KIND)
    return _FLOWS.get(str(kind), ConfirmRepairFlow)()
