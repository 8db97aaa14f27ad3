"""The offer of blueprints, taken up."""

from __future__ import annotations

from typing import Any

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from ..blueprint_shelf import ATTR_REPLACE_EDITED, BlueprintShelf
from ..const import DOMAIN


class BlueprintsFlow(RepairsFlow):
    """Installs or updates the blueprints when a person says yes."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin by asking."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask; what to do with copies that were edited, too."""
        if user_input is not None:
            try:
                await BlueprintShelf(self.hass).async_install(
                    replace_edited=user_input[ATTR_REPLACE_EDITED]
                )
            except ServiceValidationError:
                return self.async_abort(reason="not_written")
            return self.async_create_entry(data={})
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({vol.Required(ATTR_REPLACE_EDITED, default=False): bool}),
            description_placeholders=issue.translation_placeholders if issue else None,
        )
