"""Options of a farm: which user has which role, and whether automations may export it. Home
Assistant lets administrators in only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import voluptuous as vol
from homeassistant.components.http import KEY_HASS_USER, current_request
from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.core import Context
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from vfarm_core.control.inputs import NoteRole

from ..access import account_of
from ..people import by_of
from ..roles import CONF_AUTO_EXPORT, CONF_OTHERS, CONF_ROLES, UserRole, given_twice, role_of


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
                options = {
                    **self.config_entry.options,
                    CONF_ROLES: roles,
                    CONF_OTHERS: user_input[CONF_OTHERS],
                }
                options.pop(CONF_AUTO_EXPORT, None)
                if user_input.get(CONF_AUTO_EXPORT):
                    options[CONF_AUTO_EXPORT] = True
                await self._async_note(options)
                return self.async_create_entry(data=options)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _schema(people), user_input or self._shown(people)
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_note(self, options: Mapping[str, Any]) -> None:
        """Keep in the records whose role is another one from now on, and who has given it."""
        data = getattr(self.config_entry, "runtime_data", None)
        if data is None or not data.engine.running:
            return
        request = current_request.get()
        giver = request.get(KEY_HASS_USER) if request is not None else None
        by = by_of(self.hass, Context(user_id=giver.id if giver is not None else None))
        for user in await self.hass.auth.async_get_users():
            account = account_of(user, user.id)
            was, role = role_of(account, self.config_entry.options), role_of(account, options)
            if was is not role:
                who = by_of(self.hass, Context(user_id=user.id))
                data.engine.request(NoteRole(who=who, was=was.value, role=role.value, by=by))

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
            CONF_AUTO_EXPORT: options.get(CONF_AUTO_EXPORT, False),
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
            vol.Optional(CONF_AUTO_EXPORT, default=False): BooleanSelector(),
        }
    )
