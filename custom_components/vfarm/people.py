"""Who is behind a context, and what people are called.

Records know a person by the id of a user alone. Names stay in Home Assistant and come in where
somebody reads; a user that is removed there has no name any more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from homeassistant.auth import EVENT_USER_ADDED, EVENT_USER_REMOVED, EVENT_USER_UPDATED
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from vfarm_core.farm.people import AUTOMATION, SCRIPT, USER, VOICE, renamed

from .const import DOMAIN

_DATA: Final[HassKey[People]] = HassKey(f"{DOMAIN}_people")
#: What the components fire when an automation or a script begins to run.
_SCRIPT_STARTED: Final = "script_started"
_AUTOMATION_TRIGGERED: Final = "automation_triggered"
#: So many of the latest runs of automations and scripts are remembered.
_RUNS = 1024


class People:
    """The names of users, and which automation or script runs in which context."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._names: dict[str, str] = {}
        self._runs: OrderedDict[str, str] = OrderedDict()
        #: Whether what runs now is part of a conversation.
        self.talking: Callable[[], bool] = lambda: False

    async def async_read(self, _: Event | None = None) -> None:
        """Learn what the users are called now."""
        users = await self._hass.auth.async_get_users()
        self._names = {user.id: user.name for user in users if user.name}

    async def async_know(self, user_id: str) -> None:
        """Learn what a user is called who is not known yet."""
        if user_id not in self._names:
            user = await self._hass.auth.async_get_user(user_id)
            if user is not None and user.name:
                self._names[user_id] = user.name

    @callback
    def ran(self, event: Event) -> None:
        """An automation or script begins to run. A script within an automation shares its context:
        the automation is behind both."""
        kind = AUTOMATION if event.event_type == _AUTOMATION_TRIGGERED else SCRIPT
        entity_id = event.data[ATTR_ENTITY_ID]
        self._runs.setdefault(event.context.id, f"{kind}{entity_id}")
        if len(self._runs) > _RUNS:
            self._runs.popitem(last=False)

    def run_of(self, context: Context) -> str | None:
        """The automation or script behind a context."""
        return self._runs.get(context.id) or self._runs.get(context.parent_id or "")

    def call(self, by: str) -> str:
        """What to call somebody of the records."""
        user = by.removeprefix(USER)
        return by if user == by else self._names.get(user, by)

    def behind(self, name: str) -> set[str]:
        """Everybody in the records who is called so, or is known so."""
        return {name, *(f"{USER}{user}" for user, known in self._names.items() if known == name)}


async def async_setup_people(hass: HomeAssistant) -> None:
    """Know people and follow what runs, once per process."""
    people = hass.data[_DATA] = People(hass)
    await people.async_read()
    for event in (EVENT_USER_ADDED, EVENT_USER_UPDATED, EVENT_USER_REMOVED):
        hass.bus.async_listen(event, people.async_read)
    for event in (_AUTOMATION_TRIGGERED, _SCRIPT_STARTED):
        hass.bus.async_listen(event, people.ran)


@callback
def people_of(hass: HomeAssistant) -> People:
    """Who is known."""
    return hass.data[_DATA]


@callback
def by_of(hass: HomeAssistant, context: Context | None) -> str:
    """Who asks, for the records: a user, an automation or a script, a voice without a user;
    `automation` where nobody knows."""
    if context is None:
        return "automation"
    if context.user_id is not None:
        return f"{USER}{context.user_id}"
    people = people_of(hass)
    return people.run_of(context) or (VOICE if people.talking() else "automation")


@callback
def named(hass: HomeAssistant, data: Any) -> Any:
    """The same for a reader: with people called by their names."""
    people = hass.data.get(_DATA)
    return data if people is None else renamed(data, people.call)
