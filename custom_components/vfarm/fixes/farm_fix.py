"""What the flows of a farm's issues share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from vfarm_core.farm.build import Problem

from ..const import DOMAIN, SubentryType
from ..data import VfarmConfigEntry
from ..flows.checks import Words, async_words
from ..issues import DATA_ENTRY


class FarmFix(RepairsFlow):
    """Mends something of one farm, which may have gone or been mended in the meantime."""

    def farm_entry(self) -> VfarmConfigEntry | None:
        """The config entry of the farm while it is loaded."""
        entry = self.hass.config_entries.async_get_entry(str((self.data or {}).get(DATA_ENTRY)))
        loaded = entry is not None and entry.state is ConfigEntryState.LOADED
        return entry if loaded else None

    @property
    def placeholders(self) -> dict[str, str]:
        """What the text of the issue is filled in with."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return dict((issue.translation_placeholders if issue else None) or {})

    def gone(self) -> RepairsFlowResult:
        """There is nothing to mend any more, or the farm does not run now."""
        return self.async_abort(reason="gone")

    async def async_why(self, *found: Problem) -> str:
        """What is wrong, in the reader's language."""
        words: Words = await async_words(self.hass, f"config_subentries.{SubentryType.ZONE}")
        return " ".join(words.sentence(problem) for problem in found)


def as_problem(wrong: tuple[str, Mapping[str, Any]]) -> Problem:
    """What the shell found wrong with an entity, as the core tells of a problem."""
    key, params = wrong
    return Problem(node="", key=key, message=key, params=params)
