"""A YAML document as plain values, strictly, with the line of every path.

Only text, numbers, true, false, null, lists and mappings; no tags, a key is given once. Sharing by
anchors is taken, but a document that unfolds beyond its limits is refused. YAML 1.1 reads 12:30 as
750 and 010 as 8: what a number is, the reader of each kind of document says, so that a document
means what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

_CORE = "tag:yaml.org,2002:"
_SCALARS = frozenset({"str", "timestamp", "null", "bool", "int", "float"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be: as text, and unfolded."""

    characters: int
    nodes: int = 20_000
    depth: int = 40


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a document must not say. `path` is where in the document (`registers[2].addr`), `line`
    counts from 1 and is None where no line can be named. Codes: `too_large`, `no_yaml`, `nested`,
    `tag`, `key_no_text`, `given_twice`, and what numbers have."""

    code: str
    path: str
    line: int | None = None
    params: Mapping[str, float | str] = field(default_factory=dict)


class DocumentError(ValueError):
    """A text that is no document; `flaws` lists every reason, never none."""

    def __init__(self, flaws: list[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__(self.flaws)


class NoNumber(ValueError):  # noqa: N818 - a value, not an error of the program
    """YAML takes this for a number, but it shows none."""


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


def read_document(
    text: str, file: str, limits: Limits, number: Callable[[str], float | str]
) -> Document:
    """The document in `text`. `number` reads what YAML takes for a number; it may raise NoNumber.
    Raises DocumentError."""
    reader = _Reader(Document(file), limits, number)
    if len(text) > limits.characters:
        reader.flaw("too_large", "", most=limits.characters)
    else:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as err:
            mark = err.problem_mark or err.context_mark
            line = mark.line + 1 if mark else None
            reader.flaw("no_yaml", "", line, why=str(err.problem or err.context))
        except (yaml.YAMLError, RecursionError, ValueError) as err:
            reader.flaw("no_yaml", "", why=str(err).partition("\n")[0])
        else:
            if root is not None:
                reader.document.value = reader.value(root, "", 0)
    if reader.flaws:
        raise DocumentError(reader.flaws)
    return reader.document


class _Reader:
    def __init__(
        self, document: Document, limits: Limits, number: Callable[[str], float | str]
    ) -> None:
        self.document = document
        self.limits = limits
        self.number = number
        self.flaws: list[Flaw] = []
        self.nodes = 0

    def flaw(self, code: str, path: str, line: int | None = None, **params: float | str) -> None:
        self.flaws.append(Flaw(code, path, line, params))

    def value(self, node: yaml.Node, path: str, depth: int) -> Any:
        line = node.start_mark.line + 1
        self.document.lines.setdefault(path, line)
        self.nodes += 1
        if depth > self.limits.depth or self.nodes > self.limits.nodes:
            if not any(flaw.code == "nested" for flaw in self.flaws):
                self.flaw("nested", path, line)
            return None
        kind = node.tag.removeprefix(_CORE)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return self.mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            items = enumerate(node.value)
            return [self.value(item, f"{path}[{index}]", depth + 1) for index, item in items]
        if isinstance(node, yaml.ScalarNode) and kind in _SCALARS:
            return self.scalar(node.value, kind, path, line)
        self.flaw("tag", path, line, tag=node.tag)
        return None

    def mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.flaw("key_no_text", path, line)
                continue
            key: str = key_node.value
            inner = f"{path}.{key}" if path else key
            if key in found:
                self.flaw("given_twice", inner, line, first=self.document.lines[inner])
                continue
            self.document.lines[inner] = line
            found[key] = self.value(value_node, inner, depth + 1)
        return found

    def scalar(self, text: str, kind: str, path: str, line: int) -> Any:
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in ("true", "yes", "on")
        if kind in ("int", "float"):
            try:
                return self.number(text)
            except NoNumber:
                self.flaw("no_plain_number", path, line, value=text)
                return None
        return text
