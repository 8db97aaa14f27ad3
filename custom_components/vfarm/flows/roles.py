"""Options of a farm: which user has which role. Home Assistant lets administrators in only."""

from __future__ import annotations

from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..roles import CONF_OTHERS, CONF_ROLES, UserRole, given_twice


class RolesFlow(OptionsFlow):
    """Give users of Home Assistant their roles."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """One list of users for each role, and what all others are."""
        people = await self._async_people()
        errors: dict[str, str] = {}
        placeholders = {"users": ""}
        if user_input is not None:
            lists = {role: user_input.get(role, ()) for role in UserRole}
            if twice := given_twice(lists):
                errors["base"] = "user_twice"
                placeholders["users"] = ", ".join(sorted(people.get(u, u) for u in twice))
            else:
                roles = {user: role.value for role, users in lists.items() for user in users}
                return self.async_create_entry(
                    data={
                        **self.config_entry.options,
                        CONF_ROLES: roles,
                        CONF_OTHERS: user_input[CONF_OTHERS],
                    }
                )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _schema(people), user_input or self._shown(people)
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_people(self) -> dict[str, str]:
        """Everybody who can be given a role, by id. The owner is always a manager."""
        return {
            user.id: user.name or user.id
            for user in await self.hass.auth.async_get_users()
            if user.is_active and not user.system_generated and not user.is_owner
        }

    def _shown(self, people: dict[str, str]) -> dict[str, Any]:
        options = self.config_entry.options
        given = options.get(CONF_ROLES, {})
        return {
            **{r.value: [u for u in people if given.get(u) == r] for r in UserRole},
            CONF_OTHERS: options.get(CONF_OTHERS, UserRole.OPERATOR.value),
        }


def _schema(people: dict[str, str]) -> vol.Schema:
    users = SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=id, label=name) for id, name in people.items()],
            multiple=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
    others = SelectSelector(
        SelectSelectorConfig(
            options=[role.value for role in UserRole if role is not UserRole.MANAGER],
            translation_key="user_role",
        )
    )
    return vol.Schema(
        {
            **{vol.Optional(role.value): users for role in reversed(UserRole)},
            vol.Required(CONF_OTHERS, default=UserRole.OPERATOR.value): others,
        }
    )
