"""What is wrong with a recipe, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing a recipe must not say. `path` is where in the document
    (`phases[1].climate.air_temperature.day`), `accepted` what would be taken, `line` counts
    from 1 and is None where no line can be named."""

    path: str
    message: str
    accepted: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = ":".join([self.file or "recipe", *([str(self.line)] if self.line else [])])
        accepted = f" (accepted: {self.accepted})" if self.accepted else ""
        return f"{place}: {self.path or 'document'}: {self.message}{accepted}"


class RecipeError(ValueError):
    """A recipe that cannot be used; `problems` lists every reason, never none."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
