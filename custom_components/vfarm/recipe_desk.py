"""What a person does with recipes: look, check, compare, save, exchange. Actions and websocket
commands ask here; both get the same answers, as JSON-able values in the reader's language.

A recipe is named by its id, or by its id and the beginning of a version (`basil_sweet@3fa9`).
Everything that reads or writes the disk is done away from the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from homeassistant.core import HomeAssistant

from vfarm_core.farm.codec import encode
from vfarm_core.farm.nodes import Farm
from vfarm_core.recipes import codec, shelf
from vfarm_core.recipes.diff import diff
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.feasibility import feasible
from vfarm_core.recipes.findings import Finding, Severity
from vfarm_core.recipes.formats.document import to_document, to_yaml
from vfarm_core.recipes.formats.registry import FORMS, Form
from vfarm_core.recipes.formats.registry import read as read_form
from vfarm_core.recipes.model import Recipe
from vfarm_core.recipes.validate import validate

from .const import DOMAIN
from .data import VfarmConfigEntry
from .recipe_shelf import async_catalogue, folder
from .recipe_words import RecipeWords, async_recipe_words
from .targets import error

type Document = str | Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A farm that a recipe is held against, and what of it."""

    farm: Farm
    levels: Sequence[str] = ()
    plants: int | None = None
    taken: Mapping[str, int]


class RecipeDesk:
    """Answers in one language."""

    def __init__(self, hass: HomeAssistant, words: RecipeWords) -> None:
        """Use `words`; see `async_desk`."""
        self._hass = hass
        self._words = words

    async def every(self) -> dict[str, Any]:
        """Every recipe there is, and the files that are none."""
        found = await async_catalogue(self._hass)
        return {
            "recipes": [{**encode(h), "own": h.file is not None} for h in found.headers],
            "problems": [{**self._words.problem(p), "file": p.file} for p in found.problems],
        }

    async def get(self, name: str) -> dict[str, Any]:
        """One recipe as the document it can be saved from, with every version that is known."""
        pinned = self._pinned()

        def ask() -> tuple[Recipe, tuple[shelf.Version, ...], tuple[Finding, ...]]:
            where = folder(self._hass)
            recipe = shelf.find(where, name, pinned)
            return recipe, shelf.versions(where, recipe.id, pinned), validate(recipe)

        recipe, versions, findings = await self._run(ask)
        held = self._batches_on()
        return {
            "id": recipe.id,
            "version": recipe.version,
            "total_days": recipe.total_days,
            "document": to_document(recipe),
            "findings": self._findings(findings),
            "versions": [
                {
                    "version": v.recipe.version,
                    "current": v.current,
                    "title": v.recipe.title,
                    "parent": v.recipe.parent,
                    "changelog": [*v.recipe.changelog],
                    "file": v.file,
                    "batches": held.get(v.recipe.version, []),
                }
                for v in versions
            ],
        }

    async def values(self, name: str) -> dict[str, Any]:
        """One recipe as `get` does, and its values as plain numbers, for a view of it."""
        pinned = self._pinned()
        recipe = await self._run(lambda: shelf.find(folder(self._hass), name, pinned))
        return {**await self.get(name), "recipe": codec.to_dict(recipe)}

    async def check(self, document: Document, place: Place | None) -> dict[str, Any]:
        """What is wrong with a recipe, what is doubtful, and whether a farm can give it: a report,
        and nothing is saved. `ok` is whether it could be saved."""

        def ask() -> tuple[Recipe, bool, tuple[Finding, ...], Recipe | None]:
            recipe = shelf.read(document)
            found = validate(recipe)
            ok = not any(f.severity is Severity.ERROR for f in found)
            if place is not None:
                found += feasible(
                    recipe,
                    place.farm,
                    levels=place.levels,
                    plants=place.plants,
                    taken=place.taken,
                )
            try:
                before = shelf.find(folder(self._hass), recipe.id)
            except RecipeError:
                before = None
            return recipe, ok, found, before

        farm = None if place is None else place.farm.name
        try:
            recipe, ok, found, before = await self._hass.async_add_executor_job(ask)
        except RecipeError as err:
            problems = [self._words.problem(p) for p in err.problems]
            return {"ok": False, "farm": farm, "problems": problems, "findings": []}
        return {
            "ok": ok,
            "id": recipe.id,
            "version": recipe.version,
            "farm": farm,
            "problems": [],
            "findings": self._findings(found),
            "before": None if before is None else before.version,
            "changes": [] if before is None else [asdict(c) for c in diff(before, recipe)],
        }

    async def check_known(self, name: str, place: Place | None) -> dict[str, Any]:
        """`check` of a recipe that is there."""
        pinned = self._pinned()
        recipe = await self._run(lambda: shelf.find(folder(self._hass), name, pinned))
        return await self.check(to_document(recipe), place)

    async def save(
        self, document: Document, changelog: Sequence[str] = (), based_on: str = ""
    ) -> dict[str, Any]:
        """Save a recipe as the next version of its id. Raises ServiceValidationError with
        everything that is wrong, and then nothing is written."""
        saved = await self._run(
            lambda: shelf.save(folder(self._hass), document, changelog=changelog, based_on=based_on)
        )
        await async_catalogue(self._hass)
        return {
            "saved": saved.written,
            "id": saved.recipe.id,
            "version": saved.recipe.version,
            "parent": saved.recipe.parent,
            "file": saved.file,
            "replaced": saved.replaced,
            "changes": [asdict(change) for change in saved.changes],
            "findings": self._findings(saved.findings),
        }

    async def compare(self, old: str, new: str) -> dict[str, Any]:
        """What two recipes, or two versions of one, say differently."""
        pinned = self._pinned()

        def ask() -> tuple[Recipe, Recipe]:
            where = folder(self._hass)
            return shelf.find(where, old, pinned), shelf.find(where, new, pinned)

        before, after = await self._run(ask)
        is_child = after.parent == before.version
        return {
            "old": {"id": before.id, "version": before.version},
            "new": {"id": after.id, "version": after.version, "parent": after.parent},
            "is_child": is_child,
            "changelog": [*after.changelog] if is_child else [],
            "changes": [asdict(change) for change in diff(before, after)],
        }

    async def take(
        self, form: str, text: str, base: str | None, *, save: bool, changelog: Sequence[str] = ()
    ) -> dict[str, Any]:
        """A recipe from another form, as YAML; saved where that is asked for."""
        known, pinned = _form(form), self._pinned()
        if not known.complete and base is None:
            raise error("recipe_base_needed", form=form)

        def ask() -> tuple[Recipe, list[str], tuple[Finding, ...]]:
            under = None if base is None else shelf.find(folder(self._hass), base, pinned)
            found = read_form(known, text, under, file=known.title)
            remarks = [self._words.sentence(remark) for remark in found.remarks]
            return found.recipe, remarks, validate(found.recipe)

        recipe, remarks, findings = await self._run(ask)
        document = to_yaml(recipe)
        answer = {
            "id": recipe.id,
            "version": recipe.version,
            "document": document,
            "remarks": remarks,
            "findings": self._findings(findings),
            "saved": False,
        }
        if not save:
            return answer
        return {**answer, **await self.save(document, changelog)}

    async def give(self, name: str, form: str) -> dict[str, Any]:
        """A recipe in another form, and what that form cannot hold."""
        known, pinned = _form(form), self._pinned()
        writes = known.writes
        if writes is None:
            raise error("recipe_form_read_only", form=form)
        recipe = await self._run(lambda: shelf.find(folder(self._hass), name, pinned))
        return {
            "id": recipe.id,
            "version": recipe.version,
            "format": known.name,
            "file_name": f"{recipe.id}{known.suffix}",
            "text": writes(recipe),
            "loses": [self._words.sentence(what) for what in known.loses],
        }

    def _findings(self, findings: Sequence[Finding]) -> list[dict[str, Any]]:
        return [self._words.finding(finding) for finding in findings]

    async def _run[V](self, ask: Callable[[], V]) -> V:
        """Do something with the disk. Raises ServiceValidationError in the reader's words."""
        try:
            return await self._hass.async_add_executor_job(ask)
        except RecipeError as err:
            first = err.problems[0]
            if first.code == "no_recipe":
                known = str(first.params["known"])
                raise error(
                    "recipe_unknown", recipe=str(first.params["name"]), known=known
                ) from err
            raise error("recipe_refused", problems=self._words.listed(err.problems)) from err
        except OSError as err:
            raise error("recipe_not_written", why=err.strerror or str(err)) from err

    def _entries(self) -> list[VfarmConfigEntry]:
        return self._hass.config_entries.async_loaded_entries(DOMAIN)

    def _pinned(self) -> list[Recipe]:
        """The versions that the batches of running farms hold."""
        return [
            recipe
            for entry in self._entries()
            for recipe in entry.runtime_data.engine.runtime.memory.recipes.values()
        ]

    def _batches_on(self) -> dict[str, list[str]]:
        """The batches that follow a version now."""
        found: dict[str, list[str]] = {}
        for entry in self._entries():
            for batch in entry.runtime_data.engine.runtime.memory.batches.values():
                if batch.is_growing:
                    found.setdefault(batch.recipe_version, []).append(batch.id)
        return found


async def async_desk(hass: HomeAssistant, language: str) -> RecipeDesk:
    """A desk that answers in a language."""
    return RecipeDesk(hass, await async_recipe_words(hass, language))


def place_of(
    entry: VfarmConfigEntry, levels: Sequence[str] = (), plants: int | None = None
) -> Place:
    """A running farm as it is now."""
    data = entry.runtime_data
    return Place(farm=data.farm, levels=levels, plants=plants, taken=data.sites_taken)


def _form(name: str) -> Form:
    known = FORMS.get(name)
    if known is None:
        raise error("recipe_form_unknown", form=name, known=", ".join(FORMS))
    return known
