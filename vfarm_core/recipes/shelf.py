"""A grower's own recipes on disk: saved one version after the other, and no version is lost.

A folder holds one file for each recipe, as `library.catalogue` reads it. A file that another
version replaces is moved to `replaced/<id>/`, where no catalogue looks. Files are written beside
their place and moved there at once: a crash leaves the old one or the new one.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml

from .diff import Change, diff
from .errors import RecipeError, problem
from .findings import Finding
from .formats.document import to_yaml
from .library import Catalogue, catalogue
from .load import load_file, load_recipe
from .model import Recipe
from .reading.values import is_name
from .validate import require_valid
from .version import content_hash

_REPLACED = "replaced"
#: Between an id and the beginning of a version: `basil_sweet@3fa9`.
_AT = "@"
_SAVING = threading.Lock()
#: What a document says of its own lineage, with the lines that belong to it.
_LINEAGE = re.compile(r"^(?:parent|changelog):.*\n(?:(?:[ \t]|- ).*\n)*", re.MULTILINE)
#: New files can be read by whoever edits the folder, as those written by hand.
_MODE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a recipe. `file` is None for one that ships with vfarm or is pinned by a batch;
    `current` is what a new batch gets."""

    recipe: Recipe
    file: str | None
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of a recipe that was to be saved. `changes` are against the version before;
    `replaced` is where the file of that version lies now. Nothing is written where nothing is
    different."""

    recipe: Recipe
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    file: str | None = None
    replaced: str | None = None

    @property
    def written(self) -> bool:
        """Whether a new version came to be."""
        return self.file is not None


def read(document: str | Mapping[str, Any], *, file: str = "<text>") -> Recipe:
    """The recipe in a text (YAML or JSON) or in plain values. Raises RecipeError."""
    return load_recipe(_text(document), file=file)


def versions(
    directory: Path | str, recipe_id: str, pinned: Iterable[Recipe] = ()
) -> tuple[Version, ...]:
    """Every version that is known of a recipe, the current one first: in the folder, replaced,
    shipped, and `pinned` by batches. Raises RecipeError when there is none of that id."""
    known = catalogue(directory)
    files = {header.id: header.file for header in known.headers}
    found: dict[str, Version] = {}
    if recipe_id in known.recipes:
        current = known.recipes[recipe_id]
        found[current.version] = Version(recipe=current, file=files.get(recipe_id), current=True)
    older = [(recipe, str(path)) for path, recipe in _replaced(Path(directory), recipe_id)]
    shipped = catalogue().recipes.get(recipe_id)
    others = [(r, None) for r in (shipped, *pinned) if r is not None and r.id == recipe_id]
    for recipe, path in (*older, *others):
        found.setdefault(recipe.version, Version(recipe=recipe, file=path, current=False))
    if not found:
        known.get(recipe_id)
    return tuple(found.values())


def find(directory: Path | str, name: str, pinned: Iterable[Recipe] = ()) -> Recipe:
    """A recipe by its id, or by id and the beginning of a version (`basil_sweet@3fa9`). Raises
    RecipeError naming what there is."""
    recipe_id, _, wanted = name.partition(_AT)
    known = versions(directory, recipe_id, pinned)
    chosen = [v for v in known if (v.recipe.version.startswith(wanted) if wanted else v.current)]
    if len(chosen) != 1 and not (chosen and not wanted):
        said = {
            "name": repr(name),
            "known": ", ".join(f"{recipe_id}{_AT}{v.recipe.short_version}" for v in known),
        }
        raise RecipeError([problem("no_recipe", "id", file="library", params=said)])
    return chosen[0].recipe


def save(
    directory: Path | str,
    document: str | Mapping[str, Any],
    *,
    changelog: Iterable[str] = (),
    based_on: str = "",
) -> Saved:
    """Save a recipe as the version after the current one of its id. Raises RecipeError with
    everything that is wrong, and then nothing is written; OSError when the disk refuses.

    Its parent becomes the version before; what is `changelog` is added to what the document says
    of itself. `based_on` is the version that a person looked at: another one is a refusal.
    """
    with _SAVING:
        return _save(Path(directory), _text(document), tuple(changelog), based_on)


def _save(directory: Path, text: str, changelog: tuple[str, ...], based_on: str) -> Saved:
    recipe = load_recipe(text)
    findings = require_valid(recipe, file="<text>")
    known = catalogue(directory)
    before = known.recipes.get(recipe.id)
    if based_on and (before is None or not before.version.startswith(based_on)):
        said = {"based_on": based_on, "now": "" if before is None else before.short_version}
        raise RecipeError([problem("moved_on", "parent", file="<text>", params=said)])
    changes = () if before is None else diff(before, recipe)
    if before is not None and not changes:
        return Saved(recipe=before, changes=(), findings=findings)
    wanted = _descended(recipe, before, changelog)
    path, old = _place(directory, known, recipe.id)
    directory.mkdir(parents=True, exist_ok=True)
    moved = _keep(directory, recipe.id, path, before if old else None) if path.exists() else None
    _write(path, _as_written(text, wanted))
    return Saved(
        recipe=wanted,
        changes=changes,
        findings=findings,
        file=str(path),
        replaced=None if moved is None else str(moved),
    )


def _text(document: str | Mapping[str, Any]) -> str:
    if isinstance(document, str):
        return document
    # Plain values are read as any document is, so that nothing is let through that no file may say.
    try:
        return json.dumps(document, ensure_ascii=False)
    except (TypeError, ValueError) as err:
        why = {"why": str(err)}
        raise RecipeError([problem("no_json", "", file="<text>", params=why)]) from err


def _descended(recipe: Recipe, before: Recipe | None, changelog: tuple[str, ...]) -> Recipe:
    """The recipe as the child of the version before."""
    if before is None:
        wanted = replace(recipe, changelog=(*recipe.changelog, *changelog))
    else:
        # A copy of the version before still has that one's own changelog.
        said = () if recipe.changelog == before.changelog else recipe.changelog
        wanted = replace(recipe, parent=before.version, changelog=(*said, *changelog))
    return replace(wanted, version=content_hash(wanted))


def _place(directory: Path, known: Catalogue, recipe_id: str) -> tuple[Path, bool]:
    """Where a recipe goes, and whether the file there is an older version of it. A file of a
    recipe with another id is never written over."""
    for header in known.headers:
        if header.id == recipe_id and header.file is not None:
            return Path(header.file), True
    taken = {Path(header.file).name for header in known.headers if header.file is not None}
    name, number = f"{recipe_id}.yaml", 1
    while name in taken:
        number += 1
        name = f"{recipe_id}_{number}.yaml"
    return directory / name, False


def _keep(directory: Path, recipe_id: str, path: Path, recipe: Recipe | None) -> Path:
    """Copy a file that is about to be replaced; one that nobody can read is kept, too."""
    folder = directory / _REPLACED / recipe_id
    folder.mkdir(parents=True, exist_ok=True)
    content = path.read_bytes()
    name = f"unreadable_{path.stat().st_mtime_ns}" if recipe is None else recipe.short_version
    _write(folder / f"{name}.yaml", content)
    return folder / f"{name}.yaml"


def _replaced(directory: Path, recipe_id: str) -> list[tuple[Path, Recipe]]:
    """Older versions in the order they were replaced, the last one first."""
    if not is_name(recipe_id):
        return []
    folder = directory / _REPLACED / recipe_id
    found = []
    files = sorted(folder.glob("*.yaml"), key=lambda p: p.stat().st_mtime_ns, reverse=True)
    for path in files:
        with suppress(RecipeError):
            found.append((path, load_file(path)))
    return [(path, recipe) for path, recipe in found if recipe.id == recipe_id]


def _as_written(text: str, wanted: Recipe) -> str:
    """The document with the version it is made of, in the words of its author where that can be:
    comments and order are kept when parent and changelog can be put behind what is there."""
    for candidate in (text, _LINEAGE.sub("", text.rstrip("\n") + "\n") + _ending(wanted)):
        with suppress(RecipeError):
            if load_recipe(candidate).version == wanted.version:
                return candidate
    return to_yaml(wanted)


def _ending(wanted: Recipe) -> str:
    said: dict[str, Any] = {}
    if wanted.parent is not None:
        said["parent"] = wanted.parent
    if wanted.changelog:
        said["changelog"] = list(wanted.changelog)
    return yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=100) if said else ""


def _write(path: Path, content: str | bytes) -> None:
    """Write a file as a whole, on the disk before it takes its place."""
    data = content.encode() if isinstance(content, str) else content
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as out:
        try:
            out.write(data)
            out.flush()
            os.fchmod(out.fileno(), _MODE)
            os.fsync(out.fileno())
            Path(out.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(out.name).unlink()
            raise
