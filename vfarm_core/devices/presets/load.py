"""Presets from YAML, strictly: every problem is found and named, nothing is guessed.

The form of the document is described in docs/presets.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from ...farm.bindings import OnLoss, Proof
from ...farm.roles import SPECS, Role, RoleKind
from ...farm.units import CONVERSIONS, UnitError, linear
from ..modbus.document import read_document
from ..modbus.errors import ProfileError, problem
from ..modbus.values import Values
from .preset import Check, Confidence, Known, Preset, Suggestion

_NAME = "vfarm-device-preset/"
#: The version of the document's form.
SCHEMA = f"{_NAME}1"

_PARTS = ("schema", "id", "name", "confidence", "platforms", "entities", "sources")
_KNOWN_KEYS = (
    *("classes", "units", "words", "without", "roles", "named", "suggest", "checks", "note"),
)
_READING = ("unit", "scale", "offset", "compensated")
_DECLARATION = ("proof", "on_power_loss", "on_control_loss")


def load_preset(text: str, *, file: str = "<text>", stem: str | None = None) -> Preset:
    """The preset in `text`. `file` is what problems name; `stem`, where it is given, is the name
    that the preset's id has to be. Raises ProfileError with all problems."""
    reader = _Reader(read_document(text, file))
    preset = reader.preset(reader.document.value, stem)
    if reader.problems or preset is None:
        raise ProfileError(sorted(reader.problems, key=lambda found: found.line or 0))
    return preset


def load_file(path: Path | str) -> Preset:
    """The preset in a file. Raises ProfileError, also when it cannot be read."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as err:
        why = {"why": err.strerror or str(err)}
        raise ProfileError([problem("cannot_read", "", file=str(path), params=why)]) from err
    except UnicodeDecodeError as err:
        where = {"byte": err.start}
        raise ProfileError([problem("not_utf8", "", file=str(path), params=where)]) from err
    return load_preset(text, file=str(path), stem=path.stem)


def says_preset(path: Path | str) -> bool:
    """Whether a file says that it is a preset: by its schema, in whatever version."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        value = read_document(text, str(path)).value
    except (OSError, UnicodeDecodeError, ProfileError):
        return False
    return isinstance(value, dict) and str(value.get("schema")).startswith(_NAME)


class _Reader(Values):
    """The parts of a preset."""

    parts = _PARTS

    def preset(self, value: Any, stem: str | None) -> Preset | None:
        entries = self.mapping(
            value, "", required=_PARTS, optional=("makes", "checks", "watch", "notes")
        )
        if entries is None:
            return None
        if entries.get("schema", SCHEMA) != SCHEMA:
            self.problem("schema", "unknown_schema", value=repr(entries["schema"]), known=SCHEMA)
        name = self.name(entries, "id", "")
        if stem is not None and name and name != stem:
            self.problem("id", "wrong_file", value=repr(name), file=stem)
        return Preset(
            id=name,
            name=self.text(entries, "name", ""),
            confidence=self.choice(entries, "confidence", "", Confidence) or Confidence.LOW,
            platforms=self.words(entries, "platforms", ""),
            makes=self.words(entries, "makes", ""),
            entities=self.entities(entries),
            sources=self.texts(entries, "sources", ""),
            checks=self.chosen(entries, "checks", "", Check),
            watch=self.chosen(entries, "watch", "", Check),
            notes=self.text(entries, "notes", ""),
        )

    def entities(self, entries: Mapping[str, Any]) -> tuple[Known, ...]:
        found: dict[str, Known] = {}
        for index, item in enumerate(self.list_of(entries, "entities", "")):
            path = f"entities[{index}]"
            known = self.known(item, path)
            if known is None:
                continue
            if known.key in found:
                self.problem(f"{path}.key", "entity_twice", name=repr(known.key))
                continue
            found[known.key] = known
        return tuple(found.values())

    def known(self, value: Any, path: str) -> Known | None:
        entries = self.mapping(value, path, required=("key", "domains"), optional=_KNOWN_KEYS)
        if entries is None:
            return None
        roles = None
        if "roles" in entries:
            # None of them: an entity that is no part of a farm.
            none = entries["roles"] == []
            roles = () if none else self.chosen(entries, "roles", path, Role)
        suggestion = self.suggestion(entries.get("suggest"), f"{path}.suggest", roles)
        return Known(
            key=self.name(entries, "key", path),
            domains=self.words(entries, "domains", path),
            classes=self.words(entries, "classes", path),
            units=self.words(entries, "units", path),
            words=self.words(entries, "words", path),
            without=self.words(entries, "without", path),
            roles=roles,
            named=bool(self.flag(entries, "named", path)),
            suggestion=suggestion,
            checks=self.chosen(entries, "checks", path, Check),
            note=self.text(entries, "note", path),
        )

    def suggestion(self, value: Any, path: str, roles: tuple[Role, ...] | None) -> Suggestion:
        if value is None:
            return Suggestion()
        entries = self.mapping(value, path, optional=(*_READING, *_DECLARATION)) or {}
        unit = self.text(entries, "unit", path) or None
        possible = tuple(SPECS) if roles is None else roles
        if unit is not None and not any(_reads(unit, role) for role in possible):
            known = ", ".join(sorted({u for units in CONVERSIONS.values() for u in units if u}))
            self.problem(f"{path}.unit", "unknown_choice", value=repr(unit), known=known)
        if roles is not None:
            self.check_kind(entries, path, roles)
        scale = self.number(entries, "scale", path, -1e9, 1e9)
        if scale == 0:
            self.problem(f"{path}.scale", "zero_scale")
        return Suggestion(
            unit=unit,
            scale=scale,
            offset=self.number(entries, "offset", path, -1e9, 1e9),
            compensated=self.flag(entries, "compensated", path),
            proof=self.choice(entries, "proof", path, Proof),
            on_power_loss=self.choice(entries, "on_power_loss", path, OnLoss),
            on_control_loss=self.choice(entries, "on_control_loss", path, OnLoss),
        )

    def check_kind(self, entries: Mapping[str, Any], path: str, roles: Iterable[Role]) -> None:
        """What is said of a reading needs a role that reads, what is declared one that moves."""
        reads = any(SPECS[role].kind is RoleKind.MEASURE for role in roles)
        moves = any(SPECS[role].is_actuator for role in roles)
        for key in entries:
            if (key in _READING and not reads) or (key in _DECLARATION and not moves):
                self.problem(f"{path}.{key}", "suggests_nothing")

    def words(self, entries: Mapping[str, Any], key: str, path: str) -> tuple[str, ...]:
        """A list of texts; nothing where there is none."""
        return self.texts(entries, key, path) if key in entries else ()

    def chosen[E: StrEnum](
        self, entries: Mapping[str, Any], key: str, path: str, kinds: type[E]
    ) -> tuple[E, ...]:
        """A list of words of one kind; nothing where there is none."""
        return self.several(entries, key, path, kinds) if key in entries else ()


def _reads(unit: str, role: Role) -> bool:
    if SPECS[role].kind is not RoleKind.MEASURE:
        return False
    try:
        linear(unit, SPECS[role].unit)
    except UnitError:
        return False
    return True
