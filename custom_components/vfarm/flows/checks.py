"""What the core says of an edited farm, as errors of a form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from vfarm_core.farm.build import FarmError, Problem, farm_from_dict

from ..const import CONF_BINDINGS, DOMAIN, SubentryType
from ..farm_data import Part, farm_dict, parts_of
from .language import async_language

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


class Words:
    """The texts of a flow in the reader's language."""

    def __init__(
        self,
        known: Mapping[str, str],
        prefix: str,
        named: Callable[[Problem], Problem] = lambda problem: problem,
    ) -> None:
        """Look under `prefix` in a flat table of texts; `named` puts names in the place of keys."""
        self._known = known
        self._named = named
        self._prefix = prefix
        self._labels = {
            key.rpartition(".")[2]: label
            for key, label in known.items()
            if key.startswith(f"{prefix}.step.") and ".data." in key
        }

    def _error(self, problem: Problem) -> str | None:
        return self._known.get(f"{self._prefix}.error.{problem.key}")

    def named_by(self, problem: Problem) -> dict[str, str]:
        """What the text of a problem has to be filled in with."""
        needed = {name for _, name, _, _ in Formatter().parse(self._error(problem) or "") if name}
        params = {"message": problem.message, **self._named(problem).params}
        return {name: value for name, value in params.items() if name in needed}

    def sentence(self, problem: Problem) -> str:
        """A problem with the field it is about, where that is known; in the core's own words if
        there are no others."""
        text = self._error(problem)
        if text is None:
            return f"{problem.message}."
        label = self._labels.get(problem.params.get("attribute", ""))
        said = text.format_map({"message": problem.message, **self._named(problem).params})
        return f"{label}: {said}" if label else said


async def async_words(
    hass: HomeAssistant,
    texts: str,
    named: Callable[[Problem], Problem] = lambda problem: problem,
) -> Words:
    """The texts of a flow; `texts` is where in the translations they are. What `named` does comes
    after the language of the reader was loaded."""
    category, _, of = texts.partition(".")
    known = await async_get_translations(hass, await async_language(hass), category, {DOMAIN})
    path = ".".join(part for part in ("component", DOMAIN, category, of) if part)
    return Words(known, path, named)


def form_errors(
    words: Words, found: Iterable[Problem], fields: Iterable[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Errors and placeholders of a form. A problem of one field stands at the field, all others
    stand together above the form."""
    errors: dict[str, str] = {}
    placeholders: dict[str, str] = {}
    known = set(fields)
    others: list[Problem] = []

    def fits(problem: Problem) -> bool:
        """All errors of a form share the names of what they are filled in with."""
        named = words.named_by(problem)
        return all(placeholders.get(name, value) == value for name, value in named.items())

    for problem in found:
        field = problem.params.get("attribute", "")
        if field in known and field not in errors and fits(problem):
            errors[field] = problem.key
            placeholders |= words.named_by(problem)
        else:
            others.append(problem)
    if len(others) == 1 and fits(others[0]):
        errors["base"] = others[0].key
        placeholders |= words.named_by(others[0])
    elif others:
        errors["base"] = "several_problems"
        placeholders["problems"] = " ".join(words.sentence(problem) for problem in others)
    return errors, placeholders
