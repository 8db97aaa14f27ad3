"""Values of a document, taken one by one: what does not fit is told, and reading goes on with
placeholders that never leave the loader."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any

from ...farm.document import Document
from .. import quantities as q
from ..errors import Problem, problem
from ..model import (
    OPEN,
    Band,
    Provenance,
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VERSION = re.compile(r"[0-9a-f]{64}")
_CONFIDENCE = re.compile(r"(A|B|C|D|computed|design)([/+](A|B|C|D|computed|design))*")
#: What a value of agronomy is given with.
ORIGIN_REQUIRED = ("source", "confidence")
#: The origin of a placeholder.
NOTHING = Provenance(source="", confidence="")


def is_name(value: Any) -> bool:
    """Whether a value can be the id of a recipe or the name of a phase."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def is_version(value: Any) -> bool:
    """Whether a value can be the version of a recipe."""
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


class ValueReader:
    """Values of a document; `problems` is what did not fit, `sources` the names that may be given
    as the source of a number."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.sources: frozenset[str] = frozenset()

    def problem(self, path: str, code: str, **params: float | str) -> None:
        self.problems.append(
            problem(
                code,
                path,
                file=self.document.file,
                line=self.document.line(path),
                params=params,
            )
        )

    def provenance(self, entries: Mapping[str, Any], path: str) -> Provenance:
        given = entries.get("source")
        names = given if isinstance(given, list) else [given] if "source" in entries else []
        for name in names:
            if not isinstance(name, str) or name not in self.sources:
                known = ", ".join(sorted(self.sources))
                code = "unknown_source" if known else "no_source_yet"
                self.problem(f"{path}.source", code, name=repr(name), known=known)
        if isinstance(given, list) and not given:
            self.problem(f"{path}.source", "empty_source")
        confidence = self.text(entries, "confidence", path)
        if confidence and not _CONFIDENCE.fullmatch(confidence):
            self.problem(f"{path}.confidence", "unknown_confidence", value=repr(confidence))
        return Provenance(
            source=", ".join(str(name) for name in names),
            confidence=confidence,
            note=self.text(entries, "note", path),
        )

    def mapping(
        self,
        value: Any,
        path: str,
        *,
        required: Collection[str] = (),
        optional: Collection[str] = (),
        missing: bool = False,
    ) -> dict[str, Any] | None:
        if missing:
            return None
        known = (*required, *optional)
        if not isinstance(value, dict):
            code = "empty_mapping" if value is None else "no_mapping"
            self.problem(path, code, known=", ".join(known))
            return None
        prefix = f"{path}." if path else ""
        for key in value:
            if key not in known:
                self.problem(f"{prefix}{key}", "unknown_key", known=", ".join(known))
        for key in required:
            if key not in value:
                self.problem(f"{prefix}{key}", "missing")
        return {key: item for key, item in value.items() if key in known}

    def number(self, entries: Mapping[str, Any], key: str, path: str, kind: q.Kind) -> float | None:
        if key not in entries:
            return None
        try:
            return q.parse(entries[key], kind)
        except q.QuantityError as err:
            self.problem(f"{path}.{key}" if path else key, err.code, **err.params)
            return None

    def text(self, entries: Mapping[str, Any], key: str, path: str) -> str:
        return self.value_that(entries, key, path, _is_text, "text")

    def name(self, entries: Mapping[str, Any], key: str, path: str) -> str:
        return self.value_that(entries, key, path, is_name, "name")

    def value_that(
        self,
        entries: Mapping[str, Any],
        key: str,
        path: str,
        fits: Callable[[Any], bool],
        kind: str,
    ) -> str:
        if key not in entries:
            return ""
        value = entries[key]
        if fits(value):
            return str(value).strip()
        code = f"empty_{kind}" if value in (None, "") else f"no_{kind}"
        self.problem(f"{path}.{key}" if path else key, code, value=repr(value))
        return ""

    def flag(self, entries: Mapping[str, Any], key: str, path: str) -> bool:
        value = entries.get(key, False)
        if not isinstance(value, bool):
            self.problem(f"{path}.{key}" if path else key, "no_flag", value=repr(value))
            return False
        return value

    def choice[E: StrEnum](
        self, entries: Mapping[str, Any], key: str, path: str, kind: type[E]
    ) -> E | None:
        if key not in entries:
            return None
        try:
            return kind(entries[key])
        except ValueError:
            self.problem(
                f"{path}.{key}" if path else key,
                "unknown_choice",
                key=key,
                value=repr(entries[key]),
                known=", ".join(kind),
            )
            return None

    def list_of(self, entries: Mapping[str, Any], key: str, path: str) -> Iterable[Any]:
        if key not in entries:
            return ()
        value = entries[key]
        if not isinstance(value, list) or not value:
            code = "no_list" if value and not isinstance(value, list) else "empty_list"
            self.problem(f"{path}.{key}" if path else key, code)
            return ()
        return value

    def texts(self, entries: Mapping[str, Any], key: str, path: str) -> tuple[str, ...]:
        inner = f"{path}.{key}" if path else key
        found = []
        for index, item in enumerate(self.list_of(entries, key, path)):
            if _is_text(item):
                found.append(item.strip())
            else:
                self.problem(f"{inner}[{index}]", "no_text", value=repr(item))
        return tuple(found)

    def texts_by_name(self, entries: Mapping[str, Any], key: str, path: str) -> dict[str, str]:
        if key not in entries:
            return {}
        value = entries[key]
        if not isinstance(value, dict) or not value:
            self.problem(key, "no_sources")
            return {}
        for name, text in value.items():
            if not _NAME.fullmatch(name):
                self.problem(f"{key}.{name}", "no_name", value=repr(name))
            if not _is_text(text):
                self.problem(f"{key}.{name}", "no_text", value=repr(text))
        return {name: text.strip() for name, text in value.items() if _is_text(text)}

    def bands(
        self, entries: Mapping[str, Any], key: str, path: str, kind: q.Kind
    ) -> tuple[Band, Band]:
        if key not in entries:
            return OPEN, OPEN
        value, inner = entries[key], f"{path}.{key}"
        if isinstance(value, Mapping) and ("day" in value or "night" in value):
            times = self.mapping(value, inner, optional=("day", "night")) or {}
            return (
                self.band(times["day"], f"{inner}.day", kind) if "day" in times else OPEN,
                self.band(times["night"], f"{inner}.night", kind) if "night" in times else OPEN,
            )
        band = self.band(value, inner, kind)
        return band, band

    def band(self, value: Any, path: str, kind: q.Kind) -> Band:
        entries = self.mapping(value, path, optional=("low", "high"))
        if entries is None:
            return OPEN
        if not entries:
            self.problem(path, "empty_band")
        low = self.number(entries, "low", path, kind)
        high = self.number(entries, "high", path, kind)
        if low is not None and high is not None and low >= high:
            self.problem(path, "low_not_below", low=low, high=high)
            return OPEN
        return Band(low, high)
