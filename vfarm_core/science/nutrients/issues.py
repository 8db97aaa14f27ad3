"""What a grower should know of an answer: a key, the facts, and a sentence in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Weight(StrEnum):
    """`problem`: the target is not reached or the stock will not hold; `hint`: good to know."""

    PROBLEM = "problem"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing to know. `facts` are what `message` is made of, for other languages."""

    key: str
    weight: Weight
    message: str
    facts: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))


def problem(key: str, message: str, **facts: float | str) -> Issue:
    """An issue that stands between the grower and the target."""
    return Issue(key=key, weight=Weight.PROBLEM, message=message, facts=MappingProxyType(facts))


def hint(key: str, message: str, **facts: float | str) -> Issue:
    """An issue that is good to know."""
    return Issue(key=key, weight=Weight.HINT, message=message, facts=MappingProxyType(facts))
