"""Lost memory: the farm is held. Go back to the last good backup, or begin with a new memory after
a person has looked at what nobody remembers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.http import KEY_HASS_USER
from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.http import current_request
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import dt as dt_util

from vfarm_core.control.inputs import AcceptLoss, LossCheck
from vfarm_core.farm.overrides import Mode

from ..asking import ask
from ..backups import BackupsUnknownError, async_last_backup
from ..data import VfarmConfigEntry
from ..entity import async_by
from .farm_fix import FarmFix

CONF_MODE: Final = "mode"
#: What a person has to have looked at: nobody else knows.
CHECKS: Final = tuple(check.value for check in LossCheck)


class LostMemoryFlow(FarmFix):
    """Says which backup is the last good one, or asks for every check and then lets go."""

    def _lost(self) -> VfarmConfigEntry | None:
        entry = self.farm_entry()
        held = entry is not None and entry.runtime_data.engine.runtime.memory.farm.lost_memory
        return entry if held else None

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Which way."""
        if self._lost() is None:
            return self.gone()
        return self.async_show_menu(
            step_id="init",
            menu_options=["restore", "accept"],
            description_placeholders=self.placeholders,
        )

    async def async_step_restore(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Name the last backup from before the loss. Home Assistant restores it, and starts anew;
        until then the farm stays held."""
        entry = self._lost()
        if entry is None:
            return self.gone()
        if user_input is not None:
            return self.async_abort(reason="restore_backup")
        try:
            last = await async_last_backup(self.hass, before=await _async_lost_at(entry))
        except BackupsUnknownError:
            last = None
        backup = f"{last.name} ({dt_util.as_local(last.at):%Y-%m-%d %H:%M})" if last else "–"
        return self.async_show_form(
            step_id="restore",
            data_schema=vol.Schema({}),
            description_placeholders={**self.placeholders, "backup": backup},
        )

    async def async_step_accept(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with a new memory when every check is confirmed."""
        entry = self._lost()
        if entry is None:
            return self.gone()
        errors: dict[str, str] = {}
        why = ""
        if user_input is not None:
            errors = {key: "not_checked" for key in CHECKS if not user_input[key]}
            if not errors:
                accepted = AcceptLoss(
                    mode=Mode(user_input[CONF_MODE]),
                    checked=frozenset(LossCheck),
                    by=await async_by(self.hass, _context()),
                )
                try:
                    await ask(entry, accepted)
                except ServiceValidationError as err:
                    errors, why = {"base": "refused"}, await self.async_refusal(err)
                except HomeAssistantError as err:
                    # It is done: the farm goes on, and asking again would not be true.
                    return self.async_abort(
                        reason="not_kept",
                        description_placeholders=err.translation_placeholders,
                    )
                else:
                    return self.async_create_entry(data={})
        schema = vol.Schema(
            {
                **{vol.Required(key, default=False): BooleanSelector() for key in CHECKS},
                # In which it goes on; hold is what it is in until then.
                vol.Required(CONF_MODE): SelectSelector(
                    SelectSelectorConfig(
                        options=[Mode.MONITOR.value, Mode.AUTO.value],
                        translation_key=CONF_MODE,
                        mode=SelectSelectorMode.LIST,
                    )
                ),
            }
        )
        return self.async_show_form(
            step_id="accept",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders={**self.placeholders, "why": why},
        )


async def _async_lost_at(entry: VfarmConfigEntry) -> datetime | None:
    """When the memory was lost: backups made after that have the new, empty one."""
    told = await entry.runtime_data.engine.journal.async_events("memory_lost", limit=1)
    return datetime.fromtimestamp(told[0]["at"], UTC) if told else None


def _context() -> Context | None:
    """Whoever is in front of the flow, which is not told for whom it runs."""
    request = current_request.get()
    user = None if request is None else request.get(KEY_HASS_USER)
    return None if user is None else Context(user_id=user.id)
