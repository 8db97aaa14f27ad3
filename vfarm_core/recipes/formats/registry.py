"""The forms there are: how each is read and written, and what it cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from ..load import load_recipe
from ..model import Recipe
from ..validate import require_valid
from . import document, openag, plantbook, table
from .notes import Note
from .onto import Imported


class Reads(Protocol):
    """Reads a text onto a base recipe."""

    def __call__(self, text: str, base: Recipe, *, file: str = ...) -> Imported: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of recipes. `reads` is None where it needs no base (it is complete) or cannot be read,
    `writes` None where it cannot be written; `loses` is what it cannot hold."""

    name: str
    title: str
    suffix: str
    reads: Reads | None = None
    writes: Callable[[Recipe], str] | None = None
    complete: bool = False
    loses: tuple[Note, ...] = ()


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        form.name: form
        for form in (
            Form(
                name="json",
                title="Portable JSON, every quantity with its unit",
                suffix=".json",
                writes=document.to_json,
                complete=True,
            ),
            Form(
                name="yaml",
                title="YAML, to be edited",
                suffix=".yaml",
                writes=document.to_yaml,
                complete=True,
            ),
            Form(
                name="openag",
                title="OpenAg phased recipe",
                suffix=".json",
                reads=openag.read,
                writes=openag.write,
                loses=openag.LOSES,
            ),
            Form(
                name="openplantbook",
                title="OpenPlantbook plant",
                suffix=".json",
                reads=plantbook.read,
                loses=plantbook.LOSES,
            ),
            Form(
                name="csv",
                title="Table, a line for each phase",
                suffix=".csv",
                reads=table.read,
                writes=table.write,
                loses=table.LOSES,
            ),
        )
    }
)


def read(form: Form, text: str, base: Recipe | None, *, file: str = "<text>") -> Imported:
    """The recipe in `text`, checked as any recipe is. Raises RecipeError; ValueError when the form
    needs a base and there is none."""
    if form.complete:
        recipe = load_recipe(text, file=file)
        require_valid(recipe, file=file)
        return Imported(recipe=recipe)
    if form.reads is None or base is None:
        raise ValueError(f"{form.name} needs a base recipe")
    found = form.reads(text, base, file=file)
    # Read once more as a document: a recipe that was put together obeys the same rules.
    recipe = load_recipe(document.to_json(found.recipe), file=file)
    require_valid(recipe, file=file)
    return Imported(recipe=recipe, remarks=found.remarks)
