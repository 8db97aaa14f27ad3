"""What a check of a recipe found, in words of the reader's language.

The core gives codes and parameters; the sentences are those of `exceptions.check_<code>`, as for
every refusal. Parameters that are words themselves (a crop, a channel, day or night) have theirs in
`selector.recipe_word`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from vfarm_core.recipes.errors import Problem
from vfarm_core.recipes.findings import Finding
from vfarm_core.recipes.formats.notes import Note
from vfarm_core.recipes.words import placeholders

from .const import DOMAIN

#: Parameters that are keys of words, and no texts of the recipe or the farm.
_NAMED = frozenset({"channel", "crop", "kind", "limit", "method", "quantity", "when"})
_SENTENCE = f"component.{DOMAIN}.exceptions.check_{{code}}.message"
_WORD = f"component.{DOMAIN}.selector.recipe_word.options.{{word}}"


@dataclass(frozen=True, slots=True)
class RecipeWords:
    """The words of one language."""

    texts: Mapping[str, str]

    def sentence(self, said: Finding | Problem | Note) -> str:
        """What was found as one sentence."""
        values = {
            name: self.word(value) if name in _NAMED else value
            for name, value in placeholders(said).items()
        }
        return self.texts[_SENTENCE.format(code=said.code)].format(**values)

    def word(self, key: str) -> str:
        """What a key is called; a name that nobody has translated with blanks."""
        return self.texts.get(_WORD.format(word=key), key.replace("_", " "))

    def problem(self, problem: Problem) -> dict[str, Any]:
        """A problem as response data."""
        return {
            "code": problem.code,
            "path": problem.path,
            "line": problem.line,
            "text": self.sentence(problem),
            "params": dict(problem.params),
        }

    def finding(self, finding: Finding) -> dict[str, Any]:
        """A finding as response data."""
        return {
            "severity": finding.severity.value,
            "code": finding.code,
            "path": finding.path,
            "text": self.sentence(finding),
            "source": finding.source,
            "params": dict(finding.params),
        }

    def finding_line(self, finding: Finding) -> str:
        """A finding as one line: where it is, and what was found."""
        return f"{finding.path}: {self.sentence(finding)}"

    def listed(self, problems: Iterable[Problem]) -> str:
        """All problems as one text, each with its place."""
        return "\n".join(f"- {self._place(p)}: {self.sentence(p)}" for p in problems)

    def _place(self, problem: Problem) -> str:
        path = problem.path or self.word("document")
        return path if problem.line is None else f"{path} ({self.word('line')} {problem.line})"


async def async_recipe_words(hass: HomeAssistant, language: str) -> RecipeWords:
    """The words of a language; English where it has none."""
    sentences = await async_get_translations(hass, language, "exceptions", {DOMAIN})
    words = await async_get_translations(hass, language, "selector", {DOMAIN})
    return RecipeWords({**sentences, **words})
