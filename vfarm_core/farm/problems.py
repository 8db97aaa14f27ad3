"""What is wrong with a farm, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault. `node` is the id of the node or binding, `key` and `params` are for translation,
    `message` is the English sentence."""

    node: str
    key: str
    message: str
    params: Mapping[str, str] = field(default_factory=dict)


class FarmError(ValueError):
    """A farm that cannot be run as described; `problems` has every fault."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(p.message for p in self.problems))


def problem(at: str, key: str, message: str, /, **params: object) -> Problem:
    """A fault with its English sentence made of `message` and `params`."""
    texts = {name: str(value) for name, value in params.items()}
    return Problem(node=at, key=key, message=message.format(**texts), params=texts)
