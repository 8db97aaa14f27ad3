"""What the core says of an edited farm, as errors of a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from vfarm_core.farm.build import FarmError, Problem, farm_from_dict

from ..const import CONF_BINDINGS, SubentryType
from ..farm_data import Part, farm_dict, parts_of

#: Farm id while a farm has no entry yet.
DRAFT_ID = "farm"


def problems(data: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything the core finds wrong with a farm."""
    try:
        farm_from_dict(data)
    except FarmError as err:
        return err.problems
    return ()


def problems_of_part(
    hass: HomeAssistant, entry: ConfigEntry, part: Part, replaces: str | None
) -> tuple[Problem, ...]:
    """What would be wrong with the farm because of one new or edited part.

    What was wrong before and elsewhere does not keep a person from mending the farm piece by piece.
    """
    bindings = entry.data.get(CONF_BINDINGS, ())
    zone = hass.config.time_zone
    before = problems(farm_dict(entry.entry_id, entry.title, zone, parts_of(entry), bindings))
    others = parts_of(entry, without=replaces)
    after = problems(farm_dict(entry.entry_id, entry.title, zone, [*others, part], bindings))
    own = _ids(part)
    return tuple(p for p in after if p not in before or p.node in own)


def _ids(part: Part) -> set[str]:
    ids = {part.data["id"], *(b["id"] for b in part.data.get(CONF_BINDINGS, ()))}
    if part.type is SubentryType.RACK:
        ids |= {level["id"] for level in part.data["levels"]}
    return ids


def form_errors(
    found: Iterable[Problem], fields: Iterable[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Errors and placeholders of a form. A problem of one field stands at the field; several others
    stand together, in the core's words."""
    errors: dict[str, str] = {}
    placeholders: dict[str, str] = {}
    known = set(fields)
    others: list[Problem] = []
    for problem in found:
        field = problem.params.get("attribute", "")
        if field in known and field not in errors and not errors:
            errors[field] = problem.key
            placeholders |= problem.params
        else:
            others.append(problem)
    if len(others) == 1 and not errors:
        errors["base"] = others[0].key
        placeholders |= {**others[0].params, "message": others[0].message}
    elif others:
        errors["base"] = "several_problems"
        placeholders["problems"] = "; ".join(p.message for p in others)
    return errors, placeholders
