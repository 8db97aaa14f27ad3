"""The recipes at hand: those that ship with vfarm, and a grower's own in a directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from .errors import Problem, RecipeError, problem
from .load import load_file, load_recipe
from .model import Recipe
from .validate import require_valid


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeHeader:
    """What a list of recipes shows. `file` is None for a recipe that ships with vfarm."""

    id: str
    title: str
    crop: str
    cultivar: str | None
    summary: str
    version: str
    total_days: float
    phases: tuple[str, ...]
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Recipes by id, and what is wrong with the files that are none."""

    recipes: Mapping[str, Recipe]
    headers: tuple[RecipeHeader, ...]
    problems: tuple[Problem, ...] = ()

    def get(self, recipe_id: str) -> Recipe:
        """A recipe by its id. Raises RecipeError naming the ids there are."""
        found = self.recipes.get(recipe_id)
        if found is None:
            raise RecipeError(
                [
                    problem(
                        "no_recipe",
                        "id",
                        file="library",
                        params={"name": repr(recipe_id), "known": ", ".join(self.recipes)},
                    )
                ]
            )
        return found


def header(recipe: Recipe, file: str | None = None) -> RecipeHeader:
    """The header of a recipe."""
    return RecipeHeader(
        id=recipe.id,
        title=recipe.title,
        crop=recipe.crop,
        cultivar=recipe.cultivar,
        summary=recipe.summary,
        version=recipe.version,
        total_days=recipe.total_days,
        phases=tuple(phase.name for phase in recipe.phases),
        file=file,
    )


def shipped() -> tuple[RecipeHeader, ...]:
    """The recipes that ship with vfarm, by title. Reads files on the first call."""
    return _shipped().headers


def load_shipped(recipe_id: str) -> Recipe:
    """A recipe that ships with vfarm. Raises RecipeError when there is none of that id."""
    return _shipped().get(recipe_id)


def catalogue(directory: Path | str | None = None) -> Catalogue:
    """The shipped recipes and those of a directory (`*.yaml`, `*.yml`), which are read anew.

    A grower's recipe stands in for a shipped one of the same id. A file that cannot be used is
    listed among the problems and hides nothing.
    """
    base = _shipped()
    if directory is None:
        return base
    own: dict[str, tuple[Recipe, str]] = {}
    problems: list[Problem] = []
    for path in _recipe_files(Path(directory)):
        try:
            recipe = load_file(path)
            require_valid(recipe, file=str(path))
        except RecipeError as err:
            problems += err.problems
            continue
        if recipe.id in own:
            problems.append(
                problem(
                    "id_taken",
                    "id",
                    file=str(path),
                    params={"name": repr(recipe.id), "file": own[recipe.id][1]},
                )
            )
            continue
        own[recipe.id] = recipe, str(path)
    kept = [(r, None) for r in base.recipes.values() if r.id not in own]
    return _catalogue([*kept, *own.values()], problems)


def _recipe_files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return sorted(p for p in directory.iterdir() if p.suffix in (".yaml", ".yml") and p.is_file())


def _catalogue(
    found: Iterable[tuple[Recipe, str | None]], problems: Iterable[Problem] = ()
) -> Catalogue:
    ordered = sorted(found, key=lambda entry: entry[0].title.casefold())
    return Catalogue(
        recipes=MappingProxyType({recipe.id: recipe for recipe, _ in ordered}),
        headers=tuple(header(recipe, file) for recipe, file in ordered),
        problems=tuple(problems),
    )


@cache
def _shipped() -> Catalogue:
    found = []
    for entry in resources.files(__package__).joinpath("library").iterdir():
        if entry.name.endswith(".yaml"):
            recipe = load_recipe(entry.read_text(encoding="utf-8"), file=entry.name)
            require_valid(recipe, file=entry.name)
            found.append((recipe, None))
    return _catalogue(found)
