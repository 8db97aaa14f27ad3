"""Values of a document, taken one by one: what does not fit is told, and reading goes on.

What stands in for a value that does not fit never leaves the loader, which refuses the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from ...farm.document import Document
from .document import whole
from .errors import Problem, problem

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number, which true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


class Values:
    """Takes values out of a document and gathers what is wrong with it. `parts` are the paths whose
    absence was told already when they are looked into."""

    parts: Sequence[str] = ()

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def problem(self, path: str, code: str, **params: float | str) -> None:
        """Tell what is wrong at a path."""
        line = self.document.line(path)
        self.problems.append(problem(code, path, file=self.document.file, line=line, params=params))

    def mapping(
        self,
        value: Any,
        path: str,
        *,
        required: Sequence[str] = (),
        optional: Sequence[str] = (),
        open_keys: bool = False,
    ) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            if value is None and path in self.parts:
                return None  # its absence is told already
            self.problem(path, "no_mapping")
            return None
        known = (*required, *optional)
        for key in value:
            if not open_keys and key not in known:
                inner = f"{path}.{key}" if path else key
                self.problem(inner, "unknown_key", known=", ".join(known))
        for key in required:
            if key not in value or value[key] is None:
                self.problem(f"{path}.{key}" if path else key, "missing")
        return value

    def list_of(self, entries: Mapping[str, Any], key: str, path: str) -> list[Any]:
        if key not in entries:
            return []
        value = entries[key]
        if isinstance(value, list) and value:
            return value
        self.problem(f"{path}.{key}" if path else key, "no_list")
        return []

    def _one[T](
        self,
        entries: Mapping[str, Any],
        key: str,
        path: str,
        fits: Callable[[Any], T | None],
        code: str,
        **params: float | str,
    ) -> T | None:
        if key not in entries or entries[key] is None:
            return None
        found = fits(entries[key])
        if found is None:
            where = f"{path}.{key}" if path else key
            self.problem(where, code, value=repr(entries[key]), **params)
        return found

    def name(self, entries: Mapping[str, Any], key: str, path: str) -> str:
        def fits(value: Any) -> str | None:
            return value if isinstance(value, str) and _NAME.fullmatch(value) else None

        return self._one(entries, key, path, fits, "no_name") or ""

    def text(self, entries: Mapping[str, Any], key: str, path: str) -> str:
        def fits(value: Any) -> str | None:
            return value if isinstance(value, str) else None

        return self._one(entries, key, path, fits, "no_text") or ""

    def flag(self, entries: Mapping[str, Any], key: str, path: str) -> bool | None:
        def fits(value: Any) -> bool | None:
            return value if isinstance(value, bool) else None

        return self._one(entries, key, path, fits, "no_flag")

    def number(
        self, entries: Mapping[str, Any], key: str, path: str, low: float, high: float
    ) -> float | None:
        def fits(value: Any) -> float | None:
            good = isinstance(value, int | float) and not isinstance(value, bool)
            return float(value) if good and low <= value <= high else None

        return self._one(entries, key, path, fits, "no_number", low=low, high=high)

    def whole(
        self, entries: Mapping[str, Any], key: str, path: str, low: int, high: int
    ) -> int | None:
        def fits(value: Any) -> int | None:
            return int(value) if is_whole(value) and low <= value <= high else None

        return self._one(entries, key, path, fits, "no_whole", low=low, high=high)

    def choice[E: StrEnum](
        self, entries: Mapping[str, Any], key: str, path: str, kind: type[E]
    ) -> E | None:
        def fits(value: Any) -> E | None:
            return kind(value) if value in list(kind) else None

        known = ", ".join(kind)
        return self._one(entries, key, path, fits, "unknown_choice", known=known)

    def several[E: StrEnum](
        self, entries: Mapping[str, Any], key: str, path: str, kind: type[E]
    ) -> tuple[E, ...]:
        chosen = [
            self.choice({key: value}, key, path, kind) for value in self.list_of(entries, key, path)
        ]
        return tuple(dict.fromkeys(one for one in chosen if one is not None))

    def texts(self, entries: Mapping[str, Any], key: str, path: str) -> tuple[str, ...]:
        items = self.list_of(entries, key, path)
        for index, item in enumerate(items):
            if not isinstance(item, str) or not item:
                where = f"{path}.{key}[{index}]" if path else f"{key}[{index}]"
                self.problem(where, "no_text", value=repr(item))
        return tuple(item for item in items if isinstance(item, str))

    def texts_by_name(self, entries: Mapping[str, Any], key: str, path: str) -> dict[str, str]:
        inner = self.mapping(entries.get(key, {}), key, open_keys=True) or {}
        return {name: self.text(inner, name, key) for name in inner}

    def range(self, entries: Mapping[str, Any], path: str) -> tuple[float, float] | None:
        def fits(value: Any) -> tuple[float, float] | None:
            if (
                isinstance(value, list)
                and len(value) == 2
                and all(isinstance(n, int | float) and not isinstance(n, bool) for n in value)
                and value[0] < value[1]
            ):
                return float(value[0]), float(value[1])
            return None

        return self._one(entries, "range", path, fits, "no_range")

    def codes(self, entries: Mapping[str, Any], key: str, path: str) -> dict[int, str]:
        def fits(value: Any) -> dict[int, str] | None:
            if not isinstance(value, dict) or not value:
                return None
            found = {}
            for code, label in value.items():
                number = whole(code)
                if number is None or label is None or isinstance(label, bool | list | dict):
                    return None
                found[number] = str(label)
            return found

        return self._one(entries, key, path, fits, "no_codes") or {}

    def missing(self, entries: Mapping[str, Any], path: str) -> frozenset[int]:
        codes = self.list_of(entries, "nan", path)
        if not all(is_whole(code) for code in codes):
            self.problem(f"{path}.nan", "no_whole", value=repr(codes), low=0, high=2**64 - 1)
            return frozenset()
        return frozenset(codes)
