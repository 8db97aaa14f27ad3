"""Repair issues: what is wrong with a farm's description, and bound entities that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.build import Problem
from vfarm_core.recipes.errors import Problem as RecipeProblem

from .const import DOMAIN
from .recipe_words import async_recipe_words

_PROBLEM = "problem"
_MISSING = "missing"
_RECIPE = "recipe"
_LEDGER = "ledger"


def _issue_id(entry: ConfigEntry, kind: str, what: str) -> str:
    return f"{entry.entry_id}_{kind}_{what}"


@callback
def async_tell_problems(
    hass: HomeAssistant, entry: ConfigEntry, problems: Iterable[Problem]
) -> None:
    """One issue for each thing that is wrong; those that are mended go away."""
    found = {
        _issue_id(entry, _PROBLEM, f"{p.node}_{p.key}"): {
            "farm": entry.title,
            "problem": p.message,
        }
        for p in problems
    }
    _async_replace(
        hass, _issue_id(entry, _PROBLEM, ""), "farm_problem", ir.IssueSeverity.ERROR, found
    )


@callback
def async_tell_missing(
    hass: HomeAssistant, entry: ConfigEntry, missing: Mapping[str, Binding]
) -> None:
    """One issue for each binding whose entity is gone."""
    found = {
        _issue_id(entry, _MISSING, point): {
            "farm": entry.title,
            "node": binding.node,
            "role": binding.role.value,
            "entity": binding.entity,
        }
        for point, binding in missing.items()
    }
    _async_replace(
        hass, _issue_id(entry, _MISSING, ""), "entity_vanished", ir.IssueSeverity.ERROR, found
    )


@callback
def async_tell_ledger(
    hass: HomeAssistant, entry: ConfigEntry, error: str, *, newer: bool = False
) -> None:
    """An issue while the history cannot be written; none without an error."""
    found = {"farm": entry.title, "error": error}
    issue_id = _issue_id(entry, _LEDGER, "failing")
    _async_replace(
        hass,
        _issue_id(entry, _LEDGER, ""),
        "ledger_newer" if newer else "ledger_failing",
        ir.IssueSeverity.WARNING,
        {issue_id: found} if error else {},
    )


async def async_tell_recipes(hass: HomeAssistant, problems: Iterable[RecipeProblem]) -> None:
    """One issue for each recipe file that cannot be used, with everything that is wrong in it, in
    the language of the system: the text is kept, whoever reads it."""
    by_file: dict[str, list[RecipeProblem]] = {}
    for problem in problems:
        by_file.setdefault(problem.file, []).append(problem)
    words = await async_recipe_words(hass, hass.config.language) if by_file else None
    found = {
        f"{_RECIPE}_{file}": {"file": file, "problems": words.listed(wrong)}
        for file, wrong in by_file.items()
        if words is not None
    }
    _async_replace(hass, f"{_RECIPE}_", "recipe_broken", ir.IssueSeverity.WARNING, found)


@callback
def _async_replace(
    hass: HomeAssistant,
    prefix: str,
    translation_key: str,
    severity: ir.IssueSeverity,
    found: Mapping[str, dict[str, str]],
) -> None:
    for issue_id in _async_issues(hass, prefix) - set(found):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, placeholders in found.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=severity,
            translation_key=translation_key,
            translation_placeholders=placeholders,
        )


@callback
def _async_issues(hass: HomeAssistant, prefix: str) -> set[str]:
    return {
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(prefix)
    }


@callback
def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete every issue of a farm."""
    for issue_id in _async_issues(hass, f"{entry.entry_id}_"):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
