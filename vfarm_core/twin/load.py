"""A farm with what grows in it, from a file.

```yaml
farm:                         # as farm_from_dict reads it: id, name, time_zone, zones, racks,
  id: tent                    # levels, reservoirs, pumps, circuits, supplies, bindings
  ...
start: "2026-01-01T00:00:00+00:00"   # farm time of the start; this one when left out
batches:
  - id: lettuce-1
    recipe: lettuce_butterhead       # a shipped recipe, or a file beside this one
    plants: 57
    levels: {level_1: 57}            # level: sites
    days_ago: 11                     # sown so long before the start; 0 when left out
    title: First lettuce             # optional
twin: {seed: 1}                      # optional: the fields of TwinConfig
```
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..batches.lifecycle import BatchError, sow
from ..batches.model import Batch
from ..farm.build import FarmError, farm_from_dict
from ..farm.codec import DecodeError, decode
from ..farm.nodes import Farm
from ..recipes.errors import RecipeError
from ..recipes.library import load_shipped, shipped
from ..recipes.load import load_file
from ..recipes.model import Recipe
from .config import TwinConfig
from .demo import demo_batches, demo_config, demo_farm, demo_recipes

#: The start where a file names none: winter, which is when heating shows.
DEFAULT_START = "2026-01-01T00:00:00+00:00"


class FarmFileError(ValueError):
    """A farm file that cannot be simulated; the message names the file and every fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A farm, what grows in it, and the place it stands in."""

    farm: Farm
    batches: tuple[Batch, ...]
    recipes: Mapping[str, Recipe]
    config: TwinConfig
    start: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _BatchEntry:
    id: str
    recipe: str
    plants: int
    levels: Mapping[str, int]
    days_ago: float = 0.0
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    start: str = DEFAULT_START
    batches: tuple[_BatchEntry, ...] = ()
    twin: TwinConfig | None = None


def demo_plot() -> Plot:
    """The demo farm."""
    start = dt.datetime.fromisoformat(DEFAULT_START).timestamp()
    recipes = demo_recipes()
    return Plot(
        farm=demo_farm(),
        batches=demo_batches(start, recipes),
        recipes=recipes,
        config=demo_config(),
        start=start,
    )


def load_plot(path: Path) -> Plot:
    """The farm of a YAML or JSON file. Raises FarmFileError."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise FarmFileError(f"{path}: {err.strerror or err}") from err
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise FarmFileError(f"{path}: no YAML: {' '.join(str(err).split())}") from err
    if not isinstance(data, Mapping) or "farm" not in data:
        raise FarmFileError(f"{path}: accepted: a mapping with farm, batches, start and twin")
    try:
        return _plot(data, path.parent)
    except (FarmError, DecodeError, RecipeError, BatchError, ValueError) as err:
        raise FarmFileError(f"{path}: {' '.join(str(err).split())}") from err


def _plot(data: Mapping[str, Any], folder: Path) -> Plot:
    farm = farm_from_dict(data["farm"])
    rest = decode(_Rest, {k: v for k, v in data.items() if k != "farm"})
    at = dt.datetime.fromisoformat(rest.start)
    start = (at if at.tzinfo else at.replace(tzinfo=farm.tz)).timestamp()
    recipes: dict[str, Recipe] = {}
    batches = []
    for entry in rest.batches:
        recipe = _recipe(entry.recipe, folder)
        recipes[recipe.version] = recipe
        unknown = sorted(set(entry.levels) - set(farm.level))
        if unknown:
            raise FarmFileError(f"batch {entry.id}: no level {', '.join(unknown)} in the farm")
        batches.append(
            sow(
                id=entry.id,
                recipe=recipe,
                plants=entry.plants,
                placements=entry.levels,
                at=start,
                days_ago=entry.days_ago,
                title=entry.title or entry.id,
            )
        )
    return Plot(
        farm=farm,
        batches=tuple(batches),
        recipes=recipes,
        config=rest.twin or TwinConfig(),
        start=start,
    )


def _recipe(name: str, folder: Path) -> Recipe:
    known = [header.id for header in shipped()]
    if name in known:
        return load_shipped(name)
    path = folder / name
    if path.suffix in (".yaml", ".yml", ".json"):
        return load_file(path)
    raise FarmFileError(f"no recipe {name!r}; accepted: {', '.join(known)} or a recipe file")
