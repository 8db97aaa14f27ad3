"""Recipes from YAML, strictly: every problem is found and named, nothing is guessed.

The form of the document is described in docs/recipes.md. What makes sense as a document but not
for the crop is found by `validate`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from .document import read_document
from .errors import RecipeError, problem
from .model import DayLength, Growth, Phase, Recipe, Ripe
from .reading.growth import GrowthReader
from .reading.phases import PhaseReader
from .reading.values import is_version
from .version import content_hash

#: The version of the document's form.
FORMAT = 1


def load_recipe(text: str, *, file: str = "<text>") -> Recipe:
    """The recipe in `text`. `file` is what problems name. Raises RecipeError with all of them."""
    document = read_document(text, file)
    reader = _Reader(document)
    recipe = reader.recipe(document.value)
    if reader.problems or recipe is None:
        raise RecipeError(sorted(reader.problems, key=lambda problem: problem.line or 0))
    return replace(recipe, version=content_hash(recipe))


def load_file(path: Path | str) -> Recipe:
    """The recipe in a file. Raises RecipeError, also when it cannot be read."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as err:
        why = {"why": err.strerror or str(err)}
        raise RecipeError([problem("cannot_read", "", file=str(path), params=why)]) from err
    except UnicodeDecodeError as err:
        where = {"byte": err.start}
        raise RecipeError([problem("not_utf8", "", file=str(path), params=where)]) from err
    return load_recipe(text, file=str(path))


class _Reader(PhaseReader, GrowthReader):
    """Reads on after a problem, with placeholders that never leave `load_recipe`."""

    def recipe(self, value: Any) -> Recipe | None:
        entries = self.mapping(
            value,
            "",
            required=(
                "format",
                "id",
                "title",
                "crop",
                "ec_includes_source_water",
                "sources",
                "growth",
                "phases",
            ),
            optional=(
                "cultivar",
                "summary",
                "day_length",
                "expected_yield",
                "conflicts",
                "notes",
                "parent",
                "changelog",
                "regrowth",
            ),
        )
        if entries is None:
            return None
        if "format" in entries and (
            isinstance(entries["format"], bool) or entries["format"] != FORMAT
        ):
            shown = repr(entries["format"])
            self.problem("format", "unknown_format", value=shown, known=str(FORMAT))
        sources = self.texts_by_name(entries, "sources", "")
        self.sources = frozenset(sources)
        phases, growth = self.phases(entries), self.growth(entries)
        self.check_exits(phases, growth)
        return Recipe(
            id=self.name(entries, "id", ""),
            title=self.text(entries, "title", ""),
            crop=self.name(entries, "crop", ""),
            cultivar=self.text(entries, "cultivar", "") or None,
            ec_includes_source_water=self.flag(entries, "ec_includes_source_water", ""),
            phases=phases,
            growth=growth,
            expected_yield=self.expected_yield(entries),
            sources=sources,
            version="",
            summary=self.text(entries, "summary", ""),
            day_length=self.choice(entries, "day_length", "", DayLength),
            conflicts=self.texts(entries, "conflicts", ""),
            notes=self.texts(entries, "notes", ""),
            regrowth=self.regrowth(entries, phases),
            parent=self.value_that(entries, "parent", "", is_version, "version") or None,
            changelog=self.texts(entries, "changelog", ""),
        )

    def check_exits(self, phases: tuple[Phase, ...], growth: Growth) -> None:
        """Thermal time has a base temperature."""
        for index, phase in enumerate(phases):
            if phase.exit is None or phase.exit.ripe is not Ripe.DEGREE_DAYS:
                continue
            if growth.base_temperature is None:
                self.problem(f"phases[{index}].exit.degree_days", "no_base_temperature")
