"""A YAML document as plain values, strictly, with the line of every path.

Only text, numbers, true, false, null, lists and mappings; no tags, no duplicate keys. Sharing by
anchors is taken, but a document that unfolds beyond any recipe's size is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from .errors import Problem, RecipeError, problem

_MAX_NODES = 20_000
_MAX_DEPTH = 40
_MAX_CHARACTERS = 1_000_000
_CORE = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


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


def read_document(text: str, file: str) -> Document:
    """The document in `text`. Raises RecipeError."""
    reader = _Reader(Document(file))
    if len(text) > _MAX_CHARACTERS:
        reader.problem("too_large", "", most=_MAX_CHARACTERS)
    else:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as err:
            mark = err.problem_mark or err.context_mark
            line = mark.line + 1 if mark else None
            reader.problem("no_yaml", "", line=line, why=str(err.problem or err.context))
        except (yaml.YAMLError, RecursionError) as err:
            reader.problem("no_yaml", "", why=str(err).splitlines()[0])
        else:
            if root is not None:
                reader.document.value = reader.value(root, "", 0)
    if reader.problems:
        raise RecipeError(reader.problems)
    return reader.document


class _Reader:
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
        if depth > _MAX_DEPTH or self.nodes > _MAX_NODES:
            if not any(p.code == "nested" for p in self.problems):
                self.problem("nested", path, line=line)
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_CORE}seq":
            return [
                self.value(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)
            ]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path, line)
        self.problem("tag", path, line=line, tag=node.tag)
        return None

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> Any:
        if node.tag != f"{_CORE}map":
            line = node.start_mark.line + 1
            self.problem("tag", path, line=line, tag=node.tag)
            return None
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problem("key_no_text", path, line=line)
                continue
            key = key_node.value
            inner = f"{path}.{key}" if path else key
            if key in found:
                first = self.document.lines[inner]
                self.problem("given_twice", inner, line=line, first=first)
                continue
            self.document.lines[inner] = line
            found[key] = self.value(value_node, inner, depth + 1)
        return found

    def _scalar(self, node: yaml.ScalarNode, path: str, line: int) -> Any:
        text = node.value
        match node.tag.removeprefix(_CORE):
            case "str" | "timestamp":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() in ("true", "yes", "on")
            case "int" | "float":
                # YAML 1.1 reads 12:30 as 750 and 010 as 8; a recipe means what it shows.
                if _NUMBER.fullmatch(text):
                    return float(text)
                self.problem("no_plain_number", path, line=line, value=text)
                return None
            case _:
                self.problem("tag", path, line=line, tag=node.tag)
                return None
