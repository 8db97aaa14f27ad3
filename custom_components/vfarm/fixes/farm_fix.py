"""What the flows of a farm's issues share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations

from vfarm_core.farm.build import Problem

from ..const import DOMAIN, SubentryType
from ..data import VfarmConfigEntry
from ..flows.checks import Words, async_words
from ..flows.language import async_language
from ..issues import DATA_ENTRY
from ..naming import Naming, async_naming
from ..said import async_as_text


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

    async def async_naming(self, entry: VfarmConfigEntry) -> Naming:
        """What the parts of the farm are called, in the reader's language."""
        language = await async_language(self.hass)
        await async_get_translations(self.hass, language, "selector", {DOMAIN})
        return async_naming(self.hass, entry, language)

    async def async_why(self, entry: VfarmConfigEntry, *found: Problem) -> str:
        """What is wrong, in the reader's language and with the names of the farm."""
        words: Words = await async_words(self.hass, f"config_subentries.{SubentryType.ZONE}")
        naming = await self.async_naming(entry)
        return " ".join(words.sentence(naming.problem(problem)) for problem in found)

    async def async_refusal(self, err: HomeAssistantError) -> str:
        """A refusal of the farm, in the reader's language."""
        return await async_as_text(self.hass, err, await async_language(self.hass))


def as_problem(wrong: tuple[str, Mapping[str, Any]]) -> Problem:
    """What the shell found wrong with an entity, as the core tells of a problem."""
    key, params = wrong
    return Problem(node="", key=key, message=key, params=params)
