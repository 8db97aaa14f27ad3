"""A history that cannot be written: try again now, or begin a new file and keep the old one."""

from __future__ import annotations

from typing import Any

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlowResult

from ..ledger import FarmLedger
from .farm_fix import FarmFix


class LedgerFlow(FarmFix):
    """Tries again at once, or moves the damaged file aside."""

    def _ledger(self) -> FarmLedger | None:
        entry = self.farm_entry()
        return None if entry is None else entry.runtime_data.engine.ledger

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """What to do. A file can be moved aside, a database cannot."""
        ledger = self._ledger()
        if ledger is None:
            return self.gone()
        aside = ["set_aside"] if await ledger.async_has_file() else []
        return self.async_show_menu(
            step_id="init",
            menu_options=["retry", *aside],
            description_placeholders=self.placeholders,
        )

    async def async_step_retry(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Try now, as often as the person wants."""
        ledger = self._ledger()
        if ledger is None:
            return self.gone()
        error = await ledger.async_retry()
        if not error:
            return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="retry",
            data_schema=vol.Schema({}),
            errors={"base": "still_failing"},
            description_placeholders={**self.placeholders, "error": error},
        )

    async def async_step_set_aside(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin a new file after a confirmation; the old one stays beside it."""
        ledger = self._ledger()
        if ledger is None:
            return self.gone()
        errors: dict[str, str] = {}
        error = ""
        if user_input is not None:
            error = await ledger.async_set_aside()
            if not error:
                return self.async_create_entry(data={})
            errors = {"base": "still_failing"}
        return self.async_show_form(
            step_id="set_aside",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={**self.placeholders, "error": error},
        )
