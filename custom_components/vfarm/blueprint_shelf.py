"""The blueprints that come with vfarm: what of them is installed, and how it gets there.

Nothing is written unless a person asks for it. What vfarm has installed it knows by the hash of the
file; a copy that somebody has edited is kept, and the new one is laid beside it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.components.script import DOMAIN as SCRIPT_DOMAIN
from homeassistant.const import SERVICE_RELOAD
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .targets import error

_LOGGER = logging.getLogger(__name__)

ATTR_REPLACE_EDITED: Final = "replace_edited"
INSTALL_SCHEMA: Final = vol.Schema({vol.Optional(ATTR_REPLACE_EDITED, default=False): cv.boolean})

#: The offer to install or update them.
ISSUE: Final = "blueprints"

_FOLDER: Final = "blueprints"
_DOMAINS: Final = (AUTOMATION_DOMAIN, SCRIPT_DOMAIN)
_KEY: Final = f"{DOMAIN}.blueprints"
_VERSION: Final = 1


class Standing(StrEnum):
    """How a blueprint of this version stands to the file of its name."""

    MISSING = "missing"
    REMOVED = "removed"
    CURRENT = "current"
    OLD = "old"
    EDITED = "edited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A blueprint of this version and how it stands. `name` is its path below the folder of all
    blueprints, `seen` whether this text was laid beside an edited copy already."""

    name: str
    text: bytes
    standing: Standing
    seen: bool = False

    @property
    def waits(self) -> bool:
        """Whether there is something to install, to update or to lay beside."""
        match self.standing:
            case Standing.MISSING | Standing.OLD:
                return True
            case Standing.EDITED:
                return not self.seen
            case Standing.REMOVED | Standing.CURRENT:
                return False


def shipped_folder() -> Path:
    """Where the blueprints of this version lie: in the release inside the integration, in a
    checkout at its root."""
    here = Path(__file__).parent
    inside = here / _FOLDER
    return inside if inside.is_dir() else here.parents[1] / _FOLDER


def _hash(text: bytes) -> str:
    return hashlib.sha256(text.replace(b"\r\n", b"\n")).hexdigest()


def _beside(name: str) -> str:
    return f"{name.removesuffix('.yaml')}.new.yaml"


def _look(folder: Path, known: Mapping[str, str]) -> list[Shipped]:
    """Compare what comes with vfarm to what there is; `known` are hashes of what vfarm wrote."""
    return list(_each(folder, known))


def _each(folder: Path, known: Mapping[str, str]) -> Iterator[Shipped]:
    source = shipped_folder()
    for path in sorted(source.glob(f"*/{DOMAIN}/*.yaml")):
        name, text = path.relative_to(source).as_posix(), path.read_bytes()
        try:
            there = (folder / name).read_bytes()
        except OSError:
            standing = Standing.REMOVED if name in known else Standing.MISSING
            yield Shipped(name=name, text=text, standing=standing)
            continue
        if _hash(there) == _hash(text):
            standing = Standing.CURRENT
        elif _hash(there) == known.get(name):
            standing = Standing.OLD
        else:
            standing = Standing.EDITED
        seen = known.get(_beside(name)) == _hash(text)
        yield Shipped(name=name, text=text, standing=standing, seen=seen)


def _write(folder: Path, name: str, text: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


class BlueprintShelf:
    """What of the blueprints is installed."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know where they go."""
        self._hass = hass
        self._folder = Path(hass.config.path(_FOLDER))
        self._store: Store[dict[str, str]] = Store(hass, _VERSION, _KEY)

    async def async_look(self) -> list[Shipped]:
        """How every blueprint of this version stands."""
        known = await self._store.async_load() or {}
        return await self._hass.async_add_executor_job(_look, self._folder, known)

    async def async_install(
        self, *, replace_edited: bool, removed: bool = False
    ) -> dict[str, list[str]]:
        """Install what is missing, update what is as vfarm wrote it. What was edited is kept with
        the new one beside it, unless it is to be replaced; what was `removed` by hand comes back
        if that is asked for. Raises ServiceValidationError: blueprints_not_written."""
        known = dict(await self._store.async_load() or {})
        done: dict[str, list[str]] = {"installed": [], "updated": [], "kept": []}
        try:
            for one in await self.async_look():
                name = one.name
                match one.standing:
                    case Standing.CURRENT:
                        known[name] = _hash(one.text)
                        continue
                    case Standing.REMOVED if not removed:
                        continue
                    case Standing.MISSING | Standing.REMOVED:
                        done["installed"].append(name)
                    case Standing.EDITED if not replace_edited:
                        done["kept"].append(name)
                        if one.seen:
                            continue
                        name = _beside(name)
                    case Standing.OLD | Standing.EDITED:
                        done["updated"].append(name)
                await self._hass.async_add_executor_job(_write, self._folder, name, one.text)
                known[name] = _hash(one.text)
        except OSError as err:
            raise error("blueprints_not_written", why=str(err)) from err
        finally:
            await self._store.async_save(known)
        if any(done.values()):
            await self._async_reload()
        await self.async_offer()
        return done

    async def _async_reload(self) -> None:
        """Let automations and scripts see them; what did not change goes on running."""
        for domain in _DOMAINS:
            if self._hass.services.has_service(domain, SERVICE_RELOAD):
                await self._hass.services.async_call(domain, SERVICE_RELOAD, blocking=True)

    async def async_offer(self) -> None:
        """Offer what waits as a repair, or take the offer back. A house without automations is
        offered none."""
        waiting = [one for one in await self.async_look() if one.waits]
        if not waiting or AUTOMATION_DOMAIN not in self._hass.config.components:
            ir.async_delete_issue(self._hass, DOMAIN, ISSUE)
            return
        count = {
            standing: str(sum(1 for one in waiting if one.standing is standing))
            for standing in (Standing.MISSING, Standing.OLD, Standing.EDITED)
        }
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            ISSUE,
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=ISSUE,
            translation_placeholders={
                "new": count[Standing.MISSING],
                "old": count[Standing.OLD],
                "edited": count[Standing.EDITED],
            },
        )


async def async_offer(hass: HomeAssistant) -> None:
    """Offer the blueprints once Home Assistant has started."""
    await BlueprintShelf(hass).async_offer()


async def async_install(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """Install or update the blueprints, for an administrator."""
    await _async_require_admin(hass, call)
    replace_edited: bool = call.data[ATTR_REPLACE_EDITED]
    return dict(
        await BlueprintShelf(hass).async_install(replace_edited=replace_edited, removed=True)
    )


async def _async_require_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    user = await hass.auth.async_get_user(call.context.user_id) if call.context.user_id else None
    if user is None or not user.is_admin:
        raise error("blueprints_admin")


@callback
def async_is_offer(issue_id: str) -> bool:
    """Whether an issue is the offer of the blueprints."""
    return issue_id == ISSUE
