"""A place: one farm in one folder, without Home Assistant.

`farm.json` says what exists (or `farm.yaml`, for a farm that a person writes), `journal.db` is its
present, `recipes/` are the grower's own, `ledger.db` its history. An import replaces the folder as
a whole: at any moment it is either the old one or the new one, and the old one stays beside it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from ..control.memory import Memory
from ..farm.build import FarmError, farm_from_dict, farm_to_dict
from ..farm.nodes import Farm
from .bundle import (
    FARM,
    JOURNAL,
    LEDGER,
    RECIPES,
    Bundle,
    BundleError,
    copy_database,
    memory_of,
    own_recipes,
)
from .restore import Plan, Present, require, settle_journal

_WRITTEN = ("farm.yaml", "farm.yml")
_PARTS = frozenset(
    {FARM, *_WRITTEN, RECIPES}
    | {f"{db}{end}" for db in (JOURNAL, LEDGER) for end in ("", "-wal", "-shm")}
)


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one farm."""

    folder: Path

    @property
    def journal(self) -> Path:
        """The file of the journal."""
        return self.folder / JOURNAL

    @property
    def ledger(self) -> Path:
        """The file of the ledger."""
        return self.folder / LEDGER

    @property
    def recipes(self) -> Path:
        """The folder of the grower's own recipes."""
        return self.folder / RECIPES

    @property
    def description(self) -> Path:
        """The file that says what exists."""
        for name in (FARM, *_WRITTEN):
            if (path := self.folder / name).exists():
                return path
        return self.folder / FARM

    def farm(self) -> Farm:
        """The farm as it is described. Raises BundleError."""
        return load_farm(self.description)


def load_farm(path: Path) -> Farm:
    """The farm of a JSON or YAML file, which may have it under `farm`. Raises BundleError."""
    try:
        text = path.read_text(encoding="utf-8")
        data: Any = orjson.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        if isinstance(data, dict) and isinstance(data.get("farm"), dict):
            data = data["farm"]
        if not isinstance(data, dict):
            raise ValueError("accepted: a mapping with id, name, time_zone, zones …")
        return farm_from_dict(data)
    except (OSError, ValueError, yaml.YAMLError, FarmError) as err:
        why = getattr(err, "strerror", None) or " ".join(str(err).split())
        raise BundleError("farm_unreadable", "{file}: {why}", file=path, why=why) from err


def look(place: Place) -> Present:
    """What is in a place, which may be empty or not exist. Blocking. Raises BundleError."""
    if not place.folder.exists():
        return Present()
    if not place.folder.is_dir():
        raise BundleError("no_place", "{folder} is no folder", folder=place.folder)
    there = {path.name for path in place.folder.iterdir()}
    if not there:
        return Present()
    if strange := sorted(there - _PARTS):
        raise BundleError(
            "no_place",
            "{folder} has more than a farm in it ({names}): choose an empty folder, or move that"
            " away",
            folder=place.folder,
            names=", ".join(strange[:5]),
        )
    memory, lost = remembered(place.journal)
    return Present(
        farm=place.farm() if place.description.exists() else None,
        memory=memory,
        recipes=own_recipes(place.recipes),
        lost=lost,
    )


def remembered(journal: Path) -> tuple[Memory | None, bool]:
    """The memory in a journal that may be in use, and whether there is one that cannot be read:
    that is what many an import is to mend."""
    if not journal.exists():
        return None, False
    with tempfile.TemporaryDirectory(prefix="vfarm-") as folder:
        copy = Path(folder) / JOURNAL
        try:
            copy_database(journal, copy)
            return memory_of(copy), False
        except BundleError:
            return None, True


def is_running(journal: Path) -> bool:
    """Whether somebody has the journal open: a farm that runs holds its file from start to end."""
    if not journal.exists():
        return False
    try:
        with closing(sqlite3.connect(journal, timeout=0.5, isolation_level=None)) as db:
            # Only the last one who has the file may leave the write-ahead log.
            db.execute("PRAGMA journal_mode=DELETE")
            db.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as err:
        return "locked" in str(err)
    except sqlite3.DatabaseError:
        return False
    return False


def install(place: Place, bundle: Bundle, plan: Plan, *, at: float, by: str) -> Path | None:
    """Put a bundle in place as the plan says; where what was there is now, if there was something.
    Blocking. Raises BundleError, and then nothing has changed."""
    require(plan)
    if is_running(place.journal):
        raise BundleError(
            "running",
            "the farm in {folder} is running: stop it first",
            folder=place.folder,
        )
    folder = place.folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as err:
        raise _not_written(folder, err) from err
    try:
        _fill(Place(made), place, bundle, plan, at=at, by=by)
        return _exchange(folder, made)
    except OSError as err:
        raise _not_written(folder, err) from err
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _fill(new: Place, old: Place, bundle: Bundle, plan: Plan, *, at: float, by: str) -> None:
    (new.folder / FARM).write_bytes(
        orjson.dumps(farm_to_dict(plan.farm), option=orjson.OPT_INDENT_2)
    )
    shutil.copyfile(bundle.journal, new.journal)
    settle_journal(new.journal, bundle, plan, at=at, by=by)
    if bundle.recipes:
        new.recipes.mkdir()
        for name, text in bundle.recipes.items():
            (new.recipes / name).write_text(text, encoding="utf-8")
    if bundle.ledger is not None:
        shutil.copyfile(bundle.ledger, new.ledger)
    elif old.ledger.exists():
        # A bundle without a history takes none away.
        copy_database(old.ledger, new.ledger)
    new.folder.chmod(old.folder.stat().st_mode if old.folder.exists() else 0o755)
    for path in (*new.folder.rglob("*"), new.folder):
        _sync(path)


def _exchange(folder: Path, made: Path) -> Path | None:
    aside: Path | None = None
    if folder.exists():
        aside = _free(folder.with_name(f"{folder.name}.before-{int(time.time())}"))
        folder.rename(aside)
    made.rename(folder)
    _sync(folder.parent)
    return aside


def _free(path: Path) -> Path:
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _not_written(folder: Path, err: OSError) -> BundleError:
    return BundleError("not_written", "{file}: {why}", file=folder, why=err.strerror or err)
