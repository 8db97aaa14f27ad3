"""A YAML document as plain values, with the line of every path.

Strict as a description of hardware has to be: whole numbers may be hexadecimal (0x2000), a key is
given once, no tags, and a document that unfolds beyond the size of any profile is refused. Keys
come back as they are written, so `0x0100` and `256` are told apart by nobody but their reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from .errors import Problem, ProfileError, problem

_MOST_CHARACTERS = 500_000
_MOST_NODES = 20_000
_MOST_DEPTH = 12
_CORE = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
_FRACTION = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(slots=True)
class Document:
    """`value` as read; `lines` maps a path to its line, counted from 1."""

    file: str
    value: Any = None
    lines: dict[str, int] = field(default_factory=dict)

    def line(self, path: str) -> int | None:
        """The line of a path, or of the nearest thing around it."""
        while path not in self.lines:
            if not path:
                return None
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines[path]


def whole(text: str) -> int | None:
    """The whole number in a text, decimal or hexadecimal; None where it is none."""
    if not _WHOLE.fullmatch(text):
        return None
    # A leading zero means nothing here: 010 is ten.
    return int(text, 16 if "x" in text.lower() else 10)


def read_document(text: str, file: str) -> Document:
    """The document in `text`. Raises ProfileError."""
    walk = _Walk(Document(file))
    if len(text) > _MOST_CHARACTERS:
        walk.problem("too_large", "", most=_MOST_CHARACTERS)
    else:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError, ValueError) as err:
            mark = getattr(err, "problem_mark", None) or getattr(err, "context_mark", None)
            why = getattr(err, "problem", None) or str(err).partition("\n")[0]
            walk.problem("no_yaml", "", line=mark.line + 1 if mark else None, why=str(why))
        else:
            if root is not None:
                walk.document.value = walk.value(root, "", 0)
    if walk.problems:
        raise ProfileError(walk.problems)
    return walk.document


class _Walk:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.nodes = 0

    def problem(
        self, code: str, path: str, *, line: int | None = None, **params: float | str
    ) -> None:
        self.problems.append(problem(code, path, file=self.document.file, line=line, params=params))

    def value(self, node: yaml.Node, path: str, depth: int) -> Any:
        line = node.start_mark.line + 1
        self.document.lines.setdefault(path, line)
        self.nodes += 1
        if depth > _MOST_DEPTH or self.nodes > _MOST_NODES:
            if not any(found.code == "nested" for found in self.problems):
                self.problem("nested", path, line=line)
            return None
        kind = node.tag.removeprefix(_CORE)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return self.mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            items = enumerate(node.value)
            return [self.value(item, f"{path}[{index}]", depth + 1) for index, item in items]
        if isinstance(node, yaml.ScalarNode) and kind in _SCALARS:
            return scalar(node.value, kind)
        self.problem("tag", path, line=line, tag=node.tag)
        return None

    def mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problem("key_no_text", path, line=line)
                continue
            key: str = key_node.value
            inner = f"{path}.{key}" if path else key
            if key in found:
                self.problem("given_twice", inner, line=line, first=self.document.lines[inner])
                continue
            self.document.lines[inner] = line
            found[key] = self.value(value_node, inner, depth + 1)
        return found


_SCALARS = frozenset({"str", "timestamp", "null", "bool", "int", "float"})


def scalar(text: str, kind: str) -> Any:
    """A scalar as what it shows: YAML 1.1 would read 12:30 as 750 and 010 as 8."""
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind in ("int", "float"):
        number = whole(text)
        if number is not None:
            return number
        if _FRACTION.fullmatch(text):
            return float(text)
    return text
