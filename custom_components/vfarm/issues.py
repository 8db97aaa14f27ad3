"""Repair issues: what is wrong with a farm's description, and bound entities that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from vfarm_core.devices.modbus.errors import Problem as ProfileProblem
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.build import Problem
from vfarm_core.farm.checks.declarations import DECLARED
from vfarm_core.recipes.errors import Problem as RecipeProblem

from .const import DOMAIN, SubentryType
from .flows.checks import Words
from .modbus.words import async_profile_words
from .naming import async_entity_name, async_naming
from .recipe_words import async_recipe_words
from .stored import StoredBinding, stored_binding

#: What the data of an issue tells the flow that mends it.
DATA_KIND: Final = "kind"
DATA_ENTRY: Final = "entry"
DATA_BINDING: Final = "binding"

_RECIPE = "recipe"
_PROFILE = "modbus_profile"


class IssueKind(StrEnum):
    """What the issues of a farm are about; a part of their ids."""

    PROBLEM = "problem"
    UNSAFE = "unsafe"
    MISSING = "missing"
    LEDGER = "ledger"
    STATIONS = "stations"
    MEMORY = "memory"
    BACKUP = "backup"
    VERSION = "version"
    LINK = "link"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What an issue is filled in with, and what the flow that mends it has to know."""

    placeholders: Mapping[str, str]
    data: dict[str, str | int | float | None] | None = None


def _issue_id(entry: ConfigEntry, kind: IssueKind, what: str) -> str:
    return f"{entry.entry_id}_{kind}_{what}"


def _data(entry: ConfigEntry, kind: IssueKind, **more: str) -> dict[str, str | int | float | None]:
    return {DATA_KIND: kind.value, DATA_ENTRY: entry.entry_id, **more}


async def _async_words(hass: HomeAssistant) -> Words:
    language = hass.config.language
    known = await async_get_translations(hass, language, "config_subentries", {DOMAIN})
    return Words(known, f"component.{DOMAIN}.config_subentries.{SubentryType.ZONE}")


async def async_said(hass: HomeAssistant, entry: ConfigEntry, problems: Iterable[Problem]) -> str:
    """Problems as one text, in the language of the system and with the names of the farm."""
    words, naming = await _async_words(hass), async_naming(hass, entry)
    return " ".join(words.sentence(naming.problem(problem)) for problem in problems)


async def async_tell_problems(
    hass: HomeAssistant, entry: ConfigEntry, problems: Iterable[Problem]
) -> None:
    """One issue for each thing that is wrong, and one for each actuator that is not declared so
    that it can be kept safe, in the language of the system; those that are mended go away."""
    problems = tuple(problems)
    words = await _async_words(hass)
    naming = async_naming(hass, entry)
    unsafe: dict[str, tuple[StoredBinding, list[str]]] = {}
    found: dict[str, _Found] = {}
    for problem in problems:
        binding = stored_binding(entry, problem.node) if problem.key in DECLARED else None
        said = words.sentence(naming.problem(problem))
        if binding is not None:
            unsafe.setdefault(problem.node, (binding, []))[1].append(said)
            continue
        found[_issue_id(entry, IssueKind.PROBLEM, f"{problem.node}_{problem.key}")] = _Found(
            placeholders={"farm": entry.title, "problem": said}
        )
    prefix = _issue_id(entry, IssueKind.PROBLEM, "")
    _async_replace(hass, prefix, "farm_problem", ir.IssueSeverity.ERROR, found)
    found = {
        _issue_id(entry, IssueKind.UNSAFE, point): _Found(
            placeholders={
                "farm": entry.title,
                "node": naming.place(binding.data.get("node", entry.entry_id)),
                "role": naming.role(binding.data["role"]),
                "entity": async_entity_name(hass, binding.data["entity"]),
                "problem": " ".join(wrong),
            },
            data=_data(entry, IssueKind.UNSAFE, **{DATA_BINDING: point}),
        )
        for point, (binding, wrong) in unsafe.items()
    }
    prefix = _issue_id(entry, IssueKind.UNSAFE, "")
    _async_replace(hass, prefix, "actuator_unsafe", ir.IssueSeverity.ERROR, found)


@callback
def async_tell_missing(
    hass: HomeAssistant, entry: ConfigEntry, missing: Mapping[str, Binding]
) -> None:
    """One issue for each binding whose entity is gone, in the language of the system."""
    naming = async_naming(hass, entry)
    found = {
        _issue_id(entry, IssueKind.MISSING, point): _Found(
            placeholders={
                "farm": entry.title,
                "node": naming.place(binding.node),
                "role": naming.role(binding.role.value),
                "entity": async_entity_name(hass, binding.entity),
            },
            data=_data(entry, IssueKind.MISSING, **{DATA_BINDING: point}),
        )
        for point, binding in missing.items()
    }
    prefix = _issue_id(entry, IssueKind.MISSING, "")
    _async_replace(hass, prefix, "entity_vanished", ir.IssueSeverity.ERROR, found)


@callback
def async_tell_ledger(
    hass: HomeAssistant, entry: ConfigEntry, error: str, *, newer: bool = False
) -> None:
    """An issue while the history cannot be written; none without an error."""
    found = _Found(
        placeholders={"farm": entry.title, "error": error},
        # A history of a newer vfarm is whole: there is nothing to mend here.
        data=None if newer else _data(entry, IssueKind.LEDGER),
    )
    # What a person ignores of the one they do not ignore of the other.
    issue_id = _issue_id(entry, IssueKind.LEDGER, "newer" if newer else "failing")
    _async_replace(
        hass,
        _issue_id(entry, IssueKind.LEDGER, ""),
        "ledger_newer" if newer else "ledger_failing",
        ir.IssueSeverity.WARNING,
        {issue_id: found} if error else {},
    )


@callback
def async_tell_stations(hass: HomeAssistant, entry: ConfigEntry, problems: Iterable[str]) -> None:
    """One issue for everything that is wrong in the description of a farm's stations."""
    told = "\n".join(f"- {problem}" for problem in problems)
    prefix = _issue_id(entry, IssueKind.STATIONS, "")
    found = _Found(placeholders={"farm": entry.title, "problems": told})
    _async_replace(
        hass,
        prefix,
        "stations_broken",
        ir.IssueSeverity.WARNING,
        {f"{prefix}file": found} if told else {},
    )


@callback
def async_tell_memory(hass: HomeAssistant, entry: ConfigEntry, *, lost: bool) -> None:
    """An issue while a farm is held because its memory was lost."""
    found = _Found(
        placeholders={"farm": entry.title},
        data=_data(entry, IssueKind.MEMORY),
    )
    issue_id = _issue_id(entry, IssueKind.MEMORY, "lost")
    prefix = _issue_id(entry, IssueKind.MEMORY, "")
    told = {issue_id: found} if lost else {}
    _async_replace(hass, prefix, "memory_lost", ir.IssueSeverity.CRITICAL, told)


@callback
def async_tell_backup(
    hass: HomeAssistant, entry: ConfigEntry, *, stale: bool, last: datetime | None
) -> None:
    """An issue while a farm has no fresh backup; `last` is when the newest one was made."""
    found = _Found(
        placeholders={
            "farm": entry.title,
            "last": "–" if last is None else f"{dt_util.as_local(last):%Y-%m-%d}",
        },
    )
    prefix = _issue_id(entry, IssueKind.BACKUP, "")
    told = {_issue_id(entry, IssueKind.BACKUP, "stale"): found} if stale else {}
    _async_replace(hass, prefix, "backup_stale", ir.IssueSeverity.WARNING, told)


@callback
def async_tell_newer(hass: HomeAssistant, entry: ConfigEntry, *, newer: bool) -> None:
    """An issue while a farm cannot run because a newer vfarm has stored it."""
    prefix = _issue_id(entry, IssueKind.VERSION, "")
    told = {f"{prefix}newer": _Found(placeholders={"farm": entry.title})} if newer else {}
    _async_replace(hass, prefix, "entry_newer", ir.IssueSeverity.ERROR, told)


async def async_tell_recipes(hass: HomeAssistant, problems: Iterable[RecipeProblem]) -> None:
    """One issue for each recipe file that cannot be used, with everything that is wrong in it, in
    the language of the system: the text is kept, whoever reads it."""
    by_file: dict[str, list[RecipeProblem]] = {}
    for problem in problems:
        by_file.setdefault(problem.file, []).append(problem)
    words = await async_recipe_words(hass, hass.config.language) if by_file else None
    found = {
        f"{_RECIPE}_{file}": _Found(placeholders={"file": file, "problems": words.listed(wrong)})
        for file, wrong in by_file.items()
        if words is not None
    }
    _async_replace(hass, f"{_RECIPE}_", "recipe_broken", ir.IssueSeverity.WARNING, found)


async def async_tell_profiles(hass: HomeAssistant, problems: Iterable[ProfileProblem]) -> None:
    """One issue for each profile of a Modbus device that cannot be used, with everything that is
    wrong in it and where."""
    by_file: dict[str, list[ProfileProblem]] = {}
    for problem in problems:
        by_file.setdefault(problem.file, []).append(problem)
    say = await async_profile_words(hass) if by_file else None
    found = {
        f"{_PROFILE}_{file}": _Found(
            placeholders={"file": file, "problems": "\n".join(f"- {say(p)}" for p in wrong)}
        )
        for file, wrong in by_file.items()
        if say is not None
    }
    _async_replace(hass, f"{_PROFILE}_", "modbus_profile_broken", ir.IssueSeverity.WARNING, found)


@callback
def async_tell_link_taken(
    hass: HomeAssistant, entry: ConfigEntry, device: str, name: str | None
) -> None:
    """That somebody uses the line of a device (its subentry and its name) with other settings;
    without a name: not any more."""
    _async_one(hass, entry, IssueKind.LINK, device, "modbus_link_taken", name)


@callback
def async_tell_profile_gone(
    hass: HomeAssistant, entry: ConfigEntry, device: str, name: str | None, profile: str = ""
) -> None:
    """That nobody knows (any more) what the registers of a device mean; without a name: somebody
    does again."""
    _async_one(hass, entry, IssueKind.PROFILE, device, "modbus_profile_gone", name, profile=profile)


@callback
def _async_one(
    hass: HomeAssistant,
    entry: ConfigEntry,
    kind: IssueKind,
    device: str,
    key: str,
    name: str | None,
    **more: str,
) -> None:
    issue_id = _issue_id(entry, kind, device)
    if name is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=key,
        translation_placeholders={"farm": entry.title, "device": name, **more},
    )


@callback
def _async_replace(
    hass: HomeAssistant,
    prefix: str,
    translation_key: str,
    severity: ir.IssueSeverity,
    found: Mapping[str, _Found],
) -> None:
    for issue_id in _async_issues(hass, prefix) - set(found):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, one in found.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data=one.data,
            is_fixable=one.data is not None,
            severity=severity,
            translation_key=translation_key,
            translation_placeholders=dict(one.placeholders),
        )


@callback
def _async_issues(hass: HomeAssistant, prefix: str) -> set[str]:
    return {
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(prefix)
    }


@callback
def async_rest(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the issues of a farm that does not run, but for those that a person ignores: it is
    their entry in the registry that remembers this. Each of them is looked at again when the farm
    starts, and goes if it is not true any more."""
    known = ir.async_get(hass)
    for issue_id in _async_issues(hass, f"{entry.entry_id}_"):
        issue = known.async_get_issue(DOMAIN, issue_id)
        if issue is not None and issue.dismissed_version is None:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete every issue of a farm that was removed."""
    for issue_id in _async_issues(hass, f"{entry.entry_id}_"):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
