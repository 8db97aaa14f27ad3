"""A bundle: one farm in one file, to be kept or to go on elsewhere.

A zip archive with `manifest.json` (what is in it, with a SHA-256 of each member), `farm.json` (what
exists), `journal.db` (a consistent copy of the present: memory with its pinned recipe versions, and
events), `recipes/*.yaml` (the grower's own) and, if wanted, `ledger.db`. It has no secrets; people
are in the journal's records by the name that was recorded. Reading trusts nothing: members are
checked before they are used.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import orjson

from .. import __version__
from ..control.memory import Memory
from ..farm.build import FarmError, farm_from_dict, farm_to_dict
from ..farm.codec import DecodeError, decode, encode
from ..farm.nodes import Farm
from .journal import Journal, JournalError

#: Grows when an older vfarm could not read a bundle any more.
FORMAT = 1

MANIFEST = "manifest.json"
FARM = "farm.json"
JOURNAL = "journal.db"
LEDGER = "ledger.db"
RECIPES = "recipes"
_RECIPE = re.compile(rf"{RECIPES}/[^/\\\x00-\x1f]{{1,200}}\.ya?ml")
_FARM_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
#: Larger descriptions and recipes are none (bytes): an archive must not fill the memory.
_TEXT_MOST = 50_000_000
_CHUNK = 1 << 20
_TABLES = frozenset({"slices", "events", "delivery"})


class BundleError(Exception):
    """A bundle that cannot be written, read or put in place. `key` and `params` are for
    translation; the message is the English sentence and names the way out."""

    def __init__(self, key: str, message: str, /, **params: object) -> None:
        self.key = key
        self.params = {name: str(value) for name, value in params.items()}
        super().__init__(message.format(**self.params))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of a bundle."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle says of itself. `made_at` is in epoch seconds; `entities` are the names that
    people know the bound entities by, where those are bound under another reference."""

    format: int
    vfarm: str
    made_at: float
    farm: str
    name: str
    members: Mapping[str, Member]
    entities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that was read and found whole. `journal` and `ledger` are unpacked files that last
    as long as the bundle is open."""

    manifest: Manifest
    farm: Farm
    memory: Memory | None
    journal: Path
    recipes: Mapping[str, str]
    ledger: Path | None = None


# -- writing ------------------------------------------------------------------------------------


def write_bundle(
    target: Path,
    farm: Farm,
    journal: Path,
    *,
    made_at: float,
    recipes: Path | None = None,
    ledger: Path | None = None,
    entities: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Manifest:
    """Write a farm, its journal (which may be in use), the recipes of a folder and, if given, its
    ledger to one file; all of it or nothing. Blocking. Raises BundleError."""
    if target.exists() and not overwrite:
        raise BundleError("file_exists", "{file} exists; choose another name", file=target)
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".vfarm-", dir=target.parent) as folder:
            manifest = _write(part, Path(folder), farm, journal, made_at, recipes, ledger, entities)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as err:
        raise BundleError("not_written", "{file}: {why}", file=target, why=_why(err)) from err
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _write(
    part: Path,
    folder: Path,
    farm: Farm,
    journal: Path,
    made_at: float,
    recipes: Path | None,
    ledger: Path | None,
    entities: Mapping[str, str] | None,
) -> Manifest:
    copies = {}
    if ledger is not None:
        # Before the journal: what the history lacks, the journal still has, and never the reverse.
        copies[LEDGER] = folder / LEDGER
        copy_database(ledger, copies[LEDGER])
        _check_schema(copies[LEDGER])
    copies[JOURNAL] = folder / JOURNAL
    copy_database(journal, copies[JOURNAL])
    memory_of(copies[JOURNAL])
    texts = {FARM: orjson.dumps(farm_to_dict(farm), option=orjson.OPT_INDENT_2)}
    texts |= {f"{RECIPES}/{name}": text.encode() for name, text in own_recipes(recipes).items()}
    members: dict[str, Member] = {}
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
            members[name] = Member(sha256=hashlib.sha256(text).hexdigest(), size=len(text))
        for name, path in copies.items():
            archive.write(path, name)
            members[name] = Member(sha256=_hash(path), size=path.stat().st_size)
        manifest = Manifest(
            format=FORMAT,
            vfarm=__version__,
            made_at=made_at,
            farm=farm.id,
            name=farm.name,
            members=members,
            entities={b.entity: (entities or {}).get(b.entity, b.entity) for b in farm.bindings},
        )
        archive.writestr(MANIFEST, orjson.dumps(encode(manifest), option=orjson.OPT_INDENT_2))
    return manifest


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy of an SQLite file that others may be writing, in one file. Raises
    BundleError."""
    if not source.is_file():
        raise BundleError("no_database", "there is no {file}", file=source)
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as here,
            closing(sqlite3.connect(target, isolation_level=None)) as there,
        ):
            here.backup(there)
            there.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as err:
        raise BundleError(
            "database_unreadable", "{file} cannot be copied: {why}", file=source, why=err
        ) from err


def own_recipes(folder: Path | None) -> dict[str, str]:
    """The recipe files of a folder by name; none where there is no folder. Raises BundleError."""
    if folder is None or not folder.is_dir():
        return {}
    found = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and _RECIPE.fullmatch(f"{RECIPES}/{path.name}"):
            try:
                found[path.name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as err:
                raise BundleError(
                    "recipe_unreadable", "{file} is no text: {why}", file=path, why=err
                ) from err
    return found


# -- reading ------------------------------------------------------------------------------------


@contextmanager
def open_bundle(source: Path) -> Iterator[Bundle]:
    """Read a bundle and check all of it. Blocking. Raises BundleError."""
    with TemporaryDirectory(prefix="vfarm-") as folder:
        try:
            bundle = _read(source, Path(folder))
        except OSError as err:
            raise BundleError("not_read", "{file}: {why}", file=source, why=_why(err)) from err
        yield bundle


def _read(source: Path, folder: Path) -> Bundle:
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = _manifest(source, archive)
            names = archive.namelist()
            if sorted(names) != sorted([MANIFEST, *manifest.members]):
                raise _damaged(source, MANIFEST, "it does not list what is in the file")
            for name, member in manifest.members.items():
                _unpack(source, archive, name, member, folder / name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as err:
        raise BundleError(
            "no_bundle",
            "{file} is no bundle of a farm, or a damaged one: {why}",
            file=source,
            why=err,
        ) from err
    farm = _farm(source, folder / FARM)
    if farm.id != manifest.farm:
        raise _damaged(source, FARM, f"it is of {farm.id}, not of {manifest.farm}")
    journal = folder / JOURNAL
    ledger = folder / LEDGER
    if ledger.exists():
        _check_schema(ledger)
    return Bundle(
        manifest=manifest,
        farm=farm,
        memory=memory_of(journal),
        journal=journal,
        recipes=own_recipes(folder / RECIPES),
        ledger=ledger if ledger.exists() else None,
    )


def _manifest(source: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        with archive.open(MANIFEST) as file:
            data = orjson.loads(file.read(_TEXT_MOST))
    except KeyError as err:
        raise BundleError(
            "no_bundle", "{file} is no bundle of a farm: {why}", file=source, why=f"no {MANIFEST}"
        ) from err
    except ValueError as err:
        raise _damaged(source, MANIFEST, str(err)) from err
    number = data.get("format") if isinstance(data, dict) else None
    if isinstance(number, int) and number > FORMAT:
        raise BundleError(
            "newer",
            "{file} was written by vfarm {vfarm} in format {format}; this one reads up to {known}:"
            " update vfarm here",
            file=source,
            vfarm=data.get("vfarm"),
            format=number,
            known=FORMAT,
        )
    try:
        manifest = decode(Manifest, data)
    except DecodeError as err:
        raise _damaged(source, MANIFEST, str(err)) from err
    if manifest.format != FORMAT or not {FARM, JOURNAL} <= manifest.members.keys():
        raise _damaged(source, MANIFEST, "it lists no farm")
    for name, member in manifest.members.items():
        if name not in (FARM, JOURNAL, LEDGER) and not _RECIPE.fullmatch(name):
            raise _damaged(source, name, "no such member belongs in a bundle")
        if member.size > _TEXT_MOST and name not in (JOURNAL, LEDGER):
            raise _damaged(source, name, "it is too large")
    return manifest


def _unpack(
    source: Path, archive: zipfile.ZipFile, name: str, member: Member, target: Path
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with archive.open(name) as packed, target.open("wb") as file:
        while chunk := _next(source, name, packed):
            size += len(chunk)
            if size > member.size:
                raise _damaged(source, name, "it is longer than the manifest says")
            digest.update(chunk)
            file.write(chunk)
    if size != member.size or digest.hexdigest() != member.sha256:
        raise _damaged(source, name, "it is not what was written")


def _next(source: Path, name: str, packed: IO[bytes]) -> bytes:
    try:
        return packed.read(_CHUNK)
    except Exception as err:
        raise _damaged(source, name, str(err)) from err


def _farm(source: Path, path: Path) -> Farm:
    try:
        farm = farm_from_dict(orjson.loads(path.read_bytes()))
    except (ValueError, FarmError) as err:
        raise _damaged(source, FARM, str(err)) from err
    if not _FARM_ID.fullmatch(farm.id):
        raise _damaged(source, FARM, f"{farm.id!r} is no id of a farm")
    return farm


def memory_of(journal: Path) -> Memory | None:
    """The memory in a journal file that nobody uses; None when it is of a farm that never ran.
    Raises BundleError."""
    _check_schema(journal, _TABLES)
    try:
        with closing(Journal(journal)) as opened:
            return opened.load()
    except JournalError as err:
        raise BundleError("memory_unreadable", "{why}", why=err) from err


def _check_schema(database: Path, tables: Collection[str] = ()) -> None:
    """Nothing runs by itself when a database is used: it is whole and has tables and indexes alone,
    and no others than `tables` where those are given. Raises BundleError."""
    try:
        with closing(sqlite3.connect(database)) as db:
            rows = db.execute("SELECT type, tbl_name FROM sqlite_schema").fetchall()
            (sound,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as err:
        raise BundleError("memory_unreadable", "{why}", why=err) from err
    strange = {f"{kind} {name}" for kind, name in rows if kind not in ("table", "index")}
    strange |= {name for _, name in rows if tables and name not in tables}
    if strange or sound != "ok":
        why = f"{database.name} has {', '.join(sorted(strange))} in it" if strange else sound
        raise BundleError("memory_unreadable", "{why}", why=why)


def _damaged(source: Path, member: str, why: str) -> BundleError:
    return BundleError(
        "damaged",
        "{file} is damaged at {member} ({why}): take another copy of it, or export again",
        file=source,
        member=member,
        why=why,
    )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _why(err: OSError) -> str:
    return err.strerror or str(err)


def contents(bundle: Bundle) -> dict[str, Any]:
    """What a bundle holds, in counts and names, JSON-able."""
    memory = bundle.memory or Memory()
    return {
        "farm": bundle.farm.id,
        "name": bundle.farm.name,
        "made_at": bundle.manifest.made_at,
        "vfarm": bundle.manifest.vfarm,
        "nodes": len(bundle.farm.nodes),
        "bindings": len(bundle.farm.bindings),
        "batches": sorted(memory.batches),
        "pinned_recipes": sorted(memory.recipes),
        "own_recipes": sorted(bundle.recipes),
        "ledger": bundle.ledger is not None,
    }
