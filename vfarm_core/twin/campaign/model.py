"""A scenario: what happens, what is expected by when, and what must hold all the while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .conditions import Condition
from .setup import Setup

if TYPE_CHECKING:
    from .stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens once: `at` seconds after the beginning, but not before `when` is
    true. `incident`: the deadline counts from here."""

    at: float = 0.0
    when: Condition | None = None
    incident: bool = False

    def act(self, stage: Stage) -> None:
        """Let it happen."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story of the campaign.

    `given` has to be true at the incident (the happening that is marked, else the first one), so
    that no story passes because nothing was at stake. `expect` has to become true within
    `deadline_s` of the incident and to stay so until the end, `run_s` after the beginning; `after`
    has to be true at the end. `invariant` names the rule that this story strains most; every rule
    is checked after every step of every story.
    """

    key: str
    group: str
    title: str
    story: tuple[Happening, ...]
    expect: Condition
    deadline_s: float
    run_s: float
    invariant: str
    setup: Setup = field(default_factory=Setup)
    given: Condition | None = None
    after: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of a scenario. `observed_s` is None when what was expected did not come; when a
    rule was broken `invariant` is that rule and `detail` says how."""

    scenario: str
    passed: bool
    deadline_s: float
    observed_s: float | None
    invariant: str
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON-able values."""
        return {
            "scenario": self.scenario,
            "passed": self.passed,
            "deadline_s": self.deadline_s,
            "observed_s": self.observed_s,
            "invariant": self.invariant,
            "detail": self.detail,
        }
