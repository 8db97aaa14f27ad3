"""Who is behind an action, an entity service, a command or a tool, and whether they may.

A context of Home Assistant names a user or nobody. Nobody is an automation, which is an operator,
or somebody who speaks to a voice assistant or a language model, who is a viewer: they are told
apart by the conversation that the running task is a part of. An automation that such a conversation
has set off is an automation all the same; an administrator wrote what it does.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial, wraps
from typing import Any, cast

from homeassistant.auth.const import GROUP_ID_READ_ONLY
from homeassistant.auth.models import User
from homeassistant.components import websocket_api
from homeassistant.components.http import current_request
from homeassistant.components.websocket_api.const import WebSocketCommandHandler
from homeassistant.core import Context, Event, HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util.hass_dict import HassKey

from vfarm_core.control.inputs import NoteRefusal

from .commander import CommandedEntity, commander, done
from .const import DOMAIN
from .data import VfarmConfigEntry
from .entity import async_by
from .people import people_of
from .roles import ACTIONS, COMMANDS, ENTITIES, UNKNOWN, Account, Need, UserRole, role_of
from .said import async_in_words
from .targets import async_farms, error

_LOGGER = logging.getLogger(__name__)

#: What Home Assistant names the user that its add-ons act as.
_SUPERVISOR = "Supervisor"
#: Requests of voice assistants and language models that come with a user of their own.
_SPOKEN_PATHS = ("/api/alexa", "/api/google_assistant", "/api/mcp", "/mcp_server")
#: Fired by `homeassistant.components.automation`, in the task that then runs the actions.
_AUTOMATION_TRIGGERED = "automation_triggered"
#: So many contexts of language models are remembered.
_KEPT = 256

#: The conversation in which the automation that runs now was set off; what it does is its own.
_set_off_in: ContextVar[object | None] = ContextVar("vfarm_set_off_in", default=None)


class Origin(StrEnum):
    """Who asks: a user, an automation without one, or a voice or model without one."""

    USER = "user"
    AUTOMATION = "automation"
    VOICE = "voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks. `spoken`: by voice or through a language model, with or without a user."""

    origin: Origin
    spoken: bool
    account: Account | None = None

    @property
    def is_person(self) -> bool:
        """Whether it is a person who is logged in and does it without a go-between."""
        return (
            self.origin is Origin.USER
            and not self.spoken
            and self.account is not None
            and not self.account.system
        )

    @property
    def is_automation(self) -> bool:
        """Whether it is an automation, whatever has set it off, and no voice or model."""
        return self.origin is Origin.AUTOMATION and not self.spoken

    def role(self, options: Mapping[str, Any]) -> UserRole:
        """Their role in a farm with these options."""
        if self.account is not None:
            return role_of(self.account, options)
        return UserRole.OPERATOR if self.origin is Origin.AUTOMATION else UserRole.VIEWER


@dataclass(slots=True)
class _Models:
    """Contexts in which a language model was given tools."""

    ids: OrderedDict[str, None] = field(default_factory=OrderedDict)


_MODELS: HassKey[_Models] = HassKey(f"{DOMAIN}_models")


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Begin to tell automations from conversations."""
    hass.data[_MODELS] = _Models()
    people_of(hass).talking = partial(_in_conversation, hass)

    @callback
    def set_off(_: Event) -> None:
        # In the context of the task that runs the automation: it holds until that ends.
        _set_off_in.set(_conversation(hass))

    hass.bus.async_listen(_AUTOMATION_TRIGGERED, set_off)


@callback
def async_heard_model(hass: HomeAssistant, context: Context | None) -> None:
    """A language model is given tools: what is done in this context is done by it."""
    if context is None:
        return
    ids = hass.data[_MODELS].ids
    ids[context.id] = None
    ids.move_to_end(context.id)
    if len(ids) > _KEPT:
        ids.popitem(last=False)


def _conversation(hass: HomeAssistant) -> object | None:
    """The conversation of which this is a part, if any."""
    if "conversation" not in hass.config.components:
        return None
    # Its libraries are there only when it is set up.
    from homeassistant.components.conversation.chat_log import current_chat_log

    return current_chat_log.get()


def _in_conversation(hass: HomeAssistant) -> bool:
    conversation = _conversation(hass)
    return conversation is not None and conversation is not _set_off_in.get()


def _through_go_between(hass: HomeAssistant, context: Context) -> bool:
    request = current_request.get()
    path = request.path if request is not None else ""
    return path.startswith(_SPOKEN_PATHS) or context.id in hass.data[_MODELS].ids


async def async_asker(
    hass: HomeAssistant, context: Context | None, *, through_model: bool = False
) -> Asker:
    """Who is behind a context. `through_model`: it is a language model that asks, for a user or
    for nobody."""
    if context is None:
        return Asker(origin=Origin.VOICE, spoken=True)
    talking = through_model or _in_conversation(hass)
    spoken = talking or _through_go_between(hass, context)
    if context.user_id is None:
        # Where a model has answered an automation, the automation goes on as itself.
        return Asker(origin=Origin.VOICE if talking else Origin.AUTOMATION, spoken=spoken)
    user = await hass.auth.async_get_user(context.user_id)
    return Asker(origin=Origin.USER, spoken=spoken, account=account_of(user, context.user_id))


def account_of(user: User | None, user_id: str) -> Account:
    """What counts of a user; of one who is gone, nothing."""
    if user is None:
        return Account(id=user_id, system=True)
    return Account(
        id=user.id,
        owner=user.is_owner,
        admin=user.is_admin,
        read_only=any(group.id == GROUP_ID_READ_ONLY for group in user.groups),
        system=user.system_generated,
        adds=user.name == _SUPERVISOR,
    )


@callback
def allowed(user: User, options: Mapping[str, Any]) -> tuple[UserRole, list[str]]:
    """The role of a user who is logged in, and the actions that it reaches: what a page offers."""
    account = account_of(user, user.id)
    role = role_of(account, options)
    person = Asker(origin=Origin.USER, spoken=False, account=account).is_person
    return role, sorted(
        action
        for action, need in ACTIONS.items()
        if role.reaches(need.role) and (person or not need.person)
    )


# -- where it is asked --------------------------------------------------------------------------


async def async_check_action(hass: HomeAssistant, call: ServiceCall) -> None:
    """Whether whoever calls an action may. Raises ServiceValidationError."""
    need = ACTIONS.get(call.service, UNKNOWN)
    if not need.nothing:
        farms = async_farms(hass, call.data)
        await async_require(hass, farms, call.context, f"{DOMAIN}.{call.service}", need)


@callback
def refuse_command(
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
    code: str,
    err: ServiceValidationError,
) -> None:
    """Answer a websocket command with a refusal that a page can say in its own language."""
    connection.send_error(
        msg["id"],
        code,
        str(err),
        translation_domain=err.translation_domain,
        translation_key=err.translation_key,
        translation_placeholders=err.translation_placeholders,
    )


def guarded_command(handler: WebSocketCommandHandler) -> WebSocketCommandHandler:
    """A websocket command that is carried out only for those who may."""
    tagged: Any = handler
    command: str = tagged._ws_command
    need = COMMANDS.get(command, UNKNOWN)
    if need.nothing:
        return handler

    async def checked(
        hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: dict[str, Any]
    ) -> None:
        named = msg.get("entry_id")
        entries: list[VfarmConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
        farms = [entry for entry in entries if named in (None, entry.entry_id)]
        try:
            await async_require(hass, farms, connection.context(msg), command, need)
        except ServiceValidationError as err:
            refuse_command(connection, msg, websocket_api.ERR_UNAUTHORIZED, err)
            return
        handler(hass, connection, msg)

    registered: Any = websocket_api.async_response(checked)
    registered._ws_command, registered._ws_schema = command, tagged._ws_schema
    return registered  # type: ignore[no-any-return]


def guarded[F: Callable[..., Coroutine[Any, Any, None]]](method: F) -> F:
    """A command of an entity that is carried out only for those who may."""

    @wraps(method)
    async def checked(entity: CommandedEntity, *args: Any, **kwargs: Any) -> None:
        context = commander(entity)
        need = ENTITIES.get(entity.guard_key, UNKNOWN)
        if not need.nothing and not _is_own(entity.entry, context):
            await async_require(entity.hass, [entity.entry], context, entity.guard_key, need)
        # Another command may have come in the meantime, or none has said who it is from.
        entity.async_set_context(context)
        try:
            await method(entity, *args, **kwargs)
        finally:
            done()

    return cast(F, checked)


def _is_own(entry: VfarmConfigEntry, context: Context) -> bool:
    """Whether it is a farm that commands, which has its own rules."""
    return entry.runtime_data.engine.actuators.is_own(context)


async def async_require(
    hass: HomeAssistant,
    farms: Iterable[VfarmConfigEntry],
    context: Context | None,
    what: str,
    need: Need,
    *,
    through_model: bool = False,
) -> None:
    """That whoever is behind a context may do `what` in these farms. Raises
    ServiceValidationError, after it was recorded."""
    if need.nothing:
        return
    asker = await async_asker(hass, context, through_model=through_model)
    entries = list(farms)
    if need.person and not asker.is_person:
        for entry in entries:
            await _async_record(hass, entry, context, asker, what, need)
        raise error("only_a_person", what=what)
    for entry in entries:
        role = asker.role(entry.options)
        if asker.is_automation and need.option is not None and entry.options.get(need.option):
            continue
        if not role.reaches(need.role):
            await _async_record(hass, entry, context, asker, what, need)
            raise await _async_not_allowed(hass, what, role, need, entry.title)
    if not entries and not (role := asker.role({})).reaches(need.role):
        raise await _async_not_allowed(hass, what, role, need, DOMAIN)


async def _async_not_allowed(
    hass: HomeAssistant, what: str, role: UserRole, need: Need, farm: str
) -> ServiceValidationError:
    return await async_in_words(
        hass, error("not_allowed", what=what, farm=farm, role=role, needs=need.role)
    )


async def _async_record(
    hass: HomeAssistant,
    entry: VfarmConfigEntry,
    context: Context | None,
    asker: Asker,
    what: str,
    need: Need,
) -> None:
    """Keep in the records of a farm that something was refused, unless it was just kept."""
    data = getattr(entry, "runtime_data", None)
    if data is None or not data.engine.running:
        return
    by = asker.origin.value
    if asker.origin is Origin.USER:
        by = await async_by(hass, context)
    times = data.refusals.count(by, what, time.monotonic())
    if not times:
        return
    role = asker.role(entry.options)
    _LOGGER.info("Refused %s to %s, who is %s in %s", what, by, role, entry.title)
    data.engine.request(
        NoteRefusal(what=what, role=role.value, needs=need.role.value, times=times, by=by)
    )
