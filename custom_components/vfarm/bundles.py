"""Actions that write a farm to one file, and bring one from a file.

Bundles are in `<config>/vfarm/bundles`, which nothing serves. An import never starts a farm: its
entry is there and disabled, and a person enables it when the old one has stopped for good.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_IMPORT,
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigSubentry,
)
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util import slugify

from vfarm_core.control.inputs import NoteExport
from vfarm_core.control.memory import Memory
from vfarm_core.farm.build import FarmError
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.remap import RemapError, Table, by_reference, table_of, with_same_names
from vfarm_core.runtime.bundle import (
    RECIPES,
    Bundle,
    BundleError,
    Manifest,
    contents,
    copy_database,
    memory_of,
    open_bundle,
    own_recipes,
    write_bundle,
)
from vfarm_core.runtime.place import is_running
from vfarm_core.runtime.restore import Plan, Present, plan_import, require, settle_journal

from .config_flow import VfarmConfigFlow
from .const import CONF_BINDINGS, CONF_KIND, CONF_TAKEOVER, DOMAIN, FarmKind, SubentryType
from .data import VfarmConfigEntry
from .entity import async_by
from .farm_data import Part, entry_dict, farm_parts, unique_id, usable_farm
from .flows.farm import subentries
from .journal import journal_path
from .ledger import ledger_path, ledger_where
from .targets import ENTRY_SCHEMA, async_entry, error

#: So many exports of automations are kept, one a week (design choice: a month).
_WEEKS_KEPT = 4
_NAME = re.compile(r"[^/\\\x00-\x1f]{1,200}\.zip")


class BundleField(StrEnum):
    """The names of their fields."""

    FILE = "file"
    LEDGER = "ledger"
    DRY_RUN = "dry_run"
    REMAP = "remap"
    SAME_NAMES = "same_names"


EXPORT_SCHEMA = vol.Schema(
    {
        **ENTRY_SCHEMA,
        vol.Optional(BundleField.FILE): cv.string,
        vol.Optional(BundleField.LEDGER, default=False): cv.boolean,
    }
)
IMPORT_SCHEMA = vol.Schema(
    {
        vol.Required(BundleField.FILE): cv.string,
        vol.Optional(BundleField.DRY_RUN, default=True): cv.boolean,
        vol.Optional(BundleField.REMAP, default=dict): vol.Any(dict, list),
        vol.Optional(BundleField.SAME_NAMES, default=False): cv.boolean,
    }
)


async def async_export(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """Write a running farm to a file. Raises ServiceValidationError."""
    # An automation has come here because the options of the farm allow it.
    automatic = call.context.user_id is None
    if not automatic:
        await _async_require_admin(hass, call)
    entry: VfarmConfigEntry = async_entry(hass, call)
    engine = entry.runtime_data.engine
    if not engine.running:
        raise error("not_running", farm=entry.title)
    name = call.data.get(BundleField.FILE)
    if automatic and name:
        raise error("bundle_no_choice")
    target = _file(hass, name or _default_name(entry.title, automatic=automatic))
    by = await async_by(hass, call.context)
    engine.feed_now()
    # What is kept only now and then is kept now, and waited for.
    engine.runtime.flush()
    farm, made_at = engine.farm, engine.clock.now().farm
    await engine.journal.async_events(limit=1)
    path = engine.journal.path
    ledger = ledger_where(entry, path) if call.data[BundleField.LEDGER] else None
    manifest = await _async_done(
        hass,
        partial(
            _written,
            target,
            farm,
            path,
            made_at=made_at,
            recipes=_recipes(hass),
            ledger=ledger,
            entities=_names(hass, farm),
            overwrite=automatic,
        ),
    )
    engine.request(NoteExport(file=target.name, ledger=call.data[BundleField.LEDGER], by=by))
    members = {name: asdict(member) for name, member in manifest.members.items()}
    return {"file": target.name, "path": str(target), "farm": manifest.farm, "members": members}


def _default_name(title: str, *, automatic: bool) -> str:
    """A name by the second, or one of four by the week, which replaces that of four weeks ago."""
    now = dt_util.now()
    if automatic:
        return f"{slugify(title)}-week-{now.toordinal() // 7 % _WEEKS_KEPT + 1}.zip"
    return f"{slugify(title)}-{now.strftime('%Y%m%d-%H%M%S')}.zip"


def _written(
    target: Path, farm: Farm, journal: Path, *, ledger: Path | str | None, **more: Any
) -> Manifest:
    """Write a bundle; a history that is in a database goes into a file first."""
    if not isinstance(ledger, str):
        return write_bundle(target, farm, journal, ledger=ledger, **more)
    from vfarm_core.ledger.carry import carry
    from vfarm_core.ledger.errors import LedgerError
    from vfarm_core.ledger.store import Ledger

    with TemporaryDirectory(prefix="vfarm-ledger-") as folder:
        copy = Path(folder) / "ledger.db"
        try:
            with closing(Ledger(ledger, read_only=True)) as there, closing(Ledger(copy)) as here:
                carry(there, here)
        except LedgerError as err:
            raise BundleError("not_written", "{file}: {why}", file=target, why=err) from err
        return write_bundle(target, farm, journal, ledger=copy, **more)


async def async_import(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """What an import of a file would do, and with `dry_run: false` doing it. Raises
    ServiceValidationError."""
    await _async_require_admin(hass, call)
    source = _file(hass, call.data[BundleField.FILE])
    by = await async_by(hass, call.context)
    opened = open_bundle(source)
    bundle = await _async_done(hass, opened.__enter__)
    try:
        return await _async_import(hass, bundle, call.data, by)
    finally:
        await hass.async_add_executor_job(opened.__exit__, None, None, None)


async def _async_import(
    hass: HomeAssistant, bundle: Bundle, data: Mapping[str, Any], by: str
) -> dict[str, Any]:
    entry = hass.config_entries.async_get_entry(bundle.farm.id)
    if entry is not None and entry.domain != DOMAIN:
        raise error("bundle_refused", why=f"{entry.title} has the id {entry.entry_id}")
    journal = journal_path(hass, bundle.farm.id)
    before, lost = await hass.async_add_executor_job(_remembered, journal)
    present = Present(
        farm=None if entry is None else _farm_of(hass, entry),
        memory=before,
        recipes=await _async_done(hass, partial(own_recipes, _recipes(hass))),
        lost=lost,
    )
    here = replace(bundle, farm=replace(bundle.farm, time_zone=hass.config.time_zone))
    plan = plan_import(here, present, _table(hass, bundle, data), _known(hass))
    running = entry is not None and entry.disabled_by is None
    # A recipe of the same name stays as it is here: other farms grow by it.
    kept = tuple(c.id for c in plan.changes if c.what == "own_recipe" and c.id in present.recipes)
    told = {
        "bundle": contents(bundle),
        "changes": [asdict(c) for c in plan.changes if c.id not in kept or c.what != "own_recipe"],
        "entities": [asdict(use) for use in plan.entities],
        "other_devices": list(plan.other_devices),
        "refusals": [asdict(refusal) for refusal in plan.refusals],
        "running": running,
        "memory_here_lost": lost,
        "recipes_kept": list(kept),
        "time_zone": {"bundle": bundle.farm.time_zone, "here": hass.config.time_zone},
    }
    if data[BundleField.DRY_RUN]:
        return {"imported": False, **told}
    if running and entry is not None:
        raise error("bundle_running", farm=entry.title)
    await _async_done(hass, partial(require, plan))
    place = _Place(journal=journal, recipes=_recipes(hass), kept=kept)
    at = dt_util.utcnow().timestamp()
    await _async_done(hass, partial(_put, place, here, plan, at, by))
    if entry is None:
        await hass.config_entries.async_add(_entry(plan.farm))
    else:
        _async_edit(hass, entry, plan.farm)
    return {"imported": True, **told}


# -- what is here -------------------------------------------------------------------------------


async def _async_require_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    user = await hass.auth.async_get_user(call.context.user_id) if call.context.user_id else None
    if user is None or not user.is_admin:
        raise error("bundle_admin")


def _file(hass: HomeAssistant, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise error("bundle_name", name=name)
    return Path(hass.config.path(DOMAIN, "bundles", name))


def _recipes(hass: HomeAssistant) -> Path:
    return Path(hass.config.path(DOMAIN, RECIPES))


@callback
def _names(hass: HomeAssistant, farm: Farm) -> dict[str, str]:
    """The entity ids of what is bound, by the reference that bindings keep."""
    registry = er.async_get(hass)
    found = {b.entity: er.async_resolve_entity_id(registry, b.entity) for b in farm.bindings}
    return {reference: name for reference, name in found.items() if name is not None}


@callback
def _known(hass: HomeAssistant) -> frozenset[str]:
    """Every entity that exists, by its id and by its reference in the registry."""
    registered = er.async_get(hass).entities.values()
    return frozenset(
        {*hass.states.async_entity_ids(), *(e.entity_id for e in registered)}
        | {e.id for e in registered}
    )


@callback
def _table(hass: HomeAssistant, bundle: Bundle, data: Mapping[str, Any]) -> Table:
    """The new names, as bindings keep them: by the registry's reference where there is one."""
    names = bundle.manifest.entities
    try:
        table = by_reference(table_of(data[BundleField.REMAP]), names)
    except RemapError as err:
        raise error("bundle_remap", why=str(err)) from err
    if data[BundleField.SAME_NAMES]:
        table = with_same_names(table, names, _known(hass))
    registry = er.async_get(hass)
    return {
        old: renamed
        if (entity := registry.async_get(renamed.new)) is None
        else replace(renamed, new=entity.id)
        for old, renamed in table.items()
    }


@callback
def _farm_of(hass: HomeAssistant, entry: ConfigEntry) -> Farm | None:
    try:
        return usable_farm(entry_dict(entry, hass.config.time_zone))[0]
    except FarmError:
        return None


def _remembered(journal: Path) -> tuple[Memory | None, bool]:
    if not journal.exists():
        return None, False
    try:
        with TemporaryDirectory(prefix="vfarm-") as folder:
            copy_database(journal, copy := Path(folder) / journal.name)
            return memory_of(copy), False
    except BundleError:
        return None, True


async def _async_done[T](hass: HomeAssistant, work: Callable[[], T]) -> T:
    """What blocking work gives; its refusal in the reader's language."""
    try:
        return await hass.async_add_executor_job(work)
    except BundleError as err:
        raise error(f"bundle_{err.key}", **err.params) from err


# -- doing it -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the parts of a bundle go; `kept` are recipes that stay as they are."""

    journal: Path
    recipes: Path
    kept: tuple[str, ...]


def _put(place: _Place, bundle: Bundle, plan: Plan, at: float, by: str) -> None:
    """Put the files of a bundle in place. The journal comes last and at once: until then there is
    the old one, which is kept beside it. Raises BundleError."""
    journal = place.journal
    if is_running(journal):
        raise BundleError("running", "{farm} is running: disable it first", farm=plan.farm.name)
    part = journal.with_name(f".{journal.name}.part")
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle.journal, part)
        settle_journal(part, bundle, plan, at=at, by=by)
        if bundle.recipes:
            place.recipes.mkdir(parents=True, exist_ok=True)
            for name, text in bundle.recipes.items():
                if name not in place.kept:
                    (place.recipes / name).write_text(text, encoding="utf-8")
        ledger = ledger_path(journal)
        if bundle.ledger is not None and not ledger.exists():
            shutil.copyfile(bundle.ledger, ledger)
        _set_aside(journal)
        part.replace(journal)
        _sync(journal)
        _sync(journal.parent)
    except OSError as err:
        raise BundleError(
            "not_written", "{file}: {why}", file=journal, why=err.strerror or err
        ) from err
    finally:
        part.unlink(missing_ok=True)


def _set_aside(journal: Path) -> None:
    """Keep what is there beside it; its log belongs to it alone."""
    stem = f"{journal.stem}.before-{int(time.time())}"
    for end in ("", "-wal", "-shm"):
        part = journal.with_name(journal.name + end)
        if part.exists():
            shutil.copyfile(part, journal.with_name(f"{stem}.db{end}"))
    for end in ("-wal", "-shm"):
        journal.with_name(journal.name + end).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _data(farm: Farm) -> tuple[list[Part], dict[str, Any]]:
    parts, bindings = farm_parts(farm)
    return parts, {CONF_BINDINGS: bindings, CONF_TAKEOVER: farm.takeover_min}


def _entry(farm: Farm) -> ConfigEntry:
    """A farm that is not here yet, under the id by which its memory knows it."""
    parts, data = _data(farm)
    return ConfigEntry(
        data={CONF_KIND: FarmKind.FARM.value, **data},
        disabled_by=ConfigEntryDisabler.USER,
        discovery_keys=MappingProxyType({}),
        domain=DOMAIN,
        entry_id=farm.id,
        minor_version=VfarmConfigFlow.MINOR_VERSION,
        options={},
        source=SOURCE_IMPORT,
        subentries_data=subentries(parts),
        title=farm.name,
        unique_id=None,
        version=VfarmConfigFlow.VERSION,
    )


@callback
def _async_edit(hass: HomeAssistant, entry: ConfigEntry, farm: Farm) -> None:
    """Make a disabled entry describe the farm."""
    parts, data = _data(farm)
    entries = hass.config_entries
    entries.async_update_entry(entry, title=farm.name, data={**entry.data, **data})
    # Hardware that is talked to is no part of what was written: it stays.
    parts_now = (s for s in entry.subentries.values() if s.subentry_type in SubentryType)
    left = {sub.unique_id: sub for sub in parts_now}
    for part in parts:
        key = unique_id(part.type, part.data["id"])
        known = left.pop(key, None)
        if known is None:
            made = ConfigSubentry(
                data=MappingProxyType(dict(part.data)),
                subentry_type=part.type.value,
                title=part.title,
                unique_id=key,
            )
            entries.async_add_subentry(entry, made)
        else:
            entries.async_update_subentry(entry, known, data=part.data, title=part.title)
    for gone in left.values():
        entries.async_remove_subentry(entry, gone.subentry_id)
